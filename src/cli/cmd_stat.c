/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * `kmreplay stat`: who allocated how much, from the repaired recording alone, without a machine.
 */
#include <config.h>

#include "stat_internal.h"
#include "command.h"

#include "kmreplay/event/event.h"
#include "kmreplay/repair/repair.h"

static int stat_run(struct stat *stat);
static void add_views(struct stat *stat);
static void add_view(struct stat *stat, const struct when *when);
static int find_views(struct stat *stat);
static bool hear_views(struct stat *stat);
static bool stat_batch(void *ctx, const struct repair *repair, const struct repair_batch *batch);
static void feed_view(struct stat_view *view, const struct repair_batch *batch);
static void note_task(void *ctx, const struct event *ev);

int cmd_stat(struct cli *cli)
{
	struct stat stat = { .cli = cli };
	struct cli_input in;
	int status;

	if (!cli_output_open(cli))
		return EXIT_OUTPUT;
	interrupt_catch();
	stat.in = &in;
	u64map_init(&stat.comms);
	add_views(&stat);
	status = find_views(&stat);
	if (status == EXIT_OK) {
		status = stat_run(&stat);
		cli_input_close(&in);
	}
	vec_foreach(&stat.views, view)
		account_feed_deinit(&view->feed);
	vec_deinit(&stat.views);
	when_finder_deinit(&stat.finder);
	u64map_deinit(&stat.comms);
	repair_destroy(stat.repair);
	return status;
}

static int stat_run(struct stat *stat)
{
	struct cli *cli = stat->cli;
	int status;

	stat->repair = cli_input_repaired(stat->in, stat_batch, stat, &status);
	if (status == EXIT_INPUT)
		return status;
	/* An event that does not exist shows only now; who was interrupted gets what there is. */
	if (status != EXIT_INTERRUPTED && stat->in->finder && !hear_views(stat))
		return EXIT_USAGE;
	vec_foreach(&stat->views, view) {
		struct report *report = stat_report(stat, view);

		cli_output_report(cli, report);
		report_destroy(report);
	}
	return cli_output_commit(cli, status);
}

/* One for each --at, or of the end. */
static void add_views(struct stat *stat)
{
	when_finder_init(&stat->finder, TRACE_CLOCK_NS);
	vec_foreach(&stat->cli->options.at.list, when)
		add_view(stat, when);
	if (!stat->views.nr)
		add_view(stat, NULL);
}

static void add_view(struct stat *stat, const struct when *when)
{
	struct stat_view view = { .when = when, .number = UINT64_MAX };

	account_feed_init(&view.feed,
			  &(struct account_feed_options){
				  .spaces = ACCOUNT_ALL,
				  .tables = stat_tables(&stat->cli->options),
				  .filter = &stat->in->filter,
				  .accepted = note_task,
				  .ctx = stat,
			  },
			  &stat->in->names);
	vec_push(&stat->views, view);
}

/* Opens the recording; where the moments lie in it takes a reading of its own, or none. */
static int find_views(struct stat *stat)
{
	const struct whens *at = &stat->cli->options.at;
	const char *path = stat->cli->args.operands.items[0];
	bool needs_reading = false;
	int status;

	vec_foreach(&at->list, when)
		needs_reading |= when_needs_reading(when);
	if (needs_reading && !cli_spool(stat->cli, path))
		return EXIT_INPUT;
	status = cli_input_open(stat->in, stat->cli, path);
	if (status != EXIT_OK || !at->list.nr)
		return status;
	stat->finder.unit = trace_info(stat->in->trace)->unit;
	vec_foreach(&at->list, when)
		when_finder_add(&stat->finder, when);
	if (!needs_reading) {
		stat->in->finder = &stat->finder;
		for (size_t i = 0; i < at->list.nr; i++)
			stat->views.items[i].number = when_number_at_once(&at->list.items[i]);
	} else {
		status = cli_input_find(stat->in, &stat->finder);
		if (status == EXIT_OK && !hear_views(stat))
			status = EXIT_USAGE;
		if (status != EXIT_OK)
			cli_input_close(stat->in);
	}
	vec_foreach(&stat->views, view)
		view->feed.end = view->number;
	return status;
}

static bool hear_views(struct stat *stat)
{
	for (size_t i = 0; i < stat->views.nr; i++)
		if (!cli_input_moment(stat->in, &stat->finder, i, &stat->views.items[i].number))
			return false;
	return true;
}

static bool stat_batch(void *ctx, const struct repair *repair UNUSED,
		       const struct repair_batch *batch)
{
	struct stat *stat = ctx;

	vec_foreach(&stat->views, view)
		feed_view(view, batch);
	return true;
}

static void feed_view(struct stat_view *view, const struct repair_batch *batch)
{
	const struct event *events = batch->batch->events;
	const uint64_t left = view->feed.end - view->feed.nr_events;

	if (view->done)
		return;
	account_feed_batch(&view->feed, batch, NULL);
	view->done = left < batch->batch->nr;
	view->time = events[view->done ? left : batch->batch->nr - 1].time;
}

static void note_task(void *ctx, const struct event *ev)
{
	struct stat *stat = ctx;
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
