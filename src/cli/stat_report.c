/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of `stat`: totals, one table for each space and key asked for, and the coverage. */
#include <config.h>

#include "stat_internal.h"

#include "kmreplay/core/fmt.h"

#include <inttypes.h>

struct key {
	const char *name; /* of --by, and of the column */
	const char *title;
	const char *what; /* "Objects by ..." */
	enum account_by by;
	enum report_unit unit;
	void (*print)(const struct stat *stat, uint64_t key, struct str *out); /* NULL: a number */
};

static void print_site(const struct stat *stat, uint64_t key, struct str *out);
static void print_cache(const struct stat *stat, uint64_t key, struct str *out);
static void print_owner(const struct stat *stat, uint64_t key, struct str *out);
static void print_gfp(const struct stat *stat, uint64_t key, struct str *out);
static void print_task(const struct stat *stat, uint64_t pid, struct str *out);

/** The choices of --by, in the order in which the tables come. */
static const struct key keys[] = {
	{ "callsite", "Call site", "call site", ACCOUNT_BY_SITE, REPORT_TEXT, print_site },
	{ "cache", "Cache", "cache", ACCOUNT_BY_CACHE, REPORT_TEXT, print_cache },
	{ "size", "Size", "size", ACCOUNT_BY_SIZE, REPORT_NUMBER, NULL },
	{ "order", "Order", "order", ACCOUNT_BY_ORDER, REPORT_NUMBER, NULL },
	{ "owner", "Owner", "owner", ACCOUNT_BY_OWNER, REPORT_TEXT, print_owner },
	{ "gfp", "GFP flags", "GFP flags", ACCOUNT_BY_GFP, REPORT_TEXT, print_gfp },
	{ "pid", "PID", "task", ACCOUNT_BY_PID, REPORT_NUMBER, NULL },
};

/** What people see of a row; machines get every column. */
struct column {
	const char *title;
	enum report_unit unit;
	enum { WHEN_SORTED_BY, ALWAYS, WITH_WASTE } shown; /* WITH_WASTE: or by another such */
};

static const struct column columns[ACCOUNT_COL_NR] = {
	[ACCOUNT_COL_ALLOCS] = { "Allocs", REPORT_COUNT, ALWAYS },
	[ACCOUNT_COL_FREES] = { "Frees", REPORT_COUNT, WHEN_SORTED_BY },
	[ACCOUNT_COL_LIVE] = { "Live", REPORT_COUNT, ALWAYS },
	[ACCOUNT_COL_REQ] = { "Asked", REPORT_BYTES, WITH_WASTE },
	[ACCOUNT_COL_BYTES] = { "Traffic", REPORT_BYTES, ALWAYS },
	[ACCOUNT_COL_WASTE] = { "Waste", REPORT_BYTES, ALWAYS },
	[ACCOUNT_COL_LIVE_REQ] = { "Held asked", REPORT_BYTES, WITH_WASTE },
	[ACCOUNT_COL_LIVE_BYTES] = { "Held", REPORT_BYTES, ALWAYS },
	[ACCOUNT_COL_LIVE_WASTE] = { "Held waste", REPORT_BYTES, WITH_WASTE },
	[ACCOUNT_COL_PEAK] = { "Peak", REPORT_BYTES, ALWAYS },
	[ACCOUNT_COL_PEAK_REQ] = { "Peak asked", REPORT_BYTES, WHEN_SORTED_BY },
	[ACCOUNT_COL_PEAK_WASTE] = { "Peak waste", REPORT_BYTES, WITH_WASTE },
	[ACCOUNT_COL_FRAG] = { "Internal_frag", REPORT_RATIO, WITH_WASTE },
	[ACCOUNT_COL_LIVE_FRAG] = { "Held internal_frag", REPORT_RATIO, WITH_WASTE },
	[ACCOUNT_COL_FAILED] = { "Failed", REPORT_COUNT, WHEN_SORTED_BY },
	[ACCOUNT_COL_PINGPONG] = { "Cross-CPU", REPORT_COUNT, ALWAYS },
	[ACCOUNT_COL_LIFE_MEAN] = { "Mean life", REPORT_NS, WHEN_SORTED_BY },
	[ACCOUNT_COL_LIFE_MAX] = { "Max life", REPORT_NS, WHEN_SORTED_BY },
};

