/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way through a recording with repair in it: batches come out with what each event means. */
#include <config.h>

#include "cli_internal.h"

static bool pull(struct repair *repair, input_repaired_fn *fn, void *ctx);

struct repair *cli_input_repair(struct cli_input *in)
{
	const struct trace_info *info = trace_info(in->trace);
	const struct kernel_version first_sheaves = { 6, 18 };
	const struct repair_options options = {
		.hashed_ptrs = info->hashed_ptrs,
		.long_is_32 = info->long_is_32,
		.sheaves = kernel_version_cmp(info->kernel, first_sheaves) >= 0,
		.learned = in->learned,
	};

	return repair_create(&options, &in->names);
}

struct repair *cli_input_repaired(struct cli_input *in, input_repaired_fn *fn, void *ctx,
				  int *status)
{
	struct repair *repair = NULL;
	bool more = true;

	while (more && cli_input_next(in)) {
		/* Only now, since a text tells by its first pointers what they are. */
		if (!repair)
			repair = cli_input_repair(in);
		repair_push(repair, &in->batch);
		more = pull(repair, fn, ctx);
	}
	if (!repair)
		repair = cli_input_repair(in);
	repair_finish(repair);
	if (!more || !pull(repair, fn, ctx))
		in->end = INPUT_STOPPED;
	*status = cli_input_finish(in);
	return repair;
}

static bool pull(struct repair *repair, input_repaired_fn *fn, void *ctx)
{
	struct repair_batch batch;

	while (repair_pull(repair, &batch))
		if (!fn(ctx, repair, &batch))
			return false;
	return true;
}
