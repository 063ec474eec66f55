/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frees in interrupts that find their list's lock taken (see page_lock.h).
 *
 * Theory. A list of pages is freed under one hold of pcp->lock, with interrupts on: each page has
 * its mm_page_free_batched, and perhaps pages drained, under it (free_unref_folios() of 6.12,
 * free_unref_page_list() of 6.1). So an interrupt between two of these events of one task came
 * while the lock was held, and what it freed of that zone went past the lists (free_unref_page()
 * with a spin_trylock() that fails). Where the next batch begins the task announces pages first.
 */
#include <config.h>

#include "page_lock.h"

#include "page_calls.h"

#include <stdlib.h>
#include <string.h>

static struct page_lock_cpu *cpu_of(struct page_lock *lock, unsigned int cpu);
static bool is_of_batch(const struct page_lock_cpu *cpu, const struct event *ev);
static int by_number(const void *a, const void *b);

void page_lock_init(struct page_lock *lock)
{
	memset(lock, 0, sizeof(*lock));
}

void page_lock_deinit(struct page_lock *lock)
{
	vec_foreach(&lock->cpus, cpu)
		vec_deinit(&cpu->frees);
	vec_deinit(&lock->cpus);
	vec_deinit(&lock->frees);
}

void page_lock_event(struct page_lock *lock, const struct event *ev, uint64_t number)
{
	struct page_lock_cpu *cpu = cpu_of(lock, ev->cpu);

	if (page_calls_level(ev)) {
		if (cpu->batching && ev->pid == cpu->pid &&
		    (ev->type == EVENT_PAGE_FREE || ev->type == EVENT_PAGE_FREE_DIRECT))
			vec_push(&cpu->frees, (uint32_t)number);
		return;
	}
	if (cpu->frees.nr && is_of_batch(cpu, ev)) {
		vec_foreach(&cpu->frees, free)
			vec_push(&lock->frees,
				 (struct page_locked){ .pfn = cpu->pfn, .number = *free });
	}
	vec_reset(&cpu->frees);
	cpu->batching = ev->type == EVENT_PAGE_FREE_BATCHED || is_of_batch(cpu, ev);
	cpu->pid = ev->pid;
	cpu->pfn = ev->page.pfn;
}

void page_lock_finish(struct page_lock *lock)
{
	if (lock->frees.nr)
		qsort(lock->frees.items, lock->frees.nr, sizeof(*lock->frees.items), by_number);
}

uint64_t page_lock_held(const struct page_lock *lock, uint64_t number)
{
	const struct page_locked key = { .number = (uint32_t)number };
	const struct page_locked *found = NULL;

	if (lock->frees.nr)
		found = bsearch(&key, lock->frees.items, lock->frees.nr, sizeof(key), by_number);
	return found ? found->pfn : UINT64_MAX;
}

static struct page_lock_cpu *cpu_of(struct page_lock *lock, unsigned int cpu)
{
	vec_extend_zeroed(&lock->cpus, cpu + 1U);
	return &lock->cpus.items[cpu];
}

/* Under the same hold as the event before it. */
static bool is_of_batch(const struct page_lock_cpu *cpu, const struct event *ev)
{
	return cpu->batching && cpu->pid == ev->pid &&
	       (ev->type == EVENT_PAGE_FREE_BATCHED || ev->type == EVENT_PCPU_DRAIN);
}

static int by_number(const void *a, const void *b)
{
	const struct page_locked *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}
