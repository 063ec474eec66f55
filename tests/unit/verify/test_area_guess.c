/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Areas that only their bookkeeping tells of, in the judge's address space: where they come to lie,
 * what a file of later settles, what they tell of purges and areas that nobody saw.
 */
#include <config.h>

#include "areas.h"

#include "kmreplay/core/rng.h"
#include "kmreplay/proc/snapshot.h"
#include "unit/replay/bookkeeping.h"

#define PAGE  4096ULL
#define START 0xffffc90000000000ULL
#define TRACED (GFP_BITS_KERNEL | GFP_BIT_HIGHMEM | GFP_BIT_NOWARN)

struct case_of {
	struct books books;
	struct areas areas;
	struct area_guesses guesses;
	struct proc_snapshot files;
};

static void init(struct case_of *c)
{
	memset(c, 0, sizeof(*c));
	books_init(&c->books);
	areas_init(&c->areas, 6, 1, 2);
	proc_snapshot_init(&c->files);
	c->areas.survey.from_boot = true;
}

static void deinit(struct case_of *c)
{
	area_guesses_deinit(&c->guesses);
	proc_snapshot_deinit(&c->files);
	areas_deinit(&c->areas);
	books_deinit(&c->books);
}

static void add_row(struct case_of *c, uint64_t start, uint64_t pages, unsigned int flags)
{
	const bool own = flags & PROC_AREA_VMALLOC;
	const struct proc_area area = { .start = start,
					.end = start + pages * PAGE,
					.size = pages * PAGE,
					.caller = "somebody",
					.nr_pages = own ? pages - 1 : 0,
					.flags = flags };

	vec_push(&c->files.vmallocinfo.rows, area);
}

/* The events of the books, with or without the file, read behind them all. */
static void judge(struct case_of *c, enum verify_mode mode)
{
	area_guesses_deinit(&c->guesses);
	area_guesses_init(&c->guesses, &c->books.names, false);
	area_guesses_feed(&c->guesses, c->books.events.items, c->books.events.nr);
	area_guesses_finish(&c->guesses);
	vec_reset(&c->areas.events);
	vec_foreach(&c->books.events, ev)
		vec_push(&c->areas.events, *ev);
	c->areas.survey.nr_page_allocs = 1;
	c->areas.known = (struct area_known){ .guesses = &c->guesses };
	if (c->files.vmallocinfo.rows.nr) {
		c->areas.known.rows = &c->files.vmallocinfo;
		c->areas.known.moment = c->books.events.nr;
	}
	areas_judge(&c->areas, &verify_vmalloc_ops, mode, NULL);
}

static void check(const struct case_of *c, enum verify_metric metric, uint64_t right, uint64_t all)
{
	ck_assert_uint_eq(c->areas.log.counts[metric].right, right);
	ck_assert_uint_eq(c->areas.log.counts[metric].all, all);
}

static uint64_t aside(const struct case_of *c, const char *words)
{
	vec_foreach (&c->areas.log.reasons, reason) {
		if (strstr(reason->text, words))
			return reason->nr;
	}
	return 0;
}

START_TEST(a_later_file_settles_sizes)
{
	struct case_of c;

	init(&c);
	books_object(&c.books, EVENT_KMALLOC, "memtype_reserve+0x3/0x9", 56);
	books_area(&c.books, 2); /* ioremap() of three pages: aligned to four */
	books_other(&c.books);
	books_area(&c.books, 2);
	books_array(&c.books, 2);
	books_other(&c.books);
	add_row(&c, START, 4, PROC_AREA_IOREMAP);
	add_row(&c, START + 4 * PAGE, 3, PROC_AREA_VMALLOC);
	for (unsigned int mode = 0; mode < VERIFY_MODE_NR; mode++) {
		judge(&c, (enum verify_mode)mode);
		check(&c, VERIFY_VMALLOC_ADDRESS, 2, 2);
		ck_assert_uint_eq(aside(&c, "by a later file"), 2);
	}
	/* Without it the mapping is taken for one page, and no address can be judged. */
	vec_reset(&c.files.vmallocinfo.rows);
	judge(&c, VERIFY_FOLLOW);
	check(&c, VERIFY_VMALLOC_ADDRESS, 0, 0);
	ck_assert_uint_eq(aside(&c, "taken for one page"), 1);
	ck_assert_uint_eq(aside(&c, "whose address nothing tells"), 2);
	deinit(&c);
}
END_TEST

