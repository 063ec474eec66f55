/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenarios' calls for areas that are not vmalloc()'s: mappings of a caller's pages and of devices,
 * modules and BPF programs, thread stacks.
 */
#include <config.h>

#include "machine_internal.h"

#include "kmreplay/mm/page.h"
#include "kmreplay/mm/vmap.h"

#include <inttypes.h>

/* Pages of an array on their way into a mapping. */
struct pages_arg {
	struct vec(uint64_t) pfns;
	struct vec(uint32_t) ids; /* their blocks */
	struct u64map seen;       /* the same, to find those that are there twice */
};

static bool map_pages(struct calling *c, struct pages_arg *pages, uint64_t count, bool put);
static bool read_pages(struct calling *c, struct pages_arg *pages, uint64_t count, bool put);
static bool add_page(struct calling *c, struct pages_arg *pages, uint64_t i, bool put);
static void forget_pages(struct pages_arg *pages);
static bool freed_area(struct calling *c, struct mm_outcome out);
static bool alloc_module(struct calling *c, uint64_t size);
static struct mm_outcome flush_aliases(const struct scenario_machine *m);

bool scenario_vmap(struct calling *c)
{
	const uint64_t flags = arg_u64(c, 2);
	struct pages_arg pages = { .pfns = { 0 } };
	bool done;

	if (!scenario_no_interrupt(c, "vmap"))
		return true;
	if (flags & SCENARIO_VM_FLUSH_RESET_PERMS)
		return scenario_mistake(c, "vmap() with VM_FLUSH_RESET_PERMS");
	done = map_pages(c, &pages, arg_u64(c, 1), flags & SCENARIO_VM_MAP_PUT_PAGES);
	forget_pages(&pages);
	return done;
}

bool scenario_vunmap(struct calling *c)
{
	const uint64_t addr = arg_u64(c, 0);
	struct vmap_area_info info;
	uint64_t at = addr;

	if (!addr || !scenario_no_interrupt(c, "vunmap"))
		return true;
	if (vmap_area_next(c->m->vmalloc, &at, &info) && info.addr == addr && info.nr_pages)
		return scenario_mistake(c, "vunmap() would leak the %" PRIu64 " pages that vfree() "
					"frees", info.nr_pages);
	return freed_area(c, vmap_unmap(c->m->vmalloc, c->m->cpu, addr));
}

bool scenario_vm_map_ram(struct calling *c)
{
	const uint64_t count = arg_u64(c, 1);
	struct pages_arg pages = { .pfns = { 0 } };
	bool known;

	if (!scenario_no_interrupt(c, "vm_map_ram"))
		return true;
	if (!count)
		return scenario_mistake(c, "vm_map_ram() of no pages");
	known = read_pages(c, &pages, count, false);
	forget_pages(&pages);
	if (!known || c->m->last.mistake)
		return known;
	return scenario_gave_area(c, vmap_ram(c->m->vmalloc, c->m->cpu, count));
}

bool scenario_vm_unmap_ram(struct calling *c)
{
	if (!scenario_no_interrupt(c, "vm_unmap_ram"))
		return true;
	return freed_area(c, vmap_ram_unmap(c->m->vmalloc, c->m->cpu, arg_u64(c, 0),
					    arg_u64(c, 1)));
}

bool scenario_unmap_aliases(struct calling *c)
{
	return scenario_freed(c, flush_aliases(c->m), 0);
}

/* change_page_attr_set_clr() of x86 flushes aliases, whatever it is to change. */
bool scenario_set_memory(struct calling *c)
{
	if (c->m->arch == ARCH_ARM64)
		return scenario_freed(c, (struct mm_outcome){ 0 }, 0);
	return scenario_freed(c, flush_aliases(c->m), 0);
}

bool scenario_ioremap(struct calling *c)
{
	if (!scenario_no_interrupt(c, "ioremap"))
		return true;
	return scenario_gave_area(c, vmap_io(c->m->vmalloc, c->m->cpu, arg_u64(c, 0),
					     arg_u64(c, 1)));
}

bool scenario_iounmap(struct calling *c)
{
	if (!scenario_no_interrupt(c, "iounmap"))
		return true;
	return freed_area(c, vmap_io_unmap(c->m->vmalloc, c->m->cpu, arg_u64(c, 0)));
}

bool scenario_module_alloc(struct calling *c)
{
	return alloc_module(c, arg_u64(c, 0));
}

bool scenario_execmem_alloc(struct calling *c)
{
	return alloc_module(c, arg_u64(c, 1));
}

bool scenario_execmem_free(struct calling *c)
{
	const uint64_t addr = arg_u64(c, 0);

	if (!addr || !scenario_no_interrupt(c, "execmem_free"))
		return true;
	return freed_area(c, vmalloc_free(c->m->vmalloc, c->m->cpu, addr));
}

