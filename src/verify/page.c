/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judge of the page layer: a page allocator of its own that gets all recorded page requests,
 * whoever asked for them, and is held against the recording call by call.
 */
#include <config.h>

#include "page_judge.h"
#include "page_memblock.h"

#include "kmreplay/mm/page_follow_reclaim.h"
#include "kmreplay/mm/page_start.h"
#include "kmreplay/proc/take.h"

#include <stdlib.h>
#include <string.h>

enum {
	FIRST_REFILLS = 8, /* of a zone: their size has grown by then if it may */
};

static void *look_create(const struct verify_setup *setup);
static void look_feed(void *look, const struct repair *repair, const struct repair_batch *batch);
static void look_finish(void *look);
static void look_destroy(void *look);
static void *create(const struct verify_setup *setup, const void *look,
		    const struct repair *repair, struct verify_log *log, struct error *err);
static bool feed(void *judge, const struct repair_batch *batch, struct error *err);
static bool finish(void *judge, struct error *err);
static void destroy(void *judge);
static void show(void *judge, struct proc_snapshot *snapshot);
static struct page_judge *create_judge(const struct verify_setup *setup,
				       const struct page_look *look, struct verify_log *log,
				       struct error *err);
static bool create_pages(struct page_judge *j, struct error *err);
static bool leaves_alone(void *ctx, uint64_t number);
static uint32_t asks(void *ctx, const struct event *ev);
static void take_effect(void *ctx, struct page_op *op);
static void judge(struct page_judge *j, struct page_op *op);
static void decay_until(struct page_judge *j, uint64_t number);
static void moments_until(struct page_judge *j, uint64_t number);
static void moment(struct page_judge *j, const struct page_look_moment *at);
static void learn_not_low(struct page_judge *j);
static void note(struct page_judge *j, const struct page_op *op);
static void set_marks(struct page_judge *j, const struct event *ev);
static void set_reserve(struct page_judge *j, const struct event *ev);

const struct verify_ops verify_page_ops = {
	.look_create = look_create,
	.look_feed = look_feed,
	.look_finish = look_finish,
	.look_destroy = look_destroy,
	.create = create,
	.feed = feed,
	.finish = finish,
	.destroy = destroy,
	.show = show,
};

static void *look_create(const struct verify_setup *setup)
{
	struct page_look *look =
		page_look_create(setup->names, setup->survey, setup->config);

	if (setup->config->nr_nodes > 1 || (setup->survey && setup->survey->nr_bulks))
		page_look_keep_bulks(look);
	return look;
}

static void look_feed(void *look, const struct repair *repair UNUSED,
		      const struct repair_batch *batch)
{
	for (size_t i = 0; i < batch->batch->nr; i++)
		page_look_event(look, &batch->batch->events[i]);
}

static void look_finish(void *look)
{
	page_look_finish(look);
}

static void look_destroy(void *look)
{
	page_look_destroy(look);
}

static void *create(const struct verify_setup *setup, const void *look,
		    const struct repair *repair UNUSED, struct verify_log *log, struct error *err)
{
	struct page_judge *j = create_judge(setup, look, log, err);
	struct verify_setup beside = *setup;

	if (j && j->follow && setup->boot)
		page_memblock_judge(setup->boot, setup->config, log);
	if (!j || j->follow)
		return j;
	beside.mode = VERIFY_FOLLOW;
	beside.failed = NULL;
	verify_log_init(&j->guide_log, &(struct verify_log_options){ .explain = UINT64_MAX });
	j->guide = create_judge(&beside, look, &j->guide_log, err);
	if (!j->guide) {
		destroy(j);
		return NULL;
	}
	return j;
}

