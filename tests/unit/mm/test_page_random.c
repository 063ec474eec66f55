/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random calls on small machines, beside a model that knows nothing but which pages are in use:
 * no block overlaps another, all lie inside the machine's memory, pages are conserved, what is
 * free can be had again, and every invariant holds after each call. Under all profiles, with and
 * without memory pressure, NUMA and holes.
 */
#include <config.h>

#include "kmreplay/core/rng.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/page_watch.h"
#include "kmreplay/mm/zone.h"
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

enum {
	SPAN = 1 << 15, /* pages of the largest machine here */
};

struct block {
	uint64_t pfn;
	unsigned int order;
	bool movable;
};

/* The naive reference: a byte a page, and the list of what was given out. */
struct model {
	struct page_allocator *pa;
	uint64_t base;
	uint8_t memory[SPAN]; /* 1: the machine's, free; 2: in use; 0: a hole */
	uint64_t nr_free;
	uint64_t moved, reclaimed;
	struct vec(struct block) live;
	struct rng rng;
};

struct machine {
	const char *name;
	struct kernel_version version;
	unsigned int cpus, nodes;
	struct machine_range ranges[3];
	bool pcp;
	uint64_t lowmem_end; /* not 0: a 32-bit machine with HighMem from here on */
};

static const struct machine machines[] = {
	{ "4.19", { 4, 19 }, 2, 1, { { 0x100, 0x4000, 0 } }, true, 0 },
	{ "5.10", { 5, 10 }, 2, 1, { { 0x100, 0x4000, 0 } }, true, 0 },
	{ "5.15", { 5, 15 }, 2, 1, { { 0x100, 0x4000, 0 } }, true, 0 },
	{ "6.1", { 6, 1 }, 2, 1, { { 0x100, 0x4000, 0 } }, true, 0 },
	{ "6.12", { 6, 12 }, 2, 1, { { 0x100, 0x4000, 0 } }, true, 0 },
	{ "7.2", { 7, 2 }, 3, 1, { { 0x100, 0x4000, 0 } }, true, 0 },
	{ "6.12, no pcp", { 6, 12 }, 1, 1, { { 0x100, 0x3000, 0 } }, false, 0 },
	{ "6.1, holes", { 6, 1 }, 1, 1, { { 0x101, 0x9ff, 0 }, { 0xc03, 0x2345, 0 },
					  { 0x3001, 0x3fff, 0 } }, true, 0 },
	{ "6.12, nodes", { 6, 12 }, 4, 2, { { 0x1000, 0x2400, 0 }, { 0x2400, 0x4321, 1 },
					    { 0x5003, 0x6000, 0 } }, true, 0 },
	{ "7.2, nodes", { 7, 2 }, 4, 2, { { 0x1000, 0x2400, 0 }, { 0x2400, 0x4321, 1 },
					  { 0x5003, 0x6000, 0 } }, true, 0 },
	{ "6.12, Normal", { 6, 12 }, 2, 1, { { 0xff000, 0x102000, 0 } }, true, 0 },
	/* Two zones share a pageblock. */
	{ "6.1, 32 bits", { 6, 1 }, 2, 1, { { 0x100, 0x4321, 0 } }, true, 0x2ffe },
	{ "6.12, 32 bits", { 6, 12 }, 2, 1, { { 0x100, 0x4321, 0 } }, true, 0x2ffe },
};

static void model_init(struct model *m, const struct machine *machine,
		       const struct page_ops *ops, uint64_t seed);
static void model_deinit(struct model *m);
static void model_check(struct model *m, const char *what);
static void take(struct model *m, const struct block *block);
static void give(struct model *m, uint64_t pfn, unsigned int order);
static void drop(struct model *m, size_t at, unsigned int cpu);
static void one_alloc(struct model *m, unsigned int cpus);
static void one_follow(struct model *m, unsigned int cpus);
static void one_bulk(struct model *m, unsigned int cpus);
static void one_split(struct model *m);
static void random_run(const struct machine *machine, const struct page_ops *ops, unsigned int fill,
		       int nr_ops);
