/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The naive allocator's free lists: merging, splitting, other types' blocks, HIGHATOMIC. Written
 * from the descriptions of the kernel's functions, slow and plain: what has to be found is searched
 * for, what has to be counted is counted.
 */
#include <config.h>

#include "naive_lists.h"

#include "kmreplay/core/xalloc.h"

#include <stdlib.h>
#include <string.h>

static const unsigned int others[3][2] = {
	[MIGRATE_UNMOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE },
	[MIGRATE_MOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE },
	[MIGRATE_RECLAIMABLE] = { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE },
};

void naive_insert(struct naive_list *list, uint32_t frame, bool to_head)
{
	if (list->nr == list->room) {
		list->room = list->room ? 2 * list->room : 8;
		list->frames = xreallocarray(list->frames, list->room, sizeof(*list->frames));
	}
	if (!to_head)
		memmove(list->frames + 1, list->frames, list->nr * sizeof(*list->frames));
	list->frames[to_head ? list->nr : 0] = frame;
	list->nr++;
}

void naive_erase(struct naive_list *list, uint32_t frame)
{
	uint32_t at = list->nr;

	do {
		if (!at--)
			abort();
	} while (list->frames[at] != frame);
	memmove(list->frames + at, list->frames + at + 1,
		(list->nr - at - 1) * sizeof(*list->frames));
	list->nr--;
}

uint32_t naive_head(const struct naive_list *list)
{
	return list->frames[list->nr - 1];
}

unsigned int naive_block_type(const struct naive *n, uint32_t frame)
{
	return n->block_types[frame >> NAIVE_BLOCK];
}

void naive_set_block_types(struct naive *n, uint32_t frame, unsigned int order, unsigned int type)
{
	for (uint32_t at = frame; at <= frame + (1U << order) - 1; at += 1U << NAIVE_BLOCK)
		n->block_types[at >> NAIVE_BLOCK] = (uint8_t)type;
}

void naive_book(struct naive *n, struct naive_zone *z, int pages)
{
	int *stat = &z->pcp[n->cpu].stat;

	*stat += pages;
	if (abs(*stat) <= z->threshold)
		return;
	z->booked += *stat;
	*stat = 0;
}

/* --- blocks on and off the free lists --- */

void naive_put_free(struct naive *n, struct naive_zone *z, uint32_t frame, unsigned int order,
		     unsigned int type, bool to_head)
{
	n->frames[frame] = (struct naive_frame){
		NAIVE_FREE, (uint8_t)order, (uint8_t)type, (uint8_t)(z - n->zones)
	};
	naive_insert(&z->free[order][type], frame, to_head);
}

void naive_take_free(struct naive *n, struct naive_zone *z, uint32_t frame)
{
	struct naive_frame *f = &n->frames[frame];

	naive_erase(&z->free[f->order][f->type], frame);
	f->state = NAIVE_REST;
}

static bool is_free(const struct naive *n, const struct naive_zone *z, uint32_t frame,
		    unsigned int order)
{
	const struct naive_frame *f = &n->frames[frame];

	return f->state == NAIVE_FREE && f->order == order && &n->zones[f->zone] == z;
}

void naive_free_block(struct naive *n, struct naive_zone *z, uint32_t frame, unsigned int order,
		       unsigned int type, bool to_tail)
{
	z->nr_free += 1 << order;
	naive_book(n, z, 1 << order);
	for (; order < NAIVE_ORDERS - 1; order++) {
		const uint32_t buddy = frame ^ (1U << order);

		if (!is_free(n, z, buddy, order))
			break;
		if (order >= NAIVE_BLOCK && naive_block_type(n, buddy) != type) {
			if (!n->rules->merges_reserved &&
			    (type > MIGRATE_RECLAIMABLE ||
			     naive_block_type(n, buddy) > MIGRATE_RECLAIMABLE))
				break;
			if (n->rules->lists_follow_pageblocks)
				naive_set_block_types(n, buddy, order, type);
		}
		naive_take_free(n, z, buddy);
		frame = naive_lesser((int)frame, (int)buddy) == (int)frame ? frame : buddy;
	}
	/* About to merge one order up: to the tail, so that it stays free. */
	if (order < NAIVE_ORDERS - 2) {
		const uint32_t parent = frame & ~(1U << order);

		to_tail |= is_free(n, z, parent ^ (2U << order), order + 1);
	}
	naive_put_free(n, z, frame, order, type, !to_tail);
}

void naive_free_any(struct naive *n, struct naive_zone *z, uint32_t frame, unsigned int order)
{
	const unsigned int step =
		n->rules->split_large_frees && order > NAIVE_BLOCK ? NAIVE_BLOCK : order;

	for (uint32_t at = frame; at < frame + (1U << order); at += 1U << step)
		naive_free_block(n, z, at, step, naive_block_type(n, at), false);
}

