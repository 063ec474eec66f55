/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * SLAB: what a cache has in front of and beside its slabs, for the files of that design.
 *
 *	slab_array.c         objects: CPUs' arrays, their refill and flush, arrays for other nodes
 *	slab_array_node.c    slabs: nodes' lists, new slabs, objects to and from slabs
 *	slab_array_reap.c    giving back what lies idle
 *	slab_array_ops.c     caches, flush, shrink, numbers, and the table of functions
 *	slab_array_layout.c  geometry
 */
#ifndef KMREPLAY_MM_SLAB_ARRAY_H
#define KMREPLAY_MM_SLAB_ARRAY_H

#include "slab_designs.h"
#include "slab_sheaf.h"

/** A stack of free objects: struct array_cache. */
struct slab_array {
	uint32_t avail;   /**< objects in it */
	uint32_t limit;
	bool touched;     /**< used since the reaper looked last */
	struct slab_object entries[];
};

/** What a node holds of a cache beside its partial slabs: struct kmem_cache_node. */
struct slab_array_node {
	struct list_head free;     /**< slabs without an object in use or in an array */
	uint64_t nr_free;          /**< slabs on it */
	uint64_t free_objects;     /**< in its partial and free slabs */
	uint64_t free_limit;       /**< above that, free slabs go back */
	uint64_t next_reap_ns;
	uint32_t colour_next;
	bool free_touched;         /**< a free slab was wanted since the reaper looked last */
	struct slab_array *shared; /**< for its CPUs; NULL: never used yet, or none */
	struct slab_array **alien; /**< by node, for objects freed here; NULL: never used yet */
};

/** Of a cache. */
struct slab_arrays {
	struct slab_array **cpu;      /**< nr_cpus; NULL: never used yet */
	struct slab_array_node *node; /**< nr_nodes */
};

/** Slabs on their way back to the page allocator: last in, first out. */
struct slab_leaving {
	struct slab_page *first;
};

extern const struct slab_design_ops slab_array_ops;

/** __kmem_cache_create() up to setup_cpu_cache(); "recorded": a stride that is known, or 0. */
MUST_CHECK bool slab_array_layout(struct slab_geometry *geometry,
				  const struct machine_config *config,
				  const struct slab_cache_args *args, uint32_t recorded);

/* slab_array.c */

struct mm_outcome slab_array_alloc(struct slab_request *rq);
struct mm_outcome slab_array_free(struct slab_allocator *slab, unsigned int cpu,
				  struct slab_object object);
/** __drain_alien_cache(): "alien" has objects of "node". */
void slab_array_drain_alien(struct slab_cache *cache, struct slab_array *alien, unsigned int node,
			    struct slab_leaving *leaving);
/** free_block() of the oldest "nr" of "array", all of "node". */
void slab_array_drop(struct slab_cache *cache, struct slab_array *array, unsigned int node,
		     uint32_t nr, struct slab_leaving *leaving);

/* slab_array_node.c */

/** get_first_slab(): taken off its list, or NULL. */
struct slab_page *slab_array_first(struct slab_cache *cache, unsigned int node);
/** fixup_slab_list(): to where a slab belongs that objects were taken from. */
void slab_array_fixup(struct slab_page *page);
/** slab_get_obj(): the slab must have one. */
struct slab_object slab_array_take(struct slab_page *page);
/** cache_grow_begin(): a new slab in no list, all free; NULL with rq->out.failure set. */
struct slab_page *slab_array_grow(struct slab_request *rq, uint32_t gfp, unsigned int node);
/** cache_grow_end() */
void slab_array_grown(struct slab_page *page);
/** free_block(): "nr" objects of "node" go back to their slabs. */
void slab_array_put(struct slab_cache *cache, const struct slab_object *objects, uint32_t nr,
		    unsigned int node, struct slab_leaving *leaving);
/** The node's oldest free slab leaves; false when it has none. */
bool slab_array_drop_free(struct slab_cache *cache, unsigned int node,
			  struct slab_leaving *leaving);
/** slabs_destroy() */
void slab_array_gone(struct slab_allocator *slab, struct slab_leaving *leaving, unsigned int cpu,
		     struct mm_outcome *out);

/* slab_array_reap.c */

void slab_array_reaper_init(struct slab_allocator *slab);
void slab_array_reaper_deinit(struct slab_allocator *slab);
/** A new cache has its turn. */
void slab_array_reaper_add(struct slab_allocator *slab, struct slab_cache *cache);
uint64_t slab_array_tick(struct slab_allocator *slab, uint64_t now_ns);

#endif