/** Behind the columns: the key, and the task's name in the table by pid. */
enum { MAX_CELLS = ACCOUNT_COL_NR + 2 };

static const char *const space_titles[ACCOUNT_SPACE_NR] = {
	[ACCOUNT_OBJECTS] = "Objects",
	[ACCOUNT_PAGES] = "Pages",
	[ACCOUNT_VMAP] = "Address ranges",
	[ACCOUNT_PERCPU] = "Per-CPU memory",
	[ACCOUNT_CMA] = "Contiguous areas",
};

static void add_head(const struct stat *stat, const struct stat_view *view, struct report *r);
static void add_identity(const struct repair_coverage *c, struct report *r);
static void add_moment(const struct stat *stat, const struct stat_view *view, struct report *r);
static void add_totals(const struct stat *stat, const struct stat_view *view, struct report *r);
static void add_tables(struct stat *stat, const struct stat_view *view, struct report *r);
static void add_table(struct stat *stat, struct account *account, struct report *r,
		      enum account_space space, const struct key *key);
static void add_lines(const struct stat *stat, struct report_table *table, const struct key *key,
		      const struct account_lines *lines);
static void add_coverage(const struct stat *stat, struct report *r);
static void add_reasons(const struct repair_coverage *c, struct report *r);
static unsigned int fill_columns(const struct stat *stat, const struct account_row *total,
				 struct report_column *cells);
static void fill_values(const struct account_row *row, struct report_value *values);
static bool is_sorted_by_waste(const struct stat *stat);
static bool is_sorted_by(const struct stat *stat, unsigned int column);
static bool is_nameless(const struct account_lines *lines, const struct key *key);
static uint64_t nr_lines(const struct stat *stat);

const char *stat_key_name(unsigned int i)
{
	return i < ARRAY_SIZE(keys) ? keys[i].name : NULL;
}

const char *stat_column_name(unsigned int i)
{
	return i < ACCOUNT_COL_NR ? account_column_name(i) : NULL;
}

uint32_t stat_tables(const struct cli_options *options)
{
	uint32_t tables = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++)
		if (options->stat_by & (1ULL << i))
			tables |= 1U << keys[i].by;
	return tables;
}

struct report *stat_report(struct stat *stat, struct stat_view *view)
{
	struct report *r = report_create("stat", 1);

	account_fold_caches(view->feed.account, stat->repair);
	add_head(stat, view, r);
	add_totals(stat, view, r);
	add_tables(stat, view, r);
	add_coverage(stat, r);
	cli_input_warn(stat->in, r);
	return r;
}

static void add_head(const struct stat *stat, const struct stat_view *view, struct report *r)
{
	const struct trace_info *t = trace_info(stat->in->trace);
	const struct repair_coverage *c = repair_coverage(stat->repair);

	report_text(r, "file", "file", stat->in->path);
	report_count(r, "nr_events", "events", c->nr_events);
	report_figure(r, "span", "span", t->unit == TRACE_CLOCK_TICKS ? REPORT_COUNT : REPORT_NS,
		      report_i64((int64_t)(t->last_time - t->first_time)));
	add_identity(c, r);
	if (stat->in->filter.any) {
		report_count(r, "nr_filtered", "filtered out", view->feed.nr_filtered);
		report_remark(r, "allocations; frees follow their allocation");
	}
	if (view->when)
		add_moment(stat, view, r);
}

