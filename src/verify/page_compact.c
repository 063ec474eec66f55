/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compaction as it was recorded: free pages that it takes to move others to.
 *
 * Theory. Of a run are seen the ranges in which it looked for free pages, how many pages it looked
 * at and took (isolate_freepages_block(), fast_isolate_freepages()), and the frees of the pages
 * that it moved away. What was taken leaves the free lists without an event of its own, and is in
 * use from then on; unused rests are freed as anything else. The range is walked as the kernel
 * walks it: the blocks that begin where it looks are those it took. How far apart it looks
 * (6.12 begins with every 32nd page) is the distance that fits both numbers.
 *
 * From 6.9 on a page that was taken, but to which nothing could be moved after all, fires
 * mm_page_free though it stays with the run (compaction_free()).
 */
#include <config.h>

#include "page_judge.h"

#include "kmreplay/mm/page_follow_reclaim.h"

#include "kmreplay/core/bits.h"

enum {
	MOST_RUNS = 4096,
	MOST_PAGES = 1 << KERNEL_MAX_ORDER, /* a scan stays inside a pageblock */
	MOST_APART = 32,                    /* COMPACT_CLUSTER_MAX */
};

/* What a walk over a range comes to. */
struct walk {
	uint64_t nr_scanned, nr_taken;
};

static struct page_compacting *run_of(struct page_judge *j, uint64_t context, bool make);
static void isolate_range(struct page_judge *j, const struct page_op *op);
static struct walk walk_range(struct page_judge *j, const struct event *ev, uint64_t apart,
			      struct page_compacting *run);
static void isolate_fast(struct page_judge *j, const struct page_op *op);
static bool find_zone(const struct page_judge *j, uint64_t pfn, unsigned int *zone);
static uint64_t isolate(struct page_judge *j, struct page_compacting *run, uint64_t pfn);
static void isolate_ours(struct page_judge *j);
static void end_run(struct page_judge *j, uint64_t context);

void page_compact_deinit(struct page_judge *j)
{
	vec_foreach(&j->compacting, run)
		vec_deinit(&run->blocks);
	vec_deinit(&j->compacting);
	vec_deinit(&j->isolated);
}

void page_compact_note(struct page_judge *j, const struct page_op *op)
{
	struct page_compacting *run;

	vec_reset(&j->isolated);
	if (!verify_is_given(&j->setup, GIVEN_RECLAIM))
		return;
	if (!j->follow) {
		isolate_ours(j);
		return;
	}
	switch (op->ev.type) {
	case EVENT_COMPACT_ISO_MIGRATE:
	case EVENT_COMPACT_MIGRATE:
		run = run_of(j, op->context, true);
		run->migrates = op->ev.type == EVENT_COMPACT_ISO_MIGRATE && op->ev.range.b;
		break;
	case EVENT_COMPACT_ISO_FREE:
		isolate_range(j, op);
		break;
	case EVENT_COMPACT_ISO_FAST:
		isolate_fast(j, op);
		break;
	case EVENT_COMPACT_END:
		end_run(j, op->context);
		break;
	default:
		break;
	}
}

bool page_compact_keeps(struct page_judge *j, const struct page_op *op)
{
	const struct page_compacting *run =
		j->compacting.nr ? run_of(j, op->context, false) : NULL;
	const uint64_t pfn = op->ev.page.pfn;

	if (!run || !run->migrates || !page_allocator_profile(j->pa)->compact_moves_folios)
		return false;
	vec_foreach(&run->blocks, block) {
		if (pfn >= block->pfn && pfn - block->pfn < 1ULL << block->order)
			return true;
	}
	return false;
}

static struct page_compacting *run_of(struct page_judge *j, uint64_t context, bool make)
{
	vec_foreach(&j->compacting, run) {
		if (run->context == context)
			return run;
	}
	if (!make)
		return NULL;
	if (j->compacting.nr == MOST_RUNS) /* their ends are not in the recording */
		page_compact_deinit(j);
	vec_push(&j->compacting, (struct page_compacting){ .context = context });
	return &j->compacting.items[j->compacting.nr - 1];
}

