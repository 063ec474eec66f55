/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random operations beside a naive SLUB (naive_slab.h): machines of one to four CPUs and one to
 * three nodes, caches of all shapes, by the rules of several releases. Each operation has to give
 * the very same addresses, and to ask for and give back the same pages with the same masks in the
 * same order; after each one the lists of slabs of the cache are the same, in order, and every so
 * often the free objects of each slab, too. What is live is counted apart from both.
 *
 * SLAB_MODEL_CALLS=n makes n operations in all instead, SLAB_MODEL_SEED=n begins with that seed.
 */
#include <config.h>

#include "../../../src/mm/slab/slab_internal.h"
#include "naive_slab.h"

#include <stdlib.h>
#include <string.h>

enum {
	CALLS = 600000,
	CHECK_EVERY = 101,
	NR_CACHES = 12,
	MAX_BULK = 40,
};

struct machine {
	const char *name;
	unsigned int major, minor, cpus, nodes;
	int cpu_partial, min_partial;
};

static const struct machine machines[] = {
	{ "5.10, one CPU", 5, 10, 1, 1, -1, -1 },
	{ "5.10, four CPUs, two nodes", 5, 10, 4, 2, -1, -1 },
	{ "6.1, one CPU", 6, 1, 1, 1, -1, -1 },
	{ "6.1, two CPUs", 6, 1, 2, 1, -1, -1 },
	{ "6.1, four CPUs, two nodes", 6, 1, 4, 2, -1, -1 },
	{ "6.1, no cpu partial", 6, 1, 2, 2, 0, -1 },
	{ "6.12, one CPU", 6, 12, 1, 1, -1, -1 },
	{ "6.12, two CPUs", 6, 12, 2, 1, -1, -1 },
	{ "6.12, four CPUs, two nodes", 6, 12, 4, 2, -1, -1 },
	{ "6.12, three CPUs, three nodes", 6, 12, 3, 3, -1, 0 },
	{ "6.12, no cpu partial", 6, 12, 4, 2, 0, 2 },
};

static const struct slab_cache_args shapes[NR_CACHES] = {
	{ .name = "small", .size = 24, .usersize = 1 },
	{ .name = "page", .size = 4096, .usersize = 1 },
	{ .name = "task", .size = 2000, .usersize = 100 },
	{ .name = "one", .size = 17000, .usersize = 1 },
	{ .name = "huge", .size = 40000, .usersize = 1 },
	{ .name = "inode", .size = 600, .flags = SLAB_RECLAIM_ACCOUNT, .ctor = true },
	{ .name = "rcu", .size = 500, .flags = SLAB_TYPESAFE_BY_RCU },
	{ .name = "dma", .size = 700, .flags = SLAB_CACHE_DMA | SLAB_HWCACHE_ALIGN },
	{ .name = "debug", .size = 1000, .flags = SLAB_DEBUG_FLAGS },
	{ .name = "track", .size = 9000, .flags = SLAB_STORE_USER },
	{ .name = "odd", .size = 11000, .usersize = 1 },
	{ .name = "many", .size = 100, .usersize = 1 },
};

struct object {
	uint64_t addr;
	uint32_t cache;
};

struct pair {
	struct slab_fixture f;
	struct naive_slub naive;
	struct rng rng;
	uint32_t caches[NR_CACHES];
	struct vec(struct object) live;
	uint64_t live_of[NAIVE_MAX_CACHES];
	size_t fill;      /* objects to have in use */
	uint64_t ops, failed;
	const char *machine;
};

static void pair_init(struct pair *p, const struct machine *machine, uint64_t seed)
{
	memset(p, 0, sizeof(*p));
	rng_init(&p->rng, seed);
	p->machine = machine->name;
	fixture_init(&p->f, machine->major, machine->minor, machine->cpus);
	p->f.config.seed = seed;
	p->f.config.nr_nodes = machine->nodes;
	p->f.config.slub_cpu_partial = machine->cpu_partial;
	p->f.config.slub_min_partial = machine->min_partial;
	/* Nodes in turns: pages are handed out in ascending order. */
	for (unsigned int i = 0; i < 64; i++)
		machine_config_add_range(&p->f.config, i * 100, i * 100 + 100,
					 (int)(i % machine->nodes));
	p->f.max_pages = 5000;
	fixture_start(&p->f);
	slab_rcu_defer(p->f.slab, true);
	naive_init(&p->naive, &p->f.config);
	p->naive.defers_rcu = true;
	for (size_t i = 0; i < NR_CACHES; i++) {
		const uint32_t id = p->caches[i] = slab_cache_create(p->f.slab, &shapes[i]);

		ck_assert_uint_lt(id, NAIVE_MAX_CACHES);
		naive_cache_init(&p->naive, id, shapes[i].name, shapes[i].flags,
				 slab_cache_geometry(p->f.slab, id));
	}
}

