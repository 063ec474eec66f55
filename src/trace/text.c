/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines out of the input, and what to do with each: the frame of the three text formats. */
#include <config.h>

#include "text.h"
#include "text_cache.h"
#include "text_scan.h"

#include "kmreplay/core/xalloc.h"
#include "kmreplay/event/desc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	GUESS_BYTES = 2 << 20, /* of the content, for text_guess() */
	/*
	 * No kernel prints a longer line: a marker has at most 4 KiB (TRACE_MARKER_MAX_SIZE), older
	 * kernels a page; a kprobe event's strings share a page.
	 */
	LINE_MAX_LEN = 1 << 20,
	MARK_MAX_LEN = 64 << 10,
	AUX_MAX = 16 << 20, /* of markers in one batch */
};

static bool next_stretch(struct text *text);
static void skip_long_line(struct text *text, const char *data, size_t len);
static void general_line(struct text *text, struct event_batch *batch, const char *s,
			 const char *e);
static void event_line(struct text *text, struct event_batch *batch, struct event *ev,
		       const char *s, const char *e);
static void known_event(struct text *text, struct event_batch *batch, struct event *ev,
			unsigned int type, const char *s, const char *e);
static void other_event(struct text *text, struct event_batch *batch, struct event *ev,
			uint32_t name);
static void print_event(struct text *text, struct event_batch *batch, struct event *ev,
			const char *s, const char *e);
static void mark_event(struct text *text, struct event_batch *batch, struct event *ev,
		       const char *s, const char *e);
static size_t unescape_mark(const struct text *text, char *to, const char *s, const char *e);
static bool unnamed_event(struct text *text, struct event_batch *batch, struct event *ev,
			  const char *s, const char *e);
static bool continue_mark(struct event_batch *batch, const char *s, const char *e);
static bool ends_mark(struct text *text);
static void deliver(struct text *text, struct event_batch *batch, const struct event *ev);
static void unparsed(struct text *text);
static void malformed(struct text *text);
static void judge_pointers(const struct text *text);

bool text_open(struct trace *trace, const struct text_dialect *dialect)
{
	struct text *text = xcalloc(1, sizeof(*text));
	const unsigned char *head;
	struct error ignored;
	size_t len;

	trace->state = text;
	text->dialect = dialect;
	text->trace = trace;
	text->names = trace->names;
	intern_init(&text->kept);
	str_init(&text->scratch);
	head = input_peek(trace->input, GUESS_BYTES, &len, &ignored);
	if (head)
		text_guess(trace, (const char *)head, len);
	return true;
}

enum trace_status text_next(struct trace *trace, struct event_batch *batch)
{
	struct text *text = trace->state;

	text->mark_open = false;
	while (batch->nr < batch->cap && batch->aux_len < AUX_MAX) {
		const char *s, *e;

		if (text->at == text->limit && !next_stretch(text))
			break;
		if (text->dialect->fast)
			text_fast_run(text, batch);
		if (text->at == text->limit || batch->nr == batch->cap)
			continue;
		s = text->at;
		e = memchr(s, '\n', (size_t)(text->limit - s));
		BUG_ON(!e);
		text->at = e + 1;
		trace->info.nr_lines++;
		if (e > s && e[-1] == '\r')
			e--;
		general_line(text, batch, s, e);
	}
	/* A marker that fills the batch may still go on behind it. */
	while (text->mark_open && !ends_mark(text)) {
		const char *e = memchr(text->at, '\n', (size_t)(text->limit - text->at));

		trace->info.nr_lines++;
		general_line(text, batch, text->at, e);
		text->at = e + 1;
	}
	judge_pointers(text);
	return batch->nr ? TRACE_MORE : TRACE_END;
}

void text_close(struct trace *trace)
{
	struct text *text = trace->state;

	if (!text)
		return;
	intern_deinit(&text->kept);
	str_deinit(&text->scratch);
	vec_deinit(&text->losses);
	free(text);
	trace->state = NULL;
}

