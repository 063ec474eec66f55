/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Fragmentation of free memory, under the names and with the arithmetic of the kernel: integers,
 * ratios times 1000, divisions rounded down. Names that the kernel lacks are defined here.
 */
#ifndef KMREPLAY_STATS_FRAG_H
#define KMREPLAY_STATS_FRAG_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/base.h"

/** What a ratio of 1 is written as. */
#define FRAG_ONE 1000
/** extfrag_index() when a block of the order is free: the request would not fail. */
#define FRAG_NOT_NEEDED (-1000)

/** Free blocks of a zone (or of anything that hands out blocks of 2^order pages). */
struct frag_free {
	uint64_t nr[KERNEL_NR_ORDERS]; /**< free blocks of each order */
};

/** mm/vmstat.c: struct contig_page_info, the sums that the indices are made of. */
struct frag_info {
	uint64_t pages;	 /**< free pages */
	uint64_t blocks; /**< free blocks of any order */
	uint64_t
		suitable; /**< blocks of the order asked about that fit into larger or equal ones */
};

/** fill_contig_page_info(): the sums for "order". */
struct frag_info frag_info(const struct frag_free *free, unsigned int order);

/**
 * unusable_free_index(order), debugfs extfrag/unusable_index: the share of free memory that lies
 * in blocks too small for the order; 1000 when nothing is free.
 */
int frag_unusable_free_index(const struct frag_free *free, unsigned int order);
/**
 * extfrag_index(order), debugfs extfrag/extfrag_index: would a failure of the order be for lack
 * of memory (towards 0) or for fragmentation (towards 1000)? FRAG_NOT_NEEDED when a block is
 * there; 0 when nothing is free or the order is beyond the buddy allocator's.
 */
int frag_extfrag_index(const struct frag_free *free, unsigned int order);

/** fragmentation_score_zone(): 0..100, free pages outside blocks of huge_order, per cent. */
unsigned int frag_proactive_score(const struct frag_free *free, unsigned int huge_order);
/** fragmentation_score_zone_weighted(): what a zone adds to the score of its node. */
unsigned int frag_proactive_weighted(unsigned int score, uint64_t zone_present,
				     uint64_t node_present);
/**
 * fragmentation_score_wmark(): proactive compaction starts above the high mark and ends below the
 * low one; "proactiveness" is the sysctl, 0..100.
 */
unsigned int frag_proactive_wmark(unsigned int proactiveness, bool low);

/**
 * huge_availability: of the blocks of huge_order that the free pages could form, how many are
 * there, times 1000; 0 when they could form none.
 */
int frag_huge_availability(const struct frag_free *free, unsigned int huge_order);

/** Free runs of any length: address space, chunks. */
struct frag_runs {
	uint64_t nr;	  /**< runs of more than nothing */
	uint64_t total;	  /**< their length in all */
	uint64_t largest; /**< the longest */
	double sum_of_squares;
};

/** Adds a run to "runs", which starts as zeros. The lengths must not add up to more than 2^64. */
void frag_runs_add(struct frag_runs *runs, uint64_t length);
/** frag_sumsq: 1 - sum(f^2) / sum(f)^2, times 1000; 0 when it is one run or nothing is free. */
int frag_sumsq(const struct frag_runs *runs);
/** largest_free_ratio: 1 - largest / total, times 1000; 0 when nothing is free. */
int frag_largest_free_ratio(const struct frag_runs *runs);

#endif
