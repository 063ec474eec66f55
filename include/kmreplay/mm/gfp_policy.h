/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a GFP mask permits, in one place: the highest zone, the migratetype, which watermark and
 * which part of the reserves, whether the caller may sleep, reclaim, start I/O, enter the file
 * system, and what happens when no zone can serve (gfp_zone(), gfp_migratetype(),
 * gfp_to_alloc_flags(), __gfp_pfmemalloc_flags(), current_gfp_context() of the kernel, and the
 * conditions in its slow path). The allocator asks here, and whoever explains a mask asks here.
 */
#ifndef KMREPLAY_MM_GFP_POLICY_H
#define KMREPLAY_MM_GFP_POLICY_H

#include "kmreplay/abi/gfp.h"
#include "kmreplay/abi/kernel.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/profile.h"

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

/** X(suffix, words): how long a request that may sleep keeps trying. */
#define GFP_PATIENCES(X)                                                                      \
	X(NONE, "not at all")                     /* it may not sleep */                      \
	X(ONE_ROUND, "one round of reclaim")      /* NORETRY, or costly */                    \
	X(PROGRESS, "as long as there is progress") /* then it fails */                       \
	X(OOM, "until the OOM killer has helped")                                             \
	X(EVER, "for ever")

enum gfp_patience {
#define X(suffix, words) GFP_PATIENCE_##suffix,
	GFP_PATIENCES(X)
#undef X
	GFP_PATIENCE_NR,
};

/** "as long as there is progress" */
const char *gfp_patience_name(enum gfp_patience patience);

/**
 * X(suffix, what, then): combinations that the kernel warns of or that contradict themselves:
 * what is wrong and what it says, and what it does then.
 */
#define GFP_COMPLAINTS(X)                                                                     \
	X(ZONES, "asks for more than one of zones DMA, DMA32 and HighMem; a kernel with "     \
		 "CONFIG_DEBUG_VM stops with a bug there",                                    \
	  "takes zone DMA")                                                                   \
	X(MOBILITY, "is both movable and reclaimable; a kernel with CONFIG_DEBUG_VM warns",   \
	  "takes the number of a migratetype that is for neither; counted as movable here")   \
	X(NOFAIL_ATOMIC, "must not fail and may not sleep; the slow path warns",              \
	  "fails when the reserves are used up, __GFP_NOFAIL or not")                         \
	X(NOFAIL_ORDER, "must not fail at an order above 1; warned of once",                  \
	  "tries for ever, as told")                                                          \
	X(NOFAIL_MEMALLOC, "must not fail inside reclaim; warned of once",                    \
	  "tries for ever and can reclaim nothing itself")                                    \
	X(NOFAIL_THISNODE, "must not fail and take no other node; no warning",                \
	  "tries for ever as long as that node is full")                                      \
	X(ATOMIC_SLEEPS, "says __GFP_ATOMIC and may sleep; the slow path warns once",         \
	  "drops __GFP_ATOMIC")                                                               \
	X(SLEEPS_IN_IRQ, "may sleep, asked in an interrupt; a kernel that checks says "       \
			 "\"sleeping function called from invalid context\"",                 \
	  "goes on, and may hang")                                                            \
	X(ORDER, "is larger than the largest block; warned of once unless __GFP_NOWARN is set", \
	  "fails at once")                                                                    \
	X(NO_MEMALLOC, "says both __GFP_MEMALLOC and __GFP_NOMEMALLOC; no warning",           \
	  "keeps away from the reserves")                                                     \
	X(RETRIES, "says more than one of __GFP_NORETRY, __GFP_RETRY_MAYFAIL and "            \
		   "__GFP_NOFAIL; no warning",                                                \
	  "obeys __GFP_NOFAIL before __GFP_NORETRY before __GFP_RETRY_MAYFAIL")               \
	X(SLAB, "has bits that are not for them (__GFP_HIGHMEM, __GFP_DMA32, unknown ones)",  \
	  "warns of an unexpected gfp and removes them; only page requests take them")

enum gfp_complaint {
#define X(suffix, what, then) GFP_COMPLAINT_##suffix,
	GFP_COMPLAINTS(X)
#undef X
	GFP_COMPLAINT_NR,
};

/** What is wrong; what the kernel does then. */
const char *gfp_complaint_what(enum gfp_complaint complaint);
const char *gfp_complaint_then(enum gfp_complaint complaint);

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
	bool costly;               /**< an order above PAGE_ALLOC_COSTLY_ORDER */
	bool reclaims;             /**< sleeps and is not inside reclaim itself */
	enum gfp_patience patience;
};

