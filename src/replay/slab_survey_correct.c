/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The look at slabs, held against what files say of the same moment.
 *
 * Theory. The look knows of free objects only those that are allocated later. slabinfo says how
 * many were free in slabs of nodes' lists. If all slabs of the cache were seen, the rest is among
 * the objects that no event touches, and behind those that are allocated, since it was not needed.
 * If the look puts more on the nodes' lists than there were, those that are allocated first were
 * nearer to the CPUs: on their lists, or in full sheaves of the barns.
 */
#include <config.h>

#include "slab_survey_internal.h"

#include "kmreplay/event/names.h"
#include "kmreplay/replay/slab_files.h"

#include <stdlib.h>
#include <string.h>

/* The slabs of one cache: those from "first" to "end" - 1. */
struct group {
	struct slab_survey *survey;
	const struct slab_files_cache *known;
	size_t first, end;
	uint64_t nr_free; /* in slabs of nodes' lists, by the look */
};

static const struct slab_files_cache *find_known(const struct slab_files *files, const char *name);
static void correct(struct group *g);
static void match_lists(struct group *g);
static uint64_t nr_listed(const struct group *g, uint32_t cpu);
static uint64_t move_to_nodes(struct group *g, uint64_t nr);
static void add_free(struct group *g, uint64_t nr);
static void take_from_sheaves(struct group *g, uint64_t nr);
static void return_object(struct group *g, uint64_t addr);
static uint64_t add_to_slab(struct slab_survey *survey, struct slab_survey_slab *slab,
			    uint64_t most);
static void mark_seen(const struct slab_survey *survey, const struct slab_survey_slab *slab,
		      uint64_t *seen);
static void move_to_cpus(struct group *g, uint64_t nr);
static void move_to_barns(struct group *g, uint64_t nr);
static bool has_sheaves(const struct group *g);

void slab_survey_correct(struct slab_survey *survey, const struct slab_files *files,
			 const struct repair *repair, const struct event_names *names)
{
	struct group g = { .survey = survey };

	for (; g.first < survey->slabs.nr; g.first = g.end) {
		const uint32_t cache = survey->slabs.items[g.first].cache;
		const uint32_t name = repair_cache(repair, cache)->name;

		g.nr_free = 0;
		for (g.end = g.first; g.end < survey->slabs.nr; g.end++) {
			const struct slab_survey_slab *slab = &survey->slabs.items[g.end];

			if (slab->cache != cache)
				break;
			if (slab->place == SLAB_START_NODE_PARTIAL)
				g.nr_free += slab->nr_free;
		}
		g.known = name ? find_known(files, intern_text(&names->texts, name)) : NULL;
		if (g.known && !g.known->counts_only)
			correct(&g);
	}
}

static const struct slab_files_cache *find_known(const struct slab_files *files, const char *name)
{
	vec_foreach(&files->caches, cache) {
		if (!strcmp(cache->name, name))
			return cache;
	}
	return NULL;
}

static void correct(struct group *g)
{
	const uint64_t nr_slabs = g->end - g->first;
	const uint64_t unseen = g->known->nr_slabs - MIN(g->known->nr_slabs, nr_slabs);
	/* What slabs that were not seen can have is not looked for here. */
	const uint64_t elsewhere = MIN(unseen * g->known->objects, g->known->nr_free);

	if (g->known->has_lists)
		match_lists(g);
	if (g->nr_free + elsewhere < g->known->nr_free)
		add_free(g, move_to_nodes(g, g->known->nr_free - elsewhere - g->nr_free));
	else if (g->nr_free > g->known->nr_free && has_sheaves(g))
		move_to_barns(g, g->nr_free - g->known->nr_free);
	else if (g->nr_free > g->known->nr_free && !g->known->has_lists)
		move_to_cpus(g, g->nr_free - g->known->nr_free);
	slab_survey_sort(g->survey, g->first, g->end);
}

/*
 * sysfs tells how long each list was: what a CPU used last came from the node's list if its own was
 * shorter, and what it used first of the node's was on its own if that was longer.
 */
