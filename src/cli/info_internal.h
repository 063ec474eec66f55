/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What `info` counts by itself, since the reader's own counts know nothing of filters, and the
 * layers of the machine that these counts can drive.
 */
#ifndef KMREPLAY_CLI_INFO_INTERNAL_H
#define KMREPLAY_CLI_INFO_INTERNAL_H

#include "cli_internal.h"

struct info_cpu {
	uint64_t nr;
	uint64_t first_time, last_time;
};

struct info {
	const struct event_names *names;
	uint64_t nr;
	uint64_t by_type[EVENT_NR];
	struct vec(uint64_t) by_other; /**< EVENT_OTHER, by names.texts id */
	struct vec(struct info_cpu) cpus;
	uint64_t first_time, last_time;
};

enum layer_state {
	LAYER_NO,      /**< nothing of it was recorded */
	LAYER_PARTLY,  /**< allocations or frees are missing */
	LAYER_DRIVEN,  /**< all that a replay needs */
};

struct layer_counts {
	const char *key;
	const char *title;
	uint64_t allocs, frees;
	enum layer_state state;
};

/** Counts of layer "i"; false after the last. */
bool info_layer(const struct info *info, unsigned int i, struct layer_counts *ret);
/** Adds what was not recorded and how to record it. */
void info_add_hints(struct report *r, const struct info *info, const struct trace_info *trace);

#endif
