/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sheaves: alloc_from_pcs(), free_to_pcs(), refill_objects() and the barns of mm/slub.c, 7.2.
 *
 * Theory
 * ------
 * 1. In front of its slabs a cache has, on each CPU, two stacks of free objects of any slabs of the
 *    CPU's node: the main sheaf, which allocations pop and frees push, and a spare, full or empty.
 *    Cpu slabs and cpu partial lists are gone; a slab is on its node's list or full.
 *
 *	  alloc <- main <-> spare <-> barn of the node (full and empty sheaves, at most 10 full)
 *	  free  ->        empty: refilled from slabs      full: flushed to slabs
 *
 * 2. For its slab an object in a sheaf is in use. So slabs see traffic in whole sheaves only: pages
 *    are asked for in bursts, long before their objects are handed out.
 * 3. A sheaf is filled from the bottom and emptied from the top: objects come out in the reverse of
 *    the order in which they left their slabs.
 *
 * Left out: the kernel kmalloc()s its sheaves; those requests are events of a recording like any
 * other and are replayed as such, while ours are host memory and never fail. Hence also the rule
 * that the kmalloc caches' own sheaves are not made while one is being made, which who replays such
 * a request has to say (slab_alloc_for_sheaf()). Not modelled: sheaves that collect kfree_rcu(),
 * since no event tells of them; what they brought shows when it is handed out again.
 */
#include <config.h>

#include "slab_partial.h"
#include "slab_sheaf.h"
#include "slab_tap.h"

#include <stdlib.h>

enum {
	MAX_FULL_SHEAVES = 10, /* MAX_FULL_SHEAVES of the barn */
	FLUSH_BATCH = 32,      /* PCS_BATCH_MAX */
};

static struct mm_outcome pop_top(struct slab_request *rq, struct slab_sheaf *sheaf);
static struct slab_sheaf *take_prefilled(struct slab_request *rq);
static bool replace_empty_main(struct slab_request *rq);
static bool refill_spare(struct slab_request *rq, struct slab_sheaf *sheaf);
static struct slab_sheaf *replace_full_main(struct slab_allocator *slab, struct slab_cache *cache,
					    unsigned int cpu, bool may_work,
					    struct mm_outcome *out);
static size_t refill(struct slab_request *rq, uint32_t gfp, size_t nr, struct slab_object *objects);
static size_t refill_from_node(struct slab_request *rq, unsigned int node, size_t nr,
			       struct slab_object *objects);
static size_t refill_from_others(struct slab_request *rq, size_t nr, struct slab_object *objects);
static size_t refill_from_new(struct slab_request *rq, uint32_t gfp, size_t nr,
			      struct slab_object *objects);
static size_t take(struct slab_page *page, size_t nr, struct slab_object *objects);
static void flush(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu,
		  struct slab_sheaf *sheaf, uint32_t batch, struct mm_outcome *out);
static struct slab_sheaf *main_of(struct slab_cache *cache, unsigned int cpu);
static struct slab_barn *barn_of(const struct slab_allocator *slab, struct slab_cache *cache,
				 unsigned int cpu);
static bool is_local(const struct slab_allocator *slab, unsigned int cpu,
		     const struct slab_page *page);
static void free_list(struct slab_sheaf *sheaf);

struct mm_outcome slab_sheaf_alloc(struct slab_request *rq)
{
	struct slab_cache *cache = rq->cache;
	struct slab_sheaf *sheaf = main_of(cache, rq->cpu);
	const struct slab_object *top;

	if (rq->node >= 0 && rq->node != slab_cpu_node(rq->slab, rq->cpu)) {
		cache->counters.alloc_node_mismatch++;
		cache->counters.alloc_slowpath++;
		return slab_alloc_single(rq);
	}
	if (!sheaf->nr && !replace_empty_main(rq)) {
		cache->counters.alloc_slowpath++;
		return slab_alloc_single(rq);
	}
	sheaf = cache->sheaves[rq->cpu].main;
	top = &sheaf->objects[sheaf->nr - 1];
	if (rq->node >= 0 && rq->node != top->page->node) {
		cache->counters.alloc_node_mismatch++;
		cache->counters.alloc_slowpath++;
		return slab_alloc_single(rq);
	}
	return pop_top(rq, sheaf);
}

