/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Areas that only their bookkeeping tells of (replay/area_guess.h), asked for in the judge's
 * address space: where nothing else tells of an area, or where the judge is told nothing.
 *
 * A row of a vmallocinfo read later settles what the bookkeeping leaves open. It is the area at
 * hand if the allocator, asked for its size, would choose its very address.
 */
#ifndef KMREPLAY_SRC_VERIFY_VMALLOC_GUESS_H
#define KMREPLAY_SRC_VERIFY_VMALLOC_GUESS_H

#include "kmreplay/mm/vmalloc_follow.h"
#include "kmreplay/proc/snapshot.h"
#include "kmreplay/replay/area_guess.h"
#include "kmreplay/verify/log.h"

struct vmalloc_judge;

/** A row of vmallocinfo, and whether an area of ours stands for it. */
struct vmalloc_row {
	const struct proc_area *area;
	bool taken;
};

/** An area that is in use in ours. */
struct vmalloc_found {
	uint64_t ours;	   /**< its address; 0: it is not there */
	uint64_t recorded; /**< where the kernel had it; 0: nothing tells */
};

struct vmalloc_guesses {
	const struct area_guesses *all; /**< NULL: there are none to be asked for */
	bool unplaced;	    /**< events tell of later areas, and no file of where these are */
	bool alone;	    /**< events are not to be heeded: all areas are found so */
	size_t begin, end;  /**< the next of all->begins, all->ends */
	uint64_t next_at;   /**< event before which something is to be done */
	struct vec(struct vmalloc_found) found; /**< by guess */
	struct vec(struct vmalloc_row) rows;	/**< ascending; without lazy ranges */
	uint64_t moment;			/**< event before which they were read */
	uint64_t by_kind[AREA_GUESS_KIND_NR];
	struct u64map early; /**< events of areas that were placed before them */
};

void vmalloc_guesses_init(struct vmalloc_judge *j);
void vmalloc_guesses_deinit(struct vmalloc_judge *j);
/** What "rows" tell of the beginning: areas that no event and no guess accounts for. */
void vmalloc_guesses_start(struct vmalloc_judge *j);
/** What an area at "recorded" that "call" got says of areas and purges that nobody saw. */
void vmalloc_guesses_reason(struct vmalloc_judge *j, const struct vmap_call *call,
			    uint64_t recorded);
/** Everything that happens before event "number". */
void vmalloc_guesses_until(struct vmalloc_judge *j, uint64_t number);
/** Where guess "index" is in ours; 0: nowhere. */
uint64_t vmalloc_found_at(const struct vmalloc_judge *j, uint32_t index);
/** Holds what was found by bookkeeping against what events told, and says what was used. */
void vmalloc_guesses_finish(struct vmalloc_judge *j);

#endif
