/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the address space looks like, and whether it is consistent. */
#include <config.h>

#include "vmalloc_internal.h"

#include <inttypes.h>

static void add_free(const struct vmalloc *v, struct vmalloc_stats *stats);
static bool check_busy(const struct vmalloc *v, struct error *err);
static bool check_node(const struct vmalloc *v, unsigned int node, uint64_t *bytes,
		       struct error *err);
static bool check_tables(const struct vmalloc *v, struct error *err);
static uint64_t tree_bytes(const struct va_tree *tree);

void vmalloc_stats(const struct vmalloc *v, struct vmalloc_stats *stats)
{
	*stats = v->stats;
	stats->range_start = v->range_start;
	stats->range_end = v->range_end;
	stats->nr_busy = v->busy.nr;
	stats->busy_bytes = v->busy.bytes;
	stats->nr_lazy = 0;
	for (unsigned int i = 0; i < v->nr_nodes; i++) {
		stats->nr_lazy += v->nodes[i].lazy.nr;
		for (unsigned int j = 0; j < VMAP_POOL_MAX; j++) {
			uint64_t nr = v->nodes[i].pools[j].nr;

			stats->nr_pooled += nr;
			stats->pooled_bytes += nr * (j + 1) * KERNEL_PAGE_SIZE;
		}
	}
	add_free(v, stats);
}

bool vmalloc_has_addr(const struct vmalloc *v, uint64_t addr)
{
	return addr >= v->range_start && addr <= v->range_end;
}

uint64_t vmalloc_changes(const struct vmalloc *v)
{
	return v->busy.nr_changes + v->free.nr_changes;
}

bool vmap_area_next(const struct vmalloc *v, uint64_t *at, struct vmap_area_info *info)
{
	const struct va *va = va_tree_find_from(&v->busy, *at);

	if (!va)
		return false;
	*at = va->end;
	*info = (struct vmap_area_info){
		.addr = va->start,
		.size = va_size(va),
		.nr_pages = va->pages ? va->pages->pfns.nr : 0,
		.huge = va->pages && va->pages->huge,
		.use = (enum vmap_use)va->use,
		.node = (unsigned int)(vmap_node_of(v, va->start) - v->nodes),
	};
	return true;
}

bool vmap_free_next(const struct vmalloc *v, uint64_t *at, uint64_t *start, uint64_t *end)
{
	const struct va *va = va_tree_find_from(&v->free, *at);

	if (!va)
		return false;
	*start = va->start;
	*at = *end = va->end;
	return true;
}

unsigned int vmap_nr_nodes(const struct vmalloc *v)
{
	return v->nr_nodes;
}

bool vmap_lazy_next(const struct vmalloc *v, unsigned int node, uint64_t *at, uint64_t *start,
		    uint64_t *end)
{
	const struct va *va = va_tree_find_from(&v->nodes[node].lazy, *at);

	if (!va)
		return false;
	*start = va->start;
	*at = *end = va->end;
	return true;
}

unsigned int vmalloc_nr_numa_nodes(const struct vmalloc *v)
{
	return v->nr_numa_nodes;
}

uint64_t vmap_pool_len(const struct vmalloc *v, unsigned int node, unsigned int nr_pages)
{
	if (node >= v->nr_nodes || !nr_pages || nr_pages > VMAP_POOL_MAX)
		return 0;
	return v->nodes[node].pools[nr_pages - 1].nr;
}

