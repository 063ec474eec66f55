/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: a file of any content is held against the allocators by all judges in both modes, as
 * `kmreplay verify` does it, and failures are explained as `kmreplay failures` does it. Beyond "no
 * crash": counts add up, and no judge has seen more than there was.
 */
#include <config.h>

#include "fuzz.h"

#include "kmreplay/replay/failures.h"
#include "kmreplay/replay/start.h"
#include "kmreplay/trace/trace.h"
#include "kmreplay/verify/run.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* Of the three readings. */
enum pass { PASS_SURVEY, PASS_LOOK, PASS_JUDGE };

struct run {
	enum pass pass;
	unsigned int cpus; /* a machine of fewer CPUs than the recording has is one case of many */
	struct event_names names;
	struct survey survey;
	struct machine_config config;
	struct page_start start;
	struct repair *learned, *repair;
	struct verify_run *verify;
	bool judging;
	struct owners owners;
	struct failures failures;
};

static void read_all(const char *path, struct run *run);
static void begin(struct run *run, const struct trace *trace);
static void create(struct run *run, const struct trace_info *info);
static void feed(struct run *run);
static void finish(struct run *run);
static void failed(void *ctx, const struct verify_failure *failure);
static void check_failures(const struct failures *failures);
static void check_log(const struct verify_log *log, uint64_t nr_stories);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", 0);
	struct run run = { .cpus = (unsigned int)(size % 3) + 1 };
	char path[40];

	BUG_ON(fd < 0 || write(fd, data, size) != (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	event_names_init(&run.names);
	survey_init(&run.survey);
	owners_init(&run.owners);
	failures_init(&run.failures, &(struct failures_options){ .first = 20 });
	for (run.pass = PASS_SURVEY; run.pass <= PASS_JUDGE; run.pass++)
		read_all(path, &run);
	if (run.verify) {
		verify_run_destroy(run.verify);
		page_start_deinit(&run.start);
		machine_config_deinit(&run.config);
	}
	repair_destroy(run.learned);
	failures_deinit(&run.failures);
	owners_deinit(&run.owners);
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
		if (run->pass == PASS_SURVEY) {
			survey_add(&run->survey, batch.events, batch.nr);
			continue;
		}
		if (!run->repair)
			begin(run, trace);
		repair_push(run->repair, &batch);
		feed(run);
	}
	if (run->repair) {
		repair_finish(run->repair);
		feed(run);
		finish(run);
	}
	event_batch_deinit(&batch);
	trace_close(trace);
}

/* The first batch of the second or third reading is there. */
static void begin(struct run *run, const struct trace *trace)
{
	const struct trace_info *info = trace_info(trace);

	run->repair = repair_create(&(struct repair_options){ .hashed_ptrs = info->hashed_ptrs,
							      .long_is_32 = info->long_is_32,
							      .learned = run->learned },
				    &run->names);
	if (run->pass == PASS_LOOK)
		create(run, info);
}

static void create(struct run *run, const struct trace_info *info)
{
	const struct verify_run_options options = {
		.layers = (1U << VERIFY_LAYER_NR) - 1,
		.modes = (1U << VERIFY_MODE_NR) - 1,
		.given = (1U << GIVEN_NR) - 1,
		.nr_stories = 20,
		.explain = 5,
		.classes = true,
		.failed = failed,
		.failed_ctx = run,
	};
	struct start_state *state;

	machine_config_init(&run->config, info->kernel,
			    info->long_is_32 ? ARCH_X86_32 : ARCH_X86_64);
	run->config.nr_cpus = run->cpus;
	survey_fill_ranges(&run->survey, 0, &run->config);
	state = start_state_create(&(struct start_sources){ .survey = &run->survey,
							    .arch = run->config.arch,
							    .nr_nodes = 1 });
	start_state_map(state, &run->config, true, &run->start);
	run->config.start = &run->start;
	start_state_destroy(state);
	run->verify = verify_run_create(&options, &run->config, &run->survey, &run->names);
}

static void feed(struct run *run)
{
	struct repair_batch batch;
	struct error err = { "" };

	while (repair_pull(run->repair, &batch)) {
		if (run->pass == PASS_LOOK) {
			verify_run_look(run->verify, run->repair, &batch);
			continue;
		}
		if (!run->judging)
			BUG_ON(!verify_run_start(run->verify, run->repair, &err));
		run->judging = true;
		owners_feed(&run->owners, run->repair, &batch);
		BUG_ON(!verify_run_feed(run->verify, &batch, &err));
	}
}

static void finish(struct run *run)
{
	struct error err = { "" };

	if (run->pass == PASS_LOOK) {
		run->learned = run->repair;
		run->repair = NULL;
		return;
	}
	if (run->judging && !verify_run_finish(run->verify, &err)) {
		fprintf(stderr, "%s\n", err.message);
		BUG_ON(true);
	}
	BUG_ON(verify_run_nr_events(run->verify) != run->survey.nr_events);
	for (unsigned int layer = 0; run->judging && layer < VERIFY_LAYER_NR; layer++)
		for (unsigned int mode = 0; mode < VERIFY_MODE_NR; mode++)
			check_log(verify_run_log(run->verify, (enum verify_layer)layer,
						 (enum verify_mode)mode), run->survey.nr_events);
	check_failures(&run->failures);
	repair_destroy(run->repair);
	run->repair = NULL;
}

static void failed(void *ctx, const struct verify_failure *failure)
{
	const struct event *ev = failure->ev;
	struct run *run = ctx;
	const struct failure_case what = {
		.asker = { .number = failure->number, .time = ev->time, .pid = ev->pid },
		.has_request = ev->page.order <= KERNEL_MAX_ORDER,
		.request = { .gfp = ev->page.gfp, .order = ev->page.order, .cpu = failure->cpu,
			     .node = -1 },
	};

	owners_until(&run->owners, failure->number);
	failures_add(&run->failures, &what, failure->pages, &run->owners);
}

/* Groups hold all; each page in the way is counted once. */
static void check_failures(const struct failures *failures)
{
	uint64_t nr = failures->nr_ungrouped;

	vec_foreach(&failures->groups, group)
		nr += group->nr;
	BUG_ON(nr != failures->nr || failures->nr_served > nr);
	vec_foreach(&failures->reports, report) {
		vec_foreach(&report->zones, zone) {
			uint64_t pages = zone->any.block.free;

			vec_foreach(&zone->any.obstacles, obstacle)
				pages += obstacle->pages.nr;
			BUG_ON(zone->any.block.found &&
			       pages != 1ULL << report->why.request.order);
		}
	}
}

/* Classes hold all differences; stories are the first of them, and those of one event. */
static void check_log(const struct verify_log *log, uint64_t nr_events)
{
	uint64_t differences = 0, classed = 0;

	for (unsigned int i = 0; i < VERIFY_METRIC_NR; i++) {
		const struct verify_count *count = &log->counts[i];

		BUG_ON(count->right > count->all);
		/* Pages held are weighed, not judged one by one. */
		BUG_ON(i != VERIFY_SLAB_HELD &&
		       (count->first_wrong == UINT64_MAX) !=
			       (count->right == count->all && !count->alarms));
		BUG_ON(count->first_wrong != UINT64_MAX && count->first_wrong > nr_events);
	}
	differences = log->nr_differences;
	vec_foreach(&log->classes, class)
		classed += class->nr;
	BUG_ON(classed != differences);
	BUG_ON(log->stories.nr < MIN(differences, log->options.nr_stories));
}
