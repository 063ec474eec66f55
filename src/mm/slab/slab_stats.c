/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a cache looks like, as /proc/slabinfo and /sys/kernel/slab count it (get_slabinfo(),
 * show_slab_objects() of mm/slub.c), and where its bytes are lost. Counted when asked for, so that
 * allocation and free need not keep more than a few sums.
 */
#include <config.h>

#include "slab_designs.h"

static uint64_t count_node_free(const struct slab_allocator *slab, const struct slab_cache *cache,
				uint64_t *nr_slabs);
static struct slab_sums sums_of(const struct slab_allocator *slab, const struct slab_cache *cache);
static void add_cache(struct slab_totals *totals, const struct slab_allocator *slab,
		      const struct slab_cache *cache);
static void add_counters(struct slab_counters *sum, const struct slab_counters *part);
static void count_sheaves(const struct slab_allocator *slab, const struct slab_cache *cache,
			  struct slab_cache_stats *stats);

uint32_t slab_nr_caches(const struct slab_allocator *slab)
{
	return (uint32_t)slab->caches.nr;
}

bool slab_cache_get_stats(const struct slab_allocator *slab, uint32_t id,
			  struct slab_cache_stats *stats)
{
	const struct slab_cache *cache = slab_cache_get(slab, id);
	struct slab_sums sums;

	if (!cache)
		return false;
	sums = sums_of(slab, cache);
	*stats = (struct slab_cache_stats){
		.name = cache->name,
		.flags = cache->flags,
		.aliases = (uint32_t)cache->refcount - 1,
		.geometry = cache->geometry,
		.nr_slabs = cache->nr_slabs,
		.num_objs = sums.num_objs,
		.live_objs = slab_cache_live(cache),
		.rcu_slabs = cache->rcu_slabs,
		.bytes = sums.bytes,
		.object_bytes = sums.object_bytes,
		.live_bytes = sums.live_bytes,
		.alloc_bytes = sums.alloc_bytes,
		.loss_align = sums.live_bytes - sums.object_bytes,
		.loss_padding = sums.bytes - sums.slot_bytes,
		.loss_free = sums.slot_bytes - sums.live_bytes,
		.counters = cache->counters,
	};
	stats->active_objs = sums.num_objs -
			     (slab->other ? slab->other->count(slab, cache, stats) :
					    count_node_free(slab, cache, &stats->partial_slabs));
	if (cache->sheaves)
		count_sheaves(slab, cache, stats);
	for (unsigned int i = 0; i < slab->nr_cpus; i++) {
		const struct slab_cpu *c = &cache->cpu[i];

		stats->cpu_slabs += c->page != NULL;
		stats->cpu_partial_slabs += c->partial ? c->partial->depth : 0;
	}
	return true;
}

void slab_totals(const struct slab_allocator *slab, struct slab_totals *totals)
{
	*totals = (struct slab_totals){ 0 };
	for (size_t id = 0; id < slab->caches.nr; id++) {
		const struct slab_cache *cache = slab->caches.items[id];

		if (!cache)
			continue;
		for (unsigned int i = 0; i < slab->nr_nodes; i++)
			totals->partial_slabs += cache->node[i].nr_partial;
		add_cache(totals, slab, cache);
	}
}

void slab_count_anew(struct slab_allocator *slab)
{
	vec_foreach(&slab->caches, at) {
		struct slab_cache *cache = *at;

		if (!cache)
			continue;
		cache->placed = slab_cache_live(cache);
		cache->counters = (struct slab_counters){ 0 };
		cache->varied_bytes = 0;
	}
}

