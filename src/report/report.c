/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Building the document, and walking it with a writer. Writers are write_*.c. */
#include <config.h>

#include "report_internal.h"

#include "kmreplay/core/xalloc.h"

#include "plot_internal.h"

#include <string.h>

/** The formats in the order of their numbers; a new one is one row here and one file. */
static const struct report_writer *const writers[] = {
	&report_writer_text,
	&report_writer_json,
	&report_writer_csv,
	&report_writer_tsv,
	&report_writer_html,
	&report_writer_markdown,
};

static void append(struct report *r, struct report_node *node, enum node_kind kind, size_t size);
static struct report_value copy_value(struct report *r, enum report_unit unit,
				      struct report_value value);
static void check_unit(enum report_unit unit, struct report_value value);
static void add_note(struct report *r, enum note_level level, const char *fmt, va_list ap)
	PRINTF_LIKE(3, 0);
static void walk(struct emitter *e, const struct report_writer *w, const struct section *section);
static unsigned int run_length(const struct report_node *node, enum node_kind kind);

struct report_value report_percent_of(uint64_t part, uint64_t whole)
{
	if (!whole)
		return report_none();
	return report_u64((uint64_t)((unsigned __int128)part * 100000 / whole));
}

struct report_value report_ratio_of(uint64_t part, uint64_t whole)
{
	if (!whole)
		return report_none();
	return report_u64((uint64_t)((unsigned __int128)part * 1000 / whole));
}

struct report *report_create(const char *command, unsigned int version)
{
	struct report *r = xcalloc(1, sizeof(*r));
	struct str schema;

	arena_init(&r->arena);
	str_init(&schema);
	str_addf(&schema, "kmreplay/%s/%u", command, version);
	r->schema = report_copy(r, str_text(&schema));
	r->command = report_copy(r, command);
	str_deinit(&schema);
	r->root.node.kind = NODE_SECTION;
	r->open = &r->root;
	return r;
}

void report_destroy(struct report *r)
{
	if (!r)
		return;
	vec_foreach(&r->tables, t)
		vec_deinit(&(*t)->cells);
	vec_deinit(&r->tables);
	vec_foreach(&r->plots, p)
		for (struct report_panel *panel = (*p)->first; panel; panel = panel->next) {
			vec_deinit(&panel->series);
			vec_deinit(&panel->bars);
		}
	vec_deinit(&r->plots);
	vec_deinit(&r->formulas);
	arena_deinit(&r->arena);
	free(r);
}

void report_title(struct report *r, const char *title)
{
	r->title = report_copy(r, title);
}

void report_begin(struct report *r, const char *key, const char *title)
{
	struct section *section = report_node(r, NODE_SECTION, sizeof(*section));

	section->key = report_copy(r, key);
	section->title = report_copy(r, title);
	section->parent = r->open;
	r->open = section;
}

void report_cards(struct report *r, const char *key)
{
	report_begin(r, key, NULL);
	r->open->cards = true;
}

void report_end(struct report *r)
{
	BUG_ON(!r->open->parent);
	r->open = r->open->parent;
	r->last_figure = NULL;
}

void report_figure(struct report *r, const char *key, const char *label, enum report_unit unit,
		   struct report_value value)
{
	struct figure *f = report_node(r, NODE_FIGURE, sizeof(*f));

	f->section = r->open;
	f->key = report_copy(r, key);
	f->label = report_copy(r, label);
	f->unit = unit;
	f->value = copy_value(r, unit, value);
	r->last_figure = f;
}

void report_count(struct report *r, const char *key, const char *label, uint64_t value)
{
	report_figure(r, key, label, REPORT_COUNT, report_u64(value));
}

void report_bytes(struct report *r, const char *key, const char *label, uint64_t value)
{
	report_figure(r, key, label, REPORT_BYTES, report_u64(value));
}

void report_text(struct report *r, const char *key, const char *label, const char *text)
{
	report_figure(r, key, label, REPORT_TEXT, report_str(text));
}

void report_bool(struct report *r, const char *key, const char *label, bool value)
{
	report_figure(r, key, label, REPORT_BOOL, report_truth(value));
}

