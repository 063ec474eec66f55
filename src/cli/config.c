/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the options about the machine to its configuration, and into reports. */
#include <config.h>

#include "cli_internal.h"

#include <stdio.h>

static bool add_file(struct config *config, const char *path, struct error *err, bool *unread);

bool cli_config(const struct cli_options *options, struct config **ret, int *status)
{
	struct error err;

	*ret = config_create();
	vec_foreach(&options->configs.list, option) {
		bool unread = false;
		bool ok = option->option->config == CONFIG_FILE ?
				  add_file(*ret, option->text, &err, &unread) :
				  cli_config_add(*ret, option, &err);

		if (ok)
			continue;
		cli_error("%s", err.message);
		config_destroy(*ret);
		*ret = NULL;
		*status = unread ? EXIT_INPUT : EXIT_USAGE;
		return false;
	}
	return true;
}

bool cli_config_add(struct config *config, const struct option_config *option, struct error *err)
{
	const struct cli_option *o = option->option;
	char from[32];
	struct str text;
	bool unread, ok;

	switch ((enum option_config_kind)o->config) {
	case CONFIG_FILE:
		return add_file(config, option->text, err, &unread);
	case CONFIG_PRESET:
		return config_load_preset(config, option->text, err);
	case CONFIG_SETTING:
	case CONFIG_SHORTCUT:
		break;
	}
	str_init(&text);
	if (o->config == CONFIG_SHORTCUT)
		str_addf(&text, "%s=", o->setting);
	str_add(&text, option->text);
	snprintf(from, sizeof(from), "--%s", o->name);
	ok = config_set(config, str_text(&text), from, err);
	str_deinit(&text);
	return ok;
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
