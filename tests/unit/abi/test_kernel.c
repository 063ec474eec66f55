/* SPDX-License-Identifier: GPL-2.0-or-later */
/* abi/kernel: release strings and names. */
#include <config.h>

#include "kmreplay/abi/kernel.h"

#include "unit/unit.h"

START_TEST(releases_parse)
{
	struct kernel_version v = { 0, 0 };

	ck_assert(kernel_version_parse("6.12.117+deb12-amd64", &v));
	ck_assert_uint_eq(v.major, 6);
	ck_assert_uint_eq(v.minor, 12);
	ck_assert(kernel_version_parse("2.6.32-754.el6", &v));
	ck_assert_uint_eq(v.minor, 6);
	ck_assert(kernel_version_parse("7.2", &v));
	ck_assert_uint_eq(v.major, 7);
}
END_TEST

START_TEST(other_texts_do_not)
{
	static const char *const bad[] = {
		"", "6", "6.", "x.1", ".12", "6.x", "0.12", "123456.1", "6.99999", "-6.1",
	};
	struct kernel_version v = { 1, 2 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(!kernel_version_parse(bad[i], &v), "'%s' was taken", bad[i]);
	ck_assert_uint_eq(v.major, 1);
	ck_assert_uint_eq(v.minor, 2);
}
END_TEST

START_TEST(versions_compare)
{
	const struct kernel_version a = { 6, 1 }, b = { 6, 12 }, c = { 7, 0 };

	ck_assert_int_lt(kernel_version_cmp(a, b), 0);
	ck_assert_int_gt(kernel_version_cmp(c, b), 0);
	ck_assert_int_eq(kernel_version_cmp(b, b), 0);
}
END_TEST

START_TEST(names_end_with_a_question_mark)
{
	ck_assert_str_eq(migratetype_name(MIGRATE_HIGHATOMIC), "HighAtomic");
	ck_assert_str_eq(migratetype_name(MIGRATE_NR), "?");
	ck_assert_str_eq(zone_type_name(ZONE_DMA32), "DMA32");
	ck_assert_str_eq(zone_type_name(ZONE_NR), "?");
}
END_TEST

UNIT_MAIN("kernel", releases_parse, other_texts_do_not, versions_compare,
	  names_end_with_a_question_mark)
