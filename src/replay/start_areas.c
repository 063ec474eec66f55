/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Areas of the machine's address space when the recording begins: at their recorded addresses, so
 * that the holes between them are as recorded. Where the configuration gives the vmalloc range, or
 * another architecture, areas as large are asked for in the machine's range.
 */
#include <config.h>

#include "areas_internal.h"

#include "kmreplay/mm/vmalloc.h"
#include "kmreplay/replay/area_survey.h"

static void place(struct replay *r, const struct area_survey_area *area);
static bool has_same_space(const struct replay *r, uint64_t addr);

void replay_start_areas(struct replay *r)
{
	const struct area_survey *survey = r->options.areas;

	if (!survey || !(r->options.layers & LAYER_VMALLOC))
		return;
	vec_foreach(&survey->areas, area)
		place(r, area);
}

enum replay_verdict replay_start_area_free(struct replay *r, const struct replay_step *step)
{
	const struct event *ev = step->ev;
	const uint64_t addr = ev->type == EVENT_PROBE_VA_FREE ? ev->probe.addr : ev->range.start;
	const uint32_t *at = u64map_find(&r->start_areas.by_addr, addr);
	struct mm_outcome outcome;

	if (!at)
		return VERDICT_UNSEEN;
	outcome = vmap_area_free(machine_vmalloc(r->machine), step->cpu,
				 *at ? r->start_areas.addrs.items[*at - 1] : addr);
	u64map_remove(&r->start_areas.by_addr, addr);
	BUG_ON(!mm_ok(outcome));
	replay_tally_cost(&r->tally, CALL_VMAP_FREE, outcome);
	return VERDICT_DONE;
}

/* One that comes twice, or is in the way of another, is not placed again. */
static void place(struct replay *r, const struct area_survey_area *area)
{
	struct vmalloc *v = machine_vmalloc(r->machine);
	const bool same = has_same_space(r, area->addr);
	struct mm_outcome outcome;
	bool fresh;

	if (area->addr == U64MAP_NO_KEY || u64map_find(&r->start_areas.by_addr, area->addr))
		return;
	outcome = same ? vmap_area_adopt(v, area->addr, area->size) :
			 vmap_area_alloc(v, 0, area->size, 1, r->own_vstart, r->own_vend);
	if (!mm_ok(outcome))
		return;
	r->tally.nr_start_areas++;
	if (area->lazy) {
		(void)vmap_area_free(v, 0, outcome.addr);
		return;
	}
	if (!same)
		vec_push(&r->start_areas.addrs, outcome.addr);
	*u64map_insert(&r->start_areas.by_addr, area->addr, &fresh) =
		same ? 0 : (uint32_t)r->start_areas.addrs.nr;
}

/* Modules are where they are, whatever the vmalloc range. */
static bool has_same_space(const struct replay *r, uint64_t addr)
{
	return !replay_area_is_foreign(r, addr) &&
	       (!r->own_vmalloc || addr >= REPLAY_MODULES_START);
}
