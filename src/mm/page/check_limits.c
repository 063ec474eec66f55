/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The invariants of what steers the page allocator: watermarks, reserves, limits of per-CPU lists,
 * kswapd's flags, zonelists. Each is cheap; none walks memory. What a recording or the recorded
 * kernel's own files told (page_follow.h, page_start.h) is not held to our arithmetic.
 */
#include <config.h>

#include "kmreplay/mm/page_parts.h"

#include <stdlib.h>

enum { MAX_THRESHOLD = 125 };

static bool check_marks(const struct zone *zone, struct error *err);
static bool check_boost(const struct page_allocator *pa, const struct zone *zone,
			struct error *err);
static bool check_reserves(const struct zone *zone, struct error *err);
static bool check_pcp_limits(const struct page_allocator *pa, const struct zone *zone,
			     unsigned int cpu, struct error *err);
static bool check_counts(const struct zone *zone, struct error *err);
static bool check_node(const struct page_allocator *pa, unsigned int at, struct error *err);
static bool check_zonelist(const struct page_allocator *pa, const struct node *node,
			   struct error *err);

bool page_check_limits(const struct page_allocator *pa, struct error *err)
{
	bool awake = false;
	uint64_t total = 0;

	for (unsigned int i = 0; i < pa->nr_zones; i++) {
		const struct zone *zone = &pa->zones[i];

		if (!check_counts(zone, err))
			return false;
		if (!zone->told && !(check_marks(zone, err) && check_boost(pa, zone, err) &&
				     check_reserves(zone, err)))
			return false;
		for (unsigned int cpu = 0; cpu < pa->nr_cpus; cpu++) {
			if (!check_pcp_limits(pa, zone, cpu, err))
				return false;
		}
		total += zone->managed;
	}
	if (total != pa->total)
		return error_set(err, "zones manage %lu pages, counted %lu", (unsigned long)total,
				 (unsigned long)pa->total);
	for (unsigned int i = 0; i < pa->nr_nodes; i++) {
		if (!check_node(pa, i, err) || !check_zonelist(pa, &pa->nodes[i], err))
			return false;
		awake |= pa->nodes[i].kswapd_awake;
	}
	/* Followed, kswapd is the recording's; it is never pending without being awake. */
	if (pa->kswapd_pending ? !awake && !pa->follow : awake && !pa->follow)
		return error_set(err, "kswapd is %s, but noted as %s",
				 awake ? "awake" : "asleep",
				 pa->kswapd_pending ? "pending" : "not pending");
	return true;
}

/* __setup_per_zone_wmarks(): low, high and promo lie one step above each other. */
static bool check_marks(const struct zone *zone, struct error *err)
{
	const uint64_t *mark = zone->mark;
	const uint64_t step = mark[ZONE_MARK_LOW] - mark[ZONE_MARK_MIN];

	if (mark[ZONE_MARK_LOW] < mark[ZONE_MARK_MIN] ||
	    mark[ZONE_MARK_HIGH] != mark[ZONE_MARK_LOW] + step)
		return error_set(err, "zone %u: marks %lu, %lu and %lu are not one step apart",
				 zone->index, (unsigned long)mark[ZONE_MARK_MIN],
				 (unsigned long)mark[ZONE_MARK_LOW],
				 (unsigned long)mark[ZONE_MARK_HIGH]);
	/* Before 5.18 there is none. */
	if (mark[ZONE_MARK_PROMO] && mark[ZONE_MARK_PROMO] != mark[ZONE_MARK_HIGH] + step)
		return error_set(err, "zone %u: promo mark %lu is not one step above %lu",
				 zone->index, (unsigned long)mark[ZONE_MARK_PROMO],
				 (unsigned long)mark[ZONE_MARK_HIGH]);
	return true;
}

/* boost_watermark(): at most "boost_factor" of the high mark, but a pageblock in any case. */
static bool check_boost(const struct page_allocator *pa, const struct zone *zone,
			struct error *err)
{
	const uint64_t most = MAX((uint64_t)block_pages(pa),
				  per_10000(zone->mark[ZONE_MARK_HIGH], pa->boost_factor));

	if (pa->boost_factor && zone->boost > most)
		return error_set(err, "zone %u: boosted by %lu pages, at most %lu", zone->index,
				 (unsigned long)zone->boost, (unsigned long)most);
	return true;
}

