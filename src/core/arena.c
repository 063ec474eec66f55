/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bump allocation out of chunks that double up to a limit. */
#include <config.h>

#include "kmreplay/core/arena.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/xalloc.h"

#include <stdlib.h>
#include <string.h>

enum {
	CHUNK_FIRST = 4096,
	CHUNK_LIMIT = 1 << 20,
};

struct arena_chunk {
	struct arena_chunk *next;
	char data[];
};

static void new_chunk(struct arena *arena, size_t size);

void arena_init(struct arena *arena)
{
	memset(arena, 0, sizeof(*arena));
}

void arena_deinit(struct arena *arena)
{
	while (arena->chunks) {
		struct arena_chunk *chunk = arena->chunks;

		arena->chunks = chunk->next;
		free(chunk);
	}
	arena_init(arena);
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *ptr;

	BUG_ON(size > SIZE_MAX / 2);
	size = bits_align_up(MAX(size, (size_t)1), 8);
	if ((size_t)(arena->end - arena->at) < size)
		new_chunk(arena, size);
	ptr = arena->at;
	arena->at += size;
	return ptr;
}

const char *arena_strndup(struct arena *arena, const char *s, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);

	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

static void new_chunk(struct arena *arena, size_t size)
{
	size_t want = MAX(MIN(MAX(arena->bytes, (size_t)CHUNK_FIRST), (size_t)CHUNK_LIMIT), size);
	struct arena_chunk *chunk = xmalloc(sizeof(*chunk) + want);

	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->at = chunk->data;
	arena->end = chunk->data + want;
	arena->bytes += want;
}
