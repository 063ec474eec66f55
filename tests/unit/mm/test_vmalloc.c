/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of vmalloc(): which requests reach the page allocator, in which order and with which mask,
 * page tables, huge mappings, and that whatever fails gives everything back.
 */
#include <config.h>

#include "kmreplay/mm/vmalloc.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/rng.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/machine_config.h"

#include "unit/unit.h"

#define PAGE ((uint64_t)KERNEL_PAGE_SIZE)
#define KIB  1024ULL
#define MIB  (1024ULL * KIB)

/* One request that came down. */
struct call {
	char kind;     /* p: page_alloc, b: bulk, k: kmalloc, f: page_free, r: run, x: kfree */
	uint64_t size; /* order, pages asked for, or bytes */
	uint32_t gfp;
};

/* The page allocator here: hands out new numbers, remembers what is out, fails on demand. */
struct ground {
	struct vec(struct call) calls;
	struct vec(uint8_t) out; /* by pfn: 1: a single page that is allocated */
	uint64_t live_pages, live_objects, next_object;
	unsigned int max_order;	 /* larger blocks are not there */
	uint64_t budget;	 /* pages left */
	unsigned int bulk_limit; /* a bulk request gives at most so many */
};

static void note(struct ground *g, char kind, uint64_t size, uint32_t gfp)
{
	vec_push(&g->calls, ((struct call){ kind, size, gfp }));
}

static uint64_t hand_out(struct ground *g, uint64_t nr)
{
	uint64_t pfn = (g->out.nr + nr - 1) / nr * nr;

	vec_extend_zeroed(&g->out, pfn + nr);
	for (uint64_t i = 0; i < nr; i++)
		g->out.items[pfn + i] = 1;
	g->live_pages += nr;
	g->budget -= nr;
	return pfn;
}

static struct mm_outcome ground_page(void *ctx, unsigned int cpu UNUSED, uint32_t gfp,
				     unsigned int order, int node UNUSED)
{
	struct ground *g = ctx;

	note(g, 'p', order, gfp);
	if (order > g->max_order || g->budget < 1ULL << order)
		return (struct mm_outcome){ .failure = MM_FAIL_NO_BLOCK };
	return (struct mm_outcome){ .addr = hand_out(g, 1ULL << order) };
}

static unsigned int ground_bulk(void *ctx, unsigned int cpu UNUSED, uint32_t gfp, int node UNUSED,
				unsigned int nr, uint64_t *pfns)
{
	struct ground *g = ctx;
	unsigned int got = (unsigned int)MIN((uint64_t)MIN(nr, g->bulk_limit), g->budget);

	note(g, 'b', nr, gfp);
	for (unsigned int i = 0; i < got; i++)
		pfns[i] = hand_out(g, 1);
	return got;
}

static void ground_split(void *ctx, uint64_t pfn, unsigned int order)
{
	struct ground *g = ctx;

	ck_assert_uint_eq(pfn % (1ULL << order), 0);
	ck_assert_uint_eq(g->out.items[pfn], 1);
}

static struct mm_outcome ground_free(void *ctx, unsigned int cpu UNUSED, uint64_t pfn)
{
	struct ground *g = ctx;

	note(g, 'f', pfn, 0);
	ck_assert_uint_lt(pfn, g->out.nr);
	ck_assert_uint_eq(g->out.items[pfn], 1);
	g->out.items[pfn] = 0;
	g->live_pages--;
	g->budget++;
	return (struct mm_outcome){ 0 };
}

static struct mm_outcome ground_free_run(void *ctx, unsigned int cpu, uint64_t pfn, uint64_t nr)
{
	struct ground *g = ctx;

	for (uint64_t i = 0; i < nr; i++) {
		ground_free(ctx, cpu, pfn + i);
		g->calls.nr--;
	}
	note(g, 'r', nr, 0);
	return (struct mm_outcome){ 0 };
}

static struct mm_outcome ground_kmalloc(void *ctx, unsigned int cpu UNUSED, uint64_t size,
					uint32_t gfp)
{
	struct ground *g = ctx;

	note(g, 'k', size, gfp);
	ck_assert_uint_le(size, PAGE);
	g->live_objects++;
	return (struct mm_outcome){ .addr = 0xffff888000000000 + 64 * ++g->next_object };
}

static struct mm_outcome ground_kfree(void *ctx, unsigned int cpu UNUSED, uint64_t addr)
{
	struct ground *g = ctx;

