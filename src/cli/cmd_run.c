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

#include "kmreplay/core/fmt.h"
#include "kmreplay/core/xalloc.h"
#include "kmreplay/replay/survey.h"
#include "kmreplay/scenario/machine.h"

#include <inttypes.h>
#include <string.h>

/* What a scenario runs on unless it or the command line says something else. */
enum { DEFAULT_MEMORY_MIB = 512 };

struct run_job {
	struct cli *cli;
	const char *name;
	struct str text;
	struct config *config;
	struct machine_config machine_config;
	struct scenario_machine *machine;
	struct scenario *scenario;
	struct run_fold fold;
	struct str line;
};

static bool read_scenario(struct run_job *job);
static bool add_settings(struct run_job *job);
static bool start_machine(struct run_job *job);
static bool resolve(struct run_job *job);
static int run(struct run_job *job);
static void tell(void *ctx, enum scenario_event event, const struct scenario_place *place,
		 const char *text, const struct scenario_called *called);
static void tell_call(struct run_job *job, const struct scenario_place *place,
		      const struct scenario_called *called);
static void tell_hidden(struct run_job *job);
static bool stop(void *ctx);
static void sum_up(struct run_job *job);
static void put(struct run_job *job);
static void show_error(struct run_job *job, const struct error *err,
		       const struct scenario_place *place);

int cmd_run(struct cli *cli)
{
	static const struct scenario_sink sink = { .tell = tell, .stop = stop };
	struct run_job job = { .cli = cli };
	int status = EXIT_INPUT;

	if (cli->options.run_lessons)
		return run_list_lessons(cli);
	if (!run_source(cli, &job.name, &job.text, &status))
		return status;
	if (cli->options.run_print)
		return run_print_text(cli, &job.text);
	if (!cli_config(&cli->options, &job.config, &status))
		return status;
	status = EXIT_INPUT;
	job.machine = scenario_machine_create(
		&sink, &job,
		option_was_given(&cli->options, offsetof(struct cli_options, run_explain)));
	run_fold_init(&job.fold, cli->options.run_explain);
	if (read_scenario(&job)) {
		status = EXIT_USAGE;
		if (start_machine(&job))
			status = resolve(&job) ? run(&job) : EXIT_INPUT;
	}
	scenario_destroy(job.scenario);
	scenario_machine_destroy(job.machine);
	machine_config_deinit(&job.machine_config);
	config_destroy(job.config);
	str_deinit(&job.text);
	str_deinit(&job.line);
	run_fold_deinit(&job.fold);
	return status;
}

/* Settings come first: the kernel decides what masks mean. */
static bool read_scenario(struct run_job *job)
{
	struct scenario_place place;
	struct error err;

	job->scenario = scenario_parse(job->name, &job->text, scenario_machine_host(), job->machine,
				       &err, &place);
	if (job->scenario)
		return add_settings(job);
	show_error(job, &err, &place);
	return false;
}

/* What the command line says wins over what the scenario says. */
static bool add_settings(struct run_job *job)
{
	struct config *own = config_create();
	struct scenario_setting setting;
	struct error err;
	bool ok = true;

	for (size_t i = 0; ok && scenario_setting(job->scenario, i, &setting); i++) {
		char *text = xasprintf("%s=%s", setting.path, setting.value);

		ok = config_set(own, text, "set", &err);
		free(text);
		if (ok)
			continue;
		error_prefix(&err, "%s:%" PRIu32 ":%" PRIu32, job->name, setting.place.line,
			     setting.place.column);
		show_error(job, &err, &setting.place);
	}
	config_merge(own, job->config);
	config_destroy(job->config);
	job->config = own;
	return ok;
}

static bool start_machine(struct run_job *job)
{
	const struct kernel_version newest = { 0 };
	struct machine_config *config = &job->machine_config;
	uint64_t memory = config_memory(job->config);
	struct survey survey;
	struct error err;

	machine_config_init(config, config_kernel(job->config, newest),
			    config_arch(job->config, ARCH_X86_64));
	config_apply(job->config, config);
	if (!memory)
		memory = (uint64_t)DEFAULT_MEMORY_MIB << 20;
	survey_init(&survey);
	survey_fill_ranges(&survey, memory, config);
	survey_deinit(&survey);
	if (scenario_machine_start(job->machine, config, &err))
		return true;
	cli_error("%s", err.message);
	return false;
}

static bool resolve(struct run_job *job)
{
	struct scenario_place place;
	struct error err;

	if (scenario_resolve(job->scenario, &err, &place))
		return true;
	show_error(job, &err, &place);
	return false;
}

static int run(struct run_job *job)
{
	const struct scenario_totals *totals = scenario_machine_totals(job->machine);
	struct scenario_place place;
	struct error err;
	int status = EXIT_OK;

	if (!cli_output_open(job->cli))
		return EXIT_OUTPUT;
	interrupt_catch();
	if (!scenario_run(job->scenario, job->machine_config.seed,
			  job->cli->options.run_max_steps, &err, &place)) {
		fflush(job->cli->out.fp);
		show_error(job, &err, &place);
		status = EXIT_INPUT;
	}
	scenario_machine_finish(job->machine);
	if (!scenario_machine_check(job->machine, &err)) {
		cli_error("self-check: %s", err.message);
		status = EXIT_CHECK;
	}
	if (status == EXIT_OK && (totals->nr_missed || totals->nr_mistakes))
		status = EXIT_CHECK;
	if (interrupt_came())
		status = EXIT_INTERRUPTED;
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
			 fmt_ns(now, scenario_machine_now(job->machine)), job->name, place->line);
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
		str_addf(&job->line, "%s:%" PRIu32 ": %s%s", job->name, place->line, kinds[event],
			 text);
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
	const struct scenario_totals *totals = scenario_machine_totals(job->machine);
	const uint64_t now_ns = scenario_machine_now(job->machine);
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

static void show_error(struct run_job *job, const struct error *err,
		       const struct scenario_place *place)
{
	struct str shown = { 0 };

	cli_error("%s", err->message);
	scenario_show_text(&job->text, place, &shown);
	fputs(str_text(&shown), stderr);
	str_deinit(&shown);
}
