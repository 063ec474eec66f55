/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Plots inside the document, and what those who show them share: ranges, ticks, colours, thinning.
 *
 * Data are kept as they were given. Who draws asks for the rows of a picture (plot_rows), which
 * are thinned to a number of columns, and for ticks that are already labelled.
 */
#ifndef KMREPLAY_REPORT_PLOT_INTERNAL_H
#define KMREPLAY_REPORT_PLOT_INTERNAL_H

#include "report_internal.h"

#include "kmreplay/core/fmt.h"
#include "kmreplay/report/plot.h"

/** Points in time that panels carry; shared by the panels added after them. */
struct plot_marks {
	const char *key, *label;
	const uint64_t *times;
	size_t nr;
};

struct plot_series {
	const char *key, *label;
	enum report_color color;
	const struct series_point *points; /**< AREAS, LINES */
	size_t nr;
	const int64_t *cells; /**< HEAT, MAP: row by row */
};

struct plot_bar {
	const char *name;
	const int64_t *values; /**< one a series */
};

struct report_panel {
	struct report_plot *plot;
	struct report_panel *next;
	const char *key;
	const char *title;		/**< NULL: none */
	const struct plot_marks *marks; /**< NULL: none */
	struct vec(struct plot_series) series;
	struct vec(struct plot_bar) bars;
	struct report_grid grid; /**< shape of the series' cells; no columns: none yet */
};

struct report_plot {
	struct report_node node;
	struct report_plot_spec spec; /**< texts are the report's */
	struct report *report;
	struct report_panel *first, *last;
	unsigned int nr_panels;
	unsigned int number;	    /**< from 1 on, in the order of the report */
	const char *file;	    /**< name of its files without their ends; unique */
	const char *svg;	    /**< picture for a page; NULL: not drawn */
};

/** A range of an axis in the axis' unit; empty when low > high. */
struct plot_range {
	int64_t low, high;
};

struct plot_ranges {
	struct plot_range x, y, z;
};

/** The ranges of "p" over all its panels; always usable for drawing: low < high. */
struct plot_ranges plot_ranges(const struct report_plot *p);
/** Is there anything to show? */
bool plot_has_data(const struct report_plot *p);
/** 0xRRGGBB of series "i" of "panel". */
uint32_t plot_color(const struct report_panel *panel, size_t i);
/** viridis at "at" of 0 ... 1. */
uint32_t plot_viridis(double at);
/** Sum of all segments of a bar, at most INT64_MAX. */
int64_t plot_bar_total(const struct report_panel *panel, const struct plot_bar *bar);
/** "a" + "b" inside the range of int64_t. */
int64_t plot_add(int64_t a, int64_t b);

/** Values of several series at the same points of x. */
struct plot_rows {
	size_t nr;
	unsigned int width; /**< values a row */
	uint64_t *x;
	int64_t *values; /**< row by row */
};

/** How many points a picture may have, so that it stays small enough for a page. */
enum { PLOT_POINTS = 12000, PLOT_COLUMNS = 720 };

/**
 * Points of series "series" of "panel" (AREAS: of all series, held from one point to the next)
 * inside "x", thinned to at most "max" rows: first, last and the rows of all extremes of each
 * column are kept, and columns are joined until it is enough.
 */
struct plot_rows plot_rows(const struct report_panel *panel, size_t series, struct plot_range x,
			   size_t max);
void plot_rows_deinit(struct plot_rows *rows);
/** Column (0 to "columns" - 1) in which "value" of "axis" lies; what is outside goes to the ends.
 */
unsigned int plot_column(const struct report_axis *axis, struct plot_range range, int64_t value,
			 unsigned int columns);

struct plot_tick {
	double at; /**< as plot_number() */
	char label[FMT_BUF];
};
enum { PLOT_TICKS = 40 };

/** Fills "ticks" (PLOT_TICKS) with about "want" labelled round values inside "range". */
unsigned int plot_ticks(const struct report_plot *p, const struct report_axis *axis,
			struct plot_range range, unsigned int want, struct plot_tick *ticks);
/** A value as it stands in a .dat file: seconds since the start, whole ratios and percents. */
double plot_number(const struct report_plot *p, const struct report_axis *axis, int64_t value);
/** Appends the same exactly. */
void plot_add_number(struct str *out, const struct report_plot *p, const struct report_axis *axis,
		     int64_t value);
/** Appends a value of an axis as people read it; times since the start. */
void plot_add_human(struct str *out, const struct report_plot *p, const struct report_axis *axis,
		    int64_t value);
/** The label of an axis with its unit where ticks do not say it. */
void plot_add_label(struct str *out, const struct report_axis *axis);
/** Appends "text", printable, cut to "width" characters. */
void plot_add_cut(struct str *out, const char *text, size_t width);

/** The name of a kind in JSON. */
const char *plot_kind_name(enum report_plot_kind kind);
/** What characters a plot may be made of. */
struct plot_terminal {
	unsigned int indent; /**< blanks before each line */
	unsigned int width;  /**< columns in all */
	bool utf8, color;
};

/** Appends the plot in characters, without title and sentence. */
void plot_add_text(struct str *out, const struct report_plot *p,
		   const struct plot_terminal *terminal);
/**
 * Blocks of a .dat file stand in this order: for each panel what plot_has_block() says, by series
 * (AREAS, HEAT, MAP and BARS have all in the block of series 0), then the marks if there are any.
 */
bool plot_has_block(const struct report_panel *panel, size_t series);
/** Rows that one block of AREAS or LINES may have. */
size_t plot_max_rows(const struct report_plot *p);
/** Appends the plot's script (with a part for each of "formats") or its data. */
void plot_add_script(struct str *out, const struct report_plot *p, unsigned int formats);
void plot_add_data(struct str *out, const struct report_plot *p);
/**
 * Appends gnuplot's SVG so that it can stand in a page and follows its theme. False when it is no
 * SVG or wants anything from outside.
 */
MUST_CHECK bool plot_add_svg(struct str *out, const struct report_plot *p, const char *svg);

#endif
