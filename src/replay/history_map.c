/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The physical map over time: copies of it at moments, thinned as they become too many. */
#include <config.h>

#include "history_internal.h"

#include <stdlib.h>
#include <string.h>

static void look_in_time(struct history_map *map, const struct replay_moment *moment,
			 const struct replay_history_cell *cells);
static void thin(struct history_map *map);
static void finish(struct history_map *map, const struct replay_moment *moment,
		   const struct replay_history_cell *cells);
static void insert(struct history_map *map, const struct history_column *column);
static void copy(const struct history_map *map, struct history_column *column, unsigned int kind,
		 const struct replay_moment *moment, const struct replay_history_cell *cells);

void history_map_init(struct history_map *map, uint32_t cap, const struct replay_history_row *rows,
		      unsigned int nr_rows)
{
	const struct replay_history_worst worst_of = map->worst_of;

	memset(map, 0, sizeof(*map));
	map->worst_of = worst_of;
	map->cap = cap;
	map->width = 1;
	map->nr_rows = nr_rows;
	map->rows = xcalloc(nr_rows, sizeof(*rows));
	for (unsigned int i = 0; i < nr_rows; i++)
		map->rows[i] = rows[i];
}

void history_map_deinit(struct history_map *map)
{
	vec_foreach(&map->columns, column)
		free(column->cells);
	vec_deinit(&map->columns);
	free(map->worst.cells);
	free(map->rows);
}

void history_map_look(struct history_map *map, const struct replay_moment *moment,
		      const struct replay_history_cell *cells, int32_t unusable)
{
	if (!map->nr_rows)
		return;
	look_in_time(map, moment, cells);
	if (!map->worst.cells || unusable > map->worst_of.unusable) {
		map->worst_of.unusable = unusable;
		map->worst_of.time = moment->time;
		copy(map, &map->worst, COLUMN_WORST, moment, cells);
	}
	if (moment->when == REPLAY_END)
		finish(map, moment, cells);
}

/* Keeps it if it is the first of its span of time. */
static void look_in_time(struct history_map *map, const struct replay_moment *moment,
			 const struct replay_history_cell *cells)
{
	const bool first = !map->columns.nr;
	struct history_column column = { 0 };
	uint64_t since;

	if (first)
		map->start = moment->time;
	since = moment->time > map->start ? moment->time - map->start : 0;
	while (since / map->width >= map->cap)
		thin(map);
	column.span = since / map->width;
	if (!first && column.span <= map->columns.items[map->columns.nr - 1].span)
		return;
	copy(map, &column, COLUMN_TIME | (first ? COLUMN_START : 0), moment, cells);
	vec_push(&map->columns, column);
}

/* Doubles the width; of two columns that are now of one span, the first stays. */
static void thin(struct history_map *map)
{
	size_t nr = 0;

	map->width = map->width > UINT64_MAX / 2 ? UINT64_MAX : map->width * 2;
	vec_foreach(&map->columns, column) {
		column->span /= 2;
		if (nr && map->columns.items[nr - 1].span == column->span)
			free(column->cells);
		else
			map->columns.items[nr++] = *column;
	}
	map->columns.nr = nr;
}

/* All columns in one row, ascending; one that has two reasons to be there is there once. */
static void finish(struct history_map *map, const struct replay_moment *moment,
		   const struct replay_history_cell *cells)
{
	struct history_column end = { 0 };

	copy(map, &end, COLUMN_END, moment, cells);
	insert(map, &map->worst);
	map->worst.cells = NULL;
	insert(map, &end);
}

static void insert(struct history_map *map, const struct history_column *column)
{
	size_t at = map->columns.nr;

	while (at && map->columns.items[at - 1].info.event > column->info.event)
		at--;
	if (at && map->columns.items[at - 1].info.event == column->info.event) {
		map->columns.items[at - 1].info.kind |= column->info.kind;
		free(column->cells);
		return;
	}
	vec_push(&map->columns, *column);
	memmove(&map->columns.items[at + 1], &map->columns.items[at],
		(map->columns.nr - 1 - at) * sizeof(*column));
	map->columns.items[at] = *column;
}

static void copy(const struct history_map *map, struct history_column *column, unsigned int kind,
		 const struct replay_moment *moment, const struct replay_history_cell *cells)
{
	if (!column->cells)
		column->cells = xcalloc(map->nr_rows, sizeof(*column->cells));
	memcpy(column->cells, cells, map->nr_rows * sizeof(*cells));
	column->info = (struct replay_history_column){
		.time = moment->time,
		.event = moment->event,
		.kind = kind,
		.cells = column->cells,
	};
}
