/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics over time as one table. A look at the machine gives a row for each scope: the machine,
 * each order, node, zone, and order of a zone. A metric has the same column in all scopes that it
 * is told for; the fields of the others stay empty. So one file holds all and is read with any
 * tool for tables, where a scope is one condition away; and the table in long form, a row a value,
 * would be three times as large.
 */
#include <config.h>

#include "replay_series.h"

#include "kmreplay/mm/zone.h"
#include "kmreplay/replay/metrics.h"
#include "kmreplay/replay/replay.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { LOOKS = 1000 };

/* A column that a scope has a value in. */
struct field {
	enum replay_metric metric;
	unsigned int member;
	unsigned int gap; /* delimiters since the one before */
};

struct replay_series {
	struct outfile out;
	const char *path;
	int out_errno;        /* why writing failed; 0: it did not */
	const struct option_every *every;
	char delimiter;
	bool in_ns;           /* the recording's clock */
	bool has_rows;
	uint64_t last_event;  /* of the rows written last */
	struct replay *r;
	struct replay_metrics *metrics;
	struct vec(struct field) fields[SCOPE_NR];
	unsigned int nr_columns; /* of metrics */
	struct str head;      /* of the rows of this moment: time to marker */
	struct str rows;      /* not yet written */
};

static bool commit(struct replay_series *s);
static bool same_place(const struct cli_options *options);
static bool is_tsv(const char *path);
static void add_columns(struct replay_series *s);
static void add_column(struct replay_series *s, enum replay_metric metric, unsigned int member,
		       unsigned int *last);
static void add_header(struct replay_series *s);
static void look(void *ctx, const struct replay_moment *moment);
static void add_head(struct replay_series *s, const struct replay_moment *moment);
static void add_zones(struct replay_series *s);
static void add_row(struct replay_series *s, struct metric_place place, const char *zone, int node);
static void add_delimiters(struct replay_series *s, unsigned int nr);
static void add_value(struct str *out, enum metric_unit unit, int64_t value);
static void add_number(struct str *out, uint64_t nr);
static void flush(struct replay_series *s);

int replay_series_open(struct cli *cli, struct replay_series **ret)
{
	const struct cli_options *options = &cli->options;
	struct replay_series *s;
	struct error err;

	*ret = NULL;
	if (!options->series) {
		if (!option_was_given(options, offsetof(struct cli_options, every)))
			return EXIT_OK;
		cli_error("--every says how often --series looks, and there is no --series");
		return EXIT_USAGE;
	}
	if (same_place(options)) {
		cli_error("the report and --series would both go to '%s'",
			  !strcmp(options->series, "-") ? "standard output" : options->series);
		return EXIT_USAGE;
	}
	s = xcalloc(1, sizeof(*s));
	if (!outfile_open(&s->out, options->series, &err)) {
		cli_error("%s", err.message);
		free(s);
		return EXIT_OUTPUT;
	}
	/* A reader that goes away ends the table, not the report. */
	if (!s->out.path)
		signal(SIGPIPE, SIG_IGN);
	s->path = s->out.path ? options->series : "standard output";
	s->every = &options->every;
	s->delimiter = is_tsv(options->series) ? '\t' : ',';
	str_init(&s->head);
	str_init(&s->rows);
	*ret = s;
	return EXIT_OK;
}

bool replay_series_attach(struct replay_series *s, struct replay *r, const struct trace_info *info,
			  uint64_t nr_events, struct error *err)
{
	struct replay_probe probe = { .look = look, .ctx = s };

	if (!s)
		return true;
	s->in_ns = info->unit == TRACE_CLOCK_NS;
	if (s->every->ns && !s->in_ns)
		return error_set(err, "--every cannot be a time: the recording's clock '%s' does "
				      "not count nanoseconds", info->clock);
	probe.every_events = s->every->events;
	probe.every_ns = s->every->ns;
	probe.markers = s->every->markers;
	if (!probe.every_events && !probe.every_ns && !probe.markers)
		probe.every_events = MAX(nr_events / LOOKS, (uint64_t)1);
	s->r = r;
	s->metrics = replay_metrics_create(r);
	add_columns(s);
	add_header(s);
	replay_attach(r, &probe);
	return true;
}

