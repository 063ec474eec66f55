/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SLAB. Strides, objects, pages and tunables of caches are those that /proc/slabinfo of kernels
 * with CONFIG_SLAB shows; those of other caches, and all orders of events, are worked out by hand
 * from mm/slab.c of 6.1.
 */
#include <config.h>

#include "slab_fixture.h"

#include "kmreplay/mm/slab_design.h"

#define SECOND_NS 1000000000ULL

struct known {
	uint32_t size; /* of kmalloc() */
	uint32_t stride, objects, order;
	uint32_t limit, batch, shared;
};

static void start(struct slab_fixture *f, unsigned int nr_cpus, unsigned int nr_nodes)
{
	fixture_init(f, 6, 12, nr_cpus);
	f->config.slab_design = SLAB_DESIGN_SLAB;
	f->config.nr_nodes = nr_nodes;
	for (unsigned int node = 0; node < nr_nodes; node++)
		machine_config_add_range(&f->config, node * 16384ULL, (node + 1) * 16384ULL,
					 (int)node);
	fixture_start(f);
}

static uint32_t make(struct slab_fixture *f, uint32_t size, uint32_t flags, bool ctor)
{
	const struct slab_cache_args args = {
		.name = "made", .size = size, .flags = flags, .ctor = ctor,
	};

	return slab_cache_create(f->slab, &args);
}

START_TEST(kmalloc_classes)
{
	static const struct known classes[] = {
		{ 1, 32, 124, 0, 120, 60, 8 },	   { 33, 64, 64, 0, 120, 60, 8 },
		{ 96, 128, 32, 0, 120, 60, 8 },	   { 128, 128, 32, 0, 120, 60, 8 },
		{ 192, 192, 21, 0, 120, 60, 8 },   { 256, 256, 16, 0, 120, 60, 8 },
		{ 512, 512, 8, 0, 54, 27, 8 },	   { 1024, 1024, 4, 0, 54, 27, 8 },
		{ 2048, 2048, 2, 0, 24, 12, 8 },   { 4096, 4096, 1, 0, 24, 12, 8 },
		{ 8192, 8192, 1, 1, 8, 4, 0 },
	};
	struct slab_fixture f;

	start(&f, 4, 1);
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		const struct known *k = &classes[i];
		const struct slab_geometry *g = slab_cache_geometry(
			f.slab, slab_kmalloc_class(f.slab, k->size, 0));

		ck_assert_uint_eq(g->size, k->stride);
		ck_assert_uint_eq(g->objects, k->objects);
		ck_assert_uint_eq(g->order, k->order);
		ck_assert_uint_eq(g->array_limit, k->limit);
		ck_assert_uint_eq(g->array_batch, k->batch);
		ck_assert_uint_eq(g->array_shared, k->shared);
	}
	ck_assert_uint_eq(slab_kmalloc_class(f.slab, 8193, 0), SLAB_CACHE_NONE);
	ck_assert_uint_eq(slab_kmalloc_class(f.slab, 0, 0), SLAB_CACHE_NONE);
	fixture_deinit(&f);
}
END_TEST

