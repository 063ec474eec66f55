/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A plot as machines get it. JSON: an object of its axes and panels. CSV and TSV: a table with a
 * line a value. All values are there, as they were given: thinning is for pictures.
 */
#include <config.h>

#include "plot_raw.h"

#include <inttypes.h>

static void add_axis(struct str *out, const struct report_plot *p, const char *name,
		     const struct report_axis *axis);
static void add_pair(struct str *out, const char *sep, const char *key, const char *text);
static void add_panel(struct str *out, const struct report_panel *panel);
static void add_series(struct str *out, const struct report_panel *panel, size_t i);
static void add_points(struct str *out, const struct report_panel *panel,
		       const struct plot_series *s);
static void add_cells(struct str *out, const struct report_panel *panel,
		      const struct plot_series *s);
static void add_bars(struct str *out, const struct report_panel *panel);
static void add_raw(struct str *out, const struct report_axis *axis, int64_t value);
static void point_lines(const struct report_panel *panel, plot_line_fn *line, void *arg);
static void cell_lines(const struct report_panel *panel, plot_line_fn *line, void *arg);
static void bar_lines(const struct report_panel *panel, plot_line_fn *line, void *arg);

void plot_add_json(struct str *out, const struct report_plot *p)
{
	const char *sep = "";

	add_pair(out, "{", "kind", plot_kind_name(p->spec.kind));
	add_pair(out, ", ", "title", p->spec.title);
	add_pair(out, ", ", "says", p->spec.says);
	add_axis(out, p, "x", &p->spec.x);
	add_axis(out, p, "y", &p->spec.y);
	if (p->spec.z.key)
		add_axis(out, p, "z", &p->spec.z);
	str_add(out, ", \"panels\": [");
	for (const struct report_panel *panel = p->first; panel; panel = panel->next, sep = ",") {
		str_addf(out, "%s\n", sep);
		add_panel(out, panel);
	}
	str_add(out, "]}");
}

void plot_each_value(const struct report_plot *p, plot_line_fn *line, void *arg)
{
	for (const struct report_panel *panel = p->first; panel; panel = panel->next) {
		if (p->spec.kind == REPORT_PLOT_BARS)
			bar_lines(panel, line, arg);
		else if (panel->grid.columns)
			cell_lines(panel, line, arg);
		else
			point_lines(panel, line, arg);
	}
}

const char *plot_line_column(const struct report_plot *p, unsigned int i)
{
	const struct report_plot_spec *spec = &p->spec;
	bool grid = spec->kind == REPORT_PLOT_HEAT || spec->kind == REPORT_PLOT_MAP;
	bool bars = spec->kind == REPORT_PLOT_BARS;
	const char *const names[PLOT_LINE_COLUMNS + 1] = {
		"panel",
		"series",
		bars ? spec->y.key : spec->x.key,
		bars ? spec->x.key : spec->y.key,
		grid ? spec->z.key : NULL,
		NULL,
	};

	return names[i];
}

static void add_axis(struct str *out, const struct report_plot *p, const char *name,
		     const struct report_axis *axis)
{
	str_addf(out, ", \"%s\": ", name);
	add_pair(out, "{", "key", axis->key);
	add_pair(out, ", ", "label", axis->label);
	if (axis->log)
		str_add(out, ", \"log\": true");
	if (axis->unit == REPORT_TIME)
		str_addf(out, ", \"start\": %" PRIu64 ", \"end\": %" PRIu64, p->report->span_start,
			 p->report->span_end);
	str_add(out, "}");
}

static void add_pair(struct str *out, const char *sep, const char *key, const char *text)
{
	str_addf(out, "%s\"%s\": ", sep, key);
	report_add_json_string(out, text);
}

static void add_panel(struct str *out, const struct report_panel *panel)
{
	add_pair(out, "{", "key", panel->key);
	if (panel->title)
		add_pair(out, ", ", "title", panel->title);
	if (panel->marks) {
		add_pair(out, ", ", "marks", panel->marks->key);
		for (size_t i = 0; i < panel->marks->nr; i++)
			str_addf(out, "%s%" PRIu64, i ? ", " : ", \"marks_ns\": [",
				 panel->marks->times[i]);
		str_add(out, "]");
	}
	if (panel->grid.columns) {
		const struct report_grid *grid = &panel->grid;

		str_addf(out,
			 ", \"columns\": %" PRIu32 ", \"rows\": %" PRIu32 ", \"x_from\": %" PRIu64
			 ", \"x_to\": %" PRIu64 ", \"y_from\": %" PRIu64 ", \"y_to\": %" PRIu64,
			 grid->columns, grid->rows, grid->x_from, grid->x_to, grid->y_from,
			 grid->y_to);
	}
	str_add(out, ", \"series\": [");
	for (size_t i = 0; i < panel->series.nr; i++) {
		str_add(out, i ? ",\n" : "\n");
		add_series(out, panel, i);
	}
	str_add(out, "]");
	if (panel->plot->spec.kind == REPORT_PLOT_BARS)
		add_bars(out, panel);
	str_add(out, "}");
}

