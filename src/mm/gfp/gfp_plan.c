/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The slow path of src/mm/reclaim/slowpath.c as a list: the same conditions, asked beforehand.
 */
#include <config.h>

#include "kmreplay/mm/gfp_plan.h"

#include "kmreplay/mm/page_parts.h"

static const struct {
	const char *name, *words;
} stages[] = {
#define X(suffix, key, words) { key, words },
	GFP_STAGES(X)
#undef X
};

static void add(struct gfp_plan *plan, enum gfp_stage_kind kind);
static void add_look(struct gfp_plan *plan, enum gfp_stage_kind kind, unsigned int flags);
static bool plan_compact_first(struct gfp_plan *plan, const struct machine_config *config,
			       bool reserves);
static void plan_loop(struct gfp_plan *plan, const struct machine_config *config,
		      unsigned int flags);
static void plan_end(struct gfp_plan *plan);

const char *gfp_stage_name(enum gfp_stage_kind kind)
{
	return kind < GFP_STAGE_NR ? stages[kind].name : "?";
}

const char *gfp_stage_words(enum gfp_stage_kind kind)
{
	return kind < GFP_STAGE_NR ? stages[kind].words : "?";
}

void gfp_plan_init(struct gfp_plan *plan, const struct machine_config *config,
		   const struct page_profile *profile, uint32_t gfp, unsigned int order,
		   unsigned int context)
{
	const unsigned int obeyed = gfp_policy_obeyed_flags(profile, config);
	unsigned int usual, retry;
	enum migratetype type;
	bool goes_on = true;

	*plan = (struct gfp_plan){
		.profile = profile,
		.gfp = gfp_apply_scopes(gfp, context) & gfp_policy_obeyed_bits(config),
		.order = order,
		.complaints = gfp_policy_complaints(gfp, order, context),
	};
	gfp_policy_get(config->arch, plan->gfp, order, context, &plan->policy);
	if (order > KERNEL_MAX_ORDER) {
		add(plan, GFP_STAGE_TOO_LARGE);
		return;
	}
	type = config->mobility_grouping ? plan->policy.type : MIGRATE_UNMOVABLE;
	usual = gfp_policy_slow_flags(profile, plan->gfp, order, context) & obeyed;
	retry = gfp_policy_retry_flags(profile, plan->gfp, order, context) & obeyed;
	add_look(plan, GFP_STAGE_FAST, gfp_policy_fast_flags(plan->gfp, type) & obeyed);
	if (usual & ALLOC_KSWAPD)
		add(plan, GFP_STAGE_KSWAPD);
	add_look(plan, GFP_STAGE_MIN, usual);
	if (profile->slowpath != SLOWPATH_7)
		goes_on = plan_compact_first(plan, config, retry != usual);
	if (goes_on && retry != usual)
		add_look(plan, GFP_STAGE_RESERVES, retry);
	if (profile->slowpath == SLOWPATH_7 && plan->policy.reclaims)
		goes_on = plan_compact_first(plan, config, false);
	if (goes_on && plan->policy.reclaims)
		plan_loop(plan, config, retry);
	plan_end(plan);
}

const struct gfp_stage *gfp_plan_stage(const struct gfp_plan *plan, enum gfp_stage_kind kind)
{
	for (unsigned int i = 0; i < plan->nr_stages; i++)
		if (plan->stages[i].kind == kind)
			return &plan->stages[i];
	return NULL;
}

bool gfp_plan_may_fail(const struct gfp_plan *plan)
{
	return gfp_plan_stage(plan, GFP_STAGE_FAIL) || gfp_plan_stage(plan, GFP_STAGE_TOO_LARGE);
}

unsigned int gfp_stage_depth(const struct gfp_plan *plan, const struct gfp_stage *stage)
{
	if (stage->flags & ALLOC_NO_WATERMARKS)
		return 0;
	return (unsigned int)gfp_policy_mark(plan->profile, stage->flags, 1000);
}

unsigned int gfp_plan_zones(const struct page_allocator *pa, const struct gfp_plan *plan, int node,
			    unsigned int *zones, unsigned int max)
{
	struct page_request req;
	unsigned int nr = 0;

	if (plan->order > KERNEL_MAX_ORDER ||
	    !request_init(pa, &req, plan->gfp, plan->order, node))
		return 0;
	for (uint32_t i = req.preferred; i < req.nr_zones; i++) {
		const struct zone *zone = request_zone(pa, &req, i);

		if (zone->type > req.highest)
			continue;
		if (nr < max)
			zones[nr] = zone->index;
		nr++;
	}
	return nr;
}

