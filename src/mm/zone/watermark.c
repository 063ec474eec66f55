/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watermarks: how much of each zone is kept back, and for whom.
 *
 *	free pages
 *	  |  high   kswapd stops here
 *	  |  low    kswapd is woken; ordinary requests stop here at first
 *	  |  min    ordinary requests that may sleep stop here for good
 *	  |         atomic requests: three eighths of min; OOM victims: half
 *	  0         __GFP_MEMALLOC and reclaim itself
 *
 * min comes from min_free_kbytes, which grows with the square root of low memory; low and high lie
 * a quarter of min, or a thousandth of the zone, further up each. A boost raises all of them after
 * migratetypes were mixed. A request that may use a higher zone has to leave lowmem_reserve free in
 * a lower one.
 *
 * Mirrors init_per_zone_wmark_min(), __setup_per_zone_wmarks(), setup_per_zone_lowmem_reserve(),
 * set_recommended_min_free_kbytes(), calculate_normal_threshold(), __zone_watermark_ok() and
 * zone_watermark_fast() of 6.1 and 6.12.
 */
#include <config.h>

#include "kmreplay/mm/page_parts.h"

static uint64_t isqrt(uint64_t x);
static uint64_t buffer_pages(const struct page_allocator *pa);
static int64_t thp_min_free_kbytes(const struct page_allocator *pa);
static bool is_highmem(const struct page_allocator *pa, const struct zone *zone);
static void zone_marks(const struct page_allocator *pa, struct zone *zone, uint64_t lowmem_pages);
static void zone_reserves(const struct page_allocator *pa, struct zone *zone);
static int64_t default_min_free_kbytes(const struct page_allocator *pa);
static int stat_threshold(const struct page_allocator *pa, const struct zone *zone);
static int64_t highatomic_free(const struct zone *zone, unsigned int alloc_flags);
static int64_t cma_free(const struct zone *zone, unsigned int alloc_flags);
static bool has_block(const struct zone *zone, unsigned int order, unsigned int alloc_flags);

void watermarks_setup(struct page_allocator *pa)
{
	watermarks_reserves(pa);
	watermarks_thresholds(pa);
	if (pa->min_free_given >= 0) /* as the sysctl, set after boot */
		pa->min_free_kbytes = MIN(pa->min_free_given, (int64_t)1 << 42); /* 4 PiB: all */
	else
		pa->min_free_kbytes = default_min_free_kbytes(pa);
	watermarks_update(pa);
}

void watermarks_reserves(struct page_allocator *pa)
{
	for (unsigned int i = 0; i < pa->nr_zones; i++)
		zone_reserves(pa, &pa->zones[i]);
}

void watermarks_huge_pages(struct page_allocator *pa)
{
	const uint64_t thp_memory = 512ULL << (20 - KERNEL_PAGE_SHIFT);
	int64_t wanted;

	if (pa->min_free_given >= 0 || !pa->thp || pa->total < thp_memory)
		return;
	wanted = thp_min_free_kbytes(pa);
	if (wanted <= pa->min_free_kbytes)
		return;
	pa->min_free_kbytes = wanted;
	watermarks_update(pa);
}

void watermarks_thresholds(struct page_allocator *pa)
{
	for (unsigned int i = 0; i < pa->nr_zones; i++)
		pa->zones[i].stat_threshold = stat_threshold(pa, &pa->zones[i]);
}

/*
 * While kswapd is up each CPU may keep a difference as large as what lies between the min and the
 * low mark, divided among the CPUs (calculate_pressure_threshold()). That is for zones with a
 * percpu_drift_mark: all of a machine whose CPUs came up while there were no marks yet, where any
 * difference could hide that the min mark is passed. Later it is never taken back.
 */
void watermarks_pressure(struct page_allocator *pa, const struct node *node, bool pressure)
{
	if (pa->nr_online < 2)
		return;
	for (uint32_t i = 0; i < node->nr_own; i++) {
		struct zone *zone = &pa->zones[node->zonelist[i]];
		const uint64_t distance = zone->mark[ZONE_MARK_LOW] - zone->mark[ZONE_MARK_MIN];

		zone->stat_threshold = stat_threshold(pa, zone);
		if (pressure)
			zone->stat_threshold = (int)MIN(MAX(distance / pa->nr_online, (uint64_t)1),
							(uint64_t)125);
	}
}

