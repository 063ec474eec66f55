/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that was in use when the recording began, as the replay meets it: it is part of the
 * machine from its creation (start_state.c), belongs to nobody that is known, and goes back when
 * its free comes, in the parts in which the kernel gave it back.
 */
#include <config.h>

#include "replay_internal.h"

#include "kmreplay/mm/page.h"
#include "kmreplay/mm/page_start.h"

static bool all_unknown(const struct page_allocator *pa, uint64_t pfn, unsigned int order);
static void adopt_parts(struct page_allocator *pa, uint64_t pfn, unsigned int order);
static struct mm_outcome free_parts(struct page_allocator *pa, unsigned int cpu, uint64_t pfn,
				    unsigned int order);

void replay_start(struct replay *r)
{
	struct page_allocator *pa = machine_pages(r->machine);
	/* Slabs have been placed. */
	const uint64_t nr_used = page_total(pa) - page_free_total(pa) - r->tally.pages;

	if (!r->survey || !(r->options.layers & LAYER_PAGE))
		return;
	vec_foreach(&r->survey->used, block) {
		if (!all_unknown(pa, block->pfn, block->order))
			continue;
		replay_tally_pages(&r->tally, OWNER_UNKNOWN, block->order, false);
		r->tally.nr_start_freed += 1ULL << block->order;
	}
	r->tally.nr_start_untouched = nr_used - MIN(nr_used, r->tally.nr_start_freed);
	replay_tally_held(&r->tally, OWNER_UNKNOWN, r->tally.nr_start_untouched);
}

enum replay_verdict replay_start_free(struct replay *r, const struct replay_step *step)
{
	struct page_allocator *pa = machine_pages(r->machine);
	const struct event *ev = step->ev;
	struct mm_outcome outcome;

	if (!all_unknown(pa, ev->page.pfn, ev->page.order))
		return VERDICT_UNSEEN;
	if (!replay_cma_init_block(r, ev))
		adopt_parts(pa, ev->page.pfn, ev->page.order);
	replay_tally_pages(&r->tally, OWNER_UNKNOWN, ev->page.order, true);
	outcome = free_parts(pa, step->cpu, ev->page.pfn, ev->page.order);
	replay_tally_cost(&r->tally, CALL_PAGE_FREE, outcome);
	return VERDICT_DONE;
}

/* A block of the recorded machine may lie in two zones of this one, if those were moved. */
static bool all_unknown(const struct page_allocator *pa, uint64_t pfn, unsigned int order)
{
	if (page_is_unknown(pa, pfn, order))
		return true;
	if (!order || order > KERNEL_MAX_ORDER || pfn & ((1ULL << order) - 1))
		return false;
	return all_unknown(pa, pfn, order - 1) &&
	       all_unknown(pa, pfn + (1ULL << (order - 1)), order - 1);
}

static void adopt_parts(struct page_allocator *pa, uint64_t pfn, unsigned int order)
{
	if (page_adopt(pa, pfn, order, MIGRATE_UNMOVABLE))
		return;
	BUG_ON(!order);
	adopt_parts(pa, pfn, order - 1);
	adopt_parts(pa, pfn + (1ULL << (order - 1)), order - 1);
}

static struct mm_outcome free_parts(struct page_allocator *pa, unsigned int cpu, uint64_t pfn,
				    unsigned int order)
{
	struct mm_outcome low, high;
	unsigned int held;

	if (page_is_allocated(pa, pfn, &held) && held == order)
		return page_free(pa, cpu, pfn, order);
	low = free_parts(pa, cpu, pfn, order - 1);
	high = free_parts(pa, cpu, pfn + (1ULL << (order - 1)), order - 1);
	mm_outcome_add(&low, high);
	if (low.path < high.path)
		low.path = high.path;
	return low;
}
