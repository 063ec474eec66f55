/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following recorded decisions: what page_follow.h offers.
 *
 * Theory. A decision of ours that agrees with the recording is left to take its course. One that
 * does not is corrected by bringing the block that the kernel took to the place where it must have
 * been, from wherever ours is: another list, another block's middle, in use by somebody. All of
 * that goes through seize(), after which a block belongs to nobody (PAGE_NONE) and is on no list.
 */
#include <config.h>

#include "kmreplay/mm/page_follow.h"

#include "kmreplay/mm/page_parts.h"
#include "kmreplay/mm/page_start.h"

static void pass_over(struct page_allocator *pa, struct zone *zone, uint32_t index);
static void put_back(struct page_allocator *pa, struct zone *zone, uint32_t index,
		     unsigned int order, enum migratetype type);
static enum page_place take_there(struct page_allocator *pa, struct zone *zone, uint32_t index,
				  unsigned int order, enum migratetype type);
static bool index_of(const struct page_allocator *pa, uint64_t pfn, unsigned int order,
		     uint32_t *ret);
static bool lies_in(const struct page_allocator *pa, const struct zone *zone, uint32_t index,
		    unsigned int order);
static bool find_head(const struct page_allocator *pa, uint32_t index, uint32_t *head);
static struct zone *zone_around(const struct page_allocator *pa, uint32_t index);
static bool all_ours(const struct page_allocator *pa, uint32_t index, unsigned int order);
static enum page_place seize(struct page_allocator *pa, uint32_t index, unsigned int order);
static void seize_parts(struct page_allocator *pa, uint32_t index, unsigned int order);
static void halve(struct page_allocator *pa, uint32_t head);

const char *page_place_name(enum page_place place)
{
	static const char *const names[] = {
#define X(suffix, name) [PAGE_PLACE_##suffix] = (name),
		PAGE_PLACES(X)
#undef X
	};

	return (unsigned int)place < ARRAY_SIZE(names) ? names[place] : "?";
}

void page_follow(struct page_allocator *pa, const struct page_follow *follow, void *ctx)
{
	pa->follow = follow;
	pa->follow_ctx = ctx;
}

uint32_t follow_take(struct page_allocator *pa, struct zone *zone, unsigned int order,
		     enum migratetype type, unsigned int alloc_flags, enum rmqueue_mode *mode)
{
	uint32_t first = rmqueue_first(zone, order, type, alloc_flags, *mode);
	const struct page_take take = {
		.zone = zone->index,
		.order = order,
		.type = type,
		.smallest = first == PAGE_NIL ? PAGE_FOLLOW_NONE : pa->base_pfn + first,
		.possible = rmqueue_possible(pa, zone, order, type, alloc_flags),
	};
	const uint64_t want = pa->follow->take(pa->follow_ctx, &take);
	uint32_t ours, truth;
	enum page_place place;

	first = rmqueue_first(zone, order, type, alloc_flags, *mode);
	ours = first;

	if (want == PAGE_FOLLOW_NONE)
		return PAGE_NIL;
	truth = want == PAGE_FOLLOW_OURS ? PAGE_NIL : (uint32_t)(want - pa->base_pfn);
	if (truth == PAGE_NIL || first == PAGE_NIL || first == truth)
		ours = rmqueue_one(pa, zone, order, type, alloc_flags, mode);
	if (truth == PAGE_NIL || ours == truth) {
		pa->follow->taken(pa->follow_ctx, ours == PAGE_NIL ? PAGE_FOLLOW_NONE :
								     pa->base_pfn + ours,
				  PAGE_PLACE_OURS);
		return ours;
	}
	if (first == PAGE_NIL && ours != PAGE_NIL)
		put_back(pa, zone, ours, order, type);
	if (first != PAGE_NIL)
		pass_over(pa, zone, first);
	place = PAGE_PLACE_OUTSIDE;
	if (index_of(pa, want, order, &truth) && lies_in(pa, zone, truth, order))
		place = take_there(pa, zone, truth, order, type);
	pa->follow->taken(pa->follow_ctx,
			  ours == PAGE_NIL ? PAGE_FOLLOW_NONE : pa->base_pfn + ours, place);
	return place == PAGE_PLACE_OUTSIDE ? PAGE_NIL : truth;
}

