/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where zones begin and end: by the architecture, by what the configuration says instead, and zone
 * Movable out of the top of the highest one.
 *
 *	node 0  |DMA|   DMA32    |        node 1  |  DMA32  |   Normal     : Movable |
 *	            ^ dma_end    ^ dma32_end                               ^ movable[1]
 *
 * Mirrors zone_sizes_init() of x86 and arm64 and find_zone_movable_pfns_for_nodes() of 6.1 and
 * 6.12. Left out: kernelcore=, movable_node and mirrored memory.
 */
#include <config.h>

#include "kmreplay/core/fmt.h"
#include "kmreplay/mm/page_parts.h"

#include <stdlib.h>

enum {
	DMA_END = 16 << 8,   /* 16 MiB */
	DMA32_END = 4 << 18, /* 4 GiB */
	ADDRESSABLE_32 = 4 << 18,
	BLOCK = 1 << KERNEL_MAX_ORDER, /* MAX_ORDER_NR_PAGES */
};
#define PFN_END (1ULL << 40) /* no machine's memory reaches so far */

/* What is still to be found for the kernel, and how it is spread (required_kernelcore). */
struct kernelcore {
	uint64_t missing;  /* pages */
	uint64_t share;    /* pages of each node */
	uint64_t usable;   /* the lowest frame that Movable may have */
};

static void default_ends(enum machine_arch arch, uint64_t ends[ZONE_NR]);
static bool set_ends_32(struct zone_limits *limits, const struct machine_config *config,
			struct error *err);
static bool set_ends_64(struct zone_limits *limits, const struct machine_config *config,
			struct error *err);
static bool out_of_order(struct error *err, uint64_t dma_end, const char *what, uint64_t other);
static enum zone_type highest_zone(const struct zone_limits *limits,
				   const struct machine_config *config);
static bool find_movable(struct zone_limits *limits, const struct machine_config *config,
			 struct error *err);
static void spread_kernelcore(struct zone_limits *limits, const struct machine_config *config,
			      uint64_t corepages);
static void take_kernelcore(struct zone_limits *limits, const struct machine_config *config,
			    int node, struct kernelcore *core);
static unsigned int nodes_with_memory(const struct machine_config *config);

uint64_t zone_default_end(enum machine_arch arch, enum zone_type type)
{
	uint64_t ends[ZONE_NR];

	default_ends(arch, ends);
	return ends[type];
}

bool zone_limits_init(struct zone_limits *limits, const struct machine_config *config,
		      struct error *err)
{
	bool ok;

	*limits = (struct zone_limits){ .movable = NULL };
	default_ends(config->arch, limits->end);
	ok = config->arch == ARCH_X86_32 ? set_ends_32(limits, config, err) :
					   set_ends_64(limits, config, err);
	if (!ok)
		return false;
	limits->highest = highest_zone(limits, config);
	limits->movable = xcalloc(config->nr_nodes, sizeof(*limits->movable));
	return !config->movable_pages || find_movable(limits, config, err);
}

void zone_limits_deinit(struct zone_limits *limits)
{
	free(limits->movable);
}

struct zone_window zone_limits_window(const struct zone_limits *limits, unsigned int node,
				      enum zone_type type)
{
	const uint64_t movable = limits->movable[node];
	struct zone_window window = {
		.start = type ? limits->end[type - 1] : 0,
		.end = limits->end[type],
	};

	if (type == ZONE_MOVABLE)
		window = (struct zone_window){ .start = movable ? movable : PFN_END,
					       .end = limits->end[limits->highest] };
	else if (type == limits->highest && movable)
		window.end = MIN(window.end, movable);
	return window;
}

/* Zones that an architecture lacks end where the one before does. */
static void default_ends(enum machine_arch arch, uint64_t ends[ZONE_NR])
{
	for (unsigned int type = 0; type < ZONE_NR; type++)
		ends[type] = PFN_END;
	ends[ZONE_DMA] = DMA_END;
	ends[ZONE_DMA32] = DMA32_END;
	if (arch == ARCH_ARM64) /* no device limit below 4 GiB: one DMA zone */
		ends[ZONE_DMA] = DMA32_END;
	if (arch == ARCH_X86_32) {
		ends[ZONE_DMA32] = DMA_END;
		ends[ZONE_NORMAL] = MACHINE_LOWMEM_END_32;
	}
}

static bool set_ends_32(struct zone_limits *limits, const struct machine_config *config,
			struct error *err)
{
	uint64_t *ends = limits->end;

	if (config->dma32_end)
		return error_set(err, "an end of zone DMA32 is given, but x86_32 has no such zone");
	if (config->lowmem_end > ADDRESSABLE_32)
		return error_set(err, "low memory of x86_32 ends at %#llx, beyond 4 GiB",
				 (unsigned long long)config->lowmem_end << KERNEL_PAGE_SHIFT);
	if (config->dma_end)
		ends[ZONE_DMA] = config->dma_end;
	ends[ZONE_NORMAL] = machine_lowmem_end(config);
	if (ends[ZONE_DMA] > ends[ZONE_NORMAL] && config->dma_end)
		return out_of_order(err, config->dma_end, "low memory", ends[ZONE_NORMAL]);
	ends[ZONE_DMA] = ends[ZONE_DMA32] = MIN(ends[ZONE_DMA], ends[ZONE_NORMAL]);
	return true;
}

