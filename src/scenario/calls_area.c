/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scenarios' calls for memory behind addresses of its own: vmalloc, kvmalloc. */
#include <config.h>

#include "machine_internal.h"

#include "kmreplay/mm/gfp_derive.h"
#include "kmreplay/mm/kmalloc.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/vmalloc.h"

static const uint32_t gfp_kernel = GFP_BITS_KERNEL;

static bool vmalloc_of(struct calling *c, uint64_t size, uint32_t gfp, int node,
		       unsigned int flags);
static bool kvmalloc_of(struct calling *c, uint64_t size, uint32_t gfp);
static bool vfree_of(struct calling *c, uint64_t addr);
static bool is_vmalloc(const struct scenario_machine *m, uint64_t addr);

bool scenario_vmalloc(struct calling *c)
{
	return vmalloc_of(c, arg_u64(c, 0), gfp_kernel, -1, 0);
}

bool scenario_vzalloc(struct calling *c)
{
	return vmalloc_of(c, arg_u64(c, 0), gfp_kernel | GFP_BIT_ZERO, -1, 0);
}

bool scenario_vmalloc_node(struct calling *c)
{
	return vmalloc_of(c, arg_u64(c, 0), gfp_kernel, arg_int(c, 1), 0);
}

bool scenario_vmalloc_32(struct calling *c)
{
	return vmalloc_of(c, arg_u64(c, 0), gfp_kernel | GFP_BIT_DMA32, -1, 0);
}

bool scenario_vmalloc_user(struct calling *c)
{
	return vmalloc_of(c, arg_u64(c, 0), gfp_kernel | GFP_BIT_ZERO, -1, 0);
}

bool scenario_vmalloc_huge(struct calling *c)
{
	return vmalloc_of(c, arg_u64(c, 0), arg_gfp(c, 1), -1, VMALLOC_HUGE);
}

bool scenario_vmalloc_gfp(struct calling *c)
{
	return vmalloc_of(c, arg_u64(c, 0), arg_gfp(c, 1), -1, 0);
}

bool scenario_vfree(struct calling *c)
{
	return !arg_u64(c, 0) || vfree_of(c, arg_u64(c, 0));
}

bool scenario_kvmalloc(struct calling *c)
{
	return kvmalloc_of(c, arg_u64(c, 0), arg_gfp(c, 1));
}

bool scenario_kvzalloc(struct calling *c)
{
	return kvmalloc_of(c, arg_u64(c, 0), arg_gfp(c, 1) | GFP_BIT_ZERO);
}

bool scenario_kvmalloc_array(struct calling *c)
{
	return kvmalloc_of(c, slab_size_mul(c->m->slab, arg_u64(c, 0), arg_u64(c, 1)),
			   arg_gfp(c, 2));
}

bool scenario_kvcalloc(struct calling *c)
{
	return kvmalloc_of(c, slab_size_mul(c->m->slab, arg_u64(c, 0), arg_u64(c, 1)),
			   arg_gfp(c, 2) | GFP_BIT_ZERO);
}

bool scenario_kvfree(struct calling *c)
{
	const uint64_t addr = arg_u64(c, 0);

	if (is_vmalloc(c->m, addr))
		return vfree_of(c, addr);
	return scenario_freed(c, slab_free(c->m->slab, c->m->cpu, addr), addr);
}

bool scenario_is_vmalloc(struct calling *c)
{
	return scenario_answer(c, is_vmalloc(c->m, arg_u64(c, 0)));
}

/* vmalloc() may sleep whatever its mask says; a 0 size is refused without a word. */
static bool vmalloc_of(struct calling *c, uint64_t size, uint32_t gfp, int node,
		       unsigned int flags)
{
	if (scenario_context(c->m) & PAGE_CTX_IRQ)
		return scenario_mistake(c, "vmalloc() in an interrupt: BUG_ON(in_interrupt())");
	return scenario_gave(c, vmalloc_alloc(c->m->vmalloc, c->m->cpu,
					      &(struct vmalloc_request){
						      .size = size,
						      .gfp = gfp,
						      .node = node,
						      .flags = flags,
					      }));
}

/* __kvmalloc_node(): kmalloc() while that is easy, else vmalloc() if the caller may sleep. */
static bool kvmalloc_of(struct calling *c, uint64_t size, uint32_t gfp)
{
	const uint32_t first = size > KERNEL_PAGE_SIZE ? gfp_of_kvmalloc(c->m->kernel, gfp) : gfp;
	const struct kernel_version seven = { 7, 0 };
	const bool sleeps = gfp & GFP_BIT_DIRECT_RECLAIM;
	struct mm_outcome out = { .failure = MM_FAIL_ORDER };

	if (size <= SLAB_KMALLOC_MAX_SIZE)
		out = slab_kmalloc(c->m->slab, c->m->cpu, size, first, -1, scenario_context(c->m));
	if (mm_ok(out) || size <= KERNEL_PAGE_SIZE || size > INT32_MAX)
		return scenario_gave(c, out);
	/* Since 7.0 what may not sleep falls back, too. */
	if (!sleeps && c->m->kernel.major && kernel_version_cmp(c->m->kernel, seven) < 0)
		return scenario_gave(c, out);
	return vmalloc_of(c, size, gfp, -1, sleeps ? VMALLOC_HUGE : 0);
}

static bool vfree_of(struct calling *c, uint64_t addr)
{
	return scenario_freed(c, vmalloc_free(c->m->vmalloc, c->m->cpu, addr), addr);
}

static bool is_vmalloc(const struct scenario_machine *m, uint64_t addr)
{
	uint64_t at = addr;
	struct vmap_area_info info;

	return vmap_area_next(m->vmalloc, &at, &info) && info.addr <= addr &&
	       addr - info.addr < info.size;
}
