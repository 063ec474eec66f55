/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One computer put together: the slab, vmalloc and percpu layers take their pages from the page
 * allocator through the callbacks below, which also keep whoever drives the machine informed of
 * who holds what.
 */
#include <config.h>

#include "kmreplay/mm/machine.h"

#include "kmreplay/mm/page.h"
#include "kmreplay/mm/percpu.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/vmalloc.h"

#include <stdlib.h>

/* What the callbacks of one layer get: the machine, and which layer it is. */
struct layer {
	struct machine *machine;
	enum machine_layer which;
};

struct machine {
	struct machine_ops ops;
	void *ctx;
	struct page_ops page_ops;
	struct layer layers[MACHINE_LAYER_NR];
	struct page_allocator *pages;
	struct slab_allocator *slab;
	struct vmalloc *vmalloc;
	struct percpu *percpu;
};

static struct mm_outcome layer_alloc(void *ctx, unsigned int cpu, uint32_t gfp, unsigned int order,
				     int node, unsigned int context);
static struct mm_outcome layer_free(void *ctx, unsigned int cpu, uint64_t pfn, unsigned int order);
static struct mm_outcome vmalloc_page(void *ctx, unsigned int cpu, uint32_t gfp,
				      unsigned int order, int node);
static unsigned int vmalloc_pages(void *ctx, unsigned int cpu, uint32_t gfp, int node,
				  unsigned int nr, uint64_t *pfns);
static void vmalloc_split(void *ctx, uint64_t pfn, unsigned int order);
static struct mm_outcome layer_page_free(void *ctx, unsigned int cpu, uint64_t pfn);
static struct mm_outcome percpu_page(void *ctx, unsigned int cpu, uint32_t gfp, int node);
static struct mm_outcome percpu_groups(void *ctx, unsigned int cpu,
				       const struct vmap_groups *groups);
static void percpu_groups_free(void *ctx, unsigned int cpu, uint64_t base,
			       const struct vmap_groups *groups);
static void hand_out(const struct layer *layer, uint64_t pfn, unsigned int order, uint32_t gfp);
static void tell(const struct layer *layer, uint64_t pfn, unsigned int order, bool gone);

struct machine *machine_create(const struct machine_config *config, const struct machine_ops *ops,
			       void *ctx, struct error *err)
{
	static const struct slab_page_ops slab_ops = { .alloc = layer_alloc, .free = layer_free };
	static const struct vmalloc_ops vmalloc_ops = {
		.page_alloc = vmalloc_page,
		.page_alloc_bulk = vmalloc_pages,
		.page_split = vmalloc_split,
		.page_free = layer_page_free,
	};
	static const struct percpu_ops percpu_ops = {
		.page_alloc = percpu_page,
		.page_free = layer_page_free,
		.groups_alloc = percpu_groups,
		.groups_free = percpu_groups_free,
	};
	struct machine *m = xcalloc(1, sizeof(*m));
	struct percpu_layout layout;

	m->ops = *ops;
	m->ctx = ctx;
	m->page_ops = (struct page_ops){
		.moved = ops->moved, .reclaim = ops->reclaim, .oom = ops->oom
	};
	for (unsigned int i = 0; i < MACHINE_LAYER_NR; i++)
		m->layers[i] = (struct layer){ .machine = m, .which = (enum machine_layer)i };
	if (machine_config_check(config, err) && slab_check_config(config, err) &&
	    vmalloc_check_config(config, err) && percpu_check_config(config, err))
		m->pages = page_allocator_create(config, &m->page_ops, ctx, err);
	if (!m->pages) {
		machine_destroy(m);
		return NULL;
	}
	m->slab = slab_create(config, &slab_ops, &m->layers[MACHINE_SLAB]);
	m->vmalloc = vmalloc_create(config, &vmalloc_ops, &m->layers[MACHINE_VMALLOC]);
	percpu_layout_init(&layout, config);
	m->percpu = percpu_create(config, &layout, &percpu_ops, &m->layers[MACHINE_PERCPU]);
	return m;
}

