/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening: formats by content, options, files that are none; recordings against their checks. */
#include <config.h>

#include "decode.h"

#include <zlib.h>

#define FTRACE_LINE "            init-1       [000] .....     1.000000: kfree: call_site=f ptr=0\n"
#define REPORT_LINE \
	"            init-1     [000]     1.000000: kfree:                call_site=f ptr=(nil)\n"
#define PERF_LINE "perf   516 [001]    10.854744:   kmem:kfree: call_site=f+0xf3 ptr=0x1\n"

static void check_format(const char *text, const char *format)
{
	struct decoded d;

	decode_text(&d, text);
	ck_assert_str_eq(d.info->format, format);
	ck_assert_uint_eq(d.info->nr_by_type[EVENT_KFREE], 1);
	decoded_deinit(&d);
}

START_TEST(formats_are_known_by_content)
{
	check_format("# tracer: nop\n" FTRACE_LINE, "ftrace");
	check_format(FTRACE_LINE, "ftrace");
	check_format("CPU:1 [LOST 12 EVENTS]\n" FTRACE_LINE, "ftrace");
	check_format("# kmreplay text 1 era=6 unit=ns\n" FTRACE_LINE, "ftrace");
	check_format("cpus=2\n" REPORT_LINE, "report");
	check_format(REPORT_LINE, "report");
	check_format("version = 6\nCPU 1 is empty\ncpus=2\n" REPORT_LINE, "report");
	check_format(PERF_LINE, "perf");
	check_format("# ========\n# captured on    : Sat Nov 21\n" PERF_LINE, "perf");
}
END_TEST

static void check_refused(const void *bytes, size_t len, const char *message)
{
	struct decoded d;

	decode_mem(&d, bytes, len, NULL, NULL);
	ck_assert(d.trace == NULL);
	ck_assert_msg(strstr(d.err.message, message) != NULL, "%s", d.err.message);
	decoded_deinit(&d);
}

START_TEST(other_files_are_refused)
{
	check_refused("", 0, "is empty");
	check_refused("hello, world\n", 13, "is of no known trace format");
	check_refused(": \n: : \n", 8, "is of no known trace format");
	check_refused("\xfd" "7zXZ\0....", 10, "compressed with xz: unpack it with 'xz -d' first");
	check_refused("PERFILE2........", 16, "give what 'perf script' prints of it");
}
END_TEST

START_TEST(options_count)
{
	struct trace_options options = { .format = "report", .kernel = { 5, 10 } };
	struct decoded d;

	decode_mem(&d, FTRACE_LINE, strlen(FTRACE_LINE), NULL, &options);
	ck_assert_str_eq(d.info->format, "report");
	ck_assert_uint_eq(d.info->kernel.major, 5);
	ck_assert_uint_eq(d.info->era, GFP_ERA_5_10);
	ck_assert(!d.info->kernel_guessed);
	decoded_deinit(&d);
	options.format = "no such";
	decode_mem(&d, FTRACE_LINE, strlen(FTRACE_LINE), NULL, &options);
	ck_assert(d.trace == NULL);
	ck_assert_str_eq(d.err.message, "no trace format is called 'no such'");
	decoded_deinit(&d);
}
END_TEST

START_TEST(batches_are_accounted)
{
	struct str text;
	struct decoded d;
	const unsigned int nr = 3 * TRACE_BATCH + 5;

	str_init(&text);
	for (unsigned int i = 0; i < nr; i++)
		str_addf(&text, "            init-1       [%03u] .....     1.%06u: kfree: call_site=f "
			 "ptr=ffff888100aa0000\n", i % 3, i + 1);
	decode_text(&d, text.data);
	ck_assert_uint_eq(d.info->nr_events, nr);
	ck_assert_uint_eq(d.info->nr_lines, nr);
	ck_assert_uint_eq(d.info->first_time, 1000001000);
	ck_assert_uint_eq(d.info->last_time, 1000000000 + nr * 1000ULL);
	ck_assert_uint_eq(d.info->cpus.nr, 3);
	ck_assert_uint_eq(d.info->cpus.items[2].first_time, 1000003000);
	ck_assert_uint_eq(d.info->cpus.items[0].nr_events + d.info->cpus.items[1].nr_events +
			  d.info->cpus.items[2].nr_events, nr);
	ck_assert_uint_eq(d.info->nr_back, 0);
	decoded_deinit(&d);
	str_deinit(&text);
}
END_TEST

/* Packed data that end early: all whole lines before, then the error. */
START_TEST(cut_gzip_gives_what_came_before)
{
	struct str text;
	struct decoded d;
	char *path = decode_file("", 0);
	unsigned char *packed;
	gzFile gz = gzopen(path, "wb1");
	struct stat st;
	FILE *fp;

	str_init(&text);
	for (unsigned int i = 0; i < 100000; i++)
		str_addf(&text, "            init-1       [000] .....     1.%06u: kfree: call_site=f "
			 "ptr=ffff8881%08x\n", i, i * 2654435761U);
	ck_assert_int_eq(gzwrite(gz, text.data, (unsigned int)text.len), (int)text.len);
	gzclose(gz);
	ck_assert_int_eq(stat(path, &st), 0);
	packed = xmalloc((size_t)st.st_size);
	fp = fopen(path, "rb");
	ck_assert(fp && fread(packed, 1, (size_t)st.st_size, fp) == (size_t)st.st_size);
	fclose(fp);
	for (long part = 1; part < 8; part++) {
		decode_mem(&d, packed, (size_t)(st.st_size * part / 8), NULL, NULL);
		ck_assert_int_eq(d.status, TRACE_ERROR);
		ck_assert(strstr(d.err.message, "the gzip data end early") != NULL);
		ck_assert_uint_gt(d.all.nr, (size_t)part * 100000 / 9);
		ck_assert_uint_lt(d.all.nr, (size_t)(part + 1) * 100000 / 8);
		ck_assert_uint_eq(d.info->nr_malformed + d.info->nr_unparsed, 0);
		ck_assert_str_eq(d.info->compression, "gzip");
		decoded_deinit(&d);
	}
	unlink(path);
	free(path);
	free(packed);
	str_deinit(&text);
}
END_TEST

