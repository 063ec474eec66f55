/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first look: the first event of a frame decides, later ones change nothing. */
#include <config.h>

#include "kmreplay/replay/survey.h"

#include "unit/unit.h"

static struct event page_event(enum event_type type, uint64_t pfn, unsigned int order)
{
	struct event ev = { .type = (uint8_t)type };

	ev.page.pfn = pfn;
	ev.page.order = (uint8_t)order;
	return ev;
}

START_TEST(first_event_of_a_frame_decides)
{
	const struct event events[] = {
		page_event(EVENT_PAGE_ALLOC, 0x1000, 2),
		page_event(EVENT_PAGE_FREE, 0x1000, 2),
		page_event(EVENT_PAGE_FREE, 0x2000, 1),
		page_event(EVENT_PAGE_ALLOC, 0x2000, 0),
		page_event(EVENT_PAGE_FREE, 0x2000, 0),
	};
	struct survey survey;

	survey_init(&survey);
	survey_add(&survey, events, ARRAY_SIZE(events));
	ck_assert_int_eq(survey_state_of(&survey, 0x1003), SURVEY_FREE);
	ck_assert_int_eq(survey_state_of(&survey, 0x1004), SURVEY_UNTOUCHED);
	ck_assert_int_eq(survey_state_of(&survey, 0x2001), SURVEY_USED);
	ck_assert_uint_eq(survey.nr_free, 4);
	ck_assert_uint_eq(survey.nr_used, 2);
	ck_assert_uint_eq(survey.used.nr, 1);
	ck_assert_uint_eq(survey.used.items[0].pfn, 0x2000);
	ck_assert_uint_eq(survey.used.items[0].order, 1);
	survey_deinit(&survey);
}
END_TEST

START_TEST(block_in_part_seen_before_was_not_in_use_whole)
{
	const struct event events[] = {
		page_event(EVENT_PAGE_ALLOC, 0x1001, 0),
		page_event(EVENT_PAGE_FREE, 0x1000, 1),
	};
	struct survey survey;

	survey_init(&survey);
	survey_add(&survey, events, ARRAY_SIZE(events));
	ck_assert_uint_eq(survey.used.nr, 0);
	ck_assert_int_eq(survey_state_of(&survey, 0x1000), SURVEY_USED);
	ck_assert_int_eq(survey_state_of(&survey, 0x1001), SURVEY_FREE);
	survey_deinit(&survey);
}
END_TEST

static struct event isolation(uint64_t start, uint64_t end, uint64_t nr_taken)
{
	struct event ev = { .type = EVENT_COMPACT_ISO_FREE };

	ev.range.start = start;
	ev.range.end = end;
	ev.range.b = nr_taken;
	return ev;
}

/* isolate_freepages_block() takes pages without an event of each; what was moved there is freed. */
START_TEST(what_compaction_took_was_free)
{
	const struct event events[] = {
		page_event(EVENT_PAGE_FREE, 0x1000, 0), /* before: it was in use */
		isolation(0x1000, 0x1200, 2),
		page_event(EVENT_PAGE_FREE, 0x1010, 1),
		page_event(EVENT_PCPU_DRAIN, 0x1010, 1),
		isolation(0x2000, 0x2200, 1),
		page_event(EVENT_PAGE_FREE, 0x2000, 0), /* one of these was, but which? */
		page_event(EVENT_PAGE_FREE, 0x2001, 0),
		isolation(0x3000, 0x3200, 0),
		page_event(EVENT_PAGE_FREE, 0x3000, 0), /* nothing was taken here */
	};
	struct survey survey;

	survey_init(&survey);
	survey.from_boot = true;
	survey_add(&survey, events, ARRAY_SIZE(events));
	survey_sort(&survey);
	ck_assert_int_eq(survey_state_of(&survey, 0x1000), SURVEY_USED);
	ck_assert_int_eq(survey_state_of(&survey, 0x1010), SURVEY_FREE);
	ck_assert_int_eq(survey_state_of(&survey, 0x1011), SURVEY_FREE);
	ck_assert_int_eq(survey_state_of(&survey, 0x1012), SURVEY_UNTOUCHED);
	ck_assert_int_eq(survey_state_of(&survey, 0x2000), SURVEY_USED);
	ck_assert_int_eq(survey_state_of(&survey, 0x2001), SURVEY_USED);
	ck_assert_int_eq(survey_state_of(&survey, 0x3000), SURVEY_USED);
	ck_assert_uint_eq(survey.nr_free, 2);
	ck_assert_uint_eq(survey.nr_used, 4);
	ck_assert_uint_eq(survey.used.nr, 4);
	survey_deinit(&survey);
}
END_TEST

START_TEST(damaged_frames_are_counted_and_left_out)
{
	struct event failed = page_event(EVENT_PAGE_ALLOC, EVENT_PFN_FAILED, 3);
	const struct event events[] = {
		page_event(EVENT_PAGE_ALLOC, SURVEY_MAX_PFN, 0),
		page_event(EVENT_PAGE_FREE, UINT64_MAX - 5, 0),
		page_event(EVENT_PAGE_FREE, 0x1000, 200),
	};
	struct survey survey;

	survey_init(&survey);
	failed.flags = EVENT_F_FAILED;
	survey_add(&survey, &failed, 1);
	ck_assert_uint_eq(survey.nr_beyond, 0);
	survey_add(&survey, events, ARRAY_SIZE(events));
	/* ~0 - 5 is no failed allocation's pfn, so it counts as damage like the others. */
	ck_assert_uint_eq(survey.nr_beyond, 3);
	ck_assert_uint_eq(survey.runs.nr, 0);
	survey_deinit(&survey);
}
END_TEST

