/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of `replay` about slab caches: what each holds and loses, by which ways it is
 * allocated from and freed to, and how all this is spread over the caches, as "slabinfo -X" tells
 * it.
 */
#include <config.h>

#include "cli_internal.h"
#include "option.h"
#include "replay_report.h"

#include <fnmatch.h>

/* Whose machines people are shown a column of: with cpu slabs, with sheaves (7.0), or both. */
enum { SHOWN_CPU = 1 << 0, SHOWN_SHEAVES = 1 << 1, SHOWN = SHOWN_CPU | SHOWN_SHEAVES };

/* A column of the first table. */
struct usage_column {
	enum slab_column column;
	unsigned int brief, shown; /* without --slabs, and with it */
	const char *title;
};

static const struct usage_column usage_columns[] = {
	{ SLAB_COL_OBJECT_SIZE, SHOWN, SHOWN, "object" },
	{ SLAB_COL_SIZE, SHOWN, SHOWN, "stride" },
	{ SLAB_COL_ORDER, SHOWN, SHOWN, "order" },
	{ SLAB_COL_PER_SLAB, 0, SHOWN, "a slab" },
	{ SLAB_COL_SLABS, SHOWN, SHOWN, "slabs" },
	{ SLAB_COL_PARTIAL, 0, SHOWN, "partial" },
	{ SLAB_COL_CPU_SLABS, 0, SHOWN_CPU, "cpu" },
	{ SLAB_COL_CPU_PARTIAL, 0, SHOWN_CPU, "cpu partial" },
	{ SLAB_COL_OBJECTS, SHOWN, SHOWN, "live" },
	{ SLAB_COL_SHEAVES, 0, SHOWN_SHEAVES, "in sheaves" },
	{ SLAB_COL_ACTIVE, 0, SHOWN, "active" },
	{ SLAB_COL_SLOTS, SHOWN, SHOWN, "slots" },
	{ SLAB_COL_UTIL, 0, SHOWN, "slab_util" },
	{ SLAB_COL_BYTES, SHOWN, SHOWN, "memory" },
	{ SLAB_COL_LOSS, SHOWN, SHOWN, "slab_loss" },
	{ SLAB_COL_LOSS_ALIGN, SHOWN, SHOWN, "align" },
	{ SLAB_COL_LOSS_PADDING, SHOWN, SHOWN, "padding" },
	{ SLAB_COL_LOSS_FREE, SHOWN, SHOWN, "free" },
	{ SLAB_COL_USED, 0, 0, "used" },
	{ SLAB_COL_ALIASES, 0, 0, "aliases" },
};

enum { NR_USAGE = ARRAY_SIZE(usage_columns) };

/* A number of calls in the second table; people see it as a share of another one. */
struct path_column {
	enum slab_column column, whole; /* the same: as it stands */
	unsigned int shown;
	const char *title;
};

static const struct path_column path_columns[] = {
	{ SLAB_COL_ALLOCS, SLAB_COL_ALLOCS, SHOWN, "allocs" },
	{ SLAB_COL_FAST, SLAB_COL_ALLOCS, SHOWN, "fast" },
	{ SLAB_COL_REFILL, SLAB_COL_ALLOCS, SHOWN_CPU, "refill" },
	{ SLAB_COL_FROM_CPU, SLAB_COL_ALLOCS, SHOWN_CPU, "cpu partial" },
	{ SLAB_COL_BARN_GET, SLAB_COL_ALLOCS, SHOWN_SHEAVES, "barn" },
	{ SLAB_COL_SHEAF_REFILL, SLAB_COL_ALLOCS, SHOWN_SHEAVES, "refilled" },
	{ SLAB_COL_FROM_NODE, SLAB_COL_ALLOCS, SHOWN, "node partial" },
	{ SLAB_COL_NEW, SLAB_COL_ALLOCS, SHOWN, "new slab" },
	{ SLAB_COL_FREES, SLAB_COL_FREES, SHOWN, "frees" },
	{ SLAB_COL_FREE_FAST, SLAB_COL_FREES, SHOWN, "fast" },
	{ SLAB_COL_FREE_SLOW, SLAB_COL_FREES, SHOWN, "slow" },
	{ SLAB_COL_REMOTE, SLAB_COL_FREES, SHOWN, "remote" },
	{ SLAB_COL_TO_CPU, SLAB_COL_FREES, SHOWN_CPU, "to partial" },
	{ SLAB_COL_BARN_PUT, SLAB_COL_FREES, SHOWN_SHEAVES, "barn" },
	{ SLAB_COL_SHEAF_FLUSH, SLAB_COL_FREES, SHOWN_SHEAVES, "flushed" },
	{ SLAB_COL_DRAINS, SLAB_COL_DRAINS, SHOWN_CPU, "drains" },
	{ SLAB_COL_GIVEN_BACK, SLAB_COL_GIVEN_BACK, SHOWN, "slabs back" },
	{ SLAB_COL_FAILED, SLAB_COL_NR, 0, NULL },
	{ SLAB_COL_FALLBACKS, SLAB_COL_NR, 0, NULL },
	{ SLAB_COL_FLUSHES, SLAB_COL_NR, 0, NULL },
};

