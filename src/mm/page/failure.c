/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a request fails, zone by zone, by the very tests that refuse it: zone_watermark_fast() and
 * what rmqueue() would find. The order of the reasons is that of the kernel's tests.
 */
#include <config.h>

#include "kmreplay/mm/page_failure.h"

#include "kmreplay/mm/page_parts.h"

#include <limits.h>

/* A request that is being explained. */
struct asked {
	const struct page_allocator *pa;
	struct page_request req;
	unsigned int cpu;
};

static void explain_zone(const struct asked *asked, const struct zone *zone,
			 struct page_failure_zone *ret);
static enum page_refusal refusal_of(const struct asked *asked, const struct zone *zone,
				    unsigned int flags);
static enum page_refusal refusal_by_mark(const struct zone *zone, const struct page_request *req);
static enum page_refusal refusal_by_lists(const struct zone *zone, unsigned int order);
static bool gives(const struct asked *asked, const struct zone *zone);
static const struct free_list *pcp_list(const struct asked *asked, const struct zone *zone);
static enum page_compact compact_of(const struct asked *asked, const struct zone *zone);
static void pick_main(const struct page_allocator *pa, struct page_failure *failure);

static const struct {
	const char *key, *words;
} refusals[PAGE_REFUSAL_NR] = {
#define X(suffix, key, words) [PAGE_REFUSAL_##suffix] = { key, words },
	PAGE_REFUSALS(X)
#undef X
};

const char *page_refusal_key(enum page_refusal refusal)
{
	return refusal < PAGE_REFUSAL_NR ? refusals[refusal].key : "?";
}

const char *page_refusal_words(enum page_refusal refusal)
{
	return refusal < PAGE_REFUSAL_NR ? refusals[refusal].words : "?";
}

void page_failure_explain(const struct page_allocator *pa,
			  const struct page_failure_request *request, struct page_failure *ret)
{
	const uint32_t gfp = gfp_apply_scopes(request->gfp, request->context);
	const bool named = request->node >= 0 && (unsigned int)request->node < pa->nr_nodes;
	struct asked asked = { .pa = pa, .cpu = request->cpu };
	struct page_request *req = &asked.req;

	BUG_ON(request->cpu >= pa->nr_cpus || request->order > KERNEL_MAX_ORDER);
	*ret = (struct page_failure){ .request = *request, .fails = true };
	gfp_policy_get(pa->arch, gfp, request->order, request->context, &ret->policy);
	if (request_init(pa, req, gfp, request->order,
			 named ? request->node : pa->cpu_node[request->cpu])) {
		req->context = request->context;
		ret->preferred = request_zone(pa, req, req->preferred)->index;
		ret->fast_flags = request_fast_flags(pa, req);
		ret->slow_flags = request_slow_flags(pa, req);
	}
	for (uint32_t i = 0; i < req->node->nr_zonelist; i++) {
		const struct zone *zone = request_zone(pa, req, i);
		struct page_failure_zone one = { .zone = zone->index };

		/* The first pass for keeping types apart is followed by one without. */
		req->alloc_flags = ret->fast_flags & ~(unsigned int)ALLOC_NOFRAGMENT;
		one.first = refusal_of(&asked, zone, ret->fast_flags);
		req->alloc_flags = ret->slow_flags;
		explain_zone(&asked, zone, &one);
		if (i >= req->nr_zones)
			one.first = one.refusal = PAGE_REFUSAL_OTHER_NODE;
		ret->fails &= one.refusal != PAGE_REFUSAL_SERVES;
		vec_push(&ret->zones, one);
	}
	pick_main(pa, ret);
}

void page_failure_deinit(struct page_failure *failure)
{
	vec_deinit(&failure->zones);
}

bool page_failure_last(const struct page_allocator *pa, struct page_failure_request *ret)
{
	*ret = pa->failed;
	return pa->stats.failures > 0;
}

static void explain_zone(const struct asked *asked, const struct zone *zone,
			 struct page_failure_zone *ret)
{
	const struct page_request *req = &asked->req;
	const unsigned int flags = req->alloc_flags;
	const struct free_list *list = pcp_list(asked, zone);

	ret->refusal = refusal_of(asked, zone, flags);
	ret->marks_ignored = flags & ALLOC_NO_WATERMARKS;
	ret->sum = watermark_sum(zone, req->order, zone_wmark(zone, flags & ALLOC_WMARK_MASK),
				 req->highest, flags, zone->free_stat);
	for (unsigned int o = req->order; o < KERNEL_NR_ORDERS; o++) {
		for (unsigned int type = 0; type < MIGRATE_NR; type++)
			ret->blocks[type] += zone->area[o].lists[type].nr;
	}
	ret->pcp_blocks = list ? list->nr : 0;
	ret->compact = compact_of(asked, zone);
}

