/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Speed of the slab allocator under the requests of recordings: their allocations and frees of
 * objects in the recorded order, with their sizes, masks, nodes and CPUs, and nothing else, pages
 * coming from a counter; in CPU time, best of five rounds, each on a fresh allocator by the rules
 * of the recorded kernel. Beside it, in the same rounds, malloc() and free() of the C library under
 * the same requests, told to keep all memory, and the ratio of the two (above 1: the simulation is
 * faster).
 *
 * usage: bench_slab_mix recording ...
 */
#include <config.h>

#include "mix.h"

#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/slab.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 5, KMALLOC = UINT16_MAX };

/* One call. */
struct op {
	uint32_t slot;  /* number of the object */
	uint32_t size;  /* 0: it is freed */
	uint32_t gfp;
	uint16_t kind;  /* number of the cache by its geometry, or KMALLOC */
	uint8_t cpu;
	int8_t node;
};

/* A cache as events show it. */
struct kind {
	uint32_t object_size, size, flags;
};

struct mix {
	struct vec(struct op) ops;
	struct vec(struct kind) kinds;
	struct u64map slots; /* by address */
	uint32_t nr_slots;
	unsigned int nr_cpus;
	struct kernel_version kernel;
	struct slab_totals totals; /* of the last round */
};

/* Blocks in ascending order; freed ones of an order are used again. */
struct counter {
	uint64_t next_pfn;
	struct vec(uint64_t) freed[KERNEL_NR_ORDERS];
};

static void add_event(void *ctx, const struct event *e);
static void add_alloc(struct mix *mix, const struct event *e, struct op op);
static void add_free(struct mix *mix, uint64_t ptr, uint8_t cpu);
static uint16_t kind_of(struct mix *mix, const struct event *e);
static double run_slab(struct mix *mix);
static double run_ops(const struct mix *mix, struct slab_allocator *slab);
static double run_malloc(const struct mix *mix);
static struct mm_outcome counter_alloc(void *ctx, unsigned int cpu, uint32_t gfp,
				       unsigned int order, int node, unsigned int context);
static struct mm_outcome counter_free(void *ctx, unsigned int cpu, uint64_t pfn,
				      unsigned int order);

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;

	mix_malloc_keeps();
	printf("%9s %9s %10s %7s %7s %7s  %s\n", "calls", "M/s slab", "M/s malloc", "ratio",
	       "% slow", "slabs", "recording");
	for (int i = 1; i < argc; i++) {
		struct mix mix = { .nr_cpus = 1 };
		double ours = 0, heap = 0;
		struct error err;

		u64map_init(&mix.slots);
		if (!mix_read_events(argv[i], add_event, &mix, &mix.kernel, &err)) {
			fprintf(stderr, "bench_slab_mix: %s\n", err.message);
			status = EXIT_FAILURE;
		}
		for (int round = 0; round < ROUNDS && mix.ops.nr; round++) {
			const double s = run_slab(&mix), m = run_malloc(&mix);

			ours = MAX(ours, s);
			heap = MAX(heap, m);
		}
		printf("%9zu %9.1f %10.1f %7.2f %7.1f %7lu  %s\n", mix.ops.nr, ours, heap,
		       heap > 0 ? ours / heap : 0,
		       100.0 * (double)(mix.totals.counters.alloc_slowpath +
					mix.totals.counters.free_slowpath) /
			       (double)MAX(mix.ops.nr, (size_t)1),
		       (unsigned long)mix.totals.counters.alloc_slab, argv[i]);
		vec_deinit(&mix.ops);
		vec_deinit(&mix.kinds);
		u64map_deinit(&mix.slots);
	}
	return status;
}

static void add_event(void *ctx, const struct event *e)
{
	struct mix *mix = ctx;
	struct op op = { .cpu = (uint8_t)e->cpu, .kind = KMALLOC };

	if (e->cpu > UINT8_MAX)
		return;
	if (e->type == EVENT_CACHE_ALLOC || e->type == EVENT_CACHE_ALLOC_NODE) {
		op.kind = kind_of(mix, e);
		add_alloc(mix, e, op);
	} else if (e->type == EVENT_KMALLOC || e->type == EVENT_KMALLOC_NODE) {
		add_alloc(mix, e, op);
	} else if (e->type == EVENT_KFREE || e->type == EVENT_CACHE_FREE) {
		add_free(mix, e->slab.ptr, (uint8_t)e->cpu);
	}
}

