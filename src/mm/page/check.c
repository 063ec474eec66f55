/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The invariants of the page allocator, verified from the ground up: every list is walked in both
 * directions, then all memory block by block, and what both say has to agree with the counters.
 */
#include <config.h>

#include "kmreplay/mm/page_parts.h"

/* What a walk over memory found, to be compared with a zone's counters. */
struct tally {
	uint64_t nr_free[KERNEL_NR_ORDERS];
	uint64_t free, pcp, used, movable;
};

static bool check_zone_lists(const struct page_allocator *pa, const struct zone *zone,
			     struct error *err);
static bool check_free_list(const struct page_allocator *pa, const struct zone *zone,
			    unsigned int order, enum migratetype type, struct error *err);
static bool check_pcp(const struct page_allocator *pa, const struct zone *zone, unsigned int cpu,
		      struct error *err);
static bool check_memory(const struct page_allocator *pa, struct tally *tallies,
			 struct error *err);
static bool check_merged(const struct page_allocator *pa, uint32_t index, unsigned int order,
			 struct error *err);
static bool check_tally(const struct zone *zone, const struct tally *tally, struct error *err);
static bool check_reserve(const struct page_allocator *pa, const struct zone *zone,
			  struct error *err);

bool page_check(const struct page_allocator *pa, struct error *err)
{
	struct tally *tallies CLEANUP(cleanup_free) = xcalloc(pa->nr_zones, sizeof(*tallies));

	if (!page_check_quick(pa, err))
		return false;
	for (unsigned int i = 0; i < pa->nr_zones; i++) {
		if (!check_zone_lists(pa, &pa->zones[i], err))
			return false;
	}
	if (!page_check_limits(pa, err) || !check_memory(pa, tallies, err))
		return false;
	for (unsigned int i = 0; i < pa->nr_zones; i++) {
		if (!check_tally(&pa->zones[i], &tallies[i], err) ||
		    !check_reserve(pa, &pa->zones[i], err))
			return false;
	}
	return block_map_check(pa, err);
}

bool page_check_quick(const struct page_allocator *pa, struct error *err)
{
	for (unsigned int i = 0; i < pa->nr_zones; i++) {
		const struct zone *zone = &pa->zones[i];
		int64_t diffs = 0, cma_diffs = 0;
		uint64_t pcp = 0, nr_free = 0;

		for (unsigned int cpu = 0; cpu < pa->nr_cpus; cpu++) {
			diffs += zone->pcps[cpu].stat_diff;
			cma_diffs += zone->pcps[cpu].cma_diff;
			pcp += (uint64_t)zone->pcps[cpu].count;
			if (zone->pcps[cpu].count < 0)
				return error_set(err, "zone %u: negative per-CPU count on CPU %u",
						 i, cpu);
		}
		for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++)
			nr_free += (uint64_t)zone->area[o].nr_free << o;
		if (nr_free != zone->free + zone->apart.isolated ||
		    zone->free_stat + diffs != (int64_t)zone->free)
			return error_set(err, "zone %u: %lu pages free, lists hold %lu, "
					 "statistics say %ld", i, (unsigned long)zone->free,
					 (unsigned long)nr_free, (long)(zone->free_stat + diffs));
		if (zone->apart.cma_stat + cma_diffs != (int64_t)zone->apart.free_cma ||
		    zone->apart.free_cma > zone->free || zone->apart.cma_pages > zone->managed)
			return error_set(err, "zone %u: %lu pages of CMA areas free, statistics "
					 "say %ld of %lu", i, (unsigned long)zone->apart.free_cma,
					 (long)(zone->apart.cma_stat + cma_diffs),
					 (unsigned long)zone->apart.cma_pages);
		if (zone->free + zone->apart.isolated + zone->used + pcp != zone->managed)
			return error_set(err, "zone %u: %lu free, %lu used and %lu per-CPU pages "
					 "are not %lu", i, (unsigned long)zone->free,
					 (unsigned long)zone->used, (unsigned long)pcp,
					 (unsigned long)zone->managed);
	}
	return true;
}

static bool check_zone_lists(const struct page_allocator *pa, const struct zone *zone,
			     struct error *err)
{
	uint64_t highatomic = 0, cma = 0, isolated = 0;

