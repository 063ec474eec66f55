/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What no event tells, and the judge of the page layer has to find out. An allocator of ours makes
 * recordings of itself, in which things happen without a word; both judgements of them must be
 * right to the last page. Each case failed before the rule that it is named after was there.
 */
#include <config.h>

#include "kmreplay/abi/gfp.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/page_follow.h"
#include "kmreplay/mm/page_start.h"
#include "kmreplay/mm/zone.h"
#include "kmreplay/verify/verify.h"
#include "unit/unit.h"

#include <string.h>

enum {
	BATCH = 8,
	HIGH = 64,
	MOVABLE = GFP_BITS_KERNEL | GFP_BIT_MOVABLE,
	TASK = 7,
	KSWAPD = 50,
};

/* Whoever records, and what it has recorded. */
struct recorder {
	struct machine_config config;
	struct page_allocator *pa;
	struct page_take take;
	bool off; /* nothing is recorded */
	int32_t pid;
	uint8_t flags;
	uint64_t time;
	struct event_names names;
	struct vec(struct event) events;
};

static struct event *record(struct recorder *r, enum event_type type)
{
	struct event ev = { .type = (uint8_t)type, .pid = r->pid };

	ev.flags = (uint8_t)(EVENT_F_CONTEXT | r->flags);
	ev.time = r->time++;
	vec_push(&r->events, ev);
	return &r->events.items[r->events.nr - 1];
}

static void record_page(struct recorder *r, enum event_type type, uint64_t pfn, unsigned int order,
			uint32_t gfp)
{
	struct event *ev;

	if (r->off)
		return;
	ev = record(r, type);
	ev->page.pfn = pfn;
	ev->page.order = (uint8_t)order;
	ev->page.gfp = gfp;
	ev->page.migratetype = MIGRATE_MOVABLE;
	ev->page.percpu_refill = type == EVENT_ZONE_LOCKED;
}

static bool serves(void *ctx, unsigned int zone,
		   unsigned int alloc_flags UNUSED, bool ours)
{
	(void)ctx;
	(void)zone;
	return ours;
}

static bool pop(void *ctx, const struct page_list *list)
{
	(void)ctx;
	(void)list;
	return true;
}

static bool more(void *ctx, unsigned int got, unsigned int want)
{
	(void)ctx;
	return got < want;
}

static uint64_t take(void *ctx, const struct page_take *take)
{
	struct recorder *r = ctx;

	r->take = *take;
	return PAGE_FOLLOW_OURS;
}

static void taken(void *ctx, uint64_t ours, enum page_place place)
{
	struct recorder *r = ctx;

	(void)place;
	ck_assert(ours != PAGE_FOLLOW_NONE);
	record_page(r, EVENT_ZONE_LOCKED, ours, r->take.order, 0);
}

static void extfrag(void *ctx, const struct page_extfrag *extfrag)
{
	(void)ctx;
	(void)extfrag;
	ck_abort_msg("a fallback, which is not recorded here");
}

static void drain(void *ctx, unsigned int zone, unsigned int cpu, unsigned int nr_pages)
{
	(void)ctx;
	(void)zone;
	(void)cpu;
	(void)nr_pages;
}

static uint64_t drained(void *ctx, uint64_t ours)
{
	struct recorder *r = ctx;
	struct page_where where;

	page_follow_find(r->pa, ours, &where);
	record_page(r, EVENT_PCPU_DRAIN, ours, where.order, 0);
	return PAGE_FOLLOW_OURS;
}

static void wake(void *ctx, unsigned int node)
{
	(void)ctx;
	(void)node;
}

static const struct page_follow recording = {
	.serves = serves,
	.pop = pop,
	.more = more,
	.take = take,
	.taken = taken,
	.extfrag = extfrag,
	.drain = drain,
	.drained = drained,
	.wake = wake,
};

