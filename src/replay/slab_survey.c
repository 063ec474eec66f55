/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The look at slabs, first part: first events of objects, by frame.
 *
 * Theory. Slab pages are always announced by an mm_page_alloc, so a frame that holds an object
 * without having been taken from the free lists before was a slab's when the recording began; that
 * holds until the frame is given back, whatever it becomes then. Which frames were not in use the
 * first look knows (survey.h). Of each object in such a frame only the first event says something
 * about the beginning: a bit for each place where an object can begin remembers that it came.
 *
 * A free of an object whose allocation was recorded is never a first event: only frees that repair
 * could not join to an allocation are looked at.
 *
 * Objects are addresses, frames are numbers. What joins them, the base of the direct map, repair
 * finds by the first few slabs that are made; what comes before is kept until then. A later reading
 * with what was learned knows it from the start.
 */
#include <config.h>

#include "slab_survey_internal.h"

#include "kmreplay/core/xalloc.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_EARLY = 1 << 18 };

static void note(struct slab_survey *survey, const struct repair *repair,
		 const struct slab_early *what);
static void find_base(struct slab_survey *survey, const struct repair *repair);
static void keep(struct slab_survey_state *state, const struct slab_early *what);
static void sort_in(struct slab_survey *survey, const struct repair *repair,
		    const struct slab_early *what);
static void note_object(struct slab_survey *survey, const struct repair *repair,
			const struct slab_early *what);
static void note_cache(struct slab_frame *frame, const struct repair *repair, uint32_t cache);
static void note_gone(struct slab_survey_state *state, const struct slab_early *what);
static void note_bought(struct slab_survey_state *state, const struct slab_early *what);
static void note_order(struct slab_survey_state *state, uint32_t cache, unsigned int order);
static void note_bulk(struct slab_survey *survey, const struct repair *repair,
		      const struct repair_batch *batch, size_t i);
static uint32_t *frame_at(struct slab_survey_state *state, uint64_t pfn);
static uint32_t add_frame(struct slab_survey_state *state, uint64_t pfn);
static void state_destroy(struct slab_survey_state *state);

void slab_survey_init(struct slab_survey *survey, const struct survey *frames)
{
	memset(survey, 0, sizeof(*survey));
	survey->state = xcalloc(1, sizeof(*survey->state));
	survey->state->frames_seen = frames;
	u64map_init(&survey->state->chunk_index);
	u64map_init(&survey->state->buyer_index);
}

void slab_survey_deinit(struct slab_survey *survey)
{
	state_destroy(survey->state);
	vec_deinit(&survey->slabs);
	vec_deinit(&survey->slots);
	vec_deinit(&survey->sheaves);
	vec_deinit(&survey->sheaf_addrs);
	vec_deinit(&survey->unseen_frees);
}

void slab_survey_feed(struct slab_survey *survey, const struct repair *repair,
		      const struct repair_batch *batch)
{
	struct slab_survey_state *state = survey->state;

	if (!survey->known)
		find_base(survey, repair);
	for (size_t i = 0; i < batch->batch->nr; i++, state->nr_events++) {
		const struct event *ev = &batch->batch->events[i];
		const struct repair_op *op = &batch->ops[i];
		struct slab_early what = {
			.event = state->nr_events, .cache = op->cache, .cpu = ev->cpu
		};

		switch (op->call) {
		case CALL_KMALLOC:
		case CALL_CACHE_ALLOC:
			if (op->slot == REPAIR_NO_SLOT)
				break;
			what.at = ev->slab.ptr;
			what.kind = SIGHT_ALLOC;
			note(survey, repair, &what);
			break;
		case CALL_OBJ_FREE:
			if (likely(op->kind != REPAIR_UNSEEN_ALLOC))
				break;
			what.at = ev->slab.ptr;
			what.kind = SIGHT_FREE;
			note(survey, repair, &what);
			break;
		case CALL_PAGE_FREE:
			if (op->kind == REPAIR_DUPLICATE)
				break;
			what.at = ev->page.pfn;
			what.kind = SIGHT_GONE;
			what.order = ev->page.order;
			note(survey, repair, &what);
			break;
		case CALL_PAGE_ALLOC:
			if (op->owner != OWNER_SLAB || !op->cache)
				break;
			note_order(state, op->cache, ev->page.order);
			what.at = ev->page.pfn;
			what.kind = SIGHT_BOUGHT;
			what.order = ev->page.order;
			note(survey, repair, &what);
			break;
		case CALL_BULK_FREE:
			note_bulk(survey, repair, batch, i);
			break;
		default:
			break;
		}
	}
}

