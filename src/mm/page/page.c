/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page allocator's calls: allocate, free, bulk, split, reserve, follow; creation and the
 * hand-over of memory at boot. What they rest on, bottom up:
 *
 *	free_area  blocks on lists          buddy      merging and splitting
 *	fallback   other types' blocks      highatomic the reserve for atomic requests
 *	pcp        per-CPU lists            freelist   which zone serves
 *	zone/      zones, watermarks        reclaim/   slow path, kswapd, compaction, OOM
 *
 * Mirrors __alloc_pages(), free_unref_page(), alloc_pages_bulk_noprof(), split_page() and
 * memblock_free_all().
 */
#include <config.h>

#include "kmreplay/mm/page_parts.h"
#include "kmreplay/mm/tap.h"

#include <stdlib.h>
#include <sys/mman.h>

static struct mm_outcome alloc_untold(struct page_allocator *pa, unsigned int cpu, uint32_t gfp,
				      unsigned int order, int node, unsigned int context);
static void tell_alloc(const struct page_allocator *pa, unsigned int cpu, struct mm_outcome out,
		       uint32_t gfp, unsigned int order);
static bool map_metadata(struct page_allocator *pa, const struct machine_config *config,
			 struct error *err);
static void *map_zeroed(size_t size);
static void copy_config(struct page_allocator *pa, const struct machine_config *config);
static uint32_t fast_path(struct page_allocator *pa, struct page_request *req);
static struct mm_outcome finish(const struct page_allocator *pa, uint64_t addr,
				enum mm_failure failure);
static enum mm_failure failure_reason(struct page_allocator *pa, const struct page_request *req);
static unsigned int bulk_flags(const struct page_request *req);
static unsigned int bulk_take(struct page_allocator *pa, const struct page_request *req,
			      unsigned int nr, uint64_t *pfns);
static struct zone *page_zone_of(struct page_allocator *pa, uint32_t index);
static bool set_mobility(struct page_allocator *pa, uint64_t pfn, enum migratetype from,
			 enum migratetype to);

struct page_allocator *page_allocator_create(const struct machine_config *config,
					     const struct page_ops *ops, void *ctx,
					     struct error *err)
{
	struct page_allocator *pa = xcalloc(1, sizeof(*pa));

	pa->profile = config->page_profile ? config->page_profile :
					     page_profile_for(config->kernel);
	if (ops)
		pa->ops = *ops;
	pa->ctx = ctx;
	copy_config(pa, config);
	if (!zones_create(pa, config, err) || !map_metadata(pa, config, err)) {
		page_allocator_destroy(pa);
		return NULL;
	}
	if (!page_start_build(pa, config, err)) {
		page_allocator_destroy(pa);
		return NULL;
	}
	page_start_limits(pa, config->start);
	pa->stats = (struct page_stats){ 0 };
	return pa;
}

void page_allocator_destroy(struct page_allocator *pa)
{
	if (!pa)
		return;
	if (pa->pages)
		munmap(pa->pages, (size_t)pa->nr_pages * sizeof(*pa->pages));
	if (pa->tops)
		munmap(pa->tops, (size_t)(pa->nr_pages >> KERNEL_MAX_ORDER) * sizeof(*pa->tops));
	if (pa->block_types)
		munmap(pa->block_types, pa->nr_pages >> pa->block_order);
	page_watch_end(pa);
	cma_destroy(pa);
	vec_deinit(&pa->ranges);
	vec_deinit(&pa->reserved);
	zones_destroy(pa);
	free(pa);
}

const struct page_profile *page_allocator_profile(const struct page_allocator *pa)
{
	return pa->profile;
}

const struct page_stats *page_allocator_stats(const struct page_allocator *pa)
{
	return &pa->stats;
}

void page_count_anew(struct page_allocator *pa)
{
	pa->stats = (struct page_stats){ 0 };
}

