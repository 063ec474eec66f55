/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events as text and JSON, letter by letter, and batches. (Reading back: trace/test_round_trip.) */
#include <config.h>

#include "unit/unit.h"

#include "kmreplay/core/xalloc.h"
#include "kmreplay/event/desc.h"
#include "kmreplay/event/print.h"

#include <string.h>

struct fixture {
	struct event_names names;
	struct event_batch batch;
	struct event_printer printer;
	struct str out;
	struct event ev;
};

static void setup(struct fixture *f, unsigned int type)
{
	event_names_init(&f->names);
	event_batch_init(&f->batch, 4);
	str_init(&f->out);
	f->printer = (struct event_printer){ .names = &f->names, .era = GFP_ERA_6_11,
					     .release = "6.12.1", .clock = "local", .nr_cpus = 2 };
	event_clear(&f->ev, type);
	f->ev.time = 1245311007;
	f->ev.pid = 42;
	f->ev.cpu = 1;
	f->ev.comm = intern_add_text(&f->names.texts, "init");
}

static void check(struct fixture *f, const char *text, const char *json)
{
	event_settle(&f->ev);
	event_print_text(&f->printer, &f->ev, &f->batch, &f->out);
	ck_assert_str_eq(str_text(&f->out), text);
	str_reset(&f->out);
	event_print_json(&f->printer, &f->ev, &f->batch, &f->out);
	ck_assert_str_eq(str_text(&f->out), json);
	str_deinit(&f->out);
	event_batch_deinit(&f->batch);
	event_names_deinit(&f->names);
}

START_TEST(an_allocation)
{
	struct fixture f;

	setup(&f, EVENT_CACHE_ALLOC);
	f.ev.flags = EVENT_F_CONTEXT | EVENT_F_IRQS_OFF | EVENT_F_SOFTIRQ;
	f.ev.site = event_site_add(&f.names, "g+0x1/0x2 [m]", 13);
	f.ev.slab.ptr = 0xffff888100aa0000;
	f.ev.slab.name = intern_add_text(&f.names.texts, "a=b \"c\"\n\xff\xc3\xa9");
	f.ev.slab.bytes_req = 100;
	f.ev.slab.bytes_alloc = 128;
	f.ev.slab.accounted = 1;
	f.ev.slab.gfp = GFP_BITS_KERNEL | GFP_BIT_ZERO;
	check(&f, "            init-42      [001] d.s..     1.245311007: kmem_cache_alloc: "
		  "call_site=g+0x1/0x2 [m] ptr=ffff888100aa0000 name=a\\x3db "
		  "\\x22c\\x22\\x0a\xff\xc3\xa9 bytes_req=100 bytes_alloc=128 "
		  "gfp_flags=GFP_KERNEL|__GFP_ZERO node=-1 accounted=true\n",
	      "{\"type\":\"kmem_cache_alloc\",\"time\":1245311007,\"cpu\":1,\"pid\":42,"
	      "\"comm\":\"init\",\"context\":[\"irqs_off\",\"softirq\"],"
	      "\"call_site\":\"g+0x1/0x2 [m]\",\"ptr\":\"0xffff888100aa0000\","
	      "\"name\":\"a=b \\\"c\\\"\\u000a\\udcff\xc3\xa9\",\"bytes_req\":100,"
	      "\"bytes_alloc\":128,\"gfp_flags\":\"GFP_KERNEL|__GFP_ZERO\",\"node\":-1,"
	      "\"accounted\":true}\n");
}
END_TEST

START_TEST(a_failed_page)
{
	struct fixture f;

	setup(&f, EVENT_PAGE_ALLOC);
	f.ev.comm = 0;
	f.ev.page.order = 9;
	check(&f, "           <...>-42      [001]      1.245311007: mm_page_alloc: pfn=0x0 order=9 "
		  "migratetype=0 gfp_flags=none\n",
	      "{\"type\":\"mm_page_alloc\",\"time\":1245311007,\"cpu\":1,\"pid\":42,"
	      "\"failed\":true,\"pfn\":\"0xffffffffffffffff\",\"order\":9,\"migratetype\":0,"
	      "\"gfp_flags\":\"none\"}\n");
}
END_TEST

