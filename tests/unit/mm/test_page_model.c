/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A million random calls beside a naive allocator (naive_pages.h), under the rules of each release:
 * on machines with and without per-CPU lists, with several nodes, holes, a zone shared by two
 * nodes, HighMem and zone Movable. Each call has to return the very same page, or fail, in both;
 * every so often all counts and lists are compared, and the order of blocks in each of them.
 *
 * PAGE_MODEL_CALLS=n makes n calls in all instead, PAGE_MODEL_SEED=n begins with that seed.
 */
#include <config.h>

#include "naive_pages.h"

#include "kmreplay/core/rng.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/core/xalloc.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/page_lists.h"
#include "kmreplay/mm/page_watch.h"
#include "kmreplay/mm/zone.h"
#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>

enum {
	CALLS = 1000000,
	CHECK_EVERY = 500,
};

struct machine {
	const char *name;
	enum machine_arch arch;
	unsigned int cpus, nodes;
	struct machine_range ranges[4];
	bool no_pcp;
	int batch; /* of per-CPU lists; 0: by the rule, which makes it 1 on small machines */
	uint64_t movable_pages, lowmem_end;
};

static const struct machine machines[] = {
	{ .name = "one zone", .cpus = 2, .nodes = 1, .ranges = { { 0x1000, 0x2a00, 0 } },
	  .no_pcp = true },
	{ .name = "one zone, lists", .cpus = 1, .nodes = 1, .ranges = { { 0x2000, 0x4000, 0 } } },
	{ .name = "DMA, DMA32", .cpus = 2, .nodes = 1,
	  .ranges = { { 0x1, 0x9f, 0 }, { 0x100, 0x2a03, 0 } }, .batch = 7 },
	{ .name = "DMA32, Normal", .cpus = 3, .nodes = 1,
	  .ranges = { { 0xff400, 0x100000, 0 }, { 0x100000, 0x102345, 0 } }, .batch = 15 },
	{ .name = "two nodes", .cpus = 4, .nodes = 2,
	  .ranges = { { 0x800, 0x2400, 0 }, { 0x2400, 0x4200, 1 } }, .batch = 3 },
	{ .name = "nodes in turns", .cpus = 4, .nodes = 2,
	  .ranges = { { 0xff000, 0x100c00, 0 }, { 0x100c00, 0x102400, 1 },
		      { 0x102400, 0x102801, 0 } } },
	{ .name = "Movable", .cpus = 2, .nodes = 1, .ranges = { { 0x900, 0x3300, 0 } },
	  .movable_pages = 0x1000, .batch = 31 },
	{ .name = "HighMem", .arch = ARCH_X86_32, .cpus = 2, .nodes = 1,
	  .ranges = { { 0x100, 0x3321, 0 } }, .lowmem_end = 0x1ffe, .batch = 7 },
	{ .name = "large", .cpus = 2, .nodes = 1, .ranges = { { 0x1000, 0x12800, 0 } } },
};

enum { PROFILES = 7 }; /* held against the table below */

struct block {
	uint64_t pfn;
	unsigned int order;
};

struct pair {
	const struct machine *machine;
	struct page_allocator *real;
	struct naive naive;
	struct rng rng;
	struct vec(struct block) live;
	uint64_t total, used; /* pages */
	unsigned int fill;    /* percent of memory to have in use */
	uint64_t calls, failed;
};

static void pair_init(struct pair *p, const struct machine *machine,
		      const struct page_profile *rules, uint64_t seed);
static void pair_deinit(struct pair *p);
static void one_call(struct pair *p);
static void one_alloc(struct pair *p);
static void one_free(struct pair *p);
static void one_bulk(struct pair *p);
static void one_reserve(struct pair *p);
static void one_split(struct pair *p);
static void add(struct pair *p, uint64_t pfn, unsigned int order);
static void compare(struct pair *p);
static void compare_zone(struct pair *p, unsigned int at);
static void compare_list(struct pair *p, const struct free_list *real,
			 const struct naive_list *naive, bool top, const char *what);
static uint64_t setting(const char *name, uint64_t otherwise);

