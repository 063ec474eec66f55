/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SLOB: the heap behind all caches and kmalloc(), as slob_alloc(), slob_free() and what is built on
 * them in mm/slob.c, 6.1 (gone in 6.4).
 *
 * Theory
 * ------
 * 1. Pages of the heap are cut into blocks of any even size. Those with something free stand in one
 *    of three lists, for blocks below 256 bytes, below 1024 and larger ones; the first page of the
 *    block's list that has room gives it, and becomes the first to be looked at next time.
 * 2. A cache is no more than a size and an alignment: its objects lie among all others. So no cache
 *    has slabs; pages belong to the heap, which shows as a cache called "slob" that holds what is
 *    free in them. kmalloc() is a cache called "kmalloc" of objects of all sizes.
 * 3. kmalloc() writes the size in front of the object, in as many bytes as objects are aligned to;
 *    powers of two are aligned to themselves. A page and more comes from the page allocator.
 * 4. A page that is free as a whole goes back at once. One that was full goes to the list that the
 *    block that came back is for.
 * 5. Objects of SLAB_TYPESAFE_BY_RCU caches each wait for a grace period, in their cache not any
 *    more, in the heap still; the note that they wait stands behind them.
 *
 * Differs: a cache with live objects cannot be destroyed here, where SLOB would not notice.
 */
#include <config.h>

#include "slab_slob.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/u64map.h"

#include <stdlib.h>

enum {
	NR_LISTS = 3,
	RCU_NOTE = 24,         /* sizeof(struct slob_rcu) */
	IS_KMALLOC = 1U << 31, /* in "objects": a size follows, not a cache */
};

/** A block that waits for a grace period. */
struct slob_waiting {
	struct slab_page *page;
	uint32_t unit;
	uint32_t size; /* in bytes, as it was asked for */
};

struct slob {
	struct list_head lists[NR_LISTS];
	struct u64map objects; /* address to cache, or to kmalloc()ed bytes */
	struct slab_cache *heap, *kmalloc;
	struct vec(struct slob_waiting) waiting;
	uint64_t used, kmalloc_used, kmalloc_asked; /* bytes */
};

static struct mm_outcome alloc_page(struct slab_request *rq);
static unsigned int alloc_block(struct slab_request *rq, uint32_t size,
				const struct slob_wish *wish, struct slab_page **page);
static unsigned int search(struct slab_request *rq, struct list_head *list,
			   const struct slob_wish *wish, struct slab_page **page);
static struct slab_page *new_page(struct slab_request *rq);
static void free_block(struct slab_allocator *slab, unsigned int cpu,
		       const struct slob_waiting *block, struct mm_outcome *out);
static void charge(const struct slab_allocator *slab, uint32_t looked, struct mm_outcome *out);
static struct list_head *list_of(struct slob *slob, uint32_t size);
static uint32_t header_size(const struct slab_allocator *slab);
static uint32_t object_value(const struct slab_allocator *slab, struct slab_object object);
static void add_object(struct slab_request *rq, struct slab_page *page, unsigned int unit,
		       uint32_t value);

static bool layout(struct slab_geometry *geometry, const struct machine_config *config,
		   const struct slab_cache_args *args, uint32_t recorded)
{
	uint64_t size = args->size;

	(void)recorded;
	geometry->object_size = args->size;
	geometry->align = slab_geometry_align(config->arch, args->flags, args->align, args->size);
	if (args->flags & SLAB_TYPESAFE_BY_RCU)
		size += RCU_NOTE;
	size = bits_align_up(MAX(size, (uint64_t)1), SLOB_UNIT);
	if (size > SLAB_MAX_SIZE || geometry->align > KERNEL_PAGE_SIZE)
		return false;
	geometry->size = geometry->inuse = (uint32_t)size;
	geometry->order = geometry->min_order =
		size < KERNEL_PAGE_SIZE ? 0 : bits_get_order(size);
	geometry->objects = geometry->min_objects =
		size < KERNEL_PAGE_SIZE ? (uint32_t)(KERNEL_PAGE_SIZE / size) : 1;
	return true;
}