START_TEST(probes_and_markers)
{
	struct fixture f;
	const uint64_t ptrs[] = { 0xffff888100aa0000, 0 };

	setup(&f, EVENT_PROBE_BULK_FREE);
	f.ev.bulk.nr = 2;
	f.ev.bulk.nr_aux = 2;
	f.ev.bulk.aux = event_batch_add_aux(&f.batch, ptrs, sizeof(ptrs));
	check(&f, "            init-42      [001]      1.245311007: cbulk_free: (?) s=0x0 name=\"\" n=2 "
		  "p={0xffff888100aa0000,0x0}\n",
	      "{\"type\":\"cbulk_free\",\"time\":1245311007,\"cpu\":1,\"pid\":42,\"comm\":\"init\","
	      "\"s\":\"0x0\",\"name\":\"\",\"n\":2,\"p\":[\"0xffff888100aa0000\",\"0x0\"]}\n");
	setup(&f, EVENT_PROBE_VM_RET);
	f.ev.site = event_site_add(&f.names, "g+0x1/0x2", 9);
	f.ev.probe.addr = 0x1000;
	check(&f, "            init-42      [001]      1.245311007: vm_ret: (g+0x1/0x2 <- ?) "
		  "ret=0x1000\n",
	      "{\"type\":\"vm_ret\",\"time\":1245311007,\"cpu\":1,\"pid\":42,\"comm\":\"init\","
	      "\"caller\":\"g+0x1/0x2\",\"ret\":\"0x1000\"}\n");
	setup(&f, EVENT_MARK);
	f.ev.text.len = 6;
	f.ev.text.aux = event_batch_add_aux(&f.batch, "a\nb: \0", 6);
	check(&f, "            init-42      [001]      1.245311007: tracing_mark_write: "
		  "a\\x0ab: \\x00\n",
	      "{\"type\":\"print\",\"time\":1245311007,\"cpu\":1,\"pid\":42,\"comm\":\"init\","
	      "\"text\":\"a\\u000ab: \\u0000\"}\n");
	setup(&f, EVENT_OTHER);
	f.ev.other.name = intern_add_text(&f.names.texts, "sched:sched_switch");
	check(&f, "            init-42      [001]      1.245311007: sched\\x3asched_switch: \n",
	      "{\"type\":\"sched:sched_switch\",\"other\":true,\"time\":1245311007,\"cpu\":1,"
	      "\"pid\":42,\"comm\":\"init\"}\n");
}
END_TEST

START_TEST(headers_and_losses)
{
	struct fixture f;

	setup(&f, EVENT_MARK);
	event_print_text_header(&f.printer, &f.out);
	event_print_text_lost(3, 12, &f.out);
	event_print_text_lost(3, 0, &f.out);
	event_print_json_header(&f.printer, &f.out);
	event_print_json_lost(3, 0, &f.out);
	ck_assert_str_eq(str_text(&f.out),
			 "# kmreplay text 1 era=6 unit=ns cpus=2 clock=local release=6.12.1\n"
			 "CPU:3 [LOST 12 EVENTS]\nCPU:3 [LOST EVENTS]\n"
			 "{\"kmreplay\":\"events\",\"version\":1,\"release\":\"6.12.1\",\"gfp_era\":6,"
			 "\"clock\":\"local\",\"unit\":\"ns\",\"hashed_ptrs\":false,\"nr_cpus\":2}\n"
			 "{\"lost_events\":null,\"cpu\":3}\n");
	str_deinit(&f.out);
	event_batch_deinit(&f.batch);
	event_names_deinit(&f.names);
}
END_TEST

START_TEST(json_keys_are_unique)
{
	for (unsigned int type = 0; type < EVENT_NR; type++) {
		for (unsigned int i = 0; i < event_desc(type)->nr_fields; i++) {
			ck_assert(event_json_key(type, i)[0]);
			for (unsigned int j = 0; j < i; j++)
				ck_assert_str_ne(event_json_key(type, i), event_json_key(type, j));
		}
	}
}
END_TEST

START_TEST(batches_compare_what_they_point_to)
{
	struct event_batch a, b;
	struct event ev_a, ev_b;

	event_batch_init(&a, 1);
	event_batch_init(&b, 1);
	ck_assert_uint_eq(event_batch_add_aux(&a, "12345", 5), 0);
	ck_assert_uint_eq(event_batch_add_aux(&a, NULL, 0), 8);
	event_clear(&ev_a, EVENT_MARK);
	event_clear(&ev_b, EVENT_MARK);
	ev_a.text.len = ev_b.text.len = 5;
	ev_a.text.aux = event_batch_add_aux(&a, "hello", 5);
	ev_b.text.aux = event_batch_add_aux(&b, "hello", 5);
	ck_assert_uint_ne(ev_a.text.aux, ev_b.text.aux);
	ck_assert_uint_eq(ev_a.text.aux % 8, 0);
	ck_assert_str_eq((const char *)a.aux + ev_a.text.aux, "hello");
	ck_assert(event_equal(&ev_a, &a, &ev_b, &b));
	b.aux[ev_b.text.aux + 4] = 'a';
	ck_assert(!event_equal(&ev_a, &a, &ev_b, &b));
	b.aux[ev_b.text.aux + 4] = 'o';
	ev_b.cpu = 1;
	ck_assert(!event_equal(&ev_a, &a, &ev_b, &b));
	event_batch_reset(&a);
	ck_assert_uint_eq(event_batch_add_aux(&a, "x", 1), 0);
	event_batch_deinit(&a);
	event_batch_deinit(&b);
}
END_TEST

UNIT_MAIN("print", an_allocation, a_failed_page, probes_and_markers, headers_and_losses,
	  json_keys_are_unique, batches_compare_what_they_point_to)
