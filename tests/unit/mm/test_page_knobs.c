/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each field of struct machine_config that the page allocator obeys changes: every case makes
 * the same machine with the field as it is by default and set otherwise, and sees a difference.
 */
#include <config.h>

#include "kmreplay/core/vec.h"
#include "kmreplay/mm/page_parts.h"
#include "unit/unit.h"

#include <string.h>

enum {
	BASE = 0x100000,
	MOVABLE = GFP_BITS_KERNEL | GFP_BIT_MOVABLE,
	ATOMIC = GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM,
};

/* A machine of "pages" pages from 4 GiB on, whose owner holds a stock of movable pages. */
struct ground {
	struct machine_config config;
	struct page_allocator *pa;
	struct vec(uint64_t) stock; /* oldest first */
	size_t next;                /* the oldest not yet given up */
	uint64_t moves, kills;
	uint64_t victim; /* pages that a kill frees */
};

static const struct kernel_version versions[] = { { 6, 1 }, { 6, 12 }, { 7, 2 } };

static void on_moved(void *ctx, uint64_t old_pfn, uint64_t new_pfn, unsigned int order)
{
	struct ground *g = ctx;

	ck_assert_uint_eq(order, 0);
	g->moves++;
	vec_foreach(&g->stock, pfn) {
		if (*pfn == old_pfn)
			*pfn = new_pfn;
	}
}

static uint64_t on_reclaim(void *ctx, uint64_t nr_pages, uint32_t gfp)
{
	struct ground *g = ctx;
	uint64_t freed = 0;

	(void)gfp;
	for (; freed < nr_pages && g->next < g->stock.nr; freed++)
		page_free(g->pa, 0, g->stock.items[g->next++], 0);
	return freed;
}

static uint64_t on_oom(void *ctx, uint32_t gfp)
{
	struct ground *g = ctx;

	(void)gfp;
	g->kills++;
	for (uint64_t i = 0; i < g->victim; i++)
		page_free(g->pa, 0, g->stock.items[g->stock.nr - 1 - i], 0);
	return g->victim;
}

static void ground_init(struct ground *g, int version, uint64_t pages)
{
	memset(g, 0, sizeof(*g));
	machine_config_init(&g->config, versions[version], ARCH_X86_64);
	machine_config_add_range(&g->config, BASE, BASE + pages, 0);
}

static void ground_start(struct ground *g)
{
	static const struct page_ops ops = {
		.moved = on_moved, .reclaim = on_reclaim, .oom = on_oom
	};
	struct error err;

	g->pa = page_allocator_create(&g->config, &ops, g, &err);
	ck_assert_msg(g->pa != NULL, "%s", err.message);
}

static void ground_deinit(struct ground *g)
{
	struct error err;

	ck_assert_msg(page_check(g->pa, &err), "%s", err.message);
	page_allocator_destroy(g->pa);
	machine_config_deinit(&g->config);
	vec_deinit(&g->stock);
}

/* All of memory but "leave_free" pages goes to the stock, regardless of marks. */
static void fill(struct ground *g, uint64_t leave_free)
{
	while (page_free_total(g->pa) > leave_free) {
		const struct mm_outcome out =
			page_alloc(g->pa, 0, GFP_BIT_MEMALLOC | GFP_BIT_MOVABLE, 0, -1, 0);

		ck_assert(mm_ok(out));
		vec_push(&g->stock, out.addr);
	}
	g->pa->stats = (struct page_stats){ 0 };
}

/* Every second page of a full machine is free, and nothing can be reclaimed. */
static void fill_every_other(struct ground *g)
{
	fill(g, 0);
	vec_foreach(&g->stock, pfn) {
		if (!(*pfn & 1))
			page_free(g->pa, 0, *pfn, 0);
	}
	page_drain_all(g->pa);
	g->next = SIZE_MAX;
}

static struct mm_outcome get(struct ground *g, uint32_t gfp, unsigned int order)
{
	return page_alloc(g->pa, 0, gfp, order, -1, 0);
}

