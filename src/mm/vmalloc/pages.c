/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmalloc() above areas: pages and the array that lists them.
 *
 * Single pages come in bulk requests of up to 100, then one by one; 7.x first takes blocks as
 * large as what is left and splits them. A huge mapping takes blocks of 2 MiB.
 */
#include <config.h>

#include "vmalloc_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/bits.h"
#include "kmreplay/mm/gfp_derive.h"

#include <stdlib.h>

enum {
	BULK_PAGES = 100, /* of one request to the bulk allocator */
};

#define HUGE_SIZE (1ULL << VMAP_PMD_SHIFT)

/* One populate call on its way. */
struct filling {
	struct vmalloc *v;
	struct va_pages *pages;
	struct mm_outcome *outcome; /* costs and the failure are added here */
	unsigned int cpu;
	uint32_t gfp;
	int node;
	uint64_t want; /* pages */
};

static struct mm_outcome alloc_with_shift(struct vmalloc *v, unsigned int cpu,
					  const struct vmalloc_request *request, bool huge);
static bool is_possible(const struct vmalloc_request *request);
static struct vmap_call area_call(const struct vmalloc *v, unsigned int cpu,
				  const struct vmalloc_request *request, bool huge);
static uint64_t backed_size(const struct vmalloc_request *request, bool huge);
static struct mm_outcome populate(struct vmalloc *v, unsigned int cpu, struct va *va,
				  const struct vmalloc_request *request, bool with_array);
static bool allow_huge(const struct vmalloc *v, const struct vmalloc_request *request);
static bool get_array(struct filling *f);
static void get_pages(struct filling *f);
static void get_large_orders(struct filling *f);
static void get_bulk(struct filling *f);
static void get_singles(struct filling *f, unsigned int order);
static bool add_block(struct filling *f, uint32_t gfp, unsigned int order);

struct mm_outcome vmalloc_alloc(struct vmalloc *v, unsigned int cpu,
				const struct vmalloc_request *request)
{
	struct mm_outcome outcome, small;
	uint64_t nr = request->size / KERNEL_PAGE_SIZE + (request->size % KERNEL_PAGE_SIZE != 0);

	if (!is_possible(request))
		return vmap_failed(MM_FAIL_INVALID);
	if (nr > v->total_pages && !(request->flags & VMALLOC_IOREMAP))
		return vmap_failed(MM_FAIL_NO_MEMORY);
	if (!allow_huge(v, request))
		return alloc_with_shift(v, cpu, request, false);
	outcome = alloc_with_shift(v, cpu, request, true);
	if (mm_ok(outcome))
		return outcome;
	small = alloc_with_shift(v, cpu, request, false);
	mm_outcome_add(&small, outcome);
	return small;
}

bool vmalloc_area_call(const struct vmalloc *v, unsigned int cpu,
		       const struct vmalloc_request *request, struct vmap_call *call)
{
	if (!is_possible(request))
		return false;
	*call = area_call(v, cpu, request, allow_huge(v, request));
	return true;
}

struct mm_outcome vmalloc_free(struct vmalloc *v, unsigned int cpu, uint64_t addr)
{
	const struct va *va = va_tree_find(&v->busy, addr);

	if (!va || va->use >= VMAP_USE_RAM)
		return vmap_failed(MM_FAIL_INVALID);
	return vmap_area_free(v, cpu, addr);
}

struct mm_outcome vmalloc_populate(struct vmalloc *v, unsigned int cpu, uint64_t addr,
				   const struct vmalloc_request *request)
{
	struct va *va = va_tree_find(&v->busy, addr);
	struct vmalloc_request rounded = *request;
	struct mm_outcome outcome;

	if (!va || !request->size || request->size > va_size(va) ||
	    (va->pages && va->pages->pfns.nr))
		return vmap_failed(MM_FAIL_INVALID);
	/* The area tells whether it was made for a huge mapping. */
	if (!allow_huge(v, request) || addr % HUGE_SIZE ||
	    bits_align_up(request->size, HUGE_SIZE) > va_size(va))
		rounded.flags &= ~(unsigned int)VMALLOC_HUGE;
	else
		rounded.size = bits_align_up(request->size, HUGE_SIZE);
	outcome = populate(v, cpu, va, &rounded, true);
	if (!mm_ok(outcome)) {
		struct va_pages *pages = va->pages;

		va->pages = NULL;
		mm_outcome_add(&outcome, vmap_pages_release(v, cpu, pages));
	}
	return outcome;
}

