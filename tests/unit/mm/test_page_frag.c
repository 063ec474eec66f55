/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page fragments: where in a page they lie, when a page is used again, what is asked for and with
 * which masks, who keeps a page; and random calls, in which no byte may have two owners.
 */
#include <config.h>

#include "kmreplay/mm/page_frag.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/rng.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/machine_config.h"

#include "unit/unit.h"

#include <string.h>

enum { LARGE = 8 * KERNEL_PAGE_SIZE };

struct block {
	uint64_t pfn;
	unsigned int order;
};

struct ground {
	uint64_t start; /* of the direct map */
	uint64_t next_pfn;
	unsigned int max_order; /* larger blocks there are none */
	bool empty, pfmemalloc;
	struct vec(uint32_t) asked;
	struct vec(struct block) live;
	struct page_frags *frags;
};

static struct mm_outcome ground_alloc(void *ctx, unsigned int cpu UNUSED, uint32_t gfp,
				      unsigned int order, unsigned int context UNUSED)
{
	struct ground *g = ctx;
	const struct block block = { g->next_pfn, order };

	vec_push(&g->asked, gfp);
	if (g->empty || order > g->max_order)
		return (struct mm_outcome){ .failure = MM_FAIL_NO_BLOCK };
	g->next_pfn += 8;
	vec_push(&g->live, block);
	return (struct mm_outcome){ .addr = block.pfn, .path = MM_PATH_PCP, .cost_ns = 20 };
}

static struct mm_outcome ground_free(void *ctx, unsigned int cpu UNUSED, uint64_t pfn,
				     unsigned int order)
{
	struct ground *g = ctx;
	size_t i = 0;

	while (i < g->live.nr && g->live.items[i].pfn != pfn)
		i++;
	ck_assert_uint_lt(i, g->live.nr);
	ck_assert_uint_eq(g->live.items[i].order, order);
	g->live.items[i] = g->live.items[--g->live.nr];
	return (struct mm_outcome){ .cost_ns = 10 };
}

static bool ground_pfmemalloc(void *ctx)
{
	return ((struct ground *)ctx)->pfmemalloc;
}

static void begin(struct ground *g, unsigned int major, unsigned int minor)
{
	static const struct page_frag_ops ops = { ground_alloc, ground_free, ground_pfmemalloc };
	const struct kernel_version version = { major, minor };
	struct machine_config config;

	machine_config_init(&config, version, ARCH_X86_64);
	*g = (struct ground){ .next_pfn = 0x1000, .max_order = PAGE_FRAG_ORDER,
			      .start = machine_direct_map(ARCH_X86_64) };
	g->frags = page_frags_create(&config, &ops, g);
	machine_config_deinit(&config);
}

static void end(struct ground *g)
{
	page_frags_destroy(g->frags);
	vec_deinit(&g->asked);
	vec_deinit(&g->live);
}

static struct mm_outcome ask(struct ground *g, struct page_frag_cache *cache, uint64_t size,
			     uint32_t align)
{
	return page_frag_alloc(g->frags, cache, 0, &(struct page_frag_request){
		.size = size, .align = align, .gfp = GFP_BITS_KERNEL,
	});
}

/* The bytes from the start of the first page on at which a fragment lies. */
static uint64_t cut(struct ground *g, struct page_frag_cache *cache, uint64_t size, uint32_t align)
{
	const struct mm_outcome out = ask(g, cache, size, align);
	struct error err;

	ck_assert_msg(page_frags_check(g->frags, &err), "%s", err.message);
	ck_assert(mm_ok(out));
	return out.addr - g->start - (0x1000ULL << KERNEL_PAGE_SHIFT);
}

static void put(struct ground *g, uint64_t at)
{
	struct error err;

	ck_assert(mm_ok(page_frag_free(g->frags, 0,
				       g->start + (0x1000ULL << KERNEL_PAGE_SHIFT) + at)));
	ck_assert_msg(page_frags_check(g->frags, &err), "%s", err.message);
}

START_TEST(they_are_cut_from_the_end_down)
{
	struct page_frag_cache cache = { 0 };
	struct ground g;

	begin(&g, 6, 12);
	ck_assert_uint_eq(cut(&g, &cache, 100, 1), LARGE - 100);
	ck_assert_uint_eq(cut(&g, &cache, 1500, 1), LARGE - 1600);
	ck_assert_uint_eq(cut(&g, &cache, 10, 64), (LARGE - 1610) & ~63);
	ck_assert_uint_eq(g.asked.nr, 1);
	end(&g);
}
END_TEST

START_TEST(since_6_13_from_the_start_up)
{
	struct page_frag_cache cache = { 0 };
	struct ground g;

	begin(&g, 6, 13);
	ck_assert_uint_eq(cut(&g, &cache, 100, 1), 0);
	ck_assert_uint_eq(cut(&g, &cache, 1500, 1), 100);
	ck_assert_uint_eq(cut(&g, &cache, 10, 64), 1600);
	ck_assert_uint_eq(cut(&g, &cache, 10, 64), 1664);
	ck_assert_uint_eq(g.asked.nr, 1);
	end(&g);
}
END_TEST

