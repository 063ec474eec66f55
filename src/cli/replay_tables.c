/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The long tables of `replay`: call sites by waste, failures, modelled latency. */
#include <config.h>

#include "account_feed.h"
#include "replay_report.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/str.h"

#include <stdlib.h>

/* A number of the tables by waste, as a share of "whole" if there is one. */
struct waste_column {
	struct report_column column;
	enum account_column value, whole;
};

static const struct waste_column waste_columns[] = {
	{ { "allocs", "allocs", REPORT_COUNT, 0 }, ACCOUNT_COL_ALLOCS, ACCOUNT_COL_NR },
	{ { "live", "live", REPORT_COUNT, 0 }, ACCOUNT_COL_LIVE, ACCOUNT_COL_NR },
	{ { "live_req_bytes", "asked", REPORT_BYTES, REPORT_COL_HIDDEN }, ACCOUNT_COL_LIVE_REQ,
	  ACCOUNT_COL_NR },
	{ { "live_bytes", "live bytes", REPORT_BYTES, 0 }, ACCOUNT_COL_LIVE_BYTES,
	  ACCOUNT_COL_NR },
	{ { "live_waste_bytes", "waste", REPORT_BYTES, 0 }, ACCOUNT_COL_LIVE_WASTE,
	  ACCOUNT_COL_NR },
	{ { "internal_frag_live", "internal_frag", REPORT_RATIO, 0 }, ACCOUNT_COL_LIVE_WASTE,
	  ACCOUNT_COL_LIVE_BYTES },
	{ { "peak_req_bytes", "asked", REPORT_BYTES, REPORT_COL_HIDDEN }, ACCOUNT_COL_PEAK_REQ,
	  ACCOUNT_COL_NR },
	{ { "peak_bytes", "peak", REPORT_BYTES, 0 }, ACCOUNT_COL_PEAK, ACCOUNT_COL_NR },
	{ { "peak_waste_bytes", "waste", REPORT_BYTES, 0 }, ACCOUNT_COL_PEAK_WASTE,
	  ACCOUNT_COL_NR },
	{ { "traffic_req_bytes", "asked", REPORT_BYTES, REPORT_COL_HIDDEN }, ACCOUNT_COL_REQ,
	  ACCOUNT_COL_NR },
	{ { "traffic_bytes", "traffic", REPORT_BYTES, 0 }, ACCOUNT_COL_BYTES, ACCOUNT_COL_NR },
	{ { "traffic_waste_bytes", "waste", REPORT_BYTES, 0 }, ACCOUNT_COL_WASTE,
	  ACCOUNT_COL_NR },
	{ { "internal_frag_traffic", "internal_frag", REPORT_RATIO, 0 }, ACCOUNT_COL_WASTE,
	  ACCOUNT_COL_BYTES },
};

static void waste_row(struct report_table *table, const struct replay_facts *facts,
		      enum account_by by, const struct account_line *line);
static void waste_values(struct report_value *values, const struct account_row *row);
static int by_count(const void *a, const void *b);
static void failure_row(struct report_table *table, const struct replay_facts *facts,
			const struct replay_failure *failure);
static void latency_row(struct report_table *table, const char *name, const struct hist *hist);

/* internal_frag_live and internal_frag_traffic: 1 - asked / given, of what is there and of all. */
struct report_table *replay_report_waste(struct report *report, const struct replay_facts *facts,
					 enum account_by by)
{
	struct report_column columns[1 + ARRAY_SIZE(waste_columns)] = {
		by == ACCOUNT_BY_SITE ?
			(struct report_column){ "site", "call site", REPORT_TEXT, 0 } :
			(struct report_column){ "cache", "cache", REPORT_TEXT, 0 },
	};
	static const struct topk_key order[] = {
		{ .column = ACCOUNT_COL_LIVE_WASTE },
		{ .column = ACCOUNT_COL_WASTE },
		{ .column = ACCOUNT_COL_BYTES },
	};
	struct report_value total[1 + ARRAY_SIZE(waste_columns)] = { report_str("all") };
	bool sites = by == ACCOUNT_BY_SITE;
	struct account_lines lines = { 0 };
	struct report_table *table;

	for (size_t i = 0; i < ARRAY_SIZE(waste_columns); i++)
		columns[i + 1] = waste_columns[i].column;
	account_fold_caches(facts->account, facts->repair);
	account_collect(facts->account, ACCOUNT_OBJECTS, by, &lines);
	account_sort(&lines, order, ARRAY_SIZE(order));
	table = replay_table(report, facts, sites ? "sites" : "cache_waste",
			     sites ? "Call sites by wasted bytes (asked for against given)" :
				     "Caches by wasted bytes (asked for against given)",
			     columns, ARRAY_SIZE(columns));
	report_limit(table, facts->lines);
	for (size_t i = 0; i < lines.nr; i++)
		waste_row(table, facts, by, &lines.items[i]);
	waste_values(total + 1, account_total(facts->account, ACCOUNT_OBJECTS));
	if (lines.nr)
		report_total(table, total);
	vec_deinit(&lines);
	return table;
}

