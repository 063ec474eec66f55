/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files: printing and loading are each other's inverse, and mistakes take nothing over. */
#include <config.h>

#include "../../../src/config/config_internal.h"
#include "kmreplay/core/rng.h"
#include "unit/unit.h"

#include <string.h>

static bool load(struct config *config, const char *yaml, struct error *err)
{
	struct str text;
	bool ok;

	str_init(&text);
	str_add(&text, yaml);
	err->message[0] = '\0';
	ok = config_load(config, &text, "x.yaml", err);
	ck_assert_int_eq(ok, !err->message[0]);
	str_deinit(&text);
	return ok;
}

static void print(const struct config *config, bool all, struct str *text)
{
	str_reset(text);
	config_print(config, all, text);
}

/* Prints "config", loads that, and prints again: the same text. */
static void check_round_trip(const struct config *config)
{
	struct str once, again;

	str_init(&once);
	str_init(&again);
	for (unsigned int all = 0; all < 2; all++) {
		struct config *loaded = config_create();
		struct error err;

		print(config, all, &once);
		ck_assert_msg(load(loaded, str_text(&once), &err), "%s", err.message);
		print(config, false, &once);
		print(loaded, false, &again);
		ck_assert_str_eq(str_text(&once), str_text(&again));
		config_destroy(loaded);
	}
	str_deinit(&once);
	str_deinit(&again);
}

/* A value that the option can have, as text. */
static void add_random_value(const struct config_option *o, struct rng *rng, struct str *out)
{
	struct config_value value = { .set = true };
	uint64_t step = MAX(o->multiple, (uint64_t)1);
	uint64_t span = (o->max - o->min) / step;

	value.nr = o->min + step * (span == UINT64_MAX ? rng_next(rng) : rng_below(rng, span + 1));
	value.automatic = o->automatic != AUTO_NONE && !rng_below(rng, 4);
	if (o->type == CONFIG_KERNEL)
		value.nr = (rng_below(rng, 9) + 1) << 32 | rng_below(rng, 30);
	if (o->type == CONFIG_SIZES && !value.automatic)
		for (uint32_t size = 8; size <= 8 * (1 + rng_below(rng, 40)); size += 8)
			vec_push(&value.sizes, size);
	if (o->type == CONFIG_TEXT)
		value.text = xstrdup("fz,dentry,kmalloc-*;P");
	config_value_print(o, &value, out);
	config_value_deinit(&value);
}

START_TEST(random_settings_round_trip)
{
	struct rng rng;
	struct str text;

	rng_init(&rng, 7);
	str_init(&text);
	for (unsigned int round = 0; round < 200; round++) {
		struct config *config = config_create();

		for (unsigned int i = 0; i < config_nr_options(); i++) {
			struct error err;

			if (rng_below(&rng, 20) >= round % 20)
				continue;
			str_reset(&text);
			str_addf(&text, "%s=", config_option_path(i));
			add_random_value(config_option_get(i), &rng, &text);
			ck_assert_msg(config_set(config, str_text(&text), "x", &err), "%s",
				      err.message);
		}
		check_round_trip(config);
		config_destroy(config);
	}
	str_deinit(&text);
}
END_TEST

START_TEST(presets_round_trip)
{
	const char *name;

	for (unsigned int i = 0; (name = config_preset_name(i)); i++) {
		struct config *config = config_create();
		struct error err;

		ck_assert(config_load_preset(config, name, &err));
		check_round_trip(config);
		config_destroy(config);
	}
}
END_TEST

/* Defaults commented in: the machine is what it is without any configuration. */
START_TEST(printed_defaults_are_the_defaults)
{
	struct config *config = config_create();
	struct machine_config machine, other;
	struct str text;
	struct error err;

	str_init(&text);
	print(config, true, &text);
	for (char *c = text.data; *c; c++)
		if (*c == '#' && c[1] != ' ')
			*c = ' ';
	/* A blank in the place of the mark: names that it indents too far are set right. */
	for (char *line = text.data; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		while (line[0] == ' ' && strspn(line, " ") % 2)
			memmove(line, line + 1, strlen(line));
	}
	ck_assert_msg(load(config, str_text(&text), &err), "%s", err.message);
	for (unsigned int i = 0; i < config_nr_options(); i++)
		ck_assert(config_is_set(config, config_option_path(i)));
	machine_config_init(&machine, (struct kernel_version){ 6, 1 }, ARCH_X86_64);
	memcpy(&other, &machine, sizeof(other));
	config_apply(config, &machine);
	ck_assert(!memcmp(&other, &machine, sizeof(other)));
	machine_config_deinit(&machine);
	config_destroy(config);
	str_deinit(&text);
}
END_TEST

