/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical memory: over time as a map of bundles of pageblocks, and at three moments as pages of
 * a book, line by line.
 */
#include <config.h>

#include "report_page.h"

#include "kmreplay/core/fmt.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINE = 32 }; /* bundles in a line of the map of a moment */

/* What is shown of a cell; free pages are what is left. */
struct part {
	const char *key;
	enum report_color color;
};

static const struct part parts[] = {
	{ "unmovable", REPORT_COLOR_UNMOVABLE },     { "movable", REPORT_COLOR_MOVABLE },
	{ "reclaimable", REPORT_COLOR_RECLAIMABLE }, { "reserved", REPORT_COLOR_HIGHATOMIC },
	{ "hole", REPORT_COLOR_UNKNOWN },
};

static void add_time_map(struct report_panel *panel, const struct replay_history *history);
static void add_moment_shares(const struct replay_history *history, uint64_t until, size_t part,
			      int64_t *values, size_t step);
static void add_moments(struct report_page *page);
static void add_moment(struct report_page *page, struct report_plot *plot, size_t side,
		       unsigned int kind, const char *name);
static void add_moment_tables(struct report_page *page, struct report_plot *plot);
static void add_moment_row(struct report_table *table, const struct replay_history *history,
			   unsigned int kind, const char *name);
static const struct replay_history_column *column_of(const struct replay_history *history,
						     unsigned int kind);
static uint32_t part_pages(const struct replay_history_cell *cell, size_t part);
static int64_t share(const struct replay_history_cell *cell, size_t part);
static uint64_t row_bytes(const struct replay_history *history);

void report_page_map(struct report_page *page)
{
	struct report_plot *plot;

	report_begin(page->report, "map", "Physical memory");
	plot = report_plot(page->report,
			   &(struct report_plot_spec){
				   .key = "physical_map",
				   .title = "Physical memory over time",
				   .says = "Each line is a stretch of memory, low addresses at the "
					   "bottom: pale is free, colours are pages in use by how they "
					   "can be moved; unmovable pages scattered over the whole "
					   "height are what breaks large blocks.",
				   .kind = REPORT_PLOT_MAP,
				   .x = { .key = "time_ns", .label = "time", .unit = REPORT_TIME },
				   .y = { .key = "offset", .label = "memory, by address",
					  .unit = REPORT_BYTES },
				   .z = { .key = "share", .unit = REPORT_RATIO },
				   .columns = report_page_columns(page),
			   });
	for (size_t i = 0; i < page->compare->sides.nr; i++)
		add_time_map(report_page_panel(page, plot, i, NULL, true), page->histories[i]);
	add_moments(page);
	report_end(page->report);
}

/* Columns of time only; what was there holds until the next look. */
static void add_time_map(struct report_panel *panel, const struct replay_history *history)
{
	const struct replay_history_column *first = column_of(history, COLUMN_START);
	const struct replay_history_column *last = column_of(history, COLUMN_END);
	uint32_t nr_rows = replay_history_nr_rows(history), nr;
	uint64_t width = MAX(replay_history_column_width(history), (uint64_t)1);
	int64_t *values;

	if (!first || !last || !nr_rows)
		return;
	nr = (uint32_t)MIN((last->time - first->time) / width + 1,
			   (uint64_t)REPORT_CELLS / nr_rows);
	values = xcalloc((size_t)nr * nr_rows, sizeof(*values));
	for (size_t part = 0; part < ARRAY_SIZE(parts); part++) {
		for (uint32_t i = 0; i < nr; i++)
			add_moment_shares(history, first->time + (i + 1) * width, part,
					  values + i, nr);
		report_grid(panel,
			    &(struct report_series){ .key = parts[part].key,
						     .color = parts[part].color },
			    &(struct report_grid){
				    .columns = nr,
				    .rows = nr_rows,
				    .x_from = first->time,
				    .x_to = first->time + nr * width,
				    .y_from = 0,
				    .y_to = row_bytes(history),
				    .values = values,
			    });
	}
	free(values);
}

/* What the last look before "until" saw, from the bottom up, "step" apart. */
static void add_moment_shares(const struct replay_history *history, uint64_t until, size_t part,
			      int64_t *values, size_t step)
{
	const struct replay_history_column *held = replay_history_column(history, 0);

	for (unsigned int i = 1; i < replay_history_nr_columns(history); i++) {
		if (replay_history_column(history, i)->time >= until)
			break;
		held = replay_history_column(history, i);
	}
	for (uint32_t row = 0; row < replay_history_nr_rows(history); row++)
		values[row * step] = share(&held->cells[row], part);
}

static void add_moments(struct report_page *page)
{
	struct replay_history_worst worst = replay_history_worst(page->histories[0]);
	char says[200], time[FMT_BUF];
	struct report_plot *plot;

	snprintf(says, sizeof(says),
		 "The same memory at three moments, left to right and upwards by address; worst is "
		 "where unusable_free_index(%u) is largest: %.3f after %s s.",
		 worst.order, worst.unusable / 1000.0,
		 fmt_time(time, worst.time > page->start ? worst.time - page->start : 0));
	plot = report_plot(page->report,
			   &(struct report_plot_spec){
				   .key = "physical_moments",
				   .title = "Physical memory at the start, at worst, at the end",
				   .says = says,
				   .kind = REPORT_PLOT_MAP,
				   .x = { .key = "column", .label = "stretch of memory",
					  .unit = REPORT_NUMBER },
				   .y = { .key = "line", .label = "line", .unit = REPORT_NUMBER },
				   .z = { .key = "share", .unit = REPORT_RATIO },
				   .columns = 3,
			   });
	for (size_t i = 0; i < page->compare->sides.nr; i++) {
		add_moment(page, plot, i, COLUMN_START, "start");
		add_moment(page, plot, i, COLUMN_WORST, "worst");
		add_moment(page, plot, i, COLUMN_END, "end");
	}
	add_moment_tables(page, plot);
}

