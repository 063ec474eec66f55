/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state at the start: from events alone, from a boot log, and from files of real machines, of
 * which a machine that is built so must show the same free blocks and pageblocks.
 */
#include <config.h>

#include "kmreplay/core/bits.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/proc/snapshot.h"
#include "kmreplay/replay/start.h"

#include "unit/unit.h"

#include <string.h>

enum { FOUR_GIB = 0x100000 };

static const struct {
	const char *name;
	struct kernel_version version;
	enum machine_arch arch;
} snapshots[] = {
	{ "linux-6.1", { 6, 1 }, ARCH_X86_64 },
	{ "linux-6.1-i386", { 6, 1 }, ARCH_X86_32 },
	{ "linux-6.12", { 6, 12 }, ARCH_X86_64 },
	{ "linux-7.2", { 7, 2 }, ARCH_X86_64 },
};

static const char boot_log[] =
	"[    0.0] MEMBLOCK configuration:\n"
	"[    0.0]  memory size = 0x7f00000 reserved size = 0x200000\n"
	"[    0.0]  memory.cnt  = 0x1\n"
	"[    0.0]  memory[0x0]\t[0x0000000000100000-0x0000000007ffffff], "
	"0x0000000007f00000 bytes flags: 0x0\n"
	"[    0.0]  reserved.cnt  = 0x1\n"
	"[    0.0]  reserved[0x0]\t[0x0000000002000000-0x00000000021fffff], "
	"0x0000000000200000 bytes flags: 0x0\n"
	"[    0.1] SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=2, Nodes=1\n";

static struct event page_event(enum event_type type, uint64_t pfn, unsigned int order,
			       uint32_t gfp)
{
	struct event ev = { .type = (uint8_t)type, .pid = 100 };

	ev.page.pfn = pfn;
	ev.page.order = (uint8_t)order;
	ev.page.gfp = gfp;
	ev.page.migratetype = MIGRATE_MOVABLE;
	return ev;
}

static struct start_state *state_of(struct survey *survey, const struct event *events, size_t nr,
				    const struct proc_snapshot *boot)
{
	survey_init(survey);
	survey_add(survey, events, nr);
	return start_state_create(&(struct start_sources){ .survey = survey,
							   .arch = ARCH_X86_64,
							   .nr_nodes = 1,
							   .boot = boot });
}

static void read_boot_log(struct proc_snapshot *boot)
{
	struct error err = { "" };
	struct str text;

	proc_snapshot_init(boot);
	str_init(&text);
	str_add(&text, boot_log);
	ck_assert_msg(proc_snapshot_parse(boot, PROC_DMESG, &text, "dmesg", &err), "%s",
		      err.message);
	ck_assert(boot->boot.reserved_known);
	str_deinit(&text);
}

static bool is_free(const struct start_state *state, uint64_t pfn)
{
	vec_foreach(&state->pages.free, run) {
		if (pfn >= run->start && pfn < run->end)
			return true;
	}
	return false;
}

static int type_of(const struct start_state *state, uint64_t pfn)
{
	vec_foreach(&state->pages.blocks, block) {
		if (block->pfn == bits_align_down(pfn, 512))
			return block->type;
	}
	return MIGRATE_MOVABLE;
}

