/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rng: the published answers of splitmix64 and xoshiro256**, and bounds without bias. */
#include <config.h>

#include "kmreplay/core/rng.h"
#include "unit/unit.h"

START_TEST(seeding_is_splitmix64)
{
	static const uint64_t want[4] = { 6457827717110365317ULL, 3203168211198807973ULL,
					  9817491932198370423ULL, 4593380528125082431ULL };
	struct rng rng;

	rng_init(&rng, 1234567);
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_eq(rng.s[i], want[i]);
}
END_TEST

START_TEST(numbers_are_xoshiro256starstar)
{
	static const uint64_t want[] = {
		11520ULL, 0ULL, 1509978240ULL, 1215971899390074240ULL, 1216172134540287360ULL,
		607988272756665600ULL, 16172922978634559625ULL, 8476171486693032832ULL,
		10595114339597558777ULL, 2904607092377533576ULL,
	};
	struct rng rng = { { 1, 2, 3, 4 } };

	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		ck_assert_uint_eq(rng_next(&rng), want[i]);
}
END_TEST

START_TEST(bounds_hold)
{
	static const uint64_t bounds[] = { 1, 2, 3, 7, 1000, 1ULL << 32, (1ULL << 63) + 1,
					   UINT64_MAX };
	struct rng rng;

	rng_init(&rng, 3);
	ck_assert_uint_eq(rng_below(&rng, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bounds); i++)
		for (int round = 0; round < 1000; round++)
			ck_assert_uint_lt(rng_below(&rng, bounds[i]), bounds[i]);
}
END_TEST

/* Chi-square of 7 cells, 70000 draws: above 22.5 once in a thousand seeds; this seed is fixed. */
START_TEST(all_values_are_equally_likely)
{
	uint64_t seen[7] = { 0 };
	double chi = 0;
	struct rng rng;

	rng_init(&rng, 2026);
	for (int i = 0; i < 70000; i++)
		seen[rng_below(&rng, 7)]++;
	for (size_t i = 0; i < 7; i++) {
		double diff = (double)seen[i] - 10000;

		chi += diff * diff / 10000;
	}
	ck_assert_double_lt(chi, 22.5);
}
END_TEST

UNIT_MAIN("rng", seeding_is_splitmix64, numbers_are_xoshiro256starstar, bounds_hold,
	  all_values_are_equally_likely)
