/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machines that do not start empty: the free lists they begin with, memory whose owner nobody
 * knows, and the steps that boot takes. The lists are held against those of a machine on which all
 * other memory was taken page by page and what is free was given back.
 */
#include <config.h>

#include "kmreplay/core/rng.h"
#include "kmreplay/mm/page_follow.h"
#include "kmreplay/mm/page_parts.h"
#include "kmreplay/mm/page_start.h"
#include "unit/unit.h"

#include <string.h>

enum {
	BASE = 0x100000, /* zone Normal */
	PAGES = 0x2000,
	ROUNDS = 40,
	MOVABLE = GFP_BITS_KERNEL | GFP_BIT_MOVABLE,
};

static const struct kernel_version versions[] = { { 6, 1 }, { 6, 12 }, { 7, 2 } };

static void configure(struct machine_config *config, int version, const struct page_start *start);
static struct page_allocator *create(int version, const struct page_start *start);
static void draw_map(struct rng *rng, bool is_free[PAGES]);
static void to_start(const bool is_free[PAGES], struct page_start *start);
static struct page_allocator *free_one_by_one(int version, const bool is_free[PAGES]);
static void expect_alike(const struct page_allocator *a, const struct page_allocator *b);
static void expect_ascending(const struct page_allocator *pa);
static void finish(struct page_allocator *pa);

START_TEST(free_frames_make_the_blocks_that_freeing_them_makes)
{
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct page_allocator *pa, *other;
		struct page_start start;
		bool is_free[PAGES];
		struct rng rng;

		rng_init(&rng, seed);
		draw_map(&rng, is_free);
		to_start(is_free, &start);
		pa = create(_i, &start);
		other = free_one_by_one(_i, is_free);
		expect_alike(pa, other);
		expect_ascending(pa);
		for (uint32_t at = 0; at < PAGES; at++) {
			ck_assert_int_eq(page_is_free(pa, BASE + at), is_free[at]);
			ck_assert_int_eq(page_is_unknown(pa, BASE + at, 0), !is_free[at]);
		}
		finish(pa);
		finish(other);
		page_start_deinit(&start);
	}
}
END_TEST

START_TEST(what_was_in_use_is_given_back_in_any_parts)
{
	struct page_allocator *pa;
	struct page_start start;
	struct zone_info zone;

	page_start_init(&start);
	page_start_add_free(&start, BASE, BASE + 0x800);
	page_start_add_free(&start, BASE + 0x800, BASE + 0xc00);
	ck_assert_uint_eq(start.free.nr, 1);
	pa = create(_i, &start);
	page_watch_blocks(pa);
	ck_assert(!page_is_unknown(pa, BASE + 0xbff, 0));
	ck_assert(!page_is_unknown(pa, BASE + 0xc01, 1)); /* askew */
	ck_assert(!page_is_unknown(pa, BASE + PAGES, 0));
	ck_assert(page_adopt(pa, BASE + 0xc00, 2, MIGRATE_UNMOVABLE));
	ck_assert(!page_is_unknown(pa, BASE + 0xc00, 4));
	ck_assert(!page_is_unknown(pa, BASE + 0xc03, 0));
	ck_assert(!page_adopt(pa, BASE + 0xc02, 1, MIGRATE_UNMOVABLE));
	ck_assert(page_adopt(pa, BASE + 0xc04, 0, MIGRATE_MOVABLE));
	ck_assert(page_adopt(pa, BASE + 0x1000, 10, MIGRATE_UNMOVABLE));
	ck_assert(!page_is_unknown(pa, BASE + 0x1200, 9));
	zone_info(pa, 0, &zone);
	ck_assert_uint_eq(zone.movable, 1);
	page_split(pa, BASE + 0x1000, 10);
	for (unsigned int i = 0; i < 1024; i++)
		page_free(pa, i % 2, BASE + 0x1000 + i, 0);
	page_free(pa, 0, BASE + 0xc00, 2);
	page_free(pa, 0, BASE + 0xc04, 0);
	page_drain_all(pa);
	zone_info(pa, 0, &zone);
	ck_assert_uint_eq(zone.free, 0xc00 + 1024 + 4 + 1);
	ck_assert_uint_eq(zone.nr_free[10], 4);
	ck_assert_uint_eq(zone.managed, PAGES);
	finish(pa);
	page_start_deinit(&start);
}
END_TEST

