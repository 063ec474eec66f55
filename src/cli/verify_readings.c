/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The readings of a recording that is judged (see verify_readings.h). */
#include <config.h>

#include "verify_readings.h"

static bool look_batch(void *ctx, const struct repair *repair, const struct repair_batch *batch);
static bool judge_batch(void *ctx, const struct repair *repair, const struct repair_batch *batch);

int verify_readings_judge(struct verify_readings *r)
{
	int status = EXIT_INPUT;

	r->in->again = true;
	if (cli_input_rewind(r->in))
		r->looked = cli_input_repaired(r->in, look_batch, r, &status);
	r->in->again = false;
	if ((status != EXIT_OK && status != EXIT_DAMAGED) || !cli_input_rewind(r->in))
		return status == EXIT_OK ? EXIT_INPUT : status;
	r->in->learned = r->knows_caches ? r->looked : NULL;
	r->repair = cli_input_repaired(r->in, judge_batch, r, &status);
	if (status == EXIT_INPUT)
		return status;
	if (!r->started && !r->error.message[0])
		r->started = verify_run_start(r->run, r->repair, &r->error);
	if (r->started && !r->error.message[0] && !verify_run_finish(r->run, &r->error))
		r->started = false;
	if (r->error.message[0]) {
		cli_error("%s", r->error.message);
		return EXIT_USAGE;
	}
	r->judged = true;
	return status;
}

void verify_readings_deinit(struct verify_readings *r)
{
	repair_destroy(r->repair);
	repair_destroy(r->looked);
}

static bool look_batch(void *ctx, const struct repair *repair, const struct repair_batch *batch)
{
	struct verify_readings *r = ctx;

	verify_run_look(r->run, repair, batch);
	return true;
}

static bool judge_batch(void *ctx, const struct repair *repair, const struct repair_batch *batch)
{
	struct verify_readings *r = ctx;

	if (!r->started && !verify_run_start(r->run, repair, &r->error))
		return false;
	r->started = true;
	if (r->beside)
		r->beside(r->ctx, repair, batch);
	return verify_run_feed(r->run, batch, &r->error);
}
