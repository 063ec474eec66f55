/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address space and per-CPU memory in `replay`'s report. */
#include <config.h>

#include "replay_report.h"

#include "kmreplay/mm/percpu.h"
#include "kmreplay/mm/vmalloc.h"
#include "kmreplay/stats/frag.h"

static struct frag_runs free_space(const struct vmalloc *v, const struct vmalloc_stats *stats);

void replay_report_vmalloc(struct report *report, const struct replay_facts *facts)
{
	const struct vmalloc *v = machine_vmalloc(replay_machine(facts->replay));
	const struct replay_tally *tally = replay_tally(facts->replay);
	struct vmalloc_stats stats;
	struct frag_runs runs;

	vmalloc_stats(v, &stats);
	if (!stats.nr_allocs)
		return;
	runs = free_space(v, &stats);
	report_begin(report, "vmalloc", "vmalloc address space, at the end");
	report_count(report, "areas", "areas", stats.nr_busy);
	if (tally->nr_found_areas) {
		report_count(report, "found_areas", "asked for by their bookkeeping",
			     tally->nr_found_areas);
		report_count(report, "found_sized", "of them their size known",
			     tally->nr_found_sized);
		report_count(report, "found_freed", "of them freed", tally->nr_found_freed);
		report_count(report, "found_failed", "of them without room here",
			     tally->nr_found_failed);
	}
	report_bytes(report, "busy_bytes", "in use, with guard pages", stats.busy_bytes);
	report_count(report, "lazy_areas", "freed, not purged", stats.nr_lazy);
	report_bytes(report, "lazy_bytes", NULL, stats.lazy_pages << KERNEL_PAGE_SHIFT);
	report_count(report, "purges", "purges", stats.nr_purges);
	report_bytes(report, "largest_free_bytes", "largest hole", stats.largest_free);
	report_figure(report, "largest_free_ratio", "largest_free_ratio", REPORT_RATIO,
		      report_i64(frag_largest_free_ratio(&runs)));
	report_remark(report, "0: all free space is one hole");
	report_end(report);
}

void replay_report_percpu(struct report *report, const struct replay_facts *facts)
{
	struct percpu_stats stats;

	percpu_stats(machine_percpu(replay_machine(facts->replay)), &stats);
	if (!stats.nr_allocs)
		return;
	report_begin(report, "percpu", "Per-CPU memory of one CPU, at the end");
	report_count(report, "chunks", "chunks", stats.nr_chunks);
	report_count(report, "created", "made", stats.nr_created);
	report_count(report, "destroyed", "destroyed", stats.nr_destroyed);
	report_count(report, "areas", "areas", stats.nr_areas);
	report_bytes(report, "bytes", "in use", stats.bytes);
	report_bytes(report, "free_bytes", "free in chunks", stats.free_bytes);
	report_bytes(report, "largest_free_bytes", "largest hole", stats.largest_free);
	report_bytes(report, "populated_bytes", "backed by pages",
		     stats.nr_populated << KERNEL_PAGE_SHIFT);
	report_bytes(report, "all_cpus_bytes", "the same of all CPUs",
		     stats.nr_units * stats.nr_populated << KERNEL_PAGE_SHIFT);
	report_remark(report, "Percpu: in /proc/meminfo");
	report_count(report, "empty_pages", "pages of it without any area", stats.nr_empty);
	report_count(report, "atomic", "requests that may not sleep", stats.nr_atomic);
	report_count(report, "failed", "requests that failed", stats.nr_failed);
	report_end(report);
}

/* The holes within the vmalloc range: one behind the end of it belongs to others. */
static struct frag_runs free_space(const struct vmalloc *v, const struct vmalloc_stats *stats)
{
	struct frag_runs runs = { 0 };
	uint64_t at = stats->range_start, start, end;

	while (vmap_free_next(v, &at, &start, &end) && start < stats->range_end)
		frag_runs_add(&runs, MIN(end, stats->range_end) - MAX(start, stats->range_start));
	return runs;
}