int replay_series_close(struct replay_series *s, bool keep, int status)
{
	if (!s)
		return status;
	if (!keep)
		outfile_abort(&s->out);
	else if (!commit(s))
		status = EXIT_OUTPUT;
	replay_metrics_destroy(s->metrics);
	for (unsigned int scope = 0; scope < SCOPE_NR; scope++)
		vec_deinit(&s->fields[scope]);
	str_deinit(&s->head);
	str_deinit(&s->rows);
	free(s);
	return status;
}

static bool commit(struct replay_series *s)
{
	struct error err;

	if (s->out_errno) {
		error_set_errno(&err, s->out_errno, "cannot write '%s'", s->path);
		outfile_abort(&s->out);
		errno = s->out_errno;
	} else if (outfile_commit(&s->out, &err)) {
		return true;
	}
	/* Who closed the pipe knows it. */
	if (errno != EPIPE)
		cli_error("%s", err.message);
	return false;
}

static bool same_place(const struct cli_options *options)
{
	/* A device takes both. */
	return !strcmp(options->series, options->output) &&
	       strncmp(options->series, "/dev/", 5) != 0;
}

static bool is_tsv(const char *path)
{
	size_t len = strlen(path);

	return len > 4 && !strcmp(path + len - 4, ".tsv");
}

/* Which columns each scope fills, and how many it leaves out before each. */
static void add_columns(struct replay_series *s)
{
	unsigned int last[SCOPE_NR] = { 0 };

	for (unsigned int i = 0; i < METRIC_NR; i++) {
		enum replay_metric metric = (enum replay_metric)i;
		unsigned int first, end = replay_metric_members(metric, &first);

		for (unsigned int member = first; member < end; member++)
			add_column(s, metric, member, last);
	}
}

/* "last": by scope, the column before it. */
static void add_column(struct replay_series *s, enum replay_metric metric, unsigned int member,
		       unsigned int *last)
{
	for (unsigned int scope = 0; scope < SCOPE_NR; scope++) {
		if (!(replay_metric_info(metric)->scopes & 1U << scope))
			continue;
		vec_push(&s->fields[scope],
			 (struct field){ metric, member, s->nr_columns - last[scope] });
		last[scope] = s->nr_columns;
	}
	s->nr_columns++;
}

static void add_header(struct replay_series *s)
{
	static const char *const keys[] = { "time", "event", "when",  "marker",
					    "scope", "node", "zone", "order" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		str_add(&s->rows, keys[i]);
		str_add_char(&s->rows, s->delimiter);
	}
	for (unsigned int i = 0; i < METRIC_NR; i++) {
		unsigned int first, end = replay_metric_members((enum replay_metric)i, &first);

		for (unsigned int member = first; member < end; member++) {
			if (i || member > first)
				str_add_char(&s->rows, s->delimiter);
			replay_metric_column((enum replay_metric)i, member, &s->rows);
		}
	}
	str_add_char(&s->rows, '\n');
	flush(s);
}

static void look(void *ctx, const struct replay_moment *moment)
{
	struct replay_series *s = ctx;

	/* The end is no state of its own if the last event has rows already. */
	if (moment->when == REPLAY_END && s->has_rows && s->last_event == moment->event)
		return;
	s->has_rows = true;
	s->last_event = moment->event;
	replay_metrics_take(s->metrics, false);
	add_head(s, moment);
	add_row(s, (struct metric_place){ .scope = SCOPE_MACHINE }, "", -1);
	for (unsigned int i = 0; i < replay_metrics_rows(s->metrics, SCOPE_ORDER); i++)
		add_row(s, (struct metric_place){ .scope = SCOPE_ORDER, .order = i }, "", -1);
	for (unsigned int i = 0; i < replay_metrics_rows(s->metrics, SCOPE_NODE); i++)
		add_row(s, (struct metric_place){ .scope = SCOPE_NODE, .index = i }, "", (int)i);
	add_zones(s);
	flush(s);
}

