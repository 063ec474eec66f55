/* SPDX-License-Identifier: GPL-2.0-or-later */
/** Free-running, ours lies elsewhere than what the kernel had: which of ours stands for which. */
#ifndef KMREPLAY_VERIFY_PLACES_H
#define KMREPLAY_VERIFY_PLACES_H

#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"

struct place {
	uint64_t recorded, ours;
};

struct places {
	struct u64map index;        /**< recorded address to index in "list" */
	struct vec(struct place) list; /**< some of them ended: those that "index" does not name */
	struct vec(uint32_t) spare; /**< indices of "list" to use again */
};

void places_init(struct places *places);
void places_deinit(struct places *places);
/** Ours of "recorded", any address; NULL: none. Valid until the next change. */
const uint64_t *places_find(const struct places *places, uint64_t recorded);
/**
 * "recorded", not U64MAP_NO_KEY, is at "ours" from now on. Whether it was anywhere before: there
 * "*before" says where.
 */
bool places_put(struct places *places, uint64_t recorded, uint64_t ours, uint64_t *before);
/** Forgets "recorded", any address, and says where it was; false: nowhere. */
bool places_take(struct places *places, uint64_t recorded, uint64_t *ours);

#endif