/* What is left of a slab, where its index is and how large it may be. */
START_TEST(layouts)
{
	static const struct {
		uint32_t size, flags;
		bool ctor;
		uint32_t stride, objects, order, index, colours;
	} cases[] = {
		/* 21 * 192 = 4032: one colour; 21 numbers fit into an object. */
		{ 192, SLAB_RECLAIM_ACCOUNT, false, 192, 21, 0, SLAB_INDEX_IN_OBJECT, 1 },
		/* 170 numbers of objects of 24 bytes do not, nor half of one: 4096 / 25. */
		{ 24, 0, false, 24, 163, 0, SLAB_INDEX_AT_END, 0 },
		/* A constructor, 600 bytes: 496 left for 6 numbers, so they go to the end. */
		{ 600, SLAB_RECLAIM_ACCOUNT, true, 600, 6, 0, SLAB_INDEX_AT_END, 7 },
		/* Nothing is left of 4 * 1024: 32 bytes of kmalloc() are better than an object. */
		{ 1024, 0, true, 1024, 4, 0, SLAB_INDEX_OUTSIDE, 0 },
		/* RCU readers look at free objects, too; for 64 numbers 64 bytes are too many. */
		{ 64, SLAB_TYPESAFE_BY_RCU, false, 64, 63, 0, SLAB_INDEX_AT_END, 0 },
		/* 5 * 720 leaves 496, less than an eighth; 3 * 1100 leaves 796: two pages, 492. */
		{ 720, 0, false, 720, 5, 0, SLAB_INDEX_IN_OBJECT, 7 },
		{ 1100, 0, false, 1104, 7, 1, SLAB_INDEX_IN_OBJECT, 7 },
		{ 1100, SLAB_RECLAIM_ACCOUNT, false, 1104, 3, 0, SLAB_INDEX_IN_OBJECT, 12 },
		/* One object, however large; the tail goes to colours. */
		{ 17000, 0, false, 17000, 1, 3, SLAB_INDEX_IN_OBJECT, 246 },
		{ 2, 0, false, 16, 240, 0, SLAB_INDEX_AT_END, 0 },
	};
	struct slab_fixture f;

	start(&f, 4, 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const uint32_t cache = make(&f, cases[i].size,
					    cases[i].flags | SLAB_NO_MERGE, cases[i].ctor);
		const struct slab_geometry *g = slab_cache_geometry(f.slab, cache);

		ck_assert_ptr_nonnull(g);
		ck_assert_uint_eq(g->size, cases[i].stride);
		ck_assert_uint_eq(g->objects, cases[i].objects);
		ck_assert_uint_eq(g->order, cases[i].order);
		ck_assert_uint_eq(g->index, cases[i].index);
		ck_assert_uint_eq(g->colours, cases[i].colours);
	}
	fixture_deinit(&f);
}
END_TEST

/* 32 MiB or less: order 0, whatever is left over. */
START_TEST(small_memory)
{
	struct slab_fixture f;
	uint32_t cache;

	fixture_init(&f, 6, 1, 1);
	f.config.slab_design = SLAB_DESIGN_SLAB;
	machine_config_add_range(&f.config, 0, 8192, 0);
	fixture_start(&f);
	cache = make(&f, 1100, 0, false);
	ck_assert_uint_eq(slab_cache_geometry(f.slab, cache)->order, 0);
	ck_assert_uint_eq(slab_cache_geometry(f.slab, cache)->array_shared, 0);
	fixture_deinit(&f);
}
END_TEST

