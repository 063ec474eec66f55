/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * `stat` in two halves: cmd_stat.c feeds the accounting, stat_report.c shows it.
 */
#ifndef KMREPLAY_CLI_STAT_INTERNAL_H
#define KMREPLAY_CLI_STAT_INTERNAL_H

#include "cli_internal.h"

#include "kmreplay/core/u64map.h"
#include "kmreplay/stats/account.h"

/** The last task name seen of a pid that hashes here: saves most look-ups. */
struct stat_task {
	int32_t pid;
	uint32_t comm;
};

enum { STAT_TASKS = 1024 };

struct stat {
	struct cli *cli;
	struct cli_input *in;
	struct account *account;
	struct repair *repair;                /**< after the run */
	struct vec(struct account_call) calls; /**< of the batch at hand */
	struct vec(uint8_t) selected; /**< by slot, with filters: its allocation was asked for */
	struct u64map comms;          /**< pid to names.texts: its first known name */
	struct stat_task tasks[STAT_TASKS];
	uint64_t nr_filtered; /**< allocations that were not asked for */
};

/** Builds the report; for the caller to destroy. */
MUST_CHECK struct report *stat_report(struct stat *stat);

#endif
