/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the kernel did without any event: objects allocated and freed in bulk, or seen only when
 * their address comes back.
 */
#ifndef KMREPLAY_VERIFY_SLAB_SILENT_H
#define KMREPLAY_VERIFY_SLAB_SILENT_H

#include "kmreplay/core/base.h"

struct slab_judge;
struct slab_known;
struct slab_step;

/** Bulk allocations that a context is in. */
struct slab_bulk {
	uint64_t context;
	uint32_t cache;
	uint32_t nr;
	uint64_t at;          /**< event */
};

/** An object that no event will free, and its place among those of its call site on its CPU. */
struct slab_silent {
	uint64_t addr;
	uint64_t event;       /**< that allocated it */
	uint32_t queue;
	uint32_t prev, next;  /**< 0: none */
	bool proved;          /**< later events show that it ended */
};

struct slab_silent_queue {
	uint32_t first, last; /**< oldest, youngest; 0: none */
};

void slab_silent_bulk_alloc(struct slab_judge *j, const struct slab_step *step);
void slab_silent_bulk_ret(struct slab_judge *j, const struct slab_step *step);
void slab_silent_bulk_free(struct slab_judge *j, const struct slab_step *step);
/** An allocation from "cache" is about to give "addr" (ours): what must have happened unseen? */
void slab_silent_before_alloc(struct slab_judge *j, const struct slab_step *step, uint32_t cache,
			      uint64_t addr);
/**
 * "step" allocated from "cache": requests in bulk come right behind such, and what is next on the
 * CPU's list and freed before it is seen allocated was among them.
 */
void slab_silent_after_alloc(struct slab_judge *j, const struct slab_step *step, uint32_t cache);
/**
 * An allocation from "cache" gives "addr" (ours), where no slab is known: if all that existed at
 * the start are, this one was bought without an event, and stands there then, untouched, as the own
 * one of the CPU. False: it may have been there all the time.
 */
bool slab_silent_slab(struct slab_judge *j, const struct slab_step *step, uint32_t cache,
		      uint64_t addr);
/** The kernel gives "known" back: what was freed unseen before? It may be gone then. */
void slab_silent_before_discard(struct slab_judge *j, const struct slab_step *step,
				const struct slab_known *known);
/** The object at "addr" was allocated unseen: so it is in the allocator that is not corrected. */
void slab_silent_run(struct slab_judge *j, uint32_t cache, unsigned int cpu, uint64_t addr);
/** The object at "addr" (ours) was allocated by "step": remembered if no event will free it. */
void slab_silent_born(struct slab_judge *j, const struct slab_step *step, uint64_t addr);
void slab_silent_gone(struct slab_judge *j, uint64_t addr);
/** The context is inside a bulk allocation, or NULL. */
struct slab_bulk *slab_silent_bulk_of(struct slab_judge *j, uint64_t context);

#endif
