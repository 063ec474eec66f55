/* SPDX-License-Identifier: GPL-2.0-or-later */
/** What the files that put the state at the start together share. */
#ifndef KMREPLAY_REPLAY_START_INTERNAL_H
#define KMREPLAY_REPLAY_START_INTERNAL_H

#include "kmreplay/replay/start.h"

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
};

/** Adds memory of the recorded machine: [start, end), which becomes part of zones by "arch". */
void start_add_range(struct start_build *b, uint64_t start, uint64_t end, int node);
/** Says what [from, to) were. */
void start_tell(struct start_build *b, uint64_t from, uint64_t to, enum start_frame what,
		enum start_basis basis);
/** The pageblock of "pfn" was not MOVABLE; ascending. */
void start_tell_type(struct start_build *b, uint64_t pfn, enum migratetype type);

/** start_trace.c: memory as far as events show it. */
void start_trace_ranges(struct start_build *b);
/** start_trace.c: every frame of the ranges, by events, and by boot's rule where there are none. */
void start_trace_frames(struct start_build *b);
/** start_trace.c: types of pageblocks, what waited in per-CPU lists. */
void start_trace_types(struct start_build *b);
void start_trace_pcp(struct start_build *b);

#endif
