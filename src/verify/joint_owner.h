/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Whose is a page? Repair decides at the event, or within its window (src/repair/owner.c). Here
 * that is held against what the whole recording shows: the objects that lie in the page later on.
 */
#ifndef KMREPLAY_SRC_VERIFY_JOINT_OWNER_H
#define KMREPLAY_SRC_VERIFY_JOINT_OWNER_H

#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/verify/verify.h"

/** A block in use, by the mm_page_alloc that brought it. */
struct joint_owned {
	uint32_t nth;  /**< of all mm_page_alloc events */
	uint8_t order;
};

/** The look ahead: what turned out to lie in each block. */
struct joint_owner_look {
	struct vec(uint32_t) truth;  /**< by mm_page_alloc: see joint_owner.c */
	struct u64map pages;         /**< first page of a block to index in "blocks" */
	struct vec(struct joint_owned) blocks;
	struct vec(uint32_t) spare;  /**< of "blocks" */
	struct vec(struct repair_cache) caches; /**< of this reading: by its id */
};

void joint_owner_look_init(struct joint_owner_look *look);
void joint_owner_look_deinit(struct joint_owner_look *look);
void joint_owner_look_feed(struct joint_owner_look *look, const struct repair *repair,
			   const struct repair_batch *batch);
void joint_owner_look_finish(struct joint_owner_look *look, const struct repair *repair);

struct joint_owner_late {
	uint64_t number;       /**< of the event */
	uint32_t cache, truth;
};

/** What repair said. */
struct joint_owner_judge {
	const struct joint_owner_look *look; /**< NULL: nothing is known */
	const struct repair *repair;
	struct verify_log *log;
	uint64_t number; /**< of the next event */
	uint32_t nth;    /**< of the next mm_page_alloc */
	/** Slabs of caches that were not known by their names yet. */
	struct vec(struct joint_owner_late) late;
};

void joint_owner_judge(struct joint_owner_judge *judge, const struct repair_batch *batch);
void joint_owner_judge_finish(struct joint_owner_judge *judge);
void joint_owner_judge_deinit(struct joint_owner_judge *judge);

#endif
