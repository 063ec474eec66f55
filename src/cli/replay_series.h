/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * `kmreplay replay --series FILE`: metrics over time, written as the replay goes. Every function
 * takes NULL for a series that nobody asked for.
 */
#ifndef KMREPLAY_CLI_REPLAY_SERIES_H
#define KMREPLAY_CLI_REPLAY_SERIES_H

#include "cli_internal.h"

struct replay;
struct replay_series;

/**
 * Opens what --series says ("*ret" is NULL without it), to be closed. EXIT_OK, or else the message
 * is printed.
 */
MUST_CHECK int replay_series_open(struct cli *cli, struct replay_series **ret);
/**
 * Follows "r", to which a recording as "info" describes it, of "nr_events" events, is going to be
 * fed. False and "err" when the recording does not fit what --every says.
 */
MUST_CHECK bool replay_series_attach(struct replay_series *series, struct replay *r,
				     const struct trace_info *info, uint64_t nr_events,
				     struct error *err);
/**
 * Makes the file final if "keep", else gives it up; "status", or EXIT_OUTPUT when that failed. The
 * engine need not be there any more.
 */
MUST_CHECK int replay_series_close(struct replay_series *series, bool keep, int status);

#endif
