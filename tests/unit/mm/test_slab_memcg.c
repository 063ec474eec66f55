/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Vectors of owners: when a slab gets one, of what, how it is asked for, and that it goes along. */
#include <config.h>

#include "slab_fixture.h"

#include "kmreplay/core/rng.h"
#include "kmreplay/mm/slab_look.h"

static void start(struct slab_fixture *f, unsigned int major, unsigned int minor)
{
	fixture_init(f, major, minor, 2);
	f->config.slab_memcg = true;
	fixture_start(f);
}

static uint32_t make(struct slab_fixture *f, uint32_t size, uint32_t flags)
{
	return slab_cache_create(f->slab, &(struct slab_cache_args){
		.name = "x",
		.size = size,
		.flags = flags,
		.usersize = 1,
	});
}

/* Where all objects are charged, the vector comes with the slab and goes with it, before it. */
START_TEST(with_the_slab)
{
	static const unsigned int minors[] = { 1, 12 };

	for (size_t i = 0; i < ARRAY_SIZE(minors); i++) {
		struct slab_fixture f;
		uint32_t cache, vectors;
		uint64_t object;

		start(&f, 6, minors[i]);
		cache = make(&f, 200, SLAB_ACCOUNT); /* 20 objects: 160 bytes */
		vectors = slab_kmalloc_class(f.slab, 160, 0);
		object = fixture_get(&f, cache, 0);
		ck_assert_uint_eq(f.calls.nr, 2);
		ck_assert_uint_eq(fixture_stats(&f, vectors).live_objs, 1);
		ck_assert_uint_eq(slab_memcg_vectors(f.slab), 1);
		/* As the slab was asked for, on its node; 6.12 tries a node alone first. */
		ck_assert_uint_eq(f.calls.items[1].gfp & GFP_BITS_KERNEL,
				  i ? GFP_BIT_KSWAPD_RECLAIM : GFP_BITS_KERNEL);
		ck_assert_int_eq(f.calls.items[1].node, 0);
		fixture_get(&f, cache, 0);
		ck_assert_uint_eq(slab_memcg_vectors(f.slab), 1);
		fixture_check(&f);
		vec_reset(&f.calls);
		for (unsigned int j = 0; j < 19; j++)
			fixture_get(&f, cache, 0);
		ck_assert_uint_eq(slab_memcg_vectors(f.slab), 2);
		fixture_put(&f, 0, object);
		ck_assert(!slab_cache_destroy(f.slab, cache, 0));
		ck_assert_uint_eq(slab_memcg_vectors(f.slab), 2);
		fixture_deinit(&f);
	}
}
END_TEST

