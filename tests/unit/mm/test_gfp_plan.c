/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a plan says beforehand is what the allocator then does: for masks, orders, contexts, kernels
 * and machines, with memory left to the page where each stage should begin or cease to serve.
 */
#include <config.h>

#include "kmreplay/mm/gfp_plan.h"
#include "kmreplay/mm/page_parts.h"
#include "kmreplay/mm/page_start.h"
#include "unit/unit.h"

#include <stdio.h>

enum {
	MIB = 1 << (20 - KERNEL_PAGE_SHIFT),
	MAX_ZONES = 8,
	ATOMIC = GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM,
	USER = GFP_BITS_KERNEL | GFP_BIT_HARDWALL,
	HIGHUSER = USER | GFP_BIT_HIGHMEM,
	NOFS = GFP_BITS_RECLAIM | GFP_BIT_IO,
	THP_LIGHT = (HIGHUSER | GFP_BIT_MOVABLE | GFP_BIT_COMP | GFP_BIT_NOMEMALLOC |
		     GFP_BIT_NOWARN) & ~GFP_BITS_RECLAIM,
};

static const uint32_t masks[] = {
	0,
	GFP_BITS_KERNEL,
	GFP_BITS_KERNEL | GFP_BIT_HIGH,
	GFP_BITS_KERNEL | GFP_BIT_RECLAIMABLE,
	GFP_BITS_KERNEL | GFP_BIT_NORETRY,
	GFP_BITS_KERNEL | GFP_BIT_RETRY_MAYFAIL,
	GFP_BITS_KERNEL | GFP_BIT_NOFAIL,
	GFP_BITS_KERNEL | GFP_BIT_NOFAIL | GFP_BIT_NORETRY,
	GFP_BITS_KERNEL | GFP_BIT_THISNODE | GFP_BIT_NORETRY,
	GFP_BITS_KERNEL | GFP_BIT_MEMALLOC,
	GFP_BITS_KERNEL | GFP_BIT_MEMALLOC | GFP_BIT_NOMEMALLOC,
	GFP_BITS_KERNEL | GFP_BIT_DMA,
	GFP_BITS_KERNEL | GFP_BIT_DMA32,
	GFP_BITS_KERNEL | GFP_BIT_ATOMIC,
	NOFS,
	NOFS | GFP_BIT_RETRY_MAYFAIL,
	GFP_BITS_RECLAIM,
	ATOMIC,
	ATOMIC | GFP_BIT_ATOMIC,
	ATOMIC | GFP_BIT_NOMEMALLOC,
	ATOMIC | GFP_BIT_NOFAIL,
	GFP_BIT_KSWAPD_RECLAIM,
	GFP_BIT_KSWAPD_RECLAIM | GFP_BIT_DMA,
	HIGHUSER,
	HIGHUSER | GFP_BIT_MOVABLE,
	HIGHUSER | GFP_BIT_MOVABLE | GFP_BIT_NORETRY,
	THP_LIGHT,
	THP_LIGHT | GFP_BIT_DIRECT_RECLAIM,
	THP_LIGHT | GFP_BIT_DIRECT_RECLAIM | GFP_BIT_THISNODE | GFP_BIT_NORETRY,
};

static const unsigned int orders[] = { 0, 1, 3, 4, 9 };

static const unsigned int contexts[] = {
	0, PAGE_CTX_IRQ, PAGE_CTX_IRQ | PAGE_CTX_SOFTIRQ | PAGE_CTX_MEMALLOC, PAGE_CTX_MEMALLOC,
	PAGE_CTX_NOIO, PAGE_CTX_NOFS, PAGE_CTX_PIN, PAGE_CTX_REALTIME, PAGE_CTX_VICTIM,
};

/* Kinds of machines: by kernel, architecture, and with what switched off. */
static const struct kind {
	struct kernel_version kernel;
	enum machine_arch arch;
	bool movable, no_reserves, no_reclaim, no_compaction, no_kill, no_kswapd;
} kinds[] = {
	{ .kernel = { 6, 1 } },
	{ .kernel = { 6, 12 } },
	{ .kernel = { 7, 2 } },
	{ .kernel = { 4, 19 } },
	{ .kernel = { 5, 15 } },
	{ .kernel = { 6, 12 }, .movable = true },
	{ .kernel = { 6, 1 }, .arch = ARCH_X86_32 },
	{ .kernel = { 7, 2 }, .arch = ARCH_ARM64 },
	{ .kernel = { 6, 12 }, .no_reserves = true, .no_kill = true },
	{ .kernel = { 7, 2 }, .no_reclaim = true, .no_compaction = true, .no_kswapd = true },
};