struct mm_outcome page_alloc(struct page_allocator *pa, unsigned int cpu, uint32_t gfp,
			     unsigned int order, int node, unsigned int context)
{
	const struct mm_outcome out = alloc_untold(pa, cpu, gfp, order, node, context);

	if (unlikely(pa->tap))
		tell_alloc(pa, cpu, out, gfp_apply_scopes(gfp, context), order);
	return out;
}

static struct mm_outcome alloc_untold(struct page_allocator *pa, unsigned int cpu, uint32_t gfp,
				      unsigned int order, int node, unsigned int context)
{
	struct page_request req;
	struct zone *zone;
	uint32_t index;

	page_begin(pa, cpu);
	if (unlikely(order > KERNEL_MAX_ORDER))
		return finish(pa, 0, MM_FAIL_ORDER);
	if (unlikely(context & PAGE_CTX_SCOPES))
		gfp = gfp_apply_scopes(gfp, context);
	if (unlikely(!request_init(pa, &req, gfp, order, node)))
		return finish(pa, 0, MM_FAIL_NO_ZONE);
	req.context = context;
	index = fast_path(pa, &req);
	if (unlikely(index == PAGE_NIL))
		index = slowpath_alloc(pa, &req);
	if (unlikely(index == PAGE_NIL)) {
		pa->stats.failures++;
		pa->stats.failures_of[order]++;
		pa->failed = (struct page_failure_request){
			.gfp = gfp, .order = order, .cpu = cpu, .node = node, .context = context
		};
		return finish(pa, 0, failure_reason(pa, &req));
	}
	zone = page_zone_of(pa, index);
	page_set_used(pa, zone, index, order, req.mobility);
	if (gfp & GFP_BIT_ZERO)
		work_cost(pa, (uint64_t)pa->costs.zero_page << order);
	pa->stats.allocs++;
	pa->stats.allocs_of[order]++;
	pa->stats.alloc_pages += 1ULL << order;
	pa->work.pfmemalloc = req.alloc_flags & ALLOC_NO_WATERMARKS;
	return finish(pa, pa->base_pfn + index, MM_FAIL_NONE);
}

bool page_was_pfmemalloc(const struct page_allocator *pa)
{
	return pa->work.pfmemalloc;
}

struct mm_outcome page_free(struct page_allocator *pa, unsigned int cpu, uint64_t pfn,
			    unsigned int order)
{
	const uint32_t index = (uint32_t)(pfn - pa->base_pfn);
	struct page *page;
	struct zone *zone;

	page_begin(pa, cpu);
	BUG_ON(pfn < pa->base_pfn || pfn - pa->base_pfn >= pa->nr_pages);
	page = &pa->pages[index];
	BUG_ON(page->state != PAGE_USED || page->order != order);
	mm_tap(pa->tap, &(struct mm_tapped){ .kind = MM_TAP_PAGE_FREE, .cpu = cpu, .addr = pfn,
					     .order = (uint8_t)order });
	zone = &pa->zones[page->zone];
	page_set_unused(pa, zone, index);
	pa->stats.frees++;
	pa->stats.free_pages += 1ULL << order;
	page_put(pa, zone, index, order);
	return finish(pa, pfn, MM_FAIL_NONE);
}

void page_free_run(struct page_allocator *pa, unsigned int cpu, uint64_t pfn, unsigned int order)
{
	const uint32_t index = (uint32_t)(pfn - pa->base_pfn);
	struct zone *zone;

	page_begin(pa, cpu);
	BUG_ON(pfn < pa->base_pfn || pfn - pa->base_pfn >= pa->nr_pages);
	mm_tap(pa->tap, &(struct mm_tapped){ .kind = MM_TAP_PAGE_FREE, .cpu = cpu, .addr = pfn,
					     .order = (uint8_t)order });
	zone = page_zone_of(pa, index);
	for (uint32_t i = index; i < index + (1U << order); i++) {
		BUG_ON(pa->pages[i].state != PAGE_USED || pa->pages[i].order);
		page_set_unused(pa, zone, i);
	}
	pa->stats.frees += 1ULL << order;
	pa->stats.free_pages += 1ULL << order;
	page_put(pa, zone, index, order);
}

