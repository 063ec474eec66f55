/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Batches of events with their side buffer, and what it means that two events are equal. */
#include <config.h>

#include "kmreplay/event/event.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/xalloc.h"
#include "kmreplay/event/desc.h"

#include <stdlib.h>
#include <string.h>

static bool aux_equal(const struct event_batch *batch_a, uint32_t a,
		      const struct event_batch *batch_b, uint32_t b, size_t len);

void event_batch_init(struct event_batch *batch, size_t cap)
{
	memset(batch, 0, sizeof(*batch));
	batch->events = xcalloc(cap, sizeof(*batch->events));
	batch->cap = cap;
}

void event_batch_deinit(struct event_batch *batch)
{
	free(batch->events);
	free(batch->aux);
	memset(batch, 0, sizeof(*batch));
}

void event_batch_reset(struct event_batch *batch)
{
	batch->nr = 0;
	batch->aux_len = 0;
}

uint32_t event_batch_add_aux(struct event_batch *batch, const void *data, size_t len)
{
	size_t offset = bits_align_up(batch->aux_len, 8);
	size_t end = offset + len + 1;

	BUG_ON(len > UINT32_MAX / 2 || end > UINT32_MAX);
	if (end > batch->aux_cap) {
		size_t cap = MAX(batch->aux_cap * 2, MAX(end, (size_t)4096));

		batch->aux = xreallocarray(batch->aux, cap, 1);
		batch->aux_cap = cap;
	}
	memset(batch->aux + batch->aux_len, 0, offset - batch->aux_len);
	if (len)
		memcpy(batch->aux + offset, data, len);
	batch->aux[offset + len] = '\0';
	batch->aux_len = end;
	return (uint32_t)offset;
}

bool event_equal(const struct event *a, const struct event_batch *batch_a, const struct event *b,
		 const struct event_batch *batch_b)
{
	unsigned int payload;

	if (memcmp(a, b, offsetof(struct event, raw)) != 0)
		return false;
	payload = event_desc(a->type)->payload;
	if (payload == EVENT_PAYLOAD_TEXT)
		return a->text.len == b->text.len &&
		       aux_equal(batch_a, a->text.aux, batch_b, b->text.aux, a->text.len);
	if (payload == EVENT_PAYLOAD_BULK)
		return a->bulk.addr == b->bulk.addr && a->bulk.name == b->bulk.name &&
		       a->bulk.nr == b->bulk.nr && a->bulk.nr_aux == b->bulk.nr_aux &&
		       aux_equal(batch_a, a->bulk.aux, batch_b, b->bulk.aux,
				 a->bulk.nr_aux * sizeof(uint64_t));
	return memcmp(a->raw, b->raw, sizeof(a->raw)) == 0;
}

static bool aux_equal(const struct event_batch *batch_a, uint32_t a,
		      const struct event_batch *batch_b, uint32_t b, size_t len)
{
	return len == 0 || memcmp(batch_a->aux + a, batch_b->aux + b, len) == 0;
}
