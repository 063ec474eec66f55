/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page fragments (mm/page_alloc.c, since 6.13 mm/page_frag_cache.c).
 *
 * Theory
 *
 * 1. A cache holds one page, of 32 KiB when there is one, and cuts fragments from it: until 6.12
 *    from its end downwards, since then upwards.
 *
 *	6.12	|            free            | f3  |f2| f1 |	offset: where f3 begins
 *	6.13	| f1 |f2| f3  |            free            |	offset: where f3 ends
 *
 * 2. Each fragment is a reference to the page, and so is the cache. (The kernel takes the cache's
 *    references all at once, more than there can be fragments, and counts down a "bias" of its own;
 *    what comes of it is the same.) The page goes back with the last of them: one fragment that
 *    somebody forgot keeps 32 KiB.
 *
 * 3. When the page is used up and all its fragments have come back, the same page begins anew. Else
 *    the cache lets go of it and takes another. Pages from the reserves are never used twice, so
 *    that they go back as soon as possible.
 *
 * Mirrors page_frag_alloc_align(), __page_frag_cache_refill(), page_frag_free() and
 * __page_frag_cache_drain() of 6.1 and 6.12, and what is known of them since 6.13.
 */
#include <config.h>

#include "kmreplay/mm/page_frag.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/gfp_derive.h"
#include "kmreplay/mm/machine_config.h"

#include <stdlib.h>

struct frag_page {
	uint64_t pfn;
	uint32_t nr_live; /* fragments in use */
	uint8_t order;
	bool cached;      /* some cache holds it */
	bool used;
};

struct page_frags {
	struct page_frag_ops ops;
	void *ctx;
	struct kernel_version kernel;
	bool upwards;
	uint64_t page_offset;
	uint32_t cost_ns;
	struct vec(struct frag_page) pages;
	struct vec(uint32_t) spare; /* of pages, to be used again */
	struct u64map page_at;      /* pfn, to its number in pages */
	struct u64map live;         /* addresses of fragments */
};

static bool refill(struct page_frags *frags, struct page_frag_cache *cache, unsigned int cpu,
		   const struct page_frag_request *request, struct mm_outcome *sum);
static struct mm_outcome get_page(struct page_frags *frags, unsigned int cpu,
				  const struct page_frag_request *request, uint8_t *order);
static bool find_room(const struct page_frags *frags, const struct page_frag_cache *cache,
		      const struct page_frag_request *request, uint32_t *at);
static bool begin_anew(struct page_frags *frags, struct page_frag_cache *cache, unsigned int cpu,
		       uint64_t size, struct mm_outcome *sum);
static uint32_t page_size(const struct page_frag_cache *cache);
static uint32_t first_offset(const struct page_frags *frags, const struct page_frag_cache *cache);
static struct frag_page *page_of(const struct page_frags *frags, uint64_t addr);
static struct frag_page *cached_page(const struct page_frags *frags,
				     const struct page_frag_cache *cache);
static void let_go(struct page_frags *frags, struct frag_page *page, unsigned int cpu,
		   struct mm_outcome *sum);

struct page_frags *page_frags_create(const struct machine_config *config,
				     const struct page_frag_ops *ops, void *ctx)
{
	struct page_frags *frags = xcalloc(1, sizeof(*frags));

	frags->ops = *ops;
	frags->ctx = ctx;
	frags->kernel = config->kernel;
	frags->upwards = kernel_version_cmp(config->kernel, (struct kernel_version){ 6, 13 }) >= 0;
	frags->page_offset = machine_direct_map(config->arch);
	frags->cost_ns = config->costs.fragment;
	u64map_init(&frags->page_at);
	u64map_init(&frags->live);
	return frags;
}

void page_frags_destroy(struct page_frags *frags)
{
	if (!frags)
		return;
	vec_deinit(&frags->pages);
	vec_deinit(&frags->spare);
	u64map_deinit(&frags->page_at);
	u64map_deinit(&frags->live);
	free(frags);
}

