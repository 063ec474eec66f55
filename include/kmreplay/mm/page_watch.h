/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Following a page allocator over time: what lies in each pageblock, kept up to date and with a
 * list of what changed, and a word when a zone's free pages leave a band. Both are off, and cost
 * next to nothing, until somebody asks.
 */
#ifndef KMREPLAY_MM_PAGE_WATCH_H
#define KMREPLAY_MM_PAGE_WATCH_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/base.h"
#include "kmreplay/core/vec.h"

struct page_allocator;

/**
 * What a pageblock holds, in pages. All zeros is a wholly free one, so that the part of a large
 * machine that nobody uses takes no memory here either. What is taken and in none of the other
 * counts is in per-CPU lists.
 */
struct block_use {
	uint16_t taken;       /**< not on a free list */
	uint16_t movable;     /**< in use */
	uint16_t reclaimable; /**< in use */
	uint16_t unmovable;   /**< in use, all other */
	uint16_t outside;     /**< holes, memory that never was the allocator's */
	bool changed;         /**< listed in block_map.changed */
};

/** Neighbouring pageblocks of one zone; a pageblock is of the zone of its first page. */
struct block_span {
	uint32_t first, end; /**< numbers of pageblocks */
	unsigned int zone;   /**< as zone_info() counts */
};

struct block_map {
	unsigned int order;                /**< log2 of the pages in a pageblock */
	uint32_t nr;                       /**< pageblocks, from the one of base_pfn on */
	uint64_t base_pfn;
	struct block_use *blocks;
	uint64_t *fixed;                   /**< a bit a page: in use and not movable */
	struct vec(struct block_span) spans; /**< ascending; what is in none is a hole */
	struct vec(uint32_t) changed;      /**< since page_blocks_seen(), types included */
};

/**
 * Starts to keep the map, if it is not kept yet; the allocator's, until it goes. The first call
 * walks all memory, but a free block of any size in one step.
 */
const struct block_map *page_watch_blocks(struct page_allocator *pa);
/** Empties the list of what changed. */
void page_blocks_seen(struct page_allocator *pa);
/** The type of pageblock "block" of the map. */
enum migratetype page_block_type(const struct page_allocator *pa, uint32_t block);

/** Free pages of zone "zone" have left their band; it must not call the allocator but for this. */
typedef void page_band_fn(void *ctx, unsigned int zone);
/** Whom to tell; NULL: nobody. */
void page_watch_bands(struct page_allocator *pa, page_band_fn *left, void *ctx);
/** "zone" is fine with "low" <= free pages < "high"; 0 and UINT64_MAX, as at first: always. */
void page_set_band(struct page_allocator *pa, unsigned int zone, uint64_t low, uint64_t high);
/** Free pages of "zone" in the buddy lists. */
uint64_t page_zone_free(const struct page_allocator *pa, unsigned int zone);

#endif
