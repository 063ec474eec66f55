/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The report of `kmreplay replay`: what the machine made of the recording.
 */
#ifndef KMREPLAY_CLI_REPLAY_REPORT_H
#define KMREPLAY_CLI_REPLAY_REPORT_H

#include "kmreplay/config/config.h"
#include "kmreplay/event/names.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/repair/repair.h"
#include "kmreplay/replay/figures.h"
#include "kmreplay/replay/replay.h"
#include "kmreplay/report/report.h"
#include "kmreplay/stats/account.h"
#include "kmreplay/trace/trace.h"

struct replay_facts {
	const char *path;
	const struct trace_info *info;
	const struct event_names *names;
	const struct repair *repair;
	const struct machine_config *config;
	const struct config *settings; /**< what was set of it */
	struct replay *replay;
	struct account *account; /**< by call site and cache */
	unsigned int layers;     /**< enum replay_layer */
	uint64_t lines;          /**< of a table; 0: all */
	bool verbose;            /**< tables that most readers skip */
};

/** Adds everything below the title to "report". */
void replay_report(struct report *report, const struct replay_facts *facts);

/** A figure's value in its own unit. */
struct report_value figure_value_of(const struct figure *figure);

/** replay_tables.c: slab caches by loss; caches and call sites by waste. */
void replay_report_caches(struct report *report, const struct replay_facts *facts);
void replay_report_waste(struct report *report, const struct replay_facts *facts);
/** replay_tables.c: failures by kind; modelled latency by call and by path. */
void replay_report_failures(struct report *report, const struct replay_facts *facts);
void replay_report_latency(struct report *report, const struct replay_facts *facts);

/** replay_areas.c: holes in the vmalloc range; per-CPU chunks. Nothing when nobody asked there. */
void replay_report_vmalloc(struct report *report, const struct replay_facts *facts);
void replay_report_percpu(struct report *report, const struct replay_facts *facts);

#endif
