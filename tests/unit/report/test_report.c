/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One document with one of everything, and what each writer makes of it. */
#include <config.h>

#include "kmreplay/core/str.h"
#include "kmreplay/report/report.h"

#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

enum { TEXT, JSON, CSV, TSV };

static char *render(const struct report *r, unsigned int format, bool color)
{
	const struct report_style style = { .format = format, .color = color, .width = 40 };
	char *text = NULL;
	size_t len;
	FILE *fp = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(fp);
	report_write(r, &style, fp);
	ck_assert_int_eq(fclose(fp), 0);
	return text;
}

static void expect(const struct report *r, unsigned int format, const char *want)
{
	char *text = render(r, format, false);

	ck_assert_str_eq(text, want);
	free(text);
}

static struct report *sample(void)
{
	static const struct report_column columns[] = {
		{ "live", "Live", REPORT_BYTES, 0 },
		{ "share", "Share", REPORT_PERCENT, REPORT_COL_DERIVED },
		{ "index", NULL, REPORT_RATIO, 0 },
		{ "name", "Name", REPORT_TEXT, 0 },
		{ "id", "Id", REPORT_NUMBER, REPORT_COL_HIDDEN },
	};
	struct report *r = report_create("test", 7);
	struct report_table *t;

	report_text(r, "file", "file", "a \"b\"\n\xff");
	report_count(r, "nr", "how many", 1234567);
	report_count(r, "hidden", NULL, 5);
	report_begin(r, "part", "A part");
	report_share(r, "lost", "lost", REPORT_COUNT, 1, 8);
	report_figure(r, "span_ns", "span", REPORT_NS, report_u64(1750000000));
	report_remark(r, "a %s", "remark");
	report_bool(r, "ok", "ok", true);
	report_figure(r, "none", "none", REPORT_BYTES, report_none());
	t = report_table(r, "caches", "Caches", columns, ARRAY_SIZE(columns));
	report_row(t, (struct report_value[]){ report_u64(4096), report_percent_of(1, 3),
					       report_i64(-1000), report_str("k,\"x\""),
					       report_i64(-7) });
	report_row(t, (struct report_value[]){ report_none(), report_percent_of(1, 0),
					       report_u64(5), report_str("tab\tend"),
					       report_u64(8) });
	report_total(t, (struct report_value[]){ report_u64(4097), report_none(), report_none(),
						 report_str("total"), report_none() });
	report_note(r, "this is a note that is longer than one line of forty columns");
	report_hint(r, "do this\n  command --with a very long line that has to stay whole");
	report_end(r);
	report_warn(r, "last");
	return r;
}

START_TEST(text_is_aligned)
{
	struct report *r = sample();

	expect(r, TEXT,
	       "file      a \"b\"\\x0a\\xff\n"
	       "how many  1,234,567\n"
	       "\n"
	       "A part\n"
	       "  lost  1 (12.5 %)\n"
	       "  span  1.75 s (a remark)\n"
	       "  ok    yes\n"
	       "  none  -\n"
	       "\n"
	       "  Caches\n"
	       "      Live   Share   index  Name\n"
	       "  4.00 KiB  33.3 %  -1.000  k,\"x\"\n"
	       "         -       -   0.005  tab\\x09end\n"
	       "  4.00 KiB       -       -  total\n"
	       "\n"
	       "  note: this is a note that is longer\n"
	       "        than one line of forty columns\n"
	       "\n"
	       "  hint: do this\n"
	       "          command --with a very long line that has to stay whole\n"
	       "\n"
	       "warning: last\n");
	report_destroy(r);
}
END_TEST

START_TEST(json_has_everything)
{
	struct report *r = sample();

	expect(r, JSON,
	       "{\n"
	       "  \"schema\": \"kmreplay/test/7\",\n"
	       "  \"file\": \"a \\\"b\\\"\\n\\ufffd\",\n"
	       "  \"nr\": 1234567,\n"
	       "  \"hidden\": 5,\n"
	       "  \"part\": {\n"
	       "    \"lost\": 1,\n"
	       "    \"span_ns\": 1750000000,\n"
	       "    \"ok\": true,\n"
	       "    \"none\": null,\n"
	       "    \"caches\": [\n"
	       "      {\"live\": 4096, \"index\": -1.000, \"name\": \"k,\\\"x\\\"\", \"id\": -7},\n"
	       "      {\"live\": null, \"index\": 0.005, \"name\": \"tab\\u0009end\", \"id\": 8}\n"
	       "    ],\n"
	       "    \"caches_total\": {\"live\": 4097, \"index\": null, \"name\": \"total\", "
	       "\"id\": null},\n"
	       "    \"notes\": [\n"
	       "      {\"level\": \"note\", \"text\": \"this is a note that is longer than one "
	       "line of forty columns\"},\n"
	       "      {\"level\": \"hint\", \"text\": \"do this\\n  command --with a very long "
	       "line that has to stay whole\"}\n"
	       "    ]\n"
	       "  },\n"
	       "  \"notes\": [\n"
	       "    {\"level\": \"warning\", \"text\": \"last\"}\n"
	       "  ]\n"
	       "}\n");
	report_destroy(r);
}
END_TEST

START_TEST(delimited_has_the_tables)
{
	struct report *r = sample();

	expect(r, CSV,
	       "live,index,name,id\n"
	       "4096,-1.000,\"k,\"\"x\"\"\",-7\n"
	       ",0.005,tab\tend,8\n");
	expect(r, TSV,
	       "live\tindex\tname\tid\n"
	       "4096\t-1.000\tk,\"x\"\t-7\n"
	       "\t0.005\ttab\\tend\t8\n");
	report_destroy(r);
}
END_TEST

