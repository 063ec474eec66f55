/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Xalloc: never NULL, copies, and an end with a message when there is no memory. */
#include <config.h>

#include "kmreplay/core/xalloc.h"
#include "unit/unit.h"

#include <signal.h>
#include <string.h>

START_TEST(nothing_is_something)
{
	void *a = xmalloc(0), *b = xcalloc(0, 8), *c = xreallocarray(NULL, 8, 0);

	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(b);
	ck_assert_ptr_nonnull(c);
	free(a);
	free(b);
	free(c);
}
END_TEST

START_TEST(arrays_keep_their_content)
{
	uint32_t *a = xcalloc(100, sizeof(*a));

	for (size_t i = 0; i < 100; i++)
		ck_assert_uint_eq(a[i], 0);
	a[99] = 5;
	a = xreallocarray(a, 10000, sizeof(*a));
	ck_assert_uint_eq(a[99], 5);
	free(a);
}
END_TEST

START_TEST(texts_are_copied)
{
	CLEANUP(cleanup_free) char *a = xstrdup("buddy");
	CLEANUP(cleanup_free) char *b = xstrndup("buddyinfo", 5);
	CLEANUP(cleanup_free) char *c = xasprintf("%s %d", "order", 10);

	ck_assert_str_eq(a, "buddy");
	ck_assert_str_eq(b, "buddy");
	ck_assert_str_eq(c, "order 10");
}
END_TEST

/* Volatile, so that the compiler does not see the overflow coming. */
START_TEST(an_overflow_of_the_product_aborts)
{
	volatile size_t nr = SIZE_MAX / 4;

	free(xreallocarray(NULL, nr, 8));
}
END_TEST

int main(void)
{
	const TTest *const quiet[] = { nothing_is_something, arrays_keep_their_content,
					      texts_are_copied };
	Suite *suite = suite_create("xalloc");
	TCase *tcase = tcase_create("xalloc");
	SRunner *runner;
	int failed;

	for (size_t i = 0; i < ARRAY_SIZE(quiet); i++)
		tcase_add_test(tcase, quiet[i]);
	tcase_add_test_raise_signal(tcase, an_overflow_of_the_product_aborts, SIGABRT);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
