/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * SLOB: a page's free blocks (slab_slob_page.c), for the heap and its caches (slab_slob.c).
 *
 * A page of the heap is a struct slab_page of SLOB_PAGE_UNITS slots of two bytes. In its links a
 * live object's first slot says SLAB_LIVE; of a free block the first two slots say how long it is
 * and where the next one begins. "head" is the first free block, "inuse" counts slots in use.
 */
#ifndef KMREPLAY_MM_SLAB_SLOB_H
#define KMREPLAY_MM_SLAB_SLOB_H

#include "slab_designs.h"

enum {
	SLOB_UNIT = 2, /**< bytes */
	SLOB_PAGE_UNITS = KERNEL_PAGE_SIZE / SLOB_UNIT,
};

/** What is asked of a page. */
struct slob_wish {
	uint32_t units;
	uint32_t align;  /**< in bytes, a power of two, of what begins "offset" bytes behind it */
	uint32_t offset;
};

static inline uint32_t slob_units(uint64_t bytes)
{
	return (uint32_t)((bytes + SLOB_UNIT - 1) / SLOB_UNIT);
}

/** A new page: all of it is one free block. */
void slob_page_init(struct slab_page *page);
/** slob_page_alloc(): the first unit of a block like that, or SLAB_NIL; "*looked" grows. */
unsigned int slob_page_alloc(struct slab_page *page, const struct slob_wish *wish,
			     uint32_t *looked);
/** slob_free(): "units" from "unit" on, which are in use, are free; "*looked" grows. */
void slob_page_free(struct slab_page *page, unsigned int unit, uint32_t units, uint32_t *looked);
/** Free blocks ascend, touch neither each other nor the end, and add up. */
MUST_CHECK bool slob_page_check(const struct slab_page *page, struct error *err);

extern const struct slab_design_ops slab_slob_ops;

#endif
