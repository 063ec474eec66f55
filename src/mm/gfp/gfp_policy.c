/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a GFP mask to what its caller may have and do (include/linux/gfp.h, mm/page_alloc.c). */
#include <config.h>

#include "kmreplay/mm/gfp_policy.h"

enum zone_type gfp_policy_zone(enum machine_arch arch, uint32_t gfp)
{
	const enum zone_type highmem = arch == ARCH_X86_32 ? ZONE_HIGHMEM : ZONE_NORMAL;
	const enum zone_type dma32 = arch == ARCH_X86_32 ? ZONE_NORMAL : ZONE_DMA32;

	/* GFP_ZONE_TABLE: two zone bits at once have no entry, which reads as zone 0. */
	switch (gfp & (GFP_BIT_DMA | GFP_BIT_HIGHMEM | GFP_BIT_DMA32 | GFP_BIT_MOVABLE)) {
	case 0:
	case GFP_BIT_MOVABLE:
		return ZONE_NORMAL;
	case GFP_BIT_HIGHMEM:
		return highmem;
	case GFP_BIT_DMA32:
	case GFP_BIT_DMA32 | GFP_BIT_MOVABLE:
		return dma32;
	case GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE:
		return ZONE_MOVABLE;
	default:
		return ZONE_DMA;
	}
}

enum migratetype gfp_policy_migratetype(uint32_t gfp)
{
	if (gfp & GFP_BIT_MOVABLE)
		return MIGRATE_MOVABLE;
	return gfp & GFP_BIT_RECLAIMABLE ? MIGRATE_RECLAIMABLE : MIGRATE_UNMOVABLE;
}

unsigned int gfp_policy_alloc_flags(uint32_t gfp, unsigned int order)
{
	unsigned int flags = ALLOC_WMARK_MIN | ALLOC_CPUSET;

	if (gfp & GFP_BIT_HIGH)
		flags |= ALLOC_MIN_RESERVE;
	if (gfp & GFP_BIT_KSWAPD_RECLAIM)
		flags |= ALLOC_KSWAPD;
	if (!(gfp & GFP_BIT_DIRECT_RECLAIM)) {
		if (!(gfp & GFP_BIT_NOMEMALLOC)) {
			flags |= ALLOC_NON_BLOCK;
			if (order > 0 && (gfp & GFP_BIT_HIGH))
				flags |= ALLOC_HIGHATOMIC;
		}
		if (gfp & GFP_BIT_HIGH)
			flags &= ~(unsigned int)ALLOC_CPUSET;
	}
	if (gfp_policy_migratetype(gfp) == MIGRATE_MOVABLE)
		flags |= ALLOC_CMA;
	return flags;
}

void gfp_policy_get(enum machine_arch arch, uint32_t gfp, unsigned int order,
		    struct gfp_policy *ret)
{
	const enum zone_type highest = gfp_policy_zone(arch, gfp);
	const bool sleeps = gfp & GFP_BIT_DIRECT_RECLAIM;

	*ret = (struct gfp_policy){
		.highest = highest,
		.type = gfp_policy_migratetype(gfp),
		.may_sleep = sleeps,
		.wakes_kswapd = gfp & GFP_BIT_KSWAPD_RECLAIM,
		.may_io = gfp & GFP_BIT_IO,
		.may_fs = gfp & GFP_BIT_FS,
		.may_compact = sleeps && (gfp & GFP_BIT_IO) && order > 0,
		.no_reserves = gfp & GFP_BIT_NOMEMALLOC,
		/* __alloc_pages_may_oom() and out_of_memory(): whom a kill would not help */
		.may_oom = sleeps && (gfp & GFP_BIT_FS) && order <= 3 && highest >= ZONE_NORMAL &&
			   !(gfp & (GFP_BIT_RETRY_MAYFAIL | GFP_BIT_THISNODE | GFP_BIT_NORETRY)),
	};
}
