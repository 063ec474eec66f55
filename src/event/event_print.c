/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events as normalised tracefs text: the table of desc.c drives it. Which bytes of a text are
 * escaped is decided so that our reader of ftrace text finds the same borders again.
 */
#include <config.h>

#include "kmreplay/event/print.h"

#include "event_internal.h"

#include <string.h>

enum escape {
	ESCAPE_LINE = 1 << 0,  /* only what breaks a line: markers, task names */
	ESCAPE_FIELD = 1 << 1, /* and '=' and quotes, which the search for the next key looks for */
	ESCAPE_WORD = 1 << 2,  /* and blanks, colons, brackets: event names, call sites */
	ESCAPE_DASH = 1 << 3,  /* and dashes: a task name that does not fit its column */
};

enum { COMM_WIDTH = 16 };

static void print_context(const struct event_printer *p, const struct event *ev, struct str *out);
static void print_comm(const struct event_printer *p, const struct event *ev, struct str *out);
static void print_flags(const struct event *ev, struct str *out);
static void print_probe_place(const struct event_printer *p, const struct event *ev,
			      struct str *out);
static void print_value(const struct event_printer *p, const struct event *ev,
			const struct event_batch *batch, const struct event_field *field,
			struct str *out);
static void print_ptrs(const struct event *ev, const struct event_batch *batch, struct str *out);
static void print_site(const struct event_printer *p, uint32_t site, struct str *out);
static void add_text(const struct event_printer *p, uint32_t text, unsigned int escape,
		     struct str *out);
static void add_escaped(const char *text, size_t len, unsigned int escape, struct str *out);
static bool is_escaped(const char *text, size_t len, size_t i, unsigned int escape);

void event_print_text_header(const struct event_printer *p, struct str *out)
{
	str_addf(out, "# kmreplay text 1 era=%u unit=%s", (unsigned int)p->era,
		 p->ticks ? "ticks" : "ns");
	if (p->hashed_ptrs)
		str_add(out, " hashed");
	if (p->long_is_32)
		str_add(out, " long32");
	if (p->nr_cpus)
		str_addf(out, " cpus=%u", p->nr_cpus);
	if (p->clock[0]) {
		str_add(out, " clock=");
		add_escaped(p->clock, strlen(p->clock), ESCAPE_WORD, out);
	}
	if (p->release[0]) {
		str_add(out, " release=");
		add_escaped(p->release, strlen(p->release), ESCAPE_WORD, out);
	}
	str_add(out, "\n");
}

void event_print_text_lost(unsigned int cpu, uint64_t nr, struct str *out)
{
	if (nr)
		str_addf(out, "CPU:%u [LOST %llu EVENTS]\n", cpu, (unsigned long long)nr);
	else
		str_addf(out, "CPU:%u [LOST EVENTS]\n", cpu);
}

void event_print_text(const struct event_printer *p, const struct event *ev,
		      const struct event_batch *batch, struct str *out)
{
	const struct event_desc *desc = event_desc(ev->type);

	print_context(p, ev, out);
	if (desc->payload == EVENT_PAYLOAD_OTHER)
		add_text(p, ev->other.name, ESCAPE_LINE | ESCAPE_FIELD | ESCAPE_WORD, out);
	else
		str_add(out, ev->type == EVENT_MARK ? "tracing_mark_write" : desc->name);
	str_add_mem(out, ": ", 2);
	event_print_fields(p, ev, batch, out);
	str_add_char(out, '\n');
}

void event_print_fields(const struct event_printer *p, const struct event *ev,
			const struct event_batch *batch, struct str *out)
{
	const struct event_desc *desc = event_desc(ev->type);
	bool first = true;

	if (desc->payload == EVENT_PAYLOAD_TEXT)
		add_escaped((const char *)batch->aux + ev->text.aux, ev->text.len, ESCAPE_LINE,
			    out);
	if (desc->payload == EVENT_PAYLOAD_PROBE || desc->payload == EVENT_PAYLOAD_BULK) {
		print_probe_place(p, ev, out);
		first = false;
	}
	for (unsigned int i = 0; i < desc->nr_fields; i++) {
		const struct event_field *field = &desc->fields[i];
		const char *prefix = field->prefix ? field->prefix : " ";

		/* print_probe_place() has written the field without a key */
		if ((!field->key[0] && field->kind == EVENT_FIELD_SITE) ||
		    !event_field_shown(ev, i))
			continue;
		str_add(out, first && prefix[0] == ' ' ? prefix + 1 : prefix);
		str_add(out, field->key);
		str_add(out, field->sep ? field->sep : "=");
		print_value(p, ev, batch, field, out);
		first = false;
	}
}

