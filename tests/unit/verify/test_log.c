/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts, stories, classes, reasons and stops of the log that judges write to. */
#include <config.h>

#include "kmreplay/abi/kernel.h"
#include "kmreplay/verify/log.h"

#include "unit/unit.h"

#include <string.h>

static const struct event event = { .type = EVENT_PAGE_ALLOC, .site = 3 };

static struct verify_what what(uint64_t number)
{
	return (struct verify_what){
		.ev = &event, .number = number, .order = 0, .type = MIGRATE_MOVABLE, .path = "pcp"
	};
}

static struct verify_story *judge(struct verify_log *log, bool right, uint64_t number)
{
	const struct verify_what w = what(number);

	return verify_judge(log, VERIFY_PAGE_PFN, right, &w);
}

START_TEST(shares_count_what_is_right_and_where_it_first_was_not)
{
	const struct verify_log_options options = { .explain = UINT64_MAX };
	const struct verify_count *count;
	struct verify_log log;

	verify_log_init(&log, &options);
	count = &log.counts[VERIFY_PAGE_PFN];
	ck_assert_uint_eq(count->first_wrong, UINT64_MAX);
	ck_assert_ptr_null(judge(&log, true, 1));
	ck_assert_ptr_null(judge(&log, false, 9));
	ck_assert_ptr_null(judge(&log, false, 5));
	ck_assert_uint_eq(count->all, 3);
	ck_assert_uint_eq(count->right, 1);
	ck_assert_uint_eq(count->alarms, 0);
	ck_assert_uint_eq(count->first_wrong, 5);
	ck_assert_uint_eq(log.nr_differences, 2);
	verify_log_deinit(&log);
}
END_TEST

START_TEST(detection_tells_misses_from_false_alarms)
{
	const struct verify_log_options options = { .explain = UINT64_MAX };
	const struct verify_what w = what(7);
	const struct verify_count *count;
	struct verify_log log;

	verify_log_init(&log, &options);
	count = &log.counts[VERIFY_PAGE_REFILL];
	verify_detect(&log, VERIFY_PAGE_REFILL, true, true, &w);
	ck_assert_uint_eq(count->first_wrong, UINT64_MAX);
	verify_detect(&log, VERIFY_PAGE_REFILL, true, false, &w);
	verify_detect(&log, VERIFY_PAGE_REFILL, false, true, &w);
	verify_detect(&log, VERIFY_PAGE_REFILL, false, true, &w);
	ck_assert_uint_eq(count->all, 2);
	ck_assert_uint_eq(count->right, 1);
	ck_assert_uint_eq(count->alarms, 2);
	ck_assert_uint_eq(log.nr_differences, 3);
	verify_log_deinit(&log);
}
END_TEST

START_TEST(the_first_differences_and_one_event_are_told)
{
	const struct verify_log_options options = { .nr_stories = 2, .explain = 50 };
	struct verify_story *story;
	struct verify_log log;

	verify_log_init(&log, &options);
	story = judge(&log, false, 10);
	ck_assert_ptr_nonnull(story);
	str_add(&story->ours, "pfn 1");
	ck_assert(!story->right);
	ck_assert_uint_eq(story->ev.site, 3);
	ck_assert_ptr_null(judge(&log, true, 20));
	ck_assert_ptr_nonnull(judge(&log, false, 30));
	ck_assert_ptr_null(judge(&log, false, 40));
	story = judge(&log, true, 50);
	ck_assert_ptr_nonnull(story);
	ck_assert(story->right);
	ck_assert_ptr_nonnull(judge(&log, false, 50));
	ck_assert_uint_eq(log.stories.nr, 4);
	ck_assert_str_eq(str_text(&log.stories.items[0].ours), "pfn 1");
	verify_log_deinit(&log);
}
END_TEST

START_TEST(differences_alike_are_one_class)
{
	const struct verify_log_options options = { .explain = UINT64_MAX, .classes = true };
	struct verify_log log;

	verify_log_init(&log, &options);
	for (unsigned int i = 0; i < 1000; i++) {
		struct verify_what w = what(i);

		w.order = (int8_t)(i % 10);
		w.cache = i % 7;
		verify_judge(&log, VERIFY_PAGE_PFN, false, &w);
		verify_judge(&log, VERIFY_PAGE_ZONE, true, &w);
	}
	ck_assert_uint_eq(log.classes.nr, 70);
	ck_assert_uint_eq(log.classes.items[0].first, 0);
	ck_assert_uint_eq(log.classes.items[0].nr, 1000 / 70 + 1);
	verify_log_deinit(&log);
}
END_TEST

START_TEST(reasons_add_up_by_layer_and_kind)
{
	static const char reason[] = "no probe shows it";
	const struct verify_log_options options = { .explain = UINT64_MAX };
	struct verify_log log;

	verify_log_init(&log, &options);
	verify_aside(&log, ASIDE_EXCLUDED, VERIFY_PAGE, reason, 2);
	verify_aside(&log, ASIDE_EXCLUDED, VERIFY_PAGE, reason, 3);
	verify_aside(&log, ASIDE_FORCED, VERIFY_PAGE, reason, 1);
	verify_aside(&log, ASIDE_GROUND, VERIFY_SLAB, reason, 0);
	ck_assert_uint_eq(log.reasons.nr, 2);
	ck_assert_uint_eq(log.reasons.items[0].nr, 5);
	ck_assert_uint_eq(log.reasons.items[1].aside, ASIDE_FORCED);
	verify_log_deinit(&log);
}
END_TEST

static void note_stop(void *ctx, size_t i)
{
	unsigned int *order = ctx;

	*order = *order * 10 + (unsigned int)i + 1;
}

START_TEST(stops_come_in_order_before_their_event_has_effect)
{
	static const uint64_t stops[] = { 5, 5, 9 };
	unsigned int order = 0;
	const struct verify_log_options options = {
		.explain = UINT64_MAX,
		.stops = stops,
		.nr_stops = ARRAY_SIZE(stops),
		.stop = note_stop,
		.ctx = &order,
	};
	struct verify_log log;

	verify_log_init(&log, &options);
	verify_reached(&log, 4);
	ck_assert_uint_eq(order, 0);
	verify_reached(&log, 5);
	ck_assert_uint_eq(order, 12);
	verify_reached(&log, 8);
	ck_assert_uint_eq(order, 12);
	verify_reached(&log, 100);
	ck_assert_uint_eq(order, 123);
	verify_reached(&log, UINT64_MAX - 1);
	ck_assert_uint_eq(order, 123);
	verify_log_deinit(&log);
}
END_TEST

START_TEST(metrics_belong_to_the_layer_that_their_key_begins_with)
{
	for (unsigned int i = 0; i < VERIFY_METRIC_NR; i++) {
		const struct verify_metric_desc *desc = verify_metric_desc((enum verify_metric)i);
		const char *layer = verify_layer_name(desc->layer);

		ck_assert_int_eq(strncmp(desc->key, layer, strlen(layer)), 0);
		ck_assert_int_eq(desc->key[strlen(layer)], '.');
		for (unsigned int k = 0; k < i; k++)
			ck_assert_str_ne(desc->key, verify_metric_desc((enum verify_metric)k)->key);
	}
}
END_TEST

UNIT_MAIN("verify/log", shares_count_what_is_right_and_where_it_first_was_not,
	  detection_tells_misses_from_false_alarms, the_first_differences_and_one_event_are_told,
	  differences_alike_are_one_class, reasons_add_up_by_layer_and_kind,
	  stops_come_in_order_before_their_event_has_effect,
	  metrics_belong_to_the_layer_that_their_key_begins_with)
