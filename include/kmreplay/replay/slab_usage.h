/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the slab caches of a replay's machine hold, lose and were asked for, a row a cache: the
 * numbers of slabtop and of "slabinfo -X", for tables and for history alike.
 */
#ifndef KMREPLAY_REPLAY_SLAB_USAGE_H
#define KMREPLAY_REPLAY_SLAB_USAGE_H

#include "kmreplay/core/str.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/replay/metrics.h"
#include "kmreplay/stats/topk.h"

struct replay;

/**
 * X(suffix, name, key, unit, kind, value, help): numbers of a cache. "name" is what one sorts by,
 * "key" the name in JSON and CSV; unit and kind are those of metrics; "value" is worked out from
 * const struct slab_cache_stats *s. Alignment, ends of slabs and free objects make the loss; loss
 * and used bytes are all bytes. Fast, refill, cpu partial, node partial and new slab are the ways
 * of an allocation, fast and slow those of a free.
 */
#define SLAB_COLUMNS(X)                                                                       \
	X(OBJECT_SIZE, "object_size", "object_size", BYTES, NOW, s->geometry.object_size,     \
	  "bytes of an object")                                                               \
	X(SIZE, "size", "size", BYTES, NOW, s->geometry.size,                                 \
	  "bytes from one object to the next")                                                \
	X(ORDER, "order", "order", COUNT, NOW, s->geometry.order, "order of a slab's pages")  \
	X(PER_SLAB, "objects_per_slab", "objects_per_slab", COUNT, NOW, s->geometry.objects,  \
	  "objects that a slab has room for")                                                 \
	X(ALIASES, "aliases", "aliases", COUNT, NOW, s->aliases,                              \
	  "other caches merged into it")                                                      \
	X(SLABS, "slabs", "slabs", COUNT, NOW, s->nr_slabs, "slabs")                          \
	X(PARTIAL, "partial", "partial_slabs", COUNT, NOW, s->partial_slabs,                  \
	  "slabs on a node's partial list")                                                   \
	X(CPU_SLABS, "cpu_slabs", "cpu_slabs", COUNT, NOW, s->cpu_slabs,                      \
	  "slabs that CPUs allocate from")                                                    \
	X(CPU_PARTIAL, "cpu_partial", "cpu_partial_slabs", COUNT, NOW, s->cpu_partial_slabs,  \
	  "slabs on the partial lists of CPUs")                                               \
	X(OBJECTS, "objects", "objects", COUNT, NOW, s->live_objs, "objects in use")          \
	X(ACTIVE, "active", "active_objects", COUNT, NOW, s->active_objs,                     \
	  "as /proc/slabinfo counts: all but the free ones on a node's list")                 \
	X(SHEAVES, "sheaf_objects", "sheaf_objects", COUNT, NOW, s->sheaf_objs,               \
	  "free objects in sheaves (7.0)")                                                    \
	X(SLOTS, "slots", "slots", COUNT, NOW, s->num_objs,                                   \
	  "objects that all slabs have room for")                                             \
	X(UTIL, "util", "slab_util", RATIO, NOW, slab_ratio(s->live_objs, s->num_objs),       \
	  "objects in use / slots")                                                           \
	X(BYTES, "bytes", "bytes", BYTES, NOW, s->bytes, "bytes of all slabs")                \
	X(USED, "used", "used_bytes", BYTES, NOW,                                             \
	  s->bytes - s->loss_align - s->loss_padding - s->loss_free,                          \
	  "bytes of objects in use; those of SLOB have many sizes")                           \
	X(LOSS, "loss", "slab_loss_bytes", BYTES, NOW,                                        \
	  s->loss_align + s->loss_padding + s->loss_free, "the rest: the sum of the next three") \
	X(LOSS_ALIGN, "align", "slab_loss_align_bytes", BYTES, NOW, s->loss_align,            \
	  "behind objects in use, up to the next one")                                        \
	X(LOSS_PADDING, "padding", "slab_loss_padding_bytes", BYTES, NOW, s->loss_padding,    \
	  "at the ends of slabs")                                                             \
	X(LOSS_FREE, "free", "slab_loss_free_bytes", BYTES, NOW, s->loss_free,                \
	  "in free objects")                                                                  \
	X(ALLOCS, "allocs", "allocs", COUNT, SO_FAR, s->counters.allocs, "objects handed out") \
	X(FAST, "fast", "alloc_fast", COUNT, SO_FAR, slab_alloc_fast(s),                      \
	  "of these from the cpu slab's own list, or a sheaf")                                \
	X(REFILL, "refill", "alloc_refill", COUNT, SO_FAR, s->counters.alloc_refill,          \
	  "after the cpu slab took what other CPUs had freed")                                \
	X(FROM_CPU, "from_cpu_partial", "alloc_cpu_partial", COUNT, SO_FAR,                   \
	  s->counters.cpu_partial_alloc, "with a slab of the CPU's partial list")             \
	X(FROM_NODE, "from_node", "alloc_node_partial", COUNT, SO_FAR,                        \
	  s->counters.alloc_from_partial, "with a slab of a node's partial list")             \
	X(NEW, "new", "new_slabs", COUNT, SO_FAR, s->counters.alloc_slab, "new slabs")        \
	X(FALLBACKS, "fallbacks", "order_fallbacks", COUNT, SO_FAR,                           \
	  s->counters.order_fallback, "of these smaller ones than wanted")                    \
	X(FAILED, "failed", "alloc_failed", COUNT, SO_FAR, s->counters.alloc_failed,          \
	  "allocations that got no slab")                                                     \
	X(FREES, "frees", "frees", COUNT, SO_FAR, s->counters.frees, "objects taken back")    \
	X(FREE_FAST, "free_fast", "free_fast", COUNT, SO_FAR,                                 \
	  s->counters.frees - slab_free_slow(s), "of these to the cpu slab, or to a sheaf")   \
	X(FREE_SLOW, "free_slow", "free_slow", COUNT, SO_FAR, slab_free_slow(s),              \
	  "of these to another slab")                                                         \
	X(REMOTE, "remote", "free_remote", COUNT, SO_FAR, s->counters.free_remote,            \
	  "of the slow ones to the cpu slab of another CPU (with sheaves: to another node)")  \
	X(TO_CPU, "to_cpu_partial", "free_cpu_partial", COUNT, SO_FAR,                        \
	  s->counters.cpu_partial_free, "full slabs that a free put on the CPU's partial list") \
	X(DRAINS, "drains", "drains", COUNT, SO_FAR, s->counters.cpu_partial_drain,           \
	  "partial lists of CPUs emptied because they were full")                             \
	X(FLUSHES, "flushes", "flushes", COUNT, SO_FAR, s->counters.cpuslab_flush,            \
	  "cpu slabs flushed")                                                                \
	X(GIVEN_BACK, "given_back", "slabs_given_back", COUNT, SO_FAR, s->counters.free_slab, \
	  "slabs given back to the page allocator")                                           \
	X(SHEAF_REFILL, "sheaf_refill", "sheaf_refill", COUNT, SO_FAR, s->counters.sheaf_refill, \
	  "objects taken from slabs to fill sheaves")                                         \
	X(SHEAF_FLUSH, "sheaf_flush", "sheaf_flush", COUNT, SO_FAR, s->counters.sheaf_flush,  \
	  "objects given back to slabs to empty sheaves")                                     \
	X(BARN_GET, "barn_get", "barn_get", COUNT, SO_FAR, s->counters.barn_get,              \
	  "sheaves that CPUs took from a barn")                                               \
	X(BARN_PUT, "barn_put", "barn_put", COUNT, SO_FAR, s->counters.barn_put,              \
	  "full sheaves that CPUs put into a barn")

