/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The naive allocator above its free lists: per-CPU lists, marks, zones, and the calls. */
#include <config.h>

#include "naive_lists.h"

#include "kmreplay/core/xalloc.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/zone.h"

#include <stdlib.h>
#include <string.h>

/* --- per-CPU lists --- */

static bool has_list(const struct naive *n, unsigned int order)
{
	if (!n->use_pcp || n->rules->pcp == PCP_ORDER_0)
		return n->use_pcp && !order;
	return order <= 3 || order == 9;
}

static unsigned int list_number(unsigned int order, unsigned int type)
{
	if (order > 3)
		return type == MIGRATE_MOVABLE ? 13 : 12;
	return 3 * order + type;
}

static void put_pcp(struct naive *n, struct naive_zone *z, uint32_t frame, unsigned int order,
		    unsigned int type, bool to_head)
{
	const unsigned int list =
		list_number(order, type > MIGRATE_RECLAIMABLE ? MIGRATE_MOVABLE : type);

	n->frames[frame] = (struct naive_frame){
		NAIVE_PCP, (uint8_t)order, (uint8_t)type, (uint8_t)(z - n->zones)
	};
	naive_insert(&z->pcp[n->cpu].lists[list], frame, to_head);
	z->pcp[n->cpu].count += 1 << order;
}

static bool above_mark(const struct naive *n, const struct naive_zone *z, uint64_t mark,
		       const struct naive_want *want);

/* The oldest block of a list goes back. */
static int drain_one(struct naive *n, struct naive_zone *z, struct naive_pcp *pcp,
		     unsigned int list)
{
	const uint32_t frame = pcp->lists[list].frames[0];
	struct naive_frame *f = &n->frames[frame];
	const int pages = 1 << f->order;

	naive_erase(&pcp->lists[list], frame);
	pcp->count -= pages;
	f->state = NAIVE_REST;
	naive_free_block(n, z, frame, f->order,
		   n->rules->lists_follow_pageblocks ? naive_block_type(n, frame) : f->type, false);
	return pages;
}

static void drain_in_turns(struct naive *n, struct naive_zone *z, struct naive_pcp *pcp, int count)
{
	const int nr = n->rules->pcp == PCP_ORDER_0 ? 3 : 15;
	int list = 0, share = 0;

	while (count > 0) {
		do {
			list = (list + 1) % nr;
			share++;
		} while (!pcp->lists[list].nr);
		if (share == nr)
			share = count;
		while (share > 0 && count > 0 && pcp->lists[list].nr) {
			count -= drain_one(n, z, pcp, (unsigned int)list);
			share--;
		}
	}
}

static void drain_from(struct naive *n, struct naive_zone *z, struct naive_pcp *pcp, int count,
		       unsigned int list)
{
	count = naive_lesser(count, pcp->count);
	if (n->rules->pcp <= PCP_IN_TURNS) {
		drain_in_turns(n, z, pcp, count);
		return;
	}
	for (; count > 0 && pcp->count > 0; list = (list + 1) % NAIVE_LISTS) {
		while (count > 0 && pcp->lists[list].nr)
			count -= drain_one(n, z, pcp, list);
	}
}

/* 5.14 to 6.6 */
static void trim_by_factor(struct naive *n, struct naive_zone *z, struct naive_pcp *pcp,
			   unsigned int order, unsigned int list)
{
	const bool all = n->rules->pcp == PCP_FREE_FACTOR && pcp->free_factor && order && order < 4;
	int nr = pcp->batch << pcp->free_factor;

	if (all) {
		drain_from(n, z, pcp, pcp->count, list);
		return;
	}
	if (pcp->count < pcp->high)
		return;
	if (pcp->high < pcp->batch) {
		drain_from(n, z, pcp, 1, list);
		return;
	}
	if (nr < pcp->high - pcp->batch && pcp->free_factor < 5)
		pcp->free_factor++;
	drain_from(n, z, pcp, naive_bounded(nr, pcp->batch, pcp->high - pcp->batch), list);
}

