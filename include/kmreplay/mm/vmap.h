/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What stands on areas of kernel addresses besides vmalloc(): mappings of pages that are somebody
 * else's, blocks of short-lived ones, device memory, thread stacks, BPF programs; and what is freed
 * not at once but by a worker or after a grace period, which vmalloc_tick() lets run.
 */
#ifndef KMREPLAY_MM_VMAP_H
#define KMREPLAY_MM_VMAP_H

#include "kmreplay/mm/vmalloc.h"

/*
 * Mappings
 */

/** Single pages to be mapped behind each other. */
struct vmap_mapping {
	const uint64_t *pfns; /**< copied if "put_pages", else not looked at */
	uint64_t nr;
	bool put_pages; /**< VM_MAP_PUT_PAGES: vfree() of the area frees them */
};

/** vmap() */
struct mm_outcome vmap_map(struct vmalloc *v, unsigned int cpu, const struct vmap_mapping *mapping);
/**
 * vunmap(): the pages stay. MM_FAIL_INVALID: no such area, or pages hang on it that nobody could
 * free any more.
 */
struct mm_outcome vmap_unmap(struct vmalloc *v, unsigned int cpu, uint64_t addr);
/** ioremap() of "size" bytes at physical address "phys"; addr is where that very byte is. */
struct mm_outcome vmap_io(struct vmalloc *v, unsigned int cpu, uint64_t phys, uint64_t size);
/** iounmap() of any address in the area's first page. */
struct mm_outcome vmap_io_unmap(struct vmalloc *v, unsigned int cpu, uint64_t addr);

/**
 * vm_map_ram() of "nr_pages" pages: from this CPU's blocks, or an area of their own where they are
 * too many for one (MM_PATH_VMAP_BLOCK: room in a block that there was).
 */
struct mm_outcome vmap_ram(struct vmalloc *v, unsigned int cpu, uint64_t nr_pages);
/** vm_unmap_ram(). MM_FAIL_INVALID: not so many pages are mapped there. */
struct mm_outcome vmap_ram_unmap(struct vmalloc *v, unsigned int cpu, uint64_t addr,
				 uint64_t nr_pages);
/** vm_unmap_aliases(): blocks that are used up in part and not mapped any more go, then a purge. */
struct vmap_purged vmap_unmap_aliases(struct vmalloc *v);
/** Modelled cost of a purge that gave back so much, in ns. */
uint64_t vmap_purge_cost(const struct vmalloc *v, const struct vmap_purged *purged);

/*
 * Later
 */

/** vfree_atomic(), and vfree() in an interrupt: the worker of this CPU does it. */
struct mm_outcome vmalloc_free_later(struct vmalloc *v, unsigned int cpu, uint64_t addr);
/**
 * A clock that only goes on shows "now_ns": workers have their turn, and what waited for a grace
 * period that is over. Returns when it wants to be told again.
 */
uint64_t vmalloc_tick(struct vmalloc *v, uint64_t now_ns);
/** Something waits for vmalloc_tick(). */
bool vmalloc_is_waiting(const struct vmalloc *v);

/*
 * Thread stacks
 */

/** alloc_thread_stack_node(): one that this CPU kept (MM_PATH_VMAP_STACK), or a new one. */
struct mm_outcome vmap_stack_alloc(struct vmalloc *v, unsigned int cpu, int node);
/** free_thread_stack() */
struct mm_outcome vmap_stack_free(struct vmalloc *v, unsigned int cpu, uint64_t addr);
/** free_vm_stack_cache(): CPU "cpu" goes offline. */
void vmap_stacks_drop(struct vmalloc *v, unsigned int cpu);
/** THREAD_SIZE, in bytes. */
uint64_t vmap_stack_size(const struct vmalloc *v);

/*
 * BPF programs
 */

/** bpf_prog_pack_alloc(): "size" bytes of executable memory, in steps of 64. */
struct mm_outcome vmap_pack_alloc(struct vmalloc *v, unsigned int cpu, uint64_t size);
/** bpf_prog_pack_free() with the size that was asked for. */
struct mm_outcome vmap_pack_free(struct vmalloc *v, unsigned int cpu, uint64_t addr, uint64_t size);

/*
 * Room
 */

/** Free addresses within bounds, and what was wanted of them. */
struct vmap_room {
	uint64_t wanted, align;       /**< bytes, guard page included; of the address */
	uint64_t start, end;          /**< the bounds, [start, end) */
	uint64_t free_bytes, largest; /**< of all holes; of the largest one */
	uint64_t nr;                  /**< holes */
};
/** What the last request that found no room was up against, as it is now. False: none failed. */
bool vmap_shortage(const struct vmalloc *v, struct vmap_room *room);

#endif
