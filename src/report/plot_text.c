/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Plots in characters: a sparkline a series, a strip of shades a row of a map, a bar a name.
 *
 * A column of a sparkline shows the largest value in it, so that no peak is lost; the smallest
 * stands behind it as a number. Cells of a map are joined by their mean.
 */
#include <config.h>

#include "plot_internal.h"

#include <string.h>

enum { LABEL_MAX = 26, NUMBER = 10, STRIP_MIN = 16, ROWS_MAX = 16 };

/** Steps from nothing to full. */
struct ramp {
	unsigned int nr;
	const char *steps[10];
};

static const struct ramp spark_utf8 = {
	9,
	{ " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" },
};
static const struct ramp spark_ascii = { 8, { " ", "_", ".", "-", "=", "+", "*", "#" } };
static const struct ramp shade_utf8 = { 5, { " ", "░", "▒", "▓", "█" } };
static const struct ramp shade_ascii = { 10, { " ", ".", ":", "-", "=", "+", "*", "#", "%", "@" } };
static const char *const segments_utf8[] = { "█", "▒", "░", "▓" };
static const char *const segments_ascii[] = { "#", "=", ".", "+" };

struct painter {
	struct str *out;
	const struct report_plot *p;
	const struct plot_terminal *terminal;
	struct plot_ranges ranges;
	unsigned int label; /**< columns of the labels at the left */
	unsigned int strip; /**< columns of the picture */
};

static struct painter painter_of(struct str *out, const struct report_plot *p,
				 const struct plot_terminal *terminal);
static unsigned int label_width(const struct report_plot *p);
static void add_panel(struct painter *pt, const struct report_panel *panel);
static void add_line(struct painter *pt, const char *label);
static void add_padded(struct str *out, const char *text, unsigned int width, bool left);
static void add_scale(struct painter *pt, bool numbers);
static void add_spark(struct painter *pt, const struct report_panel *panel, size_t series);
static int64_t *column_peaks(const struct painter *pt, const struct plot_series *s);
static void add_numbers(struct painter *pt, const struct plot_series *s);
static void add_step(struct painter *pt, const struct ramp *ramp, double at);
static void add_marks(struct painter *pt, const struct report_panel *panel);
static void add_rows(struct painter *pt, const struct report_panel *panel);
static void row_label(struct painter *pt, const struct report_grid *grid, uint32_t row,
		      struct str *label);
static void add_cell(struct painter *pt, const struct report_panel *panel,
		     const struct report_grid *part);
static bool mean_of(const struct report_panel *panel, size_t series, const struct report_grid *part,
		    double *mean);
static void add_mixture(struct painter *pt, const struct report_panel *panel,
			const struct report_grid *part);
static void add_key(struct painter *pt, const struct report_panel *panel);
static void add_bar(struct painter *pt, const struct report_panel *panel,
		    const struct plot_bar *bar);
static void add_sgr(struct painter *pt, uint32_t rgb);
static double share_of(const struct report_axis *axis, struct plot_range range, int64_t value);

void plot_add_text(struct str *out, const struct report_plot *p,
		   const struct plot_terminal *terminal)
{
	struct painter pt = painter_of(out, p, terminal);

	for (const struct report_panel *panel = p->first; panel; panel = panel->next)
		add_panel(&pt, panel);
	if (p->spec.kind >= REPORT_PLOT_HEAT && p->first)
		add_key(&pt, p->first);
}

static struct painter painter_of(struct str *out, const struct report_plot *p,
				 const struct plot_terminal *terminal)
{
	struct painter pt = { .out = out, .p = p, .terminal = terminal };
	unsigned int numbers = NUMBER + 2, taken;

	if (p->spec.kind == REPORT_PLOT_AREAS || p->spec.kind == REPORT_PLOT_LINES)
		numbers = 3 * (NUMBER + 1);
	if (p->spec.kind == REPORT_PLOT_HEAT || p->spec.kind == REPORT_PLOT_MAP)
		numbers = 0;
	pt.ranges = plot_ranges(p);
	pt.label = label_width(p);
	taken = terminal->indent + pt.label + 2 + numbers;
	pt.strip = MAX(terminal->width > taken ? terminal->width - taken : 0U, STRIP_MIN + 0U);
	return pt;
}

static unsigned int label_width(const struct report_plot *p)
{
	size_t width = 8;

	for (const struct report_panel *panel = p->first; panel; panel = panel->next) {
		vec_foreach (&panel->bars, bar)
			width = MAX(width, text_width(bar->name, strlen(bar->name)));
		if (panel->marks)
			width = MAX(width, strlen(panel->marks->label));
		if (panel->bars.nr || panel->grid.columns)
			continue;
		vec_foreach (&panel->series, s)
			width = MAX(width, text_width(s->label, strlen(s->label)));
	}
	return (unsigned int)MIN(width, (size_t)LABEL_MAX);
}