bool scenario_bpf_alloc(struct calling *c)
{
	if (!scenario_no_interrupt(c, "bpf_prog_pack_alloc"))
		return true;
	return scenario_gave_area(c, vmap_pack_alloc(c->m->vmalloc, c->m->cpu, arg_u64(c, 0)));
}

bool scenario_bpf_free(struct calling *c)
{
	if (!scenario_no_interrupt(c, "bpf_prog_pack_free"))
		return true;
	return freed_area(c, vmap_pack_free(c->m->vmalloc, c->m->cpu, arg_u64(c, 0),
					    arg_u64(c, 1)));
}

bool scenario_stack_alloc(struct calling *c)
{
	if (!scenario_no_interrupt(c, "alloc_thread_stack_node"))
		return true;
	return scenario_gave_area(c, vmap_stack_alloc(c->m->vmalloc, c->m->cpu, arg_int(c, 0)));
}

bool scenario_stack_free(struct calling *c)
{
	return freed_area(c, vmap_stack_free(c->m->vmalloc, c->m->cpu, arg_u64(c, 0)));
}

bool scenario_offline_stacks(struct calling *c)
{
	if (arg_u64(c, 0) >= c->m->nr_cpus)
		return scenario_mistake(c, "there is no CPU %" PRIu64, arg_u64(c, 0));
	vmap_stacks_drop(c->m->vmalloc, (unsigned int)arg_u64(c, 0));
	return scenario_freed(c, (struct mm_outcome){ 0 }, 0);
}

/* VM_MAP_PUT_PAGES makes the pages the area's: they are no blocks of the caller's any more. */
static bool map_pages(struct calling *c, struct pages_arg *pages, uint64_t count, bool put)
{
	struct mm_outcome out;

	if (count <= page_total(c->m->pages) &&
	    (!read_pages(c, pages, count, put) || c->m->last.mistake))
		return c->m->last.mistake;
	out = vmap_map(c->m->vmalloc, c->m->cpu, &(struct vmap_mapping){
		.pfns = pages->pfns.items, .nr = count, .put_pages = put });
	if (mm_ok(out) && put)
		vec_foreach(&pages->ids, id)
			scenario_forget(c->m, *id);
	return scenario_gave_area(c, out);
}

/* False and c->err: the array is too short. A mistake, if an element is no page. */
static bool read_pages(struct calling *c, struct pages_arg *pages, uint64_t count, bool put)
{
	for (uint64_t i = 0; i < count && !c->m->last.mistake; i++)
		if (!add_page(c, pages, i, put))
			return false;
	return true;
}

static bool add_page(struct calling *c, struct pages_arg *pages, uint64_t i, bool put)
{
	const struct scenario_machine *m = c->m;
	struct scenario_value value;
	const struct page_block *block;
	bool fresh;

	if (!scenario_array_get(c->call, 0, i, &value, c->err))
		return false;
	if (value.type != SCENARIO_PAGE || value.number < 1 ||
	    value.number > (scenario_int)m->blocks.nr ||
	    !m->blocks.items[value.number - 1].live)
		return scenario_mistake(c, "element %" PRIu64 " is no page in use", i);
	block = &m->blocks.items[value.number - 1];
	if (put && block->nr > 1)
		return scenario_mistake(c, "element %" PRIu64 " is a block of %" PRIu64
					" pages, not one", i, block->nr);
	u64map_insert(&pages->seen, (uint64_t)value.number, &fresh);
	if (put && !fresh)
		return scenario_mistake(c, "element %" PRIu64 " was there before", i);
	vec_push(&pages->pfns, block->pfn);
	vec_push(&pages->ids, (uint32_t)(value.number - 1));
	return true;
}

static void forget_pages(struct pages_arg *pages)
{
	vec_deinit(&pages->pfns);
	vec_deinit(&pages->ids);
	u64map_deinit(&pages->seen);
}

/* Of a mistake, the address is told. */
static bool freed_area(struct calling *c, struct mm_outcome out)
{
	return scenario_freed(c, out, arg_u64(c, 0));
}

static bool alloc_module(struct calling *c, uint64_t size)
{
	if (!scenario_no_interrupt(c, c->call->nr_args > 1 ? "execmem_alloc" : "module_alloc"))
		return true;
	return scenario_gave_area(c, vmalloc_alloc(c->m->vmalloc, c->m->cpu,
						   &(struct vmalloc_request){
		.size = size,
		.gfp = GFP_BITS_KERNEL,
		.node = -1,
		.flags = VMALLOC_MODULES | VMALLOC_FLUSH_RESET,
	}));
}

static struct mm_outcome flush_aliases(const struct scenario_machine *m)
{
	const struct vmap_purged purged = vmap_unmap_aliases(m->vmalloc);

	return (struct mm_outcome){
		.path = MM_PATH_VMAP_PURGE,
		.cost_ns = (uint32_t)MIN(vmap_purge_cost(m->vmalloc, &purged),
					 (uint64_t)UINT32_MAX),
		.steps = (uint16_t)MIN(purged.nr, (uint64_t)UINT16_MAX),
	};
}
