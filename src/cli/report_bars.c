/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures without time: what slab caches lose, what call sites hold and waste, latency. */
#include <config.h>

#include "account_feed.h"
#include "report_page.h"

#include "kmreplay/core/fmt.h"
#include "kmreplay/mm/slab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BARS = 10,
	PATHS = 8,        /* lines of latency: the paths that were taken most */
	NAME_WIDTH = 40,  /* characters of a bar's name */
};

/* Which bytes of a call site a picture is about. */
struct site_picture {
	const char *key, *title, *asked, *wasted;
	enum account_column req, waste;
};

static void add_loss_bars(struct report_panel *panel, struct replay *replay);
static bool all_gave_the_same(const struct report_page *page);
static struct report_plot *add_site_picture(struct report_page *page, size_t nr,
					    const struct site_picture *picture);
static void add_sites(struct report_panel *panel, const struct replay_facts *facts,
		      const struct site_picture *picture);
static void add_waste_tables(struct report_page *page, size_t nr, struct report_plot *plot,
			     enum account_by by);
static void add_bar(struct report_panel *panel, const char *name, const int64_t *values);
static void add_curves(struct report_panel *panel, const struct replay_tally *tally);
static void add_curve(struct report_panel *panel, const char *name, const struct hist *hist);

void report_page_slabs(struct report_page *page)
{
	struct report_plot *plot;

	report_begin(page->report, "slabs", "Slab caches");
	plot = report_plot(page->report,
			   &(struct report_plot_spec){
				   .key = "slab_loss",
				   .title = "Slab caches by loss, at the end",
				   .says = "What the caches that lose most hold beyond their live "
					   "objects, and why.",
				   .kind = REPORT_PLOT_BARS,
				   .x = { .key = "bytes", .label = "slab_loss",
					  .unit = REPORT_BYTES },
				   .y = { .key = "cache", .label = "cache" },
				   .columns = report_page_columns(page),
			   });
	for (size_t i = 0; i < page->compare->sides.nr; i++)
		add_loss_bars(report_page_panel(page, plot, i, NULL, false),
			      page->facts[i].replay);
	for (size_t i = 0; i < page->compare->sides.nr; i++) {
		report_page_side(page, i);
		report_plot_table(plot, replay_report_caches(page->report, &page->facts[i]));
		report_plot_table(plot, replay_report_slab_paths(page->report, &page->facts[i]));
		report_plot_table(plot, replay_report_slab_spread(page->report, &page->facts[i]));
		report_page_side_end(page);
	}
	report_end(page->report);
}

/*
 * What callers asked for is the recording's, the same on all sides. What they were given is, too,
 * but for size classes and layouts of a side's own: then each has its picture.
 */
void report_page_sites(struct report_page *page)
{
	const size_t nr = all_gave_the_same(page) ? 1 : page->compare->sides.nr;
	struct report_plot *plots[2];

	report_begin(page->report, "sites", "Call sites");
	plots[0] = add_site_picture(page, nr, &(struct site_picture){
						      .key = "sites_live",
						      .title = "Call sites by live bytes, at the "
							       "end",
						      .asked = "asked for",
						      .wasted = "waste",
						      .req = ACCOUNT_COL_LIVE_REQ,
						      .waste = ACCOUNT_COL_LIVE_WASTE,
					      });
	add_waste_tables(page, nr, plots[0], ACCOUNT_BY_SITE);
	plots[1] = add_site_picture(page, nr, &(struct site_picture){
						      .key = "sites_waste",
						      .title = "Call sites by wasted bytes, all "
							       "allocations",
						      .wasted = "waste",
						      .req = ACCOUNT_COL_NR,
						      .waste = ACCOUNT_COL_WASTE,
					      });
	add_waste_tables(page, nr, plots[1], ACCOUNT_BY_CACHE);
	report_end(page->report);
}

