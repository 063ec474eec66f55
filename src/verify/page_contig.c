/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Contiguous requests in the judge of the page layer.
 *
 * Theory. cma_alloc_start, cma_alloc_busy_retry and cma_alloc_finish frame the tries of a request;
 * the end names the place. In between the same task drains lists, asks for pages to move others
 * to, and frees those that moved: calls like any other, but for the type of their pageblock.
 * Free pages around the range that were taken with it come back at last, one event each. So the
 * look ahead notes each try with its place, and which frees are of the latter kind; the judge
 * isolates the place at the begin and takes it when they begin to come back, or at the end.
 *
 * Following, whatever is still in the range must have gone. Free-running, ours looks for a place by
 * its own bitmap, and moves what is left in it elsewhere.
 */
#include <config.h>

#include "page_contig.h"

#include "page_judge.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/mm/cma.h"

enum {
	MOST_FREED = 1 << 20, /* of a request that are remembered */
	GFP_MOVE = GFP_BITS_KERNEL | GFP_BIT_MOVABLE | GFP_BIT_RETRY_MAYFAIL,
};

static struct contig_running *running_of(struct contig_look *look, const struct event *ev);
static void add_try(struct contig_look *look, struct contig_running *run, const struct event *ev,
		    uint64_t number);
static void add_step(struct contig_look *look, uint64_t number, enum contig_what what);
static void step(struct page_judge *j, const struct contig_step *at);
static void begin(struct page_judge *j, uint32_t number, const struct contig_try *try);
static uint64_t place_of(const struct page_judge *j, const struct contig_try *try);
static void take(struct page_judge *j, struct contig_open *open, const struct contig_try *try);
static void move_rest(struct page_judge *j, struct contig_open *open);
static bool move_block(struct page_judge *j, const struct page_where *where);

void contig_look_init(struct contig_look *look)
{
	*look = (struct contig_look){ .tries.nr = 0 };
	u64map_init(&look->contexts);
}

void contig_look_deinit(struct contig_look *look)
{
	vec_foreach(&look->running, run)
		vec_deinit(&run->freed);
	vec_deinit(&look->running);
	vec_deinit(&look->tries);
	vec_deinit(&look->steps);
	u64map_deinit(&look->contexts);
}

const struct contig_running *contig_look_event(struct contig_look *look, const struct event *ev,
					       uint64_t number)
{
	struct contig_running *run;

	if (likely(ev->type != EVENT_CMA_START && !look->running.nr))
		return NULL;
	switch (ev->type) {
	case EVENT_CMA_START:
		run = running_of(look, ev);
		run->begin = number + 1;
		run->last = run->isolated = 0;
		vec_reset(&run->freed);
		return NULL;
	case EVENT_CMA_BUSY:
	case EVENT_CMA_FINISH:
	case EVENT_CMA_ALLOC:
		run = running_of(look, ev);
		if (!run->begin)
			return NULL;
		add_try(look, run, ev, number);
		run->begin = ev->type == EVENT_CMA_BUSY ? number + 1 : 0;
		run->last = ev->cma.pfn;
		return run;
	case EVENT_COMPACT_ISO_FREE:
		run = running_of(look, ev);
		if (run->begin && !run->isolated)
			run->isolated = number;
		return NULL;
	case EVENT_PAGE_FREE:
	case EVENT_PAGE_FREE_DIRECT:
		if (page_calls_level(ev) || ev->page.order)
			return NULL;
		run = running_of(look, ev);
		if (run->begin && run->freed.nr < MOST_FREED)
			vec_push(&run->freed, (struct contig_freed){ .number = number,
								     .pfn = ev->page.pfn });
		return NULL;
	default:
		return NULL;
	}
}

void page_contig_until(struct page_judge *j, uint64_t number)
{
	const struct contig_look *look = page_look_contig(j->look);

	for (; look && j->contig_step < look->steps.nr &&
	       look->steps.items[j->contig_step].number <= number; j->contig_step++)
		step(j, &look->steps.items[j->contig_step]);
}

void page_contig_release(struct page_judge *j, const struct event *ev)
{
	for (size_t i = 0; i < j->contig_held.nr; i++) {
		const struct contig_held held = j->contig_held.items[i];
		const int area = cma_area_of(j->pa, held.ours);

		if (held.recorded != ev->cma.pfn)
			continue;
		if (area >= 0)
			(void)cma_unhold(j->pa, (unsigned int)area, held.ours, held.nr);
		j->contig_held.items[i] = j->contig_held.items[--j->contig_held.nr];
		return;
	}
}

void page_contig_deinit(struct page_judge *j)
{
	vec_foreach(&j->contigs, open)
		page_contig_end(j->pa, 0, &open->contig);
	vec_deinit(&j->contigs);
	vec_deinit(&j->contig_held);
}

static struct contig_running *running_of(struct contig_look *look, const struct event *ev)
{
	bool fresh;
	uint32_t *at = u64map_insert(&look->contexts, page_calls_context(ev), &fresh);

	if (fresh) {
		*at = (uint32_t)look->running.nr;
		vec_push(&look->running, (struct contig_running){ .begin = 0 });
	}
	return &look->running.items[*at];
}

