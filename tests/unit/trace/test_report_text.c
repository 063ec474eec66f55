/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace-cmd report: its columns and options, and where its values differ from those of tracefs. */
#include <config.h>

#include "decode.h"

#define HEAD "cpus=2\n            init-1     [000]     1.000000: "

static const struct event *one(struct decoded *d, const char *payload)
{
	char *text = xasprintf("%s%s\n", HEAD, payload);

	decode_text(d, text);
	free(text);
	ck_assert_str_eq(d->info->format, "report");
	ck_assert_uint_eq(d->all.nr, 1);
	ck_assert_uint_eq(d->info->nr_unparsed + d->info->nr_malformed, 0);
	ck_assert_uint_eq(d->all.events[0].time, 1000000000);
	return &d->all.events[0];
}

START_TEST(values_are_spelt_otherwise)
{
	struct decoded d;
	const struct event *ev;

	ev = one(&d, "kmalloc:              (f+0x1) call_site=f+0x1 ptr=0xffff8a74c2faf900 "
		     "bytes_req=64 bytes_alloc=96 gfp_flags=GFP_KERNEL|__GFP_ZERO node=-1 "
		     "accounted=true");
	ck_assert_uint_eq(ev->slab.ptr, 0xffff8a74c2faf900ULL);
	ck_assert_uint_eq(ev->slab.bytes_alloc, 96);
	ck_assert_uint_eq(ev->slab.accounted, 1);
	ck_assert_str_eq(decoded_site(&d, ev->site), "f+0x1");
	decoded_deinit(&d);
	/* page= is nonsense there, whatever it is */
	ev = one(&d, "mm_page_alloc:        page=0xffffffffb3bdb9b3 pfn=0x341b order=0 "
		     "migratetype=0 gfp_flags=__GFP_NOWARN");
	ck_assert_uint_eq(ev->page.page, 0);
	ck_assert_uint_eq(ev->page.pfn, 0x341b);
	decoded_deinit(&d);
	ev = one(&d, "mm_page_alloc:        page=(nil) pfn=0x0 order=9 migratetype=0 "
		     "gfp_flags=__GFP_NOWARN");
	ck_assert_uint_eq(ev->page.pfn, EVENT_PFN_FAILED);
	ck_assert(ev->flags & EVENT_F_FAILED);
	decoded_deinit(&d);
	/* libtraceevent's value of "fragmenting" is wrong */
	ev = one(&d, "mm_page_alloc_extfrag: page=0xffffffffb3ce6c98 pfn=0x10e700 alloc_order=0 "
		     "fallback_order=10 pageblock_order=9 alloc_migratetype=0 "
		     "fallback_migratetype=1 fragmenting=10 change_ownership=1");
	ck_assert_uint_eq(ev->extfrag.fragmenting, 0);
	ck_assert_uint_eq(ev->extfrag.page, 0);
	decoded_deinit(&d);
	ev = one(&d, "kcc_ret:              (ffffffffb2972034 <- ffffffffb499b880) s=0xffff8a74");
	ck_assert_str_eq(decoded_site(&d, ev->site), "ffffffffb499b880");
	decoded_deinit(&d);
}
END_TEST

START_TEST(raw_fields)
{
	struct decoded d;
	const struct event *ev;

	ev = one(&d, "kmalloc:               call_site=f+0x46 ptr=0xffff8dcc45fba400 bytes_req=416 "
		     "bytes_alloc=512 gfp_flags=0xcc0 node=-1");
	ck_assert_uint_eq(ev->slab.gfp, GFP_BITS_KERNEL);
	ck_assert_uint_eq(ev->slab.bytes_req, 416);
	decoded_deinit(&d);
	ev = one(&d, "mm_page_alloc:         pfn=0xffffffffffffffff order=1 gfp_flags=0xcc0 "
		     "migratetype=0");
	ck_assert_uint_eq(ev->page.pfn, EVENT_PFN_FAILED);
	ck_assert(ev->flags & EVENT_F_FAILED);
	decoded_deinit(&d);
}
END_TEST

START_TEST(prints)
{
	struct decoded d;
	const struct event *ev;

	ev = one(&d, "print:                tracing_mark_write: LAB init: zoo");
	ck_assert_uint_eq(ev->type, EVENT_MARK);
	ck_assert_str_eq(decoded_text(&d, ev), "LAB init: zoo");
	decoded_deinit(&d);
	/* as tracefs prints what trace_printk() wrote */
	ev = one(&d, "print:                zoo_log: ZOO 0001 call kmalloc(0, GFP_KERNEL)");
	ck_assert_uint_eq(ev->type, EVENT_OTHER);
	ck_assert_str_eq(decoded_word(&d, ev->other.name), "zoo_log");
	decoded_deinit(&d);
}
END_TEST

START_TEST(columns_and_notices)
{
	struct decoded d;

	decode_text(&d, "version = 6\nCPU 1 is empty\ncpus=3\n"
		"            init-1     [000]     1.000000001: kfree:                call_site=f "
		"ptr=(nil)\n"
		"CPU:1 [12 EVENTS DROPPED]\n"
		"CPU:0 [SUBBUFFER START]\n"
		"    init-1       1d.h1.     1.000002: kfree:                call_site=f ptr=(nil)\n"
		"a.dat:             x: y-1     [001]     1.000003: kfree:                call_site=f "
		"ptr=(nil)\n"
		"            init-1     [001]     1.000003: (+12)   kfree:                call_site=f "
		"ptr=(nil)\n"
		"CPU:2 [EVENTS DROPPED]\n"
		"[UNKNOWN EVENT][UNKNOWN EVENT] (NULL):               [UNKNOWN EVENT]\n"
		"            init-1     [002]     1.000004: foo:                  [FAILED TO PARSE] a=1\n");
	ck_assert_uint_eq(d.info->nr_unparsed, 0);
	ck_assert_uint_eq(d.all.nr, 6);
	ck_assert_uint_eq(d.all.events[0].time, 1000000001);
	ck_assert_uint_eq(d.all.events[1].flags,
			  EVENT_F_CONTEXT | EVENT_F_IRQS_OFF | EVENT_F_HARDIRQ | EVENT_F_LOST);
	ck_assert_str_eq(decoded_word(&d, d.all.events[2].comm), "x: y");
	ck_assert_uint_eq(d.all.events[3].type, EVENT_KFREE);
	ck_assert_uint_eq(d.all.events[4].type, EVENT_OTHER);
	ck_assert_uint_eq(d.all.events[4].time, 1000003000);
	ck_assert_uint_eq(d.all.events[4].cpu, 1);
	ck_assert(d.all.events[5].flags & EVENT_F_LOST);
	ck_assert_uint_eq(d.info->nr_losses, 2);
	ck_assert_uint_eq(d.info->losses.items[0].nr, 12);
	ck_assert_uint_eq(d.info->nr_cpus, 3);
	decoded_deinit(&d);
}
END_TEST

UNIT_MAIN("report_text", values_are_spelt_otherwise, raw_fields, prints, columns_and_notices)
