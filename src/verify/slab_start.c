/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The slabs that existed before the first event: those that events touch, as the look ahead found
 * them (slab_survey.h), and, where files of the running machine say how many there were, all others
 * (slab_fill.h). Of these nothing but their number matters. They lie where kpageflags shows slabs
 * that no event touches, or, without it, in any frames that no event touches.
 */
#include <config.h>

#include "slab_free.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/replay/cache_make.h"
#include "kmreplay/replay/slab_fill.h"

#include <string.h>

struct filling {
	struct slab_judge *j;
	size_t next[KERNEL_NR_ORDERS]; /* of the files' frames */
	bool has_frames;
	size_t range;                  /* without them: of the machine's memory, and where in it */
	uint64_t next_pfn;
	uint64_t nr_missing;
};

static void place_sheaf(struct slab_judge *j, const struct slab_survey *start,
			const struct slab_survey_sheaf *sheaf);
static void enter(struct slab_judge *j, const struct slab_start_page *page);
static void fill(struct slab_judge *j);
static uint32_t find_cache(struct slab_judge *j, const struct slab_files_cache *known);
static bool take(void *ctx, unsigned int order, uint64_t *pfn);
static bool next_block(struct filling *f, unsigned int order, uint64_t *pfn);
static bool is_untouched(const struct slab_judge *j, uint64_t pfn, unsigned int order);
static void drop(void *ctx, uint64_t pfn, unsigned int order);
static void placed(void *ctx, const struct slab_start_page *page, uint32_t objects);

void slab_start_place(struct slab_judge *j)
{
	const struct slab_survey *start = j->setup.slabs;

	/* They are of caches as the reading ahead numbered them. */
	if (!start || !start->known || !verify_is_given(&j->setup, GIVEN_START) ||
	    !verify_is_given(&j->setup, GIVEN_CACHES))
		return;
	vec_foreach(&start->slabs, slab) {
		uint32_t cache = slab_judge_cache(j, slab->cache, NULL);
		struct slab_start_page page;

		if (cache == SLAB_CACHE_NONE)
			continue;
		page = slab_survey_page(start, slab, cache);
		if (!slab_place(j->slab, &page))
			continue;
		enter(j, &page);
	}
	vec_foreach(&start->sheaves, sheaf) {
		place_sheaf(j, start, sheaf);
	}
	if (j->setup.slab_files)
		fill(j);
}

static void place_sheaf(struct slab_judge *j, const struct slab_survey *start,
			const struct slab_survey_sheaf *sheaf)
{
	struct vec(uint64_t) addrs = { 0 };
	struct slab_start_sheaf placed = {
		.cache = slab_judge_cache(j, sheaf->cache, NULL),
		.place = sheaf->place,
		.cpu = sheaf->cpu,
		.nr = sheaf->nr,
	};

	for (uint32_t i = 0; i < sheaf->nr; i++)
		vec_push(&addrs, slab_ours(j, start->sheaf_addrs.items[sheaf->first + i]));
	placed.addrs = addrs.items;
	if (!slab_place_sheaf(j->slab, &placed))
		slab_aside(j, ASIDE_EXCLUDED, "sheaves that could not be filled at the start", 1);
	else if (j->free_run)
		slab_free_start_sheaf(j, &placed);
	vec_deinit(&addrs);
}

/* The slab is one of the recording's, too, and the free run has it. */
static void enter(struct slab_judge *j, const struct slab_start_page *page)
{
	struct slab_known *known =
		slab_known_add(j, page->pfn, page->order, page->cache, false);

	slab_known_number(j, known);
	if (j->free_run)
		slab_free_start(j, page, known->number);
	j->held_recorded += 1ULL << page->order;
}

/* Caches that no event touches first: of those the files tell most. */
static void fill(struct slab_judge *j)
{
	static const struct slab_fill_ops ops = { .take = take, .drop = drop, .placed = placed };
	const struct slab_files *files = j->setup.slab_files;
	struct filling filling = { .j = j };
	struct slab_fill fill;

	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++)
		filling.has_frames |= files->frames[order].nr;
	slab_fill_init(&fill, &ops, &filling, j->slab, j->setup.config->seed);
	fill.nothing_per_cpu = slab_profile_of(j->setup.config->kernel)->sheaves;
	for (unsigned int turn = 0; turn < 2; turn++) {
		vec_foreach(&files->caches, known) {
			if (known->touched == (turn > 0) &&
			    !slab_fill_cache(&fill, known, find_cache(j, known)))
				filling.nr_missing += known->nr_slabs;
		}
	}
	if (filling.nr_missing)
		slab_aside(j, ASIDE_EXCLUDED, "slabs that files tell of and that have no place",
			   filling.nr_missing);
}

/* Repair's cache of that name, or one of its own. */
static uint32_t find_cache(struct slab_judge *j, const struct slab_files_cache *known)
{
	struct slab_cache_stats stats;
	uint32_t made;

	for (uint32_t id = 1; id <= repair_nr_caches(j->repair); id++) {
		const struct repair_cache *cache = repair_cache(j->repair, id);

		if (cache->canon == id && cache->name && cache->size &&
		    !strcmp(intern_text(&j->setup.names->texts, cache->name), known->name))
			return slab_judge_cache(j, id, NULL);
	}
	for (uint32_t id = 0; id < slab_nr_caches(j->slab); id++) {
		if (slab_cache_get_stats(j->slab, id, &stats) && !strcmp(stats.name, known->name))
			return id;
	}
	if (replay_too_many_caches(j->slab, j->nr_cpus))
		return SLAB_CACHE_NONE;
	made = slab_cache_by_geometry(j->slab, known->name, known->object_size, known->size,
				      known->flags);
	/* Made in the same order, it has the same id there. */
	if (j->free_run)
		BUG_ON(slab_cache_by_geometry(j->free_run->slab, known->name, known->object_size,
					      known->size, known->flags) != made);
	return made;
}

static bool take(void *ctx, unsigned int order, uint64_t *pfn)
{
	struct filling *f = ctx;
	const struct slab_files *files = f->j->setup.slab_files;

	while (f->next[order] < files->frames[order].nr) {
		*pfn = files->frames[order].items[f->next[order]++];
		if (is_untouched(f->j, *pfn, order))
			return true;
	}
	while (!f->has_frames && next_block(f, order, pfn))
		if (is_untouched(f->j, *pfn, order))
			return true;
	return false;
}

/* Memory from its beginning on. */
static bool next_block(struct filling *f, unsigned int order, uint64_t *pfn)
{
	const struct machine_config *config = f->j->setup.config;

	for (; f->range < config->ranges.nr; f->range++) {
		const struct machine_range *range = &config->ranges.items[f->range];

		*pfn = bits_align_up(MAX(f->next_pfn, range->start), 1ULL << order);
		f->next_pfn = *pfn + (1ULL << order);
		if (f->next_pfn <= range->end)
			return true;
	}
	return false;
}

static bool is_untouched(const struct slab_judge *j, uint64_t pfn, unsigned int order)
{
	for (uint64_t at = pfn; at < pfn + (1ULL << order); at++)
		if (survey_state_of(j->setup.survey, at) != SURVEY_UNTOUCHED)
			return false;
	return slab_known_fits(j, pfn, order);
}

static void drop(void *ctx, uint64_t pfn, unsigned int order)
{
	struct filling *f = ctx;

	(void)pfn;
	(void)order;
	f->nr_missing++;
}

static void placed(void *ctx, const struct slab_start_page *page, uint32_t objects)
{
	(void)objects;
	enter(((struct filling *)ctx)->j, page);
}
