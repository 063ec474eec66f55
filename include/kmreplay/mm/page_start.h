/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The page allocator's state at the moment at which a machine starts, when that is not "all memory
 * free": which frames are free, of which type pageblocks are, what waits in per-CPU lists, which
 * limits hold. Free memory is always in the largest blocks there can be, so the free frames alone
 * say which blocks there are; in each list they stand in ascending order.
 *
 * What is in the machine's ranges and neither free nor in a per-CPU list is in use, by nobody that
 * is known. Such memory costs nothing and has no blocks: it gets one when page_adopt() names it.
 */
#ifndef KMREPLAY_MM_PAGE_START_H
#define KMREPLAY_MM_PAGE_START_H

#include "kmreplay/core/vec.h"
#include "kmreplay/mm/zone.h"

struct page_allocator;

/** Frames [start, end). */
struct page_start_run {
	uint64_t start, end;
};

/** A pageblock, or a free block, by its first pfn. */
struct page_start_type {
	uint64_t pfn;
	uint8_t type; /**< enum migratetype */
};

/** A block that waits in a per-CPU list. */
struct page_start_pcp {
	uint64_t pfn;
	uint16_t cpu;
	uint8_t order; /**< one that has per-CPU lists: 0..3, 9 */
	uint8_t type;  /**< of the list */
};

/** A zone's limits as they were read; what is 0 or false takes the kernel's rule. */
struct page_start_zone {
	int node;
	enum zone_type type;
	/**
	 * Pages that the allocator manages at the start: those free, in per-CPU lists and in use.
	 * What the ranges hold beyond them is managed once page_manage() says so, or when it is
	 * one of "reserved" and named. 0: all of the ranges.
	 */
	uint64_t managed;
	/** It failed its high mark lately (ZONE_BELOW_HIGH): exhausted before the start. */
	bool below_high;
	bool has_marks; /**< the fields from here on are known */
	uint64_t mark[ZONE_MARK_NR];
	uint64_t boost;
	uint64_t lowmem_reserve[ZONE_NR];
	uint64_t free_stat; /**< NR_FREE_PAGES: what CPUs have not booked yet is missing */
};

/** One CPU's limits in one zone, as zoneinfo has them. */
struct page_start_limit {
	int node;
	enum zone_type type;
	unsigned int cpu;
	unsigned int high, batch; /**< pages */
	unsigned int high_min, high_max; /**< the same; both 0: by the rule */
};

struct page_start {
	/** Free frames: ascending, at least a frame apart, inside the machine's ranges. */
	struct vec(struct page_start_run) free;
	/** Pageblocks whose type is known; the others are MOVABLE. */
	struct vec(struct page_start_type) blocks;
	/** Free blocks on a list that is not of their pageblock's type (before 6.10): ascending. */
	struct vec(struct page_start_type) lists;
	/** Of each list the head first. None of these frames is in "free". */
	struct vec(struct page_start_pcp) pcp;
	/** Frames that are not managed until somebody names them: ascending, inside the ranges. */
	struct vec(struct page_start_run) reserved;
	/** Any order; zones that the machine does not have are passed over. */
	struct vec(struct page_start_zone) zones;
	struct vec(struct page_start_limit) limits;
	/**
	 * As start_kernel() leaves it: marks and reserves are 0, per-CPU lists hold nothing yet
	 * (high 0, batch 1), only CPU 0 is online and counters keep no differences. The calls of
	 * page_boot_...() end that, one by one. Marks and limits read are not used then.
	 */
	bool early;
};

/** Empty: nothing is free. */
void page_start_init(struct page_start *start);
void page_start_deinit(struct page_start *start);
/** Adds free frames behind all others; runs that touch become one. An empty run adds nothing. */
void page_start_add_free(struct page_start *start, uint64_t from, uint64_t to);

/** All 2^order frames at "pfn" were in use at the start and nobody has named them since. */
bool page_is_unknown(const struct page_allocator *pa, uint64_t pfn, unsigned int order);
/**
 * Memory that was in use at the start is now a block in use like any other, to be freed, split or
 * pinned: it is the caller's from here on. Blocks need not be those of the allocation; "pfn" is a
 * multiple of 2^order. False, and nothing is changed, when page_is_unknown() does not hold.
 */
bool page_adopt(struct page_allocator *pa, uint64_t pfn, unsigned int order,
		enum migratetype type);
/**
 * adjust_managed_page_count(): "nr" more pages of the zone of "pfn" are managed, in use by nobody
 * that is known. Marks and limits stay as they are until they are set up again.
 */
void page_manage(struct page_allocator *pa, uint64_t pfn, uint64_t nr);

/**
 * Deferred memory is handed over (__free_pages_core): it becomes managed and goes past all per-CPU
 * lists to the tail of its list; pageblocks that begin in it become MOVABLE. False, and nothing is
 * changed, when not all of it is unknown.
 */
bool page_boot_free(struct page_allocator *pa, uint64_t pfn, unsigned int order);
/**
 * The zone of "pfn" has failed its high mark (ZONE_BELOW_HIGH of 6.7 on), as one does before a
 * request has late memory handed over (deferred_grow_zone()); or "low" is false, and it has not
 * since pages were last drained.
 */
void page_boot_ran_low(struct page_allocator *pa, uint64_t pfn, bool low);
/** setup_per_cpu_pageset(): per-CPU lists work from here on. */
void page_boot_pcp(struct page_allocator *pa);
/** One more CPU is coming up: per-CPU lists share their limits with it (page_alloc_cpu_online). */
void page_boot_cpu(struct page_allocator *pa);
/** "cpu", which was not, is up: counters keep differences (vmstat_cpu_online). */
void page_boot_cpu_up(struct page_allocator *pa, unsigned int cpu);
/** init_per_zone_wmark_min(): marks, reserves, limits, by the rule or as configured. */
void page_boot_watermarks(struct page_allocator *pa);
/** set_recommended_min_free_kbytes(), when huge pages are configured and memory is enough. */
void page_boot_huge_pages(struct page_allocator *pa);
/** vm.min_free_kbytes was written. */
void page_set_min_free(struct page_allocator *pa, uint64_t kbytes);

#endif
