/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CMA areas and contiguous memory: who may have pages of an area, what a range costs its
 * inhabitants, where contiguous requests land, and that nothing is lost on the way.
 */
#include <config.h>

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/rng.h"
#include "kmreplay/mm/cma.h"
#include "kmreplay/mm/page_contig.h"
#include "kmreplay/mm/page_parts.h"
#include "kmreplay/mm/page_start.h"
#include "unit/unit.h"

#include <string.h>

enum {
	BASE = 0x100000, /* zone Normal */
	PAGES = 0x4000,
	AREA = BASE + 0x1000,
	AREA_PAGES = 0x1000,
	MOVABLE = GFP_BITS_KERNEL | GFP_BIT_MOVABLE | GFP_BIT_HIGHMEM,
};

static const struct kernel_version versions[] = { { 6, 1 }, { 6, 12 }, { 6, 18 }, { 7, 2 } };

/* Who holds which page, by what the allocator says. */
struct owner {
	struct page_allocator *pa;
	uint64_t nr_moved;
	uint8_t held[PAGES]; /* order + 1 of the block that begins there */
};

static void setup(struct owner *owner, int version, uint64_t cma_pages);
static void finish(struct owner *owner);
static void moved(void *ctx, uint64_t old_pfn, uint64_t new_pfn, unsigned int order);
static uint64_t take(struct owner *owner, uint32_t gfp, unsigned int order);
static void give(struct owner *owner, uint64_t pfn);
static struct zone *zone_of(struct owner *owner);
static bool in_area(uint64_t pfn);
static void expect_sound(const struct owner *owner);

START_TEST(an_area_serves_movable_requests_only)
{
	struct owner owner;
	uint64_t pfn, nr = 0;

	setup(&owner, _i, AREA_PAGES);
	ck_assert_uint_eq(zone_of(&owner)->apart.cma_pages, AREA_PAGES);
	ck_assert_uint_eq(zone_of(&owner)->apart.free_cma, AREA_PAGES);
	while ((pfn = take(&owner, GFP_BITS_KERNEL, 0))) {
		ck_assert(!in_area(pfn));
		nr++;
	}
	expect_sound(&owner);
	/* It failed though there are pages: those of the area are none for it. */
	ck_assert_uint_ge(nr, PAGES - AREA_PAGES - 1000);
	ck_assert_uint_eq(zone_of(&owner)->apart.free_cma, AREA_PAGES);
	pfn = take(&owner, MOVABLE, 0);
	ck_assert(in_area(pfn));
	finish(&owner);
}
END_TEST

START_TEST(movable_requests_keep_both_sides_equally_full)
{
	struct owner owner;
	const struct zone *zone;
	bool both = false;

	setup(&owner, _i, AREA_PAGES);
	zone = zone_of(&owner);
	/* A fourth of memory is the area's: the rest comes first. */
	ck_assert(!in_area(take(&owner, MOVABLE, 4)));
	while (zone->free > AREA_PAGES / 2) {
		const bool more_left = zone->apart.cma_stat > zone->free_stat / 2;
		const uint64_t pfn = take(&owner, MOVABLE, 4); /* no per-CPU list has it */

		ck_assert_uint_ne(pfn, 0);
		ck_assert_int_eq(in_area(pfn), more_left);
		both |= more_left;
	}
	ck_assert(both);
	finish(&owner);
}
END_TEST

START_TEST(pageblocks_of_an_area_never_turn_over)
{
	struct owner owner;

	setup(&owner, _i, AREA_PAGES);
	while (take(&owner, GFP_BITS_KERNEL | GFP_BIT_RECLAIMABLE, 3))
		;
	while (take(&owner, MOVABLE, 0))
		;
	for (uint32_t at = AREA; at < AREA + AREA_PAGES; at += 512)
		ck_assert_int_eq(block_type(owner.pa, at - (uint32_t)owner.pa->base_pfn),
				 MIGRATE_CMA);
	for (uint32_t at = 0; at < PAGES; at++) {
		if (owner.held[at])
			give(&owner, BASE + at);
	}
	page_drain_all(owner.pa);
	ck_assert_uint_eq(zone_of(&owner)->apart.free_cma, AREA_PAGES);
	finish(&owner);
}
END_TEST

