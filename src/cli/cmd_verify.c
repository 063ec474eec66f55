/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `kmreplay verify`: the recording is read three times. First what machine it was and which caches
 * it had; then the judges' own look ahead, with that known; then the judgement.
 */
#include <config.h>

#include "command.h"
#include "verify_readings.h"
#include "verify_report.h"

#include <stdlib.h>
#include <string.h>

struct verify_job {
	struct cli *cli;
	struct replay_job readings;
	struct config *settings;
	struct machine_config machine;
	struct page_start start; /* of the machine */
	struct verify_run_options options;
	struct verify_run *run;
	struct verify_readings judgement;
	struct vec(struct verify_require) require;
};

static int verify(struct verify_job *job);
static bool check_options(struct verify_job *job);
static void configure(struct verify_job *job);
static unsigned int with_joint(unsigned int layers);
static bool add_truths(struct verify_job *job);
static void note_given(const struct verify_job *job, struct verify_truth *truth);
static bool later_slabs(const struct verify_job *job);
static int judge(struct verify_job *job);
static int print(struct verify_job *job, int status);
static int check_requirements(const struct verify_job *job, int status);
static void deinit(struct verify_job *job);

int cmd_verify(struct cli *cli)
{
	struct verify_job job = { .cli = cli };
	int status;

	if (!cli_config(&cli->options, &job.settings, &status))
		return status;
	replay_job_init(&job.readings, cli);
	status = check_options(&job) ? EXIT_OK : EXIT_USAGE;
	if (status == EXIT_OK)
		status = cli_output_open(cli) ? verify(&job) : EXIT_OUTPUT;
	deinit(&job);
	return status;
}

const char *verify_given_choice(unsigned int i)
{
	return i == GIVEN_NR ? "none" : verify_given_name(i);
}

static int verify(struct verify_job *job)
{
	int status;

	interrupt_catch();
	job->readings.no_later = !(job->cli->options.given_facts & 1U << GIVEN_SNAPSHOT);
	status = replay_job_look(&job->readings, job->cli->args.operands.items[0]);
	if (status == EXIT_OK || status == EXIT_DAMAGED) {
		configure(job);
		status = add_truths(job) ? judge(job) : EXIT_INPUT;
	}
	if (!job->judgement.judged) {
		cli_output_abort(job->cli);
		return status;
	}
	return print(job, status);
}

/* Mistakes are told before any work is done. */
static bool check_options(struct verify_job *job)
{
	const size_t nr_at = job->cli->options.at.list.nr;
	const size_t nr_truths = job->cli->options.truths.words.nr;
	struct error err;

	if (nr_at > 1 && nr_at != nr_truths) {
		cli_error("%zu --at for %zu --truth: give one for all of them, or one for each",
			  nr_at, nr_truths);
		return false;
	}
	if (nr_at && !nr_truths) {
		cli_error("--at says when the files of --truth were read, and there is no --truth");
		return false;
	}

	vec_foreach(&job->cli->options.require.words, word) {
		struct verify_require require;

		if (!verify_require_parse(*word, &require, &err)) {
			cli_error("option '--require': %s", err.message);
			return false;
		}
		vec_push(&job->require, require);
	}
	return true;
}

static void configure(struct verify_job *job)
{
	const struct cli_options *options = &job->cli->options;
	const bool both = options->follow == options->free_running;

	job->options = (struct verify_run_options){
		.layers = with_joint((unsigned int)options->verify_layers),
		.modes = (both || options->follow ? 1U << VERIFY_FOLLOW : 0) |
			 (both || options->free_running ? 1U << VERIFY_FREE : 0),
		.given = (unsigned int)options->given_facts & ((1U << GIVEN_NR) - 1),
		.nr_stories = options->first,
		.explain = UINT64_MAX,
		.classes = options->group,
		.slabs = &job->readings.slabs,
		.areas = replay_job_areas(&job->readings),
	};
	if (start_files_boot(&job->readings.files))
		job->options.boot = &start_files_boot(&job->readings.files)->boot;
	if (option_was_given(options, offsetof(struct cli_options, explain)))
		job->options.explain = options->explain;
	replay_job_machine(&job->readings, job->settings, true, &job->machine, &job->start);
	if (job->readings.slabs_given) {
		job->options.slab_files = &job->readings.slab_files;
		/* Without a mark they are of some moment before the recording. */
		if (job->readings.moments.at[PROC_SLABINFO] == UINT64_MAX)
			slab_files_forget_lists(&job->readings.slab_files);
	}
	if (!job->readings.start->has_later && !later_slabs(job))
		job->options.given &= ~(1U << GIVEN_SNAPSHOT);
	job->run = verify_run_create(&job->options, &job->machine, &job->readings.survey,
				     &job->readings.in.names);
}

