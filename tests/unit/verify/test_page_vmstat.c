/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the vmstat worker runs: the second as its drains show it, and each CPU's own time in it. */
#include <config.h>

#include "../../../src/verify/page_vmstat.h"
#include "unit/unit.h"

#include <string.h>

#define MS 1000000ULL

static struct event at(uint64_t ms, unsigned int cpu, enum event_type type, int32_t pid)
{
	struct event ev = { .type = (uint8_t)type, .time = ms * MS, .cpu = (uint16_t)cpu,
			    .pid = pid };

	return ev;
}

START_TEST(drains_tell_the_second)
{
	struct page_vmstat_look look = { 0 };
	struct event_names names;
	struct event ev;
	uint32_t worker;

	event_names_init(&names);
	worker = intern_add(&names.texts, "kworker/1:2", strlen("kworker/1:2"));
	/* Its own free's drain says nothing. */
	ev = at(100, 1, EVENT_PAGE_FREE, 9);
	page_vmstat_look(&look, &names, &ev);
	ev = at(101, 1, EVENT_PCPU_DRAIN, 9);
	ev.comm = worker;
	page_vmstat_look(&look, &names, &ev);
	ck_assert(!look.seen);
	/* Another CPU's free in between does not make it the worker's. */
	ev = at(102, 0, EVENT_PAGE_FREE, 8);
	page_vmstat_look(&look, &names, &ev);
	ev = at(103, 1, EVENT_PCPU_DRAIN, 9);
	ev.comm = worker;
	page_vmstat_look(&look, &names, &ev);
	ck_assert(!look.seen);
	/* 30 ms late, then in time: CPU 1 is 12 ms ahead of CPU 0. */
	ev = at(3918, 1, EVENT_PCPU_DRAIN, 10);
	ev.comm = worker;
	page_vmstat_look(&look, &names, &ev);
	ck_assert_uint_eq(look.phase, 930 * MS);
	ev = at(5888, 1, EVENT_PCPU_DRAIN, 10);
	ev.comm = worker;
	page_vmstat_look(&look, &names, &ev);
	ev = at(6950, 1, EVENT_PCPU_DRAIN, 10);
	ev.comm = worker;
	page_vmstat_look(&look, &names, &ev);
	ck_assert_uint_eq(look.phase, 900 * MS);
	page_vmstat_look_deinit(&look);
	event_names_deinit(&names);
}
END_TEST

START_TEST(each_cpu_has_its_time)
{
	static const struct {
		uint64_t ms;
		unsigned int cpu;
		bool runs;
	} cases[] = {
		{ 100, 0, false }, { 100, 1, false },
		{ 890, 0, false }, { 890, 1, true }, /* from 888 on */
		{ 910, 0, true }, { 911, 0, false },
		{ 2200, 0, true },  /* 300 ms late, idle: the next one is at 3900 */
		{ 2950, 0, false }, { 3901, 0, true },
		{ 2000, 1, true },  /* 112 ms late: the next one is at 2888 */
		{ 2889, 1, true },
	};
	struct page_vmstat vmstat = { .phase = 900 * MS };
	unsigned int cpu;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct event ev = at(cases[i].ms, cases[i].cpu, EVENT_KMALLOC, 1);

		page_vmstat_event(&vmstat, &ev, i);
		if (cases[i].runs)
			ck_assert(i == 0 || !page_vmstat_next(&vmstat, i - 1, &cpu));
		ck_assert_msg(page_vmstat_next(&vmstat, i, &cpu) == cases[i].runs, "case %zu", i);
		if (cases[i].runs)
			ck_assert_uint_eq(cpu, cases[i].cpu);
	}
	page_vmstat_deinit(&vmstat);
}
END_TEST

UNIT_MAIN("verify/page_vmstat", drains_tell_the_second, each_cpu_has_its_time)
