/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judge of percpu: which chunk serves a request, at which offset, and when chunks are made and
 * destroyed. Chunks of ours have bases of their own; where chunks lie is the affair of vmalloc.
 *
 * The balance work runs when the kernel finds time. As long as it only puts pages behind chunks, or
 * takes them back, no event tells, and it runs before the next call; when it makes or destroys a
 * chunk, following waits for the event. Pages are always to be had here: a request that had none is
 * not judged.
 */
#include <config.h>

#include "percpu_judge.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/bits.h"
#include "kmreplay/core/xalloc.h"

#include <stdlib.h>

#define FIRST_BASE (1ULL << 32) /* of chunks: far below boot's, which lie in the direct map */
#define ATOM_SIZE  (2ULL << 20)

/** What is done with an event; NULL: nothing. */
struct handler {
	void (*run)(struct percpu_judge *j, const struct event *ev);
};

static void *judge_create(const struct verify_setup *setup, const void *look,
			  const struct repair *repair, struct verify_log *log, struct error *err);
static bool judge_feed(void *judge, const struct repair_batch *batch, struct error *err);
static bool judge_finish(void *judge, struct error *err);
static void judge_destroy(void *judge);
static void make_allocator(struct percpu_judge *j);
static struct mm_outcome get_page(void *ctx, unsigned int cpu, uint32_t gfp, int node);
static struct mm_outcome put_page(void *ctx, unsigned int cpu, uint64_t pfn);
static struct mm_outcome get_groups(void *ctx, unsigned int cpu, const struct vmap_groups *groups);
static void put_groups(void *ctx, unsigned int cpu, uint64_t base,
		       const struct vmap_groups *groups);
static void on_alloc(struct percpu_judge *j, const struct event *ev);
static void on_fail(struct percpu_judge *j, const struct event *ev);
static void on_free(struct percpu_judge *j, const struct event *ev);
static void on_create(struct percpu_judge *j, const struct event *ev);
static void on_destroy(struct percpu_judge *j, const struct event *ev);
static struct percpu_request request_of(const struct event *ev);
static void run_silent_balance(struct percpu_judge *j);
static void alloc_free_running(struct percpu_judge *j, const struct event *ev);
static void exclude_unknown(struct percpu_judge *j);
static void judge_place(struct percpu_judge *j, const struct event *ev, uint64_t base,
			const struct percpu_choice *choice);
static void follow(struct percpu_judge *j, const struct event *ev, uint64_t base,
		   const struct percpu_choice *choice);
static void give_up(struct percpu_judge *j, const struct percpu_choice *choice, uint64_t addr,
		    uint64_t size);
static bool is_old(const struct percpu_judge *j, uint64_t base);
static void arrive(struct percpu_judge *j, bool predicted);
static uint64_t base_for(struct percpu_judge *j, const struct event *ev);
static uint64_t adopt(struct percpu_judge *j, uint64_t recorded);
static void judge_chunk(struct percpu_judge *j, enum verify_metric metric, const struct event *ev,
			uint64_t number, bool happened, bool predicted);
static void pair_made(struct percpu_judge *j);
static void count_free_running(struct percpu_judge *j, enum verify_metric metric,
			       const uint64_t *numbers, uint64_t nr_recorded, uint64_t nr_ours);
static void hold(struct percpu_judge *j, uint64_t ptr, uint64_t addr);
static uint64_t let_go(struct percpu_judge *j, uint64_t ptr);

static const struct handler handlers[EVENT_NR] = {
	[EVENT_PCPU_ALLOC] = { on_alloc },
	[EVENT_PCPU_ALLOC_FAIL] = { on_fail },
	[EVENT_PCPU_FREE] = { on_free },
	[EVENT_PCPU_CHUNK_CREATE] = { on_create },
	[EVENT_PCPU_CHUNK_DESTROY] = { on_destroy },
};

const struct verify_ops verify_percpu_ops = {
	.look_create = areas_look_create,
	.look_feed = areas_look_feed,
	.look_finish = areas_look_finish,
	.look_destroy = areas_look_destroy,
	.create = judge_create,
	.feed = judge_feed,
	.finish = judge_finish,
	.destroy = judge_destroy,
};

uint64_t percpu_judge_ours(const struct percpu_judge *j, uint64_t base)
{
	const uint64_t *ours = places_find(&j->chunks, base);

	return ours ? *ours : 0;
}

void percpu_judge_pair(struct percpu_judge *j, uint64_t recorded, uint64_t ours)
{
	uint64_t before;

	if (recorded != U64MAP_NO_KEY)
		(void)places_put(&j->chunks, recorded, ours, &before);
}