/* Elsewhere the first charged object brings it, with the mask of that request. */
START_TEST(with_the_first_charge)
{
	struct slab_fixture f;
	uint32_t cache, vectors;

	start(&f, 6, 12);
	cache = make(&f, 100, 0); /* stride 104, 39 objects: 312 bytes */
	vectors = slab_kmalloc_class(f.slab, 312, 0);
	fixture_get(&f, cache, 0);
	ck_assert_uint_eq(slab_memcg_vectors(f.slab), 0);
	vec_reset(&f.calls);
	ck_assert(mm_ok(slab_alloc(f.slab, cache, 0, -1,
				   GFP_BIT_HIGH | GFP_BIT_ACCOUNT | GFP_BIT_NOFAIL, 0)));
	ck_assert_uint_eq(slab_memcg_vectors(f.slab), 1);
	ck_assert_uint_eq(fixture_stats(&f, vectors).live_objs, 1);
	/* On the slab's node alone first; neither ACCOUNT nor NOFAIL are passed on. */
	ck_assert_uint_eq(f.calls.nr, 1);
	ck_assert_int_eq(f.calls.items[0].node, 0);
	ck_assert_uint_eq(f.calls.items[0].gfp & (GFP_BIT_ACCOUNT | GFP_BIT_NOFAIL), 0);
	ck_assert_uint_ne(f.calls.items[0].gfp & GFP_BIT_THISNODE, 0);
	/* Charged kmalloc() has caches that come with vectors. */
	slab_kmalloc(f.slab, 0, 100, GFP_BITS_KERNEL | GFP_BIT_ACCOUNT, -1, 0);
	ck_assert_uint_eq(slab_memcg_vectors(f.slab), 2);
	slab_kmalloc(f.slab, 0, 20000, GFP_BITS_KERNEL | GFP_BIT_ACCOUNT, -1, 0);
	ck_assert_uint_eq(slab_memcg_vectors(f.slab), 2);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* A slab whose vector cannot be had is a slab without. */
START_TEST(without_memory)
{
	struct slab_fixture f;
	uint32_t cache;

	start(&f, 6, 12);
	cache = make(&f, 200, SLAB_ACCOUNT);
	f.max_pages = 1;
	ck_assert(slab_is_live(f.slab, fixture_get(&f, cache, 0)));
	ck_assert_uint_eq(slab_memcg_vectors(f.slab), 0);
	f.max_pages = 100;
	fixture_get(&f, cache, 0);
	ck_assert_uint_eq(slab_memcg_vectors(f.slab), 1);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* Objects taken in bulk are charged when all are there. */
START_TEST(bulk_is_charged_at_the_end)
{
	struct slab_fixture f;
	uint64_t addrs[50];

	start(&f, 6, 12);
	ck_assert(mm_ok(slab_alloc_bulk(f.slab, make(&f, 200, 0), 0,
					GFP_BITS_KERNEL | GFP_BIT_ACCOUNT, 50, addrs)));
	ck_assert_uint_eq(slab_memcg_vectors(f.slab), 3);
	/* Three slabs first, then the one of the vectors. */
	ck_assert_uint_eq(f.calls.nr, 4);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* Since 7.0 the vector lies in the slab where there is room. */
START_TEST(inside_the_slab)
{
	static const struct row {
		uint32_t size;
		bool inside;
	} rows[] = {
		{ 200, false },  /* 20 of them leave 96 bytes, 160 are needed; no padding */
		{ 1400, true },  /* much is left behind 11 */
		{ 520, true },   /* stride 576 with cache lines: 56 behind each */
		{ 64, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct slab_fixture f;

		start(&f, 7, 2);
		fixture_get(&f, make(&f, rows[i].size, SLAB_ACCOUNT |
				     (rows[i].size == 520 ? SLAB_HWCACHE_ALIGN : 0)), 0);
		ck_assert_msg(!slab_memcg_vectors(f.slab) == rows[i].inside, "%u bytes",
			      rows[i].size);
		fixture_check(&f);
		fixture_deinit(&f);
	}
}
END_TEST

/* Off, and before 5.9, there are none; it can be switched on later. */
START_TEST(switched)
{
	struct slab_fixture f;
	uint32_t cache;

	start(&f, 5, 4);
	fixture_get(&f, make(&f, 200, SLAB_ACCOUNT), 0);
	ck_assert_uint_eq(slab_memcg_vectors(f.slab), 0);
	fixture_deinit(&f);

	start(&f, 6, 12);
	slab_memcg_set(f.slab, false);
	cache = make(&f, 200, SLAB_ACCOUNT);
	fixture_get(&f, cache, 0);
	ck_assert_uint_eq(slab_memcg_vectors(f.slab), 0);
	slab_memcg_set(f.slab, true);
	fixture_get(&f, cache, 0);
	ck_assert_uint_eq(slab_memcg_vectors(f.slab), 1);
	fixture_deinit(&f);
}
END_TEST

/* Up and down at random: nothing is left behind. */
START_TEST(nothing_is_left)
{
	static const struct kernel_version versions[] = {
		{ 5, 10 }, { 6, 1 }, { 6, 12 }, { 7, 2 },
	};

	for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
		struct vec(uint64_t) live = { 0 };
		struct slab_fixture f;
		uint32_t caches[3];
		struct rng rng;

		rng_init(&rng, v);
		start(&f, versions[v].major, versions[v].minor);
		slab_rcu_defer(f.slab, true);
		caches[0] = make(&f, 200, SLAB_ACCOUNT);
		caches[1] = make(&f, 700, SLAB_ACCOUNT | SLAB_TYPESAFE_BY_RCU);
		caches[2] = make(&f, 2000, 0);
		for (unsigned int i = 0; i < 20000; i++) {
			const uint64_t chance = rng_below(&rng, 100);
			const unsigned int cpu = (unsigned int)rng_below(&rng, 2);
			const uint32_t gfp = GFP_BITS_KERNEL | (chance & 1 ? GFP_BIT_ACCOUNT : 0);

			if (chance < (live.nr < 2000 ? 60 : 20)) {
				vec_push(&live, slab_alloc(f.slab, caches[chance % 3], cpu, -1, gfp,
							   0).addr);
			} else if (live.nr) {
				const size_t at = rng_below(&rng, live.nr);

				fixture_put(&f, cpu, live.items[at]);
				live.items[at] = live.items[--live.nr];
			}
			if (i % 500 == 0)
				fixture_check(&f);
		}
		while (live.nr)
			fixture_put(&f, 0, live.items[--live.nr]);
		for (size_t i = 0; i < ARRAY_SIZE(caches); i++)
			ck_assert(slab_cache_destroy(f.slab, caches[i], 0));
		ck_assert_uint_eq(slab_memcg_vectors(f.slab), 0);
		for (uint32_t i = 0; i < slab_nr_caches(f.slab); i++)
			slab_shrink(f.slab, i, 0);
		fixture_check(&f);
		ck_assert_uint_eq(f.pages_held, 0);
		vec_deinit(&live);
		fixture_deinit(&f);
	}
}
END_TEST

UNIT_MAIN("slab_memcg", with_the_slab, with_the_first_charge, without_memory,
	  bulk_is_charged_at_the_end, inside_the_slab, switched, nothing_is_left)
