/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The slab allocator that nobody corrects. Addresses are those of the following one ("ours" there):
 * they name objects.
 */
#ifndef KMREPLAY_VERIFY_SLAB_FREE_H
#define KMREPLAY_VERIFY_SLAB_FREE_H

#include "page_calls.h"
#include "slab_judge.h"

#include <string.h>

#define SLAB_NO_NUMBER UINT64_MAX

/** SLAB_WINDOW where the page layer is judged with it: its calls may be held back for so long. */
enum { SLAB_JOINT_WINDOW = PAGE_CALLS_WINDOW + 1 };

/**
 * Where the free-running allocator's pages come from when it is judged together with a page
 * allocator (joint.c); else it has frames of its own, which are numbers only.
 */
struct slab_join {
	void *ctx;
	/** Event "number" is the next to take effect, in either mode. */
	void (*reached)(void *ctx, uint64_t number);
	/** As page_alloc(), for a slab of "cache". */
	struct mm_outcome (*alloc)(void *ctx, uint32_t cache, unsigned int cpu, uint32_t gfp,
				   unsigned int order, int node);
	/** A slab that is there from the start. */
	void (*place)(void *ctx, const struct slab_start_page *page);
	/** As page_free(), for slab "number" of its cache. */
	void (*free)(void *ctx, uint64_t number, unsigned int cpu, uint64_t pfn);
	/** With this event the kernel gave back slabs of these numbers. */
	void (*settle)(void *ctx, const uint64_t *numbers, size_t nr);
};

/** slab.c: verify_slab_ops.create() for a judge that is joined with another one (NULL: is not). */
struct slab_judge *slab_judge_create(const struct verify_setup *setup, const struct slab_look *look,
				     const struct repair *repair, struct verify_log *log,
				     const struct slab_join *join, struct error *err);

struct slab_free_cache {
	uint64_t next;       /**< number of the next slab bought */
	uint64_t nr_allocs;
	/** Purchases of one side that the other has not made yet, by "nr_allocs" then. */
	struct vec(uint64_t) unmatched;
	size_t first;        /**< of them */
	bool ours;           /**< it is ours that is ahead */
};

struct slab_free_run {
	struct slab_allocator *slab;
	unsigned int nr_nodes, nr_cpus;
	uint64_t *next_pfn;      /**< by node */
	uint32_t buying;         /**< cache whose slabs are bought now */
	const struct slab_join *join; /**< NULL: none */
	const struct slab_step *step; /**< that asks */
	/** Numbered slabs that the kernel got smaller than it wished: cache and number to order. */
	struct u64map smaller;
	struct u64map slabs;     /**< pfn to the slab's number in its cache */
	struct u64map objects;   /**< name to index in "addrs" */
	struct vec(uint64_t) addrs;
	struct vec(uint32_t) addrs_free;
	struct vec(struct slab_free_cache) caches;
	struct vec(uint64_t) gone; /**< numbers of slabs given back since the last settling */
};

struct slab_free_request {
	const struct slab_step *step;
	uint32_t cache;
	unsigned int cpu;
	int node;
	uint32_t gfp;
	uint64_t addr; /**< its name */
	bool unseen;   /**< no event shows it: not judged */
	uint8_t way;   /**< enum slab_way */
	bool unseen_slab; /**< it is the first seen of a slab that was bought without an event */
};

/** "join" (NULL: none) must outlive it. */
struct slab_free_run *slab_free_create(const struct verify_setup *setup,
				       const struct slab_join *join);
void slab_free_destroy(struct slab_free_run *f);
/** A slab that is there from the start, number "number" of its cache. */
void slab_free_start(struct slab_judge *j, const struct slab_start_page *page, uint64_t number);
/** A sheaf that is there from the start; "addrs" are those of the following allocator. */
void slab_free_start_sheaf(struct slab_judge *j, const struct slab_start_sheaf *sheaf);
/** The recorded object lies in slab "number"; so many slabs were bought for it. */
void slab_free_alloc(struct slab_judge *j, const struct slab_free_request *rq, uint64_t number,
		     uint32_t nr_bought);
/** The kernel bought slab "number" of "cache" (SLAB_NO_NUMBER: it has none yet) with "order". */
void slab_free_bought(struct slab_judge *j, uint32_t cache, uint64_t number, unsigned int order);
/** "stale": an object of that name was left over; its end is no event. */
void slab_free_free(struct slab_judge *j, const struct slab_step *step, unsigned int cpu,
		    uint64_t addr, bool stale);
void slab_free_free_bulk(struct slab_judge *j, unsigned int cpu, size_t nr, const uint64_t *addrs);
void slab_free_rename(struct slab_judge *j, uint64_t from, uint64_t to);
/** At "step" the kernel gave back these slabs; ours are those since the last call. */
void slab_free_settle(struct slab_judge *j, const struct slab_step *step,
		      const uint64_t *numbers, size_t nr);
uint64_t slab_free_pages(const struct slab_judge *j);
void slab_free_finish(struct slab_judge *j);

#endif
