/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The window and the loop over events.
 *
 * A pushed batch is resolved at once, event by event, in the recording's order: the tables then
 * hold the state behind its last event. It is held back until REPAIR_WINDOW events stand behind it,
 * because what comes later may still change an op: whose a page was, which call site made a large
 * kmalloc. An op that is out is never contradicted: what was said of an allocation is kept with
 * the object and said of its free, even when it turns out to have been a bad guess.
 *
 * The loop hashes and prefetches some events ahead, since the look-up of an object's address is a
 * cache miss for each event of a recording with a large live set.
 */
#include <config.h>

#include "repair_internal.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/xalloc.h"

#include <stdlib.h>
#include <sys/random.h>

/* Events between the prefetch of an address and its look-up: a miss costs about ten events. */
enum { AHEAD = 12, AHEAD_RING = 16 };

static struct held_batch *take_held(struct repair *r, struct event_batch *batch);
static void free_held(struct held_batch *held);
static void free_list(struct list_head *head);
static void resolve(struct repair *r, struct held_batch *held);
static void resolve_one(struct repair *r, struct held_batch *held, size_t index, uint64_t hash);
static void resolve_area(struct repair *r, const struct event *ev, struct repair_op *op);
static void resolve_passive(const struct event *ev, struct repair_op *op);
static void look_ahead(const struct repair *r, const struct event *ev, uint64_t *hash);

struct repair *repair_create(const struct repair_options *options, struct event_names *names)
{
	struct repair *r = xcalloc(1, sizeof(*r));
	uint64_t seed;

	/* Any seed does: it keeps crafted addresses from colliding and shows in no result. */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
		seed = bits_mix64((uintptr_t)r);
	r->options = *options;
	r->names = names;
	r->coverage.hashed = options->hashed_ptrs;
	list_init(&r->window);
	list_init(&r->pool);
	addrmap_init(&r->objects, seed);
	addrmap_init(&r->vmaps, seed);
	addrmap_init(&r->percpu, seed);
	addrmap_init(&r->cma, seed);
	pages_init(&r->pages, seed);
	caches_init(&r->caches, names);
	if (options->learned) {
		caches_learn(&r->caches, &options->learned->caches);
		r->map = options->learned->map;
		r->coverage.direct_map_base = r->map.base;
	}
	return r;
}

void repair_destroy(struct repair *r)
{
	if (!r)
		return;
	free_list(&r->window);
	free_list(&r->pool);
	if (r->out)
		free_held(r->out);
	vec_deinit(&r->slots.free);
	addrmap_deinit(&r->objects);
	addrmap_deinit(&r->vmaps);
	addrmap_deinit(&r->percpu);
	addrmap_deinit(&r->cma);
	pages_deinit(&r->pages);
	caches_deinit(&r->caches);
	vec_deinit(&r->cpus);
	vec_deinit(&r->percpu_pages);
	free(r);
}

void repair_push(struct repair *r, struct event_batch *batch)
{
	struct held_batch *held;

	BUG_ON(r->finished);
	if (!batch->nr)
		return;
	held = take_held(r, batch);
	list_add_tail(&r->window, &held->node);
	resolve(r, held);
}

void repair_finish(struct repair *r)
{
	r->finished = true;
}

bool repair_pull(struct repair *r, struct repair_batch *out)
{
	struct held_batch *held;

	if (r->out) {
		list_add(&r->pool, &r->out->node);
		r->out = NULL;
	}
	if (list_is_empty(&r->window))
		return false;
	held = container_of(r->window.next, struct held_batch, node);
	if (!r->finished && r->nr_pushed - held->first - held->batch.nr < REPAIR_WINDOW)
		return false;
	list_del(&held->node);
	r->nr_released = held->first + held->batch.nr;
	r->out = held;
	*out = (struct repair_batch){
		.batch = &held->batch, .ops = held->ops.items, .lists = held->lists.items
	};
	return true;
}

const struct repair_coverage *repair_coverage(const struct repair *r)
{
	return &r->coverage;
}

const struct repair_cache *repair_cache(const struct repair *r, uint32_t id)
{
	BUG_ON(!id || id >= r->caches.all.nr);
	return &r->caches.all.items[id];
}

bool repair_name_cache(struct repair *r, uint32_t id, const char *name)
{
	const uint32_t text = intern_add_text(&r->names->texts, name);

	return !repair_cache(r, id)->name &&
	       caches_unite(&r->caches, caches_of_name(&r->caches, text), id);
}

const char *repair_cache_name(const struct repair *r, uint32_t id)
{
	return intern_text(&r->names->texts, repair_cache(r, id)->name);
}

uint32_t repair_nr_caches(const struct repair *r)
{
	return (uint32_t)r->caches.all.nr - 1;
}

uint64_t repair_nr_findings(const struct repair *r)
{
	return r->caches.nr_findings;
}

uint32_t repair_nr_slots(const struct repair *r)
{
	return r->slots.nr;
}

