/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The columns before an event, in every layout that tracefs (kernel/trace/trace_output.c,
 * trace_print_context(), trace_print_lat_context()), trace-cmd report and perf script print.
 *
 * A task's name may hold any byte, blanks, dashes and brackets included. Its column is 16 wide and
 * a name has at most 15 bytes, so the dash before the pid stands at byte 16 (byte 8 in latency
 * format), which is sure; only when it does not stand there (text that went through other hands)
 * is it searched.
 */
#include <config.h>

#include "text.h"
#include "text_cache.h"
#include "text_scan.h"

#include <string.h>

enum { LATENCY_COMM_WIDTH = 8 };

static bool columns(struct text *text, const char *s, const char *e, struct event *ev,
		    const char **event);
static bool latency_columns(struct text *text, const char *s, const char *e, struct event *ev,
			    const char **event);
static bool verbose_columns(struct text *text, const char *s, const char *e, struct event *ev,
			    const char **event);
static bool searched_columns(struct text *text, const char *s, const char *e, struct event *ev,
			     const char **event);
static const char *skip_tgid(const char *s);
static const char *parse_pid(const char *s, struct event *ev);
static const char *parse_cpu(const char *s, struct event *ev);
static const char *parse_flags(struct text *text, const char *s, struct event *ev);
static const char *parse_time(struct text *text, const char *s, struct event *ev);
static const char *parse_fraction(const char *s, uint64_t *ns);
static bool set_unit(struct text *text, bool ticks);
static bool is_perf_time(const char *s, const char *e);
static bool perf_task(struct text *text, const char *s, const char *e, struct event *ev);

bool text_context(struct text *text, const char *s, const char *e, struct event *ev,
		  const char **event)
{
	const char *colon;

	if (e - s > TEXT_COMM_WIDTH + 1 && s[TEXT_COMM_WIDTH] == '-' &&
	    columns(text, s + TEXT_COMM_WIDTH + 1, e, ev, event)) {
		ev->comm = text_comm(text, s);
		return true;
	}
	if (e - s > LATENCY_COMM_WIDTH + 1 && s[LATENCY_COMM_WIDTH] == '-' &&
	    latency_columns(text, s + LATENCY_COMM_WIDTH + 1, e, ev, event)) {
		ev->comm = text_cache_miss_comm(text, s, LATENCY_COMM_WIDTH);
		return true;
	}
	if (verbose_columns(text, s, e, ev, event))
		return true;
	/* Several files in one report: "file.dat:            init-1 ..." */
	colon = memmem(s, (size_t)(e - s), ": ", 2);
	if (colon && e - colon > TEXT_COMM_WIDTH + 3 && colon[2 + TEXT_COMM_WIDTH] == '-' &&
	    columns(text, colon + 2 + TEXT_COMM_WIDTH + 1, e, ev, event)) {
		ev->comm = text_comm(text, colon + 2);
		return true;
	}
	return searched_columns(text, s, e, ev, event);
}

/*
 * perf script: "comm tid [cpu] time: event: ...", any but the time may be missing, and the name is
 * not at a fixed place. The first token that is a time divides the line.
 */
bool text_context_perf(struct text *text, const char *s, const char *e, struct event *ev,
		       const char **event)
{
	const char *token = scan_blanks(s);
	const char *end;

	for (; token < e; token = scan_blanks(end + 1)) {
		end = scan_token_end(token);
		if (end >= e)
			return false;
		if (is_perf_time(token, end))
			break;
	}
	if (token >= e || !perf_task(text, s, token, ev))
		return false;
	s = parse_time(text, token, ev);
	if (!s || *s != ':')
		return false;
	/* Columns like the period may come before the name, which ends with a colon. */
	for (s = scan_blanks(s + 1); s < e; s = scan_blanks(end + 1)) {
		end = scan_token_end(s);
		if (end[-1] == ':' || end >= e)
			break;
	}
	*event = s;
	return s < e;
}

/* Columns 1 and 3 of trace_print_lat_fmt(); the meaning of the others is not in the record. */
uint8_t text_context_flags(const char *flags, size_t len)
{
	uint8_t bits = EVENT_F_CONTEXT;

	if (len > 0)
		bits |= flags[0] == 'd' || flags[0] == 'D' ? EVENT_F_IRQS_OFF : 0;
	if (len > 0)
		bits |= flags[0] == 'b' || flags[0] == 'D' ? EVENT_F_BH_OFF : 0;
	if (len < 3)
		return bits;
	switch (flags[2]) {
	case 's':
		return bits | EVENT_F_SOFTIRQ;
	case 'h':
		return bits | EVENT_F_HARDIRQ;
	case 'H':
		return bits | EVENT_F_HARDIRQ | EVENT_F_SOFTIRQ;
	case 'z':
		return bits | EVENT_F_NMI;
	case 'Z':
		return bits | EVENT_F_NMI | EVENT_F_HARDIRQ;
	case 'y': /* these two: event/print.h */
		return bits | EVENT_F_NMI | EVENT_F_SOFTIRQ;
	case 'Y':
		return bits | EVENT_F_NMI | EVENT_F_HARDIRQ | EVENT_F_SOFTIRQ;
	default:
		return bits;
	}
}

