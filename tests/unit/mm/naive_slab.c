/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See naive_slab.h. Functions are named after what happens, with the kernel's name beside. */
#include <config.h>

#include "naive_slab.h"

#include "kmreplay/core/bits.h"

#include <string.h>

enum { NOTHING = -1 };

static int take_from_node_list(struct naive_slub *n, struct naive_cache *c, unsigned int cpu,
			       int node, bool may_leave);
static int buy(struct naive_slub *n, struct naive_cache *c, int node, uint32_t gfp);
static void lay_out(struct naive_cache *c, struct naive_slab *s);
static void put_off(struct naive_slub *n, struct naive_cache *c, unsigned int cpu);
static void give_back(struct naive_slub *n, struct naive_cache *c, int slab);
static void leave_cpu_partial(struct naive_slub *n, struct naive_cache *c, int slab);
static void to_cpu_partial(struct naive_cache *c, unsigned int cpu, int slab);
static bool list_is_long(const struct naive_slub *n, const struct naive_cache *c,
			 unsigned int cpu);
static void give_objects(struct naive_slub *n, struct naive_cache *c, unsigned int cpu, int slab,
			 const struct naive_row *slots);
static void free_many(struct naive_slub *n, const uint32_t *ids, unsigned int cpu, size_t nr,
		      uint64_t *addrs, bool turned);

/* --- rows --- */

static void insert(struct naive_row *row, size_t at, int value)
{
	vec_push(row, 0);
	memmove(&row->items[at + 1], &row->items[at], (row->nr - 1 - at) * sizeof(int));
	row->items[at] = value;
}

static int erase(struct naive_row *row, size_t at)
{
	const int value = row->items[at];

	memmove(&row->items[at], &row->items[at + 1], (row->nr - 1 - at) * sizeof(int));
	row->nr--;
	return value;
}

static int find(const struct naive_row *row, int value)
{
	for (size_t i = 0; i < row->nr; i++) {
		if (row->items[i] == value)
			return (int)i;
	}
	return NOTHING;
}

static void expect(struct naive_slub *n, bool right, const char *what)
{
	if (!right && !n->wrong)
		n->wrong = what;
}

/* --- making --- */

void naive_init(struct naive_slub *n, struct machine_config *config)
{
	const struct kernel_version version = config->kernel;

	memset(n, 0, sizeof(*n));
	n->until_5_15 = version.major && (version.major < 5 ||
					  (version.major == 5 && version.minor <= 15));
	n->since_6_8 = version.major > 6 || (version.major == 6 && version.minor >= 8);
	n->nr_cpus = config->nr_cpus;
	n->nr_nodes = config->nr_nodes;
	n->direct_map = machine_direct_map(config->arch);
	n->config = config;
}

void naive_deinit(struct naive_slub *n)
{
	for (size_t i = 0; i < NAIVE_MAX_CACHES; i++) {
		struct naive_cache *c = &n->caches[i];

		for (size_t s = 0; s < c->slabs.nr; s++) {
			vec_deinit(&c->slabs.items[s].free);
			vec_deinit(&c->slabs.items[s].live);
		}
		vec_deinit(&c->slabs);
		vec_deinit(&c->cycle);
		for (size_t cpu = 0; cpu < NAIVE_MAX_CPUS; cpu++) {
			vec_deinit(&c->own_free[cpu]);
			vec_deinit(&c->cpu_partial[cpu]);
		}
		for (size_t node = 0; node < NAIVE_MAX_NODES; node++)
			vec_deinit(&c->node_partial[node]);
	}
	vec_deinit(&n->waiting);
}

void naive_cache_init(struct naive_slub *n, uint32_t id, const char *name, uint32_t flags,
		      const struct slab_geometry *geometry)
{
	struct naive_cache *c = &n->caches[id];
	uint64_t hash = 0xcbf29ce484222325ULL; /* FNV-1a */

	c->geometry = *geometry;
	c->flags = flags;
	c->debug = flags & SLAB_DEBUG_FLAGS;
	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3ULL;
	rng_init(&c->dice, bits_mix64(n->config->seed + bits_mix64(hash + id)));
	for (size_t cpu = 0; cpu < NAIVE_MAX_CPUS; cpu++)
		c->own[cpu] = NOTHING;
}

