/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Thinning of a time series by joining neighbouring buckets of time. */
#include <config.h>

#include "kmreplay/stats/series.h"

#include <stdlib.h>
#include <string.h>

static bool same_point(struct series_point a, struct series_point b);
static void halve(struct series *s);
static struct series_bucket join(const struct series_bucket *a, const struct series_bucket *b);
static void push_point(struct series_points *points, size_t from, struct series_point point);

void series_init(struct series *s, uint32_t cap, uint64_t width)
{
	BUG_ON(cap < 2);
	memset(s, 0, sizeof(*s));
	s->cap = cap;
	s->width = MAX(width, (uint64_t)1);
}

void series_deinit(struct series *s)
{
	free(s->buckets);
	memset(s, 0, sizeof(*s));
}

void series_add(struct series *s, uint64_t time, int64_t value)
{
	struct series_bucket one;
	uint64_t at;

	if (!s->buckets) {
		s->buckets = xcalloc(s->cap, sizeof(*s->buckets));
		s->start = s->now = time;
		s->min = s->max = value;
	}
	s->now = MAX(s->now, time);
	s->min = MIN(s->min, value);
	s->max = MAX(s->max, value);
	s->nr_values++;
	while ((at = (s->now - s->start) / s->width) >= s->cap)
		halve(s);
	one.first = one.min = one.max = one.last = (struct series_point){ s->now, value };
	one.nr = 1;
	s->buckets[at] = join(&s->buckets[at], &one);
	s->nr = MAX(s->nr, (uint32_t)at + 1);
}

void series_points(const struct series *s, struct series_points *points)
{
	for (uint32_t i = 0; i < s->nr; i++) {
		const struct series_bucket *b = &s->buckets[i];
		/* At one and the same time the one that is also the last must come last. */
		bool min_first = b->min.time < b->max.time ||
				 (b->min.time == b->max.time && !same_point(b->min, b->last));
		size_t from = points->nr;

		if (!b->nr)
			continue;
		push_point(points, from, b->first);
		push_point(points, from, min_first ? b->min : b->max);
		push_point(points, from, min_first ? b->max : b->min);
		push_point(points, from, b->last);
	}
}

static bool same_point(struct series_point a, struct series_point b)
{
	return a.time == b.time && a.value == b.value;
}

/* Joins buckets two by two; the width doubles, so that two buckets of 2^63 hold all time. */
static void halve(struct series *s)
{
	static const struct series_bucket empty;

	for (uint32_t i = 0; i < s->cap; i += 2) {
		const struct series_bucket *odd = i + 1 < s->cap ? &s->buckets[i + 1] : &empty;

		s->buckets[i / 2] = join(&s->buckets[i], odd);
	}
	s->nr = (s->nr + 1) / 2;
	memset(s->buckets + (s->cap + 1) / 2, 0, s->cap / 2 * sizeof(*s->buckets));
	s->width = s->width > UINT64_MAX / 2 ? UINT64_MAX : s->width * 2;
}

/* "a" comes before "b". */
static struct series_bucket join(const struct series_bucket *a, const struct series_bucket *b)
{
	struct series_bucket both = *a;

	if (!b->nr)
		return *a;
	if (!a->nr)
		return *b;
	both.last = b->last;
	if (b->min.value < a->min.value)
		both.min = b->min;
	if (b->max.value > a->max.value)
		both.max = b->max;
	both.nr += b->nr;
	return both;
}

/* Leaves out a point that the bucket has already given: they begin at "from". */
static void push_point(struct series_points *points, size_t from, struct series_point point)
{
	for (size_t i = from; i < points->nr; i++) {
		if (same_point(points->items[i], point))
			return;
	}
	vec_push(points, point);
}
