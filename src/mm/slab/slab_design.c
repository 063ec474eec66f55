/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of designs, and which of them a machine has. */
#include <config.h>

#include "slab_designs.h"

#include "kmreplay/mm/slab_geometry.h"

static const struct slab_design_info designs[SLAB_DESIGN_NR] = {
	[SLAB_DESIGN_SLUB] = {
		.name = "slub",
		.until = { 6, 17 },
		.max_order = 3, /* PAGE_ALLOC_COSTLY_ORDER */
		.kmalloc_min = 8,
	},
	[SLAB_DESIGN_SHEAVES] = {
		.name = "sheaves",
		.since = { 7, 0 },
		.max_order = 3,
		.kmalloc_min = 8,
		.single = true,
	},
	[SLAB_DESIGN_TINY] = {
		.name = "tiny",
		.since = { 6, 2 },
		.max_order = 1,
		.kmalloc_min = 8,
		.single = true,
		.one_round = true,
		.keeps_none = true,
		.in_order = true, /* SLAB_FREELIST_RANDOM depends on !SLUB_TINY */
		.no_reclaim = true,
	},
};

const char *slab_design_name(unsigned int design)
{
	return design < SLAB_DESIGN_NR ? designs[design].name : NULL;
}

enum slab_design slab_design_of(const struct machine_config *config)
{
	if (config->slab_design >= 0)
		return (enum slab_design)config->slab_design;
	return slab_profile_of(config->kernel)->sheaves ? SLAB_DESIGN_SHEAVES : SLAB_DESIGN_SLUB;
}

bool slab_design_is_own(const struct machine_config *config)
{
	struct machine_config own = *config;

	own.slab_design = -1;
	return slab_design_of(config) == slab_design_of(&own);
}

struct kernel_version slab_design_kernel(const struct machine_config *config)
{
	const struct slab_design_info *design = slab_design_info(config);
	const struct kernel_version kernel = config->kernel;

	if (config->slab_design < 0)
		return kernel;
	if (design->until.major &&
	    (!kernel.major || kernel_version_cmp(kernel, design->until) > 0))
		return design->until;
	if (kernel.major && kernel_version_cmp(kernel, design->since) < 0)
		return design->since;
	return kernel;
}

const struct slab_design_info *slab_design_info(const struct machine_config *config)
{
	return &designs[slab_design_of(config)];
}
