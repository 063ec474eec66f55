/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The slab allocator: allocation and free of objects, as slab_alloc_node(), ___slab_alloc(),
 * do_slab_free() and __slab_free() of mm/slub.c do them in 6.1 and 6.12. Sizes are slab_kmalloc.c's
 * business, lists of slabs are slab_partial.c's, pages are slab_page.c's.
 *
 * Theory
 * ------
 * 1. A cache cuts slabs (2^order pages) into equal slots. Each CPU owns one slab of each cache, the
 *    cpu slab, and all free slots of it that it knows of: its free list, last in, first out. While
 *    that list lasts, an allocation pops it, and a free of an object of the own cpu slab pushes to
 *    it: the fast path, without lock.
 * 2. A slab has a second free list for everyone else. Objects of slabs that are not the own cpu
 *    slab are freed there. When the CPU's list is empty, it takes the whole second list over:
 *
 *	          slab_cpu.head --> 7 -> 2 -> 4 -|         pops and pushes: this CPU
 *	          slab_page.head -> 5 -> 1 -|              pushes: all other CPUs
 *	          slots 0, 3, 6 ..: live
 *
 * 3. Slots are linked in slab_page.links, one 16-bit number a slot. A live slot's link says so;
 *    thus a free of something that is not allocated is found at once, and costs no memory.
 * 4. The counter "inuse" counts the slots that are not on the second list. So for a cpu slab it is
 *    that of all slots, whatever the CPU's list holds.
 * 5. Debug caches have none of that: each object is taken from and given to the node's list. Since
 *    7.0 that is true of all caches, with sheaves in front (slab_sheaf.c).
 *
 * Left out: slabs that came from the reserves (pfmemalloc), which only some requests may use; those
 * are the requests of tasks with PF_MEMALLOC, which no event tells.
 */
#include <config.h>

#include "slab_designs.h"
#include "slab_memcg.h"
#include "slab_partial.h"
#include "slab_sheaf.h"
#include "slab_tap.h"

#include <stdlib.h>
#include <string.h>

static ALWAYS_INLINE struct mm_outcome take_object(struct slab_allocator *slab, uint32_t id,
						   unsigned int cpu, int node, uint32_t gfp,
						   unsigned int context);
static struct mm_outcome alloc_told(struct slab_allocator *slab, const struct slab_asked *asked,
				    unsigned int context);
static struct mm_outcome alloc_slow(struct slab_request *rq);
static bool cpu_slab_usable(struct slab_request *rq);
static bool refill_from_cpu_partial(struct slab_request *rq);
static bool refill_from_nodes(struct slab_request *rq);
static bool refill_once(struct slab_request *rq, uint32_t gfp);
static struct slab_page *single_page(struct slab_request *rq, uint32_t gfp);
static ALWAYS_INLINE uint64_t pop_cpu(struct slab_cache *cache, struct slab_cpu *c);
static uint64_t pop_sheaf(struct slab_cache *cache, struct slab_sheaf *sheaf);
static struct mm_outcome free_untold(struct slab_allocator *slab, unsigned int cpu, uint64_t addr);
static NOINLINE struct mm_outcome free_other(struct slab_allocator *slab, unsigned int cpu,
					     uint64_t addr, uintptr_t value);
static void free_slow(struct slab_allocator *slab, unsigned int cpu, const struct slab_chain *chain,
		      struct mm_outcome *out);
static void free_to_node(struct slab_allocator *slab, unsigned int cpu, struct slab_page *page,
			 struct mm_outcome *out);
static void free_single(struct slab_allocator *slab, unsigned int cpu, struct slab_page *page,
			bool was_full, struct mm_outcome *out);
static struct mm_outcome failed(enum mm_failure failure);

struct slab_allocator *slab_create(const struct machine_config *config,
				   const struct slab_page_ops *ops, void *ctx)
{
	struct slab_allocator *slab = xcalloc(1, sizeof(*slab));

	slab->page_offset = machine_direct_map_of(config);
	slab->nr_cpus = MAX(config->nr_cpus, 1U);
	slab->nr_nodes = MIN(MAX(config->nr_nodes, 1U), (unsigned int)UINT16_MAX);
	slab->costs = config->costs;
	slab->ops = *ops;
	slab->ctx = ctx;
	machine_config_copy(&slab->config, config);
	slab->config.nr_cpus = slab->nr_cpus;
	slab->config.kernel = slab_design_kernel(config);
	slab->profile = slab_profile_of(slab->config.kernel);
	slab->design = slab_design_info(config);
	slab->other = slab->design->ops;
	if (slab->other)
		slab->other->init(slab);
	slab_kmalloc_init(slab);
	slab_memcg_set(slab, config->slab_memcg);
	return slab;
}

