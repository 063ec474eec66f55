/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Failures on the axis of time: one by one while they are few, then by spans of it. */
#include <config.h>

#include "history_internal.h"

#include <string.h>

static struct replay_history_failure *find(struct history_failures *f, size_t nr,
					   const struct replay_history_failure *one);
static bool same_kind(const struct replay_history_failure *a,
		      const struct replay_history_failure *b);
static void unite(struct replay_history_failure *to, const struct replay_history_failure *one);
static void widen(struct history_failures *f);

void history_failures_init(struct history_failures *f, uint32_t cap)
{
	memset(f, 0, sizeof(*f));
	f->cap = cap;
	f->width = 1;
}

void history_failures_deinit(struct history_failures *f)
{
	vec_deinit(&f->rows);
}

void history_failures_add(struct history_failures *f, const struct replay_failure *failure)
{
	const struct replay_history_failure one = {
		.start = failure->first_time,
		.end = failure->first_time,
		.nr = failure->nr,
		.nr_pages = failure->nr_pages,
		.first_event = failure->first_event,
		.call = failure->call,
		.order = failure->order,
		.reason = failure->reason,
		.recorded = failure->recorded,
	};
	struct replay_history_failure *row = find(f, f->rows.nr, &one);

	if (row) {
		unite(row, &one);
		return;
	}
	/* A time takes a row of each kind at most, so widening ends; a tiny bound may not hold. */
	while (f->rows.nr >= f->cap && f->width < UINT64_MAX)
		widen(f);
	row = find(f, f->rows.nr, &one);
	if (row)
		unite(row, &one);
	else
		vec_push(&f->rows, one);
}

/* The row of the first "nr" that takes "one" in: of its kind, begun in the same span of time. */
static struct replay_history_failure *find(struct history_failures *f, size_t nr,
					   const struct replay_history_failure *one)
{
	const uint64_t span = one->start / f->width;

	while (nr-- > 0) {
		struct replay_history_failure *row = &f->rows.items[nr];

		/* Rows ascend, but for steps back in a recording: those begin rows of their own. */
		if (row->start / f->width != span)
			return NULL;
		if (same_kind(row, one))
			return row;
	}
	return NULL;
}

static bool same_kind(const struct replay_history_failure *a,
		      const struct replay_history_failure *b)
{
	return a->order == b->order && a->reason == b->reason && a->recorded == b->recorded;
}

static void unite(struct replay_history_failure *to, const struct replay_history_failure *one)
{
	to->start = MIN(to->start, one->start);
	to->end = MAX(to->end, one->end);
	to->nr += one->nr;
	to->nr_pages += one->nr_pages;
}

static void widen(struct history_failures *f)
{
	size_t nr = 0;

	f->width = f->width > UINT64_MAX / 2 ? UINT64_MAX : f->width * 2;
	for (size_t i = 0; i < f->rows.nr; i++) {
		struct replay_history_failure *row = find(f, nr, &f->rows.items[i]);

		if (row)
			unite(row, &f->rows.items[i]);
		else
			f->rows.items[nr++] = f->rows.items[i];
	}
	f->rows.nr = nr;
}
