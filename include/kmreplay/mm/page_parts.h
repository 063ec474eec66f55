/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the parts of the page allocator offer each other, by file of src/mm; of zones and their
 * marks: zone_parts.h. Private to them and
 * their tests; "pa" is the running allocator, pages are indices (page_state.h).
 */
#ifndef KMREPLAY_MM_PAGE_PARTS_H
#define KMREPLAY_MM_PAGE_PARTS_H

#include "kmreplay/mm/page_lists.h"
#include "kmreplay/mm/page_reclaim.h"
#include "kmreplay/mm/zone_parts.h"

/* src/mm/page/watch.c: the map of pageblocks, when it is kept (page_watch.h). */

/** Forgets it. */
void page_watch_end(struct page_allocator *pa);
/** Holds it against what lies in memory; true when it is not kept. */
MUST_CHECK bool block_map_check(const struct page_allocator *pa, struct error *err);
/** A block comes to or (with "gone") leaves the free lists. */
void block_map_free(struct block_map *map, uint32_t index, unsigned int order, bool gone);
/** A block of "type" comes into use or (with "gone") out of it. */
void block_map_used(struct block_map *map, uint32_t index, unsigned int order, unsigned int type,
		    bool gone);
/** The pageblock of "index" has changed its type. */
void block_map_type(struct block_map *map, uint32_t index);

/* src/mm/page/free_area.c: blocks on and off the free lists; no counting of pages. */

/** Puts a block on its list, at the head or the tail. */
void area_add(struct page_allocator *pa, struct zone *zone, uint32_t index, unsigned int order,
	      enum migratetype type, bool tail);
/** Takes a block off its list, whose type it returns. */
enum migratetype area_del(struct page_allocator *pa, struct zone *zone, uint32_t index,
			  unsigned int order);
/**
 * To the tail of another type's list, or its head where the rules have it so, with the bookkeeping
 * that goes with it (move_to_free_list). Before 6.10 what is isolated is booked by the pageblock:
 * the callers do that.
 */
void area_move(struct page_allocator *pa, struct zone *zone, uint32_t index, unsigned int order,
	       enum migratetype type);
/** "index" heads a free block of exactly "order". */
bool area_has(const struct page_allocator *pa, uint32_t index, unsigned int order);
/** The free block that holds "index": its head and order; false when "index" isn't free. */
bool area_find(const struct page_allocator *pa, uint32_t index, uint32_t *head,
	       unsigned int *order);
/** The zone of the free block at "head". */
struct zone *area_zone(const struct page_allocator *pa, uint32_t head, unsigned int order);
/** The type of the list that it is on. */
enum migratetype area_type(const struct page_allocator *pa, uint32_t head, unsigned int order);
/** Sets the type of the pageblocks that [index, index + 2^order) begins in. */
void block_set_type(struct page_allocator *pa, uint32_t index, unsigned int order,
		    enum migratetype type);

/* src/mm/page/start.c: the state at the start (page_start.h). */

/**
 * Hands "config"'s memory over: all of it, or what config->start says is free. False and "err":
 * its CMA areas are wrong.
 */
bool page_start_build(struct page_allocator *pa, const struct machine_config *config,
		      struct error *err);
/** Sets marks and limits by the rules, as "start" (may be NULL) knows them, or as boot has them. */
void page_start_limits(struct page_allocator *pa, const struct page_start *start);
/** The zone of "index"; NULL: no memory of ours. */
struct zone *page_find_zone(const struct page_allocator *pa, uint32_t index);
/** How many pages of [start, end) are memory. */
uint32_t page_memory_in(const struct page_allocator *pa, uint32_t start, uint32_t end);

/* src/mm/page/buddy.c */

/** Gives a block to the free lists: merging, head or tail (__free_one_page). */
void buddy_free_one(struct page_allocator *pa, struct zone *zone, uint32_t index,
		    unsigned int order, enum migratetype type, bool to_tail);
