/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every invariant of the slab allocator, looked at from two sides that must agree: all slabs by the
 * page map, and all slabs by the lists they stand in.
 */
#include <config.h>

#include "slab_designs.h"
#include "slab_memcg.h"

#include <inttypes.h>
#include <stdlib.h>

/* What the walks count for one cache. */
struct tally {
	uint64_t slabs, objects, pages, live, sheafed, waiting;
	uint64_t *of_node;              /* slabs by node */
	uint64_t in_sheaves;            /* the same, found in sheaves */
	uint64_t place[SLAB_PLACE_NR];  /* slabs that say they are there */
	uint64_t listed[SLAB_PLACE_NR]; /* slabs found there */
};

static bool check_map(const struct slab_allocator *slab, struct tally *tallies, struct error *err);
static bool check_page(const struct slab_allocator *slab, const struct slab_page *page,
		       struct tally *tally, struct error *err);
static bool check_links(const struct slab_allocator *slab, const struct slab_page *page,
			struct tally *tally, struct error *err);
static bool check_chain(const struct slab_page *page, unsigned int head, unsigned int *nr,
			struct error *err);
static bool check_cpus(const struct slab_allocator *slab, const struct slab_cache *cache,
		       struct tally *tally, struct error *err);
static bool check_sheaves(const struct slab_allocator *slab, const struct slab_cache *cache,
			  struct tally *tally, struct error *err);
static bool check_sheaf(const struct slab_cache *cache, const struct slab_sheaf *sheaf,
			struct tally *tally, struct error *err);
static bool check_other(const struct slab_allocator *slab, const struct slab_cache *cache,
			struct tally *tally, struct error *err);
static bool check_nodes(const struct slab_allocator *slab, const struct slab_cache *cache,
			struct tally *tally, struct error *err);
static bool check_cycle(const struct slab_cache *cache, struct error *err);
static bool check_waiting(const struct slab_allocator *slab, struct tally *tallies,
			  struct error *err);
static bool check_classes(const struct slab_allocator *slab, struct error *err);
static bool check_sums(const struct slab_cache *cache, const struct tally *tally,
		       struct error *err);
static bool same(const char *what, uint64_t counted, uint64_t kept, struct error *err);

bool slab_check(const struct slab_allocator *slab, struct error *err)
{
	struct tally *tallies CLEANUP(cleanup_free) = xcalloc(slab->caches.nr, sizeof(*tallies));
	uint64_t *of_nodes CLEANUP(cleanup_free) =
		xcalloc(slab->caches.nr * slab->nr_nodes, sizeof(*of_nodes));
	uint64_t *live CLEANUP(cleanup_free) = xcalloc(slab->caches.nr, sizeof(*live));

	for (size_t i = 0; i < slab->caches.nr; i++)
		tallies[i].of_node = &of_nodes[i * slab->nr_nodes];
	if (!check_classes(slab, err) || !check_map(slab, tallies, err) ||
	    !check_waiting(slab, tallies, err))
		return false;
	if (slab->other && slab->other->check_heap && !slab->other->check_heap(slab, live, err))
		return false;
	for (size_t i = 0; i < slab->caches.nr; i++) {
		const struct slab_cache *cache = slab->caches.items[i];

		if (!cache)
			continue;
		tallies[i].live += live[i];
		if (!check_cpus(slab, cache, &tallies[i], err) ||
		    (cache->sheaves && !check_sheaves(slab, cache, &tallies[i], err)) ||
		    !check_nodes(slab, cache, &tallies[i], err) || !check_cycle(cache, err) ||
		    !check_other(slab, cache, &tallies[i], err) ||
		    !check_sums(cache, &tallies[i], err))
			return error_prefix(err, "cache '%s'", cache->name);
	}
	return true;
}

