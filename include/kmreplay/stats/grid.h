/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Many time series over one axis, in bounded memory: as struct series, for values that are all
 * looked at together. Time is cut into buckets of equal width; when they run out, neighbours are
 * joined and the width doubles, so no smallest or largest value is ever lost.
 */
#ifndef KMREPLAY_STATS_GRID_H
#define KMREPLAY_STATS_GRID_H

#include "kmreplay/core/base.h"

/** A span of time, and when it was looked at. */
struct grid_bucket {
	uint64_t start;       /**< where it begins; it is as wide as all others */
	uint64_t first, last; /**< times of its first and last look */
	uint64_t nr;          /**< looks; 0: empty */
};

/** What is left of a series' values in one bucket; min > max: there were none. */
struct grid_cell {
	int64_t first, min, max, last;
};

struct grid {
	struct grid_bucket *buckets;
	struct grid_cell *cells; /**< by series, then by bucket */
	uint32_t nr_series;
	uint32_t cap;   /**< buckets there are */
	uint32_t nr;    /**< buckets in use, the last one not empty */
	uint32_t at;    /**< bucket of the last look */
	uint64_t start; /**< time of the first look */
	uint64_t width; /**< of a bucket */
	uint64_t now;   /**< time of the last look */
};

/** Given to grid_put() as a value: there is none. */
#define GRID_VOID INT64_MIN

/** "nr_series" series over at most "cap" (2 or more) buckets of time. */
void grid_init(struct grid *g, uint32_t nr_series, uint32_t cap);
void grid_deinit(struct grid *g);
/** A look at "time"; a time before the latest one is taken as the latest one. */
void grid_look(struct grid *g, uint64_t time);
/** What series "i" was at the last look. */
void grid_put(struct grid *g, uint32_t i, int64_t value);
/** The cells of series "i", g->nr of them in use. */
const struct grid_cell *grid_cells(const struct grid *g, uint32_t i);

#endif