enum { NR_PATHS = ARRAY_SIZE(path_columns) };

static bool wanted(const void *ctx, const char *name);
static bool in_full(const struct replay_facts *facts);
static void usage_row(struct report_table *table, const struct slab_usage_row *row);
static void usage_values(struct report_value *values, const struct slab_cache_stats *stats,
			 bool all);
static unsigned int add_path_columns(struct report_column *columns, unsigned int shown);
static bool has_sheaves(const struct slab_usage *usage);
static void path_row(struct report_table *table, const char *name,
		     const struct slab_cache_stats *stats);
static void path_values(struct report_value *values, const struct slab_cache_stats *stats);
static void spread_row(struct report_table *table, const char *name, enum slab_column column,
		       const struct slab_spread *spread);
static enum report_unit unit_of(enum slab_column column);
static struct report_value value_of(const struct slab_cache_stats *stats, enum slab_column column);

const char *slab_sort_name(unsigned int i)
{
	if (i == SLAB_COL_NR)
		return "name";
	return i < SLAB_COL_NR ? slab_column_info((enum slab_column)i)->name : NULL;
}

void replay_slab_usage(const struct replay_facts *facts, struct slab_usage *usage)
{
	struct vec(struct topk_key) keys = { 0 };

	slab_usage_init(usage, facts->replay, machine_slab(replay_machine(facts->replay)));
	if (facts->caches && facts->caches->words.nr)
		slab_usage_filter(usage, wanted, facts->caches);
	if (in_full(facts))
		vec_foreach(&facts->slab_sort->keys, key)
			vec_push(&keys, ((struct topk_key){
						key->choice,
						key->ascending && key->choice != SLAB_COL_NR }));
	vec_push(&keys, (struct topk_key){ .column = SLAB_COL_LOSS });
	slab_usage_sort(usage, keys.items, keys.nr);
	vec_deinit(&keys);
}

struct report_table *replay_report_caches(struct report *report, const struct replay_facts *facts)
{
	struct report_column columns[NR_USAGE + 1] = { { "cache", "cache", REPORT_TEXT, 0 } };
	struct report_value total[NR_USAGE + 1] = { report_str("all") };
	struct slab_cache_stats stats;
	struct report_table *table;
	struct slab_usage usage;
	unsigned int shown;

	replay_slab_usage(facts, &usage);
	shown = has_sheaves(&usage) ? SHOWN_SHEAVES : SHOWN_CPU;
	for (unsigned int i = 0; i < NR_USAGE; i++) {
		const struct usage_column *column = &usage_columns[i];

		if (!((in_full(facts) ? column->shown : column->brief) & shown))
			columns[i + 1].flags = REPORT_COL_HIDDEN;
		columns[i + 1].key = slab_column_info(column->column)->key;
		columns[i + 1].title = column->title;
		columns[i + 1].unit = unit_of(column->column);
	}
	table = replay_table(report, facts, "caches",
			     in_full(facts) ? "Slab caches, at the end" :
					      "Slab caches by loss, at the end",
			     columns, NR_USAGE + 1);
	report_limit(table, facts->lines);
	vec_foreach(&usage.rows, row)
		usage_row(table, row);
	slab_usage_total(&usage, &stats);
	usage_values(total + 1, &stats, true);
	report_total(table, total);
	slab_usage_deinit(&usage);
	return table;
}

struct report_table *replay_report_slab_paths(struct report *report,
					      const struct replay_facts *facts)
{
	struct report_column columns[2 * NR_PATHS + 1] = { { "cache", "cache", REPORT_TEXT, 0 } };
	struct report_value total[2 * NR_PATHS + 1] = { report_str("all") };
	struct slab_cache_stats stats;
	struct report_table *table;
	struct slab_usage usage;
	unsigned int nr;

	replay_slab_usage(facts, &usage);
	nr = 1 + add_path_columns(columns + 1, has_sheaves(&usage) ? SHOWN_SHEAVES : SHOWN_CPU);
	table = replay_table(report, facts, "slab_paths",
			     "Ways of allocations and frees, by slab cache", columns, nr);
	report_limit(table, facts->lines);
	vec_foreach(&usage.rows, row)
		path_row(table, row->name, &row->stats);
	slab_usage_total(&usage, &stats);
	path_values(total + 1, &stats);
	report_total(table, total);
	slab_usage_deinit(&usage);
	return table;
}

