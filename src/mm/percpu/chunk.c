/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The map of one percpu chunk and the hints above it (mm/percpu.c, v6.1 .. v7.2).
 *
 * Theory
 *
 * 1. One bit stands for 4 bytes. A second map marks where areas begin and end, so that a free
 *    needs no size. Searching a map of some 260,000 bits would be slow, so each page (block) of
 *    1024 bits keeps what it knows about its free runs:
 *
 *	block   |..##....#.......##..|
 *	left 2   --                --    right 2
 *	contig               -------     largest run: contig_hint, contig_start
 *	scan          ----               largest known run before it: scan_hint, scan_start
 *	first_free 0
 *
 *    The chunk as a whole keeps the same (without left and right).
 *
 * 2. A request starts behind the scan hint when it is larger than that (nothing before it can
 *    hold it), else at the first free bit; it walks from block to block, joining right and left
 *    ends, and looks at bits only in the block that can hold it.
 *
 * 3. The hints are repaired by the least work that keeps them true: a broken contig_hint promotes
 *    the scan hint and scans the bits behind it. So they depend on the history, and a run that no
 *    hint knows is passed over although it would fit. Offsets can only be foretold by keeping the
 *    hints with the very same rules; that is why the cases below look as they do.
 */
#include <config.h>

#include "percpu_internal.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/xalloc.h"

#include <stdlib.h>
#include <string.h>

/** A run of bits under way in a walk over blocks. */
struct walk {
	uint32_t bit; /* where it begins */
	uint32_t nr;  /* bits; 0: no run is being carried into the next block */
};

/** The part of an area that lies in its first and in its last block. */
struct span {
	uint32_t first, last; /* blocks */
	uint32_t start, end;  /* bit within the first one; bit behind the end within the last one */
	uint32_t bits;
};

static void block_init(struct pcpu_block *block, uint32_t nr_bits);
static uint32_t next_hint(const struct pcpu_block *block, uint32_t bits);
static void next_fit(const struct pcpu_chunk *chunk, uint32_t bits, uint32_t align,
		     struct walk *walk);
static void next_free(const struct pcpu_chunk *chunk, struct walk *walk);
static bool is_populated(const struct pcpu_chunk *chunk, const struct walk *walk, uint32_t *next);
static struct walk search_range(const struct pcpu_chunk *chunk, uint32_t bits, uint32_t start);
static uint32_t find_zero_area(const struct pcpu_chunk *chunk, const struct walk *range,
			       uint32_t bits, uint32_t align, struct walk *skipped);
static void update_skipped(struct pcpu_chunk *chunk, const struct walk *skipped);
static struct span span_of(uint32_t bit, uint32_t bits);
static void block_update(struct pcpu_block *block, uint32_t start, uint32_t end);
static void keep_as_scan(struct pcpu_block *block, uint32_t start, uint32_t nr);
static void block_refresh(struct pcpu_chunk *chunk, uint32_t index);
static void chunk_refresh(struct pcpu_chunk *chunk, bool full);
static void hints_alloc(struct pcpu_chunk *chunk, uint32_t bit, uint32_t bits);
static void hints_alloc_first(struct pcpu_chunk *chunk, const struct span *span);
static void hints_alloc_last(struct pcpu_chunk *chunk, const struct span *span);
static void hints_free(struct pcpu_chunk *chunk, uint32_t bit, uint32_t bits);
static bool overlap(uint32_t start, uint32_t nr, uint32_t other, uint32_t other_nr);
static uint32_t block_find(const struct pcpu_chunk *chunk, uint32_t index, uint32_t from, bool set);

struct pcpu_chunk *pcpu_chunk_create(uint64_t base, uint32_t nr_pages)
{
	struct pcpu_chunk *chunk = xcalloc(1, sizeof(*chunk));

