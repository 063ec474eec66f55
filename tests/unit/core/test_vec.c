/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Vec: growth, zeroing, iteration. */
#include <config.h>

#include "kmreplay/core/vec.h"
#include "unit/unit.h"

START_TEST(push_keeps_all_in_order)
{
	struct vec(uint64_t) v = { 0 };

	for (uint64_t i = 0; i < 100000; i++)
		vec_push(&v, i * i);
	ck_assert_uint_eq(v.nr, 100000);
	for (uint64_t i = 0; i < 100000; i++)
		ck_assert_uint_eq(v.items[i], i * i);
	vec_deinit(&v);
	ck_assert_ptr_null(v.items);
	ck_assert_uint_eq(v.nr + v.cap, 0);
}
END_TEST

START_TEST(an_element_may_be_pushed_again)
{
	struct vec(int) v = { 0 };

	vec_push(&v, 7);
	/* Growth moves the array under the element that is being pushed. */
	for (int i = 0; i < 1000; i++)
		vec_push(&v, v.items[0]);
	vec_foreach (&v, it)
		ck_assert_int_eq(*it, 7);
	vec_deinit(&v);
}
END_TEST

START_TEST(extension_is_zeroed_and_never_shrinks)
{
	struct vec(int) v = { 0 };

	vec_push(&v, 1);
	vec_push(&v, 2);
	vec_reset(&v);
	ck_assert_uint_eq(v.nr, 0);
	/* What stood there before the reset must not come back. */
	vec_extend_zeroed(&v, 50);
	ck_assert_uint_eq(v.nr, 50);
	vec_foreach (&v, it)
		ck_assert_int_eq(*it, 0);
	v.items[49] = 3;
	vec_extend_zeroed(&v, 10);
	ck_assert_uint_eq(v.nr, 50);
	ck_assert_int_eq(v.items[49], 3);
	vec_deinit(&v);
}
END_TEST

START_TEST(an_empty_one_has_nothing_to_visit)
{
	struct vec(int) v = { 0 };
	int visited = 0;

	vec_foreach (&v, it)
		visited += *it + 1;
	ck_assert_int_eq(visited, 0);
	vec_deinit(&v);
}
END_TEST

UNIT_MAIN("vec", push_keeps_all_in_order, an_element_may_be_pushed_again,
	  extension_is_zeroed_and_never_shrinks, an_empty_one_has_nothing_to_visit)
