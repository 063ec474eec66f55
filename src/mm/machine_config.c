/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine's description and its defaults, which are those of a kernel's sysctls. */
#include <config.h>

#include "kmreplay/mm/machine_config.h"

#include <string.h>

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
		.slub_max_order = 3,
		.slub_cpu_partial = -1,
		.slub_min_partial = -1,
		.slab_merge = true,
	};
	mm_costs_init(&config->costs);
}

void machine_config_deinit(struct machine_config *config)
{
	vec_deinit(&config->ranges);
	vec_deinit(&config->kmalloc_classes);
}

void machine_config_add_range(struct machine_config *config, uint64_t start_pfn, uint64_t end_pfn,
			      int node)
{
	struct machine_range range = { .start = start_pfn, .end = end_pfn, .node = node };

	vec_push(&config->ranges, range);
}
