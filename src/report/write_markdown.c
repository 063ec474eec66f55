/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Markdown as GitHub reads it: for issues and mails. Tables are tables, plots are characters in an
 * indented block. Whatever Markdown or HTML would read a meaning into is escaped in all texts.
 */
#include <config.h>

#include "plot_internal.h"

#include "kmreplay/core/fmt.h"

#include <string.h>

static void md_begin(struct emitter *e);
static void md_section_begin(struct emitter *e, const struct section *section);
static void md_section_end(struct emitter *e, const struct section *section);
static void md_figures(struct emitter *e, const struct figure *first, unsigned int nr);
static void md_table(struct emitter *e, const struct report_table *table);
static void md_note(struct emitter *e, const struct note *note);
static void md_plot(struct emitter *e, const struct report_plot *plot);
static void md_formulas(struct emitter *e, const struct formula *first, unsigned int nr);
static void md_end(struct emitter *e);
static void add_line(struct str *out, const char *line);
static void add_heading(struct emitter *e, unsigned int level, const char *title);
static void add_text(struct str *out, const char *text);
static void add_value(struct emitter *e, enum report_unit unit, struct report_value value);
static void add_row(struct emitter *e, const struct report_table *t,
		    const struct report_value *values);

const struct report_writer report_writer_markdown = {
	.name = "markdown",
	.summary = "for issues and mails: headings, lists and tables of GitHub's",
	.brief = true,
	.begin = md_begin,
	.section_begin = md_section_begin,
	.section_end = md_section_end,
	.figures = md_figures,
	.table = md_table,
	.note = md_note,
	.plot = md_plot,
	.formulas = md_formulas,
	.end = md_end,
};

static void md_begin(struct emitter *e)
{
	const struct report *r = e->report;

	str_add(&e->buf, "# ");
	if (!r->title)
		str_add(&e->buf, "kmreplay ");
	add_text(&e->buf, r->title ? r->title : r->command);
	str_add(&e->buf, "\n");
	e->depth = 1;
}

static void md_section_begin(struct emitter *e, const struct section *section)
{
	if (section->title)
		add_heading(e, ++e->depth, section->title);
}

static void md_section_end(struct emitter *e, const struct section *section)
{
	if (section->title)
		e->depth--;
}

static void md_figures(struct emitter *e, const struct figure *first, unsigned int nr)
{
	const struct figure *f = first;
	bool any = false;

	for (unsigned int i = 0; i < nr; i++, f = figure_next(f)) {
		if (!f->label)
			continue;
		str_add(&e->buf, any ? "- " : "\n- ");
		any = true;
		add_text(&e->buf, f->label);
		str_add(&e->buf, ": **");
		add_value(e, f->unit, f->value);
		str_add(&e->buf, "**");
		if (f->has_whole && f->whole) {
			str_add(&e->buf, " (");
			add_value(e, REPORT_PERCENT, report_percent_of(f->value.u64, f->whole));
			str_add(&e->buf, ")");
		}
		if (f->remark) {
			str_add(&e->buf, " (");
			add_text(&e->buf, f->remark);
			str_add(&e->buf, ")");
		}
		str_add(&e->buf, "\n");
	}
}

static void md_table(struct emitter *e, const struct report_table *table)
{
	size_t nr = table_nr_rows(table), shown = nr;
	char count[FMT_BUF];

	if (table->hidden || (!nr && !table->total))
		return;
	if (table->limit && table->limit < nr)
		shown = (size_t)table->limit;
	if (table->title)
		add_heading(e, e->depth + 1, table->title);
	str_add(&e->buf, "\n|");
	for (unsigned int i = 0; i < table->nr_columns; i++) {
		if (table->columns[i].flags & REPORT_COL_HIDDEN)
			continue;
		str_add(&e->buf, " ");
		add_text(&e->buf, table->columns[i].title);
		str_add(&e->buf, " |");
	}
	str_add(&e->buf, "\n|");
	for (unsigned int i = 0; i < table->nr_columns; i++)
		if (!(table->columns[i].flags & REPORT_COL_HIDDEN))
			str_add(&e->buf, column_is_left(&table->columns[i]) ? " --- |" : " ---: |");
	str_add(&e->buf, "\n");
	for (size_t i = 0; i < shown; i++) {
		add_row(e, table, table_row(table, i));
		emitter_flush(e, false);
	}
	if (table->total)
		add_row(e, table, table->total);
	if (shown < nr + table->nr_more)
		str_addf(&e->buf, "\n... and %s more\n",
			 fmt_count(count, nr + table->nr_more - shown));
}

