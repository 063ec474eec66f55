/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The per-CPU allocator (mm/percpu.c): small areas that exist once for each CPU, at the same
 * offset within a unit of memory per CPU. Units of all CPUs side by side make a chunk; a bitmap
 * with hints says which of its bytes are taken, pages are put behind them when they are needed.
 */
#ifndef KMREPLAY_MM_PERCPU_H
#define KMREPLAY_MM_PERCPU_H

#include "kmreplay/core/error.h"
#include "kmreplay/mm/outcome.h"
#include "kmreplay/mm/vmalloc.h"

struct machine_config;
struct mm_tap;
struct percpu;

/** What lies below. */
struct percpu_ops {
	/** page_alloc() of one page on "node"; addr is the pfn. */
	struct mm_outcome (*page_alloc)(void *ctx, unsigned int cpu, uint32_t gfp, int node);
	/** page_free() of one page. */
	struct mm_outcome (*page_free)(void *ctx, unsigned int cpu, uint64_t pfn);
	/** vmap_groups_alloc(): addr is the chunk's base. */
	struct mm_outcome (*groups_alloc)(void *ctx, unsigned int cpu,
					  const struct vmap_groups *groups);
	/** vmap_groups_free() */
	void (*groups_free)(void *ctx, unsigned int cpu, uint64_t base,
			    const struct vmap_groups *groups);
	/**
	 * pcpu_mem_zalloc(): memory for the books of a chunk, by kmalloc up to a page, else by
	 * vmalloc; and back. NULL: the books are not asked for.
	 */
	struct mm_outcome (*book_alloc)(void *ctx, unsigned int cpu, uint64_t size, uint32_t gfp);
	void (*book_free)(void *ctx, unsigned int cpu, uint64_t addr, uint64_t size);
};

/**
 * How the first chunk was made at boot; the kernel logs it ("percpu: Embedded ..."). Sizes are
 * multiples of 4, their sum at most 1 GiB.
 */
struct percpu_layout {
	uint64_t base;		/**< pcpu_base_addr: unit 0 of the first chunk */
	uint64_t static_size;	/**< s: bytes of static per-CPU variables */
	uint64_t reserved_size; /**< r: for modules' static ones */
	uint64_t dyn_size;	/**< d: for dynamic allocation */
	uint64_t unit_size;	/**< u: 0: pcpu_build_alloc_info()'s choice */
};

/** A percpu unit as "config" wants it can be; else false and "err". */
MUST_CHECK bool percpu_check_config(const struct machine_config *config, struct error *err);
/** The layout of a kernel as Debian builds it for "config"'s machine. */
void percpu_layout_init(struct percpu_layout *layout, const struct machine_config *config);

MUST_CHECK struct percpu *percpu_create(const struct machine_config *config,
					const struct percpu_layout *layout,
					const struct percpu_ops *ops, void *ctx);
/** Forgets everything; gives no page back. NULL is fine. */
void percpu_destroy(struct percpu *p);
/** The balance work runs by itself before the next call (true, the start) or when asked for. */
void percpu_set_auto_balance(struct percpu *p, bool on);
/** Who hears of calls from now on; NULL: nobody. It must outlive the allocator. */
void percpu_set_tap(struct percpu *p, const struct mm_tap *tap);

struct percpu_request {
	uint64_t size;	/**< bytes for each CPU */
	uint64_t align; /**< a power of two, at most a page; 0 counts as 4 */
	uint32_t gfp;	/**< without __GFP_DIRECT_RECLAIM the request is atomic */
	bool reserved;	/**< from the reserved chunk */
};

/** __alloc_percpu_gfp(): addr is the event's base_addr + off. */
struct mm_outcome percpu_alloc(struct percpu *p, unsigned int cpu,
			       const struct percpu_request *request);
/** free_percpu(): MM_FAIL_INVALID when nothing was allocated at "addr". */
struct mm_outcome percpu_free(struct percpu *p, unsigned int cpu, uint64_t addr);

/** The background work runs, if it is due: the call for time that passes (mm/machine.h). */
uint64_t percpu_tick(struct percpu *p, uint64_t now_ns);
/** A request with this mask may not sleep, and is served from pages that are there. */
bool percpu_is_atomic(const struct percpu *p, uint32_t gfp);
/** The address of "addr"'s copy of CPU "cpu": per_cpu_ptr(). 0: no such CPU or chunk. */
uint64_t percpu_address(const struct percpu *p, uint64_t addr, unsigned int cpu);
/**
 * Bytes that an area of "size" costs, as the event says (bytes_alloc): its size for each CPU, and
 * its part of the vector of owners where memory cgroups are charged for objects.
 */
uint64_t percpu_full_size(const struct percpu *p, uint64_t size);
/** pcpu_balance_workfn(): frees, reclaims and populates in the background. */
void percpu_balance(struct percpu *p, unsigned int cpu);

struct percpu_stats {
	uint64_t unit_size;
	uint64_t nr_units;     /**< CPUs that there can be */
	uint64_t nr_chunks;    /**< the first one and the reserved one included */
	uint64_t nr_areas;     /**< allocated areas */
	uint64_t bytes;	       /**< of them, one CPU */
	uint64_t free_bytes;   /**< of all chunks but the reserved one, one CPU */
	uint64_t largest_free; /**< longest free run of them, bytes */
	uint64_t nr_populated; /**< pages of one CPU, first chunk included: Percpu: / CPUs */
	uint64_t nr_empty;     /**< of them, without any allocation (pcpu_nr_empty_pop_pages) */
	uint64_t nr_allocs, nr_atomic, nr_frees, nr_failed;
	uint64_t nr_created, nr_destroyed;
	uint64_t nr_pages_alloced, nr_pages_freed; /**< by populating, all CPUs */
	uint64_t book_bytes; /**< that chunks made later keep their books in */
};
void percpu_stats(const struct percpu *p, struct percpu_stats *stats);

/** One chunk. */
struct percpu_chunk_info {
	uint64_t base, size; /**< size: bytes of one unit that it covers */
	uint64_t free_bytes;
	uint64_t largest_free;		 /**< as its hint says: contig_hint */
	uint64_t nr_populated, nr_empty; /**< pages */
	unsigned int slot;		 /**< list it is in */
	bool immutable, isolated;
};
/** The chunk at or above "*at" by address, which moves behind it: start with 0. */
bool percpu_chunk_next(const struct percpu *p, uint64_t *at, struct percpu_chunk_info *info);
/** Tells "each" of every free run, in bytes, of all chunks but the reserved one. */
void percpu_free_runs(const struct percpu *p, void (*each)(void *ctx, uint64_t size), void *ctx);
/** The free run of chunk "base" that begins at or after byte "*at"; "*at" moves behind it. */
bool percpu_free_next(const struct percpu *p, uint64_t base, uint64_t *at, uint64_t *size);

/** Verifies bitmaps against hints, lists and counters. */
MUST_CHECK bool percpu_check(const struct percpu *p, struct error *err);

#endif
