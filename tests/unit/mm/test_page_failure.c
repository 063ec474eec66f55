/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why requests fail, on machines made so that the reason is known; and that the explanation and the
 * allocator never disagree.
 */
#include <config.h>

#include "kmreplay/core/rng.h"
#include "kmreplay/mm/page_parts.h"
#include "unit/unit.h"

#include <stdlib.h>

enum {
	BASE = 0x100000, /* in zone Normal */
	MOVABLE = GFP_BITS_KERNEL | GFP_BIT_MOVABLE,
	NOWAIT = GFP_BIT_KSWAPD_RECLAIM,
	ATOMIC = GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM,
	GREEDY = GFP_BIT_MEMALLOC, /* regardless of marks */
};

static const struct kernel_version v6_12 = { 6, 12 };

static struct page_allocator *machine(uint64_t low_pages, uint64_t pages, bool pcp);
static void take_all(struct page_allocator *pa, uint32_t gfp);
static struct page_failure explain(const struct page_allocator *pa, uint32_t gfp,
				   unsigned int order, int node);
static const struct page_failure_zone *zone_of(const struct page_failure *failure,
					       unsigned int zone);
static void expect(const struct page_allocator *pa, uint32_t gfp, unsigned int order,
		   unsigned int zone, enum page_refusal refusal);
static void finish(struct page_allocator *pa);

START_TEST(too_few_pages_for_the_mark)
{
	struct page_allocator *pa = machine(0, 0x4000, false);
	struct page_failure failure;
	const struct page_failure_zone *zone;

	take_all(pa, GREEDY | GFP_BIT_MOVABLE);
	/* A free block of order 5, far below min: nobody but reclaim gets pages out of it. */
	for (uint64_t i = 0; i < 32; i++)
		page_free(pa, 0, BASE + 0x400 + i, 0);
	expect(pa, NOWAIT, 0, 0, PAGE_REFUSAL_MARK);
	expect(pa, NOWAIT, 3, 0, PAGE_REFUSAL_MARK);
	expect(pa, GFP_BIT_MEMALLOC, 3, 0, PAGE_REFUSAL_SERVES);
	failure = explain(pa, NOWAIT, 3, -1);
	zone = zone_of(&failure, 0);
	ck_assert(failure.fails);
	ck_assert_int_eq(failure.main, PAGE_REFUSAL_MARK);
	ck_assert_int_eq(zone->sum.free, pa->zones[0].free_stat);
	ck_assert_int_eq(zone->sum.order, 7);
	ck_assert_int_eq(zone->sum.mark, (int64_t)pa->zones[0].mark[ZONE_MARK_MIN]);
	ck_assert_int_eq(zone->sum.min, zone->sum.mark);
	ck_assert_int_eq(watermark_usable(&zone->sum), pa->zones[0].free_stat - 7);
	ck_assert_uint_eq(zone->blocks[MIGRATE_MOVABLE], 1);
	page_failure_deinit(&failure);
	/* The rights of an atomic request leave three eighths of the mark. */
	failure = explain(pa, ATOMIC, 3, -1);
	zone = zone_of(&failure, 0);
	ck_assert_int_eq(zone->sum.min, zone->sum.mark - zone->sum.mark / 2 -
						(zone->sum.mark - zone->sum.mark / 2) / 4);
	page_failure_deinit(&failure);
	finish(pa);
}
END_TEST

