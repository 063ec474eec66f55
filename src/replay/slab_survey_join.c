/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The look at slabs, second part: frames become slabs.
 *
 * A slab begins at a multiple of its size, so a frame tells its slab once the order is known: by
 * the event that gave the pages back, by other slabs of the cache that were seen to be made, or by
 * the rules of the recorded kernel. Frames of one block are parts of one slab.
 */
#include <config.h>

#include "slab_survey_internal.h"

#include "kmreplay/core/bits.h"

#include <stdlib.h>

/* Slabs are not larger, but where slub_max_order or very large objects say so. */
enum { COMMON_MAX_ORDER = 3 };
/* So many slabs of another order than expected are no mistake. */
enum { MIN_SLABS_SEEN = 3 };
/* Each makes it half as likely that a stride measured is a multiple of the true one. */
enum { MIN_DISTANCES = 20 };

/* What all distances of a cache's objects in a frame are multiples of, and how many these are. */
struct stride {
	uint32_t size, nr;
};

/* One walk over all frames, in ascending order. */
struct joining {
	struct slab_survey *survey;
	struct slab_survey_state *state;
	const struct repair *repair;
	const struct machine_config *recorded;
	struct vec(struct slab_free_object) objects; /* of all slabs, slab by slab */
	struct vec(const struct slab_sight *) sights; /* of one slab; for sorting */
	struct vec(struct slab_survey_slab) slabs;   /* by pfn; "free" counts in "objects" */
	struct vec(struct stride) strides;           /* by repair's id */
};

/* A slab that may be there, made of frames "first" .. "end" - 1. */
struct candidate {
	size_t first, end;
	uint64_t pfn;
	uint32_t cache, size;
	uint8_t order;
	uint64_t gone;
};

static size_t join_one(struct joining *j, size_t at);
static struct candidate candidate_at(const struct joining *j, size_t at);
static size_t find_teller(const struct joining *j, size_t at);
static uint64_t head_of(const struct slab_frame *frame, unsigned int order);
static unsigned int order_of(const struct joining *j, uint32_t cache,
			     const struct slab_frame *frame);
static unsigned int usual_order(const struct joining *j, uint32_t cache,
				const struct slab_geometry *geometry);
static uint32_t size_of(const struct joining *j, uint32_t cache);
static void measure(struct joining *j);
static uint32_t common_divisor(uint32_t a, uint32_t b);
static void unite_orders(struct joining *j);
static void drop_bought(struct joining *j);
static void sort_purchases(struct joining *j);
static void find_purchases(const struct joining *j, uint32_t id, struct slab_survey_cache *cache);
static bool has_fit_order(const struct joining *j, const struct candidate *c);
static bool was_in_use(const struct joining *j, const struct candidate *c);
static bool is_of_one_cache(const struct joining *j, const struct candidate *c);
static void read_sights(struct joining *j, const struct candidate *c);
static void add_slab(struct joining *j, const struct candidate *c);
static void place_caches(struct joining *j);
static uint64_t count_sights(const struct joining *j, const struct candidate *c, bool all);
static bool geometry_of(const struct joining *j, uint32_t cache, struct slab_geometry *geometry);
static uint32_t canon_of(const struct repair *repair, uint32_t cache);
static int by_pfn(const void *a, const void *b);
static int by_event(const void *a, const void *b);
static int by_cache(const void *a, const void *b);
static int by_cache_and_event(const void *a, const void *b);
static int by_number(const void *a, const void *b);

void slab_survey_join(struct slab_survey *survey, const struct repair *repair,
		      const struct machine_config *recorded)
{
	struct joining j = {
		.survey = survey,
		.state = survey->state,
		.repair = repair,
		.recorded = recorded,
	};

	drop_bought(&j);
	if (j.state->frames.nr)
		qsort(j.state->frames.items, j.state->frames.nr, sizeof(*j.state->frames.items),
		      by_pfn);
	measure(&j);
	unite_orders(&j);
	sort_purchases(&j);
	for (size_t at = 0; at < j.state->frames.nr;)
		at = join_one(&j, at);
	place_caches(&j);
	vec_deinit(&j.objects);
	vec_deinit(&j.sights);
	vec_deinit(&j.slabs);
	vec_deinit(&j.strides);
}

/* The slab that frame "at" is of; returns the first frame behind it. */
static size_t join_one(struct joining *j, size_t at)
{
	struct slab_survey_losses *losses = &j->survey->losses;
	struct candidate c = candidate_at(j, at);

	if (!c.cache)
		losses->nameless += count_sights(j, &c, false);
	else if (!c.size)
		losses->unsized += count_sights(j, &c, true);
	else if (!has_fit_order(j, &c) || !was_in_use(j, &c) || !is_of_one_cache(j, &c))
		losses->mixed += count_sights(j, &c, true);
	else
		add_slab(j, &c);
	return c.end;
}

