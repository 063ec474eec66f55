/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Replays of one recording on any number of machines ("sides"). The recording is read twice: once
 * to see what machine it was made on and which caches it had, once to replay it. Each batch is
 * decoded and repaired once and then fed to all machines, side by side on the host's CPUs; so a
 * side is exactly what a replay of its own would be.
 *
 *	replay_job_init(&job, cli);
 *	replay_job_add(&job, "default", settings);
 *	status = replay_job_run(&job, path);
 *	if (job.replayed)
 *		... job.sides.items[0].replay ...
 *	replay_job_deinit(&job);
 */
#ifndef KMREPLAY_CLI_REPLAY_JOB_H
#define KMREPLAY_CLI_REPLAY_JOB_H

#include "account_feed.h"
#include "cli_internal.h"
#include "replay_report.h"
#include "start_files.h"

#include "kmreplay/core/workers.h"
#include "kmreplay/replay/area_guess.h"
#include "kmreplay/replay/area_survey.h"
#include "kmreplay/replay/recorded.h"
#include "kmreplay/replay/replay.h"
#include "kmreplay/replay/slab_census.h"
#include "kmreplay/replay/slab_files.h"
#include "kmreplay/replay/slab_survey.h"
#include "kmreplay/replay/snap_moments.h"
#include "kmreplay/replay/start.h"

/** One machine of a job. */
struct replay_side {
	char *name;                    /**< the side's */
	struct config *settings;       /**< what the machine is to be; the side's */
	uint64_t seed;                 /**< added to the configured one */
	struct machine_config machine; /**< once the first reading is over */
	struct page_start start;       /**< its memory at the first event; the side's */
	struct replay *replay;         /**< once the second reading has begun */
	struct account_feed feed;      /**< what it gave, with job->accounts */
	struct error error;            /**< why it stopped; empty: it did not */
};

struct replay_job;

/** "side" has its machine now and has not replayed anything yet. False: "err" says why not. */
typedef bool replay_job_started_fn(void *ctx, struct replay_job *job, struct replay_side *side,
				   struct error *err);

struct replay_job {
	struct cli *cli;
	const char *path;
	struct vec(struct replay_side) sides;
	replay_job_started_fn *started; /**< NULL: nobody wants to know */
	void *ctx;                      /**< for it */
	bool look_at_slabs;             /**< those that existed are found in the first reading */
	bool no_later;                  /**< no files of a later moment tell of the start */
	bool accounts;                  /**< feeds are kept, for tables by call site and by cache */
	bool replayed;                  /**< all sides have been through what could be read */

	struct vec(uint64_t) at; /**< for each --at its event, once the first reading is over */

	struct cli_input in;
	struct survey survey;
	struct slab_survey slabs;
	const struct proc_snapshot *files_of_slabs; /**< NULL: none */
	struct slab_census census;
	struct snap_moments moments; /**< of the files that tell of slabs */
	bool slabs_given;            /**< they do: slab_files are theirs */
	struct slab_files slab_files; /**< of the beginning */
	struct area_survey areas;
	struct area_guesses guesses; /**< of areas that no event of their own tells of */
	struct start_files files;   /**< --start, --boot */
	struct start_state *start;  /**< of the recorded machine, once the first reading is over */
	struct replay_options options;
	struct recorded recorded; /**< what the recording itself tells */
	struct repair *learned;             /**< what the first reading found out */
	uint64_t nr_findings, last_finding; /**< of it: how many, and after which event */
	struct repair *repair;              /**< of the second reading */
	struct workers *workers;
	const struct repair_batch *batch;   /**< being replayed */
	bool started_all;
};

/** No sides yet; accounts are kept, slabs are looked at. */
void replay_job_init(struct replay_job *job, struct cli *cli);
void replay_job_deinit(struct replay_job *job);
/** Adds a machine by "settings" (copied); valid until the next is added. */
struct replay_side *replay_job_add(struct replay_job *job, const char *name,
				   const struct config *settings);
/**
 * Both readings of "path" ("-": standard input, by way of a temporary file). Returns the status;
 * messages are printed. Whether there is anything to report is in job->replayed.
 */
MUST_CHECK int replay_job_run(struct replay_job *job, const char *path);
/**
 * The first reading alone, for who goes on with job->in by himself: job->survey and job->learned
 * are there. As replay_job_run().
 */
MUST_CHECK int replay_job_look(struct replay_job *job, const char *path);
/**
 * After the first reading: a machine like the recorded one, but for what "settings" say, that
 * begins in "*start"; "early" as in start_state_map(). The caller ends both.
 */
void replay_job_machine(struct replay_job *job, const struct config *settings, bool early,
			struct machine_config *machine, struct page_start *start);

/** What is known of areas beside their own events, once the first reading is over. */
struct area_known replay_job_areas(const struct replay_job *job);

/** The report of one side, as `kmreplay replay` prints it; the caller's. */
MUST_CHECK struct report *replay_job_report(struct replay_job *job, struct replay_side *side);

/** What its report is made from. */
struct replay_facts replay_job_facts(struct replay_job *job, struct replay_side *side);
/** The release whose rules the side's machine has: "6.12". */
const char *replay_side_rules(const struct replay_side *side);
/** Appends what was set for the side's machine, "slab.max_order=0 pcp.batch=1"; or nothing. */
void replay_side_settings(const struct replay_side *side, struct str *out);

#endif
