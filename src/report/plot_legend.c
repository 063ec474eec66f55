/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The legend of a picture, above its first panel and outside of all data: gnuplot's own would lie
 * over them. It is laid out twice, the first time only to know its height.
 */
#include <config.h>

#include "plot_script.h"

#include <string.h>

/** Added to a colour: mostly transparent. */
static const uint32_t pale_bits = 0xb0000000;

/** A legend at work: where it goes on. */
struct legend {
	const struct script *s;
	struct str *out;
	double x, y;
	unsigned int id; /**< of gnuplot's next label or object */
};

static void legend(struct legend *l);
static bool is_repeated(const struct report_panel *panel, const char *key);
static void legend_entry(struct legend *l, const char *label, uint32_t color);
static void legend_scale(struct legend *l);

double script_legend_height(const struct script *s)
{
	struct str sink;
	struct legend l = { s, &sink, LEFT, TOP, 1 };

	str_init(&sink);
	legend(&l);
	str_deinit(&sink);
	/* Numbers stand below the scale of colours. */
	if (s->p->spec.kind == REPORT_PLOT_HEAT)
		l.y += 14;
	return l.x > LEFT ? l.y + LINE : l.y;
}

void script_add_legend(const struct script *s)
{
	struct legend l = { s, s->out, LEFT, TOP, 1 };

	legend(&l);
}

/** Free memory on top of a stack lets the page shine through; below others it would show them. */
uint32_t script_paleness(const struct report_panel *panel, size_t i)
{
	bool top = panel->plot->spec.kind == REPORT_PLOT_AREAS && i == panel->series.nr - 1;

	return top && panel->series.items[i].color == REPORT_COLOR_FREE ? pale_bits : 0;
}

/** Entries of all panels, each once; or the scale of the colours. */
static void legend(struct legend *l)
{
	const struct report_plot *p = l->s->p;
	bool heat = p->spec.kind == REPORT_PLOT_HEAT;
	const struct plot_marks *marks = NULL;

	if (heat)
		legend_scale(l);
	for (const struct report_panel *panel = p->first; panel; panel = panel->next) {
		marks = marks ? marks : panel->marks;
		for (size_t i = 0; !heat && i < panel->series.nr; i++)
			if (!is_repeated(panel, panel->series.items[i].key))
				legend_entry(l, panel->series.items[i].label,
					     plot_color(panel, i) | script_paleness(panel, i));
	}
	if (p->spec.kind == REPORT_PLOT_MAP)
		legend_entry(l, "free", pale_bits | 0x8a8f98);
	if (marks)
		legend_entry(l, marks->label, 0xd55e00);
}

static bool is_repeated(const struct report_panel *panel, const char *key)
{
	for (const struct report_panel *other = panel->plot->first; other != panel;
	     other = other->next)
		vec_foreach (&other->series, series)
			if (!strcmp(series->key, key))
				return true;
	return false;
}

static void legend_entry(struct legend *l, const char *label, uint32_t color)
{
	struct str text;
	double width;

	str_init(&text);
	plot_add_cut(&text, label, NAME_CHARS);
	width = 16 + (double)text_width(str_text(&text), text.len) * char_width + 14;
	if (l->x > LEFT && l->x + width > WIDTH - RIGHT) {
		l->x = LEFT;
		l->y += LINE;
	}
	str_addf(l->out,
		 "set object %u rect from screen %.5f,%.5f to screen %.5f,%.5f fc rgb '#%06x' "
		 "fs solid noborder\n",
		 l->id, script_x(l->x), script_y(l->s, l->y + 14), script_x(l->x + 11),
		 script_y(l->s, l->y + 3), color);
	str_addf(l->out, "set label %u ", l->id++);
	script_add_quoted(l->out, str_text(&text));
	str_addf(l->out, " at screen %.5f,%.5f left\n", script_x(l->x + 16),
		 script_y(l->s, l->y + 9));
	l->x += width;
	str_deinit(&text);
}

static void legend_scale(struct legend *l)
{
	enum { BOX = 220 };
	const struct report_axis *z = &l->s->p->spec.z;
	struct plot_tick ticks[PLOT_TICKS];
	double x = l->x + (double)text_width(z->label, strlen(z->label)) * char_width + 12;
	unsigned int nr = plot_ticks(l->s->p, z, l->s->ranges.z, z->log ? 2 : 4, ticks);

	str_addf(l->out, "set label %u ", l->id++);
	script_add_quoted(l->out, z->label);
	str_addf(l->out, " at screen %.5f,%.5f left\n", script_x(l->x), script_y(l->s, l->y + 8));
	if (l->out == l->s->out) {
		str_addf(l->out,
			 "set colorbox horizontal user origin screen %.5f,%.5f size screen "
			 "%.5f,%.5f "
			 "noborder\nset palette maxcolors 64 defined (",
			 script_x(x), script_y(l->s, l->y + 14), (double)BOX / WIDTH,
			 11 / l->s->height);
		for (unsigned int i = 0; i <= 16; i++)
			str_addf(l->out, "%s%u '#%06x'", i ? ", " : "", i, plot_viridis(i / 16.0));
		str_add(l->out, ")\nset cbtics (");
		for (unsigned int i = 0; i < nr; i++)
			script_add_tic(l->out, i, ticks[i].label, ticks[i].at);
		str_add(l->out, ") scale 0.3 offset 0,0.35\n");
		script_add_range(l->s, "cb", z, l->s->ranges.z);
	}
	l->x = x + BOX + 3 * char_width + 14;
}
