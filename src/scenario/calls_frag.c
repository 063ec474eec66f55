/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scenarios' calls for pieces of pages: page fragments, pools of DMA blocks. */
#include <config.h>

#include "machine_internal.h"

#include "kmreplay/mm/page.h"
#include "kmreplay/mm/slab.h"

#include <inttypes.h>

static bool frag_of(struct calling *c, uint64_t align);
static struct mm_outcome frag_page(void *ctx, unsigned int cpu, uint32_t gfp, unsigned int order,
				   unsigned int context);
static struct mm_outcome frag_page_free(void *ctx, unsigned int cpu, uint64_t pfn,
					unsigned int order);
static bool frag_pfmemalloc(void *ctx);
static bool gave_piece(struct calling *c, struct mm_outcome out);
static struct mm_outcome coherent(void *ctx, unsigned int cpu, uint64_t size, uint32_t gfp);
static struct mm_outcome coherent_free(void *ctx, unsigned int cpu, uint64_t addr, uint64_t size);
static struct mm_outcome own_alloc(void *ctx, unsigned int cpu, uint64_t size, uint32_t gfp);
static struct mm_outcome own_free(void *ctx, unsigned int cpu, uint64_t addr);

const struct page_frag_ops scenario_frag_ops = {
	.alloc = frag_page,
	.free = frag_page_free,
	.pfmemalloc = frag_pfmemalloc,
};

static const struct dma_pool_ops dma_ops = {
	.alloc = coherent,
	.free = coherent_free,
	.own_alloc = own_alloc,
	.own_free = own_free,
};

bool scenario_frag_init(struct calling *c)
{
	scenario_pool_add(c, POOL_FRAGS);
	return true;
}

bool scenario_frag_alloc(struct calling *c)
{
	return frag_of(c, 1);
}

bool scenario_frag_alloc_align(struct calling *c)
{
	const uint64_t align = arg_u64(c, 3);

	if (!align || (align & (align - 1)) || align > INT32_MAX)
		return scenario_mistake(c, "%" PRIu64 " is no power of two", align);
	return frag_of(c, align);
}

bool scenario_frag_free(struct calling *c)
{
	const uint64_t addr = arg_u64(c, 0);

	return scenario_freed(c, page_frag_free(c->m->pools->frags, c->m->cpu, addr), addr);
}

bool scenario_frag_drain(struct calling *c)
{
	struct scenario_pool *pool = scenario_pool(c, 0, POOL_FRAGS);

	if (pool)
		c->m->last.out = page_frag_cache_drain(c->m->pools->frags, &pool->frags,
						       c->m->cpu);
	return true;
}

bool scenario_frag_pages(struct calling *c)
{
	uint64_t pages, fragments;

	page_frags_count(c->m->pools->frags, &pages, &fragments);
	return scenario_answer(c, pages);
}

bool scenario_dma_pool_create(struct calling *c)
{
	const struct dma_pool_args args = {
		.size = arg_u64(c, 1), .align = arg_u64(c, 2), .boundary = arg_u64(c, 3),
	};
	struct dma_pool *dma = dma_pool_create(&c->m->pools->dma_rules, &args, &dma_ops, c->m,
					       c->m->cpu, &c->m->last.out);

	if (dma)
		scenario_pool_add(c, POOL_DMA)->dma = dma;
	return true;
}

bool scenario_dma_pool_alloc(struct calling *c)
{
	struct scenario_pool *pool = scenario_pool(c, 0, POOL_DMA);

	return !pool || gave_piece(c, dma_pool_alloc(pool->dma, c->m->cpu, arg_gfp(c, 1)));
}

bool scenario_dma_pool_free(struct calling *c)
{
	struct scenario_pool *pool = scenario_pool(c, 0, POOL_DMA);
	const uint64_t addr = arg_u64(c, 1);

	return !pool || scenario_freed(c, dma_pool_free(pool->dma, addr), addr);
}

