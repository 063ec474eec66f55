/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The look at slabs, the part for caches with sheaves (7.0+): which of the objects that were free
 * lay in sheaves, and in what order the others leave their slabs.
 *
 * Theory. A CPU pops its main sheaf, then a full spare one, and then takes objects off slabs, a
 * sheaf full at a time; each of these is handed out from its top, so in the reverse of the order in
 * which its objects left their slabs (mm/slab/slab_sheaf.c). A refill that buys slabs proves that
 * main and spare sheaf were empty then, and that all slabs on the node's list went into it. So what
 * a CPU takes up to its first purchase is a number of whole sheaves behind what was left of the
 * main one: it is the purchase that tells how much that was. What it takes between that and the
 * next one are the old objects of the refill, which lay below the new ones.
 *
 * An old object that comes out above new ones of the same refill cannot have been in it: it was in
 * use at the beginning and has been freed since without an event, onto the top.
 *
 * A sheaf that was filled by frees holds objects of its slabs as they came; one that was filled
 * from slabs holds all of a slab side by side. So the first whole sheaf was the spare one only if
 * it is not in the order of slabs.
 */
#include <config.h>

#include "slab_survey_internal.h"

#include <stdlib.h>

/* The first purchases of each cache and CPU tell of the beginning. */
enum { MAX_PURCHASES = 64 };

/* The free objects of one cache, by CPU and by their first event. */
struct filling {
	struct slab_survey *survey;
	const struct slab_survey_cache *cache;
	size_t capacity;
};

static void fill_cpu(struct filling *f, size_t from, size_t end);
static void fill_first(struct filling *f, size_t from, size_t end, bool bought);
static size_t skip_unseen(struct filling *f, size_t from, size_t end);
static size_t end_of_refill(const struct filling *f, size_t from, size_t end, size_t *purchase);
static size_t fill_sheaf(struct filling *f, size_t from, size_t nr, uint8_t place);
static bool is_by_slab(const struct filling *f, size_t from, size_t end);
static void turn_round(struct filling *f, size_t from, size_t end);
static int by_cpu_and_event(const void *a, const void *b);
static int compare(uint64_t a, uint64_t b);

bool slab_survey_note_purchase(struct slab_survey_state *state, const struct slab_early *what)
{
	bool fresh;
	uint32_t *index = u64map_insert(&state->buyer_index,
					(uint64_t)what->cache << 32 | what->cpu, &fresh);
	struct slab_buyer *buyer;
	uint32_t nr = (uint32_t)state->purchases.nr;

	if (fresh) {
		*index = (uint32_t)state->buyers.nr;
		vec_push(&state->buyers, (struct slab_buyer){ .first = nr });
	}
	buyer = &state->buyers.items[*index];
	if (buyer->nr >= MAX_PURCHASES)
		return false;
	buyer->nr++;
	for (uint32_t i = buyer->first; i < nr; i++) {
		struct slab_purchase *before = &state->purchases.items[i];

		if (before->cache != what->cache || before->cpu != what->cpu)
			continue;
		before->over = before->last_virgin;
		if (before->over)
			buyer->first = nr;
	}
	vec_push(&state->purchases, (struct slab_purchase){
		.event = what->event, .cache = what->cache, .cpu = what->cpu,
	});
	return true;
}

void slab_survey_note_virgin(struct slab_survey_state *state, uint32_t purchase,
			     const struct slab_early *what)
{
	struct slab_purchase *bought = &state->purchases.items[purchase];

	if (bought->cpu == what->cpu && !bought->over)
		bought->last_virgin = what->event;
}

void slab_survey_fill_sheaves(struct slab_survey *survey, const struct slab_survey_cache *cache)
{
	struct filling f = {
		.survey = survey,
		.cache = cache,
		.capacity = cache->geometry.sheaf_capacity,
	};
	const struct slab_free_object *objects = cache->objects;
	size_t end;

	qsort(cache->objects, cache->nr_objects, sizeof(*objects), by_cpu_and_event);
	for (size_t at = 0; at < cache->nr_objects; at = end) {
		for (end = at; end < cache->nr_objects && objects[end].cpu == objects[at].cpu;)
			end++;
		fill_cpu(&f, at, end);
	}
}

/* What one CPU allocates. */
static void fill_cpu(struct filling *f, size_t from, size_t end)
{
	size_t purchase = 0, to = end_of_refill(f, from, end, &purchase);

	if (to > from)
		fill_first(f, from, to, purchase < f->cache->nr_purchases);
	for (from = to; from < end; from = to) {
		to = end_of_refill(f, from, end, &purchase);
		from = skip_unseen(f, from, to);
		for (; from < to; from += MIN(f->capacity, to - from))
			turn_round(f, from, from + MIN(f->capacity, to - from));
	}
}

