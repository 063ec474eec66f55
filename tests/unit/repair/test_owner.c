/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose a page is: masks, neighbours, the direct map, the window. */
#include <config.h>

#include "stream_check.h"

#define K GFP_BITS_KERNEL
#define HIGHUSER_MOVABLE GFP_USER_PAGE
#define NOFS (GFP_BITS_RECLAIM | GFP_BIT_IO)

static enum page_owner owner_at(const struct stream *s, size_t index)
{
	return (enum page_owner)s->ops.items[index].owner;
}

static void expect_owner(const struct stream *s, size_t index, enum page_owner owner,
			 enum repair_fate fate)
{
	ck_assert_str_eq(page_owner_name(owner_at(s, index)), page_owner_name(owner));
	ck_assert_str_eq(repair_fate_name(s->ops.items[index].fate), repair_fate_name(fate));
}

/* Masks as recorded on 6.1, 6.12 and 7.2, and what /proc/kpageflags said of their pages. */
START_TEST(masks)
{
	static const struct {
		uint32_t gfp;
		unsigned int order;
		enum page_owner owner;
	} cases[] = {
		{ K | GFP_BIT_NOWARN | GFP_BIT_NORETRY, 0, OWNER_SLAB },
		{ GFP_SLAB | GFP_BIT_RECLAIMABLE, 1, OWNER_SLAB },
		{ GFP_SLAB | GFP_BIT_THISNODE, 0, OWNER_SLAB },
		{ GFP_BIT_IO | GFP_BIT_FS | GFP_BIT_NOWARN | GFP_BIT_NORETRY | GFP_BIT_COMP |
			  GFP_BIT_NOMEMALLOC, 3, OWNER_SLAB },
		{ K | GFP_BIT_NOWARN | GFP_BIT_NORETRY | GFP_BIT_NOMEMALLOC, 0, OWNER_KERNEL },
		/* Socket page fragments look like slabs but for KSWAPD with IO and no DIRECT. */
		{ GFP_BIT_KSWAPD_RECLAIM | GFP_BIT_IO | GFP_BIT_FS | GFP_BIT_NOWARN |
			  GFP_BIT_NORETRY | GFP_BIT_COMP, 3, OWNER_KERNEL },
		{ GFP_SLAB | GFP_BIT_ZERO, 2, OWNER_KERNEL },
		/* Slabs are compound; a block device reads ahead without the file system. */
		{ GFP_SLAB & ~(uint32_t)GFP_BIT_COMP, 1, OWNER_KERNEL },
		{ GFP_SLAB | GFP_BIT_HARDWALL, 0, OWNER_SLAB },
		{ NOFS | GFP_BIT_NOWARN | GFP_BIT_NORETRY | GFP_BIT_COMP | GFP_BIT_HARDWALL, 0,
		  OWNER_PAGE_CACHE },
		{ NOFS | GFP_BIT_NOWARN | GFP_BIT_NORETRY | GFP_BIT_COMP | GFP_BIT_HARDWALL |
			  GFP_BIT_RECLAIMABLE, 0, OWNER_SLAB },
		{ GFP_SLAB, 4, OWNER_KERNEL },
		{ K | GFP_BIT_ZERO, 0, OWNER_PAGE_TABLE },
		{ K | GFP_BIT_ZERO | GFP_BIT_ACCOUNT, 0, OWNER_PAGE_TABLE },
		{ K | GFP_BIT_ZERO | GFP_BIT_ACCOUNT, 1, OWNER_PAGE_TABLE },
		{ K | GFP_BIT_ZERO | GFP_BIT_COMP, 0, OWNER_PAGE_TABLE },
		{ GFP_BIT_ZERO | GFP_BIT_COMP, 0, OWNER_PAGE_TABLE },
		{ GFP_BIT_ZERO, 0, OWNER_KERNEL },
		{ K | GFP_BIT_ZERO | GFP_BIT_COMP | GFP_BIT_RETRY_MAYFAIL, 0, OWNER_KERNEL },
		{ HIGHUSER_MOVABLE | GFP_BIT_ZERO, 0, OWNER_USER },
		{ HIGHUSER_MOVABLE | GFP_BIT_COMP, 0, OWNER_USER },
		{ GFP_BIT_IO | GFP_BIT_FS | GFP_BIT_HARDWALL | GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE |
			  GFP_BIT_COMP | GFP_BIT_NOMEMALLOC | GFP_BIT_NOWARN | GFP_BIT_NORETRY |
			  GFP_BIT_THISNODE, 9, OWNER_USER },
		{ HIGHUSER_MOVABLE | GFP_BIT_COMP | GFP_BIT_WRITE, 0, OWNER_PAGE_CACHE },
		{ HIGHUSER_MOVABLE | GFP_BIT_COMP | GFP_BIT_NORETRY | GFP_BIT_NOWARN, 0,
		  OWNER_PAGE_CACHE },
		{ NOFS | GFP_BIT_MOVABLE | GFP_BIT_HARDWALL | GFP_BIT_NOFAIL | GFP_BIT_COMP, 0,
		  OWNER_PAGE_CACHE },
		{ NOFS | GFP_BIT_COMP, 0, OWNER_PAGE_CACHE },
		{ GFP_VMALLOC, 0, OWNER_VMALLOC },
		{ GFP_VMALLOC | GFP_BIT_ZERO, 9, OWNER_VMALLOC },
		/* The huge zero page; page tables of 32-bit tasks. */
		{ GFP_BIT_HIGHMEM | GFP_BIT_IO | GFP_BIT_FS | GFP_BIT_NOWARN | GFP_BIT_COMP |
			  GFP_BIT_ZERO | GFP_BIT_NOMEMALLOC | GFP_BIT_HARDWALL |
			  GFP_BIT_DIRECT_RECLAIM, 9, OWNER_USER },
		{ K | GFP_BIT_ACCOUNT | GFP_BIT_HIGHMEM | GFP_BIT_ZERO, 0, OWNER_PAGE_TABLE },
		{ GFP_PERCPU, 0, OWNER_PERCPU },
		{ GFP_BITS_RECLAIM | GFP_BIT_HIGHMEM | GFP_BIT_NOWARN | GFP_BIT_NORETRY, 0,
		  OWNER_PERCPU },
		{ K, 0, OWNER_KERNEL },
		{ K | GFP_BIT_DMA, 5, OWNER_KERNEL },
	};
	struct stream s;

	stream_init(&s);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		stream_page_alloc(&s, 1024 * (i + 1), cases[i].order, cases[i].gfp);
	stream_run(&s);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_owner(&s, i, cases[i].owner,
			     cases[i].owner == OWNER_SLAB ? FATE_EXPLAINED : FATE_DIRECT);
	stream_done(&s);
}
END_TEST

