/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Areas of vmalloc by their bookkeeping: what each is, how large, when it goes. */
#include <config.h>

#include "bookkeeping.h"

#include "kmreplay/replay/area_guess.h"
#include "unit/unit.h"

static void guess(struct area_guesses *g, struct books *b)
{
	area_guesses_init(g, &b->names, false);
	area_guesses_feed(g, b->events.items, b->events.nr);
	area_guesses_finish(g);
}

static void check(const struct area_guesses *g, size_t i, enum area_guess_kind kind, uint64_t nr)
{
	ck_assert_uint_lt(i, g->all.nr);
	ck_assert_str_eq(area_guess_kind_name((enum area_guess_kind)g->all.items[i].kind),
			 area_guess_kind_name(kind));
	ck_assert_uint_eq(g->all.items[i].nr_pages, nr);
}

START_TEST(an_array_tells_how_many_pages)
{
	struct area_guesses g;
	struct books b;
	uint64_t vm, array;

	books_init(&b);
	vm = books_area(&b, 2);
	array = books_array(&b, 7);
	books_other(&b);
	books_vfree(&b, vm, array, 7);
	guess(&g, &b);
	ck_assert_uint_eq(g.all.nr, 1);
	check(&g, 0, AREA_GUESS_PAGES, 7);
	/* Behind the last record; lazy before its first page is freed. */
	ck_assert_uint_eq(g.all.items[0].number, 2);
	ck_assert_uint_eq(g.all.items[0].array, 3);
	ck_assert_uint_eq(g.all.items[0].end, 5);
	ck_assert_uint_eq(g.all.items[0].nr_freed, 7);
	ck_assert_uint_eq(g.ends.nr, 1);
	area_guesses_deinit(&g);
	books_deinit(&b);
}
END_TEST

START_TEST(neighbours_tell_the_kind)
{
	struct area_guesses g;
	struct books b;

	books_init(&b);
	books_object(&b, EVENT_CACHE_ALLOC, "copy_process+0x1a/0x20", 6208);
	books_area(&b, 1);
	books_array(&b, 4);
	books_object(&b, EVENT_CACHE_ALLOC, "copy_process+0x1a/0x20", 6208);
	books_area(&b, 1);
	books_array(&b, 5); /* no stack has so many */
	books_object(&b, EVENT_KMALLOC, "memtype_reserve+0x3/0x9", 56);
	books_area(&b, 1);
	books_other(&b);
	books_area(&b, 1);
	books_other(&b);
	books_object(&b, EVENT_CACHE_ALLOC, "alloc_vmap_area+0x9d/0x880", 64);
	books_other(&b);
	guess(&g, &b);
	ck_assert_uint_eq(g.all.nr, 5);
	check(&g, 0, AREA_GUESS_STACK, 4);
	check(&g, 1, AREA_GUESS_PAGES, 5);
	check(&g, 2, AREA_GUESS_IOREMAP, 0);
	check(&g, 3, AREA_GUESS_MAPPED, 0);
	check(&g, 4, AREA_GUESS_BLOCK, 0);
	area_guesses_deinit(&g);
	books_deinit(&b);
}
END_TEST

/* Nothing lies between the two areas of a module, and what comes behind only its loader does. */
START_TEST(modules_show_by_what_comes_behind)
{
	struct area_guesses g;
	struct books b;

	books_init(&b);
	for (unsigned int i = 0; i < 2; i++) {
		books_area(&b, 1);
		books_array(&b, 12);
	}
	books_object(&b, EVENT_KMALLOC, "resolve_symbol+0x1/0x2", 48);
	for (unsigned int i = 0; i < 2; i++) {
		books_area(&b, 1);
		books_array(&b, 12);
	}
	books_other(&b);
	books_free(&b, EVENT_KFREE, 1);
	b.events.items[b.events.nr - 1].site =
		event_site_add(&b.names, "mod_verify_sig+0x1/0x2", 22);
	books_area(&b, 1);
	books_array(&b, 3);
	guess(&g, &b);
	check(&g, 0, AREA_GUESS_MODULE, 12);
	check(&g, 1, AREA_GUESS_MODULE, 12);
	check(&g, 2, AREA_GUESS_PAGES, 12);
	check(&g, 3, AREA_GUESS_PAGES, 12);
	check(&g, 4, AREA_GUESS_MODULE, 3);
	area_guesses_deinit(&g);
	books_deinit(&b);
}
END_TEST