/* Old objects above new ones; returns where the others begin. */
static size_t skip_unseen(struct filling *f, size_t from, size_t end)
{
	struct slab_free_object *objects = f->cache->objects;
	const uint64_t event = objects[from].event;
	uint64_t last = 0;

	for (size_t i = 0; i < f->cache->nr_purchases; i++) {
		const struct slab_purchase *p = &f->cache->purchases[i];

		if (p->cpu == objects[from].cpu && p->event < event)
			last = MAX(last, p->last_virgin);
	}
	for (; from < end && objects[from].event < last; from++) {
		const struct slab_survey_slab *slab =
			&f->survey->slabs.items[f->cache->first + objects[from].slab];

		objects[from].unseen = true;
		vec_push(&f->survey->unseen_frees,
			 slab_survey_ptr(f->survey, slab, objects[from].slot));
	}
	return from;
}

/*
 * Up to the first purchase: the main sheaf, perhaps a spare one, the rest off slabs; but what comes
 * after another CPU has bought was in no slab then, so it lay in sheaves.
 */
static void fill_first(struct filling *f, size_t from, size_t end, bool bought)
{
	const uint64_t first = f->cache->nr_purchases ? f->cache->purchases[0].event : UINT64_MAX;
	const size_t nr = end - from;
	size_t last;

	from = fill_sheaf(f, from, bought ? (nr + f->capacity - 1) % f->capacity + 1 :
					    MIN(nr, f->capacity), SLAB_START_MAIN);
	if (end - from >= f->capacity && (f->cache->objects[from].event > first ||
					  !is_by_slab(f, from, from + f->capacity)))
		from = fill_sheaf(f, from, f->capacity, SLAB_START_SPARE);
	for (; from < end && f->cache->objects[from].event <= first;
	     from += MIN(f->capacity, end - from))
		turn_round(f, from, from + MIN(f->capacity, end - from));
	/* The last to be taken from the barn goes there first. */
	for (last = from; end - last >= f->capacity;)
		last += f->capacity;
	turn_round(f, last, end);
	for (; last > from; last -= f->capacity)
		fill_sheaf(f, last - f->capacity, f->capacity, SLAB_START_BARN);
}

/* Where those end that object "from"'s CPU takes before "*purchase", which goes on, or a later. */
static size_t end_of_refill(const struct filling *f, size_t from, size_t end, size_t *purchase)
{
	const struct slab_free_object *objects = f->cache->objects;
	size_t to = from;

	for (; *purchase < f->cache->nr_purchases; ++*purchase) {
		const struct slab_purchase *p = &f->cache->purchases[*purchase];

		if (p->cpu == objects[from].cpu && p->event > objects[from].event)
			break;
	}
	if (*purchase == f->cache->nr_purchases)
		return end;
	while (to < end && objects[to].event < f->cache->purchases[*purchase].event)
		to++;
	return to;
}

/* A sheaf of "nr" objects from "from" on; returns where the rest begins. */
static size_t fill_sheaf(struct filling *f, size_t from, size_t nr, uint8_t place)
{
	struct slab_survey *survey = f->survey;
	const struct slab_survey_slab *slabs = survey->slabs.items + f->cache->first;

	vec_push(&survey->sheaves, (struct slab_survey_sheaf){
		.cache = slabs[0].cache,
		.size = slabs[0].size,
		.cpu = f->cache->objects[from].cpu,
		.first = (uint32_t)survey->sheaf_addrs.nr,
		.nr = (uint32_t)nr,
		.place = place,
	});
	for (size_t i = from; i < from + nr; i++) {
		struct slab_free_object *object = &f->cache->objects[i];

		vec_push(&survey->sheaf_addrs,
			 slab_survey_ptr(survey, &slabs[object->slab], object->slot));
		object->in_sheaf = true;
	}
	return from + nr;
}

/* All objects of a slab are side by side. */
static bool is_by_slab(const struct filling *f, size_t from, size_t end)
{
	const struct slab_free_object *objects = f->cache->objects;

	for (size_t i = from + 1; i < end; i++) {
		if (objects[i].slab == objects[i - 1].slab)
			continue;
		for (size_t k = from; k + 1 < i; k++) {
			if (objects[k].slab == objects[i].slab)
				return false;
		}
	}
	return true;
}

/* Those filled one sheaf: they left their slabs in the opposite order. */
static void turn_round(struct filling *f, size_t from, size_t end)
{
	struct slab_free_object *objects = f->cache->objects;

	for (; from + 1 < end; from++, end--) {
		const uint64_t rank = objects[from].rank;

		objects[from].rank = objects[end - 1].rank;
		objects[end - 1].rank = rank;
	}
}

static int by_cpu_and_event(const void *a, const void *b)
{
	const struct slab_free_object *x = a, *y = b;

	return x->cpu != y->cpu ? compare(x->cpu, y->cpu) : compare(x->event, y->event);
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}
