/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When probes are called. */
#include <config.h>

#include "load.h"

struct seen {
	struct vec(struct replay_moment) moments;
	uint64_t nr_failed;
};

static void note(void *ctx, const struct replay_moment *moment)
{
	struct seen *seen = ctx;

	vec_push(&seen->moments, *moment);
}

static void note_failure(void *ctx, const struct replay_failure *failure,
			 const struct event *ev UNUSED)
{
	struct seen *seen = ctx;

	seen->nr_failed += failure->nr;
}

static void attach(struct load *l, struct seen *seen, struct replay_probe probe)
{
	*seen = (struct seen){ .nr_failed = 0 };
	probe.look = note;
	probe.failed = note_failure;
	probe.ctx = seen;
	replay_attach(l->replay, &probe);
}

START_TEST(both_ends_always_come)
{
	struct seen seen;
	struct load l;

	load_init(&l, 1);
	attach(&l, &seen, (struct replay_probe){ .every_events = 0 });
	load_finish(&l);
	ck_assert_uint_eq(seen.moments.nr, 2);
	ck_assert_int_eq(seen.moments.items[0].when, REPLAY_START);
	ck_assert_int_eq(seen.moments.items[1].when, REPLAY_END);
	ck_assert_uint_eq(seen.moments.items[1].event, 0);
	vec_deinit(&seen.moments);
	load_deinit(&l);
}
END_TEST

START_TEST(by_events_and_for_several)
{
	struct seen seven, thousand;
	struct load l;
	uint64_t nr;

	load_init(&l, 2);
	l.time = 12345;
	attach(&l, &seven, (struct replay_probe){ .every_events = 7 });
	attach(&l, &thousand, (struct replay_probe){ .every_events = 1000 });
	load_run(&l, 3000);
	load_finish(&l);
	nr = replay_tally(l.replay)->nr_events;
	ck_assert_uint_ge(nr, 3000);
	ck_assert_uint_eq(seven.moments.nr, 2 + nr / 7);
	ck_assert_uint_eq(thousand.moments.nr, 2 + nr / 1000);
	ck_assert_uint_eq(seven.moments.items[0].time, 12345);
	ck_assert_uint_eq(seven.moments.items[0].event, 0);
	for (size_t i = 1; i + 1 < seven.moments.nr; i++)
		ck_assert_uint_eq(seven.moments.items[i].event, i * 7);
	ck_assert_uint_eq(thousand.moments.items[3].event, 3000);
	ck_assert_uint_eq(thousand.moments.items[thousand.moments.nr - 1].event, nr);
	ck_assert_uint_eq(seven.nr_failed, thousand.nr_failed);
	vec_deinit(&seven.moments);
	vec_deinit(&thousand.moments);
	load_deinit(&l);
}
END_TEST

/* The first event at or behind each multiple; a pause is looked at once. */
START_TEST(by_time)
{
	const uint64_t every = 5000;
	struct seen seen;
	struct load l;

	load_init(&l, 3);
	l.time = 777;
	attach(&l, &seen, (struct replay_probe){ .every_ns = every });
	load_run(&l, 500);
	l.time += 100 * every;
	load_run(&l, 500);
	load_finish(&l);
	ck_assert_uint_gt(seen.moments.nr, 100);
	for (size_t i = 1; i + 1 < seen.moments.nr; i++)
		ck_assert_uint_gt((seen.moments.items[i].time - 777) / every,
				  (seen.moments.items[i - 1].time - 777) / every);
	ck_assert_uint_lt(seen.moments.nr, 2 + (l.time - 777) / every - 90);
	vec_deinit(&seen.moments);
	load_deinit(&l);
}
END_TEST

START_TEST(the_end_of_time_is_no_time_to_look)
{
	struct seen seen;
	struct load l;

	load_init(&l, 4);
	l.time = UINT64_MAX - 10;
	l.step = 0;
	attach(&l, &seen, (struct replay_probe){ .every_ns = 100 });
	load_run(&l, 10);
	l.time = UINT64_MAX;
	load_run(&l, 10);
	load_finish(&l);
	ck_assert_uint_eq(seen.moments.nr, 2);
	vec_deinit(&seen.moments);
	load_deinit(&l);
}
END_TEST

START_TEST(at_markers)
{
	struct seen seen, deaf;
	struct load l;

	load_init(&l, 5);
	attach(&l, &seen, (struct replay_probe){ .markers = true });
	attach(&l, &deaf, (struct replay_probe){ .every_events = 0 });
	for (size_t i = 0; i < 20; i++)
		load_object(&l, i);
	load_add(&l, EVENT_MARK);
	for (size_t i = 0; i < 20; i++)
		load_object(&l, 100 + i);
	load_add(&l, EVENT_MARK);
	load_finish(&l);
	ck_assert_uint_eq(deaf.moments.nr, 2);
	ck_assert_uint_eq(seen.moments.nr, 4);
	ck_assert_int_eq(seen.moments.items[1].when, REPLAY_MARKER);
	ck_assert_uint_eq(seen.moments.items[1].event, 21);
	ck_assert_uint_eq(seen.moments.items[2].event, 42);
	ck_assert_ptr_ne(seen.moments.items[2].marker, NULL);
	vec_deinit(&seen.moments);
	vec_deinit(&deaf.moments);
	load_deinit(&l);
}
END_TEST

/* Here, and when recorded only: each once. */
START_TEST(failures_are_told)
{
	const struct replay_tally *tally;
	struct seen seen;
	struct load l;

	load_init(&l, 6);
	tally = replay_tally(l.replay);
	attach(&l, &seen, (struct replay_probe){ .every_events = 0 });
	load_run(&l, 30000);
	load_finish(&l);
	ck_assert_uint_gt(tally->nr_failed, 100);
	ck_assert_uint_gt(tally->nr_recovered, 10);
	ck_assert_uint_eq(seen.nr_failed, tally->nr_failed + tally->nr_recovered);
	ck_assert_uint_eq(tally->nr_recovered,
			  tally->verdicts[CALL_PAGE_ALLOC][VERDICT_RECOVERED]);
	vec_deinit(&seen.moments);
	load_deinit(&l);
}
END_TEST

UNIT_MAIN("probe", both_ends_always_come, by_events_and_for_several, by_time,
	  the_end_of_time_is_no_time_to_look, at_markers, failures_are_told)
