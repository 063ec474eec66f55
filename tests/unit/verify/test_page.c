/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judge of the page layer: calls put together from events; the recorded boot of a 6.1 kernel
 * followed to its last page; rules broken on purpose, which must show; recordings that make no
 * sense.
 */
#include <config.h>

#include "../../../src/verify/page_calls.h"
#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/rng.h"
#include "kmreplay/mm/page_start.h"
#include "kmreplay/mm/profile.h"
#include "kmreplay/replay/start.h"
#include "kmreplay/trace/trace.h"
#include "kmreplay/verify/verify.h"
#include "unit/unit.h"

#include <string.h>

/* One trial: a recording, a machine, a mode. */
struct trial {
	const char *path;
	enum verify_mode mode;
	unsigned int without; /* bits of enum verify_given */
	const struct page_profile *profile; /* NULL: the recorded kernel's */
	int64_t min_free_kbytes;            /* -1: the kernel's rule */
	struct verify_log log;
};

struct reading {
	struct event_names names;
	struct survey survey;
	struct trace_info info;
	struct vec(struct event) events;
};

/* What came out of the assembler. */
struct collected {
	struct vec(struct page_op) ops; /* without their vectors */
	struct vec(size_t) takes, drains;
};

/* A recording of traces/, by its name. */
static const char *recording(struct str *path, const char *name)
{
	const char *top = getenv("top_srcdir");

	str_reset(path);
	str_addf(path, "%s/traces/%s", top ? top : ".", name);
	return str_text(path);
}

static void no_stop(void *ctx, size_t i)
{
	(void)ctx;
	(void)i;
}

static void read_all(struct reading *r, const char *path)
{
	struct trace_options options = { 0 };
	struct event_batch batch;
	struct error err;
	struct trace *trace;

	event_names_init(&r->names);
	survey_init(&r->survey);
	vec_reset(&r->events);
	trace = trace_open(path, &options, &r->names, &err);
	ck_assert_msg(trace != NULL, "%s", err.message);
	event_batch_init(&batch, TRACE_BATCH);
	while (trace_next(trace, &batch, &err) == TRACE_MORE) {
		r->survey.extfrag_names_block =
			page_profile_for(trace_info(trace)->kernel)->fallback ==
			FALLBACK_STEAL_SUITABLE;
		survey_add(&r->survey, batch.events, batch.nr);
		for (size_t i = 0; i < batch.nr; i++)
			vec_push(&r->events, batch.events[i]);
	}
	r->info = *trace_info(trace);
	event_batch_deinit(&batch);
	trace_close(trace);
}

static void read_end(struct reading *r)
{
	vec_deinit(&r->events);
	survey_deinit(&r->survey);
	event_names_deinit(&r->names);
}

static void run(struct trial *t, struct reading *r, const struct machine_config *config)
{
	const struct verify_setup setup = {
		.mode = t->mode,
		.given = ~t->without,
		.config = config,
		.survey = &r->survey,
		.names = &r->names,
	};
	const struct verify_log_options options = { .explain = UINT64_MAX, .stop = no_stop };
	struct event_batch batch = { .events = r->events.items, .nr = r->events.nr };
	const struct repair_batch repaired = { .batch = &batch };
	const struct verify_ops *ops = &verify_page_ops;
	void *look = ops->look_create(&setup), *judge;
	struct error err;

	ops->look_feed(look, NULL, &repaired);
	ops->look_finish(look);
	verify_log_init(&t->log, &options);
	judge = ops->create(&setup, look, NULL, &t->log, &err);
	ck_assert_msg(judge != NULL, "%s", err.message);
	ck_assert(ops->feed(judge, &repaired, &err));
	ck_assert_msg(ops->finish(judge, &err), "%s", err.message);
	ops->destroy(judge);
	ops->look_destroy(look);
}

