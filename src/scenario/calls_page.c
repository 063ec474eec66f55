/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scenarios' calls for pages. */
#include <config.h>

#include "machine_internal.h"

#include "kmreplay/mm/page.h"
#include "kmreplay/mm/page_exact.h"
#include "kmreplay/mm/slab.h"

static bool got(struct calling *c, uint32_t gfp, unsigned int order, int node, bool page);
static bool free_block(struct calling *c, uint32_t id, unsigned int order);
static bool check_order(struct calling *c, uint64_t order);
static bool free_page_handle(struct calling *c, unsigned int order);
static bool free_address(struct calling *c, unsigned int order);
static uint64_t pages_of(uint64_t size);

bool scenario_alloc_pages(struct calling *c)
{
	return got(c, arg_gfp(c, 0), (unsigned int)arg_u64(c, 1), -1, true);
}

bool scenario_alloc_page(struct calling *c)
{
	return got(c, arg_gfp(c, 0), 0, -1, true);
}

bool scenario_alloc_pages_node(struct calling *c)
{
	return got(c, arg_gfp(c, 1), (unsigned int)arg_u64(c, 2), arg_int(c, 0), true);
}

/* Addresses are of the direct map, so that there can be no HighMem behind them. */
bool scenario_get_free_pages(struct calling *c)
{
	return got(c, arg_gfp(c, 0) & ~(uint32_t)GFP_BIT_HIGHMEM, (unsigned int)arg_u64(c, 1), -1,
		   false);
}

bool scenario_get_free_page(struct calling *c)
{
	return got(c, arg_gfp(c, 0) & ~(uint32_t)GFP_BIT_HIGHMEM, 0, -1, false);
}

bool scenario_get_zeroed_page(struct calling *c)
{
	return got(c, (arg_gfp(c, 0) & ~(uint32_t)GFP_BIT_HIGHMEM) | GFP_BIT_ZERO, 0, -1, false);
}

bool scenario_free_pages_page(struct calling *c)
{
	return check_order(c, arg_u64(c, 1)) && free_page_handle(c, (unsigned int)arg_u64(c, 1));
}

bool scenario_free_page_page(struct calling *c)
{
	return free_page_handle(c, 0);
}

bool scenario_free_pages(struct calling *c)
{
	return check_order(c, arg_u64(c, 1)) && free_address(c, (unsigned int)arg_u64(c, 1));
}

bool scenario_free_page(struct calling *c)
{
	return free_address(c, 0);
}

/* The first page keeps its struct page *; the others get one each: split_page() fills "pages[]". */
bool scenario_split_page(struct calling *c)
{
	struct page_block *block = scenario_block(c, 0);
	const struct page_block whole = block ? *block : (struct page_block){ 0 };

	if (!block || whole.from != BLOCK_FROM_PAGES)
		return scenario_mistake(c, "this page heads no block that is in use");
	page_split(c->m->pages, whole.pfn, whole.order);
	block->order = 0;
	block->nr = 1;
	for (uint64_t i = 0; i < whole.nr; i++) {
		struct scenario_value page = { .type = SCENARIO_PAGE, .number = arg_u64(c, 0) };

		if (i)
			page.number = 1 + (scenario_int)scenario_block_add(
						  c->m, whole.pfn + i, 1, 0, BLOCK_FROM_PAGES);
		if (!scenario_array_set(c->call, 1, i, &page, c->err))
			return false;
	}
	return true;
}

bool scenario_alloc_exact(struct calling *c)
{
	const uint64_t nr = pages_of(arg_u64(c, 0));
	struct mm_outcome out = page_alloc_exact(c->m->pages, c->m->cpu, arg_gfp(c, 1), nr, -1);

	scenario_got_pages(c, out, 0, false);
	if (mm_ok(out)) {
		c->m->blocks.items[c->m->blocks.nr - 1].from = BLOCK_FROM_EXACT;
		c->m->blocks.items[c->m->blocks.nr - 1].nr = nr;
	}
	return true;
}

bool scenario_free_exact(struct calling *c)
{
	const uint64_t pfn = (arg_u64(c, 0) - slab_page_offset(c->m->slab)) >> KERNEL_PAGE_SHIFT;
	const uint32_t id = scenario_block_at(c->m, pfn);

	if (id == UINT32_MAX || c->m->blocks.items[id].from != BLOCK_FROM_EXACT)
		return scenario_mistake(c, "no alloc_pages_exact() gave 0x%llx",
					(unsigned long long)arg_u64(c, 0));
	if (c->m->blocks.items[id].nr != pages_of(arg_u64(c, 1)))
		return scenario_mistake(c, "it was given %llu pages",
					(unsigned long long)c->m->blocks.items[id].nr);
	scenario_forget(c->m, id);
	page_free_exact(c->m->pages, c->m->cpu, pfn, c->m->blocks.items[id].nr);
	return scenario_freed(c, (struct mm_outcome){ .path = MM_PATH_PCP_FREE }, pfn);
}

