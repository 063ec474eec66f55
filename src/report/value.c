/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single values and texts as the writers print them: numbers by unit, texts made harmless. */
#include <config.h>

#include "report_internal.h"

#include "kmreplay/core/fmt.h"

#include <inttypes.h>
#include <string.h>

static enum report_unit unit_of(enum report_unit unit, struct report_value value);
static void add_thousandths(struct str *out, struct report_value value);
static void add_percent(struct str *out, uint64_t thousandths);
static uint64_t magnitude(struct report_value value, bool *negative);

void value_add_raw(struct str *out, enum report_unit unit, struct report_value value)
{
	if (value.kind == REPORT_NONE || value.kind == REPORT_STR)
		return;
	unit = unit_of(unit, value);
	if (value.kind == REPORT_TRUTH)
		str_add(out, value.truth ? "true" : "false");
	else if (unit == REPORT_PERCENT || unit == REPORT_SHARE || unit == REPORT_CHANGE ||
		 unit == REPORT_RATIO)
		add_thousandths(out, value);
	else if (unit == REPORT_HEX)
		str_addf(out, "0x%" PRIx64, value.u64);
	else if (value.kind == REPORT_I64)
		str_addf(out, "%" PRId64, value.i64);
	else
		str_addf(out, "%" PRIu64, value.u64);
}

void value_add_human(struct str *out, enum report_unit unit, struct report_value value)
{
	char buf[FMT_BUF];
	bool negative;
	uint64_t nr;

	if (value.kind == REPORT_NONE) {
		str_add(out, "-");
		return;
	}
	if (value.kind == REPORT_STR) {
		report_add_printable(out, value.str);
		return;
	}
	if (value.kind == REPORT_TRUTH) {
		str_add(out, value.truth ? "yes" : "no");
		return;
	}
	unit = unit_of(unit, value);
	if (unit == REPORT_HEX || unit == REPORT_NUMBER || unit == REPORT_RATIO ||
	    unit == REPORT_SHARE) {
		value_add_raw(out, unit, value);
		str_add(out, unit == REPORT_SHARE ? " %" : "");
		return;
	}
	nr = magnitude(value, &negative);
	if (negative)
		str_add_char(out, '-');
	else if (unit == REPORT_CHANGE && nr)
		str_add_char(out, '+');
	if (unit == REPORT_PERCENT || unit == REPORT_CHANGE)
		add_percent(out, nr);
	else if (unit == REPORT_BYTES)
		str_add(out, fmt_size(buf, nr));
	else if (unit == REPORT_NS)
		str_add(out, fmt_ns(buf, nr));
	else if (unit == REPORT_TIME)
		str_add(out, fmt_time(buf, nr));
	else
		str_add(out, fmt_count(buf, nr));
}

size_t text_width(const char *text, size_t len)
{
	size_t width = 0;

	for (size_t i = 0; i < len; i++)
		width += ((unsigned char)text[i] & 0xc0) != 0x80;
	return width;
}

unsigned int utf8_length(const char *s)
{
	/* The second byte's range excludes overlong forms, surrogates, all above U+10FFFF. */
	static const struct {
		unsigned char first, last, low, high, length;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	const unsigned char *u = (const unsigned char *)s;

	if (u[0] < 0x80)
		return u[0] != 0;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (u[0] < forms[i].first || u[0] > forms[i].last)
			continue;
		if (u[1] < forms[i].low || u[1] > forms[i].high)
			return 0;
		for (unsigned int k = 2; k < forms[i].length; k++)
			if ((u[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

void report_add_json_string(struct str *out, const char *text)
{
	str_add_char(out, '"');
	while (*text) {
		unsigned char c = (unsigned char)*text;
		unsigned int len = utf8_length(text);

		if (c == '"' || c == '\\')
			str_addf(out, "\\%c", c);
		else if (c == '\n')
			str_add(out, "\\n");
		else if (c < 0x20 || c == 0x7f)
			str_addf(out, "\\u%04x", c);
		else if (!len)
			str_add(out, "\\ufffd");
		else
			str_add_mem(out, text, len);
		text += len ? len : 1;
	}
	str_add_char(out, '"');
}

void report_add_printable(struct str *out, const char *text)
{
	while (*text) {
		const unsigned char *u = (const unsigned char *)text;
		unsigned int len = utf8_length(text);

		/* U+0080 .. U+009F are control characters as well. */
		if (!len || *u < 0x20 || *u == 0x7f || (*u == 0xc2 && u[1] < 0xa0)) {
			str_addf(out, "\\x%02x", *u);
			text++;
		} else {
			str_add_mem(out, text, len);
			text += len;
		}
	}
}

static enum report_unit unit_of(enum report_unit unit, struct report_value value)
{
	return value.own_unit ? (enum report_unit)(value.own_unit - 1) : unit;
}

static void add_thousandths(struct str *out, struct report_value value)
{
	bool negative;
	uint64_t nr = magnitude(value, &negative);

	str_addf(out, "%s%" PRIu64 ".%03" PRIu64, negative ? "-" : "", nr / 1000, nr % 1000);
}

static void add_percent(struct str *out, uint64_t thousandths)
{
	uint64_t tenths = thousandths / 100 + (thousandths % 100 >= 50);

	str_addf(out, "%" PRIu64 ".%" PRIu64 " %%", tenths / 10, tenths % 10);
}

static uint64_t magnitude(struct report_value value, bool *negative)
{
	*negative = value.kind == REPORT_I64 && value.i64 < 0;
	return *negative ? 0 - (uint64_t)value.i64 : value.u64;
}
