/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The state of the page allocator, for the rooms that work on it together: page/, zone/ and
 * reclaim/. Nobody outside src/mm/ sees it.
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
#ifndef KMREPLAY_MM_PAGE_INTERNAL_H
#define KMREPLAY_MM_PAGE_INTERNAL_H

#include "kmreplay/core/bits.h"
#include "kmreplay/mm/gfp_policy.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/zone.h"

#define PAGE_NIL UINT32_MAX

enum {
	PCP_TYPES = 3,                 /* MIGRATE_PCPTYPES */
	PAGE_COSTLY_ORDER = 3,         /* PAGE_ALLOC_COSTLY_ORDER */
	PCP_THP_ORDER = 9,             /* the one large order with per-CPU lists */
	PCP_SMALL_LISTS = PCP_TYPES * (PAGE_COSTLY_ORDER + 1),
	PCP_LISTS = PCP_SMALL_LISTS + 2,
	PCP_BATCH_SCALE_MAX = 5,
	SWAP_CLUSTER_MAX = 32,
	PAGE_MAX_CPUS = 8192,
	PAGE_MAX_NODES = 1024,
};

enum page_state {
	PAGE_NONE, /* not the first page of any block, or not ours */
	PAGE_BUDDY,
	PAGE_PCP,
	PAGE_USED,
};

struct page_link {
	uint32_t next, prev;
};

/* What is known of the first page of a block. */
struct page {
	struct page_link link;
	uint8_t state; /* enum page_state */
	uint8_t order;
	uint8_t type;  /* BUDDY: its list; PCP: the type it drains to (page->index); USED: asked for */
	uint8_t pcp_list;
	uint16_t zone;
	uint16_t cpu;  /* PCP: whose list */
};
static_assert(sizeof(struct page) == 16, "page metadata budget");

struct top_block {
	struct page_link link;
	uint16_t zone;
	uint8_t type;
	uint8_t free; /* this very block is on a list */
};
static_assert(sizeof(struct top_block) == 12, "top block metadata budget");

struct free_list {
	uint32_t first, last; /* PAGE_NIL: empty */
	uint32_t nr;
};

struct free_area {
	struct free_list lists[MIGRATE_NR];
	uint32_t nr_free;
};

enum pcp_flags {
	PCP_PREV_FREE_HIGH_ORDER = 1 << 0,
	PCP_FREE_HIGH_BATCH = 1 << 1, /* the CPU's cache slice holds more than 3 batches */
};

/* struct per_cpu_pages: one CPU's lists of one zone. */
struct pcp {
	int32_t count; /* pages */
	int32_t high, high_min, high_max;
	int32_t batch;
	int32_t free_count;   /* 6.12 on */
	uint8_t free_factor;  /* 6.1 */
	uint8_t alloc_factor; /* 6.12 on */
	uint8_t flags;        /* enum pcp_flags */
	int8_t stat_diff;     /* this CPU's part of NR_FREE_PAGES, not yet booked */
	struct free_list lists[PCP_LISTS];
};

/* What compaction remembers of a zone. */
struct compact_state {
	uint32_t migrate_at, free_at; /* where the two scanners start next, PAGE_NIL: afresh */
	uint32_t considered;          /* attempts since the last failure */
	uint8_t defer_shift;
	uint8_t order_failed;         /* smaller orders are not put off */
};

struct zone {
	uint16_t index; /* in page_allocator.zones */
	uint16_t node;
	enum zone_type type;
	uint32_t start, end; /* span, as indices */
	uint64_t managed;
	uint64_t free;       /* in the lists of "area" */
	int64_t free_stat;   /* the same as the global counter says: CPU deltas missing */
	uint64_t movable;    /* pages in use with __GFP_MOVABLE */
	uint64_t used;       /* pages in use */
	uint64_t mark[ZONE_MARK_NR];
	uint64_t boost;
	uint64_t reserve[ZONE_NR]; /* lowmem_reserve */
	uint64_t reserved_highatomic, free_highatomic;
	int stat_threshold;
	bool below_high, boosted, reclaim_active;
	struct free_area area[KERNEL_NR_ORDERS];
	struct pcp *pcps; /* one a CPU */
	struct compact_state compact;
};

/* pg_data_t: zonelists and kswapd. */
struct node {
	uint16_t *zonelist;       /* all zones, nearest first */
	uint32_t nr_zonelist;
	uint32_t nr_own;          /* the first ones are its own: ZONELIST_NOFALLBACK */
	uint32_t nr_cpus;
	bool dma32_populated;
	bool kswapd_awake;
	bool kswapd_boosted;      /* it was woken to work off a boost */
	uint8_t kswapd_order;
	uint8_t kswapd_highest;   /* enum zone_type */
	uint8_t kswapd_failures;
	uint64_t kswapd_boost;    /* pages of boost still to be reclaimed */
	uint64_t kswapd_freed;    /* pages since it was woken */
};

