/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenarios' calls for memory pools. What a pool's elements are, its backend knows: addresses of
 * objects, or the struct page * of blocks.
 */
#include <config.h>

#include "machine_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/fmt.h"
#include "kmreplay/mm/gfp_derive.h"
#include "kmreplay/mm/kmalloc.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/vmalloc.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

enum backend {
	BACKEND_SLAB,     /* mempool_alloc_slab(): "what" is a cache */
	BACKEND_KMALLOC,  /* mempool_kmalloc(): a size */
	BACKEND_KVMALLOC, /* mempool_kvmalloc(): a size */
	BACKEND_PAGES,    /* mempool_alloc_pages(): an order */
};

static bool create(struct calling *c, enum backend backend, uint64_t what);
static bool ask(struct calling *c, struct mempool_stats *stats);
static bool gave_after(struct calling *c, struct scenario_pool *pool, uint64_t *elements,
		       unsigned int nr);
static bool gave(struct calling *c, const struct scenario_pool *pool, struct mm_outcome out);
static bool stuck(struct calling *c, const struct scenario_pool *pool);
static struct scenario_value element_value(const struct scenario_pool *pool, uint64_t element);
static bool read_elements(struct calling *c, unsigned int nr, uint64_t *elements);
static bool write_elements(struct calling *c, const struct scenario_pool *pool, unsigned int nr,
			   const uint64_t *elements);
static unsigned int count_arg(struct calling *c, unsigned int arg);

static struct mm_outcome element_alloc(void *ctx, unsigned int cpu, uint32_t gfp,
				       unsigned int context);
static struct mm_outcome element_free(void *ctx, unsigned int cpu, uint64_t element);
static struct mm_outcome own_alloc(void *ctx, unsigned int cpu, uint64_t size, uint32_t gfp);
static struct mm_outcome own_free(void *ctx, unsigned int cpu, uint64_t addr);
static struct mm_outcome alloc_object(struct scenario_machine *m, uint64_t cache, uint32_t gfp,
				      unsigned int context);
static struct mm_outcome alloc_bytes(struct scenario_machine *m, uint64_t size, uint32_t gfp,
				     unsigned int context);
static struct mm_outcome alloc_either(struct scenario_machine *m, uint64_t size, uint32_t gfp,
				      unsigned int context);
static struct mm_outcome alloc_block(struct scenario_machine *m, uint64_t order, uint32_t gfp,
				     unsigned int context);
static struct mm_outcome free_object(struct scenario_machine *m, uint64_t addr);
static struct mm_outcome free_either(struct scenario_machine *m, uint64_t addr);
static struct mm_outcome free_block(struct scenario_machine *m, uint64_t page);
static bool element_wait(void *ctx, uint64_t ns, uint64_t *passed);

static const struct {
	struct mm_outcome (*alloc)(struct scenario_machine *m, uint64_t what, uint32_t gfp,
				   unsigned int context);
	struct mm_outcome (*free)(struct scenario_machine *m, uint64_t element);
	enum scenario_type type; /* of an element */
} backends[] = {
	[BACKEND_SLAB] = { alloc_object, free_object, SCENARIO_ADDRESS },
	[BACKEND_KMALLOC] = { alloc_bytes, free_object, SCENARIO_ADDRESS },
	[BACKEND_KVMALLOC] = { alloc_either, free_either, SCENARIO_ADDRESS },
	[BACKEND_PAGES] = { alloc_block, free_block, SCENARIO_PAGE },
};

static const struct mempool_ops pool_ops = {
	.alloc = element_alloc,
	.free = element_free,
	.own_alloc = own_alloc,
	.own_free = own_free,
	.wait = element_wait,
};

void scenario_pools_create(struct scenario_machine *m, const struct machine_config *config)
{
	struct scenario_pools *pools = xcalloc(1, sizeof(*pools));

	mempool_rules_init(&pools->mem_rules, config);
	dma_pool_rules_init(&pools->dma_rules, config);
	pools->frags = page_frags_create(config, &scenario_frag_ops, m);
	scenario_pools_destroy(m->pools);
	m->pools = pools;
}

