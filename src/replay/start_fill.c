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
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/page_start.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/zone.h"
#include "kmreplay/replay/slab_fill.h"

#include <stdlib.h>
#include <string.h>

enum { TRIES = 64 };

struct fill {
	struct replay *r;
	struct page_allocator *pa;
	struct slab_fill fill;
	struct vec(uint64_t) frames[KERNEL_NR_ORDERS]; /* not used yet, in the order of chance */
};

static void shuffle_frames(struct fill *f, const struct slab_files *files);
static uint32_t make_cache(struct replay *r, const struct slab_files_cache *known);
static void name_cache(struct replay *r, const struct slab_files *files, uint32_t id);
static uint32_t find_repaired(const struct replay *r, const char *name);
static uint32_t find_named(const struct slab_allocator *slab, const char *name);
static void fill_cache(struct fill *f, const struct slab_files_cache *known, uint32_t cache);
static void placed(void *ctx, const struct slab_start_page *page, uint32_t objects);
static void drop(void *ctx, uint64_t pfn, unsigned int order);
static bool take_frame(void *ctx, unsigned int order, uint64_t *pfn);
static bool take_unknown(struct fill *f, unsigned int order, uint64_t *pfn);
static void ask(struct fill *f, uint32_t cache, uint64_t nr);

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
	static const struct slab_fill_ops ops = {
		.take = take_frame, .drop = drop, .placed = placed
	};
	const struct slab_files *files = r->options.slab_files;
	struct fill *f;

	if (!files || !r->start_objects.caches.nr)
		return;
	f = xcalloc(1, sizeof(*f));
	f->r = r;
	f->pa = machine_pages(r->machine);
	slab_fill_init(&f->fill, &ops, f, machine_slab(r->machine), seed);
	f->fill.nothing_per_cpu = r->slab_design != SLAB_DESIGN_SLUB;
	shuffle_frames(f, files);
	for (size_t i = 0; i < files->caches.nr; i++)
		fill_cache(f, &files->caches.items[i], r->start_objects.caches.items[i]);
	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++)
		vec_deinit(&f->frames[order]);
	free(f);
}

static void shuffle_frames(struct fill *f, const struct slab_files *files)
{
	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++) {
		vec_foreach(&files->frames[order], pfn) {
			const size_t at = rng_below(&f->fill.rng, f->frames[order].nr + 1);

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

/* A machine whose slabs are others gets what was in use, in slabs of its own. */
static void fill_cache(struct fill *f, const struct slab_files_cache *known, uint32_t cache)
{
	const uint64_t used = known->num_objs - known->nr_free;
	struct slab_cache_stats stats;

	if (!slab_fill_cache(&f->fill, known, cache) &&
	    slab_cache_get_stats(f->fill.slab, cache, &stats) && stats.nr_slabs < known->nr_slabs)
		ask(f, cache, used - MIN(used, stats.live_objs));
}

static void placed(void *ctx, const struct slab_start_page *page, uint32_t objects)
{
	struct replay_tally *tally = &((struct fill *)ctx)->r->tally;

	replay_tally_pages(tally, OWNER_SLAB, page->order, false);
	tally->nr_start_filled++;
	tally->nr_start_objects += objects - page->nr_free;
}

static void drop(void *ctx, uint64_t pfn, unsigned int order)
{
	(void)page_free(((struct fill *)ctx)->pa, 0, pfn, order);
}

static bool take_frame(void *ctx, unsigned int order, uint64_t *pfn)
{
	struct fill *f = ctx;
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

		zone_info(f->pa, (unsigned int)rng_below(&f->fill.rng, nr_zones), &info);
		if (info.end_pfn <= info.start_pfn)
			continue;
		*pfn = info.start_pfn + rng_below(&f->fill.rng, info.end_pfn - info.start_pfn);
		*pfn = bits_align_down(*pfn, 1ULL << order);
		if (replay_may_have_slabs(f->r, *pfn) &&
		    page_adopt(f->pa, *pfn, order, MIGRATE_UNMOVABLE))
			return true;
	}
	return false;
}

/* The machine has no such slabs: as many objects as were in use, in slabs of its own. */
static void ask(struct fill *f, uint32_t cache, uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i++) {
		const struct mm_outcome outcome =
			slab_alloc(f->fill.slab, cache, (unsigned int)(i % f->r->nr_cpus), -1,
				   GFP_BITS_KERNEL, 0);

		if (!mm_ok(outcome)) {
			f->r->tally.nr_start_missing += nr - i;
			return;
		}
		f->r->tally.nr_start_objects++;
	}
}