	note(g, 'x', 0, 0);
	ck_assert_uint_ge(addr, 0xffff888000000000);
	g->live_objects--;
	return (struct mm_outcome){ 0 };
}

static struct vmalloc *make(struct ground *g, unsigned int major, unsigned int minor, bool runs)
{
	const struct vmalloc_ops ops = {
		.page_alloc = ground_page,
		.page_alloc_bulk = ground_bulk,
		.page_split = ground_split,
		.page_free = ground_free,
		.page_free_run = runs ? ground_free_run : NULL,
		.kmalloc = ground_kmalloc,
		.kfree = ground_kfree,
	};
	struct kernel_version version = { major, minor };
	struct machine_config config;
	struct vmalloc *v;

	machine_config_init(&config, version, ARCH_X86_64);
	config.nr_cpus = 2;
	machine_config_add_range(&config, 256, 256 * 1024, 0);
	*g = (struct ground){ .max_order = 10, .budget = 200 * 1024, .bulk_limit = 100 };
	v = vmalloc_create(&config, &ops, g);
	machine_config_deinit(&config);
	return v;
}

static void finish(struct ground *g, struct vmalloc *v)
{
	struct vmalloc_stats stats;
	struct error err;

	ck_assert_msg(vmalloc_check(v, &err), "%s", err.message);
	vmalloc_stats(v, &stats);
	ck_assert_uint_eq(stats.nr_busy, 0);
	ck_assert_uint_eq(stats.nr_pages, 0);
	/* Page tables stay for ever. */
	ck_assert_uint_eq(g->live_pages, stats.nr_pte_pages + stats.nr_pmd_pages);
	ck_assert_uint_eq(g->live_objects, 0);
	vmalloc_destroy(v);
	vec_deinit(&g->calls);
	vec_deinit(&g->out);
}

/* The calls since the last look are "kinds", one letter each; then forgets them. */
static void expect(struct ground *g, const char *kinds)
{
	char seen[64] = "";

	ck_assert_uint_lt(g->calls.nr, sizeof(seen));
	for (size_t i = 0; i < g->calls.nr; i++)
		seen[i] = g->calls.items[i].kind;
	ck_assert_str_eq(seen, kinds);
}

START_TEST(plain_vmalloc_takes_pages_in_bulk)
{
	const struct vmalloc_request request = { .size = 250 * PAGE - 5,
						 .gfp = GFP_BITS_KERNEL,
						 .node = -1 };
	const uint32_t table = GFP_BITS_KERNEL | GFP_BIT_ZERO | GFP_BIT_COMP;
	struct ground g;
	struct vmalloc *v = make(&g, 6, 12, false);
	struct mm_outcome outcome = vmalloc_alloc(v, 0, &request);
	struct vmap_area_info info;
	uint64_t at = 0;

	ck_assert(mm_ok(outcome));
	expect(&g, "kkbbbpp");
	ck_assert_uint_eq(g.calls.items[0].size, 72); /* struct vm_struct */
	ck_assert_uint_eq(g.calls.items[0].gfp, GFP_BITS_KERNEL | GFP_BIT_ZERO);
	ck_assert_uint_eq(g.calls.items[1].size, 250 * 8);
	ck_assert_uint_eq(g.calls.items[2].size, 100);
	ck_assert_uint_eq(g.calls.items[4].size, 50);
	ck_assert_uint_eq(g.calls.items[4].gfp, GFP_BITS_KERNEL | GFP_BIT_HIGHMEM | GFP_BIT_NOWARN);
	ck_assert_uint_eq(g.calls.items[5].gfp, table); /* a page of pmds, a page of ptes */
	ck_assert_uint_eq(g.calls.items[6].gfp, table);
	ck_assert(vmap_area_next(v, &at, &info));
	ck_assert_uint_eq(info.size, 251 * PAGE);
	ck_assert_uint_eq(info.nr_pages, 250);
	g.calls.nr = 0;
	ck_assert(mm_ok(vmalloc_free(v, 1, outcome.addr)));
	ck_assert_uint_eq(g.calls.nr, 252);
	ck_assert_int_eq(g.calls.items[249].kind, 'f');
	ck_assert_int_eq(g.calls.items[250].kind, 'x');
	finish(&g, v);
}
END_TEST

