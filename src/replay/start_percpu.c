/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Per-CPU memory in use when the recording begins, in the chunk that boot made: it has its pages,
 * so that nothing else changes with it. Later chunks begin empty: how they were filled, and which
 * pages they had, no event tells.
 */
#include <config.h>

#include "areas_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/mm/percpu_follow.h"
#include "kmreplay/replay/area_survey.h"

enum { AREA_MAX = 32 << 10 };

static bool bit_of(const uint64_t *map, size_t nr, uint64_t bit);
static void take(struct replay *r, const struct percpu_survey_chunk *chunk, uint64_t base,
		 uint64_t from, uint64_t end);

void replay_start_percpu(struct replay *r, bool boot)
{
	const struct percpu_survey_chunk *chunk =
		r->options.areas ? percpu_survey_first(r->options.areas) : NULL;
	const struct percpu *p = machine_percpu(r->machine);
	struct percpu_chunk_info first;
	uint64_t at = 0, end, from = 0;
	bool used = false;

	if (!chunk || !(r->options.layers & LAYER_PERCPU) || !percpu_chunk_next(p, &at, &first))
		return;
	/* Boot has filled it from the bottom up; later all of it is in use that nobody gets. */
	end = boot ? MIN(chunk->low, chunk->high) : first.size / PERCPU_SURVEY_BIT;
	for (uint64_t bit = 0; bit < end; bit++) {
		const bool begins = bit_of(chunk->begins.items, chunk->begins.nr, bit);
		const bool in_use = !bit_of(chunk->was_free.items, chunk->was_free.nr, bit);

		if (used && (begins || !in_use))
			take(r, chunk, first.base, from, bit);
		if (begins || (in_use && !used))
			from = bit;
		used = in_use;
	}
	if (used)
		take(r, chunk, first.base, from, end);
}

enum replay_verdict replay_start_percpu_free(struct replay *r, const struct replay_step *step)
{
	const uint64_t key = step->ev->percpu.base + step->ev->percpu.off;
	const uint32_t *at = u64map_find(&r->start_percpu.by_addr, key);
	struct mm_outcome outcome;

	if (!at)
		return VERDICT_UNSEEN;
	outcome = percpu_free(machine_percpu(r->machine), step->cpu,
			      r->start_percpu.addrs.items[*at]);
	u64map_remove(&r->start_percpu.by_addr, key);
	if (!mm_ok(outcome))
		return VERDICT_UNSEEN;
	replay_tally_cost(&r->tally, CALL_PCPU_FREE, outcome);
	return VERDICT_DONE;
}

static bool bit_of(const uint64_t *map, size_t nr, uint64_t bit)
{
	return bit / 64 < nr && map[bit / 64] >> bit % 64 & 1;
}

/* Bits [from, end), as far as they are free in ours: boot's chunk hides its edges. */
static void take(struct replay *r, const struct percpu_survey_chunk *chunk, uint64_t base,
		 uint64_t from, uint64_t end)
{
	struct percpu *p = machine_percpu(r->machine);
	const uint64_t to = end * PERCPU_SURVEY_BIT;
	uint64_t off = from * PERCPU_SURVEY_BIT, at = off, size;
	bool fresh;

	while (off < to && percpu_free_next(p, base, &at, &size) && at - size < to) {
		off = MAX(off, at - size);
		size = MIN(MIN(at, to) - off, (uint64_t)AREA_MAX);
		if (!mm_ok(percpu_alloc_at(p, 0, base + off, size, GFP_BITS_KERNEL)))
			return;
		vec_push(&r->start_percpu.addrs, base + off);
		if (chunk->base + off != U64MAP_NO_KEY)
			*u64map_insert(&r->start_percpu.by_addr, chunk->base + off, &fresh) =
				(uint32_t)(r->start_percpu.addrs.nr - 1);
		r->tally.nr_start_percpu++;
		at = off += size;
	}
}
