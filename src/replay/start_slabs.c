/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slabs and objects of the machine when the recording begins.
 *
 * Theory. A slab that existed (slab_survey.c) is put where it was: at its recorded frames, on its
 * list, with its free objects in their order. The machine has its direct map at a place of its own,
 * so an object's address here is its recorded one moved by the distance of the two maps. When such
 * an object is freed, that is a free like any other; when the recorded slab's pages go back, those
 * of its objects that are still here were freed unseen, and go, too. Whether the machine then gives
 * the slab back is its own affair.
 *
 * A machine that is not like the recorded one may have no such slab: other size classes, another
 * order, no memory there. What counts then is what was in use: as many objects are asked for as the
 * recorded slab had, in the ordinary way, before the first event; its frames are free. Smaller
 * differences are met as the kernel would meet them: slabs of CPUs that are not there are shared
 * out, and what can have no cpu slab, or no sheaf, is on the node's list.
 */
#include <config.h>

#include "replay_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/page_start.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/zone.h"
#include "kmreplay/replay/slab_survey.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = SLAB_MAX_OBJECTS / 64 + 1 };

/* Bits by slot of one slab. */
struct slot_set {
	uint64_t used[WORDS]; /* in use at the beginning */
	uint64_t back[WORDS]; /* of them those that are given back */
};

struct start {
	struct replay *r;
	const struct slab_survey *survey;
	struct u64map sheafed;   /* recorded address to number in survey->sheaf_addrs */
	struct vec(uint16_t) free; /* slots of one slab */
};

static bool start_init(struct start *start, struct replay *r);
static void start_deinit(struct start *start);
static bool place(struct start *start, const struct slab_survey_slab *slab);
static bool is_recorded_arch(const struct replay *r);
static bool is_alike(const struct slab_survey_slab *slab, const struct slab_geometry *geometry);
static void list_free(struct start *start, const struct slab_survey_slab *slab, bool sheaves);
static bool place_somewhere(const struct replay *r, struct slab_start_page *page);
static bool take_pages(struct replay *r, const struct slab_survey_slab *slab);
static void give_pages(struct replay *r, const struct slab_survey_slab *slab);
static void fill_sheaf(struct start *start, const struct slab_survey_sheaf *sheaf);
static void note(struct start *start, const struct slab_survey_slab *slab, bool placed,
		 bool has_frames);
static void find_slots(const struct start *start, const struct slab_survey_slab *slab,
		       struct slot_set *set);
static struct mm_outcome ask(struct replay *r, const struct slab_survey_slab *slab);
static uint64_t here(const struct replay *r, uint64_t ptr);
static uint64_t object_size(const struct slab_allocator *slab, uint64_t addr);
static bool test(const uint64_t *words, unsigned int bit);

void replay_start_slabs(struct replay *r)
{
	struct start start;

	if (!start_init(&start, r))
		return;
	vec_foreach(&start.survey->slabs, slab) {
		const uint32_t number = (uint32_t)(slab - start.survey->slabs.items);

		/* Without slabs their pages are pages in use; those that go are start.c's. */
		if (!(r->options.layers & LAYER_SLAB) && slab->gone == UINT64_MAX)
			(void)take_pages(r, slab);
		else if (r->options.layers & LAYER_SLAB && !place(&start, slab))
			vec_push(&r->start_objects.unplaced, number);
	}
	start_deinit(&start);
}

void replay_start_objects(struct replay *r)
{
	struct page_allocator *pa = machine_pages(r->machine);
	struct start start;

	if (!(r->options.layers & LAYER_SLAB) || !start_init(&start, r))
		return;
	vec_foreach(&start.survey->sheaves, sheaf)
		fill_sheaf(&start, sheaf);
	vec_foreach(&r->start_objects.unplaced, number) {
		const struct slab_survey_slab *slab = &start.survey->slabs.items[*number];
		const bool dropped = page_is_unknown(pa, slab->pfn, slab->order) &&
				     take_pages(r, slab);

		/* There is no such slab here, so its frames are free. */
		if (dropped)
			give_pages(r, slab);
		note(&start, slab, false, dropped);
	}
	vec_deinit(&r->start_objects.unplaced);
	start_deinit(&start);
}

