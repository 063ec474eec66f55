/* SPDX-License-Identifier: GPL-2.0-or-later */
/** What the scenarios' machine has above its allocators: pools, and caches of page fragments. */
#ifndef KMREPLAY_SCENARIO_MACHINE_POOLS_H
#define KMREPLAY_SCENARIO_MACHINE_POOLS_H

#include "kmreplay/core/vec.h"
#include "kmreplay/mm/dma_pool.h"
#include "kmreplay/mm/mempool.h"
#include "kmreplay/mm/page_frag.h"

struct calling;
struct scenario_call;
struct scenario_machine;

enum scenario_pool_kind {
	POOL_NONE,  /**< it was destroyed */
	POOL_MEM,   /**< mempool_t */
	POOL_FRAGS, /**< struct page_frag_cache */
	POOL_DMA,   /**< struct dma_pool */
};

struct scenario_pool {
	struct scenario_machine *m;
	enum scenario_pool_kind kind;
	union {
		struct {
			struct mempool *mempool;
			uint64_t what;        /**< cache, size or order of an element */
			unsigned int backend;
			const struct scenario_call *call; /**< that may have to wait */
		};
		struct page_frag_cache frags;
		struct dma_pool *dma;
	};
};

/** A pool's handle is its number + 1; those that were destroyed stay known. */
struct scenario_pools {
	struct mempool_rules mem_rules;
	struct dma_pool_rules dma_rules;
	struct page_frags *frags;
	struct vec(struct scenario_pool *) items;
};

/* calls_pool.c */

/** For the machine "config". */
void scenario_pools_create(struct scenario_machine *m, const struct machine_config *config);
/** NULL is fine. */
void scenario_pools_destroy(struct scenario_pools *pools);
/** A new pool of "kind", which is the call's value. */
struct scenario_pool *scenario_pool_add(struct calling *c, enum scenario_pool_kind kind);
/** The pool that argument "arg" is; NULL: none of that kind, and that was told as a mistake. */
struct scenario_pool *scenario_pool(struct calling *c, unsigned int arg,
				    enum scenario_pool_kind kind);

/* calls_frag.c */

/** Pages for fragments; the context is the machine. */
extern const struct page_frag_ops scenario_frag_ops;

#define SCENARIO_FUNCTIONS_POOLS_(X)                                                          \
	X(mempool_create_slab) X(mempool_create_kmalloc) X(mempool_create_kvmalloc)           \
	X(mempool_create_page) X(mempool_alloc) X(mempool_alloc_preallocated)                 \
	X(mempool_alloc_bulk) X(mempool_free) X(mempool_free_bulk) X(mempool_resize)          \
	X(mempool_destroy) X(mempool_curr_nr) X(mempool_min_nr) X(mempool_nr_used)            \
	X(mempool_is_saturated)                                                               \
	X(frag_init) X(frag_alloc) X(frag_alloc_align) X(frag_free) X(frag_drain) X(frag_pages) \
	X(dma_pool_create) X(dma_pool_alloc) X(dma_pool_free) X(dma_pool_destroy)             \
	X(dma_pool_pages)                                                                     \
	X(memdup) X(strdup) X(strndup) X(asprintf) X(kfree_bulk) X(exact_nid) X(dma_pages)    \
	X(folio_alloc) X(folio_put) /* calls_dup.c */

#endif
