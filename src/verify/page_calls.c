/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Putting a page call together from its events (see page_calls.h).
 *
 * Theory. Events of one call follow each other in one context: a task, or the interrupts of a level
 * on one CPU. A context therefore has at most one call in the making, and any event of it that does
 * not fit ends that call. Whose blocks a group of takes were, the mm_page_alloc behind it tells:
 * the list was empty, so the caller got the group's first block. If its page is another one, the
 * group was taken for a request that has no event (alloc_pages_bulk()).
 *
 * The heap "due" gives calls out by their first event under the zone lock. An entry whose op has
 * another start by now, or is none any more, is stale and passed over.
 */
#include <config.h>

#include "page_calls.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/abi/kernel.h"
#include "kmreplay/replay/survey.h"

#include <string.h>

enum {
	DRAIN_WINDOW = 64,   /* events in which a free's drains may still come */
	MAX_CONTEXTS = 1 << 16,
	VMALLOC_CHUNK = 100, /* pages that vm_area_alloc_pages() asks for at a time */
};

static void one_event(struct page_calls *calls, const struct event *ev, uint64_t number);
static void note_plain(struct page_calls *calls, const struct event *ev);
static uint64_t interrupted_by(const struct page_calls *calls, const struct event *ev);
static bool goes_on_with_list(const struct page_running *run, unsigned int type);
static struct page_running *running_of(struct page_calls *calls, uint64_t context);
static void forget_contexts(struct page_calls *calls);
static uint32_t new_op(struct page_calls *calls, unsigned int kind, const struct event *ev,
		       uint64_t number);
static struct page_op *op_at(struct page_calls *calls, uint32_t id);
static void set_start(struct page_calls *calls, uint32_t id, uint64_t start);
static void note_take(struct page_calls *calls, struct page_running *run, const struct event *ev,
		      uint64_t number);
static void add_extfrag(struct page_calls *calls, struct page_op *op, const struct event *ev,
			uint64_t number);
static void note_alloc(struct page_calls *calls, struct page_running *run, const struct event *ev,
		       uint64_t number);
static void note_single(struct page_calls *calls, const struct event *ev);
static uint32_t split_taking(struct page_calls *calls, struct page_running *run,
			     const struct event *ev, uint64_t number);
static void note_free(struct page_calls *calls, struct page_running *run, const struct event *ev,
		      uint64_t number);
static void note_batched(struct page_calls *calls, struct page_running *run, const struct event *ev,
			 uint64_t number);
static void note_drain(struct page_calls *calls, struct page_running *run, const struct event *ev,
		       uint64_t number);
static void note_bulk(struct page_calls *calls, struct page_running *run, const struct event *ev,
		      uint64_t number);
static void begin_asking(struct page_calls *calls, struct page_running *run, const struct event *ev,
			 uint64_t number);
static bool goes_on_asking(unsigned int type);
static bool is_for_vmalloc(const struct event *ev);
static void end_asking(struct page_calls *calls, struct page_running *run);
static void end_taking(struct page_calls *calls, struct page_running *run);
static void end_last(struct page_calls *calls, struct page_running *run);
static void join_runs(struct page_calls *calls, struct page_running *run);
static bool are_neighbours(const struct page_op *a, const struct page_op *b);
static void join(struct page_calls *calls, uint32_t from, uint32_t to);
static void forget_free(struct page_calls *calls, uint32_t id);
static void settle_list(struct page_calls *calls, struct page_running *run, uint32_t until);
static void end_list(struct page_calls *calls, struct page_running *run);
static void release(struct page_calls *calls, uint64_t now);
static uint64_t wait_for(const struct page_op *op);
static void give_out(struct page_calls *calls, uint32_t id);

void page_calls_init(struct page_calls *calls, page_op_fn *fn, void *ctx)
{
	memset(calls, 0, sizeof(*calls));
	calls->fn = fn;
	calls->ctx = ctx;
	calls->until = UINT64_MAX;
	u64map_init(&calls->contexts);
	u64map_init(&calls->frees);
	u64map_init(&calls->singles);
}

void page_calls_deinit(struct page_calls *calls)
{
	vec_foreach(&calls->pool, op) {
		vec_deinit(&op->takes);
		vec_deinit(&op->drains);
	}
	vec_deinit(&calls->pool);
	vec_deinit(&calls->spare);
	vec_deinit(&calls->due);
	vec_foreach(&calls->running, run)
		vec_deinit(&run->list);
	vec_deinit(&calls->running);
	vec_deinit(&calls->plain);
	u64map_deinit(&calls->contexts);
	u64map_deinit(&calls->frees);
	u64map_deinit(&calls->singles);
}

