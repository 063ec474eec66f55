/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SLOB, worked out by hand from mm/slob.c of 6.1: where blocks lie, in which pages, until when. */
#include <config.h>

#include "slab_fixture.h"

#include "kmreplay/mm/slab_design.h"
#include "kmreplay/mm/slab_look.h"

#include <string.h>

static void start(struct slab_fixture *f, unsigned int nr_nodes)
{
	fixture_init(f, 6, 12, 4);
	f->config.slab_design = SLAB_DESIGN_SLOB;
	f->config.nr_nodes = nr_nodes;
	fixture_start(f);
}

static uint64_t get(struct slab_fixture *f, uint64_t size)
{
	struct mm_outcome got = slab_kmalloc(f->slab, 0, size, GFP_BITS_KERNEL, -1, 0);

	ck_assert(mm_ok(got));
	return got.addr;
}

static uint32_t make(struct slab_fixture *f, const char *name, uint32_t size, uint32_t flags)
{
	return slab_cache_create(f->slab, &(struct slab_cache_args){
		.name = name, .size = size, .flags = flags,
	});
}

static struct slab_cache_stats stats_of(const struct slab_fixture *f, const char *name)
{
	struct slab_cache_stats stats = { 0 };

	for (uint32_t i = 0; i < slab_nr_caches(f->slab); i++)
		if (slab_cache_get_stats(f->slab, i, &stats) && !strcmp(stats.name, name))
			return stats;
	ck_abort_msg("no cache '%s'", name);
	return stats;
}

