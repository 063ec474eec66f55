/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose the machine's pages are: what a slot holds after its event, and what a layer asks for in
 * the name of one.
 */
#include <config.h>

#include "replay_internal.h"

#include "kmreplay/event/desc.h"

static struct owners_asker asker_of(const struct replay *r, const struct replay_step *step);
static uint32_t cache_of(const struct replay *r, const struct repair_op *op);

void replay_keep_owners(struct replay *r, struct owners *owners)
{
	BUG_ON(r->tally.nr_events);
	owners->direct_map = machine_direct_map(r->arch);
	r->owners = owners;
}

void replay_note_owner(struct replay *r, const struct replay_step *step)
{
	const struct owners_asker asker = asker_of(r, step);
	const struct repair_op *op = step->op;
	const struct replay_slot *s;

	if (op->slot == REPAIR_NO_SLOT || op->slot >= r->slots.nr)
		return;
	s = &r->slots.items[op->slot];
	switch (op->call) {
	case CALL_PAGE_ALLOC:
		if (s->state == SLOT_PAGES)
			owners_add_block(r->owners, &(struct owners_block){
							    .pfn = s->addr,
							    .asker = asker,
							    .gfp = step->ev->page.gfp,
							    .order = s->order,
							    .owner = s->owner,
						    });
		break;
	case CALL_KMALLOC:
	case CALL_KMALLOC_LARGE:
	case CALL_CACHE_ALLOC:
		if (s->state == SLOT_OBJECT || s->state == SLOT_LARGE)
			owners_set_object(r->owners, op->slot, s->addr, &asker);
		break;
	default:
		break;
	}
}

void replay_note_layer(struct replay *r, enum page_owner owner, uint64_t pfn, unsigned int order)
{
	struct owners_block block = {
		.pfn = pfn, .order = (uint8_t)order, .owner = (uint8_t)owner
	};

	/* Before the first event there is nobody to name. */
	if (!r->step)
		return;
	block.asker = asker_of(r, r->step);
	block.gfp = event_gfp(r->step->ev);
	block.cache = owner == OWNER_SLAB ? cache_of(r, r->step->op) : 0;
	owners_add_block(r->owners, &block);
}

static struct owners_asker asker_of(const struct replay *r, const struct replay_step *step)
{
	return (struct owners_asker){
		.number = r->tally.nr_events - 1,
		.time = step->ev->time,
		.site = step->ev->site,
		.comm = step->ev->comm,
		.pid = step->ev->pid,
		.cpu = step->ev->cpu,
	};
}

/* The name of the cache that the event is about; 0: it has none. */
static uint32_t cache_of(const struct replay *r, const struct repair_op *op)
{
	const struct repair_cache *cache;
	uint32_t id = op->cache;

	if (!id)
		return 0;
	cache = repair_cache(r->repair, id);
	for (unsigned int hops = 0; cache->canon != id && hops < 64; hops++) {
		id = cache->canon;
		cache = repair_cache(r->repair, id);
	}
	return cache->name;
}
