/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Per-CPU page lists.
 *
 * 1. Each CPU keeps, for each zone, lists of free pages by order (0..3 and 9) and type, so that
 *    most calls need no zone lock. Their pages have left the buddy lists: they count as in use
 *    there.
 * 2. An empty list is refilled with a batch of blocks, which line up in the order in which they
 *    were taken; requests pop the head. A freed block is pushed to the head, so a page that has
 *    just been freed is the next one given out.
 *
 *	refill [a b c]     alloc -> a   [b c]     free x   [x b c]     alloc -> x
 *
 * 3. When the lists of a zone hold "high" pages, a number of blocks goes back: from the tails,
 *    beginning with the list of the page just freed, list by list.
 * 4. How much is refilled and how much given back adapts. 5.14 on: frees in a row double the batch
 *    that is given back. 6.7 on: allocations in a row double the refill, frees in a row are
 *    counted, and "high" itself wanders between high_min (from the low watermark) and high_max (an
 *    eighth of the zone), unless the zone is short of memory.
 * 5. Before 5.18 what goes back is taken round the lists in turns; before 5.14 there are lists of
 *    order 0 only, of six batches at the most.
 *
 * Mirrors rmqueue_pcplist(), rmqueue_bulk(), nr_pcp_alloc(), free_unref_page_commit(),
 * nr_pcp_high(), nr_pcp_free(), free_pcppages_bulk() and drain_pages_zone() of 4.19, 5.15, 6.1,
 * 6.12 and 7.2.
 * Left out: failing trylocks and the periodic decay, which need interrupts and time.
 */
#include <config.h>

#include "kmreplay/mm/page_parts.h"

static struct free_list *enter(struct page_allocator *pa, struct zone *zone, unsigned int cpu,
			       uint32_t index, unsigned int order, enum migratetype type);
static bool may_pop(const struct page_allocator *pa, const struct zone *zone,
		    unsigned int order, enum migratetype type);
static bool pcp_refill(struct page_allocator *pa, struct zone *zone, struct pcp *pcp,
		       unsigned int order, enum migratetype type, unsigned int alloc_flags);
static enum migratetype drain_type(const struct page_allocator *pa, uint32_t index,
				   enum migratetype type);
static bool wants_more(const struct page_allocator *pa, int32_t got, int32_t want);
static int32_t nr_to_alloc(const struct page_allocator *pa, const struct zone *zone,
			   struct pcp *pcp, unsigned int order);
static int32_t count_refill(const struct zone *zone, struct pcp *pcp, unsigned int order);
static void trim_fixed_high(struct page_allocator *pa, struct zone *zone, struct pcp *pcp,
			    unsigned int order, unsigned int list);
static void trim_auto_high(struct page_allocator *pa, struct zone *zone, struct pcp *pcp,
			   unsigned int order, unsigned int list);
static bool flushes_high_orders(const struct page_allocator *pa, struct pcp *pcp,
				unsigned int order);
static int32_t limit_auto_high(struct zone *zone, struct pcp *pcp, bool free_high);
static int32_t nr_to_free(const struct pcp *pcp, int32_t high, bool free_high);
static void give_back(struct page_allocator *pa, struct zone *zone, struct pcp *pcp,
		      int32_t count, unsigned int list);
static bool takes_turns(const struct page_allocator *pa);
static void give_back_in_turns(struct page_allocator *pa, struct zone *zone, struct pcp *pcp,
			       int32_t count);
static bool drains_instead(const struct page_allocator *pa, uint32_t *index);
static void give_back_one(struct page_allocator *pa, struct zone *zone, uint32_t index);
static int32_t clamp(int32_t value, int32_t low, int32_t high);

void pcp_setup_zone(struct page_allocator *pa, struct zone *zone)
{
	const uint32_t on_node = pa->nodes[zone->node].nr_online + pa->cpu_coming;
	const int64_t cpus = on_node ? on_node : pa->nr_online;
	const uint64_t share = MIN(zone->managed >> 10, 256U) / 4; /* zone_batchsize() */
	const int64_t base = (int64_t)MAX(share, (uint64_t)1);
	int64_t batch = (int64_t)bits_rounddown_pow2((uint64_t)(base + base / 2)) - 1;
	int64_t high_min, high_max;

	batch = MAX(pa->pcp_batch >= 0 ? pa->pcp_batch : batch, (int64_t)1);
	high_min = MAX((int64_t)zone_wmark(zone, ZONE_MARK_LOW) / cpus, 4 * batch);
	high_max = MAX((int64_t)zone->managed / 8 / cpus, 4 * batch);
	if (pa->profile->pcp == PCP_ORDER_0) /* pageset_set_batch() */
		high_min = high_max = 6 * batch;
	if (pa->pcp_high >= 0)
		high_min = high_max = pa->pcp_high;
	for (unsigned int cpu = 0; cpu < pa->nr_cpus; cpu++) {
		struct pcp *pcp = &zone->pcps[cpu];

		pcp->batch = (int32_t)MIN(batch, (int64_t)INT32_MAX / 64);
		pcp->high_min = (int32_t)MIN(high_min, (int64_t)INT32_MAX / 2);
		pcp->high_max = (int32_t)MIN(high_max, (int64_t)INT32_MAX / 2);
		pcp->flags |= PCP_FREE_HIGH_BATCH;
		if (pa->profile->pcp != PCP_AUTO_HIGH)
			pcp->high = pcp->high_min;
	}
}