struct mm_outcome slab_alloc_prefilled(struct slab_allocator *slab, uint32_t id, unsigned int cpu,
				       uint32_t gfp)
{
	struct slab_request rq = {
		.slab = slab, .cache = slab_cache_get(slab, id), .cpu = cpu, .node = -1, .gfp = gfp,
	};
	struct slab_sheaf *sheaf;

	BUG_ON(cpu >= slab->nr_cpus);
	if (!rq.cache || !rq.cache->sheaves)
		return slab_alloc_untold(slab, id, cpu, -1, gfp, 0);
	sheaf = take_prefilled(&rq);
	if (!sheaf->nr)
		sheaf->nr = (uint32_t)refill(&rq, gfp | GFP_BIT_NOMEMALLOC | GFP_BIT_NOWARN,
					     rq.cache->geometry.sheaf_capacity, sheaf->objects);
	rq.cache->sheaves[cpu].spare = sheaf;
	if (!sheaf->nr) {
		rq.cache->counters.alloc_failed++;
		return rq.out;
	}
	return pop_top(&rq, sheaf);
}

struct mm_outcome slab_alloc_for_sheaf(struct slab_allocator *slab, uint32_t id, unsigned int cpu,
				       uint32_t gfp)
{
	struct slab_request rq = {
		.slab = slab, .cache = slab_cache_get(slab, id), .cpu = cpu, .node = -1, .gfp = gfp,
		.no_recurse = true,
	};

	BUG_ON(cpu >= slab->nr_cpus);
	if (!rq.cache || !rq.cache->sheaves)
		return slab_alloc_untold(slab, id, cpu, -1, gfp, 0);
	return slab_sheaf_alloc(&rq);
}

struct mm_outcome slab_sheaf_free(struct slab_allocator *slab, unsigned int cpu,
				  struct slab_object object)
{
	struct slab_page *page = object.page;
	struct slab_cache *cache = page->cache;
	struct slab_sheaf *sheaf;
	struct mm_outcome out = { 0 };

	if (!is_local(slab, cpu, page)) {
		cache->counters.free_remote++;
		return slab_free_chain(slab, cpu, &(struct slab_chain){
			.page = page,
			.head = (uint16_t)object.slot,
			.tail = (uint16_t)object.slot,
			.nr = 1,
		});
	}
	sheaf = main_of(cache, cpu);
	if (sheaf->nr == cache->geometry.sheaf_capacity)
		sheaf = replace_full_main(slab, cache, cpu, true, &out);
	page->links[object.slot] = SLAB_SHEAFED;
	sheaf->objects[sheaf->nr++] = object;
	if (out.path == MM_PATH_NONE)
		out.path = MM_PATH_SLAB_SHEAF;
	slab_step(&out, MM_PATH_NONE, slab->costs.slab_free_fast);
	return out;
}

/*
 * kmem_cache_alloc_bulk(): from the main sheaf block by block, each in ascending order, then from
 * the spare and full ones of the barn; what is missing comes straight from slabs.
 */
