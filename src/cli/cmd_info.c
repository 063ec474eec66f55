/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * `kmreplay info`: what a recording is, what is in it, what is wrong with it, and which layers of
 * a machine it can drive. One report a file.
 */
#include <config.h>

#include "info_internal.h"
#include "command.h"

#include "kmreplay/event/desc.h"

#include <stdlib.h>
#include <string.h>

struct event_count {
	const char *name; /* the names' */
	uint64_t nr;
};

struct event_counts vec(struct event_count);

static int info_file(struct cli *cli, const char *path);
static bool count_events(void *ctx, const struct event_batch *batch);
static void count_cpu(struct info *info, const struct event *ev);
static void info_report(struct cli *cli, const struct cli_input *in, const struct info *info);
static void add_file(struct report *r, const struct cli_input *in, const struct trace_info *t);
static void add_kernel(struct report *r, const struct trace_info *t);
static void add_time(struct report *r, const struct info *info, const struct trace_info *t);
static void add_pointers(struct report *r, const struct trace_info *t);
static void add_events(struct report *r, const struct info *info);
static void collect_events(const struct info *info, struct event_counts *counts);
static int by_name(const void *a, const void *b);
static int by_count(const void *a, const void *b);
static void add_cpus(struct report *r, const struct info *info, const struct trace_info *t);
static void add_losses(struct report *r, const struct trace_info *t);
static void add_order(struct report *r, const struct trace_info *t);
static void add_unread(struct report *r, const struct cli_input *in);
static void add_layers(struct report *r, const struct info *info);

int cmd_info(struct cli *cli)
{
	int status = EXIT_OK;

	if (!cli_output_open(cli))
		return EXIT_OUTPUT;
	interrupt_catch();
	for (size_t i = 0; i < cli->args.operands.nr; i++) {
		int one = info_file(cli, cli->args.operands.items[i]);

		status = MAX(status, one);
		if (one == EXIT_INTERRUPTED)
			break;
	}
	return cli_output_commit(cli, status);
}

static int info_file(struct cli *cli, const char *path)
{
	struct info info = { 0 };
	struct cli_input in;
	int status;

	status = cli_input_open(&in, cli, path);
	if (status != EXIT_OK)
		return status;
	info.names = &in.names;
	status = cli_input_events(&in, count_events, &info);
	if (status != EXIT_INPUT)
		info_report(cli, &in, &info);
	vec_deinit(&info.by_other);
	vec_deinit(&info.cpus);
	cli_input_close(&in);
	return status;
}

static bool count_events(void *ctx, const struct event_batch *batch)
{
	struct info *info = ctx;

	if (!info->nr)
		info->first_time = batch->events[0].time;
	info->nr += batch->nr;
	info->last_time = batch->events[batch->nr - 1].time;
	for (size_t i = 0; i < batch->nr; i++) {
		const struct event *ev = &batch->events[i];

		info->by_type[ev->type]++;
		if (unlikely(ev->type == EVENT_OTHER)) {
			vec_extend_zeroed(&info->by_other, (size_t)ev->other.name + 1);
			info->by_other.items[ev->other.name]++;
		}
		count_cpu(info, ev);
	}
	return true;
}

static void count_cpu(struct info *info, const struct event *ev)
{
	struct info_cpu *cpu;

	vec_extend_zeroed(&info->cpus, (size_t)ev->cpu + 1);
	cpu = &info->cpus.items[ev->cpu];
	if (!cpu->nr++)
		cpu->first_time = ev->time;
	cpu->last_time = ev->time;
}