uint64_t percpu_judge_new_base(struct percpu_judge *j)
{
	const uint64_t base = j->next_ours;

	j->next_ours += bits_align_up(j->unit_size, ATOM_SIZE);
	return base;
}

static void *judge_create(const struct verify_setup *setup, const void *look,
			  const struct repair *repair, struct verify_log *log,
			  struct error *err UNUSED)
{
	struct percpu_judge *j = xcalloc(1, sizeof(*j));

	j->log = log;
	j->setup = setup;
	j->look = look;
	j->given_start = look && verify_is_given(setup, GIVEN_START);
	j->hashed = repair && repair_coverage(repair)->hashed;
	j->next_ours = FIRST_BASE;
	places_init(&j->chunks);
	places_init(&j->objects);
	make_allocator(j);
	percpu_set_auto_balance(j->p, setup->mode == VERIFY_FREE);
	percpu_judge_start(j);
	j->old_end = j->next_ours;
	return j;
}

static bool judge_feed(void *judge, const struct repair_batch *batch, struct error *err UNUSED)
{
	struct percpu_judge *j = judge;

	for (size_t i = 0; i < batch->batch->nr; i++, j->number++) {
		const struct event *ev = &batch->batch->events[i];

		verify_reached(j->log, j->number);
		if (unlikely(handlers[ev->type].run))
			handlers[ev->type].run(j, ev);
		else if (ev->type == EVENT_PAGE_ALLOC && batch->ops &&
			 j->setup->mode == VERIFY_FOLLOW)
			percpu_judge_page(j, ev, &batch->ops[i]);
	}
	return true;
}

static bool judge_finish(void *judge, struct error *err UNUSED)
{
	struct percpu_judge *j = judge;
	struct percpu_stats stats;

	percpu_stats(j->p, &stats);
	if (j->setup->mode == VERIFY_FREE) {
		count_free_running(j, VERIFY_PERCPU_CREATE, j->made_at.items, j->made_at.nr,
				   j->ours_made.nr);
		count_free_running(j, VERIFY_PERCPU_DESTROY, j->gone_at.items, j->gone_at.nr,
				   stats.nr_destroyed);
	} else {
		arrive(j, false);
		percpu_judge_pages_finish(j);
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_PERCPU,
			     "chunks that were due when the recording ended",
			     percpu_balance_due(j->p) &
					     (PERCPU_BALANCE_CREATES | PERCPU_BALANCE_DESTROYS)
				     ? 1
				     : 0);
	}
	return true;
}

static void judge_destroy(void *judge)
{
	struct percpu_judge *j = judge;

	if (!j)
		return;
	percpu_destroy(j->p);
	places_deinit(&j->chunks);
	places_deinit(&j->objects);
	vec_deinit(&j->recorded_made);
	vec_deinit(&j->ours_made);
	vec_deinit(&j->made_at);
	vec_deinit(&j->gone_at);
	free(j);
}

/*
 * How large a unit is depends on the number of CPUs. What is kept for each CPU of each page would
 * only cost memory here, so the allocator then has one.
 */
static void make_allocator(struct percpu_judge *j)
{
	static const struct percpu_ops ops = { .page_alloc = get_page, .page_free = put_page,
					       .groups_alloc = get_groups,
					       .groups_free = put_groups };
	struct machine_config config = areas_config(j->look, j->setup->config);
	struct percpu_layout layout;
	struct percpu_stats stats;
	struct percpu *model;

	areas_percpu_layout(j->look, &config, &layout);
	model = percpu_create(&config, &layout, &ops, j);
	percpu_stats(model, &stats);
	percpu_destroy(model);
	j->unit_size = layout.unit_size = stats.unit_size;
	j->nr_cpus = config.nr_cpus;
	config.nr_cpus = 1;
	j->p = percpu_create(&config, &layout, &ops, j);
}

static struct mm_outcome get_page(void *ctx UNUSED, unsigned int cpu UNUSED, uint32_t gfp UNUSED,
				  int node UNUSED)
{
	return (struct mm_outcome){ .addr = 1 };
}

static struct mm_outcome put_page(void *ctx UNUSED, unsigned int cpu UNUSED, uint64_t pfn UNUSED)
{
	return (struct mm_outcome){ 0 };
}

static struct mm_outcome get_groups(void *ctx, unsigned int cpu UNUSED,
				    const struct vmap_groups *groups UNUSED)
{
	struct percpu_judge *j = ctx;
	const uint64_t base = percpu_judge_new_base(j);

	if (j->setup->mode == VERIFY_FREE) {
		vec_push(&j->ours_made, base);
		pair_made(j);
	} else if (!j->created) {
		percpu_judge_pair(j, j->wanted, base);
		j->created = true;
	}
	return (struct mm_outcome){ .addr = base };
}