/** A free of any order by its pageblocks' types (free_one_page). */
void buddy_free(struct page_allocator *pa, struct zone *zone, uint32_t index, unsigned int order,
		bool to_tail);
/** The rest of a block of order "high" of which the first 2^low pages were taken (expand). */
void buddy_expand(struct page_allocator *pa, struct zone *zone, uint32_t index, unsigned int low,
		  unsigned int high, enum migratetype type);
/** The head of the smallest fitting list of "type", or PAGE_NIL (__rmqueue_smallest). */
uint32_t buddy_take_smallest(struct page_allocator *pa, struct zone *zone, unsigned int order,
			     enum migratetype type);
/** Cuts 2^order pages at "index" out of the free block that holds them; false: not free. */
bool buddy_take_at(struct page_allocator *pa, uint32_t index, unsigned int order);

/* src/mm/page/fallback.c */

/** How far a refill had to go for its last block; the next one begins there. */
enum rmqueue_mode {
	RMQUEUE_NORMAL, /**< the own type's lists */
	RMQUEUE_CMA,    /**< those of CMA areas, whose blocks never change hands */
	RMQUEUE_CLAIM,  /**< pageblocks of other types turned over */
	RMQUEUE_STEAL,  /**< single pages out of them */
};
/**
 * One block for "type", from other types' lists if need be (__rmqueue); PAGE_NIL. The caller ends a
 * run of takes with zone_book_taken().
 */
uint32_t rmqueue_one(struct page_allocator *pa, struct zone *zone, unsigned int order,
		     enum migratetype type, unsigned int alloc_flags, enum rmqueue_mode *mode);
/** The page that it would take without looking at types that fall back; PAGE_NIL: none. */
uint32_t rmqueue_first(const struct zone *zone, unsigned int order, enum migratetype type,
		       unsigned int alloc_flags, enum rmqueue_mode mode);
/**
 * Moves the free blocks of the pageblock of "index" to the lists of "type"; returns pages moved, 0
 * when the pageblock crosses the zone's edge. "*movable" (unless NULL): pages in use and movable.
 */
uint32_t block_move_free(struct page_allocator *pa, struct zone *zone, uint32_t index,
			 enum migratetype type, uint32_t *movable);

/**
 * Follow mode: a request for "type" is going to take "index". If that lies in another type's free
 * block, the pageblock turns over (or its free pages change lists) as it must have in the kernel.
 */
void fallback_follow(struct page_allocator *pa, uint32_t index, enum migratetype type);

/**
 * boost_watermark(): mixing types raises the marks for a while; with ALLOC_KSWAPD kswapd is to be
 * woken for it.
 */
void fallback_boost(struct page_allocator *pa, struct zone *zone, unsigned int alloc_flags);
/** rmqueue_one() would find something, as far as can be told without doing it. */
bool rmqueue_possible(const struct page_allocator *pa, const struct zone *zone,
		      unsigned int order, enum migratetype type, unsigned int alloc_flags);

/* src/mm/page/follow.c: when somebody watches (page_follow.h) */

/** rmqueue_one(), asked about first and held to the answer. */
uint32_t follow_take(struct page_allocator *pa, struct zone *zone, unsigned int order,
		     enum migratetype type, unsigned int alloc_flags, enum rmqueue_mode *mode);

/* src/mm/page/check_limits.c */

/** The part of page_check() that is about marks, limits, flags and zonelists. */
MUST_CHECK bool page_check_limits(const struct page_allocator *pa, struct error *err);

/* src/mm/page/highatomic.c */

/** "index" was just given to an atomic request of "order" > 0: sets its pageblock aside. */
void highatomic_reserve(struct page_allocator *pa, struct zone *zone, uint32_t index,
			unsigned int order);
/** Gives one pageblock back to "req"'s type; "force": even a zone's last one. False: none. */
bool highatomic_unreserve(struct page_allocator *pa, const struct page_request *req, bool force);

