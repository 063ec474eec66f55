/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer in plain words: what failed and why, how full and how fragmented memory got, what
 * wastes most, how much of the recording stands behind it. Made from the numbers alone.
 */
#include <config.h>

#include "replay_report.h"

#include "kmreplay/core/fmt.h"
#include "kmreplay/core/str.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/slab.h"

#include <string.h>

/* Below this share of free memory a failure is called shortage, whatever the order. */
enum { SCARCE_PERCENT = 2 };

static void say_failures(struct str *words, const struct replay_facts *facts);
static const struct replay_failure *most_failures(const struct replay_tally *tally);
static void say_reason(struct str *words, const struct replay_failure *most, uint64_t total);
static void say_recorded(struct str *words, const struct replay_tally *tally,
			 const uint64_t *verdicts);
static void say_cma(struct str *words, const struct replay_cma *cma);
static void say_peak(struct str *words, const struct replay_facts *facts);
static void say_fragmentation(struct str *words, const struct replay_tally *tally);
static void say_slabs(struct str *words, const struct replay_facts *facts);
static void say_trust(struct str *words, const struct replay_facts *facts);

void replay_report_words(struct report *report, const struct replay_facts *facts)
{
	struct str words;

	str_init(&words);
	say_failures(&words, facts);
	if (facts->layers & LAYER_PAGE) {
		say_peak(&words, facts);
		say_fragmentation(&words, replay_tally(facts->replay));
	}
	if (facts->layers & LAYER_SLAB)
		say_slabs(&words, facts);
	say_trust(&words, facts);
	report_say(report, "%s", str_text(&words) + 1);
	str_deinit(&words);
}

const struct replay_zone *replay_largest_zone(const struct replay_tally *tally)
{
	const struct replay_zone *largest = NULL;

	vec_foreach(&tally->zones, zone)
		if (!largest || zone->managed > largest->managed)
			largest = zone;
	return largest;
}

static void say_failures(struct str *words, const struct replay_facts *facts)
{
	const struct replay_tally *tally = replay_tally(facts->replay);
	uint64_t total = page_total(machine_pages(replay_machine(facts->replay)));
	uint64_t verdicts[VERDICT_NR], failed, asked;
	char nr[FMT_BUF], all[FMT_BUF];

	replay_tally_verdicts(tally, verdicts);
	failed = verdicts[VERDICT_FAILED] + verdicts[VERDICT_FAILED_BOTH];
	asked = verdicts[VERDICT_DONE] + verdicts[VERDICT_RECOVERED] + failed;
	if (!failed)
		str_add(words, " No request failed in the machine.");
	else
		str_addf(words, " %s of %s calls failed in the machine", fmt_count(nr, failed),
			 fmt_count(all, asked));
	if (failed)
		say_reason(words, most_failures(tally), total);
	say_recorded(words, tally, verdicts);
}

static const struct replay_failure *most_failures(const struct replay_tally *tally)
{
	const struct replay_failure *most = NULL;

	vec_foreach(&tally->failures, failure)
		if (!most || failure->nr > most->nr)
			most = failure;
	return most;
}

static void say_reason(struct str *words, const struct replay_failure *most, uint64_t total)
{
	char nr[FMT_BUF], share[FMT_BUF];
	bool scarce;

	if (!most) {
		str_add_char(words, '.');
		return;
	}
	scarce = most->free_pages * 100 < total * SCARCE_PERCENT;
	str_addf(words, ", %s of them of order %u while %s of memory was free: %s.",
		 fmt_count(nr, most->nr), most->order,
		 fmt_percent(share, most->free_pages, total),
		 most->reason == MM_FAIL_NO_BLOCK ? "fragmentation, not shortage" :
		 scarce ? "shortage" :
			  mm_failure_name((enum mm_failure)most->reason));
}

static void say_recorded(struct str *words, const struct replay_tally *tally,
			 const uint64_t *verdicts)
{
	uint64_t recorded = verdicts[VERDICT_RECOVERED] + verdicts[VERDICT_FAILED_BOTH];
	char nr[FMT_BUF], other[FMT_BUF];

	if (recorded)
		str_addf(words, " When recorded %s had failed; %s of them succeeded here.",
			 fmt_count(nr, recorded), fmt_count(other, verdicts[VERDICT_RECOVERED]));
	if (tally->nr_reclaimed || tally->nr_moved)
		str_addf(words, " %s pages were reclaimed, %s moved by compaction.",
			 fmt_count(nr, tally->nr_reclaimed), fmt_count(other, tally->nr_moved));
	say_cma(words, &tally->cma);
	if (tally->nr_oom_kills)
		str_addf(words, " Tasks killed for lack of memory: %s; they gave back %s pages.",
			 fmt_count(nr, tally->nr_oom_kills), fmt_count(other, tally->nr_oom_pages));
}

