/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Presets: configurations of well-known kinds of machines. They are part of the program, so that a
 * name means the same machine wherever the program runs; their files are installed as well, for
 * people to read and to start from.
 */
#include <config.h>

#include "config_internal.h"

#include "kmreplay/core/suggest.h"

#include <stdio.h>
#include <string.h>

const char *config_preset_name(unsigned int i)
{
	return config_presets[i].name;
}

const char *config_preset_summary(unsigned int i)
{
	return config_presets[i].summary;
}

bool config_load_preset(struct config *config, const char *name, struct error *err)
{
	const char *near = suggest_nearest(name, config_preset_name);
	char from[96];

	for (const struct config_preset *p = config_presets; p->name; p++) {
		/* The room's code only reads what it is given. */
		const struct str text = { .data = (char *)(uintptr_t)p->text, .len = p->len };

		if (strcmp(p->name, name) != 0)
			continue;
		snprintf(from, sizeof(from), "preset %s", name);
		return config_load_from(config, &text, from, from, err);
	}
	if (near)
		return error_set(err, "unknown preset '%s': did you mean '%s'?",
				 config_quote(name).text, near);
	return error_set(err, "unknown preset '%s': 'kmreplay config --list-presets' names them",
			 config_quote(name).text);
}