START_TEST(a_recording_from_the_middle_tells_of_lists_and_types)
{
	struct event events[] = {
		page_event(EVENT_ZONE_LOCKED, 0x5000, 0, 0),
		page_event(EVENT_PAGE_ALLOC, 0x5000, 0, GFP_BITS_KERNEL),
		page_event(EVENT_PAGE_ALLOC, 0x6001, 0, GFP_BITS_KERNEL), /* waited */
		page_event(EVENT_PAGE_ALLOC, 0x6000, 0, GFP_BITS_KERNEL), /* behind it */
		page_event(EVENT_PCPU_DRAIN, 0x6003, 0, 0), /* the last of its list */
		page_event(EVENT_PCPU_DRAIN, 0x6002, 0, 0),
		page_event(EVENT_PAGE_FREE, 0x7000, 1, 0),
		page_event(EVENT_ZONE_LOCKED, 0x5001, 0, 0),
	};
	struct start_state *state;
	struct survey survey;

	events[0].page.migratetype = MIGRATE_RECLAIMABLE;
	state = state_of(&survey, events, ARRAY_SIZE(events), NULL);
	ck_assert(is_free(state, 0x5000));
	ck_assert(is_free(state, 0x4fff)); /* nobody knows */
	ck_assert(!is_free(state, 0x6000));
	ck_assert(!is_free(state, 0x6002));
	ck_assert(!is_free(state, 0x7001));
	ck_assert_uint_eq(state->pages.pcp.nr, 4);
	ck_assert_uint_eq(state->pages.pcp.items[0].pfn, 0x6001);
	ck_assert_uint_eq(state->pages.pcp.items[1].pfn, 0x6000);
	ck_assert_uint_eq(state->pages.pcp.items[2].pfn, 0x6002);
	ck_assert_uint_eq(state->pages.pcp.items[3].pfn, 0x6003);
	ck_assert_int_eq(type_of(state, 0x5001), MIGRATE_RECLAIMABLE);
	ck_assert_int_eq(type_of(state, 0x6001), MIGRATE_MOVABLE);
	ck_assert_uint_eq(state->nr_pages[START_BY_EVENTS], 8);
	ck_assert_uint_eq(state->nr_pcp, 4);
	ck_assert(!state->pages.early);
	start_state_destroy(state);
	survey_deinit(&survey);
}
END_TEST

START_TEST(blocks_that_boot_passed_over_were_in_use)
{
	struct event events[20];
	struct start_state *state;
	struct survey survey;
	size_t nr = 0;

	events[nr++] = page_event(EVENT_PAGE_ALLOC, 0x1400, 0, GFP_BIT_COMP);
	events[0].pid = 0;
	/* Blocks are taken in order; 0x2400 and 0x2800 are not among them. */
	for (uint64_t pfn = 0x1800; pfn < 0x3800; pfn += 0x400) {
		if (pfn != 0x2400 && pfn != 0x2800)
			events[nr++] = page_event(EVENT_ZONE_LOCKED, pfn, 0, 0);
	}
	events[nr++] = page_event(EVENT_PAGE_FREE, 0x2404, 0, 0);  /* it was in use */
	events[nr++] = page_event(EVENT_ZONE_LOCKED, 0x2880, 0, 0); /* part of it was free */
	state = state_of(&survey, events, nr, NULL);
	ck_assert(survey.from_boot);
	ck_assert(!is_free(state, 0x1100)); /* below all that was taken */
	ck_assert(is_free(state, 0x1801));
	ck_assert(!is_free(state, 0x2400));
	ck_assert(!is_free(state, 0x27ff));
	ck_assert(!is_free(state, 0x287f));
	ck_assert(is_free(state, 0x2881));
	ck_assert(is_free(state, 0x3c00));
	ck_assert(state->pages.early);
	start_state_destroy(state);
	survey_deinit(&survey);
}
END_TEST

/* Nothing is left for who would rather have had zone Normal. */
START_TEST(the_rest_of_a_block_in_an_exhausted_zone_was_free)
{
	struct event events[] = {
		page_event(EVENT_ZONE_LOCKED, FOUR_GIB + 0x410, 0, 0),
		page_event(EVENT_PAGE_ALLOC, FOUR_GIB + 0x410, 0, GFP_BIT_COMP),
		page_event(EVENT_ZONE_LOCKED, FOUR_GIB + 0x800, 0, 0),
		page_event(EVENT_ZONE_LOCKED, 0x4000, 0, 0),
		page_event(EVENT_PAGE_ALLOC, 0x4000, 0, GFP_BIT_COMP),
	};
	struct start_state *state;
	struct survey survey;

	events[1].pid = events[4].pid = 0;
	state = state_of(&survey, events, ARRAY_SIZE(events), NULL);
	ck_assert(!is_free(state, FOUR_GIB + 0x40f));
	ck_assert(is_free(state, FOUR_GIB + 0x410));
	ck_assert(is_free(state, FOUR_GIB + 0x411));
	ck_assert(is_free(state, FOUR_GIB + 0x5ff));
	ck_assert(!is_free(state, FOUR_GIB + 0x600));
	/* A pageblock that was free as a whole would have been taken: the rest was in use. */
	ck_assert(is_free(state, FOUR_GIB + 0x800));
	ck_assert(!is_free(state, FOUR_GIB + 0x801));
	start_state_destroy(state);
	survey_deinit(&survey);
}
END_TEST

