/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What time does to a machine that nobody asks for anything. */
#include <config.h>

#include "kmreplay/core/vec.h"
#include "kmreplay/mm/machine.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/zone.h"
#include "unit/unit.h"

/* Takes "nr" single pages of "node" on CPU 0 and gives them back. */
static void take_and_free(struct machine *m, int node, unsigned int nr)
{
	struct vec(uint64_t) taken = { 0 };

	for (unsigned int i = 0; i < nr; i++)
		vec_push(&taken, page_alloc(machine_pages(m), 0, GFP_BITS_KERNEL, 0, node, 0).addr);
	vec_foreach(&taken, pfn)
		(void)page_free(machine_pages(m), 0, *pfn, 0);
	vec_deinit(&taken);
}

/* Pages in the lists of CPU 0 of all zones of "node"; "*above": their limits are not the least. */
static uint64_t in_lists(struct machine *m, int node, bool *above)
{
	uint64_t sum = 0;

	*above = false;
	for (unsigned int i = 0; i < zone_count(machine_pages(m)); i++) {
		struct zone_pcp_info pcp;
		struct zone_info zone;

		zone_info(machine_pages(m), i, &zone);
		zone_pcp_info(machine_pages(m), i, 0, &pcp);
		if (zone.node != node)
			continue;
		sum += pcp.count;
		*above |= pcp.high > pcp.high_min;
	}
	return sum;
}

static struct machine *timed(unsigned int major, unsigned int minor)
{
	const struct machine_ops ops = { 0 };
	struct machine_config config;
	struct error err;
	struct machine *m;

	machine_config_init(&config, (struct kernel_version){ .major = (uint16_t)major,
							      .minor = (uint16_t)minor },
			    ARCH_X86_64);
	machine_config_add_range(&config, 0x100000, 0x120000, 0);
	machine_config_add_range(&config, 0x120000, 0x140000, 1);
	config.nr_nodes = 2;
	config.nr_cpus = 2;
	m = machine_create(&config, &ops, NULL, &err);
	ck_assert_msg(m != NULL, "%s", err.message);
	machine_config_deinit(&config);
	return m;
}

#define SECONDS(nr) ((nr) * 1000000000ULL)

/* decay_pcp_high() of 6.7 on: limits that grew go down again, an eighth a second. */
START_TEST(idle_lists_are_given_back_in_time)
{
	struct machine *m = timed(6, 12);
	uint64_t before, after;
	struct error err;
	bool above;

	take_and_free(m, 0, 20000);
	before = in_lists(m, 0, &above);
	ck_assert(above);
	machine_advance(m, SECONDS(1) - 1);
	ck_assert_uint_eq(in_lists(m, 0, &above), before);
	machine_advance(m, 1);
	after = in_lists(m, 0, &above);
	ck_assert_uint_lt(after, before);
	ck_assert(above);
	machine_advance(m, SECONDS(200));
	ck_assert_uint_lt(in_lists(m, 0, &above), after);
	ck_assert(!above);
	ck_assert_uint_eq(machine_now(m), SECONDS(201));
	ck_assert_msg(machine_check(m, &err), "%s", err.message);
	machine_destroy(m);
}
END_TEST

/* drain_zone_pages(): three seconds behind the last change, a batch; the own node's stay. */
START_TEST(lists_of_other_nodes_expire)
{
	struct machine *m = timed(6, 1);
	uint64_t own, other;
	bool above;

	take_and_free(m, 0, 100);
	take_and_free(m, 1, 100);
	/* A change that is not yet booked; refills are so large that they are at once. */
	(void)page_alloc(machine_pages(m), 0, GFP_BITS_KERNEL, 4, 1, 0);
	machine_advance(m, SECONDS(2));
	own = in_lists(m, 0, &above);
	other = in_lists(m, 1, &above);
	ck_assert_uint_gt(other, 0);
	machine_advance(m, SECONDS(1));
	ck_assert_uint_lt(in_lists(m, 1, &above), other);
	machine_advance(m, SECONDS(100));
	ck_assert_uint_eq(in_lists(m, 1, &above), 0);
	ck_assert_uint_eq(in_lists(m, 0, &above), own);
	machine_destroy(m);
}
END_TEST

/* However long nothing happens, and in however many parts: the same, and at once. */
START_TEST(time_may_pass_in_parts)
{
	struct machine *whole = timed(6, 12), *parts = timed(6, 12);
	bool above;

	take_and_free(whole, 1, 20000);
	take_and_free(parts, 1, 20000);
	machine_advance(whole, SECONDS(30));
	for (unsigned int i = 0; i < 3000; i++)
		machine_advance(parts, SECONDS(30) / 3000);
	ck_assert_uint_eq(in_lists(whole, 1, &above), in_lists(parts, 1, &above));
	machine_advance(whole, UINT64_MAX);
	machine_advance(whole, UINT64_MAX);
	ck_assert_uint_lt(machine_now(whole), UINT64_MAX / 2);
	machine_destroy(whole);
	machine_destroy(parts);
}
END_TEST

UNIT_MAIN("machine_time", idle_lists_are_given_back_in_time, lists_of_other_nodes_expire,
	  time_may_pass_in_parts)
