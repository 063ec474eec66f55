/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Kernel virtual address space: areas of the vmalloc and module ranges, their page tables and the
 * pages of vmalloc() (mm/vmalloc.c). Addresses are numbers; nothing is mapped.
 *
 * Areas are handed out as the kernel does: the lowest range that fits, from a tree whose shape
 * matters, or (since 6.9) from per-node pools of areas freed before. A freed area is lazy: its
 * addresses come back only with a purge, which runs by itself once enough pages are lazy, or when
 * the caller says so.
 */
#ifndef KMREPLAY_MM_VMALLOC_H
#define KMREPLAY_MM_VMALLOC_H

#include "kmreplay/core/error.h"
#include "kmreplay/mm/outcome.h"

struct machine_config;
struct vmalloc;
struct mm_tap;

/** What lies below: pages, and small objects (struct vm_struct, page arrays). */
struct vmalloc_ops {
	/** page_alloc(): addr is the pfn. */
	struct mm_outcome (*page_alloc)(void *ctx, unsigned int cpu, uint32_t gfp,
					unsigned int order, int node);
	/** page_alloc_bulk(): up to "nr" single pages; how many. */
	unsigned int (*page_alloc_bulk)(void *ctx, unsigned int cpu, uint32_t gfp, int node,
					unsigned int nr, uint64_t *pfns);
	/** page_split() */
	void (*page_split)(void *ctx, uint64_t pfn, unsigned int order);
	/** page_free() of a single page. */
	struct mm_outcome (*page_free)(void *ctx, unsigned int cpu, uint64_t pfn);
	/** Optional: a run of "nr" single pages at once (7.2 frees them in large blocks). */
	struct mm_outcome (*page_free_run)(void *ctx, unsigned int cpu, uint64_t pfn, uint64_t nr);
	/** Optional, both or none: kmalloc() and kfree() of the layer's own bookkeeping. */
	struct mm_outcome (*kmalloc)(void *ctx, unsigned int cpu, uint64_t size, uint32_t gfp);
	struct mm_outcome (*kfree)(void *ctx, unsigned int cpu, uint64_t addr);
	/** Optional: page_free() of a block; thread stacks that are no areas need it. */
	struct mm_outcome (*block_free)(void *ctx, unsigned int cpu, uint64_t pfn,
					unsigned int order);
};

/** What "config" says of the vmalloc range makes one; else false and "err". */
MUST_CHECK bool vmalloc_check_config(const struct machine_config *config, struct error *err);
/** Bytes of the vmalloc range of "config"'s machine. */
uint64_t vmalloc_range_size(const struct machine_config *config);
MUST_CHECK struct vmalloc *vmalloc_create(const struct machine_config *config,
					  const struct vmalloc_ops *ops, void *ctx);
/** Forgets everything; gives no page back. NULL is fine. */
void vmalloc_destroy(struct vmalloc *v);
/**
 * Purges run by themselves (true, the start) or only on vmap_purge() and when the addresses run
 * out: a recording that has purge events tells when.
 */
void vmalloc_set_auto_purge(struct vmalloc *v, bool on);
/** Who hears of areas from now on; NULL: nobody. It must outlive the allocator. */
void vmalloc_set_tap(struct vmalloc *v, const struct mm_tap *tap);

/*
 * Areas
 */

/**
 * alloc_vmap_area(): "size" bytes (a multiple of the page size, guard page included) within
 * [vstart, vend], as the event of that name gives them. "align" is a power of two. When the
 * configuration leaves the vmalloc range open, the first request over a range of its size fixes it.
 */
struct mm_outcome vmap_area_alloc(struct vmalloc *v, unsigned int cpu, uint64_t size,
				  uint64_t align, uint64_t vstart, uint64_t vend);
/**
 * free_vmap_area_noflush(): the area that begins at "addr" becomes lazy. Pages that
 * vmalloc_alloc() or vmalloc_populate() put there are freed, too. MM_FAIL_INVALID: no such area.
 */
struct mm_outcome vmap_area_free(struct vmalloc *v, unsigned int cpu, uint64_t addr);
/**
 * Takes the very range [addr, addr + size), for areas that a recording does not show being made.
 * MM_FAIL_NO_SPACE when it is not free.
 */
struct mm_outcome vmap_area_adopt(struct vmalloc *v, uint64_t addr, uint64_t size);

/** The groups of a percpu chunk: areas at fixed distances. */
struct vmap_groups {
	const uint64_t *offsets; /**< from the base */
	const uint64_t *sizes;	 /**< multiples of align */
	unsigned int nr;
	uint64_t align; /**< of the base */
};
/**
 * pcpu_get_vm_areas(): searched from the top of the vmalloc range; addr is the base. Each group is
 * an area of its own at base + offset.
 */
struct mm_outcome vmap_groups_alloc(struct vmalloc *v, unsigned int cpu,
				    const struct vmap_groups *groups);

/** pcpu_free_vm_areas(): what vmap_groups_alloc() gave for the same groups. */
void vmap_groups_free(struct vmalloc *v, unsigned int cpu, uint64_t base,
		      const struct vmap_groups *groups);

/** What a purge did: the fields of purge_vmap_area_lazy. */
struct vmap_purged {
	uint64_t start, end; /**< span of the purged areas; ~0 and 0 when there were none */
	uint64_t nr;	     /**< areas */
};
/** __purge_vmap_area_lazy(): pools decay by a quarter, lazy areas go to their pools or back. */
struct vmap_purged vmap_purge(struct vmalloc *v);
/** The vmap-node shrinker: all pools are emptied. */
void vmap_pools_drain(struct vmalloc *v);

/*
 * vmalloc() and its pages
 */

