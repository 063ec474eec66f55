/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's memory when the recording begins.
 *
 * Theory. The first event of a frame tells what it was (survey.c), so the blocks whose first event
 * is a free are taken out of the free lists here, at their recorded frames, and go back when that
 * free comes. Frames without any event stay unknown. For a recording that begins in early boot two
 * more things are known. When a single page was given from a zone below the one that the request
 * would rather have had, no free pageblock was left in that higher zone (ALLOC_NOFRAGMENT prefers
 * another zone even before the watermarks do), so what is untouched there was in use. And the free
 * lists are ascending at boot, so in a zone that was drawn on, what is untouched below the lowest
 * frame ever taken was in use, too. All other untouched frames, and those of all other recordings,
 * count as free: nothing tells them apart, and most memory of most machines is.
 */
#include <config.h>

#include "replay_internal.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/zone.h"

/* A zone of the recorded machine: [start, end), as far as memory was seen in it. */
struct recorded_zone {
	enum zone_type type;
	uint64_t start, end;
};

static void take_used(struct replay *r);
static bool reserve(struct page_allocator *pa, uint64_t pfn, unsigned int order);
static void reserve_parts(struct page_allocator *pa, uint64_t pfn, unsigned int order);
static struct mm_outcome free_parts(struct page_allocator *pa, unsigned int cpu, uint64_t pfn,
				    unsigned int order);
static void take_untouched(struct replay *r, uint64_t from, uint64_t to);
static uint64_t untouched_run(const struct survey *survey, uint64_t pfn, uint64_t limit);
static void take_frames(struct replay *r, uint64_t pfn, uint64_t nr);
static struct recorded_zone recorded_zone(const struct replay *r, enum zone_type type);
static bool is_exhausted(const struct survey *survey, const struct recorded_zone *zone);

void replay_start(struct replay *r)
{
	if (!r->survey || !(r->options.layers & LAYER_PAGE))
		return;
	take_used(r);
	if (!r->survey->from_boot)
		return;
	for (unsigned int type = 0; type < ZONE_MOVABLE; type++) {
		const struct recorded_zone zone = recorded_zone(r, (enum zone_type)type);
		const uint64_t end = untouched_run(r->survey, zone.start, zone.end);

		if (is_exhausted(r->survey, &zone))
			take_untouched(r, zone.start, zone.end);
		else if (type != ZONE_HIGHMEM && end < zone.end)
			take_untouched(r, zone.start, end);
	}
}

enum replay_verdict replay_start_free(struct replay *r, const struct replay_step *step)
{
	const struct event *ev = step->ev;
	const uint32_t *order = u64map_find(&r->start_blocks, ev->page.pfn);
	struct mm_outcome outcome;

	if (!order || *order != ev->page.order)
		return VERDICT_UNSEEN;
	u64map_remove(&r->start_blocks, ev->page.pfn);
	replay_tally_pages(&r->tally, OWNER_UNKNOWN, ev->page.order, true);
	outcome = free_parts(machine_pages(r->machine), step->cpu, ev->page.pfn, ev->page.order);
	replay_tally_cost(&r->tally, CALL_PAGE_FREE, outcome);
	return VERDICT_DONE;
}

static void take_used(struct replay *r)
{
	struct page_allocator *pa = machine_pages(r->machine);

	vec_foreach(&r->survey->used, block) {
		bool fresh;

		if (!reserve(pa, block->pfn, block->order))
			continue;
		*u64map_insert(&r->start_blocks, block->pfn, &fresh) = block->order;
		replay_tally_pages(&r->tally, OWNER_UNKNOWN, block->order, false);
		r->tally.nr_start_freed += 1ULL << block->order;
	}
}

/*
 * A block of the recorded machine may lie in two zones of this one, if those were moved: then it is
 * taken in parts.
 */
