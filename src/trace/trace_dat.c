/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace.dat files (trace-cmd record, trace-cmd extract): the format's entry, and the merge.
 *
 * Each CPU has its events in the order of its own clock; the merge takes the earliest of all CPUs'
 * next events, the lower CPU among equal times, as the kernel and trace-cmd do. The CPUs wait in a
 * binary heap; the one on top delivers until another one's next event is earlier, so that the heap
 * is touched once a run and not once an event. A clock that steps back within a CPU changes
 * nothing: events of a CPU are never reordered.
 */
#include <config.h>

#include "trace_dat.h"

#include <stdlib.h>
#include <string.h>

static int probe(const unsigned char *head, size_t len);
static bool open_dat(struct trace *trace, struct error *err);
static enum trace_status next(struct trace *trace, struct event_batch *batch, struct error *err);
static void close_dat(struct trace *trace);
static uint64_t done_dat(const struct trace *trace, uint64_t *all);
static void set_flags(struct dat *dat);
static void start_cpus(struct dat *dat);
static bool before(const struct dat *dat, uint32_t a, uint32_t b);
static void sift_down(struct dat *dat, uint32_t at);
static uint64_t run_limit(const struct dat *dat);
static void settle_overruns(struct dat *dat);

const struct trace_format trace_format_dat = {
	.name = "trace.dat",
	.summary = "binary files of trace-cmd, versions 6 and 7",
	.probe = probe,
	.open = open_dat,
	.next = next,
	.close = close_dat,
	.done = done_dat,
};

static int probe(const unsigned char *head, size_t len)
{
	static const char magic[] = "\x17\x08" "Dtracing";

	return len >= sizeof(magic) - 1 && !memcmp(head, magic, sizeof(magic) - 1) ? 100 : 0;
}

static bool open_dat(struct trace *trace, struct error *err)
{
	struct dat *dat = xcalloc(1, sizeof(*dat));
	bool packed = false;

	trace->state = dat;
	dat->trace = trace;
	arena_init(&dat->arena);
	dat_names_init(&dat->names, trace->names);
	if (!input_map(trace->input, &dat->file, &dat->file_len, err) || !dat_file_read(dat, err))
		return false;
	trace->info.format = dat->version == 6 ? "trace.dat v6" : "trace.dat v7";
	trace->info.has_context = true;
	set_flags(dat);
	for (uint32_t i = 0; i < dat->nr_cpus; i++)
		packed |= dat->cpus[i].packed;
	if (packed)
		dat->reader = dat_reader_create(dat, dat->packing, !trace->options.no_readahead);
	start_cpus(dat);
	return true;
}

static enum trace_status next(struct trace *trace, struct event_batch *batch, struct error *err)
{
	struct dat *dat = trace->state;

	(void)err; /* damage behind the header is noted, and what is whole is delivered */
	while (dat->nr_heap && batch->nr < batch->cap && batch->aux_len < DAT_AUX_MAX) {
		struct dat_cpu *cpu = &dat->cpus[dat->heap[0]];

		dat_page_run(dat, cpu, run_limit(dat), batch);
		if (!cpu->has)
			dat->heap[0] = dat->heap[--dat->nr_heap];
		sift_down(dat, 0);
	}
	dat->nr_delivered += batch->nr;
	if (batch->nr)
		return TRACE_MORE;
	settle_overruns(dat);
	return TRACE_END;
}

static void close_dat(struct trace *trace)
{
	struct dat *dat = trace->state;

	if (!dat)
		return;
	dat_reader_destroy(dat->reader);
	for (uint32_t i = 0; i < dat->nr_cpus; i++)
		for (unsigned int chunk = 0; chunk < DAT_CHUNKS; chunk++)
			free(dat->cpus[i].chunks[chunk].data);
	free(dat->cpus);
	free(dat->heap);
	for (uint32_t i = 0; i < dat->nr_programs; i++)
		dat_program_deinit(&dat->programs[i]);
	free(dat->programs);
	for (size_t i = 0; i < dat->formats.nr; i++)
		dat_format_deinit(&dat->formats.items[i]);
	vec_deinit(&dat->formats);
	for (size_t i = 0; i < dat->sections.nr; i++)
		free(dat->sections.items[i]);
	vec_deinit(&dat->sections);
	dat_names_deinit(&dat->names);
	arena_deinit(&dat->arena);
	free(dat);
	trace->state = NULL;
}

