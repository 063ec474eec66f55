/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kmalloc(): size classes as caches, and what is too large for them from the page allocator. As in
 * mm/slab_common.c and include/linux/slab.h, 6.1 and 6.12, of configurations without allocation
 * profiling.
 *
 * There are four sets of classes, since one slab must not mix what the page allocator keeps apart:
 * ordinary, reclaimable, charged to a cgroup, and in reach of old DMA hardware. The request's mask
 * names the set, with DMA before reclaimable before cgroup. With RANDOM_KMALLOC_CACHES (6.6, called
 * KMALLOC_PARTITION_CACHES since 7.1) the ordinary set exists 16 times, so that what one call site
 * frees too early is not handed to any other: a site always uses the same set.
 */
#include <config.h>

#include "slab_designs.h"
#include "slab_tap.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/mm/gfp_derive.h"
#include "kmreplay/mm/slab_debug.h"

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
static const uint16_t sizes_old[] = {
	8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192,
};
static const uint16_t sizes_new[] = {
	96, 192, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192,
};
static_assert(ARRAY_SIZE(sizes_old) == ARRAY_SIZE(sizes_new), "the same classes");

struct class_sizes vec(uint32_t);

static void collect_classes(const struct slab_allocator *slab, struct class_sizes *sizes);
static void map_sizes(struct slab_allocator *slab, const struct class_sizes *sizes);
static void create_copies(struct slab_allocator *slab, const struct class_sizes *sizes);
static uint32_t class_create(struct slab_allocator *slab, unsigned int type, uint32_t size,
			     unsigned int copy);
static uint32_t smallest_size(const struct slab_allocator *slab);
static enum kmalloc_type type_of(const struct slab_allocator *slab, uint32_t gfp);
static bool has_type(const struct slab_allocator *slab, enum kmalloc_type type);
static bool has_heap(const struct slab_allocator *slab);
static struct mm_outcome kmalloc_told(struct slab_allocator *slab, const struct slab_asked *asked,
				      unsigned int context);
static struct mm_outcome kmalloc_untold(struct slab_allocator *slab, unsigned int cpu,
					uint64_t size, uint32_t gfp, int node,
					unsigned int context);
static struct mm_outcome alloc_large(struct slab_allocator *slab, unsigned int cpu, uint32_t gfp,
				     unsigned int order, int node, unsigned int context);

struct mm_outcome slab_kmalloc(struct slab_allocator *slab, unsigned int cpu, uint64_t size,
			       uint32_t gfp, int node, unsigned int context)
{
	if (unlikely(slab->tap))
		return kmalloc_told(slab, &(struct slab_asked){
			size, SLAB_CACHE_NONE, gfp, cpu, node }, context);
	return kmalloc_untold(slab, cpu, size, gfp, node, context);
}

/* Apart, so that a call which nobody hears of ends with a jump. */
static NOINLINE struct mm_outcome kmalloc_told(struct slab_allocator *slab,
					       const struct slab_asked *asked,
					       unsigned int context)
{
	const struct mm_outcome out = kmalloc_untold(slab, asked->cpu, asked->size, asked->gfp,
						     asked->node, context);

	slab_tell_alloc(slab, asked, out);
	return out;
}

static struct mm_outcome kmalloc_untold(struct slab_allocator *slab, unsigned int cpu,
					uint64_t size, uint32_t gfp, int node, unsigned int context)
{
	unsigned int order;

	if (likely(size - 1 < slab->kmalloc_max))
		return slab_alloc_untold(slab, slab_kmalloc_class(slab, size, gfp), cpu, node, gfp,
					 context);
	BUG_ON(cpu >= slab->nr_cpus);
	if (!size)
		return (struct mm_outcome){ .addr = SLAB_ZERO_SIZE_PTR };
	if (slab_kmalloc_class(slab, size, gfp) != SLAB_CACHE_NONE)
		return slab->other->kmalloc(&(struct slab_request){
			.slab = slab,
			.cpu = cpu,
			.node = node < (int)slab->nr_nodes ? node : -1,
			.gfp = gfp,
			.context = context,
		}, (uint32_t)size);
	order = bits_get_order(size);
	if (order > KERNEL_MAX_ORDER)
		return (struct mm_outcome){ .failure = MM_FAIL_ORDER };
	return alloc_large(slab, cpu, gfp, order, node, context);
}

uint32_t slab_kmalloc_class(const struct slab_allocator *slab, uint64_t size, uint32_t gfp)
{
	unsigned int class;

	if (!size || size > slab->kmalloc_max)
		return has_heap(slab) ? slab->other->kmalloc_class(slab, size) : SLAB_CACHE_NONE;
	class = slab->class_of[(size - 1) / SLAB_CLASS_STEP];
	return slab->kmalloc.items[type_of(slab, gfp) * slab->nr_classes + class];
}

