/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Threads that do independent pieces of one step side by side, and wait for each other at its end.
 *
 * The caller takes part, so that "nr" workers are nr - 1 threads. Between two steps nothing runs:
 * what the pieces read may be changed then without a lock.
 */
#ifndef KMREPLAY_CORE_WORKERS_H
#define KMREPLAY_CORE_WORKERS_H

#include "kmreplay/core/base.h"

struct workers;

/** Does piece "i"; the pieces of a step run in any order, some at the same time. */
typedef void workers_fn(void *ctx, size_t i);

/** "nr" workers (0: as many as there are CPUs to run on); fewer when threads cannot be had. */
MUST_CHECK struct workers *workers_create(unsigned int nr);
/** "w" may be NULL. */
void workers_destroy(struct workers *w);
/** Does the pieces 0 .. "nr" - 1 and returns when all of them are done. */
void workers_run(struct workers *w, size_t nr, workers_fn *fn, void *ctx);
/** CPUs that this process may run on, at least 1. */
unsigned int workers_online(void);

#endif