START_TEST(both_give_the_same_pages)
{
	const struct machine *machine = &machines[(size_t)_i % ARRAY_SIZE(machines)];
	const struct page_profile *rules = page_profile_at((size_t)_i / ARRAY_SIZE(machines));
	const uint64_t nr = setting("PAGE_MODEL_CALLS", CALLS) / (PROFILES * ARRAY_SIZE(machines));
	uint64_t seed = setting("PAGE_MODEL_SEED", 1) + (uint64_t)_i * 1000;
	struct pair p;

	/* Each seed goes on for a while, since memory has to be mixed up first. */
	for (uint64_t done = 0; done < nr; done += p.calls) {
		pair_init(&p, machine, rules, seed++);
		while (p.calls < 10000 && done + p.calls < nr)
			one_call(&p);
		compare(&p);
		ck_assert_uint_gt(p.failed, p.calls > 5000 ? 0 : UINT64_MAX - 1);
		pair_deinit(&p);
	}
}
END_TEST

START_TEST(each_profile_is_tried)
{
	ck_assert_ptr_nonnull(page_profile_at(PROFILES - 1));
	ck_assert_ptr_null(page_profile_at(PROFILES));
}
END_TEST

static void pair_init(struct pair *p, const struct machine *machine,
		      const struct page_profile *rules, uint64_t seed)
{
	struct machine_config config;
	struct error err;

	memset(p, 0, sizeof(*p));
	p->machine = machine;
	p->fill = 100;
	machine_config_init(&config, rules->from, machine->arch);
	config.page_profile = rules;
	config.nr_cpus = machine->cpus;
	config.nr_nodes = machine->nodes;
	config.pcp = !machine->no_pcp;
	config.pcp_batch = machine->batch ? machine->batch : -1;
	config.movable_pages = machine->movable_pages;
	config.lowmem_end = machine->lowmem_end;
	/* Nobody helps: both say no when memory is short. */
	config.kswapd = config.direct_reclaim = config.direct_compaction = config.oom_kill = false;
	for (size_t i = 0; i < ARRAY_SIZE(machine->ranges) && machine->ranges[i].end; i++) {
		const struct machine_range *range = &machine->ranges[i];

		machine_config_add_range(&config, range->start, range->end, range->node);
		p->total += range->end - range->start;
	}
	p->real = page_allocator_create(&config, NULL, NULL, &err);
	ck_assert_msg(p->real != NULL, "%s", err.message);
	page_watch_blocks(p->real);
	naive_init(&p->naive, &config, p->real);
	machine_config_deinit(&config);
	rng_init(&p->rng, seed);
	compare(p);
}

static void pair_deinit(struct pair *p)
{
	naive_deinit(&p->naive);
	page_allocator_destroy(p->real);
	vec_deinit(&p->live);
}

static void one_call(struct pair *p)
{
	const uint64_t dice = rng_below(&p->rng, 1000);
	const bool grow = p->used * 100 < p->total * p->fill;

	p->naive.cpu = (unsigned int)rng_below(&p->rng, p->naive.nr_cpus);
	if (p->calls % 1000 == 0) /* from nearly empty to more than there is */
		p->fill = (unsigned int)rng_below(&p->rng, 13) * 10;
	if (dice < 2) {
		page_drain_all(p->real);
		naive_drain(&p->naive);
	} else if (dice < 12) {
		one_reserve(p);
	} else if (dice < 25) {
		one_bulk(p);
	} else if (dice < 30) {
		one_split(p);
	} else if ((dice < 750) == grow || !p->live.nr) {
		one_alloc(p);
	} else {
		one_free(p);
	}
	if (++p->calls % CHECK_EVERY == 0)
		compare(p);
}

