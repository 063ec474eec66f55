/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events as JSON lines; the form is specified in event/print.h. */
#include <config.h>

#include "kmreplay/event/print.h"

#include "event_internal.h"

#include <string.h>

static void print_context(const struct event *ev, struct str *out);
static void print_value(const struct event_printer *p, const struct event *ev,
			const struct event_batch *batch, const struct event_field *field,
			struct str *out);
static void print_ptrs(const struct event *ev, const struct event_batch *batch, struct str *out);
static void add_key(struct str *out, const char *key);
static void add_text(const struct intern *in, uint32_t id, struct str *out);
static void add_string(struct str *out, const char *text, size_t len);
static size_t utf8_len(const char *text, size_t len);

void event_print_json_header(const struct event_printer *p, struct str *out)
{
	str_add(out, "{\"kmreplay\":\"events\",\"version\":1,\"release\":");
	add_string(out, p->release, strlen(p->release));
	str_addf(out, ",\"gfp_era\":%u,\"clock\":", (unsigned int)p->era);
	add_string(out, p->clock, strlen(p->clock));
	str_addf(out, ",\"unit\":\"%s\",\"hashed_ptrs\":%s,\"nr_cpus\":%u}\n",
		 p->ticks ? "ticks" : "ns", p->hashed_ptrs ? "true" : "false", p->nr_cpus);
}

void event_print_json_lost(unsigned int cpu, uint64_t nr, struct str *out)
{
	if (nr)
		str_addf(out, "{\"lost_events\":%llu,\"cpu\":%u}\n", (unsigned long long)nr, cpu);
	else
		str_addf(out, "{\"lost_events\":null,\"cpu\":%u}\n", cpu);
}

void event_print_json(const struct event_printer *p, const struct event *ev,
		      const struct event_batch *batch, struct str *out)
{
	const struct event_desc *desc = event_desc(ev->type);

	str_add(out, "{\"type\":");
	if (desc->payload == EVENT_PAYLOAD_OTHER) {
		add_text(&p->names->texts, ev->other.name, out);
		str_add(out, ",\"other\":true");
	} else {
		add_string(out, desc->name, strlen(desc->name));
	}
	str_add(out, ",\"time\":");
	event_add_uint(out, ev->time);
	str_addf(out, ",\"cpu\":%u,\"pid\":%d", ev->cpu, ev->pid);
	if (ev->comm) {
		add_key(out, "comm");
		add_text(&p->names->texts, ev->comm, out);
	}
	print_context(ev, out);
	if (desc->payload == EVENT_PAYLOAD_TEXT) {
		add_key(out, "text");
		add_string(out, (const char *)batch->aux + ev->text.aux, ev->text.len);
	}
	for (unsigned int i = 0; i < desc->nr_fields; i++) {
		if (desc->fields[i].kind == EVENT_FIELD_FAILED || !event_field_shown(ev, i))
			continue;
		add_key(out, event_json_key(ev->type, i));
		print_value(p, ev, batch, &desc->fields[i], out);
	}
	str_add(out, "}\n");
}

const char *event_json_key(unsigned int type, unsigned int field)
{
	const struct event_desc *desc = event_desc(type);
	const struct event_field *f = &desc->fields[field];

	if (!f->key[0])
		return f->kind == EVENT_FIELD_SITE ? "caller" : f->member;
	/* What an event says of a task is not the task it happened in. */
	if (desc->payload == EVENT_PAYLOAD_OOM && strcmp(f->key, "pid") == 0)
		return "task_pid";
	if (desc->payload == EVENT_PAYLOAD_OOM && strcmp(f->key, "comm") == 0)
		return "task_comm";
	for (unsigned int i = 0; i < field; i++) {
		if (strcmp(desc->fields[i].key, f->key) == 0)
			return f->member;
	}
	return f->key;
}

