/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judge of the page layer under pressure, on recordings made up for it: compaction, who wakes
 * kswapd, watermarks that are written meanwhile.
 */
#include <config.h>

#include "kmreplay/abi/gfp.h"
#include "kmreplay/verify/verify.h"
#include "unit/unit.h"

#include <string.h>

enum {
	BASE = 0x100000, /* zone Normal alone: no marks of others matter */
	PAGES = 0x8000,
	TOP = 1 << KERNEL_MAX_ORDER,
	GFP = GFP_BITS_KERNEL,
};

struct scene {
	struct event_names names;
	struct survey survey;
	struct verify_log log;
	struct vec(struct event) events;
	int64_t min_free_kbytes;
	unsigned int without; /* bits of enum verify_given */
};

static void scene_init(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	event_names_init(&s->names);
	survey_init(&s->survey);
	s->min_free_kbytes = -1;
}

static void scene_deinit(struct scene *s)
{
	verify_log_deinit(&s->log);
	vec_deinit(&s->events);
	survey_deinit(&s->survey);
	event_names_deinit(&s->names);
}

static struct event *add(struct scene *s, enum event_type type, int32_t pid)
{
	vec_push(&s->events, (struct event){ .type = (uint8_t)type, .pid = pid,
					     .time = s->events.nr * 1000 });
	return &s->events.items[s->events.nr - 1];
}

static void add_page(struct scene *s, enum event_type type, int32_t pid, uint64_t pfn,
		     unsigned int order)
{
	struct event *ev = add(s, type, pid);

	ev->page.pfn = pfn;
	ev->page.order = (uint8_t)order;
	ev->page.gfp = GFP;
	ev->page.migratetype = MIGRATE_MOVABLE;
}

/* A block of an order that has no per-CPU lists, taken for movable memory. */
static void add_take(struct scene *s, uint64_t pfn)
{
	add_page(s, EVENT_ZONE_LOCKED, 1, pfn, KERNEL_MAX_ORDER);
	add_page(s, EVENT_PAGE_ALLOC, 1, pfn, KERNEL_MAX_ORDER);
	s->events.items[s->events.nr - 1].page.gfp |= GFP_BIT_MOVABLE;
}

static void add_range(struct scene *s, enum event_type type, uint64_t start, uint64_t end,
		      uint64_t nr_scanned, uint64_t nr_taken)
{
	struct event *ev = add(s, type, 2);

	ev->range.start = start;
	ev->range.end = end;
	ev->range.a = nr_scanned;
	ev->range.b = nr_taken;
}

static void no_stop(void *ctx, size_t i)
{
	(void)ctx;
	(void)i;
}

