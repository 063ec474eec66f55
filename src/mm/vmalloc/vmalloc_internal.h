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
#include "kmreplay/mm/vmap.h"

enum {
	VMAP_PMD_SHIFT = 21, /**< reach of a page of ptes: 2 MiB */
	VMAP_PUD_SHIFT = 30, /**< reach of a page of pmds: 1 GiB */
	VMAP_HUGE_ORDER = VMAP_PMD_SHIFT - KERNEL_PAGE_SHIFT,
	VMAP_NODES_MAX = 128,
	VMAP_POOL_MAX = 256, /**< pages: MAX_VA_SIZE_PAGES */
	VMAP_NR_STACKS = 2,  /**< NR_CACHED_STACKS */
};

/* The size that 5-level page tables give the range of x86-64. */
#define VMALLOC_SIZE_LA57 (12800ULL << 40)

/** Where the kernel puts things when the configuration does not say. */
struct vmap_layout {
	enum machine_arch arch;
	unsigned int levels; /**< of page tables; 0: no matter */
	struct kernel_version since;
	uint64_t start, vend; /**< VMALLOC_START, VMALLOC_END: on x86-64 the last byte */
	uint64_t space_end;   /**< ULONG_MAX */
	uint64_t modules_start, modules_end; /**< 0: in the vmalloc range */
	unsigned int block_pages; /**< VMAP_BBMAP_BITS: pages of a block of vm_map_ram() */
	unsigned int block_most;  /**< VMAP_MAX_ALLOC: more get an area of their own */
	unsigned int ioremap_shift; /**< log2 of the largest alignment of ioremap() */
	unsigned int stack_size;    /**< THREAD_SIZE */
	unsigned int stack_align;   /**< THREAD_ALIGN; 0: not VMAP_STACK */
	unsigned int pointer;	    /**< bytes of one */
};

/** Rules that differ between releases. */
struct vmalloc_profile {
	struct kernel_version since;
	bool nodes;		 /**< vmap nodes with pools; else one lazy list, merged */
	bool decay_exact;	 /**< a pool of fewer than 4 keeps all on a partial decay */
	bool large_orders_first; /**< pages by binary decomposition; else bulk and singles */
	bool bulk_nofail;	 /**< __GFP_NOFAIL is passed on to single pages */
	bool pgtable_comp;	 /**< page tables are asked for with __GFP_COMP */
	bool keeps_blocks;	 /**< vm_unmap_aliases() spares blocks a quarter of which is free */
	bool rcu_stacks;	 /**< stacks that no CPU keeps wait for a grace period */
	uint16_t vm_struct_size; /**< bytes */
	uint16_t vmap_block_size; /**< bytes of what describes a block of vm_map_ram() */
};

/** What vmalloc() keeps of an area: struct vm_struct and its pages. */
struct va_pages {
	struct vec(uint64_t) pfns;
	uint64_t vm_addr;    /**< of the vm_struct; 0: none asked for */
	uint64_t array_addr; /**< of the page array; 0: none */
	bool array_is_area;  /**< the array is itself vmalloc'd */
	bool put_pages;      /**< VM_MAP_PUT_PAGES: they were the caller's, and do not count */
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

/** A block of vm_map_ram(): struct vmap_block. Room in it is used once, in ascending order. */
struct vmap_block {
	struct list_head all;   /**< of v->blocks */
	struct list_head queue; /**< its CPU's, while it has room */
	struct va *va;
	uint64_t object;        /**< kmalloc()ed for it; 0: none */
	unsigned int free;      /**< pages that were never used */
	unsigned int dirty;     /**< pages that were used and unmapped */
	uint8_t mapped[];       /**< by page: how many were mapped from there on, and still are */
};

/** A thread stack that a task has left. */
struct vmap_dying {
	uint64_t addr;
	uint64_t due_ns; /**< end of its grace period; 0: not known yet */
};

/** What each CPU keeps. */
struct vmap_cpu {
	struct list_head blocks;           /**< vmap_block_queue: those with room */
	uint64_t stacks[VMAP_NR_STACKS];   /**< cached_stacks; 0: none */
	struct vec(uint64_t) deferred;     /**< vfree_deferred, newest last */
	struct vec(struct vmap_dying) rcu; /**< oldest first */
};

/** BPF programs' memory: struct bpf_prog_pack. */
struct vmap_pack {
	struct list_head link;
	uint64_t addr;
	uint64_t object;  /**< kmalloc()ed for it; 0: none */
	uint64_t nr_used; /**< chunks */
	uint64_t bitmap[];
};

struct vmalloc {
	const struct vmalloc_profile *profile;
	struct vmalloc_ops ops;
	void *ctx;
	const struct mm_tap *tap; /**< NULL: nobody hears of calls */
	struct mm_costs costs;
	enum machine_arch arch;
	unsigned int nr_numa_nodes;
	uint64_t total_pages; /**< of memory */

