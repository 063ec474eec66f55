/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The page blocks that are allocated as far as the recording tells, by their first pfn.
 *
 * A block is normally freed as it was allocated. When only a part of it is freed, it is cut as the
 * buddy system would cut it: into the part and the halves, quarters, ... beside it, at most one
 * piece an order. The pieces share the block's slot through a group that counts their pages.
 */
#ifndef KMREPLAY_REPAIR_PAGES_H
#define KMREPLAY_REPAIR_PAGES_H

#include "addrmap.h"

#include "kmreplay/core/vec.h"

/** Larger than any kernel's MAX_ORDER: 13 is seen (arm64, 64 KiB pages), 8 bits are recorded. */
enum { PAGES_MAX_ORDER = 15, PAGES_NR_ORDERS = PAGES_MAX_ORDER + 1 };

/** Physical addresses have at most 52 bits on every architecture: a pfn beyond is damage. */
#define PAGES_MAX_PFN (1ULL << 52)

enum page_flags {
	PAGE_EXPLAINED = 1 << 0, /**< fate of the allocation was EXPLAINED, else DIRECT */
	PAGE_PIECE = 1 << 1,     /**< part of a block that was cut: "slot" is a group */
	PAGE_SLAB_SEEN = 1 << 2, /**< an object was seen in it */
	PAGE_TOLD = 1 << 3,      /**< the free of an object said which cache it is of */
};

struct page_block {
	uint64_t event; /**< number of the event that allocated it */
	uint32_t slot;
	uint32_t cache; /**< slab pages: of its objects; 0: unknown */
	uint8_t order;
	uint8_t owner; /**< enum page_owner */
	uint8_t flags; /**< enum page_flags */
};

struct page_group {
	uint64_t pfn;   /**< of the block before it was cut */
	uint32_t slot;  /**< its slot; REPAIR_NO_SLOT: has ended, the pieces are void */
	uint32_t pages; /**< still allocated */
	uint32_t pieces; /**< blocks that refer to it */
};

struct pages {
	struct addrmap map; /**< pfn + 1 to index in blocks; info: order */
	/**
	 * pfn / 64 + 1 to a bitmap, in slot and info, of the pages that lie in a block: answers at
	 * once for most that there is none. Two blocks never share a page but where the recording
	 * contradicts itself; then the bits of both go with the first that is freed.
	 */
	struct addrmap covered;
	struct vec(struct page_block) blocks;
	struct vec(uint32_t) free_blocks;
	struct vec(struct page_group) groups;
	struct vec(uint32_t) free_groups;
	uint32_t nr_by_order[PAGES_NR_ORDERS]; /**< blocks and pieces */
};

void pages_init(struct pages *pages, uint64_t seed);
void pages_deinit(struct pages *pages);

/** pfn and order can be those of a real block, which begins at a multiple of its size. */
static inline bool pages_is_sane(uint64_t pfn, unsigned int order)
{
	return pfn && pfn < PAGES_MAX_PFN && order <= PAGES_MAX_ORDER &&
	       !(pfn & ((1ULL << order) - 1));
}

/** Brings into the cache what the next functions look at. */
static inline void pages_prefetch(const struct pages *pages, uint64_t pfn)
{
	addrmap_prefetch(&pages->map, addrmap_hash(&pages->map, pfn + 1));
	addrmap_prefetch(&pages->covered, addrmap_hash(&pages->covered, pfn / 64 + 1));
}

/** The block that begins at "pfn", or NULL; valid until the next addition. */
struct page_block *pages_find(const struct pages *pages, uint64_t pfn);
/** The smallest block that "pfn" lies in, or NULL; "*head" receives its first pfn. */
struct page_block *pages_find_containing(const struct pages *pages, uint64_t pfn, uint64_t *head);
/** Adds a block that no block begins at yet; the caller fills it in. */
struct page_block *pages_add(struct pages *pages, uint64_t pfn, unsigned int order);
/** Removes the block at "pfn", which is there. Its group, if any, is told. */
void pages_remove(struct pages *pages, uint64_t pfn);
/**
 * Cuts the block at "head" so that one piece begins at "pfn", in it and a multiple of 2^"order",
 * with "order", smaller than the block's. Returns that piece.
 */
struct page_block *pages_cut(struct pages *pages, uint64_t head, uint64_t pfn,
			     unsigned int order);
/** The slot of "block", of its group's if it is a piece. */
uint32_t pages_slot(const struct pages *pages, const struct page_block *block);
/** The slot of the cut block that "piece" belongs to has ended. */
void pages_end_group(struct pages *pages, const struct page_block *piece);

#endif