void slab_destroy(struct slab_allocator *slab)
{
	uintptr_t value;

	if (!slab)
		return;
	for (uint64_t pfn = 0; (value = slab_map_next(&slab->map, &pfn)); pfn++) {
		struct slab_page *page = (struct slab_page *)value;

		if (slab_map_is_large(value))
			continue;
		pfn += (1ULL << page->order) - 1;
		free(page);
	}
	while (slab->rcu) {
		struct slab_page *page = slab->rcu;

		slab->rcu = page->next;
		free(page);
	}
	slab_map_deinit(&slab->map);
	vec_foreach(&slab->caches, cache)
		slab_cache_free(slab, *cache);
	if (slab->other)
		slab->other->deinit(slab);
	vec_deinit(&slab->caches);
	vec_foreach(&slab->names, name)
		free(*name);
	vec_deinit(&slab->names);
	vec_deinit(&slab->kmalloc);
	vec_deinit(&slab->copies);
	machine_config_deinit(&slab->config);
	free(slab);
}

uint64_t slab_tick(struct slab_allocator *slab, uint64_t now_ns)
{
	return slab->other ? slab->other->tick(slab, now_ns) : UINT64_MAX;
}

uint64_t slab_page_offset(const struct slab_allocator *slab)
{
	return slab->page_offset;
}

struct mm_outcome slab_alloc(struct slab_allocator *slab, uint32_t id, unsigned int cpu, int node,
			     uint32_t gfp, unsigned int context)
{
	if (unlikely(slab->tap))
		return alloc_told(slab, &(struct slab_asked){ 0, id, gfp, cpu, node }, context);
	return slab_alloc_untold(slab, id, cpu, node, gfp, context);
}

/* Apart, so that a call which nobody hears of ends with a jump. */
static NOINLINE struct mm_outcome alloc_told(struct slab_allocator *slab,
					     const struct slab_asked *asked, unsigned int context)
{
	const struct mm_outcome out = slab_alloc_untold(slab, asked->cache, asked->cpu,
							asked->node, asked->gfp, context);

	slab_tell_alloc(slab, asked, out);
	return out;
}

struct mm_outcome slab_alloc_untold(struct slab_allocator *slab, uint32_t id, unsigned int cpu,
				    int node, uint32_t gfp, unsigned int context)
{
	const struct mm_outcome out = take_object(slab, id, cpu, node, gfp, context);

	return likely(!slab->memcg) ? out : slab_memcg_charge(slab, cpu, gfp, out);
}

struct mm_outcome slab_alloc_object(struct slab_allocator *slab, uint32_t id, unsigned int cpu,
				    int node, uint32_t gfp, unsigned int context)
{
	return take_object(slab, id, cpu, node, gfp, context);
}

struct mm_outcome slab_free(struct slab_allocator *slab, unsigned int cpu, uint64_t addr)
{
	if (unlikely(slab->tap))
		slab_tell_free(slab, cpu, addr);
	return free_untold(slab, cpu, addr);
}

static struct mm_outcome free_untold(struct slab_allocator *slab, unsigned int cpu, uint64_t addr)
{
	uintptr_t value = slab_map_find(&slab->map, slab_addr_pfn(slab, addr));
	struct slab_page *page = (struct slab_page *)value;
	struct slab_cpu *c;
	unsigned int slot;

	BUG_ON(cpu >= slab->nr_cpus);
	if (unlikely(!value) || unlikely(slab_map_is_large(value)))
		return free_other(slab, cpu, addr, value);
	slot = slab_slot(page, addr);
	if (unlikely(slot == SLAB_NIL) || unlikely(page->links[slot] != SLAB_LIVE))
		return failed(MM_FAIL_INVALID);
	c = &page->cache->cpu[cpu];
	if (likely(c->page == page)) {
		page->links[slot] = (uint16_t)c->head;
		c->head = slot;
		page->cache->counters.frees++;
		return (struct mm_outcome){
			.cost_ns = slab->costs.slab_free_fast,
			.path = MM_PATH_SLAB_FREE_FAST,
		};
	}
	if (unlikely(slab->other))
		return slab->other->free(slab, cpu, (struct slab_object){ page, slot });
	page->cache->counters.frees++;
	if (page->cache->sheaves)
		return slab_sheaf_free(slab, cpu, (struct slab_object){ page, slot });
	return slab_free_chain(slab, cpu, &(struct slab_chain){
		.page = page,
		.head = (uint16_t)slot,
		.tail = (uint16_t)slot,
		.nr = 1,
	});
}