/* How many events of "name" were delivered. */
static uint64_t count_of(const struct decoded *d, const char *name)
{
	enum event_type type = event_type_by_name(name, strlen(name));
	uint32_t id = intern_find(&d->names->texts, name, strlen(name));

	if (type != EVENT_OTHER)
		return d->info->nr_by_type[type];
	return id < d->info->other.nr ? d->info->other.items[id] : 0;
}

/* The section "events" of a check.txt: "  95767  kmalloc" lines up to an empty one. */
static void check_counts(const struct decoded *d, const char *check_path)
{
	FILE *fp = fopen(check_path, "r");
	char line[512];
	uint64_t sum = 0;
	bool in_events = false;

	ck_assert(fp != NULL);
	while (fgets(line, sizeof(line), fp)) {
		unsigned long long count;
		char name[128];

		if (strcmp(line, "events\n") == 0) {
			in_events = true;
		} else if (in_events && sscanf(line, " %llu %127s", &count, name) == 2) {
			/* report cannot print vm_req and does not say so by name */
			if (strcmp(d->info->format, "report") == 0 && strcmp(name, "vm_req") == 0)
				ck_assert_uint_eq(count_of(d, "unknown_event"), count);
			else
				ck_assert_msg(count_of(d, name) == count, "%s: %llu, not %llu",
					      name, (unsigned long long)count_of(d, name), count);
			sum += count;
		} else {
			in_events = false;
		}
	}
	fclose(fp);
	ck_assert_uint_gt(sum, 0);
	ck_assert_uint_eq(sum, d->info->nr_events);
}

START_TEST(recordings_have_the_events_of_their_checks)
{
	static const char *const recordings[][2] = {
		{ "boot-61", "trace.txt.gz" }, { "boot-612", "trace.txt.gz" },
		{ "boot-72", "trace.txt.gz" }, { "zoo-61", "trace.txt.gz" },
		{ "zoo-612", "trace.txt.gz" }, { "zoo-612", "report.txt.gz" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(recordings); i++) {
		char *name = xasprintf("%s/%s", recordings[i][0], recordings[i][1]);
		char *check = xasprintf("%s/check.txt", recordings[i][0]);
		char *path = decode_recording(name);
		char *check_path = decode_recording(check);
		struct decoded d;

		if (path && check_path) {
			decode_path(&d, path, NULL, NULL);
			ck_assert_int_eq(d.status, TRACE_END);
			ck_assert_uint_eq(d.info->nr_unparsed, 0);
			ck_assert_uint_eq(d.info->nr_malformed, 0);
			ck_assert_uint_eq(d.info->nr_unknown_gfp, 0);
			ck_assert(!d.info->truncated && !d.info->hashed_ptrs);
			check_counts(&d, check_path);
			decoded_deinit(&d);
		}
		free(name);
		free(check);
		free(path);
		free(check_path);
	}
}
END_TEST

/* The same events in every form that tracefs prints them in. */
START_TEST(forms_of_one_buffer_agree)
{
	static const char *const forms[] = { "tgid", "noirqinfo", "latency", "fields", "symaddr" };
	struct event_names names;
	struct decoded all[ARRAY_SIZE(forms)];
	size_t nr = 0;

	event_names_init(&names);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		char *name = xasprintf("perf-612/trace-%s.txt.gz", forms[i]);
		char *path = decode_recording(name);

		free(name);
		if (!path)
			break;
		decode_path(&all[nr++], path, &names, NULL);
		free(path);
	}
	for (size_t i = 0; i < nr; i++) {
		ck_assert_uint_eq(all[i].all.nr, 1570);
		ck_assert_uint_eq(all[i].info->nr_unparsed + all[i].info->nr_malformed, 0);
		ck_assert_int_eq(all[i].info->hashed_ptrs, strcmp(forms[i], "fields") != 0);
		for (size_t e = 0; e < all[i].all.nr; e++) {
			const struct event *a = &all[0].all.events[e];
			const struct event *b = &all[i].all.events[e];

			ck_assert(a->type == b->type && a->pid == b->pid && a->cpu == b->cpu);
			if (event_desc(a->type)->payload != EVENT_PAYLOAD_SLAB)
				continue;
			ck_assert_uint_eq(a->slab.bytes_req, b->slab.bytes_req);
			ck_assert_uint_eq(a->slab.bytes_alloc, b->slab.bytes_alloc);
			ck_assert_uint_eq(a->slab.gfp, b->slab.gfp);
			ck_assert_int_eq(a->slab.node, b->slab.node);
			ck_assert_uint_eq(a->slab.name, b->slab.name);
			ck_assert_int_eq(!a->slab.ptr, !b->slab.ptr);
		}
	}
	while (nr)
		decoded_deinit(&all[--nr]);
	event_names_deinit(&names);
}
END_TEST

UNIT_MAIN("trace", formats_are_known_by_content, other_files_are_refused, options_count,
	  batches_are_accounted, cut_gzip_gives_what_came_before,
	  recordings_have_the_events_of_their_checks, forms_of_one_buffer_agree)
