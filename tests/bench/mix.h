/* SPDX-License-Identifier: GPL-2.0-or-later */
/** What the benchmarks share that make the calls of recordings. */
#ifndef KMREPLAY_TESTS_BENCH_MIX_H
#define KMREPLAY_TESTS_BENCH_MIX_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/error.h"
#include "kmreplay/event/event.h"

/** Hands each event of the recording at "path" to "each". False and "err": it cannot be read. */
MUST_CHECK bool mix_read_events(const char *path, void (*each)(void *ctx, const struct event *e),
				void *ctx, struct kernel_version *kernel, struct error *err);
/** CPU time of this process, in seconds. */
double mix_now(void);
/** malloc() keeps all memory that it ever got, as the simulated machine does. */
void mix_malloc_keeps(void);

#endif
