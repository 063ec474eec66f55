/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What time does to the page allocator while nobody asks for anything.
 *
 * Theory
 * ------
 * 1. Once a second (sysctl_stat_interval) each CPU books its counters (refresh_cpu_vm_stats()).
 *    From 6.7 on it lowers the limits of its lists then, and what lies above them goes back
 *    (decay_pcp_high()).
 * 2. Lists of another node's zone are given back a batch at a time (drain_zone_pages()) once three
 *    seconds went by in which none of that zone's counters moved on this CPU.
 * 3. A second that changed nothing is followed by others that change nothing: they are skipped. In
 *    the kernel the work is not even armed then (vmstat_shepherd()).
 *
 * CPUs work in order at the same moment; in the kernel they are some jiffies apart.
 */
#include <config.h>

#include "kmreplay/mm/page.h"
#include "kmreplay/mm/page_follow.h"
#include "kmreplay/mm/page_parts.h"

#define SECOND_NS 1000000000ULL

enum { EXPIRE_SECONDS = 3 };

static bool refresh(struct page_allocator *pa, unsigned int cpu);
static bool give_back_idle(struct page_allocator *pa, struct zone *zone, struct pcp *pcp);
static bool expire(struct page_allocator *pa, struct zone *zone, unsigned int cpu);

void page_idle(struct page_allocator *pa, uint64_t ns)
{
	if (pa->reclaiming || pa->follow)
		return;
	while (ns && pa->kswapd_pending)
		ns -= MIN(ns, kswapd_run(pa));
}

uint64_t page_tick(struct page_allocator *pa, uint64_t now_ns)
{
	bool changed = true;

	if (!pa->next_refresh_ns)
		pa->next_refresh_ns = now_ns - now_ns % SECOND_NS + SECOND_NS;
	while (pa->next_refresh_ns <= now_ns && changed) {
		changed = false;
		for (unsigned int cpu = 0; cpu < pa->nr_cpus; cpu++)
			changed |= refresh(pa, cpu);
		pa->next_refresh_ns += SECOND_NS;
	}
	if (pa->next_refresh_ns <= now_ns)
		pa->next_refresh_ns = now_ns - now_ns % SECOND_NS + SECOND_NS;
	return pa->next_refresh_ns;
}

/* refresh_cpu_vm_stats() */
static bool refresh(struct page_allocator *pa, unsigned int cpu)
{
	bool changed = false;

	page_begin(pa, cpu);
	for (unsigned int i = 0; i < pa->nr_zones; i++) {
		struct pcp *pcp = &pa->zones[i].pcps[cpu];

		if (pcp->stat_diff || pcp->cma_diff)
			pcp->expire = EXPIRE_SECONDS;
		changed |= pcp->high > pcp->high_min && pcp->high >= 8; /* below, it stays */
	}
	page_follow_decay(pa, cpu);
	for (unsigned int i = 0; i < pa->nr_zones; i++) {
		struct zone *zone = &pa->zones[i];

		changed |= give_back_idle(pa, zone, &zone->pcps[cpu]);
		changed |= expire(pa, zone, cpu);
	}
	return changed;
}

/* The rest of decay_pcp_high(): what lies above the limit goes, a batch at a time. */
static bool give_back_idle(struct page_allocator *pa, struct zone *zone, struct pcp *pcp)
{
	bool changed = false;

	if (pa->profile->pcp != PCP_AUTO_HIGH)
		return false;
	for (; pcp->count > pcp->high; changed = true)
		pcp_drain_some(pa, zone, pcp, MIN(pcp->count - pcp->high, MAX(pcp->batch, 1)), 0);
	return changed;
}

/* Zones of the CPU's own node never expire. */
static bool expire(struct page_allocator *pa, struct zone *zone, unsigned int cpu)
{
	struct pcp *pcp = &zone->pcps[cpu];

	if (!pcp->expire || !pcp->count)
		return false;
	if (zone->node == pa->cpu_node[cpu]) {
		pcp->expire = 0;
		return false;
	}
	if (!--pcp->expire)
		pcp_drain_some(pa, zone, pcp, MIN(pcp->count, pcp->batch), 0);
	return true;
}
