/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration files: a mapping of options, with a mapping for each section, as libyaml's parser
 * tells of it event by event. No tree is built, so that memory does not depend on what a file
 * claims to hold: a place where the table knows no section ends the reading, which bounds depth;
 * anchors, aliases and tags are refused where they stand; and the text itself is short.
 */
#include <config.h>

#include "config_internal.h"

#include "kmreplay/core/readfile.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

struct loader {
	yaml_parser_t parser;
	yaml_event_t event; /* the one that is looked at */
	bool has_event;
	const struct str *text;
	const char *name;
	const char *from;         /* who sets it; NULL: name:line */
	struct config *config;    /* what the file sets */
	size_t *option_lines;     /* by row: where it was set; 0: nowhere yet */
	size_t *section_lines;
	struct error *err;
};

static bool load_stream(struct loader *l);
static bool load_root(struct loader *l);
static bool load_mapping(struct loader *l, const char *prefix);
static bool load_key(struct loader *l, const char *prefix, struct str *path);
static bool load_section(struct loader *l, int section);
static bool load_option(struct loader *l, int option);
static bool load_list(struct loader *l, const struct config_option *o, struct config_value *value);
static bool next(struct loader *l);
static bool check_node(struct loader *l);
static bool check_again(struct loader *l, size_t *line, const char *path);
static bool unknown_key(struct loader *l, const char *key, const char *path);
static bool syntax_error(struct loader *l);
static bool fail(struct loader *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
static bool fail_here(struct loader *l);
static bool is_nothing(const yaml_event_t *event);
static const char *scalar_text(const yaml_event_t *event);

bool config_read(const char *path, struct str *text, struct error *err)
{
	const size_t start = text->len;

	if (!read_file(path, CONFIG_MAX_SIZE, text, err))
		return false;
	if (text->len - start <= CONFIG_MAX_SIZE)
		return true;
	return error_set(err, "'%.300s' is no configuration: it is longer than %d bytes",
			 strcmp(path, "-") ? path : "standard input", CONFIG_MAX_SIZE);
}

bool config_load_from(struct config *config, const struct str *text, const char *name,
		      const char *from, struct error *err)
{
	struct loader l = {
		.text = text, .name = name, .from = from, .config = config_create(), .err = err,
		.option_lines = xcalloc(config_nr_options(), sizeof(*l.option_lines)),
		.section_lines = xcalloc(config_nr_sections(), sizeof(*l.section_lines)),
	};
	bool ok;

	BUG_ON(!yaml_parser_initialize(&l.parser));
	yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&l.parser, (const unsigned char *)str_text(text), text->len);
	ok = load_stream(&l);
	if (ok)
		config_merge(config, l.config);
	if (l.has_event)
		yaml_event_delete(&l.event);
	yaml_parser_delete(&l.parser);
	config_destroy(l.config);
	free(l.option_lines);
	free(l.section_lines);
	return ok;
}

/* STREAM-START (DOCUMENT-START node DOCUMENT-END)? STREAM-END */
static bool load_stream(struct loader *l)
{
	if (!next(l) || !next(l))
		return false;
	if (l->event.type == YAML_STREAM_END_EVENT)
		return true;
	if (!next(l) || !load_root(l) || !next(l) || !next(l))
		return false;
	if (l->event.type != YAML_STREAM_END_EVENT)
		return fail(l, "a second document begins, a configuration is one");
	return true;
}

static bool load_root(struct loader *l)
{
	if (!check_node(l))
		return false;
	if (is_nothing(&l->event))
		return true;
	if (l->event.type != YAML_MAPPING_START_EVENT)
		return fail(l, "expected options as 'name: value', not a %s",
			    l->event.type == YAML_SCALAR_EVENT ? "text" : "list");
	return load_mapping(l, NULL);
}

/* Behind MAPPING-START, up to its MAPPING-END. */
static bool load_mapping(struct loader *l, const char *prefix)
{
	bool ok = next(l);
	struct str path;

	str_init(&path);
	while (ok && l->event.type != YAML_MAPPING_END_EVENT)
		ok = load_key(l, prefix, &path) && next(l);
	str_deinit(&path);
	return ok;
}

/* One key with its value. */
static bool load_key(struct loader *l, const char *prefix, struct str *path)
{
	const char *key;
	int option, section;

	if (!check_node(l))
		return false;
	if (l->event.type != YAML_SCALAR_EVENT)
		return fail(l, "expected the name of an option, not a %s",
			    l->event.type == YAML_MAPPING_START_EVENT ? "mapping" : "list");
	key = scalar_text(&l->event);
	if (!key)
		return fail(l, "a name holds a NUL");
	str_reset(path);
	if (prefix)
		str_addf(path, "%s.", prefix);
	str_add(path, key);
	if (strchr(key, '.'))
		return unknown_key(l, key, str_text(path));
	option = config_option_find(str_text(path));
	section = config_section_find(str_text(path));
	if (option < 0 && section < 0)
		return unknown_key(l, key, str_text(path));
	if (!check_again(l,
			 option >= 0 ? &l->option_lines[option] : &l->section_lines[section],
			 str_text(path)))
		return false;
	if (!next(l) || !check_node(l))
		return false;
	return option >= 0 ? load_option(l, option) : load_section(l, section);
}