size_t slab_sheaf_alloc_bulk(struct slab_request *rq, size_t nr, uint64_t *addrs)
{
	struct slab_cache *cache = rq->cache;
	struct slab_cpu_sheaves *c = &cache->sheaves[rq->cpu];
	struct slab_barn *barn = barn_of(rq->slab, cache, rq->cpu);
	struct slab_object *objects;
	size_t got = 0, missing;

	main_of(cache, rq->cpu);
	while (got < nr) {
		size_t batch = MIN((size_t)c->main->nr, nr - got);

		c->main->nr -= (uint32_t)batch;
		for (size_t i = 0; i < batch; i++) {
			const struct slab_object *object = &c->main->objects[c->main->nr + i];

			object->page->links[object->slot] = SLAB_LIVE;
			addrs[got++] = object->page->base + (uint64_t)object->slot * cache->size;
		}
		slab_step(&rq->out, MM_PATH_NONE, rq->slab->costs.slab_fast);
		if (got == nr) {
			if (rq->out.path == MM_PATH_NONE)
				rq->out.path = MM_PATH_SLAB_SHEAF;
			return got;
		}
		if (c->spare && c->spare->nr) {
			struct slab_sheaf *empty = c->main;

			c->main = c->spare;
			c->spare = empty;
			cache->counters.sheaf_swap++;
		} else if (barn->full) {
			slab_barn_push(&barn->empty, &barn->nr_empty, c->main);
			c->main = slab_barn_pop(&barn->full, &barn->nr_full);
			cache->counters.barn_get++;
		} else {
			break;
		}
	}
	missing = nr - got;
	objects = xreallocarray(NULL, missing, sizeof(*objects));
	missing = refill(rq, rq->gfp, missing, objects);
	for (size_t i = 0; i < missing; i++) {
		objects[i].page->links[objects[i].slot] = SLAB_LIVE;
		addrs[got++] = objects[i].page->base + (uint64_t)objects[i].slot * cache->size;
	}
	free(objects);
	return got;
}

/* free_to_pcs_bulk() */
void slab_sheaf_free_bulk(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu,
			  size_t nr, struct slab_object *objects)
{
	struct slab_object remote[FLUSH_BATCH];
	struct mm_outcome out = { 0 };
	size_t nr_remote = 0, done = 0;

	/* Those of other nodes (and, against the contract, other caches) make way for the last. */
	for (size_t i = 0; i < nr;) {
		if (objects[i].page && objects[i].page->cache == cache &&
		    is_local(slab, cpu, objects[i].page)) {
			i++;
			continue;
		}
		remote[nr_remote++] = objects[i];
		objects[i] = objects[--nr];
		if (nr_remote == FLUSH_BATCH) {
			slab_free_objects(slab, cpu, nr_remote, remote, false, &out);
			nr_remote = 0;
		}
	}
	slab_free_objects(slab, cpu, nr_remote, remote, false, &out);
	main_of(cache, cpu);
	while (done < nr) {
		struct slab_sheaf *sheaf = cache->sheaves[cpu].main;

		if (sheaf->nr == cache->geometry.sheaf_capacity)
			sheaf = replace_full_main(slab, cache, cpu, false, &out);
		if (!sheaf)
			break;
		while (done < nr && sheaf->nr < cache->geometry.sheaf_capacity) {
			objects[done].page->links[objects[done].slot] = SLAB_SHEAFED;
			sheaf->objects[sheaf->nr++] = objects[done++];
		}
	}
	slab_free_objects(slab, cpu, nr - done, objects + done, false, &out);
}

/* flush_cpu_sheaves(): the spare goes, the main sheaf stays, empty. */
void slab_sheaf_flush_cpu(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu)
{
	struct slab_cpu_sheaves *c = &cache->sheaves[cpu];
	struct mm_outcome out = { 0 };

	if (c->spare) {
		flush(slab, cache, cpu, c->spare, UINT32_MAX, &out);
		free(c->spare);
		c->spare = NULL;
	}
	if (c->main)
		flush(slab, cache, cpu, c->main, FLUSH_BATCH, &out);
}

/* barn_shrink() of all nodes. */
void slab_sheaf_flush_barns(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu)
{
	struct mm_outcome out = { 0 };

	for (unsigned int i = 0; i < slab->nr_nodes; i++) {
		struct slab_barn *barn = &cache->barn[i];

		while (barn->full) {
			struct slab_sheaf *sheaf = slab_barn_pop(&barn->full, &barn->nr_full);

			flush(slab, cache, cpu, sheaf, UINT32_MAX, &out);
			free(sheaf);
		}
		while (barn->empty)
			free(slab_barn_pop(&barn->empty, &barn->nr_empty));
	}
}