void machine_destroy(struct machine *m)
{
	if (!m)
		return;
	percpu_destroy(m->percpu);
	vmalloc_destroy(m->vmalloc);
	slab_destroy(m->slab);
	page_allocator_destroy(m->pages);
	free(m);
}

struct page_allocator *machine_pages(struct machine *m)
{
	return m->pages;
}

struct slab_allocator *machine_slab(struct machine *m)
{
	return m->slab;
}

struct vmalloc *machine_vmalloc(struct machine *m)
{
	return m->vmalloc;
}

struct percpu *machine_percpu(struct machine *m)
{
	return m->percpu;
}

bool machine_check(const struct machine *m, struct error *err)
{
	return page_check(m->pages, err) && slab_check(m->slab, err) &&
	       vmalloc_check(m->vmalloc, err) && percpu_check(m->percpu, err);
}

bool machine_check_quick(const struct machine *m, struct error *err)
{
	return page_check_quick(m->pages, err);
}

static struct mm_outcome layer_alloc(void *ctx, unsigned int cpu, uint32_t gfp, unsigned int order,
				     int node, unsigned int context)
{
	const struct layer *layer = ctx;
	struct mm_outcome outcome =
		page_alloc(layer->machine->pages, cpu, gfp, order, node, context);

	if (mm_ok(outcome))
		hand_out(layer, outcome.addr, order, gfp);
	return outcome;
}

static struct mm_outcome layer_free(void *ctx, unsigned int cpu, uint64_t pfn, unsigned int order)
{
	const struct layer *layer = ctx;

	tell(layer, pfn, order, true);
	return page_free(layer->machine->pages, cpu, pfn, order);
}

static struct mm_outcome vmalloc_page(void *ctx, unsigned int cpu, uint32_t gfp,
				      unsigned int order, int node)
{
	return layer_alloc(ctx, cpu, gfp, order, node, 0);
}

static unsigned int vmalloc_pages(void *ctx, unsigned int cpu, uint32_t gfp, int node,
				  unsigned int nr, uint64_t *pfns)
{
	const struct layer *layer = ctx;
	unsigned int got = page_alloc_bulk(layer->machine->pages, cpu, gfp, node, nr, pfns);

	for (unsigned int i = 0; i < got; i++)
		hand_out(layer, pfns[i], 0, gfp);
	return got;
}

static void vmalloc_split(void *ctx, uint64_t pfn, unsigned int order)
{
	const struct layer *layer = ctx;

	page_split(layer->machine->pages, pfn, order);
}

static struct mm_outcome layer_page_free(void *ctx, unsigned int cpu, uint64_t pfn)
{
	return layer_free(ctx, cpu, pfn, 0);
}

static struct mm_outcome percpu_page(void *ctx, unsigned int cpu, uint32_t gfp, int node)
{
	return layer_alloc(ctx, cpu, gfp, 0, node, 0);
}

static struct mm_outcome percpu_groups(void *ctx, unsigned int cpu,
				       const struct vmap_groups *groups)
{
	const struct layer *layer = ctx;

	return vmap_groups_alloc(layer->machine->vmalloc, cpu, groups);
}

static void percpu_groups_free(void *ctx, unsigned int cpu, uint64_t base,
			       const struct vmap_groups *groups)
{
	const struct layer *layer = ctx;

	vmap_groups_free(layer->machine->vmalloc, cpu, base, groups);
}

/* A layer's pages stay where they are, even where its caller's mask says that they need not. */
static void hand_out(const struct layer *layer, uint64_t pfn, unsigned int order, uint32_t gfp)
{
	if (unlikely(gfp & GFP_BIT_MOVABLE))
		page_pin(layer->machine->pages, pfn);
	tell(layer, pfn, order, false);
}

static void tell(const struct layer *layer, uint64_t pfn, unsigned int order, bool gone)
{
	const struct machine *m = layer->machine;

	if (m->ops.owned)
		m->ops.owned(m->ctx, layer->which, pfn, order, gone);
}
