/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Free blocks as buddyinfo and pagetypeinfo count them. What is known of positions (events, then
 * kpageflags) is kept as far as the counts have room for it; what they have beyond that is placed
 * by the seed (start_place.c). Where sources contradict each other the counts win, and it is said.
 */
#include <config.h>

#include "start_internal.h"
#include "start_place.h"

#include "kmreplay/core/bits.h"

#include <stdlib.h>
#include <string.h>

/* What is known of a zone, in all files. */
struct zone_counts {
	const struct start_zone *zone;
	const struct proc_buddy_row *buddy;       /* NULL: not there */
	const struct proc_pagetype_zone *types;   /* the same */
	const struct proc_zone *info;             /* the same */
};

/* The free runs of all zones, to be put in order. */
struct new_runs {
	struct vec(struct page_start_run) runs;
	struct vec(struct page_start_type) blocks, lists;
};

static void count_zone(struct start_build *b, const struct zone_counts *c, struct new_runs *new);
static void load_zone(struct start_build *b, const struct zone_counts *c,
		      const struct new_runs *new, bool wanted, struct place *p);
static void load_frames(const struct start_build *b, const struct start_zone *zone, bool wanted,
			struct place *p);
static void load_run(const struct start_build *b, struct place *p, uint64_t from, uint64_t to,
		     bool wanted);
static void load_types(const struct start_build *b, const struct zone_counts *c,
		       const struct new_runs *new, struct place *p);
static void load_counts(struct start_build *b, const struct zone_counts *c, struct place *p);
static void load_typed(struct start_build *b, const struct zone_counts *c, struct place *p);
static void agree(struct start_build *b, const struct zone_counts *c, struct place *p,
		  unsigned int order);
static void take_result(struct start_build *b, const struct zone_counts *c,
			const struct place *p, struct new_runs *new);
static void say_what_failed(struct start_build *b, const struct zone_counts *c,
			    const struct place *p);
static void keep_zone(const struct start_build *b, const struct start_zone *zone,
		      struct new_runs *new);
static void use_runs(struct start_build *b, struct new_runs *new);
static int compare_runs(const void *a, const void *b);
static int compare_types(const void *a, const void *b);
static bool has_memory(const struct start_state *state, uint64_t from, uint64_t to);
static enum migratetype type_named(const char *name);

void start_files_counts(struct start_build *b)
{
	const struct proc_snapshot *files = b->sources->files;
	struct start_state *state = b->state;
	struct new_runs new = { .runs = { 0 } };

	if (!files || !(files->files & (1U << PROC_BUDDYINFO | 1U << PROC_PAGETYPEINFO)))
		return;
	if (b->sources->survey->from_boot) {
		start_contradict(b, "the recording begins at boot: what buddyinfo and pagetypeinfo "
				 "count is of another moment and is not used");
		return;
	}
	vec_foreach(&state->zones, zone) {
		const char *name = zone_type_name(zone->type);
		const struct zone_counts c = {
			.zone = zone,
			.buddy = proc_buddy_find(files, zone->node, name),
			.types = proc_pagetype_find(files, zone->node, name),
			.info = proc_zone_find(files, zone->node, name),
		};

		if (c.buddy || c.types)
			count_zone(b, &c, &new);
		else
			keep_zone(b, zone, &new);
	}
	use_runs(b, &new);
	vec_deinit(&new.runs);
	vec_deinit(&new.blocks);
	vec_deinit(&new.lists);
}

static void count_zone(struct start_build *b, const struct zone_counts *c, struct new_runs *new)
{
	struct place p;

	load_zone(b, c, new, true, &p);
	place_choose(&p);
	if (!place_is_complete(&p) && proc_has(b->sources->files, PROC_KPAGEFLAGS)) {
		/* Counts and types of all files matter more than where kpageflags has them. */
		place_deinit(&p);
		load_zone(b, c, new, false, &p);
		place_choose(&p);
		start_contradict(b, "zone %s of node %d: free blocks do not fit to types of "
				 "pageblocks where kpageflags has them: they are placed anew",
				 zone_type_name(c->zone->type), c->zone->node);
	}
	take_result(b, c, &p, new);
	say_what_failed(b, c, &p);
	place_deinit(&p);
}

static void load_zone(struct start_build *b, const struct zone_counts *c,
		      const struct new_runs *new, bool wanted, struct place *p)
{
	place_init(p, c->zone->start, c->zone->end, b->sources->seed);
	p->loose = b->sources->survey->extfrag_names_block;
	load_frames(b, c->zone, wanted, p);
	load_counts(b, c, p);
	load_types(b, c, new, p);
}

static void load_frames(const struct start_build *b, const struct start_zone *zone, bool wanted,
			struct place *p)
{
	vec_foreach(&b->state->ranges, range) {
		const uint64_t from = MAX(range->start, zone->start);
		const uint64_t to = MIN(range->end, zone->end);

		if (range->node == zone->node && from < to)
			load_run(b, p, from, to, wanted);
	}
}

