/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The page allocator: zones, free areas by order and migratetype, per-CPU page lists, watermarks,
 * fallback and the slow path (mm/page_alloc.c of the kernel).
 *
 * Pages are numbers (pfn); nothing stands behind them. The caller names the CPU that the call runs
 * on, since per-CPU lists decide which page it gets.
 */
#ifndef KMREPLAY_MM_PAGE_H
#define KMREPLAY_MM_PAGE_H

#include "kmreplay/abi/gfp.h"
#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/error.h"
#include "kmreplay/mm/outcome.h"
#include "kmreplay/mm/page_stats.h"
#include "kmreplay/mm/profile.h"

struct page_allocator;
struct mm_tap;
struct machine_config;

/**
 * What the allocator asks of its owner under memory pressure. Any pointer may be NULL. A callback
 * may free pages (page_free); it must not allocate.
 */
struct page_ops {
	/** Compaction moved an allocated movable block: its number is "new_pfn" from now on. */
	void (*moved)(void *ctx, uint64_t old_pfn, uint64_t new_pfn, unsigned int order);
	/** Frees about "nr_pages" reclaimable pages that "gfp" could use; returns how many. */
	uint64_t (*reclaim)(void *ctx, uint64_t nr_pages, uint32_t gfp);
	/** The OOM killer: frees what a victim held; returns pages freed, 0: no victim. */
	uint64_t (*oom)(void *ctx, uint32_t gfp);
};

/**
 * The machine's memory as the kernel hands it over at boot: all of "config"'s ranges free, per-CPU
 * lists empty, watermarks set. "config" is not kept; "ops" (may be NULL) and "ctx" must outlive
 * the allocator. NULL and "err" when the configuration makes no machine.
 */
MUST_CHECK struct page_allocator *page_allocator_create(const struct machine_config *config,
							const struct page_ops *ops, void *ctx,
							struct error *err);
/** "pa" may be NULL. */
void page_allocator_destroy(struct page_allocator *pa);
/** The rules in force; its name says which release they are from. */
const struct page_profile *page_allocator_profile(const struct page_allocator *pa);
/** Counters since creation or page_count_anew(); yours to read until the next call. */
const struct page_stats *page_allocator_stats(const struct page_allocator *pa);
/** All counters are 0: what was done so far made the machine, what comes now is its work. */
void page_count_anew(struct page_allocator *pa);

/** Circumstances of a request that its mask does not tell. */
enum page_context {
	PAGE_CTX_IRQ = 1 << 0,      /**< hardirq or softirq */
	PAGE_CTX_MEMALLOC = 1 << 1, /**< PF_MEMALLOC: reclaim itself, kswapd, a noreclaim scope */
	/* Scopes that a task has opened, e.g. memalloc_nofs_save(): see gfp_apply_scopes(). */
	PAGE_CTX_NOIO = 1 << 2,
	PAGE_CTX_NOFS = 1 << 3,
	PAGE_CTX_PIN = 1 << 4,
	PAGE_CTX_SCOPES = PAGE_CTX_NOIO | PAGE_CTX_NOFS | PAGE_CTX_PIN,
	PAGE_CTX_SOFTIRQ = 1 << 5,  /**< with IRQ: it is a softirq */
	PAGE_CTX_REALTIME = 1 << 6, /**< a real-time or deadline task */
	PAGE_CTX_VICTIM = 1 << 7,   /**< the OOM killer has chosen it */
};

/** alloc_pages(): "order" pages on "node" (-1: any), asked for on "cpu". addr is the first pfn. */
struct mm_outcome page_alloc(struct page_allocator *pa, unsigned int cpu, uint32_t gfp,
			     unsigned int order, int node, unsigned int context);
/**
 * page_is_pfmemalloc(): the last page_alloc() got its block from below all marks, by a right that
 * only those have who free memory with it.
 */
bool page_was_pfmemalloc(const struct page_allocator *pa);
/** free_pages(): gives back the block that begins at "pfn"; a bug if it is not allocated so. */
struct mm_outcome page_free(struct page_allocator *pa, unsigned int cpu, uint64_t pfn,
			    unsigned int order);
/**
 * 2^order single pages, neighbours from "pfn" on (a multiple of that), are given back as the one
 * block that they make (free_pages_bulk() and free_contig_range() of 7.0 on).
 */
void page_free_run(struct page_allocator *pa, unsigned int cpu, uint64_t pfn, unsigned int order);
/**
 * alloc_pages_bulk(): up to "nr" order-0 pages from this CPU's list into "pfns" (which may be NULL
 * entries beyond the result); returns how many. No outcome event of its own.
 */
unsigned int page_alloc_bulk(struct page_allocator *pa, unsigned int cpu, uint32_t gfp, int node,
			     unsigned int nr, uint64_t *pfns);
/**
 * Takes the particular block out of the free lists: what was in use before a recording began. It
 * is then allocated. False when not all of it is one free piece of memory.
 */
bool page_reserve(struct page_allocator *pa, uint64_t pfn, unsigned int order);
/**
 * Follow mode: allocates exactly the block at "pfn" for "gfp", wherever it is: the lists of "cpu",
 * of another CPU, or the middle of a free block (whose rest goes back as the kernel splits, after
 * the pageblock has changed its type where a fallback does that). False when it isn't free;
 * nothing is changed then.
 */
bool page_alloc_at(struct page_allocator *pa, unsigned int cpu, uint32_t gfp, uint64_t pfn,
		   unsigned int order);
/** Who hears of calls from now on; NULL: nobody. It must outlive the allocator. */
void page_set_tap(struct page_allocator *pa, const struct mm_tap *tap);
/** Nobody asks for anything for "ns": a kswapd that is awake works on, as far as that suffices. */
void page_idle(struct page_allocator *pa, uint64_t ns);
/**
 * A clock that only goes on shows "now_ns": each second every CPU books its counters, lowers the
 * limits of its lists and gives back what lies idle there (vmstat_update()). Returns when it wants
 * to be told again.
 */
uint64_t page_tick(struct page_allocator *pa, uint64_t now_ns);
/** drain_all_pages(): gives all per-CPU pages back to the buddy lists. */
void page_drain_all(struct page_allocator *pa);
/** split_page(): the block becomes 2^order single pages, each to be freed alone. */
void page_split(struct page_allocator *pa, uint64_t pfn, unsigned int order);
/**
 * The block that "pfn" heads is never moved from now on: its owner would not find it again. True:
 * it could have been moved before.
 */
bool page_pin(struct page_allocator *pa, uint64_t pfn);
/** It may be moved again: the other way round, for a movable block that was pinned. */
void page_unpin(struct page_allocator *pa, uint64_t pfn);
/** "pfn" is allocated and heads a block; "*order" says which. */
bool page_is_allocated(const struct page_allocator *pa, uint64_t pfn, unsigned int *order);
/** "pfn" is free: in the buddy lists, alone or inside a block, or in a per-CPU list. */
bool page_is_free(const struct page_allocator *pa, uint64_t pfn);
/** Pages that the allocator manages. */
uint64_t page_total(const struct page_allocator *pa);
/** Pages in the buddy lists and in per-CPU lists. */
uint64_t page_free_total(const struct page_allocator *pa);

/**
 * Verifies every invariant: list links, states and types, no overlap, full merging, counts per
 * list, CPU and zone, conservation. Walks all touched memory. False and "err": a bug in kmreplay.
 */
bool page_check(const struct page_allocator *pa, struct error *err);
/** Conservation and per-CPU counts only; cheap enough to be run after each event. */
bool page_check_quick(const struct page_allocator *pa, struct error *err);

#endif
