/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Following a recording inside the slab allocator: what would the next allocation take, where does
 * a slab stand, and small corrections that put a slab or an object where the recording shows it.
 *
 * The allocator's own rules stay in charge. To follow an allocation means: look what would come
 * (slab_peek()); where the recording shows something else, correct the state until it would come;
 * then ask for it in the ordinary way (slab_alloc()). Each correction keeps all invariants of
 * slab_check(). Addresses are objects' addresses, "at" any address in a slab.
 */
#ifndef KMREPLAY_MM_SLAB_FOLLOW_H
#define KMREPLAY_MM_SLAB_FOLLOW_H

#include "kmreplay/mm/slab.h"

/** Where a slab is; always in exactly one place. */
enum slab_place {
	SLAB_PLACE_CPU,          /**< a CPU's own slab */
	SLAB_PLACE_CPU_PARTIAL,  /**< on a CPU's partial list */
	SLAB_PLACE_NODE_PARTIAL, /**< on its node's partial list */
	SLAB_PLACE_FULL,         /**< on no list: nothing to take */
	SLAB_PLACE_LOOSE,        /**< on no list yet: a new one of slab_follow_new() */
	SLAB_PLACE_NR,
};

/** Where the next object of a cache comes from on a CPU. */
enum slab_source {
	SLAB_FROM_CPU,         /**< the CPU's own free list, or its main sheaf */
	SLAB_FROM_REMOTE,      /**< objects of the CPU's slab that others freed */
	SLAB_FROM_CPU_PARTIAL, /**< top of the CPU's partial list */
	SLAB_FROM_NODE,        /**< head of a node's partial list */
	SLAB_FROM_SPARE,       /**< the CPU's spare sheaf */
	SLAB_FROM_BARN,        /**< a full sheaf of the node's barn */
	SLAB_FROM_NEW,         /**< a new slab */
	SLAB_FROM_NR,
};

struct slab_next {
	uint8_t source; /**< enum slab_source */
	uint64_t addr;  /**< the object; 0: that of a new slab */
};

/** A slab and where it stands. */
struct slab_where {
	uint64_t base;    /**< address of its first object */
	uint64_t pfn;     /**< of its first page */
	uint32_t cache;
	uint32_t objects; /**< slots */
	uint32_t nr_free; /**< slots that are neither live nor in a sheaf */
	uint8_t order;
	uint8_t place;    /**< enum slab_place */
	int cpu;          /**< CPU and CPU_PARTIAL: whose; else -1 */
	int node;
	uint32_t rank;    /**< slabs before it on its list */
};

/** "node partial"; "new slab": for people. */
const char *slab_place_name(enum slab_place place);
const char *slab_source_name(enum slab_source source);

/**
 * What slab_alloc() of "cache" on "cpu" would return now; changes nothing. Nodes as there (-1:
 * any). Where several nodes' lists come into question, chance decides; then the first counts.
 */
void slab_peek(const struct slab_allocator *slab, uint32_t cache, unsigned int cpu, int node,
	       struct slab_next *next);
/**
 * kmem_cache_prefill_sheaf() of one object, kmem_cache_alloc_from_sheaf() and its return: from the
 * CPU's spare sheaf, whatever the main one has. Without sheaves as slab_alloc().
 */
struct mm_outcome slab_alloc_prefilled(struct slab_allocator *slab, uint32_t cache,
				       unsigned int cpu, uint32_t gfp);
/**
 * kmalloc() of a sheaf for one of the kmalloc caches (SLAB_ALLOC_NO_RECURSE): where this would make
 * a sheaf itself, the object comes straight from a slab. Without sheaves as slab_alloc().
 */
struct mm_outcome slab_alloc_for_sheaf(struct slab_allocator *slab, uint32_t cache,
				       unsigned int cpu, uint32_t gfp);
/** The same for slab_alloc_prefilled() and slab_alloc_for_sheaf(). */
void slab_peek_prefilled(const struct slab_allocator *slab, uint32_t cache, unsigned int cpu,
			 struct slab_next *next);
void slab_peek_for_sheaf(const struct slab_allocator *slab, uint32_t cache, unsigned int cpu,
			 struct slab_next *next);
/** The slab around "at"; false: there is none. "rank" costs a walk over its list: only on wish. */
MUST_CHECK bool slab_locate(const struct slab_allocator *slab, uint64_t at, bool want_rank,
			    struct slab_where *where);
/** Slabs on the partial lists of a CPU and of a node, and free objects on the CPU's own list. */
void slab_count_lists(const struct slab_allocator *slab, uint32_t cache, unsigned int cpu,
		      uint32_t *nr_own, uint32_t *nr_cpu_partial, uint64_t *nr_node_partial);

