/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file behind --series and --slab-series. */
#include <config.h>

#include "series_file.h"

#include "kmreplay/report/report.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum { LOOKS = 1000 };

static bool same_place(const char *path, const char *other);
static bool is_tsv(const char *path);
static bool commit(struct series_file *file);

bool series_every_is_used(const struct cli_options *options)
{
	if (options->series || options->slab_series ||
	    !option_was_given(options, offsetof(struct cli_options, every)))
		return true;
	cli_error("--every says how often --series looks, and there is no --series");
	return false;
}

int series_file_open(struct series_file *file, const struct cli_options *options,
		     const char *option, const char *path)
{
	struct error err;

	if (same_place(path, options->output)) {
		cli_error("the report and %s would both go to '%s'", option,
			  !strcmp(path, "-") ? "standard output" : path);
		return EXIT_USAGE;
	}
	if (options->series && options->slab_series &&
	    same_place(options->series, options->slab_series)) {
		cli_error("--series and --slab-series would both go to '%s'",
			  !strcmp(path, "-") ? "standard output" : path);
		return EXIT_USAGE;
	}
	*file = (struct series_file){ 0 };
	if (!outfile_open(&file->out, path, &err)) {
		cli_error("%s", err.message);
		return EXIT_OUTPUT;
	}
	/* A reader that goes away ends the table, not the report. */
	if (!file->out.path)
		signal(SIGPIPE, SIG_IGN);
	file->path = file->out.path ? path : "standard output";
	file->every = &options->every;
	file->delimiter = is_tsv(path) ? '\t' : ',';
	str_init(&file->head);
	str_init(&file->rows);
	return EXIT_OK;
}

bool series_file_probe(struct series_file *file, const struct trace_info *info,
		       uint64_t nr_events, struct replay_probe *probe, struct error *err)
{
	file->in_ns = info->unit == TRACE_CLOCK_NS;
	if (file->every->ns && !file->in_ns)
		return error_set(err, "--every cannot be a time: the recording's clock '%s' does "
				      "not count nanoseconds", info->clock);
	probe->every_events = file->every->events;
	probe->every_ns = file->every->ns;
	probe->markers = file->every->markers;
	if (!probe->every_events && !probe->every_ns && !probe->markers)
		probe->every_events = MAX(nr_events / LOOKS, (uint64_t)1);
	return true;
}

void series_file_header(struct series_file *file)
{
	static const char *const keys[] = { "time", "event", "when", "marker" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		str_add(&file->rows, keys[i]);
		str_add_char(&file->rows, file->delimiter);
	}
}

bool series_file_moment(struct series_file *file, const struct replay_moment *moment)
{
	static const char *const whens[] = {
		[REPLAY_START] = "start",
		[REPLAY_EVERY] = "every",
		[REPLAY_MARKER] = "marker",
		[REPLAY_STOP] = "stop",
		[REPLAY_END] = "end",
	};
	const uint64_t second = 1000000000;
	struct str *head = &file->head;

	/* The end is no state of its own if the last event has rows already. */
	if (moment->when == REPLAY_END && file->has_rows && file->last_event == moment->event)
		return false;
	file->has_rows = true;
	file->last_event = moment->event;
	str_reset(head);
	if (file->in_ns)
		str_addf(head, "%llu.%09llu", (unsigned long long)(moment->time / second),
			 (unsigned long long)(moment->time % second));
	else
		str_addf(head, "%llu", (unsigned long long)moment->time);
	str_addf(head, "%c%llu%c%s%c", file->delimiter, (unsigned long long)moment->event,
		 file->delimiter, whens[moment->when], file->delimiter);
	if (moment->marker && moment->marker->text.len)
		report_add_field(head, file->delimiter,
				 (const char *)moment->batch->aux + moment->marker->text.aux);
	str_add_char(head, file->delimiter);
	return true;
}

/* Failures are told when the file is closed: the replay goes on, for its report. */
void series_file_flush(struct series_file *file)
{
	if (!file->out_errno && file->rows.len &&
	    fwrite(file->rows.data, 1, file->rows.len, file->out.fp) != file->rows.len)
		file->out_errno = errno;
	str_reset(&file->rows);
}

int series_file_close(struct series_file *file, bool keep, int status)
{
	if (!keep)
		outfile_abort(&file->out);
	else if (!commit(file))
		status = EXIT_OUTPUT;
	str_deinit(&file->head);
	str_deinit(&file->rows);
	return status;
}

void series_add_value(struct str *out, enum metric_unit unit, int64_t value)
{
	const uint64_t nr = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	if (value < 0)
		str_add_char(out, '-');
	if (unit != METRIC_RATIO) {
		series_add_number(out, nr);
		return;
	}
	series_add_number(out, nr / 1000);
	str_add_char(out, '.');
	str_add_char(out, (char)('0' + nr / 100 % 10));
	str_add_char(out, (char)('0' + nr / 10 % 10));
	str_add_char(out, (char)('0' + nr % 10));
}

void series_add_number(struct str *out, uint64_t nr)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + nr % 10);
		nr /= 10;
	} while (nr);
	str_add_mem(out, digits + at, sizeof(digits) - at);
}

/* A device takes both. */
static bool same_place(const char *path, const char *other)
{
	return !strcmp(path, other) && strncmp(path, "/dev/", 5) != 0;
}

static bool is_tsv(const char *path)
{
	size_t len = strlen(path);

	return len > 4 && !strcmp(path + len - 4, ".tsv");
}

static bool commit(struct series_file *file)
{
	struct error err;

	if (file->out_errno) {
		error_set_errno(&err, file->out_errno, "cannot write '%s'", file->path);
		outfile_abort(&file->out);
		errno = file->out_errno;
	} else if (outfile_commit(&file->out, &err)) {
		return true;
	}
	/* Who closed the pipe knows it. */
	if (errno != EPIPE)
		cli_error("%s", err.message);
	return false;
}
