/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event format files, as tracefs has them under events/<system>/<event>/format and trace.dat files
 * carry them: name, number, fields with offset and size, and the print format.
 *
 * Offsets and sizes come from here alone; no layout of any kernel is built in.
 */
#include <config.h>

#include "trace_dat.h"

#include <stdlib.h>
#include <string.h>

struct line {
	const char *at;
	size_t len;
};

static bool next_line(const char **text, size_t *left, struct line *ret);
static bool after(const struct line *line, const char *prefix, struct line *ret);
static bool parse_field(const struct line *line, struct dat_field *ret);
static bool parse_attr(const struct line *line, const char *key, uint64_t *ret);
static bool parse_declaration(const char *decl, size_t len, struct dat_field *ret);
static void classify(const char *type, size_t len, bool array, struct dat_field *ret);
static bool has_word(const char *text, size_t len, const char *word);
static bool parse_number(const char *text, size_t len, uint64_t *ret);

const char *dat_text(struct dat_bytes *b)
{
	const unsigned char *end = b->failed ? NULL : memchr(b->at, '\0', b->left);

	if (!end) {
		b->failed = true;
		return NULL;
	}
	return (const char *)dat_take(b, (uint64_t)(end - b->at) + 1);
}

bool dat_format_parse(struct dat_format *ret, const char *system, const char *text, size_t len)
{
	struct line line, rest;
	uint64_t id = UINT64_MAX;

	memset(ret, 0, sizeof(*ret));
	ret->system = system;
	while (next_line(&text, &len, &line)) {
		struct dat_field field;

		if (after(&line, "name: ", &rest)) {
			ret->name = rest.at;
			ret->name_len = rest.len;
		} else if (after(&line, "ID: ", &rest)) {
			if (!parse_number(rest.at, rest.len, &id))
				return false;
		} else if (after(&line, "\tfield:", &rest)) {
			if (!parse_field(&rest, &field))
				return false;
			vec_push(&ret->fields, field);
		} else if (after(&line, "print fmt: ", &rest)) {
			/* The format may have line breaks of its own: it is all that is left. */
			ret->print = rest.at;
			ret->print_len = rest.len + len + (len != 0);
			break;
		}
	}
	if (!ret->name_len || id > UINT16_MAX || memchr(ret->name, '\0', ret->name_len))
		return false;
	ret->id = (uint16_t)id;
	return true;
}

void dat_format_deinit(struct dat_format *format)
{
	vec_deinit(&format->fields);
}

const struct dat_field *dat_format_find(const struct dat_format *format, const char *name,
					size_t len)
{
	for (size_t i = 0; i < format->fields.nr; i++) {
		const struct dat_field *field = &format->fields.items[i];

		if (field->name_len == len && !memcmp(field->name, name, len))
			return field;
	}
	return NULL;
}

uint64_t dat_field_number(const struct dat_field *field, const struct dat_record *record)
{
	uint64_t value;

	if (field->kind != DAT_NUMBER || (uint64_t)field->offset + field->size > record->len)
		return 0;
	value = dat_load(record->at + field->offset, field->size, record->swap);
	if (field->is_signed && field->size < 8) {
		unsigned int unused = 64 - 8 * field->size;

		value = (uint64_t)((int64_t)(value << unused) >> unused);
	}
	return value;
}

bool dat_field_text(const struct dat_field *field, const struct dat_record *record,
		    const char **text, size_t *len)
{
	uint64_t from = field->offset, size = field->size;

	if (from + (field->kind == DAT_CHARS ? 0 : 4) > record->len)
		return false;
	if (field->kind == DAT_LOC || field->kind == DAT_REL_LOC) {
		uint64_t loc = dat_load(record->at + from, 4, record->swap);

		from = field->kind == DAT_LOC ? loc & 0xffff : from + 4 + (loc & 0xffff);
		size = loc >> 16;
	} else if (field->kind != DAT_CHARS) {
		return false;
	} else if (!size) {
		size = record->len - from;
	}
	if (from + size > record->len)
		return false;
	*text = (const char *)record->at + from;
	*len = strnlen(*text, (size_t)size);
	return true;
}

static bool next_line(const char **text, size_t *left, struct line *ret)
{
	const char *end;

	if (!*left)
		return false;
	end = memchr(*text, '\n', *left);
	ret->at = *text;
	ret->len = end ? (size_t)(end - *text) : *left;
	*text += ret->len + (end != NULL);
	*left -= ret->len + (end != NULL);
	return true;
}