void text_note_lost(struct text *text, uint64_t cpu, uint64_t nr)
{
	struct text_loss *loss;

	if (cpu > UINT16_MAX)
		return;
	vec_extend_zeroed(&text->losses, (size_t)cpu + 1);
	loss = &text->losses.items[cpu];
	text->nr_pending += !loss->pending;
	loss->pending = true;
	loss->nr += nr;
}

void text_deliver_loss(struct text *text, const struct event_batch *batch, struct event *ev)
{
	struct text_loss *loss;

	if (ev->cpu >= text->losses.nr || !text->losses.items[ev->cpu].pending)
		return;
	loss = &text->losses.items[ev->cpu];
	trace_note_loss(text->trace, ev->cpu, loss->nr, text->trace->info.nr_events + batch->nr,
			ev->time);
	ev->flags |= EVENT_F_LOST;
	*loss = (struct text_loss){ 0 };
	text->nr_pending--;
}

bool text_lost_notice(struct text *text, const char *s, const char *e)
{
	uint64_t cpu, nr = 0;

	if (e - s < 8 || !SCAN_IS(s, "CPU:"))
		return false;
	s = scan_dec(s + SCAN_LEN("CPU:"), &cpu);
	if (!s || !SCAN_IS(s, " ["))
		return false;
	s += 2;
	if (SCAN_IS(s, "SUBBUFFER START]"))
		return true;
	if (SCAN_IS(s, "LOST ")) {
		const char *number = scan_dec(s + SCAN_LEN("LOST "), &nr);

		s = number && SCAN_IS(number, " EVENTS]") ? number + 1 : s + SCAN_LEN("LOST ");
		if (!SCAN_IS(s, "EVENTS]"))
			return false;
	} else {
		const char *number = scan_dec(s, &nr);

		s = number && *number == ' ' ? number + 1 : s;
		if (!SCAN_IS(s, "EVENTS DROPPED]"))
			return false;
	}
	text_note_lost(text, cpu, nr);
	return true;
}

/* More lines in text->at .. text->limit; false at the end of the content. */
static bool next_stretch(struct text *text)
{
	struct trace_info *info = &text->trace->info;
	struct input *in = text->trace->input;

	while (!text->eof) {
		const unsigned char *data;
		const char *last;
		size_t len;

		if (text->base)
			input_consume(in, (size_t)(text->at - text->base));
		input_fill(in, &data, &len, &text->eof);
		text->base = text->at = text->limit = (const char *)data;
		last = memrchr(text->base, '\n', len);
		if (text->skipping || (!last && len > LINE_MAX_LEN)) {
			skip_long_line(text, text->base, len);
			last = memrchr(text->at, '\n', len - (size_t)(text->at - text->base));
		}
		if (last)
			text->limit = last + 1;
		text->cut = text->eof && (text->skipping || text->limit < text->base + len);
		if (text->limit > text->at)
			return true;
	}
	if (text->cut) {
		info->truncated = true;
		snprintf(info->truncation, sizeof(info->truncation),
			 "line %llu has no end and is not read",
			 (unsigned long long)info->nr_lines + !text->skipping);
	}
	return false;
}

/* The line at "data" is longer than any: passes over it, now and in the stretches to come. */
static void skip_long_line(struct text *text, const char *data, size_t len)
{
	const char *end = memchr(data, '\n', len);

	if (!text->skipping) {
		text->trace->info.nr_lines++;
		unparsed(text);
	}
	text->skipping = !end;
	text->at = text->limit = end ? end + 1 : data + len;
}

static void general_line(struct text *text, struct event_batch *batch, const char *s,
			 const char *e)
{
	struct event ev;
	const char *event;

	if (text->in_stack && text->dialect->in_stack(s, e)) {
		text->trace->info.nr_stack_lines++;
		return;
	}
	if (text->dialect->notice(text, s, e))
		return;
	event_clear(&ev, EVENT_OTHER);
	if (s < e && text->dialect->context(text, s, e, &ev, &event)) {
		text->mark_open = false;
		text->in_stack = true;
		text->last = ev;
		event_line(text, batch, &ev, event, e);
		return;
	}
	if (text->mark_open && continue_mark(batch, s, e))
		return;
	text->in_stack = false;
	if (s < e)
		unparsed(text);
}

