/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page that `verify` prints: a verdict a line, then the tables by layer and mode. */
#include <config.h>

#include "verify_report.h"

#include "cli_internal.h"

#include "kmreplay/core/fmt.h"
#include "kmreplay/core/xalloc.h"
#include "kmreplay/mm/profile.h"

#include <stdlib.h>
#include <string.h>

static void add_given(struct report *report, const struct verify_facts *facts);
static void add_verdicts(struct report *report, const struct verify_facts *facts);
static void add_verdict(struct report *report, const struct verify_facts *facts,
			enum verify_layer layer, enum verify_mode mode);
static uint64_t first_wrong(const struct verify_log *log, enum verify_layer layer);
static void add_layer(struct report *report, const struct verify_facts *facts,
		      enum verify_layer layer, enum verify_mode mode);
static void add_metric(struct report_table *table, const struct verify_facts *facts,
		       const struct verify_log *log, enum verify_metric metric);
static void add_asides(struct report *report, const struct verify_facts *facts);

/* The metric that says most of a layer. */
static const enum verify_metric leading[VERIFY_LAYER_NR] = {
	[VERIFY_PAGE] = VERIFY_PAGE_PFN,
	[VERIFY_SLAB] = VERIFY_SLAB_SLAB,
	[VERIFY_VMALLOC] = VERIFY_VMALLOC_ADDRESS,
	[VERIFY_PERCPU] = VERIFY_PERCPU_OFFSET,
	[VERIFY_JOINT] = VERIFY_JOINT_PFN,
};

static const char *const mode_words[VERIFY_MODE_NR] = {
	[VERIFY_FOLLOW] = "followed: each difference is corrected from the recording",
	[VERIFY_FREE] = "free-running: nothing is corrected",
};

void verify_report(struct report *report, const struct verify_facts *facts)
{
	cli_input_describe(facts->in, verify_run_nr_events(facts->run), report);
	cli_profile_report(report, page_profile_for(facts->machine->kernel), facts->info->release);
	cli_config_report(report, facts->settings, facts->options->lines);
	add_given(report, facts);
	add_verdicts(report, facts);
	for (unsigned int layer = 0; layer < VERIFY_LAYER_NR; layer++)
		for (unsigned int mode = 0; mode < VERIFY_MODE_NR; mode++)
			add_layer(report, facts, (enum verify_layer)layer, (enum verify_mode)mode);
	verify_report_truths(report, facts);
	add_asides(report, facts);
	if (facts->options->group)
		verify_report_classes(report, facts);
	verify_report_stories(report, facts);
}

static void add_given(struct report *report, const struct verify_facts *facts)
{
	static const struct report_column columns[] = {
		{ "fact", "given from the recording", REPORT_TEXT, REPORT_COL_KEY },
		{ "given", "given", REPORT_BOOL, 0 },
		{ "meaning", "what it is", REPORT_TEXT, REPORT_COL_DERIVED },
	};
	struct report_table *table = report_table(report, "given", NULL, columns,
						  ARRAY_SIZE(columns));

	for (unsigned int i = 0; i < GIVEN_NR; i++)
		report_row(table, (struct report_value[]){
					  report_str(verify_given_name(i)),
					  report_truth(facts->given & 1U << i),
					  report_str(verify_given_help(i)),
				  });
}

static void add_verdicts(struct report *report, const struct verify_facts *facts)
{
	report_begin(report, "verdicts", "Verdict");
	for (unsigned int layer = 0; layer < VERIFY_LAYER_NR; layer++)
		for (unsigned int mode = 0; mode < VERIFY_MODE_NR; mode++)
			add_verdict(report, facts, (enum verify_layer)layer,
				    (enum verify_mode)mode);
	report_end(report);
}

/* "page, followed: 99.99 % of 83,760 allocations ...; given: ..." */
static void add_verdict(struct report *report, const struct verify_facts *facts,
			enum verify_layer layer, enum verify_mode mode)
{
	const struct verify_log *log = verify_run_log(facts->run, layer, mode);
	const enum verify_metric metric = leading[layer];
	const uint64_t nr_events = verify_run_nr_events(facts->run);
	char count[FMT_BUF], at[FMT_BUF];
	uint64_t first, ground = 0, excluded = 0;
	struct verify_value value;
	struct str text;

	if (!log)
		return;
	str_init(&text);
	str_addf(&text, "%s, %s: ", verify_layer_name(layer),
		 mode == VERIFY_FOLLOW ? "followed" : "free-running");
	value = verify_count_value(metric, &log->counts[metric]);
	if (value.whole)
		str_addf(&text, "%.3f %% of %s %s",
			 (double)report_percent_of(value.part, value.whole).u64 / 1000,
			 fmt_count(count, value.whole), verify_metric_desc(metric)->help);
	else
		str_add(&text, "nothing could be judged");
	first = first_wrong(log, layer);
	if (first == UINT64_MAX && value.whole)
		str_add(&text, "; no difference at all");
	else if (first != UINT64_MAX)
		str_addf(&text, "; the first difference at event %s, %.1f %% into the recording",
			 fmt_count(at, first), 100.0 * (double)first / (double)MAX(nr_events, 1U));
	vec_foreach(&log->reasons, reason) {
		ground += reason->aside == ASIDE_GROUND ? reason->nr : 0;
		excluded += reason->aside == ASIDE_EXCLUDED ? reason->nr : 0;
	}
	if (ground)
		str_addf(&text, "; %s decisions stand on what cannot be known",
			 fmt_count(count, ground));
	if (excluded)
		str_addf(&text, "; %s not judged", fmt_count(count, excluded));
	str_add(&text, "; given:");
	for (unsigned int i = 0, nr = 0; i < GIVEN_NR; i++)
		if (facts->given & 1U << i)
			str_addf(&text, "%s %s", nr++ ? "," : "", verify_given_name(i));
	report_say(report, "%s%s.", str_text(&text), facts->given ? "" : " nothing");
	str_deinit(&text);
}

