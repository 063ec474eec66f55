/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slab caches as rows of numbers: collected, sorted, added up. */
#include <config.h>

#include "kmreplay/replay/slab_usage.h"

#include "kmreplay/replay/replay.h"

#include <stdlib.h>
#include <string.h>

static const struct slab_column_info infos[SLAB_COL_NR] = {
#define X(suffix, name, key, unit, kind, value, help)                                         \
	[SLAB_COL_##suffix] = { name, key, METRIC_##unit, METRIC_##kind, help },
	SLAB_COLUMNS(X)
#undef X
};

static int64_t slab_ratio(uint64_t part, uint64_t all);
static uint64_t slab_alloc_fast(const struct slab_cache_stats *s);
static uint64_t slab_free_slow(const struct slab_cache_stats *s);
static void rank_names(struct slab_usage *usage);
static int by_name(const void *a, const void *b);
static uint64_t sort_value(const void *table, uint32_t row, unsigned int column);
static void spread_add(struct slab_spread *spread, uint64_t value, uint64_t weight, uint64_t *nr);

const struct slab_column_info *slab_column_info(enum slab_column column)
{
	return &infos[column];
}

int64_t slab_column_value(const struct slab_cache_stats *s, enum slab_column column)
{
	switch (column) {
#define X(suffix, name, key, unit, kind, value, help)                                         \
	case SLAB_COL_##suffix:                                                               \
		return (int64_t)(value);
	SLAB_COLUMNS(X)
#undef X
	case SLAB_COL_NR:
		break;
	}
	return METRIC_VOID;
}

void slab_usage_init(struct slab_usage *usage, const struct replay *r,
		     const struct slab_allocator *slab)
{
	*usage = (struct slab_usage){ 0 };
	for (uint32_t id = 0; id < slab_nr_caches(slab); id++) {
		struct slab_usage_row row = { .id = id };
		struct str name;

		if (!slab_cache_get_stats(slab, id, &row.stats) ||
		    !(row.stats.nr_slabs || row.stats.counters.allocs || row.stats.counters.frees))
			continue;
		str_init(&name);
		replay_cache_name(r, id, &name);
		row.name = xstrdup(str_text(&name));
		str_deinit(&name);
		vec_push(&usage->rows, row);
	}
	rank_names(usage);
}

void slab_usage_deinit(struct slab_usage *usage)
{
	vec_foreach(&usage->rows, row)
		free(row->name);
	vec_deinit(&usage->rows);
}

void slab_usage_filter(struct slab_usage *usage, bool (*wanted)(const void *ctx, const char *name),
		       const void *ctx)
{
	size_t kept = 0;

	vec_foreach(&usage->rows, row) {
		if (wanted(ctx, row->name))
			usage->rows.items[kept++] = *row;
		else
			free(row->name);
	}
	usage->rows.nr = kept;
}

void slab_usage_sort(struct slab_usage *usage, const struct topk_key *keys, size_t nr_keys)
{
	const struct topk_table table = {
		.rows = usage,
		.value = sort_value,
		.nr = (uint32_t)usage->rows.nr,
	};
	struct slab_usage sorted = { 0 };
	uint32_t *order;

	if (!usage->rows.nr)
		return;
	order = xcalloc(usage->rows.nr, sizeof(*order));
	topk_sort(&table, keys, nr_keys, order);
	vec_reserve(&sorted.rows, usage->rows.nr);
	for (size_t i = 0; i < usage->rows.nr; i++)
		vec_push(&sorted.rows, usage->rows.items[order[i]]);
	free(order);
	vec_deinit(&usage->rows);
	*usage = sorted;
}

void slab_usage_total(const struct slab_usage *usage, struct slab_cache_stats *total)
{
	*total = (struct slab_cache_stats){ .name = "" };
	vec_foreach(&usage->rows, row)
		slab_cache_stats_add(total, &row->stats);
}

void slab_usage_spread(const struct slab_usage *usage, enum slab_column column,
		       struct slab_spread *spread)
{
	uint64_t nr = 0;

	*spread = (struct slab_spread){ 0 };
	vec_foreach(&usage->rows, row)
		if (row->stats.nr_slabs)
			spread_add(spread, (uint64_t)slab_column_value(&row->stats, column), 1,
				   &nr);
	spread->average = nr ? spread->total / nr : 0;
}

void slab_usage_object_spread(const struct slab_usage *usage, enum slab_column column,
			      struct slab_spread *spread)
{
	uint64_t nr = 0;

	*spread = (struct slab_spread){ 0 };
	vec_foreach(&usage->rows, row)
		if (row->stats.live_objs)
			spread_add(spread, (uint64_t)slab_column_value(&row->stats, column),
				   row->stats.live_objs, &nr);
	spread->average = nr ? spread->total / nr : 0;
}

static void spread_add(struct slab_spread *spread, uint64_t value, uint64_t weight, uint64_t *nr)
{
	spread->least = *nr ? MIN(spread->least, value) : value;
	spread->most = MAX(spread->most, value);
	spread->total += value * weight;
	*nr += weight;
}

/* Thousandths. */
static int64_t slab_ratio(uint64_t part, uint64_t all)
{
	return all ? (int64_t)((__extension__(unsigned __int128) part) * 1000 / all) : METRIC_VOID;
}

/* Requests that failed were in the slow path, too, and are no allocations. */
static uint64_t slab_alloc_fast(const struct slab_cache_stats *s)
{
	uint64_t slow = s->counters.alloc_slowpath - s->counters.alloc_failed;

	return s->counters.allocs - MIN(slow, s->counters.allocs);
}

/* Objects that a full sheaf gives back were freed before, to the sheaf. */
static uint64_t slab_free_slow(const struct slab_cache_stats *s)
{
	uint64_t slow = s->counters.free_slow_objects;

	slow -= MIN(slow, s->counters.sheaf_flush);
	return MIN(slow, s->counters.frees);
}

static void rank_names(struct slab_usage *usage)
{
	struct vec(struct slab_usage_row *) order = { 0 };

	vec_foreach(&usage->rows, row)
		vec_push(&order, row);
	if (order.nr)
		qsort(order.items, order.nr, sizeof(*order.items), by_name);
	for (size_t i = 0; i < order.nr; i++)
		order.items[i]->rank = (uint32_t)i;
	vec_deinit(&order);
}

static int by_name(const void *a, const void *b)
{
	const struct slab_usage_row *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return order ? order : (*x)->id > (*y)->id ? 1 : -1;
}

/* Largest first is what is sorted by, so names count downwards; what is void is least. */
static uint64_t sort_value(const void *table, uint32_t row, unsigned int column)
{
	const struct slab_usage *usage = table;
	int64_t value;

	if (column == SLAB_COL_NR)
		return UINT32_MAX - usage->rows.items[row].rank;
	value = slab_column_value(&usage->rows.items[row].stats, (enum slab_column)column);
	return value == METRIC_VOID ? 0 : (uint64_t)value;
}
