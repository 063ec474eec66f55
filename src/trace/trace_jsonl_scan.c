/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scanner for JSON objects of one line (RFC 8259). Values are found by their borders and looked
 * into only when asked for; nested ones are passed over by counting brackets, so that no input can
 * make it recurse.
 */
#include <config.h>

#include "trace_jsonl.h"

#include <string.h>

static void skip_blanks(struct json_scan *scan);
static bool scan_char(struct json_scan *scan, char c);
static bool scan_string(struct json_scan *scan, const char **at, size_t *len);
static bool scan_value(struct json_scan *scan, struct json_value *ret);
static bool scan_nested(struct json_scan *scan, struct json_value *ret);
static bool scan_literal(struct json_scan *scan, struct json_value *ret);
static size_t unescape(const char *at, size_t len, struct str *out);
static size_t unescape_unicode(const char *at, size_t len, struct str *out);
static bool parse_hex4(const char *at, size_t len, unsigned int *ret);
static void add_utf8(struct str *out, unsigned int c);

bool json_enter(struct json_scan *scan, const char *line, size_t len)
{
	scan->at = line;
	scan->end = line + len;
	scan->begun = scan->failed = false;
	return scan_char(scan, '{');
}

bool json_next_member(struct json_scan *scan, struct json_member *ret)
{
	skip_blanks(scan);
	if (scan->failed || scan->at == scan->end || *scan->at == '}')
		return false;
	scan->failed = (scan->begun && !scan_char(scan, ',')) ||
		       !scan_string(scan, &ret->key, &ret->key_len) || !scan_char(scan, ':') ||
		       !scan_value(scan, &ret->value);
	scan->begun = true;
	return !scan->failed;
}

bool json_left(struct json_scan *scan)
{
	if (scan->failed || !scan_char(scan, '}'))
		return false;
	skip_blanks(scan);
	return scan->at == scan->end;
}

void json_enter_array(struct json_scan *scan, const struct json_value *array)
{
	scan->at = array->at + 1;
	scan->end = array->at + array->len - 1;
	scan->begun = scan->failed = false;
}

bool json_next_item(struct json_scan *scan, struct json_value *ret)
{
	skip_blanks(scan);
	if (scan->failed || scan->at == scan->end)
		return false;
	scan->failed = (scan->begun && !scan_char(scan, ',')) || !scan_value(scan, ret);
	scan->begun = true;
	return !scan->failed;
}

bool json_uint(const struct json_value *value, uint64_t *ret)
{
	uint64_t number = 0;

	if (value->kind != JSON_NUMBER)
		return false;
	for (size_t i = 0; i < value->len; i++) {
		unsigned int digit = (unsigned int)(unsigned char)value->at[i] - '0';

		if (digit > 9 || __builtin_mul_overflow(number, 10U, &number) ||
		    __builtin_add_overflow(number, digit, &number))
			return false;
	}
	*ret = number;
	return value->len != 0;
}

bool json_int(const struct json_value *value, uint64_t *ret)
{
	struct json_value digits = *value;
	bool minus = value->kind == JSON_NUMBER && value->len && value->at[0] == '-';

	digits.at += minus;
	digits.len -= minus;
	if (!json_uint(&digits, ret) || *ret > (uint64_t)INT64_MAX + minus)
		return false;
	if (minus)
		*ret = -*ret;
	return true;
}