/* The second area lies further up than it could: what lies between was in use, unseen. */
START_TEST(what_was_passed_over_was_in_use)
{
	struct case_of c;

	init(&c);
	for (unsigned int i = 0; i < 2; i++) {
		books_area(&c.books, 2);
		books_array(&c.books, i ? 3 : 1);
		books_other(&c.books);
	}
	add_row(&c, START, 2, PROC_AREA_VMALLOC);
	add_row(&c, START + 2 * PAGE, 5, PROC_AREA_VMALLOC);
	add_row(&c, START + 7 * PAGE, 4, PROC_AREA_VMALLOC);
	judge(&c, VERIFY_FOLLOW);
	check(&c, VERIFY_VMALLOC_ADDRESS, 2, 2);
	ck_assert_uint_eq(aside(&c, "passed them over"), 1);
	deinit(&c);
}
END_TEST

/* 6.1 has no event of a purge, and one that merges nothing frees no record. */
START_TEST(use_of_lazy_addresses_tells_of_a_purge)
{
	struct case_of c;
	uint64_t vm, array;

	init(&c);
	vm = books_area(&c.books, 2);
	array = books_array(&c.books, 3);
	books_other(&c.books);
	books_vfree(&c.books, vm, array, 3);
	books_area(&c.books, 1);
	books_array(&c.books, 3);
	books_other(&c.books);
	add_row(&c, START, 4, PROC_AREA_VMALLOC);
	judge(&c, VERIFY_FOLLOW);
	check(&c, VERIFY_VMALLOC_ADDRESS, 1, 1);
	ck_assert_uint_eq(aside(&c, "the use of their addresses"), 1);
	deinit(&c);
}
END_TEST

/* alloc_vmap_area() has its event behind the search: the one that waits longer searched first. */
START_TEST(searches_come_before_their_events)
{
	struct case_of c;
	struct event *ev;

	init(&c);
	machine_config_deinit(&c.areas.config);
	machine_config_init(&c.areas.config, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	c.areas.config.nr_cpus = 2;
	books_area(&c.books, 2);
	c.books.pid = 200;
	c.books.cpu = 1;
	books_area(&c.books, 2);
	for (unsigned int i = 0; i < 2; i++) {
		books_free(&c.books, EVENT_VMAP_ALLOC, 0);
		ev = &c.books.events.items[c.books.events.nr - 1];
		ev->vmap.addr = i ? START : START + 2 * PAGE;
		ev->vmap.size = 2 * PAGE;
		ev->vmap.align = 1;
		ev->vmap.vstart = START;
		ev->vmap.vend = START + (1ULL << 45) - 1;
		c.books.pid = 100;
		c.books.cpu = 0;
	}
	for (unsigned int mode = 0; mode < VERIFY_MODE_NR; mode++) {
		judge(&c, (enum verify_mode)mode);
		check(&c, VERIFY_VMALLOC_ADDRESS, 2, 2);
	}
	deinit(&c);
}
END_TEST

/* A page alone is asked for with an event; 101 are served silently but for the last. */
START_TEST(pages_are_those_that_the_layer_asks_for)
{
	static const uint64_t sizes[] = { 1, 101, 100, 2 };
	uint64_t vm, array;
	struct case_of c;

	init(&c);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		vm = books_area(&c.books, 2);
		array = books_array(&c.books, sizes[i]);
		if (sizes[i] % 100 == 1)
			books_page(&c.books, EVENT_PAGE_ALLOC, TRACED, 0);
		if (!i) {
			/* The first touch: a page of pmds and one of ptes. */
			books_page(&c.books, EVENT_PAGE_ALLOC, GFP_BITS_KERNEL | GFP_BIT_ZERO, 0);
			books_page(&c.books, EVENT_PAGE_ALLOC, GFP_BITS_KERNEL | GFP_BIT_ZERO, 0);
		}
		books_other(&c.books);
		books_vfree(&c.books, vm, array, sizes[i]);
	}
	judge(&c, VERIFY_FOLLOW);
	check(&c, VERIFY_VMALLOC_PAGES, 208, 208);
	ck_assert_uint_eq(c.areas.log.counts[VERIFY_VMALLOC_PAGES].alarms, 0);
	/* An order that nobody asks for: a page of one area and two of the other do not come. */
	vec_foreach(&c.books.events, ev) {
		if (ev->type == EVENT_PAGE_ALLOC && ev->page.gfp == TRACED)
			ev->page.order = 1;
	}
	judge(&c, VERIFY_FOLLOW);
	check(&c, VERIFY_VMALLOC_PAGES, 206, 208);
	ck_assert_uint_eq(c.areas.log.counts[VERIFY_VMALLOC_PAGES].alarms, 3);
	deinit(&c);
}
END_TEST

