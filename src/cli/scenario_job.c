/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scenarios from text to end on a machine of their own. */
#include <config.h>

#include "scenario_job.h"

#include "cli_internal.h"

#include "kmreplay/core/xalloc.h"
#include "kmreplay/replay/survey.h"

#include <inttypes.h>

/* What a scenario runs on unless it or the command line says something else. */
enum { DEFAULT_MEMORY_MIB = 512 };

static bool add_settings(struct scenario_job *job);
static bool start_machine(struct scenario_job *job);
static void show_error(const struct scenario_job *job, const struct error *err,
		       const struct scenario_place *place);

/* Settings come first: the kernel decides what masks mean. */
int scenario_job_read(struct scenario_job *job, const struct scenario_sink *sink, void *ctx,
		      bool explain)
{
	struct scenario_place place;
	struct error err;

	job->machine = scenario_machine_create(sink, ctx, explain);
	job->scenario = scenario_parse(job->name, &job->text, scenario_machine_host(), job->machine,
				       &err, &place);
	if (job->scenario)
		return add_settings(job) ? EXIT_OK : EXIT_INPUT;
	show_error(job, &err, &place);
	return EXIT_INPUT;
}

int scenario_job_start(struct scenario_job *job)
{
	struct scenario_place place;
	struct error err;

	if (!start_machine(job))
		return EXIT_USAGE;
	if (scenario_resolve(job->scenario, &err, &place))
		return EXIT_OK;
	show_error(job, &err, &place);
	return EXIT_INPUT;
}

int scenario_job_run(struct scenario_job *job, uint64_t max_steps)
{
	struct scenario_place place;
	struct error err;
	int status = EXIT_OK;

	if (!scenario_run(job->scenario, job->machine_config.seed, max_steps, &err, &place)) {
		show_error(job, &err, &place);
		status = EXIT_INPUT;
	}
	scenario_machine_finish(job->machine);
	if (!scenario_machine_check(job->machine, &err)) {
		cli_error("self-check: %s", err.message);
		status = EXIT_CHECK;
	}
	return interrupt_came() ? EXIT_INTERRUPTED : status;
}

void scenario_job_deinit(struct scenario_job *job)
{
	scenario_destroy(job->scenario);
	scenario_machine_destroy(job->machine);
	machine_config_deinit(&job->machine_config);
	config_destroy(job->config);
	str_deinit(&job->text);
}

uint64_t scenario_job_memory(const struct config *config)
{
	const uint64_t memory = config_memory(config);

	return memory ? memory : (uint64_t)DEFAULT_MEMORY_MIB << 20;
}

/* What the command line says wins over what the scenario says. */
static bool add_settings(struct scenario_job *job)
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
	if (job->config)
		config_merge(own, job->config);
	config_destroy(job->config);
	job->config = own;
	return ok;
}

static bool start_machine(struct scenario_job *job)
{
	const struct kernel_version newest = { 0 };
	struct machine_config *config = &job->machine_config;
	struct survey survey;
	struct error err;

	machine_config_init(config, config_kernel(job->config, newest),
			    config_arch(job->config, ARCH_X86_64));
	config_apply(job->config, config);
	survey_init(&survey);
	survey_fill_ranges(&survey, scenario_job_memory(job->config), config);
	survey_deinit(&survey);
	if (scenario_machine_start(job->machine, config, &err))
		return true;
	cli_error("%s", err.message);
	return false;
}

/* Behind what was printed so far, should both go to one place. */
static void show_error(const struct scenario_job *job, const struct error *err,
		       const struct scenario_place *place)
{
	struct str shown = { 0 };

	fflush(stdout);
	cli_error("%s", err->message);
	scenario_show_text(&job->text, place, &shown);
	fputs(str_text(&shown), stderr);
	str_deinit(&shown);
}