START_TEST(short_bulk_goes_on_with_singles)
{
	const struct vmalloc_request request = { .size = 4 * PAGE,
						 .align = 16 * KIB,
						 .gfp = GFP_BITS_KERNEL | GFP_BIT_DMA32,
						 .node = 0 };
	struct ground g;
	struct vmalloc *v = make(&g, 6, 1, false);
	struct mm_outcome outcome;

	g.bulk_limit = 1;
	outcome = vmalloc_alloc(v, 0, &request);
	ck_assert(mm_ok(outcome));
	ck_assert_uint_eq(outcome.addr % (16 * KIB), 0);
	expect(&g, "kkbppppp");
	ck_assert_uint_eq(g.calls.items[3].gfp, GFP_BITS_KERNEL | GFP_BIT_DMA32 | GFP_BIT_NOWARN);
	ck_assert(mm_ok(vmalloc_free(v, 0, outcome.addr)));
	finish(&g, v);
}
END_TEST

START_TEST(large_arrays_are_vmalloced_themselves)
{
	const struct vmalloc_request request = { .size = 600 * PAGE,
						 .gfp = GFP_BITS_KERNEL,
						 .node = -1 };
	struct ground g;
	struct vmalloc *v = make(&g, 6, 12, false);
	struct mm_outcome outcome = vmalloc_alloc(v, 0, &request);
	struct vmalloc_stats stats;

	ck_assert(mm_ok(outcome));
	/* vm; the array: vm, its array, 2 pages, tables; then 6 bulk requests and one table. */
	expect(&g, "kkkbppbbbbbbp");
	vmalloc_stats(v, &stats);
	ck_assert_uint_eq(stats.nr_busy, 2);
	ck_assert_uint_eq(stats.nr_pages, 602);
	ck_assert(mm_ok(vmalloc_free(v, 0, outcome.addr)));
	vmalloc_stats(v, &stats);
	ck_assert_uint_eq(stats.nr_busy, 0);
	ck_assert_uint_eq(stats.lazy_pages, 601 + 3);
	ck_assert_uint_eq(stats.peak_pages, 602);
	finish(&g, v);
}
END_TEST

START_TEST(newer_kernels_take_large_orders_first)
{
	const struct vmalloc_request request = { .size = 501 * PAGE,
						 .gfp = GFP_BITS_KERNEL,
						 .node = -1 };
	static const uint64_t orders[] = { 8, 7, 6, 5, 4, 2 };
	struct ground g;
	struct vmalloc *v = make(&g, 7, 2, true);
	struct mm_outcome outcome = vmalloc_alloc(v, 0, &request);

	ck_assert(mm_ok(outcome));
	/* 501 = 256 + 128 + 64 + 32 + 16 + 4, and 1 by the bulk allocator */
	expect(&g, "kkppppppbpp");
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		ck_assert_uint_eq(g.calls.items[2 + i].size, orders[i]);
		ck_assert_uint_eq(g.calls.items[2 + i].gfp,
				  (GFP_BITS_KERNEL & ~(uint32_t)GFP_BIT_DIRECT_RECLAIM) |
					  GFP_BIT_HIGHMEM | GFP_BIT_NOWARN);
	}
	ck_assert_uint_eq(g.calls.items[8].size, 1);
	g.calls.nr = 0;
	ck_assert(mm_ok(vmalloc_free(v, 0, outcome.addr)));
	ck_assert_int_eq(g.calls.items[0].kind, 'r');
	g.calls.nr = 0;

	g.max_order = 3; /* each step down is one failure, and is remembered */
	outcome = vmalloc_alloc(
		v, 0,
		&(struct vmalloc_request){ .size = 70 * PAGE, .node = -1, .gfp = GFP_BITS_KERNEL });
	ck_assert(mm_ok(outcome));
	/* orders 6, 5, 4 fail; 8 of order 3, one each of 2 and 1; a table for the next 2 MiB */
	expect(&g, "kkppp"
		   "pppppppp"
		   "pp"
		   "p");
	ck_assert(mm_ok(vmalloc_free(v, 0, outcome.addr)));
	finish(&g, v);
}
END_TEST

