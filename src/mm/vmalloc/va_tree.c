/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The augmented red-black tree of address ranges (mm/vmalloc.c and lib/rbtree.c, v6.1 .. v7.2).
 *
 * Theory
 *
 * 1. Free address space is a set of ranges, sorted by address. A request wants the lowest one
 *    that fits. Each node knows the size of the largest range in its subtree, so that one descent
 *    finds it:
 *
 *                         [40..48) max 20
 *                        /               \
 *          [10..12) max 6                [60..80) max 20
 *           /          \
 *     [2..5)          [20..26)           want 5: left, since 6 >= 5; right; take 20
 *
 * 2. With an alignment above a page, a range may be large enough and yet not fit. The kernel then
 *    walks by a "length" that always fits (size + align - 1) but accepts any node on its way that
 *    happens to fit by "size" alone. Which nodes are on the way depends on the shape of the tree:
 *    a replica must not only hold the same ranges, it must have balanced them by the same steps.
 *    Hence a textbook red-black tree with the kernel's choices: a new node goes in as a leaf and
 *    is fixed upward; a node with two children is replaced by its in-order successor; a range
 *    that is cut at an edge or grown by a merge keeps its node.
 *
 * 3. Cutting a range in the middle needs a second node. The lower part becomes the new one, and
 *    the search for its place starts at the node that was cut.
 *
 * 4. Merging a freed range grows the higher neighbour first. When the lower one touches, too, the
 *    higher one is unlinked and the lower one survives.
 */
#include <config.h>

#include "va_tree.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/xalloc.h"

#include <inttypes.h>
#include <stdlib.h>

static void insert_below(struct va_tree *tree, struct va *from, struct va *va);
static void link_at(struct va_tree *tree, struct va *va, struct va *parent, unsigned int side);
static void insert_fixup(struct va_tree *tree, struct va *va);
static void erase_fixup(struct va_tree *tree, struct va *va, struct va *parent);
static void rotate(struct va_tree *tree, struct va *va, unsigned int side);
static void replace_child(struct va_tree *tree, struct va *old, struct va *new);
static void update_max(struct va *va);
static void propagate_max(struct va *va);
static uint64_t max_of(const struct va *va);
static bool fits(const struct va *va, const struct va_request *request, uint64_t vstart);
static bool check_node(const struct va *va, struct error *err);

struct va *va_create(uint64_t start, uint64_t end)
{
	struct va *va = xcalloc(1, sizeof(*va));

	va->start = start;
	va->end = end;
	list_init(&va->link);
	return va;
}

void va_tree_init(struct va_tree *tree)
{
	tree->root = NULL;
	tree->nr = 0;
	tree->bytes = 0;
	list_init(&tree->list);
}

void va_tree_deinit(struct va_tree *tree)
{
	while (!list_is_empty(&tree->list)) {
		struct va *va = container_of(tree->list.next, struct va, link);

		list_del(&va->link);
		free(va);
	}
	va_tree_init(tree);
}

void va_tree_insert(struct va_tree *tree, struct va *va)
{
	insert_below(tree, tree->root, va);
}

/* lib/rbtree.c:__rb_erase_augmented() */
void va_tree_erase(struct va_tree *tree, struct va *va)
{
	struct va *moved = va; /* the node that leaves its place in the tree */
	struct va *child, *parent;
	bool was_red;

	if (va->child[0] && va->child[1]) {
		moved = va->child[1];
		while (moved->child[0])
			moved = moved->child[0];
	}
	child = moved->child[0] ? moved->child[0] : moved->child[1];
	parent = moved->parent;
	was_red = moved->red;
	replace_child(tree, moved, child);
	if (moved != va) {
		if (parent == va)
			parent = moved;
		moved->red = va->red;
		for (unsigned int side = 0; side < 2; side++) {
			moved->child[side] = va->child[side];
			if (moved->child[side])
				moved->child[side]->parent = moved;
		}
		replace_child(tree, va, moved);
	}
	propagate_max(parent);
	if (!was_red)
		erase_fixup(tree, child, parent);
	list_del(&va->link);
	va->child[0] = va->child[1] = va->parent = NULL;
	tree->nr--;
	tree->bytes -= va_size(va);
	tree->nr_changes++;
}

struct va *va_tree_find(const struct va_tree *tree, uint64_t start)
{
	struct va *va = tree->root;

	while (va && va->start != start)
		va = va->child[start > va->start];
	return va;
}

struct va *va_tree_find_from(const struct va_tree *tree, uint64_t start)
{
	struct va *best = NULL;

	for (struct va *va = tree->root; va; va = va->child[start > va->start]) {
		if (va->start >= start)
			best = va;
	}
	return best;
}

/* pvm_find_va_enclose_addr() */
struct va *va_tree_enclosing(const struct va_tree *tree, uint64_t addr)
{
	struct va *best = NULL;

