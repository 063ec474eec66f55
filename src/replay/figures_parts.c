/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures of the allocators: fragmentation, slabs, work, latency. */
#include <config.h>

#include "figures_internal.h"

#include "kmreplay/mm/page.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/zone.h"

#include <stdio.h>
#include <string.h>

/* With a huge page's the order that most readers ask for: the last that the kernel promises. */
enum { COSTLY_ORDER = 3 };

static void add_zone_indices(struct figure_source *s, const struct replay_zone *zone,
			     const char *prefix, bool main);
static void add_index(struct figure_source *s, const struct replay_index *index,
		      const char *prefix, unsigned int order, bool main);
static void add_slab_loss(struct figure_source *s, const struct slab_totals *totals);
static void add_internal_frag(struct figure_source *s, const struct slab_totals *totals);
static void add_slab_paths(struct figure_source *s, const struct slab_counters *counters);
static void add_counters(struct figure_source *s, const struct page_stats *stats);
static uint64_t wasted(uint64_t given, uint64_t asked);
static uint64_t thousandths(uint64_t part, uint64_t whole);
static void add_percentiles(struct figure_source *s, const struct hist *hist, const char *word,
			    const char *name, bool main);

void figures_add_indices(struct figure_source *s)
{
	char prefix[FIGURE_KEY];

	add_zone_indices(s, &s->t->all, "frag", true);
	vec_foreach(&s->t->zones, zone) {
		snprintf(prefix, sizeof(prefix), "frag.node%d.%s", zone->node,
			 zone_type_name(zone->type));
		figure_put(s, FIGURE(BYTES, MORE, false),
			   figure_replayed(s, figure_bytes(zone->free_min)), "least free",
			   "%s.free_least_bytes", prefix);
		add_zone_indices(s, zone, prefix, false);
	}
}

static void add_zone_indices(struct figure_source *s, const struct replay_zone *zone,
			     const char *prefix, bool main)
{
	char name[FIGURE_KEY];

	for (unsigned int order = 1; order < KERNEL_NR_ORDERS; order++) {
		snprintf(name, sizeof(name), "%s.unusable_free_index", prefix);
		add_index(s, &zone->unusable[order], name, order,
			  main && (order == COSTLY_ORDER || order == REPLAY_HUGE_ORDER));
	}
	for (unsigned int order = 1; order < KERNEL_NR_ORDERS; order++) {
		snprintf(name, sizeof(name), "%s.extfrag_index", prefix);
		add_index(s, &zone->extfrag[order], name, order,
			  main && order == REPLAY_HUGE_ORDER);
	}
}

static void add_index(struct figure_source *s, const struct replay_index *index,
		      const char *prefix, unsigned int order, bool main)
{
	const struct figure_kind kind = FIGURE(RATIO, LESS, main);
	int64_t samples = (int64_t)MAX(s->t->nr_samples, (uint64_t)1);
	const char *name = strrchr(prefix, '.') + 1;
	char label[FIGURE_KEY];

	snprintf(label, sizeof(label), "%s(%u) at the end", name, order);
	figure_put(s, kind, figure_replayed(s, (uint64_t)(int64_t)index->end), label,
		   "%s.order%u.end", prefix, order);
	snprintf(label, sizeof(label), "%s(%u), mean", name, order);
	figure_put(s, kind, figure_replayed(s, (uint64_t)(index->sum / samples)), label,
		   "%s.order%u.mean", prefix, order);
	snprintf(label, sizeof(label), "%s(%u), worst", name, order);
	figure_put(s, kind, figure_replayed(s, (uint64_t)(int64_t)index->worst), label,
		   "%s.order%u.worst", prefix, order);
}

void figures_add_slab(struct figure_source *s)
{
	struct slab_totals totals = { 0 };
	const struct slab_counters *counters = &totals.counters;

	if (s->machine)
		slab_totals(machine_slab(s->machine), &totals);
	figure_put(s, FIGURE(BYTES, LESS, true),
		   figure_either(s, totals.bytes, s->rec->has_pages,
				 figure_bytes(s->rec->owners[OWNER_SLAB].pages)),
		   "slabs at the end", "slab.bytes");
	add_slab_loss(s, &totals);
	figure_put(s, FIGURE(RATIO, MORE, true),
		   figure_replayed(s, thousandths(totals.live_objs, totals.num_objs)),
		   "slab_util: objects in use of slots", "slab.util");
	add_internal_frag(s, &totals);
	figure_put(s, FIGURE(RATIO, MORE, true),
		   figure_replayed(s, thousandths(counters->allocs - counters->alloc_slowpath,
						counters->allocs)),
		   "allocations on the fast path", "slab.fast_share");
	figure_put(s, FIGURE(COUNT, LESS, true),
		   figure_either(s, counters->alloc_slab, s->rec->has_pages, s->rec->slab_allocs),
		   "new slabs", "slab.new_slabs");
	figure_put(s, FIGURE(COUNT, LESS, false), figure_replayed(s, counters->order_fallback),
		   "new slabs smaller than wanted", "slab.order_fallbacks");
	figure_put(s, FIGURE(COUNT, NEITHER, false), figure_replayed(s, totals.nr_slabs),
		   "slabs at the end, number", "slab.slabs");
	figure_put(s, FIGURE(COUNT, LESS, false), figure_replayed(s, totals.partial_slabs),
		   "slabs on node partial lists", "slab.partial_slabs");
	figure_put(s, FIGURE(COUNT, NEITHER, false), figure_replayed(s, counters->free_slab),
		   "slabs given back", "slab.freed_slabs");
	add_slab_paths(s, counters);
}

