/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Call sites that use several caches with objects of one size: inet_twsk_alloc() has one for each
 * protocol family, mempool_alloc_slab() one for each pool. Where a cache is told by who allocates,
 * these look like one, until two names are met at its frees. From then on the slab decides: all
 * objects of a slab are of one cache, and the first of them that is freed under a name says which.
 *
 * Whoever learns from a recording that was read before knows that of each slab at once.
 */
#include <config.h>

#include "repair_internal.h"

/* Slabs whose cache is remembered for who learns; of more, only their first named free tells. */
enum { MAX_TOLD = 1 << 16 };

static void rename_live(struct repair *r, const struct page_block *block, uint64_t head,
			uint32_t named);
static void rename_held(struct repair *r, const struct page_block *block, uint64_t head,
			uint32_t named);

uint32_t mixed_cache(struct repair *r, uint64_t ptr, uint32_t cache)
{
	const struct repair_cache *all = r->caches.all.items;
	struct page_block *block;
	const uint32_t *told;
	uint64_t pfn, head;

	if (!owner_pfn_of(r, ptr, &pfn))
		return cache;
	block = pages_find_containing(&r->pages, pfn, &head);
	if (!block)
		return cache;
	told = u64map_find(&r->caches.told, block->event);
	if (told)
		block->cache = *told;
	if (block->cache && all[block->cache].size == all[cache].size)
		return block->cache;
	return cache;
}

void mixed_found(struct repair *r, uint64_t ptr, uint32_t cache, uint32_t named)
{
	struct repair_cache *all = r->caches.all.items;
	struct page_block *block;
	uint64_t pfn, head;
	bool fresh;

	if (!all[named].size) {
		all[named].size = all[cache].size;
		all[named].object_size = all[cache].object_size;
		all[named].account = all[cache].account;
	}
	if (all[named].size != all[cache].size)
		return;
	r->caches.nr_findings += !all[cache].mixed;
	all[cache].mixed = 1;
	if (!owner_pfn_of(r, ptr, &pfn))
		return;
	block = pages_find_containing(&r->pages, pfn, &head);
	/* Once a slab: a recording that contradicts itself shall not cost more than others. */
	if (!block || block->flags & PAGE_TOLD)
		return;
	block->flags |= PAGE_TOLD;
	block->cache = named;
	if (r->caches.told.nr < MAX_TOLD)
		*u64map_insert(&r->caches.told, block->event, &fresh) = named;
	rename_live(r, block, head, named);
	rename_held(r, block, head, named);
}

/* Its objects that are not free yet. Their size was compared, so there are no more than fit. */
static void rename_live(struct repair *r, const struct page_block *block, uint64_t head,
			uint32_t named)
{
	const uint32_t size = r->caches.all.items[named].size;
	const uint64_t start = r->map.base + head * KERNEL_PAGE_SIZE;
	const uint64_t end = start + ((uint64_t)KERNEL_PAGE_SIZE << block->order);

	if (size < SMALLEST_OBJECT || block->order > OWNER_SLAB_MAX_ORDER)
		return;
	for (uint64_t ptr = start; ptr < end; ptr += size) {
		struct addrmap_entry *entry =
			addrmap_find(&r->objects, ptr, addrmap_hash(&r->objects, ptr));

		if (entry && entry->info && r->caches.all.items[entry->info].size == size)
			entry->info = named;
	}
}

/* The slab's page event and its objects, as far as they are still held back. */
static void rename_held(struct repair *r, const struct page_block *block, uint64_t head,
			uint32_t named)
{
	const uint64_t start = r->map.base + head * KERNEL_PAGE_SIZE;
	const uint64_t bytes = (uint64_t)KERNEL_PAGE_SIZE << block->order;
	const uint32_t size = r->caches.all.items[named].size;

	for (struct list_head *pos = r->window.prev; pos != &r->window; pos = pos->prev) {
		struct held_batch *held = container_of(pos, struct held_batch, node);

		if (held->first + held->batch.nr <= block->event)
			break;
		/* What was not looked at yet has no op. */
		for (size_t i = 0; i < held->ops.nr && held->first + i < r->nr_pushed; i++) {
			const struct event *ev = &held->batch.events[i];
			struct repair_op *op = &held->ops.items[i];

			if (held->first + i == block->event && op->cache)
				op->cache = named;
			if (held->first + i > block->event && op->call == CALL_CACHE_ALLOC &&
			    ev->slab.ptr - start < bytes && op->cache &&
			    r->caches.all.items[op->cache].size == size)
				op->cache = named;
		}
	}
}
