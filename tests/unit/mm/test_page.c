/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which page comes out: initial lists, splitting, merging, fallback and per-CPU lists of each
 * profile, with the free lists drawn before and after. A list is written head first, in hex,
 * relative to the machine's first pfn (BASE), an asterisk in front of what is expected next.
 */
#include <config.h>

#include "kmreplay/mm/page_parts.h"
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

enum {
	BASE = 0x100000, /* in zone Normal, so that one zone is all there is */
	MOVABLE = GFP_BITS_KERNEL | GFP_BIT_MOVABLE,
	UNMOVABLE = GFP_BITS_KERNEL,
	RECLAIMABLE = GFP_BITS_KERNEL | GFP_BIT_RECLAIMABLE,
};

static const struct kernel_version v6_1 = { 6, 1 }, v6_12 = { 6, 12 }, v7_2 = { 7, 2 };

static struct page_allocator *machine(struct kernel_version version, uint64_t pages, bool pcp);
static uint64_t get(struct page_allocator *pa, uint32_t gfp, unsigned int order);
static const char *list(struct page_allocator *pa, unsigned int order, enum migratetype type,
			char *buffer);
static void expect_list(struct page_allocator *pa, unsigned int order, enum migratetype type,
			const char *expected);
static void finish(struct page_allocator *pa);
static void only_movable_holes(struct page_allocator *pa);

START_TEST(memory_is_handed_over_in_the_largest_blocks)
{
	struct machine_config config;
	struct page_allocator *pa;
	struct zone_info zone;
	struct error err;

	/*
	 * DMA of any PC, pfn 0x100 to 0x1000:
	 *	|- hole -|  8  |    9    |   10   |   10   |   10   |
	 *	0       100   200       400      800      c00     1000
	 */
	machine_config_init(&config, v6_12, ARCH_X86_64);
	machine_config_add_range(&config, 0x100, 0x1000, 0);
	pa = page_allocator_create(&config, NULL, NULL, &err);
	machine_config_deinit(&config);
	ck_assert_msg(pa != NULL, "%s", err.message);
	ck_assert_uint_eq(zone_count(pa), 1);
	zone_info(pa, 0, &zone);
	ck_assert_int_eq(zone.type, ZONE_DMA);
	ck_assert_uint_eq(zone.managed, 3840);
	ck_assert_uint_eq(zone.nr_free[8], 1);
	ck_assert_uint_eq(zone.nr_free[9], 1);
	ck_assert_uint_eq(zone.nr_free[10], 3);
	ck_assert_uint_eq(zone.free, 3840);
	ck_assert_uint_eq(zone.nr_free_type[10][MIGRATE_MOVABLE], 3);
	ck_assert_uint_eq(pa->zones[0].area[10].lists[MIGRATE_MOVABLE].first, 0x400);
	ck_assert_uint_eq(pa->zones[0].area[10].lists[MIGRATE_MOVABLE].last, 0xc00);
	finish(pa);
}
END_TEST

START_TEST(a_block_is_halved_down_to_the_order)
{
	struct page_allocator *pa = machine(v6_1, 0x400, false);

	/* |0 . . . order 10 . . .|  ->  |0|1|2 .|4 . . .| ... |200 . . . . .| */
	expect_list(pa, 10, MIGRATE_MOVABLE, "0");
	ck_assert_uint_eq(get(pa, MOVABLE, 0), BASE);
	for (unsigned int o = 0; o < 10; o++) {
		char half[16];

		snprintf(half, sizeof(half), "%x", 1U << o);
		expect_list(pa, o, MIGRATE_MOVABLE, half);
	}
	expect_list(pa, 10, MIGRATE_MOVABLE, "");
	/* The next ones come from the smallest block that fits. */
	ck_assert_uint_eq(get(pa, MOVABLE, 0), BASE + 1);
	ck_assert_uint_eq(get(pa, MOVABLE, 2), BASE + 4);
	ck_assert_uint_eq(get(pa, MOVABLE, 2), BASE + 8);
	expect_list(pa, 2, MIGRATE_MOVABLE, "c");
	finish(pa);
}
END_TEST

