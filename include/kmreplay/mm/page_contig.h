/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Contiguous memory of any size: a range of page frames is emptied and becomes the caller's
 * (alloc_contig_range() and what builds on it: CMA areas in cma.h, gigantic pages).
 *
 * The pageblocks of the range are isolated, so that nothing is allocated there; movable blocks in
 * it move elsewhere; then it is taken from the free lists, and what was taken beyond it goes back.
 * A range lies in one zone; it need not be aligned.
 *
 * The steps are functions of their own for who has to do something in between, as a replay has that
 * hears of the moves one by one. page_alloc_contig_range() does all of them.
 */
#ifndef KMREPLAY_MM_PAGE_CONTIG_H
#define KMREPLAY_MM_PAGE_CONTIG_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/outcome.h"

struct page_allocator;

/** Why a range could not be had; the pages are as they were but for what has moved. */
enum page_contig_result {
	PAGE_CONTIG_OK,
	PAGE_CONTIG_BUSY,    /**< -EBUSY: something in it cannot be moved, or another has it */
	PAGE_CONTIG_NOMEM,   /**< -ENOMEM: nowhere to move to */
	PAGE_CONTIG_INVALID, /**< -EINVAL: not all memory, or of several zones */
};

/** X(suffix, words): what stands in a range's way. */
#define PAGE_CONTIG_OBSTACLES(X)                                                              \
	X(NONE, "nothing")                                                                    \
	X(PAGE, "a page in use that cannot move")                                             \
	X(UNKNOWN, "a page in use since boot, or no memory")                                  \
	X(ISOLATED, "another request is at work in the pageblock")                            \
	X(CMA, "a pageblock of a CMA area")                                                   \
	X(EDGE, "the range is not memory of one zone")                                        \
	X(NOWHERE, "nowhere to move the page to")                                             \
	X(BITMAP, "no run of free bits that is long enough")

enum page_contig_obstacle {
#define X(suffix, ...) PAGE_CONTIG_OBSTACLE_##suffix,
	PAGE_CONTIG_OBSTACLES(X)
#undef X
	PAGE_CONTIG_OBSTACLE_NR,
};

/** "a pinned page" */
const char *page_contig_obstacle_words(enum page_contig_obstacle obstacle);

/** What a call for contiguous memory met with, over all places that it tried. */
struct page_contig_report {
	enum page_contig_obstacle obstacle; /**< of the last place that could not be had */
	uint64_t pfn;       /**< of what stood there; 0: none in particular */
	uint64_t nr_moved;  /**< pages that moved elsewhere */
	uint64_t nr_busy;   /**< places that could not be had */
};

/** A range under way. Fields are for reading. */
struct page_contig {
	uint64_t pfn, nr;    /**< pages asked for */
	bool cma;            /**< in pageblocks of a CMA area; else in any of movable memory */
	uint64_t first, end; /**< pfns of the isolated pageblocks */
	uint64_t nr_moved;   /**< pages that had to move */
	enum page_contig_obstacle obstacle; /**< why not, */
	uint64_t stuck;      /**< and the pfn where */
	struct vec(uint8_t) types; /**< of those pageblocks before */
};

/**
 * start_isolate_page_range(): nothing is allocated in the pageblocks of [pfn, pfn + nr) from now
 * on; what is free there does not count as free. Per-CPU lists may still hold pages of the range:
 * see page_drain_all(). BUSY: some pageblock is isolated already, or (without "cma") holds what
 * cannot be moved; nothing is changed then, and "contig" needs no end.
 */
MUST_CHECK enum page_contig_result page_contig_begin(struct page_allocator *pa, unsigned int cpu,
						     uint64_t pfn, uint64_t nr, bool cma,
						     struct page_contig *contig);
/**
 * __alloc_contig_migrate_range(): all blocks in use in the range move elsewhere, with targets
 * asked for as "gfp" and moves reported by the allocator's ops.moved(). BUSY, NOMEM: some did not.
 */
MUST_CHECK enum page_contig_result page_contig_migrate(struct page_allocator *pa, unsigned int cpu,
						       uint32_t gfp, struct page_contig *contig);
/**
 * isolate_freepages_range(): the range, all of it free, becomes single pages in use, or with
 * "compound" one block of order log2(nr), at most the largest order; free blocks that reach beyond
 * the range go back but for their part of it. BUSY: not all of it is free; nothing is changed.
 */
MUST_CHECK enum page_contig_result page_contig_take(struct page_allocator *pa, unsigned int cpu,
						    bool compound, struct page_contig *contig);
/**
 * Follow mode: the same, though the recorded kernel must have emptied what is not free: that is
 * taken out of lists, or from whoever has it. Returns how many pages were in use.
 */
uint64_t page_contig_seize(struct page_allocator *pa, unsigned int cpu,
			   struct page_contig *contig);
/**
 * undo_isolate_page_range(): pageblocks are what they were, free pages go back to their lists.
 * Ends what page_contig_begin() began, whether or not the range was taken.
 */
void page_contig_end(struct page_allocator *pa, unsigned int cpu, struct page_contig *contig);

/**
 * alloc_contig_range(): all of the above, with the per-CPU lists drained in between. On success the
 * outcome's addr is "pfn" and the pages are single ones in use, or with __GFP_COMP in "gfp" one
 * block ("nr" a power of two, "pfn" aligned to it, at most the largest order). Otherwise failure:
 * INVALID, NO_BLOCK (-EBUSY) or NO_MEMORY (-ENOMEM). The cost is that of moving and isolating.
 */
struct mm_outcome page_alloc_contig_range(struct page_allocator *pa, unsigned int cpu, uint64_t pfn,
					  uint64_t nr, uint32_t gfp, bool cma);
/**
 * alloc_contig_pages(): the first range of "nr" pages, aligned to that if it is a power of two, of
 * a zone that "gfp" allows, on "node" first (-1: any), which can be emptied.
 */
struct mm_outcome page_alloc_contig_pages(struct page_allocator *pa, unsigned int cpu, uint64_t nr,
					  uint32_t gfp, int node);
/** Of the last call of these two or of cma_alloc(); the allocator's. */
const struct page_contig_report *page_contig_report(const struct page_allocator *pa);
/**
 * free_contig_range(): gives back what came from the two above. Single pages go back one by one in
 * ascending order or, from 7.0 on, in the largest blocks that alignment allows; a compound block
 * as one. A bug if some of it is not allocated so.
 */
void page_free_contig_range(struct page_allocator *pa, unsigned int cpu, uint64_t pfn,
			    uint64_t nr);

#endif