/* What is given twice was freed unseen in between; but large kmalloc() may show twice at once. */
static void add_alloc(struct mix *mix, const struct event *e, struct op op)
{
	bool fresh;

	if (e->slab.ptr <= SLAB_ZERO_SIZE_PTR || !e->slab.bytes_req ||
	    e->slab.bytes_req > UINT32_MAX)
		return;
	if (u64map_find(&mix->slots, e->slab.ptr)) {
		if (e->slab.bytes_alloc > SLAB_KMALLOC_MAX_CACHE_SIZE && op.kind == KMALLOC)
			return;
		add_free(mix, e->slab.ptr, op.cpu);
	}
	mix->nr_cpus = MAX(mix->nr_cpus, e->cpu + 1U);
	op.slot = mix->nr_slots++;
	op.size = (uint32_t)e->slab.bytes_req;
	op.gfp = e->slab.gfp;
	op.node = e->slab.node > 0 ? -1 : (int8_t)e->slab.node;
	*u64map_insert(&mix->slots, e->slab.ptr, &fresh) = op.slot;
	vec_push(&mix->ops, op);
}

/* What was in use before the recording is passed over. */
static void add_free(struct mix *mix, uint64_t ptr, uint8_t cpu)
{
	const uint32_t *slot = u64map_find(&mix->slots, ptr);
	struct op op = { .cpu = cpu };

	if (!slot)
		return;
	op.slot = *slot;
	u64map_remove(&mix->slots, ptr);
	mix->nr_cpus = MAX(mix->nr_cpus, cpu + 1U);
	vec_push(&mix->ops, op);
}

static uint16_t kind_of(struct mix *mix, const struct event *e)
{
	struct kind kind = {
		.object_size = (uint32_t)e->slab.bytes_req,
		.size = (uint32_t)e->slab.bytes_alloc,
		.flags = e->slab.accounted && !(e->slab.gfp & GFP_BIT_ACCOUNT) ? SLAB_ACCOUNT : 0,
	};

	for (size_t i = 0; i < mix->kinds.nr; i++) {
		const struct kind *other = &mix->kinds.items[i];

		if (kind.object_size == other->object_size && kind.size == other->size &&
		    kind.flags == other->flags)
			return (uint16_t)i;
	}
	if (mix->kinds.nr == KMALLOC)
		return KMALLOC;
	vec_push(&mix->kinds, kind);
	return (uint16_t)(mix->kinds.nr - 1);
}

/* Millions of calls a second. */
static double run_slab(struct mix *mix)
{
	static const struct slab_page_ops ops = { counter_alloc, counter_free };
	struct counter counter = { .next_pfn = 256 };
	struct machine_config config;
	struct slab_allocator *slab;
	double rate;

	machine_config_init(&config, mix->kernel, ARCH_X86_64);
	config.nr_cpus = mix->nr_cpus;
	slab = slab_create(&config, &ops, &counter);
	rate = run_ops(mix, slab);
	slab_totals(slab, &mix->totals);
	slab_destroy(slab);
	for (size_t i = 0; i < KERNEL_NR_ORDERS; i++)
		vec_deinit(&counter.freed[i]);
	machine_config_deinit(&config);
	return rate;
}

static double run_ops(const struct mix *mix, struct slab_allocator *slab)
{
	uint64_t *addrs = xcalloc(mix->nr_slots + 1, sizeof(*addrs));
	uint32_t *caches = xcalloc(mix->kinds.nr + 1, sizeof(*caches));
	double start, took;

	for (size_t i = 0; i < mix->kinds.nr; i++) {
		const struct kind *kind = &mix->kinds.items[i];

		caches[i] = slab_cache_by_geometry(slab, "seen", kind->object_size, kind->size,
						   kind->flags);
	}
	start = mix_now();
	vec_foreach(&mix->ops, op) {
		if (!op->size)
			slab_free(slab, op->cpu, addrs[op->slot]);
		else if (op->kind == KMALLOC)
			addrs[op->slot] = slab_kmalloc(slab, op->cpu, op->size, op->gfp, op->node,
						       0).addr;
		else
			addrs[op->slot] = slab_alloc(slab, caches[op->kind], op->cpu, op->node,
						     op->gfp, 0).addr;
	}
	took = mix_now() - start;
	free(caches);
	free(addrs);
	return (double)mix->ops.nr / took / 1e6;
}

static double run_malloc(const struct mix *mix)
{
	void **objects = xcalloc(mix->nr_slots + 1, sizeof(*objects));
	const double start = mix_now();
	double took;

	vec_foreach(&mix->ops, op) {
		if (op->size) {
			objects[op->slot] = malloc(op->size);
		} else {
			free(objects[op->slot]);
			objects[op->slot] = NULL;
		}
	}
	took = mix_now() - start;
	for (uint32_t i = 0; i < mix->nr_slots; i++)
		free(objects[i]);
	free(objects);
	return (double)mix->ops.nr / took / 1e6;
}

static struct mm_outcome counter_alloc(void *ctx, unsigned int cpu, uint32_t gfp,
				       unsigned int order, int node, unsigned int context)
{
	struct counter *counter = ctx;
	uint64_t pfn;

	(void)cpu, (void)gfp, (void)node, (void)context;
	if (counter->freed[order].nr) {
		pfn = counter->freed[order].items[--counter->freed[order].nr];
	} else {
		pfn = (counter->next_pfn + (1ULL << order) - 1) >> order << order;
		counter->next_pfn = pfn + (1ULL << order);
	}
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
