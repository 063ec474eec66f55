/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sums over pageblocks.
 *
 * Theory. What is known of a pageblock is small: how many pages of each kind, and for each order
 * how many of its aligned blocks hold a page that can't be moved. A copy of that is kept as it was
 * when the pageblock was last looked at. A look takes the list of those that changed, works out
 * their new figures, and moves each sum by the difference. Blocks larger than a pageblock are
 * counted by how many of their pageblocks are not free, and hold such a page: when that number
 * leaves or reaches zero, a sum changes. A wholly free pageblock is all zeros everywhere, so the
 * unused part of a large machine costs neither time nor memory.
 */
#include <config.h>

#include "blocks.h"

#include "kmreplay/core/bits.h"

#include <stdlib.h>
#include <string.h>

/* A pageblock at the last look. */
struct seen {
	struct block_use use;
	uint16_t fixed[KERNEL_NR_ORDERS]; /* blocks of each order up to its own */
	bool reserved;                    /* its free pages are not for everybody */
};

/* Blocks of one order above a pageblock's: of their pageblocks, how many are so. */
struct larger {
	unsigned int order;
	uint32_t *taken; /* not wholly free */
	uint32_t *fixed; /* with a page that can't be moved */
};

enum { MAX_LARGER = KERNEL_NR_ORDERS + 2 };

struct blocks {
	struct page_allocator *pa;
	const struct block_map *map;
	struct seen *seen;
	struct blocks_zone *zones;
	unsigned int nr_zones;
	struct larger larger[MAX_LARGER];
	unsigned int nr_larger;
	unsigned int bundle; /* log2 of the pageblocks in a row */
	struct vec(uint32_t) first_rows; /* by span */
	struct vec(struct replay_history_row) rows;
	struct replay_history_cell *cells; /* by row */
};

static void create_zones(struct blocks *b);
static void create_larger(struct blocks *b);
static void add_larger(struct blocks *b, unsigned int order);
static void create_rows(struct blocks *b);
static unsigned int pick_bundle(const struct block_map *map);
static uint32_t rows_of(const struct block_span *span, unsigned int bundle);
static size_t span_of(const struct blocks *b, uint32_t block);
static void update_block(struct blocks *b, uint32_t block, size_t span);
static void look_at(const struct blocks *b, uint32_t block, struct seen *seen);
static void count_fixed(const struct block_map *map, uint32_t block, uint16_t *fixed);
static void update_larger(struct blocks *b, uint32_t block, size_t span, int taken, int fixed);
static unsigned int level_of(const struct blocks *b, const struct block_use *use);
static bool is_hybrid(const struct block_use *use);
static void add_cell(struct replay_history_cell *cell, const struct seen *seen, uint32_t size,
		     uint32_t sign);

struct blocks *blocks_create(struct page_allocator *pa)
{
	struct blocks *b = xcalloc(1, sizeof(*b));

	b->pa = pa;
	b->map = page_watch_blocks(pa);
	b->seen = xcalloc(b->map->nr, sizeof(*b->seen));
	create_zones(b);
	create_larger(b);
	create_rows(b);
	blocks_update(b);
	return b;
}

void blocks_destroy(struct blocks *b)
{
	if (!b)
		return;
	for (unsigned int i = 0; i < b->nr_larger; i++) {
		free(b->larger[i].taken);
		free(b->larger[i].fixed);
	}
	free(b->seen);
	free(b->zones);
	free(b->cells);
	vec_deinit(&b->first_rows);
	vec_deinit(&b->rows);
	free(b);
}

void blocks_update(struct blocks *b)
{
	vec_foreach(&b->map->changed, block) {
		size_t span = span_of(b, *block);

		if (span < b->map->spans.nr)
			update_block(b, *block, span);
	}
	page_blocks_seen(b->pa);
}

const struct blocks_zone *blocks_zone(const struct blocks *b, unsigned int zone)
{
	static const struct blocks_zone none;

	/* A zone that shares its only pageblock with the one below has none. */
	return zone < b->nr_zones ? &b->zones[zone] : &none;
}

unsigned int blocks_nr_rows(const struct blocks *b)
{
	return (unsigned int)b->rows.nr;
}

const struct replay_history_row *blocks_rows(const struct blocks *b)
{
	return b->rows.items;
}

const struct replay_history_cell *blocks_cells(const struct blocks *b)
{
	return b->cells;
}