enum replay_verdict replay_start_object_free(struct replay *r, uint64_t ptr, unsigned int cpu)
{
	const uint32_t *at = u64map_find(&r->start_objects.by_ptr, ptr);
	struct slab_allocator *slab = machine_slab(r->machine);
	struct mm_outcome outcome;
	uint64_t addr;

	if (!at)
		return VERDICT_UNSEEN;
	addr = *at ? r->start_objects.addrs.items[*at - 1] : here(r, ptr);
	u64map_remove(&r->start_objects.by_ptr, ptr);
	r->tally.asked_live_bytes -= object_size(slab, addr);
	outcome = slab_free(slab, cpu, addr);
	BUG_ON(!mm_ok(outcome));
	r->tally.nr_start_objects_freed++;
	replay_tally_cost(&r->tally, CALL_OBJ_FREE, outcome);
	return VERDICT_DONE;
}

enum replay_verdict replay_start_bulk_free(struct replay *r, const struct replay_step *step)
{
	const struct event *ev = step->ev;
	bool any = step->op->implied_free != REPAIR_NO_SLOT;

	for (uint32_t i = 0; i < MIN(ev->bulk.nr, ev->bulk.nr_aux); i++) {
		uint64_t ptr;

		memcpy(&ptr, step->batch->aux + ev->bulk.aux + i * sizeof(ptr), sizeof(ptr));
		any |= replay_start_object_free(r, ptr, step->cpu) == VERDICT_DONE;
	}
	return any ? VERDICT_DONE : VERDICT_UNSEEN;
}

bool replay_start_slab_gone(struct replay *r, const struct replay_step *step)
{
	const uint32_t *at = u64map_find(&r->start_objects.by_pfn, step->ev->page.pfn);
	const struct slab_survey *survey = r->options.slabs;
	const struct slab_survey_slab *slab;
	bool has_frames;

	if (!at)
		return false;
	has_frames = *at % 2;
	slab = &survey->slabs.items[*at / 2];
	if (slab->order != step->ev->page.order)
		return false;
	u64map_remove(&r->start_objects.by_pfn, slab->pfn);
	for (unsigned int slot = 0; slot < slab->objects; slot++)
		(void)replay_start_object_free(r, slab_survey_ptr(survey, slab, slot),
					       step->cpu);
	return has_frames;
}

/* Not in zones for other uses. */
bool replay_may_have_slabs(const struct replay *r, uint64_t pfn)
{
	const struct page_allocator *pa = machine_pages(r->machine);

	for (unsigned int i = 0; i < zone_count(pa); i++) {
		struct zone_info info;

		zone_info(pa, i, &info);
		if ((info.type == ZONE_HIGHMEM || info.type == ZONE_MOVABLE) &&
		    pfn >= info.start_pfn && pfn < info.end_pfn)
			return false;
	}
	return true;
}

/* False when nothing is known of slabs. */
static bool start_init(struct start *start, struct replay *r)
{
	*start = (struct start){ .r = r, .survey = r->options.slabs };
	if (!start->survey || !start->survey->known || !(r->options.layers & LAYER_PAGE))
		return false;
	u64map_init(&start->sheafed);
	for (size_t i = 0; i < start->survey->sheaf_addrs.nr; i++) {
		bool fresh;

		*u64map_insert(&start->sheafed, start->survey->sheaf_addrs.items[i], &fresh) =
			(uint32_t)i;
	}
	return true;
}

static void start_deinit(struct start *start)
{
	u64map_deinit(&start->sheafed);
	vec_deinit(&start->free);
}

static bool place(struct start *start, const struct slab_survey_slab *slab)
{
	struct replay *r = start->r;
	const struct slab_geometry *geometry;
	struct slab_start_page page;

	/* Size classes of the machine's own: kmalloc() objects have other slabs here. */
	if (r->own_classes && repair_cache(r->repair, slab->cache)->kmalloc)
		return false;
	page = slab_survey_page(start->survey, slab,
				replay_known_cache(r, slab->cache, slab->size));
	geometry = slab_cache_geometry(machine_slab(r->machine), page.cache);
	if (!geometry || !is_alike(slab, geometry) || !is_recorded_arch(r) ||
	    !replay_may_have_slabs(r, slab->pfn) || !take_pages(r, slab))
		return false;
	list_free(start, slab, geometry->sheaf_capacity);
	page.free = start->free.items;
	page.nr_free = (uint32_t)start->free.nr;
	page.cpu %= r->nr_cpus;
	if (!place_somewhere(r, &page)) {
		give_pages(r, slab);
		return false;
	}
	note(start, slab, true, true);
	return true;
}

