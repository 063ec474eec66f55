/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * `kmreplay run`: scenarios on a simulated machine. What the scenario prints goes to the output, as
 * do calls with --explain, expectations that were not met, and mistakes that nobody expected; the
 * last line sums up.
 */
#include <config.h>

#include "command.h"

#include "cli_internal.h"
#include "run_fold.h"
#include "run_source.h"
#include "scenario_job.h"

#include "kmreplay/core/fmt.h"

#include <inttypes.h>
#include <string.h>

struct run_job {
	struct cli *cli;
	struct scenario_job scenario;
	struct run_fold fold;
	struct str line;
};

static int run(struct run_job *job);
static void tell(void *ctx, enum scenario_event event, const struct scenario_place *place,
		 const char *text, const struct scenario_called *called);
static void tell_call(struct run_job *job, const struct scenario_place *place,
		      const struct scenario_called *called);
static void tell_hidden(struct run_job *job);
static bool stop(void *ctx);
static void sum_up(struct run_job *job);
static void put(struct run_job *job);

int cmd_run(struct cli *cli)
{
	static const struct scenario_sink sink = { .tell = tell, .stop = stop };
	struct run_job job = { .cli = cli };
	int status = EXIT_INPUT;

	if (cli->options.run_lessons)
		return run_list_lessons(cli);
	if (!run_source(cli, &job.scenario.name, &job.scenario.text, &status))
		return status;
	if (cli->options.run_print)
		return run_print_text(cli, &job.scenario.text);
	if (!cli_config(&cli->options, &job.scenario.config, &status)) {
		str_deinit(&job.scenario.text);
		return status;
	}
	run_fold_init(&job.fold, cli->options.run_explain);
	status = scenario_job_read(
		&job.scenario, &sink, &job,
		option_was_given(&cli->options, offsetof(struct cli_options, run_explain)));
	if (status == EXIT_OK)
		status = scenario_job_start(&job.scenario);
	if (status == EXIT_OK)
		status = run(&job);
	scenario_job_deinit(&job.scenario);
	str_deinit(&job.line);
	run_fold_deinit(&job.fold);
	return status;
}

static int run(struct run_job *job)
{
	const struct scenario_totals *totals = scenario_machine_totals(job->scenario.machine);
	int status;

	if (!cli_output_open(job->cli))
		return EXIT_OUTPUT;
	interrupt_catch();
	status = scenario_job_run(&job->scenario, job->cli->options.run_max_steps);
	if (status == EXIT_OK && (totals->nr_missed || totals->nr_mistakes))
		status = EXIT_CHECK;
	sum_up(job);
	return cli_output_commit(job->cli, status);
}

static void tell(void *ctx, enum scenario_event event, const struct scenario_place *place,
		 const char *text, const struct scenario_called *called)
{
	static const char *const kinds[] = {
		[SCENARIO_MISSED] = "not met: ",
		[SCENARIO_MISTAKE] = "mistake: ",
	};
	struct run_job *job = ctx;
	char now[FMT_BUF];

	if (event == SCENARIO_MET)
		return;
	if (event == SCENARIO_CALLED) {
		tell_call(job, place, called);
		return;
	}
	tell_hidden(job);
	switch (event) {
	case SCENARIO_INTERRUPTED:
		run_fold_part(&job->fold);
		str_addf(&job->line, "-- at %s, %s:%" PRIu32,
			 fmt_ns(now, scenario_machine_now(job->scenario.machine)),
			 job->scenario.name, place->line);
		break;
	case SCENARIO_SECTION:
		run_fold_part(&job->fold);
		str_addf(&job->line, "== %s", text);
		break;
	case SCENARIO_PRINTED:
		run_fold_part(&job->fold);
		str_add(&job->line, text);
		break;
	case SCENARIO_CALLED:
	case SCENARIO_MET:
	case SCENARIO_MISSED:
	case SCENARIO_MISTAKE:
	default:
		str_addf(&job->line, "%s:%" PRIu32 ": %s%s", job->scenario.name, place->line,
			 kinds[event], text);
		break;
	}
	put(job);
}

static void tell_call(struct run_job *job, const struct scenario_place *place,
		      const struct scenario_called *called)
{
	char cost[FMT_BUF];

	if (run_fold_hides(&job->fold, place, &called->out))
		return;
	tell_hidden(job);
	str_addf(&job->line, "  %s", called->text);
	if (called->failure)
		str_addf(&job->line, "  FAILED: %s", called->failure);
	if (called->detail[0])
		str_addf(&job->line, "  %s", called->detail);
	if (called->out.path != MM_PATH_NONE)
		str_addf(&job->line, "  [%s, %s]", mm_path_name((enum mm_path)called->out.path),
			 fmt_ns(cost, called->out.cost_ns));
	put(job);
}

static void tell_hidden(struct run_job *job)
{
	char nr[FMT_BUF], cost[FMT_BUF];

	if (!job->fold.hidden)
		return;
	str_addf(&job->line, "  ... %s more like %s", fmt_count(nr, job->fold.hidden),
		 job->fold.hidden == 1 ? "that" : "those");
	if (job->fold.hidden_ns)
		str_addf(&job->line, "  [%s]", fmt_ns(cost, job->fold.hidden_ns));
	run_fold_told(&job->fold);
	put(job);
}

static bool stop(void *ctx)
{
	(void)ctx;
	return interrupt_came();
}

static void sum_up(struct run_job *job)
{
	const struct scenario_totals *totals = scenario_machine_totals(job->scenario.machine);
	const uint64_t now_ns = scenario_machine_now(job->scenario.machine);
	char calls[FMT_BUF], failed[FMT_BUF], met[FMT_BUF], cost[FMT_BUF], now[FMT_BUF];

	tell_hidden(job);
	str_addf(&job->line, "%s calls, %s failed, %s", fmt_count(calls, totals->nr_calls),
		 fmt_count(failed, totals->nr_failed), fmt_ns(cost, totals->cost_ns));
	if (now_ns != totals->cost_ns)
		str_addf(&job->line, " of %s simulated", fmt_ns(now, now_ns));
	str_addf(&job->line, "; %s expectations met", fmt_count(met, totals->nr_met));
	if (totals->nr_missed)
		str_addf(&job->line, ", %" PRIu64 " not met", totals->nr_missed);
	if (totals->nr_mistakes)
		str_addf(&job->line, "; %" PRIu64 " mistake%s", totals->nr_mistakes,
			 totals->nr_mistakes == 1 ? "" : "s");
	put(job);
}

static void put(struct run_job *job)
{
	fprintf(job->cli->out.fp, "%s\n", str_text(&job->line));
	str_reset(&job->line);
}
