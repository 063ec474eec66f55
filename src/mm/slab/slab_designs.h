/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What sets the designs of slab allocators apart: numbers for the relatives of mm/slub.c, functions
 * for the others. The fast paths know nothing of it: a cache of another design never has a cpu slab
 * or a sheaf, so each call ends up where the functions here take over.
 *
 * Shared by all: the map from pages to slabs, caches and their names, kmalloc() classes, large
 * kmalloc(), slabs that wait for RCU, and in struct slab_page which objects are live.
 */
#ifndef KMREPLAY_MM_SLAB_DESIGNS_H
#define KMREPLAY_MM_SLAB_DESIGNS_H

#include "kmreplay/mm/slab_design.h"
#include "slab_sheaf.h"

/** What a cache has of its own, besides slub.c's lists. */
struct slab_held {
	uint64_t objects; /**< whose slots are SLAB_SHEAFED */
	uint64_t slabs;   /**< that stand on nodes' lists */
};

/** What a cache's bytes are. Unless a design says otherwise, by slabs and strides. */
struct slab_sums {
	uint64_t num_objs;     /**< slots */
	uint64_t bytes;        /**< pages */
	uint64_t slot_bytes;   /**< of them slots */
	uint64_t live_bytes;   /**< strides of live objects */
	uint64_t object_bytes; /**< the same without what makes them strides */
	uint64_t alloc_bytes;  /**< strides of all that were ever handed out */
};

/** A design that is not mm/slub.c's. Where nothing else is said, all functions are there. */
struct slab_design_ops {
	/** Geometry of a cache of "args"; "recorded": a stride that is known, or 0. */
	bool (*layout)(struct slab_geometry *geometry, const struct machine_config *config,
		       const struct slab_cache_args *args, uint32_t recorded);
	/** What has to be there before the first cache, and after the last. */
	void (*init)(struct slab_allocator *slab);
	void (*deinit)(struct slab_allocator *slab);
	/** What a cache has of its own; its host memory is freed by the other. */
	void (*cache_init)(struct slab_allocator *slab, struct slab_cache *cache);
	void (*cache_deinit)(struct slab_allocator *slab, struct slab_cache *cache);
	/** kmem_cache_alloc_node(); the node exists or is -1. */
	struct mm_outcome (*alloc)(struct slab_request *rq);
	/** kmem_cache_free(), kfree() of a live object in a slab. */
	struct mm_outcome (*free)(struct slab_allocator *slab, unsigned int cpu,
				  struct slab_object object);
	/** kmalloc_node() of a size that kmalloc_class() knows; NULL: there are classes. */
	struct mm_outcome (*kmalloc)(struct slab_request *rq, uint32_t size);
	uint32_t (*kmalloc_class)(const struct slab_allocator *slab, uint64_t size);
	/** The cache of an object in a slab; NULL: the slab's. */
	uint32_t (*cache_of)(const struct slab_allocator *slab, struct slab_object object);
	/** ksize() of a live object in a slab. */
	uint64_t (*ksize)(const struct slab_allocator *slab, struct slab_object object);
	/** What an object of a heap takes there; NULL: there is none. */
	uint64_t (*stride)(const struct slab_allocator *slab, struct slab_object object);
	/** do_drain(): what the CPU holds of the cache goes back to the slabs. */
	void (*flush_cpu)(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu);
	/** What else happens when a CPU went offline, all caches having been flushed there. */
	void (*cpu_dead)(struct slab_allocator *slab, unsigned int cpu);
	/** __kmem_cache_shrink(): all that can be given back is. */
	void (*shrink)(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu);
	/** A grace period is over for single objects; pages given back. NULL: only slabs wait. */
	size_t (*rcu_grace)(struct slab_allocator *slab, unsigned int cpu);
	/** Background work that is due at "now_ns"; returns when there will be more. */
	uint64_t (*tick)(struct slab_allocator *slab, uint64_t now_ns);
	/** Corrects "sums" of a cache that owns no slabs; NULL: all do. */
	void (*sums)(const struct slab_allocator *slab, const struct slab_cache *cache,
		     struct slab_sums *sums);
	/** Sets what of "stats" the lists of slub.c don't tell; returns free objects on nodes. */
	uint64_t (*count)(const struct slab_allocator *slab, const struct slab_cache *cache,
			  struct slab_cache_stats *stats);
	/** The invariants of what the cache has of its own; "held" becomes what was found there. */
	bool (*check)(const struct slab_allocator *slab, const struct slab_cache *cache,
		      struct slab_held *held, struct error *err);
	/** The invariants of slabs of no one cache; "live": objects by cache; NULL: none. */
	bool (*check_heap)(const struct slab_allocator *slab, uint64_t *live, struct error *err);
};

/** What a design is, beyond the release's rules. */
struct slab_design_info {
	const char *name;
	struct kernel_version since, until;  /**< releases that have it; 0.0: no bound */
	const struct slab_design_ops *ops;   /**< NULL: mm/slub.c */
	uint32_t max_order;                  /**< slab_max_order= unless it is set */
	uint32_t kmalloc_min;                /**< the smallest class of kmalloc() */
	uint32_t kmalloc_flags;              /**< enum slab_flags of its caches */
	bool single;                         /**< no cpu slabs: objects one by one */
	bool one_round;                      /**< a preferred node gets no round of its own */
	bool keeps_none;                     /**< MIN_PARTIAL and MAX_PARTIAL are 0 */
	bool in_order;                       /**< new slabs are handed out from their start */
	bool no_reclaim;                     /**< SLAB_RECLAIM_ACCOUNT means nothing */
	bool align_to_merge;                 /**< caches merge only if the older one's align fits */
	bool never_merges;
};

/** False and "err" when "config" sets a limit that its design does not know. */
MUST_CHECK bool slab_design_heeds(const struct machine_config *config, struct error *err);
/** That of slab_design_of(). */
const struct slab_design_info *slab_design_info(const struct machine_config *config);

#endif
