/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scenarios' calls for memory behind addresses of its own: vmalloc, kvmalloc. */
#include <config.h>

#include "machine_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/fmt.h"
#include "kmreplay/mm/gfp_derive.h"
#include "kmreplay/mm/kmalloc.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/vmap.h"

#include <inttypes.h>

static const uint32_t gfp_kernel = GFP_BITS_KERNEL;

static bool vmalloc_of(struct calling *c, uint64_t size, uint32_t gfp, int node,
		       unsigned int flags);
static struct mm_outcome kvmalloc_of(struct calling *c, uint64_t size, uint32_t gfp, int node);
static bool falls_back(struct calling *c, uint64_t size, uint32_t gfp, struct mm_outcome tried);
static void tell_mask(struct scenario_machine *m, const char *what, uint32_t gfp);
static void tell_shortage(struct scenario_machine *m);
static void tell_tables(struct scenario_machine *m);
static struct mm_outcome kvrealloc_old(struct calling *c, uint64_t old_size, uint64_t size,
				       uint32_t gfp);
static struct mm_outcome kvrealloc_new(struct calling *c, uint64_t size, uint32_t gfp);
static struct mm_outcome vrealloc_of(struct calling *c, uint64_t size, uint32_t gfp);
static struct mm_outcome moved(struct calling *c, struct mm_outcome out);
static uint64_t area_size(const struct scenario_machine *m, uint64_t addr);
static bool is_live(const struct scenario_machine *m, uint64_t addr);
static struct mm_outcome kvfree_of(struct calling *c, uint64_t addr);
static bool since(const struct scenario_machine *m, unsigned int major, unsigned int minor);
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
	const uint64_t addr = arg_u64(c, 0);

	return !addr || scenario_freed(c, scenario_vfree_of(c, addr), addr);
}

bool scenario_vfree_atomic(struct calling *c)
{
	const uint64_t addr = arg_u64(c, 0);

	return !addr ||
	       scenario_freed(c, vmalloc_free_later(c->m->vmalloc, c->m->cpu, addr), addr);
}

bool scenario_vrealloc(struct calling *c)
{
	const uint64_t addr = arg_u64(c, 0);

	if (addr && !area_size(c->m, addr))
		return scenario_mistake(c, "0x%llx is not allocated", (unsigned long long)addr);
	return scenario_gave_area(c, vrealloc_of(c, arg_u64(c, 1), arg_gfp(c, 2)));
}

bool scenario_kvmalloc(struct calling *c)
{
	return scenario_gave_area(c, kvmalloc_of(c, arg_u64(c, 0), arg_gfp(c, 1), -1));
}

bool scenario_kvzalloc(struct calling *c)
{
	return scenario_gave_area(
		c, kvmalloc_of(c, arg_u64(c, 0), arg_gfp(c, 1) | GFP_BIT_ZERO, -1));
}

bool scenario_kvmalloc_node(struct calling *c)
{
	return scenario_gave_area(c,
				  kvmalloc_of(c, arg_u64(c, 0), arg_gfp(c, 1), arg_int(c, 2)));
}

bool scenario_kvzalloc_node(struct calling *c)
{
	return scenario_gave_area(c, kvmalloc_of(c, arg_u64(c, 0), arg_gfp(c, 1) | GFP_BIT_ZERO,
						 arg_int(c, 2)));
}

bool scenario_kvmalloc_array(struct calling *c)
{
	const uint64_t size = slab_size_mul(c->m->slab, arg_u64(c, 0), arg_u64(c, 1));

	return scenario_gave_area(c, kvmalloc_of(c, size, arg_gfp(c, 2), -1));
}

bool scenario_kvcalloc(struct calling *c)
{
	const uint64_t size = slab_size_mul(c->m->slab, arg_u64(c, 0), arg_u64(c, 1));

	return scenario_gave_area(c, kvmalloc_of(c, size, arg_gfp(c, 2) | GFP_BIT_ZERO, -1));
}

bool scenario_kvrealloc(struct calling *c)
{
	const uint64_t addr = arg_u64(c, 0);
	const bool old = c->call->nr_args > 3;

	if (old && since(c->m, 6, 12))
		return scenario_mistake(c, "since 6.12 kvrealloc() knows the old size itself");
	if (!old && !since(c->m, 6, 12))
		return scenario_mistake(c, "before 6.12 it is kvrealloc(p, oldsize, newsize, flags)");
	if (addr > SLAB_ZERO_SIZE_PTR && !is_live(c->m, addr))
		return scenario_mistake(c, "0x%llx is not allocated", (unsigned long long)addr);
	if (old)
		return scenario_gave_area(
			c, kvrealloc_old(c, arg_u64(c, 1), arg_u64(c, 2), arg_gfp(c, 3)));
	return scenario_gave_area(c, kvrealloc_new(c, arg_u64(c, 1), arg_gfp(c, 2)));
}

