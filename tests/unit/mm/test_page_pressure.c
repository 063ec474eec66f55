/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory pressure: the slow path, the kswapd model, compaction, the HIGHATOMIC reserve, OOM, and
 * how a failure is named. The owner here keeps a list of movable pages that it can give up or be
 * told to have moved.
 */
#include <config.h>

#include "kmreplay/mm/page_parts.h"
#include "kmreplay/core/vec.h"
#include "unit/unit.h"

#include <string.h>

enum {
	BASE = 0x100000,
	MOVABLE = GFP_BITS_KERNEL | GFP_BIT_MOVABLE,
	ATOMIC = GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM,
};

struct owner {
	struct page_allocator *pa;
	struct vec(uint64_t) stock; /* movable order-0 pages, oldest first */
	size_t next;                /* the oldest not yet given up */
	uint64_t asked;             /* calls of reclaim */
	uint64_t moves;
	uint64_t victim;            /* pages that an OOM kill frees; 0: nobody to kill */
	uint64_t kills;
};

static const struct kernel_version versions[] = { { 6, 1 }, { 6, 12 }, { 7, 2 } };

static void owner_init(struct owner *owner, struct kernel_version version, uint64_t pages,
		       bool can_move);
static void owner_deinit(struct owner *owner);
static void on_moved(void *ctx, uint64_t old_pfn, uint64_t new_pfn, unsigned int order);
static uint64_t on_reclaim(void *ctx, uint64_t nr_pages, uint32_t gfp);
static uint64_t on_oom(void *ctx, uint32_t gfp);
static void fill_movable(struct owner *owner, uint64_t leave_free);
static struct mm_outcome get(struct owner *owner, uint32_t gfp, unsigned int order);
static void check(struct owner *owner);

START_TEST(direct_reclaim_frees_what_is_asked_for)
{
	struct owner owner;
	struct mm_outcome out;

	owner_init(&owner, versions[_i], 0x2000, false);
	fill_movable(&owner, 0);
	out = get(&owner, GFP_BITS_KERNEL & ~(uint32_t)GFP_BIT_KSWAPD_RECLAIM, 0);
	ck_assert(mm_ok(out));
	ck_assert_int_eq(out.path, MM_PATH_RECLAIM);
	ck_assert_uint_ge(owner.asked, 1);
	ck_assert_uint_eq(page_allocator_stats(owner.pa)->kswapd_wakes, 0);
	ck_assert_uint_ge(page_allocator_stats(owner.pa)->direct_pages, SWAP_CLUSTER_MAX);
	ck_assert_uint_ge(out.cost_ns, SWAP_CLUSTER_MAX * owner.pa->costs.reclaim_page);
	check(&owner);
	owner_deinit(&owner);
}
END_TEST

START_TEST(a_request_that_cannot_sleep_wakes_kswapd_and_fails)
{
	struct owner owner;
	struct mm_outcome out;
	struct zone_info zone;

	owner_init(&owner, versions[_i], 0x2000, false);
	fill_movable(&owner, 0);
	out = get(&owner, ATOMIC, 0);
	ck_assert(!mm_ok(out));
	ck_assert_int_eq(out.failure, MM_FAIL_NO_MEMORY);
	ck_assert_uint_eq(out.addr, 0);
	ck_assert_uint_eq(page_allocator_stats(owner.pa)->kswapd_wakes, 1);
	ck_assert_uint_eq(page_allocator_stats(owner.pa)->direct_reclaims, 0);
	/* Later requests find kswapd at work; it stops above the high mark. */
	for (int i = 0; i < 200; i++) {
		const struct mm_outcome later = get(&owner, ATOMIC, 0);

		if (mm_ok(later))
			page_free(owner.pa, 0, later.addr, 0);
	}
	zone_info(owner.pa, 0, &zone);
	ck_assert_uint_gt(zone.free, zone.mark[ZONE_MARK_HIGH]);
	ck_assert_uint_lt(zone.free, zone.mark[ZONE_MARK_HIGH] + 4 * SWAP_CLUSTER_MAX);
	ck_assert(!owner.pa->nodes[0].kswapd_awake);
	ck_assert(mm_ok(get(&owner, ATOMIC, 0)));
	check(&owner);
	owner_deinit(&owner);
}
END_TEST