void report_page_latency(struct report_page *page)
{
	struct report_plot *plot;

	report_begin(page->report, "latency",
		     "Latency, modelled from the cost table (not measured)");
	plot = report_plot(page->report,
			   &(struct report_plot_spec){
				   .key = "latency",
				   .title = "Modelled latency by path",
				   .says = "The share of calls that took at most so long, a line for "
					   "each path; what lies far to the right is what callers "
					   "feel.",
				   .kind = REPORT_PLOT_LINES,
				   .x = { .key = "latency_ns", .label = "latency",
					  .unit = REPORT_NS, .log = true },
				   .y = { .key = "share", .label = "calls",
					  .unit = REPORT_PERCENT, .high = 100000 },
				   .columns = report_page_columns(page),
				   .steps = true,
			   });
	for (size_t i = 0; i < page->compare->sides.nr; i++)
		add_curves(report_page_panel(page, plot, i, NULL, false),
			   replay_tally(page->facts[i].replay));
	for (size_t i = 0; i < page->compare->sides.nr; i++) {
		report_page_side(page, i);
		report_plot_table(plot, replay_report_latency(page->report, &page->facts[i], true));
		report_plot_table(plot,
				  replay_report_latency(page->report, &page->facts[i], false));
		report_page_side_end(page);
	}
	report_end(page->report);
}

static void add_loss_bars(struct report_panel *panel, struct replay *replay)
{
	const struct replay_facts facts = { .replay = replay };
	struct slab_usage usage;

	replay_slab_usage(&facts, &usage);
	report_series(panel, &(struct report_series){ "free", "free objects", REPORT_COLOR_LIVE },
		      NULL, 0);
	report_series(panel,
		      &(struct report_series){ "padding", "ends of slabs", REPORT_COLOR_KERNEL },
		      NULL, 0);
	report_series(panel, &(struct report_series){ "align", "alignment", REPORT_COLOR_WASTE },
		      NULL, 0);
	for (size_t i = 0; i < usage.rows.nr && i < BARS; i++) {
		const struct slab_cache_stats *stats = &usage.rows.items[i].stats;

		if (!slab_usage_loss(&usage.rows.items[i]))
			break;
		add_bar(panel, usage.rows.items[i].name,
			(int64_t[]){ (int64_t)stats->loss_free, (int64_t)stats->loss_padding,
				     (int64_t)stats->loss_align });
	}
	slab_usage_deinit(&usage);
}

/* A side whose objects got as many bytes as the first one's got the same ones. */
static bool all_gave_the_same(const struct report_page *page)
{
	const struct account_row *first = account_total(page->facts[0].account, ACCOUNT_OBJECTS);

	for (size_t i = 1; i < page->compare->sides.nr; i++) {
		const struct account_row *row =
			account_total(page->facts[i].account, ACCOUNT_OBJECTS);

		if (row->bytes_alloc != first->bytes_alloc || row->failed != first->failed)
			return false;
	}
	return true;
}

/* Of the first "nr" sides: one for all, or all. */
static struct report_plot *add_site_picture(struct report_page *page, size_t nr,
					    const struct site_picture *picture)
{
	const bool live = picture->req != ACCOUNT_COL_NR;
	struct report_plot *plot;

	plot = report_plot(page->report,
			   &(struct report_plot_spec){
				   .key = picture->key,
				   .title = picture->title,
				   .says = live ? "Who holds most when the recording ends, and how much "
						  "of it was not asked for." :
						  "Who was given most that was not asked for, over all "
						  "allocations.",
				   .kind = REPORT_PLOT_BARS,
				   .x = { .key = "bytes", .label = live ? "live" : "wasted",
					  .unit = REPORT_BYTES },
				   .y = { .key = "site", .label = "call site" },
				   .columns = nr > 1 ? report_page_columns(page) : 0,
			   });
	for (size_t i = 0; i < nr; i++)
		add_sites(nr > 1 ? report_page_panel(page, plot, i, NULL, false) :
				   report_panel(plot, "all", NULL),
			  &page->facts[i], picture);
	return plot;
}

