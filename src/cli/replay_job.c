/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One recording, read twice, on several machines: see replay_job.h. */
#include <config.h>

#include "replay_job.h"

#include "replay_report.h"

#include "kmreplay/mm/page.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_CPUS = 8192, /* of an x86-64 kernel: NR_CPUS */
	LEARNING_ENDS = 500000, /* events without anything new about caches */
};

static int look(struct replay_job *job);
static void find_files(struct replay_job *job);
static uint64_t moment_of_slabs(const struct replay_job *job);
static struct slab_sources sources_of_slabs(struct replay_job *job);
static void use_files(struct replay_job *job);
static bool find_moments(struct replay_job *job, const struct when_finder *finder);
static void learn(struct replay_job *job);
static void pull_learned(struct replay_job *job);
static void finish_slabs(struct replay_job *job);
static void configure(struct replay_job *job);
static void create_start(struct replay_job *job, uint64_t seed);
static unsigned int recorded_cpus(const struct replay_job *job);
static int replay_again(struct replay_job *job);
static bool replay_batch(void *ctx, const struct repair *repair, const struct repair_batch *batch);
static bool start(struct replay_job *job, const struct repair *repair);
static bool start_side(struct replay_job *job, struct replay_side *side,
		       const struct repair *repair);
static void feed_side(void *ctx, size_t i);
static void finish_side(void *ctx, size_t i);
static int finish(struct replay_job *job, int status);
static bool all_well(const struct replay_job *job);

void replay_job_init(struct replay_job *job, struct cli *cli)
{
	memset(job, 0, sizeof(*job));
	job->cli = cli;
	job->accounts = true;
	job->look_at_slabs = true;
	survey_init(&job->survey);
	slab_survey_init(&job->slabs, &job->survey);
	slab_census_init(&job->census);
	area_survey_init(&job->areas);
	start_files_init(&job->files);
	recorded_init(&job->recorded);
}

void replay_job_deinit(struct replay_job *job)
{
	vec_foreach(&job->sides, side) {
		replay_destroy(side->replay);
		account_feed_deinit(&side->feed);
		machine_config_deinit(&side->machine);
		page_start_deinit(&side->start);
		config_destroy(side->settings);
		free(side->name);
	}
	vec_deinit(&job->sides);
	repair_destroy(job->repair);
	repair_destroy(job->learned);
	if (job->in.trace)
		cli_input_close(&job->in);
	recorded_deinit(&job->recorded);
	slab_survey_deinit(&job->slabs);
	slab_files_deinit(&job->slab_files);
	slab_census_deinit(&job->census);
	snap_moments_deinit(&job->moments);
	area_survey_deinit(&job->areas);
	area_guesses_deinit(&job->guesses);
	start_state_destroy(job->start);
	start_files_deinit(&job->files);
	survey_deinit(&job->survey);
	vec_deinit(&job->at);
}

struct replay_side *replay_job_add(struct replay_job *job, const char *name,
				   const struct config *settings)
{
	vec_push(&job->sides, (struct replay_side){ .name = xstrdup(name),
						    .settings = config_copy(settings) });
	return &job->sides.items[job->sides.nr - 1];
}

int replay_job_run(struct replay_job *job, const char *path)
{
	int status = replay_job_look(job, path);

	if (status != EXIT_OK && status != EXIT_DAMAGED)
		return status;
	return cli_input_rewind(&job->in) ? replay_again(job) : EXIT_INPUT;
}

int replay_job_look(struct replay_job *job, const char *path)
{
	int status;

	job->path = path;
	if (!start_files_read(&job->files, &job->cli->options))
		return EXIT_INPUT;
	if (!cli_spool(job->cli, path))
		return EXIT_INPUT;
	status = cli_input_open(&job->in, job->cli, path);
	if (status != EXIT_OK)
		return status;
	/* A damaged file is replayed as far as it goes; the second reading says so again. */
	status = look(job);
	if (status == EXIT_INTERRUPTED)
		cli_warn("this was the first of several readings: nothing was replayed yet");
	job->in.learned = job->learned;
	return status;
}

void replay_job_machine(struct replay_job *job, const struct config *settings, bool early,
			struct machine_config *machine, struct page_start *start)
{
	const struct trace_info *info = trace_info(job->in.trace);

	machine_config_init(machine, config_kernel(settings, info->kernel),
			    config_arch(settings, info->long_is_32 ? ARCH_X86_32 : ARCH_X86_64));
	machine->nr_cpus = recorded_cpus(job);
	config_apply(settings, machine);
	if (!job->start)
		create_start(job, machine->seed);
	start_state_fill_ranges(job->start, &job->survey, config_memory(settings), machine);
	start_state_map(job->start, machine, early, start);
	machine->start = start;
}

