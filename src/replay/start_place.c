/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Choosing free blocks by their number.
 *
 * Theory. From the largest order down, so that what is known to be free as a whole is not cut up.
 * For each order, in this turn: blocks of which all frames are said to be free; blocks of which
 * most are; blocks of which nothing is known, from a random place on. A chosen block may not make a
 * larger one together with its buddy, since the kernel would have merged them: some frame of the
 * buddy is then in use for sure.
 *
 * A block is on the list of its pageblock's type (before 6.10 it need not be). So pageblocks that
 * are said to hold free blocks get their types first: the rarest type goes, as often as there are
 * pageblocks of it, to the one whose blocks fit best to those that are to be chosen of that type.
 * Other pageblocks get theirs with their first block.
 */
#include <config.h>

#include "start_place.h"

#include "kmreplay/core/bits.h"

#include <stdlib.h>
#include <string.h>

struct candidate {
	uint32_t index, weight; /* frames that are wanted */
};

/* The wanted blocks of a pageblock against those that are to be chosen of a type. */
struct match {
	int64_t fit, misfit; /* pages */
	int64_t nr[KERNEL_NR_ORDERS]; /* of the blocks that fit */
};

static void assign_types(struct place *p);
static void assign_type(struct place *p, unsigned int type);
static void note_match(const struct place *p, uint32_t index, unsigned int type,
		       struct match *match);
static void choose_order(struct place *p, unsigned int order);
static void choose_wanted(struct place *p, unsigned int order);
static void choose_any(struct place *p, unsigned int order);
static bool any_left(const struct place *p, unsigned int order);
static bool weigh(const struct place *p, uint32_t index, unsigned int order, uint32_t *weight);
static int compare_candidates(const void *a, const void *b);
static bool try_block(struct place *p, uint32_t index, unsigned int order);
static bool keep_apart(struct place *p, uint32_t index, unsigned int order);
static unsigned int pick_type(const struct place *p, uint32_t index, unsigned int order);
static unsigned int known_type(const struct place *p, uint32_t index, unsigned int order);
static unsigned int best_type(const struct place *p, uint32_t index, unsigned int order);
static int64_t matches(const struct place *p, uint32_t index, unsigned int order,
		       unsigned int type);
static void set_type(struct place *p, uint32_t index, unsigned int order, unsigned int type);
static void fill_types(struct place *p);

void place_init(struct place *p, uint64_t start, uint64_t end, uint64_t seed)
{
	const uint64_t top = 1ULL << KERNEL_MAX_ORDER;

	*p = (struct place){ .base = bits_align_down(start, top) };
	p->nr = (uint32_t)(bits_align_up(end, top) - p->base);
	p->frames = xmalloc(p->nr);
	p->types = xmalloc(p->nr >> PLACE_BLOCK_ORDER);
	memset(p->frames, PLACE_USED, p->nr);
	memset(p->types, PLACE_NO_TYPE, p->nr >> PLACE_BLOCK_ORDER);
	rng_init(&p->rng, seed ^ p->base);
}

void place_deinit(struct place *p)
{
	free(p->frames);
	free(p->types);
	vec_deinit(&p->chosen);
}

void place_choose(struct place *p)
{
	assign_types(p);
	for (unsigned int order = KERNEL_NR_ORDERS; order-- > 0;)
		choose_order(p, order);
	fill_types(p);
}

bool place_is_complete(const struct place *p)
{
	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++) {
		if (any_left(p, order))
			return false;
	}
	return true;
}

/* All types but the commonest, the rarest first. */
static void assign_types(struct place *p)
{
	bool done[MIGRATE_NR] = { false };

	for (unsigned int round = 1; p->typed && !p->loose && round < MIGRATE_NR; round++) {
		unsigned int rarest = MIGRATE_NR;

		for (unsigned int type = 0; type < MIGRATE_NR; type++) {
			if (!done[type] &&
			    (rarest == MIGRATE_NR || p->quota[type] < p->quota[rarest]))
				rarest = type;
		}
		done[rarest] = true;
		assign_type(p, rarest);
	}
}

static void assign_type(struct place *p, unsigned int type)
{
	int64_t left[KERNEL_NR_ORDERS];

	for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++)
		left[o] = p->left[o][type];
	while (p->quota[type] > 0) {
		struct match best = { 0 };
		uint32_t at = p->nr;

		for (uint32_t i = 0; i < p->nr; i += PLACE_BLOCK) {
			struct match match = { 0 };

			if (p->types[i >> PLACE_BLOCK_ORDER] != PLACE_NO_TYPE)
				continue;
			note_match(p, i, type, &match);
			if (match.fit - match.misfit > best.fit - best.misfit) {
				best = match;
				at = i;
			}
		}
		if (at == p->nr)
			break;
		set_type(p, at, 0, type);
		/* What fits there is no longer to be had elsewhere. */
		for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++)
			p->left[o][type] -= best.nr[o];
	}
	for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++)
		p->left[o][type] = left[o];
}