uint64_t page_follow_smallest(const struct page_allocator *pa, unsigned int zone,
			      unsigned int order, enum migratetype type)
{
	const uint32_t index = rmqueue_first(&pa->zones[zone], order, type, 0, RMQUEUE_NORMAL);

	return index == PAGE_NIL ? PAGE_FOLLOW_NONE : pa->base_pfn + index;
}

void page_follow_find(const struct page_allocator *pa, uint64_t pfn, struct page_where *ret)
{
	const struct zone *zone;
	uint32_t index, head;

	*ret = (struct page_where){ .place = PAGE_PLACE_OUTSIDE };
	if (!index_of(pa, pfn, 0, &index))
		return;
	if (area_find(pa, index, &head, &ret->order)) {
		ret->place = PAGE_PLACE_LISTS;
		ret->zone = area_zone(pa, head, ret->order)->index;
		ret->type = area_type(pa, head, ret->order);
	} else if (find_head(pa, index, &head)) {
		const struct page *page = &pa->pages[head];

		ret->place = page->state == PAGE_PCP ? PAGE_PLACE_OTHER_LIST : PAGE_PLACE_USED;
		ret->order = page->order;
		ret->zone = page->zone;
		ret->type = (enum migratetype)page->type;
		if (page->state == PAGE_PCP && !type_is_mergeable(ret->type))
			ret->type = MIGRATE_MOVABLE; /* they wait among those */
		ret->cpu = page->cpu;
	} else {
		zone = zone_around(pa, index);
		if (!zone || !page_is_unknown(pa, pfn, 0))
			return;
		ret->place = PAGE_PLACE_UNKNOWN;
		ret->zone = zone->index;
		return;
	}
	ret->head = pa->base_pfn + head;
}

uint64_t page_follow_head(const struct page_allocator *pa, const struct page_list *list)
{
	const uint32_t first = pa->zones[list->zone].pcps[list->cpu]
				       .lists[pcp_list_of(list->order, list->type)].first;

	return first == PAGE_NIL ? PAGE_FOLLOW_NONE : pa->base_pfn + first;
}

uint64_t page_follow_next(const struct page_allocator *pa, uint64_t pfn)
{
	const uint32_t next = pa->pages[pfn - pa->base_pfn].link.next;

	return next == PAGE_NIL ? PAGE_FOLLOW_NONE : pa->base_pfn + next;
}

enum page_place page_follow_push(struct page_allocator *pa, const struct page_list *list,
				 uint64_t pfn)
{
	struct zone *zone = &pa->zones[list->zone];
	struct page_where where;
	enum page_place place;
	uint32_t index;

	page_follow_find(pa, pfn, &where);
	if (!index_of(pa, pfn, list->order, &index) || !lies_in(pa, zone, index, list->order))
		return PAGE_PLACE_OUTSIDE;
	place = seize(pa, index, list->order);
	if (place == PAGE_PLACE_OUTSIDE)
		return place;
	pcp_push(pa, zone, list->cpu, index, list->order, list->type);
	if (place != PAGE_PLACE_OTHER_LIST)
		return place;
	if (where.cpu != list->cpu)
		return PAGE_PLACE_OTHER_CPU;
	return where.type == list->type && where.order == list->order ? PAGE_PLACE_PCP : place;
}

void page_follow_pop(struct page_allocator *pa, uint64_t pfn)
{
	const uint32_t index = (uint32_t)(pfn - pa->base_pfn);
	const struct page *page = &pa->pages[index];

	pcp_unlink(pa, index);
	page_set_used(pa, &pa->zones[page->zone], index, page->order,
		      (enum migratetype)page->type);
}

enum page_place page_follow_own(struct page_allocator *pa, uint64_t pfn, unsigned int order,
				enum migratetype type)
{
	enum page_place place;
	uint32_t index;

