/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single differences told, and classes of them. */
#include <config.h>

#include "verify_report.h"

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/xalloc.h"
#include "kmreplay/event/desc.h"
#include "kmreplay/event/print.h"

#include <stdlib.h>
#include <string.h>

static void add_stories(struct report *report, const struct verify_facts *facts,
			enum verify_layer layer, enum verify_mode mode);
static void add_story(struct report *report, const struct verify_facts *facts,
		      const struct verify_story *story, size_t number);
static void event_words(const struct verify_facts *facts, const struct verify_story *story,
			struct str *out);
static void add_lines(struct report *report, const char *label, const struct str *text);
static int by_count(const void *a, const void *b);
static void class_row(struct report_table *table, const struct verify_facts *facts,
		      enum verify_mode mode, const struct verify_class *class);
static struct report_value cache_value(const struct verify_facts *facts, uint32_t cache);

void verify_report_stories(struct report *report, const struct verify_facts *facts)
{
	for (unsigned int layer = 0; layer < VERIFY_LAYER_NR; layer++)
		for (unsigned int mode = 0; mode < VERIFY_MODE_NR; mode++)
			add_stories(report, facts, (enum verify_layer)layer,
				    (enum verify_mode)mode);
}

void verify_report_classes(struct report *report, const struct verify_facts *facts)
{
	static const struct report_column columns[] = {
		{ "metric", "metric", REPORT_TEXT, 0 },
		{ "mode", "mode", REPORT_TEXT, 0 },
		{ "count", "count", REPORT_COUNT, 0 },
		{ "first_event", "first at", REPORT_NUMBER, 0 },
		{ "rule", "rule", REPORT_TEXT, 0 },
		{ "order", "order", REPORT_NUMBER, 0 },
		{ "migratetype", "type", REPORT_TEXT, 0 },
		{ "cache", "cache", REPORT_TEXT, 0 },
		{ "site", "call site", REPORT_TEXT, 0 },
	};
	struct report_table *table = report_table(report, "classes", "Differences by class",
						  columns, ARRAY_SIZE(columns));

	report_limit(table, facts->options->lines);
	for (unsigned int mode = 0; mode < VERIFY_MODE_NR; mode++) {
		struct vec(struct verify_class) classes = { 0 };

		for (unsigned int layer = 0; layer < VERIFY_LAYER_NR; layer++) {
			const struct verify_log *log = verify_run_log(
				facts->run, (enum verify_layer)layer, (enum verify_mode)mode);

			for (size_t i = 0; log && i < log->classes.nr; i++)
				vec_push(&classes, log->classes.items[i]);
		}
		if (classes.nr)
			qsort(classes.items, classes.nr, sizeof(*classes.items), by_count);
		vec_foreach(&classes, class)
			class_row(table, facts, (enum verify_mode)mode, class);
		vec_deinit(&classes);
	}
}

static void add_stories(struct report *report, const struct verify_facts *facts,
			enum verify_layer layer, enum verify_mode mode)
{
	const struct verify_log *log = verify_run_log(facts->run, layer, mode);
	char *key, *title;
	size_t number = 0;

	if (!log || !log->stories.nr)
		return;
	key = xasprintf("stories_%s_%s", verify_layer_name(layer), verify_mode_name(mode));
	title = xasprintf("Layer %s, %s: decisions in detail", verify_layer_name(layer),
			  mode == VERIFY_FOLLOW ? "followed" : "free-running");
	report_begin(report, key, title);
	vec_foreach(&log->stories, story)
		add_story(report, facts, story, number++);
	report_end(report);
	free(key);
	free(title);
}

static void add_story(struct report *report, const struct verify_facts *facts,
		      const struct verify_story *story, size_t number)
{
	const struct verify_metric_desc *desc =
		verify_metric_desc((enum verify_metric)story->metric);
	struct str words;
	char *key = xasprintf("story%zu", number);
	char *title = xasprintf("Event %llu: %s %s%s%s", (unsigned long long)story->what.number,
				desc->key, story->right ? "agrees" : "differs",
				story->what.path ? ", by the rule " : "",
				story->what.path ? story->what.path : "");

	str_init(&words);
	report_begin(report, key, title);
	report_figure(report, "event", NULL, REPORT_NUMBER, report_u64(story->what.number));
	report_text(report, "metric", NULL, desc->key);
	report_bool(report, "right", NULL, story->right);
	event_words(facts, story, &words);
	if (words.len)
		report_text(report, "recorded", "event", str_text(&words));
	add_lines(report, "ours", &story->ours);
	add_lines(report, "kernel", &story->kernel);
	add_lines(report, "state", &story->state);
	report_end(report);
	str_deinit(&words);
	free(title);
	free(key);
}

/* The event as tracefs prints it. */
static void event_words(const struct verify_facts *facts, const struct verify_story *story,
			struct str *out)
{
	const struct event *ev = &story->ev;
	const struct event_printer printer = {
		.names = facts->names,
		.era = facts->info->era,
		.ticks = facts->info->unit == TRACE_CLOCK_TICKS,
	};

	/* What lies in a side buffer is gone by now. */
	if (!story->has_event || ev->type == EVENT_MARK || ev->type == EVENT_PROBE_BULK_FREE)
		return;
	event_print_text(&printer, ev, NULL, out);
	while (out->len && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
}

/* Each line is a figure of its own: "state", "state2", ... */
static void add_lines(struct report *report, const char *label, const struct str *text)
{
	const char *at = str_text(text);

	for (unsigned int nr = 1; *at; nr++) {
		const size_t len = strcspn(at, "\n");
		char *line = xasprintf("%.*s", (int)len, at);
		char *key = nr == 1 ? xstrdup(label) : xasprintf("%s%u", label, nr);

		report_text(report, key, nr == 1 ? label : "", line);
		free(key);
		free(line);
		at += len + (at[len] == '\n');
	}
}

static int by_count(const void *a, const void *b)
{
	const struct verify_class *x = a, *y = b;

	if (x->nr != y->nr)
		return x->nr > y->nr ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static void class_row(struct report_table *table, const struct verify_facts *facts,
		      enum verify_mode mode, const struct verify_class *class)
{
	const bool typed = class->type < MIGRATE_NR;
	struct str site;

	str_init(&site);
	if (class->site)
		event_site_print(facts->names, class->site, false, &site);
	report_row(table,
		   (struct report_value[]){
			   report_str(verify_metric_desc((enum verify_metric)class->metric)->key),
			   report_str(verify_mode_name(mode)),
			   report_u64(class->nr),
			   report_u64(class->first),
			   report_str(class->path),
			   class->order >= 0 ? report_u64((uint64_t)class->order) : report_none(),
			   typed ? report_str(migratetype_name((enum migratetype)class->type)) :
				   report_none(),
			   cache_value(facts, class->cache),
			   site.len ? report_str(str_text(&site)) : report_none(),
		   });
	str_deinit(&site);
}

static struct report_value cache_value(const struct verify_facts *facts, uint32_t cache)
{
	const struct repair_cache *known;

	if (!cache || cache > repair_nr_caches(facts->repair))
		return report_none();
	known = repair_cache(facts->repair, cache);
	if (known->canon != cache)
		known = repair_cache(facts->repair, known->canon);
	if (!known->name)
		return report_str("(unnamed)");
	return report_str(intern_text(&facts->names->texts, known->name));
}
