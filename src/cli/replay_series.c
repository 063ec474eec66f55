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

#include "series_file.h"

#include "kmreplay/mm/zone.h"
#include "kmreplay/replay/metrics.h"
#include "kmreplay/replay/replay.h"

#include <stdlib.h>
#include <string.h>

/* A column that a scope has a value in. */
struct field {
	enum replay_metric metric;
	unsigned int member;
	unsigned int gap; /* delimiters since the one before */
};

struct replay_series {
	struct series_file file;
	struct replay *r;
	struct replay_metrics *metrics;
	struct vec(struct field) fields[SCOPE_NR];
	unsigned int nr_columns; /* of metrics */
};

static void add_columns(struct replay_series *s);
static void add_column(struct replay_series *s, enum replay_metric metric, unsigned int member,
		       unsigned int *last);
static void add_header(struct replay_series *s);
static void look(void *ctx, const struct replay_moment *moment);
static void add_zones(struct replay_series *s);
static void add_row(struct replay_series *s, struct metric_place place, const char *zone, int node);
static void add_delimiters(struct replay_series *s, unsigned int nr);

int replay_series_open(struct cli *cli, struct replay_series **ret)
{
	struct replay_series *s;
	int status;

	*ret = NULL;
	if (!cli->options.series)
		return EXIT_OK;
	s = xcalloc(1, sizeof(*s));
	status = series_file_open(&s->file, &cli->options, "--series", cli->options.series);
	if (status == EXIT_OK)
		*ret = s;
	else
		free(s);
	return status;
}

bool replay_series_attach(struct replay_series *s, struct replay *r, const struct trace_info *info,
			  uint64_t nr_events, struct error *err)
{
	struct replay_probe probe = { .look = look, .ctx = s };

	if (!s)
		return true;
	if (!series_file_probe(&s->file, info, nr_events, &probe, err))
		return false;
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
	status = series_file_close(&s->file, keep, status);
	replay_metrics_destroy(s->metrics);
	for (unsigned int scope = 0; scope < SCOPE_NR; scope++)
		vec_deinit(&s->fields[scope]);
	free(s);
	return status;
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
	static const char *const keys[] = { "scope", "node", "zone", "order" };
	struct str *rows = &s->file.rows;

	series_file_header(&s->file);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		str_add(rows, keys[i]);
		str_add_char(rows, s->file.delimiter);
	}
	for (unsigned int i = 0; i < METRIC_NR; i++) {
		unsigned int first, end = replay_metric_members((enum replay_metric)i, &first);

		for (unsigned int member = first; member < end; member++) {
			if (i || member > first)
				str_add_char(rows, s->file.delimiter);
			replay_metric_column((enum replay_metric)i, member, rows);
		}
	}
	str_add_char(rows, '\n');
	series_file_flush(&s->file);
}

static void look(void *ctx, const struct replay_moment *moment)
{
	struct replay_series *s = ctx;

	if (!series_file_moment(&s->file, moment))
		return;
	replay_metrics_take(s->metrics, false);
	add_row(s, (struct metric_place){ .scope = SCOPE_MACHINE }, "", -1);
	for (unsigned int i = 0; i < replay_metrics_rows(s->metrics, SCOPE_ORDER); i++)
		add_row(s, (struct metric_place){ .scope = SCOPE_ORDER, .order = i }, "", -1);
	for (unsigned int i = 0; i < replay_metrics_rows(s->metrics, SCOPE_NODE); i++)
		add_row(s, (struct metric_place){ .scope = SCOPE_NODE, .index = i }, "", (int)i);
	add_zones(s);
	series_file_flush(&s->file);
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
	struct str *rows = &s->file.rows;
	const char delimiter = s->file.delimiter;
	const size_t start = rows->len;
	unsigned int column = 0;
	bool empty = true;

	str_add_mem(rows, s->file.head.data, s->file.head.len);
	str_add(rows, metric_scope_key(place.scope));
	str_add_char(rows, delimiter);
	if (node >= 0)
		series_add_number(rows, (uint64_t)node);
	str_add_char(rows, delimiter);
	str_add(rows, zone);
	str_add_char(rows, delimiter);
	if (place.scope == SCOPE_ORDER || place.scope == SCOPE_ZONE_ORDER)
		series_add_number(rows, place.order);
	str_add_char(rows, delimiter);
	vec_foreach(&s->fields[place.scope], field) {
		int64_t value = replay_metrics_get(s->metrics, field->metric, field->member, place);

		add_delimiters(s, field->gap);
		column += field->gap;
		if (value == METRIC_VOID)
			continue;
		series_add_value(rows, replay_metric_info(field->metric)->unit, value);
		empty = false;
	}
	add_delimiters(s, s->nr_columns - 1 - column);
	str_add_char(rows, '\n');
	if (empty)
		rows->len = start;
}

static void add_delimiters(struct replay_series *s, unsigned int nr)
{
	struct str *rows = &s->file.rows;

	str_reserve(rows, nr);
	memset(rows->data + rows->len, s->file.delimiter, nr);
	rows->len += nr;
	rows->data[rows->len] = '\0';
}
