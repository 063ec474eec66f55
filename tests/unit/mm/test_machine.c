/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole machines: random configurations within (and at the ends of) their ranges either make a
 * machine whose invariants hold under random use, or are refused with a reason; each cost has an
 * effect, and none overflows; combinations that cannot be are named.
 */
#include <config.h>

#include "kmreplay/core/rng.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/machine.h"
#include "kmreplay/mm/mempool.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/page_frag.h"
#include "kmreplay/mm/percpu.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/slab_design.h"
#include "kmreplay/mm/vmalloc.h"
#include "kmreplay/mm/zone.h"
#include "unit/unit.h"

#include <string.h>

enum {
	NR_CONFIGS = 60, /* of each batch */
	NR_BATCHES = 10,
	NR_OPS = 3000,
	MAX_LIVE = 4000,
};

struct block {
	uint64_t pfn;
	unsigned int order;
	bool movable;
};

/* A machine and all that was taken from it. */
struct user {
	struct machine_config config;
	struct machine *m;
	struct rng rng;
	struct vec(struct block) blocks;
	struct vec(uint64_t) objects, areas, mapped, percpu;
	uint64_t cost; /* of all calls */
	uint64_t kills, moves;
	bool keeps; /* gives nothing up to reclaim */
};

static const enum machine_arch arches[] = { ARCH_X86_64, ARCH_X86_32, ARCH_ARM64 };
static const struct kernel_version versions[] = { { 5, 10 }, { 6, 1 }, { 6, 12 }, { 7, 2 } };

static void on_moved(void *ctx, uint64_t from, uint64_t to, unsigned int order)
{
	struct user *user = ctx;

	user->moves++;
	vec_foreach(&user->blocks, block) {
		if (block->pfn != from)
			continue;
		ck_assert(block->movable);
		ck_assert_uint_eq(block->order, order);
		block->pfn = to;
		return;
	}
	ck_abort_msg("a block was moved that nobody has");
}

static void drop_block(struct user *user, size_t at)
{
	const struct block block = user->blocks.items[at];
	struct mm_outcome out;

	user->blocks.items[at] = user->blocks.items[--user->blocks.nr];
	out = page_free(machine_pages(user->m), 0, block.pfn, block.order);
	user->cost += out.cost_ns;
}

static uint64_t on_reclaim(void *ctx, uint64_t nr_pages, uint32_t gfp)
{
	struct user *user = ctx;
	uint64_t freed = 0;

	(void)gfp;
	for (size_t i = user->blocks.nr; i-- > 0 && freed < nr_pages && !user->keeps;) {
		if (!user->blocks.items[i].movable || rng_below(&user->rng, 2))
			continue;
		freed += 1ULL << user->blocks.items[i].order;
		drop_block(user, i);
	}
	return freed;
}

static uint64_t on_oom(void *ctx, uint32_t gfp)
{
	struct user *user = ctx;
	uint64_t freed = 0;

	(void)gfp;
	user->kills++;
	for (size_t i = user->blocks.nr; i-- > 0 && freed < 100;) {
		freed += 1ULL << user->blocks.items[i].order;
		drop_block(user, i);
	}
	return freed;
}

static void user_init(struct user *user, uint64_t seed)
{
	memset(user, 0, sizeof(*user));
	rng_init(&user->rng, seed);
}

static bool user_start(struct user *user, struct error *err)
{
	const struct machine_ops ops = {
		.moved = on_moved, .reclaim = on_reclaim, .oom = on_oom
	};

	user->m = machine_create(&user->config, &ops, user, err);
	return user->m;
}

static void user_deinit(struct user *user)
{
	machine_destroy(user->m);
	machine_config_deinit(&user->config);
	vec_deinit(&user->blocks);
	vec_deinit(&user->objects);
	vec_deinit(&user->areas);
	vec_deinit(&user->mapped);
	vec_deinit(&user->percpu);
}

static void user_check(const struct user *user)
{
	struct error err = { "" };

	ck_assert_msg(machine_check(user->m, &err), "%s", err.message);
}

static uint64_t below(struct user *user, uint64_t bound)
{
	return rng_below(&user->rng, bound);
}