/* Addresses of another architecture lead nowhere. */
static bool is_recorded_arch(const struct replay *r)
{
	return (r->arch == ARCH_X86_32) == (r->options.slabs->base <= UINT32_MAX);
}

/* Slabs of the machine's cache are like that. */
static bool is_alike(const struct slab_survey_slab *slab, const struct slab_geometry *geometry)
{
	if (geometry->size != slab->size || geometry->red_left_pad)
		return false;
	if (slab->small)
		return slab->order == geometry->min_order &&
		       slab->objects == geometry->min_objects;
	return slab->order == geometry->order && slab->objects == geometry->objects;
}

/* The slab's free slots; without "sheaves" here, what was in sheaves is on top of them. */
static void list_free(struct start *start, const struct slab_survey_slab *slab, bool sheaves)
{
	vec_reset(&start->free);
	for (unsigned int slot = 0; !sheaves && slab->nr_sheaf && slot < slab->objects; slot++) {
		if (u64map_find(&start->sheafed, slab_survey_ptr(start->survey, slab, slot)))
			vec_push(&start->free, (uint16_t)slot);
	}
	for (uint32_t i = 0; i < slab->nr_free; i++)
		vec_push(&start->free, start->survey->slots.items[slab->free + i]);
}

/* Where it was, else where the kernel would put it when it leaves that place. */
static bool place_somewhere(const struct replay *r, struct slab_start_page *page)
{
	static const uint8_t then[SLAB_START_NR] = {
		[SLAB_START_CPU] = SLAB_START_CPU_PARTIAL,
		[SLAB_START_CPU_PARTIAL] = SLAB_START_NODE_PARTIAL,
		[SLAB_START_CPU_BOTTOM] = SLAB_START_NODE_PARTIAL,
		[SLAB_START_FULL] = SLAB_START_NODE_PARTIAL,
	};

	while (!slab_place(machine_slab(r->machine), page)) {
		if (page->place == SLAB_START_NODE_PARTIAL)
			return false;
		page->place = then[page->place];
	}
	return true;
}

/* The slab's frames are its own: false when they are not to be had. */
static bool take_pages(struct replay *r, const struct slab_survey_slab *slab)
{
	struct page_allocator *pa = machine_pages(r->machine);
	const bool reclaimable = repair_cache(r->repair, slab->cache)->reclaimable;

	if (!page_adopt(pa, slab->pfn, slab->order,
			reclaimable ? MIGRATE_RECLAIMABLE : MIGRATE_UNMOVABLE) &&
	    !page_reserve(pa, slab->pfn, slab->order))
		return false;
	replay_tally_pages(&r->tally, OWNER_SLAB, slab->order, false);
	return true;
}

static void give_pages(struct replay *r, const struct slab_survey_slab *slab)
{
	replay_tally_pages(&r->tally, OWNER_SLAB, slab->order, true);
	(void)page_free(machine_pages(r->machine), 0, slab->pfn, slab->order);
}

/* What cannot be in a sheaf here after all goes back to its slab. */
static void fill_sheaf(struct start *start, const struct slab_survey_sheaf *sheaf)
{
	struct replay *r = start->r;
	struct slab_allocator *allocator = machine_slab(r->machine);
	struct vec(uint64_t) addrs = { 0 };
	struct slab_start_sheaf wish = {
		.cache = replay_known_cache(r, sheaf->cache, sheaf->size),
		.place = sheaf->place,
		.cpu = sheaf->cpu % r->nr_cpus,
	};
	const struct slab_geometry *geometry = slab_cache_geometry(allocator, wish.cache);

	if (!geometry || !geometry->sheaf_capacity)
		return;
	for (uint32_t i = 0; i < sheaf->nr; i++) {
		const uint64_t addr =
			here(r, start->survey->sheaf_addrs.items[sheaf->first + i]);

		if (slab_cache_of(allocator, addr) == wish.cache && slab_is_live(allocator, addr))
			vec_push(&addrs, addr);
	}
	wish.addrs = addrs.items;
	wish.nr = (uint32_t)addrs.nr;
	if (!slab_place_sheaf(allocator, &wish)) {
		while (addrs.nr)
			(void)slab_free(allocator, wish.cpu, addrs.items[--addrs.nr]);
	}
	vec_deinit(&addrs);
}

