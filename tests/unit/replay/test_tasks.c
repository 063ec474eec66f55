/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose pages are whose, beside a plain table of slots. */
#include <config.h>

#include "kmreplay/core/rng.h"

#include "../../../src/replay/tasks.h"

#include "unit/unit.h"

#include <string.h>

START_TEST(slots_leave_oldest_first_and_an_empty_task_is_forgotten)
{
	struct tasks tasks;
	uint32_t a, b;

	tasks_init(&tasks);
	ck_assert_uint_eq(tasks_largest(&tasks), TASK_NONE);
	ck_assert_uint_eq(tasks_add(&tasks, 0, 1, 1), TASK_NONE);
	ck_assert_uint_eq(tasks_add(&tasks, 1, 1, 1), TASK_NONE);
	ck_assert_uint_eq(tasks_add(&tasks, -1, 1, 1), TASK_NONE);
	tasks_remove(&tasks, TASK_NONE, 1, 1);
	a = tasks_add(&tasks, 10, 5, 1);
	b = tasks_add(&tasks, 20, 3, 512);
	ck_assert_uint_eq(tasks_add(&tasks, 10, 7, 1), a);
	ck_assert_uint_eq(tasks_largest(&tasks), b);
	tasks_remove(&tasks, b, 3, 512);
	ck_assert_uint_eq(tasks_largest(&tasks), a);
	ck_assert_uint_eq(tasks_oldest_slot(&tasks, a), 5);
	tasks_remove(&tasks, a, 5, 1);
	ck_assert_uint_eq(tasks_oldest_slot(&tasks, a), 7);
	ck_assert_uint_eq(tasks_add(&tasks, 30, 9, 1), b); /* its place is used again */
	tasks_deinit(&tasks);
}
END_TEST

START_TEST(random_use_agrees_with_a_table)
{
	enum { SLOTS = 200, PIDS = 12 };
	struct {
		int32_t pid; /* 0: not in use */
		uint32_t task;
		uint64_t pages;
	} table[SLOTS];
	uint64_t pages[PIDS] = { 0 };
	struct tasks tasks;
	struct rng rng;

	memset(table, 0, sizeof(table));
	tasks_init(&tasks);
	rng_init(&rng, 5);
	for (unsigned int i = 0; i < 20000; i++) {
		uint32_t slot = (uint32_t)rng_below(&rng, SLOTS), largest;
		uint64_t most = 0;

		if (table[slot].pid) {
			tasks_remove(&tasks, table[slot].task, slot, table[slot].pages);
			pages[table[slot].pid] -= table[slot].pages;
			table[slot].pid = 0;
		} else {
			table[slot].pid = 2 + (int32_t)rng_below(&rng, PIDS - 2);
			table[slot].pages = 1 + rng_below(&rng, 8);
			table[slot].task =
				tasks_add(&tasks, table[slot].pid, slot, table[slot].pages);
			pages[table[slot].pid] += table[slot].pages;
		}
		for (unsigned int pid = 0; pid < PIDS; pid++)
			most = MAX(most, pages[pid]);
		largest = tasks_largest(&tasks);
		ck_assert_int_eq(largest == TASK_NONE, !most);
		if (most)
			ck_assert_uint_eq(tasks.all.items[largest].pages, most);
	}
	ck_assert_uint_le(tasks.all.nr, PIDS);
	tasks_deinit(&tasks);
}
END_TEST

UNIT_MAIN("tasks", slots_leave_oldest_first_and_an_empty_task_is_forgotten,
	  random_use_agrees_with_a_table)
