/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Speed of the slab allocator on one core, pages coming from a counter:
 *	bench_slab [million operations]
 */
#include <config.h>

#include "kmreplay/core/rng.h"
#include "kmreplay/mm/slab.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { NR_OBJECTS = 1 << 16 };

/* Blocks in ascending order; freed ones of an order are used again. */
struct counter {
	uint64_t next_pfn;
	struct vec(uint64_t) freed[KERNEL_NR_ORDERS];
};

struct bench {
	struct slab_allocator *slab;
	uint64_t *objects;
	uint64_t nr_ops;
	struct rng rng;
};

static struct mm_outcome counter_alloc(void *ctx, unsigned int cpu, uint32_t gfp,
				       unsigned int order, int node, unsigned int context)
{
	struct counter *counter = ctx;
	uint64_t pfn = counter->next_pfn;

	(void)cpu, (void)gfp, (void)node, (void)context;
	if (counter->freed[order].nr)
		return (struct mm_outcome){
			.addr = counter->freed[order].items[--counter->freed[order].nr],
		};
	counter->next_pfn += 1ULL << order;
	return (struct mm_outcome){ .addr = pfn };
}

static struct mm_outcome counter_free(void *ctx, unsigned int cpu, uint64_t pfn,
				      unsigned int order)
{
	struct counter *counter = ctx;

	(void)cpu;
	vec_push(&counter->freed[order], pfn);
	return (struct mm_outcome){ 0 };
}

/* One object of a cache, taken and given back at once: always the fast path. */
static uint64_t pair(struct bench *b)
{
	uint32_t cache = slab_kmalloc_class(b->slab, 64, GFP_BITS_KERNEL);

	for (uint64_t i = 0; i < b->nr_ops; i += 2) {
		struct mm_outcome got = slab_alloc(b->slab, cache, 0, -1, GFP_BITS_KERNEL, 0);

		slab_free(b->slab, 0, got.addr);
	}
	return b->nr_ops;
}

/* The same through kmalloc(), sizes changing. */
static uint64_t kmalloc_pair(struct bench *b)
{
	for (uint64_t i = 0; i < b->nr_ops; i += 2) {
		struct mm_outcome got =
			slab_kmalloc(b->slab, 0, 1 + (i * 37 & 1023), GFP_BITS_KERNEL, -1, 0);

		slab_free(b->slab, 0, got.addr);
	}
	return b->nr_ops;
}

/* Many live objects, freed in random order on random CPUs: mostly the slow paths. */
static uint64_t scatter(struct bench *b)
{
	uint32_t cache = slab_kmalloc_class(b->slab, 192, GFP_BITS_KERNEL);

	for (size_t i = 0; i < NR_OBJECTS; i++)
		b->objects[i] = slab_alloc(b->slab, cache, i & 1, -1, GFP_BITS_KERNEL, 0).addr;
	for (uint64_t i = 0; i < b->nr_ops; i += 2) {
		uint64_t chance = rng_next(&b->rng);
		uint64_t *object = &b->objects[chance % NR_OBJECTS];

		slab_free(b->slab, (unsigned int)(chance >> 62 & 1), *object);
		*object = slab_alloc(b->slab, cache, (unsigned int)(chance >> 63), -1,
				     GFP_BITS_KERNEL, 0).addr;
	}
	for (size_t i = 0; i < NR_OBJECTS; i++)
		slab_free(b->slab, 0, b->objects[i]);
	return b->nr_ops + (uint64_t)2 * NR_OBJECTS;
}

/* Growing to many objects and back to none: new slabs and discards. */
static uint64_t swell(struct bench *b)
{
	uint32_t cache = slab_kmalloc_class(b->slab, 512, GFP_BITS_KERNEL);
	uint64_t nr = 0;

	for (; nr < b->nr_ops; nr += (uint64_t)2 * NR_OBJECTS) {
		for (size_t i = 0; i < NR_OBJECTS; i++)
			b->objects[i] = slab_alloc(b->slab, cache, 0, -1, GFP_BITS_KERNEL, 0).addr;
		for (size_t i = 0; i < NR_OBJECTS; i++)
			slab_free(b->slab, 0, b->objects[i]);
	}
	return nr;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void measure(struct bench *b, const char *what, uint64_t (*run)(struct bench *))
{
	double start = now(), took;
	uint64_t nr = run(b);

	took = now() - start;
	printf("  %-42s %8.1f M ops/s\n", what, (double)nr / took / 1e6);
}

/* All loads by the rules of kernel "major"."minor". */
static void run_kernel(struct bench *b, unsigned int major, unsigned int minor)
{
	static const struct slab_page_ops ops = { counter_alloc, counter_free };
	struct counter counter = { .next_pfn = 256 };
	struct machine_config config;

	machine_config_init(&config, (struct kernel_version){ major, minor }, ARCH_X86_64);
	config.nr_cpus = 2;
	rng_init(&b->rng, 1);
	b->slab = slab_create(&config, &ops, &counter);
	printf("Linux %u.%u\n", major, minor);
	measure(b, "alloc and free of one object, fast path", pair);
	measure(b, "kmalloc() and kfree(), sizes 1..1024", kmalloc_pair);
	measure(b, "65536 objects, random frees on 2 CPUs", scatter);
	measure(b, "65536 objects up and down", swell);
	slab_destroy(b->slab);
	for (size_t i = 0; i < KERNEL_NR_ORDERS; i++)
		vec_deinit(&counter.freed[i]);
	machine_config_deinit(&config);
}

int main(int argc, char **argv)
{
	struct bench bench = { .nr_ops = 1000000 };

	bench.nr_ops *= argc > 1 ? strtoull(argv[1], NULL, 10) : 20;
	bench.objects = xcalloc(NR_OBJECTS, sizeof(*bench.objects));
	run_kernel(&bench, 6, 12);
	run_kernel(&bench, 7, 2);
	free(bench.objects);
	return EXIT_SUCCESS;
}
