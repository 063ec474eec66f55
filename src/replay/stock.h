/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The stock of pages that reclaim may take and compaction may move: user memory and page cache
 * that the recording shows as page events. Oldest first, page cache before user memory; by zone,
 * since pages of a zone that a request may not use do not help it.
 *
 * The stock knows slots and pfns only; freeing a page is its owner's business.
 */
#ifndef KMREPLAY_REPLAY_STOCK_H
#define KMREPLAY_REPLAY_STOCK_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"

#define STOCK_NONE UINT32_MAX

enum stock_list {
	STOCK_PAGE_CACHE, /**< given up first */
	STOCK_USER,       /**< as if swapped out */
	STOCK_LISTS,
};

struct stock_link {
	uint64_t age;        /**< number of its stock_add() */
	uint32_t prev, next; /**< slots; STOCK_NONE at the ends */
	uint8_t zone;        /**< enum zone_type */
};

struct stock {
	struct u64map by_pfn;              /**< first pfn to slot */
	struct vec(struct stock_link) links; /**< by slot */
	struct {
		uint32_t head, tail;
	} lists[STOCK_LISTS][ZONE_NR];
	uint64_t nr_added;
};

void stock_init(struct stock *stock);
void stock_deinit(struct stock *stock);
/** "slot", at "pfn" in a zone of type "zone", becomes the youngest of "list". */
void stock_add(struct stock *stock, enum stock_list list, uint32_t slot, uint64_t pfn,
	       enum zone_type zone);
/** It leaves; it must be there. */
void stock_remove(struct stock *stock, enum stock_list list, uint32_t slot, uint64_t pfn);
/** The slot at "pfn" is now at "to" in the same zone; returns it, STOCK_NONE: none is there. */
uint32_t stock_move(struct stock *stock, uint64_t pfn, uint64_t to);
/** The oldest slot of "list" in zones up to "highest", STOCK_NONE when there is none. */
uint32_t stock_oldest(const struct stock *stock, enum stock_list list, enum zone_type highest);

#endif
