/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slabs that were there before the first request. Nothing of the kernel's is mirrored here: the
 * state is set as its functions would have left it.
 *
 * Objects that are in use when a slab is placed were handed out before anybody counted: they are
 * kept in "placed", so that live objects are placed + allocs - frees.
 */
#include <config.h>

#include "kmreplay/mm/slab_start.h"

#include "slab_partial.h"
#include "slab_sheaf.h"

#include <stdlib.h>

static bool fits(const struct slab_allocator *slab, const struct slab_cache *cache,
		 const struct slab_start_page *start);
static bool link_free(struct slab_page *page, const struct slab_start_page *start);
static void put(struct slab_allocator *slab, struct slab_page *page,
		const struct slab_start_page *start);
static void put_below(struct slab_allocator *slab, struct slab_page *page, unsigned int cpu);
static bool sheaf_fits(const struct slab_allocator *slab, const struct slab_cache *cache,
		       const struct slab_start_sheaf *start);
static bool find_used(const struct slab_allocator *slab, const struct slab_cache *cache,
		      uint64_t addr, struct slab_object *object);
static void put_sheaf(const struct slab_allocator *slab, struct slab_cache *cache,
		      struct slab_sheaf *sheaf, const struct slab_start_sheaf *start);

bool slab_place(struct slab_allocator *slab, const struct slab_start_page *start)
{
	struct slab_cache *cache = slab_cache_get(slab, start->cache);
	struct slab_page *page;

	if (!cache || slab->other || !fits(slab, cache, start))
		return false;
	page = slab_page_create(slab, cache, start->pfn, start->order);
	if (!page)
		return false;
	if (start->nr_free > page->objects || !link_free(page, start)) {
		slab_map_clear(&slab->map, start->pfn, 1ULL << start->order);
		free(page);
		return false;
	}
	slab_page_count(slab, page);
	cache->placed += page->objects - start->nr_free;
	put(slab, page, start);
	return true;
}

bool slab_place_sheaf(struct slab_allocator *slab, const struct slab_start_sheaf *start)
{
	struct slab_cache *cache = slab_cache_get(slab, start->cache);
	struct slab_sheaf *sheaf;
	uint32_t done = 0;

	if (!cache || !sheaf_fits(slab, cache, start))
		return false;
	sheaf = slab_sheaf_create(cache);
	/* The last one is the top. */
	while (done < start->nr) {
		struct slab_object *object = &sheaf->objects[start->nr - 1 - done];

		if (!find_used(slab, cache, start->addrs[done], object))
			break;
		object->page->links[object->slot] = SLAB_SHEAFED;
		done++;
	}
	if (done < start->nr) {
		for (uint32_t i = start->nr - done; i < start->nr; i++)
			sheaf->objects[i].page->links[sheaf->objects[i].slot] = SLAB_LIVE;
		free(sheaf);
		return false;
	}
	sheaf->nr = start->nr;
	cache->placed -= start->nr;
	put_sheaf(slab, cache, sheaf, start);
	return true;
}

static bool fits(const struct slab_allocator *slab, const struct slab_cache *cache,
		 const struct slab_start_page *start)
{
	const struct slab_geometry *geometry = &cache->geometry;

	if (start->order != geometry->order && start->order != geometry->min_order)
		return false;
	if (start->pfn & ((1ULL << start->order) - 1))
		return false;
	switch ((enum slab_start_place)start->place) {
	case SLAB_START_FULL:
		return !start->nr_free;
	case SLAB_START_CPU:
		return !cache->single && start->cpu < slab->nr_cpus &&
		       !cache->cpu[start->cpu].page;
	case SLAB_START_CPU_PARTIAL:
	case SLAB_START_CPU_BOTTOM:
		return !cache->single && start->cpu < slab->nr_cpus && start->nr_free;
	case SLAB_START_NODE_PARTIAL:
		return start->nr_free;
	case SLAB_START_NR:
		break;
	}
	return false;
}

