/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A replay over time, in bounded memory: series of metrics, maps of memory, failures. */
#include <config.h>

#include "history_internal.h"
#include "replay_internal.h"

#include "kmreplay/mm/zone.h"

#include <stdlib.h>

enum {
	DEFAULT_BUCKETS = 512,
	MIN_BUCKETS = 32,
	DEFAULT_COLUMNS = 96,
	DEFAULT_FAILURES = 2048,
	LOOKS = 1024,             /* at a recording, as far as its length is known */
	UNKNOWN_EVERY = 1024,     /* events between two looks, where it is not */
	SERIES_BYTES = 8 << 20,
};

struct replay_history {
	struct replay_history_options options;
	struct replay *r;
	struct replay_metrics *metrics;
	struct grid grid;
	uint32_t first[SCOPE_NR][METRIC_NR]; /* number of a metric's first series */
	struct history_map map;
	struct history_failures failures;
};

/* What is done for each series, in the order of their numbers. */
typedef void series_fn(struct replay_history *h, uint32_t series, enum replay_metric metric,
		       unsigned int member, struct metric_place place);

static uint64_t look_every(const struct replay *r);
static uint32_t number_series(struct replay_history *h);
static void each_series(struct replay_history *h, series_fn *fn);
static void each_of(struct replay_history *h, enum replay_metric metric,
		    struct metric_place place, uint32_t series, series_fn *fn);
static unsigned int nr_orders(enum metric_scope scope);
static unsigned int nr_indices(const struct replay_history *h, enum metric_scope scope);
static void put_series(struct replay_history *h, uint32_t series, enum replay_metric metric,
		       unsigned int member, struct metric_place place);
static void find_largest_zone(struct replay_history *h);
static void look(void *ctx, const struct replay_moment *moment);
static void failed(void *ctx, const struct replay_failure *failure, const struct event *ev);

struct replay_history *replay_history_create(const struct replay_history_options *options)
{
	struct replay_history *h = xcalloc(1, sizeof(*h));

	if (options)
		h->options = *options;
	if (!h->options.buckets)
		h->options.buckets = DEFAULT_BUCKETS;
	if (!h->options.columns)
		h->options.columns = DEFAULT_COLUMNS;
	if (!h->options.failures)
		h->options.failures = DEFAULT_FAILURES;
	history_failures_init(&h->failures, h->options.failures);
	return h;
}

void replay_history_destroy(struct replay_history *h)
{
	if (!h)
		return;
	replay_metrics_destroy(h->metrics);
	grid_deinit(&h->grid);
	history_map_deinit(&h->map);
	history_failures_deinit(&h->failures);
	free(h);
}

void replay_history_attach(struct replay_history *h, struct replay *r)
{
	const struct replay_probe probe = {
		.every_events = look_every(r),
		.look = look,
		.failed = failed,
		.ctx = h,
	};
	uint32_t nr, fits;

	BUG_ON(h->r);
	h->r = r;
	h->metrics = replay_metrics_create(r);
	nr = number_series(h);
	fits = (uint32_t)(SERIES_BYTES / (nr * sizeof(struct grid_cell)));
	grid_init(&h->grid, nr, MIN(h->options.buckets, MAX(fits, (uint32_t)MIN_BUCKETS)));
	find_largest_zone(h);
	if (r->blocks)
		history_map_init(&h->map, h->options.columns, blocks_rows(r->blocks),
				 blocks_nr_rows(r->blocks));
	replay_attach(r, &probe);
}

uint32_t replay_history_nr_buckets(const struct replay_history *h)
{
	return h->grid.nr;
}

const struct grid_bucket *replay_history_bucket(const struct replay_history *h, uint32_t i)
{
	return &h->grid.buckets[i];
}

const struct grid_cell *replay_history_series(const struct replay_history *h,
					      enum replay_metric metric, unsigned int member,
					      struct metric_place place)
{
	const struct replay_metric_info *info = replay_metric_info(metric);
	unsigned int first, end = replay_metric_members(metric, &first);
	uint32_t row;

	if (!info->history || !(info->scopes & 1U << place.scope) || member < first ||
	    member >= end || place.order >= nr_orders(place.scope) ||
	    place.index >= nr_indices(h, place.scope))
		return NULL;
	row = place.index * nr_orders(place.scope) + place.order;
	return grid_cells(&h->grid, h->first[place.scope][metric] + row * (end - first) +
					    (member - first));
}

size_t replay_history_nr_failures(const struct replay_history *h)
{
	return h->failures.rows.nr;
}

const struct replay_history_failure *replay_history_failure(const struct replay_history *h,
							    size_t i)
{
	return &h->failures.rows.items[i];
}

uint64_t replay_history_failure_width(const struct replay_history *h)
{
	return h->failures.width;
}