/* How well the cache of an object was known before its free said it. */
static void add_identity(const struct repair_coverage *c, struct report *r)
{
	char late[FMT_BUF], wrong[FMT_BUF];

	if (!c->nr_named)
		return;
	/* Of interest to people only where something was mistaken. */
	report_count(r, "nr_named", c->nr_named_wrong ? "freed by name" : NULL, c->nr_named);
	if (c->nr_named_wrong)
		report_remark(r, "objects whose free names their cache: %s of no cache known by "
				 "name before, %s taken for another's",
			      fmt_count(late, c->nr_named_late),
			      fmt_count(wrong, c->nr_named_wrong));
	report_count(r, "nr_named_late", NULL, c->nr_named_late);
	report_count(r, "nr_named_wrong", NULL, c->nr_named_wrong);
}

static void add_moment(const struct stat *stat, const struct stat_view *view, struct report *r)
{
	const bool ticks = trace_info(stat->in->trace)->unit == TRACE_CLOCK_TICKS;
	char count[FMT_BUF];

	report_text(r, "at", "account up to", view->when->text);
	report_remark(r, "its first %s events", fmt_count(count, view->feed.nr_events));
	report_count(r, "at_event", NULL, view->feed.nr_events);
	report_figure(r, "at_time", NULL, ticks ? REPORT_NUMBER : REPORT_TIME,
		      report_u64(view->time));
}

static void add_totals(const struct stat *stat, const struct stat_view *view, struct report *r)
{
	struct report_column cells[MAX_CELLS];
	struct account_row all = { 0 };
	struct report_table *table;
	unsigned int nr;

	for (unsigned int space = 0; space < ACCOUNT_SPACE_NR; space++)
		all.failed += account_total(view->feed.account, space)->failed;
	nr = fill_columns(stat, &all, cells);
	cells[nr++] = (struct report_column){ "space", "What", REPORT_TEXT, REPORT_COL_KEY };
	cells[nr++] = (struct report_column){ "unseen_allocs", "", REPORT_COUNT,
					      REPORT_COL_HIDDEN };
	table = report_table(r, "totals", "Totals", cells, nr);
	for (unsigned int space = 0; space < ACCOUNT_SPACE_NR; space++) {
		const struct account_row *total = account_total(view->feed.account, space);
		uint64_t alien = account_alien_frees(view->feed.account, space);
		struct report_value values[MAX_CELLS];

		if (!total->allocs && !total->failed && !alien)
			continue;
		fill_values(total, values);
		values[ACCOUNT_COL_NR] = report_str(account_space_name(space));
		values[ACCOUNT_COL_NR + 1] = report_u64(alien);
		report_row(table, values);
	}
}

static void add_tables(struct stat *stat, const struct stat_view *view, struct report *r)
{
	bool any = false;

	for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!(stat->cli->options.stat_by & (1ULL << i)))
			continue;
		for (unsigned int space = 0; space < ACCOUNT_SPACE_NR; space++) {
			if (!account_has(space, keys[i].by))
				continue;
			add_table(stat, view->feed.account, r, space, &keys[i]);
			any = true;
		}
	}
	BUG_ON(!any);
}

static void add_table(struct stat *stat, struct account *account, struct report *r,
		      enum account_space space, const struct key *key)
{
	const struct option_sort *sort = &stat->cli->options.stat_sort;
	const struct account_row *total = account_total(account, space);
	struct report_column cells[MAX_CELLS];
	struct account_lines lines = { 0 };
	struct vec(struct topk_key) order = { 0 };
	struct report_value values[MAX_CELLS];
	struct report_table *table;
	struct str name, title;
	unsigned int nr;

	account_collect(account, space, key->by, &lines);
	vec_foreach(&sort->keys, at)
		vec_push(&order, ((struct topk_key){ at->choice, at->ascending }));
	account_sort(&lines, order.items, order.nr);
	str_init(&name);
	str_init(&title);
	str_addf(&name, "%s_by_%s", account_space_name(space), key->name);
	str_addf(&title, "%s by %s", space_titles[space], key->what);
	nr = fill_columns(stat, total, cells);
	cells[nr++] = (struct report_column){ key->name, key->title, key->unit,
					      REPORT_COL_LEFT };
	if (key->by == ACCOUNT_BY_PID)
		cells[nr++] = (struct report_column){ "comm", "Task", REPORT_TEXT, 0 };
	if (lines.nr && !is_nameless(&lines, key)) {
		table = report_table(r, str_text(&name), str_text(&title), cells, nr);
		add_lines(stat, table, key, &lines);
		fill_values(total, values);
		values[ACCOUNT_COL_NR] = key->print ? report_str("total") : report_none();
		values[ACCOUNT_COL_NR + 1] = report_none();
		report_total(table, values);
	}
	str_deinit(&name);
	str_deinit(&title);
	vec_deinit(&order);
	vec_deinit(&lines);
}

