/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of each release that was read. What separates two profiles came with these releases:
 * per-CPU lists that size themselves with 6.7; free lists that follow their pageblock, claiming
 * and stealing with 6.10 (and the modes of one refill later, but backported); the slow path that
 * compacts in its loop, and the higher bar for flushing, were seen in 6.18 and read in 7.2; frees
 * in runs were read in 7.2, and 6.18 is seen to do without.
 */
#include <config.h>

#include "kmreplay/mm/profile.h"

static const struct page_profile profiles[] = {
	{
		.name = "6.1",
		.from = { 0, 0 },
		.fallback = FALLBACK_STEAL_SUITABLE,
		.pcp = PCP_FREE_FACTOR,
		.highatomic = HIGHATOMIC_ONE_PERCENT_PLUS_BLOCK,
		.slowpath = SLOWPATH_6,
		.highmem_one_by_one = true,
	},
	{
		.name = "6.12",
		.from = { 6, 7 },
		.fallback = FALLBACK_CLAIM_THEN_STEAL,
		.pcp = PCP_AUTO_HIGH,
		.highatomic = HIGHATOMIC_ONE_PERCENT_ALIGNED,
		.slowpath = SLOWPATH_6,
		.lists_follow_pageblocks = true,
		.split_large_frees = true,
		.refill_counts_pages = true,
		.below_high = true,
		.boost_wakes_own_kswapd = true,
		.unboosted_retry_by_reserve = true,
		.movable_own_watermark = true,
		.highmem_one_by_one = true,
		.compact_moves_folios = true,
	},
	{
		.name = "6.18",
		.from = { 6, 18 },
		.fallback = FALLBACK_CLAIM_THEN_STEAL,
		.pcp = PCP_AUTO_HIGH,
		.highatomic = HIGHATOMIC_ONE_PERCENT_ALIGNED,
		.slowpath = SLOWPATH_7,
		.lists_follow_pageblocks = true,
		.split_large_frees = true,
		.refill_counts_pages = true,
		.below_high = true,
		.boost_wakes_own_kswapd = true,
		.unboosted_retry_by_reserve = true,
		.free_high_over_half_min = true,
		.trim_in_batches = true,
		.highatomic_only_from_buddy = true,
		.skip_awake_kswapd = true,
		.movable_own_watermark = true,
		.compact_moves_folios = true,
	},
	{
		.name = "7.2",
		.from = { 7, 0 },
		.fallback = FALLBACK_CLAIM_THEN_STEAL,
		.pcp = PCP_AUTO_HIGH,
		.highatomic = HIGHATOMIC_ONE_PERCENT_ALIGNED,
		.slowpath = SLOWPATH_7,
		.lists_follow_pageblocks = true,
		.split_large_frees = true,
		.refill_counts_pages = true,
		.below_high = true,
		.boost_wakes_own_kswapd = true,
		.unboosted_retry_by_reserve = true,
		.free_high_over_half_min = true,
		.trim_in_batches = true,
		.frees_in_runs = true,
		.highatomic_only_from_buddy = true,
		.skip_awake_kswapd = true,
		.movable_own_watermark = true,
		.compact_moves_folios = true,
	},
};

const struct page_profile *page_profile_for(struct kernel_version version)
{
	size_t i = ARRAY_SIZE(profiles) - 1;

	if (!version.major)
		return &profiles[i];
	while (i > 0 && kernel_version_cmp(version, profiles[i].from) < 0)
		i--;
	return &profiles[i];
}

const struct page_profile *page_profile_at(size_t index)
{
	return index < ARRAY_SIZE(profiles) ? &profiles[index] : NULL;
}
