/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Suggest: each kind of mistake, beginnings, ties, and what is too far off. */
#include <config.h>

#include "kmreplay/core/suggest.h"
#include "unit/unit.h"

static const char *name_of(unsigned int i)
{
	static const char *const names[] = { "slab.max_order", "slab.min_order", "memory", "seed" };

	return i < ARRAY_SIZE(names) ? names[i] : NULL;
}

START_TEST(nearest)
{
	static const struct {
		const char *given, *want; /* NULL: none is near */
	} rows[] = {
		{ "memory", "memory" },
		{ "mmeory", "memory" },
		{ "memry", "memory" },
		{ "memorry", "memory" },
		{ "mem", "memory" },
		{ "slab.mx_order", "slab.max_order" },
		{ "slab.mi_norder", "slab.min_order" },
		{ "sede", "seed" },
		{ "xyzzy", NULL },
		{ "s", NULL },
		{ "", NULL },
		{ "a name that is much longer than any name there is", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *got = suggest_nearest(rows[i].given, name_of);

		if (rows[i].want)
			ck_assert_str_eq(got, rows[i].want);
		else
			ck_assert_ptr_null(got);
	}
}
END_TEST

UNIT_MAIN("suggest", nearest)