START_TEST(marks_leave_out_what_a_request_cannot_have)
{
	struct owner owner;
	struct zone *zone;
	const unsigned int low = ALLOC_WMARK_LOW;

	setup(&owner, _i, AREA_PAGES);
	zone = zone_of(&owner);
	ck_assert(watermark_ok(zone, 0, PAGES - AREA_PAGES - 1, ZONE_NORMAL, low, PAGES));
	ck_assert(!watermark_ok(zone, 0, PAGES - AREA_PAGES, ZONE_NORMAL, low, PAGES));
	ck_assert(watermark_ok(zone, 0, PAGES - 1, ZONE_NORMAL, low | ALLOC_CMA, PAGES));
	/* Only the area has a block so large. */
	for (unsigned int o = 9; o <= KERNEL_MAX_ORDER; o++) {
		while (zone->area[o].lists[MIGRATE_MOVABLE].first != PAGE_NIL)
			ck_assert(buddy_take_at(owner.pa,
						zone->area[o].lists[MIGRATE_MOVABLE].first, o));
	}
	ck_assert(!watermark_ok(zone, 9, 0, ZONE_NORMAL, low, zone->free_stat));
	ck_assert(watermark_ok(zone, 9, 0, ZONE_NORMAL, low | ALLOC_CMA, zone->free_stat));
	page_allocator_destroy(owner.pa);
}
END_TEST

START_TEST(a_range_is_emptied_and_taken)
{
	struct page_where where;
	struct mm_outcome outcome;
	struct owner owner;
	uint64_t nr = 0, before;

	setup(&owner, _i, AREA_PAGES);
	while (take(&owner, MOVABLE, 0) && nr < PAGES - 2000)
		nr++;
	before = zone_of(&owner)->used;
	/* In the middle of pageblocks, with inhabitants. */
	outcome = page_alloc_contig_range(owner.pa, 0, AREA + 0x7f0, 0x220, GFP_BITS_KERNEL, true);
	ck_assert(mm_ok(outcome));
	ck_assert_uint_eq(outcome.addr, AREA + 0x7f0);
	ck_assert_uint_gt(owner.nr_moved, 0x100);
	ck_assert_uint_ge(outcome.cost_ns, owner.nr_moved * owner.pa->costs.compact_page);
	ck_assert_uint_eq(zone_of(&owner)->used, before + 0x220);
	ck_assert_uint_eq(zone_of(&owner)->apart.isolated, 0);
	ck_assert_uint_eq(zone_of(&owner)->apart.nr_isolated, 0);
	for (uint64_t pfn = AREA + 0x7f0; pfn < AREA + 0xa10; pfn++) {
		ck_assert_uint_eq(owner.held[pfn - BASE], 0);
		page_follow_find(owner.pa, pfn, &where);
		ck_assert_int_eq(where.place, PAGE_PLACE_USED);
		ck_assert_uint_eq(where.order, 0);
	}
	expect_sound(&owner);
	page_free_contig_range(owner.pa, 0, AREA + 0x7f0, 0x220);
	ck_assert_uint_eq(zone_of(&owner)->used, before);
	finish(&owner);
}
END_TEST

START_TEST(what_lies_beyond_the_range_stays_free)
{
	struct owner owner;
	const struct zone *zone;

	setup(&owner, _i, AREA_PAGES);
	zone = zone_of(&owner);
	/* Blocks of the largest order reach beyond it at both ends. */
	ck_assert(mm_ok(page_alloc_contig_range(owner.pa, 0, AREA + 0x3ff, 2, GFP_BITS_KERNEL,
						true)));
	ck_assert_uint_eq(zone->apart.free_cma, AREA_PAGES - 2);
	ck_assert_int_eq(zone->apart.cma_stat + zone->pcps[0].cma_diff, AREA_PAGES - 2);
	expect_sound(&owner);
	page_free_contig_range(owner.pa, 0, AREA + 0x3ff, 2);
	page_drain_all(owner.pa);
	ck_assert_uint_eq(zone->apart.free_cma, AREA_PAGES);
	finish(&owner);
}
END_TEST