	if (!index_of(pa, pfn, order, &index))
		return PAGE_PLACE_OUTSIDE;
	if (pa->pages[index].state == PAGE_USED && pa->pages[index].order == order)
		return PAGE_PLACE_OURS;
	place = seize(pa, index, order);
	if (place != PAGE_PLACE_OUTSIDE)
		page_set_used(pa, &pa->zones[pa->pages[index].zone], index, order, type);
	return place;
}

enum page_place page_follow_alloc(struct page_allocator *pa, unsigned int cpu, uint64_t pfn,
				  unsigned int order, enum migratetype type)
{
	page_begin(pa, cpu);
	return page_follow_own(pa, pfn, order, type);
}

void page_free_direct(struct page_allocator *pa, unsigned int cpu, uint64_t pfn,
		      unsigned int order, bool to_tail)
{
	const uint32_t index = (uint32_t)(pfn - pa->base_pfn);
	struct zone *zone = &pa->zones[pa->pages[index].zone];

	page_begin(pa, cpu);
	BUG_ON(pa->pages[index].state != PAGE_USED || pa->pages[index].order != order);
	page_set_unused(pa, zone, index);
	pa->stats.frees++;
	pa->stats.free_pages += 1ULL << order;
	pa->stats.buddy_frees++;
	buddy_free(pa, zone, index, order, to_tail);
}

enum page_place page_follow_drain(struct page_allocator *pa, unsigned int cpu, uint64_t pfn,
				  unsigned int order)
{
	enum page_place place;
	enum migratetype type;
	uint32_t index;

	if (!index_of(pa, pfn, order, &index))
		return PAGE_PLACE_OUTSIDE;
	type = block_type(pa, index);
	if (pa->pages[index].state == PAGE_PCP && !pa->profile->lists_follow_pageblocks)
		type = (enum migratetype)pa->pages[index].type;
	pa->cpu = cpu;
	place = seize(pa, index, order);
	if (place != PAGE_PLACE_OUTSIDE)
		buddy_free_one(pa, &pa->zones[pa->pages[index].zone], index, order, type, false);
	return place;
}

void page_drain_some(struct page_allocator *pa, unsigned int zone, unsigned int cpu,
		     unsigned int nr_pages)
{
	page_begin(pa, cpu);
	pcp_drain_some(pa, &pa->zones[zone], &pa->zones[zone].pcps[cpu],
		       (int32_t)MIN(nr_pages, (unsigned int)INT32_MAX), 0);
}

void page_follow_trim(struct page_allocator *pa, const struct page_list *list,
		      unsigned int nr_pages)
{
	struct zone *zone = &pa->zones[list->zone];
	struct pcp *pcp = &zone->pcps[list->cpu];

	page_follow_decayed(pa, list->zone, list->cpu);
	pcp_drain_some(pa, zone, pcp, (int32_t)MIN(nr_pages, (unsigned int)INT32_MAX),
		       pcp_list_of(list->order, list->type));
}

uint64_t page_follow_bulk(struct page_allocator *pa, const struct page_list *list)
{
	struct zone *zone = &pa->zones[list->zone];
	uint32_t index;

	page_begin(pa, list->cpu);
	index = pcp_alloc(pa, zone, list->order, list->type,
			  ALLOC_WMARK_LOW | (list->type == MIGRATE_MOVABLE ? ALLOC_CMA : 0), true);
	if (index == PAGE_NIL)
		return PAGE_FOLLOW_NONE;
	page_set_used(pa, zone, index, list->order, list->type);
	pa->stats.bulk_pages++;
	return pa->base_pfn + index;
}

bool page_follow_serves(struct page_allocator *pa, unsigned int cpu, uint32_t gfp,
			unsigned int order, int node)
{
	struct page_request req;

	page_begin(pa, cpu);
	if (order > KERNEL_MAX_ORDER || !request_init(pa, &req, gfp, order, node))
		return false;
	for (uint32_t i = req.preferred; i < req.node->nr_own; i++) {
		const struct zone *zone = request_zone(pa, &req, i);

		if (zone->type <= req.highest && watermark_fast(zone, &req, ALLOC_WMARK_LOW))
			return true;
	}
	return false;
}

