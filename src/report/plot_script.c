/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The gnuplot script of a plot. It is made here and not from a template, since everything in it
 * follows from the plot: panels, legend, ticks, room for names.
 *
 * Sizes are pixels of the picture, from its top left; gnuplot wants fractions from the bottom left.
 * All texts go through script_add_quoted(): inside single quotes gnuplot knows nothing but ''.
 */
#include <config.h>

#include "plot_script.h"

#include <math.h>
#include <string.h>

static const char grey[] = "#8a8f98";

static struct script script_of(struct str *out, const struct report_plot *p);
static void bars_layout(struct script *s);
static void add_setup(struct script *s, enum report_picture format);
static void add_panel(struct script *s, const struct report_panel *panel, unsigned int i);
static void add_frame(struct script *s, const struct report_panel *panel, unsigned int i);
static void add_axes(struct script *s, bool leftmost, bool lowest);
static void add_tics(struct script *s, const char *name, const struct report_axis *axis,
		     struct plot_range range, bool labelled);
static void add_order_tics(struct script *s, const struct report_panel *panel);
static void add_names(struct script *s, const struct report_panel *panel);
static void add_plot(struct script *s, const struct report_panel *panel);
static void plot_areas(struct script *s, const struct report_panel *panel, const char **sep);
static void plot_lines(struct script *s, const struct report_panel *panel, const char **sep);
static void plot_heat(struct script *s, const char **sep);
static void plot_map(struct script *s, const struct report_panel *panel, const char **sep);
static void plot_bars(struct script *s, const struct report_panel *panel, const char **sep);
static void plot_marks(struct script *s, const struct report_panel *panel, const char **sep);
static void add_source(struct script *s, const char **sep);
static void add_column(struct str *out, const struct report_axis *axis, unsigned int column);
static void add_sum(struct str *out, size_t first, size_t last);

void plot_add_script(struct str *out, const struct report_plot *p, unsigned int formats)
{
	static const enum report_picture all[] = { REPORT_SVG, REPORT_PNG };
	struct script s = script_of(out, p);

	str_addf(out, "# Draws %s.svg from %s.dat: gnuplot %s.gp\n", p->file, p->file, p->file);
	for (size_t k = 0; k < ARRAY_SIZE(all); k++) {
		unsigned int i = 0;

		if (!(formats & all[k]))
			continue;
		s.block = 0;
		add_setup(&s, all[k]);
		script_add_legend(&s);
		for (const struct report_panel *panel = p->first; panel; panel = panel->next)
			add_panel(&s, panel, i++);
		str_add(out, "unset multiplot\nunset output\n");
	}
}

void script_add_quoted(struct str *out, const char *text)
{
	struct str safe;

	str_init(&safe);
	report_add_printable(&safe, text);
	str_add_char(out, '\'');
	for (const char *at = str_text(&safe); *at; at++) {
		if (*at == '\'')
			str_add_char(out, '\'');
		str_add_char(out, *at);
	}
	str_add_char(out, '\'');
	str_deinit(&safe);
}

/** Labels of ticks are formats: a percent sign is two. */
void script_add_tic(struct str *out, unsigned int i, const char *label, double at)
{
	struct str format;

	str_init(&format);
	for (; *label; label++) {
		if (*label == '%')
			str_add_char(&format, '%');
		str_add_char(&format, *label);
	}
	str_add(out, i ? ", " : "");
	script_add_quoted(out, str_text(&format));
	str_addf(out, " %.12g", at);
	str_deinit(&format);
}

void script_add_range(const struct script *s, const char *name, const struct report_axis *axis,
		      struct plot_range range)
{
	double low = plot_number(s->p, axis, range.low), high = plot_number(s->p, axis, range.high);

	/* Lines along the upper end stay inside the frame. */
	if (*name == 'y' && s->p->spec.kind <= REPORT_PLOT_LINES)
		high = axis->log ? high * 1.2 : high + (high - low) * 0.04;
	if (*name == 'y' && s->p->spec.kind == REPORT_PLOT_LINES && !axis->log)
		low -= (high - low) * 0.015;
	str_addf(s->out, "%sset logscale %s\nset %srange [%.12g:%.12g]\n", axis->log ? "" : "un",
		 name, name, low, high);
}

double script_x(double x)
{
	return x / WIDTH;
}

double script_y(const struct script *s, double y)
{
	return s->height > 0 ? 1 - y / s->height : 0;
}

