/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Object extension vectors: what the slab allocator allocates behind its callers' backs once
 * objects are charged to memory cgroups. memcg_alloc_slab_cgroups() of mm/memcontrol.c in 6.1,
 * alloc_slab_obj_exts() of mm/slub.c in 6.12 and 7.2 (the latter not held against a recording).
 *
 * Theory
 * ------
 * 1. Who owns an object is written into a vector beside its slab, one pointer an object. A cache
 *    whose objects are all charged (SLAB_ACCOUNT) gets the vector with each new slab; other slabs
 *    get theirs when the first charged object has been taken from them. It goes with the slab.
 * 2. The vector is an object of kmalloc() itself, zeroed, on the slab's node, never charged. So a
 *    machine with cgroups has more kmalloc() objects, and slabs for them, than its users know of.
 * 3. Since 7.0 a new slab has its vector inside, where the end of the slab or the padding of each
 *    object has room for it.
 *
 * In a recording of such a machine vectors are kmalloc events like any other, and are replayed as
 * such: config->slab_memcg is for machines that shall have cgroups where the recorded one had none.
 * Charging, its failures and the lists of list_lru are left out, and designs other than SLUB.
 */
#include <config.h>

#include "slab_memcg.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/mm/gfp_derive.h"
#include "kmreplay/mm/kmalloc.h"
#include "kmreplay/mm/slab_look.h"

/* Value of slab_page.vector: it lies inside the slab, nothing is to be freed. */
enum { VECTOR_INSIDE = 1 };

static bool has_room(const struct slab_allocator *slab, const struct slab_page *page);
static struct mm_outcome vector_alloc(struct slab_allocator *slab, struct slab_page *page,
				      unsigned int cpu, uint32_t gfp);

void slab_memcg_set(struct slab_allocator *slab, bool on)
{
	const struct kernel_version shared = { 5, 9 };
	const struct kernel_version version = slab->config.kernel;

	/* Before 5.9 each cgroup had caches of its own. */
	slab->memcg = on && !slab->other &&
		      (!version.major || kernel_version_cmp(version, shared) >= 0);
}

uint64_t slab_memcg_vectors(const struct slab_allocator *slab)
{
	return slab->nr_vectors;
}

void slab_memcg_new_page(struct slab_request *rq, struct slab_page *page, uint32_t gfp)
{
	if (!rq->slab->memcg || !(rq->cache->flags & SLAB_ACCOUNT))
		return;
	gfp = gfp_of_slab(gfp, rq->cache->page_gfp);
	if (rq->slab->profile->sheaves) {
		if (has_room(rq->slab, page)) {
			page->vector = VECTOR_INSIDE;
			return;
		}
		gfp &= ~(uint32_t)(GFP_BIT_THISNODE | GFP_BIT_COMP);
	}
	slab_add_page_cost(&rq->out, vector_alloc(rq->slab, page, rq->cpu, gfp));
}

struct mm_outcome slab_memcg_charge(struct slab_allocator *slab, unsigned int cpu, uint32_t gfp,
				    struct mm_outcome out)
{
	const uintptr_t value = slab_map_find(&slab->map, slab_addr_pfn(slab, out.addr));
	struct slab_page *page = (struct slab_page *)value;

	if (!mm_ok(out) || !value || slab_map_is_large(value) || page->vector)
		return out;
	if ((gfp & GFP_BIT_ACCOUNT) || (page->cache->flags & SLAB_ACCOUNT))
		slab_add_page_cost(&out, vector_alloc(slab, page, cpu, gfp));
	return out;
}

struct mm_outcome slab_memcg_free(struct slab_allocator *slab, struct slab_page *page,
				  unsigned int cpu)
{
	const uint64_t vector = page->vector;

	page->vector = 0;
	if (vector <= VECTOR_INSIDE)
		return (struct mm_outcome){ 0 };
	slab->nr_vectors--;
	return slab_free(slab, cpu, vector);
}

bool slab_memcg_check(const struct slab_allocator *slab, const struct slab_page *page)
{
	return page->vector <= VECTOR_INSIDE || slab_is_live(slab, page->vector);
}

/* alloc_slab_obj_exts_early(): behind the last object, or behind each of them. */
static bool has_room(const struct slab_allocator *slab, const struct slab_page *page)
{
	const struct slab_cache *cache = page->cache;
	const uint32_t word = slab_geometry_word(slab->config.arch);
	const uint64_t used = (uint64_t)cache->size * page->objects;
	const uint64_t bytes = (uint64_t)KERNEL_PAGE_SIZE << page->order;
	uint64_t object = cache->geometry.inuse;

	if (bits_align_up(used, word) + (uint64_t)word * page->objects <= bytes)
		return true;
	/* The link of a free object that must not be touched lies behind it. */
	if (cache->ctor || (cache->flags & SLAB_TYPESAFE_BY_RCU))
		object += word;
	return !slab_cache_may_merge(slab, cache) && object + word <= cache->size;
}

static struct mm_outcome vector_alloc(struct slab_allocator *slab, struct slab_page *page,
				      unsigned int cpu, uint32_t gfp)
{
	const uint32_t cleared = GFP_BIT_DMA | GFP_BIT_RECLAIMABLE | GFP_BIT_ACCOUNT |
				 GFP_BIT_NOFAIL;
	struct mm_outcome got;

	/* A slab that gives none lives on without. */
	got = slab_kcalloc(slab, cpu, page->objects, slab_geometry_word(slab->config.arch),
			   gfp & ~cleared, page->node);
	if (mm_ok(got)) {
		page->vector = got.addr;
		slab->nr_vectors++;
	}
	return got;
}
