/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the page allocator shows: zones, free lists, per-CPU lists. Which zones there are goes by
 * the architecture, as the kernel is built: zoneinfo lists those without memory, too, the other
 * files do not. zoneinfo.c, pagetypeinfo.c and buddyinfo.c know how it is written.
 */
#include <config.h>

#include "kmreplay/proc/take.h"

#include "proc_internal.h"
#include "take_internal.h"

#include "kmreplay/mm/page.h"
#include "kmreplay/mm/zone.h"
#include "kmreplay/stats/frag.h"

#include <string.h>

enum {
	ZONE_DEVICE = ZONE_NR, /* memory that no allocator hands out: always empty here */
	TYPE_CAP = 100000,     /* entries of a list that the kernel counts for pagetypeinfo */
};

static_assert((int)KERNEL_NR_ORDERS <= (int)PROC_MAX_ORDERS, "room for all orders");
static_assert((int)MIGRATE_NR <= (int)PROC_MAX_TYPES, "room for all types");

static void take_buddy(struct proc_snapshot *snap, const struct zone_info *info);
static void take_index(struct proc_index *index, const struct zone_info *info,
		       int (*value)(const struct frag_free *free, unsigned int order));
static void begin_types(struct proc_snapshot *snap, const struct page_allocator *pages);
static bool has_cma(const struct page_allocator *pages);
static void take_types(struct proc_snapshot *snap, const struct page_allocator *pages,
		       unsigned int index, const struct zone_info *info);
static unsigned int type_of_name(const char *name);
static void take_zoneinfo(struct proc_snapshot *snap, const struct page_allocator *pages);
static const char *type_name(unsigned int type);
static bool type_exists(enum machine_arch arch, unsigned int type);
static void take_zone(struct proc_snapshot *snap, const struct page_allocator *pages, int node,
		      unsigned int type, unsigned int *next);
static void fill_zone(struct proc_zone *zone, const struct page_allocator *pages,
		      unsigned int index, const struct zone_info *info);
static void fill_pagesets(struct proc_zone *zone, const struct page_allocator *pages,
			  unsigned int index, const struct zone_info *info);
static uint64_t reserve_for(const struct zone_info *info, unsigned int type);
static void fill_counters(struct proc_zone *zone, const struct page_allocator *pages,
			  const struct zone_info *info);
static struct proc_zone_id zone_id(const struct zone_info *info);
static uint64_t type_pages(const struct zone_info *info, enum migratetype type);
static uint64_t block_pages(const struct zone_info *info, unsigned int block_order);

void proc_take_pages(struct proc_snapshot *snap, const struct page_allocator *pages)
{
	if (!snap->kernel.major)
		snap->kernel = page_allocator_profile(pages)->from;
	vec_reset(&snap->buddyinfo.rows);
	vec_reset(&snap->extfrag.rows);
	vec_reset(&snap->unusable.rows);
	snap->buddyinfo.nr_orders = KERNEL_NR_ORDERS;
	begin_types(snap, pages);
	for (unsigned int i = 0; i < zone_count(pages); i++) {
		struct zone_info info;

		zone_info(pages, i, &info);
		take_buddy(snap, &info);
		take_index(&snap->extfrag, &info, frag_extfrag_index);
		take_index(&snap->unusable, &info, frag_unusable_free_index);
		take_types(snap, pages, i, &info);
	}
	take_zoneinfo(snap, pages);
	proc_set_has(snap, PROC_BUDDYINFO);
	proc_set_has(snap, PROC_PAGETYPEINFO);
	proc_set_has(snap, PROC_ZONEINFO);
	proc_set_has(snap, PROC_EXTFRAG_INDEX);
	proc_set_has(snap, PROC_UNUSABLE_INDEX);
}

static void take_buddy(struct proc_snapshot *snap, const struct zone_info *info)
{
	struct proc_buddy_row row = { .zone = zone_id(info) };

	memcpy(row.nr_free, info->nr_free, sizeof(info->nr_free));
	vec_push(&snap->buddyinfo.rows, row);
}

