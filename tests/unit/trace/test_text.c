/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the text readers share: hot code and general code must read alike, and no bytes at all may
 * hurt them.
 */
#include <config.h>

#include "decode.h"

#include "kmreplay/core/rng.h"

/* One line of each shape, in three formats. */
static const char *const samples[] = {
	"# tracer: nop\n"
	"# entries-in-buffer/entries-written: 9/9   #P:2\n"
	"          <idle>-0       [000] d..1.     1.245311: kmalloc: call_site=f+0xf7/0x3f0 "
	"ptr=ffff899fc32fe340 bytes_req=64 bytes_alloc=64 gfp_flags=GFP_KERNEL node=-1 "
	"accounted=false\n"
	"            init-1       [000] .Ns..     1.633595: kmem_cache_free: call_site=g+0x1bf/0x560 "
	"[mod] ptr=ffff899fc336da00 name=maple_node\n"
	"            init-1       [001] .....     1.633596: mm_page_alloc: page=fffff38f000cdb00 "
	"pfn=0x336c order=0 migratetype=0 gfp_flags=__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP\n"
	"CPU:1 [LOST 6878 EVENTS]\n"
	"            init-1       [001] .....     3.126569: kcc: (__kmem_cache_create_args+0x4/0x480)"
	" name=\"inotify_inode_mark\" size=80 align=8 flags=0x2100\n"
	"            init-1       [001] .....     3.126932: kcc_ret: (inotify_user_setup+0xd0/0x140 "
	"<- __kmem_cache_create_args) s=0xffff899fc3381d00\n"
	"           <...>-32      [001] ...1.     3.147217: cbulk_free: (kmem_cache_free_bulk+0x4/0x20)"
	" s=0xffff89a0c0045b00 name=\"maple_node\" n=3 p={0xffff899fd7285f00,0x0}\n"
	"            init-1       [001] .....     5.078749: tracing_mark_write: LAB init boot\nmore\n"
	"            init-1       [001] .....     5.078750: <stack trace>\n => f\n"
	"##### CPU 1 buffer started ####\n"
	"         kswapd0-39      [000] .....     7.124703: mm_compaction_suitable: node=0 "
	"zone=DMA      order=10 ret=skipped\n",

	"cpus=2\n"
	"       trace-cmd-1620  [001]    66.690982: kfree:                (f+0x1) call_site=f+0x1 "
	"ptr=(nil)\n"
	"          <idle>-0     [000]     0.601446: alloc_vmap_area:      va_start: "
	"18446690072011997184 size=20480 align=1 vstart=0xffffcee2c0000000 vend=0xffffeee2bfffffff "
	"failed=0\n"
	"CPU:0 [12 EVENTS DROPPED]\n"
	"            init-1     [000]     3.820140: print:                tracing_mark_write: LAB\n"
	"[UNKNOWN EVENT][UNKNOWN EVENT] (NULL):               [UNKNOWN EVENT]\n",

	"            perf   516 [001]    10.854744:                     kmem:kfree: call_site=f+0xf3 "
	"ptr=0xffff8dcc417e16c8\n"
	"\tffffffff8add39bd f+0x28d (vmlinux)\n\n"
	"a b 12/13 [000]     7.010699: 100      kmem:kmalloc: call_site=g+0x25 "
	"ptr=0xffff8dcc40a2a938 bytes_req=8 bytes_alloc=8 gfp_flags=GFP_KERNEL node=-1 "
	"accounted=false\n",
};

/* Reads anything; only asks that it ends, and that all lines are accounted for. */
static size_t read_bytes(const char *bytes, size_t len)
{
	struct decoded d;
	size_t nr;

	decode_mem(&d, bytes, len, NULL, NULL);
	nr = d.all.nr;
	if (d.trace) {
		ck_assert_uint_eq(d.info->nr_events, nr);
		ck_assert_uint_le(nr + d.info->nr_unparsed + d.info->nr_malformed,
				  d.info->nr_lines);
	} else {
		ck_assert(d.err.message[0] && !strchr(d.err.message, '\n'));
	}
	decoded_deinit(&d);
	return nr;
}

START_TEST(cut_at_every_byte)
{
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		size_t whole = strlen(samples[i]);
		size_t last = 0;

		for (size_t len = 0; len <= whole; len++) {
			size_t nr = read_bytes(samples[i], len);

			/* What was there stays: a cut never loses an event before it. */
			ck_assert_uint_ge(nr, last);
			last = nr;
		}
		ck_assert_uint_gt(last, 1);
	}
}
END_TEST

START_TEST(last_line_without_end_is_told)
{
	struct decoded d;
	const char *text = samples[0];

	decode_mem(&d, text, strlen(text) - 5, NULL, NULL);
	ck_assert_int_eq(d.status, TRACE_END);
	ck_assert(d.info->truncated);
	ck_assert_str_eq(d.info->truncation, "line 15 has no end and is not read");
	decoded_deinit(&d);
	decode_text(&d, text);
	ck_assert(!d.info->truncated);
	decoded_deinit(&d);
}
END_TEST

START_TEST(changed_bytes_do_no_harm)
{
	struct rng rng;

	rng_init(&rng, 7);
	for (int round = 0; round < 600; round++) {
		const char *sample = samples[round % (int)ARRAY_SIZE(samples)];
		size_t len = strlen(sample);
		char *copy = xstrndup(sample, len);
		unsigned int changes = 1 + (unsigned int)rng_below(&rng, 8);

		while (changes--) {
			static const char nasty[] = "\n\0 =:-[]()\"{},0x9f\xff\\#>";
			size_t at = rng_below(&rng, len);

			if (rng_next(&rng) & 1)
				copy[at] = nasty[rng_below(&rng, sizeof(nasty))];
			else
				copy[at] = (char)rng_next(&rng);
		}
		read_bytes(copy, len);
		free(copy);
	}
}
END_TEST

