/* SPDX-License-Identifier: GPL-2.0-or-later */
/** Plots for the writers whose readers are machines. */
#ifndef KMREPLAY_REPORT_PLOT_RAW_H
#define KMREPLAY_REPORT_PLOT_RAW_H

#include "plot_internal.h"

/** One value of a line of CSV or TSV. */
struct plot_cell {
	enum report_unit unit;
	struct report_value value;
};

/** Takes a line of "nr" cells: as many as plot_line_column() has names. */
typedef void plot_line_fn(void *arg, const struct plot_cell *cells, unsigned int nr);

enum { PLOT_LINE_COLUMNS = 5 };

/** Appends the plot as a JSON object. */
void plot_add_json(struct str *out, const struct report_plot *p);
/** Calls "line" for each value of the plot. */
void plot_each_value(const struct report_plot *p, plot_line_fn *line, void *arg);
/** The name of column "i" of these lines; NULL behind the last. */
const char *plot_line_column(const struct report_plot *p, unsigned int i);

#endif
