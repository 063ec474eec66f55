/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which zone serves a request: down the zonelist, past zones below their mark, and, while the
 * request would break up another type's pageblock (ALLOC_NOFRAGMENT), rather to a lower zone.
 *
 * Mirrors get_page_from_freelist(), rmqueue(), rmqueue_buddy() and alloc_flags_nofragment().
 * Left out: cpusets, dirty limits, node reclaim, deferred struct pages.
 */
#include <config.h>

#include "kmreplay/mm/page_parts.h"

static bool zone_serves(const struct page_allocator *pa, struct zone *zone,
			const struct page_request *req);
static bool zone_may_serve(const struct page_allocator *pa, struct zone *zone,
			   const struct page_request *req);
static uint32_t rmqueue(struct page_allocator *pa, struct zone *zone,
			const struct page_request *req);
static bool may_pop_cma(const struct page_request *req);
static uint32_t rmqueue_buddy(struct page_allocator *pa, struct zone *zone,
			      const struct page_request *req);

bool request_init(const struct page_allocator *pa, struct page_request *req, uint32_t gfp,
		  unsigned int order, int node)
{
	const unsigned int at = node >= 0 && (unsigned int)node < pa->nr_nodes ?
					(unsigned int)node : pa->cpu_node[pa->cpu];
	const struct node *nd = &pa->nodes[at];

	req->gfp = gfp & pa->gfp_obeyed;
	req->order = order;
	req->mobility = gfp_policy_migratetype(gfp);
	req->type = pa->mobility ? req->mobility : MIGRATE_UNMOVABLE;
	req->highest = (enum zone_type)pa->gfp_zones[gfp & 15];
	req->node = nd;
	req->nr_zones = gfp & GFP_BIT_THISNODE ? nd->nr_own : nd->nr_zonelist;
	req->context = 0;
	req->preferred = nd->first_of[req->highest];
	return req->preferred < req->nr_zones;
}

uint32_t freelist_get(struct page_allocator *pa, struct page_request *req)
{
	unsigned int home;
	bool skip_awake, skipped;

	if (req->preferred >= req->nr_zones)
		return PAGE_NIL;
	home = request_zone(pa, req, req->preferred)->node;
	skip_awake = pa->profile->skip_awake_kswapd && pa->nr_nodes > 1;
retry:
	skipped = false;
	for (uint32_t i = req->preferred; i < req->nr_zones; i++) {
		struct zone *zone = request_zone(pa, req, i);
		uint32_t index;

		if (zone->type > req->highest)
			continue;
		if ((req->alloc_flags & ALLOC_NOFRAGMENT) && zone->node != home) {
			/* Local memory matters more than keeping types apart. */
			req->alloc_flags &= ~(unsigned int)ALLOC_NOFRAGMENT;
			goto retry;
		}
		if (skip_awake && pa->nodes[zone->node].kswapd_awake) {
			skipped = true;
			continue;
		}
		if (!zone_serves(pa, zone, req))
			continue;
		index = rmqueue(pa, zone, req);
		if (index != PAGE_NIL)
			return index;
	}
	if (skipped) {
		skip_awake = false;
		goto retry;
	}
	if (req->alloc_flags & ALLOC_NOFRAGMENT) {
		req->alloc_flags &= ~(unsigned int)ALLOC_NOFRAGMENT;
		goto retry;
	}
	return PAGE_NIL;
}

static bool zone_serves(const struct page_allocator *pa, struct zone *zone,
			const struct page_request *req)
{
	const bool ours = zone_may_serve(pa, zone, req);

	return likely(!pa->follow) ? ours :
				     pa->follow->serves(pa->follow_ctx, zone->index,
						req->alloc_flags, ours);
}

static bool zone_may_serve(const struct page_allocator *pa, struct zone *zone,
			   const struct page_request *req)
{
	const unsigned int flags = req->alloc_flags;

	if (pa->profile->below_high && !zone->below_high) {
		const unsigned int rights =
			flags & ~(unsigned int)(ALLOC_WMARK_MASK | ALLOC_NO_WATERMARKS);

		if (watermark_fast(zone, req, rights | ALLOC_WMARK_HIGH))
			return true;
		zone->below_high = true;
	}
	return (flags & ALLOC_NO_WATERMARKS) || watermark_fast(zone, req, flags);
}

static uint32_t rmqueue(struct page_allocator *pa, struct zone *zone,
			const struct page_request *req)
{
	const bool listed = pa->pcp_enabled && order_has_pcp(pa, req->order);
	bool from_pcp = true;
	uint32_t index = PAGE_NIL;

	if (listed && likely(!pa->profile->pcp_needs_cma || !zone->apart.cma_pages ||
			     may_pop_cma(req)))
		index = pcp_alloc(pa, zone, req->order, req->type, req->alloc_flags, false);
	if (index == PAGE_NIL && !(listed && pa->profile->strict_lists)) {
		index = rmqueue_buddy(pa, zone, req);
		from_pcp = false;
	}
	if (unlikely(zone->boosted) && (!pa->profile->boost_wakes_own_kswapd ||
					(req->alloc_flags & ALLOC_KSWAPD))) {
		zone->boosted = false;
		kswapd_wake(pa, &pa->nodes[zone->node], 0, 0, zone->type);
	}
	if (index != PAGE_NIL && unlikely(req->alloc_flags & ALLOC_HIGHATOMIC) &&
	    !(from_pcp && pa->profile->highatomic_only_from_buddy))
		highatomic_reserve(pa, zone, index, req->order);
	return index;
}

/* Lists of movable pages may hold pages of CMA areas. */
static bool may_pop_cma(const struct page_request *req)
{
	return req->type != MIGRATE_MOVABLE || (req->alloc_flags & ALLOC_CMA);
}

static uint32_t rmqueue_buddy(struct page_allocator *pa, struct zone *zone,
			      const struct page_request *req)
{
	enum rmqueue_mode mode = RMQUEUE_NORMAL;
	uint32_t index = PAGE_NIL;

	work_path(pa, MM_PATH_BUDDY);
	work_cost(pa, pa->costs.zone_lock);
	if (req->alloc_flags & ALLOC_HIGHATOMIC)
		index = buddy_take_smallest(pa, zone, req->order, MIGRATE_HIGHATOMIC);
	if (index == PAGE_NIL)
		index = likely(!pa->follow) ? rmqueue_one(pa, zone, req->order, req->type,
							  req->alloc_flags, &mode) :
					      follow_take(pa, zone, req->order, req->type,
							  req->alloc_flags, &mode);
	if (index == PAGE_NIL && !pa->profile->strict_lists &&
	    (req->alloc_flags & (ALLOC_OOM | ALLOC_NON_BLOCK)))
		index = buddy_take_smallest(pa, zone, req->order, MIGRATE_HIGHATOMIC);
	if (index == PAGE_NIL)
		return PAGE_NIL;
	zone_book_taken(pa, zone, 1LL << req->order);
	pa->pages[index].zone = zone->index;
	pa->stats.buddy_allocs++;
	return index;
}
