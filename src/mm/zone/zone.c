/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Zones and zonelists out of a machine's ranges. A zone is a node's memory between two limits of
 * the architecture; memory that old devices can reach is kept apart. A zonelist is the order in
 * which a node's CPUs look for memory: its own zones from the highest down, then other nodes'.
 *
 * Mirrors zone_sizes_init(), build_zonelists() and find_next_best_node(). All nodes other than its
 * own are equally far from a node: a configuration says nothing of distances.
 */
#include <config.h>

#include "kmreplay/core/fmt.h"
#include "kmreplay/mm/page_parts.h"

#include <stdlib.h>

enum {
	MAX_ZONE_CPUS = 1 << 21,    /* per-CPU lists in all, 200 bytes each */
	PFN_BITS = 40,
};

static bool check_config(const struct machine_config *config, struct error *err);
static bool check_ranges(const struct machine_config *config, struct error *err);
static bool check_nodes(const struct machine_config *config, struct error *err);
static void find_span(struct page_allocator *pa, const struct machine_config *config);
static bool create_zones(struct page_allocator *pa, const struct machine_config *config,
			 struct error *err);
static void add_zone(struct page_allocator *pa, const struct machine_config *config,
		     unsigned int node, enum zone_type type, struct zone_window window);
static void zone_init(struct page_allocator *pa, struct zone *zone, uint16_t index);
static void build_zonelist(struct page_allocator *pa, unsigned int local, uint16_t *load);
static int next_best_node(const struct page_allocator *pa, unsigned int local, const bool *used,
			  const uint16_t *load);

bool zones_create(struct page_allocator *pa, const struct machine_config *config,
		  struct error *err)
{
	uint16_t *load;

	if (!check_config(config, err) || !check_ranges(config, err) || !check_nodes(config, err))
		return false;
	pa->arch = config->arch;
	pa->nr_cpus = config->nr_cpus;
	pa->nr_nodes = config->nr_nodes;
	pa->block_order = config->pageblock_order;
	for (uint32_t bits = 0; bits < ARRAY_SIZE(pa->gfp_zones); bits++)
		pa->gfp_zones[bits] = (uint8_t)gfp_policy_zone(config->arch, bits);
	find_span(pa, config);
	if (pa->nr_pages == 0)
		return error_set(err, "memory spans more than 16 TiB");
	pa->nodes = xcalloc(pa->nr_nodes, sizeof(*pa->nodes));
	pa->cpu_node = xcalloc(pa->nr_cpus, sizeof(*pa->cpu_node));
	for (unsigned int cpu = 0; cpu < pa->nr_cpus; cpu++) {
		pa->cpu_node[cpu] = (uint16_t)((uint64_t)cpu * pa->nr_nodes / pa->nr_cpus);
		pa->nodes[pa->cpu_node[cpu]].nr_cpus++;
		pa->nodes[pa->cpu_node[cpu]].nr_online++;
	}
	pa->nr_online = pa->nr_cpus;
	if (!create_zones(pa, config, err))
		return false;
	if ((uint64_t)pa->nr_zones * pa->nr_cpus > MAX_ZONE_CPUS)
		return error_set(err, "%u zones times %u CPUs are too many per-CPU lists",
				 pa->nr_zones, pa->nr_cpus);
	for (unsigned int i = 0; i < pa->nr_zones; i++)
		zone_init(pa, &pa->zones[i], (uint16_t)i);
	load = xcalloc(pa->nr_nodes, sizeof(*load));
	for (unsigned int i = 0; i < pa->nr_nodes; i++)
		build_zonelist(pa, i, load);
	free(load);
	return true;
}

void zones_destroy(struct page_allocator *pa)
{
	for (unsigned int i = 0; i < pa->nr_zones; i++)
		free(pa->zones[i].pcps);
	for (unsigned int i = 0; pa->nodes && i < pa->nr_nodes; i++)
		free(pa->nodes[i].zonelist);
	free(pa->zones);
	free(pa->nodes);
	free(pa->cpu_node);
}

