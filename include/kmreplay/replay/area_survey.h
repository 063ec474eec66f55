/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A look ahead at address ranges: areas of vmalloc that existed when the recording began, which
 * show when they are freed, or which files of the running machine list.
 */
#ifndef KMREPLAY_REPLAY_AREA_SURVEY_H
#define KMREPLAY_REPLAY_AREA_SURVEY_H

#include "kmreplay/core/vec.h"
#include "kmreplay/repair/repair.h"
#include "kmreplay/replay/area_guess.h"

struct proc_snapshot;

struct area_survey_area {
	uint64_t addr, size; /**< bytes, the guard page included */
	bool lazy;           /**< freed before, its addresses not back yet */
};

struct area_survey {
	struct vec(struct area_survey_area) areas; /**< any order; the same one may come twice */
	uint64_t nr_unsized; /**< freed areas whose size nothing tells: not among them */
	uint64_t lazy_pages; /**< as the last event says; UINT64_MAX: not known */
};

void area_survey_init(struct area_survey *survey);
void area_survey_deinit(struct area_survey *survey);
/**
 * Looks at one batch, in the recording's order. The size of an area that is freed is what a probe
 * says, else how much more is lazy than before.
 */
void area_survey_feed(struct area_survey *survey, const struct repair_batch *batch);
/** Drops those that were found by their bookkeeping, and are no areas of the beginning. */
void area_survey_drop(struct area_survey *survey, const struct area_guesses *guesses);
/** Adds the areas of vmallocinfo; NULL, or without it: nothing. */
void area_survey_add_files(struct area_survey *survey, const struct proc_snapshot *snapshot);

#endif
