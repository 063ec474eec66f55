/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SLAB: giving back what lies idle, as cache_reap() of mm/slab.c does it, 6.1.
 *
 * Theory
 * ------
 * 1. Every two seconds each CPU looks at all caches, the newest first: the array of its node for
 *    another one, in turn, is emptied; of its own array and, every four seconds, of the array its
 *    node shares, a fifth of the limit goes if nobody used it meanwhile; then a fifth of the free
 *    slabs that the node may keep, unless one was wanted meanwhile.
 * 2. The clock is whatever slab_tick() is told. CPUs don't all work at the same moment: each is
 *    some milliseconds ahead of the one before (round_jiffies_relative(), HZ of 250).
 */
#include <config.h>

#include "slab_array.h"

#include "kmreplay/core/bits.h"

#include <stdlib.h>

#define SECOND_NS 1000000000ULL
#define LAST_NS (UINT64_MAX / 4) /* later than that it never gets: sums cannot wrap */

enum {
	SKEW_NS = 3 * 4000000, /* three jiffies */
};

/** Of an allocator: when which CPU looks next. */
struct slab_reaper {
	bool running;
	uint64_t next_any_ns;
	struct reaper_cpu {
		uint64_t next_ns;
		unsigned int node; /* whose array it empties next */
	} cpus[];
};

static void start(struct slab_allocator *slab, uint64_t now_ns);
static uint64_t first_look(uint64_t now_ns, unsigned int cpu);
static bool pass(struct slab_allocator *slab, uint64_t now_ns);
static bool reap(struct slab_allocator *slab, unsigned int cpu, uint64_t now_ns);
static bool reap_cache(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu,
		       uint64_t now_ns);
static bool reap_node(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu,
		      uint64_t now_ns);
static bool drain_array(struct slab_cache *cache, struct slab_array *array, unsigned int node,
			struct slab_leaving *leaving);
static void skip_idle(struct slab_allocator *slab, uint64_t now_ns);
static uint64_t node_phase(const struct slab_allocator *slab, const struct slab_cache *cache);
static void leave(struct slab_allocator *slab, struct slab_leaving *leaving, unsigned int cpu);

void slab_array_reaper_init(struct slab_allocator *slab)
{
	slab->reaper = xcalloc(1, sizeof(*slab->reaper) +
				  slab->nr_cpus * sizeof(slab->reaper->cpus[0]));
}

void slab_array_reaper_deinit(struct slab_allocator *slab)
{
	free(slab->reaper);
}

void slab_array_reaper_add(struct slab_allocator *slab, struct slab_cache *cache)
{
	for (unsigned int i = 0; i < slab->nr_nodes; i++)
		cache->arrays->node[i].next_reap_ns = slab->reaper->next_any_ns + 4 * SECOND_NS +
						      node_phase(slab, cache);
}

uint64_t slab_array_tick(struct slab_allocator *slab, uint64_t now_ns)
{
	struct slab_reaper *reaper = slab->reaper;
	/* Every node's turn comes, and a node's shared array every other time. */
	const unsigned int enough = slab->nr_nodes + 4;
	unsigned int idle = 0;

	now_ns = MIN(now_ns, LAST_NS);
	if (!reaper->running)
		start(slab, now_ns);
	while (reaper->next_any_ns <= now_ns) {
		idle = pass(slab, now_ns) ? 0 : idle + 1;
		if (idle > enough)
			skip_idle(slab, now_ns);
	}
	return reaper->next_any_ns;
}

/* start_cpu_timer(): within a second; nodes of caches made so far are somewhere in their turn. */
static void start(struct slab_allocator *slab, uint64_t now_ns)
{
	struct slab_reaper *reaper = slab->reaper;

	reaper->running = true;
	reaper->next_any_ns = UINT64_MAX;
	for (unsigned int cpu = 0; cpu < slab->nr_cpus; cpu++) {
		reaper->cpus[cpu] = (struct reaper_cpu){
			.next_ns = first_look(now_ns, cpu),
			.node = ((unsigned int)slab_cpu_node(slab, cpu) + 1) % slab->nr_nodes,
		};
		reaper->next_any_ns = MIN(reaper->next_any_ns, reaper->cpus[cpu].next_ns);
	}
	vec_foreach(&slab->caches, cache)
		for (unsigned int i = 0; *cache && i < slab->nr_nodes; i++)
			(*cache)->arrays->node[i].next_reap_ns =
				now_ns + node_phase(slab, *cache);
}

/* __round_jiffies_relative(HZ, cpu): at a full second, less the CPU's skew. */
static uint64_t first_look(uint64_t now_ns, unsigned int cpu)
{
	const uint64_t skew = (uint64_t)cpu * SKEW_NS;
	uint64_t at = now_ns + SECOND_NS + skew;

	if (at % SECOND_NS < SECOND_NS / 4)
		at -= at % SECOND_NS;
	else
		at += SECOND_NS - at % SECOND_NS;
	at -= skew;
	return at > now_ns ? at : now_ns + SECOND_NS;
}

