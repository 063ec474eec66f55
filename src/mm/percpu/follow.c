/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The per-CPU allocator beside a recorded one: what a request would get, what the balance work
 * would do, and areas and chunks that are put where the recorded kernel had them.
 */
#include <config.h>

#include "percpu_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/bits.h"

#include <stdlib.h>

static void take_exactly(struct percpu *p, struct pcpu_chunk *chunk, uint32_t bit, uint32_t bits);
static struct pcpu_chunk *choose_in_list(const struct percpu *p, unsigned int slot,
					 const struct percpu_request *request, int64_t *bit);
static int64_t peek(const struct percpu *p, const struct pcpu_chunk *chunk,
		    const struct percpu_request *request);
static bool would_create(const struct percpu *p);

bool percpu_choose(const struct percpu *p, const struct percpu_request *request,
		   struct percpu_choice *choice)
{
	struct percpu_request rounded = *request;
	const struct pcpu_chunk *chunk = NULL;
	int64_t bit = -1;

	*choice = (struct percpu_choice){ 0 };
	if (!pcpu_round_request(&rounded))
		return false;
	if (request->reserved && p->reserved) {
		chunk = p->reserved;
		bit = peek(p, chunk, &rounded);
	}
	for (unsigned int slot = pcpu_size_to_slot(p, rounded.size);
	     !(request->reserved && p->reserved) && slot <= p->free_slot && bit < 0; slot++)
		chunk = choose_in_list(p, slot, &rounded, &bit);
	if (bit < 0) {
		choice->creates = !request->reserved && !percpu_is_atomic(p, request->gfp) &&
				  list_is_empty(&p->slots[p->free_slot]);
		return false;
	}
	choice->base = chunk->base;
	choice->addr = chunk->base + (uint64_t)bit * PCPU_BIT_SIZE;
	return true;
}

struct mm_outcome percpu_alloc_in(struct percpu *p, unsigned int cpu, uint64_t base,
				  const struct percpu_request *request)
{
	struct percpu_request rounded = *request;
	struct mm_outcome outcome = { .path = MM_PATH_PERCPU,
				      .steps = 1,
				      .cost_ns = p->costs.percpu_search };
	bool atomic = percpu_is_atomic(p, request->gfp);
	struct pcpu_chunk *chunk;
	struct pcpu_place place;

	pcpu_run_pending(p, cpu);
	p->stats.nr_allocs++;
	p->stats.nr_atomic += atomic;
	chunk = pcpu_chunk_of(p, base);
	if (!chunk || chunk->base != base || !pcpu_round_request(&rounded)) {
		p->stats.nr_failed++;
		return (struct mm_outcome){ .failure = MM_FAIL_INVALID };
	}
	/* Whether its pages are there is our state, not the recording's: do not insist. */
	if (!pcpu_take(p, chunk, &rounded, atomic, &place) &&
	    !(atomic && pcpu_take(p, chunk, &rounded, false, &place)))
		return pcpu_fail_alloc(p, atomic, outcome, MM_FAIL_NO_SPACE);
	return pcpu_finish_alloc(p, cpu, &rounded, &place, outcome);
}

struct mm_outcome percpu_alloc_at(struct percpu *p, unsigned int cpu, uint64_t addr, uint64_t size,
				  uint32_t gfp)
{
	struct mm_outcome outcome = { .path = MM_PATH_PERCPU };
	struct percpu_request request = { .size = size, .align = PCPU_BIT_SIZE, .gfp = gfp };
	struct pcpu_chunk *chunk;
	struct pcpu_place place;
	uint32_t bits;

	pcpu_run_pending(p, cpu);
	p->stats.nr_allocs++;
	chunk = pcpu_chunk_of(p, addr);
	if (!chunk || (addr - chunk->base) % PCPU_BIT_SIZE || !pcpu_round_request(&request)) {
		p->stats.nr_failed++;
		return (struct mm_outcome){ .failure = MM_FAIL_INVALID };
	}
	place.chunk = chunk;
	place.bit = (uint32_t)((addr - chunk->base) / PCPU_BIT_SIZE);
	bits = (uint32_t)(request.size / PCPU_BIT_SIZE);
	if (bits > chunk->nr_bits - place.bit ||
	    pcpu_find_bit(chunk->alloc_map, place.bit, place.bit + bits, true) != place.bit + bits)
		return pcpu_fail_alloc(p, false, outcome, MM_FAIL_NO_SPACE);
	take_exactly(p, chunk, place.bit, bits);
	pcpu_chunk_reintegrate(p, chunk);
	return pcpu_finish_alloc(p, cpu, &request, &place, outcome);
}

bool percpu_chunk_adopt(struct percpu *p, uint64_t base)
{
	uint32_t nr_pages = (uint32_t)(p->layout.unit_size / KERNEL_PAGE_SIZE);
	struct pcpu_chunk *chunk;

	if (base % KERNEL_PAGE_SIZE || base > UINT64_MAX - p->layout.unit_size)
		return false;
	chunk = pcpu_chunk_create(base, nr_pages);
	chunk->adopted = true;
	if (!pcpu_insert_chunk(p, chunk)) {
		pcpu_chunk_destroy(chunk);
		return false;
	}
	p->stats.nr_created++;
	pcpu_chunk_relocate(p, chunk, -1);
	return true;
}

