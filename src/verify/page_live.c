/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Free-running: our pages need not be where the kernel's were, so each recorded block is known by
 * its recorded pfn, and by ours. Memory in use since before the recording is where it was.
 *
 * What is given out without an event, a judge that follows beside finds out (the guide): for each
 * such page ours gives out one from the same list.
 */
#include <config.h>

#include "page_judge.h"

#include "kmreplay/mm/page_start.h"

static uint64_t take_silent(struct page_judge *j, const struct page_silent *silent);
static uint32_t find_block(const struct page_judge *j, uint64_t pfn, uint64_t *head);
static bool free_exactly(struct page_judge *j, const struct page_op *op, uint64_t pfn,
			 unsigned int order, enum page_way way);
static void forget(struct page_judge *j, uint64_t head, uint32_t block);

/* Not a number of a block. */
#define NO_BLOCK UINT32_MAX

void page_live_deinit(struct page_judge *j)
{
	u64map_deinit(&j->live);
	u64map_deinit(&j->unseen);
	vec_deinit(&j->blocks);
	vec_deinit(&j->spare_blocks);
	vec_deinit(&j->silent);
	vec_deinit(&j->used);
}

void page_live_keep(struct page_judge *j, uint64_t pfn, unsigned int order, uint64_t ours)
{
	const struct page_live live = {
		.ours = ours, .left = 1U << order, .order = (uint8_t)order
	};
	bool fresh;
	uint32_t *at = u64map_insert(&j->live, pfn, &fresh);

	if (fresh && j->spare_blocks.nr) {
		*at = j->spare_blocks.items[--j->spare_blocks.nr];
	} else if (fresh) {
		*at = (uint32_t)j->blocks.nr;
		vec_push(&j->blocks, live);
	} else if (j->blocks.items[*at].left == 1U << j->blocks.items[*at].order) {
		/* Its free was not seen. */
		(void)free_exactly(j, j->course.op, j->blocks.items[*at].ours,
				   j->blocks.items[*at].order, PAGE_WAY_DIRECT);
	}
	j->blocks.items[*at] = live;
}

void page_live_forget(struct page_judge *j, uint64_t pfn)
{
	const uint32_t *at = u64map_find(&j->live, pfn);

	if (at)
		forget(j, pfn, *at);
}

/* It will be found to have been given out silently, and is not given out again then. */
bool page_live_unseen(struct page_judge *j, uint64_t pfn)
{
	struct page_where where;
	bool fresh;

	page_follow_find(j->guide->pa, pfn, &where);
	if (where.place != PAGE_PLACE_LISTS && where.place != PAGE_PLACE_OTHER_LIST)
		return false;
	*u64map_insert(&j->unseen, pfn, &fresh) = 0;
	return true;
}

bool page_live_free(struct page_judge *j, const struct page_op *op, uint64_t pfn,
		    unsigned int order, enum page_way way)
{
	struct page_live *live;
	uint64_t head, ours;
	uint32_t at = find_block(j, pfn, &head);
	bool freed = false;

	if (at == NO_BLOCK)
		return page_is_unknown(j->pa, pfn, order) &&
		       page_follow_own(j->pa, pfn, order, MIGRATE_UNMOVABLE) !=
			       PAGE_PLACE_OUTSIDE &&
		       free_exactly(j, op, pfn, order, way);
	live = &j->blocks.items[at];
	if (live->order < order) { /* several blocks at once */
		for (uint64_t i = 0; i < 1ULL << order; i++)
			freed |= page_live_free(j, op, pfn + i, 0, way);
		return freed;
	}
	ours = live->ours + (pfn - head);
	live->left -= MIN(live->left, 1U << order);
	if (live->order > order)
		(void)page_follow_own(j->pa, ours, order, MIGRATE_UNMOVABLE);
	if (!live->left)
		forget(j, head, at);
	return free_exactly(j, op, ours, order, way);
}

uint64_t page_live_take(struct page_judge *j, uint64_t pfn)
{
	struct page_live *live;
	uint64_t head, ours = pfn;
	const uint32_t at = find_block(j, pfn, &head);

	if (at == NO_BLOCK && !page_is_unknown(j->pa, pfn, 0))
		return PAGE_FOLLOW_NONE;
	if (at != NO_BLOCK) {
		live = &j->blocks.items[at];
		ours = live->ours + (pfn - head);
		live->left -= MIN(live->left, 1U);
		if (!live->left)
			forget(j, head, at);
	}
	return page_follow_own(j->pa, ours, 0, MIGRATE_UNMOVABLE) == PAGE_PLACE_OUTSIDE ?
		       PAGE_FOLLOW_NONE : ours;
}

