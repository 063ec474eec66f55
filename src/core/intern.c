/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts to numbers: open addressing with the hash kept beside the id, texts in an arena. */
#include <config.h>

#include "kmreplay/core/intern.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/xalloc.h"

#include <stdlib.h>
#include <string.h>

struct intern_slot {
	uint32_t hash;
	uint32_t id; /* 0: free */
};

static uint32_t hash_bytes(const char *text, size_t len);
static struct intern_slot *probe(const struct intern *in, const char *text, size_t len,
				 uint32_t hash);
static void grow_slots(struct intern *in);
static uint32_t new_id(struct intern *in, const char *text, size_t len);

void intern_init(struct intern *in)
{
	memset(in, 0, sizeof(*in));
	arena_init(&in->arena);
	in->mask = 63;
	in->slots = xcalloc(in->mask + 1, sizeof(*in->slots));
	new_id(in, "", 0);
}

void intern_deinit(struct intern *in)
{
	free(in->slots);
	free(in->texts);
	free(in->lens);
	arena_deinit(&in->arena);
	memset(in, 0, sizeof(*in));
}

uint32_t intern_add(struct intern *in, const char *text, size_t len)
{
	uint32_t hash = hash_bytes(text, len);
	struct intern_slot *slot;

	if (!len)
		return 0;
	slot = probe(in, text, len, hash);
	if (slot->id)
		return slot->id;
	if (in->nr >= in->mask - in->mask / 4) {
		grow_slots(in);
		slot = probe(in, text, len, hash);
	}
	slot->hash = hash;
	slot->id = new_id(in, text, len);
	return slot->id;
}

uint32_t intern_add_text(struct intern *in, const char *text)
{
	return intern_add(in, text, strlen(text));
}

uint32_t intern_find(const struct intern *in, const char *text, size_t len)
{
	return len ? probe(in, text, len, hash_bytes(text, len))->id : 0;
}

static uint32_t hash_bytes(const char *text, size_t len)
{
	uint64_t hash = len * 0x9e3779b97f4a7c15ULL;

	for (; len >= 8; text += 8, len -= 8) {
		uint64_t word;

		memcpy(&word, text, 8);
		hash = (hash ^ word) * 0xff51afd7ed558ccdULL;
		hash ^= hash >> 32;
	}
	if (len) {
		uint64_t word = 0;

		memcpy(&word, text, len);
		hash = (hash ^ word) * 0xff51afd7ed558ccdULL;
	}
	return (uint32_t)bits_mix64(hash);
}

static struct intern_slot *probe(const struct intern *in, const char *text, size_t len,
				 uint32_t hash)
{
	for (uint32_t i = hash & in->mask;; i = (i + 1) & in->mask) {
		struct intern_slot *slot = &in->slots[i];

		if (!slot->id)
			return slot;
		if (slot->hash == hash && in->lens[slot->id] == len &&
		    !memcmp(in->texts[slot->id], text, len))
			return slot;
	}
}

static void grow_slots(struct intern *in)
{
	uint32_t old_mask = in->mask;
	struct intern_slot *old = in->slots;

	BUG_ON(old_mask > UINT32_MAX / 4);
	in->mask = old_mask * 2 + 1;
	in->slots = xcalloc((size_t)in->mask + 1, sizeof(*in->slots));
	for (uint32_t i = 0; i <= old_mask; i++) {
		uint32_t at = old[i].hash & in->mask;

		if (!old[i].id)
			continue;
		while (in->slots[at].id)
			at = (at + 1) & in->mask;
		in->slots[at] = old[i];
	}
	free(old);
}

static uint32_t new_id(struct intern *in, const char *text, size_t len)
{
	BUG_ON(len > UINT32_MAX);
	if (in->nr == in->cap) {
		in->cap = in->cap ? in->cap * 2 : 64;
		in->texts = xreallocarray(in->texts, in->cap, sizeof(*in->texts));
		in->lens = xreallocarray(in->lens, in->cap, sizeof(*in->lens));
	}
	in->texts[in->nr] = arena_strndup(&in->arena, text, len);
	in->lens[in->nr] = (uint32_t)len;
	return in->nr++;
}
