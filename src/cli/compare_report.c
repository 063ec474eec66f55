/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page of `compare`: what changed in words, the sides, the table of figures, the thresholds.
 * People see what differs and matters; machines get every figure of every side.
 */
#include <config.h>

#include "compare.h"
#include "replay_report.h"

#include "kmreplay/core/fmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns of the table of figures: before the sides, of a side, of a side with several seeds. */
enum { COLUMNS_FIXED = 4, COLUMNS_SIDE = 4, COLUMNS_SEEDS = 2 };

/* With more sides than these, marks stand for the words "better" and "worse". */
enum { WORDY_SIDES = 3 };

static_assert(COLUMNS_FIXED + COMPARE_SIDES * (COLUMNS_SIDE + COLUMNS_SEEDS) <= REPORT_COLUMNS,
	      "all sides have room in one table");

/* In which order figures stand, and how many of them people see. */
struct rows {
	struct vec(size_t) order; /* indices of figures, shown ones first */
	size_t nr_shown, nr_main;
};

/* A table's columns under construction. */
struct columns {
	struct report_column items[REPORT_COLUMNS];
	unsigned int nr;
	struct arena arena; /* keys and titles */
};

static void add_summary(struct report *report, const struct compare *compare);
static void say_side(struct str *words, const struct compare *compare, size_t side);
static void say_why_more_fails(struct str *words, const struct compare *compare, size_t side);
static bool grew(const struct compare *compare, size_t side, const char *key);
static int64_t large_failures(const struct figures *figures);
static void say_figure(struct str *words, const struct compare *compare, size_t side,
		       const char *key);
static void say_value(struct str *words, const struct figure *figure);
static void add_sides(struct report *report, const struct compare *compare);
static void add_figures(struct report *report, const struct compare *compare);
static void choose_rows(struct rows *rows, const struct compare *compare, bool all);
static bool differs(const struct compare *compare, size_t row);
static void make_columns(struct columns *columns, const struct compare *compare);
static void make_side(struct columns *columns, const struct compare *compare, size_t side);
static void add_column(struct columns *columns, const char *key, const char *suffix,
		       const char *title, struct report_column like);
static void add_row(struct report_table *table, const struct compare *compare, size_t row);
static struct report_value mark_of(const struct compare *compare, enum compare_verdict verdict);
static struct report_value value_of(const struct figures *figures, size_t row);
static struct report_value change_of(const struct figure *figure, const struct figure *base);
static enum compare_verdict verdict_of(const struct compare *compare, size_t side, size_t row);
static void add_thresholds(struct report *report, struct compare *compare);
static bool test_side(struct report_table *table, const struct compare *compare,
		      const struct threshold *t, size_t side);

/* Empty where there is nothing to say. */
static const char *const verdict_names[] = {
	[COMPARE_SAME] = "same",	 [COMPARE_BETTER] = "better",  [COMPARE_WORSE] = "worse",
	[COMPARE_OTHER] = "different", [COMPARE_SPREAD] = "chance", [COMPARE_UNKNOWN] = "unknown",
};

static const char *const verdict_marks[] = {
	[COMPARE_SAME] = "",  [COMPARE_BETTER] = "*", [COMPARE_WORSE] = "!",
	[COMPARE_OTHER] = "", [COMPARE_SPREAD] = "~", [COMPARE_UNKNOWN] = "",
};

void compare_report(struct report *report, struct compare *compare)
{
	const struct cli_input *in = &compare->job->in;

	cli_input_describe(in, in->nr_given, report);
	add_summary(report, compare);
	compare_report_parts(report, compare);
	if (compare->thresholds.nr)
		add_thresholds(report, compare);
}

void compare_report_parts(struct report *report, const struct compare *compare)
{
	add_sides(report, compare);
	add_figures(report, compare);
}

static void add_summary(struct report *report, const struct compare *compare)
{
	struct str words;

	str_init(&words);
	report_begin(report, "summary", "Summary");
	for (size_t side = 0; side < compare->sides.nr; side++) {
		if (side == compare->baseline)
			continue;
		str_reset(&words);
		say_side(&words, compare, side);
		report_say(report, "%s", str_text(&words));
	}
	report_end(report);
	str_deinit(&words);
}