bool scenario_kvfree(struct calling *c)
{
	const uint64_t addr = arg_u64(c, 0);

	return scenario_freed(c, kvfree_of(c, addr), addr);
}

bool scenario_is_vmalloc(struct calling *c)
{
	return scenario_answer(c, is_vmalloc(c->m, arg_u64(c, 0)));
}

bool scenario_gave_area(struct calling *c, struct mm_outcome out)
{
	struct scenario_machine *m = c->m;
	struct vmap_area_info info;
	uint64_t at = out.addr;

	if (c->m->last.mistake)
		return true;
	scenario_gave(c, out);
	if (!m->explain)
		return true;
	if (out.failure == MM_FAIL_NO_SPACE)
		tell_shortage(m);
	if (mm_ok(out) && vmap_area_next(m->vmalloc, &at, &info) && info.addr == out.addr &&
	    info.nr_pages)
		scenario_more(m, info.huge ? "%" PRIu64 " pages, mapped by 2 MiB" :
					     "%" PRIu64 " pages", info.nr_pages);
	tell_tables(m);
	return true;
}

/* vfree() or, where nobody may sleep, vfree_atomic() */
struct mm_outcome scenario_vfree_of(struct calling *c, uint64_t addr)
{
	if (scenario_context(c->m) & PAGE_CTX_IRQ)
		return vmalloc_free_later(c->m->vmalloc, c->m->cpu, addr);
	return vmalloc_free(c->m->vmalloc, c->m->cpu, addr);
}

bool scenario_no_interrupt(struct calling *c, const char *what)
{
	if (!(scenario_context(c->m) & PAGE_CTX_IRQ))
		return true;
	scenario_mistake(c, "%s() in an interrupt: BUG_ON(in_interrupt())", what);
	return false;
}

/* vmalloc() may sleep whatever its mask says; a 0 size is refused without a word. */
static bool vmalloc_of(struct calling *c, uint64_t size, uint32_t gfp, int node,
		       unsigned int flags)
{
	if (!scenario_no_interrupt(c, "vmalloc"))
		return true;
	return scenario_gave_area(c, vmalloc_alloc(c->m->vmalloc, c->m->cpu,
						   &(struct vmalloc_request){
							   .size = size,
							   .gfp = gfp,
							   .node = node,
							   .flags = flags,
						   }));
}

/* __kvmalloc_node(): kmalloc() while that is easy, else vmalloc() if the caller may sleep. */
static struct mm_outcome kvmalloc_of(struct calling *c, uint64_t size, uint32_t gfp, int node)
{
	const uint32_t first = size > KERNEL_PAGE_SIZE ? gfp_of_kvmalloc(c->m->kernel, gfp) : gfp;
	const bool sleeps = gfp & GFP_BIT_DIRECT_RECLAIM;
	struct mm_outcome tried = { .failure = MM_FAIL_ORDER };
	struct mm_outcome out;

	if (size <= SLAB_KMALLOC_MAX_SIZE)
		tried = slab_kmalloc(c->m->slab, c->m->cpu, size, first, node,
				     scenario_context(c->m));
	if (c->m->explain && first != gfp && size <= SLAB_KMALLOC_MAX_SIZE)
		tell_mask(c->m, mm_ok(tried) ? "kmalloc() with" : "kmalloc() failed with",
			  first);
	if (mm_ok(tried) || !falls_back(c, size, gfp, tried))
		return tried;
	scenario_more(c->m, "so vmalloc()");
	if (!scenario_no_interrupt(c, "vmalloc"))
		return tried;
	out = vmalloc_alloc(c->m->vmalloc, c->m->cpu, &(struct vmalloc_request){
		.size = size, .gfp = gfp, .node = node, .flags = sleeps ? VMALLOC_HUGE : 0,
	});
	mm_outcome_add(&out, tried);
	return out;
}

/* What kmalloc() refused goes to vmalloc(), unless that is for nothing: then it is told why. */
static bool falls_back(struct calling *c, uint64_t size, uint32_t gfp, struct mm_outcome tried)
{
	if (size <= KERNEL_PAGE_SIZE) {
		scenario_more(c->m, "no vmalloc() for a page or less");
		return false;
	}
	if (tried.failure == MM_FAIL_ORDER)
		scenario_more(c->m, "too large for kmalloc()");
	/* Since 7.0 what may not sleep falls back, too. */
	if (!(gfp & GFP_BIT_DIRECT_RECLAIM) && !since(c->m, 7, 0)) {
		scenario_more(c->m,
			      "no vmalloc() without __GFP_DIRECT_RECLAIM: it would sleep");
		return false;
	}
	if (size > INT32_MAX) {
		scenario_more(c->m, "no vmalloc() above INT_MAX");
		return false;
	}
	return true;
}

static void tell_mask(struct scenario_machine *m, const char *what, uint32_t gfp)
{
	struct str text = { 0 };

	gfp_print(gfp_era_of_release(m->kernel.major, m->kernel.minor), gfp, &text);
	scenario_more(m, "%s %s", what, str_text(&text));
	str_deinit(&text);
}