/* Late memory lies behind all other: when it was needed, nothing else was left. */
START_TEST(late_memory_that_is_needed_shows_that_all_else_was_used)
{
	struct event events[] = {
		page_event(EVENT_PAGE_ALLOC, FOUR_GIB + 0x400, 0, GFP_BIT_COMP),
		page_event(EVENT_PAGE_FREE, FOUR_GIB + 0x8000, 10, 0),
		page_event(EVENT_ZONE_LOCKED, FOUR_GIB + 0x8000, 0, 0),
	};
	struct start_state *state;
	struct survey survey;

	events[0].pid = 0;
	state = state_of(&survey, events, ARRAY_SIZE(events) - !_i, NULL);
	ck_assert(!is_free(state, FOUR_GIB + 0x3ff));
	ck_assert_int_eq(is_free(state, FOUR_GIB + 0x1000), !_i);
	ck_assert(!is_free(state, FOUR_GIB + 0x8000));
	start_state_destroy(state);
	survey_deinit(&survey);
}
END_TEST

START_TEST(an_extfrag_names_a_block_or_a_page)
{
	struct event ev = { .type = EVENT_EXTFRAG };
	struct survey survey;

	ev.extfrag.pfn = 0x2000;
	ev.extfrag.fallback_order = 4;
	ev.extfrag.fallback_migratetype = MIGRATE_MOVABLE;
	ev.extfrag.change_ownership = 1;
	for (int head = 0; head < 2; head++) {
		survey_init(&survey);
		survey.extfrag_names_block = head;
		survey_add(&survey, &ev, 1);
		ck_assert_int_eq(survey_state_of(&survey, 0x2001),
				 head ? SURVEY_FREE : SURVEY_UNTOUCHED);
		survey_deinit(&survey);
	}
	/* A pageblock or more, or a page stolen in place: the head was taken. */
	ev.extfrag.change_ownership = 0;
	survey_init(&survey);
	survey_add(&survey, &ev, 1);
	ck_assert_int_eq(survey_state_of(&survey, 0x200f), SURVEY_FREE);
	ev.extfrag.pfn = 0x4000;
	ev.extfrag.fallback_order = 10;
	ev.extfrag.change_ownership = 1;
	survey_add(&survey, &ev, 1);
	ck_assert_int_eq(survey_state_of(&survey, 0x43ff), SURVEY_FREE);
	survey_deinit(&survey);
}
END_TEST

START_TEST(a_boot_log_says_what_was_reserved)
{
	const struct event events[] = {
		page_event(EVENT_PAGE_ALLOC, 0x1400, 0, GFP_BIT_COMP),
		page_event(EVENT_PAGE_FREE, 0x2010, 0, 0), /* was reserved */
	};
	struct proc_snapshot boot;
	struct start_state *state;
	struct survey survey;
	struct event first = events[0];

	read_boot_log(&boot);
	first.pid = 0;
	state = state_of(&survey, (struct event[]){ first, events[1] }, 2, &boot);
	ck_assert(state->exact);
	ck_assert_uint_eq(state->ranges.items[0].end, 0x8000);
	ck_assert(!is_free(state, 0x2000));
	ck_assert(!is_free(state, 0x21ff));
	ck_assert(is_free(state, 0x2200));
	ck_assert(!is_free(state, 0x1100));
	ck_assert_uint_eq(state->zones.nr, 2);
	ck_assert_uint_eq(state->zones.items[1].managed, 0x7000 - 0x200);
	ck_assert_uint_eq(state->zones.items[1].managed_later, 0x7000 - 0x200 + 1);
	start_state_destroy(state);
	survey_deinit(&survey);
	proc_snapshot_deinit(&boot);
}
END_TEST

