/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory pools on a ground that has as many elements as a test lets it have: order, masks, waiting
 * and its end, sizes; and a naive stack beside a pool under random calls.
 */
#include <config.h>

#include "kmreplay/mm/mempool.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/rng.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/machine_config.h"

#include "unit/unit.h"

#include <string.h>

#define ADDED ((uint32_t)(GFP_BIT_NOMEMALLOC | GFP_BIT_NORETRY | GFP_BIT_NOWARN))
#define HELD_BACK ((uint32_t)(GFP_BIT_DIRECT_RECLAIM | GFP_BIT_IO))

#define ATOMIC ((uint32_t)(GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM))

static const uint32_t kernel = GFP_BITS_KERNEL, atomic = ATOMIC;

struct ground {
	struct mempool *pool;
	struct mempool_rules rules;
	uint64_t limit, live;     /* elements that may be, that are allocated */
	uint64_t next;            /* number of the next new one */
	struct vec(uint32_t) asked; /* masks of the last call */
	struct vec(uint64_t) freed;
	struct vec(uint64_t) own; /* sizes of the pool's own memory */
	uint64_t own_live;
	bool own_fails;
	/* What a wait does: */
	struct vec(uint64_t) coming; /* elements that others will free, one a wait, last first */
	uint64_t more;               /* by how much the limit rises */
	uint64_t takes_ns;
	unsigned int nr_waits;
};

static struct mm_outcome ground_alloc(void *ctx, unsigned int cpu UNUSED, uint32_t gfp,
				      unsigned int context UNUSED)
{
	struct ground *g = ctx;

	vec_push(&g->asked, gfp);
	if (g->live >= g->limit)
		return (struct mm_outcome){ .failure = MM_FAIL_NO_MEMORY, .cost_ns = 7,
					    .path = MM_PATH_SLOWPATH };
	g->live++;
	return (struct mm_outcome){ .addr = g->next++, .cost_ns = 3, .path = MM_PATH_SLAB_FAST };
}

static struct mm_outcome ground_free(void *ctx, unsigned int cpu UNUSED, uint64_t element)
{
	struct ground *g = ctx;

	ck_assert_uint_gt(g->live, 0);
	g->live--;
	vec_push(&g->freed, element);
	return (struct mm_outcome){ .cost_ns = 2, .path = MM_PATH_SLAB_FREE_FAST };
}

static struct mm_outcome ground_own(void *ctx, unsigned int cpu UNUSED, uint64_t size, uint32_t gfp)
{
	struct ground *g = ctx;

	ck_assert_uint_eq(gfp, kernel);
	vec_push(&g->own, size);
	if (g->own_fails)
		return (struct mm_outcome){ .failure = MM_FAIL_ORDER };
	g->own_live++;
	return (struct mm_outcome){ .addr = 0x1000 * g->own.nr };
}

static struct mm_outcome ground_own_free(void *ctx, unsigned int cpu UNUSED, uint64_t addr)
{
	struct ground *g = ctx;

	ck_assert_uint_ne(addr, 0);
	g->own_live--;
	return (struct mm_outcome){ 0 };
}

static bool ground_wait(void *ctx, uint64_t ns, uint64_t *passed)
{
	struct ground *g = ctx;

	ck_assert_uint_gt(ns, 0);
	ck_assert_uint_le(ns, MEMPOOL_WAIT_NS);
	g->nr_waits++;
	*passed = MIN(g->takes_ns, ns);
	if (!g->coming.nr && !g->more)
		return false;
	g->limit += g->more;
	g->more = 0;
	if (g->coming.nr)
		ck_assert(mm_ok(mempool_free(g->pool, 0,
					     g->coming.items[--g->coming.nr])));
	return g->coming.nr;
}

static const struct mempool_ops ops = {
	ground_alloc, ground_free, ground_own, ground_own_free, ground_wait,
};

