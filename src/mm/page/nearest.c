/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blocks that nearly were free.
 *
 * Theory. No block of order n is free. Then a block of which much is free holds a large free part:
 * if the largest free part of it has order k, then each of its 2^(n-k-1) pieces of order k+1 has a
 * page in the way. So the free lists are gone through from order n-1 down, and the block around
 * each free part is counted; as soon as 2^(n-k-1) exceeds what the best block has in the way, no
 * shorter list can hold a better one. Usually that is so after the first list, or in the midst of
 * it: a block with one movable page in the way cannot be outdone.
 *
 *	order 3:  |..UU|....|  a free part of order 2: two pages in the way
 *	          |.m.m|.m.m|  parts of order 0 only: at least four are
 *
 * What it costs follows the lengths of free lists, not the size of memory: a block is looked at
 * once, however many free parts it has. It is bounded; where that ends the search, it is said.
 */
#include <config.h>

#include "kmreplay/mm/page_failure.h"

#include "kmreplay/mm/page_parts.h"

#include <stdlib.h>

enum {
	MOST_LOOKED = 1 << 20, /* page heads in one search: a few milliseconds */
};

struct search {
	const struct page_allocator *pa;
	const struct zone *zone;
	unsigned int order;
	unsigned int flags;
	uint32_t nr_looked;
	uint64_t *seen; /* a bit a block of the zone */
	struct page_nearest_pair *best;
};

static void search(struct search *s);
static bool search_list(struct search *s, unsigned int order, enum migratetype type);
static bool was_seen(struct search *s, uint32_t start);
static uint32_t least_in_way(const struct search *s, unsigned int order);
static bool may_take(unsigned int flags, enum migratetype type);
static bool look_at(struct search *s, uint32_t start, struct page_nearest *ret);
static void count(const struct page *page, uint32_t nr, struct page_nearest *near);
static bool nearer(const struct page_nearest *a, const struct page_nearest *b);
static bool find_whole(const struct page_allocator *pa, uint32_t start, uint32_t *head,
		       unsigned int *order);
static void add_obstacle(const struct page_allocator *pa, uint32_t at, uint32_t nr, uint32_t head,
			 struct page_obstacles *ret);

void page_nearest_find(const struct page_allocator *pa, unsigned int zone, unsigned int order,
		       unsigned int flags, struct page_nearest_pair *ret)
{
	const struct zone *z = &pa->zones[zone];
	const uint32_t nr_blocks = ((z->end - 1) >> order) - (z->start >> order) + 1;
	struct search s = { .pa = pa, .zone = z, .order = order, .flags = flags, .best = ret };

	*ret = (struct page_nearest_pair){ .all_seen = true };
	s.seen = xcalloc((nr_blocks + 63) / 64, sizeof(*s.seen));
	search(&s);
	free(s.seen);
}

void page_obstacles_find(const struct page_allocator *pa, uint64_t pfn, unsigned int order,
			 struct page_obstacles *ret)
{
	const uint32_t start = (uint32_t)(pfn - pa->base_pfn);
	const uint32_t end = start + (1U << order);
	unsigned int whole;
	uint32_t head;

	vec_reset(&ret->list);
	if (find_whole(pa, start, &head, &whole)) {
		if (pa->pages[head].state != PAGE_BUDDY)
			add_obstacle(pa, start, 1U << order, head, ret);
		return;
	}
	for (uint32_t at = start; at < end;) {
		const struct page *page = &pa->pages[at];
		const uint32_t nr = page->state == PAGE_NONE ? 1 : 1U << page->order;

		if (page->state != PAGE_BUDDY)
			add_obstacle(pa, at, nr, at, ret);
		at += nr;
	}
}

void page_obstacles_deinit(struct page_obstacles *obstacles)
{
	vec_deinit(&obstacles->list);
}

static void search(struct search *s)
{
	const struct page_nearest_pair *best = s->best;

	for (unsigned int o = s->order; o-- > 0;) {
		const uint32_t least = least_in_way(s, o);

		if (best->any.found && page_nearest_in_way(&best->any) < least &&
		    best->movable.found && page_nearest_in_way(&best->movable) < least)
			return;
		for (unsigned int type = 0; type < MIGRATE_NR; type++) {
			if (may_take(s->flags, (enum migratetype)type) &&
			    !search_list(s, o, (enum migratetype)type))
				return;
		}
	}
}

/* The blocks around the free parts on one list; false: there is no need, or no time, to go on. */
static bool search_list(struct search *s, unsigned int order, enum migratetype type)
{
	const uint32_t least = least_in_way(s, order);
	struct page_nearest_pair *best = s->best;

	for (uint32_t at = s->zone->area[order].lists[type].first; at != PAGE_NIL;
	     at = s->pa->pages[at].link.next) {
		const uint32_t start = (uint32_t)bits_align_down(at, 1U << s->order);
		struct page_nearest near;

		if (s->nr_looked >= MOST_LOOKED) {
			best->all_seen = false;
			return false;
		}
		if (was_seen(s, start) || !look_at(s, start, &near))
			continue;
		if (nearer(&near, &best->any))
			best->any = near;
		if (!page_nearest_fixed(&near) && nearer(&near, &best->movable))
			best->movable = near;
		if (best->movable.found && page_nearest_in_way(&best->movable) <= least)
			return false;
	}
	return true;
}

