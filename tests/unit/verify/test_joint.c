/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judge of slabs and pages together, on small recordings: right allocators are found right, a
 * wrong one is not, and both sides' states are sound at the end.
 */
#include <config.h>

#include "kmreplay/replay/slab_survey.h"
#include "kmreplay/trace/trace.h"
#include "kmreplay/verify/run.h"

#include "unit/unit.h"

/* One recording, read three times. */
struct job {
	struct event_names names;
	struct machine_config config;
	struct survey survey;
	struct slab_survey slabs;
	struct repair *learned, *looked, *judged;
	struct verify_run *run;
	bool started;
	char *path;
};

enum pass { PASS_LEARN, PASS_LOOK, PASS_JUDGE };

static void use(struct job *job, enum pass pass, const struct repair *repair,
		const struct repair_batch *batch)
{
	struct error err;

	if (pass == PASS_LEARN)
		slab_survey_feed(&job->slabs, repair, batch);
	if (pass == PASS_LOOK)
		verify_run_look(job->run, repair, batch);
	if (pass != PASS_JUDGE)
		return;
	if (!job->started)
		ck_assert_msg(verify_run_start(job->run, repair, &err), "%s", err.message);
	job->started = true;
	ck_assert_msg(verify_run_feed(job->run, batch, &err), "%s", err.message);
}

static struct repair *read_once(struct job *job, enum pass pass)
{
	struct repair *repair = NULL;
	struct event_batch batch;
	struct repair_batch out;
	struct trace *trace;
	struct error err;

	trace = trace_open(job->path, NULL, &job->names, &err);
	ck_assert_msg(trace != NULL, "%s", err.message);
	event_batch_init(&batch, TRACE_BATCH);
	while (trace_next(trace, &batch, &err) == TRACE_MORE) {
		if (!repair)
			repair = repair_create(&(struct repair_options){
				.long_is_32 = trace_info(trace)->long_is_32,
				.learned = job->learned,
				.sheaves = trace_info(trace)->kernel.major >= 7,
			}, &job->names);
		if (pass == PASS_LEARN)
			survey_add(&job->survey, batch.events, batch.nr);
		repair_push(repair, &batch);
		while (repair_pull(repair, &out))
			use(job, pass, repair, &out);
	}
	repair_finish(repair);
	while (repair_pull(repair, &out))
		use(job, pass, repair, &out);
	if (pass == PASS_LEARN)
		machine_config_init(&job->config, trace_info(trace)->kernel,
				    trace_info(trace)->long_is_32 ? ARCH_X86_32 : ARCH_X86_64);
	event_batch_deinit(&batch);
	trace_close(trace);
	return repair;
}

static void job_init(struct job *job, const char *name)
{
	const char *top = getenv("top_srcdir");

	*job = (struct job){ .path = xasprintf("%s/traces/%s", top ? top : ".", name) };
	event_names_init(&job->names);
	survey_init(&job->survey);
	slab_survey_init(&job->slabs, &job->survey);
	job->learned = read_once(job, PASS_LEARN);
	job->config.nr_cpus = job->survey.nr_cpus;
	slab_survey_finish(&job->slabs, job->learned, &job->config);
	job->config.nr_nodes = 1;
	survey_fill_ranges(&job->survey, 0, &job->config);
}

/* At the end pages are conserved, too. */
static void job_run(struct job *job)
{
	const struct verify_run_options options = {
		.layers = 1U << VERIFY_JOINT,
		.modes = 1U << VERIFY_FOLLOW | 1U << VERIFY_FREE,
		.given = ~0U,
		.nr_stories = 4,
		.explain = UINT64_MAX,
		.slabs = &job->slabs,
	};
	struct error err;

	job->run = verify_run_create(&options, &job->config, &job->survey, &job->names);
	job->looked = read_once(job, PASS_LOOK);
	job->judged = read_once(job, PASS_JUDGE);
	ck_assert_msg(verify_run_finish(job->run, &err), "%s", err.message);
}

