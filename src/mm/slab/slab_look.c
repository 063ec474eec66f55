/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slabs, CPUs and nodes one by one: what show_slab_objects() of mm/slub.c adds up. */
#include <config.h>

#include "kmreplay/mm/slab_look.h"

#include "slab_array.h"

static bool next_in_page(const struct slab_allocator *slab, const struct slab_page *page,
			 uint32_t cache, uint64_t *addr);

bool slab_next(const struct slab_allocator *slab, uint64_t *pfn, struct slab_info *info)
{
	const uintptr_t value = slab_map_next(&slab->map, pfn);
	const struct slab_page *page = (const struct slab_page *)value;

	if (!value)
		return false;
	if (slab_map_is_large(value)) {
		*info = (struct slab_info){
			.cache = SLAB_CACHE_NONE,
			.order = slab_map_large_order(value),
			.node = slab_pfn_node(slab, *pfn),
			.objects = 1,
			.inuse = 1,
		};
	} else {
		*info = (struct slab_info){
			.cache = page->cache->id,
			.order = page->order,
			.node = page->node,
			.flags = page->cache->flags,
			.objects = page->objects,
			.inuse = page->inuse,
		};
	}
	info->pfn = *pfn;
	*pfn += 1ULL << info->order;
	return true;
}

bool slab_next_live(const struct slab_allocator *slab, uint32_t cache, uint64_t *addr)
{
	const uint64_t from = MAX(*addr, slab->page_offset);
	uint64_t pfn = slab_addr_pfn(slab, from);
	uintptr_t value;

	for (; (value = slab_map_next(&slab->map, &pfn)); pfn++) {
		const struct slab_page *page = (const struct slab_page *)value;
		const uint64_t start = slab->page_offset + (pfn << KERNEL_PAGE_SHIFT);

		if (slab_map_is_large(value)) {
			if (cache != SLAB_CACHE_NONE || start < from)
				continue;
			*addr = start;
			return true;
		}
		*addr = from;
		if ((page->cache->id == cache || page->cache->is_heap) &&
		    next_in_page(slab, page, cache, addr))
			return true;
		pfn = slab_page_pfn(slab, page) + (1ULL << page->order) - 1;
	}
	return false;
}

void slab_cpu_info(const struct slab_allocator *slab, uint32_t cache, unsigned int cpu,
		   struct slab_cpu_info *info)
{
	const struct slab_cpu *c = &slab->caches.items[cache]->cpu[cpu];

	*info = (struct slab_cpu_info){
		.node = c->page ? c->page->node : -1,
		.partial_node = c->partial ? c->partial->node : -1,
		.nr_partial = c->partial ? c->partial->depth : 0,
	};
}

void slab_node_info(const struct slab_allocator *slab, uint32_t cache, unsigned int node,
		    struct slab_node_info *info)
{
	const struct slab_node *n = &slab->caches.items[cache]->node[node];

	*info = (struct slab_node_info){ .nr_partial = n->nr_partial };
	list_foreach(&n->partial, pos) {
		const struct slab_page *page = container_of(pos, struct slab_page, link);

		info->inuse += page->inuse;
		info->free += (uint64_t)page->objects - page->inuse;
	}
	/* SLAB's free slabs stand apart from the partial ones. */
	if (slab->caches.items[cache]->arrays)
		info->free = slab->caches.items[cache]->arrays->node[node].free_objects;
}

unsigned int slab_nr_cpus(const struct slab_allocator *slab)
{
	return slab->nr_cpus;
}

unsigned int slab_nr_nodes(const struct slab_allocator *slab)
{
	return slab->nr_nodes;
}

static bool next_in_page(const struct slab_allocator *slab, const struct slab_page *page,
			 uint32_t cache, uint64_t *addr)
{
	const uint64_t size = page->cache->size;
	uint64_t slot = *addr > page->base ? (*addr - page->base + size - 1) / size : 0;

	for (; slot < page->objects; slot++) {
		if (page->links[slot] != SLAB_LIVE ||
		    (page->cache->is_heap &&
		     slab_cache_of(slab, page->base + slot * size) != cache))
			continue;
		*addr = page->base + slot * size;
		return true;
	}
	return false;
}
