/* SPDX-License-Identifier: GPL-2.0-or-later */
/** What `verify` prints, and its thresholds. */
#ifndef KMREPLAY_CLI_VERIFY_REPORT_H
#define KMREPLAY_CLI_VERIFY_REPORT_H

#include "replay_job.h"

#include "kmreplay/verify/run.h"

/** What a report of a comparison is made from. */
struct verify_facts {
	const struct cli_input *in;
	const struct trace_info *info;
	const struct event_names *names;
	const struct repair *repair;
	const struct machine_config *machine;
	const struct config *settings;
	const struct verify_run *run;
	const struct cli_options *options;
	unsigned int layers, modes, given; /**< bits, as in struct verify_run_options */
};

/** verify_report.c: the whole report. */
void verify_report(struct report *report, const struct verify_facts *facts);
/** verify_stories.c: what --first and --explain tell; classes. */
void verify_report_stories(struct report *report, const struct verify_facts *facts);
void verify_report_classes(struct report *report, const struct verify_facts *facts);
/** verify_truths.c: the kernel's own files. */
void verify_report_truths(struct report *report, const struct verify_facts *facts);

/** A share that --require can name. */
struct verify_value {
	uint64_t part, whole; /**< whole 0: nothing was judged */
};

/**
 * Finds the value called "key": [follow.|free.]METRIC for a metric's share, METRIC.precision and
 * METRIC.recall for what is detected, truth.LABEL.FILE.FIELD; without a mode the followed one, if
 * it was judged. False: there is no such value.
 */
MUST_CHECK bool verify_value_find(const struct verify_run *run, const char *key,
				  struct verify_value *ret);
/** The share of "count" that is right; what is detected counts false alarms, too. */
struct verify_value verify_count_value(enum verify_metric metric,
				       const struct verify_count *count);

/** One EXPRESSION of --require. */
struct verify_require {
	char key[160];
	char op[3];
	double limit; /**< a fraction of one */
};

/** Reads "page.pfn>=0.99" or "page.pfn>=99%"; false and "err": it is none. */
MUST_CHECK bool verify_require_parse(const char *text, struct verify_require *require,
				     struct error *err);
/**
 * Whether it holds; "why" says in words what was found. A value that was not judged does not hold;
 * "*known" is false when there is no such value at all.
 */
bool verify_require_holds(const struct verify_require *require, const struct verify_run *run,
			  bool *known, struct str *why);

#endif
