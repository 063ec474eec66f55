/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first look: two bits a frame.
 *
 * Theory. Every frame that an event names was, before that event, either free or in use, and the
 * kind of the event says which. mm_page_alloc_zone_locked takes frames from the free lists, so the
 * frame was free; mm_page_free gives back, so it was in use. mm_page_alloc without the former, and
 * mm_page_pcpu_drain, move a frame that waited in a per-CPU list. mm_page_alloc_extfrag names a
 * free block: all of it before 6.10; since then the page that was taken, which is at the block's
 * head when a pageblock or more was claimed or nothing was. Later events of a frame say nothing
 * about the beginning, hence only the first is kept: a state once set never changes.
 *
 * In early boot per-CPU lists are empty. A page given there without a zone's lock came by a way
 * that was not recorded; one that is drained was in use, given back by such a way.
 */
#include <config.h>

#include "survey_isolated.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/bits.h"

#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

enum {
	DEFAULT_LOW_TOP = (3UL << 30) >> KERNEL_PAGE_SHIFT, /* where PCs begin their hole */
	DMA_END = (16UL << 20) >> KERNEL_PAGE_SHIFT,
	STEP = (64UL << 20) >> KERNEL_PAGE_SHIFT,
	NR_TYPES = 4,     /* migratetypes that all configurations number alike */
	MANY_ALLOCS = 1 << 16,
};

static void deal_out(struct machine_config *config, uint64_t start, uint64_t end, uint64_t total,
		     uint64_t given);
static bool names_frames(unsigned int type);
static void note_page(struct survey *survey, const struct event *ev);
static void note_alloc(struct survey *survey, const struct event *ev);
static void note_extfrag(struct survey *survey, const struct event *ev);
static void note_drain(struct survey *survey, const struct event *ev);
static void note_waiting(struct survey *survey, const struct event *ev, bool drained);
static bool note_type(struct survey *survey, uint64_t pfn, unsigned int order,
		      unsigned int type);
static void note_listed(struct survey *survey, const struct event *ev);
static void note_fresh(struct survey *survey, uint64_t pfn, unsigned int order, bool taken);
static void note_zone_end(struct survey *survey, uint64_t end);
static enum survey_state state_in(const struct survey_run *run, uint64_t pfn);
static int compare_keys(const void *a, const void *b);
static void note_block(struct survey *survey, uint64_t pfn, unsigned int order,
		       enum survey_state state);
static bool note_frame(struct survey *survey, uint64_t pfn, enum survey_state state);
static struct survey_run *run_of(struct survey *survey, uint64_t pfn);
static void note_used(struct survey *survey, uint64_t pfn, unsigned int order);
static void settle_isolated(struct survey *survey);
static void was_free(struct survey *survey, uint64_t pfn);

void survey_init(struct survey *survey)
{
	memset(survey, 0, sizeof(*survey));
	u64map_init(&survey->index);
	u64map_init(&survey->block_types);
	u64map_init(&survey->listed);
	survey->new_type_pfn = U64MAP_NO_KEY;
	u64map_init(&survey->tops);
	survey_isolated_init(&survey->isolated);
	survey->last_key = U64MAP_NO_KEY;
}

void survey_deinit(struct survey *survey)
{
	u64map_deinit(&survey->index);
	u64map_deinit(&survey->block_types);
	u64map_deinit(&survey->listed);
	u64map_deinit(&survey->tops);
	survey_isolated_deinit(&survey->isolated);
	vec_deinit(&survey->fresh);
	vec_deinit(&survey->late);
	vec_deinit(&survey->runs);
	vec_deinit(&survey->keys);
	vec_deinit(&survey->pcp);
	vec_deinit(&survey->used);
}

void survey_add(struct survey *survey, const struct event *events, size_t nr)
{
	survey->nr_events += nr;
	for (const struct event *ev = events; ev < events + nr; ev++) {
		if (unlikely(ev->cpu >= survey->nr_cpus))
			survey->nr_cpus = ev->cpu + 1U;
		if (names_frames(ev->type))
			note_page(survey, ev);
		else if (ev->type == EVENT_VMAP_PURGE)
			survey->nr_purges++;
		else if (ev->type == EVENT_PROBE_PAGES_BULK_RET)
			survey->nr_bulks++;
		else if (ev->type == EVENT_COMPACT_BEGIN)
			note_zone_end(survey, ev->compact.zone_end);
		else if (ev->type == EVENT_COMPACT_ISO_FREE)
			survey_isolated_range(survey, ev);
	}
}

