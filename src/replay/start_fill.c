/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slabs that files of the running machine tell of, beyond those that the recording shows.
 *
 * Theory. The files count; they name no slab. So each cache gets as many slabs as it had, on lists
 * as long as they were, with as many free objects on the nodes' lists, and chance (by the seed)
 * says which slots these are and which of the frames that kpageflags shows to be slabs' are which
 * cache's. Without kpageflags the frames are such that are in use by nobody that is known, else
 * such that the page allocator gives. What is free in slabs of CPUs no file tells: their own slabs
 * count as used up, those on their lists as half used, as the kernel itself estimates.
 */
#include <config.h>

#include "replay_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/bits.h"
#include "kmreplay/core/rng.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/page_start.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/slab_start.h"
#include "kmreplay/mm/zone.h"
#include "kmreplay/replay/slab_files.h"

#include <stdlib.h>
#include <string.h>

enum { TRIES = 64 };

struct fill {
	struct replay *r;
	struct page_allocator *pa;
	struct slab_allocator *slab;
	struct rng rng;
	struct vec(uint64_t) frames[KERNEL_NR_ORDERS]; /* not used yet, in the order of chance */
	/* The cache being filled. */
	const struct slab_files_cache *known;
	const struct slab_geometry *geometry;
	uint32_t cache;
	uint64_t nr_slabs, nr_small; /* still missing; of them smaller than usual */
	uint64_t nr_free;            /* on nodes' lists */
	bool out_of_memory;
	uint16_t slots[SLAB_MAX_OBJECTS];
};

static void shuffle_frames(struct fill *f, const struct slab_files *files);
static uint32_t make_cache(struct replay *r, const struct slab_files_cache *known);
static void name_cache(struct replay *r, const struct slab_files *files, uint32_t id);
static uint32_t find_repaired(const struct replay *r, const char *name);
static uint32_t find_named(const struct slab_allocator *slab, const char *name);
static void fill_cache(struct fill *f);
static void fill_lists(struct fill *f, const struct slab_cache_stats *stats);
static void fill_nodes(struct fill *f, uint64_t nr);
static bool add(struct fill *f, enum slab_start_place place, unsigned int cpu, uint32_t nr_free,
		bool small);
static bool take_frame(struct fill *f, unsigned int order, uint64_t *pfn);
static bool take_unknown(struct fill *f, unsigned int order, uint64_t *pfn);
static void ask(struct fill *f, uint64_t nr);

void replay_start_caches(struct replay *r)
{
	const struct slab_files *files = r->options.slab_files;

	if (!files || !(r->options.layers & LAYER_SLAB))
		return;
	vec_foreach(&files->caches, known)
		vec_push(&r->start_objects.caches, make_cache(r, known));
	for (uint32_t id = 1; id <= repair_nr_caches(r->repair); id++) {
		const struct repair_cache *cache = repair_cache(r->repair, id);

		if (cache->canon == id && !cache->name && cache->size && !cache->kmalloc)
			name_cache(r, files, id);
	}
}

void replay_start_fill(struct replay *r, uint64_t seed)
{
	const struct slab_files *files = r->options.slab_files;
	struct fill *f;

	if (!files || !r->start_objects.caches.nr)
		return;
	f = xcalloc(1, sizeof(*f));
	f->r = r;
	f->pa = machine_pages(r->machine);
	f->slab = machine_slab(r->machine);
	rng_init(&f->rng, seed);
	shuffle_frames(f, files);
	for (size_t i = 0; i < files->caches.nr; i++) {
		f->known = &files->caches.items[i];
		f->cache = r->start_objects.caches.items[i];
		f->geometry = slab_cache_geometry(f->slab, f->cache);
		if (f->geometry)
			fill_cache(f);
	}
	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++)
		vec_deinit(&f->frames[order]);
	free(f);
}

static void shuffle_frames(struct fill *f, const struct slab_files *files)
{
	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++) {
		vec_foreach(&files->frames[order], pfn) {
			const size_t at = rng_below(&f->rng, f->frames[order].nr + 1);

			vec_push(&f->frames[order], *pfn);
			f->frames[order].items[f->frames[order].nr - 1] =
				f->frames[order].items[at];
			f->frames[order].items[at] = *pfn;
		}
	}
}