/* The heap, and kmalloc(), whose objects have no size in common. */
static void init(struct slab_allocator *slab)
{
	const struct slab_cache_args heap = { .name = "slob", .flags = SLAB_KMALLOC };
	const struct slab_cache_args kmalloc = { .name = "kmalloc", .flags = SLAB_KMALLOC };
	const struct slab_geometry geometry = {
		.object_size = SLOB_UNIT,
		.size = SLOB_UNIT,
		.align = SLOB_UNIT,
		.inuse = SLOB_UNIT,
		.objects = SLOB_PAGE_UNITS,
		.min_objects = SLOB_PAGE_UNITS,
	};
	struct slob *slob = xcalloc(1, sizeof(*slob));

	slab->slob = slob;
	for (unsigned int i = 0; i < NR_LISTS; i++)
		list_init(&slob->lists[i]);
	u64map_init(&slob->objects);
	slob->heap = slab_cache_get(slab, slab_cache_add(slab, &heap, &geometry));
	slob->kmalloc = slab_cache_get(slab, slab_cache_add(slab, &kmalloc, &geometry));
	slob->heap->is_heap = true;
}

static void deinit(struct slab_allocator *slab)
{
	u64map_deinit(&slab->slob->objects);
	vec_deinit(&slab->slob->waiting);
	free(slab->slob);
}

static void cache_nothing(struct slab_allocator *slab, struct slab_cache *cache)
{
	(void)slab, (void)cache;
}

static void cpu_nothing(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu)
{
	(void)slab, (void)cache, (void)cpu;
}

static void dead_nothing(struct slab_allocator *slab, unsigned int cpu)
{
	(void)slab, (void)cpu;
}

static uint64_t tick_never(struct slab_allocator *slab, uint64_t now_ns)
{
	(void)slab, (void)now_ns;
	return UINT64_MAX;
}

/* slob_alloc_node() */
static struct mm_outcome alloc(struct slab_request *rq)
{
	const struct slab_geometry *geometry = &rq->cache->geometry;
	const struct slob_wish wish = {
		.units = geometry->size / SLOB_UNIT,
		.align = geometry->align,
	};
	struct slab_page *page;
	unsigned int unit;

	if (geometry->size >= KERNEL_PAGE_SIZE)
		return alloc_page(rq);
	unit = alloc_block(rq, geometry->size, &wish, &page);
	if (unit != SLAB_NIL)
		add_object(rq, page, unit, rq->cache->id);
	return rq->out;
}

/* __do_kmalloc_node() of less than a page. */
static struct mm_outcome kmalloc(struct slab_request *rq, uint32_t size)
{
	struct slob *slob = rq->slab->slob;
	const uint32_t header = header_size(rq->slab);
	const struct slob_wish wish = {
		.units = slob_units(size + header),
		.align = bits_is_pow2(size) ? MAX(size, header) : header,
		.offset = header,
	};
	const uint64_t bytes = (uint64_t)wish.units * SLOB_UNIT;
	struct slab_page *page;
	unsigned int unit;

	rq->cache = slob->kmalloc;
	unit = alloc_block(rq, size + header, &wish, &page);
	if (unit == SLAB_NIL)
		return rq->out;
	slob->kmalloc_used += bytes;
	slob->kmalloc->varied_bytes += bytes;
	slob->kmalloc_asked += size;
	add_object(rq, page, unit + header / SLOB_UNIT, IS_KMALLOC | size);
	return rq->out;
}

static uint32_t kmalloc_class(const struct slab_allocator *slab, uint64_t size)
{
	return size && size < KERNEL_PAGE_SIZE - header_size(slab) ? slab->slob->kmalloc->id :
								      SLAB_CACHE_NONE;
}

/* kmem_cache_free(), kfree() */
static struct mm_outcome free_object(struct slab_allocator *slab, unsigned int cpu,
				     struct slab_object object)
{
	struct slob *slob = slab->slob;
	struct slab_page *page = object.page;
	struct slob_waiting block = { .page = page, .unit = object.slot };
	struct mm_outcome out = { 0 };
	struct slab_cache *cache;
	uint32_t value;

