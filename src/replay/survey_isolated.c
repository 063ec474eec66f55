/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages that compaction took from the free lists without an event of their own.
 *
 * Theory. isolate_freepages_block() takes free blocks to move pages to, and tells the range it
 * looked at and how many pages it got, not which. They come into use without mm_page_alloc. So of
 * such a page the first event may be the free of what was moved there, though it was free at the
 * beginning. A pageblock out of which as many pages were taken as are given back so later has
 * nothing left for pages that were in use from the beginning; one that gives back more holds both,
 * and which are which is not known: they count as in use, as everywhere else.
 */
#include <config.h>

#include "survey_isolated.h"

#include "kmreplay/abi/kernel.h"

/* A scan stays inside a pageblock; what is larger is damage. */
enum { MOST_PAGES = 1 << KERNEL_MAX_ORDER };

static struct survey_isolation *isolation_of(struct survey_isolated *isolated, uint64_t pfn);

void survey_isolated_init(struct survey_isolated *isolated)
{
	u64map_init(&isolated->pages);
	u64map_init(&isolated->blocks);
}

void survey_isolated_deinit(struct survey_isolated *isolated)
{
	u64map_deinit(&isolated->pages);
	u64map_deinit(&isolated->blocks);
	vec_deinit(&isolated->isolations);
	vec_deinit(&isolated->freed);
}

void survey_isolated_range(struct survey *survey, const struct event *ev)
{
	struct survey_isolated *isolated = &survey->isolated;
	const uint64_t start = ev->range.start, end = ev->range.end, nr_taken = ev->range.b;
	bool fresh;

	if (!nr_taken || end <= start || end - start > MOST_PAGES || nr_taken > end - start ||
	    end > SURVEY_MAX_PFN)
		return;
	isolation_of(isolated, start)->nr_taken += nr_taken;
	for (uint64_t pfn = start; pfn < end; pfn++) {
		if (survey_state_of(survey, pfn) == SURVEY_UNTOUCHED)
			u64map_insert(&isolated->pages, pfn, &fresh);
	}
}

bool survey_isolated_free(struct survey *survey, uint64_t pfn, unsigned int order)
{
	struct survey_isolated *isolated = &survey->isolated;
	const uint64_t end = pfn + (1ULL << order);

	if (likely(!isolated->isolations.nr) || !u64map_find(&isolated->pages, pfn))
		return false;
	for (uint64_t at = pfn; at < end; at++) {
		if (!u64map_find(&isolated->pages, at) ||
		    survey_state_of(survey, at) != SURVEY_UNTOUCHED)
			return false;
	}
	for (uint64_t at = pfn; at < end; at++)
		(void)u64map_remove(&isolated->pages, at);
	isolation_of(isolated, pfn)->nr_freed += 1ULL << order;
	vec_push(&isolated->freed, (struct survey_block){ .pfn = pfn, .order = (uint8_t)order });
	return true;
}

bool survey_isolated_was_free(const struct survey_isolated *isolated,
			      const struct survey_block *block)
{
	const uint32_t *at = u64map_find(&isolated->blocks, block->pfn >> SURVEY_BLOCK_SHIFT);
	const struct survey_isolation *isolation = &isolated->isolations.items[*at];

	return isolation->nr_freed <= isolation->nr_taken;
}

static struct survey_isolation *isolation_of(struct survey_isolated *isolated, uint64_t pfn)
{
	bool fresh;
	uint32_t *at = u64map_insert(&isolated->blocks, pfn >> SURVEY_BLOCK_SHIFT, &fresh);

	if (fresh) {
		*at = (uint32_t)isolated->isolations.nr;
		vec_push(&isolated->isolations, (struct survey_isolation){ 0 });
	}
	return &isolated->isolations.items[*at];
}