void page_calls_event(struct page_calls *calls, const struct event *ev)
{
	const uint64_t number = calls->nr_events++;

	one_event(calls, ev, number);
	if (!page_calls_level(ev))
		note_plain(calls, ev);
	release(calls, number);
}

void page_calls_until(struct page_calls *calls, uint64_t number)
{
	calls->until = number;
	release(calls, calls->finished ? UINT64_MAX : calls->nr_events);
}

void page_calls_finish(struct page_calls *calls)
{
	calls->finished = true;
	release(calls, UINT64_MAX);
}

uint64_t page_calls_context(const struct event *ev)
{
	const unsigned int level = page_calls_level(ev);

	if (level || ev->pid <= 0)
		return 1ULL << 40 | (uint64_t)ev->cpu << 4 | level;
	return (uint32_t)ev->pid;
}

static void one_event(struct page_calls *calls, const struct event *ev, uint64_t number)
{
	struct page_running *run = running_of(calls, page_calls_context(ev));

	if (run->list.nr && !goes_on_with_list(run, ev->type))
		end_list(calls, run);
	if (run->asking && !goes_on_asking(ev->type))
		end_asking(calls, run);
	switch (ev->type) {
	case EVENT_ZONE_LOCKED:
	case EVENT_EXTFRAG:
		note_take(calls, run, ev, number);
		break;
	case EVENT_PAGE_ALLOC:
		note_alloc(calls, run, ev, number);
		if (run->asking && !is_for_vmalloc(ev))
			end_asking(calls, run);
		break;
	case EVENT_PAGE_FREE:
	case EVENT_PAGE_FREE_DIRECT:
		note_free(calls, run, ev, number);
		break;
	case EVENT_PAGE_FREE_BATCHED:
	case EVENT_PAGEVEC_FREE:
		note_batched(calls, run, ev, number);
		break;
	case EVENT_PCPU_DRAIN:
		note_drain(calls, run, ev, number);
		break;
	case EVENT_PROBE_PAGES_BULK:
	case EVENT_PROBE_PAGES_BULK_RET:
		if (!calls->no_probes)
			note_bulk(calls, run, ev, number);
		break;
	case EVENT_KSWAPD_WAKEUP:
		run->wakes++;
		break;
	case EVENT_RECLAIM_BEGIN:
	case EVENT_COMPACT_BEGIN:
	case EVENT_COMPACT_TRY:
	case EVENT_RECLAIM_RETRY:
	case EVENT_COMPACT_RETRY:
		run->slow = true;
		break;
	default:
		end_last(calls, run);
		if (!run->bulk)
			end_taking(calls, run);
		if (calls->asks && !run->bulk)
			begin_asking(calls, run, ev, number);
		break;
	}
	if (unlikely(calls->notes[ev->type]))
		(void)new_op(calls, PAGE_OP_NOTE, ev, number);
}

static void note_plain(struct page_calls *calls, const struct event *ev)
{
	const bool listed = survey_order_has_list(ev->page.order);
	struct page_plain *plain;

	vec_extend_zeroed(&calls->plain, ev->cpu + 1U);
	plain = &calls->plain.items[ev->cpu];
	plain->pid = ev->pid;
	/* Who takes a block of an order without lists holds no lock of theirs. */
	plain->pfn = ev->type == EVENT_PCPU_DRAIN || (ev->type == EVENT_ZONE_LOCKED && listed) ?
			     ev->page.pfn : UINT64_MAX;
}

static uint64_t interrupted_by(const struct page_calls *calls, const struct event *ev)
{
	if (!page_calls_level(ev) || ev->cpu >= calls->plain.nr ||
	    calls->plain.items[ev->cpu].pid != ev->pid)
		return UINT64_MAX;
	return calls->plain.items[ev->cpu].pfn;
}

/* First all pages of a list are announced, then each goes to its per-CPU list. */
static bool goes_on_with_list(const struct page_running *run, unsigned int type)
{
	switch (type) {
	case EVENT_PAGE_FREE:
	case EVENT_PAGE_FREE_DIRECT:
		return !run->batching;
	case EVENT_PAGE_FREE_BATCHED:
	case EVENT_PAGEVEC_FREE:
		return true;
	case EVENT_PCPU_DRAIN:
		return run->batching;
	default:
		return false;
	}
}