START_TEST(direct_map_is_found)
{
	struct stream s;

	stream_init(&s);
	stream_teach_base(&s);
	stream_run(&s);
	ck_assert_uint_eq(s.coverage.direct_map_base, BASE);
	stream_done(&s);
}
END_TEST

START_TEST(direct_map_of_32_bits)
{
	struct stream s;

	stream_init(&s);
	s.options.long_is_32 = true;
	for (uint64_t pfn = 0x1000; pfn < 0x1004; pfn++) {
		stream_page_alloc(&s, pfn, 0, GFP_SLAB);
		stream_kmalloc(&s, 0xc0000000 + pfn * 4096 + 64, 64, 64);
	}
	stream_run(&s);
	ck_assert_uint_eq(s.coverage.direct_map_base, 0xc0000000);
	stream_done(&s);
}
END_TEST

/* Pages that other tasks got in between must not make a base. */
START_TEST(no_base_from_strangers)
{
	struct stream s;

	stream_init(&s);
	for (uint64_t pfn = 1; pfn < 100; pfn++) {
		s.pid = 1;
		stream_page_alloc(&s, pfn * 7, 0, GFP_SLAB);
		stream_kmalloc(&s, BASE + pfn * 4096, 64, 64);
	}
	stream_run(&s);
	ck_assert_uint_eq(s.coverage.direct_map_base, 0);
	stream_done(&s);
}
END_TEST