START_TEST(a_pinned_page_keeps_its_range)
{
	struct mm_outcome outcome;
	struct owner owner;
	uint64_t pfn;

	setup(&owner, _i, AREA_PAGES);
	do
		pfn = take(&owner, MOVABLE, 0);
	while (!in_area(pfn));
	page_pin(owner.pa, pfn);
	outcome = page_alloc_contig_range(owner.pa, 0, pfn, 1, GFP_BITS_KERNEL, true);
	ck_assert_int_eq(outcome.failure, MM_FAIL_NO_BLOCK);
	ck_assert_uint_eq(zone_of(&owner)->apart.nr_isolated, 0);
	expect_sound(&owner);
	/* Outside of areas nothing is even tried. */
	do
		pfn = take(&owner, GFP_BITS_KERNEL, 0);
	while (in_area(pfn));
	outcome = page_alloc_contig_range(owner.pa, 0, pfn, 1, GFP_BITS_KERNEL, false);
	ck_assert_int_eq(outcome.failure, MM_FAIL_NO_BLOCK);
	ck_assert_uint_eq(owner.nr_moved, 0);
	outcome = page_alloc_contig_range(owner.pa, 0, BASE + PAGES - 1, 2, GFP_BITS_KERNEL, false);
	ck_assert_int_eq(outcome.failure, MM_FAIL_INVALID);
	outcome = page_alloc_contig_range(owner.pa, 0, AREA, 3, GFP_BITS_KERNEL | GFP_BIT_COMP,
					  true);
	ck_assert_int_eq(outcome.failure, MM_FAIL_INVALID);
	finish(&owner);
}
END_TEST

START_TEST(nowhere_to_move_to_is_no_memory)
{
	struct mm_outcome outcome;
	struct owner owner;

	setup(&owner, _i, AREA_PAGES);
	while (take(&owner, MOVABLE, 0))
		;
	while (take(&owner, GFP_BITS_KERNEL, 0))
		;
	outcome = page_alloc_contig_range(owner.pa, 0, AREA, 2000, GFP_BIT_NOWARN, true);
	ck_assert_int_eq(outcome.failure, MM_FAIL_NO_MEMORY);
	ck_assert_uint_eq(zone_of(&owner)->apart.nr_isolated, 0);
	finish(&owner);
}
END_TEST

START_TEST(a_compound_range_is_one_block)
{
	struct mm_outcome outcome;
	unsigned int order;
	struct owner owner;

	setup(&owner, _i, AREA_PAGES);
	outcome = page_alloc_contig_range(owner.pa, 0, AREA + 0x40, 0x40,
					  GFP_BITS_KERNEL | GFP_BIT_COMP, true);
	ck_assert(mm_ok(outcome));
	ck_assert(page_is_allocated(owner.pa, AREA + 0x40, &order));
	ck_assert_uint_eq(order, 6);
	page_free_contig_range(owner.pa, 0, AREA + 0x40, 0x40);
	ck_assert_uint_eq(page_allocator_stats(owner.pa)->frees, 1);
	finish(&owner);
}
END_TEST

START_TEST(a_release_goes_back_as_its_release_does)
{
	const bool runs = versions[_i].major >= 7;
	struct owner owner;
	const struct pcp *pcp;

	setup(&owner, _i, AREA_PAGES);
	pcp = &zone_of(&owner)->pcps[0];
	ck_assert(mm_ok(page_alloc_contig_range(owner.pa, 0, AREA + 3, 14, GFP_BITS_KERNEL, true)));
	page_free_contig_range(owner.pa, 0, AREA + 3, 14);
	/* 3, 4-7, 8-15, 16: one block each; they wait among movable ones of their order. */
	ck_assert_uint_eq(pcp->lists[pcp_list_of(0, MIGRATE_MOVABLE)].nr, runs ? 2 : 14);
	ck_assert_uint_eq(pcp->lists[pcp_list_of(2, MIGRATE_MOVABLE)].nr, runs);
	ck_assert_uint_eq(pcp->lists[pcp_list_of(3, MIGRATE_MOVABLE)].nr, runs);
	page_drain_all(owner.pa);
	ck_assert_uint_eq(zone_of(&owner)->apart.free_cma, AREA_PAGES);
	finish(&owner);
}
END_TEST

