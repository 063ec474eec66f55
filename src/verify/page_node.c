/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which node a request is for. No event says so; a machine with several nodes needs to know.
 *
 * Theory. A request is for the node of its CPU, unless its caller names another
 * (alloc_pages_node(): per-CPU memory and ring buffers of other CPUs, slabs, stacks) or its task
 * has a policy. While the kernel boots, that is to interleave: numa_policy_init() sets it for the
 * first task over all nodes of at least 16 MiB, pid 1 inherits it in rest_init(), and
 * numa_default_policy() ends it for each. Only alloc_pages() in a task's own context, and without
 * __GFP_THISNODE, goes by it.
 *
 * What callers name cannot be known ahead. Where the node is given, the page tells it: its node, if
 * the CPU's own could have served the request; if not, the page came from there by the fallback of
 * zonelists, which is ours to find. A request of the bulk allocator that took no block has no page
 * to tell; but as many pages as it got are not heard of again at the head of some node's list. A
 * task that interleaves asks each node in turn for its share (alloc_pages_bulk_mempolicy()).
 */
#include <config.h>

#include "page_judge.h"

#include "kmreplay/abi/gfp.h"

enum { INTERLEAVED = (16 << 20) >> KERNEL_PAGE_SHIFT }; /* nodes of at least so many pages */

static int next_interleaved(const struct page_judge *j, int prev);
static int node_of_zone(const struct page_judge *j, unsigned int zone);
static struct page_policy *policy_of(struct page_judge *j, const struct event *ev, uint32_t gfp);
static bool was_taken_from(const struct page_judge *j, const struct page_list *list, uint32_t nr);

void page_judge_policy(struct page_judge *j, unsigned int task, bool interleaves)
{
	if (task >= ARRAY_SIZE(j->policies))
		return;
	/* A child goes on where its parent is; a policy that is set begins with the first node. */
	if (interleaves)
		j->policies[task].prev = task ? j->policies[0].prev : -1;
	j->policies[task].interleaves = interleaves;
}

int page_judge_node(struct page_judge *j, const struct page_op *op)
{
	const struct event *ev = &op->ev;
	struct page_policy *policy;
	int expected = -1, named;

	if (j->setup.config->nr_nodes == 1)
		return -1;
	if (j->guide)
		return j->guide->course.node;
	policy = policy_of(j, ev, ev->page.gfp);
	if (policy)
		expected = next_interleaved(j, policy->prev);
	if (j->course.failed || !verify_is_given(&j->setup, GIVEN_NODE)) {
		if (policy)
			policy->prev = expected;
		return expected;
	}
	named = node_of_zone(j, j->course.zone);
	/* What a caller names is not one of the turns. */
	if (policy && named == expected)
		policy->prev = expected;
	return page_follow_serves(j->pa, page_judge_cpu(j, op), ev->page.gfp, ev->page.order,
				  expected) ?
		       named : expected;
}

bool page_judge_bulk_zone(struct page_judge *j, const struct page_op *op, uint32_t gfp,
			  unsigned int nr, struct page_list *list)
{
	struct page_policy *policy = policy_of(j, &op->ev, gfp);
	const int nr_nodes = (int)j->setup.config->nr_nodes;
	const int first = policy ? next_interleaved(j, policy->prev) : -1;
	struct page_list other = *list;
	bool found;

	found = page_follow_bulk_zone(j->pa, list->cpu, gfp, first, nr, &list->zone);
	for (int node = nr_nodes > 1 && verify_is_given(&j->setup, GIVEN_NODE) ? 0 : nr_nodes;
	     node < nr_nodes && !(found && was_taken_from(j, list, nr)); node++) {
		if (page_follow_bulk_zone(j->pa, list->cpu, gfp, node, nr, &other.zone) &&
		    was_taken_from(j, &other, nr)) {
			*list = other;
			found = true;
		}
	}
	return found;
}

void page_judge_bulk_end(struct page_judge *j, const struct page_op *op)
{
	struct page_policy *policy = policy_of(j, &op->ev, op->gfp);

	if (policy && j->silent.nr)
		policy->prev = node_of_zone(j, j->course.zone);
}

/* At least "nr" pages at the head of the list are not heard of again. */
static bool was_taken_from(const struct page_judge *j, const struct page_list *list, uint32_t nr)
{
	uint64_t at = page_follow_head(j->pa, list);

	for (; nr && at != PAGE_FOLLOW_NONE && page_judge_is_silent(j, at); nr--)
		at = page_follow_next(j->pa, at);
	return !nr;
}

/* The policy that alloc_pages() goes by for this event's task; NULL: the node of its CPU. */
static struct page_policy *policy_of(struct page_judge *j, const struct event *ev, uint32_t gfp)
{
	struct page_policy *policy = &j->policies[ev->pid == 1];

	if ((ev->pid && ev->pid != 1) || (!ev->pid && ev->cpu) || page_calls_level(ev) ||
	    (gfp & GFP_BIT_THISNODE) || !policy->interleaves)
		return NULL;
	return policy;
}

/* interleave_nodes() */
static int next_interleaved(const struct page_judge *j, int prev)
{
	const int nr_nodes = (int)j->setup.config->nr_nodes;

	for (int i = 1; i <= nr_nodes; i++) {
		const int node = (prev + i) % nr_nodes;
		struct zone_info info;
		uint64_t pages = 0;

		for (unsigned int zone = 0; zone < j->nr_zones; zone++) {
			zone_info(j->pa, zone, &info);
			pages += info.node == node ? info.present : 0;
		}
		if (pages >= INTERLEAVED)
			return node;
	}
	return -1;
}

static int node_of_zone(const struct page_judge *j, unsigned int zone)
{
	struct zone_info info;

	zone_info(j->pa, zone, &info);
	return info.node;
}
