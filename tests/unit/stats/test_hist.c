/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log-linear histograms: bins, percentiles against sorted values, merging, the ends of 64 bits. */
#include <config.h>

#include "kmreplay/stats/hist.h"

#include "kmreplay/core/rng.h"

#include "unit/unit.h"

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* |a - b| as a share of b stays below 1 / "parts". */
static void assert_near(uint64_t a, uint64_t b, uint64_t parts)
{
	uint64_t diff = a > b ? a - b : b - a;

	ck_assert_msg(diff <= b / parts, "%llu is not near %llu", (unsigned long long)a,
		      (unsigned long long)b);
}

START_TEST(empty_gives_zeros)
{
	struct hist h;
	struct hist_bin bin;
	uint32_t at = 0;

	hist_init(&h, HIST_FINE);
	ck_assert_uint_eq(hist_percentile(&h, 50), 0);
	ck_assert_uint_eq(hist_percentile(&h, 0), 0);
	ck_assert_uint_eq(hist_percentile(&h, 100), 0);
	ck_assert_uint_eq(hist_mean(&h), 0);
	ck_assert_uint_eq(hist_min(&h), 0);
	ck_assert(!hist_next(&h, &at, &bin));
	hist_record_n(&h, 7, 0);
	ck_assert_uint_eq(h.count, 0);
	ck_assert_ptr_null(h.counts);
	hist_deinit(&h);
}
END_TEST

START_TEST(bins_tile_the_numbers)
{
	const enum hist_precision precisions[] = { HIST_COARSE, HIST_FINE };

	for (size_t p = 0; p < ARRAY_SIZE(precisions); p++) {
		struct hist h;
		struct hist_bin bin;
		uint32_t at = 0;
		uint64_t next = 0;

		hist_init(&h, precisions[p]);
		/* Every number to 4095 and both sides of each power of two. */
		for (uint64_t v = 0; v < 4096; v++)
			hist_record(&h, v);
		while (hist_next(&h, &at, &bin)) {
			ck_assert_uint_eq(bin.low, next);
			ck_assert_uint_ge(bin.high, bin.low);
			ck_assert_uint_eq(bin.count, bin.high - bin.low + 1);
			next = bin.high + 1;
		}
		ck_assert_uint_eq(next, 4096);
		hist_reset(&h);
		for (unsigned int b = 0; b < 64; b++) {
			hist_record(&h, (1ULL << b) - 1);
			hist_record(&h, 1ULL << b);
		}
		hist_record(&h, UINT64_MAX);
		ck_assert_uint_eq(h.count, 129);
		ck_assert_uint_eq(h.max, UINT64_MAX);
		at = 0;
		next = 0;
		while (hist_next(&h, &at, &bin)) {
			ck_assert(next == 0 || bin.low > next);
			next = bin.high;
		}
		ck_assert_uint_eq(next, UINT64_MAX);
		hist_deinit(&h);
	}
}
END_TEST

START_TEST(percentiles_match_sorted_values)
{
	enum { NR = 20000 };
	static const double percents[] = { 0.01, 1, 10, 25, 50, 75, 90, 99, 99.9, 99.99 };
	uint64_t *values = calloc(NR, sizeof(*values));
	struct rng rng;
	struct hist fine, coarse;

	ck_assert_ptr_nonnull(values);
	rng_init(&rng, 1);
	hist_init(&fine, HIST_FINE);
	hist_init(&coarse, HIST_COARSE);
	for (size_t i = 0; i < NR; i++) {
		values[i] = rng_next(&rng) >> rng_below(&rng, 64);
		hist_record(&fine, values[i]);
		hist_record(&coarse, values[i]);
	}
	qsort(values, NR, sizeof(*values), by_value);
	for (size_t i = 0; i < ARRAY_SIZE(percents); i++) {
		/* Nearest rank, counted from one. */
		uint64_t rank = (NR * (uint64_t)(percents[i] * 100 + 0.5) + 9999) / 10000;

		assert_near(hist_percentile(&fine, percents[i]), values[rank - 1], 32);
		assert_near(hist_percentile(&coarse, percents[i]), values[rank - 1], 8);
	}
	ck_assert_uint_eq(hist_percentile(&fine, 0), values[0]);
	ck_assert_uint_eq(hist_percentile(&fine, 100), values[NR - 1]);
	hist_deinit(&fine);
	hist_deinit(&coarse);
	free(values);
}
END_TEST

