/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The slab allocator: caches of equal objects (SLUB, mm/slub.c of the kernel), kmalloc() on top of
 * them and large kmalloc() beside them.
 *
 * Objects are addresses in the direct map; nothing stands behind them. Pages come from whoever the
 * creator names in struct slab_page_ops: the simulated page allocator, a recording, a counter.
 * The caller names the CPU that a call runs on; it must be below the machine's nr_cpus.
 *
 * All results are values: a free of something that is no live object gives MM_FAIL_INVALID and
 * changes nothing, so that hostile input can be passed through.
 */
#ifndef KMREPLAY_MM_SLAB_H
#define KMREPLAY_MM_SLAB_H

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/error.h"
#include "kmreplay/mm/outcome.h"
#include "kmreplay/mm/slab_geometry.h"

struct slab_allocator;
struct mm_tap;

/** Where slabs come from and go to. */
struct slab_page_ops {
	/** As page_alloc(): addr of the outcome is the first pfn, below SLAB_PFN_LIMIT. */
	struct mm_outcome (*alloc)(void *ctx, unsigned int cpu, uint32_t gfp, unsigned int order,
				   int node, unsigned int context);
	/** As page_free(). */
	struct mm_outcome (*free)(void *ctx, unsigned int cpu, uint64_t pfn, unsigned int order);
};

#define SLAB_CACHE_NONE UINT32_MAX         /**< no cache: size 0, or above the classes */
#define SLAB_PFN_LIMIT (1ULL << 34)        /**< 64 TiB: what x86-64 can address */
#define SLAB_ZERO_SIZE_PTR 16ULL           /**< what kmalloc(0) returns */
#define SLAB_KMALLOC_MAX_CACHE_SIZE 8192U  /**< larger ones come from the page allocator */
/** KMALLOC_MAX_SIZE: above it kmalloc() fails, without asking for pages. */
#define SLAB_KMALLOC_MAX_SIZE ((uint64_t)KERNEL_PAGE_SIZE << KERNEL_MAX_ORDER)
#define SLAB_MAX_CPU_CACHES (1U << 22)     /**< caches times CPUs: each pair costs some 40 bytes */

/** What "config" says of slabs makes an allocator; else false and "err". */
MUST_CHECK bool slab_check_config(const struct machine_config *config, struct error *err);
/**
 * An allocator with the kmalloc caches of the machine's kernel, or those of "config", which is
 * copied and must have passed slab_check_config(). "ctx" is not copied.
 */
MUST_CHECK struct slab_allocator *slab_create(const struct machine_config *config,
					      const struct slab_page_ops *ops, void *ctx);
/** Forgets everything; no page is given back. NULL is fine. */
void slab_destroy(struct slab_allocator *slab);
/** The address where the machine's direct map begins (no KASLR). */
uint64_t slab_page_offset(const struct slab_allocator *slab);

/* Caches: an id stays valid and is not given twice. */

/**
 * kmem_cache_create(): a new cache, or the id of an older one that it may be merged with.
 * SLAB_CACHE_NONE when no slab can hold such objects.
 */
uint32_t slab_cache_create(struct slab_allocator *slab, const struct slab_cache_args *args);
/**
 * A cache known only by what its events say: stride "size" (bytes_alloc), "object_size"
 * (bytes_req), and of "flags" RECLAIM_ACCOUNT, ACCOUNT and CACHE_DMA. Never merged.
 */
uint32_t slab_cache_by_geometry(struct slab_allocator *slab, const char *name,
				uint32_t object_size, uint32_t size, uint32_t flags);
/**
 * kmem_cache_destroy(): drops one name of the cache; the last one removes it and gives its slabs
 * back, after a grace period. False when objects are live (then only the per-CPU slabs are flushed
 * and empty slabs gone; slab_next_live() names the objects; unlike in the kernel the cache can be
 * destroyed later), for kmalloc caches, and when there is no such cache.
 */
MUST_CHECK bool slab_cache_destroy(struct slab_allocator *slab, uint32_t cache, unsigned int cpu);
/** NULL when there is no such cache (any more). */
const struct slab_geometry *slab_cache_geometry(const struct slab_allocator *slab, uint32_t cache);

/* Objects */

/** kmem_cache_alloc_node() on "node" (-1: any); "context" is enum page_context. */
struct mm_outcome slab_alloc(struct slab_allocator *slab, uint32_t cache, unsigned int cpu,
			     int node, uint32_t gfp, unsigned int context);
/**
 * kmem_cache_free() and kfree(): the slab and the cache are found by the address. NULL and
 * SLAB_ZERO_SIZE_PTR are fine and do nothing.
 */
struct mm_outcome slab_free(struct slab_allocator *slab, unsigned int cpu, uint64_t addr);
/**
 * kmem_cache_alloc_bulk(): "nr" objects into "addrs", all or none; the outcome is that of the
 * slowest step, its addr the first object, its cost the sum.
 */
