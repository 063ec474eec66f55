/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a GFP mask to what its caller may have and do (include/linux/gfp.h, mm/page_alloc.c). */
#include <config.h>

#include "kmreplay/mm/gfp_policy.h"

enum { COSTLY_ORDER = 3 }; /* PAGE_ALLOC_COSTLY_ORDER */

static const char *const patiences[] = {
#define X(suffix, words) words,
	GFP_PATIENCES(X)
#undef X
};

static const struct {
	const char *what, *then;
} complaints[] = {
#define X(suffix, what, then) { what, then },
	GFP_COMPLAINTS(X)
#undef X
};

static enum gfp_patience patience_of(uint32_t gfp, unsigned int context,
				      const struct gfp_policy *policy);

const char *gfp_patience_name(enum gfp_patience patience)
{
	return patience < GFP_PATIENCE_NR ? patiences[patience] : "?";
}

const char *gfp_complaint_what(enum gfp_complaint complaint)
{
	return complaint < GFP_COMPLAINT_NR ? complaints[complaint].what : "?";
}

const char *gfp_complaint_then(enum gfp_complaint complaint)
{
	return complaint < GFP_COMPLAINT_NR ? complaints[complaint].then : "?";
}

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

uint32_t gfp_apply_scopes(uint32_t gfp, unsigned int context)
{
	if (context & PAGE_CTX_NOIO)
		gfp &= ~(uint32_t)(GFP_BIT_IO | GFP_BIT_FS);
	if (context & PAGE_CTX_NOFS)
		gfp &= ~(uint32_t)GFP_BIT_FS;
	if (context & PAGE_CTX_PIN)
		gfp &= ~(uint32_t)GFP_BIT_MOVABLE;
	return gfp;
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

unsigned int gfp_policy_slow_flags(const struct page_profile *profile, uint32_t gfp,
				   unsigned int order, unsigned int context)
{
	const bool realtime = (context & PAGE_CTX_REALTIME) && !(context & PAGE_CTX_IRQ);
	unsigned int flags = gfp_policy_alloc_flags(gfp, order);

	if (profile->reserves != RESERVES_HARDER) {
		if (realtime && (gfp & GFP_BIT_DIRECT_RECLAIM))
			flags |= ALLOC_MIN_RESERVE;
		return flags;
	}
	/* ALLOC_HARDER until 6.2: __GFP_ATOMIC says it, not that the caller cannot sleep. */
	flags &= ~(unsigned int)(ALLOC_NON_BLOCK | ALLOC_HIGHATOMIC);
	flags |= ALLOC_CPUSET;
	if ((gfp & GFP_BIT_ATOMIC) && !(gfp & GFP_BIT_DIRECT_RECLAIM)) {
		flags &= ~(unsigned int)ALLOC_CPUSET;
		if (!(gfp & GFP_BIT_NOMEMALLOC))
			flags |= ALLOC_NON_BLOCK | (order > 0 ? ALLOC_HIGHATOMIC : 0U);
	} else if (realtime) {
		flags |= ALLOC_NON_BLOCK | (order > 0 ? ALLOC_HIGHATOMIC : 0U);
	}
	return flags;
}

unsigned int gfp_policy_retry_flags(const struct page_profile *profile, uint32_t gfp,
				    unsigned int order, unsigned int context)
{
	const unsigned int usual = gfp_policy_slow_flags(profile, gfp, order, context);
	const unsigned int kept = usual & (ALLOC_KSWAPD | ALLOC_CMA);
	const bool task = !(context & PAGE_CTX_IRQ);

	if (gfp & GFP_BIT_NOMEMALLOC)
		return usual;
	if (gfp & GFP_BIT_MEMALLOC ||
	    ((context & PAGE_CTX_MEMALLOC) && (task || context & PAGE_CTX_SOFTIRQ)))
		return ALLOC_NO_WATERMARKS | kept;
	if ((context & PAGE_CTX_VICTIM) && task)
		return ALLOC_OOM | kept;
	return usual;
}

unsigned int gfp_policy_obeyed_flags(const struct page_profile *profile,
				     const struct machine_config *config)
{
	unsigned int obeyed = ~0U;

	if (!config->kswapd)
		obeyed &= ~(unsigned int)ALLOC_KSWAPD;
	if (!config->highatomic)
		obeyed &= ~(unsigned int)ALLOC_HIGHATOMIC;
	if (!config->nofragment || profile->mixes_types)
		obeyed &= ~(unsigned int)ALLOC_NOFRAGMENT;
	if (!config->atomic_reserves)
		obeyed &= ~(unsigned int)(ALLOC_MIN_RESERVE | ALLOC_NON_BLOCK);
	return obeyed;
}

uint32_t gfp_policy_obeyed_bits(const struct machine_config *config)
{
	/* Without reserves it does not look past a boost either. */
	return config->atomic_reserves ? ~0U : ~(uint32_t)GFP_BIT_ATOMIC;
}

void gfp_policy_get(enum machine_arch arch, uint32_t gfp, unsigned int order,
		    unsigned int context, struct gfp_policy *ret)
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
		.may_oom = sleeps && (gfp & GFP_BIT_FS) && order <= COSTLY_ORDER &&
			   highest >= ZONE_NORMAL && !(context & PAGE_CTX_VICTIM) &&
			   !(gfp & (GFP_BIT_RETRY_MAYFAIL | GFP_BIT_THISNODE | GFP_BIT_NORETRY)),
		.costly = order > COSTLY_ORDER,
		.reclaims = sleeps && !(context & PAGE_CTX_MEMALLOC),
	};
	ret->patience = patience_of(gfp, context, ret);
}

