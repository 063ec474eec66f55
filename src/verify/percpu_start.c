/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Percpu at the first event, as far as the look ahead tells it. In a recording from early boot, the
 * first chunk is in use up to the first area handed out, but for what is handed out below it later.
 * In others, and in all chunks of others, all bytes up to the highest area are, but for those that
 * were handed out before they were ever given back.
 */
#include <config.h>

#include "percpu_judge.h"

#include "kmreplay/abi/gfp.h"

enum {
	BIT_SIZE = 4,         /* bytes of one bit */
	AREA_MAX = 32 << 10,  /* bytes of the largest area */
};

static void find_boot(struct percpu_judge *j);
static void fill(struct percpu_judge *j, const struct areas_chunk *chunk, uint64_t ours);
static bool is_used(const struct areas_chunk *chunk, uint64_t bit);
static void take(struct percpu_judge *j, uint64_t ours, uint64_t from, uint64_t to);

void percpu_judge_start(struct percpu_judge *j)
{
	const struct areas_chunk *first, *reserved;

	find_boot(j);
	if (!j->look)
		return;
	first = areas_first_chunk(j->look, j->hashed);
	reserved = areas_reserved_chunk(j->look, first);
	/* A first chunk that no event touches is full, as far as anybody could tell. */
	j->first_met = true;
	if (first)
		percpu_judge_pair(j, first->base, j->first);
	if (reserved)
		percpu_judge_pair(j, reserved->base, j->reserved);
	vec_foreach(&j->look->chunks, chunk) {
		uint64_t ours = percpu_judge_ours(j, chunk->base);

		if (chunk->created)
			continue;
		if (!ours) {
			ours = percpu_judge_new_base(j);
			if (!percpu_chunk_adopt(j->p, ours))
				continue;
			percpu_judge_pair(j, chunk->base, ours);
			verify_aside(j->log, ASIDE_GROUND, VERIFY_PERCPU,
				     "chunks that were there before", 1);
		}
		if (j->given_start && ours)
			fill(j, chunk, ours);
	}
	if (j->given_start && !first)
		take(j, j->first, 0, AREAS_MAX_OFFSET);
}

/* Boot's chunks in ours: the reserved one is not counted among the others. */
static void find_boot(struct percpu_judge *j)
{
	struct percpu_chunk_info info;
	uint64_t at = 0;

	if (percpu_chunk_next(j->p, &at, &info))
		j->first = info.base;
	j->reserved = percpu_reserved_base(j->p);
}

static void fill(struct percpu_judge *j, const struct areas_chunk *chunk, uint64_t ours)
{
	const bool from_boot = j->setup->survey->from_boot && !chunk->freed.nr;
	const uint64_t limit = from_boot ? chunk->first_offset : chunk->high;
	const uint64_t end = MIN(limit, (uint64_t)AREAS_MAX_OFFSET) / BIT_SIZE;
	uint64_t from = 0;

	for (uint64_t bit = 0; bit < end; bit++) {
		if (is_used(chunk, bit) && !areas_was_freed(chunk, bit))
			continue;
		take(j, ours, from * BIT_SIZE, bit * BIT_SIZE);
		from = is_used(chunk, bit) ? bit : bit + 1;
	}
	take(j, ours, from * BIT_SIZE, end * BIT_SIZE);
}

static bool is_used(const struct areas_chunk *chunk, uint64_t bit)
{
	return bit / 64 >= chunk->was_free.nr || !(chunk->was_free.items[bit / 64] >> bit % 64 & 1);
}

/* Bytes [from, to) of the chunk, in areas as large as there can be. */
static void take(struct percpu_judge *j, uint64_t ours, uint64_t from, uint64_t to)
{
	uint64_t size;

	for (; from < to; from += size) {
		size = MIN(to - from, (uint64_t)AREA_MAX);
		if (!mm_ok(percpu_alloc_at(j->p, 0, ours + from, size, GFP_BITS_KERNEL)))
			continue;
		verify_aside(j->log, ASIDE_GROUND, VERIFY_PERCPU,
			     "ranges of bytes in use at the start, by look-ahead", 1);
	}
}
