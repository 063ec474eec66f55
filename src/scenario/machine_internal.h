/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the files of the scenarios' machine share.
 *
 *	machine.c         the host: circumstances, the last call
 *	machine_tell.c    calls and their results in words
 *	machine_blocks.c  page blocks that calls hold, and what becomes of them under pressure
 *	machine_names.c   constants
 *	machine_table.c   the table of functions
 *	machine_has.c     which kernels have them, and those that are not there
 *	calls_ask.c       what a mask permits, how much memory is free
 *	calls_slab.c      kmalloc() and its family, caches
 *	calls_page.c      pages
 *	calls_area.c      vmalloc, kvmalloc
 *	machine_calls.h   what functions say of their calls; machine_parts.h the machine's own files
 *	calls_map.c       what else stands on areas: vmap, ioremap, stacks, modules
 *	calls_percpu.c    per-CPU memory
 *	calls_contig.c    CMA, contiguous ranges, DMA buffers
 *	calls_sg.c        scattered buffers
 *	calls_boot.c      memory at boot; machine_boot.c has the machine: machine_large.h
 *	calls_pool.c      memory pools; calls_frag.c pieces of pages: machine_pools.h
 */
#ifndef KMREPLAY_SCENARIO_MACHINE_INTERNAL_H
#define KMREPLAY_SCENARIO_MACHINE_INTERNAL_H

#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/machine.h"
#include "kmreplay/mm/tap.h"
#include "kmreplay/scenario/machine.h"

#include "machine_large.h"
#include "machine_pools.h"

enum { SCENARIO_NR_SCOPES = 4 };

/** Flags of vmap() that make a difference. */
enum {
	SCENARIO_VM_FLUSH_RESET_PERMS = 0x100,
	SCENARIO_VM_MAP_PUT_PAGES = 0x200,
};

/** The last call, as expectations see it. */
struct last_call {
	struct mm_outcome out;
	enum scenario_type type; /**< of what it gave; NOTHING: of what it freed */
	uint64_t at;             /**< that: address or pfn; 0: nothing */
	bool mistake;            /**< it made no sense, and that was not told yet */
	char why[200];           /**< of a mistake */
	char more[400];          /**< what else there is to say of it, with commas */
	struct scenario_place place;
};

/** What becomes of a block when memory is short. */
enum block_use {
	BLOCK_KERNEL, /**< nothing */
	BLOCK_CACHE,  /**< clean page cache: reclaim may free it */
	BLOCK_ANON,   /**< a task's memory: goes when the OOM killer chooses that task */
};

/** A block of pages that a call got: a struct page * is its number + 1. */
struct page_block {
	uint64_t pfn;  /**< of now: movable blocks move */
	uint64_t nr;   /**< pages */
	uint8_t order;
	uint8_t use;   /**< enum block_use */
	uint8_t from;  /**< enum block_from */
	bool live;
	bool moves;    /**< it could be moved before it was pinned */
	uint32_t nr_pins;
};

/** Of who was interrupted. */
struct interrupted {
	unsigned int context;
	unsigned int scopes[SCENARIO_NR_SCOPES];
	struct last_call last;
	struct scenario_place place;
};

struct scenario_machine {
	const struct scenario_sink *sink;
	void *ctx;
	bool explain;
	struct machine *machine;
	struct page_allocator *pages;
	struct slab_allocator *slab;
	struct vmalloc *vmalloc;
	struct percpu *percpu;
	struct kernel_version kernel;
	enum machine_arch arch;
	unsigned int nr_cpus;
	struct scenario_boot *boot;
	uint64_t dma_mask; /**< last address that the one device there is can reach */
	struct vec(struct scenario_sg) sgs;

	unsigned int cpu;
	unsigned int context;  /**< enum page_context, without scopes */
	unsigned int scopes[SCENARIO_NR_SCOPES]; /**< how often each is open */
	struct vec(struct page_block) blocks; /**< only grows: stale struct page * stay known */
	struct u64map block_at; /**< first pfn of the live ones, to their number */
	struct vec(uint32_t) cache; /**< of use CACHE, oldest first from "cache_first" on */
	size_t cache_first;
	struct scenario_pools *pools;
	struct last_call last;
	struct vec(struct interrupted) interrupted; /**< the latest last */
	struct scenario_totals totals;
	const char *task;        /**< NULL: none was named */
	uint64_t pid;
	struct scenario_place place; /**< of the call that runs, or ran last */
	struct mm_tap tap;
	scenario_tap_fn *tapped; /**< NULL: nobody hears of calls */
	void *tapped_ctx;
	struct str text, detail;
	uint64_t tables_before; /**< vmalloc_nr_tables() before the last call */
};

