/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The container of trace.dat files, versions 6 and 7 (trace-cmd.dat.v6(5), .v7(5)): everything but
 * the pages. Version 6 is a row of parts in a fixed order; version 7 holds the same parts as
 * sections, packed or not, that options point to, and options hang together as a list of sections.
 *
 * Numbers are in the file's endianness; each is checked against what is there before it is used.
 */
#include <config.h>

#include "trace_dat_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option {
	OPTION_DONE = 0,
	OPTION_DATE = 1,
	OPTION_CPUSTAT = 2,
	OPTION_BUFFER = 3,
	OPTION_TRACECLOCK = 4,
	OPTION_UNAME = 5,
	OPTION_OFFSET = 7,
	OPTION_TSC2NSEC = 14,
	OPTION_HEADER_INFO = 16,
	OPTION_FTRACE_EVENTS = 17,
	OPTION_EVENT_FORMATS = 18,
	OPTION_KALLSYMS = 19,
	OPTION_CMDLINES = 21,
};

/* Far more than a file that grew has; a list that is longer goes in circles. */
enum { OPTION_SECTIONS_MAX = 4096 };

static const char magic[] = "\x17\x08" "Dtracing";

static bool read_start(struct dat *dat, struct dat_bytes *b, struct error *err);
static bool read_compression(struct dat *dat, struct dat_bytes *b, struct error *err);
static bool read_v6(struct dat *dat, struct dat_bytes *b, struct error *err);
static bool read_v6_data(struct dat *dat, struct dat_bytes *b, uint32_t nr_cpus,
			 struct error *err);
static void read_v6_options(struct dat *dat, struct dat_file *f, struct dat_bytes *b);
static bool read_v7(struct dat *dat, struct dat_bytes *b, struct error *err);
static bool read_v7_options(struct dat *dat, struct dat_file *f, uint64_t offset,
			    struct error *err);
static bool read_v7_parts(struct dat *dat, const struct dat_file *f, struct error *err);
static bool read_v7_data(struct dat *dat, const struct dat_file *f, struct error *err);
static bool read_v7_buffer(struct dat *dat, struct dat_bytes *b, struct error *err);
static void take_option(struct dat *dat, struct dat_file *f, unsigned int id, struct dat_bytes b);
static void take_release(struct dat *dat, struct dat_bytes b);
static void take_clock(struct dat *dat, struct dat_bytes b);
static void set_clock(struct dat *dat, const char *clock, size_t len);
static void take_stat(struct dat_file *f, struct dat_bytes b);
static int64_t take_decimal(struct dat_bytes b);
static void take_buffer(struct dat_file *f, struct dat_bytes b);
static bool short_file(struct dat *dat, const char *what, struct error *err);
static bool add_cpu(struct dat *dat, uint64_t cpu, struct error *err);
static void apply_stats(struct dat *dat, const struct dat_file *f);
static void tell_left_buffers(struct dat *dat, const struct dat_file *f,
			      const struct dat_buffer *taken);

bool dat_file_read(struct dat *dat, struct error *err)
{
	struct dat_bytes b = { dat->file, dat->file_len, false, false };
	bool ok;

	if (!read_start(dat, &b, err))
		return false;
	ok = dat->version == 6 ? read_v6(dat, &b, err) : read_v7(dat, &b, err);
	return ok && dat_parts_finish(dat, err);
}

void dat_damage(struct dat *dat, uint64_t offset, const char *fmt, ...)
{
	struct trace_info *info = &dat->trace->info;
	va_list ap;

	if (!info->nr_unparsed++)
		info->first_unparsed = offset;
	if (info->truncated)
		return;
	info->truncated = true;
	va_start(ap, fmt);
	vsnprintf(info->truncation, sizeof(info->truncation), fmt, ap);
	va_end(ap);
}