/* A request that ends in vain names the place before once more, and tried none. */
static void add_try(struct contig_look *look, struct contig_running *run, const struct event *ev,
		    uint64_t number)
{
	const bool got = ev->type != EVENT_CMA_BUSY && !(ev->flags & EVENT_F_FAILED);
	const uint64_t pfn = ev->cma.pfn, end = pfn + ev->cma.count;
	uint64_t taken = number;

	if (pfn >= SURVEY_MAX_PFN || !ev->cma.count || (!got && pfn == run->last))
		return;
	vec_foreach(&run->freed, freed) {
		freed->around = got && (freed->pfn < pfn || freed->pfn >= end) &&
				freed->pfn >= bits_align_down(pfn, 1ULL << KERNEL_MAX_ORDER) &&
				freed->pfn < bits_align_up(end, 1ULL << KERNEL_MAX_ORDER);
		if (freed->around)
			taken = MIN(taken, freed->number);
	}
	if (run->isolated)
		taken = MIN(taken, run->isolated);
	vec_push(&look->tries, (struct contig_try){ .pfn = pfn, .nr = ev->cma.count,
						    .align = (uint8_t)MIN(ev->cma.align, 30U),
						    .again = run->last, .got = got });
	add_step(look, run->begin, CONTIG_BEGIN);
	if (got)
		add_step(look, taken, CONTIG_TAKE);
	add_step(look, number, CONTIG_END);
}

/* Other tasks' requests may have begun later and ended before. */
static void add_step(struct contig_look *look, uint64_t number, enum contig_what what)
{
	const struct contig_step step = { .number = number,
					  .try = (uint32_t)look->tries.nr - 1,
					  .what = (uint8_t)what };
	size_t at = look->steps.nr;

	vec_push(&look->steps, step);
	for (; at && look->steps.items[at - 1].number > number; at--)
		look->steps.items[at] = look->steps.items[at - 1];
	look->steps.items[at] = step;
}

static void step(struct page_judge *j, const struct contig_step *at)
{
	const struct contig_try *try = &page_look_contig(j->look)->tries.items[at->try];
	size_t i = 0;

	if (at->what == CONTIG_BEGIN) {
		begin(j, at->try, try);
		return;
	}
	while (i < j->contigs.nr && j->contigs.items[i].try != at->try)
		i++;
	if (i == j->contigs.nr)
		return;
	if (at->what == CONTIG_TAKE) {
		take(j, &j->contigs.items[i], try);
		return;
	}
	page_contig_end(j->pa, 0, &j->contigs.items[i].contig);
	j->contigs.items[i] = j->contigs.items[--j->contigs.nr];
}

static void begin(struct page_judge *j, uint32_t number, const struct contig_try *try)
{
	struct contig_open open = { .try = number, .pfn = place_of(j, try) };
	const int area = cma_area_of(j->pa, open.pfn);

	if (page_contig_begin(j->pa, 0, open.pfn, try->nr, area >= 0, &open.contig) !=
	    PAGE_CONTIG_OK) {
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_PAGE,
			     "contiguous requests for places that ours cannot isolate", 1);
		return;
	}
	vec_push(&j->contigs, open);
}

/* Following, the recorded one; else the first one that is left in our area. */
static uint64_t place_of(const struct page_judge *j, const struct contig_try *try)
{
	const int area = cma_area_of(j->pa, try->pfn);
	uint64_t pfn = 0;

	if (j->follow || area < 0)
		return try->pfn;
	/* What was busy in the kernel was so at its place, which is not ours to doubt. */
	if (try->got && !try->again)
		pfn = cma_next_place(j->pa, (unsigned int)area, try->nr, try->align, 0);
	return pfn ? pfn : try->pfn;
}

static void take(struct page_judge *j, struct contig_open *open, const struct contig_try *try)
{
	const int area = cma_area_of(j->pa, open->pfn);
	uint64_t nr_used;

	if (!j->follow)
		move_rest(j, open);
	nr_used = page_contig_seize(j->pa, 0, &open->contig);
	verify_aside(j->log, ASIDE_FORCED, VERIFY_PAGE,
		     "pages that contiguous requests had to find free, and ours had in use", nr_used);
	if (area >= 0)
		(void)cma_hold(j->pa, (unsigned int)area, open->pfn, try->nr);
	vec_push(&j->contig_held, (struct contig_held){ .recorded = try->pfn, .ours = open->pfn,
							.nr = try->nr });
	for (uint64_t i = 0; !j->follow && i < try->nr; i++)
		page_live_keep(j, try->pfn + i, 0, open->pfn + i);
}

/* What recorded moves did not move in ours. */
static void move_rest(struct page_judge *j, struct contig_open *open)
{
	const uint64_t end = open->pfn + open->contig.nr;

	for (uint64_t pfn = open->pfn; pfn < end;) {
		struct page_where where;

		page_follow_find(j->pa, pfn, &where);
		if (where.place == PAGE_PLACE_UNKNOWN || where.place == PAGE_PLACE_OUTSIDE) {
			pfn++;
			continue;
		}
		if (where.place == PAGE_PLACE_USED && !move_block(j, &where))
			return;
		pfn = where.head + (1ULL << where.order);
	}
}

/* False: there is nowhere to move it, or it is nobody's that is known. */
static bool move_block(struct page_judge *j, const struct page_where *where)
{
	const struct page_op none = { .kind = PAGE_OP_BULK };
	struct mm_outcome outcome;

	page_judge_begin(j, &none);
	outcome = page_alloc(j->pa, 0, GFP_MOVE, where->order, -1, 0);
	if (!mm_ok(outcome))
		return false;
	if (!page_live_moved(j, where->head, outcome.addr, where->order)) {
		(void)page_free(j->pa, 0, outcome.addr, where->order);
		return false;
	}
	(void)page_free(j->pa, 0, where->head, where->order);
	return true;
}