	chunk->base = base;
	chunk->nr_pages = nr_pages;
	chunk->nr_bits = nr_pages * PCPU_BLOCK_BITS;
	chunk->alloc_map = xcalloc(chunk->nr_bits / 64, sizeof(uint64_t));
	/* One bit more: the end of an area at the very end. */
	chunk->bound_map = xcalloc(chunk->nr_bits / 64 + 1, sizeof(uint64_t));
	chunk->populated = xcalloc(nr_pages / 64 + 1, sizeof(uint64_t));
	chunk->blocks = xcalloc(nr_pages, sizeof(*chunk->blocks));
	chunk->pfns = xcalloc(nr_pages, sizeof(*chunk->pfns));
	for (uint32_t i = 0; i < nr_pages; i++)
		block_init(&chunk->blocks[i], PCPU_BLOCK_BITS);
	block_init(&chunk->md, chunk->nr_bits);
	chunk->free_bytes = (uint64_t)nr_pages * KERNEL_PAGE_SIZE;
	list_init(&chunk->link);
	return chunk;
}

void pcpu_chunk_destroy(struct pcpu_chunk *chunk)
{
	if (!chunk)
		return;
	for (uint32_t i = 0; i < chunk->nr_pages; i++)
		free(chunk->pfns[i]);
	free(chunk->pfns);
	free(chunk->blocks);
	free(chunk->populated);
	free(chunk->bound_map);
	free(chunk->alloc_map);
	free(chunk);
}

/* pcpu_alloc_first_chunk() */
void pcpu_chunk_hide(struct pcpu_chunk *chunk, uint32_t bit, uint32_t nr)
{
	if (!nr)
		return;
	pcpu_fill_bits(chunk->alloc_map, bit, nr, true);
	pcpu_fill_bits(chunk->bound_map, bit, 1, true);
	pcpu_fill_bits(chunk->bound_map, bit + nr, 1, true);
	chunk->free_bytes -= (uint64_t)nr * PCPU_BIT_SIZE;
	if (chunk->md.first_free == bit)
		chunk->md.first_free = bit + nr;
	hints_alloc(chunk, bit, nr);
}

int64_t pcpu_find_fit(const struct pcpu_chunk *chunk, uint32_t bits, uint32_t align,
		      bool populated_only)
{
	uint32_t pad =
		(uint32_t)bits_align_up(chunk->md.contig_start, align) - chunk->md.contig_start;
	struct walk walk = { .bit = next_hint(&chunk->md, bits) };

	if (pad + bits > chunk->md.contig_hint)
		return -1;
	for (;;) {
		uint32_t next;

		next_fit(chunk, bits, align, &walk);
		if (walk.bit >= chunk->nr_bits)
			return -1;
		if (!populated_only || is_populated(chunk, &walk, &next))
			return walk.bit;
		if (next >= chunk->nr_bits)
			return -1;
		walk = (struct walk){ .bit = next };
	}
}

int64_t pcpu_find_area(const struct pcpu_chunk *chunk, uint32_t bits, uint32_t align,
		       uint32_t start)
{
	const struct walk range = search_range(chunk, bits, start);
	struct walk skipped = { 0 };
	uint32_t bit = find_zero_area(chunk, &range, bits, align, &skipped);

	return bit >= range.bit + range.nr ? -1 : (int64_t)bit;
}

int64_t pcpu_alloc_area(struct pcpu_chunk *chunk, uint32_t bits, uint32_t align, uint32_t start)
{
	const struct walk range = search_range(chunk, bits, start);
	struct walk skipped = { 0 };
	uint32_t bit = find_zero_area(chunk, &range, bits, align, &skipped);

	if (bit >= range.bit + range.nr)
		return -1;
	if (skipped.nr)
		update_skipped(chunk, &skipped);
	pcpu_fill_bits(chunk->alloc_map, bit, bits, true);
	pcpu_fill_bits(chunk->bound_map, bit, bits, false);
	pcpu_fill_bits(chunk->bound_map, bit, 1, true);
	pcpu_fill_bits(chunk->bound_map, bit + bits, 1, true);
	chunk->free_bytes -= (uint64_t)bits * PCPU_BIT_SIZE;
	chunk->nr_areas++;
	if (bit == chunk->md.first_free)
		chunk->md.first_free =
			pcpu_find_bit(chunk->alloc_map, bit + bits, chunk->nr_bits, false);
	hints_alloc(chunk, bit, bits);
	return bit;
}

