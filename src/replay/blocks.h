/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Sums over pageblocks, by zone and by stretch of memory, brought up to date from those that
 * changed: for the metrics that are about where things lie, and for the physical map.
 */
#ifndef KMREPLAY_REPLAY_BLOCKS_H
#define KMREPLAY_REPLAY_BLOCKS_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/page_watch.h"
#include "kmreplay/replay/history.h"

enum {
	BLOCK_LEVELS = 10,       /**< by free pages k: 0; 1 + 8k/size; 9: all */
	BLOCK_MAX_ROWS = 256,    /**< of the map, if there are not more zones than that */
	RUN_2M_ORDER = 9,
	RUN_32M_ORDER = 13,
	RUN_1G_ORDER = 18,
	BLOCK_MAX_ORDER = RUN_1G_ORDER, /**< for which blocks are counted */
};

/** One zone. A block of some order counts if it is aligned and lies in the zone as a whole. */
struct blocks_zone {
	uint64_t nr_blocks; /**< pageblocks */
	uint64_t hybrid;    /**< with both movable and other pages in use */
	uint64_t level[BLOCK_LEVELS];
	uint64_t nr[BLOCK_MAX_ORDER + 1];    /**< blocks of each order */
	uint64_t fixed[BLOCK_MAX_ORDER + 1]; /**< with a page in use that can't be moved */
	uint64_t free[BLOCK_MAX_ORDER + 1];  /**< wholly free; only above the pageblock's order */
};

struct blocks;

/** Starts to watch "pa". */
struct blocks *blocks_create(struct page_allocator *pa);
/** "b" may be NULL; the allocator need not be there any more. */
void blocks_destroy(struct blocks *b);
/** Looks at what changed. */
void blocks_update(struct blocks *b);

/** Zone "zone" as of the last update. */
const struct blocks_zone *blocks_zone(const struct blocks *b, unsigned int zone);
/** The map: rows, and what is in each as of the last update. */
unsigned int blocks_nr_rows(const struct blocks *b);
const struct replay_history_row *blocks_rows(const struct blocks *b);
const struct replay_history_cell *blocks_cells(const struct blocks *b);

#endif
