/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is looked ahead for in the events of percpu, and the layout that follows from it. */
#include <config.h>

#include "areas_look.h"

#include "kmreplay/core/bits.h"

#include <stdlib.h>

enum {
	BIT_SIZE = 4, /* bytes of one bit of a chunk's map */
};

/* A chunk that is made of areas begins at such an address on x86-64: PMD_SIZE. */
#define ATOM_SIZE (2ULL << 20)

static struct areas_chunk *chunk_of(struct areas_look *look, const struct event *ev);
static void look_alloc(struct areas_look *look, struct areas_chunk *chunk,
		       const struct event *ev);
static void look_free(struct areas_look *look, struct areas_chunk *chunk, const struct event *ev);
static void look_cpus(struct areas_look *look, const struct event *ev);
static bool can_be_first(const struct areas_look *look, const struct areas_chunk *chunk,
			 bool hashed);
static bool test_bit(const struct areas_chunk *chunk, uint64_t bit);
static int by_bit(const void *a, const void *b);

void areas_look_percpu(struct areas_look *look, const struct event *ev)
{
	struct areas_chunk *chunk = chunk_of(look, ev);

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

	vec_foreach(&look->chunks, chunk) {
		if (!can_be_first(look, chunk, hashed))
			continue;
		/* Below the first one lies the reserved one; other machines have none. */
		if (!first || (highest ? chunk->base > first->base :
					 !hashed && chunk->base < first->base))
			first = chunk;
	}
	return first;
}

const struct areas_chunk *areas_reserved_chunk(const struct areas_look *look,
					       const struct areas_chunk *first)
{
	vec_foreach(&look->chunks, chunk) {
		if (chunk == first || chunk->created)
			continue;
		if (chunk->reserved || (look->setup->config->arch == ARCH_X86_64 && first &&
					chunk->base % ATOM_SIZE && chunk->base < first->base &&
					first->base - chunk->base <= 64 << 10))
			return chunk;
	}
	return NULL;
}

bool areas_was_freed(const struct areas_chunk *chunk, uint64_t bit)
{
	size_t low = 0, high = chunk->freed.nr;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (chunk->freed.items[middle] < bit)
			low = middle + 1;
		else
			high = middle;
	}
	return low < chunk->freed.nr && chunk->freed.items[low] == bit;
}

void areas_chunks_finish(struct areas_look *look)
{
	vec_foreach(&look->chunks, chunk)
		if (chunk->freed.nr)
			qsort(chunk->freed.items, chunk->freed.nr, sizeof(uint32_t), by_bit);
}

void areas_chunks_deinit(struct areas_look *look)
{
	vec_foreach(&look->chunks, chunk) {
		vec_deinit(&chunk->touched);
		vec_deinit(&chunk->was_free);
		vec_deinit(&chunk->freed);
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
	uint32_t *index;
	bool fresh;

	index = ev->percpu.base == U64MAP_NO_KEY ? NULL :
						    u64map_find(&look->chunk_index, ev->percpu.base);
	if (index)
		return &look->chunks.items[*index];
	if (look->chunks.nr == AREAS_MAX_CHUNKS || ev->percpu.base == U64MAP_NO_KEY) {
		look->nr_beyond++;
		return NULL;
	}
	*u64map_insert(&look->chunk_index, ev->percpu.base, &fresh) = (uint32_t)look->chunks.nr;
	vec_push(&look->chunks,
		 (struct areas_chunk){ .base = ev->percpu.base,
				       .first_offset = UINT64_MAX,
				       .created = ev->type == EVENT_PCPU_CHUNK_CREATE });
	return &look->chunks.items[look->chunks.nr - 1];
}

static void look_alloc(struct areas_look *look, struct areas_chunk *chunk, const struct event *ev)
{
	const uint64_t end = (uint64_t)ev->percpu.off + ev->percpu.size;
	bool fresh;

	look_cpus(look, ev);
	if (end > AREAS_MAX_OFFSET || !ev->percpu.size)
		return;
	if (ev->percpu.ptr != U64MAP_NO_KEY)
		u64map_insert(&look->live, ev->percpu.ptr, &fresh);
	chunk->reserved |= ev->percpu.reserved;
	if (chunk->first_offset == UINT64_MAX)
		chunk->first_offset = ev->percpu.off;
	chunk->high = MAX(chunk->high, end);
	vec_extend_zeroed(&chunk->touched, end / BIT_SIZE / 64 + 1);
	vec_extend_zeroed(&chunk->was_free, end / BIT_SIZE / 64 + 1);
	for (uint64_t bit = ev->percpu.off / BIT_SIZE; bit < (end + BIT_SIZE - 1) / BIT_SIZE; bit++) {
		if (test_bit(chunk, bit))
			continue;
		chunk->touched.items[bit / 64] |= 1ULL << bit % 64;
		chunk->was_free.items[bit / 64] |= 1ULL << bit % 64;
	}
}

static void look_free(struct areas_look *look, struct areas_chunk *chunk, const struct event *ev)
{
	const uint64_t bit = ev->percpu.off / BIT_SIZE;

	if (ev->percpu.ptr != U64MAP_NO_KEY && u64map_remove(&look->live, ev->percpu.ptr))
		return;
	if (ev->percpu.off >= AREAS_MAX_OFFSET)
		return;
	vec_extend_zeroed(&chunk->touched, bit / 64 + 1);
	if (test_bit(chunk, bit))
		return;
	chunk->touched.items[bit / 64] |= 1ULL << bit % 64;
	chunk->high = MAX(chunk->high, (uint64_t)ev->percpu.off + BIT_SIZE);
	vec_push(&chunk->freed, (uint32_t)bit);
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

static bool can_be_first(const struct areas_look *look, const struct areas_chunk *chunk, bool hashed)
{
	if (chunk->created || chunk->reserved)
		return false;
	return hashed || look->setup->config->arch != ARCH_X86_64 || chunk->base % ATOM_SIZE;
}

static bool test_bit(const struct areas_chunk *chunk, uint64_t bit)
{
	return chunk->touched.items[bit / 64] >> bit % 64 & 1;
}

static int by_bit(const void *a, const void *b)
{
	const uint32_t *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}
