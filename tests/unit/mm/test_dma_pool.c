/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pools of coherent blocks: how pages are cut, which block is next, what stays; random calls. */
#include <config.h>

#include "kmreplay/mm/dma_pool.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/rng.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/machine_config.h"

#include "unit/unit.h"

struct ground {
	struct dma_pool_rules rules;
	uint64_t next, live, own_live; /* bytes and objects */
	bool empty;
	uint32_t last_gfp;
	uint64_t last_own;
	struct dma_pool *pool;
};

static struct mm_outcome ground_alloc(void *ctx, unsigned int cpu UNUSED, uint64_t size,
				      uint32_t gfp)
{
	struct ground *g = ctx;
	const uint64_t addr = g->next;

	g->last_gfp = gfp;
	if (g->empty)
		return (struct mm_outcome){ .failure = MM_FAIL_NO_MEMORY };
	g->next += (size + KERNEL_PAGE_SIZE - 1) & ~(uint64_t)(KERNEL_PAGE_SIZE - 1);
	g->live += size;
	return (struct mm_outcome){ .addr = addr, .path = MM_PATH_BUDDY };
}

static struct mm_outcome ground_free(void *ctx, unsigned int cpu UNUSED, uint64_t addr UNUSED,
				     uint64_t size)
{
	((struct ground *)ctx)->live -= size;
	return (struct mm_outcome){ 0 };
}

static struct mm_outcome ground_own(void *ctx, unsigned int cpu UNUSED, uint64_t size,
				    uint32_t gfp UNUSED)
{
	struct ground *g = ctx;

	g->last_own = size;
	g->own_live++;
	return (struct mm_outcome){ .addr = 0x100 };
}

static struct mm_outcome ground_own_free(void *ctx, unsigned int cpu UNUSED, uint64_t addr UNUSED)
{
	((struct ground *)ctx)->own_live--;
	return (struct mm_outcome){ 0 };
}

static struct mm_outcome create(struct ground *g, unsigned int minor, uint64_t size, uint64_t align,
				uint64_t boundary)
{
	static const struct dma_pool_ops ops = { ground_alloc, ground_free, ground_own,
						 ground_own_free };
	const struct kernel_version version = { 6, minor };
	const struct dma_pool_args args = { size, align, boundary };
	struct machine_config config;
	struct mm_outcome out;

	machine_config_init(&config, version, ARCH_X86_64);
	*g = (struct ground){ .next = 0x10000 };
	dma_pool_rules_init(&g->rules, &config);
	machine_config_deinit(&config);
	g->pool = dma_pool_create(&g->rules, &args, &ops, g, 0, &out);
	ck_assert_int_eq(g->pool != NULL, mm_ok(out));
	return out;
}

static uint64_t take(struct ground *g)
{
	const struct mm_outcome out = dma_pool_alloc(g->pool, 0, GFP_BITS_KERNEL);
	struct error err;

	ck_assert(mm_ok(out));
	ck_assert_msg(dma_pool_check(g->pool, &err), "%s", err.message);
	return out.addr - 0x10000;
}

static void put(struct ground *g, uint64_t at)
{
	ck_assert(mm_ok(dma_pool_free(g->pool, at + 0x10000)));
}

static void end(struct ground *g)
{
	dma_pool_forget(g->pool);
}