static struct script script_of(struct str *out, const struct report_plot *p)
{
	static const uint16_t heights[] = {
		[REPORT_PLOT_AREAS] = 300, [REPORT_PLOT_LINES] = 280, [REPORT_PLOT_HEAT] = 230,
		[REPORT_PLOT_MAP] = 300,   [REPORT_PLOT_BARS] = 0,
	};
	struct script s = { .out = out, .p = p, .ranges = plot_ranges(p), .left = LEFT };
	unsigned int nr_rows;

	s.nr_columns = MIN(p->spec.columns, MAX(p->nr_panels, 1U));
	nr_rows = (p->nr_panels + s.nr_columns - 1) / s.nr_columns;
	s.panel_height = heights[p->spec.kind] * (nr_rows > 1 ? 0.6 : 1);
	s.panel_width = (WIDTH - LEFT - RIGHT - GAP * (s.nr_columns - 1.0)) / s.nr_columns;
	s.column_step = s.panel_width + GAP;
	if (p->spec.kind == REPORT_PLOT_BARS)
		bars_layout(&s);
	s.top = script_legend_height(&s);
	s.title = p->first->title ? TITLE : 8;
	s.row_step = s.panel_height + s.title + 10;
	s.height = s.top + nr_rows * s.row_step - 10 + BOTTOM;
	return s;
}

/** Bars need room for their names, in each panel; the most of a row of panels says how high. */
static void bars_layout(struct script *s)
{
	size_t longest = 8, most = 1;
	double step = (double)(WIDTH - RIGHT) / s->nr_columns;

	for (const struct report_panel *panel = s->p->first; panel; panel = panel->next) {
		most = MAX(most, panel->bars.nr);
		vec_foreach (&panel->bars, bar)
			longest = MAX(longest, text_width(bar->name, strlen(bar->name)));
	}
	longest = MIN(longest, (size_t)NAME_CHARS / MIN(s->nr_columns, 2U));
	s->left = (double)longest * char_width + 14;
	s->column_step = step;
	s->panel_width = step - s->left - (s->nr_columns > 1 ? GAP : 0);
	s->panel_height = (double)most * BAR + 6;
}

static void add_setup(struct script *s, enum report_picture format)
{
	const struct report_plot *p = s->p;

	str_add(s->out, "reset\nset encoding utf8\n");
	if (format == REPORT_SVG)
		str_addf(s->out,
			 "set terminal svg size %d,%.0f dynamic noenhanced font 'sans-serif,%d' "
			 "name 'p%u'\nset output '%s.svg'\n",
			 WIDTH, s->height, FONT, p->number, p->file);
	else
		str_addf(s->out,
			 "png = strstrt(GPVAL_TERMINALS, ' pngcairo ') ? 'pngcairo' : 'png'\n"
			 "set terminal @png size %d,%.0f noenhanced font 'sans,%d' "
			 "background rgb 'white'\nset output '%s.png'\n",
			 WIDTH * 2, s->height * 2, FONT * 3 / 2, p->file);
	str_addf(s->out,
		 "set border 3 lc rgb '%s'\nset tics nomirror scale 0.5 textcolor rgb "
		 "'black'\nunset key\n"
		 "set grid lc rgb '#b0%s' lw 0.6 dt solid\nset y2range [0:1]\n"
		 "set style fill solid 1.0 noborder\nset multiplot\n",
		 grey, grey + 1);
}

static void add_panel(struct script *s, const struct report_panel *panel, unsigned int i)
{
	str_addf(s->out, "\n# %s\n", panel->key);
	add_frame(s, panel, i);
	if (panel->bars.nr)
		add_names(s, panel);
	add_plot(s, panel);
	str_add(s->out, "unset label\nunset object\nunset colorbox\n");
}

static void add_frame(struct script *s, const struct report_panel *panel, unsigned int i)
{
	unsigned int column = i % s->nr_columns;
	double left = s->left + column * s->column_step;
	double top = s->top + i / s->nr_columns * s->row_step + s->title;
	bool bars = s->p->spec.kind == REPORT_PLOT_BARS;

	str_addf(s->out,
		 "set lmargin at screen %.5f\nset rmargin at screen %.5f\n"
		 "set tmargin at screen %.5f\nset bmargin at screen %.5f\n",
		 script_x(left), script_x(left + s->panel_width), script_y(s, top),
		 script_y(s, top + s->panel_height));
	if (panel->title) {
		struct str title;

		str_init(&title);
		plot_add_cut(&title, panel->title, (size_t)(s->panel_width / char_width));
		str_add(s->out, "set label 999 ");
		script_add_quoted(s->out, str_text(&title));
		str_addf(s->out, " at screen %.5f,%.5f left\n", script_x(left),
			 script_y(s, top - 11));
		str_deinit(&title);
	}
	add_axes(s, bars || !column, i + s->nr_columns >= s->p->nr_panels);
	if (s->p->spec.kind == REPORT_PLOT_HEAT && !column)
		add_order_tics(s, panel);
}