void naive_expect(struct naive_slub *n, const struct page_call *calls, size_t nr)
{
	n->calls = calls;
	n->nr_calls = nr;
	n->call = 0;
	n->wrong = NULL;
}

/* --- allocation --- */

static int home_node(const struct naive_slub *n, unsigned int cpu)
{
	return (int)(cpu * n->nr_nodes / n->nr_cpus);
}

/* The CPU's slab becomes "slab", all that is free in it the CPU's. */
static void own(struct naive_cache *c, unsigned int cpu, int slab)
{
	struct naive_slab *s = &c->slabs.items[slab];

	c->own[cpu] = slab;
	vec_reset(&c->own_free[cpu]);
	while (s->free.nr)
		insert(&c->own_free[cpu], c->own_free[cpu].nr, erase(&s->free, 0));
}

static uint64_t hand_out(const struct naive_cache *c, int slab, int slot)
{
	struct naive_slab *s = &c->slabs.items[slab];

	s->live.items[slot] = true;
	return s->base + (uint64_t)slot * c->geometry.size;
}

/* Does the CPU have its own objects now, by its slab or its partial list? */
static bool has_own(struct naive_slub *n, struct naive_cache *c, unsigned int cpu, int node)
{
	if (c->own[cpu] != NOTHING) {
		if (node >= 0 && (int)c->slabs.items[c->own[cpu]].node != node) {
			put_off(n, c, cpu);
		} else if (c->own_free[cpu].nr) {
			return true;
		} else if (c->slabs.items[c->own[cpu]].free.nr) {
			own(c, cpu, c->own[cpu]);
			return true;
		}
		c->own[cpu] = NOTHING;
	}
	while (c->cpu_partial[cpu].nr) {
		const int slab = erase(&c->cpu_partial[cpu], 0);

		if (node < 0 || (int)c->slabs.items[slab].node == node) {
			own(c, cpu, slab);
			return true;
		}
		leave_cpu_partial(n, c, slab);
	}
	return false;
}

/* A slab with something free in no list, from a node's list or bought. */
static int find_slab(struct naive_slub *n, struct naive_cache *c, unsigned int cpu, int node,
		     uint32_t gfp)
{
	const bool prefers = node >= 0 && !(gfp & GFP_BIT_THISNODE);
	const uint32_t nowait = GFP_BIT_KSWAPD_RECLAIM | GFP_BIT_NOWARN;
	int slab = NOTHING;

	if (n->since_6_8 && prefers) {
		slab = take_from_node_list(n, c, cpu, node, false);
		if (slab == NOTHING)
			slab = buy(n, c, node, nowait | GFP_BIT_THISNODE);
	}
	if (slab == NOTHING)
		slab = take_from_node_list(n, c, cpu, node,
					   node < 0 || (n->since_6_8 && prefers));
	if (slab == NOTHING)
		slab = buy(n, c, node, gfp);
	return slab;
}

/* Debug caches: one object at a time, the slab goes back where it was taken from. */
static uint64_t alloc_debug(struct naive_slub *n, struct naive_cache *c, unsigned int cpu, int node,
			    uint32_t gfp)
{
	const int slab = find_slab(n, c, cpu, node, gfp);
	struct naive_slab *s;
	int slot;

	if (slab == NOTHING)
		return 0;
	s = &c->slabs.items[slab];
	slot = erase(&s->free, 0);
	if (s->free.nr)
		insert(&c->node_partial[s->node], 0, slab);
	return hand_out(c, slab, slot);
}

uint64_t naive_alloc(struct naive_slub *n, uint32_t id, unsigned int cpu, int node, uint32_t gfp)
{
	struct naive_cache *c = &n->caches[id];

	if (node >= (int)n->nr_nodes)
		node = -1;
	if (c->debug)
		return alloc_debug(n, c, cpu, node, gfp);
	if (!has_own(n, c, cpu, node)) {
		const int slab = find_slab(n, c, cpu, node, gfp);

		if (slab == NOTHING)
			return 0;
		own(c, cpu, slab);
	}
	return hand_out(c, c->own[cpu], erase(&c->own_free[cpu], 0));
}

