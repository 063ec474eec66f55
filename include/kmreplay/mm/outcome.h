/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What one simulated call did: the address or the failure, the path it took and its modelled cost.
 * An outcome is a value, never an error: a failed allocation is a result of the simulation.
 */
#ifndef KMREPLAY_MM_OUTCOME_H
#define KMREPLAY_MM_OUTCOME_H

#include "kmreplay/core/base.h"

/** X(suffix, name): the paths, cheapest first within a layer. */
#define MM_PATHS(X)                                                                           \
	X(NONE, "none")                                                                       \
	X(SLAB_FAST, "slab fast")              /* cpu freelist */                             \
	X(SLAB_REFILL, "slab refill")          /* cpu slab's own freelist */                  \
	X(SLAB_CPU_PARTIAL, "cpu partial")                                                    \
	X(SLAB_NODE_PARTIAL, "node partial")                                                  \
	X(SLAB_NEW, "new slab")                                                               \
	X(SLAB_FREE_FAST, "free fast")         /* to the cpu slab */                          \
	X(SLAB_FREE_SLOW, "free slow")         /* to another slab */                          \
	X(SLAB_FREE_DISCARD, "free discard")   /* a slab went back to the page allocator */   \
	X(SLAB_SHEAF, "sheaf")                                                                \
	X(SLAB_BARN, "barn")                                                                  \
	X(PCP, "pcp")                          /* per-CPU page list */                        \
	X(PCP_REFILL, "pcp refill")                                                           \
	X(BUDDY, "buddy")                      /* free lists of the own type */               \
	X(FALLBACK, "fallback")                /* another migratetype's block */              \
	X(SLOWPATH, "slow path")               /* min watermark, reserves, kswapd woken */    \
	X(RECLAIM, "direct reclaim")                                                          \
	X(COMPACT, "direct compaction")                                                       \
	X(OOM, "oom")                                                                         \
	X(PCP_FREE, "pcp free")                                                               \
	X(PCP_DRAIN, "pcp drain")                                                             \
	X(BUDDY_FREE, "buddy free")                                                           \
	X(VMAP_POOL, "vmap pool")                                                             \
	X(VMAP_TREE, "vmap tree")                                                             \
	X(VMAP_LAZY, "vmap lazy free")                                                        \
	X(VMAP_PURGE, "vmap purge")                                                           \
	X(PERCPU, "percpu chunk")                                                             \
	X(PERCPU_POPULATE, "percpu populate")                                                 \
	X(PERCPU_CREATE, "percpu new chunk")

enum mm_path {
#define X(suffix, name) MM_PATH_##suffix,
	MM_PATHS(X)
#undef X
	MM_PATH_NR,
};

/** X(suffix, name): why a call gave nothing. */
#define MM_FAILURES(X)                                                                        \
	X(NONE, "ok")                                                                         \
	X(WATERMARK, "below watermark")     /* free pages, but not above the mark */          \
	X(NO_BLOCK, "fragmentation")        /* enough free pages, no block of the order */    \
	X(NO_MEMORY, "no memory")                                                             \
	X(NO_ZONE, "no suitable zone")                                                        \
	X(ORDER, "order too large")                                                           \
	X(NO_SPACE, "address space exhausted")                                                \
	X(INVALID, "invalid request")

enum mm_failure {
#define X(suffix, name) MM_FAIL_##suffix,
	MM_FAILURES(X)
#undef X
	MM_FAIL_NR,
};

struct mm_outcome {
	uint64_t addr;    /**< object, area or percpu address; pfn for pages; 0 on failure */
	uint32_t cost_ns; /**< modelled, from the machine's cost table */
	uint16_t steps;   /**< blocks split, merged or searched, slabs tried: the work behind it */
	uint8_t path;     /**< enum mm_path: the slowest one taken */
	uint8_t failure;  /**< enum mm_failure */
};

static inline bool mm_ok(struct mm_outcome outcome)
{
	return outcome.failure == MM_FAIL_NONE;
}

/** Adds cost and steps of "part", a step on the way, to "sum"; address, path and failure stay. */
void mm_outcome_add(struct mm_outcome *sum, struct mm_outcome part);

/** "pcp refill" */
const char *mm_path_name(enum mm_path path);
/** "fragmentation" */
const char *mm_failure_name(enum mm_failure failure);

/** Modelled costs in ns of the steps that outcomes are made of; one table a machine. */
struct mm_costs {
	uint32_t slab_fast, slab_refill, slab_cpu_partial, slab_node_partial, slab_new;
	uint32_t slab_free_fast, slab_free_slow, slab_discard;
	uint32_t pcp, pcp_refill_page, zone_lock, buddy_split, buddy_merge, fallback_search;
	uint32_t block_claim, zero_page, watermark_slow, kswapd_wake, reclaim_page, compact_page;
	uint32_t oom_kill;
	uint32_t vmap_search, vmap_pool, vmap_page_table, vmap_map_page, vmap_purge_area, tlb_flush;
	uint32_t percpu_search, percpu_populate_page, percpu_create;
};

/** The default table: orders of magnitude of a 3 GHz server, not a measurement of any machine. */
void mm_costs_init(struct mm_costs *costs);

#endif
