/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Building the plots of a document; what their data span, and their colours. */
#include <config.h>

#include "plot_internal.h"

#include <string.h>

static void check_spec(const struct report_plot_spec *spec);
static struct report_axis copy_axis(struct report *r, const struct report_axis *axis);
static const char *file_name(struct report *r, const char *key);
static struct plot_series *add_series(struct report_panel *panel,
				      const struct report_series *series);
static void widen(struct plot_range *range, const struct report_axis *axis, int64_t value);
static void panel_ranges(const struct report_panel *panel, struct plot_ranges *ranges);
static void points_range(const struct report_plot_spec *spec, const struct plot_series *s,
			 struct plot_ranges *ranges);
static void grid_range(const struct report_panel *panel, struct plot_ranges *ranges);
static void areas_range(const struct report_panel *panel, struct plot_range *y);
static struct plot_range axis_range(const struct report_axis *axis, struct plot_range data);

void report_time_span(struct report *r, uint64_t start, uint64_t end)
{
	r->span_start = start;
	r->span_end = end;
}

void report_marks(struct report *r, const char *key, const char *label, const uint64_t *times,
		  size_t nr)
{
	struct plot_marks *marks;

	r->marks = NULL;
	if (!nr)
		return;
	marks = arena_alloc(&r->arena, sizeof(*marks));
	marks->key = report_copy(r, key);
	marks->label = report_copy(r, label ? label : key);
	marks->times = report_copy_mem(r, times, nr * sizeof(*times));
	marks->nr = nr;
	r->marks = marks;
}

struct report_plot *report_plot(struct report *r, const struct report_plot_spec *spec)
{
	struct report_plot *p = report_node(r, NODE_PLOT, sizeof(*p));

	check_spec(spec);
	p->report = r;
	p->spec = *spec;
	p->file = file_name(r, spec->key);
	p->spec.key = report_copy(r, spec->key);
	p->spec.title = report_copy(r, spec->title);
	p->spec.says = report_copy(r, spec->says);
	p->spec.x = copy_axis(r, &spec->x);
	p->spec.y = copy_axis(r, &spec->y);
	p->spec.z = copy_axis(r, &spec->z);
	p->spec.columns = MAX(spec->columns, 1U);
	/* Shares of a cell are thousandths by definition. */
	if (spec->kind == REPORT_PLOT_MAP)
		p->spec.z.unit = REPORT_RATIO;
	vec_push(&r->plots, p);
	p->number = (unsigned int)r->plots.nr;
	return p;
}

struct report_panel *report_panel(struct report_plot *p, const char *key, const char *title)
{
	struct report *r = p->report;
	struct report_panel *panel = arena_alloc(&r->arena, sizeof(*panel));

	memset(panel, 0, sizeof(*panel));
	panel->plot = p;
	panel->key = report_copy(r, key);
	panel->title = report_copy(r, title);
	if (p->spec.x.unit == REPORT_TIME)
		panel->marks = r->marks;
	if (p->last)
		p->last->next = panel;
	else
		p->first = panel;
	p->last = panel;
	p->nr_panels++;
	return panel;
}

void report_series(struct report_panel *panel, const struct report_series *series,
		   const struct series_point *points, size_t nr)
{
	enum report_plot_kind kind = panel->plot->spec.kind;
	struct plot_series *s = add_series(panel, series);

	BUG_ON(kind == REPORT_PLOT_HEAT || kind == REPORT_PLOT_MAP);
	/* A bar has one value for each segment: they are declared before it. */
	BUG_ON(kind == REPORT_PLOT_BARS && (nr || panel->bars.nr));
	for (size_t i = 1; i < nr; i++)
		BUG_ON(points[i].time < points[i - 1].time);
	s->points = report_copy_mem(panel->plot->report, points, nr * sizeof(*points));
	s->nr = nr;
}

void report_bar(struct report_panel *panel, const char *name, const int64_t *values)
{
	struct report *r = panel->plot->report;

	BUG_ON(panel->plot->spec.kind != REPORT_PLOT_BARS || !panel->series.nr);
	vec_push(&panel->bars,
		 (struct plot_bar){
			 .name = report_copy(r, name ? name : "-"),
			 .values = report_copy_mem(r, values, panel->series.nr * sizeof(*values)),
		 });
}

void report_grid(struct report_panel *panel, const struct report_series *series,
		 const struct report_grid *grid)
{
	enum report_plot_kind kind = panel->plot->spec.kind;
	const struct report_grid *shape = &panel->grid;
	size_t nr = (size_t)grid->columns * grid->rows;

	BUG_ON(kind != REPORT_PLOT_HEAT && kind != REPORT_PLOT_MAP);
	BUG_ON(kind == REPORT_PLOT_HEAT && panel->series.nr);
	BUG_ON(!nr || nr > REPORT_CELLS);
	BUG_ON(grid->x_from >= grid->x_to || grid->y_from >= grid->y_to);
	BUG_ON(panel->series.nr && (grid->columns != shape->columns || grid->rows != shape->rows ||
				    grid->x_from != shape->x_from || grid->x_to != shape->x_to ||
				    grid->y_from != shape->y_from || grid->y_to != shape->y_to));
	panel->grid = *grid;
	panel->grid.values = NULL;
	add_series(panel, series)->cells =
		report_copy_mem(panel->plot->report, grid->values, nr * sizeof(*grid->values));
}