START_TEST(types_and_waiting_pages_are_as_given)
{
	struct page_allocator *pa;
	struct page_start start;
	struct zone_info zone;
	struct zone_pcp_info pcp;
	uint64_t types[MIGRATE_NR];

	page_start_init(&start);
	page_start_add_free(&start, BASE, BASE + 0x210);
	page_start_add_free(&start, BASE + 0x600, BASE + 0xa00);
	vec_push(&start.blocks, (struct page_start_type){ BASE, MIGRATE_UNMOVABLE });
	vec_push(&start.blocks, (struct page_start_type){ BASE + 0x600, MIGRATE_HIGHATOMIC });
	vec_push(&start.pcp, (struct page_start_pcp){ BASE + 0x401, 1, 0, MIGRATE_MOVABLE });
	vec_push(&start.pcp, (struct page_start_pcp){ BASE + 0x400, 1, 0, MIGRATE_MOVABLE });
	vec_push(&start.pcp, (struct page_start_pcp){ BASE + 0x1000, 7, 0, MIGRATE_MOVABLE });
	vec_push(&start.zones, (struct page_start_zone){ .type = ZONE_NORMAL,
							 .managed = 0x1000,
							 .has_marks = true,
							 .mark = { 10, 20, 30, 40 },
							 .free_stat = 0x60f });
	vec_push(&start.reserved, (struct page_start_run){ BASE + 0x1700, BASE + 0x1704 });
	vec_push(&start.reserved, (struct page_start_run){ BASE + 0x1908, BASE + 0x1930 });
	vec_push(&start.limits, (struct page_start_limit){ .type = ZONE_NORMAL,
							      .cpu = 1,
							      .high = 77,
							      .batch = 7 });
	pa = create(_i, &start);
	zone_info(pa, 0, &zone);
	ck_assert_uint_eq(zone.nr_free_type[9][MIGRATE_UNMOVABLE], 1);
	ck_assert_uint_eq(zone.nr_free_type[4][MIGRATE_MOVABLE], 1);
	ck_assert_uint_eq(zone.nr_free_type[9][MIGRATE_HIGHATOMIC], 1);
	ck_assert_uint_eq(zone.nr_free_type[9][MIGRATE_MOVABLE], 1);
	ck_assert_uint_eq(zone.nr_free_type[0][MIGRATE_MOVABLE], 1); /* there is no CPU 7 */
	ck_assert_uint_eq(zone.reserved_highatomic, 0x200);
	ck_assert_uint_eq(zone.managed, 0x1000);
	ck_assert_uint_eq(zone.present, PAGES);
	ck_assert_uint_eq(zone.mark[ZONE_MARK_LOW], 20);
	ck_assert_uint_eq(zone.free_stat, 0x60f);
	zone_block_types(pa, 0, types);
	ck_assert_uint_eq(types[MIGRATE_UNMOVABLE], 1);
	zone_pcp_info(pa, 0, 1, &pcp);
	ck_assert_uint_eq(pcp.count, 2);
	ck_assert_uint_eq(pcp.high, 77);
	ck_assert_uint_eq(pcp.batch, 7);
	ck_assert_uint_eq(page_alloc(pa, 1, MOVABLE, 0, -1, 0).addr, BASE + 0x401);
	ck_assert_uint_eq(page_alloc(pa, 1, MOVABLE, 0, -1, 0).addr, BASE + 0x400);
	/* Reserved memory that comes after all. */
	page_manage(pa, BASE + 0x1800, 0x10);
	zone_info(pa, 0, &zone);
	ck_assert_uint_eq(zone.managed, 0x1010);
	/* Half of what is named was reserved. */
	ck_assert(page_adopt(pa, BASE + 0x1900, 4, MIGRATE_UNMOVABLE));
	zone_info(pa, 0, &zone);
	ck_assert_uint_eq(zone.managed, 0x1018);
	finish(pa);
	page_start_deinit(&start);
}
END_TEST