unsigned int percpu_clear(struct percpu *p, uint64_t addr, uint64_t size, bool whole)
{
	struct pcpu_chunk *chunk = pcpu_chunk_of(p, addr);
	unsigned int nr = 0;
	uint32_t bit, from, end;

	if (!chunk || size > UINT64_MAX - addr)
		return 0;
	bit = from = (uint32_t)((addr - chunk->base) / PCPU_BIT_SIZE);
	end = (uint32_t)MIN((addr + size - chunk->base + PCPU_BIT_SIZE - 1) / PCPU_BIT_SIZE,
			    (uint64_t)chunk->nr_bits);
	for (;;) {
		uint32_t start, behind;

		bit = pcpu_find_bit(chunk->alloc_map, bit, end, true);
		if (bit >= end)
			return nr;
		/* Within an area there are no other marks. */
		start = pcpu_find_last(chunk->bound_map, 0, bit + 1);
		if (start > bit || pcpu_is_hidden(p, chunk, start))
			return nr;
		behind = pcpu_find_bit(chunk->bound_map, start + 1, chunk->nr_bits, true);
		pcpu_release(p, chunk, start);
		nr++;
		if (whole)
			continue;
		if (start < from)
			take_exactly(p, chunk, start, from - start);
		if (behind > end)
			take_exactly(p, chunk, end, behind - end);
	}
}

void percpu_set_known(struct percpu *p, uint64_t base, uint64_t size)
{
	struct pcpu_chunk *chunk = pcpu_chunk_of(p, base);
	unsigned int slot;

	if (!chunk || chunk->base != base)
		return;
	slot = pcpu_chunk_slot(p, chunk);
	if (size)
		pcpu_chunk_forget(chunk, (uint32_t)((MIN(size, (uint64_t)PCPU_MIN_UNIT_SIZE) - 1) /
						    PCPU_BIT_SIZE));
	else
		pcpu_chunk_learn(chunk);
	pcpu_chunk_relocate(p, chunk, (int)slot);
}

uint64_t percpu_chunk_base(const struct percpu *p, uint64_t addr)
{
	const struct pcpu_chunk *chunk = pcpu_chunk_of(p, addr);

	return chunk ? chunk->base : 0;
}

uint64_t percpu_reserved_base(const struct percpu *p)
{
	return p->reserved ? p->reserved->base : 0;
}

bool percpu_chunk_exists(const struct percpu *p, uint64_t base)
{
	const struct pcpu_chunk *chunk = pcpu_chunk_of(p, base);

	return chunk && chunk->base == base;
}

void percpu_chunk_drop(struct percpu *p, unsigned int cpu, uint64_t base)
{
	struct pcpu_chunk *chunk = pcpu_chunk_of(p, base);

	if (!chunk || chunk->base != base || chunk->immutable)
		return;
	list_del(&chunk->link);
	if (!chunk->isolated)
		p->nr_empty -= chunk->nr_empty;
	p->nr_populated -= chunk->nr_populated;
	pcpu_drop_chunk(p, cpu, chunk);
}

unsigned int percpu_balance_due(const struct percpu *p)
{
	const struct list_head *free = &p->slots[p->free_slot];
	unsigned int effects = PERCPU_BALANCE_RUNS;

	if (!p->balance_pending)
		return 0;
	if (p->atomic_failed || p->nr_empty < PCPU_EMPTY_HIGH)
		effects |= PERCPU_BALANCE_POPULATES;
	if (would_create(p))
		effects |= PERCPU_BALANCE_CREATES;
	if (!list_is_empty(free) && free->next->next != free)
		effects |= PERCPU_BALANCE_DESTROYS;
	return effects;
}

/* These bits are free. */
static void take_exactly(struct percpu *p, struct pcpu_chunk *chunk, uint32_t bit, uint32_t bits)
{
	const unsigned int slot = pcpu_chunk_slot(p, chunk);
	const int32_t before = chunk->nr_empty;

	if (pcpu_alloc_area(chunk, bits, 1, bit) != bit)
		BUG_ON(true);
	pcpu_count_empty(p, chunk, before);
	pcpu_chunk_relocate(p, chunk, (int)slot);
}

static struct pcpu_chunk *choose_in_list(const struct percpu *p, unsigned int slot,
					 const struct percpu_request *request, int64_t *bit)
{
	list_foreach (&p->slots[slot], pos) {
		struct pcpu_chunk *chunk = container_of(pos, struct pcpu_chunk, link);

		*bit = peek(p, chunk, request);
		if (*bit >= 0)
			return chunk;
	}
	return NULL;
}

/* pcpu_take() without taking it; "request" is rounded. */
static int64_t peek(const struct percpu *p, const struct pcpu_chunk *chunk,
		    const struct percpu_request *request)
{
	const uint32_t bits = (uint32_t)(request->size / PCPU_BIT_SIZE);
	const uint32_t align = (uint32_t)(request->align / PCPU_BIT_SIZE);
	const int64_t start = pcpu_find_fit(chunk, bits, align,
					    percpu_is_atomic(p, request->gfp));

	return start < 0 ? -1 : pcpu_find_area(chunk, bits, align, (uint32_t)start);
}

/*
 * As pcpu_balance_populated() of balance.c, of which each list offers one chunk. What the reclaim
 * before it does to the count of empty pages is not foreseen.
 */
static bool would_create(const struct percpu *p)
{
	int64_t want =
		p->atomic_failed ? PCPU_EMPTY_HIGH : MAX((int64_t)0, PCPU_EMPTY_HIGH - p->nr_empty);

	want = MIN(want, (int64_t)PCPU_EMPTY_HIGH);
	for (unsigned int slot = pcpu_size_to_slot(p, KERNEL_PAGE_SIZE); slot <= p->free_slot;
	     slot++) {
		list_foreach (&p->slots[slot], pos) {
			const struct pcpu_chunk *chunk = container_of(pos, struct pcpu_chunk, link);

			if (chunk->nr_populated == chunk->nr_pages)
				continue;
			want -= chunk->nr_pages - chunk->nr_populated;
			break;
		}
	}
	return want > 0;
}
