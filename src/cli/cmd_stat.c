/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * `kmreplay stat`: who allocated how much, from the repaired recording alone, without a machine.
 *
 * Filters pick allocations; the free of an object counts with its allocation, whoever frees it
 * and whenever, so that what is live stays true.
 */
#include <config.h>

#include "stat_internal.h"
#include "command.h"

#include "kmreplay/event/event.h"
#include "kmreplay/repair/repair.h"

static bool stat_batch(void *ctx, const struct repair *repair, const struct repair_batch *batch);
static void stat_event(struct stat *stat, const struct event *ev, const struct repair_op *op,
		       const uint32_t *lists);
static void stat_alloc(struct stat *stat, const struct event *ev, const struct repair_op *op,
		       struct account_call *call);
static void stat_free(struct stat *stat, const struct repair_op *op, struct account_call *call,
		      const uint32_t *lists);
static void stat_free_list(struct stat *stat, const struct account_call *like,
			   const uint32_t *list, enum account_kind kind);
static void push_free(struct stat *stat, const struct account_call *like, uint32_t slot,
		      enum account_kind kind);
static bool call_space(enum repair_call call, enum account_space *space, bool *alloc);
static void fill_request(const struct stat *stat, const struct event *ev,
			 struct account_call *call);
static void fill_vmap(const struct event *ev, struct account_call *call);
static void note_task(struct stat *stat, const struct event *ev);
static uint64_t pages_to_bytes(uint64_t nr);

int cmd_stat(struct cli *cli)
{
	struct stat stat = { .cli = cli };
	struct cli_input in;
	int status;

	if (!cli_output_open(cli))
		return EXIT_OUTPUT;
	if (!cli_input_open(&in, cli, cli->args.operands.items[0]))
		return EXIT_INPUT;
	interrupt_catch();
	stat.in = &in;
	stat.account = account_create();
	u64map_init(&stat.comms);
	stat.repair = cli_input_repaired(&in, stat_batch, &stat, &status);
	if (status != EXIT_INPUT) {
		struct report *report = stat_report(&stat);

		cli_output_report(cli, report);
		report_destroy(report);
		status = cli_output_commit(cli, status);
	}
	vec_deinit(&stat.calls);
	vec_deinit(&stat.selected);
	u64map_deinit(&stat.comms);
	account_destroy(stat.account);
	repair_destroy(stat.repair);
	cli_input_close(&in);
	return status;
}

static bool stat_batch(void *ctx, const struct repair *repair UNUSED,
		       const struct repair_batch *batch)
{
	struct stat *stat = ctx;

	vec_reset(&stat->calls);
	for (size_t i = 0; i < batch->batch->nr; i++)
		stat_event(stat, &batch->batch->events[i], &batch->ops[i], batch->lists);
	account_calls(stat->account, stat->calls.items, stat->calls.nr);
	return true;
}

static void stat_event(struct stat *stat, const struct event *ev, const struct repair_op *op,
		       const uint32_t *lists)
{
	struct account_call call;
	enum account_space space;
	bool alloc;

	if (!call_space(op->call, &space, &alloc))
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
		stat_alloc(stat, ev, op, &call);
	else
		stat_free(stat, op, &call, lists);
}

static void stat_alloc(struct stat *stat, const struct event *ev, const struct repair_op *op,
		       struct account_call *call)
{
	bool accepted = filter_accepts(&stat->in->filter, ev);

	if (op->kind == REPAIR_UNSEEN_FREE && op->implied_free != REPAIR_NO_SLOT)
		push_free(stat, call, op->implied_free, ACCOUNT_FREE_UNSEEN);
	if (op->fate == FATE_SKIPPED && op->kind != REPAIR_FAILED)
		return;
	if (stat->in->filter.any && op->slot != REPAIR_NO_SLOT) {
		vec_extend_zeroed(&stat->selected, (size_t)op->slot + 1);
		stat->selected.items[op->slot] = accepted;
	}
	if (!accepted) {
		stat->nr_filtered++;
		return;
	}
	call->kind = op->kind == REPAIR_FAILED ? ACCOUNT_FAILED : ACCOUNT_ALLOC;
	if (call->kind == ACCOUNT_ALLOC && op->slot == REPAIR_NO_SLOT)
		return;
	fill_request(stat, ev, call);
	note_task(stat, ev);
	vec_push(&stat->calls, *call);
}

static void stat_free(struct stat *stat, const struct repair_op *op, struct account_call *call,
		      const uint32_t *lists)
{
	if (op->fate == FATE_SKIPPED) {
		/* Of what was never seen allocated it is not known whether it was asked for. */
		if (op->kind == REPAIR_UNSEEN_ALLOC && !stat->in->filter.any) {
			call->kind = ACCOUNT_FREE_ALIEN;
			vec_push(&stat->calls, *call);
		}
		return;
	}
	if (op->call == CALL_BULK_FREE) {
		if (op->implied_free != REPAIR_NO_SLOT)
			stat_free_list(stat, call, lists + op->implied_free, ACCOUNT_FREE);
		return;
	}
	if (op->call == CALL_PAGE_FREE && op->kind == REPAIR_UNSEEN_FREE &&
	    op->implied_free != REPAIR_NO_SLOT)
		stat_free_list(stat, call, lists + op->implied_free, ACCOUNT_FREE_UNSEEN);
	/* A part of a block: it counts when the last part goes. */
	if (op->call == CALL_PAGE_FREE && op->kind == REPAIR_MISMATCH &&
	    op->implied_free != op->slot)
		return;
	if (op->slot != REPAIR_NO_SLOT)
		push_free(stat, call, op->slot, ACCOUNT_FREE);
}

static void stat_free_list(struct stat *stat, const struct account_call *like,
			   const uint32_t *list, enum account_kind kind)
{
	struct account_call call = *like;

	call.space = ACCOUNT_OBJECTS;
	for (uint32_t i = 1; i <= list[0]; i++)
		push_free(stat, &call, list[i], kind);
}

static void push_free(struct stat *stat, const struct account_call *like, uint32_t slot,
		      enum account_kind kind)
{
	struct account_call call = *like;

	if (stat->in->filter.any &&
	    (slot >= stat->selected.nr || !stat->selected.items[slot]))
		return;
	call.slot = slot;
	call.kind = (uint8_t)kind;
	vec_push(&stat->calls, call);
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
static void fill_request(const struct stat *stat, const struct event *ev,
			 struct account_call *call)
{
	call->site = stat->in->names.sites.items[ev->site].canon;
	switch ((enum account_space)call->space) {
	case ACCOUNT_OBJECTS:
		call->bytes_req = ev->slab.bytes_req;
		call->bytes_alloc = ev->slab.bytes_alloc;
		call->gfp = ev->slab.gfp;
		return;
	case ACCOUNT_PAGES:
		call->bytes_alloc = ev->page.order < 52 ? pages_to_bytes(1ULL << ev->page.order) : 0;
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

static void note_task(struct stat *stat, const struct event *ev)
{
	struct stat_task *task = &stat->tasks[(uint32_t)ev->pid % STAT_TASKS];
	uint32_t *comm;
	bool fresh;

	if (!ev->comm || (task->pid == ev->pid && task->comm))
		return;
	comm = u64map_insert(&stat->comms, (uint32_t)ev->pid, &fresh);
	if (fresh)
		*comm = ev->comm;
	*task = (struct stat_task){ ev->pid, *comm };
}

static uint64_t pages_to_bytes(uint64_t nr)
{
	return nr > UINT64_MAX / KERNEL_PAGE_SIZE ? UINT64_MAX : nr * KERNEL_PAGE_SIZE;
}