/* nr_pcp_high() of 6.7 on, without reclaim */
static int auto_limit(struct naive_zone *z, struct naive_pcp *pcp, bool all)
{
	const int freed = naive_greater(pcp->free_count, pcp->batch);
	const int high = pcp->high = naive_bounded(pcp->high, pcp->high_min, pcp->high_max);

	if (!high)
		return 0;
	if (all) {
		pcp->high = naive_greater(high - (pcp->batch << 5), pcp->high_min);
		return 0;
	}
	if (pcp->high_min == pcp->high_max)
		return high;
	if (z->below_high) {
		pcp->high = naive_greater(high - freed, pcp->high_min);
		return naive_greater(pcp->count, pcp->high_min);
	}
	if (pcp->count >= high) {
		const int need = pcp->free_count + pcp->batch;

		if (pcp->high < need)
			pcp->high = naive_bounded(need, pcp->high_min, pcp->high_max);
	}
	return high;
}

/* 6.7 on */
static void trim_auto(struct naive *n, struct naive_zone *z, struct naive_pcp *pcp,
		      unsigned int order, unsigned int list)
{
	const struct naive_want nobody = { .highest = ZONE_MOVABLE };
	bool all = false;
	int high, nr;

	pcp->alloc_factor /= 2;
	if (order && order < 4) {
		int bar = pcp->batch;

		if (n->rules->free_high_over_half_min)
			bar += pcp->high_min / 2;
		all = pcp->free_count >= bar && pcp->freed_high_order && pcp->count >= pcp->batch;
	}
	pcp->freed_high_order = order && order < 4;
	if (pcp->free_count < pcp->batch << 5)
		pcp->free_count += 1 << order;
	high = auto_limit(z, pcp, all);
	if (pcp->count < high)
		return;
	if (all)
		nr = naive_lesser(pcp->count, pcp->batch << 5);
	else if (high < pcp->batch)
		nr = 1;
	else
		nr = naive_bounded(pcp->free_count, pcp->batch, high - pcp->batch);
	if (n->rules->trim_in_batches) {
		for (; nr > 0 && pcp->count > 0; nr -= pcp->batch)
			drain_from(n, z, pcp, naive_lesser(nr, pcp->batch), list);
	} else {
		drain_from(n, z, pcp, nr, list);
	}
	if (z->below_high && above_mark(n, z, z->mark[MARK_HIGH], &nobody))
		z->below_high = false;
}

static void free_to_pcp(struct naive *n, struct naive_zone *z, uint32_t frame, unsigned int order)
{
	struct naive_pcp *pcp = &z->pcp[n->cpu];
	const unsigned int type = naive_block_type(n, frame);
	const unsigned int list =
		list_number(order, type > MIGRATE_RECLAIMABLE ? MIGRATE_MOVABLE : type);

	put_pcp(n, z, frame, order, type, true);
	if (n->rules->pcp == PCP_AUTO_HIGH)
		trim_auto(n, z, pcp, order, list);
	else if (n->rules->pcp != PCP_ORDER_0)
		trim_by_factor(n, z, pcp, order, list);
	else if (pcp->count >= pcp->high)
		drain_from(n, z, pcp, pcp->batch, list);
}

/* Blocks of the next refill. */
static int refill_size(struct naive *n, struct naive_zone *z, unsigned int order)
{
	struct naive_pcp *pcp = &z->pcp[n->cpu];
	int nr = pcp->batch;

	if (n->rules->pcp == PCP_AUTO_HIGH) {
		const int high = pcp->high = naive_bounded(pcp->high, pcp->high_min, pcp->high_max);

		if (high < pcp->batch)
			return 1;
		if (!order)
			nr <<= pcp->alloc_factor;
		if (pcp->high_min != pcp->high_max && !z->below_high)
			pcp->high = naive_lesser(high + nr, pcp->high_max);
		if (!order) {
			const int room = pcp->high - pcp->count - pcp->batch;
			const int most = naive_greater(room, pcp->batch);

			if (nr <= most && pcp->alloc_factor < 5)
				pcp->alloc_factor++;
			nr = naive_lesser(nr, most);
		}
	}
	return nr > 1 ? naive_greater(nr >> order, 2) : nr;
}