uint32_t pcpu_free_area(struct pcpu_chunk *chunk, uint32_t bit)
{
	uint32_t end = pcpu_find_bit(chunk->bound_map, bit + 1, chunk->nr_bits, true);
	uint32_t bits = end - bit;

	pcpu_fill_bits(chunk->alloc_map, bit, bits, false);
	chunk->free_bytes += (uint64_t)bits * PCPU_BIT_SIZE;
	chunk->nr_areas--;
	chunk->md.first_free = MIN(chunk->md.first_free, bit);
	hints_free(chunk, bit, bits);
	return bits;
}

/* The bound map keeps old marks inside free space, so both maps have to agree. */
bool pcpu_is_area(const struct pcpu_chunk *chunk, uint32_t bit)
{
	return bit < chunk->nr_bits && pcpu_bit(chunk->alloc_map, bit) &&
	       pcpu_bit(chunk->bound_map, bit);
}

void pcpu_chunk_forget(struct pcpu_chunk *chunk, uint32_t bits)
{
	if (chunk->md.contig_hint <= bits)
		return;
	chunk->md.contig_hint = bits;
	chunk->md.scan_hint = 0;
}

void pcpu_chunk_learn(struct pcpu_chunk *chunk)
{
	chunk->md.scan_hint = 0;
	chunk_refresh(chunk, true);
}

static void block_init(struct pcpu_block *block, uint32_t nr_bits)
{
	*block = (struct pcpu_block){
		.contig_hint = nr_bits,
		.left_free = nr_bits,
		.right_free = nr_bits,
		.nr_bits = nr_bits,
	};
}

/* pcpu_next_hint(): behind the scan hint when that is too small for the request. */
static uint32_t next_hint(const struct pcpu_block *block, uint32_t bits)
{
	if (block->scan_hint && block->contig_start > block->scan_start && bits > block->scan_hint)
		return block->scan_start + block->scan_hint;
	return block->first_free;
}

/*
 * pcpu_next_fit_region(): the next place from walk->bit on that may hold "bits", with its length;
 * nr_bits when there is none. walk->nr is 0 at the start of a search.
 */
static void next_fit(const struct pcpu_chunk *chunk, uint32_t bits, uint32_t align,
		     struct walk *walk)
{
	uint32_t from = walk->bit % PCPU_BLOCK_BITS;
	uint32_t run = 0;

	for (uint32_t i = walk->bit / PCPU_BLOCK_BITS; i < chunk->nr_pages; i++) {
		const struct pcpu_block *block = &chunk->blocks[i];
		uint32_t pad =
			(uint32_t)bits_align_up(block->contig_start, align) - block->contig_start;
		uint32_t at;

		if (run) {
			run += block->left_free;
			walk->nr = run;
			if (run >= bits)
				return;
			if (block->left_free == PCPU_BLOCK_BITS)
				continue;
		}
		if (block->contig_hint && block->contig_start >= from &&
		    block->contig_hint >= pad + bits) {
			at = next_hint(block, bits);
			walk->nr = pad + bits + block->contig_start - at;
			walk->bit = i * PCPU_BLOCK_BITS + at;
			return;
		}
		from = 0;
		at = (uint32_t)bits_align_up(PCPU_BLOCK_BITS - block->right_free, align);
		run = PCPU_BLOCK_BITS - at;
		walk->bit = i * PCPU_BLOCK_BITS + at;
		walk->nr = run;
		if (run >= bits)
			return;
	}
	walk->bit = chunk->nr_bits;
}

