/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page blocks that are freed otherwise than they were allocated. */
#include <config.h>

#include "stream_check.h"

static void expect_part(const struct repair_op *op, uint32_t slot, uint32_t offset, bool last)
{
	stream_expect(op, CALL_PAGE_FREE, FATE_REPAIRED, REPAIR_MISMATCH);
	ck_assert_uint_eq(op->slot, slot);
	ck_assert_uint_eq(op->cache, offset);
	ck_assert_uint_eq(op->implied_free, last ? slot : REPAIR_NO_SLOT);
}

/*
 * split_page() of order 2, freed page by page:
 *
 *	[ 8   9  10  11 ]  ->  [8][9][10 11]  ->  [9][10 11] ...
 */
START_TEST(split_page_by_page)
{
	static const unsigned char order_of_free[] = { 1, 3, 0, 2 };
	struct stream s;

	stream_init(&s);
	stream_page_alloc(&s, 8, 2, GFP_BITS_KERNEL);
	for (size_t i = 0; i < 4; i++)
		stream_page_free(&s, 8 + order_of_free[i], 0);
	stream_page_free(&s, 8, 2);
	stream_run(&s);
	for (size_t i = 0; i < 4; i++)
		expect_part(&s.ops.items[1 + i], 0, order_of_free[i], i == 3);
	stream_expect(stream_op(&s, 0), CALL_PAGE_FREE, FATE_SKIPPED, REPAIR_UNSEEN_ALLOC);
	ck_assert_uint_eq(s.coverage.live, 0);
	stream_done(&s);
}
END_TEST

/* __free_pages() of a block without COMP that someone holds: halves from the top, then page 0. */
START_TEST(tail_freed_in_halves)
{
	struct stream s;

	stream_init(&s);
	stream_page_alloc(&s, 16, 3, GFP_BITS_KERNEL);
	stream_page_free(&s, 20, 2);
	stream_page_free(&s, 18, 1);
	stream_page_free(&s, 17, 0);
	stream_page_free(&s, 16, 0);
	stream_run(&s);
	expect_part(&s.ops.items[1], 0, 4, false);
	expect_part(&s.ops.items[2], 0, 2, false);
	expect_part(&s.ops.items[3], 0, 1, false);
	expect_part(&s.ops.items[4], 0, 0, true);
	stream_done(&s);
}
END_TEST

/* Pieces that were cut apart go together again in one free. */
START_TEST(pieces_freed_together)
{
	struct stream s;

	stream_init(&s);
	stream_page_alloc(&s, 16, 3, GFP_BITS_KERNEL);
	stream_page_free(&s, 23, 0);
	stream_page_free(&s, 16, 2);
	stream_page_free(&s, 20, 2);
	stream_run(&s);
	expect_part(&s.ops.items[1], 0, 7, false);
	expect_part(&s.ops.items[2], 0, 0, false);
	expect_part(&s.ops.items[3], 0, 4, true);
	stream_done(&s);
}
END_TEST

START_TEST(freed_larger_than_allocated)
{
	struct stream s;

	stream_init(&s);
	stream_page_alloc(&s, 16, 0, GFP_BITS_KERNEL);
	stream_page_free(&s, 16, 3);
	stream_run(&s);
	expect_part(&s.ops.items[1], 0, 0, true);
	stream_done(&s);
}
END_TEST

/* A slab's own pages split would be EXPLAINED still: the layer's simulation does it. */
START_TEST(explained_block_in_parts)
{
	struct stream s;
	struct event *ev;

	stream_init(&s);
	ev = stream_add(&s, EVENT_VMAP_ALLOC);
	ev->vmap.addr = 0xffffc90000000000;
	ev->vmap.size = (512 + 1) * 4096;
	stream_page_alloc(&s, 512, 9, GFP_VMALLOC);
	for (uint64_t i = 0; i < 512; i++)
		stream_page_free(&s, 512 + i, 0);
	stream_run(&s);
	stream_expect(&s.ops.items[1], CALL_PAGE_ALLOC, FATE_EXPLAINED, REPAIR_NONE);
	for (size_t i = 0; i < 512; i++) {
		stream_expect(&s.ops.items[2 + i], CALL_PAGE_FREE, FATE_EXPLAINED,
			      REPAIR_MISMATCH);
		ck_assert_uint_eq(s.ops.items[2 + i].cache, i);
	}
	ck_assert_uint_eq(s.coverage.live, 1);
	stream_done(&s);
}
END_TEST

START_TEST(allocated_over_live_pages)
{
	struct stream s;

	stream_init(&s);
	stream_page_alloc(&s, 16, 2, GFP_BITS_KERNEL);
	stream_page_alloc(&s, 18, 0, GFP_BITS_KERNEL);
	stream_page_free(&s, 17, 0);
	stream_page_free(&s, 18, 0);
	/* Over a piece: the whole block it was cut from has ended, its other pieces are void. */
	stream_page_alloc(&s, 32, 2, GFP_BITS_KERNEL);
	stream_page_free(&s, 33, 0);
	stream_page_alloc(&s, 34, 1, GFP_BITS_KERNEL);
	stream_page_free(&s, 32, 0);
	stream_page_free(&s, 34, 1);
	stream_run(&s);
	stream_expect(&s.ops.items[1], CALL_PAGE_ALLOC, FATE_REPAIRED, REPAIR_UNSEEN_FREE);
	ck_assert_uint_eq(s.ops.items[1].implied_free, s.ops.items[0].slot);
	stream_expect(&s.ops.items[2], CALL_PAGE_FREE, FATE_SKIPPED, REPAIR_UNSEEN_ALLOC);
	stream_expect(&s.ops.items[3], CALL_PAGE_FREE, FATE_DIRECT, REPAIR_NONE);
	stream_expect(&s.ops.items[6], CALL_PAGE_ALLOC, FATE_REPAIRED, REPAIR_UNSEEN_FREE);
	ck_assert_uint_eq(s.ops.items[6].implied_free, s.ops.items[4].slot);
	stream_expect(&s.ops.items[7], CALL_PAGE_FREE, FATE_SKIPPED, REPAIR_UNSEEN_ALLOC);
	stream_expect(&s.ops.items[8], CALL_PAGE_FREE, FATE_DIRECT, REPAIR_NONE);
	stream_done(&s);
}
END_TEST