uint32_t slab_cache_of(const struct slab_allocator *slab, uint64_t addr)
{
	uintptr_t value = slab_map_find(&slab->map, slab_addr_pfn(slab, addr));
	struct slab_page *page = (struct slab_page *)value;

	if (!value || slab_map_is_large(value))
		return SLAB_CACHE_NONE;
	if (slab->other && slab->other->cache_of)
		return slab->other->cache_of(
			slab, (struct slab_object){ page, slab_slot(page, addr) });
	return page->cache->id;
}

bool slab_is_live(const struct slab_allocator *slab, uint64_t addr)
{
	uintptr_t value = slab_map_find(&slab->map, slab_addr_pfn(slab, addr));
	const struct slab_page *page = (const struct slab_page *)value;
	unsigned int slot;

	if (!value || slab_map_is_large(value))
		return value && addr % KERNEL_PAGE_SIZE == 0;
	slot = slab_slot(page, addr);
	return slot != SLAB_NIL &&
	       (page->links[slot] == SLAB_LIVE || page->links[slot] == SLAB_LISTED);
}

struct mm_outcome slab_free_chain(struct slab_allocator *slab, unsigned int cpu,
				  const struct slab_chain *chain)
{
	struct slab_page *page = chain->page;
	struct slab_cache *cache = page->cache;
	struct slab_cpu *c = &cache->cpu[cpu];
	struct mm_outcome out = { 0 };

	if (c->page == page) {
		page->links[chain->tail] = (uint16_t)c->head;
		c->head = chain->head;
		slab_step(&out, MM_PATH_SLAB_FREE_FAST, slab->costs.slab_free_fast);
	} else {
		uint64_t given_back = cache->counters.free_slab;

		free_slow(slab, cpu, chain, &out);
		/* "page" itself may be gone, its cache is not. */
		if (cache->counters.free_slab != given_back)
			out.path = MM_PATH_SLAB_FREE_DISCARD;
	}
	return out;
}

struct mm_outcome slab_alloc_single(struct slab_request *rq)
{
	struct slab_cache *cache = rq->cache;
	uint32_t first_round = slab_first_round_gfp(rq);
	struct slab_page *page = first_round ? single_page(rq, first_round) : NULL;
	unsigned int slot;

	if (!page)
		page = single_page(rq, rq->gfp);
	if (!page) {
		cache->counters.alloc_failed++;
		return rq->out;
	}
	rq->out.failure = MM_FAIL_NONE;
	slot = page->head;
	page->head = page->links[slot];
	page->links[slot] = SLAB_LIVE;
	if (++page->inuse == page->objects)
		slab_node_del(page);
	cache->counters.allocs++;
	rq->out.addr = page->base + (uint64_t)slot * cache->size;
	return rq->out;
}

/*
 * Since 6.8 a node that is only preferred gets a first round of its own that must not disturb
 * anyone: that node alone, without reclaim.
 */
uint32_t slab_first_round_gfp(const struct slab_request *rq)
{
	const struct slab_profile *profile = rq->slab->profile;
	uint32_t kept = GFP_BIT_KSWAPD_RECLAIM;

	if (!profile->node_first_round || rq->slab->design->one_round)
		return 0;
	if (rq->node < 0 || (rq->gfp & GFP_BIT_THISNODE))
		return 0;
	if (profile->sheaves)
		kept = rq->gfp & (GFP_BIT_KSWAPD_RECLAIM | GFP_BIT_NOMEMALLOC | GFP_BIT_ACCOUNT);
	return kept | GFP_BIT_NOWARN | GFP_BIT_THISNODE;
}