	if (!page->cache->is_heap) {
		page->cache->counters.frees++;
		page->inuse = 0;
		slab_step(&out, MM_PATH_SLAB_FREE_DISCARD, slab->costs.slab_free_slow);
		slab_page_discard(slab, page, cpu, &out);
		return out;
	}
	value = object_value(slab, object);
	u64map_remove(&slob->objects, page->base + (uint64_t)object.slot * SLOB_UNIT);
	if (value & IS_KMALLOC) {
		const uint32_t size = value & ~(uint32_t)IS_KMALLOC;

		cache = slob->kmalloc;
		block.unit -= header_size(slab) / SLOB_UNIT;
		block.size = size + header_size(slab);
		slob->kmalloc_used -= (uint64_t)slob_units(block.size) * SLOB_UNIT;
		slob->kmalloc_asked -= size;
	} else {
		cache = slab_cache_get(slab, value);
		block.size = cache->geometry.size;
	}
	cache->counters.frees++;
	page->links[object.slot] = 0;
	slab_step(&out, MM_PATH_SLAB_FREE_SLOW, slab->costs.slab_free_slow);
	if (slab->rcu_deferred && (cache->flags & SLAB_TYPESAFE_BY_RCU))
		vec_push(&slob->waiting, block);
	else
		free_block(slab, cpu, &block, &out);
	return out;
}

/* kmem_rcu_free(): in the order in which they were freed. */
static size_t rcu_grace(struct slab_allocator *slab, unsigned int cpu)
{
	struct slob *slob = slab->slob;
	const uint64_t before = slob->heap->counters.free_slab;
	struct mm_outcome out = { 0 };

	vec_foreach(&slob->waiting, block)
		free_block(slab, cpu, block, &out);
	vec_reset(&slob->waiting);
	return slob->heap->counters.free_slab - before;
}

/* __ksize(), of kmem_cache objects what their cache says. */
static uint64_t ksize(const struct slab_allocator *slab, struct slab_object object)
{
	uint32_t value;

	if (!object.page->cache->is_heap)
		return object.page->cache->geometry.object_size;
	value = object_value(slab, object);
	if (value & IS_KMALLOC)
		return (uint64_t)slob_units(value & ~(uint32_t)IS_KMALLOC) * SLOB_UNIT;
	return slab_cache_get(slab, value)->geometry.object_size;
}

static uint64_t stride(const struct slab_allocator *slab, struct slab_object object)
{
	const uint32_t value = object_value(slab, object);

	if (value & IS_KMALLOC)
		return (uint64_t)SLOB_UNIT *
		       slob_units((value & ~(uint32_t)IS_KMALLOC) + header_size(slab));
	return slab_cache_get(slab, value)->geometry.size;
}

static uint32_t cache_of(const struct slab_allocator *slab, struct slab_object object)
{
	uint32_t value;

	if (!object.page->cache->is_heap)
		return object.page->cache->id;
	value = object_value(slab, object);
	return value != SLAB_CACHE_NONE && value & IS_KMALLOC ? slab->slob->kmalloc->id : value;
}

/* The heap has what is free, caches have what they use; those of whole pages have these. */
static void sums(const struct slab_allocator *slab, const struct slab_cache *cache,
		 struct slab_sums *sums)
{
	const struct slob *slob = slab->slob;

	if (cache->geometry.size >= KERNEL_PAGE_SIZE)
		return;
	sums->num_objs = slab_cache_live(cache);
	sums->bytes = sums->live_bytes;
	if (cache == slob->heap) {
		sums->bytes = (cache->nr_pages << KERNEL_PAGE_SHIFT) - slob->used;
	} else if (cache == slob->kmalloc) {
		sums->bytes = sums->live_bytes = slob->kmalloc_used;
		sums->object_bytes = slob->kmalloc_asked;
		sums->alloc_bytes = cache->varied_bytes;
	}
	sums->slot_bytes = sums->bytes;
}

/* The lists are no node's, so nothing is partial. */
static uint64_t count(const struct slab_allocator *slab, const struct slab_cache *cache,
		      struct slab_cache_stats *stats)
{
	(void)slab, (void)cache, (void)stats;
	return 0;
}

static bool check(const struct slab_allocator *slab, const struct slab_cache *cache,
		  struct slab_held *held, struct error *err)
{
	const struct slob *slob = slab->slob;