START_TEST(noise_is_no_trace)
{
	struct rng rng;
	char noise[4096];

	rng_init(&rng, 8);
	for (int round = 0; round < 50; round++) {
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (char)rng_next(&rng);
		read_bytes(noise, sizeof(noise));
		/* and behind a header, so that a reader takes it for its own */
		memcpy(noise, "# tracer: nop\n", 14);
		read_bytes(noise, sizeof(noise));
		memcpy(noise, "cpus=2\n", 7);
		read_bytes(noise, sizeof(noise));
	}
}
END_TEST

START_TEST(endless_lines_are_passed_over)
{
	struct str text;
	struct decoded d;

	str_init(&text);
	str_add(&text, samples[0]);
	for (int i = 0; i < 3 << 20; i++)
		str_add_char(&text, i % 7 ? 'x' : '=');
	str_add_char(&text, '\n');
	str_add(&text, samples[0]);
	decode_mem(&d, text.data, text.len, NULL, NULL);
	ck_assert_int_eq(d.status, TRACE_END);
	ck_assert_uint_eq(d.info->nr_unparsed, 1);
	ck_assert_uint_eq(d.info->first_unparsed, 16);
	ck_assert_uint_eq(d.info->nr_lines, 31);
	ck_assert_uint_eq(d.all.nr, 16);
	decoded_deinit(&d);
	str_deinit(&text);
}
END_TEST

START_TEST(many_names_and_sites)
{
	struct str text;
	struct decoded d;
	const unsigned int nr = 100000;

	str_init(&text);
	for (unsigned int i = 0; i < nr; i++)
		str_addf(&text, "%16u-%-7u [%03u] .....     1.%06u: kmem_cache_free: "
			 "call_site=function_%u+0x1/0x2 ptr=ffff8881%08x name=cache_%u\n", i, i,
			 i % 64, i, i, i, i);
	decode_text(&d, text.data);
	ck_assert_uint_eq(d.all.nr, nr);
	for (unsigned int i = 0; i < nr; i += 997) {
		char want[64];

		snprintf(want, sizeof(want), "function_%u+0x1/0x2", i);
		ck_assert_str_eq(decoded_site(&d, d.all.events[i].site), want);
		snprintf(want, sizeof(want), "cache_%u", i);
		ck_assert_str_eq(decoded_word(&d, d.all.events[i].slab.name), want);
		snprintf(want, sizeof(want), "%u", i);
		ck_assert_str_eq(decoded_word(&d, d.all.events[i].comm), want);
	}
	decoded_deinit(&d);
	str_deinit(&text);
}
END_TEST

/* An unknown key in the middle keeps a line out of the hot code. */
static void check_general_code(const char *text, size_t len)
{
	struct event_names names;
	struct decoded hot, general;
	struct str other;

	event_names_init(&names);
	str_init(&other);
	for (const char *s = text, *e; (e = memchr(s, '\n', len - (size_t)(s - text))); s = e + 1) {
		const char *key = memmem(s, (size_t)(e - s), " ptr=", 5);

		if (!key)
			key = memmem(s, (size_t)(e - s), " pfn=", 5);
		if (!key)
			key = memmem(s, (size_t)(e - s), " page=", 6);
		if (!key || memmem(s, (size_t)(e - s), "tracing_mark_write", 18) ||
		    memmem(s, (size_t)(e - s), "zoo_log", 7))
			key = e;
		str_add_mem(&other, s, (size_t)(key - s));
		if (key < e)
			str_add(&other, " other=1");
		str_add_mem(&other, key, (size_t)(e + 1 - key));
	}
	decode_mem(&hot, text, len, &names, NULL);
	decode_mem(&general, other.data, other.len, &names, NULL);
	ck_assert_uint_eq(hot.all.nr, general.all.nr);
	ck_assert_uint_eq(hot.info->nr_lines, general.info->nr_lines);
	for (size_t i = 0; i < hot.all.nr; i++)
		ck_assert_msg(event_equal(&hot.all.events[i], &hot.all, &general.all.events[i],
					  &general.all), "event %zu differs", i);
	decoded_deinit(&hot);
	decoded_deinit(&general);
	str_deinit(&other);
	event_names_deinit(&names);
}

START_TEST(hot_and_general_code_agree)
{
	static const char *const recordings[] = {
		"zoo-612/trace.txt.gz", "boot-72/trace.txt.gz", "perf-612/trace-pipe.txt.gz",
		"perf-612/tc7-report.txt.gz", "perf-612/perf-script.txt.gz",
	};

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		check_general_code(samples[i], strlen(samples[i]));
	for (size_t i = 0; i < ARRAY_SIZE(recordings); i++) {
		char *path = decode_recording(recordings[i]);
		char *command;
		struct str text;
		char buf[4096];
		size_t got;
		FILE *fp;

		if (!path)
			return;
		command = xasprintf("zcat '%s' | head -n 60000", path);
		fp = popen(command, "r");
		ck_assert(fp != NULL);
		str_init(&text);
		while ((got = fread(buf, 1, sizeof(buf), fp)) > 0)
			str_add_mem(&text, buf, got);
		pclose(fp);
		check_general_code(text.data, text.len);
		str_deinit(&text);
		free(command);
		free(path);
	}
}
END_TEST

UNIT_MAIN("text", cut_at_every_byte, last_line_without_end_is_told, changed_bytes_do_no_harm,
	  noise_is_no_trace, endless_lines_are_passed_over, many_names_and_sites,
	  hot_and_general_code_agree)
