/* SPDX-License-Identifier: GPL-2.0-or-later */
/** What the files that put the state at the start together share. */
#ifndef KMREPLAY_REPLAY_START_INTERNAL_H
#define KMREPLAY_REPLAY_START_INTERNAL_H

#include "kmreplay/proc/snapshot.h"
#include "kmreplay/replay/start.h"

enum { SECTION = 1 << (27 - KERNEL_PAGE_SHIFT) }; /**< PAGES_PER_SECTION of x86-64 */

/** What is said of frames. */
enum start_frame {
	START_FREE,
	START_USED,
	START_PCP,
};

/** The state while it is made: frames are told in ascending order. */
struct start_build {
	const struct start_sources *sources;
	struct start_state *state;
	bool pcp_known; /**< what waited in per-CPU lists can be told */
	const struct proc_boot *boot; /**< NULL: no boot log */
	const struct proc_kpageflags *flags; /**< of pages that no event touches; NULL: unknown */
};

/** Adds memory of the recorded machine, [start, end) if not empty, and its zones by "arch". */
void start_add_range(struct start_build *b, uint64_t start, uint64_t end, int node);
/** No other zone of its node is higher. */
bool start_is_last_zone(const struct start_state *state, const struct start_zone *zone);
/** Says what [from, to) were. */
void start_tell(struct start_build *b, uint64_t from, uint64_t to, enum start_frame what,
		enum start_basis basis);
/** The pageblock of "pfn" was not MOVABLE; ascending. */
void start_tell_type(struct start_build *b, uint64_t pfn, enum migratetype type);

/** A line of "contradictions". */
void start_contradict(struct start_build *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** start_boot.c: memory as the boot log or iomem has it; false: neither says. */
bool start_boot_ranges(struct start_build *b);
/**
 * start_boot.c: the end of the frames at "pfn", up to "limit", that were all reserved or all not;
 * "limit", and not reserved, when nobody says.
 */
uint64_t start_boot_reserved(const struct start_build *b, uint64_t pfn, uint64_t limit,
			     bool *reserved);
/** start_boot.c: CMA areas by the log, else by the types of pageblocks that events show. */
void start_boot_cma(struct start_build *b);
/** start_boot.c: the CMA area that "pfn" lies in, or NULL. */
const struct machine_cma *start_cma_of(const struct start_build *b, uint64_t pfn);
/**
 * start_boot.c: where the part of a zone ends that boot initialises first, if the rest of it can
 * wait (DEFERRED_STRUCT_PAGE_INIT); UINT64_MAX: it cannot.
 */
uint64_t start_first_part(const struct start_build *b, const struct start_zone *zone);
/** start_boot.c: which pages the allocator manages, when the log says what was reserved. */
void start_boot_managed(struct start_build *b);

/** start_files.c: memory as the files of the start have it; false: they do not. */
bool start_files_ranges(struct start_build *b);
/**
 * start_files.c: the kpageflags that tell of untouched memory: those of the start, else later ones
 * of the same machine; NULL: there are none.
 */
const struct proc_kpageflags *start_files_flags(struct start_build *b);
/** start_files.c: what "b->flags" say of untouched memory. */
void start_files_untouched(struct start_build *b, uint64_t from, uint64_t to);
/** start_files.c: marks, limits, managed pages out of zoneinfo. */
void start_files_limits(struct start_build *b);
/** start_counts.c: free blocks as many as buddyinfo and pagetypeinfo say. */
void start_files_counts(struct start_build *b);
/** start_pcp.c: pages in per-CPU lists, as many as zoneinfo says; the last to be found. */
void start_files_pcp(struct start_build *b);

/** start_trace.c: part of the zone was initialised late: its blocks are seen to be freed. */
bool start_was_deferred(const struct start_build *b, const struct start_zone *zone);
/** start_trace.c: the first of these blocks at or behind "from"; UINT64_MAX: there is none. */
uint64_t start_first_late(const struct start_build *b, const struct start_zone *zone,
			  uint64_t from);
/** start_trace.c: memory as far as events show it. */
void start_trace_ranges(struct start_build *b);
/** start_trace.c: every frame of the ranges, by events, and by boot's rule where there are none. */
void start_trace_frames(struct start_build *b);
/** start_trace.c: types of pageblocks, what waited in per-CPU lists. */
void start_trace_types(struct start_build *b);
void start_trace_pcp(struct start_build *b);

#endif
