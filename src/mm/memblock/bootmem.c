/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bitmap allocator of early kernels.
 *
 * Theory. A bit a frame, searched upwards. A hint behind the last allocation saves walking what is
 * taken; only when nothing is found behind it the search begins anew at the goal. Small requests
 * that follow each other share frames: one begins where the last one ended, if the frame that it
 * would get is the next one. So frees give back whole frames only, and what is left of shared ones
 * is lost.
 *
 * Mirrors alloc_bootmem_bdata(), mark_bootmem(), free_bootmem() of 2.6.31 to 4.19. Left out: the
 * bitmap's own frames; groups of 64 frames that are handed over as one block each.
 */
#include <config.h>

#include "kmreplay/mm/bootmem.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/mm/page_start.h"

static void add_node(struct bootmem *bm, const struct memblock *mb, int node);
static uint64_t alloc_in(struct bootmem_node *nd, const struct memblock_request *req,
			 uint64_t goal);
static uint64_t find(const struct bootmem_node *nd, uint64_t from, uint64_t end, uint64_t nr,
		     uint64_t step);
static uint64_t take(struct bootmem_node *nd, uint64_t at, const struct memblock_request *req);
static uint64_t align_frame(const struct bootmem_node *nd, uint64_t at, uint64_t step);
static bool mark(struct bootmem *bm, uint64_t first, uint64_t end, bool reserve);
static struct bootmem_node *node_of(const struct bootmem *bm, uint64_t pfn);
static bool is_set(const struct bootmem_node *nd, uint64_t at);
static void flip(struct bootmem_node *nd, uint64_t at);

void bootmem_init(struct bootmem *bm, const struct memblock *mb)
{
	*bm = (struct bootmem){ .nodes.nr = 0 };
	vec_foreach(&mb->memory.regions, region) {
		bool known = false;

		vec_foreach(&bm->nodes, nd)
			known |= nd->node == region->node;
		if (!known)
			add_node(bm, mb, region->node);
	}
}

void bootmem_deinit(struct bootmem *bm)
{
	vec_foreach(&bm->nodes, nd)
		free(nd->bits);
	vec_deinit(&bm->nodes);
}

uint64_t bootmem_alloc(struct bootmem *bm, const struct memblock_request *req)
{
	struct memblock_request own = *req;
	uint64_t found = 0;

	if (!own.align)
		own.align = MEMBLOCK_ALIGN;
	for (uint64_t goal = own.start;; goal = 0) {
		vec_foreach(&bm->nodes, nd) {
			if (!found && own.node == nd->node)
				found = alloc_in(nd, &own, goal);
		}
		vec_foreach(&bm->nodes, nd) {
			if (!found && (own.node < 0 || !own.exact_node))
				found = alloc_in(nd, &own, goal);
		}
		if (found || !goal)
			return found;
	}
}

bool bootmem_reserve(struct bootmem *bm, uint64_t start, uint64_t end)
{
	return mark(bm, start >> KERNEL_PAGE_SHIFT,
		    bits_align_up(end, KERNEL_PAGE_SIZE) >> KERNEL_PAGE_SHIFT, true);
}

bool bootmem_free(struct bootmem *bm, uint64_t start, uint64_t end)
{
	return mark(bm, bits_align_up(start, KERNEL_PAGE_SIZE) >> KERNEL_PAGE_SHIFT,
		    end >> KERNEL_PAGE_SHIFT, false);
}

void bootmem_free_all(const struct bootmem *bm, struct page_start *start)
{
	vec_foreach(&bm->nodes, nd) {
		for (uint64_t at = 0; at < nd->end - nd->first; at++) {
			if (!is_set(nd, at))
				page_start_add_free(start, nd->first + at, nd->first + at + 1);
		}
	}
}

static void add_node(struct bootmem *bm, const struct memblock *mb, int node)
{
	const uint64_t limit = mb->limit >> KERNEL_PAGE_SHIFT;
	struct bootmem_node nd = { .node = node, .first = UINT64_MAX };
	struct memblock_region gap = { .end = 0 };

	vec_foreach(&mb->memory.regions, region) {
		const uint64_t start = bits_align_up(region->start, KERNEL_PAGE_SIZE);

		if (region->node != node)
			continue;
		nd.first = MIN(nd.first, start >> KERNEL_PAGE_SHIFT);
		nd.end = MIN(region->end >> KERNEL_PAGE_SHIFT, limit);
	}
	if (nd.first >= nd.end)
		return;
	nd.bits = xcalloc((nd.end - nd.first + 63) / 64, sizeof(*nd.bits));
	for (uint64_t at = 0; at < nd.end - nd.first; at++)
		flip(&nd, at);
	while (memblock_next_free(mb, gap.end, &gap)) {
		const uint64_t end = MIN(gap.end >> KERNEL_PAGE_SHIFT, nd.end);
		uint64_t pfn = bits_align_up(gap.start, KERNEL_PAGE_SIZE) >> KERNEL_PAGE_SHIFT;

		for (; gap.node == node && pfn < end; pfn++)
			flip(&nd, pfn - nd.first);
	}
	vec_push(&bm->nodes, nd);
}