struct mm_outcome vmap_area_fill(struct vmalloc *v, unsigned int cpu, uint64_t addr,
				 const struct vmalloc_request *request)
{
	struct va *va = va_tree_find(&v->busy, addr);
	struct mm_outcome outcome;

	if (!va || !request->size || request->size > va_size(va) ||
	    (va->pages && va->pages->pfns.nr))
		return vmap_failed(MM_FAIL_INVALID);
	outcome = populate(v, cpu, va, request, false);
	v->stats.nr_pages -= va->pages->pfns.nr;
	vec_deinit(&va->pages->pfns);
	return outcome;
}

struct mm_outcome vmap_area_map(struct vmalloc *v, unsigned int cpu, uint64_t addr,
				uint64_t nr_pages)
{
	const struct va *va = va_tree_find(&v->busy, addr);
	struct mm_outcome outcome = { .addr = addr, .path = MM_PATH_VMAP_TREE };
	const struct vmap_mapper mapper = { v, cpu, GFP_BITS_KERNEL, &outcome };

	if (!va || !nr_pages || nr_pages > va_size(va) / KERNEL_PAGE_SIZE)
		return vmap_failed(MM_FAIL_INVALID);
	if (addr % HUGE_SIZE || nr_pages % (HUGE_SIZE / KERNEL_PAGE_SIZE))
		(void)vmap_map_small(&mapper, addr, nr_pages);
	else
		(void)vmap_map_huge(&mapper, addr, nr_pages);
	return outcome;
}

/* __get_vm_area_node() */
struct mm_outcome vmap_get_area(struct vmalloc *v, unsigned int cpu,
				const struct vmalloc_request *request, bool huge)
{
	const struct vmap_call call = area_call(v, cpu, request, huge);
	struct mm_outcome vm = { 0 };
	struct mm_outcome outcome;
	struct va_pages *pages;
	struct va *va;

	if (v->ops.kmalloc) {
		vm = v->ops.kmalloc(v->ctx, cpu, vmap_object_size(v, v->profile->vm_struct_size),
				    (request->gfp & GFP_BITS_HOW) | GFP_BIT_ZERO);
		if (!mm_ok(vm))
			return vm;
	}
	outcome = vmap_area_alloc(v, cpu, call.size, call.align, call.vstart, call.vend);
	mm_outcome_add(&outcome, vm);
	if (!mm_ok(outcome)) {
		if (vm.addr)
			mm_outcome_add(&outcome, v->ops.kfree(v->ctx, cpu, vm.addr));
		return outcome;
	}
	va = va_tree_find(&v->busy, outcome.addr);
	va->use = request->flags & VMALLOC_IOREMAP ? VMAP_USE_IOREMAP : VMAP_USE_VMALLOC;
	pages = vmap_pages_of(va);
	pages->vm_addr = vm.addr;
	pages->flush_reset = (request->flags & VMALLOC_FLUSH_RESET) != 0;
	return outcome;
}

struct va_pages *vmap_pages_of(struct va *va)
{
	if (!va->pages)
		va->pages = xcalloc(1, sizeof(*va->pages));
	return va->pages;
}

/* vfree() behind the unmapping: pages in the order of the array, then the array, then the rest. */
struct mm_outcome vmap_pages_release(struct vmalloc *v, unsigned int cpu, struct va_pages *pages)
{
	struct mm_outcome outcome = { 0 };
	uint64_t nr = pages->pfns.nr;

	for (uint64_t i = 0; i < nr;) {
		uint64_t run = 1;

		while (v->ops.page_free_run && i + run < nr &&
		       pages->pfns.items[i + run] == pages->pfns.items[i] + run)
			run++;
		mm_outcome_add(
			&outcome,
			v->ops.page_free_run
				? v->ops.page_free_run(v->ctx, cpu, pages->pfns.items[i], run)
				: v->ops.page_free(v->ctx, cpu, pages->pfns.items[i]));
		i += run;
	}
	if (!pages->put_pages)
		v->stats.nr_pages -= nr;
	if (pages->array_is_area)
		mm_outcome_add(&outcome, vmap_area_free(v, cpu, pages->array_addr));
	else if (pages->array_addr)
		mm_outcome_add(&outcome, v->ops.kfree(v->ctx, cpu, pages->array_addr));
	if (pages->vm_addr)
		mm_outcome_add(&outcome, v->ops.kfree(v->ctx, cpu, pages->vm_addr));
	vmap_pages_destroy(pages);
	return outcome;
}

