/* SPDX-License-Identifier: GPL-2.0-or-later */
/** Runs of pages whose number is no power of two, and blocks that are given back in parts. */
#ifndef KMREPLAY_MM_PAGE_EXACT_H
#define KMREPLAY_MM_PAGE_EXACT_H

#include "kmreplay/mm/page.h"

/**
 * alloc_pages_exact(): "nr" single pages in a row, from the smallest block that holds them. The
 * rest of it goes straight back, page by page, to the tail of the buddy lists. addr is the first
 * pfn. Failure: INVALID (none asked for), ORDER (too many), or page_alloc()'s.
 */
struct mm_outcome page_alloc_exact(struct page_allocator *pa, unsigned int cpu, uint32_t gfp,
				   uint64_t nr, int node);
/** free_pages_exact(): page by page, in ascending order. */
void page_free_exact(struct page_allocator *pa, unsigned int cpu, uint64_t pfn, uint64_t nr);
/**
 * __free_pages() of a block in use, not compound, to whose first page somebody else holds a
 * reference: all but that page is freed, the upper half first, then the half of the rest, ... The
 * first page stays in use, alone.
 */
void page_free_held(struct page_allocator *pa, unsigned int cpu, uint64_t pfn, unsigned int order);

#endif
