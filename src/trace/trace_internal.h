/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the files of this room share: the open trace, the formats' table row, the input stream.
 */
#ifndef KMREPLAY_TRACE_INTERNAL_H
#define KMREPLAY_TRACE_INTERNAL_H

#include "kmreplay/trace/trace.h"

struct input;

struct trace_format {
	const char *name;    /**< as in trace_info.format and --from: "ftrace" */
	const char *summary; /**< one line for help */
	/**
	 * How sure: 0 not this format .. 100 certain, from the first "len" bytes of the (unpacked)
	 * content; must not assume that a line or a header is whole.
	 */
	int (*probe)(const unsigned char *head, size_t len);
	/** Sets trace->state and what info can be known before the first event. */
	bool (*open)(struct trace *trace, struct error *err);
	/** Appends events to the empty "batch"; counts what trace_account() cannot see. */
	enum trace_status (*next)(struct trace *trace, struct event_batch *batch,
				  struct error *err);
	/** Frees trace->state; also called after a failed open. */
	void (*close)(struct trace *trace);
	/**
	 * For formats that map their content: how many of its "*all" bytes were delivered. NULL:
	 * the input knows.
	 */
	uint64_t (*done)(const struct trace *trace, uint64_t *all);
};

/** The table: trace.dat, ftrace text, trace-cmd report, perf script, JSON lines. */
extern const struct trace_format trace_format_dat;
extern const struct trace_format trace_format_ftrace;
extern const struct trace_format trace_format_report;
extern const struct trace_format trace_format_perf;
extern const struct trace_format trace_format_jsonl;

struct trace {
	const struct trace_format *format;
	void *state; /**< the format's */
	struct input *input;
	char *path; /**< for messages; "standard input" for "-" */
	struct event_names *names;
	struct trace_options options;
	struct trace_info info;
	uint64_t last_time;             /**< of the event before, for steps back */
	struct vec(uint64_t) last_cpu_time; /**< by CPU */
	bool ended;
};

/*
 * trace.c, after each batch: nr_events, nr_by_type, other, cpus, times and steps back are counted
 * there, for all formats alike. A format counts lines, unparsed, malformed, stack lines, unknown
 * masks and losses itself.
 */

/** Notes that events of "cpu" were lost ("nr", 0: unknown) before event number "event". */
void trace_note_loss(struct trace *trace, unsigned int cpu, uint64_t nr, uint64_t event,
		     uint64_t time);
/** Notes a mask with an unknown name ("len" bytes). */
void trace_note_gfp(struct trace *trace, const char *name, size_t len);
/** Sets info.release, info.kernel and info.era from "release" unless the options gave a kernel. */
void trace_set_release(struct trace *trace, const char *release, size_t len);

/*
 * input.c: the file's content, unpacked, as a stream or as a whole.
 *
 * When the file cannot be read on, or the compressed data in it are damaged or cut short, the
 * content simply ends there for the format, which delivers what came before. trace_next() then
 * turns its TRACE_END into TRACE_ERROR with input_failed()'s message.
 */

enum { INPUT_SLACK = 64 };

/** Opens "path" ("-": stdin), called "name" in messages, and looks whether it is compressed. */
MUST_CHECK struct input *input_open(const char *path, const char *name, struct error *err);
void input_close(struct input *in);
/** "gzip", "zstd" or NULL. */
const char *input_compression(const struct input *in);
/**
 * Up to "want" bytes from the start without consuming them; "*len" says how many there are. NULL
 * when not even one could be read for an error; an empty file gives "*len" 0.
 */
const unsigned char *input_peek(struct input *in, size_t want, size_t *len, struct error *err);
/**
 * The next stretch of content: "*data" and "*len" describe all that is in memory and not yet
 * consumed; at least one byte more than last time unless the end is reached ("*eof"). Behind it
 * INPUT_SLACK bytes may be read (not their values trusted). Valid until the next call. What is not
 * consumed is kept, so a reader that waits for a line's end must give up at some length.
 */
void input_fill(struct input *in, const unsigned char **data, size_t *len, bool *eof);
/** The first "len" bytes of the last stretch are done with. */
void input_consume(struct input *in, size_t len);
/**
 * The whole content as one piece of memory, for formats that jump: a mapping of the file, or of an
 * unlinked temporary file that a compressed or piped input was unpacked to. The input's. Not to be
 * mixed with input_fill(); input_peek() before is fine.
 */
MUST_CHECK bool input_map(struct input *in, const unsigned char **data, size_t *len,
			  struct error *err);
/** The content ended by an error, which is copied to "err". */
bool input_failed(const struct input *in, struct error *err);
/** Bytes of the (compressed) file read so far, and its size (0: unknown). */
void input_progress(const struct input *in, uint64_t *done, uint64_t *total);

#endif
