/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The accounting's memory of live slots, 32 bytes each, and its numbering of keys. */
#include <config.h>

#include "account_internal.h"

#include "kmreplay/stats/account.h"

#include <sys/mman.h>

static void make_room(struct account_slots *slots, uint32_t slot);
static uint32_t wide_put(struct account_slots *slots, const struct account_object *object);

void account_keys_deinit(struct account_keys *keys)
{
	vec_deinit(&keys->keys);
	u64map_deinit(&keys->ids);
}

uint32_t account_keys_add(struct account_keys *keys, uint64_t key)
{
	size_t at = (size_t)((key * 0x9e3779b97f4a7c15ULL) >> 56);
	uint32_t *id = &keys->no_key_id;
	bool fresh;

	if (key != U64MAP_NO_KEY)
		id = u64map_insert(&keys->ids, key, &fresh);
	if (!*id) {
		vec_push(&keys->keys, key);
		*id = (uint32_t)keys->keys.nr;
	}
	keys->cache[at].key = key;
	keys->cache[at].id = *id;
	return *id - 1;
}

void account_slots_deinit(struct account_slots *slots)
{
	vec_deinit(&slots->slots);
	vec_deinit(&slots->wide);
}

void account_slots_put(struct account_slots *slots, uint32_t slot,
		       const struct account_object *object)
{
	struct account_slot *s;
	bool wide = object->bytes_req > UINT32_MAX || object->gfp_id >= ACCOUNT_GFP_WIDE;

	if (unlikely(slot >= slots->slots.nr))
		make_room(slots, slot);
	s = &slots->slots.items[slot];
	s->time = object->time;
	s->site = object->site & ACCOUNT_SITE_MAX;
	s->space = (object->space + 1U) & 7;
	s->size_id = object->size_id;
	s->pid_id = object->pid_id;
	s->cache = object->space == ACCOUNT_PAGES ? object->order | (uint32_t)object->owner << 8
						  : object->cache;
	s->req = wide ? wide_put(slots, object) : (uint32_t)object->bytes_req;
	s->gfp_id = wide ? ACCOUNT_GFP_WIDE : (uint16_t)object->gfp_id;
	s->cpu = object->cpu;
}

bool account_slots_take(struct account_slots *slots, uint32_t slot, struct account_object *object)
{
	struct account_slot *s;

	if (slot >= slots->slots.nr || !slots->slots.items[slot].space)
		return false;
	s = &slots->slots.items[slot];
	*object = (struct account_object){
		.time = s->time,
		.bytes_req = s->req,
		.site = s->site,
		.size_id = s->size_id,
		.gfp_id = s->gfp_id,
		.pid_id = s->pid_id,
		.cpu = s->cpu,
		.space = (uint8_t)(s->space - 1U),
	};
	if (object->space == ACCOUNT_PAGES) {
		object->order = (uint8_t)(s->cache & 0xff);
		object->owner = (uint8_t)(s->cache >> 8 & 0xff);
	} else {
		object->cache = s->cache;
	}
	if (s->gfp_id == ACCOUNT_GFP_WIDE) {
		struct account_wide *w = &slots->wide.items[s->req];

		object->bytes_req = w->bytes_req;
		object->gfp_id = w->gfp_id;
		w->next_free = slots->wide_free;
		slots->wide_free = s->req + 1;
	}
	s->space = 0;
	return true;
}

/*
 * Slots are visited at random. With millions of them nearly each visit would miss the TLB as well
 * as the cache, so ask for huge pages; without them it only takes longer.
 */
static void make_room(struct account_slots *slots, uint32_t slot)
{
	const uintptr_t huge = 2UL << 20;
	size_t cap = slots->slots.cap;
	uintptr_t start, end;

	vec_reserve(&slots->slots, (size_t)slot + 1);
	if (slots->slots.cap != cap) {
		start = ((uintptr_t)slots->slots.items + huge - 1) & ~(huge - 1);
		end = (uintptr_t)(slots->slots.items + slots->slots.cap) & ~(huge - 1);
		if (start < end)
			(void)madvise((void *)start, end - start, MADV_HUGEPAGE);
	}
	vec_extend_zeroed(&slots->slots, (size_t)slot + 1);
}

static uint32_t wide_put(struct account_slots *slots, const struct account_object *object)
{
	struct account_wide w = { .bytes_req = object->bytes_req, .gfp_id = object->gfp_id };
	uint32_t at = slots->wide_free;

	if (at) {
		slots->wide_free = slots->wide.items[at - 1].next_free;
		slots->wide.items[at - 1] = w;
		return at - 1;
	}
	vec_push(&slots->wide, w);
	return (uint32_t)(slots->wide.nr - 1);
}
