/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The report of `kmreplay replay`: what the machine made of the recording.
 */
#ifndef KMREPLAY_CLI_REPLAY_REPORT_H
#define KMREPLAY_CLI_REPLAY_REPORT_H

#include "kmreplay/config/config.h"
#include "kmreplay/event/names.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/repair/repair.h"
#include "kmreplay/replay/figures.h"
#include "kmreplay/replay/replay.h"
#include "kmreplay/replay/slab_usage.h"
#include "kmreplay/report/report.h"
#include "kmreplay/stats/account.h"
#include "kmreplay/trace/trace.h"

struct option_sort;
struct option_words;

struct replay_facts {
	const char *path;
	const struct trace_info *info;
	const struct cli_input *in;
	const struct event_names *names;
	const struct repair *repair;
	const struct machine_config *config;
	const struct config *settings; /**< what was set of it */
	struct replay *replay;
	const struct start_state *start; /**< of the recorded machine */
	struct account *account; /**< by call site and cache */
	unsigned int layers;     /**< enum replay_layer */
	uint64_t lines;          /**< of a table; 0: all */
	bool verbose;            /**< tables that most readers skip */
	const struct option_sort *slab_sort; /**< of slab caches; NULL, empty: by loss, in short */
	const struct option_words *caches;   /**< which of them; NULL or empty: all */
	const char *label;       /**< the side that tables are about; NULL: there is one only */
};

/** Adds everything below the title to "report". */
void replay_report(struct report *report, const struct replay_facts *facts);

/*
 * Its parts, for pages that are put together in another way. Each table is the report's; NULL when
 * there is nothing to show.
 */

/** replay_words.c: the answer in plain words, a paragraph. */
void replay_report_words(struct report *report, const struct replay_facts *facts);
/** Sections: what machine it is; what became of the events. */
void replay_report_machine(struct report *report, const struct replay_facts *facts);
/** replay_start.c: what its state at the first event is known from. */
void replay_report_start(struct report *report, const struct replay_facts *facts);
void replay_report_coverage(struct report *report, const struct replay_facts *facts);
struct report_table *replay_report_owners(struct report *report, const struct replay_facts *facts);
struct report_table *replay_report_zones(struct report *report, const struct replay_facts *facts);
/** The indices of one zone by order. */
struct report_table *replay_report_indices(struct report *report, const struct replay_facts *facts,
					   const struct replay_zone *zone);

/** replay_slabs.c: the slab caches as the options want them, by loss unless told. */
void replay_slab_usage(const struct replay_facts *facts, struct slab_usage *usage);
/** What each holds and loses; the ways of allocations and frees; average, least, most and total. */
struct report_table *replay_report_caches(struct report *report, const struct replay_facts *facts);
struct report_table *replay_report_slab_paths(struct report *report,
					      const struct replay_facts *facts);
struct report_table *replay_report_slab_spread(struct report *report,
					       const struct replay_facts *facts);
/** replay_tables.c: caches or call sites by waste. */
struct report_table *replay_report_waste(struct report *report, const struct replay_facts *facts,
					 enum account_by by);
/** Failures by kind; modelled latency by call or by path. */
struct report_table *replay_report_failures(struct report *report,
					    const struct replay_facts *facts);
struct report_table *replay_report_latency(struct report *report, const struct replay_facts *facts,
					   bool by_path);

/** report_table() with the label of "facts" in its title. */
struct report_table *replay_table(struct report *report, const struct replay_facts *facts,
				  const char *key, const char *title,
				  const struct report_column *columns, unsigned int nr);
/** A figure's value in its own unit. */
struct report_value figure_value_of(const struct figure *figure);
/** The zone with most memory speaks for a machine; NULL when none was looked at. */
const struct replay_zone *replay_largest_zone(const struct replay_tally *tally);

/** replay_areas.c: holes in the vmalloc range; per-CPU chunks. Nothing when nobody asked there. */
void replay_report_vmalloc(struct report *report, const struct replay_facts *facts);
void replay_report_percpu(struct report *report, const struct replay_facts *facts);

#endif
