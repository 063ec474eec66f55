/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Pools of small blocks that devices reach, too (mm/dmapool.c): coherent memory comes in pages, and
 * descriptors are smaller. A page that was got stays until the pool goes.
 */
#ifndef KMREPLAY_MM_DMA_POOL_H
#define KMREPLAY_MM_DMA_POOL_H

#include "kmreplay/core/error.h"
#include "kmreplay/mm/outcome.h"

struct dma_pool;
struct machine_config;

/** What lies below. */
struct dma_pool_ops {
	/** dma_alloc_coherent() and its counterpart: addr is a kernel address, in whole pages. */
	struct mm_outcome (*alloc)(void *ctx, unsigned int cpu, uint64_t size, uint32_t gfp);
	struct mm_outcome (*free)(void *ctx, unsigned int cpu, uint64_t addr, uint64_t size);
	/** kmalloc() and kfree() of the pool's own memory. Both NULL: it is not asked for. */
	struct mm_outcome (*own_alloc)(void *ctx, unsigned int cpu, uint64_t size, uint32_t gfp);
	struct mm_outcome (*own_free)(void *ctx, unsigned int cpu, uint64_t addr);
};

/** What differs between kernels; one for all pools of a machine. */
struct dma_pool_rules {
	bool one_list;               /**< 6.4+: of free blocks, over all pages */
	unsigned int least_size;     /**< bytes of a block */
	unsigned int struct_size, page_struct_size; /**< bytes: struct dma_pool, struct dma_page */
	uint32_t cost_ns;            /**< of a block */
};
void dma_pool_rules_init(struct dma_pool_rules *rules, const struct machine_config *config);

struct dma_pool_args {
	uint64_t size;     /**< bytes of a block; 0: refused */
	uint64_t align;    /**< a power of two, else refused; 0 counts as 1 */
	uint64_t boundary; /**< a power of two that no block crosses; 0: that of its page */
};

/**
 * dma_pool_create(). NULL when the arguments make no sense or there is no memory for it: "*outcome"
 * says. "rules" and "ctx" must outlive the pool.
 */
MUST_CHECK struct dma_pool *dma_pool_create(const struct dma_pool_rules *rules,
					    const struct dma_pool_args *args,
					    const struct dma_pool_ops *ops, void *ctx,
					    unsigned int cpu, struct mm_outcome *outcome);
/**
 * dma_pool_destroy(). Of pages with blocks in use nobody knows any more, since 6.4 of no page of
 * such a pool. NULL is fine.
 */
struct mm_outcome dma_pool_destroy(struct dma_pool *pool, unsigned int cpu);
/** Forgets the pool; gives nothing back. NULL is fine. */
void dma_pool_forget(struct dma_pool *pool);

/** dma_pool_alloc(): addr is the block's kernel address. */
struct mm_outcome dma_pool_alloc(struct dma_pool *pool, unsigned int cpu, uint32_t gfp);
/** dma_pool_free(). INVALID: no block of this pool that is in use. */
struct mm_outcome dma_pool_free(struct dma_pool *pool, uint64_t addr);

struct dma_pool_stats {
	uint64_t size;      /**< bytes of a block, as rounded */
	uint64_t nr_pages;  /**< allocations of coherent memory */
	uint64_t nr_blocks, nr_used;
	uint64_t bytes;     /**< of all pages */
};
void dma_pool_get_stats(const struct dma_pool *pool, struct dma_pool_stats *stats);
/** Verifies every invariant; false and "err" with the first breach. */
MUST_CHECK bool dma_pool_check(const struct dma_pool *pool, struct error *err);

#endif