static void on_moved(void *ctx, uint64_t old_pfn, uint64_t new_pfn, unsigned int order);
static uint64_t on_reclaim(void *ctx, uint64_t nr_pages, uint32_t gfp);

static const struct page_ops pressure_ops = { .moved = on_moved, .reclaim = on_reclaim };

START_TEST(random_calls_keep_every_invariant)
{
	random_run(&machines[_i], NULL, 60, 3000);
}
END_TEST

START_TEST(random_calls_under_pressure_keep_every_invariant)
{
	random_run(&machines[_i], &pressure_ops, 100, 3000);
}
END_TEST

START_TEST(all_of_memory_can_be_had_and_given_back)
{
	struct model m;

	model_init(&m, &machines[_i], NULL, 7);
	for (;;) {
		/* __GFP_MEMALLOC: down to the last page. */
		const struct mm_outcome out =
			page_alloc(m.pa, 0, GFP_BIT_MEMALLOC | GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE,
				   0, -1, 0);
		struct block block = { .pfn = out.addr, .movable = true };

		if (!mm_ok(out)) {
			ck_assert_int_eq(out.failure, MM_FAIL_NO_MEMORY);
			break;
		}
		take(&m, &block);
		vec_push(&m.live, block);
	}
	ck_assert_uint_eq(m.nr_free, 0);
	ck_assert_uint_eq(page_free_total(m.pa), 0);
	while (m.live.nr)
		drop(&m, rng_below(&m.rng, m.live.nr), 0);
	page_drain_all(m.pa);
	model_check(&m, "all freed");
	/* Fully merged again: as many blocks of the largest order as a fresh machine has. */
	for (unsigned int i = 0; i < zone_count(m.pa); i++) {
		struct page_allocator *fresh;
		struct zone_info now, before;
		struct model other;

		model_init(&other, &machines[_i], NULL, 7);
		fresh = other.pa;
		zone_info(m.pa, i, &now);
		zone_info(fresh, i, &before);
		ck_assert_mem_eq(now.nr_free, before.nr_free, sizeof(now.nr_free));
		model_deinit(&other);
	}
	model_deinit(&m);
}
END_TEST

static void random_run(const struct machine *machine, const struct page_ops *ops, unsigned int fill,
		       int nr_ops)
{
	struct model m;
	uint64_t total;

	model_init(&m, machine, ops, 42);
	total = m.nr_free;
	for (int i = 0; i < nr_ops; i++) {
		const uint64_t used = total - m.nr_free;
		const bool grow = used * 100 < total * fill;
		const uint64_t dice = rng_below(&m.rng, 100);

		if (dice < 2)
			page_drain_all(m.pa);
		else if (dice < 6)
			one_follow(&m, machine->cpus);
		else if (dice < 10)
			one_bulk(&m, machine->cpus);
		else if (dice < 12)
			one_split(&m);
		else if ((dice < 60) == grow || !m.live.nr)
			one_alloc(&m, machine->cpus);
		else
			drop(&m, rng_below(&m.rng, m.live.nr),
			     (unsigned int)rng_below(&m.rng, machine->cpus));
		model_check(&m, machine->name);
	}
	ck_assert_uint_gt(page_allocator_stats(m.pa)->allocs, 300);
	model_deinit(&m);
}

static void model_init(struct model *m, const struct machine *machine, const struct page_ops *ops,
		       uint64_t seed)
{
	struct machine_config config;
	struct error err;

	memset(m, 0, sizeof(*m));
	machine_config_init(&config, machine->version,
			    machine->lowmem_end ? ARCH_X86_32 : ARCH_X86_64);
	config.lowmem_end = machine->lowmem_end;
	config.nr_cpus = machine->cpus;
	config.nr_nodes = machine->nodes;
	config.pcp = machine->pcp;
	m->base = machine->ranges[0].start;
	for (size_t i = 0; i < ARRAY_SIZE(machine->ranges) && machine->ranges[i].end; i++) {
		const struct machine_range *range = &machine->ranges[i];

		machine_config_add_range(&config, range->start, range->end, range->node);
		memset(m->memory + (range->start - m->base), 1, range->end - range->start);
		m->nr_free += range->end - range->start;
	}
	rng_init(&m->rng, seed);
	m->pa = page_allocator_create(&config, ops, m, &err);
	machine_config_deinit(&config);
	ck_assert_msg(m->pa != NULL, "%s", err.message);
	ck_assert_uint_eq(page_total(m->pa), m->nr_free);
	/* page_check() then holds the map of pageblocks against memory, too. */
	page_watch_blocks(m->pa);
	model_check(m, "fresh");
}

