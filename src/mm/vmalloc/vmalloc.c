/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Areas of kernel virtual addresses (mm/vmalloc.c, v6.1 .. v7.2).
 *
 * Theory
 *
 * 1. All kernel addresses that nobody uses are in one tree of free ranges (va_tree.c), the vmalloc
 *    range, the module range and the gaps between them alike. A request names the bounds that its
 *    area must lie in and gets the lowest place that fits.
 *
 * 2. A freed area is still in the translation caches of all CPUs. It waits ("lazy") until a purge
 *    flushes them once for many areas. So addresses climb until the first purge, and what is used
 *    again is decided by the moments of purges, not of frees.
 *
 *	free tree --cut--> busy --free--> lazy --purge--> free tree      before 6.9
 *	    ^                ^                   |
 *	    |                +---- pool <--------+                       since 6.9
 *	    +--- decay ------------+                                     (sizes up to 256 pages)
 *
 * 3. Since 6.9 there are as many "nodes" as possible CPUs. The node of the CPU that asks lends an
 *    area of just that size from its pool without looking at the tree; the area remembers the
 *    node, even when the pool had none, and returns to it when it is purged. Each purge also
 *    empties a quarter of each pool into the free tree (purge.c). Ranges other than the vmalloc
 *    range take no part.
 *
 * What is left out: the objects that describe areas (struct vmap_area), since a recording shows
 * their allocation as events of their own.
 */
#include <config.h>

#include "vmalloc_internal.h"

#include "kmreplay/mm/tap.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/xalloc.h"

#include <stdlib.h>

enum {
	LEAST_RANGE_32 = 16 << 20, /* bytes: narrower bounds are not those of vmalloc() */
};

static struct mm_outcome alloc_area(struct vmalloc *v, const struct vmap_call *call);
static void init_nodes(struct vmalloc *v, unsigned int nr_cpus);
static void init_cpus(struct vmalloc *v, unsigned int nr_cpus);
static void destroy_nodes(struct vmalloc *v);
static struct vmap_pool *pool_of(const struct vmalloc *v, const struct vmap_call *call);
static struct va *pool_take(struct vmalloc *v, const struct vmap_call *call);
static struct mm_outcome tree_take(struct vmalloc *v, const struct vmap_call *call);
static struct mm_outcome tree_find(const struct vmalloc *v, const struct vmap_call *call,
				   struct va **va);
static void count_fit(struct vmalloc *v, enum va_fit fit);

struct vmalloc *vmalloc_create(const struct machine_config *config, const struct vmalloc_ops *ops,
			       void *ctx)
{
	struct vmalloc *v = xcalloc(1, sizeof(*v));

	v->profile = vmap_profile_for(config->kernel);
	v->ops = *ops;
	v->ctx = ctx;
	v->costs = config->costs;
	v->arch = config->arch;
	v->nr_numa_nodes = MAX(config->nr_nodes, 1U);
	for (size_t i = 0; i < config->ranges.nr; i++)
		v->total_pages += config->ranges.items[i].end - config->ranges.items[i].start;
	v->auto_purge = true;
	va_tree_init(&v->free);
	va_tree_init(&v->busy);
	vmap_init_layout(v, config);
	init_nodes(v, MAX(config->nr_cpus, 1U));
	init_cpus(v, MAX(config->nr_cpus, 1U));
	v->direct_map = machine_direct_map_of(config);
	va_tree_insert(&v->free, va_create(1, v->space_end));
	return v;
}

void vmalloc_destroy(struct vmalloc *v)
{
	if (!v)
		return;
	while (!list_is_empty(&v->blocks))
		vmap_block_forget(v, container_of(v->blocks.next, struct vmap_block, all)->va);
	vmap_packs_destroy(v);
	list_foreach(&v->busy.list, pos)
		vmap_pages_destroy(container_of(pos, struct va, link)->pages);
	va_tree_deinit(&v->free);
	va_tree_deinit(&v->busy);
	destroy_nodes(v);
	for (unsigned int i = 0; i < v->nr_cpus; i++) {
		vec_deinit(&v->cpus[i].deferred);
		vec_deinit(&v->cpus[i].rcu);
	}
	free(v->cpus);
	u64map_deinit(&v->page_stacks);
	u64map_deinit(&v->pte_pages);
	u64map_deinit(&v->pmd_pages);
	vec_deinit(&v->ptes);
	free(v);
}