/* A pool of "min_nr" elements, with room for "limit". */
static void begin(struct ground *g, unsigned int major, unsigned int minor, unsigned int min_nr,
		  uint64_t limit)
{
	const struct kernel_version version = { major, minor };
	struct machine_config config;
	struct mm_outcome out;

	machine_config_init(&config, version, ARCH_X86_64);
	*g = (struct ground){ .limit = limit, .next = 1, .takes_ns = 1000 };
	mempool_rules_init(&g->rules, &config);
	machine_config_deinit(&config);
	g->pool = mempool_create(&g->rules, min_nr, &ops, g, 0, &out);
	ck_assert_int_eq(g->pool != NULL, mm_ok(out));
	g->asked.nr = 0;
}

static void end(struct ground *g)
{
	mempool_forget(g->pool);
	vec_deinit(&g->asked);
	vec_deinit(&g->freed);
	vec_deinit(&g->own);
	vec_deinit(&g->coming);
}

static struct mempool_stats stats_of(const struct ground *g)
{
	struct mempool_stats stats;
	struct error err;

	ck_assert_msg(mempool_check(g->pool, &err), "%s", err.message);
	mempool_get_stats(g->pool, &stats);
	return stats;
}

static uint64_t take(struct ground *g, uint32_t gfp)
{
	const struct mm_outcome out = mempool_alloc(g->pool, 0, gfp, 0);

	ck_assert(mm_ok(out));
	ck_assert_uint_ne(out.addr, 0);
	return out.addr;
}

START_TEST(the_allocator_is_asked_first)
{
	struct ground g;

	begin(&g, 6, 12, 4, 100);
	ck_assert_uint_eq(g.live, 4);
	ck_assert_uint_eq(take(&g, kernel), 5);
	ck_assert_uint_eq(g.asked.nr, 1);
	ck_assert_uint_eq(g.asked.items[0], (kernel | ADDED) & ~HELD_BACK);
	ck_assert_uint_eq(stats_of(&g).curr_nr, 4);
	/* A full reserve takes nothing back. */
	ck_assert(mm_ok(mempool_free(g.pool, 0, 5)));
	ck_assert_uint_eq(g.freed.nr, 1);
	end(&g);
}
END_TEST

START_TEST(the_reserve_is_a_stack)
{
	struct mm_outcome out;
	struct ground g;

	begin(&g, 6, 1, 4, 4);
	for (uint64_t i = 4; i > 0; i--) {
		out = mempool_alloc(g.pool, 0, atomic, 0);
		ck_assert_uint_eq(out.addr, i);
		ck_assert_uint_eq(out.path, MM_PATH_POOL_RESERVE);
		ck_assert_uint_eq(out.cost_ns, 7 + g.rules.cost_ns);
	}
	/* Twice asked: GFP_ATOMIC is what is left of itself without reclaim and I/O. */
	g.asked.nr = 0;
	out = mempool_alloc(g.pool, 0, atomic, 0);
	ck_assert_uint_eq(out.failure, MM_FAIL_NO_MEMORY);
	ck_assert_uint_eq(out.addr, 0);
	ck_assert_uint_eq(g.asked.nr, 1);
	ck_assert_uint_eq(g.nr_waits, 0);
	for (uint64_t i = 2; i <= 3; i++)
		ck_assert_uint_eq(mempool_free(g.pool, 0, i).path, MM_PATH_POOL_KEEP);
	ck_assert_uint_eq(g.freed.nr, 0);
	ck_assert_uint_eq(take(&g, atomic), 3);
	ck_assert_uint_eq(mempool_alloc_preallocated(g.pool).addr, 2);
	ck_assert_uint_eq(mempool_alloc_preallocated(g.pool).failure, MM_FAIL_NO_MEMORY);
	ck_assert_uint_eq(stats_of(&g).least_nr, 0);
	ck_assert_uint_eq(stats_of(&g).nr_used, 4);
	end(&g);
}
END_TEST

