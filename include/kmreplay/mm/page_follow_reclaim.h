/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Following what the recorded kernel's reclaim and compaction did to the free lists and the marks:
 * when kswapd worked, what compaction took, what marks were and what they were held against. The
 * rest of following is page_follow.h.
 */
#ifndef KMREPLAY_MM_PAGE_FOLLOW_RECLAIM_H
#define KMREPLAY_MM_PAGE_FOLLOW_RECLAIM_H

#include "kmreplay/mm/page_follow.h"

/**
 * kswapd of "node" begins its work on zones up to "highest", or ends it: then the boosts that it
 * found end.
 */
void page_follow_kswapd(struct page_allocator *pa, unsigned int node, bool awake,
			enum zone_type highest);
/** It sleeps, which is some time after the end of its work. */
void page_follow_kswapd_sleeps(struct page_allocator *pa, unsigned int node);
/** It was woken, so that nobody wakes it again; or waits to be. No request of ours says so. */
void page_follow_kswapd_woken(struct page_allocator *pa, unsigned int node, bool woken);
/**
 * Compaction takes the free block that begins at "pfn" to move pages to; it is in use then. Returns
 * its order; KERNEL_NR_ORDERS: no free block begins there.
 */
unsigned int page_follow_isolate(struct page_allocator *pa, uint64_t pfn);
/**
 * Which block of "order" its search by free list finds in "zone": the last one in the list from
 * "low" on, else the highest from "min" on. The list is turned so that it comes first.
 * PAGE_FOLLOW_NONE: none.
 */
uint64_t page_follow_fast_target(struct page_allocator *pa, unsigned int zone,
				 unsigned int order, uint64_t min, uint64_t low);
/**
 * The highest free block of "order" or more in "zone", cut to "order" at its end.
 * PAGE_FOLLOW_NONE: there is none.
 */
uint64_t page_follow_highest(const struct page_allocator *pa, unsigned int zone,
			     unsigned int order);

/** vm.min_free_kbytes, and it is written: marks and limits follow, boosts end. */
uint64_t page_follow_min_free(const struct page_allocator *pa);
void page_follow_set_min_free(struct page_allocator *pa, uint64_t kbytes);
/** The zone's marks are boosted for a block that was broken up; "wakes": so kswapd is woken. */
void page_follow_boost(struct page_allocator *pa, unsigned int zone, bool wakes);
/**
 * So many more free pages, as NR_FREE_PAGES counts them, "zone" would need to let a request
 * through: at its low mark, or ("low" not set) in the slow path. Not above 0: it does. INT64_MAX:
 * no number would do.
 */
int64_t page_follow_lacks(struct page_allocator *pa, unsigned int cpu, uint32_t gfp,
			  unsigned int order, unsigned int zone, bool low);
/**
 * NR_FREE_PAGES, to which CPUs have not booked all their differences, is "more" higher than
 * thought. Only the sum of it and the differences is known for sure. False: CPUs may not have such
 * differences; nothing is changed.
 */
bool page_follow_counted(struct page_allocator *pa, unsigned int zone, int64_t more);
/** "zone" would let a request through: at its low mark, or ("low" not set) in the slow path. */
bool page_follow_passes(struct page_allocator *pa, unsigned int cpu, uint32_t gfp,
			unsigned int zone, bool low);

#endif
