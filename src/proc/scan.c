/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines, words and numbers of a text in memory. */
#include <config.h>

#include "scan.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void skip_blanks(struct scan *s);

void scan_init(struct scan *s, const struct str *text, const char *name, struct error *err)
{
	const char *data = str_text(text);

	*s = (struct scan){
		.at = data, .end = data, .rest = data, .text_end = data + text->len,
		.name = name, .err = err,
	};
}

bool scan_line(struct scan *s)
{
	const char *newline;

	if (s->rest == s->text_end) {
		s->at = s->end;
		return false;
	}
	newline = memchr(s->rest, '\n', (size_t)(s->text_end - s->rest));
	s->at = s->rest;
	s->end = newline ? newline : s->text_end;
	s->rest = newline ? newline + 1 : s->text_end;
	s->line++;
	return true;
}

bool scan_peek(const struct scan *s, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(s->text_end - s->rest) >= len && !memcmp(s->rest, text, len);
}

bool scan_text(struct scan *s, const char *text)
{
	const char *start = s->at;
	size_t len = strlen(text);

	if (*text != ' ')
		skip_blanks(s);
	if ((size_t)(s->end - s->at) >= len && !memcmp(s->at, text, len)) {
		s->at += len;
		return true;
	}
	s->at = start;
	return false;
}

bool scan_u64(struct scan *s, uint64_t *ret)
{
	const char *start = s->at, *digits;
	uint64_t nr = 0;

	skip_blanks(s);
	for (digits = s->at; s->at < s->end && isdigit((unsigned char)*s->at); s->at++)
		if (__builtin_mul_overflow(nr, 10U, &nr) ||
		    __builtin_add_overflow(nr, (unsigned int)(*s->at - '0'), &nr))
			break;
	if (s->at == digits || (s->at < s->end && isdigit((unsigned char)*s->at))) {
		s->at = start;
		return false;
	}
	*ret = nr;
	return true;
}

bool scan_count(struct scan *s, uint64_t *ret)
{
	const char *start = s->at;
	uint64_t nr;

	if (scan_u64(s, &nr) && nr <= SCAN_MAX_COUNT) {
		*ret = nr;
		return true;
	}
	s->at = start;
	return false;
}

bool scan_uint(struct scan *s, unsigned int max, unsigned int *ret)
{
	const char *start = s->at;
	uint64_t nr;

	if (scan_u64(s, &nr) && nr <= max) {
		*ret = (unsigned int)nr;
		return true;
	}
	s->at = start;
	return false;
}

bool scan_hex(struct scan *s, uint64_t *ret, unsigned int *digits)
{
	const char *start = s->at, *first;
	uint64_t nr = 0;

	skip_blanks(s);
	for (first = s->at; s->at < s->end && isxdigit((unsigned char)*s->at); s->at++) {
		char c = *s->at;

		nr = nr << 4 | (unsigned int)(isdigit((unsigned char)c) ? c - '0' :
									  (c | 32) - 'a' + 10);
	}
	if (s->at == first || s->at - first > 16) {
		s->at = start;
		return false;
	}
	if (digits)
		*digits = (unsigned int)(s->at - first);
	*ret = nr;
	return true;
}

const char *scan_word(struct scan *s, const char *stops, struct arena *arena)
{
	const char *start = s->at, *first;

	skip_blanks(s);
	for (first = s->at; s->at < s->end && *s->at != ' ' && *s->at != '\t'; s->at++)
		if (strchr(stops, *s->at))
			break;
	if (s->at == first) {
		s->at = start;
		return NULL;
	}
	return arena_strndup(arena, first, (size_t)(s->at - first));
}

const char *scan_rest(struct scan *s, struct arena *arena)
{
	const char *first, *last = s->end;

	skip_blanks(s);
	first = s->at;
	while (last > first && isspace((unsigned char)last[-1]))
		last--;
	s->at = s->end;
	return arena_strndup(arena, first, (size_t)(last - first));
}

bool scan_at_end(struct scan *s)
{
	skip_blanks(s);
	return s->at == s->end;
}

bool scan_expected(struct scan *s, const char *what)
{
	return error_set(s->err, "%s:%lu: expected %s", s->name, s->line, what);
}

bool scan_error(struct scan *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->err->message, sizeof(s->err->message), fmt, ap);
	va_end(ap);
	return error_prefix(s->err, "%s:%lu", s->name, s->line);
}

static void skip_blanks(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t'))
		s->at++;
}