/* What the running call has done so far. */
struct page_work {
	uint32_t cost_ns;
	uint32_t steps;
	enum mm_path path;
};

struct page_allocator {
	const struct page_profile *profile;
	struct page_ops ops;
	void *ctx;
	struct mm_costs costs;

	uint64_t base_pfn;
	uint32_t nr_pages;  /* span of all memory, a multiple of the largest block */
	uint32_t block_order;
	struct page *pages;
	struct top_block *tops;
	uint8_t *block_types; /* one a pageblock */

	struct zone *zones;
	struct node *nodes;
	uint16_t *cpu_node;
	unsigned int nr_zones, nr_nodes, nr_cpus;
	uint8_t gfp_zones[16]; /* highest zone by the low four bits of the mask */
	enum machine_arch arch;
	bool mobility, pcp_enabled, thp;
	int pcp_batch, pcp_high; /* -1: auto */
	int64_t min_free_kbytes; /* in force */
	unsigned int scale_factor, boost_factor;
	unsigned int reserve_ratio[ZONE_NR];
	uint64_t total;          /* managed pages of all zones */

	unsigned int cpu;        /* that the running call is on */
	bool reclaiming;         /* inside reclaim or compaction: PF_MEMALLOC */
	bool kswapd_pending;     /* some node's kswapd is awake */
	struct page_work work;
	struct page_stats stats;
};

/* A request on its way through zones (struct alloc_context). */
struct page_request {
	uint32_t gfp;
	unsigned int order;
	enum migratetype type;
	enum zone_type highest;
	unsigned int alloc_flags;
	const struct node *node;
	uint32_t nr_zones; /* of the node's zonelist to look at */
	uint32_t preferred; /* where in it the search begins */
	bool memalloc;     /* PF_MEMALLOC */
	bool irq;
};

/* Notes a path if it is slower than what the call has taken so far. */
static inline void work_path(struct page_allocator *pa, enum mm_path path)
{
	if (path > pa->work.path)
		pa->work.path = path;
}

/* The same for a path of frees, which may happen inside an allocation: that one's path stays. */
static inline void work_free_path(struct page_allocator *pa, enum mm_path path)
{
	if (pa->work.path == MM_PATH_NONE || pa->work.path >= MM_PATH_PCP_FREE)
		work_path(pa, path);
}

static inline void work_cost(struct page_allocator *pa, uint64_t ns)
{
	pa->work.cost_ns += (uint32_t)MIN(ns, (uint64_t)(UINT32_MAX - pa->work.cost_ns));
}

static inline enum migratetype block_type(const struct page_allocator *pa, uint32_t index)
{
	return (enum migratetype)pa->block_types[index >> pa->block_order];
}

static inline uint32_t block_pages(const struct page_allocator *pa)
{
	return 1U << pa->block_order;
}

/* Types whose blocks may merge with others' (migratetype_is_mergeable). */
static inline bool type_is_mergeable(enum migratetype type)
{
	return (unsigned int)type < PCP_TYPES;
}

static inline bool order_has_pcp(unsigned int order)
{
	return order <= PAGE_COSTLY_ORDER || order == PCP_THP_ORDER;
}

/* A mark with its boost (wmark_pages). */
static inline uint64_t zone_wmark(const struct zone *zone, unsigned int mark)
{
	return zone->mark[mark] + zone->boost;
}

static inline struct zone *request_zone(struct page_allocator *pa, const struct page_request *req,
					uint32_t i)
{
	return &pa->zones[req->node->zonelist[i]];
}

/* Where the links of a block are kept; "top": it is a free block of the largest order. */
static inline struct page_link *page_link(const struct page_allocator *pa, uint32_t index, bool top)
{
	return top ? &pa->tops[index >> KERNEL_MAX_ORDER].link : &pa->pages[index].link;
}

static inline void free_list_init(struct free_list *list)
{
	*list = (struct free_list){ .first = PAGE_NIL, .last = PAGE_NIL };
}

static inline void free_list_add(const struct page_allocator *pa, struct free_list *list,
				 uint32_t index, bool tail, bool top)
{
	struct page_link *link = page_link(pa, index, top);

	if (list->first == PAGE_NIL) {
		*link = (struct page_link){ .next = PAGE_NIL, .prev = PAGE_NIL };
		list->first = list->last = index;
	} else if (tail) {
		*link = (struct page_link){ .next = PAGE_NIL, .prev = list->last };
		page_link(pa, list->last, top)->next = index;
		list->last = index;
	} else {
		*link = (struct page_link){ .next = list->first, .prev = PAGE_NIL };
		page_link(pa, list->first, top)->prev = index;
		list->first = index;
	}
	list->nr++;
}

