/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeping count of what lies in each pageblock. The lists of free blocks and the pages in use say
 * here what they do (watch_free, watch_used), so that nobody has to walk pageblocks to know it.
 */
#include <config.h>

#include "kmreplay/mm/page_parts.h"
#include "kmreplay/mm/page_watch.h"

#include <stdlib.h>

static bool check_block(const struct page_allocator *pa, const struct block_map *map,
			uint32_t block, struct error *err);
static unsigned int count_block(const struct page_allocator *pa, struct block_map *map,
				uint32_t block);
static unsigned int count_pages(const struct page_allocator *pa, struct block_map *map,
				uint32_t block);
static bool inside_larger(const struct page_allocator *pa, uint32_t start, uint32_t *head);
static void count_used(struct block_map *map, uint32_t index, uint32_t nr, unsigned int type,
		       bool gone);
static void mark_fixed(struct block_map *map, uint32_t index, uint32_t nr, bool gone);
static void note_changed(struct block_map *map, uint32_t block);
static void note_span(struct block_map *map, uint32_t block, unsigned int zone);

/* Not a zone's number. */
#define ZONE_NONE UINT32_MAX

const struct block_map *page_watch_blocks(struct page_allocator *pa)
{
	struct block_map *map;

	if (pa->block_map)
		return pa->block_map;
	map = xcalloc(1, sizeof(*map));
	map->order = pa->block_order;
	map->nr = pa->nr_pages >> pa->block_order;
	map->base_pfn = pa->base_pfn;
	map->blocks = xcalloc(map->nr, sizeof(*map->blocks));
	map->fixed = xcalloc((pa->nr_pages + 63) / 64, sizeof(*map->fixed));
	for (uint32_t block = 0; block < map->nr; block++) {
		unsigned int zone = count_block(pa, map, block);

		if (zone != ZONE_NONE)
			note_span(map, block, zone);
	}
	pa->block_map = map;
	return map;
}

void page_watch_end(struct page_allocator *pa)
{
	struct block_map *map = pa->block_map;

	if (!map)
		return;
	free(map->blocks);
	free(map->fixed);
	vec_deinit(&map->spans);
	vec_deinit(&map->changed);
	free(map);
	pa->block_map = NULL;
}

void page_blocks_seen(struct page_allocator *pa)
{
	vec_foreach(&pa->block_map->changed, block)
		pa->block_map->blocks[*block].changed = false;
	vec_reset(&pa->block_map->changed);
}

enum migratetype page_block_type(const struct page_allocator *pa, uint32_t block)
{
	return (enum migratetype)pa->block_types[block];
}

void page_watch_bands(struct page_allocator *pa, page_band_fn *left, void *ctx)
{
	pa->band_left = left;
	pa->band_ctx = ctx;
}

void page_set_band(struct page_allocator *pa, unsigned int zone, uint64_t low, uint64_t high)
{
	pa->zones[zone].band_low = low;
	pa->zones[zone].band_high = high;
}

uint64_t page_zone_free(const struct page_allocator *pa, unsigned int zone)
{
	return pa->zones[zone].free;
}

void page_band_crossed(const struct page_allocator *pa, const struct zone *zone)
{
	if (pa->band_left)
		pa->band_left(pa->band_ctx, zone->index);
}

void block_map_free(struct block_map *map, uint32_t index, unsigned int order, bool gone)
{
	const uint32_t end = index + (1U << order);

	while (index < end) {
		const uint32_t next = MIN(end, ((index >> map->order) + 1) << map->order);
		struct block_use *block = &map->blocks[index >> map->order];

		note_changed(map, index >> map->order);
		block->taken = (uint16_t)(gone ? block->taken + (next - index) :
						 block->taken - (next - index));
		index = next;
	}
}

void block_map_used(struct block_map *map, uint32_t index, unsigned int order, unsigned int type,
		    bool gone)
{
	const uint32_t end = index + (1U << order);

	while (index < end) {
		const uint32_t next = MIN(end, ((index >> map->order) + 1) << map->order);

		count_used(map, index, next - index, type, gone);
		index = next;
	}
}

void block_map_type(struct block_map *map, uint32_t index)
{
	note_changed(map, index >> map->order);
}

bool block_map_check(const struct page_allocator *pa, struct error *err)
{
	const struct block_map *map = pa->block_map;

	for (size_t i = 0; map && i < map->spans.nr; i++) {
		const struct block_span *span = &map->spans.items[i];

		for (uint32_t block = span->first; block < span->end; block++) {
			if (!check_block(pa, map, block, err))
				return false;
		}
	}
	return true;
}

/* Returns the zone of the pageblock; ZONE_NONE: a hole. */
static unsigned int count_block(const struct page_allocator *pa, struct block_map *map,
				uint32_t block)
{
	const uint32_t start = block << map->order;
	unsigned int order;
	uint32_t head;

	if (area_find(pa, start, &head, &order) && order >= map->order)
		return area_zone(pa, head, order)->index;
	if (inside_larger(pa, start, &head)) {
		map->blocks[block].taken = (uint16_t)(1U << map->order);
		count_used(map, start, 1U << map->order, pa->pages[head].type, false);
		return pa->pages[head].zone;
	}
	return count_pages(pa, map, block);
}

