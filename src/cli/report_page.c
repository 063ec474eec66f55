/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of the page: the answer in words, the figures that matter, what the sides change, then
 * pictures with the tables behind them, and at the end what it takes to believe all that: coverage,
 * configuration, formulas, and the command that makes the page again.
 */
#include <config.h>

#include "report_page.h"

#include "kmreplay/core/fmt.h"
#include "kmreplay/mm/page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_summary(struct report_page *page);
static void add_cards(struct report_page *page);
static void add_side_cards(struct report *report, const struct replay_facts *facts);
static void add_pictures(struct report_page *page);
static void add_proof(struct report_page *page);
static void add_settings(struct report *report, const struct config *settings);
static void add_formulas(struct report *report);
static void add_command(struct report_page *page);
static void add_word(struct str *out, const char *word);
static void add_marks(struct report_page *page, size_t i);

void report_page(struct report_page *page)
{
	struct report *report = page->report;
	const struct replay_facts *facts = &page->facts[0];
	char *title = xasprintf("Memory in %s", facts->path);

	report_title(report, title);
	free(title);
	report_time_span(report, page->start, page->end);
	report_text(report, "file", "recording", facts->path);
	report_text(report, "input_format", "format", facts->info->format);
	report_text(report, "kernel", "recorded kernel",
		    facts->info->release[0] ? facts->info->release : NULL);
	if (facts->in->cli->options.time.text)
		report_text(report, "part", "part", facts->in->cli->options.time.text);
	report_count(report, "events", "events", replay_tally(facts->replay)->nr_events);
	report_figure(report, "span_ns", "time span", REPORT_NS,
		      report_u64(page->end - page->start));
	add_summary(page);
	add_cards(page);
	if (page->compare->sides.nr > 1)
		compare_report_parts(report, page->compare);
	add_pictures(page);
	add_proof(page);
}

struct report_panel *report_page_panel(struct report_page *page, struct report_plot *plot,
				       size_t i, const char *suffix, bool timed)
{
	const struct compare_side *side = &page->compare->sides.items[i];
	bool alone = page->compare->sides.nr == 1;
	struct report_panel *panel;
	char *key, *title;

	if (timed)
		add_marks(page, i);
	if (alone && !suffix)
		return report_panel(plot, side->key, NULL);
	key = xasprintf("%s%s%s", alone ? "" : side->key, alone || !suffix ? "" : ".",
			suffix ? suffix : "");
	title = xasprintf("%s%s%s", alone ? "" : side->name, alone || !suffix ? "" : ", ",
			  suffix ? suffix : "");
	panel = report_panel(plot, key, title);
	free(key);
	free(title);
	return panel;
}

unsigned int report_page_columns(const struct report_page *page)
{
	return page->compare->sides.nr > 1 ? 2 : 1;
}

void report_page_side(struct report_page *page, size_t i)
{
	if (page->compare->sides.nr > 1)
		report_begin(page->report, page->compare->sides.items[i].key, NULL);
}

void report_page_side_end(struct report_page *page)
{
	if (page->compare->sides.nr > 1)
		report_end(page->report);
}

static void add_summary(struct report_page *page)
{
	report_begin(page->report, "summary", "Summary");
	for (size_t i = 0; i < page->compare->sides.nr; i++) {
		if (page->compare->sides.nr > 1)
			report_say(page->report, "%s:", page->compare->sides.items[i].name);
		replay_report_words(page->report, &page->facts[i]);
	}
	report_end(page->report);
}

static void add_cards(struct report_page *page)
{
	if (page->compare->sides.nr > 1)
		return; /* the table of changes says it of all sides */
	report_cards(page->report, "key_figures");
	add_side_cards(page->report, &page->facts[0]);
	report_end(page->report);
}

