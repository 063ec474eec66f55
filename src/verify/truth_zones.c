/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that tell of zones: a zone that only one side has counts with zeros on the other. */
#include <config.h>

#include "truth_internal.h"

#include <string.h>

static void compare_index(struct truth_comparison *c, const struct proc_index *ours,
			  const struct proc_index *kernel);
static const struct proc_index_row *find_index(const struct proc_index *index,
					       const struct proc_zone_id *zone);
static void compare_list(struct truth_comparison *c, size_t row,
			 const struct proc_pagetype_zone *kernel, unsigned int type,
			 unsigned int order, int64_t ours);
static int find_type(const struct proc_pagetypeinfo *info, const char *name);
static void field_of(struct truth_comparison *c, size_t row, const struct proc_zone_id *zone,
		     const char *what, int64_t ours, int64_t kernel);
static void compare_pagesets(struct truth_comparison *c, const struct proc_zone *ours,
			     const struct proc_zone *kernel, size_t limits, size_t counts);

void truth_compare_buddyinfo(struct truth_comparison *c)
{
	static const struct proc_buddy_row none;
	const size_t blocks = truth_row_add(c, "nr_free", "free blocks of each order", true);
	const size_t pages = truth_row_add(c, "pages", "free pages of each zone", true);

	vec_foreach(&c->kernel->buddyinfo.rows, kernel) {
		const struct proc_buddy_row *ours =
			proc_buddy_find(c->ours, kernel->zone.node, kernel->zone.name);
		int64_t our_pages = 0, kernel_pages = 0;

		ours = ours ? ours : &none;
		for (unsigned int o = 0; o < MIN(c->kernel->buddyinfo.nr_orders,
						 (unsigned int)PROC_MAX_ORDERS); o++) {
			our_pages += (int64_t)(ours->nr_free[o] << o);
			kernel_pages += (int64_t)(kernel->nr_free[o] << o);
			if (truth_field(c, blocks, (int64_t)ours->nr_free[o],
					(int64_t)kernel->nr_free[o]))
				str_addf(truth_first(c, blocks),
					 "node %d %s order %u: %llu, kernel %llu", kernel->zone.node,
					 kernel->zone.name, o, (unsigned long long)ours->nr_free[o],
					 (unsigned long long)kernel->nr_free[o]);
		}
		field_of(c, pages, &kernel->zone, "", our_pages, kernel_pages);
	}
}

void truth_compare_pagetypeinfo(struct truth_comparison *c)
{
	const struct proc_pagetypeinfo *all = &c->kernel->pagetypeinfo;
	const size_t free = truth_row_add(c, "nr_free", "free blocks of each order and type", true);
	const size_t blocks = truth_row_add(c, "blocks", "pageblocks of each type", true);

	vec_foreach(&all->zones, kernel) {
		const struct proc_pagetype_zone *ours =
			proc_pagetype_find(c->ours, kernel->zone.node, kernel->zone.name);

		for (unsigned int type = 0; type < all->nr_types; type++) {
			const int at = find_type(&c->ours->pagetypeinfo, all->types[type]);
			const bool have = ours && at >= 0;

			for (unsigned int o = 0; o < all->nr_orders; o++)
				compare_list(c, free, kernel, type, o,
					     have ? (int64_t)ours->nr_free[at][o] : 0);
			field_of(c, blocks, &kernel->zone, all->types[type],
				 have ? (int64_t)ours->blocks[at] : 0,
				 (int64_t)kernel->blocks[type]);
		}
	}
}

