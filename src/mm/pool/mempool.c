/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory pools (mm/mempool.c, v6.1 .. v7.2).
 *
 * Theory
 *
 * 1. A pool does not save allocations: each request goes to the allocator first, with a mask that
 *    neither waits nor digs into the machine's reserves, and the pool's own reserve is touched only
 *    when that fails. So in good times the reserve is as it was when the pool was made.
 *
 *	allocator, no waiting --> reserve --> allocator, waiting --> reserve --> sleep
 *	                                         ^                               |
 *	                                         +------ a free, or 5 s ---------+
 *
 * 2. A free fills the reserve before anything goes back to the allocator, whoever freed what. An
 *    element that is in use is one that will come back: "must not fail" is a promise of the pool's
 *    users to each other. Where nobody has an element to bring back, a sleeper sleeps for ever.
 *
 * 3. The reserve is a stack. An element can lie at its bottom for as long as there is a pool, which
 *    makes it look like a leak to who only sees the allocator's events.
 *
 * Left out: poisoning of elements in reserve (slab_debug), fairness among sleepers, who are all
 * woken by a free; the machine runs one call at a time, and the one that waits sees it first.
 */
#include <config.h>

#include "kmreplay/mm/mempool.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/gfp_derive.h"
#include "kmreplay/mm/machine_config.h"

#include <stdlib.h>

struct mempool {
	const struct mempool_rules *rules;
	struct mempool_ops ops;
	void *ctx;
	unsigned int min_nr;
	struct vec(uint64_t) reserve;
	struct u64map used;
	uint64_t self, array; /* the kernel's own memory of the pool; 0: not asked for */
	uint64_t nr_wakes;
	struct mempool_stats stats; /* what is counted; the rest is filled in when asked for */
};

static const uint32_t gfp_kernel = GFP_BITS_KERNEL;

static bool fill(struct mempool *pool, unsigned int cpu, struct mm_outcome *sum);
static bool own_alloc(struct mempool *pool, unsigned int cpu, uint64_t size, uint64_t *addr,
		      struct mm_outcome *sum);
static void own_free(struct mempool *pool, unsigned int cpu, uint64_t addr, struct mm_outcome *sum);
static void give_back(struct mempool *pool, unsigned int cpu, struct mm_outcome *sum);
static bool from_allocator(struct mempool *pool, unsigned int cpu, uint32_t gfp,
			   unsigned int context, struct mm_outcome *sum);
static bool from_reserve(struct mempool *pool, struct mm_outcome *sum);
static uint64_t pop(struct mempool *pool);
static bool keep(struct mempool *pool, uint64_t element);
static unsigned int least(const struct mempool *pool);
static void hand_out(struct mempool *pool, uint64_t element);
static bool fill_gaps(struct mempool *pool, unsigned int cpu, uint32_t gfp, unsigned int nr,
		      uint64_t *elements, struct mm_outcome *sum);
static void reserve_for_gaps(struct mempool *pool, unsigned int nr, uint64_t *elements,
			     struct mm_outcome *sum);
static unsigned int count_gaps(unsigned int nr, const uint64_t *elements);
static bool wait_for_free(struct mempool *pool, struct mm_outcome *sum);
static void take_over(struct mm_outcome *sum, struct mm_outcome part);

/* sizeof(mempool_t) without lock debugging; since when the calls exist. */
void mempool_rules_init(struct mempool_rules *rules, const struct machine_config *config)
{
	const struct kernel_version v = config->kernel;
	const bool narrow = config->arch == ARCH_X86_32;

	*rules = (struct mempool_rules){
		.pointer_size = narrow ? 4 : 8,
		.struct_size = narrow ? 40 : 72,
		.keeps_one = kernel_version_cmp(v, (struct kernel_version){ 6, 17 }) >= 0,
		.preallocated = kernel_version_cmp(v, (struct kernel_version){ 6, 8 }) >= 0,
		.kvmalloc = kernel_version_cmp(v, (struct kernel_version){ 6, 9 }) >= 0 &&
			    kernel_version_cmp(v, (struct kernel_version){ 6, 19 }) < 0,
		.bulk = kernel_version_cmp(v, (struct kernel_version){ 6, 19 }) >= 0,
		.cost_ns = config->costs.pool_reserve,
		.sleep_ns = config->costs.pool_sleep,
	};
}

