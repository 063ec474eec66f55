/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Looking closer at a slab allocator than struct slab_cache_stats does: slab by slab, CPU by CPU,
 * node by node, for /proc-like files and comparisons. Nothing here changes it.
 */
#ifndef KMREPLAY_MM_SLAB_LOOK_H
#define KMREPLAY_MM_SLAB_LOOK_H

#include "kmreplay/mm/slab.h"

/** One slab, or one large kmalloc() object. */
struct slab_info {
	uint32_t cache;     /**< SLAB_CACHE_NONE: a large object */
	uint64_t pfn;
	unsigned int order;
	int node;
	uint32_t flags;     /**< enum slab_flags of the cache */
	uint32_t objects;   /**< slots */
	uint32_t inuse;     /**< of them not free in the slab, as the kernel counts them there */
};

/**
 * The slab or large object at or above page frame "*pfn", which moves behind it: start with 0.
 * False: no more. Slabs that wait for a grace period are not among them.
 */
MUST_CHECK bool slab_next(const struct slab_allocator *slab, uint64_t *pfn,
			  struct slab_info *info);

/**
 * The live object of "cache" that begins at or above "*addr", which moves to its beginning: start
 * with 0, go on with one more. SLAB_CACHE_NONE: large kmalloc() objects. False: no more. This is
 * who keeps a cache from being destroyed; the kernel names those in slabs that also have free
 * objects (list_slab_objects()), here are all.
 */
MUST_CHECK bool slab_next_live(const struct slab_allocator *slab, uint32_t cache, uint64_t *addr);

/** What a CPU holds of a cache; nothing with sheaves. */
struct slab_cpu_info {
	int node;                  /**< of its cpu slab; -1: it has none */
	int partial_node;          /**< of the top of its partial list; -1: it is empty */
	uint32_t nr_partial;       /**< slabs on that list */
};

/** Fills "info" for an existing cache. */
void slab_cpu_info(const struct slab_allocator *slab, uint32_t cache, unsigned int cpu,
		   struct slab_cpu_info *info);

/** The partial list of a node. */
struct slab_node_info {
	uint64_t nr_partial;       /**< slabs */
	uint64_t inuse, free;      /**< objects in them */
};

/** Fills "info" for an existing cache. Walks the list. */
void slab_node_info(const struct slab_allocator *slab, uint32_t cache, unsigned int node,
		    struct slab_node_info *info);
/** Live kmalloc() objects that are vectors of owners, see slab_memcg_set(). */
uint64_t slab_memcg_vectors(const struct slab_allocator *slab);
/** Of the machine. */
unsigned int slab_nr_cpus(const struct slab_allocator *slab);
unsigned int slab_nr_nodes(const struct slab_allocator *slab);

#endif
