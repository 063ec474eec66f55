/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The way of all commands through a recording: batches from the reader, the filters, the progress
 * line, SIGINT, and what an early end means for the exit status.
 */
#include <config.h>

#include "cli_internal.h"
#include "command.h"
#include "scenario_record.h"

#include "kmreplay/core/fmt.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static bool next_batch(struct cli_input *in);
static int find_span(struct cli_input *in, struct when_finder *finder);
static bool is_cut(const struct cli *cli);
static bool open_trace(struct cli_input *in);
static void warn_losses(const struct cli_input *in, struct report *report);
static void warn_unread(const struct trace_info *info, struct report *report);

int cli_input_open(struct cli_input *in, struct cli *cli, const char *path)
{
	struct when_finder finder;
	int status = EXIT_OK;

	memset(in, 0, sizeof(*in));
	in->path = path;
	in->cli = cli;
	in->spool = -1;
	progress_init(&in->progress, &cli->options);
	event_names_init(&in->names);
	filter_init(&in->filter, &cli->options, &in->names);
	event_batch_init(&in->batch, TRACE_BATCH);
	when_finder_init(&finder, TRACE_CLOCK_NS);
	if (cli_is_scenario(path))
		status = cli_record_scenario(in);
	if (status == EXIT_OK && filter_ask(&in->filter, &finder) && !cli_spool(cli, path))
		status = EXIT_INPUT;
	if (status == EXIT_OK && !open_trace(in))
		status = EXIT_INPUT;
	if (status == EXIT_OK && finder.searches.nr)
		status = find_span(in, &finder);
	when_finder_deinit(&finder);
	if (status != EXIT_OK) {
		cli_input_close(in);
		return status;
	}
	in->cut = is_cut(cli);
	return EXIT_OK;
}

int cli_input_find(struct cli_input *in, struct when_finder *finder)
{
	int status;

	in->finder = finder;
	in->again = true;
	while (cli_input_next(in))
		;
	/* What there is of a damaged file is read again. */
	status = cli_input_finish(in);
	in->again = false;
	in->finder = NULL;
	if (status != EXIT_OK && status != EXIT_DAMAGED)
		return status;
	return cli_input_rewind(in) ? EXIT_OK : EXIT_INPUT;
}

bool cli_input_rewind(struct cli_input *in)
{
	trace_close(in->trace);
	in->nr_read = in->nr_given = 0;
	in->end = INPUT_WHOLE;
	progress_init(&in->progress, &in->cli->options);
	return open_trace(in);
}

void cli_input_close(struct cli_input *in)
{
	filter_deinit(&in->filter);
	event_batch_deinit(&in->batch);
	trace_close(in->trace);
	in->trace = NULL;
	event_names_deinit(&in->names);
	if (in->spool >= 0)
		close(in->spool);
	in->spool = -1;
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

bool cli_input_moment(const struct cli_input *in, const struct when_finder *finder, size_t i,
		      uint64_t *number)
{
	struct error err;

	if (when_finder_get(finder, i, number, &err))
		return true;
	cli_error("'%s': --at: %s", in->path, err.message);
	return false;
}

void cli_input_describe(const struct cli_input *in, uint64_t nr_events, struct report *report)
{
	const char *part = in->cli->options.time.text;

	report_text(report, "file", "recording", in->path);
	report_text(report, "input_format", "format",
		    in->spooled[0] ? "scenario" : trace_info(in->trace)->format);
	if (part)
		report_text(report, "part", "part", part);
	report_count(report, "events", "events", nr_events);
	report_figure(report, "span_ns", "time span", REPORT_NS,
		      report_u64(in->last_time - in->first_time));
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
	else if (in->cut && !in->nr_given)
		report_warn(report, "there are no events in that part of it (--time)");
	if (info->overrun)
		report_warn(report, "the beginning of the recording was overwritten: what was "
				    "allocated before is seen only when it is freed");
	warn_losses(in, report);
	warn_unread(info, report);
}

bool cli_input_next(struct cli_input *in)
{
	while (next_batch(in)) {
		bool more = !in->cut || filter_cut(&in->filter, &in->batch);

		if (!more) {
			in->end = INPUT_STOPPED;
			return false;
		}
		if (!in->batch.nr)
			continue;
		if (!in->nr_given)
			in->first_time = in->batch.events[0].time;
		in->last_time = in->batch.events[in->batch.nr - 1].time;
		in->nr_given += in->batch.nr;
		if (in->finder)
			when_finder_feed(in->finder, &in->batch);
		return true;
	}
	return false;
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

/* As the reader gives it. */
static bool next_batch(struct cli_input *in)
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

/* What --time means in this recording. */
static int find_span(struct cli_input *in, struct when_finder *finder)
{
	struct error err;
	int status;

	finder->unit = trace_info(in->trace)->unit;
	status = cli_input_find(in, finder);
	if (status != EXIT_OK || filter_hear(&in->filter, finder, &err))
		return status;
	cli_error("'%s': --time: %s", in->path, err.message);
	return EXIT_USAGE;
}

static bool is_cut(const struct cli *cli)
{
	return !(CMD_BITS_FILTERS & 1ULL << command_id(cli->args.command));
}

static bool open_trace(struct cli_input *in)
{
	const bool spooled = !strcmp(in->path, "-") && in->cli->spooled[0];
	const bool scenario = in->spooled[0];
	const struct trace_options options = {
		.format = scenario ? NULL : in->cli->options.from,
		.kernel = in->cli->options.kernel,
		.name = scenario ? in->path : spooled ? "standard input" : NULL,
	};

	in->trace = trace_open(scenario ? in->spooled : spooled ? in->cli->spooled : in->path,
			       &options, &in->names, &in->error);
	if (!in->trace) {
		cli_error("%s", in->error.message);
		return false;
	}
	filter_begin(&in->filter, trace_info(in->trace)->unit);
	return true;
}

static void warn_losses(const struct cli_input *in, struct report *report)
{
	const struct trace_info *info = trace_info(in->trace);
	uint64_t known = 0, nr = info->nr_losses;
	char lost[FMT_BUF], marks[FMT_BUF];

	vec_foreach(&info->cpus, cpu)
		known += cpu->nr_lost;
	/* Of a part, those in it; that shows as long as all of them are listed. */
	if (in->cut && nr == info->losses.nr) {
		known = nr = 0;
		vec_foreach(&info->losses, loss) {
			if (!filter_spans(&in->filter, loss->time, loss->event))
				continue;
			nr++;
			known += loss->nr;
		}
	}
	if (!nr)
		return;
	report_warn(report, "%s events were lost in %s %s: objects freed there stay live, objects "
			    "allocated there are seen only when they are freed",
		    known ? fmt_count(lost, known) : "an unknown number of",
		    fmt_count(marks, nr), nr == 1 ? "gap" : "gaps");
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
