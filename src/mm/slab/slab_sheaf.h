/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Many objects at once: arrays of them, and sheaves, the stacks of free objects in front of the
 * slabs (7.0+).
 */
#ifndef KMREPLAY_MM_SLAB_SHEAF_H
#define KMREPLAY_MM_SLAB_SHEAF_H

#include "slab_internal.h"

/** One slot of one slab. */
struct slab_object {
	struct slab_page *page; /**< NULL in a bulk free: a large object, already given back */
	uint32_t slot;
};

/** A stack of free objects: struct slab_sheaf. */
struct slab_sheaf {
	struct slab_sheaf *next; /**< in a barn */
	uint32_t nr;             /**< objects in it; at most the cache's sheaf_capacity */
	struct slab_object objects[];
};

/** What a CPU holds of a cache with sheaves: struct slub_percpu_sheaves. */
struct slab_cpu_sheaves {
	struct slab_sheaf *main;  /**< allocations and frees; NULL before the first use */
	struct slab_sheaf *spare; /**< full or empty; may be NULL */
};

/** Sheaves a node keeps for its CPUs: struct node_barn. Both lists are stacks. */
struct slab_barn {
	struct slab_sheaf *full, *empty;
	uint32_t nr_full, nr_empty;
};

/** slab_alloc_node() of a cache with sheaves, when the CPU's main sheaf has nothing for it. */
struct mm_outcome slab_sheaf_alloc(struct slab_request *rq);
/** slab_free() of an object of a cache with sheaves. */
struct mm_outcome slab_sheaf_free(struct slab_allocator *slab, unsigned int cpu,
				  struct slab_object object);
/** Takes up to "nr" objects off the CPU's sheaves into "addrs"; returns how many. */
size_t slab_sheaf_alloc_bulk(struct slab_request *rq, size_t nr, uint64_t *addrs);
/** Puts listed objects of "cache" into the CPU's sheaves, what does not fit into the slabs. */
void slab_sheaf_free_bulk(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu,
			  size_t nr, struct slab_object *objects);
/** Empties what the CPU, or all barns, hold of the cache into the slabs. */
void slab_sheaf_flush_cpu(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu);
void slab_sheaf_flush_barns(struct slab_allocator *slab, struct slab_cache *cache,
			    unsigned int cpu);
/** The CPU's main sheaf, made when there was none yet. */
struct slab_sheaf *slab_sheaf_main(struct slab_cache *cache, unsigned int cpu);
/** refill_objects(): "nr" objects off slabs, old and new, into "objects"; how many there were. */
size_t slab_sheaf_take(struct slab_request *rq, uint32_t gfp, size_t nr,
		       struct slab_object *objects);
/** Frees the host memory of all sheaves of the cache. */
void slab_sheaf_deinit(struct slab_cache *cache, unsigned int nr_cpus, unsigned int nr_nodes);

/** A new, empty sheaf in no place. */
struct slab_sheaf *slab_sheaf_create(const struct slab_cache *cache);
/** A full sheaf in no place goes to the barn of the CPU's node, on top. */
void slab_sheaf_to_barn(const struct slab_allocator *slab, struct slab_cache *cache,
			unsigned int cpu, struct slab_sheaf *sheaf);

/* slab_follow_sheaf.c */

/**
 * Makes the full sheaves of a node's barn empty ones: up to "nr" objects go to "main", the others
 * are live from now on.
 */
void slab_sheaf_drop_barn(struct slab_cache *cache, unsigned int node, struct slab_sheaf *main,
			  uint32_t nr);
/** Objects of "page" vanish from all sheaves of its cache; those above move down. */
void slab_sheaf_forget(struct slab_allocator *slab, struct slab_page *page);
/** The same for one of its objects. */
void slab_sheaf_forget_one(struct slab_allocator *slab, struct slab_page *page, unsigned int slot);

/** The top of one of a barn's stacks, which must have one. */
static inline struct slab_sheaf *slab_barn_pop(struct slab_sheaf **list, uint32_t *nr)
{
	struct slab_sheaf *sheaf = *list;

	*list = sheaf->next;
	--*nr;
	return sheaf;
}

static inline void slab_barn_push(struct slab_sheaf **list, uint32_t *nr,
				  struct slab_sheaf *sheaf)
{
	sheaf->next = *list;
	*list = sheaf;
	++*nr;
}

/* slab_bulk.c */

/**
 * __kmem_cache_free_bulk(): gives "nr" objects back to their slabs in runs of one slab; "reverse":
 * the last of a run ends on top, else the first. "objects" is reordered.
 */
void slab_free_objects(struct slab_allocator *slab, unsigned int cpu, size_t nr,
		       struct slab_object *objects, bool reverse, struct mm_outcome *out);

#endif
