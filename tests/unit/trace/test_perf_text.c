/* SPDX-License-Identifier: GPL-2.0-or-later */
/* perf script: columns as -F chooses them, call chains, losses. */
#include <config.h>

#include "decode.h"

#define EVENT "kmem:kfree: call_site=f+0xf3 ptr=0xffff8dcc417e16c8\n"

START_TEST(columns)
{
	static const struct {
		const char *text;
		const char *comm;
		int pid;
		unsigned int cpu;
		uint64_t time;
	} lines[] = {
		{ "            perf   516 [001]    10.854744:                     " EVENT, "perf", 516, 1,
		  10854744000 },
		{ "perf   516 [001]    10.854744:          " EVENT, "perf", 516, 1, 10854744000 },
		{ "perf   516/517   [001]    10.854744123:   " EVENT, "perf", 517, 1, 10854744123 },
		{ "a b [000] c   516 [012]    10.854744:   " EVENT, "a b [000] c", 516, 12,
		  10854744000 },
		{ ":1234  1234 [001]    10.854744:   " EVENT, "", 1234, 1, 10854744000 },
		{ ":-1    -1 [001]    10.854744:   " EVENT, "", -1, 1, 10854744000 },
		{ "perf   516    10.854744:   " EVENT, "perf", 516, 0, 10854744000 },
		{ "perf   516 [001]    10.854744:          1   " EVENT, "perf", 516, 1, 10854744000 },
		{ "10.854744: " EVENT, "", 0, 0, 10854744000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct decoded d;
		const struct event *ev = NULL;

		decode_text(&d, lines[i].text);
		ck_assert_msg(d.all.nr == 1, "line %zu", i);
		ck_assert_str_eq(d.info->format, "perf");
		ev = &d.all.events[0];
		ck_assert_uint_eq(ev->type, EVENT_KFREE);
		ck_assert_str_eq(decoded_word(&d, ev->comm), lines[i].comm);
		ck_assert_int_eq(ev->pid, lines[i].pid);
		ck_assert_uint_eq(ev->cpu, lines[i].cpu);
		ck_assert_uint_eq(ev->time, lines[i].time);
		ck_assert_uint_eq(ev->slab.ptr, 0xffff8dcc417e16c8ULL);
		decoded_deinit(&d);
	}
}
END_TEST

START_TEST(chains_losses_and_others)
{
	struct decoded d;

	decode_text(&d, "# os release : 6.12.117+deb12-amd64\n# nrcpus online : 4\n"
		"perf   516 [001]    10.000001: " EVENT
		"\tffffffff8add39bd f+0x28d (/lib/modules/vmlinux)\n"
		"\t           ee137 [unknown] (/usr/lib/libc.so.6)\n"
		"\t           ee137 g (inlined)\n\n"
		"perf   516 [001]    10.000002: PERF_RECORD_LOST lost 7\n"
		"perf   516 [001]    10.000003: sched:sched_switch: prev_comm=a prev_pid=1\n"
		"perf   516 [001]    10.000004: foo:kmalloc: bar=1\n"
		"perf   516 [001]    10.000005: ftrace:print: tracing_mark_write: LAB x: y\n"
		"perf   516 [001]    10.000006: probe:vfree: (ffffffffb29b3384) addr=0xffff8dcc00001000\n"
		"\n");
	ck_assert_uint_eq(d.info->nr_unparsed + d.info->nr_malformed, 0);
	ck_assert_uint_eq(d.info->nr_stack_lines, 3);
	ck_assert_uint_eq(d.all.nr, 5);
	ck_assert_uint_eq(d.info->nr_losses, 1);
	ck_assert_uint_eq(d.info->losses.items[0].nr, 7);
	ck_assert(d.all.events[1].flags & EVENT_F_LOST);
	ck_assert_str_eq(decoded_word(&d, d.all.events[1].other.name), "sched:sched_switch");
	ck_assert_str_eq(decoded_word(&d, d.all.events[2].other.name), "foo:kmalloc");
	ck_assert_uint_eq(d.all.events[3].type, EVENT_MARK);
	ck_assert_str_eq(decoded_text(&d, &d.all.events[3]), "LAB x: y");
	ck_assert_uint_eq(d.all.events[4].type, EVENT_PROBE_VFREE);
	ck_assert_uint_eq(d.all.events[4].probe.addr, 0xffff8dcc00001000ULL);
	ck_assert_str_eq(d.info->release, "6.12.117+deb12-amd64");
	ck_assert_uint_eq(d.info->kernel.minor, 12);
	ck_assert_uint_eq(d.info->nr_cpus, 4);
	decoded_deinit(&d);
}
END_TEST

UNIT_MAIN("perf_text", columns, chains_losses_and_others)
