/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Choosing free blocks of a zone, of which it is known how many there are of each order and type,
 * and only in part where they lie. Private to src/replay/start_*.c.
 */
#ifndef KMREPLAY_REPLAY_START_PLACE_H
#define KMREPLAY_REPLAY_START_PLACE_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/rng.h"
#include "kmreplay/core/vec.h"

enum { PLACE_BLOCK_ORDER = 9, PLACE_BLOCK = 1 << PLACE_BLOCK_ORDER };
/** Type of a pageblock of which nothing is known. */
enum { PLACE_NO_TYPE = 0xff };

/** What is known of a frame, and what becomes of it. */
enum place_frame {
	PLACE_MAYBE,  /**< nobody says: in use unless it is chosen */
	PLACE_WANTED, /**< said to be free */
	PLACE_SURE,   /**< the recording takes it from the free lists */
	PLACE_USED,   /**< in use, or no memory */
	PLACE_TAKEN,  /**< part of a chosen block */
};

struct place_block {
	uint32_t index;
	uint8_t order;
	uint8_t type; /**< of its list */
};

struct place {
	uint64_t base;     /**< pfn of index 0: a multiple of the largest block */
	uint32_t nr;       /**< frames, a multiple of it, too */
	uint8_t *frames;   /**< enum place_frame */
	uint8_t *types;    /**< by pageblock */
	bool loose;        /**< lists may be of another type than their pageblocks */
	bool typed;        /**< "left" and "quota" are by type; else all are MOVABLE's */
	int64_t left[KERNEL_NR_ORDERS][MIGRATE_NR]; /**< blocks still to be chosen */
	int64_t quota[MIGRATE_NR]; /**< pageblocks that are still to get the type */
	struct rng rng;
	struct vec(struct place_block) chosen;
};

/** All frames are USED and all types unknown; "end" is the pfn behind the last frame. */
void place_init(struct place *p, uint64_t start, uint64_t end, uint64_t seed);
void place_deinit(struct place *p);
/**
 * Chooses "left" blocks as far as it goes: first those that are wanted as a whole, then those with
 * most wanted frames, then any. No two of them make a larger block. What could not be chosen is
 * still in "left". Types of pageblocks are set by their blocks, the rest by "quota" and the seed.
 */
void place_choose(struct place *p);
/** All of "left" was chosen. */
bool place_is_complete(const struct place *p);

#endif