static void add_panel(struct painter *pt, const struct report_panel *panel)
{
	bool sparks = !panel->bars.nr && !panel->grid.columns;

	if (panel->title) {
		add_padded(pt->out, "", pt->terminal->indent, true);
		plot_add_cut(pt->out, panel->title, pt->terminal->width);
		str_add_char(pt->out, '\n');
	}
	if (!panel->bars.nr)
		add_scale(pt, sparks);
	vec_foreach (&panel->bars, bar)
		add_bar(pt, panel, bar);
	if (panel->grid.columns)
		add_rows(pt, panel);
	for (size_t i = 0; sparks && i < panel->series.nr; i++)
		if (panel->series.items[i].nr)
			add_spark(pt, panel, i);
	if (panel->marks)
		add_marks(pt, panel);
}

/** Indent and label; the line goes on at the strip. */
static void add_line(struct painter *pt, const char *label)
{
	struct str text;

	str_init(&text);
	plot_add_cut(&text, label, pt->label);
	add_padded(pt->out, "", pt->terminal->indent, true);
	add_padded(pt->out, str_text(&text), pt->label, true);
	str_add(pt->out, "  ");
	str_deinit(&text);
}

static void add_padded(struct str *out, const char *text, unsigned int width, bool left)
{
	size_t len = text_width(text, strlen(text));
	int pad = len < width ? (int)(width - len) : 0;

	str_addf(out, "%*s%s%*s", left ? 0 : pad, "", text, left ? pad : 0, "");
}

/** The ends of the x axis, and heads of the numbers. */
static void add_scale(struct painter *pt, bool numbers)
{
	const struct report_axis *x = &pt->p->spec.x;
	struct str low, high;

	str_init(&low);
	str_init(&high);
	plot_add_human(&low, pt->p, x, pt->ranges.x.low);
	plot_add_human(&high, pt->p, x, pt->ranges.x.high);
	add_line(pt, "");
	str_add(pt->out, str_text(&low));
	str_add_char(pt->out, ' ');
	add_padded(pt->out, str_text(&high),
		   pt->strip > low.len ? pt->strip - (unsigned int)low.len - 1 : 0, false);
	for (unsigned int i = 0; numbers && i < 3; i++)
		str_addf(pt->out, " %*s", NUMBER, (const char *[]){ "min", "max", "last" }[i]);
	str_add_char(pt->out, '\n');
	str_deinit(&low);
	str_deinit(&high);
}

static void add_spark(struct painter *pt, const struct report_panel *panel, size_t series)
{
	const struct plot_series *s = &panel->series.items[series];
	int64_t *peaks CLEANUP(cleanup_free) = column_peaks(pt, s);
	const struct report_axis *y = &pt->p->spec.y;
	struct plot_range range = { 0, 1 };

	/* A scale of its own, as the numbers behind it say: small series show their shape, too. */
	for (size_t i = 0; i < s->nr; i++) {
		range.low = MIN(range.low, s->points[i].value);
		range.high = MAX(range.high, s->points[i].value);
	}
	if (y->low || y->high)
		range = (struct plot_range){ y->low, y->high };
	add_line(pt, s->label);
	for (unsigned int i = 0; i < pt->strip; i++)
		if (peaks[i] == REPORT_CELL_NONE)
			str_add_char(pt->out, ' ');
		else
			add_step(pt, pt->terminal->utf8 ? &spark_utf8 : &spark_ascii,
				 share_of(y, range, peaks[i]));
	add_numbers(pt, s);
}

/** The largest value of each column; empty ones hold the last value before them. */
static int64_t *column_peaks(const struct painter *pt, const struct plot_series *s)
{
	int64_t *peaks = xcalloc(pt->strip, sizeof(*peaks)), held = REPORT_CELL_NONE;
	size_t at = 0;

	for (unsigned int i = 0; i < pt->strip; i++) {
		peaks[i] = held;
		for (; at < s->nr; at++) {
			int64_t x = (int64_t)MIN(s->points[at].time, (uint64_t)INT64_MAX);

			if (plot_column(&pt->p->spec.x, pt->ranges.x, x, pt->strip) > i)
				break;
			peaks[i] = MAX(peaks[i], s->points[at].value);
			held = s->points[at].value;
		}
	}
	return peaks;
}

