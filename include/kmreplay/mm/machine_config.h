/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a machine is made of: plain numbers that options, a configuration file or a recording fill
 * in. A field that says "auto" takes the kernel's own rule when it is left at its default.
 */
#ifndef KMREPLAY_MM_MACHINE_CONFIG_H
#define KMREPLAY_MM_MACHINE_CONFIG_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/base.h"
#include "kmreplay/core/error.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/outcome.h"

/** Bytes of a text of slab_debug=, with its end. */
enum { MACHINE_SLAB_DEBUG_SIZE = 256 };

/** A run of page frames that the buddy allocator owns: [start, end). */
struct machine_range {
	uint64_t start, end;
	int node;
};

/**
 * A range of a CMA area, [start, end) in whole pageblocks of one zone. Areas of several ranges have
 * them behind each other.
 */
struct machine_cma {
	uint64_t start, end;
	unsigned int order_per_bit; /**< log2 of the pages that its bitmap tells apart */
	uint32_t area;              /**< ranges of one area have the same number */
};

/** slub_max_order: what mm/slub.c and its relatives take when the command line says nothing. */
#define SLAB_ORDER_AUTO UINT32_MAX

struct page_profile;
struct page_start;

enum machine_arch {
	ARCH_X86_64,
	ARCH_X86_32, /**< zones DMA, Normal (lowmem, 896 MiB), HighMem */
	ARCH_ARM64,
	ARCH_NR,
};

/** First pfn of HighMem on x86-32 unless told: 880 MiB, what a 686-pae kernel maps for good. */
enum { MACHINE_LOWMEM_END_32 = 0x36ffe };
/** VMALLOC_END of such a kernel, and VMALLOC_OFFSET: what is left free below VMALLOC_START. */
#define MACHINE_VMALLOC_END_32	  0xfeffe000ULL
#define MACHINE_VMALLOC_OFFSET_32 (8ULL << 20)

struct machine_config {
	struct kernel_version kernel; /**< picks the profile: the nearest one is taken */
	/** The page allocator's rules, the caller's; NULL: those of "kernel". For experiments. */
	const struct page_profile *page_profile;
	enum machine_arch arch;
	unsigned int nr_cpus;
	unsigned int nr_nodes; /**< each with memory; CPUs are dealt out in equal runs */
	struct vec(struct machine_range) ranges; /**< ascending, not overlapping */
	/** CMA areas by place, inside the ranges; empty: none. */
	struct vec(struct machine_cma) cma;
	/** cma=: pages of one area more, placed as the kernel does; 0: none. */
	uint64_t cma_pages;
	/** What was in use at the start (page_start.h), the caller's; NULL: all memory is free. */
	const struct page_start *start;
	/**
	 * First pfn behind the zone; 0: the architecture's, or the other one's where that is in the
	 * way. A zone without memory is not there: requests for it go to lower zones, or fail.
	 */
	uint64_t dma_end, dma32_end; /**< x86-32 has no DMA32 */
	/** x86-32: first pfn of HighMem, up to 4 GiB; 0: 880 MiB, or what vmalloc_size leaves. */
	uint64_t lowmem_end;
	/**
	 * movablecore=: pages of zone Movable over all nodes, less than all memory; 0: none. As the
	 * kernel does it: cut out of the top of the highest zone (at most all of that), so that all
	 * nodes keep equal shares for the kernel; edges are rounded to 4 MiB.
	 */
	uint64_t movable_pages;
	uint64_t seed;

	/* GFP policy: what a request's mask may bring about. All true: as the kernel. */
	/**
	 * Background reclaim runs when it is woken. False: as if kswapd never got to run, so nor do
	 * kcompactd, which is woken by the same requests, and boosts, which only kswapd works off.
	 */
	bool kswapd;
	/**
	 * Requests that may sleep reclaim themselves. False: they wait for kswapd, as long as it
	 * makes progress; without kswapd they go on as if there were nothing to reclaim.
	 */
	bool direct_reclaim;
	bool direct_compaction; /**< requests that may sleep and start I/O compact themselves */
	/**
	 * __GFP_HIGH and non-blocking requests go below min, and the latter take HIGHATOMIC blocks
	 * as a last resort. The rights of PF_MEMALLOC and __GFP_NOFAIL are not meant.
	 */
	bool atomic_reserves;
	bool highatomic; /**< pageblocks are set aside for high-order atomic requests */
	bool oom_kill;   /**< a request that cannot fail gets memory by killing; false: it fails */
	bool nofragment; /**< other zones are tried before types are mixed (ALLOC_NOFRAGMENT) */
	/**
	 * vm.extfrag_threshold, 0..1000; 500: blocks of more than 8 pages are made by compaction
	 * only where the zone's fragmentation index is above it. 1000: never.
	 */
	unsigned int extfrag_threshold;

