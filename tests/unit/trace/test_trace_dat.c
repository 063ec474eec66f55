/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace/trace_dat: files of any version, endianness, size of long and packing give the same events;
 * damaged ones give what is whole and say what is not.
 */
#include <config.h>

#include "decode.h"

#include "kmreplay/core/rng.h"

#include "dat_build.h"

static const struct layout {
	unsigned int version;
	bool big;
	unsigned int word;
	const char *packing;
} layouts[] = {
	{ 6, false, 8, "" },     { 6, false, 4, "" },     { 6, true, 8, "" },
	{ 6, true, 4, "" },      { 7, false, 8, "none" }, { 7, true, 4, "none" },
	{ 7, false, 8, "zlib" }, { 7, true, 8, "zlib" },  { 7, false, 4, "zlib" },
#ifdef HAVE_ZSTD
	{ 7, false, 8, "zstd" }, { 7, true, 4, "zstd" },
#endif
};

static struct dat_build build(const struct layout *layout)
{
	return (struct dat_build){ .version = layout->version, .big = layout->big,
				   .word = layout->word, .packing = layout->packing,
				   .clock = "mono" };
}

static struct dat_build build_all(const struct layout *layout)
{
	struct dat_build b = build(layout);

	dat_build_events(&b);
	dat_build_finish(&b);
	return b;
}

static void check_slab(const struct decoded *d)
{
	const struct event *ev = d->all.events;

	ck_assert_int_eq(ev[0].type, EVENT_KMALLOC);
	ck_assert_uint_eq(ev[0].time, 1000);
	ck_assert_int_eq(ev[0].pid, 7);
	ck_assert_str_eq(decoded_word(d, ev[0].comm), "seven");
	ck_assert_str_eq(decoded_site(d, ev[0].site), "alloc_it+0x10");
	ck_assert_uint_eq(ev[0].flags, EVENT_F_CONTEXT | EVENT_F_IRQS_OFF);
	ck_assert_uint_eq(ev[0].slab.ptr, 0xc1000080);
	ck_assert_uint_eq(ev[0].slab.bytes_req, 100);
	ck_assert_uint_eq(ev[0].slab.bytes_alloc, 128);
	ck_assert_uint_eq(ev[0].slab.gfp, GFP_BITS_KERNEL | GFP_BIT_ZERO | GFP_BIT_ACCOUNT);
	ck_assert_int_eq(ev[0].slab.node, -1);
	ck_assert_uint_eq(ev[0].slab.accounted, 1);
	ck_assert_uint_eq(ev[1].time, 1010);
	ck_assert_uint_eq(ev[1].flags, EVENT_F_CONTEXT | EVENT_F_IRQS_OFF | EVENT_F_FAILED);
	/* CPU 1's first event is as early as CPU 0's second. */
	ck_assert_int_eq(ev[2].type, EVENT_OTHER);
	ck_assert_uint_eq(ev[2].cpu, 1);
	ck_assert_uint_eq(ev[2].time, 1010);
	ck_assert_str_eq(decoded_word(d, ev[2].other.name), "other:kfree");
	ck_assert_uint_eq(ev[2].flags, EVENT_F_CONTEXT | EVENT_F_LOST);
	ck_assert_int_eq(ev[3].type, EVENT_OTHER);
	ck_assert_str_eq(decoded_word(d, ev[3].other.name), "unknown_event");
	ck_assert_int_eq(ev[4].type, EVENT_KFREE);
	ck_assert_uint_eq(ev[4].cpu, 1);
	ck_assert_uint_eq(ev[4].time, 1012);
	ck_assert_uint_eq(ev[4].comm, 0);
	ck_assert_uint_eq(ev[5].time, 1010 + (3ULL << 27) + 6);
	/* An exact hit is one of the two symbols there. */
	ck_assert_ptr_nonnull(strstr(decoded_site(d, ev[5].site), "_name+0x0"));
	ck_assert_uint_eq(ev[5].flags, EVENT_F_CONTEXT | EVENT_F_SOFTIRQ);
	ck_assert_int_eq(ev[6].type, EVENT_CACHE_FREE);
	ck_assert_uint_eq(ev[6].time, 1010 + (3ULL << 27) + 7);
	ck_assert_str_eq(decoded_word(d, ev[6].slab.name), "dentry");
	ck_assert_str_eq(decoded_word(d, ev[6].comm), "<idle>");
	/* Between: the first of those at one address. */
	ck_assert_str_eq(decoded_site(d, ev[6].site), "first_name+0xff0");
}

