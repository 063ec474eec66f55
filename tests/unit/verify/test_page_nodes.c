/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking ahead on machines with several CPUs and nodes: when boot brings them up. */
#include <config.h>

#include "../../../src/verify/page_look.h"
#include "kmreplay/abi/gfp.h"
#include "unit/unit.h"

#include <string.h>

struct scene {
	struct event_names names;
	struct survey survey;
	struct page_look *look;
	uint64_t nr;
};

static void scene_init(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	event_names_init(&s->names);
	survey_init(&s->survey);
	s->survey.from_boot = true;
	s->look = page_look_create(&s->names, &s->survey, NULL);
}

static void scene_deinit(struct scene *s)
{
	page_look_destroy(s->look);
	survey_deinit(&s->survey);
	event_names_deinit(&s->names);
}

/* A kmalloc() by "pid" on "cpu" at "site". */
static uint64_t calls(struct scene *s, const char *site, unsigned int cpu, int pid)
{
	struct event ev = { .type = EVENT_KMALLOC, .cpu = (uint16_t)cpu, .pid = pid };

	ev.site = event_site_add(&s->names, site, strlen(site));
	page_look_event(s->look, &ev);
	return s->nr++;
}

/* A small object of a policy's, made or (with "gone") dropped. */
static uint64_t policy(struct scene *s, const char *site, int pid, bool gone)
{
	struct event ev = { .type = gone ? EVENT_CACHE_FREE : EVENT_CACHE_ALLOC, .pid = pid };

	ev.site = event_site_add(&s->names, site, strlen(site));
	page_look_event(s->look, &ev);
	return s->nr++;
}

static void expect_moment(const struct scene *s, size_t i, enum page_moment what, uint64_t number)
{
	const struct page_look_moment *moments;
	size_t nr;

	moments = page_look_moments(s->look, &nr);
	ck_assert_uint_lt(i, nr);
	ck_assert_uint_eq(moments[i].what, what);
	ck_assert_uint_eq(moments[i].number, number);
}

/* 6.5 on: all CPUs are prepared, with their buffers, before the first of them runs. */
START_TEST(cpus_come_when_they_are_prepared)
{
	uint64_t workers[3], up[3];
	struct scene s;
	size_t nr;

	scene_init(&s);
	calls(&s, "create_worker", 0, 1); /* the boot CPU's, without threads before */
	for (unsigned int cpu = 1; cpu <= 3; cpu++) {
		calls(&s, "__smpboot_create_thread", 0, 1);
		calls(&s, "__kthread_create_on_node", 0, 1);
		calls(&s, "create_worker", 0, 200); /* somebody else's */
		workers[cpu - 1] = calls(&s, "create_worker", 0, 1);
		calls(&s, "create_worker", 0, 1);
		calls(&s, "smpcfd_prepare_cpu", 0, 1);
	}
	for (unsigned int cpu = 1; cpu <= 3; cpu++)
		up[cpu - 1] = calls(&s, "alloc_cpumask_var_node", cpu, 20);
	page_look_moments(s.look, &nr);
	ck_assert_uint_eq(nr, 6);
	for (size_t i = 0; i < 3; i++) {
		expect_moment(&s, i, PAGE_MOMENT_CPU, workers[i]);
		expect_moment(&s, 3 + i, PAGE_MOMENT_CPU_UP, up[i]);
	}
	scene_deinit(&s);
}
END_TEST

START_TEST(cpus_that_nobody_prepared_come_when_they_run)
{
	struct scene s;
	uint64_t at;
	size_t nr;

	scene_init(&s);
	at = calls(&s, "kthread", 1, 20);
	calls(&s, "kthread", 1, 20);
	page_look_moments(s.look, &nr);
	ck_assert_uint_eq(nr, 2);
	expect_moment(&s, 0, PAGE_MOMENT_CPU, at);
	expect_moment(&s, 1, PAGE_MOMENT_CPU_UP, at);
	scene_deinit(&s);
}
END_TEST

static void takes(struct scene *s, enum event_type type, uint64_t pfn, unsigned int order, int pid)
{
	struct event ev = { .type = (uint8_t)type, .pid = pid };

	ev.page.pfn = pfn;
	ev.page.order = (uint8_t)order;
	ev.page.percpu_refill = type == EVENT_ZONE_LOCKED;
	page_look_event(s->look, &ev);
	s->nr++;
}

