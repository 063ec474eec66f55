/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mappings of pages that are not vmalloc()'s: vmap() of a caller's, ioremap() of a device's. They
 * have a struct vm_struct, a guard page and page tables of their own, as vmalloc() has. What the
 * array of pages that VM_MAP_PUT_PAGES hands over was allocated with is left out.
 */
#include <config.h>

#include "vmalloc_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/bits.h"

static void map_io(const struct vmap_mapper *m, uint64_t addr, uint64_t phys, uint64_t size);
static uint64_t io_entry(const struct vmap_mapper *m, uint64_t bits, uint64_t size);

struct mm_outcome vmap_map(struct vmalloc *v, unsigned int cpu, const struct vmap_mapping *mapping)
{
	const struct vmalloc_request request = {
		.size = mapping->nr * KERNEL_PAGE_SIZE, .gfp = GFP_BITS_KERNEL, .node = -1
	};
	struct mm_outcome outcome;
	struct vmap_mapper mapper = { v, cpu, request.gfp, &outcome };
	struct va *va;

	if (!mapping->nr)
		return vmap_failed(MM_FAIL_INVALID);
	if (mapping->nr > v->total_pages)
		return vmap_failed(MM_FAIL_NO_MEMORY);
	outcome = vmap_get_area(v, cpu, &request, false);
	if (!mm_ok(outcome))
		return outcome;
	va = va_tree_find(&v->busy, outcome.addr);
	va->use = VMAP_USE_VMAP;
	if (!vmap_map_small(&mapper, va->start, mapping->nr)) {
		mm_outcome_add(&outcome, vmap_area_free(v, cpu, va->start));
		outcome.addr = 0;
		return outcome;
	}
	if (!mapping->put_pages)
		return outcome;
	va->pages->put_pages = true;
	for (uint64_t i = 0; i < mapping->nr; i++)
		vec_push(&va->pages->pfns, mapping->pfns[i]);
	return outcome;
}

struct mm_outcome vmap_unmap(struct vmalloc *v, unsigned int cpu, uint64_t addr)
{
	const struct va *va = va_tree_find(&v->busy, addr);

	if (!va || va->use >= VMAP_USE_STACK || (va->pages && va->pages->pfns.nr))
		return vmap_failed(MM_FAIL_INVALID);
	return vmap_area_free(v, cpu, addr);
}

struct mm_outcome vmap_io(struct vmalloc *v, unsigned int cpu, uint64_t phys, uint64_t size)
{
	const uint64_t offset = phys % KERNEL_PAGE_SIZE;
	struct vmalloc_request request = {
		.gfp = GFP_BITS_KERNEL, .node = -1, .flags = VMALLOC_IOREMAP
	};
	struct mm_outcome outcome;
	struct vmap_mapper mapper = { v, cpu, request.gfp, &outcome };

	/* Neither empty nor around the end of all addresses. */
	if (!size || phys + size - 1 < phys || size > v->space_end - 2 * KERNEL_PAGE_SIZE)
		return vmap_failed(MM_FAIL_INVALID);
	request.size = bits_align_up(offset + size, KERNEL_PAGE_SIZE);
	outcome = vmap_get_area(v, cpu, &request, false);
	if (!mm_ok(outcome))
		return outcome;
	map_io(&mapper, outcome.addr, phys - offset, request.size);
	if (!mm_ok(outcome)) {
		mm_outcome_add(&outcome, vmap_area_free(v, cpu, outcome.addr));
		outcome.addr = 0;
		return outcome;
	}
	outcome.addr += offset;
	return outcome;
}

struct mm_outcome vmap_io_unmap(struct vmalloc *v, unsigned int cpu, uint64_t addr)
{
	const struct va *va = va_tree_find(&v->busy, bits_align_down(addr, KERNEL_PAGE_SIZE));

	if (!va || va->use != VMAP_USE_IOREMAP)
		return vmap_failed(MM_FAIL_INVALID);
	return vmap_area_free(v, cpu, va->start);
}

/* The last one that found no room, against the holes of now. */
bool vmap_shortage(const struct vmalloc *v, struct vmap_room *room)
{
	uint64_t at = 0, start, end;

	if (!v->refused.size)
		return false;
	*room = (struct vmap_room){
		.wanted = v->refused.size,
		.align = v->refused.align,
		.start = v->refused.vstart,
		.end = v->refused.vend + (v->refused.vend & 1),
	};
	while (vmap_free_next(v, &at, &start, &end)) {
		start = MAX(start, room->start);
		end = MIN(end, room->end);
		if (start >= end)
			continue;
		room->free_bytes += end - start;
		room->largest = MAX(room->largest, end - start);
		room->nr++;
	}
	return true;
}

/* ioremap_page_range(): by the largest entries that address, memory and the rest allow. */
static void map_io(const struct vmap_mapper *m, uint64_t addr, uint64_t phys, uint64_t size)
{
	const uint64_t pmd = 1ULL << VMAP_PMD_SHIFT;

	while (size && mm_ok(*m->outcome)) {
		uint64_t step = io_entry(m, addr | phys, size);

		if (step == pmd) {
			(void)vmap_map_huge(m, addr, step / KERNEL_PAGE_SIZE);
		} else if (step < pmd) {
			/* Up to where a larger entry may begin. */
			step = MIN(size, pmd - (addr & (pmd - 1)));
			(void)vmap_map_small(m, addr, step / KERNEL_PAGE_SIZE);
		}
		addr += step;
		phys += step;
		size -= step;
	}
}

/* What the largest entry maps that can stand there: both sides have these bits. */
static uint64_t io_entry(const struct vmap_mapper *m, uint64_t bits, uint64_t size)
{
	static const unsigned int shifts[] = { VMAP_PUD_SHIFT, VMAP_PMD_SHIFT };

	for (size_t i = 0; i < ARRAY_SIZE(shifts); i++) {
		const uint64_t reach = 1ULL << shifts[i];

		if (shifts[i] <= m->v->layout->ioremap_shift && size >= reach &&
		    !(bits & (reach - 1)))
			return reach;
	}
	return KERNEL_PAGE_SIZE;
}
