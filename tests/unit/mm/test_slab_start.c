/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slabs that are there before the first request: in all places, in all kernels. */
#include <config.h>

#include "slab_fixture.h"

#include "kmreplay/core/rng.h"
#include "kmreplay/mm/slab_start.h"

enum { FIRST_PFN = 1024, MAX_CAPACITY = 60 };

static uint64_t addr_of(const struct slab_fixture *f, uint32_t cache, uint64_t pfn, unsigned int i)
{
	const struct slab_geometry *geometry = slab_cache_geometry(f->slab, cache);

	return slab_page_offset(f->slab) + pfn * KERNEL_PAGE_SIZE + (uint64_t)i * geometry->size +
	       geometry->red_left_pad;
}

/* Places slab number "nr" of kmalloc-256: 16 objects in one page, "free" (ends with -1) of them. */
static void put(struct slab_fixture *f, unsigned int nr, uint8_t place, unsigned int cpu,
		const uint16_t *free)
{
	struct slab_start_page start = {
		.cache = slab_kmalloc_class(f->slab, 256, 0),
		.pfn = FIRST_PFN + nr,
		.place = place,
		.tail = true,
		.cpu = cpu,
		.free = free,
	};

	while (free[start.nr_free] != UINT16_MAX)
		start.nr_free++;
	fixture_own(f, start.pfn, 0);
	ck_assert(slab_place(f->slab, &start));
	fixture_check(f);
}

/* The next objects of kmalloc-256 on "cpu" are these of slab "nr". */
static void take(struct slab_fixture *f, unsigned int nr, unsigned int cpu, const uint16_t *slots)
{
	const uint32_t cache = slab_kmalloc_class(f->slab, 256, 0);

	for (; *slots != UINT16_MAX; slots++)
		ck_assert_uint_eq(fixture_get(f, cache, cpu),
				  addr_of(f, cache, FIRST_PFN + nr, *slots));
}

static const uint16_t none[] = { UINT16_MAX };
static const uint16_t three[] = { 7, 2, 15, UINT16_MAX };
static const uint16_t two[] = { 0, 1, UINT16_MAX };
static const uint16_t one[] = { 9, UINT16_MAX };

