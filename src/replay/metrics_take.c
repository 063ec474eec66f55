/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking at all that is not memory itself: calls, reclaim, slabs, address space, latency. */
#include <config.h>

#include "metrics_internal.h"

#include "kmreplay/mm/page.h"
#include "kmreplay/mm/percpu.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/vmalloc.h"
#include "kmreplay/stats/frag.h"

static void take_requests(struct replay_metrics *m);
static void take_requests_of(struct replay_metrics *m, struct metric_place place, uint64_t met,
			     uint64_t failed);
static void take_reclaim(struct replay_metrics *m);
static void take_tally(struct replay_metrics *m);
static void take_slab(struct replay_metrics *m);
static void take_slab_paths(struct replay_metrics *m, const struct slab_counters *counters);
static void take_internal(struct replay_metrics *m, const struct slab_totals *totals);
static void take_vmalloc(struct replay_metrics *m);
static void walk_free_space(struct replay_metrics *m, const struct vmalloc_stats *stats);
static void take_percpu(struct replay_metrics *m);
static void add_run(void *ctx, uint64_t size);
static void take_calls(struct replay_metrics *m);
static void take_latency(struct replay_metrics *m, unsigned int call);
static void set(struct replay_metrics *m, enum replay_metric metric, int64_t value);

void replay_metrics_take(struct replay_metrics *m, bool history_only)
{
	const unsigned int layers = m->r->options.layers;

	take_tally(m);
	if (layers & LAYER_PAGE) {
		metrics_take_pages(m);
		take_requests(m);
		take_reclaim(m);
	}
	if (layers & LAYER_SLAB)
		take_slab(m);
	if (history_only)
		return;
	if (layers & LAYER_VMALLOC)
		take_vmalloc(m);
	if (layers & LAYER_PERCPU)
		take_percpu(m);
	take_calls(m);
}

static void take_tally(struct replay_metrics *m)
{
	const struct replay_tally *tally = &m->r->tally;

	set(m, METRIC_IN_USE, metrics_count(tally->pages));
	for (unsigned int owner = 0; owner < OWNER_NR; owner++)
		metrics_set(m, METRIC_OWNER, owner, metrics_machine(),
			    metrics_count(tally->owners[owner].pages));
	set(m, METRIC_FAILURES, metrics_count(tally->nr_failed));
	for (unsigned int reason = MM_FAIL_NONE + 1; reason < MM_FAIL_NR; reason++)
		metrics_set(m, METRIC_FAILURES_OF, reason, metrics_machine(),
			    metrics_count(tally->failures_by_reason[reason]));
	set(m, METRIC_RECOVERED, metrics_count(tally->nr_recovered));
	set(m, METRIC_RECLAIMED, metrics_count(tally->nr_reclaimed));
	set(m, METRIC_MOVED, metrics_count(tally->nr_moved));
}

static void take_requests(struct replay_metrics *m)
{
	const struct page_stats *stats = page_allocator_stats(machine_pages(m->r->machine));

	take_requests_of(m, metrics_machine(), stats->allocs, stats->failures);
	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++)
		take_requests_of(m, (struct metric_place){ .scope = SCOPE_ORDER, .order = order },
				 stats->allocs_of[order], stats->failures_of[order]);
}

static void take_requests_of(struct replay_metrics *m, struct metric_place place, uint64_t met,
			     uint64_t failed)
{
	metrics_set(m, METRIC_PAGE_REQUESTS, 0, place, metrics_count(met + failed));
	metrics_set(m, METRIC_PAGE_FAILURES, 0, place, metrics_count(failed));
	metrics_set(m, METRIC_SUCCESS, 0, place, metrics_ratio(met, met + failed));
}

static void take_reclaim(struct replay_metrics *m)
{
	const struct page_stats *stats = page_allocator_stats(machine_pages(m->r->machine));

	set(m, METRIC_EXTFRAG_EVENTS, metrics_count(stats->extfrag_small));
	set(m, METRIC_EXTFRAG_SEVERE, metrics_count(stats->extfrag_severe));
	set(m, METRIC_CLAIMS, metrics_count(stats->block_claims));
	set(m, METRIC_SLOWPATHS, metrics_count(stats->slowpaths));
	set(m, METRIC_KSWAPD_WAKES, metrics_count(stats->kswapd_wakes));
	set(m, METRIC_KSWAPD_PAGES, metrics_count(stats->kswapd_pages));
	set(m, METRIC_DIRECT_RECLAIMS, metrics_count(stats->direct_reclaims));
	set(m, METRIC_DIRECT_PAGES, metrics_count(stats->direct_pages));
	set(m, METRIC_COMPACTIONS, metrics_count(stats->compactions));
	set(m, METRIC_COMPACT_SUCCESS, metrics_count(stats->compact_success));
	set(m, METRIC_OOM, metrics_count(stats->oom));
}

static void take_slab(struct replay_metrics *m)
{
	struct slab_totals totals;

	slab_totals(machine_slab(m->r->machine), &totals);
	set(m, METRIC_SLAB_BYTES, metrics_count(totals.bytes));
	set(m, METRIC_SLAB_LOSS,
	    metrics_count(totals.loss_align + totals.loss_padding + totals.loss_free));
	set(m, METRIC_SLAB_LOSS_ALIGN, metrics_count(totals.loss_align));
	set(m, METRIC_SLAB_LOSS_PADDING, metrics_count(totals.loss_padding));
	set(m, METRIC_SLAB_LOSS_FREE, metrics_count(totals.loss_free));
	set(m, METRIC_SLAB_OBJECTS, metrics_count(totals.live_objs));
	set(m, METRIC_SLAB_UTIL, metrics_ratio(totals.live_objs, totals.num_objs));
	set(m, METRIC_SLAB_PARTIAL, metrics_ratio(totals.partial_slabs, totals.nr_slabs));
	take_slab_paths(m, &totals.counters);
	take_internal(m, &totals);
}

