/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys to small numbers, and what a live slot is remembered by. */
#ifndef KMREPLAY_STATS_ACCOUNT_INTERNAL_H
#define KMREPLAY_STATS_ACCOUNT_INTERNAL_H

#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"

enum {
	ACCOUNT_KEYS_CACHED = 256,
};

/**
 * Numbers any 64-bit keys in order of appearance, for keys that repeat a lot: a direct-mapped
 * cache stands before the hash map.
 */
struct account_keys {
	struct vec(uint64_t) keys; /**< id to key */
	struct u64map ids;	   /**< key to id + 1, but for U64MAP_NO_KEY */
	uint32_t no_key_id;	   /**< id + 1 of the key that the map reserves */
	struct {
		uint64_t key;
		uint32_t id; /**< plus 1; 0: empty */
	} cache[ACCOUNT_KEYS_CACHED];
};

/** Zeroes are a valid empty state. */
void account_keys_deinit(struct account_keys *keys);
/** The slow way of account_keys_id(). */
uint32_t account_keys_add(struct account_keys *keys, uint64_t key);

/** The id of "key", given on its first appearance. */
static inline uint32_t account_keys_id(struct account_keys *keys, uint64_t key)
{
	size_t at = (size_t)((key * 0x9e3779b97f4a7c15ULL) >> 56);

	if (likely(keys->cache[at].key == key && keys->cache[at].id))
		return keys->cache[at].id - 1;
	return account_keys_add(keys, key);
}

/** The request of a live slot, as its free will need it. */
struct account_object {
	uint64_t time;
	uint64_t bytes_req;
	uint32_t site, cache, size_id, gfp_id, pid_id;
	uint16_t cpu;
	uint8_t space; /**< enum account_space */
	uint8_t order, owner;
};

/** A live slot, packed. What does not fit stands in account_slots.wide. */
struct account_slot {
	uint64_t time;
	uint32_t site : 29;
	uint32_t space : 3; /**< enum account_space + 1; 0: not live */
	uint32_t size_id;
	uint32_t pid_id;
	uint32_t cache;	 /**< or order | owner << 8 for pages */
	uint32_t req;	 /**< bytes_req, or index into wide */
	uint16_t gfp_id; /**< ACCOUNT_GFP_WIDE: see wide */
	uint16_t cpu;
};

#define ACCOUNT_GFP_WIDE UINT16_MAX
#define ACCOUNT_SITE_MAX ((1U << 29) - 1)

static_assert(sizeof(struct account_slot) == 32, "two live slots share a cache line");

/** Requests of 4 GiB and more, and masks beyond the 65535th different one. */
struct account_wide {
	uint64_t bytes_req;
	uint32_t gfp_id;
	uint32_t next_free; /**< index + 1 of the next unused entry */
};

struct account_slots {
	struct vec(struct account_slot) slots;
	struct vec(struct account_wide) wide;
	uint32_t wide_free; /**< index + 1 */
};

void account_slots_deinit(struct account_slots *slots);
/** Remembers "object" in "slot", which must not be live. */
void account_slots_put(struct account_slots *slots, uint32_t slot,
		       const struct account_object *object);
/** Takes the object out of "slot"; false when it is not live. */
bool account_slots_take(struct account_slots *slots, uint32_t slot, struct account_object *object);

/** Brings the memory of "slot" near; any number may be asked for. */
static inline void account_slots_prefetch(const struct account_slots *slots, uint32_t slot)
{
	if (slot < slots->slots.nr)
		__builtin_prefetch(&slots->slots.items[slot], 1);
}

#endif