static void match_lists(struct group *g)
{
	uint64_t on_nodes = 0;

	for (size_t i = g->first; i < g->end; i++)
		on_nodes += g->survey->slabs.items[i].place == SLAB_START_NODE_PARTIAL;
	for (size_t i = g->first; i < g->end && on_nodes < g->known->nr_partial; i++) {
		struct slab_survey_slab *slab = &g->survey->slabs.items[i];

		if (slab->place != SLAB_START_CPU_PARTIAL ||
		    nr_listed(g, slab->cpu) <= slab_files_listed(g->known, slab->cpu))
			continue;
		slab->place = SLAB_START_NODE_PARTIAL;
		g->nr_free += slab->nr_free;
		on_nodes++;
	}
	for (size_t i = g->first; i < g->end && on_nodes > g->known->nr_partial; i++) {
		struct slab_survey_slab *slab = &g->survey->slabs.items[i];

		if (slab->place != SLAB_START_NODE_PARTIAL ||
		    nr_listed(g, slab->cpu) >= slab_files_listed(g->known, slab->cpu))
			continue;
		slab->place = SLAB_START_CPU_PARTIAL;
		g->nr_free -= slab->nr_free;
		on_nodes--;
	}
}

/* Slabs that the look has on the list of "cpu". */
static uint64_t nr_listed(const struct group *g, uint32_t cpu)
{
	uint64_t nr = 0;

	for (size_t i = g->first; i < g->end; i++) {
		const struct slab_survey_slab *slab = &g->survey->slabs.items[i];

		nr += slab->place == SLAB_START_CPU_PARTIAL && slab->cpu == cpu;
	}
	return nr;
}

/*
 * The look gives a CPU's list as many slabs as it may hold; those used last may have come from the
 * node's. Returns how many of "nr" objects are still missing.
 */
static uint64_t move_to_nodes(struct group *g, uint64_t nr)
{
	const struct slab_files_cache *known = g->known;
	uint64_t nr_listed = 0;

	for (size_t i = g->first; i < g->end; i++)
		nr_listed += g->survey->slabs.items[i].place == SLAB_START_CPU_PARTIAL;
	for (size_t i = g->first; i < g->end && nr; i++) {
		struct slab_survey_slab *slab = &g->survey->slabs.items[i];

		if (known->has_lists && nr_listed <= known->nr_cpu_partial)
			break;
		if (slab->place != SLAB_START_CPU_PARTIAL || slab->nr_free > nr)
			continue;
		slab->place = SLAB_START_NODE_PARTIAL;
		nr -= slab->nr_free;
		nr_listed--;
	}
	return nr;
}

/* To slabs on nodes' lists first, then to those that seemed full. */
static void add_free(struct group *g, uint64_t nr)
{
	static const uint8_t turns[] = { SLAB_START_NODE_PARTIAL, SLAB_START_FULL };

	for (size_t turn = 0; turn < ARRAY_SIZE(turns); turn++) {
		for (size_t i = g->first; i < g->end && nr; i++) {
			struct slab_survey_slab *slab = &g->survey->slabs.items[i];

			if (slab->place == turns[turn])
				nr -= add_to_slab(g->survey, slab, nr);
		}
	}
	take_from_sheaves(g, nr);
}

/* The look fills sheaves as far as it can; some had less, and had not what is used last. */
static void take_from_sheaves(struct group *g, uint64_t nr)
{
	struct slab_survey *survey = g->survey;

	for (size_t i = survey->sheaves.nr; i-- > 0 && nr;) {
		struct slab_survey_sheaf *sheaf = &survey->sheaves.items[i];

		if (sheaf->cache != survey->slabs.items[g->first].cache)
			continue;
		/* A spare sheaf is full or empty. */
		if (sheaf->place != SLAB_START_MAIN && sheaf->nr > nr)
			continue;
		for (; sheaf->nr && nr; nr--)
			return_object(g, survey->sheaf_addrs.items[sheaf->first + --sheaf->nr]);
	}
}

/* It is the next one to be taken from its slab. */
static void return_object(struct group *g, uint64_t addr)
{
	struct slab_survey *survey = g->survey;

	for (size_t i = g->first; i < g->end; i++) {
		struct slab_survey_slab *slab = &survey->slabs.items[i];
		const uint64_t slot = (addr - slab_survey_ptr(survey, slab, 0)) / slab->size;
		const uint32_t first = (uint32_t)survey->slots.nr;

		if (slot >= slab->objects)
			continue;
		vec_push(&survey->slots, (uint16_t)slot);
		for (uint32_t k = 0; k < slab->nr_free; k++) {
			const uint16_t other = survey->slots.items[slab->free + k];

			vec_push(&survey->slots, other);
		}
		slab->free = first;
		slab->nr_free++;
		slab->nr_sheaf--;
		slab->place = SLAB_START_NODE_PARTIAL;
		return;
	}
}

