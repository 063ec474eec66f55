/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A time series in bounded memory. Time is cut into buckets of equal width; each keeps its first,
 * smallest, largest and last value, so that no spike is lost however far it is thinned. When the
 * buckets run out, neighbours are joined and the width doubles.
 */
#ifndef KMREPLAY_STATS_SERIES_H
#define KMREPLAY_STATS_SERIES_H

#include "kmreplay/core/base.h"
#include "kmreplay/core/vec.h"

struct series_point {
	uint64_t time;
	int64_t value;
};

/** What is left of the values of one span of time. */
struct series_bucket {
	struct series_point first, min, max, last; /**< may be the same point; earliest of equals */
	uint64_t nr;				   /**< values that fell into it; 0: empty */
};

struct series {
	struct series_bucket *buckets;
	uint32_t cap;	/**< buckets there are */
	uint32_t nr;	/**< buckets in use, the last one not empty */
	uint64_t start; /**< time of the first value */
	uint64_t width; /**< of a bucket */
	uint64_t now;	/**< latest time so far */
	int64_t min, max;
	uint64_t nr_values;
};

struct series_points vec(struct series_point);

/** An empty series of at most "cap" buckets (2 or more), "width" wide at first (0 counts as 1). */
void series_init(struct series *s, uint32_t cap, uint64_t width);
void series_deinit(struct series *s);
/** Adds a value. A time before the latest one is taken as the latest one. */
void series_add(struct series *s, uint64_t time, int64_t value);
/**
 * Appends what is kept to "points", in order of time: at most 4 points a bucket, each only once.
 */
void series_points(const struct series *s, struct series_points *points);

#endif
