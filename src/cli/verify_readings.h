/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The second and the third reading of a recording that is judged (`verify`) or followed
 * (`failures`): the judges' look ahead, with what the first reading told, then the judgement.
 */
#ifndef KMREPLAY_SRC_CLI_VERIFY_READINGS_H
#define KMREPLAY_SRC_CLI_VERIFY_READINGS_H

#include "cli_internal.h"

#include "kmreplay/verify/run.h"

/** Is shown each batch of the third reading before the judges get it. */
typedef void verify_beside_fn(void *ctx, const struct repair *repair,
			      const struct repair_batch *batch);

/** Zeroed but for the first group. */
struct verify_readings {
	struct cli_input *in;
	struct verify_run *run;
	bool knows_caches;        /**< the third reading has the caches that the second found */
	verify_beside_fn *beside; /**< NULL: nobody */
	void *ctx;                /**< for it */

	struct repair *looked; /**< the second reading's, until deinit */
	struct repair *repair; /**< the third one's, until deinit */
	bool started;
	bool judged;           /**< all that could be read */
	struct error error;
};

/** Reads and judges; returns the exit status, of which all but EXIT_OK have been explained. */
int verify_readings_judge(struct verify_readings *r);
void verify_readings_deinit(struct verify_readings *r);

#endif
