/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Small inline pieces under the parts of the page allocator: lists of blocks linked by index, the
 * count of free pages with its per-CPU differences, and the record of what a call did.
 */
#ifndef KMREPLAY_MM_PAGE_LISTS_H
#define KMREPLAY_MM_PAGE_LISTS_H

#include "kmreplay/mm/page_state.h"

/** Notes a path if it is slower than what the call has taken so far. */
static inline void work_path(struct page_allocator *pa, enum mm_path path)
{
	if (path > pa->work.path)
		pa->work.path = path;
}

/** The same for a path of frees, which may happen inside an allocation: that one's path stays. */
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

/** Types whose blocks may merge with others' (migratetype_is_mergeable). */
static inline bool type_is_mergeable(enum migratetype type)
{
	return (unsigned int)type < PCP_TYPES;
}

/** Blocks of "order" pass through per-CPU lists, if there are any (pcp_allowed_order). */
static inline bool order_has_pcp(const struct page_allocator *pa, unsigned int order)
{
	if (pa->profile->pcp == PCP_ORDER_0)
		return !order;
	return order <= PAGE_COSTLY_ORDER || order == PCP_THP_ORDER;
}

/** A mark with its boost (wmark_pages). */
static inline uint64_t zone_wmark(const struct zone *zone, unsigned int mark)
{
	return zone->mark[mark] + zone->boost;
}

/** "factor" ten-thousandths of "pages", whatever the two are (mult_frac). */
static inline uint64_t per_10000(uint64_t pages, unsigned int factor)
{
	return (uint64_t)((unsigned __int128)pages * factor / 10000);
}

static inline struct zone *request_zone(const struct page_allocator *pa,
					const struct page_request *req, uint32_t i)
{
	return &pa->zones[req->node->zonelist[i]];
}

/** Where the links of a block are kept; "top": it is a free block of the largest order. */
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

/**
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

/** The same of NR_FREE_CMA_PAGES. */
static inline void zone_cma_add(struct page_allocator *pa, struct zone *zone, int64_t pages)
{
	struct pcp *pcp = &zone->pcps[pa->cpu];
	const int64_t sum = pcp->cma_diff + pages;

	if (sum > zone->stat_threshold || sum < -zone->stat_threshold) {
		zone->apart.cma_stat += sum;
		pcp->cma_diff = 0;
	} else {
		pcp->cma_diff = (int8_t)sum;
	}
}

/**
 * Books pages that come to a list of "type" (or with a negative number leave it) as 6.10 and later
 * do (account_freepages): isolated ones are not free, those of CMA areas are counted twice.
 */
static inline void zone_account(struct page_allocator *pa, struct zone *zone, int64_t pages,
				enum migratetype type)
{
	if (unlikely(type == MIGRATE_ISOLATE))
		return;
	zone_stat_add(pa, zone, pages);
	if (unlikely(type == MIGRATE_CMA))
		zone_cma_add(pa, zone, pages);
}

/** src/mm/page/watch.c: tells whoever set the band. */
void page_band_crossed(const struct page_allocator *pa, const struct zone *zone);

/** "zone" has 2^order free pages of "type" more or, with "gone", fewer. */
static inline void zone_count_free(const struct page_allocator *pa, struct zone *zone,
				   unsigned int order, enum migratetype type, bool gone)
{
	if (unlikely(type == MIGRATE_ISOLATE))
		return;
	if (gone) {
		zone->free -= 1ULL << order;
		zone->free_least = MIN(zone->free_least, zone->free);
	} else {
		zone->free += 1ULL << order;
	}
	if (unlikely(gone ? zone->free < zone->band_low : zone->free >= zone->band_high))
		page_band_crossed(pa, zone);
}

/**
 * Pages have left the free lists of "type". 6.1 books a refill when it is done, but for the part
 * that is CMA's: its callers do that.
 */
static inline void zone_count_taken(struct page_allocator *pa, struct zone *zone,
				    unsigned int order, enum migratetype type)
{
	zone_count_free(pa, zone, order, type, true);
	if (pa->profile->refill_counts_pages)
		zone_account(pa, zone, -(1LL << order), type);
	else if (unlikely(type == MIGRATE_CMA))
		zone_cma_add(pa, zone, -(1LL << order));
}

static inline void zone_book_taken(struct page_allocator *pa, struct zone *zone, int64_t pages)
{
	if (!pa->profile->refill_counts_pages)
		zone_stat_add(pa, zone, -pages);
}

#endif
