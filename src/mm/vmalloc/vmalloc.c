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
 * their allocation as events of their own; vm_map_ram's blocks, which are ordinary areas here.
 */
#include <config.h>

#include "vmalloc_internal.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/fmt.h"
#include "kmreplay/core/xalloc.h"

#include <stdlib.h>

/** Where the kernel puts things when the configuration does not say. */
struct layout {
	uint64_t start, size; /* vmalloc */
	uint64_t space_end;   /* ULONG_MAX */
	uint64_t modules_start, modules_end;
};

static const struct layout layouts[ARCH_NR] = {
	[ARCH_X86_64] = { 0xffffc90000000000, 1ULL << 45, UINT64_MAX, 0xffffffffc0000000,
			  0xffffffffff000000 },
	/* All of lowmem in use; modules are in the vmalloc range. */
	[ARCH_X86_32] = { 0xf77fe000, 0x8000000, UINT32_MAX, 0xf77fe000, 0xff7fe000 },
	[ARCH_ARM64] = { 0xffff800080000000, 0x7dbf7fff0000, UINT64_MAX, 0xffff800000000000,
			 0xffff800080000000 },
};

/* The other size that the range of x86-64 can have: 5-level page tables. */
#define VMALLOC_SIZE_LA57 (12800ULL << 40)

static const struct vmalloc_profile profiles[] = {
	{ .since = { 0, 0 }, .vm_struct_size = 64 },
	{ .since = { 6, 6 }, .pgtable_comp = true, .vm_struct_size = 64 },
	{ .since = { 6, 9 },
	  .nodes = true,
	  .bulk_nofail = true,
	  .pgtable_comp = true,
	  .vm_struct_size = 72 },
	{ .since = { 6, 18 },
	  .nodes = true,
	  .decay_exact = true,
	  .bulk_nofail = true,
	  .pgtable_comp = true,
	  .vm_struct_size = 72 },
	{ .since = { 7, 0 },
	  .nodes = true,
	  .decay_exact = true,
	  .large_orders_first = true,
	  .bulk_nofail = true,
	  .pgtable_comp = true,
	  .vm_struct_size = 80 },
};

static uint64_t range_start(const struct machine_config *config);
static void init_layout(struct vmalloc *v, const struct machine_config *config);
static void init_nodes(struct vmalloc *v, unsigned int nr_cpus);
static struct vmap_pool *pool_of(const struct vmalloc *v, const struct vmap_call *call);
static struct va *pool_take(struct vmalloc *v, const struct vmap_call *call);
static struct mm_outcome tree_take(struct vmalloc *v, const struct vmap_call *call);
static struct mm_outcome tree_find(const struct vmalloc *v, const struct vmap_call *call,
				   struct va **va);
static struct mm_outcome groups_find(const struct vmalloc *v, const struct vmap_groups *groups);
static uint64_t group_base_below(const struct vmalloc *v, struct va **va, uint64_t align);
static uint64_t purge_cost(const struct vmalloc *v, const struct vmap_purged *purged);
static void count_fit(struct vmalloc *v, enum va_fit fit);

bool vmalloc_check_config(const struct machine_config *config, struct error *err)
{
	const struct layout *layout = &layouts[config->arch];
	const uint64_t start = range_start(config);
	const uint64_t lowest = machine_direct_map_end(config);
	char size[FMT_BUF];

	if (!config->vmalloc_start && !config->vmalloc_size)
		return true;
	if (start % KERNEL_PAGE_SIZE || config->vmalloc_size % KERNEL_PAGE_SIZE)
		return error_set(err, "vmalloc range at %#llx of %llu bytes is not whole pages",
				 (unsigned long long)start,
				 (unsigned long long)config->vmalloc_size);
	if (start < lowest)
		return error_set(err, "vmalloc range at %#llx begins below the end of the direct "
				 "map at %#llx", (unsigned long long)start,
				 (unsigned long long)lowest);
	if (start >= layout->space_end || config->vmalloc_size > layout->space_end - start)
		return error_set(err, "vmalloc range of %s does not fit above %#llx",
				 fmt_size(size, config->vmalloc_size), (unsigned long long)start);
	return true;
}

uint64_t vmalloc_range_size(const struct machine_config *config)
{
	const struct layout *layout = &layouts[config->arch];
	const uint64_t start = range_start(config);

	return MIN(config->vmalloc_size ? config->vmalloc_size : layout->size,
		   layout->space_end - start);
}

