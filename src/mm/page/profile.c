/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of each release that was read, oldest first. What separates two profiles came with
 * these releases:
 *
 *	5.0   requests keep types apart (ALLOC_NOFRAGMENT), watermarks are boosted
 *	5.8   min_free_kbytes may grow to 256 MiB
 *	5.9   the shortcut past a watermark minds the HIGHATOMIC reserve
 *	5.10  memory handed over at boot, and what changes lists, goes to the tail
 *	5.14  per-CPU lists for orders 1..3 and 9, sized by the low watermark
 *	5.18  drains begin at the freed list; reserved pageblocks do not merge with others
 *	6.7   per-CPU lists size themselves
 *	6.10  free lists follow their pageblock, claiming and stealing (and the modes of one refill
 *	      later, but backported)
 *	6.18  the slow path compacts in its loop, the bar for flushing is higher: seen, read in 7.2
 *	7.2   frees in runs; 6.18 is seen to do without
 *
 * A release takes the newest profile that is not newer than the release's own rules: 5.4 those of
 * 5.10 (it differs in 5.8 to 5.10 above), 5.17 those of 5.15, 6.6 those of 6.1. 4.19, 5.10 and 5.15
 * were read, no recording of them was at hand. Anything before 4.19 takes that.
 */
#include <config.h>

#include "kmreplay/mm/profile.h"

#define RULES_BEFORE_6_7                                                                      \
	.fallback = FALLBACK_STEAL_SUITABLE,                                                  \
	.highatomic = HIGHATOMIC_ONE_PERCENT_PLUS_BLOCK,                                      \
	.slowpath = SLOWPATH_6,                                                               \
	.pcp_needs_cma = true,                                                                \
	.highmem_one_by_one = true

/* Of what kernels before 5.18 did. */
#define RULES_BEFORE_5_18                                                                     \
	RULES_BEFORE_6_7,                                                                     \
	.unverified = true,                                                                   \
	.reserves = RESERVES_HARDER,                                                          \
	.merges_reserved = true,                                                              \
	.strict_lists = true

#define RULES_SINCE_6_7                                                                       \
	.fallback = FALLBACK_CLAIM_THEN_STEAL,                                                \
	.pcp = PCP_AUTO_HIGH,                                                                 \
	.highatomic = HIGHATOMIC_ONE_PERCENT_ALIGNED,                                         \
	.min_free_most = 262144,                                                              \
	.lists_follow_pageblocks = true,                                                      \
	.split_large_frees = true,                                                            \
	.refill_counts_pages = true,                                                          \
	.below_high = true,                                                                   \
	.boost_wakes_own_kswapd = true,                                                       \
	.unboosted_retry_by_reserve = true,                                                   \
	.movable_own_watermark = true,                                                        \
	.compact_moves_folios = true

#define RULES_SINCE_6_18                                                                      \
	RULES_SINCE_6_7,                                                                      \
	.slowpath = SLOWPATH_7,                                                               \
	.free_high_over_half_min = true,                                                      \
	.trim_in_batches = true,                                                              \
	.highatomic_only_from_buddy = true,                                                   \
	.skip_awake_kswapd = true

static const struct page_profile profiles[] = {
	{
		RULES_BEFORE_5_18,
		.name = "4.19",
		.from = { 0, 0 },
		.pcp = PCP_ORDER_0,
		.min_free_most = 65536,
		.mixes_types = true,
		.moves_to_head = true,
		.boots_to_head = true,
		.fast_mark_sees_all = true,
	},
	{
		RULES_BEFORE_5_18,
		.name = "5.10",
		.from = { 5, 0 },
		.pcp = PCP_ORDER_0,
		.min_free_most = 262144,
	},
	{
		RULES_BEFORE_5_18,
		.name = "5.15",
		.from = { 5, 14 },
		.pcp = PCP_IN_TURNS,
		.min_free_most = 262144,
	},
	{
		RULES_BEFORE_6_7,
		.name = "6.1",
		.from = { 5, 18 },
		.pcp = PCP_FREE_FACTOR,
		.min_free_most = 262144,
	},
	{
		RULES_SINCE_6_7,
		.name = "6.12",
		.from = { 6, 7 },
		.slowpath = SLOWPATH_6,
		.highmem_one_by_one = true,
	},
	{
		RULES_SINCE_6_18,
		.name = "6.18",
		.from = { 6, 18 },
	},
	{
		RULES_SINCE_6_18,
		.name = "7.2",
		.from = { 7, 0 },
		.frees_in_runs = true,
		.cma_counts_available = true,
		.reserves_follow_managed = true,
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