static bool check_map(const struct slab_allocator *slab, struct tally *tallies, struct error *err)
{
	uint64_t large_nr = 0, large_pages = 0, slab_pages = 0;
	uintptr_t value;

	for (uint64_t pfn = 0; (value = slab_map_next(&slab->map, &pfn)); pfn++) {
		const struct slab_page *page = (const struct slab_page *)value;

		if (slab_map_is_large(value)) {
			large_nr++;
			large_pages += 1ULL << slab_map_large_order(value);
			continue;
		}
		if (slab_page_pfn(slab, page) != pfn)
			return error_set(err, "page %" PRIu64 " of a slab begun elsewhere", pfn);
		for (uint64_t i = 1; i < 1ULL << page->order; i++) {
			if (slab_map_find(&slab->map, pfn + i) != value)
				return error_set(err, "slab at page %" PRIu64 " lacks a page", pfn);
		}
		if (slab_cache_get(slab, page->cache->id) != page->cache)
			return error_set(err, "slab at page %" PRIu64 " of no cache", pfn);
		if (!check_page(slab, page, &tallies[page->cache->id], err))
			return error_prefix(err, "slab at page %" PRIu64, pfn);
		slab_pages += 1ULL << page->order;
		pfn += (1ULL << page->order) - 1;
	}
	if (large_nr != slab->large_nr || large_pages != slab->large_pages ||
	    slab_pages != slab->slab_pages)
		return error_set(err, "pages held: %" PRIu64 " large and %" PRIu64
				 " of slabs, but %" PRIu64 " and %" PRIu64 " counted",
				 large_pages, slab_pages, slab->large_pages, slab->slab_pages);
	return true;
}

static bool check_page(const struct slab_allocator *slab, const struct slab_page *page,
		       struct tally *tally, struct error *err)
{
	const struct slab_geometry *geometry = &page->cache->geometry;

	if (page->place >= SLAB_PLACE_NR || page->node >= slab->nr_nodes)
		return error_set(err, "in no place");
	if (!slab_memcg_check(slab, page))
		return error_set(err, "with a vector that is gone");
	if (page->objects != (page->order == geometry->order ? geometry->objects :
							       geometry->min_objects))
		return error_set(err, "%u objects", page->objects);
	tally->slabs++;
	tally->of_node[page->node]++;
	tally->objects += page->objects;
	tally->pages += 1ULL << page->order;
	tally->place[page->place]++;
	return page->cache->is_heap || check_links(slab, page, tally, err);
}

/* Each slot is live or on exactly one of the slab's two free lists. */
static bool check_links(const struct slab_allocator *slab, const struct slab_page *page,
			struct tally *tally, struct error *err)
{
	unsigned int nr_free = 0, nr_live = 0, nr_own = 0, nr_cpu = 0;

	for (unsigned int i = 0; i < page->objects; i++) {
		if (page->links[i] == SLAB_LISTED)
			return error_set(err, "slot %u left in a bulk free", i);
		nr_live += page->links[i] == SLAB_LIVE;
		nr_free += page->links[i] != SLAB_LIVE && page->links[i] != SLAB_SHEAFED;
	}
	tally->live += nr_live;
	tally->sheafed += page->objects - nr_free - nr_live;
	if (!check_chain(page, page->head, &nr_own, err))
		return false;
	for (unsigned int i = 0; page->place == SLAB_PLACE_CPU && i < slab->nr_cpus; i++) {
		const struct slab_cpu *c = &page->cache->cpu[i];

		if (c->page == page && !check_chain(page, c->head, &nr_cpu, err))
			return error_prefix(err, "list of CPU %u", i);
	}
	if (nr_own + nr_cpu != nr_free)
		return error_set(err, "%u slots free, %u + %u on lists", nr_free, nr_own, nr_cpu);
	if (page->inuse != page->objects - nr_own)
		return error_set(err, "inuse is %u, not %u", page->inuse, page->objects - nr_own);
	if (page->place == SLAB_PLACE_FULL ? nr_own : page->place != SLAB_PLACE_CPU && !nr_own)
		return error_set(err, "%u free slots, but in place %u", nr_own, page->place);
	return true;
}