static void put_groups(void *ctx UNUSED, unsigned int cpu UNUSED, uint64_t base UNUSED,
		       const struct vmap_groups *groups UNUSED)
{
}

static void on_alloc(struct percpu_judge *j, const struct event *ev)
{
	const struct percpu_request request = request_of(ev);
	struct percpu_choice choice;
	uint64_t base;

	if (j->setup->mode == VERIFY_FREE) {
		alloc_free_running(j, ev);
		return;
	}
	run_silent_balance(j);
	if (!percpu_choose(j->p, &request, &choice)) {
		if (j->coming.pending && j->coming.ev.pid == ev->pid)
			arrive(j, choice.creates);
		else if (choice.creates)
			judge_chunk(j, VERIFY_PERCPU_CREATE, ev, j->number, false, true);
		(void)percpu_choose(j->p, &request, &choice);
	}
	base = base_for(j, ev);
	if (!base) {
		exclude_unknown(j);
		return;
	}
	judge_place(j, ev, base, &choice);
	follow(j, ev, base, &choice);
	percpu_judge_populated(j, ev);
}

static void alloc_free_running(struct percpu_judge *j, const struct event *ev)
{
	const struct percpu_request request = request_of(ev);
	const struct mm_outcome outcome = percpu_alloc(j->p, ev->cpu, &request);
	const struct percpu_choice choice = {
		.addr = outcome.addr,
		.base = mm_ok(outcome) ? percpu_chunk_base(j->p, outcome.addr) : 0,
	};
	/* One that ours has not made yet is another chunk than ours. */
	const uint64_t base = base_for(j, ev);

	judge_place(j, ev, base, &choice);
	if (mm_ok(outcome))
		hold(j, ev->percpu.ptr, outcome.addr);
}

static void exclude_unknown(struct percpu_judge *j)
{
	verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_PERCPU,
		     "events of chunks that ours does not have", 1);
}

static void judge_place(struct percpu_judge *j, const struct event *ev, uint64_t base,
			const struct percpu_choice *choice)
{
	const struct verify_what what = {
		.ev = ev,
		.number = j->number,
		.order = VERIFY_NO_ORDER,
		.type = MIGRATE_NR,
		.path = ev->percpu.reserved    ? "reserved"
			: ev->percpu.is_atomic ? "atomic"
					       : "chunk",
	};
	const bool right = choice->addr && choice->addr == base + ev->percpu.off;
	struct verify_story *story;

	story = verify_judge(j->log, VERIFY_PERCPU_OFFSET, right, &what);
	if (unlikely(story))
		percpu_tell_alloc(j, story, ev, choice);
	if (!base || !is_old(j, base))
		(void)verify_judge(j->log, VERIFY_PERCPU_NEW, right, &what);
	story = verify_judge(j->log, VERIFY_PERCPU_CHUNK, choice->addr && choice->base == base,
			     &what);
	if (unlikely(story))
		percpu_tell_alloc(j, story, ev, choice);
	if (!choice->addr && ev->percpu.is_atomic)
		judge_chunk(j, VERIFY_PERCPU_FAILURE, ev, j->number, false, true);
}

/* Takes the recorded place, in the way our allocator does it if that comes to the same. */
static void follow(struct percpu_judge *j, const struct event *ev, uint64_t base,
		   const struct percpu_choice *choice)
{
	const struct percpu_request request = request_of(ev);
	const uint64_t addr = base + ev->percpu.off;
	const char *reason = "areas put where the recording has them, free in ours";

	if (choice->addr == addr) {
		(void)percpu_alloc(j->p, ev->cpu, &request);
		return;
	}
	/* How far areas reached that were there before is a guess. */
	if (percpu_clear(j->p, addr, request.size, !j->given_start || !is_old(j, base)))
		reason = "areas over one that was in use in ours, which is freed";
	if (choice->base != base && is_old(j, base))
		percpu_set_known(j->p, base, 0);
	if (!mm_ok(percpu_alloc_at(j->p, ev->cpu, addr, request.size, GFP_BITS_KERNEL)))
		reason = "areas outside of a chunk: left out";
	verify_aside(j->log, ASIDE_FORCED, VERIFY_PERCPU, reason, 1);
	give_up(j, choice, addr, request.size);
}

/*
 * Our place would have been taken before the recorded one, were it free and known to its chunk. In
 * a chunk whose beginning nobody saw it must be in use, then, and is no longer in the way of
 * others; but boot's chunk, small and full, often does not know of its free space (hints_free() of
 * mm/percpu/chunk.c), and is passed over as a whole.
 */
