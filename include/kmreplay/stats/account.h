/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Accounting without a machine: who allocated how much, what is still there, what it wasted and
 * how long it lived; by call site, cache, size, order, mask, task and owner.
 *
 * It is fed with calls whose objects are already told apart by slots (small dense numbers, reused
 * after a free). A live slot costs 32 bytes, a table row about 120; nothing grows with the number
 * of calls. Sums are kept while the calls stream in, since peaks cannot be had afterwards.
 *
 * Spaces are kept apart because they overlap: the pages of a slab are in PAGES, the objects inside
 * in OBJECTS, and adding up both would count memory twice.
 */
#ifndef KMREPLAY_STATS_ACCOUNT_H
#define KMREPLAY_STATS_ACCOUNT_H

#include "kmreplay/core/base.h"
#include "kmreplay/core/error.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/stats/hist.h"
#include "kmreplay/stats/topk.h"

struct account;

/** X(suffix, name): what is allocated. */
#define ACCOUNT_SPACES(X)                                              \
	X(OBJECTS, "objects") /* kmalloc, large kmalloc, kmem_cache */ \
	X(PAGES, "pages")                                              \
	X(VMAP, "vmap")                                                \
	X(PERCPU, "percpu")                                            \
	X(CMA, "cma")

enum account_space {
#define X(suffix, name) ACCOUNT_##suffix,
	ACCOUNT_SPACES(X)
#undef X
		ACCOUNT_SPACE_NR,
};

/** X(suffix, name): what a table has a row for each of. */
#define ACCOUNT_TABLES(X)                                        \
	X(SITE, "site")	  /* key: account_call.site */           \
	X(CACHE, "cache") /* key: account_call.cache */          \
	X(SIZE, "size")	  /* key: bytes_alloc, the size class */ \
	X(ORDER, "order") /* key: account_call.order */          \
	X(OWNER, "owner") /* key: account_call.owner */          \
	X(GFP, "gfp")	  /* key: account_call.gfp */            \
	X(PID, "pid")	  /* key: the pid as uint32_t */

enum account_by {
#define X(suffix, name) ACCOUNT_BY_##suffix,
	ACCOUNT_TABLES(X)
#undef X
		ACCOUNT_BY_NR,
};

enum account_kind {
	ACCOUNT_ALLOC,
	ACCOUNT_FREE,
	ACCOUNT_FREE_UNSEEN, /**< it was freed, nobody saw when and where: no lifetime, no CPU */
	ACCOUNT_FREE_ALIEN,  /**< free of what was never seen allocated: counted only */
	ACCOUNT_FAILED,	     /**< the allocation failed: no object, slot is not looked at */
};

/** One call. Frees need kind, space, slot, time and cpu only. */
struct account_call {
	uint64_t time; /**< ns */
	uint64_t bytes_req, bytes_alloc;
	uint32_t slot;
	uint32_t site;	/**< canonical id of the call site; 0: none. Ids from 2^29 on count as 0 */
	uint32_t cache; /**< id of the cache; 0: none */
	uint32_t gfp;
	int32_t pid;
	uint16_t cpu;
	uint8_t kind;  /**< enum account_kind */
	uint8_t space; /**< enum account_space */
	uint8_t order; /**< pages only */
	uint8_t owner; /**< pages only: meaning is the caller's */
};

/** The sums of one row. What is live is the difference of two of them: see account_value(). */
struct account_row {
	uint64_t allocs;
	uint64_t bytes_req, bytes_alloc; /**< traffic: everything ever allocated */
	uint64_t peak_alloc;		 /**< largest number of live allocated bytes */
	uint64_t peak_req;		 /**< live bytes asked for at that moment */
	uint64_t frees;			 /**< of objects whose allocation was seen */
	uint64_t freed_req, freed_alloc;
	uint64_t unseen;   /**< of the frees: ACCOUNT_FREE_UNSEEN */
	uint64_t pingpong; /**< frees on another CPU than the allocation's */
	uint64_t failed;
	uint64_t life_sum, life_max; /**< ns, of frees that were seen */
	uint64_t peak_time;	     /**< when peak_alloc was reached first */
	struct hist *life;	     /**< lifetimes in ns; NULL: none, or table without them */
};

/** One row and its key, as account_collect() gives it. */
struct account_line {
	uint64_t key;
	struct account_row row; /**< a copy; "life" is the account's, valid as long as it is */
};