struct mm_outcome page_frag_alloc(struct page_frags *frags, struct page_frag_cache *cache,
				  unsigned int cpu, const struct page_frag_request *request)
{
	struct mm_outcome sum = { .path = MM_PATH_FRAGMENT, .cost_ns = frags->cost_ns };
	const uint64_t size = request->size;
	uint32_t at = 0;
	bool fresh;

	BUG_ON(!request->align || (request->align & (request->align - 1)));
	if (!size) {
		sum.failure = MM_FAIL_INVALID;
		return sum;
	}
	if (!cache->holds && !refill(frags, cache, cpu, request, &sum))
		return sum;
	while (!find_room(frags, cache, request, &at)) {
		/* Since 6.13 what may not fit does not cost the present page. */
		if ((frags->upwards && size > KERNEL_PAGE_SIZE) ||
		    (begin_anew(frags, cache, cpu, size, &sum) && size > page_size(cache))) {
			sum.failure = MM_FAIL_ORDER;
			return sum;
		}
		if (!cache->holds && !refill(frags, cache, cpu, request, &sum))
			return sum;
	}
	cache->offset = frags->upwards ? at + (uint32_t)size : at;
	cached_page(frags, cache)->nr_live++;
	sum.addr = frags->page_offset + (cache->pfn << KERNEL_PAGE_SHIFT) + at;
	(void)u64map_insert(&frags->live, sum.addr, &fresh);
	BUG_ON(!fresh);
	return sum;
}

struct mm_outcome page_frag_free(struct page_frags *frags, unsigned int cpu, uint64_t addr)
{
	struct mm_outcome sum = { .path = MM_PATH_FRAGMENT_FREE, .cost_ns = frags->cost_ns };
	struct frag_page *page;

	if (!u64map_remove(&frags->live, addr))
		return (struct mm_outcome){ .failure = MM_FAIL_INVALID };
	page = page_of(frags, addr);
	page->nr_live--;
	if (!page->nr_live && !page->cached)
		let_go(frags, page, cpu, &sum);
	return sum;
}

struct mm_outcome page_frag_cache_drain(struct page_frags *frags, struct page_frag_cache *cache,
					unsigned int cpu)
{
	struct mm_outcome sum = { .path = MM_PATH_FRAGMENT_FREE, .cost_ns = frags->cost_ns };
	struct frag_page *page;

	if (!cache->holds)
		return sum;
	page = cached_page(frags, cache);
	cache->holds = false;
	page->cached = false;
	if (!page->nr_live)
		let_go(frags, page, cpu, &sum);
	return sum;
}

void page_frags_count(const struct page_frags *frags, uint64_t *pages, uint64_t *fragments)
{
	*pages = 0;
	*fragments = frags->live.nr;
	vec_foreach(&frags->pages, page)
		*pages += page->used ? 1ULL << page->order : 0;
}

bool page_frag_is_live(const struct page_frags *frags, uint64_t addr)
{
	return u64map_find(&frags->live, addr);
}

bool page_frags_check(const struct page_frags *frags, struct error *err)
{
	uint64_t nr_live = 0, nr_used = 0;

	vec_foreach(&frags->pages, page) {
		if (!page->used)
			continue;
		nr_used++;
		nr_live += page->nr_live;
		if (!page->nr_live && !page->cached)
			return error_set(err, "pfn 0x%llx is kept for no fragment",
					 (unsigned long long)page->pfn);
	}
	if (nr_live != frags->live.nr || nr_used != frags->page_at.nr)
		return error_set(err, "%zu fragments are in use, and pages count %llu",
				 frags->live.nr, (unsigned long long)nr_live);
	return true;
}

/* __page_frag_cache_refill(). The page that the cache had is no longer its. */
static bool refill(struct page_frags *frags, struct page_frag_cache *cache, unsigned int cpu,
		   const struct page_frag_request *request, struct mm_outcome *sum)
{
	struct frag_page page = { .cached = true, .used = true };
	const struct mm_outcome part = get_page(frags, cpu, request, &page.order);
	uint32_t id = (uint32_t)frags->pages.nr;
	bool fresh;

	mm_outcome_add(sum, part);
	sum->path = part.path;
	sum->failure = part.failure;
	if (!mm_ok(part))
		return false;
	page.pfn = part.addr;
	if (frags->spare.nr) {
		id = frags->spare.items[--frags->spare.nr];
		frags->pages.items[id] = page;
	} else {
		vec_push(&frags->pages, page);
	}
	*u64map_insert(&frags->page_at, page.pfn, &fresh) = id;
	BUG_ON(!fresh);
	*cache = (struct page_frag_cache){
		.pfn = page.pfn,
		.order = page.order,
		.holds = true,
		.pfmemalloc = frags->ops.pfmemalloc && frags->ops.pfmemalloc(frags->ctx),
	};
	cache->offset = first_offset(frags, cache);
	return true;
}

