/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where slabs stand in line: deactivate_slab(), put_cpu_partial(), get_partial(), flush_all() and
 * kmem_cache_shrink() of mm/slub.c, 6.1 and 6.12.
 *
 * Theory
 * ------
 * 1. A slab with free objects that is no CPU's own stands either on the stack of one CPU (cpu
 *    partial) or in the list of its node (node partial). Full ones stand nowhere: whoever frees an
 *    object of one finds it by the object's address.
 *
 *	  alloc needs a slab:   cpu slab <- top of cpu partial <- head of node partial <- new slab
 *	  free to a full slab:  -> top of the freeing CPU's cpu partial
 *	  cpu partial too long: whole stack, newest first -> tail of node partial, the empty ones
 *	                        beyond min_partial -> back to the page allocator, oldest first
 *	  cpu slab given up:    -> head of node partial, or its tail when other CPUs freed into it
 *
 * 2. Head and tail decide which slab is used next and thereby how free objects spread over slabs:
 *    the tail is for slabs that may still become empty.
 * 3. Who takes a slab off a node's list takes some more along to its own stack, up to half of what
 *    that may hold, so that the next needs no list lock. Those are pushed in list order, hence
 *    used in reverse.
 */
#include <config.h>

#include "slab_designs.h"
#include "slab_partial.h"

static bool list_is_full(const struct slab_allocator *slab, const struct slab_page *top);
static bool took_enough(const struct slab_request *rq, uint32_t slabs, uint32_t objects);
static struct slab_page *take_from_node(struct slab_request *rq, unsigned int node);
static int partial_node(struct slab_request *rq, uint32_t gfp);
static int other_node(struct slab_request *rq);
static unsigned int search_node(const struct slab_request *rq);
static bool may_leave_node(const struct slab_request *rq, uint32_t gfp);
static void drain(struct slab_allocator *slab, struct slab_page *top, unsigned int cpu,
		  struct mm_outcome *out);
static void discard_list(struct slab_allocator *slab, struct slab_page *first, unsigned int cpu,
			 struct mm_outcome *out);
static void flush_cpu(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu);
static void shrink_node(struct slab_allocator *slab, struct slab_node *node, unsigned int cpu);

void slab_install(struct slab_request *rq, struct slab_page *page)
{
	struct slab_cpu *c = &rq->cache->cpu[rq->cpu];

	c->page = page;
	c->head = page->head;
	page->head = SLAB_NIL;
	page->inuse = page->objects;
	page->place = SLAB_PLACE_CPU;
}

void slab_deactivate(struct slab_cache *cache, struct slab_allocator *slab, unsigned int cpu,
		     struct mm_outcome *out)
{
	struct slab_page *page = cache->cpu[cpu].page;
	struct slab_node *node = &cache->node[page->node];
	bool tail = page->head != SLAB_NIL;

	slab_release(cache, cpu);
	if (!page->inuse && node->nr_partial >= cache->geometry.min_partial) {
		cache->counters.deactivate_empty++;
		slab_page_discard(slab, page, cpu, out);
	} else if (page->head != SLAB_NIL) {
		cache->counters.deactivate_to_tail += tail;
		cache->counters.deactivate_to_head += !tail;
		slab_node_add(page, tail);
	} else {
		cache->counters.deactivate_full++;
		page->place = SLAB_PLACE_FULL;
	}
}

void slab_release(struct slab_cache *cache, unsigned int cpu)
{
	struct slab_cpu *c = &cache->cpu[cpu];
	struct slab_page *page = c->page;

	if (c->head != SLAB_NIL) {
		unsigned int last = c->head;

		page->inuse--;
		while (page->links[last] != SLAB_NIL) {
			last = page->links[last];
			page->inuse--;
		}
		page->links[last] = page->head;
		page->head = (uint16_t)c->head;
	}
	c->head = SLAB_NIL;
	c->page = NULL;
}

void slab_put_cpu_partial(struct slab_allocator *slab, struct slab_page *page, unsigned int cpu,
			  bool may_drain, struct mm_outcome *out)
{
	struct slab_cache *cache = page->cache;
	struct slab_cpu *c = &cache->cpu[cpu];
	struct slab_page *drained = NULL;

	if (c->partial && may_drain && list_is_full(slab, c->partial)) {
		drained = c->partial;
		c->partial = NULL;
	}
	page->depth = c->partial ? c->partial->depth + 1 : 1;
	page->stacked = (c->partial ? c->partial->stacked : 0U) + page->objects - page->inuse;
	page->next = c->partial;
	page->place = SLAB_PLACE_CPU_PARTIAL;
	c->partial = page;
	if (drained) {
		cache->counters.cpu_partial_drain++;
		drain(slab, drained, cpu, out);
	}
}

/* Until 5.15 pobjects, the free objects at the time, are compared; since 5.16 slabs. */
static bool list_is_full(const struct slab_allocator *slab, const struct slab_page *top)
{
	const struct slab_geometry *geometry = &top->cache->geometry;

	return slab->profile->partial_objects ? top->stacked > geometry->cpu_partial :
						top->depth >= geometry->cpu_partial_slabs;
}

