/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Str: every way to add, emptiness, growth at each boundary. */
#include <config.h>

#include "kmreplay/core/str.h"
#include "unit/unit.h"

#include <string.h>

START_TEST(empty_is_a_text)
{
	struct str s;

	str_init(&s);
	ck_assert_str_eq(str_text(&s), "");
	str_add(&s, "");
	str_add_mem(&s, NULL, 0);
	ck_assert_uint_eq(s.len, 0);
	ck_assert_str_eq(str_text(&s), "");
	str_deinit(&s);
	ck_assert_str_eq(str_text(&s), "");
}
END_TEST

START_TEST(parts_are_joined)
{
	struct str s;

	str_init(&s);
	str_add(&s, "order=");
	str_addf(&s, "%d %s", 3, "free");
	str_add_char(&s, '!');
	str_add_mem(&s, "\0x", 2);
	ck_assert_uint_eq(s.len, 15);
	ck_assert_mem_eq(str_text(&s), "order=3 free!\0x", 16);
	str_reset(&s);
	ck_assert_str_eq(str_text(&s), "");
	str_add(&s, "again");
	ck_assert_str_eq(str_text(&s), "again");
	str_deinit(&s);
}
END_TEST

/* A format that just fits, just does not, and any length around the places where memory grows. */
START_TEST(formats_of_every_length)
{
	char want[300];

	for (size_t before = 0; before < 70; before++) {
		for (size_t len = 0; len < 140; len++) {
			struct str s;

			str_init(&s);
			memset(want, 'a', before);
			memset(want + before, 'b', len);
			want[before + len] = '\0';
			str_add_mem(&s, want, before);
			str_addf(&s, "%s", want + before);
			ck_assert_uint_eq(s.len, before + len);
			ck_assert_str_eq(str_text(&s), want);
			str_deinit(&s);
		}
	}
}
END_TEST

START_TEST(growth_is_geometric)
{
	struct str s;
	size_t moves = 0, cap = 0;

	str_init(&s);
	for (int i = 0; i < 1000000; i++) {
		str_add_char(&s, 'x');
		moves += s.cap != cap;
		cap = s.cap;
	}
	ck_assert_uint_eq(s.len, 1000000);
	ck_assert_uint_le(moves, 32);
	str_deinit(&s);
}
END_TEST

UNIT_MAIN("str", empty_is_a_text, parts_are_joined, formats_of_every_length, growth_is_geometric)