/* The first 2^low frames are taken, the rest goes back, largest half first. */
static void split_down(struct naive *n, struct naive_zone *z, uint32_t frame, unsigned int low,
		       unsigned int type)
{
	unsigned int order = n->frames[frame].order;

	naive_take_free(n, z, frame);
	while (order-- > low)
		naive_put_free(n, z, frame + (1U << order), order, type, true);
	z->nr_free -= 1 << low;
}

/* The same; what is gone is booked, unless the whole refill is. */
static void take_part(struct naive *n, struct naive_zone *z, uint32_t frame, unsigned int low,
		      unsigned int type)
{
	split_down(n, z, frame, low, type);
	if (n->rules->refill_counts_pages)
		naive_book(n, z, -(1 << low));
}

uint64_t naive_smallest(struct naive *n, struct naive_zone *z, unsigned int order,
			 unsigned int type)
{
	for (unsigned int o = order; o < NAIVE_ORDERS; o++) {
		if (z->free[o][type].nr) {
			const uint32_t frame = naive_head(&z->free[o][type]);

			take_part(n, z, frame, order, type);
			return frame;
		}
	}
	return NAIVE_NONE;
}

/* --- other types' blocks --- */

/* The first other type with a free block of just this order; MIGRATE_NR: none. */
static unsigned int other_type(const struct naive_zone *z, unsigned int order, unsigned int type)
{
	for (int i = 0; i < 2; i++) {
		if (z->free[order][others[type][i]].nr)
			return others[type][i];
	}
	return MIGRATE_NR;
}

static bool may_claim(unsigned int order, unsigned int type)
{
	return order >= NAIVE_BLOCK / 2 || type != MIGRATE_MOVABLE;
}

/* Pages of a pageblock from "start" on: free ones, and those in use and movable. */
static void count_block(const struct naive *n, uint32_t start, uint32_t *nr_free, uint32_t *movable)
{
	*nr_free = *movable = 0;
	for (uint32_t at = start; at < ((start >> NAIVE_BLOCK) + 1) << NAIVE_BLOCK; at++) {
		const struct naive_frame *f = &n->frames[at];

		if (f->state == NAIVE_FREE)
			*nr_free += 1U << f->order;
		if (f->state == NAIVE_USED && f->type == MIGRATE_MOVABLE)
			*movable += 1U << f->order;
	}
}

static bool turns_over(unsigned int old, unsigned int type, uint32_t nr_free, uint32_t movable)
{
	uint32_t alike = 0;

	if (type == MIGRATE_MOVABLE)
		alike = movable;
	else if (old == MIGRATE_MOVABLE)
		alike = (1U << NAIVE_BLOCK) - nr_free - movable;
	return nr_free + alike >= 1U << (NAIVE_BLOCK - 1);
}

static void move_list(struct naive *n, struct naive_zone *z, uint32_t frame, unsigned int type)
{
	const unsigned int order = n->frames[frame].order;

	naive_take_free(n, z, frame);
	naive_put_free(n, z, frame, order, type, n->rules->moves_to_head);
	if (n->rules->refill_counts_pages) {
		naive_book(n, z, -(1 << order));
		naive_book(n, z, 1 << order);
	}
}

/* Free blocks of the pageblock of "frame" change lists; how many pages. */
static uint32_t move_block(struct naive *n, struct naive_zone *z, uint32_t frame, unsigned int type)
{
	uint32_t start = frame >> NAIVE_BLOCK << NAIVE_BLOCK;
	const uint32_t end = start + (1U << NAIVE_BLOCK);
	uint32_t moved = 0;

	if (end > z->end || (start < z->start && n->rules->lists_follow_pageblocks))
		return 0;
	if (start < z->start)
		start = frame;
	for (uint32_t at = start; at < end; at++) {
		if (n->frames[at].state != NAIVE_FREE || &n->zones[n->frames[at].zone] != z)
			continue;
		moved += 1U << n->frames[at].order;
		move_list(n, z, at, type);
	}
	return moved;
}

/* Up to 6.6: gets free blocks onto the type's own lists. False: there are none. */
static bool steal_suitable(struct naive *n, struct naive_zone *z, const struct naive_want *want)
{
	const unsigned int least =
		want->keep_types && want->order < NAIVE_BLOCK ? NAIVE_BLOCK : want->order;
	int order = NAIVE_ORDERS - 1;
	uint32_t frame, start, nr_free, movable;
	unsigned int from, old;

	while (order >= (int)least && other_type(z, (unsigned int)order, want->type) == MIGRATE_NR)
		order--;
	if (order < (int)least)
		return false;
	if (!may_claim((unsigned int)order, want->type)) {
		for (order = (int)want->order;
		     other_type(z, (unsigned int)order, want->type) == MIGRATE_NR;)
			order++;
	}
	from = other_type(z, (unsigned int)order, want->type);
	frame = naive_head(&z->free[order][from]);
	old = naive_block_type(n, frame);
	if (old == MIGRATE_HIGHATOMIC || order >= NAIVE_BLOCK ||
	    !may_claim((unsigned int)order, want->type)) {
		if (order >= NAIVE_BLOCK && old != MIGRATE_HIGHATOMIC)
			naive_set_block_types(n, frame, (unsigned int)order, want->type);
		move_list(n, z, frame, want->type);
		return true;
	}
	start = frame >> NAIVE_BLOCK << NAIVE_BLOCK;
	count_block(n, start < z->start ? frame : start, &nr_free, &movable);
	nr_free = move_block(n, z, frame, want->type);
	if (!nr_free)
		move_list(n, z, frame, want->type);
	else if (turns_over(old, want->type, nr_free, movable))
		naive_set_block_types(n, frame, 0, want->type);
	return true;
}

