/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Speed of the percpu allocator beside the plainest peer, on the same requests: one bitmap,
 * first fit, a word at a time, no hints. What the hints buy is the ratio; the peer finds the lowest
 * place, so it does less, too: no pages, no lists, no chunks.
 */
#include <config.h>

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/bits.h"
#include "kmreplay/core/rng.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/percpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	OPS = 400000,
	BITS = 1 << 18, /* of 4 bytes: a unit of 1 MiB */
};

static double now(void);
static struct mm_outcome get_page(void *ctx, unsigned int cpu, uint32_t gfp, int node);
static struct mm_outcome put_page(void *ctx, unsigned int cpu, uint64_t pfn);
static struct mm_outcome get_areas(void *ctx, unsigned int cpu, const struct vmap_groups *groups);
static void put_areas(void *ctx, unsigned int cpu, uint64_t base, const struct vmap_groups *groups);
static double run_ours(unsigned int nr_live, uint32_t size_max);
static double run_peer(unsigned int nr_live, uint32_t size_max);
static uint32_t peer_alloc(uint64_t *map, uint32_t bits);
static void peer_set(uint64_t *map, uint32_t from, uint32_t bits, bool set);

int main(void)
{
	static const struct {
		unsigned int nr_live;
		uint32_t size_max;
	} loads[] = { { 500, 64 }, { 5000, 64 }, { 5000, 256 }, { 200, 4096 } };

	for (size_t i = 0; i < ARRAY_SIZE(loads); i++) {
		const double ours = run_ours(loads[i].nr_live, loads[i].size_max);
		const double peer = run_peer(loads[i].nr_live, loads[i].size_max);

		printf("%5u live, up to %4u bytes  %6.2f M ops/s, peer %6.2f, ratio %.2f\n",
		       loads[i].nr_live, loads[i].size_max, ours / 1e6, peer / 1e6, ours / peer);
	}
	return EXIT_SUCCESS;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static struct mm_outcome get_page(void *ctx UNUSED, unsigned int cpu UNUSED, uint32_t gfp UNUSED,
				  int node UNUSED)
{
	return (struct mm_outcome){ .addr = 1 };
}

static struct mm_outcome put_page(void *ctx UNUSED, unsigned int cpu UNUSED, uint64_t pfn UNUSED)
{
	return (struct mm_outcome){ 0 };
}

static struct mm_outcome get_areas(void *ctx, unsigned int cpu UNUSED,
				   const struct vmap_groups *groups)
{
	uint64_t *next = ctx;

	*next += groups->sizes[0];
	return (struct mm_outcome){ .addr = *next };
}

static void put_areas(void *ctx UNUSED, unsigned int cpu UNUSED, uint64_t base UNUSED,
		      const struct vmap_groups *groups UNUSED)
{
}

/* A random one of "nr_live" is replaced each time. */
static double run_ours(unsigned int nr_live, uint32_t size_max)
{
	const struct percpu_ops ops = { .page_alloc = get_page, .page_free = put_page,
					.groups_alloc = get_areas, .groups_free = put_areas };
	uint64_t *live = calloc(nr_live, sizeof(*live));
	struct percpu_request request = { .align = 4, .gfp = GFP_BITS_KERNEL };
	uint64_t next = 1ULL << 40;
	struct machine_config config;
	struct percpu_layout layout;
	struct percpu *p;
	struct rng rng;
	double start;

	machine_config_init(&config, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	config.nr_cpus = 2;
	percpu_layout_init(&layout, &config);
	p = percpu_create(&config, &layout, &ops, &next);
	rng_init(&rng, 1);
	start = now();
	for (unsigned int i = 0; i < OPS; i++) {
		const size_t at = rng_below(&rng, nr_live);

		if (live[at])
			percpu_free(p, 0, live[at]);
		request.size = 4 + rng_below(&rng, size_max / 4) * 4;
		live[at] = percpu_alloc(p, 0, &request).addr;
	}
	start = OPS / (now() - start);
	percpu_destroy(p);
	machine_config_deinit(&config);
	free(live);
	return start;
}

static double run_peer(unsigned int nr_live, uint32_t size_max)
{
	uint32_t *live = calloc(nr_live, 2 * sizeof(*live));
	uint64_t *map = calloc(BITS / 64, sizeof(*map));
	struct rng rng;
	double start;

	rng_init(&rng, 1);
	start = now();
	for (unsigned int i = 0; i < OPS; i++) {
		const size_t at = 2 * rng_below(&rng, nr_live);

		if (live[at + 1])
			peer_set(map, live[at], live[at + 1], false);
		live[at + 1] = 1 + (uint32_t)rng_below(&rng, size_max / 4);
		live[at] = peer_alloc(map, live[at + 1]);
	}
	start = OPS / (now() - start);
	free(map);
	free(live);
	return start;
}

static uint32_t peer_alloc(uint64_t *map, uint32_t bits)
{
	uint32_t from = 0, run = 0;

	for (uint32_t bit = 0; bit < BITS && run < bits;) {
		const uint64_t word = map[bit / 64] >> bit % 64;

		if (!word) {
			run += 64 - bit % 64;
			bit += 64 - bit % 64;
		} else if (word & 1) {
			bit += word == UINT64_MAX >> bit % 64 ? 64 - bit % 64 : bits_ctz(~word);
			from = bit;
			run = 0;
		} else {
			run += bits_ctz(word);
			bit += bits_ctz(word);
		}
	}
	peer_set(map, from, bits, true);
	return from;
}

static void peer_set(uint64_t *map, uint32_t from, uint32_t bits, bool set)
{
	for (uint32_t bit = from; bit < from + bits && bit < BITS; bit++) {
		if (set)
			map[bit / 64] |= 1ULL << bit % 64;
		else
			map[bit / 64] &= ~(1ULL << bit % 64);
	}
}
