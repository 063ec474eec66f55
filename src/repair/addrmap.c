/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses to slots: what is not on the hot path. */
#include <config.h>

#include "addrmap.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/xalloc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ADDRMAP_MIN = 1024 };

/*
 * A table of this size or more wants large pages: each look-up in it would be a miss of the TLB,
 * too, and that is what cannot be prefetched.
 */
enum { LARGE_PAGE = 1 << 21, LARGE_TABLE = 1 << 22 };

static void set_size(struct addrmap *map, size_t size);
static struct addrmap_entry *take_entries(size_t nr);

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
	map->entries = take_entries(size);
	map->mask = size - 1;
	map->limit = size - size * 3 / 8;
	map->shift = 64 - bits_ilog2(size);
}

/* "nr" entries of zeroes. */
static struct addrmap_entry *take_entries(size_t nr)
{
	size_t bytes = nr * sizeof(struct addrmap_entry);
	void *entries;

	if (bytes < LARGE_TABLE || posix_memalign(&entries, LARGE_PAGE, bytes))
		return xcalloc(nr, sizeof(struct addrmap_entry));
	(void)madvise(entries, bytes, MADV_HUGEPAGE);
	return memset(entries, 0, bytes);
}
