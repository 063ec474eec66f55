/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges that are made to be what a recorded kernel had, and questions about single addresses. What
 * the allocator itself decides is not here.
 */
#include <config.h>

#include "vmalloc_internal.h"

#include "kmreplay/core/bits.h"

/* Addresses to be made free, and the worst that was found there. */
struct clearing {
	struct vmalloc *v;
	unsigned int cpu;
	uint64_t start, end;
	enum vmap_state was;
};

static bool is_free(const struct clearing *c);
static void clear_busy(struct clearing *c);
static void clear_lazy(struct clearing *c);
static void clear_pools(struct clearing *c);
static void clear_pool(struct clearing *c, struct vmap_pool *pool);
static void note(struct clearing *c, enum vmap_state was);
static struct va *overlapping(const struct va_tree *tree, uint64_t start, uint64_t end);
static bool find_pooled(const struct vmalloc *v, uint64_t addr, struct vmap_range *range);
static const struct va *find_in_pool(const struct vmap_pool *pool, uint64_t addr);
static bool find_in_tree(const struct va_tree *tree, uint64_t addr, struct vmap_range *range);

struct mm_outcome vmap_area_force(struct vmalloc *v, const struct vmap_call *call, uint64_t addr,
				  enum vmap_state *was)
{
	struct clearing c = {
		.v = v,
		.cpu = call->cpu,
		.start = addr,
		.end = addr + call->size,
		.was = VMAP_FREE,
	};

	*was = VMAP_OUTSIDE;
	if (!vmap_call_is_possible(call) || addr % KERNEL_PAGE_SIZE || !addr || c.end < addr ||
	    c.end > v->space_end)
		return vmap_failed(MM_FAIL_INVALID);
	vmap_learn_range(v, call);
	v->stats.nr_allocs++;
	if (!is_free(&c))
		clear_busy(&c);
	if (!is_free(&c))
		clear_lazy(&c);
	if (!is_free(&c))
		clear_pools(&c);
	*was = c.was;
	vmap_clip_free(v, va_tree_enclosing(&v->free, addr), addr, call->size);
	vmap_make_busy(v, addr, call->size)->node = vmap_call_node(v, call);
	return (struct mm_outcome){ .addr = addr, .path = MM_PATH_VMAP_TREE };
}

struct vmap_range vmap_range_at(const struct vmalloc *v, uint64_t addr)
{
	struct vmap_range range = { .start = addr, .end = addr, .state = VMAP_OUTSIDE };

	if (find_in_tree(&v->free, addr, &range)) {
		range.state = VMAP_FREE;
		return range;
	}
	if (find_in_tree(&v->busy, addr, &range)) {
		range.state = VMAP_BUSY;
		return range;
	}
	for (unsigned int i = 0; i < v->nr_nodes; i++) {
		if (!find_in_tree(&v->nodes[i].lazy, addr, &range))
			continue;
		range.state = VMAP_LAZY;
		range.node = i;
		return range;
	}
	find_pooled(v, addr, &range);
	return range;
}

const char *vmap_state_name(enum vmap_state state)
{
	static const char *const names[] = { "free", "pooled", "lazy", "busy", "outside" };

	return (unsigned int)state < ARRAY_SIZE(names) ? names[state] : NULL;
}

uint64_t vmap_lazy_pages(const struct vmalloc *v)
{
	return v->stats.lazy_pages;
}

uint64_t vmap_lazy_max(const struct vmalloc *v)
{
	return v->stats.lazy_max_pages;
}

void vmap_set_lazy_max(struct vmalloc *v, uint64_t pages)
{
	v->stats.lazy_max_pages = pages;
}

uint64_t vmap_area_size(const struct vmalloc *v, uint64_t addr)
{
	const struct va *va = va_tree_find(&v->busy, addr);

	return va ? va_size(va) : 0;
}

struct vmap_purged vmap_purge_full(struct vmalloc *v)
{
	return vmap_purge_lazy(v, true);
}

static bool is_free(const struct clearing *c)
{
	const struct va *va = va_tree_enclosing(&c->v->free, c->start);

	return va && va->end >= c->end;
}

static void clear_busy(struct clearing *c)
{
	struct va *va;

	while ((va = overlapping(&c->v->busy, c->start, c->end))) {
		va_tree_erase(&c->v->busy, va);
		if (va->block)
			vmap_block_forget(c->v, va);
		if (va->pages) {
			struct va_pages *pages = va->pages;

			va->pages = NULL;
			(void)vmap_pages_release(c->v, c->cpu, pages);
		}
		va_tree_merge(&c->v->free, va);
		note(c, VMAP_BUSY);
	}
}

static void clear_lazy(struct clearing *c)
{
	for (unsigned int i = 0; i < c->v->nr_nodes; i++) {
		struct va *va;

		while ((va = overlapping(&c->v->nodes[i].lazy, c->start, c->end))) {
			va_tree_erase(&c->v->nodes[i].lazy, va);
			c->v->stats.lazy_pages -= va_size(va) / KERNEL_PAGE_SIZE;
			va_tree_merge(&c->v->free, va);
			note(c, VMAP_LAZY);
		}
	}
}

static void clear_pools(struct clearing *c)
{
	for (unsigned int i = 0; i < c->v->nr_nodes; i++) {
		for (unsigned int j = 0; j < VMAP_POOL_MAX; j++)
			clear_pool(c, &c->v->nodes[i].pools[j]);
	}
}

static void clear_pool(struct clearing *c, struct vmap_pool *pool)
{
	struct list_head *next;

	for (struct list_head *pos = pool->areas.next; pos != &pool->areas; pos = next) {
		struct va *va = container_of(pos, struct va, link);

		next = pos->next;
		if (va->start >= c->end || va->end <= c->start)
			continue;
		list_del(&va->link);
		pool->nr--;
		va->node = 0;
		va_tree_merge(&c->v->free, va);
		note(c, VMAP_POOLED);
	}
}

static void note(struct clearing *c, enum vmap_state was)
{
	if (was > c->was)
		c->was = was;
}

/* Any range of "tree" that shares addresses with [start, end). */
static struct va *overlapping(const struct va_tree *tree, uint64_t start, uint64_t end)
{
	struct va *va = va_tree_find_from(tree, start);

	if (va && va->start < end)
		return va;
	va = va_tree_enclosing(tree, start);
	return va && va->start < end && va->end > start ? va : NULL;
}

static bool find_pooled(const struct vmalloc *v, uint64_t addr, struct vmap_range *range)
{
	for (unsigned int i = 0; i < v->nr_nodes; i++) {
		for (unsigned int j = 0; j < VMAP_POOL_MAX; j++) {
			const struct va *va = find_in_pool(&v->nodes[i].pools[j], addr);

			if (!va)
				continue;
			*range = (struct vmap_range){ va->start, va->end, VMAP_POOLED, i };
			return true;
		}
	}
	return false;
}

static const struct va *find_in_pool(const struct vmap_pool *pool, uint64_t addr)
{
	list_foreach (&pool->areas, pos) {
		const struct va *va = container_of(pos, struct va, link);

		if (addr >= va->start && addr < va->end)
			return va;
	}
	return NULL;
}

static bool find_in_tree(const struct va_tree *tree, uint64_t addr, struct vmap_range *range)
{
	const struct va *va = overlapping(tree, addr, addr + 1);

	if (!va)
		return false;
	range->start = va->start;
	range->end = va->end;
	return true;
}