static const struct verify_count *judge(struct scene *s, enum verify_metric metric)
{
	const struct verify_log_options options = { .explain = UINT64_MAX, .stop = no_stop };
	const struct verify_ops *ops = &verify_page_ops;
	struct event_batch batch = { .events = s->events.items, .nr = s->events.nr };
	const struct repair_batch repaired = { .batch = &batch };
	struct machine_config config;
	struct verify_setup setup = {
		.mode = VERIFY_FOLLOW, .given = ~s->without, .config = &config,
		.survey = &s->survey, .names = &s->names,
	};
	struct error err;
	void *look, *made;

	machine_config_init(&config, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	config.min_free_kbytes = s->min_free_kbytes;
	machine_config_add_range(&config, BASE, BASE + PAGES, 0);
	look = ops->look_create(&setup);
	ops->look_feed(look, NULL, &repaired);
	ops->look_finish(look);
	verify_log_init(&s->log, &options);
	made = ops->create(&setup, look, NULL, &s->log, &err);
	ck_assert_msg(made != NULL, "%s", err.message);
	ck_assert(ops->feed(made, &repaired, &err));
	ck_assert_msg(ops->finish(made, &err), "%s", err.message);
	ops->destroy(made);
	ops->look_destroy(look);
	machine_config_deinit(&config);
	return &s->log.counts[metric];
}

/* What compaction took is not free any more, though no event names it. */
START_TEST(compaction_takes_what_its_numbers_say)
{
	struct scene s;

	scene_init(&s);
	add_range(&s, EVENT_COMPACT_ISO_MIGRATE, BASE + PAGES - 512, BASE + PAGES, 512, 32);
	add_range(&s, EVENT_COMPACT_ISO_FREE, BASE, BASE + 512, TOP, TOP);
	add(&s, EVENT_COMPACT_MIGRATE, 2);
	add(&s, EVENT_COMPACT_END, 2);
	add_take(&s, BASE + TOP);
	ck_assert_uint_eq(judge(&s, VERIFY_PAGE_TAKE)->right, 1);
	verify_log_deinit(&s.log);
	s.without = 1U << GIVEN_RECLAIM;
	ck_assert_uint_eq(judge(&s, VERIFY_PAGE_TAKE)->right, 0);
	scene_deinit(&s);
}
END_TEST

/* compaction_free() fires mm_page_free, but the page stays with the run; its end gives it back. */
START_TEST(a_page_put_back_stays_with_compaction)
{
	struct scene s;

	scene_init(&s);
	for (int released = 0; released < 2; released++) {
		vec_reset(&s.events);
		add_range(&s, EVENT_COMPACT_ISO_MIGRATE, BASE + PAGES - 512, BASE + PAGES, 512, 32);
		add_range(&s, EVENT_COMPACT_ISO_FREE, BASE, BASE + 512, TOP, TOP);
		if (!released)
			add_page(&s, EVENT_PAGE_FREE, 2, BASE, KERNEL_MAX_ORDER);
		add(&s, EVENT_COMPACT_MIGRATE, 2);
		if (released)
			add_page(&s, EVENT_PAGE_FREE, 2, BASE, KERNEL_MAX_ORDER);
		add(&s, EVENT_COMPACT_END, 2);
		add_take(&s, released ? BASE : BASE + TOP);
		ck_assert_uint_eq(judge(&s, VERIFY_PAGE_TAKE)->right, 1);
		verify_log_deinit(&s.log);
	}
	verify_log_init(&s.log, &(struct verify_log_options){ .explain = UINT64_MAX });
	scene_deinit(&s);
}
END_TEST

static void add_kswapd(struct scene *s, enum event_type type, int32_t pid)
{
	struct event *ev = add(s, type, pid);

	memset(&ev->ordered, 0, sizeof(ev->ordered));
}

enum {
	NR_TAKEN = PAGES / TOP - 3, /* so many blocks taken leave 3072 pages: */
	MIN_FREE = 9808,            /* KiB; below low (3065) with one more taken, above min */
	LEFT = BASE + NR_TAKEN * TOP,
};

static void fill(struct scene *s)
{
	s->min_free_kbytes = MIN_FREE;
	for (uint64_t i = 0; i < NR_TAKEN; i++)
		add_take(s, BASE + i * TOP);
}

/* Requests of more than lists hold, so that each one comes to the marks and the free lists. */
static void add_order4(struct scene *s, uint64_t nr)
{
	add_page(s, EVENT_ZONE_LOCKED, 1, LEFT + nr * 16, 4);
	add_page(s, EVENT_PAGE_ALLOC, 1, LEFT + nr * 16, 4);
}

/* Whoever finds the low mark passed wakes kswapd, but only when it waits. */
START_TEST(kswapd_is_woken_when_it_waits)
{
	const struct verify_count *count;
	struct scene s;

	scene_init(&s);
	fill(&s);
	add_kswapd(&s, EVENT_KSWAPD_WAKEUP, 1);
	add_order4(&s, 0);
	add_order4(&s, 1); /* it is up already */
	add_kswapd(&s, EVENT_KSWAPD_WAKE, 3);
	add_order4(&s, 2);
	add(&s, EVENT_KFREE, 3); /* still at work */
	add_kswapd(&s, EVENT_KSWAPD_SLEEP, 3);
	add_kswapd(&s, EVENT_KSWAPD_WAKEUP, 1);
	add_order4(&s, 3);
	count = judge(&s, VERIFY_PAGE_WAKE);
	ck_assert_uint_eq(count->all, 2);
	ck_assert_uint_eq(count->right, 2);
	ck_assert_uint_eq(count->alarms, 0);
	scene_deinit(&s);
}
END_TEST

/* Requests that nobody had to wake kswapd for; "written": after a write of three digits. */
static uint64_t alarms_after(bool written)
{
	const char *site = "proc_sys_call_handler+0x138";
	struct scene s;
	uint64_t alarms;

	scene_init(&s);
	add(&s, EVENT_KMALLOC, 1)->slab.bytes_req = 5; /* "256", its end, and a zero */
	if (written)
		s.events.items[0].site = event_site_add(&s.names, site, strlen(site));
	fill(&s);
	for (unsigned int i = 0; i < 8; i++)
		add_order4(&s, i);
	for (unsigned int i = 0; i < 40; i++) {
		add_page(&s, EVENT_PAGE_ALLOC, 1, LEFT + 128 + i, 0);
		/* As if it slept each time: ours would wake it again. */
		add_kswapd(&s, EVENT_KSWAPD_SLEEP, 3);
	}
	alarms = judge(&s, VERIFY_PAGE_WAKE)->alarms;
	scene_deinit(&s);
	return alarms;
}

START_TEST(marks_that_were_written_show_by_what_does_not_happen)
{
	ck_assert_uint_eq(alarms_after(false), 40);
	ck_assert_uint_le(alarms_after(true), 4);
}
END_TEST

UNIT_MAIN("verify/page pressure", compaction_takes_what_its_numbers_say,
	  a_page_put_back_stays_with_compaction, kswapd_is_woken_when_it_waits,
	  marks_that_were_written_show_by_what_does_not_happen)