static bool read_start(struct dat *dat, struct dat_bytes *b, struct error *err)
{
	const unsigned char *start = dat_take(b, sizeof(magic) - 1);
	const char *version;
	uint64_t endian, size;

	if (!start || memcmp(start, magic, sizeof(magic) - 1) != 0)
		return error_set(err, "'%s' does not begin as a trace.dat file", dat->trace->path);
	version = dat_text(b);
	endian = dat_number(b, 1);
	dat->swap = endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	b->swap = dat->swap;
	dat_number(b, 1); /* long of the program that recorded; the kernel's stands elsewhere */
	size = dat_number(b, 4);
	if (b->failed || endian > 1)
		return short_file(dat, "header", err);
	if (strcmp(version, "6") != 0 && strcmp(version, "7") != 0)
		return error_set(err, "'%s' is a trace.dat file of version %.8s; versions 6 and 7 "
				 "are known", dat->trace->path, version);
	dat->version = version[0] == '6' ? 6 : 7;
	dat->page_size = (uint32_t)size;
	return dat->version == 6 || read_compression(dat, b, err);
}

static bool read_compression(struct dat *dat, struct dat_bytes *b, struct error *err)
{
	const char *name = dat_text(b);
	const char *version = dat_text(b);

	if (!name || !version)
		return short_file(dat, "header", err);
	if (!strcmp(name, "none"))
		return true;
	if (!strcmp(name, "zlib")) {
		dat->packing = DAT_PACKING_ZLIB;
		dat->trace->info.chunks = "zlib";
		return true;
	}
	if (strcmp(name, "zstd") != 0)
		return error_set(err, "'%s' is compressed by '%.32s', which kmreplay does not know",
				 dat->trace->path, name);
	dat->packing = DAT_PACKING_ZSTD;
	dat->trace->info.chunks = "zstd";
#ifndef HAVE_ZSTD
	return error_set(err, "'%s' is compressed with zstd, which this kmreplay was built without",
			 dat->trace->path);
#else
	return true;
#endif
}

static bool read_v6(struct dat *dat, struct dat_bytes *b, struct error *err)
{
	struct dat_file f = { 0 };
	uint32_t nr_cpus;
	const unsigned char *mark;
	bool ok = false;

	if (!dat_parts_header(dat, b, err) || !dat_parts_ftrace(dat, b, err) ||
	    !dat_parts_events(dat, b, err))
		return false;
	dat_parts_kallsyms(dat, b);
	dat_take(b, dat_number(b, 4)); /* printk formats */
	dat_parts_cmdlines(dat, b);
	nr_cpus = (uint32_t)dat_number(b, 4);
	mark = dat_take(b, 10);
	if (mark && !memcmp(mark, "options  ", 10)) {
		read_v6_options(dat, &f, b);
		mark = dat_take(b, 10);
	}
	if (!mark)
		short_file(dat, "table of CPUs", err);
	else if (!memcmp(mark, "latency  ", 10))
		error_set(err, "'%s' holds the text of a latency tracer: give what 'trace-cmd "
			  "report' prints of it", dat->trace->path);
	else if (memcmp(mark, "flyrecord", 10) != 0)
		error_set(err, "'%s': expected 'flyrecord' at offset %zu", dat->trace->path,
			  dat->file_len - b->left - 10);
	else
		ok = read_v6_data(dat, b, nr_cpus, err);
	if (ok) {
		apply_stats(dat, &f);
		tell_left_buffers(dat, &f, NULL);
	}
	dat_file_deinit(&f);
	return ok;
}

static bool read_v6_data(struct dat *dat, struct dat_bytes *b, uint32_t nr_cpus,
			 struct error *err)
{
	if (nr_cpus > b->left / 16)
		return short_file(dat, "table of CPUs", err);
	for (uint32_t cpu = 0; cpu < nr_cpus; cpu++) {
		uint64_t offset = dat_number(b, 8);
		uint64_t size = dat_number(b, 8);

		if (!add_cpu(dat, cpu, err))
			return false;
		dat_stream_begin(dat, &dat->cpus[cpu], offset, size, false);
	}
	return true;
}