static void pair_deinit(struct pair *p)
{
	naive_deinit(&p->naive);
	fixture_deinit(&p->f);
	vec_deinit(&p->live);
}

static unsigned int dice(struct pair *p, unsigned int sides)
{
	return (unsigned int)rng_below(&p->rng, sides);
}

/* --- comparing --- */

static void same_slab(struct pair *p, const struct naive_cache *c, int slab,
		      const struct slab_page *page)
{
	if (slab < 0 || !page || page->base != c->slabs.items[slab].base)
		ck_abort_msg("%s, operation %lu: another slab on a list of '%s'", p->machine,
			     (unsigned long)p->ops, page ? page->cache->name : "-");
}

/* Lists of slabs, in order. */
static void same_lists(struct pair *p, uint32_t id)
{
	const struct naive_cache *c = &p->naive.caches[id];
	const struct slab_cache *cache = slab_cache_get(p->f.slab, id);

	for (unsigned int i = 0; i < p->naive.nr_cpus; i++) {
		const struct slab_page *page = cache->cpu[i].partial;

		if (c->own[i] >= 0 || cache->cpu[i].page)
			same_slab(p, c, c->own[i], cache->cpu[i].page);
		for (size_t j = 0; j < c->cpu_partial[i].nr; j++, page = page->next)
			same_slab(p, c, c->cpu_partial[i].items[j], page);
		ck_assert_ptr_null(page);
	}
	for (unsigned int i = 0; i < p->naive.nr_nodes; i++) {
		const struct naive_row *list = &c->node_partial[i];
		size_t at = 0;

		ck_assert_uint_eq(list->nr, cache->node[i].nr_partial);
		list_foreach(&cache->node[i].partial, pos) {
			same_slab(p, c, list->items[at++],
				  container_of(pos, struct slab_page, link));
		}
	}
}

static void same_chain(struct pair *p, const struct slab_page *page, unsigned int head,
		       const struct naive_row *row)
{
	size_t i = 0;

	for (; head != SLAB_NIL && i < row->nr; head = page->links[head], i++) {
		if ((int)head != row->items[i])
			break;
	}
	if (i < row->nr || head != SLAB_NIL)
		ck_abort_msg("%s, operation %lu: another order of free objects in '%s'",
			     p->machine, (unsigned long)p->ops, page->cache->name);
}

/* All free objects of a cache, in order; returns how many are live. */
static uint64_t same_objects(struct pair *p, uint32_t id)
{
	const struct naive_cache *c = &p->naive.caches[id];
	const struct slab_cache *cache = slab_cache_get(p->f.slab, id);
	uint64_t nr_live = 0, nr_slabs = 0;

	for (size_t i = 0; i < c->slabs.nr; i++) {
		const struct naive_slab *s = &c->slabs.items[i];
		const struct slab_page *page;

		if (s->gone)
			continue;
		page = (const struct slab_page *)slab_map_find(&p->f.slab->map, s->pfn);
		ck_assert_ptr_nonnull(page);
		ck_assert_uint_eq(page->base, s->base);
		same_chain(p, page, page->head, &s->free);
		nr_slabs++;
		for (int slot = 0; slot < s->objects; slot++) {
			nr_live += s->live.items[slot];
			if (s->live.items[slot] != (page->links[slot] == SLAB_LIVE))
				ck_abort_msg("another object is live");
		}
	}
	for (unsigned int i = 0; i < p->naive.nr_cpus; i++) {
		if (cache->cpu[i].page)
			same_chain(p, cache->cpu[i].page, cache->cpu[i].head, &c->own_free[i]);
	}
	ck_assert_uint_eq(nr_slabs, cache->nr_slabs);
	return nr_live;
}

/* Everything; and what is live and held adds up. */
static void same_state(struct pair *p)
{
	fixture_check(&p->f);
	for (size_t i = 0; i < NR_CACHES; i++) {
		const uint32_t id = p->caches[i];

		ck_assert_uint_eq(same_objects(p, id), p->live_of[id]);
		ck_assert_uint_eq(slab_cache_live(slab_cache_get(p->f.slab, id)), p->live_of[id]);
	}
}

/* --- operations --- */

static void begin(struct pair *p)
{
	vec_reset(&p->f.calls);
}

