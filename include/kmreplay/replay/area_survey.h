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

/** The dynamic part of boot's percpu chunk has at most so many bytes here. */
enum { PERCPU_SURVEY_BYTES = 256 << 10, PERCPU_SURVEY_BIT = 4 };

/** One of the percpu chunks that were there when the recording began. */
struct percpu_survey_chunk {
	uint64_t base;
	bool created;  /**< it was not: it was made meanwhile */
	bool reserved; /**< it serves modules' static variables */
	/** Bits of 4 bytes: what was free, and where areas begin that are given back. */
	struct vec(uint64_t) was_free, begins;
	uint64_t high; /**< bits that any event touches lie below */
	uint64_t low;  /**< first bit of the first area that it served */
};

struct area_survey {
	struct vec(struct percpu_survey_chunk) chunks; /**< in the order of their first event */
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
/** The chunk of boot for dynamic per-CPU areas; NULL: no event touches it. */
const struct percpu_survey_chunk *percpu_survey_first(const struct area_survey *survey);
/** Adds the areas of vmallocinfo; NULL, or without it: nothing. */
void area_survey_add_files(struct area_survey *survey, const struct proc_snapshot *snapshot);

#endif