static void try(struct trial *t)
{
	struct reading r = { .events = { 0 } };
	struct machine_config config;
	struct page_start pages;
	struct start_state *start;
	struct start_sources sources = { .nr_nodes = 1, .seed = 1 };
	struct str path;

	str_init(&path);
	read_all(&r, recording(&path, t->path));
	str_deinit(&path);
	machine_config_init(&config, r.info.kernel, ARCH_X86_64);
	config.nr_cpus = MAX(r.survey.nr_cpus, 2U);
	config.nr_nodes = 1;
	config.page_profile = t->profile;
	config.min_free_kbytes = t->min_free_kbytes;
	sources.survey = &r.survey;
	sources.arch = ARCH_X86_64;
	start = start_state_create(&sources);
	vec_foreach(&start->ranges, range)
		machine_config_add_range(&config, range->start, range->end, range->node);
	start_state_map(start, &config, r.survey.from_boot, &pages);
	config.start = &pages;
	run(t, &r, &config);
	page_start_deinit(&pages);
	start_state_destroy(start);
	machine_config_deinit(&config);
	read_end(&r);
}

/* Shares in thousandths. */
static unsigned int share(const struct trial *t, enum verify_metric metric)
{
	const struct verify_count *count = &t->log.counts[metric];

	ck_assert_msg(count->all > 0, "nothing of '%s'", verify_metric_desc(metric)->key);
	return (unsigned int)(count->right * 1000 / count->all);
}

static void collect(void *ctx, struct page_op *op)
{
	struct collected *c = ctx;

	vec_push(&c->ops, *op);
	vec_push(&c->takes, op->takes.nr);
	vec_push(&c->drains, op->drains.nr);
}

static void put(struct page_calls *calls, enum event_type type, int32_t pid, uint64_t pfn,
		unsigned int order)
{
	struct event ev = { .type = (uint8_t)type, .pid = pid, .flags = EVENT_F_CONTEXT };

	ev.page.pfn = pfn;
	ev.page.order = (uint8_t)order;
	ev.page.percpu_refill = 1;
	page_calls_event(calls, &ev);
}

static void collect_end(struct page_calls *calls, struct collected *c)
{
	page_calls_deinit(calls);
	vec_deinit(&c->ops);
	vec_deinit(&c->takes);
	vec_deinit(&c->drains);
}

START_TEST(calls_are_put_together)
{
	struct collected c = { .ops = { 0 } };
	struct page_calls calls;

	page_calls_init(&calls, collect, &c);
	/* A refill, another task in between, and the page that it was for. */
	put(&calls, EVENT_ZONE_LOCKED, 7, 100, 0);
	put(&calls, EVENT_ZONE_LOCKED, 7, 101, 0);
	put(&calls, EVENT_PAGE_ALLOC, 8, 50, 0);
	put(&calls, EVENT_PAGE_ALLOC, 7, 100, 0);
	/* A free, and what it drains. */
	put(&calls, EVENT_PAGE_FREE, 7, 60, 0);
	put(&calls, EVENT_PCPU_DRAIN, 7, 61, 0);
	put(&calls, EVENT_PCPU_DRAIN, 7, 62, 0);
	/* A group that nobody got the first page of. */
	put(&calls, EVENT_ZONE_LOCKED, 7, 200, 0);
	put(&calls, EVENT_ZONE_LOCKED, 7, 201, 0);
	put(&calls, EVENT_PAGE_ALLOC, 7, 300, 0);
	page_calls_finish(&calls);
	ck_assert_uint_eq(c.ops.nr, 5);
	ck_assert_int_eq(c.ops.items[0].kind, PAGE_OP_ALLOC);
	ck_assert_uint_eq(c.ops.items[0].ev.page.pfn, 100);
	ck_assert_uint_eq(c.takes.items[0], 2);
	ck_assert_uint_eq(c.ops.items[1].ev.page.pfn, 50);
	ck_assert_uint_eq(c.takes.items[1], 0);
	ck_assert_int_eq(c.ops.items[2].kind, PAGE_OP_FREE);
	ck_assert_uint_eq(c.drains.items[2], 2);
	ck_assert_int_eq(c.ops.items[3].kind, PAGE_OP_BULK);
	ck_assert_uint_eq(c.takes.items[3], 2);
	ck_assert_uint_eq(c.ops.items[4].ev.page.pfn, 300);
	collect_end(&calls, &c);
}
END_TEST

