/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the files of the trace.dat reader share.
 *
 *	trace_dat.c          the format's entry: opening, batches, merging the CPUs by time
 *	trace_dat_file.c     the container: sections of version 6 and 7, options, where data lies
 *	trace_dat_parts.c    what the parts hold that both versions have
 *	trace_dat_format.c   event format files: fields
 *	trace_dat_expr.c     expressions of print formats: parsing and evaluation
 *	trace_dat_gfp.c      the recording's own numbers of GFP bits
 *	trace_dat_names.c    addresses to call sites, pids to task names, cache names
 *	trace_dat_program.c  for each event of the recording: how it becomes a struct event
 *	trace_dat_stream.c   one CPU's pages, unpacked ahead by a helper thread
 *	trace_dat_page.c     ring buffer pages to events: the hot loop
 */
#ifndef KMREPLAY_TRACE_DAT_H
#define KMREPLAY_TRACE_DAT_H

#include "trace_dat_format.h"
#include "trace_dat_names.h"
#include "trace_internal.h"

/* ---- GFP numbering (trace_dat_gfp.c) ---- */

struct dat_gfp {
	enum gfp_era era;
	uint32_t base;     /**< a mask of no raw bits */
	uint32_t bits[64]; /**< what each raw bit toggles in "base" */
	bool found;        /**< some format had a table */
};

/** The numbering of "era" alone. */
void dat_gfp_init(struct dat_gfp *gfp, enum gfp_era era);
/** The era that a table of a format file is of, for recordings that do not tell their kernel. */
enum gfp_era dat_gfp_guess(const struct dat_expr *flags);
/** Takes over what the table in "flags" says, by name. */
void dat_gfp_learn(struct dat_gfp *gfp, const struct dat_expr *flags);
uint32_t dat_gfp_map(const struct dat_gfp *gfp, uint64_t raw);

struct dat;
/** Notes a mask with bits that have no meaning. */
void dat_gfp_note(struct dat *dat, uint64_t raw);

/* ---- programs (trace_dat_program.c) ---- */

/** Events with a hand-written path; all others go through their list of operations. */
enum dat_path {
	DAT_PATH_NONE,  /**< no event has this number */
	DAT_PATH_OTHER, /**< its name is all that counts */
	DAT_PATH_FREE,  /**< kfree, kmem_cache_free */
	DAT_PATH_ALLOC, /**< kmalloc, kmem_cache_alloc and _node */
	DAT_PATH_PAGE,  /**< mm_page_* but extfrag */
	DAT_PATH_OPS,
};

/** Where a hand-written path finds a field; DAT_ABSENT where the event has none. */
enum { DAT_ABSENT = 0xffff };

struct dat_op {
	const struct event_field *dest;
	const struct dat_field *src;  /**< NULL: from expr */
	const struct dat_expr *expr;  /**< for words of numbers, and where there is no field */
};

/** What a raw mask means, for the masks seen last. */
struct dat_mask_slot {
	uint64_t raw;
	uint32_t gfp;
	uint8_t accounted;
	bool valid;
};

enum { DAT_MASK_SLOTS = 64 };

struct dat_program {
	uint8_t type; /**< enum event_type */
	uint8_t path; /**< enum dat_path */
	uint8_t gfp_size; /**< 4 or 8 */
	uint32_t min_len; /**< of a record, for the hand-written path */
	uint32_t name;    /**< OTHER: names.texts */
	uint16_t site, ptr, req, alloc, gfp, node, accounted, word; /**< offsets, slab */
	uint16_t pfn, order, migratetype, refill;                   /**< offsets, page */
	const struct dat_expr *accounted_expr; /**< where "accounted" is no field of its own */
	const struct dat_field *mark_buf, *mark_ip; /**< of "print" */
	struct dat_mask_slot *masks;
	struct vec(struct dat_op) ops;
};

/** One program a format; formats that only count have a short one. */
void dat_program_compile(struct dat *dat, struct dat_program *prog,
			 const struct dat_format *format);
void dat_program_deinit(struct dat_program *prog);
/** Runs the list of operations; false when a value does not fit its place. */
bool dat_program_run(struct dat *dat, const struct dat_program *prog,
		     const struct dat_record *record, struct event *ev,
		     struct event_batch *batch);
/** Fills the slot of a mask that was not seen lately. */
const struct dat_mask_slot *dat_program_mask(struct dat *dat, const struct dat_program *prog,
					     uint64_t raw, const struct dat_record *record);

/* ---- CPU streams (trace_dat_stream.c) ---- */

enum { DAT_CHUNKS = 8 }; /**< unpacked chunks a CPU, the one being read included */

