/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of formats, and what all formats have in common: picking one by content, and the
 * accounting of the events that they deliver.
 */
#include <config.h>

#include "trace_internal.h"

#include "kmreplay/core/xalloc.h"
#include "kmreplay/event/desc.h"

#include <stdlib.h>
#include <string.h>

/* As much of the content as the formats may look at to know theirs. */
enum { PROBE_BYTES = 64 << 10, UNKNOWN_GFP_MAX = 64 };

static const struct trace_format *const formats[] = {
	&trace_format_dat,
	&trace_format_ftrace,
	&trace_format_report,
	&trace_format_perf,
	&trace_format_jsonl,
};

static const char *name_of(const char *path, const struct trace_options *options);
static const struct trace_format *find_format(struct trace *trace, struct error *err);
static const struct trace_format *probe_formats(struct trace *trace, const unsigned char *head,
						size_t len, struct error *err);
static const char *foreign_kind(const unsigned char *head, size_t len);
static void account(struct trace *trace, const struct event_batch *batch);
static void account_cpu(struct trace *trace, const struct event *ev);
static void account_back(struct trace *trace, const struct event *ev);

struct trace *trace_open(const char *path, const struct trace_options *options,
			 struct event_names *names, struct error *err)
{
	struct trace *trace = xcalloc(1, sizeof(*trace));

	trace->path = xstrdup(name_of(path, options));
	trace->names = names;
	if (options)
		trace->options = *options;
	trace->info.kernel = trace->options.kernel;
	trace->info.era = trace->info.kernel.major ?
				  gfp_era_of_release(trace->info.kernel.major,
						     trace->info.kernel.minor) :
				  GFP_ERA_6_11; /* until the format knows better */
	trace->input = input_open(path, trace->path, err);
	if (!trace->input)
		goto fail;
	trace->format = find_format(trace, err);
	if (!trace->format)
		goto fail;
	trace->info.format = trace->format->name;
	trace->info.compression = input_compression(trace->input);
	if (trace->format->open(trace, err))
		return trace;
fail:
	trace_close(trace);
	return NULL;
}

void trace_close(struct trace *trace)
{
	if (!trace)
		return;
	if (trace->format)
		trace->format->close(trace);
	input_close(trace->input);
	vec_deinit(&trace->info.unknown_gfp);
	vec_deinit(&trace->info.cpus);
	vec_deinit(&trace->info.losses);
	vec_deinit(&trace->info.other);
	vec_deinit(&trace->last_cpu_time);
	free(trace->path);
	free(trace);
}

enum trace_status trace_next(struct trace *trace, struct event_batch *batch, struct error *err)
{
	enum trace_status status;

	event_batch_reset(batch);
	if (trace->ended)
		return TRACE_END;
	status = trace->format->next(trace, batch, err);
	if (status == TRACE_MORE) {
		account(trace, batch);
		return status;
	}
	trace->ended = true;
	event_batch_reset(batch);
	if (status == TRACE_END && input_failed(trace->input, err))
		return TRACE_ERROR;
	return status;
}

const struct trace_info *trace_info(const struct trace *trace)
{
	return &trace->info;
}

void trace_progress(const struct trace *trace, uint64_t *done, uint64_t *total)
{
	uint64_t all, part;

	input_progress(trace->input, done, total);
	if (!trace->format->done)
		return;
	part = trace->format->done(trace, &all);
	*done = all ? (uint64_t)((double)*total * ((double)part / (double)all)) : *total;
}

const char *trace_format_name(unsigned int index)
{
	return index < ARRAY_SIZE(formats) ? formats[index]->name : NULL;
}

const char *trace_format_summary(unsigned int index)
{
	return index < ARRAY_SIZE(formats) ? formats[index]->summary : NULL;
}

void trace_note_loss(struct trace *trace, unsigned int cpu, uint64_t nr, uint64_t event,
		     uint64_t time)
{
	struct trace_info *info = &trace->info;

	vec_extend_zeroed(&info->cpus, (size_t)cpu + 1);
	info->cpus.items[cpu].nr_lost += nr;
	info->cpus.items[cpu].nr_loss_marks++;
	info->nr_losses++;
	if (info->losses.nr < TRACE_LOSS_MAX)
		vec_push(&info->losses, ((struct trace_loss){ .time = time, .event = event,
							      .nr = nr, .cpu = (uint16_t)cpu }));
}

void trace_note_gfp(struct trace *trace, const char *name, size_t len)
{
	struct trace_info *info = &trace->info;
	uint32_t id;

	info->nr_unknown_gfp++;
	if (info->unknown_gfp.nr == UNKNOWN_GFP_MAX || memchr(name, '\0', len))
		return;
	id = intern_add(&trace->names->texts, name, len);
	vec_foreach(&info->unknown_gfp, seen) {
		if (*seen == id)
			return;
	}
	vec_push(&info->unknown_gfp, id);
}

