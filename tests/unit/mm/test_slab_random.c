/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random operations of all kinds, beside a model that knows nothing of slabs: a set of objects that
 * must not overlap, must come back when freed and must lie in pages that are held.
 */
#include <config.h>

#include "slab_fixture.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/rng.h"
#include "kmreplay/mm/slab_design.h"

#include <string.h>

enum { NR_CACHES = 10, MAX_PAGES = 6000, NR_OPS = 200000, CHECK_EVERY = 250 };

struct object {
	uint64_t addr;
	uint32_t cache; /* SLAB_CACHE_NONE: large */
	uint64_t size;
};

struct model {
	struct slab_fixture f;
	struct rng rng;
	struct vec(struct object) live;
	struct vec(uint8_t) used; /* a byte for each 8 bytes of memory: part of a live object */
	uint32_t caches[NR_CACHES];
	uint64_t live_of[256];
	uint64_t now_ns;
};

/* Marks the object's memory; none of it may be marked so already. */
static void mark(struct model *m, const struct object *object, bool live)
{
	uint64_t first = (object->addr - slab_page_offset(m->f.slab)) / 8;
	uint64_t nr = (object->size + 7) / 8;

	uint64_t clashes = 0;

	vec_extend_zeroed(&m->used, first + nr);
	for (uint64_t i = first; i < first + nr; i++) {
		clashes += m->used.items[i] == live;
		m->used.items[i] = live;
	}
	ck_assert_uint_eq(clashes, 0);
	if (object->cache != SLAB_CACHE_NONE)
		m->live_of[object->cache] += live ? 1 : (uint64_t)-1;
}

static void model_add(struct model *m, uint64_t addr, uint32_t cache, uint64_t size)
{
	struct object object = { .addr = addr, .cache = cache, .size = size };

	ck_assert_uint_eq(slab_cache_of(m->f.slab, addr), cache);
	ck_assert(slab_is_live(m->f.slab, addr));
	mark(m, &object, true);
	vec_push(&m->live, object);
}

static struct object model_take(struct model *m)
{
	size_t i = rng_below(&m->rng, m->live.nr);
	struct object object = m->live.items[i];

	m->live.items[i] = m->live.items[--m->live.nr];
	mark(m, &object, false);
	return object;
}

static unsigned int random_cpu(struct model *m)
{
	return (unsigned int)rng_below(&m->rng, m->f.config.nr_cpus);
}

static void random_alloc(struct model *m)
{
	uint32_t cache = m->caches[rng_below(&m->rng, NR_CACHES)];
	int node = (int)rng_below(&m->rng, 5) - 1;
	struct mm_outcome got;

	got = slab_alloc(m->f.slab, cache, random_cpu(m), MIN(node, 2), GFP_BITS_KERNEL, 0);
	if (mm_ok(got))
		model_add(m, got.addr, cache, slab_cache_geometry(m->f.slab, cache)->object_size);
}

static void random_kmalloc(struct model *m)
{
	static const uint32_t masks[] = { 0, 0, GFP_BIT_DMA, GFP_BIT_RECLAIMABLE, GFP_BIT_ACCOUNT };
	uint32_t gfp = GFP_BITS_KERNEL | masks[rng_below(&m->rng, ARRAY_SIZE(masks))];
	uint64_t size = 1 + rng_below(&m->rng, rng_below(&m->rng, 20) ? 600 : 40000);
	struct mm_outcome got = slab_kmalloc(m->f.slab, random_cpu(m), size, gfp, -1, 0);

	if (!mm_ok(got))
		return;
	ck_assert_uint_ge(slab_ksize(m->f.slab, got.addr), size);
	model_add(m, got.addr, slab_kmalloc_class(m->f.slab, size, gfp),
		  slab_ksize(m->f.slab, got.addr));
}

static void random_free(struct model *m)
{
	struct object object;
	unsigned int cpu = random_cpu(m);

	if (!m->live.nr)
		return;
	object = model_take(m);
	if (object.cache != SLAB_CACHE_NONE) {
		ck_assert_uint_eq(slab_free(m->f.slab, cpu, object.addr + 1).failure,
				  MM_FAIL_INVALID);
	}
	fixture_put(&m->f, cpu, object.addr);
	ck_assert_uint_eq(slab_free(m->f.slab, cpu, object.addr).failure, MM_FAIL_INVALID);
	ck_assert(!slab_is_live(m->f.slab, object.addr));
}

static void random_bulk(struct model *m)
{
	uint64_t addrs[64];
	uint32_t bulk_cache, cache = m->caches[rng_below(&m->rng, NR_CACHES)];
	size_t nr = 1 + rng_below(&m->rng, ARRAY_SIZE(addrs) - 1);

	if (rng_below(&m->rng, 2)) {
		if (!mm_ok(slab_alloc_bulk(m->f.slab, cache, random_cpu(m), GFP_BITS_KERNEL, nr,
					   addrs)))
			return;
		for (size_t i = 0; i < nr; i++)
			model_add(m, addrs[i], cache,
				  slab_cache_geometry(m->f.slab, cache)->object_size);
		return;
	}
	nr = MIN(nr, m->live.nr);
	if (!nr)
		return;
	for (size_t i = 0; i < nr; i++)
		addrs[i] = model_take(m).addr;
	bulk_cache = rng_below(&m->rng, 2) ? cache : SLAB_CACHE_NONE;
	addrs[nr] = addrs[0]; /* named twice: only one is freed */
	ck_assert_uint_eq(slab_free_bulk(m->f.slab, bulk_cache, random_cpu(m), nr + 1, addrs),
			  1);
}