/* alloc_pages_bulk(): as many as there are, into "pages[]"; the answer is how many. */
bool scenario_alloc_bulk(struct calling *c)
{
	const uint64_t want = arg_u64(c, 1);
	uint64_t *pfns;
	unsigned int nr;
	bool ok = true;

	if (want > SCENARIO_MAX_ELEMENTS)
		return error_set(c->err, "at most %d pages at once", SCENARIO_MAX_ELEMENTS);
	pfns = xcalloc(MAX(want, (uint64_t)1), sizeof(*pfns));
	nr = page_alloc_bulk(c->m->pages, c->m->cpu, arg_gfp(c, 0), -1, (unsigned int)want, pfns);
	for (unsigned int i = 0; i < nr && ok; i++) {
		struct scenario_value page = { .type = SCENARIO_PAGE };

		scenario_got_pages(c, (struct mm_outcome){ .addr = pfns[i], .path = MM_PATH_PCP },
				   0, true);
		page.number = (scenario_int)c->m->blocks.nr;
		ok = scenario_array_set(c->call, 2, i, &page, c->err);
	}
	free(pfns);
	return ok && scenario_answer(c, nr);
}

bool scenario_page_to_pfn(struct calling *c)
{
	const struct page_block *block = scenario_block(c, 0);

	if (!block)
		return error_set(c->err, "this page is not in use");
	return scenario_answer(c, block->pfn);
}

bool scenario_page_address(struct calling *c)
{
	const struct page_block *block = scenario_block(c, 0);

	if (!block)
		return error_set(c->err, "this page is not in use");
	c->ret->number = slab_page_offset(c->m->slab) + (block->pfn << KERNEL_PAGE_SHIFT);
	return true;
}

bool scenario_virt_to_page(struct calling *c)
{
	const uint64_t pfn = (arg_u64(c, 0) - slab_page_offset(c->m->slab)) >> KERNEL_PAGE_SHIFT;
	const uint32_t id = scenario_block_at(c->m, pfn);

	if (id == UINT32_MAX)
		return error_set(c->err, "no block of pages begins at 0x%llx",
				 (unsigned long long)arg_u64(c, 0));
	c->ret->number = (scenario_int)id + 1;
	return true;
}

bool scenario_pfn_of(struct calling *c)
{
	return scenario_answer(c, (arg_u64(c, 0) - slab_page_offset(c->m->slab)) >>
					  KERNEL_PAGE_SHIFT);
}

bool scenario_zone_of(struct calling *c)
{
	*c->ret = (struct scenario_value){ .type = SCENARIO_TEXT };
	c->ret->text = scenario_zone_name(c->m, arg_u64(c, 0));
	return true;
}

bool scenario_node_of_pfn(struct calling *c)
{
	return scenario_answer(c, scenario_node_of(c->m, arg_u64(c, 0)));
}

bool scenario_cache_add(struct calling *c)
{
	struct page_block *block = scenario_block(c, 0);

	if (!block)
		return scenario_mistake(c, "this page is not in use");
	block->use = BLOCK_CACHE;
	vec_push(&c->m->cache, (uint32_t)(block - c->m->blocks.items));
	return true;
}

bool scenario_anon_add(struct calling *c)
{
	struct page_block *block = scenario_block(c, 0);

	if (!block)
		return scenario_mistake(c, "this page is not in use");
	block->use = BLOCK_ANON;
	return true;
}

bool scenario_drop_caches(struct calling *c)
{
	return scenario_answer(c, scenario_reclaim(c->m, UINT64_MAX, 0));
}

bool scenario_drain_pages(struct calling *c)
{
	page_drain_all(c->m->pages);
	return true;
}

static bool got(struct calling *c, uint32_t gfp, unsigned int order, int node, bool page)
{
	struct mm_outcome out = { .failure = MM_FAIL_ORDER };

	if (order <= KERNEL_MAX_ORDER)
		out = page_alloc(c->m->pages, c->m->cpu, gfp, order, node, scenario_context(c->m));
	return scenario_got_pages(c, out, order, page);
}

static bool check_order(struct calling *c, uint64_t order)
{
	return order <= KERNEL_MAX_ORDER ||
	       error_set(c->err, "there is no order %llu", (unsigned long long)order);
}

static bool free_page_handle(struct calling *c, unsigned int order)
{
	const struct page_block *block = scenario_block(c, 0);

	if (!arg_u64(c, 0))
		return scenario_mistake(c, "a struct page * that is NULL is freed");
	if (!block)
		return scenario_mistake(c, "this page was freed before");
	return free_block(c, (uint32_t)(block - c->m->blocks.items), order);
}

/* free_pages(0): nothing. */
static bool free_address(struct calling *c, unsigned int order)
{
	const uint64_t addr = arg_u64(c, 0);
	const uint64_t pfn = (addr - slab_page_offset(c->m->slab)) >> KERNEL_PAGE_SHIFT;
	const uint32_t id = scenario_block_at(c->m, pfn);

	if (!addr)
		return true;
	if (id == UINT32_MAX)
		return scenario_mistake(c, "no block of pages begins at 0x%llx",
					(unsigned long long)addr);
	return free_block(c, id, order);
}

static bool free_block(struct calling *c, uint32_t id, unsigned int order)
{
	const struct page_block block = c->m->blocks.items[id];

	if (block.from != BLOCK_FROM_PAGES)
		return scenario_mistake(c, "it came from %s", scenario_block_source(&block));
	if (block.order != order)
		return scenario_mistake(c, "the block has %llu pages, and %llu are freed",
					(unsigned long long)block.nr, 1ULL << order);
	scenario_forget(c->m, id);
	return scenario_freed(c, page_free(c->m->pages, c->m->cpu, block.pfn, order), block.pfn);
}

static uint64_t pages_of(uint64_t size)
{
	return size / KERNEL_PAGE_SIZE + (size % KERNEL_PAGE_SIZE != 0);
}