uint32_t gfp_policy_complaints(uint32_t gfp, unsigned int order, unsigned int context)
{
	const uint32_t zones = gfp & (GFP_BIT_DMA | GFP_BIT_HIGHMEM | GFP_BIT_DMA32);
	const uint32_t mobility = GFP_BIT_MOVABLE | GFP_BIT_RECLAIMABLE;
	const uint32_t retries = gfp & (GFP_BIT_NORETRY | GFP_BIT_RETRY_MAYFAIL | GFP_BIT_NOFAIL);
	const uint32_t reserves = GFP_BIT_MEMALLOC | GFP_BIT_NOMEMALLOC;
	const bool sleeps = gfp & GFP_BIT_DIRECT_RECLAIM;
	const bool nofail = gfp & GFP_BIT_NOFAIL;
	const bool found[GFP_COMPLAINT_NR] = {
		[GFP_COMPLAINT_ZONES] = zones & (zones - 1),
		[GFP_COMPLAINT_MOBILITY] = (gfp & mobility) == mobility,
		[GFP_COMPLAINT_NOFAIL_ATOMIC] = nofail && !sleeps,
		[GFP_COMPLAINT_NOFAIL_ORDER] = nofail && order > 1 && order <= KERNEL_MAX_ORDER,
		[GFP_COMPLAINT_NOFAIL_MEMALLOC] = nofail && context & PAGE_CTX_MEMALLOC,
		[GFP_COMPLAINT_NOFAIL_THISNODE] = nofail && sleeps && gfp & GFP_BIT_THISNODE,
		[GFP_COMPLAINT_ATOMIC_SLEEPS] = (gfp & GFP_BIT_ATOMIC) && sleeps,
		[GFP_COMPLAINT_SLEEPS_IN_IRQ] = sleeps && context & PAGE_CTX_IRQ,
		[GFP_COMPLAINT_ORDER] = order > KERNEL_MAX_ORDER,
		[GFP_COMPLAINT_NO_MEMALLOC] = (gfp & reserves) == reserves,
		[GFP_COMPLAINT_RETRIES] = retries & (retries - 1),
		[GFP_COMPLAINT_SLAB] =
			gfp & (GFP_BIT_HIGHMEM | GFP_BIT_DMA32 | GFP_BIT_UNKNOWN),
	};
	uint32_t bits = 0;

	for (unsigned int i = 0; i < GFP_COMPLAINT_NR; i++)
		bits |= found[i] ? 1U << i : 0;
	return bits;
}

/* Of NOFAIL, NORETRY and RETRY_MAYFAIL; the conditions in __alloc_pages_slowpath(). */
static enum gfp_patience patience_of(uint32_t gfp, unsigned int context,
				      const struct gfp_policy *policy)
{
	if (!policy->may_sleep)
		return GFP_PATIENCE_NONE;
	if (gfp & GFP_BIT_NOFAIL)
		return GFP_PATIENCE_EVER;
	if (!policy->reclaims)
		return GFP_PATIENCE_NONE;
	if (gfp & GFP_BIT_NORETRY)
		return GFP_PATIENCE_ONE_ROUND;
	if (policy->costly && !((gfp & GFP_BIT_RETRY_MAYFAIL) && (gfp & GFP_BIT_IO)))
		return GFP_PATIENCE_ONE_ROUND;
	if (policy->may_oom)
		return GFP_PATIENCE_OOM;
	/* out_of_memory() calls a mask without __GFP_FS progress: small orders go on and on. */
	if (!(gfp & (GFP_BIT_FS | GFP_BIT_RETRY_MAYFAIL | GFP_BIT_THISNODE)) && !policy->costly &&
	    policy->highest >= ZONE_NORMAL && !(context & PAGE_CTX_VICTIM))
		return GFP_PATIENCE_EVER;
	return GFP_PATIENCE_PROGRESS;
}
