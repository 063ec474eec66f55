/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compaction: making large blocks by moving pages.
 *
 *	zone  |U.mm|m..m|....|mm.m|....|....|      m movable  U not  . free
 *	       ^ migrate scanner ->  <- free scanner ^
 *
 * 1. One scanner walks up from the bottom and picks pages that can be moved; the other walks down
 *    from the top and picks free pages for them. Where they meet the run is over. So movable pages
 *    gather at the top and free ones at the bottom.
 * 2. It stops as soon as a block of the order asked for is on a list that the request may use.
 * 3. It runs only if there are free pages enough to move to, and if the lack is one of contiguity:
 *    for order > 3 the fragmentation index has to be above extfrag_threshold.
 * 4. The scanners remember where they stopped. After a run in vain attempts are put off: 2, 4, ...
 *    64 times as many are let pass before the next one.
 * 5. Asynchronous runs look only into pageblocks of the request's own type; others into all.
 *
 * Mirrors compact_zone(), compaction_suitable(), compact_finished(), isolate_migratepages_block(),
 * isolate_freepages(), try_to_compact_pages() and defer_compaction() of 6.1 and 6.12. Left out:
 * skip hints and the fast searches by free list, which change what is scanned first, not what can
 * be reached; contention; capture.
 */
#include <config.h>

#include "kmreplay/mm/page_parts.h"

enum {
	CLUSTER = SWAP_CLUSTER_MAX,  /* COMPACT_CLUSTER_MAX: pages between two looks at the lists */
	MAX_DEFER_SHIFT = 6,
};

/* One run over one zone (struct compact_control). */
struct compact_run {
	struct page_allocator *pa;
	struct zone *zone;
	unsigned int order;
	enum migratetype type;
	enum zone_type highest;
	enum compact_prio prio;
	bool direct;
	uint32_t migrate_at;    /* next page that the lower scanner looks at */
	uint32_t free_block;    /* pageblock of the upper scanner */
	uint32_t free_at;       /* where in it */
	struct vec(uint32_t) isolated[KERNEL_NR_ORDERS]; /* free pages, taken to move to */
	uint32_t nr_isolated;   /* pages in them */
	uint32_t nr_moved;      /* since the last look */
};

static enum compact_result compact_zone(struct compact_run *run);
static bool already_allocatable(const struct compact_run *run);
static bool has_result(const struct compact_run *run);
static int fragmentation_index(const struct zone *zone, unsigned int order);
static bool is_source(const struct compact_run *run, uint32_t block);
static bool is_target(const struct compact_run *run, uint32_t block);
static bool scan_source(struct compact_run *run);
static bool move_block(struct compact_run *run, uint32_t index);
static uint32_t take_isolated(struct compact_run *run, unsigned int order);
static bool isolate_more(struct compact_run *run);
static bool isolate_free(struct compact_run *run, uint32_t index, unsigned int order);
static void make_movable(struct page_allocator *pa, struct zone *zone, uint32_t index,
			 unsigned int order);
static void release_isolated(struct compact_run *run);
static bool deferred(struct zone *zone, unsigned int order);
static void defer(struct zone *zone, unsigned int order);

enum compact_result compact_for(struct page_allocator *pa, const struct page_request *req,
				enum compact_prio prio)
{
	enum compact_result best = COMPACT_SKIPPED;

	if (!pa->ops.moved || pa->reclaiming)
		return COMPACT_SKIPPED;
	for (uint32_t i = req->preferred; i < req->nr_zones; i++) {
		struct zone *zone = request_zone(pa, req, i);
		struct compact_run run = {
			.pa = pa, .zone = zone, .order = req->order, .type = req->type,
			.highest = req->highest, .prio = prio, .direct = true,
		};
		enum compact_result result;

		if (zone->type > req->highest)
			continue;
		if (prio > COMPACT_PRIO_FULL && deferred(zone, req->order)) {
			pa->stats.compact_deferred++;
			best = best < COMPACT_DEFERRED ? COMPACT_DEFERRED : best;
			continue;
		}
		result = compact_zone(&run);
		best = MAX(best, result);
		if (result == COMPACT_SUCCESS) {
			compact_defer_reset(zone, req->order, false);
			break;
		}
		if (prio != COMPACT_PRIO_ASYNC && result >= COMPACT_PARTIAL)
			defer(zone, req->order);
	}
	return best;
}