	for (unsigned int i = 0; cache == slob->heap && i < NR_LISTS; i++) {
		list_foreach(&slob->lists[i], pos) {
			const struct slab_page *page = container_of(pos, struct slab_page, link);

			if (page->place != SLAB_PLACE_NODE_PARTIAL ||
			    page->inuse == SLOB_PAGE_UNITS)
				return error_set(err, "full page on a list");
			held->slabs++;
		}
	}
	return true;
}

/* Each live object is known, and lies in units that are in use; all that is in use is known. */
static bool check_heap(const struct slab_allocator *slab, uint64_t *live, struct error *err)
{
	const struct slob *slob = slab->slob;
	uint64_t used = 0, nr = 0;
	uintptr_t value;

	for (uint64_t pfn = 0; (value = slab_map_next(&slab->map, &pfn)); pfn++) {
		struct slab_page *page = (struct slab_page *)value;

		if (slab_map_is_large(value) || !page->cache->is_heap)
			continue;
		if (!slob_page_check(page, err))
			return error_prefix(err, "page %llu", (unsigned long long)pfn);
		used += (uint64_t)page->inuse * SLOB_UNIT;
		for (unsigned int unit = 0; unit < SLOB_PAGE_UNITS; unit++) {
			const struct slab_object object = { page, unit };
			uint32_t cache;

			if (page->links[unit] != SLAB_LIVE)
				continue;
			cache = cache_of(slab, object);
			if (!slab_cache_get(slab, cache))
				return error_set(err, "object of no cache at page %llu",
						 (unsigned long long)pfn);
			live[cache]++;
			nr++;
		}
	}
	if (nr != slob->objects.nr || used != slob->used)
		return error_set(err, "%llu objects, %llu bytes in the heap, counted wrong",
				 (unsigned long long)nr, (unsigned long long)used);
	return true;
}

const struct slab_design_ops slab_slob_ops = {
	.layout = layout,
	.init = init,
	.deinit = deinit,
	.cache_init = cache_nothing,
	.cache_deinit = cache_nothing,
	.alloc = alloc,
	.free = free_object,
	.kmalloc = kmalloc,
	.kmalloc_class = kmalloc_class,
	.ksize = ksize,
	.stride = stride,
	.cache_of = cache_of,
	.flush_cpu = cpu_nothing,
	.cpu_dead = dead_nothing,
	.shrink = cpu_nothing,
	.rcu_grace = rcu_grace,
	.tick = tick_never,
	.sums = sums,
	.count = count,
	.check = check,
	.check_heap = check_heap,
};

/* An object of a page and more has its pages to itself. */
static struct mm_outcome alloc_page(struct slab_request *rq)
{
	struct slab_page *page = slab_page_of_own(rq, rq->gfp);

	rq->cache->counters.alloc_slowpath++;
	if (!page) {
		rq->cache->counters.alloc_failed++;
		return rq->out;
	}
	page->links[0] = SLAB_LIVE;
	page->head = SLAB_NIL;
	page->inuse = 1;
	rq->cache->counters.allocs++;
	rq->out.addr = page->base;
	return rq->out;
}

/* slob_alloc(): a block for "size" bytes that may be cut from a page; SLAB_NIL: there is none. */
static unsigned int alloc_block(struct slab_request *rq, uint32_t size,
				const struct slob_wish *wish, struct slab_page **page)
{
	struct slob *slob = rq->slab->slob;
	struct list_head *list = list_of(slob, size);
	unsigned int unit = search(rq, list, wish, page);
	uint32_t looked = 0;

	rq->cache->counters.alloc_slowpath++;
	if (unit == SLAB_NIL) {
		*page = new_page(rq);
		if (!*page) {
			rq->cache->counters.alloc_failed++;
			return SLAB_NIL;
		}
		list_add(list, &(*page)->link);
		(*page)->place = SLAB_PLACE_NODE_PARTIAL;
		unit = slob_page_alloc(*page, wish, &looked);
		BUG_ON(unit == SLAB_NIL);
	}
	if ((*page)->inuse == SLOB_PAGE_UNITS) {
		list_del(&(*page)->link);
		(*page)->place = SLAB_PLACE_FULL;
	}
	slob->used += (uint64_t)wish->units * SLOB_UNIT;
	return unit;
}

