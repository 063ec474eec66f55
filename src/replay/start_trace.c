/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the recording itself tells of memory at its start.
 *
 * Theory. The first event of a frame tells what it was (survey.c). Frames without any event stay
 * unknown. For a recording that begins in early boot two more things are known. When a single page
 * was given from a zone below the one that the request would rather have had, no free pageblock was
 * left in that higher zone (ALLOC_NOFRAGMENT prefers another zone, and there are no watermarks
 * yet), so what is untouched there was in use. In a zone of which a part was initialised late, all
 * memory of that part that was not reserved is seen to be freed, to the lists' ends; if requests
 * came to need it, all before it was in use (6.1 and later, 64 bits). In such zones only the rest
 * of a pageblock that requests were taking from was free: expand() gives the lowest pages first, so
 * what lies right behind a page that was free, in the same pageblock, was free as well, and nobody
 * came to need it.
 *
 * And the free lists are in order of addresses at boot (ascending; descending in HighMem, whose
 * pages are freed one by one). So in a zone that was drawn on, what is untouched below the lowest
 * frame ever taken was in use. So were blocks of the largest order of which nothing was taken, when
 * blocks behind them in that order were taken fresh: as free blocks they would have come first; and
 * what lies in such a block below its first taken page. All other untouched frames, and those of
 * all other recordings, count as free: nothing tells them apart, and most memory of most machines
 * is. But for a zone that the first requests passed over: it had run low, and what is untouched
 * there was in use.
 *
 * A pageblock is of the type that its first event on the free lists names. Of those without one,
 * MOVABLE from the beginning, boot has turned over what it took as a whole: its requests are not
 * for movable memory.
 */
#include <config.h>

#include "start_internal.h"

#include "kmreplay/core/bits.h"

#include <stdlib.h>

/* Where boot's rule puts the lines in a zone; frames are untouched ones. */
struct boot_line {
	uint64_t used_until;             /* all below were in use */
	uint64_t whole_from, whole_until; /* blocks between were in use, but for what was taken */
	bool split; /* what lies right behind a page that was taken, in its block, was free */
};

enum {
	TOP = 1 << KERNEL_MAX_ORDER,
	MOST_ASKEW = 8, /* one step in so many may go the wrong way */
};

static struct boot_line boot_line(const struct start_build *b, const struct start_zone *zone);
static bool is_exhausted(const struct survey *survey, const struct start_zone *zone);
static bool ran_dry(const struct start_build *b, const struct start_zone *zone);
static bool ran_short(const struct survey *survey, const struct start_zone *zone);
static bool was_late_needed(const struct survey *survey, const struct start_zone *zone);
static bool ran_low(const struct start_build *b, const struct start_zone *zone);
static void draw_whole(const struct survey *survey, const struct start_zone *zone,
		       struct boot_line *line);
static uint64_t end_of_split(const struct survey *survey, uint64_t from, uint64_t to);
static uint64_t first_taken_of(const struct survey *survey, uint64_t top);
static uint64_t first_taken(const struct survey *survey, const struct start_zone *zone);
static void tell_zone(struct start_build *b, const struct machine_range *range,
		      const struct start_zone *zone, size_t *at);
static void tell_untouched(struct start_build *b, uint64_t from, uint64_t to,
			   const struct boot_line *line);
static void tell_by_rule(struct start_build *b, uint64_t from, uint64_t to,
			 const struct boot_line *line);
static bool is_wholly_used(const struct start_state *state, uint64_t pfn, size_t *run);

void start_trace_ranges(struct start_build *b)
{
	const struct survey *survey = b->sources->survey;
	const uint64_t low = survey_low_end(survey), high = survey_high_end(survey);

	start_add_range(b, MIN((uint64_t)SURVEY_FIRST_PFN, low / 2), low, 0);
	if (high)
		start_add_range(b, SURVEY_FOUR_GIB, high, 0);
}

