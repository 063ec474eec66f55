/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages behind percpu chunks: those that the recorded requests and the work behind them took, held
 * against what ours takes. A request's pages are single ones, for each CPU as many as its area
 * needs more, and come just before its own event, by the same task; the work's have a mask of
 * their own, tell when it runs, and are only counted.
 */
#include <config.h>

#include "percpu_judge.h"

#include "kmreplay/abi/gfp.h"

static struct percpu_task_pages *pages_of(struct percpu_judge *j, int32_t pid);
static void detect(struct percpu_judge *j, const struct event *ev, uint64_t recorded,
		   uint64_t ours);
static bool is_from_boot(const struct percpu_judge *j);

void percpu_judge_page(struct percpu_judge *j, const struct event *ev, const struct repair_op *op)
{
	const uint32_t mask = GFP_BITS_KERNEL | GFP_BIT_HIGHMEM | GFP_BIT_NOWARN;

	j->pages.recorded = true;
	if (op->owner == OWNER_VMALLOC && !ev->page.order && op->fate != FATE_EXPLAINED &&
	    ev->page.gfp == mask)
		pages_of(j, ev->pid)->maybe++;
	if (op->owner != OWNER_PERCPU)
		return;
	if (ev->page.gfp & GFP_BIT_NORETRY) {
		const unsigned int due = percpu_balance_due(j->p);

		j->pages.by_work++;
		if (due & PERCPU_BALANCE_POPULATES &&
		    !(due & (PERCPU_BALANCE_CREATES | PERCPU_BALANCE_DESTROYS)))
			percpu_judge_balance(j, ev->cpu);
	} else {
		pages_of(j, ev->pid)->nr++;
	}
}

void percpu_judge_populated(struct percpu_judge *j, const struct event *ev)
{
	struct percpu_task_pages *task = pages_of(j, ev->pid);
	struct percpu_stats stats;
	uint64_t ours;

	percpu_stats(j->p, &stats);
	ours = (stats.nr_pages_alloced - j->pages.ours - j->pages.ours_by_work) * j->nr_cpus;
	j->pages.ours = stats.nr_pages_alloced - j->pages.ours_by_work;
	if (ours > task->nr)
		task->nr += MIN(task->maybe, ours - task->nr);
	if (j->pages.recorded && is_from_boot(j))
		detect(j, ev, task->nr, ours);
	task->nr = task->maybe = 0;
}

void percpu_judge_balance(struct percpu_judge *j, unsigned int cpu)
{
	struct percpu_stats stats;
	uint64_t before;

	percpu_stats(j->p, &stats);
	before = stats.nr_pages_alloced;
	percpu_balance(j->p, cpu);
	percpu_stats(j->p, &stats);
	j->pages.ours_by_work += stats.nr_pages_alloced - before;
}

void percpu_judge_pages_finish(struct percpu_judge *j)
{
	const struct event none = { 0 };

	if (!j->pages.recorded || !is_from_boot(j))
		return;
	detect(j, &none, j->pages.by_work, j->pages.ours_by_work * j->nr_cpus);
}

/* The task's place among the last few, maybe another's that it replaces. */
static struct percpu_task_pages *pages_of(struct percpu_judge *j, int32_t pid)
{
	struct percpu_task_pages *oldest = &j->pages.tasks[0];

	for (size_t i = 0; i < ARRAY_SIZE(j->pages.tasks); i++) {
		struct percpu_task_pages *task = &j->pages.tasks[i];

		if (task->pid == pid && task->used) {
			task->used = ++j->pages.clock;
			return task;
		}
		if (task->used < oldest->used)
			oldest = task;
	}
	*oldest = (struct percpu_task_pages){ .pid = pid, .used = ++j->pages.clock };
	return oldest;
}

static void detect(struct percpu_judge *j, const struct event *ev, uint64_t recorded,
		   uint64_t ours)
{
	const struct verify_what what = {
		.ev = ev, .number = j->number, .order = 0, .type = MIGRATE_NR
	};

	for (uint64_t i = 0; i < MAX(recorded, ours); i++)
		(void)verify_detect(j->log, VERIFY_PERCPU_PAGES, i < recorded, i < ours, &what);
}

/* Else chunks have pages that nobody saw them get. */
static bool is_from_boot(const struct percpu_judge *j)
{
	return j->setup->survey && j->setup->survey->from_boot;
}