static uint64_t from_pcp(struct naive *n, struct naive_zone *z, const struct naive_want *want)
{
	struct naive_pcp *pcp = &z->pcp[n->cpu];
	struct naive_list *list = &pcp->lists[list_number(want->order, want->type)];
	uint32_t frame;

	if (!want->bulk) {
		pcp->free_factor /= 2;
		pcp->free_count /= 2;
	}
	if (!list->nr) {
		const int size = refill_size(n, z, want->order);
		bool stealing = false;
		int got = 0;

		if (want->highatomic && n->rules->highatomic_only_from_buddy)
			return NAIVE_NONE;
		for (; got < size; got++) {
			const uint64_t next = naive_from_lists(n, z, want, &stealing);

			if (next == NAIVE_NONE)
				break;
			put_pcp(n, z, (uint32_t)next, want->order, want->type, false);
		}
		if (got && !n->rules->refill_counts_pages)
			naive_book(n, z, -(got << want->order));
		if (!got)
			return NAIVE_NONE;
	}
	frame = naive_head(list);
	naive_erase(list, frame);
	pcp->count -= 1 << want->order;
	return frame;
}

/* --- which zone --- */

static int64_t out_of_reach(const struct naive *n, const struct naive_zone *z,
			    const struct naive_want *want)
{
	int64_t pages = (1 << want->order) - 1;

	if (want->harder || want->highatomic ||
	    (want->half && n->rules->reserves != RESERVES_HARDER))
		return pages;
	if (n->rules->highatomic == HIGHATOMIC_ONE_PERCENT_PLUS_BLOCK)
		return pages + (int64_t)z->reserved;
	for (unsigned int o = 0; o < NAIVE_ORDERS; o++)
		pages += (int64_t)z->free[o][MIGRATE_HIGHATOMIC].nr << o;
	return pages;
}

static bool above_mark(const struct naive *n, const struct naive_zone *z, uint64_t mark,
		       const struct naive_want *want)
{
	const int64_t booked = z->booked > 0 ? z->booked : 0;
	int64_t least = (int64_t)mark;

	if (want->half)
		least -= least / 2;
	if (want->harder && (want->half || n->rules->reserves == RESERVES_HARDER))
		least -= least / 4;
	if (booked - out_of_reach(n, z, want) <= least + (int64_t)z->reserve[want->highest])
		return false;
	for (unsigned int o = want->order; want->order && o < NAIVE_ORDERS; o++) {
		for (unsigned int type = 0; type <= MIGRATE_RECLAIMABLE; type++) {
			if (z->free[o][type].nr)
				return true;
		}
		if (want->highatomic && z->free[o][MIGRATE_HIGHATOMIC].nr)
			return true;
	}
	return !want->order;
}

static bool serves(const struct naive *n, struct naive_zone *z, const struct naive_want *want)
{
	const uint64_t reserve = z->reserve[want->highest];

	if (n->rules->below_high && !z->below_high) {
		if (above_mark(n, z, z->mark[MARK_HIGH], want))
			return true;
		z->below_high = true;
	}
	if (n->rules->fast_mark_sees_all && !want->order &&
	    z->booked > (int64_t)(z->mark[want->mark] + reserve))
		return true;
	return want->no_marks || above_mark(n, z, z->mark[want->mark], want);
}

static uint64_t from_zone(struct naive *n, struct naive_zone *z, const struct naive_want *want)
{
	const bool listed = has_list(n, want->order);
	uint64_t frame = listed ? from_pcp(n, z, want) : NAIVE_NONE;
	const bool from_list = frame != NAIVE_NONE;
	bool stealing = false;

	if (!from_list && !(listed && n->rules->strict_lists)) {
		if (want->highatomic)
			frame = naive_smallest(n, z, want->order, MIGRATE_HIGHATOMIC);
		if (frame == NAIVE_NONE)
			frame = naive_from_lists(n, z, want, &stealing);
		if (frame == NAIVE_NONE && want->harder && !n->rules->strict_lists)
			frame = naive_smallest(n, z, want->order, MIGRATE_HIGHATOMIC);
		if (frame != NAIVE_NONE && !n->rules->refill_counts_pages)
			naive_book(n, z, -(1 << want->order));
	}
	if (frame != NAIVE_NONE) {
		n->frames[frame].zone = (uint8_t)(z - n->zones);
		if (want->highatomic && !(from_list && n->rules->highatomic_only_from_buddy))
			naive_reserve_highatomic(n, z, (uint32_t)frame, want->order);
	}
	return frame;
}

