/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of GFP names: of one kernel, and of all generations beside each other. */
#include <config.h>

#include "gfp_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
	TODAY = 4, /* column of gfp_list() */
	FIXED = 3, /* columns before those of the generations */
	MAX_GENERATIONS = 32,
};

static int by_number(const void *a, const void *b);
static void generation_key(uint32_t first, char key[static 16]);
static void add_generations(struct report_table *table, const char *name, unsigned int nr);
static struct report_value number(const struct gfp_word *word, char buf[static 24]);

void gfp_list(struct report *report, uint32_t release)
{
	struct report_column columns[] = {
		{ "name", "name", REPORT_TEXT, 0 },
		{ "value", "value", REPORT_TEXT, 0 },
		{ "decides", "has a say in", REPORT_TEXT, 0 },
		{ "meaning", "meaning", REPORT_TEXT, 0 },
		{ "today", "write today", REPORT_TEXT, REPORT_COL_HIDDEN },
		{ "members", "members", REPORT_TEXT, 0 },
	};
	const struct gfp_generation *generation = gfp_generation_at(gfp_generation_of(release));
	struct vec(struct gfp_word) words = { 0 };
	struct report_table *table;
	struct gfp_word word;
	unsigned int at = 0;
	struct str text;

	str_init(&text);
	gfp_release_print(release, &text);
	report_text(report, "kernel", "kernel", str_text(&text));
	report_remark(report, "numbers as in %s", generation->name);
	while (gfp_word_next(release, &at, &word)) {
		vec_push(&words, word);
		if (word.today) /* people see that column when there is something in it */
			columns[TODAY].flags = 0;
	}
	qsort(words.items, words.nr, sizeof(*words.items), by_number);
	table = report_table(report, "names", NULL, columns, ARRAY_SIZE(columns));
	vec_foreach(&words, w) {
		char buf[24];

		report_row(table, (struct report_value[]){
					  report_str(w->name), number(w, buf),
					  report_str(gfp_topic_name(w->topic)),
					  report_str(w->meaning), report_str(w->today),
					  report_str(w->members) });
	}
	report_note(report, "a number in brackets depends on the configuration; it is the one that "
			    "distributions have, where they have the flag");
	vec_deinit(&words);
	str_deinit(&text);
}

void gfp_list_all(struct report *report)
{
	struct report_column columns[FIXED + MAX_GENERATIONS] = {
		{ "name", "name", REPORT_TEXT, 0 },
		{ "decides", "has a say in", REPORT_TEXT, REPORT_COL_HIDDEN },
		{ "meaning", "meaning", REPORT_TEXT, REPORT_COL_HIDDEN },
	};
	char keys[MAX_GENERATIONS][16];
	const struct gfp_generation *generation;
	struct report_table *table;
	unsigned int nr = 0;
	const char *name;

	for (; (generation = gfp_generation_at(nr)); nr++) {
		BUG_ON(nr == MAX_GENERATIONS);
		generation_key(generation->first, keys[nr]);
		columns[FIXED + nr] = (struct report_column){ keys[nr], generation->name,
							      REPORT_TEXT, 0 };
	}
	table = report_table(report, "names", NULL, columns, FIXED + nr);
	for (unsigned int i = 0; (name = gfp_word_name(i)); i++)
		add_generations(table, name, nr);
	report_note(report, "a number in brackets depends on the configuration; it is the one that "
			    "distributions have, where they have the flag");
}

/* Flags before composites, by number; what has none comes last. */
static int by_number(const void *a, const void *b)
{
	const struct gfp_word *x = a, *y = b;

	if (!x->members != !y->members)
		return x->members ? 1 : -1;
	if (x->raw != y->raw)
		return x->raw - 1 < y->raw - 1 ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* "from_2_6_24" */
static void generation_key(uint32_t first, char key[static 16])
{
	struct str text;

	str_init(&text);
	gfp_release_print(first, &text);
	snprintf(key, 16, "from_%s", str_text(&text));
	for (char *c = key; *c; c++)
		if (*c == '.')
			*c = '_';
	str_deinit(&text);
}

static void add_generations(struct report_table *table, const char *name, unsigned int nr)
{
	struct report_value values[FIXED + MAX_GENERATIONS] = { 0 };
	char numbers[MAX_GENERATIONS][24];
	struct gfp_word word;

	for (unsigned int i = 0; i < nr; i++) {
		if (!gfp_word_find_in(i, name, strlen(name), &word))
			continue;
		values[0] = report_str(word.name);
		values[1] = report_str(gfp_topic_name(word.topic));
		values[2] = report_str(word.meaning);
		values[FIXED + i] = number(&word, numbers[i]);
	}
	report_row(table, values);
}

static struct report_value number(const struct gfp_word *word, char buf[static 24])
{
	if (!word->raw && word->depends)
		return report_none();
	snprintf(buf, 24, word->depends ? "(%#x)" : "%#x", word->raw);
	return report_str(buf);
}
