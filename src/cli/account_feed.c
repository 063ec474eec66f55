/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * From the repaired recording to accounting calls, for `stat` and `replay`.
 *
 * Filters pick allocations; the free of an object counts with its allocation, whoever frees it
 * and whenever, so that what is live stays true.
 */
#include <config.h>

#include "account_feed.h"

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/str.h"

#include <inttypes.h>

static void feed_event(struct account_feed *feed, const struct event *ev,
		       const struct repair_op *op, const uint32_t *lists);
static void feed_alloc(struct account_feed *feed, const struct event *ev,
		       const struct repair_op *op, struct account_call *call);
static void feed_free(struct account_feed *feed, const struct repair_op *op,
		      struct account_call *call, const uint32_t *lists);
static void feed_free_list(struct account_feed *feed, const struct account_call *like,
			   const uint32_t *list, enum account_kind kind);
static void push_free(struct account_feed *feed, const struct account_call *like, uint32_t slot,
		      enum account_kind kind);
static bool call_space(enum repair_call call, enum account_space *space, bool *alloc);
static void fill_request(const struct account_feed *feed, const struct event *ev,
			 struct account_call *call);
static void fill_vmap(const struct event *ev, struct account_call *call);
static uint64_t pages_to_bytes(uint64_t nr);
static bool filtering(const struct account_feed *feed);

void account_feed_init(struct account_feed *feed, const struct account_feed_options *options,
		       const struct event_names *names)
{
	*feed = (struct account_feed){
		.options = *options,
		.account = account_create(options->spaces, options->tables),
		.names = names,
		.end = UINT64_MAX,
	};
}

void account_feed_deinit(struct account_feed *feed)
{
	account_destroy(feed->account);
	vec_deinit(&feed->calls);
	vec_deinit(&feed->selected);
}

void account_feed_batch(struct account_feed *feed, const struct repair_batch *batch,
			const uint64_t *given)
{
	const size_t nr = (size_t)MIN((uint64_t)batch->batch->nr, feed->end - feed->nr_events);

	vec_reset(&feed->calls);
	for (size_t i = 0; i < nr; i++, feed->nr_events++) {
		feed->given = given ? &given[i] : NULL;
		feed_event(feed, &batch->batch->events[i], &batch->ops[i], batch->lists);
	}
	account_calls(feed->account, feed->calls.items, feed->calls.nr);
}

void account_fold_caches(struct account *account, const struct repair *repair)
{
	for (uint32_t id = 1; id <= repair_nr_caches(repair); id++) {
		uint32_t canon = id;

		while (repair_cache(repair, canon)->canon != canon)
			canon = repair_cache(repair, canon)->canon;
		if (canon != id)
			account_fold(account, ACCOUNT_OBJECTS, ACCOUNT_BY_CACHE, id, canon);
	}
}

void account_print_cache(const struct event_names *names, const struct repair *repair, uint32_t id,
			 struct str *out)
{
	const struct repair_cache *cache;

	/* Large kmallocs are pages. */
	if (!id) {
		str_add(out, "(large kmalloc)");
		return;
	}
	cache = repair_cache(repair, id);
	if (cache->name) {
		str_add(out, intern_text(&names->texts, cache->name));
		return;
	}
	str_addf(out, "unnamed, %" PRIu32 " bytes", cache->object_size);
	if (cache->site) {
		str_add(out, ", ");
		event_site_print(names, cache->site, false, out);
	}
}

static void feed_event(struct account_feed *feed, const struct event *ev,
		       const struct repair_op *op, const uint32_t *lists)
{
	struct account_call call;
	enum account_space space;
	bool alloc;

	if (!call_space(op->call, &space, &alloc))
		return;
	/* Objects may also end with the page of their slab. */
	if (!(feed->options.spaces & 1U << space) && op->kind != REPAIR_UNSEEN_FREE)
		return;
	call = (struct account_call){
		.time = ev->time,
		.slot = op->slot,
		.cache = op->cache,
		.pid = ev->pid,
		.cpu = ev->cpu,
		.space = (uint8_t)space,
		.owner = op->owner,
	};
	if (alloc)
		feed_alloc(feed, ev, op, &call);
	else
		feed_free(feed, op, &call, lists);
}

static void feed_alloc(struct account_feed *feed, const struct event *ev,
		       const struct repair_op *op, struct account_call *call)
{
	bool accepted = !filtering(feed) ||
			filter_accepts(feed->options.filter, ev, feed->nr_events);

	if (op->kind == REPAIR_UNSEEN_FREE && op->implied_free != REPAIR_NO_SLOT)
		push_free(feed, call, op->implied_free, ACCOUNT_FREE_UNSEEN);
	if (op->fate == FATE_SKIPPED && op->kind != REPAIR_FAILED)
		return;
	if (filtering(feed) && op->slot != REPAIR_NO_SLOT) {
		vec_extend_zeroed(&feed->selected, (size_t)op->slot + 1);
		feed->selected.items[op->slot] = accepted;
	}
	if (!accepted) {
		feed->nr_filtered++;
		return;
	}
	call->kind = op->kind == REPAIR_FAILED ? ACCOUNT_FAILED : ACCOUNT_ALLOC;
	if (call->kind == ACCOUNT_ALLOC && op->slot == REPAIR_NO_SLOT)
		return;
	fill_request(feed, ev, call);
	if (feed->given && call->space == ACCOUNT_OBJECTS) {
		call->bytes_alloc = *feed->given;
		if (!*feed->given)
			call->kind = ACCOUNT_FAILED;
	}
	if (feed->options.accepted)
		feed->options.accepted(feed->options.ctx, ev);
	vec_push(&feed->calls, *call);
}

