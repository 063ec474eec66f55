/* SPDX-License-Identifier: GPL-2.0-or-later */
/** What a request has cost so far: steps add up in its outcome. */
#ifndef KMREPLAY_MM_SLAB_COST_H
#define KMREPLAY_MM_SLAB_COST_H

#include "kmreplay/mm/outcome.h"

/** Adds a step of "cost" ns on "path" to "out". */
static inline void slab_step(struct mm_outcome *out, enum mm_path path, uint32_t cost)
{
	if (__builtin_add_overflow(out->cost_ns, cost, &out->cost_ns))
		out->cost_ns = UINT32_MAX;
	out->steps = (uint16_t)(out->steps + (out->steps < UINT16_MAX));
	if (out->path < path)
		out->path = (uint8_t)path;
}

/** Adds what the page allocator did for it. */
static inline void slab_add_page_cost(struct mm_outcome *out, struct mm_outcome page)
{
	unsigned int steps = (unsigned int)out->steps + page.steps;

	if (__builtin_add_overflow(out->cost_ns, page.cost_ns, &out->cost_ns))
		out->cost_ns = UINT32_MAX;
	out->steps = (uint16_t)MIN(steps, (unsigned int)UINT16_MAX);
}

#endif