START_TEST(a_list_may_be_of_another_type_than_its_pageblock)
{
	struct page_allocator *pa;
	struct page_start start;
	struct zone_info zone;

	page_start_init(&start);
	page_start_add_free(&start, BASE + 1, BASE + 4);
	page_start_add_free(&start, BASE + 8, BASE + 9);
	vec_push(&start.lists, (struct page_start_type){ BASE + 2, MIGRATE_RECLAIMABLE });
	vec_push(&start.lists, (struct page_start_type){ BASE + 8, MIGRATE_UNMOVABLE });
	pa = create(0, &start);
	zone_info(pa, 0, &zone);
	ck_assert_uint_eq(zone.nr_free_type[0][MIGRATE_MOVABLE], 1);
	ck_assert_uint_eq(zone.nr_free_type[1][MIGRATE_RECLAIMABLE], 1);
	ck_assert_uint_eq(zone.nr_free_type[0][MIGRATE_UNMOVABLE], 1);
	finish(pa);
	page_start_deinit(&start);
}
END_TEST

START_TEST(boot_goes_step_by_step)
{
	struct page_allocator *pa, *whole;
	struct page_start start;
	struct zone_info zone, then;
	struct zone_pcp_info pcp;

	page_start_init(&start);
	page_start_add_free(&start, BASE, BASE + 0x1000);
	start.early = true;
	vec_push(&start.zones, (struct page_start_zone){ .type = ZONE_NORMAL, .managed = 0x1000 });
	pa = create(_i, &start);
	zone_info(pa, 0, &zone);
	ck_assert_uint_eq(zone.mark[ZONE_MARK_MIN], 0);
	/* One page a refill; a free goes straight back. */
	ck_assert_uint_eq(page_alloc(pa, 0, MOVABLE, 0, -1, 0).addr, BASE);
	zone_pcp_info(pa, 0, 0, &pcp);
	ck_assert_uint_eq(pcp.count, 0);
	page_free(pa, 0, BASE, 0);
	zone_info(pa, 0, &zone);
	ck_assert_uint_eq(zone.nr_free[10], 4);
	ck_assert_uint_eq(zone.free_stat, 0x1000);
	page_boot_pcp(pa);
	ck_assert_uint_eq(page_alloc(pa, 0, MOVABLE, 1, -1, 0).addr, BASE);
	page_free(pa, 0, BASE, 1);
	zone_pcp_info(pa, 0, 0, &pcp);
	ck_assert_uint_gt(pcp.count, 0);
	page_drain_all(pa);
	page_boot_cpu(pa);
	page_boot_cpu_up(pa, 1);
	/* The rest of memory, which also turns its pageblocks. */
	block_set_type(pa, 0x1000, 10, MIGRATE_UNMOVABLE);
	ck_assert(!page_boot_free(pa, BASE + 0xc00, 10));
	for (uint32_t at = 0x1000; at < PAGES; at += 0x400)
		ck_assert(page_boot_free(pa, BASE + at, 10));
	ck_assert_int_eq(block_type(pa, 0x1200), MIGRATE_MOVABLE);
	page_boot_watermarks(pa);
	page_boot_huge_pages(pa);
	whole = create(_i, NULL);
	zone_info(pa, 0, &zone);
	zone_info(whole, 0, &then);
	ck_assert_uint_gt(then.mark[ZONE_MARK_MIN], 0);
	ck_assert_mem_eq(zone.mark, then.mark, sizeof(then.mark));
	ck_assert_uint_eq(zone.managed, then.managed);
	ck_assert_uint_eq(zone.free, then.free);
	ck_assert_uint_eq(zone.nr_free[10], 8);
	page_set_min_free(pa, 1024);
	zone_info(pa, 0, &zone);
	ck_assert_uint_eq(zone.mark[ZONE_MARK_MIN], 256);
	finish(pa);
	finish(whole);
	page_start_deinit(&start);
}
END_TEST

