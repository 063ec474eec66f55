/* SPDX-License-Identifier: GPL-2.0-or-later */
/** Running gnuplot: several processes at once, under one limit of time. */
#ifndef KMREPLAY_REPORT_PLOT_RUN_H
#define KMREPLAY_REPORT_PLOT_RUN_H

#include "kmreplay/core/error.h"
#include "kmreplay/core/vec.h"

/** What one process draws, one after the other. */
struct plot_job {
	struct vec(const char *) scripts; /**< names of .gp files without the end */
};

struct plot_run {
	const char *program; /**< searched in PATH when it has no slash */
	const char *dir;     /**< where it works */
	unsigned int limit_ms;
	const struct plot_job *jobs; /**< empty ones are left out */
	unsigned int nr_jobs;
};

/**
 * Runs all jobs to their end. False when one could not be started, failed or was killed at the
 * limit; "err" then has the last line that it complained with.
 */
MUST_CHECK bool plot_run(const struct plot_run *run, struct error *err);

#endif
