/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The boot-time allocator of old: a bitmap of each node's frames, searched upwards (mm/bootmem.c of
 * the kernel, gone with 4.20; x86 had left it for memblock before, with 2.6.34).
 *
 * Addresses and sizes are physical and in bytes; 0 stands for none.
 */
#ifndef KMREPLAY_MM_BOOTMEM_H
#define KMREPLAY_MM_BOOTMEM_H

#include "kmreplay/mm/memblock.h"

struct bootmem_node {
	int node;
	uint64_t first, end; /**< frames that its bitmap knows: [first, end) */
	uint64_t *bits;      /**< set: reserved, or no memory */
	uint64_t hint;       /**< frame, from "first" on, behind the last allocation */
	uint64_t last_end;   /**< byte behind the last allocation, from "first" on */
};

struct bootmem {
	struct vec(struct bootmem_node) nodes;
};

/** What is free in "mb", below its limit, is free here; nodes in ascending order. */
void bootmem_init(struct bootmem *bm, const struct memblock *mb);
void bootmem_deinit(struct bootmem *bm);
/**
 * The lowest free frames at or above the goal "req->start" that lie behind the last allocation, or,
 * if there are none, any; an allocation begins behind the last one's end in the same frame where it
 * fits. The goal is given up where no node has room above it. 0: it failed. "exact_node" and "node"
 * as in memblock_alloc_range().
 */
uint64_t bootmem_alloc(struct bootmem *bm, const struct memblock_request *req);
/** Reserves the frames that [start, end) touches; false: one is not free, nothing is changed. */
bool bootmem_reserve(struct bootmem *bm, uint64_t start, uint64_t end);
/** Frees the frames that [start, end) holds as a whole: they may be shared. False: one is free. */
bool bootmem_free(struct bootmem *bm, uint64_t start, uint64_t end);
/** free_all_bootmem(): the free frames, added to "start" in ascending order. */
void bootmem_free_all(const struct bootmem *bm, struct page_start *start);

#endif
