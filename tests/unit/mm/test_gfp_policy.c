/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What masks permit: zone, type, reserves, sleeping; and a machine's defaults. */
#include <config.h>

#include "kmreplay/mm/gfp_policy.h"
#include "unit/unit.h"

enum {
	HIGHUSER = GFP_BITS_KERNEL | GFP_BIT_HARDWALL | GFP_BIT_HIGHMEM,
};

START_TEST(the_highest_zone_follows_the_low_bits)
{
	const struct {
		uint32_t gfp;
		enum zone_type on_64, on_32;
	} cases[] = {
		{ 0, ZONE_NORMAL, ZONE_NORMAL },
		{ GFP_BIT_DMA, ZONE_DMA, ZONE_DMA },
		{ GFP_BIT_HIGHMEM, ZONE_NORMAL, ZONE_HIGHMEM },
		{ GFP_BIT_DMA32, ZONE_DMA32, ZONE_NORMAL },
		{ GFP_BIT_MOVABLE, ZONE_NORMAL, ZONE_NORMAL },
		{ GFP_BIT_MOVABLE | GFP_BIT_DMA, ZONE_DMA, ZONE_DMA },
		{ GFP_BIT_MOVABLE | GFP_BIT_HIGHMEM, ZONE_MOVABLE, ZONE_MOVABLE },
		{ GFP_BIT_MOVABLE | GFP_BIT_DMA32, ZONE_DMA32, ZONE_NORMAL },
		{ GFP_BIT_DMA | GFP_BIT_DMA32, ZONE_DMA, ZONE_DMA }, /* invalid: entry 0 */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		/* Other bits, whatever they are, change nothing. */
		for (unsigned int other = 4; other < 32; other++) {
			const uint32_t gfp = cases[i].gfp | 1U << other;

			ck_assert_int_eq(gfp_policy_zone(ARCH_X86_64, gfp), cases[i].on_64);
			ck_assert_int_eq(gfp_policy_zone(ARCH_X86_32, gfp), cases[i].on_32);
		}
	}
}
END_TEST

START_TEST(the_type_follows_the_mobility_bits)
{
	ck_assert_int_eq(gfp_policy_migratetype(GFP_BITS_KERNEL), MIGRATE_UNMOVABLE);
	ck_assert_int_eq(gfp_policy_migratetype(GFP_BIT_MOVABLE), MIGRATE_MOVABLE);
	ck_assert_int_eq(gfp_policy_migratetype(GFP_BIT_RECLAIMABLE), MIGRATE_RECLAIMABLE);
	ck_assert_int_eq(gfp_policy_migratetype(GFP_BIT_MOVABLE | GFP_BIT_RECLAIMABLE),
			 MIGRATE_MOVABLE);
}
END_TEST

START_TEST(the_slow_path_gives_each_class_its_reserves)
{
	const unsigned int atomic = ALLOC_MIN_RESERVE | ALLOC_KSWAPD | ALLOC_NON_BLOCK;
	const struct {
		uint32_t gfp;
		unsigned int order, flags;
	} cases[] = {
		{ GFP_BITS_KERNEL, 0, ALLOC_CPUSET | ALLOC_KSWAPD },
		{ GFP_BITS_KERNEL, 5, ALLOC_CPUSET | ALLOC_KSWAPD },
		{ GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM, 0, atomic },
		{ GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM, 1, atomic | ALLOC_HIGHATOMIC },
		{ GFP_BIT_KSWAPD_RECLAIM, 1, ALLOC_CPUSET | ALLOC_KSWAPD | ALLOC_NON_BLOCK },
		{ GFP_BIT_HIGH | GFP_BIT_NOMEMALLOC, 1, ALLOC_MIN_RESERVE },
		{ GFP_BITS_KERNEL | GFP_BIT_HIGH, 1,
		  ALLOC_CPUSET | ALLOC_KSWAPD | ALLOC_MIN_RESERVE },
		{ HIGHUSER | GFP_BIT_MOVABLE, 0, ALLOC_CPUSET | ALLOC_KSWAPD | ALLOC_CMA },
		{ 0, 0, ALLOC_CPUSET | ALLOC_NON_BLOCK },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_uint_eq(gfp_policy_alloc_flags(cases[i].gfp, cases[i].order),
				  cases[i].flags);
}
END_TEST

START_TEST(callers_may_do_what_their_mask_says)
{
	struct gfp_policy policy;

	gfp_policy_get(ARCH_X86_64, GFP_BITS_KERNEL, 0, &policy);
	ck_assert(policy.may_sleep && policy.wakes_kswapd && policy.may_io && policy.may_fs);
	ck_assert(policy.may_oom && !policy.may_compact && !policy.no_reserves);
	gfp_policy_get(ARCH_X86_64, GFP_BITS_KERNEL, 4, &policy);
	ck_assert(!policy.may_oom && policy.may_compact);
	gfp_policy_get(ARCH_X86_64, GFP_BITS_RECLAIM | GFP_BIT_IO, 1, &policy); /* NOFS */
	ck_assert(policy.may_compact && !policy.may_fs && !policy.may_oom);
	gfp_policy_get(ARCH_X86_64, GFP_BITS_RECLAIM, 1, &policy); /* NOIO */
	ck_assert(!policy.may_compact && !policy.may_io);
	gfp_policy_get(ARCH_X86_64, GFP_BITS_KERNEL | GFP_BIT_DMA32, 0, &policy);
	ck_assert(!policy.may_oom);
	gfp_policy_get(ARCH_X86_64, GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM, 1, &policy);
	ck_assert(!policy.may_sleep && !policy.may_compact && policy.wakes_kswapd);
}
END_TEST

START_TEST(a_machine_has_the_kernels_defaults)
{
	struct machine_config config;

	machine_config_init(&config, (struct kernel_version){ 6, 1 }, ARCH_X86_32);
	ck_assert_int_eq(config.arch, ARCH_X86_32);
	ck_assert_uint_eq(config.kernel.minor, 1);
	ck_assert_int_eq(config.min_free_kbytes, -1);
	ck_assert_uint_eq(config.watermark_boost_factor, 15000);
	ck_assert_uint_eq(config.pageblock_order, 9);
	ck_assert_uint_eq(config.lowmem_reserve_ratio[ZONE_DMA], 256);
	ck_assert_uint_eq(config.lowmem_reserve_ratio[ZONE_NORMAL], 32);
	ck_assert_uint_eq(config.lowmem_reserve_ratio[ZONE_HIGHMEM], 0);
	ck_assert(config.thp && config.pcp && config.mobility_grouping);
	ck_assert_uint_gt(config.costs.buddy_split, 0);
	machine_config_add_range(&config, 1, 2, 0);
	ck_assert_uint_eq(config.ranges.nr, 1);
	machine_config_deinit(&config);
	ck_assert_uint_eq(config.ranges.nr, 0);
}
END_TEST

UNIT_MAIN("gfp policy", the_highest_zone_follows_the_low_bits, the_type_follows_the_mobility_bits,
	  the_slow_path_gives_each_class_its_reserves, callers_may_do_what_their_mask_says,
	  a_machine_has_the_kernels_defaults)