/** A call on its way: arguments are checked for their types already. */
struct calling {
	struct scenario_machine *m;
	const struct scenario_call *call;
	struct scenario_value *ret;
	struct error *err;
};

/** Makes the call; false and c->err only where it cannot even be made. */
typedef bool scenario_fn(struct calling *c);

/** When a function can be called. */
enum scenario_when { SCENARIO_BOOTED, SCENARIO_BOOTING, SCENARIO_ALWAYS };

struct scenario_row {
	struct scenario_function function;
	scenario_fn *call;
	enum scenario_when when;
	bool query;       /**< asks, neither allocates nor frees */
	const char *note; /**< for the manual; NULL: all of it is modelled */
	struct kernel_version since, last; /**< releases that have it; major 0: no such limit */
	const char *instead; /**< what is used where there is none; NULL: nothing in particular */
};

/* machine.c */

/** enum page_context, with the open scopes. */
unsigned int scenario_context(const struct scenario_machine *m);

#define SCENARIO_FUNCTIONS_(X)                                                                \
	X(kmalloc) X(kzalloc) X(kmalloc_node) X(kzalloc_node) X(kmalloc_array) X(kcalloc)     \
	X(krealloc) X(krealloc_array) X(kfree) X(ksize) X(roundup)                            \
	X(cache_create) X(cache_create_usercopy) X(cache_alloc) X(cache_zalloc)               \
	X(cache_alloc_node) X(cache_free) X(cache_alloc_bulk) X(cache_free_bulk)              \
	X(cache_shrink) X(cache_destroy) X(cache_size) X(slab_objects) X(slab_size)           \
	X(alloc_pages) X(alloc_page) X(alloc_pages_node) X(get_free_pages) X(get_free_page)   \
	X(get_zeroed_page) X(free_pages_page) X(free_page_page) X(free_pages) X(free_page)    \
	X(split_page) X(alloc_exact) X(free_exact) X(alloc_bulk) X(page_to_pfn)               \
	X(page_address) X(virt_to_page) X(pfn_of) X(zone_of) X(node_of_pfn)                    \
	X(vmalloc) X(vzalloc) X(vmalloc_node) X(vmalloc_32) X(vmalloc_user) X(vmalloc_huge)   \
	X(vmalloc_gfp) X(vfree) X(vfree_atomic) X(vrealloc) X(kvmalloc_node)                  \
	X(kvzalloc_node) X(kvrealloc) X(vmap) X(vunmap) X(vm_map_ram) X(vm_unmap_ram)         \
	X(unmap_aliases) X(ioremap) X(iounmap) X(module_alloc) X(execmem_alloc)               \
	X(execmem_free) X(set_memory) X(bpf_alloc) X(bpf_free) X(stack_alloc) X(stack_free)   \
	X(offline_stacks) X(kvmalloc) X(kvzalloc) X(kvmalloc_array) X(kvcalloc)         \
	X(kvfree) X(is_vmalloc) X(percpu) X(percpu_gfp) X(percpu_reserved) X(free_percpu)     \
	X(percpu_counter_init) X(percpu_counter_destroy) X(per_cpu_ptr)                       \
	X(size_mul) X(size_add) X(struct_size) X(cache_add) X(anon_add) X(drop_caches)        \
	X(drain_pages)                                                                        \
	X(gfp_zone) X(gfp_migratetype) X(allow_blocking) X(gfp_context) X(gfp_patience)       \
	X(gfp_depth) X(block_type) X(nr_free) X(totalram) X(min_wmark) X(low_wmark)           \
	X(high_wmark) X(nr_blocks) X(extfrag) X(nr_slabs) X(page_stat) X(last_cost)

#define X(name) scenario_fn scenario_##name;
SCENARIO_FUNCTIONS_(X)
SCENARIO_FUNCTIONS_LARGE_(X)
SCENARIO_FUNCTIONS_POOLS_(X)
#undef X

#include "machine_calls.h"
#include "machine_parts.h"

#endif
