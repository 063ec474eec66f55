/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stock gives up its oldest first and follows pages that move. */
#include <config.h>

#include "kmreplay/core/rng.h"

#include "../../../src/replay/stock.h"

#include "unit/unit.h"

START_TEST(oldest_goes_first)
{
	struct stock stock;

	stock_init(&stock);
	ck_assert_uint_eq(stock_oldest(&stock, STOCK_USER, ZONE_MOVABLE), STOCK_NONE);
	stock_add(&stock, STOCK_USER, 7, 700, ZONE_NORMAL);
	stock_add(&stock, STOCK_USER, 3, 300, ZONE_NORMAL);
	stock_add(&stock, STOCK_PAGE_CACHE, 5, 500, ZONE_NORMAL);
	ck_assert_uint_eq(stock_oldest(&stock, STOCK_USER, ZONE_MOVABLE), 7);
	stock_remove(&stock, STOCK_USER, 7, 700);
	ck_assert_uint_eq(stock_oldest(&stock, STOCK_USER, ZONE_MOVABLE), 3);
	ck_assert_uint_eq(stock_oldest(&stock, STOCK_PAGE_CACHE, ZONE_MOVABLE), 5);
	stock_remove(&stock, STOCK_USER, 3, 300);
	ck_assert_uint_eq(stock_oldest(&stock, STOCK_USER, ZONE_MOVABLE), STOCK_NONE);
	stock_deinit(&stock);
}
END_TEST

START_TEST(moved_page_is_found_at_its_new_place_only)
{
	struct stock stock;

	stock_init(&stock);
	stock_add(&stock, STOCK_USER, 1, 100, ZONE_NORMAL);
	ck_assert_uint_eq(stock_move(&stock, 100, 200), 1);
	ck_assert_uint_eq(stock_move(&stock, 100, 300), STOCK_NONE);
	stock_remove(&stock, STOCK_USER, 1, 200);
	stock_deinit(&stock);
}
END_TEST

/* Against an array in order of arrival. */
START_TEST(random_arrivals_and_departures_keep_the_order)
{
	uint32_t queue[64];
	size_t nr = 0;
	struct stock stock;
	struct rng rng;

	stock_init(&stock);
	rng_init(&rng, 1);
	for (int i = 0; i < 20000; i++) {
		uint32_t slot = (uint32_t)rng_below(&rng, 64);
		size_t at = 0;

		while (at < nr && queue[at] != slot)
			at++;
		if (at == nr) {
			stock_add(&stock, STOCK_PAGE_CACHE, slot, slot * 16U, ZONE_NORMAL);
			queue[nr++] = slot;
		} else {
			stock_remove(&stock, STOCK_PAGE_CACHE, slot, slot * 16U);
			for (nr--; at < nr; at++)
				queue[at] = queue[at + 1];
		}
		ck_assert_uint_eq(stock_oldest(&stock, STOCK_PAGE_CACHE, ZONE_MOVABLE),
				  nr ? queue[0] : STOCK_NONE);
	}
	stock_deinit(&stock);
}
END_TEST

START_TEST(pages_of_zones_that_do_not_help_stay)
{
	struct stock stock;

	stock_init(&stock);
	stock_add(&stock, STOCK_USER, 1, 100, ZONE_HIGHMEM);
	stock_add(&stock, STOCK_USER, 2, 200, ZONE_NORMAL);
	stock_add(&stock, STOCK_USER, 3, 300, ZONE_DMA);
	ck_assert_uint_eq(stock_oldest(&stock, STOCK_USER, ZONE_MOVABLE), 1);
	ck_assert_uint_eq(stock_oldest(&stock, STOCK_USER, ZONE_NORMAL), 2);
	ck_assert_uint_eq(stock_oldest(&stock, STOCK_USER, ZONE_DMA), 3);
	stock_remove(&stock, STOCK_USER, 3, 300);
	ck_assert_uint_eq(stock_oldest(&stock, STOCK_USER, ZONE_DMA32), STOCK_NONE);
	stock_remove(&stock, STOCK_USER, 2, 200);
	ck_assert_uint_eq(stock_oldest(&stock, STOCK_USER, ZONE_HIGHMEM), 1);
	stock_deinit(&stock);
}
END_TEST

UNIT_MAIN("stock", oldest_goes_first, moved_page_is_found_at_its_new_place_only,
	  random_arrivals_and_departures_keep_the_order,
	  pages_of_zones_that_do_not_help_stay)
