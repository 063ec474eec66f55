/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What has to hold for every stream, checked by a consumer that knows the contract only.
 */
#ifndef KMREPLAY_TESTS_UNIT_REPAIR_STREAM_CHECK_H
#define KMREPLAY_TESTS_UNIT_REPAIR_STREAM_CHECK_H

#include "stream.h"

static inline void stream_expect(const struct repair_op *op, enum repair_call call,
				 enum repair_fate fate, enum repair_kind kind)
{
	ck_assert_str_eq(repair_call_name(op->call), repair_call_name(call));
	ck_assert_str_eq(repair_fate_name(op->fate), repair_fate_name(fate));
	ck_assert_str_eq(repair_kind_name(op->kind), repair_kind_name(kind));
}

/** The law: each event has one fate and one kind, and the counts say the same as the ops. */
static inline void stream_check_law(const struct stream *s)
{
	struct repair_coverage sum = { 0 };

	for (size_t i = 0; i < s->ops.nr; i++) {
		const struct repair_op *op = &s->ops.items[i];

		ck_assert_uint_lt(op->call, CALL_NR);
		ck_assert_uint_lt(op->fate, FATE_NR);
		ck_assert_uint_lt(op->kind, REPAIR_KIND_NR);
		sum.by_fate[op->call][op->fate]++;
		sum.by_kind[op->call][op->kind]++;
		if (op->call == CALL_PAGE_ALLOC && op->slot != REPAIR_NO_SLOT)
			sum.pages_by_owner[op->owner] += 1ULL << s->events.items[i].page.order;
	}
	ck_assert_uint_eq(s->coverage.nr_events, s->events.nr);
	ck_assert_mem_eq(sum.by_fate, s->coverage.by_fate, sizeof(sum.by_fate));
	ck_assert_mem_eq(sum.by_kind, s->coverage.by_kind, sizeof(sum.by_kind));
	ck_assert_mem_eq(sum.pages_by_owner, s->coverage.pages_by_owner,
			 sizeof(sum.pages_by_owner));
}

/**
 * Slots begin and end as the contract says, seen by a consumer that knows nothing else: none
 * begins twice, none ends that is not live.
 */
static inline void stream_check_slots(const struct stream *s)
{
	struct vec(unsigned char) live = { 0 };
	uint64_t nr_live = 0;

#define STREAM_END(at)                                                                        \
	do {                                                                                  \
		ck_assert_uint_lt((at), live.nr);                                             \
		ck_assert_uint_eq(live.items[(at)], 1);                                       \
		live.items[(at)] = 0;                                                         \
		nr_live--;                                                                    \
	} while (0)

	vec_extend_zeroed(&live, (size_t)repair_nr_slots(s->r) + 1);
	for (size_t i = 0; i < s->ops.nr; i++) {
		const struct repair_op *op = &s->ops.items[i];
		bool partial = op->call == CALL_PAGE_FREE && op->kind == REPAIR_MISMATCH;

		if (op->fate == FATE_SKIPPED || op->call == CALL_NONE)
			continue;
		if (op->call == CALL_PAGE_FREE && op->slot == REPAIR_NO_SLOT) {
			ck_assert_uint_eq(op->fate, FATE_EXPLAINED);
			continue;
		}
		switch ((enum repair_call)op->call) {
		case CALL_KMALLOC:
		case CALL_KMALLOC_LARGE:
		case CALL_CACHE_ALLOC:
		case CALL_PAGE_ALLOC:
		case CALL_VMAP_ALLOC:
		case CALL_PCPU_ALLOC:
		case CALL_CMA_ALLOC:
			if (op->kind == REPAIR_UNSEEN_FREE)
				STREAM_END(op->implied_free);
			ck_assert_uint_lt(op->slot, live.nr);
			ck_assert_uint_eq(live.items[op->slot], 0);
			live.items[op->slot] = 1;
			nr_live++;
			break;
		case CALL_OBJ_FREE:
		case CALL_LARGE_FREE:
		case CALL_PAGE_FREE:
		case CALL_VMAP_FREE:
		case CALL_PCPU_FREE:
		case CALL_CMA_FREE:
			ck_assert_uint_eq(live.items[op->slot], 1);
			if (!partial || op->implied_free == op->slot)
				STREAM_END(op->slot);
			break;
		case CALL_BULK_FREE:
		case CALL_NONE:
		case CALL_NR:
			break;
		}
		if (op->call == CALL_BULK_FREE ||
		    (op->call == CALL_PAGE_FREE && op->kind == REPAIR_UNSEEN_FREE)) {
			const uint32_t *list = s->lists.items + op->implied_free;

			for (uint32_t n = 1; n <= list[0]; n++)
				STREAM_END(list[n]);
		}
	}
#undef STREAM_END
	ck_assert_uint_eq(nr_live, s->coverage.live);
	vec_deinit(&live);
}

/** Checks all that and frees "s". */
static inline void stream_done(struct stream *s)
{
	stream_check_law(s);
	stream_check_slots(s);
	stream_deinit(s);
}

#endif