void pcp_setup_boot(struct page_allocator *pa, struct zone *zone)
{
	for (unsigned int cpu = 0; cpu < pa->nr_cpus; cpu++) {
		struct pcp *pcp = &zone->pcps[cpu];

		pcp->batch = 1;
		pcp->high = pcp->high_min = pcp->high_max = 0;
	}
}

void pcp_add(struct page_allocator *pa, struct zone *zone, unsigned int cpu, uint32_t index,
	     unsigned int order, enum migratetype type)
{
	free_list_add(pa, enter(pa, zone, cpu, index, order, type), index, true, false);
	zone->pcps[cpu].count += 1 << order;
}

uint32_t pcp_alloc(struct page_allocator *pa, struct zone *zone, unsigned int order,
		   enum migratetype type, unsigned int alloc_flags, bool bulk)
{
	struct pcp *pcp = &zone->pcps[pa->cpu];
	struct free_list *list = &pcp->lists[pcp_list_of(order, type)];
	uint32_t index;

	if (unlikely(pa->follow) && !may_pop(pa, zone, order, type))
		return PAGE_NIL;
	if (!bulk) {
		pcp->free_factor >>= 1;
		pcp->free_count >>= 1;
	}
	if (unlikely(list->first == PAGE_NIL)) {
		if (!pcp_refill(pa, zone, pcp, order, type, alloc_flags))
			return PAGE_NIL;
		work_path(pa, MM_PATH_PCP_REFILL);
	} else {
		work_path(pa, MM_PATH_PCP);
		pa->stats.pcp_hits++;
	}
	index = list->first;
	free_list_del(pa, list, index, false);
	pcp->count -= 1 << order;
	work_cost(pa, pa->costs.pcp);
	return index;
}

void pcp_free(struct page_allocator *pa, struct zone *zone, uint32_t index, unsigned int order,
	      enum migratetype type)
{
	struct pcp *pcp = &zone->pcps[pa->cpu];
	unsigned int list;

	pcp_push(pa, zone, pa->cpu, index, order, type);
	list = pa->pages[index].pcp_list;
	work_cost(pa, pa->costs.pcp);
	work_free_path(pa, MM_PATH_PCP_FREE);
	pa->stats.pcp_frees++;
	if (pa->profile->pcp == PCP_AUTO_HIGH)
		trim_auto_high(pa, zone, pcp, order, list);
	else
		trim_fixed_high(pa, zone, pcp, order, list);
}

void pcp_push(struct page_allocator *pa, struct zone *zone, unsigned int cpu, uint32_t index,
	      unsigned int order, enum migratetype type)
{
	free_list_add(pa, enter(pa, zone, cpu, index, order, type), index,
		      pa->profile->pcp_other_end, false);
	zone->pcps[cpu].count += 1 << order;
}

void pcp_unlink(struct page_allocator *pa, uint32_t index)
{
	struct page *page = &pa->pages[index];
	struct pcp *pcp = &pa->zones[page->zone].pcps[page->cpu];

	free_list_del(pa, &pcp->lists[page->pcp_list], index, false);
	pcp->count -= 1 << page->order;
	page->state = PAGE_NONE;
}

void pcp_drain(struct page_allocator *pa, struct zone *zone, struct pcp *pcp)
{
	while (pcp->count > 0)
		give_back(pa, zone, pcp,
			  takes_turns(pa) ? pcp->count :
					    MIN(pcp->count, pcp->batch << PCP_BATCH_SCALE_MAX), 0);
}

void pcp_drain_some(struct page_allocator *pa, struct zone *zone, struct pcp *pcp, int32_t nr,
		    unsigned int list)
{
	give_back(pa, zone, pcp, nr, list);
}