static void check_rest(const struct decoded *d)
{
	const struct event *ev = d->all.events;
	uint64_t ptr;

	ck_assert_int_eq(ev[7].type, EVENT_PAGE_ALLOC);
	ck_assert_uint_eq(ev[7].time, 5ULL << 27);
	ck_assert_uint_eq(ev[7].flags, EVENT_F_CONTEXT | EVENT_F_LOST);
	ck_assert_uint_eq(ev[7].page.pfn, 0x1234);
	ck_assert_uint_eq(ev[7].page.order, 3);
	ck_assert_uint_eq(ev[7].page.migratetype, 1);
	ck_assert_uint_eq(ev[7].page.gfp, GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM);
	ck_assert_uint_eq(ev[8].page.pfn, EVENT_PFN_FAILED);
	ck_assert_uint_eq(ev[8].flags, EVENT_F_CONTEXT | EVENT_F_FAILED);
	ck_assert_int_eq(ev[9].type, EVENT_COMPACT_FINISHED);
	ck_assert_uint_eq(ev[9].time, (6ULL << 27) + 77);
	ck_assert_uint_eq(ev[9].flags, EVENT_F_CONTEXT | EVENT_F_BH_OFF);
	ck_assert_str_eq(decoded_word(d, ev[9].ordered.zone), "Normal");
	ck_assert_str_eq(decoded_word(d, ev[9].ordered.word), "skipped");
	ck_assert_int_eq(ev[9].ordered.order, 9);
	/* Numbers without a word, and one that a nameless entry may stand for. */
	ck_assert_str_eq(decoded_word(d, ev[10].ordered.zone), "9");
	ck_assert_str_eq(decoded_word(d, ev[10].ordered.word), "0");
	ck_assert_int_eq(ev[11].type, EVENT_MARK);
	ck_assert_str_eq(decoded_text(d, &ev[11]), "marked");
	ck_assert_int_eq(ev[12].type, EVENT_OTHER);
	ck_assert_str_eq(decoded_word(d, ev[12].other.name), "alloc_it");
	ck_assert_int_eq(ev[13].type, EVENT_PROBE_BULK_FREE);
	ck_assert_uint_eq(ev[13].bulk.addr, 0xc5000000);
	ck_assert_uint_eq(ev[13].bulk.nr, 2);
	ck_assert_uint_eq(ev[13].bulk.name, 0);
	ck_assert_uint_eq(ev[13].flags, EVENT_F_CONTEXT);
	ck_assert_uint_eq(ev[13].bulk.nr_aux, 3);
	memcpy(&ptr, d->all.aux + ev[13].bulk.aux + 8, sizeof(ptr));
	ck_assert_uint_eq(ptr, 0xc6000040);
}

static void check_info(const struct decoded *d, const struct layout *layout)
{
	const struct trace_info *info = d->info;

	ck_assert_str_eq(info->format, layout->version == 6 ? "trace.dat v6" : "trace.dat v7");
	ck_assert_str_eq(info->release, "6.12.1-test");
	ck_assert_int_eq(info->era, GFP_ERA_6_11);
	ck_assert_str_eq(info->clock, "mono");
	ck_assert_int_eq(info->long_is_32, layout->word == 4);
	ck_assert_uint_eq(info->nr_cpus, 2);
	ck_assert_uint_eq(info->nr_unparsed, 0);
	ck_assert_uint_eq(info->nr_malformed, 0);
	ck_assert_uint_eq(info->nr_unknown_gfp, 0);
	ck_assert(!info->truncated);
	ck_assert_uint_eq(info->nr_losses, 2);
	ck_assert_uint_eq(info->losses.items[0].cpu, 1);
	ck_assert_uint_eq(info->losses.items[0].nr, 0);
	ck_assert_uint_eq(info->losses.items[0].event, 2);
	ck_assert_uint_eq(info->losses.items[1].nr, 42);
	ck_assert_uint_eq(info->losses.items[1].event, 7);
	ck_assert_uint_eq(info->losses.items[1].time, 5ULL << 27);
}

