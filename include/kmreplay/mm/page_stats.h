/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the page allocator counts. X(field, name, help): the field of struct page_stats, the name
 * in reports and JSON, and what it means. Counts of pages say so; all others count events.
 */
#ifndef KMREPLAY_MM_PAGE_STATS_H
#define KMREPLAY_MM_PAGE_STATS_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/base.h"

#define PAGE_STATS(X)                                                                         \
	X(allocs, "page_allocs", "blocks allocated")                                          \
	X(alloc_pages, "page_alloc_pages", "pages allocated")                                 \
	X(frees, "page_frees", "blocks freed")                                                \
	X(free_pages, "page_free_pages", "pages freed")                                       \
	X(failures, "page_failures", "requests that failed")                                  \
	X(bulk_pages, "page_bulk_pages", "pages allocated by the bulk interface")             \
	X(pcp_hits, "pcp_hits", "allocations from a filled per-CPU list")                     \
	X(pcp_refills, "pcp_refills", "refills of a per-CPU list")                            \
	X(pcp_refill_blocks, "pcp_refill_blocks", "blocks moved by refills")                  \
	X(pcp_frees, "pcp_frees", "frees into a per-CPU list")                                \
	X(pcp_drains, "pcp_drains", "trims and drains of per-CPU lists")                      \
	X(pcp_drain_blocks, "pcp_drain_blocks", "blocks given back by trims and drains")      \
	X(buddy_allocs, "buddy_allocs", "blocks taken straight from the free lists")          \
	X(buddy_frees, "buddy_frees", "blocks freed straight to the free lists")              \
	X(splits, "buddy_splits", "halvings of a free block")                                 \
	X(merges, "buddy_merges", "mergers of two buddies")                                   \
	X(extfrag, "extfrag", "blocks taken from another migratetype")                        \
	X(extfrag_small, "extfrag_small", "the same, block smaller than a pageblock")         \
	X(block_claims, "pageblock_claims", "pageblocks that changed their type in a fallback") \
	X(highatomic_reserves, "highatomic_reserves", "pageblocks reserved as HIGHATOMIC")    \
	X(highatomic_unreserves, "highatomic_unreserves", "pageblocks given back from it")    \
	X(watermark_boosts, "watermark_boosts", "boosts of a zone's watermarks")              \
	X(slowpaths, "slowpaths", "requests that entered the slow path")                      \
	X(kswapd_wakes, "kswapd_wakes", "wake-ups of a sleeping kswapd")                      \
	X(kswapd_pages, "kswapd_pages", "pages that kswapd reclaimed")                        \
	X(direct_reclaims, "direct_reclaims", "direct reclaims")                              \
	X(direct_pages, "direct_pages", "pages that direct reclaim freed")                    \
	X(compactions, "compactions", "compaction runs over a zone")                          \
	X(compact_success, "compact_success", "those that made the block asked for")          \
	X(compact_deferred, "compact_deferred", "those put off after earlier failures")       \
	X(compact_moved, "compact_moved_pages", "pages that compaction moved")                \
	X(contig_allocs, "contig_allocs", "ranges of memory made free and taken")             \
	X(contig_pages, "contig_pages", "pages of them")                                      \
	X(contig_failures, "contig_failures", "ranges that could not be had")                 \
	X(cma_busy, "cma_busy", "places in CMA areas that were passed over for that")         \
	X(drain_all, "drain_all", "drains of all per-CPU lists under pressure")               \
	X(oom, "oom", "requests that came to the OOM killer")                                 \
	X(oom_pages, "oom_pages", "pages that OOM kills freed")                               \
	X(nofail_failed, "nofail_failed", "__GFP_NOFAIL requests that could never be met")    \
	X(follow_allocs, "follow_allocs", "blocks taken at a recorded place")                 \
	X(follow_misses, "follow_misses", "recorded places that were not free")

struct page_stats {
#define X(field, name, help) uint64_t field;
	PAGE_STATS(X)
#undef X
	uint64_t extfrag_severe; /**< of extfrag_small, those of order 3 and less */
	uint64_t allocs_of[KERNEL_NR_ORDERS];   /**< allocs by order */
	uint64_t failures_of[KERNEL_NR_ORDERS]; /**< failures by order, below the largest */
};

#endif
