/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * When files of the running machine were read, as marks in the recording tell: before each file
 * somebody wrote "... snap LABEL begin FILE" to trace_marker.
 */
#ifndef KMREPLAY_REPLAY_SNAP_MOMENTS_H
#define KMREPLAY_REPLAY_SNAP_MOMENTS_H

#include "kmreplay/event/event.h"
#include "kmreplay/event/names.h"
#include "kmreplay/proc/snapshot.h"

struct snap_moments {
	char *label;
	uint64_t at[PROC_FILE_NR]; /**< event before which it was written; UINT64_MAX: unknown */
	unsigned int open;         /**< enum proc_file being read; PROC_FILE_NR: none */
	int32_t reader;            /**< the task that reads it */
};

/** The label is the last component of "dir". */
void snap_moments_init(struct snap_moments *moments, const char *dir);
void snap_moments_deinit(struct snap_moments *moments);
/**
 * Looks in "batch", whose first event has the number "first", for marks, and for the moment behind
 * each at which its file was written.
 */
void snap_moments_look(struct snap_moments *moments, const struct event_batch *batch,
		       const struct event_names *names, uint64_t first);

#endif
