/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks by their first page and order: of a block that goes in parts the rest stays when its head
 * is used again. A page is looked for in blocks of all orders, of which the youngest counts. A
 * recording is fed ahead of whoever asks, so its events wait in a queue until they are told to have
 * taken effect.
 */
#include <config.h>

#include "kmreplay/replay/owners.h"

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/bits.h"

#include <stdlib.h>
#include <string.h>

enum { UPDATE_BLOCK, UPDATE_OBJECT, UPDATE_GONE, UPDATE_FREED };

/* What an event changes, once it takes effect. */
struct owners_update {
	uint64_t number;
	uint8_t what;
	uint32_t slot;
	uint64_t addr; /* object */
	struct owners_block block; /* of objects: the asker only */
};

static void drop_applied(struct owners *owners);
static void feed_event(struct owners *owners, const struct repair *repair,
		       const struct repair_batch *batch, size_t i);
static void feed_alloc(struct owners *owners, const struct repair *repair, const struct event *ev,
		       const struct repair_op *op);
static void feed_freed(struct owners *owners, const struct event *ev);
static void feed_ends(struct owners *owners, const struct repair_batch *batch, size_t i);
static bool is_free_of_object(unsigned int call);
static void push_gone(struct owners *owners, uint32_t slot);
static uint32_t cache_name(const struct repair *repair, uint32_t cache);
static struct owners_asker asker_of(const struct owners *owners, const struct event *ev);
static uint64_t key_of(uint64_t pfn, unsigned int order);
static void apply(struct owners *owners, const struct owners_update *update);
static void name_slab(struct owners *owners, uint64_t addr, const struct owners_asker *asker);
static void add_site(struct owners_sites *sites, const struct owners_site *more);
static int most_first(const void *a, const void *b);

void owners_init(struct owners *owners)
{
	memset(owners, 0, sizeof(*owners));
	u64map_init(&owners->by_head);
}

void owners_deinit(struct owners *owners)
{
	u64map_deinit(&owners->by_head);
	vec_deinit(&owners->blocks);
	vec_deinit(&owners->objects);
	vec_deinit(&owners->queue);
}

void owners_add_block(struct owners *owners, const struct owners_block *block)
{
	const bool slab = block->owner == OWNER_SLAB || block->owner == OWNER_KMALLOC_LARGE;
	bool fresh;
	uint32_t *at = u64map_insert(&owners->by_head, key_of(block->pfn, block->order), &fresh);

	owners->nr_siteless += slab && !block->asker.site;
	if (fresh) {
		*at = (uint32_t)owners->blocks.nr;
		vec_push(&owners->blocks, *block);
	} else {
		owners->blocks.items[*at] = *block;
	}
}

void owners_free_block(struct owners *owners, uint64_t pfn, unsigned int order, uint64_t number)
{
	owners_add_block(owners, &(struct owners_block){
					 .pfn = pfn,
					 .asker = { .number = number },
					 .order = (uint8_t)order,
					 .owner = OWNER_UNKNOWN,
					 .gone = true,
				 });
}

void owners_move_block(struct owners *owners, uint64_t from, uint64_t to)
{
	const struct owners_block *block = owners_find(owners, from);
	struct owners_block moved;

	if (!block || block->gone)
		return;
	moved = *block;
	moved.pfn = to;
	owners_add_block(owners, &moved);
}

void owners_set_object(struct owners *owners, uint32_t slot, uint64_t addr,
		       const struct owners_asker *asker)
{
	if (!addr && slot >= owners->objects.nr)
		return;
	vec_extend_zeroed(&owners->objects, (size_t)slot + 1);
	owners->objects.items[slot].addr = addr;
	if (!addr)
		return;
	owners->objects.items[slot].asker = *asker;
	if (unlikely(owners->nr_siteless))
		name_slab(owners, addr, asker);
}

void owners_feed(struct owners *owners, const struct repair *repair,
		 const struct repair_batch *batch)
{
	const uint64_t base = repair_coverage(repair)->direct_map_base;

	if (base)
		owners->direct_map = base;
	drop_applied(owners);
	for (size_t i = 0; i < batch->batch->nr; i++) {
		feed_event(owners, repair, batch, i);
		owners->nr_fed++;
	}
}