static void read_v6_options(struct dat *dat, struct dat_file *f, struct dat_bytes *b)
{
	for (;;) {
		unsigned int id = (unsigned int)dat_number(b, 2);
		uint64_t size;
		const unsigned char *data;

		if (id == OPTION_DONE)
			return;
		size = dat_number(b, 4);
		data = dat_take(b, size);
		if (!data)
			return;
		take_option(dat, f, id, (struct dat_bytes){ data, size, dat->swap, false });
	}
}

static bool read_v7(struct dat *dat, struct dat_bytes *b, struct error *err)
{
	struct dat_file f = { 0 };
	uint64_t offset = dat_number(b, 8);
	bool ok;

	if (b->failed)
		return short_file(dat, "header", err);
	ok = read_v7_options(dat, &f, offset, err) && read_v7_parts(dat, &f, err) &&
	     read_v7_data(dat, &f, err);
	if (ok)
		apply_stats(dat, &f);
	dat_file_deinit(&f);
	return ok;
}

static bool read_v7_options(struct dat *dat, struct dat_file *f, uint64_t offset,
			    struct error *err)
{
	for (unsigned int i = 0; offset && i < OPTION_SECTIONS_MAX; i++) {
		struct dat_bytes b;

		if (!dat_section(dat, offset, "options", &b, NULL, err))
			return false;
		offset = 0;
		while (b.left && !b.failed) {
			unsigned int id = (unsigned int)dat_number(&b, 2);
			uint64_t size = dat_number(&b, 4);
			const unsigned char *data = dat_take(&b, size);
			struct dat_bytes option = { data, size, dat->swap, false };

			if (!data)
				break;
			if (id == OPTION_DONE) {
				offset = dat_number(&option, 8);
				break;
			}
			take_option(dat, f, id, option);
		}
		if (b.failed)
			return short_file(dat, "options", err);
	}
	return true;
}

static bool read_v7_parts(struct dat *dat, const struct dat_file *f, struct error *err)
{
	struct error missing = { "" };
	struct dat_bytes b;

	if (!dat_section(dat, f->header_info, "header info", &b, NULL, err) ||
	    !dat_parts_header(dat, &b, err))
		return false;
	if (f->ftrace_events &&
	    (!dat_section(dat, f->ftrace_events, "ftrace events", &b, NULL, err) ||
	     !dat_parts_ftrace(dat, &b, err)))
		return false;
	if (f->event_formats &&
	    (!dat_section(dat, f->event_formats, "event formats", &b, NULL, err) ||
	     !dat_parts_events(dat, &b, err)))
		return false;
	/* Without names, events are still events. */
	if (f->kallsyms && dat_section(dat, f->kallsyms, "kallsyms", &b, NULL, &missing))
		dat_parts_kallsyms(dat, &b);
	if (f->cmdlines && dat_section(dat, f->cmdlines, "task names", &b, NULL, &missing))
		dat_parts_cmdlines(dat, &b);
	if (missing.message[0])
		dat_damage(dat, MAX(f->kallsyms, f->cmdlines), "%s", missing.message);
	return true;
}

/* The top buffer; when it is not in the file, the first instance. */
static bool read_v7_data(struct dat *dat, const struct dat_file *f, struct error *err)
{
	const struct dat_buffer *buffer = NULL;

	for (size_t i = 0; i < f->buffers.nr && (!buffer || buffer->name[0]); i++)
		if (!buffer || !f->buffers.items[i].name[0])
			buffer = &f->buffers.items[i];
	if (!buffer)
		return error_set(err, "'%s' has no trace buffer in it: was the recording finished?",
				 dat->trace->path);
	tell_left_buffers(dat, f, buffer);
	struct dat_bytes b = buffer->rest;

	b.swap = dat->swap;
	dat->buffer_offset = buffer->offset;
	return read_v7_buffer(dat, &b, err);
}

