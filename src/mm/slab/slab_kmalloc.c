/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kmalloc(): size classes as caches, and what is too large for them from the page allocator. As in
 * mm/slab_common.c and include/linux/slab.h, 6.1 and 6.12, of configurations without
 * RANDOM_KMALLOC_CACHES and allocation profiling.
 *
 * There are four sets of classes, since one slab must not mix what the page allocator keeps apart:
 * ordinary, reclaimable, charged to a cgroup, and in reach of old DMA hardware. The request's mask
 * names the set, with DMA before reclaimable before cgroup.
 */
#include <config.h>

#include "slab_internal.h"

#include "kmreplay/core/bits.h"

#include <stdio.h>

enum kmalloc_type {
	KMALLOC_NORMAL,
	KMALLOC_RECLAIM,
	KMALLOC_DMA,
	KMALLOC_CGROUP,
};

struct type_info {
	const char *prefix;
	uint32_t flags;
};

static const struct type_info type_infos[SLAB_NR_TYPES] = {
	[KMALLOC_NORMAL] = { "kmalloc", 0 },
	[KMALLOC_RECLAIM] = { "kmalloc-rcl", SLAB_RECLAIM_ACCOUNT },
	[KMALLOC_DMA] = { "dma-kmalloc", SLAB_CACHE_DMA },
	[KMALLOC_CGROUP] = { "kmalloc-cg", SLAB_ACCOUNT },
};

/* In what order the kernel creates them; since 6.8 the two odd sizes come first. */
static const uint8_t types_old[SLAB_NR_TYPES] = {
	KMALLOC_NORMAL, KMALLOC_CGROUP, KMALLOC_RECLAIM, KMALLOC_DMA,
};
static const uint8_t types_new[SLAB_NR_TYPES] = {
	KMALLOC_NORMAL, KMALLOC_RECLAIM, KMALLOC_DMA, KMALLOC_CGROUP,
};
static const uint8_t indices_old[SLAB_NR_CLASSES - 1] = {
	3, 4, 5, 6, 1, 7, 2, 8, 9, 10, 11, 12, 13,
};
static const uint8_t indices_new[SLAB_NR_CLASSES - 1] = {
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
};

static void class_create(struct slab_allocator *slab, unsigned int type, unsigned int index);
static unsigned int class_index(const struct slab_allocator *slab, uint64_t size);
static uint32_t class_size(unsigned int index);
static uint32_t smallest_size(const struct slab_allocator *slab);
static enum kmalloc_type type_of(const struct slab_allocator *slab, uint32_t gfp);
static bool has_cgroup_type(const struct slab_allocator *slab);
static struct mm_outcome alloc_large(struct slab_allocator *slab, unsigned int cpu, uint32_t gfp,
				     unsigned int order, int node, unsigned int context);

struct mm_outcome slab_kmalloc(struct slab_allocator *slab, unsigned int cpu, uint64_t size,
			       uint32_t gfp, int node, unsigned int context)
{
	unsigned int order;

	if (likely(size - 1 < SLAB_KMALLOC_MAX_CACHE_SIZE))
		return slab_alloc(slab, slab_kmalloc_class(slab, size, gfp), cpu, node, gfp,
				  context);
	BUG_ON(cpu >= slab->nr_cpus);
	if (!size)
		return (struct mm_outcome){ .addr = SLAB_ZERO_SIZE_PTR };
	order = bits_get_order(size);
	if (order > KERNEL_MAX_ORDER)
		return (struct mm_outcome){ .failure = MM_FAIL_ORDER };
	return alloc_large(slab, cpu, gfp, order, node, context);
}

uint32_t slab_kmalloc_class(const struct slab_allocator *slab, uint64_t size, uint32_t gfp)
{
	if (!size || size > SLAB_KMALLOC_MAX_CACHE_SIZE)
		return SLAB_CACHE_NONE;
	return slab->kmalloc[type_of(slab, gfp)][class_index(slab, size)];
}

/* slab_ksize(), __ksize() */
uint64_t slab_ksize(const struct slab_allocator *slab, uint64_t addr)
{
	uintptr_t value = slab_map_find(&slab->map, slab_addr_pfn(slab, addr));
	const struct slab_cache *cache;

	if (!slab_is_live(slab, addr))
		return 0;
	if (slab_map_is_large(value))
		return (uint64_t)KERNEL_PAGE_SIZE << slab_map_large_order(value);
	cache = ((const struct slab_page *)value)->cache;
	if (cache->flags & (SLAB_RED_ZONE | SLAB_POISON))
		return cache->geometry.object_size;
	if (cache->flags & (SLAB_TYPESAFE_BY_RCU | SLAB_STORE_USER))
		return cache->geometry.inuse;
	return cache->size;
}

void slab_large_stats(const struct slab_allocator *slab, uint64_t *nr, uint64_t *pages)
{
	*nr = slab->large_nr;
	*pages = slab->large_pages;
}

