/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What every unit test shares: a suite's main() that prints TAP on stdout, so that automake's
 * TAP driver counts each case.
 *
 *	#include "unit/unit.h"
 *	START_TEST(head_is_taken_first) { ... } END_TEST
 *	UNIT_MAIN("free_area", head_is_taken_first, tail_is_taken_last)
 */
#ifndef KMREPLAY_TESTS_UNIT_H
#define KMREPLAY_TESTS_UNIT_H

#include <check.h>
#include <stdlib.h>

/** Runs "cases" (nr of them) as one suite; returns the exit status for main(). */
static inline int unit_run(const char *name, const TTest *const *cases, size_t nr)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	for (size_t i = 0; i < nr; i++)
		tcase_add_test(tcase, cases[i]);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#define UNIT_MAIN(name, ...)                                                          \
	int main(void)                                                                \
	{                                                                             \
		const TTest *const cases[] = { __VA_ARGS__ };                         \
                                                                                      \
		return unit_run(name, cases, sizeof(cases) / sizeof(cases[0]));       \
	}

#endif