unsigned int page_alloc_bulk(struct page_allocator *pa, unsigned int cpu, uint32_t gfp, int node,
			     unsigned int nr, uint64_t *pfns)
{
	struct page_request req;
	struct mm_outcome single;
	unsigned int got;

	if (!nr)
		return 0;
	page_begin(pa, cpu);
	/* One page, or pages to be charged one by one: the ordinary way. */
	if (nr > 1 && !(gfp & GFP_BIT_ACCOUNT) && pa->pcp_enabled &&
	    request_init(pa, &req, gfp, 0, node)) {
		got = bulk_take(pa, &req, nr, pfns);
		if (got) {
			pa->stats.bulk_pages += got;
			return got;
		}
	}
	single = page_alloc(pa, cpu, gfp, 0, node, 0);
	if (!mm_ok(single))
		return 0;
	pfns[0] = single.addr;
	return 1;
}

void page_set_tap(struct page_allocator *pa, const struct mm_tap *tap)
{
	pa->tap = tap;
}

/* trace_mm_page_alloc(), which tells of failures, too */
static void tell_alloc(const struct page_allocator *pa, unsigned int cpu, struct mm_outcome out,
		       uint32_t gfp, unsigned int order)
{
	const uint8_t type = gfp & GFP_BIT_MOVABLE ? MIGRATE_MOVABLE :
			     gfp & GFP_BIT_RECLAIMABLE ? MIGRATE_RECLAIMABLE : MIGRATE_UNMOVABLE;

	mm_tap(pa->tap, &(struct mm_tapped){
		.kind = MM_TAP_PAGE_ALLOC,
		.cpu = cpu,
		.failed = !mm_ok(out),
		.order = (uint8_t)order,
		.type = type,
		.gfp = gfp,
		.addr = out.addr,
	});
}

bool page_reserve(struct page_allocator *pa, uint64_t pfn, unsigned int order)
{
	const uint64_t index = pfn - pa->base_pfn;

	page_begin(pa, 0);
	if (order > KERNEL_MAX_ORDER || pfn < pa->base_pfn || index >= pa->nr_pages ||
	    (index & ((1ULL << order) - 1)) || !buddy_take_at(pa, (uint32_t)index, order))
		return false;
	page_set_used(pa, page_zone_of(pa, (uint32_t)index), (uint32_t)index, order,
		      MIGRATE_UNMOVABLE);
	return true;
}

bool page_alloc_at(struct page_allocator *pa, unsigned int cpu, uint32_t gfp, uint64_t pfn,
		   unsigned int order)
{
	const enum migratetype type = pa->mobility ? gfp_policy_migratetype(gfp) :
						     MIGRATE_UNMOVABLE;
	const uint64_t at = pfn - pa->base_pfn;
	const uint32_t index = (uint32_t)at;
	unsigned int held;
	uint32_t head;
	bool got = false;

	page_begin(pa, cpu);
	if (order <= KERNEL_MAX_ORDER && pfn >= pa->base_pfn && at < pa->nr_pages &&
	    !(at & ((1ULL << order) - 1))) {
		const struct page *page = &pa->pages[index];

		if (page->state == PAGE_PCP && page->order == order) {
			pcp_unlink(pa, index);
			got = true;
		} else if (area_find(pa, index, &head, &held) && held >= order) {
			fallback_follow(pa, index, type);
			got = buddy_take_at(pa, index, order);
		}
	}
	if (!got) {
		pa->stats.follow_misses++;
		return false;
	}
	page_set_used(pa, page_zone_of(pa, index), index, order, gfp_policy_migratetype(gfp));
	pa->stats.follow_allocs++;
	pa->stats.allocs++;
	pa->stats.allocs_of[order]++;
	pa->stats.alloc_pages += 1ULL << order;
	return true;
}