static void info_report(struct cli *cli, const struct cli_input *in, const struct info *info)
{
	const struct trace_info *t = trace_info(in->trace);
	struct report *r = report_create("info", 1);

	report_text(r, "file", "file", in->path);
	add_file(r, in, t);
	add_kernel(r, t);
	add_time(r, info, t);
	add_pointers(r, t);
	add_events(r, info);
	add_layers(r, info);
	add_cpus(r, info, t);
	add_losses(r, t);
	add_order(r, t);
	add_unread(r, in);
	if (in->filter.any)
		report_note(r, "events, CPUs and layers are counted after the filters");
	cli_input_warn(in, r);
	if (!in->filter.any && !in->spooled[0])
		info_add_hints(r, info, t);
	cli_output_report(cli, r);
	report_destroy(r);
}

static void add_file(struct report *r, const struct cli_input *in, const struct trace_info *t)
{
	report_text(r, "format", "format", in->spooled[0] ? "scenario" : t->format);
	if (t->compression)
		report_remark(r, "compressed: %s", t->compression);
	else if (t->chunks)
		report_remark(r, "chunks compressed: %s", t->chunks);
	report_text(r, "compression", NULL, t->compression);
	report_text(r, "chunks", NULL, t->chunks);
	if (t->nr_lines)
		report_count(r, "nr_lines", "lines", t->nr_lines);
	if (t->entries || t->written) {
		report_count(r, "entries", NULL, t->entries);
		report_count(r, "written", NULL, t->written);
	}
	report_bool(r, "overrun", NULL, t->overrun);
}

static void add_kernel(struct report *r, const struct trace_info *t)
{
	char version[40] = "";

	if (t->kernel.major)
		snprintf(version, sizeof(version), "%u.%u", t->kernel.major, t->kernel.minor);
	report_text(r, "kernel", "kernel", version[0] ? version : NULL);
	if (t->release[0])
		report_remark(r, "%s", t->release);
	else if (t->kernel_guessed)
		report_remark(r, "guessed from its events; --kernel says it");
	report_text(r, "release", NULL, t->release[0] ? t->release : NULL);
	report_bool(r, "kernel_guessed", NULL, t->kernel_guessed);
	report_text(r, "gfp_era", "GFP flags as in", gfp_era_name(t->era));
}

static void add_time(struct report *r, const struct info *info, const struct trace_info *t)
{
	bool ticks = t->unit == TRACE_CLOCK_TICKS;
	enum report_unit point = ticks ? REPORT_NUMBER : REPORT_TIME;
	enum report_unit span = ticks ? REPORT_COUNT : REPORT_NS;
	struct report_value first = report_none(), last = report_none(), length = report_none();

	if (info->nr) {
		first = report_u64(info->first_time);
		last = report_u64(info->last_time);
		length = report_i64((int64_t)(info->last_time - info->first_time));
	}
	report_text(r, "clock", "clock", t->clock[0] ? t->clock : NULL);
	if (ticks)
		report_remark(r, "a counter, not a time");
	report_text(r, "time_unit", NULL, ticks ? "ticks" : "ns");
	report_figure(r, "first_time", "first event at", point, first);
	report_figure(r, "last_time", "last event at", point, last);
	report_figure(r, "span", "span", span, length);
	report_figure(r, "nr_cpus", "CPUs", REPORT_NUMBER, report_u64(t->nr_cpus));
	report_count(r, "nr_events", "events", info->nr);
}

static void add_pointers(struct report *r, const struct trace_info *t)
{
	report_text(r, "pointers", "pointers", t->hashed_ptrs ? "hashes" : "addresses");
	report_bool(r, "hashed_ptrs", NULL, t->hashed_ptrs);
	report_figure(r, "long_bits", "word size", REPORT_NUMBER,
		      report_u64(t->long_is_32 ? 32 : 64));
	report_remark(r, "bits");
	report_bool(r, "has_context", "interrupt context", t->has_context);
}

static void add_events(struct report *r, const struct info *info)
{
	static const struct report_column columns[] = {
		{ "count", "Count", REPORT_COUNT, 0 },
		{ "share", "Share", REPORT_PERCENT, REPORT_COL_DERIVED },
		{ "event", "Event", REPORT_TEXT, REPORT_COL_KEY },
	};
	struct report_table *table =
		report_table(r, "events", "Events", columns, ARRAY_SIZE(columns));
	struct event_counts counts = { 0 };

	collect_events(info, &counts);
	vec_foreach(&counts, count)
		report_row(table, (struct report_value[]){ report_u64(count->nr),
							   report_percent_of(count->nr, info->nr),
							   report_str(count->name) });
	vec_deinit(&counts);
}