START_TEST(an_empty_pool_asks_with_the_whole_mask)
{
	struct ground g;

	begin(&g, 6, 12, 1, 1);
	take(&g, kernel);
	g.asked.nr = 0;
	g.more = 1;
	ck_assert_uint_eq(take(&g, kernel), 2);
	ck_assert_uint_eq(g.asked.nr, 3);
	ck_assert_uint_eq(g.asked.items[0], (kernel | ADDED) & ~HELD_BACK);
	ck_assert_uint_eq(g.asked.items[1], kernel | ADDED);
	/* After the sleep, at once so. */
	ck_assert_uint_eq(g.asked.items[2], kernel | ADDED);
	end(&g);
}
END_TEST

START_TEST(a_free_ends_the_sleep)
{
	struct mm_outcome out;
	struct ground g;

	begin(&g, 6, 12, 2, 2);
	take(&g, kernel);
	take(&g, kernel);
	vec_push(&g.coming, 1);
	g.takes_ns = 3000000;
	out = mempool_alloc(g.pool, 0, kernel, 0);
	ck_assert_uint_eq(out.addr, 1);
	ck_assert_uint_eq(out.path, MM_PATH_POOL_WAIT);
	ck_assert_uint_eq(g.nr_waits, 1);
	ck_assert_uint_eq(stats_of(&g).waited_ns, 3000000);
	ck_assert_uint_eq(stats_of(&g).nr_waits, 1);
	ck_assert_uint_eq(stats_of(&g).nr_waiting, 0);
	end(&g);
}
END_TEST

/* Much happens, but nothing that helps: after 5 s the allocator is asked again. */
START_TEST(five_seconds_are_enough)
{
	struct ground g;

	begin(&g, 6, 12, 1, 1);
	take(&g, kernel);
	g.asked.nr = 0;
	g.takes_ns = UINT64_MAX;
	g.more = 1;
	take(&g, kernel);
	ck_assert_uint_eq(stats_of(&g).waited_ns, MEMPOOL_WAIT_NS);
	ck_assert_uint_eq(g.asked.nr, 3);
	end(&g);
}
END_TEST

START_TEST(nobody_left_means_for_ever)
{
	struct mm_outcome out;
	struct ground g;

	begin(&g, 6, 12, 1, 1);
	take(&g, kernel);
	g.asked.nr = 0;
	out = mempool_alloc(g.pool, 0, kernel, 0);
	ck_assert_uint_eq(out.failure, MM_FAIL_FOREVER);
	ck_assert_uint_eq(out.addr, 0);
	ck_assert_uint_eq(g.asked.nr, 3);
	ck_assert_uint_eq(stats_of(&g).nr_used, 1);
	end(&g);
}
END_TEST

START_TEST(what_is_not_in_use_is_not_freed)
{
	struct ground g;

	begin(&g, 6, 12, 2, 8);
	ck_assert_uint_eq(mempool_free(g.pool, 0, 1).failure, MM_FAIL_INVALID);
	ck_assert_uint_eq(mempool_free(g.pool, 0, 77).failure, MM_FAIL_INVALID);
	ck_assert(mm_ok(mempool_free(g.pool, 0, 0)));
	take(&g, kernel);
	ck_assert(mempool_is_used(g.pool, 3));
	ck_assert(mm_ok(mempool_free(g.pool, 0, 3)));
	ck_assert(!mempool_is_used(g.pool, 3));
	ck_assert_uint_eq(mempool_free(g.pool, 0, 3).failure, MM_FAIL_INVALID);
	ck_assert_uint_eq(g.freed.nr, 1);
	end(&g);
}
END_TEST

START_TEST(pools_are_made_whole_or_not_at_all)
{
	struct ground g;

	begin(&g, 6, 12, 4, 3);
	ck_assert_ptr_null(g.pool);
	ck_assert_uint_eq(g.live, 0);
	ck_assert_uint_eq(g.own_live, 0);
	/* mempool_t, then the array; the elements go last in, first out. */
	ck_assert_uint_eq(g.own.nr, 2);
	ck_assert_uint_eq(g.own.items[0], 72);
	ck_assert_uint_eq(g.own.items[1], 4 * 8);
	ck_assert_uint_eq(g.freed.items[0], 3);
	ck_assert_uint_eq(g.freed.items[2], 1);
	end(&g);
}
END_TEST

