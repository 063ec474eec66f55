/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory as a machine finds it when it starts: all of it free, or as page_start.h describes it.
 *
 * Theory. Which frames are free determines the blocks, and blocks of one list that came from boot
 * stand in ascending order; so free runs are cut into the largest blocks that alignment allows,
 * from the bottom up, each to its list's tail (as __free_memory_core() does); HighMem, which older
 * kernels free page by page, comes out the other way round. What is in use has no
 * blocks: of memory whose owner nobody knows there is only a count for each zone. A frame is such
 * memory if it lies in a range and inside no block; so adopting some costs a look at its frames,
 * and all the rest costs nothing, however large the machine.
 *
 * Mirrors __free_pages_memory(), deferred_free_pages() and adjust_managed_page_count().
 */
#include <config.h>

#include "kmreplay/mm/page_start.h"

#include "kmreplay/mm/page_parts.h"

/* Goes along page_start.lists. */
struct list_types {
	const struct page_start *start; /* NULL: all lists are of their pageblock's type */
	size_t at;
};

static void add_range(struct page_allocator *pa, const struct machine_range *range);
static struct zone *zone_of(struct page_allocator *pa, int node, uint32_t index);
static void set_block_types(struct page_allocator *pa, const struct page_start *start);
static void free_runs(struct page_allocator *pa, const struct page_start *start);
static void free_run(struct page_allocator *pa, const struct page_range *range, uint32_t at,
		     uint32_t end, struct list_types *lists);
static bool is_of_one_type(const struct page_allocator *pa, uint32_t index, unsigned int order);
static enum migratetype list_type(const struct page_allocator *pa, struct list_types *lists,
				  uint32_t index);
static void fill_pcp(struct page_allocator *pa, const struct page_start *start);
static void count_used(struct page_allocator *pa, const struct page_start *start);
static void keep_reserved(struct page_allocator *pa, const struct page_start *start);
static uint64_t reserved_in(const struct page_allocator *pa, uint32_t start, uint32_t end);
static struct zone *zone_named(struct page_allocator *pa, int node, enum zone_type type);
static void count_apart(struct page_allocator *pa);
static const struct page_range *range_of(const struct page_allocator *pa, uint32_t index);
static bool is_covered(const struct page_allocator *pa, uint32_t index, unsigned int order);
static void make_managed(struct page_allocator *pa, struct zone *zone, uint64_t nr);

void page_start_init(struct page_start *start)
{
	*start = (struct page_start){ .early = false };
}

void page_start_deinit(struct page_start *start)
{
	vec_deinit(&start->free);
	vec_deinit(&start->blocks);
	vec_deinit(&start->lists);
	vec_deinit(&start->pcp);
	vec_deinit(&start->reserved);
	vec_deinit(&start->zones);
	vec_deinit(&start->limits);
}

void page_start_add_free(struct page_start *start, uint64_t from, uint64_t to)
{
	struct page_start_run *last =
		start->free.nr ? &start->free.items[start->free.nr - 1] : NULL;

	if (from >= to)
		return;
	BUG_ON(last && from < last->end);
	if (last && from == last->end)
		last->end = to;
	else
		vec_push(&start->free, (struct page_start_run){ .start = from, .end = to });
}

bool page_is_unknown(const struct page_allocator *pa, uint64_t pfn, unsigned int order)
{
	const uint64_t index = pfn - pa->base_pfn;
	const struct page_range *range;

	if (order > KERNEL_MAX_ORDER || pfn < pa->base_pfn || index >= pa->nr_pages ||
	    (index & ((1ULL << order) - 1)))
		return false;
	range = range_of(pa, (uint32_t)index);
	return range && index + (1ULL << order) <= range->end &&
	       !is_covered(pa, (uint32_t)index, order);
}

bool page_adopt(struct page_allocator *pa, uint64_t pfn, unsigned int order,
		enum migratetype type)
{
	const uint32_t index = (uint32_t)(pfn - pa->base_pfn);
	const uint64_t nr = 1ULL << order;
	struct zone *zone;

