/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any event by its keys. The table of event/desc.h says what a type's fields are called; here each
 * is first expected behind the one before (all kernels print in the table's order but for keys
 * that are new or gone), then searched, so that order and unknown keys do not matter. Three
 * spellings are taken alike: print format text; the tracefs option "fields", "key=0x40 (64)"; and
 * trace-cmd's raw form (-R), both with the members' names instead of the keys.
 */
#include <config.h>

#include "text.h"
#include "text_cache.h"
#include "text_scan.h"

#include "kmreplay/event/desc.h"

#include <string.h>

/* A payload while its fields are taken. */
struct payload {
	struct text *text;
	const struct event_desc *desc;
	struct event *ev;
	struct event_batch *batch;
	const char *s, *e; /* all of it */
	const char *at;    /* behind the last value */
};

static const char *find_value(const struct payload *p, const struct event_field *field);
static const char *match_key(const struct payload *p, const char *at, const char *prefix,
			     const char *key, const char *sep);
static const char *search_key(const struct payload *p, const char *prefix, const char *key,
			      const char *sep);
static bool probe_place(struct payload *p);
static bool take_value(struct payload *p, const struct event_field *field, const char *v);
static const char *take_number(struct payload *p, const struct event_field *field, const char *v);
static const char *number(const struct payload *p, const struct event_field *field, const char *v,
			  uint64_t *ret);
static const char *signed_number(const char *v, uint64_t *ret);
static const char *pointer(struct payload *p, const char *v, uint64_t *ret);
static const char *take_text(struct payload *p, const struct event_field *field, const char *v);
static const char *take_site(struct payload *p, const struct event_field *field, const char *v);
static const char *take_mask(struct payload *p, const struct event_field *field, const char *v);
static const char *take_ptrs(struct payload *p, const char *v);
static const char *text_end(const struct payload *p, const struct event_field *field, const char *v,
			    bool quoted);
static bool key_follows(const struct payload *p, const struct event_field *from, const char *at);
static const char *skip_bracketed_decimal(const char *v);

bool text_fields(struct text *text, struct event *ev, struct event_batch *batch, const char *s,
		 const char *e)
{
	struct payload p = { .text = text, .desc = event_desc(ev->type), .ev = ev,
			     .batch = batch, .s = s, .e = e, .at = s };

	if ((p.desc->payload == EVENT_PAYLOAD_PROBE || p.desc->payload == EVENT_PAYLOAD_BULK) &&
	    !probe_place(&p))
		return false;
	for (unsigned int i = 0; i < p.desc->nr_fields; i++) {
		const struct event_field *field = &p.desc->fields[i];
		const char *value;

		if (!field->key[0] && field->kind == EVENT_FIELD_SITE)
			continue; /* probe_place() */
		value = find_value(&p, field);
		if (!value) {
			if (field->optional)
				continue;
			return false;
		}
		if (!take_value(&p, field, value))
			return false;
	}
	if (p.desc->payload == EVENT_PAYLOAD_PAGE && text->dialect->page_nonsense)
		ev->page.page = 0;
	if (p.desc->payload == EVENT_PAYLOAD_EXTFRAG && text->dialect->page_nonsense)
		ev->extfrag.page = 0;
	event_settle(ev);
	return true;
}

/* Where the field's value begins; NULL when it is not there. */
static const char *find_value(const struct payload *p, const struct event_field *field)
{
	const char *prefix = field->prefix ? field->prefix : " ";
	const char *sep = field->sep ? field->sep : "=";
	const char *value = match_key(p, p->at, prefix, field->key, sep);

	/* The prefix without its blank at the start of the payload. */
	if (!value && p->at == p->s && prefix[0] == ' ')
		value = match_key(p, p->at, prefix + 1, field->key, sep);
	if (!value)
		value = search_key(p, prefix, field->key, sep);
	if (!value)
		value = search_key(p, " ", event_field_member(field), "=");
	return value;
}

static const char *match_key(const struct payload *p, const char *at, const char *prefix,
			     const char *key, const char *sep)
{
	const char *const parts[] = { prefix, key, sep };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		size_t len = strlen(parts[i]);

		if ((size_t)(p->e - at) < len || memcmp(at, parts[i], len) != 0)
			return NULL;
		at += len;
	}
	return at;
}

/* Anywhere in the payload; a key at its very start has no blank before it. */
static const char *search_key(const struct payload *p, const char *prefix, const char *key,
			      const char *sep)
{
	const char *at = p->s;
	const char *value;

	if (!key[0])
		return NULL;
	if (prefix[0] == ' ') {
		value = match_key(p, at, prefix + 1, key, sep);
		if (value)
			return value;
	}
	for (; (at = memchr(at, prefix[0], (size_t)(p->e - at))); at++) {
		value = match_key(p, at, prefix, key, sep);
		if (value)
			return value;
	}
	return NULL;
}

