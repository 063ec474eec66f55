/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the page layer's judge finds out ahead: when boot's settings take effect, by the calls of
 * pid 1 in the order in which kernels make them, and what becomes of pages in per-CPU lists.
 */
#include <config.h>

#include "../../../src/verify/page_look.h"
#include "kmreplay/abi/gfp.h"
#include "unit/unit.h"

#include <string.h>

struct looked {
	struct event_names names;
	struct survey survey;
	struct page_look *look;
	uint64_t nr;
};

static void begin(struct looked *l, bool boot)
{
	event_names_init(&l->names);
	survey_init(&l->survey);
	l->survey.from_boot = boot;
	l->survey.nr_cpus = 2;
	l->look = page_look_create(&l->names, &l->survey, NULL);
	l->nr = 0;
}

static void end(struct looked *l)
{
	page_look_destroy(l->look);
	survey_deinit(&l->survey);
	event_names_deinit(&l->names);
}

/* The number of the event. */
static uint64_t feed(struct looked *l, const struct event *ev)
{
	page_look_event(l->look, ev);
	return l->nr++;
}

static uint64_t call(struct looked *l, const char *site, unsigned int cpu)
{
	const struct event ev = {
		.type = EVENT_KMALLOC,
		.pid = cpu ? 0 : 1,
		.cpu = (uint16_t)cpu,
		.site = event_site_add(&l->names, site, strlen(site)),
	};

	return feed(l, &ev);
}

static uint64_t page(struct looked *l, enum event_type type, uint64_t pfn)
{
	struct event ev = { .type = (uint8_t)type, .pid = 100 };

	ev.page.pfn = pfn;
	ev.page.percpu_refill = type == EVENT_ZONE_LOCKED;
	return feed(l, &ev);
}

static uint64_t extfrag(struct looked *l, uint64_t pfn, unsigned int order)
{
	struct event ev = { .type = EVENT_EXTFRAG, .pid = 100 };

	ev.extfrag.pfn = pfn;
	ev.extfrag.alloc_order = (uint8_t)order;
	ev.extfrag.fallback_order = 10;
	return feed(l, &ev);
}

/* The number of the "nth" moment of that kind; UINT64_MAX: there are not so many. */
static uint64_t moment(const struct looked *l, enum page_moment what, unsigned int nth)
{
	const struct page_look_moment *moments;
	size_t nr;

	moments = page_look_moments(l->look, &nr);
	for (size_t i = 0; i < nr; i++) {
		if (moments[i].what == what && !nth--)
			return moments[i].number;
	}
	return UINT64_MAX;
}

START_TEST(a_cpu_counts_before_it_runs)
{
	struct looked l;
	uint64_t comes, runs;

	begin(&l, true);
	call(&l, "create_worker+0x63", 0); /* workqueue_init(), of the first CPU */
	call(&l, "__smpboot_create_thread+0x62", 0);
	call(&l, "__kthread_create_on_node+0x68", 0);
	call(&l, "__smpboot_create_thread+0x62", 0);
	comes = call(&l, "create_worker+0x63", 0);
	call(&l, "rb_allocate_cpu_buffer+0x5a", 0);
	runs = call(&l, "x+0x1", 1);
	call(&l, "x+0x1", 1);
	ck_assert_uint_eq(moment(&l, PAGE_MOMENT_CPU, 0), comes);
	ck_assert_uint_eq(moment(&l, PAGE_MOMENT_CPU_UP, 0), runs);
	ck_assert_uint_eq(moment(&l, PAGE_MOMENT_CPU, 1), UINT64_MAX);
	ck_assert_uint_eq(moment(&l, PAGE_MOMENT_CPU_UP, 1), UINT64_MAX);
	end(&l);
}
END_TEST

