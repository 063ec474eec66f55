/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot log's part in the state at the start of a recording from boot: which memory there was,
 * which was reserved, which is handed over late.
 *
 * Theory. All memory that memblock had not reserved went to the free lists, in ascending order, but
 * for what a late thread initialises (DEFERRED_STRUCT_PAGE_INIT: behind the first section's edge
 * after more than a section of a node's last zone). Who was early took from the highest zone; in a
 * lower one what lies below the first page that the recording shows being taken was taken before.
 */
#include <config.h>

#include "start_internal.h"

#include "kmreplay/core/bits.h"

#include <stdlib.h>
#include <string.h>

/* What is counted of a zone. */
struct managed {
	uint64_t first_deferred; /* UINT64_MAX: none is */
	uint64_t now, later;
};

static bool ranges_of_ram(struct start_build *b);
static void add_bytes(struct start_build *b, uint64_t start, uint64_t end, int node);
static uint64_t next_reserved(const struct proc_boot *boot, uint64_t pfn, uint64_t limit,
			      bool *reserved);
static uint64_t first_deferred(const struct start_build *b, const struct start_zone *zone);
static uint64_t first_not_grown(const struct start_build *b, const struct start_zone *zone,
				uint64_t deferred);
static void note_grown(struct start_state *state, const struct start_zone *zone,
		       uint64_t first_deferred);
static void add_cma(struct start_build *b, uint64_t start, uint64_t end, uint32_t area);
static int by_start(const void *a, const void *b);
static void count_range(struct start_build *b, uint64_t from, uint64_t to,
			struct managed *managed);

bool start_boot_ranges(struct start_build *b)
{
	if (!b->boot)
		return false;
	for (size_t i = 0; i < b->boot->memory.nr; i++) {
		const struct proc_range *range = &b->boot->memory.items[i];

		add_bytes(b, range->start, range->end, MAX(range->node, 0));
	}
	return b->state->exact || ranges_of_ram(b);
}

uint64_t start_boot_reserved(const struct start_build *b, uint64_t pfn, uint64_t limit,
			     bool *reserved)
{
	*reserved = false;
	if (!b->boot || !b->boot->reserved_known)
		return limit;
	return next_reserved(b->boot, pfn, limit, reserved);
}

void start_boot_cma(struct start_build *b)
{
	const struct survey *survey = b->sources->survey;
	const uint64_t size = 1ULL << SURVEY_BLOCK_SHIFT;

	for (size_t i = 0; b->boot && i < b->boot->cma.nr; i++) {
		const struct proc_range *range = &b->boot->cma.items[i];

		add_cma(b, range->start >> KERNEL_PAGE_SHIFT, range->end >> KERNEL_PAGE_SHIFT,
			(uint32_t)i);
	}
	if (b->state->cma.nr)
		return;
	vec_foreach(&b->state->ranges, range) {
		uint64_t first = range->end;

		for (uint64_t pfn = bits_align_up(range->start, size); pfn < range->end;
		     pfn += size) {
			const uint32_t *type =
				u64map_find(&survey->block_types, pfn >> SURVEY_BLOCK_SHIFT);
			const bool cma = type && *type == MIGRATE_CMA;

			if (cma)
				first = MIN(first, pfn);
			if (first < pfn && !cma)
				add_cma(b, first, pfn, (uint32_t)b->state->cma.nr);
			if (!cma)
				first = range->end;
		}
		add_cma(b, first, bits_align_down(range->end, size),
			(uint32_t)b->state->cma.nr);
	}
}

const struct machine_cma *start_cma_of(const struct start_build *b, uint64_t pfn)
{
	vec_foreach(&b->state->cma, area) {
		if (pfn >= area->start && pfn < area->end)
			return area;
	}
	return NULL;
}

uint64_t start_first_part(const struct start_build *b, const struct start_zone *zone)
{
	uint64_t nr = 0;

	if (!start_is_last_zone(b->state, zone))
		return UINT64_MAX;
	vec_foreach(&b->state->ranges, range) {
		const uint64_t start = MAX(range->start, zone->start);
		const uint64_t end = MIN(range->end, zone->end);

		if (range->node != zone->node)
			continue;
		for (uint64_t at = start; at < end;) {
			const uint64_t edge = bits_align_up(at + 1, SECTION);

			if (!(at & (SECTION - 1)) && nr + 1 > SECTION)
				return at;
			nr += MIN(edge, end) - at;
			at = edge;
		}
	}
	return UINT64_MAX;
}

void start_boot_managed(struct start_build *b)
{
	struct start_state *state = b->state;

	if (!b->boot || !b->boot->reserved_known)
		return;
	vec_foreach(&state->zones, zone) {
		const uint64_t deferred = first_deferred(b, zone);
		struct managed managed = { .first_deferred = deferred };

		if (deferred != UINT64_MAX)
			managed.first_deferred = first_not_grown(b, zone, deferred);
		if (managed.first_deferred != deferred)
			note_grown(state, zone, deferred);
		vec_foreach(&state->ranges, range) {
			if (range->node == zone->node)
				count_range(b, MAX(range->start, zone->start),
					    MIN(range->end, zone->end), &managed);
		}
		zone->managed = managed.now;
		zone->managed_later = managed.later;
	}
	if (state->pages.reserved.nr) /* nodes may interleave */
		qsort(state->pages.reserved.items, state->pages.reserved.nr,
		      sizeof(*state->pages.reserved.items), by_start);
}

/* Areas that the log has askew, or that are empty, are none. */
static void add_cma(struct start_build *b, uint64_t start, uint64_t end, uint32_t area)
{
	if (start < end && !((start | end) & ((1U << SURVEY_BLOCK_SHIFT) - 1)))
		vec_push(&b->state->cma,
			 (struct machine_cma){ .start = start, .end = end, .area = area });
}

static int by_start(const void *a, const void *b)
{
	const struct page_start_run *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* /proc/iomem lists memory in rows of its own. */
static bool ranges_of_ram(struct start_build *b)
{
	const struct proc_snapshot *snap = b->sources->boot;

	if (!proc_has(snap, PROC_IOMEM))
		return false;
	vec_foreach(&snap->iomem.rows, row) {
		if (!row->depth && !strcmp(row->name, "System RAM"))
			add_bytes(b, row->start, row->end, 0);
	}
	return b->state->exact;
}

/* Frames that are memory as a whole. */
static void add_bytes(struct start_build *b, uint64_t start, uint64_t end, int node)
{
	const uint64_t first = bits_align_up(start, KERNEL_PAGE_SIZE) >> KERNEL_PAGE_SHIFT;
	const uint64_t last = end >> KERNEL_PAGE_SHIFT;

	if (first >= last)
		return;
	start_add_range(b, first, last, node);
	b->state->exact = true;
}

/* The end of the frames at "pfn" that are, or are not, reserved; one byte of a frame suffices. */
static uint64_t next_reserved(const struct proc_boot *boot, uint64_t pfn, uint64_t limit,
			      bool *reserved)
{
	*reserved = false;
	for (size_t i = 0; i < boot->reserved.nr; i++) {
		const struct proc_range *range = &boot->reserved.items[i];
		const uint64_t start = range->start >> KERNEL_PAGE_SHIFT;
		const uint64_t end = bits_align_up(range->end, KERNEL_PAGE_SIZE) >>
				     KERNEL_PAGE_SHIFT;

		if (end <= pfn)
			continue;
		*reserved = start <= pfn;
		return MIN(*reserved ? end : start, limit);
	}
	return limit;
}

/*
 * deferred_grow_zone(): whole sections that early requests already needed. All of them that came
 * later are seen to be freed, so none seen means that none was left: each node has its own part,
 * and who boots on a node may well need all of it.
 */
static uint64_t first_not_grown(const struct start_build *b, const struct start_zone *zone,
				uint64_t deferred)
{
	const uint64_t seen = start_first_late(b, zone, deferred);

	return seen == UINT64_MAX ? seen : MAX(bits_align_down(seen, SECTION), deferred);
}

/*
 * get_page_from_freelist() grows a zone either when it fails its marks, the high one first (then it
 * is ZONE_BELOW_HIGH, 6.7 on), or when rmqueue() finds nothing that is not another type's part of a
 * pageblock (ALLOC_NOFRAGMENT). Such parts are still free then, and marks are 0: they pass.
 */
static void note_grown(struct start_state *state, const struct start_zone *zone,
		       uint64_t first_deferred)
{
	bool passes = false;

	vec_foreach(&state->pages.free, run) {
		passes |= MAX(run->start, zone->start) <
			  MIN(run->end, MIN(first_deferred, zone->end));
	}
	if (!state->pages.early || passes)
		return;
	vec_foreach(&state->pages.zones, given) {
		if (given->node == zone->node && given->type == zone->type)
			given->below_high = true;
	}
}

/* defer_init(): at a section's edge, once more than a section was initialised. */
static uint64_t first_deferred(const struct start_build *b, const struct start_zone *zone)
{
	return b->boot->deferred || start_was_deferred(b, zone) ? start_first_part(b, zone) :
								  UINT64_MAX;
}

/* Reserved memory that events touch is managed by then. */
static void count_range(struct start_build *b, uint64_t from, uint64_t to,
			struct managed *managed)
{
	const struct survey *survey = b->sources->survey;
	size_t at = 0;

	while (from < to) {
		enum survey_state state;
		bool reserved;
		uint64_t end = next_reserved(b->boot, from, to, &reserved);

		if (!reserved) {
			const uint64_t now = MIN(end, MAX(managed->first_deferred, from));

			managed->now += now - from;
			managed->later += end - from;
		} else if (start_cma_of(b, from)) {
			/* Handed over late, as a whole. */
			end = MIN(end, start_cma_of(b, from)->end);
			managed->later += end - from;
		} else {
			vec_foreach(&b->state->cma, area)
				end = area->start > from ? MIN(end, area->start) : end;
			end = survey_next(survey, &at, from, end, &state);
			vec_push(&b->state->pages.reserved,
				 (struct page_start_run){ .start = from, .end = end });
			managed->later += state == SURVEY_UNTOUCHED ? 0 : end - from;
		}
		from = end;
	}
}