static void load_run(const struct start_build *b, struct place *p, uint64_t from, uint64_t to,
		     bool wanted)
{
	const bool has_flags = proc_has(b->sources->files, PROC_KPAGEFLAGS);
	const struct proc_kpageflags *flags = &b->sources->files->kpageflags;
	enum survey_state state;
	size_t at = 0;

	for (uint64_t end; from < to; from = end) {
		end = survey_next(b->sources->survey, &at, from, to, &state);
		for (uint64_t pfn = from; pfn < end; pfn++) {
			const unsigned int page = has_flags ? proc_page_flags(flags, pfn) : 0;
			uint8_t *frame = &p->frames[pfn - p->base];

			if (state == SURVEY_FREE || (state == SURVEY_PCP && !b->pcp_known))
				*frame = PLACE_SURE;
			else if (state != SURVEY_UNTOUCHED || page & PROC_PAGE_RESERVED)
				*frame = PLACE_USED;
			else
				*frame = wanted && page & PROC_PAGE_BUDDY ? PLACE_WANTED :
									    PLACE_MAYBE;
		}
	}
}

/* Pageblocks of sections without any memory are counted nowhere. */
static void load_types(const struct start_build *b, const struct zone_counts *c,
		       const struct new_runs *new, struct place *p)
{
	const struct page_start_type *before =
		new->blocks.nr ? &new->blocks.items[new->blocks.nr - 1] : NULL;
	const struct survey *survey = b->sources->survey;

	for (uint32_t at = 0; at < p->nr; at += PLACE_BLOCK) {
		const uint64_t pfn = p->base + at;
		const uint64_t section = bits_align_down(pfn, SECTION);
		const uint32_t *type =
			u64map_find(&survey->block_types, pfn >> SURVEY_BLOCK_SHIFT);
		uint8_t *known = &p->types[at >> PLACE_BLOCK_ORDER];

		if (pfn + PLACE_BLOCK <= c->zone->start || pfn >= c->zone->end ||
		    !has_memory(b->state, section, section + SECTION))
			*known = MIGRATE_NR;
		else if (before && before->pfn == pfn) /* shared with the zone below */
			p->quota[*known = before->type]--;
		else if (type && (!p->typed || p->quota[*type] > 0)) {
			*known = (uint8_t)*type;
			p->quota[*type]--;
		}
	}
}

static void load_counts(struct start_build *b, const struct zone_counts *c, struct place *p)
{
	p->typed = c->types;
	if (c->types)
		load_typed(b, c, p);
	for (unsigned int order = 0; c->buddy && order < KERNEL_NR_ORDERS; order++) {
		if (p->typed)
			agree(b, c, p, order);
		else
			p->left[order][MIGRATE_MOVABLE] = (int64_t)c->buddy->nr_free[order];
	}
}

static void load_typed(struct start_build *b, const struct zone_counts *c, struct place *p)
{
	const struct proc_pagetypeinfo *info = &b->sources->files->pagetypeinfo;

	for (unsigned int i = 0; i < info->nr_types; i++) {
		const enum migratetype type = type_named(info->types[i]);

		if (type == MIGRATE_NR)
			continue;
		p->quota[type] = (int64_t)c->types->blocks[i];
		for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++)
			p->left[order][type] = (int64_t)c->types->nr_free[i][order];
	}
}

/* What buddyinfo has beyond pagetypeinfo is of the commonest type of that order. */
static void agree(struct start_build *b, const struct zone_counts *c, struct place *p,
		  unsigned int order)
{
	int64_t want = (int64_t)c->buddy->nr_free[order], sum = 0;
	bool capped = false;

	for (unsigned int type = 0; type < MIGRATE_NR; type++)
		sum += p->left[order][type];
	for (unsigned int i = 0; i < PROC_MAX_TYPES; i++)
		capped |= c->types->capped[i] >> order & 1;
	if (sum != want && !capped)
		start_contradict(b, "zone %s of node %d has %lld free blocks of order %u in "
				 "buddyinfo, %lld in pagetypeinfo: buddyinfo is taken",
				 zone_type_name(c->zone->type), c->zone->node, (long long)want,
				 order, (long long)sum);
	while (sum != want) {
		unsigned int most = 0;

		for (unsigned int type = 1; type < MIGRATE_NR; type++) {
			if (p->left[order][type] >= p->left[order][most])
				most = type;
		}
		if (!p->left[order][most])
			most = MIGRATE_MOVABLE;
		p->left[order][most] += MAX(want - sum, -p->left[order][most]);
		sum = 0;
		for (unsigned int type = 0; type < MIGRATE_NR; type++)
			sum += p->left[order][type];
	}
}