static void take_index(struct proc_index *index, const struct zone_info *info,
		       int (*value)(const struct frag_free *free, unsigned int order))
{
	struct proc_index_row row = { .zone = zone_id(info) };
	struct frag_free free;

	memcpy(free.nr, info->nr_free, sizeof(free.nr));
	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++)
		row.milli[order] = value(&free, order);
	index->nr_orders = KERNEL_NR_ORDERS;
	vec_push(&index->rows, row);
}

/* Types that are there already stay: they tell how that kernel was built. */
static void begin_types(struct proc_snapshot *snap, const struct page_allocator *pages)
{
	struct proc_pagetypeinfo *info = &snap->pagetypeinfo;
	const bool cma = has_cma(pages);

	vec_reset(&info->zones);
	info->block_order = zone_pageblock_order(pages);
	info->block_pages = 1ULL << info->block_order;
	info->nr_orders = KERNEL_NR_ORDERS;
	info->has_mixed = false;
	if (proc_has(snap, PROC_PAGETYPEINFO) && info->nr_types)
		return;
	info->nr_types = 0;
	for (unsigned int type = 0; type < MIGRATE_NR; type++)
		if (type != MIGRATE_CMA || cma)
			info->types[info->nr_types++] = migratetype_name(type);
}

static bool has_cma(const struct page_allocator *pages)
{
	uint64_t blocks[MIGRATE_NR];
	bool any = false;

	for (unsigned int i = 0; i < zone_count(pages) && !any; i++) {
		zone_block_types(pages, i, blocks);
		any = blocks[MIGRATE_CMA];
	}
	return any;
}

static void take_types(struct proc_snapshot *snap, const struct page_allocator *pages,
		       unsigned int index, const struct zone_info *info)
{
	struct proc_pagetypeinfo *all = &snap->pagetypeinfo;
	struct proc_pagetype_zone zone = { .zone = zone_id(info) };
	uint64_t blocks[MIGRATE_NR];

	zone_block_types(pages, index, blocks);
	for (unsigned int row = 0; row < all->nr_types; row++) {
		const unsigned int type = type_of_name(all->types[row]);

		if (type == MIGRATE_NR)
			continue;
		zone.blocks[row] = blocks[type];
		for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++) {
			const uint64_t nr = info->nr_free_type[order][type];

			zone.nr_free[row][order] = MIN(nr, (uint64_t)TYPE_CAP);
			zone.capped[row] |= (uint32_t)(nr >= TYPE_CAP) << order;
		}
	}
	vec_push(&all->zones, zone);
}

static unsigned int type_of_name(const char *name)
{
	unsigned int type = 0;

	while (type < MIGRATE_NR && strcmp(migratetype_name(type), name) != 0)
		type++;
	return type;
}

/* All zones of all nodes, with or without memory. */
static void take_zoneinfo(struct proc_snapshot *snap, const struct page_allocator *pages)
{
	unsigned int next = 0;

	if (!proc_has(snap, PROC_ZONEINFO))
		proc_zoneinfo_ops.clear(snap);
	snap->zoneinfo.lines = proc_zoneinfo_lines(snap->kernel);
	/* Each node has memory; zones come node by node, in the order of their types. */
	for (int node = 0; next < zone_count(pages); node++)
		for (unsigned int type = 0; type <= ZONE_DEVICE; type++)
			if (type_exists(zone_arch(pages), type))
				take_zone(snap, pages, node, type, &next);
}

static const char *type_name(unsigned int type)
{
	return type == ZONE_DEVICE ? "Device" : zone_type_name(type);
}

static bool type_exists(enum machine_arch arch, unsigned int type)
{
	if (arch == ARCH_X86_32)
		return type != ZONE_DMA32 && type != ZONE_DEVICE;
	return type != ZONE_HIGHMEM;
}

