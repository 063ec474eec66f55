/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The page of `kmreplay report`: answer, figures, pictures, tables, proof, of one machine or of
 * several beside each other.
 */
#ifndef KMREPLAY_CLI_REPORT_PAGE_H
#define KMREPLAY_CLI_REPORT_PAGE_H

#include "compare.h"

#include "kmreplay/replay/history.h"
#include "kmreplay/report/plot.h"

struct report_page {
	struct report *report;
	struct compare *compare;
	struct replay_history **histories; /**< one a side of the comparison */
	struct replay_facts *facts;        /**< the same */
	uint64_t start, end;               /**< of the recording, in its own clock */
};

/** Adds everything to page->report. */
void report_page(struct report_page *page);

/* report_time.c: pictures with a time axis, each a section with the tables behind it. */

void report_page_memory(struct report_page *page);
void report_page_free(struct report_page *page);
void report_page_indices(struct report_page *page);
void report_page_failures(struct report_page *page);

/* report_map.c: physical memory over time, and at the start, the worst moment and the end. */

void report_page_map(struct report_page *page);

/* report_bars.c: slab caches, call sites, latency. */

void report_page_slabs(struct report_page *page);
void report_page_sites(struct report_page *page);
void report_page_latency(struct report_page *page);

/** Adds a panel for side "i" to "plot"; marks of its failures, when "timed". */
struct report_panel *report_page_panel(struct report_page *page, struct report_plot *plot,
				       size_t i, const char *suffix, bool timed);
/** Panels side by side that a picture of all sides has. */
unsigned int report_page_columns(const struct report_page *page);
/** Opens and closes what holds the tables of side "i" behind a picture, as far as needed. */
void report_page_side(struct report_page *page, size_t i);
void report_page_side_end(struct report_page *page);

#endif
