/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's loop: one event, one call of the machine, one verdict.
 *
 * Theory. The recording is a sequence of requests with the kernel's answers; the replay asks a
 * machine the same and keeps the machine's own answers instead. What joins the two worlds is the
 * slot that repair gave each object: the machine's address of an object stands in its slot, and a
 * recorded free is a free of whatever the slot holds here. Recorded addresses are not used, except
 * for blocks that were in use before the recording began: those have no allocation event, are
 * taken out of the free lists at their recorded frames when the machine starts, and go back when
 * their free comes.
 *
 * A page event belongs to one of two worlds, too. If it exists only because a simulated layer
 * asked for pages, that layer's own requests stand for it and it is passed over (EXPLAINED). If
 * that layer is not simulated, the recorded event is replayed as it stands. Which of the two holds
 * is decided when a block is allocated and remembered in its slot, so that its free takes the same
 * side even if the owner was recognised in one direction only.
 */
#include <config.h>

#include "areas_internal.h"

#include "kmreplay/event/desc.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/vmalloc.h"

#include <stdlib.h>

enum {
	MIN_SAMPLE_EVERY = 16,
	MAX_SAMPLE_EVERY = 1024,
	FULL_CHECK_EVERY = 1024,
};

static void begin_counting(struct replay *r);
static uint64_t sample_every(const struct survey *survey);
static void replay_event(struct replay *r, const struct repair_batch *batch, size_t i);
static void end_implied(struct replay *r, const struct repair_batch *batch, size_t i,
			unsigned int cpu);
static enum replay_verdict dispatch(struct replay *r, const struct replay_step *step);
static enum replay_verdict free_unseen(struct replay *r, const struct replay_step *step);
static bool check(struct replay *r, const struct event *ev, struct error *err);

struct replay *replay_create(const struct replay_options *options,
			     const struct machine_config *config, const struct survey *survey,
			     const struct repair *repair, const struct event_names *names,
			     struct error *err)
{
	struct replay *r = xcalloc(1, sizeof(*r));
	const struct machine_ops ops = {
		.moved = replay_pages_moved,
		.reclaim = replay_pages_reclaim,
		.oom = replay_pages_oom,
		.owned = replay_pages_owned,
	};
	struct vmalloc_stats areas;

	r->options = *options;
	if (!r->options.sample_every)
		r->options.sample_every = sample_every(survey);
	r->survey = survey;
	r->repair = repair;
	r->names = names;
	r->nr_cpus = config->nr_cpus;
	r->arch = config->arch;
	r->slab_design = slab_design_of(config);
	/* The other designs lack some of the recorded ones. */
	r->own_classes = config->kmalloc_classes.nr > 0 || r->slab_design > SLAB_DESIGN_SHEAVES;
	r->unmerge = !config->slab_merge;
	r->buckets = config->slab_buckets;
	r->random_kmalloc = config->slab_random_kmalloc;
	r->own_vmalloc = config->vmalloc_start || config->vmalloc_size;
	r->slab_owner = OWNER_SLAB;
	r->next_look = r->next_sample = r->options.sample_every;
	r->next_look_time = UINT64_MAX;
	stock_init(&r->stock);
	tasks_init(&r->tasks);
	u64map_init(&r->start_objects.by_ptr);
	u64map_init(&r->start_objects.by_pfn);
	u64map_init(&r->start_areas.by_addr);
	u64map_init(&r->start_percpu.by_addr);
	replay_tally_init(&r->tally);
	r->machine = machine_create(config, &ops, r, err);
	if (!r->machine) {
		replay_destroy(r);
		return NULL;
	}
	vmalloc_stats(machine_vmalloc(r->machine), &areas);
	r->own_vstart = areas.range_start;
	r->own_vend = areas.range_end;
	/* A recording that shows when areas were purged is followed in that. */
	vmalloc_set_auto_purge(machine_vmalloc(r->machine), !survey || !survey->nr_purges);
	replay_start_areas(r);
	replay_found_init(r);
	replay_start_percpu(r, survey && survey->from_boot);
	replay_start_caches(r);
	replay_start_slabs(r);
	replay_start(r);
	replay_start_objects(r);
	replay_start_fill(r, config->seed);
	begin_counting(r);
	return r;
}