void compact_zone_background(struct page_allocator *pa, struct zone *zone, unsigned int order)
{
	const struct page_work work = pa->work; /* kcompactd's time, not the caller's */
	struct compact_run run = {
		.pa = pa, .zone = zone, .order = order, .type = MIGRATE_UNMOVABLE,
		.highest = zone->type, .prio = COMPACT_PRIO_LIGHT,
	};
	enum compact_result result;

	if (!pa->ops.moved || pa->reclaiming || deferred(zone, order))
		return;
	result = compact_zone(&run);
	if (result == COMPACT_SUCCESS) {
		compact_defer_reset(zone, order, false);
	} else if (result >= COMPACT_PARTIAL) {
		/* Nothing came of it: at least free memory that per-CPU lists hold back. */
		pcp_drain_all(pa, zone);
		defer(zone, order);
	}
	pa->work = work;
}

void compact_defer_reset(struct zone *zone, unsigned int order, bool allocated)
{
	if (allocated) {
		zone->compact.considered = 0;
		zone->compact.defer_shift = 0;
	}
	if (order >= zone->compact.order_failed)
		zone->compact.order_failed = (uint8_t)(order + 1);
}

bool compact_has_room(const struct zone *zone, unsigned int order, enum zone_type highest,
		      int64_t free)
{
	const uint64_t gap = 2ULL << order;
	const uint64_t mark =
		zone->mark[order > PAGE_COSTLY_ORDER ? ZONE_MARK_LOW : ZONE_MARK_MIN] +
		zone->boost + gap;

	return watermark_ok(zone, 0, mark, highest, ALLOC_CMA, free);
}

bool compact_suitable(const struct page_allocator *pa, const struct zone *zone,
		      unsigned int order, enum zone_type highest, int64_t free)
{
	int index;

	if (!compact_has_room(zone, order, highest, free))
		return false;
	if (order <= PAGE_COSTLY_ORDER)
		return true;
	index = fragmentation_index(zone, order);
	return index < 0 || index > pa->extfrag_threshold;
}

void compact_isolate(struct page_allocator *pa, struct zone *zone, uint32_t index,
		     unsigned int order)
{
	const enum migratetype type = area_del(pa, zone, index, order);

	zone_count_taken(pa, zone, order, type);
	zone_book_taken(pa, zone, 1LL << order);
	/* Half a pageblock and more is going to be full of movable pages. */
	if (order + 1 >= pa->block_order)
		make_movable(pa, zone, index, order);
	pa->pages[index].zone = zone->index;
}

static enum compact_result compact_zone(struct compact_run *run)
{
	struct page_allocator *pa = run->pa;
	struct zone *zone = run->zone;
	const uint32_t block = block_pages(pa);
	const bool resume = zone->compact.migrate_at != PAGE_NIL;
	enum compact_result result = COMPACT_SUCCESS;

	if (run->direct && already_allocatable(run))
		return COMPACT_SUCCESS;
	if (!compact_suitable(pa, zone, run->order, run->highest, zone->free_stat))
		return COMPACT_SKIPPED;
	run->migrate_at = resume ? zone->compact.migrate_at : zone->start;
	run->free_block = resume ? zone->compact.free_at :
				   (uint32_t)bits_align_down(zone->end - 1, block);
	run->free_at = run->free_block;
	pa->stats.compactions++;
	pa->reclaiming = true; /* PF_MEMALLOC */
	while (!has_result(run)) {
		if (!scan_source(run)) {
			result = resume ? COMPACT_PARTIAL : COMPACT_COMPLETE;
			break;
		}
	}
	pa->reclaiming = false;
	release_isolated(run);
	pcp_drain(pa, zone, &zone->pcps[pa->cpu]);
	if (result == COMPACT_SUCCESS) {
		pa->stats.compact_success++;
		zone->compact.migrate_at = run->migrate_at;
		zone->compact.free_at = run->free_block;
	} else {
		zone->compact.migrate_at = PAGE_NIL;
	}
	return result;
}

/* The zone could serve the request as it is: other lists have been drained meanwhile. */
static bool already_allocatable(const struct compact_run *run)
{
	return watermark_ok(run->zone, run->order, zone_wmark(run->zone, ZONE_MARK_MIN),
			    run->highest, 0, run->zone->free_stat);
}

