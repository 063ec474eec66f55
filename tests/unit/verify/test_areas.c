/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judges of vmalloc and percpu: recorded kernels, whose every decision ours has to foresee;
 * rules that are broken on purpose, which the figures have to show; small made-up histories; and
 * events that no kernel ever wrote.
 */
#include <config.h>

#include "kmreplay/core/rng.h"

#include "unit/verify/areas.h"

#define PAGE  4096ULL
#define START 0xffffc90000000000ULL
#define END   (START + (1ULL << 45) - 1)

static void check_right(const struct areas *a, enum verify_metric metric, uint64_t all)
{
	const struct verify_count *count = &a->log.counts[metric];
	const char *key = verify_metric_desc(metric)->key;

	ck_assert_msg(count->right == count->all, "%s: %lu of %lu, first at %lu", key,
		      (unsigned long)count->right, (unsigned long)count->all,
		      (unsigned long)count->first_wrong);
	ck_assert_msg(count->all == all, "%s: %lu judged", key, (unsigned long)count->all);
	ck_assert_uint_eq(count->alarms, 0);
}

static uint64_t asides(const struct areas *a, enum verify_aside aside)
{
	uint64_t nr = 0;

	vec_foreach (&a->log.reasons, reason)
		nr += reason->aside == aside ? reason->nr : 0;
	return nr;
}

