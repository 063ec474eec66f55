/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking at what comes next, and putting slabs and objects where a recording shows them. */
#include <config.h>

#include "kmreplay/core/rng.h"
#include "kmreplay/mm/slab_follow.h"

#include "slab_fixture.h"

enum { SIZE = 256 };

static uint32_t cache_of(struct slab_fixture *f)
{
	fixture_start(f);
	return slab_cache_by_geometry(f->slab, "test", SIZE, SIZE, 0);
}

static uint64_t peek(struct slab_fixture *f, uint32_t cache, unsigned int cpu,
		     enum slab_source source)
{
	struct slab_next next;

	slab_peek(f->slab, cache, cpu, -1, &next);
	ck_assert_str_eq(slab_source_name((enum slab_source)next.source), slab_source_name(source));
	return next.addr;
}

static uint64_t take(struct slab_fixture *f, uint32_t cache, unsigned int cpu)
{
	struct mm_outcome got = slab_alloc(f->slab, cache, cpu, -1, GFP_BITS_KERNEL, 0);

	ck_assert(mm_ok(got));
	return got.addr;
}

/* Under random load, what was foretold is what comes, whatever the rules. */
static void foretell(struct kernel_version kernel)
{
	struct vec(uint64_t) live = { 0 };
	struct slab_fixture f;
	struct slab_next next;
	struct rng rng;
	uint32_t cache;

	fixture_init(&f, kernel.major, kernel.minor, 2);
	cache = cache_of(&f);
	rng_init(&rng, 5);
	for (unsigned int i = 0; i < 20000; i++) {
		const unsigned int cpu = (unsigned int)rng_below(&rng, 2);
		const bool more = live.nr < 64 || (i / 2000) % 2 == 0;
		const size_t at = live.nr ? (size_t)rng_below(&rng, live.nr) : 0;

		if (rng_below(&rng, 10) < (more ? 7U : 3U) || !live.nr) {
			slab_peek(f.slab, cache, cpu, -1, &next);
			vec_push(&live, take(&f, cache, cpu));
			if (next.addr)
				ck_assert_uint_eq(next.addr, live.items[live.nr - 1]);
			else
				ck_assert_uint_eq(next.source, SLAB_FROM_NEW);
		} else {
			ck_assert(mm_ok(slab_free(f.slab, cpu, live.items[at])));
			live.items[at] = live.items[--live.nr];
		}
	}
	vec_deinit(&live);
	fixture_check(&f);
	fixture_deinit(&f);
}

START_TEST(what_is_foretold_comes_with_cpu_slabs)
{
	foretell((struct kernel_version){ 6, 1 });
	foretell((struct kernel_version){ 6, 12 });
}
END_TEST

START_TEST(what_is_foretold_comes_with_sheaves)
{
	foretell((struct kernel_version){ 7, 2 });
}
END_TEST

