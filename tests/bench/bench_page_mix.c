/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Speed of the page allocator under the requests of recordings: their page allocations and frees
 * in the recorded order, with their masks, orders and CPUs, and nothing else; in CPU time, best of
 * five rounds, each on a fresh machine of the recorded size. Beside it, in the same rounds,
 * malloc() and free() of the C library under the same requests, told to keep all memory, and the
 * ratio of the two (above 1: the simulation is faster).
 *
 * The same again on machines of other sizes, when -s is given: what an operation costs must not
 * depend on the size of memory.
 *
 * usage: bench_page_mix [-s] recording ...
 */
#include <config.h>

#include "mix.h"

#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROUNDS = 5 };

/* One call. */
struct op {
	uint32_t slot; /* number of the block */
	uint32_t gfp;
	uint16_t cpu;
	uint8_t order;
	bool frees;
};

struct mix {
	struct vec(struct op) ops;
	struct u64map slots; /* by pfn */
	struct vec(uint8_t) orders; /* by slot */
	uint32_t nr_slots;
	unsigned int nr_cpus;
	uint64_t end_pfn;
	struct kernel_version kernel;
	uint64_t failed;     /* in the last round */
};

static void add_event(void *ctx, const struct event *e);
static double run_pages(struct mix *mix, uint64_t end_pfn);
static double run_malloc(const struct mix *mix);
static struct page_allocator *machine(const struct mix *mix, uint64_t end_pfn);
static void print_sizes(struct mix *mix);

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;
	bool sizes = false;
	int opt;

	while ((opt = getopt(argc, argv, "s")) != -1) {
		if (opt != 's')
			return EXIT_FAILURE;
		sizes = true;
	}
	mix_malloc_keeps();
	printf("%9s %10s %10s %7s %8s  %s\n", "calls", "M/s pages", "M/s malloc", "ratio", "failed",
	       "recording");
	for (; optind < argc; optind++) {
		struct mix mix = { .nr_cpus = 1 };
		double pages = 0, heap = 0;
		struct error err;

		u64map_init(&mix.slots);
		if (!mix_read_events(argv[optind], add_event, &mix, &mix.kernel, &err)) {
			fprintf(stderr, "bench_page_mix: %s\n", err.message);
			status = EXIT_FAILURE;
		}
		for (int round = 0; round < ROUNDS && mix.ops.nr; round++) {
			const double p = run_pages(&mix, mix.end_pfn), m = run_malloc(&mix);

			pages = MAX(pages, p);
			heap = MAX(heap, m);
		}
		printf("%9zu %10.1f %10.1f %7.2f %8lu  %s\n", mix.ops.nr, pages, heap,
		       heap > 0 ? pages / heap : 0, (unsigned long)mix.failed, argv[optind]);
		if (sizes && mix.ops.nr)
			print_sizes(&mix);
		vec_deinit(&mix.ops);
		vec_deinit(&mix.orders);
		u64map_deinit(&mix.slots);
	}
	return status;
}

/*
 * What was in use before the recording is passed over, and what is given twice; blocks that were
 * split go back as a whole.
 */
static void add_event(void *ctx, const struct event *e)
{
	struct mix *mix = ctx;
	struct op op = { .cpu = e->cpu };
	uint32_t *slot;
	bool fresh;

	if ((e->type != EVENT_PAGE_ALLOC && e->type != EVENT_PAGE_FREE) ||
	    e->page.pfn == EVENT_PFN_FAILED)
		return;
	mix->nr_cpus = MAX(mix->nr_cpus, e->cpu + 1U);
	op.gfp = e->page.gfp;
	op.order = e->page.order;
	op.frees = e->type == EVENT_PAGE_FREE;
	slot = u64map_find(&mix->slots, e->page.pfn);
	if (!slot == op.frees)
		return;
	if (op.frees) {
		op.slot = *slot;
		op.order = mix->orders.items[op.slot];
		u64map_remove(&mix->slots, e->page.pfn);
	} else {
		op.slot = mix->nr_slots++;
		vec_push(&mix->orders, op.order);
		*u64map_insert(&mix->slots, e->page.pfn, &fresh) = op.slot;
		mix->end_pfn = MAX(mix->end_pfn, e->page.pfn + 1);
	}
	vec_push(&mix->ops, op);
}

/* Millions of calls a second. */
static double run_pages(struct mix *mix, uint64_t end_pfn)
{
	struct page_allocator *pa = machine(mix, end_pfn);
	uint64_t *pfns = xcalloc(mix->nr_slots + 1, sizeof(*pfns));
	const double start = mix_now();
	double seconds;

	vec_foreach(&mix->ops, op) {
		uint64_t *pfn = &pfns[op->slot];

		if (!op->frees)
			*pfn = page_alloc(pa, op->cpu, op->gfp, op->order, -1, 0).addr;
		else if (*pfn)
			page_free(pa, op->cpu, *pfn, op->order);
	}
	seconds = mix_now() - start;
	mix->failed = page_allocator_stats(pa)->failures;
	page_allocator_destroy(pa);
	free(pfns);
	return (double)mix->ops.nr / seconds / 1e6;
}

static double run_malloc(const struct mix *mix)
{
	void **blocks = xcalloc(mix->nr_slots + 1, sizeof(*blocks));
	const double start = mix_now();
	double seconds;

	vec_foreach(&mix->ops, op) {
		if (op->frees) {
			free(blocks[op->slot]);
			blocks[op->slot] = NULL;
		} else {
			blocks[op->slot] = malloc((size_t)KERNEL_PAGE_SIZE << op->order);
		}
	}
	seconds = mix_now() - start;
	for (uint32_t i = 0; i < mix->nr_slots; i++)
		free(blocks[i]);
	free(blocks);
	return (double)mix->ops.nr / seconds / 1e6;
}

static struct page_allocator *machine(const struct mix *mix, uint64_t end_pfn)
{
	struct machine_config config;
	struct page_allocator *pa;
	struct error err;

	machine_config_init(&config, mix->kernel, ARCH_X86_64);
	config.nr_cpus = mix->nr_cpus;
	machine_config_add_range(&config, 0x100, end_pfn, 0);
	pa = page_allocator_create(&config, NULL, NULL, &err);
	machine_config_deinit(&config);
	if (!pa) {
		fprintf(stderr, "bench_page_mix: %s\n", err.message);
		exit(EXIT_FAILURE);
	}
	return pa;
}

static void print_sizes(struct mix *mix)
{
	for (unsigned int order = 14; order <= 28; order += 2) {
		double best = 0;

		for (int round = 0; round < ROUNDS; round++) {
			const double rate = run_pages(mix, 1ULL << order);

			best = MAX(best, rate);
		}
		printf("%9s %10.1f %10s %7s %8lu  %lu MiB\n", "", best, "", "",
		       (unsigned long)mix->failed, 1UL << (order - 8));
	}
}
