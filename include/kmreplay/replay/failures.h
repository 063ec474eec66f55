/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Failed requests, collected while they happen: groups of those alike, and for some of them all
 * that can be said at that moment: each zone as it was, what refused the request there, what would
 * have been served instead, and which pages of whom stood in the way of the nearest block.
 *
 * Where they come from (a machine that follows a recording, or a simulated one) is their user's
 * affair.
 */
#ifndef KMREPLAY_REPLAY_FAILURES_H
#define KMREPLAY_REPLAY_FAILURES_H

#include "kmreplay/mm/outcome.h"
#include "kmreplay/mm/page_failure.h"
#include "kmreplay/mm/zone.h"
#include "kmreplay/replay/owners.h"

/** A request that failed. */
struct failure_case {
	struct owners_asker asker; /**< its event, and who asked */
	uint32_t near_site;  /**< of the task's last object event before; 0: none, or not known */
	uint8_t call;        /**< enum repair_call */
	uint8_t owner;       /**< pages: enum page_owner, as far as the mask tells */
	uint8_t reason;      /**< enum mm_failure, as the machine said; NONE: it did not say */
	bool recorded;       /**< it failed when recorded */
	uint64_t followed, allocs; /**< allocations before it that got the very page here, of all */
	bool has_request;    /**< it failed for lack of pages: the next is known */
	struct page_failure_request request; /**< the page request behind it */
};

/** Failures that are alike in call, mask, order, call site, task name and "recorded". */
struct failure_group {
	struct failure_case first;
	uint64_t nr;
	uint64_t last_time;
	uint64_t nr_by_refusal[PAGE_REFUSAL_NR]; /**< by page_failure.main; SERVES: not here */
	uint8_t zones_by_refusal[PAGE_REFUSAL_NR]; /**< bits of enum zone_type: of the first */
};

/** Pages in the way, and whose they are. */
struct failure_obstacle {
	struct page_obstacle pages;
	bool known;                /**< an event told of its block */
	bool unseen;               /**< got without an event: its last known block was freed */
	struct owners_block block; /**< that one */
	struct owners_sites sites; /**< slab: who holds the objects in it */
};

/** A block that came near, and what stands in its way. */
struct failure_near {
	struct page_nearest block;
	struct vec(struct failure_obstacle) obstacles;
};

/** A zone at that moment; in the order of page_failure.zones. */
struct failure_zone {
	struct zone_info info;
	uint64_t pcp_local;  /**< pages in the lists of the request's CPU */
	bool searched;       /**< the next are known: it is allowed, and no block was there */
	bool all_seen;       /**< as in struct page_nearest_pair */
	struct failure_near any, movable;
};

/** What would have been served, all else being equal; UINT_MAX for a zone: none would. */
struct failure_instead {
	int order;                /**< largest smaller order; -1: none */
	unsigned int order_zone;  /**< by this zone */
	unsigned int high_zone;   /**< with __GFP_HIGH (if it had it not) */
	unsigned int movable_zone; /**< with __GFP_MOVABLE and __GFP_HIGHMEM (if it had not) */
	unsigned int lower_zone;  /**< with __GFP_DMA32 or, failing that, __GFP_DMA */
	uint32_t lower_gfp;       /**< that bit */
};

/** All of one failure. */
struct failure_report {
	struct failure_case what;
	struct page_failure why;
	struct vec(struct failure_zone) zones;
	struct failure_instead instead;
};

struct failures_options {
	uint64_t first; /**< report so many from the beginning on */
	/** Ascending numbers of events, the caller's: report the first failure from each on. */
	const uint64_t *from;
	size_t nr_from;
};

struct failures {
	struct failures_options options;
	size_t next_from;
	uint64_t nr;        /**< failures */
	uint64_t nr_served; /**< of them: the machine, as it stood, would have served */
	struct u64map group_index; /**< hash to number in "groups" + 1 */
	struct vec(struct failure_group) groups; /**< in the order of their first failures */
	uint64_t nr_ungrouped; /**< beyond FAILURE_GROUPS kinds: counted only here */
	struct vec(struct failure_report) reports;
};

enum { FAILURE_GROUPS = 4096 };

void failures_init(struct failures *failures, const struct failures_options *options);
void failures_deinit(struct failures *failures);
/** "what" has just failed on "pa", whose pages belong to whom "owners" says. */
void failures_add(struct failures *failures, const struct failure_case *what,
		  const struct page_allocator *pa, const struct owners *owners);

/**
 * Call sites for page requests, whose own events name none: a slab's is that of the object event
 * behind it; of others only the task's object event before can be told.
 */
struct failure_site {
	uint32_t exact; /**< names.sites; 0: not known */
	uint32_t near;
	uint8_t owner; /**< enum page_owner, as far as the mask tells */
};
struct failure_sites {
	struct u64map last;      /**< context to the site of its last object event */
	struct u64map waiting;   /**< context to number in "found": a failed slab request */
	struct u64map by_number; /**< number of a failed request's event to the same */
	struct vec(struct failure_site) found;
	uint64_t nr_fed;
};

void failure_sites_init(struct failure_sites *sites);
void failure_sites_deinit(struct failure_sites *sites);
/** Looks at a batch of a recording; before anybody asks about failures in it. */
void failure_sites_feed(struct failure_sites *sites, const struct repair_batch *batch);
/** Of the failed request that event "number" tells of; zeros: nothing is known. */
struct failure_site failure_sites_find(const struct failure_sites *sites, uint64_t number);

#endif