START_TEST(buddies_merge_all_the_way_up)
{
	struct page_allocator *pa = machine(v6_12, 0x400, false);
	uint64_t pfn[4];

	for (size_t i = 0; i < ARRAY_SIZE(pfn); i++)
		pfn[i] = get(pa, MOVABLE, 0);
	/* |U|U|U|U|4 . . .|: 1 and 2 are no buddies, 0 and 1 are */
	page_free(pa, 0, pfn[1], 0);
	page_free(pa, 0, pfn[2], 0);
	expect_list(pa, 0, MIGRATE_MOVABLE, "2 1");
	expect_list(pa, 1, MIGRATE_MOVABLE, "");
	page_free(pa, 0, pfn[0], 0);
	expect_list(pa, 1, MIGRATE_MOVABLE, "0");
	ck_assert_uint_eq(page_free(pa, 0, pfn[3], 0).steps, 10);
	expect_list(pa, 10, MIGRATE_MOVABLE, "0");
	finish(pa);
}
END_TEST

START_TEST(a_block_that_may_soon_merge_goes_to_the_tail)
{
	struct page_allocator *pa = machine(v6_12, 0x400, false);
	uint64_t pfn[16];

	for (size_t i = 0; i < ARRAY_SIZE(pfn); i++)
		pfn[i] = get(pa, MOVABLE, 0);
	/*
	 * |0U|1U|2U|3U|4U|5U|6 .|  6 and 7 are a free block of order 1. Freeing 4 makes a parent,
	 * 4-5, whose buddy is that block: 4 goes to the tail. Freeing 8 has no such hope: the head.
	 */
	page_free(pa, 0, pfn[6], 0);
	page_free(pa, 0, pfn[7], 0);
	page_free(pa, 0, pfn[12], 0);
	page_free(pa, 0, pfn[4], 0);
	page_free(pa, 0, pfn[8], 0);
	expect_list(pa, 1, MIGRATE_MOVABLE, "6");
	expect_list(pa, 0, MIGRATE_MOVABLE, "8 c 4");
	finish(pa);
}
END_TEST

START_TEST(fallback_takes_the_largest_block_with_its_pageblocks)
{
	const struct kernel_version versions[] = { v6_1, v6_12, v7_2 };
	struct page_allocator *pa = machine(versions[_i], 0xc00, false);

	/* Movable |0 order 10|400 order 10|800 order 10|; unmovable: nothing */
	ck_assert_uint_eq(get(pa, UNMOVABLE, 0), BASE);
	expect_list(pa, 10, MIGRATE_MOVABLE, "400 800");
	expect_list(pa, 9, MIGRATE_UNMOVABLE, "200");
	expect_list(pa, 0, MIGRATE_UNMOVABLE, "1");
	ck_assert_int_eq(block_type(pa, 0), MIGRATE_UNMOVABLE);
	ck_assert_int_eq(block_type(pa, 0x200), MIGRATE_UNMOVABLE);
	ck_assert_int_eq(block_type(pa, 0x400), MIGRATE_MOVABLE);
	/* Reclaimable turns to unmovable first: its order 9 is smaller, but larger come first. */
	ck_assert_uint_eq(get(pa, RECLAIMABLE, 0), BASE + 0x400);
	ck_assert_uint_eq(page_allocator_stats(pa)->extfrag, 2);
	ck_assert_uint_eq(page_allocator_stats(pa)->extfrag_small, 0);
	finish(pa);
}
END_TEST

/*
 * One pageblock of movable memory with two free blocks and nothing else:
 *	|0 . . U U U ... U|80 . . order 5 . .|a0 U ...          |200 U ... (all in use)
 */
START_TEST(too_little_of_a_pageblock_is_stolen_6_1)
{
	struct page_allocator *pa = machine(v6_1, 0x400, false);

	only_movable_holes(pa);
	expect_list(pa, 2, MIGRATE_MOVABLE, "0");
	expect_list(pa, 5, MIGRATE_MOVABLE, "80");
	/*
	 * An unmovable request: both free blocks of the pageblock change lists, lowest first, and
	 * the page comes from the smallest; 36 free pages of 512 do not turn the pageblock over.
	 */
	ck_assert_uint_eq(get(pa, UNMOVABLE, 0), BASE);
	expect_list(pa, 0, MIGRATE_UNMOVABLE, "1");
	expect_list(pa, 1, MIGRATE_UNMOVABLE, "2");
	expect_list(pa, 5, MIGRATE_UNMOVABLE, "80");
	expect_list(pa, 5, MIGRATE_MOVABLE, "");
	ck_assert_int_eq(block_type(pa, 0), MIGRATE_MOVABLE);
	ck_assert_uint_eq(page_allocator_stats(pa)->extfrag_small, 1);
	ck_assert_uint_eq(page_allocator_stats(pa)->block_claims, 0);
	finish(pa);
}
END_TEST