bool page_follow_bulk_zone(struct page_allocator *pa, unsigned int cpu, uint32_t gfp, int node,
			   unsigned int nr, unsigned int *zone)
{
	struct page_request req;
	const struct zone *found;

	page_begin(pa, cpu);
	if (!request_init(pa, &req, gfp, 0, node))
		return false;
	found = page_bulk_zone(pa, &req, nr);
	if (found)
		*zone = found->index;
	return found != NULL;
}

unsigned int page_follow_refill(const struct page_allocator *pa, const struct page_list *list,
				uint64_t *pfns, unsigned int max)
{
	const struct zone *zone = &pa->zones[list->zone];
	const unsigned int want = MIN(pcp_refill_size(pa, zone, list->cpu, list->order), max);
	unsigned int nr = 0;

	/* Each block is used up from its beginning before the next one is split. */
	for (unsigned int order = list->order; order < KERNEL_NR_ORDERS; order++) {
		const bool top = order == KERNEL_MAX_ORDER;
		uint32_t at = zone->area[order].lists[list->type].first;

		for (; at != PAGE_NIL && nr < want; at = page_link(pa, at, top)->next) {
			for (uint32_t i = 0; i < 1U << (order - list->order) && nr < want; i++)
				pfns[nr++] = pa->base_pfn + at + (i << list->order);
		}
	}
	return nr;
}

/*
 * The kernel has not taken the head of our list. Once, another block may have come before it;
 * twice, it is not there at all, or far behind.
 */
static void pass_over(struct page_allocator *pa, struct zone *zone, uint32_t index)
{
	enum migratetype type;
	unsigned int order;
	uint32_t head;

	if (!area_find(pa, index, &head, &order))
		return;
	type = area_type(pa, head, order);
	if (!type_is_mergeable(type))
		return;
	if (pa->follow_wrong[type] == index)
		area_move(pa, zone, head, order, type);
	pa->follow_wrong[type] = index;
}

/*
 * What a fallback gave was not what the kernel took: it stays free. The caller books takes of 6.1.
 */
static void put_back(struct page_allocator *pa, struct zone *zone, uint32_t index,
		     unsigned int order, enum migratetype type)
{
	zone_book_taken(pa, zone, 1LL << order);
	buddy_free_one(pa, zone, index, order,
		       pa->profile->lists_follow_pageblocks ? block_type(pa, index) : type, false);
}

/*
 * Takes the block out of wherever it is. The caller books takes of 6.1 as ever, but seize() has
 * done it for what was free, and what was not has never been free.
 */
static enum page_place take_there(struct page_allocator *pa, struct zone *zone, uint32_t index,
				  unsigned int order, enum migratetype type)
{
	unsigned int held;
	uint32_t head;
	enum page_place place;

	if (area_find(pa, index, &head, &held) && held >= order &&
	    area_type(pa, head, held) != type)
		fallback_follow(pa, index, type);
	place = seize(pa, index, order);
	if (place != PAGE_PLACE_OUTSIDE)
		zone_book_taken(pa, zone, -(1LL << order));
	return place;
}

/* The block is inside what metadata there is, and begins where such a block can. */
static bool index_of(const struct page_allocator *pa, uint64_t pfn, unsigned int order,
		     uint32_t *ret)
{
	const uint64_t at = pfn - pa->base_pfn;

	*ret = (uint32_t)at;
	return order <= KERNEL_MAX_ORDER && pfn >= pa->base_pfn && at < pa->nr_pages &&
	       !(at & ((1ULL << order) - 1));
}

/* A damaged recording may have a page taken from a zone that it is not in. */
static bool lies_in(const struct page_allocator *pa, const struct zone *zone, uint32_t index,
		    unsigned int order)
{
	struct page_where first, last;

	page_follow_find(pa, pa->base_pfn + index, &first);
	page_follow_find(pa, pa->base_pfn + index + (1ULL << order) - 1, &last);
	return first.place != PAGE_PLACE_OUTSIDE && first.zone == zone->index &&
	       last.place != PAGE_PLACE_OUTSIDE && last.zone == zone->index;
}