/* The first page of the list with room, which is the list's first from now on. */
static unsigned int search(struct slab_request *rq, struct list_head *list,
			   const struct slob_wish *wish, struct slab_page **found)
{
	unsigned int unit = SLAB_NIL;
	uint32_t looked = 0;

	list_foreach(list, pos) {
		struct slab_page *page = container_of(pos, struct slab_page, link);

		looked++;
		if (rq->node >= 0 && rq->node != page->node)
			continue;
		if ((uint32_t)SLOB_PAGE_UNITS - page->inuse < wish->units)
			continue;
		unit = slob_page_alloc(page, wish, &looked);
		if (unit != SLAB_NIL) {
			*found = page;
			break;
		}
	}
	charge(rq->slab, looked, &rq->out);
	if (unit == SLAB_NIL)
		return SLAB_NIL;
	rq->cache->counters.alloc_from_partial++;
	slab_step(&rq->out, MM_PATH_SLAB_NODE_PARTIAL, rq->slab->costs.slab_node_partial);
	if ((*found)->inuse < SLOB_PAGE_UNITS && list->next != &(*found)->link) {
		list_del(list);
		list_add_tail(&(*found)->link, list);
	}
	return unit;
}

static struct slab_page *new_page(struct slab_request *rq)
{
	struct slab_cache *cache = rq->cache;
	struct slab_page *page;

	rq->cache = rq->slab->slob->heap;
	page = slab_page_of_own(rq, rq->gfp & ~(uint32_t)GFP_BIT_ZERO);
	rq->cache = cache;
	if (page)
		slob_page_init(page);
	return page;
}

/* slob_free() */
static void free_block(struct slab_allocator *slab, unsigned int cpu,
		       const struct slob_waiting *block, struct mm_outcome *out)
{
	const uint32_t units = slob_units(block->size);
	struct slob *slob = slab->slob;
	struct slab_page *page = block->page;
	uint32_t looked = 0;

	slob->used -= (uint64_t)units * SLOB_UNIT;
	if (page->inuse == units) {
		if (page->place != SLAB_PLACE_FULL)
			list_del(&page->link);
		page->inuse = 0;
		slab_page_discard(slab, page, cpu, out);
		out->path = MM_PATH_SLAB_FREE_DISCARD;
		return;
	}
	if (page->place == SLAB_PLACE_FULL) {
		list_add(list_of(slob, block->size), &page->link);
		page->place = SLAB_PLACE_NODE_PARTIAL;
	}
	slob_page_free(page, block->unit, units, &looked);
	charge(slab, looked, out);
}

static void charge(const struct slab_allocator *slab, uint32_t looked, struct mm_outcome *out)
{
	mm_outcome_cost(out, (uint64_t)looked * slab->costs.slob_search);
}

static struct list_head *list_of(struct slob *slob, uint32_t size)
{
	return &slob->lists[size < 256 ? 0 : size < 1024 ? 1 : 2];
}

/* max(ARCH_KMALLOC_MINALIGN, arch_slab_minalign()); arm64 kept DMA cache lines apart until 6.5. */
static uint32_t header_size(const struct slab_allocator *slab)
{
	return slab->config.arch == ARCH_ARM64 ? 128 : 8;
}

/* SLAB_CACHE_NONE when nothing live begins there. */
static uint32_t object_value(const struct slab_allocator *slab, struct slab_object object)
{
	const uint64_t addr = object.page->base + (uint64_t)object.slot * SLOB_UNIT;
	const uint32_t *value = u64map_find(&slab->slob->objects, addr);

	return value ? *value : SLAB_CACHE_NONE;
}

static void add_object(struct slab_request *rq, struct slab_page *page, unsigned int unit,
		       uint32_t value)
{
	const uint64_t addr = page->base + (uint64_t)unit * SLOB_UNIT;
	bool fresh;

	page->links[unit] = SLAB_LIVE;
	*u64map_insert(&rq->slab->slob->objects, addr, &fresh) = value;
	rq->cache->counters.allocs++;
	rq->out.failure = MM_FAIL_NONE;
	rq->out.addr = addr;
}
