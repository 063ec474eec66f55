/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many objects at once: kmem_cache_alloc_bulk(), kmem_cache_free_bulk(), kfree_bulk() of mm/slub.c.
 *
 * A bulk free collects runs of objects of one slab and gives each run back in one step, so a full
 * slab passes through its places once per run, not once per object. build_detached_freelist() finds
 * a run by looking at the array from its end and gives up at the third object of another slab; what
 * it passed over is swapped to the front for later rounds. slab_free_freelist_hook() turns the run
 * round, so that in the end the array's last object is the first to be handed out again.
 */
#include <config.h>

#include "slab_designs.h"
#include "slab_memcg.h"
#include "slab_tap.h"

#include <stdlib.h>

static void charge_all(struct slab_request *rq, size_t nr, const uint64_t *addrs);
static size_t free_each(struct slab_allocator *slab, unsigned int cpu, size_t nr,
			const uint64_t *addrs);
static void give_up(struct slab_request *rq, size_t nr, const uint64_t *addrs);
static size_t list_objects(struct slab_allocator *slab, unsigned int cpu, size_t nr,
			   const uint64_t *addrs, struct slab_object *objects);
static size_t build_chain(size_t nr, struct slab_object *objects, bool reverse,
			  struct slab_chain *chain);
static void chain_add(struct slab_chain *chain, unsigned int slot, bool reverse);

struct mm_outcome slab_alloc_bulk(struct slab_allocator *slab, uint32_t id, unsigned int cpu,
				  uint32_t gfp, size_t nr, uint64_t *addrs)
{
	struct slab_request rq = {
		.slab = slab,
		.cache = slab_cache_get(slab, id),
		.cpu = cpu,
		.node = -1,
		.gfp = gfp,
	};
	size_t got = 0;

	BUG_ON(cpu >= slab->nr_cpus);
	if (!rq.cache) {
		rq.out.failure = MM_FAIL_INVALID;
		return rq.out;
	}
	if (rq.cache->sheaves) {
		got = slab_sheaf_alloc_bulk(&rq, nr, addrs);
		rq.cache->counters.allocs += got;
	}
	for (; !rq.cache->sheaves && got < nr; got++) {
		struct mm_outcome one = slab_alloc_object(slab, id, cpu, -1, gfp, 0);

		slab_add_page_cost(&rq.out, one);
		if (rq.out.path < one.path)
			rq.out.path = one.path;
		rq.out.failure = one.failure;
		if (!mm_ok(one))
			break;
		addrs[got] = one.addr;
	}
	for (size_t i = 0; unlikely(slab->tap) && i < got; i++)
		slab_tell_alloc(slab, &(struct slab_asked){ 0, id, gfp, cpu, -1 },
				(struct mm_outcome){ .addr = addrs[i] });
	if (got < nr)
		give_up(&rq, got, addrs);
	else
		rq.out.failure = MM_FAIL_NONE;
	if (nr && got == nr)
		rq.out.addr = addrs[0];
	if (slab->memcg && got == nr)
		charge_all(&rq, nr, addrs);
	return rq.out;
}

size_t slab_free_bulk(struct slab_allocator *slab, uint32_t id, unsigned int cpu, size_t nr,
		      const uint64_t *addrs)
{
	struct slab_object *objects;
	struct slab_cache *cache = slab_cache_get(slab, id);
	struct mm_outcome out = { 0 };
	size_t listed;

	BUG_ON(cpu >= slab->nr_cpus);
	if (slab->other)
		return free_each(slab, cpu, nr, addrs);
	for (size_t i = 0; unlikely(slab->tap) && i < nr; i++)
		slab_tell_free(slab, cpu, addrs[i]);
	objects = xreallocarray(NULL, nr, sizeof(*objects));
	listed = list_objects(slab, cpu, nr, addrs, objects);
	if (cache && cache->sheaves)
		slab_sheaf_free_bulk(slab, cache, cpu, listed, objects);
	else
		slab_free_objects(slab, cpu, listed, objects, true, &out);
	free(objects);
	return nr - listed;
}

void slab_free_objects(struct slab_allocator *slab, unsigned int cpu, size_t nr,
		       struct slab_object *objects, bool reverse, struct mm_outcome *out)
{
	while (nr) {
		struct slab_chain chain;
		struct mm_outcome one;

		if (!objects[nr - 1].page) {
			nr--;
			continue;
		}
		nr = build_chain(nr, objects, reverse, &chain);
		one = slab_free_chain(slab, cpu, &chain);
		slab_add_page_cost(out, one);
		if (out->path < one.path)
			out->path = one.path;
	}
}