/* Seldom asked: all blocks are looked at. */
bool page_live_moved(struct page_judge *j, uint64_t from, uint64_t to, unsigned int order)
{
	for (size_t i = 0; j->live.entries && i <= j->live.mask; i++) {
		struct page_live *live;

		if (j->live.entries[i].key == U64MAP_NO_KEY)
			continue;
		live = &j->blocks.items[j->live.entries[i].value];
		if (live->ours != from || live->order != order)
			continue;
		live->ours = to;
		return true;
	}
	return false;
}

uint64_t page_live_find(const struct page_judge *j, uint64_t pfn)
{
	uint64_t head;
	const uint32_t at = find_block(j, pfn, &head);

	if (at != NO_BLOCK)
		return j->blocks.items[at].ours + (pfn - head);
	return page_is_unknown(j->pa, pfn, 0) ? pfn : PAGE_FOLLOW_NONE;
}

void page_live_used(struct page_judge *j)
{
	vec_foreach(&j->guide->used, block) {
		struct page_where where;

		/* No event was about it: if it is free in ours, then as it was at the start. */
		page_follow_find(j->pa, block->head, &where);
		if (where.place != PAGE_PLACE_LISTS || where.order < block->order)
			continue;
		(void)page_follow_own(j->pa, block->head, block->order, block->type);
		verify_aside(j->log, ASIDE_GROUND, VERIFY_PAGE,
			     "memory without events: in use, as a judge that follows learned", 1);
	}
}

void page_live_limit(struct page_judge *j)
{
	const struct page_learned_limit *limit = &j->guide->limit;

	if (!limit->known)
		return;
	page_follow_set_high(j->pa, limit->zone, limit->cpu, limit->high);
	verify_aside(j->log, ASIDE_GROUND, VERIFY_PAGE,
		     "limits that had decayed otherwise, as a judge that follows learned", 1);
}

void page_live_silent(struct page_judge *j, const struct page_op *op)
{
	const struct page_op none = { .kind = PAGE_OP_BULK, .ev = op->ev, .cpu = op->cpu };

	page_judge_begin(j, op->kind == PAGE_OP_BULK ? op : &none);
	vec_foreach(&j->guide->silent, silent) {
		const bool asked = j->unseen.nr && u64map_remove(&j->unseen, silent->pfn);
		const uint64_t ours = asked ? 0 : take_silent(j, silent);

		if (asked)
			continue;
		if (ours == PAGE_FOLLOW_NONE)
			verify_aside(j->log, ASIDE_FORCED, VERIFY_PAGE,
				     "pages of silent requests that ours did not find", 1);
		else
			page_live_keep(j, silent->pfn, silent->list.order, ours);
	}
	page_judge_begin(j, op);
}

/*
 * Found out late, the page may be behind others that came to the list since: it was the first one
 * when it was taken. So where ours has it in that list, too, it is that one.
 */
static uint64_t take_silent(struct page_judge *j, const struct page_silent *silent)
{
	struct page_where where;

	page_follow_find(j->pa, silent->pfn, &where);
	if (where.place != PAGE_PLACE_OTHER_LIST || where.head != silent->pfn ||
	    where.zone != silent->list.zone || where.cpu != silent->list.cpu ||
	    where.order != silent->list.order)
		return page_follow_bulk(j->pa, &silent->list);
	page_follow_pop(j->pa, silent->pfn);
	return silent->pfn;
}

/* The recorded block that holds "pfn": its number and its first page. */
static uint32_t find_block(const struct page_judge *j, uint64_t pfn, uint64_t *head)
{
	for (unsigned int order = 0; order <= KERNEL_MAX_ORDER; order++) {
		const uint32_t *at;

		*head = pfn & ~((1ULL << order) - 1);
		at = u64map_find(&j->live, *head);
		if (at && j->blocks.items[*at].order >= order)
			return *at;
	}
	return NO_BLOCK;
}

static bool free_exactly(struct page_judge *j, const struct page_op *op, uint64_t pfn,
			 unsigned int order, enum page_way way)
{
	const unsigned int cpu = page_judge_cpu(j, op);
	unsigned int held;

	if (!page_is_allocated(j->pa, pfn, &held) || held != order)
		return false;
	if (way == PAGE_WAY_LISTS)
		(void)page_free(j->pa, cpu, pfn, order);
	else
		page_free_direct(j->pa, cpu, pfn, order, way == PAGE_WAY_TAIL);
	return true;
}

static void forget(struct page_judge *j, uint64_t head, uint32_t block)
{
	(void)u64map_remove(&j->live, head);
	vec_push(&j->spare_blocks, block);
}