	for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++) {
		uint64_t nr = 0;

		for (unsigned int type = 0; type < MIGRATE_NR; type++) {
			if (!check_free_list(pa, zone, o, (enum migratetype)type, err))
				return false;
			nr += zone->area[o].lists[type].nr;
		}
		if (nr != zone->area[o].nr_free)
			return error_set(err, "zone %u order %u: lists hold %lu blocks of %u",
					 zone->index, o, (unsigned long)nr, zone->area[o].nr_free);
		highatomic += (uint64_t)zone->area[o].lists[MIGRATE_HIGHATOMIC].nr << o;
		cma += (uint64_t)zone->area[o].lists[MIGRATE_CMA].nr << o;
		isolated += (uint64_t)zone->area[o].lists[MIGRATE_ISOLATE].nr << o;
	}
	if (highatomic != zone->free_highatomic)
		return error_set(err, "zone %u: %lu free HIGHATOMIC pages counted as %lu",
				 zone->index, (unsigned long)highatomic,
				 (unsigned long)zone->free_highatomic);
	if (cma != zone->apart.free_cma || isolated != zone->apart.isolated ||
	    (isolated && !zone->apart.nr_isolated))
		return error_set(err, "zone %u: %lu free CMA and %lu isolated pages counted as "
				 "%lu and %lu", zone->index, (unsigned long)cma,
				 (unsigned long)isolated, (unsigned long)zone->apart.free_cma,
				 (unsigned long)zone->apart.isolated);
	for (unsigned int cpu = 0; cpu < pa->nr_cpus; cpu++) {
		if (!check_pcp(pa, zone, cpu, err))
			return false;
	}
	return true;
}

static bool check_free_list(const struct page_allocator *pa, const struct zone *zone,
			    unsigned int order, enum migratetype type, struct error *err)
{
	const struct free_list *list = &zone->area[order].lists[type];
	const bool top = order == KERNEL_MAX_ORDER;
	uint32_t prev = PAGE_NIL;
	uint32_t nr = 0;

	for (uint32_t at = list->first; at != PAGE_NIL; nr++) {
		const struct page_link *link = page_link(pa, at, top);
		const uint8_t kept = top ? pa->tops[at >> KERNEL_MAX_ORDER].type :
					   pa->pages[at].type;
		const uint16_t in = top ? pa->tops[at >> KERNEL_MAX_ORDER].zone :
					  pa->pages[at].zone;

		if (nr >= list->nr || at >= pa->nr_pages || !area_has(pa, at, order) ||
		    link->prev != prev || kept != type || in != zone->index)
			return error_set(err, "zone %u order %u type %u: list broken at page %u",
					 zone->index, order, type, at);
		if (pa->profile->lists_follow_pageblocks && block_type(pa, at) != type)
			return error_set(err, "zone %u order %u: page %u of a %s block is on "
					 "the %s list", zone->index, order, at,
					 migratetype_name(block_type(pa, at)),
					 migratetype_name(type));
		prev = at;
		at = link->next;
	}
	if (nr != list->nr || list->last != prev)
		return error_set(err, "zone %u order %u type %u: list of %u ends after %u",
				 zone->index, order, type, list->nr, nr);
	return true;
}

static bool check_pcp(const struct page_allocator *pa, const struct zone *zone, unsigned int cpu,
		      struct error *err)
{
	const struct pcp *pcp = &zone->pcps[cpu];
	int64_t pages = 0;

	for (unsigned int i = 0; i < PCP_LISTS; i++) {
		const struct free_list *list = &pcp->lists[i];
		uint32_t prev = PAGE_NIL;
		uint32_t nr = 0;

		for (uint32_t at = list->first; at != PAGE_NIL; nr++) {
			const struct page *page = &pa->pages[at];

			if (nr >= list->nr || page->state != PAGE_PCP || page->pcp_list != i ||
			    page->cpu != cpu || page->zone != zone->index ||
			    page->link.prev != prev)
				return error_set(err, "zone %u CPU %u list %u: broken at page %u",
						 zone->index, cpu, i, at);
			pages += 1LL << page->order;
			prev = at;
			at = page->link.next;
		}
		if (nr != list->nr || list->last != prev)
			return error_set(err, "zone %u CPU %u list %u: %u blocks, counted %u",
					 zone->index, cpu, i, nr, list->nr);
	}
	if (pages != pcp->count)
		return error_set(err, "zone %u CPU %u: lists hold %ld pages of %d", zone->index,
				 cpu, (long)pages, pcp->count);
	return true;
}