void start_trace_frames(struct start_build *b)
{
	struct start_state *state = b->state;
	size_t at = 0;

	vec_foreach(&state->ranges, range) {
		vec_foreach(&state->zones, zone) {
			if (zone->node == range->node && zone->start < range->end &&
			    zone->end > range->start)
				tell_zone(b, range, zone, &at);
		}
	}
	if (!b->sources->survey->from_boot)
		return;
	for (size_t i = 0; i < state->zones.nr; i++)
		state->pages.zones.items[i].below_high =
			ran_dry(b, &state->zones.items[i]);
}

void start_trace_types(struct start_build *b)
{
	const struct survey *survey = b->sources->survey;
	struct start_state *state = b->state;
	const uint64_t size = 1ULL << SURVEY_BLOCK_SHIFT;
	uint64_t last = UINT64_MAX;
	size_t run = 0;

	vec_foreach(&state->ranges, range) {
		for (uint64_t pfn = bits_align_down(range->start, size); pfn < range->end;
		     pfn += size) {
			const uint32_t *type =
				u64map_find(&survey->block_types, pfn >> SURVEY_BLOCK_SHIFT);

			if (pfn == last)
				continue;
			last = pfn;
			if (type)
				start_tell_type(b, pfn, (enum migratetype)*type);
			else if (survey->from_boot && is_wholly_used(state, pfn, &run))
				start_tell_type(b, pfn, MIGRATE_UNMOVABLE);
		}
	}
}

/* Given blocks left at the head, drained ones at the tail: the last of these is next to them. */
void start_trace_pcp(struct start_build *b)
{
	const struct survey *survey = b->sources->survey;

	if (!b->pcp_known)
		return;
	for (size_t i = 0; i < 2 * survey->pcp.nr; i++) {
		const bool drained = i >= survey->pcp.nr;
		const struct survey_pcp *block =
			&survey->pcp.items[drained ? 2 * survey->pcp.nr - 1 - i : i];

		if (block->drained == drained && start_state_zone(b->state, block->pfn))
			vec_push(&b->state->pages.pcp, (struct page_start_pcp){
							       .pfn = block->pfn,
							       .cpu = block->cpu,
							       .order = block->order,
							       .type = block->type,
						       });
	}
}

static struct boot_line boot_line(const struct start_build *b, const struct start_zone *zone)
{
	const struct survey *survey = b->sources->survey;
	struct boot_line line = { .used_until = 0 };

	if (!survey->from_boot) {
		line.used_until = ran_low(b, zone) ? zone->end : 0;
		return line;
	}
	if (is_exhausted(survey, zone) || was_late_needed(survey, zone)) {
		line.used_until = zone->end;
		line.split = true;
		return line;
	}
	draw_whole(survey, zone, &line);
	if (ran_short(survey, zone)) {
		line.whole_from = zone->start;
		line.whole_until = zone->end;
	}
	if (zone->type == ZONE_HIGHMEM)
		return line;
	line.used_until = first_taken(survey, zone);
	return line;
}

/*
 * Later, too, who is sent to a lower zone shows that the higher one is down to its low mark, or to
 * its last pageblocks: what is left there untouched in large blocks was never free.
 */
static bool ran_short(const struct survey *survey, const struct start_zone *zone)
{
	if (zone->type == ZONE_NORMAL && zone->start >= SURVEY_FOUR_GIB)
		return survey->nr_late_dma32 || survey->nr_late_dma;
	return (zone->type == ZONE_NORMAL || zone->type == ZONE_DMA32) && survey->nr_late_dma;
}

/*
 * Who could have had a page of this zone got one of a lower zone of its node: this one had come
 * down to its low mark.
 */
static bool ran_low(const struct start_build *b, const struct start_zone *zone)
{
	const struct survey *survey = b->sources->survey;

	if (zone->type != ZONE_NORMAL || zone->start < SURVEY_FOUR_GIB ||
	    survey->nr_given_low < SURVEY_FIRST_GIVEN)
		return false;
	vec_foreach(&b->state->zones, other) {
		if (other->node == zone->node && other->type == ZONE_DMA32)
			return true;
	}
	return false;
}

