/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address space at the first event, as far as the look ahead tells it: see areas_look.h. Areas
 * that are given back later stand for themselves; what requests passed over is one area between
 * each two of them.
 */
#include <config.h>

#include "vmalloc_judge.h"

static void adopt_chunks(struct vmalloc_judge *j);
static void fill(struct vmalloc_judge *j, const struct areas_span *span);
static const struct areas_span *first_behind(const struct vmalloc_judge *j, uint64_t at);
static bool adopt(struct vmalloc_judge *j, uint64_t start, uint64_t end);

void vmalloc_judge_start(struct vmalloc_judge *j)
{
	adopt_chunks(j);
	vmalloc_guesses_start(j);
	if (j->from_nothing || j->guesses.alone)
		return;
	vec_foreach (&j->look->freed, area) {
		if (adopt(j, area->start, area->end))
			verify_aside(j->log, ASIDE_GROUND, VERIFY_VMALLOC,
				     "areas in use at the start, as their frees tell", 1);
	}
	vec_foreach (&j->look->was_lazy, span) {
		if (adopt(j, span->start, span->end) && mm_ok(vmap_area_free(j->v, 0, span->start)))
			verify_aside(j->log, ASIDE_GROUND, VERIFY_VMALLOC,
				     "ranges that were lazy at the start, handed out later", 1);
	}
	vec_foreach (&j->look->in_use, span)
		fill(j, span);
}

/* Percpu chunks that were made before. */
static void adopt_chunks(struct vmalloc_judge *j)
{
	const struct vmap_groups *groups = percpu_chunk_groups(j->percpu);

	vec_foreach (&j->look->chunks, chunk) {
		if (chunk->created || chunk->base < j->vmalloc.vstart ||
		    chunk->base > j->vmalloc.vend)
			continue;
		for (unsigned int i = 0; i < groups->nr; i++) {
			const uint64_t start = chunk->base + groups->offsets[i];

			if (adopt(j, start, start + groups->sizes[i]))
				verify_aside(j->log, ASIDE_GROUND, VERIFY_VMALLOC,
					     "areas of percpu chunks that were there before", 1);
		}
	}
}

/* "span" was in use but for what was handed out of it later, or is in use by name already. */
static void fill(struct vmalloc_judge *j, const struct areas_span *span)
{
	const struct areas_span *free = first_behind(j, span->start);
	const struct areas_span *free_end = j->look->was_free.items + j->look->was_free.nr;
	uint64_t at = span->start;

	while (at < span->end) {
		const struct vmap_range range = vmap_range_at(j->v, at);
		uint64_t end = MIN(range.end, span->end);

		while (free < free_end && free->end <= at)
			free++;
		if (range.end <= at)
			return;
		if (range.state == VMAP_FREE && free < free_end && free->start <= at) {
			at = free->end;
			continue;
		}
		if (range.state == VMAP_FREE && free < free_end)
			end = MIN(end, free->start);
		if (range.state == VMAP_FREE && adopt(j, at, end))
			verify_aside(j->log, ASIDE_GROUND, VERIFY_VMALLOC,
				     "ranges in use at the start, as requests passed them over", 1);
		at = end;
	}
}

/* The first range that "was_free" and ends behind "at". */
static const struct areas_span *first_behind(const struct vmalloc_judge *j, uint64_t at)
{
	size_t low = 0, high = j->look->was_free.nr;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (j->look->was_free.items[middle].end <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return j->look->was_free.items + low;
}

static bool adopt(struct vmalloc_judge *j, uint64_t start, uint64_t end)
{
	return end > start && mm_ok(vmap_area_adopt(j->v, start, end - start));
}