void slab_put_node_partial(struct slab_allocator *slab, struct slab_page *page, unsigned int cpu,
			   struct mm_outcome *out)
{
	struct slab_cache *cache = page->cache;

	if (!page->inuse && cache->node[page->node].nr_partial >= cache->geometry.min_partial) {
		slab_page_discard(slab, page, cpu, out);
	} else {
		cache->counters.cpu_partial_to_node++;
		slab_node_add(page, true);
	}
}

void slab_node_add(struct slab_page *page, bool tail)
{
	struct slab_node *node = &page->cache->node[page->node];

	if (tail)
		list_add_tail(&node->partial, &page->link);
	else
		list_add(&node->partial, &page->link);
	node->nr_partial++;
	page->place = SLAB_PLACE_NODE_PARTIAL;
}

void slab_node_del(struct slab_page *page)
{
	list_del(&page->link);
	page->cache->node[page->node].nr_partial--;
	page->place = SLAB_PLACE_FULL;
}

struct slab_page *slab_get_partial(struct slab_request *rq, uint32_t gfp)
{
	const int node = partial_node(rq, gfp);

	return node < 0 ? NULL : take_from_node(rq, (unsigned int)node);
}

struct slab_page *slab_peek_partial(struct slab_request *rq, uint32_t gfp)
{
	const int node = partial_node(rq, gfp);

	if (node < 0)
		return NULL;
	return container_of(rq->cache->node[node].partial.next, struct slab_page, link);
}

void slab_flush_cpu(struct slab_allocator *slab, uint32_t id, unsigned int cpu)
{
	struct slab_cache *cache = slab_cache_get(slab, id);

	BUG_ON(cpu >= slab->nr_cpus);
	if (cache && slab->other)
		slab->other->flush_cpu(slab, cache, cpu);
	else if (cache)
		flush_cpu(slab, cache, cpu);
}

void slab_cpu_dead(struct slab_allocator *slab, unsigned int cpu)
{
	BUG_ON(cpu >= slab->nr_cpus);
	for (size_t i = slab->caches.nr; i-- > 0;) {
		if (slab->caches.items[i])
			slab_flush_cpu(slab, (uint32_t)i, cpu);
	}
	if (slab->other)
		slab->other->cpu_dead(slab, cpu);
}

void slab_flush_all(struct slab_allocator *slab, struct slab_cache *cache)
{
	for (unsigned int cpu = 0; cpu < slab->nr_cpus; cpu++)
		flush_cpu(slab, cache, cpu);
	if (cache->sheaves)
		slab_sheaf_flush_barns(slab, cache, 0);
}

bool slab_shrink(struct slab_allocator *slab, uint32_t id, unsigned int cpu)
{
	struct slab_cache *cache = slab_cache_get(slab, id);

	BUG_ON(cpu >= slab->nr_cpus);
	if (!cache)
		return false;
	if (slab->other) {
		slab->other->shrink(slab, cache, cpu);
		return cache->nr_slabs;
	}
	slab_flush_all(slab, cache);
	for (unsigned int i = 0; i < slab->nr_nodes; i++)
		shrink_node(slab, &cache->node[i], cpu);
	return cache->nr_slabs;
}

bool slab_free_empty(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu)
{
	struct mm_outcome out = { 0 };

	for (unsigned int i = 0; i < slab->nr_nodes; i++) {
		struct list_head *head = &cache->node[i].partial;
		struct slab_page *empty = NULL;

		for (struct list_head *pos = head->next, *next; pos != head; pos = next) {
			struct slab_page *page = container_of(pos, struct slab_page, link);

			next = pos->next;
			if (page->inuse)
				continue;
			slab_node_del(page);
			page->next = empty;
			empty = page;
		}
		discard_list(slab, empty, cpu, &out);
		if (cache->node[i].nr_slabs)
			return false;
	}
	return true;
}

/* get_partial_node(): the first becomes the cpu slab, some more go to the CPU's stack. */
static struct slab_page *take_from_node(struct slab_request *rq, unsigned int node)
{
	struct slab_cache *cache = rq->cache;
	struct list_head *head = &cache->node[node].partial;
	struct slab_page *first;
	uint32_t limit = cache->geometry.cpu_partial_slabs;
	uint32_t taken = 0, available;

	first = container_of(head->next, struct slab_page, link);
	slab_node_del(first);
	available = first->objects - first->inuse;
	cache->counters.alloc_from_partial++;
	slab_step(&rq->out, MM_PATH_SLAB_NODE_PARTIAL, rq->slab->costs.slab_node_partial);
	if (!limit && rq->slab->profile->strict_cpu_partial)
		return first;
	while (!took_enough(rq, taken, available) && !list_is_empty(head)) {
		struct slab_page *page = container_of(head->next, struct slab_page, link);

		slab_node_del(page);
		available += page->objects - page->inuse;
		slab_put_cpu_partial(rq->slab, page, rq->cpu, false, &rq->out);
		cache->counters.cpu_partial_node++;
		taken++;
	}
	return first;
}

