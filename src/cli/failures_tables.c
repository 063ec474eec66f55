/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single failures in tables, for machines: by event, zone, block and page in the way. */
#include <config.h>

#include "failures_report.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/fmt.h"
#include "kmreplay/stats/frag.h"

#include <string.h>

static void add_reports(struct report *report, const struct failures_facts *facts);
static void report_row_of(struct report_table *table, const struct failures_facts *facts,
			  const struct failure_report *what);
static void add_zones(struct report *report, const struct failures_facts *facts);
static void zone_row(struct report_table *table, const struct failure_report *what, size_t i);
static void add_free_blocks(struct report *report, const struct failures_facts *facts);
static void free_rows(struct report_table *table, const struct failure_report *what,
		      const struct failure_zone *zone);
static void add_nearest(struct report *report, const struct failures_facts *facts);
static void near_row(struct report_table *table, const struct failure_report *what,
		     const struct failure_zone *zone, const struct failure_near *near,
		     const char *kind);
static void add_obstacles(struct report *report, const struct failures_facts *facts);
static void obstacle_rows(struct report_table *table, const struct failures_facts *facts,
			  const struct failure_report *what, const struct failure_near *near);
static void obstacle_row(struct report_table *table, const struct failures_facts *facts,
			 const struct failure_report *what, const struct failure_near *near,
			 const struct failure_obstacle *obstacle);

void failures_report_tables(struct report *report, const struct failures_facts *facts)
{
	add_reports(report, facts);
	add_zones(report, facts);
	add_free_blocks(report, facts);
	add_nearest(report, facts);
	add_obstacles(report, facts);
}

static void add_reports(struct report *report, const struct failures_facts *facts)
{
	static const struct report_column columns[] = {
		{ "event", NULL, REPORT_NUMBER, 0 },
		{ "time", NULL, REPORT_TIME, 0 },
		{ "task", NULL, REPORT_TEXT, 0 },
		{ "pid", NULL, REPORT_NUMBER, 0 },
		{ "cpu", NULL, REPORT_NUMBER, 0 },
		{ "order", NULL, REPORT_NUMBER, 0 },
		{ "gfp", NULL, REPORT_TEXT, 0 },
		{ "reason", NULL, REPORT_TEXT, 0 },
		{ "fails_here", NULL, REPORT_BOOL, 0 },
		{ "order_served", NULL, REPORT_NUMBER, 0 },
	};
	struct report_table *table =
		report_table(report, "reports", NULL, columns, ARRAY_SIZE(columns));

	report_hide(table);
	vec_foreach(&facts->failures->reports, what)
		report_row_of(table, facts, what);
}

static void report_row_of(struct report_table *table, const struct failures_facts *facts,
			  const struct failure_report *what)
{
	const struct owners_asker *asker = &what->what.asker;
	const bool explained = what->what.has_request;
	const char *reason = explained ?
				     page_refusal_key(what->why.main) :
				     mm_failure_name((enum mm_failure)what->what.reason);
	struct str gfp;

	str_init(&gfp);
	gfp_print(facts->info->era, what->what.request.gfp, &gfp);
	report_row(table, (struct report_value[]){
				  report_u64(asker->number),
				  report_u64(asker->time),
				  report_str(failures_task(facts, asker)),
				  report_i64(asker->pid),
				  report_u64(asker->cpu),
				  report_u64(what->what.request.order),
				  report_str(str_text(&gfp)),
				  report_str(reason),
				  explained ? report_truth(what->why.fails) : report_none(),
				  explained && what->instead.order >= 0 ?
					  report_i64(what->instead.order) :
					  report_none(),
			  });
	str_deinit(&gfp);
}

static void add_zones(struct report *report, const struct failures_facts *facts)
{
	static const struct report_column columns[] = {
		{ "event", NULL, REPORT_NUMBER, 0 },
		{ "node", NULL, REPORT_NUMBER, 0 },
		{ "zone", NULL, REPORT_TEXT, 0 },
		{ "refusal", NULL, REPORT_TEXT, 0 },
		{ "first_refusal", NULL, REPORT_TEXT, 0 },
		{ "free", NULL, REPORT_COUNT, 0 },
		{ "less_order", NULL, REPORT_COUNT, 0 },
		{ "less_highatomic", NULL, REPORT_COUNT, 0 },
		{ "less_cma", NULL, REPORT_COUNT, 0 },
		{ "usable", NULL, REPORT_COUNT, 0 },
		{ "min", NULL, REPORT_COUNT, 0 },
		{ "min_for_request", NULL, REPORT_COUNT, 0 },
		{ "lowmem_reserve", NULL, REPORT_COUNT, 0 },
		{ "low", NULL, REPORT_COUNT, 0 },
		{ "high", NULL, REPORT_COUNT, 0 },
		{ "boost", NULL, REPORT_COUNT, 0 },
		{ "managed", NULL, REPORT_COUNT, 0 },
		{ "pcp", NULL, REPORT_COUNT, 0 },
		{ "local_pcp", NULL, REPORT_COUNT, 0 },
		{ "reserved_highatomic", NULL, REPORT_COUNT, 0 },
		{ "unusable_free_index", NULL, REPORT_RATIO, 0 },
		{ "extfrag_index", NULL, REPORT_RATIO, 0 },
		{ "compaction", NULL, REPORT_TEXT, 0 },
	};
	struct report_table *table =
		report_table(report, "zones", NULL, columns, ARRAY_SIZE(columns));

	report_hide(table);
	vec_foreach(&facts->failures->reports, what)
		for (size_t i = 0; i < what->zones.nr; i++)
			zone_row(table, what, i);
}

