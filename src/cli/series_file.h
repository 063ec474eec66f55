/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A table over time that is written while a replay goes: the file, its delimiter, the columns that
 * say when, and numbers. What is told of each moment is its user's.
 */
#ifndef KMREPLAY_CLI_SERIES_FILE_H
#define KMREPLAY_CLI_SERIES_FILE_H

#include "cli_internal.h"

#include "kmreplay/core/outfile.h"
#include "kmreplay/replay/metrics.h"
#include "kmreplay/replay/replay.h"

struct series_file {
	struct outfile out;
	const char *path;
	int out_errno;       /**< why writing failed; 0: it did not */
	const struct option_every *every;
	char delimiter;
	bool in_ns;          /**< the recording's clock */
	bool has_rows;
	uint64_t last_event; /**< of the rows written last */
	struct str head;     /**< of this moment's rows: time to marker, each with a delimiter */
	struct str rows;     /**< not yet written */
};

/** Says whether --every has something to be for; else the message is printed. */
MUST_CHECK bool series_every_is_used(const struct cli_options *options);
/**
 * Opens "path", the value of "option"; to be closed. EXIT_OK, or else the message is printed and
 * there is nothing to close.
 */
MUST_CHECK int series_file_open(struct series_file *file, const struct cli_options *options,
				const char *option, const char *path);
/**
 * How often to look, by --every, at a recording as "info" describes it, of "nr_events" events.
 * False and "err" when it does not fit.
 */
MUST_CHECK bool series_file_probe(struct series_file *file, const struct trace_info *info,
				  uint64_t nr_events, struct replay_probe *probe,
				  struct error *err);
/** Begins the first line: names of the columns that "head" fills. */
void series_file_header(struct series_file *file);
/** Fills "head"; false: this moment's rows are there already. */
MUST_CHECK bool series_file_moment(struct series_file *file, const struct replay_moment *moment);
/** Writes the rows. */
void series_file_flush(struct series_file *file);
/** Makes the file final if "keep", else gives it up; "status", or EXIT_OUTPUT when that failed. */
MUST_CHECK int series_file_close(struct series_file *file, bool keep, int status);

/** Appends a value, a ratio as a fraction of one. */
void series_add_value(struct str *out, enum metric_unit unit, int64_t value);
/** Appends a number; there are hundreds of them at each look. */
void series_add_number(struct str *out, uint64_t nr);

#endif
