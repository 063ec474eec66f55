/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures with a time axis: memory by owner, free memory by order, the indices, failures. */
#include <config.h>

#include "report_page.h"

#include "kmreplay/core/fmt.h"
#include "kmreplay/mm/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Zones of less than this share of the machine are in the tables only. */
enum { SMALL_ZONE_PERCENT = 5 };

struct points vec(struct series_point);

/* Owners that have one colour: nobody could tell them apart in the picture. */
struct owner_group {
	const char *name;
	enum report_color color;
	unsigned int owners; /* 1 << enum page_owner */
};

/* Which index a picture is about. */
struct index_picture {
	const char *key, *title, *says;
	enum replay_metric metric;
	int64_t low, high;
};

/* From the bottom up: what the kernel holds fast below what it can give up. */
static const struct owner_group groups[] = {
	{ "slab", REPORT_COLOR_SLAB, 1U << OWNER_SLAB | 1U << OWNER_KMALLOC_LARGE },
	{ "vmalloc", REPORT_COLOR_VMALLOC, 1U << OWNER_VMALLOC },
	{ "percpu", REPORT_COLOR_PERCPU, 1U << OWNER_PERCPU },
	{ "kernel, stacks, page tables", REPORT_COLOR_KERNEL,
	  1U << OWNER_PAGE_TABLE | 1U << OWNER_STACK | 1U << OWNER_KERNEL },
	{ "user and page cache", REPORT_COLOR_CACHE, 1U << OWNER_USER | 1U << OWNER_PAGE_CACHE },
	{ "unknown", REPORT_COLOR_UNKNOWN, 1U << OWNER_UNKNOWN },
};

static void add_cells(struct points *points, const struct replay_history *history,
		      const struct grid_cell *cells, uint64_t factor);
static void add_group(struct report_panel *panel, const struct replay_history *history,
		      const struct owner_group *group);
static void add_free_grid(struct report_panel *panel, const struct replay_history *history);
static void free_shares(const struct replay_history *history, uint32_t bucket, int64_t *values,
			size_t step);
static uint64_t bucket_width(const struct replay_history *history, uint64_t end);
static void add_index_picture(struct report_page *page, const struct index_picture *picture);
static void add_index_panel(struct report_page *page, struct report_plot *plot, size_t side,
			    unsigned int zone, const struct index_picture *picture);
static void index_tables(struct report_page *page, struct report_plot *plot);
static bool any_failures(const struct report_page *page);
static void add_failure_series(struct report_panel *panel, const struct replay_history *history);

void report_page_memory(struct report_page *page)
{
	const struct replay_tally *tally = replay_tally(page->facts[0].replay);
	char says[200], peak[FMT_BUF], time[FMT_BUF];
	struct report_plot *plot;

	snprintf(says, sizeof(says),
		 "Pages in use by who asked for them; largest with %s, %s s after the start.",
		 fmt_size(peak, tally->peak_pages << KERNEL_PAGE_SHIFT),
		 fmt_time(time, tally->peak_time > page->start ? tally->peak_time - page->start
							       : 0));
	report_begin(page->report, "memory", "Memory by owner");
	plot = report_plot(page->report,
			   &(struct report_plot_spec){
				   .key = "memory_by_owner",
				   .title = "Memory by owner over time",
				   .says = says,
				   .kind = REPORT_PLOT_AREAS,
				   .x = { .key = "time_ns", .label = "time", .unit = REPORT_TIME },
				   .y = { .key = "bytes", .label = "in use", .unit = REPORT_BYTES },
				   .columns = report_page_columns(page),
			   });
	for (size_t i = 0; i < page->compare->sides.nr; i++) {
		struct report_panel *panel = report_page_panel(page, plot, i, NULL, true);

		for (size_t k = 0; k < ARRAY_SIZE(groups); k++)
			add_group(panel, page->histories[i], &groups[k]);
	}
	for (size_t i = 0; i < page->compare->sides.nr; i++) {
		report_page_side(page, i);
		report_plot_table(plot, replay_report_owners(page->report, &page->facts[i]));
		report_page_side_end(page);
	}
	report_end(page->report);
}

