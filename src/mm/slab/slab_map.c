/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page frame to slab, as virt_to_slab() of the kernel finds it through struct page. A machine's
 * memory may be large and is touched here and there, so the levels below the top exist only where
 * a slab is: 4 KiB for each 2 MiB of memory that holds one.
 */
#include <config.h>

#include "slab_map.h"

#include "kmreplay/core/xalloc.h"

#include <stdlib.h>

enum {
	LEAF_SIZE = 1 << SLAB_MAP_LEAF_BITS,
	MID_SIZE = 1 << SLAB_MAP_MID_BITS,
	MID_SHIFT = SLAB_MAP_LEAF_BITS + SLAB_MAP_MID_BITS,
};

static struct slab_map_leaf *leaf_get(struct slab_map *map, uint64_t pfn);
static void leaf_put(struct slab_map *map, uint64_t pfn);

bool slab_map_set(struct slab_map *map, uint64_t pfn, uint64_t nr, uintptr_t value)
{
	for (uint64_t i = 0; i < nr; i++) {
		if (slab_map_find(map, pfn + i))
			return false;
	}
	for (uint64_t i = 0; i < nr; i++) {
		struct slab_map_leaf *leaf = leaf_get(map, pfn + i);

		leaf->slot[(pfn + i) % LEAF_SIZE] = value;
		leaf->nr++;
	}
	return true;
}

void slab_map_clear(struct slab_map *map, uint64_t pfn, uint64_t nr)
{
	for (uint64_t i = pfn; i < pfn + nr; i++) {
		struct slab_map_mid *mid = map->top[i >> MID_SHIFT];
		struct slab_map_leaf *leaf = mid->leaf[(i / LEAF_SIZE) % MID_SIZE];

		BUG_ON(!leaf->slot[i % LEAF_SIZE]);
		leaf->slot[i % LEAF_SIZE] = 0;
		if (!--leaf->nr)
			leaf_put(map, i);
	}
}

uintptr_t slab_map_next(const struct slab_map *map, uint64_t *pfn)
{
	while (*pfn >> MID_SHIFT < map->nr_top) {
		const struct slab_map_mid *mid = map->top[*pfn >> MID_SHIFT];
		const struct slab_map_leaf *leaf;

		if (!mid) {
			*pfn = ((*pfn >> MID_SHIFT) + 1) << MID_SHIFT;
			continue;
		}
		leaf = mid->leaf[(*pfn / LEAF_SIZE) % MID_SIZE];
		if (!leaf) {
			*pfn = (*pfn / LEAF_SIZE + 1) * LEAF_SIZE;
			continue;
		}
		if (leaf->slot[*pfn % LEAF_SIZE])
			return leaf->slot[*pfn % LEAF_SIZE];
		++*pfn;
	}
	return 0;
}

void slab_map_deinit(struct slab_map *map)
{
	for (size_t i = 0; i < map->nr_top; i++) {
		if (!map->top[i])
			continue;
		for (size_t j = 0; j < MID_SIZE; j++)
			free(map->top[i]->leaf[j]);
		free(map->top[i]);
	}
	free(map->top);
	map->top = NULL;
	map->nr_top = 0;
}

static struct slab_map_leaf *leaf_get(struct slab_map *map, uint64_t pfn)
{
	size_t top = (size_t)(pfn >> MID_SHIFT);
	struct slab_map_mid *mid;
	struct slab_map_leaf **leaf;

	if (top >= map->nr_top) {
		map->top = xreallocarray(map->top, top + 1, sizeof(*map->top));
		for (size_t i = map->nr_top; i <= top; i++)
			map->top[i] = NULL;
		map->nr_top = top + 1;
	}
	if (!map->top[top])
		map->top[top] = xcalloc(1, sizeof(*mid));
	mid = map->top[top];
	leaf = &mid->leaf[(pfn / LEAF_SIZE) % MID_SIZE];
	if (!*leaf) {
		*leaf = xcalloc(1, sizeof(**leaf));
		mid->nr++;
	}
	return *leaf;
}

/* An empty leaf goes, so that scattered slabs that came and went leave nothing behind. */
static void leaf_put(struct slab_map *map, uint64_t pfn)
{
	struct slab_map_mid *mid = map->top[pfn >> MID_SHIFT];
	struct slab_map_leaf **leaf = &mid->leaf[(pfn / LEAF_SIZE) % MID_SIZE];

	free(*leaf);
	*leaf = NULL;
	if (!--mid->nr) {
		free(mid);
		map->top[pfn >> MID_SHIFT] = NULL;
	}
}
