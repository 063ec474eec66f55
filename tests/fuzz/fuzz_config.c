/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: configuration files. What is refused is refused in one line with its place and
 * leaves no trace; what is taken is printed, read and printed again as the same, can be applied,
 * and can also be given setting by setting.
 */
#include <config.h>

#include "fuzz.h"

#include "kmreplay/config/config.h"

#include <string.h>

static void check_refused(const struct config *config, const struct error *err);
static void check_taken(const struct config *config);
static struct config *reload(const struct config *config, bool all);
static struct config *set_again(const struct config *config);
static void check_same(const struct config *a, const struct config *b);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = config_create();
	struct error err = { "" };
	struct str text;

	if (size > CONFIG_MAX_SIZE)
		size = CONFIG_MAX_SIZE;
	str_init(&text);
	str_add_mem(&text, data, size);
	if (config_load(config, &text, "fuzz", &err))
		check_taken(config);
	else
		check_refused(config, &err);
	str_deinit(&text);
	config_destroy(config);
	return 0;
}

static void check_refused(const struct config *config, const struct error *err)
{
	struct config_setting setting;
	unsigned int at = 0;
	struct str text;

	str_init(&text);
	BUG_ON(strncmp(err->message, "fuzz:", 5) != 0 || !strpbrk(err->message, "123456789"));
	BUG_ON(strlen(err->message) >= sizeof(err->message) - 1);
	for (const char *c = err->message; *c; c++)
		BUG_ON((unsigned char)*c < ' ' || *c == 0x7f);
	BUG_ON(config_next_setting(config, &at, &text, &setting));
	str_deinit(&text);
}

static void check_taken(const struct config *config)
{
	struct config *all = reload(config, true), *brief = reload(config, false);
	struct config *again = set_again(config);
	struct machine_config machine;

	check_same(config, all);
	check_same(config, brief);
	check_same(config, again);
	machine_config_init(&machine, config_kernel(config, (struct kernel_version){ 6, 12 }),
			    config_arch(config, ARCH_X86_64));
	config_apply(config, &machine);
	BUG_ON(machine.nr_cpus < 1 || machine.nr_cpus > 8192 ||
	       (machine.slub_max_order > 10 && machine.slub_max_order != SLAB_ORDER_AUTO));
	machine_config_deinit(&machine);
	config_destroy(all);
	config_destroy(brief);
	config_destroy(again);
}

static struct config *reload(const struct config *config, bool all)
{
	struct config *loaded = config_create();
	struct error err;
	struct str text;

	str_init(&text);
	config_print(config, all, &text);
	BUG_ON(!config_load(loaded, &text, "printed", &err));
	str_deinit(&text);
	return loaded;
}

static struct config *set_again(const struct config *config)
{
	struct config *again = config_create();
	struct config_setting setting;
	struct str text, assignment;
	unsigned int at = 0;
	struct error err;

	str_init(&text);
	str_init(&assignment);
	while (config_next_setting(config, &at, &text, &setting)) {
		str_reset(&assignment);
		str_addf(&assignment, "%s=%s", setting.path, setting.value);
		BUG_ON(!config_set(again, str_text(&assignment), "--set", &err));
	}
	str_deinit(&text);
	str_deinit(&assignment);
	return again;
}

static void check_same(const struct config *a, const struct config *b)
{
	struct str texts[2];

	str_init(&texts[0]);
	str_init(&texts[1]);
	config_print(a, false, &texts[0]);
	config_print(b, false, &texts[1]);
	BUG_ON(strcmp(str_text(&texts[0]), str_text(&texts[1])) != 0);
	str_deinit(&texts[0]);
	str_deinit(&texts[1]);
}
