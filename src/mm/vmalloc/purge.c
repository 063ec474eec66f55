/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From busy to free: lazy areas, purges, pools and their decay. */
#include <config.h>

#include "vmalloc_internal.h"

#include "kmreplay/mm/tap.h"

#include "kmreplay/core/bits.h"

#include <stdlib.h>

static void purge_node(struct vmalloc *v, struct vmap_node *node, bool full,
		       struct vmap_purged *purged);
static bool pool_add(struct vmalloc *v, struct va *va);
static void decay_pools(struct vmalloc *v, struct vmap_node *node, bool full);
static void decay_pool(const struct vmalloc *v, struct vmap_pool *pool, bool full,
		       struct va_tree *decayed);

struct vmap_purged vmap_purge(struct vmalloc *v)
{
	return vmap_purge_lazy(v, false);
}

void vmap_pools_drain(struct vmalloc *v)
{
	for (unsigned int i = 0; i < v->nr_nodes; i++)
		decay_pools(v, &v->nodes[i], true);
}

void vmap_run_pending(struct vmalloc *v)
{
	if (v->purge_pending && v->auto_purge)
		vmap_purge_lazy(v, false);
}

/* All pools decay before any node is purged, so what is purged now survives this decay. */
struct vmap_purged vmap_purge_lazy(struct vmalloc *v, bool full)
{
	struct vmap_purged purged = { .start = UINT64_MAX };

	if (full)
		vmap_purge_blocks(v, true);
	v->purge_pending = false;
	v->stats.nr_purges++;
	if (v->profile->nodes) {
		for (unsigned int i = 0; i < v->nr_nodes; i++)
			decay_pools(v, &v->nodes[i], full);
	}
	for (unsigned int i = 0; i < v->nr_nodes; i++)
		purge_node(v, &v->nodes[i], full, &purged);
	v->stats.nr_purged += purged.nr;
	mm_tap(v->tap, &(struct mm_tapped){ .kind = MM_TAP_VMAP_PURGE, .start = purged.start,
					    .end = purged.end, .size = purged.nr });
	return purged;
}

/* free_vmap_area_noflush() */
struct mm_outcome vmap_make_lazy(struct vmalloc *v, struct va *va)
{
	struct vmap_node *node;

	va_tree_erase(&v->busy, va);
	va->use = VMAP_USE_OTHER;
	v->stats.nr_frees++;
	v->stats.lazy_pages += va_size(va) / KERNEL_PAGE_SIZE;
	mm_tap(v->tap, &(struct mm_tapped){ .kind = MM_TAP_VMAP_FREE, .addr = va->start,
					    .size = v->stats.lazy_pages,
					    .given = v->stats.lazy_max_pages });
	if (v->profile->nodes) {
		node = va->node ? &v->nodes[va->node - 1] : vmap_node_of(v, va->start);
		va_tree_insert(&node->lazy, va);
	} else {
		va_tree_merge(&v->nodes[0].lazy, va);
	}
	if (v->stats.lazy_pages > v->stats.lazy_max_pages)
		v->purge_pending = true;
	return (struct mm_outcome){ .cost_ns = v->costs.vmap_search,
				    .steps = 1,
				    .path = MM_PATH_VMAP_LAZY };
}

/*
 * purge_vmap_node(): in order of address; what no pool takes goes to the free tree, with nodes in
 * descending order, without in ascending order.
 */
static void purge_node(struct vmalloc *v, struct vmap_node *node, bool full,
		       struct vmap_purged *purged)
{
	struct list_head global;

	list_init(&global);
	while (!list_is_empty(&node->lazy.list)) {
		struct va *va = container_of(node->lazy.list.next, struct va, link);

		va_tree_erase(&node->lazy, va);
		purged->start = MIN(purged->start, va->start);
		purged->end = MAX(purged->end, va->end);
		purged->nr++;
		v->stats.lazy_pages -= va_size(va) / KERNEL_PAGE_SIZE;
		if (!v->profile->nodes)
			list_add_tail(&global, &va->link);
		else if (full || !pool_add(v, va))
			list_add(&global, &va->link);
	}
	while (!list_is_empty(&global)) {
		struct va *va = container_of(global.next, struct va, link);

		list_del(&va->link);
		va_tree_merge(&v->free, va);
	}
}

/* node_pool_add_va() */
static bool pool_add(struct vmalloc *v, struct va *va)
{
	uint64_t at = (va_size(va) - 1) / KERNEL_PAGE_SIZE;
	struct vmap_pool *pool;

	if (!va->node || at >= VMAP_POOL_MAX)
		return false;
	pool = &v->nodes[va->node - 1].pools[at];
	list_add(&pool->areas, &va->link);
	pool->nr++;
	return true;
}

/* decay_va_pool_node(): what leaves is merged among itself first, then into the free tree. */
static void decay_pools(struct vmalloc *v, struct vmap_node *node, bool full)
{
	struct va_tree decayed;

	va_tree_init(&decayed);
	for (unsigned int i = 0; i < VMAP_POOL_MAX; i++)
		decay_pool(v, &node->pools[i], full, &decayed);
	while (!list_is_empty(&decayed.list)) {
		struct va *va = container_of(decayed.list.next, struct va, link);

		va_tree_erase(&decayed, va);
		va_tree_merge(&v->free, va);
	}
}

static void decay_pool(const struct vmalloc *v, struct vmap_pool *pool, bool full,
		       struct va_tree *decayed)
{
	uint64_t leaving = full ? pool->nr : pool->nr >> 2;

	/* Until 6.18 the count is tested after it was lowered, so that a quarter of 0 never ends.
	 */
	if (!leaving && !v->profile->decay_exact)
		leaving = pool->nr;
	for (; leaving; leaving--) {
		struct va *va = container_of(pool->areas.next, struct va, link);

		list_del(&va->link);
		va->node = 0;
		va_tree_merge(decayed, va);
		pool->nr--;
	}
}