static uint64_t alloc_in(struct bootmem_node *nd, const struct memblock_request *req,
			 uint64_t goal)
{
	const uint64_t step = MAX(req->align >> KERNEL_PAGE_SHIFT, (uint64_t)1);
	const uint64_t nr = bits_align_up(req->size, KERNEL_PAGE_SIZE) >> KERNEL_PAGE_SHIFT;
	const uint64_t limit = req->end >> KERNEL_PAGE_SHIFT;
	const uint64_t max = limit && nd->end > limit ? limit : nd->end;
	const uint64_t from = goal >> KERNEL_PAGE_SHIFT;
	uint64_t start, at;

	if (max <= nd->first || !req->size || req->size > max << KERNEL_PAGE_SHIFT)
		return 0;
	start = from > nd->first && from < max ? from : nd->first;
	start = bits_align_up(start, step) - nd->first;
	at = find(nd, nd->hint > start ? align_frame(nd, nd->hint, step) : start,
		  max - nd->first, nr, step);
	if (at == UINT64_MAX && nd->hint > start)
		at = find(nd, start, max - nd->first, nr, step);
	return at == UINT64_MAX ? 0 : take(nd, at, req);
}

/* "nr" clear bits at a multiple of "step"; UINT64_MAX: none. */
static uint64_t find(const struct bootmem_node *nd, uint64_t from, uint64_t end, uint64_t nr,
		     uint64_t step)
{
	uint64_t at = from;

	for (;;) {
		uint64_t clear = 0;

		while (at < end && is_set(nd, at))
			at++;
		at = align_frame(nd, at, step);
		if (at >= end || nr > end - at)
			return UINT64_MAX;
		while (clear < nr && !is_set(nd, at + clear))
			clear++;
		if (clear == nr)
			return at;
		at += clear;
		if (align_frame(nd, at, step) == at)
			at += step;
		else
			at = align_frame(nd, at, step);
	}
}

/* What it finds is aligned for whole frames; behind the last allocation's end, for bytes. */
static uint64_t take(struct bootmem_node *nd, uint64_t at, const struct memblock_request *req)
{
	const uint64_t base = nd->first << KERNEL_PAGE_SHIFT;
	const bool joins = nd->last_end & (KERNEL_PAGE_SIZE - 1) &&
			   (nd->last_end >> KERNEL_PAGE_SHIFT) + 1 == at;
	uint64_t start = at << KERNEL_PAGE_SHIFT, frame;

	if (joins)
		start = bits_align_up(base + nd->last_end, req->align) - base;
	frame = start >> KERNEL_PAGE_SHIFT;
	frame += frame < at; /* shared, and reserved already */
	nd->last_end = start + req->size;
	nd->hint = bits_align_up(nd->last_end, KERNEL_PAGE_SIZE) >> KERNEL_PAGE_SHIFT;
	for (; frame < nd->hint; frame++) {
		BUG_ON(is_set(nd, frame));
		flip(nd, frame);
	}
	return base + start;
}

static uint64_t align_frame(const struct bootmem_node *nd, uint64_t at, uint64_t step)
{
	return bits_align_up(nd->first + at, step) - nd->first;
}

static bool mark(struct bootmem *bm, uint64_t first, uint64_t end, bool reserve)
{
	for (uint64_t pfn = first; pfn < end; pfn++) {
		const struct bootmem_node *nd = node_of(bm, pfn);

		if (!nd || is_set(nd, pfn - nd->first) == reserve)
			return false;
	}
	for (uint64_t pfn = first; pfn < end; pfn++) {
		struct bootmem_node *nd = node_of(bm, pfn);

		flip(nd, pfn - nd->first);
		if (!reserve)
			nd->hint = MIN(nd->hint, pfn - nd->first);
	}
	return true;
}

static struct bootmem_node *node_of(const struct bootmem *bm, uint64_t pfn)
{
	vec_foreach(&bm->nodes, nd) {
		if (pfn >= nd->first && pfn < nd->end)
			return nd;
	}
	return NULL;
}

static bool is_set(const struct bootmem_node *nd, uint64_t at)
{
	return nd->bits[at / 64] >> (at % 64) & 1;
}

static void flip(struct bootmem_node *nd, uint64_t at)
{
	nd->bits[at / 64] ^= 1ULL << (at % 64);
}