void truth_compare_zoneinfo(struct truth_comparison *c)
{
	static const struct proc_zone none;
	const size_t free = truth_row_add(c, "free", "free pages of each zone, as counted", true);
	const size_t marks = truth_row_add(c, "marks", "min, low, high and promo marks", true);
	const size_t boost = truth_row_add(c, "boost", "watermark boosts", true);
	const size_t spans = truth_row_add(c, "spans", "spanned, present and managed pages", true);
	const size_t protection = truth_row_add(c, "protection", "lowmem reserves", true);
	const size_t limits =
		truth_row_add(c, "pcp_limits", "high and batch of per-CPU lists", true);
	const size_t counts = truth_row_add(c, "pcp_count", "pages in per-CPU lists", true);

	vec_foreach(&c->kernel->zoneinfo.zones, kernel) {
		const struct proc_zone_id *id = &kernel->id;
		const struct proc_zone *ours = proc_zone_find(c->ours, id->node, id->name);

		ours = ours ? ours : &none;
		field_of(c, free, id, "", (int64_t)ours->free, (int64_t)kernel->free);
		field_of(c, marks, id, "min", (int64_t)ours->min, (int64_t)kernel->min);
		field_of(c, marks, id, "low", (int64_t)ours->low, (int64_t)kernel->low);
		field_of(c, marks, id, "high", (int64_t)ours->high, (int64_t)kernel->high);
		if (c->kernel->zoneinfo.lines & PROC_ZONE_PROMO)
			field_of(c, marks, id, "promo", (int64_t)ours->promo,
				 (int64_t)kernel->promo);
		if (c->kernel->zoneinfo.lines & PROC_ZONE_BOOST)
			field_of(c, boost, id, "", (int64_t)ours->boost, (int64_t)kernel->boost);
		field_of(c, spans, id, "spanned", (int64_t)ours->spanned,
			 (int64_t)kernel->spanned);
		field_of(c, spans, id, "present", (int64_t)ours->present,
			 (int64_t)kernel->present);
		field_of(c, spans, id, "managed", (int64_t)ours->managed,
			 (int64_t)kernel->managed);
		for (unsigned int i = 0; i < kernel->nr_protection; i++)
			field_of(c, protection, id, "protection",
				 i < ours->nr_protection ? (int64_t)ours->protection[i] : 0,
				 (int64_t)kernel->protection[i]);
		compare_pagesets(c, ours, kernel, limits, counts);
	}
}

void truth_compare_unusable(struct truth_comparison *c)
{
	compare_index(c, &c->ours->unusable, &c->kernel->unusable);
}

void truth_compare_extfrag(struct truth_comparison *c)
{
	compare_index(c, &c->ours->extfrag, &c->kernel->extfrag);
}

static void compare_index(struct truth_comparison *c, const struct proc_index *ours,
			  const struct proc_index *kernel)
{
	const size_t at = truth_row_add(c, "index", "index of each zone and order", false);

	vec_foreach(&kernel->rows, row) {
		const struct proc_index_row *our_row = find_index(ours, &row->zone);

		for (unsigned int o = 0; o < kernel->nr_orders; o++) {
			const int32_t value = our_row ? our_row->milli[o] : 0;

			if (truth_field(c, at, value, row->milli[o]))
				str_addf(truth_first(c, at),
					 "node %d %s order %u: %.3f, kernel %.3f", row->zone.node,
					 row->zone.name, o, value / 1000.0, row->milli[o] / 1000.0);
		}
	}
}

static const struct proc_index_row *find_index(const struct proc_index *index,
					       const struct proc_zone_id *zone)
{
	vec_foreach(&index->rows, row)
		if (row->zone.node == zone->node && !strcmp(row->zone.name, zone->name))
			return row;
	return NULL;
}

static void compare_list(struct truth_comparison *c, size_t row,
			 const struct proc_pagetype_zone *kernel, unsigned int type,
			 unsigned int order, int64_t ours)
{
	const int64_t theirs = (int64_t)kernel->nr_free[type][order];

	/* The kernel stops counting there. */
	if (kernel->capped[type] & 1U << order)
		ours = MIN(ours, theirs);
	if (truth_field(c, row, ours, theirs))
		str_addf(truth_first(c, row), "node %d %s %s order %u: %lld, kernel %lld",
			 kernel->zone.node, kernel->zone.name,
			 c->kernel->pagetypeinfo.types[type], order, (long long)ours,
			 (long long)theirs);
}

static int find_type(const struct proc_pagetypeinfo *info, const char *name)
{
	for (unsigned int i = 0; i < info->nr_types; i++)
		if (!strcmp(info->types[i], name))
			return (int)i;
	return -1;
}

static void field_of(struct truth_comparison *c, size_t row, const struct proc_zone_id *zone,
		     const char *what, int64_t ours, int64_t kernel)
{
	if (truth_field(c, row, ours, kernel))
		str_addf(truth_first(c, row), "node %d %s%s%s: %lld, kernel %lld", zone->node,
			 zone->name, *what ? " " : "", what, (long long)ours, (long long)kernel);
}

static void compare_pagesets(struct truth_comparison *c, const struct proc_zone *ours,
			     const struct proc_zone *kernel, size_t limits, size_t counts)
{
	static const struct proc_pageset none;

	vec_foreach(&kernel->pagesets, theirs) {
		const struct proc_pageset *mine = &none;

		vec_foreach(&ours->pagesets, pageset)
			mine = pageset->cpu == theirs->cpu ? pageset : mine;
		field_of(c, limits, &kernel->id, "high", (int64_t)mine->high,
			 (int64_t)theirs->high);
		field_of(c, limits, &kernel->id, "batch", (int64_t)mine->batch,
			 (int64_t)theirs->batch);
		field_of(c, counts, &kernel->id, "count", (int64_t)mine->count,
			 (int64_t)theirs->count);
	}
}
