/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The document behind struct report, and the one interface that all writers implement.
 *
 * A report is a tree: sections hold figures, tables, notes and sections, in the order in which
 * they were added. All of it lives in the report's arena.
 */
#ifndef KMREPLAY_REPORT_INTERNAL_H
#define KMREPLAY_REPORT_INTERNAL_H

#include "kmreplay/core/arena.h"
#include "kmreplay/core/str.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/report/report.h"

enum node_kind {
	NODE_SECTION,
	NODE_FIGURE,
	NODE_TABLE,
	NODE_NOTE,
	NODE_PLOT,
	NODE_FORMULA,
};
enum note_level { NOTE_NOTE, NOTE_WARN, NOTE_HINT, NOTE_PLAIN };

struct report_node {
	enum node_kind kind;
	struct report_node *next;
};

struct section {
	struct report_node node;
	const char *key;   /**< NULL: the report itself */
	const char *title; /**< NULL: no heading */
	bool cards;        /**< its figures are the key figures of the report */
	struct section *parent;
	struct report_node *first, *last;
};

struct figure {
	struct report_node node;
	const struct section *section; /**< in which it stands */
	const char *key;
	const char *label; /**< NULL: machines only */
	enum report_unit unit;
	struct report_value value;
	uint64_t whole;     /**< with has_whole: what the value is a share of */
	bool has_whole;
	const char *remark; /**< NULL: none */
};

struct report_table {
	struct report_node node;
	const char *key;
	const char *title; /**< NULL: no heading */
	struct report *report;
	struct report_column *columns;
	unsigned int nr_columns;
	struct vec(struct report_value) cells; /**< row by row */
	struct report_value *total;            /**< NULL: none */
	uint64_t limit;                        /**< rows that people see; 0: all */
	uint64_t nr_more;                      /**< rows that were not given */
	bool hidden;                           /**< for machines only */
	struct report_plot *plot;              /**< whose numbers it holds; NULL: none */
};

struct note {
	struct report_node node;
	enum note_level level;
	const char *text;
};

struct formula {
	struct report_node node;
	const char *key;
	const char *label;
	const char *text;
};

struct plot_marks;
struct report_plot;

struct report {
	struct arena arena;
	const char *schema;
	const char *title;   /**< NULL: the command's name */
	const char *command;
	struct section root;
	struct section *open; /**< innermost section */
	struct figure *last_figure;
	struct vec(struct report_table *) tables;
	struct vec(struct report_plot *) plots;
	struct vec(struct formula *) formulas;
	uint64_t span_start, span_end;  /**< of time axes, ns; equal: not given */
	const struct plot_marks *marks; /**< of panels to come; NULL: none */
	const char *draw_problem;       /**< why pictures are missing; NULL: they are not */
	bool drawn;                     /**< report_draw() was called */
};

/** A writer at work. */
struct emitter {
	FILE *fp;
	const struct report_style *style;
	const struct report *report;
	struct str buf;         /**< what is not yet written */
	unsigned int depth;     /**< open sections with a heading (text), open brackets (JSON) */
	unsigned int nr_items;  /**< JSON: written in the innermost object */
	unsigned int nr_blocks; /**< text: blocks so far; delimited: tables so far */
	char delimiter;         /**< CSV and TSV */
};

/**
 * One format. report_write() walks the tree and calls these; consecutive figures come as one run,
 * since a page for people aligns them with each other.
 */
struct report_writer {
	const char *name;
	const char *summary;
	bool brief; /**< see report_format_is_brief() */
	void (*begin)(struct emitter *e);
	void (*section_begin)(struct emitter *e, const struct section *section);
	void (*section_end)(struct emitter *e, const struct section *section);
	void (*figures)(struct emitter *e, const struct figure *first, unsigned int nr);
	void (*table)(struct emitter *e, const struct report_table *table);
	void (*note)(struct emitter *e, const struct note *note);
	void (*plot)(struct emitter *e, const struct report_plot *plot); /* only with data */
	void (*formulas)(struct emitter *e, const struct formula *first, unsigned int nr);
	void (*end)(struct emitter *e);
};

extern const struct report_writer report_writer_text;
extern const struct report_writer report_writer_json;
extern const struct report_writer report_writer_csv;
extern const struct report_writer report_writer_tsv;
extern const struct report_writer report_writer_html;
extern const struct report_writer report_writer_markdown;

/** A zeroed node of "size" bytes, last in the open section. */
void *report_node(struct report *r, enum node_kind kind, size_t size);
/** A copy of "text" that lives as long as the report; NULL stays NULL. */
const char *report_copy(struct report *r, const char *text);
/** The same for "size" bytes. */
const void *report_copy_mem(struct report *r, const void *data, size_t size);

/** Writes out what is buffered once it is more than a few pages. */
void emitter_flush(struct emitter *e, bool all);
/** The next node as a figure; only valid inside a run. */
const struct figure *figure_next(const struct figure *f);
/** The same for formulas. */
const struct formula *formula_next(const struct formula *f);
/** The formula of "key", or NULL. */
const struct formula *formula_find(const struct report *r, const char *key);
/** How many rows "t" has. */
size_t table_nr_rows(const struct report_table *t);
/** Row "i" of "t". */
const struct report_value *table_row(const struct report_table *t, size_t i);
/** The KEY column, or -1. */
int table_key_column(const struct report_table *t);
/** Does the column stand flush left for people? */
bool column_is_left(const struct report_column *column);
/** Appends a number as machines get it (JSON, CSV, TSV); texts are the writers' own affair. */
void value_add_raw(struct str *out, enum report_unit unit, struct report_value value);
/** Appends "value" as people read it. */
void value_add_human(struct str *out, enum report_unit unit, struct report_value value);
/** How many columns "text" takes on a terminal: code points, as far as it is UTF-8. */
size_t text_width(const char *text, size_t len);
/** The length of the UTF-8 sequence at "s" (NUL-terminated), 0 when it is none. */
unsigned int utf8_length(const char *s);

#endif