void survey_note_in_use(struct survey *survey, uint64_t pfn, uint64_t nr)
{
	for (uint64_t at = pfn; at < pfn + nr; at++) {
		if (at < SURVEY_FOUR_GIB)
			survey->max_low_pfn = MAX(survey->max_low_pfn, at);
		else
			survey->max_high_pfn = MAX(survey->max_high_pfn, at);
		note_frame(survey, at, SURVEY_USED);
	}
}

enum survey_state survey_state_of(const struct survey *survey, uint64_t pfn)
{
	const uint32_t *at = u64map_find(&survey->index, pfn >> SURVEY_RUN_SHIFT);

	return at ? state_in(&survey->runs.items[*at], pfn) : SURVEY_UNTOUCHED;
}

void survey_sort(struct survey *survey)
{
	struct survey_run *runs;

	settle_isolated(survey);
	runs = xcalloc(MAX(survey->runs.nr, (size_t)1), sizeof(*runs));
	if (survey->keys.nr)
		qsort(survey->keys.items, survey->keys.nr, sizeof(*survey->keys.items),
		      compare_keys);
	for (size_t i = 0; i < survey->keys.nr; i++) {
		uint32_t *at = u64map_find(&survey->index, survey->keys.items[i]);

		runs[i] = survey->runs.items[*at];
		*at = (uint32_t)i;
	}
	free(survey->runs.items);
	survey->runs.items = runs;
	survey->runs.cap = MAX(survey->runs.nr, (size_t)1);
	survey->last_key = U64MAP_NO_KEY;
}

uint64_t survey_next(const struct survey *survey, size_t *at, uint64_t pfn, uint64_t limit,
		     enum survey_state *state)
{
	uint64_t end = pfn;

	while (*at < survey->keys.nr && survey->keys.items[*at] < pfn >> SURVEY_RUN_SHIFT)
		++*at;
	*state = SURVEY_UNTOUCHED;
	for (size_t i = *at; end < limit; i++) {
		const uint64_t key = end >> SURVEY_RUN_SHIFT;
		const uint64_t next = MIN((key + 1) << SURVEY_RUN_SHIFT, limit);

		if (i == survey->keys.nr || survey->keys.items[i] != key) {
			if (end > pfn && *state != SURVEY_UNTOUCHED)
				return end;
			end = i == survey->keys.nr ? limit :
				      MIN(survey->keys.items[i] << SURVEY_RUN_SHIFT, limit);
			i--;
			continue;
		}
		for (; end < next; end++) {
			const enum survey_state found = state_in(&survey->runs.items[i], end);

			if (end == pfn)
				*state = found;
			else if (found != *state)
				return end;
		}
	}
	return limit;
}

uint64_t survey_low_end(const struct survey *survey)
{
	uint64_t end = bits_align_up(MAX(survey->max_low_pfn + 1, (uint64_t)STEP), STEP);

	if (survey->exact_low_end > survey->max_low_pfn)
		return survey->exact_low_end;
	return MIN(end, (uint64_t)SURVEY_FOUR_GIB);
}

uint64_t survey_high_end(const struct survey *survey)
{
	if (survey->exact_high_end > survey->max_high_pfn)
		return survey->exact_high_end;
	return survey->max_high_pfn ? bits_align_up(survey->max_high_pfn + 1, STEP) : 0;
}

void survey_fill_ranges(const struct survey *survey, uint64_t memory,
			struct machine_config *config)
{
	uint64_t low = survey_low_end(survey);
	uint64_t high = survey_high_end(survey);
	uint64_t have = low + (high ? high - SURVEY_FOUR_GIB : 0);
	uint64_t want = memory >> KERNEL_PAGE_SHIFT;
	uint64_t first;

	/* Where another kind of machine has its memory the recording cannot tell. */
	if (want && config->arch != ARCH_X86_64) {
		low = MIN(want, (uint64_t)DEFAULT_LOW_TOP);
		high = want > low ? SURVEY_FOUR_GIB + (want - low) : 0;
	} else if (want && want < have) {
		high = want > low ? SURVEY_FOUR_GIB + (want - low) : 0;
		low = MIN(low, want);
	} else if (want > have && high) {
		high += want - have;
	} else if (want > have) {
		low = MAX(low, MIN(want, (uint64_t)DEFAULT_LOW_TOP));
		high = want > low ? SURVEY_FOUR_GIB + (want - low) : 0;
	}
	first = MIN((uint64_t)SURVEY_FIRST_PFN, low / 2);
	have = low - first + (high ? high - SURVEY_FOUR_GIB : 0);
	deal_out(config, first, low, have, 0);
	if (high)
		deal_out(config, SURVEY_FOUR_GIB, high, have, low - first);
}