static bool reserve(struct page_allocator *pa, uint64_t pfn, unsigned int order)
{
	if (page_reserve(pa, pfn, order))
		return true;
	for (uint64_t i = 0; i < 1ULL << order; i++) {
		if (!page_is_free(pa, pfn + i))
			return false;
	}
	reserve_parts(pa, pfn, order);
	return true;
}

static void reserve_parts(struct page_allocator *pa, uint64_t pfn, unsigned int order)
{
	if (page_reserve(pa, pfn, order))
		return;
	BUG_ON(!order);
	reserve_parts(pa, pfn, order - 1);
	reserve_parts(pa, pfn + (1ULL << (order - 1)), order - 1);
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

/* Takes what no event touches of the frames "from" .. "to" - 1. */
static void take_untouched(struct replay *r, uint64_t from, uint64_t to)
{
	for (uint64_t pfn = from; pfn < to;) {
		uint64_t end = untouched_run(r->survey, pfn, to);

		if (end > pfn)
			take_frames(r, pfn, end - pfn);
		pfn = end + 1;
	}
}

/* The end of the untouched frames that begin at "pfn": the first touched one, or "limit". */
static uint64_t untouched_run(const struct survey *survey, uint64_t pfn, uint64_t limit)
{
	while (pfn < limit) {
		uint64_t next = bits_align_down(pfn, SURVEY_RUN) + SURVEY_RUN;

		if (!u64map_find(&survey->index, pfn >> SURVEY_RUN_SHIFT))
			pfn = next;
		else if (survey_state_of(survey, pfn) == SURVEY_UNTOUCHED)
			pfn++;
		else
			return pfn;
	}
	return limit;
}

/* In the largest aligned blocks that fit; holes in the zone are no free memory and stay out. */
static void take_frames(struct replay *r, uint64_t pfn, uint64_t nr)
{
	struct page_allocator *pa = machine_pages(r->machine);

	while (nr) {
		unsigned int order = MIN(bits_ctz(pfn), (unsigned int)KERNEL_MAX_ORDER);

		while (1ULL << order > nr)
			order--;
		while (order && !page_reserve(pa, pfn, order))
			order--;
		if (order || page_reserve(pa, pfn, 0)) {
			replay_tally_pages(&r->tally, OWNER_UNKNOWN, order, false);
			r->tally.nr_start_untouched += 1ULL << order;
		}
		pfn += 1ULL << order;
		nr -= 1ULL << order;
	}
}

/*
 * Which zones the recorded machine had is the architecture's affair, whatever zones and nodes the
 * simulated one has; what that has beyond the recorded memory was never in use.
 */
static struct recorded_zone recorded_zone(const struct replay *r, enum zone_type type)
{
	const struct page_allocator *pa = machine_pages(r->machine);
	uint64_t first = UINT64_MAX, end = 0;
	struct recorded_zone zone = { .type = type };

	for (unsigned int i = 0; i < zone_count(pa); i++) {
		struct zone_info info;

		zone_info(pa, i, &info);
		first = MIN(first, info.start_pfn);
		end = MAX(end, info.end_pfn);
	}
	if (type)
		first = MAX(first, zone_default_end(r->arch, type - 1));
	zone.start = first;
	end = MIN(end, first < SURVEY_FOUR_GIB ? survey_low_end(r->survey) :
						 survey_high_end(r->survey));
	zone.end = MAX(MIN(end, zone_default_end(r->arch, type)), first);
	return zone;
}

/* On 32 bits zone Normal lies below 4 GiB and only zone DMA below it. */
static bool is_exhausted(const struct survey *survey, const struct recorded_zone *zone)
{
	if (zone->type == ZONE_NORMAL && zone->start >= SURVEY_FOUR_GIB)
		return survey->nr_fallback_dma32 || survey->nr_fallback_dma;
	if (zone->type == ZONE_NORMAL || zone->type == ZONE_DMA32)
		return survey->nr_fallback_dma;
	return false;
}