/* Whole pageblocks are of no help: any type's lists may hold them. */
static void note_match(const struct place *p, uint32_t index, unsigned int type,
		       struct match *match)
{
	uint32_t weight;

	for (uint32_t at = index; at < index + PLACE_BLOCK;) {
		unsigned int o = 0;

		if (!weigh(p, at, 0, &weight) || !weight) {
			at++;
			continue;
		}
		while (o < PLACE_BLOCK_ORDER && !(at & ((2U << o) - 1)) &&
		       weigh(p, at, o + 1, &weight) && weight == 2U << o)
			o++;
		if (o == PLACE_BLOCK_ORDER)
			return;
		if (p->left[o][type] > match->nr[o]) {
			match->nr[o]++;
			match->fit += 1LL << o;
		} else {
			match->misfit += 1LL << o;
		}
		at += 1U << o;
	}
}

static void choose_order(struct place *p, unsigned int order)
{
	const uint32_t size = 1U << order;
	uint32_t weight;

	for (uint32_t at = 0; at < p->nr && any_left(p, order); at += size) {
		if (weigh(p, at, order, &weight) && weight == size)
			(void)try_block(p, at, order);
	}
	choose_wanted(p, order);
	choose_any(p, order);
}

static void choose_wanted(struct place *p, unsigned int order)
{
	struct vec(struct candidate) found = { 0 };

	for (uint32_t at = 0; at < p->nr && any_left(p, order); at += 1U << order) {
		struct candidate one = { .index = at };

		if (weigh(p, at, order, &one.weight) && one.weight)
			vec_push(&found, one);
	}
	if (found.nr)
		qsort(found.items, found.nr, sizeof(*found.items), compare_candidates);
	for (size_t i = 0; i < found.nr && any_left(p, order); i++)
		(void)try_block(p, found.items[i].index, order);
	vec_deinit(&found);
}

/* Each from a random place on, until a whole round finds none. */
static void choose_any(struct place *p, unsigned int order)
{
	const uint32_t nr = p->nr >> order;
	bool found = true;

	while (found && any_left(p, order)) {
		const uint32_t first = (uint32_t)rng_below(&p->rng, nr);

		found = false;
		for (uint32_t i = 0; i < nr && !found; i++) {
			const uint32_t at = (uint32_t)(((uint64_t)first + i) % nr) << order;
			uint32_t weight;

			found = weigh(p, at, order, &weight) && try_block(p, at, order);
		}
	}
}

static bool any_left(const struct place *p, unsigned int order)
{
	for (unsigned int type = 0; type < MIGRATE_NR; type++) {
		if (p->left[order][type] > 0)
			return true;
	}
	return false;
}

/* False: some of the block cannot be free. */
static bool weigh(const struct place *p, uint32_t index, unsigned int order, uint32_t *weight)
{
	uint32_t nr = 0;

	for (uint32_t i = index; i < index + (1U << order); i++) {
		if (p->frames[i] >= PLACE_USED)
			return false;
		nr += p->frames[i] != PLACE_MAYBE;
	}
	*weight = nr;
	return true;
}

static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	return (x->index > y->index) - (x->index < y->index);
}

static bool try_block(struct place *p, uint32_t index, unsigned int order)
{
	const unsigned int type = pick_type(p, index, order);

	if (type == PLACE_NO_TYPE || !keep_apart(p, index, order))
		return false;
	memset(p->frames + index, PLACE_TAKEN, 1U << order);
	p->left[order][p->typed ? type : MIGRATE_MOVABLE]--;
	if (known_type(p, index, order) == PLACE_NO_TYPE)
		set_type(p, index, order, type);
	vec_push(&p->chosen, (struct place_block){ .index = index,
						   .order = (uint8_t)order,
						   .type = (uint8_t)type });
	return true;
}

/* One frame of the buddy is to be in use, one of which nothing is said if possible. */
static bool keep_apart(struct place *p, uint32_t index, unsigned int order)
{
	const uint32_t size = 1U << order, buddy = index ^ size;
	uint32_t keep = buddy;
	uint8_t best = PLACE_SURE;

	if (order == KERNEL_MAX_ORDER)
		return true;
	for (uint32_t i = buddy; i < buddy + size; i++) {
		if (p->frames[i] == PLACE_USED)
			return true;
		if (p->frames[i] < best) {
			best = p->frames[i];
			keep = i;
		}
	}
	if (best == PLACE_SURE)
		return false;
	p->frames[keep] = PLACE_USED;
	return true;
}