/* Pages of a list are announced first, and go to their per-CPU lists later, in order. */
START_TEST(lists_are_freed_when_they_are)
{
	struct collected c = { .ops = { 0 } };
	struct page_calls calls;

	page_calls_init(&calls, collect, &c);
	put(&calls, EVENT_PAGE_FREE, 7, 10, 0);
	put(&calls, EVENT_PAGE_FREE, 7, 11, 0);
	put(&calls, EVENT_PAGE_FREE, 7, 12, 0);
	put(&calls, EVENT_PAGE_FREE, 8, 99, 0);
	put(&calls, EVENT_PAGE_FREE_BATCHED, 7, 10, 0);
	put(&calls, EVENT_PAGE_FREE_BATCHED, 7, 12, 0);
	put(&calls, EVENT_PAGE_ALLOC, 7, 40, 0);
	page_calls_finish(&calls);
	ck_assert_uint_eq(c.ops.nr, 5);
	/* 11 was passed over: it had gone elsewhere when it was announced. */
	ck_assert_uint_eq(c.ops.items[0].ev.page.pfn, 11);
	ck_assert(c.ops.items[0].missed_batch);
	ck_assert_uint_eq(c.ops.items[1].ev.page.pfn, 99);
	ck_assert(!c.ops.items[1].missed_batch);
	ck_assert_uint_eq(c.ops.items[2].ev.page.pfn, 10);
	ck_assert_uint_eq(c.ops.items[3].ev.page.pfn, 12);
	collect_end(&calls, &c);
}
END_TEST

/* vfree() of 7.2: a block that was split comes back as one. */
START_TEST(neighbours_are_freed_together)
{
	struct collected c = { .ops = { 0 } };
	struct page_calls calls;

	page_calls_init(&calls, collect, &c);
	calls.runs = true;
	put(&calls, EVENT_PAGE_ALLOC, 7, 16, 2);
	put(&calls, EVENT_PAGE_ALLOC, 7, 20, 0);
	for (uint64_t pfn = 16; pfn < 21; pfn++)
		put(&calls, EVENT_PAGE_FREE, 7, pfn, 0);
	put(&calls, EVENT_PAGE_ALLOC, 7, 40, 0);
	page_calls_finish(&calls);
	ck_assert_uint_eq(c.ops.nr, 5);
	ck_assert_uint_eq(c.ops.items[2].run, 4);
	ck_assert_uint_eq(c.ops.items[2].ev.page.pfn, 19);
	/* Asked for alone, freed alone. */
	ck_assert_uint_eq(c.ops.items[3].run, 1);
	ck_assert_uint_eq(c.ops.items[3].ev.page.pfn, 20);
	collect_end(&calls, &c);
}
END_TEST

static uint32_t five_pages(void *ctx, const struct event *ev)
{
	(void)ctx;
	return ev->type == EVENT_KMALLOC ? 5 : 0;
}

static void put_with_gfp(struct page_calls *calls, uint64_t pfn, unsigned int order, uint32_t gfp)
{
	struct event ev = { .type = EVENT_PAGE_ALLOC, .pid = 7, .flags = EVENT_F_CONTEXT };

	ev.page.pfn = pfn;
	ev.page.order = (uint8_t)order;
	ev.page.gfp = gfp;
	page_calls_event(calls, &ev);
}

/* What vmalloc asks for comes with events in part: those are not silent. */
START_TEST(silent_are_those_without_events)
{
	static const struct {
		unsigned int order; /* of a block that has an event */
		bool failed, for_tables;
		uint32_t silent;
	} cases[] = {
		{ 0, false, false, 4 },
		{ 1, false, false, 3 },
		{ 2, false, false, 0 }, /* a last page would have one, too */
		{ 2, true, false, 5 },
		{ 0, false, true, 5 }, /* a page table */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct collected c = { .ops = { 0 } };
		struct page_calls calls;
		uint32_t silent = 0;

		page_calls_init(&calls, collect, &c);
		calls.asks = five_pages;
		put(&calls, EVENT_KMALLOC, 7, 0, 0);
		put_with_gfp(&calls, cases[i].failed ? EVENT_PFN_FAILED : 64, cases[i].order,
			     cases[i].for_tables ? GFP_BITS_KERNEL :
						   GFP_BITS_KERNEL | GFP_BIT_HIGHMEM);
		put(&calls, EVENT_KFREE, 7, 0, 0);
		page_calls_finish(&calls);
		vec_foreach(&c.ops, op)
			silent += op->kind == PAGE_OP_BULK ? op->asked : 0;
		ck_assert_msg(silent == cases[i].silent, "case %zu: %u", i, silent);
		collect_end(&calls, &c);
	}
}
END_TEST