/* kmalloc_type() of RANDOM_KMALLOC_CACHES: hash_64(caller ^ random_kmalloc_seed, 4) */
uint32_t slab_kmalloc_copy(const struct slab_allocator *slab, uint32_t cache, uint64_t caller)
{
	const uint64_t golden_ratio = 0x61c8864680b583ebULL;
	uint32_t first;
	uint64_t copy;

	if (!slab->copies.nr)
		return cache;
	/* The ordinary classes have ids in a row. */
	first = slab->kmalloc.items[KMALLOC_NORMAL * slab->nr_classes];
	if (cache < first || cache - first >= slab->nr_classes)
		return cache;
	copy = ((caller ^ bits_mix64(slab->config.seed)) * golden_ratio) >> 60;
	return copy ? slab->copies.items[(copy - 1) * slab->nr_classes + cache - first] : cache;
}

uint64_t slab_stride(const struct slab_allocator *slab, uint64_t addr)
{
	uintptr_t value = slab_map_find(&slab->map, slab_addr_pfn(slab, addr));
	struct slab_page *page = (struct slab_page *)value;

	if (!slab_is_live(slab, addr))
		return 0;
	if (slab_map_is_large(value))
		return (uint64_t)KERNEL_PAGE_SIZE << slab_map_large_order(value);
	if (!page->cache->is_heap)
		return page->cache->size;
	return slab->other->stride(slab, (struct slab_object){ page, slab_slot(page, addr) });
}