void scenario_pools_destroy(struct scenario_pools *pools)
{
	if (!pools)
		return;
	vec_foreach(&pools->items, item) {
		struct scenario_pool *pool = *item;

		if (pool->kind == POOL_MEM)
			mempool_forget(pool->mempool);
		if (pool->kind == POOL_DMA)
			dma_pool_forget(pool->dma);
		free(pool);
	}
	vec_deinit(&pools->items);
	page_frags_destroy(pools->frags);
	free(pools);
}

struct scenario_pool *scenario_pool_add(struct calling *c, enum scenario_pool_kind kind)
{
	struct scenario_pool *pool = xcalloc(1, sizeof(*pool));

	pool->m = c->m;
	pool->kind = kind;
	vec_push(&c->m->pools->items, pool);
	c->ret->number = (scenario_int)c->m->pools->items.nr;
	return pool;
}

struct scenario_pool *scenario_pool(struct calling *c, unsigned int arg,
				    enum scenario_pool_kind kind)
{
	static const char *const names[] = {
		[POOL_MEM] = "memory pool",
		[POOL_FRAGS] = "cache of page fragments",
		[POOL_DMA] = "pool of DMA blocks",
	};
	const uint64_t id = arg_u64(c, arg);
	struct scenario_pool *pool = id ? c->m->pools->items.items[id - 1] : NULL;

	if (pool && pool->kind == kind)
		return pool;
	if (!pool || pool->kind == POOL_NONE)
		scenario_mistake(c, pool ? "this pool was destroyed" : "the pool is NULL");
	else
		scenario_mistake(c, "this is a %s, not a %s", names[pool->kind], names[kind]);
	return NULL;
}

bool scenario_mempool_create_slab(struct calling *c)
{
	const uint32_t cache = (uint32_t)arg_u64(c, 1) - 1;
	const struct slab_geometry *geometry =
		arg_u64(c, 1) ? slab_cache_geometry(c->m->slab, cache) : NULL;

	if (!geometry)
		return scenario_mistake(c, arg_u64(c, 1) ? "this cache was destroyed" :
							   "the cache is NULL");
	return create(c, BACKEND_SLAB, cache);
}

bool scenario_mempool_create_kmalloc(struct calling *c)
{
	return create(c, BACKEND_KMALLOC, arg_u64(c, 1));
}

bool scenario_mempool_create_kvmalloc(struct calling *c)
{
	return create(c, BACKEND_KVMALLOC, arg_u64(c, 1));
}

bool scenario_mempool_create_page(struct calling *c)
{
	if (arg_u64(c, 1) > KERNEL_MAX_ORDER)
		return error_set(c->err, "there is no order %" PRIu64, arg_u64(c, 1));
	return create(c, BACKEND_PAGES, arg_u64(c, 1));
}

/* Zeroed elements there are none: those of the reserve are as they were left. */
bool scenario_mempool_alloc(struct calling *c)
{
	struct scenario_pool *pool = scenario_pool(c, 0, POOL_MEM);

	if (!pool)
		return true;
	if (arg_gfp(c, 1) & GFP_BIT_ZERO)
		return scenario_mistake(c, "mempool_alloc() does not support __GFP_ZERO");
	return gave_after(c, pool, NULL, 0);
}

bool scenario_mempool_alloc_preallocated(struct calling *c)
{
	struct scenario_pool *pool = scenario_pool(c, 0, POOL_MEM);

	return !pool || gave(c, pool, mempool_alloc_preallocated(pool->mempool));
}

bool scenario_mempool_alloc_bulk(struct calling *c)
{
	struct scenario_pool *pool = scenario_pool(c, 0, POOL_MEM);
	const unsigned int nr = count_arg(c, 2);
	uint64_t *elements;
	bool ok;

	if (!pool)
		return true;
	if (nr == UINT_MAX)
		return false;
	elements = xcalloc(MAX(nr, 1U), sizeof(*elements));
	ok = read_elements(c, (unsigned int)MIN(arg_u64(c, 3), (uint64_t)nr), elements);
	if (ok) {
		ok = gave_after(c, pool, elements, nr) && write_elements(c, pool, nr, elements);
		if (ok)
			scenario_answer(c, mm_ok(c->m->last.out) ? 0 : -12 /* -ENOMEM */);
	}
	free(elements);
	return ok;
}