static bool check_config(const struct machine_config *config, struct error *err)
{
	if (config->nr_cpus < 1 || config->nr_cpus > PAGE_MAX_CPUS)
		return error_set(err, "number of CPUs '%u' is not between 1 and %d",
				 config->nr_cpus, PAGE_MAX_CPUS);
	if (config->nr_nodes < 1 || config->nr_nodes > PAGE_MAX_NODES)
		return error_set(err, "number of nodes '%u' is not between 1 and %d",
				 config->nr_nodes, PAGE_MAX_NODES);
	if (config->pageblock_order < 1 || config->pageblock_order > KERNEL_MAX_ORDER)
		return error_set(err, "pageblock order '%u' is not between 1 and %d",
				 config->pageblock_order, KERNEL_MAX_ORDER);
	if ((unsigned int)config->arch >= ARCH_NR)
		return error_set(err, "unknown architecture '%d'", (int)config->arch);
	if (config->extfrag_threshold > 1000)
		return error_set(err, "extfrag threshold '%u' is not between 0 and 1000",
				 config->extfrag_threshold);
	if (!config->ranges.nr)
		return error_set(err, "a machine needs memory");
	return true;
}

static bool check_ranges(const struct machine_config *config, struct error *err)
{
	const unsigned int order = config->pageblock_order;
	uint64_t last = 0;

	for (size_t i = 0; i < config->ranges.nr; i++) {
		const struct machine_range *range = &config->ranges.items[i];

		if (range->start >= range->end || range->start < last ||
		    range->end > 1ULL << PFN_BITS)
			return error_set(err, "memory range [%#llx, %#llx) is empty, out of order "
					 "or beyond the address space",
					 (unsigned long long)range->start,
					 (unsigned long long)range->end);
		if (range->node < 0 || (unsigned int)range->node >= config->nr_nodes)
			return error_set(err, "memory range [%#llx, %#llx) is on node '%d' of %u",
					 (unsigned long long)range->start,
					 (unsigned long long)range->end, range->node,
					 config->nr_nodes);
		/* A pageblock has one type, so it can't serve two nodes; no hardware does that. */
		if (i && range[-1].node != range->node &&
		    (last - 1) >> order == range->start >> order)
			return error_set(err, "nodes %d and %d share a pageblock at pfn %#llx",
					 range[-1].node, range->node,
					 (unsigned long long)range->start);
		last = range->end;
	}
	return true;
}

/* The kernel knows nodes without memory; from a configuration that is a mistake. */
static bool check_nodes(const struct machine_config *config, struct error *err)
{
	bool *has CLEANUP(cleanup_free) = xcalloc(config->nr_nodes, sizeof(*has));
	char size[FMT_BUF];
	uint64_t total = 0;

	vec_foreach(&config->ranges, range) {
		has[range->node] = true;
		total += range->end - range->start;
	}
	for (unsigned int node = 0; node < config->nr_nodes; node++) {
		if (!has[node])
			return error_set(err, "node %u of %u has no memory: there are %s in all",
					 node, config->nr_nodes,
					 fmt_size(size, total << KERNEL_PAGE_SHIFT));
	}
	return true;
}

/* Sets base_pfn and nr_pages; nr_pages 0: more than 32 bits can number. */
static void find_span(struct page_allocator *pa, const struct machine_config *config)
{
	const uint64_t block = 1ULL << KERNEL_MAX_ORDER;
	const struct machine_range *ranges = config->ranges.items;
	uint64_t span;

	pa->base_pfn = bits_align_down(ranges[0].start, block);
	span = bits_align_up(ranges[config->ranges.nr - 1].end, block) - pa->base_pfn;
	pa->nr_pages = span < UINT32_MAX ? (uint32_t)span : 0;
}

/* One zone for each node and limit with memory in between, node by node, lowest first. */
static bool create_zones(struct page_allocator *pa, const struct machine_config *config,
			 struct error *err)
{
	struct zone_limits limits;
	bool ok = zone_limits_init(&limits, config, err);

