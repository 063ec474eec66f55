/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * "Did you mean": the optimal string alignment distance (insert, delete, replace, swap two
 * neighbours) between what was written and what exists.
 */
#include <config.h>

#include "kmreplay/core/suggest.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 64 };

/* suggest_nearest()'s names as those of suggest_nearest_in(). */
struct plain_names {
	const char *(*name)(unsigned int i);
};

static const char *plain_name(const void *ctx, size_t i);
static unsigned int distance(const char *a, const char *b);

const char *suggest_nearest(const char *given, const char *(*name)(unsigned int i))
{
	const struct plain_names names = { .name = name };

	return suggest_nearest_in(given, plain_name, &names);
}

const char *suggest_nearest_in(const char *given, suggest_name_fn *name, const void *ctx)
{
	size_t len = strlen(given);
	unsigned int limit = (unsigned int)MIN(len / 3 + 1, (size_t)3);
	unsigned int least = UINT_MAX;
	const char *nearest = NULL;
	const char *at;

	if (!len || len > LONGEST)
		return NULL;
	for (size_t i = 0; (at = name(ctx, i)); i++) {
		unsigned int d = distance(given, at), score;

		/* A beginning is an abbreviation, however much is missing. */
		if (len > 1 && !strncmp(at, given, len))
			d = 0;
		/* All letters wrong is no mistake in writing. */
		if (d > limit || d >= len)
			continue;
		/* Of equally near ones the one of a like length. */
		score = d * LONGEST + (unsigned int)MIN(labs((long)strlen(at) - (long)len),
							(long)LONGEST - 1);
		if (score < least) {
			least = score;
			nearest = at;
		}
	}
	return nearest;
}

static const char *plain_name(const void *ctx, size_t i)
{
	const struct plain_names *names = ctx;

	return names->name((unsigned int)i);
}

static unsigned int distance(const char *a, const char *b)
{
	unsigned int rows[3][LONGEST + 2];
	size_t len = strlen(b);

	if (len > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= len; j++)
		rows[0][j] = (unsigned int)j;
	for (size_t i = 1; a[i - 1]; i++) {
		unsigned int *now = rows[i % 3];
		const unsigned int *last = rows[(i + 2) % 3];
		const unsigned int *before = rows[(i + 1) % 3];

		now[0] = (unsigned int)i;
		for (size_t j = 1; j <= len; j++) {
			unsigned int best = last[j - 1] + (a[i - 1] != b[j - 1]);

			best = MIN(best, last[j] + 1);
			best = MIN(best, now[j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = MIN(best, before[j - 2] + 1);
			now[j] = best;
		}
	}
	return rows[strlen(a) % 3][len];
}