START_TEST(too_little_of_a_pageblock_is_stolen_6_12)
{
	struct page_allocator *pa = machine(v6_12, 0x400, false);

	only_movable_holes(pa);
	/* No claim; one page out of the smallest block, whose rest stays where it was. */
	ck_assert_uint_eq(get(pa, UNMOVABLE, 0), BASE);
	expect_list(pa, 0, MIGRATE_MOVABLE, "1");
	expect_list(pa, 1, MIGRATE_MOVABLE, "2");
	expect_list(pa, 5, MIGRATE_MOVABLE, "80");
	expect_list(pa, 0, MIGRATE_UNMOVABLE, "");
	ck_assert_int_eq(block_type(pa, 0), MIGRATE_MOVABLE);
	ck_assert_uint_eq(page_allocator_stats(pa)->extfrag_small, 1);
	finish(pa);
}
END_TEST

START_TEST(a_pageblock_half_free_turns_over)
{
	const struct kernel_version versions[] = { v6_1, v6_12, v7_2 };
	struct page_allocator *pa = machine(versions[_i], 0x400, false);

	/* Both pageblocks in use but for the upper half of the first. */
	ck_assert_uint_eq(get(pa, MOVABLE, 8), BASE);
	ck_assert_uint_eq(get(pa, MOVABLE, 9), BASE + 0x200);
	expect_list(pa, 8, MIGRATE_MOVABLE, "100");
	ck_assert_uint_eq(get(pa, UNMOVABLE, 3), BASE + 0x100);
	ck_assert_int_eq(block_type(pa, 0), MIGRATE_UNMOVABLE);
	expect_list(pa, 7, MIGRATE_UNMOVABLE, "180");
	ck_assert_uint_eq(page_allocator_stats(pa)->block_claims, 1);
	finish(pa);
}
END_TEST

START_TEST(pages_freed_last_decide_the_list_6_1)
{
	struct page_allocator *pa = machine(v6_1, 0x400, false);
	const uint64_t pfn = get(pa, MOVABLE, 0);

	/* What was stolen from a movable pageblock goes back to the movable lists. */
	page_free(pa, 0, pfn, 0);
	ck_assert_uint_eq(get(pa, UNMOVABLE, 10), BASE);
	page_free(pa, 0, BASE, 10);
	expect_list(pa, 10, MIGRATE_UNMOVABLE, "0");
	finish(pa);
}
END_TEST

START_TEST(a_refill_is_used_in_order_and_frees_last_in_first_out)
{
	const struct kernel_version versions[] = { v6_1, v6_12, v7_2 };
	struct page_allocator *pa = machine(versions[_i], 0x10000, true);
	struct zone_pcp_info pcp;
	uint64_t a, b, c;

	zone_pcp_info(pa, 0, 0, &pcp);
	ck_assert_uint_eq(pcp.batch, 15);
	/* refill [0 1 2 ... 14] of order 0; pops 0, 1, 2 */
	a = get(pa, MOVABLE, 0);
	b = get(pa, MOVABLE, 0);
	c = get(pa, MOVABLE, 0);
	ck_assert_uint_eq(a, BASE);
	ck_assert_uint_eq(b, BASE + 1);
	ck_assert_uint_eq(c, BASE + 2);
	zone_pcp_info(pa, 0, 0, &pcp);
	ck_assert_uint_eq(pcp.count, 12);
	/* [3 4 ...] -> free 0, free 2 -> [2 0 3 4 ...] */
	page_free(pa, 0, a, 0);
	page_free(pa, 0, c, 0);
	ck_assert_uint_eq(get(pa, MOVABLE, 0), c);
	ck_assert_uint_eq(get(pa, MOVABLE, 0), a);
	ck_assert_uint_eq(get(pa, MOVABLE, 0), BASE + 3);
	/* The other CPU has lists of its own: its first page is the 16th. */
	ck_assert_uint_eq(page_alloc(pa, 1, MOVABLE, 0, -1, 0).addr, BASE + 15);
	/* Orders have lists of their own: batch >> order, at least 2 blocks. */
	ck_assert_uint_eq(get(pa, MOVABLE, 3), BASE + 32);
	zone_pcp_info(pa, 0, 0, &pcp);
	ck_assert_uint_eq(pcp.count, 11 + 8);
	finish(pa);
}
END_TEST

