/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Per-CPU memory at the start: what events of later tell of boot's chunk. */
#include <config.h>

#include "kmreplay/mm/machine.h"
#include "kmreplay/mm/percpu_follow.h"
#include "kmreplay/replay/area_survey.h"
#include "run.h"
#include "unit/unit.h"

#define FIRST 0xffff88800403b000ULL /* of the recording */
#define LATER 0xffffe8ffffc00000ULL

static struct event *add(struct run *run, enum event_type type, uint64_t base, uint32_t off,
			 uint32_t size)
{
	struct event *ev = stream_add(&run->stream, type);

	ev->percpu.base = base;
	ev->percpu.off = off;
	ev->percpu.ptr = base + off;
	ev->percpu.size = size;
	ev->percpu.align = 8;
	ev->percpu.gfp = GFP_BITS_KERNEL;
	return ev;
}

/* What the first reading finds out. */
static void look(struct run *run, struct area_survey *areas)
{
	struct repair *r = repair_create(&run->stream.options, &run->stream.names);
	struct event_batch batch;
	struct repair_batch out;

	area_survey_init(areas);
	event_batch_init(&batch, run->stream.events.nr);
	memcpy(batch.events, run->stream.events.items,
	       run->stream.events.nr * sizeof(*batch.events));
	batch.nr = run->stream.events.nr;
	repair_push(r, &batch);
	repair_finish(r);
	while (repair_pull(r, &out))
		area_survey_feed(areas, &out);
	event_batch_deinit(&batch);
	repair_destroy(r);
}

static uint64_t first_chunk(struct percpu *p)
{
	struct percpu_chunk_info info;
	uint64_t at = 0;

	ck_assert(percpu_chunk_next(p, &at, &info));
	return info.base;
}

START_TEST(what_was_not_free_was_in_use)
{
	struct area_survey areas;
	struct percpu *p;
	uint64_t base, at = 0, size;
	struct run run;

	run_init(&run);
	add(&run, EVENT_PCPU_FREE, FIRST, 800, 0);
	add(&run, EVENT_PCPU_ALLOC, FIRST, 800, 16); /* part of what was given back */
	add(&run, EVENT_PCPU_ALLOC, FIRST, 2000, 64);
	look(&run, &areas);
	ck_assert_uint_eq(percpu_survey_first(&areas)->base, FIRST);
	run.options.areas = &areas;
	run_replay(&run, 64ULL << 20);
	p = machine_percpu(replay_machine(run.replay));
	base = first_chunk(p);
	/* Given back: up to what was free anyway; 80 bytes of both are in use. All else was. */
	ck_assert(percpu_free_next(p, base, &at, &size));
	ck_assert_uint_eq(at, 2064);
	ck_assert_uint_eq(size, 2064 - 880);
	ck_assert(!percpu_free_next(p, base, &at, &size));
	ck_assert_uint_eq(replay_tally(run.replay)->verdicts[CALL_PCPU_FREE][VERDICT_DONE], 1);
	area_survey_deinit(&areas);
	run_deinit(&run);
}
END_TEST

START_TEST(an_area_that_nobody_knows_is_unseen)
{
	struct area_survey areas;
	struct run run;

	run_init(&run);
	add(&run, EVENT_PCPU_FREE, LATER, 800, 0);
	look(&run, &areas);
	ck_assert(!percpu_survey_first(&areas));
	run.options.areas = &areas;
	run_replay(&run, 64ULL << 20);
	ck_assert_uint_eq(replay_tally(run.replay)->verdicts[CALL_PCPU_FREE][VERDICT_UNSEEN], 1);
	area_survey_deinit(&areas);
	run_deinit(&run);
}
END_TEST

UNIT_MAIN("start_percpu", what_was_not_free_was_in_use, an_area_that_nobody_knows_is_unseen)