/* The base is known: what is in the page decides, whatever the mask says. */
START_TEST(object_inside_decides)
{
	struct stream s;
	size_t at;

	stream_init(&s);
	stream_teach_base(&s);
	at = s.events.nr;
	/* Second try of a slab: the plain mask, right after the failed first try. */
	stream_page_alloc(&s, EVENT_PFN_FAILED, 3, GFP_SLAB);
	stream_page_alloc(&s, 0x100, 0, K | GFP_BIT_COMP);
	stream_kmalloc(&s, BASE + 0x100000, 64, 64);
	/* kvmalloc: a mask like a slab's, but a large object at exactly its address. */
	stream_page_alloc(&s, 0x108, 2, GFP_SLAB);
	stream_kmalloc(&s, BASE + 0x108000, 9000, 16384);
	/* A page fragment, followed by an object elsewhere. */
	stream_page_alloc(&s, 0x110, 3,
			  GFP_BIT_KSWAPD_RECLAIM | GFP_BIT_IO | GFP_BIT_FS | GFP_BIT_NOWARN |
				  GFP_BIT_NORETRY | GFP_BIT_COMP);
	stream_kmalloc(&s, BASE + 0x101000, 64, 64);
	/* A mempool's page that turns out to be a slab. */
	stream_page_alloc(&s, 0x120, 0, GFP_SLAB & ~(uint32_t)GFP_BIT_COMP);
	s.events.items[s.events.nr - 1].page.gfp |= GFP_BIT_NOMEMALLOC;
	stream_kmalloc(&s, BASE + 0x120000, 64, 64);
	stream_run(&s);
	stream_expect(&s.ops.items[at], CALL_PAGE_ALLOC, FATE_SKIPPED, REPAIR_FAILED);
	expect_owner(&s, at + 1, OWNER_SLAB, FATE_EXPLAINED);
	ck_assert_uint_eq(s.ops.items[at + 1].cache, s.ops.items[at + 2].cache);
	expect_owner(&s, at + 3, OWNER_KMALLOC_LARGE, FATE_EXPLAINED);
	expect_owner(&s, at + 5, OWNER_KERNEL, FATE_DIRECT);
	expect_owner(&s, at + 7, OWNER_SLAB, FATE_EXPLAINED);
	stream_done(&s);
}
END_TEST

/* An interrupt between page and object: its objects say nothing about the task's page. */
START_TEST(interrupts_and_neighbours_are_passed_over)
{
	struct stream s;
	size_t at;

	stream_init(&s);
	stream_teach_base(&s);
	at = s.events.nr;
	stream_page_alloc(&s, 0x100, 2, K | GFP_BIT_COMP);
	s.flags = EVENT_F_HARDIRQ;
	for (uint64_t i = 0; i < 20; i++)
		stream_kmalloc(&s, BASE + 0x200000 + i * 64, 64, 64);
	s.flags = 0;
	s.pid++;
	stream_kmalloc(&s, BASE + 0x300000, 64, 64);
	s.pid--;
	stream_kmalloc(&s, BASE + 0x100000, 16000, 16384);
	stream_run(&s);
	expect_owner(&s, at, OWNER_KMALLOC_LARGE, FATE_EXPLAINED);
	stream_done(&s);
}
END_TEST

/* Too far behind: the op is out, so the free says the same as it did. */
START_TEST(what_is_out_stays_said)
{
	struct stream s;
	size_t at;

	stream_init(&s);
	s.batch = 100;
	stream_teach_base(&s);
	at = s.events.nr;
	stream_page_alloc(&s, 0x100, 2, K | GFP_BIT_COMP);
	for (unsigned int i = 0; i < 5000; i++)
		stream_add(&s, EVENT_OTHER);
	stream_kmalloc(&s, BASE + 0x100000, 16000, 16384);
	stream_page_free(&s, 0x100, 2);
	stream_run(&s);
	expect_owner(&s, at, OWNER_KERNEL, FATE_DIRECT);
	expect_owner(&s, s.ops.nr - 1, OWNER_KERNEL, FATE_DIRECT);
	stream_done(&s);
}
END_TEST

