/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following recorded reclaim and compaction: blocks that compaction takes, boosts that outlive
 * kswapd's work, thresholds of counters, and marks that are written meanwhile.
 */
#include <config.h>

#include "kmreplay/mm/page_follow_reclaim.h"

#include "kmreplay/mm/page_parts.h"
#include "unit/unit.h"

enum {
	BASE = 0x100000,
	PAGES = 0x8000,
	TOP = 1 << KERNEL_MAX_ORDER,
};

static struct page_allocator *create(unsigned int nr_cpus)
{
	struct page_allocator *pa;
	struct machine_config config;
	struct error err;

	machine_config_init(&config, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	config.nr_cpus = nr_cpus;
	machine_config_add_range(&config, BASE, BASE + PAGES, 0);
	pa = page_allocator_create(&config, NULL, NULL, &err);
	machine_config_deinit(&config);
	ck_assert_msg(pa != NULL, "%s", err.message);
	return pa;
}

static void destroy(struct page_allocator *pa)
{
	struct error err;

	ck_assert_msg(page_check(pa, &err), "%s", err.message);
	page_allocator_destroy(pa);
}

START_TEST(compaction_takes_whole_blocks)
{
	struct page_allocator *pa = create(1);
	struct page_where where;
	struct zone_info before, after;

	zone_info(pa, 0, &before);
	ck_assert_uint_eq(page_follow_isolate(pa, BASE + 1), KERNEL_NR_ORDERS);
	ck_assert_uint_eq(page_follow_isolate(pa, BASE + PAGES), KERNEL_NR_ORDERS);
	ck_assert_uint_eq(page_follow_isolate(pa, BASE + TOP), KERNEL_MAX_ORDER);
	page_follow_find(pa, BASE + TOP, &where);
	ck_assert_int_eq(where.place, PAGE_PLACE_USED);
	zone_info(pa, 0, &after);
	ck_assert_uint_eq(after.free, before.free - TOP);
	destroy(pa);
}
END_TEST

/* fast_isolate_freepages(): from the tail, and the list is turned to begin with what it found. */
START_TEST(the_fast_search_begins_at_the_tail)
{
	struct page_allocator *pa = create(1);
	const uint64_t end = BASE + PAGES;

	ck_assert_uint_eq(page_follow_highest(pa, 0, 3), end - 8);
	ck_assert_uint_eq(page_follow_fast_target(pa, 0, KERNEL_MAX_ORDER, BASE, BASE + 4 * TOP),
			  end - TOP);
	ck_assert_uint_eq(page_follow_fast_target(pa, 0, KERNEL_MAX_ORDER, BASE, end),
			  end - TOP);
	ck_assert_uint_eq(page_follow_fast_target(pa, 0, KERNEL_MAX_ORDER, end, end),
			  PAGE_FOLLOW_NONE);
	ck_assert_uint_eq(page_follow_smallest(pa, 0, 0, MIGRATE_MOVABLE), end - TOP);
	destroy(pa);
}
END_TEST

/* balance_pgdat() takes off what it found at its start; a boost that came meanwhile stays. */
START_TEST(a_later_boost_outlives_kswapds_work)
{
	struct page_allocator *pa = create(1);
	struct zone_info zone;

	page_follow_boost(pa, 0, false);
	page_follow_kswapd(pa, 0, true, ZONE_MOVABLE);
	page_follow_kswapd(pa, 0, false, ZONE_MOVABLE);
	zone_info(pa, 0, &zone);
	ck_assert_uint_eq(zone.boost, 0);
	page_follow_kswapd(pa, 0, true, ZONE_MOVABLE);
	page_follow_boost(pa, 0, false);
	page_follow_kswapd(pa, 0, false, ZONE_MOVABLE);
	zone_info(pa, 0, &zone);
	ck_assert_uint_eq(zone.boost, 512);
	destroy(pa);
}
END_TEST

/* set_pgdat_percpu_threshold(), which a machine of one CPU never needs. */
START_TEST(kswapd_widens_what_cpus_keep_back)
{
	struct page_allocator *pa = create(2), *one = create(1);
	struct zone_info asleep, up, again;
	uint64_t step;

	zone_info(pa, 0, &asleep);
	page_follow_kswapd(pa, 0, true, ZONE_MOVABLE);
	zone_info(pa, 0, &up);
	step = (up.mark[ZONE_MARK_LOW] - up.mark[ZONE_MARK_MIN]) / 2;
	ck_assert_uint_eq(up.stat_threshold, MIN(step, (uint64_t)125));
	ck_assert_uint_gt(up.stat_threshold, asleep.stat_threshold);
	page_follow_kswapd(pa, 0, false, ZONE_MOVABLE);
	zone_info(pa, 0, &again);
	ck_assert_uint_eq(again.stat_threshold, up.stat_threshold);
	page_follow_kswapd_sleeps(pa, 0);
	zone_info(pa, 0, &again);
	ck_assert_uint_eq(again.stat_threshold, asleep.stat_threshold);
	zone_info(one, 0, &asleep);
	page_follow_kswapd(one, 0, true, ZONE_MOVABLE);
	zone_info(one, 0, &up);
	ck_assert_uint_eq(up.stat_threshold, asleep.stat_threshold);
	page_follow_kswapd(one, 0, false, ZONE_MOVABLE);
	destroy(one);
	destroy(pa);
}
END_TEST

START_TEST(the_counter_is_off_by_what_cpus_may_keep)
{
	struct page_allocator *pa = create(2);
	struct zone_info zone;
	int64_t most;

	zone_info(pa, 0, &zone);
	most = 2 * (int64_t)zone.stat_threshold;
	ck_assert(!page_follow_counted(pa, 0, most + 1));
	ck_assert(!page_follow_counted(pa, 0, -most - 1));
	ck_assert(page_follow_counted(pa, 0, -most));
	zone_info(pa, 0, &zone);
	ck_assert_uint_eq(zone.free_stat, zone.free - (uint64_t)most);
	ck_assert(!page_follow_counted(pa, 0, -1));
	ck_assert(page_follow_counted(pa, 0, 2 * most));
	destroy(pa);
}
END_TEST

START_TEST(marks_follow_what_is_written)
{
	struct page_allocator *pa = create(1);
	struct zone_info zone;
	int64_t lacks;

	page_follow_set_min_free(pa, 8192);
	ck_assert_uint_eq(page_follow_min_free(pa), 8192);
	zone_info(pa, 0, &zone);
	ck_assert_uint_eq(zone.mark[ZONE_MARK_MIN], 2048);
	/* One more than the mark has to be free. */
	lacks = page_follow_lacks(pa, 0, GFP_BITS_KERNEL, 0, 0, true);
	ck_assert_int_eq(lacks, (int64_t)(zone.mark[ZONE_MARK_LOW] + 1 - zone.free_stat));
	ck_assert_int_lt(page_follow_lacks(pa, 0, GFP_BITS_KERNEL, 0, 0, false), lacks);
	ck_assert(page_follow_passes(pa, 0, GFP_BITS_KERNEL, 0, true));
	page_follow_set_min_free(pa, 1 << 20);
	ck_assert(!page_follow_passes(pa, 0, GFP_BITS_KERNEL, 0, true));
	ck_assert_int_eq(page_follow_lacks(pa, 0, GFP_BITS_KERNEL, 0, 0, true), INT64_MAX);
	destroy(pa);
}
END_TEST

UNIT_MAIN("page follow reclaim", compaction_takes_whole_blocks,
	  the_fast_search_begins_at_the_tail, a_later_boost_outlives_kswapds_work,
	  kswapd_widens_what_cpus_keep_back, the_counter_is_off_by_what_cpus_may_keep,
	  marks_follow_what_is_written)