START_TEST(places_and_origins)
{
	struct config *config = config_create();
	struct config_setting setting;
	unsigned int at = 0;
	struct str text;
	struct error err;

	str_init(&text);
	ck_assert(load(config, "# c\nseed: 3\nslab:\n  merge: no\n  kmalloc_classes:\n    - 8\n",
		       &err));
	ck_assert(config_next_setting(config, &at, &text, &setting));
	ck_assert_str_eq(setting.from, "x.yaml:2");
	ck_assert(config_next_setting(config, &at, &text, &setting));
	ck_assert_str_eq(setting.from, "x.yaml:4");
	ck_assert_str_eq(setting.value, "false");
	ck_assert(config_next_setting(config, &at, &text, &setting));
	ck_assert_str_eq(setting.from, "x.yaml:5");
	ck_assert_str_eq(setting.value, "[8]");
	str_deinit(&text);
	config_destroy(config);
}
END_TEST

START_TEST(mistakes_take_nothing_over)
{
	static const struct {
		const char *yaml, *message;
	} rows[] = {
		{ "seed: 2\nseed: 3\n",
		  "x.yaml:2:1: 'seed' is there a second time, the first is in line 1" },
		{ "seed: 2\nslab:\n  max_ordr: 1\n",
		  "x.yaml:3:3: unknown option 'slab.max_ordr': did you mean 'slab.max_order'?" },
		{ "seed: 2\nslab: {max_order: 11}\n",
		  "x.yaml:2:19: slab.max_order: expected a number from 0 to 10 or auto, not '11'" },
		{ "seed: 2\nslab: &a {}\n",
		  "x.yaml:2:7: anchors and aliases ('a') are not taken, write it out" },
		{ "seed: 2\n...\n---\n",
		  "x.yaml:3:1: a second document begins, a configuration is one" },
		{ "seed: 2\nslab: {\n", "x.yaml:3:1: no YAML: did not find expected node content "
					"while parsing a flow node" },
		{ "seed: 2\nslab: \x01\n",
		  "x.yaml:2:7: no YAML: control characters are not allowed" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct config *config = config_create();
		struct str text;
		struct error err;

		str_init(&text);
		ck_assert(config_set(config, "seed=1", "x", &err));
		ck_assert(!load(config, rows[i].yaml, &err));
		ck_assert_str_eq(err.message, rows[i].message);
		print(config, false, &text);
		ck_assert_str_eq(str_text(&text), "seed: 1\n");
		str_deinit(&text);
		config_destroy(config);
	}
}
END_TEST

START_TEST(files)
{
	struct error err = { "" };
	struct str text;

	str_init(&text);
	ck_assert(!config_read("/nonexistent/x.yaml", &text, &err));
	ck_assert_str_eq(err.message, "cannot open '/nonexistent/x.yaml': No such file or directory");
	ck_assert(!config_read("/", &text, &err));
	ck_assert_str_eq(err.message, "cannot read '/': Is a directory");
	ck_assert(!config_read("/dev/zero", &text, &err));
	ck_assert_str_eq(err.message,
			 "'/dev/zero' is no configuration: it is longer than 65536 bytes");
	str_reset(&text);
	ck_assert(config_read("/dev/null", &text, &err));
	ck_assert_uint_eq(text.len, 0);
	str_deinit(&text);
}
END_TEST

UNIT_MAIN("load", random_settings_round_trip, presets_round_trip,
	  printed_defaults_are_the_defaults, places_and_origins, mistakes_take_nothing_over, files)
