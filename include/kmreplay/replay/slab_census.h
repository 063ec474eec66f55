/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * How many slabs of each cache a recording makes, less those that it gives back, from its beginning
 * up to one moment: what files of that moment show more was there before.
 */
#ifndef KMREPLAY_REPLAY_SLAB_CENSUS_H
#define KMREPLAY_REPLAY_SLAB_CENSUS_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/repair/repair.h"

/** Slabs of a cache, by order. Those that existed before are not among them. */
struct slab_census_cache {
	int32_t nr[KERNEL_NR_ORDERS];
	bool touched; /**< an object was taken or freed */
};

/** A slab of which nothing was known when it was made. */
struct slab_census_slab {
	uint64_t pfn;
	uint8_t order;
	bool then, now; /**< it was there at the moment; it is now */
};

struct slab_census {
	struct vec(struct slab_census_cache) now;  /**< by repair's id, as far as it was fed */
	struct vec(struct slab_census_cache) then; /**< at the moment */
	uint64_t moment; /**< event before which "then" was; UINT64_MAX: never so far */
	uint64_t nr_events;
	struct vec(struct slab_census_slab) nameless;
	struct u64map frames; /**< of those that are there, to their number in "nameless" */
};

void slab_census_init(struct slab_census *census);
void slab_census_deinit(struct slab_census *census);
/**
 * Counts one repaired batch, in the recording's order. "moment" is the event before which the count
 * is wanted; it may move on while events up to there have not been fed. What comes behind it may
 * still tell whose slabs were there.
 */
void slab_census_feed(struct slab_census *census, const struct repair *repair,
		      const struct repair_batch *batch, uint64_t moment);

#endif