/* Zones of "node" from the highest down, then those of the others; NULL behind the last. */
static struct naive_zone *zone_at(struct naive *n, int node, unsigned int at)
{
	for (unsigned int i = 0; i < n->nr_nodes; i++) {
		for (unsigned int z = n->nr_zones; z-- > 0;) {
			if (n->zones[z].node == (node + (int)i) % (int)n->nr_nodes && !at--)
				return &n->zones[z];
		}
	}
	return NULL;
}

/* The zone that the search begins with; NULL: none can serve the mask. */
static struct naive_zone *preferred(struct naive *n, int node, const struct naive_want *want)
{
	struct naive_zone *z;

	for (unsigned int i = 0; (z = zone_at(n, node, i)); i++) {
		if ((want->gfp & GFP_BIT_THISNODE) && z->node != node)
			return NULL;
		if (z->type <= want->highest)
			return z;
	}
	return NULL;
}

/* One walk through the zones; keep_types is dropped where it stands in the way. */
static uint64_t walk(struct naive *n, int node, struct naive_want *want)
{
	const struct naive_zone *first = preferred(n, node, want);
	struct naive_zone *z;

	if (!first)
		return NAIVE_NONE;
	for (unsigned int i = 0; (z = zone_at(n, node, i)); i++) {
		uint64_t frame;

		if (z->type > want->highest ||
		    ((want->gfp & GFP_BIT_THISNODE) && z->node != node))
			continue;
		if (want->keep_types && z->node != first->node)
			break;
		if (!serves(n, z, want))
			continue;
		frame = from_zone(n, z, want);
		if (frame != NAIVE_NONE)
			return frame;
	}
	if (!want->keep_types)
		return NAIVE_NONE;
	want->keep_types = false;
	return walk(n, node, want);
}

static bool keeps_types(const struct naive *n, const struct naive_zone *first)
{
	if (n->rules->mixes_types || n->is_32bit || !first || first->type != ZONE_NORMAL)
		return false;
	for (unsigned int i = 0; i < n->nr_zones; i++) {
		if (n->zones[i].node == first->node && n->zones[i].type == ZONE_DMA32)
			return true;
	}
	return n->nr_nodes == 1;
}

static enum zone_type highest_zone(const struct naive *n, uint32_t gfp)
{
	if (gfp & GFP_BIT_DMA)
		return ZONE_DMA;
	if (gfp & GFP_BIT_DMA32)
		return n->is_32bit ? ZONE_NORMAL : ZONE_DMA32;
	if (!(gfp & GFP_BIT_HIGHMEM))
		return ZONE_NORMAL;
	if (gfp & GFP_BIT_MOVABLE)
		return ZONE_MOVABLE;
	return n->is_32bit ? ZONE_HIGHMEM : ZONE_NORMAL;
}

static struct naive_want want_of(const struct naive *n, uint32_t gfp, unsigned int order)
{
	return (struct naive_want){
		.gfp = gfp,
		.order = order,
		.type = gfp & GFP_BIT_MOVABLE	  ? MIGRATE_MOVABLE :
			gfp & GFP_BIT_RECLAIMABLE ? MIGRATE_RECLAIMABLE :
						    MIGRATE_UNMOVABLE,
		.highest = highest_zone(n, gfp),
		.mark = MARK_LOW,
	};
}

static void make_used(struct naive *n, uint64_t frame, unsigned int order, unsigned int type)
{
	n->frames[frame].state = NAIVE_USED;
	n->frames[frame].order = (uint8_t)order;
	n->frames[frame].type = (uint8_t)type;
}

static int home_node(const struct naive *n, int node)
{
	return node >= 0 && node < (int)n->nr_nodes ?
		       node : (int)(n->cpu * n->nr_nodes / n->nr_cpus);
}

