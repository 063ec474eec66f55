/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The buddy system (Knowlton 1965; mm/page_alloc.c of Linux).
 *
 * 1. Memory is free in blocks of 2^order pages that begin at a multiple of their size. The buddy of
 *    a block is the other half of the block one order up: its number differs in one bit.
 * 2. A request takes the first block of the smallest order that fits. While it is too large, it is
 *    halved; the upper half goes to the head of its list, the larger halves first:
 *
 *	take order 0 of an order-3 block at 8:
 *	  |8 . . . . . . .|  ->  |8|9|10 .|12 . . .|   8 taken; order 0: 9, order 1: 10, order 2: 12
 *
 * 3. A freed block merges with its buddy as long as that one is free as a whole, in the same zone.
 *    So free memory is always in the largest blocks there can be: which pages are free determines
 *    the blocks, and only their order in the lists is history.
 * 4. That history decides placement. A freed block goes to the head, to be used again while it is
 *    warm, unless the block that its parent would merge with is free already: then it goes to the
 *    tail, in the hope that its buddy comes back before it is taken (buddy_merge_likely).
 * 5. Blocks of at least a pageblock do not merge across types that are set aside (HIGHATOMIC,
 *    CMA, ISOLATE).
 *
 * Mirrors __free_one_page(), expand(), __rmqueue_smallest() and split_large_buddy() of 6.1, 6.12.
 */
#include <config.h>

#include "kmreplay/mm/page_parts.h"

static bool buddy_is_free(const struct page_allocator *pa, const struct zone *zone,
			  uint32_t buddy, unsigned int order);
static bool types_merge(const struct page_allocator *pa, enum migratetype a, enum migratetype b);
static bool merge_is_likely(const struct page_allocator *pa, const struct zone *zone,
			    uint32_t index, unsigned int order);

void buddy_free_one(struct page_allocator *pa, struct zone *zone, uint32_t index,
		    unsigned int order, enum migratetype type, bool to_tail)
{
	zone_count_free(pa, zone, order, type, false);
	zone_account(pa, zone, 1LL << order, type);
	while (order < KERNEL_MAX_ORDER) {
		const uint32_t buddy = index ^ (1U << order);

		if (!buddy_is_free(pa, zone, buddy, order))
			break;
		if (order >= pa->block_order) {
			const enum migratetype other = block_type(pa, buddy);

			if (other != type && !types_merge(pa, other, type))
				break;
			if (other != type && pa->profile->lists_follow_pageblocks)
				block_set_type(pa, buddy, order, type);
		}
		area_del(pa, zone, buddy, order);
		index &= buddy;
		order++;
		pa->work.steps++;
		work_cost(pa, pa->costs.buddy_merge);
		pa->stats.merges++;
	}
	area_add(pa, zone, index, order, type,
		 (to_tail || merge_is_likely(pa, zone, index, order)) !=
			 pa->profile->buddy_other_end);
}

void buddy_free(struct page_allocator *pa, struct zone *zone, uint32_t index, unsigned int order,
		bool to_tail)
{
	const unsigned int piece =
		pa->profile->split_large_frees ? MIN(order, pa->block_order) : order;

	for (uint32_t at = index; at - index < 1U << order; at += 1U << piece)
		buddy_free_one(pa, zone, at, piece, block_type(pa, at), to_tail);
}

void buddy_expand(struct page_allocator *pa, struct zone *zone, uint32_t index, unsigned int low,
		  unsigned int high, enum migratetype type)
{
	work_cost(pa, (uint64_t)(high - low) * pa->costs.buddy_split);
	pa->work.steps += high - low;
	pa->stats.splits += high - low;
	while (high > low) {
		high--;
		area_add(pa, zone, index + (1U << high), high, type, false);
	}
}

uint32_t buddy_take_smallest(struct page_allocator *pa, struct zone *zone, unsigned int order,
			     enum migratetype type)
{
	for (unsigned int o = order; o < KERNEL_NR_ORDERS; o++) {
		const uint32_t index = zone->area[o].lists[type].first;

		if (index == PAGE_NIL)
			continue;
		area_del(pa, zone, index, o);
		buddy_expand(pa, zone, index, order, o, type);
		zone_count_taken(pa, zone, order, type);
		return index;
	}
	return PAGE_NIL;
}

bool buddy_take_at(struct page_allocator *pa, uint32_t index, unsigned int order)
{
	uint32_t head;
	unsigned int o;
	struct zone *zone;
	enum migratetype type;

	if (!area_find(pa, index, &head, &o) || o < order)
		return false;
	zone = area_zone(pa, head, o);
	type = area_del(pa, zone, head, o);
	/* As expand() would, had the halves been taken in the order that leads to "index". */
	while (o > order) {
		const uint32_t half = 1U << --o;
		const bool upper = index >= head + half;

		area_add(pa, zone, upper ? head : head + half, o, type, false);
		if (upper)
			head += half;
	}
	pa->pages[index].zone = zone->index;
	zone_count_taken(pa, zone, order, type);
	zone_book_taken(pa, zone, 1LL << order);
	return true;
}

/* find_buddy_page_pfn(): free as a whole and of the same zone. */
static bool buddy_is_free(const struct page_allocator *pa, const struct zone *zone,
			  uint32_t buddy, unsigned int order)
{
	const struct page *page = &pa->pages[buddy];

	return page->state == PAGE_BUDDY && page->order == order && page->zone == zone->index;
}

/* Free pageblocks of these two types become one block; before 5.18 only isolation was minded. */
static bool types_merge(const struct page_allocator *pa, enum migratetype a, enum migratetype b)
{
	if (pa->profile->merges_reserved)
		return a != MIGRATE_ISOLATE && b != MIGRATE_ISOLATE;
	return type_is_mergeable(a) && type_is_mergeable(b);
}

static bool merge_is_likely(const struct page_allocator *pa, const struct zone *zone,
			    uint32_t index, unsigned int order)
{
	uint32_t parent;

	if (order >= KERNEL_MAX_ORDER - 1)
		return false;
	parent = index & ~(1U << order);
	return buddy_is_free(pa, zone, parent ^ (1U << (order + 1)), order + 1);
}
