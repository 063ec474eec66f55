/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * One comparison of a recording with our allocators: judges of the layers asked for, each in the
 * modes asked for, side by side on the same events.
 *
 *	run = verify_run_create(&options, &config, &survey, &names);
 *	... for each repaired batch: verify_run_look(run, repair, batch);
 *	if (!verify_run_start(run, repair, &err)) ...
 *	... once more for each repaired batch: verify_run_feed(run, batch, &err) ...
 *	if (verify_run_finish(run, &err))
 *		... verify_run_log(run, VERIFY_PAGE, VERIFY_FOLLOW)->counts[VERIFY_PAGE_PFN] ...
 *	verify_run_destroy(run);
 */
#ifndef KMREPLAY_VERIFY_RUN_H
#define KMREPLAY_VERIFY_RUN_H

#include "kmreplay/verify/truth.h"
#include "kmreplay/verify/verify.h"

struct verify_run;

struct verify_run_options {
	unsigned int layers; /**< bits of enum verify_layer */
	unsigned int modes;  /**< bits of enum verify_mode */
	unsigned int given;  /**< bits of enum verify_given */
	uint64_t nr_stories; /**< for each judge, as in struct verify_log_options */
	uint64_t explain;    /**< the same */
	bool classes;        /**< the same */
	const struct slab_files *slab_files; /**< the same */
	const struct slab_survey *slabs; /**< as in struct verify_setup */
	struct area_known areas; /**< the same */
	const struct proc_boot *boot; /**< the same */
	verify_failed_fn *failed; /**< the same; called while judging, by one judge only */
	void *failed_ctx;
};

/** Judges of what "options" says; "config", "survey" and "names" must outlive the run. */
MUST_CHECK struct verify_run *verify_run_create(const struct verify_run_options *options,
						const struct machine_config *config,
						const struct survey *survey,
						const struct event_names *names);
/** "run" may be NULL. */
void verify_run_destroy(struct verify_run *run);
/** Also compares with "truth" (the run's from now on). Before the first look. */
void verify_run_add_truth(struct verify_run *run, struct verify_truth *truth);
/** The look ahead takes a batch. */
void verify_run_look(struct verify_run *run, const struct repair *repair,
		     const struct repair_batch *batch);
/**
 * The looks are over; the judges are made. False and "err": one cannot be, or a truth has no moment
 * in the recording.
 */
MUST_CHECK bool verify_run_start(struct verify_run *run, const struct repair *repair,
				 struct error *err);
/** Judges a batch; false and "err" when a judge cannot go on. */
MUST_CHECK bool verify_run_feed(struct verify_run *run, const struct repair_batch *batch,
				struct error *err);
/** Nothing comes any more; as verify_run_feed(). */
MUST_CHECK bool verify_run_finish(struct verify_run *run, struct error *err);

/** What one judge found; NULL: there was none. */
const struct verify_log *verify_run_log(const struct verify_run *run, enum verify_layer layer,
					enum verify_mode mode);
/** Events judged. */
uint64_t verify_run_nr_events(const struct verify_run *run);
/** How one judge's machine compares with truth "i"; NULL: there is no such truth or judge. */
const struct verify_truth_result *verify_run_truth(const struct verify_run *run,
						   enum verify_layer layer, enum verify_mode mode,
						   size_t i);
/** The truths, in the order in which they were added. */
size_t verify_run_nr_truths(const struct verify_run *run);
const struct verify_truth *verify_run_truth_at(const struct verify_run *run, size_t i);

#endif
