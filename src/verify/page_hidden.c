/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that were made while events were off.
 *
 * Theory. Early boot switches each event that the command line named off and on again, one by one
 * (event_trace_enable_again(), 6.1 to 7.2). Meanwhile a list may be refilled, and pages may be
 * given out of it, without a word. The next page that is seen to be given lies in the free lists
 * then, as far as we know, and what a refill would take before it is not heard of as given: it has
 * gone silently.
 */
#include <config.h>

#include "page_judge.h"

#include "kmreplay/mm/gfp_policy.h"

enum {
	MOST_REFILLED = 64 << 5, /* blocks: the largest batch there is, doubled five times */
};

static bool refill_begins_with(const struct page_judge *j, const struct page_list *list,
			       uint64_t pfn, unsigned int *before);
static void enter_unseen(struct page_judge *j, const struct page_list *list);

void page_judge_unseen(struct page_judge *j, const struct page_op *op)
{
	struct page_list list = { .cpu = page_judge_cpu(j, op),
				  .order = op->ev.page.order,
				  .type = gfp_policy_migratetype(op->ev.page.gfp) };
	struct page_where where;
	unsigned int before;

	if (op->takes.nr || !verify_is_given(&j->setup, GIVEN_SILENT) || j->course.failed ||
	    !survey_order_has_list(list.order))
		return;
	page_follow_find(j->pa, op->ev.page.pfn, &where);
	list.zone = where.zone;
	if (where.place != PAGE_PLACE_LISTS || where.type != list.type ||
	    page_follow_head(j->pa, &list) != PAGE_FOLLOW_NONE ||
	    !refill_begins_with(j, &list, op->ev.page.pfn, &before) || !before)
		return;
	j->course.unseen = true;
	for (unsigned int i = 0; i < before; i++) {
		const uint64_t pfn = page_follow_bulk(j->pa, &list);

		if (pfn == PAGE_FOLLOW_NONE)
			break;
		if (!i)
			enter_unseen(j, &list);
		page_judge_silent(j, &list, pfn);
	}
	j->course.unseen = false;
	verify_aside(j->log, ASIDE_GROUND, VERIFY_PAGE, "refills that have no events", 1);
	page_judge_tell_silent(j, before);
}

/* And nothing tells of the "*before" blocks in front of it that they leave the free lists. */
static bool refill_begins_with(const struct page_judge *j, const struct page_list *list,
			       uint64_t pfn, unsigned int *before)
{
	uint64_t pfns[MOST_REFILLED];
	const unsigned int nr = page_follow_refill(j->pa, list, pfns, MOST_REFILLED);

	for (*before = 0; *before < nr && pfns[*before] != pfn; ++*before) {
		if (page_look_taken(j->look, pfns[*before], j->course.op->number))
			return false;
	}
	return *before < nr;
}

/* The rest of the refill has come into the list by no event. */
static void enter_unseen(struct page_judge *j, const struct page_list *list)
{
	uint64_t pfn = page_follow_head(j->pa, list);

	for (; pfn != PAGE_FOLLOW_NONE; pfn = page_follow_next(j->pa, pfn))
		page_judge_enters(j, pfn, PAGE_UNSEEN);
}
