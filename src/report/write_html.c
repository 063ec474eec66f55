/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A page that is whole in one file: no script, no font, nothing from a network, which its policy
 * also forbids. Pictures are those of report_draw(); tables behind them and the rest of long ones
 * are folded up. Everything that came from a recording goes through html_add_text().
 */
#include <config.h>

#include "html.h"
#include "plot_internal.h"

#include "kmreplay/core/fmt.h"

#include <string.h>

enum { ROWS_SHOWN = 10, ROWS_FOLDED = 500 };

static void html_begin(struct emitter *e);
static void html_section_begin(struct emitter *e, const struct section *section);
static void html_section_end(struct emitter *e, const struct section *section);
static void html_figures(struct emitter *e, const struct figure *first, unsigned int nr);
static void html_table(struct emitter *e, const struct report_table *table);
static void html_note(struct emitter *e, const struct note *note);
static void html_plot(struct emitter *e, const struct report_plot *plot);
static void html_formulas(struct emitter *e, const struct formula *first, unsigned int nr);
static void html_end(struct emitter *e);
static void add_escaped(struct str *out, const char *text);
static void add_heading(struct emitter *e, const char *title);
static void add_figure(struct emitter *e, const struct figure *f, bool card);
static void add_linked(struct emitter *e, const char *key, const char *label);
static void add_value(struct emitter *e, enum report_unit unit, struct report_value value);
static void add_folded(struct emitter *e, const struct report_table *t);
static void add_rows(struct emitter *e, const struct report_table *t, size_t from, size_t to);
static void add_head(struct emitter *e, const struct report_table *t);
static void add_row(struct emitter *e, const struct report_table *t,
		    const struct report_value *values);
static void add_note_lines(struct emitter *e, const char *text);

const struct report_writer report_writer_html = {
	.name = "html",
	.summary = "a page in one file, with pictures where gnuplot is there",
	.begin = html_begin,
	.section_begin = html_section_begin,
	.section_end = html_section_end,
	.figures = html_figures,
	.table = html_table,
	.note = html_note,
	.plot = html_plot,
	.formulas = html_formulas,
	.end = html_end,
};

void html_add_text(struct str *out, const char *text)
{
	struct str safe;

	str_init(&safe);
	report_add_printable(&safe, text);
	add_escaped(out, str_text(&safe));
	str_deinit(&safe);
}

static void html_begin(struct emitter *e)
{
	const struct report *r = e->report;

	str_add(&e->buf,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'unsafe-inline'; img-src data:\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, "
		"initial-scale=1\">\n<title>");
	str_add(&e->buf, "kmreplay ");
	html_add_text(&e->buf, r->command);
	if (r->title) {
		str_add(&e->buf, ": ");
		html_add_text(&e->buf, r->title);
	}
	str_add(&e->buf, "</title>\n<style>\n");
	str_add(&e->buf, html_style);
	str_add(&e->buf, "</style>\n</head>\n<body>\n<main>\n<h1>");
	if (!r->title)
		str_add(&e->buf, "kmreplay ");
	html_add_text(&e->buf, r->title ? r->title : r->command);
	str_add(&e->buf, "</h1>\n");
	e->depth = 1;
}

static void html_section_begin(struct emitter *e, const struct section *section)
{
	if (!section->title)
		return;
	e->depth++;
	str_add(&e->buf, "<section>\n");
	add_heading(e, section->title);
}

static void html_section_end(struct emitter *e, const struct section *section)
{
	if (!section->title)
		return;
	e->depth--;
	str_add(&e->buf, "</section>\n");
}

static void html_figures(struct emitter *e, const struct figure *first, unsigned int nr)
{
	bool card = first->section->cards, any = false;
	const struct figure *f = first;

	for (unsigned int i = 0; i < nr; i++, f = figure_next(f)) {
		if (!f->label)
			continue;
		/* As many beside each other as leave no hole. */
		if (!any && card)
			str_addf(&e->buf, "<dl class=\"cards\" style=\"--across:%u\">\n",
				 nr == 4 || nr == 5 ? nr : 3);
		else if (!any)
			str_add(&e->buf, "<dl class=\"figures\">\n");
		any = true;
		add_figure(e, f, card);
	}
	if (any)
		str_add(&e->buf, "</dl>\n");
}