void slab_cache_stats_add(struct slab_cache_stats *sum, const struct slab_cache_stats *part)
{
	sum->aliases += part->aliases;
	sum->nr_slabs += part->nr_slabs;
	sum->num_objs += part->num_objs;
	sum->active_objs += part->active_objs;
	sum->live_objs += part->live_objs;
	sum->partial_slabs += part->partial_slabs;
	sum->cpu_slabs += part->cpu_slabs;
	sum->cpu_partial_slabs += part->cpu_partial_slabs;
	sum->sheaf_objs += part->sheaf_objs;
	sum->shared_objs += part->shared_objs;
	sum->free_slabs += part->free_slabs;
	sum->rcu_slabs += part->rcu_slabs;
	sum->bytes += part->bytes;
	sum->object_bytes += part->object_bytes;
	sum->live_bytes += part->live_bytes;
	sum->alloc_bytes += part->alloc_bytes;
	sum->loss_align += part->loss_align;
	sum->loss_padding += part->loss_padding;
	sum->loss_free += part->loss_free;
	add_counters(&sum->counters, &part->counters);
}

uint64_t slab_pages_held(const struct slab_allocator *slab)
{
	return slab->slab_pages + slab->rcu_pages + slab->large_pages;
}

/* Free objects on node partial lists; "*nr_slabs" becomes the number of slabs there. */
static uint64_t count_node_free(const struct slab_allocator *slab, const struct slab_cache *cache,
				uint64_t *nr_slabs)
{
	uint64_t nr_free = 0;

	for (unsigned int i = 0; i < slab->nr_nodes; i++) {
		const struct slab_node *node = &cache->node[i];

		*nr_slabs += node->nr_partial;
		list_foreach(&node->partial, pos) {
			const struct slab_page *page = container_of(pos, struct slab_page, link);

			nr_free += (uint64_t)page->objects - page->inuse;
		}
	}
	return nr_free;
}

static struct slab_sums sums_of(const struct slab_allocator *slab, const struct slab_cache *cache)
{
	const uint64_t live = slab_cache_live(cache);
	struct slab_sums sums = {
		.num_objs = cache->num_objs,
		.bytes = cache->nr_pages << KERNEL_PAGE_SHIFT,
		.slot_bytes = cache->num_objs * cache->size,
		.live_bytes = live * cache->size,
		.object_bytes = live * cache->geometry.object_size,
		.alloc_bytes = cache->counters.allocs * cache->size,
	};

	if (slab->other && slab->other->sums)
		slab->other->sums(slab, cache, &sums);
	return sums;
}

static void add_cache(struct slab_totals *totals, const struct slab_allocator *slab,
		      const struct slab_cache *cache)
{
	const struct slab_sums sums = sums_of(slab, cache);

	totals->nr_slabs += cache->nr_slabs;
	totals->num_objs += sums.num_objs;
	totals->live_objs += slab_cache_live(cache);
	totals->bytes += sums.bytes;
	totals->live_bytes += sums.live_bytes;
	totals->alloc_bytes += sums.alloc_bytes;
	totals->loss_align += sums.live_bytes - sums.object_bytes;
	totals->loss_padding += sums.bytes - sums.slot_bytes;
	totals->loss_free += sums.slot_bytes - sums.live_bytes;
	add_counters(&totals->counters, &cache->counters);
}

static void add_counters(struct slab_counters *sum, const struct slab_counters *part)
{
	sum->allocs += part->allocs;
	sum->frees += part->frees;
#define X(name, help) sum->name += part->name;
	SLAB_COUNTERS(X)
#undef X
}

static void count_sheaves(const struct slab_allocator *slab, const struct slab_cache *cache,
			  struct slab_cache_stats *stats)
{
	for (unsigned int i = 0; i < slab->nr_cpus; i++) {
		const struct slab_cpu_sheaves *sheaves = &cache->sheaves[i];

		stats->sheaf_objs += sheaves->main ? sheaves->main->nr : 0;
		stats->sheaf_objs += sheaves->spare ? sheaves->spare->nr : 0;
	}
	for (unsigned int i = 0; i < slab->nr_nodes; i++) {
		for (const struct slab_sheaf *it = cache->barn[i].full; it; it = it->next)
			stats->sheaf_objs += it->nr;
	}
}