/* slab_post_alloc_hook(): each object, when all have been taken. */
static void charge_all(struct slab_request *rq, size_t nr, const uint64_t *addrs)
{
	for (size_t i = 0; i < nr; i++) {
		const struct mm_outcome one = { .addr = addrs[i] };

		slab_add_page_cost(&rq->out, slab_memcg_charge(rq->slab, rq->cpu, rq->gfp, one));
	}
}

/* Designs that know no runs of objects; returns how many were none. */
static size_t free_each(struct slab_allocator *slab, unsigned int cpu, size_t nr,
			const uint64_t *addrs)
{
	size_t nr_bad = 0;

	for (size_t i = 0; i < nr; i++)
		nr_bad += !mm_ok(slab_free(slab, cpu, addrs[i]));
	return nr_bad;
}

/* All or nothing: __kmem_cache_free_bulk() takes back what there was, unturned since 6.8. */
static void give_up(struct slab_request *rq, size_t nr, const uint64_t *addrs)
{
	struct slab_object *objects;

	if (rq->slab->other) {
		(void)free_each(rq->slab, rq->cpu, nr, addrs);
		return;
	}
	for (size_t i = 0; unlikely(rq->slab->tap) && i < nr; i++)
		slab_tell_free(rq->slab, rq->cpu, addrs[i]);
	objects = xreallocarray(NULL, nr, sizeof(*objects));
	nr = list_objects(rq->slab, rq->cpu, nr, addrs, objects);
	slab_free_objects(rq->slab, rq->cpu, nr, objects, !rq->slab->profile->strict_cpu_partial,
			  &rq->out);
	free(objects);
}

/*
 * Finds the live objects among "addrs" and marks them as listed, so that one that is named twice is
 * found out; returns their number. Large ones are given back at once, and count, too.
 */
static size_t list_objects(struct slab_allocator *slab, unsigned int cpu, size_t nr,
			   const uint64_t *addrs, struct slab_object *objects)
{
	size_t kept = 0;

	for (size_t i = 0; i < nr; i++) {
		uintptr_t value = slab_map_find(&slab->map, slab_addr_pfn(slab, addrs[i]));
		struct slab_page *page = (struct slab_page *)value;
		unsigned int slot;

		if (!value || slab_map_is_large(value)) {
			if (mm_ok(slab_free(slab, cpu, addrs[i])))
				objects[kept++] = (struct slab_object){ 0 };
			continue;
		}
		slot = slab_slot(page, addrs[i]);
		if (slot == SLAB_NIL || page->links[slot] != SLAB_LIVE)
			continue;
		page->links[slot] = SLAB_LISTED;
		page->cache->counters.frees++;
		objects[kept++] = (struct slab_object){ page, slot };
	}
	return kept;
}

/* build_detached_freelist(): returns how many of "objects" are left for the next round. */
static size_t build_chain(size_t nr, struct slab_object *objects, bool reverse,
			  struct slab_chain *chain)
{
	unsigned int foreign = 0;
	size_t left = nr - 1;

	*chain = (struct slab_chain){ .page = objects[left].page };
	chain_add(chain, objects[left].slot, reverse);
	for (size_t i = left; i-- > 0;) {
		struct slab_object object = objects[i];

		if (object.page == chain->page) {
			chain_add(chain, object.slot, reverse);
			left--;
			objects[i] = objects[left];
			objects[left] = object;
		} else if (++foreign == 3) {
			break;
		}
	}
	return left;
}

/*
 * The kernel builds the list with each new object in front and then turns it round; so the object
 * seen first, the array's last, ends up first and each new one last.
 */
static void chain_add(struct slab_chain *chain, unsigned int slot, bool reverse)
{
	uint16_t *links = chain->page->links;

	if (!chain->nr) {
		links[slot] = SLAB_NIL;
		chain->head = chain->tail = (uint16_t)slot;
	} else if (reverse) {
		links[slot] = SLAB_NIL;
		links[chain->tail] = (uint16_t)slot;
		chain->tail = (uint16_t)slot;
	} else {
		links[slot] = chain->head;
		chain->head = (uint16_t)slot;
	}
	chain->nr++;
}
