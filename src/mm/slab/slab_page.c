/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slabs come from the page allocator and go back to it: allocate_slab(), shuffle_freelist(),
 * discard_slab() of mm/slub.c, 6.1 and 6.12.
 *
 * Theory
 * ------
 * 1. A slab is first asked for at the cache's wished order, in a way that must not hurt: no
 *    warning, no retry, and if a smaller order would do, no reclaim. When that gives nothing, the
 *    smallest order that holds one object is asked for as earnestly as the caller allowed.
 * 2. Zone and mobility belong to the cache, never to the request: of the request's mask only how
 *    hard to try and where is kept.
 * 3. The order in which a new slab's slots are handed out is a permutation made once for the cache,
 *    entered at a random place: every slab of a cache is a rotation of one cycle. So the links of a
 *    new slab are a copy of the cycle, cut once.
 */
#include <config.h>

#include "slab_designs.h"
#include "slab_memcg.h"

#include "kmreplay/mm/gfp_derive.h"

#include <stdlib.h>
#include <string.h>

static_assert(sizeof(struct slab_page) <= 72, "a slab costs this and two bytes a slot");

static struct mm_outcome get_pages(struct slab_request *rq, uint32_t gfp, int node,
				   uint32_t *order);
static void sequence_init(struct slab_cache *cache);
static struct slab_page *make_page(struct slab_request *rq, struct mm_outcome got, uint32_t order);
static void links_ascend(struct slab_page *page);
static void links_rotate(struct slab_page *page);
static void links_pick(struct slab_page *page);
static int pfn_node(const struct slab_allocator *slab, uint64_t pfn);
static struct mm_outcome give_back(struct slab_allocator *slab, struct slab_page *page,
				   unsigned int cpu);

struct slab_page *slab_page_new(struct slab_request *rq, uint32_t gfp, int node)
{
	struct slab_page *page;
	struct mm_outcome got;
	uint32_t order;

	got = get_pages(rq, gfp, node, &order);
	slab_add_page_cost(&rq->out, got);
	if (!mm_ok(got)) {
		rq->out.failure = got.failure;
		return NULL;
	}
	page = make_page(rq, got, order);
	if (page) {
		slab_page_link(page);
		slab_memcg_new_page(rq, page, gfp);
	}
	return page;
}

struct slab_page *slab_page_of_own(struct slab_request *rq, uint32_t gfp)
{
	const unsigned int order = rq->cache->geometry.order;
	const uint32_t mask = gfp & ~(uint32_t)GFP_BIT_HIGHMEM;
	struct mm_outcome got = rq->slab->ops.alloc(rq->slab->ctx, rq->cpu, mask, order, rq->node,
						    rq->context);

	slab_add_page_cost(&rq->out, got);
	if (mm_ok(got))
		return make_page(rq, got, order);
	rq->out.failure = got.failure;
	return NULL;
}

struct slab_page *slab_page_create(struct slab_allocator *slab, struct slab_cache *cache,
				   uint64_t pfn, uint32_t order)
{
	const struct slab_geometry *geometry = &cache->geometry;
	uint32_t objects = order == geometry->order ? geometry->objects : geometry->min_objects;
	struct slab_page *page;

	if (pfn >= SLAB_PFN_LIMIT || SLAB_PFN_LIMIT - pfn < 1ULL << order)
		return NULL;
	page = xmalloc(sizeof(*page) + objects * sizeof(page->links[0]));
	if (!slab_map_set(&slab->map, pfn, 1ULL << order, (uintptr_t)page)) {
		free(page);
		return NULL;
	}
	list_init(&page->link);
	page->cache = cache;
	page->base = slab->page_offset + (pfn << KERNEL_PAGE_SHIFT) + geometry->red_left_pad;
	page->vector = 0;
	page->depth = 0;
	page->index = 0;
	page->inuse = 0;
	page->objects = (uint16_t)objects;
	page->node = (uint16_t)pfn_node(slab, pfn);
	page->order = (uint8_t)order;
	page->place = SLAB_PLACE_FULL;
	return page;
}

