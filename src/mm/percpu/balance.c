/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages behind percpu chunks: populating them for a request, and the balance work, which keeps a
 * few empty pages ready for atomic requests and takes back what lies idle.
 */
#include <config.h>

#include "percpu_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/bits.h"
#include "kmreplay/core/xalloc.h"

#include <stdlib.h>

/* The work runs in a noio scope. */
#define BALANCE_GFP (GFP_BITS_RECLAIM | GFP_BIT_NORETRY | GFP_BIT_NOWARN)

/* Pages of one CPU's unit. */
struct unit {
	struct pcpu_chunk *chunk;
	unsigned int cpu;
	struct pcpu_pages pages;
};

static int node_of_cpu(const struct percpu *p, unsigned int cpu);
static uint32_t get_unit_pages(struct percpu *p, unsigned int cpu, const struct unit *unit,
			       uint32_t gfp, struct mm_outcome *outcome);
static void free_pages(struct percpu *p, unsigned int cpu, struct pcpu_chunk *chunk,
		       struct pcpu_pages pages, unsigned int upto_cpu);
static void depopulate(struct percpu *p, unsigned int cpu, struct pcpu_chunk *chunk,
		       struct pcpu_pages pages);
static void balance_free(struct percpu *p, unsigned int cpu, bool empty_only);
static void reclaim_chunk(struct percpu *p, unsigned int cpu, struct pcpu_chunk *chunk);
static void balance_populated(struct percpu *p, unsigned int cpu);
static uint32_t populate_some(struct percpu *p, unsigned int cpu, uint32_t want);

void percpu_balance(struct percpu *p, unsigned int cpu)
{
	struct list_head *isolated = &p->slots[p->depopulate_slot];

	p->balance_pending = false;
	balance_free(p, cpu, false);
	while (!list_is_empty(isolated))
		reclaim_chunk(p, cpu, container_of(isolated->next, struct pcpu_chunk, link));
	balance_populated(p, cpu);
	balance_free(p, cpu, true);
}

uint64_t percpu_tick(struct percpu *p, uint64_t now_ns UNUSED)
{
	pcpu_run_pending(p, 0);
	return UINT64_MAX;
}

/* pcpu_populate_chunk(), pcpu_chunk_populated(): CPU by CPU, each its pages. */
bool pcpu_populate(struct percpu *p, unsigned int cpu, struct pcpu_chunk *chunk,
		   struct pcpu_pages pages, uint32_t gfp, struct mm_outcome *outcome)
{
	uint32_t nr = pages.to - pages.from;
	int32_t before = chunk->nr_empty;

	if (!pcpu_books_pages(p, cpu, outcome))
		return false;
	for (uint32_t i = pages.from; i < pages.to; i++) {
		if (!chunk->pfns[i])
			chunk->pfns[i] = xcalloc(p->nr_cpus, sizeof(**chunk->pfns));
	}
	for (unsigned int unit = 0; unit < p->nr_cpus; unit++) {
		uint32_t got = get_unit_pages(p, cpu, &(struct unit){ chunk, unit, pages },
					      gfp | GFP_BIT_HIGHMEM, outcome);

		if (got == nr)
			continue;
		while (got)
			p->ops.page_free(p->ctx, cpu, chunk->pfns[pages.from + --got][unit]);
		free_pages(p, cpu, chunk, pages, unit);
		return false;
	}
	p->stats.nr_pages_alloced += (uint64_t)nr * p->nr_cpus;
	pcpu_fill_bits(chunk->populated, pages.from, nr, true);
	chunk->nr_populated += nr;
	chunk->nr_empty += (int32_t)nr;
	p->nr_populated += nr;
	pcpu_count_empty(p, chunk, before);
	return true;
}

/* How many of the pages of one CPU could be had. */
static uint32_t get_unit_pages(struct percpu *p, unsigned int cpu, const struct unit *unit,
			       uint32_t gfp, struct mm_outcome *outcome)
{
	for (uint32_t i = unit->pages.from; i < unit->pages.to; i++) {
		struct mm_outcome page =
			p->ops.page_alloc(p->ctx, cpu, gfp, node_of_cpu(p, unit->cpu));

		mm_outcome_cost(&page, p->costs.percpu_populate_page);
		mm_outcome_add(outcome, page);
		if (!mm_ok(page)) {
			outcome->failure = page.failure;
			return i - unit->pages.from;
		}
		unit->chunk->pfns[i][unit->cpu] = page.addr;
	}
	return unit->pages.to - unit->pages.from;
}

/* CPUs are dealt out to nodes in equal runs: zone.c */
static int node_of_cpu(const struct percpu *p, unsigned int cpu)
{
	return (int)((uint64_t)cpu * p->nr_numa_nodes / p->nr_cpus);
}

/* The pages of the units below "upto_cpu", and the memory that lists them. */
static void free_pages(struct percpu *p, unsigned int cpu, struct pcpu_chunk *chunk,
		       struct pcpu_pages pages, unsigned int upto_cpu)
{
	for (unsigned int unit = 0; unit < upto_cpu; unit++) {
		for (uint32_t i = pages.from; i < pages.to; i++)
			p->ops.page_free(p->ctx, cpu, chunk->pfns[i][unit]);
	}
	for (uint32_t i = pages.from; i < pages.to; i++) {
		free(chunk->pfns[i]);
		chunk->pfns[i] = NULL;
	}
}