void vmalloc_set_auto_purge(struct vmalloc *v, bool on)
{
	v->auto_purge = on;
}

void vmalloc_set_tap(struct vmalloc *v, const struct mm_tap *tap)
{
	v->tap = tap;
}

struct mm_outcome vmap_area_alloc(struct vmalloc *v, unsigned int cpu, uint64_t size,
				  uint64_t align, uint64_t vstart, uint64_t vend)
{
	const struct vmap_call call = { cpu, size, align, vstart, vend };
	const struct mm_outcome outcome = alloc_area(v, &call);

	if (outcome.failure != MM_FAIL_INVALID)
		mm_tap(v->tap, &(struct mm_tapped){
			.kind = MM_TAP_VMAP_ALLOC,
			.cpu = cpu,
			.failed = !mm_ok(outcome),
			.addr = outcome.addr,
			.size = size,
			.align = align,
			.start = vstart,
			.end = vend,
		});
	return outcome;
}

/* alloc_vmap_area() */
static struct mm_outcome alloc_area(struct vmalloc *v, const struct vmap_call *call)
{
	struct mm_outcome outcome = vmap_area_try(v, call);
	struct vmap_purged purged;
	struct mm_outcome again;

	if (outcome.failure != MM_FAIL_NO_SPACE)
		return outcome;
	purged = vmap_purge_lazy(v, true);
	outcome.path = MM_PATH_VMAP_PURGE;
	mm_outcome_cost(&outcome, vmap_purge_cost(v, &purged));
	again = tree_take(v, call);
	if (!mm_ok(again))
		v->refused = *call;
	outcome.addr = again.addr;
	outcome.failure = again.failure;
	mm_outcome_add(&outcome, again);
	v->stats.nr_failed -= mm_ok(outcome);
	return outcome;
}

struct mm_outcome vmap_area_try(struct vmalloc *v, const struct vmap_call *call)
{
	struct mm_outcome outcome;
	struct va *va;

	vmap_run_pending(v);
	v->stats.nr_allocs++;
	if (!vmap_call_is_possible(call)) {
		v->stats.nr_failed++;
		return vmap_failed(MM_FAIL_INVALID);
	}
	vmap_learn_range(v, call);
	va = pool_take(v, call);
	if (va) {
		v->stats.nr_pool_hits++;
		va_tree_insert(&v->busy, va);
		return (struct mm_outcome){ .addr = va->start,
					    .cost_ns = v->costs.vmap_pool,
					    .steps = 1,
					    .path = MM_PATH_VMAP_POOL };
	}
	outcome = tree_take(v, call);
	v->stats.nr_failed += !mm_ok(outcome);
	return outcome;
}

struct mm_outcome vmap_area_choose(const struct vmalloc *v, const struct vmap_call *call)
{
	struct vmap_pool *pool;

	if (!vmap_call_is_possible(call))
		return vmap_failed(MM_FAIL_INVALID);
	pool = pool_of(v, call);
	if (pool && !list_is_empty(&pool->areas)) {
		const struct va *va = container_of(pool->areas.next, struct va, link);

		if (!(va->start & (call->align - 1)))
			return (struct mm_outcome){ .addr = va->start,
						    .path = MM_PATH_VMAP_POOL };
	}
	return tree_find(v, call, &(struct va *){ NULL });
}

struct mm_outcome vmap_area_free(struct vmalloc *v, unsigned int cpu, uint64_t addr)
{
	struct mm_outcome outcome;
	struct va_pages *pages;
	struct va *va;

	vmap_run_pending(v);
	va = va_tree_find(&v->busy, addr);
	if (!va)
		return vmap_failed(MM_FAIL_INVALID);
	pages = va->pages;
	va->pages = NULL;
	if (va->block)
		vmap_block_forget(v, va);
	outcome = vmap_make_lazy(v, va);
	if (!pages)
		return outcome;
	if (pages->flush_reset) {
		struct vmap_purged purged = vmap_unmap_aliases(v);

		outcome.path = MM_PATH_VMAP_PURGE;
		mm_outcome_cost(&outcome, vmap_purge_cost(v, &purged));
	}
	mm_outcome_add(&outcome, vmap_pages_release(v, cpu, pages));
	return outcome;
}

