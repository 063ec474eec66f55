/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the vmstat worker runs on each CPU (see page_vmstat.h). */
#include <config.h>

#include "page_vmstat.h"

#include "page_calls.h"

#include <string.h>

#define SECOND 1000000000ULL
/* Three jiffies of HZ=250, which most distributions have. */
#define SKEW 12000000ULL

enum {
	MOST_CPUS = 8192,
};

static uint64_t phase_of(uint64_t phase, unsigned int cpu);

void page_vmstat_look(struct page_vmstat_look *look, const struct event_names *names,
		      const struct event *ev)
{
	uint64_t phase, late;
	const char *comm;

	if (ev->cpu >= MOST_CPUS)
		return;
	vec_extend_zeroed(&look->frees, ev->cpu + 1U);
	if (ev->type == EVENT_PAGE_FREE || ev->type == EVENT_PAGE_FREE_BATCHED)
		look->frees.items[ev->cpu] = page_calls_context(ev);
	if (ev->type != EVENT_PCPU_DRAIN || page_calls_level(ev) ||
	    page_calls_context(ev) == look->frees.items[ev->cpu])
		return;
	comm = intern_text(&names->texts, ev->comm);
	if (strncmp(comm, "kworker/", strlen("kworker/")) != 0)
		return;
	phase = (ev->time + ev->cpu * SKEW) % SECOND;
	/* The worker may be late, but never early. */
	late = (look->phase + SECOND - phase) % SECOND;
	if (!look->seen || late < SECOND / 2)
		look->phase = phase;
	look->seen = true;
}

void page_vmstat_look_deinit(struct page_vmstat_look *look)
{
	vec_deinit(&look->frees);
}

void page_vmstat_deinit(struct page_vmstat *vmstat)
{
	vec_deinit(&vmstat->next);
	vec_deinit(&vmstat->runs);
}

void page_vmstat_event(struct page_vmstat *vmstat, const struct event *ev, uint64_t number)
{
	uint64_t *next, late;

	if (ev->cpu >= MOST_CPUS)
		return;
	vec_extend_zeroed(&vmstat->next, ev->cpu + 1U);
	next = &vmstat->next.items[ev->cpu];
	if (ev->time < *next)
		return;
	if (*next)
		vec_push(&vmstat->runs,
			 (struct page_vmstat_run){ .number = number, .cpu = ev->cpu });
	/* round_jiffies_common(): up to a quarter of a second late, the next second is kept. */
	late = (ev->time + SECOND - phase_of(vmstat->phase, ev->cpu)) % SECOND;
	*next = ev->time - late + (late < SECOND / 4 ? 1 : 2) * SECOND;
}

bool page_vmstat_next(struct page_vmstat *vmstat, uint64_t number, unsigned int *cpu)
{
	if (vmstat->done == vmstat->runs.nr) {
		vec_reset(&vmstat->runs);
		vmstat->done = 0;
		return false;
	}
	if (vmstat->runs.items[vmstat->done].number > number)
		return false;
	*cpu = vmstat->runs.items[vmstat->done++].cpu;
	return true;
}

static uint64_t phase_of(uint64_t phase, unsigned int cpu)
{
	return (phase + SECOND - cpu * SKEW % SECOND) % SECOND;
}