unsigned int pcp_list_of(unsigned int order, enum migratetype type)
{
	if (order > PAGE_COSTLY_ORDER)
		return PCP_SMALL_LISTS + (type == MIGRATE_MOVABLE);
	return PCP_TYPES * order + (unsigned int)type;
}

void pcp_drain_all(struct page_allocator *pa, struct zone *only)
{
	const unsigned int running = pa->cpu;

	for (unsigned int i = 0; i < pa->nr_zones; i++) {
		struct zone *zone = &pa->zones[i];

		if (only && zone != only)
			continue;
		for (pa->cpu = 0; pa->cpu < pa->nr_cpus; pa->cpu++)
			pcp_drain(pa, zone, &zone->pcps[pa->cpu]);
	}
	pa->cpu = running;
}

unsigned int pcp_refill_size(const struct page_allocator *pa, const struct zone *zone,
			     unsigned int cpu, unsigned int order)
{
	struct pcp pcp = zone->pcps[cpu];

	return (unsigned int)nr_to_alloc(pa, zone, &pcp, order);
}

/* The block is one of "cpu"'s from now on; the caller puts it on this list and counts it. */
static struct free_list *enter(struct page_allocator *pa, struct zone *zone, unsigned int cpu,
			       uint32_t index, unsigned int order, enum migratetype type)
{
	const unsigned int list =
		pcp_list_of(order, type_is_mergeable(type) ? type : MIGRATE_MOVABLE);
	struct page *page = &pa->pages[index];

	page->state = PAGE_PCP;
	page->order = (uint8_t)order;
	page->type = (uint8_t)type;
	page->zone = zone->index;
	page->pcp_list = (uint8_t)list;
	page->cpu = (uint16_t)cpu;
	return &zone->pcps[cpu].lists[list];
}

/* Whoever watches lets the request look at the list. */
static bool may_pop(const struct page_allocator *pa, const struct zone *zone,
		    unsigned int order, enum migratetype type)
{
	const struct page_list list = {
		.zone = zone->index, .cpu = pa->cpu, .order = order, .type = type
	};

	return pa->follow->pop(pa->follow_ctx, &list);
}

/* rmqueue_bulk(): blocks line up in the order in which they were taken. */
static bool pcp_refill(struct page_allocator *pa, struct zone *zone, struct pcp *pcp,
		       unsigned int order, enum migratetype type, unsigned int alloc_flags)
{
	const int32_t want = nr_to_alloc(pa, zone, pcp, order);
	enum rmqueue_mode mode = RMQUEUE_NORMAL;
	int32_t got = 0;

	if (pa->profile->highatomic_only_from_buddy && (alloc_flags & ALLOC_HIGHATOMIC))
		return false;
	work_cost(pa, pa->costs.zone_lock);
	for (; wants_more(pa, got, want); got++) {
		const uint32_t index =
			likely(!pa->follow) ?
				rmqueue_one(pa, zone, order, type, alloc_flags, &mode) :
				follow_take(pa, zone, order, type, alloc_flags, &mode);

		if (index == PAGE_NIL)
			break;
		free_list_add(pa, enter(pa, zone, pa->cpu, index, order,
					unlikely(zone->apart.cma_pages) ?
						drain_type(pa, index, type) : type),
			      index, true, false);
	}
	if (!got)
		return false;
	zone_book_taken(pa, zone, (int64_t)got << order);
	pcp->count += got << order;
	work_cost(pa, (uint64_t)got * pa->costs.pcp_refill_page);
	pa->stats.pcp_refills++;
	pa->stats.pcp_refill_blocks += (uint64_t)got;
	return true;
}

/* What was taken for "type" from a CMA area goes back there. */
static enum migratetype drain_type(const struct page_allocator *pa, uint32_t index,
				   enum migratetype type)
{
	return block_type(pa, index) == MIGRATE_CMA ? MIGRATE_CMA : type;
}

static bool wants_more(const struct page_allocator *pa, int32_t got, int32_t want)
{
	if (likely(!pa->follow))
		return got < want;
	return pa->follow->more(pa->follow_ctx, (unsigned int)got, (unsigned int)want);
}

/* Blocks of the next refill (nr_pcp_alloc). From 6.7 on it moves "high", even in vain. */
static int32_t nr_to_alloc(const struct page_allocator *pa, const struct zone *zone,
			   struct pcp *pcp, unsigned int order)
{
	int32_t batch = pcp->batch;

	if (pa->profile->pcp == PCP_AUTO_HIGH)
		batch = count_refill(zone, pcp, order);
	return batch > 1 ? MAX(batch >> order, 2) : batch;
}

