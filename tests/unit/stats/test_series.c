/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Thinned time series against the full one: nothing invented, no extreme lost. */
#include <config.h>

#include "kmreplay/stats/series.h"

#include "kmreplay/core/rng.h"

#include "unit/unit.h"

static bool contains(const struct series_points *all, struct series_point point)
{
	for (size_t i = 0; i < all->nr; i++) {
		if (all->items[i].time == point.time && all->items[i].value == point.value)
			return true;
	}
	return false;
}

/* Extremes of "points" in the half-open span; false when there is none. */
static bool extremes(const struct series_points *points, uint64_t from, uint64_t to, int64_t *min,
		     int64_t *max)
{
	bool any = false;

	for (size_t i = 0; i < points->nr; i++) {
		struct series_point p = points->items[i];

		if (p.time < from || p.time >= to)
			continue;
		*min = any ? MIN(*min, p.value) : p.value;
		*max = any ? MAX(*max, p.value) : p.value;
		any = true;
	}
	return any;
}

START_TEST(empty_has_no_points)
{
	struct series s;
	struct series_points points = { 0 };

	series_init(&s, 2, 0);
	series_points(&s, &points);
	ck_assert_uint_eq(points.nr, 0);
	series_deinit(&s);
}
END_TEST

START_TEST(few_values_are_kept_whole)
{
	struct series s;
	struct series_points points = { 0 };

	series_init(&s, 16, 1);
	for (uint64_t t = 0; t < 16; t++)
		series_add(&s, 100 + t, (int64_t)(t * 3));
	series_points(&s, &points);
	ck_assert_uint_eq(points.nr, 16);
	for (uint64_t t = 0; t < 16; t++) {
		ck_assert_uint_eq(points.items[t].time, 100 + t);
		ck_assert_int_eq(points.items[t].value, (int64_t)(t * 3));
	}
	vec_deinit(&points);
	series_deinit(&s);
}
END_TEST

START_TEST(the_last_value_comes_last_even_at_one_time)
{
	static const int64_t values[][3] = { { 5, 9, 1 }, { 5, 1, 9 }, { 9, 1, 9 }, { 1, 9, 1 } };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct series s;
		struct series_points points = { 0 };

		series_init(&s, 4, 10);
		for (int j = 0; j < 3; j++)
			series_add(&s, 7, values[i][j]);
		series_points(&s, &points);
		ck_assert_uint_ge(points.nr, 2);
		ck_assert_int_eq(points.items[0].value, values[i][0]);
		if (values[i][0] != values[i][2])
			ck_assert_int_eq(points.items[points.nr - 1].value, values[i][2]);
		vec_deinit(&points);
		series_deinit(&s);
	}
}
END_TEST

START_TEST(random_series_keep_their_extremes)
{
	struct rng rng;

	rng_init(&rng, 5);
	for (int round = 0; round < 60; round++) {
		uint32_t cap = 2 + (uint32_t)rng_below(&rng, 40);
		uint64_t time = rng_below(&rng, 1000);
		uint64_t step = 1 + rng_below(&rng, 100);
		struct series s;
		struct series_points all = { 0 }, points = { 0 };

		series_init(&s, cap, rng_below(&rng, 5));
		for (int i = 0; i < 2000; i++) {
			int64_t value = (int64_t)rng_below(&rng, 2000000) - 1000000;

			series_add(&s, time, value);
			vec_push(&all, ((struct series_point){ time, value }));
			time += rng_below(&rng, step);
		}
		series_points(&s, &points);
		ck_assert_uint_le(points.nr, 4 * (size_t)cap);
		ck_assert_uint_eq(s.nr_values, all.nr);
		for (size_t i = 0; i < points.nr; i++) {
			ck_assert(contains(&all, points.items[i]));
			ck_assert(!i || points.items[i].time >= points.items[i - 1].time);
		}
		ck_assert_int_eq(points.items[0].value, all.items[0].value);
		ck_assert_uint_eq(points.items[points.nr - 1].time, all.items[all.nr - 1].time);
		for (uint32_t b = 0; b < s.nr; b++) {
			uint64_t from = s.start + b * s.width;
			int64_t min = 0, max = 0, thin_min = 0, thin_max = 0;
			bool any = extremes(&all, from, from + s.width, &min, &max);

			ck_assert(any ==
				  extremes(&points, from, from + s.width, &thin_min, &thin_max));
			ck_assert(!any || (min == thin_min && max == thin_max));
		}
		vec_deinit(&all);
		vec_deinit(&points);
		series_deinit(&s);
	}
}
END_TEST

START_TEST(all_of_time_fits)
{
	struct series s;
	struct series_points points = { 0 };

	series_init(&s, 3, 1);
	series_add(&s, 0, INT64_MIN);
	series_add(&s, UINT64_MAX, INT64_MAX);
	series_add(&s, 5, 0); /* a step back counts as now */
	ck_assert_uint_eq(s.now, UINT64_MAX);
	series_points(&s, &points);
	ck_assert_uint_eq(points.nr, 3);
	ck_assert_int_eq(points.items[0].value, INT64_MIN);
	ck_assert_int_eq(points.items[2].value, 0);
	ck_assert_int_eq(s.min, INT64_MIN);
	ck_assert_int_eq(s.max, INT64_MAX);
	vec_deinit(&points);
	series_deinit(&s);
}
END_TEST

UNIT_MAIN("series", empty_has_no_points, few_values_are_kept_whole,
	  the_last_value_comes_last_even_at_one_time, random_series_keep_their_extremes,
	  all_of_time_fits)
