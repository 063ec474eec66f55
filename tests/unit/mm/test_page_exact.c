/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs of pages out of one block: what is kept, what goes back, and to which end of which list. */
#include <config.h>

#include "kmreplay/abi/gfp.h"
#include "kmreplay/mm/page_exact.h"
#include "kmreplay/mm/page_parts.h"
#include "unit/unit.h"

enum { BASE = 0x100000, PAGES = 0x20000 };

static struct page_allocator *create(void);
static void finish(struct page_allocator *pa);

START_TEST(the_excess_goes_to_the_tail_of_the_buddy_lists)
{
	struct page_allocator *pa = create();
	struct mm_outcome outcome;
	const struct free_area *area = &pa->zones[0].area[1];
	unsigned int order;
	uint64_t first;

	/* Another block of two pages is there before. */
	first = page_alloc(pa, 0, GFP_BITS_KERNEL, 2, -1, 0).addr;
	page_drain_all(pa);
	page_split(pa, first, 2);
	page_free_direct(pa, 0, first + 2, 0, false);
	page_free_direct(pa, 0, first + 3, 0, false);
	ck_assert_uint_eq(area->lists[MIGRATE_UNMOVABLE].nr, 1);
	outcome = page_alloc_exact(pa, 0, GFP_BITS_KERNEL | GFP_BIT_COMP, 6, -1);
	ck_assert(mm_ok(outcome));
	for (uint64_t i = 0; i < 6; i++) {
		ck_assert(page_is_allocated(pa, outcome.addr + i, &order));
		ck_assert_uint_eq(order, 0);
	}
	/* Its last two pages make a block, behind the other, and in no per-CPU list. */
	ck_assert(page_is_free(pa, outcome.addr + 6));
	ck_assert_uint_eq(area->lists[MIGRATE_UNMOVABLE].last + pa->base_pfn, outcome.addr + 6);
	ck_assert_uint_eq(area->lists[MIGRATE_UNMOVABLE].first + pa->base_pfn, first + 2);
	page_free_exact(pa, 0, outcome.addr, 6);
	ck_assert(!page_is_allocated(pa, outcome.addr, &order));
	finish(pa);
}
END_TEST

START_TEST(sizes_that_no_block_has_fail)
{
	struct page_allocator *pa = create();

	ck_assert_int_eq(page_alloc_exact(pa, 0, GFP_BITS_KERNEL, 0, -1).failure, MM_FAIL_INVALID);
	ck_assert_int_eq(page_alloc_exact(pa, 0, GFP_BITS_KERNEL, 1025, -1).failure, MM_FAIL_ORDER);
	ck_assert(mm_ok(page_alloc_exact(pa, 0, GFP_BITS_KERNEL, 1, -1)));
	finish(pa);
}
END_TEST

START_TEST(all_but_the_held_page_goes_back_in_halves)
{
	struct page_allocator *pa = create();
	const uint64_t pfn = page_alloc(pa, 0, GFP_BITS_KERNEL, 3, -1, 0).addr;
	const struct pcp *pcp = &pa->zones[0].pcps[0];
	unsigned int order;

	page_drain_all(pa);
	page_free_held(pa, 0, pfn, 3);
	ck_assert(page_is_allocated(pa, pfn, &order));
	ck_assert_uint_eq(order, 0);
	for (unsigned int o = 0; o < 3; o++) {
		const struct free_list *list = &pcp->lists[pcp_list_of(o, MIGRATE_UNMOVABLE)];

		ck_assert_uint_eq(list->nr, 1);
		ck_assert_uint_eq(list->first + pa->base_pfn, pfn + (1ULL << o));
	}
	(void)page_free(pa, 0, pfn, 0);
	finish(pa);
}
END_TEST

static struct page_allocator *create(void)
{
	const struct kernel_version version = { 6, 12 };
	struct machine_config config;
	struct page_allocator *pa;
	struct error err;

	machine_config_init(&config, version, ARCH_X86_64);
	machine_config_add_range(&config, BASE, BASE + PAGES, 0);
	pa = page_allocator_create(&config, NULL, NULL, &err);
	ck_assert_ptr_nonnull(pa);
	machine_config_deinit(&config);
	return pa;
}

static void finish(struct page_allocator *pa)
{
	struct error err;

	ck_assert_msg(page_check(pa, &err), "%s", err.message);
	page_allocator_destroy(pa);
}

UNIT_MAIN("page_exact", the_excess_goes_to_the_tail_of_the_buddy_lists,
	  sizes_that_no_block_has_fail, all_but_the_held_page_goes_back_in_halves)