/* Adds the length of the list to "*nr"; a list longer than the slab goes in circles. */
static bool check_chain(const struct slab_page *page, unsigned int head, unsigned int *nr,
			struct error *err)
{
	for (unsigned int slot = head; slot != SLAB_NIL; slot = page->links[slot]) {
		if (slot >= page->objects)
			return error_set(err, "slot %u of %u on a free list", slot, page->objects);
		if (++*nr > page->objects)
			return error_set(err, "free list has no end");
	}
	return true;
}

static bool check_cpus(const struct slab_allocator *slab, const struct slab_cache *cache,
		       struct tally *tally, struct error *err)
{
	for (unsigned int i = 0; i < slab->nr_cpus; i++) {
		const struct slab_cpu *c = &cache->cpu[i];
		uint32_t depth = c->partial ? c->partial->depth : 0;

		if (c->head != SLAB_NIL && !c->page)
			return error_set(err, "CPU %u has objects, but no slab", i);
		if (c->page && (c->page->cache != cache || c->page->place != SLAB_PLACE_CPU))
			return error_set(err, "CPU %u has a slab that is not its own", i);
		tally->listed[SLAB_PLACE_CPU] += c->page != NULL;
		for (const struct slab_page *page = c->partial; page; page = page->next) {
			if (page->cache != cache || page->place != SLAB_PLACE_CPU_PARTIAL ||
			    page->depth != depth--)
				return error_set(err, "partial list of CPU %u is broken", i);
			tally->listed[SLAB_PLACE_CPU_PARTIAL]++;
		}
		if (depth)
			return error_set(err, "partial list of CPU %u lacks %u slabs", i, depth);
	}
	return true;
}

static bool check_sheaves(const struct slab_allocator *slab, const struct slab_cache *cache,
			  struct tally *tally, struct error *err)
{
	for (unsigned int i = 0; i < slab->nr_cpus; i++) {
		const struct slab_cpu_sheaves *sheaves = &cache->sheaves[i];

		if (!check_sheaf(cache, sheaves->main, tally, err) ||
		    !check_sheaf(cache, sheaves->spare, tally, err))
			return error_prefix(err, "CPU %u", i);
	}
	for (unsigned int i = 0; i < slab->nr_nodes; i++) {
		const struct slab_barn *barn = &cache->barn[i];
		uint32_t nr_full = 0, nr_empty = 0;

		for (const struct slab_sheaf *it = barn->full; it; it = it->next, nr_full++) {
			if (!check_sheaf(cache, it, tally, err))
				return error_prefix(err, "barn of node %u", i);
			if (!it->nr)
				return error_set(err, "full sheaf of node %u has nothing", i);
		}
		for (const struct slab_sheaf *it = barn->empty; it; it = it->next, nr_empty++) {
			if (it->nr)
				return error_set(err, "empty sheaf of node %u has %u", i, it->nr);
		}
		if (nr_full != barn->nr_full || nr_empty != barn->nr_empty)
			return error_set(err, "barn of node %u counts wrong", i);
	}
	return true;
}

static bool check_sheaf(const struct slab_cache *cache, const struct slab_sheaf *sheaf,
			struct tally *tally, struct error *err)
{
	if (!sheaf)
		return true;
	if (sheaf->nr > cache->geometry.sheaf_capacity)
		return error_set(err, "sheaf with %u objects", sheaf->nr);
	for (uint32_t i = 0; i < sheaf->nr; i++) {
		const struct slab_object *object = &sheaf->objects[i];

		if (object->page->cache != cache || object->slot >= object->page->objects ||
		    object->page->links[object->slot] != SLAB_SHEAFED)
			return error_set(err, "sheaf with an object that is not free");
	}
	tally->in_sheaves += sheaf->nr;
	return true;
}

/* What other designs keep; their slabs on nodes' own lists say that they are partial. */
static bool check_other(const struct slab_allocator *slab, const struct slab_cache *cache,
			struct tally *tally, struct error *err)
{
	struct slab_held held = { 0 };

	if (slab->other && !slab->other->check(slab, cache, &held, err))
		return false;
	tally->in_sheaves += held.objects;
	tally->listed[SLAB_PLACE_NODE_PARTIAL] += held.slabs;
	return true;
}

