/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Accounting of a repaired recording: what `stat` shows, and `replay`'s tables by call site.
 */
#ifndef KMREPLAY_CLI_ACCOUNT_FEED_H
#define KMREPLAY_CLI_ACCOUNT_FEED_H

#include "cli_internal.h"

#include "kmreplay/repair/repair.h"
#include "kmreplay/stats/account.h"

/** Told of each allocation that is accounted. */
typedef void account_feed_fn(void *ctx, const struct event *ev);

/** What to account. */
struct account_feed_options {
	uint32_t spaces, tables;   /**< as for account_create() */
	struct filter *filter;     /**< which allocations; NULL: all */
	account_feed_fn *accepted; /**< told of each; or NULL */
	void *ctx;                 /**< for it */
};

struct account_feed {
	struct account_feed_options options;
	struct account *account; /**< the feed's */
	const struct event_names *names;
	struct vec(struct account_call) calls; /**< of the batch at hand */
	struct vec(uint8_t) selected; /**< by slot, with filters: its allocation was asked for */
	const uint64_t *given; /**< to the event at hand; NULL: as recorded */
	uint64_t nr_filtered; /**< allocations that were not asked for */
	uint64_t nr_events;   /**< fed before the one at hand */
	uint64_t end;         /**< events from this number on are left out; UINT64_MAX at first */
};

/** An empty account; "names" and what "options" points to have to outlive it. */
void account_feed_init(struct account_feed *feed, const struct account_feed_options *options,
		       const struct event_names *names);
void account_feed_deinit(struct account_feed *feed);
/**
 * Accounts one batch. "given", for each event the bytes that its slab or kmalloc call got (0: it
 * failed), takes the place of what was recorded; NULL: nothing does.
 */
void account_feed_batch(struct account_feed *feed, const struct repair_batch *batch,
			const uint64_t *given);

/** Adds up the rows of caches that turned out to be one. After the last call. */
void account_fold_caches(struct account *account, const struct repair *repair);
/** Appends what cache "id" (0: none) is called, or what is known of it. */
void account_print_cache(const struct event_names *names, const struct repair *repair, uint32_t id,
			 struct str *out);

#endif