/* 6.10 on: a whole pageblock becomes ours, from the largest free block down. */
static uint64_t claim(struct naive *n, struct naive_zone *z, const struct naive_want *want)
{
	const unsigned int least =
		want->keep_types && want->order < NAIVE_BLOCK ? NAIVE_BLOCK : want->order;

	for (int order = NAIVE_ORDERS - 1; order >= (int)least; order--) {
		const unsigned int from = other_type(z, (unsigned int)order, want->type);
		uint32_t frame, start, nr_free, movable;

		if (from == MIGRATE_NR)
			continue;
		if (!may_claim((unsigned int)order, want->type))
			return NAIVE_NONE;
		frame = naive_head(&z->free[order][from]);
		if (order >= NAIVE_BLOCK) {
			naive_set_block_types(n, frame, (unsigned int)order, want->type);
			split_down(n, z, frame, want->order, want->type);
			/* The whole block, then what is left of it. */
			naive_book(n, z, -(1 << order));
			naive_book(n, z, (1 << order) - (1 << want->order));
			return frame;
		}
		start = frame >> NAIVE_BLOCK << NAIVE_BLOCK;
		if (start < z->start || start + (1U << NAIVE_BLOCK) > z->end)
			continue;
		count_block(n, start, &nr_free, &movable);
		if (!turns_over(from, want->type, nr_free, movable))
			continue;
		move_block(n, z, frame, want->type);
		naive_set_block_types(n, frame, 0, want->type);
		return naive_smallest(n, z, want->order, want->type);
	}
	return NAIVE_NONE;
}

/* 6.10 on: pages out of the smallest block of another type, which keeps the rest. */
static uint64_t steal(struct naive *n, struct naive_zone *z, const struct naive_want *want)
{
	for (unsigned int o = want->order; o < NAIVE_ORDERS; o++) {
		const unsigned int from = other_type(z, o, want->type);

		if (from != MIGRATE_NR) {
			const uint32_t frame = naive_head(&z->free[o][from]);

			take_part(n, z, frame, want->order, from);
			return frame;
		}
	}
	return NAIVE_NONE;
}

uint64_t naive_from_lists(struct naive *n, struct naive_zone *z, const struct naive_want *want,
			   bool *stealing)
{
	uint64_t frame = *stealing ? NAIVE_NONE : naive_smallest(n, z, want->order, want->type);

	if (frame != NAIVE_NONE)
		return frame;
	if (n->rules->fallback == FALLBACK_STEAL_SUITABLE)
		return steal_suitable(n, z, want) ? naive_smallest(n, z, want->order, want->type) :
						    NAIVE_NONE;
	if (!*stealing) {
		frame = claim(n, z, want);
		if (frame != NAIVE_NONE)
			return frame;
	}
	if (want->keep_types)
		return NAIVE_NONE;
	frame = steal(n, z, want);
	*stealing |= frame != NAIVE_NONE;
	return frame;
}

/* --- HIGHATOMIC --- */

void naive_reserve_highatomic(struct naive *n, struct naive_zone *z, uint32_t frame,
			       unsigned int order)
{
	const uint64_t block = 1U << NAIVE_BLOCK;
	const bool follows = n->rules->lists_follow_pageblocks;
	uint64_t most = z->managed / 100;

	if (n->rules->highatomic == HIGHATOMIC_ONE_PERCENT_PLUS_BLOCK)
		most += block;
	else if (most < block)
		return;
	else
		most = (most + block - 1) / block * block;
	if (z->reserved >= most || naive_block_type(n, frame) > MIGRATE_RECLAIMABLE)
		return;
	if (follows && order >= NAIVE_BLOCK) {
		naive_set_block_types(n, frame, order, MIGRATE_HIGHATOMIC);
		z->reserved += 1U << order;
		return;
	}
	if (follows && ((frame >> NAIVE_BLOCK << NAIVE_BLOCK) < z->start ||
			(frame >> NAIVE_BLOCK << NAIVE_BLOCK) + block > z->end))
		return;
	n->block_types[frame >> NAIVE_BLOCK] = MIGRATE_HIGHATOMIC;
	move_block(n, z, frame, MIGRATE_HIGHATOMIC);
	z->reserved += block;
}