bool scenario_mempool_free(struct calling *c)
{
	struct scenario_pool *pool = scenario_pool(c, 1, POOL_MEM);
	const uint64_t element = arg_u64(c, 0);

	if (!pool)
		return true;
	if (element && !mempool_is_used(pool->mempool, element))
		return scenario_mistake(c, "the pool has no such element in use");
	return !element ||
	       scenario_freed(c, mempool_free(pool->mempool, c->m->cpu, element), element);
}

bool scenario_mempool_free_bulk(struct calling *c)
{
	struct scenario_pool *pool = scenario_pool(c, 0, POOL_MEM);
	const unsigned int nr = count_arg(c, 2);
	unsigned int kept = 0;
	uint64_t *elements;
	bool ok;

	if (!pool)
		return true;
	if (nr == UINT_MAX)
		return false;
	elements = xcalloc(MAX(nr, 1U), sizeof(*elements));
	ok = read_elements(c, nr, elements);
	if (ok) {
		kept = mempool_free_bulk(pool->mempool, nr, elements);
		memset(elements, 0, kept * sizeof(*elements));
		ok = write_elements(c, pool, kept, elements);
	}
	free(elements);
	return ok && scenario_answer(c, kept);
}

bool scenario_mempool_resize(struct calling *c)
{
	struct scenario_pool *pool = scenario_pool(c, 0, POOL_MEM);
	struct mm_outcome out;

	if (!pool)
		return true;
	if (!arg_u64(c, 1) || arg_u64(c, 1) > INT_MAX)
		return scenario_mistake(c, "mempool_resize() to nothing: BUG_ON(new_min_nr <= 0)");
	out = mempool_resize(pool->mempool, c->m->cpu, (unsigned int)arg_u64(c, 1));
	c->m->last.out = out;
	c->m->last.type = SCENARIO_NOTHING;
	return scenario_answer(c, mm_ok(out) ? 0 : -12 /* -ENOMEM */);
}

bool scenario_mempool_destroy(struct calling *c)
{
	struct scenario_pool *pool;
	struct mempool_stats stats;

	if (!arg_u64(c, 0))
		return true;
	pool = scenario_pool(c, 0, POOL_MEM);
	if (!pool)
		return true;
	mempool_get_stats(pool->mempool, &stats);
	if (stats.nr_waiting)
		return scenario_mistake(c, "somebody waits for an element of this pool");
	if (stats.nr_used)
		return scenario_mistake(c, "%" PRIu64 " element%s of the pool %s still in use",
					stats.nr_used, stats.nr_used == 1 ? "" : "s",
					stats.nr_used == 1 ? "is" : "are");
	c->m->last.out = mempool_destroy(pool->mempool, c->m->cpu);
	pool->kind = POOL_NONE;
	return true;
}

bool scenario_mempool_curr_nr(struct calling *c)
{
	struct mempool_stats stats;

	return ask(c, &stats) && scenario_answer(c, stats.curr_nr);
}

bool scenario_mempool_min_nr(struct calling *c)
{
	struct mempool_stats stats;

	return ask(c, &stats) && scenario_answer(c, stats.min_nr);
}

bool scenario_mempool_nr_used(struct calling *c)
{
	struct mempool_stats stats;

	return ask(c, &stats) && scenario_answer(c, stats.nr_used);
}

bool scenario_mempool_is_saturated(struct calling *c)
{
	struct mempool_stats stats;

	return ask(c, &stats) && scenario_answer(c, stats.curr_nr >= stats.min_nr);
}

/* A count that is no int is one that kmalloc_array() refuses. */
static bool create(struct calling *c, enum backend backend, uint64_t what)
{
	const unsigned int min_nr = (unsigned int)MIN(arg_u64(c, 0), (uint64_t)INT_MAX);
	struct scenario_pool *pool = scenario_pool_add(c, POOL_MEM);

	pool->backend = backend;
	pool->what = what;
	pool->mempool = mempool_create(&c->m->pools->mem_rules, min_nr, &pool_ops, pool,
				       c->m->cpu, &c->m->last.out);
	if (!pool->mempool) {
		pool->kind = POOL_NONE;
		c->ret->number = 0;
	}
	return true;
}

