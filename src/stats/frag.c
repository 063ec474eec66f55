/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fragmentation indices; mm/vmstat.c and mm/compaction.c of Linux 6.12, Gorman and Whitcroft for
 * the first two. Kept in integers in the kernel's order of operations, so that a figure equals the
 * one that debugfs shows for the same free lists to the last digit.
 */
#include <config.h>

#include "kmreplay/stats/frag.h"

__extension__ typedef unsigned __int128 u128;

static uint64_t unsuitable_share(const struct frag_info *info, unsigned int order, uint64_t one);

/* mm/vmstat.c:fill_contig_page_info() */
struct frag_info frag_info(const struct frag_free *free, unsigned int order)
{
	struct frag_info info = { 0 };

	for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++) {
		info.blocks += free->nr[o];
		info.pages += free->nr[o] << o;
		if (o >= order)
			info.suitable += free->nr[o] << (o - order);
	}
	return info;
}

/* mm/vmstat.c:unusable_free_index() */
int frag_unusable_free_index(const struct frag_free *free, unsigned int order)
{
	struct frag_info info = frag_info(free, order);

	return info.pages ? (int)unsuitable_share(&info, order, FRAG_ONE) : FRAG_ONE;
}

/* mm/vmstat.c:__fragmentation_index(). Two roundings: of the pages per request, then of the sum. */
int frag_extfrag_index(const struct frag_free *free, unsigned int order)
{
	struct frag_info info = frag_info(free, order);
	uint64_t requests;

	if (order > KERNEL_MAX_ORDER || !info.blocks)
		return 0;
	if (info.suitable)
		return FRAG_NOT_NEEDED;
	requests = info.pages * FRAG_ONE / (1ULL << order);
	return FRAG_ONE - (int)((FRAG_ONE + requests) / info.blocks);
}

/* mm/vmstat.c:extfrag_for_order() */
unsigned int frag_proactive_score(const struct frag_free *free, unsigned int huge_order)
{
	struct frag_info info = frag_info(free, huge_order);

	return info.pages ? (unsigned int)unsuitable_share(&info, huge_order, 100) : 0;
}

/* mm/compaction.c:fragmentation_score_zone_weighted() */
unsigned int frag_proactive_weighted(unsigned int score, uint64_t zone_present,
				     uint64_t node_present)
{
	return (unsigned int)((u128)zone_present * score / ((u128)node_present + 1));
}

/* mm/compaction.c:fragmentation_score_wmark() */
unsigned int frag_proactive_wmark(unsigned int proactiveness, bool low)
{
	unsigned int mark = MAX(100 - MIN(proactiveness, 100U), 5U);

	return low ? mark : MIN(mark + 10, 100U);
}

int frag_huge_availability(const struct frag_free *free, unsigned int huge_order)
{
	struct frag_info info = frag_info(free, huge_order);
	uint64_t possible = huge_order < 64 ? info.pages >> huge_order : 0;

	return possible ? (int)((u128)info.suitable * FRAG_ONE / possible) : 0;
}

void frag_runs_add(struct frag_runs *runs, uint64_t length)
{
	if (!length)
		return;
	runs->nr++;
	runs->total += length;
	runs->largest = MAX(runs->largest, length);
	runs->sum_of_squares += (double)length * (double)length;
}

int frag_sumsq(const struct frag_runs *runs)
{
	double total = (double)runs->total;
	double share;

	if (runs->nr < 2)
		return 0;
	share = 1 - runs->sum_of_squares / (total * total);
	return share > 0 ? (int)(share * FRAG_ONE) : 0;
}

int frag_largest_free_ratio(const struct frag_runs *runs)
{
	if (!runs->total)
		return 0;
	return (int)((u128)(runs->total - runs->largest) * FRAG_ONE / runs->total);
}

/* Free pages outside blocks of "order", as parts of "one"; there are free pages. */
static uint64_t unsuitable_share(const struct frag_info *info, unsigned int order, uint64_t one)
{
	uint64_t suitable = order < KERNEL_NR_ORDERS ? info->suitable << order : 0;

	return (uint64_t)((u128)(info->pages - suitable) * one / info->pages);
}
