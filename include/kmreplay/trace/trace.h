/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Reading recordings: one interface before all formats.
 *
 *	trace_open() looks at the content (never at the name), unpacks .gz and .zst, picks a format;
 *	trace_next() fills batches in the recording's order until there is nothing more;
 *	trace_info() says what was learned on the way; complete after the end.
 *
 * Everything in a file is hostile: a reader checks each length before it uses it and gives up with
 * one line that says file, position and what was expected. What came before is delivered first.
 */
#ifndef KMREPLAY_TRACE_TRACE_H
#define KMREPLAY_TRACE_TRACE_H

#include "kmreplay/abi/gfp.h"
#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/error.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/event/event.h"
#include "kmreplay/event/names.h"

struct trace;

struct trace_options {
	const char *format;           /**< take this format instead of looking; NULL: look */
	struct kernel_version kernel; /**< major 0: from the recording */
	bool no_readahead;            /**< decode in the calling thread only */
	const char *name;             /**< for messages; NULL: the path */
};

enum trace_clock_unit {
	TRACE_CLOCK_NS,   /**< event.time is nanoseconds */
	TRACE_CLOCK_TICKS /**< a counter (x86-tsc, counter, uptime): differences have no unit */
};

/** A window in which events of one CPU are missing. */
struct trace_loss {
	uint64_t time;  /**< of the first event behind the gap */
	uint64_t event; /**< index of that event in the recording, from 0 */
	uint64_t nr;    /**< events lost; 0: unknown number */
	uint16_t cpu;
};

struct trace_cpu_info {
	uint64_t nr_events;
	uint64_t first_time, last_time;
	uint64_t nr_lost;      /**< known number of lost events */
	uint64_t nr_loss_marks; /**< notices, with or without a number */
};

struct trace_info {
	const char *format;      /**< "ftrace text", "perf script", "trace.dat v7", ... */
	const char *compression; /**< of the file around it: "gzip", "zstd" or NULL */
	const char *chunks;      /**< inside a trace.dat v7: "zstd", "zlib" or NULL */
	char release[80];        /**< kernel release when the recording tells; else "" */
	struct kernel_version kernel; /**< from release, the options, or a guess */
	bool kernel_guessed;
	enum gfp_era era;   /**< how masks were read and are to be printed */
	char clock[24];     /**< "local", "mono", ...; "" when unknown */
	enum trace_clock_unit unit;
	bool hashed_ptrs;   /**< pointers are hashes: pairing works, addresses mean nothing */
	bool long_is_32;    /**< recorded on a 32-bit kernel */
	bool has_context;   /**< irq flags known */
	bool overrun;       /**< header says the beginning was overwritten */
	uint64_t entries, written; /**< header line of tracefs text; 0 0 when absent */
	unsigned int nr_cpus;      /**< as the file says, else highest CPU seen + 1 */

	uint64_t nr_events;        /**< delivered, EVENT_OTHER included */
	uint64_t nr_by_type[EVENT_NR];
	uint64_t nr_lines;         /**< text formats */
	uint64_t nr_stack_lines;   /**< call chain lines passed over */
	uint64_t nr_unparsed;      /**< lines or records that are no event and no known notice */
	uint64_t first_unparsed;   /**< line number (text) or file offset of the first of them */
	uint64_t nr_malformed;     /**< known events whose fields could not be read */
	uint64_t first_malformed;
	uint64_t nr_back;          /**< steps back in time from one event to the next */
	uint64_t max_back;         /**< the largest of them */
	uint64_t nr_back_cpu;      /**< steps back within one CPU */
	uint64_t first_time, last_time; /**< of the first and last event, not the extremes */
	uint64_t nr_unknown_gfp;   /**< masks with names or bits without meaning */
	struct vec(uint32_t) unknown_gfp;        /**< names.texts, each once, at most 64 */
	struct vec(struct trace_cpu_info) cpus;  /**< by CPU number */
	struct vec(struct trace_loss) losses;    /**< at most TRACE_LOSS_MAX of nr_losses */
	uint64_t nr_losses;
	struct vec(uint64_t) other;              /**< by names.texts id of EVENT_OTHER: how many */
	unsigned int nr_left_buffers; /**< further buffers (instances) in the file, not read */
	char left_buffers[120];       /**< their names, as many as fit */
	bool truncated;            /**< the file ends inside an event or a section, or is damaged */
	char truncation[200];      /**< where and what was expected, when truncated */
};

enum { TRACE_LOSS_MAX = 4096 };

enum trace_status {
	TRACE_MORE,  /**< the batch holds events (at least one) */
	TRACE_END,   /**< nothing more; the batch is empty */
	TRACE_ERROR, /**< unusable from here on; "err" says where; the batch is empty */
};

/** How many events a reader puts into one batch at most. */
enum { TRACE_BATCH = 4096 };

/**
 * Opens "path" ("-": stdin). "names" receives all texts and must outlive the trace. NULL and "err"
 * when the file cannot be read or is of no known format.
 */
MUST_CHECK struct trace *trace_open(const char *path, const struct trace_options *options,
				    struct event_names *names, struct error *err);
void trace_close(struct trace *trace);
/** Resets "batch" (made with TRACE_BATCH) and fills it with the next events, in order. */
MUST_CHECK enum trace_status trace_next(struct trace *trace, struct event_batch *batch,
					struct error *err);
/** What is known so far; complete after TRACE_END. The trace's. */
const struct trace_info *trace_info(const struct trace *trace);
/** Bytes of the file consumed and in all (0 when unknown, a pipe); for progress. */
void trace_progress(const struct trace *trace, uint64_t *done, uint64_t *total);

/** The formats known, for help: name and one line each; NULL after the last. */
const char *trace_format_name(unsigned int index);
const char *trace_format_summary(unsigned int index);

#endif
