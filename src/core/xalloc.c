/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is there or ends the program; and the end of the program on a bug. */
#include <config.h>

#include "kmreplay/core/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *ptr, size_t size);

void *xmalloc(size_t size)
{
	return checked(malloc(size ? size : 1), size);
}

void *xcalloc(size_t nr, size_t size)
{
	if (!nr || !size)
		nr = size = 1;
	if (nr > SIZE_MAX / size)
		return checked(NULL, SIZE_MAX);
	return checked(calloc(nr, size), nr * size);
}

void *xreallocarray(void *ptr, size_t nr, size_t size)
{
	if (!nr || !size)
		nr = size = 1;
	if (nr > SIZE_MAX / size)
		return checked(NULL, SIZE_MAX);
	return checked(realloc(ptr, nr * size), nr * size);
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t len)
{
	char *copy = xmalloc(len + 1);

	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	return checked(len < 0 ? NULL : text, 0);
}

void cleanup_free(void *ptr_to_ptr)
{
	free(*(void **)ptr_to_ptr);
}

void bug_at(const char *file, int line, const char *cond)
{
	fprintf(stderr, "kmreplay: bug at %s:%d: %s\n", file, line, cond);
	abort();
}

static void *checked(void *ptr, size_t size)
{
	if (likely(ptr))
		return ptr;
	fprintf(stderr, "kmreplay: out of memory (%zu bytes asked for)\n", size);
	abort();
}