	if (!page_is_unknown(pa, pfn, order))
		return false;
	zone = page_find_zone(pa, index);
	/* Reserved memory that is used like any other was handed over without a word. */
	make_managed(pa, zone, reserved_in(pa, index, index + (uint32_t)nr));
	if (zone->unknown < nr)
		make_managed(pa, zone, nr - zone->unknown);
	zone->unknown -= nr;
	zone->used -= nr;
	if (unlikely(pa->block_map))
		block_map_used(pa->block_map, index, order, MIGRATE_UNMOVABLE, true);
	page_set_used(pa, zone, index, order, type);
	return true;
}

void page_manage(struct page_allocator *pa, uint64_t pfn, uint64_t nr)
{
	BUG_ON(pfn < pa->base_pfn || pfn - pa->base_pfn >= pa->nr_pages);
	make_managed(pa, page_find_zone(pa, (uint32_t)(pfn - pa->base_pfn)), nr);
	if (pa->profile->reserves_follow_managed)
		watermarks_reserves(pa);
}

bool page_boot_free(struct page_allocator *pa, uint64_t pfn, unsigned int order)
{
	const uint32_t index = (uint32_t)(pfn - pa->base_pfn);
	const uint32_t block = block_pages(pa);
	const uint64_t nr = 1ULL << order;
	struct zone *zone;

	if (!page_is_unknown(pa, pfn, order))
		return false;
	zone = page_find_zone(pa, index);
	if (zone->present - zone->managed >= nr || zone->unknown < nr)
		make_managed(pa, zone, nr);
	zone->unknown -= nr;
	zone->used -= nr;
	if (unlikely(pa->block_map))
		block_map_used(pa->block_map, index, order, MIGRATE_UNMOVABLE, true);
	for (uint64_t at = bits_align_up(index, block); at < index + nr; at += block)
		block_set_type(pa, (uint32_t)at, 0, MIGRATE_MOVABLE);
	buddy_free(pa, zone, index, order, true);
	return true;
}

bool page_start_build(struct page_allocator *pa, const struct machine_config *config,
		      struct error *err)
{
	for (size_t i = 0; i < config->ranges.nr; i++)
		add_range(pa, &config->ranges.items[i]);
	if (!cma_create(pa, config, err))
		return false;
	/* In early boot nobody knows of areas yet: see cma_init_block(). */
	if (!config->start || !config->start->early)
		cma_set_types(pa);
	if (config->start) {
		set_block_types(pa, config->start);
		free_runs(pa, config->start);
		fill_pcp(pa, config->start);
	} else {
		vec_foreach(&pa->ranges, range)
			free_run(pa, range, range->start, range->end, &(struct list_types){ 0 });
	}
	if (config->start || pa->cma.nr)
		count_apart(pa);
	count_used(pa, config->start);
	if (config->start)
		keep_reserved(pa, config->start);
	return true;
}

struct zone *page_find_zone(const struct page_allocator *pa, uint32_t index)
{
	const struct page_range *range = range_of(pa, index);

	return range ? &pa->zones[range->zone] : NULL;
}

uint32_t page_memory_in(const struct page_allocator *pa, uint32_t start, uint32_t end)
{
	uint32_t nr = 0;

	while (start < end) {
		const struct page_range *range = range_of(pa, start);

		if (!range) {
			start++;
			continue;
		}
		nr += MIN(end, range->end) - start;
		start = MIN(end, range->end);
	}
	return nr;
}

/* A range may reach across zones: each gets its part. */
static void add_range(struct page_allocator *pa, const struct machine_range *range)
{
	uint32_t at = (uint32_t)(range->start - pa->base_pfn);
	const uint32_t end = (uint32_t)(range->end - pa->base_pfn);

	while (at < end) {
		struct zone *zone = zone_of(pa, range->node, at);
		const uint32_t to = MIN(end, zone->end);

		vec_push(&pa->ranges, (struct page_range){
					      .start = at,
					      .end = to,
					      .zone = zone->index,
				      });
		zone->present += to - at;
		at = to;
	}
}

static struct zone *zone_of(struct page_allocator *pa, int node, uint32_t index)
{
	const struct node *nd = &pa->nodes[node];

