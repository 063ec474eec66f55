/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When an event's effect took place. An allocation is recorded after its object was taken, a free
 * before its object is given back; what interrupts a task between the two is recorded on the wrong
 * side of it. Only the order of neighbours on one CPU is in question, and addresses decide it:
 *
 *  - A context is interrupted (or switched away from) and its next event is an allocation. If the
 *    allocator would give just that object now, and not any more after what comes in between, then
 *    it had been taken already.
 *  - A context is interrupted right after the event of a free, and who interrupts it gets the
 *    object that was on top before: then the freed object was not back yet.
 *
 * Events of other CPUs are not moved here: where two CPUs meet is decided by what is seen later.
 */
#include <config.h>

#include "slab_judge.h"

#define GROUND_EARLY "allocations recorded after the events of what interrupted them"
#define GROUND_LATE "frees recorded before the events of what interrupted them"

/* Events of one CPU that an interruption may last for the second rule. */
enum { MAX_BURST = 64 };

static struct slab_cpu_order *order_of(struct slab_judge *j, uint16_t cpu);
static void leave_context(struct slab_judge *j, struct slab_cpu_order *o, uint64_t context);
static void take_effect(struct slab_judge *j, struct slab_step *step);
static void settle_waiting(struct slab_judge *j, struct slab_cpu_order *o,
			   const struct slab_step *step);
static bool is_untouched(struct slab_judge *j, uint64_t from, uint64_t to, uint64_t ptr);
static bool comes_later(struct slab_judge *j, const struct slab_step *step);
static void free_now(struct slab_judge *j, struct slab_step *step);
static void settle_deferred(struct slab_judge *j, struct slab_cpu_order *o);
static bool is_object_alloc(const struct slab_step *step);
static bool is_object_free(const struct slab_step *step);

void slab_order_step(struct slab_judge *j, uint64_t number)
{
	struct slab_step *step = slab_judge_step(j, number);
	const uint64_t context = slab_context(&step->ev);
	struct slab_cpu_order *o = order_of(j, step->ev.cpu);

	j->now = number;
	if (o->context != context)
		leave_context(j, o, context);
	if (o->deferred && slab_context(&slab_judge_step(j, o->deferred - 1)->ev) == context)
		settle_deferred(j, o);
	o->context = context;
	o->last = number;
	if (!step->done)
		take_effect(j, step);
}

void slab_order_finish(struct slab_judge *j)
{
	for (size_t i = 0; i < j->cpus.nr; i++)
		settle_deferred(j, &j->cpus.items[i]);
}

static struct slab_cpu_order *order_of(struct slab_judge *j, uint16_t cpu)
{
	vec_extend_zeroed(&j->cpus, (size_t)cpu + 1);
	return &j->cpus.items[cpu];
}

/* Another context goes on: what the last one does next may have had its effect already. */
static void leave_context(struct slab_judge *j, struct slab_cpu_order *o, uint64_t context)
{
	uint64_t next;

	(void)context;
	if (!o->context || o->last + SLAB_RING <= j->tail)
		return;
	next = slab_judge_step(j, o->last)->next;
	if (!next || !is_object_alloc(slab_judge_step(j, next)))
		return;
	o->waiting[o->at] = next;
	o->at = (o->at + 1) % SLAB_NR_WAITING;
}

static void take_effect(struct slab_judge *j, struct slab_step *step)
{
	struct slab_cpu_order *o = order_of(j, step->ev.cpu);

	switch (step->ev.type) {
	case EVENT_KMALLOC:
	case EVENT_KMALLOC_NODE:
	case EVENT_CACHE_ALLOC:
	case EVENT_CACHE_ALLOC_NODE:
		if (!is_object_alloc(step))
			break;
		settle_waiting(j, o, step);
		slab_follow_alloc(j, step, step->ev.cpu);
		break;
	case EVENT_KFREE:
	case EVENT_CACHE_FREE:
		if (!is_object_free(step))
			break;
		settle_waiting(j, o, step);
		if (!o->deferred && comes_later(j, step)) {
			o->deferred = step->number + 1;
			slab_aside(j, ASIDE_GROUND, GROUND_LATE, 1);
		} else {
			free_now(j, step);
		}
		break;
	case EVENT_PAGE_ALLOC:
		slab_follow_page_alloc(j, step);
		break;
	case EVENT_PAGE_FREE:
	case EVENT_PAGE_FREE_DIRECT:
		slab_follow_page_free(j, step);
		break;
	case EVENT_PROBE_BULK_ALLOC:
		slab_silent_bulk_alloc(j, step);
		break;
	case EVENT_PROBE_BULK_RET:
		slab_silent_bulk_ret(j, step);
		break;
	case EVENT_PROBE_BULK_FREE:
		slab_silent_bulk_free(j, step);
		break;
	default:
		break;
	}
	step->done = true;
}