uint64_t naive_alloc(struct naive *n, uint32_t gfp, unsigned int order, int node)
{
	struct naive_want want = want_of(n, gfp, order);
	const bool sleeps = gfp & GFP_BIT_DIRECT_RECLAIM;
	uint64_t frame;

	node = home_node(n, node);
	want.keep_types = keeps_types(n, preferred(n, node, &want));
	frame = walk(n, node, &want);
	/* The slow path: down to min, with the mask's rights; then what reclaim itself may have. */
	want.mark = MARK_MIN;
	want.keep_types = false;
	want.half = gfp & GFP_BIT_HIGH;
	want.harder = !sleeps && !(gfp & GFP_BIT_NOMEMALLOC);
	want.highatomic = want.half && want.harder && order;
	if (n->rules->reserves == RESERVES_HARDER) {
		want.harder &= (gfp & GFP_BIT_ATOMIC) != 0;
		want.highatomic = want.harder && order;
	}
	if (frame == NAIVE_NONE)
		frame = walk(n, node, &want);
	if ((gfp & GFP_BIT_MEMALLOC) && !(gfp & GFP_BIT_NOMEMALLOC)) {
		want.no_marks = true;
		want.half = want.harder = want.highatomic = false;
	}
	if (frame == NAIVE_NONE)
		frame = walk(n, node, &want);
	if (frame == NAIVE_NONE)
		return NAIVE_NONE;
	make_used(n, frame, order, want.type);
	return n->base + frame;
}

void naive_free(struct naive *n, uint64_t pfn, unsigned int order)
{
	const uint32_t frame = (uint32_t)(pfn - n->base);
	struct naive_zone *z = &n->zones[n->frames[frame].zone];

	n->frames[frame].state = NAIVE_REST;
	if (has_list(n, order))
		free_to_pcp(n, z, frame, order);
	else
		naive_free_any(n, z, frame, order);
}

unsigned int naive_bulk(struct naive *n, uint32_t gfp, int node, unsigned int nr, uint64_t *pfns)
{
	struct naive_want want = want_of(n, gfp, 0);
	const int home = home_node(n, node);
	const struct naive_zone *first = preferred(n, home, &want);
	struct naive_zone *z;
	unsigned int got = 0;

	if (!nr)
		return 0;
	want.bulk = true;
	for (unsigned int i = 0; nr > 1 && n->use_pcp && first && (z = zone_at(n, home, i)); i++) {
		struct naive_want as_first = want;

		as_first.highest = first->type;
		if (z->type > want.highest || z->node != first->node ||
		    !above_mark(n, z, z->mark[MARK_LOW] + nr, &as_first))
			continue;
		for (; got < nr; got++) {
			const uint64_t frame = from_pcp(n, z, &want);

			if (frame == NAIVE_NONE)
				break;
			make_used(n, frame, 0, want.type);
			pfns[got] = n->base + frame;
		}
		break;
	}
	if (got)
		return got;
	pfns[0] = naive_alloc(n, gfp, 0, node);
	return pfns[0] != NAIVE_NONE;
}

bool naive_reserve(struct naive *n, uint64_t pfn, unsigned int order)
{
	const uint32_t frame = (uint32_t)(pfn - n->base);
	unsigned int o = order, type;
	struct naive_zone *z;
	uint32_t at;

	while (o < NAIVE_ORDERS && !(n->frames[frame >> o << o].state == NAIVE_FREE &&
				     n->frames[frame >> o << o].order == o))
		o++;
	if (o == NAIVE_ORDERS)
		return false;
	at = frame >> o << o;
	z = &n->zones[n->frames[at].zone];
	type = n->frames[at].type;
	naive_take_free(n, z, at);
	while (o-- > order) {
		const uint32_t half = 1U << o;

		naive_put_free(n, z, frame >= at + half ? at : at + half, o, type, true);
		if (frame >= at + half)
			at += half;
	}
	z->nr_free -= 1 << order;
	naive_book(n, z, -(1 << order));
	n->frames[frame].zone = (uint8_t)(z - n->zones);
	make_used(n, frame, order, MIGRATE_UNMOVABLE);
	return true;
}

void naive_drain(struct naive *n)
{
	const bool turns = n->rules->pcp <= PCP_IN_TURNS;
	const unsigned int cpu = n->cpu;

	for (unsigned int i = 0; i < n->nr_zones; i++) {
		for (n->cpu = 0; n->cpu < n->nr_cpus; n->cpu++) {
			struct naive_pcp *pcp = &n->zones[i].pcp[n->cpu];

			while (pcp->count > 0)
				drain_from(n, &n->zones[i], pcp,
					   turns ? pcp->count : pcp->batch << 5, 0);
		}
	}
	n->cpu = cpu;
}

