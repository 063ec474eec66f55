/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sorting rows: against insertion of each row by hand, ties included. */
#include <config.h>

#include "kmreplay/stats/topk.h"

#include "kmreplay/core/rng.h"

#include "unit/unit.h"

enum { NR_ROWS = 500, NR_COLUMNS = 3 };

struct table {
	uint64_t values[NR_ROWS][NR_COLUMNS];
};

static uint64_t value(const void *rows, uint32_t row, unsigned int column)
{
	const struct table *table = rows;

	return table->values[row][column];
}

/* Row "a" has to come before row "b". */
static bool before(const struct table *table, const struct topk_key *keys, size_t nr_keys,
		   uint32_t a, uint32_t b)
{
	for (size_t i = 0; i < nr_keys; i++) {
		uint64_t x = table->values[a][keys[i].column];
		uint64_t y = table->values[b][keys[i].column];

		if (x != y)
			return keys[i].ascending ? x < y : x > y;
	}
	return a < b;
}

START_TEST(any_keys_in_any_direction)
{
	struct table table;
	struct topk_table view = { &table, value, NR_ROWS };
	struct rng rng;

	rng_init(&rng, 21);
	for (int round = 0; round < 40; round++) {
		struct topk_key keys[NR_COLUMNS];
		uint32_t order[NR_ROWS];
		bool seen[NR_ROWS] = { false };
		size_t nr_keys = rng_below(&rng, NR_COLUMNS + 1);

		for (uint32_t i = 0; i < NR_ROWS; i++) {
			for (unsigned int c = 0; c < NR_COLUMNS; c++)
				table.values[i][c] =
					rng_below(&rng, 10) ? rng_below(&rng, 5) : UINT64_MAX;
		}
		for (size_t i = 0; i < nr_keys; i++)
			keys[i] = (struct topk_key){ (unsigned int)rng_below(&rng, NR_COLUMNS),
						     rng_below(&rng, 2) };
		topk_sort(&view, keys, nr_keys, order);
		for (uint32_t i = 0; i < NR_ROWS; i++) {
			ck_assert_uint_lt(order[i], NR_ROWS);
			ck_assert(!seen[order[i]]);
			seen[order[i]] = true;
			ck_assert(!i || before(&table, keys, nr_keys, order[i - 1], order[i]));
		}
	}
}
END_TEST

START_TEST(an_empty_table_is_sorted)
{
	struct topk_table view = { NULL, value, 0 };
	struct topk_key key = { 0, false };

	topk_sort(&view, &key, 1, NULL);
}
END_TEST

UNIT_MAIN("topk", any_keys_in_any_direction, an_empty_table_is_sorted)