static bool load_section(struct loader *l, int section)
{
	const struct config_section *s = config_section_get((unsigned int)section);

	/* All that stands below it may be commented out. */
	if (is_nothing(&l->event))
		return true;
	if (l->event.type != YAML_MAPPING_START_EVENT)
		return fail(l, "expected the options of section '%s', not a %s", s->path,
			    l->event.type == YAML_SCALAR_EVENT ? "value" : "list");
	return load_mapping(l, s->path);
}

static bool load_option(struct loader *l, int option)
{
	const struct config_option *o = config_option_get((unsigned int)option);
	struct config_value *value = &l->config->values[option];
	size_t line = l->option_lines[option];
	const char *text = scalar_text(&l->event);

	if (l->event.type == YAML_SEQUENCE_START_EVENT && o->type == CONFIG_SIZES) {
		if (!load_list(l, o, value))
			return false;
	} else if (!text || is_nothing(&l->event)) {
		config_value_unexpected(o, text ? text : "a list, a mapping or a NUL", l->err);
		return fail_here(l);
	} else if (!config_value_parse(o, text, value, l->err)) {
		return fail_here(l);
	}
	value->from = l->from ? xstrdup(l->from) : xasprintf("%s:%zu", l->name, line);
	return true;
}

static bool load_list(struct loader *l, const struct config_option *o, struct config_value *value)
{
	while (next(l) && l->event.type != YAML_SEQUENCE_END_EVENT) {
		const char *text = scalar_text(&l->event);

		if (!check_node(l))
			return false;
		if (!text)
			config_value_unexpected(o, "a list, a mapping or a NUL", l->err);
		if (!text || !config_value_add(o, text, value, l->err))
			return fail_here(l);
	}
	if (!l->has_event)
		return false;
	if (!value->sizes.nr) {
		config_value_unexpected(o, "[]", l->err);
		return fail_here(l);
	}
	return true;
}

/* False, with the message, when the text is no YAML. */
static bool next(struct loader *l)
{
	if (l->has_event)
		yaml_event_delete(&l->event);
	l->has_event = yaml_parser_parse(&l->parser, &l->event);
	return l->has_event || syntax_error(l);
}

/* A few lines of aliases can stand for gigabytes; a configuration needs none. */
static bool check_node(struct loader *l)
{
	const yaml_event_t *event = &l->event;
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (event->type == YAML_ALIAS_EVENT) {
		anchor = event->data.alias.anchor;
	} else if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	}
	if (anchor)
		return fail(l, "anchors and aliases ('%s') are not taken, write it out",
			    config_quote((const char *)anchor).text);
	if (tag)
		return fail(l, "tags ('%s') are not taken",
			    config_quote((const char *)tag).text);
	return true;
}

/* Remembers where "path" is set; false when that is not the first time. */
static bool check_again(struct loader *l, size_t *line, const char *path)
{
	if (*line)
		return fail(l, "'%s' is there a second time, the first is in line %zu", path,
			    *line);
	*line = l->event.start_mark.line + 1;
	return true;
}

static bool unknown_key(struct loader *l, const char *key, const char *path)
{
	const char *near = config_option_nearest(path);
	struct config_quote quote = config_quote(path);

	/* The way of the command line. */
	if (strchr(key, '.') && config_option_find(path) >= 0)
		return fail(l, "'%s' is written in sections here: '%.*s:', and below it '%s:'",
			    quote.text, (int)(strrchr(path, '.') - path), path,
			    strrchr(path, '.') + 1);
	if (near)
		return fail(l, "unknown option '%s': did you mean '%s'?", quote.text, near);
	return fail(l, "unknown option '%s'", quote.text);
}

static bool syntax_error(struct loader *l)
{
	const yaml_parser_t *p = &l->parser;
	size_t line = p->problem_mark.line, column = p->problem_mark.column;

	/* The reader stands before the scanner and knows its place in bytes only. */
	if (p->error == YAML_READER_ERROR) {
		size_t offset = MIN(p->problem_offset, l->text->len);

		line = column = 0;
		for (const char *c = l->text->data; c < l->text->data + offset; c++) {
			line += *c == '\n';
			column = *c == '\n' ? 0 : column + 1;
		}
	}
	return error_set(l->err, "%.300s:%zu:%zu: no YAML: %s%s%s", l->name, line + 1, column + 1,
			 p->problem ? p->problem : "out of memory", p->context ? " " : "",
			 p->context ? p->context : "");
}

/* A message about the event. */
static bool fail(struct loader *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->err->message, sizeof(l->err->message), fmt, ap);
	va_end(ap);
	return fail_here(l);
}

/* Puts the event's place in front of the message. */
static bool fail_here(struct loader *l)
{
	return error_prefix(l->err, "%.300s:%zu:%zu", l->name, l->event.start_mark.line + 1,
			    l->event.start_mark.column + 1);
}

/* No value at all: "name:" and no more, or the words that mean it. */
static bool is_nothing(const yaml_event_t *event)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };
	const char *text = scalar_text(event);

	if (!text || event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(text, words[i]))
			return true;
	return false;
}

/* NULL: it is no scalar, or not one that a text of C can hold. */
static const char *scalar_text(const yaml_event_t *event)
{
	const char *text;

	if (event->type != YAML_SCALAR_EVENT)
		return NULL;
	text = (const char *)event->data.scalar.value;
	return strlen(text) == event->data.scalar.length ? text : NULL;
}
