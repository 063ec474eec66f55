/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Memory that is freed all at once, at the end of a phase: names, tables, report nodes.
 */
#ifndef KMREPLAY_CORE_ARENA_H
#define KMREPLAY_CORE_ARENA_H

#include "kmreplay/core/base.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks; /**< newest first */
	char *at;                   /**< next free byte of the newest chunk */
	char *end;
	size_t bytes; /**< taken from the system so far */
};

/** An empty arena; no memory is taken before the first allocation. */
void arena_init(struct arena *arena);
/** Frees everything that came from it. */
void arena_deinit(struct arena *arena);
/** "size" uninitialised bytes, aligned to 8; never NULL; the arena's. */
MUST_CHECK void *arena_alloc(struct arena *arena, size_t size);
/** A NUL-terminated copy of "len" bytes; the arena's. */
MUST_CHECK const char *arena_strndup(struct arena *arena, const char *s, size_t len);

#endif
