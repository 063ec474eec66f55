/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SLAB: what a cache has, and what the design is to the rest of the room. drain_cpu_caches() and
 * __kmem_cache_shrink() of mm/slab.c, 6.1.
 */
#include <config.h>

#include "slab_array.h"

#include <stdlib.h>

static void drain_aliens(struct slab_allocator *slab, struct slab_cache *cache, unsigned int node,
			 unsigned int cpu);
static void leave(struct slab_allocator *slab, struct slab_leaving *leaving, unsigned int cpu);

static void cache_init(struct slab_allocator *slab, struct slab_cache *cache)
{
	const struct slab_geometry *geometry = &cache->geometry;
	struct slab_arrays *arrays = xcalloc(1, sizeof(*arrays));

	cache->arrays = arrays;
	cache->page_gfp |= GFP_BIT_COMP;
	arrays->cpu = xcalloc(slab->nr_cpus, sizeof(struct slab_array *));
	arrays->node = xcalloc(slab->nr_nodes, sizeof(*arrays->node));
	for (unsigned int i = 0; i < slab->nr_nodes; i++)
		list_init(&arrays->node[i].free);
	/* A batch for each CPU of the node and one more, and a slab. */
	for (unsigned int cpu = 0; cpu < slab->nr_cpus; cpu++)
		arrays->node[slab_cpu_node(slab, cpu)].free_limit += geometry->array_batch;
	for (unsigned int i = 0; i < slab->nr_nodes; i++)
		arrays->node[i].free_limit += geometry->array_batch + geometry->objects;
	slab_array_reaper_add(slab, cache);
}

static void cache_deinit(struct slab_allocator *slab, struct slab_cache *cache)
{
	struct slab_arrays *arrays = cache->arrays;

	for (unsigned int cpu = 0; cpu < slab->nr_cpus; cpu++)
		free(arrays->cpu[cpu]);
	for (unsigned int i = 0; i < slab->nr_nodes; i++) {
		struct slab_array_node *n = &arrays->node[i];

		free(n->shared);
		for (unsigned int of = 0; n->alien && of < slab->nr_nodes; of++)
			free(n->alien[of]);
		free(n->alien);
	}
	free(arrays->cpu);
	free(arrays->node);
	free(arrays);
}

/* slab_ksize() */
static uint64_t ksize(const struct slab_allocator *slab, struct slab_object object)
{
	(void)slab;
	return object.page->cache->geometry.object_size;
}

/* do_drain() */
static void flush_cpu(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu)
{
	struct slab_array *array = cache->arrays->cpu[cpu];
	struct slab_leaving leaving = { NULL };

	if (!array)
		return;
	slab_array_drop(cache, array, (unsigned int)slab_cpu_node(slab, cpu), array->avail,
			&leaving);
	leave(slab, &leaving, cpu);
}

/* cpuup_canceled(): free slabs of its node go; how many that may keep stays as it is. */
static void cpu_dead(struct slab_allocator *slab, unsigned int cpu)
{
	const unsigned int node = (unsigned int)slab_cpu_node(slab, cpu);
	struct slab_leaving leaving = { NULL };

	vec_foreach(&slab->caches, cache) {
		while (*cache && slab_array_drop_free(*cache, node, &leaving))
			leave(slab, &leaving, cpu);
	}
}

/* drain_cpu_caches(), then all free slabs. */
static void shrink(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu)
{
	struct slab_leaving leaving = { NULL };

	for (unsigned int i = 0; i < slab->nr_cpus; i++)
		flush_cpu(slab, cache, i);
	for (unsigned int node = 0; node < slab->nr_nodes; node++)
		drain_aliens(slab, cache, node, cpu);
	for (unsigned int node = 0; node < slab->nr_nodes; node++) {
		struct slab_array *shared = cache->arrays->node[node].shared;

		if (shared)
			slab_array_drop(cache, shared, node, shared->avail, &leaving);
		leave(slab, &leaving, cpu);
	}
	for (unsigned int node = 0; node < slab->nr_nodes; node++) {
		while (slab_array_drop_free(cache, node, &leaving))
			leave(slab, &leaving, cpu);
	}
}

static uint64_t count(const struct slab_allocator *slab, const struct slab_cache *cache,
		      struct slab_cache_stats *stats)
{
	const struct slab_arrays *arrays = cache->arrays;
	uint64_t nr_free = 0;

