/* SPDX-License-Identifier: GPL-2.0-or-later */
/** What the parts of a gnuplot script share: the layout of the picture, and safe words. */
#ifndef KMREPLAY_REPORT_PLOT_SCRIPT_H
#define KMREPLAY_REPORT_PLOT_SCRIPT_H

#include "plot_internal.h"

/** Pixels. */
enum {
	WIDTH = 740,
	LEFT = 88,
	RIGHT = 20,
	BOTTOM = 54,
	TOP = 8,
	GAP = 22,
	LINE = 22,
	TITLE = 22,
	FONT = 14,
	NAME_CHARS = 30,
	BAR = 23,
	MANY_MARKS = 24,
};

struct script {
	struct str *out;
	const struct report_plot *p;
	struct plot_ranges ranges;
	double height;
	double top; /**< of the first panel, below the legend */
	double panel_width, panel_height;
	double left; /**< of the first panel's frame: room for its numbers or names */
	double column_step, row_step;
	double title; /**< height of the panels' titles */
	unsigned int nr_columns;
	unsigned int block; /**< of the .dat file, the panel's next one */
};

/** The width of a character of the font: a bit more than most texts have on average. */
static const double char_width = 7.9;

/** Where the legend ends: the first panel's title begins there. */
double script_legend_height(const struct script *s);
/** Sets up the legend; it is drawn with the first panel, of which it takes no room. */
void script_add_legend(const struct script *s);
/** What makes the colour of series "i" transparent: 0 for most. */
uint32_t script_paleness(const struct report_panel *panel, size_t i);
/** Appends "text" as a string of gnuplot's: inside single quotes it knows nothing but ''. */
void script_add_quoted(struct str *out, const char *text);
/** Appends tick "i" of a list. */
void script_add_tic(struct str *out, unsigned int i, const char *label, double at);
/** Sets the range of axis "name" ("x", "y", "cb"). */
void script_add_range(const struct script *s, const char *name, const struct report_axis *axis,
		      struct plot_range range);
/** Pixels from the top left as fractions of the picture from its bottom left. */
double script_x(double x);
double script_y(const struct script *s, double y);

#endif