static void model_deinit(struct model *m)
{
	vec_deinit(&m->live);
	page_allocator_destroy(m->pa);
}

static void model_check(struct model *m, const char *what)
{
	struct error err;

	ck_assert_msg(page_check(m->pa, &err), "%s: %s", what, err.message);
	ck_assert_uint_eq(page_free_total(m->pa), m->nr_free);
}

static void take(struct model *m, const struct block *block)
{
	unsigned int order;

	ck_assert_uint_eq(block->pfn & ((1ULL << block->order) - 1), 0);
	ck_assert_uint_ge(block->pfn, m->base);
	ck_assert_uint_le(block->pfn - m->base + (1ULL << block->order), SPAN);
	for (uint64_t i = 0; i < 1ULL << block->order; i++) {
		ck_assert_uint_eq(m->memory[block->pfn - m->base + i], 1);
		m->memory[block->pfn - m->base + i] = 2;
	}
	m->nr_free -= 1ULL << block->order;
	ck_assert(page_is_allocated(m->pa, block->pfn, &order));
	ck_assert_uint_eq(order, block->order);
	ck_assert(!page_is_free(m->pa, block->pfn));
}

static void give(struct model *m, uint64_t pfn, unsigned int order)
{
	for (uint64_t i = 0; i < 1ULL << order; i++) {
		ck_assert_uint_eq(m->memory[pfn - m->base + i], 2);
		m->memory[pfn - m->base + i] = 1;
	}
	m->nr_free += 1ULL << order;
}

static void drop(struct model *m, size_t at, unsigned int cpu)
{
	const struct block block = m->live.items[at];

	m->live.items[at] = m->live.items[--m->live.nr];
	give(m, block.pfn, block.order);
	ck_assert(mm_ok(page_free(m->pa, cpu, block.pfn, block.order)));
	ck_assert(page_is_free(m->pa, block.pfn));
}

static void one_alloc(struct model *m, unsigned int cpus)
{
	static const uint32_t masks[] = {
		GFP_BITS_KERNEL,
		GFP_BITS_KERNEL | GFP_BIT_RECLAIMABLE,
		GFP_BITS_KERNEL | GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE,
		GFP_BITS_KERNEL | GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE,
		GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM,
		GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM | GFP_BIT_ATOMIC,
		GFP_BITS_KERNEL | GFP_BIT_DMA32,
		GFP_BITS_KERNEL | GFP_BIT_NORETRY,
		GFP_BITS_KERNEL | GFP_BIT_RETRY_MAYFAIL,
		GFP_BITS_KERNEL | GFP_BIT_NOFAIL,
		GFP_BITS_RECLAIM,
		GFP_BIT_MEMALLOC,
	};
	const uint32_t gfp = masks[rng_below(&m->rng, ARRAY_SIZE(masks))];
	struct block block = {
		.order = (unsigned int)(rng_below(&m->rng, 3) ? rng_below(&m->rng, 4) :
								rng_below(&m->rng, 12)),
		.movable = gfp & GFP_BIT_MOVABLE,
	};
	const uint64_t before = m->nr_free;
	const struct mm_outcome out =
		page_alloc(m->pa, (unsigned int)rng_below(&m->rng, cpus), gfp, block.order,
			   (int)rng_below(&m->rng, 3) - 1, 0);

	if (!mm_ok(out)) {
		if (block.order > KERNEL_MAX_ORDER)
			ck_assert_int_eq(out.failure, MM_FAIL_ORDER);
		else if (gfp == GFP_BIT_MEMALLOC && block.order == 0)
			ck_assert_uint_eq(before, 0); /* nothing may refuse it a last page */
		return;
	}
	block.pfn = out.addr;
	take(m, &block);
	vec_push(&m->live, block);
}