static struct candidate candidate_at(const struct joining *j, size_t at)
{
	const struct slab_frame *frames = j->state->frames.items;
	struct candidate c = {
		.first = at, .end = at + 1, .pfn = frames[at].pfn, .gone = frames[at].gone
	};
	const size_t teller = find_teller(j, at);

	c.cache = canon_of(j->repair, frames[teller].cache);
	if (!c.cache)
		return c;
	c.size = size_of(j, c.cache);
	if (!c.size)
		return c;
	c.order = (uint8_t)order_of(j, c.cache, &frames[at]);
	c.pfn = head_of(&frames[at], c.order);
	while (c.end < j->state->frames.nr && frames[c.end].pfn < c.pfn + (1ULL << c.order))
		c.end++;
	return c;
}

/* The frame that knows which cache frame "at" is of, by name if there is one: or "at" itself. */
static size_t find_teller(const struct joining *j, size_t at)
{
	const struct slab_frame *frames = j->state->frames.items;
	size_t best = at;

	for (size_t i = at; i < j->state->frames.nr; i++) {
		const uint32_t cache = canon_of(j->repair, frames[i].cache);

		if (frames[i].pfn - frames[at].pfn >= 1ULL << COMMON_MAX_ORDER)
			break;
		if (!cache)
			continue;
		if (head_of(&frames[i], order_of(j, cache, &frames[i])) > frames[at].pfn)
			break;
		if (repair_cache(j->repair, cache)->name)
			return i;
		if (!frames[best].cache)
			best = i;
	}
	return best;
}

/* The first page of a slab of "order" that "frame" is of. */
static uint64_t head_of(const struct slab_frame *frame, unsigned int order)
{
	return frame->gone != UINT64_MAX ? frame->gone_pfn :
					   bits_align_down(frame->pfn, 1ULL << order);
}

static unsigned int order_of(const struct joining *j, uint32_t cache,
			     const struct slab_frame *frame)
{
	struct slab_geometry geometry;

	if (frame->gone != UINT64_MAX)
		return frame->gone_order;
	return geometry_of(j, cache, &geometry) ? usual_order(j, cache, &geometry) : 0;
}

/*
 * The rule's order, if any slab of it was made. Other orders are seen, too: of smaller slabs for
 * want of memory, and of pages that were taken for this cache's by mistake; but not often where
 * none is as it should be, unless the recorded kernel was told otherwise.
 */
static unsigned int usual_order(const struct joining *j, uint32_t cache,
				const struct slab_geometry *geometry)
{
	const struct slab_orders *seen;
	unsigned int most = geometry->order;

	if (cache >= j->state->orders.nr)
		return geometry->order;
	seen = &j->state->orders.items[cache];
	if (seen->nr[most])
		return most;
	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++)
		if (seen->nr[order] > seen->nr[most])
			most = order;
	return seen->nr[most] >= MIN_SLABS_SEEN ? most : geometry->order;
}

/*
 * Of a cache of which only frees were recorded no event tells the size. Its objects do, by where
 * they lie: so many distances are not all multiples of a multiple of it.
 */
static uint32_t size_of(const struct joining *j, uint32_t cache)
{
	const uint32_t size = repair_cache(j->repair, cache)->size;

	if (size || cache >= j->strides.nr || j->strides.items[cache].nr < MIN_DISTANCES)
		return size;
	return j->strides.items[cache].size;
}

static void measure(struct joining *j)
{
	vec_foreach(&j->state->frames, frame) {
		const uint32_t cache = canon_of(j->repair, frame->cache);
		const struct slab_sight *sights = j->state->sights.items;
		struct stride *stride;

		if (!cache || repair_cache(j->repair, cache)->size)
			continue;
		vec_extend_zeroed(&j->strides, (size_t)cache + 1);
		stride = &j->strides.items[cache];
		for (uint32_t at = sights[frame->first].next; at != SIGHT_NONE;
		     at = sights[at].next) {
			const int distance = sights[at].offset - sights[frame->first].offset;

			stride->size = common_divisor(stride->size, (uint32_t)abs(distance));
			stride->nr++;
		}
	}
}

