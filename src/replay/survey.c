/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first look: two bits a frame.
 *
 * Theory. Every frame that an event names was, before that event, either free or in use, and the
 * kind of the event says which. mm_page_alloc and mm_page_alloc_zone_locked take frames from the
 * free lists or from a per-CPU list, so the frame was free; mm_page_free gives back, so it was in
 * use; mm_page_pcpu_drain moves a frame that was waiting in a per-CPU list, free for our purposes.
 * mm_page_alloc_extfrag names a free block. Later events of a frame say nothing about the
 * beginning, hence only the first is kept: a state once set never changes.
 */
#include <config.h>

#include "kmreplay/replay/survey.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/bits.h"

#include <string.h>

__extension__ typedef unsigned __int128 u128;

enum {
	DEFAULT_LOW_TOP = (3UL << 30) >> KERNEL_PAGE_SHIFT, /* where PCs begin their hole */
	DMA_END = (16UL << 20) >> KERNEL_PAGE_SHIFT,
	FIRST_PFN = (1UL << 20) >> KERNEL_PAGE_SHIFT, /* real-mode memory is kept reserved */
	STEP = (64UL << 20) >> KERNEL_PAGE_SHIFT,
};

static void deal_out(struct machine_config *config, uint64_t start, uint64_t end, uint64_t total,
		     uint64_t given);
static bool names_frames(unsigned int type);
static void note_page(struct survey *survey, const struct event *ev);
static void note_block(struct survey *survey, uint64_t pfn, unsigned int order,
		       enum survey_state state);
static bool note_frame(struct survey *survey, uint64_t pfn, enum survey_state state);
static struct survey_run *run_of(struct survey *survey, uint64_t pfn);
static void note_used(struct survey *survey, uint64_t pfn, unsigned int order);

void survey_init(struct survey *survey)
{
	memset(survey, 0, sizeof(*survey));
	u64map_init(&survey->index);
	survey->last_key = U64MAP_NO_KEY;
}

void survey_deinit(struct survey *survey)
{
	u64map_deinit(&survey->index);
	vec_deinit(&survey->runs);
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
	}
}

enum survey_state survey_state_of(const struct survey *survey, uint64_t pfn)
{
	const uint32_t *at = u64map_find(&survey->index, pfn >> SURVEY_RUN_SHIFT);
	unsigned int bit = (unsigned int)(pfn % SURVEY_RUN) * 2;

	if (!at)
		return SURVEY_UNTOUCHED;
	return (enum survey_state)((survey->runs.items[*at].state[bit / 64] >> (bit % 64)) & 3);
}

uint64_t survey_low_end(const struct survey *survey)
{
	uint64_t end = bits_align_up(MAX(survey->max_low_pfn + 1, (uint64_t)STEP), STEP);

	return MIN(end, (uint64_t)SURVEY_FOUR_GIB);
}

uint64_t survey_high_end(const struct survey *survey)
{
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
	first = MIN((uint64_t)FIRST_PFN, low / 2);
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
	uint64_t pfn = ev->page.pfn;
	unsigned int order =
		ev->type == EVENT_EXTFRAG ? ev->extfrag.fallback_order : ev->page.order;

	survey->nr_page_events++;
	if (ev->type == EVENT_PAGE_ALLOC && !survey->nr_page_allocs++)
		survey->from_boot = !ev->pid && !(ev->page.gfp & late);
	if (ev->flags & EVENT_F_FAILED || pfn == EVENT_PFN_FAILED)
		return;
	if (order > KERNEL_MAX_ORDER || pfn >= SURVEY_MAX_PFN) {
		survey->nr_beyond++;
		return;
	}
	if (ev->type == EVENT_PAGE_FREE || ev->type == EVENT_PAGE_FREE_DIRECT) {
		note_used(survey, pfn, order);
		return;
	}
	if (ev->type == EVENT_PAGE_ALLOC && !order && pfn < SURVEY_FOUR_GIB &&
	    !(ev->page.gfp & (GFP_BIT_DMA | GFP_BIT_DMA32))) {
		survey->nr_fallback_dma += pfn < DMA_END;
		survey->nr_fallback_dma32 += pfn >= DMA_END;
	}
	/* Before 6.12 an extfrag names the head of the block, since then the page taken from it. */
	note_block(survey, pfn, ev->type == EVENT_EXTFRAG ? ev->extfrag.alloc_order : order,
		   SURVEY_FREE);
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

/* Returns whether this was the frame's first event. */
static bool note_frame(struct survey *survey, uint64_t pfn, enum survey_state state)
{
	struct survey_run *run = run_of(survey, pfn);
	unsigned int bit = (unsigned int)(pfn % SURVEY_RUN) * 2;

	if (run->state[bit / 64] >> (bit % 64) & 3)
		return false;
	run->state[bit / 64] |= (uint64_t)state << (bit % 64);
	if (state == SURVEY_FREE)
		survey->nr_free++;
	else
		survey->nr_used++;
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
