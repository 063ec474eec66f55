/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A map whose values are too large for struct u64map: they lie in a list beside it. */
#include <config.h>

#include "places.h"

#include <string.h>

void places_init(struct places *places)
{
	memset(places, 0, sizeof(*places));
	u64map_init(&places->index);
}

void places_deinit(struct places *places)
{
	u64map_deinit(&places->index);
	vec_deinit(&places->list);
	vec_deinit(&places->spare);
}

const uint64_t *places_find(const struct places *places, uint64_t recorded)
{
	const uint32_t *at =
		recorded == U64MAP_NO_KEY ? NULL : u64map_find(&places->index, recorded);

	return at ? &places->list.items[*at].ours : NULL;
}

bool places_put(struct places *places, uint64_t recorded, uint64_t ours, uint64_t *before)
{
	bool fresh;
	uint32_t *at = u64map_insert(&places->index, recorded, &fresh);

	if (!fresh) {
		*before = places->list.items[*at].ours;
	} else if (places->spare.nr) {
		*at = places->spare.items[--places->spare.nr];
	} else {
		*at = (uint32_t)places->list.nr;
		vec_push(&places->list, (struct place){ 0 });
	}
	places->list.items[*at] = (struct place){ recorded, ours };
	return !fresh;
}

bool places_take(struct places *places, uint64_t recorded, uint64_t *ours)
{
	const uint32_t *at =
		recorded == U64MAP_NO_KEY ? NULL : u64map_find(&places->index, recorded);

	if (!at)
		return false;
	*ours = places->list.items[*at].ours;
	vec_push(&places->spare, *at);
	(void)u64map_remove(&places->index, recorded);
	return true;
}
