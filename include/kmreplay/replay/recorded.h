/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a recording itself tells of the figures that a replay has: pages by owner, failures,
 * fallbacks, reclaim. The recorded machine as one more column beside simulated ones.
 */
#ifndef KMREPLAY_REPLAY_RECORDED_H
#define KMREPLAY_REPLAY_RECORDED_H

#include "kmreplay/abi/gfp.h"
#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/repair/repair.h"

/** Pages of one owner since the recording began. */
struct recorded_owner {
	uint64_t pages, peak;
};

/** The pages behind one slot; 0: none, or no pages' slot. */
struct recorded_block {
	uint16_t pages;
	uint8_t owner; /**< enum page_owner */
};

struct recorded {
	struct recorded_owner owners[OWNER_NR];
	uint64_t failures; /**< of all calls */
	uint64_t failures_by_order[KERNEL_NR_ORDERS];
	uint64_t failures_by_class[GFP_CLASS_NR];
	uint64_t page_allocs, slab_allocs;   /**< blocks; of them for slabs */
	uint64_t extfrag, extfrag_small;     /**< fallbacks; those below a pageblock */
	uint64_t direct_reclaims, direct_pages;
	uint64_t kswapd_wakes;
	uint64_t compactions, moved_pages;
	uint64_t oom;
	/** Events of these kinds are in the recording, so that none of one kind means none. */
	bool has_pages, has_inside, has_reclaim, has_compaction, has_oom;
	struct vec(struct recorded_block) blocks; /**< by slot */
};

void recorded_init(struct recorded *recorded);
void recorded_deinit(struct recorded *recorded);
/** Counts one batch. */
void recorded_feed(struct recorded *recorded, const struct repair *repair,
		   const struct repair_batch *batch);

#endif
