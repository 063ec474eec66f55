/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `kmreplay report`: a page with pictures, of one replay or of several beside each other. */
#include <config.h>

#include "command.h"
#include "compare_sides.h"
#include "report_page.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One machine of the job with its history. */
struct report_job {
	struct compare compare;
	struct replay_job job;
	struct vec(struct replay_history *) histories;
};

static int report_run(struct report_job *r);
static bool attach(void *ctx, struct replay_job *job, struct replay_side *side,
		   struct error *err);
static bool write_page(struct report_job *r);
static void fill_page(struct report_job *r, struct report *report);
static bool draw(struct cli *cli, struct report *report);
static void choose_format(struct cli *cli);

int cmd_report(struct cli *cli)
{
	struct report_job r = {
		.compare = {
			.openers = 1U << CONFIG_FILE | 1U << CONFIG_PRESET | 1U << CONFIG_SIDE,
			.alone = true,
			.nr_seeds = 1,
		},
	};
	int status;

	choose_format(cli);
	replay_job_init(&r.job, cli);
	r.job.started = attach;
	r.job.ctx = &r;
	r.compare.job = &r.job;
	if (compare_plan(&r.compare, &status))
		status = report_run(&r);
	compare_deinit(&r.compare);
	replay_job_deinit(&r.job);
	vec_foreach(&r.histories, history)
		replay_history_destroy(*history);
	vec_deinit(&r.histories);
	return status;
}

static int report_run(struct report_job *r)
{
	struct cli *cli = r->job.cli;
	int status;

	if (!cli_output_open(cli))
		return EXIT_OUTPUT;
	interrupt_catch();
	status = replay_job_run(&r->job, cli->args.operands.items[0]);
	if (!r->job.replayed) {
		cli_output_abort(cli);
		return status;
	}
	if (!write_page(r)) {
		cli_output_abort(cli);
		return EXIT_OUTPUT;
	}
	return cli_output_commit(cli, status);
}

static bool attach(void *ctx, struct replay_job *job UNUSED, struct replay_side *side,
		   struct error *err UNUSED)
{
	struct report_job *r = ctx;
	struct replay_history *history = replay_history_create(NULL);

	replay_history_attach(history, side->replay);
	vec_push(&r->histories, history);
	return true;
}

static bool write_page(struct report_job *r)
{
	struct report *report = report_create("report", 1);
	bool ok;

	compare_gather(&r->compare);
	fill_page(r, report);
	ok = draw(r->job.cli, report);
	if (ok)
		cli_output_report(r->job.cli, report);
	report_destroy(report);
	return ok;
}

static void fill_page(struct report_job *r, struct report *report)
{
	size_t nr = r->compare.sides.nr;
	struct report_page page = {
		.report = report,
		.compare = &r->compare,
		.histories = r->histories.items,
		.facts = xcalloc(nr, sizeof(*page.facts)),
		.start = r->job.in.first_time,
		.end = r->job.in.last_time,
	};

	for (size_t i = 0; i < nr; i++) {
		const struct compare_side *side = &r->compare.sides.items[i];

		page.facts[i] = replay_job_facts(&r->job, &r->job.sides.items[side->first]);
		if (nr > 1)
			page.facts[i].label = side->name;
	}
	report_page(&page);
	free(page.facts);
}

/* Pictures are for pages; other forms have the numbers, unless the pictures are asked for. */
static bool draw(struct cli *cli, struct report *report)
{
	const struct report_draw how = {
		.dir = cli->options.plots,
		.formats = cli->options.plots ? REPORT_SVG | REPORT_PNG : REPORT_SVG,
	};
	struct error err;

	if (!cli->options.plots &&
	    strcmp(report_format_name(cli->options.format), "html") != 0)
		return true;
	if (!report_draw(report, &how, &err)) {
		cli_error("%s", err.message);
		return false;
	}
	if (report_draw_problem(report))
		cli_warn("%s", report_draw_problem(report));
	return true;
}

/* What was asked for, else what the file's name says; a terminal gets text, all else a page. */
static void choose_format(struct cli *cli)
{
	static const struct {
		const char *ending, *format;
	} endings[] = {
		{ ".txt", "text" }, { ".json", "json" },     { ".csv", "csv" },
		{ ".tsv", "tsv" },  { ".md", "markdown" },
	};
	const char *path = cli->options.output, *format = "html";
	size_t len = strlen(path);

	if (option_was_given(&cli->options, offsetof(struct cli_options, format)))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		size_t end = strlen(endings[i].ending);

		if (len > end && !strcmp(path + len - end, endings[i].ending))
			format = endings[i].format;
	}
	if (!strcmp(path, "-") && isatty(STDOUT_FILENO))
		format = "text";
	for (unsigned int i = 0; report_format_name(i); i++)
		if (!strcmp(report_format_name(i), format))
			cli->options.format = i;
}
