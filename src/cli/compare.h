/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * `kmreplay compare`: the sides that stand beside each other, and the report about them.
 */
#ifndef KMREPLAY_CLI_COMPARE_H
#define KMREPLAY_CLI_COMPARE_H

#include "replay_job.h"
#include "threshold.h"

#include "kmreplay/replay/figures.h"
#include "kmreplay/report/report.h"

/** Sides there can be: what one table has room for. */
enum { COMPARE_SIDES = 24 };

/** One column: a configuration with all its seeds, or the recording. */
struct compare_side {
	char *name;             /**< as people see it; unlike all others */
	char *key;              /**< as machines do: letters, digits, "._=-" */
	bool recorded;
	size_t first;           /**< its first machine in the job; the seeds follow each other */
	struct figures figures; /**< mean over the seeds */
	struct figures low, high; /**< over the seeds; empty with one seed */
};

/** How the change of a figure is to be taken. */
enum compare_verdict {
	COMPARE_SAME,
	COMPARE_BETTER,
	COMPARE_WORSE,
	COMPARE_OTHER,   /**< neither is better */
	COMPARE_SPREAD,  /**< not more than chance makes */
	COMPARE_UNKNOWN, /**< one of the two cannot tell */
};

struct compare {
	struct replay_job *job;
	unsigned int openers; /**< 1 << enum option_config_kind: options that open a side each */
	bool alone;           /**< one side is enough */
	struct vec(struct compare_side) sides;
	size_t baseline;   /**< index */
	uint64_t nr_seeds;
	struct vec(struct threshold *) thresholds;
	unsigned int nr_crossed; /**< thresholds, once the report is made */
};

/** compare_gather.c: after the replays, fills the figures of all sides. */
void compare_gather(struct compare *compare);
/** Frees what the sides hold; the job is its owner's. */
void compare_deinit(struct compare *compare);
/** compare_report.c: adds what the sides are and how they differ to a page of another command. */
void compare_report_parts(struct report *report, const struct compare *compare);
/** compare_report.c: fills "report"; counts and prints the thresholds that are crossed. */
void compare_report(struct report *report, struct compare *compare);

#endif