bool naive_alloc_bulk(struct naive_slub *n, uint32_t id, unsigned int cpu, uint32_t gfp, size_t nr,
		      uint64_t *addrs)
{
	struct vec(uint32_t) ids = { 0 };
	size_t got;

	for (got = 0; got < nr; got++) {
		addrs[got] = naive_alloc(n, id, cpu, -1, gfp);
		if (!addrs[got])
			break;
		vec_push(&ids, id);
	}
	/* All or nothing; 6.12 forgets to turn what goes back. */
	if (ids.nr < nr)
		free_many(n, ids.items, cpu, ids.nr, addrs, !n->since_6_8);
	got = ids.nr;
	vec_deinit(&ids);
	return got == nr;
}

/* get_partial_node(): the first slab, and some more to the CPU's list. */
static int take_along(struct naive_slub *n, struct naive_cache *c, unsigned int cpu, int node)
{
	struct naive_row *list = &c->node_partial[node];
	const size_t limit = n->until_5_15 ? c->geometry.cpu_partial :
					     c->geometry.cpu_partial_slabs;
	const int first = erase(list, 0);
	size_t taken = n->until_5_15 ? c->slabs.items[first].free.nr : 0;

	if (c->debug || (!limit && n->since_6_8))
		return first;
	while (taken <= limit / 2 && list->nr) {
		const int slab = erase(list, 0);

		taken += n->until_5_15 ? c->slabs.items[slab].free.nr : 1;
		to_cpu_partial(c, cpu, slab);
	}
	return first;
}

static void to_cpu_partial(struct naive_cache *c, unsigned int cpu, int slab)
{
	c->slabs.items[slab].counted = c->slabs.items[slab].free.nr;
	insert(&c->cpu_partial[cpu], 0, slab);
}

/* What put_cpu_partial() compares: pobjects until 5.15, slabs since. */
static bool list_is_long(const struct naive_slub *n, const struct naive_cache *c, unsigned int cpu)
{
	const struct naive_row *list = &c->cpu_partial[cpu];
	size_t objects = 0;

	for (size_t i = 0; i < list->nr; i++)
		objects += c->slabs.items[list->items[i]].counted;
	return n->until_5_15 ? objects > c->geometry.cpu_partial :
			       list->nr >= c->geometry.cpu_partial_slabs;
}

/* get_partial(), get_any_partial() */
static int take_from_node_list(struct naive_slub *n, struct naive_cache *c, unsigned int cpu,
			       int node, bool may_leave)
{
	const int home = home_node(n, cpu), first = node < 0 ? home : node;

	if (c->node_partial[first].nr)
		return take_along(n, c, cpu, first);
	if (!may_leave || n->nr_nodes == 1 || rng_below(&c->dice, 1024) > 1000)
		return NOTHING;
	for (unsigned int i = 0; i < n->nr_nodes; i++) {
		const int other = (home + (int)i) % (int)n->nr_nodes;

		if (c->node_partial[other].nr > c->geometry.min_partial)
			return take_along(n, c, cpu, other);
	}
	return NOTHING;
}

static uint64_t ask(struct naive_slub *n, uint32_t gfp, unsigned int order, int node)
{
	const struct page_call *call = n->call < n->nr_calls ? &n->calls[n->call++] : NULL;

	expect(n, call && call->alloc, "pages are asked for that were not");
	if (!call || !call->alloc)
		return 0;
	expect(n, call->gfp == gfp, "another mask");
	expect(n, call->order == order, "another order");
	expect(n, call->node == node, "another node");
	return call->pfn;
}

static unsigned int node_of(const struct naive_slub *n, uint64_t pfn)
{
	vec_foreach(&n->config->ranges, range) {
		if (pfn >= range->start && pfn < range->end)
			return (unsigned int)range->node;
	}
	return 0;
}

