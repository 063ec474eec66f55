/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of this room share: the state of one machine's virtual address space. */
#ifndef KMREPLAY_MM_VMALLOC_INTERNAL_H
#define KMREPLAY_MM_VMALLOC_INTERNAL_H

#include "va_tree.h"

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/vmalloc.h"
#include "kmreplay/mm/vmalloc_follow.h"

enum {
	VMAP_PMD_SHIFT = 21, /**< reach of a page of ptes: 2 MiB */
	VMAP_PUD_SHIFT = 30, /**< reach of a page of pmds: 1 GiB */
	VMAP_HUGE_ORDER = VMAP_PMD_SHIFT - KERNEL_PAGE_SHIFT,
	VMAP_NODES_MAX = 128,
	VMAP_POOL_MAX = 256, /**< pages: MAX_VA_SIZE_PAGES */
};

/** Rules that differ between releases. */
struct vmalloc_profile {
	struct kernel_version since;
	bool nodes;		 /**< vmap nodes with pools; else one lazy list, merged */
	bool decay_exact;	 /**< a pool of fewer than 4 keeps all on a partial decay */
	bool large_orders_first; /**< pages by binary decomposition; else bulk and singles */
	bool bulk_nofail;	 /**< __GFP_NOFAIL is passed on to single pages */
	bool pgtable_comp;	 /**< page tables are asked for with __GFP_COMP */
	uint16_t vm_struct_size; /**< bytes */
};

/** What vmalloc() keeps of an area: struct vm_struct and its pages. */
struct va_pages {
	struct vec(uint64_t) pfns;
	uint64_t vm_addr;    /**< of the vm_struct; 0: none asked for */
	uint64_t array_addr; /**< of the page array; 0: none */
	bool array_is_area;  /**< the array is itself vmalloc'd */
	bool huge;
	bool flush_reset;
};

struct vmap_pool {
	struct list_head areas;
	uint64_t nr;
};

struct vmap_node {
	struct va_tree lazy;
	struct vmap_pool pools[VMAP_POOL_MAX]; /**< by pages - 1; of kernels with nodes */
};

/** One page of ptes. */
struct vmap_pte_page {
	uint64_t key; /**< addr >> VMAP_PMD_SHIFT */
	uint64_t pfn;
};

struct vmalloc {
	const struct vmalloc_profile *profile;
	struct vmalloc_ops ops;
	void *ctx;
	struct mm_costs costs;
	enum machine_arch arch;
	unsigned int nr_numa_nodes;
	uint64_t total_pages; /**< of memory */

	uint64_t range_start, range_end; /**< VMALLOC_START, VMALLOC_END (inclusive) */
	bool range_fixed;		 /**< by the configuration or a request */
	uint64_t space_end;		 /**< ULONG_MAX */
	uint64_t modules_start, modules_end;
	bool auto_purge, purge_pending;

	struct va_tree free, busy;
	struct vmap_node *nodes;
	unsigned int nr_nodes;
	uint64_t zone_size; /**< bytes: stripe of addresses that belongs to a node */

	struct u64map pte_pages; /**< addr >> VMAP_PMD_SHIFT to index of ptes */
	struct u64map pmd_pages; /**< addr >> VMAP_PUD_SHIFT; never freed */
	struct vec(struct vmap_pte_page) ptes;

	struct vmalloc_stats stats; /**< the counters; what can be counted is filled on demand */
};

/** An outcome that gave nothing. */
static inline struct mm_outcome vmap_failed(enum mm_failure failure)
{
	return (struct mm_outcome){ .failure = (uint8_t)failure };
}

/** The kworker's turn: the drain work that the last free scheduled. */
void vmap_run_pending(struct vmalloc *v);
/** __purge_vmap_area_lazy(); "full": pools are emptied and not filled (address space ran out). */
struct vmap_purged vmap_purge_lazy(struct vmalloc *v, bool full);
/** Unlinks "va" from the busy ones and makes it lazy. */
struct mm_outcome vmap_make_lazy(struct vmalloc *v, struct va *va);
/** The node that "addr" belongs to: addr_to_node(). */
struct vmap_node *vmap_node_of(const struct vmalloc *v, uint64_t addr);
/** Links [start, start + size), just cut from the free space, as busy. */
struct va *vmap_make_busy(struct vmalloc *v, uint64_t start, uint64_t size);
/** The request is one that the kernel could get: numbers that wrap around are damage. */
bool vmap_call_is_possible(const struct vmap_call *call);
/** The node whose pool serves the request, plus 1; 0: none does. */
uint16_t vmap_call_node(const struct vmalloc *v, const struct vmap_call *call);
/** When the vmalloc range is open yet, "call" may fix it. */
void vmap_learn_range(struct vmalloc *v, const struct vmap_call *call);
/** va_clip() and its count. */
void vmap_clip_free(struct vmalloc *v, struct va *va, uint64_t start, uint64_t size);
/** Frees the pages, the array and the bookkeeping of an area that is gone. */
struct mm_outcome vmap_pages_release(struct vmalloc *v, unsigned int cpu, struct va_pages *pages);
/** Forgets "pages" without giving anything back. */
void vmap_pages_destroy(struct va_pages *pages);

#endif
