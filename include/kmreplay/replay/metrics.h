/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What can be measured of a machine at one moment: one row a metric, each with the scopes that it
 * is told for. The table is all there is to know: columns of CSV files, the manual and the history
 * in memory follow from it.
 */
#ifndef KMREPLAY_REPLAY_METRICS_H
#define KMREPLAY_REPLAY_METRICS_H

#include "kmreplay/core/str.h"
#include "kmreplay/replay/metric_table.h"

struct replay;

/** X(suffix, key): what a row of values is of. */
#define METRIC_SCOPES(X)                                                                      \
	X(MACHINE, "machine")                                                                 \
	X(ORDER, "order") /* all zones, one order */                                          \
	X(NODE, "node")                                                                       \
	X(ZONE, "zone")                                                                       \
	X(ZONE_ORDER, "zone_order") /* one zone, one order */

enum metric_scope {
#define X(suffix, key) SCOPE_##suffix,
	METRIC_SCOPES(X)
#undef X
	SCOPE_NR,
};

/** How a metric is meant in time. */
enum metric_kind {
	METRIC_NOW,    /**< as it is at the moment */
	METRIC_SO_FAR, /**< counted since the recording began: differences tell the rest */
	METRIC_SINCE,  /**< of the calls since the moment before */
};

enum metric_unit {
	METRIC_PAGES,
	METRIC_BYTES,
	METRIC_COUNT,
	METRIC_RATIO,   /**< in thousandths */
	METRIC_PERCENT, /**< whole, 0..100 */
	METRIC_NS,
};

/** A metric with members is one column a member: "owner_pages_slab". */
enum metric_members {
	MEMBERS_NONE,
	MEMBERS_OWNER,       /**< enum page_owner */
	MEMBERS_REASON,      /**< enum mm_failure, but for "ok" */
	MEMBERS_PATH,        /**< enum mm_path */
	MEMBERS_CALL,        /**< enum repair_call, those that are carried out */
	MEMBERS_MIGRATETYPE, /**< enum migratetype */
	MEMBERS_MARK,        /**< enum zone_mark: min, low, high */
	MEMBERS_RUN,         /**< 0: 2M, 1: 32M, 2: 1G */
	MEMBERS_RUN_LARGE,   /**< 1: 32M, 2: 1G */
	MEMBERS_LEVEL,       /**< 0 .. 9 */
	MEMBERS_NR,
};

enum replay_metric {
#define X(suffix, key, scopes, members, unit, kind, history, help) METRIC_##suffix,
	REPLAY_METRICS(X)
#undef X
	METRIC_NR,
};

struct replay_metric_info {
	const char *key;
	unsigned int scopes; /**< 1 << enum metric_scope, or'ed */
	enum metric_members members;
	enum metric_unit unit;
	enum metric_kind kind;
	bool history;
	const char *help;
};

/** The row of "metric". */
const struct replay_metric_info *replay_metric_info(enum replay_metric metric);
/** Its members are the numbers *first .. end - 1 (returned); without members 0 .. 0. */
unsigned int replay_metric_members(enum replay_metric metric, unsigned int *first);
/** Appends the name of the column of a member: "owner_pages_slab", "free_pages". */
void replay_metric_column(enum replay_metric metric, unsigned int member, struct str *out);
/** Appends only what stands for the member in it: "slab". */
void replay_metric_member(enum replay_metric metric, unsigned int member, struct str *out);
/** "machine" */
const char *metric_scope_key(enum metric_scope scope);
/** "pages", "ratio" */
const char *metric_unit_name(enum metric_unit unit);
/** "now", "so far", "since" */
const char *metric_kind_name(enum metric_kind kind);

/** What there is no value for: no calls yet, the layer is not simulated. */
#define METRIC_VOID INT64_MIN

/** Whose value: of a scope the row (node, zone; else 0) and the order (else 0). */
struct metric_place {
	enum metric_scope scope;
	unsigned int index; /**< number of the node or zone, as zone_info() counts */
	unsigned int order;
};

/** All values of a machine at the last replay_metrics_take(). */
struct replay_metrics;

/** A set of values of "r", which must not be fed yet and must outlive it. */
struct replay_metrics *replay_metrics_create(struct replay *r);
/** "m" may be NULL. */
void replay_metrics_destroy(struct replay_metrics *m);
/**
 * Looks at the machine. "history_only": leaves out what struct replay_history does not keep. Costs
 * in proportion to zones, caches, percpu chunks and free address ranges, and to the pageblocks that
 * changed since the last look; never to the size of memory.
 */
void replay_metrics_take(struct replay_metrics *m, bool history_only);
/** How many rows a scope has: 1, orders, nodes, zones, zones; each of ZONE_ORDER has all orders. */
unsigned int replay_metrics_rows(const struct replay_metrics *m, enum metric_scope scope);
/** A value of the last look; METRIC_VOID when there is none, or "metric" is not of that scope. */
int64_t replay_metrics_get(const struct replay_metrics *m, enum replay_metric metric,
			   unsigned int member, struct metric_place place);

#endif