/* Euclid's; that of 0 and "b" is "b". */
static uint32_t common_divisor(uint32_t a, uint32_t b)
{
	while (b) {
		const uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* What was seen under ids that turned out to be one cache. */
static void unite_orders(struct joining *j)
{
	for (uint32_t id = 1; id < j->state->orders.nr; id++) {
		const uint32_t canon = canon_of(j->repair, id);

		if (canon == id)
			continue;
		vec_extend_zeroed(&j->state->orders, (size_t)canon + 1);
		for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++)
			j->state->orders.items[canon].nr[order] +=
				j->state->orders.items[id].nr[order];
		j->state->orders.items[id] = (struct slab_orders){ 0 };
	}
}

/* Frames that came later hold no slab that was there. */
static void drop_bought(struct joining *j)
{
	size_t kept = 0;

	vec_foreach(&j->state->frames, frame) {
		if (!frame->bought)
			j->state->frames.items[kept++] = *frame;
	}
	j->state->frames.nr = kept;
}

static void sort_purchases(struct joining *j)
{
	vec_foreach(&j->state->purchases, purchase)
		purchase->cache = canon_of(j->repair, purchase->cache);
	if (j->state->purchases.nr)
		qsort(j->state->purchases.items, j->state->purchases.nr,
		      sizeof(*j->state->purchases.items), by_cache_and_event);
}

static void find_purchases(const struct joining *j, uint32_t id, struct slab_survey_cache *cache)
{
	const struct slab_purchase *purchases = j->state->purchases.items;
	const size_t nr = j->state->purchases.nr;
	size_t low = 0, high = nr;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (purchases[mid].cache < id)
			low = mid + 1;
		else
			high = mid;
	}
	for (; high < nr && purchases[high].cache == id;)
		high++;
	cache->purchases = nr ? purchases + low : NULL;
	cache->nr_purchases = high - low;
}

/* A block that goes is a slab of this cache if it is as large as one. */
static bool has_fit_order(const struct joining *j, const struct candidate *c)
{
	struct slab_geometry geometry;

	return geometry_of(j, c->cache, &geometry) &&
	       (c->order == geometry.min_order ||
		c->order == usual_order(j, c->cache, &geometry));
}

/* Frames that no object event touched must not contradict. */
static bool was_in_use(const struct joining *j, const struct candidate *c)
{
	for (uint64_t pfn = c->pfn; pfn < c->pfn + (1ULL << c->order); pfn++) {
		if (!slab_survey_may_be(j->state, pfn))
			return false;
	}
	return true;
}

static bool is_of_one_cache(const struct joining *j, const struct candidate *c)
{
	for (size_t i = c->first; i < c->end; i++) {
		const struct slab_frame *frame = &j->state->frames.items[i];
		const uint32_t cache = canon_of(j->repair, frame->cache);

		if (frame->gone != c->gone)
			return false;
		/* Two without a name may still be one; they must be alike. */
		if (cache && size_of(j, cache) != c->size)
			return false;
	}
	return true;
}

static void add_slab(struct joining *j, const struct candidate *c)
{
	struct slab_geometry geometry;
	const bool known = geometry_of(j, c->cache, &geometry);
	const uint64_t bytes = (uint64_t)KERNEL_PAGE_SIZE << c->order;
	struct slab_survey_slab slab = {
		.pfn = c->pfn,
		.first_alloc = UINT64_MAX,
		.first_rank = UINT64_MAX,
		.gone = c->gone,
		.cache = c->cache,
		.size = c->size,
		.objects = (uint16_t)MIN(bytes / c->size, (uint64_t)SLAB_MAX_OBJECTS),
		.order = c->order,
		.small = known && c->order != usual_order(j, c->cache, &geometry),
		.free = (uint32_t)j->objects.nr,
		.freed = (uint32_t)j->survey->slots.nr,
	};

	vec_push(&j->slabs, slab);
	read_sights(j, c);
}

/* What was free goes to "objects"; what was in use and is freed, to the slots at once. */
static void read_sights(struct joining *j, const struct candidate *c)
{
	struct slab_survey_slab *slab = &j->slabs.items[j->slabs.nr - 1];

	vec_reset(&j->sights);
	for (size_t i = c->first; i < c->end; i++) {
		const struct slab_frame *frame = &j->state->frames.items[i];
		const uint64_t start = (frame->pfn - c->pfn) * KERNEL_PAGE_SIZE;

		for (uint32_t at = frame->first; at != SIGHT_NONE;) {
			struct slab_sight *sight = &j->state->sights.items[at];
			const uint64_t offset = start + sight->offset;

			at = sight->next;
			sight->slot = (uint16_t)(offset / c->size);
			if (offset % c->size || offset / c->size >= slab->objects)
				j->survey->losses.misplaced++;
			else
				vec_push(&j->sights, sight);
		}
	}
	if (j->sights.nr)
		qsort(j->sights.items, j->sights.nr, sizeof(*j->sights.items), by_event);
	vec_foreach(&j->sights, sight) {
		if ((*sight)->freed) {
			slab->nr_freed++;
			vec_push(&j->survey->slots, (*sight)->slot);
			continue;
		}
		slab->nr_free++;
		vec_push(&j->objects, (struct slab_free_object){
			.event = (*sight)->event,
			.cpu = (*sight)->cpu,
			.slot = (*sight)->slot,
		});
	}
}