static void add_lines(const struct stat *stat, struct report_table *table, const struct key *key,
		      const struct account_lines *lines)
{
	uint64_t most = nr_lines(stat);
	struct str name, task;

	str_init(&name);
	str_init(&task);
	for (size_t i = 0; i < lines->nr && (!most || i < most); i++) {
		const struct account_line *line = &lines->items[i];
		struct report_value values[MAX_CELLS];

		fill_values(&line->row, values);
		str_reset(&name);
		str_reset(&task);
		if (key->print)
			key->print(stat, line->key, &name);
		values[ACCOUNT_COL_NR] = key->print ? report_str(str_text(&name)) :
						      report_u64(line->key);
		if (key->by == ACCOUNT_BY_PID) {
			values[ACCOUNT_COL_NR] = report_i64((int32_t)(uint32_t)line->key);
			print_task(stat, line->key, &task);
			values[ACCOUNT_COL_NR + 1] = task.len ? report_str(str_text(&task)) :
								report_none();
		}
		report_row(table, values);
	}
	if (most && most < lines->nr)
		report_more(table, lines->nr - most);
	str_deinit(&name);
	str_deinit(&task);
}

/** The conservation law: every event has one fate. */
static void add_coverage(const struct stat *stat, struct report *r)
{
	static const struct report_column law[] = {
		{ "events", "Events", REPORT_COUNT, 0 },
		{ "direct", "Direct", REPORT_COUNT, 0 },
		{ "explained", "Explained", REPORT_COUNT, 0 },
		{ "repaired", "Repaired", REPORT_COUNT, 0 },
		{ "skipped", "Skipped", REPORT_COUNT, 0 },
		{ "call", "Call", REPORT_TEXT, REPORT_COL_KEY },
	};
	const struct repair_coverage *c = repair_coverage(stat->repair);
	uint64_t sums[FATE_NR + 1] = { 0 };
	struct report_table *table = report_table(r, "coverage", "Coverage of the recording", law,
						  ARRAY_SIZE(law));

	for (unsigned int call = 0; call < CALL_NR; call++) {
		struct report_value values[ARRAY_SIZE(law)];
		uint64_t nr = 0;

		for (unsigned int fate = 0; fate < FATE_NR; fate++) {
			nr += c->by_fate[call][fate];
			sums[fate + 1] += c->by_fate[call][fate];
			values[fate + 1] = report_u64(c->by_fate[call][fate]);
		}
		sums[0] += nr;
		values[0] = report_u64(nr);
		values[FATE_NR + 1] = report_str(repair_call_name(call));
		if (nr)
			report_row(table, values);
	}
	/* The law itself; a difference would be a bug, never a property of the recording. */
	BUG_ON(sums[0] != c->nr_events);
	report_total(table, (struct report_value[]){ report_u64(sums[0]), report_u64(sums[1]),
						     report_u64(sums[2]), report_u64(sums[3]),
						     report_u64(sums[4]), report_str("total") });
	add_reasons(c, r);
	if (c->hashed)
		report_note(r, "pointers are hashes: which cache or layer a page belongs to is "
			       "known by its neighbours in time only");
}

