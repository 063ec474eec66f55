/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Which calls `kmreplay run --explain` shows: in a loop most calls are alike, that is made at the
 * same place of the text, by the same path and with the same failure. The first ones are shown, the
 * others are counted, up to what parts the output: a section or a line that the scenario prints.
 */
#ifndef KMREPLAY_CLI_RUN_FOLD_H
#define KMREPLAY_CLI_RUN_FOLD_H

#include "kmreplay/core/u64map.h"
#include "kmreplay/mm/outcome.h"

struct scenario_place;

struct run_fold {
	uint64_t limit;      /**< alike calls to be shown; 0: all */
	struct u64map shown; /**< place, path and failure to how many were shown */
	uint64_t hidden;     /**< calls since the last one that was shown, */
	uint64_t hidden_ns;  /**< and their cost */
};

void run_fold_init(struct run_fold *fold, uint64_t limit);
void run_fold_deinit(struct run_fold *fold);
/** Whether the call at "place" with "out" is not to be shown; it is counted then. */
bool run_fold_hides(struct run_fold *fold, const struct scenario_place *place,
		    const struct mm_outcome *out);
/** Forgets the hidden ones, which were told of. */
void run_fold_told(struct run_fold *fold);
/** The output is parted here: what comes is shown again. */
void run_fold_part(struct run_fold *fold);

#endif
