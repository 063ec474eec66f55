/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is looked ahead for in the events of percpu, and the layout that follows from it. */
#include <config.h>

#include "areas_look.h"

#include "kmreplay/core/bits.h"

#include <stdlib.h>

enum {
	BIT_SIZE = 4,			   /* bytes of one bit of a chunk's map */
	AREA_BITS = (32 << 10) / BIT_SIZE, /* of the largest area */
};

/* A chunk that is made of areas begins at such an address on x86-64: PMD_SIZE. */
#define ATOM_SIZE (2ULL << 20)

static struct areas_chunk *chunk_of(struct areas_look *look, const struct event *ev);
static void look_alloc(struct areas_look *look, struct areas_chunk *chunk, const struct event *ev);
static void look_free(struct areas_look *look, struct areas_chunk *chunk, const struct event *ev);
static void reason(struct areas_chunk *chunk, const struct areas_span *area, uint64_t align);
static void reason_of_first(struct areas_look *look, const struct areas_chunk *other,
			    const struct event *ev);
static void extend(struct areas_chunk *chunk, uint64_t nr_bits);
static uint64_t find_bit(const struct areas_chunk *chunk, uint64_t from, uint64_t end, bool seen);
static void look_cpus(struct areas_look *look, const struct event *ev);
static bool is_reserved(const struct areas_chunk *chunk);
static bool can_be_first(const struct areas_look *look, const struct areas_chunk *chunk,
			 bool hashed);

uint64_t areas_boot_bits(const struct machine_config *config)
{
	struct percpu_layout layout;

	percpu_layout_init(&layout, config);
	return ((layout.static_size + layout.reserved_size) % KERNEL_PAGE_SIZE + layout.dyn_size) /
	       BIT_SIZE;
}

void areas_look_percpu(struct areas_look *look, const struct event *ev)
{
	struct areas_chunk *chunk = chunk_of(look, ev);

	if (ev->type == EVENT_PCPU_ALLOC && !ev->percpu.reserved)
		reason_of_first(look, chunk, ev);
	if (!chunk || chunk->created)
		return;
	if (ev->type == EVENT_PCPU_ALLOC)
		look_alloc(look, chunk, ev);
	else if (ev->type == EVENT_PCPU_FREE)
		look_free(look, chunk, ev);
}

const struct areas_chunk *areas_first_chunk(const struct areas_look *look, bool hashed)
{
	const struct areas_chunk *first = NULL;
	const bool highest = look->setup->config->arch == ARCH_X86_64 && !hashed;

	vec_foreach (&look->chunks, chunk) {
		if (!can_be_first(look, chunk, hashed))
			continue;
		/* Below the first one lies the reserved one; other machines have none. */
		if (!first ||
		    (highest ? chunk->base > first->base : !hashed && chunk->base < first->base))
			first = chunk;
	}
	return first;
}

const struct areas_chunk *areas_reserved_chunk(const struct areas_look *look,
					       const struct areas_chunk *first)
{
	vec_foreach (&look->chunks, chunk) {
		if (chunk == first || chunk->created)
			continue;
		if (is_reserved(chunk) ||
		    (look->setup->config->arch == ARCH_X86_64 && first && chunk->base % ATOM_SIZE &&
		     chunk->base < first->base && first->base - chunk->base <= 64 << 10))
			return chunk;
	}
	return NULL;
}

void areas_chunks_deinit(struct areas_look *look)
{
	vec_foreach (&look->chunks, chunk) {
		vec_deinit(&chunk->was_free);
		vec_deinit(&chunk->in_use);
		vec_deinit(&chunk->given);
		vec_deinit(&chunk->begins);
		vec_deinit(&chunk->seen);
	}
	vec_deinit(&look->chunks);
}

/* The kernel logs the layout, events show only how far the first chunk reaches at least. */
void areas_percpu_layout(const struct areas_look *look, const struct machine_config *config,
			 struct percpu_layout *layout)
{
	const struct areas_chunk *first = look ? areas_first_chunk(look, false) : NULL;
	uint64_t start, high;

