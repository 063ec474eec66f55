/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judge of slabs on small recordings and on streams made up: a right allocator is found right,
 * one with a wrong rule is not, and nothing that a file may say brings it down.
 */
#include <config.h>

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/rng.h"
#include "kmreplay/trace/trace.h"

#include "../../../src/verify/slab_judge.h"

#include "unit/unit.h"

/* One recording, read as often as needed. */
struct side {
	struct event_names names;
	struct machine_config config;
	struct survey survey;
	struct slab_survey slabs;
	struct verify_setup setup;
	struct verify_log log;
	struct repair *learned;
	char *path;
	void *look, *judge;
	bool hashed;
};

enum pass { PASS_LEARN, PASS_LOOK, PASS_JUDGE };

static void use(struct side *s, enum pass pass, const struct repair *repair,
		const struct repair_batch *batch)
{
	struct error err;

	if (pass == PASS_LEARN)
		slab_survey_feed(&s->slabs, repair, batch);
	if (pass == PASS_LOOK)
		verify_slab_ops.look_feed(s->look, repair, batch);
	if (pass != PASS_JUDGE)
		return;
	if (!s->judge)
		s->judge = verify_slab_ops.create(&s->setup, s->look, repair, &s->log, &err);
	ck_assert_ptr_nonnull(s->judge);
	ck_assert_msg(verify_slab_ops.feed(s->judge, batch, &err), "%s", err.message);
}

static struct repair *read_once(struct side *s, enum pass pass)
{
	struct trace *trace;
	struct event_batch batch;
	struct repair *repair = NULL;
	struct repair_batch out;
	struct error err;

	trace = trace_open(s->path, NULL, &s->names, &err);
	ck_assert_msg(trace != NULL, "%s", err.message);
	event_batch_init(&batch, TRACE_BATCH);
	while (trace_next(trace, &batch, &err) == TRACE_MORE) {
		if (!repair)
			repair = repair_create(&(struct repair_options){
				.hashed_ptrs = s->hashed || trace_info(trace)->hashed_ptrs,
				.long_is_32 = trace_info(trace)->long_is_32,
				.learned = s->learned,
			}, &s->names);
		if (pass == PASS_LEARN)
			survey_add(&s->survey, batch.events, batch.nr);
		repair_push(repair, &batch);
		while (repair_pull(repair, &out))
			use(s, pass, repair, &out);
	}
	repair_finish(repair);
	while (repair_pull(repair, &out))
		use(s, pass, repair, &out);
	if (pass == PASS_LEARN)
		machine_config_init(&s->config, trace_info(trace)->kernel,
				    trace_info(trace)->long_is_32 ? ARCH_X86_32 : ARCH_X86_64);
	event_batch_deinit(&batch);
	trace_close(trace);
	return repair;
}

static void side_init(struct side *s, const char *name)
{
	const char *top = getenv("top_srcdir");

	*s = (struct side){ .path = xasprintf("%s/traces/%s", top ? top : ".", name) };
	event_names_init(&s->names);
	survey_init(&s->survey);
	slab_survey_init(&s->slabs, &s->survey);
	s->learned = read_once(s, PASS_LEARN);
	s->config.nr_cpus = s->survey.nr_cpus;
	slab_survey_finish(&s->slabs, s->learned, &s->config);
	s->config.nr_nodes = 1;
	survey_fill_ranges(&s->survey, 0, &s->config);
	s->setup = (struct verify_setup){
		.given = ~0U, .config = &s->config, .survey = &s->survey, .names = &s->names,
		.slabs = &s->slabs,
	};
}

/* Judges it all; the allocator is sound at the end. */
static void side_run(struct side *s, enum verify_mode mode)
{
	const struct verify_log_options options = { .explain = UINT64_MAX, .nr_stories = 4 };
	struct repair *repair;
	struct error err;

	verify_log_init(&s->log, &options);
	s->setup.mode = mode;
	s->look = verify_slab_ops.look_create(&s->setup);
	repair = read_once(s, PASS_LOOK);
	verify_slab_ops.look_finish(s->look);
	repair_destroy(repair);
	repair = read_once(s, PASS_JUDGE);
	ck_assert_msg(verify_slab_ops.finish(s->judge, &err), "%s", err.message);
	ck_assert_msg(slab_check(((struct slab_judge *)s->judge)->slab, &err), "%s", err.message);
	verify_slab_ops.destroy(s->judge);
	verify_slab_ops.look_destroy(s->look);
	repair_destroy(repair);
	s->judge = s->look = NULL;
}