static bool ask(struct calling *c, struct mempool_stats *stats)
{
	const uint64_t id = arg_u64(c, 0);
	const struct scenario_pool *pool = id ? c->m->pools->items.items[id - 1] : NULL;

	*stats = (struct mempool_stats){ 0 };
	if (!pool || pool->kind != POOL_MEM)
		return error_set(c->err, "%s", !pool ? "the pool is NULL" :
					       pool->kind == POOL_NONE ?
						"this pool was destroyed" :
						"this is no memory pool");
	mempool_get_stats(pool->mempool, stats);
	return true;
}

/* mempool_alloc(), or with "elements" that of many; what runs meanwhile may use the pool, too. */
static bool gave_after(struct calling *c, struct scenario_pool *pool, uint64_t *elements,
		       unsigned int nr)
{
	const struct scenario_call *before = pool->call;
	struct mempool_stats was, is;
	struct mm_outcome out;
	char slept[FMT_BUF];

	mempool_get_stats(pool->mempool, &was);
	pool->call = c->call;
	if (elements)
		out = mempool_alloc_bulk(pool->mempool, c->m->cpu, nr, elements);
	else
		out = mempool_alloc(pool->mempool, c->m->cpu, arg_gfp(c, 1),
				    scenario_context(c->m));
	pool->call = before;
	mempool_get_stats(pool->mempool, &is);
	gave(c, pool, out);
	if (is.waited_ns > was.waited_ns)
		scenario_more(c->m, "slept for %s", fmt_ns(slept, is.waited_ns - was.waited_ns));
	return true;
}

/* What the call gave is an element of "pool", or it hangs. */
static bool gave(struct calling *c, const struct scenario_pool *pool, struct mm_outcome out)
{
	scenario_gave(c, out);
	*c->ret = element_value(pool, mm_ok(out) ? out.addr : 0);
	if (out.failure == MM_FAIL_FOREVER)
		return stuck(c, pool);
	if (c->ret->type == SCENARIO_PAGE && mm_ok(out)) {
		c->m->last.type = SCENARIO_PAGE;
		c->m->last.at = c->m->blocks.items[out.addr - 1].pfn;
	}
	return true;
}

static bool stuck(struct calling *c, const struct scenario_pool *pool)
{
	struct mempool_stats stats;

	mempool_get_stats(pool->mempool, &stats);
	if (scenario_context(c->m) & PAGE_CTX_IRQ)
		scenario_mistake(c, "an interrupt would sleep: there is neither memory nor a reserve");
	else
		scenario_mistake(c, "no memory, %u of %u elements in reserve, %" PRIu64
				 " in use, and nobody left who would free one: a deadlock",
				 stats.curr_nr, stats.min_nr, stats.nr_used);
	c->m->last.out.failure = MM_FAIL_FOREVER;
	return true;
}

static struct scenario_value element_value(const struct scenario_pool *pool, uint64_t element)
{
	return (struct scenario_value){
		.type = backends[pool->backend].type,
		.number = (scenario_int)element,
	};
}

static bool read_elements(struct calling *c, unsigned int nr, uint64_t *elements)
{
	struct scenario_value value;

	for (unsigned int i = 0; i < nr; i++) {
		if (!scenario_array_get(c->call, 1, i, &value, c->err))
			return false;
		elements[i] = (uint64_t)value.number;
	}
	return true;
}

static bool write_elements(struct calling *c, const struct scenario_pool *pool, unsigned int nr,
			   const uint64_t *elements)
{
	for (unsigned int i = 0; i < nr; i++) {
		const struct scenario_value value = element_value(pool, elements[i]);

		if (!scenario_array_set(c->call, 1, i, &value, c->err))
			return false;
	}
	return true;
}

/* UINT_MAX, and c->err: so many there cannot be. */
static unsigned int count_arg(struct calling *c, unsigned int arg)
{
	if (arg_u64(c, arg) <= SCENARIO_MAX_ELEMENTS)
		return (unsigned int)arg_u64(c, arg);
	error_set(c->err, "at most %d elements at once", SCENARIO_MAX_ELEMENTS);
	return UINT_MAX;
}

