/* SPDX-License-Identifier: GPL-2.0-or-later */
/** CMA areas as the page allocator keeps them; private to it, and a part of page_state.h. */
#ifndef KMREPLAY_MM_CMA_STATE_H
#define KMREPLAY_MM_CMA_STATE_H

#include "kmreplay/mm/page_contig.h"

struct error;
struct machine_config;
struct page_allocator;

enum { CMA_MAX_RANGES = 8 };

/** What a zone has of CMA areas and isolated pageblocks. */
struct zone_apart {
	uint64_t cma_pages; /**< of activated areas */
	uint64_t free_cma;  /**< on CMA lists, part of the zone's free pages */
	int64_t cma_stat;   /**< the same as the global counter says: CPU deltas missing */
	uint64_t isolated;  /**< on ISOLATE lists, which nobody counts as free */
	uint32_t nr_isolated; /**< pageblocks */
};

/** A run of a CMA area, in indices, and which of its bits contiguous requests hold. */
struct cma_range {
	uint32_t first, nr;
	uint64_t *bits;
};

struct cma_area {
	struct cma_range ranges[CMA_MAX_RANGES];
	unsigned int nr_ranges;
	unsigned int order_per_bit;
	uint32_t id;        /**< as in struct machine_cma */
	uint64_t available; /**< pages that no contiguous request holds */
};

/* src/mm/page/contig.c */

/** page_alloc_contig_range() as a part of a call, whose report goes on. */
struct mm_outcome page_contig_range(struct page_allocator *pa, unsigned int cpu, uint64_t pfn,
				    uint64_t nr, uint32_t gfp, bool cma);

/* src/mm/page/cma.c */

/** The areas of "config"; false and "err": they lie badly, or there is no room. */
bool cma_create(struct page_allocator *pa, const struct machine_config *config,
		struct error *err);
/** Also after a cma_create() that failed. */
void cma_destroy(struct page_allocator *pa);
/** Sets their pageblocks' type, before memory is handed over. */
void cma_set_types(struct page_allocator *pa);

#endif