START_TEST(no_block_of_the_order)
{
	struct page_allocator *pa = machine(0, 0x4000, false);
	struct page_nearest_pair pair;
	struct page_obstacles obstacles = { 0 };

	take_all(pa, GREEDY | GFP_BIT_MOVABLE);
	/* |....m...| once, |.m.m.m.m| everywhere else */
	for (uint64_t i = 0; i < 0x4000; i++)
		if ((i & 1) && (i & ~7ULL) != 0x1238)
			page_free(pa, 0, BASE + i, 0);
	for (uint64_t i = 0x1238; i < 0x1240; i++)
		if (i != 0x123c)
			page_free(pa, 0, BASE + i, 0);
	expect(pa, NOWAIT, 0, 0, PAGE_REFUSAL_SERVES);
	expect(pa, NOWAIT, 2, 0, PAGE_REFUSAL_SERVES);
	expect(pa, NOWAIT, 3, 0, PAGE_REFUSAL_NO_BLOCK);
	page_nearest_find(pa, 0, 3, ALLOC_NON_BLOCK, &pair);
	ck_assert(pair.all_seen && pair.any.found && pair.movable.found);
	ck_assert_uint_eq(pair.any.pfn, BASE + 0x1238);
	ck_assert_uint_eq(page_nearest_in_way(&pair.any), 1);
	ck_assert_uint_eq(pair.any.movable, 1);
	page_obstacles_find(pa, pair.any.pfn, 3, &obstacles);
	ck_assert_uint_eq(obstacles.list.nr, 1);
	ck_assert_uint_eq(obstacles.list.items[0].pfn, BASE + 0x123c);
	ck_assert_int_eq(obstacles.list.items[0].where, PAGE_IN_WAY_USED);
	ck_assert_int_eq(obstacles.list.items[0].type, MIGRATE_MOVABLE);
	page_obstacles_deinit(&obstacles);
	/* What is pinned stays: the next best has four in its way, but they can be moved. */
	page_pin(pa, BASE + 0x123c);
	page_nearest_find(pa, 0, 3, ALLOC_NON_BLOCK, &pair);
	ck_assert_uint_eq(pair.any.pfn, BASE + 0x1238);
	ck_assert_uint_eq(page_nearest_fixed(&pair.any), 1);
	ck_assert(pair.movable.found);
	ck_assert_uint_eq(pair.movable.movable, 4);
	finish(pa);
}
END_TEST

START_TEST(a_block_but_of_the_wrong_type)
{
	struct page_allocator *pa = machine(0, 0x40000, false);
	struct page_failure failure;
	struct mm_outcome out;

	/* One pageblock is set aside; everything else is taken but for single pages. */
	take_all(pa, GREEDY | GFP_BIT_MOVABLE);
	for (uint64_t i = 0; i < 512; i++)
		page_free(pa, 0, BASE + 0x800 + i, 0);
	block_move_free(pa, &pa->zones[0], 0x800, MIGRATE_HIGHATOMIC, NULL);
	block_set_type(pa, 0x800, 0, MIGRATE_HIGHATOMIC);
	pa->zones[0].reserved_highatomic += 512;
	for (uint64_t i = 0x1000; i < 0x20000; i += 2)
		page_free(pa, 0, BASE + i, 0);
	expect(pa, ATOMIC, 3, 0, PAGE_REFUSAL_SERVES);
	/* The marks let those in that may look at HIGHATOMIC lists only with the right to. */
	expect(pa, NOWAIT, 3, 0, PAGE_REFUSAL_TYPE);
	expect(pa, GFP_BITS_KERNEL, 3, 0, PAGE_REFUSAL_TYPE);
	expect(pa, ATOMIC | GFP_BIT_NOMEMALLOC, 3, 0, PAGE_REFUSAL_TYPE);
	expect(pa, MOVABLE, 3, 0, PAGE_REFUSAL_TYPE);
	expect(pa, NOWAIT, 10, 0, PAGE_REFUSAL_NO_BLOCK);
	failure = explain(pa, NOWAIT, 3, -1);
	ck_assert_uint_eq(zone_of(&failure, 0)->blocks[MIGRATE_HIGHATOMIC], 1);
	ck_assert_uint_eq(zone_of(&failure, 0)->blocks[MIGRATE_MOVABLE], 0);
	page_failure_deinit(&failure);
	out = page_alloc(pa, 0, NOWAIT, 3, -1, 0);
	ck_assert_int_eq(out.failure, MM_FAIL_NO_BLOCK);
	ck_assert(mm_ok(page_alloc(pa, 0, ATOMIC, 3, -1, 0)));
	page_allocator_destroy(pa);
}
END_TEST

