/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page that `replay` prints: the answer in words, then the figures, then how far to trust them.
 * Long tables are in replay_tables.c.
 */
#include <config.h>

#include "replay_report.h"

#include "cli_internal.h"

#include "kmreplay/core/fmt.h"
#include "kmreplay/core/str.h"
#include "kmreplay/core/xalloc.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/stats/frag.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void report_start_slabs(struct report *report, const struct replay_tally *tally);
static void add_calls(struct report *report, const struct replay_tally *tally);
static void add_figures(struct report *report, const struct replay_facts *facts);
static void add_fragmentation(struct report *report, const struct replay_facts *facts);
static void add_slabs(struct report *report, const struct replay_facts *facts);
static void add_oom(struct report *report, const struct replay_facts *facts);
static int huge_availability(const struct replay_zone *zone);

void replay_report(struct report *report, const struct replay_facts *facts)
{
	const struct replay_tally *tally = replay_tally(facts->replay);

	cli_input_describe(facts->in, tally->nr_events, report);
	report_begin(report, "summary", "Summary");
	replay_report_words(report, facts);
	report_end(report);
	replay_report_machine(report, facts);
	replay_report_start(report, facts);
	replay_report_owners(report, facts);
	add_oom(report, facts);
	if (facts->layers & LAYER_PAGE)
		add_fragmentation(report, facts);
	if (facts->layers & LAYER_SLAB)
		add_slabs(report, facts);
	if (facts->layers & LAYER_VMALLOC)
		replay_report_vmalloc(report, facts);
	if (facts->layers & LAYER_PERCPU)
		replay_report_percpu(report, facts);
	replay_report_waste(report, facts, ACCOUNT_BY_CACHE);
	replay_report_waste(report, facts, ACCOUNT_BY_SITE);
	if (replay_report_failures(report, facts))
		report_hint(report, "zone by zone why, and whose pages stood in the way: 'kmreplay "
				    "failures' with the same options, or --simulated");
	report_begin(report, "latency", "Latency, modelled from the cost table (not measured)");
	replay_report_latency(report, facts, false);
	replay_report_latency(report, facts, true);
	report_end(report);
	replay_report_coverage(report, facts);
	add_figures(report, facts);
}

struct report_table *replay_table(struct report *report, const struct replay_facts *facts,
				  const char *key, const char *title,
				  const struct report_column *columns, unsigned int nr)
{
	struct report_table *table;
	char *whole;

	if (!facts->label)
		return report_table(report, key, title, columns, nr);
	whole = title ? xasprintf("%s: %s", title, facts->label) : xstrdup(facts->label);
	table = report_table(report, key, whole, columns, nr);
	free(whole);
	return table;
}

struct report_value figure_value_of(const struct figure *figure)
{
	static const enum report_unit units[] = {
		[FIGURE_COUNT] = REPORT_COUNT,
		[FIGURE_BYTES] = REPORT_BYTES,
		[FIGURE_RATIO] = REPORT_RATIO,
		[FIGURE_NS] = REPORT_NS,
	};

	if (!figure->known)
		return report_none();
	return report_in(units[figure->unit], report_i64(figure->value));
}

void replay_report_machine(struct report *report, const struct replay_facts *facts)
{
	const struct page_allocator *pa = machine_pages(replay_machine(facts->replay));
	const struct replay_tally *tally = replay_tally(facts->replay);

	report_begin(report, "machine", "Machine");
	cli_profile_report(report, page_allocator_profile(pa), facts->info->release);
	report_figure(report, "cpus", "CPUs", REPORT_NUMBER, report_u64(facts->config->nr_cpus));
	report_bytes(report, "memory_bytes", "memory", page_total(pa) << KERNEL_PAGE_SHIFT);
	report_bytes(report, "start_freed_bytes", "in use at the start",
		     tally->nr_start_freed << KERNEL_PAGE_SHIFT);
	report_remark(report, "freed later in the recording");
	report_bytes(report, "start_untouched_bytes", "never touched, in use",
		     tally->nr_start_untouched << KERNEL_PAGE_SHIFT);
	report_remark(report, "%s", tally->nr_start_untouched ?
				      "since before the first event" :
				      "frames that no event touches count as free");
	if (tally->nr_start_slabs || tally->nr_start_rebuilt || tally->nr_start_filled)
		report_start_slabs(report, tally);
	report_figure(report, "seed", "seed", REPORT_NUMBER, report_u64(facts->config->seed));
	cli_config_report(report, facts->settings, facts->lines);
	report_end(report);
}

