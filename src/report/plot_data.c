/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The .dat file of a plot: blocks of columns for gnuplot, two empty lines between them, each under
 * a comment that names it. Times are seconds since the start, all else is as in JSON. Series are
 * thinned to what a picture can show; JSON has them whole.
 */
#include <config.h>

#include "plot_internal.h"

#include <string.h>

static void add_head(struct str *out, const struct report_panel *panel, const char *what);
static void add_comment(struct str *out, const char *text);
static void add_rows(struct str *out, const struct report_panel *panel, size_t series);
static void add_row(struct str *out, const struct report_plot *p, const struct plot_rows *rows,
		    size_t i, uint64_t x);
static void add_bars(struct str *out, const struct report_panel *panel);
static void add_cells(struct str *out, const struct report_panel *panel);
static void add_centre(struct str *out, const struct report_plot *p, const struct report_axis *axis,
		       const struct plot_range *span, const uint32_t place[2]);
static void add_marks(struct str *out, const struct report_panel *panel, struct plot_range x);

void plot_add_data(struct str *out, const struct report_plot *p)
{
	struct plot_range x = plot_ranges(p).x;

	add_comment(out, p->spec.title);
	for (const struct report_panel *panel = p->first; panel; panel = panel->next) {
		for (size_t i = 0; i < panel->series.nr; i++) {
			if (!plot_has_block(panel, i))
				continue;
			if (panel->bars.nr)
				add_bars(out, panel);
			else if (panel->grid.columns)
				add_cells(out, panel);
			else
				add_rows(out, panel, i);
			str_add(out, "\n\n");
		}
		if (panel->marks) {
			add_marks(out, panel, x);
			str_add(out, "\n\n");
		}
	}
}

bool plot_has_block(const struct report_panel *panel, size_t series)
{
	enum report_plot_kind kind = panel->plot->spec.kind;

	if (kind == REPORT_PLOT_LINES)
		return panel->series.items[series].nr != 0;
	if (series)
		return false;
	if (kind != REPORT_PLOT_AREAS)
		return panel->bars.nr || panel->grid.columns;
	for (size_t i = 0; i < panel->series.nr; i++)
		if (panel->series.items[i].nr)
			return true;
	return false;
}

size_t plot_max_rows(const struct report_plot *p)
{
	size_t nr = 0;

	for (const struct report_panel *panel = p->first; panel; panel = panel->next)
		nr += panel->series.nr;
	/* A step has two corners, an area also a lower edge where it is one. */
	if (p->spec.kind == REPORT_PLOT_AREAS)
		nr *= 3;
	else if (p->spec.steps)
		nr *= 2;
	return PLOT_POINTS / MAX(nr, 1U);
}

static void add_head(struct str *out, const struct report_panel *panel, const char *what)
{
	struct str line;

	str_init(&line);
	str_addf(&line, "%s: %s", panel->key, what);
	add_comment(out, str_text(&line));
	str_deinit(&line);
}

static void add_comment(struct str *out, const char *text)
{
	str_add(out, "# ");
	report_add_printable(out, text);
	str_add_char(out, '\n');
}

static void add_rows(struct str *out, const struct report_panel *panel, size_t series)
{
	const struct report_plot *p = panel->plot;
	struct plot_range x = plot_ranges(p).x;
	struct plot_rows rows = plot_rows(panel, series, x, plot_max_rows(p));
	bool holds = p->spec.steps || p->spec.kind == REPORT_PLOT_AREAS;
	struct str names;

	str_init(&names);
	str_add(&names, p->spec.x.key);
	for (size_t i = 0; i < rows.width; i++)
		str_addf(&names, " %s", panel->series.items[rows.width > 1 ? i : series].key);
	add_head(out, panel, str_text(&names));
	str_deinit(&names);
	for (size_t i = 0; i < rows.nr; i++) {
		/* An area has both corners of its steps: it cannot be told to make them. */
		if (i && p->spec.kind == REPORT_PLOT_AREAS && rows.x[i] > rows.x[i - 1])
			add_row(out, p, &rows, i - 1, rows.x[i]);
		add_row(out, p, &rows, i, rows.x[i]);
	}
	/* The last value holds to the end of the picture. */
	if (holds && p->spec.x.unit == REPORT_TIME && rows.x[rows.nr - 1] < (uint64_t)x.high)
		add_row(out, p, &rows, rows.nr - 1, (uint64_t)x.high);
	plot_rows_deinit(&rows);
}

