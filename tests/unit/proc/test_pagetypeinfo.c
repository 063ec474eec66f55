/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/pagetypeinfo of a machine with two nodes: each has a head and tables of its own. */
#include <config.h>

#include "snapshot_fixture.h"

#include "../../../src/proc/proc_internal.h"

#include <string.h>

#define HEAD                                                                                   \
	"Page block order: 9\n"                                                               \
	"Pages per block:  512\n"                                                             \
	"\n"                                                                                  \
	"Free pages count per migrate type at order       0      1 \n"
#define ROWS(node, zone, nr)                                                                   \
	"Node    " node ", zone " zone ", type    Unmovable      " nr "      0 \n"            \
	"Node    " node ", zone " zone ", type      Movable      0      " nr " \n"
#define BLOCKS "\nNumber of blocks type     Unmovable      Movable \n"
#define MIXED "\nNumber of mixed blocks    Unmovable      Movable \n"
#define COUNTS(node, zone, nr)                                                                 \
	"Node " node ", zone " zone "            " nr "            7 \n"

static const char two_nodes[] = HEAD ROWS("0", "   DMA32", "1") ROWS("0", "  Normal", "2")
	BLOCKS COUNTS("0", "   DMA32", "3") COUNTS("0", "  Normal", "4")
	HEAD ROWS("1", "  Normal", "5") BLOCKS COUNTS("1", "  Normal", "6");
static const char with_mixed[] = HEAD ROWS("0", "  Normal", "1")
	BLOCKS COUNTS("0", "  Normal", "2") MIXED COUNTS("0", "  Normal", "3")
	HEAD ROWS("1", "  Normal", "4") BLOCKS COUNTS("1", "  Normal", "5")
	MIXED COUNTS("1", "  Normal", "6");
static const char mixed_of_one[] = HEAD ROWS("0", "  Normal", "1")
	BLOCKS COUNTS("0", "  Normal", "2") MIXED COUNTS("0", "  Normal", "3")
	HEAD ROWS("1", "  Normal", "4") BLOCKS COUNTS("1", "  Normal", "5");

static void expect_same(const struct proc_snapshot *snap, const char *text)
{
	struct str got;

	str_init(&got);
	proc_file_print(snap, PROC_PAGETYPEINFO, &got);
	ck_assert_str_eq(str_text(&got), text);
	str_deinit(&got);
}

START_TEST(each_node_has_its_tables)
{
	const struct proc_pagetype_zone *zone;
	struct proc_snapshot snap;
	struct error err;

	proc_snapshot_init(&snap);
	ck_assert_msg(fixture_parse(&snap, PROC_PAGETYPEINFO, two_nodes, &err), "%s",
		      err.message);
	ck_assert_uint_eq(snap.pagetypeinfo.zones.nr, 3);
	ck_assert_uint_eq(snap.pagetypeinfo.nr_orders, 2);
	zone = proc_pagetype_find(&snap, 1, "Normal");
	ck_assert_ptr_nonnull(zone);
	ck_assert_uint_eq(zone->nr_free[1][1], 5);
	ck_assert_uint_eq(zone->blocks[0], 6);
	ck_assert_uint_eq(proc_pagetype_find(&snap, 0, "Normal")->blocks[0], 4);
	expect_same(&snap, two_nodes);
	proc_snapshot_deinit(&snap);
}
END_TEST

START_TEST(each_node_has_its_mixed_blocks)
{
	struct proc_snapshot snap;
	struct error err;

	proc_snapshot_init(&snap);
	ck_assert_msg(fixture_parse(&snap, PROC_PAGETYPEINFO, with_mixed, &err), "%s",
		      err.message);
	ck_assert_uint_eq(proc_pagetype_find(&snap, 1, "Normal")->mixed[0], 6);
	expect_same(&snap, with_mixed);
	proc_snapshot_deinit(&snap);
	proc_snapshot_init(&snap);
	ck_assert(!fixture_parse(&snap, PROC_PAGETYPEINFO, mixed_of_one, &err));
	ck_assert(strstr(err.message, "expected the same tables for each node"));
	proc_snapshot_deinit(&snap);
}
END_TEST

UNIT_MAIN("pagetypeinfo", each_node_has_its_tables, each_node_has_its_mixed_blocks)
