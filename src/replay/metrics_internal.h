/* SPDX-License-Identifier: GPL-2.0-or-later */
/** What the files of the metrics share: where values are kept, and who looks at what. */
#ifndef KMREPLAY_REPLAY_METRICS_INTERNAL_H
#define KMREPLAY_REPLAY_METRICS_INTERNAL_H

#include "replay_internal.h"

#include "kmreplay/mm/zone.h"
#include "kmreplay/replay/metrics.h"

/** Address space changes seldom, and is walked only when it did. */
struct metrics_spaces {
	uint64_t changes;  /**< vmalloc_changes() at the last walk */
	bool walked;
};

struct replay_metrics {
	struct replay *r;
	unsigned int nr_nodes, nr_zones;
	unsigned int nr_rows[SCOPE_NR], nr_columns[SCOPE_NR];
	int64_t *values[SCOPE_NR]; /**< by row, then by column */
	struct {
		bool is_here;
		uint16_t at;    /**< column of its first member */
		uint16_t first; /**< number of the first member */
		uint16_t end;
	} columns[SCOPE_NR][METRIC_NR];
	struct zone_info *zones; /**< as looked at last */
	struct hist before[CALL_NR]; /**< latencies as of the look before */
	struct hist since;           /**< kept for its memory */
	struct metrics_spaces spaces;
};

/** Sets a value; the metric has to be of that scope. */
void metrics_set(struct replay_metrics *m, enum replay_metric metric, unsigned int member,
		 struct metric_place place, int64_t value);

/** metrics_pages.c: zones, orders, nodes, pageblocks. */
void metrics_take_pages(struct replay_metrics *m);

static inline struct metric_place metrics_machine(void)
{
	return (struct metric_place){ .scope = SCOPE_MACHINE };
}

/** A count as a value. */
static inline int64_t metrics_count(uint64_t nr)
{
	return (int64_t)MIN(nr, (uint64_t)INT64_MAX);
}

/** part / all in thousandths; METRIC_VOID when "all" is 0. */
static inline int64_t metrics_ratio(uint64_t part, uint64_t all)
{
	return all ? (int64_t)((__extension__(unsigned __int128) part) * 1000 / all) : METRIC_VOID;
}

#endif