static uint32_t random_mask(struct pair *p)
{
	static const uint32_t masks[] = {
		GFP_BITS_KERNEL | GFP_BIT_NORETRY,
		GFP_BITS_KERNEL | GFP_BIT_NORETRY,
		GFP_BITS_KERNEL | GFP_BIT_NORETRY | GFP_BIT_RECLAIMABLE,
		GFP_BITS_KERNEL | GFP_BIT_NORETRY | GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE,
		GFP_BITS_KERNEL | GFP_BIT_NORETRY | GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE,
		GFP_BITS_KERNEL | GFP_BIT_NORETRY | GFP_BIT_HIGHMEM,
		GFP_BITS_KERNEL | GFP_BIT_NORETRY | GFP_BIT_DMA32,
		GFP_BITS_KERNEL | GFP_BIT_NORETRY | GFP_BIT_DMA,
		GFP_BITS_KERNEL | GFP_BIT_NORETRY | GFP_BIT_THISNODE,
		GFP_BITS_KERNEL | GFP_BIT_NORETRY | GFP_BIT_HIGH,
		GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM | GFP_BIT_ATOMIC,
		GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM | GFP_BIT_ATOMIC,
		GFP_BIT_HIGH | GFP_BIT_ATOMIC | GFP_BIT_MOVABLE | GFP_BIT_HIGHMEM,
		GFP_BIT_KSWAPD_RECLAIM,
		GFP_BIT_NOMEMALLOC | GFP_BIT_KSWAPD_RECLAIM,
		GFP_BIT_MEMALLOC | GFP_BIT_KSWAPD_RECLAIM,
		GFP_BIT_MEMALLOC | GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE,
	};

	return masks[rng_below(&p->rng, ARRAY_SIZE(masks))];
}

static unsigned int random_order(struct pair *p)
{
	switch (rng_below(&p->rng, 8)) {
	case 0:
		return (unsigned int)rng_below(&p->rng, KERNEL_NR_ORDERS);
	case 1:
	case 2:
	case 3:
		return (unsigned int)rng_below(&p->rng, 4);
	default:
		return 0;
	}
}

static void one_alloc(struct pair *p)
{
	const uint32_t gfp = random_mask(p);
	const unsigned int order = random_order(p);
	const int node = (int)rng_below(&p->rng, p->naive.nr_nodes + 1) - 1;
	const uint64_t expected = naive_alloc(&p->naive, gfp, order, node);
	const struct mm_outcome out = page_alloc(p->real, p->naive.cpu, gfp, order, node, 0);
	const uint64_t got = mm_ok(out) ? out.addr : NAIVE_NONE;

	ck_assert_msg(got == expected, "%s, rules of %s, call %lu: gfp %#x order %u node %d cpu %u: "
		      "%#lx instead of %#lx", p->machine->name, p->naive.rules->name,
		      (unsigned long)p->calls, gfp, order, node, p->naive.cpu, (unsigned long)got,
		      (unsigned long)expected);
	if (got == NAIVE_NONE)
		p->failed++;
	else
		add(p, got, order);
}

static void one_free(struct pair *p)
{
	const size_t at = (size_t)rng_below(&p->rng, p->live.nr);
	const struct block block = p->live.items[at];

	p->live.items[at] = p->live.items[--p->live.nr];
	p->used -= 1ULL << block.order;
	page_free(p->real, p->naive.cpu, block.pfn, block.order);
	naive_free(&p->naive, block.pfn, block.order);
}

static void one_bulk(struct pair *p)
{
	const unsigned int nr = (unsigned int)rng_below(&p->rng, 70);
	const int node = (int)rng_below(&p->rng, p->naive.nr_nodes + 1) - 1;
	const uint32_t gfp = random_mask(p);
	uint64_t got[70], expected[70];
	const unsigned int nr_got = page_alloc_bulk(p->real, p->naive.cpu, gfp, node, nr, got);

	ck_assert_uint_eq(nr_got, naive_bulk(&p->naive, gfp, node, nr, expected));
	for (unsigned int i = 0; i < nr_got; i++) {
		ck_assert_uint_eq(got[i], expected[i]);
		add(p, got[i], 0);
	}
}

