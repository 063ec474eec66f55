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
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/stats/frag.h"

#include <string.h>

/* The order whose fragmentation the summary speaks of: a huge page of x86 and arm64. */
enum { HUGE_ORDER = 9 };

struct sums {
	uint64_t verdicts[VERDICT_NR];
	uint64_t failed, failed_fragmented;
	uint64_t slab_bytes, slab_loss;
};

static void sum_up(const struct replay_facts *facts, struct sums *sums);
static void add_summary(struct report *report, const struct replay_facts *facts,
			const struct sums *sums);
static void say_failures(struct str *words, const struct replay_tally *tally,
			 const struct sums *sums);
static void say_fragmentation(struct str *words, const struct replay_tally *tally);
static const struct replay_zone *largest_zone(const struct replay_tally *tally);
static void add_machine(struct report *report, const struct replay_facts *facts);
static void add_coverage(struct report *report, const struct replay_facts *facts,
			 const struct sums *sums);
static void add_calls(struct report *report, const struct replay_tally *tally);
static void add_figures(struct report *report, const struct replay_facts *facts);
static void add_owners(struct report *report, const struct replay_facts *facts);
static void add_zones(struct report *report, const struct replay_facts *facts);
static int huge_availability(const struct replay_zone *zone);
static struct report_table *add_indices(struct report *report, const struct replay_tally *tally,
					const struct replay_zone *zone);

