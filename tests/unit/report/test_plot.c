/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plots: what is kept of their data, what each writer makes of them, and drawing with gnuplot. */
#include <config.h>

#include "kmreplay/core/rng.h"
#include "kmreplay/core/str.h"
#include "../../../src/report/plot_internal.h"

#include "unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char hostile[] = "a'b\"\\`c`@d_{e}^f\n<script>&\x1b[1m\xff|%s```";

static const struct report_axis time_axis = { "time_ns", "time", REPORT_TIME, false, 0, 0 };

static char *render(const struct report *r, const char *format)
{
	struct report_style style = { .width = 70 };
	char *text = NULL;
	size_t len;
	FILE *fp = open_memstream(&text, &len);

	while (strcmp(report_format_name(style.format), format) != 0)
		style.format++;
	ck_assert_ptr_nonnull(fp);
	report_write(r, &style, fp);
	ck_assert_int_eq(fclose(fp), 0);
	return text;
}

static void expect(const struct report *r, const char *format, const char *want)
{
	char *text = render(r, format);

	ck_assert_str_eq(text, want);
	free(text);
}

static struct report_plot *plot(struct report *r, enum report_plot_kind kind, const char *key)
{
	struct report_plot_spec spec = {
		.key = key,
		.title = "Title",
		.says = "Look here.",
		.kind = kind,
		.x = time_axis,
		.y = { .key = "bytes", .label = "memory", .unit = REPORT_BYTES },
		.z = { .key = "free", .unit = REPORT_BYTES },
	};

	if (kind == REPORT_PLOT_BARS) {
		spec.x = (struct report_axis){ .key = "bytes", .unit = REPORT_BYTES };
		spec.y = (struct report_axis){ .key = "cache" };
	}
	return report_plot(r, &spec);
}

static const struct series_point three[] = { { 1000000000, 0 },
					     { 2000000000, 4096 },
					     { 3000000000, 1024 } };

static struct report *lines(void)
{
	struct report *r = report_create("test", 1);
	const uint64_t marks[] = { 2000000000, 2000000001, 3000000000 };
	struct report_panel *panel;

	report_time_span(r, 1000000000, 5000000000);
	report_marks(r, "failures", NULL, marks, ARRAY_SIZE(marks));
	panel = report_panel(plot(r, REPORT_PLOT_LINES, "course"), "all", NULL);
	report_series(panel, &(struct report_series){ "a", "slab", REPORT_COLOR_SLAB }, three,
		      ARRAY_SIZE(three));
	return r;
}

static struct report *bars(const char *name)
{
	struct report *r = report_create("test", 1);
	struct report_panel *panel = report_panel(plot(r, REPORT_PLOT_BARS, "caches"), "all", NULL);

	report_series(panel, &(struct report_series){ "live", NULL, REPORT_COLOR_LIVE }, NULL, 0);
	report_series(panel, &(struct report_series){ "waste", NULL, REPORT_COLOR_WASTE }, NULL, 0);
	report_bar(panel, name, (int64_t[]){ 3072, 1024 });
	report_bar(panel, "b", (int64_t[]){ 1024, 0 });
	return r;
}

static struct report *map(enum report_plot_kind kind)
{
	static const int64_t cells[2][6] = { { 0, 400, 1000, REPORT_CELL_NONE, 100, 900 },
					     { 0, 0, 0, 0, 800, 0 } };
	struct report *r = report_create("test", 1);
	struct report_panel *panel;

	report_time_span(r, 0, 3000000000);
	panel = report_panel(plot(r, kind, "map"), "all", NULL);
	for (unsigned int k = 0; k <= (kind == REPORT_PLOT_MAP); k++) {
		const struct report_grid grid = { 3, 2, 0, 3000000000, 0, 8192, cells[k] };
		const char *const keys[] = { "movable", "unmovable" };

		report_grid(panel, &(struct report_series){ keys[k], NULL, REPORT_COLOR_AUTO },
			    &grid);
	}
	return r;
}