enum slab_column {
#define X(suffix, ...) SLAB_COL_##suffix,
	SLAB_COLUMNS(X)
#undef X
	SLAB_COL_NR,
};

struct slab_column_info {
	const char *name, *key;
	enum metric_unit unit;
	enum metric_kind kind;
	const char *help;
};

/** What a column is. */
const struct slab_column_info *slab_column_info(enum slab_column column);
/** The number of a cache, ratios in thousandths; METRIC_VOID: there is none. */
int64_t slab_column_value(const struct slab_cache_stats *stats, enum slab_column column);

struct slab_usage_row {
	struct slab_cache_stats stats; /**< the name in it is not the one below */
	char *name;                    /**< replay_cache_name(); the table's */
	uint32_t id;
	uint32_t rank;                 /**< by name: 0 comes first */
};

/** All three kinds of loss together. */
static inline uint64_t slab_usage_loss(const struct slab_usage_row *row)
{
	return row->stats.loss_align + row->stats.loss_padding + row->stats.loss_free;
}

/** Caches in the order in which they were made, until sorted. */
struct slab_usage {
	struct vec(struct slab_usage_row) rows;
};

/** The caches of "r"'s machine that have slabs, or ever were asked for an object or given one. */
void slab_usage_init(struct slab_usage *usage, const struct replay *r,
		     const struct slab_allocator *slab);
void slab_usage_deinit(struct slab_usage *usage);
/** Drops the rows that "wanted" says false of. */
void slab_usage_filter(struct slab_usage *usage, bool (*wanted)(const void *ctx, const char *name),
		       const void *ctx);
/**
 * Sorts by keys of enum slab_column, and SLAB_COL_NR: by name, from a to z; ties and all else by
 * age.
 */
void slab_usage_sort(struct slab_usage *usage, const struct topk_key *keys, size_t nr_keys);
/** All rows as one cache, whose geometry and name say nothing. */
void slab_usage_total(const struct slab_usage *usage, struct slab_cache_stats *total);

/** A number over the caches that have slabs, or over objects. */
struct slab_spread {
	uint64_t average, least, most, total;
};

/** Of a column; all 0 when no cache has a slab. */
void slab_usage_spread(const struct slab_usage *usage, enum slab_column column,
		       struct slab_spread *spread);
/** Of a column by objects in use: each object counts; "total" is the sum over objects. */
void slab_usage_object_spread(const struct slab_usage *usage, enum slab_column column,
			      struct slab_spread *spread);

#endif
