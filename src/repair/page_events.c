/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mm_page_alloc and mm_page_free: blocks by pfn.
 *
 * Blocks often are not freed as they were allocated: split_page() and alloc_pages_exact() leave
 * single pages, a vmalloc of huge pages is freed page by page, the last reference to a block
 * without __GFP_COMP frees its tail in halves (mm/page_alloc.c:__free_pages()). And pages are
 * obtained without any event (alloc_pages_bulk(), compaction's targets, contiguous ranges): they
 * show only as frees of what was never seen, or as a second allocation of a live page.
 */
#include <config.h>

#include "repair_internal.h"

static void end_overlap(struct repair *r, struct repair_op *op, uint64_t pfn);
static void free_whole(struct repair *r, struct held_batch *held, size_t index, uint64_t pfn,
		       const struct page_block *block);
static void free_part(struct repair *r, struct repair_op *op, uint64_t pfn, unsigned int order);

void page_event_alloc(struct repair *r, const struct event *ev, struct repair_op *op,
		      uint64_t number)
{
	struct page_block *block;

	op->call = CALL_PAGE_ALLOC;
	if (ev->flags & EVENT_F_FAILED || ev->page.pfn == EVENT_PFN_FAILED || !ev->page.pfn) {
		op->owner = (uint8_t)owner_by_flags(ev->page.gfp, ev->page.order);
		repair_skip(op, REPAIR_FAILED);
		owner_page_failed(r, ev);
		return;
	}
	if (!pages_is_sane(ev->page.pfn, ev->page.order)) {
		repair_skip(op, REPAIR_MISMATCH);
		return;
	}
	end_overlap(r, op, ev->page.pfn);
	op->slot = repair_take_slot(r);
	owner_page_alloc(r, ev, op, number);
	r->coverage.pages_by_owner[op->owner] += 1ULL << ev->page.order;
	block = pages_add(&r->pages, ev->page.pfn, ev->page.order);
	block->event = number;
	block->slot = op->slot;
	block->owner = op->owner;
	block->flags = op->fate == FATE_EXPLAINED ? PAGE_EXPLAINED : 0;
}

void page_event_free(struct repair *r, struct held_batch *held, size_t index)
{
	const struct event *ev = &held->batch.events[index];
	struct repair_op *op = &held->ops.items[index];
	const struct page_block *block = NULL;
	uint64_t pfn = ev->page.pfn;
	unsigned int order = ev->page.order;
	uint64_t head = pfn;

	op->call = CALL_PAGE_FREE;
	if (pages_is_sane(pfn, order))
		block = pages_find_containing(&r->pages, pfn, &head);
	if (block && pages_slot(&r->pages, block) == REPAIR_NO_SLOT) {
		/* What is left of a block that was taken to have ended. */
		pages_remove(&r->pages, head);
		block = NULL;
	}
	if (!block) {
		if (area_cma_page_free(r, ev))
			op->fate = FATE_EXPLAINED;
		else
			repair_skip(op, REPAIR_UNSEEN_ALLOC);
		return;
	}
	op->slot = pages_slot(&r->pages, block);
	op->owner = block->owner;
	if (block->flags & PAGE_EXPLAINED)
		op->fate = FATE_EXPLAINED;
	if (order < block->order)
		block = pages_cut(&r->pages, head, pfn, order);
	if (block->flags & PAGE_PIECE)
		free_part(r, op, pfn, order);
	else
		free_whole(r, held, index, pfn, block);
}

/* Whatever is live at "pfn" was freed unseen, as a whole. */
static void end_overlap(struct repair *r, struct repair_op *op, uint64_t pfn)
{
	const struct page_block *block;
	uint64_t head;

	block = pages_find_containing(&r->pages, pfn, &head);
	if (!block)
		return;
	op->implied_free = pages_slot(&r->pages, block);
	if (op->implied_free != REPAIR_NO_SLOT) {
		op->fate = FATE_REPAIRED;
		op->kind = REPAIR_UNSEEN_FREE;
		repair_give_slot(r, op->implied_free);
		if (block->flags & PAGE_PIECE)
			pages_end_group(&r->pages, block);
	}
	pages_remove(&r->pages, head);
}

static void free_whole(struct repair *r, struct held_batch *held, size_t index, uint64_t pfn,
		       const struct page_block *block)
{
	const struct event *ev = &held->batch.events[index];
	struct repair_op *op = &held->ops.items[index];

	if (ev->page.order != block->order) {
		op->kind = REPAIR_MISMATCH;
		op->implied_free = op->slot;
		if (op->fate == FATE_DIRECT)
			op->fate = FATE_REPAIRED;
	} else {
		op->cache = block->cache;
		if (block->owner == OWNER_SLAB)
			object_end_slab(r, held, index, pfn, block);
	}
	repair_give_slot(r, op->slot);
	pages_remove(&r->pages, pfn);
}

/* Frees the pieces of one cut block that lie in 2^order pages from "pfn" on. */
static void free_part(struct repair *r, struct repair_op *op, uint64_t pfn, unsigned int order)
{
	const struct page_block *piece = pages_find(&r->pages, pfn);
	uint32_t group_nr = piece->slot;
	struct page_group group = r->pages.groups.items[group_nr];
	uint64_t at = pfn;

	op->kind = REPAIR_MISMATCH;
	if (op->fate == FATE_DIRECT)
		op->fate = FATE_REPAIRED;
	op->cache = (uint32_t)(pfn - group.pfn);
	while (piece && piece->flags & PAGE_PIECE && piece->slot == group_nr &&
	       at - pfn < 1ULL << order) {
		uint64_t next = at + (1ULL << piece->order);

		group.pages -= 1U << piece->order;
		pages_remove(&r->pages, at);
		at = next;
		piece = pages_find(&r->pages, at);
	}
	if (group.pages)
		return;
	op->implied_free = op->slot;
	repair_give_slot(r, op->slot);
}
