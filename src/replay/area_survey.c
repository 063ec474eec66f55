/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The look at address ranges.
 *
 * free_vmap_area_noflush names the start of an area and how many pages are lazy with it; so its
 * size is the difference to the event before, if no purge lies between. Behind a purge nothing is
 * lazy but what was freed while it ran.
 */
#include <config.h>

#include "kmreplay/replay/area_survey.h"

#include "areas_internal.h"

#include "kmreplay/abi/kernel.h"
#include "kmreplay/proc/snapshot.h"

#include <string.h>

static void note_free(struct area_survey *survey, const struct event *ev, bool unseen);
static void add(struct area_survey *survey, uint64_t addr, uint64_t size, bool lazy);

void area_survey_init(struct area_survey *survey)
{
	memset(survey, 0, sizeof(*survey));
	survey->lazy_pages = UINT64_MAX;
}

void area_survey_deinit(struct area_survey *survey)
{
	vec_foreach(&survey->chunks, chunk) {
		vec_deinit(&chunk->was_free);
		vec_deinit(&chunk->begins);
	}
	vec_deinit(&survey->chunks);
	vec_deinit(&survey->areas);
}

void area_survey_feed(struct area_survey *survey, const struct repair_batch *batch)
{
	for (size_t i = 0; i < batch->batch->nr; i++) {
		const struct event *ev = &batch->batch->events[i];
		const struct repair_op *op = &batch->ops[i];

		if (ev->type == EVENT_VMAP_PURGE)
			survey->lazy_pages = 0;
		else if (ev->type == EVENT_PCPU_ALLOC || ev->type == EVENT_PCPU_FREE ||
			 ev->type == EVENT_PCPU_CHUNK_CREATE)
			percpu_survey_note(survey, ev, op->kind == REPAIR_UNSEEN_ALLOC);
		else if (op->call == CALL_VMAP_FREE)
			note_free(survey, ev, op->kind == REPAIR_UNSEEN_ALLOC);
	}
}

void area_survey_drop(struct area_survey *survey, const struct area_guesses *guesses)
{
	struct u64map found;
	size_t kept = 0;
	bool fresh;

	u64map_init(&found);
	vec_foreach(&guesses->all, guess) {
		if (guess->freed_addr && area_guess_is_alone(guesses, guess))
			*u64map_insert(&found, guess->freed_addr, &fresh) = 1;
	}
	for (size_t i = 0; i < survey->areas.nr; i++) {
		if (survey->areas.items[i].addr == U64MAP_NO_KEY ||
		    !u64map_find(&found, survey->areas.items[i].addr))
			survey->areas.items[kept++] = survey->areas.items[i];
	}
	survey->areas.nr = kept;
	u64map_deinit(&found);
}

void area_survey_add_files(struct area_survey *survey, const struct proc_snapshot *snapshot)
{
	if (!snapshot || !proc_has(snapshot, PROC_VMALLOCINFO))
		return;
	vec_foreach(&snapshot->vmallocinfo.rows, row) {
		if (row->end > row->start)
			add(survey, row->start, row->end - row->start,
			    row->flags & PROC_AREA_UNPURGED);
	}
}

static void note_free(struct area_survey *survey, const struct event *ev, bool unseen)
{
	const uint64_t before = survey->lazy_pages;

	if (ev->type == EVENT_PROBE_VA_FREE) {
		if (unseen && ev->probe.size > ev->probe.addr)
			add(survey, ev->probe.addr, ev->probe.size - ev->probe.addr, false);
		return;
	}
	survey->lazy_pages = ev->range.a;
	if (!unseen)
		return;
	if (before == UINT64_MAX || before >= ev->range.a)
		survey->nr_unsized++;
	else
		add(survey, ev->range.start, (ev->range.a - before) * KERNEL_PAGE_SIZE, false);
}

static void add(struct area_survey *survey, uint64_t addr, uint64_t size, bool lazy)
{
	vec_push(&survey->areas,
		 (struct area_survey_area){ .addr = addr, .size = size, .lazy = lazy });
}