START_TEST(allocations_in_a_row_double_the_refill_6_12)
{
	struct page_allocator *pa = machine(v6_12, 0x10000, true);
	const unsigned int refills[] = { 15, 30, 60, 120, 240, 480, 480 };
	struct zone_pcp_info pcp;

	for (size_t i = 0; i < ARRAY_SIZE(refills); i++) {
		for (unsigned int n = 0; n < refills[i]; n++) {
			get(pa, UNMOVABLE, 0);
			zone_pcp_info(pa, 0, 0, &pcp);
			ck_assert_uint_eq(pcp.count, refills[i] - n - 1);
		}
	}
	finish(pa);
}
END_TEST

START_TEST(refills_stay_the_same_6_1)
{
	struct page_allocator *pa = machine(v6_1, 0x10000, true);
	struct zone_pcp_info pcp;

	for (unsigned int n = 0; n < 15 * 8; n++) {
		get(pa, UNMOVABLE, 0);
		zone_pcp_info(pa, 0, 0, &pcp);
		ck_assert_uint_eq(pcp.count, 14 - n % 15);
	}
	finish(pa);
}
END_TEST

START_TEST(a_full_list_gives_back_its_oldest_6_1)
{
	struct page_allocator *pa = machine(v6_1, 0x10000, true);
	struct zone_pcp_info pcp;
	uint64_t pfn[4096];
	unsigned int high, n = 0;

	zone_pcp_info(pa, 0, 0, &pcp);
	high = pcp.high;
	ck_assert_uint_gt(high, 60);
	ck_assert_uint_lt(high, ARRAY_SIZE(pfn) - 60);
	/* Bulk requests leave nothing over: the list is empty when a multiple of 15 is taken. */
	for (unsigned int i = 0; i < 15 * ((high + 60) / 15); i++)
		pfn[n++] = get(pa, MOVABLE, 0);
	for (unsigned int i = 0; i < high - 1; i++)
		page_free(pa, 0, pfn[i], 0);
	zone_pcp_info(pa, 0, 0, &pcp);
	ck_assert_uint_eq(pcp.count, high - 1);
	/*
	 * The free that reaches high drains a batch, the next time twice as much: free_factor grows
	 * with every drain and is halved by an allocation.
	 */
	ck_assert_int_eq(page_free(pa, 0, pfn[high - 1], 0).path, MM_PATH_PCP_DRAIN);
	zone_pcp_info(pa, 0, 0, &pcp);
	ck_assert_uint_eq(pcp.count, high - 15);
	ck_assert(page_is_free(pa, pfn[0]));
	ck_assert_int_eq(pa->pages[pfn[0] - BASE].state == PAGE_PCP, 0);
	ck_assert_int_eq(pa->pages[pfn[14] - BASE].state == PAGE_PCP, 0);
	ck_assert_int_eq(pa->pages[pfn[15] - BASE].state, PAGE_PCP);
	for (unsigned int i = 0; i < 15; i++)
		page_free(pa, 0, pfn[high + i], 0);
	zone_pcp_info(pa, 0, 0, &pcp);
	ck_assert_uint_eq(pcp.count, high - 30);
	finish(pa);
}
END_TEST