/* The list that the block is to be on; PLACE_NO_TYPE: there is none left. */
static unsigned int pick_type(const struct place *p, uint32_t index, unsigned int order)
{
	const unsigned int known = known_type(p, index, order);

	if (known == MIGRATE_NR)
		return PLACE_NO_TYPE;
	if (!p->typed) {
		if (p->left[order][MIGRATE_MOVABLE] <= 0)
			return PLACE_NO_TYPE;
		return known == PLACE_NO_TYPE ? MIGRATE_MOVABLE : known;
	}
	if (known == PLACE_NO_TYPE)
		return best_type(p, index, order);
	if (p->left[order][known] > 0)
		return known;
	for (unsigned int type = 0; p->loose && type < MIGRATE_NR; type++) {
		if (p->left[order][type] > 0)
			return type;
	}
	return PLACE_NO_TYPE;
}

/* Of its pageblocks; MIGRATE_NR: they differ. */
static unsigned int known_type(const struct place *p, uint32_t index, unsigned int order)
{
	unsigned int known = PLACE_NO_TYPE;

	for (uint32_t at = index; at < index + (1U << order); at += PLACE_BLOCK) {
		const unsigned int type = p->types[at >> PLACE_BLOCK_ORDER];

		if (type == PLACE_NO_TYPE)
			continue;
		if (known != PLACE_NO_TYPE && known != type)
			return MIGRATE_NR;
		known = type;
	}
	return known;
}

static unsigned int best_type(const struct place *p, uint32_t index, unsigned int order)
{
	const int64_t nr = order > PLACE_BLOCK_ORDER ? 1LL << (order - PLACE_BLOCK_ORDER) : 1;
	unsigned int best = PLACE_NO_TYPE;
	int64_t most = -1;

	for (unsigned int type = 0; type < MIGRATE_NR; type++) {
		int64_t fit;

		if (p->left[order][type] <= 0 || p->quota[type] < nr)
			continue;
		fit = matches(p, index, order, type);
		if (fit > most || (fit == most && p->left[order][type] > p->left[order][best])) {
			most = fit;
			best = type;
		}
	}
	return best;
}

/* Pages of the wanted blocks in the pageblock that "type" has room for. */
static int64_t matches(const struct place *p, uint32_t index, unsigned int order,
		       unsigned int type)
{
	const uint32_t start = (uint32_t)bits_align_down(index, PLACE_BLOCK);
	const uint32_t end = start + MAX(1U << order, (uint32_t)PLACE_BLOCK);
	int64_t room[KERNEL_NR_ORDERS], sum = 0;

	for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++)
		room[o] = p->left[o][type];
	for (uint32_t at = start; at < end;) {
		unsigned int o = 0;
		uint32_t weight;

		if (!weigh(p, at, 0, &weight) || !weight) {
			at++;
			continue;
		}
		while (o < order && !(at & ((2U << o) - 1)) && weigh(p, at, o + 1, &weight) &&
		       weight == 2U << o)
			o++;
		if (room[o] > 0) {
			room[o]--;
			sum += 1LL << o;
		}
		at += 1U << o;
	}
	return sum;
}

static void set_type(struct place *p, uint32_t index, unsigned int order, unsigned int type)
{
	for (uint32_t at = index; at < index + (1U << order); at += PLACE_BLOCK) {
		if (p->types[at >> PLACE_BLOCK_ORDER] != PLACE_NO_TYPE)
			continue;
		p->types[at >> PLACE_BLOCK_ORDER] = (uint8_t)type;
		p->quota[type]--;
	}
}

/* Pageblocks without free blocks of their own, by what is left of each type. */
static void fill_types(struct place *p)
{
	int64_t sum = 0;

	for (unsigned int type = 0; type < MIGRATE_NR; type++)
		sum += MAX(p->quota[type], (int64_t)0);
	for (uint32_t at = 0; at < p->nr && p->typed; at += PLACE_BLOCK) {
		int64_t pick;
		unsigned int type = 0;

		if (p->types[at >> PLACE_BLOCK_ORDER] != PLACE_NO_TYPE || sum <= 0)
			continue;
		pick = (int64_t)rng_below(&p->rng, (uint64_t)sum);
		while (pick >= MAX(p->quota[type], (int64_t)0))
			pick -= MAX(p->quota[type++], (int64_t)0);
		set_type(p, at, 0, type);
		sum--;
	}
}