static const struct page_stats *stats(const struct ground *g)
{
	return page_allocator_stats(g->pa);
}

/* Atomic requests that succeed after one has met a full machine, with or without kswapd. */
static unsigned int later_successes(int version, bool kswapd)
{
	struct ground g;
	unsigned int nr = 0;

	ground_init(&g, version, 0x2000);
	g.config.kswapd = kswapd;
	ground_start(&g);
	fill(&g, 0);
	ck_assert(!mm_ok(get(&g, ATOMIC, 0)));
	for (int i = 0; i < 100; i++)
		nr += mm_ok(get(&g, ATOMIC, 0));
	ck_assert_int_eq(stats(&g)->kswapd_wakes > 0, kswapd);
	ground_deinit(&g);
	return nr;
}

START_TEST(kswapd_works_in_the_background_or_not)
{
	ck_assert_uint_gt(later_successes(_i, true), 50);
	ck_assert_uint_eq(later_successes(_i, false), 0);
}
END_TEST

static uint64_t boosts(int version, bool kswapd)
{
	struct ground g;
	uint64_t nr;

	ground_init(&g, version, 0x10000);
	g.config.kswapd = kswapd;
	ground_start(&g);
	for (uint32_t at = 0; at < 0x10000; at += 0x200)
		ck_assert(page_alloc_at(g.pa, 0, MOVABLE, BASE + at, 0));
	ck_assert(mm_ok(get(&g, GFP_BITS_KERNEL, 0)));
	nr = stats(&g)->watermark_boosts;
	ground_deinit(&g);
	return nr;
}

START_TEST(boosts_need_kswapd_to_end_them)
{
	ck_assert_uint_gt(boosts(_i, true), 0);
	ck_assert_uint_eq(boosts(_i, false), 0);
}
END_TEST

START_TEST(without_direct_reclaim_requests_wait_for_kswapd)
{
	struct ground g;
	struct mm_outcome out;

	ground_init(&g, _i, 0x2000);
	g.config.direct_reclaim = false;
	ground_start(&g);
	fill(&g, 0);
	/* Nobody wakes kswapd for it: nothing is reclaimed, so it comes to the OOM killer. */
	out = get(&g, GFP_BITS_KERNEL & ~(uint32_t)GFP_BIT_KSWAPD_RECLAIM, 0);
	ck_assert(!mm_ok(out));
	ck_assert_uint_eq(g.kills, 1);
	out = get(&g, GFP_BITS_KERNEL, 0);
	ck_assert(mm_ok(out));
	ck_assert_int_eq(out.path, MM_PATH_SLOWPATH);
	ck_assert_uint_eq(g.kills, 1);
	ck_assert_uint_eq(stats(&g)->direct_reclaims, 0);
	ck_assert_uint_gt(stats(&g)->kswapd_pages, 0);
	ck_assert_uint_ge(out.cost_ns, SWAP_CLUSTER_MAX * g.pa->costs.reclaim_page);
	ground_deinit(&g);
}
END_TEST

START_TEST(without_direct_compaction_pieces_stay_pieces)
{
	for (int on = 0; on < 2; on++) {
		struct ground g;
		struct mm_outcome out;

		ground_init(&g, _i, 0x2000);
		g.config.watermark_boost_factor = 0;
		g.config.direct_compaction = on;
		ground_start(&g);
		fill_every_other(&g);
		out = get(&g, GFP_BITS_KERNEL & ~(uint32_t)GFP_BIT_KSWAPD_RECLAIM, 4);
		ck_assert_int_eq(mm_ok(out), on);
		ck_assert_int_eq(g.moves > 0, on);
		ck_assert_int_eq(out.failure, on ? MM_FAIL_NONE : MM_FAIL_NO_BLOCK);
		ground_deinit(&g);
	}
}
END_TEST