	if (!ok)
		goto out;
	pa->movable_highmem = limits.highest == ZONE_HIGHMEM;
	pa->zones = xcalloc((size_t)pa->nr_nodes * ZONE_NR, sizeof(*pa->zones));
	for (unsigned int node = 0; node < pa->nr_nodes; node++) {
		pa->nodes[node].first_zone = pa->nr_zones;
		for (unsigned int type = 0; type < ZONE_NR; type++)
			add_zone(pa, config, node, (enum zone_type)type,
				 zone_limits_window(&limits, node, (enum zone_type)type));
		pa->nodes[node].nr_own = pa->nr_zones - pa->nodes[node].first_zone;
	}
out:
	zone_limits_deinit(&limits);
	return ok;
}

/* The zone spans from the node's first page to its last one in "window"; none: it has no zone. */
static void add_zone(struct page_allocator *pa, const struct machine_config *config,
		     unsigned int node, enum zone_type type, struct zone_window window)
{
	uint64_t start = 0, end = 0;
	bool populated = false;
	struct zone *zone;

	vec_foreach(&config->ranges, range) {
		if ((unsigned int)range->node != node)
			continue;
		if (!end)
			start = range->start;
		end = range->end;
		populated |= MAX(range->start, window.start) < MIN(range->end, window.end);
	}
	if (!populated)
		return;
	zone = &pa->zones[pa->nr_zones++];
	zone->node = (uint16_t)node;
	zone->type = type;
	zone->start = (uint32_t)(MAX(start, window.start) - pa->base_pfn);
	zone->end = (uint32_t)(MIN(end, window.end) - pa->base_pfn);
	if (type == ZONE_DMA32)
		pa->nodes[node].dma32_populated = true;
}

static void zone_init(struct page_allocator *pa, struct zone *zone, uint16_t index)
{
	zone->index = index;
	zone->profile = pa->profile;
	zone->compact.migrate_at = PAGE_NIL;
	zone->compact.free_at = PAGE_NIL;
	zone->free_least = UINT64_MAX;
	zone->band_high = UINT64_MAX;
	for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++) {
		for (unsigned int type = 0; type < MIGRATE_NR; type++)
			free_list_init(&zone->area[o].lists[type]);
	}
	zone->pcps = xcalloc(pa->nr_cpus, sizeof(*zone->pcps));
	for (unsigned int cpu = 0; cpu < pa->nr_cpus; cpu++) {
		for (unsigned int i = 0; i < PCP_LISTS; i++)
			free_list_init(&zone->pcps[cpu].lists[i]);
	}
}

static void build_zonelist(struct page_allocator *pa, unsigned int local, uint16_t *load)
{
	struct node *node = &pa->nodes[local];
	bool *used = xcalloc(pa->nr_nodes, sizeof(*used));
	bool first_remote = true;
	int next;

	node->zonelist = xcalloc(pa->nr_zones, sizeof(*node->zonelist));
	for (next = (int)local; next >= 0; next = next_best_node(pa, local, used, load)) {
		used[next] = true;
		/* Nearest remote nodes are rotated among the nodes that share them. */
		if ((unsigned int)next != local && first_remote) {
			load[next]++;
			first_remote = false;
		}
		for (uint32_t i = pa->nodes[next].nr_own; i-- > 0;)
			node->zonelist[node->nr_zonelist++] =
				(uint16_t)(pa->nodes[next].first_zone + i);
	}
	for (unsigned int type = 0; type < ZONE_NR; type++) {
		uint32_t *first = &node->first_of[type];

		while (*first < node->nr_zonelist &&
		       pa->zones[node->zonelist[*first]].type > type)
			(*first)++;
	}
	free(used);
}

/* -1: none is left. */
static int next_best_node(const struct page_allocator *pa, unsigned int local, const bool *used,
			  const uint16_t *load)
{
	uint64_t best_value = UINT64_MAX;
	int best = -1;

	for (unsigned int n = 0; n < pa->nr_nodes; n++) {
		uint64_t value;

		if (used[n])
			continue;
		value = 20U + (n < local) + (pa->nodes[n].nr_cpus > 0);
		value = value * PAGE_MAX_NODES + load[n];
		if (value < best_value) {
			best_value = value;
			best = (int)n;
		}
	}
	return best;
}