/*
 * Nodes get equal shares of all "total" pages, "given" of which have been dealt out below "start".
 * Edges are those of the largest blocks, so that no pageblock is of two nodes.
 */
static void deal_out(struct machine_config *config, uint64_t start, uint64_t end, uint64_t total,
		     uint64_t given)
{
	const uint64_t nodes = MAX(config->nr_nodes, 1U);

	while (start < end) {
		const uint64_t node = MIN((uint64_t)((u128)given * nodes / total), nodes - 1);
		const u128 share_end = ((u128)total * (node + 1) + nodes - 1) / nodes;
		uint64_t cut = start + ((uint64_t)share_end - given);

		cut = MIN(bits_align_up(cut, 1ULL << KERNEL_MAX_ORDER), end);
		if (node == nodes - 1)
			cut = end;
		machine_config_add_range(config, start, cut, (int)node);
		given += cut - start;
		start = cut;
	}
}

static bool names_frames(unsigned int type)
{
	return type == EVENT_PAGE_ALLOC || type == EVENT_PAGE_FREE ||
	       type == EVENT_PAGE_FREE_DIRECT || type == EVENT_ZONE_LOCKED ||
	       type == EVENT_PCPU_DRAIN || type == EVENT_EXTFRAG;
}

static void note_page(struct survey *survey, const struct event *ev)
{
	const uint32_t late = GFP_BITS_RECLAIM | GFP_BIT_IO | GFP_BIT_FS;
	unsigned int order =
		ev->type == EVENT_EXTFRAG ? ev->extfrag.fallback_order : ev->page.order;

	survey->nr_page_events++;
	survey->nr_zone_locked += ev->type == EVENT_ZONE_LOCKED;
	if (ev->type == EVENT_PAGE_ALLOC) {
		if (!survey->nr_page_allocs++)
			survey->from_boot = survey->in_early_boot =
				!ev->pid && !(ev->page.gfp & late);
		survey->in_early_boot &= !(ev->page.gfp & late);
	}
	if (ev->flags & EVENT_F_FAILED || ev->page.pfn == EVENT_PFN_FAILED)
		return;
	if (order > KERNEL_MAX_ORDER || ev->page.pfn >= SURVEY_MAX_PFN) {
		survey->nr_beyond++;
		return;
	}
	if (survey->from_boot)
		note_fresh(survey, ev->page.pfn, order,
			   ev->type == EVENT_ZONE_LOCKED || ev->type == EVENT_EXTFRAG);
	if (ev->type == EVENT_PAGE_FREE || ev->type == EVENT_PAGE_FREE_DIRECT) {
		if (survey_isolated_free(survey, ev->page.pfn, order))
			note_block(survey, ev->page.pfn, order, SURVEY_USED);
		else
			note_used(survey, ev->page.pfn, order);
		note_listed(survey, ev);
	} else if (ev->type == EVENT_PAGE_ALLOC) {
		note_alloc(survey, ev);
		note_listed(survey, ev);
	} else if (ev->type == EVENT_EXTFRAG) {
		note_extfrag(survey, ev);
	} else if (ev->type == EVENT_PCPU_DRAIN) {
		note_drain(survey, ev);
	} else {
		note_block(survey, ev->page.pfn, order, SURVEY_FREE);
		survey->has_cma |= ev->page.migratetype == MIGRATE_CMA;
		survey->new_type_pfn =
			note_type(survey, ev->page.pfn, order, ev->page.migratetype) ?
				ev->page.pfn :
				U64MAP_NO_KEY;
	}
}

static void note_alloc(struct survey *survey, const struct event *ev)
{
	const unsigned int order = ev->page.order;
	const bool any = !order && !(ev->page.gfp & (GFP_BIT_DMA | GFP_BIT_DMA32));
	const bool low = ev->page.pfn < SURVEY_FOUR_GIB;

	if (any && low) {
		uint64_t *early = ev->page.pfn < DMA_END ? &survey->nr_fallback_dma :
							   &survey->nr_fallback_dma32;
		uint64_t *late = ev->page.pfn < DMA_END ? &survey->nr_late_dma :
							  &survey->nr_late_dma32;

		++*(survey->in_early_boot ? early : late);
	}
	if (any && survey->nr_given < SURVEY_FIRST_GIVEN) {
		survey->nr_given++;
		survey->nr_given_low += low;
	}
	if (survey->from_boot || !survey_order_has_list(order) ||
	    survey_state_of(survey, ev->page.pfn) != SURVEY_UNTOUCHED)
		note_block(survey, ev->page.pfn, order, SURVEY_FREE);
	else
		note_waiting(survey, ev, false);
}

