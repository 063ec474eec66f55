/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Migratetypes: keeping what can be moved apart from what cannot.
 *
 * 1. Each pageblock (2 MiB) has a type, and a request takes from blocks of its own type. So pages
 *    that can never be moved gather in few pageblocks and the others can be emptied by compaction.
 * 2. When a type's lists are empty, another type's block has to give. The largest one is taken, so
 *    that this happens seldom; a request that may pollute for long (unmovable, reclaimable) or
 *    takes half a pageblock tries to turn the whole pageblock over to its own type.
 * 3. A pageblock turns over if at least half of it is free or of a kind with the request.
 * 4. Releases differ (page_profile.fallback). 6.1 moves the free pages of the block to the
 *    request's lists, whether or not the pageblock turns over, and takes from there; a list may
 *    then hold blocks of pageblocks of other types. From 6.10 on a list holds only blocks of
 *    pageblocks of its type: either the pageblock turns over with all its free pages (claim), or a
 *    single page is taken out of it (steal), from the smallest block, and its type stays.
 *
 * 5. Pageblocks of CMA areas serve movable requests only, and never turn over: they come first when
 *    they hold more than half of what is free, else behind the own lists.
 *
 * Mirrors __rmqueue(), __rmqueue_fallback(), steal_suitable_fallback() of 6.1, __rmqueue_claim(),
 * try_to_steal_block(), __rmqueue_steal() of 6.12, find_suitable_fallback(), boost_watermark() and
 * move_freepages_block() of both.
 */
#include <config.h>

#include "kmreplay/mm/page_parts.h"

/* What one look at a free area found. */
struct fallback {
	enum migratetype type; /* whose list */
	bool whole;            /* the pageblock may be turned over */
};

static const enum migratetype fallbacks[PCP_TYPES][PCP_TYPES - 1] = {
	[MIGRATE_UNMOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE },
	[MIGRATE_MOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE },
	[MIGRATE_RECLAIMABLE] = { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE },
};

static uint32_t smallest(const struct zone *zone, unsigned int order, enum migratetype type);
static bool prefers_cma(const struct zone *zone, unsigned int alloc_flags);
static bool fallback_find(struct page_allocator *pa, const struct zone *zone, unsigned int order,
			  enum migratetype start, struct fallback *ret);
static bool fallback_steal_suitable(struct page_allocator *pa, struct zone *zone,
				    unsigned int order, enum migratetype start,
				    unsigned int alloc_flags);
static void steal_suitable(struct page_allocator *pa, struct zone *zone, uint32_t index,
			   unsigned int order, const struct fallback *found,
			   const struct page_request *req);
static uint32_t fallback_claim(struct page_allocator *pa, struct zone *zone,
			       const struct page_request *req);
static uint32_t claim_block(struct page_allocator *pa, struct zone *zone, uint32_t index,
			    unsigned int order, const struct page_request *req);
static uint32_t fallback_steal(struct page_allocator *pa, struct zone *zone,
			       const struct page_request *req);
static void count_extfrag(struct page_allocator *pa, uint32_t index, unsigned int fallback_order,
			  const struct fallback *found, const struct page_request *req);
static bool turns_over(const struct page_allocator *pa, enum migratetype old,
		       enum migratetype start, uint32_t nr_free, uint32_t nr_movable);
static uint32_t block_scan(const struct page_allocator *pa, uint32_t start, uint32_t end,
			   uint32_t *movable);

uint32_t rmqueue_one(struct page_allocator *pa, struct zone *zone, unsigned int order,
		     enum migratetype type, unsigned int alloc_flags, enum rmqueue_mode *mode)
{
	const struct page_request req = {
		.order = order, .type = type, .alloc_flags = alloc_flags
	};
	uint32_t index;

