/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parse: each spelling, where the text ends, what has too many bits, and sizes back and forth. */
#include <config.h>

#include "kmreplay/core/parse.h"
#include "unit/unit.h"

START_TEST(numbers)
{
	static const struct {
		const char *text, *rest; /* rest NULL: no number */
		uint64_t nr;
	} rows[] = {
		{ "0", "", 0 },
		{ "17,", ",", 17 },
		{ "0x1fG", "G", 0x1f },
		{ "0XAb", "", 0xab },
		{ "12ab", "ab", 12 },
		{ "18446744073709551615", "", UINT64_MAX },
		{ "0xffffffffffffffff", "", UINT64_MAX },
		{ "18446744073709551616", NULL, 0 },
		{ "0x10000000000000000", NULL, 0 },
		{ "", NULL, 0 },
		{ "0x", NULL, 0 },
		{ "-1", NULL, 0 },
		{ " 1", NULL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t nr = 0;
		const char *end = parse_u64(rows[i].text, &nr);

		ck_assert_msg(!end == !rows[i].rest, "%s", rows[i].text);
		if (end) {
			ck_assert_str_eq(end, rows[i].rest);
			ck_assert_uint_eq(nr, rows[i].nr);
		}
	}
}
END_TEST

START_TEST(sizes)
{
	static const struct {
		const char *text, *rest;
		uint64_t bytes;
		bool too_large;
	} rows[] = {
		{ "4096", "", 4096, false },
		{ "4k", "", 4096, false },
		{ "64M", "", 64ULL << 20, false },
		{ "64MB", "", 64ULL << 20, false },
		{ "64MiB,", ",", 64ULL << 20, false },
		{ "0x10G", "", 16ULL << 30, false },
		{ "1P", "", 1ULL << 50, false },
		{ "12Q", "Q", 12, false },
		{ "1MiX", "iX", 1ULL << 20, false },
		{ "16383P", "", 16383ULL << 50, false },
		{ "16384P", NULL, 0, true },
		{ "18446744073709551615K", NULL, 0, true },
		{ "M", NULL, 0, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t bytes = 0;
		bool too_large;
		const char *end = parse_size(rows[i].text, &bytes, &too_large);

		ck_assert_msg(!end == !rows[i].rest, "%s", rows[i].text);
		ck_assert_int_eq(too_large, rows[i].too_large);
		if (end) {
			ck_assert_str_eq(end, rows[i].rest);
			ck_assert_uint_eq(bytes, rows[i].bytes);
		}
	}
}
END_TEST

START_TEST(printed_sizes_read_back)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 1, "1" },
		{ 4097, "4097" },
		{ 1024, "1K" },
		{ 1536 << 10, "1536K" },
		{ 64ULL << 20, "64M" },
		{ 1ULL << 50, "1P" },
		{ 16383ULL << 50, "16383P" },
		{ UINT64_MAX, "18446744073709551615" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct str text;
		bool too_large;
		uint64_t bytes;
		const char *end;

		str_init(&text);
		parse_add_size(&text, rows[i].bytes);
		ck_assert_str_eq(str_text(&text), rows[i].text);
		end = parse_size(str_text(&text), &bytes, &too_large);
		ck_assert(end && !*end);
		ck_assert_uint_eq(bytes, rows[i].bytes);
		str_deinit(&text);
	}
}
END_TEST

UNIT_MAIN("parse", numbers, sizes, printed_sizes_read_back)
