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

	gfp_policy_get(ARCH_X86_64, GFP_BITS_KERNEL, 0, 0, &policy);
	ck_assert(policy.may_sleep && policy.wakes_kswapd && policy.may_io && policy.may_fs);
	ck_assert(policy.may_oom && !policy.may_compact && !policy.no_reserves);
	gfp_policy_get(ARCH_X86_64, GFP_BITS_KERNEL, 4, 0, &policy);
	ck_assert(!policy.may_oom && policy.may_compact);
	gfp_policy_get(ARCH_X86_64, GFP_BITS_RECLAIM | GFP_BIT_IO, 1, 0, &policy); /* NOFS */
	ck_assert(policy.may_compact && !policy.may_fs && !policy.may_oom);
	gfp_policy_get(ARCH_X86_64, GFP_BITS_RECLAIM, 1, 0, &policy); /* NOIO */
	ck_assert(!policy.may_compact && !policy.may_io);
	gfp_policy_get(ARCH_X86_64, GFP_BITS_KERNEL | GFP_BIT_DMA32, 0, 0, &policy);
	ck_assert(!policy.may_oom);
	gfp_policy_get(ARCH_X86_64, GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM, 1, 0, &policy);
	ck_assert(!policy.may_sleep && !policy.may_compact && policy.wakes_kswapd);
}
END_TEST

/* A mark of 1000 pages for all whom the two rules treat differently. */
START_TEST(reserves_are_as_deep_as_the_rule_says)
{
	static const struct page_profile rules[] = {
		[RESERVES_MIN_RESERVE] = { .reserves = RESERVES_MIN_RESERVE },
		[RESERVES_HARDER] = { .reserves = RESERVES_HARDER },
	};
	enum {
		ATOMIC = GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM,
		OLD_ATOMIC = ATOMIC | GFP_BIT_ATOMIC,
	};
	static const struct {
		uint32_t gfp;
		unsigned int context;
		int64_t mark[2];
		bool highatomic[2];
	} cases[] = {
		{ GFP_BITS_KERNEL, 0, { 1000, 1000 }, { false, false } },
		{ OLD_ATOMIC, 0, { 375, 375 }, { true, true } },
		{ ATOMIC, 0, { 375, 500 }, { true, false } },
		{ GFP_BIT_KSWAPD_RECLAIM, 0, { 1000, 1000 }, { true, false } },
		{ GFP_BITS_KERNEL | GFP_BIT_HIGH, 0, { 500, 500 }, { true, false } },
		{ OLD_ATOMIC | GFP_BIT_NOMEMALLOC, 0, { 500, 500 }, { true, false } },
		{ GFP_BITS_KERNEL, PAGE_CTX_REALTIME, { 500, 750 }, { true, true } },
		{ GFP_BITS_KERNEL, PAGE_CTX_REALTIME | PAGE_CTX_IRQ, { 1000, 1000 },
		  { false, false } },
		{ GFP_BITS_KERNEL, PAGE_CTX_VICTIM, { 500, 500 }, { true, true } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t rule = 0; rule < ARRAY_SIZE(rules); rule++) {
			const unsigned int flags = gfp_policy_retry_flags(
				&rules[rule], cases[i].gfp, 1, cases[i].context);

			ck_assert_msg(gfp_policy_mark(&rules[rule], flags, 1000) ==
				      cases[i].mark[rule], "case %zu, rule %zu", i, rule);
			ck_assert_msg(gfp_policy_counts_highatomic(&rules[rule], flags) ==
				      cases[i].highatomic[rule], "case %zu, rule %zu", i, rule);
		}
	}
}
END_TEST