/* Corrections. */

/**
 * Asks for a new slab of "cache" as an allocation on "cpu" would, and leaves it LOOSE; the outcome
 * is that of the request, its addr the first object slot.
 */
struct mm_outcome slab_follow_new(struct slab_allocator *slab, uint32_t cache, unsigned int cpu,
				  int node, uint32_t gfp);
/**
 * Makes the slab around "at", which must have a free object, the own slab of "cpu", wherever it is;
 * an own slab of that CPU is deactivated first. Not for caches with sheaves: false.
 */
bool slab_follow_own(struct slab_allocator *slab, unsigned int cpu, uint64_t at);
/** Takes the slab off its list and puts it on its node's. False: nothing in it is free. */
bool slab_follow_to_node(struct slab_allocator *slab, uint64_t at, bool tail);
/**
 * Takes the slab out of its place and puts it on top of the CPU's partial list, as a free to a full
 * slab does; the list may be drained. False: nothing in it is free, or its cache has no such lists.
 */
bool slab_follow_to_cpu(struct slab_allocator *slab, unsigned int cpu, uint64_t at);
/** The free object at "addr" becomes the next one of the list it is on. False: it is not free. */
bool slab_follow_first(struct slab_allocator *slab, uint64_t addr);
/** The free object at "addr" was allocated unseen. False: it is not free. */
bool slab_follow_take(struct slab_allocator *slab, uint64_t addr);
/** Two objects of one slab, one live and one free, change roles. False: they are not that. */
bool slab_follow_swap(struct slab_allocator *slab, uint64_t live, uint64_t free);
/**
 * The CPU's own slab has no own free object left, but others freed some to it: all from "addr" on
 * become the CPU's own, those freed after it stay behind. False: that is not how things are.
 */
bool slab_follow_refill(struct slab_allocator *slab, unsigned int cpu, uint64_t addr);
/**
 * The CPU refills its main sheaf of a cache that has them, and buys "nr_new" slabs for it: so its
 * sheaves and the barn were empty, and the node's list did not suffice. What we have there in spite
 * of that was allocated unseen. Returns how many objects are in the sheaf then: less than it holds
 * when pages ran out.
 */
uint32_t slab_follow_sheaf_refill(struct slab_allocator *slab, uint32_t cache, unsigned int cpu,
				  uint32_t gfp, uint32_t nr_new);
/**
 * The same for a sheaf that is prefilled: it is the CPU's spare one, and what lies in the main one
 * and in the barn stays.
 */
uint32_t slab_follow_sheaf_prefill(struct slab_allocator *slab, uint32_t cache, unsigned int cpu,
				   uint32_t gfp);
/** The free object at "addr", in any sheaf, becomes the top of the CPU's spare one. */
bool slab_follow_sheaf_spare(struct slab_allocator *slab, unsigned int cpu, uint64_t addr);
/**
 * The free object at "addr" becomes the top of the CPU's main sheaf. False: it is in no sheaf, and
 * of no slab that the sheaf has objects of.
 */
bool slab_follow_sheaf_first(struct slab_allocator *slab, unsigned int cpu, uint64_t addr);
/**
 * The object that is "depth" below the next one that the CPU would take of what it has in its main
 * and spare sheaf, and below those of the barn; 0: there is none.
 */
uint64_t slab_follow_sheaf_at(const struct slab_allocator *slab, uint32_t cache, unsigned int cpu,
			      uint32_t depth);
/** The object at "addr", in a sheaf, was allocated unseen. False: it is in none. */
bool slab_follow_sheaf_take(struct slab_allocator *slab, uint64_t addr);
/** How many slabs the next allocation on "cpu" would buy; sheaves fill from what nodes have. */
uint32_t slab_follow_sheaf_wants(const struct slab_allocator *slab, uint32_t cache,
				 unsigned int cpu);
/** The top of the CPU's main sheaf goes to its bottom. */
void slab_follow_sheaf_last(struct slab_allocator *slab, uint32_t cache, unsigned int cpu);
/** The live object at "addr" was freed unseen and is now the top of the CPU's main sheaf. */
bool slab_follow_sheaf_push(struct slab_allocator *slab, unsigned int cpu, uint64_t addr);
/**
 * The slab around "at" goes back to the page allocator, whatever is live in it; returns how many
 * objects were. The pages are given back by the ordinary call.
 */
uint32_t slab_follow_discard(struct slab_allocator *slab, unsigned int cpu, uint64_t at);

#endif