START_TEST(pages_set_aside_do_not_count)
{
	struct page_allocator *pa = machine(0, 0x40000, false);
	struct page_failure failure;

	/* Free are min and a little more, but half of that is HIGHATOMIC. */
	take_all(pa, GREEDY | GFP_BIT_MOVABLE);
	pa->zones[0].mark[ZONE_MARK_MIN] = 600;
	for (uint64_t i = 0; i < 512; i++) {
		page_free(pa, 0, BASE + 0x800 + i, 0);
		page_free(pa, 0, BASE + 0x1000 + i, 0);
	}
	block_move_free(pa, &pa->zones[0], 0x800, MIGRATE_HIGHATOMIC, NULL);
	block_set_type(pa, 0x800, 0, MIGRATE_HIGHATOMIC);
	pa->zones[0].reserved_highatomic += 512;
	expect(pa, GFP_BITS_KERNEL, 0, 0, PAGE_REFUSAL_HIGHATOMIC);
	failure = explain(pa, GFP_BITS_KERNEL, 0, -1);
	ck_assert_int_eq(zone_of(&failure, 0)->sum.highatomic, 512);
	page_failure_deinit(&failure);
	expect(pa, ATOMIC, 0, 0, PAGE_REFUSAL_SERVES);
	page_allocator_destroy(pa);
}
END_TEST

START_TEST(a_lower_zone_keeps_its_reserve)
{
	/* Zone 0 is DMA32, above it Normal, sixteen times as large. */
	struct page_allocator *pa = machine(0x4000, 0x40000, false);
	struct page_failure failure;
	const struct page_failure_zone *zone;
	uint64_t marks;

	take_all(pa, GREEDY | GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE);
	marks = pa->zones[0].mark[ZONE_MARK_MIN];
	for (uint64_t i = 0; i < marks + 200; i++)
		page_free(pa, 0, pa->base_pfn + i, 0);
	ck_assert_uint_gt(pa->zones[0].reserve[ZONE_NORMAL], 200);
	expect(pa, NOWAIT, 0, 0, PAGE_REFUSAL_RESERVE);
	expect(pa, NOWAIT | GFP_BIT_DMA32, 0, 0, PAGE_REFUSAL_SERVES);
	expect(pa, NOWAIT | GFP_BIT_DMA32, 0, 1, PAGE_REFUSAL_NOT_ALLOWED);
	failure = explain(pa, NOWAIT, 0, -1);
	ck_assert_uint_eq(failure.zones.nr, 2);
	ck_assert_uint_eq(failure.zones.items[0].zone, 1);
	ck_assert_int_eq(failure.zones.items[0].refusal, PAGE_REFUSAL_MARK);
	ck_assert_int_eq(failure.main, PAGE_REFUSAL_MARK);
	ck_assert_uint_eq(failure.main_zone, 1);
	zone = zone_of(&failure, 0);
	ck_assert_int_eq(zone->sum.reserve, (int64_t)pa->zones[0].reserve[ZONE_NORMAL]);
	ck_assert_int_gt(watermark_usable(&zone->sum), zone->sum.min);
	page_failure_deinit(&failure);
	finish(pa);
}
END_TEST

START_TEST(other_nodes_are_passed_over)
{
	struct machine_config config;
	struct page_allocator *pa;
	struct page_failure failure;
	struct error err;

	machine_config_init(&config, v6_12, ARCH_X86_64);
	config.nr_nodes = config.nr_cpus = 2;
	machine_config_add_range(&config, BASE, BASE + 0x4000, 0);
	machine_config_add_range(&config, BASE + 0x4000, BASE + 0x8000, 1);
	pa = page_allocator_create(&config, NULL, NULL, &err);
	machine_config_deinit(&config);
	ck_assert(pa != NULL);
	failure = explain(pa, NOWAIT | GFP_BIT_THISNODE, 10, 1);
	ck_assert_uint_eq(failure.zones.nr, 2);
	ck_assert_uint_eq(failure.zones.items[0].zone, 1);
	ck_assert_int_eq(failure.zones.items[0].refusal, PAGE_REFUSAL_SERVES);
	ck_assert_int_eq(failure.zones.items[1].refusal, PAGE_REFUSAL_OTHER_NODE);
	page_failure_deinit(&failure);
	finish(pa);
}
END_TEST