struct mempool *mempool_create(const struct mempool_rules *rules, unsigned int min_nr,
			       const struct mempool_ops *ops, void *ctx, unsigned int cpu,
			       struct mm_outcome *outcome)
{
	struct mempool *pool = xcalloc(1, sizeof(*pool));

	pool->rules = rules;
	pool->ops = *ops;
	pool->ctx = ctx;
	pool->min_nr = min_nr;
	u64map_init(&pool->used);
	*outcome = (struct mm_outcome){ 0 };
	if (own_alloc(pool, cpu, rules->struct_size, &pool->self, outcome) &&
	    own_alloc(pool, cpu, (uint64_t)least(pool) * rules->pointer_size, &pool->array,
		      outcome) &&
	    fill(pool, cpu, outcome)) {
		outcome->addr = pool->self;
		pool->stats.least_nr = (unsigned int)pool->reserve.nr;
		return pool;
	}
	give_back(pool, cpu, outcome);
	outcome->addr = 0;
	mempool_forget(pool);
	return NULL;
}

struct mm_outcome mempool_destroy(struct mempool *pool, unsigned int cpu)
{
	struct mm_outcome sum = { 0 };

	if (!pool)
		return sum;
	BUG_ON(pool->stats.nr_waiting);
	give_back(pool, cpu, &sum);
	mempool_forget(pool);
	return sum;
}

void mempool_forget(struct mempool *pool)
{
	if (!pool)
		return;
	vec_deinit(&pool->reserve);
	u64map_deinit(&pool->used);
	free(pool);
}

struct mm_outcome mempool_alloc(struct mempool *pool, unsigned int cpu, uint32_t gfp,
				unsigned int context)
{
	const uint32_t full = gfp_of_mempool(gfp);
	uint32_t mask = gfp_of_mempool_first(full);
	struct mm_outcome sum = { 0 };
	bool last = false;

	while (!from_allocator(pool, cpu, mask, context, &sum) && !from_reserve(pool, &sum)) {
		if (mask != full) {
			mask = full;
			continue;
		}
		if (!(full & GFP_BIT_DIRECT_RECLAIM))
			return sum;
		if (last) {
			sum.failure = MM_FAIL_FOREVER;
			return sum;
		}
		last = !wait_for_free(pool, &sum);
	}
	hand_out(pool, sum.addr);
	return sum;
}

struct mm_outcome mempool_alloc_preallocated(struct mempool *pool)
{
	struct mm_outcome sum = { .failure = MM_FAIL_NO_MEMORY };

	if (from_reserve(pool, &sum))
		hand_out(pool, sum.addr);
	return sum;
}

struct mm_outcome mempool_free(struct mempool *pool, unsigned int cpu, uint64_t element)
{
	if (!element)
		return (struct mm_outcome){ 0 };
	if (!u64map_remove(&pool->used, element))
		return (struct mm_outcome){ .failure = MM_FAIL_INVALID };
	if (keep(pool, element))
		return (struct mm_outcome){ .cost_ns = pool->rules->cost_ns,
					    .path = MM_PATH_POOL_KEEP };
	return pool->ops.free(pool->ctx, cpu, element);
}

/* GFP_KERNEL: whoever asks may wait. Without waiting in the first round, as mempool_alloc(). */
struct mm_outcome mempool_alloc_bulk(struct mempool *pool, unsigned int cpu, unsigned int nr,
				     uint64_t *elements)
{
	const uint32_t full = gfp_of_mempool(gfp_kernel);
	uint32_t mask = gfp_of_mempool_first(full);
	struct mm_outcome sum = { 0 };
	bool last = false;

	while (!fill_gaps(pool, cpu, mask, nr, elements, &sum)) {
		if (count_gaps(nr, elements) <= pool->reserve.nr) {
			reserve_for_gaps(pool, nr, elements, &sum);
			break;
		}
		if (last) {
			sum.failure = MM_FAIL_FOREVER;
			return sum;
		}
		if (mask == full)
			last = !wait_for_free(pool, &sum);
		mask = full;
	}
	sum.failure = MM_FAIL_NONE;
	sum.addr = nr ? elements[0] : 0;
	return sum;
}

