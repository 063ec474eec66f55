/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pools of small coherent blocks (mm/dmapool.c of 6.1 and 6.12).
 *
 * Free blocks are used again last in, first out: until 6.3 by page, and of the pages that have free
 * ones the newest first; since 6.4 all pages have one list. What a page is cut into is the same for
 * all pages of a pool. No page is ever given back, so a peak stays.
 *
 * Left out: a boundary larger than a page, which until 6.3 made a block that ended behind its page;
 * DMA addresses, which are the kernel's here.
 */
#include <config.h>

#include "kmreplay/mm/dma_pool.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/machine_config.h"

#include <stdlib.h>

struct block {
	uint64_t addr;
	uint32_t page; /* number of its page */
};

/* Free blocks, the next to go last. */
struct blocks vec(struct block);

struct dma_page {
	uint64_t addr, own; /* own: the kernel's struct dma_page; 0: not asked for */
	uint64_t nr_used;
	struct blocks free; /* until 6.3: its own */
};

struct dma_pool {
	const struct dma_pool_rules *rules;
	struct dma_pool_ops ops;
	void *ctx;
	uint64_t size, page_size; /* bytes of a block, and of what is asked for */
	uint64_t own;
	struct vec(uint64_t) offsets; /* of the blocks in a page, ascending */
	struct vec(struct dma_page) pages;
	struct blocks free; /* since 6.4: those of all pages */
	struct u64map used; /* block, to the number of its page */
};

static const uint32_t gfp_kernel = GFP_BITS_KERNEL;

static bool round_args(const struct dma_pool_rules *rules, struct dma_pool_args *args);
static bool is_power(uint64_t value);
static void lay_out(struct dma_pool *pool, uint64_t boundary);
static bool own_alloc(struct dma_pool *pool, unsigned int cpu, uint64_t size, uint32_t gfp,
		      uint64_t *addr, struct mm_outcome *sum);
static void own_free(struct dma_pool *pool, unsigned int cpu, uint64_t addr,
		     struct mm_outcome *sum);
static bool pop(struct dma_pool *pool, struct block *ret);
static bool add_page(struct dma_pool *pool, unsigned int cpu, uint32_t gfp,
		     struct mm_outcome *sum);

/* Without lock debugging; on 32 bits with PAE. */
void dma_pool_rules_init(struct dma_pool_rules *rules, const struct machine_config *config)
{
	const struct kernel_version six_four = { 6, 4 };
	const bool narrow = config->arch == ARCH_X86_32;

	*rules = (struct dma_pool_rules){
		.one_list = kernel_version_cmp(config->kernel, six_four) >= 0,
		.cost_ns = config->costs.pool_reserve,
	};
	rules->least_size = !rules->one_list ? 4 : narrow ? 12 : 16;
	rules->struct_size = !rules->one_list ? (narrow ? 68 : 104) : narrow ? 84 : 128;
	rules->page_struct_size = !rules->one_list ? (narrow ? 28 : 40) : narrow ? 20 : 32;
}

struct dma_pool *dma_pool_create(const struct dma_pool_rules *rules,
				 const struct dma_pool_args *args, const struct dma_pool_ops *ops,
				 void *ctx, unsigned int cpu, struct mm_outcome *outcome)
{
	struct dma_pool_args rounded = *args;
	struct dma_pool *pool;

	*outcome = (struct mm_outcome){ .failure = MM_FAIL_INVALID };
	if (!round_args(rules, &rounded))
		return NULL;
	pool = xcalloc(1, sizeof(*pool));
	outcome->failure = MM_FAIL_NONE;
	pool->rules = rules;
	pool->ops = *ops;
	pool->ctx = ctx;
	pool->size = rounded.size;
	pool->page_size = MAX(rounded.size, (uint64_t)KERNEL_PAGE_SIZE);
	u64map_init(&pool->used);
	lay_out(pool, rounded.boundary);
	if (own_alloc(pool, cpu, rules->struct_size, gfp_kernel, &pool->own, outcome)) {
		outcome->addr = pool->own;
		return pool;
	}
	dma_pool_forget(pool);
	return NULL;
}

struct mm_outcome dma_pool_destroy(struct dma_pool *pool, unsigned int cpu)
{
	struct mm_outcome sum = { 0 };

	if (!pool)
		return sum;
	vec_foreach(&pool->pages, page) {
		const bool busy = pool->rules->one_list ? pool->used.nr : page->nr_used;

		if (!busy)
			mm_outcome_add(&sum, pool->ops.free(pool->ctx, cpu, page->addr,
							    pool->page_size));
		own_free(pool, cpu, page->own, &sum);
	}
	own_free(pool, cpu, pool->own, &sum);
	dma_pool_forget(pool);
	return sum;
}

void dma_pool_forget(struct dma_pool *pool)
{
	if (!pool)
		return;
	vec_foreach(&pool->pages, page)
		vec_deinit(&page->free);
	vec_deinit(&pool->pages);
	vec_deinit(&pool->offsets);
	vec_deinit(&pool->free);
	u64map_deinit(&pool->used);
	free(pool);
}

struct mm_outcome dma_pool_alloc(struct dma_pool *pool, unsigned int cpu, uint32_t gfp)
{
	struct mm_outcome sum = { .path = MM_PATH_POOL_RESERVE, .cost_ns = pool->rules->cost_ns };
	struct block block;
	bool fresh;

	if (!pop(pool, &block) &&
	    (!add_page(pool, cpu, gfp & ~(uint32_t)GFP_BIT_ZERO, &sum) || !pop(pool, &block)))
		return sum;
	sum.addr = block.addr;
	pool->pages.items[block.page].nr_used++;
	*u64map_insert(&pool->used, block.addr, &fresh) = block.page;
	BUG_ON(!fresh);
	return sum;
}