START_TEST(recorded_kernels)
{
	static const struct {
		const char *name;
		uint64_t areas, sizes, lazy, purged, percpu, chunks;
	} recordings[] = {
		{ "boot-612.txt.zst", 166, 93, 52, 87, 502, 1 },
		{ "boot-72.txt.gz", 33, 0, 0, 5, 127, 0 },
		{ "boot-61.txt.gz", 0, 0, 0, 0, 100, 0 },
		{ "zoo-612-percpu.txt.gz", 0, 0, 0, 0, 379, 0 },
		{ "zoo-61-vmalloc.txt.gz", 9, 8, 0, 0, 0, 0 },
		{ "i386-61.report.txt.gz", 0, 0, 0, 0, 95, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(recordings); i++) {
		for (unsigned int mode = 0; mode < VERIFY_MODE_NR; mode++) {
			struct areas a;

			areas_init(&a, 6, 12, 1);
			areas_read(&a, recordings[i].name);
			areas_judge(&a, &verify_vmalloc_ops, (enum verify_mode)mode, NULL);
			check_right(&a, VERIFY_VMALLOC_ADDRESS, recordings[i].areas);
			check_right(&a, VERIFY_VMALLOC_SIZE, recordings[i].sizes);
			check_right(&a, VERIFY_VMALLOC_LAZY, recordings[i].lazy);
			check_right(&a, VERIFY_VMALLOC_PURGED, recordings[i].purged);
			ck_assert_uint_eq(asides(&a, ASIDE_FORCED), 0);
			areas_judge(&a, &verify_percpu_ops, (enum verify_mode)mode, NULL);
			check_right(&a, VERIFY_PERCPU_OFFSET, recordings[i].percpu);
			check_right(&a, VERIFY_PERCPU_CHUNK, recordings[i].percpu);
			check_right(&a, VERIFY_PERCPU_CREATE, recordings[i].chunks);
			ck_assert_uint_eq(asides(&a, ASIDE_FORCED), 0);
			areas_deinit(&a);
		}
	}
}
END_TEST

/* What a rule would do that is broken: the judge is asked for something else than was recorded. */
static void no_alignment(struct event *ev)
{
	if (ev->type == EVENT_VMAP_ALLOC)
		ev->vmap.align = 1;
}

static void no_guard(struct event *ev)
{
	if (ev->type == EVENT_PROBE_VM_REQ)
		ev->probe.flags |= 0x40; /* VM_NO_GUARD */
}

static void no_purges(struct event *ev)
{
	if (ev->type == EVENT_VMAP_PURGE)
		ev->type = EVENT_OTHER;
}

static void percpu_unaligned(struct event *ev)
{
	if (ev->type == EVENT_PCPU_ALLOC)
		ev->percpu.align = 4;
}

START_TEST(broken_rules_show)
{
	static const struct {
		void (*spoil)(struct event *ev);
		enum verify_metric metric;
		double worse_than; /* share of what is right, at most */
	} rules[] = {
		{ no_alignment, VERIFY_VMALLOC_ADDRESS, 0.9 },
		{ no_guard, VERIFY_VMALLOC_SIZE, 0.01 },
		{ no_purges, VERIFY_VMALLOC_ADDRESS, 0.95 },
		{ percpu_unaligned, VERIFY_PERCPU_OFFSET, 0.95 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		const unsigned int layer = verify_metric_desc(rules[i].metric)->layer;
		const struct verify_count *count;
		struct areas a;
		double share;

		areas_init(&a, 6, 12, 1);
		areas_read(&a, "boot-612.txt.zst");
		vec_foreach (&a.events, ev)
			rules[i].spoil(ev);
		areas_judge(&a, layer == VERIFY_PERCPU ? &verify_percpu_ops : &verify_vmalloc_ops,
			    VERIFY_FOLLOW, NULL);
		count = &a.log.counts[rules[i].metric];
		ck_assert_uint_gt(count->all, 0);
		share = (double)count->right / (double)count->all;
		ck_assert_msg(share < rules[i].worse_than, "rule %zu: %.3f", i, share);
		areas_deinit(&a);
	}
}
END_TEST

static void add_alloc(struct areas *a, uint64_t addr, uint64_t pages)
{
	struct event *ev = areas_add(a, EVENT_VMAP_ALLOC);

	ev->vmap.addr = addr;
	ev->vmap.size = pages * PAGE;
	ev->vmap.align = 1;
	ev->vmap.vstart = START;
	ev->vmap.vend = END;
}

static void add_free(struct areas *a, uint64_t addr, uint64_t lazy, uint64_t max)
{
	struct event *ev = areas_add(a, EVENT_VMAP_FREE);

	ev->range.start = addr;
	ev->range.a = lazy;
	ev->range.b = max;
}

static void add_purge(struct areas *a, uint64_t nr)
{
	areas_add(a, EVENT_VMAP_PURGE)->range.a = nr;
}

/* Two areas of a size are purged into the pool of their CPU, whose first is the higher one. */
static void add_pooled(struct areas *a)
{
	add_alloc(a, START, 2);
	add_alloc(a, START + 2 * PAGE, 2);
	add_alloc(a, START + 4 * PAGE, 2);
	add_free(a, START, 2, 16384);
	add_free(a, START + 2 * PAGE, 4, 16384);
	add_purge(a, 2);
}

START_TEST(a_pool_serves_its_own_cpu)
{
	struct areas a;

	areas_init(&a, 6, 12, 2);
	add_pooled(&a);
	add_alloc(&a, START + 6 * PAGE, 2);
	a.events.items[a.events.nr - 1].cpu = 1;
	add_alloc(&a, START + 2 * PAGE, 2);
	areas_judge(&a, &verify_vmalloc_ops, VERIFY_FOLLOW, NULL);
	check_right(&a, VERIFY_VMALLOC_ADDRESS, 5);
	vec_foreach (&a.events, ev)
		ev->cpu = 0;
	areas_judge(&a, &verify_vmalloc_ops, VERIFY_FOLLOW, NULL);
	ck_assert_uint_eq(a.log.counts[VERIFY_VMALLOC_ADDRESS].right, 4);
	areas_deinit(&a);
}
END_TEST

/* Until 6.18 a purge empties small pools; from then on it leaves them alone. */
START_TEST(rules_of_another_release_show)
{
	struct areas a;

	areas_init(&a, 6, 12, 2);
	add_pooled(&a);
	add_purge(&a, 0);
	add_alloc(&a, START, 2);
	areas_judge(&a, &verify_vmalloc_ops, VERIFY_FOLLOW, NULL);
	check_right(&a, VERIFY_VMALLOC_ADDRESS, 4);
	a.config.kernel = (struct kernel_version){ 7, 2 };
	areas_judge(&a, &verify_vmalloc_ops, VERIFY_FOLLOW, NULL);
	ck_assert_uint_eq(a.log.counts[VERIFY_VMALLOC_ADDRESS].right, 3);
	ck_assert_uint_eq(asides(&a, ASIDE_FORCED), 1);
	areas_deinit(&a);
}
END_TEST

START_TEST(purges_by_too_many_lazy_pages_are_foreseen)
{
	for (unsigned int mode = 0; mode < VERIFY_MODE_NR; mode++) {
		struct areas a;

		areas_init(&a, 6, 12, 1);
		add_alloc(&a, START, 5000);
		add_alloc(&a, START + 5000 * PAGE, 5000);
		add_free(&a, START, 5000, 8192);
		add_purge(&a, 1); /* by somebody */
		add_free(&a, START + 5000 * PAGE, 5000, 8192);
		add_alloc(&a, START, 4000);
		add_free(&a, START, 9000, 8192);
		add_purge(&a, 2);
		areas_judge(&a, &verify_vmalloc_ops, (enum verify_mode)mode, NULL);
		check_right(&a, VERIFY_VMALLOC_ADDRESS, 3);
		check_right(&a, VERIFY_VMALLOC_LAZY, 3);
		check_right(&a, VERIFY_VMALLOC_PURGE, 1);
		ck_assert_uint_eq(asides(&a, ASIDE_EXCLUDED), 1);
		areas_deinit(&a);
	}
}
END_TEST

START_TEST(a_purge_that_should_not_be_is_an_alarm)
{
	struct areas a;

	/* The kernel's limit is higher than ours, which the events of its frees would tell. */
	areas_init(&a, 6, 1, 1);
	for (uint64_t i = 0; i < 3; i++) {
		struct event *ev = areas_add(&a, EVENT_PROBE_VA_ALLOC);

		ev->probe.addr = START + i * 5000 * PAGE;
		ev->probe.size = ev->probe.addr + 5000 * PAGE;
	}
	for (uint64_t i = 0; i < 2; i++) {
		struct event *ev = areas_add(&a, EVENT_PROBE_VA_FREE);

		ev->probe.addr = START + i * 5000 * PAGE;
		ev->probe.size = ev->probe.addr + 5000 * PAGE;
	}
	areas_judge(&a, &verify_vmalloc_ops, VERIFY_FREE, NULL);
	ck_assert_uint_eq(a.log.counts[VERIFY_VMALLOC_ADDRESS].right, 3);
	/* One may still come after the end. */
	ck_assert_uint_eq(a.log.counts[VERIFY_VMALLOC_PURGE].alarms, 0);
	areas_deinit(&a);
}
END_TEST

START_TEST(crossed_events_are_both_right)
{
	struct areas a;

	areas_init(&a, 6, 12, 2);
	add_alloc(&a, START, 3);
	add_alloc(&a, START + 3 * PAGE, 5);
	add_free(&a, START, 8, 16384);
	add_free(&a, START + 3 * PAGE, 5, 16384);
	a.events.items[3].cpu = 1;
	areas_judge(&a, &verify_vmalloc_ops, VERIFY_FOLLOW, NULL);
	check_right(&a, VERIFY_VMALLOC_LAZY, 2);
	a.events.items[3].cpu = 0;
	areas_judge(&a, &verify_vmalloc_ops, VERIFY_FOLLOW, NULL);
	ck_assert_uint_eq(a.log.counts[VERIFY_VMALLOC_LAZY].right, 0);
	areas_deinit(&a);
}
END_TEST

START_TEST(what_requests_passed_over_was_in_use)
{
	struct areas a;

	areas_init(&a, 6, 12, 1);
	add_alloc(&a, START + 100 * PAGE, 4);
	add_alloc(&a, START + 104 * PAGE, 4);
	add_alloc(&a, START + 20 * PAGE, 2); /* a hole that was too small before */
	add_free(&a, START + 50 * PAGE, 10, 8192);
	add_free(&a, START + 60 * PAGE, 15, 8192);
	add_purge(&a, 2);
	areas_judge(&a, &verify_vmalloc_ops, VERIFY_FOLLOW, NULL);
	check_right(&a, VERIFY_VMALLOC_ADDRESS, 3);
	ck_assert_uint_eq(asides(&a, ASIDE_FORCED), 0);
	ck_assert_uint_gt(asides(&a, ASIDE_GROUND), 0);
	/* Without that the first address is the lowest there is. */
	a.given &= ~(1U << GIVEN_START);
	areas_judge(&a, &verify_vmalloc_ops, VERIFY_FOLLOW, NULL);
	ck_assert_uint_eq(a.log.counts[VERIFY_VMALLOC_ADDRESS].right, 0);
	ck_assert_uint_gt(asides(&a, ASIDE_FORCED), 0);
	areas_deinit(&a);
}
END_TEST

START_TEST(stories_tell_both_sides)
{
	const struct verify_log_options options = { .nr_stories = 2, .explain = 0 };
	struct areas a;

	areas_init(&a, 6, 12, 1);
	add_alloc(&a, START, 4);
	add_alloc(&a, START + 9 * PAGE, 4);
	areas_judge(&a, &verify_vmalloc_ops, VERIFY_FOLLOW, &options);
	ck_assert_uint_eq(a.log.stories.nr, 2);
	ck_assert(a.log.stories.items[0].right);
	ck_assert(!a.log.stories.items[1].right);
	ck_assert_ptr_nonnull(strstr(str_text(&a.log.stories.items[1].ours), "0xffffc90000004000"));
	ck_assert_ptr_nonnull(
		strstr(str_text(&a.log.stories.items[1].kernel), "0xffffc90000009000"));
	ck_assert_ptr_nonnull(strstr(str_text(&a.log.stories.items[1].state), "free"));
	areas_deinit(&a);
}
END_TEST

static void add_percpu(struct areas *a, enum event_type type, uint64_t base, uint32_t off)
{
	struct event *ev = areas_add(a, type);

	ev->percpu.base = base;
	ev->percpu.off = off;
	ev->percpu.ptr = base + off;
	ev->percpu.size = type == EVENT_PCPU_ALLOC ? 64 : 0;
	ev->percpu.align = 8;
}

START_TEST(a_chunk_nobody_needs_is_an_alarm)
{
	const uint64_t first = 0xffff88800403b000, second = 0xffffe8ffffc00000;
	struct areas a;

	areas_init(&a, 6, 12, 1);
	add_percpu(&a, EVENT_PCPU_ALLOC, first, 0);
	add_percpu(&a, EVENT_PCPU_CHUNK_CREATE, second, 0);
	add_percpu(&a, EVENT_PCPU_ALLOC, second, 0);
	add_percpu(&a, EVENT_PCPU_ALLOC, first, 64);
	add_percpu(&a, EVENT_PCPU_CHUNK_DESTROY, second, 0);
	areas_judge(&a, &verify_percpu_ops, VERIFY_FOLLOW, NULL);
	ck_assert_uint_eq(a.log.counts[VERIFY_PERCPU_CREATE].all, 1);
	ck_assert_uint_eq(a.log.counts[VERIFY_PERCPU_CREATE].right, 0);
	ck_assert_uint_eq(a.log.counts[VERIFY_PERCPU_DESTROY].right, 0);
	ck_assert_uint_eq(a.log.counts[VERIFY_PERCPU_OFFSET].all, 3);
	areas_deinit(&a);
}
END_TEST

/* Fields as they come, some of them taken from events before. */
static void spoil(struct areas *a, struct event *ev, struct rng *rng)
{
	const enum event_type types[] = { EVENT_VMAP_ALLOC,	   EVENT_VMAP_FREE,
					  EVENT_VMAP_PURGE,	   EVENT_PROBE_VA_ALLOC,
					  EVENT_PROBE_VA_FREE,	   EVENT_PROBE_VM_REQ,
					  EVENT_PROBE_VM_RET,	   EVENT_PROBE_VMAP,
					  EVENT_CACHE_FREE,	   EVENT_PCPU_ALLOC,
					  EVENT_PCPU_ALLOC_FAIL,   EVENT_PCPU_FREE,
					  EVENT_PCPU_CHUNK_CREATE, EVENT_PCPU_CHUNK_DESTROY };

	ev->type = (uint8_t)types[rng_below(rng, ARRAY_SIZE(types))];
	ev->cpu = (uint16_t)rng_below(rng, 70);
	ev->pid = (int32_t)rng_below(rng, 5);
	ev->flags = (uint8_t)rng_below(rng, 256);
	for (size_t i = 0; i < ARRAY_SIZE(ev->raw); i++) {
		switch (rng_below(rng, 6)) {
		case 0:
			ev->raw[i] = UINT64_MAX - rng_below(rng, 3) * 4095;
			break;
		case 1:
			ev->raw[i] = rng_below(rng, 16) * PAGE;
			break;
		case 2:
			ev->raw[i] = START + rng_below(rng, 64) * PAGE;
			break;
		case 3:
			ev->raw[i] = 1ULL << rng_below(rng, 64);
			break;
		default:
			ev->raw[i] = a->events.items[rng_below(rng, a->events.nr)].raw[i];
			break;
		}
	}
}

START_TEST(hostile_events_do_no_harm)
{
	struct rng rng;

	rng_init(&rng, 12);
	for (unsigned int round = 0; round < 60; round++) {
		struct areas a;

		areas_init(&a, round % 3 ? 6 : 7, round % 2 ? 12 : 1, 1 + round % 4);
		for (unsigned int i = 0; i < 3000; i++)
			spoil(&a, areas_add(&a, EVENT_OTHER), &rng);
		if (round % 5 == 0)
			a.given = 0;
		for (unsigned int mode = 0; mode < VERIFY_MODE_NR; mode++) {
			const struct verify_log_options options = { .nr_stories = 40 };

			areas_judge(&a, &verify_vmalloc_ops, (enum verify_mode)mode, &options);
			areas_judge(&a, &verify_percpu_ops, (enum verify_mode)mode, &options);
		}
		areas_deinit(&a);
	}
}
END_TEST

/* Recorded events, a few of whose fields are damaged. */
START_TEST(damaged_recordings_do_no_harm)
{
	struct rng rng;

	rng_init(&rng, 13);
	for (unsigned int round = 0; round < 6; round++) {
		struct areas a;

		areas_init(&a, 6, 12, 1);
		areas_read(&a, round % 2 ? "boot-612.txt.zst" : "zoo-612-percpu.txt.gz");
		vec_foreach (&a.events, ev) {
			const bool ours = (ev->type >= EVENT_VMAP_ALLOC &&
					   ev->type <= EVENT_PCPU_CHUNK_DESTROY);

			if (ours && rng_below(&rng, 10) == 0)
				ev->raw[rng_below(&rng, 5)] ^= 1ULL << rng_below(&rng, 64);
		}
		for (unsigned int mode = 0; mode < VERIFY_MODE_NR; mode++) {
			areas_judge(&a, &verify_vmalloc_ops, (enum verify_mode)mode, NULL);
			areas_judge(&a, &verify_percpu_ops, (enum verify_mode)mode, NULL);
		}
		areas_deinit(&a);
	}
}
END_TEST

UNIT_MAIN("areas", recorded_kernels, broken_rules_show, a_pool_serves_its_own_cpu,
	  rules_of_another_release_show, purges_by_too_many_lazy_pages_are_foreseen,
	  a_purge_that_should_not_be_is_an_alarm, crossed_events_are_both_right,
	  what_requests_passed_over_was_in_use, stories_tell_both_sides,
	  a_chunk_nobody_needs_is_an_alarm, hostile_events_do_no_harm,
	  damaged_recordings_do_no_harm)
