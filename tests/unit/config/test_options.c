/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of options: what its readers take for granted, and that it misses no cost. */
#include <config.h>

#include "../../../src/config/config_internal.h"
#include "kmreplay/mm/profile.h"
#include "unit/unit.h"

#include <ctype.h>
#include <string.h>

START_TEST(paths_are_unequal_and_lie_in_sections)
{
	const struct config_option *o;

	for (unsigned int i = 0; (o = config_option_get(i)); i++) {
		const struct config_section *section = NULL, *next;
		unsigned int depth = 0;

		ck_assert_int_eq(config_option_find(o->path), (int)i);
		ck_assert_int_lt(config_section_find(o->path), 0);
		ck_assert_str_eq(config_option_path(i), o->path);
		ck_assert_uint_le(strlen(o->path), 40); /* what suggestions look at */
		for (size_t at = 0; (next = config_section_after("", o->path, &at)); depth++)
			section = next;
		ck_assert_uint_eq(depth, config_path_depth(o->path));
		if (section)
			ck_assert_uint_eq(strlen(section->path) + 1 +
						  strlen(config_path_last(o->path)),
					  strlen(o->path));
	}
	ck_assert_uint_eq(config_nr_options(), 0U + (unsigned int)config_option_find(
							   "costs.fragment") + 1);
	ck_assert_ptr_null(config_option_path(config_nr_options()));
}
END_TEST

/* A section that began twice would be printed twice, which no YAML may hold. */
START_TEST(sections_begin_once)
{
	unsigned int *nr = xcalloc(config_nr_sections(), sizeof(*nr));
	const struct config_option *o;
	const char *last = "";

	for (unsigned int i = 0; (o = config_option_get(i)); i++) {
		const struct config_section *section;

		for (size_t at = 0; (section = config_section_after(last, o->path, &at));)
			nr[config_section_find(section->path)]++;
		last = o->path;
	}
	for (unsigned int i = 0; i < config_nr_sections(); i++)
		ck_assert_msg(nr[i] == 1, "%s: %u", config_section_get(i)->path, nr[i]);
	free(nr);
}
END_TEST

/* They stand in comments, in JSON without escapes, and with a capital in the manual. */
START_TEST(help_is_plain)
{
	const struct config_option *o;

	for (unsigned int i = 0; (o = config_option_get(i)); i++) {
		ck_assert_msg(isalnum((unsigned char)o->help[0]), "%s", o->path);
		ck_assert_ptr_null(strpbrk(o->help, "\"\\\n\t"));
		ck_assert_int_ne(o->help[strlen(o->help) - 1], '.');
	}
	for (unsigned int i = 0; i < config_nr_sections(); i++)
		ck_assert_ptr_null(strpbrk(config_section_get(i)->help, "\"\\\n\t"));
}
END_TEST

START_TEST(kernels_with_rules_are_listed)
{
	const struct config_option *kernel =
		config_option_get((unsigned int)config_option_find("kernel"));

	for (size_t i = 0; page_profile_at(i); i++)
		ck_assert_msg(strstr(kernel->help, page_profile_at(i)->name) != NULL, "%s",
			      page_profile_at(i)->name);
}
END_TEST

START_TEST(bounds_fit_the_fields)
{
	const struct config_option *o;

	for (unsigned int i = 0; (o = config_option_get(i)); i++) {
		uint64_t largest = o->max >> o->shift;

		ck_assert_uint_le(o->min, o->max);
		if (o->multiple)
			ck_assert(o->min % o->multiple == 0 && o->max % o->multiple == 0);
		ck_assert_int_eq(!!o->choice, o->type == CONFIG_CHOICE);
		ck_assert_int_eq(!!o->check, o->type == CONFIG_TEXT);
		if (!o->has_field || o->type == CONFIG_SIZES || o->type == CONFIG_TEXT)
			continue;
		ck_assert(o->width == 1 || o->width == 4 || o->width == 8);
		ck_assert_int_eq(o->width == 1, o->type == CONFIG_BOOL);
		if (o->width == 4)
			ck_assert_uint_le(largest, o->automatic == AUTO_MINUS_ONE ? INT32_MAX :
										    UINT32_MAX);
		if (o->width == 8 && o->automatic == AUTO_MINUS_ONE)
			ck_assert_uint_le(largest, INT64_MAX);
		/* What stands for auto must not be a value, too. */
		if (o->automatic == AUTO_ZERO)
			ck_assert_uint_gt(o->min >> o->shift, 0);
	}
}
END_TEST

START_TEST(each_cost_is_an_option)
{
	unsigned int nr = 0;

#define X(field, ns, what)                                                            \
	{                                                                             \
		int i = config_option_find("costs." #field);                          \
                                                                                      \
		ck_assert_int_ge(i, 0);                                               \
		ck_assert_uint_eq(config_option_get((unsigned int)i)->offset,         \
				  offsetof(struct machine_config, costs.field));      \
		nr++;                                                                 \
	}
	MM_COSTS(X)
#undef X
	ck_assert_uint_eq(nr, sizeof(struct mm_costs) / sizeof(uint32_t));
}
END_TEST

START_TEST(fields_are_told_apart)
{
	const struct config_option *a, *b;

	for (unsigned int i = 0; (a = config_option_get(i)); i++)
		for (unsigned int k = 0; k < i && (b = config_option_get(k)); k++)
			ck_assert_msg(!a->has_field || !b->has_field || a->offset != b->offset,
				      "%s and %s", a->path, b->path);
}
END_TEST

START_TEST(nearest)
{
	static const struct {
		const char *given, *want;
	} rows[] = {
		{ "slab.max_ordr", "slab.max_order" },
		{ "max_order", "slab.max_order" },
		{ "pcp.max_order", "slab.max_order" },
		{ "machine.memroy", "machine.memory" },
		{ "memory", "machine.memory" },
		{ "kernl", "kernel" },
		{ "watermarks.lowmem_reserve_ratio.dma3", "watermarks.lowmem_reserve_ratio.dma32" },
		{ "xyzzy.plugh", NULL },
		{ "", NULL },
		{ ".", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *got = config_option_nearest(rows[i].given);

		if (rows[i].want)
			ck_assert_str_eq(got, rows[i].want);
		else
			ck_assert_ptr_null(got);
	}
}
END_TEST

START_TEST(manuals_get_all)
{
	struct config_option_info info;
	struct str allowed, def;
	unsigned int i;

	str_init(&allowed);
	str_init(&def);
	for (i = 0; config_option_info(i, &info, &allowed, &def); i++) {
		ck_assert_str_eq(info.path, config_option_path(i));
		ck_assert_uint_gt(allowed.len, 0);
		ck_assert_uint_gt(def.len, 0);
		ck_assert_int_eq(!info.section, !strchr(info.path, '.'));
	}
	ck_assert_uint_eq(i, config_nr_options());
	str_deinit(&allowed);
	str_deinit(&def);
}
END_TEST

UNIT_MAIN("options", paths_are_unequal_and_lie_in_sections, sections_begin_once, help_is_plain,
	  kernels_with_rules_are_listed, bounds_fit_the_fields, each_cost_is_an_option,
	  fields_are_told_apart, nearest, manuals_get_all)