/* Memory that is handed over late lies behind all other in the lists: that was used up. */
static bool was_late_needed(const struct survey *survey, const struct start_zone *zone)
{
	vec_foreach(&survey->late, top) {
		const uint64_t pfn = (uint64_t)*top << KERNEL_MAX_ORDER;

		if (pfn >= zone->start && pfn < zone->end)
			return true;
	}
	return false;
}

bool start_was_deferred(const struct start_build *b, const struct start_zone *zone)
{
	return start_first_late(b, zone, zone->start) != UINT64_MAX;
}

uint64_t start_first_late(const struct start_build *b, const struct start_zone *zone,
			  uint64_t from)
{
	uint64_t first = UINT64_MAX;

	if (!start_is_last_zone(b->state, zone))
		return first;
	vec_foreach(&b->sources->survey->used, block) {
		if (block->order >= SURVEY_BLOCK_SHIFT && block->pfn >= from &&
		    block->pfn < zone->end && !start_cma_of(b, block->pfn))
			first = MIN(first, block->pfn);
	}
	return first;
}

/*
 * The blocks taken fresh, in the order of time: those that all later ones lie behind are the front
 * of the list. The last of them may be a smaller block that looks like a whole one. Where the order
 * is not that of addresses (several nodes, several threads that freed memory) there is no telling.
 */
static void draw_whole(const struct survey *survey, const struct start_zone *zone,
		       struct boot_line *line)
{
	const bool down = zone->type == ZONE_HIGHMEM;
	uint64_t front = 0, nr = 0, nr_askew = 0, nr_front = 0, last = 0;

	for (size_t i = survey->fresh.nr; i-- > 0;) {
		const uint64_t pfn = (uint64_t)survey->fresh.items[i] << KERNEL_MAX_ORDER;

		if (pfn < zone->start || pfn >= zone->end)
			continue;
		nr_askew += nr && (down ? pfn < last : pfn > last);
		if (!nr || (down ? pfn > front : pfn < front)) {
			front = pfn;
			if (++nr_front == 2) {
				line->whole_from = down ? pfn : zone->start;
				line->whole_until = down ? zone->end : pfn;
			}
		}
		last = pfn;
		nr++;
	}
	if (nr_front < 2 || nr_askew * MOST_ASKEW > nr)
		line->whole_from = line->whole_until = 0;
}

/* On 32 bits zone Normal lies below 4 GiB and only zone DMA below it. */
static bool is_exhausted(const struct survey *survey, const struct start_zone *zone)
{
	if (zone->type == ZONE_NORMAL && zone->start >= SURVEY_FOUR_GIB)
		return survey->nr_fallback_dma32 || survey->nr_fallback_dma;
	if (zone->type == ZONE_NORMAL || zone->type == ZONE_DMA32)
		return survey->nr_fallback_dma;
	return false;
}

/*
 * It has come to its last page before: all of what boot initialised first was in use. Then it
 * failed its high mark, though that is 0 still (ZONE_BELOW_HIGH). Where some page was left, in
 * pageblocks that early requests do not break up, it never failed.
 */
static bool ran_dry(const struct start_build *b, const struct start_zone *zone)
{
	const uint64_t end = MIN(start_first_part(b, zone), zone->end);

	if (!is_exhausted(b->sources->survey, zone))
		return false;
	vec_foreach(&b->state->pages.free, run) {
		if (run->start < end && run->end > zone->start)
			return false;
	}
	return true;
}

/* The lowest frame that was taken from the free lists; 0: none was. */
static uint64_t first_taken(const struct survey *survey, const struct start_zone *zone)
{
	enum survey_state state;
	size_t at = 0;

	for (uint64_t pfn = zone->start; pfn < zone->end;) {
		const uint64_t end = survey_next(survey, &at, pfn, zone->end, &state);

		if (state == SURVEY_FREE)
			return pfn;
		pfn = end;
	}
	return 0;
}

