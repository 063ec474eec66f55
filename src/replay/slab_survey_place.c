/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The look at slabs, last part: slabs are put on lists.
 *
 * Theory. Where a slab was shows by when it was used first. A CPU that allocates takes from its own
 * slab, then from its partial list from the top, then from the head of its node's list
 * (slab_partial.c). So of the slabs with free objects, in the order of the first allocation from
 * each, the first that a CPU uses was its own, the next, as many as its list may hold, were on that
 * list, and all others were on the node's. A slab from which nothing is allocated shows no free
 * object: it counts as full.
 *
 * With sheaves the ranks of objects are other ones: see slab_survey_sheaf.c.
 */
#include <config.h>

#include "slab_survey_internal.h"

#include <stdlib.h>

/* What a CPU has got so far. */
struct cpu_lists {
	bool has_slab;
	uint32_t nr_partial;
};

/* The slabs of one cache, and their free objects, on their way to the lists. */
struct placing {
	struct slab_survey *survey;
	struct slab_geometry geometry;
	bool single; /* no cpu slabs: profile->sheaves */
	struct slab_survey_slab *slabs;
	size_t nr_slabs;
	struct slab_free_object *objects;
	size_t nr_objects;
	struct vec(struct cpu_lists) cpus;
};

static void rank_objects(struct placing *p);
static void hand_out(struct placing *p);
static void put_on_lists(struct placing *p);
static uint8_t place_of(struct placing *p, const struct slab_survey_slab *slab);
static int by_slab_and_rank(const void *a, const void *b);
static int by_first_use(const void *a, const void *b);
static int by_list(const void *a, const void *b);
static int compare(uint64_t a, uint64_t b);

void slab_survey_place(struct slab_survey *survey, const struct slab_survey_cache *cache)
{
	struct placing p = {
		.survey = survey,
		.geometry = cache->geometry,
		.single = cache->single,
		.slabs = survey->slabs.items + cache->first,
		.nr_slabs = survey->slabs.nr - cache->first,
		.objects = cache->objects,
		.nr_objects = cache->nr_objects,
	};

	rank_objects(&p);
	if (p.nr_objects && p.geometry.sheaf_capacity)
		slab_survey_fill_sheaves(survey, cache);
	hand_out(&p);
	put_on_lists(&p);
	vec_deinit(&p.cpus);
}

void slab_survey_sort(struct slab_survey *survey, size_t first, size_t end)
{
	qsort(survey->slabs.items + first, end - first, sizeof(*survey->slabs.items), by_list);
}

/* Objects leave their slabs in the order in which they are allocated. */
static void rank_objects(struct placing *p)
{
	for (size_t i = 0; i < p->nr_objects; i++)
		p->objects[i].rank = p->objects[i].event;
}

/* Gives each slab its free slots, in order. */
static void hand_out(struct placing *p)
{
	struct slab_survey *survey = p->survey;

	if (p->nr_objects)
		qsort(p->objects, p->nr_objects, sizeof(*p->objects), by_slab_and_rank);
	for (size_t i = 0; i < p->nr_objects; i++) {
		const struct slab_free_object *object = &p->objects[i];
		struct slab_survey_slab *slab = &p->slabs[object->slab];

		if (object->unseen)
			continue;
		slab->first_alloc = MIN(slab->first_alloc, object->event);
		if (object->in_sheaf) {
			slab->nr_sheaf++;
			continue;
		}
		if (!slab->nr_free++) {
			slab->free = (uint32_t)survey->slots.nr;
			slab->first_rank = object->rank;
			slab->cpu = object->cpu;
		}
		vec_push(&survey->slots, object->slot);
	}
}

static void put_on_lists(struct placing *p)
{
	qsort(p->slabs, p->nr_slabs, sizeof(*p->slabs), by_first_use);
	for (size_t i = 0; i < p->nr_slabs; i++) {
		p->slabs[i].place = place_of(p, &p->slabs[i]);
		p->slabs[i].tail = true;
	}
	qsort(p->slabs, p->nr_slabs, sizeof(*p->slabs), by_list);
}

static uint8_t place_of(struct placing *p, const struct slab_survey_slab *slab)
{
	struct cpu_lists *cpu;

	if (!slab->nr_free)
		return SLAB_START_FULL;
	if (p->single)
		return SLAB_START_NODE_PARTIAL;
	vec_extend_zeroed(&p->cpus, (size_t)slab->cpu + 1);
	cpu = &p->cpus.items[slab->cpu];
	if (!cpu->has_slab) {
		cpu->has_slab = true;
		return SLAB_START_CPU;
	}
	if (cpu->nr_partial < p->geometry.cpu_partial_slabs) {
		cpu->nr_partial++;
		return SLAB_START_CPU_PARTIAL;
	}
	return SLAB_START_NODE_PARTIAL;
}

static int by_slab_and_rank(const void *a, const void *b)
{
	const struct slab_free_object *x = a, *y = b;

	return x->slab != y->slab ? compare(x->slab, y->slab) : compare(x->rank, y->rank);
}

/* Those without free objects come last. */
static int by_first_use(const void *a, const void *b)
{
	const struct slab_survey_slab *x = a, *y = b;

	return x->first_rank != y->first_rank ? compare(x->first_rank, y->first_rank) :
						compare(x->pfn, y->pfn);
}

/* As they are to be placed: a partial list of a CPU from its bottom, a node's from its head. */
static int by_list(const void *a, const void *b)
{
	static const uint8_t turns[SLAB_START_NR] = {
		[SLAB_START_CPU] = 0,
		[SLAB_START_CPU_PARTIAL] = 1,
		[SLAB_START_NODE_PARTIAL] = 2,
		[SLAB_START_FULL] = 3,
	};
	const struct slab_survey_slab *x = a, *y = b;

	if (x->place != y->place)
		return compare(turns[x->place], turns[y->place]);
	if (x->place == SLAB_START_CPU_PARTIAL)
		return by_first_use(b, a);
	return by_first_use(a, b);
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}
