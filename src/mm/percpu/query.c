/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the percpu chunks hold, and whether maps, hints, lists and counters agree. */
#include <config.h>

#include "percpu_internal.h"

#include <inttypes.h>

static uint32_t longest_run(const struct pcpu_chunk *chunk, uint32_t from, uint32_t to);
static bool check_chunk(const struct percpu *p, const struct pcpu_chunk *chunk, struct error *err);
static bool check_pages(const struct percpu *p, const struct pcpu_chunk *chunk, struct error *err);
static bool check_block(const struct pcpu_chunk *chunk, uint32_t index, struct error *err);
static bool check_lists(const struct percpu *p, struct error *err);

void percpu_stats(const struct percpu *p, struct percpu_stats *stats)
{
	*stats = p->stats;
	stats->unit_size = p->layout.unit_size;
	stats->nr_units = p->nr_cpus;
	stats->nr_chunks = p->chunks.nr + (p->reserved != NULL);
	stats->nr_areas = p->reserved ? p->reserved->nr_areas : 0;
	stats->nr_populated = p->nr_populated;
	stats->nr_empty = (uint64_t)MAX(p->nr_empty, (int64_t)0);
	if (p->reserved)
		stats->bytes = p->layout.reserved_size - p->reserved->free_bytes;
	for (size_t i = 0; i < p->chunks.nr; i++) {
		const struct pcpu_chunk *chunk = p->chunks.items[i];
		uint64_t size = chunk == p->first ? p->layout.dyn_size : p->layout.unit_size;
		uint64_t run = longest_run(chunk, 0, chunk->nr_bits) * (uint64_t)PCPU_BIT_SIZE;

		stats->nr_areas += chunk->nr_areas;
		stats->bytes += size - chunk->free_bytes;
		stats->free_bytes += chunk->free_bytes;
		stats->largest_free = MAX(stats->largest_free, run);
	}
}

bool percpu_chunk_next(const struct percpu *p, uint64_t *at, struct percpu_chunk_info *info)
{
	for (size_t i = 0; i < p->chunks.nr; i++) {
		const struct pcpu_chunk *chunk = p->chunks.items[i];

		if (chunk->base < *at)
			continue;
		*at = chunk->base + 1;
		*info = (struct percpu_chunk_info){
			.base = chunk->base,
			.size = (uint64_t)chunk->nr_pages * KERNEL_PAGE_SIZE,
			.free_bytes = chunk->free_bytes,
			.largest_free = (uint64_t)chunk->md.contig_hint * PCPU_BIT_SIZE,
			.nr_populated = chunk->nr_populated,
			.nr_empty = (uint64_t)chunk->nr_empty,
			.slot = chunk->slot,
			.immutable = chunk->immutable,
			.isolated = chunk->isolated,
		};
		return true;
	}
	return false;
}

const struct vmap_groups *percpu_chunk_groups(const struct percpu *p)
{
	return &p->groups;
}

void percpu_free_runs(const struct percpu *p, void (*each)(void *ctx, uint64_t size), void *ctx)
{
	for (size_t i = 0; i < p->chunks.nr; i++) {
		const struct pcpu_chunk *chunk = p->chunks.items[i];
		uint32_t from, end = 0;

		for (;;) {
			from = pcpu_find_bit(chunk->alloc_map, end, chunk->nr_bits, false);
			if (from >= chunk->nr_bits)
				break;
			end = pcpu_find_bit(chunk->alloc_map, from, chunk->nr_bits, true);
			each(ctx, (uint64_t)(end - from) * PCPU_BIT_SIZE);
		}
	}
}

bool percpu_free_next(const struct percpu *p, uint64_t base, uint64_t *at, uint64_t *size)
{
	for (size_t i = 0; i < p->chunks.nr; i++) {
		const struct pcpu_chunk *chunk = p->chunks.items[i];
		uint32_t from, end;

		if (chunk->base != base || *at / PCPU_BIT_SIZE >= chunk->nr_bits)
			continue;
		from = pcpu_find_bit(chunk->alloc_map, (uint32_t)(*at / PCPU_BIT_SIZE),
				     chunk->nr_bits, false);
		if (from >= chunk->nr_bits)
			return false;
		end = pcpu_find_bit(chunk->alloc_map, from, chunk->nr_bits, true);
		*at = (uint64_t)end * PCPU_BIT_SIZE;
		*size = (uint64_t)(end - from) * PCPU_BIT_SIZE;
		return true;
	}
	return false;
}

bool percpu_check(const struct percpu *p, struct error *err)
{
	int64_t nr_empty = 0;
	uint64_t nr_populated = 0;

	for (size_t i = 0; i < p->chunks.nr; i++) {
		const struct pcpu_chunk *chunk = p->chunks.items[i];

		if (!check_chunk(p, chunk, err))
			return error_prefix(err, "percpu chunk 0x%" PRIx64, chunk->base);
		nr_empty += chunk->isolated ? 0 : chunk->nr_empty;
		nr_populated += chunk == p->first ? 0 : chunk->nr_populated;
	}
	if (p->reserved && !check_chunk(p, p->reserved, err))
		return error_prefix(err, "reserved percpu chunk");
	if (nr_empty != p->nr_empty)
		return error_set(err, "%" PRId64 " empty percpu pages counted, %" PRId64 " there",
				 p->nr_empty, nr_empty);
	nr_populated += pcpu_boot_bytes(&p->layout) / KERNEL_PAGE_SIZE;
	if (nr_populated != p->nr_populated)
		return error_set(err,
				 "%" PRIu64 " populated percpu pages counted, %" PRIu64 " there",
				 p->nr_populated, nr_populated);
	return check_lists(p, err);
}