START_TEST(text_has_sparks_and_bars)
{
	struct report *r = lines();

	expect(r, "text",
	       "Title\n"
	       "Look here.\n"
	       "          0.000000 s       4.000000 s        min        max       last\n"
	       "slab            ########.............        0 B   4.00 KiB   1.00 KiB\n"
	       "failures        !      !\n");
	report_destroy(r);
	r = bars("a");
	expect(r, "text",
	       "Title\n"
	       "Look here.\n"
	       "a         ####################################============   4.00 KiB\n"
	       "b         ############                                       1.00 KiB\n"
	       "          # live  = waste\n");
	report_destroy(r);
}
END_TEST

START_TEST(machines_get_the_data)
{
	struct report *r = lines();

	expect(r, "json",
	       "{\n"
	       "  \"schema\": \"kmreplay/test/1\",\n"
	       "  \"course\": {\"kind\": \"lines\", \"title\": \"Title\", \"says\": \"Look "
	       "here.\", "
	       "\"x\": {\"key\": \"time_ns\", \"label\": \"time\", \"start\": 1000000000, "
	       "\"end\": 5000000000}, \"y\": {\"key\": \"bytes\", \"label\": \"memory\"}, "
	       "\"z\": {\"key\": \"free\", \"label\": \"free\"}, \"panels\": [\n"
	       "{\"key\": \"all\", \"marks\": \"failures\", \"marks_ns\": [2000000000, 2000000001, "
	       "3000000000], \"series\": [\n"
	       "{\"key\": \"a\", \"label\": \"slab\", \"color\": \"#0072b2\", \"points\": "
	       "[[1000000000, 0], [2000000000, 4096], [3000000000, 1024]]}]}]}\n"
	       "}\n");
	expect(r, "csv",
	       "panel,series,time_ns,bytes\n"
	       "all,a,1000000000,0\n"
	       "all,a,2000000000,4096\n"
	       "all,a,3000000000,1024\n");
	report_destroy(r);
	r = map(REPORT_PLOT_HEAT);
	expect(r, "tsv",
	       "panel\tseries\ttime_ns\tbytes\tfree\n"
	       "all\tmovable\t0\t0\t0\n"
	       "all\tmovable\t1000000000\t0\t400\n"
	       "all\tmovable\t2000000000\t0\t1000\n"
	       "all\tmovable\t0\t4096\t\n"
	       "all\tmovable\t1000000000\t4096\t100\n"
	       "all\tmovable\t2000000000\t4096\t900\n");
	report_destroy(r);
	r = bars("x,y");
	expect(r, "csv",
	       "panel,series,cache,bytes\n"
	       "all,live,\"x,y\",3072\n"
	       "all,waste,\"x,y\",1024\n"
	       "all,live,b,1024\n"
	       "all,waste,b,0\n");
	report_destroy(r);
}
END_TEST

START_TEST(maps_in_characters)
{
	static const struct plot_terminal small = { .width = 26 };
	struct report *r = map(REPORT_PLOT_MAP);
	struct str out;

	str_init(&out);
	plot_add_text(&out, r->plots.items[0], &small);
	/* Two thirds of the lower row are movable, more and more full; above, unmovable. */
	ck_assert_ptr_nonnull(strstr(str_text(&out), "\n0 B       ......mmmmmMMMMM\n"));
	ck_assert_ptr_nonnull(strstr(str_text(&out), "\n4.00 KiB  ......UUUUUMMMMM\n"));
	str_deinit(&out);
	report_destroy(r);
}
END_TEST

/** Many values with one spike up, one down, and a third between others of the same column. */
static struct report *spikes(size_t nr, enum report_plot_kind kind)
{
	struct series_point *points = xcalloc(nr, sizeof(*points));
	struct report *r = report_create("test", 1);
	struct report_panel *panel;
	struct rng rng;

	rng_init(&rng, 1);
	for (size_t i = 0; i < nr; i++)
		points[i] = (struct series_point){ 1000 * i, 1000 + (int64_t)rng_below(&rng, 100) };
	points[nr / 3].value = 5000;
	points[nr / 2].value = -7000;
	points[nr / 2 + 1].value = 4999;
	report_time_span(r, 0, 1000 * nr);
	panel = report_panel(plot(r, kind, "spikes"), "all", NULL);
	report_series(panel, &(struct report_series){ "a", NULL, REPORT_COLOR_AUTO }, points, nr);
	for (size_t i = 0; i < nr; i++)
		points[i].value = 2000 - (int64_t)rng_below(&rng, 100);
	points[nr / 4].value = 9000;
	report_series(panel, &(struct report_series){ "b", NULL, REPORT_COLOR_AUTO }, points, nr);
	free(points);
	return r;
}

