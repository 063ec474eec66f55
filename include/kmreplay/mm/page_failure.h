/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Why a request fails: zone by zone what stands against it, and which pages stand in the way of the
 * block that it would have needed. Nothing here changes the allocator; the cost is bounded by zones
 * and free lists, not by the size of memory.
 */
#ifndef KMREPLAY_MM_PAGE_FAILURE_H
#define KMREPLAY_MM_PAGE_FAILURE_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/gfp_policy.h"

struct page_allocator;

/** A request as page_alloc() gets it. */
struct page_failure_request {
	uint32_t gfp;
	unsigned int order, cpu;
	int node;             /**< -1: any */
	unsigned int context; /**< enum page_context */
};

/** X(suffix, key, words): what a zone says to a request; the first that holds. */
#define PAGE_REFUSALS(X)                                                                      \
	X(SERVES, "serves", "it would serve the request")                                     \
	X(NOT_ALLOWED, "not_allowed", "the mask does not allow this zone")                    \
	X(OTHER_NODE, "other_node", "the mask allows one node only")                          \
	X(MARK, "watermark", "too few free pages for the watermark")                          \
	X(HIGHATOMIC, "highatomic", "pages above the watermark are set aside (HIGHATOMIC)")     \
	X(CMA, "cma", "pages above the watermark are of CMA areas, for movable requests")       \
	X(RESERVE, "lowmem_reserve", "the pages above the watermark are kept by lowmem_reserve") \
	X(NO_BLOCK, "no_block", "no free block is large enough")                              \
	X(TYPE, "wrong_type", "the blocks that are large enough are not for this request")

enum page_refusal {
#define X(suffix, ...) PAGE_REFUSAL_##suffix,
	PAGE_REFUSALS(X)
#undef X
	PAGE_REFUSAL_NR,
};

/** "no_block", for machines; "no free block is large enough", for people. */
const char *page_refusal_key(enum page_refusal refusal);
const char *page_refusal_words(enum page_refusal refusal);

/** The arithmetic of __zone_watermark_ok(), in pages. */
struct watermark_sum {
	int64_t free;       /**< as the marks see it */
	int64_t order;      /**< deducted: all pages of the block but one */
	int64_t highatomic; /**< deducted: set aside for others */
	int64_t cma;        /**< deducted: CMA areas', when the request may not have them */
	int64_t mark;       /**< with its boost */
	int64_t min;        /**< what the request's rights leave of it */
	int64_t reserve;    /**< lowmem_reserve as against this request */
};

/** What counts; it has to be above min + reserve. */
static inline int64_t watermark_usable(const struct watermark_sum *sum)
{
	return sum->free - sum->order - sum->highatomic - sum->cma;
}

/** A block of the order asked for that lacks few pages to be free. */
struct page_nearest {
	bool found;
	uint64_t pfn;
	/** Its pages; free ones included they add up to 2^order. */
	uint32_t free, pcp, movable, reclaimable, unmovable;
	uint32_t unknown;         /**< in use since before anybody looked */
	enum migratetype type;    /**< of its pageblock */
};

/** Pages of it that are in use and will not be moved. */
static inline uint32_t page_nearest_fixed(const struct page_nearest *near)
{
	return near->reclaimable + near->unmovable + near->unknown;
}

/** Pages that are in the way: all that are not on a free list. */
static inline uint32_t page_nearest_in_way(const struct page_nearest *near)
{
	return near->pcp + near->movable + page_nearest_fixed(near);
}

/** Whether compaction could make a block in the zone. */
enum page_compact {
	PAGE_COMPACT_COULD,
	PAGE_COMPACT_NO_ROOM, /**< too few free pages to move others to */
	PAGE_COMPACT_NO_USE,  /**< by the fragmentation index memory is lacking, not contiguity */
};

/** One zone's part. */
struct page_failure_zone {
	unsigned int zone;         /**< as zone_info() counts */
	enum page_refusal refusal; /**< of the last attempt */
	enum page_refusal first;   /**< of the first attempt, which stops at the low mark */
	bool marks_ignored;        /**< the last attempt may go below all marks */
	struct watermark_sum sum;  /**< of the last attempt, the min mark's */
	uint64_t blocks[MIGRATE_NR]; /**< free blocks that are large enough, by list */
	uint64_t pcp_blocks;       /**< of the order and type, on the CPU's list */
	enum page_compact compact; /**< order 0: means nothing */
};

struct page_failure {
	struct page_failure_request request;
	struct gfp_policy policy;
	unsigned int fast_flags, slow_flags; /**< enum alloc_flags of first and last attempt */
	unsigned int preferred; /**< the zone that it would rather have; if any is allowed */
	bool fails;             /**< no zone serves */
	enum page_refusal main; /**< what the largest zone that is allowed says */
	unsigned int main_zone; /**< that one; UINT_MAX: none is */
	struct vec(struct page_failure_zone) zones; /**< in the order in which they are tried */
};

/** Explains "request" on the allocator as it stands; page_failure_deinit() ends "*ret". */
void page_failure_explain(const struct page_allocator *pa,
			  const struct page_failure_request *request, struct page_failure *ret);
void page_failure_deinit(struct page_failure *failure);
/** The request that failed last; false: none has. */
bool page_failure_last(const struct page_allocator *pa, struct page_failure_request *ret);

/** Of the blocks of one order in one zone the nearest to being free. */
struct page_nearest_pair {
	struct page_nearest any;     /**< fewest pages in the way, then fewest that stay put */
	struct page_nearest movable; /**< the same of those in which no page stays put */
	bool all_seen; /**< false: the search was broken off, there may be nearer ones */
};

/**
 * Looks for them among the blocks that hold a part on a free list which a request with "flags"
 * (enum alloc_flags) may take from: largest parts first, until what is left cannot be nearer.
 */
void page_nearest_find(const struct page_allocator *pa, unsigned int zone, unsigned int order,
		       unsigned int flags, struct page_nearest_pair *ret);

/** Where pages in the way are. */
enum page_in_way {
	PAGE_IN_WAY_USED,
	PAGE_IN_WAY_PCP,     /**< free, in a per-CPU list */
	PAGE_IN_WAY_UNKNOWN, /**< in use since before anybody looked */
};

/** Pages in the way that belong together. */
struct page_obstacle {
	uint64_t pfn;
	uint32_t nr;           /**< pages */
	enum page_in_way where;
	unsigned int order;    /**< USED, PCP: of their block, which may be larger */
	unsigned int cpu;      /**< PCP: whose list */
	enum migratetype type; /**< USED: as asked for; PCP: of the list */
};
struct page_obstacles {
	struct vec(struct page_obstacle) list; /**< ascending */
};
/** Fills "ret" (empty, or to be used again) with what lies in 2^order pages at "pfn". */
void page_obstacles_find(const struct page_allocator *pa, uint64_t pfn, unsigned int order,
			 struct page_obstacles *ret);
void page_obstacles_deinit(struct page_obstacles *obstacles);

#endif