/* All slabs of one cache at a time go to the result. */
static void place_caches(struct joining *j)
{
	const bool single = slab_profile_of(j->recorded->kernel)->sheaves;
	struct slab_survey_cache cache = { .single = single };
	struct vec(struct slab_free_object) objects = { 0 };

	if (j->slabs.nr)
		qsort(j->slabs.items, j->slabs.nr, sizeof(*j->slabs.items), by_cache);
	for (size_t at = 0; at < j->slabs.nr;) {
		const uint32_t id = j->slabs.items[at].cache;
		const size_t first = at;

		vec_reset(&objects);
		cache.first = j->survey->slabs.nr;
		for (; at < j->slabs.nr && j->slabs.items[at].cache == id; at++) {
			struct slab_survey_slab slab = j->slabs.items[at];

			for (uint32_t k = 0; k < slab.nr_free; k++) {
				vec_push(&objects, j->objects.items[slab.free + k]);
				objects.items[objects.nr - 1].slab = (uint32_t)(at - first);
			}
			slab.free = slab.nr_free = 0;
			vec_push(&j->survey->slabs, slab);
		}
		cache.objects = objects.items;
		cache.nr_objects = objects.nr;
		if (!geometry_of(j, id, &cache.geometry))
			cache.geometry = (struct slab_geometry){ .size = 1 };
		find_purchases(j, id, &cache);
		slab_survey_place(j->survey, &cache);
	}
	if (j->survey->unseen_frees.nr)
		qsort(j->survey->unseen_frees.items, j->survey->unseen_frees.nr, sizeof(uint64_t),
		      by_number);
	vec_deinit(&objects);
}

/* Objects seen in the candidate's frames; with "all" not only those that were freed. */
static uint64_t count_sights(const struct joining *j, const struct candidate *c, bool all)
{
	uint64_t nr = 0;

	for (size_t i = c->first; i < c->end; i++) {
		const struct slab_frame *frame = &j->state->frames.items[i];

		for (uint32_t at = frame->first; at != SIGHT_NONE;) {
			nr += all || j->state->sights.items[at].freed;
			at = j->state->sights.items[at].next;
		}
	}
	return nr;
}

static bool geometry_of(const struct joining *j, uint32_t cache, struct slab_geometry *geometry)
{
	const struct repair_cache *known = repair_cache(j->repair, cache);
	const uint32_t flags = (known->reclaimable ? SLAB_RECLAIM_ACCOUNT : 0U) |
			       (known->account ? SLAB_ACCOUNT : 0U) |
			       (known->dma ? SLAB_CACHE_DMA : 0U);

	const uint32_t size = size_of(j, cache);

	if (!slab_geometry_init_recorded(geometry, j->recorded,
					 known->size ? MIN(known->object_size, size) : size,
					 size, flags))
		return false;
	slab_geometry_name(geometry, j->recorded, repair_cache_name(j->repair, cache));
	return true;
}

/* What a cache turned out to be; 0 stays 0. */
static uint32_t canon_of(const struct repair *repair, uint32_t cache)
{
	while (cache && repair_cache(repair, cache)->canon != cache)
		cache = repair_cache(repair, cache)->canon;
	return cache;
}

static int by_pfn(const void *a, const void *b)
{
	const struct slab_frame *x = a, *y = b;

	return (x->pfn > y->pfn) - (x->pfn < y->pfn);
}

static int by_event(const void *a, const void *b)
{
	const struct slab_sight *const *x = a, *const *y = b;

	return ((*x)->event > (*y)->event) - ((*x)->event < (*y)->event);
}

static int by_cache(const void *a, const void *b)
{
	const struct slab_survey_slab *x = a, *y = b;

	if (x->cache != y->cache)
		return x->cache < y->cache ? -1 : 1;
	return (x->pfn > y->pfn) - (x->pfn < y->pfn);
}

static int by_cache_and_event(const void *a, const void *b)
{
	const struct slab_purchase *x = a, *y = b;

	if (x->cache != y->cache)
		return x->cache < y->cache ? -1 : 1;
	return (x->event > y->event) - (x->event < y->event);
}

static int by_number(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}
