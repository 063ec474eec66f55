/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of the recorded machine at the first event: who says what, and the same on another
 * machine's memory.
 *
 * Theory. Frames are told once, in ascending order, by the best source there is for each: its first
 * event, then the files of the machine, then rules. All of that is about the machine that was
 * recorded, with its zones; a simulated machine with other memory, zones or nodes takes over what
 * lies in frames that it has, too.
 */
#include <config.h>

#include "start_internal.h"

#include <stdlib.h>

static const struct {
	const char *name, *label, *help;
} bases[START_BASIS_NR] = {
#define X(suffix, name, label, help) [START_BY_##suffix] = { name, label, help },
	START_BASES(X)
#undef X
};

static void add_zone(struct start_build *b, int node, enum zone_type type, uint64_t start,
		     uint64_t end);
static void map_free(const struct start_state *state, const struct machine_config *config,
		     struct page_start *ret);
static void map_range(const struct start_state *state, const struct machine_range *range,
		      struct page_start *ret);
static void add_known(const struct start_state *state, uint64_t from, uint64_t to,
		      struct page_start *ret);
static void add_limits(const struct start_state *state, bool early, struct page_start *ret);
static bool lies_in(const struct machine_config *config, const struct machine_cma *area);
static bool same_zones(const struct start_state *state, const struct machine_config *config);

const char *start_basis_name(unsigned int basis)
{
	return basis < START_BASIS_NR ? bases[basis].name : "?";
}

const char *start_basis_label(unsigned int basis)
{
	return basis < START_BASIS_NR ? bases[basis].label : "?";
}

const char *start_basis_help(unsigned int basis)
{
	return basis < START_BASIS_NR ? bases[basis].help : "?";
}

struct start_state *start_state_create(const struct start_sources *sources)
{
	struct start_build build = {
		.sources = sources,
		.state = xcalloc(1, sizeof(*build.state)),
		.pcp_known = sources->survey->nr_zone_locked && !sources->survey->from_boot,
		.boot = sources->boot ? &sources->boot->boot : NULL,
	};
	struct start_state *state = build.state;

	survey_sort(sources->survey);
	page_start_init(&state->pages);
	state->pages.early = sources->survey->from_boot;
	state->has_boot = sources->boot;
	state->has_files = sources->files;
	build.flags = start_files_flags(&build);
	if (!start_boot_ranges(&build) && !start_files_ranges(&build))
		start_trace_ranges(&build);
	vec_foreach(&state->zones, zone)
		vec_push(&state->pages.zones, (struct page_start_zone){ .node = zone->node,
									.type = zone->type });
	start_boot_cma(&build);
	start_trace_frames(&build);
	start_trace_types(&build);
	start_trace_pcp(&build);
	start_boot_managed(&build);
	start_files_limits(&build);
	start_files_counts(&build);
	start_files_pcp(&build);
	return state;
}

void start_state_destroy(struct start_state *state)
{
	if (!state)
		return;
	vec_deinit(&state->ranges);
	vec_deinit(&state->zones);
	vec_deinit(&state->cma);
	page_start_deinit(&state->pages);
	vec_foreach(&state->contradictions, line)
		free(*line);
	vec_deinit(&state->contradictions);
	free(state);
}

const struct start_zone *start_state_zone(const struct start_state *state, uint64_t pfn)
{
	vec_foreach(&state->zones, zone) {
		if (pfn >= zone->start && pfn < zone->end)
			return zone;
	}
	return NULL;
}

void start_state_fill_ranges(const struct start_state *state, const struct survey *survey,
			     uint64_t memory, struct machine_config *config)
{
	unsigned int nr_nodes = 1;

	vec_foreach(&state->ranges, range)
		nr_nodes = MAX(nr_nodes, (unsigned int)range->node + 1);
	if (!state->exact || memory || config->nr_nodes > nr_nodes) {
		survey_fill_ranges(survey, memory, config);
	} else {
		config->nr_nodes = nr_nodes;
		vec_foreach(&state->ranges, range)
			machine_config_add_range(config, range->start, range->end, range->node);
	}
	vec_foreach(&state->cma, area) {
		if (lies_in(config, area))
			vec_push(&config->cma, *area);
	}
}

void start_state_map(const struct start_state *state, const struct machine_config *config,
		     bool early, struct page_start *ret)
{
	page_start_init(ret);
	ret->early = state->pages.early && early;
	map_free(state, config, ret);
	vec_foreach(&state->pages.blocks, block) {
		/* What becomes a CMA area is none in early boot. */
		if (!ret->early || block->type != MIGRATE_CMA)
			vec_push(&ret->blocks, *block);
	}
	vec_foreach(&state->pages.lists, list)
		vec_push(&ret->lists, *list);
	vec_foreach(&state->pages.pcp, block)
		vec_push(&ret->pcp, *block);
	if (!same_zones(state, config))
		return;
	add_limits(state, ret->early, ret);
	for (size_t i = 0; ret->early && i < state->pages.reserved.nr; i++)
		vec_push(&ret->reserved, state->pages.reserved.items[i]);
}

