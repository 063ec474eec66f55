/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Pictures in a report. A plot is a node of the document as a table is: it holds a copy of the
 * data, and each writer shows it as well as it can. Pages show what report_draw() drew, text shows
 * sparklines and strips of characters, JSON, CSV and TSV give the data as they are.
 *
 *	report_time_span(r, start_ns, end_ns);
 *	report_marks(r, "failures", "failures", failed_at, nr_failed);
 *	p = report_plot(r, &(struct report_plot_spec){
 *		.key = "memory", .title = "Memory by owner", .kind = REPORT_PLOT_AREAS,
 *		.says = "The page cache took what slab gave back.",
 *		.x = { .key = "time_ns", .label = "time", .unit = REPORT_TIME },
 *		.y = { .key = "bytes", .label = "memory", .unit = REPORT_BYTES },
 *	});
 *	panel = report_panel(p, "all", NULL);
 *	report_series(panel, &(struct report_series){ "slab", "slab", REPORT_COLOR_SLAB },
 *		      points.items, points.nr);
 *	report_plot_table(p, report_table(r, "owners", "Owners", columns, nr));
 *	...
 *	if (!report_draw(r, &(struct report_draw){ .dir = plots_dir }, err))
 *		return false;
 *	if (report_draw_problem(r))
 *		warn("%s", report_draw_problem(r));
 *	report_write(r, &style, fp);
 *
 * Values have the unit of their axis, as in report.h: bytes, nanoseconds, and thousandths of a
 * percent or of a ratio. All panels of a plot share their axes.
 */
#ifndef KMREPLAY_REPORT_PLOT_H
#define KMREPLAY_REPORT_PLOT_H

#include "kmreplay/core/error.h"
#include "kmreplay/report/report.h"
#include "kmreplay/stats/series.h"

struct report_plot;
struct report_panel;

/** X(suffix, name): "name" is the kind in JSON. */
#define REPORT_PLOT_KINDS(X)                                                                  \
	X(AREAS, "areas") /* series stacked on each other; each value holds to the next */    \
	X(LINES, "lines") /* series as lines or, with .steps, values that hold to the next */ \
	X(HEAT, "heat")	  /* one grid a panel, colour is the amount */                        \
	X(MAP, "map")	  /* one grid a category, colour is the mixture, paleness the rest */ \
	X(BARS, "bars")	  /* one bar a name, one stacked segment a series */

enum report_plot_kind {
#define X(suffix, name) REPORT_PLOT_##suffix,
	REPORT_PLOT_KINDS(X)
#undef X
		REPORT_PLOT_NR,
};

/**
 * X(suffix, 0xRRGGBB): colours by meaning, the same in all pictures. Okabe and Ito's set, which
 * colour-blind eyes can tell apart.
 */
#define REPORT_COLORS(X)                                                             \
	X(SLAB, 0x0072b2)                                                            \
	X(CACHE, 0xe69f00) /* page cache and user memory */                          \
	X(VMALLOC, 0x009e73)                                                         \
	X(PERCPU, 0xcc79a7)                                                          \
	X(KERNEL, 0x56b4e9)  /* page tables, stacks and other pages of the kernel */ \
	X(FAILURE, 0xd55e00) /* failures, loss, waste */                             \
	X(UNKNOWN, 0x999999)                                                         \
	X(FREE, 0x8a8f98) /* free memory; areas of it are pale */                    \
	X(UNMOVABLE, 0x0072b2)                                                       \
	X(MOVABLE, 0xe69f00)                                                         \
	X(RECLAIMABLE, 0x009e73)                                                     \
	X(HIGHATOMIC, 0xcc79a7)                                                      \
	X(CMA, 0x56b4e9)                                                             \
	X(LIVE, 0x0072b2) /* beside waste */                                         \
	X(WASTE, 0xd55e00)

enum report_color {
	REPORT_COLOR_AUTO, /**< the set's next one: the first series slab's, the second cache's ...
			    */
	REPORT_COLOR_RAMP, /**< by rank among the panel's series, for orders and sizes */
#define X(suffix, rgb) REPORT_COLOR_##suffix,
	REPORT_COLORS(X)
#undef X
		REPORT_COLOR_NR,
};

