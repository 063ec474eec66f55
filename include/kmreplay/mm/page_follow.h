/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Watching the page allocator decide, and deciding for it: whoever holds a recording against the
 * allocator hears of each choice before it takes effect, and may say what the recorded kernel chose
 * instead. An observer that always answers "ours" changes nothing.
 *
 * What is corrected is corrected at that very place, so that everything else that the decision
 * brings about (counts, limits, boosts, types of pageblocks) is still the allocator's own work.
 */
#ifndef KMREPLAY_MM_PAGE_FOLLOW_H
#define KMREPLAY_MM_PAGE_FOLLOW_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/base.h"

struct page_allocator;

/** Answers where a pfn could stand. */
#define PAGE_FOLLOW_OURS UINT64_MAX       /**< go on as it would without anybody watching */
#define PAGE_FOLLOW_NONE (UINT64_MAX - 1) /**< nothing; no page; stop */

/** One CPU's list of one zone. */
struct page_list {
	unsigned int zone; /**< as zone_info() counts */
	unsigned int cpu;
	unsigned int order;
	enum migratetype type;
};

/** A block is about to leave the buddy lists. */
struct page_take {
	unsigned int zone;
	unsigned int order;
	enum migratetype type;
	/** The head of the smallest list of the own type; PAGE_FOLLOW_NONE: all are too small. */
	uint64_t smallest;
	bool possible; /**< the own type's lists or another's would give something */
};

/** What mm_page_alloc_extfrag tells, and of which block. */
struct page_extfrag {
	uint64_t pfn; /**< as recorded: up to 6.9 the block that gives, later the page got */
	unsigned int alloc_order, fallback_order;
	enum migratetype alloc_type, fallback_type;
	bool change_ownership;
};

/** Where a block was when it had to be somewhere else. */
#define PAGE_PLACES(X)                                                                        \
	X(OURS, "where it was expected")                                                      \
	X(LISTS, "elsewhere in the free lists")                                               \
	X(PCP, "in another place of this per-CPU list")                                       \
	X(OTHER_LIST, "in another per-CPU list of the CPU")                                   \
	X(OTHER_CPU, "in a per-CPU list of another CPU")                                      \
	X(USED, "in use")                                                                     \
	X(UNKNOWN, "in use since before the recording")                                       \
	X(OUTSIDE, "not in the machine's memory")

enum page_place {
#define X(suffix, name) PAGE_PLACE_##suffix,
	PAGE_PLACES(X)
#undef X
	PAGE_PLACE_NR,
};

/** "in use": for reports. */
const char *page_place_name(enum page_place place);

/**
 * Callbacks, in the order in which a request meets them. None may call page_alloc(), page_free() or
 * anything else that begins a call; the functions below that say so may be called from "pop".
 */
struct page_follow {
	/**
	 * The request comes to "zone", which its marks let serve or not: "ours". The truth.
	 * "alloc_flags" (gfp_policy.h) tell which of its tries this is.
	 */
	bool (*serves)(void *ctx, unsigned int zone, unsigned int alloc_flags, bool ours);
	/**
	 * The list is looked at: its head is taken or, if it is empty, it is refilled. False: the
	 * request shall find nothing here. May move pages (page_follow_...).
	 */
	bool (*pop)(void *ctx, const struct page_list *list);
	/** A refill got "got" blocks and wants "want": another one? */
	bool (*more)(void *ctx, unsigned int got, unsigned int want);
	/** Which block leaves the buddy lists: a pfn, OURS, or NONE. May take free pages out. */
	uint64_t (*take)(void *ctx, const struct page_take *take);
	/**
	 * The block that left them would have been "ours" (or NONE); what take() wanted instead was
	 * in "place".
	 */
	void (*taken)(void *ctx, uint64_t ours, enum page_place place);
	/** A block of another type gave, as ours would have it. */
	void (*extfrag)(void *ctx, const struct page_extfrag *extfrag);
	/** "nr_pages" of a CPU's lists of one zone are to go back. */
	void (*drain)(void *ctx, unsigned int zone, unsigned int cpu, unsigned int nr_pages);
	/** "ours" is the next of them: a pfn in the lists of that zone, OURS, or NONE: stop. */
	uint64_t (*drained)(void *ctx, uint64_t ours);
	/** kswapd of "node" would be woken. */
	void (*wake)(void *ctx, unsigned int node);
};

/**
 * Starts or (with "follow" NULL) ends it; "follow" and "ctx" must outlive it. Meanwhile the
 * allocator neither reclaims nor compacts by itself: the recording says what came of that.
 */
void page_follow(struct page_allocator *pa, const struct page_follow *follow, void *ctx);

/** page_take.smallest as it is by now; NONE: all lists of the type are too small. */
uint64_t page_follow_smallest(const struct page_allocator *pa, unsigned int zone,
			      unsigned int order, enum migratetype type);

/** Where "pfn" is, and in which block. */
struct page_where {
	enum page_place place; /**< LISTS, OTHER_LIST (any per-CPU list), USED, UNKNOWN, OUTSIDE */
	uint64_t head;         /**< first pfn of the block; none of UNKNOWN and OUTSIDE */
	unsigned int order;    /**< of the block */
	unsigned int zone;     /**< of the block, or the one that "pfn" lies in */
	unsigned int cpu;      /**< per-CPU list */
	enum migratetype type; /**< of the list */
};
/** Fills "*ret". Never fails: what is nowhere is OUTSIDE. */
void page_follow_find(const struct page_allocator *pa, uint64_t pfn, struct page_where *ret);
/** The first block of a per-CPU list, PAGE_FOLLOW_NONE when it is empty. */
uint64_t page_follow_head(const struct page_allocator *pa, const struct page_list *list);
/** The one behind "pfn", which is in a per-CPU list. */
uint64_t page_follow_next(const struct page_allocator *pa, uint64_t pfn);

