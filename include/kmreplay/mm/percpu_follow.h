/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The per-CPU allocator for who holds it against a recording: what a request would get before it
 * gets it, what the background work has ahead of it, and areas and chunks that are put where the
 * recorded kernel had them.
 */
#ifndef KMREPLAY_MM_PERCPU_FOLLOW_H
#define KMREPLAY_MM_PERCPU_FOLLOW_H

#include "kmreplay/mm/percpu.h"

/** What a request would get. */
struct percpu_choice {
	uint64_t base, addr; /**< chunk and area */
	bool creates;	     /**< nothing fits: a chunk would be created first */
};
/** False: no place as chunks are now, and choice->creates says what follows. Nothing changes. */
bool percpu_choose(const struct percpu *p, const struct percpu_request *request,
		   struct percpu_choice *choice);

/**
 * The same request as for percpu_alloc(), but from the chunk at "base" and no other
 * (MM_FAIL_NO_SPACE when it does not fit, MM_FAIL_INVALID without such a chunk).
 */
struct mm_outcome percpu_alloc_in(struct percpu *p, unsigned int cpu, uint64_t base,
				  const struct percpu_request *request);
/** Takes just [addr, addr + size), as far as it is free and within one chunk. */
struct mm_outcome percpu_alloc_at(struct percpu *p, unsigned int cpu, uint64_t addr, uint64_t size,
				  uint32_t gfp);
/**
 * Frees what areas share bytes with [addr, addr + size) of one chunk, the "whole" of them or just
 * these bytes, so that the rest stays in use; how many.
 */
unsigned int percpu_clear(struct percpu *p, uint64_t addr, uint64_t size, bool whole);
/**
 * What a chunk whose past nobody saw knows of its free runs, as far as requests tell: the one at
 * "base" has none for "size" bytes, though its map has (the kernel's chunks lag behind their
 * maps); or, with "size" 0, it knows all that there are.
 */
void percpu_set_known(struct percpu *p, uint64_t base, uint64_t size);
/** The base of the chunk that holds "addr"; 0: none does. */
uint64_t percpu_chunk_base(const struct percpu *p, uint64_t addr);
/** The base of the chunk for modules' static variables; 0: there is none. */
uint64_t percpu_reserved_base(const struct percpu *p);
/** There is a chunk at "base". */
bool percpu_chunk_exists(const struct percpu *p, uint64_t base);
/** A chunk was created at "base". False when it overlaps another. */
MUST_CHECK bool percpu_chunk_adopt(struct percpu *p, uint64_t base);

/** A chunk was destroyed, with what may be left in it. Boot's chunks stay. */
void percpu_chunk_drop(struct percpu *p, unsigned int cpu, uint64_t base);

/** What the balance work is about to do: bits. */
enum percpu_balance_effect {
	PERCPU_BALANCE_RUNS = 1 << 0, /**< it is scheduled */
	PERCPU_BALANCE_CREATES = 1 << 1,
	PERCPU_BALANCE_DESTROYS = 1 << 2,
	PERCPU_BALANCE_POPULATES = 1 << 3, /**< it takes pages */
};
unsigned int percpu_balance_due(const struct percpu *p);

/** The areas that each chunk is made of; p's. */
const struct vmap_groups *percpu_chunk_groups(const struct percpu *p);

#endif