START_TEST(masks)
{
	const uint32_t added =
		GFP_BIT_COMP | GFP_BIT_NOWARN | GFP_BIT_NORETRY | GFP_BIT_NOMEMALLOC;
	static const struct {
		unsigned int major, minor;
		uint32_t without;
	} cases[] = { { 6, 1, 0 }, { 6, 8, 0 }, { 6, 9, GFP_BIT_DIRECT_RECLAIM },
		      { 6, 12, GFP_BIT_DIRECT_RECLAIM }, { 7, 2, GFP_BIT_DIRECT_RECLAIM } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct page_frag_cache cache = { 0 };
		struct ground g;

		begin(&g, cases[i].major, cases[i].minor);
		g.max_order = 0;
		(void)cut(&g, &cache, 100, 1);
		ck_assert_uint_eq(g.asked.nr, 2);
		ck_assert_uint_eq(g.asked.items[0],
				  (GFP_BITS_KERNEL | added) & ~cases[i].without);
		ck_assert_uint_eq(g.asked.items[1], GFP_BITS_KERNEL);
		ck_assert_uint_eq(cache.order, 0);
		end(&g);
	}
}
END_TEST

START_TEST(a_page_that_came_back_is_used_again)
{
	static const unsigned int minors[] = { 1, 12, 18 };
	struct page_frag_cache cache = { 0 };
	uint64_t at[8];
	struct ground g;

	begin(&g, 6, minors[_i]);
	for (unsigned int i = 0; i < 8; i++)
		at[i] = cut(&g, &cache, 4096, 1);
	for (unsigned int i = 0; i < 8; i++)
		put(&g, at[i]);
	ck_assert_uint_eq(g.live.nr, 1);
	ck_assert_uint_eq(cut(&g, &cache, 4096, 1), at[0]);
	ck_assert_uint_eq(g.asked.nr, 1);
	/* One that is out keeps the page, not the cache. */
	for (unsigned int i = 1; i < 8; i++)
		(void)cut(&g, &cache, 4096, 1);
	for (unsigned int i = 1; i < 8; i++)
		put(&g, at[i]);
	ck_assert_uint_ge(cut(&g, &cache, 4096, 1), LARGE);
	ck_assert_uint_eq(g.asked.nr, 2);
	ck_assert_uint_eq(g.live.nr, 2);
	put(&g, at[0]);
	ck_assert_uint_eq(g.live.nr, 1);
	end(&g);
}
END_TEST

START_TEST(pages_of_the_reserves_are_not)
{
	struct page_frag_cache cache = { 0 };
	struct ground g;

	begin(&g, 6, 12);
	g.pfmemalloc = true;
	put(&g, cut(&g, &cache, LARGE, 1));
	ck_assert_uint_eq(g.live.nr, 1);
	ck_assert_uint_ge(cut(&g, &cache, LARGE, 1), LARGE);
	ck_assert_uint_eq(g.asked.nr, 2);
	ck_assert_uint_eq(g.live.nr, 1);
	end(&g);
}
END_TEST

START_TEST(draining)
{
	struct page_frag_cache cache = { 0 };
	uint64_t at, pages, fragments;
	struct ground g;

	begin(&g, 6, 12);
	ck_assert(mm_ok(page_frag_cache_drain(g.frags, &cache, 0)));
	at = cut(&g, &cache, 100, 1);
	ck_assert(mm_ok(page_frag_cache_drain(g.frags, &cache, 0)));
	ck_assert(!cache.holds);
	page_frags_count(g.frags, &pages, &fragments);
	ck_assert_uint_eq(pages, 8);
	ck_assert_uint_eq(fragments, 1);
	put(&g, at);
	ck_assert_uint_eq(g.live.nr, 0);
	ck_assert_uint_eq(page_frag_free(g.frags, 0, g.start).failure, MM_FAIL_INVALID);
	(void)cut(&g, &cache, 100, 1);
	end(&g);
}
END_TEST

START_TEST(what_does_not_fit)
{
	struct page_frag_cache cache = { 0 };
	struct mm_outcome out;
	struct ground g;

	begin(&g, 6, 12);
	ck_assert_uint_eq(ask(&g, &cache, 0, 1).failure,
			  MM_FAIL_INVALID);
	g.empty = true;
	ck_assert_uint_eq(ask(&g, &cache, 1, 1).failure,
			  MM_FAIL_NO_BLOCK);
	g.empty = false;
	out = ask(&g, &cache, LARGE + 1, 1);
	ck_assert_uint_eq(out.failure, MM_FAIL_ORDER);
	ck_assert(cache.holds);
	/* A small page is kept for what fits. */
	ck_assert(mm_ok(page_frag_cache_drain(g.frags, &cache, 0)));
	g.max_order = 0;
	ck_assert_uint_eq(ask(&g, &cache, 5000, 1).failure,
			  MM_FAIL_ORDER);
	ck_assert_uint_eq(g.live.nr, 1);
	ck_assert(mm_ok(ask(&g, &cache, 4096, 1)));
	ck_assert_uint_eq(g.live.nr, 1);
	/* It has a fragment out: another page, which may be large now. */
	g.max_order = PAGE_FRAG_ORDER;
	ck_assert(mm_ok(ask(&g, &cache, 5000, 1)));
	end(&g);
}
END_TEST

