/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Speed of the search for free addresses beside a simple peer: a list of free ranges in order of
 * address, walked from the lowest. Both get the same requests for areas of 2..65 pages and give
 * them back in random order, as many at once as a purge does, best of three rounds each. There are
 * about as many holes as live areas. Both must find the same places.
 */
#include <config.h>

#include "kmreplay/core/rng.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/core/xalloc.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/vmalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	ROUNDS = 3,
	OPS = 200000,
	MAX_PAGES = 64,
	LAZY_PAGES = 8192, /* lazy_max_pages() of one CPU */
};

/* A free range of the peer's. */
struct hole {
	struct hole *next;
	uint64_t start, end;
};

struct area {
	uint64_t addr, size;
};

/* The peer: holes, and what waits for a purge. */
struct list {
	struct hole head; /* of no size */
	struct vec(struct area) lazy;
	uint64_t lazy_pages;
};

/* What is measured: takes and gives back. */
struct subject {
	uint64_t (*take)(void *ctx, uint64_t size);
	void (*give)(void *ctx, const struct area *area);
	void *ctx;
};

static struct vmalloc *make_tree(uint64_t *start, uint64_t *end);
static double now(void);
static double run(const struct subject *subject, size_t live, uint64_t *sum);
static void compare(size_t live);
static uint64_t tree_take(void *ctx, uint64_t size);
static void tree_give(void *ctx, const struct area *area);
static uint64_t list_take(void *ctx, uint64_t size);
static void list_give(void *ctx, const struct area *area);
static void list_purge(struct list *list);
static void list_free(struct list *list, const struct area *area);
static void list_destroy(struct list *list);

int main(void)
{
	static const size_t lives[] = { 100, 1000, 10000 };

	printf("live areas        tree            list      ratio\n");
	for (size_t i = 0; i < ARRAY_SIZE(lives); i++)
		compare(lives[i]);
	return EXIT_SUCCESS;
}

static void compare(size_t live)
{
	double best_tree = 0, best_list = 0;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		uint64_t start, end, tree_sum, list_sum;
		struct vmalloc *v = make_tree(&start, &end);
		struct list peer = { .lazy_pages = 0 };
		const struct subject tree = { tree_take, tree_give, v };
		const struct subject list = { list_take, list_give, &peer };
		double speed;

		peer.head.next = xcalloc(1, sizeof(struct hole));
		*peer.head.next = (struct hole){ .start = start, .end = end };
		speed = run(&tree, live, &tree_sum);
		best_tree = MAX(best_tree, speed);
		speed = run(&list, live, &list_sum);
		best_list = MAX(best_list, speed);
		if (tree_sum != list_sum) {
			fprintf(stderr, "bench_vmap: the two differ with %zu areas\n", live);
			exit(EXIT_FAILURE);
		}
		vmalloc_destroy(v);
		list_destroy(&peer);
	}
	printf("%10zu  %6.2f M ops/s  %6.2f M ops/s  %6.1f\n", live, best_tree / 1e6,
	       best_list / 1e6, best_tree / best_list);
}

/* "live" areas stay; each step gives a random one back and takes another. */
static double run(const struct subject *subject, size_t live, uint64_t *sum)
{
	struct area *areas = xcalloc(live, sizeof(*areas));
	struct rng rng;
	double start = 0;

	rng_init(&rng, 5);
	*sum = 0;
	for (size_t i = 0; i < live + OPS; i++) {
		struct area *area = &areas[i < live ? i : rng_below(&rng, live)];

		if (i == live)
			start = now();
		if (area->size)
			subject->give(subject->ctx, area);
		area->size = (2 + rng_below(&rng, MAX_PAGES)) * KERNEL_PAGE_SIZE;
		area->addr = subject->take(subject->ctx, area->size);
		*sum = *sum * 31 + area->addr;
	}
	start = now() - start;
	free(areas);
	return OPS * 2 / start;
}

/* Of a release without pools: what is purged goes back to the tree. */
static struct vmalloc *make_tree(uint64_t *start, uint64_t *end)
{
	const struct vmalloc_ops ops = { .page_alloc = NULL };
	struct machine_config config;
	struct vmalloc_stats stats;
	struct vmalloc *v;

	machine_config_init(&config, (struct kernel_version){ 6, 1 }, ARCH_X86_64);
	v = vmalloc_create(&config, &ops, NULL);
	machine_config_deinit(&config);
	vmalloc_stats(v, &stats);
	*start = stats.range_start;
	*end = stats.range_end;
	return v;
}

static uint64_t tree_take(void *ctx, uint64_t size)
{
	return vmap_area_alloc(ctx, 0, size, 1, 0xffffc90000000000, 0xffffe8ffffffffff).addr;
}

static void tree_give(void *ctx, const struct area *area)
{
	(void)vmap_area_free(ctx, 0, area->addr);
}

static uint64_t list_take(void *ctx, uint64_t size)
{
	struct list *list = ctx;
	struct hole *prev = &list->head, *hole;
	uint64_t addr;

	list_purge(list);
	while (prev->next && prev->next->end - prev->next->start < size)
		prev = prev->next;
	hole = prev->next;
	if (!hole)
		return 0;
	addr = hole->start;
	hole->start += size;
	if (hole->start == hole->end) {
		prev->next = hole->next;
		free(hole);
	}
	return addr;
}

static void list_give(void *ctx, const struct area *area)
{
	struct list *list = ctx;

	list_purge(list);
	vec_push(&list->lazy, *area);
	list->lazy_pages += area->size / KERNEL_PAGE_SIZE;
}

static void list_purge(struct list *list)
{
	if (list->lazy_pages <= LAZY_PAGES)
		return;
	vec_foreach(&list->lazy, area)
		list_free(list, area);
	vec_reset(&list->lazy);
	list->lazy_pages = 0;
}

static void list_free(struct list *list, const struct area *area)
{
	struct hole *prev = &list->head, *hole;

	while (prev->next && prev->next->start < area->addr)
		prev = prev->next;
	hole = xcalloc(1, sizeof(*hole));
	*hole = (struct hole){ prev->next, area->addr, area->addr + area->size };
	prev->next = hole;
	if (hole->next && hole->next->start == hole->end) {
		struct hole *gone = hole->next;

		hole->end = gone->end;
		hole->next = gone->next;
		free(gone);
	}
	if (prev != &list->head && prev->end == hole->start) {
		prev->end = hole->end;
		prev->next = hole->next;
		free(hole);
	}
}

static void list_destroy(struct list *list)
{
	struct hole *hole = list->head.next;

	while (hole) {
		struct hole *next = hole->next;

		free(hole);
		hole = next;
	}
	vec_deinit(&list->lazy);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}