/** The highest zone of the mask on "arch"; an invalid combination gives DMA, as the kernel does. */
enum zone_type gfp_policy_zone(enum machine_arch arch, uint32_t gfp);
/** The migratetype of the mask; both mobility bits count as MOVABLE. */
enum migratetype gfp_policy_migratetype(uint32_t gfp);
/**
 * What is left of a mask in the scopes of "context" (enum page_context): NOIO takes I/O and file
 * systems away, NOFS file systems, PIN movability (current_gfp_context()).
 */
uint32_t gfp_apply_scopes(uint32_t gfp, unsigned int context);
/** Flags of the slow path (gfp_to_alloc_flags) by the newest rules, out of interrupts. */
unsigned int gfp_policy_alloc_flags(uint32_t gfp, unsigned int order);
/** The same by the rules of "profile", in "context". */
unsigned int gfp_policy_slow_flags(const struct page_profile *profile, uint32_t gfp,
				   unsigned int order, unsigned int context);
/** What replaces them when a reserve is open to the caller (__gfp_pfmemalloc_flags); else they. */
unsigned int gfp_policy_retry_flags(const struct page_profile *profile, uint32_t gfp,
				    unsigned int order, unsigned int context);
/** The switches of a machine: which alloc flags and which bits of a mask have an effect there. */
unsigned int gfp_policy_obeyed_flags(const struct page_profile *profile,
				     const struct machine_config *config);
uint32_t gfp_policy_obeyed_bits(const struct machine_config *config);
/** All of it for a request of "order" in "context". */
void gfp_policy_get(enum machine_arch arch, uint32_t gfp, unsigned int order,
		    unsigned int context, struct gfp_policy *ret);
/** What is wrong with it: a bit for each enum gfp_complaint. */
uint32_t gfp_policy_complaints(uint32_t gfp, unsigned int order, unsigned int context);

/** Flags of the fast path for lists of "type", but NOFRAGMENT, which depends on the zones. */
static inline unsigned int gfp_policy_fast_flags(uint32_t gfp, enum migratetype type)
{
	return ALLOC_WMARK_LOW | (gfp & GFP_BIT_KSWAPD_RECLAIM ? ALLOC_KSWAPD : 0U) |
	       (type == MIGRATE_MOVABLE ? ALLOC_CMA : 0U);
}

/** Whether a request for lists of "type" compacts before it reclaims. */
static inline bool gfp_policy_compacts_first(const struct gfp_policy *policy,
					     enum migratetype type)
{
	return policy->may_compact && (policy->costly || type != MIGRATE_MOVABLE);
}

/** How far below "mark" a request with these flags may go: the mark that holds for it. */
static inline int64_t gfp_policy_mark(const struct page_profile *profile,
				      unsigned int alloc_flags, int64_t mark)
{
	if (!(alloc_flags & ALLOC_RESERVES))
		return mark;
	if (alloc_flags & ALLOC_MIN_RESERVE)
		mark -= mark / 2;
	/* Before 6.3 ALLOC_HARDER alone was worth a quarter; an OOM victim's half replaced it. */
	if (profile->reserves == RESERVES_HARDER) {
		if (alloc_flags & ALLOC_OOM)
			return mark - mark / 2;
		return alloc_flags & ALLOC_NON_BLOCK ? mark - mark / 4 : mark;
	}
	if ((alloc_flags & ALLOC_MIN_RESERVE) && (alloc_flags & ALLOC_NON_BLOCK))
		mark -= mark / 4;
	if (alloc_flags & ALLOC_OOM)
		mark -= mark / 2;
	return mark;
}

/** Whether free pages of HIGHATOMIC blocks count for a request with these flags. */
static inline bool gfp_policy_counts_highatomic(const struct page_profile *profile,
						unsigned int alloc_flags)
{
	if (likely(!(alloc_flags & ALLOC_RESERVES)))
		return false;
	return profile->reserves != RESERVES_HARDER ||
	       alloc_flags & (ALLOC_NON_BLOCK | ALLOC_OOM);
}

/** A word for circumstances of a request, and what it means. */
struct gfp_circumstance {
	const char *name;
	unsigned int context; /**< enum page_context */
};

/** Who asks: "task", "irq", ...; NULL after the last. */
const struct gfp_circumstance *gfp_context_word(unsigned int i);
/** What he has begun: "noio", "nofs", ...; NULL after the last. */
const struct gfp_circumstance *gfp_scope_word(unsigned int i);

#endif
