/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking the kernel's files from a machine: what was taken is written and read back, and says what
 * the allocators say; the zones and lines are those of the architecture and the release.
 */
#include <config.h>

#include "kmreplay/proc/take.h"

#include "kmreplay/core/rng.h"
#include "kmreplay/mm/machine.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/slab_look.h"
#include "kmreplay/mm/vmalloc.h"
#include "kmreplay/mm/zone.h"

#include "snapshot_fixture.h"

#include <string.h>

enum { CPUS = 4, OBJECTS = 3000, BLOCKS = 500 };

/* A machine of "version" on "arch" that has been used. */
static struct machine *make(const char *version, enum machine_arch arch, unsigned int nr_nodes)
{
	const struct machine_ops ops = { 0 };
	struct machine_config config;
	struct kernel_version kernel;
	struct error err = { "" };
	struct machine *m;

	ck_assert(kernel_version_parse(version, &kernel));
	machine_config_init(&config, kernel, arch);
	config.nr_cpus = CPUS;
	config.nr_nodes = nr_nodes;
	machine_config_add_range(&config, 1, 0x20000, 0);
	machine_config_add_range(&config, 0x20000, 0x40000, (int)nr_nodes - 1);
	m = machine_create(&config, &ops, NULL, &err);
	ck_assert_msg(m, "%s", err.message);
	machine_config_deinit(&config);
	return m;
}

static void use(struct machine *m)
{
	const uint32_t gfp = GFP_BIT_DIRECT_RECLAIM | GFP_BIT_KSWAPD_RECLAIM | GFP_BIT_IO |
			     GFP_BIT_FS;
	uint64_t *objects = xcalloc(OBJECTS, sizeof(*objects));
	struct rng rng;

	rng_init(&rng, 7);
	for (unsigned int i = 0; i < BLOCKS; i++) {
		const unsigned int order = (unsigned int)rng_below(&rng, 4);
		const unsigned int cpu = (unsigned int)rng_below(&rng, CPUS);
		struct mm_outcome got = page_alloc(machine_pages(m), cpu, gfp, order, -1, 0);

		ck_assert(mm_ok(got));
		if (i % 3)
			page_free(machine_pages(m), (cpu + i) % CPUS, got.addr, order);
	}
	for (unsigned int i = 0; i < OBJECTS; i++) {
		const uint64_t size = 8 + rng_below(&rng, 6000);

		objects[i] = slab_kmalloc(machine_slab(m), i % CPUS, size, gfp, -1, 0).addr;
	}
	for (unsigned int i = 0; i < OBJECTS; i += 2)
		slab_free(machine_slab(m), (i / 2) % CPUS, objects[i]);
	for (unsigned int i = 0; i < 20; i++) {
		const struct vmalloc_request request = { .size = (i + 1) * 5000, .gfp = gfp,
							 .node = -1 };
		struct mm_outcome got = vmalloc_alloc(machine_vmalloc(m), i % CPUS, &request);

		ck_assert(mm_ok(got));
		if (i % 4 == 0)
			vmalloc_free(machine_vmalloc(m), 0, got.addr);
	}
	free(objects);
}

/* Writes all that "snap" can write and reads it into "back". */
static void round_trip(const struct proc_snapshot *snap, struct proc_snapshot *back)
{
	proc_snapshot_init(back);
	for (enum proc_file file = 0; file < PROC_FILE_NR; file++) {
		struct error err = { "" };
		struct str once, twice;

		if (!proc_has(snap, file))
			continue;
		str_init(&once);
		str_init(&twice);
		proc_file_print(snap, file, &once);
		ck_assert_msg(proc_snapshot_parse(back, file, &once, proc_file_name(file), &err),
			      "%s", err.message);
		proc_file_print(back, file, &twice);
		ck_assert_str_eq(str_text(&once), str_text(&twice));
		str_deinit(&once);
		str_deinit(&twice);
	}
}