/* What the counter lacks, or has too much, CPUs still have to book, as far as they may. */
void zone_book(const struct page_allocator *pa, struct zone *zone, int64_t free_stat)
{
	int64_t missing = (int64_t)zone->free - free_stat;

	zone->free_stat = (int64_t)zone->free;
	for (unsigned int cpu = 0; cpu < pa->nr_cpus; cpu++) {
		const int64_t most = zone->stat_threshold;
		const int64_t part = MAX(MIN(missing, most), -most);

		zone->pcps[cpu].stat_diff = (int8_t)part;
		zone->free_stat -= part;
		missing -= part;
	}
}

void watermarks_update(struct page_allocator *pa)
{
	uint64_t lowmem_pages = 0;

	for (unsigned int i = 0; i < pa->nr_zones; i++) {
		const struct zone *zone = &pa->zones[i];

		if (!is_highmem(pa, zone) &&
		    !(zone->type == ZONE_MOVABLE && pa->profile->movable_own_watermark))
			lowmem_pages += zone->managed;
	}
	for (unsigned int i = 0; i < pa->nr_zones; i++) {
		zone_marks(pa, &pa->zones[i], MAX(lowmem_pages, (uint64_t)1));
		pcp_setup_zone(pa, &pa->zones[i]);
	}
}

struct watermark_sum watermark_sum(const struct zone *zone, unsigned int order, uint64_t mark,
				   enum zone_type highest, unsigned int alloc_flags,
				   int64_t free)
{
	return (struct watermark_sum){
		.free = MAX(free, (int64_t)0),
		.order = (1LL << order) - 1,
		.highatomic = highatomic_free(zone, alloc_flags),
		.cma = cma_free(zone, alloc_flags),
		.mark = (int64_t)mark,
		.min = gfp_policy_mark(zone->profile, alloc_flags, (int64_t)mark),
		.reserve = (int64_t)zone->reserve[highest],
	};
}

bool watermark_ok(const struct zone *zone, unsigned int order, uint64_t mark,
		  enum zone_type highest, unsigned int alloc_flags, int64_t free)
{
	const struct watermark_sum sum =
		watermark_sum(zone, order, mark, highest, alloc_flags, free);

	if (watermark_usable(&sum) <= sum.min + sum.reserve)
		return false;
	return !order || has_block(zone, order, alloc_flags);
}

bool watermark_fast(const struct zone *zone, const struct page_request *req,
		    unsigned int alloc_flags)
{
	const unsigned int which = alloc_flags & ALLOC_WMARK_MASK;
	const uint64_t mark = zone_wmark(zone, which);
	bool retry;

	if (!req->order) {
		const int64_t usable =
			MAX(zone->free_stat, (int64_t)0) -
			(zone->profile->fast_mark_sees_all ?
				 0 : highatomic_free(zone, alloc_flags)) -
			cma_free(zone, alloc_flags);

		if (likely(usable > (int64_t)(mark + zone->reserve[req->highest])))
			return true;
	}
	if (watermark_ok(zone, req->order, mark, req->highest, alloc_flags, zone->free_stat))
		return true;
	/* A boost is there to help atomic requests later, so it must not fail them now. */
	retry = zone->profile->unboosted_retry_by_reserve ? alloc_flags & ALLOC_MIN_RESERVE :
							  req->gfp & GFP_BIT_ATOMIC;
	if (req->order || !retry || !zone->boost || which != ALLOC_WMARK_MIN)
		return false;
	return watermark_ok(zone, 0, zone->mark[ZONE_MARK_MIN], req->highest, alloc_flags,
			    zone->free_stat);
}

/* The largest number whose square is at most "x" (int_sqrt). */
static uint64_t isqrt(uint64_t x)
{
	uint64_t root = 0;

	for (uint64_t bit = 1ULL << 31; bit; bit >>= 1) {
		const uint64_t try = root | bit;

		if (try * try <= x)
			root = try;
	}
	return root;
}

/* calculate_min_free_kbytes() */
static int64_t default_min_free_kbytes(const struct page_allocator *pa)
{
	const int64_t kbytes = (int64_t)isqrt(buffer_pages(pa) * 4 * 16);

	return MIN(MAX(kbytes, (int64_t)128), (int64_t)pa->profile->min_free_most);
}

/* nr_free_buffer_pages(): what zones up to Normal hold beyond their high mark. */
static uint64_t buffer_pages(const struct page_allocator *pa)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < pa->nr_zones; i++) {
		const struct zone *zone = &pa->zones[i];
		const uint64_t high = zone_wmark(zone, ZONE_MARK_HIGH);

		if (zone->type <= ZONE_NORMAL && zone->managed > high)
			sum += zone->managed - high;
	}
	return sum;
}