enum dat_packing {
	DAT_PACKING_NONE,
	DAT_PACKING_ZLIB,
	DAT_PACKING_ZSTD,
};

struct dat_chunk {
	unsigned char *data;
	size_t cap, len;
	uint64_t offset;    /**< in the file, for messages */
	const char *damage; /**< what is wrong with it, or NULL; else "data" holds pages */
	bool ready;         /**< unpacked; under the lock */
};

struct dat_cpu {
	unsigned int cpu;
	const unsigned char *data; /**< what is left of the file's part of this CPU */
	uint64_t left;
	uint64_t offset;           /**< of "data" in the file */
	bool packed;
	uint32_t nr_left;          /**< chunks not yet taken up; all up to here under the lock */
	struct dat_chunk chunks[DAT_CHUNKS];
	unsigned int nr_taken; /**< chunks taken up for unpacking; under the lock */
	unsigned int nr_used;  /**< chunks done with; under the lock */
	bool holds;            /**< the decoder is in chunk nr_used */

	const unsigned char *pages; /**< pages of the chunk or file not yet begun */
	size_t pages_left;
	uint64_t pages_offset; /**< for messages */

	/* The page being read (trace_dat_page.c). */
	const unsigned char *page; /**< its data behind the header; NULL: none */
	uint32_t pos, used;
	uint64_t time;
	uint64_t page_offset;

	/* The next event. */
	bool has;
	bool lost; /**< events are missing before it */
	uint64_t lost_nr;
	uint32_t rec_pos, rec_len;
	uint64_t rec_time;   /**< as the trace's clock ends up */
	uint64_t overrun;    /**< from the statistics in the file */
	uint64_t noted;      /**< losses noted from pages */
	bool unknown_loss;   /**< some page did not say how many */
};

struct dat_reader; /**< what unpacks: contexts, lock, helper thread */

struct dat_reader *dat_reader_create(struct dat *dat, enum dat_packing packing, bool helper);
void dat_reader_destroy(struct dat_reader *reader);
/** Makes cpu->pages the next stretch of pages; false at the end. */
bool dat_stream_next(struct dat *dat, struct dat_cpu *cpu);
/** Bytes of the file with pages that are still to come. */
uint64_t dat_stream_left(const struct dat *dat, const struct dat_cpu *cpu);
/** Checks a CPU's part of the file and its chunk table. */
void dat_stream_begin(struct dat *dat, struct dat_cpu *cpu, uint64_t offset, uint64_t size,
		      bool packed);

/* ---- pages (trace_dat_page.c) ---- */

/** A batch ends when markers have put so much into its side buffer. */
enum { DAT_AUX_MAX = 1 << 24 };

/** Finds the CPU's next event: cpu->has says whether there is one. */
void dat_page_advance(struct dat *dat, struct dat_cpu *cpu);
/** Appends the CPU's events up to time "limit" while the batch has room; at least one. */
void dat_page_run(struct dat *dat, struct dat_cpu *cpu, uint64_t limit, struct event_batch *batch);

/* ---- the open file (trace_dat.c, trace_dat_file.c) ---- */

struct dat {
	struct trace *trace;
	const unsigned char *file;
	size_t file_len;
	unsigned int version; /**< 6, 7 */
	bool swap;
	enum dat_packing packing;
	uint32_t page_size;   /**< bytes of a sub-buffer */
	uint32_t data_offset; /**< of the events in a page */
	uint32_t commit_size; /**< 4 or 8: the kernel's long */
	uint64_t mult;        /**< TSC to ns: time * mult >> shift; 0: no conversion */
	unsigned int shift;
	int64_t ts_offset;    /**< ns, added to all times */
	uint64_t buffer_offset; /**< version 7: of the section with the pages */

	struct vec(unsigned char *) sections; /**< unpacked ones; names point into them */
	struct arena arena;
	struct vec(struct dat_format) formats;
	struct dat_program *programs; /**< [0]: no event at all; the last: of unknown format */
	uint32_t nr_programs;
	uint16_t program_of[1 << 16]; /**< by common_type */
	struct dat_gfp gfp;
	struct dat_names names;

	struct dat_cpu *cpus;
	uint32_t nr_cpus;
	uint32_t *heap; /**< indices of CPUs with events, the earliest on top */
	uint32_t nr_heap;
	struct dat_reader *reader;
	uint64_t nr_delivered; /**< events in earlier batches */
	uint8_t flags[256];    /**< enum event_flags of each common_flags */
};

/** Reads everything but the pages. */
bool dat_file_read(struct dat *dat, struct error *err);
/** Notes a truncated or damaged part once, and counts it. */
void dat_damage(struct dat *dat, uint64_t offset, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