static void side_deinit(struct side *s)
{
	verify_log_deinit(&s->log);
	repair_destroy(s->learned);
	slab_survey_deinit(&s->slabs);
	survey_deinit(&s->survey);
	machine_config_deinit(&s->config);
	event_names_deinit(&s->names);
	free(s->path);
}

static double share(const struct side *s, enum verify_metric metric)
{
	const struct verify_count *count = &s->log.counts[metric];

	return count->all ? (double)count->right / (double)count->all : 0;
}

START_TEST(a_boot_of_6_12_is_followed)
{
	struct side s;

	side_init(&s, "boot-612.txt.zst");
	side_run(&s, VERIFY_FOLLOW);
	ck_assert_uint_gt(s.log.counts[VERIFY_SLAB_SLAB].all, 50000);
	ck_assert_double_gt(share(&s, VERIFY_SLAB_SLAB), 0.999);
	ck_assert_double_gt(share(&s, VERIFY_SLAB_ADDRESS), 0.999);
	ck_assert_double_gt(share(&s, VERIFY_SLAB_NEW), 0.995);
	ck_assert_double_gt(share(&s, VERIFY_SLAB_DISCARD), 0.9);
	ck_assert_double_gt(share(&s, VERIFY_SLAB_HELD), 0.9999);
	side_deinit(&s);
}
END_TEST

START_TEST(differences_are_told)
{
	struct side s;

	side_init(&s, "boot-612.txt.zst");
	s.config.slub_cpu_partial = 0;
	side_run(&s, VERIFY_FOLLOW);
	ck_assert_uint_eq(s.log.stories.nr, 4);
	vec_foreach(&s.log.stories, story) {
		ck_assert_uint_gt(story->ours.len, 0);
		ck_assert_uint_gt(story->kernel.len, 0);
		ck_assert_uint_gt(story->state.len, 0);
	}
	side_deinit(&s);
}
END_TEST

START_TEST(a_free_run_stays_near)
{
	struct side s;

	side_init(&s, "boot-612.txt.zst");
	side_run(&s, VERIFY_FREE);
	ck_assert_double_gt(share(&s, VERIFY_SLAB_SLAB), 0.85);
	ck_assert_double_gt(share(&s, VERIFY_SLAB_NEW), 0.98);
	ck_assert_double_gt(share(&s, VERIFY_SLAB_NEW_NEAR), 0.95);
	ck_assert_double_gt(share(&s, VERIFY_SLAB_HELD), 0.99);
	side_deinit(&s);
}
END_TEST