/* pcpu_next_md_free_region(): the free runs as the blocks' hints tell them. */
static void next_free(const struct pcpu_chunk *chunk, struct walk *walk)
{
	uint32_t from = walk->bit % PCPU_BLOCK_BITS;

	walk->nr = 0;
	for (uint32_t i = walk->bit / PCPU_BLOCK_BITS; i < chunk->nr_pages; i++) {
		const struct pcpu_block *block = &chunk->blocks[i];

		if (walk->nr) {
			walk->nr += block->left_free;
			if (block->left_free == PCPU_BLOCK_BITS)
				continue;
			return;
		}
		/* A run that reaches the end of the block may go on in the next one. */
		if (block->contig_hint && block->contig_start >= from &&
		    block->contig_start + block->contig_hint < PCPU_BLOCK_BITS) {
			walk->nr = block->contig_hint;
			walk->bit = i * PCPU_BLOCK_BITS + block->contig_start;
			return;
		}
		from = 0;
		walk->nr = block->right_free;
		walk->bit = (i + 1) * PCPU_BLOCK_BITS - block->right_free;
	}
}

/* pcpu_is_populated(); "*next": the first bit behind the unpopulated pages that are in the way. */
static bool is_populated(const struct pcpu_chunk *chunk, const struct walk *walk, uint32_t *next)
{
	uint32_t from = walk->bit / PCPU_BLOCK_BITS;
	uint32_t to = (walk->bit + walk->nr + PCPU_BLOCK_BITS - 1) / PCPU_BLOCK_BITS;

	to = MIN(to, chunk->nr_pages);
	from = pcpu_find_bit(chunk->populated, from, to, false);
	if (from >= to)
		return true;
	*next = pcpu_find_bit(chunk->populated, from + 1, to, true) * PCPU_BLOCK_BITS;
	return false;
}

/* A search looks a block beyond what is asked for. */
static struct walk search_range(const struct pcpu_chunk *chunk, uint32_t bits, uint32_t start)
{
	return (struct walk){ .bit = start,
			      .nr = MIN(bits + PCPU_BLOCK_BITS, chunk->nr_bits - start) };
}

/*
 * pcpu_find_zero_area(): the first aligned run of "bits" free bits in "range"; its end when there
 * is none. "skipped" is the largest run that was too small, the best aligned one of equals.
 */
static uint32_t find_zero_area(const struct pcpu_chunk *chunk, const struct walk *range,
			       uint32_t bits, uint32_t align, struct walk *skipped)
{
	uint32_t end = range->bit + range->nr;
	uint32_t from = range->bit;

	for (;;) {
		uint32_t at = (uint32_t)bits_align_up(
			pcpu_find_bit(chunk->alloc_map, from, end, false), align);
		uint32_t taken, nr;

		if (at >= end || bits > end - at)
			return end;
		taken = pcpu_find_bit(chunk->alloc_map, at, at + bits, true);
		if (taken == at + bits)
			return at;
		nr = taken - at;
		if (nr > skipped->nr || (nr == skipped->nr && skipped->bit &&
					 (!at || bits_ctz(at) > bits_ctz(skipped->bit)))) {
			skipped->bit = at;
			skipped->nr = nr;
		}
		from = taken + 1;
	}
}

/* pcpu_block_update_scan(): what a search passed over is worth knowing. */
static void update_skipped(struct pcpu_chunk *chunk, const struct walk *skipped)
{
	uint32_t index = skipped->bit / PCPU_BLOCK_BITS;
	uint32_t start = skipped->bit % PCPU_BLOCK_BITS;
	uint32_t base = index * PCPU_BLOCK_BITS;
	uint32_t last;

	if (start + skipped->nr > PCPU_BLOCK_BITS)
		return;
	last = pcpu_find_last(chunk->alloc_map, base, base + start);
	block_update(&chunk->blocks[index], last == base + start ? 0 : last + 1 - base,
		     start + skipped->nr);
}

static struct span span_of(uint32_t bit, uint32_t bits)
{
	return (struct span){
		.first = bit / PCPU_BLOCK_BITS,
		.last = (bit + bits - 1) / PCPU_BLOCK_BITS,
		.start = bit % PCPU_BLOCK_BITS,
		.end = (bit + bits - 1) % PCPU_BLOCK_BITS + 1,
		.bits = bits,
	};
}

