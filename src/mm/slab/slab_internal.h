/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the files of the slab room share. Outside only kmreplay/mm/slab.h is known.
 *
 *	slab.c          the allocator: allocation and free, fast and slow
 *	slab_cache.c    making, merging and removing caches
 *	slab_page.c     getting slabs from the page allocator and giving them back
 *	slab_partial.c  lists of slabs: deactivation, cpu and node partial lists, flush, shrink
 *	slab_sheaf.c    sheaves and barns, which replace cpu slabs and cpu partial lists in 7.0
 *	slab_bulk.c     many objects at once
 *	slab_kmalloc.c  size classes and large objects
 *	slab_krealloc.c the rest of the kmalloc() family
 *	slab_memcg.c    vectors for objects that are charged to memory cgroups
 *	slab_map.c      address to slab
 *	slab_start.c    slabs that exist before the first request
 *	slab_follow.c   looking at what comes next, and correcting it by a recording
 *	slab_design.c   which allocator it is: SLUB and its relatives, or another one
 *	slab_array.h    files of SLAB
 *	slab_stats.c, slab_check.c  look, change nothing
 */
#ifndef KMREPLAY_MM_SLAB_INTERNAL_H
#define KMREPLAY_MM_SLAB_INTERNAL_H

#include "kmreplay/core/list.h"
#include "kmreplay/core/rng.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/slab_follow.h"
#include "slab_cost.h"
#include "slab_map.h"

/** Values of a slot's link beyond slot numbers (at most SLAB_MAX_OBJECTS - 1). */
enum {
	SLAB_NIL = 0xffff,    /**< end of a free list */
	SLAB_LIVE = 0xfffe,   /**< allocated: on no free list */
	SLAB_LISTED = 0xfffd, /**< live, and in the array of a running bulk free */
	SLAB_SHEAFED = 0xfffc, /**< free, in a sheaf; for its slab it is in use */
};

/** One slab: struct slab of the kernel. */
struct slab_page {
	union {
		struct list_head link;  /**< on the node partial list */
		struct {
			struct slab_page *next; /**< on the cpu partial list, or waiting for RCU */
			/** Free objects from here on, as each slab was when it came to the list. */
			uint32_t stacked;
		};
	};
	struct slab_cache *cache;
	uint64_t base;    /**< address of object 0 */
	uint64_t vector;  /**< of objects' owners: its address; 0: none, 1: inside */
	uint64_t index;   /**< SLAB: address of its free slots' numbers, kept outside; or 0 */
	union {
		uint32_t depth;  /**< slabs on the cpu partial list from here on, with this */
		uint32_t offset; /**< SLAB: bytes of pages before object 0 */
	};
	uint16_t head;    /**< first free slot, SLAB_NIL: none (slab->freelist) */
	uint16_t inuse;   /**< slots that are not on "head"'s list */
	uint16_t objects; /**< slots */
	uint16_t node;
	uint8_t order;
	uint8_t place;    /**< enum slab_place */
	uint16_t links[]; /**< a slot's successor on its free list, or SLAB_NIL, SLAB_LIVE */
};

struct slab_cpu_sheaves;
struct slab_barn;
struct slab_design_info;
struct slab_design_ops;
struct slab_arrays;
struct slab_reaper;
struct slob;

/** What a CPU holds of a cache: struct kmem_cache_cpu. */
struct slab_cpu {
	struct slab_page *page;    /**< the cpu slab; set whenever head is not SLAB_NIL */
	struct slab_page *partial; /**< top of the stack of partial slabs */
	uint32_t head;             /**< first slot of the CPU's own free list of "page" */
};

/** What a node holds of a cache: struct kmem_cache_node. */
struct slab_node {
	struct list_head partial;
	uint64_t nr_partial;
	uint64_t nr_slabs; /**< in whatever place */
};