/* new_slab(): the wished order without trouble to others, then the least that does. */
static int buy(struct naive_slub *n, struct naive_cache *c, int node, uint32_t gfp)
{
	const uint32_t kept = GFP_BITS_RECLAIM | GFP_BIT_HIGH | GFP_BIT_IO | GFP_BIT_FS |
			      GFP_BIT_NOWARN | GFP_BIT_RETRY_MAYFAIL | GFP_BIT_NOFAIL |
			      GFP_BIT_NORETRY | GFP_BIT_MEMALLOC | GFP_BIT_NOMEMALLOC |
			      GFP_BIT_HARDWALL | GFP_BIT_THISNODE | GFP_BIT_ATOMIC;
	const struct slab_geometry *g = &c->geometry;
	struct naive_slab s = { .order = g->order, .objects = (int)g->objects };
	uint32_t first;

	gfp &= kept;
	if (g->order || n->since_6_8)
		gfp |= GFP_BIT_COMP;
	if (c->flags & SLAB_CACHE_DMA)
		gfp |= GFP_BIT_DMA;
	if (c->flags & SLAB_RECLAIM_ACCOUNT)
		gfp |= GFP_BIT_RECLAIMABLE;
	first = (gfp | GFP_BIT_NOWARN | GFP_BIT_NORETRY) & ~(uint32_t)GFP_BIT_NOFAIL;
	if (g->order > g->min_order && (gfp & GFP_BIT_DIRECT_RECLAIM))
		first = (first | GFP_BIT_NOMEMALLOC) & ~(uint32_t)GFP_BITS_RECLAIM;
	s.pfn = ask(n, first, g->order, node);
	if (!s.pfn) {
		s.order = g->min_order;
		if (g->min_order != g->order)
			s.objects = (int)g->min_objects;
		s.pfn = ask(n, gfp, g->min_order, node);
	}
	if (!s.pfn)
		return NOTHING;
	s.base = n->direct_map + s.pfn * KERNEL_PAGE_SIZE + g->red_left_pad;
	s.node = node_of(n, s.pfn);
	lay_out(c, &s);
	vec_push(&c->slabs, s);
	return (int)c->slabs.nr - 1;
}

/* shuffle_freelist(): the cache's own cycle, entered anywhere. */
static void lay_out(struct naive_cache *c, struct naive_slab *s)
{
	const int all = (int)c->geometry.objects;
	int start = 0;

	if (!c->cycle.nr) {
		for (int i = 0; i < all; i++)
			vec_push(&c->cycle, i);
		for (int i = all - 1; i > 0; i--) {
			const int j = (int)rng_below(&c->dice, (uint64_t)i + 1);
			const int other = c->cycle.items[j];

			c->cycle.items[j] = c->cycle.items[i];
			c->cycle.items[i] = other;
		}
	}
	if (s->objects > 1)
		start = (int)rng_below(&c->dice, (uint64_t)all);
	for (int i = 0; i < all; i++) {
		const int slot = c->cycle.items[(start + i) % all];

		if (slot < s->objects)
			vec_push(&s->free, slot);
	}
	vec_extend_zeroed(&s->live, (size_t)s->objects);
}

/* --- places --- */

static bool is_empty(const struct naive_slab *s)
{
	return (int)s->free.nr == s->objects;
}

static bool node_has_enough(const struct naive_cache *c, const struct naive_slab *s)
{
	return c->node_partial[s->node].nr >= c->geometry.min_partial;
}

/* deactivate_slab() */
static void put_off(struct naive_slub *n, struct naive_cache *c, unsigned int cpu)
{
	const int slab = c->own[cpu];
	struct naive_slab *s = &c->slabs.items[slab];
	struct naive_row *list = &c->node_partial[s->node];
	const bool others_freed = s->free.nr;

	while (c->own_free[cpu].nr)
		insert(&s->free, 0, erase(&c->own_free[cpu], c->own_free[cpu].nr - 1));
	c->own[cpu] = NOTHING;
	if (is_empty(s) && node_has_enough(c, s))
		give_back(n, c, slab);
	else if (s->free.nr)
		insert(list, others_freed ? list->nr : 0, slab);
}

/* A slab taken off a CPU's partial list: to the end of its node's, or back. */
static void leave_cpu_partial(struct naive_slub *n, struct naive_cache *c, int slab)
{
	struct naive_slab *s = &c->slabs.items[slab];

	if (is_empty(s) && node_has_enough(c, s))
		give_back(n, c, slab);
	else
		insert(&c->node_partial[s->node], c->node_partial[s->node].nr, slab);
}

