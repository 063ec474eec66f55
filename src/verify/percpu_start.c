/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Percpu at the first event, as far as the look ahead tells it: see areas_look.h. Chunks that are
 * used without having been made while recording were there, boot's among them.
 */
#include <config.h>

#include "percpu_judge.h"

#include "kmreplay/abi/gfp.h"

enum {
	BIT_SIZE = 4,	     /* bytes of one bit */
	AREA_MAX = 32 << 10, /* bytes of the largest area */
};

static void find_boot(struct percpu_judge *j);
static void fill(struct percpu_judge *j, const struct areas_chunk *chunk, uint64_t ours);
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
	vec_foreach (&j->look->chunks, chunk) {
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
		if (!j->given_start)
			continue;
		fill(j, chunk, ours);
		if (chunk == first && chunk->passed)
			percpu_set_known(j->p, ours, chunk->passed * BIT_SIZE);
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

/* Areas that are given back stand for themselves; what is in use by reasoning lies between them. */
static void fill(struct percpu_judge *j, const struct areas_chunk *chunk, uint64_t ours)
{
	const uint64_t end = MIN(chunk->high, (uint64_t)AREAS_MAX_OFFSET) / BIT_SIZE;
	uint64_t from = 0;
	bool used = false;

	for (uint64_t bit = 0; bit < end; bit++) {
		const bool begins =
			areas_bit(&chunk->begins, bit) || areas_bit(&chunk->splits, bit);
		const bool in_use =
			areas_bit(&chunk->given, bit) || areas_bit(&chunk->in_use, bit);

		if (used && (begins || !in_use))
			take(j, ours, from * BIT_SIZE, bit * BIT_SIZE);
		if (begins || (in_use && !used))
			from = bit;
		used = in_use;
	}
	if (used)
		take(j, ours, from * BIT_SIZE, end * BIT_SIZE);
}

/* Bytes [from, to) of the chunk, in areas as large as there can be; boot's chunks hide some. */
static void take(struct percpu_judge *j, uint64_t ours, uint64_t from, uint64_t to)
{
	uint64_t at = from, size;

	while (from < to && percpu_free_next(j->p, ours, &at, &size) && at - size < to) {
		from = MAX(from, at - size);
		size = MIN(MIN(at, to) - from, (uint64_t)AREA_MAX);
		if (!mm_ok(percpu_alloc_at(j->p, 0, ours + from, size, GFP_BITS_KERNEL)))
			return;
		verify_aside(j->log, ASIDE_GROUND, VERIFY_PERCPU,
			     "ranges of bytes in use at the start, by look-ahead", 1);
		at = from += size;
	}
}