/* setup_per_zone_lowmem_reserve(): nothing from a zone's own requests, more from higher ones. */
static bool check_reserves(const struct zone *zone, struct error *err)
{
	for (unsigned int type = 0; type < ZONE_NR; type++) {
		if (type <= (unsigned int)zone->type ? zone->reserve[type] != 0 :
						       zone->reserve[type] <
							       zone->reserve[type - 1])
			return error_set(err, "zone %u: keeps %lu pages from requests for %s",
					 zone->index, (unsigned long)zone->reserve[type],
					 zone_type_name(type));
	}
	return true;
}

static bool check_pcp_limits(const struct page_allocator *pa, const struct zone *zone,
			     unsigned int cpu, struct error *err)
{
	const struct pcp *pcp = &zone->pcps[cpu];
	const bool moves = pa->profile->pcp == PCP_AUTO_HIGH;

	/* The bounds cross where the low mark itself is beyond the upper one. */
	if (pcp->batch < 1 ||
	    (!zone->told && (pcp->high_min < 0 || pcp->high_max < 0 ||
			     (pcp->high_min > pcp->high_max &&
			      zone_wmark(zone, ZONE_MARK_LOW) <= (uint64_t)pcp->high_max))))
		return error_set(err, "zone %u CPU %u: batch %d, high from %d to %d", zone->index,
				 cpu, pcp->batch, pcp->high_min, pcp->high_max);
	/* Where it moves, it comes between its bounds when it is next used. */
	if (!zone->told &&
	    (pcp->high < 0 ||
	     (moves && pcp->high_max && pcp->high > MAX(pcp->high_min, pcp->high_max))))
		return error_set(err, "zone %u CPU %u: high is %d, at most %d", zone->index, cpu,
				 pcp->high, pcp->high_max);
	if (pcp->free_count < 0 || pcp->alloc_factor > PCP_BATCH_SCALE_MAX ||
	    pcp->free_factor > PCP_BATCH_SCALE_MAX)
		return error_set(err, "zone %u CPU %u: %d frees, factors %u and %u", zone->index,
				 cpu, pcp->free_count, pcp->free_factor, pcp->alloc_factor);
	/* calculate_normal_threshold(); it may have been lowered since the last page. */
	if (abs(pcp->stat_diff) > MAX_THRESHOLD)
		return error_set(err, "zone %u CPU %u: %d pages are not booked, at most %d",
				 zone->index, cpu, pcp->stat_diff, MAX_THRESHOLD);
	if (!moves && (pcp->alloc_factor || pcp->free_count))
		return error_set(err, "zone %u CPU %u: counts what these rules do not", zone->index,
				 cpu);
	return true;
}

static bool check_counts(const struct zone *zone, struct error *err)
{
	if (zone->unknown > zone->used || zone->used > zone->managed ||
	    zone->movable > zone->used - zone->unknown)
		return error_set(err, "zone %u: %lu pages in use of %lu, %lu unknown, %lu movable",
				 zone->index, (unsigned long)zone->used,
				 (unsigned long)zone->managed, (unsigned long)zone->unknown,
				 (unsigned long)zone->movable);
	if (zone->free_least != UINT64_MAX && zone->free_least > zone->free)
		return error_set(err, "zone %u: %lu free, but never fewer than %lu", zone->index,
				 (unsigned long)zone->free, (unsigned long)zone->free_least);
	return true;
}

static bool check_node(const struct page_allocator *pa, unsigned int at, struct error *err)
{
	const struct node *node = &pa->nodes[at];

	if (node->kswapd_order > KERNEL_MAX_ORDER || node->kswapd_highest >= ZONE_NR)
		return error_set(err, "node %u: kswapd works for order %u in zones up to %u", at,
				 node->kswapd_order, node->kswapd_highest);
	if (node->nr_online > node->nr_cpus)
		return error_set(err, "node %u: %u of %u CPUs are up", at, node->nr_online,
				 node->nr_cpus);
	return true;
}

/* Every zone once, its own ones first. */
static bool check_zonelist(const struct page_allocator *pa, const struct node *node,
			   struct error *err)
{
	bool *seen CLEANUP(cleanup_free) = xcalloc(pa->nr_zones, sizeof(*seen));

	for (uint32_t i = 0; i < node->nr_zonelist; i++) {
		const uint16_t zone = node->zonelist[i];

		if (zone >= pa->nr_zones || seen[zone] ||
		    (&pa->nodes[pa->zones[zone].node] == node) != (i < node->nr_own))
			return error_set(err, "node %u: zone %u is out of place in its zonelist",
					 (unsigned int)(node - pa->nodes), zone);
		seen[zone] = true;
	}
	if (node->nr_zonelist != pa->nr_zones)
		return error_set(err, "node %u: zonelist of %u zones, there are %u",
				 (unsigned int)(node - pa->nodes), node->nr_zonelist,
				 pa->nr_zones);
	return true;
}