static bool has(const struct plot_rows *rows, uint64_t x, unsigned int k, int64_t value)
{
	for (size_t i = 0; i < rows->nr; i++)
		if (rows->x[i] == x && rows->values[i * rows->width + k] == value)
			return true;
	return false;
}

START_TEST(thinning_keeps_extremes)
{
	enum { NR = 30000 };

	for (enum report_plot_kind kind = REPORT_PLOT_AREAS; kind <= REPORT_PLOT_LINES; kind++) {
		struct report *r = spikes(NR, kind);
		const struct report_panel *panel = r->plots.items[0]->first;
		const struct plot_range x = { 0, 1000 * NR };
		struct plot_rows rows = plot_rows(panel, 0, x, 200);

		ck_assert_uint_le(rows.nr, 200);
		ck_assert_uint_gt(rows.nr, 20);
		ck_assert_uint_eq(rows.x[0], 0);
		ck_assert_uint_eq(rows.x[rows.nr - 1], 1000 * (NR - 1));
		for (size_t i = 1; i < rows.nr; i++)
			ck_assert_uint_ge(rows.x[i], rows.x[i - 1]);
		ck_assert(has(&rows, 1000 * (NR / 3), 0, 5000));
		ck_assert(has(&rows, 1000 * (NR / 2), 0, -7000));
		ck_assert(has(&rows, 1000 * (NR / 2 + 1), 0, 4999));
		if (kind == REPORT_PLOT_AREAS)
			ck_assert(has(&rows, 1000 * (NR / 4), 1, 9000));
		plot_rows_deinit(&rows);
		rows = plot_rows(panel, 0, x, NR);
		ck_assert_uint_eq(rows.nr, NR);
		plot_rows_deinit(&rows);
		report_destroy(r);
	}
}
END_TEST

START_TEST(stacks_hold_and_repeat)
{
	const struct series_point a[] = { { 10, 1 }, { 30, 5 }, { 30, 2 } };
	const struct series_point b[] = { { 20, 7 }, { 30, 8 } };
	const struct {
		uint64_t x;
		int64_t a, b;
	} want[] = {
		{ 10, 1, 0 },
		{ 20, 1, 7 },
		{ 30, 5, 8 },
		{ 30, 2, 8 },
	};
	struct report *r = report_create("test", 1);
	struct report_panel *panel = report_panel(plot(r, REPORT_PLOT_AREAS, "stack"), "all", NULL);
	struct plot_rows rows;

	report_series(panel, &(struct report_series){ "a", NULL, REPORT_COLOR_AUTO }, a, 3);
	report_series(panel, &(struct report_series){ "b", NULL, REPORT_COLOR_AUTO }, b, 2);
	rows = plot_rows(panel, 0, (struct plot_range){ 0, 40 }, 100);
	ck_assert_uint_eq(rows.nr, ARRAY_SIZE(want));
	for (size_t i = 0; i < rows.nr; i++) {
		ck_assert_uint_eq(rows.x[i], want[i].x);
		ck_assert_int_eq(rows.values[2 * i], want[i].a);
		ck_assert_int_eq(rows.values[2 * i + 1], want[i].b);
	}
	ck_assert_int_eq(plot_ranges(r->plots.items[0]).y.high, 13);
	plot_rows_deinit(&rows);
	report_destroy(r);
}
END_TEST