void report_plot_table(struct report_plot *p, struct report_table *t)
{
	BUG_ON(t->plot);
	t->plot = p;
}

const char *report_draw_problem(const struct report *r)
{
	return r->draw_problem;
}

const char *plot_kind_name(enum report_plot_kind kind)
{
	static const char *const names[] = {
#define X(suffix, name) [REPORT_PLOT_##suffix] = name,
		REPORT_PLOT_KINDS(X)
#undef X
	};

	return names[kind];
}

bool plot_has_data(const struct report_plot *p)
{
	for (const struct report_panel *panel = p->first; panel; panel = panel->next) {
		if (panel->bars.nr || panel->grid.columns)
			return true;
		for (size_t i = 0; i < panel->series.nr; i++)
			if (panel->series.items[i].nr)
				return true;
	}
	return false;
}

uint32_t plot_viridis(double at)
{
	static const uint8_t stops[][3] = {
		{ 0x44, 0x01, 0x54 }, { 0x48, 0x28, 0x78 }, { 0x3e, 0x49, 0x89 },
		{ 0x31, 0x68, 0x8e }, { 0x26, 0x82, 0x8e }, { 0x1f, 0x9e, 0x89 },
		{ 0x35, 0xb7, 0x79 }, { 0x6e, 0xce, 0x58 }, { 0xb5, 0xde, 0x2b },
		{ 0xfd, 0xe7, 0x25 },
	};
	double place = MIN(MAX(at, 0.0), 1.0) * (ARRAY_SIZE(stops) - 1);
	size_t i = MIN((size_t)place, ARRAY_SIZE(stops) - 2);
	uint32_t rgb = 0;

	for (unsigned int c = 0; c < 3; c++)
		rgb = rgb << 8 | (uint32_t)(stops[i][c] + 0.5 +
					    (stops[i + 1][c] - stops[i][c]) * (place - (double)i));
	return rgb;
}

uint32_t plot_color(const struct report_panel *panel, size_t i)
{
	static const uint32_t colors[] = {
#define X(suffix, rgb) [REPORT_COLOR_##suffix] = rgb,
		REPORT_COLORS(X)
#undef X
	};
	static const enum report_color in_turn[] = {
		REPORT_COLOR_SLAB,   REPORT_COLOR_CACHE,  REPORT_COLOR_VMALLOC,
		REPORT_COLOR_PERCPU, REPORT_COLOR_KERNEL, REPORT_COLOR_FAILURE,
	};
	enum report_color color = panel->series.items[i].color;

	if (color == REPORT_COLOR_AUTO)
		return colors[in_turn[i % ARRAY_SIZE(in_turn)]];
	/* The ends of the ramp are hard to see as lines, on dark and on light ground. */
	if (color == REPORT_COLOR_RAMP)
		return plot_viridis(0.2 + 0.65 * (double)i / (double)MAX(panel->series.nr - 1, 1U));
	return colors[color];
}

int64_t plot_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (!__builtin_add_overflow(a, b, &sum))
		return sum;
	return b < 0 ? INT64_MIN : INT64_MAX;
}

int64_t plot_bar_total(const struct report_panel *panel, const struct plot_bar *bar)
{
	int64_t total = 0;

	for (size_t i = 0; i < panel->series.nr; i++)
		total = plot_add(total, MAX(bar->values[i], 0));
	return total;
}

struct plot_ranges plot_ranges(const struct report_plot *p)
{
	const struct plot_range none = { INT64_MAX, INT64_MIN };
	struct plot_ranges ranges = { none, none, none };
	const struct report *r = p->report;

	for (const struct report_panel *panel = p->first; panel; panel = panel->next)
		panel_ranges(panel, &ranges);
	if (p->spec.x.unit == REPORT_TIME && r->span_end > r->span_start) {
		ranges.x.low = (int64_t)r->span_start;
		ranges.x.high = (int64_t)r->span_end;
	} else if (p->spec.kind == REPORT_PLOT_BARS) {
		ranges.x = axis_range(&p->spec.x, ranges.x);
	} else if (ranges.x.low >= ranges.x.high) {
		ranges.x.high = plot_add(ranges.x.low, 1);
	}
	if (!(p->spec.kind == REPORT_PLOT_HEAT || p->spec.kind == REPORT_PLOT_MAP))
		ranges.y = axis_range(&p->spec.y, ranges.y);
	ranges.z = axis_range(&p->spec.z, ranges.z);
	return ranges;
}