static bool was_seen(struct search *s, uint32_t start)
{
	const uint32_t block = (start >> s->order) - (s->zone->start >> s->order);
	uint64_t *word = &s->seen[block / 64];
	const uint64_t bit = 1ULL << (block % 64);
	const bool seen = *word & bit;

	*word |= bit;
	return seen;
}

/* Pages in the way of any block whose largest free part has "order". */
static uint32_t least_in_way(const struct search *s, unsigned int order)
{
	return 1U << (s->order - order - 1);
}

static bool may_take(unsigned int flags, enum migratetype type)
{
	if (type == MIGRATE_HIGHATOMIC)
		return flags & (ALLOC_HIGHATOMIC | ALLOC_OOM | ALLOC_NON_BLOCK);
	if (type == MIGRATE_CMA)
		return flags & ALLOC_CMA;
	return type_is_mergeable(type);
}

/* False: the block at "start" has holes, or crosses the zone's edge, or is not for the request. */
static bool look_at(struct search *s, uint32_t start, struct page_nearest *ret)
{
	const struct page_allocator *pa = s->pa;
	const uint32_t end = start + (1U << s->order);

	if (start < s->zone->start || end > s->zone->end ||
	    !may_take(s->flags, block_type(pa, start)))
		return false;
	*ret = (struct page_nearest){
		.found = true, .pfn = pa->base_pfn + start, .type = block_type(pa, start)
	};
	for (uint32_t at = start; at < end;) {
		const struct page *page = &pa->pages[at];
		const uint32_t nr = page->state == PAGE_NONE ? 1 : 1U << page->order;

		count(page, nr, ret);
		at += nr;
		s->nr_looked++;
	}
	return !ret->unknown || page_memory_in(pa, start, end) == end - start;
}

static void count(const struct page *page, uint32_t nr, struct page_nearest *near)
{
	switch ((enum page_state)page->state) {
	case PAGE_BUDDY:
		near->free += nr;
		break;
	case PAGE_PCP:
		near->pcp += nr;
		break;
	case PAGE_USED:
		if (page->type == MIGRATE_MOVABLE)
			near->movable += nr;
		else if (page->type == MIGRATE_RECLAIMABLE)
			near->reclaimable += nr;
		else
			near->unmovable += nr;
		break;
	case PAGE_NONE:
	default:
		near->unknown += nr;
		break;
	}
}

/* "a" is to be preferred: fewer in the way, fewer that stay put, more of them free, lower. */
static bool nearer(const struct page_nearest *a, const struct page_nearest *b)
{
	const uint32_t way_a = page_nearest_in_way(a), way_b = page_nearest_in_way(b);
	const uint32_t fixed_a = page_nearest_fixed(a), fixed_b = page_nearest_fixed(b);

	if (!b->found || way_a != way_b)
		return !b->found || way_a < way_b;
	if (fixed_a != fixed_b)
		return fixed_a < fixed_b;
	if (a->pcp != b->pcp)
		return a->pcp > b->pcp;
	return a->pfn < b->pfn;
}

/* All that is asked about lies inside one block whose head is before it. */
static bool find_whole(const struct page_allocator *pa, uint32_t start, uint32_t *head,
		       unsigned int *order)
{
	if (area_find(pa, start, head, order))
		return *head < start;
	for (*order = 1; *order <= KERNEL_MAX_ORDER; (*order)++) {
		const struct page *page;

		*head = (uint32_t)bits_align_down(start, 1U << *order);
		page = &pa->pages[*head];
		if (*head < start && page->state != PAGE_NONE && page->order >= *order &&
		    start - *head < 1U << page->order)
			return true;
	}
	return false;
}

/* "nr" pages at "at", of the block at "head". */
static void add_obstacle(const struct page_allocator *pa, uint32_t at, uint32_t nr, uint32_t head,
			 struct page_obstacles *ret)
{
	const struct page *page = &pa->pages[head];
	struct page_obstacle *last = ret->list.nr ? &ret->list.items[ret->list.nr - 1] : NULL;

	if (page->state == PAGE_NONE && last && last->where == PAGE_IN_WAY_UNKNOWN &&
	    last->pfn + last->nr == pa->base_pfn + at) {
		last->nr += nr;
		return;
	}
	vec_push(&ret->list, (struct page_obstacle){
				     .pfn = pa->base_pfn + at,
				     .nr = nr,
				     .where = page->state == PAGE_USED ? PAGE_IN_WAY_USED :
					      page->state == PAGE_PCP  ? PAGE_IN_WAY_PCP :
									 PAGE_IN_WAY_UNKNOWN,
				     .order = page->state == PAGE_NONE ? 0 : page->order,
				     .cpu = page->cpu,
				     .type = page->state == PAGE_NONE ?
						     MIGRATE_NR :
						     (enum migratetype)page->type,
			     });
}