static void take_result(struct start_build *b, const struct zone_counts *c,
			const struct place *p, struct new_runs *new)
{
	const bool has_flags = proc_has(b->sources->files, PROC_KPAGEFLAGS);
	struct start_state *state = b->state;
	uint64_t nr_moved = 0;

	vec_foreach(&p->chosen, block) {
		const uint64_t pfn = p->base + block->index;
		const unsigned int own = p->types[block->index >> PLACE_BLOCK_ORDER];

		vec_push(&new->runs, (struct page_start_run){
					     .start = pfn,
					     .end = pfn + (1ULL << block->order),
				     });
		if (own != block->type)
			vec_push(&new->lists,
				 (struct page_start_type){ .pfn = pfn, .type = block->type });
	}
	for (uint32_t at = 0; at < p->nr; at += PLACE_BLOCK) {
		const unsigned int type = p->types[at >> PLACE_BLOCK_ORDER];

		if (type < MIGRATE_NR)
			vec_push(&new->blocks, (struct page_start_type){ .pfn = p->base + at,
									 .type = (uint8_t)type });
	}
	/* What no event tells stands on counts now, but for what kpageflags agrees with. */
	for (size_t i = 0; i < state->ranges.nr; i++) {
		const struct machine_range *range = &state->ranges.items[i];

		for (uint64_t pfn = MAX(range->start, c->zone->start);
		     pfn < MIN(range->end, c->zone->end) && range->node == c->zone->node; pfn++) {
			const bool taken = p->frames[pfn - p->base] == PLACE_TAKEN;
			const bool flag = has_flags &&
					  proc_page_flags(&b->sources->files->kpageflags, pfn) &
						  PROC_PAGE_BUDDY;

			nr_moved += survey_state_of(b->sources->survey, pfn) == SURVEY_UNTOUCHED &&
				    (!has_flags || taken != flag);
		}
	}
	state->nr_pages[has_flags ? START_BY_FLAGS : START_BY_NOTHING] -= nr_moved;
	state->nr_pages[START_BY_COUNTS] += nr_moved;
}

static void say_what_failed(struct start_build *b, const struct zone_counts *c,
			    const struct place *p)
{
	const char *name = zone_type_name(c->zone->type);
	uint64_t nr_sure = 0, nr_wanted = 0;

	for (uint32_t i = 0; i < p->nr; i++) {
		nr_sure += p->frames[i] == PLACE_SURE;
		nr_wanted += p->frames[i] == PLACE_WANTED;
	}
	if (nr_sure)
		start_contradict(b, "zone %s of node %d: the recording takes %llu pages more from "
				 "free lists than these files have room for", name, c->zone->node,
				 (unsigned long long)nr_sure);
	if (nr_wanted)
		start_contradict(b, "zone %s of node %d: kpageflags has %llu free pages that "
				 "buddyinfo has no block for", name, c->zone->node,
				 (unsigned long long)nr_wanted);
	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++) {
		int64_t left = 0;

		for (unsigned int type = 0; type < MIGRATE_NR; type++)
			left += MAX(p->left[order][type], (int64_t)0);
		if (left)
			start_contradict(b, "zone %s of node %d: no place for %lld free blocks of "
					 "order %u", name, c->zone->node, (long long)left, order);
	}
}

static void keep_zone(const struct start_build *b, const struct start_zone *zone,
		      struct new_runs *new)
{
	vec_foreach(&b->state->pages.free, run) {
		const uint64_t start = MAX(run->start, zone->start);
		const uint64_t end = MIN(run->end, zone->end);

		if (start < end)
			vec_push(&new->runs, (struct page_start_run){ .start = start, .end = end });
	}
	vec_foreach(&b->state->pages.blocks, block) {
		if (block->pfn >= zone->start && block->pfn < zone->end)
			vec_push(&new->blocks, *block);
	}
}

static void use_runs(struct start_build *b, struct new_runs *new)
{
	struct start_state *state = b->state;
	struct page_start *pages = &state->pages;

	if (new->runs.nr)
		qsort(new->runs.items, new->runs.nr, sizeof(*new->runs.items), compare_runs);
	vec_reset(&pages->free);
	state->nr_used += state->nr_free;
	state->nr_free = 0;
	vec_foreach(&new->runs, run) {
		page_start_add_free(pages, run->start, run->end);
		state->nr_free += run->end - run->start;
		state->nr_used -= run->end - run->start;
	}
	if (new->lists.nr)
		qsort(new->lists.items, new->lists.nr, sizeof(*new->lists.items), compare_types);
	vec_reset(&pages->lists);
	vec_foreach(&new->lists, list)
		vec_push(&pages->lists, *list);
	vec_reset(&pages->blocks);
	vec_foreach(&new->blocks, block)
		vec_push(&pages->blocks, *block);
}

static int compare_runs(const void *a, const void *b)
{
	const struct page_start_run *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static int compare_types(const void *a, const void *b)
{
	const struct page_start_type *x = a, *y = b;

	return (x->pfn > y->pfn) - (x->pfn < y->pfn);
}

static bool has_memory(const struct start_state *state, uint64_t from, uint64_t to)
{
	vec_foreach(&state->ranges, range) {
		if (range->start < to && range->end > from)
			return true;
	}
	return false;
}

static enum migratetype type_named(const char *name)
{
	for (unsigned int type = 0; type < MIGRATE_NR; type++) {
		if (!strcmp(migratetype_name(type), name))
			return (enum migratetype)type;
	}
	return MIGRATE_NR;
}