struct vmalloc *vmalloc_create(const struct machine_config *config, const struct vmalloc_ops *ops,
			       void *ctx)
{
	struct vmalloc *v = xcalloc(1, sizeof(*v));

	v->profile = &profiles[0];
	for (size_t i = 1; i < ARRAY_SIZE(profiles); i++) {
		if (config->kernel.major == 0 ||
		    kernel_version_cmp(config->kernel, profiles[i].since) >= 0)
			v->profile = &profiles[i];
	}
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
	init_layout(v, config);
	init_nodes(v, MAX(config->nr_cpus, 1U));
	va_tree_insert(&v->free, va_create(1, v->space_end));
	return v;
}

void vmalloc_destroy(struct vmalloc *v)
{
	if (!v)
		return;
	list_foreach(&v->busy.list, pos)
		vmap_pages_destroy(container_of(pos, struct va, link)->pages);
	va_tree_deinit(&v->free);
	va_tree_deinit(&v->busy);
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
	u64map_deinit(&v->pte_pages);
	u64map_deinit(&v->pmd_pages);
	vec_deinit(&v->ptes);
	free(v);
}

void vmalloc_set_auto_purge(struct vmalloc *v, bool on)
{
	v->auto_purge = on;
}

/* alloc_vmap_area() */
struct mm_outcome vmap_area_alloc(struct vmalloc *v, unsigned int cpu, uint64_t size,
				  uint64_t align, uint64_t vstart, uint64_t vend)
{
	const struct vmap_call call = { cpu, size, align, vstart, vend };
	struct mm_outcome outcome = vmap_area_try(v, &call);
	struct vmap_purged purged;
	struct mm_outcome again;

	if (outcome.failure != MM_FAIL_NO_SPACE)
		return outcome;
	purged = vmap_purge_lazy(v, true);
	outcome.path = MM_PATH_VMAP_PURGE;
	mm_outcome_cost(&outcome, purge_cost(v, &purged));
	again = tree_take(v, &call);
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
	outcome = vmap_make_lazy(v, va);
	if (!pages)
		return outcome;
	if (pages->flush_reset) {
		struct vmap_purged purged = vmap_purge_lazy(v, false);

		outcome.path = MM_PATH_VMAP_PURGE;
		mm_outcome_cost(&outcome, purge_cost(v, &purged));
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

/* pcpu_get_vm_areas() */
struct mm_outcome vmap_groups_alloc(struct vmalloc *v, unsigned int cpu UNUSED,
				    const struct vmap_groups *groups)
{
	struct mm_outcome outcome;

	vmap_run_pending(v);
	v->stats.nr_allocs++;
	BUG_ON(!groups->nr || !bits_is_pow2(groups->align));
	outcome = groups_find(v, groups);
	if (!mm_ok(outcome)) {
		vmap_purge_lazy(v, true);
		outcome = groups_find(v, groups);
		outcome.path = MM_PATH_VMAP_PURGE;
		mm_outcome_cost(&outcome, v->costs.tlb_flush);
	}
	if (!mm_ok(outcome)) {
		v->stats.nr_failed++;
		return outcome;
	}
	for (unsigned int i = 0; i < groups->nr; i++) {
		uint64_t start = outcome.addr + groups->offsets[i];

		vmap_clip_free(v, va_tree_enclosing(&v->free, start), start, groups->sizes[i]);
		vmap_make_busy(v, start, groups->sizes[i]);
	}
	return outcome;
}

struct mm_outcome vmap_groups_choose(const struct vmalloc *v, const struct vmap_groups *groups)
{
	BUG_ON(!groups->nr || !bits_is_pow2(groups->align));
	return groups_find(v, groups);
}

void vmap_groups_free(struct vmalloc *v, unsigned int cpu, uint64_t base,
		      const struct vmap_groups *groups)
{
	for (unsigned int i = 0; i < groups->nr; i++)
		(void)vmap_area_free(v, cpu, base + groups->offsets[i]);
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

/* Address randomisation moves the range and keeps its size, so a request over just that size is
 * one over the vmalloc range. */
void vmap_learn_range(struct vmalloc *v, const struct vmap_call *call)
{
	uint64_t size = call->vend - call->vstart + 1;

	if (v->range_fixed)
		return;
	if (size != v->range_end - v->range_start + 1 &&
	    !(v->arch == ARCH_X86_64 && size == VMALLOC_SIZE_LA57))
		return;
	v->range_start = call->vstart;
	v->range_end = call->vend;
	v->range_fixed = true;
}

bool vmap_call_is_possible(const struct vmap_call *call)
{
	return call->size && call->size % KERNEL_PAGE_SIZE == 0 && bits_is_pow2(call->align) &&
	       call->vend >= call->vstart && call->size + call->align >= call->size;
}

uint16_t vmap_call_node(const struct vmalloc *v, const struct vmap_call *call)
{
	if (v->nr_nodes == 1 || call->vstart != v->range_start || call->vend != v->range_end)
		return 0;
	return (uint16_t)(call->cpu % v->nr_nodes + 1);
}

void vmap_clip_free(struct vmalloc *v, struct va *va, uint64_t start, uint64_t size)
{
	count_fit(v, va_tree_clip(&v->free, va, start, size));
}

/*
 * On 32 bits the range ends below the fixed mappings, whatever its size: "vmalloc=" of the command
 * line moves its start. Elsewhere it begins where it always does.
 */
static uint64_t range_start(const struct machine_config *config)
{
	const struct layout *layout = &layouts[config->arch];

	if (config->vmalloc_start)
		return config->vmalloc_start;
	if (config->arch == ARCH_X86_32 && config->vmalloc_size &&
	    config->vmalloc_size < layout->size)
		return layout->start + layout->size - config->vmalloc_size;
	return layout->start;
}

static void init_layout(struct vmalloc *v, const struct machine_config *config)
{
	const struct layout *layout = &layouts[config->arch];

	v->space_end = layout->space_end;
	v->range_start = range_start(config);
	v->range_end = v->range_start + vmalloc_range_size(config) - 1;
	v->range_fixed = config->vmalloc_start || config->vmalloc_size;
	v->modules_start = layout->modules_start;
	v->modules_end = layout->modules_end;
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

/*
 * The highest base at which every group falls into a free range. Groups are tried from the last to
 * the first, round and round; one that does not fit lowers the base to the end of a lower free
 * range, and all others have to be tried again until one full round passes ("last" is where the
 * round began).
 */
static struct mm_outcome groups_find(const struct vmalloc *v, const struct vmap_groups *groups)
{
	struct mm_outcome outcome = { .path = MM_PATH_VMAP_TREE };
	unsigned int group, last = 0;
	uint64_t base, end, top;
	struct va *va;

	for (unsigned int i = 1; i < groups->nr; i++) {
		if (groups->offsets[i] > groups->offsets[last])
			last = i;
	}
	top = groups->offsets[last] + groups->sizes[last];
	group = last;
	va = va_tree_enclosing(&v->free, bits_align_down(v->range_end, groups->align));
	end = group_base_below(v, &va, groups->align);
	for (;;) {
		uint64_t group_end = groups->offsets[group] + groups->sizes[group];

		outcome.steps++;
		mm_outcome_cost(&outcome, v->costs.vmap_search);
		base = end - group_end;
		if (!va || end < group_end || base < v->range_start ||
		    outcome.steps == UINT16_MAX || base + top < base) {
			outcome.failure = MM_FAIL_NO_SPACE;
			return outcome;
		}
		if (end > va->end || base + groups->offsets[group] < va->start) {
			if (end <= va->end)
				va = va_tree_prev(&v->free, va);
			end = group_base_below(v, &va, groups->align);
			last = group;
			continue;
		}
		group = (group + groups->nr - 1) % groups->nr;
		if (group == last)
			break;
		end = base + groups->offsets[group] + groups->sizes[group];
		va = va_tree_enclosing(&v->free, end);
	}
	outcome.addr = base;
	return outcome;
}

/* pvm_determine_end_from_reverse(): the aligned end of "*va" or of the next lower range that has
 * room below such an end. */
static uint64_t group_base_below(const struct vmalloc *v, struct va **va, uint64_t align)
{
	uint64_t limit = bits_align_down(v->range_end, align);

	for (; *va; *va = va_tree_prev(&v->free, *va)) {
		uint64_t end = MIN(bits_align_down((*va)->end, align), limit);

		if ((*va)->start < end)
			return end;
	}
	return 0;
}

static uint64_t purge_cost(const struct vmalloc *v, const struct vmap_purged *purged)
{
	return v->costs.tlb_flush +
	       MIN(purged->nr, (uint64_t)UINT32_MAX) * v->costs.vmap_purge_area;
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