static void tell_zone(struct start_build *b, const struct machine_range *range,
		      const struct start_zone *zone, size_t *at)
{
	const struct boot_line line = boot_line(b, zone);
	const uint64_t limit = MIN(range->end, zone->end);
	enum survey_state state;
	uint64_t end;

	for (uint64_t pfn = MAX(range->start, zone->start); pfn < limit; pfn = end) {
		end = survey_next(b->sources->survey, at, pfn, limit, &state);
		if (state == SURVEY_UNTOUCHED)
			tell_untouched(b, pfn, end, &line);
		else if (state == SURVEY_USED)
			start_tell(b, pfn, end, START_USED, START_BY_EVENTS);
		else if (state == SURVEY_PCP && b->pcp_known)
			start_tell(b, pfn, end, START_PCP, START_BY_EVENTS);
		else
			start_tell(b, pfn, end, START_FREE, START_BY_EVENTS);
	}
}

static void tell_untouched(struct start_build *b, uint64_t from, uint64_t to,
			   const struct boot_line *line)
{
	if (b->flags) {
		start_files_untouched(b, from, to);
		return;
	}
	while (from < to) {
		bool reserved;
		const uint64_t end = start_boot_reserved(b, from, to, &reserved);

		if (reserved)
			start_tell(b, from, end, START_USED, START_BY_MEMBLOCK);
		else
			tell_by_rule(b, from, end, line);
		from = end;
	}
}

static void tell_by_rule(struct start_build *b, uint64_t from, uint64_t to,
			 const struct boot_line *line)
{
	const struct survey *survey = b->sources->survey;
	const bool from_log = b->boot && b->boot->reserved_known;
	const enum start_basis basis = !survey->from_boot ? START_BY_NOTHING :
				       from_log		  ? START_BY_MEMBLOCK :
							    START_BY_RULE;
	const enum start_basis used_basis = survey->from_boot ? basis : START_BY_RULE;
	uint64_t end;

	end = line->split ? end_of_split(survey, from, to) : from;
	if (end > from)
		start_tell(b, from, end, START_FREE, basis);
	from = end;
	for (uint64_t at = from; at < to; at = end) {
		const uint64_t top = bits_align_down(at, TOP);
		uint64_t taken = MIN(MAX(line->used_until, at), to);

		end = taken > at ? taken : MIN(top + TOP, to);
		if (taken <= at && top >= line->whole_from && top + TOP <= line->whole_until)
			taken = MIN(MAX(first_taken_of(survey, top), at), end);
		if (taken > at)
			start_tell(b, at, taken, START_USED, used_basis);
		if (end > taken)
			start_tell(b, taken, end, START_FREE, basis);
	}
}

/*
 * The end of the rest of the block that was being split right before "from"; "from": there is none.
 * A pageblock that was free as a whole would have been taken before anybody was sent elsewhere.
 */
static uint64_t end_of_split(const struct survey *survey, uint64_t from, uint64_t to)
{
	const uint64_t size = 1ULL << SURVEY_BLOCK_SHIFT, block = bits_align_down(from, size);
	uint64_t at = from;

	while (at > block && survey_state_of(survey, at - 1) == SURVEY_FREE)
		at--;
	if (at == from || (at == block && to >= block + size))
		return from;
	return MIN(block + size, to);
}

/* The first page that was taken from the largest block at "top"; its end: none was. */
static uint64_t first_taken_of(const struct survey *survey, uint64_t top)
{
	for (uint64_t pfn = top; pfn < top + TOP; pfn++) {
		if (!u64map_find(&survey->index, pfn >> SURVEY_RUN_SHIFT))
			pfn += SURVEY_RUN - 1;
		else if (survey_state_of(survey, pfn) == SURVEY_FREE)
			return pfn;
	}
	return top + TOP;
}

/* No free frame lies in the pageblock; "*run" goes along with ascending "pfn". */
static bool is_wholly_used(const struct start_state *state, uint64_t pfn, size_t *run)
{
	const uint64_t end = pfn + (1ULL << SURVEY_BLOCK_SHIFT);

	while (*run < state->pages.free.nr && state->pages.free.items[*run].end <= pfn)
		++*run;
	return *run == state->pages.free.nr || state->pages.free.items[*run].start >= end;
}
