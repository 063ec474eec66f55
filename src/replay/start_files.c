/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part that files of the running machine have in the state at the start: where its zones lie,
 * which frames kpageflags shows to be free, and the limits that zoneinfo lists.
 */
#include <config.h>

#include "start_internal.h"

#include "kmreplay/core/bits.h"

#include <stdarg.h>
#include <string.h>

/* Frames that are no memory although they have a struct page: none if start is above end. */
struct hole {
	uint64_t start, end;
	uint64_t tail; /* where the zone's memory ends */
};

static uint64_t touched_absent(const struct survey *survey, const struct proc_kpageflags *flags);
static uint64_t reserved_free(const struct start_build *b, const struct proc_kpageflags *flags);
static struct hole small_holes(const struct start_build *b, const struct proc_zone *zone);
static const struct proc_snapshot *map_of_memory(const struct start_build *b);
static void add_zone_ranges(struct start_build *b, const struct proc_zone *zone);
static bool has_page(const struct proc_kpageflags *flags, uint64_t pfn);
static uint64_t next_memory(const struct start_build *b, uint64_t pfn, uint64_t end,
			    bool *is_memory);
static void add_guessed_range(struct start_build *b, const struct proc_zone *zone);
static uint64_t highest_touched(const struct survey *survey, uint64_t start, uint64_t end);
static struct page_start_zone *limits_of(struct start_state *state, int node, enum zone_type type);
static void use_protection(const struct proc_snapshot *files, const struct proc_zone *given,
			   struct page_start_zone *limits);
static void use_zone(struct start_build *b, const struct proc_zone *given, enum zone_type type);

bool start_files_ranges(struct start_build *b)
{
	const struct proc_snapshot *files = b->sources->files;

	if (!files || !proc_has(files, PROC_ZONEINFO))
		return false;
	vec_foreach(&files->zoneinfo.zones, zone) {
		if (zone->present)
			add_zone_ranges(b, zone);
	}
	return b->state->exact;
}

const struct proc_kpageflags *start_files_flags(struct start_build *b)
{
	const struct proc_snapshot *files = b->sources->files, *later = b->sources->later;
	uint64_t nr_absent, nr_freed;

	if (files && proc_has(files, PROC_KPAGEFLAGS))
		return &files->kpageflags;
	if (!later || !proc_has(later, PROC_KPAGEFLAGS))
		return NULL;
	nr_absent = touched_absent(b->sources->survey, &later->kpageflags);
	nr_freed = reserved_free(b, &later->kpageflags);
	if (nr_absent)
		start_contradict(b, "kpageflags beside the boot log are of another machine and are "
				 "not used: %llu pages of the recording are not there",
				 (unsigned long long)nr_absent);
	else if (nr_freed)
		start_contradict(b, "kpageflags beside the boot log are of another boot, or of a "
				 "moment behind the recording, and are not used: %llu reserved "
				 "pages, which the recording never frees, are free",
				 (unsigned long long)nr_freed);
	b->state->has_later = !nr_absent && !nr_freed;
	return b->state->has_later ? &later->kpageflags : NULL;
}

void start_files_untouched(struct start_build *b, uint64_t from, uint64_t to)
{
	while (from < to) {
		const bool is_free = proc_page_flags(b->flags, from) & PROC_PAGE_BUDDY;
		uint64_t end = from + 1;

		while (end < to && !(proc_page_flags(b->flags, end) & PROC_PAGE_BUDDY) == !is_free)
			end++;
		start_tell(b, from, end, is_free ? START_FREE : START_USED, START_BY_FLAGS);
		from = end;
	}
}

void start_files_limits(struct start_build *b)
{
	const struct proc_snapshot *files = b->sources->files;
	enum zone_type type;

	if (!files || !proc_has(files, PROC_ZONEINFO))
		return;
	vec_foreach(&files->zoneinfo.zones, zone) {
		if (zone->present && zone_type_named(zone->id.name, &type))
			use_zone(b, zone, type);
	}
}

void start_contradict(struct start_build *b, const char *fmt, ...)
{
	struct str line;
	bool is_new = true;
	va_list ap;

	str_init(&line);
	va_start(ap, fmt);
	str_vaddf(&line, fmt, ap);
	va_end(ap);
	vec_foreach(&b->state->contradictions, other)
		is_new &= strcmp(*other, str_text(&line)) != 0;
	if (is_new)
		vec_push(&b->state->contradictions, xstrdup(str_text(&line)));
	str_deinit(&line);
}