/* Behind the columns: "name: fields". */
static void event_line(struct text *text, struct event_batch *batch, struct event *ev,
		       const char *s, const char *e)
{
	struct event fast = *ev;
	const char *colon;
	const char *payload;
	uint32_t type;

	if (text_fast_event(text, s, e, &fast)) {
		deliver(text, batch, &fast);
		return;
	}
	colon = memmem(s, (size_t)(e - s), ": ", 2);
	if (!colon && e > s && e[-1] == ':')
		colon = e - 1;
	if (!colon || !text_type(text, s, (size_t)(colon - s), &type)) {
		if (!unnamed_event(text, batch, ev, s, e))
			unparsed(text);
		return;
	}
	payload = MIN(scan_blanks(colon + 1), e);
	if (type & TEXT_TYPE_OTHER) {
		other_event(text, batch, ev, type & ~TEXT_TYPE_OTHER);
	} else if (type == EVENT_MARK) {
		/* Blanks that the marker itself begins with are part of it. */
		payload = MIN(colon + 2, e);
		if (colon - s >= 5 && memcmp(colon - 5, "print", 5) == 0)
			print_event(text, batch, ev, scan_blanks(payload), e);
		else
			mark_event(text, batch, ev, payload, e);
	} else {
		known_event(text, batch, ev, type, payload, e);
	}
}

static void known_event(struct text *text, struct event_batch *batch, struct event *ev,
			unsigned int type, const char *s, const char *e)
{
	const struct event_desc *desc = event_desc(type);
	bool is_probe = desc->payload == EVENT_PAYLOAD_PROBE ||
			desc->payload == EVENT_PAYLOAD_BULK;
	struct event parsed;

	/* Names like "vfree" or "split" are kprobe events only if they look like one. */
	if (is_probe && *s != '(' && !SCAN_IS(s, "__probe_")) {
		other_event(text, batch, ev, intern_add_text(&text->names->texts, desc->name));
		return;
	}
	event_clear(&parsed, type);
	memcpy(&parsed, ev, offsetof(struct event, type));
	parsed.flags = ev->flags;
	if (text_fields(text, &parsed, batch, s, e))
		deliver(text, batch, &parsed);
	else
		malformed(text);
}

static void other_event(struct text *text, struct event_batch *batch, struct event *ev,
			uint32_t name)
{
	ev->type = EVENT_OTHER;
	ev->other.name = name;
	deliver(text, batch, ev);
}

/*
 * "print: tracing_mark_write: text" of trace-cmd and perf. What trace_printk() in another function
 * wrote goes under that function's name, as tracefs prints it.
 */
static void print_event(struct text *text, struct event_batch *batch, struct event *ev,
			const char *s, const char *e)
{
	const char *colon = memmem(s, (size_t)(e - s), ": ", 2);
	uint32_t type;

	if (!colon || !text_type(text, s, (size_t)(colon - s), &type))
		mark_event(text, batch, ev, s, e);
	else if (type & TEXT_TYPE_OTHER)
		other_event(text, batch, ev, type & ~TEXT_TYPE_OTHER);
	else
		mark_event(text, batch, ev, colon + 2, e);
}

static void mark_event(struct text *text, struct event_batch *batch, struct event *ev,
		       const char *s, const char *e)
{
	ev->type = EVENT_MARK;
	ev->text.aux = event_batch_add_aux(batch, s, (size_t)(e - s));
	ev->text.len = (uint32_t)unescape_mark(text, (char *)batch->aux + ev->text.aux, s, e);
	deliver(text, batch, ev);
	text->mark_open = text->dialect->marks_go_on && !text->escaped;
}

