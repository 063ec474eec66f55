/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every failure is explained as far as its group wants it; those to be reported have the zones, the
 * nearest blocks and the owners copied, since all of that is gone with the next event.
 */
#include <config.h>

#include "kmreplay/replay/failures.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/bits.h"

#include <limits.h>
#include <string.h>

static bool is_wanted(struct failures *failures, uint64_t number);
static struct failure_group *group_of(struct failures *failures, const struct failure_case *what);
static uint64_t group_key(const struct failure_case *what);
static void count(struct failure_group *group, const struct failure_case *what,
		  const struct page_failure *why, const struct page_allocator *pa);
static void add_zones(struct failure_report *report, const struct page_allocator *pa,
		      const struct owners *owners);
static bool has_block(const struct page_failure_zone *zone);
static void add_near(struct failure_near *near, const struct page_nearest *block,
		     unsigned int order, const struct page_allocator *pa,
		     const struct owners *owners);
static void add_owner(struct failure_obstacle *obstacle, const struct owners *owners);
static struct failure_instead find_instead(const struct page_allocator *pa,
					   const struct page_failure_request *request);
static unsigned int served_by(const struct page_allocator *pa,
			      const struct page_failure_request *request);
static unsigned int served_with(const struct page_allocator *pa,
				const struct page_failure_request *request, uint32_t gfp);
static void near_deinit(struct failure_near *near);

void failures_init(struct failures *failures, const struct failures_options *options)
{
	memset(failures, 0, sizeof(*failures));
	failures->options = *options;
	u64map_init(&failures->group_index);
}

void failures_deinit(struct failures *failures)
{
	vec_foreach(&failures->reports, report) {
		page_failure_deinit(&report->why);
		vec_foreach(&report->zones, zone) {
			near_deinit(&zone->any);
			near_deinit(&zone->movable);
		}
		vec_deinit(&report->zones);
	}
	vec_deinit(&failures->reports);
	vec_deinit(&failures->groups);
	u64map_deinit(&failures->group_index);
}

void failures_add(struct failures *failures, const struct failure_case *what,
		  const struct page_allocator *pa, const struct owners *owners)
{
	struct failure_group *group = group_of(failures, what);
	struct failure_report report = { .what = *what };

	failures->nr++;
	if (what->has_request)
		page_failure_explain(pa, &what->request, &report.why);
	failures->nr_served += what->has_request && !report.why.fails;
	if (group)
		count(group, what, &report.why, pa);
	if (!is_wanted(failures, what->asker.number)) {
		page_failure_deinit(&report.why);
		return;
	}
	if (what->has_request) {
		add_zones(&report, pa, owners);
		report.instead = find_instead(pa, &what->request);
	}
	vec_push(&failures->reports, report);
}

static bool is_wanted(struct failures *failures, uint64_t number)
{
	const struct failures_options *options = &failures->options;
	bool wanted = failures->nr <= options->first;

	for (; failures->next_from < options->nr_from &&
	       options->from[failures->next_from] <= number; failures->next_from++)
		wanted = true;
	return wanted;
}

/* NULL: there are too many kinds. */
static struct failure_group *group_of(struct failures *failures, const struct failure_case *what)
{
	const uint64_t key = group_key(what);
	uint32_t *at = u64map_find(&failures->group_index, key);
	bool fresh;

	if (at)
		return &failures->groups.items[*at];
	if (failures->groups.nr >= FAILURE_GROUPS) {
		failures->nr_ungrouped++;
		return NULL;
	}
	*u64map_insert(&failures->group_index, key, &fresh) = (uint32_t)failures->groups.nr;
	vec_push(&failures->groups, (struct failure_group){ .first = *what });
	return &failures->groups.items[failures->groups.nr - 1];
}

/* Two kinds that meet in one key would be added up; at 4096 of them the chance is 1e-12. */
static uint64_t group_key(const struct failure_case *what)
{
	uint64_t key = bits_mix64((uint64_t)what->request.gfp << 32 | what->asker.site);

	key = bits_mix64(key ^ ((uint64_t)what->asker.comm << 32 | what->request.order << 24 |
				(uint64_t)what->call << 16 | what->recorded << 8 |
				(what->has_request ? 0xff : what->reason)));
	return key == U64MAP_NO_KEY ? 0 : key;
}

static void count(struct failure_group *group, const struct failure_case *what,
		  const struct page_failure *why, const struct page_allocator *pa)
{
	struct zone_info info;

	group->last_time = what->asker.time;
	if (what->has_request)
		group->nr_by_refusal[why->main]++;
	if (group->nr++)
		return;
	vec_foreach(&why->zones, zone) {
		zone_info(pa, zone->zone, &info);
		group->zones_by_refusal[zone->refusal] |= (uint8_t)(1U << info.type);
	}
}

