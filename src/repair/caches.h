/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Which kmem_cache an object is of.
 *
 * A kmalloc event tells it by size and gfp mask. A kmem_cache_alloc event names its cache on new
 * kernels only; before, a cache is known at first by who uses it (function, sizes) and is united
 * with a named one when an object of it is freed under a name, or with another one that is met in
 * the same slab.
 */
#ifndef KMREPLAY_REPAIR_CACHES_H
#define KMREPLAY_REPAIR_CACHES_H

#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/event/event.h"
#include "kmreplay/event/names.h"
#include "kmreplay/repair/repair.h"

/** kmalloc caches by request mask, mm/slab.h kmalloc_type(). */
enum kmalloc_type { KMALLOC_NORMAL, KMALLOC_DMA, KMALLOC_RCL, KMALLOC_CG, KMALLOC_NR };

/** Classes 8 .. 8192: powers of two and 96, 192. */
enum { KMALLOC_NR_CLASSES = 13, KMALLOC_MAX_CACHE_SIZE = 8192 };

/**
 * Sets of kmalloc caches of their own (mm/slab_common.c:kmem_buckets_create(), 6.11 and later,
 * CONFIG_SLAB_BUCKETS): data that users choose is kept apart. Events don't tell them.
 */
enum cache_bucket { BUCKET_MEMDUP, BUCKET_MSG, BUCKET_NR, BUCKET_NONE = BUCKET_NR };

/**
 * More caches than any kernel has: what comes later goes to one cache called "(other)", so that a
 * damaged recording cannot fill the memory with them.
 */
enum { CACHES_MAX = 1 << 16 };

/** Sizes of objects, in words, that "nameless" tells apart; all larger ones are one to it. */
enum { CACHES_NAMELESS = 1024 };

/** What a call site allocated last: nearly always what it will allocate next. */
struct cache_site {
	uint32_t req, size;
	uint32_t cache;
};

struct caches {
	struct event_names *names;
	struct vec(struct repair_cache) all; /**< [0] unused */
	uint32_t kmalloc[KMALLOC_NR][KMALLOC_NR_CLASSES];
	uint32_t kmalloc_names[KMALLOC_NR][KMALLOC_NR_CLASSES]; /**< names.texts */
	uint32_t bucket[BUCKET_NR][KMALLOC_NR_CLASSES];
	uint32_t bucket_names[BUCKET_NR][KMALLOC_NR_CLASSES];
	struct vec(uint32_t) by_name;        /**< names.texts id to cache id */
	struct vec(struct cache_site) by_site;
	struct u64map told;                  /**< slabs of mixed caches: page event to cache */
	struct u64map by_key;                /**< hash of (function, sizes) to newest cache */
	/** Sizes that caches without a name have: a bit each. */
	uint64_t nameless[CACHES_NAMELESS / 64];
	uint32_t other;                      /**< "(other)", once it was needed */
	uint32_t other_name;                 /**< names.texts */
	uint64_t nr_other;                   /**< times that it was taken for a new cache */
	uint64_t nr_findings;                /**< caches added or united */
};

void caches_init(struct caches *caches, struct event_names *names);
void caches_deinit(struct caches *caches);
/** Takes over all caches of "from", which uses the same names; ids keep their meaning. */
void caches_learn(struct caches *caches, const struct caches *from);

/** Index of a kmalloc class of exactly "size" bytes; KMALLOC_NR_CLASSES: there is none. */
unsigned int caches_class(uint64_t size);
/** The cache of a kmalloc event that is not large. */
uint32_t caches_of_kmalloc(struct caches *caches, const struct event *ev);
/** The set that a kmalloc event would be of if the kernel has such sets. */
enum cache_bucket caches_bucket_of(const struct caches *caches, const struct event *ev);
/** The cache of set "bucket" for objects of "plain", a kmalloc class. */
uint32_t caches_of_bucket(struct caches *caches, enum cache_bucket bucket, uint32_t plain);
/** There is no such set: its caches turned out to be the plain ones. */
void caches_drop_bucket(struct caches *caches, enum cache_bucket bucket);
/** The cache called "name" (names.texts). */
uint32_t caches_of_name(struct caches *caches, uint32_t name);
/** The cache of a kmem_cache_alloc event, named or not. */
uint32_t caches_of_alloc(struct caches *caches, const struct event *ev);
/** Follows unions to the cache that "id" turned out to be. */
uint32_t caches_canon(struct caches *caches, uint32_t id);
/** Some caches with objects of "size" bytes may have no name yet. */
bool caches_may_be_nameless(const struct caches *caches, uint64_t size);
/**
 * "a" and "b" are one cache. Returns it, or 0 when they cannot be (two names, other sizes): then
 * nothing changes.
 */
uint32_t caches_unite(struct caches *caches, uint32_t a, uint32_t b);

#endif
