/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A stream of events and the machine it is replayed on, for the tests of the engine.
 */
#ifndef KMREPLAY_TESTS_UNIT_REPLAY_RUN_H
#define KMREPLAY_TESTS_UNIT_REPLAY_RUN_H

#include "kmreplay/replay/recorded.h"
#include "kmreplay/replay/replay.h"
#include "kmreplay/replay/slab_survey.h"
#include "kmreplay/replay/start.h"

#include "unit/repair/stream.h"

/* A stream and the machine it is replayed on. */
struct run {
	struct stream stream;
	struct survey survey;
	struct slab_survey slabs;
	bool look_at_slabs; /**< find those that existed first */
	struct machine_config config;
	struct start_state *state;
	struct page_start start;
	struct replay_options options;
	struct repair *learned; /**< by that */
	struct replay *replay;
	struct recorded recorded; /**< what the stream itself tells */
};

static inline void run_init(struct run *run)
{
	memset(run, 0, sizeof(*run));
	stream_init(&run->stream);
	survey_init(&run->survey);
	slab_survey_init(&run->slabs, &run->survey);
	recorded_init(&run->recorded);
	machine_config_init(&run->config, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	run->config.nr_cpus = 2;
	run->options.layers = LAYER_ALL;
	run->options.self_check = true;
}

/* The first of two readings, on a machine of 6.12 with two CPUs. */
static inline void run_look(struct run *run)
{
	struct stream *s = &run->stream;
	struct repair *r = repair_create(&s->options, &s->names);
	struct machine_config recorded;
	struct event_batch batch;
	struct repair_batch out;

	machine_config_init(&recorded, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	recorded.nr_cpus = 2;
	event_batch_init(&batch, MAX(s->events.nr, (size_t)1));
	if (s->events.nr)
		memcpy(batch.events, s->events.items, s->events.nr * sizeof(*batch.events));
	batch.nr = s->events.nr;
	repair_push(r, &batch);
	repair_finish(r);
	while (repair_pull(r, &out))
		slab_survey_feed(&run->slabs, r, &out);
	slab_survey_finish(&run->slabs, r, &recorded);
	run->options.slabs = &run->slabs;
	vec_foreach(&run->slabs.slabs, slab)
		survey_note_in_use(&run->survey, slab->pfn, 1ULL << slab->order);
	repair_destroy(run->learned);
	run->learned = r;
	s->options.learned = r;
	event_batch_deinit(&batch);
	machine_config_deinit(&recorded);
}

/* Replays what was added to run->stream on "memory" bytes. */
static inline void run_replay(struct run *run, uint64_t memory)
{
	struct stream *s = &run->stream;
	struct event_batch batch;
	struct repair_batch out;
	struct error err = { "" };

	survey_add(&run->survey, s->events.items, s->events.nr);
	if (run->look_at_slabs)
		run_look(run);
	run->state = start_state_create(&(struct start_sources){ .survey = &run->survey,
								 .arch = run->config.arch,
								 .nr_nodes = 1 });
	survey_fill_ranges(&run->survey, memory, &run->config);
	start_state_map(run->state, &run->config, false, &run->start);
	run->config.start = &run->start;
	s->r = repair_create(&s->options, &s->names);
	run->replay = replay_create(&run->options, &run->config, &run->survey, s->r, &s->names,
				    &err);
	ck_assert_msg(run->replay != NULL, "%s", err.message);
	event_batch_init(&batch, MAX(s->events.nr, (size_t)1));
	if (s->events.nr)
		memcpy(batch.events, s->events.items, s->events.nr * sizeof(*batch.events));
	batch.nr = s->events.nr;
	repair_push(s->r, &batch);
	repair_finish(s->r);
	while (repair_pull(s->r, &out)) {
		recorded_feed(&run->recorded, s->r, &out);
		ck_assert_msg(replay_feed(run->replay, &out, &err), "%s", err.message);
	}
	ck_assert_msg(replay_finish(run->replay, &err), "%s", err.message);
	event_batch_deinit(&batch);
}

static inline void run_deinit(struct run *run)
{
	replay_destroy(run->replay);
	recorded_deinit(&run->recorded);
	page_start_deinit(&run->start);
	start_state_destroy(run->state);
	machine_config_deinit(&run->config);
	slab_survey_deinit(&run->slabs);
	repair_destroy(run->learned);
	survey_deinit(&run->survey);
	stream_deinit(&run->stream);
}

#endif