static void add_moment(struct report_page *page, struct report_plot *plot, size_t side,
		       unsigned int kind, const char *name)
{
	const struct replay_history *history = page->histories[side];
	const struct replay_history_column *column = column_of(history, kind);
	uint32_t nr = replay_history_nr_rows(history);
	uint32_t lines = (nr + LINE - 1) / LINE;
	struct report_panel *panel;
	int64_t *values;

	if (!column || !nr)
		return;
	panel = report_page_panel(page, plot, side, name, false);
	values = xcalloc((size_t)lines * LINE, sizeof(*values));
	for (size_t part = 0; part < ARRAY_SIZE(parts); part++) {
		for (uint32_t i = 0; i < lines * LINE; i++)
			values[i] = i < nr ? share(&column->cells[i], part) : REPORT_CELL_NONE;
		report_grid(panel,
			    &(struct report_series){ .key = parts[part].key,
						     .color = parts[part].color },
			    &(struct report_grid){
				    .columns = LINE,
				    .rows = lines,
				    .x_to = LINE,
				    .y_to = lines,
				    .values = values,
			    });
	}
	free(values);
}

static void add_moment_tables(struct report_page *page, struct report_plot *plot)
{
	static const struct report_column columns[] = {
		{ "moment", "moment", REPORT_TEXT, REPORT_COL_KEY },
		{ "time", "time", REPORT_TIME, 0 },
		{ "free_bytes", "free", REPORT_BYTES, 0 },
		{ "pcp_bytes", "in per-CPU lists", REPORT_BYTES, 0 },
		{ "unmovable_bytes", "unmovable", REPORT_BYTES, 0 },
		{ "movable_bytes", "movable", REPORT_BYTES, 0 },
		{ "reclaimable_bytes", "reclaimable", REPORT_BYTES, 0 },
		{ "reserved_bytes", "reserved", REPORT_BYTES, 0 },
	};

	for (size_t i = 0; i < page->compare->sides.nr; i++) {
		struct report_table *table;

		report_page_side(page, i);
		table = replay_table(page->report, &page->facts[i], "moments", "Pages by use",
				     columns, ARRAY_SIZE(columns));
		add_moment_row(table, page->histories[i], COLUMN_START, "start");
		add_moment_row(table, page->histories[i], COLUMN_WORST, "worst");
		add_moment_row(table, page->histories[i], COLUMN_END, "end");
		report_plot_table(plot, table);
		report_page_side_end(page);
	}
}

static void add_moment_row(struct report_table *table, const struct replay_history *history,
			   unsigned int kind, const char *name)
{
	const struct replay_history_column *column = column_of(history, kind);
	uint64_t free = 0, pcp = 0, sums[ARRAY_SIZE(parts)] = { 0 };

	if (!column)
		return;
	for (uint32_t row = 0; row < replay_history_nr_rows(history); row++) {
		free += column->cells[row].free;
		pcp += column->cells[row].pcp;
		for (size_t part = 0; part < ARRAY_SIZE(parts); part++)
			sums[part] += part_pages(&column->cells[row], part);
	}
	report_row(table, (struct report_value[]){
				  report_str(name), report_u64(column->time),
				  report_u64(free << KERNEL_PAGE_SHIFT),
				  report_u64(pcp << KERNEL_PAGE_SHIFT),
				  report_u64(sums[0] << KERNEL_PAGE_SHIFT),
				  report_u64(sums[1] << KERNEL_PAGE_SHIFT),
				  report_u64(sums[2] << KERNEL_PAGE_SHIFT),
				  report_u64(sums[3] << KERNEL_PAGE_SHIFT) });
}

static const struct replay_history_column *column_of(const struct replay_history *history,
						     unsigned int kind)
{
	for (unsigned int i = 0; i < replay_history_nr_columns(history); i++)
		if (replay_history_column(history, i)->kind & kind)
			return replay_history_column(history, i);
	return NULL;
}

static uint32_t part_pages(const struct replay_history_cell *cell, size_t part)
{
	const uint32_t pages[ARRAY_SIZE(parts)] = {
		cell->unmovable, cell->movable, cell->reclaimable, cell->reserved, cell->outside,
	};

	return pages[part];
}

static int64_t share(const struct replay_history_cell *cell, size_t part)
{
	uint64_t all = (uint64_t)cell->free + cell->pcp;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		all += part_pages(cell, i);
	return all ? (int64_t)(part_pages(cell, part) * 1000ULL / all) : 0;
}

static uint64_t row_bytes(const struct replay_history *history)
{
	uint64_t pages = 0;

	for (unsigned int i = 0; i < replay_history_nr_rows(history); i++)
		pages += replay_history_row(history, i)->end_pfn -
			 replay_history_row(history, i)->start_pfn;
	return pages << KERNEL_PAGE_SHIFT;
}
