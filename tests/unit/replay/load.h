/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A load without a recording: random requests for pages and small objects, as long as wanted, on a
 * machine of two nodes that is too small for them.
 */
#ifndef KMREPLAY_TESTS_UNIT_REPLAY_LOAD_H
#define KMREPLAY_TESTS_UNIT_REPLAY_LOAD_H

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/rng.h"
#include "kmreplay/replay/replay.h"
#include "unit/unit.h"

#include <string.h>

enum {
	LOAD_SLOTS = 6000, /* things that may be live at a time */
	LOAD_FIRST_PFN = 1 << 20,
	LOAD_BATCH = 512,
};

struct load {
	struct machine_config config;
	struct replay_options options;
	struct event_names names;
	struct repair_options repair_options;
	struct repair *repair;
	struct replay *replay;
	struct event_batch batch;
	struct rng rng;
	uint64_t time, step; /**< of the next event; ns to the one after, at most */
	uint8_t live[LOAD_SLOTS]; /**< 0: nothing; 1: pages; 2: an object; 3: half a block */
	uint8_t order[LOAD_SLOTS];
};

static inline void load_init(struct load *l, uint64_t seed)
{
	struct error err;

	memset(l, 0, sizeof(*l));
	rng_init(&l->rng, seed);
	l->step = 1000;
	event_names_init(&l->names);
	machine_config_init(&l->config, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	l->config.nr_cpus = 2;
	l->config.nr_nodes = 2;
	/* Zones DMA and DMA32, a hole, and a second node. */
	machine_config_add_range(&l->config, 0x101, 0x3fff, 0);
	machine_config_add_range(&l->config, 0x6000, 0xa800, 1);
	l->options.layers = LAYER_ALL;
	l->repair = repair_create(&l->repair_options, &l->names);
	l->replay = replay_create(&l->options, &l->config, NULL, l->repair, &l->names, &err);
	ck_assert_msg(l->replay != NULL, "%s", err.message);
	event_batch_init(&l->batch, LOAD_BATCH);
}

static inline void load_deinit(struct load *l)
{
	replay_destroy(l->replay);
	repair_destroy(l->repair);
	machine_config_deinit(&l->config);
	event_batch_deinit(&l->batch);
	event_names_deinit(&l->names);
}

/** Replays what is in the batch. */
static inline void load_flush(struct load *l)
{
	struct repair_batch out;
	struct error err;

	repair_push(l->repair, &l->batch);
	while (repair_pull(l->repair, &out))
		ck_assert_msg(replay_feed(l->replay, &out, &err), "%s", err.message);
}

/** An event of "type" at the end of the batch. */
static inline struct event *load_add(struct load *l, enum event_type type)
{
	struct event *ev;

	if (l->batch.nr == LOAD_BATCH)
		load_flush(l);
	ev = &l->batch.events[l->batch.nr++];
	*ev = (struct event){ .type = (uint8_t)type, .pid = 1, .time = l->time };
	ev->cpu = (uint16_t)rng_below(&l->rng, 2);
	l->time += rng_below(&l->rng, l->step + 1);
	return ev;
}

static inline void load_pages(struct load *l, size_t slot)
{
	static const uint32_t masks[] = {
		GFP_BITS_KERNEL,
		GFP_BITS_KERNEL | GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE,
		GFP_BITS_KERNEL | GFP_BIT_RECLAIMABLE,
		GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM,
	};
	struct event *ev = load_add(l, EVENT_PAGE_ALLOC);

	l->live[slot] = 1;
	l->order[slot] = (uint8_t)(rng_below(&l->rng, 8) ? rng_below(&l->rng, 5)
							 : rng_below(&l->rng, 11));
	ev->page.order = l->order[slot];
	ev->page.pfn = LOAD_FIRST_PFN + slot * 1024;
	ev->page.gfp = masks[rng_below(&l->rng, ARRAY_SIZE(masks))];
	/* Some failed when they were recorded. */
	if (!rng_below(&l->rng, 200)) {
		ev->page.pfn = EVENT_PFN_FAILED;
		ev->flags |= EVENT_F_FAILED;
		l->live[slot] = 0;
	}
}

/** One that did not fail when it was recorded. */
static inline void load_block(struct load *l, size_t slot, unsigned int order)
{
	struct event *ev = load_add(l, EVENT_PAGE_ALLOC);

	ev->page.pfn = LOAD_FIRST_PFN + slot * 1024;
	ev->page.order = (uint8_t)order;
	ev->page.gfp = GFP_BITS_KERNEL;
	l->live[slot] = 1;
	l->order[slot] = (uint8_t)order;
}

static inline void load_object(struct load *l, size_t slot)
{
	struct event *ev = load_add(l, EVENT_KMALLOC);

	l->live[slot] = 2;
	ev->slab.ptr = 0xffff888000000000ULL + slot * 8192;
	ev->slab.bytes_alloc = 64ULL << rng_below(&l->rng, 6);
	ev->slab.bytes_req = ev->slab.bytes_alloc - rng_below(&l->rng, 30);
	ev->slab.gfp = GFP_BITS_KERNEL;
	ev->slab.node = -1;
}

/** The pages "from" .. "to" - 1 of a block, one by one, as of a huge page that was split. */
static inline void load_free_part(struct load *l, size_t slot, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++)
		load_add(l, EVENT_PAGE_FREE)->page.pfn = LOAD_FIRST_PFN + slot * 1024 + i;
}

static inline void load_free(struct load *l, size_t slot)
{
	const uint64_t nr_pages = 1ULL << l->order[slot];
	struct event *ev;

	if (l->live[slot] == 3) {
		load_free_part(l, slot, nr_pages / 2, nr_pages);
		l->live[slot] = 0;
		return;
	}
	if (l->live[slot] == 1 && l->order[slot] && !rng_below(&l->rng, 10)) {
		load_free_part(l, slot, 0, nr_pages / 2);
		l->live[slot] = 3;
		return;
	}
	ev = load_add(l, l->live[slot] == 1 ? EVENT_PAGE_FREE : EVENT_KFREE);
	if (l->live[slot] == 1) {
		ev->page.pfn = LOAD_FIRST_PFN + slot * 1024;
		ev->page.order = l->order[slot];
	} else {
		ev->slab.ptr = 0xffff888000000000ULL + slot * 8192;
	}
	l->live[slot] = 0;
}

/** "nr" random events. */
static inline void load_run(struct load *l, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		size_t slot = rng_below(&l->rng, LOAD_SLOTS);

		if (l->live[slot])
			load_free(l, slot);
		else if (rng_below(&l->rng, 3))
			load_pages(l, slot);
		else
			load_object(l, slot);
	}
}

static inline void load_finish(struct load *l)
{
	struct repair_batch out;
	struct error err;

	load_flush(l);
	repair_finish(l->repair);
	while (repair_pull(l->repair, &out))
		ck_assert_msg(replay_feed(l->replay, &out, &err), "%s", err.message);
	ck_assert_msg(replay_finish(l->replay, &err), "%s", err.message);
}

#endif