static void add_reasons(const struct repair_coverage *c, struct report *r)
{
	static const struct report_column why[] = {
		{ "events", "Events", REPORT_COUNT, 0 },
		{ "call", "Call", REPORT_TEXT, 0 },
		{ "reason", "Repaired or skipped because", REPORT_TEXT, 0 },
	};
	struct report_table *table = report_table(r, "reasons", NULL, why, ARRAY_SIZE(why));

	for (unsigned int kind = REPAIR_NONE + 1; kind < REPAIR_KIND_NR; kind++)
		for (unsigned int call = 0; call < CALL_NR; call++)
			if (c->by_kind[call][kind])
				report_row(table, (struct report_value[]){
							  report_u64(c->by_kind[call][kind]),
							  report_str(repair_call_name(call)),
							  report_str(repair_kind_name(kind)) });
}

static unsigned int fill_columns(const struct stat *stat, const struct account_row *total,
				 struct report_column *cells)
{
	bool ticks = trace_info(stat->in->trace)->unit == TRACE_CLOCK_TICKS;
	bool waste = is_sorted_by_waste(stat);

	for (unsigned int i = 0; i < ACCOUNT_COL_NR; i++) {
		const struct column *column = &columns[i];
		bool shown = column->shown == ALWAYS || is_sorted_by(stat, i) ||
			     (column->shown == WITH_WASTE && waste) ||
			     (i == ACCOUNT_COL_FAILED && total->failed);

		cells[i] = (struct report_column){
			.key = account_column_name(i),
			.title = column->title,
			.unit = ticks && column->unit == REPORT_NS ? REPORT_COUNT : column->unit,
			.flags = shown ? 0 : REPORT_COL_HIDDEN,
		};
	}
	return ACCOUNT_COL_NR;
}

static void fill_values(const struct account_row *row, struct report_value *values)
{
	for (unsigned int i = 0; i < ACCOUNT_COL_NR; i++)
		values[i] = report_u64(account_value(row, i));
	if (row->frees == row->unseen)
		values[ACCOUNT_COL_LIFE_MEAN] = values[ACCOUNT_COL_LIFE_MAX] = report_none();
}

/* Whoever asks for waste wants to see of what it is waste. */
static bool is_sorted_by_waste(const struct stat *stat)
{
	for (unsigned int i = 0; i < ACCOUNT_COL_NR; i++)
		if ((i == ACCOUNT_COL_WASTE || columns[i].shown == WITH_WASTE) &&
		    is_sorted_by(stat, i))
			return true;
	return false;
}

static bool is_sorted_by(const struct stat *stat, unsigned int column)
{
	vec_foreach(&stat->cli->options.stat_sort.keys, key)
		if (key->choice == column)
			return true;
	return false;
}

/** No event of this space says a call site (or a cache): a table would have one line, "-". */
static bool is_nameless(const struct account_lines *lines, const struct key *key)
{
	bool by_id = key->by == ACCOUNT_BY_SITE || key->by == ACCOUNT_BY_CACHE;

	return by_id && lines->nr == 1 && !lines->items[0].key;
}

/** How many lines to give: pages to read get some, all else all, or what was asked for; 0: all. */
static uint64_t nr_lines(const struct stat *stat)
{
	const struct cli_options *options = &stat->cli->options;

	if (report_format_is_brief(options->format) ||
	    option_was_given(options, offsetof(struct cli_options, lines)))
		return options->lines;
	return 0;
}

static void print_site(const struct stat *stat, uint64_t key, struct str *out)
{
	if (key)
		event_site_print(&stat->in->names, (uint32_t)key, false, out);
	else
		str_add(out, "-");
}

static void print_cache(const struct stat *stat, uint64_t key, struct str *out)
{
	account_print_cache(&stat->in->names, stat->repair, (uint32_t)key, out);
}

static void print_owner(const struct stat *stat UNUSED, uint64_t key, struct str *out)
{
	str_add(out, page_owner_name((enum page_owner)key));
}

static void print_gfp(const struct stat *stat, uint64_t key, struct str *out)
{
	gfp_print(trace_info(stat->in->trace)->era, (uint32_t)key, out);
}

static void print_task(const struct stat *stat, uint64_t pid, struct str *out)
{
	const uint32_t *comm = u64map_find(&stat->comms, pid);

	if (comm)
		str_add(out, intern_text(&stat->in->names.texts, *comm));
}
