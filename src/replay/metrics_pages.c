/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking at memory: zones and their orders, nodes, pageblocks. */
#include <config.h>

#include "metrics_internal.h"

#include "kmreplay/stats/frag.h"

#include <string.h>

/* The zone that is being looked at. */
struct look {
	struct replay_metrics *m;
	unsigned int zone;
	const struct zone_info *info;
	const struct blocks_zone *blocks;
	struct frag_free free;
};

static void take_zone(const struct look *look);
static void take_marks(const struct look *look);
static void take_blocks(const struct look *look);
static void take_runs(const struct look *look);
static void take_zone_order(const struct look *look, unsigned int order);
static void take_nodes(struct replay_metrics *m);
static void take_node(struct replay_metrics *m, unsigned int node);
static void take_sums(struct replay_metrics *m);
static void set(const struct look *look, enum replay_metric metric, unsigned int member,
		int64_t value);
static struct frag_free free_of(const struct zone_info *info);

void metrics_take_pages(struct replay_metrics *m)
{
	const struct page_allocator *pa = machine_pages(m->r->machine);

	blocks_update(m->r->blocks);
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		struct look look = { .m = m, .zone = i, .info = &m->zones[i] };

		zone_info(pa, i, &m->zones[i]);
		look.blocks = blocks_zone(m->r->blocks, i);
		look.free = free_of(look.info);
		take_zone(&look);
		take_marks(&look);
		take_blocks(&look);
		take_runs(&look);
		for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++)
			take_zone_order(&look, order);
	}
	take_nodes(m);
	take_sums(m);
}

static void take_zone(const struct look *look)
{
	const struct zone_info *info = look->info;

	set(look, METRIC_MANAGED, 0, metrics_count(info->managed));
	set(look, METRIC_FREE, 0, metrics_count(info->free));
	set(look, METRIC_PCP, 0, metrics_count(info->pcp));
	set(look, METRIC_FREE_LEAST, 0, metrics_count(info->free_least));
	set(look, METRIC_MOVABLE, 0, metrics_count(info->movable));
	set(look, METRIC_PROACTIVE, 0, frag_proactive_score(&look->free, RUN_2M_ORDER));
	set(look, METRIC_HUGE, 0, frag_huge_availability(&look->free, RUN_2M_ORDER));
	set(look, METRIC_BOOST, 0, metrics_count(info->boost));
	set(look, METRIC_HIGHATOMIC, 0, metrics_count(info->reserved_highatomic));
}

static void take_marks(const struct look *look)
{
	const struct marks *marks = look->m->r->marks;

	for (unsigned int mark = 0; mark < MARKS_NR; mark++) {
		set(look, METRIC_HEADROOM, mark,
		    marks_headroom(marks, look->zone, mark, look->info->free));
		set(look, METRIC_HEADROOM_LEAST, mark,
		    marks_headroom(marks, look->zone, mark, look->info->free_least));
		set(look, METRIC_BELOW, mark,
		    metrics_count(marks_below_ns(marks, look->zone, mark)));
	}
}

static void take_blocks(const struct look *look)
{
	const struct blocks_zone *blocks = look->blocks;

	set(look, METRIC_PAGEBLOCKS, 0, metrics_count(blocks->nr_blocks));
	set(look, METRIC_HYBRID, 0, metrics_count(blocks->hybrid));
	for (unsigned int level = 0; level < BLOCK_LEVELS; level++)
		set(look, METRIC_FREE_FRAMES, level, metrics_count(blocks->level[level]));
}

static void take_runs(const struct look *look)
{
	static const unsigned int orders[] = { RUN_2M_ORDER, RUN_32M_ORDER, RUN_1G_ORDER };

	for (unsigned int run = 0; run < ARRAY_SIZE(orders); run++) {
		const unsigned int order = orders[run];
		/* Whatever is free makes the largest blocks there can be. */
		uint64_t nr = order <= KERNEL_MAX_ORDER ? frag_info(&look->free, order).suitable
							: look->blocks->free[order];

		set(look, METRIC_CONTIGUITY, run, metrics_ratio(nr << order, look->info->free));
		set(look, METRIC_CONTIGUITY_ALL, run,
		    metrics_ratio(nr << order, look->info->managed));
		if (run > 0)
			set(look, METRIC_UNMOVABLE_LARGE, run,
			    metrics_ratio(look->blocks->fixed[order], look->blocks->nr[order]));
	}
}

