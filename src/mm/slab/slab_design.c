/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of designs, and which of them a machine has. */
#include <config.h>

#include "slab_array.h"
#include "slab_slob.h"

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
	[SLAB_DESIGN_SLAB] = {
		.name = "slab",
		.since = { 6, 1 }, /* older ones had kmalloc() classes up to 4 MiB */
		.until = { 6, 7 },
		.ops = &slab_array_ops,
		.max_order = 1,
		.kmalloc_min = 32,
		.kmalloc_flags = SLAB_HWCACHE_ALIGN,
		.align_to_merge = true,
	},
	[SLAB_DESIGN_SLOB] = {
		.name = "slob",
		.until = { 6, 3 },
		.ops = &slab_slob_ops,
		.never_merges = true,
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

bool slab_design_heeds(const struct machine_config *config, struct error *err)
{
	const bool slub = !slab_design_info(config)->ops;
	const bool slob = slab_design_of(config) == SLAB_DESIGN_SLOB;
	const bool tiny = slab_design_of(config) == SLAB_DESIGN_TINY;
	const struct {
		const char *name;
		bool set, known;
	} knobs[] = {
		{ "slab.min_order", config->slub_min_order > 0, slub },
		{ "slab.min_objects", config->slub_min_objects > 0, slub },
		{ "slab.cpu_partial", config->slub_cpu_partial >= 0, slub },
		{ "slab.min_partial", config->slub_min_partial >= 0, slub },
		{ "slab.max_order", config->slub_max_order != SLAB_ORDER_AUTO, !slob },
		{ "slab.kmalloc_classes", config->kmalloc_classes.nr, !slob },
		{ "slab.memcg", config->slab_memcg, slub },
		/* SLUB_DEBUG and RANDOM_KMALLOC_CACHES depend on !SLUB_TINY, too. */
		{ "slab.debug", config->slab_debug[0], slub && !tiny },
		{ "slab.random_kmalloc", config->slab_random_kmalloc, slub && !tiny },
	};

	for (size_t i = 0; i < ARRAY_SIZE(knobs); i++)
		if (knobs[i].set && !knobs[i].known)
			return error_set(err, "%s means nothing to slab.design '%s'",
					 knobs[i].name, slab_design_info(config)->name);
	return true;
}

const struct slab_design_info *slab_design_info(const struct machine_config *config)
{
	return &designs[slab_design_of(config)];
}
