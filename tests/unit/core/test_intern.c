/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intern: ids in order of appearance, texts that differ in one byte, a million of them. */
#include <config.h>

#include "kmreplay/core/intern.h"
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

START_TEST(ids_count_from_one_in_order_of_appearance)
{
	struct intern in;

	intern_init(&in);
	ck_assert_uint_eq(intern_add_text(&in, "kmalloc-64"), 1);
	ck_assert_uint_eq(intern_add_text(&in, "dentry"), 2);
	ck_assert_uint_eq(intern_add_text(&in, "kmalloc-64"), 1);
	ck_assert_uint_eq(intern_add(&in, "dentry-more", 6), 2);
	ck_assert_str_eq(intern_text(&in, 2), "dentry");
	ck_assert_uint_eq(intern_len(&in, 2), 6);
	intern_deinit(&in);
}
END_TEST

START_TEST(the_empty_text_is_zero)
{
	struct intern in;

	intern_init(&in);
	ck_assert_uint_eq(intern_add(&in, "", 0), 0);
	ck_assert_uint_eq(intern_add_text(&in, ""), 0);
	ck_assert_uint_eq(intern_find(&in, "", 0), 0);
	ck_assert_str_eq(intern_text(&in, 0), "");
	ck_assert_uint_eq(intern_add_text(&in, "x"), 1);
	intern_deinit(&in);
}
END_TEST

START_TEST(looking_up_adds_nothing)
{
	struct intern in;

	intern_init(&in);
	ck_assert_uint_eq(intern_find(&in, "skbuff_head_cache", 17), 0);
	ck_assert_uint_eq(in.nr, 1);
	intern_add_text(&in, "skbuff_head_cache");
	ck_assert_uint_eq(intern_find(&in, "skbuff_head_cache", 17), 1);
	ck_assert_uint_eq(intern_find(&in, "skbuff_head_cach", 16), 0);
	intern_deinit(&in);
}
END_TEST

/* The hash eats words of 8 bytes: each length, and a difference in each byte of it. */
START_TEST(one_byte_makes_another_text)
{
	struct intern in;
	char text[41];
	uint32_t want = 0;

	intern_init(&in);
	for (size_t len = 1; len <= 40; len++) {
		for (size_t at = 0; at < len; at++) {
			memset(text, 'a', len);
			text[at] = 'b';
			ck_assert_uint_eq(intern_add(&in, text, len), ++want);
		}
	}
	for (uint32_t id = 1; id <= want; id++)
		ck_assert_uint_eq(intern_find(&in, intern_text(&in, id), intern_len(&in, id)), id);
	intern_deinit(&in);
}
END_TEST

START_TEST(a_million_distinct_texts)
{
	enum { NR = 1000000 };
	struct intern in;
	char text[64];

	intern_init(&in);
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < NR; i++) {
			int len = snprintf(text, sizeof(text), "fn_%u+0x%x/0x%x", i / 16, i % 16,
					   i % 7);

			if (intern_add(&in, text, (size_t)len) != i + 1)
				ck_abort_msg("'%s' is not number %u", text, i + 1);
		}
		ck_assert_uint_eq(in.nr, NR + 1);
	}
	ck_assert_str_eq(intern_text(&in, 1), "fn_0+0x0/0x0");
	ck_assert_str_eq(intern_text(&in, NR), "fn_62499+0xf/0x0");
	intern_deinit(&in);
}
END_TEST

UNIT_MAIN("intern", ids_count_from_one_in_order_of_appearance, the_empty_text_is_zero,
	  looking_up_adds_nothing, one_byte_makes_another_text, a_million_distinct_texts)