unsigned int mempool_free_bulk(struct mempool *pool, unsigned int nr, const uint64_t *elements)
{
	unsigned int freed = 0;

	for (; freed < nr && pool->reserve.nr < least(pool); freed++) {
		if (!elements[freed] || !u64map_remove(&pool->used, elements[freed]))
			break;
		(void)keep(pool, elements[freed]);
	}
	return freed;
}

/* A pool that shrinks keeps its array; one that grows copies it. */
struct mm_outcome mempool_resize(struct mempool *pool, unsigned int cpu, unsigned int min_nr)
{
	struct mm_outcome sum = { 0 };
	uint64_t array;

	if (!min_nr)
		return (struct mm_outcome){ .failure = MM_FAIL_INVALID };
	if (min_nr <= pool->min_nr) {
		pool->min_nr = min_nr;
		while (pool->reserve.nr > min_nr)
			take_over(&sum, pool->ops.free(pool->ctx, cpu, pop(pool)));
		return sum;
	}
	if (!own_alloc(pool, cpu, (uint64_t)min_nr * pool->rules->pointer_size, &array, &sum))
		return sum;
	own_free(pool, cpu, pool->array, &sum);
	pool->array = array;
	pool->min_nr = min_nr;
	/* Frees will do the rest. */
	(void)fill(pool, cpu, &sum);
	sum.failure = MM_FAIL_NONE;
	sum.addr = 0;
	return sum;
}

void mempool_get_stats(const struct mempool *pool, struct mempool_stats *stats)
{
	*stats = pool->stats;
	stats->min_nr = pool->min_nr;
	stats->curr_nr = (unsigned int)pool->reserve.nr;
	stats->nr_used = pool->used.nr;
}

uint64_t mempool_reserve_at(const struct mempool *pool, unsigned int i)
{
	BUG_ON(i >= pool->reserve.nr);
	return pool->reserve.items[i];
}

bool mempool_is_used(const struct mempool *pool, uint64_t element)
{
	return u64map_find(&pool->used, element);
}

bool mempool_check(const struct mempool *pool, struct error *err)
{
	struct u64map seen;
	bool ok = true, fresh;

	if (pool->reserve.nr > least(pool))
		return error_set(err, "a pool of %u elements has %zu in reserve", pool->min_nr,
				 pool->reserve.nr);
	u64map_init(&seen);
	for (size_t i = 0; i < pool->reserve.nr && ok; i++) {
		const uint64_t element = pool->reserve.items[i];

		(void)u64map_insert(&seen, element, &fresh);
		ok = element && fresh && !u64map_find(&pool->used, element);
		if (!ok)
			error_set(err, "element 0x%llx of a pool's reserve is in use, or there twice",
				  (unsigned long long)element);
	}
	u64map_deinit(&seen);
	return ok;
}

/* mempool_init_node() and the end of mempool_resize(). False: not all that there should be. */
static bool fill(struct mempool *pool, unsigned int cpu, struct mm_outcome *sum)
{
	while (pool->reserve.nr < least(pool)) {
		if (!from_allocator(pool, cpu, gfp_kernel, 0, sum))
			return false;
		vec_push(&pool->reserve, sum->addr);
	}
	return true;
}

static bool own_alloc(struct mempool *pool, unsigned int cpu, uint64_t size, uint64_t *addr,
		      struct mm_outcome *sum)
{
	struct mm_outcome part;

	*addr = 0;
	if (!pool->ops.own_alloc)
		return true;
	part = pool->ops.own_alloc(pool->ctx, cpu, size, gfp_kernel);
	take_over(sum, part);
	*addr = mm_ok(part) ? part.addr : 0;
	return mm_ok(part);
}

static void own_free(struct mempool *pool, unsigned int cpu, uint64_t addr, struct mm_outcome *sum)
{
	if (addr)
		mm_outcome_add(sum, pool->ops.own_free(pool->ctx, cpu, addr));
}