/* What a wrong rule costs: the share of each metric with it. */
START_TEST(wrong_rules_show)
{
	static const struct {
		const char *what;
		int cpu_partial, min_partial;
		unsigned int min_objects;
		enum verify_metric metric;
		double below;
	} rules[] = {
		{ "cpu partial lists of one slab", 1, -1, 0, VERIFY_SLAB_SLAB, 0.999 },
		{ "no slab kept empty", -1, 0, 0, VERIFY_SLAB_SLAB, 0.9998 },
		{ "slabs of more objects", -1, -1, 64, VERIFY_SLAB_HELD, 0.99 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		struct side s;

		side_init(&s, "boot-612.txt.zst");
		s.config.slub_cpu_partial = rules[i].cpu_partial;
		s.config.slub_min_partial = rules[i].min_partial;
		s.config.slub_min_objects = rules[i].min_objects;
		side_run(&s, rules[i].metric == VERIFY_SLAB_HELD ? VERIFY_FREE : VERIFY_FOLLOW);
		ck_assert_msg(share(&s, rules[i].metric) < rules[i].below, "%s: %f", rules[i].what,
			      share(&s, rules[i].metric));
		side_deinit(&s);
	}
}
END_TEST

START_TEST(other_kernels_are_followed)
{
	static const struct {
		const char *name;
		double slab;
	} files[] = {
		{ "boot-61.txt.gz", 0.95 },
		{ "i386-61.report.txt.gz", 0.98 },
		{ "pressure-612.report.txt.gz", 0.99 },
		{ "zoo-612-slab.txt.gz", 0.99 },
		{ "boot-72.txt.gz", 0.75 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		for (unsigned int mode = 0; mode < VERIFY_MODE_NR; mode++) {
			struct side s;

			side_init(&s, files[i].name);
			side_run(&s, (enum verify_mode)mode);
			if (mode == VERIFY_FOLLOW)
				ck_assert_msg(share(&s, VERIFY_SLAB_SLAB) > files[i].slab,
					      "%s: %f", files[i].name,
					      share(&s, VERIFY_SLAB_SLAB));
			side_deinit(&s);
		}
	}
}
END_TEST

START_TEST(nothing_given_still_follows)
{
	struct side s;

	side_init(&s, "boot-612.txt.zst");
	s.setup.given = 0;
	side_run(&s, VERIFY_FOLLOW);
	ck_assert_double_gt(share(&s, VERIFY_SLAB_SLAB), 0.95);
	side_deinit(&s);
}
END_TEST

START_TEST(hashed_pointers_judge_nothing)
{
	struct side s;
	bool told = false;

	side_init(&s, "boot-61.txt.gz");
	repair_destroy(s.learned);
	s.learned = NULL;
	s.hashed = true;
	side_run(&s, VERIFY_FOLLOW);
	ck_assert_uint_eq(s.log.counts[VERIFY_SLAB_SLAB].all, 0);
	vec_foreach(&s.log.reasons, reason)
		told |= reason->aside == ASIDE_EXCLUDED && reason->nr > 1000;
	ck_assert(told);
	side_deinit(&s);
}
END_TEST

#define BASE 0xffff888100000000ULL

/* Slab pages, each with its first object: afterwards the direct map is known. */
static void teach_base(struct event_batch *batch)
{
	for (uint64_t pfn = 1; pfn <= 8; pfn++) {
		struct event *ev = &batch->events[batch->nr++];

		*ev = (struct event){ .type = EVENT_PAGE_ALLOC };
		ev->page.pfn = pfn;
		ev->page.gfp = GFP_BITS_KERNEL | GFP_BIT_NOWARN | GFP_BIT_NORETRY | GFP_BIT_COMP;
		ev = &batch->events[batch->nr++];
		*ev = (struct event){ .type = EVENT_KMALLOC };
		ev->slab.ptr = BASE + pfn * 4096;
		ev->slab.bytes_req = ev->slab.bytes_alloc = 64;
		ev->slab.gfp = GFP_BITS_KERNEL;
		ev->slab.node = -1;
	}
}

/* Events that no kernel writes: any address, page, order, cache, CPU, all mixed. */
static void feed_noise(struct verify_setup *setup, struct event_names *names, uint64_t seed)
{
	const struct verify_log_options options = { .explain = UINT64_MAX };
	static const uint8_t types[] = {
		EVENT_KMALLOC, EVENT_KFREE, EVENT_CACHE_ALLOC, EVENT_CACHE_FREE, EVENT_PAGE_ALLOC,
		EVENT_PAGE_FREE, EVENT_PROBE_BULK_ALLOC, EVENT_PROBE_BULK_RET,
		EVENT_PROBE_BULK_FREE,
	};
	static const uint64_t sizes[] = { 8, 64, 96, 192, 512, 4096, 8192, 72, 1 << 20, 0 };
	struct repair *repair = repair_create(&(struct repair_options){ 0 }, names);
	const uint32_t name = intern_add_text(&names->texts, "kmalloc-64");
	struct event_batch batch;
	struct repair_batch out;
	struct verify_log log;
	void *look, *judge = NULL;
	struct error err;
	struct rng rng;

	rng_init(&rng, seed);
	verify_log_init(&log, &options);
	look = verify_slab_ops.look_create(setup);
	verify_slab_ops.look_finish(look);
	event_batch_init(&batch, 4096);
	teach_base(&batch);
	for (unsigned int i = 0; i < 60000; i++) {
		struct event *ev = &batch.events[batch.nr++];
		const uint64_t pfn = rng_below(&rng, 64) * (rng_below(&rng, 50) ? 1 : 1ULL << 40);

		*ev = (struct event){
			.type = types[rng_below(&rng, ARRAY_SIZE(types))],
			.pid = (int32_t)rng_below(&rng, 3),
			.cpu = (uint16_t)rng_below(&rng, 5),
			.flags = rng_below(&rng, 4) ? 0 : EVENT_F_SOFTIRQ,
		};
		if (ev->type <= EVENT_CACHE_FREE) {
			ev->slab.ptr = BASE + pfn * 4096 +
				       8 * rng_below(&rng, 512);
			ev->slab.bytes_req = ev->slab.bytes_alloc =
				sizes[rng_below(&rng, ARRAY_SIZE(sizes))];
			ev->slab.gfp = GFP_BITS_KERNEL;
			ev->slab.node = (int16_t)((int)rng_below(&rng, 4) - 1);
			ev->slab.name = ev->type == EVENT_CACHE_FREE ? name : 0;
		} else if (ev->type <= EVENT_PAGE_FREE) {
			ev->page.pfn = pfn;
			ev->page.order = (uint8_t)rng_below(&rng, 5);
			ev->page.gfp = GFP_BITS_KERNEL | GFP_BIT_NOWARN | GFP_BIT_NORETRY |
				       GFP_BIT_COMP;
		} else if (ev->type == EVENT_PROBE_BULK_FREE) {
			uint64_t ptr = BASE + pfn * 4096;

			ev->bulk.nr = (uint32_t)rng_below(&rng, 600);
			ev->bulk.nr_aux = 1;
			ev->bulk.aux = event_batch_add_aux(&batch, &ptr, sizeof(ptr));
		} else {
			ev->probe.name = name;
			ev->probe.nr = (uint32_t)rng_below(&rng, 100);
		}
		if (batch.nr < batch.cap && i + 1 < 60000)
			continue;
		repair_push(repair, &batch);
		while (repair_pull(repair, &out)) {
			if (!judge)
				judge = verify_slab_ops.create(setup, look, repair, &log, &err);
			ck_assert(verify_slab_ops.feed(judge, &out, &err));
		}
	}
	ck_assert_ptr_nonnull(judge);
	ck_assert(verify_slab_ops.finish(judge, &err));
	ck_assert_uint_gt(log.counts[setup->mode == VERIFY_FREE ? VERIFY_SLAB_HELD :
								 VERIFY_SLAB_SLAB].all, 100);
	ck_assert_msg(slab_check(((struct slab_judge *)judge)->slab, &err), "%s", err.message);
	verify_slab_ops.destroy(judge);
	verify_slab_ops.look_destroy(look);
	verify_log_deinit(&log);
	event_batch_deinit(&batch);
	repair_destroy(repair);
}

START_TEST(noise_does_no_harm)
{
	static const struct kernel_version kernels[] = { { 6, 1 }, { 6, 12 }, { 7, 2 } };

	for (unsigned int i = 0; i < ARRAY_SIZE(kernels) * VERIFY_MODE_NR; i++) {
		struct machine_config config;
		struct event_names names;
		struct survey survey;
		struct verify_setup setup = {
			.mode = (enum verify_mode)(i % VERIFY_MODE_NR),
			.given = ~0U, .config = &config, .survey = &survey, .names = &names,
		};

		machine_config_init(&config, kernels[i / VERIFY_MODE_NR], ARCH_X86_64);
		config.nr_cpus = 4;
		config.nr_nodes = 2;
		machine_config_add_range(&config, 1, 32, 0);
		machine_config_add_range(&config, 32, 4096, 1);
		event_names_init(&names);
		survey_init(&survey);
		feed_noise(&setup, &names, i + 1);
		survey_deinit(&survey);
		event_names_deinit(&names);
		machine_config_deinit(&config);
	}
}
END_TEST

UNIT_MAIN("verify_slab", a_boot_of_6_12_is_followed, differences_are_told, a_free_run_stays_near,
	  wrong_rules_show, other_kernels_are_followed, nothing_given_still_follows,
	  hashed_pointers_judge_nothing, noise_does_no_harm)
