/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Address ranges for who holds them against a recording: what an allocation would get before it
 * gets it, single steps of what vmap_area_alloc() does at once, and ranges that are made to be what
 * the recorded kernel had.
 */
#ifndef KMREPLAY_MM_VMALLOC_FOLLOW_H
#define KMREPLAY_MM_VMALLOC_FOLLOW_H

#include "kmreplay/mm/vmalloc.h"

/** A call of alloc_vmap_area(), as its event gives it. */
struct vmap_call {
	unsigned int cpu;
	uint64_t size, align, vstart, vend; /**< as for vmap_area_alloc() */
};

/**
 * Where alloc_vmap_area() would put it now; nothing changes. path: MM_PATH_VMAP_POOL or
 * MM_PATH_VMAP_TREE. MM_FAIL_NO_SPACE: nowhere; MM_FAIL_INVALID: no such request can be.
 */
struct mm_outcome vmap_area_choose(const struct vmalloc *v, const struct vmap_call *call);
/** One attempt: vmap_area_alloc() without the purge and the second attempt after a failure. */
struct mm_outcome vmap_area_try(struct vmalloc *v, const struct vmap_call *call);

/**
 * The area that vmalloc_alloc() asks for first: a huge one where it may be. False: no such request
 * can be.
 */
bool vmalloc_area_call(const struct vmalloc *v, unsigned int cpu,
		       const struct vmalloc_request *request, struct vmap_call *call);
/**
 * The pages and page tables of an area that is there, and whose array of pages is: what
 * vmalloc_populate() does behind that, but for keeping the frames: what asks for them is held
 * against a recording. request->size and VMALLOC_HUGE say what is to be backed. MM_FAIL_INVALID: no
 * such area, or it has pages of its own.
 */
struct mm_outcome vmap_area_fill(struct vmalloc *v, unsigned int cpu, uint64_t addr,
				 const struct vmalloc_request *request);
/** The page tables for "nr_pages" pages of somebody else's in the area at "addr". The same. */
struct mm_outcome vmap_area_map(struct vmalloc *v, unsigned int cpu, uint64_t addr,
				uint64_t nr_pages);
/** Where vmap_groups_alloc() would put a chunk; nothing changes. */
struct mm_outcome vmap_groups_choose(const struct vmalloc *v, const struct vmap_groups *groups);

/** What a range of addresses is; of several, the last of these. */
enum vmap_state {
	VMAP_FREE,   /**< in the tree of free ranges */
	VMAP_POOLED, /**< kept in a node's pool */
	VMAP_LAZY,   /**< freed, not purged yet */
	VMAP_BUSY,
	VMAP_OUTSIDE, /**< no addresses that can be had */
};

/**
 * Makes the very range [addr, addr + call->size) an area that "call" got, whatever it was: areas in
 * the way are given back whole, with the pages behind them. "*was": what it was. MM_FAIL_INVALID:
 * outside of the address space, or not whole pages; nothing has changed.
 */
struct mm_outcome vmap_area_force(struct vmalloc *v, const struct vmap_call *call, uint64_t addr,
				  enum vmap_state *was);

/** The range that "addr" lies in, in any state. */
struct vmap_range {
	uint64_t start, end;
	enum vmap_state state;
	unsigned int node; /**< pooled, lazy: whose */
};
/** Walks pools: for people, not for each event. */
struct vmap_range vmap_range_at(const struct vmalloc *v, uint64_t addr);
/** "free", "pooled", ... */
const char *vmap_state_name(enum vmap_state state);

/** Pages that are freed and not purged; and more than this many start a purge. */
uint64_t vmap_lazy_pages(const struct vmalloc *v);
uint64_t vmap_lazy_max(const struct vmalloc *v);
/** The recorded kernel's limit, where it is known: CPUs may be offline. */
void vmap_set_lazy_max(struct vmalloc *v, uint64_t pages);
/** The size of the area in use that begins at "addr", guard page included; 0: there is none. */
uint64_t vmap_area_size(const struct vmalloc *v, uint64_t addr);
/** The purge of a kernel that ran out of addresses: pools are emptied and not filled. */
struct vmap_purged vmap_purge_full(struct vmalloc *v);

#endif