enum vmalloc_flags {
	VMALLOC_HUGE = 1 << 0,	      /**< VM_ALLOW_HUGE_VMAP: vmalloc_huge, kvmalloc */
	VMALLOC_NO_GUARD = 1 << 1,    /**< VM_NO_GUARD */
	VMALLOC_MODULES = 1 << 2,     /**< in the module range */
	VMALLOC_FLUSH_RESET = 1 << 3, /**< VM_FLUSH_RESET_PERMS: its free purges at once */
	VMALLOC_IOREMAP = 1 << 4,     /**< VM_IOREMAP: aligned to its size, no pages of ours */
};

struct vmalloc_request {
	uint64_t size;	/**< bytes, any */
	uint64_t align; /**< a power of two, or 0 */
	uint32_t gfp;
	int node;	    /**< -1: any */
	unsigned int flags; /**< enum vmalloc_flags */
};

/** __vmalloc_node_range(): area, page array, pages and page tables; all or nothing. */
struct mm_outcome vmalloc_alloc(struct vmalloc *v, unsigned int cpu,
				const struct vmalloc_request *request);
/**
 * vfree() of what vmalloc_alloc() gave; area, pages and all. MM_FAIL_INVALID: no such area, or it
 * was freed already.
 */
struct mm_outcome vmalloc_free(struct vmalloc *v, unsigned int cpu, uint64_t addr);
/**
 * The second half of vmalloc for an area that vmap_area_alloc() gave: request->size bytes of pages
 * at "addr" (size and flags may be those of a huge mapping). Failure leaves the area empty.
 */
struct mm_outcome vmalloc_populate(struct vmalloc *v, unsigned int cpu, uint64_t addr,
				   const struct vmalloc_request *request);

/*
 * Queries
 */

struct vmalloc_stats {
	uint64_t range_start, range_end;     /**< VMALLOC_START, VMALLOC_END (inclusive) */
	uint64_t nr_busy, busy_bytes;	     /**< areas in use, guard pages included */
	uint64_t nr_lazy, lazy_pages;	     /**< freed, not purged; 6.1 merges neighbours */
	uint64_t lazy_max_pages;	     /**< more than these start a purge */
	uint64_t nr_pooled, pooled_bytes;    /**< kept in pools for their sizes */
	uint64_t nr_free, free_bytes;	     /**< free ranges within the vmalloc range */
	uint64_t largest_free;		     /**< largest of them */
	uint64_t nr_pages, peak_pages;	     /**< VmallocUsed, in pages */
	uint64_t nr_pte_pages, nr_pmd_pages; /**< page tables made so far and kept */
	uint64_t nr_allocs, nr_frees, nr_failed;
	uint64_t nr_pool_hits;
	uint64_t nr_fit_full, nr_fit_left, nr_fit_right,
		nr_fit_middle; /**< cuts from free ranges */
	uint64_t nr_purges, nr_purged;
};

/** Figures of this moment. Walks the free ranges. */
void vmalloc_stats(const struct vmalloc *v, struct vmalloc_stats *stats);
/** is_vmalloc_addr(): "addr" is in the vmalloc range, whatever is there. */
bool vmalloc_has_addr(const struct vmalloc *v, uint64_t addr);
/** Page tables made so far, of all levels: what a call made is the difference. */
uint64_t vmalloc_nr_tables(const struct vmalloc *v);
/** A number that is another one whenever an area or a free range has changed. */
uint64_t vmalloc_changes(const struct vmalloc *v);

/** Who asked for an area; above VMAP_USE_RAM it is nobody's to free any more. */
enum vmap_use {
	VMAP_USE_OTHER, /**< a recording says where, not what for; per-CPU chunks */
	VMAP_USE_VMALLOC,
	VMAP_USE_VMAP,
	VMAP_USE_IOREMAP,
	VMAP_USE_STACK, /**< of a thread */
	VMAP_USE_RAM,   /**< vm_map_ram(), an area or a block of them */
	VMAP_USE_KEPT,  /**< a stack that waits for the next thread */
	VMAP_USE_DYING, /**< freed; a worker will do it */
};

/** One area in use. */
struct vmap_area_info {
	uint64_t addr, size; /**< guard page included */
	uint64_t nr_pages;   /**< pages of ours mapped there */
	bool huge;	     /**< by 2 MiB entries */
	enum vmap_use use;
	unsigned int node;   /**< vmap node whose addresses it begins in; 0 without them */
};
/** The busy area at or above "*at", which moves behind it: start with 0. False: no more. */
bool vmap_area_next(const struct vmalloc *v, uint64_t *at, struct vmap_area_info *info);
/** The free range at or above "*at", all address space, in the same manner. */
bool vmap_free_next(const struct vmalloc *v, uint64_t *at, uint64_t *start, uint64_t *end);
/** Vmap nodes: stripes of addresses, each with its own lazy areas; 1: they are not divided. */
unsigned int vmap_nr_nodes(const struct vmalloc *v);
/** The lazy area of vmap node "node" at or above "*at", in the same manner. */
bool vmap_lazy_next(const struct vmalloc *v, unsigned int node, uint64_t *at, uint64_t *start,
		    uint64_t *end);
/** Of the machine. */
unsigned int vmalloc_nr_numa_nodes(const struct vmalloc *v);
/** Free areas of "nr_pages" pages (guard page included) in the pool of "node"; 0 without pools. */
uint64_t vmap_pool_len(const struct vmalloc *v, unsigned int node, unsigned int nr_pages);

/** Verifies trees, lists and counters, and that busy, lazy, pooled and free make up all space. */
MUST_CHECK bool vmalloc_check(const struct vmalloc *v, struct error *err);

#endif
