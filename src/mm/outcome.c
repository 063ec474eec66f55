/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of paths and failures, and the default cost table. The costs are orders of magnitude of a
 * 3 GHz server with warm caches: what counts is how the paths compare (a list hit, a lock, a scan,
 * a flush on all CPUs, a task that sleeps), not any one figure.
 */
#include <config.h>

#include "kmreplay/mm/outcome.h"

static const char *const path_names[] = {
#define X(suffix, name) [MM_PATH_##suffix] = name,
	MM_PATHS(X)
#undef X
};

static const char *const failure_names[] = {
#define X(suffix, name) [MM_FAIL_##suffix] = name,
	MM_FAILURES(X)
#undef X
};

static_assert(MM_PATH_NR <= UINT8_MAX && MM_FAIL_NR <= UINT8_MAX, "an outcome keeps them in bytes");
static_assert(sizeof(struct mm_outcome) == 16, "an outcome travels in two registers");

void mm_outcome_add(struct mm_outcome *sum, struct mm_outcome part)
{
	uint64_t cost = (uint64_t)sum->cost_ns + part.cost_ns;

	sum->cost_ns = (uint32_t)MIN(cost, (uint64_t)UINT32_MAX);
	sum->steps = (uint16_t)MIN(sum->steps + part.steps, UINT16_MAX);
}

const char *mm_path_name(enum mm_path path)
{
	return path < MM_PATH_NR ? path_names[path] : "?";
}

const char *mm_failure_name(enum mm_failure failure)
{
	return failure < MM_FAIL_NR ? failure_names[failure] : "?";
}

void mm_costs_init(struct mm_costs *costs)
{
	*costs = (struct mm_costs){
#define X(field, ns, what) .field = (ns),
		MM_COSTS(X)
#undef X
	};
}