void vmap_pages_destroy(struct va_pages *pages)
{
	if (!pages)
		return;
	vec_deinit(&pages->pfns);
	free(pages);
}

/* __get_vm_area_node(), then the pages. */
static struct mm_outcome alloc_with_shift(struct vmalloc *v, unsigned int cpu,
					  const struct vmalloc_request *request, bool huge)
{
	struct vmalloc_request inner = *request;
	struct mm_outcome outcome = vmap_get_area(v, cpu, request, huge);
	struct mm_outcome filled;

	if (!mm_ok(outcome) || request->flags & VMALLOC_IOREMAP)
		return outcome;
	inner.size = backed_size(request, huge);
	if (!huge)
		inner.flags &= ~(unsigned int)VMALLOC_HUGE;
	filled = populate(v, cpu, va_tree_find(&v->busy, outcome.addr), &inner, true);
	mm_outcome_add(&outcome, filled);
	if (!mm_ok(filled)) {
		mm_outcome_add(&outcome, vmap_area_free(v, cpu, outcome.addr));
		outcome.addr = 0;
		outcome.failure = filled.failure;
	}
	return outcome;
}

static bool is_possible(const struct vmalloc_request *request)
{
	return request->size && (!request->align || bits_is_pow2(request->align)) &&
	       request->size <= UINT64_MAX / 4 && request->align <= UINT64_MAX / 4;
}

/* The area of a request: __get_vm_area_node() adds the guard page, ioremap() aligns by size. */
static struct vmap_call area_call(const struct vmalloc *v, unsigned int cpu,
				  const struct vmalloc_request *request, bool huge)
{
	struct vmap_call call = {
		.cpu = cpu,
		.size = backed_size(request, huge),
		.align = MAX(request->align, huge ? HUGE_SIZE : 1ULL),
		.vstart = v->range_start,
		.vend = v->range_vend,
	};

	if (request->flags & VMALLOC_IOREMAP)
		call.align = MIN(MAX(bits_roundup_pow2(call.size), (uint64_t)KERNEL_PAGE_SIZE),
				 1ULL << v->layout->ioremap_shift);
	if (!(request->flags & VMALLOC_NO_GUARD))
		call.size += KERNEL_PAGE_SIZE;
	if (request->flags & VMALLOC_MODULES) {
		call.vstart = v->modules_start;
		call.vend = v->modules_end;
	}
	return call;
}

static uint64_t backed_size(const struct vmalloc_request *request, bool huge)
{
	return bits_align_up(request->size, huge ? HUGE_SIZE : KERNEL_PAGE_SIZE);
}

/* __vmalloc_area_node(). request->size is what is to be backed, VMALLOC_HUGE how. */
static struct mm_outcome populate(struct vmalloc *v, unsigned int cpu, struct va *va,
				  const struct vmalloc_request *request, bool with_array)
{
	struct mm_outcome outcome = { .addr = va->start, .path = MM_PATH_VMAP_TREE };
	struct filling f = {
		.v = v,
		.pages = vmap_pages_of(va),
		.outcome = &outcome,
		.cpu = cpu,
		.gfp = request->gfp,
		.node = request->node,
		.want = bits_align_up(request->size, KERNEL_PAGE_SIZE) / KERNEL_PAGE_SIZE,
	};

	f.pages->huge = (request->flags & VMALLOC_HUGE) != 0;
	if (with_array && !get_array(&f))
		return outcome;
	f.gfp = gfp_of_vmalloc(f.gfp);
	get_pages(&f);
	v->stats.nr_pages += f.pages->pfns.nr;
	v->stats.peak_pages = MAX(v->stats.peak_pages, v->stats.nr_pages);
	if (f.pages->pfns.nr < f.want) {
		if (mm_ok(outcome))
			outcome.failure = MM_FAIL_NO_MEMORY;
	} else {
		const struct vmap_mapper mapper = { v, cpu, f.gfp, &outcome };

		if (f.pages->huge)
			vmap_map_huge(&mapper, va->start, f.want);
		else
			(void)vmap_map_small(&mapper, va->start, f.want);
	}
	if (!mm_ok(outcome))
		outcome.addr = 0;
	return outcome;
}