void replay_report_coverage(struct report *report, const struct replay_facts *facts)
{
	const struct replay_tally *tally = replay_tally(facts->replay);
	const struct repair_coverage *coverage = repair_coverage(facts->repair);
	uint64_t verdicts[VERDICT_NR], total = 0;

	replay_tally_verdicts(tally, verdicts);
	report_begin(report, "coverage", "Coverage");
	for (unsigned int v = 0; v < VERDICT_NR; v++) {
		const char *key = replay_verdict_key((enum replay_verdict)v);

		total += verdicts[v];
		if (verdicts[v] || facts->verbose)
			report_share(report, key, replay_verdict_name((enum replay_verdict)v),
				     REPORT_COUNT, verdicts[v], tally->nr_events);
		else
			report_figure(report, key, NULL, REPORT_COUNT, report_u64(0));
	}
	BUG_ON(total != tally->nr_events);
	if (coverage->hashed)
		report_warn(report, "pointers are hashes: objects are paired, but pages could be "
				    "given to slabs by their neighbours only");
	add_calls(report, tally);
	report_end(report);
}

/* What `compare` compares, for machines: all of it stands in the page in other words. */
static void add_figures(struct report *report, const struct replay_facts *facts)
{
	static const struct report_column columns[] = {
		{ "figure", NULL, REPORT_TEXT, REPORT_COL_KEY },
		{ "value", NULL, REPORT_COUNT, 0 },
	};
	struct report_table *table =
		report_table(report, "figures", NULL, columns, ARRAY_SIZE(columns));
	struct figures figures;

	figures_init_replay(&figures, facts->replay);
	vec_foreach(&figures.list, figure)
		report_row(table, (struct report_value[]){ report_str(figure->key),
							   figure_value_of(figure) });
	report_hide(table);
	figures_deinit(&figures);
}

/* Slabs that are older than the recording. */
static void report_start_slabs(struct report *report, const struct replay_tally *tally)
{
	report_count(report, "start_slabs", "slabs at the start",
		     tally->nr_start_slabs + tally->nr_start_rebuilt + tally->nr_start_filled);
	if (tally->nr_start_filled)
		report_remark(report, "%" PRIu64 " seen in the recording; "
				      "%" PRIu64 " in frames that chance chose",
			      tally->nr_start_slabs + tally->nr_start_rebuilt,
			      tally->nr_start_by_chance);
	else if (tally->nr_start_rebuilt)
		report_remark(report, "%" PRIu64 " of them could not be placed as recorded",
			      tally->nr_start_rebuilt);
	else
		report_remark(report, "found by looking ahead, where they were recorded");
	report_count(report, "start_objects", "objects in use then", tally->nr_start_objects);
	if (tally->nr_start_missing)
		report_remark(report, "%" PRIu64 " freed later; no memory for %" PRIu64 " more",
			      tally->nr_start_objects_freed, tally->nr_start_missing);
	else
		report_remark(report, "%" PRIu64 " freed later", tally->nr_start_objects_freed);
}