	percpu_layout_init(layout, config);
	if (!first)
		return;
	start = (layout->static_size + layout->reserved_size) % KERNEL_PAGE_SIZE;
	high = bits_align_up(MIN(first->high, (uint64_t)AREAS_MAX_OFFSET), KERNEL_PAGE_SIZE);
	layout->dyn_size = MAX(layout->dyn_size, high > start ? high - start : 0);
}

struct machine_config areas_config(const struct areas_look *look,
				   const struct machine_config *config)
{
	struct machine_config own = *config;

	if (!look)
		return own;
	own.nr_cpus = MAX(own.nr_cpus, look->nr_cpus);
	if (look->vmalloc.vend > look->vmalloc.vstart) {
		own.vmalloc_start = look->vmalloc.vstart;
		own.vmalloc_size = look->vmalloc.vend - look->vmalloc.vstart + 1;
	}
	return own;
}

static struct areas_chunk *chunk_of(struct areas_look *look, const struct event *ev)
{
	uint32_t *index = NULL;
	bool fresh;

	if (ev->percpu.base != U64MAP_NO_KEY)
		index = u64map_find(&look->chunk_index, ev->percpu.base);
	if (index)
		return &look->chunks.items[*index];
	if (look->chunks.nr == AREAS_MAX_CHUNKS || ev->percpu.base == U64MAP_NO_KEY) {
		look->nr_beyond++;
		return NULL;
	}
	*u64map_insert(&look->chunk_index, ev->percpu.base, &fresh) = (uint32_t)look->chunks.nr;
	vec_push(&look->chunks,
		 (struct areas_chunk){ .base = ev->percpu.base,
				       .created = ev->type == EVENT_PCPU_CHUNK_CREATE });
	return &look->chunks.items[look->chunks.nr - 1];
}

static void look_alloc(struct areas_look *look, struct areas_chunk *chunk, const struct event *ev)
{
	const uint64_t end = (uint64_t)ev->percpu.off + ev->percpu.size;
	const struct areas_span bits = { ev->percpu.off / BIT_SIZE,
					 (end + BIT_SIZE - 1) / BIT_SIZE };
	bool fresh;

	look_cpus(look, ev);
	if (end > AREAS_MAX_OFFSET || !ev->percpu.size)
		return;
	if (ev->percpu.ptr != U64MAP_NO_KEY)
		u64map_insert(&look->live, ev->percpu.ptr, &fresh);
	chunk->reserved |= ev->percpu.reserved;
	chunk->dynamic |= !ev->percpu.reserved;
	chunk->high = MAX(chunk->high, end);
	extend(chunk, bits.end);
	reason(chunk, &bits, MAX(ev->percpu.align / BIT_SIZE, 1U));
	/* What was given back without having been got is known to have been in use. */
	for (uint64_t bit = bits.start; bit < bits.end; bit++) {
		if (!areas_bit(&chunk->given, bit))
			chunk->was_free.items[bit / 64] |= 1ULL << bit % 64;
		chunk->seen.items[bit / 64] |= 1ULL << bit % 64;
	}
}

/*
 * Bytes are handed out from the lowest up. A run below "area" that no event has touched and that
 * would have held it was in use.
 */
static void reason(struct areas_chunk *chunk, const struct areas_span *area, uint64_t align)
{
	const uint64_t nr = area->end - area->start;
	uint64_t bit = chunk->low = find_bit(chunk, chunk->low, area->end, false);

	for (;;) {
		uint64_t run, at;

		bit = find_bit(chunk, bit, area->start, false);
		if (bit >= area->start)
			return;
		run = find_bit(chunk, bit, area->end, true);
		at = bits_align_up(bit, align);
		for (uint64_t i = bit;
		     at < area->start && at + nr <= run && i < MIN(run, area->start); i++) {
			chunk->in_use.items[i / 64] |= 1ULL << i % 64;
			chunk->seen.items[i / 64] |= 1ULL << i % 64;
		}
		bit = run;
	}
}

/*
 * The first chunk is the smallest and asked first, so what it has room for does not go elsewhere.
 * The whole of it has pages.
 */