/* kpageflags of "nr" frames, those of [from, to) free. */
static void read_flags(struct proc_snapshot *snap, uint64_t nr, uint64_t from, uint64_t to)
{
	static const char words[2][9] = { "\0\0\0\0\0\0\0", "\0\4\0\0\0\0\0" };
	struct error err = { "" };
	struct str data;

	proc_snapshot_init(snap);
	str_init(&data);
	for (uint64_t pfn = 0; pfn < nr; pfn++)
		str_add_mem(&data, words[pfn >= from && pfn < to], 8);
	ck_assert_msg(proc_snapshot_parse(snap, PROC_KPAGEFLAGS, &data, "kpageflags", &err), "%s",
		      err.message);
	str_deinit(&data);
}

/* What no event touches is told; what one touches is not; of another boot nothing is. */
START_TEST(later_flags_tell_of_what_no_event_touches)
{
	static const struct {
		uint64_t nr, from, to;
		bool used;
	} cases[] = {
		{ 0x8000, 0x1000, 0x2000, true },
		{ 0x2000, 0x1000, 0x2000, false }, /* 0x2010 is not there */
		{ 0x8000, 0x2000, 0x2010, false }, /* reserved and never freed */
	};
	struct event events[] = {
		page_event(EVENT_PAGE_ALLOC, 0x1400, 0, GFP_BIT_COMP),
		page_event(EVENT_PAGE_FREE, 0x1401, 0, 0),
		page_event(EVENT_PAGE_FREE, 0x2010, 0, 0),
	};
	struct proc_snapshot boot, later;
	struct start_state *state;
	struct survey survey;

	events[0].pid = 0;
	survey_init(&survey);
	survey_add(&survey, events, ARRAY_SIZE(events));
	read_boot_log(&boot);
	read_flags(&later, cases[_i].nr, cases[_i].from, cases[_i].to);
	state = start_state_create(&(struct start_sources){ .survey = &survey,
							    .arch = ARCH_X86_64,
							    .nr_nodes = 1,
							    .boot = &boot,
							    .later = &later });
	ck_assert_int_eq(state->has_later, cases[_i].used);
	ck_assert_uint_eq(state->contradictions.nr, !cases[_i].used);
	ck_assert_int_eq(state->nr_pages[START_BY_FLAGS] > 0, cases[_i].used);
	ck_assert(is_free(state, 0x1400) && !is_free(state, 0x1401) && !is_free(state, 0x2010));
	/* By the boot log alone: used below the first page that was taken, free behind it. */
	ck_assert_int_eq(is_free(state, 0x1100), cases[_i].used);
	ck_assert_int_eq(is_free(state, 0x3000), !cases[_i].used);
	start_state_destroy(state);
	survey_deinit(&survey);
	proc_snapshot_deinit(&boot);
	proc_snapshot_deinit(&later);
}
END_TEST

static void expect_zone(const struct proc_snapshot *files, const struct page_allocator *pa,
			unsigned int index)
{
	const struct proc_pagetype_zone *types;
	const struct proc_buddy_row *buddy;
	const struct proc_zone *listed;
	uint64_t blocks[MIGRATE_NR];
	struct zone_info zone;

	zone_info(pa, index, &zone);
	zone_block_types(pa, index, blocks);
	buddy = proc_buddy_find(files, zone.node, zone_type_name(zone.type));
	types = proc_pagetype_find(files, zone.node, zone_type_name(zone.type));
	listed = proc_zone_find(files, zone.node, zone_type_name(zone.type));
	ck_assert(buddy && types && listed);
	ck_assert_uint_eq(zone.managed, listed->managed);
	ck_assert_uint_eq(zone.present, listed->present);
	ck_assert_uint_eq(zone.mark[ZONE_MARK_MIN] + zone.boost, listed->min);
	ck_assert_uint_eq(zone.mark[ZONE_MARK_HIGH] + zone.boost, listed->high);
	for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++)
		ck_assert_uint_eq(zone.nr_free[o], buddy->nr_free[o]);
	for (unsigned int i = 0; i < files->pagetypeinfo.nr_types; i++) {
		for (unsigned int t = 0; t < MIGRATE_NR; t++) {
			if (strcmp(migratetype_name(t), files->pagetypeinfo.types[i]) != 0)
				continue;
			ck_assert_uint_eq(blocks[t], types->blocks[i]);
			for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++)
				ck_assert_uint_eq(zone.nr_free_type[o][t], types->nr_free[i][o]);
		}
	}
}