	const struct vmap_layout *layout;
	uint64_t range_start, range_end; /**< VMALLOC_START, and the last byte of the range */
	uint64_t range_vend;		 /**< VMALLOC_END, which is that or the one behind */
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
	uint64_t nr_tables_made; /**< of both kinds, ever */

	struct vmap_cpu *cpus;
	unsigned int nr_cpus;
	struct list_head blocks;   /**< of vm_map_ram(), oldest first */
	struct list_head packs;    /**< of BPF programs, oldest first */
	struct u64map page_stacks; /**< pfns of stacks in the direct map, to their CPU */
	uint64_t direct_map;
	struct vmap_call refused;  /**< the last request that found no room; size 0: none */

	struct vmalloc_stats stats; /**< the counters; what can be counted is filled on demand */
};

/** An outcome that gave nothing. */
static inline struct mm_outcome vmap_failed(enum mm_failure failure)
{
	return (struct mm_outcome){ .failure = (uint8_t)failure };
}

/* layout.c */

/** The rules of a release; of the newest when it is unknown (0.0). */
const struct vmalloc_profile *vmap_profile_for(struct kernel_version version);
/** Bytes that an object of "size" on 64 bits takes on this machine. */
uint64_t vmap_object_size(const struct vmalloc *v, uint64_t size);
/** The ranges of "config"'s machine. */
void vmap_init_layout(struct vmalloc *v, const struct machine_config *config);

/* tables.c */

/** A mapping on its way: its cost, and the failure to get a page table, go to the outcome. */
struct vmap_mapper {
	struct vmalloc *v;
	unsigned int cpu;
	uint32_t gfp; /**< of the request that the mapping belongs to */
	struct mm_outcome *outcome;
};

/** Maps "nr_pages" from "addr" on, page by page; false: a table is missing. */
bool vmap_map_small(const struct vmap_mapper *m, uint64_t addr, uint64_t nr_pages);
/** The same by entries of 2 MiB, of which both are multiples. */
bool vmap_map_huge(const struct vmap_mapper *m, uint64_t addr, uint64_t nr_pages);

/* blocks.c */

/** Gives fragmented blocks back, or ("all" false) those that are not worth keeping. */
void vmap_purge_blocks(struct vmalloc *v, bool all);
/** The block of "va", which is no more busy, is forgotten. */
void vmap_block_forget(struct vmalloc *v, struct va *va);
MUST_CHECK bool vmap_blocks_check(const struct vmalloc *v, struct error *err);

/* later.c, stacks.c, packs.c */

struct vmap_cpu *vmap_cpu_of(const struct vmalloc *v, unsigned int cpu);
/** vfree_atomic() of what is known to be an area. */
void vmap_defer(struct vmalloc *v, unsigned int cpu, struct va *va);
/**
 * Grace periods that are over by "now_ns": stacks go to their CPU's cache, or are freed later.
 * Returns when the next one is; UINT64_MAX: none.
 */
uint64_t vmap_stacks_expire(struct vmalloc *v, unsigned int cpu, uint64_t now_ns);
MUST_CHECK bool vmap_stacks_check(const struct vmalloc *v, struct error *err);
void vmap_packs_destroy(struct vmalloc *v);
MUST_CHECK bool vmap_packs_check(const struct vmalloc *v, struct error *err);

/* vmalloc.c, purge.c, pages.c */

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
/** __get_vm_area_node(): struct vm_struct and an area; "huge": for entries of 2 MiB. */
struct mm_outcome vmap_get_area(struct vmalloc *v, unsigned int cpu,
				const struct vmalloc_request *request, bool huge);
/** What vmalloc() keeps of "va", made when it has nothing yet. */
struct va_pages *vmap_pages_of(struct va *va);
/** Frees the pages, the array and the bookkeeping of an area that is gone. */
struct mm_outcome vmap_pages_release(struct vmalloc *v, unsigned int cpu, struct va_pages *pages);
/** Forgets "pages" without giving anything back. */
void vmap_pages_destroy(struct va_pages *pages);

#endif
