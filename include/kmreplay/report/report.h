/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A report as a document: figures, tables and notes in sections, built once by a command and then
 * written in any format. What a report says is decided here, how it looks by the writers alone.
 *
 *	struct report *r = report_create("replay", 1);
 *
 *	report_text(r, "file", "file", path);
 *	report_begin(r, "faults", "Failures");
 *	report_share(r, "nr_failed", "failed", REPORT_COUNT, nr_failed, nr_calls);
 *	t = report_table(r, "by_order", NULL, columns, ARRAY_SIZE(columns));
 *	report_row(t, (struct report_value[]){ report_u64(3), report_str("fragmentation") });
 *	report_note(r, "the first %u ms stand on ground that was not recorded", ms);
 *	report_end(r);
 *	report_write(r, &style, fp);
 *
 * Keys are the names in JSON, CSV and TSV: lower case with underscores, stable between releases,
 * with the unit at the end when it is not plain ("_ns"; sizes are bytes). Labels and titles are for
 * people. All texts given are copied.
 */
#ifndef KMREPLAY_REPORT_REPORT_H
#define KMREPLAY_REPORT_REPORT_H

#include "kmreplay/core/base.h"

#include <stdio.h>

struct report;
struct report_table;

/** What a number means: decides how people see it. Machines get it as said behind the dash. */
enum report_unit {
	REPORT_COUNT,   /**< how many: 1,234,567 - plain */
	REPORT_NUMBER,  /**< a name that is a number (cpu, order, pid): 1234567 - plain */
	REPORT_BYTES,   /**< 1.25 MiB - bytes */
	REPORT_NS,      /**< a duration: 3.20 ms - nanoseconds */
	REPORT_TIME,    /**< a point in time: 12.345678 - nanoseconds */
	REPORT_PERCENT, /**< thousandths of a percent: 12.3 % - 12.345 */
	REPORT_SHARE,   /**< the same where the last bit matters: 99.991 % - 99.991 */
	REPORT_CHANGE,  /**< thousandths of a percent, signed: +12.3 %, -5.0 % - 12.345, -5.000 */
	REPORT_RATIO,   /**< thousandths, may be negative: 0.123 - 0.123 */
	REPORT_HEX,     /**< an address: 0xffff... - the same as a text */
	REPORT_TEXT,
	REPORT_BOOL, /**< yes, no - true, false */
};

enum report_value_kind { REPORT_NONE, REPORT_U64, REPORT_I64, REPORT_STR, REPORT_TRUTH };

/** One number or text; its unit stands with the figure or the column, or with itself. */
struct report_value {
	enum report_value_kind kind;
	uint8_t own_unit; /**< enum report_unit + 1 in place of the column's; 0: none */
	union {
		uint64_t u64;
		int64_t i64;
		const char *str; /**< the caller's; copied when it enters the report */
		bool truth;
	};
};

/** Unknown or meaningless here: "-" for people, null in JSON, empty in CSV and TSV. */
static inline struct report_value report_none(void)
{
	return (struct report_value){ .kind = REPORT_NONE };
}

static inline struct report_value report_u64(uint64_t value)
{
	return (struct report_value){ .kind = REPORT_U64, .u64 = value };
}

static inline struct report_value report_i64(int64_t value)
{
	return (struct report_value){ .kind = REPORT_I64, .i64 = value };
}

/** A text; NULL is report_none(). */
static inline struct report_value report_str(const char *text)
{
	return (struct report_value){ .kind = text ? REPORT_STR : REPORT_NONE, .str = text };
}

static inline struct report_value report_truth(bool value)
{
	return (struct report_value){ .kind = REPORT_TRUTH, .truth = value };
}

/** A number in a column of numbers that has a unit of its own. */
static inline struct report_value report_in(enum report_unit unit, struct report_value value)
{
	value.own_unit = (uint8_t)(unit + 1);
	return value;
}

/** For PERCENT and SHARE: "part" of "whole", rounded down; none when "whole" is 0. */
struct report_value report_percent_of(uint64_t part, uint64_t whole);
/** For REPORT_RATIO: part / whole in thousandths; none when "whole" is 0. */
struct report_value report_ratio_of(uint64_t part, uint64_t whole);

enum report_column_flags {
	REPORT_COL_LEFT = 1 << 0,    /**< flush left although a number */
	REPORT_COL_KEY = 1 << 1,     /**< the table is a map by this column in JSON */
	REPORT_COL_DERIVED = 1 << 2, /**< for people only: follows from the other columns */
	REPORT_COL_HIDDEN = 1 << 3,  /**< for machines only */
};

