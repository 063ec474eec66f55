/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Queues linked by slot, one a list and zone type; a map from frame to slot for compaction. */
#include <config.h>

#include "stock.h"

#include <string.h>

void stock_init(struct stock *stock)
{
	memset(stock, 0, sizeof(*stock));
	u64map_init(&stock->by_pfn);
	for (size_t i = 0; i < STOCK_LISTS; i++)
		for (size_t zone = 0; zone < ZONE_NR; zone++)
			stock->lists[i][zone].head = stock->lists[i][zone].tail = STOCK_NONE;
}

void stock_deinit(struct stock *stock)
{
	u64map_deinit(&stock->by_pfn);
	vec_deinit(&stock->links);
}

void stock_add(struct stock *stock, enum stock_list list, uint32_t slot, uint64_t pfn,
	       enum zone_type zone)
{
	uint32_t tail = stock->lists[list][zone].tail;
	bool fresh;
	uint32_t *at = u64map_insert(&stock->by_pfn, pfn, &fresh);

	BUG_ON(!fresh);
	*at = slot;
	vec_extend_zeroed(&stock->links, (size_t)slot + 1);
	stock->links.items[slot] = (struct stock_link){
		.age = stock->nr_added++,
		.prev = tail,
		.next = STOCK_NONE,
		.zone = (uint8_t)zone,
	};
	if (tail == STOCK_NONE)
		stock->lists[list][zone].head = slot;
	else
		stock->links.items[tail].next = slot;
	stock->lists[list][zone].tail = slot;
}

void stock_remove(struct stock *stock, enum stock_list list, uint32_t slot, uint64_t pfn)
{
	struct stock_link link = stock->links.items[slot];

	BUG_ON(!u64map_remove(&stock->by_pfn, pfn));
	if (link.prev == STOCK_NONE)
		stock->lists[list][link.zone].head = link.next;
	else
		stock->links.items[link.prev].next = link.next;
	if (link.next == STOCK_NONE)
		stock->lists[list][link.zone].tail = link.prev;
	else
		stock->links.items[link.next].prev = link.prev;
}

uint32_t stock_move(struct stock *stock, uint64_t pfn, uint64_t to)
{
	const uint32_t *at = u64map_find(&stock->by_pfn, pfn);
	uint32_t slot;
	bool fresh;

	if (!at)
		return STOCK_NONE;
	slot = *at;
	u64map_remove(&stock->by_pfn, pfn);
	*u64map_insert(&stock->by_pfn, to, &fresh) = slot;
	BUG_ON(!fresh);
	return slot;
}

uint32_t stock_oldest(const struct stock *stock, enum stock_list list, enum zone_type highest)
{
	uint32_t oldest = STOCK_NONE;

	for (unsigned int zone = 0; zone <= (unsigned int)highest && zone < ZONE_NR; zone++) {
		uint32_t head = stock->lists[list][zone].head;

		if (head != STOCK_NONE &&
		    (oldest == STOCK_NONE ||
		     stock->links.items[head].age < stock->links.items[oldest].age))
			oldest = head;
	}
	return oldest;
}