static void say_cma(struct str *words, const struct replay_cma *cma)
{
	char nr[FMT_BUF], all[FMT_BUF], same[FMT_BUF], size[FMT_BUF], moved[FMT_BUF];

	if (!cma->nr)
		return;
	str_addf(words, " CMA gave %s of %s contiguous buffers (%s in all, %s where they were when"
		 " recorded), for which %s pages moved.", fmt_count(nr, cma->nr_given),
		 fmt_count(all, cma->nr), fmt_size(size, cma->pages << KERNEL_PAGE_SHIFT),
		 fmt_count(same, cma->nr_same), fmt_count(moved, cma->nr_moved));
	if (cma->nr_busy)
		str_addf(words, " %s places could not be emptied.", fmt_count(nr, cma->nr_busy));
}

static void say_peak(struct str *words, const struct replay_facts *facts)
{
	const struct replay_tally *tally = replay_tally(facts->replay);
	uint64_t total = page_total(machine_pages(replay_machine(facts->replay)));
	char peak[FMT_BUF], all[FMT_BUF], share[FMT_BUF];

	str_addf(words, " At its peak %s of %s (%s) were in use.",
		 fmt_size(peak, tally->peak_pages << KERNEL_PAGE_SHIFT),
		 fmt_size(all, total << KERNEL_PAGE_SHIFT),
		 fmt_percent(share, tally->peak_pages, total));
}

/* The zone with most memory speaks for the machine; the others are in the table. */
static void say_fragmentation(struct str *words, const struct replay_tally *tally)
{
	const struct replay_zone *largest = replay_largest_zone(tally);
	const struct replay_index *index;
	char time[FMT_BUF];

	if (!largest)
		return;
	index = &largest->unusable[REPLAY_HUGE_ORDER];
	str_addf(words, " In zone %s %d.%d %% of free memory lies in blocks too small for a huge "
			"page (order %d); worst %d.%d %% at %s s.",
		 zone_type_name(largest->type), index->end / 10, index->end % 10, REPLAY_HUGE_ORDER,
		 index->worst / 10, index->worst % 10, fmt_time(time, index->worst_time));
}

static void say_slabs(struct str *words, const struct replay_facts *facts)
{
	char held[FMT_BUF], lost[FMT_BUF], share[FMT_BUF];
	const struct replay_facts all = { .replay = facts->replay };
	struct slab_totals totals;
	struct slab_usage usage;
	uint64_t loss;

	slab_totals(machine_slab(replay_machine(facts->replay)), &totals);
	loss = totals.loss_align + totals.loss_padding + totals.loss_free;
	if (!totals.bytes)
		return;
	str_addf(words, " Slabs hold %s at the end, %s of it (%s) without use",
		 fmt_size(held, totals.bytes), fmt_size(lost, loss),
		 fmt_percent(share, loss, totals.bytes));
	replay_slab_usage(&all, &usage);
	loss = usage.rows.nr ? slab_usage_loss(&usage.rows.items[0]) : 0;
	if (loss)
		str_addf(words, ", most by %s (%s)", usage.rows.items[0].name,
			 fmt_size(lost, loss));
	str_add_char(words, '.');
	slab_usage_deinit(&usage);
}

static void say_trust(struct str *words, const struct replay_facts *facts)
{
	const struct replay_tally *tally = replay_tally(facts->replay);
	uint64_t verdicts[VERDICT_NR];
	char share[FMT_BUF], nr[FMT_BUF];

	replay_tally_verdicts(tally, verdicts);
	if (verdicts[VERDICT_UNSEEN])
		str_addf(words, " %s frees (%s of the events) were of what was never seen "
				"allocated and changed nothing.",
			 fmt_count(nr, verdicts[VERDICT_UNSEEN]),
			 fmt_percent(share, verdicts[VERDICT_UNSEEN], tally->nr_events));
}
