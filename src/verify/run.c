/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judges side by side. Each has a log and a machine of its own, so they run on as many CPUs as the
 * host has; what they share (names, the looks ahead, truths) stands still meanwhile.
 */
#include <config.h>

#include "kmreplay/verify/run.h"

#include "kmreplay/core/workers.h"
#include "kmreplay/proc/snapshot.h"

#include <stdlib.h>

/* A file of a truth, at its moment. */
struct stop {
	uint64_t at;
	uint32_t truth;
	uint8_t file; /* enum verify_file */
};

struct side {
	struct verify_run *run;
	const struct verify_ops *ops;
	struct verify_setup setup;
	enum verify_layer layer;
	void *judge;
	struct verify_log log;
	struct vec(struct stop) stops;
	struct vec(uint64_t) moments; /* of "stops", for the log */
	struct vec(struct verify_truth_result) results; /* one a truth */
	struct error error;
};

struct verify_run {
	struct verify_run_options options;
	struct verify_setup setup; /* but for the mode */
	struct vec(struct verify_truth *) truths;
	void *looks[VERIFY_LAYER_NR];
	struct side *sides[VERIFY_LAYER_NR][VERIFY_MODE_NR];
	struct vec(struct side *) all; /* those of "sides" that there are */
	struct workers *workers;
	const struct repair *repair;
	const struct repair_batch *batch; /* being looked at or judged */
	uint64_t nr_looked, nr_events;
};

static struct side *side_create(struct verify_run *run, enum verify_layer layer,
				enum verify_mode mode);
static void side_destroy(struct side *side);
static bool side_start(struct side *side, const struct repair *repair, struct error *err);
static void look_layer(void *ctx, size_t i);
static void side_add_stops(struct side *side);
static int by_moment(const void *a, const void *b);
static void side_stop(void *ctx, size_t i);
static void feed_side(void *ctx, size_t i);
static void finish_side(void *ctx, size_t i);
static bool all_well(const struct verify_run *run, struct error *err);

struct verify_run *verify_run_create(const struct verify_run_options *options,
				     const struct machine_config *config,
				     const struct survey *survey,
				     const struct event_names *names)
{
	struct verify_run *run = xcalloc(1, sizeof(*run));

	run->options = *options;
	run->setup = (struct verify_setup){
		.given = options->given,
		.config = config,
		.survey = survey,
		.names = names,
		.slabs = options->slabs,
		.areas = options->areas,
		.boot = options->boot,
		.slab_files = options->slab_files,
		.failed = options->failed,
		.failed_ctx = options->failed_ctx,
	};
	run->workers = workers_create(workers_online());
	for (unsigned int i = 0; i < VERIFY_LAYER_NR; i++) {
		const struct verify_ops *ops = verify_layer_ops((enum verify_layer)i);

		if (options->layers & 1U << i)
			run->looks[i] = ops->look_create(&run->setup);
	}
	return run;
}

void verify_run_destroy(struct verify_run *run)
{
	if (!run)
		return;
	vec_foreach(&run->all, side)
		side_destroy(*side);
	vec_deinit(&run->all);
	for (unsigned int i = 0; i < VERIFY_LAYER_NR; i++) {
		const struct verify_ops *ops = verify_layer_ops((enum verify_layer)i);

		ops->look_destroy(run->looks[i]);
	}
	vec_foreach(&run->truths, truth)
		verify_truth_destroy(*truth);
	vec_deinit(&run->truths);
	workers_destroy(run->workers);
	free(run);
}

void verify_run_add_truth(struct verify_run *run, struct verify_truth *truth)
{
	vec_push(&run->truths, truth);
}

void verify_run_look(struct verify_run *run, const struct repair *repair,
		     const struct repair_batch *batch)
{
	vec_foreach(&run->truths, truth)
		verify_truth_look(*truth, batch->batch, run->setup.names, run->nr_looked);
	run->nr_looked += batch->batch->nr;
	run->repair = repair;
	run->batch = batch;
	workers_run(run->workers, VERIFY_LAYER_NR, look_layer, run);
}

bool verify_run_start(struct verify_run *run, const struct repair *repair, struct error *err)
{
	vec_foreach(&run->truths, truth)
		if (!verify_truth_has_moment(*truth))
			return error_set(err, "nothing says when the files in '%s' were read: "
					 "give --at, or record marks as 'kmreplay snap %s "
					 "begin buddyinfo'", verify_truth_label(*truth),
					 verify_truth_label(*truth));
	for (unsigned int i = 0; i < VERIFY_LAYER_NR; i++) {
		const struct verify_ops *ops = verify_layer_ops((enum verify_layer)i);

		if (!(run->options.layers & 1U << i))
			continue;
		ops->look_finish(run->looks[i]);
		for (unsigned int mode = 0; mode < VERIFY_MODE_NR; mode++) {
			if (!(run->options.modes & 1U << mode))
				continue;
			run->sides[i][mode] = side_create(run, (enum verify_layer)i,
							  (enum verify_mode)mode);
			vec_push(&run->all, run->sides[i][mode]);
			if (!side_start(run->sides[i][mode], repair, err))
				return false;
		}
	}
	return true;
}

bool verify_run_feed(struct verify_run *run, const struct repair_batch *batch, struct error *err)
{
	run->batch = batch;
	run->nr_events += batch->batch->nr;
	workers_run(run->workers, run->all.nr, feed_side, run);
	return all_well(run, err);
}