uint32_t repair_take_slot(struct repair *r)
{
	struct slots *slots = &r->slots;

	if (++slots->live > slots->peak)
		slots->peak = slots->live;
	if (slots->free.nr)
		return slots->free.items[--slots->free.nr];
	BUG_ON(slots->nr == REPAIR_NO_SLOT);
	return slots->nr++;
}

void repair_give_slot(struct repair *r, uint32_t slot)
{
	r->slots.live--;
	vec_push(&r->slots.free, slot);
}

struct event *repair_held_event(struct repair *r, uint64_t number, struct repair_op **op)
{
	if (number < r->nr_released)
		return NULL;
	/* Newest first: what is changed is nearly always close behind. */
	for (struct list_head *pos = r->window.prev; pos != &r->window; pos = pos->prev) {
		struct held_batch *held = container_of(pos, struct held_batch, node);

		if (number < held->first)
			continue;
		*op = &held->ops.items[number - held->first];
		return &held->batch.events[number - held->first];
	}
	return NULL;
}

void repair_count(struct repair *r, const struct repair_op *op, int sign)
{
	r->coverage.by_fate[op->call][op->fate] += (uint64_t)(int64_t)sign;
	r->coverage.by_kind[op->call][op->kind] += (uint64_t)(int64_t)sign;
}

/* Moves the content of "batch" into the window and leaves an empty batch of its size behind. */
static struct held_batch *take_held(struct repair *r, struct event_batch *batch)
{
	struct held_batch *held;
	struct event_batch spare;

	if (list_is_empty(&r->pool)) {
		held = xcalloc(1, sizeof(*held));
		event_batch_init(&held->batch, batch->cap);
	} else {
		held = container_of(r->pool.next, struct held_batch, node);
		list_del(&held->node);
	}
	spare = held->batch;
	held->batch = *batch;
	if (spare.cap != batch->cap) {
		event_batch_deinit(&spare);
		event_batch_init(&spare, batch->cap);
	}
	event_batch_reset(&spare);
	*batch = spare;
	held->first = r->nr_pushed;
	vec_reset(&held->lists);
	vec_reset(&held->ops);
	vec_reserve(&held->ops, held->batch.nr);
	held->ops.nr = held->batch.nr;
	return held;
}

static void free_held(struct held_batch *held)
{
	event_batch_deinit(&held->batch);
	vec_deinit(&held->ops);
	vec_deinit(&held->lists);
	free(held);
}

static void free_list(struct list_head *head)
{
	while (!list_is_empty(head)) {
		struct held_batch *held = container_of(head->next, struct held_batch, node);

		list_del(&held->node);
		free_held(held);
	}
}

static void resolve(struct repair *r, struct held_batch *held)
{
	const struct event *events = held->batch.events;
	uint64_t hashes[AHEAD_RING] = { 0 };
	size_t nr = held->batch.nr;

	for (size_t i = 0; i < nr + AHEAD; i++) {
		if (i < nr)
			look_ahead(r, &events[i], &hashes[i % AHEAD_RING]);
		if (i >= AHEAD)
			resolve_one(r, held, i - AHEAD, hashes[(i - AHEAD) % AHEAD_RING]);
	}
	r->coverage.nr_events += nr;
	r->coverage.live = r->slots.live;
	r->coverage.peak_live = r->slots.peak;
	r->coverage.nr_other_caches = r->caches.nr_other;
}

static void resolve_one(struct repair *r, struct held_batch *held, size_t index, uint64_t hash)
{
	const struct event *ev = &held->batch.events[index];
	struct repair_op *op = &held->ops.items[index];

	*op = (struct repair_op){ .slot = REPAIR_NO_SLOT, .implied_free = REPAIR_NO_SLOT };
	r->nr_pushed++;
	if (unlikely(ev->flags & EVENT_F_LOST)) {
		r->coverage.nr_loss_marks++;
		owner_forget_cpu(r, ev);
	}
	switch (ev->type) {
	case EVENT_KMALLOC:
	case EVENT_KMALLOC_NODE:
	case EVENT_CACHE_ALLOC:
	case EVENT_CACHE_ALLOC_NODE:
		object_alloc(r, held, index, hash);
		break;
	case EVENT_KFREE:
	case EVENT_CACHE_FREE:
		object_free(r, ev, op, hash);
		break;
	case EVENT_PAGE_ALLOC:
		page_event_alloc(r, ev, op, held->first + index);
		break;
	case EVENT_PAGE_FREE:
	case EVENT_PAGE_FREE_DIRECT:
		page_event_free(r, held, index);
		break;
	case EVENT_PROBE_BULK_FREE:
		object_bulk_free(r, held, index);
		break;
	default:
		resolve_area(r, ev, op);
		break;
	}
	repair_count(r, op, 1);
}

