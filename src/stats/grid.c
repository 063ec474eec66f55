/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many series over one axis of time, thinned by joining neighbouring buckets. */
#include <config.h>

#include "kmreplay/stats/grid.h"

#include "kmreplay/core/xalloc.h"

#include <stdlib.h>
#include <string.h>

static void halve(struct grid *g);
static struct grid_bucket join_buckets(const struct grid_bucket *a, const struct grid_bucket *b);
static struct grid_cell join_cells(const struct grid_cell *a, const struct grid_cell *b);

/* Of a bucket that was looked at; those of an empty bucket are never joined. */
static const struct grid_cell no_value = { 0, INT64_MAX, INT64_MIN, 0 };

void grid_init(struct grid *g, uint32_t nr_series, uint32_t cap)
{
	BUG_ON(cap < 2);
	memset(g, 0, sizeof(*g));
	g->nr_series = nr_series;
	g->cap = cap;
	g->width = 1;
	g->buckets = xcalloc(cap, sizeof(*g->buckets));
	g->cells = xcalloc((size_t)nr_series * cap, sizeof(*g->cells));
}

void grid_deinit(struct grid *g)
{
	free(g->buckets);
	free(g->cells);
	memset(g, 0, sizeof(*g));
}

void grid_look(struct grid *g, uint64_t time)
{
	struct grid_bucket *bucket;
	uint64_t at;

	if (!g->nr)
		g->start = g->now = time;
	g->now = MAX(g->now, time);
	while ((at = (g->now - g->start) / g->width) >= g->cap)
		halve(g);
	g->at = (uint32_t)at;
	for (; g->nr <= g->at; g->nr++)
		g->buckets[g->nr].start = g->start + g->nr * g->width;
	bucket = &g->buckets[at];
	if (!bucket->nr++) {
		bucket->first = g->now;
		for (uint32_t i = 0; i < g->nr_series; i++)
			g->cells[(size_t)i * g->cap + at] = no_value;
	}
	bucket->last = g->now;
}

void grid_put(struct grid *g, uint32_t i, int64_t value)
{
	struct grid_cell *cell = &g->cells[(size_t)i * g->cap + g->at];

	if (value == GRID_VOID)
		return;
	if (cell->min > cell->max)
		cell->first = value;
	cell->min = MIN(cell->min, value);
	cell->max = MAX(cell->max, value);
	cell->last = value;
}

const struct grid_cell *grid_cells(const struct grid *g, uint32_t i)
{
	return &g->cells[(size_t)i * g->cap];
}

/* Joins buckets two by two; the width doubles, so that two buckets of 2^63 hold all time. */
static void halve(struct grid *g)
{
	const uint32_t half = (g->cap + 1) / 2;

	/* A row of cells may hold what is left of empty buckets: buckets say which they are. */
	for (uint32_t s = 0; s < g->nr_series; s++) {
		struct grid_cell *cells = &g->cells[(size_t)s * g->cap];

		for (uint32_t i = 0; i < g->cap; i += 2) {
			bool odd = i + 1 < g->cap && g->buckets[i + 1].nr;

			if (!odd)
				cells[i / 2] = cells[i];
			else if (!g->buckets[i].nr)
				cells[i / 2] = cells[i + 1];
			else
				cells[i / 2] = join_cells(&cells[i], &cells[i + 1]);
		}
		memset(cells + half, 0, (g->cap - half) * sizeof(*cells));
	}
	for (uint32_t i = 0; i < g->cap; i += 2) {
		static const struct grid_bucket empty;

		g->buckets[i / 2] = join_buckets(&g->buckets[i],
						 i + 1 < g->cap ? &g->buckets[i + 1] : &empty);
	}
	memset(g->buckets + half, 0, (g->cap - half) * sizeof(*g->buckets));
	g->nr = (g->nr + 1) / 2;
	g->width = g->width > UINT64_MAX / 2 ? UINT64_MAX : g->width * 2;
}

/* "a" comes before "b". */
static struct grid_bucket join_buckets(const struct grid_bucket *a, const struct grid_bucket *b)
{
	struct grid_bucket both = *a;

	if (!b->nr)
		return *a;
	if (!a->nr)
		both.first = b->first;
	both.last = b->last;
	both.nr += b->nr;
	return both;
}

static struct grid_cell join_cells(const struct grid_cell *a, const struct grid_cell *b)
{
	struct grid_cell both = *a;

	if (b->min > b->max)
		return *a;
	if (a->min > a->max)
		return *b;
	both.min = MIN(a->min, b->min);
	both.max = MAX(a->max, b->max);
	both.last = b->last;
	return both;
}
