/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The long tables of `replay`: call sites by waste, failures, modelled latency. */
#include <config.h>

#include "account_feed.h"
#include "replay_report.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/str.h"

#include <stdlib.h>

static void waste_row(struct report_table *table, const struct replay_facts *facts,
		      enum account_by by, const struct account_line *line);
static int by_count(const void *a, const void *b);
static void failure_row(struct report_table *table, const struct replay_facts *facts,
			const struct replay_failure *failure);
static void latency_row(struct report_table *table, const char *name, const struct hist *hist);

/* internal_frag_live and internal_frag_traffic: 1 - asked / given, of what is there and of all. */
struct report_table *replay_report_waste(struct report *report, const struct replay_facts *facts,
					 enum account_by by)
{
	const struct report_column columns[] = {
		by == ACCOUNT_BY_SITE ?
			(struct report_column){ "site", "call site", REPORT_TEXT, 0 } :
			(struct report_column){ "cache", "cache", REPORT_TEXT, 0 },
		{ "allocs", "allocs", REPORT_COUNT, 0 },
		{ "live", "live", REPORT_COUNT, 0 },
		{ "live_bytes", "live bytes", REPORT_BYTES, 0 },
		{ "live_waste_bytes", "waste", REPORT_BYTES, 0 },
		{ "internal_frag_live", "internal_frag", REPORT_RATIO, 0 },
		{ "traffic_bytes", "traffic", REPORT_BYTES, 0 },
		{ "traffic_waste_bytes", "waste", REPORT_BYTES, 0 },
		{ "internal_frag_traffic", "internal_frag", REPORT_RATIO, 0 },
	};
	static const struct topk_key order[] = {
		{ .column = ACCOUNT_COL_LIVE_WASTE },
		{ .column = ACCOUNT_COL_WASTE },
		{ .column = ACCOUNT_COL_BYTES },
	};
	bool sites = by == ACCOUNT_BY_SITE;
	struct account_lines lines = { 0 };
	struct report_table *table;

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
	const struct account_row *row = &line->row;
	uint64_t live = account_value(row, ACCOUNT_COL_LIVE_BYTES);
	uint64_t live_waste = account_value(row, ACCOUNT_COL_LIVE_WASTE);
	uint64_t waste = account_value(row, ACCOUNT_COL_WASTE);
	struct str name;

	str_init(&name);
	if (by == ACCOUNT_BY_CACHE)
		account_print_cache(facts->names, facts->repair, (uint32_t)line->key, &name);
	else if (line->key)
		event_site_print(facts->names, (uint32_t)line->key, false, &name);
	else
		str_add(&name, "(not recorded)");
	report_row(table, (struct report_value[]){
				  report_str(str_text(&name)), report_u64(row->allocs),
				  report_u64(account_value(row, ACCOUNT_COL_LIVE)),
				  report_u64(live), report_u64(live_waste),
				  report_ratio_of(live_waste, live), report_u64(row->bytes_alloc),
				  report_u64(waste), report_ratio_of(waste, row->bytes_alloc) });
	str_deinit(&name);
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