void slab_page_count(struct slab_allocator *slab, const struct slab_page *page)
{
	struct slab_cache *cache = page->cache;

	cache->nr_slabs++;
	cache->node[page->node].nr_slabs++;
	cache->num_objs += page->objects;
	cache->nr_pages += 1ULL << page->order;
	slab->slab_pages += 1ULL << page->order;
}

/* Pages become a slab of the cache, in no list. */
static struct slab_page *make_page(struct slab_request *rq, struct mm_outcome got, uint32_t order)
{
	struct slab_cache *cache = rq->cache;
	struct slab_page *page = slab_page_create(rq->slab, cache, got.addr, order);

	if (!page) {
		rq->out.failure = MM_FAIL_INVALID;
		return NULL;
	}
	rq->out.failure = MM_FAIL_NONE;
	slab_step(&rq->out, MM_PATH_SLAB_NEW, rq->slab->costs.slab_new);
	/* Reclaim, compaction or OOM on the way says more about the time spent than "new slab". */
	if (got.path >= MM_PATH_SLOWPATH && got.path <= MM_PATH_OOM)
		rq->out.path = got.path;
	cache->counters.alloc_slab++;
	cache->counters.order_fallback += order != cache->geometry.order;
	slab_page_count(rq->slab, page);
	return page;
}

/* shuffle_freelist() */
void slab_page_link(struct slab_page *page)
{
	struct slab_cache *cache = page->cache;

	if (!cache->sequence && !cache->in_order)
		sequence_init(cache);
	if (page->objects < 2 || cache->in_order) {
		links_ascend(page);
	} else if (page->objects == cache->geometry.objects) {
		links_rotate(page);
	} else {
		links_pick(page);
	}
}

void slab_page_discard(struct slab_allocator *slab, struct slab_page *page, unsigned int cpu,
		       struct mm_outcome *out)
{
	struct slab_cache *cache = page->cache;
	uint64_t pages = 1ULL << page->order;

	BUG_ON(page->inuse);
	slab_map_clear(&slab->map, slab_page_pfn(slab, page), pages);
	cache->counters.free_slab++;
	cache->nr_slabs--;
	cache->node[page->node].nr_slabs--;
	cache->num_objs -= page->objects;
	cache->nr_pages -= pages;
	slab->slab_pages -= pages;
	slab_step(out, MM_PATH_NONE, slab->costs.slab_discard);
	if (slab->rcu_deferred && (cache->flags & SLAB_TYPESAFE_BY_RCU)) {
		page->next = slab->rcu;
		slab->rcu = page;
		slab->rcu_pages += pages;
		cache->rcu_slabs++;
		return;
	}
	slab_add_page_cost(out, give_back(slab, page, cpu));
}

uint64_t slab_page_pfn(const struct slab_allocator *slab, const struct slab_page *page)
{
	const struct slab_cache *cache = page->cache;

	return slab_addr_pfn(slab, page->base - (cache->arrays ? page->offset :
								 cache->geometry.red_left_pad));
}

unsigned int slab_page_nr_free(const struct slab_page *page, unsigned int head)
{
	unsigned int nr = 0;

	for (; head != SLAB_NIL; head = page->links[head])
		nr++;
	return nr;
}

/* Which CPU sits on which node is not recorded: nodes get equal shares of CPUs, in order. */
int slab_cpu_node(const struct slab_allocator *slab, unsigned int cpu)
{
	return (int)((uint64_t)cpu * slab->nr_nodes / slab->nr_cpus);
}

int slab_pfn_node(const struct slab_allocator *slab, uint64_t pfn)
{
	return pfn_node(slab, pfn);
}

void slab_rcu_defer(struct slab_allocator *slab, bool on)
{
	slab->rcu_deferred = on;
}

size_t slab_rcu_grace(struct slab_allocator *slab, unsigned int cpu)
{
	struct slab_page *oldest_first = NULL;
	size_t nr = 0;

	while (slab->rcu) {
		struct slab_page *page = slab->rcu;

		slab->rcu = page->next;
		page->next = oldest_first;
		oldest_first = page;
	}
	while (oldest_first) {
		struct slab_page *page = oldest_first;

		oldest_first = page->next;
		slab->rcu_pages -= 1ULL << page->order;
		page->cache->rcu_slabs--;
		give_back(slab, page, cpu);
		nr++;
	}
	if (slab->other && slab->other->rcu_grace)
		nr += slab->other->rcu_grace(slab, cpu);
	return nr;
}

