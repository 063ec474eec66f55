/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The way of all commands through a recording: batches from the reader, the filters, the progress
 * line, SIGINT, and what an early end means for the exit status.
 */
#include <config.h>

#include "cli_internal.h"

#include "kmreplay/core/fmt.h"

#include <inttypes.h>
#include <string.h>

static bool open_trace(struct cli_input *in);
static void warn_losses(const struct trace_info *info, struct report *report);
static void warn_unread(const struct trace_info *info, struct report *report);

bool cli_input_open(struct cli_input *in, struct cli *cli, const char *path)
{
	memset(in, 0, sizeof(*in));
	in->path = path;
	in->cli = cli;
	progress_init(&in->progress, &cli->options);
	event_names_init(&in->names);
	if (!open_trace(in)) {
		event_names_deinit(&in->names);
		return false;
	}
	event_batch_init(&in->batch, TRACE_BATCH);
	filter_init(&in->filter, &cli->options, &in->names);
	filter_set_unit(&in->filter, trace_info(in->trace)->unit);
	return true;
}

bool cli_input_rewind(struct cli_input *in)
{
	trace_close(in->trace);
	in->nr_read = 0;
	in->end = INPUT_WHOLE;
	progress_init(&in->progress, &in->cli->options);
	return open_trace(in);
}

void cli_input_close(struct cli_input *in)
{
	filter_deinit(&in->filter);
	event_batch_deinit(&in->batch);
	trace_close(in->trace);
	event_names_deinit(&in->names);
}

int cli_input_events(struct cli_input *in, input_events_fn *fn, void *ctx)
{
	while (cli_input_next(in)) {
		filter_batch(&in->filter, &in->batch);
		if (in->batch.nr && !fn(ctx, &in->batch)) {
			in->end = INPUT_STOPPED;
			break;
		}
	}
	return cli_input_finish(in);
}

void cli_input_warn(const struct cli_input *in, struct report *report)
{
	const struct trace_info *info = trace_info(in->trace);
	char count[FMT_BUF];

	if (in->end == INPUT_INTERRUPTED)
		report_warn(report, "interrupted: this is about the first %s events only",
			    fmt_count(count, in->nr_read));
	if (in->end == INPUT_DAMAGED)
		report_warn(report, "the input is damaged: %s\nThis is about the %s events before.",
			    in->error.message, fmt_count(count, in->nr_read));
	else if (info->truncated)
		report_warn(report, "the input is cut off: %s", info->truncation);
	if (!in->nr_read)
		report_warn(report, "there are no events in it");
	if (info->overrun)
		report_warn(report, "the beginning of the recording was overwritten: what was "
				    "allocated before is seen only when it is freed");
	warn_losses(info, report);
	warn_unread(info, report);
}

bool cli_input_next(struct cli_input *in)
{
	uint64_t done, total;

	if (interrupt_came()) {
		in->end = INPUT_INTERRUPTED;
		return false;
	}
	switch (trace_next(in->trace, &in->batch, &in->error)) {
	case TRACE_MORE:
		in->nr_read += in->batch.nr;
		trace_progress(in->trace, &done, &total);
		progress_update(&in->progress, in->nr_read, done, total);
		return true;
	case TRACE_END:
		in->end = INPUT_WHOLE;
		return false;
	case TRACE_ERROR:
		/* A read that waited when SIGINT came fails: that is no damage. */
		in->end = interrupt_came() ? INPUT_INTERRUPTED : INPUT_DAMAGED;
		return false;
	}
	BUG_ON(true);
}

int cli_input_finish(struct cli_input *in)
{
	const struct trace_info *info = trace_info(in->trace);

	progress_erase(&in->progress);
	if (in->end == INPUT_INTERRUPTED) {
		cli_warn("interrupted after %" PRIu64 " events of '%s'", in->nr_read, in->path);
		return EXIT_INTERRUPTED;
	}
	if (in->end == INPUT_DAMAGED) {
		if (!in->again || !in->nr_read)
			cli_error("%s", in->error.message);
		return in->nr_read ? EXIT_DAMAGED : EXIT_INPUT;
	}
	if (in->end == INPUT_WHOLE && info->truncated) {
		if (!in->again)
			cli_error("'%s' is cut off: %s", in->path, info->truncation);
		return EXIT_DAMAGED;
	}
	return EXIT_OK;
}

static bool open_trace(struct cli_input *in)
{
	bool spooled = !strcmp(in->path, "-") && in->cli->spooled[0];
	const struct trace_options options = {
		.format = in->cli->options.from,
		.kernel = in->cli->options.kernel,
		.name = spooled ? "standard input" : NULL,
	};

	in->trace = trace_open(spooled ? in->cli->spooled : in->path, &options, &in->names,
			       &in->error);
	if (!in->trace)
		cli_error("%s", in->error.message);
	return in->trace != NULL;
}

static void warn_losses(const struct trace_info *info, struct report *report)
{
	uint64_t known = 0;
	char lost[FMT_BUF], marks[FMT_BUF];

	if (!info->nr_losses)
		return;
	vec_foreach(&info->cpus, cpu)
		known += cpu->nr_lost;
	report_warn(report, "%s events were lost in %s %s: objects freed there stay live, objects "
			    "allocated there are seen only when they are freed",
		    known ? fmt_count(lost, known) : "an unknown number of",
		    fmt_count(marks, info->nr_losses), info->nr_losses == 1 ? "gap" : "gaps");
}

static void warn_unread(const struct trace_info *info, struct report *report)
{
	char count[FMT_BUF];

	if (info->nr_unparsed)
		report_warn(report, "%s lines or records are no events; the first is at %" PRIu64,
			    fmt_count(count, info->nr_unparsed), info->first_unparsed);
	if (info->nr_malformed)
		report_warn(report, "%s events could not be read; the first is at %" PRIu64,
			    fmt_count(count, info->nr_malformed), info->first_malformed);
	if (info->nr_left_buffers)
		report_warn(report, "%u more buffers (instances) are in the file and not read: %s",
			    info->nr_left_buffers, info->left_buffers);
}
