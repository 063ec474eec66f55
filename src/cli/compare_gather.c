/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The figures of all sides, made comparable: the same rows for all, means over the seeds. */
#include <config.h>

#include "compare.h"

#include <stdlib.h>

static void gather_side(struct compare *compare, struct compare_side *side);
static void add_seed(struct compare_side *side, const struct figures *seed);
static void finish_mean(struct figures *figures, uint64_t nr);

/* Every side gets the same rows: what one machine lacks (a zone) is unknown there. */
void compare_gather(struct compare *compare)
{
	struct figures all;

	figures_init(&all);
	vec_foreach(&compare->sides, side) {
		gather_side(compare, side);
		figures_add_keys(&all, &side->figures);
	}
	vec_foreach(&compare->sides, side) {
		figures_align(&side->figures, &all);
		if (side->low.list.nr) {
			figures_align(&side->low, &all);
			figures_align(&side->high, &all);
		}
	}
	figures_deinit(&all);
}

void compare_deinit(struct compare *compare)
{
	vec_foreach(&compare->sides, side) {
		figures_deinit(&side->figures);
		figures_deinit(&side->low);
		figures_deinit(&side->high);
		free(side->name);
		free(side->key);
	}
	vec_deinit(&compare->sides);
	vec_foreach(&compare->thresholds, t)
		threshold_destroy(*t);
	vec_deinit(&compare->thresholds);
}

static void gather_side(struct compare *compare, struct compare_side *side)
{
	const struct replay_side *machines = &compare->job->sides.items[side->first];
	struct figures one;

	if (side->recorded) {
		figures_init_recorded(&side->figures, &compare->job->recorded);
		return;
	}
	figures_init_replay(&side->figures, machines[0].replay);
	if (compare->nr_seeds < 2)
		return;
	figures_init_replay(&side->low, machines[0].replay);
	figures_init_replay(&side->high, machines[0].replay);
	for (uint64_t seed = 1; seed < compare->nr_seeds; seed++) {
		figures_init_replay(&one, machines[seed].replay);
		add_seed(side, &one);
		figures_deinit(&one);
	}
	finish_mean(&side->figures, compare->nr_seeds);
}

/* The same machine has the same figures in the same order, whatever its seed. */
static void add_seed(struct compare_side *side, const struct figures *seed)
{
	for (size_t i = 0; i < seed->list.nr; i++) {
		const struct figure *one = &seed->list.items[i];
		struct figure *sum = &side->figures.list.items[i];
		struct figure *low = &side->low.list.items[i], *high = &side->high.list.items[i];

		/* An unknown value stays unknown: a mean of some seeds would mislead. */
		sum->known &= one->known;
		sum->value += one->value;
		low->known = high->known = sum->known;
		low->value = MIN(low->value, one->value);
		high->value = MAX(high->value, one->value);
	}
}

static void finish_mean(struct figures *figures, uint64_t nr)
{
	vec_foreach(&figures->list, figure)
		figure->value /= (int64_t)nr;
}
