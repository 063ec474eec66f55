/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What /proc/buddyinfo, pagetypeinfo, zoneinfo and debugfs' extfrag/ say, zone by zone, in the
 * order of the file. Zones, migratetypes and counters go by the names that the kernel gives them:
 * which there are, and in which order, differs by release and configuration.
 *
 * Texts belong to the snapshot's arena (or are static).
 */
#ifndef KMREPLAY_PROC_ZONES_H
#define KMREPLAY_PROC_ZONES_H

#include "kmreplay/core/base.h"
#include "kmreplay/core/vec.h"

enum {
	PROC_MAX_ORDERS = 20, /**< more in a file is an error */
	PROC_MAX_TYPES = 16,
	PROC_MAX_ZONE_TYPES = 16, /**< values of "protection" */
};

/** Which zone a row is about. */
struct proc_zone_id {
	int node;
	const char *name; /**< "DMA32" */
};

/** A row of /proc/buddyinfo. */
struct proc_buddy_row {
	struct proc_zone_id zone;
	uint64_t nr_free[PROC_MAX_ORDERS]; /**< blocks of each order */
};

struct proc_buddyinfo {
	unsigned int nr_orders;
	struct vec(struct proc_buddy_row) rows;
};

/** A zone's rows in all tables of /proc/pagetypeinfo. */
struct proc_pagetype_zone {
	struct proc_zone_id zone;
	uint64_t nr_free[PROC_MAX_TYPES][PROC_MAX_ORDERS];
	uint32_t capped[PROC_MAX_TYPES]; /**< bit of the order: ">100000", at least that many */
	uint64_t blocks[PROC_MAX_TYPES]; /**< pageblocks */
	uint64_t mixed[PROC_MAX_TYPES];  /**< "Number of mixed blocks", kernels with page_owner */
};

struct proc_pagetypeinfo {
	unsigned int block_order;
	uint64_t block_pages;
	unsigned int nr_orders, nr_types;
	const char *types[PROC_MAX_TYPES]; /**< "Unmovable", in the file's order */
	bool has_mixed;
	struct vec(struct proc_pagetype_zone) zones;
};

/** A row of extfrag_index or unusable_index. */
struct proc_index_row {
	struct proc_zone_id zone;
	int32_t milli[PROC_MAX_ORDERS]; /**< thousandths; extfrag_index: -1000, too */
};

struct proc_index {
	unsigned int nr_orders;
	struct vec(struct proc_index_row) rows;
};

/** "nr_free_pages 3808" */
struct proc_counter {
	const char *name;
	uint64_t value;
};

/** One CPU's lists, of /proc/zoneinfo; all but the numbers of CPUs in pages. */
struct proc_pageset {
	unsigned int cpu;
	uint64_t count, high, batch;
	uint64_t high_min, high_max; /**< with PROC_ZONE_PCP_LIMITS */
	uint64_t stat_threshold;
};

/** Lines of /proc/zoneinfo that not every release has. */
enum proc_zone_lines {
	PROC_ZONE_BOOST = 1 << 0,      /**< "boost", since 5.14 */
	PROC_ZONE_PROMO = 1 << 1,      /**< "promo", since 6.12 */
	PROC_ZONE_MANAGED = 1 << 2,    /**< "managed", since 3.8 */
	PROC_ZONE_CMA = 1 << 3,        /**< "cma", since 5.12 */
	PROC_ZONE_PCP_LIMITS = 1 << 4, /**< "high_min:", "high_max:" of per-CPU lists: 6.13 */
	PROC_ZONE_HIGHATOMIC = 1 << 5, /**< "reserved_highatomic:", "free_highatomic:": 6.19 */
	PROC_ZONE_THRESHOLD = 1 << 6,  /**< "vm stats threshold:", kernels for several CPUs */
};

/** One zone of /proc/zoneinfo, in pages unless named otherwise. */
struct proc_zone {
	struct proc_zone_id id;
	uint64_t free;
	uint64_t boost;
	uint64_t min, low, high, promo; /**< marks, boost included, as the kernel shows them */
	uint64_t spanned, present, managed, cma;
	unsigned int nr_protection;
	uint64_t protection[PROC_MAX_ZONE_TYPES]; /**< lowmem_reserve */
	bool populated; /**< what follows is there */
	struct vec(struct proc_counter) node_stats; /**< "per-node stats": first zone of a node */
	struct vec(struct proc_counter) counters;   /**< "nr_free_pages" .. "numa_other" */
	struct vec(struct proc_pageset) pagesets;   /**< of each CPU online */
	uint64_t node_unreclaimable;
	uint64_t start_pfn;
	uint64_t reserved_highatomic, free_highatomic;
};

struct proc_zoneinfo {
	unsigned int lines; /**< enum proc_zone_lines: as read, or proc_zoneinfo_lines() */
	struct vec(struct proc_zone) zones;
};

/** The value of the counter "name" among "nr"; false when there is none. */
bool proc_counter_get(const struct proc_counter *counters, size_t nr, const char *name,
		      uint64_t *ret);

#endif