/* A request on a machine of which one zone has a number of free pages, and all others none. */
struct trial {
	struct machine_config config;
	struct page_start start;
	struct page_allocator *pa;
	unsigned int nr_reclaims, nr_kills;
};

static void fill_config(const struct kind *kind, struct machine_config *config)
{
	machine_config_init(config, kind->kernel, kind->arch);
	config->pcp = false;
	config->thp = false;
	config->min_free_kbytes = 8192;
	config->watermark_boost_factor = 0;
	config->atomic_reserves = !kind->no_reserves;
	config->direct_reclaim = !kind->no_reclaim;
	config->direct_compaction = !kind->no_compaction;
	config->oom_kill = !kind->no_kill;
	config->kswapd = !kind->no_kswapd;
	config->nofragment = false;
	config->dma_end = 16 * MIB;
	config->dma32_end = kind->arch == ARCH_X86_32 ? 0 : 48 * MIB;
	config->lowmem_end = kind->arch == ARCH_X86_32 ? 64 * MIB : 0;
	config->movable_pages = kind->movable ? 32 * MIB : 0;
	machine_config_add_range(config, 0, 128 * MIB, 0);
}

static uint64_t on_reclaim(void *ctx, uint64_t nr_pages UNUSED, uint32_t gfp UNUSED)
{
	struct trial *trial = ctx;

	trial->nr_reclaims++;
	return 0;
}

static uint64_t on_oom(void *ctx, uint32_t gfp UNUSED)
{
	struct trial *trial = ctx;

	trial->nr_kills++;
	return 0;
}

static void trial_init(struct trial *trial, const struct kind *kind, uint64_t start, uint64_t nr)
{
	static const struct page_ops ops = { .reclaim = on_reclaim, .oom = on_oom };
	struct error err;

	*trial = (struct trial){ 0 };
	fill_config(kind, &trial->config);
	page_start_init(&trial->start);
	page_start_add_free(&trial->start, start, start + nr);
	trial->config.start = &trial->start;
	trial->pa = page_allocator_create(&trial->config, &ops, trial, &err);
	ck_assert_msg(trial->pa, "%s", err.message);
}

static void trial_deinit(struct trial *trial)
{
	page_allocator_destroy(trial->pa);
	page_start_deinit(&trial->start);
	machine_config_deinit(&trial->config);
}

/* The least that any look of the plan, or that of the fast path, is content with in that zone. */
static uint64_t least_need(const struct page_allocator *pa, const struct gfp_plan *plan,
			   unsigned int zone, bool fast)
{
	uint64_t least = UINT64_MAX;

	for (unsigned int i = 0; i < plan->nr_stages; i++) {
		const struct gfp_stage *stage = &plan->stages[i];

		if (stage->looks && (!fast || stage->kind == GFP_STAGE_FAST))
			least = MIN(least, gfp_plan_needs(pa, plan, stage, zone));
	}
	return least;
}

/* Nothing can be freed here, so a request for ever ends by a look without any mark. */
static bool ends_without_marks(const struct gfp_plan *plan)
{
	return gfp_plan_stage(plan, GFP_STAGE_HALF) != NULL;
}

