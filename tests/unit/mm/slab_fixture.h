/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A slab allocator on a page allocator that counts: blocks come in ascending order from one run of
 * pages, freed blocks of an order are used again, last freed first. Every call is written down, so
 * that tests see which pages were asked for and given back, and how.
 */
#ifndef KMREPLAY_TESTS_UNIT_MM_SLAB_FIXTURE_H
#define KMREPLAY_TESTS_UNIT_MM_SLAB_FIXTURE_H

#include "kmreplay/core/vec.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/slab.h"
#include "unit/unit.h"

/** One call of the page allocator. */
struct page_call {
	bool alloc;
	uint32_t gfp;
	unsigned int order;
	int node;
	uint64_t pfn; /**< 0: it failed */
};

struct slab_fixture {
	struct machine_config config;
	struct slab_allocator *slab;
	struct vec(struct page_call) calls;
	struct vec(uint64_t) freed[KERNEL_NR_ORDERS];
	struct vec(uint8_t) order_of;  /**< by pfn: order + 1 of an allocated block's head */
	uint64_t next_pfn;
	uint64_t pages_held;
	unsigned int max_order;        /**< larger ones fail */
	uint64_t max_pages;            /**< beyond that all fail */
	uint64_t forced_pfn;           /**< not 0: what all calls get */
	int only_node;                 /**< with THISNODE another node than this fails; -1: none */
};

static inline uint64_t fixture_take(struct slab_fixture *f, unsigned int order)
{
	uint64_t pfn;

	if (f->freed[order].nr)
		return f->freed[order].items[--f->freed[order].nr];
	pfn = (f->next_pfn + (1ULL << order) - 1) & ~((1ULL << order) - 1);
	f->next_pfn = pfn + (1ULL << order);
	return pfn;
}

static inline struct mm_outcome fixture_alloc(void *ctx, unsigned int cpu, uint32_t gfp,
					      unsigned int order, int node, unsigned int context)
{
	struct slab_fixture *f = ctx;
	struct page_call call = { .alloc = true, .gfp = gfp, .order = order, .node = node };
	bool ok = order <= f->max_order && f->pages_held + (1ULL << order) <= f->max_pages;

	(void)cpu;
	(void)context;
	if (f->forced_pfn)
		return (struct mm_outcome){ .addr = f->forced_pfn };
	if ((gfp & GFP_BIT_THISNODE) && f->only_node >= 0 && node != f->only_node)
		ok = false;
	if (ok) {
		call.pfn = fixture_take(f, order);
		vec_extend_zeroed(&f->order_of, call.pfn + 1);
		ck_assert_uint_eq(f->order_of.items[call.pfn], 0);
		f->order_of.items[call.pfn] = (uint8_t)(order + 1);
		f->pages_held += 1ULL << order;
	}
	vec_push(&f->calls, call);
	return (struct mm_outcome){
		.addr = call.pfn,
		.cost_ns = 1000,
		.steps = 1,
		.path = MM_PATH_BUDDY,
		.failure = ok ? MM_FAIL_NONE : MM_FAIL_NO_MEMORY,
	};
}

static inline struct mm_outcome fixture_free(void *ctx, unsigned int cpu, uint64_t pfn,
					     unsigned int order)
{
	struct slab_fixture *f = ctx;

	(void)cpu;
	ck_assert_uint_lt(pfn, f->order_of.nr);
	ck_assert_uint_eq(f->order_of.items[pfn], order + 1);
	f->order_of.items[pfn] = 0;
	f->pages_held -= 1ULL << order;
	vec_push(&f->freed[order], pfn);
	vec_push(&f->calls, ((struct page_call){ .order = order, .pfn = pfn }));
	return (struct mm_outcome){ .cost_ns = 100, .path = MM_PATH_PCP_FREE };
}