START_TEST(tables_by_key_are_maps)
{
	static const struct report_column one[] = {
		{ "nr", "Count", REPORT_COUNT, 0 },
		{ "event", "Event", REPORT_TEXT, REPORT_COL_KEY },
	};
	static const struct report_column two[] = {
		{ "cpu", "CPU", REPORT_NUMBER, REPORT_COL_KEY },
		{ "nr", "Count", REPORT_COUNT, 0 },
		{ "addr", "Addr", REPORT_HEX, 0 },
	};
	struct report *r = report_create("map", 1);
	struct report_table *t = report_table(r, "events", NULL, one, 2);

	report_row(t, (struct report_value[]){ report_u64(3), report_str("kfree") });
	t = report_table(r, "cpus", NULL, two, 3);
	report_row(t, (struct report_value[]){ report_u64(0), report_u64(9), report_u64(255) });
	report_table(r, "empty", NULL, one, 2);
	expect(r, JSON,
	       "{\n"
	       "  \"schema\": \"kmreplay/map/1\",\n"
	       "  \"events\": {\n"
	       "    \"kfree\": 3\n"
	       "  },\n"
	       "  \"cpus\": {\n"
	       "    \"0\": {\"nr\": 9, \"addr\": \"0xff\"}\n"
	       "  },\n"
	       "  \"empty\": {}\n"
	       "}\n");
	expect(r, CSV,
	       "table,nr,event\n"
	       "events,3,kfree\n"
	       "table,cpu,nr,addr\n"
	       "cpus,0,9,0xff\n"
	       "table,nr,event\n");
	report_destroy(r);
}
END_TEST

START_TEST(people_see_the_first_rows)
{
	static const struct report_column column = { "nr", "Count", REPORT_COUNT, 0 };
	struct report *r = report_create("limit", 1);
	struct report_table *t = report_table(r, "t", NULL, &column, 1);

	for (uint64_t i = 1; i <= 1000000; i *= 10)
		report_row(t, &(struct report_value){ .kind = REPORT_U64, .u64 = i });
	report_limit(t, 2);
	expect(r, TEXT, "Count\n    1\n   10\n... and 5 more\n");
	expect(r, TSV, "nr\n1\n10\n100\n1000\n10000\n100000\n1000000\n");
	report_more(t, 1234);
	expect(r, TEXT, "Count\n    1\n   10\n... and 1,239 more\n");
	report_more(t, 0);
	report_limit(t, 7);
	expect(r, TEXT, "    Count\n        1\n       10\n      100\n    1,000\n   10,000\n"
			"  100,000\n1,000,000\n");
	report_destroy(r);
}
END_TEST

START_TEST(color_only_when_asked)
{
	struct report *r = sample();
	char *plain = render(r, TEXT, false);
	char *colored = render(r, TEXT, true);

	ck_assert_ptr_null(strchr(plain, '\033'));
	ck_assert_ptr_nonnull(strstr(colored, "\033[1mA part\033[0m"));
	free(plain);
	free(colored);
	report_destroy(r);
}
END_TEST

START_TEST(texts_are_made_harmless)
{
	static const struct {
		const char *text, *json, *printable;
	} rows[] = {
		{ "plain", "\"plain\"", "plain" },
		{ "\x1b[2J", "\"\\u001b[2J\"", "\\x1b[2J" },
		{ "\xc3\xa9", "\"\xc3\xa9\"", "\xc3\xa9" },         /* e with acute */
		{ "\xc2\x9b", "\"\xc2\x9b\"", "\\xc2\\x9b" },       /* C1 control: CSI */
		{ "\xc0\x80", "\"\\ufffd\\ufffd\"", "\\xc0\\x80" }, /* overlong */
		{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"", "\\xed\\xa0\\x80" },
		{ "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"", "\\xf4\\x90\\x80\\x80" },
		{ "a\xe2\x82", "\"a\\ufffd\\ufffd\"", "a\\xe2\\x82" }, /* cut short */
		{ "\\", "\"\\\\\"", "\\" },
	};
	struct str out;

	str_init(&out);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		str_reset(&out);
		report_add_json_string(&out, rows[i].text);
		ck_assert_str_eq(str_text(&out), rows[i].json);
		str_reset(&out);
		report_add_printable(&out, rows[i].text);
		ck_assert_str_eq(str_text(&out), rows[i].printable);
	}
	str_deinit(&out);
}
END_TEST

START_TEST(shares_do_not_overflow)
{
	ck_assert_uint_eq(report_percent_of(UINT64_MAX, UINT64_MAX).u64, 100000);
	ck_assert_uint_eq(report_ratio_of(UINT64_MAX / 2, UINT64_MAX).u64, 499);
	ck_assert_int_eq(report_percent_of(1, 0).kind, REPORT_NONE);
}
END_TEST

START_TEST(formats_are_listed)
{
	ck_assert_str_eq(report_format_name(TEXT), "text");
	ck_assert_str_eq(report_format_name(JSON), "json");
	ck_assert_str_eq(report_format_name(CSV), "csv");
	ck_assert_str_eq(report_format_name(TSV), "tsv");
	for (unsigned int i = 0; report_format_name(i); i++)
		ck_assert_ptr_nonnull(report_format_summary(i));
}
END_TEST

UNIT_MAIN("report", text_is_aligned, json_has_everything, delimited_has_the_tables,
	  tables_by_key_are_maps, people_see_the_first_rows, color_only_when_asked,
	  texts_are_made_harmless, shares_do_not_overflow, formats_are_listed)