/* By which ways objects come and go. */
static void add_slab_paths(struct figure_source *s, const struct slab_counters *counters)
{
	const struct {
		const char *key, *label;
		uint64_t value;
	} rows[] = {
		{ "allocs", "slab allocations", counters->allocs },
		{ "refills", "cpu slabs refilled from what others freed", counters->alloc_refill },
		{ "cpu_partial_allocs", "slabs taken from CPUs' partial lists",
		  counters->cpu_partial_alloc },
		{ "node_partial_allocs", "slabs taken from nodes' partial lists",
		  counters->alloc_from_partial },
		{ "frees", "slab frees", counters->frees },
		{ "slow_frees", "objects freed to another slab than the cpu slab",
		  counters->free_slow_objects },
		{ "remote_frees", "frees to another CPU's slab", counters->free_remote },
		{ "drains", "partial lists of CPUs drained", counters->cpu_partial_drain },
		{ "sheaf_refill", "objects taken from slabs into sheaves",
		  counters->sheaf_refill },
		{ "sheaf_flush", "objects given back from sheaves", counters->sheaf_flush },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		figure_put(s, FIGURE(COUNT, NEITHER, false), figure_replayed(s, rows[i].value),
			   rows[i].label, "slab.%s", rows[i].key);
}

/* Of slab objects and large kmalloc() alike. */
static void add_internal_frag(struct figure_source *s, const struct slab_totals *totals)
{
	uint64_t given = totals->alloc_bytes + s->t->large_bytes, live = totals->live_bytes;
	uint64_t nr_large, large_pages;

	if (s->machine) {
		slab_large_stats(machine_slab(s->machine), &nr_large, &large_pages);
		live += figure_bytes(large_pages);
	}
	figure_put(s, FIGURE(RATIO, LESS, true),
		   figure_replayed(s, wasted(given, s->t->asked_bytes)), "internal_frag_traffic",
		   "slab.internal_frag_traffic");
	figure_put(s, FIGURE(RATIO, LESS, true),
		   figure_replayed(s, wasted(live, s->t->asked_live_bytes)), "internal_frag_live",
		   "slab.internal_frag_live");
}

static void add_slab_loss(struct figure_source *s, const struct slab_totals *totals)
{
	uint64_t loss = totals->loss_align + totals->loss_padding + totals->loss_free;

	figure_put(s, FIGURE(BYTES, LESS, true), figure_replayed(s, loss),
		   "slab_loss at the end", "slab.loss_bytes");
	figure_put(s, FIGURE(RATIO, LESS, true),
		   figure_replayed(s, thousandths(loss, totals->bytes)),
		   "slab_loss, share of slabs", "slab.loss_share");
	figure_put(s, FIGURE(BYTES, LESS, false), figure_replayed(s, totals->loss_align),
		   "slab_loss: alignment", "slab.loss_align_bytes");
	figure_put(s, FIGURE(BYTES, LESS, false), figure_replayed(s, totals->loss_padding),
		   "slab_loss: ends of slabs", "slab.loss_padding_bytes");
	figure_put(s, FIGURE(BYTES, LESS, false), figure_replayed(s, totals->loss_free),
		   "slab_loss: free objects", "slab.loss_free_bytes");
}

void figures_add_work(struct figure_source *s)
{
	static const struct page_stats none;
	const struct page_stats *stats =
		s->machine ? page_allocator_stats(machine_pages(s->machine)) : &none;
	const struct recorded *rec = s->rec;

	figure_put(s, FIGURE(COUNT, LESS, true),
		   figure_either(s, stats->extfrag, rec->has_inside, rec->extfrag),
		   "extfrag_events: fallbacks to another type", "work.extfrag");
	figure_put(s, FIGURE(COUNT, LESS, true),
		   figure_either(s, stats->extfrag_small, rec->has_inside, rec->extfrag_small),
		   "of them smaller than a pageblock", "work.extfrag_small");
	figure_put(s, FIGURE(COUNT, LESS, true), figure_replayed(s, s->t->nr_reclaimed),
		   "pages reclaimed", "work.reclaimed_pages");
	figure_put(s, FIGURE(COUNT, LESS, true),
		   figure_either(s, s->t->nr_moved, rec->has_compaction, rec->moved_pages),
		   "pages moved by compaction", "work.moved_pages");
	figure_put(s, FIGURE(COUNT, LESS, s->t->cma.nr), figure_replayed(s, s->t->cma.nr_moved),
		   "pages moved for contiguous buffers", "work.cma_moved_pages");
	figure_put(s, FIGURE(COUNT, LESS, s->t->cma.nr),
		   figure_replayed(s, s->t->cma.nr - s->t->cma.nr_given),
		   "contiguous buffers that could not be had", "work.cma_failures");
	figure_put(s, FIGURE(COUNT, LESS, true), figure_replayed(s, stats->slowpaths),
		   "requests in the slow path", "work.slowpaths");
	figure_put(s, FIGURE(COUNT, LESS, true),
		   figure_either(s, stats->direct_reclaims, rec->has_reclaim,
				 rec->direct_reclaims),
		   "direct reclaims", "work.direct_reclaims");
	figure_put(s, FIGURE(COUNT, LESS, true),
		   figure_either(s, stats->kswapd_wakes, rec->has_reclaim, rec->kswapd_wakes),
		   "kswapd wake-ups", "work.kswapd_wakes");
	figure_put(s, FIGURE(COUNT, LESS, true),
		   figure_either(s, stats->compactions, rec->has_compaction, rec->compactions),
		   "compaction runs", "work.compactions");
	figure_put(s, FIGURE(COUNT, LESS, true),
		   figure_either(s, stats->oom, rec->has_oom, rec->oom),
		   "requests that came to the OOM killer", "work.oom");
	add_counters(s, stats);
}

/* All the others of struct page_stats describe more than they judge. */
static void add_counters(struct figure_source *s, const struct page_stats *stats)
{
#define X(field, name, help)                                                                  \
	figure_put(s, FIGURE(COUNT, NEITHER, false), figure_replayed(s, stats->field), help,  \
		   "pages.%s", name);
	PAGE_STATS(X)
#undef X
	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++) {
		char label[FIGURE_KEY];

		snprintf(label, sizeof(label), "page requests, order %u", order);
		figure_put(s, FIGURE(COUNT, NEITHER, order == COSTLY_ORDER),
			   figure_replayed(s, stats->allocs_of[order] + stats->failures_of[order]),
			   label, "pages.requests.order%u", order);
	}
}