static void give_back(struct mempool *pool, unsigned int cpu, struct mm_outcome *sum)
{
	while (pool->reserve.nr)
		mm_outcome_add(sum, pool->ops.free(pool->ctx, cpu, pop(pool)));
	own_free(pool, cpu, pool->array, sum);
	own_free(pool, cpu, pool->self, sum);
}

static bool from_allocator(struct mempool *pool, unsigned int cpu, uint32_t gfp,
			   unsigned int context, struct mm_outcome *sum)
{
	const struct mm_outcome part = pool->ops.alloc(pool->ctx, cpu, gfp, context);

	take_over(sum, part);
	sum->addr = part.addr;
	return mm_ok(part);
}

static bool from_reserve(struct mempool *pool, struct mm_outcome *sum)
{
	if (!pool->reserve.nr)
		return false;
	mm_outcome_cost(sum, pool->rules->cost_ns);
	sum->addr = pop(pool);
	if (sum->path < MM_PATH_POOL_RESERVE)
		sum->path = MM_PATH_POOL_RESERVE;
	sum->failure = MM_FAIL_NONE;
	pool->stats.nr_reserve++;
	return true;
}

static uint64_t pop(struct mempool *pool)
{
	const uint64_t element = pool->reserve.items[--pool->reserve.nr];

	pool->stats.least_nr = MIN(pool->stats.least_nr, (unsigned int)pool->reserve.nr);
	return element;
}

/* Whoever sleeps is woken. False: the reserve is full. */
static bool keep(struct mempool *pool, uint64_t element)
{
	if (pool->reserve.nr >= least(pool))
		return false;
	vec_push(&pool->reserve, element);
	pool->stats.nr_kept++;
	pool->nr_wakes++;
	return true;
}

/* A pool that need not have any could never wake who waits for it. */
static unsigned int least(const struct mempool *pool)
{
	return MAX(pool->min_nr, pool->rules->keeps_one ? 1U : 0U);
}

static void hand_out(struct mempool *pool, uint64_t element)
{
	bool fresh;

	(void)u64map_insert(&pool->used, element, &fresh);
	pool->stats.nr_allocs++;
}

static bool fill_gaps(struct mempool *pool, unsigned int cpu, uint32_t gfp, unsigned int nr,
		      uint64_t *elements, struct mm_outcome *sum)
{
	for (unsigned int i = 0; i < nr; i++) {
		if (elements[i])
			continue;
		if (!from_allocator(pool, cpu, gfp, 0, sum))
			return false;
		elements[i] = sum->addr;
		hand_out(pool, elements[i]);
	}
	return true;
}

static void reserve_for_gaps(struct mempool *pool, unsigned int nr, uint64_t *elements,
			     struct mm_outcome *sum)
{
	for (unsigned int i = 0; i < nr; i++) {
		if (elements[i])
			continue;
		(void)from_reserve(pool, sum);
		elements[i] = sum->addr;
		hand_out(pool, elements[i]);
	}
}

static unsigned int count_gaps(unsigned int nr, const uint64_t *elements)
{
	unsigned int gaps = 0;

	for (unsigned int i = 0; i < nr; i++)
		gaps += !elements[i];
	return gaps;
}

/* io_schedule_timeout(5 * HZ) on the pool's queue. False: nobody will do anything any more. */
static bool wait_for_free(struct mempool *pool, struct mm_outcome *sum)
{
	const uint64_t wakes = pool->nr_wakes;
	uint64_t left = MEMPOOL_WAIT_NS, passed;
	bool more = pool->ops.wait;

	mm_outcome_cost(sum, pool->rules->sleep_ns);
	sum->path = MM_PATH_POOL_WAIT;
	pool->stats.nr_waits++;
	pool->stats.nr_waiting++;
	while (more && left && pool->nr_wakes == wakes) {
		more = pool->ops.wait(pool->ctx, left, &passed);
		passed = MIN(passed, left);
		pool->stats.waited_ns += passed;
		left -= passed;
	}
	pool->stats.nr_waiting--;
	return more;
}

/* A step that may have been the slowest one, and may have failed. */
static void take_over(struct mm_outcome *sum, struct mm_outcome part)
{
	mm_outcome_add(sum, part);
	if (sum->path < part.path)
		sum->path = part.path;
	sum->failure = part.failure;
}
