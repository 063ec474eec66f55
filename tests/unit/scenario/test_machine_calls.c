/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of calls: it does not contradict itself, nor the list of calls that are not there. */
#include <config.h>

#include "unit/unit.h"

#include "kmreplay/scenario/machine.h"

#include <string.h>

/* Names for all arguments, or (a form that differs by release) for those that must be there. */
static bool agree(const char *args, unsigned int nr)
{
	const char *mark = strchr(args, '?');

	return nr == strlen(args) - (mark != NULL) || (mark && nr >= (size_t)(mark - args));
}

/* Names in "a, b, c". */
static unsigned int nr_names(const char *names)
{
	unsigned int nr = *names != '\0';

	for (; *names; names++)
		nr += *names == ',';
	return nr;
}

static bool lists(const char *names, const char *name)
{
	const size_t len = strlen(name);

	for (const char *at = names; at; at = strchr(at, ',')) {
		at += strspn(at, ", ");
		if (!strncmp(at, name, len) && (at[len] == ',' || !at[len]))
			return true;
	}
	return false;
}

START_TEST(each_argument_has_a_name)
{
	struct scenario_entry entry;
	unsigned int nr = 0;

	for (; scenario_machine_entry(nr, &entry); nr++) {
		const struct scenario_function *f = entry.function;

		ck_assert_msg(agree(f->args, nr_names(f->params)), "%s(%s): '%s'",
			      f->name, f->params, f->args);
		ck_assert_msg(strspn(f->args, "sigapucmtrex?") == strlen(f->args), "%s", f->name);
		ck_assert_msg(entry.group != NULL, "%s is in no group", f->name);
	}
	ck_assert_uint_gt(nr, 100);
}
END_TEST

START_TEST(what_is_there_is_not_called_absent)
{
	const struct scenario_absence *absence;
	struct scenario_entry entry;

	for (unsigned int i = 0; scenario_machine_entry(i, &entry); i++)
		for (unsigned int j = 0; (absence = scenario_machine_absence(j)); j++)
			ck_assert_msg(!lists(absence->name, entry.function->name),
				      "%s is there and is not", entry.function->name);
}
END_TEST

UNIT_MAIN("machine_calls", each_argument_has_a_name, what_is_there_is_not_called_absent)