void report_share(struct report *r, const char *key, const char *label, enum report_unit unit,
		  uint64_t part, uint64_t whole)
{
	report_figure(r, key, label, unit, report_u64(part));
	r->last_figure->whole = whole;
	r->last_figure->has_whole = true;
}

void report_remark(struct report *r, const char *fmt, ...)
{
	struct str text;
	va_list ap;

	BUG_ON(!r->last_figure);
	str_init(&text);
	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	r->last_figure->remark = report_copy(r, str_text(&text));
	str_deinit(&text);
}

struct report_table *report_table(struct report *r, const char *key, const char *title,
				  const struct report_column *columns, unsigned int nr)
{
	struct report_table *t = report_node(r, NODE_TABLE, sizeof(*t));

	BUG_ON(!nr || nr > REPORT_COLUMNS);
	t->report = r;
	t->key = report_copy(r, key);
	t->title = report_copy(r, title);
	t->nr_columns = nr;
	t->columns = arena_alloc(&r->arena, nr * sizeof(*columns));
	for (unsigned int i = 0; i < nr; i++) {
		t->columns[i] = columns[i];
		t->columns[i].key = report_copy(r, columns[i].key);
		t->columns[i].title = report_copy(r, columns[i].title ? columns[i].title :
								 columns[i].key);
	}
	vec_push(&r->tables, t);
	return t;
}

void report_row(struct report_table *t, const struct report_value *values)
{
	for (unsigned int i = 0; i < t->nr_columns; i++)
		vec_push(&t->cells, copy_value(t->report, t->columns[i].unit, values[i]));
}

void report_limit(struct report_table *t, uint64_t nr)
{
	t->limit = nr;
}

void report_hide(struct report_table *t)
{
	t->hidden = true;
}

void report_more(struct report_table *t, uint64_t nr)
{
	t->nr_more = nr;
}

void report_total(struct report_table *t, const struct report_value *values)
{
	BUG_ON(t->total);
	t->total = arena_alloc(&t->report->arena, t->nr_columns * sizeof(*values));
	for (unsigned int i = 0; i < t->nr_columns; i++)
		t->total[i] = copy_value(t->report, t->columns[i].unit, values[i]);
}

void report_formula(struct report *r, const char *key, const char *label, const char *text)
{
	struct formula *f = report_node(r, NODE_FORMULA, sizeof(*f));

	f->key = report_copy(r, key);
	f->label = report_copy(r, label);
	f->text = report_copy(r, text);
	vec_push(&r->formulas, f);
}

void report_say(struct report *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_note(r, NOTE_PLAIN, fmt, ap);
	va_end(ap);
}

void report_note(struct report *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_note(r, NOTE_NOTE, fmt, ap);
	va_end(ap);
}

void report_warn(struct report *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_note(r, NOTE_WARN, fmt, ap);
	va_end(ap);
}

void report_hint(struct report *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_note(r, NOTE_HINT, fmt, ap);
	va_end(ap);
}

void report_write(const struct report *r, const struct report_style *style, FILE *fp)
{
	const struct report_writer *w;
	struct emitter e = { .fp = fp, .style = style, .report = r };

	BUG_ON(style->format >= ARRAY_SIZE(writers));
	BUG_ON(r->open != &r->root);
	w = writers[style->format];
	w->begin(&e);
	walk(&e, w, &r->root);
	w->end(&e);
	emitter_flush(&e, true);
	str_deinit(&e.buf);
}

const char *report_format_name(unsigned int format)
{
	return format < ARRAY_SIZE(writers) ? writers[format]->name : NULL;
}

bool report_format_is_brief(unsigned int format)
{
	return format < ARRAY_SIZE(writers) && writers[format]->brief;
}

const char *report_format_summary(unsigned int format)
{
	return format < ARRAY_SIZE(writers) ? writers[format]->summary : NULL;
}

void *report_node(struct report *r, enum node_kind kind, size_t size)
{
	void *node = arena_alloc(&r->arena, size);

	append(r, node, kind, size);
	r->last_figure = NULL;
	return node;
}

const char *report_copy(struct report *r, const char *text)
{
	return text ? arena_strndup(&r->arena, text, strlen(text)) : NULL;
}