/* Addresses are short: how many, in how many pieces. */
static void tell_shortage(struct scenario_machine *m)
{
	char wanted[FMT_BUF], align[FMT_BUF], largest[FMT_BUF], all[FMT_BUF];
	struct vmap_room room;

	if (!vmap_shortage(m->vmalloc, &room))
		return;
	if (room.align > KERNEL_PAGE_SIZE)
		scenario_more(m, "%s wanted at a multiple of %s", fmt_size(wanted, room.wanted),
			      fmt_size(align, room.align));
	else
		scenario_more(m, "%s wanted", fmt_size(wanted, room.wanted));
	if (!room.nr)
		scenario_more(m, "nothing is free");
	else
		scenario_more(m, "the largest of %" PRIu64 " holes is %s, %s are free in all",
			      room.nr, fmt_size(largest, room.largest),
			      fmt_size(all, room.free_bytes));
}

static void tell_tables(struct scenario_machine *m)
{
	const uint64_t made = vmalloc_nr_tables(m->vmalloc) - m->tables_before;

	if (made)
		scenario_more(m, "%" PRIu64 " page table%s made", made, made == 1 ? "" : "s");
}

/* Until 6.11 it only ever grows, and what it grows from is a new one's first part. */
static struct mm_outcome kvrealloc_old(struct calling *c, uint64_t old_size, uint64_t size,
				       uint32_t gfp)
{
	if (old_size >= size)
		return (struct mm_outcome){ .addr = arg_u64(c, 0) };
	return moved(c, kvmalloc_of(c, size, gfp, -1));
}

/* An area stays one (vrealloc()); an object may become one. */
static struct mm_outcome kvrealloc_new(struct calling *c, uint64_t size, uint32_t gfp)
{
	const uint32_t first = size > KERNEL_PAGE_SIZE ? gfp_of_kvmalloc(c->m->kernel, gfp) : gfp;
	struct mm_outcome out = { .failure = MM_FAIL_ORDER };

	if (is_vmalloc(c->m, arg_u64(c, 0)))
		return vrealloc_of(c, size, gfp);
	if (size <= SLAB_KMALLOC_MAX_SIZE)
		out = slab_krealloc(c->m->slab, c->m->cpu, arg_u64(c, 0), size, first, -1);
	if (mm_ok(out))
		return out;
	return moved(c, kvmalloc_of(c, size, gfp, -1));
}

/* What there is suffices, or all of it is made anew: nothing grows or shrinks in place. */
static struct mm_outcome vrealloc_of(struct calling *c, uint64_t size, uint32_t gfp)
{
	const uint64_t addr = arg_u64(c, 0);
	const struct vmalloc_request request = { .size = size, .gfp = gfp, .node = -1 };
	struct mm_outcome out;

	if (!size && addr) {
		out = scenario_vfree_of(c, addr);
		out.addr = 0;
		return out;
	}
	if (size && size <= area_size(c->m, addr))
		return (struct mm_outcome){ .addr = addr };
	if (!scenario_no_interrupt(c, "vrealloc"))
		return (struct mm_outcome){ .failure = MM_FAIL_INVALID };
	out = vmalloc_alloc(c->m->vmalloc, c->m->cpu, &request);
	return moved(c, out);
}

/* The contents go to "out", if it gave anything; then the old place is freed. */
static struct mm_outcome moved(struct calling *c, struct mm_outcome out)
{
	if (mm_ok(out))
		mm_outcome_add(&out, kvfree_of(c, arg_u64(c, 0)));
	return out;
}

/* Bytes of the area that begins at "addr", without its guard page; 0: there is none. */
static uint64_t area_size(const struct scenario_machine *m, uint64_t addr)
{
	struct vmap_area_info info;
	uint64_t at = addr;

	if (!addr || !vmap_area_next(m->vmalloc, &at, &info) || info.addr != addr ||
	    info.use >= VMAP_USE_RAM)
		return 0;
	return info.size - KERNEL_PAGE_SIZE;
}

static bool is_live(const struct scenario_machine *m, uint64_t addr)
{
	return area_size(m, addr) || slab_is_live(m->slab, addr);
}

static struct mm_outcome kvfree_of(struct calling *c, uint64_t addr)
{
	if (is_vmalloc(c->m, addr))
		return scenario_vfree_of(c, addr);
	return slab_free(c->m->slab, c->m->cpu, addr);
}

/* The machine's release is that one or a later one; the unknown one is the newest. */
static bool since(const struct scenario_machine *m, unsigned int major, unsigned int minor)
{
	const struct kernel_version version = { major, minor };

	return !m->kernel.major || kernel_version_cmp(m->kernel, version) >= 0;
}

static bool is_vmalloc(const struct scenario_machine *m, uint64_t addr)
{
	return vmalloc_has_addr(m->vmalloc, addr);
}
