/* SPDX-License-Identifier: GPL-2.0-or-later */
/** Making and removing caches: slab_cache.c. Included by slab_internal.h. */
#ifndef KMREPLAY_MM_SLAB_CACHES_H
#define KMREPLAY_MM_SLAB_CACHES_H

#include "slab_internal.h"

/** NULL when "cache" is none. */
static inline struct slab_cache *slab_cache_get(const struct slab_allocator *slab, uint32_t cache)
{
	return cache < slab->caches.nr ? slab->caches.items[cache] : NULL;
}
/** Objects in use. */
static inline uint64_t slab_cache_live(const struct slab_cache *cache)
{
	return cache->placed + cache->counters.allocs - cache->counters.frees;
}
/** Other caches may become names of it (slab_unmergeable()). */
bool slab_cache_may_merge(const struct slab_allocator *slab, const struct slab_cache *cache);
/** Frees the host memory of a cache, which may be NULL; its slabs are not looked at. */
void slab_cache_free(struct slab_allocator *slab, struct slab_cache *cache);
/** A cache with that layout, never an alias; returns its id. */
uint32_t slab_cache_add(struct slab_allocator *slab, const struct slab_cache_args *args,
			const struct slab_geometry *geometry);

#endif
