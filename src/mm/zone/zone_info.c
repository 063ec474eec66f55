/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading zones: figures, per-CPU lists, pageblocks. Changes nothing. */
#include <config.h>

#include "kmreplay/mm/page_parts.h"

enum { SECTION = 1 << (27 - KERNEL_PAGE_SHIFT) }; /* PAGES_PER_SECTION of x86-64 */

static void add_used(struct zone_block_info *info, enum migratetype type, uint32_t nr);
static bool has_memmap(const struct page_allocator *pa, uint32_t index);
static const struct zone *zone_at(const struct page_allocator *pa, unsigned int index);

unsigned int zone_count(const struct page_allocator *pa)
{
	return pa->nr_zones;
}

void zone_info(const struct page_allocator *pa, unsigned int index, struct zone_info *ret)
{
	const struct zone *zone = zone_at(pa, index);

	*ret = (struct zone_info){
		.node = zone->node,
		.type = zone->type,
		.start_pfn = pa->base_pfn + zone->start,
		.end_pfn = pa->base_pfn + zone->end,
		.present = zone->present,
		.managed = zone->managed,
		.free = zone->free,
		.free_least = MIN(zone->free, zone->free_least),
		.free_stat = (uint64_t)MAX(zone->free_stat, (int64_t)0),
		.free_cma = zone->apart.free_cma,
		.cma_stat = (uint64_t)MAX(zone->apart.cma_stat, (int64_t)0),
		.cma = zone->apart.cma_pages,
		.pcp = zone->managed - zone->used - zone->free - zone->apart.isolated,
		.movable = zone->movable,
		.boost = zone->boost,
		.reserved_highatomic = zone->reserved_highatomic,
		.stat_threshold = (unsigned int)zone->stat_threshold,
	};
	for (size_t i = 0; i < ZONE_MARK_NR; i++)
		ret->mark[i] = zone->mark[i];
	for (size_t i = 0; i < ZONE_NR; i++)
		ret->lowmem_reserve[i] = zone->reserve[i];
	for (size_t o = 0; o < KERNEL_NR_ORDERS; o++) {
		ret->nr_free[o] = zone->area[o].nr_free;
		for (size_t type = 0; type < MIGRATE_NR; type++)
			ret->nr_free_type[o][type] = zone->area[o].lists[type].nr;
	}
}

void zone_pcp_info(const struct page_allocator *pa, unsigned int index, unsigned int cpu,
		   struct zone_pcp_info *ret)
{
	const struct zone *zone = zone_at(pa, index);

	BUG_ON(cpu >= pa->nr_cpus);
	*ret = (struct zone_pcp_info){
		.count = (uint64_t)zone->pcps[cpu].count,
		.high = (unsigned int)zone->pcps[cpu].high,
		.batch = (unsigned int)zone->pcps[cpu].batch,
		.high_min = (unsigned int)zone->pcps[cpu].high_min,
		.high_max = (unsigned int)zone->pcps[cpu].high_max,
	};
}

unsigned int zone_nr_cpus_online(const struct page_allocator *pa)
{
	return pa->nr_online;
}

enum machine_arch zone_arch(const struct page_allocator *pa)
{
	return pa->arch;
}

uint64_t zone_empty_mark(const struct page_allocator *pa, enum zone_type type)
{
	/* What __setup_per_zone_wmarks() gives a zone that has a mark of its own, at the least. */
	if (type == ZONE_HIGHMEM ||
	    (type == ZONE_MOVABLE &&
	     (pa->movable_highmem || pa->profile->movable_own_watermark)))
		return SWAP_CLUSTER_MAX;
	return 0;
}

unsigned int zone_pageblock_order(const struct page_allocator *pa)
{
	return pa->block_order;
}

enum zone_type zone_type_of(const struct page_allocator *pa, uint64_t pfn)
{
	BUG_ON(pfn < pa->base_pfn || pfn - pa->base_pfn >= pa->nr_pages);
	return page_find_zone(pa, (uint32_t)(pfn - pa->base_pfn))->type;
}

bool zone_block_info(const struct page_allocator *pa, uint64_t pfn, struct zone_block_info *ret)
{
	const uint32_t size = block_pages(pa);
	uint32_t start, at, head;
	unsigned int order;

	if (pfn < pa->base_pfn || pfn - pa->base_pfn >= pa->nr_pages)
		return false;
	start = (uint32_t)bits_align_down(pfn - pa->base_pfn, size);
	*ret = (struct zone_block_info){ .type = block_type(pa, start) };
	/* The pageblock may lie inside one larger block, whose head is elsewhere. */
	if (area_find(pa, start, &head, &order) && order >= pa->block_order) {
		ret->free = size;
		return true;
	}
	for (order = pa->block_order; order <= KERNEL_MAX_ORDER; order++) {
		const struct page *page = &pa->pages[bits_align_down(start, 1U << order)];

		if (page->order != order)
			continue;
		if (page->state == PAGE_PCP) {
			ret->pcp = size;
			return true;
		}
		if (page->state == PAGE_USED) {
			add_used(ret, (enum migratetype)page->type, size);
			return true;
		}
	}
	for (at = start; at - start < size;) {
		const struct page *page = &pa->pages[at];
		const uint32_t nr =
			page->state == PAGE_NONE ? 1 : MIN(1U << page->order, start + size - at);

		if (page->state == PAGE_BUDDY)
			ret->free += nr;
		else if (page->state == PAGE_PCP)
			ret->pcp += nr;
		else if (page->state == PAGE_NONE)
			*(page_find_zone(pa, at) ? &ret->unmovable : &ret->outside) += nr;
		else
			add_used(ret, (enum migratetype)page->type, nr);
		at += nr;
	}
	return true;
}

void zone_block_types(const struct page_allocator *pa, unsigned int index,
		      uint64_t ret[MIGRATE_NR])
{
	const struct zone *zone = zone_at(pa, index);
	const uint32_t size = block_pages(pa);

	for (size_t type = 0; type < MIGRATE_NR; type++)
		ret[type] = 0;
	/* From the zone's first page on, which need not begin a pageblock. */
	for (uint64_t at = zone->start; at < zone->end; at += size) {
		if (has_memmap(pa, (uint32_t)at))
			ret[block_type(pa, (uint32_t)at)]++;
	}
}

static void add_used(struct zone_block_info *info, enum migratetype type, uint32_t nr)
{
	*(type == MIGRATE_MOVABLE ? &info->movable : &info->unmovable) += nr;
	if (type == MIGRATE_RECLAIMABLE)
		info->reclaimable += nr;
}

/* The kernel describes memory by sections, with the holes in them (SPARSEMEM). */
static bool has_memmap(const struct page_allocator *pa, uint32_t index)
{
	const uint64_t pfn = bits_align_down(pa->base_pfn + index, SECTION);
	const uint64_t end = pfn + SECTION;

	vec_foreach(&pa->ranges, range) {
		if (pa->base_pfn + range->start < end && pa->base_pfn + range->end > pfn)
			return true;
	}
	return false;
}

static const struct zone *zone_at(const struct page_allocator *pa, unsigned int index)
{
	BUG_ON(index >= pa->nr_zones);
	return &pa->zones[index];
}
