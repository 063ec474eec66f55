/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Memory pools (mm/mempool.c): a reserve of elements that somebody else allocates, so that whoever
 * may wait gets one always, as long as elements come back.
 *
 * The pool knows no allocator: elements are numbers other than 0 (an address, a struct page *),
 * which its owner's callbacks get and give back.
 */
#ifndef KMREPLAY_MM_MEMPOOL_H
#define KMREPLAY_MM_MEMPOOL_H

#include "kmreplay/core/error.h"
#include "kmreplay/mm/outcome.h"

struct machine_config;
struct mempool;

/** What lies below. */
struct mempool_ops {
	/** An element for "gfp"; addr is its number. "context" is enum page_context. */
	struct mm_outcome (*alloc)(void *ctx, unsigned int cpu, uint32_t gfp, unsigned int context);
	struct mm_outcome (*free)(void *ctx, unsigned int cpu, uint64_t element);
	/** kmalloc() and kfree() of the pool's own memory. Both NULL: it is not asked for. */
	struct mm_outcome (*own_alloc)(void *ctx, unsigned int cpu, uint64_t size, uint32_t gfp);
	struct mm_outcome (*own_free)(void *ctx, unsigned int cpu, uint64_t addr);
	/**
	 * Lets time pass while the caller sleeps: until something was done that may have brought
	 * an element back, at most "ns"; "*passed" is how long it was. False: nothing is left that
	 * will ever be done. It may call all functions of the pool. NULL: time stands still.
	 */
	bool (*wait)(void *ctx, uint64_t ns, uint64_t *passed);
};

/** How long a caller sleeps at most before it tries again. */
#define MEMPOOL_WAIT_NS 5000000000ULL

/** What differs between kernels; one for all pools of a machine. */
struct mempool_rules {
	unsigned int pointer_size, struct_size; /**< bytes: void *, mempool_t */
	bool keeps_one;    /**< 6.17+: a pool of at least 0 elements has one all the same */
	bool preallocated; /**< 6.8+: mempool_alloc_preallocated() */
	bool kvmalloc;     /**< 6.9 .. 6.18: pools of kvmalloc() */
	bool bulk;         /**< 6.19+: mempool_alloc_bulk(), mempool_free_bulk() */
	uint32_t cost_ns, sleep_ns; /**< of the reserve; of going to sleep and being woken */
};
void mempool_rules_init(struct mempool_rules *rules, const struct machine_config *config);

/**
 * mempool_create(): a pool of at least "min_nr" elements, filled with GFP_KERNEL. NULL when there
 * is no memory for it; what it got by then is given back. "*outcome" is the sum of all steps, its
 * addr the kernel's mempool_t, if the pool's own memory is asked for. "rules" and "ctx" must
 * outlive the pool.
 */
MUST_CHECK struct mempool *mempool_create(const struct mempool_rules *rules, unsigned int min_nr,
					  const struct mempool_ops *ops, void *ctx,
					  unsigned int cpu, struct mm_outcome *outcome);
/**
 * mempool_destroy(): gives the reserve back. What is still in use (mempool_stats.nr_used) belongs
 * to nobody from now on, as in the kernel. A bug while somebody waits for an element. NULL is fine.
 */
struct mm_outcome mempool_destroy(struct mempool *pool, unsigned int cpu);
/** Forgets the pool; gives nothing back. NULL is fine. */
void mempool_forget(struct mempool *pool);

/**
 * mempool_alloc(): from the allocator, without waiting for it; from the reserve; from the allocator
 * with all that the mask allows; then it waits for a free and begins anew. Fails only where the
 * mask has no __GFP_DIRECT_RECLAIM, or with FOREVER where the kernel would wait for ever, since
 * nobody is left who could give an element back.
 */
struct mm_outcome mempool_alloc(struct mempool *pool, unsigned int cpu, uint32_t gfp,
				unsigned int context);
/** mempool_alloc_preallocated(): from the reserve or not at all. */
struct mm_outcome mempool_alloc_preallocated(struct mempool *pool);
/** mempool_free(): to the reserve while that is not full. INVALID: not in use. 0: nothing. */
struct mm_outcome mempool_free(struct mempool *pool, unsigned int cpu, uint64_t element);
/**
 * mempool_alloc_bulk(): an element for each of the "nr" that is 0. The reserve is used only when it
 * has all that are missing at once. Fails with FOREVER only; what it got stays in "elements".
 */
struct mm_outcome mempool_alloc_bulk(struct mempool *pool, unsigned int cpu, unsigned int nr,
				     uint64_t *elements);
/**
 * mempool_free_bulk(): the first ones go to the reserve while that is not full; how many did. The
 * others are in use still, and their owner frees them. Ends at one that is not in use.
 */
unsigned int mempool_free_bulk(struct mempool *pool, unsigned int nr, const uint64_t *elements);
/**
 * mempool_resize(): from now on at least "min_nr" elements; more are got at once, as long as there
 * is memory. INVALID for 0; NO_MEMORY where the pool stays as it was.
 */
struct mm_outcome mempool_resize(struct mempool *pool, unsigned int cpu, unsigned int min_nr);

struct mempool_stats {
	unsigned int min_nr;  /**< elements that it is to have */
	unsigned int curr_nr; /**< in reserve */
	unsigned int least_nr; /**< fewest in reserve since it was made */
	unsigned int nr_waiting; /**< calls that sleep now */
	uint64_t nr_used;     /**< elements handed out and not freed */
	uint64_t nr_allocs;   /**< that gave an element */
	uint64_t nr_reserve;  /**< of them from the reserve */
	uint64_t nr_kept;     /**< frees into the reserve */
	uint64_t nr_waits;    /**< times that a caller slept */
	uint64_t waited_ns;
};
void mempool_get_stats(const struct mempool *pool, struct mempool_stats *stats);
/** Element "i" of the reserve, 0 the first that was put there; the last is the next to go. */
uint64_t mempool_reserve_at(const struct mempool *pool, unsigned int i);
/** "element" was handed out and not freed. */
bool mempool_is_used(const struct mempool *pool, uint64_t element);
/** Verifies every invariant; false and "err" with the first breach. */
MUST_CHECK bool mempool_check(const struct mempool *pool, struct error *err);

#endif