START_TEST(all_layouts_give_the_same_events)
{
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		struct dat_build b = build_all(&layouts[i]);
		struct trace_options options = { .no_readahead = i & 1 };
		struct event_names names;
		struct decoded d;

		event_names_init(&names);
		decode_mem(&d, b.out.data, b.out.len, &names, &options);
		ck_assert_msg(d.status == TRACE_END, "layout %zu: %s", i, d.err.message);
		ck_assert_uint_eq(d.all.nr, 14);
		check_slab(&d);
		check_rest(&d);
		check_info(&d, &layouts[i]);
		decoded_deinit(&d);
		event_names_deinit(&names);
		dat_build_deinit(&b);
	}
}
END_TEST

START_TEST(statistics_instances_and_clocks)
{
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		struct dat_build b = build(&layouts[i]);
		struct event_names names;
		struct decoded d;

		b.tsc = b.instance = true;
		b.overrun = 5;
		b.clock = "x86-tsc";
		dat_build_events(&b);
		dat_build_finish(&b);
		event_names_init(&names);
		decode_mem(&d, b.out.data, b.out.len, &names, NULL);
		ck_assert_msg(d.status == TRACE_END, "layout %zu: %s", i, d.err.message);
		ck_assert_uint_eq(d.all.nr, 14);
		ck_assert_uint_eq(d.all.events[0].time, 500);
		ck_assert_int_eq(d.info->unit, TRACE_CLOCK_NS);
		ck_assert_uint_eq(d.info->nr_left_buffers, 1);
		ck_assert_str_eq(d.info->left_buffers, "extra");
		/* The page of CPU 1 did not say how many: the statistics do. */
		ck_assert(d.info->overrun);
		ck_assert_uint_eq(d.info->cpus.items[1].nr_lost, 5);
		ck_assert_uint_eq(d.info->cpus.items[0].nr_lost, 42);
		decoded_deinit(&d);
		event_names_deinit(&names);
		dat_build_deinit(&b);
	}
}
END_TEST

START_TEST(ticks_are_said_to_be_ticks)
{
	struct dat_build b = build(&layouts[0]);
	struct event_names names;
	struct decoded d;

	b.clock = "x86-tsc";
	dat_build_events(&b);
	dat_build_finish(&b);
	event_names_init(&names);
	decode_mem(&d, b.out.data, b.out.len, &names, NULL);
	ck_assert_int_eq(d.info->unit, TRACE_CLOCK_TICKS);
	ck_assert_uint_eq(d.all.events[0].time, 1000);
	decoded_deinit(&d);
	event_names_deinit(&names);
	dat_build_deinit(&b);
}
END_TEST

/* Long events, and events that fill a page to its last byte. */
START_TEST(a_full_page_and_a_long_event)
{
	struct dat_build b = build(&layouts[0]);
	struct event_names names;
	struct decoded d;
	char text[401];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	dat_page_begin(&b, 0, 1);
	dat_head(&b, 0, 3);
	dat_put_to(&b, &b.page, 4 + 16 + sizeof(text), 4);
	dat_put_to(&b, &b.page, DAT_PRINT, 2);
	dat_put_to(&b, &b.page, 0, 2);
	dat_put_to(&b, &b.page, 7, 4);
	dat_put_to(&b, &b.page, 0, 8);
	str_add_mem(&b.page, text, sizeof(text));
	while (b.page.len % 4)
		str_add_char(&b.page, '\0');
	while (b.page.len + 28 <= DAT_BUILD_PAGE - 16)
		dat_kfree(&b, 1, b.page.len);
	dat_page_end(&b, 0);
	dat_build_finish(&b);
	event_names_init(&names);
	decode_mem(&d, b.out.data, b.out.len, &names, NULL);
	ck_assert_int_eq(d.status, TRACE_END);
	ck_assert(!d.info->truncated);
	ck_assert_uint_eq(d.all.nr, 1 + (DAT_BUILD_PAGE - 16 - 428) / 28);
	ck_assert_uint_eq(d.all.events[0].time, 4);
	ck_assert_str_eq(decoded_text(&d, &d.all.events[0]), text);
	decoded_deinit(&d);
	event_names_deinit(&names);
	dat_build_deinit(&b);
}
END_TEST