/* pcpu_block_update(): [start, end) of the block turned out to be a free run. */
static void block_update(struct pcpu_block *block, uint32_t start, uint32_t end)
{
	uint32_t nr = end - start;

	block->first_free = MIN(block->first_free, start);
	if (start == 0)
		block->left_free = nr;
	if (end == block->nr_bits)
		block->right_free = nr;
	if (nr > block->contig_hint) {
		if (start <= block->contig_start)
			block->scan_hint = 0;
		else if (block->contig_hint > block->scan_hint)
			keep_as_scan(block, block->contig_start, block->contig_hint);
		else if (start < block->scan_start)
			block->scan_hint = 0;
		block->contig_start = start;
		block->contig_hint = nr;
	} else if (nr == block->contig_hint) {
		if (block->contig_start &&
		    (!start || bits_ctz(start) > bits_ctz(block->contig_start))) {
			block->contig_start = start;
			if (start < block->scan_start && block->contig_hint > block->scan_hint)
				block->scan_hint = 0;
		} else if (start > block->scan_start || block->contig_hint > block->scan_hint) {
			keep_as_scan(block, start, nr);
		}
	} else if (start < block->contig_start &&
		   (nr > block->scan_hint ||
		    (nr == block->scan_hint && start > block->scan_start))) {
		keep_as_scan(block, start, nr);
	}
}

static void keep_as_scan(struct pcpu_block *block, uint32_t start, uint32_t nr)
{
	block->scan_start = start;
	block->scan_hint = nr;
}

/* pcpu_block_refresh_hint(): the contig run of a block is gone. */
static void block_refresh(struct pcpu_chunk *chunk, uint32_t index)
{
	struct pcpu_block *block = &chunk->blocks[index];
	uint32_t start = block->first_free;

	block->contig_hint = 0;
	if (block->scan_hint) {
		start = block->scan_start + block->scan_hint;
		block->contig_start = block->scan_start;
		block->contig_hint = block->scan_hint;
		block->scan_hint = 0;
	}
	block->right_free = 0;
	for (;;) {
		uint32_t end;

		start = block_find(chunk, index, start, false);
		if (start >= PCPU_BLOCK_BITS)
			return;
		end = block_find(chunk, index, start, true);
		block_update(block, start, end);
		start = end;
	}
}

/* pcpu_chunk_refresh_hint() */
static void chunk_refresh(struct pcpu_chunk *chunk, bool full)
{
	struct pcpu_block *md = &chunk->md;
	struct walk walk = { .bit = md->first_free };

	md->contig_hint = 0;
	if (!full && md->scan_hint) {
		walk.bit = md->scan_start + md->scan_hint;
		md->contig_start = md->scan_start;
		md->contig_hint = md->scan_hint;
		md->scan_hint = 0;
	}
	for (;;) {
		next_free(chunk, &walk);
		if (walk.bit >= chunk->nr_bits)
			return;
		block_update(md, walk.bit, walk.bit + walk.nr);
		walk.bit += walk.nr + 1;
	}
}

/* pcpu_block_update_hint_alloc(): [bit, bit + bits) has been taken. */
static void hints_alloc(struct pcpu_chunk *chunk, uint32_t bit, uint32_t bits)
{
	struct span span = span_of(bit, bits);
	int32_t emptied = (int32_t)(span.last - span.first) + 1;
	struct pcpu_block *md = &chunk->md;

	/* Pages in between were entirely free; whether the ends were, their hints tell. */
	emptied -= chunk->blocks[span.first].contig_hint != PCPU_BLOCK_BITS;
	if (span.last != span.first)
		emptied -= chunk->blocks[span.last].contig_hint != PCPU_BLOCK_BITS;
	hints_alloc_first(chunk, &span);
	if (span.last != span.first)
		hints_alloc_last(chunk, &span);
	/* May go below zero until the pages are populated. */
	chunk->nr_empty -= emptied;
	if (overlap(md->scan_start, md->scan_hint, bit, bits))
		md->scan_hint = 0;
	if (overlap(md->contig_start, md->contig_hint, bit, bits))
		chunk_refresh(chunk, false);
}