/** Panels share their axes: numbers and names stand at the left and at the bottom only. */
static void add_axes(struct script *s, bool leftmost, bool lowest)
{
	const struct report_plot_spec *spec = &s->p->spec;
	bool bars = spec->kind == REPORT_PLOT_BARS;
	struct plot_range x = s->ranges.x;

	/* Behind the bars stand their values. */
	if (bars)
		x.high = plot_add(x.high,
				  (x.high - x.low) / 100 * (s->nr_columns > 1 ? 50 : 20) + 1);
	script_add_range(s, "x", &spec->x, x);
	add_tics(s, "x", &spec->x, s->ranges.x, lowest);
	if (bars)
		return;
	script_add_range(s, "y", &spec->y, s->ranges.y);
	add_tics(s, "y", &spec->y, s->ranges.y, leftmost);
}

/** Ticks and, when "labelled", their labels and the axis' own. */
static void add_tics(struct script *s, const char *name, const struct report_axis *axis,
		     struct plot_range range, bool labelled)
{
	double length = *name == 'x' ? s->panel_width / 90 : s->panel_height / 45;
	struct plot_tick ticks[PLOT_TICKS];
	unsigned int nr = plot_ticks(s->p, axis, range, (unsigned int)MAX(length, 2.0), ticks);
	struct str text;

	str_init(&text);
	str_addf(s->out, "set %stics (", name);
	for (unsigned int i = 0; i < nr; i++)
		script_add_tic(s->out, i, labelled ? ticks[i].label : "", ticks[i].at);
	str_addf(s->out, ")\nset %slabel ", name);
	if (labelled)
		plot_add_label(&text, axis);
	script_add_quoted(s->out, str_text(&text));
	str_addf(s->out, "%s\n", *name == 'x' ? " offset 0,0.4" : "");
	str_deinit(&text);
}

/** Rows that are one number each (orders) have it in their middle. */
static void add_order_tics(struct script *s, const struct report_panel *panel)
{
	const struct report_grid *grid = &panel->grid;

	if (s->p->spec.y.unit != REPORT_NUMBER || grid->y_to - grid->y_from != grid->rows)
		return;
	str_add(s->out, "set ytics (");
	for (uint32_t i = 0; i < grid->rows; i += grid->rows / 16 + 1)
		str_addf(s->out, "%s'%u' %.1f", i ? ", " : "", (unsigned int)grid->y_from + i,
			 (double)grid->y_from + i + 0.5);
	str_add(s->out, ")\n");
}

static void add_names(struct script *s, const struct report_panel *panel)
{
	size_t width = (size_t)((s->left - 14) / char_width);
	struct str text;

	str_init(&text);
	str_add(s->out, "set ytics (");
	for (size_t i = 0; i < panel->bars.nr; i++) {
		str_reset(&text);
		plot_add_cut(&text, panel->bars.items[i].name, width);
		script_add_tic(s->out, (unsigned int)i, str_text(&text), (double)i);
	}
	str_addf(s->out, ") scale 0\nset grid noy\nset yrange [%.12g:-0.5]\n",
		 (s->panel_height - 6) / BAR - 0.5);
	for (size_t i = 0; i < panel->bars.nr; i++) {
		int64_t total = plot_bar_total(panel, &panel->bars.items[i]);

		str_reset(&text);
		plot_add_human(&text, s->p, &s->p->spec.x, total);
		str_addf(s->out, "set label %zu ", 1000 + i);
		script_add_quoted(s->out, str_text(&text));
		str_addf(s->out, " at first %.12g,%zu left offset char 0.6,0\n",
			 plot_number(s->p, &s->p->spec.x, MAX(total, s->ranges.x.low)), i);
	}
	str_deinit(&text);
}

static void add_plot(struct script *s, const struct report_panel *panel)
{
	const char *sep = "plot ";

	if (panel->series.nr) {
		if (s->p->spec.kind == REPORT_PLOT_LINES)
			plot_lines(s, panel, &sep);
		else if (!plot_has_block(panel, 0))
			;
		else if (s->p->spec.kind == REPORT_PLOT_AREAS)
			plot_areas(s, panel, &sep);
		else if (s->p->spec.kind == REPORT_PLOT_HEAT)
			plot_heat(s, &sep);
		else if (s->p->spec.kind == REPORT_PLOT_MAP)
			plot_map(s, panel, &sep);
		else
			plot_bars(s, panel, &sep);
	}
	if (panel->marks)
		plot_marks(s, panel, &sep);
	if (*sep == 'p')
		str_add(s->out, "plot NaN notitle");
	str_add(s->out, "\n");
}