static int32_t count_refill(const struct zone *zone, struct pcp *pcp, unsigned int order)
{
	int32_t high = pcp->high = clamp(pcp->high, pcp->high_min, pcp->high_max);
	int32_t batch, most;

	if (high < pcp->batch)
		return 1;
	batch = order ? pcp->batch : pcp->batch << pcp->alloc_factor;
	if (pcp->high_min != pcp->high_max && !zone->below_high)
		high = pcp->high = MIN(high + batch, pcp->high_max);
	if (order)
		return batch;
	most = MAX(high - pcp->count - pcp->batch, pcp->batch);
	if (batch <= most && pcp->alloc_factor < PCP_BATCH_SCALE_MAX)
		pcp->alloc_factor++;
	return MIN(batch, most);
}

/* Up to 6.6; before 5.14 with a free_factor that stays 0. */
static void trim_fixed_high(struct page_allocator *pa, struct zone *zone, struct pcp *pcp,
			    unsigned int order, unsigned int list)
{
	const bool free_high = pcp->free_factor && order && order <= PAGE_COSTLY_ORDER &&
			       !takes_turns(pa);
	int32_t high = pcp->high;
	int32_t batch, most;

	if (pa->profile->pcp == PCP_ORDER_0) {
		if (pcp->count >= high)
			give_back(pa, zone, pcp, pcp->batch, list);
		return;
	}
	if (free_high)
		high = 0;
	else if (high && zone->reclaim_active)
		high = MIN(pcp->batch << 2, high);
	if (pcp->count < high)
		return;
	if (free_high) {
		give_back(pa, zone, pcp, pcp->count, list);
		return;
	}
	if (high < pcp->batch) {
		give_back(pa, zone, pcp, 1, list);
		return;
	}
	most = high - pcp->batch;
	batch = pcp->batch << pcp->free_factor;
	if (batch < most && pcp->free_factor < PCP_BATCH_SCALE_MAX)
		pcp->free_factor++;
	give_back(pa, zone, pcp, clamp(batch, pcp->batch, most), list);
}

/* 6.7 on */
static void trim_auto_high(struct page_allocator *pa, struct zone *zone, struct pcp *pcp,
			   unsigned int order, unsigned int list)
{
	bool free_high;
	int32_t high, count;

	pcp->alloc_factor >>= 1;
	free_high = flushes_high_orders(pa, pcp, order);
	if (pcp->free_count < pcp->batch << PCP_BATCH_SCALE_MAX)
		pcp->free_count += 1 << order;
	high = limit_auto_high(zone, pcp, free_high);
	if (pcp->count < high)
		return;
	count = nr_to_free(pcp, high, free_high);
	if (!pa->profile->trim_in_batches) {
		give_back(pa, zone, pcp, count, list);
	} else {
		/* Each step begins at the freed page's list; large blocks may overshoot it. */
		for (; count > 0 && pcp->count > 0; count -= pcp->batch)
			give_back(pa, zone, pcp, MIN(count, pcp->batch), list);
	}
	if (zone->below_high &&
	    watermark_ok(zone, 0, zone_wmark(zone, ZONE_MARK_HIGH), ZONE_MOVABLE, 0,
			 zone->free_stat))
		zone->below_high = false;
}

/* Frees of orders 1..3 in a row must not pile up. */
static bool flushes_high_orders(const struct page_allocator *pa, struct pcp *pcp,
				unsigned int order)
{
	int32_t bar = pcp->batch;
	bool flush;

	if (!order || order > PAGE_COSTLY_ORDER) {
		pcp->flags &= (uint8_t)~PCP_PREV_FREE_HIGH_ORDER;
		return false;
	}
	if (pa->profile->free_high_over_half_min)
		bar += pcp->high_min / 2;
	flush = pcp->free_count >= bar && (pcp->flags & PCP_PREV_FREE_HIGH_ORDER) &&
		(!(pcp->flags & PCP_FREE_HIGH_BATCH) || pcp->count >= pcp->batch);
	pcp->flags |= PCP_PREV_FREE_HIGH_ORDER;
	return flush;
}

/* nr_pcp_high() of 6.12: the limit in force for this free; moves "high". */
static int32_t limit_auto_high(struct zone *zone, struct pcp *pcp, bool free_high)
{
	const int32_t freed = MAX(pcp->free_count, pcp->batch);
	const int32_t high = pcp->high = clamp(pcp->high, pcp->high_min, pcp->high_max);

	if (!high)
		return 0;
	if (free_high) {
		pcp->high = MAX(high - (pcp->batch << PCP_BATCH_SCALE_MAX), pcp->high_min);
		return 0;
	}
	if (zone->reclaim_active) {
		pcp->high = MAX(high - freed, pcp->high_min);
		return MIN(pcp->batch << 2, pcp->high);
	}
	if (pcp->high_min == pcp->high_max)
		return high;
	if (zone->below_high) {
		pcp->high = MAX(high - freed, pcp->high_min);
		return MAX(pcp->count, pcp->high_min);
	}
	if (pcp->count >= high && pcp->high < pcp->free_count + pcp->batch)
		pcp->high = clamp(pcp->free_count + pcp->batch, pcp->high_min, pcp->high_max);
	return high;
}