/* __put_partials(): newest first to the nodes; what is given back, oldest first. */
static void drain(struct naive_slub *n, struct naive_cache *c, unsigned int cpu)
{
	struct naive_row *list = &c->cpu_partial[cpu], going = { 0 };

	while (list->nr) {
		const int slab = erase(list, 0);
		struct naive_slab *s = &c->slabs.items[slab];

		if (is_empty(s) && node_has_enough(c, s))
			insert(&going, 0, slab);
		else
			leave_cpu_partial(n, c, slab);
	}
	while (going.nr)
		give_back(n, c, erase(&going, 0));
	vec_deinit(&going);
}

static void give_pages(struct naive_slub *n, uint64_t pfn, unsigned int order)
{
	const struct page_call *call = n->call < n->nr_calls ? &n->calls[n->call++] : NULL;

	expect(n, call && !call->alloc, "pages are given back that were not");
	expect(n, call && call->pfn == pfn && call->order == order, "other pages go back");
}

/* discard_slab() */
static void give_back(struct naive_slub *n, struct naive_cache *c, int slab)
{
	struct naive_slab *s = &c->slabs.items[slab];
	const struct naive_waiting waiting = { s->pfn, s->order };

	s->gone = true;
	vec_deinit(&s->free);
	vec_deinit(&s->live);
	if (n->defers_rcu && (c->flags & SLAB_TYPESAFE_BY_RCU))
		vec_push(&n->waiting, waiting);
	else
		give_pages(n, waiting.pfn, waiting.order);
}

/* --- free --- */

static int slab_around(const struct naive_cache *c, uint64_t addr)
{
	for (size_t i = 0; i < c->slabs.nr; i++) {
		const struct naive_slab *s = &c->slabs.items[i];

		if (!s->gone && addr >= s->base &&
		    addr < s->base + (uint64_t)s->objects * c->geometry.size)
			return (int)i;
	}
	return NOTHING;
}

static int slot_of(struct naive_slub *n, struct naive_cache *c, int slab, uint64_t addr)
{
	struct naive_slab *s = &c->slabs.items[slab];
	const int slot = (int)((addr - s->base) / c->geometry.size);

	expect(n, s->live.items[slot], "an object is freed that is not live");
	s->live.items[slot] = false;
	return slot;
}

void naive_free(struct naive_slub *n, uint32_t id, unsigned int cpu, uint64_t addr)
{
	struct naive_cache *c = &n->caches[id];
	const int slab = slab_around(c, addr);
	struct naive_row one = { 0 };

	expect(n, slab != NOTHING, "no slab around a freed object");
	if (slab == NOTHING)
		return;
	vec_push(&one, slot_of(n, c, slab, addr));
	give_objects(n, c, cpu, slab, &one);
	vec_deinit(&one);
}

void naive_free_bulk(struct naive_slub *n, const uint32_t *ids, unsigned int cpu, size_t nr,
		     uint64_t *addrs)
{
	free_many(n, ids, cpu, nr, addrs, true);
}

/*
 * build_detached_freelist(): from the end, up to the third stranger; slab_free_freelist_hook()
 * turns what was found, so that the last of the array is used first.
 */
static void free_many(struct naive_slub *n, const uint32_t *ids, unsigned int cpu, size_t nr,
		      uint64_t *addrs, bool turned)
{
	struct vec(uint32_t) of = { 0 };

	for (size_t i = 0; i < nr; i++)
		vec_push(&of, ids[i]);
	while (nr) {
		size_t left = nr - 1;
		const uint32_t id = of.items[left];
		struct naive_cache *c = &n->caches[id];
		const int slab = slab_around(c, addrs[left]);
		struct naive_row slots = { 0 };
		int strangers = 0;

		vec_push(&slots, slot_of(n, c, slab, addrs[left]));
		for (size_t i = left; i-- > 0 && strangers < 3;) {
			const uint64_t addr = addrs[i];

			if (of.items[i] != id || slab_around(c, addr) != slab) {
				strangers++;
				continue;
			}
			insert(&slots, turned ? slots.nr : 0, slot_of(n, c, slab, addr));
			left--;
			addrs[i] = addrs[left];
			of.items[i] = of.items[left];
		}
		give_objects(n, c, cpu, slab, &slots);
		vec_deinit(&slots);
		nr = left;
	}
	vec_deinit(&of);
}

