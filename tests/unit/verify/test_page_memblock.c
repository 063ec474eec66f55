/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot logs of real kernels (memblock=debug), as far as they are about memory: our memblock gives
 * each request the place that the kernel's gave it; and a log that lies is noticed.
 */
#include <config.h>

#include "../../../src/verify/page_memblock.h"
#include "kmreplay/proc/snapshot.h"
#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *dir;
	struct kernel_version kernel;
	enum machine_arch arch;
	uint64_t nr;
} logs[] = {
	{ "memblock-61", { 6, 1 }, ARCH_X86_64, 60 },
	{ "memblock-61-i386", { 6, 1 }, ARCH_X86_32, 42 },
	{ "memblock-612", { 6, 12 }, ARCH_X86_64, 59 },
	{ "memblock-72", { 7, 2 }, ARCH_X86_64, 66 }, /* with a CMA area */
};

static void read_log(struct proc_snapshot *snap, int i);
static struct verify_count judge(const struct proc_snapshot *snap, int i);

START_TEST(each_place_is_the_kernels)
{
	struct proc_snapshot snap;
	struct verify_count count;

	read_log(&snap, _i);
	count = judge(&snap, _i);
	ck_assert_uint_eq(count.all, logs[_i].nr);
	ck_assert_uint_eq(count.right, logs[_i].nr);
	proc_snapshot_deinit(&snap);
}
END_TEST

/* One place a page lower: that one differs, and is corrected. */
START_TEST(a_wrong_place_is_noticed)
{
	struct proc_snapshot snap;
	struct verify_count count;
	unsigned int nr = 0;

	read_log(&snap, _i);
	vec_foreach(&snap.boot.memblock.steps, step) {
		if (step->kind == PROC_MEMBLOCK_FOUND && ++nr == 20) {
			step->start -= 4096;
			step->end -= 4096;
		}
	}
	count = judge(&snap, _i);
	ck_assert_uint_eq(count.all, logs[_i].nr);
	ck_assert_uint_lt(count.right, logs[_i].nr);
	proc_snapshot_deinit(&snap);
}
END_TEST

START_TEST(a_log_that_was_cut_is_not_judged)
{
	struct proc_snapshot snap;

	read_log(&snap, _i);
	snap.boot.memblock.cut = true;
	ck_assert_uint_eq(judge(&snap, _i).all, 0);
	proc_snapshot_deinit(&snap);
}
END_TEST

static void read_log(struct proc_snapshot *snap, int i)
{
	const char *top = getenv("top_srcdir");
	struct error err;
	char dir[512];

	snprintf(dir, sizeof(dir), "%s/tests/unit/verify/%s", top ? top : ".", logs[i].dir);
	proc_snapshot_init(snap);
	ck_assert_msg(proc_snapshot_read_some(snap, dir, 1U << PROC_DMESG, &err), "%s",
		      err.message);
	ck_assert(proc_has(snap, PROC_DMESG));
}

static struct verify_count judge(const struct proc_snapshot *snap, int i)
{
	struct machine_config config;
	struct verify_count count;
	struct verify_log log;

	machine_config_init(&config, logs[i].kernel, logs[i].arch);
	verify_log_init(&log, &(struct verify_log_options){ .explain = UINT64_MAX });
	page_memblock_judge(&snap->boot, &config, &log);
	count = log.counts[VERIFY_PAGE_MEMBLOCK];
	verify_log_deinit(&log);
	machine_config_deinit(&config);
	return count;
}

int main(void)
{
	Suite *suite = suite_create("page_memblock");
	TCase *tcase = tcase_create("page_memblock");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, each_place_is_the_kernels, 0, (int)ARRAY_SIZE(logs));
	tcase_add_loop_test(tcase, a_wrong_place_is_noticed, 0, (int)ARRAY_SIZE(logs));
	tcase_add_loop_test(tcase, a_log_that_was_cut_is_not_judged, 0, (int)ARRAY_SIZE(logs));
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
