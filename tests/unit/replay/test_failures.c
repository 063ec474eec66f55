/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Failures of a load, collected: groups, the ones that are reported, and whose pages are named. */
#include <config.h>

#include "load.h"

#include "kmreplay/mm/page.h"
#include "kmreplay/replay/failures.h"

struct collector {
	struct load *load;
	struct failures failures;
	struct owners owners;
	uint64_t nr_failed; /* as the probe counts */
};

static void on_failed(void *ctx, const struct replay_failure *failure, const struct event *ev)
{
	struct collector *c = ctx;
	const struct page_allocator *pa = machine_pages(replay_machine(c->load->replay));
	struct failure_case what = {
		.asker = { .number = failure->first_event, .time = ev->time, .pid = ev->pid },
		.call = failure->call,
		.reason = failure->reason,
	};

	if (failure->reason == MM_FAIL_NONE)
		return;
	c->nr_failed++;
	ck_assert(page_failure_last(pa, &what.request));
	what.has_request = true;
	failures_add(&c->failures, &what, pa, &c->owners);
}

static void run(struct collector *c, struct load *l, const struct failures_options *options)
{
	memset(c, 0, sizeof(*c));
	c->load = l;
	load_init(l, 11);
	owners_init(&c->owners);
	failures_init(&c->failures, options);
	replay_keep_owners(l->replay, &c->owners);
	replay_attach(l->replay, &(struct replay_probe){ .failed = on_failed, .ctx = c });
	load_run(l, 60000);
	load_finish(l);
}

static void end(struct collector *c, struct load *l)
{
	failures_deinit(&c->failures);
	owners_deinit(&c->owners);
	load_deinit(l);
}

START_TEST(groups_hold_all)
{
	struct collector c;
	struct load l;
	uint64_t nr = 0, by_refusal = 0;

	run(&c, &l, &(struct failures_options){ 0 });
	ck_assert_uint_gt(c.nr_failed, 100);
	ck_assert_uint_eq(c.failures.nr, c.nr_failed);
	ck_assert_uint_eq(c.failures.reports.nr, 0);
	vec_foreach(&c.failures.groups, group) {
		nr += group->nr;
		for (unsigned int i = 0; i < PAGE_REFUSAL_NR; i++)
			by_refusal += group->nr_by_refusal[i];
		ck_assert_uint_ge(group->last_time, group->first.asker.time);
	}
	ck_assert_uint_eq(nr, c.nr_failed);
	ck_assert_uint_eq(by_refusal, c.nr_failed);
	/* What has just failed would fail again. */
	ck_assert_uint_eq(c.failures.nr_served, 0);
	end(&c, &l);
}
END_TEST

/*
 * All memory was free at the start, so that each page in the way has an owner. Returns the objects
 * that live in slabs among them.
 */
static uint64_t check_near(const struct failure_report *report, const struct failure_near *near)
{
	uint64_t pages = near->block.free, nr_objects = 0;

	vec_foreach(&near->obstacles, obstacle) {
		pages += obstacle->pages.nr;
		ck_assert_int_ne(obstacle->pages.where, PAGE_IN_WAY_UNKNOWN);
		if (obstacle->pages.where != PAGE_IN_WAY_USED)
			continue;
		ck_assert(obstacle->known);
		ck_assert_uint_le(obstacle->block.pfn, obstacle->pages.pfn);
		ck_assert_uint_le(obstacle->pages.pfn + obstacle->pages.nr,
				  obstacle->block.pfn + (1ULL << obstacle->block.order));
		ck_assert_uint_lt(obstacle->block.asker.number, report->what.asker.number);
		nr_objects += obstacle->block.owner == OWNER_SLAB ? obstacle->sites.nr : 0;
	}
	ck_assert_uint_eq(pages, 1ULL << report->why.request.order);
	return nr_objects;
}

START_TEST(each_page_in_the_way_is_somebodys)
{
	uint64_t nr_near = 0, nr_objects = 0;
	struct collector c;
	struct load l;

	run(&c, &l, &(struct failures_options){ .first = 500 });
	ck_assert_uint_eq(c.failures.reports.nr, MIN(c.nr_failed, (uint64_t)500));
	vec_foreach(&c.failures.reports, report) {
		ck_assert(report->why.fails);
		ck_assert_uint_eq(report->zones.nr, report->why.zones.nr);
		ck_assert_int_lt(report->instead.order, (int)report->why.request.order);
		vec_foreach(&report->zones, zone) {
			if (!zone->searched)
				continue;
			if (zone->any.block.found)
				nr_objects += check_near(report, &zone->any);
			if (zone->movable.block.found)
				nr_objects += check_near(report, &zone->movable);
			nr_near += zone->any.block.found;
		}
	}
	ck_assert_uint_gt(nr_near, 50);
	ck_assert_uint_gt(nr_objects, 50);
	end(&c, &l);
}
END_TEST

START_TEST(some_are_chosen)
{
	uint64_t from[] = { 0, 40000, 40001, UINT64_MAX };
	struct collector c;
	struct load l;
	uint64_t last = 0;

	run(&c, &l, &(struct failures_options){ .from = from, .nr_from = ARRAY_SIZE(from) });
	ck_assert_uint_ge(c.failures.reports.nr, 2);
	ck_assert_uint_le(c.failures.reports.nr, 3);
	vec_foreach(&c.failures.reports, report) {
		ck_assert(!last || report->what.asker.number > last);
		last = report->what.asker.number;
	}
	ck_assert_uint_ge(last, 40000);
	end(&c, &l);
}
END_TEST

UNIT_MAIN("failures", groups_hold_all, each_page_in_the_way_is_somebodys, some_are_chosen)