static struct mm_outcome get_page(struct page_frags *frags, unsigned int cpu,
				  const struct page_frag_request *request, uint8_t *order)
{
	struct mm_outcome large =
		frags->ops.alloc(frags->ctx, cpu, gfp_of_page_frag(frags->kernel, request->gfp),
				 PAGE_FRAG_ORDER, request->context);
	struct mm_outcome small;

	*order = PAGE_FRAG_ORDER;
	if (mm_ok(large))
		return large;
	*order = 0;
	small = frags->ops.alloc(frags->ctx, cpu, request->gfp, 0, request->context);
	mm_outcome_add(&small, large);
	return small;
}

/* Where in the cache's page the fragment goes; false: nowhere. */
static bool find_room(const struct page_frags *frags, const struct page_frag_cache *cache,
		      const struct page_frag_request *request, uint32_t *at)
{
	const uint64_t size = request->size;
	const uint32_t align = request->align;

	if (frags->upwards) {
		*at = (cache->offset + align - 1) & -align;
		return *at <= page_size(cache) && size <= page_size(cache) - *at;
	}
	if (size > cache->offset)
		return false;
	*at = (cache->offset - (uint32_t)size) & -align;
	return true;
}

/*
 * The page is used up. True: all of it is free again, and the cache goes on with it (where it was,
 * if "size" is more than a page has); else it has none any more.
 */
static bool begin_anew(struct page_frags *frags, struct page_frag_cache *cache, unsigned int cpu,
		       uint64_t size, struct mm_outcome *sum)
{
	struct frag_page *page = cached_page(frags, cache);

	if (!page->nr_live && !cache->pfmemalloc) {
		if (size <= page_size(cache))
			cache->offset = first_offset(frags, cache);
		return true;
	}
	cache->holds = false;
	page->cached = false;
	if (!page->nr_live)
		let_go(frags, page, cpu, sum);
	return false;
}

static uint32_t first_offset(const struct page_frags *frags, const struct page_frag_cache *cache)
{
	return frags->upwards ? 0 : page_size(cache);
}

static uint32_t page_size(const struct page_frag_cache *cache)
{
	return (uint32_t)KERNEL_PAGE_SIZE << cache->order;
}

/* virt_to_head_page(): pages of 32 KiB are aligned to that. */
static struct frag_page *page_of(const struct page_frags *frags, uint64_t addr)
{
	const uint64_t pfn = (addr - frags->page_offset) >> KERNEL_PAGE_SHIFT;
	const uint64_t mask = (1ULL << PAGE_FRAG_ORDER) - 1;
	const uint32_t *id = u64map_find(&frags->page_at, pfn);
	const uint32_t *head = u64map_find(&frags->page_at, pfn & ~mask);

	if (head && frags->pages.items[*head].order)
		id = head;
	BUG_ON(!id);
	return &frags->pages.items[*id];
}

static struct frag_page *cached_page(const struct page_frags *frags,
				     const struct page_frag_cache *cache)
{
	return &frags->pages.items[*u64map_find(&frags->page_at, cache->pfn)];
}

static void let_go(struct page_frags *frags, struct frag_page *page, unsigned int cpu,
		   struct mm_outcome *sum)
{
	const struct frag_page was = *page;

	BUG_ON(!u64map_remove(&frags->page_at, was.pfn));
	vec_push(&frags->spare, (uint32_t)(page - frags->pages.items));
	page->used = false;
	mm_outcome_add(sum, frags->ops.free(frags->ctx, cpu, was.pfn, was.order));
}