static void add_calls(struct report *report, const struct replay_tally *tally)
{
	static const struct report_column columns[] = {
		{ "call", "call", REPORT_TEXT, REPORT_COL_KEY },
		{ "events", "events", REPORT_COUNT, 0 },
		{ "done", "done", REPORT_COUNT, 0 },
		{ "failed", "failed", REPORT_COUNT, 0 },
		{ "recovered", "recovered", REPORT_COUNT, 0 },
		{ "explained", "explained", REPORT_COUNT, 0 },
		{ "unseen", "unseen", REPORT_COUNT, 0 },
		{ "other", "other", REPORT_COUNT, 0 },
	};
	struct report_table *table = report_table(report, "calls", "Events by call", columns,
						  ARRAY_SIZE(columns));

	for (unsigned int call = 0; call < CALL_NR; call++) {
		const uint64_t *v = tally->verdicts[call];
		uint64_t failed = v[VERDICT_FAILED] + v[VERDICT_FAILED_BOTH];
		uint64_t known = v[VERDICT_DONE] + failed + v[VERDICT_RECOVERED] +
				 v[VERDICT_EXPLAINED] + v[VERDICT_UNSEEN];
		uint64_t all = 0;

		for (unsigned int i = 0; i < VERDICT_NR; i++)
			all += v[i];
		if (!all)
			continue;
		report_row(table, (struct report_value[]){
					  report_str(repair_call_name((enum repair_call)call)),
					  report_u64(all), report_u64(v[VERDICT_DONE]),
					  report_u64(failed), report_u64(v[VERDICT_RECOVERED]),
					  report_u64(v[VERDICT_EXPLAINED]),
					  report_u64(v[VERDICT_UNSEEN]), report_u64(all - known) });
	}
}

struct report_table *replay_report_owners(struct report *report, const struct replay_facts *facts)
{
	static const struct report_column columns[] = {
		{ "owner", "owner", REPORT_TEXT, REPORT_COL_KEY },
		{ "peak_bytes", "peak", REPORT_BYTES, 0 },
		{ "peak_time", "at", REPORT_TIME, 0 },
		{ "end_bytes", "end", REPORT_BYTES, 0 },
		{ "end_share", "share", REPORT_PERCENT, REPORT_COL_DERIVED },
		{ "allocs", "allocs", REPORT_COUNT, 0 },
		{ "frees", "frees", REPORT_COUNT, 0 },
	};
	const struct replay_tally *tally = replay_tally(facts->replay);
	struct report_table *table = replay_table(report, facts, "owners", "Memory by owner",
						  columns, ARRAY_SIZE(columns));
	uint64_t total = page_total(machine_pages(replay_machine(facts->replay)));

	for (unsigned int i = 0; i < OWNER_NR; i++) {
		const struct replay_owner *owner = &tally->owners[i];

		if (!owner->allocs)
			continue;
		report_row(table, (struct report_value[]){
					  report_str(page_owner_name((enum page_owner)i)),
					  report_u64(owner->peak << KERNEL_PAGE_SHIFT),
					  report_u64(owner->peak_time),
					  report_u64(owner->pages << KERNEL_PAGE_SHIFT),
					  report_percent_of(owner->pages, total),
					  report_u64(owner->allocs), report_u64(owner->frees) });
	}
	report_total(table, (struct report_value[]){
				    report_str("all"),
				    report_u64(tally->peak_pages << KERNEL_PAGE_SHIFT),
				    report_u64(tally->peak_time),
				    report_u64(tally->pages << KERNEL_PAGE_SHIFT),
				    report_percent_of(tally->pages, total), report_none(),
				    report_none() });
	return table;
}

/* Only where it came to that. */
static void add_oom(struct report *report, const struct replay_facts *facts)
{
	const struct replay_tally *tally = replay_tally(facts->replay);
	const struct page_stats *stats =
		page_allocator_stats(machine_pages(replay_machine(facts->replay)));

	if (!stats->oom)
		return;
	report_begin(report, "oom", "Out of memory");
	report_count(report, "requests", "requests for the OOM killer", stats->oom);
	report_count(report, "kills", "tasks killed", tally->nr_oom_kills);
	report_bytes(report, "freed_bytes", "memory they gave back",
		     tally->nr_oom_pages << KERNEL_PAGE_SHIFT);
	report_end(report);
}

static void add_fragmentation(struct report *report, const struct replay_facts *facts)
{
	const struct replay_tally *tally = replay_tally(facts->replay);
	const struct replay_zone *largest = replay_largest_zone(tally);

	report_begin(report, "fragmentation", "Free memory and external fragmentation");
	report_count(report, "samples", NULL, tally->nr_samples);
	replay_report_zones(report, facts);
	vec_foreach(&tally->zones, zone) {
		struct report_table *table = replay_report_indices(report, facts, zone);

		if (zone != largest && !facts->verbose)
			report_hide(table);
	}
	report_end(report);
}

