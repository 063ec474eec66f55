/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocated page blocks by pfn.
 *
 * Only first pages are in the map. A pfn in the middle of a block is found by trying the
 * alignments of the orders that exist: a block of order n begins at a multiple of 2^n.
 *
 * Cutting a block of order 3 at page 5, order 0:
 *
 *	 0   1   2   3   4   5   6   7
 *	[--------------block----------]
 *	[---order 2---][ 4 ][ 5 ][order 1]	pieces 0, 4, 5, 6 of one group: 8 pages
 */
#include <config.h>

#include "pages.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/repair/repair.h"

static struct addrmap_entry *find_entry(const struct pages *pages, uint64_t pfn);
static bool is_covered(const struct pages *pages, uint64_t pfn);
static void cover(struct pages *pages, uint64_t pfn, unsigned int order, bool set);
static void drop(struct pages *pages, struct addrmap_entry *entry);
static struct page_block *add_piece(struct pages *pages, uint64_t pfn,
				    const struct page_block *piece);
static uint32_t new_group(struct pages *pages, uint64_t pfn, const struct page_block *block);

void pages_init(struct pages *pages, uint64_t seed)
{
	*pages = (struct pages){ 0 };
	addrmap_init(&pages->map, seed);
	addrmap_init(&pages->covered, seed);
}

void pages_deinit(struct pages *pages)
{
	addrmap_deinit(&pages->map);
	addrmap_deinit(&pages->covered);
	vec_deinit(&pages->blocks);
	vec_deinit(&pages->free_blocks);
	vec_deinit(&pages->groups);
	vec_deinit(&pages->free_groups);
}

struct page_block *pages_find(const struct pages *pages, uint64_t pfn)
{
	const struct addrmap_entry *entry = find_entry(pages, pfn);

	return entry ? &pages->blocks.items[entry->slot] : NULL;
}

struct page_block *pages_find_containing(const struct pages *pages, uint64_t pfn, uint64_t *head)
{
	uint64_t tried = pfn;
	struct page_block *block = pages_find(pages, pfn);

	*head = pfn;
	if (block || !is_covered(pages, pfn))
		return block;
	for (unsigned int order = 0; order <= PAGES_MAX_ORDER; order++) {
		const struct addrmap_entry *entry;
		uint64_t at = pfn >> order << order;

		if (!pages->nr_by_order[order] || at == tried)
			continue;
		tried = at;
		entry = find_entry(pages, at);
		if (!entry || pfn - at >= 1ULL << entry->info)
			continue;
		*head = at;
		return &pages->blocks.items[entry->slot];
	}
	return NULL;
}

struct page_block *pages_add(struct pages *pages, uint64_t pfn, unsigned int order)
{
	uint64_t key = pfn + 1;
	struct addrmap_entry *entry;
	bool fresh;

	entry = addrmap_insert(&pages->map, key, addrmap_hash(&pages->map, key), &fresh);
	BUG_ON(!fresh);
	if (pages->free_blocks.nr) {
		entry->slot = pages->free_blocks.items[--pages->free_blocks.nr];
	} else {
		entry->slot = (uint32_t)pages->blocks.nr;
		vec_push(&pages->blocks, (struct page_block){ 0 });
	}
	entry->info = order;
	pages->nr_by_order[order]++;
	cover(pages, pfn, order, true);
	pages->blocks.items[entry->slot] = (struct page_block){ .order = (uint8_t)order };
	return &pages->blocks.items[entry->slot];
}

void pages_remove(struct pages *pages, uint64_t pfn)
{
	struct addrmap_entry *entry = find_entry(pages, pfn);
	const struct page_block *block;

	BUG_ON(!entry);
	block = &pages->blocks.items[entry->slot];
	if (block->flags & PAGE_PIECE) {
		struct page_group *group = &pages->groups.items[block->slot];

		group->pages -= 1U << block->order;
		if (!--group->pieces)
			vec_push(&pages->free_groups, block->slot);
	}
	drop(pages, entry);
}

struct page_block *pages_cut(struct pages *pages, uint64_t head, uint64_t pfn, unsigned int order)
{
	struct page_block whole = *pages_find(pages, head);
	unsigned int at_order = whole.order;
	uint64_t at = head;

