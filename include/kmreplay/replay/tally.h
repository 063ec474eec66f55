/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a replay counts: outcomes by call and path, failures, memory by owner, and fragmentation of
 * each zone over time. Plain numbers that a report reads; nothing here prints.
 */
#ifndef KMREPLAY_REPLAY_TALLY_H
#define KMREPLAY_REPLAY_TALLY_H

#include "kmreplay/abi/gfp.h"
#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/outcome.h"
#include "kmreplay/repair/repair.h"
#include "kmreplay/stats/hist.h"

/** X(suffix, key, name): what became of an event in the replay; each has exactly one of these. */
#define REPLAY_VERDICTS(X)                                                                    \
	X(DONE, "done", "carried out")                                                        \
	X(FAILED, "failed", "failed here only")         /* succeeded when recorded */         \
	X(FAILED_BOTH, "failed_both", "failed here and when recorded")                        \
	X(RECOVERED, "recovered", "failed when recorded only")                                \
	X(EXPLAINED, "explained", "explained by a simulated layer") /* owned page events */   \
	X(NOT_HERE, "free_of_failed", "frees of what failed here")                            \
	X(RECLAIMED, "free_of_reclaimed", "frees of pages reclaimed here")                    \
	X(UNSEEN, "free_of_unseen", "frees of what was never seen allocated")                 \
	X(COUNTED, "not_simulated", "layer not simulated") /* accounted only */               \
	X(SKIPPED, "skipped", "no request, or nothing to replay")

enum replay_verdict {
#define X(suffix, key, name) VERDICT_##suffix,
	REPLAY_VERDICTS(X)
#undef X
	VERDICT_NR,
};

/** One kind of failure and how often it came. */
struct replay_failure {
	uint64_t nr;         /**< requests that failed so */
	uint64_t nr_pages;   /**< pages they asked for, or slabs' pages */
	uint64_t first_time; /**< recording's clock */
	uint64_t first_event;
	uint64_t free_pages; /**< free in the machine at the first of them */
	uint32_t gfp;
	uint32_t site;       /**< canonical call site; 0: none in the recording */
	uint8_t call;        /**< enum repair_call */
	uint8_t order;
	uint8_t reason;      /**< enum mm_failure */
	uint8_t recorded;    /**< it failed when recorded, too */
};

/** An index (0..1000, extfrag_index -1000..1000) of one zone and order. */
struct replay_index {
	int32_t end, worst;
	int64_t sum;         /**< over samples; mean = sum / samples */
	uint64_t worst_time;
};

struct replay_zone {
	int node;
	uint8_t type;     /**< enum zone_type */
	uint64_t managed; /**< pages */
	uint64_t free_end, free_min;
	uint64_t free_min_time;
	uint64_t blocks_end[KERNEL_NR_ORDERS]; /**< free blocks, per-CPU lists not included */
	struct replay_index unusable[KERNEL_NR_ORDERS];
	struct replay_index extfrag[KERNEL_NR_ORDERS];
};

/** Huge pages (of a pageblock's order) that could be had at once. */
struct replay_huge {
	uint64_t end, least;                 /**< free blocks */
	uint32_t available_end, available_least; /**< huge_availability, 0..1000 */
	uint64_t available_sum;              /**< over samples */
};

/** Pages of one owner. */
struct replay_owner {
	uint64_t pages, peak;
	uint64_t peak_time;
	uint64_t allocs, frees; /**< blocks */
};

/** Contiguous requests to CMA areas. */
struct replay_cma {
	uint64_t nr, nr_given;
	uint64_t nr_same;  /**< given at the recorded place */
	uint64_t pages;    /**< given */
	uint64_t nr_moved; /**< pages that made room */
	uint64_t nr_busy;  /**< places that could not be emptied and were passed over */
};

