/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slabs by number: see slab_fill.h.
 *
 * What is free in slabs of CPUs no file tells: their own slabs count as used up, those on their
 * lists as half used, as the kernel itself estimates. What events touch is used first, so it lies
 * above.
 */
#include <config.h>

#include "kmreplay/replay/slab_fill.h"

#include <string.h>

static void fill_lists(struct slab_fill *f, const struct slab_cache_stats *stats);
static void fill_cpu_lists(struct slab_fill *f, uint64_t nr, uint64_t least);
static void fill_nodes(struct slab_fill *f, uint64_t nr);
static bool add(struct slab_fill *f, enum slab_start_place place, unsigned int cpu,
		uint32_t nr_free, bool small);

void slab_fill_init(struct slab_fill *fill, const struct slab_fill_ops *ops, void *ctx,
		    struct slab_allocator *slab, uint64_t seed)
{
	memset(fill, 0, sizeof(*fill));
	fill->ops = ops;
	fill->ctx = ctx;
	fill->slab = slab;
	rng_init(&fill->rng, seed);
}

bool slab_fill_cache(struct slab_fill *fill, const struct slab_files_cache *known, uint32_t cache)
{
	const struct slab_geometry *g = slab_cache_geometry(fill->slab, cache);
	struct slab_cache_stats stats;
	uint64_t num_objs;

	if (!g || g->size != known->size || g->objects != known->objects ||
	    g->order != known->order || !slab_cache_get_stats(fill->slab, cache, &stats))
		return false;
	if (stats.nr_slabs >= known->nr_slabs)
		return true;
	fill->no_pages = false;
	fill->known = known;
	fill->cache = cache;
	fill->geometry = g;
	fill->nr_slabs = known->nr_slabs - stats.nr_slabs;
	num_objs = known->num_objs - MIN(known->num_objs, stats.num_objs);
	fill->nr_small = 0;
	if (g->min_objects < g->objects && num_objs < fill->nr_slabs * g->objects)
		fill->nr_small = MIN((fill->nr_slabs * g->objects - num_objs) /
					     (g->objects - g->min_objects),
				     fill->nr_slabs);
	fill->nr_free = known->nr_free - MIN(known->nr_free, stats.num_objs - stats.active_objs);
	fill_lists(fill, &stats);
	while (fill->nr_slabs && add(fill, SLAB_START_FULL, 0, 0, fill->nr_small))
		continue;
	return true;
}

/* CPUs' slabs, those on their lists, those on nodes' lists. */
static void fill_lists(struct slab_fill *f, const struct slab_cache_stats *stats)
{
	const struct slab_files_cache *known = f->known;
	const unsigned int nr_cpus = slab_nr_cpus(f->slab);
	const uint32_t half = MAX(f->geometry->objects / 2, 1U);
	uint64_t cpu = known->nr_cpu - MIN(known->nr_cpu, stats->cpu_slabs);
	const uint64_t listed = known->nr_cpu_partial - MIN(known->nr_cpu_partial,
							    stats->cpu_partial_slabs);
	uint64_t partial = known->nr_partial - MIN(known->nr_partial, stats->partial_slabs);
	/* The least that can have all the free objects of nodes' lists. */
	const uint64_t least =
		MIN((f->nr_free + f->geometry->objects - 1) / f->geometry->objects, f->nr_slabs);

	if (!f->nothing_per_cpu) {
		for (unsigned int i = 0; i < nr_cpus && cpu && f->nr_slabs > least; i++)
			cpu -= add(f, SLAB_START_CPU, i, 0, false);
		fill_cpu_lists(f, listed, least);
	}
	if (!known->has_lists)
		partial = (f->nr_free + half - 1) / half;
	fill_nodes(f, MIN(MIN(MAX(partial, least), f->nr_free), f->nr_slabs));
}

/* "nr" more slabs on CPUs' lists, as sysfs has them by CPU, or one each in turn. */
static void fill_cpu_lists(struct slab_fill *f, uint64_t nr, uint64_t least)
{
	const unsigned int nr_cpus = slab_nr_cpus(f->slab);
	const uint32_t half = MAX(f->geometry->objects / 2, 1U);

	for (unsigned int i = 0; i < nr_cpus && nr && f->nr_slabs > least; i++) {
		struct slab_cpu_info info;

		slab_cpu_info(f->slab, f->cache, i, &info);
		for (uint64_t at = info.nr_partial; at < slab_files_listed(f->known, i); at++) {
			if (!nr || f->nr_slabs <= least ||
			    !add(f, SLAB_START_CPU_BOTTOM, i, half, false))
				break;
			nr--;
		}
	}
	for (unsigned int i = 0; nr && f->nr_slabs > least; i++, nr--)
		if (!add(f, SLAB_START_CPU_BOTTOM, i % nr_cpus, half, false))
			break;
}

/* "nr" slabs with all of the free objects, each one at least. */
static void fill_nodes(struct slab_fill *f, uint64_t nr)
{
	for (; nr && !f->no_pages; nr--) {
		const uint64_t most = MIN((uint64_t)f->geometry->objects, f->nr_free - (nr - 1));
		uint64_t least = f->nr_free - MIN(f->nr_free, (nr - 1) * f->geometry->objects);
		uint64_t nr_free;

		least = MAX(least, (uint64_t)1);
		nr_free = nr == 1 ? most : least + rng_below(&f->rng, most - least + 1);
		if (!add(f, SLAB_START_NODE_PARTIAL, 0, (uint32_t)nr_free, false))
			return;
		f->nr_free -= nr_free;
	}
}

static bool add(struct slab_fill *f, enum slab_start_place place, unsigned int cpu,
		uint32_t nr_free, bool small)
{
	const struct slab_geometry *g = f->geometry;
	const uint32_t objects = small ? g->min_objects : g->objects;
	struct slab_start_page page = {
		.cache = f->cache,
		.order = (uint8_t)(small ? g->min_order : g->order),
		.place = (uint8_t)place,
		.tail = true,
		.cpu = cpu,
		.nr_free = nr_free,
		.free = f->slots,
	};

	if (f->no_pages || !f->ops->take(f->ctx, page.order, &page.pfn)) {
		f->no_pages = true;
		return false;
	}
	for (uint32_t i = 0; i < objects; i++) {
		const uint32_t at = (uint32_t)rng_below(&f->rng, i + 1U);

		f->slots[i] = f->slots[at];
		f->slots[at] = (uint16_t)i;
	}
	if (!slab_place(f->slab, &page)) {
		f->ops->drop(f->ctx, page.pfn, page.order);
		return false;
	}
	f->ops->placed(f->ctx, &page, objects);
	f->nr_slabs--;
	f->nr_small -= small;
	return true;
}