/* "Slabcache Totals" of slabinfo: a cache counts once if it has slabs, an object once. */
struct report_table *replay_report_slab_spread(struct report *report,
					       const struct replay_facts *facts)
{
	static const struct report_column columns[] = {
		{ "name", "of a cache, of an object", REPORT_TEXT, REPORT_COL_KEY },
		{ "average", "average", REPORT_COUNT, 0 },
		{ "least", "least", REPORT_COUNT, 0 },
		{ "most", "most", REPORT_COUNT, 0 },
		{ "total", "total", REPORT_COUNT, 0 },
	};
	static const enum slab_column of_cache[] = {
		SLAB_COL_OBJECTS, SLAB_COL_SLOTS, SLAB_COL_SLABS,	SLAB_COL_PARTIAL,
		SLAB_COL_BYTES,	  SLAB_COL_USED,  SLAB_COL_LOSS,	SLAB_COL_LOSS_ALIGN,
		SLAB_COL_LOSS_PADDING, SLAB_COL_LOSS_FREE,
	};
	struct slab_spread spread, size;
	struct report_table *table;
	struct slab_usage usage;

	replay_slab_usage(facts, &usage);
	table = replay_table(report, facts, "slab_spread",
			     "Slab caches: average, least and most, caches without slabs left out",
			     columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < ARRAY_SIZE(of_cache); i++) {
		slab_usage_spread(&usage, of_cache[i], &spread);
		spread_row(table, slab_column_info(of_cache[i])->key, of_cache[i], &spread);
	}
	slab_usage_object_spread(&usage, SLAB_COL_SIZE, &size);
	spread_row(table, "object_stride", SLAB_COL_SIZE, &size);
	slab_usage_object_spread(&usage, SLAB_COL_OBJECT_SIZE, &spread);
	spread_row(table, "object_size", SLAB_COL_OBJECT_SIZE, &spread);
	slab_usage_deinit(&usage);
	return table;
}

static bool wanted(const void *ctx, const char *name)
{
	const struct option_words *patterns = ctx;

	vec_foreach(&patterns->words, pattern)
		if (!fnmatch(*pattern, name, 0))
			return true;
	return false;
}

static bool in_full(const struct replay_facts *facts)
{
	return facts->slab_sort && facts->slab_sort->keys.nr;
}

static void usage_row(struct report_table *table, const struct slab_usage_row *row)
{
	struct report_value values[NR_USAGE + 1] = { report_str(row->name) };

	usage_values(values + 1, &row->stats, false);
	report_row(table, values);
}

/* "all" caches together have no size and no order. */
static void usage_values(struct report_value *values, const struct slab_cache_stats *stats,
			 bool all)
{
	for (unsigned int i = 0; i < NR_USAGE; i++)
		values[i] = all && usage_columns[i].column <= SLAB_COL_PER_SLAB ?
				    report_none() :
				    value_of(stats, usage_columns[i].column);
}

static bool has_sheaves(const struct slab_usage *usage)
{
	vec_foreach(&usage->rows, row)
		if (row->stats.geometry.sheaf_capacity)
			return true;
	return false;
}

static unsigned int add_path_columns(struct report_column *columns, unsigned int shown)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < NR_PATHS; i++) {
		const struct path_column *path = &path_columns[i];
		const char *key = slab_column_info(path->column)->key;

		columns[nr++] = (struct report_column){
			key, path->title, REPORT_COUNT,
			path->whole == path->column && path->shown & shown ? 0 : REPORT_COL_HIDDEN
		};
		if (path->whole != path->column && path->whole != SLAB_COL_NR)
			columns[nr++] = (struct report_column){
				key, path->title, REPORT_PERCENT,
				REPORT_COL_DERIVED |
					(path->shown & shown ? 0 : REPORT_COL_HIDDEN)
			};
	}
	return nr;
}

static void path_row(struct report_table *table, const char *name,
		     const struct slab_cache_stats *stats)
{
	struct report_value values[2 * NR_PATHS + 1] = { report_str(name) };

	if (!stats->counters.allocs && !stats->counters.frees)
		return;
	path_values(values + 1, stats);
	report_row(table, values);
}

static void path_values(struct report_value *values, const struct slab_cache_stats *stats)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < NR_PATHS; i++) {
		const struct path_column *path = &path_columns[i];
		const int64_t value = slab_column_value(stats, path->column);

		values[nr++] = report_i64(value);
		if (path->whole == path->column || path->whole == SLAB_COL_NR)
			continue;
		values[nr++] = report_percent_of((uint64_t)value,
						 (uint64_t)slab_column_value(stats, path->whole));
	}
}

static void spread_row(struct report_table *table, const char *name, enum slab_column column,
		       const struct slab_spread *spread)
{
	const enum report_unit unit = unit_of(column);

	report_row(table, (struct report_value[]){
				  report_str(name), report_in(unit, report_u64(spread->average)),
				  report_in(unit, report_u64(spread->least)),
				  report_in(unit, report_u64(spread->most)),
				  report_in(unit, report_u64(spread->total)) });
}

static enum report_unit unit_of(enum slab_column column)
{
	switch (slab_column_info(column)->unit) {
	case METRIC_BYTES:
		return REPORT_BYTES;
	case METRIC_RATIO:
		return REPORT_RATIO;
	case METRIC_PAGES:
	case METRIC_COUNT:
	case METRIC_PERCENT:
	case METRIC_NS:
		break;
	}
	return column == SLAB_COL_ORDER ? REPORT_NUMBER : REPORT_COUNT;
}

static struct report_value value_of(const struct slab_cache_stats *stats, enum slab_column column)
{
	const int64_t value = slab_column_value(stats, column);

	return value == METRIC_VOID ? report_none() : report_i64(value);
}
