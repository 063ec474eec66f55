/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fmt: each unit, and both sides of each place where unit or digits change. */
#include <config.h>

#include "kmreplay/core/fmt.h"
#include "unit/unit.h"

START_TEST(sizes)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0 B" },
		{ 1023, "1023 B" },
		{ 1024, "1.00 KiB" },
		{ 4096, "4.00 KiB" },
		{ 10234, "9.99 KiB" },
		{ 10240, "10.0 KiB" },
		{ 102347, "99.9 KiB" },
		{ 102400, "100 KiB" },
		{ 1023487, "999 KiB" },
		{ 1023488, "0.98 MiB" },
		{ 1048575, "1.00 MiB" },
		{ 1048576, "1.00 MiB" },
		{ 1342177280, "1.25 GiB" },
		{ 1ULL << 40, "1.00 TiB" },
		{ 1ULL << 50, "1.00 PiB" },
		{ 1ULL << 60, "1.00 EiB" },
		{ UINT64_MAX, "16.0 EiB" },
	};
	char buf[FMT_BUF];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ck_assert_str_eq(fmt_size(buf, rows[i].bytes), rows[i].text);
}
END_TEST

START_TEST(counts)
{
	static const struct {
		int64_t nr;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 999, "999" },
		{ 1000, "1,000" },
		{ 12345, "12,345" },
		{ 999999, "999,999" },
		{ 1000000, "1,000,000" },
		{ -1, "-1" },
		{ -999, "-999" },
		{ -1000, "-1,000" },
		{ INT64_MAX, "9,223,372,036,854,775,807" },
		{ INT64_MIN, "-9,223,372,036,854,775,808" },
	};
	char buf[FMT_BUF];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ck_assert_str_eq(fmt_scount(buf, rows[i].nr), rows[i].text);
		if (rows[i].nr >= 0)
			ck_assert_str_eq(fmt_count(buf, (uint64_t)rows[i].nr), rows[i].text);
	}
	ck_assert_str_eq(fmt_count(buf, UINT64_MAX), "18,446,744,073,709,551,615");
}
END_TEST

START_TEST(durations)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} rows[] = {
		{ 0, "0 ns" },
		{ 999, "999 ns" },
		{ 1000, "1.00 us" },
		{ 12500, "12.5 us" },
		{ 999499, "999 us" },
		{ 999500, "1.00 ms" },
		{ 3200000, "3.20 ms" },
		{ 999499999, "999 ms" },
		{ 999500000, "1.00 s" },
		{ 1750000000, "1.75 s" },
		{ 86400000000000, "86400 s" },
		{ UINT64_MAX, "18446744074 s" },
	};
	char buf[FMT_BUF];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ck_assert_str_eq(fmt_ns(buf, rows[i].ns), rows[i].text);
}
END_TEST

START_TEST(times_round_as_the_kernel_prints_them)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} rows[] = {
		{ 0, "0.000000" },
		{ 499, "0.000000" },
		{ 500, "0.000001" },
		{ 1499, "0.000001" },
		{ 12345678499, "12.345678" },
		{ 12345678500, "12.345679" },
		{ 999999500, "1.000000" },
		{ UINT64_MAX, "18446744073.709552" },
	};
	char buf[FMT_BUF];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ck_assert_str_eq(fmt_time(buf, rows[i].ns), rows[i].text);
}
END_TEST

START_TEST(shares)
{
	char buf[FMT_BUF];

	ck_assert_str_eq(fmt_percent(buf, 1, 8), "12.5 %");
	ck_assert_str_eq(fmt_percent(buf, 0, 3), "0.0 %");
	ck_assert_str_eq(fmt_percent(buf, 3, 3), "100.0 %");
	ck_assert_str_eq(fmt_percent(buf, 0, 0), "-");
	ck_assert_str_eq(fmt_percent(buf, UINT64_MAX, 1), "1844674407370955161600.0 %");
}
END_TEST

UNIT_MAIN("fmt", sizes, counts, durations, times_round_as_the_kernel_prints_them, shares)
