/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `kmreplay failures`: what failed and why. Failures of the recording are looked at in a machine
 * that follows it (three readings, as for `verify`), others while they happen in a replay.
 */
#include <config.h>

#include "command.h"
#include "failures_report.h"
#include "verify_readings.h"

#include "kmreplay/mm/page.h"
#include "kmreplay/mm/profile.h"
#include "kmreplay/verify/run.h"

#include <stdlib.h>

enum {
	DEFAULT_FIRST = 3,
	/* The judge holds no event back for longer (page_calls.c), nor does repair's last batch. */
	FOLLOW_WINDOW = 1 << 14,
};

struct failures_job {
	struct cli *cli;
	struct replay_job readings;
	struct config *settings;
	bool simulated;
	struct failures failures;
	struct owners owners;
	struct failure_sites sites; /* following */
	struct vec(uint64_t) from;  /* events to report from */

	/* Following. */
	struct machine_config machine;
	struct page_start start;
	struct verify_run *run;
	struct verify_readings judgement;

	bool done;
};

static int explain(struct failures_job *job);
static void choose(struct failures_job *job);
static int by_number(const void *a, const void *b);
static int simulate(struct failures_job *job);
static bool attach(void *ctx, struct replay_job *readings, struct replay_side *side,
		   struct error *err);
static void simulated_failed(void *ctx, const struct replay_failure *failure,
			     const struct event *ev);
static int follow(struct failures_job *job);
static void create_run(struct failures_job *job);
static void look_beside(void *ctx, const struct repair *repair, const struct repair_batch *batch);
static void recorded_failed(void *ctx, const struct verify_failure *failure);
static struct owners_asker asker_of(const struct failures_job *job, const struct event *ev,
				    uint64_t number);
static bool event_was_found(const struct failures_job *job);
static int print(struct failures_job *job, int status);
static void deinit(struct failures_job *job);

int cmd_failures(struct cli *cli)
{
	struct failures_job job = { .cli = cli };
	int status;

	if (!cli_config(&cli->options, &job.settings, &status))
		return status;
	job.simulated = cli->options.simulated || cli->options.configs.list.nr;
	replay_job_init(&job.readings, cli);
	owners_init(&job.owners);
	failure_sites_init(&job.sites);
	failures_init(&job.failures, &(struct failures_options){ 0 });
	status = cli_output_open(cli) ? explain(&job) : EXIT_OUTPUT;
	deinit(&job);
	return status;
}

static int explain(struct failures_job *job)
{
	int status;

	interrupt_catch();
	job->readings.accounts = false;
	status = job->simulated ? simulate(job) : follow(job);
	if (job->done && !event_was_found(job)) {
		job->done = false;
		status = EXIT_USAGE;
	}
	if (!job->done) {
		cli_output_abort(job->cli);
		return status;
	}
	return print(job, status);
}

/* Which failures are to be reported: known once each --at is an event. */
static void choose(struct failures_job *job)
{
	const struct cli_options *options = &job->cli->options;
	const bool by_event = option_was_given(options, offsetof(struct cli_options, at_event));
	uint64_t first = options->failures_first;

	if (by_event)
		vec_push(&job->from, options->at_event);
	vec_foreach(&job->readings.at, number)
		vec_push(&job->from, *number);
	if (job->from.nr)
		qsort(job->from.items, job->from.nr, sizeof(*job->from.items), by_number);
	if (!option_was_given(options, offsetof(struct cli_options, failures_first)))
		first = job->from.nr ? 0 : DEFAULT_FIRST;
	job->failures.options = (struct failures_options){
		.first = first, .from = job->from.items, .nr_from = job->from.nr
	};
}

