/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The look at per-CPU memory: what of the chunks that were there before the recording was free. Of
 * bytes, the first event that touches them tells: handed out first, they were free; given back
 * first, they were in use. What no event touches was in use, if it lies where boot filled it.
 */
#include <config.h>

#include "areas_internal.h"

#include "kmreplay/replay/area_survey.h"

/* Chunks made of vmalloc areas begin at multiples of this on x86-64: PMD_SIZE. */
#define ATOM_SIZE (2ULL << 20)

enum { MAX_CHUNKS = 64 };

static struct percpu_survey_chunk *chunk_of(struct area_survey *survey, const struct event *ev);
static void note_alloc(struct percpu_survey_chunk *chunk, const struct event *ev);

void percpu_survey_note(struct area_survey *survey, const struct event *ev, bool unseen)
{
	struct percpu_survey_chunk *chunk = chunk_of(survey, ev);
	const uint64_t bit = ev->percpu.off / PERCPU_SURVEY_BIT;

	if (!chunk || chunk->created || ev->type == EVENT_PCPU_CHUNK_CREATE ||
	    (uint64_t)ev->percpu.off + ev->percpu.size > PERCPU_SURVEY_BYTES)
		return;
	if (ev->type == EVENT_PCPU_ALLOC) {
		note_alloc(chunk, ev);
	} else if (unseen) {
		vec_extend_zeroed(&chunk->begins, bit / 64 + 1);
		vec_extend_zeroed(&chunk->was_free, bit / 64 + 1);
		if (!(chunk->was_free.items[bit / 64] >> bit % 64 & 1))
			chunk->begins.items[bit / 64] |= 1ULL << bit % 64;
		chunk->high = MAX(chunk->high, bit + 1);
	}
}

/* Of the chunks at odd addresses the highest: the reserved one lies below. */
const struct percpu_survey_chunk *percpu_survey_first(const struct area_survey *survey)
{
	const struct percpu_survey_chunk *first = NULL;

	vec_foreach(&survey->chunks, chunk) {
		if (!chunk->created && !chunk->reserved && chunk->base % ATOM_SIZE &&
		    (!first || chunk->base > first->base))
			first = chunk;
	}
	return first;
}

static struct percpu_survey_chunk *chunk_of(struct area_survey *survey, const struct event *ev)
{
	vec_foreach(&survey->chunks, chunk) {
		if (chunk->base == ev->percpu.base)
			return chunk;
	}
	if (survey->chunks.nr == MAX_CHUNKS)
		return NULL;
	vec_push(&survey->chunks,
		 (struct percpu_survey_chunk){ .base = ev->percpu.base,
					       .created = ev->type == EVENT_PCPU_CHUNK_CREATE,
					       .reserved = ev->type == EVENT_PCPU_ALLOC &&
							   ev->percpu.reserved,
					       .low = UINT64_MAX });
	return &survey->chunks.items[survey->chunks.nr - 1];
}

/* An area that was given back before reaches to the next one. */
static void note_alloc(struct percpu_survey_chunk *chunk, const struct event *ev)
{
	const uint64_t from = ev->percpu.off / PERCPU_SURVEY_BIT;
	const uint64_t end = ((uint64_t)ev->percpu.off + ev->percpu.size) / PERCPU_SURVEY_BIT;
	bool given = false;

	vec_extend_zeroed(&chunk->was_free, end / 64 + 1);
	vec_extend_zeroed(&chunk->begins, end / 64 + 1);
	for (uint64_t bit = from; bit < end; bit++) {
		given |= chunk->begins.items[bit / 64] >> bit % 64 & 1;
		if (!given)
			chunk->was_free.items[bit / 64] |= 1ULL << bit % 64;
	}
	chunk->high = MAX(chunk->high, end);
	chunk->low = MIN(chunk->low, from);
}
