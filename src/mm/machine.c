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
#include "kmreplay/mm/slab_design.h"
#include "kmreplay/mm/vmap.h"

#include <stdlib.h>

/* What the callbacks of one layer get: the machine, and which layer it is. */
struct layer {
	struct machine *machine;
	enum machine_layer which;
};

/*
 * What a layer does in the background when its clock shows "now_ns"; it returns when it wants to be
 * told again, later than that.
 */
typedef uint64_t tick_fn(struct machine *m, uint64_t now_ns);

static tick_fn tick_pages, tick_slab, tick_vmalloc, tick_percpu;
static const struct machine_tick {
	tick_fn *tick;
} ticks[] = { { tick_pages }, { tick_slab }, { tick_vmalloc }, { tick_percpu } };

/* Later than that it never gets: sums cannot wrap. */
#define LAST_NS (UINT64_MAX / 4)

/*
 * So often layers take turns in the order of time; whoever lets hours pass at once has each do the
 * rest of its work by itself. Layers skip what changes nothing, but only if they are asked once.
 */
enum { MAX_TURNS = 1024 };

struct machine {
	uint64_t now_ns;
	uint64_t due_ns[ARRAY_SIZE(ticks)]; /* when each wants to be told */
	struct machine_ops ops;
	void *ctx;
	struct page_ops page_ops;
	struct layer layers[MACHINE_LAYER_NR];
	struct page_allocator *pages;
	struct slab_allocator *slab;
	struct vmalloc *vmalloc;
	struct percpu *percpu;
	unsigned int context; /* enum page_context of calls that do not say so themselves */
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
static struct mm_outcome layer_kmalloc(void *ctx, unsigned int cpu, uint64_t size, uint32_t gfp);
static struct mm_outcome layer_kfree(void *ctx, unsigned int cpu, uint64_t addr);
static struct mm_outcome percpu_page(void *ctx, unsigned int cpu, uint32_t gfp, int node);
static struct mm_outcome percpu_groups(void *ctx, unsigned int cpu,
				       const struct vmap_groups *groups);
static void percpu_groups_free(void *ctx, unsigned int cpu, uint64_t base,
			       const struct vmap_groups *groups);
static struct mm_outcome percpu_book(void *ctx, unsigned int cpu, uint64_t size, uint32_t gfp);
static void percpu_book_free(void *ctx, unsigned int cpu, uint64_t addr, uint64_t size);
static void hand_out(const struct layer *layer, uint64_t pfn, unsigned int order, uint32_t gfp);
static void tell(const struct layer *layer, uint64_t pfn, unsigned int order, bool gone);
static uint64_t next_due(const struct machine *m);
static void run_due(struct machine *m, uint64_t now_ns);

struct machine *machine_create(const struct machine_config *config, const struct machine_ops *ops,
			       void *ctx, struct error *err)
{
	static const struct slab_page_ops slab_ops = { .alloc = layer_alloc, .free = layer_free };
	struct vmalloc_ops vmalloc_ops = {
		.page_alloc = vmalloc_page,
		.page_alloc_bulk = vmalloc_pages,
		.page_split = vmalloc_split,
		.page_free = layer_page_free,
		.block_free = layer_free,
	};
	struct percpu_ops percpu_ops = {
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
	if (ops->own_objects) {
		vmalloc_ops.kmalloc = layer_kmalloc;
		vmalloc_ops.kfree = layer_kfree;
		percpu_ops.book_alloc = percpu_book;
		percpu_ops.book_free = percpu_book_free;
	}
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

void machine_set_context(struct machine *m, unsigned int context)
{
	m->context = context;
}

/* First everybody is asked: since the last time there may be new work. */
void machine_advance(struct machine *m, uint64_t ns)
{
	const uint64_t end = m->now_ns + MIN(ns, LAST_NS - m->now_ns);

	if (end == m->now_ns)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(ticks); i++)
		m->due_ns[i] = ticks[i].tick(m, m->now_ns);
	for (unsigned int turn = 0; turn < MAX_TURNS && next_due(m) < end; turn++) {
		page_idle(m->pages, next_due(m) - m->now_ns);
		run_due(m, next_due(m));
	}
	page_idle(m->pages, end - m->now_ns);
	run_due(m, end);
}

void machine_spend(struct machine *m, uint64_t ns)
{
	const uint64_t now_ns = m->now_ns + MIN(ns, LAST_NS - m->now_ns);

	if (unlikely(next_due(m) <= now_ns))
		run_due(m, now_ns);
	m->now_ns = now_ns;
}

void machine_set_tap(struct machine *m, const struct mm_tap *tap)
{
	page_set_tap(m->pages, tap);
	slab_set_tap(m->slab, tap);
	vmalloc_set_tap(m->vmalloc, tap);
	percpu_set_tap(m->percpu, tap);
}

uint64_t machine_now(const struct machine *m)
{
	return m->now_ns;
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

static uint64_t tick_pages(struct machine *m, uint64_t now_ns)
{
	return page_tick(m->pages, now_ns);
}

static uint64_t tick_slab(struct machine *m, uint64_t now_ns)
{
	return slab_tick(m->slab, now_ns);
}

static uint64_t tick_vmalloc(struct machine *m, uint64_t now_ns)
{
	return vmalloc_tick(m->vmalloc, now_ns);
}

static uint64_t tick_percpu(struct machine *m, uint64_t now_ns)
{
	return percpu_tick(m->percpu, now_ns);
}

static uint64_t next_due(const struct machine *m)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < ARRAY_SIZE(ticks); i++)
		next = MIN(next, m->due_ns[i]);
	return next;
}

static void run_due(struct machine *m, uint64_t now_ns)
{
	m->now_ns = now_ns;
	for (size_t i = 0; i < ARRAY_SIZE(ticks); i++)
		if (m->due_ns[i] <= now_ns)
			m->due_ns[i] = ticks[i].tick(m, now_ns);
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
	const struct layer *layer = ctx;

	return layer_alloc(ctx, cpu, gfp, order, node, layer->machine->context);
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

/* What a layer keeps its books in. */
static struct mm_outcome layer_kmalloc(void *ctx, unsigned int cpu, uint64_t size, uint32_t gfp)
{
	const struct layer *layer = ctx;
	const struct machine *m = layer->machine;

	return slab_kmalloc(m->slab, cpu, size, gfp, -1, m->context);
}

static struct mm_outcome layer_kfree(void *ctx, unsigned int cpu, uint64_t addr)
{
	const struct layer *layer = ctx;

	return slab_free(layer->machine->slab, cpu, addr);
}

static struct mm_outcome percpu_page(void *ctx, unsigned int cpu, uint32_t gfp, int node)
{
	const struct layer *layer = ctx;

	return layer_alloc(ctx, cpu, gfp, 0, node, layer->machine->context);
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

/* pcpu_mem_zalloc() */
static struct mm_outcome percpu_book(void *ctx, unsigned int cpu, uint64_t size, uint32_t gfp)
{
	const struct layer *layer = ctx;

	if (size <= KERNEL_PAGE_SIZE)
		return layer_kmalloc(ctx, cpu, size, gfp);
	return vmalloc_alloc(layer->machine->vmalloc, cpu,
			     &(struct vmalloc_request){ .size = size, .gfp = gfp, .node = -1 });
}

static void percpu_book_free(void *ctx, unsigned int cpu, uint64_t addr, uint64_t size)
{
	const struct layer *layer = ctx;

	if (size <= KERNEL_PAGE_SIZE)
		(void)layer_kfree(ctx, cpu, addr);
	else
		(void)vmalloc_free(layer->machine->vmalloc, cpu, addr);
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