START_TEST(compaction_makes_the_block)
{
	struct owner owner;
	struct mm_outcome out;

	/* |m.m.m.m.m.m. ...|: half of memory is free, and not two pages of it together. */
	owner_init(&owner, versions[_i], 0x2000, true);
	fill_movable(&owner, 0);
	for (size_t i = 0; i < owner.stock.nr; i++) {
		if (owner.stock.items[i] & 1)
			continue;
		page_free(owner.pa, 0, owner.stock.items[i], 0);
		owner.stock.items[i] = 0;
	}
	page_drain_all(owner.pa);
	owner.next = SIZE_MAX; /* nothing can be reclaimed */
	out = get(&owner, GFP_BITS_KERNEL, 4);
	ck_assert_msg(mm_ok(out), "%s", mm_failure_name((enum mm_failure)out.failure));
	ck_assert_int_eq(out.path, MM_PATH_COMPACT);
	ck_assert_uint_ge(owner.moves, 8);
	ck_assert_uint_eq(page_allocator_stats(owner.pa)->compact_moved, owner.moves);
	ck_assert_uint_ge(out.cost_ns, owner.moves * owner.pa->costs.compact_page);
	/* Without being allowed to start I/O it would have failed for its pieces. */
	out = get(&owner, GFP_BITS_RECLAIM, 6);
	ck_assert_int_eq(out.failure, MM_FAIL_NO_BLOCK);
	check(&owner);
	owner_deinit(&owner);
}
END_TEST

START_TEST(compaction_in_vain_is_put_off)
{
	struct owner owner;

	owner_init(&owner, versions[_i], 0x2000, true);
	fill_movable(&owner, 0);
	/* Every other page is free, the rest can't be moved. */
	for (size_t i = 0; i < owner.stock.nr; i++) {
		const uint64_t pfn = owner.stock.items[i];

		page_free(owner.pa, 0, pfn, 0);
		owner.stock.items[i] = 0;
		if (pfn & 1)
			ck_assert(page_alloc_at(owner.pa, 0, GFP_BITS_KERNEL, pfn, 0));
	}
	owner.next = SIZE_MAX;
	page_drain_all(owner.pa);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(get(&owner, GFP_BITS_KERNEL, 4).failure, MM_FAIL_NO_BLOCK);
	ck_assert_uint_eq(owner.moves, 0);
	ck_assert_uint_gt(page_allocator_stats(owner.pa)->compactions, 1);
	ck_assert_uint_gt(page_allocator_stats(owner.pa)->compact_deferred,
			  page_allocator_stats(owner.pa)->compactions);
	check(&owner);
	owner_deinit(&owner);
}
END_TEST

START_TEST(small_orders_come_to_the_oom_killer_and_costly_ones_fail)
{
	struct owner owner;
	struct mm_outcome out;

	owner_init(&owner, versions[_i], 0x2000, false);
	fill_movable(&owner, 0);
	owner.next = SIZE_MAX;
	out = get(&owner, GFP_BITS_KERNEL, 5);
	ck_assert(!mm_ok(out));
	ck_assert_uint_eq(owner.kills, 0);
	/* A mask without __GFP_FS kills nobody. */
	ck_assert(!mm_ok(get(&owner, GFP_BITS_RECLAIM | GFP_BIT_IO, 0)));
	ck_assert(!mm_ok(get(&owner, GFP_BITS_KERNEL | GFP_BIT_NORETRY, 0)));
	ck_assert(!mm_ok(get(&owner, GFP_BITS_KERNEL | GFP_BIT_RETRY_MAYFAIL, 0)));
	ck_assert_uint_eq(owner.kills, 0);
	out = get(&owner, GFP_BITS_KERNEL, 0);
	ck_assert(!mm_ok(out));
	ck_assert_int_eq(out.path, MM_PATH_OOM);
	ck_assert_uint_eq(owner.kills, 1);
	owner.victim = 1000;
	out = get(&owner, GFP_BITS_KERNEL, 0);
	ck_assert(mm_ok(out));
	ck_assert_int_eq(out.path, MM_PATH_OOM);
	ck_assert_uint_eq(owner.kills, 2);
	check(&owner);
	owner_deinit(&owner);
}
END_TEST

