/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What "trace-cmd report" prints, of any version and with -l, -t, -R, -N, and of several files.
 * Pointers are real there even when tracefs hashes them; page= is not (libtraceevent has no
 * vmemmap base). Kprobe call sites come as bare addresses.
 */
#include <config.h>

#include "text.h"
#include "text_scan.h"

#include <string.h>

static int probe(const unsigned char *head, size_t len);
static bool open_format(struct trace *trace, struct error *err);
static enum trace_status next(struct trace *trace, struct event_batch *batch, struct error *err);
static bool notice(struct text *text, const char *s, const char *e);
static bool context(struct text *text, const char *s, const char *e, struct event *ev,
		    const char **event);
static bool in_stack(const char *s, const char *e);

static const struct text_dialect dialect = {
	.notice = notice,
	.context = context,
	.in_stack = in_stack,
	.marks_go_on = true,
	.fast = true,
	.page_nonsense = true,
	.probe_func_first = true,
};

const struct trace_format trace_format_report = {
	.name = "report",
	.summary = "text of 'trace-cmd report'",
	.probe = probe,
	.open = open_format,
	.next = next,
	.close = text_close,
};

/* Without its first lines: names are padded to 20 characters behind the colon. */
static int probe(const unsigned char *head, size_t len)
{
	const char *s = (const char *)head;
	const char *end = s + len;
	int lines = 0;

	if (len >= 5 && SCAN_IS(s, "cpus="))
		return 100;
	if (len >= 10 && SCAN_IS(s, "version = "))
		return 90;
	for (const char *e; lines < 32 && (e = memchr(s, '\n', (size_t)(end - s))); s = e + 1) {
		const char *time = memmem(s, (size_t)(e - s), ": ", 2);
		const char *name = NULL;

		if (SCAN_IS(s, "cpus="))
			return 90;
		if (time && time > s && scan_digit(time[-1]) < 10)
			name = memmem(time + 2, (size_t)(e - time - 2), ": ", 2);
		if (name && name[2] == ' ' && memchr(s, '-', (size_t)(time - s)))
			return 70 - lines;
		lines++;
	}
	return 0;
}

static bool open_format(struct trace *trace, struct error *err UNUSED)
{
	return text_open(trace, &dialect);
}

static enum trace_status next(struct trace *trace, struct event_batch *batch,
			      struct error *err UNUSED)
{
	return text_next(trace, batch);
}

static bool notice(struct text *text, const char *s, const char *e)
{
	uint64_t cpus;

	if (e - s >= 5 && SCAN_IS(s, "cpus=")) {
		if (scan_dec(s + 5, &cpus) && cpus <= UINT16_MAX)
			text->trace->info.nr_cpus = MAX((unsigned int)cpus,
							text->trace->info.nr_cpus);
		return true;
	}
	if (text_lost_notice(text, s, e))
		return true;
	if (e - s >= 5 && SCAN_IS(s, "CPU ") && e[-1] == 'y' &&
	    memmem(s, (size_t)(e - s), " is empty", 9))
		return true;
	return e - s >= 8 && (*s == '#' || SCAN_IS(s, "version = ") || SCAN_IS(s, "WARNING:"));
}

/*
 * An event whose print format libtraceevent could not even begin prints without columns. It
 * happened all the same: it is taken as an event of unknown name at the time and place of the one
 * before.
 */
static bool context(struct text *text, const char *s, const char *e, struct event *ev,
		    const char **event)
{
	if (e - s > 15 && SCAN_IS(s, "[UNKNOWN EVENT]")) {
		ev->time = text->last.time;
		ev->cpu = text->last.cpu;
		ev->pid = text->last.pid;
		ev->comm = text->last.comm;
		*event = s;
		return true;
	}
	if (!text_context(text, s, e, ev, event))
		return false;
	/* --ts-diff: " (+12)   " between time and name */
	if (SCAN_IS(*event, "(+") && (s = memchr(*event, ')', (size_t)(e - *event))))
		*event = MIN(scan_blanks(s + 1), e);
	return true;
}

/* "=> symbol" or "<stack trace>" continuation lines. */
static bool in_stack(const char *s, const char *e)
{
	s = scan_blanks(s);
	return e - s > 3 && SCAN_IS(s, "=> ");
}
