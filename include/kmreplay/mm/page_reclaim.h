/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What src/mm/reclaim offers the other parts of the page allocator; private to them, as
 * page_parts.h, which includes it.
 */
#ifndef KMREPLAY_MM_PAGE_RECLAIM_H
#define KMREPLAY_MM_PAGE_RECLAIM_H

#include "kmreplay/mm/page_state.h"

/* src/mm/reclaim/slowpath.c */

/**
 * Asks the owner for pages (ops.reclaim, or ops.oom if "oom"); how many came free. The owner frees
 * them through page_free(), so the running call's state is kept for it.
 */
uint64_t reclaim_pages(struct page_allocator *pa, uint64_t nr_pages, uint32_t gfp, bool oom);
/** __alloc_pages_slowpath(): what to do when the fast path found nothing. PAGE_NIL: failed. */
uint32_t slowpath_alloc(struct page_allocator *pa, struct page_request *req);

/* src/mm/reclaim/kswapd.c */

/** wakeup_kswapd() for every node of the request's zonelist. */
void kswapd_wake_all(struct page_allocator *pa, const struct page_request *req);
/** The same for one node and order; "gfp" tells whether the caller compacts by itself. */
void kswapd_wake(struct page_allocator *pa, struct node *node, uint32_t gfp, unsigned int order,
		 enum zone_type highest);
/** balance_pgdat() begins: it is going to work off the boosts of zones up to "highest". */
void kswapd_note_boosts(struct page_allocator *pa, const struct node *node,
			enum zone_type highest);
/** It ends: what was there when it began is gone; a boost that came meanwhile stays. */
void kswapd_end_boosts(struct page_allocator *pa, const struct node *node);
/** Lets woken kswapds do a slice of their work; the modelled time that it took, in ns. */
uint64_t kswapd_run(struct page_allocator *pa);

/* src/mm/reclaim/compaction.c */

/** What became of an attempt, worst first. */
enum compact_result {
	COMPACT_SKIPPED, /**< too little free memory, or nothing to gain */
	COMPACT_DEFERRED, /**< put off after earlier failures */
	COMPACT_PARTIAL, /**< the scan ended early */
	COMPACT_COMPLETE, /**< all of the zone was scanned, in vain */
	COMPACT_SUCCESS,  /**< a block of the order is free */
};
/** How hard to try, hardest first. */
enum compact_prio {
	COMPACT_PRIO_FULL, /**< may unsettle unmovable pageblocks, ignores deferral */
	COMPACT_PRIO_LIGHT, /**< all pageblocks are sources, MOVABLE ones targets */
	COMPACT_PRIO_ASYNC, /**< sources of the request's own type only */
};
/** try_to_compact_pages(): zone by zone until one could serve the request. */
enum compact_result compact_for(struct page_allocator *pa, const struct page_request *req,
				enum compact_prio prio);
/** kcompactd's work on one zone. */
void compact_zone_background(struct page_allocator *pa, struct zone *zone, unsigned int order);
/** The free block at "index" leaves the free lists to be moved to (__isolate_free_page). */
void compact_isolate(struct page_allocator *pa, struct zone *zone, uint32_t index,
		     unsigned int order);
/** A block of "order" was got out of "zone" after all: forget failures. */
void compact_defer_reset(struct zone *zone, unsigned int order, bool allocated);
/** "zone" has free pages enough to move others to. */
bool compact_has_room(const struct zone *zone, unsigned int order, enum zone_type highest,
		      int64_t free);
/** Compaction of "zone" could help: free pages to move to, and not only a lack of memory. */
bool compact_suitable(const struct page_allocator *pa, const struct zone *zone,
		      unsigned int order, enum zone_type highest, int64_t free);

#endif
