/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Slabs that files tell of beyond those that were placed already: as many, on lists as long and
 * with as many free objects as each cache had. Which slots these are is left to chance (a seed),
 * which frames to the caller.
 */
#ifndef KMREPLAY_REPLAY_SLAB_FILL_H
#define KMREPLAY_REPLAY_SLAB_FILL_H

#include "kmreplay/core/rng.h"
#include "kmreplay/mm/slab_look.h"
#include "kmreplay/mm/slab_start.h"
#include "kmreplay/replay/slab_files.h"

/** Where the pages come from, and who is told of the slabs. */
struct slab_fill_ops {
	/** A block for a slab; false: there is none. */
	bool (*take)(void *ctx, unsigned int order, uint64_t *pfn);
	/** That block cannot be a slab after all. */
	void (*drop)(void *ctx, uint64_t pfn, unsigned int order);
	/** It is one now. */
	void (*placed)(void *ctx, const struct slab_start_page *page, uint32_t objects);
};

struct slab_fill {
	const struct slab_fill_ops *ops;
	void *ctx;
	struct slab_allocator *slab;
	struct rng rng;
	bool nothing_per_cpu; /**< the design has no cpu slabs */
	/* The cache being filled. */
	const struct slab_files_cache *known;
	const struct slab_geometry *geometry;
	uint32_t cache;
	uint64_t nr_slabs, nr_small; /**< still missing; of them smaller than usual */
	uint64_t nr_free;            /**< on nodes' lists */
	bool no_pages;               /**< are left for it */
	uint16_t slots[SLAB_MAX_OBJECTS];
};

/** Nothing has to be undone. "seed" says which slots are free. */
void slab_fill_init(struct slab_fill *fill, const struct slab_fill_ops *ops, void *ctx,
		    struct slab_allocator *slab, uint64_t seed);
/**
 * Fills "cache" up to what is "known" of it. False, with nothing placed, when its slabs are not
 * like those known.
 */
bool slab_fill_cache(struct slab_fill *fill, const struct slab_files_cache *known,
		     uint32_t cache);

#endif