/* "pcp off against default: 12 figures better, 30 worse, ...; failed requests 114 -> 161, ..." */
static void say_side(struct str *words, const struct compare *compare, size_t side)
{
	static const char *const keys[] = {
		"failures.total", "memory.peak_bytes", "huge.free_end",
		"frag.unusable_free_index.order9.worst", "slab.loss_bytes", "work.extfrag",
		"latency.page_alloc.p99_ns",
	};
	const struct compare_side *base = &compare->sides.items[compare->baseline];
	uint64_t counts[ARRAY_SIZE(verdict_names)] = { 0 };
	char better[FMT_BUF], worse[FMT_BUF];

	for (size_t row = 0; row < base->figures.list.nr; row++)
		if (base->figures.list.items[row].main)
			counts[verdict_of(compare, side, row)]++;
	if (compare->sides.items[side].recorded || base->recorded) {
		str_addf(words, "'%s' against '%s': %s of the main figures that both know differ.",
			 compare->sides.items[side].name, base->name,
			 fmt_count(better, counts[COMPARE_OTHER]));
		return;
	}
	str_addf(words, "'%s' against '%s': better in %s of the main figures, worse in %s.",
		 compare->sides.items[side].name, base->name,
		 fmt_count(better, counts[COMPARE_BETTER]),
		 fmt_count(worse, counts[COMPARE_WORSE]));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		say_figure(words, compare, side, keys[i]);
	if (grew(compare, side, "memory.total_bytes") && grew(compare, side, "failures.total"))
		say_why_more_fails(words, compare, side);
}

/* It has more memory, and yet requests fail that did not: what there is to say of that. */
static void say_why_more_fails(struct str *words, const struct compare *compare, size_t side)
{
	static const char boosted[] = "failures.reason.below_boosted_watermark";
	const struct compare_side *base = &compare->sides.items[compare->baseline];
	const struct compare_side *larger = &compare->sides.items[side];
	int64_t before, after;
	char buf[FMT_BUF];

	str_add(words, " More memory, and more failures:");
	if (grew(compare, side, boosted))
		str_addf(words, " %s requests found enough free memory but for the boost of the "
			 "watermarks, which follows when types mix (watermarks.boost_factor);",
			 fmt_scount(buf, figures_find(&larger->figures, boosted)->value));
	before = large_failures(&base->figures);
	after = large_failures(&larger->figures);
	if (after < before) {
		str_addf(words, " requests of order 1 and more failed %s times",
			 fmt_scount(buf, after));
		str_addf(words, " instead of %s, and what they got others lacked;",
			 fmt_scount(buf, before));
	}
	str_addf(words, " once one request of '%s' fails or succeeds here, the machines go "
		 "different ways.", base->name);
}

/* The figure is known on both sides, and larger on "side" than on the baseline. */
static bool grew(const struct compare *compare, size_t side, const char *key)
{
	const struct figures *base = &compare->sides.items[compare->baseline].figures;
	const struct figure *before = figures_find(base, key);
	const struct figure *after = figures_find(&compare->sides.items[side].figures, key);

	return before && after && before->known && after->known && after->value > before->value;
}

/* Failed requests of more than one page. */
static int64_t large_failures(const struct figures *figures)
{
	int64_t sum = 0;

	for (unsigned int order = 1; order < KERNEL_NR_ORDERS; order++) {
		char key[FMT_BUF];
		const struct figure *figure;

		snprintf(key, sizeof(key), "failures.order%u", order);
		figure = figures_find(figures, key);
		sum += figure && figure->known ? figure->value : 0;
	}
	return sum;
}