static void html_table(struct emitter *e, const struct report_table *table)
{
	size_t nr = table_nr_rows(table);

	if (table->hidden || (!nr && !table->total))
		return;
	if (table->plot) {
		str_add(&e->buf, "<details>\n<summary>The numbers: ");
		html_add_text(&e->buf, table->title ? table->title : table->key);
		str_add(&e->buf, "</summary>\n");
		add_rows(e, table, 0, MIN(nr, (size_t)ROWS_SHOWN));
		add_folded(e, table);
		str_add(&e->buf, "</details>\n");
		return;
	}
	if (table->title) {
		e->depth++;
		add_heading(e, table->title);
		e->depth--;
	}
	add_rows(e, table, 0, MIN(nr, (size_t)ROWS_SHOWN));
	add_folded(e, table);
}

static void html_note(struct emitter *e, const struct note *note)
{
	static const struct {
		const char *class, *word;
	} levels[] = {
		[NOTE_NOTE] = { "note", "Note" },
		[NOTE_WARN] = { "warning", "Warning" },
		[NOTE_HINT] = { "hint", "Hint" },
	};

	if (note->level == NOTE_PLAIN) {
		str_addf(&e->buf, "<p%s>", e->nr_blocks++ ? "" : " class=\"lead\"");
		html_add_text(&e->buf, note->text);
		str_add(&e->buf, "</p>\n");
		return;
	}
	str_addf(&e->buf, "<div class=\"%s\"><b>%s:</b> ", levels[note->level].class,
		 levels[note->level].word);
	add_note_lines(e, note->text);
	str_add(&e->buf, "</div>\n");
}

static void html_plot(struct emitter *e, const struct report_plot *plot)
{
	static const struct plot_terminal characters = { .width = 100, .utf8 = true };

	e->depth++;
	add_heading(e, plot->spec.title);
	e->depth--;
	str_add(&e->buf, "<figure>\n<figcaption>");
	html_add_text(&e->buf, plot->spec.says);
	str_add(&e->buf, "</figcaption>\n");
	if (plot->svg) {
		str_addf(&e->buf, "<div class=\"scroll\">\n%s</div>\n", plot->svg);
	} else {
		struct str text;

		str_init(&text);
		plot_add_text(&text, plot, &characters);
		str_add(&e->buf, "<pre>");
		add_escaped(&e->buf, str_text(&text));
		str_add(&e->buf, "</pre>\n");
		str_deinit(&text);
	}
	str_add(&e->buf, "</figure>\n");
}

static void html_formulas(struct emitter *e, const struct formula *first, unsigned int nr)
{
	const struct formula *f = first;

	str_add(&e->buf, "<dl class=\"terms\">\n");
	for (unsigned int i = 0; i < nr; i++, f = formula_next(f)) {
		str_add(&e->buf, "<dt id=\"metric-");
		html_add_text(&e->buf, f->key);
		str_add(&e->buf, "\">");
		html_add_text(&e->buf, f->label);
		str_add(&e->buf, "</dt>\n<dd>");
		html_add_text(&e->buf, f->text);
		str_add(&e->buf, "</dd>\n");
	}
	str_add(&e->buf, "</dl>\n");
}

static void html_end(struct emitter *e)
{
	if (e->report->draw_problem) {
		str_add(&e->buf, "<div class=\"note\"><b>Note:</b> pictures are missing: ");
		html_add_text(&e->buf, e->report->draw_problem);
		str_add(&e->buf, "</div>\n");
	}
	str_add(&e->buf, "</main>\n</body>\n</html>\n");
}

static void add_escaped(struct str *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			str_add(out, "&amp;");
		else if (*text == '<')
			str_add(out, "&lt;");
		else if (*text == '>')
			str_add(out, "&gt;");
		else if (*text == '"')
			str_add(out, "&quot;");
		else
			str_add_char(out, *text);
	}
}

static void add_heading(struct emitter *e, const char *title)
{
	unsigned int level = MIN(e->depth, 6U);

	str_addf(&e->buf, "<h%u>", level);
	html_add_text(&e->buf, title);
	str_addf(&e->buf, "</h%u>\n", level);
}

static void add_figure(struct emitter *e, const struct figure *f, bool card)
{
	const char *open = card ? "<small>" : " <span>", *close = card ? "</small>" : "</span>";

	str_add(&e->buf, card ? "<div><dt>" : "<dt>");
	add_linked(e, f->key, f->label);
	str_add(&e->buf, "</dt><dd>");
	add_value(e, f->unit, f->value);
	if (f->has_whole && f->whole) {
		str_add(&e->buf, open);
		if (card) {
			add_value(e, REPORT_PERCENT, report_percent_of(f->value.u64, f->whole));
			str_add(&e->buf, " of ");
			add_value(e, f->unit, report_u64(f->whole));
		} else {
			str_add(&e->buf, "(");
			add_value(e, REPORT_PERCENT, report_percent_of(f->value.u64, f->whole));
			str_add(&e->buf, ")");
		}
		str_add(&e->buf, close);
	}
	if (f->remark) {
		str_addf(&e->buf, "%s%s", open, card ? "" : "(");
		html_add_text(&e->buf, f->remark);
		str_addf(&e->buf, "%s%s", card ? "" : ")", close);
	}
	str_add(&e->buf, card ? "</dd></div>\n" : "</dd>\n");
}

