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
	X(VMAP_STACK, "stack cache")           /* a thread's, kept by the CPU */              \
	X(VMAP_BLOCK, "vmap block")            /* room in a block of vm_map_ram() */          \
	X(VMAP_TREE, "vmap tree")                                                             \
	X(VMAP_LAZY, "vmap lazy free")                                                        \
	X(VMAP_DEFERRED, "vmap deferred free") /* left to a worker */                         \
	X(VMAP_PURGE, "vmap purge")                                                           \
	X(PERCPU, "percpu chunk")                                                             \
	X(PERCPU_POPULATE, "percpu populate")                                                 \
	X(PERCPU_CREATE, "percpu new chunk")                                                  \
	X(CONTIG, "contiguous range")          /* emptied for one request */                  \
	X(MEMBLOCK, "memblock")                                                               \
	X(POOL_KEEP, "pool refill")            /* a free into a pool's reserve */             \
	X(POOL_RESERVE, "pool reserve")        /* an element out of it */                     \
	X(POOL_WAIT, "pool wait")              /* slept until one came back */                \
	X(FRAGMENT, "page fragment")           /* of a page that was there */                 \
	X(FRAGMENT_FREE, "fragment free")

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
	X(BOOST, "below boosted watermark") /* above the mark, but for its boost */           \
	X(NO_BLOCK, "fragmentation")        /* enough free pages, no block of the order */    \
	X(NO_MEMORY, "no memory")                                                             \
	X(NO_ZONE, "no suitable zone")                                                        \
	X(ORDER, "order too large")                                                           \
	X(NO_SPACE, "address space exhausted")                                                \
	X(FULL, "area full")                /* of CMA */                                      \
	X(INVALID, "invalid request")                                                         \
	X(FOREVER, "waits for ever")        /* and nobody is left who could end it */

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

/** Adds "ns" to the cost, which stops at its largest value instead of wrapping. */
static inline void mm_outcome_cost(struct mm_outcome *outcome, uint64_t ns)
{
	outcome->cost_ns += (uint32_t)MIN(ns, (uint64_t)(UINT32_MAX - outcome->cost_ns));
}

/** "pcp refill" */
const char *mm_path_name(enum mm_path path);
/** "fragmentation" */
const char *mm_failure_name(enum mm_failure failure);

/** X(field, default ns, what costs it): the steps that outcomes are made of, layer by layer. */
#define MM_COSTS(X)                                                                           \
	X(slab_fast, 8, "object from the CPU's own free list or sheaf")                       \
	X(slab_refill, 25, "taking over the free list of the CPU's slab")                     \
	X(slab_cpu_partial, 45, "slab of the CPU's partial list, or a sheaf of the barn")       \
	X(slab_node_partial, 120, "slab from the node's partial list")                        \
	X(slab_new, 250, "laying out a new slab, without its pages")                          \
	X(slab_free_fast, 8, "object back to the CPU's slab or sheaf")                        \
	X(slab_free_slow, 40, "object back to any other slab")                                \
	X(slob_search, 5, "each page and free block that SLOB looks at")                      \
	X(slab_discard, 150, "giving an empty slab up, without its pages")                    \
	X(pcp, 25, "page from or to a per-CPU list")                                          \
	X(pcp_refill_page, 15, "each page that refills a per-CPU list")                       \
	X(zone_lock, 40, "taking a zone's lock")                                              \
	X(buddy_split, 10, "each halving of a block")                                         \
	X(buddy_merge, 12, "each merge with a buddy")                                         \
	X(fallback_search, 60, "looking for a block of another migratetype")                  \
	/* Walks the struct pages of a pageblock. */                                          \
	X(block_claim, 1500, "a pageblock changing its migratetype")                          \
	/* 4 KiB at some 45 GB/s. */                                                          \
	X(zero_page, 90, "each page that is zeroed")                                          \
	X(watermark_slow, 300, "entering the slow path")                                      \
	X(kswapd_wake, 800, "waking kswapd")                                                  \
	X(reclaim_page, 1200, "each page reclaimed by the request itself")                    \
	/* Copies it and shoots down its mappings. */                                         \
	X(compact_page, 2500, "each page moved by the request itself")                        \
	X(oom_kill, 10000000, "killing for memory")                                           \
	/* A level of the tree, mostly a cache miss. */                                       \
	X(vmap_search, 30, "each level of the tree of free ranges")                           \
	X(vmap_pool, 40, "range from a pool")                                                 \
	/* A zeroed page and its hooking in. */                                               \
	X(vmap_page_table, 350, "each page table made")                                       \
	X(vmap_map_page, 8, "each page mapped or unmapped")                                   \
	X(vmap_purge_area, 120, "each area given back by a purge")                            \
	/* An interrupt to every CPU. */                                                      \
	X(tlb_flush, 4000, "flushing the TLBs of all CPUs")                                   \
	X(percpu_search, 50, "looking for room in per-CPU chunks")                            \
	X(percpu_populate_page, 300, "each page put behind a chunk")                          \
	X(percpu_create, 20000, "making a per-CPU chunk")                                     \
	X(pool_reserve, 20, "element to or from a memory pool's reserve")                     \
	/* Off the CPU, and an interrupt to come back. */                                     \
	X(pool_sleep, 5000, "going to sleep for a pool's element, and being woken")         \
	X(fragment, 6, "fragment cut from a page, or given back")

/** Modelled costs in ns; one table a machine. */
struct mm_costs {
#define X(field, ...) uint32_t field;
	MM_COSTS(X)
#undef X
};

/** The default table: orders of magnitude of a 3 GHz server, not a measurement of any machine. */
void mm_costs_init(struct mm_costs *costs);

#endif