static inline void free_list_del(const struct page_allocator *pa, struct free_list *list,
				 uint32_t index, bool top)
{
	const struct page_link *link = page_link(pa, index, top);

	if (link->prev == PAGE_NIL)
		list->first = link->next;
	else
		page_link(pa, link->prev, top)->next = link->next;
	if (link->next == PAGE_NIL)
		list->last = link->prev;
	else
		page_link(pa, link->next, top)->prev = link->prev;
	list->nr--;
}

/* zone/zone.c: zones and zonelists out of the configuration. */
bool zones_create(struct page_allocator *pa, const struct machine_config *config,
		  struct error *err);
void zones_destroy(struct page_allocator *pa);

/* zone/watermark.c */
void watermarks_setup(struct page_allocator *pa, int64_t min_free_kbytes);
/* setup_per_zone_wmarks(): marks out of pa->min_free_kbytes; boosts end, pcp limits follow. */
void watermarks_update(struct page_allocator *pa);
/* Would an order-"order" take leave the zone above "mark" (__zone_watermark_ok)? "free" pages. */
bool watermark_ok(const struct page_allocator *pa, const struct zone *zone, unsigned int order,
		  uint64_t mark, enum zone_type highest, unsigned int alloc_flags, int64_t free);
bool watermark_fast(const struct page_allocator *pa, const struct zone *zone,
		    const struct page_request *req);

/*
 * Books "pages" (signed) of NR_FREE_PAGES on the running CPU: an eight-bit difference of its own
 * goes into the global count when it grows beyond a threshold (__mod_zone_page_state).
 */
static inline void zone_stat_add(struct page_allocator *pa, struct zone *zone, int64_t pages)
{
	struct pcp *pcp = &zone->pcps[pa->cpu];
	const int64_t sum = pcp->stat_diff + pages;

	if (sum > zone->stat_threshold || sum < -zone->stat_threshold) {
		zone->free_stat += sum;
		pcp->stat_diff = 0;
	} else {
		pcp->stat_diff = (int8_t)sum;
	}
}

/* Pages have left the free lists. 6.1 books a refill when it is done: its callers do that. */
static inline void zone_count_taken(struct page_allocator *pa, struct zone *zone,
				    unsigned int order)
{
	zone->free -= 1ULL << order;
	if (pa->profile->refill_counts_pages)
		zone_stat_add(pa, zone, -(1LL << order));
}

static inline void zone_book_taken(struct page_allocator *pa, struct zone *zone, int64_t pages)
{
	if (!pa->profile->refill_counts_pages)
		zone_stat_add(pa, zone, -pages);
}

/* page/free_area.c: blocks on and off the free lists. */
void area_add(struct page_allocator *pa, struct zone *zone, uint32_t index, unsigned int order,
	      enum migratetype type, bool tail);
/* The block is on its list. Returns the list's type. */
enum migratetype area_del(struct page_allocator *pa, struct zone *zone, uint32_t index,
			  unsigned int order);
/* To the tail of another type's list (move_to_free_list). */
void area_move(struct page_allocator *pa, struct zone *zone, uint32_t index, unsigned int order,
	       enum migratetype type);
/* "index" heads a free block of exactly "order". */
bool area_has(const struct page_allocator *pa, uint32_t index, unsigned int order);
/* The free block that holds "index": its head and order; false when "index" isn't free. */
bool area_find(const struct page_allocator *pa, uint32_t index, uint32_t *head,
	       unsigned int *order);
/* Sets the type of the pageblocks that [index, index + 2^order) begins in. */
void block_set_type(struct page_allocator *pa, uint32_t index, unsigned int order,
		    enum migratetype type);

/* page/buddy.c */
/* Gives a block to the free lists: merging, head or tail (__free_one_page). */
void buddy_free_one(struct page_allocator *pa, struct zone *zone, uint32_t index,
		    unsigned int order, enum migratetype type, bool to_tail);
/* A free of any order by its pageblocks' types (free_one_page). */
void buddy_free(struct page_allocator *pa, struct zone *zone, uint32_t index, unsigned int order,
		bool to_tail);
/* The rest of a block of order "high" of which the first 2^low pages were taken (expand). */
void buddy_expand(struct page_allocator *pa, struct zone *zone, uint32_t index, unsigned int low,
		  unsigned int high, enum migratetype type);
/* The head of the smallest fitting list of "type", or PAGE_NIL (__rmqueue_smallest). */
uint32_t buddy_take_smallest(struct page_allocator *pa, struct zone *zone, unsigned int order,
			     enum migratetype type);
/* Cuts 2^order pages at "index" out of the free block that holds them; false: not free. */
bool buddy_take_at(struct page_allocator *pa, uint32_t index, unsigned int order);

