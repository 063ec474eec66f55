/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values: both ends of each range, each spelling, back and forth, and into their own field only. */
#include <config.h>

#include "../../../src/config/config_internal.h"
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

static bool parses(const struct config_option *o, const char *text)
{
	struct config_value value = { 0 };
	struct error err = { "" };
	bool ok = config_value_parse(o, text, &value, &err);

	ck_assert_int_eq(ok, !err.message[0]);
	if (!ok)
		ck_assert_msg(!strncmp(err.message, o->path, strlen(o->path)), "%s", err.message);
	config_value_deinit(&value);
	return ok;
}

static bool parses_nr(const struct config_option *o, uint64_t nr)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)nr);
	return parses(o, text);
}

static const struct config_option *option(const char *path)
{
	int i = config_option_find(path);

	ck_assert_int_ge(i, 0);
	return config_option_get((unsigned int)i);
}

START_TEST(each_range_at_both_ends)
{
	const struct config_option *o;

	for (unsigned int i = 0; (o = config_option_get(i)); i++) {
		uint64_t step = MAX(o->multiple, (uint64_t)1);

		ck_assert_int_eq(parses(o, "auto"), o->automatic != AUTO_NONE);
		ck_assert(!parses(o, ""));
		ck_assert(!parses(o, "nonsense"));
		ck_assert(!parses(o, "-1"));
		if (o->type == CONFIG_BOOL || o->type == CONFIG_CHOICE ||
		    o->type == CONFIG_KERNEL || o->type == CONFIG_TEXT)
			continue;
		ck_assert(parses_nr(o, o->min));
		ck_assert(parses_nr(o, o->max));
		ck_assert(!o->min || !parses_nr(o, o->min - step));
		ck_assert(o->max > UINT64_MAX - step || !parses_nr(o, o->max + step));
		ck_assert(step == 1 || !parses_nr(o, o->min + 1));
		ck_assert(!parses(o, "18446744073709551616"));
	}
}
END_TEST

static void check_read_back(const struct config_option *o, struct config_value *value)
{
	struct config_value again = { 0 };
	struct error err;
	struct str text;

	str_init(&text);
	config_value_print(o, value, &text);
	ck_assert_msg(config_value_parse(o, str_text(&text), &again, &err), "%s", err.message);
	ck_assert_int_eq(value->automatic, again.automatic);
	if (!value->automatic && o->type != CONFIG_SIZES && o->type != CONFIG_TEXT)
		ck_assert_uint_eq(value->nr, again.nr);
	if (!value->automatic && o->type == CONFIG_TEXT)
		ck_assert_str_eq(value->text, again.text);
	ck_assert_uint_eq(value->sizes.nr, again.sizes.nr);
	config_value_deinit(&again);
	config_value_deinit(value);
	str_deinit(&text);
}

/* What is printed is read as the same, at both ends of each range and for auto. */
START_TEST(printed_values_read_back)
{
	const struct config_option *o;

	for (unsigned int i = 0; (o = config_option_get(i)); i++) {
		struct config_value least = { .set = true, .nr = o->min };
		struct config_value most = { .set = true, .nr = o->max };
		struct config_value automatic = { .set = true, .automatic = true };

		if (o->type == CONFIG_KERNEL) {
			least.nr = 1ULL << 32;
			most.nr = 9999ULL << 32 | 9999;
		} else if (o->type == CONFIG_SIZES) {
			vec_push(&least.sizes, 8);
			vec_push(&most.sizes, 8);
			vec_push(&most.sizes, 8192);
		} else if (o->type == CONFIG_TEXT) {
			least.text = xstrdup("F");
			most.text = xcalloc(1, o->max + 1);
			memset(most.text, 'Z', o->max);
		}
		check_read_back(o, &least);
		check_read_back(o, &most);
		if (o->automatic != AUTO_NONE)
			check_read_back(o, &automatic);
	}
}
END_TEST