static void take_slab_paths(struct replay_metrics *m, const struct slab_counters *counters)
{
	set(m, METRIC_SLAB_REMOTE, metrics_count(counters->free_remote));
	set(m, METRIC_SLAB_MISMATCH, metrics_count(counters->alloc_node_mismatch));
	set(m, METRIC_SLAB_ADD_PARTIAL,
	    metrics_count(counters->free_add_partial + counters->cpu_partial_to_node +
			  counters->deactivate_to_head + counters->deactivate_to_tail));
	set(m, METRIC_SLAB_REMOVE_PARTIAL,
	    metrics_count(counters->alloc_from_partial + counters->cpu_partial_node +
			  counters->free_remove_partial));
}

/* Of slab objects and large kmalloc() alike. A damaged recording may ask for more than it got. */
static void take_internal(struct replay_metrics *m, const struct slab_totals *totals)
{
	const struct replay_tally *tally = &m->r->tally;
	uint64_t nr_large, large_pages, given, live;

	slab_large_stats(machine_slab(m->r->machine), &nr_large, &large_pages);
	given = totals->alloc_bytes + tally->large_bytes;
	live = totals->live_bytes + (large_pages << KERNEL_PAGE_SHIFT);
	set(m, METRIC_FRAG_TRAFFIC,
	    metrics_ratio(given - MIN(given, tally->asked_bytes), given));
	set(m, METRIC_FRAG_LIVE, metrics_ratio(live - MIN(live, tally->asked_live_bytes), live));
}

static void take_vmalloc(struct replay_metrics *m)
{
	const struct vmalloc *v = machine_vmalloc(m->r->machine);
	const uint64_t changes = vmalloc_changes(v);
	struct vmalloc_stats stats;

	if (m->spaces.walked && m->spaces.changes == changes)
		return;
	vmalloc_stats(v, &stats);
	walk_free_space(m, &stats);
	m->spaces.changes = changes;
	m->spaces.walked = true;
	set(m, METRIC_VMALLOC_BYTES, metrics_count(stats.busy_bytes));
	set(m, METRIC_VMALLOC_LAZY, metrics_count(stats.lazy_pages));
}

static void walk_free_space(struct replay_metrics *m, const struct vmalloc_stats *stats)
{
	const struct vmalloc *v = machine_vmalloc(m->r->machine);
	struct frag_runs runs = { 0 };
	uint64_t at = 0, start, end;

	while (vmap_free_next(v, &at, &start, &end)) {
		start = MAX(start, stats->range_start);
		end = end > stats->range_end ? stats->range_end + 1 : end;
		if (start < end)
			frag_runs_add(&runs, end - start);
	}
	set(m, METRIC_VMALLOC_SUMSQ, frag_sumsq(&runs));
	set(m, METRIC_VMALLOC_LARGEST, frag_largest_free_ratio(&runs));
}

static void take_percpu(struct replay_metrics *m)
{
	const struct percpu *p = machine_percpu(m->r->machine);
	struct frag_runs runs = { 0 };
	struct percpu_stats stats;

	percpu_stats(p, &stats);
	percpu_free_runs(p, add_run, &runs);
	set(m, METRIC_PERCPU_BYTES, metrics_count(stats.bytes));
	set(m, METRIC_PERCPU_CHUNKS, metrics_count(stats.nr_chunks));
	set(m, METRIC_PERCPU_SUMSQ, frag_sumsq(&runs));
	set(m, METRIC_PERCPU_LARGEST, frag_largest_free_ratio(&runs));
}

static void add_run(void *ctx, uint64_t size)
{
	frag_runs_add(ctx, size);
}

static void take_calls(struct replay_metrics *m)
{
	const struct replay_tally *tally = &m->r->tally;
	unsigned int first, end;

	for (unsigned int path = 0; path < MM_PATH_NR; path++)
		metrics_set(m, METRIC_PATH, path, metrics_machine(),
			    metrics_count(tally->path_cost[path].count));
	end = replay_metric_members(METRIC_CALLS, &first);
	for (unsigned int call = first; call < end; call++) {
		metrics_set(m, METRIC_CALLS, call, metrics_machine(),
			    metrics_count(tally->call_cost[call].count));
		take_latency(m, call);
	}
}

/* Of the calls since the look before. */
static void take_latency(struct replay_metrics *m, unsigned int call)
{
	const struct hist *now = &m->r->tally.call_cost[call];
	int64_t p50 = METRIC_VOID, p99 = METRIC_VOID;

	if (now->count > m->before[call].count) {
		hist_since(&m->since, now, &m->before[call]);
		p50 = metrics_count(hist_percentile(&m->since, 50));
		p99 = metrics_count(hist_percentile(&m->since, 99));
		hist_copy(&m->before[call], now);
	}
	metrics_set(m, METRIC_P50, call, metrics_machine(), p50);
	metrics_set(m, METRIC_P99, call, metrics_machine(), p99);
}

static void set(struct replay_metrics *m, enum replay_metric metric, int64_t value)
{
	metrics_set(m, metric, 0, metrics_machine(), value);
}