/* Slabs and pages both simulated: then the slabs' pages come from the page allocator, too. */
static unsigned int with_joint(unsigned int layers)
{
	const unsigned int both = 1U << VERIFY_PAGE | 1U << VERIFY_SLAB;

	return layers | ((layers & both) == both ? 1U << VERIFY_JOINT : 0);
}

/* One --at is the moment of all truths, else each truth has its own, or the recording's marks. */
static bool add_truths(struct verify_job *job)
{
	const struct option_words *dirs = &job->cli->options.truths;
	struct error err;

	for (size_t i = 0; i < dirs->words.nr; i++) {
		struct verify_truth *truth = verify_truth_read(dirs->words.items[i], &err);

		if (!truth) {
			cli_error("option '--truth': %s", err.message);
			return false;
		}
		if (job->readings.at.nr)
			verify_truth_set_moment(truth,
						job->readings.at.items[MIN(i,
							job->readings.at.nr - 1)]);
		note_given(job, truth);
		verify_run_add_truth(job->run, truth);
	}
	return true;
}

/* Files that told of the beginning are not held against what came of that at their moment. */
static void note_given(const struct verify_job *job, struct verify_truth *truth)
{
	const struct replay_job *readings = &job->readings;

	if (!job->options.slab_files ||
	    strcmp(verify_truth_label(truth), readings->moments.label) != 0)
		return;
	verify_truth_set_given(truth, VERIFY_FILE_SLABINFO, !later_slabs(job));
	verify_truth_set_given(truth, VERIFY_FILE_SYS_SLAB, !later_slabs(job));
}

/* Files of later, not those of --start, tell of slabs. */
static bool later_slabs(const struct verify_job *job)
{
	const struct replay_job *readings = &job->readings;

	return readings->slabs_given && readings->files_of_slabs == &readings->files.later;
}

static int judge(struct verify_job *job)
{
	job->judgement = (struct verify_readings){
		.in = &job->readings.in,
		.run = job->run,
		.knows_caches = job->options.given & 1U << GIVEN_CACHES,
	};
	return verify_readings_judge(&job->judgement);
}

static int print(struct verify_job *job, int status)
{
	struct cli_input *in = &job->readings.in;
	struct report *report = report_create("verify", 1);
	const struct verify_facts facts = {
		.in = in,
		.info = trace_info(in->trace),
		.names = &in->names,
		.repair = job->judgement.repair,
		.machine = &job->machine,
		.settings = job->settings,
		.run = job->run,
		.options = &job->cli->options,
		.layers = job->options.layers,
		.modes = job->options.modes,
		.given = job->options.given,
	};

	verify_report(report, &facts);
	cli_input_warn(in, report);
	cli_output_report(job->cli, report);
	report_destroy(report);
	return cli_output_commit(job->cli, check_requirements(job, status));
}

static int check_requirements(const struct verify_job *job, int status)
{
	vec_foreach(&job->require, require) {
		struct str why;
		bool known;

		str_init(&why);
		if (!verify_require_holds(require, job->run, &known, &why)) {
			cli_error("required %s%s%g: %s", require->key, require->op, require->limit,
				  str_text(&why));
			if (status == EXIT_OK)
				status = known ? EXIT_CHECK : EXIT_USAGE;
		}
		str_deinit(&why);
	}
	return status;
}

static void deinit(struct verify_job *job)
{
	verify_run_destroy(job->run);
	machine_config_deinit(&job->machine);
	page_start_deinit(&job->start);
	verify_readings_deinit(&job->judgement);
	replay_job_deinit(&job->readings);
	config_destroy(job->settings);
	vec_deinit(&job->require);
}