START_TEST(ticks_are_round_and_labelled)
{
	static const struct {
		struct report_axis axis;
		struct plot_range range;
		unsigned int want;
		const char *labels;
	} cases[] = {
		{ { "b", "b", REPORT_BYTES, false, 0, 0 },
		  { 0, 1288490189 },
		  5,
		  "0|0.2 GiB|0.4 GiB|0.6 GiB|0.8 GiB|1 GiB|1.2 GiB|" },
		{ { "b", "b", REPORT_BYTES, false, 0, 0 }, { 0, 5 }, 8, "0|1 B|2 B|3 B|4 B|5 B|" },
		{ { "b", "b", REPORT_BYTES, true, 0, 0 }, { 4096, 16777216 }, 3, "32 KiB|1 MiB|" },
		{ { "t", "t", REPORT_TIME, false, 0, 0 },
		  { 0, 62500000000 },
		  6,
		  "0|10|20|30|40|50|60|" },
		{ { "t", "t", REPORT_TIME, false, 0, 0 },
		  { 0, 1500000 },
		  3,
		  "0|0.0005|0.001|0.0015|" },
		{ { "n", "n", REPORT_NS, true, 0, 0 },
		  { 50, 2000000 },
		  8,
		  "100 ns|1 us|10 us|100 us|1 ms|" },
		{ { "n", "n", REPORT_NS, false, 0, 0 }, { 0, 2500 }, 3, "0|1 us|2 us|" },
		{ { "p", "p", REPORT_PERCENT, false, 0, 0 },
		  { 0, 100000 },
		  5,
		  "0|20 %|40 %|60 %|80 %|100 %|" },
		{ { "r", "r", REPORT_RATIO, false, 0, 0 }, { -1000, 1000 }, 4, "-1|-0.5|0|0.5|1|" },
		{ { "c", "c", REPORT_COUNT, false, 0, 0 }, { 0, 2500000 }, 3, "0|1 M|2 M|" },
		{ { "c", "c", REPORT_COUNT, false, 0, 0 }, { 0, 25000 }, 3, "0|10000|20000|" },
		{ { "c", "c", REPORT_COUNT, false, 0, 0 }, { 0, 1 }, 5, "0|1|" },
	};
	struct report *r = lines();

	report_time_span(r, 0, 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plot_tick ticks[PLOT_TICKS];
		unsigned int nr = plot_ticks(r->plots.items[0], &cases[i].axis, cases[i].range,
					     cases[i].want, ticks);
		struct str labels;

		str_init(&labels);
		for (unsigned int k = 0; k < nr; k++)
			str_addf(&labels, "%s|", ticks[k].label);
		ck_assert_msg(!strcmp(str_text(&labels), cases[i].labels), "%zu: '%s'", i,
			      str_text(&labels));
		str_deinit(&labels);
	}
	report_destroy(r);
}
END_TEST

START_TEST(texts_are_harmless_everywhere)
{
	struct report *r = bars(hostile);
	struct str script, data;
	char *text;

	report_title(r, hostile);
	report_say(r, "%s", hostile);
	report_begin(r, "part", hostile);
	report_text(r, "file", hostile, hostile);
	report_formula(r, "file", hostile, hostile);
	report_end(r);
	text = render(r, "html");
	ck_assert_ptr_null(strstr(text, "<script"));
	ck_assert_ptr_null(strchr(text, '\x1b'));
	ck_assert_ptr_null(strchr(text, '\xff'));
	ck_assert_ptr_nonnull(strstr(text, "\\x0a&lt;script&gt;&amp;\\x1b[1m\\xff|"));
	ck_assert_ptr_nonnull(strstr(text, "<a href=\"#metric-file\">"));
	ck_assert_ptr_nonnull(strstr(text, "default-src 'none'"));
	free(text);
	text = render(r, "markdown");
	ck_assert_ptr_null(strstr(text, "\n```"));
	ck_assert_ptr_nonnull(strstr(text, "&lt;script\\>&amp;\\\\x1b\\[1m\\\\xff\\|%s\\`\\`\\`"));
	free(text);
	str_init(&script);
	str_init(&data);
	plot_add_script(&script, r->plots.items[0], REPORT_SVG | REPORT_PNG);
	plot_add_data(&data, r->plots.items[0]);
	ck_assert_ptr_nonnull(strstr(str_text(&script), "('a''b\"\\`c`@d_{e}^f\\x0a"));
	ck_assert_ptr_nonnull(strstr(str_text(&data), "# a'b\"\\`c`@d_{e}^f\\x0a<script>"));
	str_deinit(&script);
	str_deinit(&data);
	report_destroy(r);
}
END_TEST

