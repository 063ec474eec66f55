/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following compaction: free blocks that it takes from the lists without an event of each
 * (page_follow_reclaim.h). Mirrors isolate_freepages_block() and fast_isolate_freepages() of 6.1 to
 * 7.2 as far as they change the lists.
 */
#include <config.h>

#include "kmreplay/mm/page_follow_reclaim.h"

#include "kmreplay/mm/page_parts.h"

static uint64_t last_of_list(const struct page_allocator *pa, const struct zone *zone,
			     unsigned int order, unsigned int type);
static void turn_list(struct page_allocator *pa, struct zone *zone, unsigned int order,
		      uint32_t first);

unsigned int page_follow_isolate(struct page_allocator *pa, uint64_t pfn)
{
	const uint32_t index = (uint32_t)(pfn - pa->base_pfn);
	unsigned int order;
	struct zone *zone;
	uint32_t head;

	if (pfn < pa->base_pfn || pfn - pa->base_pfn >= pa->nr_pages ||
	    !area_find(pa, index, &head, &order) || head != index)
		return KERNEL_NR_ORDERS;
	zone = area_zone(pa, head, order);
	compact_isolate(pa, zone, index, order);
	page_set_used(pa, zone, index, order, MIGRATE_MOVABLE);
	return order;
}

uint64_t page_follow_fast_target(struct page_allocator *pa, unsigned int zone,
				 unsigned int order, uint64_t min, uint64_t low)
{
	struct zone *z = &pa->zones[zone];
	const struct free_list *list = &z->area[order].lists[MIGRATE_MOVABLE];
	uint32_t best = PAGE_NIL;

	for (uint32_t at = list->last; at != PAGE_NIL;
	     at = page_link(pa, at, order == KERNEL_MAX_ORDER)->prev) {
		const uint64_t pfn = pa->base_pfn + at;

		if (pfn >= low) {
			best = at;
			break;
		}
		if (pfn >= min && (best == PAGE_NIL || at > best))
			best = at;
	}
	if (best == PAGE_NIL)
		return PAGE_FOLLOW_NONE;
	turn_list(pa, z, order, best);
	return pa->base_pfn + best;
}

uint64_t page_follow_highest(const struct page_allocator *pa, unsigned int zone,
			     unsigned int order)
{
	uint64_t best = PAGE_FOLLOW_NONE;

	for (unsigned int o = order; o < KERNEL_NR_ORDERS; o++) {
		for (unsigned int type = 0; type < PCP_TYPES; type++) {
			const uint64_t last = last_of_list(pa, &pa->zones[zone], o, type);
			const uint64_t pfn = last == PAGE_FOLLOW_NONE ?
						     last :
						     last + (1ULL << o) - (1ULL << order);

			if (pfn != PAGE_FOLLOW_NONE && (best == PAGE_FOLLOW_NONE || pfn > best))
				best = pfn;
		}
	}
	return best;
}

/* The block with the highest address. */
static uint64_t last_of_list(const struct page_allocator *pa, const struct zone *zone,
			     unsigned int order, unsigned int type)
{
	uint64_t best = PAGE_FOLLOW_NONE;

	for (uint32_t at = zone->area[order].lists[type].first; at != PAGE_NIL;
	     at = page_link(pa, at, order == KERNEL_MAX_ORDER)->next) {
		if (best == PAGE_FOLLOW_NONE || pa->base_pfn + at > best)
			best = pa->base_pfn + at;
	}
	return best;
}

/* move_freelist_head(): what is before "first" goes behind the rest. */
static void turn_list(struct page_allocator *pa, struct zone *zone, unsigned int order,
		      uint32_t first)
{
	const struct free_list *list = &zone->area[order].lists[MIGRATE_MOVABLE];

	while (list->first != first) {
		const uint32_t at = list->first;

		area_del(pa, zone, at, order);
		area_add(pa, zone, at, order, MIGRATE_MOVABLE, true);
	}
}