/* free_to_partial_list() */
static void settle_debug(struct naive_slub *n, struct naive_cache *c, int slab, bool was_full)
{
	struct naive_slab *s = &c->slabs.items[slab];
	struct naive_row *list = &c->node_partial[s->node];
	const bool goes = is_empty(s) && node_has_enough(c, s);

	if (goes && !was_full)
		erase(list, (size_t)find(list, slab));
	if (goes)
		give_back(n, c, slab);
	else if (was_full)
		insert(list, list->nr, slab);
}

/* do_slab_free(), __slab_free(), put_cpu_partial(): "slots" in the order of their next use. */
static void give_objects(struct naive_slub *n, struct naive_cache *c, unsigned int cpu, int slab,
			 const struct naive_row *slots)
{
	struct naive_slab *s = &c->slabs.items[slab];
	struct naive_row *to = c->own[cpu] == slab ? &c->own_free[cpu] : &s->free;
	struct naive_row *list = &c->node_partial[s->node];
	const bool was_full = !s->free.nr;

	for (size_t i = slots->nr; i-- > 0;)
		insert(to, 0, slots->items[i]);
	if (c->debug) {
		settle_debug(n, c, slab, was_full);
		return;
	}
	for (unsigned int i = 0; i < n->nr_cpus; i++) {
		if (c->own[i] == slab || find(&c->cpu_partial[i], slab) != NOTHING)
			return;
	}
	if (find(list, slab) != NOTHING) {
		if (is_empty(s) && node_has_enough(c, s)) {
			erase(list, (size_t)find(list, slab));
			give_back(n, c, slab);
		}
		return;
	}
	if (c->cpu_partial[cpu].nr && list_is_long(n, c, cpu))
		drain(n, c, cpu);
	to_cpu_partial(c, cpu, slab);
}

/* --- flush, shrink, grace --- */

void naive_flush(struct naive_slub *n, uint32_t id, unsigned int cpu)
{
	struct naive_cache *c = &n->caches[id];

	if (c->own[cpu] != NOTHING)
		put_off(n, c, cpu);
	drain(n, c, cpu);
}

/* __kmem_cache_do_shrink(): fullest first, more than 32 free stay in order behind them. */
static void shrink_node(struct naive_slub *n, struct naive_cache *c, struct naive_row *list)
{
	struct naive_row sorted = { 0 }, empty = { 0 };

	for (int nr_free = 1; nr_free <= 32; nr_free++) {
		size_t begin = sorted.nr;

		for (size_t i = 0; i < list->nr; i++) {
			const struct naive_slab *s = &c->slabs.items[list->items[i]];

			if (!is_empty(s) && (int)s->free.nr == nr_free)
				insert(&sorted, begin, list->items[i]);
		}
	}
	for (size_t i = 0; i < list->nr; i++) {
		const struct naive_slab *s = &c->slabs.items[list->items[i]];

		if (is_empty(s))
			insert(&empty, 0, list->items[i]);
		else if (s->free.nr > 32)
			insert(&sorted, sorted.nr, list->items[i]);
	}
	vec_deinit(list);
	*list = sorted;
	while (empty.nr)
		give_back(n, c, erase(&empty, 0));
	vec_deinit(&empty);
}

void naive_shrink(struct naive_slub *n, uint32_t id)
{
	for (unsigned int cpu = 0; cpu < n->nr_cpus; cpu++)
		naive_flush(n, id, cpu);
	for (unsigned int node = 0; node < n->nr_nodes; node++)
		shrink_node(n, &n->caches[id], &n->caches[id].node_partial[node]);
}

void naive_grace(struct naive_slub *n)
{
	vec_foreach(&n->waiting, waiting)
		give_pages(n, waiting->pfn, waiting->order);
	vec_reset(&n->waiting);
}
