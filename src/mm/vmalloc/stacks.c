/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thread stacks (kernel/fork.c). Each CPU keeps two of those that threads have left for the next
 * ones, so that a shell that forks and waits never comes here for pages. What is too many waits for
 * a grace period (since 5.18), asks its CPU once more, and is then freed, where nobody may sleep:
 * by a worker. Without VMAP_STACK a stack is a block of the direct map, and nobody keeps any.
 * Charging a memory cgroup for them is left out.
 */
#include <config.h>

#include "vmalloc_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/bits.h"

#include <inttypes.h>

/* From call_rcu() to the callback, on a machine that is not idle: some ticks of 250 Hz. */
#define GRACE_PERIOD_NS 20000000ULL

static bool keep(struct vmalloc *v, unsigned int cpu, struct va *va);
static struct mm_outcome take_kept(struct vmalloc *v, unsigned int cpu);
static struct mm_outcome alloc_block(struct vmalloc *v, unsigned int cpu, int node);
static struct mm_outcome free_block(struct vmalloc *v, unsigned int cpu, uint64_t addr);
static void expire(struct vmalloc *v, unsigned int cpu, uint64_t addr);
static struct va *stack_at(const struct vmalloc *v, uint64_t addr, enum vmap_use use);
static unsigned int stack_order(const struct vmalloc *v);

/* alloc_thread_stack_node() */
struct mm_outcome vmap_stack_alloc(struct vmalloc *v, unsigned int cpu, int node)
{
	const struct vmalloc_request request = {
		.size = v->layout->stack_size,
		.align = v->layout->stack_align,
		.gfp = GFP_BITS_KERNEL | GFP_BIT_ZERO,
		.node = node,
	};
	struct mm_outcome outcome;

	if (!v->layout->stack_align)
		return alloc_block(v, cpu, node);
	outcome = take_kept(v, cpu);
	if (mm_ok(outcome))
		return outcome;
	outcome = vmalloc_alloc(v, cpu, &request);
	if (mm_ok(outcome))
		va_tree_find(&v->busy, outcome.addr)->use = VMAP_USE_STACK;
	return outcome;
}

/* free_thread_stack() */
struct mm_outcome vmap_stack_free(struct vmalloc *v, unsigned int cpu, uint64_t addr)
{
	struct mm_outcome outcome = { .cost_ns = v->costs.vmap_pool, .steps = 1,
				      .path = MM_PATH_VMAP_STACK };
	struct va *va;

	if (!v->layout->stack_align)
		return free_block(v, cpu, addr);
	va = stack_at(v, addr, VMAP_USE_STACK);
	if (!va)
		return vmap_failed(MM_FAIL_INVALID);
	if (keep(v, cpu, va))
		return outcome;
	outcome.path = MM_PATH_VMAP_DEFERRED;
	if (!v->profile->rcu_stacks) {
		vmap_defer(v, cpu, va);
		return outcome;
	}
	va->use = VMAP_USE_DYING;
	vec_push(&vmap_cpu_of(v, cpu)->rcu, ((struct vmap_dying){ .addr = addr }));
	return outcome;
}

/* free_vm_stack_cache() */
void vmap_stacks_drop(struct vmalloc *v, unsigned int cpu)
{
	struct vmap_cpu *own = vmap_cpu_of(v, cpu);

	for (unsigned int i = 0; i < VMAP_NR_STACKS; i++) {
		if (stack_at(v, own->stacks[i], VMAP_USE_KEPT))
			(void)vmap_area_free(v, cpu, own->stacks[i]);
		own->stacks[i] = 0;
	}
}

uint64_t vmap_stack_size(const struct vmalloc *v)
{
	return v->layout->stack_size;
}

/* A grace period begins when the clock is looked at for the first time. */
uint64_t vmap_stacks_expire(struct vmalloc *v, unsigned int cpu, uint64_t now_ns)
{
	struct vmap_cpu *own = &v->cpus[cpu];
	size_t nr = 0;

	for (size_t i = own->rcu.nr; i > 0 && !own->rcu.items[i - 1].due_ns; i--)
		own->rcu.items[i - 1].due_ns = now_ns + GRACE_PERIOD_NS;
	while (nr < own->rcu.nr && own->rcu.items[nr].due_ns <= now_ns)
		expire(v, cpu, own->rcu.items[nr++].addr);
	for (size_t i = nr; i < own->rcu.nr; i++)
		own->rcu.items[i - nr] = own->rcu.items[i];
	own->rcu.nr -= nr;
	return own->rcu.nr ? own->rcu.items[0].due_ns : UINT64_MAX;
}