/* The first refill is a small one, since the array was idle; then the batch. */
START_TEST(refill_and_reuse)
{
	struct slab_fixture f;
	struct slab_cache_stats stats;
	uint64_t addrs[64];
	uint32_t cache;

	start(&f, 2, 1);
	cache = slab_kmalloc_class(f.slab, 64, 0);
	addrs[0] = fixture_get(&f, cache, 0);
	stats = fixture_stats(&f, cache);
	ck_assert_uint_eq(stats.nr_slabs, 1);
	ck_assert_uint_eq(stats.sheaf_objs, 15);
	ck_assert_uint_eq(stats.partial_slabs, 1);
	ck_assert_uint_eq(stats.active_objs, 16);
	for (unsigned int i = 1; i < 17; i++)
		addrs[i] = fixture_get(&f, cache, 0);
	stats = fixture_stats(&f, cache);
	/* 48 were left in the slab, all of them wanted; no new one for the rest of the batch. */
	ck_assert_uint_eq(stats.sheaf_objs, 47);
	ck_assert_uint_eq(stats.nr_slabs, 1);
	ck_assert_uint_eq(stats.counters.alloc_slab, 1);
	ck_assert_uint_eq(stats.counters.alloc_slowpath, 2);
	ck_assert_uint_eq(stats.counters.array_refill, 64);
	/* Last in, first out, and to this CPU only. */
	fixture_put(&f, 0, addrs[3]);
	fixture_put(&f, 0, addrs[9]);
	ck_assert_uint_eq(fixture_get(&f, cache, 0), addrs[9]);
	ck_assert_uint_eq(fixture_get(&f, cache, 0), addrs[3]);
	fixture_put(&f, 0, addrs[3]);
	ck_assert_uint_ne(fixture_get(&f, cache, 1), addrs[3]);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* A full array gives its oldest half to the shared one; the other CPU gets the newest of it. */
START_TEST(flush_feeds_other_cpus)
{
	struct slab_fixture f;
	struct slab_cache_stats stats;
	struct mm_outcome got;
	uint64_t addrs[256];
	uint32_t cache;

	start(&f, 2, 1);
	cache = slab_kmalloc_class(f.slab, 2048, 0); /* limit 24, batch 12 */
	for (unsigned int i = 0; i < 24; i++)
		addrs[i] = fixture_get(&f, cache, 0);
	ck_assert_uint_eq(fixture_stats(&f, cache).sheaf_objs, 0);
	for (unsigned int i = 0; i < 24; i++)
		fixture_put(&f, 0, addrs[i]);
	stats = fixture_stats(&f, cache);
	ck_assert_uint_eq(stats.sheaf_objs, 24);
	ck_assert_uint_eq(stats.shared_objs, 0);
	addrs[24] = fixture_get(&f, cache, 1); /* a new slab: nothing is shared yet */
	ck_assert_int_eq(fixture_put(&f, 0, addrs[24]).path, MM_PATH_SLAB_FREE_SLOW);
	ck_assert_uint_eq(fixture_stats(&f, cache).shared_objs, 12);
	fixture_check(&f);
	fixture_get(&f, cache, 1); /* the other one of its slab */
	got = slab_alloc(f.slab, cache, 1, -1, GFP_BITS_KERNEL, 0);
	ck_assert_int_eq(got.path, MM_PATH_SLAB_REFILL);
	ck_assert_uint_eq(got.addr, addrs[11]);
	ck_assert_uint_eq(fixture_get(&f, cache, 1), addrs[10]);
	ck_assert_uint_eq(fixture_stats(&f, cache).shared_objs, 0);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* Free slabs stay up to the node's limit: (1 + CPUs) * batch + objects; then the oldest goes. */
START_TEST(free_limit)
{
	struct slab_fixture f;
	uint64_t addrs[64];
	struct slab_cache_stats stats;
	uint32_t cache;

	start(&f, 1, 1); /* no shared array */
	cache = slab_kmalloc_class(f.slab, 8192, 0); /* limit 8, batch 4: keeps 2 * 4 + 1 */
	for (unsigned int i = 0; i < 20; i++)
		addrs[i] = fixture_get(&f, cache, 0);
	for (unsigned int i = 0; i < 20; i++)
		fixture_put(&f, 0, addrs[i]);
	stats = fixture_stats(&f, cache);
	ck_assert_uint_eq(stats.sheaf_objs, 8);
	ck_assert_uint_eq(stats.free_slabs, 9);
	ck_assert_uint_eq(stats.counters.free_slab, 3);
	ck_assert_uint_eq(stats.counters.array_flush, 12);
	/* Slabs got free in the order of the frees, so the first three are gone. */
	for (unsigned int i = 0; i < 12; i++)
		ck_assert_int_eq(slab_cache_of(f.slab, addrs[i]) == SLAB_CACHE_NONE, i < 3);
	fixture_check(&f);
	slab_shrink(f.slab, cache, 0);
	ck_assert_uint_eq(f.pages_held, 0);
	fixture_deinit(&f);
}
END_TEST

/* Slabs that lost objects are used before those that got some back; free ones come last. */
START_TEST(order_of_lists)
{
	struct slab_fixture f;
	uint64_t addrs[6 * 2];
	uint32_t cache;

	start(&f, 1, 1);
	cache = slab_kmalloc_class(f.slab, 2048, 0); /* two objects a slab */
	for (unsigned int i = 0; i < ARRAY_SIZE(addrs); i++)
		addrs[i] = fixture_get(&f, cache, 0);
	slab_flush_cpu(f.slab, cache, 0);
	fixture_put(&f, 0, addrs[4]);
	fixture_put(&f, 0, addrs[0]);
	fixture_put(&f, 0, addrs[8]);
	fixture_put(&f, 0, addrs[9]);
	slab_flush_cpu(f.slab, cache, 0); /* oldest first: slabs 2, 0 are partial, 4 is free */
	ck_assert_uint_eq(fixture_stats(&f, cache).partial_slabs, 2);
	ck_assert_uint_eq(fixture_stats(&f, cache).free_slabs, 1);
	/* All of them go to the array: 2, 0, then 4; what came last comes out first. */
	ck_assert_uint_eq(fixture_get(&f, cache, 0), addrs[8]);
	ck_assert_uint_eq(fixture_get(&f, cache, 0), addrs[9]);
	ck_assert_uint_eq(fixture_get(&f, cache, 0), addrs[0]);
	ck_assert_uint_eq(fixture_get(&f, cache, 0), addrs[4]);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

START_TEST(colours_go_round)
{
	struct slab_fixture f;
	const uint32_t expected[] = { 64, 128, 192, 0, 64 };
	uint32_t cache;

	start(&f, 1, 1);
	cache = make(&f, 3840, SLAB_NO_MERGE, false); /* 256 left: four colours */
	ck_assert_uint_eq(slab_cache_geometry(f.slab, cache)->colours, 4);
	for (unsigned int i = 0; i < ARRAY_SIZE(expected); i++)
		ck_assert_uint_eq(fixture_get(&f, cache, 0) % KERNEL_PAGE_SIZE, expected[i]);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

START_TEST(index_outside_is_memory)
{
	struct slab_fixture f;
	const uint32_t class_size = 32;
	uint32_t cache, class;
	uint64_t addr;

	start(&f, 1, 1);
	class = slab_kmalloc_class(f.slab, class_size, 0);
	cache = make(&f, 1024, SLAB_NO_MERGE, true);
	addr = fixture_get(&f, cache, 0);
	ck_assert_uint_eq(fixture_stats(&f, class).live_objs, 1);
	fixture_check(&f);
	fixture_put(&f, 0, addr);
	slab_shrink(f.slab, cache, 0);
	ck_assert_uint_eq(fixture_stats(&f, class).live_objs, 0);
	/* And a slab whose index cannot be had is none. */
	slab_shrink(f.slab, class, 0);
	ck_assert_uint_eq(f.pages_held, 0);
	f.max_pages = 1;
	ck_assert(!mm_ok(slab_alloc(f.slab, cache, 0, -1, GFP_BITS_KERNEL, 0)));
	ck_assert_uint_eq(f.pages_held, 0);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* First the own node without reclaim, then all by all means. */
START_TEST(requests_for_pages)
{
	struct slab_fixture f;
	const struct page_call *calls;
	uint32_t cache;

	start(&f, 1, 1);
	cache = slab_kmalloc_class(f.slab, 64, GFP_BIT_RECLAIMABLE);
	f.max_pages = 0;
	ck_assert(!mm_ok(slab_alloc(f.slab, cache, 0, -1,
				    GFP_BITS_KERNEL | GFP_BIT_ZERO | GFP_BIT_RECLAIMABLE, 0)));
	ck_assert_uint_eq(f.calls.nr, 3);
	calls = f.calls.items;
	for (unsigned int i = 0; i < 2; i++)
		ck_assert_uint_eq(calls[i].gfp, GFP_BIT_IO | GFP_BIT_FS | GFP_BIT_COMP |
						 GFP_BIT_RECLAIMABLE | GFP_BIT_THISNODE |
						 GFP_BIT_NOWARN);
	ck_assert_uint_eq(calls[2].gfp, GFP_BITS_KERNEL | GFP_BIT_COMP | GFP_BIT_RECLAIMABLE);
	ck_assert_int_eq(calls[2].node, 0);
	ck_assert_uint_eq(fixture_stats(&f, cache).counters.alloc_failed, 1);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* An object of another node waits in an array for that node; twelve fill it. */
START_TEST(alien_arrays)
{
	struct slab_fixture f;
	struct slab_cache_stats stats;
	uint64_t addrs[16];
	uint32_t cache;

	start(&f, 4, 2); /* CPUs 0, 1 and 2, 3 */
	cache = slab_kmalloc_class(f.slab, 8192, 0); /* no shared array */
	for (unsigned int i = 0; i < 13; i++)
		addrs[i] = fixture_get(&f, cache, 0);
	for (unsigned int i = 0; i < 12; i++)
		fixture_put(&f, 2, addrs[i]);
	stats = fixture_stats(&f, cache);
	ck_assert_uint_eq(stats.counters.free_remote, 12);
	ck_assert_uint_eq(stats.free_slabs, 0);
	fixture_check(&f);
	fixture_put(&f, 3, addrs[12]);
	stats = fixture_stats(&f, cache);
	ck_assert_uint_eq(stats.free_slabs, 12);
	fixture_check(&f);
	/* Objects of the other node come straight from its slabs. */
	ck_assert_int_eq(slab_alloc(f.slab, cache, 3, 0, GFP_BITS_KERNEL, 0).path,
			 MM_PATH_SLAB_NODE_PARTIAL);
	ck_assert_uint_eq(fixture_stats(&f, cache).free_slabs, 11);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* What lies idle is given back, a fifth at a time, and a long silence is no work. */
START_TEST(reaper)
{
	struct slab_fixture f;
	uint64_t addrs[24];
	uint64_t next;
	uint32_t cache;

	start(&f, 1, 1);
	cache = slab_kmalloc_class(f.slab, 2048, 0);
	for (unsigned int i = 0; i < 24; i++)
		addrs[i] = fixture_get(&f, cache, 0);
	for (unsigned int i = 0; i < 24; i++)
		fixture_put(&f, 0, addrs[i]);
	ck_assert_uint_eq(fixture_stats(&f, cache).sheaf_objs, 24);
	next = slab_tick(f.slab, 100 * SECOND_NS + 1);
	ck_assert_uint_eq(next, 101 * SECOND_NS);
	/* It was used: only that is forgotten. */
	next = slab_tick(f.slab, next);
	ck_assert_uint_eq(next, 103 * SECOND_NS);
	ck_assert_uint_eq(fixture_stats(&f, cache).sheaf_objs, 24);
	next = slab_tick(f.slab, next);
	ck_assert_uint_eq(fixture_stats(&f, cache).sheaf_objs, 19); /* (24 + 4) / 5 */
	ck_assert_uint_eq(fixture_stats(&f, cache).counters.array_reap, 5);
	fixture_check(&f);
	next = slab_tick(f.slab, 1000000 * SECOND_NS);
	ck_assert_uint_eq(next, 1000001 * SECOND_NS);
	ck_assert_uint_eq(f.pages_held, 0);
	fixture_check(&f);
	ck_assert_uint_gt(slab_tick(f.slab, UINT64_MAX), 0);
	fixture_deinit(&f);
}
END_TEST

START_TEST(usable_size_is_what_was_asked_for)
{
	struct slab_fixture f;
	struct mm_outcome got;

	start(&f, 1, 1);
	got = slab_kmalloc(f.slab, 0, 90, GFP_BITS_KERNEL, -1, 0);
	ck_assert_uint_eq(slab_ksize(f.slab, got.addr), 96);
	fixture_deinit(&f);
}
END_TEST

/* A cache may not become one of less alignment. */
START_TEST(merging_minds_alignment)
{
	const struct slab_cache_args loose = { .name = "loose", .size = 128 };
	const struct slab_cache_args strict = { .name = "strict", .size = 128, .align = 64 };
	const struct slab_cache_args other = { .name = "other", .size = 120, .align = 64 };
	struct slab_fixture f;
	uint32_t cache;

	start(&f, 1, 1);
	cache = slab_cache_create(f.slab, &loose);
	ck_assert_uint_ne(slab_cache_create(f.slab, &strict), cache);
	fixture_deinit(&f);
	start(&f, 1, 1);
	cache = slab_cache_create(f.slab, &strict);
	ck_assert_uint_eq(slab_cache_create(f.slab, &loose), cache);
	ck_assert_uint_ne(slab_cache_create(f.slab, &other), SLAB_CACHE_NONE);
	fixture_deinit(&f);
}
END_TEST

UNIT_MAIN("slab_array", kmalloc_classes, layouts, small_memory, refill_and_reuse,
	  flush_feeds_other_cpus, free_limit, order_of_lists, colours_go_round,
	  index_outside_is_memory, requests_for_pages, alien_arrays, reaper,
	  usable_size_is_what_was_asked_for, merging_minds_alignment)
