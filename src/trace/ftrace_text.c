/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracefs text: what "trace", "trace_pipe" and "snapshot" print, of any kernel and with any of the
 * options that keep the fields readable, and our own normalised form of it (event/print.h).
 */
#include <config.h>

#include "text.h"
#include "text_scan.h"

#include <stdlib.h>
#include <string.h>

static int probe(const unsigned char *head, size_t len);
static bool open_format(struct trace *trace, struct error *err);
static enum trace_status next(struct trace *trace, struct event_batch *batch, struct error *err);
static bool check_options(const struct trace *trace, const char *head, size_t len,
			  struct error *err);
static const char *unreadable_option(const char *s, const char *e);
static bool notice(struct text *text, const char *s, const char *e);
static bool header(struct text *text, const char *s, const char *e);
static void own_header(struct text *text, const char *s, const char *e);
static void latency_header(struct text *text, const char *s, const char *e);
static bool buffer_started(struct text *text, const char *s, const char *e);
static bool in_stack(const char *s, const char *e);
static bool looks_like_event(const char *s, const char *e);

static const struct text_dialect dialect = {
	.notice = notice,
	.context = text_context,
	.in_stack = in_stack,
	.marks_go_on = true,
	.fast = true,
};

const struct trace_format trace_format_ftrace = {
	.name = "ftrace",
	.summary = "text of tracefs: trace, trace_pipe, snapshot",
	.probe = probe,
	.open = open_format,
	.next = next,
	.close = text_close,
};

static int probe(const unsigned char *head, size_t len)
{
	const char *s = (const char *)head;
	const char *end = s + len;
	int lines = 0;

	if (len >= 10 && (SCAN_IS(s, "# tracer: ") || SCAN_IS(s, "# kmreplay")))
		return 100;
	/* trace_pipe has no header: look at the lines themselves. */
	for (const char *e; lines < 16 && (e = memchr(s, '\n', (size_t)(end - s))); s = e + 1) {
		if (looks_like_event(s, e))
			return 60 - lines;
		lines++;
	}
	return 0;
}

static bool open_format(struct trace *trace, struct error *err)
{
	const unsigned char *head;
	size_t len;

	head = input_peek(trace->input, 64 << 10, &len, err);
	if (!head || !check_options(trace, (const char *)head, len, err))
		return false;
	return text_open(trace, &dialect);
}

static enum trace_status next(struct trace *trace, struct event_batch *batch,
			      struct error *err UNUSED)
{
	return text_next(trace, batch);
}

/* With some options the text lacks what an event says: better no answer than a wrong one. */
static bool check_options(const struct trace *trace, const char *head, size_t len,
			  struct error *err)
{
	const char *end = head + len;
	const char *e;

	for (const char *s = head; (e = memchr(s, '\n', (size_t)(end - s))); s = e + 1) {
		const char *option;

		if (s == e || *s == '#')
			continue;
		option = unreadable_option(s, e);
		if (!option)
			return true;
		return error_set(err,
				 "'%s' was read with the tracefs option '%s' set, which leaves the "
				 "fields out: write 0 to options/%s and read the trace again",
				 trace->path, option, option);
	}
	return true;
}

/* "1170 0 56456730062 type: 624", "92040000 00 2a...", and bytes that are no text. */
static const char *unreadable_option(const char *s, const char *e)
{
	uint64_t number;
	const char *at = scan_dec(s, &number);
	const char *after;
	size_t control = 0;

	at = at && *at == ' ' ? scan_dec(at + 1, &number) : NULL;
	at = at && *at == ' ' ? scan_dec(at + 1, &number) : NULL;
	if (at && at < e && *at == ' ' && scan_digit(at[1]) > 9)
		return "raw";
	for (at = s; at < e && (scan_digit(*at) < 16 || *at == ' '); at++)
		;
	after = scan_hex(s, &number);
	if (at == e && after && *after == ' ')
		return "hex";
	for (at = s; at < e; at++)
		control += (unsigned char)*at < ' ' && *at != '\t' && *at != '\r';
	return control > (size_t)(e - s) / 8 + 1 && !looks_like_event(s, e) ? "bin" : NULL;
}

static bool notice(struct text *text, const char *s, const char *e)
{
	if (s < e && *s == '#')
		return header(text, s, e);
	return text_lost_notice(text, s, e);
}

