/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a GFP mask permits: the highest zone, the migratetype, which watermark and reserves, and
 * whether the caller may sleep, reclaim, start I/O or enter the file system (gfp_zone(),
 * gfp_migratetype() and gfp_to_alloc_flags() of the kernel).
 */
#ifndef KMREPLAY_MM_GFP_POLICY_H
#define KMREPLAY_MM_GFP_POLICY_H

#include "kmreplay/abi/gfp.h"
#include "kmreplay/abi/kernel.h"
#include "kmreplay/mm/machine_config.h"

/** Numbered as mm/internal.h has them since 6.3; WMARK_* are indices of the zone's marks. */
enum alloc_flags {
	ALLOC_WMARK_MIN = 0,
	ALLOC_WMARK_LOW = 1,
	ALLOC_WMARK_HIGH = 2,
	ALLOC_WMARK_MASK = 3,
	ALLOC_NO_WATERMARKS = 0x4,
	ALLOC_OOM = 0x8,          /**< an OOM victim: half of min */
	ALLOC_NON_BLOCK = 0x10,   /**< may take HIGHATOMIC blocks as a last resort */
	ALLOC_MIN_RESERVE = 0x20, /**< __GFP_HIGH: half of min */
	ALLOC_CPUSET = 0x40,
	ALLOC_CMA = 0x80,
	ALLOC_NOFRAGMENT = 0x100, /**< rather another zone than another type's block */
	ALLOC_HIGHATOMIC = 0x200,
	ALLOC_KSWAPD = 0x800,
	ALLOC_RESERVES = ALLOC_NON_BLOCK | ALLOC_MIN_RESERVE | ALLOC_HIGHATOMIC | ALLOC_OOM,
};

/** The mask taken apart, for reports as well as for the allocator. */
struct gfp_policy {
	enum zone_type highest;    /**< the search goes down from here */
	enum migratetype type;
	bool may_sleep;            /**< __GFP_DIRECT_RECLAIM */
	bool wakes_kswapd;
	bool may_io, may_fs;
	bool may_compact;          /**< direct compaction: sleeps and __GFP_IO */
	bool no_reserves;          /**< __GFP_NOMEMALLOC */
	bool may_oom;              /**< an OOM kill may be made for it */
};

/** The highest zone of the mask on "arch"; an invalid combination gives DMA, as the kernel does. */
enum zone_type gfp_policy_zone(enum machine_arch arch, uint32_t gfp);
/** The migratetype of the mask; both mobility bits count as MOVABLE. */
enum migratetype gfp_policy_migratetype(uint32_t gfp);
/** Flags of the slow path (gfp_to_alloc_flags). */
unsigned int gfp_policy_alloc_flags(uint32_t gfp, unsigned int order);
/** All of it for a request of "order". */
void gfp_policy_get(enum machine_arch arch, uint32_t gfp, unsigned int order,
		    struct gfp_policy *ret);

#endif