START_TEST(gigantic_pages_come_from_where_all_can_be_moved)
{
	struct mm_outcome outcome;
	struct owner owner;
	uint64_t pfn;

	setup(&owner, _i, AREA_PAGES);
	pfn = take(&owner, GFP_BITS_KERNEL, 0);
	outcome = page_alloc_contig_pages(owner.pa, 0, 0x800, GFP_BITS_KERNEL, -1);
	ck_assert(mm_ok(outcome));
	ck_assert_uint_eq(outcome.addr % 0x800, 0);
	ck_assert(pfn < outcome.addr || pfn >= outcome.addr + 0x800);
	for (uint64_t at = outcome.addr; at < outcome.addr + 0x800; at++)
		ck_assert(!in_area(at)); /* those are for cma_alloc() */
	page_free_contig_range(owner.pa, 0, outcome.addr, 0x800);
	outcome = page_alloc_contig_pages(owner.pa, 0, PAGES, GFP_BITS_KERNEL, -1);
	ck_assert_int_eq(outcome.failure, MM_FAIL_NO_BLOCK);
	finish(&owner);
}
END_TEST

START_TEST(requests_take_the_first_place_that_fits)
{
	struct mm_outcome a, b, c;
	struct owner owner;
	struct cma_info info;

	setup(&owner, _i, AREA_PAGES);
	ck_assert_uint_eq(cma_nr_areas(owner.pa), 1);
	ck_assert_int_eq(cma_area_of(owner.pa, AREA), 0);
	ck_assert_int_eq(cma_area_of(owner.pa, AREA - 1), -1);
	a = cma_alloc(owner.pa, 0, 0, 4, 2, GFP_BITS_KERNEL);
	b = cma_alloc(owner.pa, 0, 0, 16, 4, GFP_BITS_KERNEL);
	c = cma_alloc(owner.pa, 0, 0, 4, 2, GFP_BITS_KERNEL);
	ck_assert_uint_eq(a.addr, AREA);
	ck_assert_uint_eq(b.addr, AREA + 16);
	ck_assert_uint_eq(c.addr, AREA + 4);
	cma_info(owner.pa, 0, &info);
	ck_assert_uint_eq(info.available, AREA_PAGES - 24);
	ck_assert_uint_eq(info.count, AREA_PAGES);
	ck_assert(!cma_release(owner.pa, 0, 0, AREA + 6, 4)); /* not all of it is held */
	ck_assert(cma_release(owner.pa, 0, 0, a.addr, 4));
	ck_assert(!cma_release(owner.pa, 0, 0, a.addr, 4));
	ck_assert_uint_eq(cma_alloc(owner.pa, 0, 0, 3, 0, GFP_BITS_KERNEL).addr, AREA);
	ck_assert_int_eq(cma_alloc(owner.pa, 0, 0, 0, 0, GFP_BITS_KERNEL).failure, MM_FAIL_INVALID);
	ck_assert_int_eq(cma_alloc(owner.pa, 0, 0, AREA_PAGES, 0, GFP_BITS_KERNEL).failure,
			 MM_FAIL_FULL);
	finish(&owner);
}
END_TEST

START_TEST(a_busy_place_is_passed_over)
{
	struct mm_outcome outcome;
	struct owner owner;
	uint64_t pfn;

	setup(&owner, _i, AREA_PAGES);
	do
		pfn = take(&owner, MOVABLE, 0);
	while (pfn != AREA + 5 && pfn);
	ck_assert_uint_eq(pfn, AREA + 5);
	page_pin(owner.pa, pfn);
	outcome = cma_alloc(owner.pa, 0, 0, 8, 3, GFP_BITS_KERNEL);
	ck_assert_uint_eq(outcome.addr, AREA + 8);
	ck_assert_uint_eq(page_allocator_stats(owner.pa)->cma_busy, 1);
	ck_assert(!cma_is_held(owner.pa, 0, AREA, 8));
	finish(&owner);
}
END_TEST