static int by_number(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int simulate(struct failures_job *job)
{
	int status;

	replay_job_add(&job->readings, "failures", job->settings);
	job->readings.started = attach;
	job->readings.ctx = job;
	status = replay_job_run(&job->readings, job->cli->args.operands.items[0]);
	job->done = job->readings.replayed;
	return status;
}

static bool attach(void *ctx, struct replay_job *readings UNUSED, struct replay_side *side,
		   struct error *err UNUSED)
{
	struct failures_job *job = ctx;

	choose(job);
	replay_keep_owners(side->replay, &job->owners);
	replay_attach(side->replay, &(struct replay_probe){
					    .failed = simulated_failed,
					    .ctx = job,
				    });
	return true;
}

static void simulated_failed(void *ctx, const struct replay_failure *failure,
			     const struct event *ev)
{
	struct failures_job *job = ctx;
	struct replay *replay = job->readings.sides.items[0].replay;
	const struct page_allocator *pages = machine_pages(replay_machine(replay));
	struct failure_case what = {
		.asker = asker_of(job, ev, failure->first_event),
		.call = failure->call,
		.reason = failure->reason,
		.recorded = failure->recorded,
		.request = { .gfp = failure->gfp, .order = failure->order, .node = -1 },
	};

	switch (failure->reason) {
	case MM_FAIL_NONE: /* only when recorded */
		return;
	case MM_FAIL_WATERMARK:
	case MM_FAIL_NO_BLOCK:
	case MM_FAIL_NO_MEMORY:
	case MM_FAIL_NO_ZONE:
		what.has_request = page_failure_last(pages, &what.request);
		break;
	default:
		break;
	}
	failures_add(&job->failures, &what, pages, &job->owners);
}

static int follow(struct failures_job *job)
{
	int status = replay_job_look(&job->readings, job->cli->args.operands.items[0]);

	if (status != EXIT_OK && status != EXIT_DAMAGED)
		return status;
	choose(job);
	create_run(job);
	job->judgement = (struct verify_readings){
		.in = &job->readings.in,
		.run = job->run,
		.knows_caches = true,
		.beside = look_beside,
		.ctx = job,
	};
	status = verify_readings_judge(&job->judgement);
	job->done = job->judgement.judged;
	return status;
}

static void create_run(struct failures_job *job)
{
	const struct verify_run_options options = {
		.layers = 1U << VERIFY_PAGE,
		.modes = 1U << VERIFY_FOLLOW,
		.given = (1U << GIVEN_NR) - 1,
		.explain = UINT64_MAX,
		.failed = recorded_failed,
		.failed_ctx = job,
	};

	replay_job_machine(&job->readings, job->settings, true, &job->machine, &job->start);
	job->run = verify_run_create(&options, &job->machine, &job->readings.survey,
				     &job->readings.in.names);
}

/* Whose pages those are that the judge is about to hear of. */
static void look_beside(void *ctx, const struct repair *repair, const struct repair_batch *batch)
{
	struct failures_job *job = ctx;

	if (job->owners.nr_fed > FOLLOW_WINDOW)
		owners_until(&job->owners, job->owners.nr_fed - FOLLOW_WINDOW);
	failure_sites_feed(&job->sites, batch);
	owners_feed(&job->owners, repair, batch);
}

static void recorded_failed(void *ctx, const struct verify_failure *failure)
{
	struct failures_job *job = ctx;
	const struct failure_site site = failure_sites_find(&job->sites, failure->number);
	const struct event *ev = failure->ev;
	const bool possible = ev->page.order <= KERNEL_MAX_ORDER;
	struct failure_case what = {
		.asker = asker_of(job, ev, failure->number),
		.near_site = site.near,
		.call = CALL_PAGE_ALLOC,
		.owner = site.owner,
		.reason = possible ? MM_FAIL_NONE : MM_FAIL_ORDER,
		.recorded = true,
		.followed = failure->log->counts[VERIFY_PAGE_PFN].right,
		.allocs = failure->log->counts[VERIFY_PAGE_PFN].all,
		.has_request = possible,
		.request = { .gfp = ev->page.gfp, .order = ev->page.order, .cpu = failure->cpu,
			     .node = -1, .context = failure->irq ? PAGE_CTX_IRQ : 0 },
	};

	what.asker.site = site.exact;
	owners_until(&job->owners, failure->number);
	failures_add(&job->failures, &what, failure->pages, &job->owners);
}

static struct owners_asker asker_of(const struct failures_job *job, const struct event *ev,
				    uint64_t number)
{
	return (struct owners_asker){
		.number = number,
		.time = ev->time,
		.site = job->readings.in.names.sites.items[ev->site].canon,
		.comm = ev->comm,
		.pid = ev->pid,
		.cpu = ev->cpu,
	};
}

/* --event names a failure, and nothing else. */
static bool event_was_found(const struct failures_job *job)
{
	const struct cli_options *options = &job->cli->options;

	if (!option_was_given(options, offsetof(struct cli_options, at_event)))
		return true;
	vec_foreach(&job->failures.reports, report) {
		const uint64_t number = report->what.asker.number;

		if (number == options->at_event)
			return true;
		if (number > options->at_event) {
			cli_error("no request failed at event %llu; the next one is event %llu",
				  (unsigned long long)options->at_event,
				  (unsigned long long)number);
			return false;
		}
	}
	cli_error("no request failed at event %llu, nor behind it",
		  (unsigned long long)options->at_event);
	return false;
}

static int print(struct failures_job *job, int status)
{
	struct cli_input *in = &job->readings.in;
	struct report *report = report_create("failures", 1);
	const struct machine_config *machine =
		job->simulated ? &job->readings.sides.items[0].machine : &job->machine;
	const struct failures_facts facts = {
		.in = in,
		.info = trace_info(in->trace),
		.names = &in->names,
		.settings = job->settings,
		.options = &job->cli->options,
		.rules = page_profile_for(machine->kernel)->name,
		.arch = machine->arch,
		.simulated = job->simulated,
		.nr_events = job->simulated ?
				     replay_tally(job->readings.sides.items[0].replay)->nr_events :
				     verify_run_nr_events(job->run),
		.pageblock_pages = 1ULL << machine->pageblock_order,
		.unknown_pages = job->readings.start->nr_pages[START_BY_NOTHING],
		.failures = &job->failures,
	};

	failures_report(report, &facts);
	cli_input_warn(in, report);
	cli_output_report(job->cli, report);
	report_destroy(report);
	return cli_output_commit(job->cli, status);
}

static void deinit(struct failures_job *job)
{
	failures_deinit(&job->failures);
	failure_sites_deinit(&job->sites);
	owners_deinit(&job->owners);
	verify_run_destroy(job->run);
	machine_config_deinit(&job->machine);
	page_start_deinit(&job->start);
	verify_readings_deinit(&job->judgement);
	replay_job_deinit(&job->readings);
	config_destroy(job->settings);
	vec_deinit(&job->from);
}
