/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Reading a text file of the kernel's: line by line, word by word, each failure with its place.
 *
 * A scan stands in a line; blanks in front of what is looked for are skipped. What is not there
 * leaves the scan where it was, so that one thing after the other can be tried; the first
 * scan_expected() settles the message.
 */
#ifndef KMREPLAY_SRC_PROC_SCAN_H
#define KMREPLAY_SRC_PROC_SCAN_H

#include "kmreplay/core/arena.h"
#include "kmreplay/core/base.h"
#include "kmreplay/core/error.h"
#include "kmreplay/core/str.h"

/** Pages in 64 bits of addresses. */
#define SCAN_MAX_COUNT (1ULL << 52)

struct scan {
	const char *at;      /**< next byte of the line */
	const char *end;     /**< of the line, its newline not included */
	const char *rest;    /**< the line behind */
	const char *text_end;
	unsigned long line;  /**< from 1; 0: before the first */
	const char *name;    /**< the file, for messages */
	struct error *err;
};

/** Before the first line of "text", which outlives the scan. */
void scan_init(struct scan *s, const struct str *text, const char *name, struct error *err);
/** To the next line; false, and at the end of the last one, when there is none. */
bool scan_line(struct scan *s);
/** Is the next line there, and does it begin with "text"? Does not go there. */
bool scan_peek(const struct scan *s, const char *text);
/** Steps over "text" if it is next. */
bool scan_text(struct scan *s, const char *text);
/** Steps over a decimal number of at most 64 bits. */
bool scan_u64(struct scan *s, uint64_t *ret);
/**
 * The same for a number of pages, objects or the like: at most SCAN_MAX_COUNT, more than any
 * machine has, so that who adds or multiplies such numbers need not look out for overflow.
 */
bool scan_count(struct scan *s, uint64_t *ret);
/** The same for numbers up to "max". */
bool scan_uint(struct scan *s, unsigned int max, unsigned int *ret);
/** Steps over hexadecimal digits (no 0x), at most 16; "*digits", unless NULL, says how many. */
bool scan_hex(struct scan *s, uint64_t *ret, unsigned int *digits);
/** Steps over what is no blank, up to one of "stops", and copies it; NULL when there is none. */
const char *scan_word(struct scan *s, const char *stops, struct arena *arena);
/** The rest of the line, without blanks around it, copied. */
const char *scan_rest(struct scan *s, struct arena *arena);
/** Is there nothing but blanks left of the line? */
bool scan_at_end(struct scan *s);
/** Says that "what" was expected here. Returns false. */
bool scan_expected(struct scan *s, const char *what);
/** Anything else that is wrong with this line. Returns false. */
bool scan_error(struct scan *s, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