void slab_kmalloc_init(struct slab_allocator *slab)
{
	bool odd_first = slab->profile->kmalloc_odd_first;
	const uint8_t *types = odd_first ? types_new : types_old;
	const uint8_t *indices = odd_first ? indices_new : indices_old;

	for (unsigned int t = 0; t < SLAB_NR_TYPES; t++) {
		for (unsigned int i = 0; i < SLAB_NR_CLASSES; i++)
			slab->kmalloc[t][i] = SLAB_CACHE_NONE;
	}
	for (unsigned int t = 0; t < SLAB_NR_TYPES; t++) {
		for (unsigned int i = 0; i < SLAB_NR_CLASSES - 1; i++)
			class_create(slab, types[t], indices[i]);
	}
}

struct mm_outcome slab_free_large(struct slab_allocator *slab, unsigned int cpu, uint64_t addr,
				  uintptr_t value)
{
	uint64_t pfn = slab_addr_pfn(slab, addr);
	unsigned int order = slab_map_large_order(value);

	slab_map_clear(&slab->map, pfn, 1);
	slab->large_nr--;
	slab->large_pages -= 1ULL << order;
	return slab->ops.free(slab->ctx, cpu, pfn, order);
}

/* new_kmalloc_cache(), create_boot_cache() */
static void class_create(struct slab_allocator *slab, unsigned int type, unsigned int index)
{
	uint32_t size = class_size(index);
	struct slab_geometry geometry;
	char name[32], unit[8];

	if (size < smallest_size(slab) || class_index(slab, size) != index ||
	    (type == KMALLOC_CGROUP && !has_cgroup_type(slab)))
		return;
	snprintf(unit, sizeof(unit), size < 1024 ? "%u" : "%uk", size < 1024 ? size : size / 1024);
	snprintf(name, sizeof(name), "%s-%s", type_infos[type].prefix, unit);
	struct slab_cache_args args = {
		.name = name,
		.size = size,
		.flags = type_infos[type].flags | SLAB_KMALLOC,
		.usersize = size,
	};

	if (bits_is_pow2(size) || slab->profile->kmalloc_pow2_divisor)
		args.align = size & -size;
	BUG_ON(!slab_geometry_init(&geometry, &slab->config, &args));
	slab->kmalloc[type][index] = slab_cache_add(slab, &args, &geometry);
}

/* __kmalloc_index(): of a size in [1, SLAB_KMALLOC_MAX_CACHE_SIZE]. */
static unsigned int class_index(const struct slab_allocator *slab, uint64_t size)
{
	uint32_t smallest = smallest_size(slab);

	if (size <= smallest)
		return bits_ilog2(smallest);
	if (smallest <= 32 && size > 64 && size <= 96)
		return 1;
	if (smallest <= 64 && size > 128 && size <= 192)
		return 2;
	return bits_fls(size - 1);
}

static uint32_t class_size(unsigned int index)
{
	if (index == 1)
		return 96;
	return index == 2 ? 192 : 1U << index;
}

/* KMALLOC_MIN_SIZE: arm64 kept objects apart by DMA cache lines until 6.5. */
static uint32_t smallest_size(const struct slab_allocator *slab)
{
	const struct kernel_version dma_aware = { 6, 5 };
	struct kernel_version version = slab->config.kernel;

	if (slab->config.arch == ARCH_ARM64 && version.major &&
	    kernel_version_cmp(version, dma_aware) < 0)
		return 128;
	return 8;
}

/* kmalloc_type() */
static enum kmalloc_type type_of(const struct slab_allocator *slab, uint32_t gfp)
{
	if (likely(!(gfp & (GFP_BIT_DMA | GFP_BIT_RECLAIMABLE | GFP_BIT_ACCOUNT))))
		return KMALLOC_NORMAL;
	if (gfp & GFP_BIT_DMA)
		return KMALLOC_DMA;
	if (gfp & GFP_BIT_RECLAIMABLE)
		return KMALLOC_RECLAIM;
	return has_cgroup_type(slab) ? KMALLOC_CGROUP : KMALLOC_NORMAL;
}

static bool has_cgroup_type(const struct slab_allocator *slab)
{
	const struct kernel_version since = { 5, 14 };

	return !slab->config.kernel.major || kernel_version_cmp(slab->config.kernel, since) >= 0;
}

/* __kmalloc_large_node(): the mask goes on as it is, but for zones that have no direct map. */
static struct mm_outcome alloc_large(struct slab_allocator *slab, unsigned int cpu, uint32_t gfp,
				     unsigned int order, int node, unsigned int context)
{
	struct mm_outcome got;
	uint64_t pfn;

	gfp = (gfp & ~(uint32_t)(GFP_BIT_HIGHMEM | GFP_BIT_DMA32)) | GFP_BIT_COMP;
	got = slab->ops.alloc(slab->ctx, cpu, gfp, order, node, context);
	if (!mm_ok(got))
		return got;
	pfn = got.addr;
	if (pfn >= SLAB_PFN_LIMIT || !slab_map_set(&slab->map, pfn, 1, slab_map_large(order))) {
		got.addr = 0;
		got.failure = MM_FAIL_INVALID;
		return got;
	}
	got.addr = slab->page_offset + (pfn << KERNEL_PAGE_SHIFT);
	slab->large_nr++;
	slab->large_pages += 1ULL << order;
	return got;
}