/* The real one is done: the naive one may do the same. */
static void expect(struct pair *p)
{
	naive_expect(&p->naive, p->f.calls.items, p->f.calls.nr);
}

static void end(struct pair *p, uint32_t id)
{
	if (p->naive.wrong)
		ck_abort_msg("%s, operation %lu: %s", p->machine, (unsigned long)p->ops,
			     p->naive.wrong);
	if (p->naive.call != p->naive.nr_calls)
		ck_abort_msg("%s, operation %lu: more page calls than there should be",
			     p->machine, (unsigned long)p->ops);
	same_lists(p, id);
}

static uint32_t some_gfp(struct pair *p)
{
	static const uint32_t bases[] = {
		GFP_BITS_KERNEL,
		GFP_BITS_KERNEL,
		GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM,
		GFP_BIT_KSWAPD_RECLAIM | GFP_BIT_NOWARN,
		GFP_BITS_RECLAIM | GFP_BIT_IO,
	};
	static const uint32_t more[] = {
		0, 0, 0, GFP_BIT_ZERO, GFP_BIT_ACCOUNT, GFP_BIT_NOFAIL, GFP_BIT_NORETRY,
		GFP_BIT_RECLAIMABLE, GFP_BIT_NOMEMALLOC, GFP_BIT_HARDWALL, GFP_BIT_WRITE,
	};

	return bases[dice(p, ARRAY_SIZE(bases))] | more[dice(p, ARRAY_SIZE(more))];
}

static void keep(struct pair *p, uint32_t id, uint64_t addr)
{
	const struct object object = { addr, id };

	vec_push(&p->live, object);
	p->live_of[id]++;
}

static struct object take(struct pair *p)
{
	/* Mostly what is young, so that slabs get empty. */
	const size_t near = MIN(p->live.nr, (size_t)30);
	const size_t i = dice(p, 3) ? p->live.nr - 1 - dice(p, (unsigned int)near) :
				      dice(p, (unsigned int)p->live.nr);
	const struct object object = p->live.items[i];

	p->live.items[i] = p->live.items[--p->live.nr];
	p->live_of[object.cache]--;
	return object;
}

static void do_alloc(struct pair *p)
{
	const uint32_t id = p->caches[dice(p, NR_CACHES)];
	const unsigned int cpu = dice(p, p->naive.nr_cpus);
	const int node = dice(p, 6) ? -1 : (int)dice(p, p->naive.nr_nodes + 1);
	uint32_t gfp = some_gfp(p);
	struct mm_outcome got;

	if (!dice(p, 10))
		gfp |= GFP_BIT_THISNODE;
	p->f.only_node = dice(p, 20) ? -1 : (int)dice(p, p->naive.nr_nodes);
	begin(p);
	got = slab_alloc(p->f.slab, id, cpu, node, gfp, 0);
	expect(p);
	if (got.addr != naive_alloc(&p->naive, id, cpu, node, gfp))
		ck_abort_msg("%s, operation %lu: another address of '%s'", p->machine,
			     (unsigned long)p->ops, fixture_stats(&p->f, id).name);
	end(p, id);
	ck_assert_uint_eq(mm_ok(got), got.addr != 0);
	if (mm_ok(got))
		keep(p, id, got.addr);
	p->failed += !mm_ok(got);
}

static void do_free(struct pair *p)
{
	const unsigned int cpu = dice(p, p->naive.nr_cpus);
	struct object object;

	if (!p->live.nr)
		return;
	object = take(p);
	begin(p);
	fixture_put(&p->f, cpu, object.addr);
	expect(p);
	naive_free(&p->naive, object.cache, cpu, object.addr);
	end(p, object.cache);
}

static void do_alloc_bulk(struct pair *p)
{
	const uint32_t id = p->caches[dice(p, NR_CACHES)], gfp = some_gfp(p);
	const unsigned int cpu = dice(p, p->naive.nr_cpus);
	uint64_t ours[MAX_BULK], theirs[MAX_BULK];
	const size_t nr = 1 + dice(p, MAX_BULK);
	bool ok;

	begin(p);
	ok = mm_ok(slab_alloc_bulk(p->f.slab, id, cpu, gfp, nr, ours));
	expect(p);
	ck_assert_uint_eq(naive_alloc_bulk(&p->naive, id, cpu, gfp, nr, theirs), ok);
	end(p, id);
	for (size_t i = 0; ok && i < nr; i++) {
		ck_assert_uint_eq(ours[i], theirs[i]);
		keep(p, id, ours[i]);
	}
	p->failed += !ok;
}