struct mm_outcome vmap_area_adopt(struct vmalloc *v, uint64_t addr, uint64_t size)
{
	struct va *va;

	vmap_run_pending(v);
	if (!size || addr + size < addr || size % KERNEL_PAGE_SIZE || addr % KERNEL_PAGE_SIZE)
		return vmap_failed(MM_FAIL_INVALID);
	va = va_tree_enclosing(&v->free, addr);
	if (!va || va->end < addr + size)
		return vmap_failed(MM_FAIL_NO_SPACE);
	vmap_clip_free(v, va, addr, size);
	vmap_make_busy(v, addr, size);
	return (struct mm_outcome){
		.addr = addr, .cost_ns = v->costs.vmap_search, .steps = 1, .path = MM_PATH_VMAP_TREE
	};
}

struct vmap_node *vmap_node_of(const struct vmalloc *v, uint64_t addr)
{
	return &v->nodes[addr / v->zone_size % v->nr_nodes];
}

struct va *vmap_make_busy(struct vmalloc *v, uint64_t start, uint64_t size)
{
	struct va *va = va_create(start, start + size);

	va_tree_insert(&v->busy, va);
	return va;
}

/*
 * Address randomisation moves the range and keeps its size, so a request over just that size is one
 * over the vmalloc range. On 32 bits it is as large as lowmem and the command line leave it, and
 * there is no other range.
 */
void vmap_learn_range(struct vmalloc *v, const struct vmap_call *call)
{
	const uint64_t span = call->vend - call->vstart;

	if (v->range_fixed)
		return;
	if (span != v->range_vend - v->range_start &&
	    !(v->arch == ARCH_X86_64 && span == VMALLOC_SIZE_LA57 - 1) &&
	    !(v->arch == ARCH_X86_32 && call->vstart > machine_direct_map(v->arch) &&
	      span >= LEAST_RANGE_32))
		return;
	v->range_start = call->vstart;
	v->range_vend = call->vend;
	v->range_end = call->vend - !(call->vend & 1);
	v->range_fixed = true;
}

bool vmap_call_is_possible(const struct vmap_call *call)
{
	return call->size && call->size % KERNEL_PAGE_SIZE == 0 && bits_is_pow2(call->align) &&
	       call->vend >= call->vstart && call->size + call->align >= call->size;
}

uint16_t vmap_call_node(const struct vmalloc *v, const struct vmap_call *call)
{
	if (v->nr_nodes == 1 || call->vstart != v->range_start || call->vend != v->range_vend)
		return 0;
	return (uint16_t)(call->cpu % v->nr_nodes + 1);
}

uint64_t vmap_purge_cost(const struct vmalloc *v, const struct vmap_purged *purged)
{
	return v->costs.tlb_flush +
	       MIN(purged->nr, (uint64_t)UINT32_MAX) * v->costs.vmap_purge_area;
}

void vmap_clip_free(struct vmalloc *v, struct va *va, uint64_t start, uint64_t size)
{
	count_fit(v, va_tree_clip(&v->free, va, start, size));
}

/* vmap_init_nodes() */
static void init_nodes(struct vmalloc *v, unsigned int nr_cpus)
{
	v->nr_nodes = v->profile->nodes ? MIN(nr_cpus, (unsigned int)VMAP_NODES_MAX) : 1;
	v->zone_size = (v->nr_nodes > 1 ? 16 : 1) * (uint64_t)KERNEL_PAGE_SIZE;
	v->nodes = xcalloc(v->nr_nodes, sizeof(*v->nodes));
	for (unsigned int i = 0; i < v->nr_nodes; i++) {
		va_tree_init(&v->nodes[i].lazy);
		for (unsigned int j = 0; j < VMAP_POOL_MAX; j++)
			list_init(&v->nodes[i].pools[j].areas);
	}
	v->stats.lazy_max_pages = bits_fls(nr_cpus) * ((32ULL << 20) / KERNEL_PAGE_SIZE);
}