void replay_destroy(struct replay *r)
{
	if (!r)
		return;
	machine_destroy(r->machine);
	stock_deinit(&r->stock);
	tasks_deinit(&r->tasks);
	u64map_deinit(&r->start_objects.by_ptr);
	u64map_deinit(&r->start_objects.by_pfn);
	vec_deinit(&r->start_objects.addrs);
	u64map_deinit(&r->start_areas.by_addr);
	vec_deinit(&r->start_areas.addrs);
	vec_deinit(&r->found.addrs);
	u64map_deinit(&r->start_percpu.by_addr);
	vec_deinit(&r->start_percpu.addrs);
	vec_deinit(&r->start_objects.unplaced);
	vec_deinit(&r->start_objects.caches);
	replay_tally_deinit(&r->tally);
	vec_deinit(&r->slots);
	vec_deinit(&r->given);
	vec_deinit(&r->caches);
	vec_deinit(&r->origins);
	vec_deinit(&r->apart);
	vec_deinit(&r->splits);
	vec_deinit(&r->free_splits);
	vec_deinit(&r->probes);
	blocks_destroy(r->blocks);
	marks_destroy(r->marks);
	free(r);
}

bool replay_feed(struct replay *r, const struct repair_batch *batch, struct error *err)
{
	const struct event *events = batch->batch->events;

	vec_extend_zeroed(&r->slots, repair_nr_slots(r->repair));
	if (r->options.keep_given) {
		vec_reset(&r->given);
		vec_extend_zeroed(&r->given, batch->batch->nr);
	}
	if (batch->batch->nr)
		replay_look_first(r, events[0].time);
	for (size_t i = 0; i < batch->batch->nr; i++) {
		replay_event(r, batch, i);
		if (unlikely(r->options.self_check) && !check(r, &events[i], err))
			return false;
	}
	return true;
}

bool replay_finish(struct replay *r, struct error *err)
{
	replay_sample(r, r->tally.last_time);
	replay_look_last(r);
	return !r->options.self_check || machine_check(r->machine, err);
}

const struct replay_tally *replay_tally(const struct replay *r)
{
	return &r->tally;
}

const uint64_t *replay_given(const struct replay *r)
{
	return r->options.keep_given && r->options.layers & LAYER_SLAB ? r->given.items : NULL;
}

struct machine *replay_machine(struct replay *r)
{
	return r->machine;
}

enum replay_verdict replay_settle(struct replay *r, const struct replay_step *step,
				  struct mm_outcome outcome, unsigned int order)
{
	bool recorded = step->ev->flags & EVENT_F_FAILED;
	struct replay_failure failure;

	/* Who waited and got nothing waited, too. */
	replay_tally_cost(&r->tally, step->op->call, outcome);
	if (likely(mm_ok(outcome) && !recorded))
		return VERDICT_DONE;
	failure = (struct replay_failure){
		.nr = 1,
		.nr_pages = 1ULL << MIN(order, (unsigned int)KERNEL_MAX_ORDER), /* may be damaged */
		.first_time = step->ev->time,
		.first_event = r->tally.nr_events - 1,
		.free_pages = page_free_total(machine_pages(r->machine)),
		.gfp = event_gfp(step->ev),
		.site = r->names->sites.items[step->ev->site].canon,
		.call = step->op->call,
		.order = (uint8_t)order,
		.reason = outcome.failure,
		.recorded = recorded,
	};
	replay_tell_failure(r, &failure, step->ev);
	r->tally.nr_recovered += mm_ok(outcome);
	if (mm_ok(outcome))
		return VERDICT_RECOVERED;
	r->tally.nr_failed++;
	replay_tally_failure(&r->tally, &failure);
	return recorded ? VERDICT_FAILED_BOTH : VERDICT_FAILED;
}

bool replay_passes_over(struct replay *r, const struct replay_step *step, enum replay_layer layer,
			enum replay_verdict *verdict)
{
	if (step->op->fate == FATE_SKIPPED && step->op->kind != REPAIR_FAILED) {
		*verdict = VERDICT_SKIPPED;
		return true;
	}
	if (r->options.layers & layer)
		return false;
	replay_hold(r, step->op->slot, SLOT_COUNTED, 0);
	*verdict = VERDICT_COUNTED;
	return true;
}

