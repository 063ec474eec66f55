/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A page for people: headings, figures flush under each other, tables with right-aligned numbers,
 * notes wrapped at the width of the page. Every block is separated from the one before by one
 * empty line; sections indent nothing but what they hold.
 */
#include <config.h>

#include "plot_internal.h"

#include "kmreplay/core/fmt.h"
#include "kmreplay/core/xalloc.h"

#include <string.h>

enum { INDENT = 2, DEFAULT_WIDTH = 100, COLUMN_GAP = 2 };

static const char bold[] = "\033[1m";
static const char dim[] = "\033[2m";
static const char red[] = "\033[31m";
static const char cyan[] = "\033[36m";
static const char normal[] = "\033[0m";

static void text_begin(struct emitter *e);
static void text_section_begin(struct emitter *e, const struct section *section);
static void text_section_end(struct emitter *e, const struct section *section);
static void text_figures(struct emitter *e, const struct figure *first, unsigned int nr);
static void text_table(struct emitter *e, const struct report_table *table);
static void text_note(struct emitter *e, const struct note *note);
static void text_plot(struct emitter *e, const struct report_plot *plot);
static void text_formulas(struct emitter *e, const struct formula *first, unsigned int nr);
static void text_end(struct emitter *e);
static void new_block(struct emitter *e);
static void add_heading(struct emitter *e, const char *title);
static void add_indent(struct emitter *e);
static void add_color(struct emitter *e, const char *code);
static void add_figure(struct emitter *e, const struct figure *f, size_t label_width);
static size_t nr_shown(const struct report_table *t);
static size_t *measure_columns(const struct report_table *t);
static void add_total(struct emitter *e, const struct report_table *t, const size_t *widths);
static void add_header(struct emitter *e, const struct report_table *t, const size_t *widths);
static void add_row(struct emitter *e, const struct report_table *t,
		    const struct report_value *values, const size_t *widths);
static void trim(struct str *out);
static void add_cell(struct emitter *e, const struct report_table *t, unsigned int column,
		     const char *text, size_t width);
static bool is_last(const struct report_table *t, unsigned int column);
static void add_spaces(struct str *out, size_t nr);
static void add_wrapped(struct emitter *e, const char *text, size_t len, size_t indent);

const struct report_writer report_writer_text = {
	.name = "text",
	.summary = "a page for people",
	.brief = true,
	.begin = text_begin,
	.section_begin = text_section_begin,
	.section_end = text_section_end,
	.figures = text_figures,
	.table = text_table,
	.note = text_note,
	.plot = text_plot,
	.formulas = text_formulas,
	.end = text_end,
};

static void text_begin(struct emitter *e UNUSED)
{
}

static void text_section_begin(struct emitter *e, const struct section *section)
{
	if (!section->title)
		return;
	new_block(e);
	add_heading(e, section->title);
	e->depth++;
	e->nr_blocks = 0;
}

static void text_section_end(struct emitter *e, const struct section *section)
{
	if (!section->title)
		return;
	e->depth--;
	e->nr_blocks = 1;
}

static void text_figures(struct emitter *e, const struct figure *first, unsigned int nr)
{
	const struct figure *f = first;
	size_t width = 0;
	bool any = false;

	for (unsigned int i = 0; i < nr; i++, f = figure_next(f)) {
		if (!f->label)
			continue;
		any = true;
		width = MAX(width, text_width(f->label, strlen(f->label)));
	}
	if (!any)
		return;
	new_block(e);
	f = first;
	for (unsigned int i = 0; i < nr; i++, f = figure_next(f))
		if (f->label)
			add_figure(e, f, width);
}

static void text_table(struct emitter *e, const struct report_table *table)
{
	size_t *widths CLEANUP(cleanup_free) = NULL;
	size_t nr = nr_shown(table);

	if (table->hidden || (!nr && !table->total))
		return;
	widths = measure_columns(table);
	new_block(e);
	if (table->title)
		add_heading(e, table->title);
	add_header(e, table, widths);
	for (size_t i = 0; i < nr; i++) {
		add_row(e, table, table_row(table, i), widths);
		emitter_flush(e, false);
	}
	if (nr < table_nr_rows(table) + table->nr_more) {
		char count[FMT_BUF];

		add_indent(e);
		str_addf(&e->buf, "... and %s more\n",
			 fmt_count(count, table_nr_rows(table) + table->nr_more - nr));
	}
	if (table->total)
		add_total(e, table, widths);
}