/* One clear line or a note, and nothing but events of the whole file. */
static void check_damaged(const char *data, size_t len, size_t nr_whole)
{
	struct event_names names;
	struct decoded d;

	event_names_init(&names);
	decode_mem(&d, data, len, &names, NULL);
	if (d.status == TRACE_ERROR) {
		ck_assert_uint_gt(strlen(d.err.message), 10);
		ck_assert_ptr_null(strchr(d.err.message, '\n'));
	} else {
		ck_assert(d.all.nr == nr_whole || d.info->truncated);
		ck_assert_uint_le(d.all.nr, nr_whole);
	}
	decoded_deinit(&d);
	event_names_deinit(&names);
}

START_TEST(files_cut_anywhere)
{
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i += 2) {
		struct dat_build b = build_all(&layouts[i]);

		for (size_t len = 0; len < b.out.len; len += 1 + len / 100)
			check_damaged(b.out.data, len, 14);
		dat_build_deinit(&b);
	}
}
END_TEST

/* Bytes changed anywhere: whatever comes of it, it comes to an end. */
START_TEST(files_with_flipped_bytes)
{
	struct rng rng;

	rng_init(&rng, 7);
	for (int round = 0; round < 1500; round++) {
		const struct layout *layout = &layouts[rng_below(&rng, ARRAY_SIZE(layouts))];
		struct dat_build b = build_all(layout);
		struct event_names names;
		struct decoded d;

		for (uint64_t n = rng_below(&rng, 8) + 1; n; n--)
			b.out.data[rng_below(&rng, b.out.len)] ^= (char)(1U << rng_below(&rng, 8));
		event_names_init(&names);
		decode_mem(&d, b.out.data, b.out.len, &names, NULL);
		if (d.status == TRACE_ERROR)
			ck_assert_uint_gt(strlen(d.err.message), 10);
		decoded_deinit(&d);
		event_names_deinit(&names);
		dat_build_deinit(&b);
	}
}
END_TEST

START_TEST(a_chunk_that_is_damaged_costs_only_itself)
{
	static const struct layout zlib = { 7, false, 8, "zlib" };
	struct dat_build b = build(&zlib);
	struct event_names names;
	struct decoded d;
	char *mark;

	for (unsigned int page = 0; page < 20; page++) {
		dat_page_begin(&b, 0, 1000 * page);
		dat_kfree(&b, 0, page + 1);
		dat_page_end(&b, 0);
	}
	dat_build_finish(&b);
	/* The chunks are alike but for a few bytes: take the tenth's zlib header. */
	mark = b.out.data;
	for (int n = 0; n < 15; n++)
		mark = memmem(mark + 1, b.out.len - (size_t)(mark + 1 - b.out.data), "\x78\x9c", 2);
	ck_assert_ptr_nonnull(mark);
	mark[3] ^= 0x55;
	event_names_init(&names);
	decode_mem(&d, b.out.data, b.out.len, &names, NULL);
	ck_assert_int_eq(d.status, TRACE_END);
	ck_assert_uint_eq(d.all.nr, 19);
	ck_assert(d.info->truncated);
	ck_assert_ptr_nonnull(strstr(d.info->truncation, "zlib cannot unpack it"));
	ck_assert_uint_eq(d.info->nr_losses, 1);
	ck_assert_uint_eq(d.info->losses.items[0].event, 9);
	decoded_deinit(&d);
	event_names_deinit(&names);
	dat_build_deinit(&b);
}
END_TEST

UNIT_MAIN("trace_dat", all_layouts_give_the_same_events, statistics_instances_and_clocks,
	  ticks_are_said_to_be_ticks, a_full_page_and_a_long_event, files_cut_anywhere,
	  files_with_flipped_bytes, a_chunk_that_is_damaged_costs_only_itself)