static void zone_row(struct report_table *table, const struct failure_report *what, size_t i)
{
	static const char *const compaction[] = {
		[PAGE_COMPACT_COULD] = "could",
		[PAGE_COMPACT_NO_ROOM] = "no_room",
		[PAGE_COMPACT_NO_USE] = "no_use",
	};
	const struct page_failure_zone *why = &what->why.zones.items[i];
	const struct failure_zone *zone = &what->zones.items[i];
	const struct zone_info *info = &zone->info;
	const unsigned int order = what->why.request.order;
	struct frag_free free;

	memcpy(free.nr, info->nr_free, sizeof(free.nr));
	report_row(table, (struct report_value[]){
				  report_u64(what->what.asker.number),
				  report_i64(info->node),
				  report_str(zone_type_name(info->type)),
				  report_str(page_refusal_key(why->refusal)),
				  report_str(page_refusal_key(why->first)),
				  report_i64(why->sum.free),
				  report_i64(why->sum.order),
				  report_i64(why->sum.highatomic),
				  report_i64(why->sum.cma),
				  report_i64(watermark_usable(&why->sum)),
				  report_i64(why->sum.mark),
				  report_i64(why->sum.min),
				  report_i64(why->sum.reserve),
				  report_u64(info->mark[ZONE_MARK_LOW] + info->boost),
				  report_u64(info->mark[ZONE_MARK_HIGH] + info->boost),
				  report_u64(info->boost),
				  report_u64(info->managed),
				  report_u64(info->pcp),
				  report_u64(zone->pcp_local),
				  report_u64(info->reserved_highatomic),
				  report_i64(frag_unusable_free_index(&free, order)),
				  report_i64(frag_extfrag_index(&free, order)),
				  order ? report_str(compaction[why->compact]) : report_none(),
			  });
}

static void add_free_blocks(struct report *report, const struct failures_facts *facts)
{
	static const struct report_column columns[] = {
		{ "event", NULL, REPORT_NUMBER, 0 },   { "node", NULL, REPORT_NUMBER, 0 },
		{ "zone", NULL, REPORT_TEXT, 0 },      { "order", NULL, REPORT_NUMBER, 0 },
		{ "unmovable", NULL, REPORT_COUNT, 0 }, { "movable", NULL, REPORT_COUNT, 0 },
		{ "reclaimable", NULL, REPORT_COUNT, 0 }, { "highatomic", NULL, REPORT_COUNT, 0 },
		{ "cma", NULL, REPORT_COUNT, 0 },      { "isolate", NULL, REPORT_COUNT, 0 },
	};
	struct report_table *table =
		report_table(report, "free_blocks", NULL, columns, ARRAY_SIZE(columns));

	report_hide(table);
	vec_foreach(&facts->failures->reports, what)
		vec_foreach(&what->zones, zone)
			free_rows(table, what, zone);
}

static void free_rows(struct report_table *table, const struct failure_report *what,
		      const struct failure_zone *zone)
{
	const struct zone_info *info = &zone->info;

	for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++) {
		struct report_value row[4 + MIGRATE_NR] = {
			report_u64(what->what.asker.number),
			report_i64(info->node),
			report_str(zone_type_name(info->type)),
			report_u64(o),
		};

		for (unsigned int type = 0; type < MIGRATE_NR; type++)
			row[4 + type] = report_u64(info->nr_free_type[o][type]);
		report_row(table, row);
	}
}