static struct page_running *running_of(struct page_calls *calls, uint64_t context)
{
	bool fresh;
	uint32_t *at;

	if (unlikely(calls->running.nr >= MAX_CONTEXTS))
		forget_contexts(calls);
	at = u64map_insert(&calls->contexts, context, &fresh);
	if (fresh) {
		*at = (uint32_t)calls->running.nr;
		vec_push(&calls->running, (struct page_running){ 0 });
	}
	return &calls->running.items[*at];
}

/* Far more tasks than run at a time: what they were in the middle of ends as it is. */
static void forget_contexts(struct page_calls *calls)
{
	vec_foreach(&calls->running, run) {
		end_list(calls, run);
		end_last(calls, run);
		end_taking(calls, run);
		vec_deinit(&run->list);
	}
	vec_reset(&calls->running);
	u64map_deinit(&calls->contexts);
	u64map_init(&calls->contexts);
}

/* Returns its index + 1. Calls that more events may belong to are to be marked open. */
static uint32_t new_op(struct page_calls *calls, unsigned int kind, const struct event *ev,
		       uint64_t number)
{
	struct page_op *op;
	uint32_t at;

	if (calls->spare.nr) {
		at = calls->spare.items[--calls->spare.nr];
	} else {
		at = (uint32_t)calls->pool.nr;
		vec_extend_zeroed(&calls->pool, calls->pool.nr + 1);
	}
	op = &calls->pool.items[at];
	vec_reset(&op->takes);
	vec_reset(&op->drains);
	op->ev = *ev;
	op->number = number;
	op->cpu = ev->cpu;
	op->kind = (uint8_t)kind;
	op->single = op->batched = op->missed_batch = op->probed = op->slow = op->open = false;
	op->wakes = 0;
	op->run = 1;
	op->asked = op->chunk = op->gfp = op->certain = 0;
	op->interrupted = interrupted_by(calls, ev);
	op->context = page_calls_context(ev);
	op->used = true;
	set_start(calls, at + 1, number);
	return at + 1;
}

static struct page_op *op_at(struct page_calls *calls, uint32_t id)
{
	return &calls->pool.items[id - 1];
}

static void set_start(struct page_calls *calls, uint32_t id, uint64_t start)
{
	op_at(calls, id)->start = start;
	page_due_push(calls, (struct page_op_due){ .start = start, .op = id - 1 });
}

static void note_take(struct page_calls *calls, struct page_running *run, const struct event *ev,
		      uint64_t number)
{
	struct page_op *op;
	struct page_taken *last;

	end_last(calls, run);
	if (!run->taking) {
		run->taking = new_op(calls, PAGE_OP_BULK, ev, number);
		op_at(calls, run->taking)->open = true;
	}
	op = op_at(calls, run->taking);
	if (calls->by_end || (run->taking == run->asking && !op->takes.nr))
		set_start(calls, run->taking, number);
	if (ev->type == EVENT_EXTFRAG) {
		add_extfrag(calls, op, ev, number);
		return;
	}
	last = op->takes.nr ? &op->takes.items[op->takes.nr - 1] : NULL;
	if (!last || last->locked || !calls->extfrag_first) {
		vec_push(&op->takes, (struct page_taken){ .number = number });
		last = &op->takes.items[op->takes.nr - 1];
	}
	last->pfn = ev->page.pfn;
	last->order = ev->page.order;
	last->type = ev->page.migratetype;
	last->locked = true;
}

/* Of the take to come, or of the one before if that was the same page. */
static void add_extfrag(struct page_calls *calls, struct page_op *op, const struct event *ev,
			uint64_t number)
{
	struct page_taken *last = op->takes.nr ? &op->takes.items[op->takes.nr - 1] : NULL;

	if (!last || calls->extfrag_first || last->pfn != ev->extfrag.pfn || last->extfrag) {
		vec_push(&op->takes, (struct page_taken){ .number = number });
		last = &op->takes.items[op->takes.nr - 1];
		last->pfn = ev->extfrag.pfn;
		last->order = ev->extfrag.alloc_order;
		last->type = ev->extfrag.alloc_migratetype;
	}
	last->extfrag = true;
	last->extfrag_pfn = ev->extfrag.pfn;
	last->fallback_order = ev->extfrag.fallback_order;
	last->fallback_type = ev->extfrag.fallback_migratetype;
	last->change_ownership = ev->extfrag.change_ownership;
}

