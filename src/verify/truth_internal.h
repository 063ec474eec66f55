/* SPDX-License-Identifier: GPL-2.0-or-later */
/** What the comparisons of single files share. */
#ifndef KMREPLAY_VERIFY_TRUTH_INTERNAL_H
#define KMREPLAY_VERIFY_TRUTH_INTERNAL_H

#include "kmreplay/proc/snapshot.h"
#include "kmreplay/verify/truth.h"

/** One file being compared; both sides have it. */
struct truth_comparison {
	const struct proc_snapshot *ours, *kernel;
	const struct verify_shown *shown; /**< who shows "ours" */
	enum verify_file file;
	bool given; /**< the simulation began with what this file says: of what is untouched */
	bool all_given; /**< and of all else */
	struct verify_truth_result *result;
};

typedef void truth_compare_fn(struct truth_comparison *c);

truth_compare_fn truth_compare_buddyinfo, truth_compare_pagetypeinfo, truth_compare_zoneinfo,
	truth_compare_unusable, truth_compare_extfrag, truth_compare_slabinfo,
	truth_compare_sys_slab, truth_compare_vmallocinfo;

/** A new row of fields; returns its number. "key" and "what" live as long as the truth. */
size_t truth_row_add(struct truth_comparison *c, const char *key, const char *what, bool has_sums);
/**
 * Compares one field of row "at"; returns whether it is the row's first that differs, so that the
 * caller should say in truth_first() which that is.
 */
bool truth_field(struct truth_comparison *c, size_t at, int64_t ours, int64_t kernel);
struct str *truth_first(struct truth_comparison *c, size_t at);
/** Adds "part" of "whole" to row "at", which is an amount and no number of fields. */
void truth_part(struct truth_comparison *c, size_t at, uint64_t part, uint64_t whole);
/** Adds to the sums of row "at". */
void truth_sums(struct truth_comparison *c, size_t at, int64_t ours, int64_t kernel);
/** Some field of row "at" is not judged, since it was taken as given. */
void truth_given(struct truth_comparison *c, size_t at);

#endif