static void md_note(struct emitter *e, const struct note *note)
{
	static const char *const words[] = {
		[NOTE_NOTE] = "> **Note:** ",
		[NOTE_WARN] = "> **Warning:** ",
		[NOTE_HINT] = "> **Hint:** ",
		[NOTE_PLAIN] = "",
	};
	const char *more = note->level == NOTE_PLAIN ? "\n" : "\n> ";

	str_addf(&e->buf, "\n%s", words[note->level]);
	for (const char *line = note->text;;) {
		size_t len = strcspn(line, "\n");
		char *copy CLEANUP(cleanup_free) = xstrndup(line, len);

		if (line != note->text)
			str_addf(&e->buf, "  %s", more);
		add_line(&e->buf, copy);
		if (!line[len])
			break;
		line += len + 1;
	}
	str_add(&e->buf, "\n");
}

/** A line that begins with a blank is a command. */
static void add_line(struct str *out, const char *line)
{
	if (*line != ' ' || strchr(line, '`')) {
		add_text(out, line);
		return;
	}
	str_add_char(out, '`');
	report_add_printable(out, line + strspn(line, " "));
	str_add_char(out, '`');
}

static void md_plot(struct emitter *e, const struct report_plot *plot)
{
	static const struct plot_terminal characters = { .indent = 4, .width = 104, .utf8 = true };
	struct str text;

	add_heading(e, e->depth + 1, plot->spec.title);
	str_add(&e->buf, "\n");
	add_text(&e->buf, plot->spec.says);
	/* An indented block: a name that looks like a fence cannot end it. */
	str_add(&e->buf, "\n\n");
	str_init(&text);
	plot_add_text(&text, plot, &characters);
	str_add(&e->buf, str_text(&text));
	str_deinit(&text);
}

static void md_formulas(struct emitter *e, const struct formula *first, unsigned int nr)
{
	const struct formula *f = first;

	for (unsigned int i = 0; i < nr; i++, f = formula_next(f)) {
		str_add(&e->buf, i ? "- **" : "\n- **");
		add_text(&e->buf, f->label);
		str_add(&e->buf, "**: ");
		add_text(&e->buf, f->text);
		str_add(&e->buf, "\n");
	}
}

static void md_end(struct emitter *e UNUSED)
{
}

static void add_heading(struct emitter *e, unsigned int level, const char *title)
{
	str_addf(&e->buf, "\n%.*s ", (int)MIN(level, 6U), "######");
	add_text(&e->buf, title);
	str_add(&e->buf, "\n");
}

static void add_text(struct str *out, const char *text)
{
	struct str safe;

	str_init(&safe);
	report_add_printable(&safe, text);
	for (const char *at = str_text(&safe); *at; at++) {
		if (*at == '<')
			str_add(out, "&lt;");
		else if (*at == '&')
			str_add(out, "&amp;");
		else if (strchr("\\`*_[]|~#>$", *at))
			str_addf(out, "\\%c", *at);
		/* "@name" would call somebody. */
		else if (*at == '@')
			str_add(out, "&#64;");
		else
			str_add_char(out, *at);
	}
	str_deinit(&safe);
}

static void add_value(struct emitter *e, enum report_unit unit, struct report_value value)
{
	struct str text;

	str_init(&text);
	if (value.kind == REPORT_STR)
		str_add(&text, value.str);
	else
		value_add_human(&text, unit, value);
	add_text(&e->buf, str_text(&text));
	str_deinit(&text);
}

static void add_row(struct emitter *e, const struct report_table *t,
		    const struct report_value *values)
{
	str_add(&e->buf, "|");
	for (unsigned int i = 0; i < t->nr_columns; i++) {
		if (t->columns[i].flags & REPORT_COL_HIDDEN)
			continue;
		str_add(&e->buf, " ");
		add_value(e, t->columns[i].unit, values[i]);
		str_add(&e->buf, " |");
	}
	str_add(&e->buf, "\n");
}