/* Behind the dash: pid, tgid, [cpu], flags, time. */
static bool columns(struct text *text, const char *s, const char *e, struct event *ev,
		    const char **event)
{
	struct event parsed = *ev;

	s = parse_pid(s, &parsed);
	s = s ? skip_tgid(s) : NULL;
	s = s ? parse_cpu(s, &parsed) : NULL;
	s = s ? parse_flags(text, s, &parsed) : NULL;
	s = s ? parse_time(text, s, &parsed) : NULL;
	if (!s || s >= e || *s != ':')
		return false;
	*ev = parsed;
	*event = scan_blanks(s + 1);
	return *event <= e;
}

/* "1170      0..... 17526us+: ": relative microseconds and a mark for long delays. */
static bool latency_columns(struct text *text, const char *s, const char *e, struct event *ev,
			    const char **event)
{
	struct event parsed = *ev;
	const char *flags;
	uint64_t cpu, time;

	s = parse_pid(s, &parsed);
	if (!s || *s != ' ')
		return false;
	s = scan_dec(scan_blanks(s), &cpu);
	if (!s || cpu > UINT16_MAX)
		return false;
	parsed.cpu = (uint16_t)cpu;
	flags = s;
	s = scan_token_end(s);
	if (s == flags)
		return false;
	parsed.flags = text_context_flags(flags, (size_t)(s - flags));
	s = scan_blanks(s);
	flags = scan_dec(s, &time);
	if (flags && flags < e && SCAN_IS(flags, "us") && time < UINT64_MAX / 1000) {
		parsed.time = time * 1000;
		s = flags + 3; /* "us" and the mark */
		set_unit(text, false);
	} else {
		s = parse_time(text, s, &parsed);
	}
	if (!s || s >= e || *s != ':')
		return false;
	text->trace->info.has_context = true;
	*ev = parsed;
	*event = scan_blanks(s + 1);
	return *event <= e;
}

/*
 * Latency format with the option "verbose": "comm pid cpu flags preempt-count index [time in
 * hex us] relative: ", the flags a number, in hex as the two behind it.
 */
static bool verbose_columns(struct text *text, const char *s, const char *e, struct event *ev,
			    const char **event)
{
	const char *comm = s;
	struct event parsed = *ev;
	uint64_t number[5];

	if (e - s < TEXT_COMM_WIDTH + 2 || s[TEXT_COMM_WIDTH] != ' ')
		return false;
	s += TEXT_COMM_WIDTH + 1;
	for (size_t i = 0; i < ARRAY_SIZE(number); i++) {
		s = scan_blanks(s);
		s = i < 2 ? scan_dec(s, &number[i]) : scan_hex(s, &number[i]);
		if (!s || *s != ' ')
			return false;
	}
	if (number[0] > INT32_MAX || number[1] > UINT16_MAX || !SCAN_IS(s, " ["))
		return false;
	s = scan_hex(s + 2, &parsed.time);
	if (!s || *s != ']' || parsed.time > UINT64_MAX / 1000)
		return false;
	s = memmem(s, (size_t)(e - s), "): ", 3);
	if (!s)
		return false;
	parsed.time *= 1000;
	parsed.pid = (int32_t)number[0];
	parsed.cpu = (uint16_t)number[1];
	parsed.comm = text_comm(text, comm);
	set_unit(text, false);
	*ev = parsed;
	*event = s + 3;
	return true;
}

/* The first "-<digits> [" or "-<digits> (" that the other columns follow. */
static bool searched_columns(struct text *text, const char *s, const char *e, struct event *ev,
			     const char **event)
{
	for (const char *dash = s; (dash = memchr(dash, '-', (size_t)(e - dash))); dash++) {
		uint64_t pid;
		const char *next = scan_dec(dash + 1 + (dash[1] == '-'), &pid);

		if (!next || *next != ' ')
			continue;
		next = scan_blanks(next);
		if ((*next == '[' || *next == '(') && columns(text, dash + 1, e, ev, event)) {
			ev->comm = text_cache_miss_comm(text, s, (size_t)(dash - s));
			return true;
		}
	}
	return false;
}