static bool after(const struct line *line, const char *prefix, struct line *ret)
{
	size_t len = strlen(prefix);

	if (line->len < len || memcmp(line->at, prefix, len) != 0)
		return false;
	ret->at = line->at + len;
	ret->len = line->len - len;
	return true;
}

/* "unsigned long pfn;	offset:8;	size:8;	signed:0;" */
static bool parse_field(const struct line *line, struct dat_field *ret)
{
	const char *semicolon = memchr(line->at, ';', line->len);
	uint64_t offset, size, is_signed = 0;

	memset(ret, 0, sizeof(*ret));
	if (!semicolon || !parse_attr(line, "\toffset:", &offset) ||
	    !parse_attr(line, "\tsize:", &size) || offset > UINT16_MAX || size > UINT16_MAX)
		return false;
	/* Kernels before 2.6.32 do not say; their numbers count as unsigned. */
	if (parse_attr(line, "\tsigned:", &is_signed))
		ret->is_signed = is_signed == 1;
	ret->offset = (uint32_t)offset;
	ret->size = (uint32_t)size;
	return parse_declaration(line->at, (size_t)(semicolon - line->at), ret);
}

static bool parse_attr(const struct line *line, const char *key, uint64_t *ret)
{
	const char *at = memmem(line->at, line->len, key, strlen(key));
	const char *end;

	if (!at)
		return false;
	at += strlen(key);
	end = memchr(at, ';', (size_t)(line->at + line->len - at));
	return end && parse_number(at, (size_t)(end - at), ret);
}

/* "unsigned long pfn", "__data_loc char[] name", "char comm[16]", "u64 p[]", "char buf[]" */
static bool parse_declaration(const char *decl, size_t len, struct dat_field *ret)
{
	bool array = false;
	size_t name;

	while (len && decl[len - 1] == ' ')
		len--;
	if (len && decl[len - 1] == ']') {
		const char *open = memrchr(decl, '[', len);

		if (!open)
			return false;
		array = true;
		len = (size_t)(open - decl);
	}
	for (name = len; name && decl[name - 1] != ' ' && decl[name - 1] != '*' &&
			 decl[name - 1] != ']';)
		name--;
	if (name == len)
		return false;
	ret->name = decl + name;
	ret->name_len = (uint32_t)(len - name);
	classify(decl, name, array, ret);
	return true;
}

static void classify(const char *type, size_t len, bool array, struct dat_field *ret)
{
	static const struct {
		const char *type;
		uint8_t size;
	} elems[] = {
		{ "u64", 8 }, { "x64", 8 }, { "s64", 8 }, { "u32", 4 }, { "x32", 4 }, { "s32", 4 },
		{ "u16", 2 }, { "x16", 2 }, { "s16", 2 }, { "u8", 1 },	{ "x8", 1 },  { "s8", 1 },
	};

	ret->is_pointer = memchr(type, '*', len) != NULL;
	ret->kind = DAT_OPAQUE;
	if (has_word(type, len, "__data_loc") || has_word(type, len, "__rel_loc")) {
		bool rel = has_word(type, len, "__rel_loc");

		if (ret->size == 4)
			ret->kind = rel ? DAT_REL_LOC : DAT_LOC;
	} else if (array && has_word(type, len, "char")) {
		ret->kind = DAT_CHARS;
	} else if (array) {
		for (size_t i = 0; i < ARRAY_SIZE(elems); i++)
			if (has_word(type, len, elems[i].type))
				ret->elem = elems[i].size;
		ret->kind = ret->elem ? DAT_ARRAY : DAT_OPAQUE;
	} else if (ret->size == 1 || ret->size == 2 || ret->size == 4 || ret->size == 8) {
		ret->kind = DAT_NUMBER;
	}
}

static bool has_word(const char *text, size_t len, const char *word)
{
	size_t want = strlen(word);

	for (size_t i = 0; i + want <= len; i++) {
		bool starts = !i || text[i - 1] == ' ';
		bool ends = i + want == len || text[i + want] == ' ' || text[i + want] == '[';

		if (starts && ends && !memcmp(text + i, word, want))
			return true;
	}
	return false;
}

static bool parse_number(const char *text, size_t len, uint64_t *ret)
{
	uint64_t value = 0;

	if (!len || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	*ret = value;
	return true;
}