START_TEST(huge_mappings_and_their_fallback)
{
	const struct vmalloc_request request = {
		.size = 3 * MIB, .gfp = GFP_BITS_KERNEL, .node = -1, .flags = VMALLOC_HUGE
	};
	struct ground g;
	struct vmalloc *v = make(&g, 6, 12, false);
	struct mm_outcome outcome = vmalloc_alloc(v, 0, &request);
	struct vmap_area_info info;
	uint64_t at;

	ck_assert(mm_ok(outcome));
	ck_assert_uint_eq(outcome.addr % (2 * MIB), 0);
	at = outcome.addr;
	ck_assert(vmap_area_next(v, &at, &info));
	ck_assert(info.huge);
	ck_assert_uint_eq(info.size, 4 * MIB + PAGE);
	ck_assert_uint_eq(info.nr_pages, 1024);
	ck_assert(mm_ok(vmalloc_free(v, 0, outcome.addr)));

	g.max_order = 8;
	outcome = vmalloc_alloc(v, 0, &request);
	ck_assert(mm_ok(outcome));
	at = outcome.addr;
	ck_assert(vmap_area_next(v, &at, &info));
	ck_assert(!info.huge);
	ck_assert_uint_eq(info.nr_pages, 768);
	ck_assert(mm_ok(vmalloc_free(v, 0, outcome.addr)));

	finish(&g, v);
}
END_TEST

START_TEST(a_huge_mapping_replaces_tables)
{
	struct vmalloc_request request = { .size = 3 * MIB, .gfp = GFP_BITS_KERNEL, .node = -1 };
	struct ground g;
	struct vmalloc *v = make(&g, 6, 12, false);
	struct mm_outcome small = vmalloc_alloc(v, 0, &request), huge;
	struct vmalloc_stats stats;

	vmalloc_stats(v, &stats);
	ck_assert_uint_eq(stats.nr_pte_pages, 2);
	ck_assert_uint_eq(stats.nr_pmd_pages, 1);
	ck_assert(mm_ok(vmalloc_free(v, 0, small.addr)));
	vmap_purge(v);
	vmap_pools_drain(v);
	request.flags = VMALLOC_HUGE;
	huge = vmalloc_alloc(v, 0, &request);
	ck_assert_uint_eq(huge.addr, small.addr);
	vmalloc_stats(v, &stats);
	ck_assert_uint_eq(stats.nr_pte_pages, 1); /* the array's, behind it */
	ck_assert(mm_ok(vmalloc_free(v, 0, huge.addr)));
	finish(&g, v);
}
END_TEST

START_TEST(what_fails_gives_everything_back)
{
	static const struct kernel_version versions[] = { { 6, 1 }, { 6, 12 }, { 7, 2 } };

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		for (uint64_t budget = 0; budget < 620; budget += budget < 8 ? 1 : 51) {
			struct vmalloc_request request = { .size = 2 * MIB + 400 * KIB,
							   .gfp = GFP_BITS_KERNEL,
							   .node = -1,
							   .flags = VMALLOC_HUGE };
			struct ground g;
			struct vmalloc *v = make(&g, versions[i].major, versions[i].minor, false);
			struct mm_outcome outcome;

			g.budget = budget;
			outcome = vmalloc_alloc(v, 0, &request);
			ck_assert(!mm_ok(outcome));
			ck_assert_uint_eq(outcome.addr, 0);
			finish(&g, v);
		}
	}
}
END_TEST

START_TEST(other_kinds_of_areas)
{
	struct vmalloc_request request = { .size = 100 * KIB, .gfp = GFP_BITS_KERNEL, .node = -1 };
	struct ground g;
	struct vmalloc *v = make(&g, 6, 12, false);
	struct mm_outcome module, mapped, bare, filled;
	struct vmalloc_stats stats;

	request.flags = VMALLOC_MODULES | VMALLOC_FLUSH_RESET;
	module = vmalloc_alloc(v, 0, &request);
	ck_assert_uint_eq(module.addr, 0xffffffffc0000000);
	request.flags = VMALLOC_IOREMAP;
	mapped = vmalloc_alloc(v, 0, &request);
	ck_assert_uint_eq(mapped.addr % (128 * KIB), 0);
	vmalloc_stats(v, &stats);
	ck_assert_uint_eq(stats.nr_pages, 25);
	ck_assert_uint_eq(stats.nr_pmd_pages, 0); /* the module range has them from boot on */
	ck_assert(mm_ok(vmalloc_free(v, 0, module.addr)));
	vmalloc_stats(v, &stats);
	ck_assert_uint_eq(stats.nr_purges, 1);
	ck_assert_uint_eq(stats.nr_lazy, 0);

	bare = vmap_area_alloc(v, 0, 26 * PAGE, 1, stats.range_start, stats.range_end);
	request.flags = 0;
	filled = vmalloc_populate(v, 0, bare.addr, &request);
	ck_assert(mm_ok(filled));
	ck_assert_int_eq(vmalloc_populate(v, 0, bare.addr, &request).failure, MM_FAIL_INVALID);
	ck_assert_int_eq(vmalloc_populate(v, 0, 4096, &request).failure, MM_FAIL_INVALID);
	vmalloc_stats(v, &stats);
	ck_assert_uint_eq(stats.nr_pages, 25);
	ck_assert(mm_ok(vmap_area_free(v, 0, bare.addr)));

	bare = vmap_area_alloc(v, 0, 26 * PAGE, 1, stats.range_start, stats.range_end);
	g.budget = 10;
	filled = vmalloc_populate(v, 0, bare.addr, &request);
	ck_assert_int_eq(filled.failure, MM_FAIL_NO_BLOCK); /* what the last page said */
	ck_assert(mm_ok(vmap_area_free(v, 0, bare.addr)));
	ck_assert(mm_ok(vmalloc_free(v, 0, mapped.addr)));
	finish(&g, v);
}
END_TEST

