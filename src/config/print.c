/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A configuration as YAML, in the order of the table. */
#include <config.h>

#include "config_internal.h"

#include <string.h>

static void print_head(const struct config_section *section, bool help, struct str *out);
static void print_option(const struct config_option *o, const struct config_value *value,
			 bool help, struct str *out);
static void print_comment(const char *text, unsigned int depth, struct str *out);
static void add_indent(unsigned int depth, struct str *out);

void config_print(const struct config *config, bool all, struct str *out)
{
	const struct config_section *section;
	const char *last = "";

	if (all)
		str_add(out, "# A simulated machine for kmreplay, see kmreplay.yaml(5). Options "
			     "that are commented\n# out (#name: value) show what holds without "
			     "them.\n");
	for (unsigned int i = 0; i < config_nr_options(); i++) {
		const struct config_option *o = config_option_get(i);

		if (!all && !config->values[i].set)
			continue;
		for (size_t k = 0; (section = config_section_after(last, o->path, &k));)
			print_head(section, all, out);
		print_option(o, &config->values[i], all, out);
		last = o->path;
	}
}

static void print_head(const struct config_section *section, bool help, struct str *out)
{
	unsigned int depth = config_path_depth(section->path);

	if (help) {
		str_add_char(out, '\n');
		print_comment(section->help, depth, out);
	}
	add_indent(depth, out);
	str_addf(out, "%s:\n", config_path_last(section->path));
}

static void print_option(const struct config_option *o, const struct config_value *value,
			 bool help, struct str *out)
{
	unsigned int depth = config_path_depth(o->path);
	struct config_value def;

	if (help) {
		struct str text;

		str_init(&text);
		config_value_allowed(o, &text);
		if (o->automatic == AUTO_RECORDED)
			str_add(&text, ": as recorded");
		str_add_char(out, '\n');
		print_comment(o->help, depth, out);
		print_comment(str_text(&text), depth, out);
		str_deinit(&text);
	}
	if (help && value->set && value->from) {
		add_indent(depth, out);
		str_addf(out, "# from %s\n", config_quote(value->from).text);
	}
	add_indent(depth, out);
	config_value_default(o, &def);
	str_addf(out, "%s%s: ", value->set ? "" : "#", config_path_last(o->path));
	config_value_print(o, value->set ? value : &def, out);
	str_add_char(out, '\n');
	config_value_deinit(&def);
}

/* Wrapped at 100 columns. */
static void print_comment(const char *text, unsigned int depth, struct str *out)
{
	size_t width = 98 - 2 * (size_t)depth;

	while (*text) {
		size_t len = strlen(text);

		if (len > width) {
			len = width;
			while (len && text[len] != ' ')
				len--;
		}
		add_indent(depth, out);
		str_add(out, "# ");
		str_add_mem(out, text, len);
		str_add_char(out, '\n');
		text += len;
		text += *text == ' ';
	}
}

static void add_indent(unsigned int depth, struct str *out)
{
	while (depth--)
		str_add(out, "  ");
}
