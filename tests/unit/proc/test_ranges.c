/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ranges: additions and removals at random against an array with an owner for each address. */
#include <config.h>

#include "kmreplay/core/rng.h"
#include "kmreplay/proc/boot.h"
#include "unit/unit.h"

enum { SPAN = 200, NOBODY = -2 };

/* The same set, and as few ranges as there can be. */
static void check_same(const struct proc_ranges *ranges, const int owner[SPAN])
{
	size_t nr = 0;

	for (int at = 0; at < SPAN; at++) {
		const struct proc_range *found = proc_ranges_find(ranges, (uint64_t)at);

		nr += owner[at] != NOBODY && (!at || owner[at - 1] != owner[at]);
		ck_assert_int_eq(found ? found->node : NOBODY, owner[at]);
	}
	ck_assert_uint_eq(ranges->nr, nr);
	for (size_t i = 0; i < ranges->nr; i++) {
		ck_assert_uint_lt(ranges->items[i].start, ranges->items[i].end);
		if (i)
			ck_assert_uint_le(ranges->items[i - 1].end, ranges->items[i].start);
	}
}

START_TEST(random_changes_match_a_naive_model)
{
	struct proc_ranges ranges = { NULL, 0, 0 };
	int owner[SPAN];
	struct rng rng;

	rng_init(&rng, 7);
	for (int at = 0; at < SPAN; at++)
		owner[at] = NOBODY;
	for (int round = 0; round < 20000; round++) {
		int start = (int)rng_below(&rng, SPAN), len = (int)rng_below(&rng, 20);
		int end = MIN(start + len, SPAN), node = (int)rng_below(&rng, 3) - 1;
		bool add = rng_below(&rng, 2);

		if (add)
			proc_ranges_add(&ranges, (uint64_t)start, (uint64_t)end, node);
		else
			proc_ranges_remove(&ranges, (uint64_t)start, (uint64_t)end);
		for (int at = start; at < end; at++)
			owner[at] = add ? node : NOBODY;
		if (round % 16 == 0)
			check_same(&ranges, owner);
	}
	vec_deinit(&ranges);
}
END_TEST

START_TEST(the_whole_address_space_is_one_range)
{
	struct proc_ranges ranges = { NULL, 0, 0 };

	proc_ranges_add(&ranges, 0, UINT64_MAX, 0);
	proc_ranges_add(&ranges, 4096, 8192, 0);
	ck_assert_uint_eq(ranges.nr, 1);
	proc_ranges_remove(&ranges, 0, UINT64_MAX);
	ck_assert_uint_eq(ranges.nr, 0);
	proc_ranges_remove(&ranges, 0, UINT64_MAX);
	ck_assert_ptr_null(proc_ranges_find(&ranges, 0));
	vec_deinit(&ranges);
}
END_TEST

UNIT_MAIN("ranges", random_changes_match_a_naive_model, the_whole_address_space_is_one_range)