static void check_zones(const struct proc_snapshot *snap, const struct page_allocator *pages)
{
	for (unsigned int i = 0; i < zone_count(pages); i++) {
		const struct proc_pagetype_zone *types;
		const struct proc_buddy_row *row;
		const struct proc_zone *zone;
		struct zone_info info;
		uint64_t pcp = 0;

		zone_info(pages, i, &info);
		row = proc_buddy_find(snap, info.node, zone_type_name(info.type));
		zone = proc_zone_find(snap, info.node, zone_type_name(info.type));
		types = proc_pagetype_find(snap, info.node, zone_type_name(info.type));
		ck_assert(row && zone && types && zone->populated);
		for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++) {
			const uint64_t movable = info.nr_free_type[order][MIGRATE_MOVABLE];

			ck_assert(row->nr_free[order] == info.nr_free[order]);
			/* The kernel stops to count there. */
			ck_assert(types->nr_free[1][order] == MIN(movable, (uint64_t)100000));
			ck_assert((types->capped[1] >> order & 1) == (movable >= 100000));
		}
		ck_assert(zone->free == info.free_stat && zone->managed == info.managed);
		ck_assert(zone->spanned == info.end_pfn - info.start_pfn);
		ck_assert(zone->min == info.mark[ZONE_MARK_MIN] + info.boost);
		ck_assert(zone->pagesets.nr == CPUS);
		vec_foreach(&zone->pagesets, set)
			pcp += set->count;
		ck_assert(pcp == info.pcp);
	}
}

static void check_slabs(const struct proc_snapshot *snap, const struct slab_allocator *slab)
{
	struct slab_cache_stats stats;
	size_t rows = 0;
	uint64_t nr;

	for (uint32_t cache = 0; cache < slab_nr_caches(slab); cache++) {
		/* Newest first. */
		const struct proc_slab *row =
			&snap->slabinfo.rows.items[slab_nr_caches(slab) - 1 - cache];

		ck_assert(slab_cache_get_stats(slab, cache, &stats));
		ck_assert_str_eq(row->name, stats.name);
		ck_assert(row->num_slabs == stats.nr_slabs && row->num_objs == stats.num_objs);
		ck_assert(row->active_objs == stats.active_objs);
		rows = proc_table_find(&snap->sys_slab, stats.name);
		ck_assert(proc_table_number(&snap->sys_slab, rows, "slabs", &nr));
		ck_assert(nr == stats.nr_slabs);
		ck_assert(proc_table_number(&snap->sys_slab, rows, "objects", &nr));
		ck_assert(nr == stats.active_objs);
		ck_assert(proc_table_number(&snap->sys_slab, rows, "partial", &nr));
		ck_assert(nr == stats.partial_slabs);
		ck_assert(proc_table_number(&snap->sys_slab, rows, "cpu_slabs", &nr));
		ck_assert(nr <= stats.cpu_slabs + stats.cpu_partial_slabs);
		rows = proc_table_find(&snap->sys_slab_static, stats.name);
		ck_assert(proc_table_number(&snap->sys_slab_static, rows, "slab_size", &nr));
		ck_assert(nr == stats.geometry.size);
	}
	ck_assert(snap->slabinfo.rows.nr == slab_nr_caches(slab));
}

static void check_areas(const struct proc_snapshot *snap, const struct vmalloc *v)
{
	struct vmalloc_stats stats;
	uint64_t pages = 0, lazy = 0;

	vmalloc_stats(v, &stats);
	vec_foreach(&snap->vmallocinfo.rows, row) {
		ck_assert(row->end - row->start == row->size);
		pages += row->nr_pages;
		lazy += row->flags & PROC_AREA_UNPURGED ? row->size / KERNEL_PAGE_SIZE : 0;
	}
	ck_assert(pages == stats.nr_pages && pages > 0);
	ck_assert(lazy == stats.lazy_pages);
	ck_assert(snap->vmallocinfo.rows.nr == stats.nr_busy + stats.nr_lazy);
}

/* Pages of slabs, over all nodes, are those that the allocator holds. */
static void check_counters(const struct proc_snapshot *snap, const struct slab_allocator *slab)
{
	uint64_t sum = 0, nr;

	vec_foreach(&snap->zoneinfo.zones, zone) {
		if (proc_counter_get(zone->node_stats.items, zone->node_stats.nr,
				     "nr_slab_reclaimable", &nr))
			sum += nr;
		if (proc_counter_get(zone->node_stats.items, zone->node_stats.nr,
				     "nr_slab_unreclaimable", &nr))
			sum += nr;
	}
	ck_assert(sum == slab_pages_held(slab) && sum > 0);
}