struct mm_outcome slab_alloc_bulk(struct slab_allocator *slab, uint32_t cache, unsigned int cpu,
				  uint32_t gfp, size_t nr, uint64_t *addrs);
/**
 * kmem_cache_free_bulk() of "cache", or kfree_bulk() when that is SLAB_CACHE_NONE (it matters since
 * 7.0, where only the former goes to sheaves). Returns how many were no live object and skipped.
 */
size_t slab_free_bulk(struct slab_allocator *slab, uint32_t cache, unsigned int cpu, size_t nr,
		      const uint64_t *addrs);
/** The cache of the live or free object slot at "addr"; SLAB_CACHE_NONE: not in a slab. */
uint32_t slab_cache_of(const struct slab_allocator *slab, uint64_t addr);
/** Who hears of calls from now on; NULL: nobody. It must outlive the allocator. */
void slab_set_tap(struct slab_allocator *slab, const struct mm_tap *tap);
/** The object at "addr" is allocated (large kmalloc() included). */
bool slab_is_live(const struct slab_allocator *slab, uint64_t addr);

/* kmalloc() */

/** kmalloc_node() of "size" bytes; path NONE and SLAB_ZERO_SIZE_PTR for 0. */
struct mm_outcome slab_kmalloc(struct slab_allocator *slab, unsigned int cpu, uint64_t size,
			       uint32_t gfp, int node, unsigned int context);
/** kmalloc_slab(): the cache that serves it; SLAB_CACHE_NONE for 0 and above the largest class. */
uint32_t slab_kmalloc_class(const struct slab_allocator *slab, uint64_t size, uint32_t gfp);
/**
 * The cache that serves call site "caller", any number that stands for it, where "cache" is what
 * slab_kmalloc_class() says: with slab_random_kmalloc one of its copies, else itself.
 */
uint32_t slab_kmalloc_copy(const struct slab_allocator *slab, uint32_t cache, uint64_t caller);
/** ksize(): usable bytes behind "addr"; 0 when nothing is allocated there. */
uint64_t slab_ksize(const struct slab_allocator *slab, uint64_t addr);

/**
 * From now on accounted requests (SLAB_ACCOUNT caches, __GFP_ACCOUNT) come from a memory cgroup
 * that is not the root, or no longer do: see config->slab_memcg, which says how it begins.
 */
void slab_memcg_set(struct slab_allocator *slab, bool on);

/* Giving back */

/** flush_cpu_slab() of one cache on one CPU. */
void slab_flush_cpu(struct slab_allocator *slab, uint32_t cache, unsigned int cpu);
/** slub_cpu_dead(): "cpu" went offline; it gives back what it held, newest cache first. */
void slab_cpu_dead(struct slab_allocator *slab, unsigned int cpu);
/**
 * kmem_cache_shrink(), called on "cpu": flushes all CPUs, frees empty slabs, sorts the others. True
 * when some are left.
 */
bool slab_shrink(struct slab_allocator *slab, uint32_t cache, unsigned int cpu);
/**
 * Slabs of SLAB_TYPESAFE_BY_RCU caches wait for a grace period before their pages go back. While
 * deferral is off (the default) the pages go at once; while it is on, they wait for the next
 * slab_rcu_grace(), which returns how many slabs it gave back.
 */
void slab_rcu_defer(struct slab_allocator *slab, bool on);
size_t slab_rcu_grace(struct slab_allocator *slab, unsigned int cpu);

/* Numbers */

/** X(name, help): counters of a cache; the kernel's names of CONFIG_SLUB_STATS where it has one. */
#define SLAB_COUNTERS(X)                                                                      \
	X(alloc_slowpath, "allocations that found nothing on the cpu freelist or in sheaves") \
	X(alloc_refill, "cpu slab refilled from objects freed by other CPUs")                 \
	X(cpu_partial_alloc, "cpu slab taken from the cpu partial list")                      \
	X(alloc_from_partial, "cpu slab taken from a node partial list")                      \
	X(cpu_partial_node, "slabs taken along to the cpu partial list")                      \
	X(alloc_slab, "new slabs")                                                            \
	X(order_fallback, "new slabs of a smaller order than wanted")                         \
	X(alloc_node_mismatch, "cpu slab put off because it is on another node")              \
	X(alloc_failed, "allocations that got no slab")                                       \
	X(free_slowpath, "frees to a slab that is not this CPU's, a run of a bulk as one")    \
	X(free_slow_objects, "the same by objects")                                           \
	X(free_remote, "frees to another CPU's cpu slab")                                     \
	X(cpu_partial_free, "full slabs put on the cpu partial list by a free")               \
	X(free_remove_partial, "slabs taken off a node partial list because they got empty")  \
	X(free_add_partial, "full slabs of debug caches put on a node partial list by a free") \
	X(free_slab, "slabs given back")                                                      \
	X(cpu_partial_drain, "cpu partial lists drained because they were full")              \
	X(cpu_partial_to_node, "slabs moved from a cpu partial to a node partial list")       \
	X(cpuslab_flush, "cpu slabs flushed")                                                 \
	X(deactivate_to_head, "cpu slabs put at the head of a node partial list")             \
	X(deactivate_to_tail, "cpu slabs put at its tail")                                    \
	X(deactivate_bypass, "cpu slabs given up by an allocation because they were full")    \
	X(deactivate_full, "cpu slabs that were full when deactivated")                       \
	X(deactivate_empty, "cpu slabs given back when deactivated")                          \
	X(sheaf_swap, "main and spare sheaf exchanged")                                       \
	X(sheaf_refill, "objects taken from slabs to fill sheaves")                           \
	X(sheaf_flush, "objects given back to slabs to empty sheaves")                        \
	X(barn_get, "sheaves taken from a barn by a CPU")                                     \
	X(barn_put, "full sheaves put into a barn by a CPU")                                  \
	X(array_refill, "objects taken from slabs into CPUs' arrays (SLAB)")                  \
	X(array_flush, "objects of full arrays given to shared ones or slabs (SLAB)")         \
	X(array_reap, "objects of idle arrays given back to slabs (SLAB)")