static void ranges(uint64_t low_pfn, uint64_t high_pfn, uint64_t memory,
		   struct machine_config *config)
{
	struct event events[2] = { page_event(EVENT_PAGE_ALLOC, low_pfn, 0),
				   page_event(EVENT_PAGE_ALLOC, high_pfn, 0) };
	struct survey survey;

	survey_init(&survey);
	survey_add(&survey, events, high_pfn ? 2 : 1);
	machine_config_init(config, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	survey_fill_ranges(&survey, memory, config);
	survey_deinit(&survey);
}

START_TEST(memory_reaches_to_the_highest_frame_seen)
{
	struct machine_config config;

	ranges(0x2fff0, 0x10fff0, 0, &config);
	ck_assert_uint_eq(config.ranges.nr, 2);
	ck_assert_uint_eq(config.ranges.items[0].start, 0x100);
	ck_assert_uint_eq(config.ranges.items[0].end, 0x30000);
	ck_assert_uint_eq(config.ranges.items[1].start, 0x100000);
	ck_assert_uint_eq(config.ranges.items[1].end, 0x110000);
	machine_config_deinit(&config);
}
END_TEST

START_TEST(less_memory_is_cut_off_at_the_top)
{
	struct machine_config config;

	ranges(0x2fff0, 0x10fff0, 512ULL << 20, &config);
	ck_assert_uint_eq(config.ranges.nr, 1);
	ck_assert_uint_eq(config.ranges.items[0].end, 0x20000);
	machine_config_deinit(&config);
	ranges(0x2fff0, 0x10fff0, 896ULL << 20, &config);
	ck_assert_uint_eq(config.ranges.nr, 2);
	ck_assert_uint_eq(config.ranges.items[1].end, 0x108000);
	machine_config_deinit(&config);
}
END_TEST

START_TEST(more_memory_fills_up_to_3_gib_then_goes_above_4)
{
	struct machine_config config;

	ranges(0x1ff00, 0, 1ULL << 30, &config);
	ck_assert_uint_eq(config.ranges.nr, 1);
	ck_assert_uint_eq(config.ranges.items[0].end, 0x40000);
	machine_config_deinit(&config);
	ranges(0x1ff00, 0, 4ULL << 30, &config);
	ck_assert_uint_eq(config.ranges.nr, 2);
	ck_assert_uint_eq(config.ranges.items[0].end, 0xc0000);
	ck_assert_uint_eq(config.ranges.items[1].end, 0x140000);
	machine_config_deinit(&config);
}
END_TEST

/* Equal shares from the bottom up, edges at multiples of 4 MiB; the last node gets the rest. */
START_TEST(memory_is_dealt_out_to_nodes)
{
	static const struct machine_range expected[] = {
		{ 0x100, 0x15800, 0 }, { 0x15800, 0x2ac00, 1 }, { 0x2ac00, 0x30000, 2 },
		{ 0x100000, 0x110000, 2 },
	};
	struct event events[2] = { page_event(EVENT_PAGE_ALLOC, 0x2fff0, 0),
				   page_event(EVENT_PAGE_ALLOC, 0x10fff0, 0) };
	struct machine_config config;
	struct survey survey;

	survey_init(&survey);
	survey_add(&survey, events, 2);
	machine_config_init(&config, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	config.nr_nodes = 3;
	survey_fill_ranges(&survey, 0, &config);
	ck_assert_uint_eq(config.ranges.nr, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		ck_assert_uint_eq(config.ranges.items[i].start, expected[i].start);
		ck_assert_uint_eq(config.ranges.items[i].end, expected[i].end);
		ck_assert_int_eq(config.ranges.items[i].node, expected[i].node);
	}
	machine_config_deinit(&config);
	/* More nodes than blocks: all memory is dealt out, and some nodes have none. */
	for (unsigned int nodes = 1; nodes < 3000; nodes += 7) {
		uint64_t sum = 0;

		machine_config_init(&config, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
		config.nr_nodes = nodes;
		survey_fill_ranges(&survey, 0, &config);
		vec_foreach(&config.ranges, range)
			sum += range->end - range->start;
		ck_assert_uint_eq(sum, 0x30000 - 0x100 + 0x10000);
		ck_assert_int_lt(config.ranges.items[config.ranges.nr - 1].node, (int)nodes);
		machine_config_deinit(&config);
	}
	survey_deinit(&survey);
}
END_TEST

START_TEST(other_architectures_have_memory_of_their_own)
{
	struct event events[2] = {
		{ .type = EVENT_PAGE_ALLOC, .page = { .pfn = 0x1fff0 } },
		{ .type = EVENT_PAGE_ALLOC, .page = { .pfn = 0x10fff0 } },
	};
	struct machine_config config;
	struct survey survey;

	survey_init(&survey);
	survey_add(&survey, events, 2);
	machine_config_init(&config, (struct kernel_version){ 6, 12 }, ARCH_X86_32);
	survey_fill_ranges(&survey, 1ULL << 30, &config);
	ck_assert_uint_eq(config.ranges.nr, 1);
	ck_assert_uint_eq(config.ranges.items[0].start, 0x100);
	ck_assert_uint_eq(config.ranges.items[0].end, 0x40000);
	machine_config_deinit(&config);
	survey_deinit(&survey);
}
END_TEST

UNIT_MAIN("survey", first_event_of_a_frame_decides,
	  block_in_part_seen_before_was_not_in_use_whole, what_compaction_took_was_free,
	  damaged_frames_are_counted_and_left_out, memory_reaches_to_the_highest_frame_seen,
	  less_memory_is_cut_off_at_the_top, more_memory_fills_up_to_3_gib_then_goes_above_4,
	  memory_is_dealt_out_to_nodes,
	  other_architectures_have_memory_of_their_own)