/* "step" is about to touch a cache: did interrupted contexts get their objects before? */
static void settle_waiting(struct slab_judge *j, struct slab_cpu_order *o,
			   const struct slab_step *step)
{
	for (unsigned int i = 0; i < SLAB_NR_WAITING; i++) {
		struct slab_step *waiting;
		uint32_t cache;

		if (!o->waiting[i])
			continue;
		if (o->waiting[i] <= step->number) {
			o->waiting[i] = 0;
			continue;
		}
		waiting = slab_judge_step(j, o->waiting[i]);
		if (step->op.cache != waiting->op.cache)
			continue;
		o->waiting[i] = 0;
		cache = slab_judge_cache(j, waiting->op.cache, &waiting->ev);
		if (waiting->done || cache == SLAB_CACHE_NONE ||
		    slab_follow_expected(j, cache, step->ev.cpu, waiting->ev.slab.node) !=
			    slab_ours(j, waiting->ev.slab.ptr) ||
		    !is_untouched(j, step->number, waiting->number, waiting->ev.slab.ptr))
			continue;
		slab_aside(j, ASIDE_GROUND, GROUND_EARLY, 1);
		slab_follow_alloc(j, waiting, step->ev.cpu);
		waiting->done = true;
	}
}

/* No object event in ["from", "to") is about "ptr". */
static bool is_untouched(struct slab_judge *j, uint64_t from, uint64_t to, uint64_t ptr)
{
	for (uint64_t i = from; i < to; i++) {
		const struct slab_step *step = slab_judge_step(j, i);

		if (step->ev.type <= EVENT_CACHE_FREE && step->ev.slab.ptr == ptr)
			return false;
	}
	return true;
}

/* Free "step" has its effect only after what interrupts it. */
static bool comes_later(struct slab_judge *j, const struct slab_step *step)
{
	const uint64_t context = slab_context(&step->ev);
	const uint64_t end = MIN(j->tail, step->number + 4 * MAX_BURST);
	unsigned int level = slab_level(&step->ev);

	for (uint64_t i = step->number + 1; i < end; i++) {
		const struct slab_step *other = slab_judge_step(j, i);
		uint64_t expected;
		uint32_t cache;

		if (other->ev.cpu != step->ev.cpu)
			continue;
		if (slab_context(&other->ev) == context || slab_level(&other->ev) <= level)
			return false;
		if (!is_object_alloc(other) || other->op.cache != step->op.cache)
			continue;
		if (other->ev.slab.ptr == step->ev.slab.ptr)
			return false;
		cache = slab_judge_cache(j, other->op.cache, &other->ev);
		if (cache == SLAB_CACHE_NONE)
			return false;
		expected = slab_follow_expected(j, cache, step->ev.cpu, other->ev.slab.node);
		return expected && expected == slab_ours(j, other->ev.slab.ptr);
	}
	return false;
}

static void free_now(struct slab_judge *j, struct slab_step *step)
{
	slab_follow_free(j, step, step->ev.slab.ptr, step->ev.cpu);
}

static void settle_deferred(struct slab_judge *j, struct slab_cpu_order *o)
{
	struct slab_step *step;

	if (!o->deferred)
		return;
	step = slab_judge_step(j, o->deferred - 1);
	o->deferred = 0;
	free_now(j, step);
}

static bool is_object_alloc(const struct slab_step *step)
{
	return (step->op.call == CALL_KMALLOC || step->op.call == CALL_CACHE_ALLOC) &&
	       step->op.fate != FATE_SKIPPED;
}

static bool is_object_free(const struct slab_step *step)
{
	return step->op.call == CALL_OBJ_FREE && step->op.kind != REPAIR_NULL_FREE;
}