static void isolate_range(struct page_judge *j, const struct page_op *op)
{
	const struct event *ev = &op->ev;
	const uint64_t nr_taken = ev->range.b;
	uint64_t apart = 0;

	if (!nr_taken || ev->range.end <= ev->range.start ||
	    ev->range.end - ev->range.start > MOST_PAGES)
		return;
	for (uint64_t at = 1; at <= MOST_APART; at *= 2) {
		const struct walk walk = walk_range(j, ev, at, NULL);

		if (walk.nr_taken != nr_taken)
			continue;
		apart = apart ? apart : at;
		if (walk.nr_scanned != ev->range.a)
			continue;
		apart = at;
		break;
	}
	if (!apart)
		verify_aside(j->log, ASIDE_FORCED, VERIFY_PAGE,
			     "pages that compaction took, though ours has others free", nr_taken);
	(void)walk_range(j, ev, apart ? apart : 1, run_of(j, op->context, true));
}

/* With "run" the blocks are taken, too. */
static struct walk walk_range(struct page_judge *j, const struct event *ev, uint64_t apart,
			      struct page_compacting *run)
{
	struct walk walk = { 0 };
	struct page_where where;

	for (uint64_t at = ev->range.start;
	     at < ev->range.end && walk.nr_taken < ev->range.b; at += apart) {
		uint64_t size;

		walk.nr_scanned++;
		page_follow_find(j->pa, at, &where);
		size = 1ULL << where.order;
		if (where.head != at ||
		    (where.place != PAGE_PLACE_LISTS && where.place != PAGE_PLACE_USED) ||
		    (where.place == PAGE_PLACE_USED && at + size > ev->range.end))
			continue;
		if (where.place == PAGE_PLACE_LISTS) {
			walk.nr_taken += size;
			if (run)
				isolate(j, run, at);
		}
		walk.nr_scanned += size - 1;
		at += size - 1;
	}
	return walk;
}

static void isolate_fast(struct page_judge *j, const struct page_op *op)
{
	const uint64_t min = op->ev.range.start, end = op->ev.range.end, nr = op->ev.range.b;
	const uint64_t block = 1ULL << zone_pageblock_order(j->pa);
	unsigned int zone;
	uint64_t pfn;

	if (!nr || nr > MOST_PAGES || (nr & (nr - 1)) || end <= min || !find_zone(j, min, &zone))
		return;
	/* The upper quarter of what lies between the scanners is preferred to the upper half. */
	pfn = page_follow_fast_target(j->pa, zone, bits_ctz(nr), min,
				      bits_align_down(end - (end - min) / 2, block));
	if (pfn != PAGE_FOLLOW_NONE)
		isolate(j, run_of(j, op->context, true), pfn);
	else
		verify_aside(j->log, ASIDE_FORCED, VERIFY_PAGE,
			     "pages that compaction took, though ours has others free", nr);
}

static bool find_zone(const struct page_judge *j, uint64_t pfn, unsigned int *zone)
{
	struct zone_info info;

	for (*zone = 0; *zone < j->nr_zones; ++*zone) {
		zone_info(j->pa, *zone, &info);
		if (pfn >= info.start_pfn && pfn < info.end_pfn)
			return true;
	}
	return false;
}

static uint64_t isolate(struct page_judge *j, struct page_compacting *run, uint64_t pfn)
{
	const unsigned int order = page_follow_isolate(j->pa, pfn);

	if (order == KERNEL_NR_ORDERS)
		return 0;
	vec_push(&run->blocks, (struct page_isolated){ .pfn = pfn, .order = (uint8_t)order });
	vec_push(&j->isolated, (struct page_isolated){ .pfn = pfn, .order = (uint8_t)order });
	verify_aside(j->log, ASIDE_GROUND, VERIFY_PAGE,
		     "pages that compaction took: their number is the recording's",
		     1ULL << order);
	return 1ULL << order;
}

/* Free-running: what the guide took, or as much from the top of the zone. */
static void isolate_ours(struct page_judge *j)
{
	struct page_where where;

	vec_foreach(&j->guide->isolated, block) {
		uint64_t ours = block->pfn;

		page_follow_find(j->pa, block->pfn, &where);
		if (where.place != PAGE_PLACE_LISTS || where.order < block->order)
			ours = page_follow_highest(j->pa, where.zone, block->order);
		if (ours == PAGE_FOLLOW_NONE) {
			verify_aside(j->log, ASIDE_FORCED, VERIFY_PAGE,
				     "pages that compaction took, though ours has others free",
				     1ULL << block->order);
			continue;
		}
		(void)page_follow_own(j->pa, ours, block->order, MIGRATE_MOVABLE);
		page_live_keep(j, block->pfn, block->order, ours);
	}
}

static void end_run(struct page_judge *j, uint64_t context)
{
	struct page_compacting *run = run_of(j, context, false);

	if (!run)
		return;
	vec_deinit(&run->blocks);
	*run = j->compacting.items[--j->compacting.nr];
}