	if (unlikely(zone->apart.cma_pages) && prefers_cma(zone, alloc_flags)) {
		index = buddy_take_smallest(pa, zone, order, MIGRATE_CMA);
		if (index != PAGE_NIL)
			return index;
	}
	if (*mode == RMQUEUE_NORMAL) {
		index = buddy_take_smallest(pa, zone, order, type);
		if (likely(index != PAGE_NIL))
			return index;
	}
	if (unlikely(zone->apart.cma_pages) && *mode <= RMQUEUE_CMA && (alloc_flags & ALLOC_CMA)) {
		index = buddy_take_smallest(pa, zone, order, MIGRATE_CMA);
		if (index != PAGE_NIL) {
			if (pa->profile->fallback != FALLBACK_STEAL_SUITABLE)
				*mode = RMQUEUE_CMA;
			return index;
		}
	}
	if (pa->profile->fallback == FALLBACK_STEAL_SUITABLE) {
		if (!fallback_steal_suitable(pa, zone, order, type, alloc_flags))
			return PAGE_NIL;
		return buddy_take_smallest(pa, zone, order, type);
	}
	if (*mode <= RMQUEUE_CLAIM) {
		index = fallback_claim(pa, zone, &req);
		if (index != PAGE_NIL) {
			*mode = RMQUEUE_NORMAL;
			return index;
		}
	}
	if (alloc_flags & ALLOC_NOFRAGMENT)
		return PAGE_NIL;
	index = fallback_steal(pa, zone, &req);
	if (index != PAGE_NIL)
		*mode = RMQUEUE_STEAL;
	return index;
}

uint32_t rmqueue_first(const struct zone *zone, unsigned int order, enum migratetype type,
		       unsigned int alloc_flags, enum rmqueue_mode mode)
{
	uint32_t index = PAGE_NIL;

	if (unlikely(zone->apart.cma_pages) && prefers_cma(zone, alloc_flags))
		index = smallest(zone, order, MIGRATE_CMA);
	if (index == PAGE_NIL && mode == RMQUEUE_NORMAL)
		index = smallest(zone, order, type);
	if (index == PAGE_NIL && mode <= RMQUEUE_CMA && (alloc_flags & ALLOC_CMA))
		index = smallest(zone, order, MIGRATE_CMA);
	return index;
}

bool rmqueue_possible(const struct page_allocator *pa, const struct zone *zone,
		      unsigned int order, enum migratetype type, unsigned int alloc_flags)
{
	const bool whole = order < pa->block_order && (alloc_flags & ALLOC_NOFRAGMENT);

	for (unsigned int o = order; o < KERNEL_NR_ORDERS; o++) {
		const struct free_list *lists = zone->area[o].lists;

		if (lists[type].first != PAGE_NIL)
			return true;
		if ((alloc_flags & ALLOC_CMA) && lists[MIGRATE_CMA].first != PAGE_NIL)
			return true;
		if ((whole && o < pa->block_order) || !type_is_mergeable(type))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(fallbacks[type]); i++) {
			if (lists[fallbacks[type][i]].first != PAGE_NIL)
				return true;
		}
	}
	return false;
}

uint32_t block_move_free(struct page_allocator *pa, struct zone *zone, uint32_t index,
			 enum migratetype type, uint32_t *movable)
{
	uint32_t start = (uint32_t)bits_align_down(index, block_pages(pa));
	const uint32_t end = start + block_pages(pa);
	uint32_t moved = 0;

	if (movable)
		*movable = 0;
	if (end > zone->end)
		return 0;
	if (start < zone->start) {
		/* 6.1 starts at the block itself; later releases leave such a block alone. */
		if (pa->profile->lists_follow_pageblocks)
			return 0;
		start = index;
	}
	if (movable)
		block_scan(pa, start, end, movable);
	if (pa->tops[start >> KERNEL_MAX_ORDER].free) {
		/* The pageblock is half of a block that is found only at its head. */
		if (start & ((1U << KERNEL_MAX_ORDER) - 1))
			return 0;
		area_move(pa, zone, start, KERNEL_MAX_ORDER, type);
		return 1U << KERNEL_MAX_ORDER;
	}
	for (uint32_t at = start; at < end;) {
		const struct page *page = &pa->pages[at];
		const uint32_t size = page->state == PAGE_NONE ? 1 : 1U << page->order;

		if (page->state == PAGE_BUDDY && page->zone == zone->index) {
			area_move(pa, zone, at, page->order, type);
			moved += size;
		}
		at += size;
	}
	work_cost(pa, pa->costs.block_claim);
	return moved;
}