START_TEST(the_last_failure_is_known)
{
	struct page_allocator *pa = machine(0, 0x400, true);
	struct page_failure_request last;

	ck_assert(!page_failure_last(pa, &last));
	take_all(pa, GREEDY);
	ck_assert(!mm_ok(page_alloc(pa, 0, ATOMIC, 2, -1, PAGE_CTX_IRQ)));
	ck_assert(page_failure_last(pa, &last));
	ck_assert_uint_eq(last.gfp, ATOMIC);
	ck_assert_uint_eq(last.order, 2);
	ck_assert_uint_eq(last.context, PAGE_CTX_IRQ);
	finish(pa);
}
END_TEST

/* Whatever happened to a machine: what is said of a request beforehand is what becomes of it. */
START_TEST(the_allocator_agrees)
{
	static const uint32_t masks[] = {
		NOWAIT, ATOMIC, GFP_BIT_MOVABLE | NOWAIT, GFP_BIT_DMA32 | NOWAIT,
		ATOMIC | GFP_BIT_NOMEMALLOC, GFP_BIT_RECLAIMABLE | ATOMIC,
	};
	struct page_allocator *pa = machine(0x1000, 0x2000, _i & 1);
	struct vec(uint64_t) held = { 0 };
	uint64_t nr_failed = 0;
	struct rng rng;

	rng_init(&rng, (uint64_t)_i + 1);
	for (unsigned int i = 0; i < 60000; i++) {
		const uint32_t gfp = masks[rng_below(&rng, ARRAY_SIZE(masks))];
		const unsigned int order =
			rng_below(&rng, 4) ? 0 : (unsigned int)rng_below(&rng, 7);
		struct page_failure failure = explain(pa, gfp, order, -1);
		const struct mm_outcome out = page_alloc(pa, 0, gfp, order, -1, 0);

		ck_assert_int_eq(mm_ok(out), !failure.fails);
		ck_assert_int_eq(failure.main == PAGE_REFUSAL_SERVES, !failure.fails);
		nr_failed += failure.fails;
		page_failure_deinit(&failure);
		if (mm_ok(out))
			vec_push(&held, out.addr << 4 | order);
		while (held.nr && rng_below(&rng, 100) < 47) {
			const size_t at = rng_below(&rng, held.nr);

			page_free(pa, 0, held.items[at] >> 4, held.items[at] & 15);
			held.items[at] = held.items[--held.nr];
		}
	}
	ck_assert_uint_gt(nr_failed, 100);
	vec_deinit(&held);
	finish(pa);
}
END_TEST

/* By counting every block: of those that are partly free the fewest pages in the way. */
static uint32_t least_by_force(const struct page_allocator *pa, unsigned int order, bool movable)
{
	uint32_t least = UINT32_MAX;

	for (uint32_t at = 0; at < pa->nr_pages; at += 1U << order) {
		uint32_t nr = 0, fixed = 0;

		for (uint32_t i = 0; i < 1U << order; i++) {
			unsigned int held;
			uint32_t head;

			if (area_find(pa, at + i, &head, &held))
				continue;
			nr++;
			fixed += pa->pages[at + i].type != MIGRATE_MOVABLE;
		}
		if (nr < 1U << order && !(movable && fixed))
			least = MIN(least, nr);
	}
	return least;
}