static void one_reserve(struct pair *p)
{
	const unsigned int order = random_order(p);
	const uint64_t frame = rng_below(&p->rng, p->naive.nr_frames) >> order << order;
	const uint64_t pfn = p->naive.base + frame;
	bool got;

	p->naive.cpu = 0; /* that is where it is booked */
	got = page_reserve(p->real, pfn, order);
	ck_assert_int_eq(got, naive_reserve(&p->naive, pfn, order));
	if (got)
		add(p, pfn, order);
}

static void one_split(struct pair *p)
{
	struct block whole;
	size_t at;

	if (!p->live.nr)
		return;
	at = (size_t)rng_below(&p->rng, p->live.nr);
	whole = p->live.items[at];
	page_split(p->real, whole.pfn, whole.order);
	naive_split(&p->naive, whole.pfn, whole.order);
	p->live.items[at] = p->live.items[--p->live.nr];
	p->used -= 1ULL << whole.order;
	for (uint64_t i = 0; i < 1ULL << whole.order; i++)
		add(p, whole.pfn + i, 0);
}

static void add(struct pair *p, uint64_t pfn, unsigned int order)
{
	struct block block = { .pfn = pfn, .order = order };

	vec_push(&p->live, block);
	p->used += 1ULL << order;
}

static void compare(struct pair *p)
{
	struct error err;

	ck_assert_msg(page_check(p->real, &err), "%s: %s", p->machine->name, err.message);
	for (unsigned int i = 0; i < p->naive.nr_zones; i++)
		compare_zone(p, i);
	ck_assert_mem_eq(p->real->block_types, p->naive.block_types,
			 p->naive.nr_frames >> NAIVE_BLOCK);
}

static void compare_zone(struct pair *p, unsigned int at)
{
	const struct naive_zone *naive = &p->naive.zones[at];
	const struct zone *real = &p->real->zones[at];

	ck_assert_int_eq(naive->nr_free, (int64_t)real->free);
	ck_assert_int_eq(naive->booked, real->free_stat);
	ck_assert_uint_eq(naive->reserved, real->reserved_highatomic);
	ck_assert_int_eq(naive->below_high, real->below_high);
	for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++) {
		for (unsigned int type = 0; type < MIGRATE_NR; type++)
			compare_list(p, &real->area[o].lists[type], &naive->free[o][type],
				     o == KERNEL_MAX_ORDER, "free list");
	}
	for (unsigned int cpu = 0; cpu < p->naive.nr_cpus; cpu++) {
		ck_assert_int_eq(naive->pcp[cpu].count, real->pcps[cpu].count);
		ck_assert_int_eq(naive->pcp[cpu].high, real->pcps[cpu].high);
		ck_assert_int_eq(naive->pcp[cpu].free_count, real->pcps[cpu].free_count);
		ck_assert_int_eq(naive->pcp[cpu].free_factor, real->pcps[cpu].free_factor);
		ck_assert_int_eq(naive->pcp[cpu].alloc_factor, real->pcps[cpu].alloc_factor);
		ck_assert_int_eq(naive->pcp[cpu].stat, real->pcps[cpu].stat_diff);
		for (unsigned int list = 0; list < PCP_LISTS; list++)
			compare_list(p, &real->pcps[cpu].lists[list], &naive->pcp[cpu].lists[list],
				     false, "per-CPU list");
	}
}

static void compare_list(struct pair *p, const struct free_list *real,
			 const struct naive_list *naive, bool top, const char *what)
{
	uint32_t at = real->first;

	ck_assert_msg(real->nr == naive->nr, "%s, rules of %s, call %lu: %s of %u, not %u",
		      p->machine->name, p->naive.rules->name, (unsigned long)p->calls, what,
		      real->nr, naive->nr);
	for (uint32_t i = naive->nr; i-- > 0;) {
		ck_assert_uint_eq(at, naive->frames[i]);
		at = page_link(p->real, at, top)->next;
	}
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

int main(void)
{
	Suite *suite = suite_create("page model");
	TCase *tcase = tcase_create("page model");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 3600);
	tcase_add_test(tcase, each_profile_is_tried);
	tcase_add_loop_test(tcase, both_give_the_same_pages, 0,
			    PROFILES * (int)ARRAY_SIZE(machines));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