void fallback_follow(struct page_allocator *pa, uint32_t index, enum migratetype type)
{
	const struct page_request req = { .type = type };
	struct fallback found;
	unsigned int order;
	struct zone *zone;
	uint32_t head, nr_free, nr_movable;

	if (!area_find(pa, index, &head, &order))
		return;
	zone = area_zone(pa, head, order);
	found.type = area_type(pa, head, order);
	if (found.type == type || !type_is_mergeable(found.type))
		return;
	found.whole = order >= pa->block_order / 2 || type != MIGRATE_MOVABLE || !pa->mobility;
	if (pa->profile->fallback == FALLBACK_STEAL_SUITABLE || order >= pa->block_order) {
		steal_suitable(pa, zone, head, order, &found, &req);
		return;
	}
	head = (uint32_t)bits_align_down(head, block_pages(pa));
	if (!found.whole || head < zone->start || head + block_pages(pa) > zone->end)
		return;
	nr_free = block_scan(pa, head, head + block_pages(pa), &nr_movable);
	if (!turns_over(pa, found.type, type, nr_free, nr_movable))
		return;
	block_move_free(pa, zone, head, type, NULL);
	block_set_type(pa, head, 0, type);
	pa->stats.block_claims++;
}

static uint32_t smallest(const struct zone *zone, unsigned int order, enum migratetype type)
{
	for (unsigned int o = order; o < KERNEL_NR_ORDERS; o++) {
		if (zone->area[o].lists[type].first != PAGE_NIL)
			return zone->area[o].lists[type].first;
	}
	return PAGE_NIL;
}

/*
 * __rmqueue(): movable requests keep CMA areas and all other memory equally full, by taking from
 * whichever has more of the zone's free pages left.
 */
static bool prefers_cma(const struct zone *zone, unsigned int alloc_flags)
{
	return (alloc_flags & ALLOC_CMA) &&
	       MAX(zone->apart.cma_stat, (int64_t)0) > MAX(zone->free_stat, (int64_t)0) / 2;
}

/* find_suitable_fallback(): the first other type with a free block of exactly "order". */
static bool fallback_find(struct page_allocator *pa, const struct zone *zone, unsigned int order,
			  enum migratetype start, struct fallback *ret)
{
	const struct free_area *area = &zone->area[order];

	work_cost(pa, pa->costs.fallback_search);
	pa->work.steps++;
	if (!area->nr_free)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(fallbacks[start]); i++) {
		if (area->lists[fallbacks[start][i]].first == PAGE_NIL)
			continue;
		ret->type = fallbacks[start][i];
		ret->whole = order >= pa->block_order / 2 || start != MIGRATE_MOVABLE ||
			     !pa->mobility;
		return true;
	}
	return false;
}

/* 6.1: moves blocks of another type to ours, so that the request can try again. */
static bool fallback_steal_suitable(struct page_allocator *pa, struct zone *zone,
				    unsigned int order, enum migratetype start,
				    unsigned int alloc_flags)
{
	const bool nofragment = order < pa->block_order && (alloc_flags & ALLOC_NOFRAGMENT);
	const unsigned int lowest = nofragment ? pa->block_order : order;
	const struct page_request req = {
		.order = order, .type = start, .alloc_flags = alloc_flags
	};
	struct fallback found;
	unsigned int o = KERNEL_NR_ORDERS;
	uint32_t index;

	do {
		if (o-- == lowest)
			return false;
	} while (!fallback_find(pa, zone, o, start, &found));
	/* Nothing to turn over: rather the smallest block than a large one broken up. */
	if (!found.whole && o > order) {
		o = order;
		while (!fallback_find(pa, zone, o, start, &found))
			o++;
	}
	work_path(pa, MM_PATH_FALLBACK);
	index = zone->area[o].lists[found.type].first;
	steal_suitable(pa, zone, index, o, &found, &req);
	count_extfrag(pa, index, o, &found, &req);
	return true;
}

