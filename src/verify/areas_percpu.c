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
static void note_first_use(struct areas_chunk *chunk, const struct areas_span *bits);
static void reason(struct areas_chunk *chunk, const struct areas_span *area, uint64_t align,
		   bool elsewhere);
static bool passes_over(const struct areas_chunk *chunk, const struct areas_span *area,
			uint64_t align);
static void take(struct areas_chunk *chunk, const struct areas_span *hole);
static void cut(struct areas_chunk *chunk, uint64_t bit);
static void reason_of_first(struct areas_look *look, const struct areas_chunk *other,
			    const struct event *ev);
static void extend(struct areas_chunk *chunk, uint64_t nr_bits);
static uint64_t find_bit(const uint64_t *map, uint64_t from, uint64_t end, bool set);
static uint64_t hole_start(const struct areas_chunk *chunk, uint64_t bit);
static void set_bits(uint64_t *map, uint64_t from, uint64_t end, bool set);
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
		vec_deinit(&chunk->cut);
		vec_deinit(&chunk->splits);
		vec_deinit(&chunk->seen);
		vec_deinit(&chunk->blocked);
		vec_deinit(&chunk->touched);
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
		*u64map_insert(&look->live, ev->percpu.ptr, &fresh) =
			(uint32_t)(bits.end - bits.start);
	chunk->reserved |= ev->percpu.reserved;
	chunk->dynamic |= !ev->percpu.reserved;
	chunk->high = MAX(chunk->high, end);
	extend(chunk, bits.end + 1);
	reason(chunk, &bits, MAX(ev->percpu.align / BIT_SIZE, 1U), false);
	chunk->served = true;
	note_first_use(chunk, &bits);
	set_bits(chunk->blocked.items, bits.start, bits.end, true);
}

/*
 * What is handed out for the first time was free at the start, unless it is part of what was given
 * back meanwhile: known as such, or because it was in use.
 */
static void note_first_use(struct areas_chunk *chunk, const struct areas_span *bits)
{
	bool grown = false;

	for (uint64_t bit = bits->start; bit < bits->end; bit++) {
		const uint64_t mask = 1ULL << bit % 64;

		if (areas_bit(&chunk->touched, bit) || areas_bit(&chunk->given, bit))
			continue;
		grown = areas_bit(&chunk->cut, bit);
		if (grown) {
			chunk->given.items[bit / 64] |= mask;
			chunk->splits.items[bit / 64] &= ~mask;
		} else {
			chunk->was_free.items[bit / 64] |= mask;
			chunk->in_use.items[bit / 64] &= ~mask;
		}
	}
	if (grown)
		set_bits(chunk->splits.items, bits->end, bits->end + 1, true);
	set_bits(chunk->touched.items, bits->start, bits->end, true);
	set_bits(chunk->seen.items, bits->start, bits->end, true);
}

/*
 * Bytes are handed out from the lowest up. A hole below "area" that would have held it was none:
 * those of its bytes that no event has touched were in use. A whole chunk may be passed over
 * although it has room ("elsewhere"): of such a one only holes that nobody knows of are taken.
 */
static void reason(struct areas_chunk *chunk, const struct areas_span *area, uint64_t align,
		   bool elsewhere)
{
	const uint64_t nr = area->end - area->start;
	uint64_t bit = chunk->low = find_bit(chunk->seen.items, chunk->low, area->end, false);

	if (bit >= area->start || passes_over(chunk, area, align))
		return;
	while (bit < area->start) {
		struct areas_span hole = { .start = elsewhere ? bit : hole_start(chunk, bit) };
		uint64_t at = bits_align_up(hole.start, align);

		hole.end = find_bit(elsewhere ? chunk->seen.items : chunk->blocked.items, bit,
				    area->end, true);
		if (at < area->start && at + nr <= hole.end) {
			hole.start = MAX(hole.start, at);
			hole.end = MIN(at + nr, area->start);
			take(chunk, &hole);
		}
		bit = find_bit(chunk->seen.items, MAX(hole.end, bit + 1), area->end, false);
	}
}

/* Something below that is known to be free would do: the kernel's hints do not know all holes. */
static bool passes_over(const struct areas_chunk *chunk, const struct areas_span *area,
			uint64_t align)
{
	const uint64_t nr = area->end - area->start;
	uint64_t from, to = 0;

	for (;;) {
		from = find_bit(chunk->blocked.items, to, area->start, false);
		if (from >= area->start)
			return false;
		to = find_bit(chunk->blocked.items, from, area->end, true);
		for (uint64_t at = from; at < to; from = at) {
			at = find_bit(chunk->seen.items, from, to, true);
			from = bits_align_up(at, align);
			at = from < to ? find_bit(chunk->seen.items, from, to, false) : to;
			if (from < area->start && at >= from + nr)
				return true;
		}
	}
}

static void take(struct areas_chunk *chunk, const struct areas_span *hole)
{
	uint64_t from, to = hole->start;

	for (;;) {
		from = find_bit(chunk->seen.items, to, hole->end, false);
		if (from >= hole->end)
			return;
		to = find_bit(chunk->seen.items, from, hole->end, true);
		cut(chunk, from);
		set_bits(chunk->in_use.items, from, to, true);
		set_bits(chunk->blocked.items, from, to, true);
		set_bits(chunk->seen.items, from, to, true);
	}
}

