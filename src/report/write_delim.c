/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * CSV (RFC 4180) and TSV: the tables alone, each under a line of column keys. When the report has
 * several, the first column says which table a line belongs to. A plot is a table of its values.
 */
#include <config.h>

#include "plot_raw.h"

#include <string.h>

static void csv_begin(struct emitter *e);
static void tsv_begin(struct emitter *e);
static void delim_section(struct emitter *e, const struct section *section);
static void delim_figures(struct emitter *e, const struct figure *first, unsigned int nr);
static void delim_table(struct emitter *e, const struct report_table *table);
static void delim_note(struct emitter *e, const struct note *note);
static void delim_plot(struct emitter *e, const struct report_plot *plot);
static void delim_formulas(struct emitter *e, const struct formula *first, unsigned int nr);
static void delim_end(struct emitter *e);
static bool has_several(const struct emitter *e);
static void add_plot_line(void *arg, const struct plot_cell *cells, unsigned int nr);
static void add_text(struct emitter *e, const char *text);
static void add_csv_text(struct str *out, const char *text);

const struct report_writer report_writer_csv = {
	.name = "csv",
	.summary = "the tables, comma separated, under a line of column names",
	.begin = csv_begin,
	.section_begin = delim_section,
	.section_end = delim_section,
	.figures = delim_figures,
	.table = delim_table,
	.note = delim_note,
	.plot = delim_plot,
	.formulas = delim_formulas,
	.end = delim_end,
};

const struct report_writer report_writer_tsv = {
	.name = "tsv",
	.summary = "the tables, tab separated, under a line of column names",
	.begin = tsv_begin,
	.section_begin = delim_section,
	.section_end = delim_section,
	.figures = delim_figures,
	.table = delim_table,
	.note = delim_note,
	.plot = delim_plot,
	.formulas = delim_formulas,
	.end = delim_end,
};

/* TSV has no quotes: what would break a line or a column is written as in C. */
void report_add_field(struct str *out, char delimiter, const char *text)
{
	if (delimiter == ',') {
		add_csv_text(out, text);
		return;
	}
	for (; *text; text++) {
		if (*text == '\t')
			str_add(out, "\\t");
		else if (*text == '\n')
			str_add(out, "\\n");
		else if (*text == '\r')
			str_add(out, "\\r");
		else if (*text == '\\')
			str_add(out, "\\\\");
		else
			str_add_char(out, *text);
	}
}

static void csv_begin(struct emitter *e)
{
	e->delimiter = ',';
}

static void tsv_begin(struct emitter *e)
{
	e->delimiter = '\t';
}

static void delim_section(struct emitter *e UNUSED, const struct section *section UNUSED)
{
}

static void delim_figures(struct emitter *e UNUSED, const struct figure *first UNUSED,
			  unsigned int nr UNUSED)
{
}

static void delim_note(struct emitter *e UNUSED, const struct note *note UNUSED)
{
}

static void delim_formulas(struct emitter *e UNUSED, const struct formula *first UNUSED,
			   unsigned int nr UNUSED)
{
}

static void delim_end(struct emitter *e UNUSED)
{
}

static bool has_several(const struct emitter *e)
{
	return e->report->tables.nr + e->report->plots.nr > 1;
}

/** A plot and who writes it. */
struct plot_target {
	struct emitter *e;
	const struct report_plot *plot;
};

static void delim_plot(struct emitter *e, const struct report_plot *plot)
{
	struct plot_target lines = { e, plot };
	const char *name;

	if (has_several(e)) {
		add_text(e, "table");
		str_add_char(&e->buf, e->delimiter);
	}
	for (unsigned int i = 0; (name = plot_line_column(plot, i)); i++) {
		if (i)
			str_add_char(&e->buf, e->delimiter);
		add_text(e, name);
	}
	str_add(&e->buf, "\n");
	plot_each_value(plot, add_plot_line, &lines);
}

static void add_plot_line(void *arg, const struct plot_cell *cells, unsigned int nr)
{
	const struct plot_target *lines = arg;
	struct emitter *e = lines->e;

	if (has_several(e))
		add_text(e, lines->plot->spec.key);
	for (unsigned int i = 0; i < nr; i++) {
		if (i || has_several(e))
			str_add_char(&e->buf, e->delimiter);
		if (cells[i].value.kind == REPORT_STR)
			add_text(e, cells[i].value.str);
		else
			value_add_raw(&e->buf, cells[i].unit, cells[i].value);
	}
	str_add(&e->buf, "\n");
	emitter_flush(e, false);
}

static void delim_table(struct emitter *e, const struct report_table *table)
{
	bool several = has_several(e);
	size_t nr = table_nr_rows(table);

	for (size_t row = 0; row <= nr; row++) {
		const char *sep = "";
		const char delimiter[] = { e->delimiter, '\0' };

		if (several) {
			add_text(e, row ? table->key : "table");
			sep = delimiter;
		}
		for (unsigned int i = 0; i < table->nr_columns; i++) {
			const struct report_column *column = &table->columns[i];
			const struct report_value *value;

			if (column->flags & REPORT_COL_DERIVED)
				continue;
			str_add(&e->buf, sep);
			sep = delimiter;
			value = row ? &table_row(table, row - 1)[i] : NULL;
			if (!value || value->kind == REPORT_STR)
				add_text(e, value ? value->str : column->key);
			else
				value_add_raw(&e->buf, column->unit, *value);
		}
		str_add(&e->buf, "\n");
		emitter_flush(e, false);
	}
}

static void add_text(struct emitter *e, const char *text)
{
	report_add_field(&e->buf, e->delimiter, text);
}

static void add_csv_text(struct str *out, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		str_add(out, text);
		return;
	}
	str_add_char(out, '"');
	for (; *text; text++) {
		if (*text == '"')
			str_add_char(out, '"');
		str_add_char(out, *text);
	}
	str_add_char(out, '"');
}