/** The whole stack first, then ever smaller sums of it over what was painted before. */
static void plot_areas(struct script *s, const struct report_panel *panel, const char **sep)
{
	size_t nr = panel->series.nr;

	for (size_t k = nr; k--;) {
		add_source(s, sep);
		str_add(s->out, "using 1:(");
		add_sum(s->out, 2, k + 2);
		str_addf(s->out, ") with filledcurves y=0 fc rgb '#%06x' notitle",
			 plot_color(panel, k) | script_paleness(panel, k));
	}
	s->block++;
}

static void plot_lines(struct script *s, const struct report_panel *panel, const char **sep)
{
	const struct report_plot_spec *spec = &s->p->spec;

	for (size_t k = 0; k < panel->series.nr; k++) {
		if (!plot_has_block(panel, k))
			continue;
		add_source(s, sep);
		str_add(s->out, "using ");
		add_column(s->out, &spec->x, 1);
		str_add_char(s->out, ':');
		add_column(s->out, &spec->y, 2);
		str_addf(s->out, " with %s lw 1.8 lc rgb '#%06x' notitle",
			 spec->steps ? "steps" : "lines", plot_color(panel, k));
		s->block++;
	}
}

static void plot_heat(struct script *s, const char **sep)
{
	add_source(s, sep);
	str_add(s->out, "using 1:2:");
	add_column(s->out, &s->p->spec.z, 3);
	str_add(s->out, " with image notitle");
	s->block++;
}

/** Categories mix by their shares; the fuller a cell, the less it lets the page shine through. */
static void plot_map(struct script *s, const struct report_panel *panel, const char **sep)
{
	size_t nr = panel->series.nr;

	add_source(s, sep);
	str_add(s->out, "using 1:2");
	for (int shift = 16; shift >= 0; shift -= 8) {
		str_add(s->out, ":((");
		for (size_t k = 0; k < nr; k++)
			str_addf(s->out, "%s%u*$%zu", k ? "+" : "",
				 plot_color(panel, k) >> shift & 0xff, k + 3);
		str_add(s->out, ")/(1e-9+");
		add_sum(s->out, 3, nr + 2);
		str_add(s->out, "))");
	}
	str_add(s->out, ":(");
	add_sum(s->out, 3, nr + 2);
	str_add(s->out, " > 0 ? 50+205*(");
	add_sum(s->out, 3, nr + 2);
	str_add(s->out, ") : 0) with rgbalpha notitle");
	s->block++;
}

static void plot_bars(struct script *s, const struct report_panel *panel, const char **sep)
{
	double low = plot_number(s->p, &s->p->spec.x, s->ranges.x.low);

	for (size_t k = 0; k < panel->series.nr; k++) {
		add_source(s, sep);
		str_add(s->out, "using (0):1:(");
		if (k)
			add_sum(s->out, 2, k + 1);
		else
			str_addf(s->out, "%.12g", low);
		str_add(s->out, "):(");
		add_sum(s->out, 2, k + 2);
		str_addf(s->out, "):($1-0.36):($1+0.36) with boxxyerror fc rgb '#%06x' notitle",
			 plot_color(panel, k));
	}
	s->block++;
}

/** A tick at the top for each, and a pale line through the picture while they are few. */
static void plot_marks(struct script *s, const struct report_panel *panel, const char **sep)
{
	if (panel->marks->nr <= MANY_MARKS) {
		add_source(s, sep);
		str_add(s->out, "using 1:(0):(0):(1) axes x1y2 with vectors nohead lw 1 "
				"lc rgb '#80d55e00' notitle");
	}
	add_source(s, sep);
	str_add(s->out, "using 1:(0.95):(0):(0.05) axes x1y2 with vectors nohead lw 1.4 "
			"lc rgb '#d55e00' notitle");
	s->block++;
}

static void add_source(struct script *s, const char **sep)
{
	str_addf(s->out, "%s'%s.dat' index %u ", *sep, s->p->file, s->block);
	*sep = ", \\\n     ";
}

/** A column, kept where a logarithm is defined. */
static void add_column(struct str *out, const struct report_axis *axis, unsigned int column)
{
	if (axis->log)
		str_addf(out, "($%u < 1 ? 1 : $%u)", column, column);
	else
		str_addf(out, "%u", column);
}

static void add_sum(struct str *out, size_t first, size_t last)
{
	for (size_t i = first; i <= last; i++)
		str_addf(out, "%s$%zu", i > first ? "+" : "(", i);
	str_add_char(out, ')');
}