struct slab_sheaf *slab_sheaf_main(struct slab_cache *cache, unsigned int cpu)
{
	return main_of(cache, cpu);
}

size_t slab_sheaf_take(struct slab_request *rq, uint32_t gfp, size_t nr,
		       struct slab_object *objects)
{
	return refill(rq, gfp, nr, objects);
}

void slab_sheaf_deinit(struct slab_cache *cache, unsigned int nr_cpus, unsigned int nr_nodes)
{
	if (!cache->sheaves)
		return;
	for (unsigned int i = 0; i < nr_cpus; i++) {
		free(cache->sheaves[i].main);
		free(cache->sheaves[i].spare);
	}
	for (unsigned int i = 0; i < nr_nodes; i++) {
		free_list(cache->barn[i].full);
		free_list(cache->barn[i].empty);
	}
}

struct slab_sheaf *slab_sheaf_create(const struct slab_cache *cache)
{
	struct slab_sheaf *sheaf = xmalloc(sizeof(*sheaf) + cache->geometry.sheaf_capacity *
							    sizeof(sheaf->objects[0]));

	sheaf->next = NULL;
	sheaf->nr = 0;
	return sheaf;
}

void slab_sheaf_to_barn(const struct slab_allocator *slab, struct slab_cache *cache,
			unsigned int cpu, struct slab_sheaf *sheaf)
{
	struct slab_barn *barn = barn_of(slab, cache, cpu);

	slab_barn_push(&barn->full, &barn->nr_full, sheaf);
}

static struct mm_outcome pop_top(struct slab_request *rq, struct slab_sheaf *sheaf)
{
	const struct slab_object *top = &sheaf->objects[--sheaf->nr];

	top->page->links[top->slot] = SLAB_LIVE;
	rq->cache->counters.allocs++;
	if (rq->out.path == MM_PATH_NONE)
		rq->out.path = MM_PATH_SLAB_SHEAF;
	slab_step(&rq->out, MM_PATH_NONE, rq->slab->costs.slab_fast);
	rq->out.addr = top->page->base + (uint64_t)top->slot * rq->cache->size;
	rq->out.failure = MM_FAIL_NONE;
	return rq->out;
}

/* kmem_cache_prefill_sheaf(): the spare one, else one of the barn, else a new one. */
static struct slab_sheaf *take_prefilled(struct slab_request *rq)
{
	struct slab_cpu_sheaves *c = &rq->cache->sheaves[rq->cpu];
	struct slab_barn *barn = barn_of(rq->slab, rq->cache, rq->cpu);

	if (c->spare)
		return c->spare;
	if (barn->full)
		return slab_barn_pop(&barn->full, &barn->nr_full);
	if (barn->empty)
		return slab_barn_pop(&barn->empty, &barn->nr_empty);
	return slab_sheaf_create(rq->cache);
}

/* __pcs_replace_empty_main(): false when the slabs have to serve the request. */
static bool replace_empty_main(struct slab_request *rq)
{
	struct slab_cache *cache = rq->cache;
	struct slab_cpu_sheaves *c = &cache->sheaves[rq->cpu];
	struct slab_barn *barn = barn_of(rq->slab, cache, rq->cpu);
	struct slab_sheaf *sheaf = c->spare;

	if (sheaf && sheaf->nr) {
		c->spare = c->main;
		c->main = sheaf;
		cache->counters.sheaf_swap++;
		return true;
	}
	if (barn->full) {
		slab_barn_push(&barn->empty, &barn->nr_empty, c->main);
		c->main = slab_barn_pop(&barn->full, &barn->nr_full);
		cache->counters.barn_get++;
		slab_step(&rq->out, MM_PATH_SLAB_BARN, rq->slab->costs.slab_cpu_partial);
		return true;
	}
	if (!sheaf && !barn->empty && rq->no_recurse)
		return false;
	c->spare = NULL;
	if (!sheaf && barn->empty)
		sheaf = slab_barn_pop(&barn->empty, &barn->nr_empty);
	if (!sheaf)
		sheaf = slab_sheaf_create(cache);
	return refill_spare(rq, sheaf);
}

