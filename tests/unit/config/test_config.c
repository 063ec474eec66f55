/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is set: later wins, who set it, copies, and what the machine gets of it. */
#include <config.h>

#include "kmreplay/config/config.h"
#include "unit/unit.h"

#include <string.h>

static void set(struct config *config, const char *assignment, const char *from)
{
	struct error err;

	ck_assert_msg(config_set(config, assignment, from, &err), "%s", err.message);
}

static void refuse(struct config *config, const char *assignment, const char *message)
{
	struct error err = { "" };

	ck_assert(!config_set(config, assignment, "--set", &err));
	ck_assert_str_eq(err.message, message);
}

/* All settings as "path=value (from) ...". */
static char *settings(const struct config *config)
{
	struct config_setting setting;
	unsigned int at = 0;
	struct str text, out;
	char *ret;

	str_init(&text);
	str_init(&out);
	while (config_next_setting(config, &at, &text, &setting))
		str_addf(&out, "%s=%s (%s) ", setting.path, setting.value, setting.from);
	ck_assert(!config_next_setting(config, &at, &text, &setting));
	ret = xstrdup(str_text(&out));
	str_deinit(&text);
	str_deinit(&out);
	return ret;
}

static void check_settings(const struct config *config, const char *want)
{
	char *got = settings(config);

	ck_assert_str_eq(got, want);
	free(got);
}

START_TEST(later_wins_and_is_named)
{
	struct config *config = config_create();

	check_settings(config, "");
	ck_assert(!config_is_set(config, "slab.max_order"));
	set(config, "slab.max_order=1", "first");
	set(config, "seed=9", "--seed");
	set(config, "slab.max_order=2", "second");
	ck_assert(config_is_set(config, "slab.max_order"));
	check_settings(config, "seed=9 (--seed) slab.max_order=2 (second) ");
	/* A mistake leaves all as it was. */
	refuse(config, "slab.max_order=11",
	       "slab.max_order: expected a number from 0 to 10 or auto, not '11'");
	refuse(config, "slab.max_ordr=1",
	       "unknown option 'slab.max_ordr': did you mean 'slab.max_order'?");
	refuse(config, "xyzzy=1", "unknown option 'xyzzy'");
	refuse(config, "=1", "unknown option ''");
	refuse(config, "slab=1", "'slab' is a section, not an option");
	refuse(config, "seed",
	       "expected an option and its value like slab.max_order=0, not 'seed'");
	check_settings(config, "seed=9 (--seed) slab.max_order=2 (second) ");
	config_destroy(config);
	config_destroy(NULL);
}
END_TEST

START_TEST(merging_keeps_what_is_not_set)
{
	struct config *below = config_create(), *above = config_create(), *copy;

	set(below, "seed=1", "a");
	set(below, "slab.kmalloc_classes=8,16,32", "a");
	set(above, "slab.kmalloc_classes=[64]", "b");
	set(above, "pcp.high=auto", "b");
	config_merge(below, above);
	check_settings(below, "seed=1 (a) pcp.high=auto (b) slab.kmalloc_classes=[64] (b) ");
	copy = config_copy(below);
	config_merge(below, below);
	set(below, "seed=2", "c");
	check_settings(copy, "seed=1 (a) pcp.high=auto (b) slab.kmalloc_classes=[64] (b) ");
	check_settings(below, "seed=2 (c) pcp.high=auto (b) slab.kmalloc_classes=[64] (b) ");
	config_destroy(copy);
	config_destroy(below);
	config_destroy(above);
}
END_TEST