/* An array of more than a page is an area; the frees tell how many pages there were. */
START_TEST(arrays_may_be_areas)
{
	struct area_guesses g;
	struct books b;
	uint64_t outer, inner, array;

	books_init(&b);
	outer = books_area(&b, 1);
	inner = books_area(&b, 1);
	array = books_array(&b, 2);
	books_other(&b);
	guess(&g, &b);
	check(&g, 0, AREA_GUESS_PAGES, 1024);
	ck_assert(g.all.items[0].bounded);
	check(&g, 1, AREA_GUESS_ARRAY, 2);
	area_guesses_deinit(&g);
	for (unsigned int i = 0; i < 700; i++)
		books_page(&b, EVENT_PAGE_FREE, 0, 0);
	books_vfree(&b, inner, array, 2);
	books_free(&b, EVENT_KFREE, outer);
	guess(&g, &b);
	check(&g, 0, AREA_GUESS_PAGES, 700);
	ck_assert(!g.all.items[0].bounded);
	ck_assert_uint_lt(g.all.items[0].end, g.all.items[1].end);
	area_guesses_deinit(&g);
	books_deinit(&b);
}
END_TEST

START_TEST(records_tell_the_cut)
{
	static const enum area_cut cuts[] = { AREA_CUT_MIDDLE, AREA_CUT_EDGE, AREA_CUT_WHOLE,
					      AREA_CUT_POOL, AREA_CUT_UNKNOWN };
	static const unsigned int records[] = { 2, 2, 1, 0, 1 };
	struct area_guesses g;
	struct books b;

	books_init(&b);
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		books_area(&b, records[i]);
		if (cuts[i] == AREA_CUT_WHOLE) {
			books_free(&b, EVENT_CACHE_FREE, 1);
			b.events.items[b.events.nr - 1].site =
				event_site_add(&b.names, "alloc_vmap_area+0x9/0x880", 25);
		}
		books_array(&b, 3);
		books_other(&b);
	}
	guess(&g, &b);
	ck_assert_uint_eq(g.all.nr, ARRAY_SIZE(cuts));
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++)
		ck_assert_uint_eq(g.all.items[i].cut, cuts[i]);
	area_guesses_deinit(&g);
	books_deinit(&b);
}
END_TEST

/* Two tasks at once, an interrupt in between, and what an event tells by itself. */
START_TEST(tasks_do_not_mix)
{
	struct area_guesses g;
	struct books b;
	struct event *told;

	books_init(&b);
	books_object(&b, EVENT_KMALLOC, "__get_vm_area_node+0x7b/0x150", 64);
	b.pid = 200;
	b.cpu = 1;
	books_area(&b, 1);
	b.pid = 100;
	b.cpu = 0;
	books_object(&b, EVENT_CACHE_ALLOC, "alloc_vmap_area+0x9d/0x880", 64);
	books_other(&b);
	b.events.items[b.events.nr - 1].flags = EVENT_F_SOFTIRQ;
	books_free(&b, EVENT_VMAP_ALLOC, 0);
	told = &b.events.items[b.events.nr - 1];
	told->vmap.addr = 0xffffc90000000000;
	told->vmap.size = 0x4000;
	books_array(&b, 3);
	b.pid = 200;
	b.cpu = 1;
	books_array(&b, 9);
	guess(&g, &b);
	ck_assert_uint_eq(g.all.nr, 2);
	check(&g, 0, AREA_GUESS_PAGES, 3);
	check(&g, 1, AREA_GUESS_PAGES, 9);
	ck_assert_uint_eq(g.all.items[0].told_addr, 0xffffc90000000000);
	ck_assert_uint_eq(g.all.items[1].told_addr, 0);
	/* The second one had its address first. */
	ck_assert_uint_eq(g.begins.items[0].index, 1);
	ck_assert(area_guess_is_alone(&g, &g.all.items[1]));
	ck_assert(!area_guess_is_alone(&g, &g.all.items[0]));
	area_guesses_deinit(&g);
	books_deinit(&b);
}
END_TEST

/* perf may record bare addresses. */
START_TEST(without_symbols_the_sequence_tells)
{
	struct area_guesses g;
	struct books b;

	books_init(&b);
	for (unsigned int i = 0; i < 2; i++) {
		books_object(&b, EVENT_KMALLOC, "0xffffffff81000010", 64);
		b.events.items[b.events.nr - 1].slab.gfp |= GFP_BIT_ZERO;
		books_object(&b, EVENT_CACHE_ALLOC, "0xffffffff81000020", 64);
		/* Another mask: these have nothing to do with each other. */
		b.events.items[b.events.nr - 1].slab.gfp = i ? 0 : GFP_BITS_KERNEL;
		books_object(&b, EVENT_KMALLOC, "0xffffffff81000030", 5 * 8);
		b.events.items[b.events.nr - 1].slab.gfp |= GFP_BIT_ZERO;
	}
	guess(&g, &b);
	ck_assert_uint_eq(g.all.nr, 1);
	check(&g, 0, AREA_GUESS_PAGES, 5);
	area_guesses_deinit(&g);
	books_deinit(&b);
}
END_TEST

UNIT_MAIN("area_guess", an_array_tells_how_many_pages,
	  neighbours_tell_the_kind,
	  modules_show_by_what_comes_behind,
	  arrays_may_be_areas,
	  records_tell_the_cut,
	  tasks_do_not_mix,
	  without_symbols_the_sequence_tells)
