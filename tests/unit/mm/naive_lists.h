/* SPDX-License-Identifier: GPL-2.0-or-later */
/** What the two halves of the naive allocator share: free lists below, requests above. */
#ifndef KMREPLAY_TESTS_NAIVE_LISTS_H
#define KMREPLAY_TESTS_NAIVE_LISTS_H

#include "naive_pages.h"

enum naive_mark { MARK_MIN, MARK_LOW, MARK_HIGH };

/** A request on its way. */
struct naive_want {
	uint32_t gfp;
	unsigned int order;
	unsigned int type;
	enum zone_type highest;
	enum naive_mark mark;
	bool no_marks;    /**< down to the last page */
	bool half;        /**< __GFP_HIGH: half of min */
	bool harder;      /**< may not sleep */
	bool highatomic;
	bool keep_types;  /** ALLOC_NOFRAGMENT */
	bool bulk;
};

static inline int naive_lesser(int a, int b)
{
	return a < b ? a : b;
}

static inline int naive_greater(int a, int b)
{
	return a > b ? a : b;
}

/** The upper bound wins. */
static inline int naive_bounded(int value, int low, int high)
{
	return naive_lesser(naive_greater(value, low), high);
}

/** At the head, which is taken first, or at the tail. */
void naive_insert(struct naive_list *list, uint32_t frame, bool to_head);
void naive_erase(struct naive_list *list, uint32_t frame);
uint32_t naive_head(const struct naive_list *list);
unsigned int naive_block_type(const struct naive *n, uint32_t frame);
void naive_set_block_types(struct naive *n, uint32_t frame, unsigned int order, unsigned int type);
/** Free pages, signed, on the running CPU's account. */
void naive_book(struct naive *n, struct naive_zone *z, int pages);
/** On and off a free list, without merging or counting. */
void naive_put_free(struct naive *n, struct naive_zone *z, uint32_t frame, unsigned int order,
		    unsigned int type, bool to_head);
void naive_take_free(struct naive *n, struct naive_zone *z, uint32_t frame);
/** Merges, and counts. */
void naive_free_block(struct naive *n, struct naive_zone *z, uint32_t frame, unsigned int order,
		      unsigned int type, bool to_tail);
/** The same by the types of its pageblocks. */
void naive_free_any(struct naive *n, struct naive_zone *z, uint32_t frame, unsigned int order);
/** A frame of the type's own lists, or NAIVE_NONE. */
uint64_t naive_smallest(struct naive *n, struct naive_zone *z, unsigned int order,
			unsigned int type);
/** The same, or of another type's. "*stealing": in this run of calls claiming was in vain. */
uint64_t naive_from_lists(struct naive *n, struct naive_zone *z, const struct naive_want *want,
			  bool *stealing);
/** "frame" went to an atomic request: its pageblock is set aside. */
void naive_reserve_highatomic(struct naive *n, struct naive_zone *z, uint32_t frame,
			      unsigned int order);

#endif
