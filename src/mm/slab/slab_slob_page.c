/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SLOB: the free blocks of a page, as slob_page_alloc() and slob_free() of mm/slob.c keep them, 6.1
 * (gone in 6.4). They are linked in the order of their addresses; the first that is large enough
 * is cut at its front, or, for alignment, in the middle; what comes back melts into its neighbours.
 */
#include <config.h>

#include "slab_slob.h"

#include "kmreplay/core/bits.h"

enum {
	SINGLE = 0x8000, /* in the first slot of a block of one unit, with where the next is */
};

static void block_set(struct slab_page *page, unsigned int at, uint32_t units, unsigned int next);
static uint32_t block_units(const struct slab_page *page, unsigned int at);
static unsigned int block_next(const struct slab_page *page, unsigned int at);

void slob_page_init(struct slab_page *page)
{
	for (unsigned int i = 0; i < SLOB_PAGE_UNITS; i++)
		page->links[i] = 0;
	page->head = 0;
	page->inuse = 0;
	block_set(page, 0, SLOB_PAGE_UNITS, SLOB_PAGE_UNITS);
}

unsigned int slob_page_alloc(struct slab_page *page, const struct slob_wish *wish,
			     uint32_t *looked)
{
	unsigned int prev = SLAB_NIL;

	for (unsigned int at = page->head; at < SLOB_PAGE_UNITS; at = block_next(page, at)) {
		const uint64_t begin = (uint64_t)at * SLOB_UNIT + wish->offset;
		const uint32_t delta =
			(uint32_t)(bits_align_up(begin, wish->align) - begin) / SLOB_UNIT;
		const uint32_t units = block_units(page, at);
		unsigned int next = block_next(page, at);

		++*looked;
		if (units < wish->units + delta) {
			prev = at;
			continue;
		}
		/* From behind: what is left of the block after the wish, then before it. */
		if (units > wish->units + delta) {
			const unsigned int rest = at + delta + wish->units;

			block_set(page, rest, units - delta - wish->units, next);
			next = rest;
		}
		if (delta) {
			block_set(page, at, delta, next);
			next = at;
		}
		if (prev == SLAB_NIL)
			page->head = (uint16_t)next;
		else
			block_set(page, prev, block_units(page, prev), next);
		page->inuse = (uint16_t)(page->inuse + wish->units);
		return at + delta;
	}
	return SLAB_NIL;
}

void slob_page_free(struct slab_page *page, unsigned int unit, uint32_t units, uint32_t *looked)
{
	unsigned int prev = SLAB_NIL, next = page->head;

	page->inuse = (uint16_t)(page->inuse - units);
	while (next < unit) {
		++*looked;
		prev = next;
		next = block_next(page, next);
	}
	if (next < SLOB_PAGE_UNITS && unit + units == next) {
		units += block_units(page, next);
		next = block_next(page, next);
	}
	if (prev == SLAB_NIL) {
		page->head = (uint16_t)unit;
	} else if (prev + block_units(page, prev) == unit) {
		units += block_units(page, prev);
		unit = prev;
	} else {
		block_set(page, prev, block_units(page, prev), unit);
	}
	block_set(page, unit, units, next);
}

bool slob_page_check(const struct slab_page *page, struct error *err)
{
	uint32_t nr_free = 0;
	unsigned int end = 0;

	for (unsigned int at = page->head; at < SLOB_PAGE_UNITS; at = block_next(page, at)) {
		if (at < end || (at == end && nr_free))
			return error_set(err, "free block at unit %u behind one up to %u", at, end);
		end = at + block_units(page, at);
		nr_free += block_units(page, at);
		if (end > SLOB_PAGE_UNITS || block_next(page, at) <= at)
			return error_set(err, "free block at unit %u has no end", at);
	}
	if (nr_free + page->inuse != SLOB_PAGE_UNITS)
		return error_set(err, "%u units free and %u in use", nr_free, page->inuse);
	return true;
}

/* set_slob() */
static void block_set(struct slab_page *page, unsigned int at, uint32_t units, unsigned int next)
{
	if (units == 1) {
		page->links[at] = (uint16_t)(SINGLE | next);
	} else {
		page->links[at] = (uint16_t)units;
		page->links[at + 1] = (uint16_t)next;
	}
}

static uint32_t block_units(const struct slab_page *page, unsigned int at)
{
	return page->links[at] & SINGLE ? 1 : page->links[at];
}

static unsigned int block_next(const struct slab_page *page, unsigned int at)
{
	return page->links[at] & SINGLE ? page->links[at] & ~(unsigned int)SINGLE :
					  page->links[at + 1];
}