START_TEST(follow_mode_takes_the_very_page)
{
	const struct kernel_version versions[] = { v6_1, v6_12, v7_2 };
	struct page_allocator *pa = machine(versions[_i], 0x1000, true);
	struct zone_pcp_info pcp;

	/* Out of the middle of a free block: |400 . . . . . .|  ->  halves but 0x555. */
	ck_assert(page_alloc_at(pa, 0, MOVABLE, BASE + 0x555, 0));
	expect_list(pa, 0, MIGRATE_MOVABLE, "554");
	expect_list(pa, 1, MIGRATE_MOVABLE, "556");
	expect_list(pa, 2, MIGRATE_MOVABLE, "550");
	expect_list(pa, 9, MIGRATE_MOVABLE, "600");
	expect_list(pa, 10, MIGRATE_MOVABLE, "0 800 c00");
	ck_assert(!page_alloc_at(pa, 0, MOVABLE, BASE + 0x555, 0));
	ck_assert(!page_alloc_at(pa, 0, MOVABLE, BASE + 0x554, 1));
	ck_assert(!page_alloc_at(pa, 0, MOVABLE, BASE + 0x1000, 0));
	ck_assert(!page_alloc_at(pa, 0, MOVABLE, BASE - 1, 0));
	ck_assert(!page_alloc_at(pa, 0, MOVABLE, BASE + 1, 1));
	/* Out of another CPU's list. */
	page_free(pa, 1, BASE + 0x555, 0);
	zone_pcp_info(pa, 0, 1, &pcp);
	ck_assert_uint_eq(pcp.count, 1);
	ck_assert(page_is_free(pa, BASE + 0x555));
	ck_assert(page_alloc_at(pa, 0, MOVABLE, BASE + 0x555, 0));
	zone_pcp_info(pa, 0, 1, &pcp);
	ck_assert_uint_eq(pcp.count, 0);
	ck_assert(page_reserve(pa, BASE + 0x800, 10));
	ck_assert(!page_reserve(pa, BASE + 0x800, 0));
	page_free(pa, 0, BASE + 0x800, 10);
	finish(pa);
}
END_TEST

START_TEST(follow_mode_turns_pageblocks_over)
{
	const struct kernel_version versions[] = { v6_1, v6_12, v7_2 };
	struct page_allocator *pa = machine(versions[_i], 0x800, false);

	/* An unmovable page out of a movable block of order 10: both pageblocks were claimed. */
	ck_assert(page_alloc_at(pa, 0, UNMOVABLE, BASE + 0x255, 0));
	ck_assert_int_eq(block_type(pa, 0), MIGRATE_UNMOVABLE);
	ck_assert_int_eq(block_type(pa, 0x200), MIGRATE_UNMOVABLE);
	ck_assert_int_eq(block_type(pa, 0x400), MIGRATE_MOVABLE);
	expect_list(pa, 9, MIGRATE_UNMOVABLE, "0");
	/* A movable page there: mostly free, and so the pageblock is movable again. */
	ck_assert(page_alloc_at(pa, 0, MOVABLE, BASE + 0x300, 0));
	ck_assert_int_eq(block_type(pa, 0x200), MIGRATE_MOVABLE);
	ck_assert_int_eq(block_type(pa, 0), MIGRATE_UNMOVABLE);
	expect_list(pa, 0, MIGRATE_MOVABLE, "301 254");
	finish(pa);
}
END_TEST

START_TEST(bulk_takes_from_the_list_without_halving_counters)
{
	struct page_allocator *pa = machine(v6_1, 0x10000, true);
	uint64_t pfns[100];

	ck_assert_uint_eq(page_alloc_bulk(pa, 0, UNMOVABLE, -1, 100, pfns), 100);
	for (size_t i = 0; i < ARRAY_SIZE(pfns); i++)
		ck_assert_uint_eq(pfns[i], BASE + i);
	ck_assert_uint_eq(page_allocator_stats(pa)->pcp_refills, 7);
	/* An accounted request gets one page, the ordinary way. */
	ck_assert_uint_eq(page_alloc_bulk(pa, 0, UNMOVABLE | GFP_BIT_ACCOUNT, -1, 100, pfns), 1);
	ck_assert_uint_eq(page_alloc_bulk(pa, 0, UNMOVABLE, -1, 0, pfns), 0);
	finish(pa);
}
END_TEST

START_TEST(pages_split_are_freed_one_by_one)
{
	struct page_allocator *pa = machine(v6_12, 0x400, false);
	const uint64_t pfn = get(pa, MOVABLE, 3);
	unsigned int order;

	page_split(pa, pfn, 3);
	for (unsigned int i = 0; i < 8; i++) {
		ck_assert(page_is_allocated(pa, pfn + i, &order));
		ck_assert_uint_eq(order, 0);
		page_free(pa, 0, pfn + i, 0);
	}
	expect_list(pa, 10, MIGRATE_MOVABLE, "0");
	finish(pa);
}
END_TEST

