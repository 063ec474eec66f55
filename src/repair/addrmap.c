/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses to slots: what is not on the hot path. */
#include <config.h>

#include "addrmap.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/xalloc.h"

#include <stdlib.h>

enum { ADDRMAP_MIN = 1024 };

static void set_size(struct addrmap *map, size_t size);

void addrmap_init(struct addrmap *map, uint64_t seed)
{
	*map = (struct addrmap){ .seed = seed };
	set_size(map, ADDRMAP_MIN);
}

void addrmap_deinit(struct addrmap *map)
{
	free(map->entries);
	*map = (struct addrmap){ 0 };
}

void addrmap_grow(struct addrmap *map)
{
	struct addrmap_entry *old = map->entries;
	size_t old_size = map->mask + 1;

	set_size(map, old_size * 2);
	for (size_t i = 0; i < old_size; i++) {
		size_t at;

		if (!old[i].key)
			continue;
		for (at = addrmap_hash(map, old[i].key) >> map->shift; map->entries[at].key;)
			at = (at + 1) & map->mask;
		map->entries[at] = old[i];
	}
	free(old);
}

static void set_size(struct addrmap *map, size_t size)
{
	map->entries = xcalloc(size, sizeof(*map->entries));
	map->mask = size - 1;
	map->limit = size - size * 3 / 8;
	map->shift = 64 - bits_ilog2(size);
}