/* Block by block: no two overlap, each lies in its zone, free ones are as large as can be. */
static bool check_memory(const struct page_allocator *pa, struct tally *tallies,
			 struct error *err)
{
	for (uint64_t at = 0; at < pa->nr_pages;) {
		const struct top_block *top = &pa->tops[at >> KERNEL_MAX_ORDER];
		const bool whole = top->free && !(at & ((1U << KERNEL_MAX_ORDER) - 1));
		const struct page *page = &pa->pages[at];
		const unsigned int order = whole ? KERNEL_MAX_ORDER : page->order;
		const unsigned int state = whole ? PAGE_BUDDY : page->state;
		const uint16_t zone = whole ? top->zone : page->zone;
		struct tally *tally = &tallies[zone < pa->nr_zones ? zone : 0];

		if (state == PAGE_NONE) {
			at++;
			continue;
		}
		if (zone >= pa->nr_zones || order > KERNEL_MAX_ORDER ||
		    (at & ((1ULL << order) - 1)) || at < pa->zones[zone].start ||
		    at + (1ULL << order) > pa->zones[zone].end)
			return error_set(err, "block of order %u at page %lu lies askew", order,
					 (unsigned long)at);
		if (page_find_zone(pa, (uint32_t)at) != &pa->zones[zone] ||
		    page_memory_in(pa, (uint32_t)at, (uint32_t)(at + (1ULL << order))) !=
			    1U << order)
			return error_set(err, "block of order %u at page %lu is not memory of "
					 "zone %u", order, (unsigned long)at, zone);
		for (uint64_t i = 1; i < 1ULL << order; i++) {
			if (pa->pages[at + i].state != PAGE_NONE)
				return error_set(err, "page %lu is inside the block at %lu and "
						 "heads its own", (unsigned long)(at + i),
						 (unsigned long)at);
		}
		if (state == PAGE_BUDDY && !check_merged(pa, (uint32_t)at, order, err))
			return false;
		if (state == PAGE_BUDDY)
			tally->nr_free[order]++;
		tally->free += state == PAGE_BUDDY ? 1ULL << order : 0;
		tally->pcp += state == PAGE_PCP ? 1ULL << order : 0;
		tally->used += state == PAGE_USED ? 1ULL << order : 0;
		if (state == PAGE_USED && page->type == MIGRATE_MOVABLE)
			tally->movable += 1ULL << order;
		at += 1ULL << order;
	}
	return true;
}

static bool check_merged(const struct page_allocator *pa, uint32_t index, unsigned int order,
			 struct error *err)
{
	const uint32_t buddy = index ^ (1U << order);
	bool apart;

	if (order == KERNEL_MAX_ORDER || !area_has(pa, buddy, order) ||
	    pa->pages[buddy].zone != pa->pages[index].zone)
		return true;
	apart = order >= pa->block_order && block_type(pa, index) != block_type(pa, buddy) &&
		!(type_is_mergeable(block_type(pa, index)) &&
		  type_is_mergeable(block_type(pa, buddy)));
	/*
	 * A reserved pageblock keeps its neighbour apart, and nobody merges the two when the
	 * reserve is given back (nor does the kernel): such a pair of pageblocks is legal.
	 */
	if (apart || order >= pa->block_order)
		return true;
	return error_set(err, "free buddies of order %u at pages %u and %u are not merged", order,
			 index, buddy);
}

static bool check_tally(const struct zone *zone, const struct tally *tally, struct error *err)
{
	for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++) {
		if (tally->nr_free[o] != zone->area[o].nr_free)
			return error_set(err, "zone %u order %u: %lu free blocks in memory, %u on "
					 "lists", zone->index, o, (unsigned long)tally->nr_free[o],
					 zone->area[o].nr_free);
	}
	if (tally->used + zone->unknown != zone->used || tally->movable != zone->movable ||
	    tally->free != zone->free + zone->apart.isolated ||
	    tally->pcp != zone->managed - zone->used - zone->free - zone->apart.isolated)
		return error_set(err, "zone %u: memory holds %lu used pages (%lu movable), %lu "
				 "free, %lu per-CPU; counted %lu (%lu), %lu", zone->index,
				 (unsigned long)(tally->used + zone->unknown),
				 (unsigned long)tally->movable,
				 (unsigned long)tally->free, (unsigned long)tally->pcp,
				 (unsigned long)zone->used, (unsigned long)zone->movable,
				 (unsigned long)zone->free);
	return true;
}

/* What is set aside is what lies in HIGHATOMIC pageblocks, where these keep to themselves. */
static bool check_reserve(const struct page_allocator *pa, const struct zone *zone,
			  struct error *err)
{
	const uint32_t block = block_pages(pa);
	uint64_t pages = 0;

	if (pa->profile->merges_reserved || zone->start % block || zone->end % block)
		return true;
	for (uint32_t at = zone->start; at < zone->end; at += block)
		pages += block_type(pa, at) == MIGRATE_HIGHATOMIC ? block : 0;
	if (pages != zone->reserved_highatomic)
		return error_set(err, "zone %u: %lu pages of HIGHATOMIC blocks, counted %lu",
				 zone->index, (unsigned long)pages,
				 (unsigned long)zone->reserved_highatomic);
	return true;
}
