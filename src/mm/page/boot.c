/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What changes in the page allocator while a kernel boots: marks, limits of per-CPU lists, CPUs.
 * A machine that starts early goes through these steps one by one; any other has them behind it.
 *
 * Mirrors setup_per_cpu_pageset(), page_alloc_cpu_online(), vmstat_cpu_online(),
 * init_per_zone_wmark_min() and set_recommended_min_free_kbytes() of 6.1 and 6.12.
 */
#include <config.h>

#include "kmreplay/mm/page_parts.h"
#include "kmreplay/mm/page_start.h"

static void start_early(struct page_allocator *pa);
static void use_zone(struct page_allocator *pa, const struct page_start_zone *given, bool early);
static void use_limit(struct page_allocator *pa, const struct page_start_limit *given);
static void setup_pcps(struct page_allocator *pa);

void page_boot_ran_low(struct page_allocator *pa, uint64_t pfn, bool low)
{
	struct zone *zone;

	BUG_ON(pfn < pa->base_pfn || pfn - pa->base_pfn >= pa->nr_pages);
	zone = page_find_zone(pa, (uint32_t)(pfn - pa->base_pfn));
	if (zone)
		zone->below_high = low && pa->profile->below_high;
}

void page_boot_pcp(struct page_allocator *pa)
{
	setup_pcps(pa);
}

void page_boot_cpu(struct page_allocator *pa)
{
	pa->cpu_coming = true;
	setup_pcps(pa);
	pa->cpu_coming = false;
}

void page_boot_cpu_up(struct page_allocator *pa, unsigned int cpu)
{
	BUG_ON(cpu >= pa->nr_cpus || pa->nr_online == pa->nr_cpus);
	pa->nr_online++;
	pa->nodes[pa->cpu_node[cpu]].nr_online++;
	watermarks_thresholds(pa);
}

void page_boot_watermarks(struct page_allocator *pa)
{
	watermarks_setup(pa);
}

void page_boot_huge_pages(struct page_allocator *pa)
{
	watermarks_huge_pages(pa);
}

void page_set_min_free(struct page_allocator *pa, uint64_t kbytes)
{
	pa->min_free_given = (int64_t)MIN(kbytes, 1ULL << 42); /* 4 PiB: all */
	pa->min_free_kbytes = pa->min_free_given;
	watermarks_update(pa);
}

void page_start_limits(struct page_allocator *pa, const struct page_start *start)
{
	const bool early = start && start->early;

	if (early) {
		start_early(pa);
	} else {
		watermarks_setup(pa);
		watermarks_huge_pages(pa);
	}
	for (size_t i = 0; start && i < start->zones.nr; i++)
		use_zone(pa, &start->zones.items[i], early);
	/* Marks decide limits, and limits that were read are better still. */
	if (!start || early)
		return;
	setup_pcps(pa);
	vec_foreach(&start->limits, limit)
		use_limit(pa, limit);
}

static void start_early(struct page_allocator *pa)
{
	for (unsigned int i = 0; i < pa->nr_zones; i++)
		pcp_setup_boot(pa, &pa->zones[i]);
	for (unsigned int i = 0; i < pa->nr_nodes; i++)
		pa->nodes[i].nr_online = 0;
	pa->nodes[pa->cpu_node[0]].nr_online = 1;
	pa->nr_online = 1;
}

static void use_zone(struct page_allocator *pa, const struct page_start_zone *given, bool early)
{
	for (unsigned int i = 0; i < pa->nr_zones; i++) {
		struct zone *zone = &pa->zones[i];

		if (zone->node != given->node || zone->type != given->type)
			continue;
		zone->below_high = given->below_high && pa->profile->below_high;
		if (!given->has_marks || early)
			continue;
		zone->told = true;
		for (unsigned int mark = 0; mark < ZONE_MARK_NR; mark++)
			zone->mark[mark] = given->mark[mark];
		for (unsigned int type = 0; type < ZONE_NR; type++)
			zone->reserve[type] = given->lowmem_reserve[type];
		zone->boost = given->boost;
		zone_book(pa, zone, (int64_t)given->free_stat);
	}
}

static void use_limit(struct page_allocator *pa, const struct page_start_limit *given)
{
	for (unsigned int i = 0; i < pa->nr_zones; i++) {
		struct zone *zone = &pa->zones[i];
		struct pcp *pcp;

		if (zone->node != given->node || zone->type != given->type ||
		    given->cpu >= pa->nr_cpus)
			continue;
		zone->told = true;
		pcp = &zone->pcps[given->cpu];
		pcp->high = (int32_t)MIN(given->high, (unsigned int)INT32_MAX / 2);
		if (given->high_max) {
			pcp->high_min = (int32_t)MIN(given->high_min, (unsigned int)INT32_MAX / 2);
			pcp->high_max = (int32_t)MIN(given->high_max, (unsigned int)INT32_MAX / 2);
		}
		pcp->batch = (int32_t)MIN(MAX(given->batch, 1U), (unsigned int)INT32_MAX / 64);
	}
}

static void setup_pcps(struct page_allocator *pa)
{
	for (unsigned int i = 0; i < pa->nr_zones; i++)
		pcp_setup_zone(pa, &pa->zones[i]);
}