/* page/fallback.c */
enum rmqueue_mode {
	RMQUEUE_NORMAL,
	RMQUEUE_CLAIM,
	RMQUEUE_STEAL,
};
/* One block for "type", taken from others if need be (__rmqueue). Books no NR_FREE_PAGES. */
uint32_t rmqueue_one(struct page_allocator *pa, struct zone *zone, unsigned int order,
		     enum migratetype type, unsigned int alloc_flags, enum rmqueue_mode *mode);
/* Moves all free blocks of the pageblock to "type"; pages moved; 0: crosses the zone's end. */
uint32_t block_move_free(struct page_allocator *pa, struct zone *zone, uint32_t index,
			 enum migratetype type, uint32_t *movable);

/* page/highatomic.c */
void highatomic_reserve(struct page_allocator *pa, struct zone *zone, uint32_t index,
			unsigned int order);
bool highatomic_unreserve(struct page_allocator *pa, const struct page_request *req, bool force);

/* page/pcp.c */
void pcp_setup_zone(struct page_allocator *pa, struct zone *zone);
/* From the running CPU's list, refilled if empty (rmqueue_pcplist); PAGE_NIL. */
uint32_t pcp_alloc(struct page_allocator *pa, struct zone *zone, unsigned int order,
		   enum migratetype type, unsigned int alloc_flags, bool bulk);
/* To the running CPU's list, which may be trimmed (free_unref_page_commit). */
void pcp_free(struct page_allocator *pa, struct zone *zone, uint32_t index, unsigned int order,
	      enum migratetype type);
/* Takes a block out of the middle of whichever list it is on. */
void pcp_unlink(struct page_allocator *pa, uint32_t index);
void pcp_drain(struct page_allocator *pa, struct zone *zone, struct pcp *pcp);
/* drain_all_pages(): of "only", or of all zones when NULL. */
void pcp_drain_all(struct page_allocator *pa, struct zone *only);

/* page/freelist.c: get_page_from_freelist(). */
uint32_t freelist_get(struct page_allocator *pa, struct page_request *req);
/* Fills "req" for a request on the running CPU; false: no zone can serve it. */
bool request_init(struct page_allocator *pa, struct page_request *req, uint32_t gfp,
		  unsigned int order, int node);
/* "index" is in use from now on, for "type". */
void page_set_used(struct page_allocator *pa, struct zone *zone, uint32_t index,
		   unsigned int order, enum migratetype type);

/* A block that nobody uses any more: to the per-CPU list or to the free lists. */
void page_put(struct page_allocator *pa, struct zone *zone, uint32_t index, unsigned int order);

/* reclaim/slowpath.c */
/*
 * Asks the owner for pages (ops.reclaim, or ops.oom if "oom"); how many came free. The owner frees
 * them through page_free(), so the running call's state is kept for it.
 */
uint64_t reclaim_pages(struct page_allocator *pa, uint64_t nr_pages, uint32_t gfp, bool oom);
uint32_t slowpath_alloc(struct page_allocator *pa, struct page_request *req);

/* reclaim/kswapd.c */
/* wakeup_kswapd() for every node of the request's zonelist. */
void kswapd_wake_all(struct page_allocator *pa, const struct page_request *req);
void kswapd_wake(struct page_allocator *pa, struct node *node, uint32_t gfp, unsigned int order,
		 enum zone_type highest);
/* Lets woken kswapds do a slice of their work. */
void kswapd_run(struct page_allocator *pa);

/* reclaim/compaction.c */
enum compact_result {
	COMPACT_SKIPPED, /* too little free memory, or nothing to gain */
	COMPACT_DEFERRED,
	COMPACT_PARTIAL, /* the scan ended early */
	COMPACT_COMPLETE, /* all of the zone was scanned, in vain */
	COMPACT_SUCCESS,
};
enum compact_prio {
	COMPACT_PRIO_FULL, /* may unsettle unmovable pageblocks, ignores deferral */
	COMPACT_PRIO_LIGHT,
	COMPACT_PRIO_ASYNC, /* MOVABLE pageblocks only */
};
/* try_to_compact_pages(): zone by zone until one could serve the request. */
enum compact_result compact_for(struct page_allocator *pa, const struct page_request *req,
				enum compact_prio prio);
/* One zone for kcompactd, without deferral. */
void compact_zone_background(struct page_allocator *pa, struct zone *zone, unsigned int order);
/* A block of "order" was got out of "zone" after all: forget failures. */
void compact_defer_reset(struct zone *zone, unsigned int order, bool allocated);
bool compact_suitable(const struct page_allocator *pa, const struct zone *zone,
		      unsigned int order, enum zone_type highest, int64_t free);

#endif
