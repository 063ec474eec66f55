/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making and removing caches: kmem_cache_create(), find_mergeable(), kmem_cache_destroy() of
 * mm/slab_common.c, 6.1 and 6.12.
 *
 * A new cache first looks for an older one that would do: same stride, an alignment that fits, same
 * zone, mobility and accounting. Then it becomes a second name of that one. Left out here: the
 * kernel's own allocations for a cache (its struct, its name, its per-CPU part). They are ordinary
 * kmalloc, kmem_cache_alloc and percpu events in a recording and are replayed as such.
 */
#include <config.h>

#include "slab_designs.h"
#include "slab_partial.h"
#include "slab_sheaf.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/mm/slab_debug.h"

#include <stdlib.h>
#include <string.h>

enum {
	NEVER_MERGE = SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER | SLAB_TRACE |
		      SLAB_TYPESAFE_BY_RCU | SLAB_NOLEAKTRACE | SLAB_FAILSLAB | SLAB_NO_MERGE,
	SAME_TO_MERGE = SLAB_RECLAIM_ACCOUNT | SLAB_CACHE_DMA | SLAB_CACHE_DMA32 | SLAB_ACCOUNT,
};

static struct slab_cache_args recorded_args(const struct slab_allocator *slab, const char *name,
					    uint32_t flags, struct slab_geometry *geometry);
static struct slab_cache *find_mergeable(const struct slab_allocator *slab,
					 const struct slab_cache_args *args);
static bool unmergeable(const struct slab_allocator *slab, uint32_t flags, bool ctor,
			uint32_t usersize);
static uint32_t known_flags(const struct slab_allocator *slab, uint32_t flags);
static uint64_t name_hash(const char *name);

uint32_t slab_cache_create(struct slab_allocator *slab, const struct slab_cache_args *wish)
{
	const struct slab_cache_args args = slab_debug_args(&slab->config, wish);
	struct slab_geometry geometry;
	struct slab_cache *same;

	if (!slab_geometry_init(&geometry, &slab->config, &args))
		return SLAB_CACHE_NONE;
	same = find_mergeable(slab, &args);
	if (!same)
		return slab_cache_add(slab, &args, &geometry);
	same->refcount++;
	same->geometry.object_size = MAX(same->geometry.object_size, geometry.object_size);
	same->geometry.inuse = MAX(same->geometry.inuse, geometry.inuse);
	return same->id;
}

uint32_t slab_cache_by_geometry(struct slab_allocator *slab, const char *name,
				uint32_t object_size, uint32_t size, uint32_t flags)
{
	struct slab_geometry geometry;
	struct slab_cache_args args;

	if (!slab_geometry_init_recorded(&geometry, &slab->config, object_size, size, flags))
		return SLAB_CACHE_NONE;
	args = recorded_args(slab, name, flags, &geometry);
	slab_geometry_name(&geometry, &slab->config, name);
	return slab_cache_add(slab, &args, &geometry);
}

bool slab_cache_destroy(struct slab_allocator *slab, uint32_t id, unsigned int cpu)
{
	struct slab_cache *cache = slab_cache_get(slab, id);

	BUG_ON(cpu >= slab->nr_cpus);
	if (!cache || (cache->flags & SLAB_KMALLOC))
		return false;
	if (cache->refcount > 1) {
		cache->refcount--;
		return true;
	}
	if (slab->other)
		slab->other->shrink(slab, cache, cpu);
	else
		slab_flush_all(slab, cache);
	if (slab->other ? slab_cache_live(cache) || cache->nr_slabs :
			  !slab_free_empty(slab, cache, cpu))
		return false;
	slab_rcu_grace(slab, cpu);
	vec_push(&slab->names, cache->name);
	cache->name = NULL;
	slab_cache_free(slab, cache);
	slab->caches.items[id] = NULL;
	return true;
}

const struct slab_geometry *slab_cache_geometry(const struct slab_allocator *slab, uint32_t id)
{
	const struct slab_cache *cache = slab_cache_get(slab, id);

	return cache ? &cache->geometry : NULL;
}

bool slab_cache_may_merge(const struct slab_allocator *slab, const struct slab_cache *cache)
{
	return !unmergeable(slab, cache->flags, cache->ctor, cache->usersize);
}

void slab_cache_free(struct slab_allocator *slab, struct slab_cache *cache)
{
	if (!cache)
		return;
	slab_sheaf_deinit(cache, slab->nr_cpus, slab->nr_nodes);
	if (slab->other)
		slab->other->cache_deinit(slab, cache);
	free(cache->cpu);
	free(cache->sheaves);
	free(cache->barn);
	free(cache->node);
	free(cache->sequence);
	free(cache->successor);
	free(cache->name);
	free(cache);
}