void report_page_free(struct report_page *page)
{
	const struct replay_tally *tally = replay_tally(page->facts[0].replay);
	char says[240], end[FMT_BUF], least[FMT_BUF];
	struct report_plot *plot;

	snprintf(says, sizeof(says),
		 "Of the memory that is free, the share in blocks of each order: bright at the top is "
		 "memory in large pieces, bright below in small ones; %s are free at the end, %s at "
		 "the least.",
		 fmt_size(end, tally->all.free_end << KERNEL_PAGE_SHIFT),
		 fmt_size(least, tally->all.free_min << KERNEL_PAGE_SHIFT));
	report_begin(page->report, "free", "Free memory by order");
	plot = report_plot(page->report,
			   &(struct report_plot_spec){
				   .key = "free_by_order",
				   .title = "Free memory by order over time",
				   .says = says,
				   .kind = REPORT_PLOT_HEAT,
				   .x = { .key = "time_ns", .label = "time", .unit = REPORT_TIME },
				   .y = { .key = "order", .label = "order", .unit = REPORT_NUMBER },
				   .z = { .key = "share", .label = "of free memory",
					  .unit = REPORT_PERCENT, .high = 100000 },
				   .columns = report_page_columns(page),
			   });
	for (size_t i = 0; i < page->compare->sides.nr; i++)
		add_free_grid(report_page_panel(page, plot, i, NULL, true), page->histories[i]);
	for (size_t i = 0; i < page->compare->sides.nr; i++) {
		report_page_side(page, i);
		report_plot_table(plot, replay_report_zones(page->report, &page->facts[i]));
		report_page_side_end(page);
	}
	report_end(page->report);
}

void report_page_indices(struct report_page *page)
{
	const struct replay_zone *zone = replay_largest_zone(replay_tally(page->facts[0].replay));
	const struct replay_index *unusable = zone ? &zone->unusable[9] : NULL;
	char says[240], more[240], time[FMT_BUF];

	if (!zone)
		return;
	fmt_time(time, unusable->worst_time > page->start ? unusable->worst_time - page->start : 0);
	snprintf(says, sizeof(says),
		 "The share of free memory that a request of the order could not use; for a huge "
		 "page (order 9) in zone %s it is %.3f at the end, at worst %.3f after %s s.",
		 zone_type_name(zone->type), unusable->end / 1000.0, unusable->worst / 1000.0,
		 time);
	snprintf(more, sizeof(more),
		 "Why a request of the order would fail: -1 it would not, towards 0 for lack of "
		 "memory, towards 1 for fragmentation; order 9 in zone %s: at worst %.3f.",
		 zone_type_name(zone->type), zone->extfrag[9].worst / 1000.0);
	report_begin(page->report, "indices", "Fragmentation");
	add_index_picture(page, &(struct index_picture){
					.key = "unusable_free_index",
					.title = "unusable_free_index by order over time",
					.says = says,
					.metric = METRIC_UNUSABLE,
					.low = 0,
					.high = 1000,
				});
	add_index_picture(page, &(struct index_picture){
					.key = "extfrag_index",
					.title = "extfrag_index by order over time",
					.says = more,
					.metric = METRIC_EXTFRAG,
					.low = -1000,
					.high = 1000,
				});
	report_end(page->report);
}

void report_page_failures(struct report_page *page)
{
	struct report_plot *plot;

	if (!any_failures(page)) {
		report_begin(page->report, "failed", "Failures");
		report_say(page->report, "No request failed, here or when recorded.");
		report_end(page->report);
		return;
	}
	report_begin(page->report, "failed", "Failures");
	plot = report_plot(page->report,
			   &(struct report_plot_spec){
				   .key = "failures_over_time",
				   .title = "Failures over time",
				   .says = "Requests that failed so far, by reason; those that failed "
					   "when recorded only are counted beside.",
				   .kind = REPORT_PLOT_LINES,
				   .x = { .key = "time_ns", .label = "time", .unit = REPORT_TIME },
				   .y = { .key = "count", .label = "requests",
					  .unit = REPORT_COUNT },
				   .columns = report_page_columns(page),
				   .steps = true,
			   });
	for (size_t i = 0; i < page->compare->sides.nr; i++)
		add_failure_series(report_page_panel(page, plot, i, NULL, true),
				   page->histories[i]);
	for (size_t i = 0; i < page->compare->sides.nr; i++) {
		struct report_table *table;

		report_page_side(page, i);
		table = replay_report_failures(page->report, &page->facts[i]);
		if (table)
			report_plot_table(plot, table);
		report_page_side_end(page);
	}
	report_end(page->report);
}

