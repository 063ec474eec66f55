/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * `kmreplay convert`: a recording as normalised ftrace text or JSON lines. Both forms read back to
 * the same events.
 */
#include <config.h>

#include "cli_internal.h"
#include "command.h"

#include "kmreplay/core/fmt.h"
#include "kmreplay/event/print.h"

#include <inttypes.h>

enum { FLUSH_AT = 1 << 18 };

/** A format to write; a new one is one row. */
struct convert_format {
	const char *name;
	void (*header)(const struct event_printer *p, struct str *out);
	void (*lost)(unsigned int cpu, uint64_t nr, struct str *out);
	void (*event)(const struct event_printer *p, const struct event *ev,
		      const struct event_batch *batch, struct str *out);
};

static const struct convert_format formats[] = {
	{ "ftrace", event_print_text_header, event_print_text_lost, event_print_text },
	{ "jsonl", event_print_json_header, event_print_json_lost, event_print_json },
};

struct convert {
	struct cli *cli;
	const struct convert_format *format;
	const struct cli_input *in;
	struct event_printer printer;
	bool started;
	struct str out;
	struct vec(size_t) next_loss; /* by CPU: where in the list of losses to look on */
	uint64_t nr_bare;             /* EVENT_OTHER: written without what stands behind the name */
};

static bool convert_events(void *ctx, const struct event_batch *batch);
static void start(struct convert *c);
static uint64_t count_lost(struct convert *c, const struct event *ev);

const char *convert_format_name(unsigned int i)
{
	return i < ARRAY_SIZE(formats) ? formats[i].name : NULL;
}

int cmd_convert(struct cli *cli)
{
	struct convert c = { .cli = cli, .format = &formats[cli->options.convert_to] };
	struct cli_input in;
	char count[FMT_BUF];
	int status;

	if (!cli_output_open(cli))
		return EXIT_OUTPUT;
	interrupt_catch();
	status = cli_input_open(&in, cli, cli->args.operands.items[0]);
	if (status != EXIT_OK)
		return status;
	c.in = &in;
	str_init(&c.out);
	status = cli_input_events(&in, convert_events, &c);
	if (status != EXIT_INPUT) {
		start(&c);
		if (cli_output_text(cli, &c.out) && c.nr_bare)
			cli_warn("%s events are of types unknown to kmreplay: only their names "
				 "and times were written",
				 fmt_count(count, c.nr_bare));
		status = cli_output_commit(cli, status);
	}
	vec_deinit(&c.next_loss);
	str_deinit(&c.out);
	cli_input_close(&in);
	return status;
}

static bool convert_events(void *ctx, const struct event_batch *batch)
{
	struct convert *c = ctx;

	start(c);
	for (size_t i = 0; i < batch->nr; i++) {
		const struct event *ev = &batch->events[i];

		if (unlikely(ev->flags & EVENT_F_LOST))
			c->format->lost(ev->cpu, count_lost(c, ev), &c->out);
		c->nr_bare += ev->type == EVENT_OTHER;
		c->format->event(&c->printer, ev, batch, &c->out);
		if (c->out.len >= FLUSH_AT && !cli_output_text(c->cli, &c->out))
			return false;
	}
	return true;
}

/** The header waits for the first events, since a text says by them what kernel it is from. */
static void start(struct convert *c)
{
	const struct trace_info *info = trace_info(c->in->trace);

	if (c->started)
		return;
	c->started = true;
	c->printer = (struct event_printer){
		.names = &c->in->names,
		.era = info->era,
		.ticks = info->unit == TRACE_CLOCK_TICKS,
		.release = info->release,
		.clock = info->clock,
		.hashed_ptrs = info->hashed_ptrs,
		.long_is_32 = info->long_is_32,
		.nr_cpus = info->nr_cpus,
	};
	c->format->header(&c->printer, &c->out);
}

/** How many events the gaps hold that lie before "ev" on its CPU; 0: not known. */
static uint64_t count_lost(struct convert *c, const struct event *ev)
{
	const struct trace_info *info = trace_info(c->in->trace);
	uint64_t nr = 0;
	size_t i;

	vec_extend_zeroed(&c->next_loss, (size_t)ev->cpu + 1);
	for (i = c->next_loss.items[ev->cpu]; i < info->losses.nr; i++) {
		const struct trace_loss *loss = &info->losses.items[i];

		if (loss->cpu != ev->cpu)
			continue;
		if (loss->time > ev->time)
			break;
		nr += loss->nr;
	}
	c->next_loss.items[ev->cpu] = i;
	return nr;
}
