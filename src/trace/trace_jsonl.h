/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * JSON as far as one line of it needs: the members of a flat object, and what their values say.
 */
#ifndef KMREPLAY_TRACE_JSONL_H
#define KMREPLAY_TRACE_JSONL_H

#include "kmreplay/core/base.h"
#include "kmreplay/core/str.h"

enum json_kind {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

/** A value where it stands; strings without their quotes, still escaped. */
struct json_value {
	const char *at;
	size_t len;
	enum json_kind kind;
};

struct json_member {
	const char *key; /**< still escaped */
	size_t key_len;
	struct json_value value;
};

/** A position in one line. */
struct json_scan {
	const char *at, *end;
	bool begun;  /**< a member or item was read: the next has a comma in front */
	bool failed; /**< what should have been one was none */
};

/** Enters the object that the line consists of; false when it is none. */
bool json_enter(struct json_scan *scan, const char *line, size_t len);
/** The next member; false at the end of the object or where it is damaged, see json_left(). */
bool json_next_member(struct json_scan *scan, struct json_member *ret);
/** Was the object whole, with nothing behind it? To be asked when there is no next member. */
bool json_left(struct json_scan *scan);
/** Enters an array; then json_next_item() until false; scan->failed says if it was damaged. */
void json_enter_array(struct json_scan *scan, const struct json_value *array);
bool json_next_item(struct json_scan *scan, struct json_value *ret);

/** A whole number without sign, fraction or exponent. */
bool json_uint(const struct json_value *value, uint64_t *ret);
/** A whole number, maybe with a minus; two's complement. */
bool json_int(const struct json_value *value, uint64_t *ret);
/** A string of "0x" and hex digits. */
bool json_hex(const struct json_value *value, uint64_t *ret);
bool json_bool(const struct json_value *value, bool *ret);
/**
 * A string's bytes. "scratch" keeps them when there is something escaped; else they are those of
 * the line. U+DC80 .. U+DCFF alone are the bytes 0x80 .. 0xff. False when an escape is wrong.
 */
bool json_string(const struct json_value *value, struct str *scratch, const char **text,
		 size_t *len);

#endif