static uint64_t done_dat(const struct trace *trace, uint64_t *all)
{
	const struct dat *dat = trace->state;
	uint64_t left = 0;

	for (uint32_t i = 0; i < dat->nr_cpus; i++)
		left += dat_stream_left(dat, &dat->cpus[i]);
	*all = dat->file_len;
	return left < dat->file_len ? dat->file_len - left : 0;
}

/* include/linux/trace_events.h: enum trace_flag_type. */
static void set_flags(struct dat *dat)
{
	static const struct {
		uint8_t common, flag;
	} bits[] = {
		{ 0x01, EVENT_F_IRQS_OFF }, { 0x08, EVENT_F_HARDIRQ }, { 0x10, EVENT_F_SOFTIRQ },
		{ 0x40, EVENT_F_NMI },	    { 0x80, EVENT_F_BH_OFF },
	};

	for (unsigned int common = 0; common < ARRAY_SIZE(dat->flags); common++) {
		dat->flags[common] = EVENT_F_CONTEXT;
		for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
			if (common & bits[i].common)
				dat->flags[common] |= bits[i].flag;
	}
}

static void start_cpus(struct dat *dat)
{
	dat->heap = xcalloc(dat->nr_cpus, sizeof(*dat->heap));
	for (uint32_t i = 0; i < dat->nr_cpus; i++) {
		dat_page_advance(dat, &dat->cpus[i]);
		if (dat->cpus[i].has)
			dat->heap[dat->nr_heap++] = i;
	}
	for (uint32_t i = dat->nr_heap; i-- > 0;)
		sift_down(dat, i);
}

static bool before(const struct dat *dat, uint32_t a, uint32_t b)
{
	const struct dat_cpu *x = &dat->cpus[dat->heap[a]], *y = &dat->cpus[dat->heap[b]];

	if (x->rec_time != y->rec_time)
		return x->rec_time < y->rec_time;
	return x->cpu != y->cpu ? x->cpu < y->cpu : dat->heap[a] < dat->heap[b];
}

static void sift_down(struct dat *dat, uint32_t at)
{
	for (;;) {
		uint32_t least = at;

		for (uint32_t child = 2 * at + 1; child <= 2 * at + 2; child++)
			if (child < dat->nr_heap && before(dat, child, least))
				least = child;
		if (least == at)
			return;
		uint32_t moved = dat->heap[at];

		dat->heap[at] = dat->heap[least];
		dat->heap[least] = moved;
		at = least;
	}
}

/* Up to which time the CPU on top stays the first. */
static uint64_t run_limit(const struct dat *dat)
{
	const struct dat_cpu *top = &dat->cpus[dat->heap[0]], *second;

	if (dat->nr_heap < 2)
		return UINT64_MAX;
	second = &dat->cpus[dat->heap[dat->nr_heap > 2 && before(dat, 2, 1) ? 2 : 1]];
	return second->rec_time - (top->cpu > second->cpu && second->rec_time);
}

/*
 * Every page behind a gap says that events are missing, mostly how many. What the CPU's statistics
 * count beyond that was lost where no page could say it.
 */
static void settle_overruns(struct dat *dat)
{
	for (uint32_t i = 0; i < dat->nr_cpus; i++) {
		const struct dat_cpu *cpu = &dat->cpus[i];

		if (cpu->overrun > cpu->noted)
			trace_note_loss(dat->trace, cpu->cpu, cpu->overrun - cpu->noted,
					dat->nr_delivered, dat->trace->info.last_time);
	}
}
