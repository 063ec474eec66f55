/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * `kmreplay replay --slab-series FILE`: slab caches over time, a row a cache at each look. Every
 * function takes NULL for a series that nobody asked for.
 */
#ifndef KMREPLAY_CLI_SLAB_SERIES_H
#define KMREPLAY_CLI_SLAB_SERIES_H

#include "cli_internal.h"

struct replay_job;
struct replay_side;
struct slab_series;

/**
 * Opens what --slab-series says ("*ret" is NULL without it), to be closed. EXIT_OK, or else the
 * message is printed.
 */
MUST_CHECK int slab_series_open(struct cli *cli, struct slab_series **ret);
/** Follows the machine of "side", which has not replayed anything. False and "err": see --every. */
MUST_CHECK bool slab_series_attach(struct slab_series *series, struct replay_job *job,
				   struct replay_side *side, struct error *err);
/** As replay_series_close(). */
MUST_CHECK int slab_series_close(struct slab_series *series, bool keep, int status);

#endif