/* Orders and frame numbers that no kernel prints. */
START_TEST(impossible_blocks)
{
	static const struct {
		uint64_t pfn;
		unsigned int order;
	} cases[] = {
		{ 1024, 16 }, { 1024, 255 }, { 1ULL << 52, 0 }, { UINT64_MAX - 1, 0 }, { 17, 1 },
	};
	struct stream s;

	stream_init(&s);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		stream_page_alloc(&s, cases[i].pfn, cases[i].order, GFP_BITS_KERNEL);
		stream_page_free(&s, cases[i].pfn, cases[i].order);
	}
	stream_run(&s);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		stream_expect(&s.ops.items[2 * i], CALL_PAGE_ALLOC, FATE_SKIPPED,
			      REPAIR_MISMATCH);
		stream_expect(&s.ops.items[2 * i + 1], CALL_PAGE_FREE, FATE_SKIPPED,
			      REPAIR_UNSEEN_ALLOC);
	}
	ck_assert_uint_eq(repair_nr_slots(s.r), 0);
	stream_done(&s);
}
END_TEST

/* A slab that goes takes along the objects that nobody was seen to free. */
START_TEST(slab_takes_its_objects_along)
{
	struct stream s;

	stream_init(&s);
	stream_teach_base(&s);
	stream_page_alloc(&s, 0x100, 0, GFP_SLAB);
	for (uint64_t i = 0; i < 3; i++)
		stream_kmalloc(&s, BASE + 0x100000 + i * 512, 512, 512);
	stream_kfree(&s, BASE + 0x100200);
	stream_page_free(&s, 0x100, 0);
	stream_kmalloc(&s, BASE + 0x100000, 64, 64);
	stream_run(&s);
	stream_expect(stream_op(&s, 1), CALL_PAGE_FREE, FATE_EXPLAINED, REPAIR_UNSEEN_FREE);
	ck_assert_uint_eq(s.lists.items[stream_op(&s, 1)->implied_free], 2);
	stream_expect(stream_op(&s, 0), CALL_KMALLOC, FATE_DIRECT, REPAIR_NONE);
	stream_done(&s);
}
END_TEST

/* Before 5.16 the event of the last free comes after its slab has gone. */
START_TEST(late_free_events_are_recognised)
{
	struct stream s;

	stream_init(&s);
	stream_teach_base(&s);
	for (uint64_t round = 0; round < 2; round++) {
		stream_page_alloc(&s, 0x100, 0, GFP_SLAB);
		stream_cache_alloc(&s, BASE + 0x100000, 512, "f+0x1");
		stream_page_free(&s, 0x100, 0);
		stream_cache_free(&s, BASE + 0x100000, "foo");
	}
	stream_run(&s);
	stream_expect(&s.ops.items[18], CALL_PAGE_FREE, FATE_EXPLAINED, REPAIR_UNSEEN_FREE);
	stream_expect(&s.ops.items[19], CALL_OBJ_FREE, FATE_SKIPPED, REPAIR_UNSEEN_ALLOC);
	stream_expect(&s.ops.items[22], CALL_PAGE_FREE, FATE_EXPLAINED, REPAIR_NONE);
	stream_expect(&s.ops.items[23], CALL_OBJ_FREE, FATE_DIRECT, REPAIR_NONE);
	stream_done(&s);
}
END_TEST

/* cma_release() frees page by page and says so at the end. */
START_TEST(contiguous_area_explains_its_pages)
{
	struct stream s;
	struct event *ev;

	stream_init(&s);
	ev = stream_add(&s, EVENT_CMA_FINISH);
	ev->cma.pfn = 0x400;
	ev->cma.count = 4;
	for (uint64_t i = 0; i < 5; i++)
		stream_page_free(&s, 0x400 + i, 0);
	ev = stream_add(&s, EVENT_CMA_RELEASE);
	ev->cma.pfn = 0x400;
	ev->cma.count = 4;
	stream_page_free(&s, 0x400, 0);
	stream_run(&s);
	for (size_t i = 1; i <= 4; i++)
		stream_expect(&s.ops.items[i], CALL_PAGE_FREE, FATE_EXPLAINED, REPAIR_NONE);
	stream_expect(&s.ops.items[5], CALL_PAGE_FREE, FATE_SKIPPED, REPAIR_UNSEEN_ALLOC);
	stream_expect(&s.ops.items[6], CALL_CMA_FREE, FATE_DIRECT, REPAIR_NONE);
	stream_expect(&s.ops.items[7], CALL_PAGE_FREE, FATE_SKIPPED, REPAIR_UNSEEN_ALLOC);
	stream_done(&s);
}
END_TEST

UNIT_MAIN("repair pages", contiguous_area_explains_its_pages, split_page_by_page,
	  tail_freed_in_halves, pieces_freed_together,
	  freed_larger_than_allocated, explained_block_in_parts, allocated_over_live_pages,
	  impossible_blocks, slab_takes_its_objects_along, late_free_events_are_recognised)
