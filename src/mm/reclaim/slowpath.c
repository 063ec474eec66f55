/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens when no zone is above its low mark.
 *
 *	wake kswapd, try again down to the min mark, with the reserves the mask gives
 *	  order > 3, or order > 0 and not movable: asynchronous compaction first
 *	retry: may not sleep -> fail
 *	  direct reclaim -> try; once: give back HIGHATOMIC blocks, drain all CPUs' lists, try
 *	  direct compaction -> try
 *	  NORETRY, or order > 3 without RETRY_MAYFAIL -> fail
 *	  progress, or memory left to reclaim -> retry; compaction worth another go -> retry
 *	  OOM killer: freed something -> retry
 *	fail: NOFAIL tries with half of min and begins anew
 *
 * The simulated machine has no other task that would free memory while a request waits. Where the
 * kernel would loop for that, a round without any progress fails here: NOFAIL requests, and
 * requests that may not enter the file system and so kill nobody. Both are counted.
 *
 * Mirrors __alloc_pages_slowpath(), __alloc_pages_direct_reclaim(), should_reclaim_retry(),
 * should_compact_retry() and __alloc_pages_may_oom() of 6.1, 6.12 and 7.2. Left out: cpusets, real-
 * time tasks' and OOM victims' rights (a recording doesn't tell), throttling.
 */
#include <config.h>

#include "kmreplay/mm/page_parts.h"

enum {
	MAX_RECLAIM_RETRIES = 16,
	MAX_COMPACT_RETRIES = 16,
};

struct slowpath {
	struct page_request *req;
	struct gfp_policy policy;
	bool costly;
	bool can_sleep, can_compact;
	bool compact_first; /* 7.2: the first round compacts before it reclaims */
	bool progress;      /* the last direct reclaim or OOM kill freed pages */
	unsigned int no_progress_loops;
	unsigned int compact_retries;
	enum compact_prio prio;
	enum compact_result compacted;
};

enum verdict {
	GIVE_UP,
	TRY_AGAIN,
};

static uint32_t slowpath_once(struct page_allocator *pa, struct slowpath *sp);
static bool compacts_first(const struct slowpath *sp);
static uint32_t try_flags(struct page_allocator *pa, struct page_request *req,
			  unsigned int flags);
static unsigned int usual_flags(const struct page_allocator *pa, const struct page_request *req);
static uint32_t wait_for_kswapd(struct page_allocator *pa, struct slowpath *sp);
static uint32_t direct_reclaim(struct page_allocator *pa, struct slowpath *sp);
static uint32_t direct_compact(struct page_allocator *pa, struct slowpath *sp,
			       enum compact_prio prio);
static uint32_t retry_loop(struct page_allocator *pa, struct slowpath *sp);
static enum verdict after_round(struct page_allocator *pa, struct slowpath *sp);
static bool reclaim_retry(struct page_allocator *pa, struct slowpath *sp);
static bool compact_retry(struct page_allocator *pa, struct slowpath *sp);
static bool some_zone_suitable(struct page_allocator *pa, const struct page_request *req);
static uint32_t oom_path(struct page_allocator *pa, struct slowpath *sp);

uint32_t slowpath_alloc(struct page_allocator *pa, struct page_request *req)
{
	struct slowpath sp = {
		.req = req,
		.costly = req->order > PAGE_COSTLY_ORDER,
		.can_sleep = req->gfp & GFP_BIT_DIRECT_RECLAIM,
		.can_compact = (req->gfp & GFP_BIT_IO) && pa->direct_compaction && !pa->follow,
	};
	uint64_t freed;
	uint32_t index;

	/* Until 6.2 __GFP_ATOMIC of somebody who may sleep was warned of and dropped. */
	if (sp.can_sleep)
		req->gfp &= ~(uint32_t)GFP_BIT_ATOMIC;
	gfp_policy_get(pa->arch, req->gfp, req->order, req->context, &sp.policy);
	pa->stats.slowpaths++;
	work_path(pa, MM_PATH_SLOWPATH);
	work_cost(pa, pa->costs.watermark_slow);
	do {
		freed = pa->stats.direct_pages + pa->stats.oom_pages;
		index = slowpath_once(pa, &sp);
		if (index != PAGE_NIL || !(req->gfp & GFP_BIT_NOFAIL) || !sp.can_sleep)
			return index;
		index = try_flags(pa, req, ALLOC_MIN_RESERVE | ALLOC_CPUSET);
		if (index != PAGE_NIL)
			return index;
	} while (pa->stats.direct_pages + pa->stats.oom_pages > freed);
	if (pa->follow)
		return PAGE_NIL;
	/* What the kernel's loop would see sooner or later: lists drained by the vmstat worker. */
	pcp_drain_all(pa, NULL);
	index = try_flags(pa, req, ALLOC_NO_WATERMARKS);
	if (index == PAGE_NIL)
		pa->stats.nofail_failed++;
	return index;
}

uint64_t reclaim_pages(struct page_allocator *pa, uint64_t nr_pages, uint32_t gfp, bool oom)
{
	const struct page_work work = pa->work;
	const unsigned int cpu = pa->cpu;
	uint64_t before, after;

	if (pa->reclaiming || (oom ? !pa->ops.oom : !pa->ops.reclaim))
		return 0;
	before = page_free_total(pa);
	pa->reclaiming = true;
	if (oom)
		pa->ops.oom(pa->ctx, gfp);
	else
		pa->ops.reclaim(pa->ctx, nr_pages, gfp);
	pa->reclaiming = false;
	pa->work = work;
	pa->cpu = cpu;
	/* What counts is what came free, not what the owner says. */
	after = page_free_total(pa);
	return after > before ? after - before : 0;
}

/* The flags of a retry: rights to the reserves replace the usual ones (__gfp_pfmemalloc_flags). */
unsigned int request_slow_flags(const struct page_allocator *pa, const struct page_request *req)
{
	return gfp_policy_retry_flags(pa->profile, req->gfp, req->order, req->context) &
	       pa->obeyed;
}

/* All of the slow path but NOFAIL's way of beginning anew. */
static uint32_t slowpath_once(struct page_allocator *pa, struct slowpath *sp)
{
	struct page_request *req = sp->req;
	const bool first = compacts_first(sp);
	uint32_t index;

	sp->compact_retries = 0;
	sp->no_progress_loops = 0;
	sp->prio = COMPACT_PRIO_LIGHT;
	sp->compacted = COMPACT_SKIPPED;
	sp->compact_first = first && pa->profile->slowpath == SLOWPATH_7;
	req->alloc_flags = usual_flags(pa, req);
	if (req->alloc_flags & ALLOC_KSWAPD)
		kswapd_wake_all(pa, req);
	index = freelist_get(pa, req);
	if (index != PAGE_NIL)
		return index;
	if (pa->profile->slowpath == SLOWPATH_7) {
		if (first)
			sp->prio = COMPACT_PRIO_ASYNC;
	} else if (first && request_slow_flags(pa, req) == usual_flags(pa, req)) {
		index = direct_compact(pa, sp, COMPACT_PRIO_ASYNC);
		if (index != PAGE_NIL)
			return index;
		if (sp->costly && (req->gfp & GFP_BIT_NORETRY)) {
			if (sp->compacted <= COMPACT_DEFERRED ||
			    (req->gfp & GFP_BIT_THISNODE))
				return PAGE_NIL;
			sp->prio = COMPACT_PRIO_ASYNC;
		}
	}
	return retry_loop(pa, sp);
}

static bool compacts_first(const struct slowpath *sp)
{
	return sp->can_compact && gfp_policy_compacts_first(&sp->policy, sp->req->type);
}

static uint32_t try_flags(struct page_allocator *pa, struct page_request *req,
			  unsigned int flags)
{
	req->alloc_flags = flags;
	return freelist_get(pa, req);
}

static unsigned int usual_flags(const struct page_allocator *pa, const struct page_request *req)
{
	return gfp_policy_slow_flags(pa->profile, req->gfp, req->order, req->context) &
	       pa->obeyed;
}

static uint32_t retry_loop(struct page_allocator *pa, struct slowpath *sp)
{
	struct page_request *req = sp->req;
	uint32_t index;

	for (;;) {
		const unsigned int flags = request_slow_flags(pa, req);

		if (flags & ALLOC_KSWAPD)
			kswapd_wake_all(pa, req);
		index = try_flags(pa, req, flags);
		if (index != PAGE_NIL)
			return index;
		if (!sp->policy.reclaims || pa->reclaiming)
			return PAGE_NIL;
		sp->progress = false;
		if (!sp->compact_first) {
			index = pa->direct_reclaim ? direct_reclaim(pa, sp) :
						     wait_for_kswapd(pa, sp);
			if (index != PAGE_NIL)
				return index;
		}
		if (sp->can_compact) {
			index = direct_compact(pa, sp, sp->prio);
			if (index != PAGE_NIL)
				return index;
		}
		if (sp->compact_first) {
			const uint32_t both = GFP_BIT_NORETRY | GFP_BIT_THISNODE;

			if ((req->gfp & both) == both)
				return PAGE_NIL;
			if (!(req->gfp & GFP_BIT_NORETRY))
				sp->prio = COMPACT_PRIO_LIGHT;
			sp->compact_first = false;
			continue;
		}
		if (after_round(pa, sp) == TRY_AGAIN)
			continue;
		index = oom_path(pa, sp);
		if (index != PAGE_NIL || !sp->progress)
			return index;
		sp->no_progress_loops = 0;
	}
}

/*
 * Without direct reclaim a request that may sleep waits for kswapd instead, slice by slice. Without
 * kswapd, too, it goes on as one that found nothing to reclaim.
 */
static uint32_t wait_for_kswapd(struct page_allocator *pa, struct slowpath *sp)
{
	const uint64_t before = pa->stats.kswapd_pages;
	uint64_t freed;

	kswapd_run(pa);
	freed = pa->stats.kswapd_pages - before;
	work_cost(pa, freed * pa->costs.reclaim_page);
	sp->progress = freed > 0;
	return sp->progress ? try_flags(pa, sp->req, request_slow_flags(pa, sp->req)) : PAGE_NIL;
}

/* __alloc_pages_direct_reclaim() */
static uint32_t direct_reclaim(struct page_allocator *pa, struct slowpath *sp)
{
	struct page_request *req = sp->req;
	const uint64_t want = MAX((uint64_t)SWAP_CLUSTER_MAX, 2ULL << req->order);
	uint64_t freed;
	uint32_t index;

	pa->stats.direct_reclaims++;
	work_path(pa, MM_PATH_RECLAIM);
	freed = reclaim_pages(pa, want, req->gfp, false);
	pa->stats.direct_pages += freed;
	work_cost(pa, freed * pa->costs.reclaim_page);
	sp->progress = freed > 0;
	if (!sp->progress) {
		/* __perform_reclaim() lets others run: kswapd ends a boost that it cannot serve. */
		if (pa->kswapd_pending && !req->order)
			kswapd_run(pa);
		return PAGE_NIL;
	}
	for (unsigned int i = 0; i < pa->nr_nodes; i++)
		pa->nodes[i].kswapd_failures = 0;
	index = try_flags(pa, req, request_slow_flags(pa, req));
	if (index != PAGE_NIL)
		return index;
	/* What was freed may sit in per-CPU lists or in the atomic reserve. */
	highatomic_unreserve(pa, req, false);
	pcp_drain_all(pa, NULL);
	pa->stats.drain_all++;
	return try_flags(pa, req, request_slow_flags(pa, req));
}

/* __alloc_pages_direct_compact() */
static uint32_t direct_compact(struct page_allocator *pa, struct slowpath *sp,
			       enum compact_prio prio)
{
	struct page_request *req = sp->req;
	uint32_t index;

	if (!req->order)
		return PAGE_NIL;
	work_path(pa, MM_PATH_COMPACT);
	sp->compacted = compact_for(pa, req, prio);
	if (sp->compacted == COMPACT_SKIPPED)
		return PAGE_NIL;
	if (sp->compacted == COMPACT_DEFERRED && pa->profile->slowpath == SLOWPATH_7)
		return PAGE_NIL;
	index = try_flags(pa, req, request_slow_flags(pa, req));
	if (index != PAGE_NIL)
		compact_defer_reset(&pa->zones[pa->pages[index].zone], req->order, true);
	return index;
}

static enum verdict after_round(struct page_allocator *pa, struct slowpath *sp)
{
	const uint32_t gfp = sp->req->gfp;

	if (gfp & GFP_BIT_NORETRY)
		return GIVE_UP;
	if (sp->costly && !((gfp & GFP_BIT_RETRY_MAYFAIL) && sp->can_compact))
		return GIVE_UP;
	if (reclaim_retry(pa, sp))
		return TRY_AGAIN;
	if (sp->progress && sp->can_compact && compact_retry(pa, sp))
		return TRY_AGAIN;
	return GIVE_UP;
}

/* should_reclaim_retry() */
static bool reclaim_retry(struct page_allocator *pa, struct slowpath *sp)
{
	const struct page_request *req = sp->req;

	if (sp->progress && !sp->costly)
		sp->no_progress_loops = 0;
	else
		sp->no_progress_loops++;
	if (sp->no_progress_loops > MAX_RECLAIM_RETRIES)
		return highatomic_unreserve(pa, req, true);
	for (uint32_t i = req->preferred; i < req->nr_zones; i++) {
		const struct zone *zone = request_zone(pa, req, i);

		if (zone->type <= req->highest &&
		    watermark_ok(zone, req->order, zone_wmark(zone, ZONE_MARK_MIN),
				 req->highest, req->alloc_flags,
				 (int64_t)(zone->free + zone->movable)))
			return true;
	}
	return highatomic_unreserve(pa, req, true);
}

/* should_compact_retry() */
static bool compact_retry(struct page_allocator *pa, struct slowpath *sp)
{
	const unsigned int most = sp->costly ? MAX_COMPACT_RETRIES / 4 : MAX_COMPACT_RETRIES;
	const enum compact_prio lowest = sp->costly ? COMPACT_PRIO_LIGHT : COMPACT_PRIO_FULL;

	if (!sp->req->order)
		return false;
	if (sp->compacted == COMPACT_SKIPPED)
		return some_zone_suitable(pa, sp->req);
	if (sp->compacted == COMPACT_SUCCESS && ++sp->compact_retries <= most)
		return true;
	if (sp->prio <= lowest)
		return false;
	sp->prio--;
	sp->compact_retries = 0;
	return true;
}

/* compaction_zonelist_suitable(): with all that could be reclaimed, compaction could run. */
static bool some_zone_suitable(struct page_allocator *pa, const struct page_request *req)
{
	for (uint32_t i = req->preferred; i < req->nr_zones; i++) {
		const struct zone *zone = request_zone(pa, req, i);

		if (zone->type <= req->highest &&
		    compact_suitable(pa, zone, req->order, req->highest,
				     (int64_t)(zone->free + zone->movable / req->order)))
			return true;
	}
	return false;
}

/* __alloc_pages_may_oom(): sets sp->progress when something was killed. */
static uint32_t oom_path(struct page_allocator *pa, struct slowpath *sp)
{
	struct page_request *req = sp->req;
	uint32_t index;
	uint64_t freed;

	sp->progress = false;
	if (req->gfp & GFP_BIT_NORETRY ||
	    (sp->costly && !(req->gfp & GFP_BIT_RETRY_MAYFAIL)))
		return PAGE_NIL;
	index = try_flags(pa, req, ALLOC_WMARK_HIGH | ALLOC_CPUSET);
	if (index != PAGE_NIL || !sp->policy.may_oom || !pa->oom_kill)
		return index;
	pa->stats.oom++;
	work_path(pa, MM_PATH_OOM);
	work_cost(pa, pa->costs.oom_kill);
	freed = reclaim_pages(pa, 0, req->gfp, true);
	pa->stats.oom_pages += freed;
	sp->progress = freed > 0;
	if (req->gfp & GFP_BIT_NOFAIL)
		return try_flags(pa, req, ALLOC_NO_WATERMARKS | ALLOC_CPUSET);
	return PAGE_NIL;
}
