/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks that the kernel did not take, though they came first in ours: they were not free.
 *
 * Of memory that no event is about only a guess says that it was free: once is enough. Of other
 * memory once or twice may mean that other blocks came before it; but a block of just the order
 * asked for stays first until it is taken, so what is passed over again and again is not there.
 */
#include <config.h>

#include "page_judge.h"

enum { MOST_PASSED = 256 }; /* a few refills set right what only came in another order */

static bool is_untouched(const struct page_judge *j, const struct page_where *where);

void page_learn_taken(struct page_judge *j, uint64_t ours, uint64_t truth, unsigned int order)
{
	struct page_where where;
	uint32_t *nr;
	bool fresh;

	if (ours == truth) {
		if (unlikely(j->passed.nr))
			(void)u64map_remove(&j->passed, ours);
		return;
	}
	if (ours == PAGE_FOLLOW_NONE)
		return;
	page_follow_find(j->pa, ours, &where);
	if (where.place != PAGE_PLACE_LISTS)
		return;
	if (verify_is_given(&j->setup, GIVEN_START) && is_untouched(j, &where)) {
		(void)page_follow_own(j->pa, where.head, where.order, where.type);
		vec_push(&j->used, where);
		verify_aside(j->log, ASIDE_FORCED, VERIFY_PAGE,
			     "memory without events that the kernel passed over: in use, it seems",
			     1);
		return;
	}
	if (where.order > order)
		return;
	nr = u64map_insert(&j->passed, ours, &fresh);
	if (++*nr < MOST_PASSED)
		return;
	(void)u64map_remove(&j->passed, ours);
	(void)page_follow_own(j->pa, where.head, where.order, where.type);
	verify_aside(j->log, ASIDE_FORCED, VERIFY_PAGE,
		     "free blocks that the kernel passed over again and again", 1);
}

static bool is_untouched(const struct page_judge *j, const struct page_where *where)
{
	for (uint64_t i = 0; i < 1ULL << where->order; i++) {
		if (survey_state_of(j->setup.survey, where->head + i) != SURVEY_UNTOUCHED)
			return false;
	}
	return true;
}
