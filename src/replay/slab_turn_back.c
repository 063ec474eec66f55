/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What files say of slabs, turned back from the moment at which they were read to the beginning.
 *
 * Theory. What no event touches did not change. So a cache had at the beginning those slabs that
 * the look ahead found, and as many more as the files show at their moment beyond what the
 * recording had brought about by then. Of a cache that no event touched until then the files
 * tell all; of the others only how many more slabs there were: on which lists these stood is not
 * told, and a slab that nothing was taken from, ever, was full more likely than not.
 *
 * The files also name caches whose objects no event names: those of the same size, and of which
 * just as many slabs were there. What is in doubt stays nameless.
 */
#include <config.h>

#include "kmreplay/replay/slab_files.h"

#include "kmreplay/core/xalloc.h"
#include "kmreplay/event/names.h"
#include "kmreplay/mm/slab_geometry.h"
#include "kmreplay/repair/repair.h"
#include "kmreplay/replay/slab_census.h"
#include "kmreplay/replay/slab_survey.h"

#include <stdlib.h>
#include <string.h>

/* A cache of repair's at the moment of the files. */
struct counted {
	int64_t nr[KERNEL_NR_ORDERS];
	bool touched; /* before that moment */
	uint64_t begin, begin_objects; /* of them, and those gone since: at the beginning */
};

struct turning {
	struct slab_files *files;
	const struct slab_sources *from;
	struct counted *counted;  /* by repair's id; of canonical ones only */
	uint32_t nr;
};

static void count_all(struct turning *t);
static bool name_caches(struct turning *t);
static uint32_t next_nameless(const struct turning *t, uint32_t id);
static const struct slab_files_cache *find_likely(const struct turning *t, uint32_t id);
static bool is_alike(const struct slab_files_cache *known, const struct repair_cache *cache);
static int64_t unexplained(const struct turning *t, const struct slab_files_cache *known);
static uint32_t find_id(const struct turning *t, const char *name);
static int64_t slabs_of(const struct counted *counted);
static void turn_cache(const struct turning *t, struct slab_files_cache *known);
static void forget_lists(struct slab_files_cache *known);
static uint32_t canon_of(const struct repair *repair, uint32_t id);

bool slab_files_name(struct slab_files *files, const struct slab_sources *from)
{
	struct turning t = { .files = files, .from = from };
	bool any;

	count_all(&t);
	any = name_caches(&t);
	free(t.counted);
	return any;
}

void slab_files_turn_back(struct slab_files *files, const struct slab_sources *from)
{
	struct turning t = { .files = files, .from = from };

	count_all(&t);
	vec_foreach(&files->caches, known)
		turn_cache(&t, known);
	free(t.counted);
}

void slab_files_forget_lists(struct slab_files *files)
{
	vec_foreach(&files->caches, known)
		if (known->touched)
			forget_lists(known);
}

static void count_all(struct turning *t)
{
	const struct slab_sources *from = t->from;

	t->nr = repair_nr_caches(from->repair) + 1;
	free(t->counted);
	t->counted = xcalloc(t->nr, sizeof(*t->counted));
	for (uint32_t id = 1; id < t->nr && id < from->census->then.nr; id++) {
		struct counted *counted = &t->counted[canon_of(from->repair, id)];

		for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++)
			counted->nr[order] += from->census->then.items[id].nr[order];
		counted->touched |= from->census->then.items[id].touched;
	}
	vec_foreach(&from->survey->slabs, slab) {
		struct counted *counted = &t->counted[canon_of(from->repair, slab->cache)];

		counted->nr[slab->order] += slab->gone >= from->moment;
		counted->begin++;
		counted->begin_objects += slab->objects;
	}
}

/* Those with most slabs first: they leave the least choice. */
static bool name_caches(struct turning *t)
{
	bool *tried = xcalloc(t->nr, sizeof(*tried));
	bool any = false;
	uint32_t id;

	for (;;) {
		const struct slab_files_cache *known;
		uint32_t best = 0;

		for (id = next_nameless(t, 0); id; id = next_nameless(t, id))
			if (!tried[id] && (!best || slabs_of(&t->counted[id]) >
							    slabs_of(&t->counted[best])))
				best = id;
		if (!best)
			break;
		tried[best] = true;
		known = find_likely(t, best);
		if (known && repair_name_cache(t->from->repair, best, known->name)) {
			count_all(t);
			any = true;
		}
	}
	free(tried);
	return any;
}

