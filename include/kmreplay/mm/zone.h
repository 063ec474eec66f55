/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Looking into a page allocator: its zones, marks, free lists, per-CPU lists and pageblocks, for
 * fragmentation indices, /proc-like files and the map of memory. Nothing here changes it.
 */
#ifndef KMREPLAY_MM_ZONE_H
#define KMREPLAY_MM_ZONE_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/base.h"
#include "kmreplay/mm/machine_config.h"

struct page_allocator;

/** The marks of /proc/zoneinfo, without boost. */
enum zone_mark {
	ZONE_MARK_MIN,
	ZONE_MARK_LOW,
	ZONE_MARK_HIGH,
	ZONE_MARK_PROMO,
	ZONE_MARK_NR,
};

/** A zone's figures at this moment, in pages unless named otherwise. */
struct zone_info {
	int node;
	enum zone_type type;
	uint64_t start_pfn, end_pfn; /**< the span, holes included */
	uint64_t present;            /**< without holes, managed or not */
	uint64_t managed;
	uint64_t free;               /**< in the buddy lists and not isolated, exact */
	uint64_t free_least;         /**< the fewest there ever were */
	uint64_t free_stat;          /**< NR_FREE_PAGES as watermarks see it: without CPU deltas */
	uint64_t cma;                /**< of CMA areas */
	uint64_t free_cma;           /**< of "free", those of CMA areas */
	uint64_t cma_stat;           /**< NR_FREE_CMA_PAGES: the same without CPU deltas */
	uint64_t pcp;                /**< in per-CPU lists */
	uint64_t movable;            /**< allocated with __GFP_MOVABLE */
	uint64_t mark[ZONE_MARK_NR];
	uint64_t boost;              /**< added to each mark until kswapd has worked it off */
	uint64_t lowmem_reserve[ZONE_NR]; /**< kept from requests that may use a higher zone */
	uint64_t reserved_highatomic;
	unsigned int stat_threshold;      /**< a CPU's part of counters may be off by so much */
	uint64_t nr_free[KERNEL_NR_ORDERS];             /**< blocks of each order */
	uint64_t nr_free_type[KERNEL_NR_ORDERS][MIGRATE_NR]; /**< the same by list */
};

/** One CPU's lists of one zone. */
struct zone_pcp_info {
	uint64_t count;           /**< pages */
	unsigned int high, batch; /**< pages */
	unsigned int high_min, high_max; /**< pages: between them "high" moves, from 6.7 on */
};

/** What lies in one pageblock, in pages. */
struct zone_block_info {
	enum migratetype type;
	uint32_t free;      /**< in buddy lists */
	uint32_t pcp;
	uint32_t movable;   /**< allocated with __GFP_MOVABLE */
	uint32_t unmovable; /**< allocated, all other */
	uint32_t reclaimable; /**< of "unmovable", those allocated with __GFP_RECLAIMABLE */
	uint32_t outside;   /**< holes, and memory that never was the allocator's */
};

/** First pfn behind zone "type" of "arch" when the configuration says nothing else. */
uint64_t zone_default_end(enum machine_arch arch, enum zone_type type);
/** Populated zones, node by node, DMA first. */
unsigned int zone_count(const struct page_allocator *pa);
/** Fills "*ret" for zone "index". Costs no walk over lists. */
void zone_info(const struct page_allocator *pa, unsigned int index, struct zone_info *ret);
/** The lists of "cpu". */
void zone_pcp_info(const struct page_allocator *pa, unsigned int index, unsigned int cpu,
		   struct zone_pcp_info *ret);
/** CPUs that are up: the first ones. */
unsigned int zone_nr_cpus_online(const struct page_allocator *pa);
/** Whose zones these are. */
enum machine_arch zone_arch(const struct page_allocator *pa);
/** All marks of a zone of "type" that a node does not have, or that has no memory. */
uint64_t zone_empty_mark(const struct page_allocator *pa, enum zone_type type);
/** log2 of the pages in a pageblock. */
unsigned int zone_pageblock_order(const struct page_allocator *pa);
/** The zone of "pfn", which is a page of the allocator's. */
enum zone_type zone_type_of(const struct page_allocator *pa, uint64_t pfn);
/** The pageblock that "pfn" lies in; false when it is in no zone. Walks its page heads. */
bool zone_block_info(const struct page_allocator *pa, uint64_t pfn, struct zone_block_info *ret);
/** Pageblocks of zone "index" by type, as the second table of /proc/pagetypeinfo. */
void zone_block_types(const struct page_allocator *pa, unsigned int index,
		      uint64_t ret[MIGRATE_NR]);

#endif