/* "(   1170) " or "(-------) ". */
static const char *skip_tgid(const char *s)
{
	uint64_t tgid;
	const char *next;

	s = scan_blanks(s);
	if (*s != '(')
		return s;
	s = scan_blanks(s + 1);
	next = scan_dec(s, &tgid);
	if (!next) {
		for (next = s; *next == '-'; next++)
			;
		if (next == s)
			return NULL;
	}
	return *next == ')' ? scan_blanks(next + 1) : NULL;
}

static const char *parse_pid(const char *s, struct event *ev)
{
	bool negative = *s == '-';
	uint64_t pid;

	s = scan_dec(s + negative, &pid);
	if (!s || pid > INT32_MAX)
		return NULL;
	ev->pid = negative ? -(int32_t)pid : (int32_t)pid;
	return s;
}

static const char *parse_cpu(const char *s, struct event *ev)
{
	uint64_t cpu;

	if (*s != '[')
		return NULL;
	s = scan_dec(s + 1, &cpu);
	if (!s || *s != ']' || cpu > UINT16_MAX)
		return NULL;
	ev->cpu = (uint16_t)cpu;
	return s + 1;
}

/* A token that does not begin with a digit, if there is one. */
static const char *parse_flags(struct text *text, const char *s, struct event *ev)
{
	const char *end;

	s = scan_blanks(s);
	if (*s >= '0' && *s <= '9')
		return s;
	end = scan_token_end(s);
	if (end == s || end - s > 16)
		return NULL;
	ev->flags = text_context_flags(s, (size_t)(end - s));
	text->trace->info.has_context = true;
	return scan_blanks(end);
}

/* Up to the colon. Without a point it is a counter, whatever its unit. */
static const char *parse_time(struct text *text, const char *s, struct event *ev)
{
	uint64_t seconds, ns;

	s = scan_dec(s, &seconds);
	if (!s)
		return NULL;
	if (*s == ':') {
		if (!set_unit(text, true))
			return NULL;
		ev->time = seconds;
		return s;
	}
	s = parse_fraction(s, &ns);
	if (!s || *s != ':' || seconds > UINT64_MAX / 1000000000 - 1)
		return NULL;
	if (!set_unit(text, false))
		return NULL;
	ev->time = seconds * 1000000000 + ns;
	return s;
}

/* ".123456" or any number of digits up to nine. */
static const char *parse_fraction(const char *s, uint64_t *ns)
{
	const char *start = ++s;
	uint64_t value = 0;

	if (s[-1] != '.')
		return NULL;
	for (; *s >= '0' && *s <= '9' && s - start < 9; s++)
		value = value * 10 + (uint64_t)(*s - '0');
	if (s == start)
		return NULL;
	for (ptrdiff_t digits = s - start; digits < 9; digits++)
		value *= 10;
	*ns = value;
	return s;
}

/* The first event decides; a line of the other kind is no line of this recording. */
static bool set_unit(struct text *text, bool ticks)
{
	enum trace_clock_unit unit = ticks ? TRACE_CLOCK_TICKS : TRACE_CLOCK_NS;

	if (!text->clock_known) {
		text->clock_known = true;
		text->trace->info.unit = unit;
	}
	return text->trace->info.unit == unit;
}

static bool is_perf_time(const char *s, const char *e)
{
	uint64_t seconds, ns;

	s = scan_dec(s, &seconds);
	s = s && s < e && *s == '.' ? parse_fraction(s, &ns) : NULL;
	return s && s + 1 == e && *s == ':';
}

/* "comm tid [cpu] " or "comm pid/tid [cpu] " before the time. */
static bool perf_task(struct text *text, const char *s, const char *e, struct event *ev)
{
	const char *token = e;
	const char *end = e;

	while (end > s && end[-1] == ' ')
		end--;
	for (token = end; token > s && token[-1] != ' '; token--)
		;
	if (token < end && *token == '[') {
		if (!parse_cpu(token, ev))
			return false;
		for (end = token; end > s && end[-1] == ' '; end--)
			;
		for (token = end; token > s && token[-1] != ' '; token--)
			;
	}
	if (token < end) {
		const char *slash = memchr(token, '/', (size_t)(end - token));

		if (!parse_pid(slash ? slash + 1 : token, ev))
			return false;
		end = token;
	}
	while (end > s && end[-1] == ' ')
		end--;
	s = scan_blanks(s);
	/* perf writes ":1234" for a task whose name it does not know. */
	if (s < end && *s != ':')
		ev->comm = text_cache_miss_comm(text, s, (size_t)(end - s));
	return true;
}