static void take_zone_order(const struct look *look, unsigned int order)
{
	const struct metric_place place = { SCOPE_ZONE_ORDER, look->zone, order };
	struct replay_metrics *m = look->m;

	metrics_set(m, METRIC_FREE_BLOCKS, 0, place, metrics_count(look->info->nr_free[order]));
	for (unsigned int type = 0; type < MIGRATE_NR; type++)
		metrics_set(m, METRIC_FREE_BLOCKS_OF, type, place,
			    metrics_count(look->info->nr_free_type[order][type]));
	metrics_set(m, METRIC_UNUSABLE, 0, place, frag_unusable_free_index(&look->free, order));
	metrics_set(m, METRIC_EXTFRAG, 0, place, frag_extfrag_index(&look->free, order));
	metrics_set(m, METRIC_UNMOVABLE_SHARE, 0, place,
		    metrics_ratio(look->blocks->fixed[order], look->blocks->nr[order]));
}

static void take_nodes(struct replay_metrics *m)
{
	for (unsigned int node = 0; node < m->nr_nodes; node++)
		take_node(m, node);
}

/* A node without memory has no values. */
static void take_node(struct replay_metrics *m, unsigned int node)
{
	const struct metric_place place = { .scope = SCOPE_NODE, .index = node };
	uint64_t managed = 0, nr_free = 0, pcp = 0;
	unsigned int score = 0;

	for (unsigned int i = 0; i < m->nr_zones; i++) {
		if ((unsigned int)m->zones[i].node != node)
			continue;
		managed += m->zones[i].managed;
		nr_free += m->zones[i].free;
		pcp += m->zones[i].pcp;
	}
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		const struct frag_free free = free_of(&m->zones[i]);

		if ((unsigned int)m->zones[i].node == node)
			score += frag_proactive_weighted(frag_proactive_score(&free, RUN_2M_ORDER),
							 m->zones[i].managed, managed);
	}
	if (!managed)
		return;
	metrics_set(m, METRIC_MANAGED, 0, place, metrics_count(managed));
	metrics_set(m, METRIC_FREE, 0, place, metrics_count(nr_free));
	metrics_set(m, METRIC_PCP, 0, place, metrics_count(pcp));
	metrics_set(m, METRIC_PROACTIVE, 0, place, score);
}

/* All zones together: free blocks by order, free pages. */
static void take_sums(struct replay_metrics *m)
{
	uint64_t nr_free = 0, pcp = 0, blocks[KERNEL_NR_ORDERS] = { 0 };

	for (unsigned int i = 0; i < m->nr_zones; i++) {
		nr_free += m->zones[i].free;
		pcp += m->zones[i].pcp;
		for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++)
			blocks[order] += m->zones[i].nr_free[order];
	}
	metrics_set(m, METRIC_FREE, 0, metrics_machine(), metrics_count(nr_free));
	metrics_set(m, METRIC_PCP, 0, metrics_machine(), metrics_count(pcp));
	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++)
		metrics_set(m, METRIC_FREE_BLOCKS, 0,
			    (struct metric_place){ .scope = SCOPE_ORDER, .order = order },
			    metrics_count(blocks[order]));
}

static void set(const struct look *look, enum replay_metric metric, unsigned int member,
		int64_t value)
{
	metrics_set(look->m, metric, member,
		    (struct metric_place){ .scope = SCOPE_ZONE, .index = look->zone }, value);
}

static struct frag_free free_of(const struct zone_info *info)
{
	struct frag_free free;

	static_assert(sizeof(free.nr) == sizeof(info->nr_free), "both by order");
	memcpy(free.nr, info->nr_free, sizeof(free.nr));
	return free;
}