/* Each CPU that is due works once; false when none found anything to do. */
static bool pass(struct slab_allocator *slab, uint64_t now_ns)
{
	struct slab_reaper *reaper = slab->reaper;
	uint64_t next_any_ns = UINT64_MAX;
	bool worked = false;

	for (unsigned int i = 0; i < slab->nr_cpus; i++) {
		struct reaper_cpu *cpu = &reaper->cpus[i];

		if (cpu->next_ns <= now_ns) {
			worked |= reap(slab, i, cpu->next_ns);
			cpu->next_ns += 2 * SECOND_NS;
		}
		next_any_ns = MIN(next_any_ns, cpu->next_ns);
	}
	reaper->next_any_ns = next_any_ns;
	return worked;
}

/* cache_reap() */
static bool reap(struct slab_allocator *slab, unsigned int cpu, uint64_t now_ns)
{
	struct reaper_cpu *state = &slab->reaper->cpus[cpu];
	bool worked = false;

	for (size_t id = slab->caches.nr; id-- > 0;)
		if (slab->caches.items[id])
			worked |= reap_cache(slab, slab->caches.items[id], cpu, now_ns);
	state->node = (state->node + 1) % slab->nr_nodes;
	return worked;
}

static bool reap_cache(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu,
		       uint64_t now_ns)
{
	const unsigned int node = (unsigned int)slab_cpu_node(slab, cpu);
	const unsigned int of = slab->reaper->cpus[cpu].node;
	struct slab_array_node *n = &cache->arrays->node[node];
	struct slab_array *alien = n->alien ? n->alien[of] : NULL;
	struct slab_leaving leaving = { NULL };
	bool worked = alien && alien->avail;

	if (worked)
		slab_array_drain_alien(cache, alien, of, &leaving);
	worked |= drain_array(cache, cache->arrays->cpu[cpu], node, &leaving);
	leave(slab, &leaving, cpu);
	if (n->next_reap_ns <= now_ns)
		worked |= reap_node(slab, cache, cpu, now_ns);
	return worked;
}

/* The shared array and the free slabs; a round up of the fifth, in slabs. */
static bool reap_node(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu,
		      uint64_t now_ns)
{
	const unsigned int node = (unsigned int)slab_cpu_node(slab, cpu);
	struct slab_array_node *n = &cache->arrays->node[node];
	const uint64_t fifth = 5ULL * cache->geometry.objects;
	struct slab_leaving leaving = { NULL };
	bool worked;

	n->next_reap_ns = now_ns + 4 * SECOND_NS;
	worked = drain_array(cache, n->shared, node, &leaving);
	leave(slab, &leaving, cpu);
	if (n->free_touched) {
		n->free_touched = false;
		return true;
	}
	for (uint64_t nr = (n->free_limit + fifth - 1) / fifth; nr; nr--) {
		if (!slab_array_drop_free(cache, node, &leaving))
			break;
		leave(slab, &leaving, cpu);
		worked = true;
	}
	return worked;
}

/* drain_array(): false when there was nothing to do. */
static bool drain_array(struct slab_cache *cache, struct slab_array *array, unsigned int node,
			struct slab_leaving *leaving)
{
	uint32_t nr;

	if (!array || !array->avail)
		return false;
	if (array->touched) {
		array->touched = false;
		return true;
	}
	nr = (array->limit + 4) / 5;
	if (nr > array->avail)
		nr = (array->avail + 1) / 2;
	slab_array_drop(cache, array, node, nr, leaving);
	cache->counters.array_reap += nr;
	return true;
}

/* All arrays are empty, all free slabs gone: nothing would happen until "now_ns". */
static void skip_idle(struct slab_allocator *slab, uint64_t now_ns)
{
	struct slab_reaper *reaper = slab->reaper;

	reaper->next_any_ns = UINT64_MAX;
	for (unsigned int i = 0; i < slab->nr_cpus; i++) {
		struct reaper_cpu *cpu = &reaper->cpus[i];

		if (cpu->next_ns <= now_ns)
			cpu->next_ns += ((now_ns - cpu->next_ns) / (2 * SECOND_NS) + 1) *
					(2 * SECOND_NS);
		reaper->next_any_ns = MIN(reaper->next_any_ns, cpu->next_ns);
	}
}

/* The cache's address, which the kernel takes to spread the work over four seconds, is chance. */
static uint64_t node_phase(const struct slab_allocator *slab, const struct slab_cache *cache)
{
	return bits_mix64(slab->config.seed ^ bits_mix64(cache->id)) % (4 * SECOND_NS);
}

/* slabs_destroy(), on nobody's account. */
static void leave(struct slab_allocator *slab, struct slab_leaving *leaving, unsigned int cpu)
{
	struct mm_outcome out = { 0 };

	slab_array_gone(slab, leaving, cpu, &out);
}