static struct page_judge *create_judge(const struct verify_setup *setup,
				       const struct page_look *look, struct verify_log *log,
				       struct error *err)
{
	static const uint8_t notes[] = {
		EVENT_ZONE_WMARKS, EVENT_KSWAPD_WAKE, EVENT_KSWAPD_SLEEP, EVENT_KSWAPD_WAKEUP,
		EVENT_COMPACT_ISO_MIGRATE, EVENT_COMPACT_ISO_FREE, EVENT_COMPACT_ISO_FAST,
		EVENT_COMPACT_MIGRATE, EVENT_COMPACT_END, EVENT_RECLAIM_RETRY,
		EVENT_LOWMEM_RESERVE, EVENT_CMA_RELEASE,
	};
	struct page_judge *j = xcalloc(1, sizeof(*j));

	j->setup = *setup;
	if (!create_pages(j, err)) {
		free(j);
		return NULL;
	}
	j->log = log;
	j->look = look;
	j->follow = setup->mode == VERIFY_FOLLOW;
	j->nr_cpus = setup->config->nr_cpus;
	j->nr_zones = zone_count(j->pa);
	j->nr_online = 1;
	u64map_init(&j->listed);
	u64map_init(&j->live);
	u64map_init(&j->unseen);
	u64map_init(&j->stuck);
	j->vmstat.phase = page_look_decay(verify_is_given(&j->setup, GIVEN_DECAY) ? look : NULL);
	u64map_init(&j->passed);
	page_calls_init(&j->calls, take_effect, j);
	j->calls.extfrag_first =
		page_allocator_profile(j->pa)->fallback == FALLBACK_STEAL_SUITABLE;
	j->calls.alone = verify_is_given(&j->setup, GIVEN_CONTEXT) ? leaves_alone : NULL;
	j->calls.runs = page_allocator_profile(j->pa)->frees_in_runs;
	j->calls.by_end = !verify_is_given(&j->setup, GIVEN_ORDER);
	j->calls.no_probes = !verify_is_given(&j->setup, GIVEN_BULK);
	j->calls.asks = verify_is_given(&j->setup, GIVEN_SILENT) ? asks : NULL;
	j->asked.names = setup->names;
	j->asked.pointer_size = setup->config->arch == ARCH_X86_32 ? 4 : 8;
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
		j->calls.notes[notes[i]] = true;
	page_follow(j->pa, &page_judge_follow, j);
	return j;
}

static bool feed(void *judge, const struct repair_batch *batch, struct error *err UNUSED)
{
	struct page_judge *j = judge;

	for (size_t i = 0; i < batch->batch->nr; i++) {
		const struct event *ev = &batch->batch->events[i];

		page_vmstat_event(&j->vmstat, ev, j->calls.nr_events);
		page_calls_event(&j->calls, ev);
	}
	return true;
}

static bool finish(void *judge, struct error *err)
{
	struct page_judge *j = judge;

	page_calls_finish(&j->calls);
	return page_check(j->pa, err);
}

static void destroy(void *judge)
{
	struct page_judge *j = judge;

	if (!j)
		return;
	page_calls_deinit(&j->calls);
	page_asked_deinit(&j->asked);
	page_contig_deinit(j);
	page_vmstat_deinit(&j->vmstat);
	page_allocator_destroy(j->pa);
	u64map_deinit(&j->listed);
	u64map_deinit(&j->stuck);
	u64map_deinit(&j->passed);
	vec_deinit(&j->run);
	page_live_deinit(j);
	vec_deinit(&j->wakeups);
	page_compact_deinit(j);
	if (j->guide) {
		destroy(j->guide);
		verify_log_deinit(&j->guide_log);
	}
	free(j);
}

static void show(void *judge, struct proc_snapshot *snapshot)
{
	const struct page_judge *j = judge;

	proc_take_pages(snapshot, j->pa);
}

/* With as much of the start as is given: without "start" all memory is free. */
static bool create_pages(struct page_judge *j, struct error *err)
{
	struct machine_config config = *j->setup.config;

	j->has_start = config.start && verify_is_given(&j->setup, GIVEN_START);
	if (j->has_start) {
		j->start = *config.start;
		j->start.early &= verify_is_given(&j->setup, GIVEN_BOOT);
	}
	config.start = j->has_start ? &j->start : NULL;
	j->pa = page_allocator_create(&config, NULL, NULL, err);
	return j->pa != NULL;
}

