/* SPDX-License-Identifier: GPL-2.0-or-later */
/* List: the kernel's head and tail rules, and random operations against an array. */
#include <config.h>

#include "kmreplay/core/list.h"
#include "kmreplay/core/rng.h"
#include "unit/unit.h"

#include <string.h>

struct item {
	int value;
	struct list_head node;
};

static void expect(struct list_head *head, const int *want, size_t nr)
{
	struct list_head *back = head;
	size_t i = 0;

	list_foreach (head, pos) {
		ck_assert_uint_lt(i, nr);
		ck_assert_int_eq(container_of(pos, struct item, node)->value, want[i++]);
		ck_assert_ptr_eq(pos->prev, back);
		back = pos;
	}
	ck_assert_uint_eq(i, nr);
	ck_assert_ptr_eq(head->prev, back);
	ck_assert_int_eq(list_is_empty(head), nr == 0);
}

/*
 *	head -> 3 -> 1 -> 2 -> head	after add(1), add_tail(2), add(3)
 */
START_TEST(head_is_taken_first_tail_last)
{
	struct item items[3] = { { .value = 1 }, { .value = 2 }, { .value = 3 } };
	struct list_head head;

	list_init(&head);
	expect(&head, NULL, 0);
	list_add(&head, &items[0].node);
	list_add_tail(&head, &items[1].node);
	list_add(&head, &items[2].node);
	expect(&head, (const int[]){ 3, 1, 2 }, 3);
	list_del(&items[0].node);
	expect(&head, (const int[]){ 3, 2 }, 2);
	ck_assert(list_is_empty(&items[0].node));
	list_del(&items[1].node);
	list_del(&items[2].node);
	expect(&head, NULL, 0);
}
END_TEST

START_TEST(deleting_twice_is_harmless)
{
	struct item item = { .value = 1 };
	struct list_head head;

	list_init(&head);
	list_add(&head, &item.node);
	list_del(&item.node);
	list_del(&item.node);
	expect(&head, NULL, 0);
}
END_TEST

START_TEST(random_operations_agree_with_an_array)
{
	enum { NR = 40 };
	struct item items[NR];
	int want[NR];
	size_t nr = 0;
	struct list_head head;
	struct rng rng;

	list_init(&head);
	rng_init(&rng, 11);
	for (int i = 0; i < NR; i++) {
		items[i].value = i;
		list_init(&items[i].node);
	}
	for (int round = 0; round < 20000; round++) {
		int i = (int)rng_below(&rng, NR);

		if (!list_is_empty(&items[i].node)) {
			size_t at = 0;

			while (want[at] != i)
				at++;
			memmove(want + at, want + at + 1, (--nr - at) * sizeof(*want));
			list_del(&items[i].node);
		} else if (rng_below(&rng, 2)) {
			memmove(want + 1, want, nr++ * sizeof(*want));
			want[0] = i;
			list_add(&head, &items[i].node);
		} else {
			want[nr++] = i;
			list_add_tail(&head, &items[i].node);
		}
		expect(&head, want, nr);
	}
}
END_TEST

UNIT_MAIN("list", head_is_taken_first_tail_last, deleting_twice_is_harmless,
	  random_operations_agree_with_an_array)