/* A random place: taken if, and only if, the model says that all of it is free. */
static void one_follow(struct model *m, unsigned int cpus)
{
	struct block block = { .order = (unsigned int)rng_below(&m->rng, 4) };
	const bool reserve = rng_below(&m->rng, 2);
	bool free = true, got;

	block.pfn = (m->base + rng_below(&m->rng, SPAN - 16)) & ~((1ULL << block.order) - 1);
	if (block.pfn < m->base)
		return;
	for (uint64_t i = 0; i < 1ULL << block.order; i++)
		free &= m->memory[block.pfn - m->base + i] == 1;
	if (reserve) { /* per-CPU lists are out of its reach */
		page_drain_all(m->pa);
		got = page_reserve(m->pa, block.pfn, block.order);
	} else {
		page_drain_all(m->pa);
		got = page_alloc_at(m->pa, (unsigned int)rng_below(&m->rng, cpus),
				    GFP_BITS_KERNEL, block.pfn, block.order);
	}
	ck_assert_int_eq(got, free);
	if (!got)
		return;
	take(m, &block);
	vec_push(&m->live, block);
}

static void one_bulk(struct model *m, unsigned int cpus)
{
	const unsigned int want = (unsigned int)rng_below(&m->rng, 100);
	uint64_t pfns[100];
	const unsigned int got =
		page_alloc_bulk(m->pa, (unsigned int)rng_below(&m->rng, cpus), GFP_BITS_KERNEL, -1,
				want, pfns);

	ck_assert_uint_le(got, want);
	for (unsigned int i = 0; i < got; i++) {
		struct block block = { .pfn = pfns[i] };

		take(m, &block);
		vec_push(&m->live, block);
	}
}

static void one_split(struct model *m)
{
	struct block whole;
	size_t at;

	if (!m->live.nr)
		return;
	at = rng_below(&m->rng, m->live.nr);
	whole = m->live.items[at];
	page_split(m->pa, whole.pfn, whole.order);
	m->live.items[at] = m->live.items[--m->live.nr];
	for (uint64_t i = 0; i < 1ULL << whole.order; i++) {
		struct block block = { .pfn = whole.pfn + i, .movable = whole.movable };

		vec_push(&m->live, block);
	}
}

static void on_moved(void *ctx, uint64_t old_pfn, uint64_t new_pfn, unsigned int order)
{
	struct model *m = ctx;

	for (size_t i = 0; i < m->live.nr; i++) {
		struct block *block = &m->live.items[i];

		if (block->pfn != old_pfn)
			continue;
		ck_assert_uint_eq(block->order, order);
		ck_assert(block->movable);
		give(m, old_pfn, order);
		block->pfn = new_pfn;
		take(m, block);
		m->moved++;
		return;
	}
	ck_abort_msg("moved a block that was not allocated");
}

static uint64_t on_reclaim(void *ctx, uint64_t nr_pages, uint32_t gfp)
{
	struct model *m = ctx;
	uint64_t freed = 0;

	(void)gfp;
	for (size_t i = m->live.nr; i-- > 0 && freed < nr_pages;) {
		if (!m->live.items[i].movable || rng_below(&m->rng, 4))
			continue;
		freed += 1ULL << m->live.items[i].order;
		drop(m, i, 0);
	}
	m->reclaimed += freed;
	return freed;
}

int main(void)
{
	Suite *suite = suite_create("page random");
	TCase *tcase = tcase_create("page random");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, random_calls_keep_every_invariant, 0, ARRAY_SIZE(machines));
	tcase_add_loop_test(tcase, random_calls_under_pressure_keep_every_invariant, 0,
			    ARRAY_SIZE(machines));
	tcase_add_loop_test(tcase, all_of_memory_can_be_had_and_given_back, 0,
			    ARRAY_SIZE(machines));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