struct mm_outcome dma_pool_free(struct dma_pool *pool, uint64_t addr)
{
	const uint32_t *at = u64map_find(&pool->used, addr);
	struct block block = { .addr = addr };
	struct dma_page *page;

	if (!at)
		return (struct mm_outcome){ .failure = MM_FAIL_INVALID };
	block.page = *at;
	page = &pool->pages.items[block.page];
	page->nr_used--;
	BUG_ON(!u64map_remove(&pool->used, addr));
	vec_push(pool->rules->one_list ? &pool->free : &page->free, block);
	return (struct mm_outcome){ .path = MM_PATH_POOL_KEEP, .cost_ns = pool->rules->cost_ns };
}

void dma_pool_get_stats(const struct dma_pool *pool, struct dma_pool_stats *stats)
{
	*stats = (struct dma_pool_stats){
		.size = pool->size,
		.nr_pages = pool->pages.nr,
		.nr_blocks = pool->pages.nr * pool->offsets.nr,
		.nr_used = pool->used.nr,
		.bytes = pool->pages.nr * pool->page_size,
	};
}

bool dma_pool_check(const struct dma_pool *pool, struct error *err)
{
	uint64_t nr_free = pool->free.nr, nr_used = 0;

	vec_foreach(&pool->pages, page) {
		nr_free += page->free.nr;
		nr_used += page->nr_used;
		vec_foreach(&page->free, block)
			if (u64map_find(&pool->used, block->addr))
				return error_set(err, "block 0x%llx is free and in use",
						 (unsigned long long)block->addr);
	}
	if (nr_used != pool->used.nr || nr_used + nr_free != pool->pages.nr * pool->offsets.nr)
		return error_set(err, "of %zu pages of %zu blocks %llu are in use, %llu free",
				 pool->pages.nr, pool->offsets.nr, (unsigned long long)nr_used,
				 (unsigned long long)nr_free);
	return true;
}

static bool round_args(const struct dma_pool_rules *rules, struct dma_pool_args *args)
{
	const uint64_t align = MAX(args->align, (uint64_t)1);

	if (!is_power(align) || !args->size || args->size > INT32_MAX || align > INT32_MAX)
		return false;
	args->size = MAX(args->size, (uint64_t)rules->least_size);
	args->size = (args->size + align - 1) & -align;
	if (!args->boundary)
		args->boundary = MAX(args->size, (uint64_t)KERNEL_PAGE_SIZE);
	else if (args->boundary < args->size || !is_power(args->boundary))
		return false;
	return true;
}

static bool is_power(uint64_t value)
{
	return value && !(value & (value - 1));
}

/*
 * pool_initialise_page(). Until 6.3 a block that would have ended just at a boundary was left out,
 * but for the first one behind another.
 */
static void lay_out(struct dma_pool *pool, uint64_t boundary)
{
	uint64_t next_boundary = boundary, at = 0;

	while (at + pool->size <= pool->page_size) {
		const uint64_t next = at + pool->size;

		if (pool->rules->one_list && next > next_boundary) {
			at = next_boundary;
			next_boundary += boundary;
			continue;
		}
		vec_push(&pool->offsets, at);
		at = next;
		if (!pool->rules->one_list && next + pool->size >= next_boundary) {
			at = next_boundary;
			next_boundary += boundary;
		}
	}
}

static bool own_alloc(struct dma_pool *pool, unsigned int cpu, uint64_t size, uint32_t gfp,
		      uint64_t *addr, struct mm_outcome *sum)
{
	struct mm_outcome part;

	*addr = 0;
	if (!pool->ops.own_alloc)
		return true;
	part = pool->ops.own_alloc(pool->ctx, cpu, size, gfp);
	mm_outcome_add(sum, part);
	sum->path = part.path;
	sum->failure = part.failure;
	*addr = mm_ok(part) ? part.addr : 0;
	return mm_ok(part);
}

static void own_free(struct dma_pool *pool, unsigned int cpu, uint64_t addr,
		     struct mm_outcome *sum)
{
	if (addr)
		mm_outcome_add(sum, pool->ops.own_free(pool->ctx, cpu, addr));
}

static bool pop(struct dma_pool *pool, struct block *ret)
{
	if (pool->free.nr) {
		*ret = pool->free.items[--pool->free.nr];
		return true;
	}
	for (size_t i = pool->pages.nr; !pool->rules->one_list && i-- > 0;) {
		struct dma_page *page = &pool->pages.items[i];

		if (!page->free.nr)
			continue;
		*ret = page->free.items[--page->free.nr];
		return true;
	}
	return false;
}

/* pool_alloc_page(): the lowest block is the first to go. */
static bool add_page(struct dma_pool *pool, unsigned int cpu, uint32_t gfp,
		     struct mm_outcome *sum)
{
	struct dma_page page = { 0 };
	struct mm_outcome part;

	if (!own_alloc(pool, cpu, pool->rules->page_struct_size, gfp, &page.own, sum))
		return false;
	part = pool->ops.alloc(pool->ctx, cpu, pool->page_size, gfp);
	mm_outcome_add(sum, part);
	sum->path = part.path;
	sum->failure = part.failure;
	if (!mm_ok(part)) {
		own_free(pool, cpu, page.own, sum);
		return false;
	}
	page.addr = part.addr;
	for (size_t i = pool->offsets.nr; i-- > 0;) {
		const struct block block = { page.addr + pool->offsets.items[i],
					     (uint32_t)pool->pages.nr };

		vec_push(pool->rules->one_list ? &pool->free : &page.free, block);
	}
	vec_push(&pool->pages, page);
	return true;
}