/* The request that makes a zone grow has found it below its high mark; 6.1 takes no note. */
START_TEST(a_zone_that_grew_had_run_low)
{
	struct page_allocator *pa = create(_i, NULL);

	ck_assert(!pa->zones[0].below_high);
	page_boot_ran_low(pa, BASE + 0x400, true);
	ck_assert_int_eq(pa->zones[0].below_high, versions[_i].minor != 1);
	page_boot_ran_low(pa, BASE + 0x400, false);
	ck_assert(!pa->zones[0].below_high);
	finish(pa);
}
END_TEST

START_TEST(a_large_machine_in_use_costs_nothing)
{
	const uint64_t end = BASE + ((1ULL << 40) >> KERNEL_PAGE_SHIFT);
	struct page_allocator *pa;
	struct machine_config config;
	struct page_start start;
	struct zone_info zone;
	struct error err;

	page_start_init(&start);
	page_start_add_free(&start, end - 1, end);
	machine_config_init(&config, versions[1], ARCH_X86_64);
	machine_config_add_range(&config, BASE, end, 0);
	config.start = &start;
	pa = page_allocator_create(&config, NULL, NULL, &err);
	ck_assert_msg(pa != NULL, "%s", err.message);
	ck_assert(page_adopt(pa, end - 4, 1, MIGRATE_UNMOVABLE));
	page_free(pa, 0, end - 4, 1);
	zone_info(pa, 0, &zone);
	ck_assert_uint_eq(zone.managed, (1ULL << 40) >> KERNEL_PAGE_SHIFT);
	ck_assert(page_check_quick(pa, &err));
	page_allocator_destroy(pa);
	machine_config_deinit(&config);
	page_start_deinit(&start);
}
END_TEST

