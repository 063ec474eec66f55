/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SLAB: slabs on their nodes, as get_first_slab(), fixup_slab_list(), cache_grow_begin(),
 * free_block() and drain_freelist() of mm/slab.c
 * keep them, 6.1.
 *
 * Theory
 * ------
 * 1. A slab is full, partial or free, and stands in a list of its node accordingly. Partial ones
 *    are used first, from the head; one that objects were taken from goes to the head, one that an
 *    object came back to to the tail: most time for the others to come back, too.
 * 2. Free slabs are kept as long as a node's free objects, those of partial slabs included, are not
 *    above its limit: a batch for each CPU and one more, and a slab. Beyond it the one that was
 *    free for longest goes first.
 * 3. The full list is never searched, so here full slabs stand in none. In a slab, free slots are a
 *    stack, as in the kernel's array of numbers.
 */
#include <config.h>

#include "slab_array.h"
#include "slab_partial.h"

#include "kmreplay/mm/gfp_derive.h"

#include <stdlib.h>

static bool make_index(struct slab_request *rq, struct slab_page *page, uint32_t gfp);
static void detach(struct slab_page *page);
static void attach_free(struct slab_page *page, bool tail);
static struct slab_array_node *node_of(const struct slab_page *page);

struct slab_page *slab_array_first(struct slab_cache *cache, unsigned int node)
{
	struct slab_array_node *n = &cache->arrays->node[node];
	struct list_head *head = &cache->node[node].partial;
	struct slab_page *page;

	if (list_is_empty(head)) {
		n->free_touched = true;
		head = &n->free;
	}
	if (list_is_empty(head))
		return NULL;
	page = container_of(head->next, struct slab_page, link);
	detach(page);
	return page;
}

void slab_array_fixup(struct slab_page *page)
{
	if (page->head != SLAB_NIL)
		slab_node_add(page, false);
}

struct slab_object slab_array_take(struct slab_page *page)
{
	const unsigned int slot = page->head;

	page->head = page->links[slot];
	page->links[slot] = SLAB_SHEAFED;
	page->inuse++;
	return (struct slab_object){ page, slot };
}

struct slab_page *slab_array_grow(struct slab_request *rq, uint32_t gfp, unsigned int node)
{
	struct slab_allocator *slab = rq->slab;
	struct slab_cache *cache = rq->cache;
	const unsigned int order = cache->geometry.order;
	const uint32_t mask = gfp_of_slab(gfp, cache->page_gfp);
	struct mm_outcome got = slab->ops.alloc(slab->ctx, rq->cpu, mask, order, (int)node,
						rq->context);
	struct slab_array_node *n;
	struct slab_page *page;

	slab_add_page_cost(&rq->out, got);
	rq->out.failure = got.failure;
	if (!mm_ok(got))
		return NULL;
	page = slab_page_create(slab, cache, got.addr, order);
	if (!page) {
		rq->out.failure = MM_FAIL_INVALID;
		return NULL;
	}
	/* Where pages come from may know less of nodes than is asked for. */
	if (mask & GFP_BIT_THISNODE)
		page->node = (uint16_t)node;
	n = node_of(page);
	if (++n->colour_next >= cache->geometry.colours)
		n->colour_next = 0;
	page->offset = n->colour_next * cache->geometry.colour_off;
	page->base += page->offset;
	slab_page_link(page);
	if (!make_index(rq, page, gfp))
		return NULL;
	slab_step(&rq->out, MM_PATH_SLAB_NEW, slab->costs.slab_new);
	if (got.path >= MM_PATH_SLOWPATH && got.path <= MM_PATH_OOM)
		rq->out.path = got.path;
	cache->counters.alloc_slab++;
	slab_page_count(slab, page);
	return page;
}

void slab_array_grown(struct slab_page *page)
{
	node_of(page)->free_objects += (uint64_t)page->objects - page->inuse;
	if (page->inuse)
		slab_array_fixup(page);
	else
		attach_free(page, true);
}

void slab_array_put(struct slab_cache *cache, const struct slab_object *objects, uint32_t nr,
		    unsigned int node, struct slab_leaving *leaving)
{
	struct slab_array_node *n = &cache->arrays->node[node];

	n->free_objects += nr;
	for (uint32_t i = 0; i < nr; i++) {
		struct slab_page *page = objects[i].page;

		detach(page);
		page->links[objects[i].slot] = page->head;
		page->head = (uint16_t)objects[i].slot;
		if (--page->inuse)
			slab_node_add(page, true);
		else
			attach_free(page, false);
	}
	while (n->free_objects > n->free_limit)
		if (!slab_array_drop_free(cache, node, leaving))
			break;
}

bool slab_array_drop_free(struct slab_cache *cache, unsigned int node, struct slab_leaving *leaving)
{
	struct slab_array_node *n = &cache->arrays->node[node];
	struct slab_page *page;

	if (!n->nr_free)
		return false;
	page = container_of(n->free.prev, struct slab_page, link);
	detach(page);
	n->free_objects -= page->objects;
	page->next = leaving->first;
	leaving->first = page;
	return true;
}

void slab_array_gone(struct slab_allocator *slab, struct slab_leaving *leaving, unsigned int cpu,
		     struct mm_outcome *out)
{
	while (leaving->first) {
		struct slab_page *page = leaving->first;
		const uint64_t index = page->index;

		leaving->first = page->next;
		slab_page_discard(slab, page, cpu, out);
		if (index)
			slab_add_page_cost(out, slab_free(slab, cpu, index));
	}
}

/* alloc_slabmgmt(): the numbers of free slots, if kept outside. False: then the slab is gone. */
static bool make_index(struct slab_request *rq, struct slab_page *page, uint32_t gfp)
{
	struct slab_allocator *slab = rq->slab;
	struct mm_outcome got;
	uint64_t pfn;

	if (rq->cache->geometry.index != SLAB_INDEX_OUTSIDE)
		return true;
	gfp = gfp_of_slab(gfp, 0) & ~GFP_BITS_WHERE;
	got = slab_kmalloc(slab, rq->cpu, page->objects, gfp, page->node, rq->context);
	slab_add_page_cost(&rq->out, got);
	if (mm_ok(got)) {
		page->index = got.addr;
		return true;
	}
	rq->out.failure = got.failure;
	pfn = slab_page_pfn(slab, page);
	slab_map_clear(&slab->map, pfn, 1ULL << page->order);
	slab_add_page_cost(&rq->out, slab->ops.free(slab->ctx, rq->cpu, pfn, page->order));
	free(page);
	return false;
}

/* Off its list, if it stands in one. */
static void detach(struct slab_page *page)
{
	if (page->place == SLAB_PLACE_FULL)
		return;
	if (page->inuse) {
		slab_node_del(page);
		return;
	}
	list_del(&page->link);
	node_of(page)->nr_free--;
	page->place = SLAB_PLACE_FULL;
}

static void attach_free(struct slab_page *page, bool tail)
{
	struct slab_array_node *n = node_of(page);

	if (tail)
		list_add_tail(&n->free, &page->link);
	else
		list_add(&n->free, &page->link);
	n->nr_free++;
	page->place = SLAB_PLACE_NODE_PARTIAL;
}

static struct slab_array_node *node_of(const struct slab_page *page)
{
	return &page->cache->arrays->node[page->node];
}
