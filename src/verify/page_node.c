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
 * to tell; but as many pages as it got are not heard of again at the head of some node's list: of
 * the one whose turn it is, as far as others' lists do not need it to get rid of theirs in time. A
 * task that interleaves asks each node in turn for its share (alloc_pages_bulk_mempolicy()).
 */
#include <config.h>

#include "page_judge.h"

#include "kmreplay/abi/gfp.h"

/* Pages at the head of a list that went silently, and when the one behind them is given out. */
struct silent_run {
	uint32_t nr;
	uint64_t until; /* UINT64_MAX: not known */
};

enum {
	INTERLEAVED = (16 << 20) >> KERNEL_PAGE_SHIFT, /* nodes of at least so many pages */
	REFILLS_AHEAD = 4096, /* what comes later is no reason to hurry */
};

static int next_interleaved(const struct page_judge *j, int prev);
static int node_of_zone(const struct page_judge *j, unsigned int zone);
static struct page_policy *policy_of(struct page_judge *j, const struct event *ev, uint32_t gfp);
static struct silent_run silent_run(const struct page_judge *j, const struct page_list *list);
static uint64_t next_refill(const struct page_judge *j, const struct page_list *list);
static bool has_to_go(const struct page_judge *j, const struct page_op *op, unsigned int cpu,
		      const struct silent_run *run);

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
	const bool found = page_follow_bulk_zone(j->pa, list->cpu, gfp, first, nr,
						 &list->zone);
	struct page_list other = *list;
	bool likely_one = found && silent_run(j, list).nr >= nr;

	if (nr_nodes == 1 || !verify_is_given(&j->setup, GIVEN_NODE))
		return found;
	for (int node = 0; node < nr_nodes; node++) {
		struct silent_run run;

		if (!page_follow_bulk_zone(j->pa, list->cpu, gfp, node, nr, &other.zone) ||
		    other.zone == list->zone)
			continue;
		run = silent_run(j, &other);
		if (run.nr >= nr && (!likely_one || has_to_go(j, op, list->cpu, &run))) {
			*list = other;
			return true;
		}
	}
	return found;
}

bool page_judge_interleaves(struct page_judge *j, const struct page_op *op)
{
	return j->setup.config->nr_nodes > 1 && policy_of(j, &op->ev, op->gfp);
}

void page_judge_bulk_end(struct page_judge *j, const struct page_op *op)
{
	struct page_policy *policy = policy_of(j, &op->ev, op->gfp);

	if (policy && j->silent.nr)
		policy->prev = node_of_zone(j, j->course.zone);
}

/* Pages at the head of the list that are not heard of again. */
static struct silent_run silent_run(const struct page_judge *j, const struct page_list *list)
{
	struct silent_run run = { .until = UINT64_MAX };
	uint64_t at = page_follow_head(j->pa, list);
	const uint32_t *number;

	while (at != PAGE_FOLLOW_NONE && page_judge_is_silent(j, at)) {
		at = page_follow_next(j->pa, at);
		run.nr++;
	}
	if (at == PAGE_FOLLOW_NONE) {
		run.until = next_refill(j, list);
		return run;
	}
	number = u64map_find(&j->listed, at);
	if (number)
		run.until = page_look_given(j->look, *number);
	return run;
}

/* A list is refilled when it is empty. */
static uint64_t next_refill(const struct page_judge *j, const struct page_list *list)
{
	const struct page_look_filled *filled;
	struct page_where where;
	size_t nr;

	filled = page_look_filled(j->look, j->course.op->number + 1, &nr);
	for (size_t i = 0; i < MIN(nr, (size_t)REFILLS_AHEAD); i++) {
		if (filled[i].cpu % j->nr_cpus != list->cpu || filled[i].type != list->type)
			continue;
		page_follow_find(j->pa, filled[i].pfn, &where);
		if (where.zone == list->zone)
			return filled[i].end;
	}
	return UINT64_MAX;
}

/* Without this request there are not enough others to take them all in time. */
static bool has_to_go(const struct page_judge *j, const struct page_op *op, unsigned int cpu,
		      const struct silent_run *run)
{
	return run->until != UINT64_MAX &&
	       page_look_bulks(j->look, cpu, op->number + 1, run->until, run->nr) < run->nr;
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
