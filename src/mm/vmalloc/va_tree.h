/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address ranges in a red-black tree that knows the largest range below each node. */
#ifndef KMREPLAY_MM_VA_TREE_H
#define KMREPLAY_MM_VA_TREE_H

#include "kmreplay/core/error.h"
#include "kmreplay/core/list.h"

struct va_pages;
struct vmap_block;

/** One range of addresses, [start, end): struct vmap_area. In one tree, list or pool at a time. */
struct va {
	struct va *child[2]; /**< lower, higher addresses */
	struct va *parent;
	uint64_t start, end;
	uint64_t max;		/**< largest size in this subtree */
	struct list_head link;	/**< neighbours by address, or a pool's list */
	struct va_pages *pages; /**< busy only: what is mapped there; NULL: nothing of ours */
	struct vmap_block *block; /**< busy only, of vm_map_ram() */
	uint16_t node;		/**< whose pool it returns to, plus 1; 0: none */
	uint8_t use;		/**< busy only: enum vmap_use */
	bool red;
};

struct va_tree {
	struct va *root;
	struct list_head list; /**< all of them, by address */
	size_t nr;
	uint64_t bytes;	     /**< sizes of all */
	uint64_t nr_changes; /**< steps that any range changed in: compare, don't count */
};

/** How a range lies in the free one that it is cut from: enum fit_type. */
enum va_fit {
	VA_FIT_FULL,
	VA_FIT_LEFT,
	VA_FIT_RIGHT,
	VA_FIT_MIDDLE,
	VA_FIT_NR,
};

/** What find_vmap_lowest_match() is asked for. */
struct va_request {
	uint64_t size;
	uint64_t align;	 /**< a power of two */
	uint64_t vstart; /**< lowest address allowed */
	uint64_t length; /**< size of a subtree's largest range that is worth the way */
};

static inline uint64_t va_size(const struct va *va)
{
	return va->end - va->start;
}

/** A new range, in no tree; the caller's, to be given to free(). */
MUST_CHECK struct va *va_create(uint64_t start, uint64_t end);

void va_tree_init(struct va_tree *tree);
/** Frees all ranges. */
void va_tree_deinit(struct va_tree *tree);
/** Links "va", which must not overlap any other. */
void va_tree_insert(struct va_tree *tree, struct va *va);
/** Unlinks "va": it is the caller's. */
void va_tree_erase(struct va_tree *tree, struct va *va);
/** The range that begins at "start", or NULL. */
struct va *va_tree_find(const struct va_tree *tree, uint64_t start);
/** The lowest range whose start is at or above "start", or NULL. */
struct va *va_tree_find_from(const struct va_tree *tree, uint64_t start);
/** The range that holds "addr" (its end included), else the next lower one, or NULL. */
struct va *va_tree_enclosing(const struct va_tree *tree, uint64_t addr);
/** The range below "va" in address order, or NULL. */
struct va *va_tree_prev(const struct va_tree *tree, const struct va *va);
/** find_vmap_lowest_match(); adds the nodes looked at to "*steps". NULL: none. */
struct va *va_tree_lowest_match(const struct va_tree *tree, const struct va_request *request,
				unsigned int *steps);
/** va_clip(): cuts [start, start + size) out of "va", which holds it. */
enum va_fit va_tree_clip(struct va_tree *tree, struct va *va, uint64_t start, uint64_t size);
/**
 * merge_or_add_vmap_area(): links "va" or grows the neighbours it touches; ranges that dissolve
 * are freed. Returns how many did.
 */
unsigned int va_tree_merge(struct va_tree *tree, struct va *va);
/** Size of the largest range; 0 when empty. */
uint64_t va_tree_max(const struct va_tree *tree);
/** Checks order, colours, largest sizes and the list. */
MUST_CHECK bool va_tree_check(const struct va_tree *tree, struct error *err);

#endif
