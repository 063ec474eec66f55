/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Physical memory: what the boot log, /proc/iomem and /proc/kpageflags say of it.
 *
 * With "memblock=debug" on the command line the log shows each reservation of boot memory; the
 * state before the option took effect is in the dumps ("MEMBLOCK configuration:") that follow. The
 * reader replays dumps and single lines in their order, up to the moment when all that is not
 * reserved went to the buddy allocator.
 *
 * Addresses are in bytes, "end" is the first one behind. Lists are ascending and do not overlap,
 * but for resources. Texts belong to the snapshot's arena.
 */
#ifndef KMREPLAY_PROC_BOOT_H
#define KMREPLAY_PROC_BOOT_H

#include "kmreplay/core/base.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/proc/memblock_log.h"

struct proc_range {
	uint64_t start, end;
	int node; /**< -1: not said */
};

struct proc_ranges {
	struct proc_range *items;
	size_t nr, cap;
};

/** A line of "Zone ranges:". */
struct proc_zone_limit {
	const char *name;    /**< "DMA32" */
	uint64_t start, end; /**< equal: empty */
};

/** "Freeing initrd memory: 1660K", in the order of the log. */
struct proc_freed {
	const char *what; /**< "initrd", "unused kernel image (initmem)" */
	uint64_t size;    /**< bytes */
};

/** The first chunk of the percpu allocator, of "percpu: Embedded 63 pages/cpu s.. r.. d.. u..". */
struct proc_percpu_line {
	bool known;
	uint64_t pages;  /**< a CPU */
	uint64_t size_static, size_reserved, size_dynamic, unit_size; /**< bytes */
};

struct proc_boot {
	struct vec(struct proc_zone_limit) zones; /**< empty: the log does not say */
	struct proc_ranges memory;   /**< memblock.memory, or "Early memory node ranges", or e820 */
	struct proc_ranges reserved; /**< memblock.reserved when the buddy allocator began */
	bool reserved_known; /**< there was a dump, and each later line: "reserved" is exact */
	struct proc_memblock_log memblock; /**< each call, as far as memblock=debug shows it */
	uint64_t mapped_end;         /**< x86-32: of low memory, in bytes; 0: not said */
	struct proc_ranges cma;      /**< areas that "cma:" or a device tree reserved */
	struct proc_ranges late;     /**< freed behind that moment, where the log gives the place */
	struct vec(struct proc_freed) freed;
	struct proc_range ramdisk;   /**< the initrd as it lies finally; empty: none */
	const char *cmdline;         /**< whole; NULL: not there */
	const char *release;         /**< "6.12.117+deb12-amd64"; NULL: not there */
	unsigned int nr_cpus;        /**< possible; 0: not said */
	unsigned int nr_cpus_online; /**< brought up; 0: not said */
	unsigned int nr_nodes;       /**< 0: not said */
	uint64_t available, total;   /**< bytes, of "Memory: 1K/2K available"; 0: not said */
	bool deferred;               /**< part of struct pages was initialised late */
	bool mobility_off;           /**< "mobility grouping off" */
	struct proc_percpu_line percpu;
};

/** A line of /proc/iomem. */
struct proc_resource {
	uint64_t start, end;
	unsigned int depth; /**< 0: not inside of another one */
	const char *name;   /**< "System RAM", "Kernel code" */
};

struct proc_iomem {
	struct vec(struct proc_resource) rows; /**< in the order of the file */
};

/** What /proc/kpageflags says of a page, as far as it is kept. */
enum proc_page_flags {
	PROC_PAGE_LRU = 1 << 0,
	PROC_PAGE_SLAB = 1 << 1,
	PROC_PAGE_BUDDY = 1 << 2, /**< every page of a free block */
	PROC_PAGE_ANON = 1 << 3,
	PROC_PAGE_MMAP = 1 << 4,
	PROC_PAGE_HEAD = 1 << 5,  /**< of a compound page */
	PROC_PAGE_TAIL = 1 << 6,
	PROC_PAGE_HUGE = 1 << 7,  /**< hugetlb */
	PROC_PAGE_THP = 1 << 8,
	PROC_PAGE_UNEVICTABLE = 1 << 9,
	PROC_PAGE_HWPOISON = 1 << 10,
	PROC_PAGE_NOPAGE = 1 << 11,   /**< no struct page: a hole */
	PROC_PAGE_OFFLINE = 1 << 12,
	PROC_PAGE_PGTABLE = 1 << 13,
	PROC_PAGE_RESERVED = 1 << 14, /**< never was, or is no longer, the buddy allocator's */
	PROC_PAGE_OTHER = 1 << 15,    /**< any other bit */
};

enum { PROC_PAGE_CHUNK = 32768 }; /**< pages that are kept together */

struct proc_page_chunk {
	uint16_t *flags; /**< of PROC_PAGE_CHUNK pages; NULL: all alike */
	uint16_t same;   /**< then these */
};

/** Two bytes a page, or none where 128 MiB of pages are alike, as in holes. */
struct proc_kpageflags {
	uint64_t nr_pages; /**< pfns below have an entry */
	struct vec(struct proc_page_chunk) chunks;
};

/** The flags of "pfn"; PROC_PAGE_NOPAGE behind the last. */
static inline unsigned int proc_page_flags(const struct proc_kpageflags *k, uint64_t pfn)
{
	const struct proc_page_chunk *chunk;

	if (pfn >= k->nr_pages)
		return PROC_PAGE_NOPAGE;
	chunk = &k->chunks.items[pfn / PROC_PAGE_CHUNK];
	return chunk->flags ? chunk->flags[pfn % PROC_PAGE_CHUNK] : chunk->same;
}

/** Adds [start, end) of "node" to the ranges; what they hold already becomes "node"'s. */
void proc_ranges_add(struct proc_ranges *ranges, uint64_t start, uint64_t end, int node);
/** Takes [start, end) out of the ranges. */
void proc_ranges_remove(struct proc_ranges *ranges, uint64_t start, uint64_t end);
/** The range that holds "addr", or NULL. */
const struct proc_range *proc_ranges_find(const struct proc_ranges *ranges, uint64_t addr);

#endif