START_TEST(files_say_what_the_machine_says)
{
	static const struct {
		const char *version;
		enum machine_arch arch;
		unsigned int nr_nodes;
	} cases[] = {
		{ "6.1", ARCH_X86_64, 1 },  { "6.12", ARCH_X86_64, 2 }, { "7.2", ARCH_X86_64, 1 },
		{ "6.1", ARCH_X86_32, 1 }, { "6.18", ARCH_ARM64, 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct machine *m = make(cases[i].version, cases[i].arch, cases[i].nr_nodes);
		struct proc_snapshot snap, back;
		struct error err = { "" };

		use(m);
		proc_snapshot_init(&snap);
		ck_assert(kernel_version_parse(cases[i].version, &snap.kernel));
		proc_take_machine(&snap, m, NULL, NULL);
		round_trip(&snap, &back);
		check_zones(&back, machine_pages(m));
		check_slabs(&back, machine_slab(m));
		check_areas(&back, machine_vmalloc(m));
		check_counters(&back, machine_slab(m));
		/* It was only looked at, and can be looked at again. */
		proc_take_machine(&snap, m, NULL, NULL);
		check_zones(&snap, machine_pages(m));
		check_slabs(&snap, machine_slab(m));
		ck_assert_msg(machine_check(m, &err), "%s", err.message);
		proc_snapshot_deinit(&back);
		proc_snapshot_deinit(&snap);
		machine_destroy(m);
	}
}
END_TEST

/* The names of a kernel's zones and counters, as that kernel wrote them. */
static void check_form(const struct proc_snapshot *ours, const struct proc_snapshot *theirs)
{
	ck_assert_int_eq(ours->zoneinfo.lines, theirs->zoneinfo.lines);
	ck_assert_uint_eq(ours->zoneinfo.zones.nr, theirs->zoneinfo.zones.nr);
	for (size_t i = 0; i < ours->zoneinfo.zones.nr; i++) {
		const struct proc_zone *our = &ours->zoneinfo.zones.items[i];
		const struct proc_zone *their = &theirs->zoneinfo.zones.items[i];

		ck_assert_str_eq(our->id.name, their->id.name);
		ck_assert_uint_eq(our->nr_protection, their->nr_protection);
		if (!our->populated || !their->populated)
			continue;
		ck_assert_uint_eq(our->counters.nr, their->counters.nr);
		for (size_t k = 0; k < our->counters.nr; k++)
			ck_assert_str_eq(our->counters.items[k].name,
					 their->counters.items[k].name);
		ck_assert_uint_eq(our->node_stats.nr, their->node_stats.nr);
		for (size_t k = 0; k < our->node_stats.nr; k++)
			ck_assert_str_eq(our->node_stats.items[k].name,
					 their->node_stats.items[k].name);
	}
}

START_TEST(lines_are_those_of_the_release)
{
	static const struct {
		const char *version, *fixture;
		enum machine_arch arch;
	} cases[] = {
		{ "6.1", "linux-6.1", ARCH_X86_64 },
		{ "6.1", "linux-6.1-i386", ARCH_X86_32 },
		{ "6.12", "linux-6.12", ARCH_X86_64 },
		{ "7.2", "linux-7.2", ARCH_X86_64 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct machine *m = make(cases[i].version, cases[i].arch, 1);
		struct proc_snapshot ours, theirs;

		fixture_read(&theirs, cases[i].fixture);
		proc_snapshot_init(&ours);
		ck_assert(kernel_version_parse(cases[i].version, &ours.kernel));
		proc_take_pages(&ours, machine_pages(m));
		check_form(&ours, &theirs);
		proc_snapshot_deinit(&ours);
		proc_snapshot_deinit(&theirs);
		machine_destroy(m);
	}
}
END_TEST

/* What was read of a kernel stays where a machine knows nothing of it. */
START_TEST(what_was_given_stays)
{
	struct machine *m = make("6.12", ARCH_X86_64, 1);
	struct proc_snapshot snap;
	const struct proc_zone *zone;
	uint64_t before, after;

	fixture_read(&snap, "linux-6.12");
	zone = proc_zone_find(&snap, 0, "DMA");
	ck_assert(proc_counter_get(zone->node_stats.items, zone->node_stats.nr,
				   "nr_kernel_stack", &before) && before > 0);
	proc_take_machine(&snap, m, NULL, NULL);
	zone = proc_zone_find(&snap, 0, "DMA");
	ck_assert(proc_counter_get(zone->node_stats.items, zone->node_stats.nr,
				   "nr_kernel_stack", &after));
	ck_assert(before == after);
	ck_assert(proc_counter_get(zone->counters.items, zone->counters.nr, "nr_free_pages",
				   &after));
	ck_assert(after == zone->free);
	check_zones(&snap, machine_pages(m));
	proc_snapshot_deinit(&snap);
	machine_destroy(m);
}
END_TEST

/* Leaves holes smaller than a pageblock only, so that the next request has to mix types. */
static void mix_types(struct page_allocator *pages)
{
	const uint32_t gfp = GFP_BIT_DIRECT_RECLAIM | GFP_BIT_KSWAPD_RECLAIM | GFP_BIT_IO |
			     GFP_BIT_FS;

	for (uint64_t pfn = 0x200; pfn < 0x40000; pfn += 0x200)
		ck_assert(page_alloc_at(pages, 0, gfp | GFP_BIT_MOVABLE, pfn, 0));
	ck_assert(mm_ok(page_alloc(pages, 0, gfp, 0, -1, 0)));
}

/* Single pages, more of them than the kernel counts in a list. */
static void free_singly(struct page_allocator *pages)
{
	const uint32_t gfp = GFP_BIT_KSWAPD_RECLAIM | GFP_BIT_NOWARN | GFP_BIT_MOVABLE;
	struct vec(uint64_t) pfns = { 0 };
	struct mm_outcome got;

	while (mm_ok(got = page_alloc(pages, 0, gfp, 0, -1, 0)))
		vec_push(&pfns, got.addr);
	vec_foreach(&pfns, pfn)
		if (*pfn % 2)
			page_free(pages, 0, *pfn, 0);
	page_drain_all(pages);
	vec_deinit(&pfns);
}

START_TEST(marks_have_their_boost)
{
	struct machine *m = make("6.12", ARCH_X86_64, 1);
	struct page_allocator *pages = machine_pages(m);
	struct proc_snapshot snap;
	uint64_t boosted = 0;

	mix_types(pages);
	proc_snapshot_init(&snap);
	proc_take_pages(&snap, pages);
	check_zones(&snap, pages);
	vec_foreach(&snap.zoneinfo.zones, zone)
		boosted += zone->boost;
	ck_assert(boosted > 0);
	proc_snapshot_deinit(&snap);
	machine_destroy(m);
}
END_TEST

START_TEST(long_lists_are_not_counted_to_their_end)
{
	struct machine *m = make("6.12", ARCH_X86_64, 1);
	struct page_allocator *pages = machine_pages(m);
	const struct proc_pagetype_zone *types;
	struct proc_snapshot snap, back;

	free_singly(pages);
	proc_snapshot_init(&snap);
	snap.kernel = (struct kernel_version){ 6, 12 };
	proc_take_pages(&snap, pages);
	round_trip(&snap, &back);
	check_zones(&back, pages);
	types = proc_pagetype_find(&back, 0, "DMA32");
	ck_assert(types->capped[1] & 1);
	proc_snapshot_deinit(&back);
	proc_snapshot_deinit(&snap);
	machine_destroy(m);
}
END_TEST

static void second_name(const void *ctx, uint32_t cache, struct str *out)
{
	const uint32_t *named = ctx;

	if (cache == *named)
		str_add(out, "renamed");
}

START_TEST(caches_have_the_names_they_are_given)
{
	struct machine *m = make("6.12", ARCH_X86_64, 1);
	const uint32_t cache = slab_kmalloc_class(machine_slab(m), 100, GFP_BIT_IO);
	struct proc_snapshot snap;

	proc_snapshot_init(&snap);
	proc_take_slab_named(&snap, machine_slab(m), second_name, &cache);
	ck_assert(proc_slab_find(&snap.slabinfo, "renamed"));
	ck_assert(!proc_slab_find(&snap.slabinfo, "kmalloc-128"));
	ck_assert(proc_slab_find(&snap.slabinfo, "kmalloc-64"));
	ck_assert(proc_table_find(&snap.sys_slab, "renamed") != SIZE_MAX);
	proc_snapshot_deinit(&snap);
	machine_destroy(m);
}
END_TEST

UNIT_MAIN("take", files_say_what_the_machine_says, lines_are_those_of_the_release,
	  what_was_given_stays, marks_have_their_boost,
	  long_lists_are_not_counted_to_their_end, caches_have_the_names_they_are_given)
