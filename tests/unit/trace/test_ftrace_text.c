/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tracefs text: every layout and key set, notices, markers, and lines that mean harm. */
#include <config.h>

#include "decode.h"

#define KFREE "kfree: call_site=kvfree+0x1a/0x60 ptr=ffff888100aa0000\n"
#define CONTEXT "            init-1       [000] d.h1.     1.245311: "

/* Asserts that "text" gives exactly one event, and gives it. */
static const struct event *one(struct decoded *d, const char *text)
{
	decode_text(d, text);
	ck_assert_uint_eq(d->all.nr, 1);
	ck_assert_uint_eq(d->info->nr_unparsed, 0);
	ck_assert_uint_eq(d->info->nr_malformed, 0);
	return &d->all.events[0];
}

START_TEST(layouts_say_the_same)
{
	struct decoded d;
	static const struct {
		const char *text;
		uint64_t time;
		unsigned int cpu, flags;
	} lines[] = {
		{ "            bash-1234    [001] d.h1.     7.654321: " KFREE, 7654321000, 1,
		  EVENT_F_CONTEXT | EVENT_F_IRQS_OFF | EVENT_F_HARDIRQ },
		{ "            bash-1234    [001] ..s.     7.654321: " KFREE, 7654321000, 1,
		  EVENT_F_CONTEXT | EVENT_F_SOFTIRQ },
		{ "            bash-1234  [001] .N..     7.654321: " KFREE, 7654321000, 1,
		  EVENT_F_CONTEXT },
		{ "            bash-1234    [001]     7.654321: " KFREE, 7654321000, 1, 0 },
		{ "            bash-1234  [001]     7.654321: " KFREE, 7654321000, 1, 0 },
		{ "            bash-1234    (   1170) [001] .....     7.654321: " KFREE, 7654321000, 1,
		  EVENT_F_CONTEXT },
		{ "            bash-1234    (-------) [001]     7.654321: " KFREE, 7654321000, 1, 0 },
		{ "            bash-1234    [1023] D.H1.     7.654321: " KFREE, 7654321000, 1023,
		  EVENT_F_CONTEXT | EVENT_F_IRQS_OFF | EVENT_F_BH_OFF | EVENT_F_HARDIRQ |
			  EVENT_F_SOFTIRQ },
		{ "            bash-1234    [001] b.Z1.2     7.654321: " KFREE, 7654321000, 1,
		  EVENT_F_CONTEXT | EVENT_F_BH_OFF | EVENT_F_NMI | EVENT_F_HARDIRQ },
		{ "            bash-1234    [001] .....     7.654321987: " KFREE, 7654321987, 1,
		  EVENT_F_CONTEXT },
		{ "    bash-1234      1d.h1. 17526us+: " KFREE, 17526000, 1,
		  EVENT_F_CONTEXT | EVENT_F_IRQS_OFF | EVENT_F_HARDIRQ },
		{ "    bash-1234      1..... 17745us : " KFREE, 17745000, 1, EVENT_F_CONTEXT },
		{ "            bash    1234   1 0 00000000 00000000 [000000000000abcd] "
		  "1.000ms (+0.001ms): " KFREE, 0xabcd * 1000ULL, 1, 0 },
		{ "bash-1234 [001] .....     7.654321: " KFREE, 7654321000, 1, EVENT_F_CONTEXT },
		{ "            bash-1234    [001] .....     7.654321: "
		  "kfree: call_site=kvfree+0x1a/0x60 ptr=ffff888100aa0000\r\n", 7654321000, 1,
		  EVENT_F_CONTEXT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char *text = xasprintf("# tracer: nop\n#\n%s", lines[i].text);
		const struct event *ev = one(&d, text);

		ck_assert_msg(ev->type == EVENT_KFREE, "line %zu", i);
		ck_assert_msg(ev->time == lines[i].time, "line %zu: %llu", i,
			      (unsigned long long)ev->time);
		ck_assert_msg(ev->cpu == lines[i].cpu && ev->flags == lines[i].flags,
			      "line %zu: cpu %u, flags %x", i, ev->cpu, ev->flags);
		ck_assert_int_eq(ev->pid, 1234);
		ck_assert_str_eq(decoded_word(&d, ev->comm), "bash");
		ck_assert_uint_eq(ev->slab.ptr, 0xffff888100aa0000ULL);
		ck_assert_str_eq(decoded_site(&d, ev->site), "kvfree+0x1a/0x60");
		ck_assert_int_eq(d.info->has_context, !!(lines[i].flags & EVENT_F_CONTEXT));
		decoded_deinit(&d);
		free(text);
	}
}
END_TEST

START_TEST(task_names_hold_any_byte)
{
	struct decoded d;
	static const struct {
		const char *column;
		const char *comm;
	} names_of[] = {
		{ "   a b-1 [000] c", "a b-1 [000] c" },
		{ "        x: y=z -", "x: y=z -" },
		{ "     (sd-pam)-77", "(sd-pam)-77" },
		{ "   \xc3\xa9\xff tr\xc3\xa8s", "\xc3\xa9\xff tr\xc3\xa8s" },
		{ "          <idle>", "<idle>" },
		{ "           <...>", "" },
		{ " kworker/u8:2-ev", "kworker/u8:2-ev" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names_of); i++) {
		char *text = xasprintf("# tracer: nop\n%s-1234    [001] d..1.     1.000000: " KFREE,
				       names_of[i].column);
		const struct event *ev = one(&d, text);

		ck_assert_str_eq(decoded_word(&d, ev->comm), names_of[i].comm);
		ck_assert_int_eq(ev->pid, 1234);
		ck_assert_uint_eq(ev->time, 1000000000);
		decoded_deinit(&d);
		free(text);
	}
}
END_TEST

START_TEST(counter_clocks_are_ticks)
{
	struct decoded d;
	const struct event *ev = one(&d, "            init-1       [000] .....    1234567890123: " KFREE);

	ck_assert_uint_eq(ev->time, 1234567890123ULL);
	ck_assert_int_eq(d.info->unit, TRACE_CLOCK_TICKS);
	decoded_deinit(&d);
	/* the second line goes another way through the reader than the first */
	decode_text(&d, "            init-1       [000] .....    10: " KFREE
		  "            init-1       [000] .....    11: " KFREE);
	ck_assert_uint_eq(d.all.nr, 2);
	ck_assert_uint_eq(d.all.events[1].time, 11);
	decoded_deinit(&d);
}
END_TEST

/* The same request as each generation prints it. */
START_TEST(kmalloc_of_all_generations)
{
	struct decoded d;
	static const struct {
		const char *payload;
		unsigned int type;
		const char *site;
		int node;
		unsigned int accounted;
	} kernels[] = {
		{ "kmalloc: call_site=ffffffff81123456 ptr=ffff880012345678 bytes_req=100 "
		  "bytes_alloc=128 gfp_flags=GFP_KERNEL", EVENT_KMALLOC, "ffffffff81123456", -1,
		  0 },
		{ "kmalloc_node: call_site=ffffffff81123456 ptr=ffff880012345678 bytes_req=100 "
		  "bytes_alloc=128 gfp_flags=GFP_KERNEL node=1", EVENT_KMALLOC_NODE,
		  "ffffffff81123456", 1, 0 },
		{ "kmalloc: call_site=f+0x1/0x2 [m] ptr=ffff880012345678 bytes_req=100 "
		  "bytes_alloc=128 gfp_flags=GFP_KERNEL accounted=true", EVENT_KMALLOC,
		  "f+0x1/0x2 [m]", -1, 1 },
		{ "kmalloc: call_site=f+0x1/0x2 ptr=ffff880012345678 bytes_req=100 "
		  "bytes_alloc=128 gfp_flags=GFP_KERNEL node=12 accounted=false", EVENT_KMALLOC,
		  "f+0x1/0x2", 12, 0 },
		{ "kmem_cache_alloc: call_site=f+0x1/0x2 ptr=ffff880012345678 name=a cache "
		  "bytes_req=100 bytes_alloc=128 gfp_flags=GFP_KERNEL node=-1 accounted=true",
		  EVENT_CACHE_ALLOC, "f+0x1/0x2", -1, 1 },
		{ "kmalloc: call_site=0xffffffff81123456 (-2129578922) ptr=0xffff880012345678 "
		  "(-131391640938888) bytes_req=0x64 (100) bytes_alloc=0x80 (128) "
		  "gfp_flags=GFP_KERNEL node=0xffffffff (-1) accounted=(1)", EVENT_KMALLOC,
		  "0xffffffff81123456", -1, 1 },
		{ "kmalloc: accounted=true gfp_flags=GFP_KERNEL what=ever node=3 bytes_alloc=128 "
		  "bytes_req=100 ptr=ffff880012345678 call_site=f+0x1/0x2", EVENT_KMALLOC,
		  "f+0x1/0x2", 3, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		char *text = xasprintf("%s%s\n", CONTEXT, kernels[i].payload);
		const struct event *ev = one(&d, text);

		ck_assert_uint_eq(ev->type, kernels[i].type);
		ck_assert_str_eq(decoded_site(&d, ev->site), kernels[i].site);
		ck_assert_uint_eq(ev->slab.ptr, 0xffff880012345678ULL);
		ck_assert_uint_eq(ev->slab.bytes_req, 100);
		ck_assert_uint_eq(ev->slab.bytes_alloc, 128);
		ck_assert_uint_eq(ev->slab.gfp & GFP_BITS_KERNEL, GFP_BITS_KERNEL);
		ck_assert_int_eq(ev->slab.node, kernels[i].node);
		ck_assert_uint_eq(ev->slab.accounted, kernels[i].accounted);
		ck_assert_uint_eq(ev->flags & EVENT_F_FAILED, 0);
		if (ev->type == EVENT_CACHE_ALLOC)
			ck_assert_str_eq(decoded_word(&d, ev->slab.name), "a cache");
		decoded_deinit(&d);
		free(text);
	}
}
END_TEST

START_TEST(pages_of_all_generations)
{
	struct decoded d;
	static const struct {
		const char *payload;
		unsigned int type;
		uint64_t pfn, page;
		unsigned int order, flags;
	} kernels[] = {
		{ "mm_page_alloc: page=ffffea0000123440 pfn=18641 order=2 migratetype=1 "
		  "gfp_flags=GFP_KERNEL", EVENT_PAGE_ALLOC, 18641, 0xffffea0000123440, 2, 0 },
		{ "mm_page_alloc: page=ffffea0000123440 pfn=0x48d1 order=2 migratetype=1 "
		  "gfp_flags=GFP_KERNEL", EVENT_PAGE_ALLOC, 0x48d1, 0xffffea0000123440, 2, 0 },
		{ "mm_page_alloc: page=          (null) pfn=0 order=10 migratetype=1 "
		  "gfp_flags=GFP_KERNEL", EVENT_PAGE_ALLOC, EVENT_PFN_FAILED, 0, 10,
		  EVENT_F_FAILED },
		{ "mm_page_alloc: page=0000000000000000 pfn=0x0 order=10 migratetype=1 "
		  "gfp_flags=GFP_KERNEL", EVENT_PAGE_ALLOC, EVENT_PFN_FAILED, 0, 10,
		  EVENT_F_FAILED },
		{ "mm_page_free_direct: page=ffffea0000123440 pfn=18641 order=2",
		  EVENT_PAGE_FREE_DIRECT, 18641, 0xffffea0000123440, 2, 0 },
		{ "mm_pagevec_free: page=ffffea0000123440 pfn=18641 order=0 cold=1",
		  EVENT_PAGEVEC_FREE, 18641, 0xffffea0000123440, 0, 0 },
		{ "mm_page_free_batched: page=ffffea0000123440 pfn=18641 order=0 cold=0",
		  EVENT_PAGE_FREE_BATCHED, 18641, 0xffffea0000123440, 0, 0 },
		{ "mm_page_free_batched: page=ffffea0000123440 pfn=0x48d1 order=0",
		  EVENT_PAGE_FREE_BATCHED, 0x48d1, 0xffffea0000123440, 0, 0 },
		{ "mm_page_free: page=ffffea0000123440 pfn=0x48d1 order=3", EVENT_PAGE_FREE, 0x48d1,
		  0xffffea0000123440, 3, 0 },
		{ "mm_page_alloc_zone_locked: page=ffffea0000123440 pfn=0x48d1 order=0 "
		  "migratetype=2 percpu_refill=1", EVENT_ZONE_LOCKED, 0x48d1, 0xffffea0000123440, 0,
		  0 },
		{ "mm_page_pcpu_drain: page=ffffea0000123440 pfn=18641 order=0 migratetype=2",
		  EVENT_PCPU_DRAIN, 18641, 0xffffea0000123440, 0, 0 },
		{ "mm_page_alloc: pfn=0x148a3 (84131) order=0x0 (0) gfp_flags=0x2800 (10240) "
		  "migratetype=0x0 (0)", EVENT_PAGE_ALLOC, 0x148a3, 0, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		char *text = xasprintf("%s%s\n", CONTEXT, kernels[i].payload);
		const struct event *ev = one(&d, text);

		ck_assert_uint_eq(ev->type, kernels[i].type);
		ck_assert_uint_eq(ev->page.pfn, kernels[i].pfn);
		ck_assert_uint_eq(ev->page.page, kernels[i].page);
		ck_assert_uint_eq(ev->page.order, kernels[i].order);
		ck_assert_uint_eq(ev->flags & EVENT_F_FAILED, kernels[i].flags);
		decoded_deinit(&d);
		free(text);
	}
}
END_TEST

START_TEST(events_with_odd_forms)
{
	struct decoded d;
	const struct event *ev;

	ev = one(&d, CONTEXT "alloc_vmap_area: va_start: 18446691931732836352 size=20480 align=1 "
			 "vstart=0xffffd093c0000000 vend=0xfffff093bfffffff failed=0\n");
	ck_assert_uint_eq(ev->vmap.addr, 18446691931732836352ULL);
	ck_assert_uint_eq(ev->vmap.vend, 0xfffff093bfffffffULL);
	ck_assert_uint_eq(ev->flags & EVENT_F_FAILED, 0);
	decoded_deinit(&d);
	ev = one(&d, CONTEXT "alloc_vmap_area: va_start: 18446744073709551615 size=1 align=1 "
			 "vstart=0x1 vend=0x2 failed=1\n");
	ck_assert_uint_eq(ev->vmap.addr, UINT64_MAX);
	ck_assert_uint_eq(ev->flags & EVENT_F_FAILED, EVENT_F_FAILED);
	decoded_deinit(&d);
	ev = one(&d, CONTEXT "mm_compaction_isolate_freepages: range=(0x1000 ~ 0x1200) nr_scanned=7 "
			 "nr_taken=5\n");
	ck_assert_uint_eq(ev->range.start, 0x1000);
	ck_assert_uint_eq(ev->range.end, 0x1200);
	ck_assert_uint_eq(ev->range.a, 7);
	ck_assert_uint_eq(ev->range.b, 5);
	decoded_deinit(&d);
	ev = one(&d, CONTEXT "mm_compaction_end: zone_start=0x1 migrate_pfn=0x2 free_pfn=0x3 "
			 "zone_end=0x4, mode=async status=not_suitable_zone\n");
	ck_assert_uint_eq(ev->compact.zone_end, 4);
	ck_assert_str_eq(decoded_word(&d, ev->compact.mode), "async");
	ck_assert_str_eq(decoded_word(&d, ev->compact.status), "not_suitable_zone");
	decoded_deinit(&d);
	ev = one(&d, CONTEXT "mm_compaction_suitable: node=0 zone=DMA      order=10 ret=skipped\n");
	ck_assert_str_eq(decoded_word(&d, ev->ordered.zone), "DMA");
	ck_assert_str_eq(decoded_word(&d, ev->ordered.word), "skipped");
	decoded_deinit(&d);
	ev = one(&d, CONTEXT "mm_setup_per_zone_lowmem_reserve: node_id=0 zone name=DMA upper_zone "
			 "name=Normal lowmem_reserve_pages=860\n");
	ck_assert_str_eq(decoded_word(&d, ev->reserve.zone), "DMA");
	ck_assert_str_eq(decoded_word(&d, ev->reserve.upper), "Normal");
	ck_assert_int_eq(ev->reserve.pages, 860);
	decoded_deinit(&d);
	ev = one(&d, CONTEXT "mm_setup_per_zone_wmarks: node_id=0 zone name=DMA32 watermark min=685 "
			 "low=856 high=1027 promo=1198\n");
	ck_assert_str_eq(decoded_word(&d, ev->wmark.zone), "DMA32");
	ck_assert_uint_eq(ev->wmark.min, 685);
	ck_assert_uint_eq(ev->wmark.promo, 1198);
	decoded_deinit(&d);
	ev = one(&d, CONTEXT "mark_victim: pid=12 comm=a b total-vm=123kB anon-rss=45kB "
			 "file-rss:6kB shmem-rss:0kB uid=0 pgtables=64kB oom_score_adj=-500\n");
	ck_assert_str_eq(decoded_word(&d, ev->oom.comm), "a b");
	ck_assert_uint_eq(ev->oom.total_vm, 123);
	ck_assert_uint_eq(ev->oom.file_rss, 6);
	ck_assert_int_eq(ev->oom.oom_score_adj, -500);
	decoded_deinit(&d);
	ev = one(&d, CONTEXT "mark_victim: pid=12\n");
	ck_assert_int_eq(ev->oom.pid, 12);
	decoded_deinit(&d);
	ev = one(&d, CONTEXT "cma_alloc: pfn=1f000 page=ffffea0000123440 count=32 align=5\n");
	ck_assert_uint_eq(ev->cma.pfn, 0x1f000);
	decoded_deinit(&d);
	ev = one(&d, CONTEXT "cma_alloc_start: name=reserved request_count=3 available_count=16384 "
			 "total_count=16384 align=2\n");
	ck_assert_uint_eq(ev->cma.count, 3);
	ck_assert_uint_eq(ev->cma.available, 16384);
	ck_assert_uint_eq(ev->cma.align, 2);
	decoded_deinit(&d);
	ev = one(&d, CONTEXT "mm_vmscan_direct_reclaim_begin: order=3 gfp_flags=GFP_KERNEL pid=7 "
			 "memcg_id=1 (in-irq)\n");
	ck_assert_int_eq(ev->ordered.order, 3);
	ck_assert_uint_eq(ev->ordered.gfp, GFP_BITS_KERNEL);
	decoded_deinit(&d);
}
END_TEST

START_TEST(kprobe_events)
{
	struct decoded d;
	const struct event *ev;
	uint64_t ptr;

	ev = one(&d, CONTEXT "vm_ret: (zoo_init+0x1721/0x3050 [zoo] <- __vmalloc_node_range) "
			 "ret=0xffffcbba40877000\n");
	ck_assert_str_eq(decoded_site(&d, ev->site), "zoo_init+0x1721/0x3050 [zoo]");
	ck_assert_uint_eq(ev->probe.addr, 0xffffcbba40877000ULL);
	decoded_deinit(&d);
	ev = one(&d, CONTEXT "vm_ret: (f+0x1/0x2 <- g) ret=0x0\n");
	ck_assert_uint_eq(ev->flags & EVENT_F_FAILED, EVENT_F_FAILED);
	decoded_deinit(&d);
	ev = one(&d, CONTEXT "vm_req: (__vmalloc_node_range_noprof+0x4/0x850) size=0x4000 "
			 "align=0x1000 gfp=0xdc0 vmflags=0x22 node=-1 caller=kernel_clone+0xc2/0x430\n");
	ck_assert_uint_eq(ev->probe.size, 0x4000);
	ck_assert_uint_eq(ev->probe.flags, 0x22);
	ck_assert_int_eq(ev->probe.node, -1);
	ck_assert_str_eq(decoded_site(&d, ev->site), "kernel_clone+0xc2/0x430");
	ck_assert_uint_eq(ev->probe.gfp, GFP_BITS_KERNEL | GFP_BIT_ZERO);
	decoded_deinit(&d);
	ev = one(&d, CONTEXT "cbulk_free: (kmem_cache_free_bulk+0x4/0x20) s=0xffff89a0c0045b00 "
			 "name=\"a \"b\" \xff\" n=3 p={0x1,0xffff899fd7285700,0x0}\n");
	ck_assert_str_eq(decoded_word(&d, ev->bulk.name), "a \"b\" \xff");
	ck_assert_uint_eq(ev->bulk.nr, 3);
	ck_assert_uint_eq(ev->bulk.nr_aux, 3);
	memcpy(&ptr, decoded_text(&d, ev) + 8 - ev->text.aux + ev->bulk.aux, sizeof(ptr));
	ck_assert_uint_eq(ptr, 0xffff899fd7285700ULL);
	decoded_deinit(&d);
	ev = one(&d, CONTEXT "cbulk_free: (kmem_cache_free_bulk+0x4/0x20) s=0x0 name=(fault) n=121 "
			 "p={0x1}\n");
	ck_assert_uint_eq(ev->bulk.name, 0);
	ck_assert_uint_eq(ev->flags & EVENT_F_FAILED, 0);
	decoded_deinit(&d);
	/* A tracepoint of somebody else's that happens to be called alike. */
	ev = one(&d, CONTEXT "vfree: addr=0xffffcbba40877000\n");
	ck_assert_uint_eq(ev->type, EVENT_OTHER);
	ck_assert_str_eq(decoded_word(&d, ev->other.name), "vfree");
	decoded_deinit(&d);
}
END_TEST

START_TEST(markers_and_their_newlines)
{
	struct decoded d;
	decode_text(&d, "# tracer: nop\n" CONTEXT "tracing_mark_write: LAB a: b=c\n"
		  CONTEXT "tracing_mark_write: two\nlines: here\n\n => and a fourth\n"
		  CONTEXT "tracing_mark_write:  blank first\n"
		  CONTEXT "0: no symbol\n"
		  CONTEXT "tracing_mark_write: \n"
		  CONTEXT KFREE);
	ck_assert_uint_eq(d.all.nr, 6);
	ck_assert_uint_eq(d.info->nr_by_type[EVENT_MARK], 5);
	ck_assert_str_eq(decoded_text(&d, &d.all.events[0]), "LAB a: b=c");
	ck_assert_str_eq(decoded_text(&d, &d.all.events[1]), "two\nlines: here\n");
	ck_assert_str_eq(decoded_text(&d, &d.all.events[2]), " blank first");
	ck_assert_str_eq(decoded_text(&d, &d.all.events[3]), "no symbol");
	ck_assert_str_eq(decoded_text(&d, &d.all.events[4]), "");
	ck_assert_uint_eq(d.all.events[5].type, EVENT_KFREE);
	decoded_deinit(&d);
}
END_TEST

/* A marker that is the last event of a batch goes on in the lines behind. */
START_TEST(marker_at_the_end_of_a_batch)
{
	struct decoded d;
	struct str text;

	str_init(&text);
	for (int i = 0; i < TRACE_BATCH - 1; i++)
		str_add(&text, CONTEXT KFREE);
	str_add(&text, CONTEXT "tracing_mark_write: two\nlines\nor three\n" CONTEXT KFREE);
	decode_text(&d, text.data);
	ck_assert_uint_eq(d.all.nr, TRACE_BATCH + 1);
	ck_assert_str_eq(decoded_text(&d, &d.all.events[TRACE_BATCH - 1]),
			 "two\nlines\nor three");
	ck_assert_uint_eq(d.info->nr_unparsed, 0);
	decoded_deinit(&d);
	str_deinit(&text);
}
END_TEST

START_TEST(losses_stand_before_the_next_event_of_their_cpu)
{
	struct decoded d;
	decode_text(&d, "# entries-in-buffer/entries-written: 4/9   #P:2\n"
		  "            init-1       [000] .....     1.000001: " KFREE
		  "CPU:1 [LOST 6878 EVENTS]\n"
		  "            init-1       [000] .....     1.000002: " KFREE
		  "            init-1       [001] .....     1.000003: " KFREE
		  "##### CPU 2 buffer started ####\n"
		  "CPU:0 [LOST EVENTS]\n"
		  "            init-1       [002] .....     1.000002: " KFREE
		  "            init-1       [000] .....     1.000004: " KFREE);
	ck_assert_uint_eq(d.all.nr, 5);
	ck_assert_uint_eq(d.info->nr_losses, 3);
	ck_assert_uint_eq(d.info->losses.items[0].nr, 6878);
	ck_assert_uint_eq(d.info->losses.items[0].event, 2);
	ck_assert_uint_eq(d.info->losses.items[0].cpu, 1);
	ck_assert_uint_eq(d.info->losses.items[0].time, 1000003000);
	ck_assert_uint_eq(d.info->losses.items[1].event, 3);
	ck_assert_uint_eq(d.info->losses.items[1].nr, 0);
	ck_assert_uint_eq(d.info->losses.items[2].event, 4);
	ck_assert_uint_eq(d.info->cpus.items[1].nr_lost, 6878);
	for (size_t i = 0; i < d.all.nr; i++)
		ck_assert_int_eq(!!(d.all.events[i].flags & EVENT_F_LOST), i >= 2);
	ck_assert(d.info->overrun);
	ck_assert_uint_eq(d.info->written, 9);
	ck_assert_uint_eq(d.info->nr_cpus, 3);
	ck_assert_uint_eq(d.info->nr_back, 1);
	ck_assert_uint_eq(d.info->max_back, 1000);
	ck_assert_uint_eq(d.info->nr_back_cpu, 0);
	decoded_deinit(&d);
}
END_TEST

START_TEST(stacks_and_strangers)
{
	struct decoded d;
	decode_text(&d, "# tracer: nop\n" CONTEXT KFREE CONTEXT "<stack trace>\n => f\n => g+0x1\n"
		  " => [FTRACE TRAMPOLINE]\n" CONTEXT "<user stack trace>\n =>  <00007f>\n => ??\n"
		  CONTEXT "sched_switch: prev_comm=a prev_pid=1 ==> next_comm=b\n"
		  CONTEXT "Unknown type 12\n" CONTEXT "vfs_read <-ksys_read\n"
		  CONTEXT "sched_switch: again\nwhat is this\n");
	ck_assert_uint_eq(d.info->nr_stack_lines, 7);
	ck_assert_uint_eq(d.all.nr, 5);
	ck_assert_uint_eq(d.info->nr_by_type[EVENT_OTHER], 4);
	ck_assert_uint_eq(d.info->nr_unparsed, 1);
	ck_assert_uint_eq(d.info->first_unparsed, 14);
	ck_assert_str_eq(decoded_word(&d, d.all.events[1].other.name), "sched_switch");
	ck_assert_uint_eq(d.info->other.items[d.all.events[1].other.name], 2);
	decoded_deinit(&d);
}
END_TEST

START_TEST(malformed_events_are_counted)
{
	struct decoded d;
	static const char *const payloads[] = {
		"kmalloc: call_site=f+0x1/0x2 ptr=ffff880012345678 bytes_req=100",
		"kmalloc: call_site=f+0x1/0x2 ptr=zz bytes_req=1 bytes_alloc=2 gfp_flags=none",
		"kmalloc: call_site=f ptr=(____ptrval____) bytes_req=1 bytes_alloc=2 gfp_flags=none",
		"kmalloc: call_site= ptr=0 bytes_req=1 bytes_alloc=2 gfp_flags=none",
		"kfree: call_site=f ptr=11112222333344445",
		"kfree: call_site=f",
		"kfree: ",
		"kfree:",
		"mm_page_free: page=0 pfn=0x1 order=256",
		"mm_page_free: page=0 pfn=99999999999999999999 order=1",
		"mm_page_free: page=0 pfn=- order=1",
		"cbulk_free: (f) s=0x1 name=\"x\" n=1 p={0x1,",
		"cbulk_free: (f) s=0x1 name=\"x n=1 p={0x1}",
		"vfree: (unclosed addr=0x1",
		"percpu_alloc_percpu_fail: reserved=0 is_atomic=0 size=4294967296 align=8",
	};

	for (size_t i = 0; i < ARRAY_SIZE(payloads); i++) {
		char *text = xasprintf("# tracer: nop\n%s%s\n%s%s", CONTEXT, payloads[i], CONTEXT,
				       KFREE);

		decode_text(&d, text);
		ck_assert_msg(d.info->nr_malformed == 1 && d.all.nr == 1 &&
			      d.info->first_malformed == 2 && d.info->nr_unparsed == 0,
			      "'%s': %llu malformed, %zu events", payloads[i],
			      (unsigned long long)d.info->nr_malformed, d.all.nr);
		decoded_deinit(&d);
		free(text);
	}
}
END_TEST

START_TEST(pointers_are_judged)
{
	struct decoded d;
	static const struct {
		const char *ptrs[2];
		bool hashed, is_32;
	} cases[] = {
		{ { "00000000abcd1234", "0000000000000000" }, true, false },
		{ { "00000000abcd1234", "ffff888100aa0000" }, false, false },
		{ { "0000000000000000", "0000000000000000" }, false, false },
		{ { "c1234560", "c1234570" }, false, true },
		{ { "0xffff8dcc40c4f000", "(nil)" }, false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = xasprintf(CONTEXT "kfree: call_site=f ptr=%s\n"
				       CONTEXT "kfree: call_site=f ptr=%s\n", cases[i].ptrs[0],
				       cases[i].ptrs[1]);

		decode_text(&d, text);
		ck_assert_uint_eq(d.all.nr, 2);
		ck_assert_int_eq(d.info->hashed_ptrs, cases[i].hashed);
		ck_assert_int_eq(d.info->long_is_32, cases[i].is_32);
		decoded_deinit(&d);
		free(text);
	}
}
END_TEST

START_TEST(unknown_masks_are_noted)
{
	struct decoded d;
	decode_text(&d, CONTEXT "mm_page_alloc: page=ffffea0000123440 pfn=0x1 order=0 migratetype=0 "
			  "gfp_flags=GFP_KERNEL|__GFP_NEVER\n"
		  CONTEXT "mm_page_alloc: page=ffffea0000123440 pfn=0x1 order=0 migratetype=0 "
			  "gfp_flags=GFP_KERNEL|__GFP_NEVER\n");
	ck_assert_uint_eq(d.all.nr, 2);
	ck_assert_uint_eq(d.info->nr_unknown_gfp, 2);
	ck_assert_uint_eq(d.info->unknown_gfp.nr, 1);
	ck_assert_str_eq(decoded_word(&d, d.info->unknown_gfp.items[0]), "__GFP_NEVER");
	ck_assert(d.all.events[1].page.gfp & GFP_BIT_UNKNOWN);
	decoded_deinit(&d);
}
END_TEST

START_TEST(unreadable_options_are_refused)
{
	struct decoded d;
	static const struct {
		const char *text;
		const char *option;
	} cases[] = {
		{ "# tracer: nop\n#\n1170 0 56456730062 type: 624\n", "'raw'" },
		{ "# tracer: nop\n#\n92040000 00 2a0000001f 00aa\n", "'hex'" },
		{ "# tracer: nop\n#\n\x01\x02\x03\x04\x05\x06\x07\x08\x03\x03\n", "'bin'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		decode_mem(&d, cases[i].text, strlen(cases[i].text), NULL, NULL);
		ck_assert(d.trace == NULL);
		ck_assert_msg(strstr(d.err.message, cases[i].option) != NULL, "%s", d.err.message);
		decoded_deinit(&d);
	}
}
END_TEST

START_TEST(kernels_are_guessed)
{
	struct decoded d;
	static const struct {
		const char *payload;
		unsigned int major, minor;
	} cases[] = {
		{ "kmem_cache_alloc: call_site=f+0x1/0x2 ptr=ffff880012345678 name=x bytes_req=1 "
		  "bytes_alloc=2 gfp_flags=GFP_KERNEL node=-1 accounted=true", 7, 2 },
		{ "kmalloc: call_site=__kmalloc_noprof+0x1/0x2 ptr=ffff880012345678 bytes_req=1 "
		  "bytes_alloc=2 gfp_flags=GFP_KERNEL node=-1 accounted=true", 6, 12 },
		{ "kmalloc: call_site=f+0x1/0x2 ptr=ffff880012345678 bytes_req=1 "
		  "bytes_alloc=2 gfp_flags=GFP_KERNEL node=-1 accounted=true", 6, 1 },
		{ "mm_page_alloc: page=ffffea0000123440 pfn=0x48d1 order=2 migratetype=1 "
		  "gfp_flags=GFP_KERNEL", 5, 15 },
		{ "kmalloc: call_site=f+0x1/0x2 ptr=ffff880012345678 bytes_req=1 "
		  "bytes_alloc=2 gfp_flags=GFP_KERNEL", 5, 4 },
		{ "kmalloc: call_site=ffffffff81123456 ptr=ffff880012345678 bytes_req=1 "
		  "bytes_alloc=2 gfp_flags=GFP_KERNEL|__GFP_RETRY_MAYFAIL", 4, 19 },
		{ "kmalloc: call_site=ffffffff81123456 ptr=ffff880012345678 bytes_req=1 "
		  "bytes_alloc=2 gfp_flags=GFP_KERNEL|__GFP_ZERO", 4, 9 },
		{ "kmalloc: call_site=ffffffff81123456 ptr=ffff880012345678 bytes_req=1 "
		  "bytes_alloc=2 gfp_flags=GFP_KERNEL|GFP_ZERO", 3, 16 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = xasprintf("%s%s\n", CONTEXT, cases[i].payload);

		one(&d, text);
		ck_assert(d.info->kernel_guessed);
		ck_assert_uint_eq(d.info->kernel.major, cases[i].major);
		ck_assert_uint_eq(d.info->kernel.minor, cases[i].minor);
		ck_assert_uint_eq(d.info->nr_unknown_gfp, 0);
		decoded_deinit(&d);
		free(text);
	}
	decode_text(&d, "# tracer: nop\n# nop latency trace v1.1.5 on 6.9.3-test\n" CONTEXT KFREE);
	ck_assert_str_eq(d.info->release, "6.9.3-test");
	ck_assert(!d.info->kernel_guessed);
	ck_assert_uint_eq(d.info->era, GFP_ERA_6_3);
	decoded_deinit(&d);
}
END_TEST

UNIT_MAIN("ftrace_text", layouts_say_the_same, task_names_hold_any_byte, counter_clocks_are_ticks,
	  kmalloc_of_all_generations, pages_of_all_generations, events_with_odd_forms,
	  kprobe_events, markers_and_their_newlines, marker_at_the_end_of_a_batch,
	  losses_stand_before_the_next_event_of_their_cpu, stacks_and_strangers,
	  malformed_events_are_counted, pointers_are_judged, unknown_masks_are_noted,
	  unreadable_options_are_refused, kernels_are_guessed)
