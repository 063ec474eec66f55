/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * CMA areas: memory set aside at boot for contiguous requests of drivers, lent meanwhile to movable
 * pages. Its pageblocks are of type CMA for good; a bitmap says which pages contiguous requests
 * hold (mm/cma.c of the kernel).
 *
 * An area is a number: its place in the machine's configuration. It has one range or, from 6.15 on,
 * several, which are searched one after the other.
 */
#ifndef KMREPLAY_MM_CMA_H
#define KMREPLAY_MM_CMA_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/mm/outcome.h"

struct page_allocator;

/** An area's figures at this moment, in pages. */
struct cma_info {
	uint64_t first_pfn;   /**< of its first range */
	uint64_t count;       /**< of all ranges */
	uint64_t available;   /**< that no contiguous request holds */
	unsigned int order_per_bit; /**< log2 of what a bit stands for */
	unsigned int nr_ranges;
};

/** "kernel" looks above 4 GiB first for an area: memblock_alloc_cma(). */
bool cma_lies_above_4g(struct kernel_version kernel);
unsigned int cma_nr_areas(const struct page_allocator *pa);
/** Fills "*ret" for area "area", which exists. */
void cma_info(const struct page_allocator *pa, unsigned int area, struct cma_info *ret);
/** The area that "pfn" lies in; -1: none. */
int cma_area_of(const struct page_allocator *pa, uint64_t pfn);
/** Part of [pfn, pfn + nr) is held by contiguous requests. */
bool cma_is_held(const struct page_allocator *pa, unsigned int area, uint64_t pfn, uint64_t nr);

/**
 * cma_alloc(): "nr" pages of the area, the first one a multiple of 2^align, in the lowest place
 * where they fit and can be had; a place that cannot be emptied is passed over. "gfp" says what the
 * targets of moves may do, and __GFP_COMP asks for one compound block (nr a power of two, align its
 * order). The pages are in use as page_alloc_contig_range() leaves them. Failure: INVALID (nr is 0
 * or more than the area), FULL (no place is left in the bitmap), NO_BLOCK (what is left cannot
 * be emptied), NO_MEMORY (nowhere to move to).
 */
struct mm_outcome cma_alloc(struct page_allocator *pa, unsigned int cpu, unsigned int area,
			    uint64_t nr, unsigned int align, uint32_t gfp);
/** The place that it would try first at or behind pfn "from"; 0: none is left. */
uint64_t cma_next_place(const struct page_allocator *pa, unsigned int area, uint64_t nr,
			unsigned int align, uint64_t from);
/**
 * cma_release(): gives back what cma_alloc() gave. False, and nothing is done: "pfn" is not of this
 * area, or not all of [pfn, pfn + nr) is held.
 */
bool cma_release(struct page_allocator *pa, unsigned int cpu, unsigned int area, uint64_t pfn,
		 uint64_t nr);
/**
 * The bitmap's part of either alone, for who takes and frees the pages at recorded places. False:
 * "pfn" is not of this area.
 */
bool cma_hold(struct page_allocator *pa, unsigned int area, uint64_t pfn, uint64_t nr);
bool cma_unhold(struct page_allocator *pa, unsigned int area, uint64_t pfn, uint64_t nr);

/**
 * init_cma_reserved_pageblock(): the pageblock at "pfn", in use since the start and nobody's, is of
 * a CMA area from now on and managed; it is one block in use, which the caller frees. From 7.0 on
 * lowmem reserves follow at once. False, and nothing is changed: it is not a pageblock of one zone
 * that is in use by nobody that is known.
 */
bool cma_init_block(struct page_allocator *pa, uint64_t pfn);

#endif