static void note_alloc(struct page_calls *calls, struct page_running *run, const struct event *ev,
		       uint64_t number)
{
	uint32_t id = 0;
	struct page_op *op;

	end_last(calls, run);
	if (ev->page.pfn != EVENT_PFN_FAILED && (!run->asking || is_for_vmalloc(ev)))
		run->bulk_singles += 1U << MIN(ev->page.order, (uint8_t)KERNEL_MAX_ORDER);
	if (calls->runs)
		note_single(calls, ev);
	if (run->taking)
		id = split_taking(calls, run, ev, number);
	if (!id)
		id = new_op(calls, PAGE_OP_ALLOC, ev, number);
	op = op_at(calls, id);
	op->wakes = run->wakes;
	op->slow = run->slow;
	run->wakes = 0;
	run->slow = false;
}

static void note_single(struct page_calls *calls, const struct event *ev)
{
	const unsigned int order = MIN(ev->page.order, 10U);
	bool fresh;

	if (ev->page.pfn >= SURVEY_MAX_PFN)
		return;
	if (!order) {
		u64map_insert(&calls->singles, ev->page.pfn, &fresh);
		return;
	}
	for (uint64_t i = 0; i < 1ULL << order; i++)
		(void)u64map_remove(&calls->singles, ev->page.pfn + i);
}

/* The op of "ev" out of the blocks taken, or 0: all of them were for somebody else. */
static uint32_t split_taking(struct page_calls *calls, struct page_running *run,
			     const struct event *ev, uint64_t number)
{
	struct page_op *op = op_at(calls, run->taking), *own;
	uint32_t id = run->taking;
	size_t first = 0;

	while (first < op->takes.nr && (op->takes.items[first].pfn != ev->page.pfn ||
					op->takes.items[first].order != ev->page.order))
		first++;
	if (first == op->takes.nr) {
		if (!run->bulk)
			end_taking(calls, run);
		return 0;
	}
	if (first || id == run->asking) {
		id = new_op(calls, PAGE_OP_ALLOC, ev, number);
		op = op_at(calls, run->taking);
		own = op_at(calls, id);
		for (size_t i = first; i < op->takes.nr; i++)
			vec_push(&own->takes, op->takes.items[i]);
		op->certain = (uint32_t)first;
		if (!first)
			vec_reset(&op->takes);
		if (!calls->by_end)
			set_start(calls, id, own->takes.items[0].number);
		op_at(calls, id)->cpu = op_at(calls, run->taking)->cpu;
	} else if (calls->by_end) {
		set_start(calls, id, number);
	}
	end_taking(calls, run);
	op = op_at(calls, id);
	op->kind = PAGE_OP_ALLOC;
	op->ev = *ev;
	op->number = number;
	return id;
}

static void note_free(struct page_calls *calls, struct page_running *run, const struct event *ev,
		      uint64_t number)
{
	bool fresh;
	uint32_t id;

	if (!run->bulk)
		end_taking(calls, run);
	end_last(calls, run);
	id = new_op(calls, PAGE_OP_FREE, ev, number);
	op_at(calls, id)->open = true;
	op_at(calls, id)->single =
		calls->runs && (u64map_remove(&calls->singles, ev->page.pfn) ||
				(calls->alone && calls->alone(calls->ctx, number)));
	run->last = id;
	vec_push(&run->list, (struct page_listed){ .op = id, .number = number });
	*u64map_insert(&calls->frees, ev->page.pfn & INT64_MAX, &fresh) = id;
}

/* The second pass over a list: what mm_page_free announced goes to its per-CPU list now. */
static void note_batched(struct page_calls *calls, struct page_running *run, const struct event *ev,
			 uint64_t number)
{
	const uint32_t *id = u64map_find(&calls->frees, ev->page.pfn & INT64_MAX);
	struct page_op *op;

	end_last(calls, run);
	if (!id)
		return;
	op = op_at(calls, *id);
	if (!op->used || op->kind != PAGE_OP_FREE || op->batched ||
	    op->ev.page.pfn != ev->page.pfn || op->context != page_calls_context(ev))
		return;
	settle_list(calls, run, *id);
	run->list_at += run->list_at < run->list.nr;
	op->batched = true;
	op->open = true;
	run->batching = true;
	op->cpu = ev->cpu;
	run->last = *id;
	set_start(calls, *id, number);
}