static struct mm_outcome element_alloc(void *ctx, unsigned int cpu, uint32_t gfp,
				       unsigned int context)
{
	const struct scenario_pool *pool = ctx;

	(void)cpu;
	return backends[pool->backend].alloc(pool->m, pool->what, gfp, context);
}

static struct mm_outcome element_free(void *ctx, unsigned int cpu, uint64_t element)
{
	const struct scenario_pool *pool = ctx;

	(void)cpu;
	return backends[pool->backend].free(pool->m, element);
}

static struct mm_outcome own_alloc(void *ctx, unsigned int cpu, uint64_t size, uint32_t gfp)
{
	const struct scenario_pool *pool = ctx;

	return slab_kmalloc(pool->m->slab, cpu, size, gfp, -1, scenario_context(pool->m));
}

static struct mm_outcome own_free(void *ctx, unsigned int cpu, uint64_t addr)
{
	const struct scenario_pool *pool = ctx;

	return slab_free(pool->m->slab, cpu, addr);
}

static struct mm_outcome alloc_object(struct scenario_machine *m, uint64_t cache, uint32_t gfp,
				      unsigned int context)
{
	if (!slab_cache_geometry(m->slab, (uint32_t)cache))
		return (struct mm_outcome){ .failure = MM_FAIL_INVALID };
	return slab_alloc(m->slab, (uint32_t)cache, m->cpu, -1, gfp, context);
}

static struct mm_outcome alloc_bytes(struct scenario_machine *m, uint64_t size, uint32_t gfp,
				     unsigned int context)
{
	if (size > slab_size_max(m->slab))
		return (struct mm_outcome){ .failure = MM_FAIL_ORDER };
	return slab_kmalloc(m->slab, m->cpu, size, gfp, -1, context);
}

/* kvmalloc() as it was while there were such pools: 6.9 to 6.18. */
static struct mm_outcome alloc_either(struct scenario_machine *m, uint64_t size, uint32_t gfp,
				      unsigned int context)
{
	const bool large = size > KERNEL_PAGE_SIZE;
	const struct mm_outcome out =
		alloc_bytes(m, size, large ? gfp_of_kvmalloc(m->kernel, gfp) : gfp, context);

	if (mm_ok(out) || !large || size > INT32_MAX || !(gfp & GFP_BIT_DIRECT_RECLAIM))
		return out;
	return vmalloc_alloc(m->vmalloc, m->cpu, &(struct vmalloc_request){
		.size = size, .gfp = gfp, .node = -1, .flags = VMALLOC_HUGE,
	});
}

static struct mm_outcome alloc_block(struct scenario_machine *m, uint64_t order, uint32_t gfp,
				     unsigned int context)
{
	struct mm_outcome out =
		page_alloc(m->pages, m->cpu, gfp, (unsigned int)order, -1, context);

	if (mm_ok(out))
		out.addr = (uint64_t)scenario_block_add(m, out.addr, 1ULL << order,
						       (unsigned int)order, BLOCK_FROM_POOL) +
			   1;
	return out;
}

static struct mm_outcome free_object(struct scenario_machine *m, uint64_t addr)
{
	return slab_free(m->slab, m->cpu, addr);
}

static struct mm_outcome free_either(struct scenario_machine *m, uint64_t addr)
{
	return slab_is_live(m->slab, addr) ? slab_free(m->slab, m->cpu, addr) :
					     vmalloc_free(m->vmalloc, m->cpu, addr);
}

static struct mm_outcome free_block(struct scenario_machine *m, uint64_t page)
{
	const struct page_block block = m->blocks.items[page - 1];

	if (!block.live)
		return (struct mm_outcome){ .failure = MM_FAIL_INVALID };
	scenario_forget(m, (uint32_t)page - 1);
	return page_free(m->pages, m->cpu, block.pfn, block.order);
}

/* Those who are due run; an interrupt cannot wait for them. */
static bool element_wait(void *ctx, uint64_t ns, uint64_t *passed)
{
	const struct scenario_pool *pool = ctx;
	const uint64_t before = machine_now(pool->m->machine);
	bool more;

	*passed = 0;
	if (!pool->call || scenario_context(pool->m) & PAGE_CTX_IRQ)
		return false;
	more = scenario_wait(pool->call, ns);
	*passed = machine_now(pool->m->machine) - before;
	return more;
}