START_TEST(boot_hands_an_area_over_late)
{
	struct machine_config config;
	struct page_start start;
	struct page_allocator *pa;
	struct zone_info info;
	struct error err;

	machine_config_init(&config, versions[_i], ARCH_X86_64);
	machine_config_add_range(&config, BASE, BASE + PAGES, 0);
	vec_push(&config.cma, (struct machine_cma){ .start = AREA, .end = AREA + 0x400 });
	page_start_init(&start);
	page_start_add_free(&start, BASE + 0x2000, BASE + PAGES);
	vec_push(&start.zones, (struct page_start_zone){ .type = ZONE_NORMAL,
							 .managed = PAGES - 0x400 });
	start.early = true;
	config.start = &start;
	pa = page_allocator_create(&config, NULL, NULL, &err);
	ck_assert_msg(pa, "%s", err.message);
	zone_info(pa, 0, &info);
	ck_assert_uint_eq(info.cma, 0);
	ck_assert(cma_init_block(pa, AREA));
	ck_assert(!cma_init_block(pa, AREA));        /* twice */
	ck_assert(!cma_init_block(pa, BASE + 0x2000)); /* free */
	ck_assert(!cma_init_block(pa, AREA + 0x201)); /* askew */
	zone_info(pa, 0, &info);
	ck_assert_uint_eq(info.cma, 0x200);
	ck_assert_uint_eq(info.managed, PAGES - 0x200);
	(void)page_free(pa, 0, AREA, 9);
	page_drain_all(pa);
	zone_info(pa, 0, &info);
	ck_assert_uint_eq(info.free_cma, 0x200);
	ck_assert_msg(page_check(pa, &err), "%s", err.message);
	page_allocator_destroy(pa);
	page_start_deinit(&start);
	machine_config_deinit(&config);
}
END_TEST

START_TEST(moving_free_blocks_books_what_was_open)
{
	/* From 6.10 on the block is booked out and in, which empties the CPU's difference. */
	const bool books = versions[_i].minor >= 10 || versions[_i].major > 6;
	struct owner owner;
	struct zone *zone;

	setup(&owner, _i, 0);
	zone = zone_of(&owner);
	ck_assert_int_gt(zone->stat_threshold, 3);
	page_begin(owner.pa, 0);
	ck_assert(buddy_take_at(owner.pa, 0x1000, 0)); /* single pages */
	buddy_free_one(owner.pa, zone, 0x1000, 0, MIGRATE_MOVABLE, false);
	ck_assert(buddy_take_at(owner.pa, 0x1001, 0));
	ck_assert_int_ne(zone->pcps[0].stat_diff, 0);
	(void)block_move_free(owner.pa, zone, 0x800, MIGRATE_UNMOVABLE, NULL);
	ck_assert_int_eq(zone->pcps[0].stat_diff != 0, !books);
	page_allocator_destroy(owner.pa);
}
END_TEST

START_TEST(areas_that_lie_badly_are_refused)
{
	static const struct machine_cma bad[] = {
		{ .start = AREA + 1, .end = AREA + 0x200 },
		{ .start = AREA, .end = AREA },
		{ .start = BASE + PAGES - 0x200, .end = BASE + PAGES + 0x200 },
		{ .start = BASE - 0x200, .end = BASE + 0x200 },
	};
	struct machine_config config;
	struct error err;

	machine_config_init(&config, versions[3], ARCH_X86_64);
	machine_config_add_range(&config, BASE, BASE + PAGES, 0);
	if (_i < 4)
		vec_push(&config.cma, bad[_i]);
	else
		config.cma_pages = PAGES + 1;
	ck_assert_ptr_null(page_allocator_create(&config, NULL, NULL, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "CMA area"));
	machine_config_deinit(&config);
}
END_TEST

/* Everything at once, with every invariant looked at. */
START_TEST(nothing_is_lost)
{
	for (uint64_t seed = 1; seed <= 3; seed++) {
		uint64_t held[32] = { 0 }, sizes[32] = { 0 };
		struct owner owner;
		struct rng rng;

		setup(&owner, _i, AREA_PAGES);
		rng_init(&rng, seed);
		for (unsigned int round = 0; round < 6000; round++) {
			const unsigned int which = (unsigned int)rng_below(&rng, 32);
			const uint32_t at = (uint32_t)rng_below(&rng, PAGES);

			if (round % 64 == 0 && held[which]) {
				ck_assert(cma_release(owner.pa, 0, 0, held[which], sizes[which]));
				held[which] = 0;
			} else if (round % 64 == 0) {
				sizes[which] = 1 + rng_below(&rng, 300);
				held[which] = cma_alloc(owner.pa, which % 2, 0, sizes[which],
							(unsigned int)rng_below(&rng, 7),
							GFP_BITS_KERNEL).addr;
			} else if (owner.held[at]) {
				give(&owner, BASE + at);
			} else {
				(void)take(&owner, which % 4 ? MOVABLE : GFP_BITS_KERNEL,
					   (unsigned int)rng_below(&rng, 4));
			}
			if (round % 500 == 0)
				expect_sound(&owner);
		}
		finish(&owner);
	}
}
END_TEST

