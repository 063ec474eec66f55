/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reclaim as it was recorded: when kswapd works, and who woke it.
 *
 * Theory. wakeup_kswapd() wakes it, with an event, when it waits: asleep, or for a tenth of a
 * second before it falls asleep. From then on nobody wakes it again until its work is done. The
 * event comes before the mm_page_alloc of the request that woke it, whose own turn that was.
 */
#include <config.h>

#include "page_judge.h"

#include "kmreplay/mm/page_follow_reclaim.h"

enum { MOST_WAKEUPS = 256 };

static void note_wakeup(struct page_judge *j, const struct page_op *op);

void page_pressure_note(struct page_judge *j, const struct page_op *op)
{
	const struct event *ev = &op->ev;

	if (!verify_is_given(&j->setup, GIVEN_RECLAIM))
		return;
	switch (ev->type) {
	case EVENT_KSWAPD_WAKE:
	case EVENT_KSWAPD_SLEEP:
		page_pressure_kswapd(j, (unsigned int)ev->ordered.node,
				     ev->type == EVENT_KSWAPD_WAKE);
		if (ev->type == EVENT_KSWAPD_SLEEP &&
		    (unsigned int)ev->ordered.node < j->setup.config->nr_nodes)
			page_follow_kswapd_sleeps(j->pa, (unsigned int)ev->ordered.node);
		break;
	case EVENT_KSWAPD_WAKEUP:
		note_wakeup(j, op);
		break;
	default:
		break;
	}
}

/* Its zones are those up to the one it was asked for; no event of its own says which. */
void page_pressure_kswapd(struct page_judge *j, unsigned int node, bool awake)
{
	struct zone_info info;

	if (node >= j->setup.config->nr_nodes)
		return;
	j->kswapd_awake = j->kswapd_up = awake;
	page_follow_kswapd(j->pa, node, awake, ZONE_MOVABLE);
	for (unsigned int i = 0; i < j->nr_zones; i++) {
		zone_info(j->pa, i, &info);
		if ((unsigned int)info.node == node)
			page_follow_reclaiming(j->pa, i, awake);
	}
}

void page_pressure_still_up(struct page_judge *j, unsigned int zone)
{
	struct zone_info info;

	zone_info(j->pa, zone, &info);
	page_follow_kswapd_woken(j->pa, (unsigned int)info.node, true);
	j->kswapd_up = true;
}

/*
 * Followed, it is the recording that wakes it. Otherwise ours does, once, and its work ends when it
 * did in the recording, if that is given.
 */
void page_pressure_wake(struct page_judge *j, unsigned int node)
{
	if (!j->follow || !verify_is_given(&j->setup, GIVEN_RECLAIM))
		page_follow_kswapd_woken(j->pa, node, true);
}

void page_pressure_before(struct page_judge *j, const struct page_op *op)
{
	vec_foreach(&j->wakeups, wakeup) {
		if (wakeup->context == op->context)
			page_follow_kswapd_woken(j->pa, wakeup->node, false);
	}
}

void page_pressure_after(struct page_judge *j, const struct page_op *op)
{
	size_t nr = 0;

	vec_foreach(&j->wakeups, wakeup) {
		if (wakeup->context == op->context)
			page_follow_kswapd_woken(j->pa, wakeup->node, true);
		else
			j->wakeups.items[nr++] = *wakeup;
	}
	j->wakeups.nr = nr;
}

static void note_wakeup(struct page_judge *j, const struct page_op *op)
{
	const unsigned int node = (unsigned int)op->ev.ordered.node;

	if (node >= j->setup.config->nr_nodes)
		return;
	page_follow_kswapd_woken(j->pa, node, true);
	j->kswapd_up = true;
	if (j->wakeups.nr == MOST_WAKEUPS) /* their calls are not in the recording */
		vec_reset(&j->wakeups);
	vec_push(&j->wakeups, (struct page_wakeup){ .context = op->context, .node = node });
}
