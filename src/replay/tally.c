/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The replay's counters. */
#include <config.h>

#include "kmreplay/replay/tally.h"

#include "kmreplay/core/bits.h"

#include <string.h>

static const struct {
	const char *key, *name;
} verdicts[VERDICT_NR] = {
#define X(suffix, key, name) [VERDICT_##suffix] = { key, name },
	REPLAY_VERDICTS(X)
#undef X
};

static void note_peaks(struct replay_tally *tally, struct replay_owner *who);
static uint64_t failure_key(const struct replay_failure *failure);

void replay_tally_init(struct replay_tally *tally)
{
	memset(tally, 0, sizeof(*tally));
	for (size_t i = 0; i < CALL_NR; i++)
		hist_init(&tally->call_cost[i], HIST_FINE);
	for (size_t i = 0; i < MM_PATH_NR; i++)
		hist_init(&tally->path_cost[i], HIST_FINE);
	u64map_init(&tally->failure_index);
}

void replay_tally_deinit(struct replay_tally *tally)
{
	for (size_t i = 0; i < CALL_NR; i++)
		hist_deinit(&tally->call_cost[i]);
	for (size_t i = 0; i < MM_PATH_NR; i++)
		hist_deinit(&tally->path_cost[i]);
	vec_deinit(&tally->failures);
	vec_deinit(&tally->zones);
	u64map_deinit(&tally->failure_index);
}

void replay_tally_cost(struct replay_tally *tally, enum repair_call call,
		       struct mm_outcome outcome)
{
	hist_record(&tally->call_cost[call], outcome.cost_ns);
	hist_record(&tally->path_cost[outcome.path], outcome.cost_ns);
}

void replay_tally_failure(struct replay_tally *tally, const struct replay_failure *failure)
{
	uint64_t key = failure_key(failure);
	bool fresh;
	uint32_t *row;

	tally->failures_by_reason[failure->reason] += failure->nr;
	tally->failures_by_order[MIN(failure->order, (uint8_t)KERNEL_MAX_ORDER)] += failure->nr;
	tally->failures_by_class[gfp_class(failure->gfp)] += failure->nr;
	row = u64map_find(&tally->failure_index, key);
	if (!row && tally->failures.nr >= REPLAY_FAILURE_ROWS) {
		tally->nr_failures_unlisted += failure->nr;
		return;
	}
	row = u64map_insert(&tally->failure_index, key, &fresh);
	if (fresh) {
		*row = (uint32_t)tally->failures.nr;
		vec_push(&tally->failures, *failure);
		return;
	}
	tally->failures.items[*row].nr += failure->nr;
	tally->failures.items[*row].nr_pages += failure->nr_pages;
}

void replay_tally_pages(struct replay_tally *tally, enum page_owner owner, unsigned int order,
			bool gone)
{
	struct replay_owner *who = &tally->owners[owner];
	uint64_t nr = 1ULL << order;

	if (gone) {
		who->pages -= nr;
		tally->pages -= nr;
		who->frees++;
		return;
	}
	who->allocs++;
	who->pages += nr;
	tally->pages += nr;
	note_peaks(tally, who);
}

void replay_tally_held(struct replay_tally *tally, enum page_owner owner, uint64_t nr)
{
	tally->owners[owner].pages += nr;
	tally->pages += nr;
	note_peaks(tally, &tally->owners[owner]);
}

void replay_tally_verdicts(const struct replay_tally *tally, uint64_t sums[VERDICT_NR])
{
	memset(sums, 0, VERDICT_NR * sizeof(*sums));
	for (size_t call = 0; call < CALL_NR; call++)
		for (size_t i = 0; i < VERDICT_NR; i++)
			sums[i] += tally->verdicts[call][i];
}

const char *replay_verdict_key(enum replay_verdict verdict)
{
	return verdict < VERDICT_NR ? verdicts[verdict].key : "?";
}

const char *replay_verdict_name(enum replay_verdict verdict)
{
	return verdict < VERDICT_NR ? verdicts[verdict].name : "?";
}

static void note_peaks(struct replay_tally *tally, struct replay_owner *who)
{
	if (who->pages > who->peak) {
		who->peak = who->pages;
		who->peak_time = tally->last_time;
	}
	if (tally->pages > tally->peak_pages) {
		tally->peak_pages = tally->pages;
		tally->peak_time = tally->last_time;
	}
}

/* Two kinds that meet in one 64-bit key would be added up; at 4096 rows the chance is 1e-12. */
static uint64_t failure_key(const struct replay_failure *failure)
{
	uint64_t key = bits_mix64(((uint64_t)failure->gfp << 32) | failure->site);

	key = bits_mix64(key ^ ((uint64_t)failure->call << 24 | (uint64_t)failure->order << 16 |
				(uint64_t)failure->reason << 8 | failure->recorded));
	return key == U64MAP_NO_KEY ? 0 : key;
}