static void add_side_cards(struct report *report, const struct replay_facts *facts)
{
	const struct replay_tally *tally = replay_tally(facts->replay);
	const struct replay_index *huge = &tally->all.unusable[REPLAY_HUGE_ORDER];
	uint64_t total = page_total(machine_pages(replay_machine(facts->replay)));
	uint64_t verdicts[VERDICT_NR], failed;
	struct figures figures;
	char worst[FMT_BUF];

	replay_tally_verdicts(tally, verdicts);
	figures_init_replay(&figures, facts->replay);
	report_share(report, "peak_bytes", "peak in use", REPORT_BYTES,
		     tally->peak_pages << KERNEL_PAGE_SHIFT, total << KERNEL_PAGE_SHIFT);
	report_share(report, "slab_loss_bytes", "lost in slabs at the end", REPORT_BYTES,
		     (uint64_t)figures_find(&figures, "slab.loss_bytes")->value,
		     (uint64_t)figures_find(&figures, "slab.bytes")->value);
	report_figure(report, "unusable_free_index", "unusable_free_index(9) at the end",
		      REPORT_RATIO, report_i64(huge->end));
	snprintf(worst, sizeof(worst), "%d.%03d", huge->worst / 1000, huge->worst % 1000);
	report_remark(report, "worst %s", worst);
	failed = verdicts[VERDICT_FAILED] + verdicts[VERDICT_FAILED_BOTH];
	report_count(report, "failures", "failed requests", failed);
	report_remark(report, "of %s",
		      fmt_count(worst, verdicts[VERDICT_DONE] + verdicts[VERDICT_RECOVERED] +
					       failed));
	report_figure(report, "p99_ns", "page allocation, p99, modelled", REPORT_NS,
		      tally->call_cost[CALL_PAGE_ALLOC].count ?
			      report_u64(hist_percentile(&tally->call_cost[CALL_PAGE_ALLOC], 99)) :
			      report_none());
	report_share(report, "explained", "events carried out or explained", REPORT_COUNT,
		     verdicts[VERDICT_DONE] + verdicts[VERDICT_EXPLAINED] +
			     verdicts[VERDICT_RECOVERED],
		     tally->nr_events);
	figures_deinit(&figures);
}

static void add_pictures(struct report_page *page)
{
	const unsigned int layers = page->facts[0].layers;

	report_page_memory(page);
	if (layers & LAYER_PAGE) {
		report_page_free(page);
		report_page_indices(page);
		report_page_map(page);
	}
	report_page_failures(page);
	if (layers & LAYER_SLAB)
		report_page_slabs(page);
	report_page_sites(page);
	report_page_latency(page);
}

static void add_proof(struct report_page *page)
{
	struct report *report = page->report;

	report_begin(report, "proof", "How far to trust it");
	report_say(report, "%s",
		   "This is a simulation: the recorded kernel's requests, in their order, on a "
		   "machine that follows the rules of the kernel's allocators. What callers would "
		   "have done otherwise is not known. Latency is modelled from a table of costs. "
		   "How near this recording's replay is to the kernel itself was not measured "
		   "here.");
	cli_input_warn(&page->compare->job->in, report);
	for (size_t i = 0; i < page->compare->sides.nr; i++) {
		const struct compare_side *side = &page->compare->sides.items[i];

		report_begin(report, page->compare->sides.nr > 1 ? side->key : "side",
			     page->compare->sides.nr > 1 ? side->name : NULL);
		replay_report_machine(report, &page->facts[i]);
		replay_report_start(report, &page->facts[i]);
		replay_report_coverage(report, &page->facts[i]);
		add_settings(report, page->facts[i].settings);
		report_end(report);
	}
	report_end(report);
	add_formulas(report);
	add_command(page);
}

/* All options: what is set, and the defaults of the others. */
static void add_settings(struct report *report, const struct config *settings)
{
	static const struct report_column columns[] = {
		{ "option", "option", REPORT_TEXT, REPORT_COL_KEY },
		{ "value", "value", REPORT_TEXT, 0 },
		{ "default", "default", REPORT_TEXT, 0 },
		{ "help", "meaning", REPORT_TEXT, REPORT_COL_DERIVED },
	};
	struct report_table *table = report_table(report, "configuration", "Configuration",
						  columns, ARRAY_SIZE(columns));
	struct config_option_info info;
	struct config_setting setting;
	unsigned int at = 0;
	struct str allowed, def, text;
	bool more;

	str_init(&allowed);
	str_init(&def);
	str_init(&text);
	more = config_next_setting(settings, &at, &text, &setting);
	for (unsigned int i = 0; config_option_info(i, &info, &allowed, &def); i++) {
		bool set = more && !strcmp(setting.path, info.path);

		report_row(table, (struct report_value[]){
					  report_str(info.path),
					  set ? report_str(setting.value) : report_none(),
					  report_str(str_text(&def)), report_str(info.help) });
		if (set)
			more = config_next_setting(settings, &at, &text, &setting);
		str_reset(&allowed);
		str_reset(&def);
	}
	str_deinit(&text);
	str_deinit(&def);
	str_deinit(&allowed);
}