static void steal_suitable(struct page_allocator *pa, struct zone *zone, uint32_t index,
			   unsigned int order, const struct fallback *found,
			   const struct page_request *req)
{
	const enum migratetype old = block_type(pa, index);
	uint32_t nr_free, nr_movable;

	if (old == MIGRATE_HIGHATOMIC) {
		area_move(pa, zone, index, order, req->type);
		return;
	}
	if (order >= pa->block_order) {
		if (old != req->type)
			pa->stats.block_claims++;
		block_set_type(pa, index, order, req->type);
		area_move(pa, zone, index, order, req->type);
		return;
	}
	fallback_boost(pa, zone, req->alloc_flags);
	nr_free = found->whole ? block_move_free(pa, zone, index, req->type, &nr_movable) : 0;
	if (!nr_free) {
		area_move(pa, zone, index, order, req->type);
		return;
	}
	if (turns_over(pa, old, req->type, nr_free, nr_movable)) {
		if (old != req->type)
			pa->stats.block_claims++;
		block_set_type(pa, index, 0, req->type);
	}
}

/* 6.12: turns whole pageblocks over, the largest free block first. */
static uint32_t fallback_claim(struct page_allocator *pa, struct zone *zone,
			       const struct page_request *req)
{
	const bool nofragment =
		req->order < pa->block_order && (req->alloc_flags & ALLOC_NOFRAGMENT);
	const unsigned int lowest = nofragment ? pa->block_order : req->order;

	for (unsigned int o = KERNEL_NR_ORDERS; o-- > lowest;) {
		struct fallback found;
		uint32_t index;

		if (!fallback_find(pa, zone, o, req->type, &found))
			continue;
		if (!found.whole)
			break;
		index = claim_block(pa, zone, zone->area[o].lists[found.type].first, o, req);
		if (index != PAGE_NIL) {
			work_path(pa, MM_PATH_FALLBACK);
			count_extfrag(pa, index, o, &found, req);
			return index;
		}
	}
	return PAGE_NIL;
}

static uint32_t claim_block(struct page_allocator *pa, struct zone *zone, uint32_t index,
			    unsigned int order, const struct page_request *req)
{
	const enum migratetype old = block_type(pa, index);
	const uint32_t start = (uint32_t)bits_align_down(index, block_pages(pa));
	uint32_t nr_free, nr_movable;

	if (old == MIGRATE_HIGHATOMIC)
		return PAGE_NIL;
	if (order >= pa->block_order) {
		area_del(pa, zone, index, order);
		block_set_type(pa, index, order, req->type);
		buddy_expand(pa, zone, index, req->order, order, req->type);
		/*
		 * The kernel books the block out and its rest in again, which leaves no difference
		 * that this CPU has not booked.
		 */
		zone_account(pa, zone, -(1LL << order), old);
		zone_account(pa, zone, (1LL << order) - (1LL << req->order), req->type);
		zone_count_free(pa, zone, req->order, req->type, true);
		pa->stats.block_claims++;
		return index;
	}
	fallback_boost(pa, zone, req->alloc_flags);
	if (start < zone->start || start + block_pages(pa) > zone->end)
		return PAGE_NIL;
	nr_free = block_scan(pa, start, start + block_pages(pa), &nr_movable);
	if (!turns_over(pa, old, req->type, nr_free, nr_movable))
		return PAGE_NIL;
	block_move_free(pa, zone, index, req->type, NULL);
	block_set_type(pa, index, 0, req->type);
	pa->stats.block_claims++;
	return buddy_take_smallest(pa, zone, req->order, req->type);
}