	/* Page allocator */
	int64_t min_free_kbytes;              /**< -1: auto (init_per_zone_wmark_min) */
	unsigned int watermark_scale_factor;  /**< 1/10000 of a zone; 10 */
	unsigned int watermark_boost_factor;  /**< 1/10000 of the high mark; 15000; 0: no boost */
	bool thp;                             /**< huge pages raise min_free_kbytes; true */
	unsigned int pageblock_order;         /**< 9 */
	bool mobility_grouping;               /**< migratetypes kept apart; true */
	bool pcp;                             /**< per-CPU page lists; true */
	int pcp_batch;                        /**< pages; -1: auto */
	int pcp_high;                         /**< pages; -1: auto */
	unsigned int lowmem_reserve_ratio[ZONE_NR];

	/* Slab */
	int slab_design;                             /**< enum slab_design; -1: the kernel's */
	unsigned int slub_min_order;                 /**< 0 */
	unsigned int slub_max_order;                 /**< SLAB_ORDER_AUTO: the design's */
	unsigned int slub_min_objects;               /**< 0: auto */
	int slub_cpu_partial;                        /**< objects; -1: auto */
	int slub_min_partial;                        /**< slabs; -1: auto */
	/**
	 * Caches alike share slabs; true. False, as slab_nomerge: in a replay, too, objects of
	 * kmem_cache_create()d caches that the recording shows in a kmalloc cache get one apart
	 * from it; what was merged among the former alone, a recording cannot tell.
	 */
	bool slab_merge;
	/**
	 * Accounted requests come from a memory cgroup that is not the root, so that slabs have
	 * vectors of owners (5.9+); false. A recording of such a machine shows its vectors as
	 * kmalloc(), which stay in a replay whatever this says: true is for those that show none.
	 */
	bool slab_memcg;
	/** Caches that ask for it have objects aligned to cache lines; true. */
	bool slab_hwcache_align;
	/** slab_debug=, see mm/slab_debug.h; "": none. */
	char slab_debug[MACHINE_SLAB_DEBUG_SIZE];
	/**
	 * RANDOM_KMALLOC_CACHES: ordinary kmalloc() classes have 16 copies each, and a call site
	 * uses one of them, which chance decides; false.
	 */
	bool slab_random_kmalloc;
	/** SLAB_BUCKETS: what a recording shows in sets of caches of its own has them; true. */
	bool slab_buckets;
	/**
	 * Sizes of kmalloc() caches in bytes, ascending, multiples of 8 up to 8192; empty: the
	 * kernel's. They hold for all types (cg, rcl, dma). Larger requests go to the page
	 * allocator. Owned by the configuration; allocators copy it.
	 */
	struct vec(uint32_t) kmalloc_classes;

	/* Address spaces */
	/** x86-64: 4 or 5; arm64: 4 (48 bits) or 3 (39 bits); 0: 4. x86-32: no matter. */
	unsigned int page_table_levels;
	/**
	 * The vmalloc range, in whole pages, above the direct map; 0: the architecture's. Requests
	 * of a recording over the recorded vmalloc range are made over this one if either is set.
	 */
	uint64_t vmalloc_start, vmalloc_size;
	uint64_t percpu_unit_size; /**< bytes, whole pages, what boot takes .. 1 GiB; 0: auto */

	struct mm_costs costs;
};

/** The defaults of a kernel "version" on "arch", with no memory and one CPU yet. */
void machine_config_init(struct machine_config *config, struct kernel_version version,
			 enum machine_arch arch);
void machine_config_deinit(struct machine_config *config);
/** "ret" becomes one of its own: its lists are copies. What "start" points to stays shared. */
void machine_config_copy(struct machine_config *ret, const struct machine_config *config);
/** Single numbers that no machine has; false and "err". Rooms check what they make of the rest. */
MUST_CHECK bool machine_config_check(const struct machine_config *config, struct error *err);
/** Where the kernel's direct map begins on "arch" (no KASLR), and how far it may reach. */
uint64_t machine_direct_map(enum machine_arch arch);
uint64_t machine_direct_map_end(const struct machine_config *config);
/** Where it begins with that machine's depth of page tables. */
uint64_t machine_direct_map_of(const struct machine_config *config);
/** x86-32: first pfn of HighMem; "vmalloc=" takes from lowmem what it needs. */
uint64_t machine_lowmem_end(const struct machine_config *config);
/** Adds memory; ranges are to be added in ascending order. */
void machine_config_add_range(struct machine_config *config, uint64_t start_pfn, uint64_t end_pfn,
			      int node);

#endif
