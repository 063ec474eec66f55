/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model of kswapd, one a node, and of kcompactd behind it.
 *
 * 1. It sleeps until a request finds no zone above its low mark, or a fallback has boosted one.
 * 2. Awake, it has its owner free pages until some zone is above its high mark at the order asked
 *    for, or until the boost is worked off; then it compacts for that order and sleeps.
 * 3. Real kswapd runs beside the requests. Here it gets a slice of SWAP_CLUSTER_MAX pages at the
 *    beginning of each later request that is not from an interrupt. So the request that woke it,
 *    and atomic ones behind it, see memory as low as it was, and a burst of large requests outruns
 *    it.
 * 4. Without anything reclaimed it gives up; after 16 such rounds (MAX_RECLAIM_RETRIES) nobody
 *    wakes it any more until a request frees something directly.
 *
 * Mirrors wakeup_kswapd(), pgdat_balanced(), balance_pgdat() and kswapd_try_to_sleep() in outcome,
 * not in their loops over LRU lists: what is reclaimed, and in which order, is the owner's choice.
 */
#include <config.h>

#include "kmreplay/mm/page_parts.h"

enum {
	MAX_FAILURES = 16,
};

static bool node_balanced(const struct page_allocator *pa, const struct node *node,
			  unsigned int order, enum zone_type highest);
static int64_t free_safe(const struct page_allocator *pa, const struct zone *zone);
static uint64_t node_boost(const struct page_allocator *pa, const struct node *node,
			   enum zone_type highest);
static uint64_t kswapd_slice(struct page_allocator *pa, struct node *node);
static void kswapd_sleep(struct page_allocator *pa, struct node *node);
static void node_compact(struct page_allocator *pa, const struct node *node, unsigned int order,
			 enum zone_type highest);
static uint32_t gfp_of_zone(enum zone_type highest);
static void set_reclaim_active(struct page_allocator *pa, const struct node *node, bool active);

void kswapd_wake_all(struct page_allocator *pa, const struct page_request *req)
{
	unsigned int last = UINT32_MAX;

	for (uint32_t i = req->preferred; i < req->nr_zones; i++) {
		const struct zone *zone = request_zone(pa, req, i);

		if (zone->type > req->highest || zone->node == last)
			continue;
		last = zone->node;
		kswapd_wake(pa, &pa->nodes[last], req->gfp, req->order, req->highest);
	}
}

void kswapd_wake(struct page_allocator *pa, struct node *node, uint32_t gfp, unsigned int order,
		 enum zone_type highest)
{
	uint64_t boosted;

	if (node->kswapd_awake) {
		if (order > node->kswapd_order)
			node->kswapd_order = (uint8_t)order;
		if (highest > node->kswapd_highest)
			node->kswapd_highest = (uint8_t)highest;
		return;
	}
	boosted = node_boost(pa, node, highest);
	if (node->kswapd_failures >= MAX_FAILURES ||
	    (!boosted && node_balanced(pa, node, order, highest))) {
		/* There is memory, but in pieces: kcompactd's work, unless the caller compacts. */
		if (!pa->follow && !(gfp & GFP_BIT_DIRECT_RECLAIM) && order)
			node_compact(pa, node, order, highest);
		return;
	}
	if (unlikely(pa->follow)) { /* whether it was, the recording says */
		pa->follow->wake(pa->follow_ctx, (unsigned int)(node - pa->nodes));
		return;
	}
	node->kswapd_awake = true;
	node->kswapd_order = (uint8_t)order;
	node->kswapd_highest = (uint8_t)highest;
	node->kswapd_boost = boosted;
	node->kswapd_boosted = boosted > 0;
	node->kswapd_freed = 0;
	pa->kswapd_pending = true;
	pa->stats.kswapd_wakes++;
	work_cost(pa, pa->costs.kswapd_wake);
	kswapd_note_boosts(pa, node, highest);
	watermarks_pressure(pa, node, true);
	set_reclaim_active(pa, node, true);
}

void kswapd_note_boosts(struct page_allocator *pa, const struct node *node,
			enum zone_type highest)
{
	for (uint32_t i = 0; i < node->nr_own; i++) {
		struct zone *zone = &pa->zones[node->zonelist[i]];

		zone->boost_seen = zone->type <= highest ? zone->boost : 0;
	}
}

void kswapd_end_boosts(struct page_allocator *pa, const struct node *node)
{
	for (uint32_t i = 0; i < node->nr_own; i++) {
		struct zone *zone = &pa->zones[node->zonelist[i]];

		zone->boost -= MIN(zone->boost, zone->boost_seen);
		zone->boost_seen = 0;
	}
}

uint64_t kswapd_run(struct page_allocator *pa)
{
	uint64_t longest_ns = 0; /* they work side by side */

	if (pa->reclaiming || pa->follow)
		return 0;
	pa->kswapd_pending = false;
	for (unsigned int i = 0; i < pa->nr_nodes; i++) {
		struct node *node = &pa->nodes[i];

		if (!node->kswapd_awake)
			continue;
		longest_ns = MAX(longest_ns, kswapd_slice(pa, node));
		pa->kswapd_pending |= node->kswapd_awake;
	}
	return longest_ns;
}