static bool header(struct text *text, const char *s, const char *e)
{
	struct trace_info *info = &text->trace->info;
	uint64_t entries, written, cpus;

	if (buffer_started(text, s, e))
		return true;
	if (SCAN_IS(s, "# kmreplay text 1 "))
		own_header(text, s, e);
	else if (memmem(s, (size_t)(e - s), " latency trace v", 16))
		latency_header(text, s, e);
	if (!SCAN_IS(s, "# entries-in-buffer/entries-written: "))
		return true;
	s = scan_dec(s + SCAN_LEN("# entries-in-buffer/entries-written: "), &entries);
	s = s && *s == '/' ? scan_dec(s + 1, &written) : NULL;
	if (!s)
		return true;
	info->entries += entries;
	info->written += written;
	info->overrun |= written > entries;
	s = scan_blanks(s);
	if (SCAN_IS(s, "#P:") && scan_dec(s + 3, &cpus) && cpus <= UINT16_MAX)
		info->nr_cpus = (unsigned int)cpus;
	return true;
}

/* "# kmreplay text 1 era=6 unit=ns hashed cpus=2 clock=local release=6.12.1" */
static void own_header(struct text *text, const char *s, const char *e)
{
	struct trace_info *info = &text->trace->info;
	const char *end;

	text->escaped = true;
	text->pointers_told = true;
	for (s = scan_blanks(s + SCAN_LEN("# kmreplay text 1 ")); s < e; s = scan_blanks(end)) {
		uint64_t number;

		end = scan_token_end(s);
		if (SCAN_IS(s, "era=") && scan_dec(s + 4, &number) && number < GFP_ERA_NR) {
			if (!text->trace->options.kernel.major)
				info->era = (enum gfp_era)number;
		} else if (SCAN_IS(s, "unit=ticks")) {
			info->unit = TRACE_CLOCK_TICKS;
		} else if (SCAN_IS(s, "hashed")) {
			info->hashed_ptrs = true;
		} else if (SCAN_IS(s, "long32")) {
			info->long_is_32 = true;
		} else if (SCAN_IS(s, "cpus=") && scan_dec(s + 5, &number) &&
			   number <= UINT16_MAX) {
			info->nr_cpus = (unsigned int)number;
		} else if (SCAN_IS(s, "clock=")) {
			size_t len = MIN((size_t)(end - s - 6), sizeof(info->clock) - 1);

			memcpy(info->clock, s + 6, len);
			info->clock[len] = '\0';
		} else if (SCAN_IS(s, "release=")) {
			trace_set_release(text->trace, s + 8, (size_t)(end - s - 8));
		}
		if (end >= e)
			break;
	}
}

/* "# nop latency trace v1.1.5 on 6.12.117+deb12-amd64" */
static void latency_header(struct text *text, const char *s, const char *e)
{
	const char *on = memmem(s, (size_t)(e - s), " on ", 4);

	if (on)
		trace_set_release(text->trace, on + 4, (size_t)(scan_token_end(on + 4) - (on + 4)));
}

/* The CPU's earlier events were overwritten, how many is not said. */
static bool buffer_started(struct text *text, const char *s, const char *e)
{
	uint64_t cpu;

	if (e - s < 12 || !SCAN_IS(s, "##### CPU "))
		return false;
	s = scan_dec(s + SCAN_LEN("##### CPU "), &cpu);
	if (!s || !SCAN_IS(s, " buffer started"))
		return false;
	text_note_lost(text, cpu, 0);
	return true;
}

static bool in_stack(const char *s, const char *e)
{
	return e - s > 4 && SCAN_IS(s, " => ");
}

/* "comm-pid ... [cpu] ... time: name: ", one blank behind the name (trace-cmd pads it). */
static bool looks_like_event(const char *s, const char *e)
{
	const char *name = memmem(s, (size_t)(e - s), ": ", 2);
	const char *name_end;
	const char *dash = memchr(s, '-', (size_t)(e - s));

	if (!name || !dash || dash > name || scan_digit(name[-1]) > 9)
		return (e - s > 8 && SCAN_IS(s, "CPU:") && name == NULL);
	name += 2;
	name_end = memmem(name, (size_t)(e - name), ": ", 2);
	if (!name_end)
		return SCAN_IS(name, "<stack trace>");
	return name_end - name >= 18 || name_end[2] != ' ';
}