static void note_drain(struct page_calls *calls, struct page_running *run, const struct event *ev,
		       uint64_t number)
{
	struct page_op *op = run->last ? op_at(calls, run->last) : NULL;

	if (!op) {
		run->last = new_op(calls, PAGE_OP_DRAIN, ev, number);
		op = op_at(calls, run->last);
		op->open = true;
	} else if (calls->by_end || (op->kind == PAGE_OP_FREE && !op->drains.nr)) {
		set_start(calls, run->last, number);
	}
	if (!run->batching)
		end_list(calls, run); /* freed one by one */
	vec_push(&op->drains, (struct page_drained){ .pfn = ev->page.pfn,
						     .order = ev->page.order,
						     .type = ev->page.migratetype });
}

/* alloc_pages_bulk() as a probe saw it: begin and end. */
static void note_bulk(struct page_calls *calls, struct page_running *run, const struct event *ev,
		      uint64_t number)
{
	struct page_op *op;

	end_last(calls, run);
	if (ev->type == EVENT_PROBE_PAGES_BULK) {
		run->bulk_singles = UINT32_MAX; /* it knows better */
		end_asking(calls, run);
		end_taking(calls, run);
		run->bulk = true;
		run->bulk_gfp = ev->probe.gfp;
		run->bulk_singles = 0;
		return;
	}
	if (!run->bulk)
		return;
	run->bulk = false;
	if (!run->taking && ev->probe.nr <= run->bulk_singles)
		return;
	if (!run->taking)
		run->taking = new_op(calls, PAGE_OP_BULK, ev, number);
	op = op_at(calls, run->taking);
	op->ev = *ev;
	op->number = number;
	op->probed = true;
	op->gfp = run->bulk_gfp;
	op->asked = ev->probe.nr - MIN(ev->probe.nr, run->bulk_singles);
	op->chunk = op->asked;
	end_taking(calls, run);
}

/* A request of one page is no bulk request. */
static void begin_asking(struct page_calls *calls, struct page_running *run, const struct event *ev,
			 uint64_t number)
{
	const uint32_t nr = calls->asks(calls->ctx, ev);
	struct page_op *op;

	if (nr < 2)
		return;
	run->asking = run->taking = new_op(calls, PAGE_OP_BULK, ev, number);
	run->bulk_singles = 0;
	op = op_at(calls, run->asking);
	op->open = true;
	op->probed = true;
	op->asked = nr;
	op->chunk = VMALLOC_CHUNK;
	op->gfp = (ev->slab.gfp & ~(uint32_t)GFP_BIT_ZERO) | GFP_BIT_HIGHMEM;
}

static bool goes_on_asking(unsigned int type)
{
	switch (type) {
	case EVENT_ZONE_LOCKED:
	case EVENT_EXTFRAG:
	case EVENT_PAGE_ALLOC:
	case EVENT_PROBE_PAGES_BULK:
	case EVENT_PROBE_PAGES_BULK_RET:
	case EVENT_PROBE_SPLIT:
	case EVENT_KSWAPD_WAKEUP:
		return true;
	default:
		return false;
	}
}

/* Its pages may be high ones, and stay where they are; pages of page tables may not be high. */
static bool is_for_vmalloc(const struct event *ev)
{
	return (ev->page.gfp & (GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE)) == GFP_BIT_HIGHMEM;
}

static void end_asking(struct page_calls *calls, struct page_running *run)
{
	struct page_op *op;

	if (!run->asking)
		return;
	op = op_at(calls, run->asking);
	/* A last page that is missing to a bulk request would have had an event. */
	op->asked = op->asked > run->bulk_singles + 1ULL ? op->asked - run->bulk_singles : 0;
	if (!op->certain)
		op->certain = (uint32_t)op->takes.nr;
	op->open = false;
	if (!op->asked && !op->takes.nr) {
		op->used = false;
		vec_push(&calls->spare, run->asking - 1);
	}
	if (run->taking == run->asking)
		run->taking = 0;
	run->asking = 0;
}

static void end_taking(struct page_calls *calls, struct page_running *run)
{
	struct page_op *op;

	if (run->taking && run->taking != run->asking) {
		op = op_at(calls, run->taking);
		op->open = false;
		if (!op->certain)
			op->certain = (uint32_t)op->takes.nr;
	}
	run->taking = 0;
}

