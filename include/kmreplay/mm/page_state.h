/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The state of the page allocator, shared by the parts of src/mm that work on it together (page/,
 * zone/, reclaim/) and by their tests. Everybody else goes through page.h and zone.h.
 *
 * Inside, a page is an index: its pfn minus the allocator's base_pfn, 32 bits wide. The base is a
 * multiple of the largest block, so buddies of indices are buddies of pfns.
 *
 * Metadata lies in two lazily touched maps. Only the first page of a block is described; every
 * other page is PAGE_NONE, which is what untouched memory reads as.
 *
 *	pages[index]       block of order 0..9 free, any order in a per-CPU list or in use
 *	tops[index >> 10]  free block of order 10: 12 bytes describe 4 MiB, so a large machine that
 *	                   has just been created costs next to nothing
 */
#ifndef KMREPLAY_MM_PAGE_STATE_H
#define KMREPLAY_MM_PAGE_STATE_H

#include "kmreplay/core/bits.h"
#include "kmreplay/mm/cma_state.h"
#include "kmreplay/mm/gfp_policy.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/page_failure.h"
#include "kmreplay/mm/page_follow.h"
#include "kmreplay/mm/page_watch.h"
#include "kmreplay/mm/zone.h"

/** No page. */
#define PAGE_NIL UINT32_MAX

enum {
	PCP_TYPES = 3,                 /**< MIGRATE_PCPTYPES */
	PAGE_COSTLY_ORDER = 3,         /**< PAGE_ALLOC_COSTLY_ORDER */
	PCP_THP_ORDER = 9,             /**< the one large order with per-CPU lists */
	PCP_SMALL_LISTS = PCP_TYPES * (PAGE_COSTLY_ORDER + 1),
	PCP_LISTS = PCP_SMALL_LISTS + 2,
	PCP_BATCH_SCALE_MAX = 5,
	SWAP_CLUSTER_MAX = 32,
	PAGE_MAX_CPUS = 8192,
	PAGE_MAX_NODES = 1024,
};

/** Where a block is. */
enum page_state {
	PAGE_NONE, /**< not the first page of any block, or not ours */
	PAGE_BUDDY, /**< on a free list */
	PAGE_PCP,   /**< on a per-CPU list */
	PAGE_USED,  /**< allocated */
};

/** Neighbours on a list. */
struct page_link {
	uint32_t next, prev; /**< PAGE_NIL at the ends */
};

/** What is known of the first page of a block. */
struct page {
	struct page_link link;
	uint8_t state; /**< enum page_state */
	uint8_t order; /**< log2 of the pages in the block */
	uint8_t type;  /**< BUDDY: of its list; PCP: it drains to (page->index); USED: asked for */
	uint8_t pcp_list; /**< PCP: which of the lists */
	uint16_t zone; /**< index; valid from the first use on */
	uint16_t cpu;  /**< PCP: whose list */
};
static_assert(sizeof(struct page) == 16, "page metadata budget");

/** What is known of a free block of the largest order. */
struct top_block {
	struct page_link link;
	uint16_t zone; /**< index */
	uint8_t type;  /**< of its list */
	uint8_t free; /**< this very block is on a list */
};
static_assert(sizeof(struct top_block) == 12, "top block metadata budget");

/** Blocks in the order in which they will be taken. */
struct free_list {
	uint32_t first, last; /**< PAGE_NIL: empty */
	uint32_t nr;          /**< blocks */
};

/** The free blocks of one order. */
struct free_area {
	struct free_list lists[MIGRATE_NR]; /**< by type */
	uint32_t nr_free;                   /**< blocks on all of them */
};

/** Flags of struct pcp, 6.7 on. */
enum pcp_flags {
	PCP_PREV_FREE_HIGH_ORDER = 1 << 0, /**< the last free was of order 1..3 */
	PCP_FREE_HIGH_BATCH = 1 << 1, /**< the CPU's cache slice holds more than 3 batches */
};