	for (uint32_t i = 0; i < nd->nr_own; i++) {
		struct zone *zone = &pa->zones[nd->zonelist[i]];

		if (index >= zone->start && index < zone->end)
			return zone;
	}
	BUG_ON(true);
}

static void set_block_types(struct page_allocator *pa, const struct page_start *start)
{
	vec_foreach(&start->blocks, block) {
		const uint64_t index = block->pfn - pa->base_pfn;

		if (block->pfn >= pa->base_pfn && index < pa->nr_pages)
			block_set_type(pa, (uint32_t)index, 0, (enum migratetype)block->type);
	}
}

/* What the runs and the machine's ranges have in common; both ascend. */
static void free_runs(struct page_allocator *pa, const struct page_start *start)
{
	struct list_types lists = { .start = start };
	size_t at = 0;

	vec_foreach(&pa->ranges, range) {
		const uint64_t from = pa->base_pfn + range->start;
		const uint64_t to = pa->base_pfn + range->end;

		while (at < start->free.nr && start->free.items[at].end <= from)
			at++;
		for (size_t i = at; i < start->free.nr && start->free.items[i].start < to; i++) {
			const struct page_start_run *run = &start->free.items[i];

			free_run(pa, range, (uint32_t)(MAX(run->start, from) - pa->base_pfn),
				 (uint32_t)(MIN(run->end, to) - pa->base_pfn), &lists);
		}
	}
}

static void free_run(struct page_allocator *pa, const struct page_range *range, uint32_t at,
		     uint32_t end, struct list_types *lists)
{
	struct zone *zone = &pa->zones[range->zone];
	const bool to_tail = !pa->profile->boots_to_head &&
			     (zone->type != ZONE_HIGHMEM || !pa->profile->highmem_one_by_one);

	while (at < end) {
		unsigned int order = MIN(bits_ctz(at), (unsigned int)KERNEL_MAX_ORDER);

		while ((uint64_t)at + (1ULL << order) > end)
			order--;
		while (order > pa->block_order && !is_of_one_type(pa, at, order))
			order--;
		buddy_free_one(pa, zone, at, order, list_type(pa, lists, at), to_tail);
		at += 1U << order;
	}
}

static bool is_of_one_type(const struct page_allocator *pa, uint32_t index, unsigned int order)
{
	for (uint32_t at = index; at < index + (1U << order); at += block_pages(pa)) {
		if (block_type(pa, at) != block_type(pa, index))
			return false;
	}
	return true;
}

static enum migratetype list_type(const struct page_allocator *pa, struct list_types *lists,
				  uint32_t index)
{
	const struct page_start *start = lists->start;

	while (start && lists->at < start->lists.nr &&
	       start->lists.items[lists->at].pfn < pa->base_pfn + index)
		lists->at++;
	if (start && lists->at < start->lists.nr &&
	    start->lists.items[lists->at].pfn == pa->base_pfn + index)
		return (enum migratetype)start->lists.items[lists->at].type;
	return block_type(pa, index);
}

/* What this machine keeps no such list for is free like all the rest. */
static void fill_pcp(struct page_allocator *pa, const struct page_start *start)
{
	vec_foreach(&start->pcp, block) {
		const uint32_t index = (uint32_t)(block->pfn - pa->base_pfn);

		if (!page_is_unknown(pa, block->pfn, block->order))
			continue;
		if (pa->pcp_enabled && block->cpu < pa->nr_cpus &&
		    order_has_pcp(pa, block->order) &&
		    type_is_mergeable((enum migratetype)block->type))
			pcp_add(pa, page_find_zone(pa, index), block->cpu, index, block->order,
				(enum migratetype)block->type);
		else
			buddy_free(pa, page_find_zone(pa, index), index, block->order, true);
	}
}

