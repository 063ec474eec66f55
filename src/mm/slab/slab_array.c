/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SLAB: objects in front of the slabs, as ____cache_alloc(), cache_alloc_refill(),
 * cache_flusharray() and __cache_free_alien() of mm/slab.c move them, 6.1 (gone in 6.8).
 *
 * Theory
 * ------
 * 1. Each CPU has a stack of free objects of each cache, whichever slabs of its node they are of:
 *    allocations pop it, frees push to it. An empty one is refilled, a full one flushed, by about
 *    half of what it holds (the batch).
 * 2. Behind it stands an array that the CPUs of a node share, so that one CPU's frees can become
 *    another one's allocations without a look at slabs; then the slabs of the node.
 *
 *	alloc <- CPU's array <-batch- shared array <-batch- partial slabs, free slabs, a new slab
 *	free  -> CPU's array -batch-> shared array, or, if that is full, to the slabs
 *	free of another node's object -> array for that node -> its shared array, its slabs
 *
 * 3. Popped and pushed is the newest; flushed is the oldest. What is taken over from the shared
 *    array is its newest. An array that was not used for a while is refilled with less.
 * 4. A slab never leaves its node's lists for a CPU. For it, an object in an array is in use.
 *
 * Left out: the arrays' own memory (the kernel kmalloc()s all but the CPUs'); ours is the host's.
 * Pages that were taken from the reserves (pfmemalloc) are treated like all others.
 */
#include <config.h>

#include "slab_array.h"

#include <string.h>

enum {
	IDLE_BATCH = 16,  /* BATCHREFILL_LIMIT */
	ALIEN_LIMIT = 12,
};

static struct slab_object from_array(struct slab_request *rq);
static bool refill(struct slab_request *rq, struct slab_array *array);
static uint32_t refill_from_slabs(struct slab_request *rq, struct slab_array *array,
				  uint32_t batch);
static struct slab_object from_node(struct slab_request *rq, uint32_t gfp, unsigned int node);
static struct slab_object from_anywhere(struct slab_request *rq, uint32_t gfp);
static uint32_t exact_node(const struct slab_request *rq, uint32_t gfp);
static bool is_numa(const struct slab_allocator *slab);
static void free_alien(struct slab_allocator *slab, unsigned int cpu, struct slab_object object,
		       struct slab_leaving *leaving, struct mm_outcome *out);
static void flush(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu,
		  struct slab_array *array, struct slab_leaving *leaving);
static uint32_t transfer(struct slab_array *to, struct slab_array *from, uint32_t max);
static void drop_first(struct slab_array *array, uint32_t nr);
static struct slab_array *cpu_array(struct slab_cache *cache, unsigned int cpu);
static struct slab_array *shared_array(struct slab_cache *cache, unsigned int node);
static struct slab_array *alien_array(const struct slab_allocator *slab, struct slab_cache *cache,
				      unsigned int node, unsigned int of);
static struct slab_array *array_create(uint32_t limit);

/* __do_cache_alloc() */
struct mm_outcome slab_array_alloc(struct slab_request *rq)
{
	struct slab_cache *cache = rq->cache;
	const int local = slab_cpu_node(rq->slab, rq->cpu);
	struct slab_object object = { 0 };

	if (rq->node < 0 || rq->node == local)
		object = from_array(rq);
	else
		cache->counters.alloc_node_mismatch++;
	if (!object.page && is_numa(rq->slab))
		object = from_node(rq, rq->gfp, (unsigned int)(rq->node < 0 ? local : rq->node));
	if (!object.page) {
		cache->counters.alloc_failed++;
		rq->out.addr = 0;
		return rq->out;
	}
	object.page->links[object.slot] = SLAB_LIVE;
	cache->counters.allocs++;
	rq->out.failure = MM_FAIL_NONE;
	rq->out.addr = object.page->base + (uint64_t)object.slot * cache->size;
	return rq->out;
}

/* ___cache_free() */
struct mm_outcome slab_array_free(struct slab_allocator *slab, unsigned int cpu,
				  struct slab_object object)
{
	struct slab_cache *cache = object.page->cache;
	struct slab_array *array = cpu_array(cache, cpu);
	struct slab_leaving leaving = { NULL };
	struct mm_outcome out = { 0 };

	object.page->links[object.slot] = SLAB_SHEAFED;
	cache->counters.frees++;
	if (unlikely(object.page->node != slab_cpu_node(slab, cpu))) {
		free_alien(slab, cpu, object, &leaving, &out);
	} else {
		if (array->avail == array->limit) {
			cache->counters.free_slowpath++;
			slab_step(&out, MM_PATH_SLAB_FREE_SLOW, slab->costs.slab_free_slow);
			flush(slab, cache, cpu, array, &leaving);
		}
		array->entries[array->avail++] = object;
		slab_step(&out, MM_PATH_SLAB_FREE_FAST, slab->costs.slab_free_fast);
	}
	if (leaving.first) {
		slab_array_gone(slab, &leaving, cpu, &out);
		out.path = MM_PATH_SLAB_FREE_DISCARD;
	}
	return out;
}