static void add_row(struct str *out, const struct report_plot *p, const struct plot_rows *rows,
		    size_t i, uint64_t x)
{
	plot_add_number(out, p, &p->spec.x, (int64_t)x);
	for (unsigned int k = 0; k < rows->width; k++) {
		str_add_char(out, ' ');
		plot_add_number(out, p, &p->spec.y, rows->values[i * rows->width + k]);
	}
	str_add_char(out, '\n');
}

static void add_bars(struct str *out, const struct report_panel *panel)
{
	const struct report_plot *p = panel->plot;
	struct str names;

	str_init(&names);
	str_add(&names, "row");
	vec_foreach (&panel->series, s)
		str_addf(&names, " %s", s->key);
	str_addf(&names, " # %s", p->spec.y.key);
	add_head(out, panel, str_text(&names));
	str_deinit(&names);
	for (size_t i = 0; i < panel->bars.nr; i++) {
		str_addf(out, "%zu", i);
		for (size_t k = 0; k < panel->series.nr; k++) {
			str_add_char(out, ' ');
			plot_add_number(out, p, &p->spec.x, panel->bars.items[i].values[k]);
		}
		str_add_char(out, ' ');
		add_comment(out, panel->bars.items[i].name);
	}
}

/** One line a cell: its centre and the value of each series. */
static void add_cells(struct str *out, const struct report_panel *panel)
{
	const struct report_grid *grid = &panel->grid;
	const struct report_plot_spec *spec = &panel->plot->spec;
	const struct plot_range x = { (int64_t)grid->x_from, (int64_t)grid->x_to };
	const struct plot_range y = { (int64_t)grid->y_from, (int64_t)grid->y_to };
	struct str names;

	str_init(&names);
	str_addf(&names, "%s %s", spec->x.key, spec->y.key);
	vec_foreach (&panel->series, s)
		str_addf(&names, " %s", s->key);
	add_head(out, panel, str_text(&names));
	str_deinit(&names);
	for (size_t i = 0; i < (size_t)grid->columns * grid->rows; i++) {
		const uint32_t column[] = { (uint32_t)(i % grid->columns), grid->columns };
		const uint32_t row[] = { (uint32_t)(i / grid->columns), grid->rows };

		add_centre(out, panel->plot, &spec->x, &x, column);
		str_add_char(out, ' ');
		add_centre(out, panel->plot, &spec->y, &y, row);
		vec_foreach (&panel->series, s) {
			str_add_char(out, ' ');
			if (s->cells[i] == REPORT_CELL_NONE)
				str_add(out, "NaN");
			else
				plot_add_number(out, panel->plot, &spec->z, s->cells[i]);
		}
		str_add_char(out, '\n');
	}
}

/** The middle of cell place[0] of place[1] that cover "span". */
static void add_centre(struct str *out, const struct report_plot *p, const struct report_axis *axis,
		       const struct plot_range *span, const uint32_t place[2])
{
	double low = plot_number(p, axis, span->low), high = plot_number(p, axis, span->high);

	str_addf(out, "%.9g", low + (high - low) * (place[0] + 0.5) / place[1]);
}

/** Marks that fall on the same pixel are one. */
static void add_marks(struct str *out, const struct report_panel *panel, struct plot_range x)
{
	const struct report_plot *p = panel->plot;
	unsigned int last = UINT32_MAX;

	add_head(out, panel, panel->marks->key);
	for (size_t i = 0; i < panel->marks->nr; i++) {
		int64_t time = (int64_t)MIN(panel->marks->times[i], (uint64_t)INT64_MAX);
		unsigned int column = plot_column(&p->spec.x, x, time, PLOT_COLUMNS);

		if (column == last)
			continue;
		last = column;
		plot_add_number(out, p, &p->spec.x, time);
		str_add_char(out, '\n');
	}
}