/* Often the middle, sometimes an end of [low, high]. */
static uint64_t pick(struct user *user, uint64_t low, uint64_t high)
{
	switch (below(user, 6)) {
	case 0:
		return low;
	case 1:
		return high;
	case 2: { /* all magnitudes alike */
		const uint64_t span = high - low;
		const unsigned int bits = (unsigned int)below(user, 64);

		return low + (span >> bits ? below(user, span >> bits) : 0);
	}
	default:
		return low + below(user, MIN(high - low, (uint64_t)100) + 1);
	}
}

static bool seldom(struct user *user)
{
	return !below(user, 4);
}

static void random_ranges(struct user *user)
{
	struct machine_config *config = &user->config;
	uint64_t at = below(user, 3) ? 0x100 + below(user, 3) * 0x3000 : 0xfd000;

	for (unsigned int node = 0; node < config->nr_nodes; node++) {
		uint64_t size = 0x400 + below(user, 0x2000);

		if (seldom(user)) /* a hole, and an edge within a block */
			at += 0x400 + below(user, 0x900);
		machine_config_add_range(config, at, at + size, (int)node);
		at = (at + size + 0x3ff) & ~0x3ffULL;
	}
	if (seldom(user))
		config->dma_end = pick(user, 0x100, 0x4000);
	if (seldom(user) && (config->arch != ARCH_X86_32 || seldom(user)))
		config->dma32_end = pick(user, 0x100, 0x100000);
	if (seldom(user) && (config->arch == ARCH_X86_32 || seldom(user)))
		config->lowmem_end = pick(user, 0x1000, 0x100000);
	if (seldom(user))
		config->movable_pages = pick(user, 1, at);
}

static void random_page_options(struct user *user)
{
	struct machine_config *config = &user->config;
	bool *const switches[] = {
		&config->kswapd, &config->direct_reclaim, &config->direct_compaction,
		&config->atomic_reserves, &config->highatomic, &config->oom_kill,
		&config->nofragment, &config->thp, &config->mobility_grouping, &config->pcp,
		&config->slab_merge, &config->slab_memcg,
	};

	for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
		*switches[i] = below(user, 3);
	config->extfrag_threshold = (unsigned int)pick(user, 0, 1000);
	config->pageblock_order = (unsigned int)(1 + below(user, KERNEL_MAX_ORDER));
	if (seldom(user))
		config->min_free_kbytes = (int64_t)pick(user, 0, INT64_MAX);
	config->watermark_scale_factor = (unsigned int)pick(user, 0, UINT32_MAX);
	config->watermark_boost_factor = (unsigned int)pick(user, 0, UINT32_MAX);
	if (seldom(user))
		config->pcp_batch = (int)pick(user, 1, INT32_MAX);
	if (seldom(user))
		config->pcp_high = (int)pick(user, 0, INT32_MAX);
	for (size_t i = 0; i < ZONE_NR && seldom(user); i++)
		config->lowmem_reserve_ratio[i] = (unsigned int)pick(user, 0, UINT32_MAX);
}

static void random_layer_options(struct user *user)
{
	struct machine_config *config = &user->config;

	config->slub_min_order = (unsigned int)(seldom(user) ? below(user, 11) : 0);
	config->slub_max_order = (unsigned int)(seldom(user) ? below(user, 11) : 3);
	config->slub_min_objects = (unsigned int)(seldom(user) ? pick(user, 0, UINT32_MAX) : 0);
	if (seldom(user))
		config->slub_cpu_partial = (int)pick(user, 0, INT32_MAX);
	if (seldom(user))
		config->slub_min_partial = (int)pick(user, 0, INT32_MAX);
	if (seldom(user)) {
		uint32_t size = 0;

		while (size < 8192 && config->kmalloc_classes.nr < 100 && below(user, 30)) {
			size += 8 * (uint32_t)(1 + below(user, 200));
			vec_push(&config->kmalloc_classes, size);
		}
	}
	if (seldom(user))
		config->vmalloc_start = pick(user, machine_direct_map_end(config),
					     config->arch == ARCH_X86_32 ? UINT32_MAX :
									   UINT64_MAX) &
					~4095ULL;
	if (seldom(user))
		config->vmalloc_size = pick(user, 4096, UINT64_MAX) & ~4095ULL;
	if (seldom(user))
		config->percpu_unit_size = pick(user, 264 << 10, 1 << 22) & ~4095ULL;
}