START_TEST(no_watermarks_hold_inside_reclaim)
{
	const struct page_profile *profile = page_profile_at(0);
	static const struct {
		uint32_t gfp;
		unsigned int context;
		bool none;
	} cases[] = {
		{ GFP_BITS_KERNEL | GFP_BIT_MEMALLOC, 0, true },
		{ GFP_BITS_KERNEL | GFP_BIT_MEMALLOC | GFP_BIT_NOMEMALLOC, 0, false },
		{ GFP_BITS_KERNEL, PAGE_CTX_MEMALLOC, true },
		{ GFP_BITS_KERNEL, PAGE_CTX_MEMALLOC | PAGE_CTX_IRQ, false },
		{ GFP_BITS_KERNEL, PAGE_CTX_MEMALLOC | PAGE_CTX_IRQ | PAGE_CTX_SOFTIRQ, true },
		{ GFP_BITS_KERNEL | GFP_BIT_NOMEMALLOC, PAGE_CTX_MEMALLOC, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const unsigned int flags =
			gfp_policy_retry_flags(profile, cases[i].gfp, 0, cases[i].context);

		ck_assert_msg(!(flags & ALLOC_NO_WATERMARKS) == !cases[i].none, "case %zu", i);
		ck_assert(flags & ALLOC_KSWAPD);
	}
}
END_TEST

START_TEST(scopes_take_away)
{
	const uint32_t all = GFP_BITS_KERNEL | GFP_BIT_MOVABLE | GFP_BIT_HIGHMEM;

	ck_assert_uint_eq(gfp_apply_scopes(all, 0), all);
	ck_assert_uint_eq(gfp_apply_scopes(all, PAGE_CTX_NOFS), all & ~(uint32_t)GFP_BIT_FS);
	ck_assert_uint_eq(gfp_apply_scopes(all, PAGE_CTX_NOIO | PAGE_CTX_NOFS),
			  all & ~(uint32_t)(GFP_BIT_FS | GFP_BIT_IO));
	ck_assert_uint_eq(gfp_apply_scopes(all, PAGE_CTX_PIN), all & ~(uint32_t)GFP_BIT_MOVABLE);
	ck_assert_uint_eq(gfp_apply_scopes(all, PAGE_CTX_MEMALLOC | PAGE_CTX_IRQ), all);
}
END_TEST

START_TEST(patience_ends_as_the_slow_path_does)
{
	const uint32_t nofs = GFP_BITS_RECLAIM | GFP_BIT_IO;
	const struct {
		uint32_t gfp;
		unsigned int order, context;
		enum gfp_patience patience;
	} cases[] = {
		{ GFP_BITS_KERNEL, 3, 0, GFP_PATIENCE_OOM },
		{ GFP_BITS_KERNEL, 4, 0, GFP_PATIENCE_ONE_ROUND },
		{ GFP_BITS_KERNEL | GFP_BIT_RETRY_MAYFAIL, 0, 0, GFP_PATIENCE_PROGRESS },
		{ GFP_BITS_KERNEL | GFP_BIT_RETRY_MAYFAIL, 5, 0, GFP_PATIENCE_PROGRESS },
		{ GFP_BITS_RECLAIM | GFP_BIT_RETRY_MAYFAIL, 5, 0, GFP_PATIENCE_ONE_ROUND },
		{ GFP_BITS_KERNEL | GFP_BIT_NORETRY, 0, 0, GFP_PATIENCE_ONE_ROUND },
		{ GFP_BITS_KERNEL | GFP_BIT_NOFAIL, 9, 0, GFP_PATIENCE_EVER },
		{ nofs, 0, 0, GFP_PATIENCE_EVER },
		{ nofs | GFP_BIT_THISNODE, 0, 0, GFP_PATIENCE_PROGRESS },
		{ GFP_BITS_KERNEL | GFP_BIT_DMA, 0, 0, GFP_PATIENCE_PROGRESS },
		{ GFP_BITS_KERNEL, 0, PAGE_CTX_MEMALLOC, GFP_PATIENCE_NONE },
		{ GFP_BIT_HIGH | GFP_BIT_NOFAIL, 0, 0, GFP_PATIENCE_NONE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct gfp_policy policy;

		gfp_policy_get(ARCH_X86_64, cases[i].gfp, cases[i].order, cases[i].context,
			       &policy);
		ck_assert_msg(policy.patience == cases[i].patience, "case %zu: %s", i,
			      gfp_patience_name(policy.patience));
	}
}
END_TEST

START_TEST(contradictions_are_complained_of)
{
#define C(suffix) (1U << GFP_COMPLAINT_##suffix)
	const struct {
		uint32_t gfp;
		unsigned int order, context;
		uint32_t complaints;
	} cases[] = {
		{ GFP_BITS_KERNEL, 10, 0, 0 },
		{ GFP_BITS_KERNEL, 11, 0, C(ORDER) },
		{ HIGHUSER | GFP_BIT_MOVABLE, 0, 0, C(SLAB) },
		{ GFP_BIT_DMA | GFP_BIT_HIGHMEM, 0, 0, C(ZONES) | C(SLAB) },
		{ GFP_BIT_DMA | GFP_BIT_DMA32, 0, 0, C(ZONES) | C(SLAB) },
		{ GFP_BIT_DMA, 0, 0, 0 },
		{ GFP_BIT_MOVABLE | GFP_BIT_RECLAIMABLE, 0, 0, C(MOBILITY) },
		{ GFP_BIT_NOFAIL, 0, 0, C(NOFAIL_ATOMIC) },
		{ GFP_BITS_KERNEL | GFP_BIT_NOFAIL, 1, 0, 0 },
		{ GFP_BITS_KERNEL | GFP_BIT_NOFAIL, 2, PAGE_CTX_MEMALLOC,
		  C(NOFAIL_ORDER) | C(NOFAIL_MEMALLOC) },
		{ GFP_BITS_KERNEL | GFP_BIT_NOFAIL | GFP_BIT_THISNODE, 0, 0, C(NOFAIL_THISNODE) },
		{ GFP_BITS_KERNEL | GFP_BIT_ATOMIC, 0, 0, C(ATOMIC_SLEEPS) },
		{ GFP_BIT_ATOMIC | GFP_BIT_HIGH, 0, 0, 0 },
		{ GFP_BITS_KERNEL, 0, PAGE_CTX_IRQ, C(SLEEPS_IN_IRQ) },
		{ GFP_BIT_HIGH, 0, PAGE_CTX_IRQ, 0 },
		{ GFP_BIT_MEMALLOC | GFP_BIT_NOMEMALLOC, 0, 0, C(NO_MEMALLOC) },
		{ GFP_BITS_KERNEL | GFP_BIT_NORETRY | GFP_BIT_RETRY_MAYFAIL, 0, 0, C(RETRIES) },
		{ GFP_BIT_UNKNOWN, 0, 0, C(SLAB) },
	};
	uint32_t seen = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const uint32_t found = gfp_policy_complaints(cases[i].gfp, cases[i].order,
							     cases[i].context);

		ck_assert_msg(found == cases[i].complaints, "case %zu: %#x", i, found);
		seen |= found;
	}
	ck_assert_uint_eq(seen, (1U << GFP_COMPLAINT_NR) - 1);
#undef C
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
	  reserves_are_as_deep_as_the_rule_says, no_watermarks_hold_inside_reclaim,
	  scopes_take_away,
	  patience_ends_as_the_slow_path_does, contradictions_are_complained_of,
	  a_machine_has_the_kernels_defaults)