START_TEST(nofail_goes_to_the_last_page_and_is_counted_beyond)
{
	struct owner owner;

	owner_init(&owner, versions[_i], 0x2000, false);
	fill_movable(&owner, 3);
	owner.next = SIZE_MAX;
	ck_assert(!mm_ok(get(&owner, GFP_BITS_KERNEL, 0)));
	for (int i = 0; i < 3; i++)
		ck_assert(mm_ok(get(&owner, GFP_BITS_KERNEL | GFP_BIT_NOFAIL, 0)));
	ck_assert(!mm_ok(get(&owner, GFP_BITS_KERNEL | GFP_BIT_NOFAIL, 0)));
	ck_assert_uint_eq(page_allocator_stats(owner.pa)->nofail_failed, 1);
	ck_assert_uint_eq(page_free_total(owner.pa), 0);
	check(&owner);
	owner_deinit(&owner);
}
END_TEST

START_TEST(atomic_requests_of_high_order_reserve_their_pageblock)
{
	struct owner owner;
	struct mm_outcome out;
	struct zone_info zone;

	/* Large enough for 6.12 to reserve at all: a percent is more than a pageblock. */
	owner_init(&owner, versions[_i], 0x10000, false);
	for (;;) { /* down to below the low mark in blocks, so that the slow path is entered */
		zone_info(owner.pa, 0, &zone);
		if (zone.free <= zone.mark[ZONE_MARK_LOW])
			break;
		ck_assert(mm_ok(
			get(&owner, GFP_BITS_KERNEL & ~(uint32_t)GFP_BIT_KSWAPD_RECLAIM, 4)));
	}
	out = get(&owner, GFP_BIT_HIGH, 5);
	ck_assert(mm_ok(out));
	ck_assert_int_eq(out.path, MM_PATH_SLOWPATH);
	zone_info(owner.pa, 0, &zone);
	ck_assert_uint_eq(zone.reserved_highatomic, 512);
	ck_assert_int_eq(block_type(owner.pa, (uint32_t)(out.addr - owner.pa->base_pfn)),
			 MIGRATE_HIGHATOMIC);
	ck_assert_uint_eq(page_allocator_stats(owner.pa)->highatomic_reserves, 1);
	/* Freed into the reserve, and taken from it by the next of its kind. */
	page_free(owner.pa, 0, out.addr, 5);
	ck_assert_uint_gt(owner.pa->zones[0].free_highatomic, 31);
	ck_assert_uint_eq(block_type(owner.pa, (uint32_t)(get(&owner, GFP_BIT_HIGH, 5).addr -
							  owner.pa->base_pfn)),
			  MIGRATE_HIGHATOMIC);
	check(&owner);
	owner_deinit(&owner);
}
END_TEST

START_TEST(mixing_types_boosts_the_marks)
{
	struct owner owner;
	struct zone_info zone;

	owner_init(&owner, versions[_i], 0x10000, false);
	/* Leave holes smaller than a pageblock only, so that a fallback has to mix types. */
	for (uint32_t at = 0; at < 0x10000; at += 0x200)
		ck_assert(page_alloc_at(owner.pa, 0, MOVABLE, BASE + at, 0));
	ck_assert(mm_ok(get(&owner, GFP_BITS_KERNEL, 0)));
	ck_assert_uint_ge(page_allocator_stats(owner.pa)->watermark_boosts, 1);
	ck_assert_uint_eq(page_allocator_stats(owner.pa)->kswapd_wakes, 1);
	zone_info(owner.pa, 0, &zone);
	ck_assert_uint_eq(zone.boost, 512);
	/* kswapd, which finds nothing to reclaim, ends the boost. */
	owner.next = SIZE_MAX;
	for (int i = 0; i < 3; i++)
		ck_assert(mm_ok(get(&owner, GFP_BITS_KERNEL, 0)));
	zone_info(owner.pa, 0, &zone);
	ck_assert_uint_eq(zone.boost, 0);
	check(&owner);
	owner_deinit(&owner);
}
END_TEST

