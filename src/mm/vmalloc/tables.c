/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page tables of mapped areas. They are made when an address is mapped for the first time and stay:
 * one page for each 2 MiB, and one above it for each 1 GiB. A huge entry takes the place of the
 * lower one and gives it back.
 */
#include <config.h>

#include "vmalloc_internal.h"

#include "kmreplay/abi/gfp.h"

static bool touch_table(const struct vmap_mapper *m, struct u64map *tables, uint64_t key);
static bool touch_upper(const struct vmap_mapper *m, uint64_t key);
static void drop_table(const struct vmap_mapper *m, uint64_t key);
static uint32_t table_gfp(const struct vmalloc *v, uint32_t gfp);

/* vmap_small_pages_range_noflush(): upper table first, then the lower one, ascending. */
bool vmap_map_small(const struct vmap_mapper *m, uint64_t addr, uint64_t nr_pages)
{
	uint64_t last = addr + nr_pages * KERNEL_PAGE_SIZE - 1;

	mm_outcome_cost(m->outcome, nr_pages * m->v->costs.vmap_map_page);
	for (uint64_t key = addr >> VMAP_PMD_SHIFT; key <= last >> VMAP_PMD_SHIFT; key++) {
		if (!touch_upper(m, key) || !touch_table(m, &m->v->pte_pages, key))
			return false;
	}
	return true;
}

/* A 2 MiB entry takes the place of a page of ptes, which is freed (pmd_free_pte_page()). */
bool vmap_map_huge(const struct vmap_mapper *m, uint64_t addr, uint64_t nr_pages)
{
	uint64_t end = addr + nr_pages * KERNEL_PAGE_SIZE;

	for (uint64_t key = addr >> VMAP_PMD_SHIFT; key < end >> VMAP_PMD_SHIFT; key++) {
		if (!touch_upper(m, key))
			return false;
		drop_table(m, key);
	}
	return true;
}

uint64_t vmalloc_nr_tables(const struct vmalloc *v)
{
	return v->nr_tables_made;
}

/* The upper levels of the module range and of 32-bit kernels exist from boot on. */
static bool touch_upper(const struct vmap_mapper *m, uint64_t key)
{
	const uint64_t addr = key << VMAP_PMD_SHIFT;
	struct vmalloc *v = m->v;

	if (v->arch == ARCH_X86_32 || (addr >= v->modules_start && addr < v->modules_end))
		return true;
	return touch_table(m, &v->pmd_pages, key >> (VMAP_PUD_SHIFT - VMAP_PMD_SHIFT));
}

static bool touch_table(const struct vmap_mapper *m, struct u64map *tables, uint64_t key)
{
	struct vmalloc *v = m->v;
	struct mm_outcome page;
	uint32_t *index;
	bool fresh;

	if (u64map_find(tables, key))
		return true;
	page = v->ops.page_alloc(v->ctx, m->cpu, table_gfp(v, m->gfp), 0, -1);
	mm_outcome_cost(&page, v->costs.vmap_page_table);
	mm_outcome_add(m->outcome, page);
	m->outcome->failure = page.failure;
	if (!mm_ok(page))
		return false;
	v->nr_tables_made++;
	index = u64map_insert(tables, key, &fresh);
	if (tables == &v->pmd_pages) {
		v->stats.nr_pmd_pages++;
		return true;
	}
	*index = (uint32_t)v->ptes.nr;
	vec_push(&v->ptes, ((struct vmap_pte_page){ .key = key, .pfn = page.addr }));
	v->stats.nr_pte_pages++;
	return true;
}

static void drop_table(const struct vmap_mapper *m, uint64_t key)
{
	struct vmalloc *v = m->v;
	uint32_t *index = u64map_find(&v->pte_pages, key);
	uint32_t at;

	if (!index)
		return;
	at = *index;
	mm_outcome_add(m->outcome, v->ops.page_free(v->ctx, m->cpu, v->ptes.items[at].pfn));
	u64map_remove(&v->pte_pages, key);
	v->stats.nr_pte_pages--;
	/* The last one fills the gap. */
	v->ptes.items[at] = v->ptes.items[--v->ptes.nr];
	if (at < v->ptes.nr)
		*u64map_find(&v->pte_pages, v->ptes.items[at].key) = at;
}

/* GFP_PGTABLE_KERNEL within the scope that a caller without IO or FS sets. */
static uint32_t table_gfp(const struct vmalloc *v, uint32_t gfp)
{
	uint32_t table = GFP_BITS_KERNEL | GFP_BIT_ZERO;

	if (v->profile->pgtable_comp)
		table |= GFP_BIT_COMP;
	if (!(gfp & GFP_BIT_FS))
		table &= ~(uint32_t)GFP_BIT_FS;
	if (!(gfp & (GFP_BIT_IO | GFP_BIT_FS)))
		table &= ~(uint32_t)GFP_BIT_IO;
	return table;
}
