/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Addresses to slots: the table that every object event looks into.
 *
 * Open addressing with linear probing over entries of 16 bytes, four to a cache line, at most 5/8
 * full; deletion shifts back, so that probes stay short however long the recording is. The hash is
 * keyed, so that a crafted recording cannot aim at one place. Looking up is split in two, hash and
 * find, for callers that prefetch the home of the keys to come.
 */
#ifndef KMREPLAY_REPAIR_ADDRMAP_H
#define KMREPLAY_REPAIR_ADDRMAP_H

#include "kmreplay/core/base.h"

struct addrmap_entry {
	uint64_t key; /**< 0: free */
	uint32_t slot;
	uint32_t info; /**< the user's */
};

struct addrmap {
	struct addrmap_entry *entries;
	size_t mask;
	size_t nr;    /**< keys in it */
	size_t limit; /**< grows before it holds more */
	unsigned int shift;
	uint64_t seed;
};

/** An empty map; "seed" keys the hash and decides nothing that can be seen. */
void addrmap_init(struct addrmap *map, uint64_t seed);
void addrmap_deinit(struct addrmap *map);

/** The hash of "key"; stays valid when the map grows. */
static inline uint64_t addrmap_hash(const struct addrmap *map, uint64_t key)
{
	uint64_t h = (key ^ map->seed) * 0x9e3779b97f4a7c15ULL;

	return (h ^ (h >> 32)) * 0xd6e8feb86659fd93ULL;
}

/** Brings the place where "hash" is looked for into the cache. */
static inline void addrmap_prefetch(const struct addrmap *map, uint64_t hash)
{
	__builtin_prefetch(&map->entries[hash >> map->shift], 1);
}

/** The entry of "key" (not 0), or NULL; valid until the next change of the map. */
static inline struct addrmap_entry *addrmap_find(const struct addrmap *map, uint64_t key,
						 uint64_t hash)
{
	for (size_t i = hash >> map->shift;; i = (i + 1) & map->mask) {
		if (map->entries[i].key == key)
			return &map->entries[i];
		if (!map->entries[i].key)
			return NULL;
	}
}

/** Makes room for one more key. */
void addrmap_grow(struct addrmap *map);

/** The entry of "key" (not 0), made if missing: then "*fresh" is true and slot and info are 0. */
static inline struct addrmap_entry *addrmap_insert(struct addrmap *map, uint64_t key,
						   uint64_t hash, bool *fresh)
{
	size_t i;

	if (unlikely(map->nr >= map->limit))
		addrmap_grow(map);
	for (i = hash >> map->shift; map->entries[i].key; i = (i + 1) & map->mask) {
		if (map->entries[i].key == key) {
			*fresh = false;
			return &map->entries[i];
		}
	}
	map->nr++;
	map->entries[i].key = key;
	*fresh = true;
	return &map->entries[i];
}

/** Removes "entry", which the map just gave. */
static inline void addrmap_remove(struct addrmap *map, struct addrmap_entry *entry)
{
	size_t hole = (size_t)(entry - map->entries);

	/* Close the hole: move back each entry whose home does not lie behind it. */
	for (size_t i = (hole + 1) & map->mask; map->entries[i].key; i = (i + 1) & map->mask) {
		size_t home = addrmap_hash(map, map->entries[i].key) >> map->shift;

		if (((i - home) & map->mask) >= ((i - hole) & map->mask)) {
			map->entries[hole] = map->entries[i];
			hole = i;
		}
	}
	map->entries[hole] = (struct addrmap_entry){ 0 };
	map->nr--;
}

#endif