/* Files of --start without a mark are of the beginning, others of a moment that is not known. */
struct area_known replay_job_areas(const struct replay_job *job)
{
	struct area_known known = { .guesses = &job->guesses };
	uint64_t moment;

	if (!job->files_of_slabs || !proc_has(job->files_of_slabs, PROC_VMALLOCINFO))
		return known;
	moment = job->moments.at[PROC_VMALLOCINFO];
	if (moment == UINT64_MAX && job->files_of_slabs != &job->files.start)
		return known;
	known.rows = &job->files_of_slabs->vmallocinfo;
	known.moment = moment == UINT64_MAX ? 0 : moment;
	return known;
}

struct report *replay_job_report(struct replay_job *job, struct replay_side *side)
{
	const struct replay_facts facts = replay_job_facts(job, side);
	struct report *report = report_create("replay", 1);

	replay_report(report, &facts);
	cli_input_warn(&job->in, report);
	return report;
}

struct replay_facts replay_job_facts(struct replay_job *job, struct replay_side *side)
{
	const struct cli_options *options = &job->cli->options;

	return (struct replay_facts){
		.path = job->path,
		.info = trace_info(job->in.trace),
		.in = &job->in,
		.names = &job->in.names,
		.repair = job->repair,
		.config = &side->machine,
		.settings = side->settings,
		.replay = side->replay,
		.start = job->start,
		.account = side->feed.account,
		.layers = job->options.layers,
		.lines = options->lines,
		.verbose = options->verbose,
		.slab_sort = &options->slab_sort,
		.caches = &options->caches,
	};
}

const char *replay_side_rules(const struct replay_side *side)
{
	return page_allocator_profile(machine_pages(replay_machine(side->replay)))->name;
}

void replay_side_settings(const struct replay_side *side, struct str *out)
{
	struct config_setting setting;
	unsigned int at = 0;
	struct str text;

	str_init(&text);
	while (config_next_setting(side->settings, &at, &text, &setting))
		str_addf(out, "%s%s=%s", out->len ? " " : "", setting.path, setting.value);
	str_deinit(&text);
}

/* The first reading: the machine, and which caches there are. */
static int look(struct replay_job *job)
{
	struct cli_input *in = &job->in;
	struct when_finder finder;
	int status;

	find_files(job);
	area_guesses_init(&job->guesses, &in->names, trace_info(in->trace)->long_is_32);
	when_finder_init(&finder, trace_info(in->trace)->unit);
	vec_foreach(&job->cli->options.at.list, when)
		when_finder_add(&finder, when);
	in->finder = &finder;
	in->again = true;
	job->survey.extfrag_names_block =
		page_profile_for(trace_info(in->trace)->kernel)->fallback ==
		FALLBACK_STEAL_SUITABLE;
	while (cli_input_next(in)) {
		if (job->files_of_slabs)
			snap_moments_look(&job->moments, &in->batch, &in->names,
					  job->survey.nr_events);
		survey_add(&job->survey, in->batch.events, in->batch.nr);
		area_guesses_feed(&job->guesses, in->batch.events, in->batch.nr);
		learn(job);
	}
	area_guesses_finish(&job->guesses);
	finish_slabs(job);
	configure(job);
	status = cli_input_finish(in);
	in->again = false;
	in->finder = NULL;
	if ((status == EXIT_OK || status == EXIT_DAMAGED) && !find_moments(job, &finder))
		status = EXIT_USAGE;
	when_finder_deinit(&finder);
	return status;
}

/* Which files tell of slabs. */
static void find_files(struct replay_job *job)
{
	const char *dir;

	job->files_of_slabs = start_files_slabs(&job->files, &dir);
	if (job->files_of_slabs && (dir == job->files.start_dir || !job->no_later))
		snap_moments_init(&job->moments, dir);
	else
		job->files_of_slabs = NULL;
}

/*
 * The event before which the files that tell of slabs were read. Those of --start are of the
 * beginning when no mark says otherwise; when others were read, it must say.
 */
static uint64_t moment_of_slabs(const struct replay_job *job)
{
	uint64_t moment;

	if (!job->files_of_slabs)
		return UINT64_MAX;
	moment = job->moments.at[PROC_SLABINFO];
	return moment == UINT64_MAX && job->files_of_slabs == &job->files.start ? 0 : moment;
}

