/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Rows of values for a picture, thinned without losing what an eye would look for.
 *
 * The picture is cut into columns of equal width. Of the rows in a column the first, the last and
 * those in which some value (or, in a stack, the sum) is smallest or largest are kept, in their
 * order: as a line or as an area they cover the same pixels as all rows would.
 */
#include <config.h>

#include "plot_internal.h"

#include <math.h>
#include <string.h>

/** What is kept of one column: indices of rows. */
struct column {
	size_t first, last;
	size_t *low, *high; /**< one for each value and one for their sum */
};

static struct plot_rows rows_of_line(const struct plot_series *s);
static struct plot_rows rows_of_stack(const struct report_panel *panel);
static bool next_time(const struct report_panel *panel, const size_t *at, uint64_t *time);
static size_t mark_rows(const struct plot_rows *rows, const struct report_axis *axis,
			struct plot_range x, unsigned int columns, unsigned char *keep);
static int64_t value_at(const struct plot_rows *rows, size_t row, unsigned int k);
static void column_begin(struct column *c, size_t row, unsigned int width);
static void column_take(struct column *c, const struct plot_rows *rows, size_t row);
static void column_keep(const struct column *c, unsigned int width, unsigned char *keep);
static void drop_rows(struct plot_rows *rows, const unsigned char *keep);

struct plot_rows plot_rows(const struct report_panel *panel, size_t series, struct plot_range x,
			   size_t max)
{
	const struct report_plot_spec *spec = &panel->plot->spec;
	unsigned char *keep CLEANUP(cleanup_free) = NULL;
	struct plot_rows rows;

	if (spec->kind == REPORT_PLOT_AREAS)
		rows = rows_of_stack(panel);
	else
		rows = rows_of_line(&panel->series.items[series]);
	if (rows.nr <= max)
		return rows;
	keep = xmalloc(rows.nr);
	for (unsigned int columns = PLOT_COLUMNS; columns; columns /= 2) {
		memset(keep, 0, rows.nr);
		if (mark_rows(&rows, &spec->x, x, columns, keep) <= max)
			break;
	}
	drop_rows(&rows, keep);
	return rows;
}

void plot_rows_deinit(struct plot_rows *rows)
{
	free(rows->x);
	free(rows->values);
	memset(rows, 0, sizeof(*rows));
}

unsigned int plot_column(const struct report_axis *axis, struct plot_range range, int64_t value,
			 unsigned int columns)
{
	double at = (double)value, low = (double)range.low, high = (double)range.high;

	if (axis->log) {
		low = log(MAX(low, 1.0));
		high = log(MAX(high, 1.0));
		at = log(MAX(at, 1.0));
	}
	if (at <= low || high <= low)
		return 0;
	return (unsigned int)MIN((at - low) / (high - low) * columns, (double)columns - 1);
}

static struct plot_rows rows_of_line(const struct plot_series *s)
{
	struct plot_rows rows = { .nr = s->nr, .width = 1 };

	rows.x = xcalloc(MAX(s->nr, 1U), sizeof(*rows.x));
	rows.values = xcalloc(MAX(s->nr, 1U), sizeof(*rows.values));
	for (size_t i = 0; i < s->nr; i++) {
		rows.x[i] = s->points[i].time;
		rows.values[i] = s->points[i].value;
	}
	return rows;
}

/**
 * A row for each time at which some series has a point, the others hold their last one. Several
 * points of a series at one time make several rows: the n-th of each belong together.
 */
static struct plot_rows rows_of_stack(const struct report_panel *panel)
{
	size_t width = panel->series.nr, max = 1;
	size_t *at CLEANUP(cleanup_free) = xcalloc(MAX(width, 1U), sizeof(*at));
	struct plot_rows rows = { .width = (unsigned int)width };
	uint64_t time = 0;

	for (size_t k = 0; k < width; k++)
		max += panel->series.items[k].nr;
	rows.x = xcalloc(max, sizeof(*rows.x));
	rows.values = xcalloc(max, MAX(width, 1U) * sizeof(*rows.values));
	while (next_time(panel, at, &time)) {
		int64_t *row = rows.values + rows.nr * width;

		if (rows.nr)
			memcpy(row, row - width, width * sizeof(*row));
		for (size_t k = 0; k < width; k++) {
			const struct plot_series *s = &panel->series.items[k];

			if (at[k] < s->nr && s->points[at[k]].time == time)
				row[k] = s->points[at[k]++].value;
		}
		rows.x[rows.nr++] = time;
	}
	return rows;
}

static bool next_time(const struct report_panel *panel, const size_t *at, uint64_t *time)
{
	bool any = false;

	for (size_t k = 0; k < panel->series.nr; k++) {
		const struct plot_series *s = &panel->series.items[k];

		if (at[k] == s->nr || (any && s->points[at[k]].time >= *time))
			continue;
		*time = s->points[at[k]].time;
		any = true;
	}
	return any;
}

static size_t mark_rows(const struct plot_rows *rows, const struct report_axis *axis,
			struct plot_range x, unsigned int columns, unsigned char *keep)
{
	size_t *extremes CLEANUP(cleanup_free) =
		xcalloc((size_t)rows->width + 1, 2 * sizeof(*extremes));
	struct column c = { .low = extremes, .high = extremes + rows->width + 1 };
	unsigned int now = UINT32_MAX;
	size_t nr = 0;

	for (size_t i = 0; i < rows->nr; i++) {
		int64_t at = (int64_t)MIN(rows->x[i], (uint64_t)INT64_MAX);
		unsigned int column = plot_column(axis, x, at, columns);

		if (i && column != now)
			column_keep(&c, rows->width, keep);
		if (!i || column != now)
			column_begin(&c, i, rows->width);
		column_take(&c, rows, i);
		now = column;
	}
	if (rows->nr)
		column_keep(&c, rows->width, keep);
	for (size_t i = 0; i < rows->nr; i++)
		nr += keep[i];
	return nr;
}

/** Value "k" of a row; the one behind the last is their sum. */
static int64_t value_at(const struct plot_rows *rows, size_t row, unsigned int k)
{
	const int64_t *values = rows->values + row * rows->width;
	int64_t sum = 0;

	if (k < rows->width)
		return values[k];
	for (unsigned int i = 0; i < rows->width; i++)
		sum = plot_add(sum, values[i]);
	return sum;
}

static void column_begin(struct column *c, size_t row, unsigned int width)
{
	c->first = c->last = row;
	for (unsigned int k = 0; k <= width; k++)
		c->low[k] = c->high[k] = row;
}

static void column_take(struct column *c, const struct plot_rows *rows, size_t row)
{
	c->last = row;
	for (unsigned int k = 0; k <= rows->width; k++) {
		int64_t value = value_at(rows, row, k);

		if (value < value_at(rows, c->low[k], k))
			c->low[k] = row;
		if (value > value_at(rows, c->high[k], k))
			c->high[k] = row;
	}
}

static void column_keep(const struct column *c, unsigned int width, unsigned char *keep)
{
	keep[c->first] = keep[c->last] = 1;
	for (unsigned int k = 0; k <= width; k++)
		keep[c->low[k]] = keep[c->high[k]] = 1;
}

static void drop_rows(struct plot_rows *rows, const unsigned char *keep)
{
	size_t nr = 0;

	for (size_t i = 0; i < rows->nr; i++) {
		if (!keep[i])
			continue;
		rows->x[nr] = rows->x[i];
		memmove(rows->values + nr * rows->width, rows->values + i * rows->width,
			rows->width * sizeof(*rows->values));
		nr++;
	}
	rows->nr = nr;
}