static void hints_alloc_first(struct pcpu_chunk *chunk, const struct span *span)
{
	struct pcpu_block *block = &chunk->blocks[span->first];

	if (span->start == block->first_free)
		block->first_free = block_find(chunk, span->first, span->start + span->bits, false);
	if (overlap(block->scan_start, block->scan_hint, span->start, span->bits))
		block->scan_hint = 0;
	if (overlap(block->contig_start, block->contig_hint, span->start, span->bits)) {
		if (!span->start)
			block->left_free = 0;
		block_refresh(chunk, span->first);
		return;
	}
	block->left_free = MIN(block->left_free, span->start);
	block->right_free =
		span->first == span->last ? MIN(block->right_free, PCPU_BLOCK_BITS - span->end) : 0;
}

/* The last block of several, and those between it and the first. */
static void hints_alloc_last(struct pcpu_chunk *chunk, const struct span *span)
{
	struct pcpu_block *block = &chunk->blocks[span->last];
	uint32_t filled = span->last;

	block->first_free = block_find(chunk, span->last, span->end, false);
	if (span->end == PCPU_BLOCK_BITS) {
		filled++;
	} else {
		if (span->end > block->scan_start)
			block->scan_hint = 0;
		block->left_free = 0;
		if (span->end > block->contig_start)
			block_refresh(chunk, span->last);
		else
			block->right_free = MIN(block->right_free, PCPU_BLOCK_BITS - span->end);
	}
	for (uint32_t i = span->first + 1; i < filled; i++) {
		block = &chunk->blocks[i];
		block->scan_hint = block->contig_hint = 0;
		block->left_free = block->right_free = 0;
	}
}

/* pcpu_block_update_hint_free(): [bit, bit + bits) has been freed. */
static void hints_free(struct pcpu_chunk *chunk, uint32_t bit, uint32_t bits)
{
	struct span span = span_of(bit, bits);
	struct pcpu_block *first = &chunk->blocks[span.first];
	struct pcpu_block *last = &chunk->blocks[span.last];
	uint32_t base = span.first * PCPU_BLOCK_BITS;
	uint32_t start = span.start, end = span.end, first_end;

	/* How far the free run reaches; the contig run's ends spare a look at the bits. */
	if (start == first->contig_start + first->contig_hint) {
		start = first->contig_start;
	} else {
		uint32_t taken = pcpu_find_last(chunk->alloc_map, base, base + start);

		start = taken == base + start ? 0 : taken + 1 - base;
	}
	if (end == last->contig_start)
		end = last->contig_start + last->contig_hint;
	else
		end = block_find(chunk, span.last, end, true);

	first_end = span.first == span.last ? end : (uint32_t)PCPU_BLOCK_BITS;
	if (start == 0 && first_end == PCPU_BLOCK_BITS)
		chunk->nr_empty++;
	block_update(first, start, first_end);
	if (span.first != span.last) {
		if (end == PCPU_BLOCK_BITS)
			chunk->nr_empty++;
		block_update(last, 0, end);
		chunk->nr_empty += (int32_t)(span.last - span.first) - 1;
		for (uint32_t i = span.first + 1; i < span.last; i++)
			block_init(&chunk->blocks[i], PCPU_BLOCK_BITS);
	}
	/*
	 * The kernel tells the chunk the run by its start within the chunk and its end within the
	 * block: behind the first block that is less than nothing, and the chunk learns of the run
	 * only with the next refresh. Until then a request may pass it over.
	 */
	if (span.first != span.last || end - start >= PCPU_BLOCK_BITS)
		chunk_refresh(chunk, true);
	else if (!span.first)
		block_update(&chunk->md, start, end);
}

/* pcpu_region_overlap() */
static bool overlap(uint32_t start, uint32_t nr, uint32_t other, uint32_t other_nr)
{
	return start < other + other_nr && other < start + nr;
}

/* First bit of block "index" from "from" (within it) on; PCPU_BLOCK_BITS when there is none. */
static uint32_t block_find(const struct pcpu_chunk *chunk, uint32_t index, uint32_t from, bool set)
{
	uint32_t base = index * PCPU_BLOCK_BITS;

	if (from >= PCPU_BLOCK_BITS)
		return PCPU_BLOCK_BITS;
	return pcpu_find_bit(chunk->alloc_map, base + from, base + PCPU_BLOCK_BITS, set) - base;
}
