/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: a file of any content is surveyed and replayed, as `kmreplay replay` does it. Beyond
 * "no crash": each event gets one verdict, the machine's invariants hold at the end, and a history
 * in little room has seen all of it.
 */
#include <config.h>

#include "fuzz.h"

#include "kmreplay/replay/area_survey.h"
#include "kmreplay/replay/history.h"
#include "kmreplay/replay/replay.h"
#include "kmreplay/replay/slab_survey.h"
#include "kmreplay/replay/start.h"
#include "kmreplay/trace/trace.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* A small machine, so that replays of nonsense also run out of memory. */
enum { MEMORY = 24 << 20, CPUS = 3 };

struct run {
	struct event_names names;
	struct survey survey;
	struct slab_survey slabs;
	struct area_survey areas;
	struct machine_config config;
	struct repair *learned, *repair;
	struct replay *replay;
	struct replay_history *history;
	bool survey_only; /**< the first reading */
};

static void read_all(const char *path, struct run *run);
static void look(struct run *run, const struct trace *trace, struct event_batch *batch);
static void finish_look(struct run *run, const struct trace *trace);
static void pull_learned(struct run *run);
static struct repair *make_repair(struct run *run, const struct trace *trace);
static void start(struct run *run, const struct trace *trace);
static void feed(struct run *run);
static void finish(struct run *run);
static void check_history(const struct replay_history *h, const struct replay_tally *tally);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", 0);
	struct run run = { .survey_only = true };
	char path[40];

	BUG_ON(fd < 0 || write(fd, data, size) != (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	event_names_init(&run.names);
	survey_init(&run.survey);
	slab_survey_init(&run.slabs, &run.survey);
	area_survey_init(&run.areas);
	read_all(path, &run);
	run.survey_only = false;
	read_all(path, &run);
	repair_destroy(run.learned);
	area_survey_deinit(&run.areas);
	slab_survey_deinit(&run.slabs);
	survey_deinit(&run.survey);
	event_names_deinit(&run.names);
	close(fd);
	return 0;
}

static void read_all(const char *path, struct run *run)
{
	const struct trace_options options = { .no_readahead = true };
	struct error err = { "" };
	struct trace *trace = trace_open(path, &options, &run->names, &err);
	struct event_batch batch;

	if (!trace)
		return;
	event_batch_init(&batch, TRACE_BATCH);
	while (trace_next(trace, &batch, &err) == TRACE_MORE) {
		if (run->survey_only) {
			look(run, trace, &batch);
			continue;
		}
		if (!run->replay)
			start(run, trace);
		repair_push(run->repair, &batch);
		feed(run);
	}
	if (run->survey_only)
		finish_look(run, trace);
	if (run->replay) {
		repair_finish(run->repair);
		feed(run);
		finish(run);
	}
	event_batch_deinit(&batch);
	trace_close(trace);
}

/* One batch of the first reading. */
static void look(struct run *run, const struct trace *trace, struct event_batch *batch)
{
	survey_add(&run->survey, batch->events, batch->nr);
	if (!run->learned)
		run->learned = make_repair(run, trace);
	repair_push(run->learned, batch);
	pull_learned(run);
}

static void finish_look(struct run *run, const struct trace *trace)
{
	const struct trace_info *info = trace_info(trace);
	struct machine_config recorded;

	if (!run->learned)
		return;
	repair_finish(run->learned);
	pull_learned(run);
	machine_config_init(&recorded, info->kernel,
			    info->long_is_32 ? ARCH_X86_32 : ARCH_X86_64);
	recorded.nr_cpus = CPUS;
	slab_survey_finish(&run->slabs, run->learned, &recorded);
	vec_foreach(&run->slabs.slabs, slab)
		survey_note_in_use(&run->survey, slab->pfn, 1ULL << slab->order);
	machine_config_deinit(&recorded);
}

static void pull_learned(struct run *run)
{
	struct repair_batch batch;

	while (repair_pull(run->learned, &batch)) {
		slab_survey_feed(&run->slabs, run->learned, &batch);
		area_survey_feed(&run->areas, &batch);
	}
}

static struct repair *make_repair(struct run *run, const struct trace *trace)
{
	const struct trace_info *info = trace_info(trace);

	return repair_create(&(struct repair_options){ .hashed_ptrs = info->hashed_ptrs,
						       .long_is_32 = info->long_is_32,
						       .learned = run->learned },
			     &run->names);
}

static void start(struct run *run, const struct trace *trace)
{
	const struct trace_info *info = trace_info(trace);
	const struct replay_options options = { .layers = LAYER_ALL,
						.slabs = &run->slabs,
						.areas = &run->areas };
	struct start_state *state;
	struct page_start memory;
	struct error err = { "" };

	machine_config_init(&run->config, info->kernel,
			    info->long_is_32 ? ARCH_X86_32 : ARCH_X86_64);
	run->config.nr_cpus = CPUS;
	survey_fill_ranges(&run->survey, MEMORY, &run->config);
	state = start_state_create(&(struct start_sources){ .survey = &run->survey,
							    .arch = run->config.arch,
							    .nr_nodes = 1 });
	start_state_map(state, &run->config, false, &memory);
	run->config.start = &memory;
	run->repair = make_repair(run, trace);
	run->replay = replay_create(&options, &run->config, &run->survey, run->repair, &run->names,
				    &err);
	BUG_ON(!run->replay);
	run->config.start = NULL;
	page_start_deinit(&memory);
	start_state_destroy(state);
	run->history = replay_history_create(&(struct replay_history_options){
		.buckets = 7, .columns = 3, .failures = 50 });
	replay_history_attach(run->history, run->replay);
}

static void feed(struct run *run)
{
	struct repair_batch batch;
	struct error err = { "" };

	while (repair_pull(run->repair, &batch))
		BUG_ON(!replay_feed(run->replay, &batch, &err));
}

static void finish(struct run *run)
{
	const struct replay_tally *tally = replay_tally(run->replay);
	struct error err = { "" };
	uint64_t sum = 0;

	BUG_ON(!replay_finish(run->replay, &err));
	for (unsigned int call = 0; call < CALL_NR; call++)
		for (unsigned int verdict = 0; verdict < VERDICT_NR; verdict++)
			sum += tally->verdicts[call][verdict];
	BUG_ON(sum != run->survey.nr_events || sum != tally->nr_events);
	if (!machine_check(replay_machine(run->replay), &err)) {
		fprintf(stderr, "%s\n", err.message);
		BUG_ON(true);
	}
	check_history(run->history, tally);
	replay_history_destroy(run->history);
	replay_destroy(run->replay);
	repair_destroy(run->repair);
	machine_config_deinit(&run->config);
}

static void check_history(const struct replay_history *h, const struct replay_tally *tally)
{
	unsigned int nr_columns = replay_history_nr_columns(h);
	uint64_t nr_failed = 0;

	for (size_t i = 0; i < replay_history_nr_failures(h); i++)
		nr_failed += replay_history_failure(h, i)->nr;
	BUG_ON(nr_failed != tally->nr_failed + tally->nr_recovered);
	BUG_ON(replay_history_nr_buckets(h) < 1 || replay_history_nr_buckets(h) > 7);
	BUG_ON(nr_columns < 1 || nr_columns > 3 + 3);
	BUG_ON(!(replay_history_column(h, nr_columns - 1)->kind & COLUMN_END));
}
