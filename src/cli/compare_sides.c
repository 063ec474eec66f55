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

static bool add_sides(struct compare *compare, size_t nr, int *status);
static bool add_side(struct compare *compare, const struct option_config *own, const char *name,
		     int *status);
static bool opens(const struct compare *compare, const struct option_config *option);
static bool wants_default(const struct compare *compare, size_t nr);
static void new_side(struct compare *compare, const char *name, const struct config *config);
static char *side_name(const struct option_config *option);
static char *unique(const struct compare *compare, const char *name, bool key);
static bool is_taken(const struct compare *compare, const char *name, bool key);
static bool is_column_of(const char *side, const char *name);
static void make_key(char *name);
static bool find_baseline(struct compare *compare);

bool compare_plan(struct compare *compare, int *status)
{
	const struct cli_options *options = &compare->job->cli->options;
	size_t nr = options->compare_recorded;

	*status = EXIT_USAGE;
	vec_foreach(&options->configs.list, option)
		nr += opens(compare, option);
	if (!nr && !compare->alone) {
		cli_error("nothing to compare: name sides with --config, --preset, --set or "
			  "--side, or --recorded");
		return false;
	}
	if (!add_sides(compare, nr, status))
		return false;
	if (compare->sides.nr > COMPARE_SIDES || compare->job->sides.nr > MAX_MACHINES) {
		cli_error("%zu sides with %zu machines are too many: at most %d and %d",
			  compare->sides.nr, compare->job->sides.nr, COMPARE_SIDES, MAX_MACHINES);
		return false;
	}
	return find_baseline(compare);
}

/* "nr" that the command line names, and maybe one that it does not. */
static bool add_sides(struct compare *compare, size_t nr, int *status)
{
	const struct cli_options *options = &compare->job->cli->options;

	if (wants_default(compare, nr) && !add_side(compare, NULL, "default", status))
		return false;
	vec_foreach(&options->configs.list, option) {
		char *name;
		bool ok;

		if (!opens(compare, option))
			continue;
		name = side_name(option);
		ok = add_side(compare, option, name, status);
		free(name);
		if (!ok)
			return false;
	}
	if (options->compare_recorded)
		new_side(compare, "recorded", NULL);
	return true;
}

static bool add_side(struct compare *compare, const struct option_config *own, const char *name,
		     int *status)
{
	struct config *config;

	if (!cli_config_side(&compare->job->cli->options, compare->openers, own, &config, status))
		return false;
	new_side(compare, name, config);
	config_destroy(config);
	return true;
}

static bool opens(const struct compare *compare, const struct option_config *option)
{
	return compare->openers >> option->option->config & 1;
}

/*
 * A setting is a change of something: of the machine as it would be without. So is all that stands
 * alone, where there has to be something to compare with.
 */
static bool wants_default(const struct compare *compare, size_t nr)
{
	if (nr < 2)
		return !nr || !compare->alone;
	vec_foreach(&compare->job->cli->options.configs.list, option)
		if (opens(compare, option))
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
	static const char *const columns[] = { "key", "label", "unit", "better" };

	for (size_t i = 0; key && i < ARRAY_SIZE(columns); i++)
		if (!strcmp(name, columns[i]))
			return true;
	vec_foreach(&compare->sides, side) {
		if (!strcmp(key ? side->key : side->name, name))
			return true;
		if (key && (is_column_of(side->key, name) || is_column_of(name, side->key)))
			return true;
	}
	return false;
}

/* A side called "a.change" would have the column that side "a" has for its change. */
static bool is_column_of(const char *side, const char *name)
{
	static const char *const columns[] = { ".low", ".high", ".change", ".verdict", ".mark" };
	size_t len = strlen(side);

	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		if (!strncmp(name, side, len) && !strcmp(name + len, columns[i]))
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