START_TEST(ranks_are_not_rounded_up_by_binary_fractions)
{
	struct hist h;

	hist_init(&h, HIST_FINE);
	for (int i = 0; i < 999; i++)
		hist_record(&h, 1);
	hist_record(&h, 1000000);
	ck_assert_uint_eq(hist_percentile(&h, 99.9), 1);
	ck_assert_uint_eq(hist_percentile(&h, 99.91), 1000000);
	hist_deinit(&h);
}
END_TEST

START_TEST(sum_does_not_overflow)
{
	struct hist h;

	hist_init(&h, HIST_FINE);
	hist_record_n(&h, UINT64_MAX, 1000);
	hist_record_n(&h, UINT64_MAX - 2, 1000);
	ck_assert_uint_eq(hist_mean(&h), UINT64_MAX - 1);
	hist_deinit(&h);
}
END_TEST

START_TEST(merging_equals_recording_both)
{
	struct hist a, b, both;
	struct hist_bin x, y;
	uint32_t at_x = 0, at_y = 0;
	struct rng rng;

	rng_init(&rng, 2);
	hist_init(&a, HIST_FINE);
	hist_init(&b, HIST_FINE);
	hist_init(&both, HIST_FINE);
	for (int i = 0; i < 3000; i++) {
		uint64_t value = rng_next(&rng) >> (20 + rng_below(&rng, 20));

		hist_record(i % 3 ? &a : &b, i % 3 ? value : value >> 18);
		hist_record(&both, i % 3 ? value : value >> 18);
	}
	hist_merge(&a, &b);
	hist_reset(&b);
	hist_merge(&a, &b); /* an empty one changes nothing */
	ck_assert_uint_eq(a.count, both.count);
	ck_assert_uint_eq(a.min, both.min);
	ck_assert_uint_eq(a.max, both.max);
	ck_assert(a.sum == both.sum);
	while (hist_next(&both, &at_y, &y)) {
		ck_assert(hist_next(&a, &at_x, &x));
		ck_assert_uint_eq(x.low, y.low);
		ck_assert_uint_eq(x.count, y.count);
	}
	ck_assert(!hist_next(&a, &at_x, &x));
	hist_merge(&b, &both);
	ck_assert_uint_eq(b.count, both.count);
	hist_deinit(&a);
	hist_deinit(&b);
	hist_deinit(&both);
}
END_TEST

START_TEST(a_difference_holds_what_came_since)
{
	struct hist now, before, since, alone;
	struct rng rng;

	rng_init(&rng, 3);
	hist_init(&now, HIST_FINE);
	hist_init(&before, HIST_FINE);
	hist_init(&since, HIST_FINE);
	for (int round = 0; round < 20; round++) {
		hist_init(&alone, HIST_FINE);
		for (int i = 0; i < round * 7; i++) {
			uint64_t value = rng_next(&rng) >> (20 + rng_below(&rng, 40));

			hist_record(&now, value);
			hist_record(&alone, value);
		}
		hist_since(&since, &now, &before);
		ck_assert_uint_eq(since.count, alone.count);
		ck_assert(since.sum == alone.sum);
		ck_assert_uint_le(since.min, alone.min);
		ck_assert_uint_ge(since.max, alone.max);
		ck_assert_uint_eq(hist_percentile(&since, 50), hist_percentile(&alone, 50));
		hist_copy(&before, &now);
		hist_deinit(&alone);
	}
	hist_since(&since, &now, &before);
	ck_assert_uint_eq(since.count, 0);
	ck_assert_uint_eq(hist_percentile(&since, 99), 0);
	hist_deinit(&now);
	hist_deinit(&before);
	hist_deinit(&since);
}
END_TEST

UNIT_MAIN("hist", empty_gives_zeros, bins_tile_the_numbers, percentiles_match_sorted_values,
	  ranks_are_not_rounded_up_by_binary_fractions, sum_does_not_overflow,
	  merging_equals_recording_both, a_difference_holds_what_came_since)
