/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Of the trace.dat reader: bytes of a file, event formats, and expressions of print formats.
 */
#ifndef KMREPLAY_TRACE_DAT_FORMAT_H
#define KMREPLAY_TRACE_DAT_FORMAT_H

#include "kmreplay/core/arena.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/event/desc.h"

/* ---- bytes ---- */

/** A stretch of the file that is read from front to back; "failed" stays once it was too short. */
struct dat_bytes {
	const unsigned char *at;
	size_t left;
	bool swap;   /**< the file's endianness is not ours */
	bool failed; /**< something was asked for that is not there */
};

/** The next "len" bytes, or NULL. */
static inline const unsigned char *dat_take(struct dat_bytes *b, uint64_t len)
{
	const unsigned char *at = b->at;

	if (b->failed || len > b->left) {
		b->failed = true;
		return NULL;
	}
	b->at += len;
	b->left -= (size_t)len;
	return at;
}

/** The number of "size" bytes (1, 2, 4, 8) at "at", in host order. */
static inline uint64_t dat_load(const unsigned char *at, unsigned int size, bool swap)
{
	uint16_t half;
	uint32_t word;
	uint64_t wide;

	switch (size) {
	case 1:
		return *at;
	case 2:
		__builtin_memcpy(&half, at, sizeof(half));
		return swap ? __builtin_bswap16(half) : half;
	case 4:
		__builtin_memcpy(&word, at, sizeof(word));
		return swap ? __builtin_bswap32(word) : word;
	default:
		__builtin_memcpy(&wide, at, sizeof(wide));
		return swap ? __builtin_bswap64(wide) : wide;
	}
}

/** The next number of "size" bytes; 0 when it is not there. */
static inline uint64_t dat_number(struct dat_bytes *b, unsigned int size)
{
	const unsigned char *at = dat_take(b, size);

	return at ? dat_load(at, size, b->swap) : 0;
}

/** The next NUL-terminated text, NULL when its end is not there. */
const char *dat_text(struct dat_bytes *b);

/* ---- event formats (trace_dat_format.c, trace_dat_expr.c) ---- */

enum dat_field_kind {
	DAT_NUMBER,   /**< 1, 2, 4 or 8 bytes */
	DAT_CHARS,    /**< char x[n], or to the end of the record when n is 0 */
	DAT_LOC,      /**< u32: length << 16 | offset from the start of the record */
	DAT_REL_LOC,  /**< the same, offset from behind the u32 */
	DAT_ARRAY,    /**< numbers of "elem" bytes */
	DAT_OPAQUE,   /**< anything else */
};

struct dat_field {
	const char *name; /**< the format's */
	uint32_t name_len;
	uint32_t offset, size; /**< size 0: up to the end of the record */
	uint8_t kind;          /**< enum dat_field_kind */
	uint8_t elem;          /**< bytes of an array's element */
	bool is_signed;
	bool is_pointer;
};

struct dat_format {
	const char *system; /**< "kmem"; the file's, NUL-terminated */
	const char *name;   /**< not terminated */
	size_t name_len;
	uint16_t id;
	const char *print; /**< what stands behind "print fmt: " */
	size_t print_len;
	struct vec(struct dat_field) fields; /**< common ones first */
};

/** Reads one format text. "ret" is to be freed in every case; false when it is damaged. */
bool dat_format_parse(struct dat_format *ret, const char *system, const char *text, size_t len);
void dat_format_deinit(struct dat_format *format);
/** The field called "name", or NULL. */
const struct dat_field *dat_format_find(const struct dat_format *format, const char *name,
					size_t len);

struct dat_expr; /**< lives in an arena */

struct dat_value {
	const char *text; /**< NULL: a number */
	size_t len;
	uint64_t number;
	bool known; /**< false: depends on something that only the kernel knew */
};

/** One event's bytes. */
struct dat_record {
	const unsigned char *at; /**< from common_type on */
	uint32_t len;
	bool swap;
};

struct dat_print_arg {
	const char *lead; /**< literal text of the format string in front of the conversion */
	size_t lead_len;
	const struct dat_expr *expr; /**< NULL: not understood */
};

struct dat_print {
	struct vec(struct dat_print_arg) args;
};

/** Reads "print fmt"; what is not understood is left out. Expressions are put into "arena". */
void dat_print_parse(struct dat_print *ret, const struct dat_format *format, struct arena *arena);
void dat_print_deinit(struct dat_print *print);
/** The argument printed right behind "key" (prefix, key and separator as in "desc"), or NULL. */
const struct dat_expr *dat_print_find(const struct dat_print *print,
				      const struct event_field *desc);

struct dat_value dat_expr_eval(const struct dat_expr *expr, const struct dat_record *record);
/** The field that "expr" is nothing but the value of (through casts), or NULL. */
const struct dat_field *dat_expr_field(const struct dat_expr *expr);
/** Does its value depend on no other field than "field"? */
bool dat_expr_only_uses(const struct dat_expr *expr, const struct dat_field *field);
/** The __print_flags() table somewhere in "expr", or NULL. */
const struct dat_expr *dat_expr_find_flags(const struct dat_expr *expr);
/**
 * Walks the table that dat_expr_find_flags() found: the entry behind "at" (at first the table
 * itself), NULL behind the last.
 */
const struct dat_expr *dat_expr_next_flag(const struct dat_expr *at, struct dat_value *value,
					  struct dat_value *name);

/** The number in "field"; 0 when the record is too short for it. */
uint64_t dat_field_number(const struct dat_field *field, const struct dat_record *record);
/** The text in "field" (CHARS, LOC, REL_LOC) without NUL; false when it lies outside. */
bool dat_field_text(const struct dat_field *field, const struct dat_record *record,
		    const char **text, size_t *len);

#endif