/* pgdat_balanced(): some zone up to "highest" is above its high mark for "order". */
static bool node_balanced(const struct page_allocator *pa, const struct node *node,
			  unsigned int order, enum zone_type highest)
{
	for (uint32_t i = 0; i < node->nr_own; i++) {
		const struct zone *zone = &pa->zones[node->zonelist[i]];

		if (zone->type <= highest &&
		    watermark_ok(zone, order, zone_wmark(zone, ZONE_MARK_HIGH), highest, 0,
				 free_safe(pa, zone)))
			return true;
	}
	return false;
}

/*
 * zone_watermark_ok_safe(): the counter without the CPUs' differences, as ever; the exact sum only
 * where these could hide that the min mark is passed (percpu_drift_mark), and near it.
 */
static int64_t free_safe(const struct page_allocator *pa, const struct zone *zone)
{
	const uint64_t drift = (uint64_t)pa->nr_online * (unsigned int)zone->stat_threshold;

	if (drift > zone->mark[ZONE_MARK_LOW] - zone->mark[ZONE_MARK_MIN] &&
	    zone->free_stat < (int64_t)(zone->mark[ZONE_MARK_HIGH] + drift))
		return (int64_t)zone->free;
	return zone->free_stat;
}

static uint64_t node_boost(const struct page_allocator *pa, const struct node *node,
			   enum zone_type highest)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < node->nr_own; i++) {
		const struct zone *zone = &pa->zones[node->zonelist[i]];

		if (zone->type <= highest)
			sum += zone->boost;
	}
	return sum;
}

static uint64_t kswapd_slice(struct page_allocator *pa, struct node *node)
{
	const enum zone_type highest = (enum zone_type)node->kswapd_highest;
	const struct page_work work = pa->work; /* its time is not the caller's */
	uint64_t freed, took_ns;

	if (node_balanced(pa, node, node->kswapd_order, highest) && !node->kswapd_boost) {
		kswapd_sleep(pa, node);
		pa->work = work;
		return 0;
	}
	freed = reclaim_pages(pa, SWAP_CLUSTER_MAX, gfp_of_zone(highest), false);
	pa->stats.kswapd_pages += freed;
	node->kswapd_freed += freed;
	node->kswapd_boost -= MIN(node->kswapd_boost, freed);
	/* Twice the block is free by now: what is missing is not memory but contiguity. */
	if (node->kswapd_order && node->kswapd_freed >= 2ULL << node->kswapd_order) {
		node_compact(pa, node, node->kswapd_order, highest);
		node->kswapd_order = 0;
	}
	if (!freed)
		kswapd_sleep(pa, node);
	took_ns = pa->work.cost_ns - work.cost_ns;
	pa->work = work;
	return took_ns;
}

static void kswapd_sleep(struct page_allocator *pa, struct node *node)
{
	const enum zone_type highest = (enum zone_type)node->kswapd_highest;

	if (node->kswapd_freed)
		node->kswapd_failures = 0;
	else if (!node->kswapd_boosted && node->kswapd_failures < MAX_FAILURES &&
		 !node_balanced(pa, node, node->kswapd_order, highest))
		node->kswapd_failures++;
	kswapd_end_boosts(pa, node);
	watermarks_pressure(pa, node, false);
	node->kswapd_awake = false;
	set_reclaim_active(pa, node, false);
	if (node->kswapd_boosted)
		node_compact(pa, node, pa->block_order, highest);
	else if (node->kswapd_order)
		node_compact(pa, node, node->kswapd_order, highest);
}

/* kcompactd, run to its end at once. */
static void node_compact(struct page_allocator *pa, const struct node *node, unsigned int order,
			 enum zone_type highest)
{
	for (uint32_t i = 0; i < node->nr_own; i++) {
		struct zone *zone = &pa->zones[node->zonelist[i]];

		if (zone->type <= highest)
			compact_zone_background(pa, zone, order);
	}
}

/* A mask that may use zones up to "highest", so that the owner frees pages that help. */
static uint32_t gfp_of_zone(enum zone_type highest)
{
	switch (highest) {
	case ZONE_DMA:
		return GFP_BITS_KERNEL | GFP_BIT_DMA;
	case ZONE_DMA32:
		return GFP_BITS_KERNEL | GFP_BIT_DMA32;
	case ZONE_NORMAL:
		return GFP_BITS_KERNEL;
	case ZONE_HIGHMEM:
	case ZONE_MOVABLE:
	case ZONE_NR:
	default:
		return GFP_BITS_KERNEL | GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE;
	}
}

/* ZONE_RECLAIM_ACTIVE: per-CPU lists are kept short meanwhile. */
static void set_reclaim_active(struct page_allocator *pa, const struct node *node, bool active)
{
	for (uint32_t i = 0; i < node->nr_own; i++) {
		struct zone *zone = &pa->zones[node->zonelist[i]];

		if (zone->type <= (enum zone_type)node->kswapd_highest || !active)
			zone->reclaim_active = active;
	}
}
