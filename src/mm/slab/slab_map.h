/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Page frame to slab: what virt_to_slab() of the kernel reads from struct page.
 */
#ifndef KMREPLAY_MM_SLAB_MAP_H
#define KMREPLAY_MM_SLAB_MAP_H

#include "kmreplay/core/base.h"

enum {
	SLAB_MAP_LEAF_BITS = 9,
	SLAB_MAP_MID_BITS = 14,
};

struct slab_map_leaf {
	uint32_t nr;                                /**< slots in use */
	uintptr_t slot[1 << SLAB_MAP_LEAF_BITS];    /**< a slab, or slab_map_large(), or 0 */
};

struct slab_map_mid {
	uint32_t nr;                                         /**< leaves */
	struct slab_map_leaf *leaf[1 << SLAB_MAP_MID_BITS];
};

/** Page frame to slab: three levels, the lower two only where something is. */
struct slab_map {
	struct slab_map_mid **top;
	size_t nr_top;
};

/** What is registered for page "pfn": 0, a struct slab_page *, or a large object. */
static ALWAYS_INLINE uintptr_t slab_map_find(const struct slab_map *map, uint64_t pfn)
{
	uint64_t top = pfn >> (SLAB_MAP_LEAF_BITS + SLAB_MAP_MID_BITS);
	const struct slab_map_mid *mid;
	const struct slab_map_leaf *leaf;

	if (unlikely(top >= map->nr_top) || unlikely(!map->top[top]))
		return 0;
	mid = map->top[top];
	leaf = mid->leaf[pfn >> SLAB_MAP_LEAF_BITS & ((1U << SLAB_MAP_MID_BITS) - 1)];
	if (unlikely(!leaf))
		return 0;
	return leaf->slot[pfn & ((1U << SLAB_MAP_LEAF_BITS) - 1)];
}

/** A large object of 2^"order" pages as a value of the map. */
static inline uintptr_t slab_map_large(unsigned int order)
{
	return ((uintptr_t)order << 1) | 1;
}

static inline bool slab_map_is_large(uintptr_t value)
{
	return value & 1;
}

static inline unsigned int slab_map_large_order(uintptr_t value)
{
	return (unsigned int)(value >> 1);
}

/** Sets "nr" pages from "pfn" to "value"; false, with nothing set, when one is taken. */
MUST_CHECK bool slab_map_set(struct slab_map *map, uint64_t pfn, uint64_t nr, uintptr_t value);
void slab_map_clear(struct slab_map *map, uint64_t pfn, uint64_t nr);
/** The first page >= "*pfn" with something, and what; 0 at the end. */
uintptr_t slab_map_next(const struct slab_map *map, uint64_t *pfn);
/** Frees the levels, not what they name. */
void slab_map_deinit(struct slab_map *map);

#endif