static void print_context(const struct event *ev, struct str *out)
{
	static const struct {
		uint8_t flag;
		const char *name;
	} names[] = {
		{ EVENT_F_IRQS_OFF, "irqs_off" }, { EVENT_F_BH_OFF, "bh_off" },
		{ EVENT_F_SOFTIRQ, "softirq" },	  { EVENT_F_HARDIRQ, "hardirq" },
		{ EVENT_F_NMI, "nmi" },
	};
	bool first = true;

	if (ev->flags & EVENT_F_CONTEXT) {
		str_add(out, ",\"context\":[");
		for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
			if (!(ev->flags & names[i].flag))
				continue;
			str_addf(out, "%s\"%s\"", first ? "" : ",", names[i].name);
			first = false;
		}
		str_add_char(out, ']');
	}
	if (ev->flags & EVENT_F_FAILED)
		str_add(out, ",\"failed\":true");
	if (ev->flags & EVENT_F_LOST)
		str_add(out, ",\"lost\":true");
}

static void print_value(const struct event_printer *p, const struct event *ev,
			const struct event_batch *batch, const struct event_field *field,
			struct str *out)
{
	uint64_t value = field->kind == EVENT_FIELD_PTRS ? 0 : event_field_get(ev, field);

	switch ((enum event_field_kind)field->kind) {
	case EVENT_FIELD_INT:
		str_addf(out, "%lld", (long long)value);
		break;
	case EVENT_FIELD_UINT:
	case EVENT_FIELD_KIB:
		event_add_uint(out, value);
		break;
	case EVENT_FIELD_HEX:
	case EVENT_FIELD_PTR:
	case EVENT_FIELD_ADDR:
		str_add(out, "\"0x");
		event_add_hex(out, value, 1);
		str_add_char(out, '"');
		break;
	case EVENT_FIELD_BOOL:
	case EVENT_FIELD_FLAG:
		str_add(out, value ? "true" : "false");
		break;
	case EVENT_FIELD_GFP:
		str_add_char(out, '"');
		gfp_print(p->era, (uint32_t)value, out);
		str_add_char(out, '"');
		break;
	case EVENT_FIELD_WORD:
	case EVENT_FIELD_QUOTED:
		add_text(&p->names->texts, (uint32_t)value, out);
		break;
	case EVENT_FIELD_SITE:
		add_text(&p->names->site_texts, (uint32_t)value, out);
		break;
	case EVENT_FIELD_PTRS:
		print_ptrs(ev, batch, out);
		break;
	case EVENT_FIELD_FAILED:
	default:
		BUG_ON(true);
	}
}

static void print_ptrs(const struct event *ev, const struct event_batch *batch, struct str *out)
{
	str_add_char(out, '[');
	for (uint32_t i = 0; i < ev->bulk.nr_aux; i++) {
		uint64_t ptr;

		memcpy(&ptr, batch->aux + ev->bulk.aux + i * sizeof(ptr), sizeof(ptr));
		str_add(out, i ? ",\"0x" : "\"0x");
		event_add_hex(out, ptr, 1);
		str_add_char(out, '"');
	}
	str_add_char(out, ']');
}

static void add_key(struct str *out, const char *key)
{
	str_add_mem(out, ",\"", 2);
	str_add(out, key);
	str_add_mem(out, "\":", 2);
}

static void add_text(const struct intern *in, uint32_t id, struct str *out)
{
	add_string(out, intern_text(in, id), intern_len(in, id));
}

static void add_string(struct str *out, const char *text, size_t len)
{
	str_add_char(out, '"');
	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)text[i];
		size_t whole = utf8_len(text + i, len - i);

		if (c == '"' || c == '\\') {
			str_add_char(out, '\\');
			str_add_char(out, (char)c);
		} else if (c < ' ') {
			str_addf(out, "\\u%04x", c);
		} else if (!whole) {
			str_addf(out, "\\udc%02x", c);
		} else {
			str_add_mem(out, text + i, whole);
		}
		i += whole ? whole : 1;
	}
	str_add_char(out, '"');
}

/* How long the UTF-8 sequence is that begins at "text"; 0 when it is none (RFC 3629). */
static size_t utf8_len(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t want = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 :
		      s[0] < 0xf5 ? 4 : 0;

	if (want == 0 || want > len)
		return 0;
	for (size_t i = 1; i < want; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	/* Overlong forms, surrogates, and what lies above U+10FFFF. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))
		return 0;
	return want;
}