START_TEST(extfrag_threshold_decides_whether_compaction_is_tried)
{
	static const unsigned int thresholds[] = { 0, 500, 1000 };

	for (size_t i = 0; i < ARRAY_SIZE(thresholds); i++) {
		struct ground g;
		bool tried = thresholds[i] < 1000;

		ground_init(&g, _i, 0x2000);
		g.config.watermark_boost_factor = 0;
		g.config.extfrag_threshold = thresholds[i];
		ground_start(&g);
		fill_every_other(&g); /* the index of order 4 is above 900 */
		ck_assert_int_eq(mm_ok(get(&g, GFP_BITS_KERNEL, 4)), tried);
		ck_assert_int_eq(stats(&g)->compactions > 0, tried);
		ground_deinit(&g);
	}
}
END_TEST

START_TEST(atomic_requests_have_reserves_or_stop_at_min)
{
	for (int on = 0; on < 2; on++) {
		struct ground g;
		struct zone_info zone;
		uint64_t below = 0;

		ground_init(&g, _i, 0x8000);
		g.config.atomic_reserves = on;
		ground_start(&g);
		fill(&g, 0x1000);
		g.next = SIZE_MAX;
		while (mm_ok(get(&g, GFP_BITS_KERNEL | GFP_BIT_NORETRY, 0)))
			;
		zone_info(g.pa, 0, &zone);
		ck_assert_uint_le(zone.free_stat, zone.mark[ZONE_MARK_MIN]);
		/* What its per-CPU list still holds needs no watermark. */
		while (mm_ok(get(&g, ATOMIC, 0)))
			below++;
		if (on)
			ck_assert_uint_ge(below, zone.mark[ZONE_MARK_MIN] / 2);
		else
			ck_assert_uint_eq(below, 0);
		ground_deinit(&g);
	}
}
END_TEST

START_TEST(highatomic_blocks_are_set_aside_or_not)
{
	for (int on = 0; on < 2; on++) {
		struct ground g;
		struct zone_info zone;

		ground_init(&g, _i, 0x10000);
		g.config.highatomic = on;
		ground_start(&g);
		do {
			ck_assert(mm_ok(
				get(&g, GFP_BITS_KERNEL & ~(uint32_t)GFP_BIT_KSWAPD_RECLAIM, 4)));
			zone_info(g.pa, 0, &zone);
		} while (zone.free > zone.mark[ZONE_MARK_LOW]);
		ck_assert(mm_ok(get(&g, GFP_BIT_HIGH, 5)));
		zone_info(g.pa, 0, &zone);
		ck_assert_uint_eq(zone.reserved_highatomic, on ? 512 : 0);
		ground_deinit(&g);
	}
}
END_TEST

START_TEST(oom_killer_kills_or_requests_fail)
{
	for (int on = 0; on < 2; on++) {
		struct ground g;

		ground_init(&g, _i, 0x2000);
		g.config.oom_kill = on;
		ground_start(&g);
		fill(&g, 0);
		g.next = SIZE_MAX;
		g.victim = 1000;
		ck_assert_int_eq(mm_ok(get(&g, GFP_BITS_KERNEL, 0)), on);
		ck_assert_uint_eq(g.kills, (uint64_t)on);
		ck_assert_uint_eq(stats(&g)->oom, (uint64_t)on);
		ck_assert_uint_eq(stats(&g)->oom_pages, on ? 1000 : 0);
		ground_deinit(&g);
	}
}
END_TEST

START_TEST(types_are_mixed_only_when_lower_zones_are_gone)
{
	for (int on = 0; on < 2; on++) {
		struct ground g;
		struct mm_outcome out;

		ground_init(&g, _i, 0x4000);
		vec_reset(&g.config.ranges);
		machine_config_add_range(&g.config, 0x8000, 0x10000, 0);
		machine_config_add_range(&g.config, BASE, BASE + 0x4000, 0);
		g.config.nofragment = on;
		ground_start(&g);
		/* No pageblock of Normal is free as a whole, and none is of unmovable type. */
		for (uint64_t pfn = BASE; pfn < BASE + 0x4000; pfn += 0x200)
			ck_assert(page_alloc_at(g.pa, 0, MOVABLE, pfn, 6));
		out = get(&g, GFP_BITS_KERNEL, 0);
		ck_assert(mm_ok(out));
		ck_assert_int_eq(out.addr < BASE, on);
		ground_deinit(&g);
	}
}
END_TEST