static void setup(struct owner *owner, int version, uint64_t cma_pages)
{
	static const struct page_ops ops = { .moved = moved };
	struct machine_config config;
	struct error err;

	memset(owner, 0, sizeof(*owner));
	machine_config_init(&config, versions[version], ARCH_X86_64);
	config.nr_cpus = 2;
	machine_config_add_range(&config, BASE, BASE + PAGES, 0);
	if (cma_pages)
		vec_push(&config.cma,
			 (struct machine_cma){ .start = AREA, .end = AREA + cma_pages });
	owner->pa = page_allocator_create(&config, &ops, owner, &err);
	ck_assert_msg(owner->pa, "%s", err.message);
	machine_config_deinit(&config);
}

static void finish(struct owner *owner)
{
	expect_sound(owner);
	page_allocator_destroy(owner->pa);
}

static void moved(void *ctx, uint64_t old_pfn, uint64_t new_pfn, unsigned int order)
{
	struct owner *owner = ctx;

	ck_assert_uint_eq(owner->held[old_pfn - BASE], order + 1);
	owner->held[old_pfn - BASE] = 0;
	owner->held[new_pfn - BASE] = (uint8_t)(order + 1);
	owner->nr_moved += 1ULL << order;
}

static uint64_t take(struct owner *owner, uint32_t gfp, unsigned int order)
{
	const struct mm_outcome outcome =
		page_alloc(owner->pa, 0, gfp & ~(uint32_t)GFP_BIT_DIRECT_RECLAIM, order, -1, 0);

	if (!mm_ok(outcome))
		return 0;
	ck_assert_uint_eq(owner->held[outcome.addr - BASE], 0);
	owner->held[outcome.addr - BASE] = (uint8_t)(order + 1);
	return outcome.addr;
}

static void give(struct owner *owner, uint64_t pfn)
{
	(void)page_free(owner->pa, 0, pfn, owner->held[pfn - BASE] - 1U);
	owner->held[pfn - BASE] = 0;
}

static struct zone *zone_of(struct owner *owner)
{
	return &owner->pa->zones[0];
}

static bool in_area(uint64_t pfn)
{
	return pfn >= AREA && pfn < AREA + AREA_PAGES;
}

static void expect_sound(const struct owner *owner)
{
	struct error err;

	ck_assert_msg(page_check(owner->pa, &err), "%s", err.message);
}

int main(void)
{
	Suite *suite = suite_create("cma");
	TCase *tcase = tcase_create("cma");
	SRunner *runner;
	int failed;
	const TTest *const tests[] = {
		an_area_serves_movable_requests_only,
		movable_requests_keep_both_sides_equally_full,
		pageblocks_of_an_area_never_turn_over,
		marks_leave_out_what_a_request_cannot_have,
		a_range_is_emptied_and_taken,
		what_lies_beyond_the_range_stays_free,
		a_pinned_page_keeps_its_range,
		nowhere_to_move_to_is_no_memory,
		a_compound_range_is_one_block,
		a_release_goes_back_as_its_release_does,
		gigantic_pages_come_from_where_all_can_be_moved,
		requests_take_the_first_place_that_fits,
		a_busy_place_is_passed_over,
		boot_hands_an_area_over_late,
		moving_free_blocks_books_what_was_open,
		nothing_is_lost,
	};

	tcase_set_timeout(tcase, 120);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_loop_test(tcase, tests[i], 0, (int)ARRAY_SIZE(versions));
	tcase_add_loop_test(tcase, areas_that_lie_badly_are_refused, 0, 5);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