START_TEST(hostile_requests_fail)
{
	static const struct vmalloc_request bad[] = {
		{ .size = 0 },
		{ .size = UINT64_MAX },
		{ .size = 1ULL << 61, .flags = VMALLOC_IOREMAP },
		{ .size = PAGE, .align = 3 },
		{ .size = PAGE, .align = 1ULL << 63 },
		{ .size = 1ULL << 40 },
		{ .size = 1ULL << 40, .flags = VMALLOC_HUGE },
	};
	struct ground g;
	struct vmalloc *v = make(&g, 6, 12, false);

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert(!mm_ok(vmalloc_alloc(v, 0, &bad[i])));
	ck_assert_int_eq(vmalloc_free(v, 0, 12345).failure, MM_FAIL_INVALID);
	finish(&g, v);
}
END_TEST

static struct vmalloc_request random_request(struct rng *rng)
{
	return (struct vmalloc_request){
		.size = 1 + rng_below(rng, 1ULL << rng_below(rng, 25)),
		.align = rng_below(rng, 3) ? 0 : PAGE << rng_below(rng, 10),
		.gfp = rng_below(rng, 4) ? GFP_BITS_KERNEL : GFP_BIT_KSWAPD_RECLAIM,
		.node = -1,
		.flags = (unsigned int)rng_below(rng, 32),
	};
}

static void random_ops(struct vmalloc *v, struct ground *g, struct rng *rng)
{
	uint64_t live[64];
	size_t nr = 0;

	for (unsigned int op = 0; op < 3000; op++) {
		struct vmalloc_request request = random_request(rng);
		struct error err;

		g->max_order = (unsigned int)rng_below(rng, 11);
		g->bulk_limit = (unsigned int)rng_below(rng, 120);
		g->calls.nr = 0;
		if (nr < ARRAY_SIZE(live) && rng_below(rng, 2)) {
			struct mm_outcome outcome = vmalloc_alloc(v, op % 2, &request);

			if (mm_ok(outcome))
				live[nr++] = outcome.addr;
		} else if (nr) {
			size_t at = rng_below(rng, nr);

			ck_assert(mm_ok(vmalloc_free(v, op % 2, live[at])));
			live[at] = live[--nr];
		}
		ck_assert_msg(vmalloc_check(v, &err), "%s", err.message);
	}
	while (nr)
		ck_assert(mm_ok(vmalloc_free(v, 0, live[--nr])));
}

START_TEST(random_requests_keep_the_books)
{
	static const struct kernel_version versions[] = { { 6, 1 }, { 6, 12 }, { 7, 2 } };

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		struct ground g;
		struct vmalloc *v = make(&g, versions[i].major, versions[i].minor, i == 2);
		struct rng rng;

		rng_init(&rng, 12 + i);
		g.budget = 40000;
		random_ops(v, &g, &rng);
		finish(&g, v);
	}
}
END_TEST

UNIT_MAIN("vmalloc", plain_vmalloc_takes_pages_in_bulk, short_bulk_goes_on_with_singles,
	  large_arrays_are_vmalloced_themselves, newer_kernels_take_large_orders_first,
	  huge_mappings_and_their_fallback, a_huge_mapping_replaces_tables,
	  what_fails_gives_everything_back, other_kinds_of_areas, hostile_requests_fail,
	  random_requests_keep_the_books)
