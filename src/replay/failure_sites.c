/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who made a page request that failed, by the events around it. */
#include <config.h>

#include "kmreplay/replay/failures.h"

#include "kmreplay/event/desc.h"

#include <string.h>

static void note_object(struct failure_sites *sites, uint64_t context, const struct event *ev,
			bool alloc);
static void note_failure(struct failure_sites *sites, uint64_t context,
			 const struct repair_op *op);
static uint64_t context_of(const struct event *ev);

void failure_sites_init(struct failure_sites *sites)
{
	memset(sites, 0, sizeof(*sites));
	u64map_init(&sites->last);
	u64map_init(&sites->waiting);
	u64map_init(&sites->by_number);
}

void failure_sites_deinit(struct failure_sites *sites)
{
	u64map_deinit(&sites->last);
	u64map_deinit(&sites->waiting);
	u64map_deinit(&sites->by_number);
	vec_deinit(&sites->found);
}

void failure_sites_feed(struct failure_sites *sites, const struct repair_batch *batch)
{
	for (size_t i = 0; i < batch->batch->nr; i++, sites->nr_fed++) {
		const struct event *ev = &batch->batch->events[i];
		const struct repair_op *op = &batch->ops[i];

		switch (op->call) {
		case CALL_KMALLOC:
		case CALL_KMALLOC_LARGE:
		case CALL_CACHE_ALLOC:
			note_object(sites, context_of(ev), ev, true);
			break;
		case CALL_OBJ_FREE:
		case CALL_LARGE_FREE:
			note_object(sites, context_of(ev), ev, false);
			break;
		case CALL_PAGE_ALLOC:
			if (ev->flags & EVENT_F_FAILED || ev->page.pfn == EVENT_PFN_FAILED)
				note_failure(sites, context_of(ev), op);
			break;
		default:
			break;
		}
	}
}

struct failure_site failure_sites_find(const struct failure_sites *sites, uint64_t number)
{
	const uint32_t *at = u64map_find(&sites->by_number, number);

	return at ? sites->found.items[*at] : (struct failure_site){ 0 };
}

static void note_object(struct failure_sites *sites, uint64_t context, const struct event *ev,
			bool alloc)
{
	uint32_t *at;
	bool fresh;

	if (!ev->site)
		return;
	*u64map_insert(&sites->last, context, &fresh) = ev->site;
	if (likely(!alloc || !sites->waiting.nr))
		return;
	at = u64map_find(&sites->waiting, context);
	if (!at)
		return;
	sites->found.items[*at].exact = ev->site;
	(void)u64map_remove(&sites->waiting, context);
}

static void note_failure(struct failure_sites *sites, uint64_t context, const struct repair_op *op)
{
	const uint32_t number = (uint32_t)sites->found.nr;
	const uint32_t *last = u64map_find(&sites->last, context);
	bool fresh;

	vec_push(&sites->found, (struct failure_site){
					.near = last ? *last : 0, .owner = op->owner });
	*u64map_insert(&sites->by_number, sites->nr_fed, &fresh) = number;
	if (op->owner == OWNER_SLAB || op->owner == OWNER_KMALLOC_LARGE)
		*u64map_insert(&sites->waiting, context, &fresh) = number;
}

/* A task, or the interrupts of a CPU: whose events follow from each other. */
static uint64_t context_of(const struct event *ev)
{
	const unsigned int interrupts = EVENT_F_SOFTIRQ | EVENT_F_HARDIRQ | EVENT_F_NMI;

	if (ev->flags & interrupts || ev->pid <= 0)
		return 1ULL << 40 | (uint64_t)ev->cpu << 8 | (ev->flags & interrupts);
	return (uint32_t)ev->pid;
}
