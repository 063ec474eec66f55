/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is not done at once: vfree() where nobody may sleep, which a worker does
 * (delayed_vfree_work()), stacks that wait for a grace period, and purges.
 */
#include <config.h>

#include "vmalloc_internal.h"

static void run_worker(struct vmalloc *v, unsigned int cpu);

struct mm_outcome vmalloc_free_later(struct vmalloc *v, unsigned int cpu, uint64_t addr)
{
	struct va *va = va_tree_find(&v->busy, addr);

	if (!va || va->use >= VMAP_USE_RAM)
		return vmap_failed(MM_FAIL_INVALID);
	vmap_defer(v, cpu, va);
	return (struct mm_outcome){ .cost_ns = v->costs.vmap_pool,
				    .steps = 1,
				    .path = MM_PATH_VMAP_DEFERRED };
}

/* A worker runs as soon as its CPU has time; what it is left by a grace period, after that. */
uint64_t vmalloc_tick(struct vmalloc *v, uint64_t now_ns)
{
	uint64_t next = UINT64_MAX;

	for (unsigned int cpu = 0; cpu < v->nr_cpus; cpu++)
		run_worker(v, cpu);
	for (unsigned int cpu = 0; cpu < v->nr_cpus; cpu++) {
		next = MIN(next, vmap_stacks_expire(v, cpu, now_ns));
		run_worker(v, cpu);
	}
	vmap_run_pending(v);
	return next;
}

bool vmalloc_is_waiting(const struct vmalloc *v)
{
	for (unsigned int cpu = 0; cpu < v->nr_cpus; cpu++)
		if (v->cpus[cpu].deferred.nr || v->cpus[cpu].rcu.nr)
			return true;
	return v->purge_pending;
}

struct vmap_cpu *vmap_cpu_of(const struct vmalloc *v, unsigned int cpu)
{
	return &v->cpus[cpu % v->nr_cpus];
}

void vmap_defer(struct vmalloc *v, unsigned int cpu, struct va *va)
{
	va->use = VMAP_USE_DYING;
	vec_push(&vmap_cpu_of(v, cpu)->deferred, va->start);
}

/* All that hangs on the list by now, the newest first: it is an llist. */
static void run_worker(struct vmalloc *v, unsigned int cpu)
{
	struct vmap_cpu *own = &v->cpus[cpu];

	while (own->deferred.nr) {
		const uint64_t addr = own->deferred.items[--own->deferred.nr];
		const struct va *va = va_tree_find(&v->busy, addr);

		/* Whoever follows a recording may have put another area there. */
		if (va && va->use == VMAP_USE_DYING)
			(void)vmap_area_free(v, cpu, addr);
	}
}