/* As if all were free: what is not comes with the first update. */
static void create_zones(struct blocks *b)
{
	const unsigned int order = b->map->order;

	vec_foreach(&b->map->spans, span)
		b->nr_zones = MAX(b->nr_zones, span->zone + 1);
	b->zones = xcalloc(b->nr_zones, sizeof(*b->zones));
	vec_foreach(&b->map->spans, span) {
		struct blocks_zone *zone = &b->zones[span->zone];
		uint64_t nr = span->end - span->first;

		zone->nr_blocks += nr;
		zone->level[BLOCK_LEVELS - 1] += nr;
		for (unsigned int o = 0; o <= order; o++)
			zone->nr[o] += nr << (order - o);
		for (unsigned int o = order + 1; o <= BLOCK_MAX_ORDER; o++) {
			uint64_t size = 1ULL << (o - order);
			uint64_t from = bits_align_up(span->first, size);
			uint64_t to = bits_align_down(span->end, size);

			zone->nr[o] += to > from ? (to - from) / size : 0;
			zone->free[o] = zone->nr[o];
		}
	}
}

static void create_larger(struct blocks *b)
{
	for (unsigned int order = b->map->order + 1; order <= KERNEL_MAX_ORDER; order++)
		add_larger(b, order);
	add_larger(b, RUN_32M_ORDER);
	add_larger(b, RUN_1G_ORDER);
}

static void add_larger(struct blocks *b, unsigned int order)
{
	struct larger *larger = &b->larger[b->nr_larger++];
	size_t nr = (b->map->nr >> (order - b->map->order)) + 1;

	larger->order = order;
	larger->taken = xcalloc(nr, sizeof(*larger->taken));
	larger->fixed = xcalloc(nr, sizeof(*larger->fixed));
}

static void create_rows(struct blocks *b)
{
	const unsigned int order = b->map->order;

	b->bundle = pick_bundle(b->map);
	vec_foreach(&b->map->spans, span) {
		vec_push(&b->first_rows, (uint32_t)b->rows.nr);
		for (uint32_t at = span->first; at < span->end;) {
			uint32_t end = ((at >> b->bundle) + 1) << b->bundle;

			end = MIN(end, span->end);
			vec_push(&b->rows, (struct replay_history_row){
						   .start_pfn = b->map->base_pfn +
								((uint64_t)at << order),
						   .end_pfn = b->map->base_pfn +
							      ((uint64_t)end << order),
						   .zone = span->zone,
						   .nr_blocks = end - at,
					   });
			at = end;
		}
	}
	b->cells = xcalloc(b->rows.nr, sizeof(*b->cells));
	for (size_t i = 0; i < b->rows.nr; i++)
		b->cells[i].free = b->rows.items[i].nr_blocks << order;
}

/* The smallest bundles, at multiples of their size, that make few enough rows. */
static unsigned int pick_bundle(const struct block_map *map)
{
	for (unsigned int bundle = 0; bundle < 31; bundle++) {
		uint64_t rows = 0;

		vec_foreach(&map->spans, span)
			rows += rows_of(span, bundle);
		if (rows <= MAX(map->spans.nr, (size_t)BLOCK_MAX_ROWS))
			return bundle;
	}
	return 31;
}

static uint32_t rows_of(const struct block_span *span, unsigned int bundle)
{
	return ((span->end - 1) >> bundle) - (span->first >> bundle) + 1;
}

/* Returns the number of spans for a pageblock in none. */
static size_t span_of(const struct blocks *b, uint32_t block)
{
	size_t low = 0, high = b->map->spans.nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct block_span *span = &b->map->spans.items[middle];

		if (block < span->first)
			high = middle;
		else if (block >= span->end)
			low = middle + 1;
		else
			return middle;
	}
	return b->map->spans.nr;
}

static void update_block(struct blocks *b, uint32_t block, size_t at_span)
{
	const struct block_span *span = &b->map->spans.items[at_span];
	const uint32_t row = b->first_rows.items[at_span] + (block >> b->bundle) -
			     (span->first >> b->bundle);
	struct blocks_zone *zone = &b->zones[span->zone];
	struct seen *old = &b->seen[block];
	const unsigned int order = b->map->order;
	struct seen now;

	look_at(b, block, &now);
	zone->level[level_of(b, &old->use)]--;
	zone->level[level_of(b, &now.use)]++;
	zone->hybrid -= is_hybrid(&old->use);
	zone->hybrid += is_hybrid(&now.use);
	for (unsigned int o = 0; o <= order; o++)
		zone->fixed[o] += (uint64_t)now.fixed[o] - old->fixed[o];
	update_larger(b, block, at_span, (now.use.taken > 0) - (old->use.taken > 0),
		      now.fixed[order] - old->fixed[order]);
	add_cell(&b->cells[row], old, 1U << order, UINT32_MAX);
	add_cell(&b->cells[row], &now, 1U << order, 1);
	*old = now;
}