/* clock, page size, CPUs; behind offset and name */
static bool read_v7_buffer(struct dat *dat, struct dat_bytes *b, struct error *err)
{
	const char *clock = dat_text(b);
	uint32_t page_size = (uint32_t)dat_number(b, 4);
	uint32_t nr = (uint32_t)dat_number(b, 4);
	struct dat_bytes section;
	bool packed;

	if (b->failed || nr > b->left / 20)
		return short_file(dat, "description of the trace buffer", err);
	if (clock[0])
		set_clock(dat, clock, strlen(clock));
	dat->page_size = page_size;
	if (!dat_section(dat, dat->buffer_offset, "trace buffer", &section, &packed, err))
		return false;
	for (uint32_t i = 0; i < nr; i++) {
		uint64_t cpu = dat_number(b, 4);
		uint64_t offset = dat_number(b, 8);
		uint64_t size = dat_number(b, 8);

		if (!add_cpu(dat, cpu, err))
			return false;
		dat_stream_begin(dat, &dat->cpus[i], offset, size, packed);
	}
	return true;
}

static void take_option(struct dat *dat, struct dat_file *f, unsigned int id, struct dat_bytes b)
{
	switch ((enum option)id) {
	case OPTION_DATE: /* what the recorder found between its clock and the date, in us */
		dat->ts_offset = (int64_t)((uint64_t)dat->ts_offset +
					   (uint64_t)take_decimal(b) * 1000);
		break;
	case OPTION_OFFSET:
		dat->ts_offset = (int64_t)((uint64_t)dat->ts_offset + (uint64_t)take_decimal(b));
		break;
	case OPTION_CPUSTAT:
		take_stat(f, b);
		break;
	case OPTION_BUFFER:
		take_buffer(f, b);
		break;
	case OPTION_TRACECLOCK:
		take_clock(dat, b);
		break;
	case OPTION_UNAME:
		take_release(dat, b);
		break;
	case OPTION_TSC2NSEC:
		dat->mult = dat_number(&b, 4);
		dat->shift = (unsigned int)dat_number(&b, 4) & 63;
		break;
	case OPTION_HEADER_INFO:
		f->header_info = dat_number(&b, 8);
		break;
	case OPTION_FTRACE_EVENTS:
		f->ftrace_events = dat_number(&b, 8);
		break;
	case OPTION_EVENT_FORMATS:
		f->event_formats = dat_number(&b, 8);
		break;
	case OPTION_KALLSYMS:
		f->kallsyms = dat_number(&b, 8);
		break;
	case OPTION_CMDLINES:
		f->cmdlines = dat_number(&b, 8);
		break;
	case OPTION_DONE:
	default:
		break; /* nothing that a reader of events needs */
	}
}

/* "Linux host 6.12.117+deb12-amd64 #1 SMP ..." */
static void take_release(struct dat *dat, struct dat_bytes b)
{
	const char *text = (const char *)b.at;
	size_t len = strnlen(text, b.left), from = 0, to;

	for (int word = 0; word < 2; word++) {
		while (from < len && text[from] != ' ')
			from++;
		while (from < len && text[from] == ' ')
			from++;
	}
	for (to = from; to < len && text[to] != ' ';)
		to++;
	if (to > from)
		trace_set_release(dat->trace, text + from, to - from);
}

/* "[local] global counter ..." */
static void take_clock(struct dat *dat, struct dat_bytes b)
{
	const char *text = (const char *)b.at;
	const char *open = memchr(text, '[', b.left);
	const char *close = open ? memchr(open, ']', b.left - (size_t)(open - text)) : NULL;

	if (close)
		set_clock(dat, open + 1, (size_t)(close - open - 1));
}

