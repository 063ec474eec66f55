/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zoneinfo: lines that releases added, values of real kernels, an old layout, two nodes. */
#include <config.h>

#include "snapshot_fixture.h"

#include <string.h>

START_TEST(each_release_has_its_lines)
{
	static const struct {
		struct kernel_version kernel;
		unsigned int lines;
	} cases[] = {
		{ { 3, 7 }, PROC_ZONE_THRESHOLD },
		{ { 4, 19 }, PROC_ZONE_THRESHOLD | PROC_ZONE_MANAGED },
		{ { 6, 1 },
		  PROC_ZONE_THRESHOLD | PROC_ZONE_MANAGED | PROC_ZONE_CMA | PROC_ZONE_BOOST },
		{ { 6, 12 }, PROC_ZONE_THRESHOLD | PROC_ZONE_MANAGED | PROC_ZONE_CMA |
				     PROC_ZONE_BOOST | PROC_ZONE_PROMO },
		{ { 6, 18 }, PROC_ZONE_THRESHOLD | PROC_ZONE_MANAGED | PROC_ZONE_CMA |
				     PROC_ZONE_BOOST | PROC_ZONE_PROMO | PROC_ZONE_PCP_LIMITS },
		{ { 7, 2 }, PROC_ZONE_THRESHOLD | PROC_ZONE_MANAGED | PROC_ZONE_CMA |
				    PROC_ZONE_BOOST | PROC_ZONE_PROMO | PROC_ZONE_PCP_LIMITS |
				    PROC_ZONE_HIGHATOMIC },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_uint_eq(proc_zoneinfo_lines(cases[i].kernel), cases[i].lines);
}
END_TEST

/* What the table says of a release is what a kernel of it wrote. */
START_TEST(real_kernels_have_the_lines_of_their_release)
{
	for (size_t i = 0; i < ARRAY_SIZE(fixture_names); i++) {
		struct proc_snapshot snap;

		fixture_read(&snap, fixture_names[i]);
		ck_assert_uint_eq(snap.zoneinfo.lines, proc_zoneinfo_lines(snap.kernel));
		proc_snapshot_deinit(&snap);
	}
}
END_TEST

START_TEST(values_are_those_of_the_file)
{
	const struct proc_zone *zone;
	struct proc_snapshot snap;
	uint64_t nr;

	fixture_read(&snap, "linux-7.2");
	ck_assert_uint_eq(snap.zoneinfo.zones.nr, 5);
	zone = proc_zone_find(&snap, 0, "DMA");
	ck_assert_ptr_nonnull(zone);
	ck_assert(zone->populated && zone->node_stats.nr > 40);
	ck_assert_uint_eq(zone->spanned, 4095);
	ck_assert_uint_eq(zone->present, 3998);
	ck_assert_uint_eq(zone->managed, 3840);
	ck_assert_uint_eq(zone->start_pfn, 1);
	ck_assert_uint_eq(zone->nr_protection, 5);
	ck_assert_uint_eq(zone->pagesets.nr, 2);
	ck_assert_uint_eq(zone->pagesets.items[1].cpu, 1);
	ck_assert_uint_eq(zone->pagesets.items[1].batch, 1);
	ck_assert_uint_eq(zone->pagesets.items[1].stat_threshold, 4);
	ck_assert(proc_counter_get(zone->counters.items, zone->counters.nr, "nr_free_pages", &nr));
	ck_assert_uint_eq(nr, zone->free);
	ck_assert(!proc_counter_get(zone->counters.items, zone->counters.nr, "nr_bounce", &nr));
	zone = proc_zone_find(&snap, 0, "Normal");
	ck_assert_uint_eq(zone->cma, 16384);
	ck_assert_uint_eq(zone->node_stats.nr, 0);
	zone = proc_zone_find(&snap, 0, "Movable");
	ck_assert(zone && !zone->populated && !zone->counters.nr);
	ck_assert_ptr_null(proc_zone_find(&snap, 1, "DMA"));
	ck_assert_ptr_null(proc_zone_find(&snap, 0, "HighMem"));
	proc_snapshot_deinit(&snap);
}
END_TEST

/* Before 4.13 or so: "scanned", counters four blanks in, "protection" behind them. */
START_TEST(an_old_layout_is_understood)
{
	static const char text[] = "Node 0, zone      DMA\n"
				   "  pages free     3967\n"
				   "        min      33\n"
				   "        low      41\n"
				   "        high     49\n"
				   "        scanned  0\n"
				   "        spanned  4095\n"
				   "        present  3998\n"
				   "        managed  3975\n"
				   "    nr_free_pages 3967\n"
				   "    nr_alloc_batch 8\n"
				   "        protection: (0, 2974, 15957, 15957)\n"
				   "  pagesets\n"
				   "    cpu: 0\n"
				   "              count: 2\n"
				   "              high:  6\n"
				   "              batch: 1\n"
				   "  vm stats threshold: 6\n"
				   "  all_unreclaimable: 1\n"
				   "  start_pfn:         1\n"
				   "  inactive_ratio:    1\n";
	const struct proc_zone *zone;
	struct proc_snapshot snap;
	struct error err;
	uint64_t nr;

	proc_snapshot_init(&snap);
	ck_assert_msg(fixture_parse(&snap, PROC_ZONEINFO, text, &err), "%s", err.message);
	ck_assert_uint_eq(snap.zoneinfo.lines, PROC_ZONE_MANAGED | PROC_ZONE_THRESHOLD);
	zone = proc_zone_find(&snap, 0, "DMA");
	ck_assert_uint_eq(zone->high, 49);
	ck_assert_uint_eq(zone->protection[2], 15957);
	ck_assert_uint_eq(zone->pagesets.items[0].high, 6);
	ck_assert_uint_eq(zone->node_unreclaimable, 1);
	ck_assert_uint_eq(zone->start_pfn, 1);
	ck_assert(proc_counter_get(zone->counters.items, zone->counters.nr, "nr_alloc_batch", &nr));
	ck_assert_uint_eq(nr, 8);
	proc_snapshot_deinit(&snap);
}
END_TEST

static void fill(struct proc_snapshot *snap, struct kernel_version kernel)
{
	struct proc_zone empty = { .id = { 1, "DMA" }, .nr_protection = 1 };
	struct proc_zone zone = { .id = { 1, "Normal" }, .free = 5, .min = 1, .low = 2, .high = 3,
				  .promo = 4, .spanned = 9, .present = 8, .managed = 7,
				  .nr_protection = 2, .protection = { 0, 6 }, .populated = true,
				  .start_pfn = 4096, .reserved_highatomic = 2 };

	vec_push(&zone.node_stats, (struct proc_counter){ "nr_dirty", 1 });
	vec_push(&zone.counters, (struct proc_counter){ "nr_free_pages", 5 });
	vec_push(&zone.pagesets, (struct proc_pageset){ .cpu = 3, .count = 1, .high = 2,
							.batch = 3, .high_min = 4, .high_max = 5,
							.stat_threshold = 6 });
	vec_push(&snap->zoneinfo.zones, empty);
	vec_push(&snap->zoneinfo.zones, zone);
	snap->zoneinfo.lines = proc_zoneinfo_lines(kernel);
	proc_set_has(snap, PROC_ZONEINFO);
}

#define EMPTY_ZONE                                                                            \
	"Node 1, zone      DMA\n  pages free     0\n        boost    0\n"                   \
	"        min      0\n        low      0\n        high     0\n        promo    0\n"  \
	"        spanned  0\n        present  0\n        managed  0\n        cma      0\n"  \
	"        protection: (0)\n"
#define FULL_ZONE                                                                             \
	"Node 1, zone   Normal\n  per-node stats\n      nr_dirty     1\n"                   \
	"  pages free     5\n        boost    0\n        min      1\n        low      2\n"  \
	"        high     3\n        promo    4\n        spanned  9\n        present  8\n"  \
	"        managed  7\n        cma      0\n        protection: (0, 6)\n"              \
	"      nr_free_pages 5\n  pagesets\n    cpu: 3\n"

START_TEST(a_filled_snapshot_is_laid_out_as_its_release)
{
	static const struct {
		struct kernel_version kernel;
		const char *tail;
	} cases[] = {
		{ { 6, 12 },
		  "              count: 1\n              high:  2\n              batch: 3\n"
		  "  vm stats threshold: 6\n"
		  "  node_unreclaimable:  0\n  start_pfn:           4096\n" },
		{ { 6, 18 },
		  "              count:    1\n              high:     2\n"
		  "              batch:    3\n              high_min: 4\n"
		  "              high_max: 5\n  vm stats threshold: 6\n"
		  "  node_unreclaimable:  0\n  start_pfn:           4096\n" },
		{ { 7, 2 },
		  "              count:    1\n              high:     2\n"
		  "              batch:    3\n              high_min: 4\n"
		  "              high_max: 5\n  vm stats threshold: 6\n"
		  "  node_unreclaimable:  0\n  start_pfn:           4096\n"
		  "  reserved_highatomic: 2\n  free_highatomic:     0\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *want = xasprintf("%s%s%s", EMPTY_ZONE, FULL_ZONE, cases[i].tail);
		struct proc_snapshot snap;
		struct str got;

		proc_snapshot_init(&snap);
		fill(&snap, cases[i].kernel);
		str_init(&got);
		proc_file_print(&snap, PROC_ZONEINFO, &got);
		ck_assert_str_eq(str_text(&got), want);
		str_deinit(&got);
		proc_snapshot_deinit(&snap);
		free(want);
	}
}
END_TEST

UNIT_MAIN("zoneinfo", each_release_has_its_lines, real_kernels_have_the_lines_of_their_release,
	  values_are_those_of_the_file, an_old_layout_is_understood,
	  a_filled_snapshot_is_laid_out_as_its_release)
