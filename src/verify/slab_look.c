/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the judge of slabs knows from reading ahead, beside the slabs that existed at the beginning
 * (slab_survey.h, which every replay wants to know, too): which caches give their pages back after
 * a grace period, and which objects end without a free event (that is seen later, when their
 * address is handed out again or their slab goes).
 */
#include <config.h>

#include "slab_look.h"

#include <stdlib.h>
#include <string.h>

/* No cache: the context did something else last. */
enum { NO_CACHE = 0 };
/* Contexts remembered at once. */
enum { MAX_CONTEXTS = 1 << 16 };

static void look_object(struct slab_look *look, const struct event *ev, const struct repair_op *op);
static void look_free(struct slab_look *look, const struct event *ev, const struct repair_op *op);
static void look_bulk_free(struct slab_look *look, const struct repair_batch *batch, size_t i);
static void look_seen(struct slab_look *look, uint64_t ptr);
static void look_acpi(struct slab_look *look, const struct event *ev, uint32_t cache);
static void look_page_free(struct slab_look *look, const struct repair_batch *batch, size_t i);
static void end_silently(struct slab_look *look, uint32_t slot);
static void set_ended(struct slab_look *look, uint64_t number);
static void remember(struct slab_look *look, const struct event *ev, uint32_t cache);
static int compare_numbers(const void *a, const void *b);
static int compare_unseen(const void *a, const void *b);

void *slab_look_create(const struct verify_setup *setup)
{
	struct slab_look *look = xcalloc(1, sizeof(*look));

	look->names = setup->names;
	look->slabs = setup->slabs;
	look->sheaves = slab_profile_of(setup->config->kernel)->sheaves;
	u64map_init(&look->last_of);
	u64map_init(&look->last_free);
	u64map_init(&look->last_seen);
	return look;
}

void slab_look_feed(void *data, const struct repair *repair, const struct repair_batch *batch)
{
	struct slab_look *look = data;

	look->repair = repair;
	for (size_t i = 0; i < batch->batch->nr; i++, look->nr_events++) {
		const struct repair_op *op = &batch->ops[i];

		switch (op->call) {
		case CALL_KMALLOC:
		case CALL_CACHE_ALLOC:
		case CALL_OBJ_FREE:
			look_object(look, &batch->batch->events[i], op);
			break;
		case CALL_PAGE_FREE:
			look_page_free(look, batch, i);
			break;
		case CALL_BULK_FREE:
			look_bulk_free(look, batch, i);
			break;
		default:
			break;
		}
	}
}

void slab_look_finish(void *data)
{
	struct slab_look *look = data;

	look->repair = NULL;
	if (look->silent.nr)
		qsort(look->silent.items, look->silent.nr, sizeof(look->silent.items[0]),
		      compare_numbers);
	if (look->unseen.nr)
		qsort(look->unseen.items, look->unseen.nr, sizeof(look->unseen.items[0]),
		      compare_unseen);
	vec_deinit(&look->born);
	u64map_deinit(&look->last_of);
	u64map_init(&look->last_of);
	u64map_deinit(&look->last_free);
	u64map_init(&look->last_free);
}

void slab_look_destroy(void *data)
{
	struct slab_look *look = data;

	if (!look)
		return;
	u64map_deinit(&look->last_of);
	u64map_deinit(&look->last_free);
	u64map_deinit(&look->last_seen);
	vec_deinit(&look->unseen);
	vec_deinit(&look->born);
	vec_deinit(&look->silent);
	vec_deinit(&look->gone);
	vec_deinit(&look->acpi);
	vec_deinit(&look->ended);
	vec_deinit(&look->sites);
	free(look);
}

bool slab_look_is_rcu(const struct slab_look *look, uint32_t cache)
{
	if (!look || cache >= look->gone.nr)
		return false;
	/* Behind other frees of the cache's a grace period may end by chance, but not mostly. */
	return look->gone.items[cache].direct * 2 < look->gone.items[cache].nr;
}

bool slab_look_is_acpi(const struct slab_look *look, uint32_t cache)
{
	return look && cache < look->acpi.nr && look->acpi.items[cache];
}

enum slab_end slab_look_end(const struct slab_look *look, uint64_t number, uint32_t site)
{
	if (!look || site >= look->sites.nr || !look->sites.items[site])
		return SLAB_END_SEEN;
	if (number / 64 < look->ended.nr && look->ended.items[number / 64] >> number % 64 & 1)
		return SLAB_END_SEEN;
	return bsearch(&number, look->silent.items, look->silent.nr, sizeof(number),
		       compare_numbers) ? SLAB_END_SILENT : SLAB_END_UNKNOWN;
}

bool slab_look_freed_unseen(const struct slab_look *look, uint64_t ptr)
{
	const struct slab_survey *slabs = look ? look->slabs : NULL;

	return slabs && slabs->unseen_frees.nr &&
	       bsearch(&ptr, slabs->unseen_frees.items, slabs->unseen_frees.nr, sizeof(ptr),
		       compare_numbers);
}

bool slab_look_is_last(const struct slab_look *look, uint64_t ptr, uint64_t now)
{
	const uint32_t *last = look ? u64map_find(&look->last_seen, ptr) : NULL;

	return last && (int32_t)(*last - (uint32_t)now) <= 0;
}

bool slab_look_taken_unseen(const struct slab_look *look, uint64_t ptr, uint64_t now)
{
	size_t low = 0, high = look ? look->unseen.nr : 0;
	const struct slab_look_unseen *unseen;

	/* The first of "ptr" that is freed after "now". */
	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		unseen = &look->unseen.items[mid];
		if (unseen->ptr < ptr || (unseen->ptr == ptr && unseen->freed <= now))
			low = mid + 1;
		else
			high = mid;
	}
	unseen = look && low < look->unseen.nr ? &look->unseen.items[low] : NULL;
	return unseen && unseen->ptr == ptr && unseen->since < now;
}