START_TEST(a_request_avoids_fragmenting_normal)
{
	struct machine_config config;
	struct page_allocator *pa;
	struct error err;
	struct zone_info zone;

	/* DMA32 is free, Normal has only movable blocks smaller than a pageblock left. */
	machine_config_init(&config, v6_12, ARCH_X86_64);
	machine_config_add_range(&config, 0x1000, 0x9000, 0);
	machine_config_add_range(&config, 0x100000, 0x104000, 0);
	config.pcp = false;
	pa = page_allocator_create(&config, NULL, NULL, &err);
	machine_config_deinit(&config);
	ck_assert_msg(pa != NULL, "%s", err.message);
	ck_assert_uint_eq(zone_count(pa), 2);
	for (uint64_t pfn = 0x100000; pfn < 0x104000; pfn += 0x200)
		ck_assert(page_alloc_at(pa, 0, MOVABLE, pfn, 6));
	zone_info(pa, 1, &zone);
	ck_assert_uint_eq(zone.nr_free[9] + zone.nr_free[10], 0);
	ck_assert_uint_lt(get(pa, UNMOVABLE, 0), 0x9000);
	/* A movable request has its own lists in Normal and stays there. */
	ck_assert_uint_ge(get(pa, MOVABLE, 0), 0x100000);
	finish(pa);
}
END_TEST

START_TEST(a_machine_that_cannot_be_is_refused)
{
	struct machine_config config;
	struct error err;

	machine_config_init(&config, v6_12, ARCH_X86_64);
	ck_assert_ptr_null(page_allocator_create(&config, NULL, NULL, &err));
	ck_assert_str_eq(err.message, "a machine needs memory");
	machine_config_add_range(&config, 0x100, 0x1000, 1);
	ck_assert_ptr_null(page_allocator_create(&config, NULL, NULL, &err));
	ck_assert_str_eq(err.message, "memory range [0x100, 0x1000) is on node '1' of 1");
	config.nr_nodes = 2;
	machine_config_add_range(&config, 0x900, 0x2000, 1);
	ck_assert_ptr_null(page_allocator_create(&config, NULL, NULL, &err));
	config.ranges.items[1].start = 0x1001;
	config.ranges.items[1].node = 0;
	config.ranges.items[0].end = 0x1001;
	ck_assert_ptr_null(page_allocator_create(&config, NULL, NULL, &err));
	ck_assert_str_eq(err.message, "nodes 1 and 0 share a pageblock at pfn 0x1001");
	config.ranges.items[1] = (struct machine_range){ .start = 1ULL << 39, .end = 1ULL << 40 };
	ck_assert_ptr_null(page_allocator_create(&config, NULL, NULL, &err));
	ck_assert_str_eq(err.message, "memory spans more than 16 TiB");
	config.nr_cpus = 0;
	ck_assert_ptr_null(page_allocator_create(&config, NULL, NULL, &err));
	config.nr_cpus = 1;
	config.pageblock_order = 11;
	ck_assert_ptr_null(page_allocator_create(&config, NULL, NULL, &err));
	machine_config_deinit(&config);
}
END_TEST