static void check_actions(const struct trial *trial, const struct gfp_plan *plan,
			  const char *what)
{
	const struct page_stats *stats = page_allocator_stats(trial->pa);
	const bool compacts = gfp_plan_stage(plan, GFP_STAGE_COMPACT_FIRST) ||
			      gfp_plan_stage(plan, GFP_STAGE_COMPACT);

	ck_assert_msg(!trial->nr_reclaims == !gfp_plan_stage(plan, GFP_STAGE_RECLAIM) ||
			      (!trial->nr_reclaims && gfp_plan_stage(plan, GFP_STAGE_COSTLY)),
		      "%s: %u reclaims", what, trial->nr_reclaims);
	ck_assert_msg(!trial->nr_kills == !gfp_plan_stage(plan, GFP_STAGE_OOM), "%s: %u kills",
		      what, trial->nr_kills);
	ck_assert_msg(!stats->kswapd_wakes || gfp_plan_stage(plan, GFP_STAGE_KSWAPD),
		      "%s: kswapd was woken", what);
	/* It may find nothing to do; kcompactd's runs are those of requests that do not compact. */
	ck_assert_msg(!stats->compactions || compacts || gfp_plan_stage(plan, GFP_STAGE_KSWAPD),
		      "%s: compacts", what);
}

/* A request, and what messages call it. */
struct request {
	const struct kind *kind;
	uint32_t gfp;
	unsigned int context;
	struct gfp_plan plan;
	char name[160];
};

/* Makes it with "nr" free pages in the zone that begins at "start"; "*slow": not at once. */
static bool try(const struct request *rq, uint64_t start, uint64_t nr, bool *slow)
{
	struct trial trial;
	struct mm_outcome got;

	trial_init(&trial, rq->kind, start, nr);
	got = page_alloc(trial.pa, 0, rq->gfp, rq->plan.order, 0, rq->context);
	*slow = page_allocator_stats(trial.pa)->slowpaths > 0;
	if (mm_ok(got))
		ck_assert_msg(got.addr >= start && got.addr < start + nr, "%s", rq->name);
	else
		check_actions(&trial, &rq->plan, rq->name);
	trial_deinit(&trial);
	return mm_ok(got);
}

/* Free memory begins with the zone, so what suffices holds a block of the order as well. */
static void check_zone(const struct request *rq, const struct page_allocator *pa,
		       unsigned int index)
{
	const uint64_t fast = least_need(pa, &rq->plan, index, true);
	const uint64_t last = least_need(pa, &rq->plan, index, false);
	const bool always = ends_without_marks(&rq->plan) && last > 1ULL << rq->plan.order;
	struct zone_info info;
	bool slow;

	zone_info(pa, index, &info);
	if (fast <= info.managed) {
		ck_assert_msg(try(rq, info.start_pfn, fast, &slow) && !slow,
			      "%s, zone %s: not at once with %lu", rq->name,
			      zone_type_name(info.type), (unsigned long)fast);
		try(rq, info.start_pfn, fast - 1, &slow);
		ck_assert_msg(slow, "%s, zone %s: at once with %lu", rq->name,
			      zone_type_name(info.type), (unsigned long)fast - 1);
	}
	if (last <= info.managed)
		ck_assert_msg(try(rq, info.start_pfn, last, &slow), "%s, zone %s: not with %lu",
			      rq->name, zone_type_name(info.type), (unsigned long)last);
	if (last - 1 <= info.managed)
		ck_assert_msg(try(rq, info.start_pfn, last - 1, &slow) == always,
			      "%s, zone %s: with %lu", rq->name, zone_type_name(info.type),
			      (unsigned long)last - 1);
}

static bool in_zones(const unsigned int *zones, unsigned int nr, unsigned int zone)
{
	for (unsigned int i = 0; i < nr; i++)
		if (zones[i] == zone)
			return true;
	return false;
}

static void check_request(const struct kind *kind, const struct trial *full, uint32_t gfp,
			  unsigned int order, unsigned int context)
{
	struct request rq = { .kind = kind, .gfp = gfp, .context = context };
	unsigned int zones[MAX_ZONES];
	unsigned int nr;

	snprintf(rq.name, sizeof(rq.name), "%u.%u arch %d gfp %#x order %u context %#x",
		 kind->kernel.major, kind->kernel.minor, (int)kind->arch, gfp, order, context);
	gfp_plan_init(&rq.plan, &full->config, page_allocator_profile(full->pa), gfp, order,
		      context);
	nr = gfp_plan_zones(full->pa, &rq.plan, 0, zones, MAX_ZONES);
	ck_assert_uint_le(nr, (unsigned int)MAX_ZONES);
	for (unsigned int i = 0; i < zone_count(full->pa); i++) {
		struct zone_info info;
		bool slow;

		if (in_zones(zones, nr, i)) {
			check_zone(&rq, full->pa, i);
			continue;
		}
		zone_info(full->pa, i, &info);
		ck_assert_msg(!try(&rq, info.start_pfn, info.managed, &slow),
			      "%s from zone %s", rq.name, zone_type_name(info.type));
	}
}