static void add_zones(struct failure_report *report, const struct page_allocator *pa,
		      const struct owners *owners)
{
	const struct page_failure *why = &report->why;
	const unsigned int order = why->request.order;

	vec_foreach(&why->zones, at) {
		struct failure_zone zone = { 0 };
		struct zone_pcp_info pcp;
		struct page_nearest_pair pair;

		zone_info(pa, at->zone, &zone.info);
		zone_pcp_info(pa, at->zone, why->request.cpu, &pcp);
		zone.pcp_local = pcp.count;
		if (order && at->refusal != PAGE_REFUSAL_NOT_ALLOWED &&
		    at->refusal != PAGE_REFUSAL_OTHER_NODE && !has_block(at)) {
			page_nearest_find(pa, at->zone, order, why->slow_flags, &pair);
			zone.searched = true;
			zone.all_seen = pair.all_seen;
			add_near(&zone.any, &pair.any, order, pa, owners);
			if (pair.movable.pfn != pair.any.pfn)
				add_near(&zone.movable, &pair.movable, order, pa, owners);
		}
		vec_push(&report->zones, zone);
	}
}

/* Of a type that any request may take: what stands in the way is no page. */
static bool has_block(const struct page_failure_zone *zone)
{
	return zone->blocks[MIGRATE_UNMOVABLE] || zone->blocks[MIGRATE_MOVABLE] ||
	       zone->blocks[MIGRATE_RECLAIMABLE];
}

static void add_near(struct failure_near *near, const struct page_nearest *block,
		     unsigned int order, const struct page_allocator *pa,
		     const struct owners *owners)
{
	struct page_obstacles obstacles = { 0 };

	near->block = *block;
	if (!block->found)
		return;
	page_obstacles_find(pa, block->pfn, order, &obstacles);
	vec_foreach(&obstacles.list, pages) {
		struct failure_obstacle obstacle = { .pages = *pages };

		if (pages->where == PAGE_IN_WAY_USED)
			add_owner(&obstacle, owners);
		vec_push(&near->obstacles, obstacle);
	}
	page_obstacles_deinit(&obstacles);
}

static void add_owner(struct failure_obstacle *obstacle, const struct owners *owners)
{
	const struct owners_block *block = owners_find(owners, obstacle->pages.pfn);

	obstacle->unseen = block ? block->gone : false;
	if (!block || block->gone)
		return;
	obstacle->known = true;
	obstacle->block = *block;
	if (block->owner == OWNER_SLAB)
		owners_objects_in(owners, block, &obstacle->sites);
}

static struct failure_instead find_instead(const struct page_allocator *pa,
					   const struct page_failure_request *request)
{
	static const uint32_t lower[] = { GFP_BIT_DMA32, GFP_BIT_DMA };
	const uint32_t zone_bits = GFP_BIT_DMA | GFP_BIT_DMA32 | GFP_BIT_HIGHMEM;
	const uint32_t movable = GFP_BIT_MOVABLE | GFP_BIT_HIGHMEM;
	struct page_failure_request other = *request;
	struct failure_instead instead = { .order = -1, .order_zone = UINT_MAX,
					   .high_zone = UINT_MAX, .movable_zone = UINT_MAX,
					   .lower_zone = UINT_MAX };

	while (other.order-- > 0 && instead.order < 0) {
		instead.order_zone = served_by(pa, &other);
		if (instead.order_zone != UINT_MAX)
			instead.order = (int)other.order;
	}
	if (!(request->gfp & GFP_BIT_HIGH))
		instead.high_zone = served_with(pa, request, request->gfp | GFP_BIT_HIGH);
	if (!(request->gfp & GFP_BIT_MOVABLE))
		instead.movable_zone = served_with(pa, request, request->gfp | movable);
	for (size_t i = 0; i < ARRAY_SIZE(lower) && instead.lower_zone == UINT_MAX; i++) {
		if (request->gfp & (GFP_BIT_DMA | GFP_BIT_DMA32))
			break;
		instead.lower_gfp = lower[i];
		instead.lower_zone = served_with(pa, request,
						 (request->gfp & ~zone_bits) | lower[i]);
	}
	return instead;
}

/* The zone that serves; UINT_MAX: none. */
static unsigned int served_by(const struct page_allocator *pa,
			      const struct page_failure_request *request)
{
	struct page_failure why;
	unsigned int zone;

	page_failure_explain(pa, request, &why);
	zone = why.fails ? UINT_MAX : why.main_zone;
	page_failure_deinit(&why);
	return zone;
}

static unsigned int served_with(const struct page_allocator *pa,
				const struct page_failure_request *request, uint32_t gfp)
{
	struct page_failure_request other = *request;

	other.gfp = gfp;
	return served_by(pa, &other);
}

static void near_deinit(struct failure_near *near)
{
	vec_foreach(&near->obstacles, obstacle)
		owners_sites_deinit(&obstacle->sites);
	vec_deinit(&near->obstacles);
}
