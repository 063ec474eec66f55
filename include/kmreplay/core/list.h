/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * An intrusive doubly linked circular list with the kernel's head and tail rules: an empty list is
 * a head that points to itself. The list owns nothing.
 */
#ifndef KMREPLAY_CORE_LIST_H
#define KMREPLAY_CORE_LIST_H

#include "kmreplay/core/base.h"

struct list_head {
	struct list_head *next, *prev;
};

static inline void list_init(struct list_head *head)
{
	head->next = head->prev = head;
}

static inline bool list_is_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline void list_insert_between(struct list_head *node, struct list_head *prev,
				       struct list_head *next)
{
	next->prev = node;
	node->next = next;
	node->prev = prev;
	prev->next = node;
}

/** Inserts "node" right after "head": it is the first taken. */
static inline void list_add(struct list_head *head, struct list_head *node)
{
	list_insert_between(node, head, head->next);
}

/** Inserts "node" right before "head": it is the last taken. */
static inline void list_add_tail(struct list_head *head, struct list_head *node)
{
	list_insert_between(node, head->prev, head);
}

/** Unlinks "node" and leaves it pointing to itself. */
static inline void list_del(struct list_head *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

#define list_foreach(head, pos)                                                               \
	for (struct list_head *pos = (head)->next; pos != (head); pos = pos->next)

#endif