bool verify_run_finish(struct verify_run *run, struct error *err)
{
	workers_run(run->workers, run->all.nr, finish_side, run);
	return all_well(run, err);
}

const struct verify_log *verify_run_log(const struct verify_run *run, enum verify_layer layer,
					enum verify_mode mode)
{
	return run->sides[layer][mode] ? &run->sides[layer][mode]->log : NULL;
}

uint64_t verify_run_nr_events(const struct verify_run *run)
{
	return run->nr_events;
}

const struct verify_truth_result *verify_run_truth(const struct verify_run *run,
						   enum verify_layer layer, enum verify_mode mode,
						   size_t i)
{
	const struct side *side = run->sides[layer][mode];

	return side && i < side->results.nr ? &side->results.items[i] : NULL;
}

size_t verify_run_nr_truths(const struct verify_run *run)
{
	return run->truths.nr;
}

const struct verify_truth *verify_run_truth_at(const struct verify_run *run, size_t i)
{
	return run->truths.items[i];
}

static struct side *side_create(struct verify_run *run, enum verify_layer layer,
				enum verify_mode mode)
{
	struct side *side = xcalloc(1, sizeof(*side));

	side->run = run;
	side->layer = layer;
	side->ops = verify_layer_ops(layer);
	side->setup = run->setup;
	side->setup.mode = mode;
	vec_extend_zeroed(&side->results, run->truths.nr);
	return side;
}

static void side_destroy(struct side *side)
{
	side->ops->destroy(side->judge);
	verify_log_deinit(&side->log);
	vec_foreach(&side->results, result)
		verify_truth_result_deinit(result);
	vec_deinit(&side->results);
	vec_deinit(&side->stops);
	vec_deinit(&side->moments);
	free(side);
}

static bool side_start(struct side *side, const struct repair *repair, struct error *err)
{
	struct verify_run *run = side->run;

	side_add_stops(side);
	verify_log_init(&side->log, &(struct verify_log_options){
					    .nr_stories = run->options.nr_stories,
					    .explain = run->options.explain,
					    .classes = run->options.classes,
					    .stops = side->moments.items,
					    .nr_stops = side->moments.nr,
					    .stop = side_stop,
					    .ctx = side,
				    });
	side->judge = side->ops->create(&side->setup, run->looks[side->layer], repair, &side->log,
					err);
	return side->judge || error_prefix(err, "%s layer", verify_layer_name(side->layer));
}

static void look_layer(void *ctx, size_t i)
{
	struct verify_run *run = ctx;

	if (run->looks[i])
		verify_layer_ops((enum verify_layer)i)->look_feed(run->looks[i], run->repair,
								  run->batch);
}

/* The files of all truths that show this side's layer, in the order of their moments. */
static void side_add_stops(struct side *side)
{
	const struct verify_run *run = side->run;

	for (size_t i = 0; i < run->truths.nr; i++) {
		for (unsigned int file = 0; file < VERIFY_FILE_NR; file++) {
			const uint64_t at = verify_truth_moment(run->truths.items[i],
								(enum verify_file)file);

			if (at == UINT64_MAX ||
			    verify_file_layer((enum verify_file)file) != side->layer)
				continue;
			vec_push(&side->stops, (struct stop){ .at = at,
							      .truth = (uint32_t)i,
							      .file = (uint8_t)file });
		}
	}
	if (side->stops.nr)
		qsort(side->stops.items, side->stops.nr, sizeof(*side->stops.items), by_moment);
	vec_foreach(&side->stops, stop)
		vec_push(&side->moments, stop->at);
}

static int by_moment(const void *a, const void *b)
{
	const struct stop *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->truth != y->truth)
		return x->truth < y->truth ? -1 : 1;
	return x->file < y->file ? -1 : x->file > y->file;
}

static void side_stop(void *ctx, size_t i)
{
	struct side *side = ctx;
	const struct stop *stop = &side->stops.items[i];
	struct proc_snapshot ours;
	const struct verify_shown shown = {
		.files = &ours, .touched = side->ops->touched, .ctx = side->judge
	};

	if (!side->ops->show)
		return;
	proc_snapshot_init(&ours);
	side->ops->show(side->judge, &ours);
	verify_truth_compare(side->run->truths.items[stop->truth], (enum verify_file)stop->file,
			     &shown, &side->results.items[stop->truth]);
	proc_snapshot_deinit(&ours);
}

static void feed_side(void *ctx, size_t i)
{
	struct verify_run *run = ctx;
	struct side *side = run->all.items[i];

	/* False is remembered in the error. */
	if (!side->ops->feed(side->judge, run->batch, &side->error))
		return;
}

static void finish_side(void *ctx, size_t i)
{
	struct verify_run *run = ctx;
	struct side *side = run->all.items[i];

	if (!side->ops->finish(side->judge, &side->error))
		return;
	/* What lies behind the last event. */
	verify_reached(&side->log, UINT64_MAX - 1);
}

static bool all_well(const struct verify_run *run, struct error *err)
{
	vec_foreach(&run->all, side) {
		if (!(*side)->error.message[0])
			continue;
		return error_set(err, "%s layer, %s: %s", verify_layer_name((*side)->layer),
				 verify_mode_name((*side)->setup.mode), (*side)->error.message);
	}
	return true;
}