static bool check_nodes(const struct slab_allocator *slab, const struct slab_cache *cache,
			struct tally *tally, struct error *err)
{
	for (unsigned int i = 0; i < slab->nr_nodes; i++) {
		const struct slab_node *node = &cache->node[i];
		uint64_t nr = 0;

		list_foreach(&node->partial, pos) {
			const struct slab_page *page = container_of(pos, struct slab_page, link);

			if (pos->next->prev != pos || pos->prev->next != pos)
				return error_set(err, "list of node %u is broken", i);
			if (page->cache != cache || page->node != i ||
			    page->place != SLAB_PLACE_NODE_PARTIAL)
				return error_set(err, "list of node %u has a foreign slab", i);
			nr++;
		}
		if (!same("slabs on a node's list", nr, node->nr_partial, err) ||
		    !same("slabs of a node", tally->of_node[i], node->nr_slabs, err))
			return false;
		tally->listed[SLAB_PLACE_NODE_PARTIAL] += nr;
	}
	return true;
}

/* The order in which a new slab hands out its slots goes through each of them once. */
static bool check_cycle(const struct slab_cache *cache, struct error *err)
{
	const unsigned int nr = cache->geometry.objects;

	for (unsigned int i = 0; cache->sequence && i < nr; i++) {
		const unsigned int slot = cache->sequence[i];

		if (slot >= nr || cache->successor[slot] != cache->sequence[(i + 1) % nr])
			return error_set(err, "slot %u is out of the cycle", slot);
	}
	return true;
}

/* Slabs that wait for a grace period: empty, of caches that ask for it, known to nobody else. */
static bool check_waiting(const struct slab_allocator *slab, struct tally *tallies,
			  struct error *err)
{
	uint64_t pages = 0;

	for (const struct slab_page *page = slab->rcu; page; page = page->next) {
		if (slab_cache_get(slab, page->cache->id) != page->cache || page->inuse ||
		    !(page->cache->flags & SLAB_TYPESAFE_BY_RCU))
			return error_set(err, "slab waits that should not");
		tallies[page->cache->id].waiting++;
		pages += 1ULL << page->order;
	}
	return same("pages waiting", pages, slab->rcu_pages, err);
}

/* kmalloc() finds a class for each size up to the largest, one that holds it. */
static bool check_classes(const struct slab_allocator *slab, struct error *err)
{
	for (uint32_t size = SLAB_CLASS_STEP; size <= slab->kmalloc_max; size += SLAB_CLASS_STEP) {
		const unsigned int class = slab->class_of[size / SLAB_CLASS_STEP - 1];
		const struct slab_cache *cache =
			class < slab->nr_classes ?
				slab_cache_get(slab, slab->kmalloc.items[class]) : NULL;

		if (!cache || cache->geometry.object_size < size)
			return error_set(err, "%u bytes in no class that holds them", size);
	}
	return true;
}

static bool check_sums(const struct slab_cache *cache, const struct tally *tally, struct error *err)
{
	static const char *const places[SLAB_PLACE_FULL] = {
		"cpu slabs", "cpu partial slabs", "node partial slabs",
	};

	for (unsigned int i = 0; i < SLAB_PLACE_FULL; i++) {
		if (!same(places[i], tally->listed[i], tally->place[i], err))
			return false;
	}
	return same("slabs", tally->slabs, cache->nr_slabs, err) &&
	       same("slabs waiting", tally->waiting, cache->rcu_slabs, err) &&
	       same("slots", tally->objects, cache->num_objs, err) &&
	       same("objects in sheaves", tally->in_sheaves, tally->sheafed, err) &&
	       same("pages", tally->pages, cache->nr_pages, err) &&
	       same("live objects", tally->live, slab_cache_live(cache), err);
}

static bool same(const char *what, uint64_t counted, uint64_t kept, struct error *err)
{
	if (counted == kept)
		return true;
	return error_set(err, "%" PRIu64 " %s found, but %" PRIu64 " counted", counted, what, kept);
}
