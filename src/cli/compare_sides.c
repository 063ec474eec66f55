/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sides of a comparison.
 *
 * Each option about a configuration opens a side, in the order of the command line; what shall
 * stand on one side together is given in one --side. The first side is the baseline unless another
 * one is named.
 */
#include <config.h>

#include "compare_sides.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_MACHINES = 256 };

static bool add_sides(struct compare *compare, const struct config *common, int *status);
static bool add_side(struct compare *compare, const struct config *common,
		     const struct option_config *option, int *status);
static bool begins_with_setting(const struct option_configs *configs);
static void new_side(struct compare *compare, const char *name, const struct config *config);
static char *side_name(const struct option_config *option);
static char *unique(const struct compare *compare, const char *name, bool key);
static bool is_taken(const struct compare *compare, const char *name, bool key);
static void make_key(char *name);
static bool find_baseline(struct compare *compare);

bool compare_plan(struct compare *compare, int *status)
{
	struct config *common = NULL;
	bool ok;

	*status = EXIT_USAGE;
	if (!cli_config_shortcuts(&compare->job->cli->options, &common, status))
		return false;
	ok = add_sides(compare, common, status) && find_baseline(compare);
	config_destroy(common);
	return ok;
}

static bool add_sides(struct compare *compare, const struct config *common, int *status)
{
	const struct cli_options *options = &compare->job->cli->options;
	size_t nr = 0;

	vec_foreach(&options->configs.list, option)
		nr += option->option->config != CONFIG_SHORTCUT;
	if (nr + options->compare_recorded == 0) {
		cli_error("nothing to compare: name sides with --config, --preset, --set or "
			  "--side, or --recorded");
		return false;
	}
	if (nr + options->compare_recorded < 2 || begins_with_setting(&options->configs))
		new_side(compare, "default", common);
	vec_foreach(&options->configs.list, option)
		if (option->option->config != CONFIG_SHORTCUT &&
		    !add_side(compare, common, option, status))
			return false;
	if (options->compare_recorded)
		new_side(compare, "recorded", NULL);
	if (compare->sides.nr > COMPARE_SIDES || compare->job->sides.nr > MAX_MACHINES) {
		cli_error("%zu sides with %zu machines are too many: at most %d and %d",
			  compare->sides.nr, compare->job->sides.nr, COMPARE_SIDES, MAX_MACHINES);
		return false;
	}
	return true;
}

static bool add_side(struct compare *compare, const struct config *common,
		     const struct option_config *option, int *status)
{
	struct config *config = config_copy(common);
	bool unread = false;
	struct error err;
	bool ok = cli_config_add(config, option, &err, &unread);
	char *name = side_name(option);

	if (ok)
		new_side(compare, name, config);
	else
		cli_error("%s", err.message);
	*status = unread ? EXIT_INPUT : EXIT_USAGE;
	free(name);
	config_destroy(config);
	return ok;
}

/* A setting is a change of something: of the machine as it would be without. */
static bool begins_with_setting(const struct option_configs *configs)
{
	vec_foreach(&configs->list, option)
		if (option->option->config != CONFIG_SHORTCUT)
			return option->option->config == CONFIG_SETTING;
	return false;
}

/* With one machine for each seed; "config" NULL: what was recorded. */
static void new_side(struct compare *compare, const char *name, const struct config *config)
{
	struct compare_side side = {
		.name = unique(compare, name, false),
		.recorded = !config,
		.first = compare->job->sides.nr,
	};
	char *key = xstrdup(name);

	make_key(key);
	side.key = unique(compare, key, true);
	free(key);
	vec_push(&compare->sides, side);
	for (uint64_t seed = 0; config && seed < compare->nr_seeds; seed++)
		replay_job_add(compare->job, side.name, config)->seed = seed;
}

/* "a/b/tight.yaml" to "tight"; of --side what stands before its colon, if it has one. */
static char *side_name(const struct option_config *option)
{
	const char *text = option->text, *slash = strrchr(text, '/');
	size_t label = cli_side_label(text);
	struct str name;

	str_init(&name);
	if (option->option->config == CONFIG_SIDE && label) {
		str_add_mem(&name, text, label);
	} else if (option->option->config == CONFIG_FILE) {
		text = slash && slash[1] ? slash + 1 : text;
		str_add(&name, text);
		if (name.len > 5 && !strcmp(name.data + name.len - 5, ".yaml"))
			name.data[name.len -= 5] = '\0';
	} else {
		report_add_printable(&name, text);
	}
	return name.data ? name.data : xstrdup("");
}

/* "name", with a number behind it when another side is called so. */
static char *unique(const struct compare *compare, const char *name, bool key)
{
	char *text = xstrdup(name);

	for (unsigned int nr = 2; is_taken(compare, text, key); nr++) {
		free(text);
		text = xasprintf("%s#%u", name, nr);
	}
	return text;
}

static bool is_taken(const struct compare *compare, const char *name, bool key)
{
	vec_foreach(&compare->sides, side)
		if (!strcmp(key ? side->key : side->name, name))
			return true;
	return false;
}

/* What a JSON key, a CSV header and a file name can hold without quotes. */
static void make_key(char *name)
{
	for (char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._=-", *c))
			*c = '_';
	if (*name == '.')
		*name = '_';
}

static bool find_baseline(struct compare *compare)
{
	const char *wanted = compare->job->cli->options.compare_baseline;

	if (!wanted)
		return true;
	for (size_t i = 0; i < compare->sides.nr; i++) {
		const struct compare_side *side = &compare->sides.items[i];

		if (!strcmp(side->name, wanted) || !strcmp(side->key, wanted)) {
			compare->baseline = i;
			return true;
		}
	}
	cli_error("--baseline: there is no side '%s'; the first one is '%s'", wanted,
		  compare->sides.items[0].name);
	return false;
}
