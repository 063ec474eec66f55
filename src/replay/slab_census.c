/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slabs that a recording makes and gives back: see slab_census.h. */
#include <config.h>

#include "kmreplay/replay/slab_census.h"

#include <string.h>

static void keep(struct slab_census *census, uint64_t moment);
static void count(struct slab_census *census, const struct event *ev, const struct repair_op *op,
		  int change);

void slab_census_init(struct slab_census *census)
{
	memset(census, 0, sizeof(*census));
	census->moment = UINT64_MAX;
}

void slab_census_deinit(struct slab_census *census)
{
	vec_deinit(&census->now);
	vec_deinit(&census->then);
}

void slab_census_feed(struct slab_census *census, const struct repair_batch *batch,
		      uint64_t moment)
{
	for (size_t i = 0; i < batch->batch->nr; i++, census->nr_events++) {
		const struct repair_op *op = &batch->ops[i];

		if (unlikely(census->nr_events == moment))
			keep(census, moment);
		if (op->call == CALL_PAGE_ALLOC)
			count(census, &batch->batch->events[i], op, 1);
		else if (op->call == CALL_PAGE_FREE && op->kind != REPAIR_MISMATCH)
			count(census, &batch->batch->events[i], op, -1);
	}
}

static void keep(struct slab_census *census, uint64_t moment)
{
	vec_reset(&census->then);
	vec_foreach(&census->now, cache)
		vec_push(&census->then, *cache);
	census->moment = moment;
}

/* A page that goes is counted only if it was seen to come: whose others were nothing says. */
static void count(struct slab_census *census, const struct event *ev, const struct repair_op *op,
		  int change)
{
	if (op->owner != OWNER_SLAB || !op->cache || op->fate == FATE_SKIPPED ||
	    ev->page.order > KERNEL_MAX_ORDER)
		return;
	vec_extend_zeroed(&census->now, (size_t)op->cache + 1);
	census->now.items[op->cache].nr[ev->page.order] += change;
}
