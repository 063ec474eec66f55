/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Call sites: what each written form says, and which are the same site. */
#include <config.h>

#include "unit/unit.h"

#include "kmreplay/core/str.h"
#include "kmreplay/event/names.h"

#include <string.h>

static uint32_t add(struct event_names *names, const char *text)
{
	return event_site_add(names, text, strlen(text));
}

START_TEST(each_form_says_what_it_can)
{
	static const struct {
		const char *text;
		const char *symbol, *module;
		uint64_t offset;
		uint32_t size;
		const char *brief;
	} forms[] = {
		{ "func+0x1a/0x60", "func", "", 0x1a, 0x60, "func+0x1a" },
		{ "func+0x1a/0x60 [mod]", "func", "mod", 0x1a, 0x60, "func+0x1a" },
		{ "func+0x1a", "func", "", 0x1a, 0, "func+0x1a" },
		{ "func", "func", "", 0, 0, "func+0x0" },
		{ "a.part.0+0x26/0x1c0", "a.part.0", "", 0x26, 0x1c0, "a.part.0+0x26" },
		{ "0xffffffff81234567", "", "", 0xffffffff81234567, 0, "0xffffffff81234567" },
		{ "ffffffff81234567", "", "", 0xffffffff81234567, 0, "0xffffffff81234567" },
		{ "c0123456", "", "", 0xc0123456, 0, "0xc0123456" },
		{ "0", "", "", 0, 0, "0x0" },
		{ "add", "add", "", 0, 0, "add+0x0" },       /* a symbol of hex digits */
		{ "dead+0xbeef", "dead", "", 0xbeef, 0, "dead+0xbeef" },
		{ "x+0xzz", "x+0xzz", "", 0, 0, "x+0xzz+0x0" },
		{ "x+", "x+", "", 0, 0, "x++0x0" },
	};
	struct event_names names;
	struct str out;

	event_names_init(&names);
	str_init(&out);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		uint32_t id = add(&names, forms[i].text);
		const struct event_site *site = &names.sites.items[id];

		ck_assert_uint_eq(id, i + 1);
		ck_assert_uint_eq(add(&names, forms[i].text), id);
		ck_assert_str_eq(intern_text(&names.texts, site->symbol), forms[i].symbol);
		ck_assert_str_eq(intern_text(&names.texts, site->module), forms[i].module);
		ck_assert_uint_eq(site->offset, forms[i].offset);
		ck_assert_uint_eq(site->size, forms[i].size);
		str_reset(&out);
		event_site_print(&names, id, false, &out);
		ck_assert_str_eq(str_text(&out), forms[i].brief);
		str_reset(&out);
		event_site_print(&names, id, true, &out);
		ck_assert_str_eq(str_text(&out), forms[i].text);
	}
	ck_assert_uint_eq(add(&names, ""), 0);
	str_deinit(&out);
	event_names_deinit(&names);
}
END_TEST

START_TEST(same_place_has_one_canon)
{
	struct event_names names;
	uint32_t full, brief, module, other, address, bare;

	event_names_init(&names);
	full = add(&names, "func+0x1a/0x60");
	brief = add(&names, "func+0x1a");
	module = add(&names, "func+0x1a/0x60 [mod]");
	other = add(&names, "func+0x1b/0x60");
	address = add(&names, "0xffffffff81234567");
	bare = add(&names, "ffffffff81234567");
	ck_assert_uint_eq(names.sites.items[full].canon, full);
	ck_assert_uint_eq(names.sites.items[brief].canon, full);
	ck_assert_uint_eq(names.sites.items[module].canon, full);
	ck_assert_uint_eq(names.sites.items[other].canon, other);
	ck_assert_uint_eq(names.sites.items[address].canon, address);
	ck_assert_uint_eq(names.sites.items[bare].canon, address);
	/* numbers that no kernel has must not meet others */
	add(&names, "0x0000000100000000");
	add(&names, "0xffffffffffffffff");
	add(&names, "func+0x100000000");
	for (uint32_t id = bare + 1; id < names.sites.nr; id++)
		ck_assert_uint_eq(names.sites.items[id].canon, id);
	event_names_deinit(&names);
}
END_TEST

UNIT_MAIN("names", each_form_says_what_it_can, same_place_has_one_canon)