static void begin_on(struct recorder *r, struct kernel_version kernel, int pcp_high)
{
	struct error err;

	memset(r, 0, sizeof(*r));
	event_names_init(&r->names);
	machine_config_init(&r->config, kernel, ARCH_X86_64);
	r->config.nr_cpus = 1;
	r->config.nr_nodes = 1;
	r->config.pcp_batch = BATCH;
	r->config.pcp_high = pcp_high;
	machine_config_add_range(&r->config, 0x1000, 0x9000, 0);
	r->pa = page_allocator_create(&r->config, NULL, NULL, &err);
	ck_assert_msg(r->pa != NULL, "%s", err.message);
	page_follow(r->pa, &recording, r);
	r->pid = TASK;
	r->time = 1000;
}

static void begin(struct recorder *r)
{
	begin_on(r, (struct kernel_version){ 6, 1 }, HIGH);
}

static uint64_t get(struct recorder *r, unsigned int order)
{
	struct mm_outcome outcome = page_alloc(r->pa, 0, MOVABLE, order, -1, 0);

	ck_assert(mm_ok(outcome));
	record_page(r, EVENT_PAGE_ALLOC, outcome.addr, order, MOVABLE);
	return outcome.addr;
}

static void put(struct recorder *r, uint64_t pfn, unsigned int order)
{
	record_page(r, EVENT_PAGE_FREE, pfn, order, 0);
	(void)page_free(r->pa, 0, pfn, order);
}

/* alloc_pages_bulk(): only its refills are seen. */
static uint64_t get_silently(struct recorder *r)
{
	struct page_list list = { .type = MIGRATE_MOVABLE };
	struct page_where where;

	page_follow_find(r->pa, 0x2000, &where);
	list.zone = where.zone;
	return page_follow_bulk(r->pa, &list);
}

static void judge(struct recorder *r, enum verify_mode mode, struct verify_log *log)
{
	const struct verify_log_options options = { .explain = UINT64_MAX };
	struct event_batch batch = { .events = r->events.items, .nr = r->events.nr };
	const struct repair_batch repaired = { .batch = &batch };
	const struct verify_ops *ops = &verify_page_ops;
	struct survey survey;
	struct verify_setup setup = { .mode = mode, .given = ~0U, .config = &r->config,
				      .survey = &survey, .names = &r->names };
	void *look, *judge;
	struct error err;

	survey_init(&survey);
	survey.extfrag_names_block = true;
	survey_add(&survey, batch.events, batch.nr);
	look = ops->look_create(&setup);
	ops->look_feed(look, NULL, &repaired);
	ops->look_finish(look);
	verify_log_init(log, &options);
	judge = ops->create(&setup, look, NULL, log, &err);
	ck_assert_msg(judge != NULL, "%s", err.message);
	ck_assert(ops->feed(judge, &repaired, &err));
	ck_assert_msg(ops->finish(judge, &err), "%s", err.message);
	ops->destroy(judge);
	ops->look_destroy(look);
	survey_deinit(&survey);
}

/* Differences of one mode, false alarms included. */
static uint64_t wrong(struct recorder *r, enum verify_mode mode)
{
	struct verify_log log;
	uint64_t nr = 0;

	judge(r, mode, &log);
	ck_assert_uint_gt(log.counts[VERIFY_PAGE_PFN].all, 0);
	for (unsigned int i = 0; i < VERIFY_METRIC_NR; i++)
		nr += log.counts[i].all - log.counts[i].right + log.counts[i].alarms;
	verify_log_deinit(&log);
	return nr;
}

static void finish(struct recorder *r)
{
	page_allocator_destroy(r->pa);
	machine_config_deinit(&r->config);
	event_names_deinit(&r->names);
	vec_deinit(&r->events);
}

static void expect_all_right(struct recorder *r)
{
	ck_assert_uint_eq(wrong(r, VERIFY_FOLLOW), 0);
	ck_assert_uint_eq(wrong(r, VERIFY_FREE), 0);
	finish(r);
}

/* The recorder's own word is taken when nothing is hidden: else the cases below say nothing. */
START_TEST(nothing_is_hidden)
{
	uint64_t pages[3 * HIGH];
	struct recorder r;

	begin(&r);
	for (size_t round = 0; round < 3; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
			pages[i] = get(&r, 0);
		for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
			put(&r, pages[i], 0);
	}
	expect_all_right(&r);
}
END_TEST

