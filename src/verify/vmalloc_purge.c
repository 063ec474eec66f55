/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lazy pages and purges, see vmalloc.c: how many pages are lazy, whether a purge is due, what it
 * comes to, and purges and emptied pools that no event of their own tells of.
 */
#include <config.h>

#include "vmalloc_judge.h"

static void tell_lazy(struct vmalloc_judge *j, const struct event *ev, uint64_t number,
		      uint64_t lazy);
static struct vmap_purged purge(struct vmalloc_judge *j, const struct event *ev);
static void judge_purge(struct vmalloc_judge *j, const struct event *ev, bool happened);

/* Lazy pages as far as the recording is followed. */
uint64_t vmalloc_lazy_now(const struct vmalloc_judge *j)
{
	return vmap_lazy_pages(j->v) + j->lazy_bias;
}

/*
 * The event comes after the count, so the events of two CPUs may be crossed: then the first one has
 * the pages of both, and the second one its own only.
 */
void vmalloc_judge_lazy(struct vmalloc_judge *j, const struct event *ev, uint64_t before)
{
	const uint64_t lazy = vmalloc_lazy_now(j);
	struct vmalloc_crossed *first = &j->crossed;

	if (first->pending && first->ev.cpu != ev->cpu && first->ev.range.a == lazy &&
	    ev->range.a == lazy - (first->lazy - first->before)) {
		first->pending = false;
		tell_lazy(j, &first->ev, first->number, first->ev.range.a);
		tell_lazy(j, ev, j->number, ev->range.a);
		return;
	}
	vmalloc_settle_lazy(j);
	if (vmalloc_lazy_now(j) == ev->range.a)
		tell_lazy(j, ev, j->number, ev->range.a);
	else
		*first = (struct vmalloc_crossed){ .ev = *ev,
						   .number = j->number,
						   .before = before,
						   .lazy = vmalloc_lazy_now(j),
						   .pending = true };
}

void vmalloc_settle_lazy(struct vmalloc_judge *j)
{
	if (!j->crossed.pending)
		return;
	j->crossed.pending = false;
	tell_lazy(j, &j->crossed.ev, j->crossed.number, j->crossed.lazy);
	if (j->setup->mode == VERIFY_FOLLOW)
		j->lazy_bias += j->crossed.ev.range.a - j->crossed.lazy;
}

/* "lazy": in ours behind the free "ev". */
static void tell_lazy(struct vmalloc_judge *j, const struct event *ev, uint64_t number,
		      uint64_t lazy)
{
	struct verify_what what = vmalloc_what(j, ev, "lazy");
	struct verify_story *story;

	what.number = number;
	story = verify_judge(j->log, VERIFY_VMALLOC_LAZY, lazy == ev->range.a, &what);
	if (unlikely(story))
		vmalloc_tell_lazy(j, story, ev, lazy);
}

void vmalloc_on_purge(struct vmalloc_judge *j, const struct event *ev)
{
	const bool happened = j->recorded_max && j->recorded_lazy > j->recorded_max;
	struct verify_what what = vmalloc_what(j, ev, "purge");
	struct verify_story *story;
	struct vmap_purged purged;
	bool early = j->purged_early;

	vmalloc_settle_lazy(j);
	judge_purge(j, ev, happened);
	j->recorded_lazy = 0;
	/* One by too many lazy pages runs in ours when it is due there, not later than now. */
	if (j->setup->mode == VERIFY_FREE && happened) {
		if (vmalloc_lazy_now(j) > vmap_lazy_max(j->v))
			(void)vmap_purge(j->v);
		return;
	}
	j->purged_early = false;
	if (early)
		return;
	purged = purge(j, ev);
	/* The span is what the caller wants flushed as well, anywhere in the address space. */
	story = verify_judge(j->log, VERIFY_VMALLOC_PURGED, purged.nr == ev->range.a, &what);
	if (unlikely(story))
		vmalloc_tell_purged(story, ev, &purged);
}

/* "happened": the kernel had too many lazy pages. */
static void judge_purge(struct vmalloc_judge *j, const struct event *ev, bool happened)
{
	const bool predicted = j->nr_own || vmalloc_lazy_now(j) > vmap_lazy_max(j->v);
	const struct verify_what what = vmalloc_what(j, ev, "purge");
	struct verify_story *story;

	if (!happened && (j->setup->mode == VERIFY_FREE || !predicted)) {
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_VMALLOC,
			     "purges that others ask for: changed page attributes, full ranges", 1);
		return;
	}
	story = verify_detect(j->log, VERIFY_VMALLOC_PURGE, happened, predicted, &what);
	if (unlikely(story))
		vmalloc_tell_purge(j, story, ev, predicted);
	if (happened && j->nr_own)
		j->nr_own--;
}

static struct vmap_purged purge(struct vmalloc_judge *j, const struct event *ev)
{
	const bool full = j->failed && j->full_pid == ev->pid;

	j->lazy_bias = 0;
	if (!full)
		return vmap_purge(j->v);
	j->failed = false;
	return vmap_purge_full(j->v);
}

/* Free-running: the drain work has its turn before the next call. */
void vmalloc_run_own_purge(struct vmalloc_judge *j)
{
	if (vmap_lazy_pages(j->v) <= vmap_lazy_max(j->v))
		return;
	(void)vmap_purge(j->v);
	j->nr_own++;
}

/*
 * A record of an area is freed. Without a purge event the first such free of a purge tells that it
 * is under way; the others follow from the same task. The shrinker of the pools was found ahead.
 */
void vmalloc_on_record_free(struct vmalloc_judge *j, const struct event *ev)
{
	const enum areas_site site = areas_site_of(&j->sites, ev->site);

	if (likely(site == AREAS_SITE_OTHER)) {
		if (unlikely(j->bursting && j->burst_pid == ev->pid))
			j->bursting = false;
		return;
	}
	if (site == AREAS_SITE_POOL && !j->guesses.alone) {
		if (!j->look || j->next_drain == j->look->drains.nr ||
		    j->look->drains.items[j->next_drain] != j->number)
			return;
		j->next_drain++;
		vmap_pools_drain(j->v);
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_VMALLOC,
			     "pools emptied by the shrinker", 1);
		return;
	}
	if (j->bursting && j->burst_pid == ev->pid)
		return;
	j->bursting = true;
	j->burst_pid = ev->pid;
	judge_purge(j, ev, vmalloc_lazy_now(j) > vmap_lazy_max(j->v));
	(void)vmap_purge(j->v);
}