static void text_note(struct emitter *e, const struct note *note)
{
	static const struct {
		const char *word;
		const char *color;
	} levels[] = {
		{ "note: ", cyan }, { "warning: ", red }, { "hint: ", cyan }, { "", normal },
	};
	size_t hang = strlen(levels[note->level].word);
	const char *line = note->text;

	new_block(e);
	add_indent(e);
	add_color(e, levels[note->level].color);
	str_add(&e->buf, levels[note->level].word);
	add_color(e, normal);
	for (bool first = true;; first = false) {
		size_t len = strcspn(line, "\n");

		if (!first) {
			add_indent(e);
			add_spaces(&e->buf, hang);
		}
		if (*line == ' ') {
			str_add_mem(&e->buf, line, len);
			str_add_char(&e->buf, '\n');
		} else {
			add_wrapped(e, line, len, e->depth * INDENT + hang);
		}
		if (!line[len])
			return;
		line += len + 1;
	}
}

static void text_plot(struct emitter *e, const struct report_plot *plot)
{
	const struct plot_terminal terminal = {
		.indent = e->depth * INDENT,
		.width = e->style->width ? e->style->width : DEFAULT_WIDTH,
		.utf8 = e->style->utf8,
		.color = e->style->color,
	};

	new_block(e);
	add_heading(e, plot->spec.title);
	add_indent(e);
	add_wrapped(e, plot->spec.says, strlen(plot->spec.says), terminal.indent);
	plot_add_text(&e->buf, plot, &terminal);
}

static void text_formulas(struct emitter *e, const struct formula *first, unsigned int nr)
{
	const struct formula *f = first;

	new_block(e);
	for (unsigned int i = 0; i < nr; i++, f = formula_next(f)) {
		size_t indent = (size_t)e->depth * INDENT + 2 * INDENT;

		add_indent(e);
		report_add_printable(&e->buf, f->label);
		str_add_char(&e->buf, '\n');
		add_spaces(&e->buf, indent);
		add_wrapped(e, f->text, strlen(f->text), indent);
	}
}

static void text_end(struct emitter *e UNUSED)
{
}

static void new_block(struct emitter *e)
{
	if (e->nr_blocks++)
		str_add_char(&e->buf, '\n');
}

static void add_heading(struct emitter *e, const char *title)
{
	add_indent(e);
	add_color(e, bold);
	str_add(&e->buf, title);
	add_color(e, normal);
	str_add_char(&e->buf, '\n');
}

static void add_indent(struct emitter *e)
{
	add_spaces(&e->buf, (size_t)e->depth * INDENT);
}

static void add_color(struct emitter *e, const char *code)
{
	if (e->style->color)
		str_add(&e->buf, code);
}

static void add_figure(struct emitter *e, const struct figure *f, size_t label_width)
{
	add_indent(e);
	str_add(&e->buf, f->label);
	add_spaces(&e->buf, label_width - text_width(f->label, strlen(f->label)) + COLUMN_GAP);
	value_add_human(&e->buf, f->unit, f->value);
	if (f->has_whole && f->whole) {
		str_add(&e->buf, " (");
		value_add_human(&e->buf, REPORT_PERCENT,
				report_percent_of(f->value.u64, f->whole));
		str_add(&e->buf, ")");
	}
	if (f->remark) {
		str_add(&e->buf, " (");
		report_add_printable(&e->buf, f->remark);
		str_add(&e->buf, ")");
	}
	str_add_char(&e->buf, '\n');
}

static size_t nr_shown(const struct report_table *t)
{
	size_t nr = table_nr_rows(t);

	return t->limit && t->limit < nr ? (size_t)t->limit : nr;
}