/*
 * A bucket's first, extreme and last values, at the times of its first look, between, and of its
 * last: nothing that rose or fell is lost.
 */
static void add_cells(struct points *points, const struct replay_history *history,
		      const struct grid_cell *cells, uint64_t factor)
{
	vec_reset(points);
	for (uint32_t i = 0; i < replay_history_nr_buckets(history); i++) {
		const struct grid_bucket *bucket = replay_history_bucket(history, i);
		const struct grid_cell *cell = &cells[i];
		uint64_t third = (bucket->last - bucket->first) / 3;
		const struct series_point four[] = {
			{ bucket->first, cell->first },
			{ bucket->first + third, cell->min },
			{ bucket->first + 2 * third, cell->max },
			{ bucket->last, cell->last },
		};

		if (!bucket->nr || cell->min > cell->max)
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(four); k++) {
			struct series_point point = four[k];

			point.value *= (int64_t)factor;
			if (!points->nr || bucket->last > bucket->first || k == 3)
				vec_push(points, point);
		}
	}
}

/* The owners of a group are looked at together, so their points have the same times. */
static void add_group(struct report_panel *panel, const struct replay_history *history,
		      const struct owner_group *group)
{
	struct points sum = { 0 }, points = { 0 };
	bool any = false;

	for (unsigned int owner = 0; owner < OWNER_NR; owner++) {
		const struct grid_cell *cells = replay_history_series(
			history, METRIC_OWNER, owner,
			(struct metric_place){ .scope = SCOPE_MACHINE });

		if (!cells || !(group->owners & 1U << owner))
			continue;
		add_cells(&points, history, cells, KERNEL_PAGE_SIZE);
		vec_extend_zeroed(&sum, points.nr);
		for (size_t i = 0; i < points.nr; i++) {
			sum.items[i].time = points.items[i].time;
			sum.items[i].value += points.items[i].value;
			any |= sum.items[i].value != 0;
		}
	}
	if (any)
		report_series(panel,
			      &(struct report_series){ .key = group->name, .color = group->color },
			      sum.items, sum.nr);
	vec_deinit(&points);
	vec_deinit(&sum);
}

/* What was last seen in a span of time holds until something else is. */
static void add_free_grid(struct report_panel *panel, const struct replay_history *history)
{
	uint32_t nr = replay_history_nr_buckets(history);
	uint64_t start, width;
	int64_t *values;

	if (!nr)
		return;
	start = replay_history_bucket(history, 0)->start;
	width = bucket_width(history, replay_history_bucket(history, nr - 1)->last);
	values = xcalloc((size_t)nr * KERNEL_NR_ORDERS, sizeof(*values));
	for (uint32_t i = 0; i < nr; i++) {
		if (replay_history_bucket(history, i)->nr || !i)
			free_shares(history, i, values + i, nr);
		else
			for (size_t order = 0; order < KERNEL_NR_ORDERS; order++)
				values[order * nr + i] = values[order * nr + i - 1];
	}
	report_grid(panel, &(struct report_series){ .key = "free" },
		    &(struct report_grid){
			    .columns = nr,
			    .rows = KERNEL_NR_ORDERS,
			    .x_from = start,
			    .x_to = start + width * nr,
			    .y_from = 0,
			    .y_to = KERNEL_NR_ORDERS,
			    .values = values,
		    });
	free(values);
}

/* Of all free memory, what lies in blocks of each order: a column of the grid, "step" apart. */
static void free_shares(const struct replay_history *history, uint32_t bucket, int64_t *values,
			size_t step)
{
	uint64_t pages[KERNEL_NR_ORDERS] = { 0 }, all = 0;

	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++) {
		const struct grid_cell *cells = replay_history_series(
			history, METRIC_FREE_BLOCKS, 0,
			(struct metric_place){ .scope = SCOPE_ORDER, .order = order });

		if (cells)
			pages[order] = (uint64_t)cells[bucket].last << order;
		all += pages[order];
	}
	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++)
		values[order * step] =
			all ? (int64_t)(pages[order] * 100000 / all) : REPORT_CELL_NONE;
}