static struct slab_sources sources_of_slabs(struct replay_job *job)
{
	return (struct slab_sources){
		.moment = moment_of_slabs(job),
		.survey = &job->slabs,
		.census = &job->census,
		.repair = job->learned,
		.names = &job->in.names,
	};
}

/* What each --at means; false: the message is printed. */
static bool find_moments(struct replay_job *job, const struct when_finder *finder)
{
	uint64_t number;

	for (size_t i = 0; i < job->cli->options.at.list.nr; i++) {
		if (!cli_input_moment(&job->in, finder, i, &number))
			return false;
		vec_push(&job->at, number);
	}
	return true;
}

/*
 * Which cache an object is of shows by what happens to it later, so repair runs ahead of the replay
 * here. Nearly everything is found out early; when nothing new came for a long time, the rest of
 * the first reading is spared this work, unless slabs are looked at.
 */
static void learn(struct replay_job *job)
{
	if (job->learned && !job->look_at_slabs &&
	    job->survey.nr_events - job->last_finding > LEARNING_ENDS)
		return;
	if (!job->learned) {
		job->learned = cli_input_repair(&job->in);
		job->look_at_slabs &= !trace_info(job->in.trace)->hashed_ptrs;
	}
	repair_push(job->learned, &job->in.batch);
	pull_learned(job);
	if (repair_nr_findings(job->learned) != job->nr_findings) {
		job->nr_findings = repair_nr_findings(job->learned);
		job->last_finding = job->survey.nr_events;
	}
}

static void pull_learned(struct replay_job *job)
{
	struct repair_batch batch;

	while (repair_pull(job->learned, &batch)) {
		if (!job->look_at_slabs)
			continue;
		slab_survey_feed(&job->slabs, job->learned, &batch);
		slab_census_feed(&job->census, job->learned, &batch, moment_of_slabs(job));
		area_survey_feed(&job->areas, &batch);
	}
}

/* The rest of the first reading, and what comes of it, for the machine that was recorded. */
static void finish_slabs(struct replay_job *job)
{
	const struct trace_info *info = trace_info(job->in.trace);
	struct machine_config recorded;

	if (!job->look_at_slabs || !job->learned)
		return;
	repair_finish(job->learned);
	pull_learned(job);
	machine_config_init(&recorded, info->kernel,
			    info->long_is_32 ? ARCH_X86_32 : ARCH_X86_64);
	recorded.nr_cpus = recorded_cpus(job);
	slab_survey_make(&job->slabs, job->learned, &recorded);
	use_files(job);
	slab_survey_finish(&job->slabs, job->learned, &recorded);
	machine_config_deinit(&recorded);
	if (job->slabs_given) {
		const struct slab_sources sources = sources_of_slabs(job);

		slab_files_turn_back(&job->slab_files, &sources);
		/* What events tell of the beginning is not bent to files of some moment before. */
		if (job->moments.at[PROC_SLABINFO] != UINT64_MAX)
			slab_survey_correct(&job->slabs, &job->slab_files, job->learned,
					    &job->in.names);
	}
	vec_foreach(&job->slabs.slabs, slab)
		survey_note_in_use(&job->survey, slab->pfn, 1ULL << slab->order);
}

/* Files that tell of slabs, once their moment is known. */
static void use_files(struct replay_job *job)
{
	const struct slab_sources sources = sources_of_slabs(job);

	if (sources.moment == UINT64_MAX)
		return;
	slab_files_init(&job->slab_files, job->files_of_slabs);
	job->slabs_given = job->slab_files.caches.nr;
	if (job->slabs_given)
		slab_files_name(&job->slab_files, &sources);
}

static void configure(struct replay_job *job)
{
	const struct cli_options *options = &job->cli->options;

	job->options = (struct replay_options){
		.layers = (unsigned int)options->layers,
		.recovered = (enum replay_recovered)options->recovered,
		.self_check = options->self_check,
		.keep_given = job->accounts,
		.slabs = &job->slabs,
		.slab_files = &job->slab_files,
		.areas = &job->areas,
		.guesses = &job->guesses,
	};
	/* Without addresses the beginning is all that they can tell of. */
	if (!job->slabs_given && job->files_of_slabs == &job->files.start)
		slab_files_init(&job->slab_files, job->files_of_slabs);
	area_survey_drop(&job->areas, &job->guesses);
	area_survey_add_files(&job->areas, start_files_start(&job->files));
	if (job->options.layers & ~(unsigned int)LAYER_PAGE)
		job->options.layers |= LAYER_PAGE;
	vec_foreach(&job->sides, side) {
		/* Requests come as they were recorded; boot itself is not gone through again. */
		replay_job_machine(job, side->settings, false, &side->machine, &side->start);
		side->machine.seed += side->seed;
	}
}