void owners_until(struct owners *owners, uint64_t number)
{
	while (owners->queue_at < owners->queue.nr &&
	       owners->queue.items[owners->queue_at].number < number)
		apply(owners, &owners->queue.items[owners->queue_at++]);
}

const struct owners_block *owners_find(const struct owners *owners, uint64_t pfn)
{
	const struct owners_block *best = NULL;

	for (unsigned int order = 0; order <= KERNEL_MAX_ORDER; order++) {
		const uint64_t head = pfn >> order << order;
		const uint32_t *at = u64map_find(&owners->by_head, key_of(head, order));
		const struct owners_block *block = at ? &owners->blocks.items[*at] : NULL;

		if (block && (!best || block->asker.number > best->asker.number))
			best = block;
	}
	return best;
}

void owners_objects_in(const struct owners *owners, const struct owners_block *block,
		       struct owners_sites *ret)
{
	const uint64_t start = owners->direct_map + block->pfn * KERNEL_PAGE_SIZE;
	const uint64_t end = start + ((uint64_t)KERNEL_PAGE_SIZE << block->order);

	vec_reset(&ret->list);
	ret->nr = 0;
	if (!owners->direct_map)
		return;
	vec_foreach(&owners->objects, object) {
		if (object->addr >= start && object->addr < end)
			add_site(ret, &(struct owners_site){
					      .site = object->asker.site,
					      .nr = 1,
					      .oldest = object->asker.time,
				      });
	}
	if (ret->list.nr)
		qsort(ret->list.items, ret->list.nr, sizeof(*ret->list.items), most_first);
}

void owners_sites_add(struct owners_sites *sites, const struct owners_sites *more)
{
	vec_foreach(&more->list, site)
		add_site(sites, site);
	if (sites->list.nr)
		qsort(sites->list.items, sites->list.nr, sizeof(*sites->list.items), most_first);
}

void owners_sites_deinit(struct owners_sites *sites)
{
	vec_deinit(&sites->list);
}

/* What has taken effect makes room. */
static void drop_applied(struct owners *owners)
{
	if (!owners->queue_at)
		return;
	memmove(owners->queue.items, owners->queue.items + owners->queue_at,
		(owners->queue.nr - owners->queue_at) * sizeof(*owners->queue.items));
	owners->queue.nr -= owners->queue_at;
	owners->queue_at = 0;
}

static void feed_event(struct owners *owners, const struct repair *repair,
		       const struct repair_batch *batch, size_t i)
{
	const struct repair_op *op = &batch->ops[i];

	feed_ends(owners, batch, i);
	if (op->call == CALL_PAGE_FREE)
		feed_freed(owners, &batch->batch->events[i]);
	if (op->slot == REPAIR_NO_SLOT || op->fate == FATE_SKIPPED)
		return;
	if (is_free_of_object(op->call))
		push_gone(owners, op->slot);
	else
		feed_alloc(owners, repair, &batch->batch->events[i], op);
}

static void feed_alloc(struct owners *owners, const struct repair *repair, const struct event *ev,
		       const struct repair_op *op)
{
	struct owners_update update = { .number = owners->nr_fed, .slot = op->slot };

	update.block.asker = asker_of(owners, ev);
	switch (op->call) {
	case CALL_PAGE_ALLOC:
		if (ev->page.order > KERNEL_MAX_ORDER)
			return;
		update.what = UPDATE_BLOCK;
		update.block.pfn = ev->page.pfn;
		update.block.order = ev->page.order;
		update.block.gfp = ev->page.gfp;
		update.block.owner = op->owner;
		update.block.cache = cache_name(repair, op->cache);
		break;
	case CALL_KMALLOC:
	case CALL_KMALLOC_LARGE:
	case CALL_CACHE_ALLOC:
		update.what = UPDATE_OBJECT;
		update.addr = ev->slab.ptr;
		update.block.cache = cache_name(repair, op->cache);
		break;
	default:
		return;
	}
	vec_push(&owners->queue, update);
}