static bool set_ends_64(struct zone_limits *limits, const struct machine_config *config,
			struct error *err)
{
	uint64_t *ends = limits->end;

	if (config->lowmem_end)
		return error_set(err, "an end of low memory is given, but only x86_32 has zone "
				 "HighMem behind it");
	if (config->dma_end && config->dma32_end && config->dma_end > config->dma32_end)
		return out_of_order(err, config->dma_end, "zone DMA32", config->dma32_end);
	if (config->dma_end)
		ends[ZONE_DMA] = MIN(config->dma_end, PFN_END);
	if (config->dma32_end)
		ends[ZONE_DMA32] = MIN(config->dma32_end, PFN_END);
	/* The one that is not given makes way. */
	if (config->dma32_end)
		ends[ZONE_DMA] = MIN(ends[ZONE_DMA], ends[ZONE_DMA32]);
	else
		ends[ZONE_DMA32] = MAX(ends[ZONE_DMA], ends[ZONE_DMA32]);
	return true;
}

static bool out_of_order(struct error *err, uint64_t dma_end, const char *what, uint64_t other)
{
	return error_set(err, "zone DMA ends at %#llx, behind the end of %s at %#llx",
			 (unsigned long long)dma_end << KERNEL_PAGE_SHIFT, what,
			 (unsigned long long)other << KERNEL_PAGE_SHIFT);
}

/* find_usable_zone_for_movable() */
static enum zone_type highest_zone(const struct zone_limits *limits,
				   const struct machine_config *config)
{
	const uint64_t last = config->ranges.items[config->ranges.nr - 1].end - 1;
	unsigned int type = ZONE_DMA;

	while (last >= limits->end[type])
		type++;
	return (enum zone_type)type;
}

static bool find_movable(struct zone_limits *limits, const struct machine_config *config,
			 struct error *err)
{
	char wanted[FMT_BUF], there[FMT_BUF];
	uint64_t total = 0, movable;

	vec_foreach(&config->ranges, range)
		total += range->end - range->start;
	movable = bits_align_up(MIN(config->movable_pages, PFN_END), BLOCK);
	if (movable >= total)
		return error_set(err, "zone Movable of %s does not fit into %s of memory",
				 fmt_size(wanted, config->movable_pages > PFN_END ?
							  UINT64_MAX :
							  config->movable_pages
								  << KERNEL_PAGE_SHIFT),
				 fmt_size(there, total << KERNEL_PAGE_SHIFT));
	spread_kernelcore(limits, config, total - movable);
	for (unsigned int node = 0; node < config->nr_nodes; node++) {
		uint64_t *start = &limits->movable[node];
		uint64_t end = 0;

		vec_foreach(&config->ranges, range) {
			if ((unsigned int)range->node == node)
				end = range->end;
		}
		*start = bits_align_up(*start, BLOCK);
		if (*start >= end)
			*start = 0;
	}
	return true;
}

/*
 * Memory for the kernel is taken in equal shares from the bottom of each node; what nodes are too
 * small to give is spread over the others. Movable is what lies above.
 */
static void spread_kernelcore(struct zone_limits *limits, const struct machine_config *config,
			      uint64_t corepages)
{
	struct kernelcore core = {
		.missing = corepages,
		.usable = limits->highest ? limits->end[limits->highest - 1] : 0,
	};

	for (unsigned int usable = nodes_with_memory(config); usable; usable--) {
		core.share = core.missing / usable;
		for (unsigned int node = 0; node < config->nr_nodes; node++) {
			if (core.missing < core.share)
				core.share = core.missing / usable;
			take_kernelcore(limits, config, (int)node, &core);
		}
		if (core.missing <= usable - 1)
			return;
	}
}

static void take_kernelcore(struct zone_limits *limits, const struct machine_config *config,
			    int node, struct kernelcore *core)
{
	uint64_t *movable = &limits->movable[node];
	uint64_t share = core->share;

	vec_foreach(&config->ranges, range) {
		uint64_t start = MAX(range->start, *movable);
		uint64_t size;

		if (range->node != node || start >= range->end)
			continue;
		if (start < core->usable) {
			size = MIN(range->end, core->usable) - start;
			share -= MIN(size, share);
			core->missing -= MIN(size, core->missing);
			if (range->end <= core->usable) {
				*movable = range->end;
				continue;
			}
			start = core->usable;
		}
		size = MIN(range->end - start, share);
		*movable = start + size;
		core->missing -= MIN(size, core->missing);
		share -= size;
		if (!share)
			return;
	}
}

static unsigned int nodes_with_memory(const struct machine_config *config)
{
	unsigned int nr = 0;

	for (size_t i = 0; i < config->ranges.nr; i++) {
		size_t first = 0;

		while (config->ranges.items[first].node != config->ranges.items[i].node)
			first++;
		nr += first == i;
	}
	return nr;
}
