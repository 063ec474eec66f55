/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Following caches with sheaves (6.18+): slabs bought for a sheaf, and what went through sheaves
 * unseen.
 */
#ifndef KMREPLAY_VERIFY_SLAB_SHEAF_H
#define KMREPLAY_VERIFY_SLAB_SHEAF_H

#include "slab_judge.h"

/** Which of the allocator's calls an event stands for. */
enum slab_way {
	SLAB_WAY_USUAL,
	SLAB_WAY_PREFILLED, /**< slab_alloc_prefilled() */
	SLAB_WAY_FOR_SHEAF, /**< slab_alloc_for_sheaf() */
};

/** The cache has sheaves (7.0+). */
bool slab_sheaf_has(const struct slab_judge *j, uint32_t cache);
/** A page for a refill: it waits for that. */
void slab_sheaf_bought(struct slab_judge *j, const struct slab_step *step, uint32_t cache);
/**
 * "step" allocates from "cache": if its context bought slabs for it, the refill is done now.
 * Returns how many; then "*predicted" says whether we would have bought them.
 */
uint32_t slab_sheaf_refill(struct slab_judge *j, const struct slab_step *step, uint32_t cache,
			   enum slab_way *way, bool *predicted);
/** Which call "step" seems to be, by who made it and what came of that before. */
enum slab_way slab_sheaf_way(struct slab_judge *j, const struct slab_step *step, uint32_t cache);
/** slab_peek() and slab_alloc(), or what stands for them. */
void slab_sheaf_peek(const struct slab_allocator *slab, enum slab_way way, uint32_t cache,
		     unsigned int cpu, int node, struct slab_next *next);
struct mm_outcome slab_sheaf_call(struct slab_allocator *slab, enum slab_way way,
				  const struct slab_step *step, uint32_t cache, unsigned int cpu);
/** What "step" took shows where its call site takes from. */
void slab_sheaf_learn(struct slab_judge *j, const struct slab_step *step, uint32_t cache,
		      uint64_t addr);
/** The page that the running refill gets; false: there is none left. */
bool slab_sheaf_next_page(struct slab_judge *j, unsigned int order, uint64_t *pfn);
/** What lies above "addr" in the CPU's sheaves and was allocated without an event is so now. */
void slab_sheaf_before_alloc(struct slab_judge *j, const struct slab_step *step, uint32_t cache,
			     uint64_t addr);
/**
 * Virgin "slot" was taken on "cpu". A sheaf is emptied in the reverse of the order in which it was
 * filled, so a slab's new objects come out round their cycle backwards, cut or not.
 */
void slab_sheaf_taken(struct slab_judge *j, struct slab_known *known, uint16_t slot,
		      unsigned int cpu, enum slab_way way);
/** The object at "addr" becomes what the next allocation from "cache" gives; "*way" may change. */
void slab_sheaf_correct(struct slab_judge *j, const struct slab_step *step, uint32_t cache,
			enum slab_way *way, uint64_t addr);
/** The object that "step" allocates was freed without an event, as far as the events tell. */
bool slab_sheaf_freed_unseen(const struct slab_judge *j, const struct slab_step *step);
/** Objects that were freed unseen and come back in one sheaf: true when "addr" is the first. */
bool slab_sheaf_from_rcu(struct slab_judge *j, const struct slab_step *step, uint32_t cache,
			 uint64_t addr);

/* slab_flush.c */

/** "step" frees a sheaf: if a flush did that, its cache is flushed. */
void slab_flush_sheaf(struct slab_judge *j, const struct slab_step *step);
/** "step" makes a sheaf for a cache; SLAB_CACHE_NONE: it does not, or for whom is not known. */
uint32_t slab_flush_sheaf_for(struct slab_judge *j, const struct slab_step *step);
/** "step" allocates; if it is a sheaf, it is remembered for whom. */
void slab_flush_note_sheaf(struct slab_judge *j, const struct slab_step *step);

#endif
