/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A naive page allocator to hold the real one against: an array of frames, lists that are arrays,
 * everything searched for. It shares no code with src/mm, only the tables that say which rules a
 * release has, and knows neither kswapd nor reclaim, compaction or OOM kills: a request is refused
 * where those would begin.
 */
#ifndef KMREPLAY_TESTS_NAIVE_PAGES_H
#define KMREPLAY_TESTS_NAIVE_PAGES_H

#include "kmreplay/abi/gfp.h"
#include "kmreplay/abi/kernel.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/profile.h"

enum {
	NAIVE_ORDERS = 11,
	NAIVE_BLOCK = 9, /**< pageblock order */
	NAIVE_CPUS = 4,
	NAIVE_ZONES = 12,
	NAIVE_LISTS = 15,
};
#define NAIVE_NONE UINT64_MAX

/** Blocks by first frame; the last one is taken first. */
struct naive_list {
	uint32_t *frames;
	uint32_t nr, room;
};

enum naive_state { NAIVE_REST, NAIVE_FREE, NAIVE_PCP, NAIVE_USED };

/** Told of the first frame of each block; all others are NAIVE_REST. */
struct naive_frame {
	uint8_t state, order;
	uint8_t type; /**< of its list; in use: as asked for */
	uint8_t zone;
};

struct naive_pcp {
	struct naive_list lists[NAIVE_LISTS];
	int count, high, high_min, high_max, batch;
	int free_count, free_factor, alloc_factor;
	bool freed_high_order;
	int stat; /**< free pages that are not booked yet */
};

struct naive_zone {
	int node;
	enum zone_type type;
	uint32_t start, end; /**< span */
	struct naive_list free[NAIVE_ORDERS][MIGRATE_NR];
	struct naive_pcp pcp[NAIVE_CPUS];
	int64_t nr_free, booked;
	uint64_t managed, reserved; /**< reserved: pages of HIGHATOMIC blocks */
	/* What the real one says of itself; kept as it is. */
	uint64_t mark[4], reserve[ZONE_NR];
	int threshold;
	bool below_high;
};

struct naive {
	const struct page_profile *rules;
	uint64_t base;       /**< pfn of frame 0 */
	uint32_t nr_frames;
	struct naive_frame *frames;
	uint8_t *block_types;
	struct naive_zone zones[NAIVE_ZONES];
	unsigned int nr_zones, nr_nodes, nr_cpus;
	bool use_pcp, is_32bit;
	unsigned int cpu;    /**< that runs */
};

struct page_allocator;

/** All of "config"'s memory free, zones and limits as "pa", just created from it, has them. */
void naive_init(struct naive *n, const struct machine_config *config,
		const struct page_allocator *pa);
void naive_deinit(struct naive *n);

/** A pfn, or NAIVE_NONE. "node" -1: the CPU's. Masks that may sleep need __GFP_NORETRY. */
uint64_t naive_alloc(struct naive *n, uint32_t gfp, unsigned int order, int node);
void naive_free(struct naive *n, uint64_t pfn, unsigned int order);
unsigned int naive_bulk(struct naive *n, uint32_t gfp, int node, unsigned int nr, uint64_t *pfns);
/** Cuts the block out of the free lists; false: not free as a whole. */
bool naive_reserve(struct naive *n, uint64_t pfn, unsigned int order);
void naive_drain(struct naive *n);
void naive_split(struct naive *n, uint64_t pfn, unsigned int order);

#endif