/** struct kmem_cache. */
struct slab_cache {
	struct slab_cpu *cpu;     /**< nr_cpus of them */
	struct slab_cpu_sheaves *sheaves; /**< nr_cpus of them; NULL: the cache has none */
	uint64_t reciprocal;      /**< ceil(2^64 / size): division by multiplication */
	uint32_t size;            /**< geometry.size, next to what the fast path reads */
	uint32_t flags;
	struct slab_counters counters;
	struct slab_node *node;   /**< nr_nodes of them */
	struct slab_barn *barn;   /**< nr_nodes of them; NULL: no sheaves */
	struct slab_arrays *arrays; /**< NULL: the design is not SLAB */
	struct slab_geometry geometry;
	bool single;              /**< no cpu slabs: objects go to and from slabs one by one */
	bool in_order;            /**< new slabs are handed out from their start: no shuffling */
	bool is_heap;             /**< SLOB: its slabs hold objects of all caches */
	uint32_t page_gfp;        /**< allocflags: what the cache adds to each page request */
	uint16_t *sequence;       /**< slots as first handed out; NULL before the first slab */
	uint16_t *successor;      /**< the same as a cycle: what follows slot i */
	struct rng rng;           /**< start positions; own, so that caches do not disturb others */
	uint64_t nr_slabs, num_objs, nr_pages, rcu_slabs;
	uint64_t placed;          /**< objects in use that counters do not know (slab_start.c) */
	uint64_t varied_bytes;    /**< SLOB's kmalloc(): handed out, since sizes vary */
	uint32_t usersize;
	bool ctor;
	int refcount;             /**< names */
	uint32_t id;
	char *name;
};

enum {
	SLAB_NR_TYPES = 4,
	SLAB_NR_COPIES = 16, /**< of an ordinary class with slab_random_kmalloc, with itself */
	SLAB_CLASS_STEP = 8, /**< size classes are multiples of it */
};

struct slab_allocator {
	uint64_t page_offset;
	struct slab_map map;
	struct vec(struct slab_cache *) caches; /**< by id; NULL where destroyed */
	const struct mm_tap *tap;               /**< NULL: nobody hears of calls */
	unsigned int nr_cpus, nr_nodes;
	bool memcg;                             /**< accounted objects are charged to a cgroup */
	struct mm_costs costs;
	const struct slab_profile *profile;
	const struct slab_design_info *design;
	const struct slab_design_ops *other;    /**< of "design"; NULL: mm/slub.c's */
	struct slab_reaper *reaper;             /**< NULL: the design is not SLAB */
	struct slob *slob;                      /**< NULL: the design is not SLOB */
	struct slab_page_ops ops;
	void *ctx;
	struct machine_config config;           /**< own copy, with ranges and classes */
	struct vec(char *) names;               /**< of destroyed caches: still in use outside */
	struct vec(uint32_t) kmalloc;           /**< caches by type, then by class */
	struct vec(uint32_t) copies;            /**< random kmalloc: by copy from 1, then class */
	uint32_t nr_classes;
	uint32_t kmalloc_max;                   /**< the largest class in bytes */
	/** Class of each size: smallest that holds it, by (size - 1) / SLAB_CLASS_STEP. */
	uint16_t class_of[SLAB_KMALLOC_MAX_CACHE_SIZE / SLAB_CLASS_STEP];
	struct slab_page *rcu;                  /**< waiting for a grace period, newest first */
	bool rcu_deferred;
	uint64_t nr_vectors;                    /**< kmalloc()ed ones */
	uint64_t large_nr, large_pages, slab_pages, rcu_pages;
};

/** One request on its way through the slow paths. */
struct slab_request {
	struct slab_allocator *slab;
	struct slab_cache *cache;
	unsigned int cpu;
	int node; /**< -1: any */
	uint32_t gfp;
	unsigned int context;
	bool no_recurse;       /**< SLAB_ALLOC_NO_RECURSE: makes no sheaf */
	struct mm_outcome out; /**< what it has cost so far */
};

