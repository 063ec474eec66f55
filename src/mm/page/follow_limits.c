/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of per-CPU lists, flags and marks of zones, as whoever follows a recording sets and sees
 * them: the part of page_follow.h that no single request is about.
 */
#include <config.h>

#include "kmreplay/mm/page_follow_reclaim.h"

#include "kmreplay/mm/page_parts.h"

static bool ask(struct page_allocator *pa, struct page_request *req, unsigned int cpu,
		uint32_t gfp, unsigned int order, bool low);

void page_follow_decay(struct page_allocator *pa, unsigned int cpu)
{
	page_follow_idle(pa, cpu);
	for (unsigned int i = 0; i < pa->nr_zones; i++) {
		struct pcp *pcp = &pa->zones[i].pcps[cpu];
		const int32_t high = MAX(pcp->count - (pcp->batch << PCP_BATCH_SCALE_MAX),
					 pcp->high - (pcp->high >> 3));

		if (pa->profile->pcp == PCP_AUTO_HIGH && pcp->high > pcp->high_min)
			pcp->high = MAX(high, pcp->high_min);
	}
}

void page_follow_idle(struct page_allocator *pa, unsigned int cpu)
{
	for (unsigned int i = 0; i < pa->nr_zones; i++) {
		struct zone *zone = &pa->zones[i];
		struct pcp *pcp = &zone->pcps[cpu];

		zone->free_stat += pcp->stat_diff;
		zone->apart.cma_stat += pcp->cma_diff;
		pcp->stat_diff = pcp->cma_diff = 0;
	}
}

void page_follow_decayed(struct page_allocator *pa, unsigned int zone, unsigned int cpu)
{
	struct pcp *pcp = &pa->zones[zone].pcps[cpu];

	if (pa->profile->pcp == PCP_AUTO_HIGH)
		pcp->high = MIN(MAX(pcp->count, pcp->high_min), pcp->high_max);
}

void page_follow_set_high(struct page_allocator *pa, unsigned int zone, unsigned int cpu, int high)
{
	struct pcp *pcp = &pa->zones[zone].pcps[cpu];

	if (pa->profile->pcp == PCP_AUTO_HIGH)
		pcp->high = MIN(MAX(high, pcp->high_min), pcp->high_max);
}

void page_follow_kswapd(struct page_allocator *pa, unsigned int node, bool awake,
			enum zone_type highest)
{
	struct node *nd = &pa->nodes[node];

	if (awake)
		kswapd_note_boosts(pa, nd, highest);
	else
		kswapd_end_boosts(pa, nd);
	if (awake)
		watermarks_pressure(pa, nd, true);
	nd->kswapd_awake = awake;
	nd->kswapd_highest = (uint8_t)highest;
}

void page_follow_kswapd_sleeps(struct page_allocator *pa, unsigned int node)
{
	watermarks_pressure(pa, &pa->nodes[node], false);
}

void page_follow_kswapd_woken(struct page_allocator *pa, unsigned int node, bool woken)
{
	pa->nodes[node].kswapd_awake = woken;
}

void page_follow_reclaiming(struct page_allocator *pa, unsigned int zone, bool active)
{
	pa->zones[zone].reclaim_active = active;
}

void page_follow_below_high(struct page_allocator *pa, unsigned int zone)
{
	struct zone *z = &pa->zones[zone];

	if (!pa->profile->below_high)
		return;
	z->below_high = true;
	for (unsigned int cpu = 0; cpu < pa->nr_cpus; cpu++) {
		z->pcps[cpu].high = MIN(z->pcps[cpu].high, z->pcps[cpu].high_min);
		z->pcps[cpu].alloc_factor = 0;
	}
}

void page_follow_reserve(struct page_allocator *pa, unsigned int zone, enum zone_type highest,
			 uint64_t pages)
{
	pa->zones[zone].told = true;
	pa->zones[zone].reserve[highest] = MIN(pages, 1ULL << 40); /* all of memory */
}

void page_follow_marks(struct page_allocator *pa, unsigned int zone, uint64_t min, uint64_t low,
		       uint64_t high, uint64_t promo)
{
	struct zone *z = &pa->zones[zone];

	z->told = true;
	z->mark[ZONE_MARK_MIN] = min;
	z->mark[ZONE_MARK_LOW] = low;
	z->mark[ZONE_MARK_HIGH] = high;
	z->mark[ZONE_MARK_PROMO] = promo;
	z->boost = 0;
	pcp_setup_zone(pa, z);
}

