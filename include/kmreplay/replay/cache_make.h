/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A cache of the recording becomes one of a simulated slab allocator: a kmalloc class where it is
 * one, else a cache with the layout that its events show.
 */
#ifndef KMREPLAY_REPLAY_CACHE_MAKE_H
#define KMREPLAY_REPLAY_CACHE_MAKE_H

#include "kmreplay/event/names.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/repair/repair.h"

struct replay_cache_args {
	const struct repair_cache *cache;
	uint32_t object_size; /**< bytes_req and bytes_alloc of an event of it */
	uint32_t size;
	unsigned int nr_cpus; /**< of the machine: a cache costs something for each */
	/** Keep sets of classes apart that stand beside the ordinary ones (memdup_user). */
	bool buckets;
};

/** SLAB_CACHE_NONE when no slab can hold such objects, or there are too many caches. */
uint32_t replay_cache_make(struct slab_allocator *slab, const struct event_names *names,
			   const struct replay_cache_args *args);
/** No kernel has that many: a damaged recording shall not fill the memory. */
bool replay_too_many_caches(const struct slab_allocator *slab, unsigned int nr_cpus);
/** enum slab_flags of a recorded cache. */
uint32_t replay_cache_flags(const struct repair_cache *cache);

#endif
