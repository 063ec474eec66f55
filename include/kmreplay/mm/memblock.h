/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Memory at boot, before there is a page allocator: two sorted lists of physical ranges, what is
 * memory and what of it is reserved (mm/memblock.c of the kernel). An allocation is a free range
 * that is found and reserved; what is not reserved at the end goes to the page allocator.
 *
 * Addresses and sizes are physical and in bytes. Address 0 is never given out, and stands for none.
 */
#ifndef KMREPLAY_MM_MEMBLOCK_H
#define KMREPLAY_MM_MEMBLOCK_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/vec.h"

struct error;
struct machine_config;
struct page_start;

/** Numbers as the kernel's, and as its log prints them. */
enum memblock_flags {
	MEMBLOCK_HOTPLUG = 0x1,
	MEMBLOCK_MIRROR = 0x2,
	MEMBLOCK_NOMAP = 0x4,          /**< memory that nobody may use */
	MEMBLOCK_DRIVER_MANAGED = 0x8, /**< the same for who allocates */
};

enum {
	MEMBLOCK_ALIGN = 64,         /**< SMP_CACHE_BYTES: what align 0 means */
	MEMBLOCK_NOLEAKTRACE = 1, /**< as a request's end: 0, which kmemleak shall not hear of */
	MEMBLOCK_INIT_REGIONS = 128, /**< room of each list before it grows for the first time */
};

struct memblock_region {
	uint64_t start, end;
	int node; /**< -1: not known */
	unsigned int flags;
};

/** Regions ascend and do not overlap; neighbours that touch differ in node or flags. */
struct memblock_list {
	struct vec(struct memblock_region) regions;
	uint64_t max;        /**< regions that there is room for */
	uint64_t array;      /**< where that room is; 0: in the kernel's image */
	uint64_t array_size;
};

/** Fields are for reading, but for the last four. */
struct memblock {
	struct memblock_list memory, reserved;
	uint64_t limit;           /**< current_limit: end of what is mapped */
	bool bottom_up;           /**< lowest place instead of highest */
	bool movable_node;        /**< nothing from regions that may be unplugged */
	unsigned int region_size; /**< bytes of a struct memblock_region; 24 */
};

struct memblock_request {
	uint64_t size;
	uint64_t align;      /**< a power of two; 0: MEMBLOCK_ALIGN */
	uint64_t start, end; /**< where it may lie; end 0 or NOLEAKTRACE: below the limit */
	int node;            /**< preferred; -1: any */
	bool exact_node;     /**< and no other */
};

/** Nothing is memory. No limit. */
void memblock_init(struct memblock *mb);
/** All of "config"'s ranges are memory, and the limit is what is mapped of them. */
void memblock_init_machine(struct memblock *mb, const struct machine_config *config);
void memblock_deinit(struct memblock *mb);

/** What was in the list already stays what it was. An empty range, or end < start: nothing. */
void memblock_add(struct memblock *mb, uint64_t start, uint64_t end, int node,
		  unsigned int flags);
void memblock_remove(struct memblock *mb, uint64_t start, uint64_t end);
/**
 * Whether or not it is memory, or reserved already. False: the list is full and there is no room
 * for a larger one; nothing is changed then.
 */
bool memblock_reserve(struct memblock *mb, uint64_t start, uint64_t end, int node,
		      unsigned int flags);
/** memblock_phys_free(): no longer reserved, where it was. Nothing, if the list cannot grow. */
void memblock_free(struct memblock *mb, uint64_t start, uint64_t end);

/**
 * memblock_find_in_range_node(): the place that a request would get; 0: none. The highest that fits
 * lies in one region of memory. "align" is not 0. "flags": MEMBLOCK_MIRROR or 0.
 */
uint64_t memblock_find(const struct memblock *mb, const struct memblock_request *req,
		       unsigned int flags);
/** memblock_alloc_range_nid(): other nodes where the preferred one has no room; 0: it failed. */
uint64_t memblock_alloc_range(struct memblock *mb, const struct memblock_request *req);
/** memblock_alloc_try_nid(): "start" is given up where nothing is found above it. */
uint64_t memblock_alloc(struct memblock *mb, const struct memblock_request *req);
/**
 * cma_declare_contiguous(): reserves "size" bytes, a multiple of "align" as is their place, for an
 * area of CMA: as high as can be, or with "above_4g" (5.11 on) the lowest place above 4 GiB if
 * memory reaches that far, so that what old devices can address is left alone. 0: it failed.
 */
uint64_t memblock_alloc_cma(struct memblock *mb, uint64_t size, uint64_t align, bool above_4g);

/** The first part of memory at or behind "from" that is not reserved; false: none. */
bool memblock_next_free(const struct memblock *mb, uint64_t from, struct memblock_region *ret);
/** [start, end) is memory and all of it is, or (not "reserved") none of it is reserved. */
bool memblock_is(const struct memblock *mb, uint64_t start, uint64_t end, bool reserved);
/** Bytes in a list. */
uint64_t memblock_total(const struct memblock_list *list);
/**
 * memblock_free_all(): the whole frames that are free, added to "start" in ascending order, for the
 * page allocator to begin with.
 */
void memblock_free_all(const struct memblock *mb, struct page_start *start);
/** Order, no overlap, nothing left to merge, room. False and "err": a bug in kmreplay. */
bool memblock_check(const struct memblock *mb, struct error *err);

#endif
