/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A scenario on the machine that it asks for: what `kmreplay run` and the commands that take one
 * for a recording have in common. Errors are printed, with the line of the text.
 */
#ifndef KMREPLAY_CLI_SCENARIO_JOB_H
#define KMREPLAY_CLI_SCENARIO_JOB_H

#include "kmreplay/config/config.h"
#include "kmreplay/core/str.h"
#include "kmreplay/scenario/machine.h"

struct scenario_job {
	const char *name;      /**< for messages; the caller's */
	struct str text;
	struct config *config; /**< what the command line says; NULL: nothing */
	struct machine_config machine_config;
	struct scenario_machine *machine;
	struct scenario *scenario;
};

/**
 * Reads the text, which is there with its name, and adds its settings to the configuration, which
 * wins. EXIT_OK or EXIT_INPUT. "sink" and "ctx" must outlive the job.
 */
MUST_CHECK int scenario_job_read(struct scenario_job *job, const struct scenario_sink *sink,
				 void *ctx, bool explain);
/** Builds the machine and looks up all names; EXIT_OK, EXIT_USAGE or EXIT_INPUT. */
MUST_CHECK int scenario_job_start(struct scenario_job *job);
/** Runs it and checks the machine; EXIT_OK, EXIT_INPUT, EXIT_CHECK or EXIT_INTERRUPTED. */
MUST_CHECK int scenario_job_run(struct scenario_job *job, uint64_t max_steps);
/** What was not begun yet is fine. */
void scenario_job_deinit(struct scenario_job *job);

/** Bytes of memory of the machine that "config" describes for a scenario. */
uint64_t scenario_job_memory(const struct config *config);

#endif