static void look_object(struct slab_look *look, const struct event *ev, const struct repair_op *op)
{
	if (look->sheaves)
		look_seen(look, ev->slab.ptr);
	if (op->call == CALL_OBJ_FREE) {
		look_free(look, ev, op);
		if (ev->type == EVENT_CACHE_FREE && op->cache)
			look_acpi(look, ev, op->cache);
		remember(look, ev,
			 op->cache ? slab_judge_canon(look->repair, op->cache) : NO_CACHE);
		if (op->slot < look->born.nr && look->born.items[op->slot].event)
			set_ended(look, look->born.items[op->slot].event - 1);
		return;
	}
	remember(look, ev, NO_CACHE);
	if (op->kind == REPAIR_UNSEEN_FREE && op->implied_free != REPAIR_NO_SLOT)
		end_silently(look, op->implied_free);
	if (op->slot == REPAIR_NO_SLOT || op->fate == FATE_SKIPPED)
		return;
	vec_extend_zeroed(&look->born, (size_t)op->slot + 1);
	look->born.items[op->slot] =
		(struct slab_look_born){ .event = look->nr_events + 1, .site = ev->site };
}

/* Frees of what was never seen allocated: between two frees of an address it was. */
static void look_free(struct slab_look *look, const struct event *ev, const struct repair_op *op)
{
	uint32_t *last;
	bool fresh;

	if (op->kind == REPAIR_NULL_FREE)
		return;
	last = u64map_insert(&look->last_free, ev->slab.ptr, &fresh);
	if (op->kind == REPAIR_UNSEEN_ALLOC)
		vec_push(&look->unseen, (struct slab_look_unseen){
			.ptr = ev->slab.ptr, .since = *last, .freed = look->nr_events
		});
	*last = (uint32_t)look->nr_events;
}

static void look_bulk_free(struct slab_look *look, const struct repair_batch *batch, size_t i)
{
	const struct event *ev = &batch->batch->events[i];
	const uint32_t nr = look->sheaves ? MIN(ev->bulk.nr, ev->bulk.nr_aux) : 0;
	uint64_t ptr;

	for (uint32_t at = 0; at < nr; at++) {
		memcpy(&ptr, batch->batch->aux + ev->bulk.aux + at * sizeof(ptr), sizeof(ptr));
		look_seen(look, ptr);
	}
}

static void look_seen(struct slab_look *look, uint64_t ptr)
{
	bool fresh;

	*u64map_insert(&look->last_seen, ptr, &fresh) = (uint32_t)look->nr_events;
}

static void look_acpi(struct slab_look *look, const struct event *ev, uint32_t cache)
{
	const uint32_t symbol = look->names->sites.items[ev->site].symbol;

	if (likely(!symbol ||
		   strcmp(intern_text(&look->names->texts, symbol), "acpi_os_release_object") != 0))
		return;
	cache = slab_judge_canon(look->repair, cache);
	vec_extend_zeroed(&look->acpi, (size_t)cache + 1);
	look->acpi.items[cache] = 1;
}

/* Right behind the free of an object of its cache, or at another time? */
static void look_page_free(struct slab_look *look, const struct repair_batch *batch, size_t i)
{
	const struct repair_op *op = &batch->ops[i];
	const struct event *ev = &batch->batch->events[i];
	const uint32_t *last;
	uint32_t cache;

	if (op->owner != OWNER_SLAB || op->fate == FATE_SKIPPED || op->kind == REPAIR_MISMATCH)
		return;
	if (op->kind == REPAIR_UNSEEN_FREE) {
		const uint32_t *list = batch->lists + op->implied_free;

		for (uint32_t n = 1; n <= list[0]; n++)
			end_silently(look, list[n]);
		return;
	}
	if (!op->cache)
		return;
	cache = slab_judge_canon(look->repair, op->cache);
	last = u64map_find(&look->last_of, slab_context(ev));
	vec_extend_zeroed(&look->gone, (size_t)cache + 1);
	look->gone.items[cache].nr++;
	if (last && *last == cache)
		look->gone.items[cache].direct++;
}

static void end_silently(struct slab_look *look, uint32_t slot)
{
	const struct slab_look_born *born;

	if (slot >= look->born.nr || !look->born.items[slot].event)
		return;
	born = &look->born.items[slot];
	vec_push(&look->silent, born->event - 1);
	vec_extend_zeroed(&look->sites, (size_t)born->site + 1);
	look->sites.items[born->site] = 1;
}

static void set_ended(struct slab_look *look, uint64_t number)
{
	vec_extend_zeroed(&look->ended, (size_t)(number / 64) + 1);
	look->ended.items[number / 64] |= 1ULL << number % 64;
}

static void remember(struct slab_look *look, const struct event *ev, uint32_t cache)
{
	bool fresh;

	if (look->last_of.nr >= MAX_CONTEXTS) {
		u64map_deinit(&look->last_of);
		u64map_init(&look->last_of);
	}
	*u64map_insert(&look->last_of, slab_context(ev), &fresh) = cache;
}

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int compare_unseen(const void *a, const void *b)
{
	const struct slab_look_unseen *x = a, *y = b;

	if (x->ptr != y->ptr)
		return x->ptr < y->ptr ? -1 : 1;
	return (x->freed > y->freed) - (x->freed < y->freed);
}