/* src/mm/page/pcp.c */

/** Sets batch and high of all CPUs by the zone's size and marks. */
void pcp_setup_zone(struct page_allocator *pa, struct zone *zone);
/** boot_pageset: every page that is freed goes back at once. */
void pcp_setup_boot(struct page_allocator *pa, struct zone *zone);
/** Puts a block that was in no list at the tail of the list of "type" of "cpu". */
void pcp_add(struct page_allocator *pa, struct zone *zone, unsigned int cpu, uint32_t index,
	     unsigned int order, enum migratetype type);
/** From the running CPU's list, refilled if empty (rmqueue_pcplist); PAGE_NIL: nothing found. */
uint32_t pcp_alloc(struct page_allocator *pa, struct zone *zone, unsigned int order,
		   enum migratetype type, unsigned int alloc_flags, bool bulk);
/** To the running CPU's list, which may be trimmed (free_unref_page_commit). */
void pcp_free(struct page_allocator *pa, struct zone *zone, uint32_t index, unsigned int order,
	      enum migratetype type);
/** Takes a block out of the middle of whichever list it is on. */
void pcp_unlink(struct page_allocator *pa, uint32_t index);
/** Gives all of "pcp" back to the buddy lists. */
void pcp_drain(struct page_allocator *pa, struct zone *zone, struct pcp *pcp);
/** Gives "nr" pages of them back, from list number "list" on. */
void pcp_drain_some(struct page_allocator *pa, struct zone *zone, struct pcp *pcp, int32_t nr,
		    unsigned int list);
/** The block, which is on no list, becomes the head of a list of "cpu". */
void pcp_push(struct page_allocator *pa, struct zone *zone, unsigned int cpu, uint32_t index,
	      unsigned int order, enum migratetype type);
/** The list for blocks of "order" and "type" in struct pcp (order_to_pindex). */
unsigned int pcp_list_of(unsigned int order, enum migratetype type);
/** Blocks that the next refill of an empty list would ask for. */
unsigned int pcp_refill_size(const struct page_allocator *pa, const struct zone *zone,
			     unsigned int cpu, unsigned int order);
/** drain_all_pages(): of "only", or of all zones when NULL. */
void pcp_drain_all(struct page_allocator *pa, struct zone *only);

/* src/mm/page/freelist.c, page.c */

/** get_page_from_freelist(): may drop ALLOC_NOFRAGMENT from the request. PAGE_NIL: no zone. */
uint32_t freelist_get(struct page_allocator *pa, struct page_request *req);
/** Fills "req" for a request on the running CPU; false: no zone can serve it. */
bool request_init(const struct page_allocator *pa, struct page_request *req, uint32_t gfp,
		  unsigned int order, int node);
/** Flags of the first try of a request (the fast path), and of the slow path's last one. */
unsigned int request_fast_flags(const struct page_allocator *pa, const struct page_request *req);
unsigned int request_slow_flags(const struct page_allocator *pa, const struct page_request *req);
/** A call on "cpu" begins: costs and paths are counted anew. */
void page_begin(struct page_allocator *pa, unsigned int cpu);
/** "index" is in use from now on, for "type". */
void page_set_used(struct page_allocator *pa, struct zone *zone, uint32_t index,
		   unsigned int order, enum migratetype type);
/** The block in use that "index" heads is no block any more; its pages are the caller's. */
void page_set_unused(struct page_allocator *pa, struct zone *zone, uint32_t index);

/** The zone that gives a bulk request all of its "nr" pages; NULL: none can. */
struct zone *page_bulk_zone(struct page_allocator *pa, const struct page_request *req,
			    unsigned int nr);
/** A block that nobody uses any more: to the per-CPU list or to the free lists. */
void page_put(struct page_allocator *pa, struct zone *zone, uint32_t index, unsigned int order);

#endif