/* Where the taken page is not the block's head, only the page itself is sure to have been free. */
static void note_extfrag(struct survey *survey, const struct event *ev)
{
	const uint64_t pfn = ev->extfrag.pfn;
	unsigned int order = ev->extfrag.fallback_order;

	if (!survey->extfrag_names_block &&
	    ((order < SURVEY_BLOCK_SHIFT && ev->extfrag.change_ownership) ||
	     (pfn & ((1ULL << order) - 1))))
		order = MIN(order, (unsigned int)ev->extfrag.alloc_order);
	note_block(survey, pfn, order, SURVEY_FREE);
	note_type(survey, pfn, order, ev->extfrag.fallback_migratetype);
	/* From 6.10 on a pageblock that turns over gives its page first, as its new type. */
	if (survey->new_type_pfn == pfn && ev->extfrag.fallback_migratetype < NR_TYPES)
		*u64map_find(&survey->block_types, pfn >> SURVEY_BLOCK_SHIFT) =
			ev->extfrag.fallback_migratetype;
	survey->new_type_pfn = U64MAP_NO_KEY;
}

static void note_drain(struct survey *survey, const struct event *ev)
{
	if (survey_state_of(survey, ev->page.pfn) == SURVEY_UNTOUCHED && !survey->from_boot)
		note_waiting(survey, ev, true);
	else
		note_block(survey, ev->page.pfn, ev->page.order, SURVEY_USED);
	note_type(survey, ev->page.pfn, ev->page.order, ev->page.migratetype);
}

/*
 * A recording without zone_locked events does not tell what waited in lists: all that is given was
 * free then, and the list would only grow.
 */
static void note_waiting(struct survey *survey, const struct event *ev, bool drained)
{
	note_block(survey, ev->page.pfn, ev->page.order, SURVEY_PCP);
	if (!survey->nr_zone_locked && survey->nr_page_allocs > MANY_ALLOCS) {
		vec_reset(&survey->pcp);
		return;
	}
	vec_push(&survey->pcp, (struct survey_pcp){
				       .pfn = ev->page.pfn,
				       .cpu = ev->cpu,
				       .order = ev->page.order,
				       .type = ev->page.migratetype,
				       .drained = drained,
			       });
}

/* True: nothing was known of the type before. */
static bool note_type(struct survey *survey, uint64_t pfn, unsigned int order,
		      unsigned int type)
{
	const uint64_t end = pfn + (1ULL << order);
	bool news = false;

	/* Isolated pageblocks have this number where there are no CMA areas, and give nothing. */
	if (type == MIGRATE_CMA && (order == SURVEY_BLOCK_SHIFT || survey->has_cma))
		survey->has_cma = true;
	else if (type >= NR_TYPES)
		return false;
	for (uint64_t at = pfn; at < end; at += 1ULL << SURVEY_BLOCK_SHIFT) {
		bool fresh;
		uint32_t *known =
			u64map_insert(&survey->block_types, at >> SURVEY_BLOCK_SHIFT, &fresh);

		if (fresh)
			*known = type;
		news |= fresh;
	}
	return news;
}

/*
 * A free goes to the list of its pageblock's type. If the page is given out from there next, the
 * request says which list that was.
 */
static void note_listed(struct survey *survey, const struct event *ev)
{
	const uint64_t block = ev->page.pfn >> SURVEY_BLOCK_SHIFT;
	bool fresh;

	if (ev->type != EVENT_PAGE_ALLOC) {
		if (!u64map_find(&survey->block_types, block))
			u64map_insert(&survey->listed, ev->page.pfn, &fresh);
	} else if (u64map_remove(&survey->listed, ev->page.pfn)) {
		note_type(survey, ev->page.pfn, 0, ev->page.migratetype);
	}
}

/* Splitting gives the lowest page first, so a block that was free as a whole begins there. */
static void note_fresh(struct survey *survey, uint64_t pfn, unsigned int order, bool taken)
{
	bool fresh;
	uint32_t *late = u64map_insert(&survey->tops, pfn >> KERNEL_MAX_ORDER, &fresh);

	if (fresh && taken && !(pfn & ((1ULL << KERNEL_MAX_ORDER) - 1)))
		vec_push(&survey->fresh, (uint32_t)(pfn >> KERNEL_MAX_ORDER));
	if (fresh && !taken)
		*late = order >= SURVEY_BLOCK_SHIFT;
	if (!*late || !taken)
		return;
	*late = false;
	vec_push(&survey->late, (uint32_t)(pfn >> KERNEL_MAX_ORDER));
}