/* The block in a per-CPU list or in use that holds "index". */
static bool find_head(const struct page_allocator *pa, uint32_t index, uint32_t *head)
{
	for (unsigned int o = 0; o <= KERNEL_MAX_ORDER; o++) {
		const struct page *page;

		*head = (uint32_t)bits_align_down(index, 1U << o);
		page = &pa->pages[*head];
		if ((page->state == PAGE_PCP || page->state == PAGE_USED) &&
		    *head + (1U << page->order) > index)
			return true;
	}
	return false;
}

static struct zone *zone_around(const struct page_allocator *pa, uint32_t index)
{
	for (unsigned int i = 0; i < pa->nr_zones; i++) {
		if (index >= pa->zones[i].start && index < pa->zones[i].end)
			return &pa->zones[i];
	}
	return NULL;
}

/* And of one zone. */
static bool all_ours(const struct page_allocator *pa, uint32_t index, unsigned int order)
{
	unsigned int zone = 0;

	for (uint32_t at = index; at - index < 1U << order;) {
		struct page_where where;

		page_follow_find(pa, pa->base_pfn + at, &where);
		if (where.place == PAGE_PLACE_OUTSIDE || (at > index && where.zone != zone))
			return false;
		zone = where.zone;
		at = where.place == PAGE_PLACE_UNKNOWN ?
			     at + 1 :
			     (uint32_t)(where.head - pa->base_pfn) + (1U << where.order);
	}
	return true;
}

/* Where its first page was: LISTS, OTHER_LIST, USED, UNKNOWN; OUTSIDE: not all of it is ours. */
static enum page_place seize(struct page_allocator *pa, uint32_t index, unsigned int order)
{
	struct page_where where;

	if (!all_ours(pa, index, order))
		return PAGE_PLACE_OUTSIDE;
	page_follow_find(pa, pa->base_pfn + index, &where);
	seize_parts(pa, index, order);
	pa->pages[index].zone = (uint16_t)where.zone;
	return where.place;
}

static void seize_parts(struct page_allocator *pa, uint32_t index, unsigned int order)
{
	struct page_where where;
	uint32_t head;

	for (;;) {
		page_follow_find(pa, pa->base_pfn + index, &where);
		head = (uint32_t)(where.head - pa->base_pfn);
		if (where.place == PAGE_PLACE_UNKNOWN || where.order <= order)
			break;
		if (where.place == PAGE_PLACE_LISTS) {
			(void)buddy_take_at(pa, index, order);
			return;
		}
		halve(pa, head);
	}
	if (where.place == PAGE_PLACE_UNKNOWN && !order) {
		if (page_adopt(pa, pa->base_pfn + index, 0, block_type(pa, index)))
			page_set_unused(pa, &pa->zones[where.zone], index);
	} else if (where.place == PAGE_PLACE_UNKNOWN || where.order < order) {
		seize_parts(pa, index, order - 1);
		seize_parts(pa, index + (1U << (order - 1)), order - 1);
	} else if (where.place == PAGE_PLACE_LISTS) {
		(void)buddy_take_at(pa, index, order);
	} else if (where.place == PAGE_PLACE_OTHER_LIST) {
		pcp_unlink(pa, index);
	} else {
		page_set_unused(pa, &pa->zones[where.zone], index);
	}
}

/* A block in use becomes two; one in a per-CPU list goes back to the free lists instead. */
static void halve(struct page_allocator *pa, uint32_t head)
{
	struct page *page = &pa->pages[head];
	struct zone *zone = &pa->zones[page->zone];
	const unsigned int order = page->order;
	const enum migratetype type = (enum migratetype)page->type;

	if (page->state == PAGE_PCP) {
		pcp_unlink(pa, head);
		buddy_free_one(pa, zone, head, order, block_type(pa, head), false);
		return;
	}
	page_set_unused(pa, zone, head);
	page_set_used(pa, zone, head, order - 1, type);
	page_set_used(pa, zone, head + (1U << (order - 1)), order - 1, type);
}