void start_add_range(struct start_build *b, uint64_t start, uint64_t end, int node)
{
	if (start >= end)
		return;
	vec_push(&b->state->ranges,
		 (struct machine_range){ .start = start, .end = end, .node = node });
	for (unsigned int type = 0; type < ZONE_MOVABLE; type++) {
		const uint64_t limit = zone_default_end(b->sources->arch, (enum zone_type)type);

		if (start < MIN(end, limit))
			add_zone(b, node, (enum zone_type)type, start, MIN(end, limit));
		start = MAX(start, MIN(end, limit));
	}
}

bool start_is_last_zone(const struct start_state *state, const struct start_zone *zone)
{
	vec_foreach(&state->zones, other) {
		if (other->node == zone->node && other->type > zone->type)
			return false;
	}
	return true;
}

void start_tell(struct start_build *b, uint64_t from, uint64_t to, enum start_frame what,
		enum start_basis basis)
{
	struct start_state *state = b->state;

	state->nr_pages[basis] += to - from;
	if (what == START_USED) {
		state->nr_used += to - from;
	} else if (what == START_PCP) {
		state->nr_pcp += to - from;
	} else {
		state->nr_free += to - from;
		page_start_add_free(&state->pages, from, to);
	}
}

void start_tell_type(struct start_build *b, uint64_t pfn, enum migratetype type)
{
	if (type != MIGRATE_MOVABLE)
		vec_push(&b->state->pages.blocks,
			 (struct page_start_type){ .pfn = pfn, .type = (uint8_t)type });
}

/* In one range and zone of another machine. */
static bool lies_in(const struct machine_config *config, const struct machine_cma *area)
{
	for (unsigned int type = 0; type < ZONE_MOVABLE; type++) {
		const uint64_t end = zone_default_end(config->arch, (enum zone_type)type);

		if (area->start < end && area->end > end)
			return false;
	}
	for (size_t i = 0; i < config->ranges.nr; i++) {
		const struct machine_range *range = &config->ranges.items[i];

		if (area->start >= range->start && area->end <= range->end)
			return !config->dma_end && !config->dma32_end && !config->lowmem_end &&
			       !config->movable_pages && config->pageblock_order == 9;
	}
	return false;
}

/* Zones of several ranges span what lies between. */
static void add_zone(struct start_build *b, int node, enum zone_type type, uint64_t start,
		     uint64_t end)
{
	vec_foreach(&b->state->zones, zone) {
		if (zone->node == node && zone->type == type) {
			zone->end = end;
			return;
		}
	}
	vec_push(&b->state->zones,
		 (struct start_zone){ .node = node, .type = type, .start = start, .end = end });
}

static void map_free(const struct start_state *state, const struct machine_config *config,
		     struct page_start *ret)
{
	for (size_t i = 0; i < config->ranges.nr; i++)
		map_range(state, &config->ranges.items[i], ret);
}

/* What lies in "range" and not in the recorded machine's memory is free. */
static void map_range(const struct start_state *state, const struct machine_range *range,
		      struct page_start *ret)
{
	uint64_t at = range->start;

	vec_foreach(&state->ranges, known) {
		if (known->end <= at || known->start >= range->end)
			continue;
		page_start_add_free(ret, at, MAX(known->start, at));
		at = MAX(known->start, at);
		add_known(state, at, MIN(known->end, range->end), ret);
		at = MIN(known->end, range->end);
	}
	page_start_add_free(ret, at, range->end);
}

static void add_known(const struct start_state *state, uint64_t from, uint64_t to,
		      struct page_start *ret)
{
	const struct page_start_run *runs = state->pages.free.items;
	size_t low = 0, high = state->pages.free.nr;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (runs[mid].end <= from)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < state->pages.free.nr && runs[low].start < to; low++)
		page_start_add_free(ret, MAX(runs[low].start, from), MIN(runs[low].end, to));
}

static void add_limits(const struct start_state *state, bool early, struct page_start *ret)
{
	vec_foreach(&state->pages.zones, given) {
		struct page_start_zone limits = *given;

		vec_foreach(&state->zones, zone) {
			if (zone->node == given->node && zone->type == given->type)
				limits.managed = early ? zone->managed : zone->managed_later;
		}
		vec_push(&ret->zones, limits);
	}
	vec_foreach(&state->pages.limits, limit)
		vec_push(&ret->limits, *limit);
}

/* Limits belong to a zone of that very size. */
static bool same_zones(const struct start_state *state, const struct machine_config *config)
{
	if (config->dma_end || config->dma32_end || config->lowmem_end || config->movable_pages ||
	    config->ranges.nr != state->ranges.nr)
		return false;
	for (size_t i = 0; i < config->ranges.nr; i++) {
		const struct machine_range *a = &config->ranges.items[i];
		const struct machine_range *b = &state->ranges.items[i];

		if (a->start != b->start || a->end != b->end || a->node != b->node)
			return false;
	}
	return true;
}