static void random_config(struct user *user)
{
	struct machine_config *config = &user->config;

	machine_config_init(config, versions[below(user, ARRAY_SIZE(versions))],
			    arches[below(user, ARRAY_SIZE(arches))]);
	config->nr_cpus = (unsigned int)(seldom(user) ? 1 + below(user, 64) : 1 + below(user, 4));
	config->nr_nodes = (unsigned int)(seldom(user) ? 1 + below(user, 8) : 1);
	config->seed = below(user, 100);
	random_ranges(user);
	random_page_options(user);
	random_layer_options(user);
	if (seldom(user))
		memset(&config->costs, 0xff, sizeof(config->costs));
}

static uint32_t random_gfp(struct user *user)
{
	static const uint32_t masks[] = {
		GFP_BITS_KERNEL,
		GFP_BITS_KERNEL | GFP_BIT_RECLAIMABLE,
		GFP_BITS_KERNEL | GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE,
		GFP_BITS_KERNEL | GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE | GFP_BIT_ZERO,
		GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM | GFP_BIT_ATOMIC,
		GFP_BITS_KERNEL | GFP_BIT_DMA,
		GFP_BITS_KERNEL | GFP_BIT_DMA32,
		GFP_BITS_KERNEL | GFP_BIT_NORETRY,
		GFP_BITS_KERNEL | GFP_BIT_ACCOUNT,
		GFP_BITS_KERNEL | GFP_BIT_NOFAIL,
		GFP_BIT_KSWAPD_RECLAIM,
	};

	return masks[below(user, ARRAY_SIZE(masks))];
}

static void use_pages(struct user *user, unsigned int cpu)
{
	const uint32_t gfp = random_gfp(user);
	const unsigned int order = (unsigned int)(below(user, 3) ? below(user, 4) :
								   below(user, 11));
	struct mm_outcome out;

	if (user->blocks.nr >= MAX_LIVE || (user->blocks.nr && !below(user, 3))) {
		drop_block(user, below(user, user->blocks.nr));
		return;
	}
	out = page_alloc(machine_pages(user->m), cpu, gfp, order, (int)below(user, 3) - 1, 0);
	user->cost += out.cost_ns;
	if (mm_ok(out))
		vec_push(&user->blocks, ((struct block){ out.addr, order,
							 gfp & GFP_BIT_MOVABLE }));
}

static uint64_t take_any(struct user *user, uint64_t *items, size_t *nr)
{
	const size_t at = below(user, *nr);
	const uint64_t got = items[at];

	items[at] = items[--*nr];
	return got;
}

static void use_slab(struct user *user, unsigned int cpu)
{
	struct slab_allocator *slab = machine_slab(user->m);
	struct mm_outcome out;

	if (user->objects.nr && !below(user, 3)) {
		out = slab_free(slab, cpu,
				take_any(user, user->objects.items, &user->objects.nr));
		ck_assert(mm_ok(out));
		user->cost += out.cost_ns;
		return;
	}
	out = slab_kmalloc(slab, cpu, 1 + (below(user, 8) ? below(user, 300) : below(user, 20000)),
			   random_gfp(user), (int)below(user, 3) - 1, 0);
	user->cost += out.cost_ns;
	if (mm_ok(out))
		vec_push(&user->objects, out.addr);
}