/* All that is managed and not free is in use. */
static void count_used(struct page_allocator *pa, const struct page_start *start)
{
	for (unsigned int i = 0; i < pa->nr_zones; i++)
		pa->zones[i].managed = pa->zones[i].present;
	for (size_t i = 0; start && i < start->zones.nr; i++) {
		const struct page_start_zone *given = &start->zones.items[i];
		struct zone *zone = zone_named(pa, given->node, given->type);

		if (zone && given->managed)
			zone->managed = MIN(given->managed, zone->present);
	}
	for (unsigned int i = 0; i < pa->nr_zones; i++) {
		struct zone *zone = &pa->zones[i];
		uint64_t nr_free = zone->free;

		for (unsigned int cpu = 0; cpu < pa->nr_cpus; cpu++)
			nr_free += (uint64_t)zone->pcps[cpu].count;
		zone->managed = MAX(zone->managed, nr_free);
		zone->used = zone->unknown = zone->managed - nr_free;
		pa->total += zone->managed;
		/* Booked by the boot CPU before differences were kept. */
		zone->free_stat = (int64_t)zone->free;
		zone->pcps[0].stat_diff = 0;
	}
}

static void keep_reserved(struct page_allocator *pa, const struct page_start *start)
{
	vec_foreach(&start->reserved, run) {
		const uint64_t from = MAX(run->start, pa->base_pfn);
		const uint64_t to = MIN(run->end, pa->base_pfn + pa->nr_pages);

		if (from < to)
			vec_push(&pa->reserved,
				 (struct page_range){ .start = (uint32_t)(from - pa->base_pfn),
						      .end = (uint32_t)(to - pa->base_pfn) });
	}
}

/* Each frame is asked for once: when it gets an owner. */
static uint64_t reserved_in(const struct page_allocator *pa, uint32_t start, uint32_t end)
{
	size_t low = 0, high = pa->reserved.nr;
	uint64_t nr = 0;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (pa->reserved.items[mid].end <= start)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < pa->reserved.nr && pa->reserved.items[low].start < end; low++)
		nr += MIN(pa->reserved.items[low].end, end) -
		      MAX(pa->reserved.items[low].start, start);
	return nr;
}

/* NULL: this machine has no such zone. */
static struct zone *zone_named(struct page_allocator *pa, int node, enum zone_type type)
{
	for (unsigned int i = 0; i < pa->nr_zones; i++) {
		if (pa->zones[i].node == node && pa->zones[i].type == type)
			return &pa->zones[i];
	}
	return NULL;
}

/* Pageblocks of types set aside. */
static void count_apart(struct page_allocator *pa)
{
	vec_foreach(&pa->ranges, range) {
		struct zone *zone = &pa->zones[range->zone];
		const uint32_t block = block_pages(pa);

		for (uint64_t at = bits_align_down(range->start, block); at < range->end;
		     at += block) {
			const enum migratetype type = block_type(pa, (uint32_t)at);

			if (type == MIGRATE_HIGHATOMIC)
				zone->reserved_highatomic += block;
			else if (type == MIGRATE_CMA)
				zone->apart.cma_pages += MIN(at + block, range->end) -
						   MAX(at, range->start);
		}
	}
}

/* The range that "index" lies in; NULL: none. */
static const struct page_range *range_of(const struct page_allocator *pa, uint32_t index)
{
	size_t low = 0, high = pa->ranges.nr;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (pa->ranges.items[mid].end <= index)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == pa->ranges.nr || pa->ranges.items[low].start > index)
		return NULL;
	return &pa->ranges.items[low];
}

/* Some block, free or in use, has frames of [index, index + 2^order). */
static bool is_covered(const struct page_allocator *pa, uint32_t index, unsigned int order)
{
	if (pa->tops[index >> KERNEL_MAX_ORDER].free)
		return true;
	for (unsigned int o = order; o <= KERNEL_MAX_ORDER; o++) {
		const struct page *page = &pa->pages[bits_align_down(index, 1U << o)];

		if (page->state != PAGE_NONE && page->order >= o)
			return true;
	}
	for (uint32_t i = 0; i < 1U << order; i++) {
		if (pa->pages[index + i].state != PAGE_NONE)
			return true;
	}
	return false;
}

static void make_managed(struct page_allocator *pa, struct zone *zone, uint64_t nr)
{
	zone->managed += nr;
	zone->used += nr;
	zone->unknown += nr;
	pa->total += nr;
}