/* An area that was given back did not reach to "bit" after all: what lies there is as before. */
static void cut(struct areas_chunk *chunk, uint64_t bit)
{
	const uint64_t from = bit;

	for (; areas_bit(&chunk->given, bit) && !areas_bit(&chunk->begins, bit) &&
	       !areas_bit(&chunk->touched, bit); bit++) {
		const uint64_t mask = 1ULL << bit % 64;

		chunk->given.items[bit / 64] &= ~mask;
		chunk->cut.items[bit / 64] |= mask;
		if (areas_bit(&chunk->in_use, bit)) {
			chunk->blocked.items[bit / 64] |= mask;
			chunk->seen.items[bit / 64] |= mask;
		}
	}
	if (bit != from)
		set_bits(chunk->splits.items, from, from + 1, true);
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
	if (first == other || (look->setup->survey->from_boot && first->served))
		return;
	if (!first->served && (!first->passed || nr < first->passed))
		first->passed = nr;
	behind.start = MAX(look->boot_bits, first->high / BIT_SIZE);
	behind.end = behind.start + nr;
	extend(first, behind.end);
	/* No hole reaches beyond its end. */
	set_bits(first->seen.items, behind.start, behind.end, true);
	set_bits(first->blocked.items, behind.start, behind.end, true);
	reason(first, &behind, MAX(ev->percpu.align / BIT_SIZE, 1U), true);
}

static void extend(struct areas_chunk *chunk, uint64_t nr_bits)
{
	vec_extend_zeroed(&chunk->was_free, nr_bits / 64 + 1);
	vec_extend_zeroed(&chunk->given, nr_bits / 64 + 1);
	vec_extend_zeroed(&chunk->begins, nr_bits / 64 + 1);
	vec_extend_zeroed(&chunk->cut, nr_bits / 64 + 1);
	vec_extend_zeroed(&chunk->splits, nr_bits / 64 + 1);
	vec_extend_zeroed(&chunk->in_use, nr_bits / 64 + 1);
	vec_extend_zeroed(&chunk->seen, nr_bits / 64 + 1);
	vec_extend_zeroed(&chunk->blocked, nr_bits / 64 + 1);
	vec_extend_zeroed(&chunk->touched, nr_bits / 64 + 1);
}

/* The first bit from "from" on that is set, or not; "end" when there is none. */
static uint64_t find_bit(const uint64_t *map, uint64_t from, uint64_t end, bool set)
{
	while (from < end) {
		uint64_t word = (set ? map[from / 64] : ~map[from / 64]) >> from % 64;

		if (word)
			return MIN(from + bits_ctz(word), end);
		from = (from / 64 + 1) * 64;
	}
	return end;
}

/* Behind the last bit below "bit" that is in use. */
static uint64_t hole_start(const struct areas_chunk *chunk, uint64_t bit)
{
	while (bit && !areas_bit(&chunk->blocked, bit - 1))
		bit--;
	return bit;
}

static void set_bits(uint64_t *map, uint64_t from, uint64_t end, bool set)
{
	for (uint64_t bit = from; bit < end; bit++) {
		if (set)
			map[bit / 64] |= 1ULL << bit % 64;
		else
			map[bit / 64] &= ~(1ULL << bit % 64);
	}
}

static void look_free(struct areas_look *look, struct areas_chunk *chunk, const struct event *ev)
{
	const uint64_t bit = ev->percpu.off / BIT_SIZE;
	const uint32_t *live = NULL;
	uint64_t end;

	if (ev->percpu.off >= AREAS_MAX_OFFSET)
		return;
	if (ev->percpu.ptr != U64MAP_NO_KEY)
		live = u64map_find(&look->live, ev->percpu.ptr);
	if (live) {
		end = MIN(bit + *live, (uint64_t)AREAS_MAX_OFFSET / BIT_SIZE);
		extend(chunk, end);
		set_bits(chunk->blocked.items, bit, end, false);
		u64map_remove(&look->live, ev->percpu.ptr);
		return;
	}
	if (areas_bit(&chunk->touched, bit) || areas_bit(&chunk->begins, bit))
		return;
	/* How large it is, nobody tells: it may reach to the next that is known of. */
	end = MIN(bit + AREA_BITS, (uint64_t)AREAS_MAX_OFFSET / BIT_SIZE);
	extend(chunk, end);
	end = MIN(find_bit(chunk->touched.items, bit + 1, end, true),
		  find_bit(chunk->begins.items, bit + 1, end, true));
	chunk->begins.items[bit / 64] |= 1ULL << bit % 64;
	set_bits(chunk->given.items, bit, end, true);
	set_bits(chunk->blocked.items, bit, end, false);
	set_bits(chunk->seen.items, bit, end, false);
	set_bits(chunk->seen.items, bit, bit + 1, true);
	chunk->low = MIN(chunk->low, bit);
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