/* event_trace_enable_again(): a refill, and what was given out of it, while events were off. */
START_TEST(events_are_off_for_a_while)
{
	struct recorder r;

	begin(&r);
	for (unsigned int i = 0; i < 2 * BATCH; i++)
		(void)get(&r, 0);
	r.off = true;
	for (unsigned int i = 0; i < 3; i++)
		(void)get(&r, 0);
	r.off = false;
	(void)get(&r, 0);
	r.off = true;
	(void)get(&r, 0);
	r.off = false;
	for (unsigned int i = 0; i < 2 * BATCH; i++)
		(void)get(&r, 0);
	expect_all_right(&r);
}
END_TEST

static void reclaiming(struct recorder *r, bool active)
{
	struct zone_info info;

	for (unsigned int i = 0; i < zone_count(r->pa); i++) {
		zone_info(r->pa, i, &info);
		page_follow_reclaiming(r->pa, i, active);
	}
}

/* balance_pgdat() ends without a word, long before kswapd sleeps. */
START_TEST(kswapd_is_done_before_it_sleeps)
{
	uint64_t pages[6 * BATCH];
	struct recorder r;

	begin(&r);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = get(&r, 0);
	r.pid = KSWAPD;
	record(&r, EVENT_KSWAPD_WAKE);
	reclaiming(&r, true);
	r.pid = TASK;
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		put(&r, pages[i], 0);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = get(&r, 0);
	r.pid = KSWAPD;
	record(&r, EVENT_KFREE);
	reclaiming(&r, false);
	r.pid = TASK;
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		put(&r, pages[i], 0);
	r.pid = KSWAPD;
	record(&r, EVENT_KSWAPD_SLEEP);
	r.pid = TASK;
	(void)get(&r, 0);
	expect_all_right(&r);
}
END_TEST

/* alloc_pages_exact(): the pages behind the last one asked for. */
static void get_exactly_one(struct recorder *r)
{
	const uint64_t pfn = get(r, 2);

	for (unsigned int i = 0; i < 4; i++)
		(void)page_follow_own(r->pa, pfn + i, 0, MIGRATE_MOVABLE);
	for (unsigned int i = 1; i < 4; i++) {
		record_page(r, EVENT_PAGE_FREE, pfn + i, 0, 0);
		page_free_direct(r->pa, 0, pfn + i, 0, true);
	}
}

START_TEST(excess_goes_to_the_tail)
{
	struct recorder r;

	begin(&r);
	get_exactly_one(&r);
	get_exactly_one(&r);
	for (unsigned int i = 0; i < 2 * BATCH; i++)
		(void)get(&r, 0);
	expect_all_right(&r);
}
END_TEST

/* Found out by a follower, and good for the one that runs free. */
START_TEST(memory_in_use_is_learned)
{
	struct recorder r;
	uint64_t pfn;

	begin(&r);
	r.off = true;
	pfn = get(&r, 10);
	ck_assert_int_eq(page_follow_own(r.pa, pfn, 10, MIGRATE_MOVABLE), PAGE_PLACE_OURS);
	r.off = false;
	for (unsigned int i = 0; i < 4; i++)
		(void)get(&r, 10);
	for (unsigned int i = 0; i < 4 * BATCH; i++)
		(void)get(&r, 0);
	ck_assert_uint_gt(wrong(&r, VERIFY_FOLLOW), 0);
	ck_assert_uint_eq(wrong(&r, VERIFY_FREE), 0);
	finish(&r);
}
END_TEST

/* The free of a page that is thought to be in a list tells that it had left it, by then. */
START_TEST(silent_page_is_found_behind_others)
{
	uint64_t pages[BATCH], silent;
	struct recorder r;

	begin(&r);
	for (unsigned int i = 0; i < BATCH; i++)
		pages[i] = get(&r, 0);
	put(&r, pages[0], 0);
	put(&r, pages[1], 0);
	silent = get_silently(&r);
	ck_assert_uint_eq(silent, pages[1]);
	put(&r, pages[2], 0);
	put(&r, silent, 0);
	for (unsigned int i = 0; i < 2 * BATCH; i++)
		(void)get(&r, 0);
	expect_all_right(&r);
}
END_TEST

