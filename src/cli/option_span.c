/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A part of a recording: "12.5,13", "12.5,", ",marker:begin", "10%,50%". */
#include <config.h>

#include "option.h"

#include <string.h>

static const char *find_comma(const char *text);
static bool is_backwards(const struct option_span *span);
static int number_cmp(const struct when_number *a, const struct when_number *b);

bool option_span_parse(const char *value, struct option_span *span, struct error *err)
{
	const char *comma = find_comma(value);
	const size_t len = comma ? (size_t)(comma - value) : 0;

	*span = (struct option_span){ .given = true, .text = value };
	if (!comma || !value[1] || find_comma(comma + 1))
		return error_set(err, "expected two points, A,B or A, or ,B (a comma in a marker's "
				      "text as \\,), not '%.60s'", value);
	span->open_start = !len;
	span->open_end = !comma[1];
	if (!span->open_start && !when_parse(value, len, &span->from, err))
		return false;
	if (!span->open_end && !when_parse(comma + 1, strlen(comma + 1), &span->to, err)) {
		option_span_clear(span);
		return false;
	}
	if (!is_backwards(span))
		return true;
	option_span_clear(span);
	return error_set(err, "'%.60s' ends before it begins", value);
}

void option_span_clear(struct option_span *span)
{
	when_deinit(&span->from);
	when_deinit(&span->to);
	span->given = false;
}

/* One without a backslash before it. */
static const char *find_comma(const char *text)
{
	for (; *text && *text != ','; text++)
		if (*text == '\\' && text[1])
			text++;
	return *text ? text : NULL;
}

/* As far as it shows without the recording. */
static bool is_backwards(const struct option_span *span)
{
	const struct when *from = &span->from, *to = &span->to;

	if (span->open_start || span->open_end || from->kind != to->kind)
		return false;
	if (from->kind == WHEN_IS_TIME || from->kind == WHEN_IS_SHARE)
		return number_cmp(&from->value, &to->value) > 0;
	return from->kind == WHEN_IS_EVENT && from->nr > to->nr;
}

static int number_cmp(const struct when_number *a, const struct when_number *b)
{
	if (a->whole != b->whole)
		return a->whole < b->whole ? -1 : 1;
	return a->nano < b->nano ? -1 : a->nano > b->nano;
}