static void reason_of_first(struct areas_look *look, const struct areas_chunk *other,
			    const struct event *ev)
{
	const uint64_t nr = (ev->percpu.size + BIT_SIZE - 1) / BIT_SIZE;
	const struct areas_chunk *found;
	struct areas_chunk *first;
	struct areas_span behind;

	if (look->first_of != look->chunks.nr) {
		look->first_of = look->chunks.nr;
		found = areas_first_chunk(look, false);
		look->first = found ? (size_t)(found - look->chunks.items) : SIZE_MAX;
	}
	if (look->first == SIZE_MAX || ev->percpu.size > AREAS_MAX_OFFSET)
		return;
	first = &look->chunks.items[look->first];
	if (first == other)
		return;
	behind.start = MAX(look->boot_bits, first->high / BIT_SIZE);
	behind.end = behind.start + nr;
	extend(first, behind.end);
	/* No run reaches beyond its end. */
	for (uint64_t bit = behind.start; bit < behind.end; bit++)
		first->seen.items[bit / 64] |= 1ULL << bit % 64;
	reason(first, &behind, MAX(ev->percpu.align / BIT_SIZE, 1U));
}

static void extend(struct areas_chunk *chunk, uint64_t nr_bits)
{
	vec_extend_zeroed(&chunk->was_free, nr_bits / 64 + 1);
	vec_extend_zeroed(&chunk->given, nr_bits / 64 + 1);
	vec_extend_zeroed(&chunk->begins, nr_bits / 64 + 1);
	vec_extend_zeroed(&chunk->in_use, nr_bits / 64 + 1);
	vec_extend_zeroed(&chunk->seen, nr_bits / 64 + 1);
}

/* The first bit from "from" on that has been seen, or not; "end" when there is none. */
static uint64_t find_bit(const struct areas_chunk *chunk, uint64_t from, uint64_t end, bool seen)
{
	while (from < end) {
		uint64_t word = chunk->seen.items[from / 64];

		word = (seen ? word : ~word) >> from % 64;
		if (word)
			return MIN(from + bits_ctz(word), end);
		from = (from / 64 + 1) * 64;
	}
	return end;
}

static void look_free(struct areas_look *look, struct areas_chunk *chunk, const struct event *ev)
{
	const uint64_t bit = ev->percpu.off / BIT_SIZE;
	uint64_t end;

	if (ev->percpu.ptr != U64MAP_NO_KEY && u64map_remove(&look->live, ev->percpu.ptr))
		return;
	if (ev->percpu.off >= AREAS_MAX_OFFSET || areas_bit(&chunk->was_free, bit) ||
	    areas_bit(&chunk->begins, bit))
		return;
	/* How large it is, nobody tells: it may reach to the next that is known of. */
	end = MIN(bit + AREA_BITS, (uint64_t)AREAS_MAX_OFFSET / BIT_SIZE);
	extend(chunk, end);
	end = find_bit(chunk, bit + 1, end, true);
	chunk->begins.items[bit / 64] |= 1ULL << bit % 64;
	for (uint64_t i = bit; i < end; i++) {
		chunk->given.items[i / 64] |= 1ULL << i % 64;
		chunk->seen.items[i / 64] |= 1ULL << i % 64;
	}
	chunk->high = MAX(chunk->high, (uint64_t)ev->percpu.off + BIT_SIZE);
}

/*
 * An area costs its size for each possible CPU, and, where memory cgroups are charged for objects,
 * a pointer for each 4 bytes.
 */
static void look_cpus(struct areas_look *look, const struct event *ev)
{
	const uint64_t units = ev->percpu.size ? ev->percpu.bytes_alloc / ev->percpu.size : 0;
	const uint64_t vector = look->setup->config->arch == ARCH_X86_32 ? 1 : 2;
	const unsigned int seen = MAX(look->setup->survey->nr_cpus, 1U);
	const uint64_t nr = units >= seen + vector ? units - vector : units;

	if (!look->nr_cpus && nr >= seen && nr <= AREAS_MAX_CPUS)
		look->nr_cpus = (unsigned int)nr;
}

static bool can_be_first(const struct areas_look *look, const struct areas_chunk *chunk,
			 bool hashed)
{
	if (chunk->created || is_reserved(chunk))
		return false;
	return hashed || look->setup->config->arch != ARCH_X86_64 || chunk->base % ATOM_SIZE;
}

/* Machines without a reserved chunk serve such requests from all others. */
static bool is_reserved(const struct areas_chunk *chunk)
{
	return chunk->reserved && !chunk->dynamic;
}