static uint32_t next_nameless(const struct turning *t, uint32_t id)
{
	while (++id < t->nr) {
		const struct repair_cache *cache = repair_cache(t->from->repair, id);

		if (cache->canon == id && !cache->name && !cache->kmalloc && cache->size)
			return id;
	}
	return 0;
}

/*
 * The only cache like it that has as many unexplained slabs as this one; or, if all that it could
 * be have more, the only one that it could be. NULL: there is none, or a choice.
 */
static const struct slab_files_cache *find_likely(const struct turning *t, uint32_t id)
{
	const struct repair_cache *cache = repair_cache(t->from->repair, id);
	const int64_t here = slabs_of(&t->counted[id]);
	const struct slab_files_cache *exact = NULL, *larger = NULL;
	unsigned int nr_exact = 0, nr_larger = 0;

	vec_foreach(&t->files->caches, known) {
		const int64_t there = is_alike(known, cache) ? unexplained(t, known) : -1;

		if (there == here) {
			exact = known;
			nr_exact++;
		} else if (there > here) {
			larger = known;
			nr_larger++;
		}
	}
	if (nr_exact)
		return nr_exact == 1 && (here || !nr_larger) ? exact : NULL;
	return nr_larger == 1 ? larger : NULL;
}

/* The object's size of a merged cache is that of the largest that was merged so far. */
static bool is_alike(const struct slab_files_cache *known, const struct repair_cache *cache)
{
	const uint32_t flags = SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT | SLAB_CACHE_DMA;
	const uint32_t asked = (cache->reclaimable ? SLAB_RECLAIM_ACCOUNT : 0U) |
			       (cache->account ? SLAB_ACCOUNT : 0U) |
			       (cache->dma ? SLAB_CACHE_DMA : 0U);

	if (known->size != cache->size)
		return false;
	if (known->merged)
		return cache->object_size <= known->object_size && (known->flags & flags) == asked;
	return !known->has_object_size || cache->object_size == known->object_size;
}

/* Slabs that neither the beginning nor the recording explains. */
static int64_t unexplained(const struct turning *t, const struct slab_files_cache *known)
{
	const uint32_t id = find_id(t, known->name);

	return (int64_t)known->nr_slabs - (id ? slabs_of(&t->counted[id]) : 0);
}

static uint32_t find_id(const struct turning *t, const char *name)
{
	for (uint32_t id = 1; id < t->nr; id++) {
		const struct repair_cache *cache = repair_cache(t->from->repair, id);

		if (cache->canon == id && cache->name &&
		    !strcmp(intern_text(&t->from->names->texts, cache->name), name))
			return id;
	}
	return 0;
}

static int64_t slabs_of(const struct counted *counted)
{
	int64_t sum = 0;

	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++)
		sum += counted->nr[order];
	return sum;
}

static void turn_cache(const struct turning *t, struct slab_files_cache *known)
{
	const uint32_t id = find_id(t, known->name);
	const struct counted *counted = &t->counted[id];
	const int64_t nr = (int64_t)known->nr_slabs - (id ? slabs_of(counted) : 0);
	int64_t objects = (int64_t)known->num_objs;

	if (!id)
		return;
	known->touched = true;
	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++)
		objects -= counted->nr[order] *
			   (int64_t)(((uint64_t)KERNEL_PAGE_SIZE << order) / known->size);
	known->nr_untouched = (uint64_t)MAX(nr, 0);
	objects = MIN(MAX(objects, 0), (int64_t)(known->nr_untouched * known->objects));
	if (!t->from->moment)
		return;
	known->nr_slabs = counted->begin + known->nr_untouched;
	known->num_objs = counted->begin_objects + (uint64_t)objects;
	if (counted->touched)
		forget_lists(known);
}

static void forget_lists(struct slab_files_cache *known)
{
	known->nr_free = known->nr_partial = known->nr_cpu = known->nr_cpu_partial = 0;
	known->has_lists = false;
	known->counts_only = true;
}

static uint32_t canon_of(const struct repair *repair, uint32_t id)
{
	while (repair_cache(repair, id)->canon != id)
		id = repair_cache(repair, id)->canon;
	return id;
}