/* Page by page; a hole is left as it is. */
static unsigned int count_pages(const struct page_allocator *pa, struct block_map *map,
				uint32_t block)
{
	const uint32_t start = block << map->order;
	const uint32_t end = start + (1U << map->order);
	unsigned int zone = ZONE_NONE;
	uint32_t nr_free = 0, nr_outside = 0, size;

	for (uint32_t at = start; at < end; at += size) {
		const struct page *page = &pa->pages[at];

		size = page->state == PAGE_NONE ? 1 : MIN(1U << page->order, end - at);
		if (page->state == PAGE_NONE && !page_find_zone(pa, at)) {
			nr_outside++;
			continue;
		}
		if (zone == ZONE_NONE)
			zone = page_find_zone(pa, at)->index;
		if (page->state == PAGE_BUDDY)
			nr_free += size;
		else if (page->state == PAGE_USED)
			count_used(map, at, size, page->type, false);
		else if (page->state == PAGE_NONE) /* nobody knows whose: it stays */
			count_used(map, at, size, MIGRATE_UNMOVABLE, false);
	}
	if (zone == ZONE_NONE)
		return zone;
	note_changed(map, block);
	map->blocks[block].taken = (uint16_t)((1U << map->order) - nr_free);
	map->blocks[block].outside = (uint16_t)nr_outside;
	return zone;
}

/* The pageblock is part of one block in use, whose head is at or before "start". */
static bool inside_larger(const struct page_allocator *pa, uint32_t start, uint32_t *head)
{
	for (unsigned int order = pa->block_order; order <= KERNEL_MAX_ORDER; order++) {
		*head = (uint32_t)bits_align_down(start, 1U << order);
		if (pa->pages[*head].state == PAGE_USED && pa->pages[*head].order == order)
			return true;
	}
	return false;
}

/* Pages within one pageblock. */
static void count_used(struct block_map *map, uint32_t index, uint32_t nr, unsigned int type,
		       bool gone)
{
	struct block_use *block = &map->blocks[index >> map->order];
	uint16_t *count = type == MIGRATE_MOVABLE     ? &block->movable :
			  type == MIGRATE_RECLAIMABLE ? &block->reclaimable :
							&block->unmovable;

	note_changed(map, index >> map->order);
	*count = (uint16_t)(gone ? *count - nr : *count + nr);
	if (type != MIGRATE_MOVABLE)
		mark_fixed(map, index, nr, gone);
}

/* A power of two of pages, at a multiple of it; or less at the end of what is ours. */
static void mark_fixed(struct block_map *map, uint32_t index, uint32_t nr, bool gone)
{
	while (nr) {
		const uint32_t bit = index % 64;
		const uint32_t part = MIN(nr, 64 - bit);
		const uint64_t mask = (part == 64 ? UINT64_MAX : (1ULL << part) - 1) << bit;

		if (gone)
			map->fixed[index / 64] &= ~mask;
		else
			map->fixed[index / 64] |= mask;
		index += part;
		nr -= part;
	}
}

static bool check_block(const struct page_allocator *pa, const struct block_map *map,
			uint32_t block, struct error *err)
{
	const uint64_t first = (uint64_t)block << map->order;
	const struct block_use *use = &map->blocks[block];
	struct zone_block_info info;
	uint32_t nr_fixed = 0;

	if (!zone_block_info(pa, map->base_pfn + first, &info))
		return error_set(err, "pageblock %u is beyond memory", block);
	for (uint64_t at = first; at < first + (1ULL << map->order); at++)
		nr_fixed += (uint32_t)(map->fixed[at / 64] >> (at % 64) & 1);
	if (use->taken != (1U << map->order) - info.free || use->movable != info.movable ||
	    use->reclaimable != info.reclaimable || use->outside != info.outside ||
	    use->unmovable != info.unmovable - info.reclaimable || nr_fixed != info.unmovable)
		return error_set(err, "pageblock %u holds %u pages taken, %u movable, %u not, the "
				 "map says %u, %u, %u", block, (1U << map->order) - info.free,
				 info.movable, info.unmovable, use->taken, use->movable, nr_fixed);
	return true;
}

static void note_changed(struct block_map *map, uint32_t block)
{
	if (map->blocks[block].changed)
		return;
	map->blocks[block].changed = true;
	vec_push(&map->changed, block);
}

static void note_span(struct block_map *map, uint32_t block, unsigned int zone)
{
	struct block_span *last = map->spans.nr ? &map->spans.items[map->spans.nr - 1] : NULL;

	if (last && last->zone == zone && last->end == block)
		last->end++;
	else
		vec_push(&map->spans,
			 (struct block_span){ .first = block, .end = block + 1, .zone = zone });
}