/* Slots that no event touches become free, behind the others; how many. */
static uint64_t add_to_slab(struct slab_survey *survey, struct slab_survey_slab *slab,
			    uint64_t most)
{
	uint64_t seen[SLAB_MAX_OBJECTS / 64 + 1] = { 0 };
	const uint32_t first = (uint32_t)survey->slots.nr;
	uint64_t nr = 0;

	if (slab->gone != UINT64_MAX)
		return 0;
	mark_seen(survey, slab, seen);
	for (uint32_t i = 0; i < slab->nr_free; i++) {
		const uint16_t slot = survey->slots.items[slab->free + i];

		vec_push(&survey->slots, slot);
	}
	for (unsigned int slot = 0; slot < slab->objects && nr < most; slot++) {
		if (seen[slot / 64] >> (slot % 64) & 1)
			continue;
		vec_push(&survey->slots, (uint16_t)slot);
		nr++;
	}
	if (!nr)
		return 0;
	slab->free = first;
	slab->nr_free = (uint16_t)(slab->nr_free + nr);
	slab->place = SLAB_START_NODE_PARTIAL;
	return nr;
}

static void mark_seen(const struct slab_survey *survey, const struct slab_survey_slab *slab,
		      uint64_t *seen)
{
	for (uint32_t i = 0; i < slab->nr_free; i++) {
		const uint16_t slot = survey->slots.items[slab->free + i];

		seen[slot / 64] |= 1ULL << (slot % 64);
	}
	for (uint32_t i = 0; i < slab->nr_freed; i++) {
		const uint16_t slot = survey->slots.items[slab->freed + i];

		seen[slot / 64] |= 1ULL << (slot % 64);
	}
	vec_foreach(&survey->sheaf_addrs, addr) {
		const uint64_t slot = (*addr - slab_survey_ptr(survey, slab, 0)) / slab->size;

		if (slab->nr_sheaf && slot < slab->objects)
			seen[slot / 64] |= 1ULL << (slot % 64);
	}
}

/* The first of the node's list stood on the partial list of the CPU that uses them. */
static void move_to_cpus(struct group *g, uint64_t nr)
{
	for (size_t i = g->first; i < g->end && nr; i++) {
		struct slab_survey_slab *slab = &g->survey->slabs.items[i];

		if (slab->place != SLAB_START_NODE_PARTIAL || slab->nr_free > nr)
			continue;
		slab->place = SLAB_START_CPU_PARTIAL;
		nr -= slab->nr_free;
	}
}

/*
 * The objects that leave slabs first were in full sheaves; what does not fill one was in use as far
 * as the files can tell.
 */
static void move_to_barns(struct group *g, uint64_t nr)
{
	struct slab_survey *survey = g->survey;
	uint32_t capacity = 0;
	struct slab_survey_sheaf sheaf = {
		.cache = survey->slabs.items[g->first].cache,
		.size = survey->slabs.items[g->first].size,
		.place = SLAB_START_BARN,
		.first = (uint32_t)survey->sheaf_addrs.nr,
	};

	vec_foreach(&survey->sheaves, other)
		capacity = other->cache == sheaf.cache ? MAX(capacity, other->nr) : capacity;
	for (size_t i = g->first; i < g->end && nr; i++) {
		struct slab_survey_slab *slab = &survey->slabs.items[i];

		if (slab->place != SLAB_START_NODE_PARTIAL)
			continue;
		for (; slab->nr_free && nr; nr--, slab->free++, slab->nr_free--) {
			const uint16_t slot = survey->slots.items[slab->free];

			if (sheaf.nr + nr < capacity && !sheaf.nr)
				continue;
			vec_push(&survey->sheaf_addrs, slab_survey_ptr(survey, slab, slot));
			slab->nr_sheaf++;
			sheaf.cpu = slab->cpu;
			if (++sheaf.nr < capacity)
				continue;
			vec_push(&survey->sheaves, sheaf);
			sheaf.first = (uint32_t)survey->sheaf_addrs.nr;
			sheaf.nr = 0;
		}
		if (!slab->nr_free)
			slab->place = SLAB_START_FULL;
	}
}

static bool has_sheaves(const struct group *g)
{
	vec_foreach(&g->survey->sheaves, sheaf) {
		if (sheaf->cache == g->survey->slabs.items[g->first].cache)
			return true;
	}
	return false;
}