START_TEST(destroying_gives_the_reserve_back)
{
	struct ground g;

	begin(&g, 6, 12, 3, 8);
	take(&g, kernel);
	(void)mempool_destroy(g.pool, 0);
	g.pool = NULL;
	ck_assert_uint_eq(g.live, 1);
	ck_assert_uint_eq(g.own_live, 0);
	ck_assert_uint_eq(g.freed.items[0], 3);
	(void)mempool_destroy(NULL, 0);
	end(&g);
}
END_TEST

START_TEST(resizing)
{
	struct ground g;

	begin(&g, 6, 12, 4, 6);
	ck_assert(mm_ok(mempool_resize(g.pool, 0, 2)));
	ck_assert_uint_eq(stats_of(&g).curr_nr, 2);
	ck_assert_uint_eq(g.freed.items[0], 4);
	ck_assert_uint_eq(g.own.nr, 2);
	/* As far as there is memory; frees do the rest. */
	ck_assert(mm_ok(mempool_resize(g.pool, 0, 8)));
	ck_assert_uint_eq(g.own.items[2], 8 * 8);
	ck_assert_uint_eq(g.own_live, 2);
	ck_assert_uint_eq(stats_of(&g).min_nr, 8);
	ck_assert_uint_eq(stats_of(&g).curr_nr, 6);
	g.limit = 7;
	ck_assert(mm_ok(mempool_free(g.pool, 0, take(&g, kernel))));
	ck_assert_uint_eq(stats_of(&g).curr_nr, 7);
	ck_assert_uint_eq(mempool_resize(g.pool, 0, 0).failure, MM_FAIL_INVALID);
	g.own_fails = true;
	ck_assert_uint_eq(mempool_resize(g.pool, 0, 9).failure, MM_FAIL_ORDER);
	ck_assert_uint_eq(stats_of(&g).min_nr, 8);
	end(&g);
}
END_TEST

START_TEST(pools_of_nothing)
{
	struct ground g;

	begin(&g, 6, 12, 0, 8);
	ck_assert_uint_eq(stats_of(&g).curr_nr, 0);
	end(&g);
	/* Since 6.17 one element is kept, or whoever waits would not be woken. */
	begin(&g, 7, 2, 0, 1);
	ck_assert_uint_eq(stats_of(&g).curr_nr, 1);
	ck_assert_uint_eq(g.own.items[1], 8);
	ck_assert_uint_eq(take(&g, atomic), 1);
	ck_assert(mm_ok(mempool_free(g.pool, 0, 1)));
	ck_assert_uint_eq(stats_of(&g).curr_nr, 1);
	ck_assert_uint_eq(g.freed.nr, 0);
	end(&g);
}
END_TEST

START_TEST(many_at_once)
{
	uint64_t elements[4] = { 0, 99, 0, 0 };
	struct ground g;

	begin(&g, 7, 2, 3, 4);
	/* One is left to the allocator; the other two come from the reserve, the last one first. */
	ck_assert(mm_ok(mempool_alloc_bulk(g.pool, 0, 4, elements)));
	ck_assert_uint_eq(elements[0], 4);
	ck_assert_uint_eq(elements[1], 99);
	ck_assert_uint_eq(elements[2], 3);
	ck_assert_uint_eq(elements[3], 2);
	ck_assert_uint_eq(stats_of(&g).nr_used, 3);
	/* Two in want, one in reserve: it stays there. */
	memset(elements, 0, sizeof(elements));
	vec_push(&g.coming, 3);
	ck_assert(mm_ok(mempool_alloc_bulk(g.pool, 0, 2, elements)));
	ck_assert_uint_eq(elements[0], 3);
	ck_assert_uint_eq(elements[1], 1);
	ck_assert_uint_eq(g.nr_waits, 1);
	memset(elements, 0, sizeof(elements));
	ck_assert_uint_eq(mempool_alloc_bulk(g.pool, 0, 1, elements).failure, MM_FAIL_FOREVER);
	/* Back: three fit into the reserve, the fourth is its owner's. */
	memcpy(elements, (uint64_t[]){ 4, 2, 1, 3 }, sizeof(elements));
	ck_assert_uint_eq(mempool_free_bulk(g.pool, 4, elements), 3);
	ck_assert(mempool_is_used(g.pool, 3));
	ck_assert_uint_eq(mempool_reserve_at(g.pool, 2), 1);
	end(&g);
}
END_TEST

