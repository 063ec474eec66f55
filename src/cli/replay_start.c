/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a report says of the machine's state at the first event: how it is known. */
#include <config.h>

#include "replay_report.h"

#include "kmreplay/abi/kernel.h"
#include "kmreplay/replay/start.h"

static void add_sources(const struct start_state *state, struct str *text);

void replay_report_start(struct report *report, const struct replay_facts *facts)
{
	const struct start_state *state = facts->start;
	uint64_t total = 0;
	struct str text;

	str_init(&text);
	add_sources(state, &text);
	for (unsigned int basis = 0; basis < START_BASIS_NR; basis++)
		total += state->nr_pages[basis];
	report_begin(report, "start", "State of the recorded machine at the start");
	report_text(report, "sources", "known from", str_text(&text));
	report_figure(report, "free", "free pages", REPORT_COUNT, report_u64(state->nr_free));
	report_figure(report, "pcp", "in per-CPU lists", REPORT_COUNT, report_u64(state->nr_pcp));
	report_figure(report, "used", "in use or reserved", REPORT_COUNT,
		      report_u64(state->nr_used));
	for (unsigned int basis = 0; basis < START_BASIS_NR; basis++) {
		char key[32];

		snprintf(key, sizeof(key), "by_%s", start_basis_name(basis));
		if (!state->nr_pages[basis] && !facts->verbose && facts->lines)
			continue;
		report_share(report, key, start_basis_label(basis), REPORT_COUNT,
			     state->nr_pages[basis], total);
		report_remark(report, "%s", start_basis_help(basis));
	}
	vec_foreach(&state->contradictions, line)
		report_note(report, "%s", *line);
	report_end(report);
	str_deinit(&text);
}

static void add_sources(const struct start_state *state, struct str *text)
{
	str_add(text, "the recording");
	if (state->has_boot)
		str_add(text, ", the boot log");
	if (state->has_files)
		str_add(text, ", files of the machine");
	if (state->has_later)
		str_add(text, ", a later kpageflags");
	if (!state->has_boot && !state->has_files && !state->has_later)
		str_add(text, " alone");
}
