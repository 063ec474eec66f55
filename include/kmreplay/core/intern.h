/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Equal texts get equal small numbers: 1, 2, 3, ... in the order of their first appearance, so that
 * a number indexes an array and compares in one instruction. 0 is the empty text.
 */
#ifndef KMREPLAY_CORE_INTERN_H
#define KMREPLAY_CORE_INTERN_H

#include "kmreplay/core/arena.h"
#include "kmreplay/core/base.h"

struct intern_slot;

struct intern {
	struct intern_slot *slots; /**< open addressing, power of two */
	uint32_t mask;
	uint32_t nr; /**< ids handed out, 0 included */
	const char **texts;
	uint32_t *lens;
	size_t cap;
	struct arena arena;
};

void intern_init(struct intern *in);
void intern_deinit(struct intern *in);
/** The id of the "len" bytes at "text" (may hold any byte but NUL); makes one when it is new. */
uint32_t intern_add(struct intern *in, const char *text, size_t len);
/** As intern_add() for a NUL-terminated text. */
uint32_t intern_add_text(struct intern *in, const char *text);
/** The id, or 0 when this text was never added. */
uint32_t intern_find(const struct intern *in, const char *text, size_t len);

/** The text of "id", NUL-terminated, the table's; "" for 0. */
static inline const char *intern_text(const struct intern *in, uint32_t id)
{
	return in->texts[id];
}

/** How many bytes the text of "id" has. */
static inline uint32_t intern_len(const struct intern *in, uint32_t id)
{
	return in->lens[id];
}

#endif