void replay_report(struct report *report, const struct replay_facts *facts)
{
	const struct replay_tally *tally = replay_tally(facts->replay);
	struct sums sums;

	sum_up(facts, &sums);
	report_text(report, "file", "recording", facts->path);
	report_text(report, "input_format", "format", facts->info->format);
	report_count(report, "events", "events", tally->nr_events);
	report_figure(report, "span_ns", "time span", REPORT_NS,
		      report_u64(facts->info->last_time - facts->info->first_time));
	add_summary(report, facts, &sums);
	add_machine(report, facts);
	add_owners(report, facts);
	if (facts->layers & LAYER_PAGE)
		add_zones(report, facts);
	if (facts->layers & LAYER_SLAB)
		replay_report_caches(report, facts);
	if (facts->layers & LAYER_VMALLOC)
		replay_report_vmalloc(report, facts);
	if (facts->layers & LAYER_PERCPU)
		replay_report_percpu(report, facts);
	replay_report_waste(report, facts);
	replay_report_failures(report, facts);
	replay_report_latency(report, facts);
	add_coverage(report, facts, &sums);
	add_figures(report, facts);
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

static void sum_up(const struct replay_facts *facts, struct sums *sums)
{
	const struct replay_tally *tally = replay_tally(facts->replay);
	struct slab_allocator *slab = machine_slab(replay_machine(facts->replay));

	memset(sums, 0, sizeof(*sums));
	for (size_t call = 0; call < CALL_NR; call++)
		for (size_t verdict = 0; verdict < VERDICT_NR; verdict++)
			sums->verdicts[verdict] += tally->verdicts[call][verdict];
	sums->failed = sums->verdicts[VERDICT_FAILED] + sums->verdicts[VERDICT_FAILED_BOTH];
	sums->failed_fragmented = tally->failures_by_reason[MM_FAIL_NO_BLOCK];
	for (uint32_t cache = 0; cache < slab_nr_caches(slab); cache++) {
		struct slab_cache_stats stats;

		if (!slab_cache_get_stats(slab, cache, &stats))
			continue;
		sums->slab_bytes += stats.bytes;
		sums->slab_loss += stats.loss_align + stats.loss_padding + stats.loss_free;
	}
}

static void add_summary(struct report *report, const struct replay_facts *facts,
			const struct sums *sums)
{
	const struct replay_tally *tally = replay_tally(facts->replay);
	uint64_t total = page_total(machine_pages(replay_machine(facts->replay)));
	char peak[FMT_BUF], all[FMT_BUF], share[FMT_BUF];
	struct str words;

	str_init(&words);
	if (facts->layers & LAYER_PAGE) {
		str_addf(&words, "At its peak %s of %s (%s) were in use.",
			 fmt_size(peak, tally->peak_pages << KERNEL_PAGE_SHIFT),
			 fmt_size(all, total << KERNEL_PAGE_SHIFT),
			 fmt_percent(share, tally->peak_pages, total));
		say_failures(&words, tally, sums);
		say_fragmentation(&words, tally);
	}
	if (sums->slab_bytes)
		str_addf(&words, " Slabs hold %s at the end, %s of it (%s) without use.",
			 fmt_size(peak, sums->slab_bytes), fmt_size(all, sums->slab_loss),
			 fmt_percent(share, sums->slab_loss, sums->slab_bytes));
	report_begin(report, "summary", "Summary");
	report_say(report, "%s", str_text(&words));
	report_end(report);
	str_deinit(&words);
}

static void say_failures(struct str *words, const struct replay_tally *tally,
			 const struct sums *sums)
{
	uint64_t asked = sums->verdicts[VERDICT_DONE] + sums->verdicts[VERDICT_RECOVERED] +
			 sums->failed;
	uint64_t recorded = sums->verdicts[VERDICT_RECOVERED] + sums->verdicts[VERDICT_FAILED_BOTH];
	char failed[FMT_BUF], calls[FMT_BUF], frag[FMT_BUF];

	if (!sums->failed)
		str_add(words, " No request failed in the machine.");
	else
		str_addf(words, " %s of %s calls failed in the machine, %s of them for "
				"fragmentation, not for shortage.",
			 fmt_count(failed, sums->failed), fmt_count(calls, asked),
			 fmt_count(frag, sums->failed_fragmented));
	if (recorded)
		str_addf(words, " When recorded %s had failed; %s of them succeeded here.",
			 fmt_count(failed, recorded),
			 fmt_count(calls, sums->verdicts[VERDICT_RECOVERED]));
	if (tally->nr_reclaimed || tally->nr_moved)
		str_addf(words, " %s pages were reclaimed, %s moved by compaction.",
			 fmt_count(failed, tally->nr_reclaimed),
			 fmt_count(calls, tally->nr_moved));
}

/* The zone with most memory speaks for the machine; the others are in the table. */
static void say_fragmentation(struct str *words, const struct replay_tally *tally)
{
	const struct replay_zone *largest = largest_zone(tally);
	const struct replay_index *index;
	char time[FMT_BUF];

	if (!largest)
		return;
	index = &largest->unusable[HUGE_ORDER];
	str_addf(words, " In zone %s %d.%d %% of free memory lies in blocks too small for a huge "
			"page (order %d); worst %d.%d %% at %s s.",
		 zone_type_name(largest->type), index->end / 10, index->end % 10, HUGE_ORDER,
		 index->worst / 10, index->worst % 10, fmt_time(time, index->worst_time));
}

static const struct replay_zone *largest_zone(const struct replay_tally *tally)
{
	const struct replay_zone *largest = NULL;

	vec_foreach(&tally->zones, zone)
		if (!largest || zone->managed > largest->managed)
			largest = zone;
	return largest;
}

static void add_machine(struct report *report, const struct replay_facts *facts)
{
	const struct page_allocator *pa = machine_pages(replay_machine(facts->replay));
	const struct replay_tally *tally = replay_tally(facts->replay);

	report_begin(report, "machine", "Machine");
	report_text(report, "profile", "rules of kernel", page_allocator_profile(pa)->name);
	if (facts->info->release[0])
		report_remark(report, "recorded: %s", facts->info->release);
	else
		report_remark(report, "the recording does not say its kernel");
	report_figure(report, "cpus", "CPUs", REPORT_NUMBER, report_u64(facts->config->nr_cpus));
	report_bytes(report, "memory_bytes", "memory", page_total(pa) << KERNEL_PAGE_SHIFT);
	report_bytes(report, "start_freed_bytes", "in use at the start",
		     tally->nr_start_freed << KERNEL_PAGE_SHIFT);
	report_remark(report, "freed later in the recording");
	report_bytes(report, "start_untouched_bytes", "never touched, in use",
		     tally->nr_start_untouched << KERNEL_PAGE_SHIFT);
	report_remark(report, "%s", tally->nr_start_untouched ?
				      "taken at boot, before the first event" :
				      "frames that no event touches count as free");
	report_figure(report, "seed", "seed", REPORT_NUMBER, report_u64(facts->config->seed));
	cli_config_report(report, facts->settings, facts->lines);
	report_end(report);
}

static void add_coverage(struct report *report, const struct replay_facts *facts,
			 const struct sums *sums)
{
	const struct replay_tally *tally = replay_tally(facts->replay);
	const struct repair_coverage *coverage = repair_coverage(facts->repair);
	uint64_t total = 0;

	report_begin(report, "coverage", "Coverage");
	for (unsigned int v = 0; v < VERDICT_NR; v++) {
		const char *key = replay_verdict_key((enum replay_verdict)v);

		total += sums->verdicts[v];
		if (sums->verdicts[v] || facts->verbose)
			report_share(report, key, replay_verdict_name((enum replay_verdict)v),
				     REPORT_COUNT, sums->verdicts[v], tally->nr_events);
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

static void add_owners(struct report *report, const struct replay_facts *facts)
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
	struct report_table *table = report_table(report, "owners", "Memory by owner", columns,
						  ARRAY_SIZE(columns));
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
}

static void add_zones(struct report *report, const struct replay_facts *facts)
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
	const struct replay_zone *largest = largest_zone(tally);
	struct report_table *table;

	report_begin(report, "fragmentation", "Free memory and external fragmentation");
	report_count(report, "samples", NULL, tally->nr_samples);
	table = report_table(report, "zones", NULL, columns, ARRAY_SIZE(columns));
	vec_foreach(&tally->zones, zone)
		report_row(table, (struct report_value[]){
					  report_str(zone_type_name(zone->type)),
					  report_i64(zone->node),
					  report_u64(zone->managed << KERNEL_PAGE_SHIFT),
					  report_u64(zone->free_end << KERNEL_PAGE_SHIFT),
					  report_u64(zone->free_min << KERNEL_PAGE_SHIFT),
					  report_u64(zone->free_min_time),
					  report_i64(huge_availability(zone)) });
	vec_foreach(&tally->zones, zone) {
		table = add_indices(report, tally, zone);
		if (zone != largest && !facts->verbose)
			report_hide(table);
	}
	report_end(report);
}

/* Of the huge pages that the free memory could make, those that are there at the end. */
static int huge_availability(const struct replay_zone *zone)
{
	struct frag_free free;

	memcpy(free.nr, zone->blocks_end, sizeof(free.nr));
	return frag_huge_availability(&free, HUGE_ORDER);
}

static struct report_table *add_indices(struct report *report, const struct replay_tally *tally,
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
	struct report_table *table;
	int64_t samples = (int64_t)tally->nr_samples;
	char key[64], title[64];

	snprintf(key, sizeof(key), "node%d_%s", zone->node, zone_type_name(zone->type));
	snprintf(title, sizeof(title), "Node %d, zone %s", zone->node,
		 zone_type_name(zone->type));
	table = report_table(report, key, title, columns, ARRAY_SIZE(columns));
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