static void feed_free(struct account_feed *feed, const struct repair_op *op,
		      struct account_call *call, const uint32_t *lists)
{
	if (op->fate == FATE_SKIPPED) {
		/* Of what was never seen allocated it is not known whether it was asked for. */
		if (op->kind == REPAIR_UNSEEN_ALLOC && !filtering(feed)) {
			call->kind = ACCOUNT_FREE_ALIEN;
			vec_push(&feed->calls, *call);
		}
		return;
	}
	if (op->call == CALL_BULK_FREE) {
		if (op->implied_free != REPAIR_NO_SLOT)
			feed_free_list(feed, call, lists + op->implied_free, ACCOUNT_FREE);
		return;
	}
	if (op->call == CALL_PAGE_FREE && op->kind == REPAIR_UNSEEN_FREE &&
	    op->implied_free != REPAIR_NO_SLOT)
		feed_free_list(feed, call, lists + op->implied_free, ACCOUNT_FREE_UNSEEN);
	/* A part of a block: it counts when the last part goes. */
	if (op->call == CALL_PAGE_FREE && op->kind == REPAIR_MISMATCH &&
	    op->implied_free != op->slot)
		return;
	if (op->slot != REPAIR_NO_SLOT)
		push_free(feed, call, op->slot, ACCOUNT_FREE);
}

static void feed_free_list(struct account_feed *feed, const struct account_call *like,
			   const uint32_t *list, enum account_kind kind)
{
	struct account_call call = *like;

	call.space = ACCOUNT_OBJECTS;
	for (uint32_t i = 1; i <= list[0]; i++)
		push_free(feed, &call, list[i], kind);
}

static void push_free(struct account_feed *feed, const struct account_call *like, uint32_t slot,
		      enum account_kind kind)
{
	struct account_call call = *like;

	if (filtering(feed) &&
	    (slot >= feed->selected.nr || !feed->selected.items[slot]))
		return;
	call.slot = slot;
	call.kind = (uint8_t)kind;
	vec_push(&feed->calls, call);
}

static bool call_space(enum repair_call call, enum account_space *space, bool *alloc)
{
	static const struct {
		bool is_call, alloc;
		uint8_t space;
	} calls[CALL_NR] = {
		[CALL_KMALLOC] = { true, true, ACCOUNT_OBJECTS },
		[CALL_KMALLOC_LARGE] = { true, true, ACCOUNT_OBJECTS },
		[CALL_CACHE_ALLOC] = { true, true, ACCOUNT_OBJECTS },
		[CALL_OBJ_FREE] = { true, false, ACCOUNT_OBJECTS },
		[CALL_LARGE_FREE] = { true, false, ACCOUNT_OBJECTS },
		[CALL_BULK_FREE] = { true, false, ACCOUNT_OBJECTS },
		[CALL_PAGE_ALLOC] = { true, true, ACCOUNT_PAGES },
		[CALL_PAGE_FREE] = { true, false, ACCOUNT_PAGES },
		[CALL_VMAP_ALLOC] = { true, true, ACCOUNT_VMAP },
		[CALL_VMAP_FREE] = { true, false, ACCOUNT_VMAP },
		[CALL_PCPU_ALLOC] = { true, true, ACCOUNT_PERCPU },
		[CALL_PCPU_FREE] = { true, false, ACCOUNT_PERCPU },
		[CALL_CMA_ALLOC] = { true, true, ACCOUNT_CMA },
		[CALL_CMA_FREE] = { true, false, ACCOUNT_CMA },
	};

	*space = calls[call].space;
	*alloc = calls[call].alloc;
	return calls[call].is_call;
}

/** What was asked for, in bytes. */
static void fill_request(const struct account_feed *feed, const struct event *ev,
			 struct account_call *call)
{
	call->site = feed->names->sites.items[ev->site].canon;
	switch ((enum account_space)call->space) {
	case ACCOUNT_OBJECTS:
		call->bytes_req = ev->slab.bytes_req;
		call->bytes_alloc = ev->slab.bytes_alloc;
		call->gfp = ev->slab.gfp;
		return;
	case ACCOUNT_PAGES:
		if (ev->page.order < 52)
			call->bytes_alloc = pages_to_bytes(1ULL << ev->page.order);
		call->bytes_req = call->bytes_alloc;
		call->gfp = ev->page.gfp;
		call->order = ev->page.order;
		return;
	case ACCOUNT_VMAP:
		fill_vmap(ev, call);
		return;
	case ACCOUNT_PERCPU:
		/* The event's bytes_alloc are those of all CPUs; older kernels lack it. */
		call->bytes_alloc = MAX(ev->percpu.bytes_alloc, ev->percpu.size);
		call->bytes_req = call->bytes_alloc;
		call->gfp = ev->percpu.gfp;
		return;
	case ACCOUNT_CMA:
		call->bytes_alloc = pages_to_bytes(ev->cma.count);
		call->bytes_req = call->bytes_alloc;
		return;
	case ACCOUNT_SPACE_NR:
		break;
	}
	BUG_ON(true);
}

static void fill_vmap(const struct event *ev, struct account_call *call)
{
	if (ev->type == EVENT_PROBE_VA_ALLOC)
		call->bytes_alloc = ev->probe.size - ev->probe.addr;
	else
		call->bytes_alloc = ev->vmap.size;
	call->bytes_req = call->bytes_alloc;
}

static uint64_t pages_to_bytes(uint64_t nr)
{
	return nr > UINT64_MAX / KERNEL_PAGE_SIZE ? UINT64_MAX : nr * KERNEL_PAGE_SIZE;
}

static bool filtering(const struct account_feed *feed)
{
	return feed->options.filter && feed->options.filter->any;
}