/* A block of the order is on a list of the request's type, or on one it may turn over. */
static bool has_result(const struct compact_run *run)
{
	for (unsigned int o = run->order; o < KERNEL_NR_ORDERS; o++) {
		const struct free_area *area = &run->zone->area[o];
		const bool whole = o >= run->pa->block_order / 2 || run->type != MIGRATE_MOVABLE;

		if (area->lists[run->type].first != PAGE_NIL)
			return true;
		for (unsigned int type = 0; whole && type < PCP_TYPES; type++) {
			if (area->lists[type].first != PAGE_NIL)
				return true;
		}
	}
	return false;
}

/* -1000: a block of the order is free; else 0 (too little memory) to 1000 (all in pieces). */
static int fragmentation_index(const struct zone *zone, unsigned int order)
{
	const uint64_t requested = 1ULL << order;
	uint64_t blocks = 0, suitable = 0;

	for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++) {
		blocks += zone->area[o].nr_free;
		if (o >= order)
			suitable += zone->area[o].nr_free;
	}
	if (!blocks)
		return 0;
	if (suitable)
		return -1000;
	return 1000 - (int)((1000 + zone->free * 1000 / requested) / blocks);
}

static bool is_source(const struct compact_run *run, uint32_t block)
{
	const enum migratetype type = block_type(run->pa, block);
	unsigned int order;
	uint32_t head;

	if (area_find(run->pa, block, &head, &order) && order >= run->pa->block_order)
		return false; /* nothing in it to be moved */
	if (run->prio != COMPACT_PRIO_ASYNC || !run->direct)
		return true;
	return run->type == MIGRATE_MOVABLE ? type == MIGRATE_MOVABLE || type == MIGRATE_CMA :
					      type == run->type;
}

static bool is_target(const struct compact_run *run, uint32_t block)
{
	const enum migratetype type = block_type(run->pa, block);
	unsigned int order;
	uint32_t head;

	if (run->prio == COMPACT_PRIO_FULL)
		return true;
	/* What is whole already is not broken up. */
	if (area_find(run->pa, block, &head, &order) && order >= run->pa->block_order)
		return false;
	return type == MIGRATE_MOVABLE || type == MIGRATE_CMA;
}

/* Moves up to CLUSTER pages out of one pageblock; false: the scanners have met. */
static bool scan_source(struct compact_run *run)
{
	struct page_allocator *pa = run->pa;
	const uint32_t block = block_pages(pa);
	const uint32_t start = (uint32_t)bits_align_down(run->migrate_at, block);
	const uint32_t end = MIN(start + block, run->zone->end);

	if (start >= run->free_block)
		return false;
	if (!is_source(run, start)) {
		run->migrate_at = start + block;
		return true;
	}
	run->nr_moved = 0;
	while (run->migrate_at < end && run->nr_moved < CLUSTER) {
		const struct page *page = &pa->pages[run->migrate_at];
		const uint32_t size = page->state == PAGE_NONE ? 1 : 1U << page->order;
		const bool small = page->order == 0 ||
				   (pa->profile->compact_moves_folios && page->order < run->order);

		if (page->state == PAGE_USED && page->type == MIGRATE_MOVABLE && small &&
		    page->zone == run->zone->index && !move_block(run, run->migrate_at))
			return false;
		run->migrate_at += size;
	}
	/* Freed pages wait in this CPU's lists; they merge only in the buddy lists. */
	if (run->nr_moved)
		pcp_drain(pa, run->zone, &run->zone->pcps[pa->cpu]);
	return true;
}

/* False: there is nowhere to move it. */
static bool move_block(struct compact_run *run, uint32_t index)
{
	struct page_allocator *pa = run->pa;
	struct zone *zone = run->zone;
	const unsigned int order = pa->pages[index].order;
	const uint32_t to = take_isolated(run, order);

	if (to == PAGE_NIL)
		return false;
	page_set_used(pa, zone, to, order, MIGRATE_MOVABLE);
	page_set_unused(pa, zone, index);
	run->nr_moved += 1U << order;
	pa->stats.compact_moved += 1ULL << order;
	work_cost(pa, (uint64_t)pa->costs.compact_page << order);
	pa->ops.moved(pa->ctx, pa->base_pfn + index, pa->base_pfn + to, order);
	page_put(pa, zone, index, order);
	return true;
}