/* Frames with events that have no struct page. */
static uint64_t touched_absent(const struct survey *survey, const struct proc_kpageflags *flags)
{
	uint64_t nr = 0;

	vec_foreach(&survey->keys, key) {
		const uint64_t first = *key << SURVEY_RUN_SHIFT;

		for (uint64_t pfn = first; pfn < first + SURVEY_RUN; pfn++)
			nr += survey_state_of(survey, pfn) != SURVEY_UNTOUCHED &&
			      proc_page_flags(flags, pfn) & PROC_PAGE_NOPAGE;
	}
	return nr;
}

/* Frames that the boot log reserved and no event frees, but that are free. */
static uint64_t reserved_free(const struct start_build *b, const struct proc_kpageflags *flags)
{
	uint64_t nr = 0;

	if (!b->boot || !b->boot->reserved_known)
		return 0;
	vec_foreach(&b->boot->reserved, range) {
		const uint64_t end = MIN(bits_align_up(range->end, KERNEL_PAGE_SIZE) >>
						 KERNEL_PAGE_SHIFT, flags->nr_pages);

		for (uint64_t pfn = range->start >> KERNEL_PAGE_SHIFT; pfn < end; pfn++)
			nr += proc_page_flags(flags, pfn) & PROC_PAGE_BUDDY &&
			      survey_state_of(b->sources->survey, pfn) == SURVEY_UNTOUCHED;
	}
	return nr;
}

/* Who lists memory frame by frame or row by row; NULL: nobody. */
static const struct proc_snapshot *map_of_memory(const struct start_build *b)
{
	const struct proc_snapshot *files = b->sources->files;

	return proc_has(files, PROC_IOMEM) || proc_has(files, PROC_KPAGEFLAGS) ? files : NULL;
}

/* A zone's memory: its span but for holes. */
static void add_zone_ranges(struct start_build *b, const struct proc_zone *zone)
{
	const struct hole hole = small_holes(b, zone);
	const uint64_t limit = MIN(zone->start_pfn + zone->spanned, hole.tail);
	uint64_t end;

	if (!map_of_memory(b)) {
		add_guessed_range(b, zone);
		return;
	}
	for (uint64_t pfn = zone->start_pfn; pfn < limit; pfn = end) {
		bool is_memory;
		uint64_t before;

		end = next_memory(b, pfn, limit, &is_memory);
		if (!is_memory)
			continue;
		b->state->exact = true;
		before = MIN(end, MAX(hole.start, pfn));
		start_add_range(b, pfn, before, zone->id.node);
		start_add_range(b, MIN(MAX(before, hole.end), end), end, zone->id.node);
	}
}

/*
 * kpageflags shows holes of less than a section as reserved pages. How many there are says the
 * number of the zone's pages: they are sought at its end, and the rest below the first MiB.
 */
static struct hole small_holes(const struct start_build *b, const struct proc_zone *zone)
{
	const struct proc_snapshot *files = b->sources->files;
	const uint64_t limit = zone->start_pfn + zone->spanned;
	struct hole hole = { .start = UINT64_MAX, .end = 0, .tail = limit };
	uint64_t nr = 0, last = zone->start_pfn;

	if (!proc_has(files, PROC_KPAGEFLAGS) || proc_has(files, PROC_IOMEM))
		return hole;
	for (uint64_t pfn = zone->start_pfn; pfn < limit; pfn++) {
		if (!has_page(&files->kpageflags, pfn))
			continue;
		nr++;
		last = pfn + 1;
	}
	hole.tail = last;
	while (nr > zone->present && hole.tail > zone->start_pfn &&
	       proc_page_flags(&files->kpageflags, hole.tail - 1) & PROC_PAGE_RESERVED) {
		hole.tail--;
		nr--;
	}
	if (nr > zone->present && zone->start_pfn < SURVEY_FIRST_PFN &&
	    hole.tail > SURVEY_FIRST_PFN) {
		hole.end = SURVEY_FIRST_PFN;
		hole.start = MAX(hole.end - MIN(nr - zone->present, hole.end),
				 zone->start_pfn);
	}
	return hole;
}

/*
 * A section without memory is all NOPAGE or, in late kernels, all 0. That 128 MiB of memory in use
 * have no flags at all is possible, but not likely.
 */
static bool has_page(const struct proc_kpageflags *flags, uint64_t pfn)
{
	const struct proc_page_chunk *chunk;

	if (proc_page_flags(flags, pfn) & PROC_PAGE_NOPAGE)
		return false;
	chunk = &flags->chunks.items[pfn / PROC_PAGE_CHUNK];
	return chunk->flags || chunk->same;
}