/* allocate_slab(): the two tries. */
static struct mm_outcome get_pages(struct slab_request *rq, uint32_t gfp, int node,
				   uint32_t *order)
{
	const struct slab_geometry *geometry = &rq->cache->geometry;
	const struct slab_page_ops *ops = &rq->slab->ops;
	struct mm_outcome got, again;
	uint32_t first;

	gfp = gfp_of_slab(gfp, rq->cache->page_gfp);
	first = gfp_of_slab_first(gfp, geometry->order > geometry->min_order);
	*order = geometry->order;
	got = ops->alloc(rq->slab->ctx, rq->cpu, first, *order, node, rq->context);
	if (mm_ok(got))
		return got;
	*order = geometry->min_order;
	again = ops->alloc(rq->slab->ctx, rq->cpu, gfp, *order, node, rq->context);
	slab_add_page_cost(&again, got);
	return again;
}

/*
 * init_cache_random_seq(): Fisher and Yates. Done when the first slab comes, since many caches
 * never get one.
 */
static void sequence_init(struct slab_cache *cache)
{
	unsigned int nr = cache->geometry.objects;
	uint16_t *seq;

	cache->sequence = seq = xreallocarray(NULL, nr, sizeof(*seq));
	cache->successor = xreallocarray(NULL, nr, sizeof(*cache->successor));
	for (unsigned int i = 0; i < nr; i++)
		seq[i] = (uint16_t)i;
	for (unsigned int i = nr - 1; i > 0; i--) {
		unsigned int j = (unsigned int)rng_below(&cache->rng, i + 1);
		uint16_t other = seq[j];

		seq[j] = seq[i];
		seq[i] = other;
	}
	for (unsigned int i = 0; i < nr; i++)
		cache->successor[seq[i]] = seq[(i + 1) % nr];
}

static void links_ascend(struct slab_page *page)
{
	for (unsigned int i = 0; i + 1U < page->objects; i++)
		page->links[i] = (uint16_t)(i + 1);
	page->links[page->objects - 1] = SLAB_NIL;
	page->head = 0;
}

/* The cache's cycle, cut at a random place. */
static void links_rotate(struct slab_page *page)
{
	struct slab_cache *cache = page->cache;
	unsigned int nr = page->objects;
	unsigned int start = (unsigned int)rng_below(&cache->rng, nr);

	memcpy(page->links, cache->successor, nr * sizeof(page->links[0]));
	page->links[cache->sequence[start ? start - 1 : nr - 1]] = SLAB_NIL;
	page->head = cache->sequence[start];
}

/* The same for a slab that is smaller than usual: slots beyond its end are left out. */
static void links_pick(struct slab_page *page)
{
	struct slab_cache *cache = page->cache;
	unsigned int nr = cache->geometry.objects;
	unsigned int start = (unsigned int)rng_below(&cache->rng, nr);
	uint16_t *at = &page->head;

	for (unsigned int i = 0; i < nr; i++) {
		uint16_t slot = cache->sequence[(start + i) % nr];

		if (slot >= page->objects)
			continue;
		*at = slot;
		at = &page->links[slot];
	}
	*at = SLAB_NIL;
}

static int pfn_node(const struct slab_allocator *slab, uint64_t pfn)
{
	size_t low = 0, high = slab->config.ranges.nr;
	const struct machine_range *range;

	/* The last range that begins at or before "pfn". */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (slab->config.ranges.items[mid].start <= pfn)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return 0;
	range = &slab->config.ranges.items[low - 1];
	return range->node >= 0 && (unsigned int)range->node < slab->nr_nodes ? range->node : 0;
}

static struct mm_outcome give_back(struct slab_allocator *slab, struct slab_page *page,
				   unsigned int cpu)
{
	struct mm_outcome gone = slab_memcg_free(slab, page, cpu);

	slab_add_page_cost(&gone, slab->ops.free(slab->ctx, cpu, slab_page_pfn(slab, page),
						 page->order));
	free(page);
	return gone;
}
