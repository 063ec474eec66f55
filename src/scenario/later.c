/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time in scenarios: sleeping, and blocks that run when their time has come.
 *
 * 1. A block ("after 5ms { ... }") runs once the host's clock has got there: between two
 *    statements, in a sleep, or while a call waits; at the end of the scenario the clock moves on
 *    for those that still wait. Two of the same time run in the order in which they were set up.
 * 2. It interrupts: it has circumstances of its own, and what ran before goes on when it has ended.
 *    While it runs, others interrupt it only where it sleeps or a call of its waits.
 * 3. Variables are those of the whole scenario, with the values of that time. The variables of the
 *    loops around the block are the exception: inside of it they have the values from when it was
 *    set up, as who writes such a loop expects.
 */
#include <config.h>

#include "scenario_internal.h"

static enum flow run_until(struct runner *r, uint64_t end_ns);
static enum flow run_next(struct runner *r);
static enum flow run_block(struct runner *r, const struct later *later);
static void swap_kept(struct runner *r, const struct later *later);
static bool ended(struct runner *r, enum flow flow);
static struct later take_first(struct runner *r);
static void sift_up(struct runner *r, size_t i);
static bool before(const struct later *a, const struct later *b);
static void swap(struct later *a, struct later *b);
static uint64_t now_ns(const struct runner *r);
static void pass_until(const struct runner *r, uint64_t end_ns);

bool later_sleep(struct runner *r, const struct stmt *stmt)
{
	const struct scenario_host *host = r->scenario->host;
	scenario_int ns;

	if (!eval_int(r, stmt->expr[0], 0, INT64_MAX, &ns))
		return false;
	if (!host->may_sleep(r->scenario->ctx, r->err))
		return scenario_error_at(r->scenario, &stmt->place, r->err, r->where);
	return ended(r, run_until(r, now_ns(r) + (uint64_t)ns));
}

bool later_add(struct runner *r, const struct stmt *stmt)
{
	struct later later = { .nr = r->nr_later++, .stmt = stmt, .cpu = r->cpu };
	scenario_int ns;

	if (!eval_int(r, stmt->expr[0], 0, INT64_MAX, &ns))
		return false;
	if (r->later.nr == SCENARIO_MAX_LATER)
		return scenario_error(r->scenario, &stmt->place, r->err, r->where,
				      "more than %d blocks wait for their time",
				      SCENARIO_MAX_LATER);
	later.at_ns = now_ns(r) + (uint64_t)ns;
	later.kept = xcalloc(MAX(stmt->nr_kept, 1U), sizeof(*later.kept));
	for (unsigned int i = 0; i < stmt->nr_kept; i++)
		later.kept[i] = r->variables.items[stmt->kept[i]];
	vec_push(&r->later, later);
	sift_up(r, r->later.nr - 1);
	return true;
}

enum flow later_run_due(struct runner *r)
{
	while (r->later.nr && !r->nested && r->later.items[0].at_ns <= now_ns(r)) {
		const enum flow flow = run_next(r);

		if (flow != FLOW_ON)
			return flow;
	}
	return FLOW_ON;
}

enum flow later_run_all(struct runner *r)
{
	enum flow flow = FLOW_ON;

	while (r->later.nr && flow == FLOW_ON)
		flow = run_next(r);
	return flow;
}

void later_deinit(struct runner *r)
{
	vec_foreach(&r->later, later)
		free(later->kept);
	vec_deinit(&r->later);
}

bool scenario_wait(const struct scenario_call *call, uint64_t ns)
{
	struct runner *r = call->runner;
	const uint64_t end_ns = now_ns(r) + MIN(ns, (uint64_t)INT64_MAX);
	enum flow flow = FLOW_ON;

	if (r->later.nr && r->later.items[0].at_ns <= end_ns)
		flow = run_next(r);
	else
		pass_until(r, end_ns);
	return ended(r, flow) && r->later.nr;
}

static enum flow run_until(struct runner *r, uint64_t end_ns)
{
	while (r->later.nr && r->later.items[0].at_ns <= end_ns) {
		const enum flow flow = run_next(r);

		if (flow != FLOW_ON)
			return flow;
	}
	pass_until(r, end_ns);
	return FLOW_ON;
}

/* The clock goes on to the next block, which runs. */
static enum flow run_next(struct runner *r)
{
	const struct later later = take_first(r);
	enum flow flow;

	pass_until(r, later.at_ns);
	if (r->nested == SCENARIO_MAX_DEPTH) {
		scenario_error(r->scenario, &later.stmt->place, r->err, r->where,
			       "more than %d blocks have interrupted each other",
			       SCENARIO_MAX_DEPTH);
		flow = FLOW_ERROR;
	} else {
		flow = run_block(r, &later);
	}
	free(later.kept);
	return flow;
}

static enum flow run_block(struct runner *r, const struct later *later)
{
	const struct scenario_host *host = r->scenario->host;
	const uint64_t cpu = r->cpu;
	enum flow flow;

	r->nested++;
	r->cpu = later->cpu;
	host->interrupt(r->scenario->ctx, true, later->cpu, &later->stmt->place);
	swap_kept(r, later);
	flow = run_list(r, later->stmt->body);
	swap_kept(r, later);
	host->interrupt(r->scenario->ctx, false, cpu, &later->stmt->place);
	r->cpu = cpu;
	r->nested--;
	return flow;
}

static void swap_kept(struct runner *r, const struct later *later)
{
	for (unsigned int i = 0; i < later->stmt->nr_kept; i++) {
		struct scenario_value *variable = &r->variables.items[later->stmt->kept[i]];
		const struct scenario_value value = *variable;

		*variable = later->kept[i];
		later->kept[i] = value;
	}
}

/* Inside a statement or a call only this is left to say that all is over. */
static bool ended(struct runner *r, enum flow flow)
{
	if (flow == FLOW_ON)
		return true;
	r->ended = flow;
	return false;
}

static struct later take_first(struct runner *r)
{
	struct later *items = r->later.items;
	const struct later first = items[0];
	const size_t nr = --r->later.nr;
	size_t i = 0, child;

	items[0] = items[nr];
	while ((child = 2 * i + 1) < nr) {
		child += child + 1 < nr && before(&items[child + 1], &items[child]);
		if (!before(&items[child], &items[i]))
			break;
		swap(&items[i], &items[child]);
		i = child;
	}
	return first;
}

static void sift_up(struct runner *r, size_t i)
{
	struct later *items = r->later.items;

	for (; i && before(&items[i], &items[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&items[i], &items[(i - 1) / 2]);
}

static bool before(const struct later *a, const struct later *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->nr < b->nr;
}

static void swap(struct later *a, struct later *b)
{
	const struct later was = *a;

	*a = *b;
	*b = was;
}

static uint64_t now_ns(const struct runner *r)
{
	return r->scenario->host->now(r->scenario->ctx);
}

static void pass_until(const struct runner *r, uint64_t end_ns)
{
	const uint64_t now = now_ns(r);

	if (end_ns > now)
		r->scenario->host->pass(r->scenario->ctx, end_ns - now);
}
