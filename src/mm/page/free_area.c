/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Free blocks on their lists: one list an order and migratetype, in the kernel's order (the head is
 * taken first), and pageblock types. Knows nothing of merging, watermarks or policy.
 */
#include <config.h>

#include "kmreplay/mm/page_parts.h"

static void count_apart(struct zone *zone, unsigned int order, enum migratetype type, bool gone);

void area_add(struct page_allocator *pa, struct zone *zone, uint32_t index, unsigned int order,
	      enum migratetype type, bool tail)
{
	struct free_area *area = &zone->area[order];
	const bool top = order == KERNEL_MAX_ORDER;

	if (top) {
		struct top_block *block = &pa->tops[index >> KERNEL_MAX_ORDER];

		block->zone = zone->index;
		block->type = (uint8_t)type;
		block->free = 1;
	} else {
		struct page *page = &pa->pages[index];

		page->state = PAGE_BUDDY;
		page->order = (uint8_t)order;
		page->type = (uint8_t)type;
		page->zone = zone->index;
	}
	free_list_add(pa, &area->lists[type], index, tail, top);
	area->nr_free++;
	if (unlikely(pa->block_map))
		block_map_free(pa->block_map, index, order, false);
	if (unlikely(!type_is_mergeable(type)))
		count_apart(zone, order, type, false);
}

enum migratetype area_del(struct page_allocator *pa, struct zone *zone, uint32_t index,
			  unsigned int order)
{
	struct free_area *area = &zone->area[order];
	const bool top = order == KERNEL_MAX_ORDER;
	enum migratetype type;

	if (top) {
		struct top_block *block = &pa->tops[index >> KERNEL_MAX_ORDER];

		type = (enum migratetype)block->type;
		block->free = 0;
	} else {
		struct page *page = &pa->pages[index];

		type = (enum migratetype)page->type;
		page->state = PAGE_NONE;
	}
	free_list_del(pa, &area->lists[type], index, top);
	area->nr_free--;
	if (unlikely(pa->block_map))
		block_map_free(pa->block_map, index, order, true);
	if (unlikely(!type_is_mergeable(type)))
		count_apart(zone, order, type, true);
	return type;
}

void area_move(struct page_allocator *pa, struct zone *zone, uint32_t index, unsigned int order,
	       enum migratetype type)
{
	const enum migratetype old = area_del(pa, zone, index, order);

	area_add(pa, zone, index, order, type, !pa->profile->moves_to_head);
	if (unlikely((old == MIGRATE_ISOLATE) != (type == MIGRATE_ISOLATE))) {
		zone_count_free(pa, zone, order, old, true);
		zone_count_free(pa, zone, order, type, false);
	}
	/* move_to_free_list() of 6.10: the difference of the CPU may be booked on the way. */
	if (!pa->profile->refill_counts_pages)
		return;
	zone_account(pa, zone, -(1LL << order), old);
	zone_account(pa, zone, 1LL << order, type);
}

bool area_has(const struct page_allocator *pa, uint32_t index, unsigned int order)
{
	if (order == KERNEL_MAX_ORDER)
		return pa->tops[index >> KERNEL_MAX_ORDER].free;
	return pa->pages[index].state == PAGE_BUDDY && pa->pages[index].order == order;
}

bool area_find(const struct page_allocator *pa, uint32_t index, uint32_t *head,
	       unsigned int *order)
{
	if (index >= pa->nr_pages)
		return false;
	if (pa->tops[index >> KERNEL_MAX_ORDER].free) {
		*head = (uint32_t)bits_align_down(index, 1U << KERNEL_MAX_ORDER);
		*order = KERNEL_MAX_ORDER;
		return true;
	}
	for (unsigned int o = 0; o < KERNEL_MAX_ORDER; o++) {
		const uint32_t at = (uint32_t)bits_align_down(index, 1U << o);

		if (pa->pages[at].state == PAGE_BUDDY && pa->pages[at].order == o) {
			*head = at;
			*order = o;
			return true;
		}
	}
	return false;
}

struct zone *area_zone(const struct page_allocator *pa, uint32_t head, unsigned int order)
{
	return &pa->zones[order == KERNEL_MAX_ORDER ? pa->tops[head >> KERNEL_MAX_ORDER].zone :
						      pa->pages[head].zone];
}

enum migratetype area_type(const struct page_allocator *pa, uint32_t head, unsigned int order)
{
	return (enum migratetype)(order == KERNEL_MAX_ORDER ?
					  pa->tops[head >> KERNEL_MAX_ORDER].type :
					  pa->pages[head].type);
}

void block_set_type(struct page_allocator *pa, uint32_t index, unsigned int order,
		    enum migratetype type)
{
	const uint32_t first = index >> pa->block_order;
	const uint32_t nr = order > pa->block_order ? 1U << (order - pa->block_order) : 1;

	for (uint32_t i = 0; i < nr; i++) {
		pa->block_types[first + i] = (uint8_t)type;
		if (unlikely(pa->block_map))
			block_map_type(pa->block_map, (first + i) << pa->block_order);
	}
}

/* Types set aside are counted by themselves. */
static void count_apart(struct zone *zone, unsigned int order, enum migratetype type, bool gone)
{
	const uint64_t pages = 1ULL << order;
	uint64_t *count = type == MIGRATE_HIGHATOMIC ? &zone->free_highatomic :
			  type == MIGRATE_CMA	     ? &zone->apart.free_cma :
						       &zone->apart.isolated;

	*count = gone ? *count - pages : *count + pages;
}