static void add_linked(struct emitter *e, const char *key, const char *label)
{
	bool has_formula = formula_find(e->report, key);

	if (has_formula) {
		str_add(&e->buf, "<a href=\"#metric-");
		html_add_text(&e->buf, key);
		str_add(&e->buf, "\">");
	}
	html_add_text(&e->buf, label);
	if (has_formula)
		str_add(&e->buf, "</a>");
}

static void add_value(struct emitter *e, enum report_unit unit, struct report_value value)
{
	struct str text;

	str_init(&text);
	value_add_human(&text, unit, value);
	html_add_text(&e->buf, str_text(&text));
	str_deinit(&text);
}

/** What is behind the first rows; what would make the page too long is counted. */
static void add_folded(struct emitter *e, const struct report_table *t)
{
	size_t nr = table_nr_rows(t), last = MIN(nr, (size_t)ROWS_FOLDED);
	uint64_t left = nr - last + t->nr_more;
	char count[FMT_BUF];

	if (last > ROWS_SHOWN) {
		str_addf(&e->buf, "<details>\n<summary>%s more</summary>\n",
			 fmt_count(count, last - ROWS_SHOWN));
		add_rows(e, t, ROWS_SHOWN, last);
		str_add(&e->buf, "</details>\n");
	}
	if (left)
		str_addf(&e->buf, "<p>... and %s more%s</p>\n", fmt_count(count, left),
			 nr > last ? ", which the formats for machines have" : "");
}

static void add_rows(struct emitter *e, const struct report_table *t, size_t from, size_t to)
{
	str_add(&e->buf, "<div class=\"scroll\">\n<table>\n");
	add_head(e, t);
	str_add(&e->buf, "<tbody>\n");
	for (size_t i = from; i < to; i++) {
		add_row(e, t, table_row(t, i));
		emitter_flush(e, false);
	}
	str_add(&e->buf, "</tbody>\n");
	if (t->total && !from) {
		str_add(&e->buf, "<tfoot>\n");
		add_row(e, t, t->total);
		str_add(&e->buf, "</tfoot>\n");
	}
	str_add(&e->buf, "</table>\n</div>\n");
}

static void add_head(struct emitter *e, const struct report_table *t)
{
	str_add(&e->buf, "<thead>\n<tr>");
	for (unsigned int i = 0; i < t->nr_columns; i++) {
		const struct report_column *column = &t->columns[i];

		if (column->flags & REPORT_COL_HIDDEN)
			continue;
		str_add(&e->buf, column_is_left(column) ? "<th class=\"l\" scope=\"col\">"
							: "<th scope=\"col\">");
		add_linked(e, column->key, column->title);
		str_add(&e->buf, "</th>");
	}
	str_add(&e->buf, "</tr>\n</thead>\n");
}

static void add_row(struct emitter *e, const struct report_table *t,
		    const struct report_value *values)
{
	str_add(&e->buf, "<tr>");
	for (unsigned int i = 0; i < t->nr_columns; i++) {
		const struct report_column *column = &t->columns[i];

		if (column->flags & REPORT_COL_HIDDEN)
			continue;
		str_add(&e->buf, column_is_left(column) ? "<td class=\"l\">" : "<td>");
		add_value(e, column->unit, values[i]);
		str_add(&e->buf, "</td>");
	}
	str_add(&e->buf, "</tr>\n");
}

/** Lines that begin with a blank are commands. */
static void add_note_lines(struct emitter *e, const char *text)
{
	bool in_pre = false;

	for (const char *line = text;;) {
		size_t len = strcspn(line, "\n");
		bool command = line != text && *line == ' ';
		char *copy CLEANUP(cleanup_free) = xstrndup(line, len);

		if (command && !in_pre)
			str_add(&e->buf, "<pre>");
		else if (!command && in_pre)
			str_add(&e->buf, "</pre>");
		else if (line != text)
			str_add(&e->buf, command ? "\n" : "<br>");
		in_pre = command;
		html_add_text(&e->buf, copy);
		if (!line[len])
			break;
		line += len + 1;
	}
	if (in_pre)
		str_add(&e->buf, "</pre>");
}