/** The block at "pfn" is in use, for a slab that is placed there. */
static inline void fixture_own(struct slab_fixture *f, uint64_t pfn, unsigned int order)
{
	vec_extend_zeroed(&f->order_of, pfn + 1);
	ck_assert_uint_eq(f->order_of.items[pfn], 0);
	f->order_of.items[pfn] = (uint8_t)(order + 1);
	f->pages_held += 1ULL << order;
	f->next_pfn = MAX(f->next_pfn, pfn + (1ULL << order));
}

/** Kernel "major"."minor", x86-64, "nr_cpus" CPUs on "nr_nodes" nodes of 64 MiB each. */
static inline void fixture_init(struct slab_fixture *f, unsigned int major, unsigned int minor,
				unsigned int nr_cpus)
{
	*f = (struct slab_fixture){
		.next_pfn = 16,
		.max_order = KERNEL_MAX_ORDER,
		.max_pages = UINT64_MAX,
		.only_node = -1,
	};
	machine_config_init(&f->config, (struct kernel_version){ major, minor }, ARCH_X86_64);
	f->config.nr_cpus = nr_cpus;
	f->config.seed = 42;
}

static inline void fixture_start(struct slab_fixture *f)
{
	static const struct slab_page_ops ops = { fixture_alloc, fixture_free };

	f->slab = slab_create(&f->config, &ops, f);
}

static inline void fixture_deinit(struct slab_fixture *f)
{
	slab_destroy(f->slab);
	machine_config_deinit(&f->config);
	vec_deinit(&f->calls);
	vec_deinit(&f->order_of);
	for (size_t i = 0; i < KERNEL_NR_ORDERS; i++)
		vec_deinit(&f->freed[i]);
}

/** The totals are the sums of what is said of each cache. */
static inline void fixture_check_totals(const struct slab_fixture *f)
{
	struct slab_totals totals, sum = { 0 };

	for (uint32_t cache = 0; cache < slab_nr_caches(f->slab); cache++) {
		struct slab_cache_stats stats;

		if (!slab_cache_get_stats(f->slab, cache, &stats))
			continue;
		sum.nr_slabs += stats.nr_slabs;
		sum.partial_slabs += stats.partial_slabs;
		sum.num_objs += stats.num_objs;
		sum.live_objs += stats.live_objs;
		sum.bytes += stats.bytes;
		sum.live_bytes += stats.live_bytes;
		sum.alloc_bytes += stats.alloc_bytes;
		sum.loss_align += stats.loss_align;
		sum.loss_padding += stats.loss_padding;
		sum.loss_free += stats.loss_free;
		sum.counters.allocs += stats.counters.allocs;
		sum.counters.frees += stats.counters.frees;
#define X(name, help) sum.counters.name += stats.counters.name;
		SLAB_COUNTERS(X)
#undef X
	}
	slab_totals(f->slab, &totals);
	ck_assert_mem_eq(&totals, &sum, sizeof(sum));
}

static inline void fixture_check(const struct slab_fixture *f)
{
	struct error err;

	ck_assert_msg(slab_check(f->slab, &err), "%s", err.message);
	ck_assert_uint_eq(slab_pages_held(f->slab), f->pages_held);
	fixture_check_totals(f);
}

static inline struct slab_cache_stats fixture_stats(const struct slab_fixture *f, uint32_t cache)
{
	struct slab_cache_stats stats;

	ck_assert(slab_cache_get_stats(f->slab, cache, &stats));
	ck_assert_uint_eq(stats.loss_align + stats.loss_padding + stats.loss_free,
			  stats.bytes - stats.object_bytes);
	return stats;
}

/** An object of "cache" on "cpu"; it must succeed. */
static inline uint64_t fixture_get(struct slab_fixture *f, uint32_t cache, unsigned int cpu)
{
	struct mm_outcome got = slab_alloc(f->slab, cache, cpu, -1, GFP_BITS_KERNEL, 0);

	ck_assert(mm_ok(got));
	return got.addr;
}

static inline struct mm_outcome fixture_put(struct slab_fixture *f, unsigned int cpu, uint64_t addr)
{
	struct mm_outcome gone = slab_free(f->slab, cpu, addr);

	ck_assert(mm_ok(gone));
	return gone;
}

#endif
