/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A growing byte string, always NUL-terminated behind its length.
 */
#ifndef KMREPLAY_CORE_STR_H
#define KMREPLAY_CORE_STR_H

#include "kmreplay/core/base.h"

#include <stdarg.h>

struct str {
	char *data; /**< NULL until something was added */
	size_t len;
	size_t cap;
};

void str_init(struct str *s);
void str_deinit(struct str *s);
/** Empties it and keeps its memory. */
void str_reset(struct str *s);
/** Room for "more" further bytes and the NUL. */
void str_reserve(struct str *s, size_t more);
void str_add(struct str *s, const char *text);
void str_add_mem(struct str *s, const void *data, size_t len);
void str_add_char(struct str *s, char c);
void str_addf(struct str *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
void str_vaddf(struct str *s, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
/** The text, "" when empty; valid until the next change. */
const char *str_text(const struct str *s);

#endif