static void use_vmalloc(struct user *user, unsigned int cpu)
{
	const struct vmalloc_request request = {
		.size = 1 + below(user, 60000), .gfp = GFP_BITS_KERNEL, .node = -1,
	};
	struct vmalloc *v = machine_vmalloc(user->m);
	struct vmalloc_stats stats;
	struct mm_outcome out;

	if (user->mapped.nr && !below(user, 3)) {
		out = vmalloc_free(v, cpu, take_any(user, user->mapped.items, &user->mapped.nr));
		ck_assert(mm_ok(out));
	} else if (user->areas.nr && !below(user, 3)) {
		out = vmap_area_free(v, cpu, take_any(user, user->areas.items, &user->areas.nr));
		ck_assert(mm_ok(out));
	} else if (below(user, 2)) {
		out = vmalloc_alloc(v, cpu, &request);
		if (mm_ok(out))
			vec_push(&user->mapped, out.addr);
	} else {
		vmalloc_stats(v, &stats);
		out = vmap_area_alloc(v, cpu, (1 + below(user, 300)) * KERNEL_PAGE_SIZE,
				      KERNEL_PAGE_SIZE, stats.range_start, stats.range_end);
		if (mm_ok(out)) {
			ck_assert_uint_ge(out.addr, stats.range_start);
			ck_assert_uint_le(out.addr, stats.range_end);
			vec_push(&user->areas, out.addr);
		}
	}
	user->cost += out.cost_ns;
	if (!below(user, 50))
		(void)vmap_purge(v);
}

static void use_percpu(struct user *user, unsigned int cpu)
{
	const struct percpu_request request = {
		.size = 1 + (below(user, 4) ? below(user, 300) : below(user, 30000)),
		.gfp = below(user, 4) ? GFP_BITS_KERNEL : GFP_BIT_HIGH,
	};
	struct percpu *p = machine_percpu(user->m);
	struct mm_outcome out;

	if (user->percpu.nr && !below(user, 3)) {
		out = percpu_free(p, cpu, take_any(user, user->percpu.items, &user->percpu.nr));
		ck_assert(mm_ok(out));
	} else {
		out = percpu_alloc(p, cpu, &request);
		if (mm_ok(out))
			vec_push(&user->percpu, out.addr);
	}
	user->cost += out.cost_ns;
}

static void use(struct user *user)
{
	static void (*const uses[])(struct user *user, unsigned int cpu) = {
		use_pages, use_pages, use_slab, use_slab, use_vmalloc, use_percpu
	};

	uses[below(user, ARRAY_SIZE(uses))](user,
					    (unsigned int)below(user, user->config.nr_cpus));
}

static void give_all_back(struct user *user)
{
	while (user->percpu.nr)
		(void)percpu_free(machine_percpu(user->m), 0,
				  user->percpu.items[--user->percpu.nr]);
	while (user->mapped.nr)
		(void)vmalloc_free(machine_vmalloc(user->m), 0,
				   user->mapped.items[--user->mapped.nr]);
	while (user->objects.nr)
		user->cost += slab_free(machine_slab(user->m), 0,
					user->objects.items[--user->objects.nr]).cost_ns;
	while (user->blocks.nr)
		drop_block(user, user->blocks.nr - 1);
}

START_TEST(random_configurations_make_sound_machines_or_none)
{
	unsigned int made = 0;

	for (uint64_t i = 0; i < NR_CONFIGS; i++) {
		struct error err = { "" };
		struct user user;

		user_init(&user, (uint64_t)_i * NR_CONFIGS + i);
		random_config(&user);
		if (!user_start(&user, &err)) {
			ck_assert_str_ne(err.message, "");
			user_deinit(&user);
			continue;
		}
		made++;
		for (unsigned int op = 0; op < NR_OPS; op++) {
			use(&user);
			if (op % 100 == 0)
				user_check(&user);
		}
		give_all_back(&user);
		user_check(&user);
		user_deinit(&user);
	}
	ck_assert_uint_ge(made, NR_CONFIGS / 4);
}
END_TEST

static void get(struct user *user, uint32_t gfp, unsigned int order, unsigned int nr)
{
	while (nr--) {
		const struct mm_outcome out =
			page_alloc(machine_pages(user->m), 0, gfp, order, -1, 0);

		user->cost += out.cost_ns;
		if (mm_ok(out))
			vec_push(&user->blocks, ((struct block){ out.addr, order,
								 gfp & GFP_BIT_MOVABLE }));
	}
}