START_TEST(the_nearest_profile_is_named)
{
	const struct {
		struct kernel_version version;
		const char *name;
	} cases[] = {
		{ { 0, 0 }, "7.2" }, { { 2, 6 }, "4.19" },  { { 4, 19 }, "4.19" },
		{ { 5, 4 }, "5.10" }, { { 5, 10 }, "5.10" }, { { 5, 13 }, "5.10" },
		{ { 5, 14 }, "5.15" }, { { 5, 17 }, "5.15" }, { { 5, 18 }, "6.1" },
		{ { 6, 1 }, "6.1" },
		{ { 6, 6 }, "6.1" }, { { 6, 8 }, "6.12" },  { { 6, 12 }, "6.12" },
		{ { 6, 17 }, "6.12" }, { { 6, 18 }, "6.18" }, { { 9, 0 }, "7.2" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_str_eq(page_profile_for(cases[i].version)->name, cases[i].name);
	ck_assert_str_eq(page_profile_at(0)->name, "4.19");
	ck_assert_ptr_null(page_profile_at(7));
	for (size_t i = 0; page_profile_at(i); i++) {
		const struct page_profile *profile = page_profile_at(i);
		const bool old = kernel_version_cmp(profile->from,
						    (struct kernel_version){ 5, 18 }) < 0;

		ck_assert_int_eq(profile->unverified, old);
		ck_assert_int_eq(profile->reserves, old ? RESERVES_HARDER : RESERVES_MIN_RESERVE);
	}
}
END_TEST

static struct page_allocator *machine(struct kernel_version version, uint64_t pages, bool pcp)
{
	struct machine_config config;
	struct page_allocator *pa;
	struct error err;

	machine_config_init(&config, version, ARCH_X86_64);
	config.nr_cpus = 2;
	config.pcp = pcp;
	machine_config_add_range(&config, BASE, BASE + pages, 0);
	/* Small enough for the smallest machine here to be used to its end. */
	config.min_free_kbytes = pages <= 0x1000 ? 0 : -1;
	config.watermark_scale_factor = pages <= 0x1000 ? 0 : 10;
	pa = page_allocator_create(&config, NULL, NULL, &err);
	machine_config_deinit(&config);
	ck_assert_msg(pa != NULL, "%s", err.message);
	return pa;
}

static uint64_t get(struct page_allocator *pa, uint32_t gfp, unsigned int order)
{
	const struct mm_outcome out = page_alloc(pa, 0, gfp, order, -1, 0);

	ck_assert_msg(mm_ok(out), "order %u: %s", order,
		      mm_failure_name((enum mm_failure)out.failure));
	return out.addr;
}

/* Only the last zone is drawn. */
static const char *list(struct page_allocator *pa, unsigned int order, enum migratetype type,
			char *buffer)
{
	const struct free_list *free = &pa->zones[pa->nr_zones - 1].area[order].lists[type];
	const bool top = order == KERNEL_MAX_ORDER;
	size_t len = 0;

	buffer[0] = '\0';
	for (uint32_t at = free->first; at != PAGE_NIL; at = page_link(pa, at, top)->next)
		len += (size_t)snprintf(buffer + len, 256 - len, "%s%x", len ? " " : "", at);
	return buffer;
}

static void expect_list(struct page_allocator *pa, unsigned int order, enum migratetype type,
			const char *expected)
{
	char buffer[256];

	ck_assert_msg(!strcmp(list(pa, order, type, buffer), expected),
		      "order %u %s: '%s', expected '%s'", order, migratetype_name(type), buffer,
		      expected);
}

static void finish(struct page_allocator *pa)
{
	struct error err;

	ck_assert_msg(page_check(pa, &err), "%s", err.message);
	page_allocator_destroy(pa);
}

/* All in use and movable but for 4 pages at 0 and 32 at 0x80. */
static void only_movable_holes(struct page_allocator *pa)
{
	ck_assert_uint_eq(get(pa, MOVABLE, 10), BASE);
	page_split(pa, BASE, 10);
	for (unsigned int i = 0; i < 4; i++)
		page_free(pa, 0, BASE + i, 0);
	for (unsigned int i = 0; i < 32; i++)
		page_free(pa, 0, BASE + 0x80 + i, 0);
}

int main(void)
{
	Suite *suite = suite_create("page");
	TCase *tcase = tcase_create("page");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, memory_is_handed_over_in_the_largest_blocks);
	tcase_add_test(tcase, a_block_is_halved_down_to_the_order);
	tcase_add_test(tcase, buddies_merge_all_the_way_up);
	tcase_add_test(tcase, a_block_that_may_soon_merge_goes_to_the_tail);
	tcase_add_loop_test(tcase, fallback_takes_the_largest_block_with_its_pageblocks, 0, 3);
	tcase_add_test(tcase, too_little_of_a_pageblock_is_stolen_6_1);
	tcase_add_test(tcase, too_little_of_a_pageblock_is_stolen_6_12);
	tcase_add_loop_test(tcase, a_pageblock_half_free_turns_over, 0, 3);
	tcase_add_test(tcase, pages_freed_last_decide_the_list_6_1);
	tcase_add_loop_test(tcase, a_refill_is_used_in_order_and_frees_last_in_first_out, 0, 3);
	tcase_add_test(tcase, allocations_in_a_row_double_the_refill_6_12);
	tcase_add_test(tcase, refills_stay_the_same_6_1);
	tcase_add_test(tcase, a_full_list_gives_back_its_oldest_6_1);
	tcase_add_loop_test(tcase, follow_mode_takes_the_very_page, 0, 3);
	tcase_add_loop_test(tcase, follow_mode_turns_pageblocks_over, 0, 3);
	tcase_add_test(tcase, bulk_takes_from_the_list_without_halving_counters);
	tcase_add_test(tcase, pages_split_are_freed_one_by_one);
	tcase_add_test(tcase, a_request_avoids_fragmenting_normal);
	tcase_add_test(tcase, a_machine_that_cannot_be_is_refused);
	tcase_add_test(tcase, the_nearest_profile_is_named);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