static void feed_freed(struct owners *owners, const struct event *ev)
{
	if (ev->page.order <= KERNEL_MAX_ORDER && ev->page.pfn != EVENT_PFN_FAILED)
		vec_push(&owners->queue, (struct owners_update){
						 .number = owners->nr_fed,
						 .what = UPDATE_FREED,
						 .block = { .pfn = ev->page.pfn,
							    .order = ev->page.order },
					 });
}

/* Objects that end without a free of their own: see struct repair_op. */
static void feed_ends(struct owners *owners, const struct repair_batch *batch, size_t i)
{
	const struct repair_op *op = &batch->ops[i];
	const uint32_t *list;

	if (op->implied_free == REPAIR_NO_SLOT ||
	    (op->call == CALL_PAGE_FREE && op->kind == REPAIR_MISMATCH))
		return;
	if (op->call != CALL_BULK_FREE && op->call != CALL_PAGE_FREE) {
		push_gone(owners, op->implied_free);
		return;
	}
	list = &batch->lists[op->implied_free];
	for (uint32_t at = 1; at <= list[0]; at++)
		push_gone(owners, list[at]);
}

static bool is_free_of_object(unsigned int call)
{
	return call == CALL_OBJ_FREE || call == CALL_LARGE_FREE;
}

static void push_gone(struct owners *owners, uint32_t slot)
{
	vec_push(&owners->queue, (struct owners_update){
					 .number = owners->nr_fed,
					 .what = UPDATE_GONE,
					 .slot = slot,
				 });
}

static uint32_t cache_name(const struct repair *repair, uint32_t cache)
{
	const struct repair_cache *known;

	if (!cache)
		return 0;
	known = repair_cache(repair, cache);
	for (unsigned int hops = 0; known->canon != cache && hops < 64; hops++) {
		cache = known->canon;
		known = repair_cache(repair, cache);
	}
	return known->name;
}

static struct owners_asker asker_of(const struct owners *owners, const struct event *ev)
{
	return (struct owners_asker){
		.number = owners->nr_fed,
		.time = ev->time,
		.site = ev->site,
		.comm = ev->comm,
		.pid = ev->pid,
		.cpu = ev->cpu,
	};
}

/* A frame number of an event may be anything, but two equal keys only mix two blocks up. */
static uint64_t key_of(uint64_t pfn, unsigned int order)
{
	return (pfn & ((1ULL << 58) - 1)) << 4 | order;
}

static void apply(struct owners *owners, const struct owners_update *update)
{
	switch (update->what) {
	case UPDATE_BLOCK:
		owners_add_block(owners, &update->block);
		break;
	case UPDATE_OBJECT:
		owners_set_object(owners, update->slot, update->addr, &update->block.asker);
		break;
	case UPDATE_FREED:
		owners_free_block(owners, update->block.pfn, update->block.order, update->number);
		break;
	default:
		owners_set_object(owners, update->slot, 0, NULL);
		break;
	}
}

/* The first object in a slab is what the slab was asked for. */
static void name_slab(struct owners *owners, uint64_t addr, const struct owners_asker *asker)
{
	const uint64_t pfn = (addr - owners->direct_map) / KERNEL_PAGE_SIZE;
	struct owners_block *block;
	const struct owners_block *found;

	if (!owners->direct_map || addr < owners->direct_map || !asker->site)
		return;
	found = owners_find(owners, pfn);
	if (!found || found->gone || found->asker.site ||
	    (found->owner != OWNER_SLAB && found->owner != OWNER_KMALLOC_LARGE))
		return;
	block = &owners->blocks.items[found - owners->blocks.items];
	block->asker.site = asker->site;
	owners->nr_siteless--;
}

static void add_site(struct owners_sites *sites, const struct owners_site *more)
{
	sites->nr += more->nr;
	vec_foreach(&sites->list, site) {
		if (site->site != more->site)
			continue;
		site->nr += more->nr;
		site->oldest = MIN(site->oldest, more->oldest);
		return;
	}
	vec_push(&sites->list, *more);
}

static int most_first(const void *a, const void *b)
{
	const struct owners_site *x = a, *y = b;

	if (x->nr != y->nr)
		return x->nr > y->nr ? -1 : 1;
	return x->site < y->site ? -1 : x->site > y->site;
}