static void give_up(struct percpu_judge *j, const struct percpu_choice *choice, uint64_t addr,
		    uint64_t size)
{
	const bool same = choice->base == percpu_chunk_base(j->p, addr);

	if (!j->given_start || !choice->addr || !is_old(j, choice->base) ||
	    (same && choice->addr > addr))
		return;
	if (!same && choice->base == j->first) {
		percpu_set_known(j->p, choice->base, size);
		verify_aside(j->log, ASIDE_GROUND, VERIFY_PERCPU,
			     "times that the first chunk does not know of its room, or has none", 1);
	} else if (mm_ok(percpu_alloc_at(j->p, 0, choice->addr, size, GFP_BITS_KERNEL))) {
		verify_aside(j->log, ASIDE_GROUND, VERIFY_PERCPU,
			     "ranges of bytes in use at the start, as a difference tells", 1);
	}
}

/* The chunk was there before the recording. */
static bool is_old(const struct percpu_judge *j, uint64_t base)
{
	return base == j->first || base == j->reserved || base < j->old_end;
}

static void on_fail(struct percpu_judge *j, const struct event *ev)
{
	const struct percpu_request request = request_of(ev);
	struct percpu_choice choice;
	bool fits;

	if (!ev->percpu.is_atomic && !ev->percpu.reserved) {
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_PERCPU,
			     "requests that failed for want of pages or of addresses", 1);
		return;
	}
	if (j->setup->mode == VERIFY_FOLLOW)
		run_silent_balance(j);
	fits = percpu_choose(j->p, &request, &choice);
	judge_chunk(j, VERIFY_PERCPU_FAILURE, ev, j->number, true, !fits);
	/* The failure has consequences: pages are got ready for the next one. */
	if (!fits)
		(void)percpu_alloc(j->p, ev->cpu, &request);
}

static void on_free(struct percpu_judge *j, const struct event *ev)
{
	uint64_t addr;

	if (j->setup->mode == VERIFY_FOLLOW) {
		run_silent_balance(j);
		addr = base_for(j, ev);
		addr = addr ? addr + ev->percpu.off : 0;
	} else {
		addr = let_go(j, ev->percpu.ptr);
		if (!addr && percpu_judge_ours(j, ev->percpu.base))
			addr = percpu_judge_ours(j, ev->percpu.base) + ev->percpu.off;
	}
	if (!addr || !mm_ok(percpu_free(j->p, ev->cpu, addr)))
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_PERCPU,
			     "frees of areas that were there before: nothing known of them", 1);
}

static void on_create(struct percpu_judge *j, const struct event *ev)
{
	if (j->setup->mode == VERIFY_FREE) {
		vec_push(&j->recorded_made, ev->percpu.base);
		vec_push(&j->made_at, j->number);
		pair_made(j);
		return;
	}
	run_silent_balance(j);
	arrive(j, false);
	j->created = false;
	if (percpu_balance_due(j->p) & PERCPU_BALANCE_CREATES) {
		j->wanted = ev->percpu.base;
		percpu_judge_balance(j, ev->cpu);
	}
	if (j->created) {
		judge_chunk(j, VERIFY_PERCPU_CREATE, ev, j->number, true, true);
		return;
	}
	j->coming = (struct percpu_coming){ *ev, j->number, true };
}

/* The chunk that was created is there now; "predicted": the request at hand asks for it. */
static void arrive(struct percpu_judge *j, bool predicted)
{
	if (!j->coming.pending)
		return;
	j->coming.pending = false;
	judge_chunk(j, VERIFY_PERCPU_CREATE, &j->coming.ev, j->coming.number, true, predicted);
	(void)adopt(j, j->coming.ev.percpu.base);
}

static void on_destroy(struct percpu_judge *j, const struct event *ev)
{
	uint64_t ours;
	bool gone;

	if (j->setup->mode == VERIFY_FREE) {
		vec_push(&j->gone_at, j->number);
		return;
	}
	run_silent_balance(j);
	ours = percpu_judge_ours(j, ev->percpu.base);
	if (!ours) {
		exclude_unknown(j);
		return;
	}
	if (percpu_balance_due(j->p) & PERCPU_BALANCE_DESTROYS)
		percpu_judge_balance(j, ev->cpu);
	gone = !percpu_chunk_exists(j->p, ours);
	judge_chunk(j, VERIFY_PERCPU_DESTROY, ev, j->number, true, gone);
	if (!gone)
		percpu_chunk_drop(j->p, ev->cpu, ours);
	(void)places_take(&j->chunks, ev->percpu.base, &ours);
}

