/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `kmreplay replay`: one recording on one machine. */
#include <config.h>

#include "command.h"
#include "replay_job.h"
#include "replay_proc.h"
#include "replay_series.h"
#include "series_file.h"
#include "slab_series.h"

/* What is written while it goes. */
struct writers {
	struct replay_series *series;
	struct slab_series *slabs;
	struct replay_proc *proc;
};

static int replay(struct replay_job *job);
static int open_writers(struct cli *cli, struct writers *writers);
static int close_writers(struct writers *writers, bool keep, int status);
static bool attach(void *ctx, struct replay_job *job, struct replay_side *side,
		   struct error *err);

int cmd_replay(struct cli *cli)
{
	struct config *settings;
	struct replay_job job;
	int status;

	if (!cli_config(&cli->options, &settings, &status))
		return status;
	replay_job_init(&job, cli);
	replay_job_add(&job, "replay", settings);
	status = cli_output_open(cli) ? replay(&job) : EXIT_OUTPUT;
	replay_job_deinit(&job);
	config_destroy(settings);
	return status;
}

static int replay(struct replay_job *job)
{
	struct cli *cli = job->cli;
	struct writers writers;
	struct report *report;
	int status = open_writers(cli, &writers);

	if (status != EXIT_OK) {
		cli_output_abort(cli);
		return status;
	}
	interrupt_catch();
	job->started = attach;
	job->ctx = &writers;
	status = replay_job_run(job, cli->args.operands.items[0]);
	status = close_writers(&writers, job->replayed, status);
	if (!job->replayed) {
		cli_output_abort(cli);
		return status;
	}
	report = replay_job_report(job, &job->sides.items[0]);
	cli_output_report(cli, report);
	report_destroy(report);
	return cli_output_commit(cli, status);
}

static int open_writers(struct cli *cli, struct writers *writers)
{
	int status = EXIT_OK;

	*writers = (struct writers){ 0 };
	if (!series_every_is_used(&cli->options))
		status = EXIT_USAGE;
	if (status == EXIT_OK)
		status = replay_series_open(cli, &writers->series);
	if (status == EXIT_OK)
		status = slab_series_open(cli, &writers->slabs);
	if (status == EXIT_OK)
		status = replay_proc_open(cli, &writers->proc);
	return status == EXIT_OK ? status : close_writers(writers, false, status);
}

static int close_writers(struct writers *writers, bool keep, int status)
{
	status = replay_series_close(writers->series, keep, status);
	status = slab_series_close(writers->slabs, keep, status);
	return replay_proc_close(writers->proc, status);
}

static bool attach(void *ctx, struct replay_job *job, struct replay_side *side,
		   struct error *err)
{
	const struct writers *writers = ctx;

	replay_proc_attach(writers->proc, job);
	return replay_series_attach(writers->series, side->replay, trace_info(job->in.trace),
				    job->survey.nr_events, err) &&
	       slab_series_attach(writers->slabs, job, side, err);
}

const char *replay_layer_name(unsigned int i)
{
	static const char *const names[] = { "page", "slab", "vmalloc", "percpu" };

	static_assert(LAYER_ALL == (1 << ARRAY_SIZE(names)) - 1, "a name for each layer");
	return i < ARRAY_SIZE(names) ? names[i] : NULL;
}

const char *replay_recovered_name(unsigned int i)
{
	return i == RECOVERED_KEEP ? "keep" : i == RECOVERED_DROP ? "drop" : NULL;
}