static void init_cpus(struct vmalloc *v, unsigned int nr_cpus)
{
	v->nr_cpus = nr_cpus;
	v->cpus = xcalloc(nr_cpus, sizeof(*v->cpus));
	for (unsigned int i = 0; i < nr_cpus; i++)
		list_init(&v->cpus[i].blocks);
	list_init(&v->blocks);
	list_init(&v->packs);
	u64map_init(&v->page_stacks);
}

static void destroy_nodes(struct vmalloc *v)
{
	for (unsigned int i = 0; i < v->nr_nodes; i++) {
		va_tree_deinit(&v->nodes[i].lazy);
		for (unsigned int j = 0; j < VMAP_POOL_MAX; j++) {
			struct list_head *areas = &v->nodes[i].pools[j].areas;

			while (!list_is_empty(areas)) {
				struct va *va = container_of(areas->next, struct va, link);

				list_del(&va->link);
				free(va);
			}
		}
	}
	free(v->nodes);
}

/* The pool that a request looks at first; NULL: it has none. */
static struct vmap_pool *pool_of(const struct vmalloc *v, const struct vmap_call *call)
{
	uint64_t at = (call->size - 1) / KERNEL_PAGE_SIZE;
	uint16_t node = vmap_call_node(v, call);

	return node && at < VMAP_POOL_MAX ? &v->nodes[node - 1].pools[at] : NULL;
}

/* node_pool_del_va(): only the first one is looked at; the wrong alignment sends it to the end. */
static struct va *pool_take(struct vmalloc *v, const struct vmap_call *call)
{
	struct vmap_pool *pool = pool_of(v, call);
	struct va *va;

	if (!pool || list_is_empty(&pool->areas))
		return NULL;
	va = container_of(pool->areas.next, struct va, link);
	list_del(&va->link);
	if (va->start & (call->align - 1)) {
		list_add_tail(&pool->areas, &va->link);
		return NULL;
	}
	pool->nr--;
	return va;
}

/* __alloc_vmap_area() */
static struct mm_outcome tree_take(struct vmalloc *v, const struct vmap_call *call)
{
	struct va *va;
	struct mm_outcome outcome = tree_find(v, call, &va);

	if (!mm_ok(outcome))
		return outcome;
	vmap_clip_free(v, va, outcome.addr, call->size);
	vmap_make_busy(v, outcome.addr, call->size)->node = vmap_call_node(v, call);
	return outcome;
}

/* find_vmap_lowest_match() and the check behind it; "*va" is the free range. */
static struct mm_outcome tree_find(const struct vmalloc *v, const struct vmap_call *call,
				   struct va **va)
{
	struct mm_outcome outcome = { .path = MM_PATH_VMAP_TREE, .failure = MM_FAIL_NO_SPACE };
	struct va_request request = {
		.size = call->size,
		.align = call->align,
		.vstart = call->vstart,
		.length = call->size,
	};
	unsigned int steps = 0;
	uint64_t start;

	/* Walk only where it fits at any alignment, unless the bounds leave one place anyway. */
	if (call->align > KERNEL_PAGE_SIZE && call->vend - call->vstart != call->size)
		request.length += call->align - 1;
	*va = va_tree_lowest_match(&v->free, &request, &steps);
	outcome.steps = (uint16_t)MIN(steps, (unsigned int)UINT16_MAX);
	mm_outcome_cost(&outcome, (uint64_t)steps * v->costs.vmap_search);
	if (!*va)
		return outcome;
	/* The lowest match decides: when it ends above vend, no other one is tried. */
	start = bits_align_up(MAX((*va)->start, call->vstart), call->align);
	if (start + call->size > call->vend)
		return outcome;
	outcome.addr = start;
	outcome.failure = MM_FAIL_NONE;
	return outcome;
}

static void count_fit(struct vmalloc *v, enum va_fit fit)
{
	switch (fit) {
	case VA_FIT_FULL:
		v->stats.nr_fit_full++;
		return;
	case VA_FIT_LEFT:
		v->stats.nr_fit_left++;
		return;
	case VA_FIT_RIGHT:
		v->stats.nr_fit_right++;
		return;
	case VA_FIT_MIDDLE:
		v->stats.nr_fit_middle++;
		return;
	case VA_FIT_NR:
		break;
	}
	BUG_ON(true);
}