/* Address ranges, percpu memory, CMA. */
static void resolve_area(struct repair *r, const struct event *ev, struct repair_op *op)
{
	switch (ev->type) {
	case EVENT_VMAP_ALLOC:
		r->vmap_events = true;
		area_vmap_alloc(r, ev, op, ev->vmap.addr, ev->vmap.size);
		break;
	case EVENT_VMAP_FREE:
		r->vmap_events = true;
		area_vmap_free(r, op, ev->range.start);
		break;
	case EVENT_PROBE_VA_ALLOC:
		/* 6.1 has no tracepoints here; where both are recorded the probe repeats one. */
		if (r->vmap_events)
			resolve_passive(ev, op);
		else
			area_vmap_alloc(r, ev, op, ev->probe.addr, ev->probe.size - ev->probe.addr);
		break;
	case EVENT_PROBE_VA_FREE:
		if (r->vmap_events)
			resolve_passive(ev, op);
		else
			area_vmap_free(r, op, ev->probe.addr);
		break;
	case EVENT_PCPU_ALLOC:
	case EVENT_PCPU_ALLOC_FAIL:
		area_percpu_alloc(r, ev, op);
		break;
	case EVENT_PCPU_FREE:
		area_percpu_free(r, ev, op);
		break;
	case EVENT_CMA_FINISH:
	case EVENT_CMA_ALLOC:
		area_cma_alloc(r, ev, op);
		break;
	case EVENT_CMA_RELEASE:
		area_cma_free(r, ev, op);
		break;
	default:
		resolve_passive(ev, op);
		break;
	}
}

/*
 * Events that ask for nothing. Steps inside an allocator are EXPLAINED: the simulated allocator
 * takes its own. Reports, markers and events of other systems are SKIPPED notices; so are the
 * frees of pages in batches, which mm_page_free has told already.
 */
static void resolve_passive(const struct event *ev, struct repair_op *op)
{
	static const bool is_step[EVENT_NR] = {
		[EVENT_ZONE_LOCKED] = true,      [EVENT_PCPU_DRAIN] = true,
		[EVENT_EXTFRAG] = true,          [EVENT_CONTIG_MIGRATE] = true,
		[EVENT_VMAP_PURGE] = true,       [EVENT_PCPU_CHUNK_CREATE] = true,
		[EVENT_PCPU_CHUNK_DESTROY] = true, [EVENT_CMA_START] = true,
		[EVENT_CMA_BUSY] = true,         [EVENT_COMPACT_BEGIN] = true,
		[EVENT_COMPACT_END] = true,      [EVENT_COMPACT_MIGRATE] = true,
		[EVENT_COMPACT_TRY] = true,      [EVENT_COMPACT_FINISHED] = true,
		[EVENT_COMPACT_SUITABLE] = true, [EVENT_COMPACT_DEFERRED] = true,
		[EVENT_COMPACT_DEFER] = true,    [EVENT_COMPACT_DEFER_RESET] = true,
		[EVENT_COMPACT_ISO_MIGRATE] = true, [EVENT_COMPACT_ISO_FREE] = true,
		[EVENT_COMPACT_ISO_FAST] = true,
		[EVENT_KCOMPACTD_SLEEP] = true,  [EVENT_KCOMPACTD_WAKEUP] = true,
		[EVENT_KCOMPACTD_WAKE] = true,   [EVENT_RECLAIM_BEGIN] = true,
		[EVENT_RECLAIM_END] = true,      [EVENT_KSWAPD_SLEEP] = true,
		[EVENT_KSWAPD_WAKE] = true,      [EVENT_KSWAPD_WAKEUP] = true,
		[EVENT_RECLAIM_RETRY] = true,    [EVENT_COMPACT_RETRY] = true,
	};

	if (ev->type == EVENT_PAGE_FREE_BATCHED || ev->type == EVENT_PAGEVEC_FREE) {
		op->call = CALL_PAGE_FREE;
		repair_skip(op, REPAIR_DUPLICATE);
		return;
	}
	if (ev->type < EVENT_NR && is_step[ev->type])
		op->fate = FATE_EXPLAINED;
	else
		repair_skip(op, REPAIR_NOTICE);
}

/* Hashes the address that "ev" is about and asks for the memory that resolving it will need. */
static void look_ahead(const struct repair *r, const struct event *ev, uint64_t *hash)
{
	switch (ev->type) {
	case EVENT_KMALLOC:
	case EVENT_KMALLOC_NODE:
	case EVENT_KFREE:
	case EVENT_CACHE_ALLOC:
	case EVENT_CACHE_ALLOC_NODE:
	case EVENT_CACHE_FREE:
		*hash = addrmap_hash(&r->objects, ev->slab.ptr);
		addrmap_prefetch(&r->objects, *hash);
		break;
	case EVENT_PAGE_ALLOC:
	case EVENT_PAGE_FREE:
		pages_prefetch(&r->pages, ev->page.pfn);
		break;
	default:
		break;
	}
}