bool vmap_stacks_check(const struct vmalloc *v, struct error *err)
{
	for (unsigned int cpu = 0; cpu < v->nr_cpus; cpu++) {
		const struct vmap_cpu *own = &v->cpus[cpu];

		for (unsigned int i = 0; i < VMAP_NR_STACKS; i++)
			if (own->stacks[i] && !stack_at(v, own->stacks[i], VMAP_USE_KEPT))
				return error_set(err, "CPU %u keeps 0x%" PRIx64 ", which is no "
						 "stack", cpu, own->stacks[i]);
	}
	return true;
}

/* try_release_thread_stack_to_cache() */
static bool keep(struct vmalloc *v, unsigned int cpu, struct va *va)
{
	struct vmap_cpu *own = vmap_cpu_of(v, cpu);

	for (unsigned int i = 0; i < VMAP_NR_STACKS; i++) {
		if (own->stacks[i])
			continue;
		own->stacks[i] = va->start;
		va->use = VMAP_USE_KEPT;
		return true;
	}
	return false;
}

/* It is wiped, as a new one is. */
static struct mm_outcome take_kept(struct vmalloc *v, unsigned int cpu)
{
	struct vmap_cpu *own = vmap_cpu_of(v, cpu);
	struct mm_outcome outcome = { .path = MM_PATH_VMAP_STACK, .steps = 1 };

	for (unsigned int i = 0; i < VMAP_NR_STACKS; i++) {
		struct va *va = stack_at(v, own->stacks[i], VMAP_USE_KEPT);

		own->stacks[i] = 0;
		if (!va)
			continue;
		va->use = VMAP_USE_STACK;
		outcome.addr = va->start;
		mm_outcome_cost(&outcome, v->layout->stack_size / KERNEL_PAGE_SIZE *
						  (uint64_t)v->costs.zero_page);
		return outcome;
	}
	return vmap_failed(MM_FAIL_NO_MEMORY);
}

static struct mm_outcome alloc_block(struct vmalloc *v, unsigned int cpu, int node)
{
	const uint32_t gfp = GFP_BITS_KERNEL | GFP_BIT_ACCOUNT | GFP_BIT_ZERO;
	struct mm_outcome outcome = v->ops.page_alloc(v->ctx, cpu, gfp, stack_order(v), node);
	bool fresh;

	if (!mm_ok(outcome))
		return outcome;
	*u64map_insert(&v->page_stacks, outcome.addr, &fresh) = cpu;
	outcome.addr = v->direct_map + outcome.addr * KERNEL_PAGE_SIZE;
	return outcome;
}

/* The grace period of a block of pages is not waited for: nobody keeps it in the meantime. */
static struct mm_outcome free_block(struct vmalloc *v, unsigned int cpu, uint64_t addr)
{
	const uint64_t pfn = (addr - v->direct_map) / KERNEL_PAGE_SIZE;

	if (addr < v->direct_map || addr % KERNEL_PAGE_SIZE ||
	    !u64map_remove(&v->page_stacks, pfn))
		return vmap_failed(MM_FAIL_INVALID);
	return v->ops.block_free(v->ctx, cpu, pfn, stack_order(v));
}

/* thread_stack_free_rcu(): softirqs may not sleep, so that its vfree() is a worker's. */
static void expire(struct vmalloc *v, unsigned int cpu, uint64_t addr)
{
	struct va *va = stack_at(v, addr, VMAP_USE_DYING);

	if (va && !keep(v, cpu, va))
		vmap_defer(v, cpu, va);
}

static struct va *stack_at(const struct vmalloc *v, uint64_t addr, enum vmap_use use)
{
	struct va *va = addr ? va_tree_find(&v->busy, addr) : NULL;

	return va && va->use == use ? va : NULL;
}

static unsigned int stack_order(const struct vmalloc *v)
{
	return bits_get_order(v->layout->stack_size);
}