struct account_lines vec(struct account_line);

/** X(suffix, name, help): numbers of a row, to show and to sort by. */
#define ACCOUNT_COLUMNS(X)                                                         \
	X(ALLOCS, "allocs", "allocations")                                         \
	X(FREES, "frees", "frees of objects seen allocated")                       \
	X(LIVE, "live", "objects still there")                                     \
	X(REQ, "req", "bytes asked for, all allocations")                          \
	X(BYTES, "bytes", "bytes given, all allocations")                          \
	X(WASTE, "waste", "bytes given but not asked for, all allocations")        \
	X(LIVE_REQ, "live_req", "bytes asked for, live objects")                   \
	X(LIVE_BYTES, "live_bytes", "bytes given, live objects")                   \
	X(LIVE_WASTE, "live_waste", "bytes given but not asked for, live objects") \
	X(PEAK, "peak_bytes", "largest live_bytes")                                \
	X(PEAK_REQ, "peak_req", "live_req at that moment")                         \
	X(PEAK_WASTE, "peak_waste", "live_waste at that moment")                   \
	X(FRAG, "internal_frag", "waste / bytes, thousandths")                     \
	X(LIVE_FRAG, "live_internal_frag", "live_waste / live_bytes, thousandths") \
	X(FAILED, "failed", "allocations that failed")                             \
	X(PINGPONG, "pingpong", "frees on another CPU than the allocation's")      \
	X(LIFE_MEAN, "life_mean", "mean lifetime of freed objects, ns")            \
	X(LIFE_MAX, "life_max", "longest lifetime of a freed object, ns")

enum account_column {
#define X(suffix, name, help) ACCOUNT_COL_##suffix,
	ACCOUNT_COLUMNS(X)
#undef X
		ACCOUNT_COL_NR,
};

/** For account_create(ACCOUNT_ALL, ACCOUNT_ALL): every space, every table. */
#define ACCOUNT_ALL UINT32_MAX

/**
 * Keeps account of the spaces in "spaces", in the tables of "tables" (bits 1 << enum account_space,
 * 1 << enum account_by); calls of other spaces are passed over. Few tables are faster.
 */
MUST_CHECK struct account *account_create(uint32_t spaces, uint32_t tables);
void account_destroy(struct account *a);
/**
 * Takes "nr" calls in their order. A batch is faster than single calls: the slots of the next
 * calls are fetched ahead. An ALLOC into a live slot ends the old object as FREE_UNSEEN would; a
 * FREE of a slot that is not live counts as FREE_ALIEN.
 */
void account_calls(struct account *a, const struct account_call *calls, size_t nr);

/** Sums of a space; its lifetimes are in HIST_FINE. */
const struct account_row *account_total(const struct account *a, enum account_space space);
/** Frees of what was never seen allocated. */
uint64_t account_alien_frees(const struct account *a, enum account_space space);
/** "space" keeps a table of that kind. */
bool account_has(enum account_space space, enum account_by by);
/**
 * Appends the rows in use of one table to "lines", in order of first appearance of their keys.
 * Site, cache and order rows have lifetimes, in HIST_COARSE.
 */
void account_collect(const struct account *a, enum account_space space, enum account_by by,
		     struct account_lines *lines);
/**
 * Adds the row of id "from" to that of id "to" and empties it, for two sites or caches that turned
 * out to be one; peak_alloc becomes an upper bound. To be done after the last call, since live
 * objects of "from" would still be freed from its own row.
 */
void account_fold(struct account *a, enum account_space space, enum account_by by, uint32_t from,
		  uint32_t to);

/** A column's number. */
uint64_t account_value(const struct account_row *row, enum account_column column);
/** Sorts "lines"; ties keep their order. */
void account_sort(struct account_lines *lines, const struct topk_key *keys, size_t nr_keys);
struct account_sort_keys vec(struct topk_key);

/**
 * Reads sort keys: column names joined by commas, each after an optional '-' (descending, the
 * default) or '+' (ascending). Appends to "keys".
 */
MUST_CHECK bool account_sort_parse(const char *text, struct account_sort_keys *keys,
				   struct error *err);

/** "objects", "site", "live_bytes" and a column's help; "?" when out of range. */
const char *account_space_name(enum account_space space);
const char *account_by_name(enum account_by by);
const char *account_column_name(enum account_column column);
const char *account_column_help(enum account_column column);

#endif
