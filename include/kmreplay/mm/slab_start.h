/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Slabs that exist before the first request: a machine that is not new. They are put where they
 * are known to be, with the objects that are known to be free in the order in which they will be
 * handed out; no request is made for it and none is counted.
 *
 * The pages are the caller's affair: they must be in use in whoever gives this allocator its pages
 * (page_reserve(), page_start), as blocks of the slab's order, since they go back there like those
 * of any other slab when it gets empty.
 *
 * Slabs are placed before the first request for their cache, list by list from that end which will
 * be used last for CPU_PARTIAL (a stack) and from the one used first for NODE_PARTIAL with "tail".
 */
#ifndef KMREPLAY_MM_SLAB_START_H
#define KMREPLAY_MM_SLAB_START_H

#include "kmreplay/mm/slab.h"

/** Where a slab is; CPU and the lists of CPUs do not exist with sheaves or debugging: refused. */
enum slab_start_place {
	SLAB_START_FULL,         /**< on no list: none free, maybe some in sheaves */
	SLAB_START_CPU,          /**< the slab of "cpu", which has none yet; what is free its own */
	SLAB_START_CPU_PARTIAL,  /**< becomes the top of the partial list of "cpu" */
	SLAB_START_CPU_BOTTOM,   /**< becomes the bottom of that list */
	SLAB_START_NODE_PARTIAL, /**< head or "tail" of the partial list of its memory's node */
	SLAB_START_NR,
};

struct slab_start_page {
	uint32_t cache;
	uint64_t pfn;         /**< first page, aligned to the order */
	uint8_t order;        /**< the wished or the least one of the cache's geometry */
	uint8_t place;        /**< enum slab_start_place */
	bool tail;            /**< NODE_PARTIAL: at the end of the list */
	uint32_t cpu;         /**< CPU, CPU_PARTIAL and CPU_BOTTOM */
	uint32_t nr_free;     /**< objects that are free */
	const uint16_t *free; /**< their slots, the next to be taken first; not kept */
};

/**
 * Installs one slab. False, with nothing changed, when it cannot be: no such cache, pages beyond
 * SLAB_PFN_LIMIT, not aligned or a slab's already, another order, a slot that is not there or is
 * named twice, or a place that does not fit: FULL with free objects, a partial list without, a CPU
 * that has a slab.
 */
MUST_CHECK bool slab_place(struct slab_allocator *slab, const struct slab_start_page *start);

/** Which sheaf of a cache that has them (7.0+). */
enum slab_start_sheaf_place {
	SLAB_START_MAIN,  /**< of "cpu" */
	SLAB_START_SPARE, /**< of "cpu"; full or empty */
	SLAB_START_BARN,  /**< full; becomes the next one taken from the barn of "cpu"'s node */
};

struct slab_start_sheaf {
	uint32_t cache;
	uint8_t place;         /**< enum slab_start_sheaf_place */
	uint32_t cpu;
	uint32_t nr;           /**< objects, at most the geometry's sheaf_capacity */
	const uint64_t *addrs; /**< of used objects in placed slabs, the next to be taken first */
};

/**
 * Puts objects into a sheaf. For their slab they stay in use, so they are not among its free ones.
 * False, with nothing changed, when the cache has no sheaves, that place is taken, "nr" does not
 * fit it, or an address is not that of a used object of the cache or is named twice.
 */
MUST_CHECK bool slab_place_sheaf(struct slab_allocator *slab, const struct slab_start_sheaf *start);

#endif