static void add_sites(struct report_panel *panel, const struct replay_facts *facts,
		      const struct site_picture *picture)
{
	const struct topk_key order[] = { { .column = picture->req == ACCOUNT_COL_NR ?
							      picture->waste :
							      ACCOUNT_COL_LIVE_BYTES } };
	const bool live = picture->req != ACCOUNT_COL_NR;
	struct account_lines lines = { 0 };
	struct str name;

	if (live)
		report_series(panel,
			      &(struct report_series){ "asked", picture->asked,
						       REPORT_COLOR_LIVE },
			      NULL, 0);
	report_series(panel,
		      &(struct report_series){ "waste", picture->wasted, REPORT_COLOR_WASTE },
		      NULL, 0);
	account_collect(facts->account, ACCOUNT_OBJECTS, ACCOUNT_BY_SITE, &lines);
	account_sort(&lines, order, ARRAY_SIZE(order));
	str_init(&name);
	for (size_t i = 0; i < lines.nr && i < BARS; i++) {
		const struct account_line *line = &lines.items[i];
		int64_t waste = (int64_t)account_value(&line->row, picture->waste);
		int64_t req = live ? (int64_t)account_value(&line->row, picture->req) : waste;

		if (!waste && !req)
			break;
		str_reset(&name);
		if (line->key)
			event_site_print(facts->names, (uint32_t)line->key, false, &name);
		else
			str_add(&name, "(not recorded)");
		add_bar(panel, str_text(&name), (int64_t[]){ req, waste });
	}
	str_deinit(&name);
	vec_deinit(&lines);
}

/* Behind a picture of "nr" sides. */
static void add_waste_tables(struct report_page *page, size_t nr, struct report_plot *plot,
			     enum account_by by)
{
	for (size_t i = 0; i < nr; i++) {
		struct replay_facts facts = page->facts[i];

		if (nr > 1)
			report_page_side(page, i);
		else
			facts.label = NULL;
		report_plot_table(plot, replay_report_waste(page->report, &facts, by));
		if (nr > 1)
			report_page_side_end(page);
	}
}

/* Long symbols keep their ends, which tell them apart, too. */
static void add_bar(struct report_panel *panel, const char *name, const int64_t *values)
{
	size_t len = strlen(name);
	char *short_name;

	if (len <= NAME_WIDTH) {
		report_bar(panel, name, values);
		return;
	}
	short_name = xasprintf("%.*s..%s", NAME_WIDTH / 2 - 1, name,
			       name + len - NAME_WIDTH / 2 + 1);
	report_bar(panel, short_name, values);
	free(short_name);
}

static void add_curves(struct report_panel *panel, const struct replay_tally *tally)
{
	bool drawn[MM_PATH_NR] = { false };

	for (unsigned int i = 0; i < PATHS; i++) {
		unsigned int most = MM_PATH_NR;

		for (unsigned int path = 0; path < MM_PATH_NR; path++)
			if (!drawn[path] && tally->path_cost[path].count &&
			    (most == MM_PATH_NR || tally->path_cost[path].count >
							   tally->path_cost[most].count))
				most = path;
		if (most == MM_PATH_NR)
			return;
		drawn[most] = true;
		add_curve(panel, mm_path_name((enum mm_path)most), &tally->path_cost[most]);
	}
}

static void add_curve(struct report_panel *panel, const char *name, const struct hist *hist)
{
	struct vec(struct series_point) points = { 0 };
	struct hist_bin bin;
	uint64_t sum = 0;
	uint32_t at = 0;

	vec_push(&points, (struct series_point){ .time = hist_min(hist) });
	while (hist_next(hist, &at, &bin)) {
		sum += bin.count;
		vec_push(&points,
			 (struct series_point){
				 .time = MIN(MAX(bin.high, hist_min(hist)), hist->max),
				 .value = (int64_t)((double)sum / (double)hist->count * 100000),
			 });
	}
	report_series(panel, &(struct report_series){ .key = name }, points.items, points.nr);
	vec_deinit(&points);
}