static bool leaves_alone(void *ctx, uint64_t number)
{
	const struct page_judge *j = ctx;
	const enum page_fate fate = page_look_fate(j->look, number);

	/* The excess of alloc_pages_exact() is freed page by page, too. */
	return fate == PAGE_FATE_ALONE || fate == PAGE_FATE_TAIL || fate == PAGE_FATE_AROUND;
}

static uint32_t asks(void *ctx, const struct event *ev)
{
	struct page_judge *j = ctx;

	return page_asked_pages(&j->asked, ev);
}

static void take_effect(void *ctx, struct page_op *op)
{
	struct page_judge *j = ctx;

	verify_reached(j->log, op->start);
	decay_until(j, op->start);
	if (j->guide) {
		judge(j->guide, op);
		if (j->guide->low_zone)
			page_follow_below_high(j->pa, j->guide->low_zone - 1);
		j->guide->low_zone = 0;
		if (j->guide->marks.changed)
			page_follow_set_min_free(j->pa, page_follow_min_free(j->guide->pa));
		j->guide->marks.changed = false;
	}
	judge(j, op);
}

static void judge(struct page_judge *j, struct page_op *op)
{
	moments_until(j, op->start);
	page_contig_until(j, op->start);
	vec_reset(&j->silent);
	vec_reset(&j->used);
	j->limit.known = false;
	if (j->guide) {
		page_live_used(j);
		page_live_limit(j);
		page_live_silent(j, op);
	}
	if (j->join)
		j->join->op(j->join->ctx, op);
	else
		page_judge_op(j, op);
}

void page_judge_op(struct page_judge *j, struct page_op *op)
{
	switch (op->kind) {
	case PAGE_OP_ALLOC:
		page_judge_alloc(j, op);
		break;
	case PAGE_OP_BULK:
		if (!j->guide)
			page_judge_bulk(j, op);
		break;
	case PAGE_OP_FREE:
		page_judge_free(j, op);
		break;
	case PAGE_OP_DRAIN:
		page_judge_drain(j, op);
		break;
	default:
		note(j, op);
		break;
	}
}

/* vmstat_update() */
static void decay_until(struct page_judge *j, uint64_t number)
{
	unsigned int cpu;

	while (page_vmstat_next(&j->vmstat, number, &cpu)) {
		if (j->guide)
			page_follow_decay(j->guide->pa, cpu % j->nr_cpus);
		page_follow_decay(j->pa, cpu % j->nr_cpus);
	}
}

static void moments_until(struct page_judge *j, uint64_t number)
{
	const struct page_look_moment *moments;
	size_t nr;

	moments = page_look_moments(j->look, &nr);
	for (; j->moment < nr && moments[j->moment].number <= number; j->moment++)
		moment(j, &moments[j->moment]);
}

static void moment(struct page_judge *j, const struct page_look_moment *at)
{
	if (at->what == PAGE_MOMENT_RECLAIMED) {
		if (verify_is_given(&j->setup, GIVEN_RECLAIM))
			page_pressure_kswapd(j, at->cpu, false);
		return;
	}
	if (at->what == PAGE_MOMENT_IDLE) {
		if (verify_is_given(&j->setup, GIVEN_CONTEXT))
			page_follow_idle(j->pa, at->cpu % j->nr_cpus);
		return;
	}
	if (at->what == PAGE_MOMENT_SYSCTL)
		page_marks_written(j, at->cpu);
	if (!j->start.early)
		return;
	switch (at->what) {
	case PAGE_MOMENT_PCP:
		page_boot_pcp(j->pa);
		learn_not_low(j);
		break;
	case PAGE_MOMENT_INTERLEAVE:
	case PAGE_MOMENT_LOCAL:
		page_judge_policy(j, at->cpu, at->what == PAGE_MOMENT_INTERLEAVE);
		break;
	case PAGE_MOMENT_CPU:
		page_boot_cpu(j->pa);
		break;
	case PAGE_MOMENT_CPU_UP:
		if (j->nr_online < j->nr_cpus) {
			j->nr_online++;
			page_boot_cpu_up(j->pa, at->cpu % j->nr_cpus);
		}
		break;
	case PAGE_MOMENT_MARKS:
		page_boot_watermarks(j->pa);
		break;
	case PAGE_MOMENT_HUGE:
		page_boot_huge_pages(j->pa);
		break;
	default:
		break;
	}
}

