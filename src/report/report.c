/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Building the document, and walking it with a writer. Writers are write_*.c. */
#include <config.h>

#include "report_internal.h"

#include "kmreplay/core/xalloc.h"

#include <string.h>

/** The formats in the order of their numbers; a new one is one row here and one file. */
static const struct report_writer *const writers[] = {
	&report_writer_text,
	&report_writer_json,
	&report_writer_csv,
	&report_writer_tsv,
};

static void append(struct report *r, struct report_node *node, enum node_kind kind, size_t size);
static void *node_alloc(struct report *r, enum node_kind kind, size_t size);
static const char *copy(struct report *r, const char *text);
static struct report_value copy_value(struct report *r, enum report_unit unit,
				      struct report_value value);
static void check_unit(enum report_unit unit, struct report_value value);
static void add_note(struct report *r, enum note_level level, const char *fmt, va_list ap)
	PRINTF_LIKE(3, 0);
static void walk(struct emitter *e, const struct report_writer *w, const struct section *section);
static unsigned int run_length(const struct report_node *node);

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
	r->schema = copy(r, str_text(&schema));
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
	arena_deinit(&r->arena);
	free(r);
}

void report_begin(struct report *r, const char *key, const char *title)
{
	struct section *section = node_alloc(r, NODE_SECTION, sizeof(*section));

	section->key = copy(r, key);
	section->title = copy(r, title);
	section->parent = r->open;
	r->open = section;
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
	struct figure *f = node_alloc(r, NODE_FIGURE, sizeof(*f));

	f->key = copy(r, key);
	f->label = copy(r, label);
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
	r->last_figure->remark = copy(r, str_text(&text));
	str_deinit(&text);
}

struct report_table *report_table(struct report *r, const char *key, const char *title,
				  const struct report_column *columns, unsigned int nr)
{
	struct report_table *t = node_alloc(r, NODE_TABLE, sizeof(*t));

	BUG_ON(!nr || nr > REPORT_COLUMNS);
	t->report = r;
	t->key = copy(r, key);
	t->title = copy(r, title);
	t->nr_columns = nr;
	t->columns = arena_alloc(&r->arena, nr * sizeof(*columns));
	for (unsigned int i = 0; i < nr; i++) {
		t->columns[i] = columns[i];
		t->columns[i].key = copy(r, columns[i].key);
		t->columns[i].title = copy(r, columns[i].title ? columns[i].title :
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

const char *report_format_summary(unsigned int format)
{
	return format < ARRAY_SIZE(writers) ? writers[format]->summary : NULL;
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

static void *node_alloc(struct report *r, enum node_kind kind, size_t size)
{
	void *node = arena_alloc(&r->arena, size);

	append(r, node, kind, size);
	r->last_figure = NULL;
	return node;
}

static const char *copy(struct report *r, const char *text)
{
	return text ? arena_strndup(&r->arena, text, strlen(text)) : NULL;
}

static struct report_value copy_value(struct report *r, enum report_unit unit,
				      struct report_value value)
{
	check_unit(unit, value);
	if (value.kind == REPORT_STR)
		value.str = copy(r, value.str);
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
	struct note *note = node_alloc(r, NODE_NOTE, sizeof(*note));
	struct str text;

	str_init(&text);
	str_vaddf(&text, fmt, ap);
	note->level = level;
	note->text = copy(r, str_text(&text));
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
			nr = run_length(node);
			w->figures(e, at, nr);
			while (--nr)
				node = node->next;
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

static unsigned int run_length(const struct report_node *node)
{
	unsigned int nr = 0;

	for (; node && node->kind == NODE_FIGURE; node = node->next)
		nr++;
	return nr;
}