/* Memory in pieces that only compaction can join, then so full that only a kill helps. */
static void press(struct user *user)
{
	user->keeps = true;
	get(user, GFP_BIT_MEMALLOC | GFP_BIT_MOVABLE, 0, 0x1800);
	for (size_t i = user->blocks.nr; i-- > 0;) {
		if (user->blocks.items[i].pfn & 1)
			drop_block(user, i);
	}
	get(user, GFP_BITS_KERNEL, 4, 100);
	get(user, GFP_BITS_KERNEL, 0, 0x1800);
	user->keeps = false;
}

/* Many slabs of one cache, emptied by another CPU: they go back. */
static void churn(struct user *user)
{
	struct slab_allocator *slab = machine_slab(user->m);

	for (unsigned int i = 0; i < 2000; i++) {
		const struct mm_outcome out = slab_kmalloc(slab, 0, 500, GFP_BITS_KERNEL, -1, 0);

		user->cost += out.cost_ns;
		if (mm_ok(out))
			vec_push(&user->objects, out.addr);
	}
	while (user->objects.nr)
		user->cost +=
			slab_free(slab, 1, user->objects.items[--user->objects.nr]).cost_ns;
}

static struct mm_outcome pool_alloc(void *ctx, unsigned int cpu, uint32_t gfp, unsigned int context)
{
	return slab_kmalloc(machine_slab(ctx), cpu, 8192, gfp, -1, context);
}

static struct mm_outcome pool_free(void *ctx, unsigned int cpu, uint64_t element)
{
	return slab_free(machine_slab(ctx), cpu, element);
}

/* A memory pool without memory: the reserve, then a sleep without end. */
static void drain_pool(struct user *user)
{
	static const struct mempool_ops ops = { .alloc = pool_alloc, .free = pool_free };
	struct mempool_rules rules;
	struct mempool *pool;
	struct mm_outcome out;

	mempool_rules_init(&rules, &user->config);
	pool = mempool_create(&rules, 1, &ops, user->m, 0, &out);
	ck_assert_ptr_nonnull(pool);
	do {
		out = mempool_alloc(pool, 0, GFP_BITS_KERNEL, 0);
		user->cost += out.cost_ns;
		if (mm_ok(out))
			vec_push(&user->objects, out.addr);
	} while (mm_ok(out));
	ck_assert_uint_eq(out.failure, MM_FAIL_FOREVER);
	mempool_forget(pool);
}

static struct mm_outcome frag_alloc(void *ctx, unsigned int cpu, uint32_t gfp, unsigned int order,
				    unsigned int context)
{
	return page_alloc(machine_pages(ctx), cpu, gfp, order, -1, context);
}

static struct mm_outcome frag_free(void *ctx, unsigned int cpu, uint64_t pfn, unsigned int order)
{
	return page_free(machine_pages(ctx), cpu, pfn, order);
}

static void cut_fragment(struct user *user)
{
	static const struct page_frag_ops ops = { .alloc = frag_alloc, .free = frag_free };
	struct page_frags *frags = page_frags_create(&user->config, &ops, user->m);
	struct page_frag_cache cache = { 0 };
	const struct mm_outcome out =
		page_frag_alloc(frags, &cache, 0, &(struct page_frag_request){
			.size = 100, .align = 1, .gfp = GFP_BITS_KERNEL,
		});

	ck_assert(mm_ok(out));
	user->cost += out.cost_ns;
	user->cost += page_frag_free(frags, 0, out.addr).cost_ns;
	user->cost += page_frag_cache_drain(frags, &cache, 0).cost_ns;
	page_frags_destroy(frags);
}

/* Under pressure, with all kinds of calls: what everything costs with "costs". */
/* "design": enum slab_design, -1: the version's own. */
static uint64_t cost_of_all(struct kernel_version version, int design,
			    const struct mm_costs *costs)
{
	struct error err = { "" };
	struct user user;
	uint64_t cost;

	user_init(&user, 3);
	machine_config_init(&user.config, version, ARCH_X86_64);
	machine_config_add_range(&user.config, 0x1000, 0x1000 + 0x1800, 0);
	user.config.slab_design = design;
	user.config.nr_cpus = 2;
	user.config.min_free_kbytes = 512;
	user.config.vmalloc_size = 12 << 20; /* so small that it is purged, and runs out */
	user.config.costs = *costs;
	ck_assert_msg(user_start(&user, &err), "%s", err.message);
	for (unsigned int i = 0; i < 8000; i++)
		use(&user);
	give_all_back(&user);
	churn(&user);
	drain_pool(&user);
	give_all_back(&user);
	cut_fragment(&user);
	press(&user);
	give_all_back(&user);
	user_check(&user);
	ck_assert_uint_gt(user.kills, 0);
	ck_assert_uint_gt(user.moves, 0);
	cost = user.cost;
	user_deinit(&user);
	return cost;
}