/* A free that is announced only stays open until its list has ended. */
static void end_last(struct page_calls *calls, struct page_running *run)
{
	struct page_op *op;

	if (run->last) {
		op = op_at(calls, run->last);
		op->open = op->kind == PAGE_OP_FREE && !op->batched && run->list.nr;
	}
	run->last = 0;
}

/* Each run of neighbours becomes one call, the last one's: drains follow on that. */
static void join_runs(struct page_calls *calls, struct page_running *run)
{
	for (size_t i = 1; i < run->list.nr; i++) {
		const struct page_listed *to = &run->list.items[i], *from = to - 1;
		struct page_op *op = op_at(calls, to->op), *last = op_at(calls, from->op);

		if (op->used && op->number == to->number && last->used &&
		    last->number == from->number && are_neighbours(last, op))
			join(calls, from->op, to->op);
	}
}

/* Freed together, as far as what is known of either does not speak against it. */
static bool are_neighbours(const struct page_op *a, const struct page_op *b)
{
	return !a->ev.page.order && !b->ev.page.order && !a->single && !b->single &&
	       !a->drains.nr && b->ev.page.pfn == a->ev.page.pfn + 1;
}

static void join(struct page_calls *calls, uint32_t from, uint32_t to)
{
	struct page_op *op = op_at(calls, to), *last = op_at(calls, from);
	const uint32_t run = last->run;

	/* The list of pages moves on from call to call. */
	__typeof__(op->takes) takes = op->takes;

	op->takes = last->takes;
	last->takes = takes;
	if (run == 1)
		vec_push(&op->takes, (struct page_taken){ .pfn = last->ev.page.pfn,
							  .number = last->number });
	vec_push(&op->takes,
		 (struct page_taken){ .pfn = op->ev.page.pfn, .number = op->number });
	op->run = run + 1;
	forget_free(calls, from);
	last->used = last->open = false;
	vec_push(&calls->spare, from - 1);
}

/*
 * Settles the pages announced up to "until" (an op; 0: all). What the second pass left out, though
 * it took up others before, went elsewhere.
 */
static void settle_list(struct page_calls *calls, struct page_running *run, uint32_t until)
{
	for (; run->list_at < run->list.nr; run->list_at++) {
		const struct page_listed *at = &run->list.items[run->list_at];
		struct page_op *op = op_at(calls, at->op);

		if (at->op == until)
			break;
		if (at->op == run->last || !op->used || op->number != at->number)
			continue;
		op->open = false;
		op->missed_batch = until && run->batching;
	}
}

static void end_list(struct page_calls *calls, struct page_running *run)
{
	if (calls->runs && !run->batching)
		join_runs(calls, run);
	settle_list(calls, run, 0);
	vec_reset(&run->list);
	run->list_at = 0;
	run->batching = false;
}

/* Gives out what is complete, or has waited long enough, up to the first call that is neither. */
static void release(struct page_calls *calls, uint64_t now)
{
	while (calls->due.nr) {
		const struct page_op_due due = calls->due.items[0];
		struct page_op *op = &calls->pool.items[due.op];
		const uint64_t age = now - due.start;

		if (due.start > calls->until)
			return;
		if (op->used && op->start == due.start) {
			if (age < wait_for(op))
				return;
			give_out(calls, due.op + 1);
		}
		page_due_pop(calls);
	}
}

/* Events that stand behind a call's first before it comes out. */
static uint64_t wait_for(const struct page_op *op)
{
	return op->open ? PAGE_CALLS_WINDOW : op->kind == PAGE_OP_FREE ? DRAIN_WINDOW : 1;
}

static void give_out(struct page_calls *calls, uint32_t id)
{
	struct page_op *op = op_at(calls, id);

	if (op->open) {
		struct page_running *run = running_of(calls, op->context);

		if (run->asking == id)
			run->asking = 0;
		if (run->taking == id)
			end_taking(calls, run);
		if (run->last == id)
			run->last = 0;
		op = op_at(calls, id);
	}
	if (op->kind == PAGE_OP_FREE)
		forget_free(calls, id);
	calls->fn(calls->ctx, op);
	op->used = false;
	vec_push(&calls->spare, id - 1);
}

static void forget_free(struct page_calls *calls, uint32_t id)
{
	const uint64_t pfn = op_at(calls, id)->ev.page.pfn & INT64_MAX;
	const uint32_t *at = u64map_find(&calls->frees, pfn);

	if (at && *at == id)
		(void)u64map_remove(&calls->frees, pfn);
}
