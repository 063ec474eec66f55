/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Bad input and failed I/O: a function returns false (or NULL) and has filled "err" with one line
 * that a user can act on: what failed, where (file, line or offset), what was expected.
 * Lower case, no full stop, the subject in single quotes:
 *
 *	cannot open 'x.dat': No such file or directory
 *	x.txt:12: expected '[CPU]' after the pid
 */
#ifndef KMREPLAY_CORE_ERROR_H
#define KMREPLAY_CORE_ERROR_H

#include "kmreplay/core/base.h"

struct error {
	char message[512]; /**< one line; empty: no error */
};

/** Formats the message; returns false, so that `return error_set(err, ...)` reads well. */
bool error_set(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/** Like error_set(), followed by ": " and strerror("errnum"). */
bool error_set_errno(struct error *err, int errnum, const char *fmt, ...) PRINTF_LIKE(3, 4);
/** Puts "prefix: " in front of the message. Returns false. */
bool error_prefix(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
