/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the simulated machine's files compare with the kernel's own. */
#include <config.h>

#include "verify_report.h"

#include "kmreplay/core/xalloc.h"

#include <stdlib.h>
#include <string.h>

static void add_truth(struct report *report, const struct verify_facts *facts, size_t i);
static void add_result(struct report_table *table, const struct verify_facts *facts, size_t i,
		       enum verify_layer layer, enum verify_mode mode);
static void add_caches(struct report *report, const struct verify_facts *facts, size_t i);
static void add_cache(struct report_table *table, enum verify_mode mode,
		      const struct verify_truth_cache *cache);
static int by_difference(const void *a, const void *b);
static uint64_t difference(const struct verify_truth_cache *cache, bool slabs);

void verify_report_truths(struct report *report, const struct verify_facts *facts)
{
	for (size_t i = 0; i < verify_run_nr_truths(facts->run); i++)
		add_truth(report, facts, i);
	for (size_t i = 0; i < verify_run_nr_truths(facts->run); i++)
		add_caches(report, facts, i);
}

static void add_truth(struct report *report, const struct verify_facts *facts, size_t i)
{
	static const struct report_column columns[] = {
		{ "file", "file", REPORT_TEXT, 0 },
		{ "field", "field", REPORT_TEXT, 0 },
		{ "mode", "mode", REPORT_TEXT, 0 },
		{ "share", "equal", REPORT_SHARE, 0 },
		{ "equal", "count", REPORT_COUNT, 0 },
		{ "all", "of", REPORT_COUNT, 0 },
		{ "ours_sum", "sum here", REPORT_COUNT, 0 },
		{ "kernel_sum", "kernel's", REPORT_COUNT, 0 },
		{ "event", "at event", REPORT_NUMBER, 0 },
		{ "first_different", "first that differs", REPORT_TEXT, 0 },
	};
	const char *label = verify_truth_label(verify_run_truth_at(facts->run, i));
	char *key = xasprintf("truth_%s", label);
	char *title = xasprintf("The kernel's own files: %s", label);
	struct report_table *table = report_table(report, key, title, columns,
						  ARRAY_SIZE(columns));

	for (unsigned int layer = 0; layer < VERIFY_LAYER_NR; layer++)
		for (unsigned int mode = 0; mode < VERIFY_MODE_NR; mode++)
			add_result(table, facts, i, (enum verify_layer)layer,
				   (enum verify_mode)mode);
	free(title);
	free(key);
}

static void add_result(struct report_table *table, const struct verify_facts *facts, size_t i,
		       enum verify_layer layer, enum verify_mode mode)
{
	const struct verify_truth_result *result = verify_run_truth(facts->run, layer, mode, i);

	if (!result)
		return;
	vec_foreach(&result->rows, row) {
		const enum verify_file file = (enum verify_file)row->file;

		report_row(table,
			   (struct report_value[]){
				   report_str(verify_file_name(file)),
				   report_str(row->key),
				   report_str(verify_mode_name(mode)),
				   report_percent_of(row->equal, row->nr),
				   report_u64(row->equal),
				   report_u64(row->nr),
				   row->has_sums ? report_i64(row->ours) : report_none(),
				   row->has_sums ? report_i64(row->kernel) : report_none(),
				   report_u64(verify_truth_moment(
					   verify_run_truth_at(facts->run, i), file)),
				   row->first.len ? report_str(str_text(&row->first)) :
				   row->given ? report_str("(taken as given, so not judged)") :
						report_none(),
			   });
	}
}

/* Caches that are not equal, by how many pages that makes, then by objects and lists. */
static void add_caches(struct report *report, const struct verify_facts *facts, size_t i)
{
	struct report_column columns[5 + VERIFY_CACHE_NR] = {
		{ "cache", "cache", REPORT_TEXT, 0 },
		{ "mode", "mode", REPORT_TEXT, 0 },
		{ "touched", "touched", REPORT_BOOL, 0 },
		{ "kernel_slabs", "kernel's slabs", REPORT_COUNT, 0 },
		{ "pages", "pages", REPORT_COUNT, 0 },
	};
	const char *label = verify_truth_label(verify_run_truth_at(facts->run, i));
	CLEANUP(cleanup_free) char *key = xasprintf("caches_%s", label);
	CLEANUP(cleanup_free) char *title =
		xasprintf("Slab caches that are not as the kernel had them, %s: here more (-: less)",
			  label);
	struct report_table *table;

	for (unsigned int field = 0; field < VERIFY_CACHE_NR; field++)
		columns[5 + field] = (struct report_column){
			verify_cache_field_key((enum verify_cache_field)field),
			verify_cache_field_label((enum verify_cache_field)field), REPORT_COUNT, 0
		};
	table = report_table(report, key, title, columns, ARRAY_SIZE(columns));
	report_limit(table, facts->options->lines);
	for (unsigned int mode = 0; mode < VERIFY_MODE_NR; mode++) {
		const struct verify_truth_result *result = verify_run_truth(
			facts->run, VERIFY_SLAB, (enum verify_mode)mode, i);
		struct vec(const struct verify_truth_cache *) list = { 0 };

		for (size_t at = 0; result && at < result->caches.nr; at++) {
			const struct verify_truth_cache *cache = &result->caches.items[at];

			if (difference(cache, true) || difference(cache, false))
				vec_push(&list, cache);
		}
		if (list.nr)
			qsort(list.items, list.nr, sizeof(*list.items), by_difference);
		vec_foreach(&list, cache)
			add_cache(table, (enum verify_mode)mode, *cache);
		vec_deinit(&list);
	}
}

static void add_cache(struct report_table *table, enum verify_mode mode,
		      const struct verify_truth_cache *cache)
{
	const int64_t more = (int64_t)(cache->ours[VERIFY_CACHE_SLABS] -
				       cache->kernel[VERIFY_CACHE_SLABS]);
	const bool has_slabs = cache->has & 1U << VERIFY_CACHE_SLABS;
	struct report_value values[5 + VERIFY_CACHE_NR] = {
		report_str(cache->name),
		report_str(verify_mode_name(mode)),
		report_truth(cache->touched),
		has_slabs ? report_u64(cache->kernel[VERIFY_CACHE_SLABS]) : report_none(),
		has_slabs ? report_i64(more * (int64_t)cache->pages) : report_none(),
	};

	for (unsigned int field = 0; field < VERIFY_CACHE_NR; field++)
		values[5 + field] = cache->has & 1U << field ?
					    report_i64((int64_t)(cache->ours[field] -
								 cache->kernel[field])) :
					    report_none();
	report_row(table, values);
}

static int by_difference(const void *a, const void *b)
{
	const struct verify_truth_cache *const *x = a, *const *y = b;

	for (int slabs = 1; slabs >= 0; slabs--) {
		const uint64_t one = difference(*x, slabs), other = difference(*y, slabs);

		if (one != other)
			return one > other ? -1 : 1;
	}
	return strcmp((*x)->name, (*y)->name);
}

/* In pages of slabs, or in all else. */
static uint64_t difference(const struct verify_truth_cache *cache, bool slabs)
{
	uint64_t sum = 0;

	for (unsigned int field = 0; field < VERIFY_CACHE_NR; field++) {
		const uint64_t ours = cache->ours[field], kernel = cache->kernel[field];
		const uint64_t distance = MAX(ours, kernel) - MIN(ours, kernel);

		if (slabs && field == VERIFY_CACHE_SLABS)
			sum += distance * cache->pages;
		else if (!slabs && field != VERIFY_CACHE_SLABS)
			sum += distance;
	}
	return sum;
}
