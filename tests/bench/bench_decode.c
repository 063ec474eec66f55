/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_decode FILE...: decodes each file to its end without doing anything with the events, and
 * prints what was there and how fast it went (content bytes are those of the file as it lies on
 * disk; CPU seconds beside wall seconds, because a shared machine distorts the latter).
 */
#include <config.h>

#include "kmreplay/event/desc.h"
#include "kmreplay/trace/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void print_counts(const struct trace_info *info, const struct event_names *names)
{
	for (unsigned int type = 0; type < EVENT_OTHER; type++) {
		if (info->nr_by_type[type])
			printf("%10llu  %s\n", (unsigned long long)info->nr_by_type[type],
			       type == EVENT_MARK ? "tracing_mark_write" : event_desc(type)->name);
	}
	for (size_t i = 0; i < info->other.nr; i++) {
		if (info->other.items[i])
			printf("%10llu  %s\n", (unsigned long long)info->other.items[i],
			       intern_text(&names->texts, (uint32_t)i));
	}
}

static void print_result(const struct trace *trace, const struct event_names *names, double wall,
			 double cpu)
{
	const struct trace_info *info = trace_info(trace);
	uint64_t done, total;

	trace_progress(trace, &done, &total);
	printf("format %s, kernel %u.%u%s, %s, hashed %d, lost %llu marks, back %llu, unknown gfp "
	       "%llu\n", info->format, info->kernel.major, info->kernel.minor,
	       info->kernel_guessed ? " (guess)" : "", gfp_era_name(info->era), info->hashed_ptrs,
	       (unsigned long long)info->nr_losses, (unsigned long long)info->nr_back,
	       (unsigned long long)info->nr_unknown_gfp);
	printf("lines %llu, stack lines %llu, unparsed %llu (first %llu), malformed %llu (first "
	       "%llu)%s%s\n", (unsigned long long)info->nr_lines,
	       (unsigned long long)info->nr_stack_lines, (unsigned long long)info->nr_unparsed,
	       (unsigned long long)info->first_unparsed, (unsigned long long)info->nr_malformed,
	       (unsigned long long)info->first_malformed, info->truncated ? ", truncated: " : "",
	       info->truncation);
	print_counts(info, names);
	printf("%llu events, %llu bytes, %.3f s wall, %.3f s cpu, %.0f MB/s, %.2f M events/s\n",
	       (unsigned long long)info->nr_events, (unsigned long long)done, wall, cpu,
	       (double)done / cpu / 1e6, (double)info->nr_events / cpu / 1e6);
}

static bool decode(const char *path)
{
	double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	struct event_names names;
	struct event_batch batch;
	struct error err;
	struct trace *trace;
	enum trace_status status = TRACE_ERROR;

	event_names_init(&names);
	event_batch_init(&batch, TRACE_BATCH);
	trace = trace_open(path, NULL, &names, &err);
	if (trace) {
		do {
			status = trace_next(trace, &batch, &err);
		} while (status == TRACE_MORE);
		print_result(trace, &names, now(CLOCK_MONOTONIC) - wall,
			     now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	}
	if (status == TRACE_ERROR)
		fprintf(stderr, "bench_decode: %s\n", err.message);
	trace_close(trace);
	event_batch_deinit(&batch);
	event_names_deinit(&names);
	return status == TRACE_END;
}

int main(int argc, char **argv)
{
	bool ok = argc > 1;

	if (argc < 2)
		fprintf(stderr, "usage: bench_decode FILE...\n");
	for (int i = 1; i < argc; i++)
		ok &= decode(argv[i]);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
