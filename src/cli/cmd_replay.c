/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `kmreplay replay`: the recording is read twice, once to see what machine it was made on, once to
 * replay it there.
 */
#include <config.h>

#include "account_feed.h"
#include "command.h"
#include "replay_report.h"

#include "kmreplay/replay/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	MAX_CPUS = 8192, /* of an x86-64 kernel: NR_CPUS */
	LEARNING_ENDS = 500000, /* events without anything new about caches */
};

/* What the second reading works on; the engine is made at its first batch. */
struct job {
	struct cli *cli;
	struct cli_input in;
	struct survey survey;
	struct machine_config config;
	struct replay_options options;
	struct replay *replay;
	struct account_feed feed;
	struct repair *learned; /* what the first reading found out */
	uint64_t nr_findings, last_finding; /* of it: how many, and after which event */
	struct repair *repair;  /* after the second reading */
	struct error error; /* of the engine; empty: none */
	bool reported;
};

static int replay_path(struct job *job, const char *path);
static int replay_again(struct job *job);
static bool spool_stdin(struct cli *cli);
static bool copy_all(int from, int to);
static int look(struct job *job);
static void learn(struct job *job);
static void configure(struct job *job, const struct trace_info *info,
		      const struct cli_options *options);
static unsigned int recorded_cpus(const struct survey *survey);
static bool replay_batch(void *ctx, const struct repair *repair, const struct repair_batch *batch);
static bool start(struct job *job, const struct repair *repair);
static int finish(struct job *job, int status);

int cmd_replay(struct cli *cli)
{
	struct job job = { .cli = cli };
	const char *path = cli->args.operands.items[0];
	int status;

	if (!strcmp(path, "-") && !spool_stdin(cli))
		return EXIT_INPUT;
	if (!cli_output_open(cli))
		return EXIT_OUTPUT;
	interrupt_catch();
	survey_init(&job.survey);
	status = replay_path(&job, path);
	survey_deinit(&job.survey);
	if (job.reported)
		return cli_output_commit(cli, status);
	cli_output_abort(cli);
	return status;
}

static int replay_path(struct job *job, const char *path)
{
	int status;

	if (!cli_input_open(&job->in, job->cli, path))
		return EXIT_INPUT;
	/* A damaged file is replayed as far as it goes; the second reading says so again. */
	status = look(job);
	if (status == EXIT_OK || status == EXIT_DAMAGED)
		status = cli_input_rewind(&job->in) ? replay_again(job) : EXIT_INPUT;
	else if (status == EXIT_INTERRUPTED)
		cli_warn("this was the first of two readings: nothing was replayed yet");
	repair_destroy(job->learned);
	cli_input_close(&job->in);
	machine_config_deinit(&job->config);
	return status;
}

/*
 * A pipe can be read once only: it is copied to a file without a name, which both readings open
 * through its descriptor.
 */
static bool spool_stdin(struct cli *cli)
{
	const char *dir = getenv("TMPDIR");
	char *name = xasprintf("%s/kmreplay.XXXXXX", dir && *dir ? dir : "/tmp");
	int fd = mkstemp(name);
	bool ok = fd >= 0;

	if (ok) {
		unlink(name);
		snprintf(cli->spooled, sizeof(cli->spooled), "/dev/fd/%d", fd);
		ok = copy_all(STDIN_FILENO, fd);
	}
	if (!ok)
		cli_error("cannot keep standard input in '%s': %s", name, strerror(errno));
	free(name);
	return ok;
}

static bool copy_all(int from, int to)
{
	static const size_t size = 1 << 20;
	char *buffer = xmalloc(size);
	ssize_t got, put = 0;

	while ((got = read(from, buffer, size)) > 0) {
		for (ssize_t done = 0; done < got; done += put) {
			put = write(to, buffer + done, (size_t)(got - done));
			if (put < 0)
				goto out;
		}
	}
out:
	free(buffer);
	return got == 0;
}

/* The first reading: the machine, and which caches there are. */
static int look(struct job *job)
{
	struct cli_input *in = &job->in;
	int status;

	in->again = true;
	while (cli_input_next(in)) {
		survey_add(&job->survey, in->batch.events, in->batch.nr);
		learn(job);
	}
	configure(job, trace_info(in->trace), &job->cli->options);
	status = cli_input_finish(in);
	in->again = false;
	return status;
}