/*
 * The machine's cache of that name. What the recording has objects of is a cache of repair's, too;
 * sets of kmalloc caches of their own become caches of their own here, since their slabs are told.
 */
static uint32_t make_cache(struct replay *r, const struct slab_files_cache *known)
{
	struct slab_allocator *slab = machine_slab(r->machine);
	const uint32_t named = find_named(slab, known->name);
	const uint32_t id = find_repaired(r, known->name);
	uint32_t cache;

	if (named != SLAB_CACHE_NONE)
		return named;
	if (id && !repair_cache(r->repair, id)->kmalloc)
		return replay_known_cache(r, id, known->size);
	if ((uint64_t)slab_nr_caches(slab) * r->nr_cpus > SLAB_MAX_CPU_CACHES)
		return SLAB_CACHE_NONE;
	cache = slab_cache_by_geometry(slab, known->name, known->object_size, known->size,
				       known->flags);
	if (id && cache != SLAB_CACHE_NONE) {
		vec_extend_zeroed(&r->caches, (size_t)id + 1);
		r->caches.items[id] = cache + 1;
	}
	return cache;
}

/* Repair's cache "id" has no name. If the machine had one cache like it, that is it. */
static void name_cache(struct replay *r, const struct slab_files *files, uint32_t id)
{
	const struct repair_cache *cache = repair_cache(r->repair, id);
	uint32_t found = SLAB_CACHE_NONE;
	unsigned int nr = 0;

	for (size_t i = 0; i < files->caches.nr; i++) {
		const struct slab_files_cache *known = &files->caches.items[i];

		if (known->size != cache->size ||
		    (known->has_object_size && known->object_size != cache->object_size))
			continue;
		found = r->start_objects.caches.items[i];
		nr++;
	}
	if (nr != 1 || found == SLAB_CACHE_NONE)
		return;
	vec_extend_zeroed(&r->caches, (size_t)id + 1);
	r->caches.items[id] = found + 1;
}

static uint32_t find_repaired(const struct replay *r, const char *name)
{
	for (uint32_t id = 1; id <= repair_nr_caches(r->repair); id++) {
		const struct repair_cache *cache = repair_cache(r->repair, id);

		if (cache->canon == id && cache->name && cache->size &&
		    !strcmp(intern_text(&r->names->texts, cache->name), name))
			return id;
	}
	return 0;
}

static uint32_t find_named(const struct slab_allocator *slab, const char *name)
{
	for (uint32_t cache = 0; cache < slab_nr_caches(slab); cache++) {
		struct slab_cache_stats stats;

		if (slab_cache_get_stats(slab, cache, &stats) && !strcmp(stats.name, name))
			return cache;
	}
	return SLAB_CACHE_NONE;
}

static void fill_cache(struct fill *f)
{
	const struct slab_files_cache *known = f->known;
	const struct slab_geometry *g = f->geometry;
	struct slab_cache_stats stats;
	uint64_t num_objs;

	if (!slab_cache_get_stats(f->slab, f->cache, &stats) || stats.nr_slabs >= known->nr_slabs)
		return;
	if (g->size != known->size || g->objects != known->objects || g->order != known->order) {
		const uint64_t used = known->num_objs - known->nr_free;

		ask(f, used - MIN(used, stats.live_objs));
		return;
	}
	f->nr_slabs = known->nr_slabs - stats.nr_slabs;
	num_objs = known->num_objs - MIN(known->num_objs, stats.num_objs);
	f->nr_small = 0;
	if (g->min_objects < g->objects && num_objs < f->nr_slabs * g->objects)
		f->nr_small = MIN((f->nr_slabs * g->objects - num_objs) /
					  (g->objects - g->min_objects),
				  f->nr_slabs);
	f->nr_free = known->nr_free - MIN(known->nr_free, stats.num_objs - stats.active_objs);
	fill_lists(f, &stats);
	while (f->nr_slabs && add(f, SLAB_START_FULL, 0, 0, f->nr_small))
		continue;
}