	for (struct va *va = tree->root; va; va = va->child[va->start <= addr]) {
		if (va->start > addr)
			continue;
		best = va;
		if (va->end >= addr)
			break;
	}
	return best;
}

struct va *va_tree_prev(const struct va_tree *tree, const struct va *va)
{
	return va->link.prev == &tree->list ? NULL : container_of(va->link.prev, struct va, link);
}

struct va *va_tree_lowest_match(const struct va_tree *tree, const struct va_request *request,
				unsigned int *steps)
{
	uint64_t vstart = request->vstart;
	struct va *va = tree->root;

	while (va) {
		++*steps;
		if (max_of(va->child[0]) >= request->length && vstart < va->start) {
			va = va->child[0];
			continue;
		}
		if (fits(va, request, vstart))
			return va;
		if (max_of(va->child[1]) >= request->length) {
			va = va->child[1];
			continue;
		}
		/* Nothing here: climb until a right subtree may hold one. It has been seen when
		 * we come from it, which moving vstart behind its parent tells. */
		for (va = va->parent; va; va = va->parent) {
			++*steps;
			if (fits(va, request, vstart))
				return va;
			if (max_of(va->child[1]) >= request->length && vstart <= va->start) {
				vstart = va->start + 1;
				va = va->child[1];
				break;
			}
		}
	}
	return NULL;
}

enum va_fit va_tree_clip(struct va_tree *tree, struct va *va, uint64_t start, uint64_t size)
{
	struct va *lower;

	BUG_ON(start < va->start || size > va->end - start);
	if (va->start == start && va_size(va) == size) {
		va_tree_erase(tree, va);
		free(va);
		return VA_FIT_FULL;
	}
	tree->bytes -= size;
	tree->nr_changes++;
	if (va->start == start) {
		va->start += size;
		propagate_max(va);
		return VA_FIT_LEFT;
	}
	if (va->end == start + size) {
		va->end = start;
		propagate_max(va);
		return VA_FIT_RIGHT;
	}
	lower = va_create(va->start, start);
	tree->bytes -= va_size(lower); /* it is added once more */
	va->start = start + size;
	propagate_max(va);
	insert_below(tree, va, lower);
	return VA_FIT_MIDDLE;
}

unsigned int va_tree_merge(struct va_tree *tree, struct va *va)
{
	struct va *next = va_tree_find_from(tree, va->start);
	struct list_head *before = next ? next->link.prev : tree->list.prev;
	struct va *prev = before == &tree->list ? NULL : container_of(before, struct va, link);
	unsigned int dissolved = 0;

	if (next && next->start == va->end) {
		next->start = va->start;
		tree->bytes += va_size(va);
		free(va);
		va = next;
		dissolved++;
	}
	if (prev && prev->end == va->start) {
		uint64_t end = va->end;

		if (dissolved)
			va_tree_erase(tree, va);
		free(va);
		tree->bytes += end - prev->end;
		prev->end = end;
		va = prev;
		dissolved++;
	}
	tree->nr_changes++;
	if (dissolved)
		propagate_max(va);
	else
		va_tree_insert(tree, va);
	return dissolved;
}

uint64_t va_tree_max(const struct va_tree *tree)
{
	return max_of(tree->root);
}

bool va_tree_check(const struct va_tree *tree, struct error *err)
{
	uint64_t end = 0, bytes = 0;
	size_t nr = 0;
	unsigned int blacks = 0;

	if (tree->root && (tree->root->red || tree->root->parent))
		return error_set(err, "root of an address tree is red or has a parent");
	for (const struct va *va = tree->root; va; va = va->child[0])
		blacks += !va->red;
	list_foreach(&tree->list, pos) {
		const struct va *va = container_of(pos, struct va, link);
		unsigned int height = 0;

		if (va->start < end || va->end <= va->start)
			return error_set(err, "address range 0x%" PRIx64 " overlaps or is empty",
					 va->start);
		if (va_tree_find(tree, va->start) != va)
			return error_set(err, "address range 0x%" PRIx64 " is not in its tree",
					 va->start);
		if (!check_node(va, err))
			return false;
		for (const struct va *up = va; up; up = up->parent)
			height += !up->red;
		if (!(va->child[0] && va->child[1]) && height != blacks)
			return error_set(err, "unequal black height at 0x%" PRIx64, va->start);
		end = va->end;
		bytes += va_size(va);
		nr++;
	}
	if (bytes != tree->bytes)
		return error_set(err, "address tree counts 0x%" PRIx64 " bytes and has 0x%" PRIx64,
				 tree->bytes, bytes);
	if (nr != tree->nr)
		return error_set(err, "address tree counts %zu ranges and has %zu", tree->nr, nr);
	return true;
}