START_TEST(follows_a_recorded_boot)
{
	static const struct {
		const char *path;
		unsigned int pfn, take; /* at least, in thousandths */
	} cases[] = {
		/* Cut short: what later events would tell of the start is missing. */
		{ "boot-61.txt.gz", 950, 950 },
		{ "boot-612.txt.zst", 950, 950 },
		{ "boot-72.txt.gz", 950, 950 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct trial follow = { .path = cases[i].path, .min_free_kbytes = -1 };
		struct trial alone = follow;

		alone.mode = VERIFY_FREE;
		try(&follow);
		ck_assert_uint_ge(share(&follow, VERIFY_PAGE_PFN), cases[i].pfn);
		ck_assert_uint_ge(share(&follow, VERIFY_PAGE_TAKE), cases[i].take);
		try(&alone);
		/* Errors add up: no more can be right than where each is corrected. */
		ck_assert_uint_le(alone.log.counts[VERIFY_PAGE_PFN].right,
				  follow.log.counts[VERIFY_PAGE_PFN].right);
		ck_assert_uint_eq(alone.log.counts[VERIFY_PAGE_PFN].all,
				  follow.log.counts[VERIFY_PAGE_PFN].all);
		verify_log_deinit(&follow.log);
		verify_log_deinit(&alone.log);
	}
}
END_TEST

/* Fewer facts, fewer hits; with none of them next to nothing is right. */
static void take_away(const struct trial *full, unsigned int without)
{
	struct trial t = { .path = full->path, .mode = full->mode, .min_free_kbytes = -1 };
	const uint64_t right = full->log.counts[VERIFY_PAGE_PFN].right;

	t.without = without;
	try(&t);
	ck_assert_uint_eq(t.log.counts[VERIFY_PAGE_PFN].all,
			  full->log.counts[VERIFY_PAGE_PFN].all);
	ck_assert_msg(t.log.counts[VERIFY_PAGE_PFN].right <= right, "more without bits 0x%x",
		      without);
	if (without == ~0U)
		ck_assert_uint_lt(t.log.counts[VERIFY_PAGE_PFN].right * 4, right);
	verify_log_deinit(&t.log);
}

START_TEST(what_is_given_counts)
{
	static const char *const paths[] = { "boot-61.txt.gz", "boot-612.txt.zst" };

	for (size_t i = 0; i < ARRAY_SIZE(paths) * VERIFY_MODE_NR; i++) {
		struct trial full = { .path = paths[i / VERIFY_MODE_NR],
				      .mode = (enum verify_mode)(i % VERIFY_MODE_NR),
				      .min_free_kbytes = -1 };

		try(&full);
		/* Free-running, a single fact may be missed to good luck. */
		for (unsigned int given = 0; given < GIVEN_NR && !full.mode; given++)
			take_away(&full, 1U << given);
		take_away(&full, ~0U);
		verify_log_deinit(&full.log);
	}
}
END_TEST

/* A judge is worth something only if wrong rules lose. */
START_TEST(broken_rules_are_seen)
{
	const struct page_profile *good = page_profile_for((struct kernel_version){ 6, 12 });
	struct page_profile other_end = *good, stealing = *good;
	const struct {
		const char *path;
		const struct page_profile *profile;
		int64_t min_free_kbytes;
		enum verify_metric suffers;
	} cases[] = {
		/* Freed pages behind all others; fallback as it was before 6.10. */
		{ "boot-612.txt.zst", &other_end, -1, VERIFY_PAGE_PFN },
		{ "boot-612.txt.zst", &stealing, -1, VERIFY_PAGE_TAKE },
	};

	other_end.pcp_other_end = other_end.buddy_other_end = true;
	stealing.fallback = FALLBACK_STEAL_SUITABLE;
	stealing.lists_follow_pageblocks = false;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct trial right = { .path = cases[i].path, .min_free_kbytes = -1 };
		struct trial wrong = right;

		try(&right);
		wrong.profile = cases[i].profile;
		wrong.min_free_kbytes = cases[i].min_free_kbytes;
		try(&wrong);
		ck_assert_uint_lt(wrong.log.counts[cases[i].suffers].right,
				  right.log.counts[cases[i].suffers].right);
		verify_log_deinit(&right.log);
		verify_log_deinit(&wrong.log);
	}
}
END_TEST

