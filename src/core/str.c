/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A growing byte string. */
#include <config.h>

#include "kmreplay/core/str.h"

#include "kmreplay/core/xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void str_init(struct str *s)
{
	memset(s, 0, sizeof(*s));
}

void str_deinit(struct str *s)
{
	free(s->data);
	str_init(s);
}

void str_reset(struct str *s)
{
	s->len = 0;
	if (s->data)
		s->data[0] = '\0';
}

void str_reserve(struct str *s, size_t more)
{
	size_t want = s->len + more + 1;

	if (want <= s->cap)
		return;
	s->cap = MAX(want, MAX(s->cap * 2, (size_t)64));
	s->data = xreallocarray(s->data, s->cap, 1);
	s->data[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_add_mem(s, text, strlen(text));
}

void str_add_mem(struct str *s, const void *data, size_t len)
{
	str_reserve(s, len);
	if (len)
		memcpy(s->data + s->len, data, len);
	s->len += len;
	s->data[s->len] = '\0';
}

void str_add_char(struct str *s, char c)
{
	str_add_mem(s, &c, 1);
}

void str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(s, fmt, ap);
	va_end(ap);
}

void str_vaddf(struct str *s, const char *fmt, va_list ap)
{
	va_list again;
	int len;

	va_copy(again, ap);
	str_reserve(s, 0);
	len = vsnprintf(s->data + s->len, s->cap - s->len, fmt, ap);
	BUG_ON(len < 0);
	if ((size_t)len >= s->cap - s->len) {
		str_reserve(s, (size_t)len);
		vsnprintf(s->data + s->len, s->cap - s->len, fmt, again);
	}
	s->len += (size_t)len;
	va_end(again);
}

const char *str_text(const struct str *s)
{
	return s->data ? s->data : "";
}