/* Fills an empty sheaf, which then is the main one. Half full will not do: then it goes. */
static bool refill_spare(struct slab_request *rq, struct slab_sheaf *sheaf)
{
	struct slab_cache *cache = rq->cache;
	struct slab_cpu_sheaves *c = &cache->sheaves[rq->cpu];
	uint32_t gfp = rq->gfp | GFP_BIT_NOMEMALLOC | GFP_BIT_NOWARN;

	sheaf->nr = (uint32_t)refill(rq, gfp, cache->geometry.sheaf_capacity, sheaf->objects);
	if (sheaf->nr < cache->geometry.sheaf_capacity) {
		flush(rq->slab, cache, rq->cpu, sheaf, UINT32_MAX, &rq->out);
		free(sheaf);
		return false;
	}
	c->spare = c->main;
	c->main = sheaf;
	return true;
}

/*
 * __pcs_replace_full_main(): the new main sheaf, with room. Without "may_work" no sheaf is made and
 * none flushed, and NULL says that the slabs have to take the objects (the bulk variant).
 */
static struct slab_sheaf *replace_full_main(struct slab_allocator *slab, struct slab_cache *cache,
					    unsigned int cpu, bool may_work,
					    struct mm_outcome *out)
{
	struct slab_cpu_sheaves *c = &cache->sheaves[cpu];
	struct slab_barn *barn = barn_of(slab, cache, cpu);
	struct slab_sheaf *full = c->main, *sheaf;

	if (c->spare && c->spare->nr < cache->geometry.sheaf_capacity) {
		c->main = c->spare;
		c->spare = full;
		cache->counters.sheaf_swap++;
		return c->main;
	}
	if (c->spare && barn->nr_full >= MAX_FULL_SHEAVES) {
		if (!may_work)
			return NULL;
		c->main = c->spare;
		c->spare = full;
		flush(slab, cache, cpu, c->main, UINT32_MAX, out);
		return c->main;
	}
	if (!barn->empty && !may_work)
		return NULL;
	sheaf = barn->empty ? slab_barn_pop(&barn->empty, &barn->nr_empty) :
			      slab_sheaf_create(cache);
	if (!c->spare) {
		c->spare = full;
	} else {
		slab_barn_push(&barn->full, &barn->nr_full, full);
		cache->counters.barn_put++;
		slab_step(out, MM_PATH_SLAB_BARN, slab->costs.slab_cpu_partial);
	}
	c->main = sheaf;
	return sheaf;
}

/* refill_objects(): "nr" objects off slabs into "objects"; how many there were. */
static size_t refill(struct slab_request *rq, uint32_t gfp, size_t nr, struct slab_object *objects)
{
	unsigned int local = (unsigned int)slab_cpu_node(rq->slab, rq->cpu);
	size_t got = refill_from_node(rq, local, nr, objects);

	if (got < nr)
		got += refill_from_others(rq, nr - got, objects + got);
	if (got < nr)
		got += refill_from_new(rq, gfp, nr - got, objects + got);
	rq->cache->counters.sheaf_refill += got;
	return got;
}

/* Slabs off the head of the node's list until there is enough; a rest goes to the tail. */
static size_t refill_from_node(struct slab_request *rq, unsigned int node, size_t nr,
			       struct slab_object *objects)
{
	struct list_head *head = &rq->cache->node[node].partial, taken;
	size_t got = 0, there = 0;