/* nr_pcp_free() of 6.12 */
static int32_t nr_to_free(const struct pcp *pcp, int32_t high, bool free_high)
{
	if (free_high)
		return MIN(pcp->count, pcp->batch << PCP_BATCH_SCALE_MAX);
	if (high < pcp->batch)
		return 1;
	return clamp(pcp->free_count, pcp->batch, high - pcp->batch);
}

/* free_pcppages_bulk(): the oldest blocks of "list", then of the next lists, "count" pages. */
static void give_back(struct page_allocator *pa, struct zone *zone, struct pcp *pcp,
		      int32_t count, unsigned int list)
{
	count = MIN(count, pcp->count);
	if (count <= 0)
		return;
	work_free_path(pa, MM_PATH_PCP_DRAIN);
	work_cost(pa, pa->costs.zone_lock);
	pa->stats.pcp_drains++;
	if (unlikely(pa->follow))
		pa->follow->drain(pa->follow_ctx, zone->index, (unsigned int)(pcp - zone->pcps),
				  (unsigned int)count);
	if (takes_turns(pa)) {
		give_back_in_turns(pa, zone, pcp, count);
		return;
	}
	while (count > 0 && pcp->count > 0) {
		uint32_t index = pcp->lists[list].last;

		if (index == PAGE_NIL) {
			list = (list + 1) % PCP_LISTS;
			continue;
		}
		if (unlikely(pa->follow) && !drains_instead(pa, &index))
			return;
		count -= 1 << pa->pages[index].order;
		give_back_one(pa, zone, index);
	}
}

/*
 * free_pcppages_bulk() before 5.18: round and round the lists, one block of each; for every empty
 * list that is passed, one block more of the next.
 */
static void give_back_in_turns(struct page_allocator *pa, struct zone *zone, struct pcp *pcp,
			       int32_t count)
{
	/* 5.15 has huge pages in lists by type, too. Of reclaimable ones there are none. */
	const unsigned int nr_lists =
		pa->profile->pcp == PCP_ORDER_0 ? (unsigned int)PCP_TYPES : PCP_LISTS + 1U;
	unsigned int list = 0;
	int32_t turn = 0;

	while (count > 0 && pcp->count > 0) {
		uint32_t index = PAGE_NIL;

		while (index == PAGE_NIL) {
			turn++;
			list = (list + 1) % nr_lists;
			index = list < PCP_LISTS ? pcp->lists[list].last : PAGE_NIL;
		}
		if (turn == (int32_t)nr_lists)
			turn = count; /* the only one that is not empty */
		do {
			if (unlikely(pa->follow) && !drains_instead(pa, &index))
				return;
			count -= 1 << pa->pages[index].order;
			give_back_one(pa, zone, index);
			index = pcp->lists[list].last;
		} while (count > 0 && --turn && index != PAGE_NIL);
	}
}

/* The block that whoever watches has go back instead; false: none. */
static bool drains_instead(const struct page_allocator *pa, uint32_t *index)
{
	const uint64_t pfn = pa->follow->drained(pa->follow_ctx, pa->base_pfn + *index);

	if (pfn == PAGE_FOLLOW_NONE)
		return false;
	if (pfn != PAGE_FOLLOW_OURS)
		*index = (uint32_t)(pfn - pa->base_pfn);
	return true;
}

static void give_back_one(struct page_allocator *pa, struct zone *zone, uint32_t index)
{
	const struct page *page = &pa->pages[index];
	const unsigned int order = page->order;
	const enum migratetype type =
		pa->profile->lists_follow_pageblocks || zone->apart.nr_isolated ?
			block_type(pa, index) : (enum migratetype)page->type;

	pcp_unlink(pa, index);
	buddy_free_one(pa, zone, index, order, type, false);
	pa->stats.pcp_drain_blocks++;
}

static bool takes_turns(const struct page_allocator *pa)
{
	return pa->profile->pcp <= PCP_IN_TURNS;
}

/* As the kernel's: the upper bound wins when the bounds cross. */
static int32_t clamp(int32_t value, int32_t low, int32_t high)
{
	return MIN(MAX(value, low), high);
}