/*
 * khugepaged's wish: in each zone two free pageblocks, and one for each pair of types that may fall
 * back on another, so that types seldom mix; at most a twentieth of low memory.
 */
static int64_t thp_min_free_kbytes(const struct page_allocator *pa)
{
	uint64_t nr_zones = 0, pages;

	for (unsigned int i = 0; i < pa->nr_zones; i++)
		nr_zones += pa->zones[i].type <= ZONE_NORMAL;
	pages = block_pages(pa) * nr_zones * (2 + PCP_TYPES * PCP_TYPES);
	pages = MIN(pages, buffer_pages(pa) / 20);
	return (int64_t)(pages << (KERNEL_PAGE_SHIFT - 10));
}

/* is_highmem(): Movable is what it was cut out of. */
static bool is_highmem(const struct page_allocator *pa, const struct zone *zone)
{
	return zone->type == ZONE_HIGHMEM || (zone->type == ZONE_MOVABLE && pa->movable_highmem);
}

static void zone_marks(const struct page_allocator *pa, struct zone *zone, uint64_t lowmem_pages)
{
	const uint64_t pages_min = (uint64_t)pa->min_free_kbytes >> (KERNEL_PAGE_SHIFT - 10);
	const uint64_t share =
		(uint64_t)((unsigned __int128)pages_min * zone->managed / lowmem_pages);
	const uint64_t step = MAX(share / 4, per_10000(zone->managed, pa->scale_factor));

	zone->boost = 0;
	zone->mark[ZONE_MARK_MIN] = share;
	if (is_highmem(pa, zone) ||
	    (zone->type == ZONE_MOVABLE && pa->profile->movable_own_watermark))
		zone->mark[ZONE_MARK_MIN] = MIN(
			MAX(zone->managed / 1024, (uint64_t)SWAP_CLUSTER_MAX), (uint64_t)128);
	zone->mark[ZONE_MARK_LOW] = zone->mark[ZONE_MARK_MIN] + step;
	zone->mark[ZONE_MARK_HIGH] = zone->mark[ZONE_MARK_LOW] + step;
	zone->mark[ZONE_MARK_PROMO] = zone->mark[ZONE_MARK_HIGH] + step;
}

/* What "zone" keeps from requests that could go to each higher zone of its node. */
static void zone_reserves(const struct page_allocator *pa, struct zone *zone)
{
	const unsigned int ratio = pa->reserve_ratio[zone->type];
	uint64_t above = 0;

	for (unsigned int type = zone->type + 1U; type < ZONE_NR; type++) {
		for (unsigned int i = 0; i < pa->nr_zones; i++) {
			if (pa->zones[i].node == zone->node && pa->zones[i].type == type)
				above += pa->zones[i].managed;
		}
		zone->reserve[type] = ratio ? above / ratio : 0;
	}
}

/* calculate_normal_threshold() */
static int stat_threshold(const struct page_allocator *pa, const struct zone *zone)
{
	const uint64_t mem = zone->managed >> (27 - KERNEL_PAGE_SHIFT);

	return (int)MIN(2 * bits_fls(pa->nr_online) * (1 + bits_fls(mem)), 125U);
}

/* Free pages set aside that this request cannot have (__zone_watermark_unusable_free). */
static int64_t highatomic_free(const struct zone *zone, unsigned int alloc_flags)
{
	if (gfp_policy_counts_highatomic(zone->profile, alloc_flags))
		return 0;
	return (int64_t)(zone->profile->highatomic == HIGHATOMIC_ONE_PERCENT_ALIGNED ?
				 zone->free_highatomic :
				 zone->reserved_highatomic);
}

/* The same of free pages of CMA areas. */
static int64_t cma_free(const struct zone *zone, unsigned int alloc_flags)
{
	return alloc_flags & ALLOC_CMA ? 0 : MAX(zone->apart.cma_stat, (int64_t)0);
}

static bool has_block(const struct zone *zone, unsigned int order, unsigned int alloc_flags)
{
	for (unsigned int o = order; o < KERNEL_NR_ORDERS; o++) {
		const struct free_area *area = &zone->area[o];

		if (!area->nr_free)
			continue;
		for (unsigned int type = 0; type < PCP_TYPES; type++) {
			if (area->lists[type].first != PAGE_NIL)
				return true;
		}
		if ((alloc_flags & ALLOC_CMA) && area->lists[MIGRATE_CMA].first != PAGE_NIL)
			return true;
		if ((alloc_flags & (ALLOC_HIGHATOMIC | ALLOC_OOM)) &&
		    area->lists[MIGRATE_HIGHATOMIC].first != PAGE_NIL)
			return true;
	}
	return false;
}
