/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When kswapd's work ends (see page_kswapd.h). */
#include <config.h>

#include "page_kswapd.h"

#include "page_calls.h"

enum {
	MOST_NODES = 1024, /* as many as the kernel can have */
};

static void note_wakeup(struct page_kswapd *kswapd, int node);
static struct page_kswapd_node *node_of(struct page_kswapd *kswapd, const struct event *ev);

void page_kswapd_deinit(struct page_kswapd *kswapd)
{
	vec_deinit(&kswapd->nodes);
}

bool page_kswapd_event(struct page_kswapd *kswapd, const struct event *ev, uint64_t number,
		       unsigned int *node, uint64_t *last)
{
	const bool wakes = ev->type == EVENT_KSWAPD_WAKE;
	struct page_kswapd_node *at = node_of(kswapd, ev);
	bool done;

	if (unlikely(ev->type == EVENT_KSWAPD_WAKEUP))
		note_wakeup(kswapd, ev->ordered.node);
	if (!at)
		return false;
	done = at->works && (wakes || ev->type == EVENT_KSWAPD_SLEEP);
	*node = (unsigned int)at->node;
	/* Nobody had to wake it: it went on at once, as its work was not done. */
	*last = wakes && !at->woken ? number - 1 : at->last;
	at->woken = false;
	if (wakes || ev->type == EVENT_KSWAPD_SLEEP)
		at->works = wakes;
	at->last = number;
	return done;
}

static void note_wakeup(struct page_kswapd *kswapd, int node)
{
	vec_foreach(&kswapd->nodes, at)
		at->woken |= at->node == node;
}

/* Whose event it is; NULL: not kswapd's. */
static struct page_kswapd_node *node_of(struct page_kswapd *kswapd, const struct event *ev)
{
	if (ev->pid <= 0 || page_calls_level(ev))
		return NULL;
	vec_foreach(&kswapd->nodes, at) {
		if (at->pid == ev->pid)
			return at;
	}
	if ((ev->type != EVENT_KSWAPD_WAKE && ev->type != EVENT_KSWAPD_SLEEP) ||
	    ev->ordered.node < 0 || kswapd->nodes.nr >= MOST_NODES)
		return NULL;
	vec_push(&kswapd->nodes,
		 (struct page_kswapd_node){ .pid = ev->pid, .node = ev->ordered.node });
	return &kswapd->nodes.items[kswapd->nodes.nr - 1];
}