static void add_slabs(struct report *report, const struct replay_facts *facts)
{
	struct report_table *paths, *spread;

	replay_report_caches(report, facts);
	paths = replay_report_slab_paths(report, facts);
	spread = replay_report_slab_spread(report, facts);
	if (facts->verbose || (facts->slab_sort && facts->slab_sort->keys.nr))
		return;
	report_hide(paths);
	report_hide(spread);
}

struct report_table *replay_report_zones(struct report *report, const struct replay_facts *facts)
{
	static const struct report_column columns[] = {
		{ "zone", "zone", REPORT_TEXT, 0 },
		{ "node", "node", REPORT_NUMBER, 0 },
		{ "managed_bytes", "managed", REPORT_BYTES, 0 },
		{ "free_end_bytes", "free at end", REPORT_BYTES, 0 },
		{ "free_min_bytes", "least free", REPORT_BYTES, 0 },
		{ "free_min_time", "at", REPORT_TIME, 0 },
		{ "huge_availability", "huge_availability", REPORT_RATIO, 0 },
	};
	const struct replay_tally *tally = replay_tally(facts->replay);
	struct report_table *table = replay_table(report, facts, "zones", "Zones", columns,
						  ARRAY_SIZE(columns));

	vec_foreach(&tally->zones, zone)
		report_row(table, (struct report_value[]){
					  report_str(zone_type_name(zone->type)),
					  report_i64(zone->node),
					  report_u64(zone->managed << KERNEL_PAGE_SHIFT),
					  report_u64(zone->free_end << KERNEL_PAGE_SHIFT),
					  report_u64(zone->free_min << KERNEL_PAGE_SHIFT),
					  report_u64(zone->free_min_time),
					  report_i64(huge_availability(zone)) });
	return table;
}

/* Of the huge pages that the free memory could make, those that are there at the end. */
static int huge_availability(const struct replay_zone *zone)
{
	struct frag_free free;

	memcpy(free.nr, zone->blocks_end, sizeof(free.nr));
	return frag_huge_availability(&free, REPLAY_HUGE_ORDER);
}

struct report_table *replay_report_indices(struct report *report, const struct replay_facts *facts,
					   const struct replay_zone *zone)
{
	static const struct report_column columns[] = {
		{ "order", "order", REPORT_NUMBER, 0 },
		{ "free_blocks", "free blocks", REPORT_COUNT, 0 },
		{ "unusable_free_index", "unusable_free_index", REPORT_RATIO, 0 },
		{ "unusable_free_index_mean", "mean", REPORT_RATIO, 0 },
		{ "unusable_free_index_worst", "worst", REPORT_RATIO, 0 },
		{ "unusable_free_index_worst_time", "at", REPORT_TIME, 0 },
		{ "extfrag_index", "extfrag_index", REPORT_RATIO, 0 },
		{ "extfrag_index_mean", "mean", REPORT_RATIO, 0 },
		{ "extfrag_index_worst", "worst", REPORT_RATIO, 0 },
		{ "extfrag_index_worst_time", "at", REPORT_TIME, 0 },
	};
	const struct replay_tally *tally = replay_tally(facts->replay);
	int64_t samples = (int64_t)tally->nr_samples;
	struct report_table *table;
	char key[64], title[64];

	snprintf(key, sizeof(key), "node%d_%s", zone->node, zone_type_name(zone->type));
	snprintf(title, sizeof(title), "Node %d, zone %s", zone->node,
		 zone_type_name(zone->type));
	table = replay_table(report, facts, key, title, columns, ARRAY_SIZE(columns));
	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++) {
		const struct replay_index *unusable = &zone->unusable[order];
		const struct replay_index *extfrag = &zone->extfrag[order];

		report_row(table, (struct report_value[]){
					  report_u64(order), report_u64(zone->blocks_end[order]),
					  report_i64(unusable->end),
					  report_i64(unusable->sum / samples),
					  report_i64(unusable->worst),
					  report_u64(unusable->worst_time),
					  report_i64(extfrag->end),
					  report_i64(extfrag->sum / samples),
					  report_i64(extfrag->worst),
					  report_u64(extfrag->worst_time) });
	}
	return table;
}