static void add_formulas(struct report *report)
{
	static const struct {
		const char *key, *label, *text;
	} rows[] = {
		{ "unusable_free_index", "unusable_free_index(o)",
		  "(F - S) / F: the share of the F free pages that lies in blocks smaller than "
		  "order o, where S pages lie in blocks of order o and larger; 1 when nothing is "
		  "free. The kernel's unusable_index in debugfs." },
		{ "extfrag_index", "extfrag_index(o)",
		  "1 - (1 + F / 2^o) / B, with B free blocks of any order: would a request of order "
		  "o that fails do so for lack of memory (towards 0) or for fragmentation (towards "
		  "1)? -1 when a block is there, and it would not fail. The kernel's extfrag_index "
		  "in debugfs." },
		{ "huge_availability", "huge_availability",
		  "free huge pages that are there, of those that the free pages could make." },
		{ "slab_loss", "slab_loss",
		  "what slabs hold beyond live objects: up to the stride of live objects "
		  "(alignment), at the ends of slabs (padding), and in free objects." },
		{ "internal_frag", "internal_frag",
		  "1 - bytes asked for / bytes given: of live objects, or of all traffic." },
	};

	report_begin(report, "formulas", "Formulas");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		report_formula(report, rows[i].key, rows[i].label, rows[i].text);
	report_end(report);
}

/* The command line, as far as it decides what is in the page. */
static void add_command(struct report_page *page)
{
	const struct cli *cli = page->compare->job->cli;
	const struct cli_options *options = &cli->options;
	struct str line;

	str_init(&line);
	str_add(&line, "kmreplay report");
	if (options->kernel.major)
		str_addf(&line, " --kernel=%u.%u", options->kernel.major, options->kernel.minor);
	if (options->from) {
		str_add(&line, " --from=");
		add_word(&line, options->from);
	}
	if (options->layers != LAYER_ALL)
		for (unsigned int i = 0; replay_layer_name(i); i++)
			if (options->layers >> i & 1)
				str_addf(&line, " --layers=%s", replay_layer_name(i));
	if (options->recovered)
		str_addf(&line, " --recovered=%s", replay_recovered_name(options->recovered));
	vec_foreach(&options->configs.list, option) {
		str_addf(&line, " --%s=", option->option->name);
		add_word(&line, option->text);
	}
	str_add_char(&line, ' ');
	add_word(&line, page->facts[0].path);
	report_begin(page->report, "reproduce", "How to make this page again");
	report_text(page->report, "version", "kmreplay", PACKAGE_VERSION);
	report_text(page->report, "command", NULL, str_text(&line));
	report_hint(page->report, "Same input, same settings, same bytes:\n    %s",
		    str_text(&line));
	report_end(page->report);
	str_deinit(&line);
}

/* For a shell. */
static void add_word(struct str *out, const char *word)
{
	if (*word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789._-/=,:+@%")]) {
		str_add(out, word);
		return;
	}
	str_add_char(out, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			str_add(out, "'\\''");
		else
			str_add_char(out, *word);
	}
	str_add_char(out, '\'');
}

/* Requests that failed on side "i", on all its pictures with a time axis: one a pixel is enough. */
static void add_marks(struct report_page *page, size_t i)
{
	enum { PIXELS = 400 };
	const struct replay_history *history = page->histories[i];
	uint64_t width = (page->end - page->start) / PIXELS + 1;
	struct vec(uint64_t) times = { 0 };

	for (size_t k = 0; k < replay_history_nr_failures(history); k++) {
		const struct replay_history_failure *failure = replay_history_failure(history, k);

		if (failure->reason == MM_FAIL_NONE)
			continue;
		if (!times.nr || failure->start >= times.items[times.nr - 1] + width)
			vec_push(&times, failure->start);
	}
	report_marks(page->report, "failures", "failed requests", times.items, times.nr);
	vec_deinit(&times);
}
