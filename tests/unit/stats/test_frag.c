/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fragmentation indices: hand-made free lists whose figures were worked out on paper, the edges,
 * and properties that hold for every free list.
 */
#include <config.h>

#include "kmreplay/stats/frag.h"

#include "kmreplay/core/rng.h"

#include "unit/unit.h"

START_TEST(nothing_free)
{
	const struct frag_free none = { { 0 } };

	for (unsigned int order = 0; order <= KERNEL_MAX_ORDER; order++) {
		ck_assert_int_eq(frag_unusable_free_index(&none, order), 1000);
		ck_assert_int_eq(frag_extfrag_index(&none, order), 0);
		ck_assert_uint_eq(frag_proactive_score(&none, order), 0);
		ck_assert_int_eq(frag_huge_availability(&none, order), 0);
	}
}
END_TEST

START_TEST(figures_worked_out_by_hand)
{
	/* 100 single pages, 50 pairs, 3 of order 3: 224 pages in 153 blocks. */
	const struct frag_free zone = { { 100, 50, 0, 3 } };
	struct frag_info info = frag_info(&zone, 1);

	ck_assert_uint_eq(info.pages, 224);
	ck_assert_uint_eq(info.blocks, 153);
	ck_assert_uint_eq(info.suitable, 50 + 3 * 4);
	ck_assert_int_eq(frag_unusable_free_index(&zone, 0), 0);
	ck_assert_int_eq(frag_unusable_free_index(&zone, 1), 446); /* 100 of 224 */
	ck_assert_int_eq(frag_unusable_free_index(&zone, 2), 892); /* 200 of 224 */
	ck_assert_int_eq(frag_unusable_free_index(&zone, 3), 892);
	ck_assert_int_eq(frag_unusable_free_index(&zone, 4), 1000);
	ck_assert_int_eq(frag_extfrag_index(&zone, 3), -1000);
	/* 1000 - (1000 + 224000 / 16) / 153 = 1000 - 15000 / 153 = 1000 - 98 */
	ck_assert_int_eq(frag_extfrag_index(&zone, 4), 902);
	/* 1000 - (1000 + 437) / 153 = 1000 - 9: 224000 / 512 is cut before the sum */
	ck_assert_int_eq(frag_extfrag_index(&zone, 9), 991);
	ck_assert_int_eq(frag_extfrag_index(&zone, KERNEL_MAX_ORDER + 1), 0);
	ck_assert_uint_eq(frag_proactive_score(&zone, 3), 89);
	ck_assert_int_eq(frag_huge_availability(&zone, 3), 107); /* 3 of 28 */
}
END_TEST

START_TEST(one_small_block_is_lack_of_memory)
{
	const struct frag_free zone = { { 1 } };

	/* 1000 - (1000 + 1000 / 512) / 1: the approximation goes below 0 */
	ck_assert_int_eq(frag_extfrag_index(&zone, 9), -1);
	ck_assert_int_eq(frag_extfrag_index(&zone, 10), 0);
	ck_assert_int_eq(frag_unusable_free_index(&zone, 9), 1000);
}
END_TEST

START_TEST(proactive_marks_and_weights)
{
	ck_assert_uint_eq(frag_proactive_wmark(20, true), 80);
	ck_assert_uint_eq(frag_proactive_wmark(20, false), 90);
	ck_assert_uint_eq(frag_proactive_wmark(0, false), 100);
	ck_assert_uint_eq(frag_proactive_wmark(100, true), 5);
	ck_assert_uint_eq(frag_proactive_wmark(100, false), 15);
	ck_assert_uint_eq(frag_proactive_weighted(100, 1000, 1999), 50);
	ck_assert_uint_eq(frag_proactive_weighted(100, UINT64_MAX, UINT64_MAX), 99);
}
END_TEST

START_TEST(indices_keep_their_bounds)
{
	struct rng rng;

	rng_init(&rng, 3);
	for (int i = 0; i < 20000; i++) {
		struct frag_free zone = { { 0 } };
		int last = 0;

		for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++)
			zone.nr[o] = rng_below(&rng, 4)
					     ? rng_below(&rng, 1ULL << rng_below(&rng, 30))
					     : 0;
		for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++) {
			int unusable = frag_unusable_free_index(&zone, o);
			int extfrag = frag_extfrag_index(&zone, o);
			int huge = frag_huge_availability(&zone, o);

			ck_assert_int_ge(unusable, last);
			ck_assert_int_le(unusable, 1000);
			last = unusable;
			ck_assert(extfrag == FRAG_NOT_NEEDED || extfrag >= -1);
			ck_assert_int_le(extfrag, 1000);
			ck_assert_int_ge(huge, 0);
			ck_assert_int_le(huge, 1000);
			ck_assert((extfrag == FRAG_NOT_NEEDED) ==
				  (frag_info(&zone, o).suitable > 0));
		}
	}
}
END_TEST

START_TEST(runs_of_address_space)
{
	struct frag_runs runs = { 0 };

	ck_assert_int_eq(frag_sumsq(&runs), 0);
	ck_assert_int_eq(frag_largest_free_ratio(&runs), 0);
	frag_runs_add(&runs, 0);
	ck_assert_uint_eq(runs.nr, 0);
	frag_runs_add(&runs, 1ULL << 45);
	ck_assert_int_eq(frag_sumsq(&runs), 0);
	ck_assert_int_eq(frag_largest_free_ratio(&runs), 0);
	frag_runs_add(&runs, 1ULL << 45);
	ck_assert_int_eq(frag_sumsq(&runs), 500);
	ck_assert_int_eq(frag_largest_free_ratio(&runs), 500);
	frag_runs_add(&runs, 1ULL << 46);
	/* 1 - (1 + 1 + 4) / 16 */
	ck_assert_int_eq(frag_sumsq(&runs), 625);
	ck_assert_int_eq(frag_largest_free_ratio(&runs), 500);
}
END_TEST

UNIT_MAIN("frag", nothing_free, figures_worked_out_by_hand, one_small_block_is_lack_of_memory,
	  proactive_marks_and_weights, indices_keep_their_bounds, runs_of_address_space)