/* Before 5.19 an event has no mask; that a request may sleep, it always tells. */
static struct percpu_request request_of(const struct event *ev)
{
	return (struct percpu_request){
		.size = ev->percpu.size,
		.align = ev->percpu.align,
		.gfp = ev->percpu.is_atomic ? 0 : GFP_BITS_KERNEL,
		.reserved = ev->percpu.reserved,
	};
}

/* The balance work, as far as no event would tell of it: not of a page, either. */
static void run_silent_balance(struct percpu_judge *j)
{
	const unsigned int due = percpu_balance_due(j->p);

	if (due & PERCPU_BALANCE_RUNS &&
	    !(due & (PERCPU_BALANCE_CREATES | PERCPU_BALANCE_DESTROYS)) &&
	    !(due & PERCPU_BALANCE_POPULATES && j->pages.recorded))
		percpu_judge_balance(j, 0);
}

/* Our base of an event's chunk; one that was never heard of was there before. 0: none. */
static uint64_t base_for(struct percpu_judge *j, const struct event *ev)
{
	uint64_t base = percpu_judge_ours(j, ev->percpu.base);

	if (base && percpu_chunk_exists(j->p, base))
		return base;
	if (base == j->reserved && base)
		return base;
	if (j->setup->mode == VERIFY_FREE && j->look)
		return base;
	if (j->coming.pending && j->coming.ev.percpu.base == ev->percpu.base) {
		arrive(j, false);
		return percpu_judge_ours(j, ev->percpu.base);
	}
	if (base)
		judge_chunk(j, VERIFY_PERCPU_DESTROY, ev, j->number, false, true);
	if (!j->first_met && !base) {
		j->first_met = true;
		percpu_judge_pair(j, ev->percpu.base, j->first);
		return j->first;
	}
	verify_aside(j->log, ASIDE_FORCED, VERIFY_PERCPU,
		     "chunks that were there before, met at their first event", 1);
	return adopt(j, ev->percpu.base);
}

/* A chunk of ours for the one recorded at "recorded"; 0: there are too many. */
static uint64_t adopt(struct percpu_judge *j, uint64_t recorded)
{
	const uint64_t base = percpu_judge_new_base(j);

	if (j->chunks.index.nr >= AREAS_MAX_CHUNKS) {
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_PERCPU,
			     "chunks beyond the first 1024 at a time", 1);
		return 0;
	}
	if (!percpu_chunk_adopt(j->p, base))
		return 0;
	percpu_judge_pair(j, recorded, base);
	return base;
}

static void judge_chunk(struct percpu_judge *j, enum verify_metric metric, const struct event *ev,
			uint64_t number, bool happened, bool predicted)
{
	const struct verify_what what = {
		.ev = ev, .number = number, .order = VERIFY_NO_ORDER, .type = MIGRATE_NR
	};
	struct verify_story *story = verify_detect(j->log, metric, happened, predicted, &what);

	if (unlikely(story))
		percpu_tell_chunk(j, story, ev->percpu.base, predicted);
}

/* Free-running: the chunks that both sides have made stand for each other in their order. */
static void pair_made(struct percpu_judge *j)
{
	while (j->nr_paired < MIN(j->recorded_made.nr, j->ours_made.nr)) {
		percpu_judge_pair(j, j->recorded_made.items[j->nr_paired],
				  j->ours_made.items[j->nr_paired]);
		j->nr_paired++;
	}
}

/* Free-running: what came about on both sides, at whatever time; the last may be yet to come. */
static void count_free_running(struct percpu_judge *j, enum verify_metric metric,
			       const uint64_t *numbers, uint64_t nr_recorded, uint64_t nr_ours)
{
	const struct event none = { 0 };

	if (nr_ours > nr_recorded) {
		nr_ours--;
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_PERCPU,
			     "chunks that were due when the recording ended", 1);
	}
	for (uint64_t i = 0; i < MAX(nr_recorded, nr_ours); i++) {

		judge_chunk(j, metric, &none, i < nr_recorded ? numbers[i] : j->number,
			    i < nr_recorded, i < nr_ours);
	}
}

/* Free-running: the area recorded at "ptr" is at "addr". */
static void hold(struct percpu_judge *j, uint64_t ptr, uint64_t addr)
{
	uint64_t ended = addr;

	if (ptr == U64MAP_NO_KEY || places_put(&j->objects, ptr, addr, &ended))
		(void)percpu_free(j->p, 0, ended);
}

static uint64_t let_go(struct percpu_judge *j, uint64_t ptr)
{
	uint64_t addr;

	return places_take(&j->objects, ptr, &addr) ? addr : 0;
}