void slab_survey_make(struct slab_survey *survey, const struct repair *repair,
		      const struct machine_config *recorded)
{
	if (!survey->known)
		find_base(survey, repair);
	if (survey->state->overflow)
		survey->known = false;
	vec_reset(&survey->slabs);
	vec_reset(&survey->slots);
	vec_reset(&survey->sheaves);
	vec_reset(&survey->sheaf_addrs);
	survey->losses = (struct slab_survey_losses){ 0 };
	if (survey->known)
		slab_survey_join(survey, repair, recorded);
}

void slab_survey_finish(struct slab_survey *survey, const struct repair *repair,
			const struct machine_config *recorded)
{
	slab_survey_make(survey, repair, recorded);
	state_destroy(survey->state);
	survey->state = NULL;
}

struct slab_start_page slab_survey_page(const struct slab_survey *survey,
					const struct slab_survey_slab *slab, uint32_t cache)
{
	return (struct slab_start_page){
		.cache = cache,
		.pfn = slab->pfn,
		.order = slab->order,
		.place = slab->place,
		.tail = slab->tail,
		.cpu = slab->cpu,
		.nr_free = slab->nr_free,
		.free = survey->slots.items ? survey->slots.items + slab->free : NULL,
	};
}

static void note(struct slab_survey *survey, const struct repair *repair,
		 const struct slab_early *what)
{
	if (likely(survey->known))
		sort_in(survey, repair, what);
	else
		keep(survey->state, what);
}

static void find_base(struct slab_survey *survey, const struct repair *repair)
{
	const struct repair_coverage *coverage = repair_coverage(repair);
	struct slab_survey_state *state = survey->state;

	if (!coverage->direct_map_base || coverage->hashed || state->overflow)
		return;
	survey->known = true;
	survey->base = coverage->direct_map_base;
	vec_foreach(&state->early, early)
		sort_in(survey, repair, early);
	vec_deinit(&state->early);
}

static void keep(struct slab_survey_state *state, const struct slab_early *what)
{
	if (state->early.nr >= MAX_EARLY)
		state->overflow = true;
	else
		vec_push(&state->early, *what);
}

static void sort_in(struct slab_survey *survey, const struct repair *repair,
		    const struct slab_early *what)
{
	if (what->kind == SIGHT_GONE)
		note_gone(survey->state, what);
	else if (what->kind == SIGHT_BOUGHT)
		note_bought(survey->state, what);
	else
		note_object(survey, repair, what);
}

static void note_object(struct slab_survey *survey, const struct repair *repair,
			const struct slab_early *what)
{
	struct slab_survey_state *state = survey->state;
	const uint64_t pfn = (what->at - survey->base) / KERNEL_PAGE_SIZE;
	const uint32_t offset = (uint32_t)((what->at - survey->base) % KERNEL_PAGE_SIZE);
	struct slab_frame *frame;
	uint32_t *at;

	if (unlikely(what->at < survey->base || pfn >= SURVEY_MAX_PFN))
		return;
	at = frame_at(state, pfn);
	if (*at == FRAME_UNKNOWN)
		*at = slab_survey_may_be(state, pfn) ? add_frame(state, pfn) : (uint32_t)FRAME_NOT;
	if (likely(*at == FRAME_NOT))
		return;
	frame = &state->frames.items[*at - FRAME_FIRST];
	if (what->cache != frame->cache)
		note_cache(frame, repair, what->cache);
	if (frame->seen[offset / 512] >> (offset / 8 % 64) & 1)
		return;
	frame->seen[offset / 512] |= 1ULL << (offset / 8 % 64);
	if (frame->bought) {
		if (what->kind == SIGHT_ALLOC)
			slab_survey_note_virgin(state, frame->bought - 1, what);
		return;
	}
	if (frame->last == SIGHT_NONE)
		frame->first = (uint32_t)state->sights.nr;
	else
		state->sights.items[frame->last].next = (uint32_t)state->sights.nr;
	frame->last = (uint32_t)state->sights.nr;
	vec_push(&state->sights, (struct slab_sight){
		.event = what->event,
		.next = SIGHT_NONE,
		.offset = (uint16_t)offset,
		.cpu = what->cpu,
		.freed = what->kind == SIGHT_FREE,
	});
}