/* How large the first refills were tells whether the zone had run low before. */
START_TEST(first_refills_are_noted)
{
	const struct page_look_refill *refills;
	struct scene s;
	size_t nr;

	scene_init(&s);
	takes(&s, EVENT_ZONE_LOCKED, 0x1000, 0, 1); /* a refill of one page is not one */
	takes(&s, EVENT_PAGE_ALLOC, 0x1000, 0, 1);
	for (unsigned int i = 0; i < 15; i++)
		takes(&s, EVENT_ZONE_LOCKED, 0x2000 + i, 0, 1);
	takes(&s, EVENT_PAGE_ALLOC, 0x2000, 0, 1);
	for (unsigned int i = 0; i < 7; i++)
		takes(&s, EVENT_ZONE_LOCKED, 0x3000 + 2 * i, 1, 1);
	takes(&s, EVENT_PAGE_ALLOC, 0x3000, 1, 1);
	for (unsigned int i = 0; i < 4; i++) /* for a silent request */
		takes(&s, EVENT_ZONE_LOCKED, 0x4000 + i, 0, 1);
	takes(&s, EVENT_PAGE_ALLOC, 0x4002, 0, 1);
	refills = page_look_refills(s.look, &nr);
	ck_assert_uint_eq(nr, 1);
	ck_assert_uint_eq(refills[0].pfn, 0x2000);
	ck_assert_uint_eq(refills[0].nr, 15);
	scene_deinit(&s);
}
END_TEST

static void expect_policy(const struct scene *s, size_t i, enum page_moment what, uint64_t number,
			  unsigned int pid)
{
	const struct page_look_moment *moments;
	size_t nr;

	expect_moment(s, i, what, number);
	moments = page_look_moments(s->look, &nr);
	ck_assert_uint_eq(moments[i].cpu, pid);
}

/* numa_policy_init(), rest_init(), and what user space does with policies later. */
START_TEST(boot_interleaves_until_it_says_otherwise)
{
	uint64_t at[4];
	struct scene s;
	size_t nr;

	scene_init(&s);
	policy(&s, "__mpol_dup", 0, false); /* there is none yet */
	at[0] = policy(&s, "mpol_new+0x69/0xe0", 0, false);
	at[1] = policy(&s, "__mpol_dup+0x3d/0xf0", 0, false);
	at[2] = policy(&s, "do_set_mempolicy+0xff/0x150", 0, true);
	policy(&s, "__mpol_dup+0x3d/0xf0", 1, false);
	at[3] = policy(&s, "__mpol_put", 1, true); /* as 6.1 has it */
	policy(&s, "mpol_new", 700, false);
	policy(&s, "__mpol_put", 1, true);
	page_look_moments(s.look, &nr);
	ck_assert_uint_eq(nr, 4);
	expect_policy(&s, 0, PAGE_MOMENT_INTERLEAVE, at[0] + 1, 0);
	expect_policy(&s, 1, PAGE_MOMENT_INTERLEAVE, at[1] + 1, 1);
	expect_policy(&s, 2, PAGE_MOMENT_LOCAL, at[2], 0);
	expect_policy(&s, 3, PAGE_MOMENT_LOCAL, at[3], 1);
	scene_deinit(&s);
}
END_TEST

static uint64_t falls_back(struct scene *s, uint64_t pfn, unsigned int order)
{
	struct event ev = { .type = EVENT_EXTFRAG, .pid = 1 };

	ev.extfrag.pfn = pfn;
	ev.extfrag.alloc_order = (uint8_t)order;
	ev.extfrag.fallback_order = 10;
	page_look_event(s->look, &ev);
	return s->nr++;
}

/* 6.10 on: a page without zone_locked came into its list by the fallback's event. */
START_TEST(a_fallback_fills_a_list)
{
	uint64_t stolen, locked;
	struct scene s;

	scene_init(&s);
	stolen = falls_back(&s, 0x5000, 0);
	locked = s.nr;
	takes(&s, EVENT_ZONE_LOCKED, 0x6000, 0, 1);
	falls_back(&s, 0x6000, 0); /* of the page before it */
	takes(&s, EVENT_PAGE_FREE, 0x5000, 0, 1);
	takes(&s, EVENT_PAGE_FREE, 0x6000, 0, 1);
	page_look_finish(s.look);
	ck_assert_int_eq(page_look_fate(s.look, stolen), PAGE_FATE_SILENT);
	ck_assert_int_eq(page_look_fate(s.look, locked), PAGE_FATE_SILENT);
	ck_assert_int_eq(page_look_fate(s.look, locked + 1), PAGE_FATE_SEEN);
	scene_deinit(&s);
}
END_TEST

