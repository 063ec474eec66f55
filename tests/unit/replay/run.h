/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A stream of events and the machine it is replayed on, for the tests of the engine.
 */
#ifndef KMREPLAY_TESTS_UNIT_REPLAY_RUN_H
#define KMREPLAY_TESTS_UNIT_REPLAY_RUN_H

#include "kmreplay/replay/recorded.h"
#include "kmreplay/replay/replay.h"

#include "unit/repair/stream.h"

/* A stream and the machine it is replayed on. */
struct run {
	struct stream stream;
	struct survey survey;
	struct machine_config config;
	struct replay_options options;
	struct replay *replay;
	struct recorded recorded; /**< what the stream itself tells */
};

static inline void run_init(struct run *run)
{
	memset(run, 0, sizeof(*run));
	stream_init(&run->stream);
	survey_init(&run->survey);
	recorded_init(&run->recorded);
	machine_config_init(&run->config, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	run->config.nr_cpus = 2;
	run->options.layers = LAYER_ALL;
	run->options.self_check = true;
}

/* Replays what was added to run->stream on "memory" bytes. */
static inline void run_replay(struct run *run, uint64_t memory)
{
	struct stream *s = &run->stream;
	struct event_batch batch;
	struct repair_batch out;
	struct error err = { "" };

	survey_add(&run->survey, s->events.items, s->events.nr);
	survey_fill_ranges(&run->survey, memory, &run->config);
	s->r = repair_create(&s->options, &s->names);
	run->replay = replay_create(&run->options, &run->config, &run->survey, s->r, &s->names,
				    &err);
	ck_assert_msg(run->replay != NULL, "%s", err.message);
	event_batch_init(&batch, MAX(s->events.nr, (size_t)1));
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
	machine_config_deinit(&run->config);
	survey_deinit(&run->survey);
	stream_deinit(&run->stream);
}

#endif
