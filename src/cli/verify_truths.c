/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the simulated machine's files compare with the kernel's own. */
#include <config.h>

#include "verify_report.h"

#include "kmreplay/core/xalloc.h"

#include <stdlib.h>

static void add_truth(struct report *report, const struct verify_facts *facts, size_t i);
static void add_result(struct report_table *table, const struct verify_facts *facts, size_t i,
		       enum verify_layer layer, enum verify_mode mode);

void verify_report_truths(struct report *report, const struct verify_facts *facts)
{
	for (size_t i = 0; i < verify_run_nr_truths(facts->run); i++)
		add_truth(report, facts, i);
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
						    report_none(),
			   });
	}
}
