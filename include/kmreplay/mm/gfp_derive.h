/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The masks with which allocators ask for pages when somebody asked them: what SLUB, large
 * kmalloc(), kvmalloc(), vmalloc(), mempools and page fragments make of a caller's mask.
 */
#ifndef KMREPLAY_MM_GFP_DERIVE_H
#define KMREPLAY_MM_GFP_DERIVE_H

#include "kmreplay/abi/gfp.h"
#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/base.h"

/** GFP_RECLAIM_MASK: how to get memory, not which (mm/internal.h). */
#define GFP_BITS_HOW                                                                          \
	((uint32_t)(GFP_BITS_RECLAIM | GFP_BIT_HIGH | GFP_BIT_IO | GFP_BIT_FS |                \
		    GFP_BIT_NOWARN | GFP_BIT_RETRY_MAYFAIL | GFP_BIT_NOFAIL |                 \
		    GFP_BIT_NORETRY | GFP_BIT_MEMALLOC | GFP_BIT_NOMEMALLOC |                 \
		    GFP_BIT_NOLOCKDEP | GFP_BIT_ATOMIC))
/** GFP_CONSTRAINT_MASK */
#define GFP_BITS_WHERE ((uint32_t)(GFP_BIT_HARDWALL | GFP_BIT_THISNODE))

/** A new slab's pages of a cache that adds "own" (allocate_slab), the second try. */
static inline uint32_t gfp_of_slab(uint32_t gfp, uint32_t own)
{
	return (gfp & (GFP_BITS_HOW | GFP_BITS_WHERE)) | own;
}

/** The first try, from gfp_of_slab(); "above_min": of an order that can be gone below. */
static inline uint32_t gfp_of_slab_first(uint32_t slab, bool above_min)
{
	const uint32_t first = (slab | GFP_BIT_NOWARN | GFP_BIT_NORETRY) &
			       ~(uint32_t)GFP_BIT_NOFAIL;

	if (above_min && first & GFP_BIT_DIRECT_RECLAIM)
		return (first | GFP_BIT_NOMEMALLOC) & ~(uint32_t)GFP_BITS_RECLAIM;
	return first;
}

/** kmalloc() that is too large for caches. */
static inline uint32_t gfp_of_large_kmalloc(uint32_t gfp)
{
	return (gfp & ~(uint32_t)(GFP_BIT_HIGHMEM | GFP_BIT_DMA32)) | GFP_BIT_COMP;
}

/** kvmalloc() of more than a page: what it tries as kmalloc() first (kmalloc_gfp_adjust). */
uint32_t gfp_of_kvmalloc(struct kernel_version version, uint32_t gfp);

/** Pages behind a vmalloc() area (__vmalloc_area_node). */
static inline uint32_t gfp_of_vmalloc(uint32_t gfp)
{
	gfp |= GFP_BIT_NOWARN;
	return gfp & (GFP_BIT_DMA | GFP_BIT_DMA32) ? gfp : gfp | GFP_BIT_HIGHMEM;
}

/** What a mempool asks its allocator for (mempool_alloc), all rounds but the first. */
static inline uint32_t gfp_of_mempool(uint32_t gfp)
{
	return gfp | GFP_BIT_NOMEMALLOC | GFP_BIT_NORETRY | GFP_BIT_NOWARN;
}

/** The first round, from gfp_of_mempool(): there is a reserve yet. */
static inline uint32_t gfp_of_mempool_first(uint32_t pool)
{
	return pool & ~(uint32_t)(GFP_BIT_DIRECT_RECLAIM | GFP_BIT_IO);
}

/** The large page that fragments are cut from (__page_frag_cache_refill), the first try. */
uint32_t gfp_of_page_frag(struct kernel_version version, uint32_t gfp);

/** One way in which a mask reaches the page allocator. */
struct gfp_derivation {
	const char *who;  /**< "kmalloc(), a new slab" */
	const char *when; /**< "first try" */
	uint32_t gfp;
};

enum { GFP_MAX_DERIVATIONS = 12 };

/** Fills "ret" with what kernel "version" makes of "gfp"; returns how many. */
unsigned int gfp_derive(struct kernel_version version, uint32_t gfp,
			struct gfp_derivation ret[static GFP_MAX_DERIVATIONS]);

#endif