uint64_t gfp_plan_needs(const struct page_allocator *pa, const struct gfp_plan *plan,
			const struct gfp_stage *stage, unsigned int index)
{
	const struct zone *zone = &pa->zones[index];
	const unsigned int which = stage->flags & ALLOC_WMARK_MASK;
	struct watermark_sum sum;

	BUG_ON(index >= pa->nr_zones);
	if (stage->flags & ALLOC_NO_WATERMARKS)
		return 1ULL << plan->order;
	sum = watermark_sum(zone, plan->order, zone_wmark(zone, which), plan->policy.highest,
			    stage->flags, 0);
	return (uint64_t)(sum.min + sum.reserve + sum.order + sum.highatomic + sum.cma) + 1;
}

static void add(struct gfp_plan *plan, enum gfp_stage_kind kind)
{
	BUG_ON(plan->nr_stages == GFP_STAGE_NR);
	plan->stages[plan->nr_stages++] = (struct gfp_stage){ .kind = kind };
}

static void add_look(struct gfp_plan *plan, enum gfp_stage_kind kind, unsigned int flags)
{
	add(plan, kind);
	plan->stages[plan->nr_stages - 1].looks = true;
	plan->stages[plan->nr_stages - 1].flags = flags;
}

/*
 * Ahead of reclaim, for what is hard to find: not by those who may have any page at all. False:
 * whatever comes of it, the request goes no further.
 */
static bool plan_compact_first(struct gfp_plan *plan, const struct machine_config *config,
			       bool reserves)
{
	const enum migratetype type =
		config->mobility_grouping ? plan->policy.type : MIGRATE_UNMOVABLE;
	const bool in_loop = plan->profile->slowpath == SLOWPATH_7;
	const unsigned int flags = gfp_plan_stage(plan, GFP_STAGE_MIN)->flags;

	if (reserves || !config->direct_compaction ||
	    !gfp_policy_compacts_first(&plan->policy, type))
		return true;
	add_look(plan, GFP_STAGE_COMPACT_FIRST, flags);
	if (!(plan->gfp & GFP_BIT_NORETRY) || (!in_loop && !plan->policy.costly))
		return true;
	if (plan->gfp & GFP_BIT_THISNODE)
		return false;
	if (!in_loop)
		add(plan, GFP_STAGE_COSTLY);
	return true;
}

static void plan_loop(struct gfp_plan *plan, const struct machine_config *config,
		      unsigned int flags)
{
	const struct gfp_policy *policy = &plan->policy;
	const bool compacts = policy->may_compact && config->direct_compaction;

	if (config->direct_reclaim)
		add_look(plan, GFP_STAGE_RECLAIM, flags);
	else
		add_look(plan, GFP_STAGE_WAIT, flags);
	if (compacts)
		add_look(plan, GFP_STAGE_COMPACT, flags);
	if ((plan->gfp & GFP_BIT_NORETRY) ||
	    (policy->costly && !((plan->gfp & GFP_BIT_RETRY_MAYFAIL) && compacts)))
		return;
	add(plan, GFP_STAGE_RETRY);
	add_look(plan, GFP_STAGE_LAST, ALLOC_WMARK_HIGH | ALLOC_CPUSET);
	if (policy->may_oom && config->oom_kill)
		add(plan, GFP_STAGE_OOM);
	else if (policy->patience == GFP_PATIENCE_EVER && !(plan->gfp & GFP_BIT_NOFAIL))
		add(plan, GFP_STAGE_LOOP);
}

static void plan_end(struct gfp_plan *plan)
{
	if ((plan->gfp & GFP_BIT_NOFAIL) && plan->policy.may_sleep)
		add_look(plan, GFP_STAGE_HALF, ALLOC_MIN_RESERVE | ALLOC_CPUSET);
	else if (!gfp_plan_stage(plan, GFP_STAGE_OOM) && !gfp_plan_stage(plan, GFP_STAGE_LOOP))
		add(plan, GFP_STAGE_FAIL);
}