START_TEST(each_cost_has_an_effect)
{
	enum { NR = sizeof(struct mm_costs) / sizeof(uint32_t) };
	uint32_t effects[NR] = { 0 };

	/* Some steps are of old, some of new releases only, some of one slab allocator. */
	for (size_t v = 1; v <= ARRAY_SIZE(versions); v++) {
		const bool last = v == ARRAY_SIZE(versions);
		const struct kernel_version version = versions[last ? 1 : v];
		const int design = last ? (int)SLAB_DESIGN_SLOB : -1;
		struct mm_costs costs;
		uint64_t plain;

		mm_costs_init(&costs);
		plain = cost_of_all(version, design, &costs);
		for (size_t i = 0; i < NR; i++) {
			struct mm_costs other = costs;

			((uint32_t *)&other)[i] += 1000;
			effects[i] += cost_of_all(version, design, &other) > plain;
		}
	}
	for (size_t i = 0; i < NR; i++)
		ck_assert_msg(effects[i] > 0, "cost %zu has no effect", i);
}
END_TEST

START_TEST(the_largest_costs_do_not_overflow)
{
	struct mm_costs costs;

	memset(&costs, 0xff, sizeof(costs));
	for (size_t v = 1; v < ARRAY_SIZE(versions); v++) {
		struct mm_costs plain;

		mm_costs_init(&plain);
		/* No call is cheaper than one step, and nearly all have one. */
		ck_assert_uint_gt(cost_of_all(versions[v], -1, &costs), 5000ULL * UINT32_MAX);
		ck_assert_uint_lt(cost_of_all(versions[v], -1, &plain), 5000ULL * UINT32_MAX);
	}
}
END_TEST

static void expect_refusal(struct machine_config *config, const char *message)
{
	const struct machine_ops ops = { .moved = NULL };
	struct error err = { "" };

	ck_assert_ptr_null(machine_create(config, &ops, NULL, &err));
	ck_assert_str_eq(err.message, message);
	machine_config_deinit(config);
}

static void one_gib(struct machine_config *config, enum machine_arch arch)
{
	machine_config_init(config, (struct kernel_version){ 6, 12 }, arch);
	machine_config_add_range(config, 0x100, 0x40000, 0);
}

START_TEST(address_spaces_are_as_they_are_told)
{
	const uint64_t start = 0xffffd00000000000ULL, size = 64ULL << 20, unit = 1ULL << 20;
	const struct percpu_request request = { .size = 30000, .gfp = GFP_BITS_KERNEL };
	const struct machine_ops ops = { .moved = NULL };
	struct machine_config config;
	struct percpu_stats percpu;
	struct vmalloc_stats stats;
	struct error err = { "" };
	struct machine *m;

	one_gib(&config, ARCH_X86_64);
	config.vmalloc_start = start;
	config.vmalloc_size = size;
	config.percpu_unit_size = unit;
	m = machine_create(&config, &ops, NULL, &err);
	ck_assert_msg(m != NULL, "%s", err.message);
	vmalloc_stats(machine_vmalloc(m), &stats);
	ck_assert_uint_eq(stats.range_start, start);
	ck_assert_uint_eq(stats.range_end, start + size - 1);
	/* A request over a range of the same size elsewhere does not move it. */
	ck_assert(mm_ok(vmap_area_alloc(machine_vmalloc(m), 0, 4096, 4096, start + size,
					start + 2 * size - 1)));
	vmalloc_stats(machine_vmalloc(m), &stats);
	ck_assert_uint_eq(stats.range_start, start);
	for (unsigned int i = 0; i < 30; i++)
		ck_assert(mm_ok(percpu_alloc(machine_percpu(m), 0, &request)));
	percpu_stats(machine_percpu(m), &percpu);
	ck_assert_uint_eq(percpu.unit_size, unit);
	ck_assert_uint_eq(percpu.nr_created, 1);
	machine_destroy(m);
	machine_config_deinit(&config);
}
END_TEST