/* pcpu_depopulate_chunk(), pcpu_chunk_depopulated() */
static void depopulate(struct percpu *p, unsigned int cpu, struct pcpu_chunk *chunk,
		       struct pcpu_pages pages)
{
	uint32_t nr = pages.to - pages.from;
	int32_t before = chunk->nr_empty;

	free_pages(p, cpu, chunk, pages, p->nr_cpus);
	p->stats.nr_pages_freed += (uint64_t)nr * p->nr_cpus;
	pcpu_fill_bits(chunk->populated, pages.from, nr, false);
	chunk->nr_populated -= nr;
	chunk->nr_empty -= (int32_t)nr;
	p->nr_populated -= nr;
	pcpu_count_empty(p, chunk, before);
}

/* pcpu_balance_free(): all free chunks but the first; with "empty_only" those without pages. */
static void balance_free(struct percpu *p, unsigned int cpu, bool empty_only)
{
	struct list_head *head = &p->slots[p->free_slot];
	struct list_head doomed;
	struct list_head *pos, *next;

	list_init(&doomed);
	for (pos = head->next; pos != head; pos = next) {
		struct pcpu_chunk *chunk = container_of(pos, struct pcpu_chunk, link);

		next = pos->next;
		if (pos == head->next || (empty_only && chunk->nr_empty))
			continue;
		list_del(&chunk->link);
		list_add(&doomed, &chunk->link);
	}
	while (!list_is_empty(&doomed)) {
		struct pcpu_chunk *chunk = container_of(doomed.next, struct pcpu_chunk, link);
		uint32_t to;

		list_del(&chunk->link);
		for (uint32_t from = 0;; from = to) {
			from = pcpu_find_bit(chunk->populated, from, chunk->nr_pages, true);
			if (from >= chunk->nr_pages)
				break;
			to = pcpu_find_bit(chunk->populated, from, chunk->nr_pages, false);
			depopulate(p, cpu, chunk, (struct pcpu_pages){ from, to });
		}
		pcpu_drop_chunk(p, cpu, chunk);
	}
}

/*
 * pcpu_reclaim_populated(): empty pages leave from the end of the chunk, in runs, unless all
 * chunks together run short of empty pages. A run under way is dropped then.
 */
static void reclaim_chunk(struct percpu *p, unsigned int cpu, struct pcpu_chunk *chunk)
{
	bool reintegrate = false;
	uint32_t end = 0; /* of the run, 0: none */

	for (uint32_t i = chunk->nr_pages; i-- > 0;) {
		bool empty = chunk->blocks[i].contig_hint == PCPU_BLOCK_BITS &&
			     pcpu_bit(chunk->populated, i);

		if (!chunk->nr_empty)
			break;
		if (p->nr_empty < PCPU_EMPTY_HIGH) {
			reintegrate = true;
			break;
		}
		if (empty && !end)
			end = i + 1;
		if (empty && i)
			continue;
		if (end)
			depopulate(p, cpu, chunk, (struct pcpu_pages){ empty ? i : i + 1, end });
		end = 0;
	}
	if (reintegrate || chunk->free_bytes == p->layout.unit_size)
		pcpu_chunk_reintegrate(p, chunk);
	else
		pcpu_chunk_move(p, chunk, p->sidelined_slot, false);
}

/* pcpu_balance_populated() */
static void balance_populated(struct percpu *p, unsigned int cpu)
{
	struct mm_outcome outcome = { 0 };
	struct pcpu_chunk *chunk;

	for (;;) {
		uint32_t want = PCPU_EMPTY_HIGH;

		if (!p->atomic_failed)
			want = (uint32_t)MAX((int64_t)0, MIN((int64_t)PCPU_EMPTY_HIGH,
							     PCPU_EMPTY_HIGH - p->nr_empty));
		p->atomic_failed = false;
		if (!populate_some(p, cpu, want))
			return;
		chunk = pcpu_make_chunk(p, cpu, BALANCE_GFP, &outcome);
		if (!chunk)
			return;
		pcpu_chunk_relocate(p, chunk, -1);
	}
}

/* One chunk of each list, from those with a free page up; returns what is still wanted. */
static uint32_t populate_some(struct percpu *p, unsigned int cpu, uint32_t want)
{
	struct mm_outcome outcome = { 0 };
	unsigned int slot = bits_fls(KERNEL_PAGE_SIZE) - PCPU_SLOT_BASE_SHIFT + 2;

	for (; slot <= p->free_slot && want; slot++) {
		struct pcpu_chunk *chunk = NULL;
		uint32_t from = 0;

		list_foreach(&p->slots[slot], pos) {
			chunk = container_of(pos, struct pcpu_chunk, link);
			if (chunk->nr_populated < chunk->nr_pages)
				break;
			chunk = NULL;
		}
		while (chunk && want) {
			uint32_t to;

			from = pcpu_find_bit(chunk->populated, from, chunk->nr_pages, false);
			if (from >= chunk->nr_pages)
				break;
			to = pcpu_find_bit(chunk->populated, from, chunk->nr_pages, true);
			to = MIN(to, from + want);
			if (!pcpu_populate(p, cpu, chunk, (struct pcpu_pages){ from, to },
					   BALANCE_GFP, &outcome))
				return 0;
			want -= to - from;
			from = to;
		}
	}
	return want;
}