/* The end of the memory, or of the hole, that "pfn" lies in. */
static uint64_t next_memory(const struct start_build *b, uint64_t pfn, uint64_t end,
			    bool *is_memory)
{
	const struct proc_snapshot *files = b->sources->files;
	const struct proc_kpageflags *flags = &files->kpageflags;
	uint64_t at = pfn;

	*is_memory = false;
	if (!proc_has(files, PROC_IOMEM)) {
		*is_memory = has_page(flags, pfn);
		while (at < end && has_page(flags, at) == *is_memory)
			at++;
		return at;
	}
	vec_foreach(&files->iomem.rows, row) {
		const uint64_t first = bits_align_up(row->start, KERNEL_PAGE_SIZE) >>
				       KERNEL_PAGE_SHIFT;
		const uint64_t last = row->end >> KERNEL_PAGE_SHIFT;

		if (row->depth || strcmp(row->name, "System RAM") != 0 || last <= pfn ||
		    first >= last)
			continue;
		*is_memory = first <= pfn;
		return MIN(*is_memory ? last : first, end);
	}
	return end;
}

/*
 * Where holes are nobody says: those of the first zone below the first MiB, all others at the end,
 * behind all memory that the recording shows.
 */
static void add_guessed_range(struct start_build *b, const struct proc_zone *zone)
{
	const uint64_t limit = zone->start_pfn + zone->spanned;
	const uint64_t seen = highest_touched(b->sources->survey, zone->start_pfn, limit);
	const uint64_t missing = zone->spanned - MIN(zone->present, zone->spanned);
	uint64_t end = MAX(limit - missing, seen), hole = 0;

	if (zone->start_pfn + missing < SURVEY_FIRST_PFN && limit > SURVEY_FIRST_PFN) {
		hole = missing;
		end = limit;
		start_add_range(b, zone->start_pfn, SURVEY_FIRST_PFN - hole, zone->id.node);
	}
	start_add_range(b, hole ? SURVEY_FIRST_PFN : zone->start_pfn, end, zone->id.node);
	b->state->exact = true;
}

/* Behind the last touched frame; 0: none is. */
static uint64_t highest_touched(const struct survey *survey, uint64_t start, uint64_t end)
{
	enum survey_state state;
	uint64_t last = 0;
	size_t at = 0;

	for (uint64_t pfn = start; pfn < end;) {
		const uint64_t next = survey_next(survey, &at, pfn, end, &state);

		if (state != SURVEY_UNTOUCHED)
			last = next;
		pfn = next;
	}
	return last;
}

static struct page_start_zone *limits_of(struct start_state *state, int node, enum zone_type type)
{
	vec_foreach(&state->pages.zones, zone) {
		if (zone->node == node && zone->type == type)
			return zone;
	}
	return NULL;
}

static void use_zone(struct start_build *b, const struct proc_zone *given, enum zone_type type)
{
	struct page_start_zone *limits = limits_of(b->state, given->id.node, type);
	const struct proc_snapshot *files = b->sources->files;

	if (!limits)
		return;
	limits->has_marks = true;
	limits->boost = files->zoneinfo.lines & PROC_ZONE_BOOST ? given->boost : 0;
	limits->mark[ZONE_MARK_MIN] = given->min - MIN(given->min, limits->boost);
	limits->mark[ZONE_MARK_LOW] = given->low - MIN(given->low, limits->boost);
	limits->mark[ZONE_MARK_HIGH] = given->high - MIN(given->high, limits->boost);
	limits->mark[ZONE_MARK_PROMO] = 2 * limits->mark[ZONE_MARK_HIGH] -
					limits->mark[ZONE_MARK_LOW];
	if (files->zoneinfo.lines & PROC_ZONE_PROMO)
		limits->mark[ZONE_MARK_PROMO] = given->promo - MIN(given->promo, limits->boost);
	use_protection(files, given, limits);
	limits->free_stat = given->free;
	vec_foreach(&given->pagesets, set)
		vec_push(&b->state->pages.limits, (struct page_start_limit){
							  .node = given->id.node,
							  .type = type,
							  .cpu = set->cpu,
							  .high = (unsigned int)set->high,
							  .batch = (unsigned int)set->batch,
							  .high_min = (unsigned int)set->high_min,
							  .high_max = (unsigned int)set->high_max,
						  });
	vec_foreach(&b->state->zones, zone) {
		if (zone->node == given->id.node && zone->type == type)
			zone->managed = zone->managed_later = given->managed;
	}
}

/* One value for each zone that the kernel has, in the order in which the file lists them. */
static void use_protection(const struct proc_snapshot *files, const struct proc_zone *given,
			   struct page_start_zone *limits)
{
	unsigned int i = 0;

	vec_foreach(&files->zoneinfo.zones, zone) {
		enum zone_type type;

		if (zone->id.node != given->id.node || i == given->nr_protection)
			continue;
		if (zone_type_named(zone->id.name, &type))
			limits->lowmem_reserve[type] = given->protection[i];
		i++;
	}
}