void trace_set_release(struct trace *trace, const char *release, size_t len)
{
	struct trace_info *info = &trace->info;
	struct kernel_version version;

	len = MIN(len, sizeof(info->release) - 1);
	memcpy(info->release, release, len);
	info->release[len] = '\0';
	if (trace->options.kernel.major || !kernel_version_parse(info->release, &version))
		return;
	info->kernel = version;
	info->kernel_guessed = false;
	info->era = gfp_era_of_release(version.major, version.minor);
}

static const char *name_of(const char *path, const struct trace_options *options)
{
	if (options && options->name)
		return options->name;
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

static const struct trace_format *find_format(struct trace *trace, struct error *err)
{
	const char *wanted = trace->options.format;
	const unsigned char *head;
	size_t len;

	if (wanted) {
		for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
			if (strcmp(formats[i]->name, wanted) == 0)
				return formats[i];
		}
		error_set(err, "no trace format is called '%s'", wanted);
		return NULL;
	}
	head = input_peek(trace->input, PROBE_BYTES, &len, err);
	if (!head)
		return NULL;
	if (!len) {
		error_set(err, "'%s' is empty", trace->path);
		return NULL;
	}
	return probe_formats(trace, head, len, err);
}

static const struct trace_format *probe_formats(struct trace *trace, const unsigned char *head,
						size_t len, struct error *err)
{
	const struct trace_format *best = NULL;
	const char *foreign = foreign_kind(head, len);
	int best_score = 0;

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		int score = formats[i]->probe(head, len);

		if (score > best_score) {
			best = formats[i];
			best_score = score;
		}
	}
	if (!best && foreign)
		error_set(err, "'%s' is %s", trace->path, foreign);
	else if (!best)
		error_set(err, "'%s' is of no known trace format", trace->path);
	return best;
}

/* Files that people have and that need a step before. */
static const char *foreign_kind(const unsigned char *head, size_t len)
{
	static const struct {
		const char *magic;
		unsigned char len;
		const char *kind;
	} kinds[] = {
		{ "\xfd" "7zXZ", 5, "compressed with xz: unpack it with 'xz -d' first" },
		{ "BZh", 3, "compressed with bzip2: unpack it with 'bzip2 -d' first" },
		{ "\x04\x22\x4d\x18", 4, "compressed with lz4: unpack it with 'lz4 -d' first" },
		{ "PERFILE2", 8, "a perf.data file: give what 'perf script' prints of it" },
		{ "CTF ", 4, "a CTF trace, which kmreplay does not read" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (len >= kinds[i].len && memcmp(head, kinds[i].magic, kinds[i].len) == 0)
			return kinds[i].kind;
	}
	return NULL;
}

static void account(struct trace *trace, const struct event_batch *batch)
{
	struct trace_info *info = &trace->info;

	BUG_ON(!batch->nr || batch->nr > batch->cap);
	if (!info->nr_events) {
		info->first_time = batch->events[0].time;
		trace->last_time = info->first_time;
	}
	for (size_t i = 0; i < batch->nr; i++) {
		const struct event *ev = &batch->events[i];

		info->nr_by_type[ev->type]++;
		if (unlikely(ev->type == EVENT_OTHER)) {
			vec_extend_zeroed(&info->other, (size_t)ev->other.name + 1);
			info->other.items[ev->other.name]++;
		}
		if (unlikely(ev->time < trace->last_time))
			account_back(trace, ev);
		trace->last_time = ev->time;
		account_cpu(trace, ev);
	}
	info->nr_events += batch->nr;
	info->last_time = trace->last_time;
	if (info->nr_cpus < info->cpus.nr)
		info->nr_cpus = (unsigned int)info->cpus.nr;
}

static void account_cpu(struct trace *trace, const struct event *ev)
{
	struct trace_info *info = &trace->info;
	struct trace_cpu_info *cpu;

	if (unlikely(ev->cpu >= info->cpus.nr))
		vec_extend_zeroed(&info->cpus, (size_t)ev->cpu + 1);
	if (unlikely(ev->cpu >= trace->last_cpu_time.nr))
		vec_extend_zeroed(&trace->last_cpu_time, (size_t)ev->cpu + 1);
	cpu = &info->cpus.items[ev->cpu];
	if (unlikely(!cpu->nr_events))
		cpu->first_time = ev->time;
	else if (unlikely(ev->time < trace->last_cpu_time.items[ev->cpu]))
		info->nr_back_cpu++;
	cpu->nr_events++;
	cpu->last_time = ev->time;
	trace->last_cpu_time.items[ev->cpu] = ev->time;
}

static void account_back(struct trace *trace, const struct event *ev)
{
	trace->info.nr_back++;
	trace->info.max_back = MAX(trace->info.max_back, trace->last_time - ev->time);
}