bool vmalloc_check(const struct vmalloc *v, struct error *err)
{
	uint64_t bytes = 0, lazy = 0;

	if (!va_tree_check(&v->free, err))
		return error_prefix(err, "free ranges");
	if (!check_busy(v, err))
		return error_prefix(err, "busy areas");
	for (unsigned int i = 0; i < v->nr_nodes; i++) {
		if (!check_node(v, i, &bytes, err))
			return error_prefix(err, "vmap node %u", i);
		lazy += tree_bytes(&v->nodes[i].lazy);
	}
	bytes += tree_bytes(&v->free) + tree_bytes(&v->busy);
	if (bytes != v->space_end - 1)
		return error_set(err, "0x%" PRIx64 " bytes of address space instead of 0x%" PRIx64,
				 bytes, v->space_end - 1);
	if (lazy != v->stats.lazy_pages * KERNEL_PAGE_SIZE)
		return error_set(err, "%" PRIu64 " lazy pages counted, %" PRIu64 " there",
				 v->stats.lazy_pages, lazy / KERNEL_PAGE_SIZE);
	return check_tables(v, err) && vmap_blocks_check(v, err) && vmap_stacks_check(v, err) &&
	       vmap_packs_check(v, err);
}

/* Free ranges, cut to the vmalloc range. */
static void add_free(const struct vmalloc *v, struct vmalloc_stats *stats)
{
	list_foreach(&v->free.list, pos) {
		const struct va *va = container_of(pos, struct va, link);
		uint64_t start = MAX(va->start, v->range_start);
		uint64_t end = va->end > v->range_end ? v->range_end + 1 : va->end;

		if (start >= end)
			continue;
		stats->nr_free++;
		stats->free_bytes += end - start;
		stats->largest_free = MAX(stats->largest_free, end - start);
	}
}

static bool check_busy(const struct vmalloc *v, struct error *err)
{
	uint64_t nr_pages = 0;

	if (!va_tree_check(&v->busy, err))
		return false;
	list_foreach(&v->busy.list, pos) {
		const struct va *va = container_of(pos, struct va, link);
		uint64_t nr = va->pages ? va->pages->pfns.nr : 0;

		nr_pages += va->pages && va->pages->put_pages ? 0 : nr;
		if (nr > va_size(va) / KERNEL_PAGE_SIZE)
			return error_set(err, "more pages than room at 0x%" PRIx64, va->start);
	}
	if (nr_pages != v->stats.nr_pages)
		return error_set(err, "%" PRIu64 " pages counted, %" PRIu64 " there",
				 v->stats.nr_pages, nr_pages);
	return true;
}

/* A node's lazy areas and pools; adds their sizes to "bytes". */
static bool check_node(const struct vmalloc *v, unsigned int node, uint64_t *bytes,
		       struct error *err)
{
	const struct vmap_node *n = &v->nodes[node];

	if (!va_tree_check(&n->lazy, err))
		return false;
	*bytes += tree_bytes(&n->lazy);
	for (unsigned int i = 0; i < VMAP_POOL_MAX; i++) {
		uint64_t nr = 0;

		list_foreach(&n->pools[i].areas, pos) {
			const struct va *va = container_of(pos, struct va, link);

			if (va_size(va) != (i + 1ULL) * KERNEL_PAGE_SIZE || va->node != node + 1)
				return error_set(err, "0x%" PRIx64 " is in the wrong pool",
						 va->start);
			*bytes += va_size(va);
			nr++;
		}
		if (nr != n->pools[i].nr)
			return error_set(err,
					 "pool of %u pages counts %" PRIu64 " and has %" PRIu64,
					 i + 1, n->pools[i].nr, nr);
	}
	return true;
}

static bool check_tables(const struct vmalloc *v, struct error *err)
{
	if (v->ptes.nr != v->stats.nr_pte_pages || v->pte_pages.nr != v->ptes.nr ||
	    v->pmd_pages.nr != v->stats.nr_pmd_pages)
		return error_set(err, "page tables are counted wrongly");
	for (size_t i = 0; i < v->ptes.nr; i++) {
		const uint32_t *index = u64map_find(&v->pte_pages, v->ptes.items[i].key);

		if (!index || *index != i)
			return error_set(err, "page table of 0x%" PRIx64 " is lost",
					 v->ptes.items[i].key << VMAP_PMD_SHIFT);
	}
	return true;
}

static uint64_t tree_bytes(const struct va_tree *tree)
{
	uint64_t bytes = 0;

	list_foreach(&tree->list, pos)
		bytes += va_size(container_of(pos, struct va, link));
	return bytes;
}
