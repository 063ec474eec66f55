/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state at the start of machines with several nodes, out of a boot log and first events. */
#include <config.h>

#include "kmreplay/abi/gfp.h"
#include "kmreplay/proc/snapshot.h"
#include "kmreplay/replay/start.h"
#include "unit/unit.h"

#include <string.h>

enum {
	FIRST = 0x100000,    /* node 0's zone Normal: 256 MiB, half of it late */
	SECOND = 0x110000,   /* node 1's: 1 GiB */
	SECOND_LATE = SECOND + 0x8000,
	END = 0x150000,
};

/* As 6.12 prints it. */
static const char boot_log[] =
	"[    0.0] MEMBLOCK configuration:\n"
	"[    0.0]  memory size = 0x50000000 reserved size = 0x200000\n"
	"[    0.0]  memory.cnt  = 0x2\n"
	"[    0.0]  memory[0x0]\t[0x0000000100000000-0x000000010fffffff], "
	"0x0000000010000000 bytes on node 0 flags: 0x0\n"
	"[    0.0]  memory[0x1]\t[0x0000000110000000-0x000000014fffffff], "
	"0x0000000040000000 bytes on node 1 flags: 0x0\n"
	"[    0.0]  reserved.cnt  = 0x1\n"
	"[    0.0]  reserved[0x0]\t[0x000000014fe00000-0x000000014fffffff], "
	"0x0000000000200000 bytes on node 1 flags: 0x0\n"
	"[    0.0] Early memory node ranges\n"
	"[    0.0]   node   0: [mem 0x0000000100000000-0x000000010fffffff]\n"
	"[    0.0]   node   1: [mem 0x0000000110000000-0x000000014fffffff]\n"
	"[    0.1] SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=4, Nodes=2\n"
	"[    2.0] node 1 deferred pages initialised in 8ms\n";

static struct event page_event(enum event_type type, uint64_t pfn, unsigned int order)
{
	struct event ev = { .type = (uint8_t)type };

	ev.page.pfn = pfn;
	ev.page.order = (uint8_t)order;
	ev.page.gfp = GFP_BIT_COMP; /* early boot: nothing of GFP_KERNEL is allowed */
	ev.page.migratetype = MIGRATE_UNMOVABLE;
	return ev;
}

static void read_log(struct proc_snapshot *boot, const char *log)
{
	struct error err = { "" };
	struct str text;

	proc_snapshot_init(boot);
	str_init(&text);
	str_add(&text, log);
	ck_assert_msg(proc_snapshot_parse(boot, PROC_DMESG, &text, "dmesg", &err), "%s",
		      err.message);
	str_deinit(&text);
}

/* Each node's last zone has a late part: what nobody saw coming was there before the recording. */
START_TEST(late_memory_is_counted_node_by_node)
{
	const struct event events[] = {
		page_event(EVENT_PAGE_ALLOC, FIRST + 0x9000, 0),
		page_event(EVENT_PAGE_FREE, SECOND_LATE, 10),
	};
	struct proc_snapshot boot;
	struct start_state *state;
	struct survey survey;

	read_log(&boot, boot_log);
	survey_init(&survey);
	survey_add(&survey, events, ARRAY_SIZE(events));
	ck_assert(survey.from_boot);
	state = start_state_create(&(struct start_sources){ .survey = &survey,
							    .arch = ARCH_X86_64,
							    .nr_nodes = 1,
							    .boot = &boot });
	ck_assert_uint_eq(state->zones.nr, 2);
	ck_assert_int_eq(state->zones.items[0].node, 0);
	ck_assert_int_eq(state->zones.items[1].node, 1);
	ck_assert_uint_eq(state->zones.items[0].managed, SECOND - FIRST);
	ck_assert_uint_eq(state->zones.items[1].managed, SECOND_LATE - SECOND);
	ck_assert_uint_eq(state->zones.items[1].managed_later, END - SECOND - 0x200);
	/* Node 0's zone had to grow, so it failed its high mark. */
	ck_assert(state->pages.zones.items[0].below_high);
	ck_assert(!state->pages.zones.items[1].below_high);
	start_state_destroy(state);
	survey_deinit(&survey);
	proc_snapshot_deinit(&boot);
}
END_TEST

/* Where parts of pageblocks were left, it grew although it passed its marks. */
START_TEST(a_zone_that_kept_something_grew_for_another_reason)
{
	const struct event events[] = {
		page_event(EVENT_PAGE_ALLOC, FIRST + 0x9000, 0),
		page_event(EVENT_PAGE_ALLOC, FIRST + 0x7001, 0),
	};
	struct proc_snapshot boot;
	struct start_state *state;
	struct survey survey;

	read_log(&boot, boot_log);
	survey_init(&survey);
	survey_add(&survey, events, ARRAY_SIZE(events));
	state = start_state_create(&(struct start_sources){ .survey = &survey,
							    .arch = ARCH_X86_64,
							    .nr_nodes = 1,
							    .boot = &boot });
	ck_assert_uint_eq(state->zones.items[0].managed, SECOND - FIRST);
	ck_assert(!state->pages.zones.items[0].below_high);
	start_state_destroy(state);
	survey_deinit(&survey);
	proc_snapshot_deinit(&boot);
}
END_TEST

UNIT_MAIN("start_nodes", a_zone_that_kept_something_grew_for_another_reason,
	  late_memory_is_counted_node_by_node)