void event_add_uint(struct str *out, uint64_t value)
{
	char buf[20];
	size_t at = sizeof(buf);

	do {
		buf[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	str_add_mem(out, buf + at, sizeof(buf) - at);
}

void event_add_hex(struct str *out, uint64_t value, unsigned int digits)
{
	char buf[16];
	size_t at = sizeof(buf);

	do {
		buf[--at] = "0123456789abcdef"[value & 15];
		value >>= 4;
	} while (value || sizeof(buf) - at < digits);
	str_add_mem(out, buf + at, sizeof(buf) - at);
}

/* kernel/trace/trace_output.c:trace_print_context() and its helpers, v6.12, without tgid. */
static void print_context(const struct event_printer *p, const struct event *ev, struct str *out)
{
	size_t start;

	print_comm(p, ev, out);
	str_add_char(out, '-');
	start = out->len;
	if (ev->pid < 0)
		str_add_char(out, '-');
	event_add_uint(out, (uint64_t)(ev->pid < 0 ? -(int64_t)ev->pid : ev->pid));
	while (out->len - start < 7)
		str_add_char(out, ' ');
	str_add_mem(out, " [", 2);
	if (ev->cpu < 100)
		str_add_mem(out, "00", ev->cpu < 10 ? 2 : 1);
	event_add_uint(out, ev->cpu);
	str_add_mem(out, "] ", 2);
	if (ev->flags & EVENT_F_CONTEXT)
		print_flags(ev, out);
	if (p->ticks) {
		str_addf(out, " %12llu: ", (unsigned long long)ev->time);
		return;
	}
	str_addf(out, " %5llu.%09llu: ", (unsigned long long)(ev->time / 1000000000),
		 (unsigned long long)(ev->time % 1000000000));
}

static void print_comm(const struct event_printer *p, const struct event *ev, struct str *out)
{
	size_t start = out->len;
	size_t len;
	char pad[COMM_WIDTH];

	if (ev->comm)
		add_text(p, ev->comm, ESCAPE_LINE, out);
	else
		str_add(out, "<...>");
	len = out->len - start;
	if (len > COMM_WIDTH) {
		out->len = start;
		add_text(p, ev->comm, ESCAPE_LINE | ESCAPE_DASH, out);
	} else if (len < COMM_WIDTH) {
		size_t pad_len = COMM_WIDTH - len;

		memset(pad, ' ', pad_len);
		str_add_mem(out, pad, pad_len);
		memmove(out->data + start + pad_len, out->data + start, len);
		memset(out->data + start, ' ', pad_len);
	}
}

/* trace_output.c:trace_print_lat_fmt(); need-resched and the two depths are not in the record. */
static void print_flags(const struct event *ev, struct str *out)
{
	unsigned int irqs = (ev->flags & EVENT_F_IRQS_OFF ? 1U : 0) |
			    (ev->flags & EVENT_F_BH_OFF ? 2U : 0);
	unsigned int in = (ev->flags & EVENT_F_SOFTIRQ ? 1U : 0) |
			  (ev->flags & EVENT_F_HARDIRQ ? 2U : 0) |
			  (ev->flags & EVENT_F_NMI ? 4U : 0);
	const char column[] = { ".dbD"[irqs], '.', ".shHzyZY"[in], '.', '.' };

	str_add_mem(out, column, sizeof(column));
}

/* "(?)" for a kprobe, "(caller <- ?)" for a kretprobe, whose table has a field without key. */
static void print_probe_place(const struct event_printer *p, const struct event *ev,
			      struct str *out)
{
	const struct event_field *field = event_desc(ev->type)->fields;

	if (field->key[0]) {
		str_add(out, "(?)");
		return;
	}
	str_add_char(out, '(');
	if (ev->site)
		print_site(p, ev->site, out);
	else
		str_add_char(out, '?');
	str_add(out, " <- ?)");
}

static void print_value(const struct event_printer *p, const struct event *ev,
			const struct event_batch *batch, const struct event_field *field,
			struct str *out)
{
	uint64_t value = field->kind == EVENT_FIELD_PTRS ? 0 : event_field_get(ev, field);

	switch ((enum event_field_kind)field->kind) {
	case EVENT_FIELD_INT:
		if ((int64_t)value < 0) {
			str_add_char(out, '-');
			value = -value;
		}
		event_add_uint(out, value);
		break;
	case EVENT_FIELD_UINT:
	case EVENT_FIELD_ADDR:
	case EVENT_FIELD_FLAG:
	case EVENT_FIELD_FAILED:
		event_add_uint(out, value);
		break;
	case EVENT_FIELD_HEX:
		str_add_mem(out, "0x", 2);
		if (event_desc(ev->type)->payload == EVENT_PAYLOAD_PAGE &&
		    value == EVENT_PFN_FAILED)
			value = 0;
		event_add_hex(out, value, 1);
		break;
	case EVENT_FIELD_PTR:
		event_add_hex(out, value, 16);
		break;
	case EVENT_FIELD_BOOL:
		str_add(out, value ? "true" : "false");
		break;
	case EVENT_FIELD_GFP:
		gfp_print(p->era, (uint32_t)value, out);
		break;
	case EVENT_FIELD_WORD:
		add_text(p, (uint32_t)value, ESCAPE_LINE | ESCAPE_FIELD, out);
		break;
	case EVENT_FIELD_QUOTED:
		str_add_char(out, '"');
		add_text(p, (uint32_t)value, ESCAPE_LINE | ESCAPE_FIELD, out);
		str_add_char(out, '"');
		break;
	case EVENT_FIELD_SITE:
		print_site(p, (uint32_t)value, out);
		break;
	case EVENT_FIELD_KIB:
		event_add_uint(out, value);
		str_add_mem(out, "kB", 2);
		break;
	case EVENT_FIELD_PTRS:
		print_ptrs(ev, batch, out);
		break;
	default:
		BUG_ON(true);
	}
}

static void print_ptrs(const struct event *ev, const struct event_batch *batch, struct str *out)
{
	str_add_char(out, '{');
	for (uint32_t i = 0; i < ev->bulk.nr_aux; i++) {
		uint64_t ptr;

		memcpy(&ptr, batch->aux + ev->bulk.aux + i * sizeof(ptr), sizeof(ptr));
		str_add(out, i ? ",0x" : "0x");
		event_add_hex(out, ptr, 1);
	}
	str_add_char(out, '}');
}

/* As recorded; of its bytes only " [module]" may hold a blank. */
static void print_site(const struct event_printer *p, uint32_t site, struct str *out)
{
	const char *text = intern_text(&p->names->site_texts, site);
	size_t len = intern_len(&p->names->site_texts, site);
	const char *module = len && text[len - 1] == ']' ? memmem(text, len, " [", 2) : NULL;
	unsigned int escape = ESCAPE_LINE | ESCAPE_FIELD | ESCAPE_WORD;

	if (!module) {
		add_escaped(text, len, escape, out);
		return;
	}
	add_escaped(text, (size_t)(module - text), escape, out);
	str_add_mem(out, " [", 2);
	add_escaped(module + 2, len - 1 - (size_t)(module + 2 - text), escape, out);
	str_add_char(out, ']');
}

static void add_text(const struct event_printer *p, uint32_t text, unsigned int escape,
		     struct str *out)
{
	add_escaped(intern_text(&p->names->texts, text), intern_len(&p->names->texts, text), escape,
		    out);
}

static void add_escaped(const char *text, size_t len, unsigned int escape, struct str *out)
{
	size_t from = 0;

	for (size_t i = 0; i < len; i++) {
		if (!is_escaped(text, len, i, escape))
			continue;
		str_add_mem(out, text + from, i - from);
		str_add_mem(out, "\\x", 2);
		event_add_hex(out, (unsigned char)text[i], 2);
		from = i + 1;
	}
	str_add_mem(out, text + from, len - from);
}

static bool is_escaped(const char *text, size_t len, size_t i, unsigned int escape)
{
	unsigned char c = (unsigned char)text[i];

	if (c < ' ' || c == 0x7f || c == '\\')
		return true;
	if (c == ' ' && (i == 0 || i == len - 1))
		return true;
	if (c == '<' && i == 0)
		return len == 5 && memcmp(text, "<...>", 5) == 0;
	if ((escape & ESCAPE_FIELD) && (c == '=' || c == '"' || (c == '(' && i == 0)))
		return true;
	if ((escape & ESCAPE_WORD) && (c == ' ' || c == ':' || c == '[' || c == ']' || c == '(' ||
				       c == ')' || c == '<'))
		return true;
	return (escape & ESCAPE_DASH) && c == '-';
}
