/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * How a slab cache lays out its objects and how many slabs it keeps: alignment, stride, order and
 * partial limits from object size, flags, CPUs and kernel version. Pure arithmetic, no state.
 */
#ifndef KMREPLAY_MM_SLAB_GEOMETRY_H
#define KMREPLAY_MM_SLAB_GEOMETRY_H

#include "kmreplay/abi/slab_flags.h"
#include "kmreplay/core/base.h"
#include "kmreplay/mm/machine_config.h"

/** What kmem_cache_create() is given. */
struct slab_cache_args {
	const char *name;
	uint32_t size;               /**< object size in bytes, at least 1 */
	uint32_t align;              /**< a power of two, or 0: the architecture's minimum */
	uint32_t flags;              /**< enum slab_flags */
	uint32_t usersize;           /**< bytes that may be copied to user space */
	bool ctor;                   /**< has a constructor */
	bool has_freeptr_offset;     /**< the caller says where a free object is linked (6.12+) */
	uint32_t sheaf_capacity;     /**< objects a sheaf is to hold at least (7.0+); 0: auto */
};

/** Where the numbers of a slab's free slots are kept. */
enum slab_index {
	SLAB_INDEX_LINKED,    /**< nowhere: free objects are linked (all designs but SLAB) */
	SLAB_INDEX_IN_OBJECT, /**< in one of its free objects */
	SLAB_INDEX_OUTSIDE,   /**< in an object of a kmalloc() class */
	SLAB_INDEX_AT_END,    /**< behind its last object */
};

struct slab_geometry {
	uint32_t object_size;        /**< bytes asked for: bytes_req of events */
	uint32_t size;               /**< stride in bytes: bytes_alloc of events */
	uint32_t align;
	uint32_t inuse;              /**< bytes before the metadata behind the object */
	uint32_t red_left_pad;       /**< bytes between a slot's start and its object */
	uint32_t order, objects;     /**< of an ordinary slab */
	uint32_t min_order, min_objects; /**< of a slab when none of "order" was to be had */
	uint32_t min_partial;        /**< slabs a node keeps before it gives empty ones back */
	uint32_t cpu_partial;        /**< objects; only makes cpu_partial_slabs */
	uint32_t cpu_partial_slabs;  /**< limit of a CPU's partial list since 5.16 */
	uint32_t sheaf_capacity;     /**< objects in a per-CPU sheaf; 0: the cache has none */
	/* SLAB only. */
	uint8_t index;               /**< enum slab_index */
	uint32_t colours, colour_off; /**< places for object 0, and bytes from one to the next */
	uint32_t array_limit, array_batch; /**< objects of a CPU's array; of a refill or flush */
	uint32_t array_shared;       /**< batches in the array that a node's CPUs share */
};

enum {
	/** Slots per slab are kept in 15 bits by the kernel (MAX_OBJS_PER_PAGE). */
	SLAB_MAX_OBJECTS = 32767,
	/** Stride of the largest cache: an order-10 slab of one object. */
	SLAB_MAX_SIZE = KERNEL_PAGE_SIZE << KERNEL_MAX_ORDER,
};

/**
 * Lays out a cache of "args" on machine "config". False when no slab can hold such an object (size
 * 0 or above SLAB_MAX_SIZE with its metadata, align no power of two): the kernel refuses, too.
 */
MUST_CHECK bool slab_geometry_init(struct slab_geometry *geometry,
				   const struct machine_config *config,
				   const struct slab_cache_args *args);
/**
 * The layout of a cache known by its events only: objects of "object_size" every "size" bytes.
 * False when size is 0, not a multiple of the word, less than object_size or too large.
 */
MUST_CHECK bool slab_geometry_init_recorded(struct slab_geometry *geometry,
					    const struct machine_config *config,
					    uint32_t object_size, uint32_t size, uint32_t flags);
/**
 * What a creator may have asked for, given only the object size and the stride of "geometry", an
 * ordinary cache without debugging: "wish" gets a size, an alignment (SLAB_HWCACHE_ALIGN where that
 * would explain it) and a constructor where the stride shows that free objects are linked behind
 * the object. False when nothing explains the stride.
 */
MUST_CHECK bool slab_geometry_guess(struct slab_cache_args *wish, enum machine_arch arch,
				    const struct slab_geometry *geometry);
/** The same cache, once its name is known: what its creator in the kernel says of sheaves. */
void slab_geometry_name(struct slab_geometry *geometry, const struct machine_config *config,
			const char *name);
/** calculate_alignment(): of an object of "size" bytes on "arch", for a wish of "align". */
uint32_t slab_geometry_align(enum machine_arch arch, uint32_t flags, uint32_t align, uint32_t size);
/** sizeof(void *) of "arch". */
uint32_t slab_geometry_word(enum machine_arch arch);

/** Which rules hold in a kernel: the profile of the nearest version known. */
struct slab_profile {
	struct kernel_version since;     /**< first version it is used for */
	bool order_by_min_objects;       /**< the order search lowers min_objects (until 6.6) */
	bool comp_always;                /**< slab pages of order 0 are compound, too */
	bool node_first_round;           /**< a node wish is first tried on that node alone */
	bool strict_cpu_partial;         /**< no cpu partial slabs allowed: take none along */
	bool kmalloc_odd_first;          /**< 96 and 192 are created before the powers of two */
	bool kmalloc_pow2_divisor;       /**< kmalloc-96 is aligned to 32, -192 to 64 */
	bool orig_size_word;             /**< the size asked for is stored in a word, not an int */
	bool freeptr_offset;             /**< callers may place the free pointer (RCU caches) */
	bool freeptr_offset_ctor;        /**< ... of caches with a constructor, too */
	bool sheaves;                    /**< per-CPU sheaves instead of cpu slabs */
	bool partial_objects;            /**< a CPU's partial list is limited in objects (5.15) */
	bool long_tracks;                /**< a track holds its call chain itself (until 5.18) */
	bool no_orig_size;               /**< SLAB_STORE_USER keeps no size asked for (until 6.0) */
	bool kmalloc_unaligned;          /**< powers of two are not aligned to themselves (5.3) */
	bool no_reclaim_type;            /**< no kmalloc-rcl-* (until 4.19) */
	bool krealloc_object_size;       /**< krealloc() keeps what fits the object, not the slot */
	bool krealloc_node;              /**< krealloc() takes a node */
	bool checked_apart;              /**< SLAB_CONSISTENCY_CHECKS keeps a cache from merging */
	bool kmalloc_partition;          /**< copies of classes: kmalloc-part-01-64, not -rnd- */
};

/** The profile for "version"; the newest one when it is unknown. */
const struct slab_profile *slab_profile_of(struct kernel_version version);

#endif