unsigned int replay_history_nr_rows(const struct replay_history *h)
{
	return h->map.nr_rows;
}

const struct replay_history_row *replay_history_row(const struct replay_history *h, unsigned int i)
{
	return &h->map.rows[i];
}

unsigned int replay_history_nr_columns(const struct replay_history *h)
{
	return (unsigned int)h->map.columns.nr;
}

const struct replay_history_column *replay_history_column(const struct replay_history *h,
							  unsigned int i)
{
	return &h->map.columns.items[i].info;
}

uint64_t replay_history_column_width(const struct replay_history *h)
{
	return h->map.width;
}

struct replay_history_worst replay_history_worst(const struct replay_history *h)
{
	return h->map.worst_of;
}

static uint64_t look_every(const struct replay *r)
{
	if (!r->survey || !r->survey->nr_events)
		return UNKNOWN_EVERY;
	return MAX(r->survey->nr_events / LOOKS, (uint64_t)1);
}

/* Returns how many there are. */
static uint32_t number_series(struct replay_history *h)
{
	uint32_t nr = 0;

	for (unsigned int scope = 0; scope < SCOPE_NR; scope++) {
		for (unsigned int metric = 0; metric < METRIC_NR; metric++) {
			const struct replay_metric_info *info =
				replay_metric_info((enum replay_metric)metric);
			unsigned int first, end =
				replay_metric_members((enum replay_metric)metric, &first);

			if (!info->history || !(info->scopes & 1U << scope))
				continue;
			h->first[scope][metric] = nr;
			nr += (end - first) * nr_orders((enum metric_scope)scope) *
			      nr_indices(h, (enum metric_scope)scope);
		}
	}
	return nr;
}

static void each_series(struct replay_history *h, series_fn *fn)
{
	for (unsigned int scope = 0; scope < SCOPE_NR; scope++) {
		for (unsigned int metric = 0; metric < METRIC_NR; metric++) {
			const struct replay_metric_info *info =
				replay_metric_info((enum replay_metric)metric);
			struct metric_place place = { .scope = (enum metric_scope)scope };

			if (info->history && info->scopes & 1U << scope)
				each_of(h, (enum replay_metric)metric, place,
					h->first[scope][metric], fn);
		}
	}
}

static void each_of(struct replay_history *h, enum replay_metric metric,
		    struct metric_place place, uint32_t series, series_fn *fn)
{
	unsigned int first, end = replay_metric_members(metric, &first);

	for (place.index = 0; place.index < nr_indices(h, place.scope); place.index++) {
		for (place.order = 0; place.order < nr_orders(place.scope); place.order++) {
			for (unsigned int member = first; member < end; member++)
				fn(h, series++, metric, member, place);
		}
	}
}

static unsigned int nr_orders(enum metric_scope scope)
{
	return scope == SCOPE_ORDER || scope == SCOPE_ZONE_ORDER ? KERNEL_NR_ORDERS : 1;
}

static unsigned int nr_indices(const struct replay_history *h, enum metric_scope scope)
{
	return scope == SCOPE_ORDER ? 1 : replay_metrics_rows(h->metrics, scope);
}

static void put_series(struct replay_history *h, uint32_t series, enum replay_metric metric,
		       unsigned int member, struct metric_place place)
{
	static_assert(GRID_VOID == METRIC_VOID, "no value is no value");
	grid_put(&h->grid, series, replay_metrics_get(h->metrics, metric, member, place));
}

static void find_largest_zone(struct replay_history *h)
{
	const struct page_allocator *pa = machine_pages(h->r->machine);
	struct replay_history_worst *worst = &h->map.worst_of;
	uint64_t managed = 0;

	worst->order = RUN_2M_ORDER;
	for (unsigned int i = 0; i < zone_count(pa); i++) {
		struct zone_info info;

		zone_info(pa, i, &info);
		if (info.managed <= managed)
			continue;
		managed = info.managed;
		worst->zone = i;
	}
}

static void look(void *ctx, const struct replay_moment *moment)
{
	struct replay_history *h = ctx;
	const struct replay_history_worst *worst = &h->map.worst_of;
	int64_t unusable;

	replay_metrics_take(h->metrics, true);
	grid_look(&h->grid, moment->time);
	each_series(h, put_series);
	if (!h->r->blocks)
		return;
	unusable = replay_metrics_get(h->metrics, METRIC_UNUSABLE, 0,
				      (struct metric_place){ SCOPE_ZONE_ORDER, worst->zone,
							     worst->order });
	history_map_look(&h->map, moment, blocks_cells(h->r->blocks), (int32_t)unusable);
}

static void failed(void *ctx, const struct replay_failure *failure, const struct event *ev UNUSED)
{
	struct replay_history *h = ctx;

	history_failures_add(&h->failures, failure);
}