struct report_table *replay_report_failures(struct report *report, const struct replay_facts *facts)
{
	static const struct report_column columns[] = {
		{ "count", "count", REPORT_COUNT, 0 },
		{ "call", "call", REPORT_TEXT, 0 },
		{ "reason", "reason", REPORT_TEXT, 0 },
		{ "order", "order", REPORT_NUMBER, 0 },
		{ "recorded", "recorded", REPORT_TEXT, 0 },
		{ "first_time", "first at", REPORT_TIME, 0 },
		{ "free_bytes", "free then", REPORT_BYTES, 0 },
		{ "gfp", "gfp", REPORT_TEXT, 0 },
		{ "site", "call site", REPORT_TEXT, 0 },
	};
	const struct replay_tally *tally = replay_tally(facts->replay);
	struct vec(struct replay_failure) rows = { 0 };
	struct report_table *table;

	if (!tally->failures.nr)
		return NULL;
	vec_foreach(&tally->failures, failure)
		vec_push(&rows, *failure);
	qsort(rows.items, rows.nr, sizeof(*rows.items), by_count);
	table = replay_table(report, facts, "failures", "Failures", columns, ARRAY_SIZE(columns));
	report_limit(table, facts->lines);
	for (size_t i = 0; i < rows.nr; i++)
		failure_row(table, facts, &rows.items[i]);
	if (tally->nr_failures_unlisted)
		report_warn(report, "%llu failures of further kinds are counted, but not listed",
			    (unsigned long long)tally->nr_failures_unlisted);
	vec_deinit(&rows);
	return table;
}

struct report_table *replay_report_latency(struct report *report, const struct replay_facts *facts,
					   bool by_path)
{
	static const struct report_column columns[] = {
		{ "name", "modelled, by", REPORT_TEXT, REPORT_COL_KEY },
		{ "count", "calls", REPORT_COUNT, 0 },
		{ "mean_ns", "mean", REPORT_NS, 0 },
		{ "p50_ns", "p50", REPORT_NS, 0 },
		{ "p90_ns", "p90", REPORT_NS, 0 },
		{ "p99_ns", "p99", REPORT_NS, 0 },
		{ "p999_ns", "p99.9", REPORT_NS, 0 },
		{ "max_ns", "max", REPORT_NS, 0 },
	};
	const struct replay_tally *tally = replay_tally(facts->replay);
	struct report_table *table;

	table = replay_table(report, facts, by_path ? "paths" : "calls",
			     by_path ? "By path" : "By call", columns, ARRAY_SIZE(columns));
	for (unsigned int i = 0; !by_path && i < CALL_NR; i++)
		latency_row(table, repair_call_name((enum repair_call)i), &tally->call_cost[i]);
	for (unsigned int i = 0; by_path && i < MM_PATH_NR; i++)
		latency_row(table, mm_path_name((enum mm_path)i), &tally->path_cost[i]);
	return table;
}

static void waste_row(struct report_table *table, const struct replay_facts *facts,
		      enum account_by by, const struct account_line *line)
{
	struct report_value values[1 + ARRAY_SIZE(waste_columns)];
	struct str name;

	str_init(&name);
	if (by == ACCOUNT_BY_CACHE)
		account_print_cache(facts->names, facts->repair, (uint32_t)line->key, &name);
	else if (line->key)
		event_site_print(facts->names, (uint32_t)line->key, false, &name);
	else
		str_add(&name, "(not recorded)");
	values[0] = report_str(str_text(&name));
	waste_values(values + 1, &line->row);
	report_row(table, values);
	str_deinit(&name);
}

/* Of no bytes there is no share. */
static void waste_values(struct report_value *values, const struct account_row *row)
{
	for (size_t i = 0; i < ARRAY_SIZE(waste_columns); i++) {
		const struct waste_column *column = &waste_columns[i];
		const uint64_t value = account_value(row, column->value);

		values[i] = column->whole == ACCOUNT_COL_NR ?
				    report_u64(value) :
				    report_ratio_of(value, account_value(row, column->whole));
	}
}

static int by_count(const void *a, const void *b)
{
	const struct replay_failure *x = a, *y = b;

	if (x->nr != y->nr)
		return x->nr < y->nr ? 1 : -1;
	return x->first_event > y->first_event ? 1 : -1;
}

static void failure_row(struct report_table *table, const struct replay_facts *facts,
			const struct replay_failure *failure)
{
	struct str gfp, site;

	str_init(&gfp);
	str_init(&site);
	gfp_print(facts->info->era, failure->gfp, &gfp);
	if (failure->site)
		event_site_print(facts->names, failure->site, false, &site);
	report_row(table, (struct report_value[]){
				  report_u64(failure->nr),
				  report_str(repair_call_name((enum repair_call)failure->call)),
				  report_str(mm_failure_name((enum mm_failure)failure->reason)),
				  report_u64(failure->order),
				  report_str(failure->recorded ? "failed, too" : "succeeded"),
				  report_u64(failure->first_time),
				  report_u64(failure->free_pages << KERNEL_PAGE_SHIFT),
				  report_str(str_text(&gfp)),
				  failure->site ? report_str(str_text(&site)) : report_none() });
	str_deinit(&gfp);
	str_deinit(&site);
}

static void latency_row(struct report_table *table, const char *name, const struct hist *hist)
{
	if (!hist->count)
		return;
	report_row(table, (struct report_value[]){
				  report_str(name), report_u64(hist->count),
				  report_u64(hist_mean(hist)),
				  report_u64(hist_percentile(hist, 50)),
				  report_u64(hist_percentile(hist, 90)),
				  report_u64(hist_percentile(hist, 99)),
				  report_u64(hist_percentile(hist, 99.9)),
				  report_u64(hist->max) });
}