void replay_hold(struct replay *r, uint32_t slot, enum slot_state state, uint64_t addr)
{
	if (slot != REPAIR_NO_SLOT)
		r->slots.items[slot] =
			(struct replay_slot){ .addr = addr, .state = (uint8_t)state };
}

enum replay_verdict replay_slot_free(struct replay *r, uint32_t slot, unsigned int cpu,
				     enum repair_call call)
{
	struct replay_slot *s = &r->slots.items[slot];
	enum slot_state state = s->state;
	struct mm_outcome outcome;

	if (unlikely(r->owners))
		owners_set_object(r->owners, slot, 0, NULL);
	s->state = SLOT_NOTHING;
	switch (state) {
	case SLOT_NOTHING:
		return VERDICT_UNSEEN;
	case SLOT_FAILED:
		return VERDICT_NOT_HERE;
	case SLOT_RECLAIMED:
		return VERDICT_RECLAIMED;
	case SLOT_COUNTED:
		return VERDICT_COUNTED;
	case SLOT_EXPLAINED:
		return VERDICT_EXPLAINED;
	case SLOT_LARGE:
		r->tally.asked_live_bytes -= s->asked;
		r->slab_owner = OWNER_KMALLOC_LARGE;
		outcome = slab_free(machine_slab(r->machine), cpu, s->addr);
		r->slab_owner = OWNER_SLAB;
		break;
	case SLOT_OBJECT:
		r->tally.asked_live_bytes -= s->asked;
		outcome = slab_free(machine_slab(r->machine), cpu, s->addr);
		break;
	case SLOT_PAGES:
		outcome = replay_block_free(r, slot, cpu);
		break;
	case SLOT_AREA:
	case SLOT_PERCPU:
		outcome = replay_area_free(r, s, state, cpu);
		break;
	case SLOT_CMA:
		outcome = replay_cma_free(r, s, cpu);
		break;
	}
	replay_tally_cost(&r->tally, call, outcome);
	return VERDICT_DONE;
}

/*
 * What had to be asked for to have the objects of the beginning, on a machine that is not as the
 * recorded one was, is no work of the recording's. What was asked for when they were is not known:
 * they count as asked for as a whole.
 */
static void begin_counting(struct replay *r)
{
	struct slab_allocator *slab = machine_slab(r->machine);
	uint64_t nr_large, large_pages;

	slab_count_anew(slab);
	page_count_anew(machine_pages(r->machine));
	slab_large_stats(slab, &nr_large, &large_pages);
	r->tally.asked_live_bytes += large_pages << KERNEL_PAGE_SHIFT;
	for (uint32_t id = 0; id < slab_nr_caches(slab); id++) {
		struct slab_cache_stats stats;

		if (slab_cache_get_stats(slab, id, &stats))
			r->tally.asked_live_bytes += stats.live_objs * stats.geometry.object_size;
	}
}

/* About a thousand looks at a short recording, one in 1024 events of a long one. */
static uint64_t sample_every(const struct survey *survey)
{
	uint64_t nr = survey ? survey->nr_events / MAX_SAMPLE_EVERY : MAX_SAMPLE_EVERY;

	return MAX(MIN(nr, (uint64_t)MAX_SAMPLE_EVERY), (uint64_t)MIN_SAMPLE_EVERY);
}

static void replay_event(struct replay *r, const struct repair_batch *batch, size_t i)
{
	const struct event *ev = &batch->batch->events[i];
	const struct repair_op *op = &batch->ops[i];
	struct replay_step step = {
		.batch = batch->batch,
		.ev = ev,
		.op = op,
		.cpu = ev->cpu < r->nr_cpus ? ev->cpu : ev->cpu % r->nr_cpus,
		.context = ev->flags & (EVENT_F_SOFTIRQ | EVENT_F_HARDIRQ | EVENT_F_NMI)
				   ? PAGE_CTX_IRQ
				   : 0,
	};

	if (unlikely(r->tally.nr_events >= r->found.next_at))
		replay_found_until(r, r->tally.nr_events);
	r->cpu = step.cpu;
	r->tally.nr_events++;
	r->tally.last_time = ev->time;
	if (unlikely(op->implied_free != REPAIR_NO_SLOT))
		end_implied(r, batch, i, step.cpu);
	if (unlikely(ev->time >= r->next_slab_tick))
		r->next_slab_tick = slab_tick(machine_slab(r->machine), ev->time);
	r->step = &step;
	r->tally.verdicts[op->call][dispatch(r, &step)]++;
	r->step = NULL;
	if (unlikely(r->owners))
		replay_note_owner(r, &step);
	if (unlikely(r->tally.nr_events >= r->next_look || ev->time >= r->next_look_time))
		replay_look(r, batch->batch);
}