struct replay_tally {
	uint64_t nr_events;
	uint64_t verdicts[CALL_NR][VERDICT_NR];
	struct hist call_cost[CALL_NR];    /**< modelled ns of calls, in vain or not */
	struct hist path_cost[MM_PATH_NR]; /**< the same by path */
	uint64_t failures_by_reason[MM_FAIL_NR];
	uint64_t failures_by_order[KERNEL_NR_ORDERS]; /**< beyond the last: counted with it */
	uint64_t failures_by_class[GFP_CLASS_NR];
	struct vec(struct replay_failure) failures; /**< one row a kind, in order of appearance */
	struct u64map failure_index;
	uint64_t nr_failures_unlisted; /**< beyond REPLAY_FAILURE_ROWS kinds: counted here only */
	struct replay_owner owners[OWNER_NR];
	uint64_t pages, peak_pages, peak_time; /**< of all owners */
	uint64_t asked_bytes; /**< by slab and kmalloc calls that succeeded */
	uint64_t asked_live_bytes; /**< the same of objects not yet freed */
	uint64_t large_bytes; /**< given to large kmalloc calls so far */
	uint64_t nr_failed, nr_recovered; /**< calls; see VERDICT_FAILED .. VERDICT_RECOVERED */
	struct vec(struct replay_zone) zones;
	struct replay_zone all;  /**< all zones together: node -1, type ZONE_NR */
	struct replay_huge huge; /**< of all zones */
	uint64_t nr_samples;
	struct replay_cma cma;
	uint64_t nr_moved;       /**< pages compaction moved */
	uint64_t nr_reclaimed;   /**< pages taken from the stock of reclaimable ones */
	uint64_t nr_oom_kills, nr_oom_pages; /**< victims of the OOM killer; pages they gave */
	uint64_t nr_start_freed; /**< pages in use when the recording began and freed in it */
	uint64_t nr_start_untouched; /**< in use then and to the end, never touched */
	uint64_t nr_start_slabs;   /**< slabs of the beginning that are where they were */
	uint64_t nr_start_rebuilt; /**< slabs of the beginning that are others here */
	uint64_t nr_start_filled;  /**< slabs of the beginning that only files tell of */
	uint64_t nr_start_by_chance; /**< of these: no file tells the frames */
	uint64_t nr_start_objects; /**< objects in use at the beginning, of all these */
	uint64_t nr_start_missing; /**< objects that were and found no memory here */
	uint64_t nr_start_objects_freed; /**< of them freed so far */
	uint64_t nr_start_percpu; /**< per-CPU areas in use at the beginning, in boot's chunk */
	uint64_t nr_start_areas; /**< address ranges in use (or lazy) at the beginning */
	uint64_t nr_found_areas;  /**< areas asked for by their bookkeeping alone */
	uint64_t nr_found_sized;  /**< of them those whose size it tells */
	uint64_t nr_found_failed; /**< of them those that found no room here */
	uint64_t nr_found_freed;  /**< of them those that were given back */
	uint64_t last_time;
};

enum { REPLAY_FAILURE_ROWS = 4096 };
/** The order whose fragmentation is spoken of first: a huge page of x86 and arm64. */
enum { REPLAY_HUGE_ORDER = 9 };

void replay_tally_init(struct replay_tally *tally);
void replay_tally_deinit(struct replay_tally *tally);
/** Counts a call's cost under its call and its path. */
void replay_tally_cost(struct replay_tally *tally, enum repair_call call,
		       struct mm_outcome outcome);
/** Counts a failure; rows are united by all of call, reason, gfp, order, site and "recorded". */
void replay_tally_failure(struct replay_tally *tally, const struct replay_failure *failure);
/** Blocks of 2^"order" pages come to or (with "gone") leave "owner". */
void replay_tally_pages(struct replay_tally *tally, enum page_owner owner, unsigned int order,
			bool gone);
/** "owner" holds "nr" pages from the beginning. */
void replay_tally_held(struct replay_tally *tally, enum page_owner owner, uint64_t nr);

/** The events of each verdict, all calls together. */
void replay_tally_verdicts(const struct replay_tally *tally, uint64_t sums[VERDICT_NR]);

/** "failed_both", for machines; "failed here and when recorded", for people. */
const char *replay_verdict_key(enum replay_verdict verdict);
const char *replay_verdict_name(enum replay_verdict verdict);

#endif
