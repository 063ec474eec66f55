/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * `stat` in two halves: cmd_stat.c feeds the accounting, stat_report.c shows it.
 */
#ifndef KMREPLAY_CLI_STAT_INTERNAL_H
#define KMREPLAY_CLI_STAT_INTERNAL_H

#include "account_feed.h"

#include "kmreplay/core/u64map.h"

/** The last task name seen of a pid that hashes here: saves most look-ups. */
struct stat_task {
	int32_t pid;
	uint32_t comm;
};

enum { STAT_TASKS = 1024 };

/** The account at one moment. */
struct stat_view {
	const struct when *when; /**< NULL: --at says nothing, it is the end */
	uint64_t number;         /**< of the first event that is not in it; UINT64_MAX: all are */
	uint64_t time;           /**< of that event, else of the last one */
	bool done;               /**< that event was met */
	struct account_feed feed;
};

struct stat {
	struct cli *cli;
	struct cli_input *in;
	struct vec(struct stat_view) views; /**< in the order of --at */
	struct when_finder finder;          /**< looks for them */
	struct repair *repair;                /**< after the run */
	struct u64map comms;          /**< pid to names.texts: its first known name */
	struct stat_task tasks[STAT_TASKS];
};

/** The tables that --by asks for: bits 1 << enum account_by. */
uint32_t stat_tables(const struct cli_options *options);
/** Builds the report of one of its views; for the caller to destroy. */
MUST_CHECK struct report *stat_report(struct stat *stat, struct stat_view *view);

#endif