/* All objects of a frame are of one cache; the id that has found its name tells most. */
static void note_cache(struct slab_frame *frame, const struct repair *repair, uint32_t cache)
{
	if (!cache)
		return;
	cache = repair_cache(repair, cache)->canon;
	if (!frame->cache || !repair_cache(repair, frame->cache)->name)
		frame->cache = cache;
}

static void note_gone(struct slab_survey_state *state, const struct slab_early *what)
{
	if (what->order > KERNEL_MAX_ORDER || what->at >= SURVEY_MAX_PFN)
		return;
	for (uint64_t pfn = what->at; pfn < what->at + (1ULL << what->order); pfn++) {
		uint32_t *at = frame_at(state, pfn);

		if (*at >= FRAME_FIRST) {
			struct slab_frame *frame = &state->frames.items[*at - FRAME_FIRST];

			frame->gone = what->event;
			frame->gone_pfn = what->at;
			frame->gone_order = what->order;
		}
		*at = FRAME_NOT;
	}
}

/* Its frames were free: nothing in them was there, but they tell when a CPU's new objects end. */
static void note_bought(struct slab_survey_state *state, const struct slab_early *what)
{
	if (what->order > KERNEL_MAX_ORDER || what->at >= SURVEY_MAX_PFN ||
	    !slab_survey_note_purchase(state, what))
		return;
	for (uint64_t pfn = what->at; pfn < what->at + (1ULL << what->order); pfn++) {
		const uint32_t number = add_frame(state, pfn);

		*frame_at(state, pfn) = number;
		state->frames.items[number - FRAME_FIRST].bought = (uint32_t)state->purchases.nr;
	}
}

static void note_order(struct slab_survey_state *state, uint32_t cache, unsigned int order)
{
	if (order > KERNEL_MAX_ORDER)
		return;
	vec_extend_zeroed(&state->orders, (size_t)cache + 1);
	state->orders.items[cache].nr[order]++;
}

/*
 * kmem_cache_free_bulk() where a probe shows it: of most calls the first objects only. Objects of
 * kfree_bulk() may be of any caches.
 */
static void note_bulk(struct slab_survey *survey, const struct repair *repair,
		      const struct repair_batch *batch, size_t i)
{
	const struct event *ev = &batch->batch->events[i];
	struct slab_early what = {
		.event = survey->state->nr_events,
		.cache = ev->bulk.addr ? batch->ops[i].cache : 0,
		.cpu = ev->cpu,
		.kind = SIGHT_FREE,
	};
	const uint32_t nr = MIN(ev->bulk.nr, ev->bulk.nr_aux);

	for (uint32_t at = 0; at < nr; at++) {
		memcpy(&what.at, batch->batch->aux + ev->bulk.aux + at * sizeof(what.at),
		       sizeof(what.at));
		note(survey, repair, &what);
	}
}

/* What is known of frame "pfn"; valid until the next call. */
static uint32_t *frame_at(struct slab_survey_state *state, uint64_t pfn)
{
	bool fresh;
	uint32_t *at = u64map_insert(&state->chunk_index, pfn >> FRAME_CHUNK_SHIFT, &fresh);

	if (unlikely(fresh)) {
		*at = (uint32_t)state->chunks.nr;
		vec_push(&state->chunks, xcalloc(1, sizeof(struct slab_frame_chunk)));
	}
	return &state->chunks.items[*at]->of[pfn % FRAME_CHUNK];
}

static uint32_t add_frame(struct slab_survey_state *state, uint64_t pfn)
{
	vec_push(&state->frames, (struct slab_frame){
		.pfn = pfn,
		.gone = UINT64_MAX,
		.first = SIGHT_NONE,
		.last = SIGHT_NONE,
	});
	return (uint32_t)(FRAME_FIRST + state->frames.nr - 1);
}

static void state_destroy(struct slab_survey_state *state)
{
	if (!state)
		return;
	u64map_deinit(&state->chunk_index);
	u64map_deinit(&state->buyer_index);
	vec_deinit(&state->buyers);
	vec_deinit(&state->purchases);
	vec_foreach(&state->chunks, chunk)
		free(*chunk);
	vec_deinit(&state->chunks);
	vec_deinit(&state->frames);
	vec_deinit(&state->sights);
	vec_deinit(&state->orders);
	vec_deinit(&state->early);
	free(state);
}