static void add_nearest(struct report *report, const struct failures_facts *facts)
{
	static const struct report_column columns[] = {
		{ "event", NULL, REPORT_NUMBER, 0 },    { "node", NULL, REPORT_NUMBER, 0 },
		{ "zone", NULL, REPORT_TEXT, 0 },       { "kind", NULL, REPORT_TEXT, 0 },
		{ "pfn", NULL, REPORT_HEX, 0 },         { "pageblock", NULL, REPORT_TEXT, 0 },
		{ "free", NULL, REPORT_COUNT, 0 },      { "pcp", NULL, REPORT_COUNT, 0 },
		{ "movable", NULL, REPORT_COUNT, 0 },   { "reclaimable", NULL, REPORT_COUNT, 0 },
		{ "unmovable", NULL, REPORT_COUNT, 0 }, { "unknown", NULL, REPORT_COUNT, 0 },
		{ "all_seen", NULL, REPORT_BOOL, 0 },
	};
	struct report_table *table =
		report_table(report, "nearest", NULL, columns, ARRAY_SIZE(columns));

	report_hide(table);
	vec_foreach(&facts->failures->reports, what) {
		vec_foreach(&what->zones, zone) {
			near_row(table, what, zone, &zone->any, "any");
			near_row(table, what, zone, &zone->movable, "movable");
		}
	}
}

static void near_row(struct report_table *table, const struct failure_report *what,
		     const struct failure_zone *zone, const struct failure_near *near,
		     const char *kind)
{
	const struct page_nearest *block = &near->block;

	if (!block->found)
		return;
	report_row(table, (struct report_value[]){
				  report_u64(what->what.asker.number),
				  report_i64(zone->info.node),
				  report_str(zone_type_name(zone->info.type)),
				  report_str(kind),
				  report_u64(block->pfn),
				  report_str(migratetype_name(block->type)),
				  report_u64(block->free),
				  report_u64(block->pcp),
				  report_u64(block->movable),
				  report_u64(block->reclaimable),
				  report_u64(block->unmovable),
				  report_u64(block->unknown),
				  report_truth(zone->all_seen),
			  });
}

static void add_obstacles(struct report *report, const struct failures_facts *facts)
{
	static const struct report_column columns[] = {
		{ "event", NULL, REPORT_NUMBER, 0 },  { "block_pfn", NULL, REPORT_HEX, 0 },
		{ "pfn", NULL, REPORT_HEX, 0 },       { "pages", NULL, REPORT_COUNT, 0 },
		{ "where", NULL, REPORT_TEXT, 0 },    { "migratetype", NULL, REPORT_TEXT, 0 },
		{ "owner", NULL, REPORT_TEXT, 0 },    { "cache", NULL, REPORT_TEXT, 0 },
		{ "site", NULL, REPORT_TEXT, 0 },     { "task", NULL, REPORT_TEXT, 0 },
		{ "pid", NULL, REPORT_NUMBER, 0 },    { "age_ns", NULL, REPORT_NS, 0 },
		{ "objects", NULL, REPORT_COUNT, 0 },
	};
	struct report_table *table =
		report_table(report, "in_the_way", NULL, columns, ARRAY_SIZE(columns));

	report_hide(table);
	vec_foreach(&facts->failures->reports, what) {
		vec_foreach(&what->zones, zone) {
			obstacle_rows(table, facts, what, &zone->any);
			obstacle_rows(table, facts, what, &zone->movable);
		}
	}
}

static void obstacle_rows(struct report_table *table, const struct failures_facts *facts,
			  const struct failure_report *what, const struct failure_near *near)
{
	vec_foreach(&near->obstacles, obstacle)
		obstacle_row(table, facts, what, near, obstacle);
}

static void obstacle_row(struct report_table *table, const struct failures_facts *facts,
			 const struct failure_report *what, const struct failure_near *near,
			 const struct failure_obstacle *obstacle)
{
	static const char *const where[] = {
		[PAGE_IN_WAY_USED] = "in use",
		[PAGE_IN_WAY_PCP] = "per-CPU list",
		[PAGE_IN_WAY_UNKNOWN] = "in use before the recording",
	};
	const struct intern *texts = &facts->names->texts;
	const struct owners_block *block = &obstacle->block;
	const uint64_t now = what->what.asker.time;
	const bool known = obstacle->known;
	struct str site;

	str_init(&site);
	if (block->asker.site)
		event_site_print(facts->names, block->asker.site, false, &site);
	report_row(table, (struct report_value[]){
				  report_u64(what->what.asker.number),
				  report_u64(near->block.pfn),
				  report_u64(obstacle->pages.pfn),
				  report_u64(obstacle->pages.nr),
				  report_str(where[obstacle->pages.where]),
				  obstacle->pages.type < MIGRATE_NR ?
					  report_str(migratetype_name(obstacle->pages.type)) :
					  report_none(),
				  known ? report_str(page_owner_name(
						  (enum page_owner)block->owner)) :
					  report_none(),
				  block->cache ? report_str(intern_text(texts, block->cache)) :
						 report_none(),
				  site.len ? report_str(str_text(&site)) : report_none(),
				  known ? report_str(failures_task(facts, &block->asker)) :
					  report_none(),
				  known ? report_i64(block->asker.pid) : report_none(),
				  known && now >= block->asker.time ?
					  report_u64(now - block->asker.time) :
					  report_none(),
				  report_u64(obstacle->sites.nr),
			  });
	str_deinit(&site);
}