/* Nodes further apart than the vmalloc range reaches: percpu makes do with one group. */
START_TEST(percpu_chunks_are_made_on_distant_nodes)
{
	const struct percpu_request request = { .size = 30000, .gfp = GFP_BITS_KERNEL };
	const struct machine_ops ops = { .moved = NULL };
	struct machine_config config;
	struct error err = { "" };
	struct machine *m;

	for (unsigned int cpus = 1; cpus < 9; cpus++) {
		machine_config_init(&config, versions[2], ARCH_X86_32);
		machine_config_add_range(&config, 0x100, 0x40000, 0);
		machine_config_add_range(&config, 0x40000, 0x80000, 1);
		machine_config_add_range(&config, 0x80000, 0x90000, 2);
		config.nr_nodes = 3;
		config.nr_cpus = cpus;
		m = machine_create(&config, &ops, NULL, &err);
		ck_assert_msg(m != NULL, "%s", err.message);
		for (unsigned int i = 0; i < 30; i++)
			ck_assert(mm_ok(percpu_alloc(machine_percpu(m), 0, &request)));
		ck_assert_msg(machine_check(m, &err), "%s", err.message);
		machine_destroy(m);
		machine_config_deinit(&config);
	}
}
END_TEST

START_TEST(impossible_machines_are_named)
{
	struct machine_config config;

	one_gib(&config, ARCH_X86_64);
	config.movable_pages = 3 << 18;
	expect_refusal(&config, "zone Movable of 3.00 GiB does not fit into 1.00 GiB of memory");
	one_gib(&config, ARCH_X86_64);
	config.percpu_unit_size = 32 << 10;
	expect_refusal(&config, "percpu unit of 32.0 KiB is smaller than the 264 KiB that boot "
				"takes");
	one_gib(&config, ARCH_X86_64);
	config.percpu_unit_size = 2ULL << 30;
	expect_refusal(&config, "percpu unit of 2.00 GiB is not whole pages up to 1.00 GiB");
	one_gib(&config, ARCH_X86_64);
	config.vmalloc_start = 0x100000;
	expect_refusal(&config, "vmalloc range at 0x100000 begins below the end of the direct map "
				"at 0xffffc88000000000");
	one_gib(&config, ARCH_X86_32);
	config.vmalloc_size = 1ULL << 40;
	expect_refusal(&config, "vmalloc range of 1.00 TiB does not fit above 0xf77fe000");
	one_gib(&config, ARCH_X86_64);
	config.vmalloc_size = 12345;
	expect_refusal(&config, "vmalloc range at 0xffffc90000000000 of 12345 bytes is not whole "
				"pages");
	one_gib(&config, ARCH_X86_64);
	config.slub_max_order = 11;
	expect_refusal(&config, "slab order '11' is above 10");
	one_gib(&config, ARCH_X86_64);
	config.nr_nodes = 64;
	expect_refusal(&config, "node 1 of 64 has no memory: there are 1.00 GiB in all");
	one_gib(&config, ARCH_X86_64);
	config.min_free_kbytes = -2;
	expect_refusal(&config, "min_free_kbytes '-2' is below 0");
	one_gib(&config, (enum machine_arch)77);
	expect_refusal(&config, "unknown architecture '77'");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("machine");
	TCase *tcase = tcase_create("machine");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, random_configurations_make_sound_machines_or_none, 0,
			    NR_BATCHES);
	tcase_add_test(tcase, each_cost_has_an_effect);
	tcase_add_test(tcase, the_largest_costs_do_not_overflow);
	tcase_add_test(tcase, address_spaces_are_as_they_are_told);
	tcase_add_test(tcase, percpu_chunks_are_made_on_distant_nodes);
	tcase_add_test(tcase, impossible_machines_are_named);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
