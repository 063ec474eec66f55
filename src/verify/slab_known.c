/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slabs of the recording, by page, and the order in which a cache's new slabs hand out their
 * objects.
 *
 * A kernel with CONFIG_SLAB_FREELIST_RANDOM makes one permutation a cache and enters it at a random
 * place for each slab: all slabs of a cache are rotations of one cycle. Which, is not recorded, but
 * each two objects that follow each other out of one untouched part of a slab show a link of
 * it. A link that is known says what comes next; and where the next is not the one that should
 * come, those between them were taken without an event.
 */
#include <config.h>

#include "slab_judge.h"

#include <string.h>

static void set_pages(struct slab_judge *j, const struct slab_known *known, uint32_t index);

struct slab_known *slab_known_at(struct slab_judge *j, uint64_t addr)
{
	const uint32_t *index;

	if (addr < j->offset)
		return NULL;
	index = u64map_find(&j->pages, slab_pfn(j, addr));
	return index ? &j->slabs.items[*index] : NULL;
}

struct slab_known *slab_known_add(struct slab_judge *j, uint64_t pfn, unsigned int order,
				  uint32_t cache, bool virgin)
{
	const struct slab_geometry *geometry = slab_cache_geometry(j->slab, cache);
	const uint32_t objects =
		order == geometry->order ? geometry->objects : geometry->min_objects;
	struct slab_known *known;
	uint32_t index;

	if (j->slabs_free.nr) {
		index = j->slabs_free.items[--j->slabs_free.nr];
	} else {
		index = (uint32_t)j->slabs.nr;
		vec_push(&j->slabs, (struct slab_known){ 0 });
	}
	known = &j->slabs.items[index];
	*known = (struct slab_known){
		.pfn = pfn,
		.born = virgin ? j->now : UINT64_MAX,
		.number = UINT64_MAX,
		.cache = cache,
		.objects = (uint16_t)objects,
		.last = SLAB_NO_SLOT,
		.order = (uint8_t)order,
		.live = true,
		.freed_by = -1,
		.slots = xmalloc(objects),
	};
	memset(known->slots, virgin ? SLOT_VIRGIN : 0, objects);
	set_pages(j, known, index + 1);
	slab_cache_known(j, cache)->nr_slabs++;
	return known;
}

bool slab_known_fits(const struct slab_judge *j, uint64_t pfn, unsigned int order)
{
	if (pfn >= SLAB_PFN_LIMIT || SLAB_PFN_LIMIT - pfn < 1ULL << order)
		return false;
	for (uint64_t i = 0; i < 1ULL << order; i++) {
		if (u64map_find(&j->pages, pfn + i))
			return false;
	}
	return true;
}

void slab_known_number(struct slab_judge *j, struct slab_known *known)
{
	known->number = slab_cache_known(j, known->cache)->next_number++;
}

void slab_known_remove(struct slab_judge *j, struct slab_known *known)
{
	struct slab_cache_known *cache = slab_cache_known(j, known->cache);

	set_pages(j, known, 0);
	free(known->slots);
	/* A cache made again under its name has a new permutation. */
	if (!--cache->nr_slabs && cache->next)
		memset(cache->next, 0xff, cache->objects * sizeof(cache->next[0]));
	*known = (struct slab_known){ 0 };
	vec_push(&j->slabs_free, (uint32_t)(known - j->slabs.items));
}

uint16_t slab_known_slot(const struct slab_judge *j, const struct slab_known *known, uint64_t addr)
{
	const struct slab_geometry *geometry = slab_cache_geometry(j->slab, known->cache);
	const uint64_t base = j->offset + known->pfn * KERNEL_PAGE_SIZE + geometry->red_left_pad;
	const uint64_t slot = (addr - base) / geometry->size;

	if (addr < base || slot >= known->objects || slot * geometry->size != addr - base)
		return SLAB_NO_SLOT;
	return (uint16_t)slot;
}

uint64_t slab_known_addr(const struct slab_judge *j, const struct slab_known *known, uint16_t slot)
{
	const struct slab_geometry *geometry = slab_cache_geometry(j->slab, known->cache);

	return j->offset + known->pfn * KERNEL_PAGE_SIZE + geometry->red_left_pad +
	       (uint64_t)slot * geometry->size;
}

struct slab_cache_known *slab_cache_known(struct slab_judge *j, uint32_t cache)
{
	vec_extend_zeroed(&j->caches, (size_t)cache + 1);
	return &j->caches.items[cache];
}

uint16_t slab_known_next(struct slab_judge *j, const struct slab_known *known)
{
	const struct slab_cache_known *cache = slab_cache_known(j, known->cache);
	uint16_t slot = known->last;

	if (!cache->next || slot == SLAB_NO_SLOT)
		return SLAB_NO_SLOT;
	for (uint32_t i = 0; i < cache->objects; i++) {
		slot = cache->next[slot];
		if (slot == SLAB_NO_SLOT)
			break;
		if (slot < known->objects && known->slots[slot] & SLOT_VIRGIN)
			return slot;
	}
	return SLAB_NO_SLOT;
}

void slab_known_taken(struct slab_judge *j, struct slab_known *known, uint16_t slot,
		      void (*passed)(struct slab_judge *j, struct slab_known *known,
				     uint16_t slot))
{
	struct slab_cache_known *cache = slab_cache_known(j, known->cache);
	const uint32_t objects = slab_cache_geometry(j->slab, known->cache)->objects;
	const uint16_t last = known->last;
	uint16_t at = last;
	uint32_t steps = 0;

	known->last = slot;
	if (!cache->next) {
		cache->objects = (uint16_t)objects;
		cache->next = xreallocarray(NULL, objects, sizeof(cache->next[0]));
		memset(cache->next, 0xff, objects * sizeof(cache->next[0]));
	}
	if (last == SLAB_NO_SLOT || known->objects != objects)
		return;
	do {
		at = cache->next[at];
		steps++;
	} while (at != SLAB_NO_SLOT && at != slot && steps < objects);
	if (at == slot) {
		for (at = cache->next[last]; at != slot; at = cache->next[at]) {
			if (known->slots[at] & SLOT_VIRGIN)
				passed(j, known, at);
		}
	} else if (steps == 1 || steps >= objects) {
		cache->next[last] = slot;
	}
}

/* "index" + 1 for each page of the slab; 0: not any more. */
static void set_pages(struct slab_judge *j, const struct slab_known *known, uint32_t index)
{
	for (uint64_t i = 0; i < 1ULL << known->order; i++) {
		bool fresh;

		if (index)
			*u64map_insert(&j->pages, known->pfn + i, &fresh) = index - 1;
		else
			(void)u64map_remove(&j->pages, known->pfn + i);
	}
}