START_TEST(a_cpu_that_nothing_announces_counts_when_it_runs)
{
	struct looked l;
	uint64_t runs;

	begin(&l, true);
	call(&l, "create_worker+0x63", 0);
	runs = call(&l, "x+0x1", 1);
	ck_assert_uint_eq(moment(&l, PAGE_MOMENT_CPU, 0), runs);
	ck_assert_uint_eq(moment(&l, PAGE_MOMENT_CPU_UP, 0), runs);
	end(&l);
}
END_TEST

/* As 6.1 and 6.12 boot, without what makes no difference. */
START_TEST(huge_pages_raise_marks_behind_khugepaged)
{
	struct looked l;
	uint64_t marks, huge;

	begin(&l, true);
	call(&l, "class_register+0x45", 0);
	call(&l, "kobject_create_and_add+0x26", 0);
	call(&l, "__kernfs_new_node+0x5d", 0);
	marks = call(&l, "alloc_workqueue+0x9f", 0);
	/* swap_init_sysfs(), kcompactd_init() */
	call(&l, "kobject_create_and_add+0x26", 0);
	call(&l, "__kernfs_new_node+0x5d", 0);
	call(&l, "__kthread_create_on_node+0x68", 0);
	call(&l, "kmem_buckets_create+0x5b", 0);
	/* hugepage_init() */
	call(&l, "kobject_create_and_add+0x26", 0);
	call(&l, "__kernfs_new_node+0x5d", 0);
	call(&l, "hugepage_init+0x122", 0);
	call(&l, "do_kmem_cache_create+0x1", 0);
	call(&l, "shrinker_alloc+0x1", 0);
	call(&l, "__kthread_create_on_node+0x68", 0);
	call(&l, "__kthread_create_on_node+0x94", 0);
	huge = call(&l, "__kernfs_new_node+0x5d", 0);
	ck_assert_uint_eq(moment(&l, PAGE_MOMENT_MARKS, 0), marks);
	ck_assert_uint_eq(moment(&l, PAGE_MOMENT_HUGE, 0), huge);
	end(&l);
}
END_TEST

/* Of a pageblock that changes hands the first page has no mm_page_alloc_zone_locked (6.10). */
START_TEST(a_claimed_page_is_in_a_list_until_it_is_heard_of)
{
	struct looked l;
	uint64_t claimed, locked, popped, large;

	begin(&l, false);
	claimed = extfrag(&l, 0x1000, 0);
	locked = page(&l, EVENT_ZONE_LOCKED, 0x1001);
	popped = page(&l, EVENT_ZONE_LOCKED, 0x1002);
	large = extfrag(&l, 0x2000, 4);
	page(&l, EVENT_PAGE_ALLOC, 0x1002);
	page_look_finish(l.look);
	ck_assert_int_eq(page_look_fate(l.look, claimed), PAGE_FATE_OPEN);
	ck_assert_int_eq(page_look_fate(l.look, locked), PAGE_FATE_OPEN);
	ck_assert_int_eq(page_look_fate(l.look, popped), PAGE_FATE_ALONE);
	ck_assert_int_eq(page_look_fate(l.look, large), PAGE_FATE_SEEN);
	end(&l);
}
END_TEST

/* A smaller block that is claimed has both events, for one page. */
START_TEST(a_page_with_two_events_is_taken_once)
{
	struct looked l;
	uint64_t locked;

	begin(&l, false);
	locked = page(&l, EVENT_ZONE_LOCKED, 0x1001);
	extfrag(&l, 0x1001, 0);
	page(&l, EVENT_PAGE_ALLOC, 0x1001);
	page_look_finish(l.look);
	ck_assert_int_eq(page_look_fate(l.look, locked), PAGE_FATE_ALONE);
	end(&l);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("page_look");
	TCase *tcase = tcase_create("page_look");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, a_cpu_counts_before_it_runs);
	tcase_add_test(tcase, a_cpu_that_nothing_announces_counts_when_it_runs);
	tcase_add_test(tcase, huge_pages_raise_marks_behind_khugepaged);
	tcase_add_test(tcase, a_claimed_page_is_in_a_list_until_it_is_heard_of);
	tcase_add_test(tcase, a_page_with_two_events_is_taken_once);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