START_TEST(markdown_tables_are_tables)
{
	static const struct report_column columns[] = {
		{ "bytes", "Live", REPORT_BYTES, 0 },
		{ "name", "Na|me", REPORT_TEXT, 0 },
	};
	struct report *r = report_create("test", 1);
	struct report_table *t = report_table(r, "t", "Table", columns, 2);

	report_row(t, (struct report_value[]){ report_u64(2048), report_str("a|b_c") });
	report_row(t, (struct report_value[]){ report_none(), report_str("<i>") });
	report_limit(t, 1);
	report_hint(r, "do\n  run --this_now");
	expect(r, "markdown",
	       "# kmreplay test\n"
	       "\n"
	       "## Table\n"
	       "\n"
	       "| Live | Na\\|me |\n"
	       "| ---: | --- |\n"
	       "| 2.00 KiB | a\\|b\\_c |\n"
	       "\n"
	       "... and 1 more\n"
	       "\n"
	       "> **Hint:** do  \n"
	       "> `run --this_now`\n");
	report_destroy(r);
}
END_TEST

START_TEST(files_have_names_of_their_own)
{
	struct report *r = report_create("test", 1);

	ck_assert_str_eq(plot(r, REPORT_PLOT_LINES, "a")->file, "a");
	ck_assert_str_eq(plot(r, REPORT_PLOT_LINES, "b")->file, "b");
	ck_assert_str_eq(plot(r, REPORT_PLOT_LINES, "a")->file, "a-2");
	ck_assert_str_eq(plot(r, REPORT_PLOT_LINES, "a")->file, "a-3");
	report_destroy(r);
}
END_TEST

START_TEST(svg_that_leaves_the_page_is_refused)
{
	static const struct {
		const char *svg, *want;
	} cases[] = {
		{ "<svg viewBox=\"0 0 7 5\">\n<title>p1</title>\n<g fill=\"black\"></g></svg>",
		  "<svg role=\"img\" viewBox=\"0 0 7 5\" aria-label=\"Look here.\">\n\n"
		  "<g fill=\"currentColor\"></g></svg>" },
		{ "<svg viewBox=\"0 0 7 5\"><image xlink:href='x_image_01.png'/></svg>", NULL },
		{ "<svg viewBox=\"0 0 7 5\"><script></script></svg>", NULL },
		{ "<svg viewBox=\"0 0 7 5\"><g>", NULL },
		{ "<svg></svg>", NULL },
		{ "", NULL },
	};
	struct report *r = lines();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct str out;

		str_init(&out);
		ck_assert_int_eq(plot_add_svg(&out, r->plots.items[0], cases[i].svg),
				 cases[i].want != NULL);
		if (cases[i].want)
			ck_assert_str_eq(str_text(&out), cases[i].want);
		str_deinit(&out);
	}
	report_destroy(r);
}
END_TEST

/** A program in a new directory that stands in for gnuplot. */
static char *stand_in(const char *script)
{
	char *path = xstrdup("test_plot.XXXXXX");
	char *program;
	FILE *fp;

	ck_assert_ptr_nonnull(mkdtemp(path));
	program = xasprintf("%s/gnuplot", path);
	fp = fopen(program, "w");
	ck_assert_ptr_nonnull(fp);
	fprintf(fp, "#!/bin/sh\n%s\n", script);
	fclose(fp);
	chmod(program, 0755);
	free(path);
	path = realpath(program, NULL);
	free(program);
	return path;
}

static void remove_stand_in(char *program)
{
	unlink(program);
	*strrchr(program, '/') = '\0';
	rmdir(program);
	free(program);
}

