/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of paths and failures, and the order of the default costs. */
#include <config.h>

#include "kmreplay/mm/outcome.h"

#include "unit/unit.h"

#include <string.h>

START_TEST(every_path_and_failure_has_its_own_name)
{
	for (int i = 0; i < MM_PATH_NR; i++) {
		ck_assert_ptr_nonnull(mm_path_name((enum mm_path)i));
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(mm_path_name((enum mm_path)i),
					 mm_path_name((enum mm_path)j));
	}
	for (int i = 0; i < MM_FAIL_NR; i++) {
		ck_assert_ptr_nonnull(mm_failure_name((enum mm_failure)i));
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(mm_failure_name((enum mm_failure)i),
					 mm_failure_name((enum mm_failure)j));
	}
	ck_assert_str_eq(mm_path_name(MM_PATH_NR), "?");
	ck_assert_str_eq(mm_failure_name(MM_FAIL_NR), "?");
	ck_assert_str_eq(mm_path_name(MM_PATH_PCP_REFILL), "pcp refill");
	ck_assert_str_eq(mm_failure_name(MM_FAIL_NO_BLOCK), "fragmentation");
}
END_TEST

START_TEST(costs_grow_along_the_paths)
{
	struct mm_costs c;
	const uint32_t *fields = (const uint32_t *)&c;

	mm_costs_init(&c);
	for (size_t i = 0; i < sizeof(c) / sizeof(*fields); i++)
		ck_assert_uint_gt(fields[i], 0);
	ck_assert_uint_lt(c.slab_fast, c.slab_refill);
	ck_assert_uint_lt(c.slab_refill, c.slab_cpu_partial);
	ck_assert_uint_lt(c.slab_cpu_partial, c.slab_node_partial);
	ck_assert_uint_lt(c.slab_node_partial, c.slab_new);
	ck_assert_uint_lt(c.pcp, c.zone_lock);
	ck_assert_uint_lt(c.watermark_slow, c.reclaim_page);
	ck_assert_uint_lt(c.vmap_pool, c.tlb_flush);
	ck_assert_uint_lt(c.percpu_search, c.percpu_create);
}
END_TEST

UNIT_MAIN("outcome", every_path_and_failure_has_its_own_name, costs_grow_along_the_paths)