static uint32_t longest_run(const struct pcpu_chunk *chunk, uint32_t from, uint32_t to)
{
	uint32_t longest = 0;

	for (;;) {
		uint32_t end;

		from = pcpu_find_bit(chunk->alloc_map, from, to, false);
		if (from >= to)
			return longest;
		end = pcpu_find_bit(chunk->alloc_map, from, to, true);
		longest = MAX(longest, end - from);
		from = end;
	}
}

static bool check_chunk(const struct percpu *p, const struct pcpu_chunk *chunk, struct error *err)
{
	uint32_t first = pcpu_find_bit(chunk->alloc_map, 0, chunk->nr_bits, false);
	uint32_t longest = longest_run(chunk, 0, chunk->nr_bits);
	uint64_t free_bits = 0;

	for (uint32_t i = 0; i < chunk->nr_bits / 64; i++)
		free_bits += (uint64_t)__builtin_popcountll(~chunk->alloc_map[i]);
	if (free_bits * PCPU_BIT_SIZE != chunk->free_bytes)
		return error_set(err, "%" PRIu64 " free bytes counted, %" PRIu64 " there",
				 chunk->free_bytes, free_bits * PCPU_BIT_SIZE);
	/* The chunk's hints lag behind: by up to a page, and on the safe side. */
	if (chunk->md.first_free > first)
		return error_set(err, "first free bit is %u, not %u", first, chunk->md.first_free);
	if (chunk->md.contig_hint > longest)
		return error_set(err, "longest free run is %u, not %u", longest,
				 chunk->md.contig_hint);
	for (uint32_t i = 0; i < chunk->nr_pages; i++) {
		if (!check_block(chunk, i, err))
			return error_prefix(err, "block %u", i);
	}
	return check_pages(p, chunk, err);
}

static bool check_pages(const struct percpu *p, const struct pcpu_chunk *chunk, struct error *err)
{
	uint32_t populated = 0;
	int32_t empty = 0;

	for (uint32_t i = 0; i < chunk->nr_pages; i++) {
		bool is_populated = pcpu_bit(chunk->populated, i);
		bool is_free = chunk->blocks[i].contig_hint == PCPU_BLOCK_BITS;

		populated += is_populated;
		empty += is_populated && is_free;
		if (!is_populated && !is_free && chunk != p->reserved)
			return error_set(err, "page %u is used and not populated", i);
		if (!chunk->immutable && is_populated != (chunk->pfns[i] != NULL))
			return error_set(err, "page %u has no pages or pages to spare", i);
	}
	if (populated != chunk->nr_populated || empty != chunk->nr_empty)
		return error_set(err, "%u pages, %d empty; counted %u and %d", populated, empty,
				 chunk->nr_populated, chunk->nr_empty);
	return true;
}

static bool check_block(const struct pcpu_chunk *chunk, uint32_t index, struct error *err)
{
	const struct pcpu_block *block = &chunk->blocks[index];
	uint32_t from = index * PCPU_BLOCK_BITS, to = from + PCPU_BLOCK_BITS;
	uint32_t first = pcpu_find_bit(chunk->alloc_map, from, to, false) - from;
	uint32_t left = pcpu_find_bit(chunk->alloc_map, from, to, true) - from;
	uint32_t last = pcpu_find_last(chunk->alloc_map, from, to);
	uint32_t right =
		last == to && left == PCPU_BLOCK_BITS ? (uint32_t)PCPU_BLOCK_BITS : to - 1 - last;

	/*
	 * The kernel's hints may know less than there is: a block that a larger area covers keeps
	 * its first free bit, and a scan hint that is promoted may hide the end of the block. What
	 * they promise must be there, and a page that is entirely free must be known as such.
	 */
	if (block->first_free > first)
		return error_set(err, "first free bit is %u, not %u", first, block->first_free);
	if (block->left_free > left || block->right_free > right)
		return error_set(err, "free ends are %u and %u, not %u and %u", left, right,
				 block->left_free, block->right_free);
	if (left == PCPU_BLOCK_BITS && block->contig_hint != PCPU_BLOCK_BITS)
		return error_set(err, "free page taken for a used one");
	if (block->contig_hint &&
	    pcpu_find_bit(chunk->alloc_map, from + block->contig_start,
			  from + block->contig_start + block->contig_hint,
			  true) != from + block->contig_start + block->contig_hint)
		return error_set(err, "longest free run is not at %u", block->contig_start);
	return true;
}

/* Each chunk is in the list it names; only those that failed a request or were taken pages from
 * are in another one than their free space says. */
static bool check_lists(const struct percpu *p, struct error *err)
{
	size_t nr = 0;

	for (unsigned int slot = 0; slot < p->nr_slots; slot++) {
		list_foreach(&p->slots[slot], pos) {
			const struct pcpu_chunk *chunk = container_of(pos, struct pcpu_chunk, link);

			nr++;
			if (chunk->slot != slot)
				return error_set(err,
						 "percpu chunk 0x%" PRIx64 " is in list %u, not %u",
						 chunk->base, slot, chunk->slot);
			if (!chunk->isolated && slot && slot != pcpu_chunk_slot(p, chunk))
				return error_set(err,
						 "percpu chunk 0x%" PRIx64
						 " belongs in list %u, not %u",
						 chunk->base, pcpu_chunk_slot(p, chunk), slot);
		}
	}
	if (nr != p->chunks.nr)
		return error_set(err, "%zu percpu chunks, %zu in lists", p->chunks.nr, nr);
	return true;
}