void slab_array_drain_alien(struct slab_cache *cache, struct slab_array *alien, unsigned int node,
			    struct slab_leaving *leaving)
{
	if (cache->geometry.array_shared)
		transfer(shared_array(cache, node), alien, alien->avail);
	slab_array_drop(cache, alien, node, alien->avail, leaving);
}

void slab_array_drop(struct slab_cache *cache, struct slab_array *array, unsigned int node,
		     uint32_t nr, struct slab_leaving *leaving)
{
	slab_array_put(cache, array->entries, nr, node, leaving);
	drop_first(array, nr);
}

/* ____cache_alloc() */
static struct slab_object from_array(struct slab_request *rq)
{
	struct slab_array *array = cpu_array(rq->cache, rq->cpu);

	if (likely(array->avail)) {
		slab_step(&rq->out, MM_PATH_SLAB_FAST, rq->slab->costs.slab_fast);
	} else {
		rq->cache->counters.alloc_slowpath++;
		if (!refill(rq, array))
			return (struct slab_object){ 0 };
	}
	array->touched = true;
	return array->entries[--array->avail];
}

/* cache_alloc_refill(): something is in the array afterwards, or nothing was to be had. */
static bool refill(struct slab_request *rq, struct slab_array *array)
{
	struct slab_cache *cache = rq->cache;
	const unsigned int node = (unsigned int)slab_cpu_node(rq->slab, rq->cpu);
	struct slab_array *shared = cache->arrays->node[node].shared;
	uint32_t batch = cache->geometry.array_batch;
	struct slab_page *page;

	if (!array->touched)
		batch = MIN(batch, (uint32_t)IDLE_BATCH);
	if (shared && transfer(array, shared, batch)) {
		shared->touched = true;
		cache->counters.alloc_refill++;
		slab_step(&rq->out, MM_PATH_SLAB_REFILL, rq->slab->costs.slab_refill);
		return true;
	}
	if (refill_from_slabs(rq, array, batch))
		return true;
	page = slab_array_grow(rq, exact_node(rq, rq->gfp), node);
	if (!page)
		return false;
	while (batch-- && page->head != SLAB_NIL)
		array->entries[array->avail++] = slab_array_take(page);
	cache->counters.array_refill += array->avail;
	slab_array_grown(page);
	return true;
}

/* The loop of cache_alloc_refill() over slabs; how many objects it got. */
static uint32_t refill_from_slabs(struct slab_request *rq, struct slab_array *array,
				  uint32_t batch)
{
	struct slab_cache *cache = rq->cache;
	const unsigned int node = (unsigned int)slab_cpu_node(rq->slab, rq->cpu);
	struct slab_array_node *n = &cache->arrays->node[node];

	if (!n->free_objects)
		return 0;
	while (array->avail < batch) {
		struct slab_page *page = slab_array_first(cache, node);

		if (!page)
			break;
		cache->counters.alloc_from_partial++;
		slab_step(&rq->out, MM_PATH_SLAB_NODE_PARTIAL, rq->slab->costs.slab_node_partial);
		while (array->avail < batch && page->head != SLAB_NIL)
			array->entries[array->avail++] = slab_array_take(page);
		slab_array_fixup(page);
	}
	n->free_objects -= array->avail;
	cache->counters.array_refill += array->avail;
	return array->avail;
}

/* ____cache_alloc_node(): one object straight from a node's slabs. */
static struct slab_object from_node(struct slab_request *rq, uint32_t gfp, unsigned int node)
{
	struct slab_page *page = slab_array_first(rq->cache, node);
	struct slab_object object;

	if (page) {
		rq->cache->counters.alloc_from_partial++;
		slab_step(&rq->out, MM_PATH_SLAB_NODE_PARTIAL, rq->slab->costs.slab_node_partial);
		object = slab_array_take(page);
		rq->cache->arrays->node[node].free_objects--;
		slab_array_fixup(page);
		return object;
	}
	page = slab_array_grow(rq, exact_node(rq, gfp), node);
	if (!page)
		return from_anywhere(rq, gfp);
	object = slab_array_take(page);
	slab_array_grown(page);
	return object;
}

/*
 * fallback_alloc(): objects that any node has, then a new slab from wherever the page allocator
 * finds it, by all means. Nodes come by number from the own one on.
 */
static struct slab_object from_anywhere(struct slab_request *rq, uint32_t gfp)
{
	const unsigned int nr_nodes = rq->slab->nr_nodes;
	const unsigned int local = (unsigned int)slab_cpu_node(rq->slab, rq->cpu);
	struct slab_page *page;
	unsigned int node;