void page_follow_undecayed(struct page_allocator *pa, unsigned int zone, unsigned int cpu)
{
	struct pcp *pcp = &pa->zones[zone].pcps[cpu];

	if (pa->profile->pcp != PCP_AUTO_HIGH)
		return;
	/* A step takes an eighth. */
	while (pcp->high <= pcp->count && pcp->high < pcp->high_max)
		pcp->high = MIN(pcp->high + MAX(pcp->high / 7, 1), pcp->high_max);
}

uint64_t page_follow_min_free(const struct page_allocator *pa)
{
	return (uint64_t)pa->min_free_kbytes;
}

void page_follow_set_min_free(struct page_allocator *pa, uint64_t kbytes)
{
	pa->min_free_kbytes = (int64_t)MIN(kbytes, 1ULL << 42);
	watermarks_update(pa);
	for (unsigned int i = 0; i < pa->nr_zones; i++)
		pa->zones[i].told = true;
}

void page_follow_boost(struct page_allocator *pa, unsigned int zone, bool wakes)
{
	fallback_boost(pa, &pa->zones[zone], wakes ? ALLOC_KSWAPD : 0);
}

int64_t page_follow_lacks(struct page_allocator *pa, unsigned int cpu, uint32_t gfp,
			  unsigned int order, unsigned int zone, bool low)
{
	const struct zone *z = &pa->zones[zone];
	int64_t without = -1, with = (int64_t)z->managed + 1;
	struct page_request req;

	if (!ask(pa, &req, cpu, gfp, order, low) || z->type > req.highest)
		return INT64_MAX;
	/* The most free pages that do not pass, and one more. */
	while (with - without > 1) {
		const int64_t middle = without + (with - without) / 2;

		if (watermark_ok(z, order, zone_wmark(z, req.alloc_flags & ALLOC_WMARK_MASK),
				 req.highest, req.alloc_flags, middle))
			with = middle;
		else
			without = middle;
	}
	return with > (int64_t)z->managed ? INT64_MAX : with - z->free_stat;
}

bool page_follow_counted(struct page_allocator *pa, unsigned int zone, int64_t more)
{
	struct zone *z = &pa->zones[zone];
	const int64_t most = (int64_t)pa->nr_online * z->stat_threshold;
	const int64_t off = (int64_t)z->free - z->free_stat;

	if (more > off + most || more < off - most)
		return false;
	zone_book(pa, z, z->free_stat + more);
	return true;
}

bool page_follow_passes(struct page_allocator *pa, unsigned int cpu, uint32_t gfp,
			unsigned int zone, bool low)
{
	struct page_request req;

	if (!ask(pa, &req, cpu, gfp, 0, low) || pa->zones[zone].type > req.highest)
		return false;
	return watermark_fast(&pa->zones[zone], &req, req.alloc_flags);
}

/* A request at the low mark, or as the slow path first makes it. */
static bool ask(struct page_allocator *pa, struct page_request *req, unsigned int cpu,
		uint32_t gfp, unsigned int order, bool low)
{
	page_begin(pa, cpu);
	if (!request_init(pa, req, gfp, order, -1))
		return false;
	req->alloc_flags = low ? ALLOC_WMARK_LOW : gfp_policy_alloc_flags(gfp, order) & pa->obeyed;
	return true;
}

void page_follow_limits(const struct page_allocator *pa, unsigned int zone, unsigned int cpu,
			struct page_limits *ret)
{
	const struct zone *z = &pa->zones[zone];
	const struct pcp *pcp = &z->pcps[cpu];

	*ret = (struct page_limits){
		.count = pcp->count,
		.high = pcp->high,
		.high_min = pcp->high_min,
		.high_max = pcp->high_max,
		.batch = pcp->batch,
		.free_count = pcp->free_count,
		.free_factor = pcp->free_factor,
		.alloc_factor = pcp->alloc_factor,
		.below_high = z->below_high,
		.reclaim_active = z->reclaim_active,
	};
}