/*
 * "(func+0x0/0x40) " or "(caller+0x1a/0x60 [mod] <- func) "; the site is the caller. trace-cmd and
 * perf evaluate the print format, which has the two the other way round.
 */
static bool probe_place(struct payload *p)
{
	const char *close, *arrow, *from, *to;
	const struct event_field *caller = &p->desc->fields[0];

	if (p->s == p->e || *p->s != '(') {
		const char *value = search_key(p, " ", "__probe_ret_ip", "=");

		if (!value || caller->key[0] || caller->kind != EVENT_FIELD_SITE)
			return search_key(p, " ", "__probe_ip", "=") != NULL;
		return take_value(p, caller, value);
	}
	close = memchr(p->s, ')', (size_t)(p->e - p->s));
	if (!close)
		return false;
	p->at = close + 1;
	arrow = memmem(p->s, (size_t)(close - p->s), " <- ", 4);
	if (caller->key[0] || caller->kind != EVENT_FIELD_SITE || !arrow)
		return true;
	from = p->text->dialect->probe_func_first ? arrow + 4 : p->s + 1;
	to = p->text->dialect->probe_func_first ? close : arrow;
	if (to == from || (to - from == 1 && *from == '?'))
		return true;
	return text_site(p->text, from, (size_t)(to - from), &p->ev->site);
}

/* Stores the value at "v" and moves on behind it. */
static bool take_value(struct payload *p, const struct event_field *field, const char *v)
{
	const char *end;

	/* A kprobe could not fetch the argument: as if it were 0 (kfree_bulk() has no cache). */
	if (p->e - v >= 7 && SCAN_IS(v, "(fault)")) {
		p->at = v + 7;
		return true;
	}
	switch ((enum event_field_kind)field->kind) {
	case EVENT_FIELD_WORD:
	case EVENT_FIELD_QUOTED:
		end = take_text(p, field, v);
		break;
	case EVENT_FIELD_SITE:
		end = take_site(p, field, v);
		break;
	case EVENT_FIELD_GFP:
		end = take_mask(p, field, v);
		break;
	case EVENT_FIELD_PTRS:
		end = take_ptrs(p, v);
		break;
	case EVENT_FIELD_UINT:
	case EVENT_FIELD_INT:
	case EVENT_FIELD_HEX:
	case EVENT_FIELD_PTR:
	case EVENT_FIELD_BOOL:
	case EVENT_FIELD_FLAG:
	case EVENT_FIELD_KIB:
	case EVENT_FIELD_ADDR:
	case EVENT_FIELD_FAILED:
	default:
		end = take_number(p, field, v);
		break;
	}
	if (!end || end > p->e)
		return false;
	p->at = end;
	return true;
}

static const char *take_number(struct payload *p, const struct event_field *field, const char *v)
{
	uint64_t value;

	if (field->kind == EVENT_FIELD_PTR)
		v = pointer(p, v, &value);
	else if (field->kind == EVENT_FIELD_INT)
		v = signed_number(v, &value);
	else
		v = number(p, field, v, &value);
	if (!v || !event_field_set(p->ev, field, value))
		return NULL;
	return skip_bracketed_decimal(v);
}

/* Decimal, hex with 0x, true or false, "(1)" as "fields" prints a bool. */
static const char *number(const struct payload *p, const struct event_field *field, const char *v,
			  uint64_t *ret)
{
	bool bracketed = *v == '(';

	v += bracketed;
	if (SCAN_IS(v, "0x")) {
		v = scan_hex(v + 2, ret);
	} else if (SCAN_IS(v, "true")) {
		*ret = 1;
		v += SCAN_LEN("true");
	} else if (SCAN_IS(v, "false")) {
		*ret = 0;
		v += SCAN_LEN("false");
	} else if (field->kind == EVENT_FIELD_HEX && p->desc->payload == EVENT_PAYLOAD_CMA) {
		/* pfn=%lx until the events of 5.x */
		v = scan_hex(v, ret);
	} else {
		v = scan_dec(v, ret);
	}
	if (v && field->kind == EVENT_FIELD_KIB && SCAN_IS(v, "kB"))
		v += SCAN_LEN("kB");
	if (v && bracketed)
		v = *v == ')' ? v + 1 : NULL;
	return v;
}

/* "-1", or "0xffffffff (-1)", where only the brackets know the sign. */
static const char *signed_number(const char *v, uint64_t *ret)
{
	bool negative;

	if (SCAN_IS(v, "0x")) {
		v = scan_hex(v + 2, ret);
		if (!v || !SCAN_IS(v, " ("))
			return v;
		v += 2;
	} else if (*v == '(') {
		v++;
	}
	negative = *v == '-';
	v = scan_dec(v + negative, ret);
	if (!v || *ret > INT64_MAX)
		return NULL;
	if (negative)
		*ret = -*ret;
	return *v == ')' ? v + 1 : v;
}