/* 6.12: one page out of the smallest block of another type, which keeps the rest. */
static uint32_t fallback_steal(struct page_allocator *pa, struct zone *zone,
			       const struct page_request *req)
{
	for (unsigned int o = req->order; o < KERNEL_NR_ORDERS; o++) {
		struct fallback found;
		uint32_t index;

		if (!fallback_find(pa, zone, o, req->type, &found))
			continue;
		index = zone->area[o].lists[found.type].first;
		area_del(pa, zone, index, o);
		buddy_expand(pa, zone, index, req->order, o, found.type);
		zone_count_taken(pa, zone, req->order, found.type);
		work_path(pa, MM_PATH_FALLBACK);
		count_extfrag(pa, index, o, &found, req);
		return index;
	}
	return PAGE_NIL;
}

/* mm_page_alloc_extfrag */
static void count_extfrag(struct page_allocator *pa, uint32_t index, unsigned int fallback_order,
			  const struct fallback *found, const struct page_request *req)
{
	const struct page_extfrag extfrag = {
		.pfn = pa->base_pfn + index,
		.alloc_order = req->order,
		.fallback_order = fallback_order,
		.alloc_type = req->type,
		.fallback_type = found->type,
		.change_ownership = block_type(pa, index) == req->type,
	};

	if (unlikely(pa->follow))
		pa->follow->extfrag(pa->follow_ctx, &extfrag);
	pa->stats.extfrag++;
	if (fallback_order < pa->block_order)
		pa->stats.extfrag_small++;
	if (fallback_order < pa->block_order && fallback_order <= PAGE_COSTLY_ORDER)
		pa->stats.extfrag_severe++;
}

/*
 * boost_watermark(): an event that mixes types raises the marks for a while, so that kswapd frees
 * more and the next request finds a block of its own.
 */
void fallback_boost(struct page_allocator *pa, struct zone *zone, unsigned int alloc_flags)
{
	const uint64_t block = block_pages(pa);
	uint64_t most;

	if (!pa->boost_factor || zone->managed < 4 * block || !zone->mark[ZONE_MARK_HIGH])
		return;
	most = MAX(block, per_10000(zone->mark[ZONE_MARK_HIGH], pa->boost_factor));
	zone->boost = MIN(zone->boost + block, most);
	pa->stats.watermark_boosts++;
	if (alloc_flags & ALLOC_KSWAPD)
		zone->boosted = true;
}

/* Half of the pageblock is free or of a kind with "start". */
static bool turns_over(const struct page_allocator *pa, enum migratetype old,
		       enum migratetype start, uint32_t nr_free, uint32_t nr_movable)
{
	uint32_t alike = 0;

	if (start == MIGRATE_MOVABLE)
		alike = nr_movable;
	else if (old == MIGRATE_MOVABLE)
		alike = block_pages(pa) - (nr_free + nr_movable);
	return nr_free + alike >= block_pages(pa) / 2 || !pa->mobility;
}

/* Pages in [start, end), one pageblock, that are free, and that are in use and movable. */
static uint32_t block_scan(const struct page_allocator *pa, uint32_t start, uint32_t end,
			   uint32_t *movable)
{
	uint32_t nr_free = 0;

	*movable = 0;
	for (uint32_t at = start; at < end;) {
		const struct page *page = &pa->pages[at];
		const uint32_t size = page->state == PAGE_NONE ? 1 : 1U << page->order;

		if (page->state == PAGE_BUDDY)
			nr_free += size;
		else if (page->state == PAGE_USED && page->type == MIGRATE_MOVABLE)
			*movable += size;
		at += size;
	}
	return nr_free;
}