/*
 * Which cache an object is of shows by what happens to it later, so repair runs ahead of the replay
 * here. Nearly everything is found out early; when nothing new came for a long time, the rest of
 * the first reading is spared this work.
 */
static void learn(struct job *job)
{
	struct repair_batch batch;

	if (job->learned && job->survey.nr_events - job->last_finding > LEARNING_ENDS)
		return;
	if (!job->learned)
		job->learned = cli_input_repair(&job->in);
	repair_push(job->learned, &job->in.batch);
	while (repair_pull(job->learned, &batch))
		;
	if (repair_nr_findings(job->learned) != job->nr_findings) {
		job->nr_findings = repair_nr_findings(job->learned);
		job->last_finding = job->survey.nr_events;
	}
}

static void configure(struct job *job, const struct trace_info *info,
		      const struct cli_options *options)
{
	machine_config_init(&job->config, info->kernel,
			    info->long_is_32 ? ARCH_X86_32 : ARCH_X86_64);
	job->config.nr_cpus = options->machine_cpus ? (unsigned int)options->machine_cpus
						    : recorded_cpus(&job->survey);
	job->config.seed = options->seed;
	survey_fill_ranges(&job->survey, options->memory, &job->config);
	job->options = (struct replay_options){
		.layers = (unsigned int)options->layers,
		.recovered = (enum replay_recovered)options->recovered,
		.self_check = options->self_check,
	};
	if (job->options.layers & ~(unsigned int)LAYER_PAGE)
		job->options.layers |= LAYER_PAGE;
}

/* A damaged CPU number does not make a machine: events of CPUs beyond share the others. */
static unsigned int recorded_cpus(const struct survey *survey)
{
	return MIN(MAX(survey->nr_cpus, 1U), (unsigned int)MAX_CPUS);
}

/* The second reading. */
static int replay_again(struct job *job)
{
	int status;

	job->in.learned = job->learned;
	account_feed_init(&job->feed,
			  &(struct account_feed_options){
				  .spaces = 1U << ACCOUNT_OBJECTS,
				  .tables = 1U << ACCOUNT_BY_SITE | 1U << ACCOUNT_BY_CACHE,
			  },
			  &job->in.names);
	job->repair = cli_input_repaired(&job->in, replay_batch, job, &status);
	if (status != EXIT_INPUT)
		status = finish(job, status);
	replay_destroy(job->replay);
	repair_destroy(job->repair);
	account_feed_deinit(&job->feed);
	return status;
}

static bool replay_batch(void *ctx, const struct repair *repair, const struct repair_batch *batch)
{
	struct job *job = ctx;

	if (!job->replay && !start(job, repair))
		return false;
	account_feed_batch(&job->feed, batch);
	return replay_feed(job->replay, batch, &job->error);
}

static bool start(struct job *job, const struct repair *repair)
{
	job->replay = replay_create(&job->options, &job->config, &job->survey, repair,
				    &job->in.names, &job->error);
	return job->replay != NULL;
}

static int finish(struct job *job, int status)
{
	const struct cli_options *options = &job->cli->options;
	struct report *report;

	if (!job->error.message[0] && !job->replay)
		start(job, job->repair);
	if (!job->error.message[0] && !replay_finish(job->replay, &job->error))
		status = EXIT_CHECK;
	if (job->error.message[0]) {
		cli_error("%s", job->error.message);
		return job->replay ? EXIT_CHECK : EXIT_USAGE;
	}
	report = report_create("replay", 1);
	replay_report(report, &(struct replay_facts){
				      .path = job->cli->args.operands.items[0],
				      .info = trace_info(job->in.trace),
				      .names = &job->in.names,
				      .repair = job->repair,
				      .config = &job->config,
				      .replay = job->replay,
				      .account = job->feed.account,
				      .layers = job->options.layers,
				      .lines = options->lines,
				      .verbose = options->verbose,
			      });
	cli_input_warn(&job->in, report);
	cli_output_report(job->cli, report);
	job->reported = true;
	report_destroy(report);
	return status;
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