/* The slab's objects in use are here: in it, or, if it could not be placed, made now. */
static void note(struct start *start, const struct slab_survey_slab *slab, bool placed,
		 bool has_frames)
{
	struct replay *r = start->r;
	struct slot_set set;
	bool fresh;

	find_slots(start, slab, &set);
	r->tally.nr_start_slabs += placed;
	r->tally.nr_start_rebuilt += !placed;
	if (slab->gone != UINT64_MAX)
		*u64map_insert(&r->start_objects.by_pfn, slab->pfn, &fresh) =
			(uint32_t)(slab - start->survey->slabs.items) * 2 + has_frames;
	for (unsigned int slot = 0; slot < slab->objects; slot++) {
		struct mm_outcome outcome = { 0 };
		uint32_t number = 0;

		if (!test(set.used, slot))
			continue;
		if (!placed)
			outcome = ask(r, slab);
		r->tally.nr_start_objects += mm_ok(outcome);
		r->tally.nr_start_missing += !mm_ok(outcome);
		if (!mm_ok(outcome) || !test(set.back, slot))
			continue;
		if (!placed) {
			vec_push(&r->start_objects.addrs, outcome.addr);
			number = (uint32_t)r->start_objects.addrs.nr;
		}
		*u64map_insert(&r->start_objects.by_ptr,
			       slab_survey_ptr(start->survey, slab, slot), &fresh) = number;
	}
}

static void find_slots(const struct start *start, const struct slab_survey_slab *slab,
		       struct slot_set *set)
{
	const struct slab_survey *survey = start->survey;

	memset(set, 0, sizeof(*set));
	for (unsigned int slot = 0; slot < slab->objects; slot++)
		if (!slab->nr_sheaf ||
		    !u64map_find(&start->sheafed, slab_survey_ptr(survey, slab, slot)))
			set->used[slot / 64] |= 1ULL << (slot % 64);
	for (uint32_t i = 0; i < slab->nr_free; i++) {
		const uint16_t slot = survey->slots.items[slab->free + i];

		set->used[slot / 64] &= ~(1ULL << (slot % 64));
	}
	/* What is left in a slab whose pages go was freed unseen. */
	if (slab->gone != UINT64_MAX) {
		memcpy(set->back, set->used, sizeof(set->back));
		return;
	}
	for (uint32_t i = 0; i < slab->nr_freed; i++) {
		const uint16_t slot = survey->slots.items[slab->freed + i];

		set->back[slot / 64] |= 1ULL << (slot % 64);
	}
}

/* One object like those of "slab". */
static struct mm_outcome ask(struct replay *r, const struct slab_survey_slab *slab)
{
	const struct repair_cache *cache = repair_cache(r->repair, slab->cache);
	struct slab_allocator *allocator = machine_slab(r->machine);
	const unsigned int cpu = slab->cpu % r->nr_cpus;

	if (r->own_classes && cache->kmalloc)
		return slab_kmalloc(allocator, cpu, slab->size, GFP_BITS_KERNEL, -1, 0);
	return slab_alloc(allocator, replay_known_cache(r, slab->cache, slab->size), cpu, -1,
			  GFP_BITS_KERNEL, 0);
}

/* Where the machine has what the recorded one had at "ptr". */
static uint64_t here(const struct replay *r, uint64_t ptr)
{
	return ptr - r->options.slabs->base + slab_page_offset(machine_slab(r->machine));
}

/* As much as the live object at "addr" may have been asked for. */
static uint64_t object_size(const struct slab_allocator *slab, uint64_t addr)
{
	const uint32_t cache = slab_cache_of(slab, addr);

	return cache == SLAB_CACHE_NONE ? slab_ksize(slab, addr) :
					  slab_cache_geometry(slab, cache)->object_size;
}

static bool test(const uint64_t *words, unsigned int bit)
{
	return words[bit / 64] >> (bit % 64) & 1;
}