	if (gfp & GFP_BIT_THISNODE)
		return (struct slab_object){ 0 };
	for (unsigned int i = 0; i < nr_nodes; i++) {
		node = (local + i) % nr_nodes;
		if (rq->cache->arrays->node[node].free_objects)
			return from_node(rq, exact_node(rq, gfp), node);
	}
	page = slab_array_grow(rq, gfp, local);
	if (!page)
		return (struct slab_object){ 0 };
	node = page->node;
	slab_array_grown(page);
	return from_node(rq, exact_node(rq, gfp), node);
}

/* gfp_exact_node(): that node, without reclaim; kernels without NUMA ask in earnest at once. */
static uint32_t exact_node(const struct slab_request *rq, uint32_t gfp)
{
	if (!is_numa(rq->slab))
		return gfp & ~(uint32_t)GFP_BIT_NOFAIL;
	return (gfp | GFP_BIT_THISNODE | GFP_BIT_NOWARN) &
	       ~(uint32_t)(GFP_BITS_RECLAIM | GFP_BIT_NOFAIL);
}

/* CONFIG_NUMA, which kernels for 64 bits are built with, whatever the machine has. */
static bool is_numa(const struct slab_allocator *slab)
{
	return slab->config.arch != ARCH_X86_32 || slab->nr_nodes > 1;
}

/* __cache_free_alien() */
static void free_alien(struct slab_allocator *slab, unsigned int cpu, struct slab_object object,
		       struct slab_leaving *leaving, struct mm_outcome *out)
{
	struct slab_cache *cache = object.page->cache;
	const unsigned int of = object.page->node;
	struct slab_array *alien =
		alien_array(slab, cache, (unsigned int)slab_cpu_node(slab, cpu), of);

	cache->counters.free_remote++;
	slab_step(out, MM_PATH_SLAB_FREE_SLOW, slab->costs.slab_free_slow);
	if (alien->avail == alien->limit)
		slab_array_drain_alien(cache, alien, of, leaving);
	alien->entries[alien->avail++] = object;
}

/* cache_flusharray(): the oldest, to the shared array as long as that has room at all. */
static void flush(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu,
		  struct slab_array *array, struct slab_leaving *leaving)
{
	const unsigned int node = (unsigned int)slab_cpu_node(slab, cpu);
	struct slab_array *shared = shared_array(cache, node);
	uint32_t nr = cache->geometry.array_batch;

	if (shared && shared->avail < shared->limit) {
		nr = MIN(nr, shared->limit - shared->avail);
		memcpy(&shared->entries[shared->avail], array->entries,
		       nr * sizeof(array->entries[0]));
		shared->avail += nr;
		drop_first(array, nr);
	} else {
		slab_array_drop(cache, array, node, nr, leaving);
	}
	cache->counters.array_flush += nr;
}

/* transfer_objects(): the newest of "from". */
static uint32_t transfer(struct slab_array *to, struct slab_array *from, uint32_t max)
{
	const uint32_t nr = MIN(MIN(from->avail, max), to->limit - to->avail);

	from->avail -= nr;
	memcpy(&to->entries[to->avail], &from->entries[from->avail], nr * sizeof(to->entries[0]));
	to->avail += nr;
	return nr;
}

static void drop_first(struct slab_array *array, uint32_t nr)
{
	array->avail -= nr;
	memmove(array->entries, &array->entries[nr], array->avail * sizeof(array->entries[0]));
}

/* Arrays are made when they are first used: most caches are used on few CPUs. */
static struct slab_array *cpu_array(struct slab_cache *cache, unsigned int cpu)
{
	struct slab_array **array = &cache->arrays->cpu[cpu];

	if (unlikely(!*array))
		*array = array_create(cache->geometry.array_limit);
	return *array;
}

/* NULL: the cache has none. */
static struct slab_array *shared_array(struct slab_cache *cache, unsigned int node)
{
	const struct slab_geometry *geometry = &cache->geometry;
	struct slab_array **array = &cache->arrays->node[node].shared;

	if (!*array && geometry->array_shared)
		*array = array_create(geometry->array_shared * geometry->array_batch);
	return *array;
}

static struct slab_array *alien_array(const struct slab_allocator *slab, struct slab_cache *cache,
				      unsigned int node, unsigned int of)
{
	struct slab_array_node *n = &cache->arrays->node[node];
	const uint32_t limit = cache->geometry.array_limit;

	if (!n->alien)
		n->alien = xcalloc(slab->nr_nodes, sizeof(struct slab_array *));
	if (!n->alien[of])
		n->alien[of] = array_create(limit > 1 ? ALIEN_LIMIT : limit);
	return n->alien[of];
}

static struct slab_array *array_create(uint32_t limit)
{
	struct slab_array *array = xmalloc(sizeof(*array) + limit * sizeof(array->entries[0]));

	*array = (struct slab_array){ .limit = limit };
	return array;
}