/* How many pages of its refill a silent request took shows by the next one that is seen. */
START_TEST(silent_request_used_its_refill)
{
	uint64_t pages[HIGH];
	struct recorder r;

	begin(&r);
	for (unsigned int i = 0; i < HIGH; i++)
		pages[i] = get(&r, 0);
	for (unsigned int i = 0; i + 2 < BATCH; i++)
		(void)get_silently(&r);
	r.pid = TASK + 1;
	for (unsigned int i = 0; i < HIGH; i++)
		put(&r, pages[i], 0);
	for (unsigned int i = 0; i < HIGH; i++)
		(void)get(&r, 0);
	expect_all_right(&r);
}
END_TEST

/* 6.1 flushes all of a CPU's lists when a larger block is freed; a page was gone by then. */
START_TEST(drain_passes_over_what_is_gone)
{
	uint64_t pages[2 * HIGH], block;
	struct recorder r;

	begin(&r);
	block = get(&r, 1);
	for (unsigned int i = 0; i < 2 * HIGH; i++)
		pages[i] = get(&r, 0);
	/* Past the limit, so that the next flush is a full one. */
	for (unsigned int i = 0; i < HIGH - 4; i++)
		put(&r, pages[i], 0);
	(void)get_silently(&r);
	put(&r, pages[HIGH], 0);
	put(&r, pages[HIGH + 1], 0);
	put(&r, block, 1);
	for (unsigned int i = 0; i < HIGH; i++)
		(void)get(&r, 0);
	expect_all_right(&r);
}
END_TEST

/* decay_pcp_high() lowers a limit without a word; the drain that follows tells. */
START_TEST(limit_that_decayed_is_learned)
{
	uint64_t pages[2000];
	struct page_limits limits;
	struct page_where where;
	struct recorder r;

	begin_on(&r, (struct kernel_version){ 6, 12 }, -1);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = get(&r, 0);
	page_follow_find(r.pa, pages[0], &where);
	page_follow_limits(r.pa, where.zone, 0, &limits);
	ck_assert_int_gt(limits.high, limits.high_min);
	page_follow_set_high(r.pa, where.zone, 0, limits.high_min);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		put(&r, pages[i], 0);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = get(&r, 0);
	ck_assert_uint_gt(wrong(&r, VERIFY_FOLLOW), 0);
	ck_assert_uint_eq(wrong(&r, VERIFY_FREE), 0);
	finish(&r);
}
END_TEST

/* vmalloc of "nr" pages: the array for them, then the pages. */
static void get_by_vmalloc(struct recorder *r, uint32_t nr)
{
	static const char site[] = "__vmalloc_node_range+0x1ce/0x880";
	struct event *ev = record(r, EVENT_KMALLOC);

	ev->site = event_site_add(&r->names, site, strlen(site));
	ev->slab.bytes_req = nr * 8ULL;
	/* Not what vmalloc asks for, but as good: the type that this recorder's pages have. */
	ev->slab.gfp = MOVABLE;
	for (uint32_t i = 0; i < nr; i++)
		(void)get_silently(r);
	ev = record(r, EVENT_KFREE);
}

/* Pages that are never heard of again have left their list all the same, and it fills later. */
START_TEST(array_of_pages_tells_how_many)
{
	uint64_t pages[HIGH + BATCH];
	struct recorder r;

	begin(&r);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = get(&r, 0);
	for (unsigned int i = 0; i < BATCH; i++)
		put(&r, pages[i], 0);
	get_by_vmalloc(&r, BATCH - 2); /* no refill */
	for (size_t i = BATCH; i < ARRAY_SIZE(pages); i++)
		put(&r, pages[i], 0);
	get_by_vmalloc(&r, 2 * HIGH); /* several calls and refills */
	for (unsigned int i = 0; i < HIGH; i++)
		(void)get(&r, 0);
	expect_all_right(&r);
}
END_TEST

UNIT_MAIN("verify/page_unseen", nothing_is_hidden, events_are_off_for_a_while,
	  kswapd_is_done_before_it_sleeps, excess_goes_to_the_tail, memory_in_use_is_learned,
	  silent_page_is_found_behind_others, silent_request_used_its_refill,
	  drain_passes_over_what_is_gone, limit_that_decayed_is_learned,
	  array_of_pages_tells_how_many)