struct slab_counters {
	uint64_t allocs; /**< objects handed out */
	uint64_t frees;  /**< objects taken back */
#define X(name, help) uint64_t name; /**< help */
	SLAB_COUNTERS(X)
#undef X
};

/** One line of /proc/slabinfo and more. Bytes unless said otherwise. */
struct slab_cache_stats {
	const char *name;            /**< lives as long as the allocator */
	uint32_t flags;              /**< enum slab_flags */
	uint32_t aliases;            /**< other names merged into it */
	struct slab_geometry geometry;
	uint64_t nr_slabs;
	uint64_t num_objs;           /**< object slots in all slabs */
	uint64_t active_objs;        /**< as slabinfo counts: all but the free ones on node lists */
	uint64_t live_objs;          /**< objects allocated and not freed */
	uint64_t partial_slabs;      /**< on node partial lists */
	uint64_t cpu_slabs;          /**< CPUs that hold a cpu slab */
	uint64_t cpu_partial_slabs;  /**< on cpu partial lists */
	uint64_t sheaf_objs;         /**< free objects in sheaves (7.0+), in SLAB's arrays */
	uint64_t shared_objs;        /**< of them in arrays that CPUs share */
	uint64_t free_slabs;         /**< SLAB: on free lists, which are apart from partial ones */
	uint64_t rcu_slabs;          /**< waiting for a grace period; not in nr_slabs */
	uint64_t bytes;              /**< pages of all slabs; SLOB: its share of the heap's pages */
	uint64_t object_bytes, live_bytes; /**< sizes and strides of live objects */
	uint64_t alloc_bytes;        /**< strides of all objects that ever were */
	uint64_t loss_align;         /**< (stride - object size) of live objects */
	uint64_t loss_padding;       /**< what is left at the end of slabs */
	uint64_t loss_free;          /**< free slots; the three add up to bytes - live objects */
	struct slab_counters counters;
};

/** All caches together; what of it is counted now, not so far, is of those not destroyed. */
struct slab_totals {
	uint64_t nr_slabs;
	uint64_t partial_slabs;      /**< on node partial lists */
	uint64_t num_objs, live_objs;
	uint64_t bytes;              /**< pages of all slabs */
	uint64_t live_bytes, alloc_bytes; /**< strides of live objects; of all that ever were */
	uint64_t loss_align, loss_padding, loss_free; /**< as in struct slab_cache_stats */
	struct slab_counters counters;
};

/** Sums over all caches, without a walk over lists or CPUs. */
void slab_totals(const struct slab_allocator *slab, struct slab_totals *totals);
/** All ids are below this. */
uint32_t slab_nr_caches(const struct slab_allocator *slab);
/** Fills "stats"; false when the cache was destroyed. Walks the cache's partial lists. */
MUST_CHECK bool slab_cache_get_stats(const struct slab_allocator *slab, uint32_t cache,
				     struct slab_cache_stats *stats);
/** All counters are 0, as in page_count_anew(); what is in use stays so. */
void slab_count_anew(struct slab_allocator *slab);
/** Adds the numbers of "part" to those of "sum"; its name, flags and geometry stay. */
void slab_cache_stats_add(struct slab_cache_stats *sum, const struct slab_cache_stats *part);
/** Live large kmalloc() objects, and their pages. */
void slab_large_stats(const struct slab_allocator *slab, uint64_t *nr, uint64_t *pages);
/** Pages held for slabs, waiting ones included, and for large kmalloc(). */
uint64_t slab_pages_held(const struct slab_allocator *slab);
/**
 * Verifies every invariant: objects are live or on exactly one free list, each slab in exactly one
 * place, links and counts agree, pages held are pages owned. False with the first breach in "err".
 */
MUST_CHECK bool slab_check(const struct slab_allocator *slab, struct error *err);

#endif