/**
 * By falling count. Unknown events of one name are one line, whether the recording names their
 * system (perf script) or not.
 */
static void collect_events(const struct info *info, struct event_counts *counts)
{
	size_t kept = 0;

	for (unsigned int type = 0; type < EVENT_OTHER; type++)
		if (info->by_type[type])
			vec_push(counts, ((struct event_count){ cli_event_name(type),
								info->by_type[type] }));
	for (size_t id = 0; id < info->by_other.nr; id++) {
		const char *name = intern_text(&info->names->texts, (uint32_t)id);
		const char *colon = strchr(name, ':');

		if (info->by_other.items[id])
			vec_push(counts, ((struct event_count){ colon ? colon + 1 : name,
								info->by_other.items[id] }));
	}
	if (!counts->nr)
		return;
	qsort(counts->items, counts->nr, sizeof(*counts->items), by_name);
	for (size_t i = 1; i < counts->nr; i++) {
		if (!strcmp(counts->items[kept].name, counts->items[i].name))
			counts->items[kept].nr += counts->items[i].nr;
		else
			counts->items[++kept] = counts->items[i];
	}
	counts->nr = kept + 1;
	qsort(counts->items, counts->nr, sizeof(*counts->items), by_count);
}

static int by_name(const void *a, const void *b)
{
	const struct event_count *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static int by_count(const void *a, const void *b)
{
	const struct event_count *left = a, *right = b;

	if (left->nr != right->nr)
		return left->nr > right->nr ? -1 : 1;
	return by_name(a, b);
}

static void add_cpus(struct report *r, const struct info *info, const struct trace_info *t)
{
	bool ticks = t->unit == TRACE_CLOCK_TICKS;
	const enum report_unit point = ticks ? REPORT_NUMBER : REPORT_TIME;
	const struct report_column columns[] = {
		{ "cpu", "CPU", REPORT_NUMBER, 0 },
		{ "nr_events", "Events", REPORT_COUNT, 0 },
		{ "first_time", "First", point, 0 },
		{ "last_time", "Last", point, 0 },
		{ "nr_lost", "Lost", REPORT_COUNT, 0 },
		{ "nr_gaps", "Gaps", REPORT_COUNT, 0 },
	};
	struct report_table *table =
		report_table(r, "cpus", "CPUs", columns, ARRAY_SIZE(columns));

	for (size_t i = 0; i < MAX(info->cpus.nr, t->cpus.nr); i++) {
		const struct info_cpu none = { 0 };
		const struct trace_cpu_info no_trace = { 0 };
		const struct info_cpu *cpu = i < info->cpus.nr ? &info->cpus.items[i] : &none;
		const struct trace_cpu_info *seen = i < t->cpus.nr ? &t->cpus.items[i] : &no_trace;

		if (!cpu->nr && !seen->nr_lost && !seen->nr_loss_marks)
			continue;
		report_row(table,
			   (struct report_value[]){
				   report_u64(i), report_u64(cpu->nr),
				   cpu->nr ? report_u64(cpu->first_time) : report_none(),
				   cpu->nr ? report_u64(cpu->last_time) : report_none(),
				   report_u64(seen->nr_lost), report_u64(seen->nr_loss_marks) });
	}
}

static void add_losses(struct report *r, const struct trace_info *t)
{
	const enum report_unit point =
		t->unit == TRACE_CLOCK_TICKS ? REPORT_NUMBER : REPORT_TIME;
	const struct report_column columns[] = {
		{ "cpu", "CPU", REPORT_NUMBER, 0 },
		{ "nr_lost", "Lost", REPORT_COUNT, 0 },
		{ "time", "Before time", point, 0 },
		{ "event", "Before event", REPORT_COUNT, 0 },
	};
	enum { SHOWN = 8 };
	struct report_table *table;
	size_t nr = t->losses.nr;

	report_begin(r, "lost", nr ? "Lost events" : NULL);
	report_count(r, "nr_gaps", nr ? "gaps" : NULL, t->nr_losses);
	table = report_table(r, "gaps", NULL, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < nr; i++) {
		const struct trace_loss *loss = &t->losses.items[i];

		report_row(table, (struct report_value[]){
					  report_u64(loss->cpu),
					  loss->nr ? report_u64(loss->nr) : report_none(),
					  report_u64(loss->time), report_u64(loss->event) });
	}
	report_limit(table, SHOWN);
	if (t->nr_losses > nr)
		report_note(r, "only the first %zu gaps are listed", nr);
	report_end(r);
}

static void add_order(struct report *r, const struct trace_info *t)
{
	bool any = t->nr_back;

	report_begin(r, "order", any ? "Steps back in time" : NULL);
	report_count(r, "nr_back", any ? "from one event to the next" : NULL, t->nr_back);
	report_count(r, "nr_back_cpu", any ? "within one CPU" : NULL, t->nr_back_cpu);
	report_figure(r, "max_back", any ? "largest" : NULL,
		      t->unit == TRACE_CLOCK_TICKS ? REPORT_COUNT : REPORT_NS,
		      report_u64(t->max_back));
	report_end(r);
}

static void add_unread(struct report *r, const struct cli_input *in)
{
	static const struct report_column columns[] = { { "name", "Name", REPORT_TEXT, 0 } };
	const struct trace_info *t = trace_info(in->trace);
	bool any = t->nr_unparsed || t->nr_malformed || t->nr_unknown_gfp;
	struct report_table *table;

	report_begin(r, "unread", any ? "Not understood" : NULL);
	report_count(r, "nr_unparsed", t->nr_unparsed ? "lines or records" : NULL, t->nr_unparsed);
	if (t->nr_unparsed)
		report_remark(r, "the first at %llu", (unsigned long long)t->first_unparsed);
	report_count(r, "nr_malformed", t->nr_malformed ? "events" : NULL, t->nr_malformed);
	if (t->nr_malformed)
		report_remark(r, "the first at %llu", (unsigned long long)t->first_malformed);
	report_count(r, "nr_stack_lines", NULL, t->nr_stack_lines);
	report_count(r, "nr_unknown_gfp", t->nr_unknown_gfp ? "GFP masks" : NULL,
		     t->nr_unknown_gfp);
	table = report_table(r, "unknown_gfp", NULL, columns, ARRAY_SIZE(columns));
	vec_foreach(&t->unknown_gfp, id) {
		struct report_value name = report_str(intern_text(&in->names.texts, *id));

		report_row(table, &name);
	}
	report_end(r);
}

static void add_layers(struct report *r, const struct info *info)
{
	static const char *const states[] = { "no", "partly", "yes" };
	static const struct report_column columns[] = {
		{ "layer", NULL, REPORT_TEXT, REPORT_COL_KEY | REPORT_COL_HIDDEN },
		{ "drives", "Replay", REPORT_TEXT, 0 },
		{ "allocs", "Allocs", REPORT_COUNT, 0 },
		{ "frees", "Frees", REPORT_COUNT, 0 },
		{ "title", "Layer", REPORT_TEXT, 0 },
	};
	struct report_table *table =
		report_table(r, "layers", "Layers", columns, ARRAY_SIZE(columns));
	struct layer_counts counts;

	for (unsigned int i = 0; info_layer(info, i, &counts); i++)
		report_row(table, (struct report_value[]){
					  report_str(counts.key), report_str(states[counts.state]),
					  report_u64(counts.allocs), report_u64(counts.frees),
					  report_str(counts.title) });
}