static void random_op(struct model *m)
{
	uint64_t op = rng_below(&m->rng, 1000);
	uint32_t cache = m->caches[rng_below(&m->rng, NR_CACHES)];
	/* The load swells and shrinks, so that lists fill and run empty. */
	uint64_t alloc_share = m->live.nr < 2000 ? 520 : 400;

	if (op < alloc_share)
		random_alloc(m);
	else if (op < alloc_share + 60)
		random_kmalloc(m);
	else if (op < 980)
		random_free(m);
	else if (op < 990)
		random_bulk(m);
	else if (op < 996)
		slab_flush_cpu(m->f.slab, cache, random_cpu(m));
	else if (op < 998)
		slab_shrink(m->f.slab, cache, random_cpu(m));
	else if (op < 999)
		slab_rcu_grace(m->f.slab, random_cpu(m));
	else if (rng_below(&m->rng, 2))
		slab_tick(m->f.slab, m->now_ns += rng_below(&m->rng, 3000000000));
	else
		m->f.max_order = (unsigned int)rng_below(&m->rng, 5);
}

static void compare(struct model *m)
{
	uint64_t live = 0;

	fixture_check(&m->f);
	for (uint32_t i = 0; i < slab_nr_caches(m->f.slab); i++) {
		struct slab_cache_stats stats = fixture_stats(&m->f, i);

		ck_assert_uint_eq(stats.live_objs, m->live_of[i]);
		live += stats.live_objs;
	}
	ck_assert_uint_le(live, m->live.nr);
}

static void model_init(struct model *m, unsigned int major, unsigned int minor, int design)
{
	static const struct slab_cache_args args[NR_CACHES] = {
		{ .name = "small", .size = 24 },
		{ .name = "task", .size = 2000, .usersize = 100 },
		{ .name = "one", .size = 17000, .usersize = 1 },
		{ .name = "huge", .size = 40000, .usersize = 1 },
		{ .name = "inode", .size = 600, .flags = SLAB_RECLAIM_ACCOUNT, .ctor = true },
		{ .name = "rcu", .size = 200, .flags = SLAB_TYPESAFE_BY_RCU },
		{ .name = "dma", .size = 700, .flags = SLAB_CACHE_DMA | SLAB_HWCACHE_ALIGN },
		{ .name = "debug", .size = 100, .flags = SLAB_DEBUG_FLAGS },
		{ .name = "track", .size = 1000, .flags = SLAB_STORE_USER },
		{ .name = "odd", .size = 11000, .usersize = 1 },
	};

	*m = (struct model){ 0 };
	rng_init(&m->rng, minor);
	fixture_init(&m->f, major, minor, 4);
	m->f.config.nr_nodes = 3;
	m->f.config.slab_design = design;
	for (unsigned int node = 0; node < 3; node++)
		machine_config_add_range(&m->f.config, node * 700, (node + 1) * 700, (int)node);
	m->f.max_pages = MAX_PAGES;
	fixture_start(&m->f);
	slab_rcu_defer(m->f.slab, true);
	for (size_t i = 0; i < NR_CACHES; i++) {
		m->caches[i] = slab_cache_create(m->f.slab, &args[i]);
		ck_assert_uint_ne(m->caches[i], SLAB_CACHE_NONE);
	}
}

/* Frees all; then no cache keeps more than its empty partial slabs, and none when destroyed. */
static void model_finish(struct model *m)
{
	while (m->live.nr)
		random_free(m);
	compare(m);
	for (size_t i = 0; i < NR_CACHES; i++)
		ck_assert(slab_cache_destroy(m->f.slab, m->caches[i], 0));
	for (uint32_t i = 0; i < slab_nr_caches(m->f.slab); i++)
		slab_shrink(m->f.slab, i, 0);
	ck_assert_uint_eq(slab_pages_held(m->f.slab), 0);
	ck_assert_uint_eq(m->f.pages_held, 0);
	vec_deinit(&m->live);
	vec_deinit(&m->used);
	fixture_deinit(&m->f);
}

static void run(unsigned int major, unsigned int minor, int design)
{
	struct model m;

	model_init(&m, major, minor, design);
	for (unsigned int i = 0; i < NR_OPS; i++) {
		random_op(&m);
		if (i % CHECK_EVERY == 0)
			compare(&m);
	}
	model_finish(&m);
}

START_TEST(random_operations_6_1)
{
	run(6, 1, -1);
}
END_TEST

START_TEST(random_operations_6_12)
{
	run(6, 12, -1);
}
END_TEST

START_TEST(random_operations_7_2)
{
	run(7, 2, -1);
}
END_TEST

START_TEST(random_operations_slab)
{
	run(6, 12, SLAB_DESIGN_SLAB);
}
END_TEST

START_TEST(random_operations_slob)
{
	run(6, 12, SLAB_DESIGN_SLOB);
}
END_TEST

START_TEST(random_operations_tiny)
{
	run(6, 12, SLAB_DESIGN_TINY);
}
END_TEST

UNIT_MAIN("slab_random", random_operations_6_1, random_operations_6_12, random_operations_7_2,
	  random_operations_slab, random_operations_slob, random_operations_tiny)