/* The bytes at "s" without our own escapes, to a place of the same size. */
static size_t unescape_mark(const struct text *text, char *to, const char *s, const char *e)
{
	const char *start = to;

	if (!text->escaped)
		return (size_t)(e - s);
	while (s < e) {
		if (e - s >= 4 && s[0] == '\\' && s[1] == 'x' && scan_digit(s[2]) < 16 &&
		    scan_digit(s[3]) < 16) {
			*to++ = (char)(scan_digit(s[2]) << 4 | scan_digit(s[3]));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
	return (size_t)(to - start);
}

/* What is printed without "name: ", of kernel/trace/trace_output.c and trace-cmd. */
static bool unnamed_event(struct text *text, struct event_batch *batch, struct event *ev,
			  const char *s, const char *e)
{
	static const struct {
		const char *begins;
		const char *name; /* NULL: belongs to the event before */
	} kinds[] = {
		{ "<stack trace>", NULL },
		{ "<user stack trace>", NULL },
		{ "Unknown type ", "unknown_type" },
		{ "# ", "raw_data" },
		{ "[FAILED TO PARSE]", "failed_to_parse" },
		{ "[UNKNOWN EVENT]", "unknown_event" },
		{ "PERF_RECORD_", "perf_record" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t len = strlen(kinds[i].begins);

		if ((size_t)(e - s) < len || memcmp(s, kinds[i].begins, len) != 0)
			continue;
		if (kinds[i].name)
			other_event(text, batch, ev,
				    intern_add_text(&text->names->texts, kinds[i].name));
		else
			text->trace->info.nr_stack_lines++;
		return true;
	}
	if (!memmem(s, (size_t)(e - s), " <-", 3))
		return false;
	other_event(text, batch, ev, intern_add_text(&text->names->texts, "function"));
	return true;
}

/* A marker with newlines goes on in lines without columns. */
static bool continue_mark(struct event_batch *batch, const char *s, const char *e)
{
	struct event *mark = &batch->events[batch->nr - 1];
	size_t more = (size_t)(e - s) + 1;
	size_t end;

	if (mark->text.len + more > MARK_MAX_LEN)
		return false;
	/* It is the last in the side buffer: adding behind it makes room, aligned or not. */
	end = mark->text.aux + mark->text.len;
	batch->aux_len = end;
	(void)event_batch_add_aux(batch, s, more);
	batch->aux[end] = '\n';
	memcpy(batch->aux + end + 1, s, more - 1);
	batch->aux[end + more] = '\0';
	batch->aux_len = end + more + 1;
	mark->text.len += (uint32_t)more;
	return true;
}

/* Looks at the next line, without taking it: is it an event, a notice or the end? */
static bool ends_mark(struct text *text)
{
	struct event ev;
	const char *event;
	const char *e;

	if (text->at == text->limit && !next_stretch(text))
		return true;
	if (*text->at == '#' || SCAN_IS(text->at, "CPU:") || SCAN_IS(text->at, " => "))
		return true;
	e = memchr(text->at, '\n', (size_t)(text->limit - text->at));
	event_clear(&ev, EVENT_OTHER);
	return text->dialect->context(text, text->at, e, &ev, &event);
}

static void deliver(struct text *text, struct event_batch *batch, const struct event *ev)
{
	struct event *to = &batch->events[batch->nr];

	*to = *ev;
	if (unlikely(text->nr_pending))
		text_deliver_loss(text, batch, to);
	batch->nr++;
}

static void unparsed(struct text *text)
{
	struct trace_info *info = &text->trace->info;

	if (!info->nr_unparsed++)
		info->first_unparsed = info->nr_lines;
}

static void malformed(struct text *text)
{
	struct trace_info *info = &text->trace->info;

	if (!info->nr_malformed++)
		info->first_malformed = info->nr_lines;
}

/*
 * A hash has 32 bits and prints as 16 digits. No object of a 64-bit kernel lies there, so that all
 * pointers without high bits are hashes. 8 digits are what a 32-bit kernel prints.
 */
static void judge_pointers(const struct text *text)
{
	struct trace_info *info = &text->trace->info;

	if (text->pointers_told)
		return;
	if (text->nr_wide)
		info->hashed_ptrs = text->wide_bits >> 32 == 0;
	if (text->nr_narrow > text->nr_wide)
		info->long_is_32 = true;
}