void page_drain_all(struct page_allocator *pa)
{
	page_begin(pa, 0);
	pcp_drain_all(pa, NULL);
}

void page_split(struct page_allocator *pa, uint64_t pfn, unsigned int order)
{
	const uint32_t index = (uint32_t)(pfn - pa->base_pfn);
	const struct page head = pa->pages[index];

	BUG_ON(pfn < pa->base_pfn || pfn - pa->base_pfn >= pa->nr_pages);
	BUG_ON(head.state != PAGE_USED || head.order != order);
	for (uint32_t i = 0; i < 1U << order; i++) {
		pa->pages[index + i] = head;
		pa->pages[index + i].order = 0;
	}
}

bool page_pin(struct page_allocator *pa, uint64_t pfn)
{
	return set_mobility(pa, pfn, MIGRATE_MOVABLE, MIGRATE_UNMOVABLE);
}

void page_unpin(struct page_allocator *pa, uint64_t pfn)
{
	(void)set_mobility(pa, pfn, MIGRATE_UNMOVABLE, MIGRATE_MOVABLE);
}

bool page_is_allocated(const struct page_allocator *pa, uint64_t pfn, unsigned int *order)
{
	const struct page *page;

	if (pfn < pa->base_pfn || pfn - pa->base_pfn >= pa->nr_pages)
		return false;
	page = &pa->pages[pfn - pa->base_pfn];
	if (page->state != PAGE_USED)
		return false;
	*order = page->order;
	return true;
}

bool page_is_free(const struct page_allocator *pa, uint64_t pfn)
{
	const uint64_t index = pfn - pa->base_pfn;
	unsigned int order;
	uint32_t head;

	if (pfn < pa->base_pfn || index >= pa->nr_pages)
		return false;
	if (area_find(pa, (uint32_t)index, &head, &order))
		return true;
	for (unsigned int o = 0; o <= PCP_THP_ORDER; o++) {
		const struct page *page = &pa->pages[bits_align_down(index, 1ULL << o)];

		if (page->state == PAGE_PCP && page->order == o)
			return true;
	}
	return false;
}

uint64_t page_total(const struct page_allocator *pa)
{
	return pa->total;
}

uint64_t page_free_total(const struct page_allocator *pa)
{
	uint64_t used = 0;

	for (unsigned int i = 0; i < pa->nr_zones; i++)
		used += pa->zones[i].used;
	return pa->total - used;
}

unsigned int request_fast_flags(const struct page_allocator *pa, const struct page_request *req)
{
	const struct zone *preferred = &pa->zones[req->node->zonelist[req->preferred]];
	unsigned int flags = gfp_policy_fast_flags(req->gfp, req->type);

	/*
	 * alloc_flags_nofragment(): where there is a DMA32 to turn to. 32-bit kernels have none
	 * and never ask for it.
	 */
	if (preferred->type == ZONE_NORMAL && pa->arch != ARCH_X86_32 &&
	    (pa->nr_nodes == 1 || pa->nodes[preferred->node].dma32_populated))
		flags |= ALLOC_NOFRAGMENT;
	return flags & pa->obeyed;
}

void page_begin(struct page_allocator *pa, unsigned int cpu)
{
	BUG_ON(cpu >= pa->nr_cpus);
	pa->cpu = cpu;
	pa->work = (struct page_work){ .path = MM_PATH_NONE };
}

void page_set_used(struct page_allocator *pa, struct zone *zone, uint32_t index,
		   unsigned int order, enum migratetype type)
{
	struct page *page = &pa->pages[index];

	page->state = PAGE_USED;
	page->order = (uint8_t)order;
	page->type = (uint8_t)type;
	page->zone = zone->index;
	zone->used += 1ULL << order;
	if (type == MIGRATE_MOVABLE)
		zone->movable += 1ULL << order;
	if (unlikely(pa->block_map))
		block_map_used(pa->block_map, index, order, type, false);
}