static void look_at(const struct blocks *b, uint32_t block, struct seen *seen)
{
	memset(seen, 0, sizeof(*seen));
	seen->use = b->map->blocks[block];
	seen->use.changed = false;
	seen->reserved = page_block_type(b->pa, block) > MIGRATE_RECLAIMABLE;
	if (seen->use.unmovable || seen->use.reclaimable)
		count_fixed(b->map, block, seen->fixed);
}

/*
 * How many blocks of each order have a bit: neighbours are or'ed together, in steps of two. Up to
 * 64 pages within a word, from there on by words.
 */
static void count_fixed(const struct block_map *map, uint32_t block, uint16_t *fixed)
{
	static const uint64_t lowest[] = { ~0ULL, 0x5555555555555555, 0x1111111111111111,
					   0x0101010101010101, 0x0001000100010001,
					   0x0000000100000001, 1 };
	const uint64_t first = (uint64_t)block << map->order;
	const unsigned int nr_words = map->order > 6 ? 1U << (map->order - 6) : 1;
	uint32_t words = 0; /* a bit a word: it has bits */

	for (unsigned int i = 0; i < nr_words; i++) {
		uint64_t word = map->fixed[first / 64 + i] >> (first % 64);

		if (map->order < 6)
			word &= (1ULL << (1U << map->order)) - 1;
		words |= (uint32_t)(word != 0) << i;
		for (unsigned int o = 0; word && o <= MIN(map->order, 6U); o++) {
			if (o)
				word = (word | word >> (1U << (o - 1))) & lowest[o];
			fixed[o] = (uint16_t)(fixed[o] + __builtin_popcountll(word));
		}
	}
	for (unsigned int o = 7; o <= map->order; o++) {
		words = (words | words >> (1U << (o - 7))) & (uint32_t)lowest[o - 6];
		fixed[o] = (uint16_t)__builtin_popcount(words);
	}
}

/* "taken", "fixed": -1, 0, 1: what the pageblock adds to the blocks that it is part of. */
static void update_larger(struct blocks *b, uint32_t block, size_t at_span, int taken, int fixed)
{
	const struct block_span *span = &b->map->spans.items[at_span];
	struct blocks_zone *zone = &b->zones[span->zone];

	for (unsigned int i = 0; (taken || fixed) && i < b->nr_larger; i++) {
		const struct larger *larger = &b->larger[i];
		const unsigned int shift = larger->order - b->map->order;
		const uint32_t at = block >> shift;
		const bool was_free = !larger->taken[at], was_fixed = larger->fixed[at];

		if ((uint64_t)at << shift < span->first || (at + 1ULL) << shift > span->end)
			continue;
		larger->taken[at] += (uint32_t)taken;
		larger->fixed[at] += (uint32_t)fixed;
		zone->free[larger->order] += (uint64_t)!larger->taken[at] - was_free;
		zone->fixed[larger->order] += (uint64_t)(larger->fixed[at] != 0) - was_fixed;
	}
}

static unsigned int level_of(const struct blocks *b, const struct block_use *use)
{
	const unsigned int nr_free = (1U << b->map->order) - use->taken;

	return nr_free ? 1 + ((nr_free * 8) >> b->map->order) : 0;
}

static bool is_hybrid(const struct block_use *use)
{
	return use->movable && (use->unmovable || use->reclaimable);
}

/* Adds the pageblock "sign" times: 1, or UINT32_MAX to take it away. */
static void add_cell(struct replay_history_cell *cell, const struct seen *seen, uint32_t size,
		     uint32_t sign)
{
	const struct block_use *use = &seen->use;
	const uint32_t nr_free = size - use->taken;

	*(seen->reserved ? &cell->reserved : &cell->free) += sign * nr_free;
	cell->pcp += sign * ((uint32_t)use->taken - use->movable - use->reclaimable -
			     use->unmovable - use->outside);
	cell->movable += sign * use->movable;
	cell->reclaimable += sign * use->reclaimable;
	cell->unmovable += sign * use->unmovable;
	cell->outside += sign * use->outside;
}
