/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * `kmreplay stat`: who allocated how much, from the repaired recording alone, without a machine.
 */
#include <config.h>

#include "stat_internal.h"
#include "command.h"

#include "kmreplay/event/event.h"
#include "kmreplay/repair/repair.h"

static bool stat_batch(void *ctx, const struct repair *repair, const struct repair_batch *batch);
static void note_task(void *ctx, const struct event *ev);

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
	account_feed_init(&stat.feed,
			  &(struct account_feed_options){
				  .spaces = ACCOUNT_ALL,
				  .tables = stat_tables(&cli->options),
				  .filter = &in.filter,
				  .accepted = note_task,
				  .ctx = &stat,
			  },
			  &in.names);
	u64map_init(&stat.comms);
	stat.repair = cli_input_repaired(&in, stat_batch, &stat, &status);
	if (status != EXIT_INPUT) {
		struct report *report = stat_report(&stat);

		cli_output_report(cli, report);
		report_destroy(report);
		status = cli_output_commit(cli, status);
	}
	u64map_deinit(&stat.comms);
	account_feed_deinit(&stat.feed);
	repair_destroy(stat.repair);
	cli_input_close(&in);
	return status;
}

static bool stat_batch(void *ctx, const struct repair *repair UNUSED,
		       const struct repair_batch *batch)
{
	struct stat *stat = ctx;

	account_feed_batch(&stat->feed, batch);
	return true;
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