/* CPUs' slabs, those on their lists, those on nodes' lists. */
static void fill_lists(struct fill *f, const struct slab_cache_stats *stats)
{
	const struct slab_files_cache *known = f->known;
	const unsigned int nr_cpus = f->r->nr_cpus;
	const uint32_t half = MAX(f->geometry->objects / 2, 1U);
	uint64_t cpu = known->nr_cpu - MIN(known->nr_cpu, stats->cpu_slabs);
	uint64_t listed = known->nr_cpu_partial - MIN(known->nr_cpu_partial,
						      stats->cpu_partial_slabs);
	uint64_t partial = known->nr_partial - MIN(known->nr_partial, stats->partial_slabs);
	/* The least that can have all the free objects of nodes' lists. */
	const uint64_t least =
		MIN((f->nr_free + f->geometry->objects - 1) / f->geometry->objects, f->nr_slabs);

	if (f->r->slab_design != SLAB_DESIGN_SLUB)
		cpu = listed = 0;
	for (unsigned int i = 0; i < nr_cpus && cpu && f->nr_slabs > least; i++)
		cpu -= add(f, SLAB_START_CPU, i, 0, false);
	for (unsigned int i = 0; listed && f->nr_slabs > least; i++, listed--)
		if (!add(f, SLAB_START_CPU_PARTIAL, i % nr_cpus, half, false))
			break;
	if (!known->has_lists)
		partial = (f->nr_free + half - 1) / half;
	fill_nodes(f, MIN(MIN(MAX(partial, least), f->nr_free), f->nr_slabs));
}

/* "nr" slabs with all of the free objects, each one at least. */
static void fill_nodes(struct fill *f, uint64_t nr)
{
	for (; nr && !f->out_of_memory; nr--) {
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

static bool add(struct fill *f, enum slab_start_place place, unsigned int cpu, uint32_t nr_free,
		bool small)
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

	if (f->out_of_memory || !take_frame(f, page.order, &page.pfn)) {
		f->out_of_memory = true;
		return false;
	}
	for (uint32_t i = 0; i < objects; i++) {
		const uint32_t at = (uint32_t)rng_below(&f->rng, i + 1U);

		f->slots[i] = f->slots[at];
		f->slots[at] = (uint16_t)i;
	}
	if (!slab_place(f->slab, &page)) {
		(void)page_free(f->pa, 0, page.pfn, page.order);
		return false;
	}
	replay_tally_pages(&f->r->tally, OWNER_SLAB, page.order, false);
	f->r->tally.nr_start_filled++;
	f->r->tally.nr_start_objects += objects - nr_free;
	f->nr_slabs--;
	f->nr_small -= small;
	return true;
}

static bool take_frame(struct fill *f, unsigned int order, uint64_t *pfn)
{
	struct mm_outcome outcome;

	while (f->frames[order].nr) {
		*pfn = f->frames[order].items[--f->frames[order].nr];
		if (replay_may_have_slabs(f->r, *pfn) &&
		    page_adopt(f->pa, *pfn, order, MIGRATE_UNMOVABLE))
			return true;
	}
	f->r->tally.nr_start_by_chance++;
	if (take_unknown(f, order, pfn))
		return true;
	outcome = page_alloc(f->pa, 0, GFP_BITS_KERNEL | GFP_BIT_NORETRY | GFP_BIT_NOWARN, order,
			     -1, 0);
	*pfn = outcome.addr;
	return mm_ok(outcome);
}

/* Any frames that are in use by nobody that is known. */
static bool take_unknown(struct fill *f, unsigned int order, uint64_t *pfn)
{
	const unsigned int nr_zones = zone_count(f->pa);

	for (unsigned int i = 0; i < TRIES; i++) {
		struct zone_info info;

		zone_info(f->pa, (unsigned int)rng_below(&f->rng, nr_zones), &info);
		if (info.end_pfn <= info.start_pfn)
			continue;
		*pfn = info.start_pfn + rng_below(&f->rng, info.end_pfn - info.start_pfn);
		*pfn = bits_align_down(*pfn, 1ULL << order);
		if (replay_may_have_slabs(f->r, *pfn) &&
		    page_adopt(f->pa, *pfn, order, MIGRATE_UNMOVABLE))
			return true;
	}
	return false;
}

/* The machine has no such slabs: as many objects as were in use, in slabs of its own. */
static void ask(struct fill *f, uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i++) {
		const struct mm_outcome outcome =
			slab_alloc(f->slab, f->cache, (unsigned int)(i % f->r->nr_cpus), -1,
				   GFP_BITS_KERNEL, 0);

		if (!mm_ok(outcome)) {
			f->r->tally.nr_start_missing += nr - i;
			return;
		}
		f->r->tally.nr_start_objects++;
	}
}