void figures_add_latency(struct figure_source *s)
{
	struct hist all;
	uint64_t sum = 0;

	hist_init(&all, HIST_FINE);
	for (unsigned int call = 0; call < CALL_NR && s->tally; call++) {
		hist_merge(&all, &s->t->call_cost[call]);
		sum += (uint64_t)s->t->call_cost[call].sum;
	}
	figure_put(s, FIGURE(NS, LESS, true), figure_replayed(s, sum), "all calls together",
		   "latency.sum_ns");
	add_percentiles(s, &all, "all", "any call", true);
	hist_deinit(&all);
	for (unsigned int call = 0; call < CALL_NR; call++) {
		const char *name = repair_call_name((enum repair_call)call);
		char word[FIGURE_KEY];

		figure_word(word, sizeof(word), name);
		if (call != CALL_NONE)
			add_percentiles(s, &s->t->call_cost[call], word, name,
					call == CALL_PAGE_ALLOC || call == CALL_KMALLOC);
	}
}

/* A call that nobody made has no latency. */
static void add_percentiles(struct figure_source *s, const struct hist *hist, const char *word,
			    const char *name, bool main)
{
	static const struct {
		const char *key, *label;
		double percent;
		bool main;
	} rows[] = {
		{ "p50", "p50", 50, false },	  { "p90", "p90", 90, false },
		{ "p99", "p99", 99, true },	  { "p999", "p99.9", 99.9, true },
		{ "max", "longest", 100, false },
	};
	struct figure_value value = { .known = s->tally && hist->count };
	char label[FIGURE_KEY];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (value.known)
			value.nr = (int64_t)hist_percentile(hist, rows[i].percent);
		snprintf(label, sizeof(label), "%s, %s", name, rows[i].label);
		figure_put(s, FIGURE(NS, LESS, main && rows[i].main), value, label,
			   "latency.%s.%s_ns", word, rows[i].key);
	}
	if (value.known)
		value.nr = (int64_t)hist_mean(hist);
	snprintf(label, sizeof(label), "%s, mean", name);
	figure_put(s, FIGURE(NS, LESS, false), value, label, "latency.%s.mean_ns", word);
}

/* Of what was given, the share that was not asked for. */
static uint64_t wasted(uint64_t given, uint64_t asked)
{
	return thousandths(given - MIN(given, asked), given);
}

static uint64_t thousandths(uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)((unsigned __int128)part * 1000 / whole) : 0;
}
