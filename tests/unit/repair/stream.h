/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Small event streams for the tests of repair: written event by event, run through, and their ops
 * collected in order.
 */
#ifndef KMREPLAY_TESTS_UNIT_REPAIR_STREAM_H
#define KMREPLAY_TESTS_UNIT_REPAIR_STREAM_H

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/repair/repair.h"
#include "unit/unit.h"

#include <string.h>

/** Where the tests' direct map begins: a multiple of 1 GiB, as KASLR makes it. */
#define BASE 0xffff888100000000ULL

/** Masks as recorded. */
#define GFP_SLAB (GFP_BITS_KERNEL | GFP_BIT_NOWARN | GFP_BIT_NORETRY | GFP_BIT_COMP)
#define GFP_VMALLOC (GFP_BITS_KERNEL | GFP_BIT_HIGHMEM | GFP_BIT_NOWARN)
#define GFP_PERCPU (GFP_BITS_KERNEL | GFP_BIT_HIGHMEM)
#define GFP_USER_PAGE                                                                         \
	(GFP_BITS_KERNEL | GFP_BIT_HARDWALL | GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE)

struct stream {
	struct event_names names;
	struct repair_options options;
	struct vec(struct event) events;
	struct vec(struct repair_op) ops;   /**< after stream_run() */
	struct vec(struct event) resolved;  /**< events as they came out */
	struct vec(uint32_t) lists;         /**< each op's list, indices made absolute */
	struct repair_coverage coverage;
	struct repair *r;                   /**< alive until stream_deinit() */
	size_t batch;                       /**< events a push */
	int32_t pid;                        /**< of the events to come */
	uint16_t cpu;
	uint8_t flags;
};

static inline void stream_init(struct stream *s)
{
	*s = (struct stream){ .batch = 4096, .pid = 100 };
	event_names_init(&s->names);
}

static inline void stream_deinit(struct stream *s)
{
	repair_destroy(s->r);
	vec_deinit(&s->events);
	vec_deinit(&s->ops);
	vec_deinit(&s->resolved);
	vec_deinit(&s->lists);
	event_names_deinit(&s->names);
}

static inline struct event *stream_add(struct stream *s, enum event_type type)
{
	struct event ev = {
		.type = (uint8_t)type, .pid = s->pid, .cpu = s->cpu, .flags = s->flags
	};

	ev.time = s->events.nr;
	vec_push(&s->events, ev);
	return &s->events.items[s->events.nr - 1];
}

static inline uint32_t stream_site(struct stream *s, const char *text)
{
	return event_site_add(&s->names, text, strlen(text));
}

static inline struct event *stream_kmalloc(struct stream *s, uint64_t ptr, uint64_t req,
					   uint64_t alloc)
{
	struct event *ev = stream_add(s, EVENT_KMALLOC);

	ev->slab.ptr = ptr;
	ev->slab.bytes_req = req;
	ev->slab.bytes_alloc = alloc;
	ev->slab.gfp = GFP_BITS_KERNEL;
	ev->slab.node = -1;
	return ev;
}

static inline struct event *stream_kfree(struct stream *s, uint64_t ptr)
{
	struct event *ev = stream_add(s, EVENT_KFREE);

	ev->slab.ptr = ptr;
	return ev;
}

/** kmem_cache_alloc without a name, from "site". */
static inline struct event *stream_cache_alloc(struct stream *s, uint64_t ptr, uint64_t size,
					       const char *site)
{
	uint32_t id = stream_site(s, site);
	struct event *ev = stream_kmalloc(s, ptr, size, size);

	ev->type = EVENT_CACHE_ALLOC;
	ev->site = id;
	return ev;
}

static inline struct event *stream_cache_free(struct stream *s, uint64_t ptr, const char *name)
{
	struct event *ev = stream_add(s, EVENT_CACHE_FREE);

	ev->slab.ptr = ptr;
	ev->slab.name = intern_add_text(&s->names.texts, name);
	return ev;
}

static inline struct event *stream_page_alloc(struct stream *s, uint64_t pfn, unsigned int order,
					      uint32_t gfp)
{
	struct event *ev = stream_add(s, EVENT_PAGE_ALLOC);

	ev->page.pfn = pfn;
	ev->page.order = (uint8_t)order;
	ev->page.gfp = gfp;
	return ev;
}

static inline struct event *stream_page_free(struct stream *s, uint64_t pfn, unsigned int order)
{
	struct event *ev = stream_add(s, EVENT_PAGE_FREE);

	ev->page.pfn = pfn;
	ev->page.order = (uint8_t)order;
	return ev;
}

/** Slab pages 1 .. 8, each with its first object: afterwards the direct map is known. */
static inline void stream_teach_base(struct stream *s)
{
	for (uint64_t pfn = 1; pfn <= 8; pfn++) {
		stream_page_alloc(s, pfn, 0, GFP_SLAB);
		stream_kmalloc(s, BASE + pfn * 4096, 64, 64);
	}
}

static inline void stream_collect(struct stream *s, const struct repair_batch *out)
{
	for (size_t i = 0; i < out->batch->nr; i++) {
		struct repair_op op = out->ops[i];

		if (op.implied_free != REPAIR_NO_SLOT &&
		    (op.call == CALL_BULK_FREE ||
		     (op.call == CALL_PAGE_FREE && op.kind == REPAIR_UNSEEN_FREE))) {
			const uint32_t *list = out->lists + op.implied_free;

			op.implied_free = (uint32_t)s->lists.nr;
			for (uint32_t n = 0; n <= list[0]; n++)
				vec_push(&s->lists, list[n]);
		}
		vec_push(&s->ops, op);
		vec_push(&s->resolved, out->batch->events[i]);
	}
}

/** Pushes all events, with a bulk free's pointers taken from "ptrs", and collects the ops. */
static inline void stream_run_ptrs(struct stream *s, const uint64_t *ptrs, size_t nr_ptrs)
{
	struct event_batch batch;
	struct repair_batch out;

	s->r = repair_create(&s->options, &s->names);
	event_batch_init(&batch, s->batch);
	for (size_t i = 0; i < s->events.nr;) {
		for (batch.nr = 0; batch.nr < s->batch && i < s->events.nr; i++) {
			struct event *ev = &batch.events[batch.nr++];

			*ev = s->events.items[i];
			if (ev->type != EVENT_PROBE_BULK_FREE)
				continue;
			ev->bulk.nr_aux = (uint32_t)nr_ptrs;
			ev->bulk.aux = event_batch_add_aux(&batch, ptrs, nr_ptrs * sizeof(*ptrs));
		}
		repair_push(s->r, &batch);
		ck_assert_uint_eq(batch.nr, 0);
		while (repair_pull(s->r, &out))
			stream_collect(s, &out);
	}
	repair_finish(s->r);
	while (repair_pull(s->r, &out))
		stream_collect(s, &out);
	event_batch_deinit(&batch);
	s->coverage = *repair_coverage(s->r);
	ck_assert_uint_eq(s->ops.nr, s->events.nr);
}

static inline void stream_run(struct stream *s)
{
	stream_run_ptrs(s, NULL, 0);
}

/** The last op but "back". */
static inline const struct repair_op *stream_op(const struct stream *s, size_t back)
{
	ck_assert_uint_lt(back, s->ops.nr);
	return &s->ops.items[s->ops.nr - 1 - back];
}

#endif
