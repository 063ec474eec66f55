/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting what the recorded kernel did. Only what was seen from its beginning to its end is
 * counted as held: blocks from before the recording have no owner that anyone knows.
 */
#include <config.h>

#include "kmreplay/replay/recorded.h"

#include "kmreplay/event/desc.h"

#include <string.h>

static void feed_call(struct recorded *recorded, const struct event *ev,
		      const struct repair_op *op);
static void feed_failure(struct recorded *recorded, const struct event *ev,
			 const struct repair_op *op);
static void feed_page_alloc(struct recorded *recorded, const struct event *ev,
			    const struct repair_op *op);
static void feed_page_free(struct recorded *recorded, const struct event *ev,
			   const struct repair_op *op);
static uint64_t nr_pages(const struct event *ev);
static void drop(struct recorded *recorded, uint32_t slot, uint64_t nr);
static void feed_step(struct recorded *recorded, const struct event *ev);

void recorded_init(struct recorded *recorded)
{
	memset(recorded, 0, sizeof(*recorded));
}

void recorded_deinit(struct recorded *recorded)
{
	vec_deinit(&recorded->blocks);
}

void recorded_feed(struct recorded *recorded, const struct repair *repair,
		   const struct repair_batch *batch)
{
	vec_extend_zeroed(&recorded->blocks, repair_nr_slots(repair));
	for (size_t i = 0; i < batch->batch->nr; i++) {
		const struct event *ev = &batch->batch->events[i];
		const struct repair_op *op = &batch->ops[i];

		if (op->call == CALL_NONE)
			feed_step(recorded, ev);
		else
			feed_call(recorded, ev, op);
	}
}

static void feed_call(struct recorded *recorded, const struct event *ev,
		      const struct repair_op *op)
{
	if (ev->flags & EVENT_F_FAILED)
		feed_failure(recorded, ev, op);
	else if (op->call == CALL_PAGE_ALLOC)
		feed_page_alloc(recorded, ev, op);
	else if (op->call == CALL_PAGE_FREE)
		feed_page_free(recorded, ev, op);
}

static void feed_failure(struct recorded *recorded, const struct event *ev,
			 const struct repair_op *op)
{
	uint32_t gfp = event_gfp(ev);
	unsigned int order = op->call == CALL_PAGE_ALLOC ? ev->page.order : 0;

	recorded->failures++;
	recorded->failures_by_order[MIN(order, (unsigned int)KERNEL_MAX_ORDER)]++;
	recorded->failures_by_class[gfp_class(gfp)]++;
}

static void feed_page_alloc(struct recorded *recorded, const struct event *ev,
			    const struct repair_op *op)
{
	struct recorded_owner *owner = &recorded->owners[op->owner];
	uint64_t nr = nr_pages(ev);

	recorded->has_pages = true;
	if (op->fate == FATE_SKIPPED || op->slot == REPAIR_NO_SLOT)
		return;
	if (op->implied_free != REPAIR_NO_SLOT)
		drop(recorded, op->implied_free, UINT16_MAX);
	recorded->page_allocs++;
	recorded->slab_allocs += op->owner == OWNER_SLAB;
	recorded->blocks.items[op->slot] =
		(struct recorded_block){ .pages = (uint16_t)nr, .owner = op->owner };
	owner->pages += nr;
	owner->peak = MAX(owner->peak, owner->pages);
}

static void feed_page_free(struct recorded *recorded, const struct event *ev,
			   const struct repair_op *op)
{
	bool part = op->kind == REPAIR_MISMATCH && op->implied_free != op->slot;

	if (op->fate != FATE_SKIPPED && op->slot != REPAIR_NO_SLOT)
		drop(recorded, op->slot, part ? nr_pages(ev) : UINT16_MAX);
}

/* Of a page event; a damaged order is taken for the largest. */
static uint64_t nr_pages(const struct event *ev)
{
	return 1ULL << MIN(ev->page.order, (uint8_t)KERNEL_MAX_ORDER);
}

/* At most "nr" pages of the slot's block are gone. */
static void drop(struct recorded *recorded, uint32_t slot, uint64_t nr)
{
	struct recorded_block *block = &recorded->blocks.items[slot];

	nr = MIN(nr, (uint64_t)block->pages);
	recorded->owners[block->owner].pages -= nr;
	block->pages = (uint16_t)(block->pages - nr);
}

/* Steps inside the allocators, and what reclaim tells. */
static void feed_step(struct recorded *recorded, const struct event *ev)
{
	switch (event_desc(ev->type)->payload) {
	case EVENT_PAYLOAD_PAGE:
		recorded->has_inside |= ev->type == EVENT_ZONE_LOCKED ||
					ev->type == EVENT_PCPU_DRAIN;
		return;
	case EVENT_PAYLOAD_EXTFRAG:
		recorded->has_inside = true;
		recorded->extfrag++;
		recorded->extfrag_small += ev->extfrag.fallback_order < ev->extfrag.pageblock_order;
		return;
	case EVENT_PAYLOAD_OOM:
		recorded->has_oom = true;
		recorded->oom += ev->type == EVENT_OOM_VICTIM;
		return;
	default:
		break;
	}
	switch (ev->type) {
	case EVENT_RECLAIM_BEGIN:
		recorded->direct_reclaims++;
		break;
	case EVENT_RECLAIM_END:
		recorded->direct_pages += ev->counts.nr[0];
		break;
	case EVENT_KSWAPD_WAKE:
		recorded->kswapd_wakes++;
		break;
	case EVENT_COMPACT_BEGIN:
		recorded->compactions++;
		break;
	case EVENT_COMPACT_MIGRATE:
		recorded->moved_pages += ev->counts.nr[0];
		break;
	default:
		break;
	}
	recorded->has_reclaim |= !strcmp(event_desc(ev->type)->system, "vmscan");
	recorded->has_compaction |= !strcmp(event_desc(ev->type)->system, "compaction");
}