void page_set_unused(struct page_allocator *pa, struct zone *zone, uint32_t index)
{
	struct page *page = &pa->pages[index];

	page->state = PAGE_NONE;
	zone->used -= 1ULL << page->order;
	if (page->type == MIGRATE_MOVABLE)
		zone->movable -= 1ULL << page->order;
	if (unlikely(pa->block_map))
		block_map_used(pa->block_map, index, page->order, page->type, true);
}

void page_put(struct page_allocator *pa, struct zone *zone, uint32_t index, unsigned int order)
{
	const enum migratetype type = block_type(pa, index);

	if (pa->pcp_enabled && order_has_pcp(pa, order) && type != MIGRATE_ISOLATE) {
		pcp_free(pa, zone, index, order, type);
		return;
	}
	work_free_path(pa, MM_PATH_BUDDY_FREE);
	work_cost(pa, pa->costs.zone_lock);
	pa->stats.buddy_frees++;
	buddy_free(pa, zone, index, order, false);
}

static void copy_config(struct page_allocator *pa, const struct machine_config *config)
{
	pa->costs = config->costs;
	pa->mobility = config->mobility_grouping;
	pa->pcp_enabled = config->pcp;
	pa->pcp_batch = config->pcp_batch;
	pa->pcp_high = config->pcp_high;
	pa->thp = config->thp;
	pa->min_free_given = config->min_free_kbytes;
	pa->scale_factor = config->watermark_scale_factor;
	/* Only kswapd works a boost off: without it there is none. */
	pa->boost_factor = config->kswapd && !pa->profile->mixes_types ?
				   config->watermark_boost_factor : 0;
	for (size_t i = 0; i < ZONE_NR; i++)
		pa->reserve_ratio[i] = config->lowmem_reserve_ratio[i];
	pa->direct_reclaim = config->direct_reclaim;
	pa->direct_compaction = config->direct_compaction;
	pa->oom_kill = config->oom_kill;
	pa->extfrag_threshold = (int)config->extfrag_threshold;
	pa->obeyed = gfp_policy_obeyed_flags(pa->profile, config);
	pa->gfp_obeyed = gfp_policy_obeyed_bits(config);
}

/* Maps metadata for the span of "config"'s ranges; all pageblocks are MOVABLE at first. */
static bool map_metadata(struct page_allocator *pa, const struct machine_config *config,
			 struct error *err)
{
	const uint32_t block = block_pages(pa);

	pa->pages = map_zeroed((size_t)pa->nr_pages * sizeof(*pa->pages));
	pa->tops = map_zeroed((size_t)(pa->nr_pages >> KERNEL_MAX_ORDER) * sizeof(*pa->tops));
	pa->block_types = map_zeroed(pa->nr_pages >> pa->block_order);
	if (!pa->pages || !pa->tops || !pa->block_types)
		return error_set(err, "cannot reserve address space for %lu pages of metadata",
				 (unsigned long)pa->nr_pages);
	for (size_t i = 0; i < config->ranges.nr; i++) {
		const struct machine_range *range = &config->ranges.items[i];
		const uint64_t start = range->start - pa->base_pfn;
		const uint64_t end = bits_align_up(range->end - pa->base_pfn, block);

		for (uint64_t at = bits_align_down(start, block); at < end; at += block)
			pa->block_types[at >> pa->block_order] = MIGRATE_MOVABLE;
	}
	return true;
}