static void set_clock(struct dat *dat, const char *clock, size_t len)
{
	struct trace_info *info = &dat->trace->info;

	len = MIN(len, sizeof(info->clock) - 1);
	memcpy(info->clock, clock, len);
	info->clock[len] = '\0';
}

/* "CPU: 0\nentries: 12\noverrun: 0\n..." */
static void take_stat(struct dat_file *f, struct dat_bytes b)
{
	const char *text = (const char *)b.at;
	struct dat_stat stat = { 0, 0 };
	const char *cpu = memmem(text, b.left, "CPU:", 4);
	const char *overrun = memmem(text, b.left, "\noverrun:", 9);

	if (!cpu || !overrun)
		return;
	cpu += 4;
	overrun += 9;
	stat.cpu = (uint64_t)take_decimal((struct dat_bytes){
		(const unsigned char *)cpu, b.left - (size_t)(cpu - text), false, false });
	stat.overrun = (uint64_t)take_decimal((struct dat_bytes){
		(const unsigned char *)overrun, b.left - (size_t)(overrun - text), false, false });
	if (stat.overrun)
		vec_push(&f->stats, stat);
}

/* As strtoll(): decimal or 0x..., with a sign. 0 when there is no number. */
static int64_t take_decimal(struct dat_bytes b)
{
	char text[32];
	size_t len = MIN(b.left, sizeof(text) - 1);

	memcpy(text, b.at, len);
	text[len] = '\0';
	return strtoll(text, NULL, 0);
}

static void take_buffer(struct dat_file *f, struct dat_bytes b)
{
	struct dat_buffer buffer;

	buffer.offset = dat_number(&b, 8);
	buffer.name = dat_text(&b);
	buffer.rest = b;
	if (!b.failed)
		vec_push(&f->buffers, buffer);
}

static bool short_file(struct dat *dat, const char *what, struct error *err)
{
	return error_set(err, "'%s': the file ends at offset %zu inside its %s, or that is damaged",
			 dat->trace->path, dat->file_len, what);
}

/* dat->cpus moves while it grows: pointers into it are for later. */
static bool add_cpu(struct dat *dat, uint64_t cpu, struct error *err)
{
	if (cpu > UINT16_MAX)
		return error_set(err, "'%s' has data of CPU %llu, more than %u can be",
				 dat->trace->path, (unsigned long long)cpu, UINT16_MAX);
	dat->cpus = xreallocarray(dat->cpus, dat->nr_cpus + 1, sizeof(*dat->cpus));
	memset(&dat->cpus[dat->nr_cpus], 0, sizeof(*dat->cpus));
	dat->cpus[dat->nr_cpus++].cpu = (unsigned int)cpu;
	dat->trace->info.nr_cpus = MAX(dat->trace->info.nr_cpus, (unsigned int)cpu + 1);
	return true;
}

static void apply_stats(struct dat *dat, const struct dat_file *f)
{
	for (size_t i = 0; i < f->stats.nr; i++) {
		dat->trace->info.overrun = true;
		for (uint32_t cpu = 0; cpu < dat->nr_cpus; cpu++)
			if (dat->cpus[cpu].cpu == f->stats.items[i].cpu)
				dat->cpus[cpu].overrun = f->stats.items[i].overrun;
	}
}

static void tell_left_buffers(struct dat *dat, const struct dat_file *f,
			      const struct dat_buffer *taken)
{
	struct trace_info *info = &dat->trace->info;
	size_t at = 0;

	for (size_t i = 0; i < f->buffers.nr; i++) {
		const struct dat_buffer *buffer = &f->buffers.items[i];
		int len;

		if (buffer == taken)
			continue;
		info->nr_left_buffers++;
		len = snprintf(info->left_buffers + at, sizeof(info->left_buffers) - at, "%s%s",
			       at ? ", " : "", buffer->name);
		if (len > 0)
			at = MIN(at + (size_t)len, sizeof(info->left_buffers) - 1);
	}
}