static void job_deinit(struct job *job)
{
	verify_run_destroy(job->run);
	repair_destroy(job->judged);
	repair_destroy(job->looked);
	repair_destroy(job->learned);
	slab_survey_deinit(&job->slabs);
	survey_deinit(&job->survey);
	machine_config_deinit(&job->config);
	event_names_deinit(&job->names);
	free(job->path);
}

static double share(const struct job *job, enum verify_mode mode, enum verify_metric metric)
{
	const struct verify_count *count =
		&verify_run_log(job->run, VERIFY_JOINT, mode)->counts[metric];
	const uint64_t all = count->all + count->alarms;

	return all ? (double)count->right / (double)all : 0;
}

START_TEST(a_boot_goes_as_recorded)
{
	struct job job;

	job_init(&job, "boot-612.txt.zst");
	job_run(&job);
	ck_assert_double_gt(share(&job, VERIFY_FOLLOW, VERIFY_JOINT_NEW), 0.99);
	ck_assert_double_gt(share(&job, VERIFY_FOLLOW, VERIFY_JOINT_BACK), 0.9);
	ck_assert_double_gt(share(&job, VERIFY_FREE, VERIFY_JOINT_NEW), 0.95);
	ck_assert_double_gt(share(&job, VERIFY_FREE, VERIFY_JOINT_BACK), 0.9);
	job_deinit(&job);
}
END_TEST

/* Followed, each layer alone decides what a slab's page costs; free, a slab too many costs both. */
START_TEST(a_wrong_rule_shows)
{
	double pfn, new;
	struct job job;

	job_init(&job, "boot-612.txt.zst");
	job_run(&job);
	new = share(&job, VERIFY_FREE, VERIFY_JOINT_NEW);
	pfn = share(&job, VERIFY_FOLLOW, VERIFY_JOINT_PFN);
	job_deinit(&job);
	job_init(&job, "boot-612.txt.zst");
	job.config.slub_max_order = 0;
	job.config.pcp_batch = 1;
	job_run(&job);
	ck_assert_double_lt(share(&job, VERIFY_FREE, VERIFY_JOINT_NEW), 0.9 * new);
	ck_assert_double_lt(share(&job, VERIFY_FOLLOW, VERIFY_JOINT_PFN), 0.9 * pfn);
	ck_assert_uint_eq(verify_run_log(job.run, VERIFY_JOINT, VERIFY_FREE)->stories.nr, 4);
	vec_foreach(&verify_run_log(job.run, VERIFY_JOINT, VERIFY_FREE)->stories, story)
		ck_assert_uint_gt(story->kernel.len, 0);
	job_deinit(&job);
}
END_TEST

/* Whose each page is, is known nearly always, whatever the kernel. */
START_TEST(owners_are_known)
{
	static const struct {
		const char *name;
		double kind, cache;
	} files[] = {
		{ "boot-61.txt.gz", 0.999, 0.99 },
		{ "boot-612.txt.zst", 0.999, 0.99 },
		{ "boot-72.txt.gz", 0.999, 0.99 },
		{ "i386-61.report.txt.gz", 0.999, 0.99 },
		{ "load-612.report.txt.zst", 0.999, 0.99 },
		{ "pressure-612.report.txt.gz", 0.999, 0.99 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct job job;

		job_init(&job, files[i].name);
		job_run(&job);
		ck_assert_msg(share(&job, VERIFY_FOLLOW, VERIFY_JOINT_OWNER) >= files[i].kind,
			      "%s: %f", files[i].name,
			      share(&job, VERIFY_FOLLOW, VERIFY_JOINT_OWNER));
		ck_assert_msg(share(&job, VERIFY_FOLLOW, VERIFY_JOINT_CACHE) >= files[i].cache,
			      "%s: %f", files[i].name,
			      share(&job, VERIFY_FOLLOW, VERIFY_JOINT_CACHE));
		job_deinit(&job);
	}
}
END_TEST

UNIT_MAIN("verify_joint", a_boot_goes_as_recorded, a_wrong_rule_shows, owners_are_known)