/* Limits between zones say nothing of memory. */
static void note_zone_end(struct survey *survey, uint64_t end)
{
	if (end == DMA_END || end == SURVEY_FOUR_GIB || end >= SURVEY_MAX_PFN)
		return;
	if (end < SURVEY_FOUR_GIB)
		survey->exact_low_end = MAX(survey->exact_low_end, end);
	else
		survey->exact_high_end = MAX(survey->exact_high_end, end);
}

static void note_block(struct survey *survey, uint64_t pfn, unsigned int order,
		       enum survey_state state)
{
	uint64_t last = pfn + (1UL << order) - 1;

	if (last < SURVEY_FOUR_GIB)
		survey->max_low_pfn = MAX(survey->max_low_pfn, last);
	else
		survey->max_high_pfn = MAX(survey->max_high_pfn, last);
	for (uint64_t at = pfn; at <= last; at++)
		note_frame(survey, at, state);
}

static enum survey_state state_in(const struct survey_run *run, uint64_t pfn)
{
	const unsigned int bit = (unsigned int)(pfn % SURVEY_RUN) * 2;

	return (enum survey_state)(run->state[bit / 64] >> (bit % 64) & 3);
}

static int compare_keys(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Returns whether this was the frame's first event. */
static bool note_frame(struct survey *survey, uint64_t pfn, enum survey_state state)
{
	struct survey_run *run = run_of(survey, pfn);
	unsigned int bit = (unsigned int)(pfn % SURVEY_RUN) * 2;

	if (run->state[bit / 64] >> (bit % 64) & 3)
		return false;
	run->state[bit / 64] |= (uint64_t)state << (bit % 64);
	if (state == SURVEY_USED)
		survey->nr_used++;
	else
		survey->nr_free++;
	return true;
}

static struct survey_run *run_of(struct survey *survey, uint64_t pfn)
{
	uint64_t key = pfn >> SURVEY_RUN_SHIFT;

	if (key != survey->last_key) {
		bool fresh;
		uint32_t *at = u64map_insert(&survey->index, key, &fresh);

		if (fresh) {
			*at = (uint32_t)survey->runs.nr;
			vec_push(&survey->runs, (struct survey_run){ { 0 } });
			vec_push(&survey->keys, key);
		}
		survey->last_key = key;
		survey->last_run = *at;
	}
	return &survey->runs.items[survey->last_run];
}

/*
 * A block given back whole was in use whole, unless some of its frames were seen before (parts of
 * it were split off and given back alone): then only the others are new.
 */
static void note_used(struct survey *survey, uint64_t pfn, unsigned int order)
{
	uint64_t last = pfn + (1UL << order) - 1;
	uint64_t nr_new = 0;

	if (last < SURVEY_FOUR_GIB)
		survey->max_low_pfn = MAX(survey->max_low_pfn, last);
	else
		survey->max_high_pfn = MAX(survey->max_high_pfn, last);
	for (uint64_t at = pfn; at <= last; at++)
		nr_new += note_frame(survey, at, SURVEY_USED);
	if (nr_new == last - pfn + 1 && bits_align_down(pfn, 1UL << order) == pfn)
		vec_push(&survey->used,
			 (struct survey_block){ .pfn = pfn, .order = (uint8_t)order });
}

/* What compaction took silently was free; until now it looked as if it had been in use. */
static void settle_isolated(struct survey *survey)
{
	vec_foreach(&survey->isolated.freed, block) {
		if (!survey_isolated_was_free(&survey->isolated, block)) {
			vec_push(&survey->used, *block);
			continue;
		}
		for (uint64_t at = block->pfn; at < block->pfn + (1ULL << block->order); at++)
			was_free(survey, at);
	}
	vec_reset(&survey->isolated.freed);
}

static void was_free(struct survey *survey, uint64_t pfn)
{
	struct survey_run *run = run_of(survey, pfn);
	const unsigned int bit = (unsigned int)(pfn % SURVEY_RUN) * 2;

	run->state[bit / 64] &= ~(3ULL << (bit % 64));
	run->state[bit / 64] |= (uint64_t)SURVEY_FREE << (bit % 64);
	survey->nr_used--;
	survey->nr_free++;
}