/**
 * The block becomes the head of "list", wherever it was; the returned place says where that was.
 * OUTSIDE: nothing is changed.
 */
enum page_place page_follow_push(struct page_allocator *pa, const struct page_list *list,
				 uint64_t pfn);
/** The block in a per-CPU list at "pfn" is in use from now on. */
void page_follow_pop(struct page_allocator *pa, uint64_t pfn);
/** The block is one in use, to be freed as such, wherever it was; OUTSIDE: nothing is changed. */
enum page_place page_follow_own(struct page_allocator *pa, uint64_t pfn, unsigned int order,
				enum migratetype type);

/** alloc_pages() whose outcome is known: "pfn" was taken from the buddy lists of its zone. */
enum page_place page_follow_alloc(struct page_allocator *pa, unsigned int cpu, uint64_t pfn,
				  unsigned int order, enum migratetype type);
/** free_pages() of a block in use that goes past the per-CPU lists, to its list's tail if asked. */
void page_free_direct(struct page_allocator *pa, unsigned int cpu, uint64_t pfn,
		      unsigned int order, bool to_tail);
/** A block of a per-CPU list goes back to the buddy lists; the place it was in. */
enum page_place page_follow_drain(struct page_allocator *pa, unsigned int cpu, uint64_t pfn,
				  unsigned int order);
/**
 * A free that ours did not trim after, as the kernel did: "nr_pages" go back, "list" first. Where
 * limits move, this one was lower than ours.
 */
void page_follow_trim(struct page_allocator *pa, const struct page_list *list,
		      unsigned int nr_pages);
/** Gives "nr_pages" of a CPU's lists of "zone" back as drain_pages_zone() does. */
void page_drain_some(struct page_allocator *pa, unsigned int zone, unsigned int cpu,
		     unsigned int nr_pages);
/**
 * Takes the first block of "list" as the bulk allocator does, after a refill if it is empty; it is
 * in use then. PAGE_FOLLOW_NONE: nothing was found.
 */
uint64_t page_follow_bulk(struct page_allocator *pa, const struct page_list *list);
/**
 * Some zone of "node" (-1: of the CPU's own) has what a request wants above its low mark. False:
 * the request would go on to other nodes.
 */
bool page_follow_serves(struct page_allocator *pa, unsigned int cpu, uint32_t gfp,
			unsigned int order, int node);
/**
 * Which zone would meet a request of "nr" pages of the bulk allocator for "node" (-1: the CPU's);
 * false: none.
 */
bool page_follow_bulk_zone(struct page_allocator *pa, unsigned int cpu, uint32_t gfp, int node,
			   unsigned int nr, unsigned int *zone);
/**
 * The first pages of the blocks that a refill of "list" would take, in order, as far as the free
 * lists of its own type give them; at most "max". Returns their number.
 */
unsigned int page_follow_refill(const struct page_allocator *pa, const struct page_list *list,
				uint64_t *pfns, unsigned int max);
/**
 * refresh_cpu_vm_stats() runs on "cpu": differences of NR_FREE_PAGES are booked, limits decay
 * (decay_pcp_high(), but for the pages that it drains).
 */
void page_follow_decay(struct page_allocator *pa, unsigned int cpu);
/** "cpu" books its differences of counters (refresh_cpu_vm_stats). */
void page_follow_idle(struct page_allocator *pa, unsigned int cpu);
/** decay_pcp_high() has run: the limit is what the lists hold, within its bounds. */
void page_follow_decayed(struct page_allocator *pa, unsigned int zone, unsigned int cpu);
/** It ran less often than thought: the limit is as many steps back as make it hold the lists. */
void page_follow_undecayed(struct page_allocator *pa, unsigned int zone, unsigned int cpu);
/** The limit is "high", within its bounds. */
void page_follow_set_high(struct page_allocator *pa, unsigned int zone, unsigned int cpu,
			  int high);
/** ZONE_RECLAIM_ACTIVE: kswapd works on the zone, whose per-CPU lists are kept short meanwhile. */
void page_follow_reclaiming(struct page_allocator *pa, unsigned int zone, bool active);
/** ZONE_BELOW_HIGH: the zone runs low, and per-CPU lists have not grown; from 6.7 on. */
void page_follow_below_high(struct page_allocator *pa, unsigned int zone);
/** Marks of a zone as the kernel set them; the boost ends, limits follow. */
void page_follow_marks(struct page_allocator *pa, unsigned int zone, uint64_t min, uint64_t low,
		       uint64_t high, uint64_t promo);

/** lowmem_reserve of a zone against requests that may go as high as "highest". */
void page_follow_reserve(struct page_allocator *pa, unsigned int zone, enum zone_type highest,
			 uint64_t pages);

/** What a CPU's lists of one zone hold, and their limits: for people. */
struct page_limits {
	int count, high, high_min, high_max, batch, free_count;
	unsigned int free_factor, alloc_factor;
	bool below_high, reclaim_active;
};
void page_follow_limits(const struct page_allocator *pa, unsigned int zone, unsigned int cpu,
			struct page_limits *ret);

#endif