/* With positions (kpageflags) and without, and from another moment in pagetypeinfo: see below. */
static void build_from(int i, bool with_positions)
{
	const char *top = getenv("top_srcdir");
	char *path = xasprintf("%s/tests/snapshots/%s", top ? top : ".", snapshots[i].name);
	struct machine_config config;
	struct proc_snapshot files;
	struct page_allocator *pa;
	struct start_state *state;
	struct page_start start;
	struct survey survey;
	struct error err = { "" };

	proc_snapshot_init(&files);
	ck_assert_msg(proc_snapshot_read(&files, path, &err), "%s", err.message);
	if (!with_positions)
		files.files &= ~(1U << PROC_KPAGEFLAGS);
	survey_init(&survey);
	survey.extfrag_names_block = snapshots[i].version.minor == 1;
	state = start_state_create(&(struct start_sources){ .survey = &survey,
							    .arch = snapshots[i].arch,
							    .nr_nodes = 1,
							    .files = &files,
							    .seed = 7 });
	machine_config_init(&config, snapshots[i].version, snapshots[i].arch);
	config.nr_cpus = 2;
	start_state_fill_ranges(state, &survey, 0, &config);
	start_state_map(state, &config, false, &start);
	config.start = &start;
	pa = page_allocator_create(&config, NULL, NULL, &err);
	ck_assert_msg(pa != NULL, "%s", err.message);
	ck_assert_msg(page_check(pa, &err), "%s", err.message);
	vec_foreach(&state->contradictions, line)
		ck_assert_msg(strstr(*line, "in pagetypeinfo: buddyinfo is taken") ||
				      strstr(*line, "kpageflags has"),
			      "%s", *line);
	for (unsigned int zone = 0; zone < zone_count(pa); zone++) {
		if (!state->contradictions.nr)
			expect_zone(&files, pa, zone);
	}
	ck_assert_uint_eq(state->nr_free + state->nr_used + state->nr_pcp,
			  state->nr_pages[START_BY_FLAGS] + state->nr_pages[START_BY_COUNTS]);
	page_allocator_destroy(pa);
	page_start_deinit(&start);
	machine_config_deinit(&config);
	start_state_destroy(state);
	survey_deinit(&survey);
	proc_snapshot_deinit(&files);
	free(path);
}

START_TEST(a_machine_shows_the_files_that_it_was_built_from)
{
	build_from(_i, true);
	build_from(_i, false);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("start");
	TCase *tcase = tcase_create("start");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, a_recording_from_the_middle_tells_of_lists_and_types);
	tcase_add_test(tcase, blocks_that_boot_passed_over_were_in_use);
	tcase_add_test(tcase, the_rest_of_a_block_in_an_exhausted_zone_was_free);
	tcase_add_loop_test(tcase, late_memory_that_is_needed_shows_that_all_else_was_used, 0, 2);
	tcase_add_test(tcase, an_extfrag_names_a_block_or_a_page);
	tcase_add_test(tcase, a_boot_log_says_what_was_reserved);
	tcase_add_loop_test(tcase, later_flags_tell_of_what_no_event_touches, 0, 3);
	tcase_add_loop_test(tcase, a_machine_shows_the_files_that_it_was_built_from, 0,
			    ARRAY_SIZE(snapshots));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
