/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects and the pages under them: addresses, page requests, bulk calls, hostile input. */
#include <config.h>

#include "slab_fixture.h"

#include "kmreplay/core/rng.h"

#include <string.h>

/* Objects are handed out last in, first out, and found again by their address. */
START_TEST(freed_object_is_next)
{
	struct slab_fixture f;
	uint32_t cache;
	uint64_t a, b, c;

	fixture_init(&f, 6, 12, 2);
	fixture_start(&f);
	cache = slab_kmalloc_class(f.slab, 100, GFP_BITS_KERNEL);
	a = fixture_get(&f, cache, 0);
	b = fixture_get(&f, cache, 0);
	c = fixture_get(&f, cache, 0);
	fixture_put(&f, 0, a);
	fixture_put(&f, 0, c);
	ck_assert_uint_eq(fixture_get(&f, cache, 0), c);
	ck_assert_uint_eq(fixture_get(&f, cache, 0), a);
	ck_assert_uint_eq(slab_cache_of(f.slab, b), cache);
	ck_assert_uint_eq(slab_ksize(f.slab, b), 128);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST


/* What new slabs ask the page allocator for, and what they fall back to. */
START_TEST(new_slab_asks_kindly_first)
{
	static const uint32_t base = GFP_BIT_IO | GFP_BIT_FS | GFP_BIT_NOWARN | GFP_BIT_NORETRY;
	struct slab_fixture f;
	struct mm_outcome got;
	uint32_t cache;

	fixture_init(&f, 6, 12, 2);
	fixture_start(&f);
	cache = slab_cache_create(f.slab, &(struct slab_cache_args){
		.name = "x",
		.size = 2048,
		.flags = SLAB_RECLAIM_ACCOUNT,
	});
	f.max_order = 0;
	got = slab_alloc(f.slab, cache, 0, -1,
			 GFP_BITS_KERNEL | GFP_BIT_ZERO | GFP_BIT_ACCOUNT | GFP_BIT_NOFAIL, 0);
	ck_assert(mm_ok(got));
	ck_assert_uint_eq(got.path, MM_PATH_SLAB_NEW);
	ck_assert_uint_eq(got.cost_ns, f.config.costs.slab_new + 2 * 1000);
	ck_assert_uint_eq(f.calls.nr, 2);
	ck_assert_uint_eq(f.calls.items[0].order, 3);
	ck_assert_uint_eq(f.calls.items[0].gfp,
			  base | GFP_BIT_COMP | GFP_BIT_NOMEMALLOC | GFP_BIT_RECLAIMABLE);
	ck_assert_uint_eq(f.calls.items[1].order, 0);
	ck_assert_uint_eq(f.calls.items[1].gfp, GFP_BITS_KERNEL | GFP_BIT_NOFAIL | GFP_BIT_COMP |
						GFP_BIT_RECLAIMABLE);
	ck_assert_uint_eq(fixture_stats(&f, cache).num_objs, 2);
	ck_assert_uint_eq(fixture_stats(&f, cache).counters.order_fallback, 1);
	fixture_check(&f);

	/* No order to fall back to: the request may reclaim at once. COMP at order 0 is 6.12's. */
	f.max_order = 10;
	vec_reset(&f.calls);
	fixture_get(&f, slab_kmalloc_class(f.slab, 64, 0), 0);
	ck_assert_uint_eq(f.calls.items[0].gfp,
			  GFP_BITS_KERNEL | GFP_BIT_NOWARN | GFP_BIT_NORETRY | GFP_BIT_COMP);
	fixture_deinit(&f);

	fixture_init(&f, 6, 1, 2);
	fixture_start(&f);
	fixture_get(&f, slab_kmalloc_class(f.slab, 64, 0), 0);
	ck_assert_uint_eq(f.calls.items[0].gfp,
			  GFP_BITS_KERNEL | GFP_BIT_NOWARN | GFP_BIT_NORETRY);
	fixture_deinit(&f);
}
END_TEST

START_TEST(no_pages_no_object)
{
	struct slab_fixture f;
	struct mm_outcome got;
	uint32_t cache;

	fixture_init(&f, 6, 12, 2);
	fixture_start(&f);
	cache = slab_kmalloc_class(f.slab, 4096, 0);
	f.max_pages = 0;
	got = slab_alloc(f.slab, cache, 1, -1, GFP_BITS_KERNEL, 0);
	ck_assert_uint_eq(got.failure, MM_FAIL_NO_MEMORY);
	ck_assert_uint_eq(got.addr, 0);
	ck_assert_uint_eq(fixture_stats(&f, cache).counters.alloc_failed, 1);
	ck_assert_uint_eq(f.calls.nr, 2);
	fixture_check(&f);
	f.max_pages = 100;
	fixture_get(&f, cache, 1);
	fixture_deinit(&f);
}
END_TEST

/* Each new slab hands out its objects along one cycle of the cache, begun anywhere. */
START_TEST(new_slabs_are_rotations_of_one_cycle)
{
	enum { NR = 64, SLABS = 8 };
	unsigned int follows[NR], starts[SLABS], distinct = 0, ascending = 0;
	struct slab_fixture f;
	uint32_t cache;

	fixture_init(&f, 6, 12, 1);
	fixture_start(&f);
	cache = slab_kmalloc_class(f.slab, 64, 0);
	for (size_t i = 0; i < NR; i++)
		follows[i] = NR;
	for (size_t s = 0; s < SLABS; s++) {
		unsigned int last = NR;

		for (size_t i = 0; i < NR; i++) {
			unsigned int slot = (unsigned int)(fixture_get(&f, cache, 0) % 4096 / 64);

			if (last == NR) {
				starts[s] = slot;
			} else if (follows[last] == NR) {
				follows[last] = slot;
				ascending += slot == last + 1;
			} else {
				ck_assert_uint_eq(follows[last], slot);
			}
			last = slot;
		}
		distinct += !s || starts[s] != starts[s - 1];
	}
	ck_assert_uint_gt(distinct, SLABS / 2);
	ck_assert_uint_lt(ascending, NR / 4);
	fixture_deinit(&f);
}
END_TEST

/* The same seed gives the same addresses, another one does not. */
START_TEST(placement_follows_the_seed)
{
	uint64_t sums[3];

	for (unsigned int i = 0; i < 3; i++) {
		struct slab_fixture f;

		fixture_init(&f, 6, 12, 1);
		f.config.seed = i < 2 ? 7 : 8;
		fixture_start(&f);
		sums[i] = 0;
		for (unsigned int j = 0; j < 50; j++)
			sums[i] = sums[i] * 31 +
				  fixture_get(&f, slab_kmalloc_class(f.slab, 32, 0), 0);
		fixture_deinit(&f);
	}
	ck_assert_uint_eq(sums[0], sums[1]);
	ck_assert_uint_ne(sums[0], sums[2]);
}
END_TEST

/*
 * A bulk free ends with the array's last object on top, slab by slab; a run of one slab is given
 * back in one step, and its search ends at the third object of another slab.
 */
START_TEST(bulk_free_order)
{
	struct slab_fixture f;
	uint64_t o[16], batch[6];
	uint32_t cache;

	fixture_init(&f, 6, 12, 1);
	fixture_start(&f);
	cache = slab_kmalloc_class(f.slab, 4096, 0); /* 8 objects a slab */
	for (size_t i = 0; i < 8; i++)
		o[i] = fixture_get(&f, cache, 0);
	for (size_t i = 0; i < 4; i++)
		batch[i] = o[i];
	ck_assert_uint_eq(slab_free_bulk(f.slab, cache, 0, 4, batch), 0);
	for (size_t i = 4; i-- > 0;)
		ck_assert_uint_eq(fixture_get(&f, cache, 0), o[i]);
	for (size_t i = 8; i < 16; i++)
		o[i] = fixture_get(&f, cache, 0); /* the second slab is the cpu slab now */
	/*
	 * From the end: run of 9 and 8, with 0, 1 passed over and given up at 2. Then 2, 1, 0 of
	 * the first slab, which was full, as one run.
	 */
	memcpy(batch, (uint64_t[]){ o[10], o[2], o[1], o[8], o[0], o[9] }, sizeof(batch));
	ck_assert_uint_eq(slab_free_bulk(f.slab, cache, 0, 6, batch), 0);
	fixture_check(&f);
	ck_assert_uint_eq(fixture_stats(&f, cache).counters.cpu_partial_free, 1);
	ck_assert_uint_eq(fixture_get(&f, cache, 0), o[10]);
	ck_assert_uint_eq(fixture_get(&f, cache, 0), o[9]);
	ck_assert_uint_eq(fixture_get(&f, cache, 0), o[8]);
	ck_assert_uint_eq(fixture_get(&f, cache, 0), o[0]);
	fixture_deinit(&f);
}
END_TEST

/* All or nothing; what was taken before the failure goes back. */
START_TEST(bulk_alloc_is_all_or_nothing)
{
	struct slab_fixture f;
	struct mm_outcome got;
	uint64_t addrs[20];
	uint32_t cache;

	fixture_init(&f, 6, 12, 1);
	fixture_start(&f);
	cache = slab_kmalloc_class(f.slab, 4096, 0);
	f.max_pages = 16;
	got = slab_alloc_bulk(f.slab, cache, 0, GFP_BITS_KERNEL, 20, addrs);
	ck_assert_uint_eq(got.failure, MM_FAIL_NO_MEMORY);
	ck_assert_uint_eq(fixture_stats(&f, cache).live_objs, 0);
	fixture_check(&f);
	got = slab_alloc_bulk(f.slab, cache, 0, GFP_BITS_KERNEL, 16, addrs);
	ck_assert(mm_ok(got));
	ck_assert_uint_eq(got.addr, addrs[0]);
	ck_assert_uint_eq(fixture_stats(&f, cache).live_objs, 16);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* Two nodes: a wish for the other node gives up the cpu slab and is tried there alone first. */
START_TEST(node_wish_is_tried_alone_first)
{
	struct slab_fixture f;
	struct mm_outcome got;
	uint32_t cache;

	fixture_init(&f, 6, 12, 2);
	f.config.nr_nodes = 2;
	machine_config_add_range(&f.config, 0, 32, 0);
	machine_config_add_range(&f.config, 32, 1000, 1);
	fixture_start(&f);
	cache = slab_kmalloc_class(f.slab, 4096, 0);
	fixture_get(&f, cache, 0); /* pages 16..23: node 0 */
	fixture_get(&f, slab_kmalloc_class(f.slab, 8192, 0), 0);
	vec_reset(&f.calls);
	got = slab_alloc(f.slab, cache, 0, 1, GFP_BITS_KERNEL, 0);
	ck_assert_uint_eq((got.addr - slab_page_offset(f.slab)) >> KERNEL_PAGE_SHIFT >= 32, 1);
	ck_assert_uint_eq(f.calls.nr, 1);
	ck_assert_int_eq(f.calls.items[0].node, 1);
	ck_assert_uint_eq(f.calls.items[0].gfp, GFP_BIT_KSWAPD_RECLAIM | GFP_BIT_NOWARN |
						GFP_BIT_NORETRY | GFP_BIT_COMP | GFP_BIT_THISNODE);
	ck_assert_uint_eq(fixture_stats(&f, cache).counters.alloc_node_mismatch, 1);
	ck_assert_uint_eq(fixture_stats(&f, cache).partial_slabs, 1);

	/* Node 0's partial slab is found there; a node that does not exist is no wish. */
	got = slab_alloc(f.slab, cache, 0, 0, GFP_BITS_KERNEL, 0);
	ck_assert_uint_eq(got.path, MM_PATH_SLAB_NODE_PARTIAL);
	got = slab_alloc(f.slab, cache, 0, 7, GFP_BITS_KERNEL, 0);
	ck_assert_uint_eq(got.path, MM_PATH_SLAB_FAST);

	/* Nothing on the node alone: the second round takes any page, with the caller's mask. */
	f.only_node = 1;
	vec_reset(&f.calls);
	got = slab_alloc(f.slab, slab_kmalloc_class(f.slab, 2048, 0), 0, 0, GFP_BITS_KERNEL, 0);
	ck_assert(mm_ok(got));
	ck_assert_uint_eq(f.calls.nr, 3);
	ck_assert_uint_eq(f.calls.items[2].gfp & GFP_BIT_THISNODE, 0);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* Pages of RCU caches wait for the end of a grace period, oldest first. */
START_TEST(rcu_slabs_wait)
{
	struct slab_fixture f;
	uint64_t o[3];
	uint32_t cache;

	fixture_init(&f, 6, 12, 1);
	f.config.slub_min_partial = 0;
	fixture_start(&f);
	slab_rcu_defer(f.slab, true);
	cache = slab_cache_create(f.slab, &(struct slab_cache_args){
		.name = "rcu",
		.size = 30000,
		.flags = SLAB_TYPESAFE_BY_RCU,
	});
	for (size_t i = 0; i < 3; i++)
		o[i] = fixture_get(&f, cache, 0);
	for (size_t i = 0; i < 3; i++)
		fixture_put(&f, 0, o[i]);
	slab_shrink(f.slab, cache, 0);
	ck_assert_uint_eq(fixture_stats(&f, cache).nr_slabs, 0);
	ck_assert_uint_eq(fixture_stats(&f, cache).rcu_slabs, 3);
	ck_assert_uint_eq(f.pages_held, 24);
	ck_assert(!slab_is_live(f.slab, o[0]));
	fixture_check(&f);
	ck_assert_uint_eq(slab_rcu_grace(f.slab, 0), 3);
	ck_assert_uint_eq(slab_rcu_grace(f.slab, 0), 0);
	ck_assert_uint_eq(f.pages_held, 0);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* No address brings it down, and only live objects can be freed. */
START_TEST(frees_of_anything_else_are_refused)
{
	struct slab_fixture f;
	uint64_t object, large;
	struct rng rng;

	fixture_init(&f, 6, 12, 1);
	fixture_start(&f);
	object = fixture_get(&f, slab_kmalloc_class(f.slab, 96, 0), 0);
	large = slab_kmalloc(f.slab, 0, 20000, GFP_BITS_KERNEL, -1, 0).addr;
	ck_assert(mm_ok(slab_free(f.slab, 0, 0)));
	ck_assert(mm_ok(slab_free(f.slab, 0, SLAB_ZERO_SIZE_PTR)));
	rng_init(&rng, 1);
	for (unsigned int i = 0; i < 200000; i++) {
		uint64_t addr = rng_next(&rng) >> rng_below(&rng, 64);

		if (i % 2)
			addr = (object & ~0xfffULL) + addr % 40000;
		if (addr == object || addr == large || !addr || addr == SLAB_ZERO_SIZE_PTR)
			continue;
		if (slab_free(f.slab, 0, addr).failure != MM_FAIL_INVALID)
			ck_abort_msg("%#llx was freed", (unsigned long long)addr);
	}
	fixture_check(&f);
	fixture_put(&f, 0, object);
	fixture_put(&f, 0, large);
	ck_assert_uint_eq(slab_free(f.slab, 0, object).failure, MM_FAIL_INVALID);
	ck_assert_uint_eq(slab_free(f.slab, 0, large).failure, MM_FAIL_INVALID);
	ck_assert_uint_eq(slab_alloc(f.slab, 12345, 0, -1, 0, 0).failure, MM_FAIL_INVALID);
	fixture_deinit(&f);
}
END_TEST

/* Recorded pages may be anything: out of reach, or slabs already. */
START_TEST(impossible_pages_are_refused)
{
	static const uint64_t pfns[] = { SLAB_PFN_LIMIT, SLAB_PFN_LIMIT - 1, UINT64_MAX, 0 };
	struct slab_fixture f;

	for (size_t i = 0; i < ARRAY_SIZE(pfns); i++) {
		struct mm_outcome got;
		uint32_t cache;

		fixture_init(&f, 6, 12, 1);
		fixture_start(&f);
		cache = slab_kmalloc_class(f.slab, 4096, 0);
		fixture_get(&f, slab_kmalloc_class(f.slab, 8, 0), 0);
		f.forced_pfn = pfns[i] ? pfns[i] : 16;
		got = slab_alloc(f.slab, cache, 0, -1, GFP_BITS_KERNEL, 0);
		ck_assert_uint_eq(got.failure, MM_FAIL_INVALID);
		ck_assert_uint_eq(fixture_stats(&f, cache).nr_slabs, 0);
		fixture_deinit(&f);
	}
}
END_TEST

/* Where the bytes of a cache are, on figures small enough to be worked out by hand. */
START_TEST(loss_is_split)
{
	struct slab_cache_stats stats;
	struct slab_fixture f;
	uint32_t cache;

	fixture_init(&f, 6, 12, 1);
	fixture_start(&f);
	/* 90 bytes every 96: 42 a page, and 64 bytes left over. */
	cache = slab_cache_by_geometry(f.slab, "seen", 90, 96, 0);
	for (size_t i = 0; i < 43; i++)
		fixture_get(&f, cache, 0);
	stats = fixture_stats(&f, cache);
	ck_assert_str_eq(stats.name, "seen");
	ck_assert_uint_eq(stats.nr_slabs, 2);
	ck_assert_uint_eq(stats.bytes, 8192);
	ck_assert_uint_eq(stats.loss_align, 43 * 6);
	ck_assert_uint_eq(stats.loss_padding, 2 * 64);
	ck_assert_uint_eq(stats.loss_free, 41 * 96);
	ck_assert_uint_eq(stats.active_objs, 84); /* free ones of a cpu slab count as active */
	slab_flush_cpu(f.slab, cache, 0);
	ck_assert_uint_eq(fixture_stats(&f, cache).active_objs, 43);
	fixture_deinit(&f);
}
END_TEST

UNIT_MAIN("slab", freed_object_is_next, new_slab_asks_kindly_first, no_pages_no_object,
	  new_slabs_are_rotations_of_one_cycle, placement_follows_the_seed, bulk_free_order,
	  bulk_alloc_is_all_or_nothing, node_wish_is_tried_alone_first, rcu_slabs_wait,
	  frees_of_anything_else_are_refused, impossible_pages_are_refused, loss_is_split)
