/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: a file of any content goes through detection, unpacking, every reader, repair and
 * both printers. Beyond "no crash": batches and counts must agree, each event must get one fate,
 * and slots must begin and end as repair.h says, whatever nonsense was recorded.
 */
#include <config.h>

#include "fuzz.h"

#include "kmreplay/core/vec.h"
#include "kmreplay/event/print.h"
#include "kmreplay/repair/repair.h"
#include "kmreplay/trace/trace.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* One input on its way, and what is known of its slots. */
struct run {
	struct event_names names;
	struct event_printer printer;
	struct str text;
	struct vec(uint8_t) alive; /* by slot */
	uint64_t nr_alive;
	uint64_t nr_ops;
};

static void read_all(const char *path, struct run *run);
static struct repair *start_repair(struct run *run, const struct trace *trace);
static void pull_all(struct run *run, struct repair *repair);
static void check_end(const struct run *run, const struct repair *repair, uint64_t nr_events);
static void check_op(struct run *run, const struct repair_batch *batch, size_t i);
static void slot_begins(struct run *run, uint32_t slot);
static void slot_ends(struct run *run, uint32_t slot);
static bool is_free(const struct repair_op *op);
static void ended_by_list(struct run *run, const struct repair_batch *batch, uint32_t index);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", 0);
	struct run run = { 0 };
	char path[40];

	BUG_ON(fd < 0 || write(fd, data, size) != (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	event_names_init(&run.names);
	str_init(&run.text);
	read_all(path, &run);
	str_deinit(&run.text);
	vec_deinit(&run.alive);
	event_names_deinit(&run.names);
	close(fd);
	return 0;
}

static void read_all(const char *path, struct run *run)
{
	const struct trace_options options = { .no_readahead = true };
	struct trace *trace;
	struct repair *repair = NULL;
	struct event_batch batch;
	enum trace_status status;
	uint64_t nr_events = 0;
	struct error err = { "" };

	trace = trace_open(path, &options, &run->names, &err);
	if (!trace) {
		BUG_ON(!err.message[0] || strchr(err.message, '\n'));
		return;
	}
	event_batch_init(&batch, TRACE_BATCH);
	while ((status = trace_next(trace, &batch, &err)) == TRACE_MORE) {
		BUG_ON(!batch.nr || batch.nr > TRACE_BATCH);
		nr_events += batch.nr;
		if (!repair)
			repair = start_repair(run, trace);
		repair_push(repair, &batch);
		pull_all(run, repair);
	}
	BUG_ON(status == TRACE_ERROR && (!err.message[0] || strchr(err.message, '\n')));
	BUG_ON(trace_info(trace)->nr_events != nr_events);
	if (repair) {
		repair_finish(repair);
		pull_all(run, repair);
		check_end(run, repair, nr_events);
	}
	repair_destroy(repair);
	event_batch_deinit(&batch);
	trace_close(trace);
}

static struct repair *start_repair(struct run *run, const struct trace *trace)
{
	const struct trace_info *info = trace_info(trace);
	const struct repair_options options = { .hashed_ptrs = info->hashed_ptrs,
						.long_is_32 = info->long_is_32 };

	run->printer = (struct event_printer){ .names = &run->names,
					       .era = info->era,
					       .ticks = info->unit == TRACE_CLOCK_TICKS };
	return repair_create(&options, &run->names);
}

static void pull_all(struct run *run, struct repair *repair)
{
	struct repair_batch out;

	while (repair_pull(repair, &out)) {
		for (size_t i = 0; i < out.batch->nr; i++) {
			str_reset(&run->text);
			event_print_text(&run->printer, &out.batch->events[i], out.batch,
					 &run->text);
			event_print_json(&run->printer, &out.batch->events[i], out.batch,
					 &run->text);
			check_op(run, &out, i);
		}
		run->nr_ops += out.batch->nr;
	}
}

/* The conservation law. */
static void check_end(const struct run *run, const struct repair *repair, uint64_t nr_events)
{
	const struct repair_coverage *coverage = repair_coverage(repair);
	uint64_t fates = 0, kinds = 0;

	for (int call = 0; call < CALL_NR; call++) {
		for (int fate = 0; fate < FATE_NR; fate++)
			fates += coverage->by_fate[call][fate];
		for (int kind = 0; kind < REPAIR_KIND_NR; kind++)
			kinds += coverage->by_kind[call][kind];
	}
	BUG_ON(coverage->nr_events != nr_events);
	BUG_ON(run->nr_ops != nr_events);
	BUG_ON(fates != nr_events);
	BUG_ON(kinds != nr_events);
	BUG_ON(coverage->live != run->nr_alive);
	BUG_ON(repair_nr_slots(repair) < run->nr_alive);
}

static void check_op(struct run *run, const struct repair_batch *batch, size_t i)
{
	const struct repair_op *op = &batch->ops[i];

	BUG_ON(op->call >= CALL_NR || op->fate >= FATE_NR || op->kind >= REPAIR_KIND_NR);
	BUG_ON(op->owner >= OWNER_NR);
	if (op->fate == FATE_SKIPPED || op->call == CALL_NONE)
		return;
	if (op->call == CALL_BULK_FREE) {
		ended_by_list(run, batch, op->implied_free);
	} else if (!is_free(op)) {
		if (op->kind == REPAIR_UNSEEN_FREE)
			slot_ends(run, op->implied_free);
		if (op->slot != REPAIR_NO_SLOT)
			slot_begins(run, op->slot);
	} else if (op->call == CALL_PAGE_FREE && op->kind == REPAIR_MISMATCH) {
		BUG_ON(op->slot >= run->alive.nr || !run->alive.items[op->slot]);
		if (op->implied_free == op->slot)
			slot_ends(run, op->slot);
	} else {
		if (op->call == CALL_PAGE_FREE && op->kind == REPAIR_UNSEEN_FREE)
			ended_by_list(run, batch, op->implied_free);
		if (op->slot != REPAIR_NO_SLOT)
			slot_ends(run, op->slot);
	}
}

static bool is_free(const struct repair_op *op)
{
	switch ((enum repair_call)op->call) {
	case CALL_OBJ_FREE:
	case CALL_LARGE_FREE:
	case CALL_PAGE_FREE:
	case CALL_VMAP_FREE:
	case CALL_PCPU_FREE:
	case CALL_CMA_FREE:
	case CALL_BULK_FREE:
		return true;
	case CALL_NONE:
	case CALL_KMALLOC:
	case CALL_KMALLOC_LARGE:
	case CALL_CACHE_ALLOC:
	case CALL_PAGE_ALLOC:
	case CALL_VMAP_ALLOC:
	case CALL_PCPU_ALLOC:
	case CALL_CMA_ALLOC:
	case CALL_NR:
		break;
	}
	return false;
}

static void ended_by_list(struct run *run, const struct repair_batch *batch, uint32_t index)
{
	if (index == REPAIR_NO_SLOT)
		return;
	for (uint32_t i = 1; i <= batch->lists[index]; i++)
		slot_ends(run, batch->lists[index + i]);
}

static void slot_begins(struct run *run, uint32_t slot)
{
	vec_extend_zeroed(&run->alive, (size_t)slot + 1);
	BUG_ON(run->alive.items[slot]);
	run->alive.items[slot] = 1;
	run->nr_alive++;
}

static void slot_ends(struct run *run, uint32_t slot)
{
	BUG_ON(slot >= run->alive.nr || !run->alive.items[slot]);
	run->alive.items[slot] = 0;
	run->nr_alive--;
}