/* slab_ksize(), __ksize() */
uint64_t slab_ksize(const struct slab_allocator *slab, uint64_t addr)
{
	uintptr_t value = slab_map_find(&slab->map, slab_addr_pfn(slab, addr));
	const struct slab_cache *cache;
	struct slab_page *page;

	if (!slab_is_live(slab, addr))
		return 0;
	if (slab_map_is_large(value))
		return (uint64_t)KERNEL_PAGE_SIZE << slab_map_large_order(value);
	page = (struct slab_page *)value;
	if (slab->other)
		return slab->other->ksize(slab,
					  (struct slab_object){ page, slab_slot(page, addr) });
	cache = page->cache;
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

bool slab_check_config(const struct machine_config *config, struct error *err)
{
	const uint32_t max_order =
		config->slub_max_order == SLAB_ORDER_AUTO ? 0 : config->slub_max_order;
	const uint32_t highest = MAX(config->slub_min_order, max_order);
	const uint64_t nr = config->kmalloc_classes.nr;
	const unsigned int copies = config->slab_random_kmalloc ? SLAB_NR_COPIES - 1 : 0;
	uint32_t last = 0;

	if (config->slab_design < -1 || config->slab_design >= SLAB_DESIGN_NR)
		return error_set(err, "unknown slab allocator '%d'", config->slab_design);
	if (!slab_design_heeds(config, err))
		return false;
	if (highest > KERNEL_MAX_ORDER)
		return error_set(err, "slab order '%u' is above %d", highest, KERNEL_MAX_ORDER);
	vec_foreach(&config->kmalloc_classes, size) {
		if (*size % SLAB_CLASS_STEP || *size > SLAB_KMALLOC_MAX_CACHE_SIZE || !*size)
			return error_set(err, "kmalloc class of %u bytes is not a multiple of %d "
					 "from %d to %u", *size, SLAB_CLASS_STEP, SLAB_CLASS_STEP,
					 SLAB_KMALLOC_MAX_CACHE_SIZE);
		if (*size <= last)
			return error_set(err, "kmalloc class of %u bytes follows one of %u: they "
					 "must ascend", *size, last);
		last = *size;
	}
	if (nr * (SLAB_NR_TYPES + copies) * config->nr_cpus > SLAB_MAX_CPU_CACHES)
		return error_set(err, "%u kmalloc classes times %u CPUs are too many per-CPU slabs",
				 (unsigned int)nr, config->nr_cpus);
	return true;
}

/* create_kmalloc_caches() */
void slab_kmalloc_init(struct slab_allocator *slab)
{
	const uint8_t *types = slab->profile->kmalloc_odd_first ? types_new : types_old;
	struct class_sizes sizes = { 0 };

	if (has_heap(slab))
		return;
	collect_classes(slab, &sizes);
	map_sizes(slab, &sizes);
	slab->nr_classes = (uint32_t)sizes.nr;
	vec_extend_zeroed(&slab->kmalloc, SLAB_NR_TYPES * sizes.nr);
	for (unsigned int t = 0; t < SLAB_NR_TYPES; t++) {
		uint32_t *caches = &slab->kmalloc.items[types[t] * sizes.nr];

		for (size_t i = 0; i < sizes.nr; i++)
			caches[i] = has_type(slab, types[t]) ?
					    class_create(slab, types[t], sizes.items[i], 0) :
					    SLAB_CACHE_NONE;
		if (types[t] == KMALLOC_NORMAL && slab->config.slab_random_kmalloc)
			create_copies(slab, &sizes);
	}
	vec_deinit(&sizes);
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

/* In the order in which they are created; where objects are kept apart, 96 and 192 don't pay. */
static void collect_classes(const struct slab_allocator *slab, struct class_sizes *sizes)
{
	const uint16_t *all = slab->profile->kmalloc_odd_first ? sizes_new : sizes_old;
	const uint32_t smallest = smallest_size(slab);

	vec_foreach(&slab->config.kmalloc_classes, size)
		vec_push(sizes, *size);
	if (sizes->nr)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(sizes_old); i++) {
		if (all[i] >= smallest && (bits_is_pow2(all[i]) || all[i] >= 3 * smallest))
			vec_push(sizes, all[i]);
	}
}

/* __kmalloc_index(): each size to the smallest class that holds it. */
static void map_sizes(struct slab_allocator *slab, const struct class_sizes *sizes)
{
	slab->kmalloc_max = 0;
	for (size_t i = 0; i < sizes->nr; i++)
		slab->kmalloc_max = MAX(slab->kmalloc_max, sizes->items[i]);
	for (uint32_t size = SLAB_CLASS_STEP; size <= slab->kmalloc_max; size += SLAB_CLASS_STEP) {
		uint32_t best = UINT32_MAX;

		for (size_t i = 0; i < sizes->nr; i++) {
			if (sizes->items[i] < size || sizes->items[i] >= best)
				continue;
			best = sizes->items[i];
			slab->class_of[size / SLAB_CLASS_STEP - 1] = (uint16_t)i;
		}
	}
}

static void create_copies(struct slab_allocator *slab, const struct class_sizes *sizes)
{
	for (unsigned int copy = 1; copy < SLAB_NR_COPIES; copy++)
		for (size_t i = 0; i < sizes->nr; i++)
			vec_push(&slab->copies,
				 class_create(slab, KMALLOC_NORMAL, sizes->items[i], copy));
}

/* new_kmalloc_cache(), create_boot_cache(); "copy" 0 is the class itself. */
static uint32_t class_create(struct slab_allocator *slab, unsigned int type, uint32_t size,
			     unsigned int copy)
{
	const char *random = slab->profile->kmalloc_partition ? "-part" : "-rnd";
	const bool kilo = size % 1024 == 0;
	struct slab_geometry geometry;
	char name[40], number[8] = "";

	if (copy)
		snprintf(number, sizeof(number), "-%02u", copy);
	snprintf(name, sizeof(name), "%s%s%s-%u%s", type_infos[type].prefix, copy ? random : "",
		 number, kilo ? size / 1024 : size, kilo ? "k" : "");
	struct slab_cache_args args = {
		.name = name,
		.size = size,
		.flags = type_infos[type].flags | SLAB_KMALLOC | slab->design->kmalloc_flags,
		.usersize = size,
	};

	if (!slab->profile->kmalloc_unaligned &&
	    (bits_is_pow2(size) || slab->profile->kmalloc_pow2_divisor))
		args.align = size & -size;
	args = slab_debug_args(&slab->config, &args);
	BUG_ON(!slab_geometry_init(&geometry, &slab->config, &args));
	return slab_cache_add(slab, &args, &geometry);
}

/* KMALLOC_MIN_SIZE: arm64 kept objects apart by DMA cache lines until 6.5. */
static uint32_t smallest_size(const struct slab_allocator *slab)
{
	const struct kernel_version dma_aware = { 6, 5 };
	struct kernel_version version = slab->config.kernel;

	if (slab->config.arch == ARCH_ARM64 && version.major &&
	    kernel_version_cmp(version, dma_aware) < 0)
		return 128;
	return slab->design->kmalloc_min;
}

/* kmalloc_type() */
static enum kmalloc_type type_of(const struct slab_allocator *slab, uint32_t gfp)
{
	if (likely(!(gfp & (GFP_BIT_DMA | GFP_BIT_RECLAIMABLE | GFP_BIT_ACCOUNT))))
		return KMALLOC_NORMAL;
	if (gfp & GFP_BIT_DMA)
		return KMALLOC_DMA;
	if (gfp & GFP_BIT_RECLAIMABLE)
		return has_type(slab, KMALLOC_RECLAIM) ? KMALLOC_RECLAIM : KMALLOC_NORMAL;
	return has_type(slab, KMALLOC_CGROUP) ? KMALLOC_CGROUP : KMALLOC_NORMAL;
}

/* kmalloc() has no classes: the design serves sizes as they come. */
static bool has_heap(const struct slab_allocator *slab)
{
	return slab->other && slab->other->kmalloc;
}

static bool has_type(const struct slab_allocator *slab, enum kmalloc_type type)
{
	const struct kernel_version since = { 5, 14 }; /* kmalloc-cg-* */

	if (type == KMALLOC_RECLAIM)
		return !slab->design->no_reclaim && !slab->profile->no_reclaim_type;
	if (type != KMALLOC_CGROUP)
		return true;
	return !slab->config.kernel.major || kernel_version_cmp(slab->config.kernel, since) >= 0;
}

/* __kmalloc_large_node(): the mask goes on as it is, but for zones that have no direct map. */
static struct mm_outcome alloc_large(struct slab_allocator *slab, unsigned int cpu, uint32_t gfp,
				     unsigned int order, int node, unsigned int context)
{
	struct mm_outcome got;
	uint64_t pfn;

	gfp = gfp_of_large_kmalloc(gfp);
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