/*
 * A zone that was exhausted or grew before the recording had run low, unless a free has ended that
 * since; which the first refills tell. nr_pcp_alloc() (6.7 on) lets the limit, and with it refills,
 * grow only in zones that have not: in the others a refill stays below high_min - batch.
 */
static void learn_not_low(struct page_judge *j)
{
	const struct page_look_refill *refills;
	size_t nr;

	if (!verify_is_given(&j->setup, GIVEN_RECLAIM))
		return;
	refills = page_look_refills(j->look, &nr);
	for (unsigned int zone = 0; zone < j->nr_zones; zone++) {
		unsigned int seen = 0;
		struct page_limits limits;

		page_follow_limits(j->pa, zone, 0, &limits);
		for (size_t i = 0; limits.below_high && i < nr && seen < FIRST_REFILLS; i++) {
			struct page_where where;

			page_follow_find(j->pa, refills[i].pfn, &where);
			if (where.place == PAGE_PLACE_OUTSIDE || where.zone != zone)
				continue;
			seen++;
			if ((int64_t)refills[i].nr <= limits.high_min - limits.batch)
				continue;
			page_boot_ran_low(j->pa, refills[i].pfn, false);
			break;
		}
	}
}

static void note(struct page_judge *j, const struct page_op *op)
{
	const struct event *ev = &op->ev;

	switch (ev->type) {
	case EVENT_ZONE_WMARKS:
		if (verify_is_given(&j->setup, GIVEN_BOOT))
			set_marks(j, ev);
		break;
	case EVENT_RECLAIM_RETRY:
		page_marks_told(j, ev);
		break;
	case EVENT_LOWMEM_RESERVE:
		if (verify_is_given(&j->setup, GIVEN_BOOT))
			set_reserve(j, ev);
		break;
	case EVENT_CMA_RELEASE:
		page_contig_release(j, ev);
		break;
	case EVENT_KSWAPD_WAKE:
	case EVENT_KSWAPD_SLEEP:
	case EVENT_KSWAPD_WAKEUP:
		page_pressure_note(j, op);
		break;
	default:
		page_compact_note(j, op);
		break;
	}
}

static void set_marks(struct page_judge *j, const struct event *ev)
{
	for (unsigned int i = 0; i < j->nr_zones; i++) {
		if (page_judge_is_zone(j, i, ev->wmark.node, ev->wmark.zone))
			page_follow_marks(j->pa, i, ev->wmark.min, ev->wmark.low, ev->wmark.high,
					  ev->wmark.promo);
	}
}

static void set_reserve(struct page_judge *j, const struct event *ev)
{
	enum zone_type highest;

	if (!zone_type_named(intern_text(&j->setup.names->texts, ev->reserve.upper), &highest))
		return;
	for (unsigned int i = 0; i < j->nr_zones; i++) {
		if (page_judge_is_zone(j, i, ev->reserve.node, ev->reserve.zone))
			page_follow_reserve(j->pa, i, highest,
					    (uint64_t)MAX(ev->reserve.pages, 0L));
	}
}

bool page_judge_is_zone(const struct page_judge *j, unsigned int zone, int node, uint32_t name)
{
	struct zone_info info;

	zone_info(j->pa, zone, &info);
	return info.node == node &&
	       !strcmp(zone_type_name(info.type), intern_text(&j->setup.names->texts, name));
}