	for (unsigned int cpu = 0; cpu < slab->nr_cpus; cpu++)
		stats->sheaf_objs += arrays->cpu[cpu] ? arrays->cpu[cpu]->avail : 0;
	for (unsigned int i = 0; i < slab->nr_nodes; i++) {
		const struct slab_array_node *n = &arrays->node[i];

		stats->partial_slabs += cache->node[i].nr_partial;
		stats->free_slabs += n->nr_free;
		stats->shared_objs += n->shared ? n->shared->avail : 0;
		for (unsigned int of = 0; n->alien && of < slab->nr_nodes; of++)
			stats->sheaf_objs += n->alien[of] ? n->alien[of]->avail : 0;
		nr_free += n->free_objects;
	}
	stats->sheaf_objs += stats->shared_objs;
	return nr_free;
}

/* All objects in "array" are the cache's, free for nobody but it, and of "node". */
static bool check_array(const struct slab_cache *cache, const struct slab_array *array,
			unsigned int node, struct slab_held *held, struct error *err)
{
	if (!array)
		return true;
	if (array->avail > array->limit)
		return error_set(err, "array of %u with %u objects", array->limit, array->avail);
	for (uint32_t i = 0; i < array->avail; i++) {
		const struct slab_object *object = &array->entries[i];

		if (object->page->cache != cache || object->page->node != node ||
		    object->slot >= object->page->objects ||
		    object->page->links[object->slot] != SLAB_SHEAFED)
			return error_set(err, "array with an object that has no place there");
	}
	held->objects += array->avail;
	return true;
}

static bool check_node(const struct slab_allocator *slab, const struct slab_cache *cache,
		       unsigned int node, struct slab_held *held, struct error *err)
{
	const struct slab_array_node *n = &cache->arrays->node[node];
	uint64_t nr = 0, nr_free = 0;

	list_foreach(&n->free, pos) {
		const struct slab_page *page = container_of(pos, struct slab_page, link);

		if (page->inuse || page->node != node || page->cache != cache)
			return error_set(err, "slab on the free list that is not free");
		nr_free += page->objects;
		nr++;
	}
	list_foreach(&cache->node[node].partial, pos) {
		const struct slab_page *page = container_of(pos, struct slab_page, link);

		if (!page->inuse)
			return error_set(err, "free slab on the partial list");
		nr_free += (uint64_t)page->objects - page->inuse;
	}
	if (nr != n->nr_free || nr_free != n->free_objects)
		return error_set(err, "%llu free slabs, %llu free objects counted wrong",
				 (unsigned long long)nr, (unsigned long long)nr_free);
	held->slabs += nr;
	if (!check_array(cache, n->shared, node, held, err))
		return false;
	for (unsigned int of = 0; n->alien && of < slab->nr_nodes; of++)
		if (!check_array(cache, n->alien[of], of, held, err))
			return false;
	return true;
}

static bool check(const struct slab_allocator *slab, const struct slab_cache *cache,
		  struct slab_held *held, struct error *err)
{
	for (unsigned int cpu = 0; cpu < slab->nr_cpus; cpu++)
		if (!check_array(cache, cache->arrays->cpu[cpu],
				 (unsigned int)slab_cpu_node(slab, cpu), held, err))
			return error_prefix(err, "CPU %u", cpu);
	for (unsigned int node = 0; node < slab->nr_nodes; node++)
		if (!check_node(slab, cache, node, held, err))
			return error_prefix(err, "node %u", node);
	return true;
}

const struct slab_design_ops slab_array_ops = {
	.layout = slab_array_layout,
	.init = slab_array_reaper_init,
	.deinit = slab_array_reaper_deinit,
	.cache_init = cache_init,
	.cache_deinit = cache_deinit,
	.alloc = slab_array_alloc,
	.free = slab_array_free,
	.ksize = ksize,
	.flush_cpu = flush_cpu,
	.cpu_dead = cpu_dead,
	.shrink = shrink,
	.tick = slab_array_tick,
	.count = count,
	.check = check,
};

/* drain_alien_cache() */
static void drain_aliens(struct slab_allocator *slab, struct slab_cache *cache, unsigned int node,
			 unsigned int cpu)
{
	const struct slab_array_node *n = &cache->arrays->node[node];
	struct slab_leaving leaving = { NULL };

	for (unsigned int of = 0; n->alien && of < slab->nr_nodes; of++) {
		if (!n->alien[of])
			continue;
		slab_array_drain_alien(cache, n->alien[of], of, &leaving);
		leave(slab, &leaving, cpu);
	}
}

/* slabs_destroy(), on nobody's account. */
static void leave(struct slab_allocator *slab, struct slab_leaving *leaving, unsigned int cpu)
{
	struct mm_outcome out = { 0 };

	slab_array_gone(slab, leaving, cpu, &out);
}
