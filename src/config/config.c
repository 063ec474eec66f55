/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is set, option by option, and what becomes of it. */
#include <config.h>

#include "config_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct config_value *value_of(const struct config *config, const char *path);
static bool unknown_option(const char *path, struct error *err);

struct config *config_create(void)
{
	struct config *config = xcalloc(1, sizeof(*config));

	config->values = xcalloc(config_nr_options(), sizeof(*config->values));
	return config;
}

struct config *config_copy(const struct config *config)
{
	struct config *copy = config_create();

	config_merge(copy, config);
	return copy;
}

void config_destroy(struct config *config)
{
	if (!config)
		return;
	for (unsigned int i = 0; i < config_nr_options(); i++)
		config_value_deinit(&config->values[i]);
	free(config->values);
	free(config);
}

bool config_load(struct config *config, const struct str *text, const char *name,
		 struct error *err)
{
	return config_load_from(config, text, name, NULL, err);
}

bool config_set(struct config *config, const char *assignment, const char *from,
		struct error *err)
{
	const char *equals = strchr(assignment, '=');
	char *path CLEANUP(cleanup_free) = NULL;
	struct config_value value = { 0 };
	int i;

	if (!equals)
		return error_set(err, "expected an option and its value like "
				      "slab.max_order=0, not '%s'",
				 config_quote(assignment).text);
	path = xstrndup(assignment, (size_t)(equals - assignment));
	i = config_option_find(path);
	if (i < 0)
		return unknown_option(path, err);
	if (!config_value_parse(config_option_get((unsigned int)i), equals + 1, &value, err)) {
		config_value_deinit(&value);
		return false;
	}
	config_value_deinit(&config->values[i]);
	value.from = xstrdup(from);
	config->values[i] = value;
	return true;
}

void config_merge(struct config *config, const struct config *from)
{
	for (unsigned int i = 0; i < config_nr_options(); i++)
		if (from->values[i].set)
			config_value_copy(&config->values[i], &from->values[i]);
}

bool config_is_set(const struct config *config, const char *path)
{
	return value_of(config, path)->set;
}

struct kernel_version config_kernel(const struct config *config, struct kernel_version recorded)
{
	const struct config_value *value = value_of(config, "kernel");

	if (!value->set || value->automatic)
		return recorded;
	return (struct kernel_version){
		.major = (unsigned int)(value->nr >> 32),
		.minor = (unsigned int)value->nr,
	};
}

enum machine_arch config_arch(const struct config *config, enum machine_arch recorded)
{
	const struct config_value *value = value_of(config, "arch");

	return value->set && !value->automatic ? (enum machine_arch)value->nr : recorded;
}

uint64_t config_memory(const struct config *config)
{
	return value_of(config, "machine.memory")->nr;
}

void config_apply(const struct config *config, struct machine_config *machine)
{
	for (unsigned int i = 0; i < config_nr_options(); i++)
		if (config->values[i].set)
			config_value_apply(config_option_get(i), &config->values[i], machine);
}

bool config_next_setting(const struct config *config, unsigned int *at, struct str *text,
			 struct config_setting *ret)
{
	unsigned int i = *at;

	while (i < config_nr_options() && !config->values[i].set)
		i++;
	*at = i + 1;
	if (i >= config_nr_options())
		return false;
	str_reset(text);
	config_value_print(config_option_get(i), &config->values[i], text);
	*ret = (struct config_setting){
		.path = config_option_path(i),
		.value = str_text(text),
		.from = config->values[i].from,
	};
	return true;
}

bool config_option_info(unsigned int i, struct config_option_info *ret, struct str *allowed,
			struct str *def)
{
	const struct config_option *o = config_option_get(i);
	const struct config_section *section;
	struct config_value value;

	if (!o)
		return false;
	*ret = (struct config_option_info){ .path = o->path, .help = o->help };
	for (size_t at = 0; (section = config_section_after("", o->path, &at));) {
		ret->section = section->path;
		ret->section_help = section->help;
	}
	str_reset(allowed);
	config_value_allowed(o, allowed);
	str_reset(def);
	config_value_default(o, &value);
	config_value_print(o, &value, def);
	if (value.automatic)
		str_add(def, o->automatic == AUTO_RECORDED ? ", as recorded" :
							     ", the kernel's own rule");
	config_value_deinit(&value);
	return true;
}

/* A path that stands in the program. */
static const struct config_value *value_of(const struct config *config, const char *path)
{
	int i = config_option_find(path);

	BUG_ON(i < 0);
	return &config->values[i];
}

static bool unknown_option(const char *path, struct error *err)
{
	const char *near = config_option_nearest(path);
	struct config_quote quote = config_quote(path);

	if (config_section_find(path) >= 0)
		return error_set(err, "'%s' is a section, not an option", quote.text);
	if (near)
		return error_set(err, "unknown option '%s': did you mean '%s'?", quote.text, near);
	return error_set(err, "unknown option '%s'", quote.text);
}
