/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages in per-CPU lists, as many as zoneinfo says. Those that the recording takes out of them are
 * known; the others, which it never touches, are single pages that nobody uses, picked by the seed,
 * behind the known ones. Which list they are on nobody says: that of their pageblock's type.
 */
#include <config.h>

#include "start_internal.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/rng.h"

#include <string.h>

enum { MOST_TRIES = 4096 }; /* to find one page */

struct pcp_pick {
	struct start_build *b;
	const struct start_zone *zone;
	struct rng rng;
	struct u64map taken; /* pfns */
};

static void fill_zone(struct start_build *b, const struct start_zone *zone,
		      const struct proc_zone *listed);
static uint64_t count_known(const struct start_state *state, const struct start_zone *zone,
			    unsigned int cpu);
static bool add_one(struct pcp_pick *pick, unsigned int cpu);
static bool can_wait(struct pcp_pick *pick, uint64_t pfn);
static bool is_free(const struct page_start *pages, uint64_t pfn);
static uint8_t type_of(const struct page_start *pages, uint64_t pfn);

void start_files_pcp(struct start_build *b)
{
	const struct proc_snapshot *files = b->sources->files;

	if (!files || !proc_has(files, PROC_ZONEINFO) || b->sources->survey->from_boot)
		return;
	vec_foreach(&b->state->zones, zone) {
		const struct proc_zone *listed =
			proc_zone_find(files, zone->node, zone_type_name(zone->type));

		if (listed && zone->end - zone->start <= UINT32_MAX)
			fill_zone(b, zone, listed);
	}
}

static void fill_zone(struct start_build *b, const struct start_zone *zone,
		      const struct proc_zone *listed)
{
	struct pcp_pick pick = { .b = b, .zone = zone };

	rng_init(&pick.rng, b->sources->seed ^ zone->start);
	u64map_init(&pick.taken);
	vec_foreach(&listed->pagesets, set) {
		uint64_t nr = count_known(b->state, zone, set->cpu);

		if (nr > set->count)
			start_contradict(b, "zone %s of node %d, CPU %u: the recording takes %llu "
					 "pages from its lists, which hold %llu in zoneinfo",
					 listed->id.name, zone->node, set->cpu,
					 (unsigned long long)nr, (unsigned long long)set->count);
		while (nr < set->count && add_one(&pick, set->cpu))
			nr++;
		if (nr < set->count)
			start_contradict(b, "zone %s of node %d, CPU %u: no place for %llu pages of "
					 "its lists", listed->id.name, zone->node, set->cpu,
					 (unsigned long long)(set->count - nr));
	}
	u64map_deinit(&pick.taken);
}

static uint64_t count_known(const struct start_state *state, const struct start_zone *zone,
			    unsigned int cpu)
{
	uint64_t nr = 0;

	vec_foreach(&state->pages.pcp, block) {
		if (block->cpu == cpu && block->pfn >= zone->start && block->pfn < zone->end)
			nr += 1ULL << block->order;
	}
	return nr;
}

static bool add_one(struct pcp_pick *pick, unsigned int cpu)
{
	const bool has_flags = proc_has(pick->b->sources->files, PROC_KPAGEFLAGS);
	struct start_state *state = pick->b->state;

	for (unsigned int i = 0; i < MOST_TRIES; i++) {
		const uint64_t pfn = pick->zone->start +
				     rng_below(&pick->rng, pick->zone->end - pick->zone->start);
		bool fresh;

		if (!can_wait(pick, pfn))
			continue;
		u64map_insert(&pick->taken, pfn, &fresh);
		vec_push(&state->pages.pcp, (struct page_start_pcp){
						    .pfn = pfn,
						    .cpu = (uint16_t)cpu,
						    .type = type_of(&state->pages, pfn),
					    });
		state->nr_used--;
		state->nr_pcp++;
		state->nr_pages[has_flags ? START_BY_FLAGS : START_BY_COUNTS]--;
		state->nr_pages[START_BY_COUNTS]++;
		return true;
	}
	return false;
}

/* In use as far as all others say, but by nobody. */
static bool can_wait(struct pcp_pick *pick, uint64_t pfn)
{
	const struct proc_snapshot *files = pick->b->sources->files;
	const struct start_state *state = pick->b->state;
	bool is_memory = false;

	vec_foreach(&state->ranges, range)
		is_memory |= range->node == pick->zone->node && pfn >= range->start &&
			     pfn < range->end;
	return is_memory && !u64map_find(&pick->taken, pfn) &&
	       survey_state_of(pick->b->sources->survey, pfn) == SURVEY_UNTOUCHED &&
	       (!proc_has(files, PROC_KPAGEFLAGS) || !proc_page_flags(&files->kpageflags, pfn)) &&
	       !is_free(&state->pages, pfn);
}

static bool is_free(const struct page_start *pages, uint64_t pfn)
{
	size_t low = 0, high = pages->free.nr;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (pages->free.items[mid].end <= pfn)
			low = mid + 1;
		else
			high = mid;
	}
	return low < pages->free.nr && pages->free.items[low].start <= pfn;
}

static uint8_t type_of(const struct page_start *pages, uint64_t pfn)
{
	const uint64_t block = bits_align_down(pfn, 1ULL << SURVEY_BLOCK_SHIFT);

	vec_foreach(&pages->blocks, known) {
		if (known->pfn == block)
			return known->type < MIGRATE_HIGHATOMIC ? known->type : MIGRATE_MOVABLE;
	}
	return MIGRATE_MOVABLE;
}
