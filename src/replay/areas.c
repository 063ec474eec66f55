/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address ranges of vmalloc and areas of percpu.
 *
 * The recording tells ranges, not calls of vmalloc(): ioremap, vmap and stacks look alike. So the
 * machine places and frees ranges, and the pages behind them are replayed from their own events.
 */
#include <config.h>

#include "areas_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/mm/percpu.h"
#include "kmreplay/mm/vmalloc.h"

/* What a probe or an event of alloc_vmap_area asks for. */
struct area_request {
	uint64_t size, align, vstart, vend;
};

static struct area_request area_request(struct replay *r, const struct event *ev);
static void translate(struct replay *r, struct area_request *request);

enum replay_verdict replay_area_alloc(struct replay *r, const struct replay_step *step)
{
	const struct repair_op *op = step->op;
	struct area_request request;
	enum replay_verdict verdict;
	struct mm_outcome outcome;
	enum slot_state state;

	if (replay_passes_over(r, step, LAYER_VMALLOC, &verdict))
		return verdict;
	request = area_request(r, step->ev);
	outcome = vmap_area_alloc(machine_vmalloc(r->machine), step->cpu, request.size,
				  request.align, request.vstart, request.vend);
	verdict = replay_settle(r, step, outcome, 0);
	state = mm_ok(outcome) ? SLOT_AREA : SLOT_FAILED;
	if (op->slot == REPAIR_NO_SLOT && mm_ok(outcome))
		(void)vmap_area_free(machine_vmalloc(r->machine), step->cpu, outcome.addr);
	replay_hold(r, op->slot, state, outcome.addr);
	return verdict;
}

enum replay_verdict replay_percpu_alloc(struct replay *r, const struct replay_step *step)
{
	const struct event *ev = step->ev;
	const struct repair_op *op = step->op;
	struct percpu_request request = {
		.size = ev->percpu.size,
		.align = ev->percpu.align,
		.gfp = ev->percpu.gfp,
		.reserved = ev->percpu.reserved,
	};
	enum replay_verdict verdict;
	struct mm_outcome outcome;

	if (replay_passes_over(r, step, LAYER_PERCPU, &verdict))
		return verdict;
	/* Before 5.19 the event has no mask; whether it may sleep is in a field of its own. */
	if (!request.gfp && !ev->percpu.is_atomic)
		request.gfp = GFP_BITS_KERNEL;
	outcome = percpu_alloc(machine_percpu(r->machine), step->cpu, &request);
	verdict = replay_settle(r, step, outcome, 0);
	if (op->slot == REPAIR_NO_SLOT && mm_ok(outcome))
		(void)percpu_free(machine_percpu(r->machine), step->cpu, outcome.addr);
	replay_hold(r, op->slot, mm_ok(outcome) ? SLOT_PERCPU : SLOT_FAILED, outcome.addr);
	return verdict;
}

struct mm_outcome replay_area_free(struct replay *r, const struct replay_slot *s,
				   enum slot_state state, unsigned int cpu)
{
	if (state == SLOT_PERCPU)
		return percpu_free(machine_percpu(r->machine), cpu, s->addr);
	return vmap_area_free(machine_vmalloc(r->machine), cpu, s->addr);
}

void replay_area_purge(struct replay *r)
{
	if (r->options.layers & LAYER_VMALLOC)
		(void)vmap_purge(machine_vmalloc(r->machine));
}

/* Addresses of another architecture mean nothing here: any range will do. */
bool replay_area_is_foreign(const struct replay *r, uint64_t addr)
{
	return (r->arch == ARCH_X86_32) != (addr <= UINT32_MAX);
}

static struct area_request area_request(struct replay *r, const struct event *ev)
{
	struct area_request request = { .align = 1 };
	struct vmalloc_stats stats;

	if (ev->type == EVENT_VMAP_ALLOC) {
		request = (struct area_request){ ev->vmap.size, ev->vmap.align, ev->vmap.vstart,
						 ev->vmap.vend };
		if (unlikely(replay_area_is_foreign(r, request.vstart))) {
			request.vstart = r->own_vstart;
			request.vend = r->own_vend;
		} else if (unlikely(r->own_vmalloc)) {
			translate(r, &request);
		}
		return request;
	}
	request.size = ev->probe.size - ev->probe.addr;
	if (ev->probe.addr >= REPLAY_MODULES_START && !replay_area_is_foreign(r, ev->probe.addr)) {
		request.vstart = REPLAY_MODULES_START;
		request.vend = REPLAY_MODULES_LAST;
	} else {
		vmalloc_stats(machine_vmalloc(r->machine), &stats);
		request.vstart = stats.range_start;
		request.vend = stats.range_end;
	}
	return request;
}

/*
 * The configuration gives the vmalloc range: what was asked for over the recorded kernel's range,
 * the first one seen that is not that of modules, is asked for over the machine's.
 */
static void translate(struct replay *r, struct area_request *request)
{
	if (!r->recorded_vend && request->vstart < REPLAY_MODULES_START) {
		r->recorded_vstart = request->vstart;
		r->recorded_vend = request->vend;
	}
	if (request->vstart != r->recorded_vstart || request->vend != r->recorded_vend)
		return;
	request->vstart = r->own_vstart;
	request->vend = r->own_vend;
}