START_TEST(recorded_unless_set)
{
	const struct kernel_version recorded = { 6, 1 };
	struct config *config = config_create();

	ck_assert_uint_eq(config_kernel(config, recorded).minor, 1);
	ck_assert_int_eq(config_arch(config, ARCH_X86_32), ARCH_X86_32);
	ck_assert_uint_eq(config_memory(config), 0);
	set(config, "kernel=7.2", "x");
	set(config, "arch=arm64", "x");
	set(config, "machine.memory=64M", "x");
	ck_assert_uint_eq(config_kernel(config, recorded).major, 7);
	ck_assert_uint_eq(config_kernel(config, recorded).minor, 2);
	ck_assert_int_eq(config_arch(config, ARCH_X86_32), ARCH_ARM64);
	ck_assert_uint_eq(config_memory(config), 64 << 20);
	/* auto takes it back. */
	set(config, "kernel=auto", "x");
	set(config, "arch=auto", "x");
	set(config, "machine.memory=auto", "x");
	ck_assert_uint_eq(config_kernel(config, recorded).minor, 1);
	ck_assert_int_eq(config_arch(config, ARCH_X86_32), ARCH_X86_32);
	ck_assert_uint_eq(config_memory(config), 0);
	config_destroy(config);
}
END_TEST

START_TEST(machines_get_what_is_set)
{
	struct config *config = config_create();
	struct machine_config machine, other;

	machine_config_init(&machine, (struct kernel_version){ 6, 1 }, ARCH_X86_64);
	machine.nr_cpus = 6;
	memcpy(&other, &machine, sizeof(other));
	config_apply(config, &machine);
	ck_assert(!memcmp(&other, &machine, sizeof(other)));
	/* These are the caller's to ask for. */
	set(config, "kernel=7.2", "x");
	set(config, "arch=arm64", "x");
	set(config, "machine.memory=64M", "x");
	set(config, "machine.cpus=auto", "x");
	config_apply(config, &machine);
	ck_assert(!memcmp(&other, &machine, sizeof(other)));
	set(config, "machine.cpus=3", "x");
	set(config, "slab.merge=off", "x");
	set(config, "watermarks.min_free_kbytes=0", "x");
	set(config, "watermarks.lowmem_reserve_ratio.dma32=5", "x");
	set(config, "costs.tlb_flush=1", "x");
	set(config, "slab.kmalloc_classes=8,24", "x");
	config_apply(config, &machine);
	ck_assert_uint_eq(machine.nr_cpus, 3);
	ck_assert(!machine.slab_merge);
	ck_assert_int_eq(machine.min_free_kbytes, 0);
	ck_assert_uint_eq(machine.lowmem_reserve_ratio[ZONE_DMA32], 5);
	ck_assert_uint_eq(machine.lowmem_reserve_ratio[ZONE_DMA], 256);
	ck_assert_uint_eq(machine.costs.tlb_flush, 1);
	ck_assert_uint_eq(machine.kmalloc_classes.nr, 2);
	/* Twice is once. */
	config_apply(config, &machine);
	ck_assert_uint_eq(machine.kmalloc_classes.nr, 2);
	machine_config_deinit(&machine);
	config_destroy(config);
}
END_TEST

START_TEST(presets)
{
	struct error err;
	const char *name;
	unsigned int i;

	for (i = 0; (name = config_preset_name(i)); i++) {
		struct config *config = config_create();
		struct config_setting setting;
		unsigned int at = 0;
		struct str text;

		str_init(&text);
		ck_assert_msg(config_load_preset(config, name, &err), "%s", err.message);
		ck_assert(config_is_set(config, "machine.memory"));
		ck_assert(config_is_set(config, "machine.cpus"));
		ck_assert(config_is_set(config, "arch"));
		ck_assert(config_next_setting(config, &at, &text, &setting));
		ck_assert_msg(!strncmp(setting.from, "preset ", 7) &&
				      !strcmp(setting.from + 7, name),
			      "%s", setting.from);
		ck_assert_uint_gt(strlen(config_preset_summary(i)), 10);
		ck_assert(!i || strcmp(config_preset_name(i - 1), name) < 0);
		str_deinit(&text);
		config_destroy(config);
	}
	ck_assert_uint_ge(i, 5);
	ck_assert(!config_load_preset(NULL, "rpi-2g", &err));
	ck_assert_str_eq(err.message, "unknown preset 'rpi-2g': did you mean 'rpi-1g'?");
}
END_TEST

UNIT_MAIN("config", later_wins_and_is_named, merging_keeps_what_is_not_set, recorded_unless_set,
	  machines_get_what_is_set, presets)