static size_t *measure_columns(const struct report_table *t)
{
	size_t *widths = xcalloc(t->nr_columns, sizeof(*widths));
	size_t nr = nr_shown(t);
	struct str text;

	str_init(&text);
	for (unsigned int i = 0; i < t->nr_columns; i++)
		widths[i] = text_width(t->columns[i].title, strlen(t->columns[i].title));
	for (size_t row = 0; row < nr + (t->total != NULL); row++) {
		const struct report_value *values = row < nr ? table_row(t, row) : t->total;

		for (unsigned int i = 0; i < t->nr_columns; i++) {
			str_reset(&text);
			value_add_human(&text, t->columns[i].unit, values[i]);
			widths[i] = MAX(widths[i], text_width(str_text(&text), text.len));
		}
	}
	str_deinit(&text);
	return widths;
}

/** The row of totals; says so in the last column when nothing else stands there. */
static void add_total(struct emitter *e, const struct report_table *t, const size_t *widths)
{
	struct report_value values[REPORT_COLUMNS];
	unsigned int last = t->nr_columns - 1;

	memcpy(values, t->total, t->nr_columns * sizeof(*values));
	while (last && t->columns[last].flags & REPORT_COL_HIDDEN)
		last--;
	if (values[last].kind == REPORT_NONE && column_is_left(&t->columns[last]))
		values[last] = report_str("total");
	add_color(e, bold);
	add_row(e, t, values, widths);
	add_color(e, normal);
}

static void add_header(struct emitter *e, const struct report_table *t, const size_t *widths)
{
	add_indent(e);
	add_color(e, dim);
	for (unsigned int i = 0; i < t->nr_columns; i++)
		add_cell(e, t, i, t->columns[i].title, widths[i]);
	trim(&e->buf);
	add_color(e, normal);
	str_add_char(&e->buf, '\n');
}

static void add_row(struct emitter *e, const struct report_table *t,
		    const struct report_value *values, const size_t *widths)
{
	struct str text;

	str_init(&text);
	add_indent(e);
	for (unsigned int i = 0; i < t->nr_columns; i++) {
		str_reset(&text);
		value_add_human(&text, t->columns[i].unit, values[i]);
		add_cell(e, t, i, str_text(&text), widths[i]);
	}
	trim(&e->buf);
	str_add_char(&e->buf, '\n');
	str_deinit(&text);
}

/* The last column may be empty here. */
static void trim(struct str *out)
{
	while (out->len && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
}

static void add_cell(struct emitter *e, const struct report_table *t, unsigned int column,
		     const char *text, size_t width)
{
	size_t columns = text_width(text, strlen(text));
	size_t pad = width > columns ? width - columns : 0;
	bool left = column_is_left(&t->columns[column]);

	if (t->columns[column].flags & REPORT_COL_HIDDEN)
		return;
	if (!left)
		add_spaces(&e->buf, pad);
	str_add(&e->buf, text);
	if (is_last(t, column))
		return;
	if (left)
		add_spaces(&e->buf, pad);
	add_spaces(&e->buf, COLUMN_GAP);
}

static bool is_last(const struct report_table *t, unsigned int column)
{
	while (++column < t->nr_columns)
		if (!(t->columns[column].flags & REPORT_COL_HIDDEN))
			return false;
	return true;
}

static void add_spaces(struct str *out, size_t nr)
{
	static const char spaces[] = "                                ";

	for (; nr > sizeof(spaces) - 1; nr -= sizeof(spaces) - 1)
		str_add_mem(out, spaces, sizeof(spaces) - 1);
	str_add_mem(out, spaces, nr);
}

/** Appends a paragraph whose first line already has "indent" columns; ends it with a newline. */
static void add_wrapped(struct emitter *e, const char *text, size_t len, size_t indent)
{
	size_t width = e->style->width ? e->style->width : DEFAULT_WIDTH;
	size_t at = indent;
	struct str word;

	str_init(&word);
	for (size_t i = 0; i < len;) {
		size_t end = i, columns;

		while (end < len && text[end] != ' ')
			end++;
		str_reset(&word);
		str_add_mem(&word, text + i, end - i);
		columns = text_width(str_text(&word), word.len);
		if (at > indent && at + 1 + columns > width) {
			str_add_char(&e->buf, '\n');
			add_spaces(&e->buf, indent);
			at = indent;
		} else if (at > indent) {
			str_add_char(&e->buf, ' ');
			at++;
		}
		report_add_printable(&e->buf, str_text(&word));
		at += columns;
		i = end + (end < len);
	}
	str_add_char(&e->buf, '\n');
	str_deinit(&word);
}