START_TEST(impossible_requests_are_named)
{
	struct machine_config config;
	struct page_allocator *pa;
	struct error err;

	machine_config_init(&config, versions[_i], ARCH_X86_64);
	machine_config_add_range(&config, BASE, BASE + 0x1000, 0);
	pa = page_allocator_create(&config, NULL, NULL, &err);
	machine_config_deinit(&config);
	ck_assert_msg(pa != NULL, "%s", err.message);
	ck_assert_int_eq(page_alloc(pa, 0, GFP_BITS_KERNEL, 11, -1, 0).failure, MM_FAIL_ORDER);
	ck_assert_int_eq(page_alloc(pa, 0, GFP_BITS_KERNEL | GFP_BIT_DMA, 0, -1, 0).failure,
			 MM_FAIL_NO_ZONE);
	page_allocator_destroy(pa);
}
END_TEST

static void owner_init(struct owner *owner, struct kernel_version version, uint64_t pages,
		       bool can_move)
{
	const bool can_boost = pages > 0x2000; /* else a boost would move what is tested */
	const struct page_ops ops = {
		.moved = can_move ? on_moved : NULL, .reclaim = on_reclaim, .oom = on_oom
	};
	struct machine_config config;
	struct error err;

	memset(owner, 0, sizeof(*owner));
	machine_config_init(&config, version, ARCH_X86_64);
	machine_config_add_range(&config, BASE, BASE + pages, 0);
	if (!can_boost)
		config.watermark_boost_factor = 0;
	owner->pa = page_allocator_create(&config, &ops, owner, &err);
	machine_config_deinit(&config);
	ck_assert_msg(owner->pa != NULL, "%s", err.message);
}

static void owner_deinit(struct owner *owner)
{
	page_allocator_destroy(owner->pa);
	vec_deinit(&owner->stock);
}

static void on_moved(void *ctx, uint64_t old_pfn, uint64_t new_pfn, unsigned int order)
{
	struct owner *owner = ctx;

	ck_assert_uint_eq(order, 0);
	owner->moves++;
	vec_foreach(&owner->stock, pfn) {
		if (*pfn == old_pfn) {
			*pfn = new_pfn;
			return;
		}
	}
	ck_abort_msg("an unknown page was moved");
}

static uint64_t on_reclaim(void *ctx, uint64_t nr_pages, uint32_t gfp)
{
	struct owner *owner = ctx;
	uint64_t freed = 0;

	(void)gfp;
	owner->asked++;
	while (freed < nr_pages && owner->next < owner->stock.nr) {
		page_free(owner->pa, 0, owner->stock.items[owner->next++], 0);
		freed++;
	}
	return freed;
}

static uint64_t on_oom(void *ctx, uint32_t gfp)
{
	struct owner *owner = ctx;

	(void)gfp;
	owner->kills++;
	for (uint64_t i = 0; i < owner->victim; i++)
		page_free(owner->pa, 0, owner->stock.items[i], 0);
	return owner->victim;
}

/* All but "leave_free" pages go to the stock, regardless of marks. */
static void fill_movable(struct owner *owner, uint64_t leave_free)
{
	while (page_free_total(owner->pa) > leave_free) {
		const struct mm_outcome out =
			page_alloc(owner->pa, 0, GFP_BIT_MEMALLOC | GFP_BIT_MOVABLE, 0, -1, 0);

		ck_assert(mm_ok(out));
		vec_push(&owner->stock, out.addr);
	}
	owner->pa->stats = (struct page_stats){ 0 };
}

static struct mm_outcome get(struct owner *owner, uint32_t gfp, unsigned int order)
{
	return page_alloc(owner->pa, 0, gfp, order, -1, 0);
}

static void check(struct owner *owner)
{
	struct error err;

	ck_assert_msg(page_check(owner->pa, &err), "%s", err.message);
}

int main(void)
{
	const TTest *const cases[] = {
		direct_reclaim_frees_what_is_asked_for,
		a_request_that_cannot_sleep_wakes_kswapd_and_fails,
		compaction_makes_the_block,
		compaction_in_vain_is_put_off,
		small_orders_come_to_the_oom_killer_and_costly_ones_fail,
		nofail_goes_to_the_last_page_and_is_counted_beyond,
		atomic_requests_of_high_order_reserve_their_pageblock,
		mixing_types_boosts_the_marks,
		impossible_requests_are_named,
	};
	Suite *suite = suite_create("page pressure");
	TCase *tcase = tcase_create("page pressure");
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