/* The size that counts is what one node would get of it. x86 maps 2 MiB, nothing between. */
static bool allow_huge(const struct vmalloc *v, const struct vmalloc_request *request)
{
	uint64_t size = request->size;

	if (!(request->flags & VMALLOC_HUGE) ||
	    (request->flags & (VMALLOC_MODULES | VMALLOC_IOREMAP)) || v->arch == ARCH_X86_32)
		return false;
	if (v->profile->large_orders_first && !(request->gfp & GFP_BIT_DIRECT_RECLAIM))
		return false;
	if (request->node < 0 && !v->profile->large_orders_first)
		size /= v->nr_numa_nodes;
	return size >= HUGE_SIZE;
}

/* The page array: kmalloc up to a page, else vmalloc'd itself. */
static bool get_array(struct filling *f)
{
	struct vmalloc_request nested = {
		.size = f->want * f->v->layout->pointer,
		.gfp = (f->gfp & GFP_BITS_HOW) | GFP_BIT_ZERO,
		.node = f->node,
	};
	struct mm_outcome array = { 0 };

	if (nested.size > KERNEL_PAGE_SIZE) {
		array = vmalloc_alloc(f->v, f->cpu, &nested);
		f->pages->array_is_area = mm_ok(array);
	} else if (f->v->ops.kmalloc) {
		array = f->v->ops.kmalloc(f->v->ctx, f->cpu, nested.size, nested.gfp);
	}
	mm_outcome_add(f->outcome, array);
	f->outcome->failure = array.failure;
	f->pages->array_addr = array.addr;
	return mm_ok(array);
}

/* vm_area_alloc_pages() */
static void get_pages(struct filling *f)
{
	unsigned int order = f->pages->huge ? VMAP_HUGE_ORDER : 0;

	if (f->v->profile->large_orders_first)
		get_large_orders(f);
	if (!order)
		get_bulk(f);
	get_singles(f, order);
}

/* 7.x: the largest blocks that what is left can use, without any effort to make them. */
static void get_large_orders(struct filling *f)
{
	unsigned int page_order = f->pages->huge ? VMAP_HUGE_ORDER : 0;
	unsigned int limit = KERNEL_MAX_ORDER;
	uint32_t gfp = f->gfp & ~(uint32_t)(GFP_BIT_NOFAIL | GFP_BIT_DIRECT_RECLAIM);

	while (f->pages->pfns.nr < f->want) {
		unsigned int order = MIN(limit, bits_ilog2(f->want - f->pages->pfns.nr));

		if (order <= page_order)
			return;
		if (!add_block(f, gfp, order))
			limit = order - 1;
	}
}

static void get_bulk(struct filling *f)
{
	uint32_t gfp = f->gfp;

	if (!f->v->profile->bulk_nofail)
		gfp &= ~(uint32_t)GFP_BIT_NOFAIL;
	while (f->pages->pfns.nr < f->want) {
		unsigned int ask =
			(unsigned int)MIN(f->want - f->pages->pfns.nr, (uint64_t)BULK_PAGES);
		unsigned int got;

		vec_reserve(&f->pages->pfns, f->pages->pfns.nr + ask);
		got = f->v->ops.page_alloc_bulk(f->v->ctx, f->cpu, gfp, f->node, ask,
						f->pages->pfns.items + f->pages->pfns.nr);
		BUG_ON(got > ask);
		f->pages->pfns.nr += got;
		mm_outcome_cost(f->outcome, (uint64_t)got * f->v->costs.pcp);
		if (got < ask)
			return;
	}
}

static void get_singles(struct filling *f, unsigned int order)
{
	uint32_t gfp = f->gfp;

	if (order)
		gfp &= ~(uint32_t)GFP_BIT_NOFAIL;
	while (f->pages->pfns.nr < f->want) {
		if (!add_block(f, gfp, order))
			return;
	}
	f->outcome->failure = MM_FAIL_NONE;
}

/* 2^order pages more, to be freed one by one; false leaves the failure in the outcome. */
static bool add_block(struct filling *f, uint32_t gfp, unsigned int order)
{
	struct mm_outcome page = f->v->ops.page_alloc(f->v->ctx, f->cpu, gfp, order, f->node);

	mm_outcome_add(f->outcome, page);
	f->outcome->failure = page.failure;
	if (!mm_ok(page))
		return false;
	if (order)
		f->v->ops.page_split(f->v->ctx, page.addr, order);
	for (uint64_t i = 0; i < 1ULL << order; i++)
		vec_push(&f->pages->pfns, page.addr + i);
	return true;
}