START_TEST(a_new_slab_waits_until_somebody_owns_it)
{
	struct slab_where where;
	struct slab_fixture f;
	struct mm_outcome got;
	uint32_t cache;

	fixture_init(&f, 6, 12, 2);
	cache = cache_of(&f);
	got = slab_follow_new(f.slab, cache, 0, -1, GFP_BITS_KERNEL);
	ck_assert(mm_ok(got));
	ck_assert(slab_locate(f.slab, got.addr, true, &where));
	ck_assert_uint_eq(where.place, SLAB_PLACE_LOOSE);
	ck_assert_uint_eq(where.nr_free, where.objects);
	fixture_check(&f);
	(void)peek(&f, cache, 1, SLAB_FROM_NEW);
	ck_assert(slab_follow_own(f.slab, 1, got.addr));
	ck_assert(slab_locate(f.slab, got.addr, true, &where));
	ck_assert_uint_eq(where.place, SLAB_PLACE_CPU);
	ck_assert_int_eq(where.cpu, 1);
	ck_assert_uint_eq(peek(&f, cache, 1, SLAB_FROM_CPU), take(&f, cache, 1));
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

START_TEST(a_slab_can_be_taken_from_another_cpu)
{
	struct slab_where where;
	struct slab_fixture f;
	uint64_t first, second;
	uint32_t cache;

	fixture_init(&f, 6, 12, 2);
	cache = cache_of(&f);
	first = take(&f, cache, 0);
	second = take(&f, cache, 1);
	ck_assert(slab_follow_own(f.slab, 1, first));
	ck_assert(slab_locate(f.slab, first, true, &where));
	ck_assert_int_eq(where.cpu, 1);
	/* The one that CPU 1 had is given up as the kernel does it, and CPU 0 has none. */
	ck_assert(slab_locate(f.slab, second, true, &where));
	ck_assert_uint_eq(where.place, SLAB_PLACE_NODE_PARTIAL);
	ck_assert_uint_eq(peek(&f, cache, 0, SLAB_FROM_NODE) / 4096, second / 4096);
	ck_assert(slab_follow_to_cpu(f.slab, 0, second));
	ck_assert_uint_eq(peek(&f, cache, 0, SLAB_FROM_CPU_PARTIAL) / 4096, second / 4096);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

START_TEST(objects_are_put_first_taken_and_exchanged)
{
	struct slab_fixture f;
	uint64_t a, b, next;
	uint32_t cache;

	fixture_init(&f, 6, 12, 1);
	cache = cache_of(&f);
	a = take(&f, cache, 0);
	b = take(&f, cache, 0);
	ck_assert(mm_ok(slab_free(f.slab, 0, a)));
	ck_assert(mm_ok(slab_free(f.slab, 0, b)));
	ck_assert_uint_eq(peek(&f, cache, 0, SLAB_FROM_CPU), b);
	ck_assert(slab_follow_first(f.slab, a));
	ck_assert_uint_eq(peek(&f, cache, 0, SLAB_FROM_CPU), a);
	ck_assert(slab_follow_take(f.slab, a));
	ck_assert(slab_is_live(f.slab, a));
	ck_assert(!slab_follow_take(f.slab, a));
	next = peek(&f, cache, 0, SLAB_FROM_CPU);
	ck_assert_uint_eq(next, b);
	ck_assert(slab_follow_swap(f.slab, a, b));
	ck_assert(slab_is_live(f.slab, b));
	ck_assert_uint_eq(take(&f, cache, 0), a);
	ck_assert(!slab_follow_first(f.slab, a + 8));
	ck_assert(!slab_follow_first(f.slab, 64));
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

START_TEST(a_refill_can_miss_the_last_remote_frees)
{
	uint64_t addrs[16];
	struct slab_fixture f;
	uint32_t cache;

	fixture_init(&f, 6, 12, 2);
	cache = cache_of(&f);
	for (unsigned int i = 0; i < ARRAY_SIZE(addrs); i++)
		addrs[i] = take(&f, cache, 0);
	for (unsigned int i = 0; i < 3; i++)
		ck_assert(mm_ok(slab_free(f.slab, 1, addrs[i])));
	ck_assert_uint_eq(peek(&f, cache, 0, SLAB_FROM_REMOTE), addrs[2]);
	ck_assert(slab_follow_refill(f.slab, 0, addrs[1]));
	fixture_check(&f);
	ck_assert_uint_eq(take(&f, cache, 0), addrs[1]);
	ck_assert_uint_eq(take(&f, cache, 0), addrs[0]);
	ck_assert_uint_eq(peek(&f, cache, 0, SLAB_FROM_REMOTE), addrs[2]);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

START_TEST(a_slab_goes_with_what_is_live_in_it)
{
	struct kernel_version kernels[] = { { 6, 12 }, { 7, 2 } };

	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		struct slab_fixture f;
		uint64_t a;
		uint32_t cache;

		fixture_init(&f, kernels[i].major, kernels[i].minor, 2);
		cache = cache_of(&f);
		a = take(&f, cache, 0);
		ck_assert_uint_eq(slab_follow_discard(f.slab, 0, a), 1);
		ck_assert_uint_eq(slab_cache_of(f.slab, a), SLAB_CACHE_NONE);
		ck_assert_uint_eq(slab_follow_discard(f.slab, 0, a), 0);
		fixture_check(&f);
		fixture_deinit(&f);
	}
}
END_TEST

START_TEST(objects_in_sheaves_are_put_on_top)
{
	uint64_t addrs[40];
	struct slab_fixture f;
	uint32_t cache;

	fixture_init(&f, 7, 2, 2);
	cache = cache_of(&f);
	for (unsigned int i = 0; i < ARRAY_SIZE(addrs); i++)
		addrs[i] = take(&f, cache, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(addrs); i++)
		ck_assert(mm_ok(slab_free(f.slab, i % 2, addrs[i])));
	/* Deep in its own sheaf, and in the other CPU's. */
	ck_assert(slab_follow_sheaf_first(f.slab, 0, addrs[2]));
	ck_assert_uint_eq(take(&f, cache, 0), addrs[2]);
	ck_assert(slab_follow_sheaf_first(f.slab, 0, addrs[5]));
	ck_assert_uint_eq(take(&f, cache, 0), addrs[5]);
	fixture_check(&f);
	ck_assert(!slab_follow_sheaf_first(f.slab, 0, addrs[5]));
	ck_assert(slab_follow_sheaf_push(f.slab, 0, addrs[5]));
	ck_assert_uint_eq(peek(&f, cache, 0, SLAB_FROM_CPU), addrs[5]);
	slab_follow_sheaf_last(f.slab, cache, 0);
	ck_assert_uint_ne(peek(&f, cache, 0, SLAB_FROM_CPU), addrs[5]);
	fixture_check(&f);
	/* A refill that buys a slab: all that we thought was there was not. */
	ck_assert_uint_eq(slab_follow_sheaf_refill(f.slab, cache, 0, GFP_BITS_KERNEL, 2),
			  slab_cache_geometry(f.slab, cache)->sheaf_capacity);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* Corrections in any order, each state sound. */
static void disturb(struct kernel_version kernel)
{
	struct vec(uint64_t) live = { 0 };
	struct slab_fixture f;
	struct rng rng;
	uint32_t cache;

	fixture_init(&f, kernel.major, kernel.minor, 3);
	cache = cache_of(&f);
	rng_init(&rng, 11);
	for (unsigned int i = 0; i < 5000; i++) {
		const unsigned int cpu = (unsigned int)rng_below(&rng, 3);
		const uint64_t any = live.nr ? live.items[rng_below(&rng, live.nr)] +
						       SIZE * rng_below(&rng, 4) : 4096;

		switch (rng_below(&rng, 10)) {
		case 0:
			(void)slab_follow_own(f.slab, cpu, any);
			break;
		case 1:
			(void)slab_follow_to_node(f.slab, any, rng_below(&rng, 2));
			(void)slab_follow_to_cpu(f.slab, cpu, any + SIZE);
			break;
		case 2:
			(void)slab_follow_first(f.slab, any);
			(void)slab_follow_sheaf_first(f.slab, cpu, any);
			break;
		case 3:
			(void)slab_follow_take(f.slab, any);
			break;
		case 4:
			(void)slab_follow_swap(f.slab, any, any + SIZE);
			(void)slab_follow_refill(f.slab, cpu, any);
			break;
		case 5:
			if (rng_below(&rng, 8) == 0)
				(void)slab_follow_discard(f.slab, cpu, any);
			slab_follow_sheaf_last(f.slab, cache, cpu);
			break;
		case 6:
		case 7:
			(void)slab_free(f.slab, cpu, any);
			break;
		default:
			vec_push(&live, take(&f, cache, cpu));
			break;
		}
		if (i % 16 == 0)
			fixture_check(&f);
	}
	vec_deinit(&live);
	fixture_check(&f);
	fixture_deinit(&f);
}

START_TEST(corrections_keep_the_allocator_sound)
{
	disturb((struct kernel_version){ 6, 1 });
	disturb((struct kernel_version){ 6, 12 });
	disturb((struct kernel_version){ 7, 2 });
}
END_TEST

UNIT_MAIN("slab_follow", what_is_foretold_comes_with_cpu_slabs,
	  what_is_foretold_comes_with_sheaves, a_new_slab_waits_until_somebody_owns_it,
	  a_slab_can_be_taken_from_another_cpu, objects_are_put_first_taken_and_exchanged,
	  a_refill_can_miss_the_last_remote_frees, a_slab_goes_with_what_is_live_in_it,
	  objects_in_sheaves_are_put_on_top, corrections_keep_the_allocator_sound)