/* slab_alloc_node() up to the object; what remains is the fast path of everybody. */
static ALWAYS_INLINE struct mm_outcome take_object(struct slab_allocator *slab, uint32_t id,
						   unsigned int cpu, int node, uint32_t gfp,
						   unsigned int context)
{
	struct slab_cache *cache = slab_cache_get(slab, id);
	struct slab_cpu *c;

	BUG_ON(cpu >= slab->nr_cpus);
	if (unlikely(!cache))
		return failed(MM_FAIL_INVALID);
	c = &cache->cpu[cpu];
	if (likely(c->head != SLAB_NIL) && likely(node < 0 || node == c->page->node)) {
		cache->counters.allocs++;
		return (struct mm_outcome){
			.addr = pop_cpu(cache, c),
			.cost_ns = slab->costs.slab_fast,
			.path = MM_PATH_SLAB_FAST,
		};
	}
	if (cache->sheaves && node < 0) {
		struct slab_sheaf *sheaf = cache->sheaves[cpu].main;

		if (likely(sheaf) && likely(sheaf->nr)) {
			cache->counters.allocs++;
			return (struct mm_outcome){
				.addr = pop_sheaf(cache, sheaf),
				.cost_ns = slab->costs.slab_fast,
				.path = MM_PATH_SLAB_SHEAF,
			};
		}
	}
	return alloc_slow(&(struct slab_request){
		.slab = slab,
		.cache = cache,
		.cpu = cpu,
		.node = node,
		.gfp = gfp,
		.context = context,
	});
}

/* ___slab_alloc() */
static struct mm_outcome alloc_slow(struct slab_request *rq)
{
	struct slab_cache *cache = rq->cache;

	if (rq->node >= (int)rq->slab->nr_nodes)
		rq->node = -1;
	if (rq->slab->other)
		return rq->slab->other->alloc(rq);
	if (cache->sheaves)
		return slab_sheaf_alloc(rq);
	cache->counters.alloc_slowpath++;
	if (cache->single)
		return slab_alloc_single(rq);
	if (!cpu_slab_usable(rq) && !refill_from_cpu_partial(rq) && !refill_from_nodes(rq)) {
		cache->counters.alloc_failed++;
		rq->out.addr = 0;
		return rq->out;
	}
	cache->counters.allocs++;
	rq->out.addr = pop_cpu(cache, &cache->cpu[rq->cpu]);
	return rq->out;
}

/* The CPU's slab has an object after all: from the list that other CPUs freed to. */
static bool cpu_slab_usable(struct slab_request *rq)
{
	struct slab_cache *cache = rq->cache;
	struct slab_cpu *c = &cache->cpu[rq->cpu];

	if (!c->page)
		return false;
	if (rq->node >= 0 && rq->node != c->page->node) {
		cache->counters.alloc_node_mismatch++;
		slab_deactivate(cache, rq->slab, rq->cpu, &rq->out);
		return false;
	}
	if (c->head != SLAB_NIL) {
		slab_step(&rq->out, MM_PATH_SLAB_FAST, rq->slab->costs.slab_fast);
		return true;
	}
	if (c->page->head == SLAB_NIL) {
		c->page->place = SLAB_PLACE_FULL;
		c->page = NULL;
		cache->counters.deactivate_bypass++;
		return false;
	}
	slab_install(rq, c->page);
	cache->counters.alloc_refill++;
	slab_step(&rq->out, MM_PATH_SLAB_REFILL, rq->slab->costs.slab_refill);
	return true;
}

static bool refill_from_cpu_partial(struct slab_request *rq)
{
	struct slab_cache *cache = rq->cache;
	struct slab_cpu *c = &cache->cpu[rq->cpu];

	while (c->partial) {
		struct slab_page *page = c->partial;

		c->partial = page->next;
		if (rq->node >= 0 && rq->node != page->node) {
			slab_put_node_partial(rq->slab, page, rq->cpu, &rq->out);
			continue;
		}
		slab_install(rq, page);
		cache->counters.cpu_partial_alloc++;
		slab_step(&rq->out, MM_PATH_SLAB_CPU_PARTIAL, rq->slab->costs.slab_cpu_partial);
		return true;
	}
	return false;
}

/* From a node's list, or a new slab. */
static bool refill_from_nodes(struct slab_request *rq)
{
	uint32_t first_round = slab_first_round_gfp(rq);

	return (first_round && refill_once(rq, first_round)) || refill_once(rq, rq->gfp);
}

static bool refill_once(struct slab_request *rq, uint32_t gfp)
{
	struct slab_page *page = slab_get_partial(rq, gfp);

	if (!page)
		page = slab_page_new(rq, gfp, rq->node);
	if (!page)
		return false;
	rq->out.failure = MM_FAIL_NONE;
	slab_install(rq, page);
	return true;
}

