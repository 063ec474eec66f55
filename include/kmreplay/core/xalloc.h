/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Memory for kmreplay itself. Running out of it is not a condition that any caller can mend, so
 * these functions print a message and abort instead of returning NULL. Everything they return is
 * the caller's, to be given to free().
 */
#ifndef KMREPLAY_CORE_XALLOC_H
#define KMREPLAY_CORE_XALLOC_H

#include "kmreplay/core/base.h"

/** "size" bytes, not initialised; size 0 gives a valid pointer. */
MUST_CHECK void *xmalloc(size_t size);
/** "nr" zeroed elements of "size" bytes; aborts when the product overflows. */
MUST_CHECK void *xcalloc(size_t nr, size_t size);
/** Grows or shrinks "ptr" to "nr" elements of "size" bytes; new bytes are not initialised. */
MUST_CHECK void *xreallocarray(void *ptr, size_t nr, size_t size);
/** A copy of the NUL-terminated "s". */
MUST_CHECK char *xstrdup(const char *s);
/** A NUL-terminated copy of the "len" bytes at "s". */
MUST_CHECK char *xstrndup(const char *s, size_t len);
/** A formatted string. */
MUST_CHECK char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);

/** For CLEANUP(): frees what the variable points to. */
void cleanup_free(void *ptr_to_ptr);

#endif