const void *report_copy_mem(struct report *r, const void *data, size_t size)
{
	void *copy = arena_alloc(&r->arena, MAX(size, 1U));

	if (size)
		memcpy(copy, data, size);
	return copy;
}

void emitter_flush(struct emitter *e, bool all)
{
	if (e->buf.len < (all ? 1 : 65536))
		return;
	fwrite(e->buf.data, 1, e->buf.len, e->fp);
	str_reset(&e->buf);
}

const struct figure *figure_next(const struct figure *f)
{
	return (const struct figure *)(const void *)f->node.next;
}

const struct formula *formula_next(const struct formula *f)
{
	return (const struct formula *)(const void *)f->node.next;
}

const struct formula *formula_find(const struct report *r, const char *key)
{
	vec_foreach(&r->formulas, f)
		if (!strcmp((*f)->key, key))
			return *f;
	return NULL;
}

size_t table_nr_rows(const struct report_table *t)
{
	return t->cells.nr / t->nr_columns;
}

const struct report_value *table_row(const struct report_table *t, size_t i)
{
	return t->cells.items + i * t->nr_columns;
}

int table_key_column(const struct report_table *t)
{
	for (unsigned int i = 0; i < t->nr_columns; i++)
		if (t->columns[i].flags & REPORT_COL_KEY)
			return (int)i;
	return -1;
}

bool column_is_left(const struct report_column *column)
{
	return column->unit == REPORT_TEXT || column->flags & REPORT_COL_LEFT;
}

static void append(struct report *r, struct report_node *node, enum node_kind kind, size_t size)
{
	struct section *section = r->open;

	memset(node, 0, size);
	node->kind = kind;
	if (section->last)
		section->last->next = node;
	else
		section->first = node;
	section->last = node;
}

static struct report_value copy_value(struct report *r, enum report_unit unit,
				      struct report_value value)
{
	check_unit(unit, value);
	if (value.kind == REPORT_STR)
		value.str = report_copy(r, value.str);
	return value;
}

/** A value that its unit cannot show is the command's mistake. */
static void check_unit(enum report_unit unit, struct report_value value)
{
	switch (value.kind) {
	case REPORT_NONE:
		return;
	case REPORT_STR:
		BUG_ON(unit != REPORT_TEXT);
		return;
	case REPORT_TRUTH:
		BUG_ON(unit != REPORT_BOOL);
		return;
	case REPORT_U64:
	case REPORT_I64:
		BUG_ON(unit == REPORT_TEXT || unit == REPORT_BOOL);
		return;
	}
	BUG_ON(true);
}

static void add_note(struct report *r, enum note_level level, const char *fmt, va_list ap)
{
	struct note *note = report_node(r, NODE_NOTE, sizeof(*note));
	struct str text;

	str_init(&text);
	str_vaddf(&text, fmt, ap);
	note->level = level;
	note->text = report_copy(r, str_text(&text));
	str_deinit(&text);
}

static void walk(struct emitter *e, const struct report_writer *w, const struct section *section)
{
	for (const struct report_node *node = section->first; node; node = node->next) {
		const void *at = node;
		unsigned int nr;

		switch (node->kind) {
		case NODE_SECTION:
			w->section_begin(e, at);
			walk(e, w, at);
			w->section_end(e, at);
			break;
		case NODE_FIGURE:
			nr = run_length(node, NODE_FIGURE);
			w->figures(e, at, nr);
			while (--nr)
				node = node->next;
			break;
		case NODE_FORMULA:
			nr = run_length(node, NODE_FORMULA);
			w->formulas(e, at, nr);
			while (--nr)
				node = node->next;
			break;
		case NODE_PLOT:
			if (plot_has_data(at))
				w->plot(e, at);
			break;
		case NODE_TABLE:
			w->table(e, at);
			break;
		case NODE_NOTE:
			w->note(e, at);
			break;
		}
		emitter_flush(e, false);
	}
}

static unsigned int run_length(const struct report_node *node, enum node_kind kind)
{
	unsigned int nr = 0;

	for (; node && node->kind == kind; node = node->next)
		nr++;
	return nr;
}
