/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Between the container's two halves: the walk over versions 6 and 7 (trace_dat_file.c) and what
 * the parts that both have hold (trace_dat_parts.c).
 */
#ifndef KMREPLAY_TRACE_DAT_FILE_H
#define KMREPLAY_TRACE_DAT_FILE_H

#include "trace_dat.h"

struct dat_stat {
	uint64_t cpu;
	uint64_t overrun; /**< events that the kernel overwrote */
};

struct dat_buffer {
	uint64_t offset;       /**< of its section */
	const char *name;      /**< "" is the top buffer */
	struct dat_bytes rest; /**< of the option, version 7 */
};

/** What options said, until all are read. */
struct dat_file {
	uint64_t header_info, ftrace_events, event_formats, kallsyms, cmdlines; /**< offsets */
	struct vec(struct dat_stat) stats;
	struct vec(struct dat_buffer) buffers;
};

void dat_file_deinit(struct dat_file *f);

/**
 * The content of version 7's section at "offset", unpacked. With "packed" only its header is read,
 * and whether it is packed is told. "what" is for messages.
 */
bool dat_section(struct dat *dat, uint64_t offset, const char *what, struct dat_bytes *ret,
		 bool *packed, struct error *err);

/** The parts, each from where "b" stands; those that return nothing can be done without. */
bool dat_parts_header(struct dat *dat, struct dat_bytes *b, struct error *err);
bool dat_parts_ftrace(struct dat *dat, struct dat_bytes *b, struct error *err);
bool dat_parts_events(struct dat *dat, struct dat_bytes *b, struct error *err);
void dat_parts_kallsyms(struct dat *dat, struct dat_bytes *b);
void dat_parts_cmdlines(struct dat *dat, struct dat_bytes *b);
/** When all parts are in: the kernel's generation, GFP numbering, programs. */
bool dat_parts_finish(struct dat *dat, struct error *err);

#endif