static void add_numbers(struct painter *pt, const struct plot_series *s)
{
	int64_t numbers[] = { INT64_MAX, INT64_MIN, s->points[s->nr - 1].value };
	struct str text;

	str_init(&text);
	for (size_t i = 0; i < s->nr; i++) {
		numbers[0] = MIN(numbers[0], s->points[i].value);
		numbers[1] = MAX(numbers[1], s->points[i].value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		str_reset(&text);
		plot_add_human(&text, pt->p, &pt->p->spec.y, numbers[i]);
		str_add_char(pt->out, ' ');
		add_padded(pt->out, str_text(&text), NUMBER, false);
	}
	str_add_char(pt->out, '\n');
	str_deinit(&text);
}

/** The first step is for nothing alone. */
static void add_step(struct painter *pt, const struct ramp *ramp, double at)
{
	unsigned int last = ramp->nr - 1;

	at = MIN(MAX(at, 0.0), 1.0);
	str_add(pt->out, ramp->steps[at > 0 ? MIN(1 + (unsigned int)(at * last), last) : 0]);
}

static void add_marks(struct painter *pt, const struct report_panel *panel)
{
	char *line CLEANUP(cleanup_free) = xcalloc(1, pt->strip + 1);
	unsigned int len = 0;

	for (size_t i = 0; i < panel->marks->nr; i++) {
		int64_t time = (int64_t)MIN(panel->marks->times[i], (uint64_t)INT64_MAX);
		unsigned int at = plot_column(&pt->p->spec.x, pt->ranges.x, time, pt->strip);

		for (; len < at; len++)
			line[len] = line[len] ? line[len] : ' ';
		line[at] = '!';
		len = MAX(len, at + 1);
	}
	add_line(pt, panel->marks->label);
	add_sgr(pt, 0xd55e00);
	str_add(pt->out, line);
	str_add(pt->out, pt->terminal->color ? "\033[0m\n" : "\n");
}

static void add_rows(struct painter *pt, const struct report_panel *panel)
{
	const struct report_grid *grid = &panel->grid;
	uint32_t nr_rows = MIN(grid->rows, (uint32_t)ROWS_MAX);
	struct str label;

	str_init(&label);
	for (uint32_t row = nr_rows; row--;) {
		/* The part of the grid that one character shows: from .. to of both. */
		struct report_grid part = { .y_from = (uint64_t)row * grid->rows / nr_rows };

		part.y_to = ((uint64_t)row + 1) * grid->rows / nr_rows;
		str_reset(&label);
		row_label(pt, grid, (uint32_t)part.y_from, &label);
		add_line(pt, str_text(&label));
		for (uint64_t i = 0; i < pt->strip; i++) {
			part.x_from = i * grid->columns / pt->strip;
			part.x_to = MAX((i + 1) * grid->columns / pt->strip, part.x_from + 1);
			add_cell(pt, panel, &part);
		}
		str_add(pt->out, pt->terminal->color ? "\033[0m\n" : "\n");
	}
	str_deinit(&label);
}

static void row_label(struct painter *pt, const struct report_grid *grid, uint32_t row,
		      struct str *label)
{
	const struct report_axis *y = &pt->p->spec.y;

	plot_add_human(label, pt->p, y,
		       (int64_t)(grid->y_from + (uint64_t)((double)(grid->y_to - grid->y_from) *
							   row / grid->rows)));
}

static void add_cell(struct painter *pt, const struct report_panel *panel,
		     const struct report_grid *part)
{
	double mean;

	if (pt->p->spec.kind == REPORT_PLOT_MAP) {
		add_mixture(pt, panel, part);
	} else if (!mean_of(panel, 0, part, &mean)) {
		str_add_char(pt->out, ' ');
	} else {
		double share = share_of(&pt->p->spec.z, pt->ranges.z, (int64_t)mean);

		add_sgr(pt, plot_viridis(0.15 + share * 0.85));
		add_step(pt, pt->terminal->utf8 ? &shade_utf8 : &shade_ascii, share);
	}
}

/** False when nothing of it is known. */
static bool mean_of(const struct report_panel *panel, size_t series, const struct report_grid *part,
		    double *mean)
{
	const int64_t *cells = panel->series.items[series].cells;
	double sum = 0;
	size_t nr = 0;

	for (uint64_t y = part->y_from; y < part->y_to; y++) {
		for (uint64_t x = part->x_from; x < part->x_to; x++) {
			int64_t value = cells[y * panel->grid.columns + x];

			nr += value != REPORT_CELL_NONE;
			sum += value == REPORT_CELL_NONE ? 0 : (double)value;
		}
	}
	*mean = nr ? sum / (double)nr : 0;
	return nr != 0;
}

/** Shade: how full; colour, or a letter where there are no shades: of what it is most full. */
static void add_mixture(struct painter *pt, const struct report_panel *panel,
			const struct report_grid *part)
{
	double most = 0, sum = 0, mean;
	size_t best = 0;

	for (size_t k = 0; k < panel->series.nr; k++) {
		if (!mean_of(panel, k, part, &mean))
			continue;
		sum += mean;
		if (mean > most) {
			most = mean;
			best = k;
		}
	}
	add_sgr(pt, plot_color(panel, best));
	if (pt->terminal->utf8)
		add_step(pt, &shade_utf8, sum / 1000);
	else if (sum <= 0)
		str_add_char(pt->out, '.');
	else
		str_add_char(pt->out, (char)((panel->series.items[best].key[0] & ~0x20) |
					     (sum < 500 ? 0x20 : 0)));
}

/** What the characters mean. */
static void add_key(struct painter *pt, const struct report_panel *panel)
{
	bool utf8 = pt->terminal->utf8;
	const char *const *segments = utf8 ? segments_utf8 : segments_ascii;
	const struct report_axis *z = &pt->p->spec.z;

	add_line(pt, "");
	if (pt->p->spec.kind == REPORT_PLOT_HEAT) {
		report_add_printable(pt->out, z->label);
		str_add(pt->out, utf8 ? ": ░ above " : ": . above ");
		plot_add_human(pt->out, pt->p, z, pt->ranges.z.low);
		str_add(pt->out, utf8 ? ", █ " : ", @ ");
		plot_add_human(pt->out, pt->p, z, pt->ranges.z.high);
	}
	for (size_t k = 0; pt->p->spec.kind != REPORT_PLOT_HEAT && k < panel->series.nr; k++) {
		const char *label = panel->series.items[k].label;

		str_add(pt->out, k ? "  " : "");
		add_sgr(pt, plot_color(panel, k));
		if (pt->p->spec.kind == REPORT_PLOT_BARS)
			str_add(pt->out, segments[k % ARRAY_SIZE(segments_utf8)]);
		else if (utf8)
			str_add(pt->out, pt->terminal->color ? "█" : "");
		else
			str_addf(pt->out, "%c", panel->series.items[k].key[0] & ~0x20);
		str_add(pt->out, pt->terminal->color ? "\033[0m " : " ");
		plot_add_cut(pt->out, label, LABEL_MAX);
	}
	if (pt->p->spec.kind == REPORT_PLOT_MAP)
		str_add(pt->out, utf8 ? "  (paler: more is free)" : "  (small: under half full)");
	str_add_char(pt->out, '\n');
}

static void add_bar(struct painter *pt, const struct report_panel *panel,
		    const struct plot_bar *bar)
{
	const char *const *segments = pt->terminal->utf8 ? segments_utf8 : segments_ascii;
	const struct report_axis *x = &pt->p->spec.x;
	unsigned int at = 0;
	int64_t sum = 0;
	struct str text;

	add_line(pt, bar->name);
	for (size_t k = 0; k < panel->series.nr; k++) {
		unsigned int end;

		sum = plot_add(sum, MAX(bar->values[k], 0));
		end = (unsigned int)(share_of(x, pt->ranges.x, sum) * pt->strip + 0.5);
		add_sgr(pt, plot_color(panel, k));
		for (; at < MIN(end, pt->strip); at++)
			str_add(pt->out, segments[k % ARRAY_SIZE(segments_utf8)]);
	}
	str_addf(pt->out, "%s%*s ", pt->terminal->color ? "\033[0m" : "",
		 (int)(pt->strip - MIN(at, pt->strip)), "");
	str_init(&text);
	plot_add_human(&text, pt->p, x, sum);
	add_padded(pt->out, str_text(&text), NUMBER, false);
	str_add_char(pt->out, '\n');
	str_deinit(&text);
}

static void add_sgr(struct painter *pt, uint32_t rgb)
{
	if (pt->terminal->color)
		str_addf(pt->out, "\033[38;2;%u;%u;%um", rgb >> 16, rgb >> 8 & 0xff, rgb & 0xff);
}

/** Where in a range a value lies, 0 to 1. */
static double share_of(const struct report_axis *axis, struct plot_range range, int64_t value)
{
	enum { FINE = 10000 };

	if (value <= range.low)
		return 0;
	return (plot_column(axis, range, value, FINE) + 1.0) / FINE;
}
