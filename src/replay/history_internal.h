/* SPDX-License-Identifier: GPL-2.0-or-later */
/** What the files of the history share: the physical map over time, and rows of failures. */
#ifndef KMREPLAY_REPLAY_HISTORY_INTERNAL_H
#define KMREPLAY_REPLAY_HISTORY_INTERNAL_H

#include "kmreplay/core/vec.h"
#include "kmreplay/replay/history.h"
#include "kmreplay/replay/replay.h"

/** A copy of what is in each row at one moment. */
struct history_column {
	struct replay_history_column info;
	struct replay_history_cell *cells; /**< info.cells */
	uint64_t span; /**< of time, in widths from the start */
};

struct history_map {
	struct replay_history_row *rows;
	unsigned int nr_rows;
	uint32_t cap;   /**< columns of kind TIME */
	uint64_t start; /**< time of the first look */
	uint64_t width;
	struct vec(struct history_column) columns; /**< of kind TIME; after the end all of them */
	struct history_column worst; /**< cells NULL: none yet */
	struct replay_history_worst worst_of;
};

/** An empty map over "rows" (copied). */
void history_map_init(struct history_map *map, uint32_t cap, const struct replay_history_row *rows,
		      unsigned int nr_rows);
void history_map_deinit(struct history_map *map);
/** The machine looks like "cells"; "unusable" is the index of map->worst_of. */
void history_map_look(struct history_map *map, const struct replay_moment *moment,
		      const struct replay_history_cell *cells, int32_t unusable);

/** Failures, united when there are too many. */
struct history_failures {
	struct vec(struct replay_history_failure) rows;
	uint32_t cap;
	uint64_t width; /**< ns: those that lie closer may be united */
};

void history_failures_init(struct history_failures *f, uint32_t cap);
void history_failures_deinit(struct history_failures *f);
void history_failures_add(struct history_failures *f, const struct replay_failure *failure);

#endif
