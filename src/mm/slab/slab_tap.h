/* SPDX-License-Identifier: GPL-2.0-or-later */
/** Telling who listens (mm/tap.h) of the slab allocator's calls. */
#ifndef KMREPLAY_SLAB_TAP_H
#define KMREPLAY_SLAB_TAP_H

#include "slab_internal.h"

/** A request, for who hears of it. */
struct slab_asked {
	uint64_t size;
	uint32_t cache, gfp;
	unsigned int cpu;
	int node;
};

/** slab_alloc() that nobody hears of. */
struct mm_outcome slab_alloc_untold(struct slab_allocator *slab, uint32_t id, unsigned int cpu,
				    int node, uint32_t gfp, unsigned int context);

/** Of a request for "size" bytes of kmalloc() (cache: NONE) or an object of "cache". */
void slab_tell_alloc(struct slab_allocator *slab, const struct slab_asked *asked,
		     struct mm_outcome out);
/** Of a free that comes; nothing is told where nothing is allocated. */
void slab_tell_free(struct slab_allocator *slab, unsigned int cpu, uint64_t addr);

#endif
