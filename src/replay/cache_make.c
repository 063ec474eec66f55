/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Caches of the recording as caches of a slab allocator. */
#include <config.h>

#include "kmreplay/replay/cache_make.h"

#include "kmreplay/abi/gfp.h"

#include <string.h>

static uint32_t class_of(const struct slab_allocator *slab, const struct event_names *names,
			 const struct replay_cache_args *args, bool *exact);

uint32_t replay_cache_make(struct slab_allocator *slab, const struct event_names *names,
			   const struct replay_cache_args *args)
{
	const struct repair_cache *cache = args->cache;
	bool exact;
	uint32_t class = class_of(slab, names, args, &exact);

	if (exact)
		return class;
	if (replay_too_many_caches(slab, args->nr_cpus))
		return class;
	return slab_cache_by_geometry(slab, intern_text(&names->texts, cache->name),
				      args->object_size, args->size, replay_cache_flags(cache));
}

bool replay_too_many_caches(const struct slab_allocator *slab, unsigned int nr_cpus)
{
	return (uint64_t)slab_nr_caches(slab) * nr_cpus > SLAB_MAX_CPU_CACHES;
}

uint32_t replay_cache_flags(const struct repair_cache *cache)
{
	return (cache->reclaimable ? SLAB_RECLAIM_ACCOUNT : 0U) |
	       (cache->account ? SLAB_ACCOUNT : 0U) | (cache->dma ? SLAB_CACHE_DMA : 0U);
}

/* The size class that would serve such a request; "*exact": it is this very cache. */
static uint32_t class_of(const struct slab_allocator *slab, const struct event_names *names,
			 const struct replay_cache_args *args, bool *exact)
{
	const struct repair_cache *cache = args->cache;
	const uint32_t gfp = (cache->reclaimable ? (uint32_t)GFP_BIT_RECLAIMABLE : 0U) |
			     (cache->account ? (uint32_t)GFP_BIT_ACCOUNT : 0U) |
			     (cache->dma ? (uint32_t)GFP_BIT_DMA : 0U);
	uint32_t class = slab_kmalloc_class(slab, args->size, gfp);
	struct slab_cache_stats stats;

	/* A kernel with other size classes has classes this machine lacks. */
	*exact = class != SLAB_CACHE_NONE && cache->kmalloc &&
		 slab_cache_geometry(slab, class)->object_size == args->size;
	if (*exact && args->buckets && slab_cache_get_stats(slab, class, &stats))
		*exact = !strcmp(stats.name, intern_text(&names->texts, cache->name));
	return class;
}
