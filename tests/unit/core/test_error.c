/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Error: one line, with causes and places joined on, cut rather than overrun. */
#include <config.h>

#include "kmreplay/core/error.h"
#include "unit/unit.h"

#include <errno.h>
#include <string.h>

START_TEST(a_message_is_formatted_and_false)
{
	struct error err;

	ck_assert(!error_set(&err, "%s:%d: expected '%c'", "x.txt", 12, '['));
	ck_assert_str_eq(err.message, "x.txt:12: expected '['");
}
END_TEST

START_TEST(a_cause_stands_behind)
{
	struct error err;

	ck_assert(!error_set_errno(&err, ENOENT, "cannot open '%s'", "x.dat"));
	ck_assert_str_eq(err.message, "cannot open 'x.dat': No such file or directory");
}
END_TEST

START_TEST(a_place_stands_in_front)
{
	struct error err;

	error_set(&err, "expected a number");
	ck_assert(!error_prefix(&err, "%s:%d", "x.txt", 3));
	ck_assert_str_eq(err.message, "x.txt:3: expected a number");
}
END_TEST

START_TEST(long_messages_are_cut)
{
	char text[2000];
	struct error err;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&err, "%s", text);
	ck_assert_uint_eq(strlen(err.message), sizeof(err.message) - 1);
	error_set_errno(&err, EIO, "%s", text);
	ck_assert_uint_eq(strlen(err.message), sizeof(err.message) - 1);
	error_prefix(&err, "%s", text);
	ck_assert_uint_eq(strlen(err.message), sizeof(err.message) - 1);
	error_set(&err, "%.505s", text);
	error_prefix(&err, "a.txt");
	ck_assert_uint_eq(strlen(err.message), sizeof(err.message) - 1);
	ck_assert_int_eq(strncmp(err.message, "a.txt: xxx", 10), 0);
}
END_TEST

UNIT_MAIN("error", a_message_is_formatted_and_false, a_cause_stands_behind,
	  a_place_stands_in_front, long_messages_are_cut)