/* The first CPU has taken three pages that are not booked yet; then it claims a block. */
START_TEST(a_claim_books_what_it_moves)
{
	static const struct {
		uint32_t nr_free;
		int8_t left; /* of the difference, from 6.10 on */
	} cases[] = { { 0x400, 0 }, { 0x100, -16 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct page_allocator *pa;
		struct page_start start;
		struct pcp *pcp;
		struct error err;

		page_start_init(&start);
		page_start_add_free(&start, BASE, BASE + cases[i].nr_free);
		pa = create(_i, &start);
		pa->zones[0].stat_threshold = 20;
		pcp = &pa->zones[0].pcps[0];
		pcp->stat_diff = -3;
		pa->zones[0].free_stat += 3;
		ck_assert_uint_eq(page_alloc(pa, 0, GFP_BITS_KERNEL, 4, -1, 0).addr, BASE);
		ck_assert_int_eq(pcp->stat_diff, _i ? cases[i].left : -19);
		ck_assert_msg(page_check_quick(pa, &err), "%s", err.message);
		page_follow_decay(pa, 0);
		ck_assert_int_eq(pcp->stat_diff, 0);
		ck_assert_int_eq(pa->zones[0].free_stat, cases[i].nr_free - 16);
		finish(pa);
		page_start_deinit(&start);
	}
}
END_TEST

static void configure(struct machine_config *config, int version, const struct page_start *start)
{
	machine_config_init(config, versions[version], ARCH_X86_64);
	config->nr_cpus = 2;
	config->start = start;
	machine_config_add_range(config, BASE, BASE + PAGES, 0);
}

static struct page_allocator *create(int version, const struct page_start *start)
{
	struct machine_config config;
	struct page_allocator *pa;
	struct error err;

	configure(&config, version, start);
	pa = page_allocator_create(&config, NULL, NULL, &err);
	machine_config_deinit(&config);
	ck_assert_msg(pa != NULL, "%s", err.message);
	ck_assert_msg(page_check(pa, &err), "%s", err.message);
	return pa;
}

/* Runs of all lengths, some of them long and aligned. */
static void draw_map(struct rng *rng, bool is_free[PAGES])
{
	bool now = rng_below(rng, 2);

	for (uint32_t at = 0; at < PAGES;) {
		uint32_t nr = 1 + (uint32_t)rng_below(rng, 1U << rng_below(rng, 12));

		if (!rng_below(rng, 4))
			nr = (uint32_t)bits_align_up(at + 1, 1U << rng_below(rng, 11)) - at;
		nr = MIN(nr, PAGES - at);
		memset(is_free + at, now, nr);
		at += nr;
		now = !now;
	}
}

static void to_start(const bool is_free[PAGES], struct page_start *start)
{
	page_start_init(start);
	for (uint32_t at = 0; at < PAGES; at++) {
		if (is_free[at])
			page_start_add_free(start, BASE + at, BASE + at + 1);
	}
}

static struct page_allocator *free_one_by_one(int version, const bool is_free[PAGES])
{
	struct page_start none;
	struct page_allocator *pa;

	page_start_init(&none);
	pa = create(version, &none);
	for (uint32_t at = 0; at < PAGES; at++) {
		if (!is_free[at])
			continue;
		ck_assert(page_adopt(pa, BASE + at, 0, MIGRATE_MOVABLE));
		page_free(pa, 0, BASE + at, 0);
	}
	page_drain_all(pa);
	return pa;
}

/* The same blocks; the order in the lists is history. */
static void expect_alike(const struct page_allocator *a, const struct page_allocator *b)
{
	for (uint32_t at = 0; at < PAGES; at++) {
		for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++) {
			if (!(at & ((1U << o) - 1)))
				ck_assert_int_eq(area_has(a, at, o), area_has(b, at, o));
		}
	}
}

static void expect_ascending(const struct page_allocator *pa)
{
	for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++) {
		const struct free_list *list = &pa->zones[0].area[o].lists[MIGRATE_MOVABLE];
		const bool top = o == KERNEL_MAX_ORDER;

		for (uint32_t at = list->first; at != PAGE_NIL && at != list->last;
		     at = page_link(pa, at, top)->next)
			ck_assert_uint_lt(at, page_link(pa, at, top)->next);
	}
}

static void finish(struct page_allocator *pa)
{
	struct error err;

	ck_assert_msg(page_check(pa, &err), "%s", err.message);
	page_allocator_destroy(pa);
}

int main(void)
{
	Suite *suite = suite_create("page_start");
	TCase *tcase = tcase_create("page_start");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, a_claim_books_what_it_moves, 0, ARRAY_SIZE(versions));
	tcase_add_loop_test(tcase, free_frames_make_the_blocks_that_freeing_them_makes, 0,
			    ARRAY_SIZE(versions));
	tcase_add_loop_test(tcase, what_was_in_use_is_given_back_in_any_parts, 0,
			    ARRAY_SIZE(versions));
	tcase_add_loop_test(tcase, types_and_waiting_pages_are_as_given, 0, ARRAY_SIZE(versions));
	tcase_add_test(tcase, a_list_may_be_of_another_type_than_its_pageblock);
	tcase_add_loop_test(tcase, boot_goes_step_by_step, 0, ARRAY_SIZE(versions));
	tcase_add_loop_test(tcase, a_zone_that_grew_had_run_low, 0, ARRAY_SIZE(versions));
	tcase_add_test(tcase, a_large_machine_in_use_costs_nothing);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
