/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slabs that a recording makes and gives back: see slab_census.h.
 *
 * Mostly the next event of the task that asked for a page tells which cache it is for. Where that
 * is no object's (kmem_cache_alloc_bulk() has no events), the first object seen in it tells.
 */
#include <config.h>

#include "kmreplay/replay/slab_census.h"

#include <string.h>

static void keep(struct slab_census *census, uint64_t moment);
static void count(struct slab_census *census, const struct event *ev, const struct repair_op *op,
		  int change);
static void count_object(struct slab_census *census, uint64_t pfn, uint32_t cache);
static void count_nameless(struct slab_census *census, const struct event *ev, int change);
static void set_frames(struct slab_census *census, uint32_t number, bool there);
static void find_name(struct slab_census *census, uint64_t pfn, uint32_t cache);
static void add(struct slab_census *census, uint32_t cache, unsigned int order, bool then,
		int change);

void slab_census_init(struct slab_census *census)
{
	memset(census, 0, sizeof(*census));
	census->moment = UINT64_MAX;
	u64map_init(&census->frames);
}

void slab_census_deinit(struct slab_census *census)
{
	vec_deinit(&census->now);
	vec_deinit(&census->then);
	vec_deinit(&census->nameless);
	u64map_deinit(&census->frames);
}

void slab_census_feed(struct slab_census *census, const struct repair *repair,
		      const struct repair_batch *batch, uint64_t moment)
{
	const uint64_t base = repair_coverage(repair)->direct_map_base;

	for (size_t i = 0; i < batch->batch->nr; i++, census->nr_events++) {
		const struct repair_op *op = &batch->ops[i];
		const struct event *ev = &batch->batch->events[i];

		if (unlikely(census->nr_events == moment))
			keep(census, moment);
		if (op->call == CALL_PAGE_ALLOC)
			count(census, ev, op, 1);
		else if (op->call == CALL_PAGE_FREE && op->kind != REPAIR_MISMATCH)
			count(census, ev, op, -1);
		else if (op->call == CALL_KMALLOC || op->call == CALL_CACHE_ALLOC ||
			 op->call == CALL_OBJ_FREE)
			count_object(census, (ev->slab.ptr - base) / KERNEL_PAGE_SIZE, op->cache);
	}
}

static void count_object(struct slab_census *census, uint64_t pfn, uint32_t cache)
{
	vec_extend_zeroed(&census->now, (size_t)cache + 1);
	census->now.items[cache].touched = true;
	if (unlikely(census->frames.nr) && cache)
		find_name(census, pfn, cache);
}

static void keep(struct slab_census *census, uint64_t moment)
{
	vec_reset(&census->then);
	vec_foreach(&census->now, cache)
		vec_push(&census->then, *cache);
	vec_foreach(&census->nameless, slab)
		slab->then = slab->now;
	census->moment = moment;
}

/* A page that goes is counted only if it was seen to come: whose others were nothing says. */
static void count(struct slab_census *census, const struct event *ev, const struct repair_op *op,
		  int change)
{
	if (op->owner != OWNER_SLAB || op->fate == FATE_SKIPPED ||
	    ev->page.order > KERNEL_MAX_ORDER)
		return;
	if (op->cache)
		add(census, op->cache, ev->page.order, false, change);
	else
		count_nameless(census, ev, change);
}

static void count_nameless(struct slab_census *census, const struct event *ev, int change)
{
	const uint32_t *at;

	if (change > 0) {
		vec_push(&census->nameless, (struct slab_census_slab){
			.pfn = ev->page.pfn, .order = ev->page.order, .now = true
		});
		set_frames(census, (uint32_t)census->nameless.nr - 1, true);
		return;
	}
	at = u64map_find(&census->frames, ev->page.pfn);
	if (at)
		set_frames(census, *at, false);
}

static void set_frames(struct slab_census *census, uint32_t number, bool there)
{
	struct slab_census_slab *slab = &census->nameless.items[number];
	bool fresh;

	slab->now = there;
	for (uint64_t pfn = slab->pfn; pfn < slab->pfn + (1ULL << slab->order); pfn++) {
		if (there)
			*u64map_insert(&census->frames, pfn, &fresh) = number;
		else
			u64map_remove(&census->frames, pfn);
	}
}

/* An object of "cache" lies in frame "pfn". */
static void find_name(struct slab_census *census, uint64_t pfn, uint32_t cache)
{
	const uint32_t *at = u64map_find(&census->frames, pfn);
	const struct slab_census_slab *slab;

	if (likely(!at))
		return;
	slab = &census->nameless.items[*at];
	add(census, cache, slab->order, false, 1);
	if (slab->then)
		add(census, cache, slab->order, true, 1);
	set_frames(census, *at, false);
}

static void add(struct slab_census *census, uint32_t cache, unsigned int order, bool then,
		int change)
{
	if (then) {
		vec_extend_zeroed(&census->then, (size_t)cache + 1);
		census->then.items[cache].nr[order] += change;
	} else {
		vec_extend_zeroed(&census->now, (size_t)cache + 1);
		census->now.items[cache].nr[order] += change;
	}
}
