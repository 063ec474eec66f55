/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of SLAB's caches: __kmem_cache_create(), calculate_slab_order() and enable_cpucache()
 * of mm/slab.c, 6.1, without CONFIG_DEBUG_SLAB.
 *
 * Theory
 * ------
 * 1. Which slots of a slab are free is told by an array of byte-sized slot numbers, one a slot. It
 *    lies in a free object of the slab itself (costs nothing), else in an object of a kmalloc class
 *    (what is left of the slab is too small for it), else at the slab's end:
 *
 *	| colour | object | object | ... | left over | [numbers] |
 *
 *    In an object it cannot lie where free objects must keep what is in them (constructor, RCU), or
 *    where it is longer than an object.
 * 2. The smallest order is taken that holds an object; a larger one, up to slab_max_order, only if
 *    more than an eighth would be left over. Reclaimable caches don't go for larger ones.
 * 3. What is left over shifts the objects of one slab against those of the next by cache lines:
 *    the colours.
 */
#include <config.h>

#include "slab_array.h"

#include "kmreplay/core/bits.h"

enum {
	CACHE_LINE = 64,
	MIN_OBJECT = 16,       /* SLAB_OBJ_MIN_SIZE */
	MAX_OBJECTS = 255,     /* SLAB_OBJ_MAX_NUM: their numbers are bytes */
	MANY_PAGES = (32 << 20) / KERNEL_PAGE_SIZE,
	SHARED_FACTOR = 8,
};

/* Objects up to "size" bytes: CPUs' arrays hold up to "limit". */
struct array_rule {
	uint32_t size;
	uint32_t limit;
};

static const struct array_rule array_rules[] = {
	{ 256, 120 }, { 1024, 54 }, { KERNEL_PAGE_SIZE, 24 }, { 131072, 8 }, { UINT32_MAX, 1 },
};

static bool pick_index(struct slab_geometry *geometry, const struct machine_config *config,
		       const struct slab_cache_args *args);
static uint32_t search_order(struct slab_geometry *geometry, const struct machine_config *config,
			     uint32_t flags, enum slab_index index);
static bool pays_outside(const struct machine_config *config, uint32_t size, uint32_t nr);
static uint32_t class_stride(const struct machine_config *config, uint32_t size);
static unsigned int max_order_of(const struct machine_config *config);

bool slab_array_layout(struct slab_geometry *geometry, const struct machine_config *config,
		       const struct slab_cache_args *args, uint32_t recorded)
{
	const uint32_t word = slab_geometry_word(config->arch);
	uint64_t size = recorded;
	unsigned int i = 0;

	geometry->object_size = args->size;
	geometry->align = slab_geometry_align(config->arch, args->flags, args->align, args->size);
	geometry->inuse = (uint32_t)bits_align_up(args->size, word);
	if (!recorded)
		size = bits_align_up(geometry->inuse, geometry->align);
	if (size < MIN_OBJECT)
		size = bits_align_up(MIN_OBJECT, geometry->align);
	if (size > SLAB_MAX_SIZE)
		return false;
	geometry->size = (uint32_t)size;
	if (!pick_index(geometry, config, args))
		return false;
	geometry->min_order = geometry->order;
	geometry->min_objects = geometry->objects;
	while (size > array_rules[i].size)
		i++;
	geometry->array_limit = array_rules[i].limit;
	geometry->array_batch = (geometry->array_limit + 1) / 2;
	if (size <= KERNEL_PAGE_SIZE && config->nr_cpus > 1)
		geometry->array_shared = SHARED_FACTOR;
	return true;
}

/* set_objfreelist_slab_cache(), set_off_slab_cache(), set_on_slab_cache() */
static bool pick_index(struct slab_geometry *geometry, const struct machine_config *config,
		       const struct slab_cache_args *args)
{
	uint32_t left = 0;

	geometry->index = SLAB_INDEX_IN_OBJECT;
	if (!args->ctor && !(args->flags & SLAB_TYPESAFE_BY_RCU)) {
		left = search_order(geometry, config, args->flags, SLAB_INDEX_IN_OBJECT);
		if (geometry->objects > geometry->object_size)
			geometry->objects = 0;
	}
	if (!geometry->objects && !(args->flags & SLAB_NOLEAKTRACE)) {
		geometry->index = SLAB_INDEX_OUTSIDE;
		left = search_order(geometry, config, args->flags, SLAB_INDEX_OUTSIDE);
		/* It fits behind the objects after all, at the cost of colours. */
		if (left >= geometry->objects)
			geometry->objects = 0;
	}
	if (!geometry->objects) {
		geometry->index = SLAB_INDEX_AT_END;
		left = search_order(geometry, config, args->flags, SLAB_INDEX_AT_END);
	}
	geometry->colour_off = MAX((uint32_t)CACHE_LINE, geometry->align);
	geometry->colours = left / geometry->colour_off;
	return geometry->objects;
}

/* calculate_slab_order(): sets order and objects (0: no order will do); returns the bytes left. */
static uint32_t search_order(struct slab_geometry *geometry, const struct machine_config *config,
			     uint32_t flags, enum slab_index index)
{
	const uint32_t slot = geometry->size + (index == SLAB_INDEX_AT_END);
	const unsigned int max_order = max_order_of(config);
	uint32_t left = 0;

	geometry->objects = 0;
	for (unsigned int order = 0; order <= KERNEL_MAX_ORDER; order++) {
		const uint32_t bytes = KERNEL_PAGE_SIZE << order;
		const uint32_t nr = bytes / slot;

		if (nr > MAX_OBJECTS)
			break;
		if (!nr || (index == SLAB_INDEX_OUTSIDE &&
			    !pays_outside(config, geometry->size, nr)))
			continue;
		geometry->objects = nr;
		geometry->order = order;
		left = bytes % slot;
		if ((flags & SLAB_RECLAIM_ACCOUNT) || order >= max_order || left * 8 <= bytes)
			break;
	}
	return left;
}

/* The numbers of "nr" slots take an object of at most half the size of the cache's own. */
static bool pays_outside(const struct machine_config *config, uint32_t size, uint32_t nr)
{
	const uint32_t stride = class_stride(config, nr);

	return stride && stride <= size / 2;
}

/* What kmalloc() of up to MAX_OBJECTS bytes takes; 0: no class is so large. */
static uint32_t class_stride(const struct machine_config *config, uint32_t size)
{
	static const uint32_t kernels[] = { 32, 64, 96, 128, 192, 256 };
	const bool own = config->kmalloc_classes.nr;
	const uint32_t *classes = own ? config->kmalloc_classes.items : kernels;
	const size_t nr = own ? config->kmalloc_classes.nr : ARRAY_SIZE(kernels);

	for (size_t i = 0; i < nr; i++) {
		uint32_t align = slab_geometry_align(config->arch, SLAB_HWCACHE_ALIGN, 0,
						     classes[i]);

		if (classes[i] >= size)
			return (uint32_t)bits_align_up(classes[i], align);
	}
	return 0;
}

/* slab_max_order: 1 above 32 MiB of memory, as kmem_cache_init() sets it. */
static unsigned int max_order_of(const struct machine_config *config)
{
	uint64_t nr_pages = 0;

	if (config->slub_max_order != SLAB_ORDER_AUTO)
		return config->slub_max_order;
	vec_foreach(&config->ranges, range)
		nr_pages += range->end - range->start;
	return config->ranges.nr && nr_pages <= MANY_PAGES ? 0 : 1;
}
