/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Contiguous requests (cma_alloc()) as events show them: when a place is isolated, emptied, taken
 * and let go of again. Their pages have no mm_page_alloc, and what goes back around a range looks
 * like frees by the task.
 */
#ifndef KMREPLAY_SRC_VERIFY_PAGE_CONTIG_H
#define KMREPLAY_SRC_VERIFY_PAGE_CONTIG_H

#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/event/event.h"
#include "kmreplay/mm/page_contig.h"

/** One place that a request tried. */
struct contig_try {
	uint64_t pfn, nr;
	uint8_t align; /**< log2 of pages */
	bool again;    /**< the place before was busy */
	bool got;      /**< it was not */
};

enum contig_what {
	CONTIG_BEGIN, /**< the place is isolated from here on */
	CONTIG_TAKE,  /**< and taken */
	CONTIG_END,   /**< and no longer isolated */
};

struct contig_step {
	uint64_t number; /**< of the first event behind it */
	uint32_t try;    /**< which */
	uint8_t what;    /**< enum contig_what */
};

/** A page freed in a request. */
struct contig_freed {
	uint64_t number, pfn;
	bool around; /**< it was taken beyond the range; else it was emptied */
};

/** A request that a context is in the middle of. */
struct contig_running {
	uint64_t begin;  /**< number of the event that began this try; 0: none does */
	uint64_t last;   /**< pfn of the one before; 0: none */
	uint64_t isolated; /**< number of the event that shows the place being taken; 0: none */
	struct vec(struct contig_freed) freed;
};

struct contig_look {
	struct u64map contexts; /**< to "running" */
	struct vec(struct contig_running) running;
	struct vec(struct contig_try) tries;
	struct vec(struct contig_step) steps; /**< ascending */
};

void contig_look_init(struct contig_look *look);
void contig_look_deinit(struct contig_look *look);
/**
 * The next event. Returns the pages that a request freed when it has just ended, else NULL; they
 * are in no per-CPU list, and yours until the next call.
 */
const struct contig_running *contig_look_event(struct contig_look *look, const struct event *ev,
					       uint64_t number);

struct page_judge;
struct page_op;

/** A place under way in ours. */
struct contig_open {
	uint32_t try;
	uint64_t pfn; /**< in ours */
	struct page_contig contig;
};

/** What contiguous requests hold. */
struct contig_held {
	uint64_t recorded, ours, nr;
};

/** Does what requests did by event "number". */
void page_contig_until(struct page_judge *j, uint64_t number);
/** The event of cma_release(): the pages were freed before. */
void page_contig_release(struct page_judge *j, const struct event *ev);
void page_contig_deinit(struct page_judge *j);

#endif
