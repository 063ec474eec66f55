/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * JSON: one object, sections are objects in it, tables arrays (or objects by their key column),
 * remarks to the reader an array "notes" at the end of the section they stand in. Numbers are
 * plain, absent values null. One row of a table stands on one line. A plot is an object of its
 * axes and data.
 */
#include <config.h>

#include "plot_raw.h"

static void json_begin(struct emitter *e);
static void json_section_begin(struct emitter *e, const struct section *section);
static void json_section_end(struct emitter *e, const struct section *section);
static void json_figures(struct emitter *e, const struct figure *first, unsigned int nr);
static void json_table(struct emitter *e, const struct report_table *table);
static void json_note(struct emitter *e, const struct note *note);
static void json_plot(struct emitter *e, const struct report_plot *plot);
static void json_formulas(struct emitter *e, const struct formula *first, unsigned int nr);
static void json_end(struct emitter *e);
static void add_notes(struct emitter *e, const struct section *section);
static void add_key(struct emitter *e, const char *key);
static void new_line(struct emitter *e);
static void add_value(struct str *out, enum report_unit unit, struct report_value value);
static void add_object(struct emitter *e, const struct report_table *t,
		       const struct report_value *values, int skip);
static void add_map_row(struct emitter *e, const struct report_table *t,
			const struct report_value *values, int key);
static unsigned int nr_plain_columns(const struct report_table *t, unsigned int *last);

const struct report_writer report_writer_json = {
	.name = "json",
	.summary = "one JSON object with all figures and tables",
	.begin = json_begin,
	.section_begin = json_section_begin,
	.section_end = json_section_end,
	.figures = json_figures,
	.table = json_table,
	.note = json_note,
	.plot = json_plot,
	.formulas = json_formulas,
	.end = json_end,
};

static void json_begin(struct emitter *e)
{
	str_add(&e->buf, "{");
	e->depth = 1;
	add_key(e, "schema");
	report_add_json_string(&e->buf, e->report->schema);
}

static void json_section_begin(struct emitter *e, const struct section *section)
{
	add_key(e, section->key);
	str_add(&e->buf, "{");
	e->depth++;
	e->nr_items = 0;
}

static void json_section_end(struct emitter *e, const struct section *section)
{
	add_notes(e, section);
	e->depth--;
	if (e->nr_items)
		new_line(e);
	str_add(&e->buf, "}");
	e->nr_items = 1;
}

static void json_figures(struct emitter *e, const struct figure *first, unsigned int nr)
{
	for (const struct figure *f = first; nr; nr--, f = figure_next(f)) {
		add_key(e, f->key);
		add_value(&e->buf, f->unit, f->value);
	}
}

static void json_table(struct emitter *e, const struct report_table *table)
{
	int key = table_key_column(table);
	size_t nr = table_nr_rows(table);

	add_key(e, table->key);
	str_add(&e->buf, key < 0 ? "[" : "{");
	e->depth++;
	for (size_t i = 0; i < nr; i++) {
		if (i)
			str_add(&e->buf, ",");
		new_line(e);
		if (key < 0)
			add_object(e, table, table_row(table, i), -1);
		else
			add_map_row(e, table, table_row(table, i), key);
		emitter_flush(e, false);
	}
	e->depth--;
	if (nr)
		new_line(e);
	str_add(&e->buf, key < 0 ? "]" : "}");
	if (table->total) {
		struct str total;

		str_init(&total);
		str_addf(&total, "%s_total", table->key);
		add_key(e, str_text(&total));
		str_deinit(&total);
		add_object(e, table, table->total, key);
	}
}

/* Notes wait for the end of their section: see add_notes(). */
static void json_note(struct emitter *e UNUSED, const struct note *note UNUSED)
{
}

static void json_plot(struct emitter *e, const struct report_plot *plot)
{
	add_key(e, plot->spec.key);
	plot_add_json(&e->buf, plot);
}

static void json_formulas(struct emitter *e, const struct formula *first, unsigned int nr)
{
	for (const struct formula *f = first; nr; nr--, f = formula_next(f)) {
		add_key(e, f->key);
		report_add_json_string(&e->buf, f->text);
	}
}

static void json_end(struct emitter *e)
{
	add_notes(e, &e->report->root);
	e->depth--;
	new_line(e);
	str_add(&e->buf, "}\n");
}

static void add_notes(struct emitter *e, const struct section *section)
{
	static const char *const levels[] = { "note", "warning", "hint", "text" };
	bool any = false;

	for (const struct report_node *node = section->first; node; node = node->next) {
		const struct note *note = (const void *)node;

		if (node->kind != NODE_NOTE)
			continue;
		if (!any) {
			add_key(e, "notes");
			str_add(&e->buf, "[");
			e->depth++;
		} else {
			str_add(&e->buf, ",");
		}
		any = true;
		new_line(e);
		str_addf(&e->buf, "{\"level\": \"%s\", \"text\": ", levels[note->level]);
		report_add_json_string(&e->buf, note->text);
		str_add(&e->buf, "}");
	}
	if (any) {
		e->depth--;
		new_line(e);
		str_add(&e->buf, "]");
	}
}

static void add_key(struct emitter *e, const char *key)
{
	if (e->nr_items++)
		str_add(&e->buf, ",");
	new_line(e);
	report_add_json_string(&e->buf, key);
	str_add(&e->buf, ": ");
}

static void new_line(struct emitter *e)
{
	str_add_char(&e->buf, '\n');
	for (unsigned int i = 0; i < e->depth; i++)
		str_add(&e->buf, "  ");
}

static void add_value(struct str *out, enum report_unit unit, struct report_value value)
{
	if (value.kind == REPORT_NONE) {
		str_add(out, "null");
	} else if (value.kind == REPORT_STR) {
		report_add_json_string(out, value.str);
	} else if (unit == REPORT_HEX) {
		str_add_char(out, '"');
		value_add_raw(out, unit, value);
		str_add_char(out, '"');
	} else {
		value_add_raw(out, unit, value);
	}
}

static void add_object(struct emitter *e, const struct report_table *t,
		       const struct report_value *values, int skip)
{
	bool any = false;

	str_add(&e->buf, "{");
	for (unsigned int i = 0; i < t->nr_columns; i++) {
		if ((int)i == skip || t->columns[i].flags & REPORT_COL_DERIVED)
			continue;
		str_add(&e->buf, any ? ", " : "");
		any = true;
		report_add_json_string(&e->buf, t->columns[i].key);
		str_add(&e->buf, ": ");
		add_value(&e->buf, t->columns[i].unit, values[i]);
	}
	str_add(&e->buf, "}");
}

static void add_map_row(struct emitter *e, const struct report_table *t,
			const struct report_value *values, int key)
{
	unsigned int last = 0;
	struct str name;

	str_init(&name);
	if (values[key].kind == REPORT_STR)
		str_add(&name, values[key].str);
	else
		value_add_raw(&name, t->columns[key].unit, values[key]);
	report_add_json_string(&e->buf, str_text(&name));
	str_deinit(&name);
	str_add(&e->buf, ": ");
	if (nr_plain_columns(t, &last) == 1)
		add_value(&e->buf, t->columns[last].unit, values[last]);
	else
		add_object(e, t, values, key);
}

static unsigned int nr_plain_columns(const struct report_table *t, unsigned int *last)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < t->nr_columns; i++) {
		if (t->columns[i].flags & (REPORT_COL_KEY | REPORT_COL_DERIVED))
			continue;
		*last = i;
		nr++;
	}
	return nr;
}