/* What is free is handed out in its order: cpu slab, cpu partial from the top, node. */
START_TEST(each_place_has_its_turn)
{
	struct slab_fixture f;
	uint32_t cache;

	fixture_init(&f, 6, 12, 2);
	fixture_start(&f);
	cache = slab_kmalloc_class(f.slab, 256, 0);
	put(&f, 0, SLAB_START_FULL, 0, none);
	put(&f, 1, SLAB_START_CPU, 1, three);
	put(&f, 2, SLAB_START_CPU_PARTIAL, 1, one);
	put(&f, 3, SLAB_START_CPU_PARTIAL, 1, two);
	put(&f, 4, SLAB_START_NODE_PARTIAL, 0, one);
	put(&f, 5, SLAB_START_CPU, 0, two);
	ck_assert_uint_eq(fixture_stats(&f, cache).nr_slabs, 6);
	ck_assert_uint_eq(fixture_stats(&f, cache).cpu_slabs, 2);
	ck_assert_uint_eq(fixture_stats(&f, cache).cpu_partial_slabs, 2);
	ck_assert_uint_eq(fixture_stats(&f, cache).partial_slabs, 1);
	ck_assert_uint_eq(fixture_stats(&f, cache).active_objs, 6 * 16 - 1);
	ck_assert_uint_eq(fixture_stats(&f, cache).live_objs, 6 * 16 - 3 - 1 - 2 - 1 - 2);
	ck_assert_uint_eq(fixture_stats(&f, cache).counters.allocs, 0);
	ck_assert_uint_eq(fixture_stats(&f, cache).counters.alloc_slab, 0);
	take(&f, 1, 1, three);
	take(&f, 3, 1, two);
	take(&f, 2, 1, one);
	take(&f, 4, 1, one);
	take(&f, 5, 0, two);
	ck_assert_uint_eq(f.calls.nr, 0);
	fixture_get(&f, cache, 1);
	ck_assert_uint_eq(f.calls.nr, 1);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* Below all others of the CPU's list, in whatever order they come. */
START_TEST(the_bottom_is_used_last)
{
	struct slab_fixture f;
	uint32_t cache;

	fixture_init(&f, 6, 12, 1);
	fixture_start(&f);
	cache = slab_kmalloc_class(f.slab, 256, 0);
	put(&f, 1, SLAB_START_CPU_BOTTOM, 0, one);
	put(&f, 2, SLAB_START_CPU_PARTIAL, 0, two);
	put(&f, 3, SLAB_START_CPU_BOTTOM, 0, three);
	put(&f, 4, SLAB_START_CPU_PARTIAL, 0, one);
	ck_assert_uint_eq(fixture_stats(&f, cache).cpu_partial_slabs, 4);
	take(&f, 4, 0, one);
	take(&f, 2, 0, two);
	take(&f, 1, 0, one);
	take(&f, 3, 0, three);
	ck_assert_uint_eq(f.calls.nr, 0);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* An object that was in use is freed like any other, and an empty slab's page goes back. */
START_TEST(what_was_in_use_is_freed)
{
	struct slab_fixture f;
	uint32_t cache;

	fixture_init(&f, 6, 12, 1);
	fixture_start(&f);
	cache = slab_kmalloc_class(f.slab, 256, 0);
	put(&f, 0, SLAB_START_FULL, 0, none);
	/* More than min_partial keep the node's list long enough for empty slabs to go. */
	for (unsigned int nr = 1; nr <= 6; nr++)
		put(&f, nr, SLAB_START_NODE_PARTIAL, 0, one);
	for (unsigned int slot = 0; slot < 16; slot++) {
		if (slot == one[0])
			continue;
		fixture_put(&f, 0, addr_of(&f, cache, FIRST_PFN + 3, slot));
		fixture_check(&f);
	}
	ck_assert_uint_eq(f.calls.nr, 1);
	ck_assert_uint_eq(f.calls.items[0].pfn, FIRST_PFN + 3);
	ck_assert_uint_eq(fixture_stats(&f, cache).nr_slabs, 6);
	/* A full slab goes to the partial list of the CPU that frees first. */
	fixture_put(&f, 0, addr_of(&f, cache, FIRST_PFN, 4));
	ck_assert_uint_eq(fixture_stats(&f, cache).cpu_partial_slabs, 1);
	ck_assert_uint_eq(slab_free(f.slab, 0, addr_of(&f, cache, FIRST_PFN, 4)).failure,
			  MM_FAIL_INVALID);
	ck_assert_uint_eq(slab_free(f.slab, 0, addr_of(&f, cache, FIRST_PFN + 1, 9)).failure,
			  MM_FAIL_INVALID);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
	static const uint16_t beyond[] = { 1, 16 }, twice[] = { 3, 5, 3 };
	struct slab_fixture f;
	struct slab_start_page good;
	uint32_t cache;

	fixture_init(&f, 6, 12, 2);
	fixture_start(&f);
	cache = slab_kmalloc_class(f.slab, 256, 0);
	put(&f, 0, SLAB_START_CPU, 1, three);
	good = (struct slab_start_page){ .cache = cache, .pfn = FIRST_PFN + 8 };
	{
		const uint32_t large = slab_kmalloc_class(f.slab, 4096, 0);
		const struct slab_start_page rows[] = {
			{ .cache = SLAB_CACHE_NONE, .pfn = good.pfn },
			{ .cache = slab_nr_caches(f.slab), .pfn = good.pfn },
			{ .cache = cache, .pfn = good.pfn, .order = 1 },
			{ .cache = cache, .pfn = FIRST_PFN },
			{ .cache = cache, .pfn = SLAB_PFN_LIMIT },
			{ .cache = cache, .pfn = UINT64_MAX },
			{ .cache = large, .pfn = good.pfn + 4, .order = 3 },
			{ .cache = cache, .pfn = good.pfn, .free = two, .nr_free = 1 },
			{ .cache = cache, .pfn = good.pfn, .place = SLAB_START_NODE_PARTIAL },
			{ .cache = cache, .pfn = good.pfn, .place = SLAB_START_CPU_PARTIAL },
			{ .cache = cache, .pfn = good.pfn, .place = SLAB_START_CPU, .cpu = 1 },
			{ .cache = cache, .pfn = good.pfn, .place = SLAB_START_CPU, .cpu = 2 },
			{ .cache = cache, .pfn = good.pfn, .place = SLAB_START_NR },
			{ .cache = cache, .pfn = good.pfn, .place = SLAB_START_CPU,
			  .free = beyond, .nr_free = 2 },
			{ .cache = cache, .pfn = good.pfn, .place = SLAB_START_CPU,
			  .free = twice, .nr_free = 3 },
			{ .cache = cache, .pfn = good.pfn, .place = SLAB_START_CPU,
			  .free = twice, .nr_free = 17 },
		};

		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			ck_assert_msg(!slab_place(f.slab, &rows[i]), "row %zu", i);
			fixture_check(&f);
		}
	}
	fixture_own(&f, good.pfn, 0);
	ck_assert(slab_place(f.slab, &good));
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* Debug caches and kernels with sheaves have no cpu slabs; a smaller slab is placed as well. */
START_TEST(single_caches_have_node_lists_only)
{
	struct slab_fixture f;
	uint32_t cache;
	struct slab_start_page start = { .pfn = FIRST_PFN, .free = two, .nr_free = 1 };

	fixture_init(&f, 6, 1, 1);
	fixture_start(&f);
	cache = slab_cache_create(f.slab, &(struct slab_cache_args){
		.name = "debugged", .size = 1500, .flags = SLAB_RED_ZONE | SLAB_STORE_USER,
	});
	start.cache = cache;
	start.order = (uint8_t)slab_cache_geometry(f.slab, cache)->min_order;
	ck_assert_uint_lt(start.order, slab_cache_geometry(f.slab, cache)->order);
	ck_assert_uint_gt(slab_cache_geometry(f.slab, cache)->red_left_pad, 0);
	start.place = SLAB_START_CPU;
	ck_assert(!slab_place(f.slab, &start));
	start.place = SLAB_START_CPU_PARTIAL;
	ck_assert(!slab_place(f.slab, &start));
	start.place = SLAB_START_NODE_PARTIAL;
	fixture_own(&f, start.pfn, start.order);
	ck_assert(slab_place(f.slab, &start));
	fixture_check(&f);
	ck_assert_uint_eq(fixture_get(&f, cache, 0), addr_of(&f, cache, FIRST_PFN, 0));
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* kmalloc-4k of 7.2: 8 objects a slab, 4 a sheaf. */
START_TEST(sheaves_are_filled)
{
	struct slab_fixture f;
	uint64_t o[16];
	uint32_t cache;

	fixture_init(&f, 7, 2, 1);
	fixture_start(&f);
	cache = slab_kmalloc_class(f.slab, 4096, 0);
	for (unsigned int i = 0; i < 2; i++) {
		const uint64_t pfn = FIRST_PFN + i * 8;

		fixture_own(&f, pfn, 3);
		ck_assert(slab_place(f.slab, &(struct slab_start_page){
			.cache = cache, .pfn = pfn, .order = 3,
		}));
		for (unsigned int k = 0; k < 8; k++)
			o[i * 8 + k] = addr_of(&f, cache, pfn, k);
	}
	{
		const struct slab_start_sheaf good[] = {
			{ .cache = cache, .place = SLAB_START_MAIN, .nr = 3, .addrs = o + 1 },
			{ .cache = cache, .place = SLAB_START_SPARE, .nr = 4, .addrs = o + 4 },
			{ .cache = cache, .place = SLAB_START_BARN, .nr = 4, .addrs = o + 12 },
			{ .cache = cache, .place = SLAB_START_BARN, .nr = 4, .addrs = o + 8 },
		};
		const uint64_t twice[] = { o[0], o[0], o[0], o[0] }, foreign[] = { 0, 1, 2, 3 };
		const struct slab_start_sheaf bad[] = {
			{ .cache = cache, .place = SLAB_START_MAIN, .nr = 1, .addrs = o },
			{ .cache = cache, .place = SLAB_START_SPARE },
			{ .cache = cache, .place = SLAB_START_BARN, .nr = 3, .addrs = o },
			{ .cache = cache, .place = SLAB_START_BARN, .nr = 5, .addrs = o },
			{ .cache = cache, .place = SLAB_START_BARN, .nr = 4, .addrs = o + 1 },
			{ .cache = cache, .place = SLAB_START_BARN, .nr = 4, .addrs = twice },
			{ .cache = cache, .place = SLAB_START_BARN, .nr = 4, .addrs = foreign },
			{ .cache = cache, .place = SLAB_START_BARN, .cpu = 1 },
			{ .cache = cache, .place = 9 },
			{ .cache = SLAB_CACHE_NONE, .place = SLAB_START_MAIN },
		};

		ck_assert(!slab_place_sheaf(f.slab, &(struct slab_start_sheaf){
			.cache = cache, .place = SLAB_START_SPARE, .nr = 3, .addrs = o,
		}));
		for (size_t i = 0; i < ARRAY_SIZE(good); i++)
			ck_assert(slab_place_sheaf(f.slab, &good[i]));
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
			ck_assert_msg(!slab_place_sheaf(f.slab, &bad[i]), "row %zu", i);
	}
	fixture_check(&f);
	ck_assert_uint_eq(fixture_stats(&f, cache).sheaf_objs, 15);
	ck_assert_uint_eq(fixture_stats(&f, cache).live_objs, 1);
	for (unsigned int i = 1; i < 16; i++)
		ck_assert_uint_eq(fixture_get(&f, cache, 0), o[i]);
	ck_assert_uint_eq(f.calls.nr, 0);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* A random state: slabs anywhere, then any load. */
struct model {
	struct slab_fixture f;
	struct rng rng;
	struct vec(uint64_t) live;
	uint64_t pfn;
};

static void random_slab(struct model *m)
{
	static const uint32_t sizes[] = { 64, 96, 256, 1024, 4096 };
	const size_t size = sizes[rng_below(&m->rng, ARRAY_SIZE(sizes))];
	const uint32_t cache = slab_kmalloc_class(m->f.slab, size, 0);
	const struct slab_geometry *g = slab_cache_geometry(m->f.slab, cache);
	const bool small = !rng_below(&m->rng, 4);
	const unsigned int order = small ? g->min_order : g->order;
	const unsigned int objects = small ? g->min_objects : g->objects;
	uint16_t slots[512];
	struct slab_start_page start = {
		.cache = cache,
		.pfn = m->pfn,
		.order = (uint8_t)order,
		.place = (uint8_t)rng_below(&m->rng, SLAB_START_NR),
		.tail = rng_below(&m->rng, 2),
		.cpu = (uint32_t)rng_below(&m->rng, 3),
		.nr_free = (uint32_t)rng_below(&m->rng, objects + 1),
		.free = slots,
	};

	for (unsigned int i = 0; i < objects; i++)
		slots[i] = (uint16_t)i;
	for (unsigned int i = objects - 1; i > 0; i--) {
		const unsigned int j = (unsigned int)rng_below(&m->rng, i + 1);
		const uint16_t other = slots[j];

		slots[j] = slots[i];
		slots[i] = other;
	}
	if (start.place == SLAB_START_FULL)
		start.nr_free = 0;
	if (!slab_place(m->f.slab, &start))
		return;
	fixture_own(&m->f, m->pfn, order);
	m->pfn += 1ULL << KERNEL_MAX_ORDER;
	for (unsigned int i = start.nr_free; i < objects; i++)
		vec_push(&m->live, addr_of(&m->f, cache, start.pfn, slots[i]));
}

static void random_sheaf(struct model *m)
{
	uint64_t addrs[MAX_CAPACITY];
	const uint32_t cache = slab_kmalloc_class(m->f.slab, 256, 0);
	struct slab_start_sheaf start = {
		.cache = cache,
		.place = (uint8_t)rng_below(&m->rng, 3),
		.cpu = (uint32_t)rng_below(&m->rng, 2),
		.addrs = addrs,
	};
	size_t kept = 0;

	for (size_t i = 0; i < m->live.nr && start.nr < 28; i++)
		if (slab_cache_of(m->f.slab, m->live.items[i]) == cache)
			addrs[start.nr++] = m->live.items[i];
	if (!slab_place_sheaf(m->f.slab, &start))
		return;
	for (size_t i = 0; i < m->live.nr; i++) {
		bool gone = false;

		for (uint32_t k = 0; k < start.nr; k++)
			gone |= m->live.items[i] == addrs[k];
		if (!gone)
			m->live.items[kept++] = m->live.items[i];
	}
	m->live.nr = kept;
}

static void random_op(struct model *m)
{
	static const uint32_t sizes[] = { 64, 96, 256, 1024, 4096 };
	const unsigned int cpu = (unsigned int)rng_below(&m->rng, 2);

	if (m->live.nr && rng_below(&m->rng, 2)) {
		const size_t i = rng_below(&m->rng, m->live.nr);

		fixture_put(&m->f, cpu, m->live.items[i]);
		m->live.items[i] = m->live.items[--m->live.nr];
		return;
	}
	vec_push(&m->live, fixture_get(&m->f, slab_kmalloc_class(m->f.slab,
		 sizes[rng_below(&m->rng, ARRAY_SIZE(sizes))], 0), cpu));
}

static void random_run(struct kernel_version kernel, uint64_t seed)
{
	struct model m = { .pfn = 1ULL << KERNEL_MAX_ORDER };

	rng_init(&m.rng, seed);
	fixture_init(&m.f, kernel.major, kernel.minor, 2);
	fixture_start(&m.f);
	for (size_t i = 0; i < 60; i++)
		random_slab(&m);
	for (size_t i = 0; i < 6; i++)
		random_sheaf(&m);
	fixture_check(&m.f);
	for (size_t i = 0; i < 4000; i++) {
		random_op(&m);
		if (i % 50 == 0)
			fixture_check(&m.f);
	}
	while (m.live.nr)
		fixture_put(&m.f, 0, m.live.items[--m.live.nr]);
	for (uint32_t cache = 0; cache < slab_nr_caches(m.f.slab); cache++)
		slab_shrink(m.f.slab, cache, 0);
	fixture_check(&m.f);
	/* Nothing was lost: every page has come back. */
	ck_assert_uint_eq(m.f.pages_held, 0);
	vec_deinit(&m.live);
	fixture_deinit(&m.f);
}

START_TEST(any_state_can_be_worked_with)
{
	static const struct kernel_version kernels[] = { { 5, 4 }, { 6, 1 }, { 6, 12 }, { 6, 18 },
							 { 7, 2 } };

	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		for (uint64_t seed = 1; seed <= 4; seed++)
			random_run(kernels[i], seed);
	}
}
END_TEST

UNIT_MAIN("slab_start", each_place_has_its_turn, the_bottom_is_used_last,
	  what_was_in_use_is_freed, what_does_not_fit_is_refused,
	  single_caches_have_node_lists_only, sheaves_are_filled, any_state_can_be_worked_with)