/* "*next": the next populated zone, which this is or not. */
static void take_zone(struct proc_snapshot *snap, const struct page_allocator *pages, int node,
		      unsigned int type, unsigned int *next)
{
	const enum machine_arch arch = zone_arch(pages);
	struct proc_zone *zone = take_zone_row(
		snap, (struct proc_zone_id){ node, type_name(type) });
	struct zone_info info = { .node = -1 };

	if (*next < zone_count(pages))
		zone_info(pages, *next, &info);
	zone->populated = info.node == node && (unsigned int)info.type == type;
	zone->nr_protection = 0;
	for (unsigned int above = 0; above <= ZONE_DEVICE; above++)
		if (type_exists(arch, above))
			zone->protection[zone->nr_protection++] =
				zone->populated ? reserve_for(&info, above) : 0;
	if (zone->populated) {
		fill_zone(zone, pages, (*next)++, &info);
		take_counters(snap, zone, arch);
		fill_counters(zone, pages, &info);
	} else if (type != ZONE_DEVICE) {
		zone->min = zone->low = zone->high = zone->promo =
			zone_empty_mark(pages, (enum zone_type)type);
	}
}

/* Nothing is kept from requests for device memory but what is from all others. */
static uint64_t reserve_for(const struct zone_info *info, unsigned int type)
{
	return info->lowmem_reserve[MIN(type, (unsigned int)ZONE_MOVABLE)];
}

static void fill_counters(struct proc_zone *zone, const struct page_allocator *pages,
			  const struct zone_info *info)
{
	take_set_counter(zone, "nr_free_pages", info->free_stat);
	take_set_counter(zone, "nr_free_pages_blocks",
			 block_pages(info, zone_pageblock_order(pages)));
	take_set_counter(zone, "nr_free_cma", type_pages(info, MIGRATE_CMA));
}

static void fill_zone(struct proc_zone *zone, const struct page_allocator *pages,
		      unsigned int index, const struct zone_info *info)
{
	zone->free = info->free_stat;
	zone->boost = info->boost;
	zone->min = info->mark[ZONE_MARK_MIN] + info->boost;
	zone->low = info->mark[ZONE_MARK_LOW] + info->boost;
	zone->high = info->mark[ZONE_MARK_HIGH] + info->boost;
	zone->promo = info->mark[ZONE_MARK_PROMO] + info->boost;
	zone->spanned = info->end_pfn - info->start_pfn;
	zone->present = info->present;
	zone->managed = info->managed;
	zone->start_pfn = info->start_pfn;
	zone->reserved_highatomic = info->reserved_highatomic;
	zone->free_highatomic = type_pages(info, MIGRATE_HIGHATOMIC);
	fill_pagesets(zone, pages, index, info);
}

static void fill_pagesets(struct proc_zone *zone, const struct page_allocator *pages,
			  unsigned int index, const struct zone_info *info)
{
	vec_reset(&zone->pagesets);
	for (unsigned int cpu = 0; cpu < zone_nr_cpus_online(pages); cpu++) {
		struct zone_pcp_info pcp;

		zone_pcp_info(pages, index, cpu, &pcp);
		vec_push(&zone->pagesets, ((struct proc_pageset){
						  .cpu = cpu,
						  .count = pcp.count,
						  .high = pcp.high,
						  .batch = pcp.batch,
						  .high_min = pcp.high_min,
						  .high_max = pcp.high_max,
						  .stat_threshold = info->stat_threshold,
					  }));
	}
}

static struct proc_zone_id zone_id(const struct zone_info *info)
{
	return (struct proc_zone_id){ info->node, zone_type_name(info->type) };
}

/* Free pages on the lists of "type". */
static uint64_t type_pages(const struct zone_info *info, enum migratetype type)
{
	uint64_t nr = 0;

	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++)
		nr += info->nr_free_type[order][type] << order;
	return nr;
}

/* Free pages in blocks of a pageblock or more. */
static uint64_t block_pages(const struct zone_info *info, unsigned int block_order)
{
	uint64_t nr = 0;

	for (unsigned int order = block_order; order < KERNEL_NR_ORDERS; order++)
		nr += (info->nr_free[order] - info->nr_free_type[order][MIGRATE_ISOLATE]) << order;
	return nr;
}