/* The last place in the window, one event before the batch comes out. */
START_TEST(window_edge)
{
	struct stream s;

	stream_init(&s);
	s.batch = 1;
	stream_teach_base(&s);
	stream_page_alloc(&s, 0x100, 2, K | GFP_BIT_COMP);
	for (unsigned int i = 0; i < 4095; i++)
		stream_add(&s, EVENT_OTHER);
	stream_kmalloc(&s, BASE + 0x100000, 16000, 16384);
	stream_run(&s);
	expect_owner(&s, 16, OWNER_KMALLOC_LARGE, FATE_EXPLAINED);
	stream_done(&s);
}
END_TEST

START_TEST(free_says_what_the_allocation_said)
{
	struct stream s;

	stream_init(&s);
	stream_teach_base(&s);
	stream_page_alloc(&s, 0x100, 0, GFP_SLAB);
	stream_page_free(&s, 0x100, 0);
	stream_page_alloc(&s, 0x101, 0, K);
	stream_page_free(&s, 0x101, 0);
	stream_page_free(&s, 0x101, 0);
	stream_run(&s);
	expect_owner(&s, s.ops.nr - 4, OWNER_SLAB, FATE_EXPLAINED);
	expect_owner(&s, s.ops.nr - 2, OWNER_KERNEL, FATE_DIRECT);
	expect_owner(&s, s.ops.nr - 1, OWNER_UNKNOWN, FATE_SKIPPED);
	stream_done(&s);
}
END_TEST

START_TEST(areas_explain_their_pages)
{
	struct stream s;
	struct event *ev;

	stream_init(&s);
	/* Three pages and a guard: the fourth page is not the area's. */
	ev = stream_add(&s, EVENT_VMAP_ALLOC);
	ev->vmap.addr = 0xffffc90000000000;
	ev->vmap.size = 4 * 4096;
	ev->vmap.align = 4096;
	for (uint64_t pfn = 1; pfn <= 4; pfn++)
		stream_page_alloc(&s, pfn, 0, GFP_VMALLOC);
	ev = stream_add(&s, EVENT_VMAP_ALLOC);
	ev->vmap.addr = 0xffffc90000010000;
	ev->vmap.size = 5 * 4096;
	ev->vmap.align = 4 * 4096;
	stream_page_alloc(&s, 8, 2, GFP_VMALLOC | GFP_BIT_ZERO);
	/* Another task's page. */
	ev = stream_add(&s, EVENT_VMAP_ALLOC);
	ev->vmap.addr = 0xffffc90000020000;
	ev->vmap.size = 2 * 4096;
	s.pid++;
	stream_page_alloc(&s, 16, 0, GFP_VMALLOC);
	stream_run(&s);
	for (size_t i = 1; i <= 3; i++)
		expect_owner(&s, i, OWNER_VMALLOC, FATE_EXPLAINED);
	expect_owner(&s, 4, OWNER_VMALLOC, FATE_DIRECT);
	expect_owner(&s, 6, OWNER_STACK, FATE_EXPLAINED);
	expect_owner(&s, 8, OWNER_VMALLOC, FATE_DIRECT);
	stream_done(&s);
}
END_TEST