START_TEST(pages_are_cut)
{
	static const struct {
		unsigned int minor;
		uint64_t size, align, boundary;
		uint64_t nr, rounded, offsets[6];
	} cases[] = {
		{ 12, 1000, 1, 0, 4, 1000, { 0, 1000, 2000, 3000 } },
		{ 12, 1000, 64, 0, 4, 1024, { 0, 1024, 2048, 3072 } },
		{ 12, 600, 1, 1024, 4, 600, { 0, 1024, 2048, 3072 } },
		{ 12, 3, 0, 0, 256, 16, { 0, 16, 32 } },
		{ 12, 10000, 0, 0, 1, 10000, { 0 } },
		{ 12, 1024, 0, 8192, 4, 1024, { 0, 1024, 2048, 3072 } },
		/* Until 6.3 the last block that fits is left out. */
		{ 1, 1024, 0, 0, 3, 1024, { 0, 1024, 2048 } },
		{ 1, 2048, 0, 0, 1, 2048, { 0 } },
		{ 1, 4096, 0, 0, 1, 4096, { 0 } },
		{ 1, 1000, 0, 0, 4, 1000, { 0, 1000, 2000, 3000 } },
		{ 1, 300, 0, 1024, 12, 300, { 0, 300, 600, 1024, 1324, 1624 } },
		{ 1, 3, 0, 0, 1023, 4, { 0, 4, 8 } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct dma_pool_stats stats;
		struct ground g;

		ck_assert(mm_ok(create(&g, cases[i].minor, cases[i].size, cases[i].align,
				       cases[i].boundary)));
		for (size_t k = 0; k < 6 && (!k || cases[i].offsets[k]); k++)
			ck_assert_uint_eq(take(&g), cases[i].offsets[k]);
		dma_pool_get_stats(g.pool, &stats);
		ck_assert_uint_eq(stats.nr_blocks, cases[i].nr);
		ck_assert_uint_eq(stats.nr_pages, 1);
		ck_assert_uint_eq(stats.size, cases[i].rounded);
		end(&g);
	}
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
	struct ground g;

	ck_assert_uint_eq(create(&g, 12, 0, 0, 0).failure, MM_FAIL_INVALID);
	ck_assert_uint_eq(create(&g, 12, 64, 48, 0).failure, MM_FAIL_INVALID);
	ck_assert_uint_eq(create(&g, 12, 64, 0, 32).failure, MM_FAIL_INVALID);
	ck_assert_uint_eq(create(&g, 12, 64, 0, 96).failure, MM_FAIL_INVALID);
	ck_assert_uint_eq(create(&g, 12, UINT64_MAX, 0, 0).failure, MM_FAIL_INVALID);
}
END_TEST

START_TEST(the_last_freed_is_the_next)
{
	struct ground g;

	ck_assert(mm_ok(create(&g, 12, 2048, 0, 0)));
	ck_assert_uint_eq(g.last_own, 128);
	for (uint64_t i = 0; i < 4; i++)
		ck_assert_uint_eq(take(&g), 2048 * i);
	ck_assert_uint_eq(g.last_own, 32);
	put(&g, 4096);
	put(&g, 0);
	ck_assert_uint_eq(take(&g), 0);
	ck_assert_uint_eq(take(&g), 4096);
	ck_assert_uint_eq(dma_pool_free(g.pool, 5).failure, MM_FAIL_INVALID);
	put(&g, 0);
	ck_assert_uint_eq(dma_pool_free(g.pool, 0x10000).failure, MM_FAIL_INVALID);
	end(&g);
	/* Until 6.3 the newest page that has one. */
	ck_assert(mm_ok(create(&g, 1, 1024, 0, 0)));
	for (unsigned int i = 0; i < 6; i++)
		(void)take(&g);
	put(&g, 4096);
	put(&g, 0);
	put(&g, 5120);
	ck_assert_uint_eq(take(&g), 5120);
	ck_assert_uint_eq(take(&g), 4096);
	ck_assert_uint_eq(take(&g), 0);
	end(&g);
}
END_TEST

START_TEST(without_memory)
{
	struct mm_outcome out;
	struct ground g;

	ck_assert(mm_ok(create(&g, 12, 4096, 0, 0)));
	g.empty = true;
	out = dma_pool_alloc(g.pool, 0, GFP_BITS_KERNEL | GFP_BIT_ZERO);
	ck_assert_uint_eq(out.failure, MM_FAIL_NO_MEMORY);
	ck_assert_uint_eq(out.addr, 0);
	ck_assert_uint_eq(g.last_gfp, GFP_BITS_KERNEL);
	ck_assert_uint_eq(g.own_live, 1);
	end(&g);
}
END_TEST

/* Pages go with the pool only, those with blocks in use not at all; since 6.4 then none does. */
START_TEST(destroying)
{
	static const struct {
		unsigned int minor;
		uint64_t left;
	} cases[] = { { 1, 4096 }, { 12, 8192 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ground g;

		ck_assert(mm_ok(create(&g, cases[i].minor, 4096, 0, 0)));
		(void)take(&g);
		(void)take(&g);
		put(&g, 0);
		ck_assert_uint_eq(g.live, 8192);
		(void)dma_pool_destroy(g.pool, 0);
		ck_assert_uint_eq(g.live, cases[i].left);
		ck_assert_uint_eq(g.own_live, 0);
	}
	(void)dma_pool_destroy(NULL, 0);
}
END_TEST

START_TEST(no_block_twice)
{
	struct vec(uint64_t) used = { 0 };
	struct dma_pool_stats stats;
	struct ground g;
	struct rng rng;

	rng_init(&rng, (uint64_t)_i + 1);
	ck_assert(mm_ok(create(&g, _i % 2 ? 1 : 12, 1 + rng_below(&rng, 3000),
			       1U << rng_below(&rng, 8), 0)));
	dma_pool_get_stats(g.pool, &stats);
	for (unsigned int op = 0; op < 4000; op++) {
		if (used.nr && rng_below(&rng, 100) < (op / 500 % 2 ? 70 : 40)) {
			const size_t i = (size_t)rng_below(&rng, used.nr);

			put(&g, used.items[i]);
			used.items[i] = used.items[--used.nr];
		} else {
			const uint64_t at = take(&g);

			vec_foreach(&used, other)
				ck_assert(*other + stats.size <= at || at + stats.size <= *other);
			vec_push(&used, at);
		}
	}
	while (used.nr)
		put(&g, used.items[--used.nr]);
	dma_pool_get_stats(g.pool, &stats);
	ck_assert_uint_eq(stats.nr_used, 0);
	ck_assert_uint_eq(stats.bytes, g.live);
	(void)dma_pool_destroy(g.pool, 0);
	ck_assert_uint_eq(g.live, 0);
	vec_deinit(&used);
}
END_TEST

int main(void)
{
	const TTest *const cases[] = {
		pages_are_cut,  what_makes_no_sense_is_refused, the_last_freed_is_the_next,
		without_memory, destroying,
	};
	Suite *suite = suite_create("dma_pool");
	TCase *tcase = tcase_create("dma_pool");
	SRunner *runner;
	int failed;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		tcase_add_test(tcase, cases[i]);
	tcase_add_loop_test(tcase, no_block_twice, 0, 6);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