/** struct per_cpu_pages: one CPU's lists of one zone. */
struct pcp {
	int32_t count; /**< pages */
	int32_t high, high_min, high_max; /**< pages: the limit, and its bounds from 6.7 on */
	int32_t batch;        /**< pages moved at a time, at the least */
	int32_t free_count;   /**< 6.7 on: pages freed since allocations were rare */
	uint8_t free_factor;  /**< 6.1: doublings of what the next trim gives back */
	uint8_t alloc_factor; /**< 6.7 on: doublings of the next refill */
	uint8_t flags;        /**< enum pcp_flags */
	uint8_t expire;       /**< of another node's zone: seconds until a batch goes back */
	int8_t stat_diff, cma_diff; /**< parts of NR_FREE_PAGES, NR_FREE_CMA_PAGES not yet booked */
	struct free_list lists[PCP_LISTS];
};

/** What compaction remembers of a zone. */
struct compact_state {
	uint32_t migrate_at, free_at; /**< where the two scanners start next, PAGE_NIL: afresh */
	uint32_t considered;          /**< attempts since the last failure */
	uint8_t defer_shift;          /**< log2 of the attempts to let pass */
	uint8_t order_failed;         /**< smaller orders are not put off */
};

/** A node's memory between two limits of the architecture. */
struct zone {
	uint16_t index; /**< in page_allocator.zones */
	uint16_t node;
	enum zone_type type;
	const struct page_profile *profile;
	uint32_t start, end; /**< span, as indices */
	uint64_t managed;    /**< pages that ever were free */
	uint64_t free;       /**< in the lists of "area", but for isolated ones */
	uint64_t free_least; /**< fewest after anything was taken; UINT64_MAX: never */
	uint64_t band_low, band_high; /**< somebody wants to know when "free" leaves [low, high) */
	int64_t free_stat;   /**< the same as the global counter says: CPU deltas missing */
	uint64_t movable;    /**< pages in use with __GFP_MOVABLE */
	uint64_t used;       /**< pages in use */
	uint64_t unknown;    /**< of "used": since the start, in no block (page_start.h) */
	uint64_t present;    /**< pages of the ranges, managed or not */
	uint64_t mark[ZONE_MARK_NR]; /**< without boost */
	uint64_t boost, boost_seen; /**< pages on top of each mark; when kswapd last began */
	uint64_t reserve[ZONE_NR]; /**< lowmem_reserve */
	uint64_t reserved_highatomic; /**< pages of pageblocks set aside */
	uint64_t free_highatomic;     /**< free pages on HIGHATOMIC lists */
	struct zone_apart apart; /**< CMA areas and isolated pageblocks */
	int stat_threshold;  /**< of a CPU's stat_diff */
	bool told;           /**< marks, reserves or limits are a recording's or of its files */
	bool below_high;     /**< ZONE_BELOW_HIGH */
	bool boosted;        /**< ZONE_BOOSTED_WATERMARK: kswapd is still to be woken */
	bool reclaim_active; /**< ZONE_RECLAIM_ACTIVE */
	struct free_area area[KERNEL_NR_ORDERS];
	struct pcp *pcps; /**< one a CPU */
	struct compact_state compact;
};

/** pg_data_t: zonelists and kswapd. */
struct node {
	uint16_t *zonelist;       /**< all zones, nearest first */
	uint32_t nr_zonelist;
	uint32_t first_of[ZONE_NR]; /**< where in it requests for at most this zone begin */
	uint32_t nr_own;          /**< the first ones are its own: ZONELIST_NOFALLBACK */
	uint32_t first_zone;      /**< its own zones in page_allocator.zones begin here */
	uint32_t nr_cpus;
	uint32_t nr_online;       /**< of them */
	bool dma32_populated;     /**< requests for Normal may turn to DMA32 */
	bool kswapd_awake;
	bool kswapd_boosted;      /**< it was woken to work off a boost */
	uint8_t kswapd_order;     /**< that it is to make free */
	uint8_t kswapd_highest;   /**< enum zone_type */
	uint8_t kswapd_failures;  /**< runs in a row that freed nothing */
	uint64_t kswapd_boost;    /**< pages of boost still to be reclaimed */
	uint64_t kswapd_freed;    /**< pages since it was woken */
};