static void add_series(struct str *out, const struct report_panel *panel, size_t i)
{
	const struct plot_series *s = &panel->series.items[i];

	add_pair(out, "{", "key", s->key);
	add_pair(out, ", ", "label", s->label);
	str_addf(out, ", \"color\": \"#%06x\"", plot_color(panel, i));
	if (s->cells)
		add_cells(out, panel, s);
	else if (panel->plot->spec.kind != REPORT_PLOT_BARS)
		add_points(out, panel, s);
	str_add(out, "}");
}

static void add_points(struct str *out, const struct report_panel *panel,
		       const struct plot_series *s)
{
	str_add(out, ", \"points\": [");
	for (size_t i = 0; i < s->nr; i++) {
		str_addf(out, "%s[%" PRIu64 ", ", i ? ", " : "", s->points[i].time);
		add_raw(out, &panel->plot->spec.y, s->points[i].value);
		str_add(out, "]");
	}
	str_add(out, "]");
}

static void add_cells(struct str *out, const struct report_panel *panel,
		      const struct plot_series *s)
{
	uint32_t columns = panel->grid.columns;

	str_add(out, ", \"values\": [");
	for (size_t i = 0; i < (size_t)columns * panel->grid.rows; i++) {
		if (i % columns == 0)
			str_add(out, i ? "],\n[" : "\n[");
		else
			str_add(out, ", ");
		if (s->cells[i] == REPORT_CELL_NONE)
			str_add(out, "null");
		else
			add_raw(out, &panel->plot->spec.z, s->cells[i]);
	}
	str_add(out, "]]");
}

static void add_bars(struct str *out, const struct report_panel *panel)
{
	str_add(out, ", \"bars\": [");
	for (size_t i = 0; i < panel->bars.nr; i++) {
		add_pair(out, i ? ",\n{" : "\n{", "name", panel->bars.items[i].name);
		str_add(out, ", \"values\": [");
		for (size_t k = 0; k < panel->series.nr; k++) {
			str_add(out, k ? ", " : "");
			add_raw(out, &panel->plot->spec.x, panel->bars.items[i].values[k]);
		}
		str_add(out, "]}");
	}
	str_add(out, "]");
}

static void add_raw(struct str *out, const struct report_axis *axis, int64_t value)
{
	enum report_unit unit = axis->unit == REPORT_HEX ? REPORT_COUNT : axis->unit;

	value_add_raw(out, unit, report_i64(value));
}

static void point_lines(const struct report_panel *panel, plot_line_fn *line, void *arg)
{
	const struct report_plot_spec *spec = &panel->plot->spec;

	vec_foreach (&panel->series, s) {
		for (size_t i = 0; i < s->nr; i++) {
			const struct plot_cell cells[] = {
				{ REPORT_TEXT, report_str(panel->key) },
				{ REPORT_TEXT, report_str(s->key) },
				{ REPORT_COUNT, report_u64(s->points[i].time) },
				{ spec->y.unit, report_i64(s->points[i].value) },
			};

			line(arg, cells, ARRAY_SIZE(cells));
		}
	}
}

/** Cells are named by the low ends of their spans. */
static void cell_lines(const struct report_panel *panel, plot_line_fn *line, void *arg)
{
	const struct report_plot_spec *spec = &panel->plot->spec;
	const struct report_grid *grid = &panel->grid;
	double width = (double)(grid->x_to - grid->x_from) / grid->columns;
	double height = (double)(grid->y_to - grid->y_from) / grid->rows;

	vec_foreach (&panel->series, s) {
		for (size_t i = 0; i < (size_t)grid->columns * grid->rows; i++) {
			uint64_t x = (uint64_t)(width * (double)(i % grid->columns));
			uint64_t y = (uint64_t)(height * (double)(i / grid->columns));
			struct report_value value = report_i64(s->cells[i]);
			const struct plot_cell cells[] = {
				{ REPORT_TEXT, report_str(panel->key) },
				{ REPORT_TEXT, report_str(s->key) },
				{ REPORT_COUNT, report_u64(grid->x_from + x) },
				{ REPORT_COUNT, report_u64(grid->y_from + y) },
				{ spec->z.unit,
				  s->cells[i] == REPORT_CELL_NONE ? report_none() : value },
			};

			line(arg, cells, ARRAY_SIZE(cells));
		}
	}
}

static void bar_lines(const struct report_panel *panel, plot_line_fn *line, void *arg)
{
	for (size_t i = 0; i < panel->bars.nr; i++) {
		for (size_t k = 0; k < panel->series.nr; k++) {
			const struct plot_bar *bar = &panel->bars.items[i];
			const struct plot_cell cells[] = {
				{ REPORT_TEXT, report_str(panel->key) },
				{ REPORT_TEXT, report_str(panel->series.items[k].key) },
				{ REPORT_TEXT, report_str(bar->name) },
				{ panel->plot->spec.x.unit, report_i64(bar->values[k]) },
			};

			line(arg, cells, ARRAY_SIZE(cells));
		}
	}
}