/* Slots that end without a free of their own: see struct repair_op. */
static void end_implied(struct replay *r, const struct repair_batch *batch, size_t i,
			unsigned int cpu)
{
	const struct repair_op *op = &batch->ops[i];
	const uint32_t *list;

	if (op->call == CALL_PAGE_FREE && op->kind == REPAIR_MISMATCH)
		return;
	if (op->call != CALL_BULK_FREE && op->call != CALL_PAGE_FREE) {
		replay_slot_free(r, op->implied_free, cpu, CALL_OBJ_FREE);
		return;
	}
	list = &batch->lists[op->implied_free];
	for (uint32_t at = 1; at <= list[0]; at++)
		replay_slot_free(r, list[at], cpu, CALL_OBJ_FREE);
}

static enum replay_verdict dispatch(struct replay *r, const struct replay_step *step)
{
	const struct repair_op *op = step->op;

	switch ((enum repair_call)op->call) {
	case CALL_KMALLOC:
	case CALL_KMALLOC_LARGE:
	case CALL_CACHE_ALLOC:
		return replay_object_alloc(r, step);
	case CALL_PAGE_ALLOC:
		return replay_page_alloc(r, step);
	case CALL_PAGE_FREE:
		return replay_page_free(r, step);
	case CALL_VMAP_ALLOC:
		return replay_area_alloc(r, step);
	case CALL_PCPU_ALLOC:
		return replay_percpu_alloc(r, step);
	case CALL_OBJ_FREE:
	case CALL_LARGE_FREE:
	case CALL_VMAP_FREE:
	case CALL_PCPU_FREE:
	case CALL_CMA_FREE:
		if (op->slot != REPAIR_NO_SLOT && op->fate != FATE_SKIPPED)
			return replay_slot_free(r, op->slot, step->cpu, op->call);
		return op->kind == REPAIR_UNSEEN_ALLOC ? free_unseen(r, step) : VERDICT_SKIPPED;
	case CALL_BULK_FREE:
		return replay_start_bulk_free(r, step);
	case CALL_CMA_ALLOC:
		return replay_cma_alloc(r, step);
	case CALL_NONE:
		if (step->ev->type == EVENT_VMAP_PURGE)
			replay_area_purge(r);
		else if (unlikely(step->ev->type == EVENT_MARK && r->watch_markers))
			replay_note_marker(r, step->ev);
		break;
	case CALL_NR:
		break;
	}
	return op->fate == FATE_EXPLAINED ? VERDICT_EXPLAINED : VERDICT_SKIPPED;
}

/* What is freed and was never seen allocated may have been there at the beginning. */
static enum replay_verdict free_unseen(struct replay *r, const struct replay_step *step)
{
	if (step->op->call == CALL_OBJ_FREE)
		return replay_start_object_free(r, step->ev->slab.ptr, step->cpu);
	if (step->op->call == CALL_VMAP_FREE)
		return replay_start_area_free(r, step);
	if (step->op->call == CALL_PCPU_FREE)
		return replay_start_percpu_free(r, step);
	return VERDICT_UNSEEN;
}

/* The full check walks all of memory: as often as its cost stays in proportion to the events. */
static bool check(struct replay *r, const struct event *ev, struct error *err)
{
	bool full = r->tally.nr_events % FULL_CHECK_EVERY == 0;

	if (full ? machine_check(r->machine, err) : machine_check_quick(r->machine, err))
		return true;
	return error_prefix(err, "self-check failed after event %llu (%s)",
			    (unsigned long long)r->tally.nr_events, event_desc(ev->type)->name);
}
