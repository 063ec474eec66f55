/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The page allocator: zones, free areas by order and migratetype, per-CPU page lists, watermarks,
 * fallback and the slow path (mm/page_alloc.c of the kernel).
 *
 * Pages are numbers (pfn); nothing stands behind them. The caller names the CPU that the call runs
 * on, since per-CPU lists decide which page it gets.
 */
#ifndef KMREPLAY_MM_PAGE_H
#define KMREPLAY_MM_PAGE_H

#include "kmreplay/abi/gfp.h"
#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/error.h"
#include "kmreplay/mm/outcome.h"

struct page_allocator;
struct machine_config;

/** Circumstances of a request that its mask does not tell. */
enum page_context {
	PAGE_CTX_IRQ = 1 << 0,      /**< hardirq or softirq */
	PAGE_CTX_MEMALLOC = 1 << 1, /**< PF_MEMALLOC: reclaim itself, kswapd */
};

/** alloc_pages(): "order" pages on "node" (-1: any), asked for on "cpu". addr is the first pfn. */
struct mm_outcome page_alloc(struct page_allocator *pa, unsigned int cpu, uint32_t gfp,
			     unsigned int order, int node, unsigned int context);
/** free_pages(): gives back the block that begins at "pfn"; a bug if it is not allocated so. */
struct mm_outcome page_free(struct page_allocator *pa, unsigned int cpu, uint64_t pfn,
			    unsigned int order);
/**
 * alloc_pages_bulk(): up to "nr" order-0 pages from this CPU's list into "pfns" (which may be NULL
 * entries beyond the result); returns how many. No outcome event of its own.
 */
unsigned int page_alloc_bulk(struct page_allocator *pa, unsigned int cpu, uint32_t gfp, int node,
			     unsigned int nr, uint64_t *pfns);
/** split_page(): the block becomes 2^order single pages, each to be freed alone. */
void page_split(struct page_allocator *pa, uint64_t pfn, unsigned int order);
/** "pfn" is allocated and heads a block; "*order" says which. */
bool page_is_allocated(const struct page_allocator *pa, uint64_t pfn, unsigned int *order);

#endif
