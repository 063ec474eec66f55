/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Speed of the page allocator on this machine, in operations (an allocation or a free) a second,
 * best of five rounds: the per-CPU lists, the buddy lists, a mix of orders, and what it takes to
 * create a machine of 1 TiB.
 */
#include <config.h>

#include "kmreplay/core/rng.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	ROUNDS = 5,
	LIVE = 4096,
	OPS = 4000000,
};

static struct page_allocator *machine(uint64_t pages);
static double now(void);
static double run_pairs(unsigned int order);
static double run_window(unsigned int order);
static double run_mix(void);

int main(void)
{
	const double start = now();
	struct page_allocator *pa = machine(1ULL << 28);
	const double created = now() - start;
	long resident = 0;
	FILE *statm = fopen("/proc/self/statm", "r");

	if (statm) {
		if (fscanf(statm, "%*s %ld", &resident) != 1)
			resident = 0;
		fclose(statm);
	}
	page_allocator_destroy(pa);
	printf("create a 1 TiB machine      %8.1f ms, %ld KiB resident\n", created * 1e3,
	       resident * 4);
	printf("pcp, alloc and free         %8.1f M ops/s\n", run_pairs(0) / 1e6);
	printf("pcp, %d live, order 0     %8.1f M ops/s\n", LIVE, run_window(0) / 1e6);
	printf("buddy, alloc and free, o 4  %8.1f M ops/s\n", run_pairs(4) / 1e6);
	printf("buddy, %d live, order 4   %8.1f M ops/s\n", LIVE, run_window(4) / 1e6);
	printf("mix of orders and types     %8.1f M ops/s\n", run_mix() / 1e6);
	return EXIT_SUCCESS;
}

static struct page_allocator *machine(uint64_t pages)
{
	struct machine_config config;
	struct page_allocator *pa;
	struct error err;

	machine_config_init(&config, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	config.nr_cpus = 2;
	machine_config_add_range(&config, 0x100, pages, 0);
	pa = page_allocator_create(&config, NULL, NULL, &err);
	machine_config_deinit(&config);
	if (!pa) {
		fprintf(stderr, "bench_page: %s\n", err.message);
		exit(EXIT_FAILURE);
	}
	return pa;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static double run_pairs(unsigned int order)
{
	struct page_allocator *pa = machine(1 << 21);
	double best = 0;

	for (int round = 0; round < ROUNDS; round++) {
		const double start = now();
		double rate;

		for (int i = 0; i < OPS / 2; i++) {
			const struct mm_outcome out =
				page_alloc(pa, 0, GFP_BITS_KERNEL, order, -1, 0);

			page_free(pa, 0, out.addr, order);
		}
		rate = OPS / (now() - start);
		best = rate > best ? rate : best;
	}
	page_allocator_destroy(pa);
	return best;
}

static double run_window(unsigned int order)
{
	struct page_allocator *pa = machine(1 << 21);
	uint64_t pfns[LIVE];
	double best = 0;

	for (int i = 0; i < LIVE; i++)
		pfns[i] = page_alloc(pa, 0, GFP_BITS_KERNEL, order, -1, 0).addr;
	for (int round = 0; round < ROUNDS; round++) {
		const double start = now();
		double rate;

		for (int i = 0; i < OPS / 2; i++) {
			uint64_t *pfn = &pfns[(unsigned int)i * 2654435761U % LIVE];

			page_free(pa, 0, *pfn, order);
			*pfn = page_alloc(pa, 0, GFP_BITS_KERNEL, order, -1, 0).addr;
		}
		rate = OPS / (now() - start);
		best = rate > best ? rate : best;
	}
	page_allocator_destroy(pa);
	return best;
}

static double run_mix(void)
{
	static const uint32_t masks[] = {
		GFP_BITS_KERNEL,
		GFP_BITS_KERNEL | GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE,
		GFP_BITS_KERNEL | GFP_BIT_RECLAIMABLE,
	};
	struct page_allocator *pa = machine(1 << 21);
	struct {
		uint64_t pfn;
		unsigned int order;
	} live[LIVE] = { 0 };
	struct rng rng;
	const double start = now();

	rng_init(&rng, 1);
	for (int i = 0; i < OPS; i++) {
		const uint64_t r = rng_next(&rng);
		const unsigned int at = (unsigned int)r % LIVE;

		if (live[at].pfn) {
			page_free(pa, r >> 60 & 1, live[at].pfn, live[at].order);
			live[at].pfn = 0;
			continue;
		}
		live[at].order = r >> 40 & 1 ? 0 : (unsigned int)(r >> 41) % 5;
		live[at].pfn = page_alloc(pa, r >> 61 & 1, masks[(r >> 20) % ARRAY_SIZE(masks)],
					  live[at].order, -1, 0).addr;
	}
	page_allocator_destroy(pa);
	return OPS / (now() - start);
}