START_TEST(without_gnuplot_the_page_says_so)
{
	static const struct {
		const char *script, *problem;
	} cases[] = {
		{ NULL, "cannot start '/nowhere/gnuplot': No such file or directory" },
		{ "exit 3", "drew no pictures: it failed without a word" },
		{ "echo >&2; echo 'plot x' >&2; echo '     ^' >&2; echo '  what?' >&2; exit 1",
		  "drew no pictures: what?" },
		{ "sleep 30", "drew no pictures: took longer than 200 ms" },
		{ "exec 2>&-; sleep 30", "drew no pictures: took longer than 200 ms" },
		{ "exit 0", "gnuplot made no usable picture of 'course'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *program =
			cases[i].script ? stand_in(cases[i].script) : xstrdup("/nowhere/gnuplot");
		const struct report_draw how = { .gnuplot = program, .limit_ms = 200 };
		struct report *r = lines();
		struct error err;
		char *text;

		ck_assert(report_draw(r, &how, &err));
		ck_assert_ptr_nonnull(report_draw_problem(r));
		ck_assert_msg(strstr(report_draw_problem(r), cases[i].problem), "%zu: %s", i,
			      report_draw_problem(r));
		text = render(r, "html");
		ck_assert_ptr_nonnull(strstr(text, "<b>Note:</b> pictures are missing: "));
		ck_assert_ptr_nonnull(strstr(text, "<pre>"));
		ck_assert_ptr_null(strstr(text, "<svg"));
		free(text);
		report_destroy(r);
		remove_stand_in(program);
	}
}
END_TEST

START_TEST(a_directory_that_cannot_be_made)
{
	const struct report_draw how = { .dir = "/dev/null/plots" };
	struct report *r = lines();
	struct error err;

	ck_assert(!report_draw(r, &how, &err));
	ck_assert_str_eq(err.message, "cannot make directory '/dev/null/plots': Not a directory");
	report_destroy(r);
}
END_TEST

static char *slurp(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);
	FILE *fp = fopen(path, "r");
	char *text = xcalloc(1, 1 << 20);

	ck_assert_msg(fp != NULL, "%s", path);
	ck_assert_uint_gt(fread(text, 1, (1 << 20) - 1, fp), 0);
	fclose(fp);
	unlink(path);
	free(path);
	return text;
}

START_TEST(pictures_are_small_clean_and_the_same_again)
{
	static const enum report_plot_kind kinds[] = { REPORT_PLOT_AREAS, REPORT_PLOT_LINES,
						       REPORT_PLOT_HEAT, REPORT_PLOT_MAP,
						       REPORT_PLOT_BARS };

	if (system("gnuplot --version >/dev/null 2>&1") != 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		char dir[] = "test_plot.XXXXXX";
		const struct report_draw keep = { .dir = dir }, lose = { 0 };
		struct report *r = kinds[i] <= REPORT_PLOT_LINES  ? spikes(30000, kinds[i])
				   : kinds[i] == REPORT_PLOT_BARS ? bars(hostile)
								  : map(kinds[i]);
		const struct report_plot *p = r->plots.items[0];
		char *svg, *gp, *dat;
		char name[64], *first;
		struct error err;

		ck_assert_ptr_nonnull(mkdtemp(dir));
		ck_assert(report_draw(r, &keep, &err));
		ck_assert_msg(!report_draw_problem(r), "%s", report_draw_problem(r));
		ck_assert_uint_lt(strlen(p->svg), 300000);
		ck_assert_ptr_null(strstr(p->svg, "black"));
		ck_assert_ptr_null(strstr(p->svg, "<title>"));
		ck_assert_ptr_null(strstr(p->svg, "GNUPLOT"));
		ck_assert_ptr_null(strstr(p->svg, "id='gpDot'"));
		ck_assert_ptr_nonnull(strstr(p->svg, "currentColor"));
		first = xstrdup(p->svg);
		ck_assert(report_draw(r, &lose, &err));
		ck_assert_str_eq(first, p->svg);
		free(first);
		/* What lies there draws the same picture by hand. */
		snprintf(name, sizeof(name), "%s.svg", p->file);
		svg = slurp(dir, name);
		snprintf(name, sizeof(name), "cd %s && LC_ALL=C gnuplot %s.gp", dir, p->file);
		ck_assert_int_eq(system(name), 0);
		snprintf(name, sizeof(name), "%s.svg", p->file);
		first = slurp(dir, name);
		ck_assert_str_eq(first, svg);
		snprintf(name, sizeof(name), "%s.gp", p->file);
		gp = slurp(dir, name);
		snprintf(name, sizeof(name), "%s.dat", p->file);
		dat = slurp(dir, name);
		ck_assert_int_eq(rmdir(dir), 0);
		free(first);
		free(svg);
		free(gp);
		free(dat);
		report_destroy(r);
	}
}
END_TEST

UNIT_MAIN("plot", text_has_sparks_and_bars, machines_get_the_data, maps_in_characters,
	  thinning_keeps_extremes, stacks_hold_and_repeat, ticks_are_round_and_labelled,
	  texts_are_harmless_everywhere, markdown_tables_are_tables, files_have_names_of_their_own,
	  svg_that_leaves_the_page_is_refused, without_gnuplot_the_page_says_so,
	  a_directory_that_cannot_be_made, pictures_are_small_clean_and_the_same_again)