/* Only what changed by a hundredth or more is worth words. */
static void say_figure(struct str *words, const struct compare *compare, size_t side,
		       const char *key)
{
	const struct figures *base = &compare->sides.items[compare->baseline].figures;
	const struct figure *before = figures_find(base, key);
	size_t row = (size_t)(before - base->list.items);
	enum compare_verdict verdict = verdict_of(compare, side, row);
	const struct figure *after = &compare->sides.items[side].figures.list.items[row];
	struct report_value change = change_of(after, before);

	if (verdict != COMPARE_BETTER && verdict != COMPARE_WORSE)
		return;
	if (change.kind == REPORT_I64 && change.i64 < 1000 && change.i64 > -1000)
		return;
	str_addf(words, " %c%s: ", before->label[0] & ~0x20, before->label + 1);
	say_value(words, after);
	str_add(words, " instead of ");
	say_value(words, before);
	str_addf(words, " (%s).", verdict_names[verdict]);
}

static void say_value(struct str *words, const struct figure *figure)
{
	char buf[FMT_BUF];

	if (figure->unit == FIGURE_BYTES)
		str_add(words, fmt_size(buf, (uint64_t)figure->value));
	else if (figure->unit == FIGURE_NS)
		str_add(words, fmt_ns(buf, (uint64_t)figure->value));
	else if (figure->unit == FIGURE_RATIO)
		str_addf(words, "%.3f", (double)figure->value / 1000);
	else
		str_add(words, fmt_scount(buf, figure->value));
}

static void add_sides(struct report *report, const struct compare *compare)
{
	static const struct report_column columns[] = {
		{ "side", "side", REPORT_TEXT, 0 },
		{ "key", NULL, REPORT_TEXT, REPORT_COL_HIDDEN },
		{ "baseline", "baseline", REPORT_BOOL, 0 },
		{ "rules", "rules of kernel", REPORT_TEXT, 0 },
		{ "cpus", "CPUs", REPORT_NUMBER, 0 },
		{ "memory_bytes", "memory", REPORT_BYTES, 0 },
		{ "settings", "settings", REPORT_TEXT, 0 },
	};
	struct report_table *table =
		report_table(report, "sides", "Sides", columns, ARRAY_SIZE(columns));

	for (size_t i = 0; i < compare->sides.nr; i++) {
		const struct compare_side *side = &compare->sides.items[i];
		const struct replay_side *machine = &compare->job->sides.items[side->first];
		struct report_value row[] = {
			report_str(side->name), report_str(side->key),
			report_truth(i == compare->baseline), report_none(), report_none(),
			report_none(), report_str("as recorded"),
		};
		struct str settings;

		str_init(&settings);
		if (!side->recorded) {
			const struct figure *total =
				figures_find(&side->figures, "memory.total_bytes");

			replay_side_settings(machine, &settings);
			row[3] = report_str(replay_side_rules(machine));
			row[4] = report_u64(machine->machine.nr_cpus);
			row[5] = report_i64(total->value);
			row[6] = report_str(settings.len ? str_text(&settings) : "none");
		}
		report_row(table, row);
		str_deinit(&settings);
	}
}

static void add_figures(struct report *report, const struct compare *compare)
{
	struct columns *columns = xcalloc(1, sizeof(*columns));
	struct report_table *table;
	struct rows rows = { 0 };
	char same[FMT_BUF], all[FMT_BUF];

	choose_rows(&rows, compare, compare->job->cli->options.verbose);
	arena_init(&columns->arena);
	make_columns(columns, compare);
	table = report_table(report, "figures", "Figures", columns->items, columns->nr);
	vec_foreach(&rows.order, row)
		add_row(table, compare, *row);
	report_limit(table, rows.nr_shown);
	if (!rows.nr_shown)
		report_hide(table);
	if (compare->sides.nr > WORDY_SIDES)
		report_note(report, "* is better than '%s', ! is worse",
			    compare->sides.items[compare->baseline].name);
	if (rows.nr_shown < rows.nr_main)
		report_note(report, "%s of %s main figures are the same on all sides; --verbose "
				    "shows all figures",
			    fmt_count(same, rows.nr_main - rows.nr_shown),
			    fmt_count(all, rows.nr_main));
	arena_deinit(&columns->arena);
	free(columns);
	vec_deinit(&rows.order);
}