START_TEST(percpu_event_explains_pages_before_it)
{
	struct stream s;

	stream_init(&s);
	stream_page_alloc(&s, 1, 0, GFP_PERCPU);
	stream_page_alloc(&s, 2, 0, GFP_PERCPU);
	s.pid++;
	stream_page_alloc(&s, 3, 0, GFP_PERCPU);
	s.pid--;
	stream_add(&s, EVENT_PCPU_ALLOC)->percpu.ptr = 0x1000;
	stream_page_free(&s, 2, 0);
	stream_run(&s);
	expect_owner(&s, 0, OWNER_PERCPU, FATE_EXPLAINED);
	expect_owner(&s, 1, OWNER_PERCPU, FATE_EXPLAINED);
	expect_owner(&s, 2, OWNER_PERCPU, FATE_DIRECT);
	expect_owner(&s, 4, OWNER_PERCPU, FATE_EXPLAINED);
	stream_done(&s);
}
END_TEST

START_TEST(a_gap_ends_what_was_expected)
{
	struct stream s;
	struct event *ev;

	stream_init(&s);
	ev = stream_add(&s, EVENT_VMAP_ALLOC);
	ev->vmap.addr = 0xffffc90000000000;
	ev->vmap.size = 4 * 4096;
	stream_page_alloc(&s, 1, 0, GFP_VMALLOC);
	stream_page_alloc(&s, 2, 0, GFP_VMALLOC)->flags |= EVENT_F_LOST;
	stream_run(&s);
	expect_owner(&s, 1, OWNER_VMALLOC, FATE_EXPLAINED);
	expect_owner(&s, 2, OWNER_VMALLOC, FATE_DIRECT);
	stream_done(&s);
}
END_TEST

/* Hashed pointers: no addresses, so masks and sizes of the next object event have to do. */
START_TEST(hashed_pointers)
{
	struct stream s;

	stream_init(&s);
	s.options.hashed_ptrs = true;
	stream_page_alloc(&s, 0x100, 0, GFP_SLAB);
	stream_kmalloc(&s, 0x12345678, 64, 64);
	stream_page_alloc(&s, 0x108, 2, K | GFP_BIT_COMP);
	stream_kmalloc(&s, 0x87654321, 9000, 16384);
	stream_page_alloc(&s, 0x110, 3, K | GFP_BIT_COMP);
	stream_kmalloc(&s, 0x11111111, 9000, 16384);
	stream_run(&s);
	ck_assert(s.coverage.hashed);
	ck_assert_uint_eq(s.coverage.direct_map_base, 0);
	expect_owner(&s, 0, OWNER_SLAB, FATE_EXPLAINED);
	ck_assert_uint_eq(s.ops.items[0].cache, s.ops.items[1].cache);
	expect_owner(&s, 2, OWNER_KMALLOC_LARGE, FATE_EXPLAINED);
	expect_owner(&s, 4, OWNER_KERNEL, FATE_DIRECT);
	stream_done(&s);
}
END_TEST

/* Several slabs are bought for one sheaf, and only the last shows an object of their cache. */
START_TEST(a_refill_buys_several_slabs)
{
	for (int sheaves = 0; sheaves < 2; sheaves++) {
		uint32_t first, second;
		struct stream s;

		stream_init(&s);
		s.options.sheaves = sheaves;
		stream_teach_base(&s);
		stream_page_alloc(&s, 0x300, 0, GFP_SLAB);
		stream_page_alloc(&s, 0x301, 0, GFP_SLAB);
		stream_kmalloc(&s, BASE + 0x301 * 4096, 100, 128);
		stream_run(&s);
		first = stream_op(&s, 2)->cache;
		second = stream_op(&s, 1)->cache;
		ck_assert_uint_ne(second, 0);
		ck_assert_uint_eq(first, sheaves ? second : 0);
		stream_deinit(&s);
	}
}
END_TEST

UNIT_MAIN("repair owner", masks, direct_map_is_found, direct_map_of_32_bits,
	  no_base_from_strangers, object_inside_decides,
	  interrupts_and_neighbours_are_passed_over, what_is_out_stays_said, window_edge,
	  free_says_what_the_allocation_said, areas_explain_their_pages,
	  percpu_event_explains_pages_before_it, a_gap_ends_what_was_expected, hashed_pointers,
	  a_refill_buys_several_slabs)
