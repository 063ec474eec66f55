/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The pages that the vmalloc layer asks for and gives back by itself, held against the recorded
 * page events that are its own.
 *
 * From an area's struct vm_struct to the task's next object, its page requests are vmalloc's if
 * they look like it. They wait in a list; at the end our layer fills its area, and takes from the
 * list what it asks for. What the bulk allocator served silently shows by what is missing.
 */
#ifndef KMREPLAY_SRC_VERIFY_VMALLOC_PAGES_H
#define KMREPLAY_SRC_VERIFY_VMALLOC_PAGES_H

#include "kmreplay/core/vec.h"
#include "kmreplay/mm/vmalloc.h"
#include "kmreplay/repair/repair.h"

struct area_guess;
struct vmalloc_judge;

/** A recorded request. */
struct vmalloc_asking_page {
	uint64_t number;
	uint32_t gfp;
	uint8_t order;
	bool failed;
	bool taken; /**< ours asks for it, too */
	bool table; /**< it may be a page table, or somebody else's */
};

/** An area that is being filled. */
struct vmalloc_filling {
	uint32_t guess;
	int32_t pid;
	uint16_t cpu;
	struct vec(struct vmalloc_asking_page) pages;
};

struct vmalloc_pages {
	struct vec(struct vmalloc_filling) open;
	struct vmalloc_filling *now; /**< ours is filling this area */
	uint64_t left;		     /**< pages that it still lacks */
};

/** What the address space of "j" asks for pages with. */
extern const struct vmalloc_ops vmalloc_pages_ops;

void vmalloc_pages_deinit(struct vmalloc_judge *j);
/** Guess "index" begins to be an area. */
void vmalloc_pages_begin(struct vmalloc_judge *j, uint32_t index);
/** An event while some are open, or a request for a page. */
void vmalloc_pages_event(struct vmalloc_judge *j, const struct event *ev,
			 const struct repair_op *op);
/** The pages of "guess" go, if they were seen to. */
void vmalloc_pages_end(struct vmalloc_judge *j, const struct area_guess *guess);
/** No more events come. */
void vmalloc_pages_finish(struct vmalloc_judge *j);

#endif
