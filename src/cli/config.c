/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the options about the machine to its configuration, and into reports. */
#include <config.h>

#include "cli_internal.h"

#include "kmreplay/core/xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool add_side(struct config *config, const char *text, struct error *err, bool *unread);
static bool add_item(struct config *config, const char *item, struct error *err, bool *unread);
static bool add_settings(struct config *config, const char *settings, const char *from,
			 struct error *err);
static const char *next_setting(const char *at);
static bool is_preset(const char *name);
static bool add_file(struct config *config, const char *path, struct error *err, bool *unread);

bool cli_config(const struct cli_options *options, struct config **ret, int *status)
{
	return cli_config_side(options, 0, NULL, ret, status);
}

bool cli_config_side(const struct cli_options *options, unsigned int openers,
		     const struct option_config *own, struct config **ret, int *status)
{
	struct error err;
	bool unread;

	*ret = config_create();
	vec_foreach(&options->configs.list, option) {
		if (option != own && openers >> option->option->config & 1)
			continue;
		if (cli_config_add(*ret, option, &err, &unread))
			continue;
		cli_error("%s", err.message);
		config_destroy(*ret);
		*ret = NULL;
		*status = unread ? EXIT_INPUT : EXIT_USAGE;
		return false;
	}
	return true;
}

bool cli_config_add(struct config *config, const struct option_config *option, struct error *err,
		    bool *unread)
{
	const struct cli_option *o = option->option;
	char from[32];
	char *text;
	bool ok;

	*unread = false;
	snprintf(from, sizeof(from), "--%s", o->name);
	switch ((enum option_config_kind)o->config) {
	case CONFIG_FILE:
		return add_file(config, option->text, err, unread);
	case CONFIG_PRESET:
		return config_load_preset(config, option->text, err);
	case CONFIG_SETTING:
		return add_settings(config, option->text, from, err);
	case CONFIG_SIDE:
		return add_side(config, option->text, err, unread);
	case CONFIG_SHORTCUT:
		break;
	}
	text = xasprintf("%s=%s", o->setting, option->text);
	ok = config_set(config, text, from, err);
	free(text);
	return ok;
}

size_t cli_side_label(const char *text)
{
	size_t len = strcspn(text, ":=,/");

	return text[len] == ':' ? len : 0;
}

void cli_profile_report(struct report *report, const struct page_profile *profile,
			const char *release)
{
	const char *doubt = profile->unverified ?
				    "; unverified: no recording of it was at hand" : "";

	report_text(report, "profile", "rules of kernel", profile->name);
	if (release[0])
		report_remark(report, "recorded: %s%s", release, doubt);
	else
		report_remark(report, "the recording does not say its kernel%s", doubt);
}

void cli_config_report(struct report *report, const struct config *config, uint64_t lines)
{
	static const struct report_column columns[] = {
		{ "option", "setting", REPORT_TEXT, REPORT_COL_KEY },
		{ "value", "value", REPORT_TEXT, 0 },
		{ "from", "from", REPORT_TEXT, 0 },
	};
	struct report_table *table = NULL;
	struct config_setting setting;
	unsigned int at = 0;
	struct str text;

	str_init(&text);
	while (config_next_setting(config, &at, &text, &setting)) {
		if (!table)
			table = report_table(report, "settings", NULL, columns,
					     ARRAY_SIZE(columns));
		report_limit(table, lines);
		report_row(table, (struct report_value[]){ report_str(setting.path),
							   report_str(setting.value),
							   report_str(setting.from) });
	}
	str_deinit(&text);
}

/* What stands between commas, but for those inside of brackets. */
static bool add_side(struct config *config, const char *text, struct error *err, bool *unread)
{
	size_t label = cli_side_label(text);
	bool ok = true;

	text += label ? label + 1 : 0;
	text += strspn(text, " ");
	while (ok && *text) {
		size_t len = 0, depth = 0;
		char *item;

		for (; text[len] && (depth || text[len] != ','); len++) {
			depth += text[len] == '[';
			depth -= depth && text[len] == ']';
		}
		item = xstrndup(text, len);
		ok = add_item(config, item, err, unread);
		free(item);
		text += len + (text[len] == ',');
	}
	return ok;
}

static bool add_item(struct config *config, const char *item, struct error *err, bool *unread)
{
	if (strchr(item, '='))
		return config_set(config, item, "--side", err);
	if (is_preset(item))
		return config_load_preset(config, item, err);
	return add_file(config, item, err, unread);
}

/* "a=1,b=8,16,c=2": a comma parts two settings when the next one has its name and "=". */
static bool add_settings(struct config *config, const char *settings, const char *from,
			 struct error *err)
{
	bool ok = true;

	while (ok && *settings) {
		const char *end = next_setting(settings);
		char *one = xstrndup(settings, (size_t)(end - settings));

		ok = config_set(config, one, from, err);
		free(one);
		settings = end + (*end == ',');
	}
	return ok;
}

/* The comma before the next setting, or the end. */
static const char *next_setting(const char *at)
{
	for (; *at; at++)
		if (*at == ',' && at[1 + strcspn(at + 1, ",=")] == '=')
			break;
	return at;
}

static bool is_preset(const char *name)
{
	for (unsigned int i = 0; config_preset_name(i); i++)
		if (!strcmp(config_preset_name(i), name))
			return true;
	return false;
}

static bool add_file(struct config *config, const char *path, struct error *err, bool *unread)
{
	struct str text;
	bool ok;

	str_init(&text);
	*unread = !config_read(path, &text, err);
	ok = !*unread && config_load(config, &text, path, err);
	str_deinit(&text);
	return ok;
}
