/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recordings, time and the peer, for the benchmarks that make the calls of recordings. */
#include <config.h>

#include "mix.h"

#include "kmreplay/event/names.h"
#include "kmreplay/trace/trace.h"

#include <limits.h>
#include <malloc.h>
#include <time.h>

bool mix_read_events(const char *path, void (*each)(void *ctx, const struct event *e), void *ctx,
		     struct kernel_version *kernel, struct error *err)
{
	struct trace_options options = { .no_readahead = true };
	struct event_names names;
	enum trace_status status = TRACE_ERROR;
	struct event_batch batch;
	struct trace *trace;

	event_names_init(&names);
	event_batch_init(&batch, TRACE_BATCH);
	trace = trace_open(path, &options, &names, err);
	while (trace && (status = trace_next(trace, &batch, err)) == TRACE_MORE) {
		for (size_t i = 0; i < batch.nr; i++)
			each(ctx, &batch.events[i]);
		*kernel = trace_info(trace)->kernel;
	}
	event_batch_deinit(&batch);
	trace_close(trace);
	event_names_deinit(&names);
	return trace && status != TRACE_ERROR;
}

double mix_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

void mix_malloc_keeps(void)
{
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, INT_MAX);
}