	list_init(&taken);
	while (there < nr && !list_is_empty(head)) {
		struct slab_page *page = container_of(head->next, struct slab_page, link);

		slab_node_del(page);
		list_add_tail(&taken, &page->link);
		there += (size_t)page->objects - page->inuse;
		rq->cache->counters.alloc_from_partial++;
		slab_step(&rq->out, MM_PATH_SLAB_NODE_PARTIAL, rq->slab->costs.slab_node_partial);
	}
	while (!list_is_empty(&taken)) {
		struct slab_page *page = container_of(taken.next, struct slab_page, link);

		list_del(&page->link);
		got += take(page, nr - got, objects + got);
		if (page->head != SLAB_NIL)
			slab_node_add(page, true);
	}
	return got;
}

/* __refill_objects_any(): nodes that have more than they want to keep. */
static size_t refill_from_others(struct slab_request *rq, size_t nr, struct slab_object *objects)
{
	unsigned int nr_nodes = rq->slab->nr_nodes;
	unsigned int local = (unsigned int)slab_cpu_node(rq->slab, rq->cpu);
	size_t got = 0;

	if (nr_nodes == 1 || rng_below(&rq->cache->rng, 1024) > 1000)
		return 0;
	for (unsigned int i = 1; i < nr_nodes && got < nr; i++) {
		unsigned int node = (local + i) % nr_nodes;

		if (rq->cache->node[node].nr_partial > rq->cache->geometry.min_partial)
			got += refill_from_node(rq, node, nr - got, objects + got);
	}
	return got;
}

/* New slabs on this node; what is left of the last one goes to the head of its node's list. */
static size_t refill_from_new(struct slab_request *rq, uint32_t gfp, size_t nr,
			      struct slab_object *objects)
{
	size_t got = 0;

	while (got < nr) {
		struct slab_page *page =
			slab_page_new(rq, gfp, slab_cpu_node(rq->slab, rq->cpu));

		if (!page)
			break;
		got += take(page, nr - got, objects + got);
		if (page->head != SLAB_NIL)
			slab_node_add(page, false);
	}
	return got;
}

/* Up to "nr" objects off the slab's free list, in its order. */
static size_t take(struct slab_page *page, size_t nr, struct slab_object *objects)
{
	size_t got = 0;

	while (got < nr && page->head != SLAB_NIL) {
		unsigned int slot = page->head;

		page->head = page->links[slot];
		page->links[slot] = SLAB_SHEAFED;
		objects[got++] = (struct slab_object){ page, slot };
	}
	page->inuse = (uint16_t)(page->inuse + got);
	return got;
}

/* Empties a sheaf into the slabs, "batch" objects at a time from its top. */
static void flush(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu,
		  struct slab_sheaf *sheaf, uint32_t batch, struct mm_outcome *out)
{
	cache->counters.sheaf_flush += sheaf->nr;
	while (sheaf->nr) {
		uint32_t nr = MIN(batch, sheaf->nr);

		sheaf->nr -= nr;
		slab_free_objects(slab, cpu, nr, sheaf->objects + sheaf->nr, false, out);
	}
}

/* The kernel makes each CPU's main sheaf with the cache; we, when the CPU first needs it. */
static struct slab_sheaf *main_of(struct slab_cache *cache, unsigned int cpu)
{
	struct slab_cpu_sheaves *c = &cache->sheaves[cpu];

	if (!c->main)
		c->main = slab_sheaf_create(cache);
	return c->main;
}

static struct slab_barn *barn_of(const struct slab_allocator *slab, struct slab_cache *cache,
				 unsigned int cpu)
{
	return &cache->barn[slab_cpu_node(slab, cpu)];
}

static bool is_local(const struct slab_allocator *slab, unsigned int cpu,
		     const struct slab_page *page)
{
	return page->node == slab_cpu_node(slab, cpu);
}

static void free_list(struct slab_sheaf *sheaf)
{
	while (sheaf) {
		struct slab_sheaf *next = sheaf->next;

		free(sheaf);
		sheaf = next;
	}
}
