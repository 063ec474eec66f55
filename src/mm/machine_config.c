/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine's description and its defaults, which are those of a kernel's sysctls. */
#include <config.h>

#include "kmreplay/mm/machine_config.h"

#include <string.h>

enum {
	FIRST_CHUNK_OFFSET = 128 << 20, /* the first percpu chunk lies below it */
};

void machine_config_init(struct machine_config *config, struct kernel_version version,
			 enum machine_arch arch)
{
	*config = (struct machine_config){
		.kernel = version,
		.arch = arch,
		.nr_cpus = 1,
		.nr_nodes = 1,
		.seed = 1,
		.kswapd = true,
		.direct_reclaim = true,
		.direct_compaction = true,
		.atomic_reserves = true,
		.highatomic = true,
		.oom_kill = true,
		.nofragment = true,
		.extfrag_threshold = 500,
		.min_free_kbytes = -1,
		.watermark_scale_factor = 10,
		.watermark_boost_factor = 15000,
		.thp = true,
		.pageblock_order = 9,
		.mobility_grouping = true,
		.pcp = true,
		.pcp_batch = -1,
		.pcp_high = -1,
		/* sysctl_lowmem_reserve_ratio; 0 keeps nothing back from higher requests */
		.lowmem_reserve_ratio = {
			[ZONE_DMA] = 256, [ZONE_DMA32] = 256, [ZONE_NORMAL] = 32
		},
		.slab_design = -1,
		.slub_max_order = SLAB_ORDER_AUTO,
		.slub_cpu_partial = -1,
		.slub_min_partial = -1,
		.slab_merge = true,
		.slab_hwcache_align = true,
		.slab_buckets = true,
	};
	mm_costs_init(&config->costs);
}

bool machine_config_check(const struct machine_config *config, struct error *err)
{
	if ((unsigned int)config->arch >= ARCH_NR)
		return error_set(err, "unknown architecture '%d'", (int)config->arch);
	if (config->min_free_kbytes < -1)
		return error_set(err, "min_free_kbytes '%lld' is below 0",
				 (long long)config->min_free_kbytes);
	if (config->pcp_batch < -1 || config->pcp_batch == 0 || config->pcp_high < -1)
		return error_set(err, "per-CPU page lists cannot have a batch of %d and hold %d "
				 "pages", config->pcp_batch, config->pcp_high);
	if (config->slub_cpu_partial < -1 || config->slub_min_partial < -1)
		return error_set(err, "partial slabs cannot be limited to %d objects and %d slabs",
				 config->slub_cpu_partial, config->slub_min_partial);
	return true;
}

/* PAGE_OFFSET */
static const uint64_t direct_maps[ARCH_NR] = {
	[ARCH_X86_64] = 0xffff888000000000ULL,
	[ARCH_X86_32] = 0xc0000000ULL,
	[ARCH_ARM64] = 0xffff000000000000ULL,
};

/* Where other depths of page tables than 4 levels move it. */
static const struct {
	enum machine_arch arch;
	unsigned int levels;
	uint64_t start;
} other_depths[] = {
	{ ARCH_X86_64, 5, 0xff11000000000000ULL },
	{ ARCH_ARM64, 3, 0xffffff8000000000ULL },
};

uint64_t machine_direct_map(enum machine_arch arch)
{
	return direct_maps[arch];
}

uint64_t machine_direct_map_of(const struct machine_config *config)
{
	const unsigned int levels = config->page_table_levels ? config->page_table_levels : 4;

	for (size_t i = 0; i < ARRAY_SIZE(other_depths); i++)
		if (other_depths[i].arch == config->arch && other_depths[i].levels == levels)
			return other_depths[i].start;
	return direct_maps[config->arch];
}

/* On 32 bits to the end of low memory, or of the first percpu chunk; else all the room for it. */
uint64_t machine_direct_map_end(const struct machine_config *config)
{
	const unsigned int levels = config->page_table_levels;
	const uint64_t start = machine_direct_map_of(config);
	uint64_t lowmem = machine_lowmem_end(config);

	switch (config->arch) {
	case ARCH_X86_64:
		return start + (levels == 5 ? 32ULL << 50 : 64ULL << 40);
	case ARCH_ARM64:
		return start + (levels == 3 ? 256ULL << 30 : 128ULL << 40);
	case ARCH_X86_32:
	case ARCH_NR:
		break;
	}
	if (config->ranges.nr)
		lowmem = MIN(lowmem, config->ranges.items[config->ranges.nr - 1].end);
	return start + MAX(lowmem << KERNEL_PAGE_SHIFT,
			   FIRST_CHUNK_OFFSET + config->percpu_unit_size);
}

/* MAXMEM of arch/x86/include/asm/pgtable_32_areas.h, with parse_vmalloc() */
uint64_t machine_lowmem_end(const struct machine_config *config)
{
	const uint64_t room = MACHINE_VMALLOC_END_32 - MACHINE_VMALLOC_OFFSET_32 -
			      direct_maps[ARCH_X86_32];

	if (config->lowmem_end)
		return config->lowmem_end;
	if (config->vmalloc_start || !config->vmalloc_size ||
	    config->vmalloc_size > room - FIRST_CHUNK_OFFSET)
		return MACHINE_LOWMEM_END_32;
	return (room - config->vmalloc_size) >> KERNEL_PAGE_SHIFT;
}

void machine_config_deinit(struct machine_config *config)
{
	vec_deinit(&config->ranges);
	vec_deinit(&config->cma);
	vec_deinit(&config->kmalloc_classes);
}

#define COPY(list)                                                                            \
	do {                                                                                  \
		memset(&ret->list, 0, sizeof(ret->list));                                     \
		vec_foreach(&config->list, item)                                              \
			vec_push(&ret->list, *item);                                          \
	} while (0)

void machine_config_copy(struct machine_config *ret, const struct machine_config *config)
{
	*ret = *config;
	COPY(ranges);
	COPY(cma);
	COPY(kmalloc_classes);
}

void machine_config_add_range(struct machine_config *config, uint64_t start_pfn, uint64_t end_pfn,
			      int node)
{
	struct machine_range range = { .start = start_pfn, .end = end_pfn, .node = node };

	vec_push(&config->ranges, range);
}