bool json_hex(const struct json_value *value, uint64_t *ret)
{
	uint64_t number = 0;

	if (value->kind != JSON_STRING || value->len < 3 || value->len > 18 ||
	    memcmp(value->at, "0x", 2) != 0)
		return false;
	for (size_t i = 2; i < value->len; i++) {
		unsigned int c = (unsigned char)value->at[i];

		if (c >= '0' && c <= '9')
			number = number << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			number = number << 4 | ((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	*ret = number;
	return true;
}

bool json_bool(const struct json_value *value, bool *ret)
{
	if (value->kind != JSON_BOOL)
		return false;
	*ret = value->at[0] == 't';
	return true;
}

bool json_string(const struct json_value *value, struct str *scratch, const char **text,
		 size_t *len)
{
	if (value->kind != JSON_STRING)
		return false;
	*text = value->at;
	*len = value->len;
	if (!memchr(value->at, '\\', value->len))
		return true;
	str_reset(scratch);
	for (size_t i = 0; i < value->len;) {
		const char *escape = memchr(value->at + i, '\\', value->len - i);
		size_t plain = (escape ? (size_t)(escape - value->at) : value->len) - i;
		size_t used;

		str_add_mem(scratch, value->at + i, plain);
		i += plain;
		if (!escape)
			break;
		used = unescape(value->at + i, value->len - i, scratch);
		if (!used)
			return false;
		i += used;
	}
	*text = str_text(scratch);
	*len = scratch->len;
	return true;
}

static void skip_blanks(struct json_scan *scan)
{
	while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\r'))
		scan->at++;
}

static bool scan_char(struct json_scan *scan, char c)
{
	skip_blanks(scan);
	if (scan->at == scan->end || *scan->at != c)
		return false;
	scan->at++;
	return true;
}

static bool scan_string(struct json_scan *scan, const char **at, size_t *len)
{
	if (!scan_char(scan, '"'))
		return false;
	*at = scan->at;
	for (; scan->at < scan->end; scan->at++) {
		if (*scan->at == '"') {
			*len = (size_t)(scan->at - *at);
			scan->at++;
			return true;
		}
		if ((unsigned char)*scan->at < ' ')
			return false;
		if (*scan->at == '\\' && ++scan->at == scan->end)
			return false;
	}
	return false;
}

static bool scan_value(struct json_scan *scan, struct json_value *ret)
{
	skip_blanks(scan);
	if (scan->at == scan->end)
		return false;
	ret->kind = JSON_STRING;
	if (*scan->at == '"')
		return scan_string(scan, &ret->at, &ret->len);
	if (*scan->at == '[' || *scan->at == '{')
		return scan_nested(scan, ret);
	return scan_literal(scan, ret);
}

/* Up to the bracket that closes the first one; which kind closes which is not looked at. */
static bool scan_nested(struct json_scan *scan, struct json_value *ret)
{
	size_t open = 0;

	ret->at = scan->at;
	ret->kind = *scan->at == '[' ? JSON_ARRAY : JSON_OBJECT;
	while (scan->at < scan->end) {
		const char *string;
		size_t len;

		switch (*scan->at) {
		case '"':
			if (!scan_string(scan, &string, &len))
				return false;
			continue;
		case '[':
		case '{':
			open++;
			break;
		case ']':
		case '}':
			open--;
			break;
		default:
			break;
		}
		scan->at++;
		if (!open) {
			ret->len = (size_t)(scan->at - ret->at);
			return true;
		}
	}
	return false;
}

static bool scan_literal(struct json_scan *scan, struct json_value *ret)
{
	ret->at = scan->at;
	while (scan->at < scan->end && !strchr(",}] \t\r", *scan->at))
		scan->at++;
	ret->len = (size_t)(scan->at - ret->at);
	if (ret->len == 4 && !memcmp(ret->at, "true", 4))
		ret->kind = JSON_BOOL;
	else if (ret->len == 5 && !memcmp(ret->at, "false", 5))
		ret->kind = JSON_BOOL;
	else if (ret->len == 4 && !memcmp(ret->at, "null", 4))
		ret->kind = JSON_NULL;
	else
		ret->kind = JSON_NUMBER;
	return ret->len != 0;
}

/* One escape at "at"; how many bytes it has, 0 when it is none. */
static size_t unescape(const char *at, size_t len, struct str *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (len < 2 || !at[1])
		return 0;
	if (at[1] == 'u')
		return unescape_unicode(at, len, out);
	found = strchr(from, at[1]);
	if (!found)
		return 0;
	str_add_char(out, to[found - from]);
	return 2;
}

static size_t unescape_unicode(const char *at, size_t len, struct str *out)
{
	unsigned int c, low;

	if (!parse_hex4(at + 2, len - 2, &c))
		return 0;
	if (c >= 0xdc80 && c <= 0xdcff) {
		str_add_char(out, (char)(c - 0xdc00));
		return 6;
	}
	if (c >= 0xd800 && c < 0xdc00 && len >= 12 && at[6] == '\\' && at[7] == 'u' &&
	    parse_hex4(at + 8, len - 8, &low) && low >= 0xdc00 && low < 0xe000) {
		add_utf8(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
		return 12;
	}
	if (c >= 0xd800 && c < 0xe000)
		return 0;
	add_utf8(out, c);
	return 6;
}

static bool parse_hex4(const char *at, size_t len, unsigned int *ret)
{
	*ret = 0;
	if (len < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		unsigned int c = (unsigned char)at[i] | 0x20U;

		if (c >= '0' && c <= '9')
			*ret = *ret << 4 | (c - '0');
		else if (c >= 'a' && c <= 'f')
			*ret = *ret << 4 | (c - 'a' + 10);
		else
			return false;
	}
	return true;
}

static void add_utf8(struct str *out, unsigned int c)
{
	if (c < 0x80) {
		str_add_char(out, (char)c);
		return;
	}
	if (c < 0x800) {
		str_add_char(out, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			str_add_char(out, (char)(0xe0 | c >> 12));
		} else {
			str_add_char(out, (char)(0xf0 | c >> 18));
			str_add_char(out, (char)(0x80 | (c >> 12 & 63)));
		}
		str_add_char(out, (char)(0x80 | (c >> 6 & 63)));
	}
	str_add_char(out, (char)(0x80 | (c & 63)));
}
