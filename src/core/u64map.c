/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 64-bit keys to 32-bit values: linear probing at a load of at most 3/4. */
#include <config.h>

#include "kmreplay/core/u64map.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/xalloc.h"

#include <stdlib.h>
#include <string.h>

static size_t home(const struct u64map *map, uint64_t key);
static void resize(struct u64map *map, size_t size);

void u64map_init(struct u64map *map)
{
	memset(map, 0, sizeof(*map));
}

void u64map_deinit(struct u64map *map)
{
	free(map->entries);
	u64map_init(map);
}

void u64map_copy(struct u64map *to, const struct u64map *from)
{
	size_t size = from->entries ? from->mask + 1 : 0;

	u64map_deinit(to);
	if (!size)
		return;
	*to = *from;
	to->entries = xreallocarray(NULL, size, sizeof(*to->entries));
	memcpy(to->entries, from->entries, size * sizeof(*to->entries));
}

uint32_t *u64map_find(const struct u64map *map, uint64_t key)
{
	if (!map->entries)
		return NULL;
	for (size_t i = home(map, key);; i = (i + 1) & map->mask) {
		struct u64map_entry *entry = &map->entries[i];

		/* In this order: looking for the reserved key must not find a free entry. */
		if (entry->key == U64MAP_NO_KEY)
			return NULL;
		if (entry->key == key)
			return &entry->value;
	}
}

uint32_t *u64map_insert(struct u64map *map, uint64_t key, bool *fresh)
{
	size_t i;

	BUG_ON(key == U64MAP_NO_KEY);
	if (!map->entries)
		resize(map, 64);
	else if (map->nr >= map->mask - map->mask / 4)
		resize(map, (map->mask + 1) * 2);
	for (i = home(map, key); map->entries[i].key != U64MAP_NO_KEY; i = (i + 1) & map->mask) {
		if (map->entries[i].key == key) {
			*fresh = false;
			return &map->entries[i].value;
		}
	}
	map->nr++;
	map->entries[i] = (struct u64map_entry){ .key = key };
	*fresh = true;
	return &map->entries[i].value;
}

bool u64map_remove(struct u64map *map, uint64_t key)
{
	uint32_t *value = u64map_find(map, key);
	size_t hole;

	if (!value)
		return false;
	hole = (size_t)(container_of(value, struct u64map_entry, value) - map->entries);
	/* Close the hole: move back each entry whose home does not lie behind it. */
	for (size_t i = (hole + 1) & map->mask; map->entries[i].key != U64MAP_NO_KEY;
	     i = (i + 1) & map->mask) {
		size_t from_home = (i - home(map, map->entries[i].key)) & map->mask;

		if (from_home >= ((i - hole) & map->mask)) {
			map->entries[hole] = map->entries[i];
			hole = i;
		}
	}
	map->entries[hole].key = U64MAP_NO_KEY;
	map->nr--;
	return true;
}

static size_t home(const struct u64map *map, uint64_t key)
{
	return (size_t)bits_mix64(key) & map->mask;
}

static void resize(struct u64map *map, size_t size)
{
	struct u64map_entry *old = map->entries;
	size_t old_size = old ? map->mask + 1 : 0;

	map->entries = xreallocarray(NULL, size, sizeof(*map->entries));
	map->mask = size - 1;
	for (size_t i = 0; i < size; i++)
		map->entries[i] = (struct u64map_entry){ .key = U64MAP_NO_KEY };
	for (size_t i = 0; i < old_size; i++) {
		size_t at;

		if (old[i].key == U64MAP_NO_KEY)
			continue;
		for (at = home(map, old[i].key); map->entries[at].key != U64MAP_NO_KEY;)
			at = (at + 1) & map->mask;
		map->entries[at] = old[i];
	}
	free(old);
}
