/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A hash map from a 64-bit key to a 32-bit value, for tables that stay small or are looked up
 * once a batch. Linear probing, deletion by shifting back, so that it never fills with tombstones.
 * The key ~0 is reserved.
 */
#ifndef KMREPLAY_CORE_U64MAP_H
#define KMREPLAY_CORE_U64MAP_H

#include "kmreplay/core/base.h"

struct u64map_entry {
	uint64_t key;
	uint32_t value;
};

struct u64map {
	struct u64map_entry *entries; /**< NULL until the first insertion */
	size_t mask;
	size_t nr; /**< keys in it */
};

#define U64MAP_NO_KEY UINT64_MAX

void u64map_init(struct u64map *map);
void u64map_deinit(struct u64map *map);
/** Makes "to", which was initialised, hold what "from" holds. */
void u64map_copy(struct u64map *to, const struct u64map *from);
/** Where the value of "key" is kept, or NULL. Valid until the next change of the map. */
uint32_t *u64map_find(const struct u64map *map, uint64_t key);
/** The same, inserting "key" with value 0 when it is missing; "*fresh" says whether it was. */
uint32_t *u64map_insert(struct u64map *map, uint64_t key, bool *fresh);
/** Removes "key"; false when it was not there. */
bool u64map_remove(struct u64map *map, uint64_t key);

#endif