static void add_head(struct replay_series *s, const struct replay_moment *moment)
{
	static const char *const whens[] = {
		[REPLAY_START] = "start",
		[REPLAY_EVERY] = "every",
		[REPLAY_MARKER] = "marker",
		[REPLAY_STOP] = "stop",
		[REPLAY_END] = "end",
	};
	const uint64_t second = 1000000000;

	str_reset(&s->head);
	if (s->in_ns)
		str_addf(&s->head, "%llu.%09llu", (unsigned long long)(moment->time / second),
			 (unsigned long long)(moment->time % second));
	else
		str_addf(&s->head, "%llu", (unsigned long long)moment->time);
	str_addf(&s->head, "%c%llu%c%s%c", s->delimiter, (unsigned long long)moment->event,
		 s->delimiter, whens[moment->when], s->delimiter);
	if (moment->marker && moment->marker->text.len)
		report_add_field(&s->head, s->delimiter,
				 (const char *)moment->batch->aux + moment->marker->text.aux);
	str_add_char(&s->head, s->delimiter);
}

static void add_zones(struct replay_series *s)
{
	const struct page_allocator *pa = machine_pages(replay_machine(s->r));

	for (unsigned int i = 0; i < replay_metrics_rows(s->metrics, SCOPE_ZONE); i++) {
		struct metric_place place = { .scope = SCOPE_ZONE, .index = i };
		struct zone_info info;

		zone_info(pa, i, &info);
		add_row(s, place, zone_type_name(info.type), info.node);
		place.scope = SCOPE_ZONE_ORDER;
		for (; place.order < KERNEL_NR_ORDERS; place.order++)
			add_row(s, place, zone_type_name(info.type), info.node);
	}
}

/* Nothing for a row without any value: what is not simulated, a node without memory. */
static void add_row(struct replay_series *s, struct metric_place place, const char *zone, int node)
{
	const size_t start = s->rows.len;
	unsigned int column = 0;
	bool empty = true;

	str_add_mem(&s->rows, s->head.data, s->head.len);
	str_add(&s->rows, metric_scope_key(place.scope));
	str_add_char(&s->rows, s->delimiter);
	if (node >= 0)
		add_number(&s->rows, (uint64_t)node);
	str_add_char(&s->rows, s->delimiter);
	str_add(&s->rows, zone);
	str_add_char(&s->rows, s->delimiter);
	if (place.scope == SCOPE_ORDER || place.scope == SCOPE_ZONE_ORDER)
		add_number(&s->rows, place.order);
	str_add_char(&s->rows, s->delimiter);
	vec_foreach(&s->fields[place.scope], field) {
		int64_t value = replay_metrics_get(s->metrics, field->metric, field->member, place);

		add_delimiters(s, field->gap);
		column += field->gap;
		if (value == METRIC_VOID)
			continue;
		add_value(&s->rows, replay_metric_info(field->metric)->unit, value);
		empty = false;
	}
	add_delimiters(s, s->nr_columns - 1 - column);
	str_add_char(&s->rows, '\n');
	if (empty)
		s->rows.len = start;
}

static void add_delimiters(struct replay_series *s, unsigned int nr)
{
	str_reserve(&s->rows, nr);
	memset(s->rows.data + s->rows.len, s->delimiter, nr);
	s->rows.len += nr;
	s->rows.data[s->rows.len] = '\0';
}

static void add_value(struct str *out, enum metric_unit unit, int64_t value)
{
	const uint64_t nr = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	if (value < 0)
		str_add_char(out, '-');
	if (unit != METRIC_RATIO) {
		add_number(out, nr);
		return;
	}
	add_number(out, nr / 1000);
	str_add_char(out, '.');
	str_add_char(out, (char)('0' + nr / 100 % 10));
	str_add_char(out, (char)('0' + nr / 10 % 10));
	str_add_char(out, (char)('0' + nr % 10));
}

/* There are hundreds of them at each look. */
static void add_number(struct str *out, uint64_t nr)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + nr % 10);
		nr /= 10;
	} while (nr);
	str_add_mem(out, digits + at, sizeof(digits) - at);
}

/* Failures are told when the file is closed: the replay goes on, for its report. */
static void flush(struct replay_series *s)
{
	if (!s->out_errno && s->rows.len &&
	    fwrite(s->rows.data, 1, s->rows.len, s->out.fp) != s->rows.len)
		s->out_errno = errno;
	str_reset(&s->rows);
}
