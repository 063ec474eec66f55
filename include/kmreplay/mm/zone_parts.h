/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What zones and their watermarks offer the other parts of the page allocator, by file of src/mm.
 * Private to them and their tests.
 */
#ifndef KMREPLAY_MM_ZONE_PARTS_H
#define KMREPLAY_MM_ZONE_PARTS_H

#include "kmreplay/mm/page_failure.h"
#include "kmreplay/mm/page_lists.h"

/* src/mm/zone/zone.c */

/** Zones, nodes and zonelists out of "config"; false and "err": it makes no machine. */
bool zones_create(struct page_allocator *pa, const struct machine_config *config,
		  struct error *err);
/** Also after a zones_create() that failed half way. */
void zones_destroy(struct page_allocator *pa);

/* src/mm/zone/zone_limits.c */

/** Where zones end, in pfns. */
struct zone_limits {
	uint64_t end[ZONE_NR];  /**< first pfn behind it; ZONE_MOVABLE's is not used */
	enum zone_type highest; /**< with memory: Movable is cut out of it */
	uint64_t *movable;      /**< by node: first pfn of zone Movable; 0: it has none */
};
/** [start, end); empty when end is not above start. */
struct zone_window {
	uint64_t start, end;
};
/** The limits of "config", whose ranges were checked; false and "err": they contradict. */
bool zone_limits_init(struct zone_limits *limits, const struct machine_config *config,
		      struct error *err);
/** Also after a zone_limits_init() that failed. */
void zone_limits_deinit(struct zone_limits *limits);
/** Between which pfns memory of "node" is of zone "type". */
struct zone_window zone_limits_window(const struct zone_limits *limits, unsigned int node,
				      enum zone_type type);

/* src/mm/zone/watermark.c */

/** Marks, reserves, thresholds, with min_free_kbytes as given or by the kernel's rule. */
void watermarks_setup(struct page_allocator *pa);
/** Reserves alone, when zones have become larger. */
void watermarks_reserves(struct page_allocator *pa);
/** The part of it that huge pages ask for; a given min_free_kbytes stays. */
void watermarks_huge_pages(struct page_allocator *pa);
/** refresh_zone_stat_thresholds(): by the number of CPUs that are up. */
void watermarks_thresholds(struct page_allocator *pa);
/** set_pgdat_percpu_threshold(): kswapd of "node" is up ("pressure"), or sleeps again. */
void watermarks_pressure(struct page_allocator *pa, const struct node *node, bool pressure);
/** NR_FREE_PAGES of "zone" reads "free_stat", as far as what CPUs may still have to book allows. */
void zone_book(const struct page_allocator *pa, struct zone *zone, int64_t free_stat);
/** setup_per_zone_wmarks(): marks out of pa->min_free_kbytes; boosts end, pcp limits follow. */
void watermarks_update(struct page_allocator *pa);
/** The arithmetic of a watermark, in pages (page_failure.h explains the fields). */
struct watermark_sum watermark_sum(const struct zone *zone, unsigned int order, uint64_t mark,
				   enum zone_type highest, unsigned int alloc_flags,
				   int64_t free);
/**
 * With "free" pages in "zone", taking 2^order of them leaves it above "mark" as far as
 * "alloc_flags" and a request that may go as high as "highest" are concerned
 * (__zone_watermark_ok).
 */
bool watermark_ok(const struct zone *zone, unsigned int order, uint64_t mark,
		  enum zone_type highest, unsigned int alloc_flags, int64_t free);
/** The same for a request with "alloc_flags": the shortcut for order 0, the way past a boost. */
bool watermark_fast(const struct zone *zone, const struct page_request *req,
		    unsigned int alloc_flags);

#endif