/* What several nodes want to know: when pages are given, refills end, bulk requests get theirs. */
START_TEST(lists_are_looked_at_for_nodes)
{
	const struct page_look_filled *filled;
	struct event ev = { .type = EVENT_PROBE_PAGES_BULK_RET, .pid = 1 };
	struct scene s;
	size_t nr;

	scene_init(&s);
	page_look_keep_bulks(s.look);
	takes(&s, EVENT_ZONE_LOCKED, 0x6000, 0, 1); /* 0 */
	takes(&s, EVENT_ZONE_LOCKED, 0x6001, 0, 1);
	ev.probe.nr = 5;
	page_look_event(s.look, &ev); /* 2 */
	s.nr++;
	takes(&s, EVENT_ZONE_LOCKED, 0x7000, 0, 2); /* 3 */
	takes(&s, EVENT_PAGE_ALLOC, 0x7000, 0, 2);
	ev.cpu = 1;
	ev.probe.nr = 7;
	page_look_event(s.look, &ev); /* 5 */
	page_look_finish(s.look);
	filled = page_look_filled(s.look, 1, &nr);
	ck_assert_uint_eq(nr, 2);
	ck_assert_uint_eq(filled[0].end, 3); /* the bulk request's refill ends with it */
	ck_assert_uint_eq(filled[1].pfn, 0x7000);
	ck_assert_ptr_null(page_look_filled(s.look, 100, &nr));
	ck_assert_uint_eq(page_look_given(s.look, 3), 4);
	ck_assert_uint_eq(page_look_given(s.look, 0), UINT64_MAX);
	ck_assert_uint_eq(page_look_bulks(s.look, 0, 0, 6, 100), 5);
	ck_assert_uint_eq(page_look_bulks(s.look, 1, 0, 6, 100), 7);
	ck_assert_uint_eq(page_look_bulks(s.look, 1, 0, 5, 100), 0);
	scene_deinit(&s);
}
END_TEST

static uint64_t frees(struct scene *s, enum event_type type, uint64_t pfn, bool softirq, int pid)
{
	struct event ev = { .type = (uint8_t)type, .pid = pid,
			    .flags = softirq ? EVENT_F_SOFTIRQ : 0 };

	ev.page.pfn = pfn;
	page_look_event(s->look, &ev);
	return s->nr++;
}

/* An interrupt between two pages of a batch; behind its last one; between two batches. */
START_TEST(interrupts_find_lists_locked)
{
	uint64_t inside, behind, between;
	struct scene s;

	scene_init(&s);
	frees(&s, EVENT_PAGE_FREE, 0x100, false, 5);
	frees(&s, EVENT_PAGE_FREE, 0x101, false, 5);
	frees(&s, EVENT_PAGE_FREE_BATCHED, 0x100, false, 5);
	inside = frees(&s, EVENT_PAGE_FREE, 0x200, true, 5);
	frees(&s, EVENT_PAGE_FREE_BATCHED, 0x101, false, 5);
	between = frees(&s, EVENT_PAGE_FREE, 0x201, true, 5);
	frees(&s, EVENT_PAGE_FREE, 0x102, false, 5);
	frees(&s, EVENT_PAGE_FREE_BATCHED, 0x102, false, 5);
	behind = frees(&s, EVENT_PAGE_FREE, 0x202, true, 5);
	frees(&s, EVENT_PAGE_FREE_BATCHED, 0x300, false, 6);
	page_look_finish(s.look);
	ck_assert_uint_eq(page_look_locked(s.look, inside), 0x100);
	ck_assert_uint_eq(page_look_locked(s.look, between), UINT64_MAX);
	ck_assert_uint_eq(page_look_locked(s.look, behind), UINT64_MAX);
	scene_deinit(&s);
}
END_TEST

UNIT_MAIN("page_nodes", interrupts_find_lists_locked, a_fallback_fills_a_list,
	  lists_are_looked_at_for_nodes,
	  boot_interleaves_until_it_says_otherwise, first_refills_are_noted,
	  cpus_come_when_they_are_prepared, cpus_that_nobody_prepared_come_when_they_run)