void naive_split(struct naive *n, uint64_t pfn, unsigned int order)
{
	struct naive_frame *head = &n->frames[pfn - n->base];

	head->order = 0;
	for (uint32_t i = 1; i < 1U << order; i++)
		head[i] = *head;
}

/* --- the machine --- */

static void copy_zone(struct naive *n, const struct page_allocator *pa, unsigned int at)
{
	struct naive_zone *z = &n->zones[at];
	struct zone_info info;

	zone_info(pa, at, &info);
	z->node = info.node;
	z->type = info.type;
	z->start = (uint32_t)(info.start_pfn - n->base);
	z->end = (uint32_t)(info.end_pfn - n->base);
	z->managed = info.managed;
	z->threshold = (int)info.stat_threshold;
	memcpy(z->mark, info.mark, sizeof(z->mark));
	memcpy(z->reserve, info.lowmem_reserve, sizeof(z->reserve));
	for (unsigned int cpu = 0; cpu < n->nr_cpus; cpu++) {
		struct zone_pcp_info limits;

		zone_pcp_info(pa, at, cpu, &limits);
		z->pcp[cpu].high = (int)limits.high;
		z->pcp[cpu].high_min = (int)limits.high_min;
		z->pcp[cpu].high_max = (int)limits.high_max;
		z->pcp[cpu].batch = (int)limits.batch;
	}
}

/* The part of a range that lies in a zone, in the largest blocks that fit, from the bottom up. */
static void hand_over(struct naive *n, struct naive_zone *z, uint32_t at, uint32_t end)
{
	const bool to_tail = !n->rules->boots_to_head &&
			     (z->type != ZONE_HIGHMEM || !n->rules->highmem_one_by_one);

	while (at < end) {
		unsigned int order = 0;

		while (order < NAIVE_ORDERS - 1 && !(at & (1U << order)) &&
		       at + (2U << order) <= end)
			order++;
		naive_set_block_types(n, at, order, MIGRATE_MOVABLE);
		naive_free_block(n, z, at, order, MIGRATE_MOVABLE, to_tail);
		at += 1U << order;
	}
}

void naive_init(struct naive *n, const struct machine_config *config,
		const struct page_allocator *pa)
{
	const struct machine_range *ranges = config->ranges.items;

	memset(n, 0, sizeof(*n));
	n->rules = page_allocator_profile(pa);
	n->base = ranges[0].start >> 10 << 10;
	n->nr_frames = (uint32_t)((ranges[config->ranges.nr - 1].end + 1023 - n->base) >> 10 << 10);
	n->frames = xcalloc(n->nr_frames, sizeof(*n->frames));
	n->block_types = xcalloc(n->nr_frames >> NAIVE_BLOCK, 1);
	n->nr_zones = zone_count(pa);
	n->nr_nodes = config->nr_nodes;
	n->nr_cpus = config->nr_cpus;
	n->use_pcp = config->pcp;
	n->is_32bit = config->arch == ARCH_X86_32;
	for (unsigned int i = 0; i < n->nr_zones; i++)
		copy_zone(n, pa, i);
	for (size_t i = 0; i < config->ranges.nr; i++) {
		for (unsigned int z = 0; z < n->nr_zones; z++) {
			struct naive_zone *zone = &n->zones[z];
			const uint32_t start = (uint32_t)(ranges[i].start - n->base);
			const uint32_t end = (uint32_t)(ranges[i].end - n->base);

			if (zone->node == ranges[i].node)
				hand_over(n, zone, MAX(start, zone->start), MIN(end, zone->end));
		}
	}
	for (unsigned int z = 0; z < n->nr_zones; z++) {
		n->zones[z].booked = n->zones[z].nr_free;
		n->zones[z].pcp[0].stat = 0;
	}
}

void naive_deinit(struct naive *n)
{
	for (unsigned int z = 0; z < n->nr_zones; z++) {
		for (unsigned int o = 0; o < NAIVE_ORDERS; o++) {
			for (unsigned int type = 0; type < MIGRATE_NR; type++)
				free(n->zones[z].free[o][type].frames);
		}
		for (unsigned int cpu = 0; cpu < NAIVE_CPUS; cpu++) {
			for (unsigned int list = 0; list < NAIVE_LISTS; list++)
				free(n->zones[z].pcp[cpu].lists[list].frames);
		}
	}
	free(n->frames);
	free(n->block_types);
}