/* slab_page.c */

/** new_slab(): 0 objects taken, in no place yet; NULL with rq->out.failure set. */
struct slab_page *slab_page_new(struct slab_request *rq, uint32_t gfp, int node);
/**
 * A slab of "cache" at "pfn", registered, not counted, in no place, its links not set. NULL when
 * those pages cannot be one: out of range, or slab pages already.
 */
struct slab_page *slab_page_create(struct slab_allocator *slab, struct slab_cache *cache,
				   uint64_t pfn, uint32_t order);
/** It is one of its cache's slabs from now on. */
void slab_page_count(struct slab_allocator *slab, const struct slab_page *page);
/** Pages of the cache's order, asked for once with "gfp", as a slab in no list; as the former. */
struct slab_page *slab_page_of_own(struct slab_request *rq, uint32_t gfp);
/** The order in which a new slab's slots are handed out: all free, on its own list. */
void slab_page_link(struct slab_page *page);
/** discard_slab(): "page" must be in no list; gone afterwards. Costs go to "out". */
void slab_page_discard(struct slab_allocator *slab, struct slab_page *page, unsigned int cpu,
		       struct mm_outcome *out);
uint64_t slab_page_pfn(const struct slab_allocator *slab, const struct slab_page *page);
/** Length of the free list from slot "head". */
unsigned int slab_page_nr_free(const struct slab_page *page, unsigned int head);
/** The node that page frame "pfn" lies on. */
int slab_pfn_node(const struct slab_allocator *slab, uint64_t pfn);
/** The node whose memory "cpu" is nearest to. */
int slab_cpu_node(const struct slab_allocator *slab, unsigned int cpu);

/* slab.c */

/** What do_slab_free() is told: a chain of objects of one slab, linked in slab->links. */
struct slab_chain {
	struct slab_page *page;
	uint16_t head, tail;
	uint16_t nr;
};

/** do_slab_free(): gives the chain back on "cpu"; counters of objects are the caller's. */
struct mm_outcome slab_free_chain(struct slab_allocator *slab, unsigned int cpu,
				  const struct slab_chain *chain);
/** ___slab_alloc() without cpu slab: one object from a node's list or a new slab. */
struct mm_outcome slab_alloc_single(struct slab_request *rq);
/** The mask of the first, harmless round for a request that only prefers its node; 0: none. */
uint32_t slab_first_round_gfp(const struct slab_request *rq);
/** The slot of the object at "addr" in "page"; SLAB_NIL when none begins there. */
static ALWAYS_INLINE unsigned int slab_slot(const struct slab_page *page, uint64_t addr)
{
	__extension__ typedef unsigned __int128 u128;
	uint64_t offset = addr - page->base;
	uint64_t slot = (uint64_t)(((u128)offset * page->cache->reciprocal) >> 64);

	/* Exact below 2^64 / size; a larger offset is refused by the number of slots. */
	if (unlikely(slot >= page->objects) || unlikely(slot * page->cache->size != offset))
		return SLAB_NIL;
	return (unsigned int)slot;
}

static ALWAYS_INLINE uint64_t slab_addr_pfn(const struct slab_allocator *slab, uint64_t addr)
{
	return (addr - slab->page_offset) >> KERNEL_PAGE_SHIFT;
}

/** slab_alloc() without what happens behind it, charging. */
struct mm_outcome slab_alloc_object(struct slab_allocator *slab, uint32_t cache, unsigned int cpu,
				    int node, uint32_t gfp, unsigned int context);

/* slab_kmalloc.c */

/** create_kmalloc_caches() */
void slab_kmalloc_init(struct slab_allocator *slab);
/** Gives back the large object at "addr", which the map says is one. */
struct mm_outcome slab_free_large(struct slab_allocator *slab, unsigned int cpu, uint64_t addr,
				  uintptr_t value);

#include "slab_caches.h"
#include "slab_partial.h"

#endif