/** Memory of one zone and node: indices [start, end). */
struct page_range {
	uint32_t start, end;
	uint16_t zone; /**< index */
};

/** What the running call has done so far. */
struct page_work {
	uint32_t cost_ns, steps;
	enum mm_path path;
	bool pfmemalloc; /**< it took its block from below all marks */
};

struct page_allocator {
	const struct page_profile *profile;
	struct page_ops ops;
	void *ctx;
	struct mm_costs costs;
	uint64_t base_pfn;
	uint32_t nr_pages;  /**< span of all memory, a multiple of the largest block */
	uint32_t block_order;
	struct page *pages;
	struct top_block *tops;
	uint8_t *block_types; /**< one a pageblock */

	struct zone *zones;
	struct node *nodes;
	uint16_t *cpu_node;
	struct vec(struct page_range) ranges; /**< all memory, ascending */
	struct vec(struct cma_area) cma;
	struct page_contig_report contig; /**< of the last call for contiguous memory */
	struct vec(struct page_range) reserved; /**< frames not managed until named, ascending */
	unsigned int nr_zones, nr_nodes, nr_cpus;
	unsigned int nr_online; /**< CPUs that are up */
	bool cpu_coming;        /**< one is coming up: limits are shared with it */
	uint8_t gfp_zones[16]; /**< highest zone by the low four bits of the mask */
	enum machine_arch arch;
	bool mobility, pcp_enabled, thp;
	bool movable_highmem; /**< zone Movable was cut out of HighMem */
	int pcp_batch, pcp_high; /**< -1: auto */
	int64_t min_free_kbytes, min_free_given; /**< in force; by the configuration, -1: auto */
	unsigned int scale_factor, boost_factor;
	unsigned int reserve_ratio[ZONE_NR];
	uint64_t total;          /**< managed pages of all zones */
	/* GFP policy, as in struct machine_config. */
	bool direct_reclaim, direct_compaction, oom_kill;
	int extfrag_threshold;   /**< in thousandths */
	unsigned int obeyed;     /**< enum alloc_flags that have an effect */
	uint32_t gfp_obeyed;     /**< bits of a mask that have one */

	unsigned int cpu;        /**< that the running call is on */
	bool reclaiming;         /**< inside reclaim or compaction: PF_MEMALLOC */
	bool kswapd_pending;     /**< some node's kswapd is awake */
	uint64_t next_refresh_ns; /**< when page_tick() has something to do */
	struct page_work work;
	struct page_stats stats;
	struct page_failure_request failed; /**< the last one; if any: stats.failures */

	const struct mm_tap *tap; /**< NULL: nobody hears of calls */
	const struct page_follow *follow; /**< NULL: nobody watches decisions */
	void *follow_ctx;
	uint32_t follow_wrong[PCP_TYPES]; /**< heads of lists that it did not take last time */
	struct block_map *block_map; /**< NULL: nobody wants it kept */
	page_band_fn *band_left;     /**< NULL: nobody has set a band */
	void *band_ctx;
};

/** A request on its way through zones (struct alloc_context). */
struct page_request {
	uint32_t gfp;
	unsigned int order;
	enum migratetype type;     /**< of the lists to look at */
	enum migratetype mobility; /**< of the page: the same unless grouping is off */
	enum zone_type highest;
	unsigned int alloc_flags;
	const struct node *node;
	uint32_t nr_zones; /**< of the node's zonelist to look at */
	uint32_t preferred; /**< where in it the search begins */
	unsigned int context; /**< enum page_context */
};

#endif