/* Whatever the order, the sizes, the addresses. */
START_TEST(hostile_bookkeeping_does_no_harm)
{
	static const char *const sites[] = {
		"__get_vm_area_node+0x1/0x2", "alloc_vmap_area+0x1/0x2", "__vmalloc_area_node+0x1/0x2",
		"copy_process+0x1/0x2", "memtype_reserve+0x1/0x2", "mod_verify_sig+0x1/0x2",
		"resolve_symbol+0x1/0x2", "somebody+0x1/0x2",
	};
	static const enum event_type types[] = {
		EVENT_KMALLOC, EVENT_CACHE_ALLOC, EVENT_KFREE, EVENT_CACHE_FREE, EVENT_PAGE_ALLOC,
		EVENT_PAGE_FREE, EVENT_VMAP_ALLOC, EVENT_VMAP_FREE, EVENT_PROBE_VA_ALLOC,
		EVENT_PROBE_VA_FREE,
	};
	struct rng rng;

	rng_init(&rng, 61);
	for (unsigned int round = 0; round < 40; round++) {
		struct case_of c;

		init(&c);
		c.areas.survey.from_boot = rng_below(&rng, 2);
		for (unsigned int i = 0; i < 2000; i++) {
			const enum event_type type = types[rng_below(&rng, ARRAY_SIZE(types))];
			const char *site = sites[rng_below(&rng, ARRAY_SIZE(sites))];
			const uint64_t size = rng_below(&rng, 8) ? 8 * rng_below(&rng, 520) :
								   rng_next(&rng);
			struct event *ev;

			c.books.pid = (int32_t)rng_below(&rng, 3);
			books_object(&c.books, type, site, size);
			ev = &c.books.events.items[c.books.events.nr - 1];
			if (rng_below(&rng, 3))
				ev->slab.ptr = START + PAGE * rng_below(&rng, 64);
			if (type == EVENT_PROBE_VA_ALLOC || type == EVENT_PROBE_VA_FREE)
				ev->probe.size = ev->probe.addr + PAGE * rng_below(&rng, 16);
			if (type == EVENT_PAGE_ALLOC)
				ev->page.order = (uint8_t)rng_below(&rng, 11);
		}
		for (unsigned int i = 0; i < 20; i++)
			add_row(&c, START + PAGE * rng_below(&rng, 64), 1 + rng_below(&rng, 600),
				(unsigned int)rng_next(&rng) & 0x1ff);
		c.areas.given = rng_below(&rng, 2) ? ~0U : ~(1U << GIVEN_AREAS);
		judge(&c, rng_below(&rng, 2) ? VERIFY_FOLLOW : VERIFY_FREE);
		deinit(&c);
	}
}
END_TEST

UNIT_MAIN("verify_area_guess", a_later_file_settles_sizes,
	  what_was_passed_over_was_in_use,
	  use_of_lazy_addresses_tells_of_a_purge,
	  searches_come_before_their_events,
	  pages_are_those_that_the_layer_asks_for,
	  hostile_bookkeeping_does_no_harm)