static uint64_t bucket_width(const struct replay_history *history, uint64_t end)
{
	uint64_t start = replay_history_bucket(history, 0)->start;

	if (replay_history_nr_buckets(history) > 1)
		return replay_history_bucket(history, 1)->start - start;
	return MAX(end - start, (uint64_t)1);
}

static void add_index_picture(struct report_page *page, const struct index_picture *picture)
{
	struct report_plot *plot = report_plot(
		page->report,
		&(struct report_plot_spec){
			.key = picture->key,
			.title = picture->title,
			.says = picture->says,
			.kind = REPORT_PLOT_LINES,
			.x = { .key = "time_ns", .label = "time", .unit = REPORT_TIME },
			.y = { .key = "index", .label = "index", .unit = REPORT_RATIO,
			       .low = picture->low, .high = picture->high },
			.columns = report_page_columns(page),
			.steps = true,
		});

	for (size_t i = 0; i < page->compare->sides.nr; i++) {
		const struct replay_tally *tally = replay_tally(page->facts[i].replay);
		uint64_t total = page_total(machine_pages(replay_machine(page->facts[i].replay)));

		for (unsigned int zone = 0; zone < tally->zones.nr; zone++)
			if (tally->zones.items[zone].managed * 100 >= total * SMALL_ZONE_PERCENT)
				add_index_panel(page, plot, i, zone, picture);
	}
	if (picture->metric == METRIC_UNUSABLE)
		index_tables(page, plot);
}

static void add_index_panel(struct report_page *page, struct report_plot *plot, size_t side,
			    unsigned int zone, const struct index_picture *picture)
{
	static const unsigned int orders[] = { 1, 2, 3, 4, 6, 8, 9, 10 };
	const struct replay_history *history = page->histories[side];
	const struct replay_zone *z =
		&replay_tally(page->facts[side].replay)->zones.items[zone];
	struct points points = { 0 };
	struct report_panel *panel;
	char name[64];

	snprintf(name, sizeof(name), "node%d %s", z->node, zone_type_name(z->type));
	panel = report_page_panel(page, plot, side, name, true);
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		const struct grid_cell *cells = replay_history_series(
			history, picture->metric, 0,
			(struct metric_place){ SCOPE_ZONE_ORDER, zone, orders[i] });

		if (!cells)
			continue;
		add_cells(&points, history, cells, 1);
		snprintf(name, sizeof(name), "order %u", orders[i]);
		report_series(panel,
			      &(struct report_series){ .key = name, .color = REPORT_COLOR_RAMP },
			      points.items, points.nr);
	}
	vec_deinit(&points);
}

static void index_tables(struct report_page *page, struct report_plot *plot)
{
	for (size_t i = 0; i < page->compare->sides.nr; i++) {
		report_page_side(page, i);
		vec_foreach(&replay_tally(page->facts[i].replay)->zones, zone)
			report_plot_table(plot, replay_report_indices(page->report,
								      &page->facts[i], zone));
		report_page_side_end(page);
	}
}

static bool any_failures(const struct report_page *page)
{
	for (size_t i = 0; i < page->compare->sides.nr; i++)
		if (replay_history_nr_failures(page->histories[i]))
			return true;
	return false;
}

static void add_failure_series(struct report_panel *panel, const struct replay_history *history)
{
	const struct metric_place place = { .scope = SCOPE_MACHINE };
	struct points points = { 0 };

	for (unsigned int reason = 0; reason < MM_FAIL_NR; reason++) {
		/* The first stands for those that did not fail here. */
		const struct grid_cell *cells =
			reason == MM_FAIL_NONE ?
				replay_history_series(history, METRIC_RECOVERED, 0, place) :
				replay_history_series(history, METRIC_FAILURES_OF, reason, place);
		const char *name = reason == MM_FAIL_NONE ?
					   "when recorded only" :
					   mm_failure_name((enum mm_failure)reason);

		if (!cells)
			continue;
		add_cells(&points, history, cells, 1);
		if (!points.nr || !points.items[points.nr - 1].value)
			continue;
		report_series(panel,
			      &(struct report_series){
				      .key = name,
				      .color = reason == MM_FAIL_NONE ? REPORT_COLOR_UNKNOWN
								      : REPORT_COLOR_AUTO },
			      points.items, points.nr);
	}
	vec_deinit(&points);
}