static struct event random_event(struct rng *rng)
{
	static const uint8_t types[] = {
		EVENT_PAGE_ALLOC, EVENT_PAGE_FREE, EVENT_ZONE_LOCKED, EVENT_PCPU_DRAIN,
		EVENT_EXTFRAG, EVENT_PAGE_FREE_BATCHED, EVENT_PROBE_PAGES_BULK,
		EVENT_PROBE_PAGES_BULK_RET, EVENT_KSWAPD_WAKE, EVENT_KSWAPD_SLEEP,
		EVENT_ZONE_WMARKS, EVENT_KMALLOC,
	};
	struct event ev = { .flags = EVENT_F_CONTEXT };

	memset(ev.raw, 0, sizeof(ev.raw));
	ev.type = types[rng_below(rng, ARRAY_SIZE(types))];
	ev.pid = (int32_t)rng_below(rng, 4);
	ev.cpu = (uint16_t)(rng_below(rng, 50) ? rng_below(rng, 3) : 60000);
	ev.time = rng_below(rng, 1ULL << 34);
	if (!rng_below(rng, 8))
		ev.flags |= EVENT_F_SOFTIRQ;
	if (ev.type == EVENT_KMALLOC)
		return ev;
	if (ev.type == EVENT_PROBE_PAGES_BULK || ev.type == EVENT_PROBE_PAGES_BULK_RET) {
		ev.probe.nr = (uint32_t)(rng_below(rng, 20) ? rng_below(rng, 8) : UINT32_MAX);
		return ev;
	}
	if (ev.type == EVENT_KSWAPD_WAKE || ev.type == EVENT_KSWAPD_SLEEP) {
		ev.ordered.node = (int32_t)rng_below(rng, 3) - 1;
		return ev;
	}
	if (ev.type == EVENT_ZONE_WMARKS)
		return ev;
	ev.page.pfn = 0x1000 + rng_below(rng, 0x100) * (rng_below(rng, 3) ? 1 : 64);
	if (!rng_below(rng, 40))
		ev.page.pfn = UINT64_MAX - rng_below(rng, 3);
	if (ev.type == EVENT_EXTFRAG) {
		ev.extfrag.alloc_order = (uint8_t)rng_below(rng, 4);
		ev.extfrag.fallback_order = (uint8_t)rng_below(rng, 14);
		ev.extfrag.alloc_migratetype = (uint8_t)rng_below(rng, 7);
		ev.extfrag.fallback_migratetype = (uint8_t)rng_below(rng, 7);
		return ev;
	}
	ev.page.order = (uint8_t)(rng_below(rng, 3) ? 0 : rng_below(rng, 13));
	ev.page.gfp = (uint32_t)rng_below(rng, 1ULL << 25);
	ev.page.migratetype = (uint8_t)rng_below(rng, 7);
	ev.page.percpu_refill = (uint8_t)rng_below(rng, 2);
	return ev;
}

static void survive(unsigned int seed)
{
	static const struct kernel_version kernels[] = { { 6, 1 }, { 6, 12 }, { 7, 2 } };
	struct trial t = { .mode = seed % 2 ? VERIFY_FREE : VERIFY_FOLLOW };
	struct reading r = { .events = { 0 } };
	struct machine_config config;
	struct rng rng;

	event_names_init(&r.names);
	survey_init(&r.survey);
	rng_init(&rng, seed);
	for (unsigned int i = 0; i < 20000; i++)
		vec_push(&r.events, random_event(&rng));
	survey_add(&r.survey, r.events.items, r.events.nr);
	machine_config_init(&config, kernels[seed % ARRAY_SIZE(kernels)], ARCH_X86_64);
	config.nr_cpus = 2;
	config.nr_nodes = 1;
	machine_config_add_range(&config, 0x100, 0x6000, 0);
	run(&t, &r, &config);
	verify_log_deinit(&t.log);
	machine_config_deinit(&config);
	read_end(&r);
}

/* Nothing that can stand in a recording may end the program. */
START_TEST(survives_any_recording)
{
	for (unsigned int seed = 1; seed <= 12; seed++)
		survive(seed);
}
END_TEST

UNIT_MAIN("verify/page", calls_are_put_together, lists_are_freed_when_they_are,
	  neighbours_are_freed_together, silent_are_those_without_events,
	  follows_a_recorded_boot, what_is_given_counts,
	  broken_rules_are_seen, survives_any_recording)