/* What get_page_from_freelist() would find in "zone", with asked->req.alloc_flags. */
static enum page_refusal refusal_of(const struct asked *asked, const struct zone *zone,
				    unsigned int flags)
{
	const struct page_request *req = &asked->req;

	if (zone->type > req->highest)
		return PAGE_REFUSAL_NOT_ALLOWED;
	if (!(flags & ALLOC_NO_WATERMARKS) && !watermark_fast(zone, req, flags))
		return refusal_by_mark(zone, req);
	return gives(asked, zone) ? PAGE_REFUSAL_SERVES : refusal_by_lists(zone, req->order);
}

/* The mark was not passed: what would have to be otherwise. */
static enum page_refusal refusal_by_mark(const struct zone *zone, const struct page_request *req)
{
	const struct watermark_sum sum = watermark_sum(
		zone, req->order, zone_wmark(zone, req->alloc_flags & ALLOC_WMARK_MASK),
		req->highest, req->alloc_flags, zone->free_stat);
	const int64_t usable = watermark_usable(&sum);

	if (usable > sum.min + sum.reserve)
		return refusal_by_lists(zone, req->order);
	if (usable > sum.min)
		return PAGE_REFUSAL_RESERVE;
	if (usable + sum.highatomic > sum.min + sum.reserve)
		return PAGE_REFUSAL_HIGHATOMIC;
	return usable + sum.cma > sum.min + sum.reserve ? PAGE_REFUSAL_CMA : PAGE_REFUSAL_MARK;
}

static enum page_refusal refusal_by_lists(const struct zone *zone, unsigned int order)
{
	for (unsigned int o = order; o < KERNEL_NR_ORDERS; o++) {
		if (zone->area[o].nr_free)
			return PAGE_REFUSAL_TYPE;
	}
	return PAGE_REFUSAL_NO_BLOCK;
}

/* rmqueue(): the CPU's list, the lists of the type and of those it falls back on, HIGHATOMIC. */
static bool gives(const struct asked *asked, const struct zone *zone)
{
	const struct page_request *req = &asked->req;
	const struct free_list *list = pcp_list(asked, zone);

	if ((list && list->nr) ||
	    rmqueue_possible(asked->pa, zone, req->order, req->type, req->alloc_flags))
		return true;
	if (!(req->alloc_flags & (ALLOC_HIGHATOMIC | ALLOC_OOM | ALLOC_NON_BLOCK)))
		return false;
	for (unsigned int o = req->order; o < KERNEL_NR_ORDERS; o++) {
		if (zone->area[o].lists[MIGRATE_HIGHATOMIC].nr)
			return true;
	}
	return false;
}

/* NULL: there is none for such blocks. */
static const struct free_list *pcp_list(const struct asked *asked, const struct zone *zone)
{
	const struct page_request *req = &asked->req;

	if (!asked->pa->pcp_enabled || !order_has_pcp(asked->pa, req->order))
		return NULL;
	return &zone->pcps[asked->cpu].lists[pcp_list_of(req->order, req->type)];
}

static enum page_compact compact_of(const struct asked *asked, const struct zone *zone)
{
	const struct page_request *req = &asked->req;

	if (!compact_has_room(zone, req->order, req->highest, zone->free_stat))
		return PAGE_COMPACT_NO_ROOM;
	return compact_suitable(asked->pa, zone, req->order, req->highest, zone->free_stat) ?
		       PAGE_COMPACT_COULD :
		       PAGE_COMPACT_NO_USE;
}

static void pick_main(const struct page_allocator *pa, struct page_failure *failure)
{
	uint64_t largest = 0;

	failure->main = PAGE_REFUSAL_NOT_ALLOWED;
	failure->main_zone = UINT_MAX;
	vec_foreach(&failure->zones, zone) {
		const uint64_t managed = pa->zones[zone->zone].managed;

		if (zone->refusal == PAGE_REFUSAL_NOT_ALLOWED ||
		    zone->refusal == PAGE_REFUSAL_OTHER_NODE ||
		    (managed <= largest && failure->main_zone != UINT_MAX))
			continue;
		largest = managed;
		failure->main = zone->refusal;
		failure->main_zone = zone->zone;
	}
	vec_foreach(&failure->zones, zone) {
		if (zone->refusal != PAGE_REFUSAL_SERVES ||
		    failure->main == PAGE_REFUSAL_SERVES)
			continue;
		failure->main = zone->refusal;
		failure->main_zone = zone->zone;
	}
}
