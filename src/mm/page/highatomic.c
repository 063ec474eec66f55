/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HIGHATOMIC pageblocks: a reserve of contiguous memory for requests of order > 0 that cannot
 * sleep. A block that such a request got a page from is set aside for its like, up to about a
 * percent of the zone, and given back when reclaim finds no other way.
 *
 * Mirrors reserve_highatomic_pageblock() and unreserve_highatomic_pageblock() of 6.1 and 6.12.
 */
#include <config.h>

#include "kmreplay/mm/page_parts.h"

static bool unreserve_zone(struct page_allocator *pa, struct zone *zone, enum migratetype type);

void highatomic_reserve(struct page_allocator *pa, struct zone *zone, uint32_t index,
			unsigned int order)
{
	const enum migratetype type = block_type(pa, index);
	const uint64_t block = block_pages(pa);
	uint64_t most = zone->managed / 100;

	if (pa->profile->highatomic == HIGHATOMIC_ONE_PERCENT_PLUS_BLOCK) {
		most += block;
	} else {
		if (most < block)
			return;
		most = bits_align_up(most, block);
	}
	if (zone->reserved_highatomic >= most || !type_is_mergeable(type))
		return;
	if (!pa->profile->lists_follow_pageblocks) {
		zone->reserved_highatomic += block;
		block_set_type(pa, index, 0, MIGRATE_HIGHATOMIC);
		block_move_free(pa, zone, index, MIGRATE_HIGHATOMIC, NULL);
	} else if (order >= pa->block_order) {
		block_set_type(pa, index, order, MIGRATE_HIGHATOMIC);
		zone->reserved_highatomic += 1ULL << order;
	} else {
		const uint32_t start = (uint32_t)bits_align_down(index, block);

		if (start < zone->start || start + block > zone->end)
			return;
		block_move_free(pa, zone, index, MIGRATE_HIGHATOMIC, NULL);
		block_set_type(pa, index, 0, MIGRATE_HIGHATOMIC);
		zone->reserved_highatomic += block;
	}
	pa->stats.highatomic_reserves++;
}

bool highatomic_unreserve(struct page_allocator *pa, const struct page_request *req, bool force)
{
	for (uint32_t i = req->preferred; i < req->nr_zones; i++) {
		struct zone *zone = request_zone(pa, req, i);

		if (zone->type > req->highest)
			continue;
		/* The last block is kept unless pressure is high. */
		if (!force && zone->reserved_highatomic <= block_pages(pa))
			continue;
		if (unreserve_zone(pa, zone, req->type)) {
			pa->stats.highatomic_unreserves++;
			return true;
		}
	}
	return false;
}

static bool unreserve_zone(struct page_allocator *pa, struct zone *zone, enum migratetype type)
{
	for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++) {
		const uint32_t index = zone->area[o].lists[MIGRATE_HIGHATOMIC].first;
		uint64_t size = block_pages(pa);

		if (index == PAGE_NIL)
			continue;
		if (pa->profile->lists_follow_pageblocks)
			size = MAX(size, 1ULL << o);
		if (block_type(pa, index) == MIGRATE_HIGHATOMIC)
			zone->reserved_highatomic -= MIN(size, zone->reserved_highatomic);
		if (o >= pa->block_order && pa->profile->lists_follow_pageblocks) {
			area_move(pa, zone, index, o, type);
			block_set_type(pa, index, o, type);
			return true;
		}
		block_set_type(pa, index, 0, type);
		if (block_move_free(pa, zone, index, type, NULL))
			return true;
	}
	return false;
}