START_TEST(the_nearest_block_is_the_nearest)
{
	struct page_allocator *pa = machine(0, 0x2000, false);
	unsigned int nr_compared = 0;
	struct rng rng;

	rng_init(&rng, (uint64_t)_i);
	take_all(pa, GREEDY | GFP_BIT_MOVABLE);
	for (uint64_t i = 0; i < 0x2000; i++)
		if (rng_below(&rng, 100) < 10 * (uint64_t)(_i % 4))
			page_pin(pa, BASE + i);
	for (uint64_t i = 0; i < 0x2000; i++)
		if (rng_below(&rng, 100) < 2 + 15 * (uint64_t)(_i / 4))
			page_free(pa, 0, BASE + i, 0);
	for (unsigned int order = 1; order <= KERNEL_MAX_ORDER; order++) {
		struct page_nearest_pair pair;

		if (pa->zones[0].area[order].nr_free)
			continue;
		page_nearest_find(pa, 0, order, ALLOC_WMARK_MIN, &pair);
		ck_assert(pair.all_seen && pair.any.found);
		ck_assert_uint_eq(page_nearest_in_way(&pair.any),
				  least_by_force(pa, order, false));
		ck_assert_uint_eq(pair.movable.found ? page_nearest_in_way(&pair.movable) :
						       UINT32_MAX,
				  least_by_force(pa, order, true));
		nr_compared++;
	}
	ck_assert_uint_ge(nr_compared, 4);
	finish(pa);
}
END_TEST

static struct page_allocator *machine(uint64_t low_pages, uint64_t pages, bool pcp)
{
	struct machine_config config;
	struct page_allocator *pa;
	struct error err;

	machine_config_init(&config, v6_12, ARCH_X86_64);
	config.pcp = pcp;
	config.watermark_boost_factor = 0;
	if (low_pages)
		machine_config_add_range(&config, BASE - low_pages, BASE, 0);
	machine_config_add_range(&config, BASE, BASE + pages, 0);
	pa = page_allocator_create(&config, NULL, NULL, &err);
	machine_config_deinit(&config);
	ck_assert_msg(pa != NULL, "%s", err.message);
	return pa;
}

static void take_all(struct page_allocator *pa, uint32_t gfp)
{
	while (page_free_total(pa))
		ck_assert(mm_ok(page_alloc(pa, 0, gfp, 0, -1, 0)));
	for (unsigned int i = 0; i < pa->nr_zones; i++)
		pa->zones[i].below_high = false;
}

static struct page_failure explain(const struct page_allocator *pa, uint32_t gfp,
				   unsigned int order, int node)
{
	const struct page_failure_request request = { .gfp = gfp, .order = order, .node = node };
	struct page_failure failure;

	page_failure_explain(pa, &request, &failure);
	return failure;
}

static const struct page_failure_zone *zone_of(const struct page_failure *failure,
					       unsigned int zone)
{
	vec_foreach(&failure->zones, at) {
		if (at->zone == zone)
			return at;
	}
	ck_abort_msg("the zone is not there");
}

static void expect(const struct page_allocator *pa, uint32_t gfp, unsigned int order,
		   unsigned int zone, enum page_refusal refusal)
{
	struct page_failure failure = explain(pa, gfp, order, -1);

	ck_assert_str_eq(page_refusal_key(zone_of(&failure, zone)->refusal),
			 page_refusal_key(refusal));
	page_failure_deinit(&failure);
}

static void finish(struct page_allocator *pa)
{
	struct error err;

	ck_assert_msg(page_check(pa, &err), "%s", err.message);
	page_allocator_destroy(pa);
}

int main(void)
{
	Suite *suite = suite_create("page failure");
	TCase *tcase = tcase_create("page failure");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, too_few_pages_for_the_mark);
	tcase_add_test(tcase, no_block_of_the_order);
	tcase_add_test(tcase, a_block_but_of_the_wrong_type);
	tcase_add_test(tcase, pages_set_aside_do_not_count);
	tcase_add_test(tcase, a_lower_zone_keeps_its_reserve);
	tcase_add_test(tcase, other_nodes_are_passed_over);
	tcase_add_test(tcase, the_last_failure_is_known);
	tcase_add_loop_test(tcase, the_allocator_agrees, 0, 4);
	tcase_add_loop_test(tcase, the_nearest_block_is_the_nearest, 0, 16);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
