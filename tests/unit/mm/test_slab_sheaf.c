/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sheaves of 7.2, with kmalloc-4k: 8 objects a slab, 4 objects a sheaf. Pictures show a CPU's
 * stacks as main/spare and the barn as full sheaves.
 */
#include <config.h>

#include "kmreplay/mm/slab_follow.h"

#include "slab_fixture.h"

enum { CAPACITY = 4, NR = 64 };

struct sheaves {
	struct slab_fixture f;
	uint32_t cache;
	uint64_t o[NR];
};

static void sheaves_init(struct sheaves *s, unsigned int nr_cpus)
{
	fixture_init(&s->f, 7, 2, nr_cpus);
	fixture_start(&s->f);
	s->cache = slab_kmalloc_class(s->f.slab, 4096, 0);
	ck_assert_uint_eq(slab_cache_geometry(s->f.slab, s->cache)->sheaf_capacity, CAPACITY);
	ck_assert_uint_eq(slab_cache_geometry(s->f.slab, s->cache)->objects, 8);
}

static void sheaves_get(struct sheaves *s, unsigned int cpu, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		s->o[i] = fixture_get(&s->f, s->cache, cpu);
}

static void sheaves_deinit(struct sheaves *s)
{
	fixture_check(&s->f);
	slab_shrink(s->f.slab, s->cache, 0);
	fixture_check(&s->f);
	ck_assert_uint_eq(fixture_stats(&s->f, s->cache).sheaf_objs, 0);
	fixture_deinit(&s->f);
}

START_TEST(capacity_follows_size)
{
	static const struct row {
		uint32_t size, flags, wanted, capacity;
	} rows[] = {
		{ 8, 0, 0, 60 },     { 248, 0, 0, 60 },   { 256, 0, 0, 28 },  { 256, 0, 32, 32 },
		{ 192, 0, 32, 60 },  { 1016, 0, 0, 28 },  { 1024, 0, 0, 12 }, { 4088, 0, 0, 12 },
		{ 4096, 0, 0, 4 },   { 8192, 0, 0, 4 },   { 64, SLAB_NOLEAKTRACE, 0, 0 },
		{ 64, SLAB_STORE_USER, 0, 0 },            { 64, SLAB_NO_SHEAVES, 0, 0 },
	};
	struct machine_config config;
	struct slab_geometry g;

	machine_config_init(&config, (struct kernel_version){ 7, 2 }, ARCH_X86_64);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct slab_cache_args args = {
			.name = "x",
			.size = rows[i].size,
			.flags = rows[i].flags,
			.sheaf_capacity = rows[i].wanted,
		};

		ck_assert(slab_geometry_init(&g, &config, &args));
		ck_assert_uint_eq(g.sheaf_capacity, rows[i].capacity);
		ck_assert_uint_eq(g.cpu_partial_slabs, 0);
	}
	machine_config_deinit(&config);
}
END_TEST

/*
 * The slab's objects e0 .. e7 in random order: the sheaf is filled with e0 .. e3 and popped from
 * its top, the rest waits on the node and fills the next sheaf.
 *	handed out: e3 e2 e1 e0, e7 e6 e5 e4
 */
START_TEST(handed_out_in_reverse)
{
	static const size_t order[8] = { 3, 2, 1, 0, 7, 6, 5, 4 };
	size_t follows[8];
	struct sheaves s;

	sheaves_init(&s, 1);
	for (size_t i = 0; i < 8; i++)
		follows[i] = 8;
	for (unsigned int slab = 0; slab < 5; slab++) {
		size_t e[8];

		for (size_t i = 0; i < 8; i++)
			e[order[i]] = fixture_get(&s.f, s.cache, 0) / 4096 % 8;
		for (size_t i = 0; i < 7; i++) {
			if (follows[e[i]] == 8)
				follows[e[i]] = e[i + 1];
			ck_assert_uint_eq(follows[e[i]], e[i + 1]);
		}
	}
	/* Each refill but the first of a slab found its rest on the node's list. */
	ck_assert_uint_eq(fixture_stats(&s.f, s.cache).counters.alloc_slab, 5);
	ck_assert_uint_eq(fixture_stats(&s.f, s.cache).counters.alloc_from_partial, 5);
	ck_assert_uint_eq(s.f.calls.items[0].gfp, GFP_BIT_IO | GFP_BIT_FS | GFP_BIT_NOWARN |
						  GFP_BIT_NORETRY | GFP_BIT_COMP |
						  GFP_BIT_NOMEMALLOC);
	sheaves_deinit(&s);
}
END_TEST