struct report_axis {
	const char *key;   /**< of its values in JSON, CSV, TSV: "time_ns" */
	const char *label; /**< for people, without the unit; NULL: the key */
	/** COUNT, NUMBER, BYTES, NS, TIME (as seconds since the start), PERCENT or RATIO. */
	enum report_unit unit;
	bool log;	   /**< not for TIME; values below 1 are drawn at the low end */
	int64_t low, high; /**< range; both 0: from the data, and 0 when that is not far */
};

struct report_plot_spec {
	const char *key;   /**< [a-z0-9_]; also the name of its files */
	const char *title; /**< heading */
	const char *says;  /**< one sentence: what to see; stands above and is the alt text */
	enum report_plot_kind kind;
	struct report_axis x; /**< BARS: the length of the bars */
	struct report_axis y; /**< BARS: only key and label of the names */
	struct report_axis z; /**< HEAT: the amount; MAP: key of the shares; else unused */
	unsigned int columns; /**< panels side by side; 0: 1, all below each other */
	bool steps;	      /**< LINES */
};

struct report_series {
	const char *key;   /**< JSON, CSV, TSV; unequal inside a panel */
	const char *label; /**< legend; NULL: the key */
	enum report_color color;
};

/** A grid of values, row 0 at the bottom of the picture; cells are equally wide and high. */
struct report_grid {
	uint32_t columns, rows; /**< at most REPORT_CELLS cells in all */
	uint64_t x_from, x_to;	/**< left end of the first, right end of the last column */
	uint64_t y_from, y_to;	/**< the same upwards; orders 0 to 10 are 0 and 11 */
	const int64_t *values;	/**< row by row; REPORT_CELL_NONE: nothing is known */
};
enum { REPORT_CELLS = 1 << 16 };
#define REPORT_CELL_NONE INT64_MIN

/** The span of all TIME axes, in nanoseconds; "start" is shown as 0. Call it before the plots. */
void report_time_span(struct report *r, uint64_t start, uint64_t end);
/**
 * Panels that are added from now on carry marks at these times (ns, ascending) when their x axis
 * is TIME. "label" goes into the legend. "nr" 0: no marks any more.
 */
void report_marks(struct report *r, const char *key, const char *label, const uint64_t *times,
		  size_t nr);

/** Adds a plot without panels; the report's. One that stays without data is not shown. */
struct report_plot *report_plot(struct report *r, const struct report_plot_spec *spec);
/** Adds a panel: a zone, a configuration. "title" NULL: none is needed. */
struct report_panel *report_panel(struct report_plot *p, const char *key, const char *title);
/**
 * AREAS, LINES: adds a series of "nr" points with ascending "time", which is x whatever its unit.
 * Drawn thinned so that no maximum or minimum is lost. BARS: declares a segment; nr is 0.
 */
void report_series(struct report_panel *panel, const struct report_series *series,
		   const struct series_point *points, size_t nr);
/** BARS: adds a bar, from the top down, with one value for each declared segment. */
void report_bar(struct report_panel *panel, const char *name, const int64_t *values);
/**
 * HEAT: adds the panel's grid, one. MAP: adds the grid of one category: thousandths of each cell
 * that belong to it. Grids of a panel have the same shape; what they leave of 1000 is free.
 */
void report_grid(struct report_panel *panel, const struct report_series *series,
		 const struct report_grid *grid);
/** "t", added after "p", holds numbers behind the picture: pages fold it up. There may be more. */
void report_plot_table(struct report_plot *p, struct report_table *t);

enum report_picture { REPORT_SVG = 1 << 0, REPORT_PNG = 1 << 1 };

/** How to draw. Zeros are defaults. */
struct report_draw {
	const char
		*dir; /**< gets KEY.dat, .gp and pictures; made if need be; NULL: nothing stays */
	unsigned int formats;  /**< enum report_picture; SVG is always made */
	const char *gnuplot;   /**< program; NULL: "gnuplot" */
	unsigned int limit_ms; /**< how long it may take in all; 0: 20 seconds */
};

/**
 * Draws all plots with gnuplot and keeps the pictures in the report for the writers. In "dir"
 * `gnuplot KEY.gp` draws one again. False when files cannot be written. That gnuplot is missing,
 * fails or takes too long is no failure: the report is whole without, see report_draw_problem().
 */
MUST_CHECK bool report_draw(struct report *r, const struct report_draw *how, struct error *err);
/** Why pictures are missing after report_draw(), in one line; NULL: they are all there. */
const char *report_draw_problem(const struct report *r);

#endif
