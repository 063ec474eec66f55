/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `kmreplay compare`: one recording on several machines, and how they differ. */
#include <config.h>

#include "command.h"
#include "compare.h"
#include "compare_sides.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool parse_thresholds(struct compare *compare, const struct cli *cli);
static int compare_run(struct compare *compare, struct cli *cli);
static bool keep_replays(struct compare *compare, const char *dir);
static bool keep_replay(struct compare *compare, const struct compare_side *side,
			const char *dir);

int cmd_compare(struct cli *cli)
{
	struct compare compare = {
		.nr_seeds = cli->options.compare_seeds,
		.openers = 1U << CONFIG_FILE | 1U << CONFIG_PRESET | 1U << CONFIG_SETTING |
			   1U << CONFIG_SIDE,
	};
	struct replay_job job;
	int status = EXIT_USAGE;

	replay_job_init(&job, cli);
	compare.job = &job;
	job.accounts = cli->options.compare_keep != NULL;
	if (parse_thresholds(&compare, cli) && compare_plan(&compare, &status)) {
		interrupt_catch();
		status = compare_run(&compare, cli);
	}
	compare_deinit(&compare);
	replay_job_deinit(&job);
	return status;
}

static bool parse_thresholds(struct compare *compare, const struct cli *cli)
{
	struct figures known;
	struct error err;
	bool ok = true;

	figures_init(&known);
	vec_foreach(&cli->options.fail_if.words, text) {
		struct threshold *t = threshold_parse(*text, &known, &err);

		if (!t) {
			cli_error("--fail-if: %s", err.message);
			ok = false;
			break;
		}
		vec_push(&compare->thresholds, t);
	}
	figures_deinit(&known);
	return ok;
}

static int compare_run(struct compare *compare, struct cli *cli)
{
	struct replay_job *job = compare->job;
	struct report *report;
	int status;

	if (!cli_output_open(cli))
		return EXIT_OUTPUT;
	status = replay_job_run(job, cli->args.operands.items[0]);
	if (!job->replayed) {
		cli_output_abort(cli);
		return status;
	}
	if (cli->options.compare_keep && !keep_replays(compare, cli->options.compare_keep)) {
		cli_output_abort(cli);
		return EXIT_OUTPUT;
	}
	compare_gather(compare);
	report = report_create("compare", 1);
	compare_report(report, compare);
	cli_input_warn(&job->in, report);
	cli_output_report(cli, report);
	report_destroy(report);
	if (compare->nr_crossed && status == EXIT_OK)
		status = EXIT_CHECK;
	return cli_output_commit(cli, status);
}

/* One file a side, as `replay --format=json` would write it. */
static bool keep_replays(struct compare *compare, const char *dir)
{
	if (mkdir(dir, 0777) && errno != EEXIST) {
		cli_error("cannot create '%s': %s", dir, strerror(errno));
		return false;
	}
	vec_foreach(&compare->sides, side)
		if (!side->recorded && !keep_replay(compare, side, dir))
			return false;
	return true;
}

static bool keep_replay(struct compare *compare, const struct compare_side *side,
			const char *dir)
{
	struct replay_job *job = compare->job;
	const struct report_style style = { .format = REPORT_FORMAT_JSON };
	char *path = xasprintf("%s/%s.json", dir, side->key);
	struct outfile out;
	struct error err;
	bool ok = outfile_open(&out, path, &err);

	if (ok) {
		struct report *report = replay_job_report(job, &job->sides.items[side->first]);

		report_write(report, &style, out.fp);
		report_destroy(report);
		ok = outfile_commit(&out, &err);
	}
	if (!ok)
		cli_error("%s", err.message);
	free(path);
	return ok;
}