START_TEST(sizes_stand_before_objects)
{
	struct slab_fixture f;
	uint64_t first, base;

	start(&f, 1);
	first = get(&f, 100);
	base = first - 8;
	ck_assert_uint_eq(base % KERNEL_PAGE_SIZE, 0);
	/* 108 bytes are taken, the next object is aligned to 8: at 112 + 8. */
	ck_assert_uint_eq(get(&f, 100), base + 120);
	/* A power of two is aligned to itself; the room before it stays free. */
	ck_assert_uint_eq(get(&f, 64), base + 256);
	ck_assert_uint_eq(get(&f, 7), base + 232); /* 220 to 224 is too small, 224 to 239 is not */
	ck_assert_uint_eq(slab_ksize(f.slab, first), 100);
	ck_assert_uint_eq(slab_stride(f.slab, first), 108);
	ck_assert_uint_eq(slab_ksize(f.slab, base + 232), 8);
	ck_assert_uint_eq(stats_of(&f, "kmalloc").bytes, 108 + 108 + 72 + 16);
	ck_assert_uint_eq(stats_of(&f, "kmalloc").loss_align, 8 + 8 + 8 + 9);
	ck_assert_uint_eq(stats_of(&f, "slob").loss_free, 4096 - 304);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

START_TEST(three_lists)
{
	struct slab_fixture f;
	uint64_t small, medium, large;

	start(&f, 1);
	small = get(&f, 247) / KERNEL_PAGE_SIZE;
	medium = get(&f, 248) / KERNEL_PAGE_SIZE; /* 256 with its size */
	large = get(&f, 1016) / KERNEL_PAGE_SIZE;
	ck_assert_uint_ne(small, medium);
	ck_assert_uint_ne(medium, large);
	ck_assert_uint_eq(get(&f, 1015) / KERNEL_PAGE_SIZE, medium);
	ck_assert_uint_eq(get(&f, 2000) / KERNEL_PAGE_SIZE, large);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* The page that served last is the first to be asked; only then those behind it. */
START_TEST(next_fit)
{
	struct slab_fixture f;
	uint64_t first, second;
	uint32_t cache;

	start(&f, 1);
	cache = make(&f, "large", 1500, 0);
	first = fixture_get(&f, cache, 0);
	fixture_get(&f, cache, 0); /* 1096 are left */
	second = fixture_get(&f, cache, 0);
	ck_assert_uint_ne(first / KERNEL_PAGE_SIZE, second / KERNEL_PAGE_SIZE);
	/* The new page is in front, so it is taken, though the other one would do. */
	ck_assert_uint_eq(get(&f, 1020) / KERNEL_PAGE_SIZE, second / KERNEL_PAGE_SIZE);
	ck_assert_uint_eq(get(&f, 1080) / KERNEL_PAGE_SIZE, second / KERNEL_PAGE_SIZE);
	ck_assert_uint_eq(get(&f, 1080) / KERNEL_PAGE_SIZE, first / KERNEL_PAGE_SIZE);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

START_TEST(neighbours_melt)
{
	struct slab_fixture f;
	uint64_t addrs[8];
	uint32_t cache;

	start(&f, 1);
	cache = make(&f, "eighth", 512, 0);
	for (unsigned int i = 0; i < 8; i++)
		addrs[i] = fixture_get(&f, cache, 0);
	ck_assert_uint_eq(f.pages_held, 1);
	fixture_put(&f, 0, addrs[5]);
	fixture_put(&f, 0, addrs[3]);
	fixture_put(&f, 0, addrs[4]);
	fixture_check(&f);
	/* 1536 in one piece, of blocks of the same list. */
	cache = make(&f, "whole", 1000, SLAB_NO_MERGE);
	ck_assert_uint_eq(fixture_get(&f, cache, 0), addrs[3]);
	fixture_check(&f);
	ck_assert_uint_eq(slab_cache_of(f.slab, addrs[3]), cache);
	ck_assert(!slab_is_live(f.slab, addrs[4]));
	ck_assert_uint_eq(slab_free(f.slab, 0, addrs[4]).failure, MM_FAIL_INVALID);
	fixture_put(&f, 0, addrs[3]);
	for (unsigned int i = 0; i < 8; i++)
		if (i < 3 || i > 5)
			fixture_put(&f, 0, addrs[i]);
	ck_assert_uint_eq(f.pages_held, 0);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

START_TEST(pages_of_their_own)
{
	struct slab_fixture f;
	uint64_t addr;
	uint32_t cache;

	start(&f, 1);
	ck_assert_uint_ne(slab_kmalloc_class(f.slab, 4087, 0), SLAB_CACHE_NONE);
	ck_assert_uint_eq(slab_kmalloc_class(f.slab, 4088, 0), SLAB_CACHE_NONE);
	addr = get(&f, 4088);
	ck_assert_uint_eq(slab_ksize(f.slab, addr), 4096);
	fixture_put(&f, 0, addr);
	cache = make(&f, "huge", 10000, 0);
	addr = fixture_get(&f, cache, 0);
	ck_assert_uint_eq(f.pages_held, 4);
	ck_assert_uint_eq(slab_cache_of(f.slab, addr), cache);
	ck_assert_uint_eq(stats_of(&f, "huge").nr_slabs, 1);
	fixture_check(&f);
	ck_assert(!slab_cache_destroy(f.slab, cache, 0));
	fixture_put(&f, 0, addr);
	ck_assert_uint_eq(f.pages_held, 0);
	ck_assert(slab_cache_destroy(f.slab, cache, 0));
	fixture_deinit(&f);
}
END_TEST

/* Caches are not merged, and have neither mobility nor zone: pages are asked for as by callers. */
START_TEST(caches_are_sizes)
{
	struct slab_fixture f;
	uint64_t at = 0;
	uint32_t a, b;

	start(&f, 1);
	a = make(&f, "a", 200, SLAB_RECLAIM_ACCOUNT);
	b = make(&f, "b", 200, SLAB_RECLAIM_ACCOUNT);
	ck_assert_uint_ne(a, b);
	fixture_get(&f, a, 0);
	fixture_get(&f, b, 1);
	ck_assert_uint_eq(f.pages_held, 1);
	ck_assert_uint_eq(f.calls.items[0].gfp, GFP_BITS_KERNEL);
	ck_assert(slab_next_live(f.slab, b, &at));
	ck_assert_uint_eq(at % KERNEL_PAGE_SIZE, 200);
	at++;
	ck_assert(!slab_next_live(f.slab, b, &at));
	fixture_deinit(&f);
}
END_TEST

START_TEST(rcu_objects_wait)
{
	struct slab_fixture f;
	uint64_t addr;
	uint32_t cache;

	start(&f, 1);
	cache = make(&f, "rcu", 100, SLAB_TYPESAFE_BY_RCU);
	ck_assert_uint_eq(slab_cache_geometry(f.slab, cache)->size, 124);
	slab_rcu_defer(f.slab, true);
	addr = fixture_get(&f, cache, 0);
	fixture_put(&f, 0, addr);
	ck_assert(!slab_is_live(f.slab, addr));
	ck_assert_uint_eq(slab_free(f.slab, 0, addr).failure, MM_FAIL_INVALID);
	ck_assert_uint_eq(f.pages_held, 1);
	fixture_check(&f);
	ck_assert_uint_eq(slab_rcu_grace(f.slab, 0), 1);
	ck_assert_uint_eq(f.pages_held, 0);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* Who names a node gets none of another one's pages. */
START_TEST(nodes)
{
	struct slab_fixture f;
	uint32_t cache;
	struct mm_outcome got;

	fixture_init(&f, 6, 12, 4);
	f.config.slab_design = SLAB_DESIGN_SLOB;
	f.config.nr_nodes = 2;
	machine_config_add_range(&f.config, 0, 18, 0);
	machine_config_add_range(&f.config, 18, 64, 1);
	fixture_start(&f);
	cache = make(&f, "a", 200, 0);
	fixture_get(&f, cache, 0); /* page 16 of node 0 */
	got = slab_alloc(f.slab, cache, 0, 1, GFP_BITS_KERNEL, 0);
	ck_assert_uint_eq(f.pages_held, 2);
	ck_assert_int_eq(f.calls.items[1].node, 1);
	got = slab_alloc(f.slab, cache, 3, 0, GFP_BITS_KERNEL, 0);
	ck_assert_uint_eq(got.addr % KERNEL_PAGE_SIZE, 200);
	ck_assert_uint_eq(f.pages_held, 2);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

UNIT_MAIN("slab_slob", sizes_stand_before_objects, three_lists, next_fit, neighbours_melt,
	  pages_of_their_own, caches_are_sizes, rcu_objects_wait, nodes)