/* Applying what the table calls the default changes nothing; any other value its field alone. */
START_TEST(values_go_to_their_field)
{
	struct machine_config machine, other;
	const struct config_option *o;

	machine_config_init(&machine, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	for (unsigned int i = 0; (o = config_option_get(i)); i++) {
		struct config_value value;
		char *field;

		config_value_default(o, &value);
		memcpy(&other, &machine, sizeof(other));
		config_value_apply(o, &value, &other);
		ck_assert_msg(!memcmp(&other, &machine, sizeof(other)), "%s", o->path);
		if (!o->has_field || o->type == CONFIG_SIZES || o->type == CONFIG_TEXT)
			continue;
		value.nr = value.automatic || value.nr != o->max ? o->max : o->min;
		value.automatic = false;
		config_value_apply(o, &value, &other);
		field = (char *)&other + o->offset;
		ck_assert_int_ne(memcmp(field, (char *)&machine + o->offset, o->width), 0);
		memcpy(field, (char *)&machine + o->offset, o->width);
		ck_assert_msg(!memcmp(&other, &machine, sizeof(other)), "%s", o->path);
	}
	machine_config_deinit(&machine);
}
END_TEST

START_TEST(units_are_the_fields)
{
	struct machine_config machine;
	struct config_value value = { 0 };
	struct error err;

	machine_config_init(&machine, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	ck_assert(config_value_parse(option("zones.dma_end"), "16M", &value, &err));
	config_value_apply(option("zones.dma_end"), &value, &machine);
	ck_assert_uint_eq(machine.dma_end, 4096); /* page frames */
	ck_assert(config_value_parse(option("percpu.unit_size"), "64K", &value, &err));
	config_value_apply(option("percpu.unit_size"), &value, &machine);
	ck_assert_uint_eq(machine.percpu_unit_size, 65536);
	ck_assert(config_value_parse(option("pcp.high"), "auto", &value, &err));
	config_value_apply(option("pcp.high"), &value, &machine);
	ck_assert_int_eq(machine.pcp_high, -1);
	ck_assert(config_value_parse(option("slab.kmalloc_classes"), "8, 1K", &value, &err));
	config_value_apply(option("slab.kmalloc_classes"), &value, &machine);
	ck_assert_uint_eq(machine.kmalloc_classes.nr, 2);
	ck_assert_uint_eq(machine.kmalloc_classes.items[1], 1024);
	ck_assert(config_value_parse(option("slab.kmalloc_classes"), "auto", &value, &err));
	config_value_apply(option("slab.kmalloc_classes"), &value, &machine);
	ck_assert_uint_eq(machine.kmalloc_classes.nr, 0);
	config_value_deinit(&value);
	machine_config_deinit(&machine);
}
END_TEST

START_TEST(spellings)
{
	static const struct {
		const char *path, *text;
		bool ok;
	} rows[] = {
		{ "slab.merge", "true", true },
		{ "slab.merge", "Off", true },
		{ "slab.merge", "YES", true },
		{ "slab.merge", "1", false },
		{ "slab.merge", "truely", false },
		{ "kernel", "6.12", true },
		{ "kernel", "6.12.117+deb12-amd64", true },
		{ "kernel", "6.12-rc1", true },
		{ "kernel", "6.12foo", false },
		{ "kernel", "6", false },
		{ "kernel", "12345.1", false },
		{ "arch", "arm64", true },
		{ "arch", "ARM64", false },
		{ "seed", "0x10", true },
		{ "seed", "10K", false },
		{ "seed", " 1", false },
		{ "machine.memory", "1GiB", true },
		{ "machine.memory", "1 G", false },
		{ "vmalloc.start", "0xffffc90000000000", true },
		{ "vmalloc.start", "0xffffc90000000001", false },
		{ "slab.kmalloc_classes", "[8, 16 ,32]", true },
		{ "slab.kmalloc_classes", "8,16,32", true },
		{ "slab.kmalloc_classes", "8", true },
		{ "slab.kmalloc_classes", "[8,16", false },
		{ "slab.kmalloc_classes", "8,16]", false },
		{ "slab.kmalloc_classes", "8,,16", false },
		{ "slab.kmalloc_classes", "8,16,", false },
		{ "slab.kmalloc_classes", "8,8", false },
		{ "slab.kmalloc_classes", "[]", false },
		{ "slab.kmalloc_classes", "[", false },
		{ "slab.kmalloc_classes", "]", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ck_assert_msg(parses(option(rows[i].path), rows[i].text) == rows[i].ok, "%s=%s",
			      rows[i].path, rows[i].text);
}
END_TEST

START_TEST(quotes_stay_short_and_plain)
{
	char text[128];

	memset(text, 'x', sizeof(text));
	text[100] = '\0';
	ck_assert_uint_eq(strlen(config_quote(text).text), 63);
	ck_assert_str_eq(config_quote("a\n\033b").text, "a??b");
	ck_assert_str_eq(config_quote("").text, "");
	/* A character of two bytes over the edge is left out whole. */
	memcpy(text + 59, "\xc3\xa4", 2);
	ck_assert_uint_eq(strlen(config_quote(text).text), 62);
	ck_assert_str_eq(config_quote(text).text + 59, "...");
	text[61] = '\0';
	ck_assert_str_eq(config_quote(text).text + 59, "...");
}
END_TEST

UNIT_MAIN("value", each_range_at_both_ends, printed_values_read_back, values_go_to_their_field,
	  units_are_the_fields, spellings, quotes_stay_short_and_plain)