/* Half of what the list may hold: objects of all slabs taken until 5.15, slabs of it since. */
static bool took_enough(const struct slab_request *rq, uint32_t slabs, uint32_t objects)
{
	const struct slab_geometry *geometry = &rq->cache->geometry;

	return rq->slab->profile->partial_objects ? objects > geometry->cpu_partial / 2 :
						    slabs > geometry->cpu_partial_slabs / 2;
}

/* get_partial(): the node whose list serves the request, -1: none. */
static int partial_node(struct slab_request *rq, uint32_t gfp)
{
	const unsigned int node = search_node(rq);

	if (rq->cache->node[node].nr_partial)
		return (int)node;
	return may_leave_node(rq, gfp) ? other_node(rq) : -1;
}

/*
 * get_any_partial(): nodes with more than they want to keep give one. remote_node_defrag_ratio is
 * 1000 of 1024 by default and compared with the cycle counter: chance for us, too. Distances
 * between nodes are not recorded: the next in number is the nearest.
 */
static int other_node(struct slab_request *rq)
{
	unsigned int nr = rq->slab->nr_nodes;
	unsigned int local = (unsigned int)slab_cpu_node(rq->slab, rq->cpu);

	if (nr == 1 || rng_below(&rq->cache->rng, 1024) > 1000)
		return -1;
	for (unsigned int i = 0; i < nr; i++) {
		unsigned int node = (local + i) % nr;

		if (rq->cache->node[node].nr_partial > rq->cache->geometry.min_partial)
			return (int)node;
	}
	return -1;
}

static unsigned int search_node(const struct slab_request *rq)
{
	return (unsigned int)(rq->node < 0 ? slab_cpu_node(rq->slab, rq->cpu) : rq->node);
}

static bool may_leave_node(const struct slab_request *rq, uint32_t gfp)
{
	return rq->node < 0 || (rq->slab->profile->node_first_round && !(gfp & GFP_BIT_THISNODE));
}

/* __unfreeze_partials() of 6.1, __put_partials() of 6.12: newest first. */
static void drain(struct slab_allocator *slab, struct slab_page *top, unsigned int cpu,
		  struct mm_outcome *out)
{
	struct slab_page *empty = NULL;

	while (top) {
		struct slab_page *page = top;
		struct slab_cache *cache = page->cache;

		top = page->next;
		if (!page->inuse &&
		    cache->node[page->node].nr_partial >= cache->geometry.min_partial) {
			page->next = empty;
			empty = page;
		} else {
			cache->counters.cpu_partial_to_node++;
			slab_node_add(page, true);
		}
	}
	discard_list(slab, empty, cpu, out);
}

static void discard_list(struct slab_allocator *slab, struct slab_page *first, unsigned int cpu,
			 struct mm_outcome *out)
{
	while (first) {
		struct slab_page *page = first;

		first = page->next;
		slab_page_discard(slab, page, cpu, out);
	}
}

static void flush_cpu(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu)
{
	struct slab_cpu *c = &cache->cpu[cpu];
	struct slab_page *partial = c->partial;
	struct mm_outcome out = { 0 };

	if (cache->sheaves) {
		slab_sheaf_flush_cpu(slab, cache, cpu);
		return;
	}
	if (c->page) {
		cache->counters.cpuslab_flush++;
		slab_deactivate(cache, slab, cpu, &out);
	}
	c->partial = NULL;
	drain(slab, partial, cpu, &out);
}

/* __kmem_cache_do_shrink(): the fullest first; beyond 32 free objects a slab keeps its rank. */
static void shrink_node(struct slab_allocator *slab, struct slab_node *node, unsigned int cpu)
{
	enum { NR_RANKS = 32 };
	struct mm_outcome out = { 0 };
	struct list_head ranks[NR_RANKS], empty;

	list_init(&empty);
	for (size_t i = 0; i < NR_RANKS; i++)
		list_init(&ranks[i]);
	for (struct list_head *pos = node->partial.next, *next; pos != &node->partial; pos = next) {
		struct slab_page *page = container_of(pos, struct slab_page, link);
		unsigned int nr_free = (unsigned int)page->objects - page->inuse;

		next = pos->next;
		if (nr_free == page->objects || nr_free <= NR_RANKS) {
			list_del(pos);
			list_add(nr_free == page->objects ? &empty : &ranks[nr_free - 1], pos);
		}
	}
	/* Each rank goes before what is already there, the emptiest rank first. */
	for (size_t i = NR_RANKS; i-- > 0;) {
		while (!list_is_empty(&ranks[i])) {
			struct list_head *last = ranks[i].prev;

			list_del(last);
			list_add(&node->partial, last);
		}
	}
	while (!list_is_empty(&empty)) {
		struct slab_page *page = container_of(empty.next, struct slab_page, link);

		slab_node_del(page);
		slab_page_discard(slab, page, cpu, &out);
	}
}