/* find_va_links() from "from" down, then link_va(). */
static void insert_below(struct va_tree *tree, struct va *from, struct va *va)
{
	struct va *parent = from ? from->parent : NULL;
	unsigned int side = 0;

	while (from) {
		parent = from;
		side = va->start >= from->end;
		BUG_ON(!side && va->end > from->start);
		from = from->child[side];
	}
	link_at(tree, va, parent, side);
}

static void link_at(struct va_tree *tree, struct va *va, struct va *parent, unsigned int side)
{
	va->child[0] = va->child[1] = NULL;
	va->parent = parent;
	va->red = true;
	va->max = va_size(va);
	if (!parent) {
		tree->root = va;
		list_add(&tree->list, &va->link);
	} else {
		parent->child[side] = va;
		if (side)
			list_add(&parent->link, &va->link);
		else
			list_add_tail(&parent->link, &va->link);
		propagate_max(parent);
	}
	tree->nr++;
	tree->bytes += va_size(va);
	tree->nr_changes++;
	insert_fixup(tree, va);
}

/* lib/rbtree.c:__rb_insert() */
static void insert_fixup(struct va_tree *tree, struct va *va)
{
	struct va *parent, *grandparent, *uncle;

	while ((parent = va->parent) && parent->red) {
		unsigned int side;

		grandparent = parent->parent;
		side = parent == grandparent->child[1];
		uncle = grandparent->child[!side];
		if (uncle && uncle->red) {
			parent->red = uncle->red = false;
			grandparent->red = true;
			va = grandparent;
			continue;
		}
		if (va == parent->child[!side]) {
			rotate(tree, parent, side);
			parent = va;
		}
		rotate(tree, grandparent, !side);
		parent->red = false;
		grandparent->red = true;
		break;
	}
	tree->root->red = false;
}

/* lib/rbtree.c:____rb_erase_color(): below "parent", the side of "va" lacks a black node. */
static void erase_fixup(struct va_tree *tree, struct va *va, struct va *parent)
{
	while (parent && !(va && va->red)) {
		unsigned int side = va == parent->child[1];
		struct va *sibling = parent->child[!side];

		if (sibling->red) {
			sibling->red = false;
			parent->red = true;
			rotate(tree, parent, side);
			sibling = parent->child[!side];
		}
		if (!(sibling->child[!side] && sibling->child[!side]->red)) {
			if (!(sibling->child[side] && sibling->child[side]->red)) {
				sibling->red = true;
				va = parent;
				parent = va->parent;
				continue;
			}
			sibling->child[side]->red = false;
			sibling->red = true;
			rotate(tree, sibling, !side);
			sibling = parent->child[!side];
		}
		sibling->red = parent->red;
		parent->red = false;
		sibling->child[!side]->red = false;
		rotate(tree, parent, side);
		return;
	}
	if (va)
		va->red = false;
}

/* "va" sinks to "side" and its other child takes its place. */
static void rotate(struct va_tree *tree, struct va *va, unsigned int side)
{
	struct va *up = va->child[!side];

	replace_child(tree, va, up);
	va->child[!side] = up->child[side];
	if (va->child[!side])
		va->child[!side]->parent = va;
	up->child[side] = va;
	va->parent = up;
	update_max(va);
	update_max(up);
}

/* "new" (which may be NULL) takes the place of "old" below its parent. */
static void replace_child(struct va_tree *tree, struct va *old, struct va *new)
{
	struct va *parent = old->parent;

	if (parent)
		parent->child[parent->child[1] == old] = new;
	else
		tree->root = new;
	if (new)
		new->parent = parent;
}

static void update_max(struct va *va)
{
	va->max = MAX(va_size(va), MAX(max_of(va->child[0]), max_of(va->child[1])));
}

/* All the way up: after an erasure a node in between may be right by chance. */
static void propagate_max(struct va *va)
{
	for (; va; va = va->parent)
		update_max(va);
}

static uint64_t max_of(const struct va *va)
{
	return va ? va->max : 0;
}

/* is_within_this_va() */
static bool fits(const struct va *va, const struct va_request *request, uint64_t vstart)
{
	uint64_t low = MAX(va->start, vstart);
	uint64_t start = bits_align_up(low, request->align);

	if (start < low || start + request->size < start)
		return false;
	return start + request->size <= va->end;
}

static bool check_node(const struct va *va, struct error *err)
{
	uint64_t max = va_size(va);

	for (unsigned int side = 0; side < 2; side++) {
		const struct va *child = va->child[side];

		if (!child)
			continue;
		if (child->parent != va || (child->start > va->start) != (side == 1))
			return error_set(err, "address tree is out of order at 0x%" PRIx64,
					 va->start);
		if (va->red && child->red)
			return error_set(err, "two red nodes in a row at 0x%" PRIx64, va->start);
		max = MAX(max, child->max);
	}
	if (max != va->max)
		return error_set(err, "largest size below 0x%" PRIx64 " is wrong", va->start);
	return true;
}