/*
 * Compaction at full priority takes half of a reclaimable pageblock, which so becomes movable: the
 * rest of the pageblock has to change lists with it. For pageblocks of any size.
 */
static void compact_into_reclaimable(int version, unsigned int block_order)
{
	const uint64_t size = 1ULL << block_order, top = BASE + 0x2000 - size;
	struct page_request req;
	struct ground g;

	ground_init(&g, version, 0x2000);
	g.config.pageblock_order = block_order;
	g.config.min_free_kbytes = 0;
	g.config.watermark_boost_factor = 0;
	ground_start(&g);
	fill(&g, 0);
	vec_foreach(&g.stock, pfn) {
		if (*pfn >= top || (*pfn < BASE + size && *pfn & 3) ||
		    (*pfn >= BASE + 0x400 && *pfn < BASE + 0x1800 && *pfn & 1))
			page_free(g.pa, 0, *pfn, 0);
	}
	page_drain_all(g.pa);
	g.next = SIZE_MAX;
	ck_assert(page_alloc_at(g.pa, 0, GFP_BITS_KERNEL | GFP_BIT_RECLAIMABLE,
				top + size - 1, 0));
	ck_assert_int_eq(block_type(g.pa, (uint32_t)(top - g.pa->base_pfn)),
			 MIGRATE_RECLAIMABLE);
	ck_assert(request_init(g.pa, &req, GFP_BITS_KERNEL, block_order, -1));
	req.alloc_flags = 0;
	(void)compact_for(g.pa, &req, COMPACT_PRIO_FULL);
	ck_assert_uint_gt(g.moves, 0);
	ground_deinit(&g); /* checks that lists follow pageblocks */
}

START_TEST(compaction_takes_pageblocks_of_all_sizes)
{
	for (unsigned int order = 2; order < KERNEL_MAX_ORDER; order++)
		compact_into_reclaimable(_i, order);
}
END_TEST

/* A hole of 16 pages in movable memory: as a pageblock it changes hands, else types are mixed. */
START_TEST(a_free_pageblock_is_taken_whole_whatever_its_size)
{
	for (unsigned int order = 4; order <= 9; order += 5) {
		struct ground g;

		ground_init(&g, _i, 0x4000);
		g.config.pageblock_order = order;
		g.config.pcp = false;
		ground_start(&g);
		fill(&g, 0);
		for (uint64_t i = 0; i < 16; i++)
			page_free(g.pa, 0, BASE + 0x210 + i, 0);
		page_drain_all(g.pa);
		ck_assert(mm_ok(get(&g, GFP_BIT_MEMALLOC, 0)));
		ck_assert_uint_eq(stats(&g)->extfrag, 1);
		ck_assert_uint_eq(stats(&g)->extfrag_small, order == 9);
		ck_assert_uint_eq(stats(&g)->block_claims, order == 4);
		g.next = SIZE_MAX;
		ground_deinit(&g);
	}
}
END_TEST

START_TEST(pages_move_without_mobility_grouping)
{
	struct ground g;
	struct zone_info zone;

	ground_init(&g, _i, 0x2000);
	g.config.mobility_grouping = false;
	ground_start(&g);
	fill(&g, 0);
	zone_info(g.pa, 0, &zone);
	ck_assert_uint_eq(zone.movable, 0x2000);
	for (uint64_t pfn = BASE; pfn < BASE + 0x2000; pfn += 0x200)
		ck_assert_int_ne(block_type(g.pa, (uint32_t)(pfn - g.pa->base_pfn)),
				 MIGRATE_RECLAIMABLE);
	ground_deinit(&g);
}
END_TEST

