/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scenarios' questions: what a mask permits, how much memory is free, and in which pieces. */
#include <config.h>

#include "machine_internal.h"

#include "kmreplay/core/suggest.h"
#include "kmreplay/mm/gfp_policy.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/zone.h"

#include <string.h>

static bool text_answer(struct calling *c, const char *text);
static bool ask_zone(struct calling *c, unsigned int arg, struct zone_info *sum);
static void add_zone(struct zone_info *sum, const struct zone_info *zone);
static bool wmark(struct calling *c, enum zone_mark mark);
static const char *stat_name(unsigned int i);

bool scenario_gfp_zone(struct calling *c)
{
	return text_answer(c, zone_type_name(gfp_policy_zone(c->m->arch, arg_gfp(c, 0))));
}

bool scenario_gfp_migratetype(struct calling *c)
{
	return text_answer(c, migratetype_name(gfp_policy_migratetype(arg_gfp(c, 0))));
}

bool scenario_allow_blocking(struct calling *c)
{
	return scenario_answer(c, (arg_gfp(c, 0) & GFP_BIT_DIRECT_RECLAIM) != 0);
}

bool scenario_gfp_context(struct calling *c)
{
	return scenario_answer(c, gfp_apply_scopes(arg_gfp(c, 0), scenario_context(c->m)));
}

bool scenario_gfp_patience(struct calling *c)
{
	struct gfp_policy policy;

	gfp_policy_get(c->m->arch, gfp_apply_scopes(arg_gfp(c, 0), scenario_context(c->m)),
		       (unsigned int)MIN(arg_u64(c, 1), (uint64_t)KERNEL_MAX_ORDER),
		       scenario_context(c->m), &policy);
	return text_answer(c, gfp_patience_name(policy.patience));
}

/* The flags of the last look at the zones: the caller's own right to the reserves counts. */
bool scenario_gfp_depth(struct calling *c)
{
	const struct page_profile *profile = page_allocator_profile(c->m->pages);
	const unsigned int flags = gfp_policy_retry_flags(
		profile, arg_gfp(c, 0),
		(unsigned int)MIN(arg_u64(c, 1), (uint64_t)KERNEL_MAX_ORDER),
		scenario_context(c->m));

	if (flags & ALLOC_NO_WATERMARKS)
		return scenario_answer(c, 0);
	return scenario_answer(c, gfp_policy_mark(profile, flags, 1000));
}

bool scenario_block_type(struct calling *c)
{
	const struct page_block *block = scenario_block(c, 0);
	struct zone_block_info info;

	if (!block || !zone_block_info(c->m->pages, block->pfn, &info))
		return error_set(c->err, "this page is not in use");
	return text_answer(c, migratetype_name(info.type));
}

bool scenario_nr_free(struct calling *c)
{
	struct zone_info sum;

	return ask_zone(c, 0, &sum) && scenario_answer(c, sum.free);
}

bool scenario_totalram(struct calling *c)
{
	return scenario_answer(c, page_total(c->m->pages));
}

bool scenario_min_wmark(struct calling *c)
{
	return wmark(c, ZONE_MARK_MIN);
}

bool scenario_low_wmark(struct calling *c)
{
	return wmark(c, ZONE_MARK_LOW);
}

bool scenario_high_wmark(struct calling *c)
{
	return wmark(c, ZONE_MARK_HIGH);
}

bool scenario_nr_blocks(struct calling *c)
{
	const uint64_t order = arg_u64(c, 0);
	struct zone_info sum;

	if (order > KERNEL_MAX_ORDER)
		return error_set(c->err, "there is no order %llu", (unsigned long long)order);
	return ask_zone(c, 1, &sum) && scenario_answer(c, sum.nr_free[order]);
}

/* mm/vmstat.c:extfrag_for_order(): percent of free memory in blocks that are too small. */
bool scenario_extfrag(struct calling *c)
{
	const uint64_t order = arg_u64(c, 0);
	uint64_t free = 0, suitable = 0;
	struct zone_info sum;

	if (order > KERNEL_MAX_ORDER)
		return error_set(c->err, "there is no order %llu", (unsigned long long)order);
	if (!ask_zone(c, 1, &sum))
		return false;
	for (unsigned int i = 0; i < KERNEL_NR_ORDERS; i++) {
		free += sum.nr_free[i] << i;
		suitable += i >= order ? sum.nr_free[i] << i : 0;
	}
	return scenario_answer(c, free ? (free - suitable) * 100 / free : 0);
}

bool scenario_nr_slabs(struct calling *c)
{
	struct slab_cache_stats stats;

	if (!arg_u64(c, 0) ||
	    !slab_cache_get_stats(c->m->slab, (uint32_t)arg_u64(c, 0) - 1, &stats))
		return error_set(c->err, "this cache is not there any more");
	return scenario_answer(c, stats.nr_slabs);
}

bool scenario_page_stat(struct calling *c)
{
	static const size_t offsets[] = {
#define X(field, name, help) offsetof(struct page_stats, field),
		PAGE_STATS(X)
#undef X
	};
	const char *name, *near;

	for (unsigned int i = 0; (name = stat_name(i)); i++)
		if (!strcmp(name, c->call->args[0].text))
			return scenario_answer(c, *(const uint64_t *)((const char *)
				page_allocator_stats(c->m->pages) + offsets[i]));
	near = suggest_nearest(c->call->args[0].text, stat_name);
	return error_set(c->err, "there is no counter '%.64s'%s%s%s", c->call->args[0].text,
			 near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static const char *stat_name(unsigned int i)
{
	static const char *const names[] = {
#define X(field, name, help) name,
		PAGE_STATS(X)
#undef X
	};

	return i < ARRAY_SIZE(names) ? names[i] : NULL;
}

bool scenario_last_cost(struct calling *c)
{
	return scenario_answer(c, c->m->last.out.cost_ns);
}

static bool text_answer(struct calling *c, const char *text)
{
	*c->ret = (struct scenario_value){ .type = SCENARIO_TEXT, .text = text };
	return true;
}

/* The sum over all zones called as argument "arg" says, on all nodes; without it over all zones. */
static bool ask_zone(struct calling *c, unsigned int arg, struct zone_info *sum)
{
	const bool all = arg >= c->call->nr_args;
	enum zone_type type = ZONE_NR;
	unsigned int nr = 0;
	struct zone_info zone;

	memset(sum, 0, sizeof(*sum));
	if (!all && !zone_type_named(c->call->args[arg].text, &type))
		return error_set(c->err, "there is no zone '%.64s'", c->call->args[arg].text);
	for (unsigned int i = 0; i < zone_count(c->m->pages); i++) {
		zone_info(c->m->pages, i, &zone);
		if (!all && zone.type != type)
			continue;
		add_zone(sum, &zone);
		nr++;
	}
	return nr || error_set(c->err, "this machine has no zone %s", zone_type_name(type));
}

static void add_zone(struct zone_info *sum, const struct zone_info *zone)
{
	sum->free += zone->free;
	sum->boost += zone->boost;
	for (unsigned int i = 0; i < ZONE_MARK_NR; i++)
		sum->mark[i] += zone->mark[i];
	for (unsigned int i = 0; i < KERNEL_NR_ORDERS; i++)
		sum->nr_free[i] += zone->nr_free[i];
}

/* wmark_pages(): with the boost. */
static bool wmark(struct calling *c, enum zone_mark mark)
{
	struct zone_info sum;

	return ask_zone(c, 0, &sum) && scenario_answer(c, sum.mark[mark] + sum.boost);
}
