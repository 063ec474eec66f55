/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What configuration files may hold, as JSON schema (draft 2020-12), for editors and CI. */
#include <config.h>

#include "config_internal.h"

#include <string.h>

#define SIZE_PATTERN   "^(0[xX][0-9a-fA-F]+|[0-9]+)([KMGTPkmgtp](iB|B)?)?$"
#define NUMBER_PATTERN "^(0[xX][0-9a-fA-F]+|[0-9]+)$"
#define KERNEL_PATTERN "^[0-9]{1,4}[.][0-9]{1,4}([-.+].*)?$"

static void end_sections(const char *last, size_t shared, struct str *out);
static void begin_section(const struct config_section *section, struct str *out);
static void add_option(const struct config_option *o, struct str *out);
static void add_default(const struct config_option *o, struct str *out);
static void add_scalar(const struct config_option *o, struct str *out);
static void add_choices(const struct config_option *o, struct str *out);
static void add_line(const char *path, struct str *out);

void config_print_schema(struct str *out)
{
	const struct config_section *section;
	const char *last = "";

	str_add(out, "{\n"
		     "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
		     "  \"title\": \"kmreplay machine configuration\",\n"
		     "  \"type\": [\"object\", \"null\"],\n"
		     "  \"additionalProperties\": false,\n"
		     "  \"properties\": {\n");
	for (unsigned int i = 0; i < config_nr_options(); i++) {
		const struct config_option *o = config_option_get(i);

		end_sections(last, config_path_shared(o->path, last), out);
		str_add(out, *last ? ",\n" : "");
		for (size_t k = 0; (section = config_section_after(last, o->path, &k));)
			begin_section(section, out);
		add_option(o, out);
		last = o->path;
	}
	end_sections(last, 0, out);
	str_add(out, "\n  }\n}\n");
}

/* Those that "last" lies in beyond its first "shared" bytes. */
static void end_sections(const char *last, size_t shared, struct str *out)
{
	unsigned int depth = config_path_depth(last);

	for (unsigned int nr = config_path_depth(last + shared); nr; nr--, depth--)
		str_addf(out, "\n%*s}}", 2 * (int)depth + 2, "");
}

static void begin_section(const struct config_section *section, struct str *out)
{
	add_line(section->path, out);
	str_addf(out, "\"%s\": { \"description\": \"%s\", \"type\": [\"object\", \"null\"],\n",
		 config_path_last(section->path), section->help);
	add_line(section->path, out);
	str_add(out, "  \"additionalProperties\": false, \"properties\": {\n");
}

static void add_option(const struct config_option *o, struct str *out)
{
	add_line(o->path, out);
	str_addf(out, "\"%s\": { \"description\": \"%s\",\n", config_path_last(o->path), o->help);
	add_line(o->path, out);
	add_default(o, out);
	str_add(out, "\"anyOf\": [");
	if (o->automatic != AUTO_NONE)
		str_add(out, "{ \"const\": \"auto\" }, ");
	if (o->type == CONFIG_SIZES)
		str_addf(out, "{ \"type\": \"array\", \"minItems\": 1, \"maxItems\": %d, "
			      "\"items\": { \"anyOf\": [", CONFIG_MAX_SIZES);
	add_scalar(o, out);
	/* A list may also stand in one text: "8,16,32". */
	if (o->type == CONFIG_SIZES)
		str_add(out, "] } }, { \"type\": \"string\" }");
	str_add(out, "] }");
}

static void add_default(const struct config_option *o, struct str *out)
{
	struct config_value def;
	const char *quote;

	config_value_default(o, &def);
	quote = def.automatic || (o->type != CONFIG_BOOL && o->type != CONFIG_NUMBER) ? "\"" : "";
	str_addf(out, "  \"default\": %s", quote);
	config_value_print(o, &def, out);
	str_addf(out, "%s, ", quote);
	config_value_deinit(&def);
}

static void add_scalar(const struct config_option *o, struct str *out)
{
	bool is_size = o->type == CONFIG_SIZE || o->type == CONFIG_SIZES;

	if (o->type == CONFIG_BOOL || o->type == CONFIG_CHOICE) {
		add_choices(o, out);
		return;
	}
	if (o->type == CONFIG_KERNEL) {
		str_add(out, "{ \"type\": \"number\" }, { \"type\": \"string\", \"pattern\": \""
			     KERNEL_PATTERN "\" }");
		return;
	}
	if (o->type == CONFIG_TEXT) {
		str_addf(out, "{ \"type\": \"string\", \"minLength\": 1, \"maxLength\": %llu }",
			 (unsigned long long)o->max);
		return;
	}
	str_addf(out, "{ \"type\": \"integer\", \"minimum\": %llu, \"maximum\": %llu",
		 (unsigned long long)o->min, (unsigned long long)o->max);
	if (o->multiple)
		str_addf(out, ", \"multipleOf\": %llu", (unsigned long long)o->multiple);
	str_addf(out, " }, { \"type\": \"string\", \"pattern\": \"%s\" }",
		 is_size ? SIZE_PATTERN : NUMBER_PATTERN);
}

static void add_choices(const struct config_option *o, struct str *out)
{
	const char *name;

	str_add(out, "{ \"enum\": [");
	if (o->type == CONFIG_BOOL)
		str_add(out, "true, false, \"true\", \"false\", \"on\", \"off\", \"yes\", \"no\"");
	for (unsigned int i = 0; o->choice && (name = o->choice(i)); i++)
		str_addf(out, "%s\"%s\"", i ? ", " : "", name);
	str_add(out, "] }");
}

/* Indents for what "path" names. */
static void add_line(const char *path, struct str *out)
{
	str_addf(out, "%*s", 2 * (int)config_path_depth(path) + 4, "");
}
