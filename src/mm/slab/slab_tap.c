/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What who listens hears of the slab allocator: the events kmalloc, kfree, kmem_cache_alloc and
 * kmem_cache_free. Bulk calls, of which kernels tell nothing, are told an object at a time.
 */
#include <config.h>

#include "slab_tap.h"

#include "kmreplay/mm/slab_design.h"
#include "kmreplay/mm/tap.h"

#include <string.h>

static bool is_kmalloc(const char *name);

void slab_set_tap(struct slab_allocator *slab, const struct mm_tap *tap)
{
	slab->tap = tap;
}

/* Of nothing at all (ZERO_SIZE_PTR) there is no event. */
void slab_tell_alloc(struct slab_allocator *slab, const struct slab_asked *asked,
		     struct mm_outcome out)
{
	const struct slab_cache *cache = slab_cache_get(slab, asked->cache);
	struct mm_tapped call = {
		.kind = cache ? MM_TAP_CACHE_ALLOC : MM_TAP_KMALLOC,
		.cpu = asked->cpu,
		.failed = !mm_ok(out),
		.node = (int16_t)asked->node,
		.gfp = asked->gfp,
		.addr = out.addr,
		.size = cache ? cache->geometry.object_size : asked->size,
	};

	if ((!cache && !asked->size) || out.failure == MM_FAIL_INVALID)
		return;
	call.cache = cache ? cache->name : NULL;
	call.given = call.failed ? 0 : slab_stride(slab, out.addr);
	mm_tap(slab->tap, &call);
}

void slab_tell_free(struct slab_allocator *slab, unsigned int cpu, uint64_t addr)
{
	const uint32_t id = slab_cache_of(slab, addr);
	const struct slab_cache *cache;
	struct mm_tapped call = { .kind = MM_TAP_KFREE, .cpu = cpu, .addr = addr };

	if (!slab_is_live(slab, addr))
		return;
	cache = id == SLAB_CACHE_NONE ? NULL : slab_cache_get(slab, id);
	if (cache && !is_kmalloc(cache->name)) {
		call.kind = MM_TAP_CACHE_FREE;
		call.cache = cache->name;
	}
	mm_tap(slab->tap, &call);
}

static bool is_kmalloc(const char *name)
{
	return !strncmp(name, "kmalloc-", 8) || !strncmp(name, "dma-kmalloc", 11);
}
