/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The hit paths of the caches of text_cache.c, inlined into the hot loop. A trace repeats a few
 * thousand call sites and a few dozen masks and names millions of times: comparing the bytes with
 * those seen last in the slot is cheaper than hashing them all.
 */
#ifndef KMREPLAY_TRACE_TEXT_CACHE_H
#define KMREPLAY_TRACE_TEXT_CACHE_H

#include "text.h"
#include "text_scan.h"

/** First and last eight bytes of a text; reads up to eight bytes behind a shorter one. */
static ALWAYS_INLINE void text_cache_key(const char *s, size_t len, uint64_t *head, uint64_t *tail)
{
	if (likely(len >= 8)) {
		*head = scan_load8(s);
		*tail = scan_load8(s + len - 8);
	} else {
		*head = scan_load8(s) & ((1ULL << (8 * len)) - 1);
		*tail = *head;
	}
}

static ALWAYS_INLINE struct text_slot *text_cache_slot(struct text_cache *cache, uint64_t head,
						       uint64_t tail, size_t len)
{
	uint64_t hash = (head ^ (tail << 23 | tail >> 41) ^ len) * 0x9e3779b97f4a7c15ULL;

	return &cache->slots[hash >> (64 - TEXT_CACHE_BITS)];
}

static ALWAYS_INLINE bool text_cache_find(struct text_cache *cache, const char *s, size_t len,
					  uint32_t *ret)
{
	const struct text_slot *slot;
	uint64_t head, tail;

	text_cache_key(s, len, &head, &tail);
	slot = text_cache_slot(cache, head, tail, len);
	if (unlikely(slot->head != head || slot->tail != tail || slot->len != len))
		return false;
	for (size_t i = 8; i + 8 < len; i += 8) {
		if (unlikely(scan_load8(s + i) != scan_load8(slot->text + i)))
			return false;
	}
	*ret = slot->value;
	return len != 0;
}

/** The call site written at "s". */
static ALWAYS_INLINE bool text_site(struct text *text, const char *s, size_t len, uint32_t *ret)
{
	return likely(text_cache_find(&text->sites, s, len, ret)) ||
	       text_cache_miss_site(text, s, len, ret);
}

/** The word written at "s". */
static ALWAYS_INLINE bool text_word(struct text *text, const char *s, size_t len, uint32_t *ret)
{
	return likely(text_cache_find(&text->words, s, len, ret)) ||
	       text_cache_miss_word(text, s, len, ret);
}

/** The GFP mask written at "s"; one with unknown names is noted each time. */
static ALWAYS_INLINE bool text_mask(struct text *text, const char *s, size_t len, uint32_t *ret)
{
	return (likely(text_cache_find(&text->masks, s, len, ret)) &&
		likely(!(*ret & GFP_BIT_UNKNOWN))) ||
	       text_cache_miss_mask(text, s, len, ret);
}

/** The task name in the column of 16 bytes at "s". */
static ALWAYS_INLINE uint32_t text_comm(struct text *text, const char *s)
{
	uint64_t head = scan_load8(s);
	uint64_t tail = scan_load8(s + 8);
	uint64_t hash = (head ^ (tail << 23 | tail >> 41)) * 0x9e3779b97f4a7c15ULL;
	struct text_comm_slot *slot = &text->comms[hash >> (64 - TEXT_COMM_BITS)];

	if (unlikely(slot->head != head || slot->tail != tail || !slot->used)) {
		slot->head = head;
		slot->tail = tail;
		slot->used = true;
		slot->comm = text_cache_miss_comm(text, s, TEXT_COMM_WIDTH);
	}
	return slot->comm;
}

#endif