START_TEST(requests_go_as_planned)
{
	const struct kind *kind = &kinds[_i];
	struct trial full;

	trial_init(&full, kind, 0, 128 * MIB);
	for (size_t m = 0; m < ARRAY_SIZE(masks); m++)
		for (size_t o = 0; o < ARRAY_SIZE(orders); o++)
			check_request(kind, &full, masks[m], orders[o], 0);
	for (size_t m = 0; m < ARRAY_SIZE(masks); m++)
		for (size_t c = 1; c < ARRAY_SIZE(contexts); c++)
			check_request(kind, &full, masks[m], c & 1, contexts[c]);
	trial_deinit(&full);
}
END_TEST

/* All memory free: the first zone serves; each that is used up leaves it to the next one. */
START_TEST(zones_serve_in_the_planned_order)
{
	const struct kind *kind = &kinds[_i];

	for (size_t m = 0; m < ARRAY_SIZE(masks); m++) {
		unsigned int zones[MAX_ZONES];
		struct gfp_plan plan;
		struct trial trial;
		unsigned int nr;

		trial_init(&trial, kind, 0, 128 * MIB);
		gfp_plan_init(&plan, &trial.config, page_allocator_profile(trial.pa), masks[m], 0,
			      0);
		nr = gfp_plan_zones(trial.pa, &plan, 0, zones, MAX_ZONES);
		ck_assert_uint_ge(nr, 1);
		for (unsigned int i = 0; i < nr; i++) {
			struct mm_outcome got = page_alloc(trial.pa, 0, masks[m], 0, 0, 0);
			struct zone_info info;

			zone_info(trial.pa, zones[i], &info);
			ck_assert_msg(mm_ok(got) && zone_type_of(trial.pa, got.addr) == info.type,
				      "mask %#x, place %u is not zone %s", masks[m], i,
				      zone_type_name(info.type));
			for (uint64_t pfn = info.start_pfn; pfn < info.end_pfn; pfn++)
				(void)page_reserve(trial.pa, pfn, 0);
		}
		trial_deinit(&trial);
	}
}
END_TEST

START_TEST(stages_have_words)
{
	struct machine_config config;
	struct gfp_plan plan;

	machine_config_init(&config, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	gfp_plan_init(&plan, &config, page_profile_for(config.kernel), ATOMIC, 0, 0);
	ck_assert_uint_eq(plan.nr_stages, 4);
	ck_assert_uint_eq(gfp_stage_depth(&plan, gfp_plan_stage(&plan, GFP_STAGE_FAST)), 1000);
	ck_assert_uint_eq(gfp_stage_depth(&plan, gfp_plan_stage(&plan, GFP_STAGE_MIN)), 375);
	ck_assert(gfp_plan_may_fail(&plan));
	ck_assert(!gfp_plan_stage(&plan, GFP_STAGE_RECLAIM));
	gfp_plan_init(&plan, &config, page_profile_for(config.kernel), ATOMIC,
		      KERNEL_MAX_ORDER + 1, 0);
	ck_assert_uint_eq(plan.nr_stages, 1);
	ck_assert(gfp_plan_may_fail(&plan));
	for (unsigned int i = 0; i < GFP_STAGE_NR; i++) {
		ck_assert_str_ne(gfp_stage_name((enum gfp_stage_kind)i), "?");
		ck_assert_str_ne(gfp_stage_words((enum gfp_stage_kind)i), "?");
	}
	ck_assert_str_eq(gfp_stage_name(GFP_STAGE_NR), "?");
	machine_config_deinit(&config);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gfp plan");
	TCase *tcase = tcase_create("gfp plan");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, stages_have_words);
	tcase_add_loop_test(tcase, requests_go_as_planned, 0, (int)ARRAY_SIZE(kinds));
	tcase_add_loop_test(tcase, zones_serve_in_the_planned_order, 0, (int)ARRAY_SIZE(kinds));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