/* All slots in use but the free ones, which become the slab's list. */
static bool link_free(struct slab_page *page, const struct slab_start_page *start)
{
	uint16_t *at = &page->head;

	for (unsigned int i = 0; i < page->objects; i++)
		page->links[i] = SLAB_LIVE;
	*at = SLAB_NIL;
	for (uint32_t i = 0; i < start->nr_free; i++) {
		const uint16_t slot = start->free[i];

		if (slot >= page->objects || page->links[slot] != SLAB_LIVE)
			return false;
		*at = slot;
		at = &page->links[slot];
		*at = SLAB_NIL;
	}
	page->inuse = (uint16_t)(page->objects - start->nr_free);
	return true;
}

static void put(struct slab_allocator *slab, struct slab_page *page,
		const struct slab_start_page *start)
{
	struct slab_request rq = { .slab = slab, .cache = page->cache, .cpu = start->cpu };

	switch ((enum slab_start_place)start->place) {
	case SLAB_START_CPU:
		slab_install(&rq, page);
		break;
	case SLAB_START_CPU_PARTIAL:
		slab_put_cpu_partial(slab, page, start->cpu, false, &rq.out);
		break;
	case SLAB_START_CPU_BOTTOM:
		put_below(slab, page, start->cpu);
		break;
	case SLAB_START_NODE_PARTIAL:
		slab_node_add(page, start->tail);
		break;
	case SLAB_START_FULL:
	case SLAB_START_NR:
		break;
	}
}

/* Under all others of that CPU's list. */
static void put_below(struct slab_allocator *slab, struct slab_page *page, unsigned int cpu)
{
	struct slab_cpu *c = &page->cache->cpu[cpu];
	const uint32_t nr_free = (uint32_t)page->objects - page->inuse;
	struct slab_page *last = c->partial;
	struct mm_outcome none = { 0 };

	if (!last) {
		slab_put_cpu_partial(slab, page, cpu, false, &none);
		return;
	}
	for (struct slab_page *it = last; it; it = it->next) {
		it->depth++;
		it->stacked += nr_free;
		last = it;
	}
	last->next = page;
	page->next = NULL;
	page->depth = 1;
	page->stacked = nr_free;
	page->place = SLAB_PLACE_CPU_PARTIAL;
}

static bool sheaf_fits(const struct slab_allocator *slab, const struct slab_cache *cache,
		       const struct slab_start_sheaf *start)
{
	const uint32_t capacity = cache->geometry.sheaf_capacity;

	if (!cache->sheaves || start->cpu >= slab->nr_cpus || start->nr > capacity)
		return false;
	switch ((enum slab_start_sheaf_place)start->place) {
	case SLAB_START_MAIN:
		return !cache->sheaves[start->cpu].main;
	case SLAB_START_SPARE:
		return !cache->sheaves[start->cpu].spare &&
		       (!start->nr || start->nr == capacity);
	case SLAB_START_BARN:
		return start->nr == capacity;
	}
	return false;
}

static bool find_used(const struct slab_allocator *slab, const struct slab_cache *cache,
		      uint64_t addr, struct slab_object *object)
{
	uintptr_t value = slab_map_find(&slab->map, slab_addr_pfn(slab, addr));
	struct slab_page *page = (struct slab_page *)value;

	if (!value || slab_map_is_large(value) || page->cache != cache)
		return false;
	*object = (struct slab_object){ page, slab_slot(page, addr) };
	return object->slot != SLAB_NIL && page->links[object->slot] == SLAB_LIVE;
}

static void put_sheaf(const struct slab_allocator *slab, struct slab_cache *cache,
		      struct slab_sheaf *sheaf, const struct slab_start_sheaf *start)
{
	struct slab_cpu_sheaves *c = &cache->sheaves[start->cpu];

	switch ((enum slab_start_sheaf_place)start->place) {
	case SLAB_START_MAIN:
		c->main = sheaf;
		break;
	case SLAB_START_SPARE:
		c->spare = sheaf;
		break;
	case SLAB_START_BARN:
		slab_sheaf_to_barn(slab, cache, start->cpu, sheaf);
		break;
	}
}