/* A free block of the order, cut from the smallest one isolated; PAGE_NIL: no more. */
static uint32_t take_isolated(struct compact_run *run, unsigned int order)
{
	for (;;) {
		for (unsigned int o = order; o < KERNEL_NR_ORDERS; o++) {
			uint32_t index;

			if (!run->isolated[o].nr)
				continue;
			index = run->isolated[o].items[--run->isolated[o].nr];
			run->nr_isolated -= 1U << order;
			while (o > order) {
				o--;
				vec_push(&run->isolated[o], index + (1U << o));
			}
			return index;
		}
		if (!isolate_more(run))
			return PAGE_NIL;
	}
}

/* Takes free pages of the upper scanner's pageblock, or moves it down; false: they have met. */
static bool isolate_more(struct compact_run *run)
{
	struct page_allocator *pa = run->pa;
	const uint32_t block = block_pages(pa);
	const uint32_t lowest = (uint32_t)bits_align_down(run->migrate_at, block);
	const uint32_t before = run->nr_isolated;

	while (run->free_block > lowest) {
		const uint32_t end = MIN(run->free_block + block, run->zone->end);

		if (!is_target(run, run->free_block))
			run->free_at = end;
		while (run->free_at < end && run->nr_isolated - before < CLUSTER) {
			const struct page *page = &pa->pages[run->free_at];
			const uint32_t size = page->state == PAGE_NONE ? 1 : 1U << page->order;

			if (page->state == PAGE_BUDDY && page->zone == run->zone->index &&
			    !isolate_free(run, run->free_at, page->order))
				return run->nr_isolated > before;
			run->free_at += size;
		}
		if (run->free_at >= end) {
			run->free_block -= MIN(block, run->free_block);
			run->free_at = run->free_block;
		}
		if (run->nr_isolated > before)
			return true;
	}
	return false;
}

/* __isolate_free_page(): false when that would take the zone below its min mark. */
static bool isolate_free(struct compact_run *run, uint32_t index, unsigned int order)
{
	struct page_allocator *pa = run->pa;
	struct zone *zone = run->zone;

	if (!watermark_ok(zone, 0, zone->mark[ZONE_MARK_MIN] + (1ULL << order), ZONE_DMA,
			  ALLOC_CMA, zone->free_stat))
		return false;
	compact_isolate(pa, zone, index, order);
	run->nr_isolated += 1U << order;
	if (pa->profile->compact_moves_folios) {
		vec_push(&run->isolated[order], index);
		return true;
	}
	/* 6.1 splits all to single pages and uses the lowest first. */
	for (uint32_t i = 1U << order; i-- > 0;)
		vec_push(&run->isolated[0], index + i);
	return true;
}

/* The pageblocks of a block that was taken off its list; from 6.10 on their rest goes along. */
static void make_movable(struct page_allocator *pa, struct zone *zone, uint32_t index,
			 unsigned int order)
{
	const struct page_work work = pa->work;

	for (uint32_t at = index; at - index < 1U << order; at += block_pages(pa)) {
		const enum migratetype type = block_type(pa, at);
		const uint32_t start = (uint32_t)bits_align_down(at, block_pages(pa));

		if (type == MIGRATE_MOVABLE || !type_is_mergeable(type))
			continue;
		if (pa->profile->lists_follow_pageblocks && order < pa->block_order) {
			if (start < zone->start || start + block_pages(pa) > zone->end)
				continue;
			block_move_free(pa, zone, at, MIGRATE_MOVABLE, NULL);
		}
		block_set_type(pa, at, 0, MIGRATE_MOVABLE);
	}
	pa->work = work;
}

static void release_isolated(struct compact_run *run)
{
	for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++) {
		vec_foreach(&run->isolated[o], index) {
			run->pa->pages[*index].zone = run->zone->index;
			page_put(run->pa, run->zone, *index, o);
		}
		vec_deinit(&run->isolated[o]);
	}
}

/* compaction_deferred(): counts the attempt. */
static bool deferred(struct zone *zone, unsigned int order)
{
	struct compact_state *state = &zone->compact;
	const uint32_t limit = 1U << state->defer_shift;

	if (order < state->order_failed)
		return false;
	if (++state->considered >= limit) {
		state->considered = limit;
		return false;
	}
	return true;
}

static void defer(struct zone *zone, unsigned int order)
{
	struct compact_state *state = &zone->compact;

	state->considered = 0;
	if (state->defer_shift < MAX_DEFER_SHIFT)
		state->defer_shift++;
	if (order < state->order_failed)
		state->order_failed = (uint8_t)order;
}