/* --- a naive pool beside it --- */

enum { NR_OPS = 20000, MAX_MIN = 12 };

struct naive {
	struct ground g;
	struct rng rng;
	unsigned int min_nr;
	struct vec(uint64_t) reserve, used;
	unsigned int nr_forever, nr_waited;
};

static void naive_free(struct naive *n, size_t i)
{
	if (n->reserve.nr < n->min_nr)
		vec_push(&n->reserve, n->used.items[i]);
	n->used.items[i] = n->used.items[--n->used.nr];
}

/* Others free what they hold, sometimes; while they hold anything they will in the end. */
static bool naive_wait(void *ctx, uint64_t ns, uint64_t *passed)
{
	struct naive *n = ctx;
	size_t i;

	n->g.nr_waits++;
	*passed = 1 + rng_below(&n->rng, ns);
	if (!n->used.nr)
		return false;
	if (rng_below(&n->rng, 3) == 0) {
		i = (size_t)rng_below(&n->rng, n->used.nr);
		ck_assert(mm_ok(mempool_free(n->g.pool, 0, n->used.items[i])));
		naive_free(n, i);
	}
	return n->used.nr;
}

static void naive_alloc(struct naive *n, uint32_t gfp)
{
	const uint64_t next = n->g.next;
	const unsigned int waits = n->g.nr_waits;
	struct mm_outcome out;

	n->g.asked.nr = 0;
	out = mempool_alloc(n->g.pool, 0, gfp, 0);
	ck_assert_uint_eq(n->g.asked.items[0], (gfp | ADDED) & ~HELD_BACK);
	for (size_t i = 1; i < n->g.asked.nr; i++)
		ck_assert_uint_eq(n->g.asked.items[i], gfp | ADDED);
	n->nr_waited += n->g.nr_waits > waits;
	if (mm_ok(out) && out.addr != next) {
		ck_assert_uint_gt(n->reserve.nr, 0);
		ck_assert_uint_eq(out.addr, n->reserve.items[--n->reserve.nr]);
	}
	if (mm_ok(out)) {
		vec_push(&n->used, out.addr);
		return;
	}
	/* Nobody who may wait goes without, unless nobody holds anything. */
	ck_assert_uint_eq(n->reserve.nr, 0);
	ck_assert_uint_eq(n->g.next, next);
	if (gfp & GFP_BIT_DIRECT_RECLAIM) {
		ck_assert_uint_eq(out.failure, MM_FAIL_FOREVER);
		ck_assert_uint_eq(n->used.nr, 0);
		n->nr_forever++;
	}
}

static void naive_resize(struct naive *n)
{
	const unsigned int min_nr = 1 + (unsigned int)rng_below(&n->rng, MAX_MIN);
	const uint64_t next = n->g.next;

	ck_assert(mm_ok(mempool_resize(n->g.pool, 0, min_nr)));
	if (min_nr < n->reserve.nr)
		n->reserve.nr = min_nr;
	for (uint64_t element = next; element < n->g.next; element++)
		vec_push(&n->reserve, element);
	n->min_nr = min_nr;
}

static void naive_check(struct naive *n)
{
	const struct mempool_stats stats = stats_of(&n->g);

	ck_assert_uint_eq(stats.curr_nr, n->reserve.nr);
	ck_assert_uint_eq(stats.min_nr, n->min_nr);
	ck_assert_uint_le(stats.curr_nr, stats.min_nr);
	ck_assert_uint_eq(stats.nr_used, n->used.nr);
	for (unsigned int i = 0; i < stats.curr_nr; i++)
		ck_assert_uint_eq(mempool_reserve_at(n->g.pool, i), n->reserve.items[i]);
	/* Conservation: nothing is lost between ground, reserve and users. */
	ck_assert_uint_eq(n->g.live, n->reserve.nr + n->used.nr);
}