struct report_column {
	const char *key;
	const char *title;     /**< NULL: the key */
	enum report_unit unit; /**< texts stand flush left, all else flush right */
	unsigned int flags;    /**< enum report_column_flags */
};

/** A report of "command", keys of version "version": schema kmreplay/<command>/<version>. */
MUST_CHECK struct report *report_create(const char *command, unsigned int version);
void report_destroy(struct report *r);

/** What pages are headed with; without it the command's name. */
void report_title(struct report *r, const char *title);

/** Opens a section inside the one that is open; "title" NULL: no heading, only JSON nests. */
void report_begin(struct report *r, const char *key, const char *title);
/** Opens a section of four to six key figures, which pages show as cards; report_end() as well. */
void report_cards(struct report *r, const char *key);
/** Closes the innermost section. */
void report_end(struct report *r);

/** Adds a figure. "label" NULL: for machines only. */
void report_figure(struct report *r, const char *key, const char *label, enum report_unit unit,
		   struct report_value value);
/** report_figure() of the unit COUNT. */
void report_count(struct report *r, const char *key, const char *label, uint64_t value);
/** report_figure() of the unit BYTES. */
void report_bytes(struct report *r, const char *key, const char *label, uint64_t value);
/** report_figure() of the unit TEXT; NULL is none. */
void report_text(struct report *r, const char *key, const char *label, const char *text);
/** report_figure() of the unit BOOL. */
void report_bool(struct report *r, const char *key, const char *label, bool value);
/** A figure that people see with its share: "1,234 (12.3 %)"; machines see "part" alone. */
void report_share(struct report *r, const char *key, const char *label, enum report_unit unit,
		  uint64_t part, uint64_t whole);
/** Behind the figure added last people see this remark, in brackets; machines do not. */
void report_remark(struct report *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

/**
 * Adds a table of "nr" columns (copied; at most REPORT_COLUMNS) without rows; the report's. In JSON
 * it is an array of objects, or with a KEY column an object by that column: of the values when only
 * one other column is left, else of objects. The keys of a map have to be unequal.
 */
struct report_table *report_table(struct report *r, const char *key, const char *title,
				  const struct report_column *columns, unsigned int nr);
enum { REPORT_COLUMNS = 160 };
/** Adds a row: one value for each column. A number in a text column is a bug, none is welcome. */
void report_row(struct report_table *t, const struct report_value *values);
/** People see only the first "nr" rows and how many more there are; machines see all. 0: all. */
void report_limit(struct report_table *t, uint64_t nr);
/** People do not see the table: it is for machines. */
void report_hide(struct report_table *t);
/** "nr" rows were not even given: people are told that they exist. */
void report_more(struct report_table *t, uint64_t nr);
/** The row of totals; JSON: an object "<key>_total" beside the table; CSV and TSV leave it out. */
void report_total(struct report_table *t, const struct report_value *values);

/**
 * Explains a metric, in the glossary that stands where these are added: "text" is its formula and
 * what it means. Pages link every figure and column with the same key to it.
 */
void report_formula(struct report *r, const char *key, const char *label, const char *text);

/** A paragraph of plain words. */
void report_say(struct report *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/** Something the reader should know of the figures around it. */
void report_note(struct report *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/** Something that makes the figures doubtful: lost events, damaged input. */
void report_warn(struct report *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/**
 * What the reader can do; lines after the first that begin with a blank are commands and are kept
 * as they are, all else is wrapped.
 */
void report_hint(struct report *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** Numbers of formats: the default one, and JSON. */
enum { REPORT_FORMAT_TEXT, REPORT_FORMAT_JSON };

struct report_style {
	unsigned int format; /**< number of report_format_name() */
	unsigned int width;  /**< columns to wrap notes at; 0: 100 */
	bool color;
	bool utf8; /**< text: block characters may be used */
};

/**
 * Writes the report; several of them may follow each other. Failures show in ferror("fp") and
 * belong to whoever opened it.
 */
void report_write(const struct report *r, const struct report_style *style, FILE *fp);

/** The formats: "text", "json", "csv", "tsv", "html", "markdown"; NULL after the last. */
const char *report_format_name(unsigned int format);
/** Is it one to be read in one go (text, Markdown), where long lists had better be cut? */
bool report_format_is_brief(unsigned int format);
/** One line about it for help. */
const char *report_format_summary(unsigned int format);

struct str;
/** Appends "text" as a JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. */
void report_add_json_string(struct str *out, const char *text);
/** Appends "text" as a field between "delimiter"s, ',' or a tab: quoted or escaped if need be. */
void report_add_field(struct str *out, char delimiter, const char *text);
/** Appends "text" so that it is safe on a terminal: control characters and bad bytes as \x1b. */
void report_add_printable(struct str *out, const char *text);

#endif