/* Zeroed memory that costs nothing until it is touched; NULL if there is no room for it. */
static void *map_zeroed(size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

/* The first try of __alloc_pages(): low mark, no fragmentation. */
static uint32_t fast_path(struct page_allocator *pa, struct page_request *req)
{
	if (unlikely(pa->kswapd_pending) && !(req->context & PAGE_CTX_IRQ))
		kswapd_run(pa);
	req->alloc_flags = request_fast_flags(pa, req);
	return freelist_get(pa, req);
}

static unsigned int bulk_flags(const struct page_request *req)
{
	return ALLOC_WMARK_LOW | ALLOC_CPUSET | (req->type == MIGRATE_MOVABLE ? ALLOC_CMA : 0);
}

struct zone *page_bulk_zone(struct page_allocator *pa, const struct page_request *req,
			    unsigned int nr)
{
	const unsigned int flags = bulk_flags(req);
	const unsigned int home = request_zone(pa, req, req->preferred)->node;

	for (uint32_t i = req->preferred; i < req->nr_zones; i++) {
		struct zone *z = request_zone(pa, req, i);

		if (z->type > req->highest)
			continue;
		if (z->node != home)
			break;
		/* The reserve is kept as against the preferred zone, unlike anywhere else. */
		if (watermark_ok(z, 0, zone_wmark(z, ZONE_MARK_LOW) + nr,
				 request_zone(pa, req, req->preferred)->type, flags,
				 z->free_stat))
			return z;
	}
	return NULL;
}

/* Takes from this CPU's order-0 list, refilling it, in one zone that can give all of "nr". */
static unsigned int bulk_take(struct page_allocator *pa, const struct page_request *req,
			      unsigned int nr, uint64_t *pfns)
{
	struct zone *zone = page_bulk_zone(pa, req, nr);
	unsigned int got = 0;

	for (; zone && got < nr; got++) {
		const uint32_t index = pcp_alloc(pa, zone, 0, req->type, bulk_flags(req), true);

		if (index == PAGE_NIL)
			break;
		page_set_used(pa, zone, index, 0, req->mobility);
		pfns[got] = pa->base_pfn + index;
	}
	pa->stats.allocs += got;
	pa->stats.allocs_of[0] += got;
	pa->stats.alloc_pages += got;
	return got;
}

static struct zone *page_zone_of(struct page_allocator *pa, uint32_t index)
{
	return &pa->zones[pa->pages[index].zone];
}

static struct mm_outcome finish(const struct page_allocator *pa, uint64_t addr,
				enum mm_failure failure)
{
	return (struct mm_outcome){
		.addr = addr,
		.cost_ns = pa->work.cost_ns,
		.steps = (uint16_t)MIN(pa->work.steps, (uint32_t)UINT16_MAX),
		.path = (uint8_t)pa->work.path,
		.failure = (uint8_t)failure,
	};
}

/* Why nothing was found: by the state that the last attempt met. */
static enum mm_failure failure_reason(struct page_allocator *pa, const struct page_request *req)
{
	bool boosted = false;
	uint64_t nr_free = 0;

	for (uint32_t i = req->preferred; i < req->nr_zones; i++) {
		const struct zone *zone = request_zone(pa, req, i);

		if (zone->type > req->highest)
			continue;
		nr_free += zone->free;
		if (req->order && watermark_ok(zone, 0, zone_wmark(zone, ZONE_MARK_MIN) +
						       (1ULL << req->order) - 1,
					       req->highest, req->alloc_flags, zone->free_stat))
			return MM_FAIL_NO_BLOCK;
		/* The boost may have ended since. */
		boosted |= watermark_ok(zone, req->order, zone->mark[ZONE_MARK_MIN], req->highest,
					req->alloc_flags, zone->free_stat);
	}
	if (boosted)
		return MM_FAIL_BOOST;
	return nr_free < 1ULL << req->order ? MM_FAIL_NO_MEMORY : MM_FAIL_WATERMARK;
}

static bool set_mobility(struct page_allocator *pa, uint64_t pfn, enum migratetype from,
			 enum migratetype to)
{
	const uint32_t index = (uint32_t)(pfn - pa->base_pfn);
	const struct page *page;
	struct zone *zone;

	BUG_ON(pfn < pa->base_pfn || pfn - pa->base_pfn >= pa->nr_pages);
	page = &pa->pages[index];
	zone = &pa->zones[page->zone];
	BUG_ON(page->state != PAGE_USED);
	if (page->type != from)
		return false;
	page_set_unused(pa, zone, index);
	page_set_used(pa, zone, index, page->order, to);
	return true;
}