/* %p through the kernels: digits with or without 0x, "(nil)", "(null)" padded with blanks. */
static const char *pointer(struct payload *p, const char *v, uint64_t *ret)
{
	bool prefixed;
	const char *end;

	v = scan_blanks(v);
	*ret = 0;
	if (SCAN_IS(v, "(nil)"))
		return v + SCAN_LEN("(nil)");
	if (SCAN_IS(v, "(null)"))
		return v + SCAN_LEN("(null)");
	prefixed = SCAN_IS(v, "0x");
	end = scan_hex(v + (prefixed ? 2 : 0), ret);
	if (end && !prefixed && *ret && p->desc->payload == EVENT_PAYLOAD_SLAB) {
		p->text->nr_wide += end - v == 16;
		p->text->wide_bits |= end - v == 16 ? *ret : 0;
		p->text->nr_narrow += end - v == 8;
	}
	return end;
}

/* A word may hold blanks: it ends where the next key of this event begins, or the line ends. */
static const char *take_text(struct payload *p, const struct event_field *field, const char *v)
{
	bool quoted = field->kind == EVENT_FIELD_QUOTED && v < p->e && *v == '"';
	const char *end;
	const char *last;
	uint32_t id;

	v += quoted;
	end = text_end(p, field, v, quoted);
	if (!end)
		return NULL;
	last = end;
	if (!quoted) { /* "%-8s" pads zone names */
		while (last > v && last[-1] == ' ')
			last--;
	}
	if (last == v)
		return end + quoted;
	if (!text_word(p->text, v, (size_t)(last - v), &id) ||
	    !event_field_set(p->ev, field, id))
		return NULL;
	return end + quoted;
}

static const char *text_end(const struct payload *p, const struct event_field *field, const char *v,
			    bool quoted)
{
	char stop = quoted ? '"' : ' ';

	/* A kprobe string may hold quotes: the closing one is at the end or before a key. */
	for (const char *at = v; (at = memchr(at, stop, (size_t)(p->e - at))); at++) {
		if (quoted && at + 1 == p->e)
			return at;
		if (key_follows(p, field + 1, at + quoted))
			return at;
	}
	return quoted ? NULL : p->e;
}

/* Does one of the fields behind "from" begin at "at"? Readers pass over keys they do not know. */
static bool key_follows(const struct payload *p, const struct event_field *from, const char *at)
{
	const struct event_field *end = p->desc->fields + p->desc->nr_fields;

	for (const struct event_field *field = from; field < end; field++) {
		if (match_key(p, at, field->prefix ? field->prefix : " ", field->key,
			      field->sep ? field->sep : "="))
			return true;
		if (match_key(p, at, " ", event_field_member(field), "="))
			return true;
	}
	/* mark_victim has keys that are not in the table behind ones that are. */
	return p->desc->payload == EVENT_PAYLOAD_OOM && match_key(p, at, " ", "total-vm", "=");
}

static const char *take_site(struct payload *p, const struct event_field *field, const char *v)
{
	const char *end = scan_token_end(v);
	uint32_t site;

	if (end == v)
		return NULL;
	if (end[0] == ' ' && end[1] == '[') {
		const char *module = scan_token_end(end + 1);

		if (module[-1] == ']')
			end = module;
	}
	if (!text_site(p->text, v, (size_t)(end - v), &site) ||
	    !event_field_set(p->ev, field, site))
		return NULL;
	return skip_bracketed_decimal(end);
}

static const char *take_mask(struct payload *p, const struct event_field *field, const char *v)
{
	const char *end = scan_token_end(v);
	uint32_t mask;

	if (end == v || !text_mask(p->text, v, (size_t)(end - v), &mask) ||
	    !event_field_set(p->ev, field, mask))
		return NULL;
	return skip_bracketed_decimal(end);
}

/* "{0xffff899fd7285f00,0x0,...}" */
static const char *take_ptrs(struct payload *p, const char *v)
{
	uint64_t ptrs[256];
	uint32_t nr = 0;

	if (*v != '{')
		return NULL;
	do {
		const char *end;

		v++;
		if (*v == '}' && !nr)
			break;
		end = SCAN_IS(v, "0x") ? scan_hex(v + 2, &ptrs[nr]) : scan_dec(v, &ptrs[nr]);
		if (!end)
			return NULL;
		v = end;
		nr++;
	} while (*v == ',' && nr < ARRAY_SIZE(ptrs));
	if (*v != '}')
		return NULL;
	p->ev->bulk.nr_aux = nr;
	p->ev->bulk.aux = event_batch_add_aux(p->batch, ptrs, nr * sizeof(ptrs[0]));
	return v + 1;
}

/* " (-125566579466304)": the same number again. */
static const char *skip_bracketed_decimal(const char *v)
{
	const char *at = v;

	if (at[0] != ' ' || at[1] != '(')
		return v;
	at += at[2] == '-' ? 3 : 2;
	if (*at < '0' || *at > '9')
		return v;
	while (*at >= '0' && *at <= '9')
		at++;
	return *at == ')' ? at + 1 : v;
}
