/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks at the zones now and then: fragmentation indices by order, free memory, their worst. */
#include <config.h>

#include "replay_internal.h"

#include "kmreplay/mm/zone.h"
#include "kmreplay/stats/frag.h"

#include <string.h>

static void sample_zone(struct replay_zone *zone, const struct zone_info *info, uint64_t time,
			bool first);
static void add_zone(struct zone_info *all, const struct zone_info *info);
static void sample_huge(struct replay_huge *huge, const struct zone_info *all, unsigned int order,
			bool first);
static void note(struct replay_index *index, int32_t value, uint64_t time, bool first);

void replay_sample(struct replay *r, uint64_t time)
{
	const struct page_allocator *pa = machine_pages(r->machine);
	struct replay_tally *tally = &r->tally;
	struct zone_info all = { .node = -1, .type = ZONE_NR };
	bool first = !tally->nr_samples;

	if (!(r->options.layers & LAYER_PAGE))
		return;
	vec_extend_zeroed(&tally->zones, zone_count(pa));
	for (unsigned int i = 0; i < tally->zones.nr; i++) {
		struct zone_info info;

		zone_info(pa, i, &info);
		sample_zone(&tally->zones.items[i], &info, time, first);
		add_zone(&all, &info);
	}
	sample_zone(&tally->all, &all, time, first);
	sample_huge(&tally->huge, &all, zone_pageblock_order(pa), first);
	tally->nr_samples++;
}

static void sample_zone(struct replay_zone *zone, const struct zone_info *info, uint64_t time,
			bool first)
{
	struct frag_free free;

	zone->node = info->node;
	zone->type = (uint8_t)info->type;
	zone->managed = info->managed;
	zone->free_end = info->free + info->pcp;
	if (first || zone->free_end < zone->free_min) {
		zone->free_min = zone->free_end;
		zone->free_min_time = time;
	}
	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++)
		free.nr[order] = zone->blocks_end[order] = info->nr_free[order];
	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++) {
		note(&zone->unusable[order], frag_unusable_free_index(&free, order), time, first);
		note(&zone->extfrag[order], frag_extfrag_index(&free, order), time, first);
	}
}

static void add_zone(struct zone_info *all, const struct zone_info *info)
{
	all->managed += info->managed;
	all->free += info->free;
	all->pcp += info->pcp;
	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++)
		all->nr_free[order] += info->nr_free[order];
}

static void sample_huge(struct replay_huge *huge, const struct zone_info *all, unsigned int order,
			bool first)
{
	struct frag_free free;

	memcpy(free.nr, all->nr_free, sizeof(free.nr));
	huge->end = frag_info(&free, order).suitable;
	huge->available_end = (uint32_t)frag_huge_availability(&free, order);
	huge->available_sum += huge->available_end;
	if (first || huge->end < huge->least)
		huge->least = huge->end;
	if (first || huge->available_end < huge->available_least)
		huge->available_least = huge->available_end;
}

static void note(struct replay_index *index, int32_t value, uint64_t time, bool first)
{
	index->end = value;
	index->sum += value;
	if (first || value > index->worst) {
		index->worst = value;
		index->worst_time = time;
	}
}
