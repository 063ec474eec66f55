/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slab caches over time. Which there are is not known beforehand, and what one is called may be
 * learned late: each look tells of the caches that have slabs or had requests by then, by the names
 * that they have by then.
 */
#include <config.h>

#include "slab_series.h"

#include "replay_job.h"
#include "series_file.h"

#include "kmreplay/report/report.h"

#include <stdlib.h>

struct slab_series {
	struct series_file file;
	struct replay_facts facts; /* what is told of, and in which order */
};

static void add_header(struct slab_series *s);
static void look(void *ctx, const struct replay_moment *moment);
static void add_row(struct slab_series *s, const struct slab_usage_row *row);

int slab_series_open(struct cli *cli, struct slab_series **ret)
{
	struct slab_series *s;
	int status;

	*ret = NULL;
	if (!cli->options.slab_series)
		return EXIT_OK;
	s = xcalloc(1, sizeof(*s));
	status = series_file_open(&s->file, &cli->options, "--slab-series",
				  cli->options.slab_series);
	if (status == EXIT_OK)
		*ret = s;
	else
		free(s);
	return status;
}

bool slab_series_attach(struct slab_series *s, struct replay_job *job, struct replay_side *side,
			struct error *err)
{
	struct replay_probe probe = { .look = look, .ctx = s };

	if (!s)
		return true;
	if (!series_file_probe(&s->file, trace_info(job->in.trace), job->survey.nr_events, &probe,
			       err))
		return false;
	s->facts = replay_job_facts(job, side);
	add_header(s);
	if (job->options.layers & LAYER_SLAB)
		replay_attach(side->replay, &probe);
	return true;
}

int slab_series_close(struct slab_series *s, bool keep, int status)
{
	if (!s)
		return status;
	status = series_file_close(&s->file, keep, status);
	free(s);
	return status;
}

static void add_header(struct slab_series *s)
{
	series_file_header(&s->file);
	str_add(&s->file.rows, "cache");
	for (unsigned int i = 0; i < SLAB_COL_NR; i++) {
		str_add_char(&s->file.rows, s->file.delimiter);
		str_add(&s->file.rows, slab_column_info((enum slab_column)i)->key);
	}
	str_add_char(&s->file.rows, '\n');
	series_file_flush(&s->file);
}

static void look(void *ctx, const struct replay_moment *moment)
{
	struct slab_series *s = ctx;
	struct slab_usage usage;

	if (!series_file_moment(&s->file, moment))
		return;
	replay_slab_usage(&s->facts, &usage);
	vec_foreach(&usage.rows, row)
		add_row(s, row);
	slab_usage_deinit(&usage);
	series_file_flush(&s->file);
}

static void add_row(struct slab_series *s, const struct slab_usage_row *row)
{
	struct str *rows = &s->file.rows;

	str_add_mem(rows, s->file.head.data, s->file.head.len);
	report_add_field(rows, s->file.delimiter, row->name);
	for (unsigned int i = 0; i < SLAB_COL_NR; i++) {
		const enum slab_column column = (enum slab_column)i;
		const int64_t value = slab_column_value(&row->stats, column);

		str_add_char(rows, s->file.delimiter);
		if (value != METRIC_VOID)
			series_add_value(rows, slab_column_info(column)->unit, value);
	}
	str_add_char(rows, '\n');
}