START_TEST(cpus_keep_lists_as_they_are_told)
{
	static const struct row {
		bool pcp;
		int batch, high;
		uint64_t least, most; /* pages kept after 1000 pages were taken and freed */
	} rows[] = {
		{ true, -1, -1, 32, 4000 },
		{ false, -1, -1, 0, 0 },
		{ true, 8, 64, 32, 64 },
		{ true, 1, 0, 0, 0 },
		{ true, 500, 2000, 1000, 2000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ground g;
		struct zone_info zone;

		ground_init(&g, _i, 0x10000);
		g.config.pcp = rows[i].pcp;
		g.config.pcp_batch = rows[i].batch;
		g.config.pcp_high = rows[i].high;
		ground_start(&g);
		for (unsigned int nr = 0; nr < 1000; nr++)
			vec_push(&g.stock, get(&g, GFP_BITS_KERNEL, 0).addr);
		vec_foreach(&g.stock, pfn)
			page_free(g.pa, 0, *pfn, 0);
		zone_info(g.pa, 0, &zone);
		ck_assert_msg(zone.pcp >= rows[i].least && zone.pcp <= rows[i].most,
			      "row %zu: %llu pages", i, (unsigned long long)zone.pcp);
		ground_deinit(&g);
	}
}
END_TEST

START_TEST(watermarks_follow_their_factors)
{
	static const struct row {
		int64_t min_free_kbytes;
		unsigned int scale, boost;
		uint64_t min, low, high; /* pages */
	} rows[] = {
		{ 4000, 10, 0, 1000, 1250, 1500 },
		{ 4000, 1000, 0, 1000, 1000 + 6553, 1000 + 2 * 6553 },
		{ 0, 10, 0, 0, 65, 130 },
		{ INT64_MAX, 0, UINT32_MAX, 1ULL << 40, (1ULL << 40) + (1ULL << 38),
		  (1ULL << 40) + (1ULL << 39) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ground g;
		struct zone_info zone;

		ground_init(&g, _i, 0x10000);
		g.config.min_free_kbytes = rows[i].min_free_kbytes;
		g.config.watermark_scale_factor = rows[i].scale;
		g.config.watermark_boost_factor = rows[i].boost;
		ground_start(&g);
		zone_info(g.pa, 0, &zone);
		ck_assert_uint_eq(zone.mark[ZONE_MARK_MIN], rows[i].min);
		ck_assert_uint_eq(zone.mark[ZONE_MARK_LOW], rows[i].low);
		ck_assert_uint_eq(zone.mark[ZONE_MARK_HIGH], rows[i].high);
		/* Whatever the marks, nothing may break. */
		for (uint32_t at = 0; at < 0x10000; at += 0x200)
			(void)page_alloc_at(g.pa, 0, MOVABLE, BASE + at, 0);
		(void)get(&g, GFP_BITS_KERNEL, 0);
		ground_deinit(&g);
	}
}
END_TEST

int main(void)
{
	const TTest *const cases[] = {
		kswapd_works_in_the_background_or_not,
		boosts_need_kswapd_to_end_them,
		without_direct_reclaim_requests_wait_for_kswapd,
		without_direct_compaction_pieces_stay_pieces,
		extfrag_threshold_decides_whether_compaction_is_tried,
		atomic_requests_have_reserves_or_stop_at_min,
		highatomic_blocks_are_set_aside_or_not,
		oom_killer_kills_or_requests_fail,
		types_are_mixed_only_when_lower_zones_are_gone,
		compaction_takes_pageblocks_of_all_sizes,
		a_free_pageblock_is_taken_whole_whatever_its_size,
		pages_move_without_mobility_grouping,
		cpus_keep_lists_as_they_are_told,
		watermarks_follow_their_factors,
	};
	Suite *suite = suite_create("page knobs");
	TCase *tcase = tcase_create("page knobs");
	SRunner *runner;
	int failed;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		tcase_add_loop_test(tcase, cases[i], 0, (int)ARRAY_SIZE(versions));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