/* Of the layer's metrics. */
static uint64_t first_wrong(const struct verify_log *log, enum verify_layer layer)
{
	uint64_t first = UINT64_MAX;

	for (unsigned int i = 0; i < VERIFY_METRIC_NR; i++)
		if (verify_metric_desc((enum verify_metric)i)->layer == layer)
			first = MIN(first, log->counts[i].first_wrong);
	return first;
}

static void add_layer(struct report *report, const struct verify_facts *facts,
		      enum verify_layer layer, enum verify_mode mode)
{
	static const struct report_column columns[] = {
		{ "metric", "metric", REPORT_TEXT, REPORT_COL_KEY },
		{ "share", "right", REPORT_SHARE, 0 },
		{ "right", "count", REPORT_COUNT, 0 },
		{ "all", "of", REPORT_COUNT, 0 },
		{ "false_alarms", "false", REPORT_COUNT, 0 },
		{ "precision", "precision", REPORT_SHARE, 0 },
		{ "recall", "recall", REPORT_SHARE, 0 },
		{ "first_wrong_event", "first at", REPORT_NUMBER, 0 },
		{ "first_wrong_share", "into", REPORT_PERCENT, 0 },
		{ "meaning", "what", REPORT_TEXT, REPORT_COL_DERIVED },
	};
	const struct verify_log *log = verify_run_log(facts->run, layer, mode);
	struct report_table *table;
	char *key, *title;

	if (!log)
		return;
	key = xasprintf("%s_%s", verify_layer_name(layer), verify_mode_name(mode));
	title = xasprintf("Layer %s, %s", verify_layer_name(layer), mode_words[mode]);
	table = report_table(report, key, title, columns, ARRAY_SIZE(columns));
	for (unsigned int i = 0; i < VERIFY_METRIC_NR; i++)
		if (verify_metric_desc((enum verify_metric)i)->layer == layer)
			add_metric(table, facts, log, (enum verify_metric)i);
	free(key);
	free(title);
}

static void add_metric(struct report_table *table, const struct verify_facts *facts,
		       const struct verify_log *log, enum verify_metric metric)
{
	const struct verify_metric_desc *desc = verify_metric_desc(metric);
	const struct verify_count *count = &log->counts[metric];
	const struct verify_value value = verify_count_value(metric, count);
	const bool detect = desc->kind == VERIFY_DETECT;
	const bool wrong = count->first_wrong != UINT64_MAX;

	report_row(table,
		   (struct report_value[]){
			   report_str(desc->key),
			   report_percent_of(value.part, value.whole),
			   report_u64(count->right),
			   report_u64(count->all),
			   detect ? report_u64(count->alarms) : report_none(),
			   detect ? report_percent_of(count->right, count->right + count->alarms) :
				    report_none(),
			   detect ? report_percent_of(count->right, count->all) : report_none(),
			   wrong ? report_u64(count->first_wrong) : report_none(),
			   wrong ? report_percent_of(count->first_wrong,
						     verify_run_nr_events(facts->run)) :
				   report_none(),
			   report_str(desc->help),
		   });
}

static void add_asides(struct report *report, const struct verify_facts *facts)
{
	static const char *const kinds[ASIDE_NR] = {
		[ASIDE_EXCLUDED] = "not judged",
		[ASIDE_FORCED] = "forced",
		[ASIDE_GROUND] = "cannot be known",
	};
	static const struct report_column columns[] = {
		{ "layer", "layer", REPORT_TEXT, 0 },
		{ "mode", "mode", REPORT_TEXT, 0 },
		{ "kind", "kind", REPORT_TEXT, 0 },
		{ "count", "count", REPORT_COUNT, 0 },
		{ "reason", "why", REPORT_TEXT, 0 },
	};
	struct report_table *table = report_table(report, "set_apart",
						  "Not judged, forced, or on unknowable ground",
						  columns, ARRAY_SIZE(columns));

	for (unsigned int i = 0; i < VERIFY_LAYER_NR * VERIFY_MODE_NR; i++) {
		const enum verify_layer layer = (enum verify_layer)(i / VERIFY_MODE_NR);
		const enum verify_mode mode = (enum verify_mode)(i % VERIFY_MODE_NR);
		const struct verify_log *log = verify_run_log(facts->run, layer, mode);

		if (!log)
			continue;
		vec_foreach(&log->reasons, reason)
			report_row(table, (struct report_value[]){
						  report_str(verify_layer_name(layer)),
						  report_str(verify_mode_name(mode)),
						  report_str(kinds[reason->aside]),
						  report_u64(reason->nr),
						  report_str(reason->text),
					  });
	}
}