static void do_free_bulk(struct pair *p)
{
	const unsigned int cpu = dice(p, p->naive.nr_cpus);
	uint64_t addrs[MAX_BULK];
	uint32_t ids[MAX_BULK];
	size_t nr = MIN(p->live.nr, (size_t)1 + dice(p, MAX_BULK));

	for (size_t i = 0; i < nr; i++) {
		const struct object object = take(p);

		addrs[i] = object.addr;
		ids[i] = object.cache;
	}
	begin(p);
	ck_assert_uint_eq(slab_free_bulk(p->f.slab, SLAB_CACHE_NONE, cpu, nr, addrs), 0);
	expect(p);
	naive_free_bulk(&p->naive, ids, cpu, nr, addrs);
	end(p, nr ? ids[0] : p->caches[0]);
}

static void do_flush(struct pair *p)
{
	const uint32_t id = p->caches[dice(p, NR_CACHES)];
	const unsigned int cpu = dice(p, p->naive.nr_cpus);

	begin(p);
	slab_flush_cpu(p->f.slab, id, cpu);
	expect(p);
	naive_flush(&p->naive, id, cpu);
	end(p, id);
}

static void do_shrink(struct pair *p)
{
	const uint32_t id = p->caches[dice(p, NR_CACHES)];

	begin(p);
	slab_shrink(p->f.slab, id, 0);
	expect(p);
	naive_shrink(&p->naive, id);
	end(p, id);
}

static void do_grace(struct pair *p)
{
	begin(p);
	slab_rcu_grace(p->f.slab, 0);
	expect(p);
	naive_grace(&p->naive);
	end(p, p->caches[0]);
}

/* Memory gets scarce and plenty again; the load swells and shrinks. */
static void do_weather(struct pair *p)
{
	p->f.max_order = dice(p, 3) ? KERNEL_MAX_ORDER : dice(p, 4);
	p->fill = dice(p, 4) ? 200 + dice(p, 1500) : dice(p, 100);
}

static void one_op(struct pair *p)
{
	const unsigned int chance = dice(p, 1000);

	if (chance < 960 && dice(p, 100) < (p->live.nr < p->fill ? 60 : 40))
		do_alloc(p);
	else if (chance < 960)
		do_free(p);
	else if (chance < 970)
		do_alloc_bulk(p);
	else if (chance < 985)
		do_free_bulk(p);
	else if (chance < 992)
		do_flush(p);
	else if (chance < 995)
		do_shrink(p);
	else if (chance < 998)
		do_grace(p);
	else
		do_weather(p);
	p->ops++;
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static void run(const struct machine *machine)
{
	const uint64_t calls = number_of("SLAB_MODEL_CALLS", CALLS) / ARRAY_SIZE(machines);
	struct slab_totals totals;
	struct pair p;

	pair_init(&p, machine, number_of("SLAB_MODEL_SEED", 1));
	do_weather(&p);
	for (uint64_t i = 0; i < calls; i++) {
		one_op(&p);
		if (i % CHECK_EVERY == 0)
			same_state(&p);
	}
	same_state(&p);
	/* The load has been everywhere. */
	slab_totals(p.f.slab, &totals);
	if (calls > 10000) {
		ck_assert_uint_gt(totals.counters.cpu_partial_drain, 0);
		ck_assert_uint_gt(totals.counters.free_remove_partial, 0);
		ck_assert_uint_gt(totals.counters.order_fallback, 0);
		ck_assert(machine->cpus == 1 || totals.counters.alloc_refill);
		ck_assert_uint_gt(totals.counters.deactivate_to_head, 0);
		ck_assert(machine->cpus == 1 || totals.counters.deactivate_to_tail);
		ck_assert(machine->cpus == 1 || totals.counters.free_remote);
		ck_assert(machine->nodes == 1 || totals.counters.alloc_node_mismatch);
		ck_assert_uint_gt(p.failed, 0);
	}
	while (p.live.nr)
		do_free(&p);
	for (size_t i = 0; i < NR_CACHES; i++)
		ck_assert(slab_cache_destroy(p.f.slab, p.caches[i], 0));
	ck_assert_uint_eq(p.f.pages_held, 0);
	pair_deinit(&p);
}

START_TEST(both_do_the_same)
{
	run(&machines[_i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("slab model");
	TCase *tcase = tcase_create("slab model");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 3600);
	tcase_add_loop_test(tcase, both_do_the_same, 0, (int)ARRAY_SIZE(machines));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
