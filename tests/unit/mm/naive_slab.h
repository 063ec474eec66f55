/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * SLUB once more, the slow and obvious way: every list is an array in the order in which it is
 * used, a slab knows nothing of where it stands, places are found by looking everywhere. Written
 * from the rules, sharing nothing with the allocator but the layout of a cache and the dice.
 *
 * It has no pages: whoever asks it to do what the real one just did hands it the calls that the
 * real one made to its page allocator; each request the naive one comes to has to be the next of
 * them, and brings its result.
 */
#ifndef KMREPLAY_TESTS_NAIVE_SLAB_H
#define KMREPLAY_TESTS_NAIVE_SLAB_H

#include "kmreplay/core/rng.h"
#include "kmreplay/mm/slab_geometry.h"
#include "slab_fixture.h"

enum { NAIVE_MAX_CPUS = 4, NAIVE_MAX_NODES = 3, NAIVE_MAX_CACHES = 64 };

/** Slots of a slab, or numbers of slabs: the first is used next. */
struct naive_row vec(int);

struct naive_slab {
	uint64_t pfn, base;
	unsigned int order, node;
	int objects;
	size_t counted;        /**< free objects when it came to a CPU's list */
	struct naive_row free; /**< its own list */
	struct vec(bool) live; /**< by slot */
	bool gone;
};

struct naive_cache {
	struct slab_geometry geometry;
	uint32_t flags;
	bool debug;
	struct rng dice;
	struct naive_row cycle; /**< slots as handed out; empty before the first slab */
	struct vec(struct naive_slab) slabs; /**< all that ever were */
	int own[NAIVE_MAX_CPUS];             /**< number of the cpu slab, -1: none */
	struct naive_row own_free[NAIVE_MAX_CPUS];
	struct naive_row cpu_partial[NAIVE_MAX_CPUS];
	struct naive_row node_partial[NAIVE_MAX_NODES];
};

/** A slab whose pages wait for a grace period. */
struct naive_waiting {
	uint64_t pfn;
	unsigned int order;
};

struct naive_slub {
	bool until_5_15;  /**< a CPU's list is limited in free objects */
	bool since_6_8;   /**< node first round, compound pages, strict cpu partial */
	bool defers_rcu;
	unsigned int nr_cpus, nr_nodes;
	uint64_t direct_map;
	struct machine_config *config;
	struct naive_cache caches[NAIVE_MAX_CACHES];
	struct vec(struct naive_waiting) waiting;
	const struct page_call *calls; /**< what the real one asked for */
	size_t nr_calls, call;
	const char *wrong;             /**< the first thing that did not fit */
};

void naive_init(struct naive_slub *n, struct machine_config *config);
void naive_deinit(struct naive_slub *n);
/** The same cache as the real allocator's number "id". */
void naive_cache_init(struct naive_slub *n, uint32_t id, const char *name, uint32_t flags,
		      const struct slab_geometry *geometry);
/** The calls of the next operation. */
void naive_expect(struct naive_slub *n, const struct page_call *calls, size_t nr);

/** The address; 0: none. */
uint64_t naive_alloc(struct naive_slub *n, uint32_t id, unsigned int cpu, int node, uint32_t gfp);
bool naive_alloc_bulk(struct naive_slub *n, uint32_t id, unsigned int cpu, uint32_t gfp, size_t nr,
		      uint64_t *addrs);
void naive_free(struct naive_slub *n, uint32_t id, unsigned int cpu, uint64_t addr);
/** All of them live, of the caches in "ids"; "addrs" is put in disorder. */
void naive_free_bulk(struct naive_slub *n, const uint32_t *ids, unsigned int cpu, size_t nr,
		     uint64_t *addrs);
void naive_flush(struct naive_slub *n, uint32_t id, unsigned int cpu);
void naive_shrink(struct naive_slub *n, uint32_t id);
void naive_grace(struct naive_slub *n);

#endif
