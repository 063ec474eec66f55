/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scan: what is not there leaves it where it was; numbers at the edges of 64 bits. */
#include <config.h>

#include "../../../src/proc/scan.h"
#include "unit/unit.h"

#include <string.h>

struct text {
	struct str data;
	struct error err;
	struct scan s;
};

static void text_init(struct text *t, const char *text)
{
	str_init(&t->data);
	str_add(&t->data, text);
	t->err.message[0] = '\0';
	scan_init(&t->s, &t->data, "name", &t->err);
}

static void text_deinit(struct text *t)
{
	str_deinit(&t->data);
}

START_TEST(lines_are_counted_and_the_last_needs_no_newline)
{
	struct text t;

	text_init(&t, "a\n\nb");
	ck_assert(scan_line(&t.s) && scan_text(&t.s, "a") && scan_at_end(&t.s));
	ck_assert(scan_line(&t.s) && scan_at_end(&t.s));
	ck_assert(scan_peek(&t.s, "b") && !scan_peek(&t.s, "bb"));
	ck_assert(scan_line(&t.s) && scan_text(&t.s, "b"));
	ck_assert(!scan_line(&t.s) && scan_at_end(&t.s));
	ck_assert(!scan_expected(&t.s, "more"));
	ck_assert_str_eq(t.err.message, "name:3: expected more");
	text_deinit(&t);
}
END_TEST

START_TEST(an_empty_text_has_no_line)
{
	struct text t;

	text_init(&t, "");
	ck_assert(!scan_line(&t.s));
	text_deinit(&t);
}
END_TEST

START_TEST(what_is_not_there_changes_nothing)
{
	struct text t;
	uint64_t nr;
	unsigned int small;

	text_init(&t, "  Node 12x\n");
	scan_line(&t.s);
	ck_assert(!scan_u64(&t.s, &nr));
	ck_assert(!scan_text(&t.s, "Nodes"));
	ck_assert(scan_text(&t.s, "Node "));
	ck_assert(!scan_uint(&t.s, 11, &small));
	ck_assert(scan_uint(&t.s, 12, &small));
	ck_assert_uint_eq(small, 12);
	ck_assert(!scan_at_end(&t.s) && scan_text(&t.s, "x"));
	text_deinit(&t);
}
END_TEST

START_TEST(numbers_have_at_most_64_bits)
{
	static const struct {
		const char *text;
		bool dec, hex;
		uint64_t dec_value, hex_value;
	} cases[] = {
		{ "18446744073709551615", true, false, UINT64_MAX, 0 },
		{ "18446744073709551616", false, false, 0, 0 },
		{ "99999999999999999999999", false, false, 0, 0 },
		{ "ffffffffffffffff", false, true, 0, UINT64_MAX },
		{ "0123456789ABCDEF", true, true, 123456789, 0x0123456789abcdefULL },
		{ "00000000000000000", true, false, 0, 0 },
		{ "-1", false, false, 0, 0 },
		{ "", false, false, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct text t;
		uint64_t nr;

		text_init(&t, cases[i].text);
		scan_line(&t.s);
		ck_assert_msg(scan_u64(&t.s, &nr) == cases[i].dec, "%s", cases[i].text);
		if (cases[i].dec)
			ck_assert_uint_eq(nr, cases[i].dec_value);
		scan_init(&t.s, &t.data, "name", &t.err);
		scan_line(&t.s);
		ck_assert_msg(scan_hex(&t.s, &nr, NULL) == cases[i].hex, "%s", cases[i].text);
		if (cases[i].hex)
			ck_assert_uint_eq(nr, cases[i].hex_value);
		text_deinit(&t);
	}
}
END_TEST

START_TEST(counts_are_what_a_machine_can_have)
{
	struct text t;
	uint64_t nr;

	text_init(&t, "4503599627370496 4503599627370497\n");
	scan_line(&t.s);
	ck_assert(scan_count(&t.s, &nr));
	ck_assert_uint_eq(nr, SCAN_MAX_COUNT);
	ck_assert(!scan_count(&t.s, &nr));
	ck_assert(scan_text(&t.s, "4503599627370497"));
	text_deinit(&t);
}
END_TEST

START_TEST(words_end_at_blanks_and_stops)
{
	struct arena arena;
	struct text t;

	arena_init(&arena);
	text_init(&t, " DMA32, type\tMovable  and the rest  \n");
	scan_line(&t.s);
	ck_assert_str_eq(scan_word(&t.s, ",", &arena), "DMA32");
	ck_assert_ptr_null(scan_word(&t.s, ",", &arena));
	ck_assert(scan_text(&t.s, ", type"));
	ck_assert_str_eq(scan_word(&t.s, "", &arena), "Movable");
	ck_assert_str_eq(scan_rest(&t.s, &arena), "and the rest");
	ck_assert_ptr_null(scan_word(&t.s, "", &arena));
	ck_assert_str_eq(scan_rest(&t.s, &arena), "");
	text_deinit(&t);
	arena_deinit(&arena);
}
END_TEST

UNIT_MAIN("scan", lines_are_counted_and_the_last_needs_no_newline, an_empty_text_has_no_line,
	  what_is_not_there_changes_nothing, numbers_have_at_most_64_bits,
	  counts_are_what_a_machine_can_have, words_end_at_blanks_and_stops)