/*
 * A slab that a refill needs only a part of goes to the tail of its node's list. A and B are full;
 * 6 of A's objects and 2 of B's come back:
 *	node partial: A6 B2  ->  refilled with 4 of A, B2 A2  ->  refilled with B B A A
 */
START_TEST(cut_slab_goes_to_the_tail)
{
	struct sheaves s;
	uint64_t a, b;

	sheaves_init(&s, 1);
	sheaves_get(&s, 0, 16);
	a = s.o[0] >> 15;
	b = s.o[8] >> 15;
	ck_assert_uint_ne(a, b);
	for (size_t i = 0; i < 6; i++)
		fixture_put(&s.f, 0, s.o[i]);
	slab_flush_cpu(s.f.slab, s.cache, 0);
	fixture_put(&s.f, 0, s.o[8]);
	fixture_put(&s.f, 0, s.o[9]);
	slab_flush_cpu(s.f.slab, s.cache, 0);
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_eq(fixture_get(&s.f, s.cache, 0) >> 15, a);
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_eq(fixture_get(&s.f, s.cache, 0) >> 15, i < 2 ? a : b);
	sheaves_deinit(&s);
}
END_TEST

/* A refill may take several new slabs in a row; the caller's mask decides how. */
START_TEST(refill_brings_pages_in_bursts)
{
	struct slab_fixture f;
	uint32_t cache;

	fixture_init(&f, 7, 2, 2);
	fixture_start(&f);
	cache = slab_kmalloc_class(f.slab, 192, 0); /* 21 objects a slab, 60 a sheaf */
	fixture_get(&f, cache, 0);
	ck_assert_uint_eq(f.calls.nr, 3);
	ck_assert_uint_eq(f.calls.items[0].gfp, GFP_BITS_KERNEL | GFP_BIT_NOWARN | GFP_BIT_NORETRY |
						GFP_BIT_COMP | GFP_BIT_NOMEMALLOC);
	ck_assert_uint_eq(fixture_stats(&f, cache).sheaf_objs, 59);
	ck_assert_uint_eq(fixture_stats(&f, cache).partial_slabs, 1);
	ck_assert_uint_eq(fixture_stats(&f, cache).active_objs, 60);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

START_TEST(freed_object_is_next)
{
	struct sheaves s;
	struct mm_outcome out;

	sheaves_init(&s, 2);
	sheaves_get(&s, 0, 8);
	out = fixture_put(&s.f, 0, s.o[5]);
	ck_assert_uint_eq(out.path, MM_PATH_SLAB_SHEAF);
	fixture_put(&s.f, 0, s.o[2]);
	ck_assert_uint_eq(slab_free(s.f.slab, 0, s.o[2]).failure, MM_FAIL_INVALID);
	ck_assert_uint_eq(fixture_get(&s.f, s.cache, 0), s.o[2]);
	ck_assert_uint_eq(fixture_get(&s.f, s.cache, 0), s.o[5]);
	/* No slab belongs to a CPU: another CPU frees into its own sheaf. */
	fixture_put(&s.f, 1, s.o[0]);
	ck_assert_uint_eq(fixture_get(&s.f, s.cache, 1), s.o[0]);
	sheaves_deinit(&s);
}
END_TEST

/*
 * Frees of one CPU: main fills and becomes the spare; each next one goes to the barn when full,
 * until that has ten; then the spare, waiting since the beginning, is flushed.
 *	44..47/0..3, barn 40..43 .. 4..7: 48 objects; the next free flushes 0..3
 */
START_TEST(barn_fills_up)
{
	struct slab_cache_stats stats;
	struct sheaves s;

	sheaves_init(&s, 1);
	sheaves_get(&s, 0, 64);
	for (size_t i = 0; i < 48; i++)
		fixture_put(&s.f, 0, s.o[i]);
	stats = fixture_stats(&s.f, s.cache);
	ck_assert_uint_eq(stats.sheaf_objs, 48);
	ck_assert_uint_eq(stats.counters.barn_put, 10);
	ck_assert_uint_eq(stats.counters.sheaf_flush, 0);
	ck_assert_uint_eq(stats.active_objs, 64);
	fixture_put(&s.f, 0, s.o[48]);
	stats = fixture_stats(&s.f, s.cache);
	ck_assert_uint_eq(stats.counters.sheaf_flush, 4);
	ck_assert_uint_eq(stats.sheaf_objs, 45);
	ck_assert_uint_eq(stats.active_objs, 60);
	/* What comes back: main, spare, then the barn, newest first; 0..3 were flushed. */
	ck_assert_uint_eq(fixture_get(&s.f, s.cache, 0), s.o[48]);
	for (size_t i = 48; i-- > 4;)
		ck_assert_uint_eq(fixture_get(&s.f, s.cache, 0), s.o[i]);
	ck_assert_uint_eq(fixture_stats(&s.f, s.cache).counters.barn_get, 10);
	sheaves_deinit(&s);
}
END_TEST

/* The barn is shared: what one CPU frees in plenty another one gets. */
START_TEST(barn_feeds_other_cpus)
{
	struct sheaves s;
	struct mm_outcome got;

	sheaves_init(&s, 2);
	sheaves_get(&s, 0, 32);
	for (size_t i = 0; i < 16; i++)
		fixture_put(&s.f, 0, s.o[i]);
	got = slab_alloc(s.f.slab, s.cache, 1, -1, GFP_BITS_KERNEL, 0);
	ck_assert_uint_eq(got.path, MM_PATH_SLAB_BARN);
	ck_assert_uint_eq(got.addr, s.o[11]); /* 12..15/0..3, barn 8..11 4..7 */
	ck_assert_uint_eq(fixture_stats(&s.f, s.cache).counters.barn_get, 1);
	sheaves_deinit(&s);
}
END_TEST

/* Bulk: blocks of the main sheaf from bottom to top; a free in bulk makes no new sheaves. */
START_TEST(bulk_goes_through_sheaves)
{
	uint64_t got[6];
	struct sheaves s;

	sheaves_init(&s, 1);
	sheaves_get(&s, 0, 16);
	for (size_t i = 0; i < 3; i++)
		fixture_put(&s.f, 0, s.o[i]);
	ck_assert(mm_ok(slab_alloc_bulk(s.f.slab, s.cache, 0, GFP_BITS_KERNEL, 2, got)));
	ck_assert_uint_eq(got[0], s.o[1]);
	ck_assert_uint_eq(got[1], s.o[2]);
	/* o0 is left in main, the spare is empty: 3 fit, then the spare takes 4, then the slabs. */
	ck_assert_uint_eq(slab_free_bulk(s.f.slab, s.cache, 0, 9, s.o + 7), 0);
	ck_assert_uint_eq(fixture_stats(&s.f, s.cache).sheaf_objs, 8);
	ck_assert_uint_eq(fixture_get(&s.f, s.cache, 0), s.o[13]);
	fixture_check(&s.f);
	sheaves_deinit(&s);
}
END_TEST

/* Objects of another node go to their slab at once; a node wish looks at the top object only. */
START_TEST(sheaves_hold_the_own_node)
{
	struct mm_outcome got;
	struct sheaves s;
	uint64_t far;

	fixture_init(&s.f, 7, 2, 2);
	s.f.config.nr_nodes = 2;
	machine_config_add_range(&s.f.config, 0, 24, 0);
	machine_config_add_range(&s.f.config, 24, 1000, 1);
	fixture_start(&s.f);
	s.cache = slab_kmalloc_class(s.f.slab, 4096, 0);
	sheaves_get(&s, 0, 8);               /* the slab at page 16: node 0 */
	far = fixture_get(&s.f, s.cache, 1); /* at page 24: node 1 */
	got = fixture_put(&s.f, 0, far);
	ck_assert_uint_eq(got.path, MM_PATH_SLAB_FREE_SLOW);
	ck_assert_uint_eq(fixture_stats(&s.f, s.cache).counters.free_remote, 1);
	/* CPU 0 wants node 1: past the sheaves, to that node's list, where the object went. */
	got = slab_alloc(s.f.slab, s.cache, 0, 1, GFP_BITS_KERNEL, 0);
	ck_assert_uint_eq(got.path, MM_PATH_SLAB_NODE_PARTIAL);
	ck_assert_uint_eq(got.addr, far);
	sheaves_deinit(&s);
}
END_TEST

/* Pages for less than a sheaf: it is given up, and the request served from a slab. */
START_TEST(short_refill_is_undone)
{
	struct slab_fixture f;
	struct slab_cache_stats stats;
	uint32_t cache;

	fixture_init(&f, 7, 2, 1);
	fixture_start(&f);
	cache = slab_kmalloc_class(f.slab, 192, 0);
	f.max_pages = 2;
	fixture_get(&f, cache, 0);
	stats = fixture_stats(&f, cache);
	ck_assert_uint_eq(stats.sheaf_objs, 0);
	ck_assert_uint_eq(stats.live_objs, 1);
	ck_assert_uint_eq(stats.counters.sheaf_refill, 42);
	ck_assert_uint_eq(stats.counters.sheaf_flush, 42);
	ck_assert_uint_eq(stats.counters.alloc_slowpath, 1);
	fixture_check(&f);
	for (unsigned int i = 1; i < 42; i++)
		fixture_get(&f, cache, 0);
	ck_assert_uint_eq(slab_alloc(f.slab, cache, 0, -1, GFP_BITS_KERNEL, 0).failure,
			  MM_FAIL_NO_MEMORY);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* A prefilled sheaf is the spare one, refilled: what the main one has stays in its turn. */
START_TEST(prefilling_leaves_the_main_sheaf)
{
	struct slab_next next;
	struct sheaves s;
	uint64_t third;

	sheaves_init(&s, 1);
	sheaves_get(&s, 0, 2);
	slab_peek(s.f.slab, s.cache, 0, -1, &next);
	third = next.addr;
	for (unsigned int i = 0; i < CAPACITY; i++) {
		const struct mm_outcome got =
			slab_alloc_prefilled(s.f.slab, s.cache, 0, GFP_BITS_KERNEL);

		ck_assert(mm_ok(got));
		ck_assert_uint_ne(got.addr, third);
		slab_peek_prefilled(s.f.slab, s.cache, 0, &next);
		ck_assert_int_eq(next.source == SLAB_FROM_SPARE, i + 1 < CAPACITY);
	}
	ck_assert_uint_eq(fixture_stats(&s.f, s.cache).sheaf_objs, 2);
	ck_assert_uint_eq(fixture_get(&s.f, s.cache, 0), third);
	sheaves_deinit(&s);
}
END_TEST

/* A kmalloc() for a sheaf that would itself need a new sheaf takes one object off a slab. */
START_TEST(a_sheaf_for_a_size_class_makes_none)
{
	struct slab_next next;
	struct mm_outcome got;
	struct sheaves s;

	sheaves_init(&s, 1);
	got = slab_alloc_for_sheaf(s.f.slab, s.cache, 0, GFP_BITS_KERNEL);
	ck_assert(mm_ok(got));
	ck_assert_uint_eq(fixture_stats(&s.f, s.cache).sheaf_objs, 0);
	ck_assert_uint_eq(fixture_stats(&s.f, s.cache).partial_slabs, 1);
	slab_peek_for_sheaf(s.f.slab, s.cache, 0, &next);
	ck_assert_int_eq(next.source, SLAB_FROM_NODE);
	got = slab_alloc_for_sheaf(s.f.slab, s.cache, 0, GFP_BITS_KERNEL);
	ck_assert_uint_eq(got.addr, next.addr);
	/* With a sheaf to fill there is no need to make one. */
	for (unsigned int i = 0; i < CAPACITY; i++)
		(void)fixture_get(&s.f, s.cache, 0);
	ck_assert_uint_eq(fixture_stats(&s.f, s.cache).sheaf_objs, 0);
	got = slab_alloc_for_sheaf(s.f.slab, s.cache, 0, GFP_BITS_KERNEL);
	ck_assert(mm_ok(got));
	ck_assert_uint_eq(fixture_stats(&s.f, s.cache).sheaf_objs, CAPACITY - 1);
	sheaves_deinit(&s);
}
END_TEST

/* Caches of the kernel's own whose creators say something of sheaves. */
START_TEST(names_tell_of_wishes)
{
	static const struct row {
		const char *name;
		uint32_t size, capacity;
	} rows[] = {
		{ "maple_node", 256, 32 },   { "vm_area_struct", 192, 60 }, { "filp", 256, 28 },
		{ "kmem_cache", 256, 0 },    { "kmem_cache_node", 64, 0 },
	};
	struct sheaves s;

	sheaves_init(&s, 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const uint32_t cache = slab_cache_by_geometry(s.f.slab, rows[i].name, rows[i].size,
							      rows[i].size, 0);

		ck_assert_uint_eq(slab_cache_geometry(s.f.slab, cache)->sheaf_capacity,
				  rows[i].capacity);
		ck_assert_uint_ne(fixture_get(&s.f, cache, 0), 0);
	}
	sheaves_deinit(&s);
}
END_TEST

/* Corrections: an object that is deeper, in the spare sheaf, or in no sheaf yet, comes next. */
START_TEST(corrections_keep_the_rest)
{
	struct slab_next next;
	struct sheaves s;
	uint64_t deep, away;

	sheaves_init(&s, 1);
	away = fixture_get(&s.f, s.cache, 0);
	deep = slab_follow_sheaf_at(s.f.slab, s.cache, 0, 2);
	ck_assert_uint_ne(deep, 0);
	ck_assert_uint_eq(slab_follow_sheaf_at(s.f.slab, s.cache, 0, 3), 0);
	ck_assert(slab_follow_sheaf_first(s.f.slab, 0, deep));
	slab_peek(s.f.slab, s.cache, 0, -1, &next);
	ck_assert_uint_eq(next.addr, deep);
	ck_assert(slab_follow_sheaf_take(s.f.slab, deep));
	ck_assert(!slab_follow_sheaf_take(s.f.slab, deep));
	ck_assert(slab_is_live(s.f.slab, deep));
	ck_assert_uint_eq(slab_follow_sheaf_wants(s.f.slab, s.cache, 0), 0);
	fixture_check(&s.f);
	/* The other half of the slab is on the node's list, and now in the sheaf. */
	for (unsigned int slot = 0; slot < 8; slot++) {
		const uint64_t addr = (away & ~0x7fffULL) + slot * 4096;

		if (slab_follow_sheaf_first(s.f.slab, 0, addr))
			ck_assert_uint_eq(slab_follow_sheaf_at(s.f.slab, s.cache, 0, 0), addr);
		fixture_check(&s.f);
	}
	ck_assert(slab_follow_sheaf_spare(s.f.slab, 0,
					  slab_follow_sheaf_at(s.f.slab, s.cache, 0, 0)));
	slab_peek_prefilled(s.f.slab, s.cache, 0, &next);
	ck_assert_int_eq(next.source, SLAB_FROM_SPARE);
	sheaves_deinit(&s);
}
END_TEST

UNIT_MAIN("slab_sheaf", capacity_follows_size, handed_out_in_reverse,
	  cut_slab_goes_to_the_tail, refill_brings_pages_in_bursts, freed_object_is_next,
	  barn_fills_up, barn_feeds_other_cpus, bulk_goes_through_sheaves,
	  sheaves_hold_the_own_node, short_refill_is_undone, prefilling_leaves_the_main_sheaf,
	  a_sheaf_for_a_size_class_makes_none, names_tell_of_wishes, corrections_keep_the_rest)
