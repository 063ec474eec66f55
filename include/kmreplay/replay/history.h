/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a replay looked like over time, in bounded memory: the numbers behind the pictures of a
 * report. Attach one to an engine before it is fed; read it after replay_finish().
 *
 *	struct replay_history *h = replay_history_create(NULL);
 *	replay_history_attach(h, r);
 *	... replay_feed(r, ...) ... replay_finish(r, ...)
 *	nr = replay_history_nr_buckets(h);
 *	for (owner = 0; owner < OWNER_NR; owner++) {
 *		cells = replay_history_series(h, METRIC_OWNER, owner,
 *					      (struct metric_place){ SCOPE_MACHINE });
 *		for (i = 0; i < nr; i++)
 *			if (replay_history_bucket(h, i)->nr)
 *				... replay_history_bucket(h, i)->start, cells[i].max ...
 *	}
 *	replay_history_destroy(h);
 *
 * The machine is looked at some thousand times. Time is cut into equal buckets; of what was seen
 * in one, each series keeps the first, smallest, largest and last value. When the buckets run out,
 * neighbours are joined and the width doubles. The physical maps are thinned in the same way, each
 * keeping the first look of its span, besides the start, the worst moment and the end. Failures
 * are not sampled: each is counted, alone as long as there are few, and then by span of time.
 */
#ifndef KMREPLAY_REPLAY_HISTORY_H
#define KMREPLAY_REPLAY_HISTORY_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/replay/metrics.h"
#include "kmreplay/stats/grid.h"

struct replay;
struct replay_history;

/** Bounds; 0: the default. */
struct replay_history_options {
	uint32_t buckets;  /**< of time: 512; fewer where there are so many series as to exceed
				8 MiB */
	uint32_t columns;  /**< of the physical map: 96 */
	uint32_t failures; /**< rows of failures: 2048 */
};

/** An empty history. "options" may be NULL. */
struct replay_history *replay_history_create(const struct replay_history_options *options);
/** "h" may be NULL. Does not touch the engine, which must not be fed any more. */
void replay_history_destroy(struct replay_history *h);
/** Follows "r" from here on: before its first replay_feed(), once. */
void replay_history_attach(struct replay_history *h, struct replay *r);

/*
 * Series
 */

/** Buckets of time in use, the same for all series. */
uint32_t replay_history_nr_buckets(const struct replay_history *h);
/** One of them; nr == 0: nothing happened in it, what was before it still holds. */
const struct grid_bucket *replay_history_bucket(const struct replay_history *h, uint32_t i);
/**
 * The cells of a metric, one a bucket (those of empty buckets are zeros); NULL when it is not kept
 * ("history" in the table of metrics, and the place exists). A cell with min > max had no value in
 * its bucket (METRIC_VOID): what is measured of a layer that is not simulated never has one.
 */
const struct grid_cell *replay_history_series(const struct replay_history *h,
					      enum replay_metric metric, unsigned int member,
					      struct metric_place place);

/*
 * Failures
 */

/** Requests that failed so between two times. */
struct replay_history_failure {
	uint64_t start, end;  /**< of the first and the last of them, as recorded */
	uint64_t nr;
	uint64_t nr_pages;    /**< asked for */
	uint64_t first_event; /**< number in the recording, from 0 */
	uint8_t call;         /**< enum repair_call of the first */
	uint8_t order;
	uint8_t reason;       /**< enum mm_failure; MM_FAIL_NONE: failed when recorded only */
	bool recorded;        /**< it failed when recorded */
};

/** Rows of failures, in the order of their first events. */
size_t replay_history_nr_failures(const struct replay_history *h);
const struct replay_history_failure *replay_history_failure(const struct replay_history *h,
							    size_t i);
/** Rows are united within spans of this many ns; 1: each time has rows of its own. */
uint64_t replay_history_failure_width(const struct replay_history *h);

/*
 * Physical maps
 */

/** A row: neighbouring pageblocks of one zone. Ascending by address; holes have no rows. */
struct replay_history_row {
	uint64_t start_pfn, end_pfn;
	unsigned int zone; /**< number, as zone_info() counts */
	uint32_t nr_blocks; /**< pageblocks */
};

/** What lies in a row, in pages; they add up to the row's pages. */
struct replay_history_cell {
	uint32_t free;        /**< in buddy lists, usable by all */
	uint32_t reserved;    /**< the same in pageblocks set aside: highatomic, CMA, isolated */
	uint32_t pcp;         /**< free in per-CPU lists */
	uint32_t movable;     /**< in use */
	uint32_t reclaimable; /**< in use */
	uint32_t unmovable;   /**< in use, all other */
	uint32_t outside;     /**< holes, memory that never was the allocator's */
};

enum history_column_kind {
	COLUMN_START = 1 << 0, /**< before the first event */
	COLUMN_TIME = 1 << 1,  /**< the first look of its span of time */
	COLUMN_WORST = 1 << 2, /**< largest unusable_free_index of replay_history_worst() */
	COLUMN_END = 1 << 3,   /**< after the last event */
};

struct replay_history_column {
	uint64_t time;
	uint64_t event;    /**< events replayed before it was taken */
	unsigned int kind; /**< enum history_column_kind, or'ed */
	const struct replay_history_cell *cells; /**< one a row */
};

unsigned int replay_history_nr_rows(const struct replay_history *h);
const struct replay_history_row *replay_history_row(const struct replay_history *h,
						    unsigned int i);
/** Columns, ascending by time: at most options.columns + 3. */
unsigned int replay_history_nr_columns(const struct replay_history *h);
const struct replay_history_column *replay_history_column(const struct replay_history *h,
							  unsigned int i);
/** Time between two columns of kind TIME, in ns; spans without an event have none. */
uint64_t replay_history_column_width(const struct replay_history *h);

/** Where the worst moment is looked for: the largest zone. */
struct replay_history_worst {
	unsigned int zone, order;
	int32_t unusable; /**< largest unusable_free_index, in thousandths */
	uint64_t time;
};

struct replay_history_worst replay_history_worst(const struct replay_history *h);

#endif