static void choose_rows(struct rows *rows, const struct compare *compare, bool all)
{
	const struct figures *base = &compare->sides.items[0].figures;

	for (int shown = 1; shown >= 0; shown--) {
		for (size_t row = 0; row < base->list.nr; row++) {
			bool main = base->list.items[row].main;

			rows->nr_main += shown && main;
			if ((all || (main && differs(compare, row))) == shown)
				vec_push(&rows->order, row);
		}
		if (shown)
			rows->nr_shown = rows->order.nr;
	}
}

static bool differs(const struct compare *compare, size_t row)
{
	for (size_t side = 0; side < compare->sides.nr; side++) {
		enum compare_verdict verdict = verdict_of(compare, side, row);

		if (verdict != COMPARE_SAME && verdict != COMPARE_UNKNOWN)
			return true;
	}
	return false;
}

static void make_columns(struct columns *columns, const struct compare *compare)
{
	const struct report_column text = { .unit = REPORT_TEXT };
	const struct report_column hidden = { .unit = REPORT_TEXT, .flags = REPORT_COL_HIDDEN };
	const struct report_column derived = { .unit = REPORT_TEXT, .flags = REPORT_COL_DERIVED };

	/* People read the label; who writes thresholds asks for the keys with --verbose. */
	add_column(columns, "key", "", NULL,
		   compare->job->cli->options.verbose ? text : hidden);
	add_column(columns, "label", "", "figure", derived);
	add_column(columns, "unit", "", NULL, hidden);
	add_column(columns, "better", "", NULL, hidden);
	make_side(columns, compare, compare->baseline);
	for (size_t side = 0; side < compare->sides.nr; side++)
		if (side != compare->baseline)
			make_side(columns, compare, side);
}

static void make_side(struct columns *columns, const struct compare *compare, size_t side)
{
	const struct compare_side *s = &compare->sides.items[side];
	const struct report_column number = { .unit = REPORT_COUNT };
	const struct report_column change = { .unit = REPORT_CHANGE };
	const struct report_column hidden = { .unit = REPORT_TEXT, .flags = REPORT_COL_HIDDEN };
	const struct report_column derived = { .unit = REPORT_TEXT, .flags = REPORT_COL_DERIVED };

	add_column(columns, s->key, "", s->name, number);
	if (compare->nr_seeds > 1) {
		add_column(columns, s->key, ".low", "low", number);
		add_column(columns, s->key, ".high", "high", number);
	}
	if (side == compare->baseline)
		return;
	add_column(columns, s->key, ".change", "change", change);
	add_column(columns, s->key, ".verdict", NULL, hidden);
	add_column(columns, s->key, ".mark", "", derived);
}

static void add_column(struct columns *columns, const char *key, const char *suffix,
		       const char *title, struct report_column like)
{
	char *name = xasprintf("%s%s", key, suffix);

	like.key = arena_strndup(&columns->arena, name, strlen(name));
	like.title = title;
	columns->items[columns->nr++] = like;
	free(name);
}

static void add_row(struct report_table *table, const struct compare *compare, size_t row)
{
	const struct figures *base = &compare->sides.items[compare->baseline].figures;
	const struct figure *figure = &base->list.items[row];
	struct report_value cells[REPORT_COLUMNS];
	unsigned int nr = 0;

	cells[nr++] = report_str(figure->key);
	cells[nr++] = report_str(figure->label);
	cells[nr++] = report_str(figure_unit_name((enum figure_unit)figure->unit));
	cells[nr++] = report_str(figure_better_name((enum figure_better)figure->better));
	for (size_t i = 0; i < compare->sides.nr; i++) {
		/* The baseline comes first, whichever it is. */
		size_t at = i == 0 ? compare->baseline : i <= compare->baseline ? i - 1 : i;
		const struct compare_side *side = &compare->sides.items[at];

		cells[nr++] = value_of(&side->figures, row);
		if (compare->nr_seeds > 1) {
			cells[nr++] = value_of(&side->low, row);
			cells[nr++] = value_of(&side->high, row);
		}
		if (at == compare->baseline)
			continue;
		cells[nr++] = change_of(&side->figures.list.items[row], figure);
		cells[nr++] = report_str(verdict_names[verdict_of(compare, at, row)]);
		cells[nr++] = mark_of(compare, verdict_of(compare, at, row));
	}
	report_row(table, cells);
}

