/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that are alike, counted instead of shown. */
#include <config.h>

#include "run_fold.h"

#include "kmreplay/scenario/scenario.h"

static uint64_t key_of(const struct scenario_place *place, const struct mm_outcome *out);

void run_fold_init(struct run_fold *fold, uint64_t limit)
{
	*fold = (struct run_fold){ .limit = limit };
	u64map_init(&fold->shown);
}

void run_fold_deinit(struct run_fold *fold)
{
	u64map_deinit(&fold->shown);
}

bool run_fold_hides(struct run_fold *fold, const struct scenario_place *place,
		    const struct mm_outcome *out)
{
	uint32_t *nr;
	bool fresh;

	if (!fold->limit)
		return false;
	nr = u64map_insert(&fold->shown, key_of(place, out), &fresh);
	if (fresh)
		*nr = 0;
	if (*nr < fold->limit) {
		++*nr;
		return false;
	}
	fold->hidden++;
	fold->hidden_ns += out->cost_ns;
	return true;
}

void run_fold_told(struct run_fold *fold)
{
	fold->hidden = 0;
	fold->hidden_ns = 0;
}

void run_fold_part(struct run_fold *fold)
{
	u64map_deinit(&fold->shown);
	u64map_init(&fold->shown);
}

/* A text has at most 2^24 bytes, and so lines and columns. */
static uint64_t key_of(const struct scenario_place *place, const struct mm_outcome *out)
{
	static_assert(SCENARIO_MAX_BYTES < 1 << 24, "places fit");

	return (uint64_t)place->line << 40 | (uint64_t)place->column << 16 |
	       (uint64_t)out->path << 8 | out->failure;
}