/* Since 6.13 more than 4 KiB is had from what the present page has left, or not at all. */
START_TEST(large_ones_do_not_cost_a_page)
{
	struct page_frag_cache cache = { 0 };
	struct ground g;

	begin(&g, 6, 18);
	(void)cut(&g, &cache, LARGE - 5000, 1);
	ck_assert_uint_eq(ask(&g, &cache, 5001, 1).failure,
			  MM_FAIL_ORDER);
	ck_assert(mm_ok(ask(&g, &cache, 5000, 1)));
	ck_assert_uint_eq(g.asked.nr, 1);
	end(&g);
}
END_TEST

/* --- random calls --- */

struct piece {
	uint64_t addr, size;
};

struct mix {
	struct ground g;
	struct rng rng;
	struct page_frag_cache caches[3];
	struct vec(struct piece) pieces;
};

static bool inside(const struct ground *g, const struct piece *p)
{
	vec_foreach(&g->live, block) {
		const uint64_t start = g->start + (block->pfn << KERNEL_PAGE_SHIFT);

		if (p->addr >= start &&
		    p->addr + p->size <= start + ((uint64_t)KERNEL_PAGE_SIZE << block->order))
			return true;
	}
	return false;
}

static void mix_alloc(struct mix *m)
{
	struct page_frag_cache *cache = &m->caches[rng_below(&m->rng, 3)];
	const uint32_t align = 1U << rng_below(&m->rng, 8);
	struct piece piece = { .size = 1 + rng_below(&m->rng, 3000) };
	struct mm_outcome out;

	m->g.empty = !rng_below(&m->rng, 8);
	m->g.max_order = rng_below(&m->rng, 3) ? PAGE_FRAG_ORDER : 0;
	m->g.pfmemalloc = !rng_below(&m->rng, 4);
	out = ask(&m->g, cache, piece.size, align);
	if (!mm_ok(out)) {
		ck_assert(m->g.empty);
		return;
	}
	piece.addr = out.addr;
	ck_assert_uint_eq(piece.addr % align, 0);
	ck_assert(inside(&m->g, &piece));
	vec_foreach(&m->pieces, other)
		ck_assert(other->addr + other->size <= piece.addr ||
			  piece.addr + piece.size <= other->addr);
	vec_push(&m->pieces, piece);
}

static void mix_free(struct mix *m)
{
	const size_t i = (size_t)rng_below(&m->rng, m->pieces.nr);

	ck_assert(mm_ok(page_frag_free(m->g.frags, 0, m->pieces.items[i].addr)));
	m->pieces.items[i] = m->pieces.items[--m->pieces.nr];
}

START_TEST(no_byte_has_two_owners)
{
	struct mix m = { 0 };
	uint64_t pages, fragments, held = 0;
	struct error err;

	begin(&m.g, 6, _i % 2 ? 12 : 18);
	rng_init(&m.rng, (uint64_t)_i + 7);
	for (unsigned int op = 0; op < 20000; op++) {
		if (m.pieces.nr && rng_below(&m.rng, 100) < (op / 1000 % 2 ? 70 : 45))
			mix_free(&m);
		else if (rng_below(&m.rng, 200))
			mix_alloc(&m);
		else
			(void)page_frag_cache_drain(m.g.frags,
						    &m.caches[rng_below(&m.rng, 3)], 0);
		if (op % 64 == 0)
			ck_assert_msg(page_frags_check(m.g.frags, &err), "%s", err.message);
	}
	while (m.pieces.nr)
		mix_free(&m);
	page_frags_count(m.g.frags, &pages, &fragments);
	vec_foreach(&m.g.live, block)
		held += 1ULL << block->order;
	ck_assert_uint_eq(pages, held);
	ck_assert_uint_le(m.g.live.nr, 3);
	for (unsigned int i = 0; i < 3; i++)
		(void)page_frag_cache_drain(m.g.frags, &m.caches[i], 0);
	ck_assert_uint_eq(m.g.live.nr, 0);
	end(&m.g);
	vec_deinit(&m.pieces);
}
END_TEST

int main(void)
{
	const TTest *const cases[] = {
		they_are_cut_from_the_end_down, since_6_13_from_the_start_up, masks,
		pages_of_the_reserves_are_not,  draining,                     what_does_not_fit,
		large_ones_do_not_cost_a_page,
	};
	Suite *suite = suite_create("page_frag");
	TCase *tcase = tcase_create("page_frag");
	SRunner *runner;
	int failed;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		tcase_add_test(tcase, cases[i]);
	tcase_add_loop_test(tcase, a_page_that_came_back_is_used_again, 0, 3);
	tcase_add_loop_test(tcase, no_byte_has_two_owners, 0, 4);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