static void naive_step(struct naive *n)
{
	static const uint32_t masks[] = { GFP_BITS_KERNEL, ATOMIC,
					  GFP_BITS_KERNEL & ~(uint32_t)GFP_BIT_IO, 0 };
	struct mm_outcome out;
	size_t i;

	switch (rng_below(&n->rng, 16)) {
	case 0:
		/* Total exhaustion, and times of plenty. */
		n->g.limit = rng_below(&n->rng, 2) ? 0 : rng_below(&n->rng, 60);
		break;
	case 1:
		naive_resize(n);
		break;
	case 2:
		out = mempool_alloc_preallocated(n->g.pool);
		ck_assert_int_eq(mm_ok(out), n->reserve.nr > 0);
		if (mm_ok(out)) {
			ck_assert_uint_eq(out.addr, n->reserve.items[--n->reserve.nr]);
			vec_push(&n->used, out.addr);
		}
		break;
	case 3: case 4: case 5: case 6: case 7:
		if (!n->used.nr)
			break;
		i = (size_t)rng_below(&n->rng, n->used.nr);
		ck_assert(mm_ok(mempool_free(n->g.pool, 0, n->used.items[i])));
		naive_free(n, i);
		break;
	default:
		naive_alloc(n, masks[rng_below(&n->rng, ARRAY_SIZE(masks))]);
		break;
	}
}

START_TEST(whoever_may_wait_gets_one)
{
	static const struct mempool_ops naive_ops = { .alloc = ground_alloc, .free = ground_free,
						      .wait = naive_wait };
	static const unsigned int minors[] = { 1, 12 };
	struct naive n = { .min_nr = 4 };
	struct machine_config config;
	struct mm_outcome out;

	machine_config_init(&config, (struct kernel_version){ 6, minors[_i % 2] }, ARCH_X86_64);
	n.g.next = 1;
	n.g.limit = 20;
	mempool_rules_init(&n.g.rules, &config);
	machine_config_deinit(&config);
	rng_init(&n.rng, (uint64_t)_i + 1);
	n.g.pool = mempool_create(&n.g.rules, 4, &naive_ops, &n, 0, &out);
	for (uint64_t i = 1; i <= 4; i++)
		vec_push(&n.reserve, i);
	for (unsigned int op = 0; op < NR_OPS; op++) {
		naive_step(&n);
		naive_check(&n);
	}
	/* It came to that. */
	ck_assert_uint_gt(n.nr_waited, 100);
	ck_assert_uint_gt(stats_of(&n.g).nr_reserve, 100);
	ck_assert_uint_gt(stats_of(&n.g).nr_kept, 100);
	(void)mempool_destroy(n.g.pool, 0);
	ck_assert_uint_eq(n.g.live, n.used.nr);
	n.g.pool = NULL;
	end(&n.g);
	vec_deinit(&n.reserve);
	vec_deinit(&n.used);
}
END_TEST

int main(void)
{
	const TTest *const cases[] = {
		the_allocator_is_asked_first,
		the_reserve_is_a_stack,
		an_empty_pool_asks_with_the_whole_mask,
		a_free_ends_the_sleep,
		five_seconds_are_enough,
		nobody_left_means_for_ever,
		what_is_not_in_use_is_not_freed,
		pools_are_made_whole_or_not_at_all,
		destroying_gives_the_reserve_back,
		resizing,
		pools_of_nothing,
		many_at_once,
	};
	Suite *suite = suite_create("mempool");
	TCase *tcase = tcase_create("mempool");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		tcase_add_test(tcase, cases[i]);
	tcase_add_loop_test(tcase, whoever_may_wait_gets_one, 0, 8);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