/* What the recorded machine was at the first event; all sides start from it. */
static void create_start(struct replay_job *job, uint64_t seed)
{
	const struct start_sources sources = {
		.survey = &job->survey,
		.arch = trace_info(job->in.trace)->long_is_32 ? ARCH_X86_32 : ARCH_X86_64,
		.nr_nodes = 1,
		.boot = start_files_boot(&job->files),
		.files = start_files_start(&job->files),
		.later = job->no_later ? NULL : start_files_later(&job->files),
		.seed = seed,
	};

	job->start = start_state_create(&sources);
	vec_foreach(&job->start->contradictions, line)
		cli_warn("%s", *line);
	if (sources.later && proc_has(sources.later, PROC_KPAGEFLAGS) && !job->start->has_later &&
	    job->start->contradictions.nr && job->files_of_slabs == sources.later) {
		slab_files_deinit(&job->slab_files);
		slab_files_init(&job->slab_files, NULL);
		job->slabs_given = false;
	}
}

/* A damaged CPU number does not make a machine: events of CPUs beyond share the others. */
static unsigned int recorded_cpus(const struct replay_job *job)
{
	/* A part of a recording need not have events of all that the file says there were. */
	const unsigned int nr = MAX(job->survey.nr_cpus, trace_info(job->in.trace)->nr_cpus);

	return MIN(MAX(nr, 1U), (unsigned int)MAX_CPUS);
}

/* The second reading. */
static int replay_again(struct replay_job *job)
{
	int status;

	job->workers = workers_create((unsigned int)MIN(job->sides.nr,
							(size_t)workers_online()));
	job->repair = cli_input_repaired(&job->in, replay_batch, job, &status);
	if (status != EXIT_INPUT)
		status = finish(job, status);
	workers_destroy(job->workers);
	return status;
}

/* What all sides read (names, repair) stands still while they run. */
static bool replay_batch(void *ctx, const struct repair *repair, const struct repair_batch *batch)
{
	struct replay_job *job = ctx;

	if (!job->started_all && !start(job, repair))
		return false;
	if (job->sides.nr > 1)
		recorded_feed(&job->recorded, repair, batch);
	job->batch = batch;
	workers_run(job->workers, job->sides.nr, feed_side, job);
	return all_well(job);
}

static bool start(struct replay_job *job, const struct repair *repair)
{
	job->started_all = true;
	vec_foreach(&job->sides, side)
		if (!start_side(job, side, repair))
			return false;
	return true;
}

static bool start_side(struct replay_job *job, struct replay_side *side,
		       const struct repair *repair)
{
	side->replay = replay_create(&job->options, &side->machine, &job->survey, repair,
				     &job->in.names, &side->error);
	if (!side->replay)
		return false;
	if (job->accounts)
		account_feed_init(&side->feed,
				  &(struct account_feed_options){
					  .spaces = 1U << ACCOUNT_OBJECTS,
					  .tables = 1U << ACCOUNT_BY_SITE | 1U << ACCOUNT_BY_CACHE,
				  },
				  &job->in.names);
	if (!job->started || job->started(job->ctx, job, side, &side->error))
		return true;
	replay_destroy(side->replay);
	side->replay = NULL;
	return false;
}

static void feed_side(void *ctx, size_t i)
{
	struct replay_job *job = ctx;
	struct replay_side *side = &job->sides.items[i];

	/* False is remembered in the error. */
	if (!replay_feed(side->replay, job->batch, &side->error))
		return;
	if (job->accounts)
		account_feed_batch(&side->feed, job->batch, replay_given(side->replay));
}

static void finish_side(void *ctx, size_t i)
{
	struct replay_job *job = ctx;
	struct replay_side *side = &job->sides.items[i];

	if (!replay_finish(side->replay, &side->error))
		return;
}

static int finish(struct replay_job *job, int status)
{
	if (!job->started_all)
		start(job, job->repair);
	if (all_well(job))
		workers_run(job->workers, job->sides.nr, finish_side, job);
	job->replayed = all_well(job);
	vec_foreach(&job->sides, side) {
		if (!side->error.message[0])
			continue;
		if (job->sides.nr > 1)
			cli_error("%s: %s", side->name, side->error.message);
		else
			cli_error("%s", side->error.message);
		return side->replay ? EXIT_CHECK : EXIT_USAGE;
	}
	return status;
}

static bool all_well(const struct replay_job *job)
{
	vec_foreach(&job->sides, side)
		if (side->error.message[0])
			return false;
	return true;
}
