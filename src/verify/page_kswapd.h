/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * When kswapd's work ends. balance_pgdat() clears ZONE_RECLAIM_ACTIVE and ends boosts when it is
 * done, which has no event: mm_vmscan_kswapd_sleep comes a tenth of a second later, and never if
 * kswapd is woken meanwhile. But that is the last that kswapd does before it sleeps or is woken
 * anew, so its last event before tells.
 */
#ifndef KMREPLAY_SRC_VERIFY_PAGE_KSWAPD_H
#define KMREPLAY_SRC_VERIFY_PAGE_KSWAPD_H

#include "kmreplay/core/vec.h"
#include "kmreplay/event/event.h"

struct page_kswapd_node {
	int32_t pid;
	int32_t node;
	uint64_t last; /**< number of its last event */
	bool works;
	bool woken; /**< since then */
};

/** Zeroed: nothing seen. */
struct page_kswapd {
	struct vec(struct page_kswapd_node) nodes;
};

void page_kswapd_deinit(struct page_kswapd *kswapd);
/**
 * To be called for all events, in order. True: kswapd of "*node" had done its work right behind
 * event "*last".
 */
bool page_kswapd_event(struct page_kswapd *kswapd, const struct event *ev, uint64_t number,
		       unsigned int *node, uint64_t *last);

#endif
