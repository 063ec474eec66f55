/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Where the page allocators of kernel releases differ: one const struct a release that was read
 * and, unless it says "unverified", checked against recordings. A release in between takes the
 * nearest one whose rules it shares; the report names which one that was.
 */
#ifndef KMREPLAY_MM_PROFILE_H
#define KMREPLAY_MM_PROFILE_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/base.h"

/** How a block of another migratetype is taken. */
enum fallback_rule {
	/** Free blocks move to the request's lists, then it retries (steal_suitable_fallback). */
	FALLBACK_STEAL_SUITABLE,
	/** First whole blocks are claimed, then single pages stolen in place (rmqueue modes). */
	FALLBACK_CLAIM_THEN_STEAL,
};

/** How the per-CPU lists size themselves. */
enum pcp_rule {
	PCP_ORDER_0,     /**< order 0 alone; high is six batches; a batch goes back, in turns */
	PCP_IN_TURNS,    /**< as FREE_FACTOR, but drains take turns among the lists */
	PCP_FREE_FACTOR, /**< fixed high, frees scale the batch; drains go list by list */
	PCP_AUTO_HIGH,   /**< high moves between high_min and high_max */
};

/** Upper bound of the pages reserved as HIGHATOMIC. */
enum highatomic_rule {
	HIGHATOMIC_ONE_PERCENT_PLUS_BLOCK, /**< managed / 100 + a block; all of them are deducted */
	HIGHATOMIC_ONE_PERCENT_ALIGNED,    /**< none on small zones; the free ones are deducted */
};

/** What lets a request below the min mark (gfp_policy_mark()). */
enum reserve_rule {
	RESERVES_MIN_RESERVE, /**< __GFP_HIGH halves; who cannot sleep as well: 0.375 of min */
	RESERVES_HARDER,      /**< until 6.2: the quarter is for __GFP_ATOMIC and real-time tasks */
};

/** The order of steps in the slow path. */
enum slowpath_rule {
	SLOWPATH_6, /**< asynchronous compaction once, ahead of the retry loop */
	SLOWPATH_7, /**< the same as the loop's first round (compact_first) */
};

struct page_profile {
	const char *name;           /**< "6.12" */
	struct kernel_version from; /**< the oldest release that takes this profile */
	bool unverified;            /**< read, but never held against a recording of it */
	enum fallback_rule fallback;
	enum pcp_rule pcp;
	enum highatomic_rule highatomic;
	enum slowpath_rule slowpath;
	enum reserve_rule reserves;
	uint32_t min_free_most;     /**< kbytes that min_free_kbytes may be by rule */
	/* Of old releases. */
	/** Neither ALLOC_NOFRAGMENT nor boosts of watermarks, which came together. */
	bool mixes_types;
	/** A block that changes lists goes to the head of its new one (list_move). */
	bool moves_to_head;
	/** Memory handed over at boot goes to the head of its list. */
	bool boots_to_head;
	/** Free pageblocks merge whatever their types, unless one is isolated. */
	bool merges_reserved;
	/** An empty per-CPU list ends the search in a zone, HIGHATOMIC is no last resort. */
	bool strict_lists;
	/** The shortcut for order 0 past a watermark does not see the HIGHATOMIC reserve. */
	bool fast_mark_sees_all;
	/* Of newer ones. */
	/** A list's type is always its pageblock's, so blocks change hands as a whole. */
	bool lists_follow_pageblocks;
	/** Frees larger than a pageblock are done pageblock by pageblock (split_large_buddy). */
	bool split_large_frees;
	/** NR_FREE_PAGES goes along with the lists (account_freepages), not once a refill. */
	bool refill_counts_pages;
	/** ZONE_BELOW_HIGH keeps per-CPU lists from growing on a zone that runs low. */
	bool below_high;
	/** Only a request that may wake kswapd clears ZONE_BOOSTED_WATERMARK. */
	bool boost_wakes_own_kswapd;
	/** The unboosted retry of order 0 asks for __GFP_HIGH, not for __GFP_ATOMIC. */
	bool unboosted_retry_by_reserve;
	/** Order 1..3 frees in a row flush only beyond batch + high_min / 2. */
	bool free_high_over_half_min;
	/** Trimming a per-CPU list drops its lock every batch, each step from the freed list. */
	bool trim_in_batches;
	/** Neighbours freed together go back in the blocks that they make (free_pages_bulk). */
	bool frees_in_runs;
	/** HIGHATOMIC requests never refill a per-CPU list, and only buddy pages reserve blocks. */
	bool highatomic_only_from_buddy;
	/** With several nodes, a zone whose kswapd is awake is passed over at first. */
	bool skip_awake_kswapd;
	/** Movable requests that may not use CMA areas pass the per-CPU lists by. */
	bool pcp_needs_cma;
	/** A CMA area knows how much of it is left, and refuses more at once. */
	bool cma_counts_available;
	/** lowmem_reserve follows whenever a zone gets more memory to manage. */
	bool reserves_follow_managed;
	/** Zone Movable has its own watermark and no share of min_free_kbytes. */
	bool movable_own_watermark;
	/** HighMem is handed over page by page at boot, so its lists are descending. */
	bool highmem_one_by_one;
	/**
	 * No kernel does these: freed blocks go to the other end of their buddy list, and freed
	 * pages to the other end of their per-CPU list. Tests break a rule so, to see it noticed.
	 */
	bool buddy_other_end, pcp_other_end;
	/** Large folios below the wanted order are moved by compaction, too. */
	bool compact_moves_folios;
};

/** The profile that release "version" takes; the newest one when the version is unknown (0.0). */
const struct page_profile *page_profile_for(struct kernel_version version);
/** The profiles, oldest first; NULL beyond the last. */
const struct page_profile *page_profile_at(size_t index);

#endif