static void check_spec(const struct report_plot_spec *spec)
{
	BUG_ON(!spec->key || !*spec->key || !spec->title || !spec->says);
	BUG_ON(spec->key[strspn(spec->key, "abcdefghijklmnopqrstuvwxyz0123456789_")]);
	BUG_ON(!spec->x.key || !spec->y.key || spec->x.unit == REPORT_TEXT);
	BUG_ON((spec->kind == REPORT_PLOT_HEAT || spec->kind == REPORT_PLOT_MAP) && !spec->z.key);
	BUG_ON(spec->kind >= REPORT_PLOT_NR);
}

static struct report_axis copy_axis(struct report *r, const struct report_axis *axis)
{
	struct report_axis copy = *axis;

	copy.key = report_copy(r, axis->key);
	copy.label = report_copy(r, axis->label ? axis->label : axis->key);
	return copy;
}

/** The key, or with a number behind it when another section has a plot of that key. */
static const char *file_name(struct report *r, const char *key)
{
	const char *name = NULL;
	struct str text;

	str_init(&text);
	for (unsigned int nr = 1; !name; nr++) {
		str_reset(&text);
		str_add(&text, key);
		if (nr > 1)
			str_addf(&text, "-%u", nr);
		name = str_text(&text);
		vec_foreach (&r->plots, p)
			if (name && !strcmp((*p)->file, name))
				name = NULL;
	}
	name = report_copy(r, name);
	str_deinit(&text);
	return name;
}

static struct plot_series *add_series(struct report_panel *panel,
				      const struct report_series *series)
{
	struct report *r = panel->plot->report;

	BUG_ON(series->color >= REPORT_COLOR_NR);
	vec_push(&panel->series,
		 (struct plot_series){
			 .key = report_copy(r, series->key),
			 .label = report_copy(r, series->label ? series->label : series->key),
			 .color = series->color,
		 });
	return &panel->series.items[panel->series.nr - 1];
}

/** What a logarithm cannot show does not stretch its axis. */
static void widen(struct plot_range *range, const struct report_axis *axis, int64_t value)
{
	if (axis->log && value < 1)
		return;
	range->low = MIN(range->low, value);
	range->high = MAX(range->high, value);
}

static void panel_ranges(const struct report_panel *panel, struct plot_ranges *ranges)
{
	const struct report_plot_spec *spec = &panel->plot->spec;

	for (size_t i = 0; i < panel->bars.nr; i++)
		widen(&ranges->x, &spec->x, plot_bar_total(panel, &panel->bars.items[i]));
	if (panel->grid.columns)
		grid_range(panel, ranges);
	for (size_t i = 0; i < panel->series.nr; i++)
		points_range(spec, &panel->series.items[i], ranges);
	if (spec->kind == REPORT_PLOT_AREAS)
		areas_range(panel, &ranges->y);
}

static void points_range(const struct report_plot_spec *spec, const struct plot_series *s,
			 struct plot_ranges *ranges)
{
	for (size_t i = 0; i < s->nr; i++) {
		widen(&ranges->x, &spec->x, (int64_t)MIN(s->points[i].time, (uint64_t)INT64_MAX));
		widen(&ranges->y, &spec->y, s->points[i].value);
	}
}

static void grid_range(const struct report_panel *panel, struct plot_ranges *ranges)
{
	const struct report_plot_spec *spec = &panel->plot->spec;
	const struct report_grid *grid = &panel->grid;
	size_t nr = (size_t)grid->columns * grid->rows;

	widen(&ranges->x, &spec->x, (int64_t)grid->x_from);
	widen(&ranges->x, &spec->x, (int64_t)grid->x_to);
	widen(&ranges->y, &spec->y, (int64_t)grid->y_from);
	widen(&ranges->y, &spec->y, (int64_t)grid->y_to);
	for (size_t i = 0; i < nr; i++)
		if (panel->series.items[0].cells[i] != REPORT_CELL_NONE)
			widen(&ranges->z, &spec->z, panel->series.items[0].cells[i]);
}

/** The top of a stack is the sum of its series; they are held from point to point. */
static void areas_range(const struct report_panel *panel, struct plot_range *y)
{
	const struct plot_range all = { 0, INT64_MAX };
	struct plot_rows rows = plot_rows(panel, 0, all, SIZE_MAX);

	for (size_t i = 0; i < rows.nr; i++) {
		int64_t total = 0;

		for (unsigned int k = 0; k < rows.width; k++)
			total = plot_add(total, rows.values[i * rows.width + k]);
		widen(y, &panel->plot->spec.y, total);
	}
	plot_rows_deinit(&rows);
}

static struct plot_range axis_range(const struct report_axis *axis, struct plot_range data)
{
	struct plot_range range = data;

	if (axis->low || axis->high)
		range = (struct plot_range){ axis->low, axis->high };
	else if (data.low > data.high)
		range = (struct plot_range){ 0, 1 };
	else if (data.low > 0 && data.low <= data.high / 2 && !axis->log)
		range.low = 0;
	if (axis->log)
		range.low = MAX(range.low, 1);
	if (range.low >= range.high)
		range.high = plot_add(range.low, 1);
	return range;
}