/* The slab to take one object from, standing on its node's list. */
static struct slab_page *single_page(struct slab_request *rq, uint32_t gfp)
{
	struct slab_page *page = slab_peek_partial(rq, gfp);

	if (page) {
		rq->cache->counters.alloc_from_partial++;
		slab_step(&rq->out, MM_PATH_SLAB_NODE_PARTIAL, rq->slab->costs.slab_node_partial);
		return page;
	}
	page = slab_page_new(rq, gfp, rq->node);
	if (page)
		slab_node_add(page, false);
	return page;
}

static ALWAYS_INLINE uint64_t pop_cpu(struct slab_cache *cache, struct slab_cpu *c)
{
	struct slab_page *page = c->page;
	unsigned int slot = c->head;

	c->head = page->links[slot];
	page->links[slot] = SLAB_LIVE;
	return page->base + (uint64_t)slot * cache->size;
}
static ALWAYS_INLINE uint64_t pop_sheaf(struct slab_cache *cache, struct slab_sheaf *sheaf)
{
	const struct slab_object *object = &sheaf->objects[--sheaf->nr];

	object->page->links[object->slot] = SLAB_LIVE;
	return object->page->base + (uint64_t)object->slot * cache->size;
}

/* What is not in a slab: nothing, a large object, or no object at all. */
static struct mm_outcome free_other(struct slab_allocator *slab, unsigned int cpu, uint64_t addr,
				    uintptr_t value)
{
	if (!addr || addr == SLAB_ZERO_SIZE_PTR)
		return failed(MM_FAIL_NONE);
	if (!value || addr % KERNEL_PAGE_SIZE)
		return failed(MM_FAIL_INVALID);
	return slab_free_large(slab, cpu, addr, value);
}

/* __slab_free() */
static void free_slow(struct slab_allocator *slab, unsigned int cpu, const struct slab_chain *chain,
		      struct mm_outcome *out)
{
	struct slab_page *page = chain->page;
	struct slab_counters *counters = &page->cache->counters;
	bool was_full = page->head == SLAB_NIL;

	counters->free_slowpath++;
	counters->free_slow_objects += chain->nr;
	slab_step(out, MM_PATH_SLAB_FREE_SLOW, slab->costs.slab_free_slow);
	page->links[chain->tail] = page->head;
	page->head = chain->head;
	page->inuse = (uint16_t)(page->inuse - chain->nr);
	if (page->cache->single) {
		free_single(slab, cpu, page, was_full, out);
		return;
	}
	switch ((enum slab_place)page->place) {
	case SLAB_PLACE_CPU:
		counters->free_remote++;
		break;
	case SLAB_PLACE_CPU_PARTIAL:
	case SLAB_PLACE_LOOSE:
		break;
	case SLAB_PLACE_NODE_PARTIAL:
		free_to_node(slab, cpu, page, out);
		break;
	case SLAB_PLACE_FULL:
		counters->cpu_partial_free++;
		slab_put_cpu_partial(slab, page, cpu, true, out);
		break;
	case SLAB_PLACE_NR:
		BUG_ON(true);
	}
}

/* The slab stands on its node's list, where only so many empty ones may stay. */
static void free_to_node(struct slab_allocator *slab, unsigned int cpu, struct slab_page *page,
			 struct mm_outcome *out)
{
	struct slab_cache *cache = page->cache;

	if (page->inuse || cache->node[page->node].nr_partial < cache->geometry.min_partial)
		return;
	slab_node_del(page);
	cache->counters.free_remove_partial++;
	slab_page_discard(slab, page, cpu, out);
}

/* free_to_partial_list(), and __slab_free() since 7.0 */
static void free_single(struct slab_allocator *slab, unsigned int cpu, struct slab_page *page,
			bool was_full, struct mm_outcome *out)
{
	struct slab_cache *cache = page->cache;

	if (!page->inuse && cache->node[page->node].nr_partial >= cache->geometry.min_partial) {
		if (!was_full) {
			slab_node_del(page);
			cache->counters.free_remove_partial++;
		}
		slab_page_discard(slab, page, cpu, out);
	} else if (was_full) {
		cache->counters.free_add_partial++;
		slab_node_add(page, true);
	}
}

static struct mm_outcome failed(enum mm_failure failure)
{
	return (struct mm_outcome){ .failure = (uint8_t)failure };
}
