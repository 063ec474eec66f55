/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Contiguous requests of drivers: CMA.
 *
 * The recording tells each request and its end, not the pages, which have no allocation events;
 * the frees of single pages before a release are explained by it. Pages that move out of the way
 * are those that live in the machine's area: what the recorded kernel moved is replayed as the
 * allocations and frees that it shows, which come to nothing together.
 */
#include <config.h>

#include "replay_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/bits.h"
#include "kmreplay/mm/cma.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/page_contig.h"
#include "kmreplay/mm/page_start.h"
#include "kmreplay/mm/zone.h"

static void tally_pages(struct replay *r, uint64_t nr, bool gone);

enum replay_verdict replay_cma_alloc(struct replay *r, const struct replay_step *step)
{
	struct page_allocator *pa = machine_pages(r->machine);
	const struct repair_op *op = step->op;
	const struct event *ev = step->ev;
	const uint64_t count = (uint32_t)ev->cma.count;
	/* A machine with other areas serves from its first one. */
	const int area = MAX(cma_area_of(pa, ev->cma.pfn), 0);
	const uint64_t moved = r->tally.nr_moved;
	enum replay_verdict verdict;
	struct mm_outcome outcome;

	if (replay_passes_over(r, step, LAYER_PAGE, &verdict))
		return verdict;
	if (!cma_nr_areas(pa)) {
		replay_hold(r, op->slot, SLOT_COUNTED, 0);
		return VERDICT_COUNTED;
	}
	outcome = cma_alloc(pa, step->cpu, (unsigned int)area, count,
			    (unsigned int)MIN((uint64_t)ev->cma.align, (uint64_t)UINT8_MAX),
			    GFP_BITS_KERNEL);
	r->tally.cma.nr++;
	r->tally.cma.nr_busy += page_contig_report(pa)->nr_busy;
	/* Not by compaction. */
	r->tally.cma.nr_moved += r->tally.nr_moved - moved;
	r->tally.nr_moved = moved;
	verdict = replay_settle(r, step, outcome, bits_get_order(count << KERNEL_PAGE_SHIFT));
	replay_hold(r, op->slot, mm_ok(outcome) ? SLOT_CMA : SLOT_FAILED, outcome.addr);
	if (!mm_ok(outcome))
		return verdict;
	r->tally.cma.nr_given++;
	r->tally.cma.nr_same += outcome.addr == ev->cma.pfn;
	r->tally.cma.pages += count;
	if (op->slot == REPAIR_NO_SLOT) {
		BUG_ON(!cma_release(pa, step->cpu, (unsigned int)area, outcome.addr, count));
		return verdict;
	}
	r->slots.items[op->slot].asked = (uint32_t)count;
	tally_pages(r, count, false);
	return verdict;
}

struct mm_outcome replay_cma_free(struct replay *r, const struct replay_slot *s, unsigned int cpu)
{
	struct page_allocator *pa = machine_pages(r->machine);
	const int area = cma_area_of(pa, s->addr);

	BUG_ON(area < 0 || !cma_release(pa, cpu, (unsigned int)area, s->addr, s->asked));
	tally_pages(r, s->asked, true);
	return (struct mm_outcome){ .addr = s->addr, .path = MM_PATH_PCP_FREE };
}

bool replay_cma_init_block(struct replay *r, const struct event *ev)
{
	struct page_allocator *pa = machine_pages(r->machine);

	return ev->page.order == zone_pageblock_order(pa) &&
	       cma_area_of(pa, ev->page.pfn) >= 0 && cma_init_block(pa, ev->page.pfn);
}

static void tally_pages(struct replay *r, uint64_t nr, bool gone)
{
	while (nr--)
		replay_tally_pages(&r->tally, OWNER_KERNEL, 0, gone);
}