	BUG_ON(order >= whole.order || pfn - head >= 1ULL << whole.order);
	drop(pages, find_entry(pages, head));
	if (whole.flags & PAGE_PIECE)
		pages->groups.items[whole.slot].pieces--;
	else
		whole.slot = new_group(pages, head, &whole);
	whole.flags |= PAGE_PIECE;
	/* Halve what holds "pfn": the other half is a piece of its own. */
	while (at_order > order) {
		uint64_t half = 1ULL << --at_order;

		whole.order = (uint8_t)at_order;
		if (pfn - at >= half) {
			add_piece(pages, at, &whole);
			at += half;
		} else {
			add_piece(pages, at + half, &whole);
		}
	}
	return add_piece(pages, pfn, &whole);
}

uint32_t pages_slot(const struct pages *pages, const struct page_block *block)
{
	if (block->flags & PAGE_PIECE)
		return pages->groups.items[block->slot].slot;
	return block->slot;
}

void pages_end_group(struct pages *pages, const struct page_block *piece)
{
	pages->groups.items[piece->slot].slot = REPAIR_NO_SLOT;
}

static struct addrmap_entry *find_entry(const struct pages *pages, uint64_t pfn)
{
	uint64_t key = pfn + 1;

	return addrmap_find(&pages->map, key, addrmap_hash(&pages->map, key));
}

static bool is_covered(const struct pages *pages, uint64_t pfn)
{
	uint64_t key = pfn / 64 + 1;
	const struct addrmap_entry *entry =
		addrmap_find(&pages->covered, key, addrmap_hash(&pages->covered, key));

	return entry && ((uint64_t)entry->info << 32 | entry->slot) >> pfn % 64 & 1;
}

/* Sets or clears the bits of a block's pages. */
static void cover(struct pages *pages, uint64_t pfn, unsigned int order, bool set)
{
	uint64_t bits = order >= 6 ? UINT64_MAX : (1ULL << (1U << order)) - 1;
	uint64_t last = (pfn + (1ULL << order) - 1) / 64;

	bits <<= pfn % 64;
	for (uint64_t key = pfn / 64 + 1; key <= last + 1; key++) {
		uint64_t hash = addrmap_hash(&pages->covered, key);
		struct addrmap_entry *entry;
		uint64_t old;
		bool fresh;

		entry = set ? addrmap_insert(&pages->covered, key, hash, &fresh) :
			      addrmap_find(&pages->covered, key, hash);
		if (!entry)
			continue;
		old = (uint64_t)entry->info << 32 | entry->slot;
		old = set ? old | bits : old & ~bits;
		entry->slot = (uint32_t)old;
		entry->info = (uint32_t)(old >> 32);
		if (!old)
			addrmap_remove(&pages->covered, entry);
	}
}

/* Takes "entry" and its block away; its group is not told. */
static void drop(struct pages *pages, struct addrmap_entry *entry)
{
	pages->nr_by_order[entry->info]--;
	cover(pages, entry->key - 1, entry->info, false);
	vec_push(&pages->free_blocks, entry->slot);
	addrmap_remove(&pages->map, entry);
}

/*
 * Adds a piece of a cut block at "pfn". Where something younger begins already, that part of the
 * block must have been freed unseen: then there is no piece, and the group has fewer pages.
 */
static struct page_block *add_piece(struct pages *pages, uint64_t pfn,
				    const struct page_block *piece)
{
	struct page_group *group = &pages->groups.items[piece->slot];
	struct page_block *block;

	if (find_entry(pages, pfn)) {
		group->pages -= 1U << piece->order;
		return NULL;
	}
	group->pieces++;
	block = pages_add(pages, pfn, piece->order);
	*block = *piece;
	return block;
}

static uint32_t new_group(struct pages *pages, uint64_t pfn, const struct page_block *block)
{
	struct page_group group = { .pfn = pfn, .slot = block->slot, .pages = 1U << block->order };

	if (!pages->free_groups.nr) {
		vec_push(&pages->groups, group);
		return (uint32_t)(pages->groups.nr - 1);
	}
	pages->groups.items[pages->free_groups.items[--pages->free_groups.nr]] = group;
	return pages->free_groups.items[pages->free_groups.nr];
}