static struct report_value mark_of(const struct compare *compare, enum compare_verdict verdict)
{
	if (compare->sides.nr > WORDY_SIDES)
		return report_str(verdict_marks[verdict]);
	return report_str(*verdict_marks[verdict] ? verdict_names[verdict] : "");
}

static struct report_value value_of(const struct figures *figures, size_t row)
{
	if (row >= figures->list.nr)
		return report_none();
	return figure_value_of(&figures->list.items[row]);
}

/* In thousandths of a percent; from nothing there is no share to speak of. */
static struct report_value change_of(const struct figure *figure, const struct figure *base)
{
	__int128 change;

	if (!figure->known || !base->known || (!base->value && figure->value))
		return report_none();
	if (!base->value)
		return report_i64(0);
	change = ((__int128)figure->value - base->value) * 100000 /
		 (base->value < 0 ? -(__int128)base->value : base->value);
	if (change > INT64_MAX || change < INT64_MIN)
		return report_none();
	return report_i64((int64_t)change);
}

static enum compare_verdict verdict_of(const struct compare *compare, size_t side, size_t row)
{
	const struct compare_side *s = &compare->sides.items[side];
	const struct compare_side *b = &compare->sides.items[compare->baseline];
	const struct figure *figure = &s->figures.list.items[row];
	const struct figure *base = &b->figures.list.items[row];
	const bool seeds = row < s->low.list.nr && row < b->low.list.nr;

	if (!figure->known || !base->known)
		return COMPARE_UNKNOWN;
	if (figure->value == base->value)
		return COMPARE_SAME;
	if (seeds && s->low.list.items[row].value <= b->high.list.items[row].value &&
	    b->low.list.items[row].value <= s->high.list.items[row].value)
		return COMPARE_SPREAD;
	/* What was recorded is no better or worse machine: the difference is the simulation's. */
	if (figure->better == BETTER_NEITHER || s->recorded || b->recorded)
		return COMPARE_OTHER;
	return (figure->value < base->value) == (figure->better == BETTER_LESS) ? COMPARE_BETTER
										: COMPARE_WORSE;
}

static void add_thresholds(struct report *report, struct compare *compare)
{
	static const struct report_column columns[] = {
		{ "threshold", "fails if", REPORT_TEXT, 0 },
		{ "side", "side", REPORT_TEXT, 0 },
		{ "result", "result", REPORT_TEXT, 0 },
		{ "why", "figures", REPORT_TEXT, 0 },
	};
	struct report_table *table =
		report_table(report, "thresholds", "Thresholds", columns, ARRAY_SIZE(columns));

	vec_foreach(&compare->thresholds, t) {
		bool crossed = false;

		/* The baseline is what the others are held against, unless it stands alone. */
		for (size_t side = 0; side < compare->sides.nr; side++)
			if (side != compare->baseline || compare->sides.nr == 1)
				crossed |= test_side(table, compare, *t, side);
		compare->nr_crossed += crossed;
	}
}

static bool test_side(struct report_table *table, const struct compare *compare,
		      const struct threshold *t, size_t side)
{
	static const char *const names[] = {
		[THRESHOLD_KEPT] = "passed",
		[THRESHOLD_CROSSED] = "FAILED",
		[THRESHOLD_UNKNOWN] = "FAILED: unknown",
	};
	const struct compare_side *s = &compare->sides.items[side];
	const struct compare_side *base = &compare->sides.items[compare->baseline];
	enum threshold_verdict verdict;
	struct str why;

	str_init(&why);
	verdict = threshold_test(t, &s->figures, &base->figures, &why);
	report_row(table, (struct report_value[]){ report_str(threshold_text(t)),
						   report_str(s->name), report_str(names[verdict]),
						   report_str(str_text(&why)) });
	if (verdict != THRESHOLD_KEPT)
		cli_error("%s: failed '%s': %s", s->name, threshold_text(t), str_text(&why));
	str_deinit(&why);
	return verdict != THRESHOLD_KEPT;
}
