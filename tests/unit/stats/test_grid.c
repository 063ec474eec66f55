/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grids against the list of all that was put into them. */
#include <config.h>

#include "kmreplay/core/rng.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/stats/grid.h"
#include "unit/unit.h"

enum { SERIES = 3 };

struct look {
	uint64_t time;
	int64_t value[SERIES];
};

struct looks vec(struct look);

static void random_run(uint32_t cap);
static void look(struct grid *g, struct looks *all, uint64_t time, struct rng *rng);
static void check_cell(const struct grid *g, const struct looks *all, uint32_t series, uint32_t at);

START_TEST(nothing_is_lost_however_long_it_is)
{
	static const uint32_t caps[] = { 2, 3, 7, 64 };

	for (size_t i = 0; i < ARRAY_SIZE(caps); i++)
		random_run(caps[i]);
}
END_TEST

START_TEST(time_may_run_to_its_end)
{
	struct grid g;

	grid_init(&g, 1, 4);
	grid_look(&g, 0);
	grid_put(&g, 0, 1);
	grid_look(&g, UINT64_MAX);
	grid_put(&g, 0, 2);
	ck_assert_uint_eq(g.buckets[0].nr + g.buckets[g.at].nr, 2);
	ck_assert_int_eq(grid_cells(&g, 0)[g.at].last, 2);
	grid_deinit(&g);
}
END_TEST

static void random_run(uint32_t cap)
{
	struct looks all = { 0 };
	struct grid g;
	struct rng rng;
	uint64_t time = 1000, nr = 0;

	rng_init(&rng, 5);
	grid_init(&g, SERIES, cap);
	for (int i = 0; i < 2000; i++) {
		/* Bursts, pauses, and now and then a step back. */
		time += rng_below(&rng, 10) ? rng_below(&rng, 50) : rng_below(&rng, 1 << 20);
		look(&g, &all, rng_below(&rng, 50) ? time : time / 2, &rng);
		ck_assert_uint_le(g.nr, g.cap);
	}
	for (uint32_t i = 0; i < g.nr; i++) {
		ck_assert_uint_eq(g.buckets[i].start, all.items[0].time + i * g.width);
		nr += g.buckets[i].nr;
		for (uint32_t s = 0; s < SERIES; s++)
			check_cell(&g, &all, s, i);
	}
	ck_assert_uint_eq(nr, all.nr);
	grid_deinit(&g);
	vec_deinit(&all);
}

static void look(struct grid *g, struct looks *all, uint64_t time, struct rng *rng)
{
	struct look one = { .time = time };

	if (all->nr)
		one.time = MAX(one.time, all->items[all->nr - 1].time);
	grid_look(g, time);
	for (uint32_t s = 0; s < SERIES; s++) {
		/* The last series has a value now and then only. */
		bool none = s == SERIES - 1 && rng_below(rng, 4);

		one.value[s] = none ? GRID_VOID : (int64_t)rng_below(rng, 1000) - 500;
		grid_put(g, s, one.value[s]);
	}
	vec_push(all, one);
}

static void check_cell(const struct grid *g, const struct looks *all, uint32_t series, uint32_t at)
{
	const struct grid_cell *cell = &grid_cells(g, series)[at];
	struct grid_cell want = { 0, INT64_MAX, INT64_MIN, 0 };
	uint64_t nr = 0;

	vec_foreach(all, one) {
		int64_t value = one->value[series];

		if ((one->time - g->start) / g->width != at)
			continue;
		if (!nr++)
			ck_assert_uint_eq(g->buckets[at].first, one->time);
		ck_assert_uint_ge(g->buckets[at].last, one->time);
		if (value == GRID_VOID)
			continue;
		if (want.min > want.max)
			want.first = value;
		want.min = MIN(want.min, value);
		want.max = MAX(want.max, value);
		want.last = value;
	}
	ck_assert_uint_eq(nr, g->buckets[at].nr);
	if (nr)
		ck_assert_mem_eq(cell, &want, sizeof(want));
}

UNIT_MAIN("grid", nothing_is_lost_however_long_it_is, time_may_run_to_its_end)