uint32_t slab_cache_add(struct slab_allocator *slab, const struct slab_cache_args *args,
			const struct slab_geometry *geometry)
{
	struct slab_cache *cache = xcalloc(1, sizeof(*cache));
	uint64_t seed = slab->config.seed;

	BUG_ON(slab->caches.nr >= SLAB_CACHE_NONE);
	cache->id = (uint32_t)slab->caches.nr;
	cache->name = xstrdup(args->name);
	cache->flags = known_flags(slab, args->flags);
	cache->ctor = args->ctor;
	cache->usersize = args->usersize;
	cache->refcount = 1;
	cache->geometry = *geometry;
	cache->size = geometry->size;
	cache->reciprocal = UINT64_MAX / geometry->size + 1;
	cache->single = (args->flags & SLAB_DEBUG_FLAGS) || slab->design->single;
	cache->in_order = slab->design->in_order;
	if (geometry->sheaf_capacity) {
		cache->sheaves = xcalloc(slab->nr_cpus, sizeof(*cache->sheaves));
		cache->barn = xcalloc(slab->nr_nodes, sizeof(*cache->barn));
	}
	if (geometry->order || slab->profile->comp_always)
		cache->page_gfp |= GFP_BIT_COMP;
	if (args->flags & SLAB_CACHE_DMA)
		cache->page_gfp |= GFP_BIT_DMA;
	if (args->flags & SLAB_CACHE_DMA32)
		cache->page_gfp |= GFP_BIT_DMA32;
	if (cache->flags & SLAB_RECLAIM_ACCOUNT)
		cache->page_gfp |= GFP_BIT_RECLAIMABLE;
	/* By id, too: a cache made again under its old name gets a new permutation. */
	rng_init(&cache->rng, bits_mix64(seed + bits_mix64(name_hash(args->name) + cache->id)));
	cache->cpu = xcalloc(slab->nr_cpus, sizeof(*cache->cpu));
	for (unsigned int i = 0; i < slab->nr_cpus; i++)
		cache->cpu[i].head = SLAB_NIL;
	cache->node = xcalloc(slab->nr_nodes, sizeof(*cache->node));
	for (unsigned int i = 0; i < slab->nr_nodes; i++)
		list_init(&cache->node[i].partial);
	vec_push(&slab->caches, cache);
	if (slab->other)
		slab->other->cache_init(slab, cache);
	return cache->id;
}

/* Those that mean something in this design. */
static uint32_t known_flags(const struct slab_allocator *slab, uint32_t flags)
{
	return slab->design->no_reclaim ? flags & ~(uint32_t)SLAB_RECLAIM_ACCOUNT : flags;
}

/*
 * The cache of a recording, with the layout "*geometry" there, on this machine: a machine that
 * checks its objects or does not align them lays them out anew.
 */
static struct slab_cache_args recorded_args(const struct slab_allocator *slab, const char *name,
					    uint32_t flags, struct slab_geometry *geometry)
{
	const struct slab_cache_args as_recorded = {
		.name = name,
		.size = geometry->object_size,
		.flags = flags | SLAB_NO_MERGE,
	};
	struct slab_cache_args wish, args;
	struct slab_geometry anew;

	if (!slab_geometry_guess(&wish, slab->config.arch, geometry))
		return as_recorded;
	wish.name = name;
	wish.flags |= as_recorded.flags;
	args = slab_debug_args(&slab->config, &wish);
	if (args.flags != wish.flags && slab_geometry_init(&anew, &slab->config, &args))
		*geometry = anew;
	args.flags &= ~(uint32_t)SLAB_HWCACHE_ALIGN | as_recorded.flags;
	return args;
}

/* The oldest cache that fits; all sizes are multiples of a word, so it must be of equal stride. */
static struct slab_cache *find_mergeable(const struct slab_allocator *slab,
					 const struct slab_cache_args *args)
{
	uint32_t word = slab_geometry_word(slab->config.arch);
	uint32_t size = (uint32_t)bits_align_up(args->size, word);
	uint32_t align = slab_geometry_align(slab->config.arch, args->flags, args->align, size);
	uint32_t flags = known_flags(slab, args->flags);

	if (slab->design->never_merges)
		return NULL;
	if (!slab->config.slab_merge ||
	    unmergeable(slab, args->flags, args->ctor, args->usersize))
		return NULL;
	size = (uint32_t)bits_align_up(size, align);
	for (size_t i = 0; i < slab->caches.nr; i++) {
		struct slab_cache *cache = slab->caches.items[i];

		if (!cache || !slab_cache_may_merge(slab, cache))
			continue;
		if (size > cache->size || cache->size - size >= word || cache->size % align)
			continue;
		if ((cache->flags ^ flags) & SAME_TO_MERGE)
			continue;
		if (slab->design->align_to_merge && cache->geometry.align % align)
			continue;
		return cache;
	}
	return NULL;
}

static bool unmergeable(const struct slab_allocator *slab, uint32_t flags, bool ctor,
			uint32_t usersize)
{
	const uint32_t never = NEVER_MERGE |
			       (slab->profile->checked_apart ? SLAB_CONSISTENCY_CHECKS : 0U);

	return (flags & never) || ctor || usersize;
}

/* FNV-1a */
static uint64_t name_hash(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3ULL;
	return hash;
}