bool scenario_dma_pool_destroy(struct calling *c)
{
	struct scenario_pool *pool = arg_u64(c, 0) ? scenario_pool(c, 0, POOL_DMA) : NULL;
	struct dma_pool_stats stats;

	if (!pool)
		return true;
	dma_pool_get_stats(pool->dma, &stats);
	if (stats.nr_used)
		return scenario_mistake(c, "%" PRIu64 " block%s of the pool %s still in use",
					stats.nr_used, stats.nr_used == 1 ? "" : "s",
					stats.nr_used == 1 ? "is" : "are");
	c->m->last.out = dma_pool_destroy(pool->dma, c->m->cpu);
	pool->kind = POOL_NONE;
	return true;
}

bool scenario_dma_pool_pages(struct calling *c)
{
	const struct scenario_pool *pool = scenario_pool(c, 0, POOL_DMA);
	struct dma_pool_stats stats = { 0 };

	if (!pool)
		return error_set(c->err, "this is no pool of DMA blocks");
	dma_pool_get_stats(pool->dma, &stats);
	return scenario_answer(c, stats.nr_pages);
}

static bool frag_of(struct calling *c, uint64_t align)
{
	struct scenario_pool *pool = scenario_pool(c, 0, POOL_FRAGS);

	if (!pool)
		return true;
	return gave_piece(c, page_frag_alloc(c->m->pools->frags, &pool->frags, c->m->cpu,
					     &(struct page_frag_request){
						     .size = arg_u64(c, 1),
						     .align = (uint32_t)align,
						     .gfp = arg_gfp(c, 2),
						     .context = scenario_context(c->m),
					     }));
}

static struct mm_outcome frag_page(void *ctx, unsigned int cpu, uint32_t gfp, unsigned int order,
				   unsigned int context)
{
	const struct scenario_machine *m = ctx;
	const struct mm_outcome out = page_alloc(
		m->pages, cpu, gfp & ~(uint32_t)GFP_BIT_HIGHMEM, order, -1, context);

	/* Whoever has its address would not find it again. */
	if (mm_ok(out) && (gfp & GFP_BIT_MOVABLE))
		(void)page_pin(m->pages, out.addr);
	return out;
}

static struct mm_outcome frag_page_free(void *ctx, unsigned int cpu, uint64_t pfn,
					unsigned int order)
{
	const struct scenario_machine *m = ctx;

	return page_free(m->pages, cpu, pfn, order);
}

static bool frag_pfmemalloc(void *ctx)
{
	const struct scenario_machine *m = ctx;

	return page_was_pfmemalloc(m->pages);
}

/* A piece has a page frame, but no slab; properties are those of its page. */
static bool gave_piece(struct calling *c, struct mm_outcome out)
{
	scenario_gave(c, out);
	if (!mm_ok(out))
		return true;
	c->m->last.type = SCENARIO_PAGE;
	c->m->last.at = (out.addr - slab_page_offset(c->m->slab)) >> KERNEL_PAGE_SHIFT;
	return true;
}

static struct mm_outcome coherent(void *ctx, unsigned int cpu, uint64_t size, uint32_t gfp)
{
	struct scenario_machine *m = ctx;
	struct mm_outcome out;
	uint32_t id;

	(void)cpu;
	out = scenario_dma_get(m, size, gfp & ~(uint32_t)GFP_BIT_MOVABLE, &id);
	if (mm_ok(out))
		out.addr = slab_page_offset(m->slab) + (out.addr << KERNEL_PAGE_SHIFT);
	return out;
}

static struct mm_outcome coherent_free(void *ctx, unsigned int cpu, uint64_t addr, uint64_t size)
{
	struct scenario_machine *m = ctx;
	const uint32_t id = scenario_block_at(
		m, (addr - slab_page_offset(m->slab)) >> KERNEL_PAGE_SHIFT);

	(void)cpu;
	(void)size;
	if (id == UINT32_MAX) /* dma_free_coherent() took it away */
		return (struct mm_outcome){ .failure = MM_FAIL_INVALID };
	return scenario_dma_put(m, id);
}

static struct mm_outcome own_alloc(void *ctx, unsigned int cpu, uint64_t size, uint32_t gfp)
{
	const struct scenario_machine *m = ctx;

	return slab_kmalloc(m->slab, cpu, size, gfp, -1, scenario_context(m));
}

static struct mm_outcome own_free(void *ctx, unsigned int cpu, uint64_t addr)
{
	const struct scenario_machine *m = ctx;

	return slab_free(m->slab, cpu, addr);
}
